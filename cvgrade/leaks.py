"""Search what students get, every file unpacked, for solutions, hidden tests and answers."""

import base64
import binascii
import bz2
import gzip
import hashlib
import io
import json
import lzma
import re
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from cvgrade.answers import read_answers
from cvgrade.build import HIDDEN, SOLUTION, names, read_source, region, without

MARKS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN", "BEGIN MARK SCHEME")
SHORTEST = 12  # characters of a line that gives something away
ROW = 3  # lines that follow one another: shorter runs of common code are everywhere
DEEPEST = 8
MOST_BYTES = 512 << 20
BASE64 = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Secrets:
    """What no student may get.

    Attributes:
        lines: dict from a line of an assignment's solutions and hidden tests to where it is from. Where such
            a line stands in an assignment, it was left there.
        rows: dict from `ROW` lines that follow one another, in these and in the sample answers, to where they
            are from; two lines, where an answer has no more. They must not stand anywhere.
        files: dict from SHA-256 to the path of a file beside an assignment's source, or hidden.
    """

    lines: dict
    rows: dict
    files: dict


def read_secrets(course):
    """The secrets of every assignment of a course.

    Args:
        course: the course folder, with `src/` and the built `source/`.
    """
    course, lines, rows, files, known, shown = Path(course), {}, {}, {}, set(), set()
    for name in names(course):
        book = read_source(course, name)
        public = [_plain(without(without(cell.source, SOLUTION), HIDDEN)) for cell in book.cells]
        known.update(line for text in public for line in text)
        shown.update(row for text in public for size in (2, ROW) for row in _rows(text, size))
        hidden = [region(cell.source, marks) for cell in book.cells for marks in (SOLUTION, HIDDEN)]
        for text in map(_plain, hidden):
            lines.update(dict.fromkeys((one for one in text if len(one) >= SHORTEST), name))
        answers = [text for answer in read_answers(course, name) for text in answer.cells.values()]
        for text in map(_plain, [*hidden, *answers]):
            rows.update(dict.fromkeys(_rows(text) if len(text) >= ROW else _rows(text, len(text)), name))
        given = {_hash(path.read_bytes()) for path in (course / "source" / name).rglob("*") if path.is_file()}
        secret = [*(course / "src" / name).rglob("*"), *(course / "hidden" / name).rglob("*")]
        for path in sorted(secret):
            if path.is_file() and path.stat().st_size and _hash(path.read_bytes()) not in given:
                files[_hash(path.read_bytes())] = str(path.relative_to(course))
    # What one assignment shows, another one's tests may say too: it is no secret.
    for found, public in ((lines, known), (rows, shown)):
        for one in public & found.keys():
            del found[one]
    return Secrets(lines, rows, files)


def search(path, secrets, strict=lambda where: "assignments/" in where):
    """What is found of the secrets in a folder or a file.

    Args:
        path: a folder, or an archive.
        secrets: `Secrets`.
        strict: function of a file's place; where it is true, single lines count too.

    Returns:
        List of sentences, each with the file and the place in it.
    """
    path, found = Path(path), []
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if not file.is_file():
            continue
        place = file.relative_to(path).as_posix() if path.is_dir() else file.name
        for where, content in unpacked(file.read_bytes(), place):
            found += _look(where, content, secrets, strict)
    return list(dict.fromkeys(found))


def unpacked(content, where, depth=0):
    """Everything that a file holds: itself, and what is packed or encoded in it.

    Args:
        content: bytes, or a text out of JSON.
        where: the file's name, then what it was unpacked from.

    Yields:
        (where, bytes or str).

    Raises:
        ValueError: if archives lie in archives deeper than `DEEPEST`, or one is larger than `MOST_BYTES`.
    """
    if depth > DEEPEST or len(content) > MOST_BYTES:
        raise ValueError(f"{where} is packed too deep or too large to be searched")
    yield where, content
    if isinstance(content, bytes):
        for name, inner in _members(content):
            yield from unpacked(inner, f"{where} → {name}", depth + 1)
        text = content.decode("utf-8", "replace")
        if text.lstrip()[:1] in ("{", "["):
            try:
                values = json.loads(text)
            except (ValueError, RecursionError):
                values = None
            for name, inner in _strings(values, ""):
                yield from unpacked(inner, f"{where} → {name}", depth + 1)
            if values is not None:
                return  # the texts in it were searched
    else:
        text = content
    for number, match in enumerate(BASE64.finditer(re.sub(r"\\n|(?<=[\w+/])\n(?=[\w+/=])", "", text)), 1):
        try:
            inner = base64.b64decode(match[0] + "=" * (-len(match[0]) % 4))
        except (binascii.Error, ValueError):
            continue
        yield from unpacked(inner, f"{where} → base64 {number}", depth + 1)


def _look(where, content, secrets, strict):
    if isinstance(content, bytes):
        if _hash(content) in secrets.files:
            yield f"{where} is the file {secrets.files[_hash(content)]}"
        text = content.decode("utf-8", "replace")
    else:
        text = content
    for mark in MARKS:
        if mark in text:
            yield f"{where} holds {mark!r}"
    lines = _plain(text)
    if strict(where):
        for line in lines:
            if line in secrets.lines:
                yield f"{where} holds {line!r}, of {secrets.lines[line]}"
    for size in (2, ROW):
        for row in _rows(lines, size):
            if row in secrets.rows:
                yield f"{where} holds {row[0]!r} and what follows it, of {secrets.rows[row]}"


def _members(content):
    """(name, bytes) of what is packed in a file; nothing if it is no archive."""
    buffer = io.BytesIO(content)
    if content[:4] in (b"PK\x03\x04", b"PK\x05\x06") and zipfile.is_zipfile(buffer):
        with zipfile.ZipFile(buffer) as archive:
            for one in archive.infolist():
                if one.file_size > MOST_BYTES:
                    raise ValueError(f"{one.filename} is too large to be searched")
                if not one.is_dir():
                    yield one.filename, archive.read(one)
    elif content[:2] == b"\x1f\x8b":
        yield "gzip", gzip.decompress(content)
    elif content[:3] == b"BZh":
        yield "bzip2", bz2.decompress(content)
    elif content[:6] == b"\xfd7zXZ\0":
        yield "xz", lzma.decompress(content)
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=buffer) as archive:
            for one in archive:
                if one.isfile():
                    yield one.name, archive.extractfile(one).read()
    elif content.startswith(PNG):
        yield from _png_texts(content)


def _png_texts(content):
    at = len(PNG)
    while at + 12 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        data = content[at + 8 : at + 8 + size]
        if kind in (b"zTXt", b"iTXt"):
            for start in range(len(data)):
                if data[start : start + 1] == b"\x78":
                    try:
                        yield kind.decode(), zlib.decompress(data[start:])
                    except zlib.error:
                        continue
        at += size + 12


def _strings(value, where):
    """(where, text) of every text in JSON's values; a list of lines is one text."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, list):
        if value and all(isinstance(one, str) for one in value):
            yield where, "".join(value)
        else:
            for index, one in enumerate(value):
                yield from _strings(one, f"{where}[{index}]")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield f"{where} (a key)", key
            yield from _strings(one, f"{where}.{key}" if where else str(key))


def _plain(text):
    """The lines of a text without blanks, quotes and comment signs around them; empty ones left out."""
    lines = (" ".join(line.split()).strip("#>\"'`, ") for line in text.split("\n"))
    return [line for line in lines if line]


def _rows(lines, size=ROW):
    """Some lines at a time, where they are more than brackets and blanks."""
    for index in range(len(lines) - size + 1) if size > 1 else ():
        row = tuple(lines[index : index + size])
        if sum(len(line) for line in row) >= ROW * SHORTEST:
            yield row


def _hash(content):
    return hashlib.sha256(content).hexdigest()
