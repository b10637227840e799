"""Read a stranger's notebook: whatever it is, it becomes cells with a type and a text, or a clear refusal."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

LARGEST = 100 * 1024 * 1024
MOST_CELLS = 3000
LONGEST_SOURCE = 1_000_000
TYPES = ("code", "markdown", "raw")


class NotebookRefused(ValueError):
    """A file that is not a notebook that can be read; the message says why and what to do."""


@dataclass
class Cell:
    """A cell as a student handed it in.

    Attributes:
        index: its place in the notebook, from 0.
        type: "code", "markdown" or "raw".
        source: its text.
        id: nbformat's id of the cell, also where an editor keeps it in the metadata, or "".
        nbgrader: nbgrader's metadata, a dict, {} if there are none.
        attachments: pictures pasted into markdown, as nbformat keeps them.
    """

    index: int
    type: str
    source: str
    id: str = ""
    nbgrader: dict = field(default_factory=dict)
    attachments: dict = field(default_factory=dict)

    @property
    def grade_id(self):
        """The grade id that the cell claims, or ""."""
        value = self.nbgrader.get("grade_id")
        return value if isinstance(value, str) else ""


@dataclass
class Book:
    """A notebook as a student handed it in.

    Attributes:
        cells: list of `Cell`.
        metadata: the notebook's, a dict.
        version: nbformat's (major, minor) of the file.
        notes: what had to be read with indulgence, sentences.
    """

    cells: list
    metadata: dict
    version: tuple
    notes: list = field(default_factory=list)


def read_book(given):
    """Read a notebook.

    Args:
        given: a path, the bytes or the text of a file, or a notebook as nbformat or `json` reads it.

    Returns:
        A `Book`.

    Raises:
        NotebookRefused: if it is no notebook.
    """
    if isinstance(given, Book):
        return given
    data = parse(given) if isinstance(given, (str, bytes, Path)) else given
    if not isinstance(data, dict):
        raise NotebookRefused(f"a notebook is a JSON object, this file holds {_kind(data)}")
    major, minor = data.get("nbformat"), data.get("nbformat_minor", 0)
    if not isinstance(major, int) or isinstance(major, bool):
        raise NotebookRefused("this is JSON, but no notebook: it does not say which nbformat it has")
    minor = minor if isinstance(minor, int) else 0
    notes = []
    if major == 3:
        cells = _version_3(data)
    elif major == 4:
        cells = data.get("cells")
    else:
        raise NotebookRefused(
            f"nbformat {major} is not known here (3 and 4 are): "
            "open the notebook in JupyterLab and save it again"
        )
    if not isinstance(cells, list):
        raise NotebookRefused("the notebook has no list of cells")
    if len(cells) > MOST_CELLS:
        raise NotebookRefused(f"the notebook has {len(cells):,} cells, more than {MOST_CELLS:,}")
    read = []
    for index, raw in enumerate(cells):
        cell, note = _cell(index, raw, major)
        if note:
            notes.append(note)
        if cell:
            cell.index = len(read)
            read.append(cell)
    if major == 3:
        notes.append("the notebook was in the old format 3 and was converted")
    metadata = data.get("metadata")
    return Book(read, metadata if isinstance(metadata, dict) else {}, (major, minor), notes)


def parse(given):
    """The JSON of a notebook file.

    Raises:
        NotebookRefused: says where the file breaks off or breaks.
    """
    if isinstance(given, Path):
        given = given.read_bytes()
    if isinstance(given, bytes):
        if not given.strip(b"\0 \t\r\n"):
            raise NotebookRefused("the file is empty: it was not saved or not uploaded to its end")
        if len(given) > LARGEST:
            raise NotebookRefused(f"the notebook is larger than {LARGEST // 1024 // 1024} MB")
        try:
            encoding = "utf-16" if given[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
            given = given.decode(encoding)
        except UnicodeDecodeError as error:
            raise NotebookRefused(f"the file is not text (byte {error.start:,} is not UTF-8)") from error
    text = given.removeprefix("\ufeff")
    try:
        return json.loads(text, parse_constant=lambda name: None)
    except json.JSONDecodeError as error:
        if not text.lstrip().startswith("{"):
            raise NotebookRefused(
                "the file is not a notebook: it does not begin as JSON (a web page, or another kind of file?)"
            ) from error
        if error.pos >= len(text.rstrip()) - 1 or "Unterminated" in error.msg:
            raise NotebookRefused(
                f"the notebook is cut off: its JSON ends at line {text.count(chr(10)) + 1} in the middle; "
                "it must be handed in again"
            ) from error
        raise NotebookRefused(f"the notebook's JSON is broken at line {error.lineno}: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise NotebookRefused(
            "the notebook's JSON cannot be read: too deeply nested, or a number too long"
        ) from error


def _version_3(data):
    cells = []
    worksheets = data.get("worksheets")
    for sheet in worksheets if isinstance(worksheets, list) else []:
        inner = sheet.get("cells") if isinstance(sheet, dict) else None
        cells += inner if isinstance(inner, list) else []
    return cells


def _cell(index, raw, major):
    """A `Cell` or None, and a sentence or ""."""
    if not isinstance(raw, dict):
        return None, f"cell {index + 1} is {_kind(raw)}, not a cell, and was left out"
    kind = raw.get("cell_type")
    source = raw.get("input") if major == 3 and kind == "code" else raw.get("source")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        source = ""
    note = ""
    if len(source) > LONGEST_SOURCE:
        source = source[:LONGEST_SOURCE]
        note = f"cell {index + 1} was longer than {LONGEST_SOURCE:,} characters and was cut"
    if major == 3 and kind == "heading":
        level = raw.get("level")
        source = f"{'#' * (level if isinstance(level, int) and 0 < level < 7 else 1)} {source}"
        kind = "markdown"
    elif major == 3 and kind == "html":
        kind = "markdown"
    if kind not in TYPES:
        note, kind = f"cell {index + 1} had the unknown type {str(kind)[:20]!r}", "raw"
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    nbgrader = metadata.get("nbgrader")
    attachments = raw.get("attachments")
    cell_id = raw.get("id") if isinstance(raw.get("id"), str) else metadata.get("id")
    return (
        Cell(
            index,
            kind,
            _surrogates(source.replace("\r\n", "\n").replace("\r", "\n")),
            cell_id if isinstance(cell_id, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", cell_id) else "",
            nbgrader if isinstance(nbgrader, dict) else {},
            attachments if isinstance(attachments, dict) and kind == "markdown" else {},
        ),
        note,
    )


def _surrogates(text):
    """Text that can be written: half of a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _kind(value):
    names = {dict: "an object", list: "a list", str: "a text", type(None): "nothing", bool: "a truth value"}
    return names.get(type(value), "a number")
