"""Names that strangers chose: which are safe as a path, which are the same, which can be an id."""

import re
import unicodedata

LONGEST_PART = 200  # bytes of UTF-8; file systems take 255, and copies add to it
LONGEST_PATH = 800
DEEPEST = 24
LONGEST_ID = 100
# Windows cannot hold these, shells and nbgrader's globs read some, and no system we take files from writes
# them.
ODD = '*?<>|":'
# They turn the rest of a line around on screen: `exe.bynpi` reads as `ipynb.exe`.
TURNING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
JOINERS = "\u200c\u200d"  # part of correct spelling in Persian and in Indian scripts
JUNK_FOLDERS = {".ipynb_checkpoints", "__macosx", "__pycache__", ".git", ".idea", ".vscode", "$recycle.bin"}
JUNK_FILES = {".ds_store", "thumbs.db", "desktop.ini"}
# Letters of other scripts that look like Latin ones: enough to see that two student ids look the same.
TWINS = str.maketrans(
    dict(
        zip(
            "аеорсухіјѕԁһӏԛԝАВЕКМНОРСТУХІЈЅоντυικαρΑΒΕΗΙΚΜΝΟΡΤΥΧΖıɡ",
            "aeopcyxijsdhlqwABEKMHOPCTYXIJSovtuikapABEHIKMNOPTYXZig",
        )
    )
)


class NameRefused(ValueError):
    """A name that cannot be used; the message says why, without the name."""


def clean_path(raw):
    """The parts of a relative path from an archive, safe to join to a folder.

    Compatibility forms (full-width letters and dots, ligatures) become plain ones *before* the checks, so
    that a full-width `．．／` is the traversal that it looks like.

    Args:
        raw: the name as the archive holds it; `/` and `\\` both separate.

    Returns:
        Tuple of str, at least one.

    Raises:
        NameRefused: says what is wrong with it.
    """
    if "\0" in raw:
        raise NameRefused("the name holds a NUL byte")
    text = unicodedata.normalize("NFKC", raw)
    for letter in text:
        kind = unicodedata.category(letter)
        if kind in ("Cc", "Zl", "Zp"):
            what = "a line break" if letter in "\n\r\u2028\u2029\x0b\x0c\x85" else "a control character"
            raise NameRefused(f"the name holds {what} (U+{ord(letter):04X})")
        if letter in TURNING:
            raise NameRefused(f"the name holds a character that turns text around (U+{ord(letter):04X})")
        if kind == "Cs":
            raise NameRefused("the name is not text in any encoding we know")
    text = "".join(a for a in text if unicodedata.category(a) != "Cf" or a in JOINERS).replace("\\", "/")
    if text.startswith("/"):
        raise NameRefused("the path is absolute")
    if re.match(r"\s*[A-Za-z]:", text):
        raise NameRefused("the path begins with a drive letter")
    parts = []
    for part in text.split("/"):
        if part.strip() == "..":
            raise NameRefused("the path leaves its folder (..)")
        part = part.strip().rstrip(". ")
        if not part:
            continue
        odd = [letter for letter in ODD if letter in part]
        if odd:
            raise NameRefused(f"the name holds {' '.join(odd)}")
        if len(part.encode()) > LONGEST_PART:
            raise NameRefused(f"the name is longer than {LONGEST_PART} bytes")
        parts.append(part)
    if not parts:
        raise NameRefused("the name is empty")
    if len(parts) > DEEPEST:
        raise NameRefused(f"the path is deeper than {DEEPEST} folders")
    if len("/".join(parts).encode()) > LONGEST_PATH:
        raise NameRefused(f"the path is longer than {LONGEST_PATH} bytes")
    return tuple(parts)


def is_junk(parts):
    """Whether a path is what an operating system or an editor leaves beside the work."""
    low = [part.lower() for part in parts]
    return (
        any(part in JUNK_FOLDERS for part in low)
        or low[-1] in JUNK_FILES
        or (low[-1].startswith("._") and len(low[-1]) > 2)
    )


def path_key(parts):
    """Equal for two paths that are one file on some file system: case and composed letters do not count."""
    return tuple(
        unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", part).casefold()) for part in parts
    )


def look(text):
    """Equal for two ids that look alike: case, invisible letters and twins in other scripts do not count."""
    plain = unicodedata.normalize("NFKC", text).translate(TWINS).casefold()
    return "".join(letter for letter in plain if unicodedata.category(letter) not in ("Cf", "Mn", "Me"))


def is_id(text):
    """Whether a text can be a student's id: a name that no glob, shell, CSV or file system misreads."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_ID or len(text.encode()) > LONGEST_PART:
        return False
    if text != unicodedata.normalize("NFKC", text) or text.startswith((".", "-", "+", "@", "=")):
        return False
    return re.fullmatch(r"[\w.@+\-]+(?: [\w.@+\-]+)*", text) is not None and not text.endswith(".")


def make_id(*parts):
    """An id from a name and a number: `Zoë O'Neil`, `12345` gives `zoë_o_neil_12345`.

    Raises:
        NameRefused: if nothing is left to make one of.
    """
    joined = "_".join(str(part) for part in parts if part)
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", joined).casefold())
    text = re.sub(r"[^\w.@\-]+", "_", text).strip("_.-@")
    if len(text.encode()) > LONGEST_ID:  # the number at its end tells two long names apart
        tail = text.rsplit("_", 1)[-1][-30:]
        text = text.encode()[: LONGEST_ID - len(tail.encode()) - 1].decode(errors="ignore") + "_" + tail
    if not is_id(text):
        raise NameRefused("no student's id can be made of the name")
    return text


def shown(text, most=120):
    """A stranger's text for a report: on one line, nothing in it that a terminal obeys, and not too long."""
    text = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "replace").decode()
        for letter in str(text)[: most + 1]
    )
    return text if len(text) <= most else text[: most - 1] + "…"
