"""Open the folder or the ZIP file that a learning management system gave, without unpacking it anywhere.

Nothing is written here. What is refused is refused by name, before a byte of it is decompressed where the
archive's own directory gives it away, and while it is read where the directory lies.
"""

import contextlib
import io
import os
import stat
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from cvgrade.intake.files import (
    MB,
    ArchiveError,
    Member,
    Refusal,
    Refused,
    Source,
    kind_name,
    once,
    size_text,
)
from cvgrade.intake.names import NameRefused, clean_path
from cvgrade.intake.zips import open_zip


@contextlib.contextmanager
def open_source(path, limits):
    """List what a folder or a ZIP file holds.

    Args:
        path: of the folder or the file.
        limits: `Limits`.

    Yields:
        A `Source`.

    Raises:
        ArchiveError: if it is neither, or is a bomb.
    """
    path = Path(path)
    if path.is_dir():
        yield _list_folder(path, limits)
    elif not path.exists():
        raise ArchiveError(f"{path} does not exist: give the folder or the ZIP file that the LMS gave you")
    elif path.is_file():
        with path.open("rb") as stream, open_zip(stream, limits, limits.archive_bytes) as source:
            yield source
    else:
        raise ArchiveError(f"{path} is neither a folder nor a file")


def is_zip(member):
    """Whether a file claims to be a ZIP file by its name."""
    return member.suffix == ".zip"


@contextlib.contextmanager
def spooled(member, limits):
    """A member's bytes as a stream that can be searched: in memory if small, else in an unnamed file."""
    data = member.read(limits.file_bytes)
    if len(data) <= 8 * MB:
        yield io.BytesIO(data)
        return
    with tempfile.TemporaryFile() as copy:
        copy.write(data)
        del data
        copy.seek(0)
        yield copy


def _list_folder(root, limits):
    members, refused, seen, total, count = [], [], {}, 0, 0
    for folder, folders, files in os.walk(root, followlinks=False):
        folders.sort()
        for name in sorted(folders):
            if os.path.islink(os.path.join(folder, name)):
                refused.append(Refusal(_relative(root, folder, name), "it is a symbolic link"))
        for name in sorted(files):
            count += 1
            if count > limits.archive_files:
                raise ArchiveError(f"{root} holds more than {limits.archive_files:,} files")
            path, raw = os.path.join(folder, name), _relative(root, folder, name)
            try:
                parts = clean_path(raw)
                size, time = _check_file(path, limits)
                once(seen, parts, top_counts=True)
                if total + size > limits.archive_bytes:
                    raise Refused(f"with it the folder is larger than {size_text(limits.archive_bytes)}")
            except (NameRefused, Refused) as error:
                refused.append(Refusal(raw, str(error)))
                continue
            total += size
            members.append(Member(parts, size, time, raw, _file_opener(path)))
    return Source(members, refused)


def _check_file(path, limits):
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"it is {kind_name(stat.S_IFMT(status.st_mode))}")
    if status.st_nlink > 1:
        raise Refused(f"it is a hard link: the file has {status.st_nlink} names")
    if status.st_size > limits.file_bytes:
        raise Refused(f"it has {size_text(status.st_size)}, more than {size_text(limits.file_bytes)}")
    return status.st_size, datetime.fromtimestamp(int(status.st_mtime), timezone.utc)


def _file_opener(path):
    """Opens a file as it was listed: not through a link that took its place, never waiting for a pipe."""

    def open_it():
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        return os.fdopen(os.open(path, flags), "rb")

    return open_it


def _relative(root, folder, name):
    return os.path.relpath(os.path.join(folder, name), root)
