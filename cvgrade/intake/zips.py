"""List a ZIP file that strangers filled: its directory is read, bounded, and not believed."""

import contextlib
import os
import stat
import struct
import zipfile
from datetime import datetime, timezone

from cvgrade.intake.files import (
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

END = b"PK\x05\x06"


@contextlib.contextmanager
def open_zip(stream, limits, most_bytes, most_files=None, times=True):
    """List what a ZIP file holds.

    Args:
        stream: binary, seekable.
        limits: `Limits`.
        most_bytes: the most that all files may have together, unpacked.
        most_files: the most files; by default those of `limits`.
        times: whether a system made it, so that its times can be believed: never a student's own archive.

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
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        OverflowError,
        NotImplementedError,
        struct.error,
    ) as error:
        raise ArchiveError(f"not a ZIP file that can be read ({error})") from error
    with archive:
        yield _list_zip(archive, size, limits, most_bytes, most_files, times)


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
            once(seen, parts, times)
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
        raise Refused(f"it is {kind_name(kind)}")
    if info.flag_bits & 0x41:
        raise Refused("it is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(f"it is packed in a way (method {info.compress_type}) that is not taken; plain ZIP is")
    if info.file_size > limits.file_bytes:
        raise Refused(f"it has {size_text(info.file_size)}, more than {size_text(limits.file_bytes)}")
    if info.file_size > limits.ratio_from and info.file_size > limits.ratio * max(info.compress_size, 1):
        ratio = info.file_size // max(info.compress_size, 1)
        raise Refused(f"a bomb: it unpacks to {ratio} times its size, more than {limits.ratio}")


def _true_name(info):
    """The name as stored: `zipfile` cuts it at a NUL and reads UTF-8 without its flag as code page 437."""
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
    """How many entries a directory says it has, and its bytes: asked before `zipfile` reads it."""
    found = _directory(stream, size)
    if not found:
        return 0, 0
    record, at = found
    entries, length = struct.unpack("<HI", record[10:16])
    if (entries == 0xFFFF or length == 0xFFFFFFFF) and at >= 20:
        stream.seek(at - 20)
        locator = stream.read(20)
        where = struct.unpack("<Q", locator[8:16])[0]
        if locator[:4] == b"PK\x06\x07" and where < size:
            stream.seek(where)
            large = stream.read(56)
            if large[:4] == b"PK\x06\x06" and len(large) == 56:
                entries, length = struct.unpack("<Q", large[32:40])[0], struct.unpack("<Q", large[40:48])[0]
    return max(entries, 0), length
