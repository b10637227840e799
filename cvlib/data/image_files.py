"""Which files are images: by name, and by their first bytes."""

import re

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")


def hidden(name):
    """Whether a file or folder is one that systems and tools leave behind."""
    return name.startswith((".", "__MACOSX"))


def is_named_as_image(name):
    """Whether a file's name is that of an image."""
    return isinstance(name, str) and not hidden(name) and name.lower().endswith(EXTENSIONS)


def not_an_image(path):
    """Why a file cannot be an image, by its first bytes, or None if it begins like one."""
    try:
        with open(path, "rb") as file:
            start = file.read(32)
    except OSError as error:
        return f"cannot be opened ({error.strerror})"
    if not start:
        return "the file is empty (0 bytes)"
    if start.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")):
        return None
    if (start[:4] == b"RIFF" and start[8:12] == b"WEBP") or re.match(rb"P[1-7]\s", start):
        return None
    if start[4:8] == b"ftyp":
        return "a HEIC or AVIF picture, as phones make them: export it as JPEG"
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in start):
        return f"not an image: it holds text that begins {start[:24].decode()!r}"
    return f"not an image: it begins with the bytes {start[:8].hex(' ')}"
