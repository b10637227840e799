"""A file that can be read without being unpacked, how much of it is taken, and why it is not."""

import stat
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from cvgrade.intake.names import path_key

MB = 1024 * 1024
CHUNK = 256 * 1024


class ArchiveError(RuntimeError):
    """The whole archive or folder cannot be used."""


class Refused(ValueError):
    """One file cannot be used; the message says why."""


@dataclass(frozen=True)
class Limits:
    """How much is taken.

    Attributes:
        file_bytes: the largest file, unpacked.
        student_bytes: all files of one submission.
        student_files: how many.
        archive_bytes: the whole archive, unpacked.
        archive_files: how many files an archive may hold.
        ratio: how many times larger than packed a file may be; files below `ratio_from` bytes are not asked.
        ratio_from: see there. (Deflate reaches 1,032; a notebook full of one output reaches 100.)
        depth: ZIP files within ZIP files that one student handed in.
    """

    file_bytes: int = 100 * MB
    student_bytes: int = 300 * MB
    student_files: int = 500
    archive_bytes: int = 40 * 1024 * MB
    archive_files: int = 200_000
    ratio: int = 200
    ratio_from: int = 5 * MB
    depth: int = 2


@dataclass(frozen=True)
class Refusal:
    """Something that was not taken.

    Attributes:
        path: as the archive names it.
        reason: why, a clause without a full stop.
    """

    path: str
    reason: str

    def to_json(self):
        """As a dict of strings."""
        return {"path": self.path, "reason": self.reason}


@dataclass(frozen=True)
class Member:
    """A file that can be read.

    Attributes:
        parts: its path within the archive, safe.
        size: bytes, as the archive says.
        time: when it was changed, as the archive says (an aware datetime), or None.
        raw: the name as it was.
        open: called without arguments, gives a binary stream.
        order: larger for a file that came later, where the system numbers its files.
    """

    parts: tuple
    size: int
    time: datetime | None
    raw: str
    open: object = field(repr=False, compare=False)
    order: int = 0

    @property
    def name(self):
        """The file's own name."""
        return self.parts[-1]

    @property
    def suffix(self):
        """The name's ending, in small letters, with its dot."""
        return Path(self.name).suffix.lower()

    def under(self, parts, order=None):
        """The same file with another path."""
        return replace(self, parts=tuple(parts), order=self.order if order is None else order)

    def read(self, most):
        """All bytes of the file.

        Args:
            most: the largest number of bytes.

        Raises:
            Refused: if it is larger, is damaged, or cannot be read.
        """
        blocks, total = [], 0
        try:
            with self.open() as stream:
                while block := stream.read(CHUNK):
                    total += len(block)
                    if total > most:
                        raise Refused(f"it is larger than {size_text(most)}")
                    blocks.append(block)
        except Refused:
            raise
        except Exception as error:  # zipfile raises half a dozen kinds for a damaged archive
            raise Refused(f"it cannot be read ({type(error).__name__}: {error})") from error
        return b"".join(blocks)


@dataclass
class Source:
    """An opened folder or archive.

    Attributes:
        members: the files that can be read, in the archive's order.
        refused: list of `Refusal`.
    """

    members: list
    refused: list


def size_text(count):
    """A number of bytes for people."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1024 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1024
    return None


def kind_name(kind):
    """What a file that is no plain file is; `kind` is `stat.S_IFMT` of its mode."""
    return {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFDIR: "a folder that calls itself a file",
        stat.S_IFCHR: "a character device",
        stat.S_IFBLK: "a block device",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
    }.get(kind, "neither a file nor a folder")


def once(seen, parts, top_counts):
    """Refuse a path that some file system takes for one that was there before, or for a folder of it."""
    # At the top of a download stand students: two that look alike are compared later, as students.
    key = (parts[0], *path_key(parts[1:])) if top_counts else path_key(parts)
    if key in seen:
        taken = f"its name is taken by {seen[key]!r} (case and letter forms do not count)"
        raise Refused(taken if seen[key] else "there is a folder of the same name")
    for length in range(1, len(key)):
        if seen.setdefault(key[:length], "") != "":
            raise Refused(f"{'/'.join(parts[:length])!r} is a file as well as a folder")
    seen[key] = "/".join(parts)
