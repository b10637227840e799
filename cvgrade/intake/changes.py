"""What was put right in a notebook, and what a person must look at."""

from dataclasses import asdict, dataclass

LONGEST_TEXT = 20_000
# kind of change → what it was, for tables and charts
KINDS = {
    "missing": "a cell was missing",
    "duplicated": "a cell was there more than once",
    "moved": "a cell had been moved",
    "retyped": "a cell's type had been changed",
    "split": "a cell had been split",
    "merged": "cells had been merged",
    "edited": "a locked cell had been edited",
    "flags": "points or flags had been edited",
    "metadata": "metadata were missing or on another cell",
    "notebook": "the notebook's own metadata or format",
}


@dataclass(frozen=True)
class Change:
    """One thing that was put right.

    Attributes:
        kind: a key of `KINDS`.
        message: a sentence for the student; names no hidden test.
        grade_id: of the cell, or "".
        text: what the student had written and is not in the repaired notebook, or "".
    """

    kind: str
    message: str
    grade_id: str = ""
    text: str = ""

    def to_json(self):
        """As a dict of strings."""
        return asdict(self)


@dataclass(frozen=True)
class Question:
    """Something that only a person can decide.

    Attributes:
        message: what is unclear, and what was done meanwhile.
        grade_id: of the place, or "".
        candidates: texts of the cells in question.
    """

    message: str
    grade_id: str = ""
    candidates: tuple = ()

    def to_json(self):
        """As a dict that JSON holds."""
        return {**asdict(self), "candidates": list(self.candidates)}


def cut(text):
    """A text short enough to be kept in a report."""
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "\n… (cut)"
