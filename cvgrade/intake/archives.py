"""Read a folder or a ZIP file that strangers filled, without unpacking it anywhere.

Nothing is written here. What is refused is refused by name, before a byte of it is decompressed where the
archive's own directory gives it away, and while it is read where the directory lies.
"""

import contextlib
import os
import stat
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from cvgrade.intake.names import NameRefused, clean_path, path_key

MB = 1024 * 1024
CHUNK = 256 * 1024
END = b"PK\x05\x06"
ENTRY = 46  # bytes that an entry of a ZIP's directory takes at least


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


@dataclass(frozen=True)
class Member:
    """A file that can be read.

    Attributes:
        parts: its path within the archive, safe.
        size: bytes, as the archive says.
        time: when it was changed, as the archive says (an aware datetime), or None.
        raw: the name as it was.
        open: called without arguments, gives a binary stream.
    """

    parts: tuple
    size: int
    time: datetime | None
    raw: str
    open: object = field(repr=False, compare=False)

    @property
    def name(self):
        """The file's own name."""
        return self.parts[-1]

    @property
    def suffix(self):
        """The name's ending, in small letters, with its dot."""
        return Path(self.name).suffix.lower()

    def under(self, parts):
        """The same file with another path."""
        return Member(tuple(parts), self.size, self.time, self.raw, self.open)

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
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
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


@contextlib.contextmanager
def open_zip(stream, limits, most_bytes, most_files=None, times=True):
    """List what a ZIP file holds.

    Args:
        stream: binary, seekable.
        limits: `Limits`.
        most_bytes: the most that all files may have together, unpacked.
        most_files: the most files; by default those of `limits`.
        times: whether to believe the times in it (never in a student's own archive).

    Yields:
        A `Source`.

    Raises:
        ArchiveError: if it is not a ZIP file, or is a bomb.
    """
    most_files = limits.archive_files if most_files is None else most_files
    size = stream.seek(0, os.SEEK_END)
    if _directory_size(stream, size) > most_files * 1024 or _directory_entries(stream, size) > most_files:
        raise ArchiveError(f"a bomb: it holds more than {most_files:,} files")
    stream.seek(0)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise ArchiveError(f"not a ZIP file that can be read ({error})") from error
    with archive:
        yield _list_zip(archive, size, limits, most_bytes, most_files, times)


def is_zip(member):
    """Whether a file claims to be a ZIP file by its name."""
    return member.suffix == ".zip"


@contextlib.contextmanager
def spooled(member, limits):
    """A member's bytes as a stream that can be searched: in memory if small, else in an unnamed file."""
    with tempfile.SpooledTemporaryFile(max_size=8 * MB) as copy:
        copy.write(member.read(limits.file_bytes))
        copy.seek(0)
        yield copy


def size_text(count):
    """A number of bytes for people."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1024 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1024
    return None


def _list_zip(archive, size, limits, most_bytes, most_files, times):
    infos = archive.infolist()
    if len(infos) > most_files:
        raise ArchiveError(f"a bomb: it holds {len(infos):,} files, more than {most_files:,}")
    packed = sum(info.compress_size for info in infos)
    if packed > size or _overlap(infos):
        raise ArchiveError("a bomb: its files share the same bytes")
    members, refused, seen, total = [], [], {}, 0
    for info in infos:
        raw = _true_name(info)
        try:
            if raw.endswith(("/", "\\")):
                clean_path(raw)
                if info.file_size:
                    raise Refused("a folder that holds bytes")
                continue
            parts = clean_path(raw)
            _check_entry(info, limits)
            _once(seen, parts)
            if total + info.file_size > most_bytes:
                raise Refused(f"with it the archive is larger than {size_text(most_bytes)} unpacked")
        except (NameRefused, Refused) as error:
            refused.append(Refusal(raw, str(error)))
            continue
        total += info.file_size
        time = _zip_time(info) if times else None
        members.append(Member(parts, info.file_size, time, raw, _opener(archive, info)))
    return Source(members, refused)


def _opener(archive, info):
    return lambda: archive.open(info)


def _check_entry(info, limits):
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if info.create_system == 3 and kind and kind != stat.S_IFREG:
        raise Refused(f"it is {_kind_name(kind)}")
    if info.flag_bits & 0x41:
        raise Refused("it is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(f"it is packed in a way (method {info.compress_type}) that is not taken; plain ZIP is")
    if info.file_size > limits.file_bytes:
        raise Refused(f"it has {size_text(info.file_size)}, more than {size_text(limits.file_bytes)}")
    if info.file_size > limits.ratio_from and info.file_size > limits.ratio * max(info.compress_size, 1):
        ratio = info.file_size // max(info.compress_size, 1)
        raise Refused(f"a bomb: it unpacks to {ratio} times its size, more than {limits.ratio}")


def _kind_name(kind):
    return {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFDIR: "a folder that calls itself a file",
        stat.S_IFCHR: "a character device",
        stat.S_IFBLK: "a block device",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
    }.get(kind, "neither a file nor a folder")


def _once(seen, parts):
    """Refuse a path that some file system takes for one that was there before, or for a folder of it."""
    key = path_key(parts)
    if key in seen:
        taken = f"its name is taken by {seen[key]!r} (case and letter forms do not count)"
        raise Refused(taken if seen[key] else "there is a folder of the same name")
    for length in range(1, len(key)):
        if seen.setdefault(key[:length], "") != "":
            raise Refused(f"{'/'.join(parts[:length])!r} is a file as well as a folder")
    seen[key] = "/".join(parts)


def _true_name(info):
    """The name as it was stored: `zipfile` cuts it at a NUL and reads UTF-8 without its flag as code page 437."""
    raw = info.orig_filename
    if not info.flag_bits & 0x800 and not raw.isascii():
        with contextlib.suppress(UnicodeError):
            return raw.encode("cp437").decode("utf-8")
    return raw


def _zip_time(info):
    """An entry's time: exact from the extended timestamp, else DOS time in this machine's time zone."""
    extra = info.extra
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 0x5455 and length >= 5 and len(extra) >= 9 and extra[4] & 1:
            seconds = struct.unpack("<i", extra[5:9])[0]
            if seconds > 0:
                return datetime.fromtimestamp(seconds, timezone.utc)
        extra = extra[4 + length :]
    if info.date_time[0] <= 1980:  # what a program writes that knows no time
        return None
    try:
        return datetime(*info.date_time).astimezone(timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


def _overlap(infos):
    """Whether two entries use the same bytes, as the best bombs do."""
    last = -1
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < last:
            return True
        last = info.header_offset + 30 + info.compress_size
    return False


def _directory(stream, size):
    """The end record of a ZIP's directory and where it stands; None if there is none."""
    start = max(0, size - 65_557)
    stream.seek(start)
    tail = stream.read(size - start)
    at = tail.rfind(END)
    return (tail[at : at + 22], start + at) if at >= 0 and len(tail) - at >= 22 else None


def _directory_size(stream, size):
    return _directory_numbers(stream, size)[1]


def _directory_entries(stream, size):
    return _directory_numbers(stream, size)[0]


def _directory_numbers(stream, size):
    """How many entries a ZIP's directory says it has, and its bytes: asked before `zipfile` reads all of it."""
    found = _directory(stream, size)
    if not found:
        return 0, 0
    record, at = found
    entries, length = struct.unpack("<HI", record[10:16])
    if (entries == 0xFFFF or length == 0xFFFFFFFF) and at >= 20:
        stream.seek(at - 20)
        locator = stream.read(20)
        if locator[:4] == b"PK\x06\x07":
            stream.seek(struct.unpack("<Q", locator[8:16])[0])
            large = stream.read(56)
            if large[:4] == b"PK\x06\x06" and len(large) == 56:
                entries, length = struct.unpack("<Q", large[32:40])[0], struct.unpack("<Q", large[40:48])[0]
    return max(entries, 0), length


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
                _once(seen, parts)
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
        raise Refused(f"it is {_kind_name(stat.S_IFMT(status.st_mode))}")
    if status.st_nlink > 1:
        raise Refused(f"it is a hard link: the file has {status.st_nlink} names")
    if status.st_size > limits.file_bytes:
        raise Refused(f"it has {size_text(status.st_size)}, more than {size_text(limits.file_bytes)}")
    return status.st_size, datetime.fromtimestamp(int(status.st_mtime), timezone.utc)


def _file_opener(path):
    """Opens a file again as it was listed: not through a link that took its place, and never waiting for a pipe."""

    def open_it():
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        return os.fdopen(os.open(path, flags), "rb")

    return open_it


def _relative(root, folder, name):
    return os.path.relpath(os.path.join(folder, name), root)
