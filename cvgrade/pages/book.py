"""A handed-in notebook as questions: what was asked, what the student wrote, what tests they could see."""

import re
from dataclasses import dataclass, field

import nbformat

HEADING = re.compile(r"\s*(#{1,6})\s+(.+?)\s*#*\s*(?:\n|$)")
POINTS = re.compile(r"\s*[(\[][^()\[\]]{0,40}\b(?:points?|pts?|marks?)\b[^()\[\]]{0,20}[)\]]\s*$", re.I)


@dataclass
class Part:
    """One cell.

    Attributes:
        kind: "asked" (the assignment's text), "given" (its code), "test", "answer" (the student's code or
            text in its place), "own" (a cell that the student added).
        cell: the notebook's cell; for "test" and "given" what students were given.
        grade_id: or "".
    """

    kind: str
    cell: object
    grade_id: str = ""


@dataclass
class Section:
    """A question: the cells from one heading to the next.

    Attributes:
        title: the heading, or made from the first graded cell's name.
        anchor: id of its place on the page.
        parts: list of `Part`, in order.
        graded: grade ids of the cells with points, in order.
    """

    title: str
    anchor: str
    parts: list = field(default_factory=list)
    graded: list = field(default_factory=list)


def sections(book, release):
    """A repaired notebook as sections.

    Locked cells and tests are shown as the release has them, whatever `book` holds: hidden tests cannot get
    on a page.

    Args:
        book: the repaired notebook, nbformat.
        release: the released notebook, nbformat.

    Returns:
        The notebook's title or "", and the list of `Section`.
    """
    released = {_grade_id(cell): cell for cell in release.cells if _grade_id(cell)}
    texts = {cell.source for cell in release.cells if not _grade_id(cell)}
    ids = {cell.get("id") for cell in release.cells if not _grade_id(cell)} - {None, ""}
    title, found, level = "", [Section("", "start")], 0
    for cell in book.cells:
        name, now = _grade_id(cell), found[-1]
        marks = (released.get(name) or cell).metadata.get("nbgrader", {}) if name else {}
        own = not name and cell.get("id") not in ids and cell.source not in texts
        head = HEADING.match(cell.source) if cell.cell_type == "markdown" and not own and not name else None
        if head and len(head[1]) == 1 and not title:
            title = head[2]
        if head and (len(head[1]) > 1 or now.graded):
            level = len(head[1])
            found.append(Section(POINTS.sub("", head[2]), f"q{len(found)}"))
        elif name and marks.get("solution") and now.graded and level < 2:
            found.append(Section("", f"q{len(found)}"))
        found[-1].parts.append(Part(_kind(name, marks, own, cell), _shown(cell, name, marks, released), name))
        if marks.get("grade") or marks.get("task"):
            found[-1].graded.append(name)
    for section in found:
        section.title = section.title or (pretty(section.graded[0]) if section.graded else title or "Start")
    return title, found


def pretty(grade_id):
    """A grade id as words: `q05_output_size_test` is `q05 output size`."""
    return re.sub(r"[_\-]+", " ", re.sub(r"[_\-]test$", "", grade_id)).strip() or grade_id


def _kind(name, marks, own, cell):
    if own:
        return "own"
    if name and marks.get("solution"):
        return "answer"
    if name and marks.get("grade") and cell.cell_type == "code":
        return "test"
    return "asked" if cell.cell_type != "code" else "given"


def _shown(cell, name, marks, released):
    """The student's cell where the student writes, else the release's."""
    if not name or marks.get("solution"):
        return cell
    return released.get(name) or nbformat.v4.new_code_cell("")


def _grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id") or ""
