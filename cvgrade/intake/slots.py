"""The places of a released notebook: what each cell is for, what stood there, and what belongs there."""

import re
from dataclasses import dataclass, field

import nbformat

from cvgrade.intake.code_text import bound_names, plain, words

# Regions of a source that no student is given: nbgrader's marks without their comment signs.
REGIONS = (("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"), ("BEGIN MARK SCHEME", "END MARK SCHEME"))
FIXED = ("test", "locked", "task")


class ReleaseError(ValueError):
    """The release or the source is not as nbgrader makes it; the message says what to do."""


@dataclass
class Slot:
    """A place in the released notebook.

    Attributes:
        index: its number, from 0.
        role: "answer" (the student writes), "test", "locked" or "task" (the instructor's, restored),
            "free" (the instructor's, the student may change it).
        type: "code", "markdown" or "raw".
        grade_id: nbgrader's, or "".
        id: nbformat's id of the cell, or "".
        given: the text that the student was given.
        text: the text that belongs there now; differs from `given` if the source changed after the release.
        manual: whether a person marks it.
        metadata: of the cell, from source and release.
        names: what only this answer binds, in the instructor's own solution or in the text given.
        marks: nbgrader's metadata as the student was given them.
    """

    index: int
    role: str
    type: str
    grade_id: str
    id: str
    given: str
    text: str
    manual: bool = False
    metadata: dict = field(default_factory=dict)
    names: frozenset = frozenset()
    marks: dict = field(default_factory=dict)

    def __post_init__(self):
        self.plain = plain(self.given)
        self.words = words(self.given)

    @property
    def title(self):
        """How a message names it."""
        return f"cell {self.grade_id or self.index + 1}"


def read_slots(release, source=None):
    """The places of a released notebook in their order.

    Args:
        release: the notebook that students were given, nbformat 4.
        source: the instructor's notebook; its metadata (points, flags) and newer texts win.

    Returns:
        List of `Slot`.

    Raises:
        ReleaseError: if a grade id is missing or there twice, or the release holds none of them.
    """
    released = _by_grade_id(release, "release")
    sources = _by_grade_id(source, "source") if source is not None else {}
    order = list(release.cells)
    for grade_id, cell in sources.items():  # a question that was added after the release
        if grade_id not in released:
            order.insert(_place(source, cell, order), cell)
    bound = {
        grade_id: bound_names(cell.source) for grade_id, cell in released.items() if _role(cell) == "answer"
    }
    for grade_id, cell in sources.items():
        if _role(cell) == "answer":
            bound[grade_id] = bound.get(grade_id, set()) | bound_names(cell.source)
    slots = []
    for cell in order:
        grade_id = _grade_id(cell)
        true = sources.get(grade_id, cell) if grade_id else cell
        gone = bool(grade_id) and source is not None and grade_id not in sources
        role = "free" if gone else _role(true)
        given = cell.source if cell is not true or grade_id in released else public(cell.source)
        text = given
        if role in FIXED and grade_id in sources:
            text = public(true.source) if plain(public(true.source)) != plain(given) else given
        marks = true.metadata.get("nbgrader", {})
        others = [names for name, names in bound.items() if name != grade_id]
        slots.append(
            Slot(
                len(slots),
                role,
                true.cell_type,
                "" if gone else grade_id,
                cell.get("id", ""),
                given,
                text,
                bool(role != "free" and marks.get("grade") and marks.get("solution")) or role == "task",
                _metadata(cell, true, role),
                frozenset(bound.get(grade_id, set()).difference(*others))
                if role == "answer"
                else frozenset(),
                dict(cell.metadata.get("nbgrader") or {}),
            )
        )
    return slots


def public(text):
    """A source text without hidden tests and mark schemes."""
    kept, until = [], None
    for line in text.split("\n"):
        if until is None:
            until = next((end for begin, end in REGIONS if begin in line), None)
            if until is None:
                kept.append(line)
        elif until in line:
            until = None
    return "\n".join(kept)


def _metadata(cell, true, role):
    metadata = {
        key: value for key, value in cell.metadata.items() if key in ("deletable", "editable", "tags")
    }
    marks = true.metadata.get("nbgrader")
    if role != "free" and marks:
        metadata["nbgrader"] = dict(marks)
        given = cell.metadata.get("nbgrader", {})
        # nbgrader adds these to a release: by the checksum it knows an untouched answer.
        metadata["nbgrader"] |= {key: given[key] for key in ("checksum", "cell_type") if key in given}
    return nbformat.from_dict(metadata)


def _by_grade_id(book, what):
    found = {}
    for cell in book.cells:
        grade_id = _grade_id(cell)
        if not grade_id:
            continue
        if grade_id in found:
            raise ReleaseError(
                f"the {what} has the grade id {grade_id!r} twice: rename one cell and release again"
            )
        found[grade_id] = cell
    if not found:
        raise ReleaseError(f"the {what} has no cell of nbgrader's: build and release the assignment first")
    return found


def _grade_id(cell):
    marks = cell.metadata.get("nbgrader") or {}
    used = any(marks.get(flag) for flag in ("grade", "solution", "locked", "task"))
    return marks.get("grade_id", "") if used else ""


def _role(cell):
    marks = cell.metadata.get("nbgrader") or {}
    if marks.get("task"):
        return "task"
    if marks.get("solution"):
        return "answer"
    if marks.get("grade"):
        return "test"
    return "locked" if marks.get("locked") else "free"


def _place(source, cell, order):
    """Where a cell of the source goes among the release's: after the last one before it that is there."""
    places = {_grade_id(other): index for index, other in enumerate(order) if _grade_id(other)}
    before = source.cells[: next(index for index, other in enumerate(source.cells) if other is cell)]
    return next((places[_grade_id(other)] + 1 for other in reversed(before) if _grade_id(other) in places), 0)


def short(text, most=60):
    """The first line of a text, for a message."""
    line = re.sub(r"\s+", " ", next((line for line in text.split("\n") if line.strip()), "")).strip()
    line = "".join(letter for letter in line if letter.isprintable())
    return line if len(line) <= most else line[: most - 1] + "…"
