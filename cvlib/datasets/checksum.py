"""Compare a file on disk with what the manifest says of it."""

import hashlib


def wrong(path, file):
    """What is wrong with a file on disk: None if it has the size and sha256 of the manifest."""
    digest, size = hashlib.sha256(), 0
    try:
        with open(path, "rb") as opened:
            while chunk := opened.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if size != file.bytes:
        return f"it has {size:,} bytes instead of {file.bytes:,}"
    if digest.hexdigest() != file.sha256:
        return f"its sha256 is {digest.hexdigest()[:12]}… instead of {file.sha256[:12]}…"
    return None
