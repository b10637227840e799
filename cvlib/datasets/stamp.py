"""The list of files that a complete folder of the cache carries, by which later calls know it unchanged."""

import contextlib
import hashlib
import json
import os

from cvlib.datasets import catalogue
from cvlib.datasets.checksum import wrong

NAME = ".cvlib.json"


def intact(folder, key, expected=None):
    """Whether a folder holds what it should; a file is read again only if its size or time changed.

    Args:
        folder: of the cache.
        key: what the stamp must carry: another key means another manifest or simulator.
        expected: dict from place to `catalogue.File`; by default what the stamp itself lists.

    Returns:
        True or False. Files that do not belong are pointed out in a printed line.
    """
    stamp = read(folder)
    if stamp is None or stamp["key"] != key:
        return False
    expected = files(stamp) if expected is None else expected
    if stamp["files"].keys() != expected.keys():
        return False
    there = scan(folder)
    touched = [place for place, entry in stamp["files"].items() if there.get(place) != tuple(entry[:2])]
    for place in touched:
        if wrong(folder / place, expected[place]) is not None:
            return False
    if touched:
        with contextlib.suppress(OSError):  # a shared cache may be read-only
            write(folder, key, expected)
    if strange := sorted(there.keys() - expected.keys()):
        print(
            f"Note: {folder} holds {len(strange)} files that are not of the dataset, such as {strange[0]}; "
            "reading the folder would take them in. Keep your own images elsewhere.",
            flush=True,
        )
    return True


def scan(folder):
    """Dict from place to (bytes, time of change in ns) of every file below a folder that is not hidden."""
    found, folders = {}, [(str(folder), "")]
    while folders:
        path, prefix = folders.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders.append((entry.path, f"{prefix}{entry.name}/"))
                else:
                    state = entry.stat()
                    found[prefix + entry.name] = (state.st_size, state.st_mtime_ns)
    return found


def files(stamp):
    """The files that a stamp lists, as a dict from place to `catalogue.File`."""
    return {place: _file(place, size, sha256) for place, (size, _, sha256) in stamp["files"].items()}


def hashed(folder):
    """The files of a folder that was made here, as a dict from place to `catalogue.File`."""
    found = {}
    for place, (size, _) in sorted(scan(folder).items()):
        found[place] = _file(place, size, hashlib.sha256((folder / place).read_bytes()).hexdigest())
    return found


def read(folder):
    """The stamp of a folder as a dict with `key` and `files`, or None if it has none that can be read."""
    try:
        stamp = json.loads((folder / NAME).read_text())
        return stamp if stamp["key"] and files(stamp) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(folder, key, expected):
    """Stamp a folder whose files have just been verified."""
    there = scan(folder)
    listed = {place: [*there[place], file.sha256] for place, file in expected.items()}
    temporary = folder / f"{NAME}.{os.getpid()}"
    temporary.write_text(json.dumps({"key": key, "files": listed}))
    os.replace(temporary, folder / NAME)


def _file(place, size, sha256):
    split, label = place.split("/")[:2]
    return catalogue.File(place, size, sha256, label, split)
