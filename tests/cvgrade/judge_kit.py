"""Notebooks in a few lines, a judge for them, and what is done where there is no wall."""

import os

import nbformat
import pytest

from cvgrade.run.judge import Station
from cvgrade.run.plan import Limits, plan
from cvgrade.run.sandbox import SandboxError

QUICK = Limits(cell_seconds=5, total_seconds=60, memory_mb=600, output_bytes=200_000)


def need(error):
    """Skip what needs the wall, saying why; in CI, where the wall must be, fail."""
    reason = f"needs the sandbox: {error}"
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (CI is set, so this is no reason to skip)", pytrace=False)
    pytest.skip(reason)


def start(**options):
    """A started `Station`; where it cannot be had, see `need`."""
    try:
        return Station(**options).start()
    except SandboxError as error:
        need(error)


def notebook(*cells):
    """A notebook from (kind, name, source[, points]); kind: solution, test, locked, manual or free."""
    book = nbformat.v4.new_notebook()
    for kind, name, source, *points in cells:
        cell = nbformat.v4.new_code_cell(source, id=name)
        if kind != "free":
            cell.metadata["nbgrader"] = {
                "grade": kind in ("test", "manual"),
                "grade_id": name,
                "locked": kind in ("test", "locked"),
                "schema_version": 3,
                "solution": kind in ("solution", "manual"),
                "task": False,
                **({"points": points[0]} if points else {}),
            }
        book.cells.append(cell)
    return book


def one_question(solution, test, points=1, before=""):
    """Source notebook with one solution cell and one test cell."""
    cells = [("solution", "q", solution), ("test", "t", test, points)]
    return notebook(*([("locked", "before", before)] if before else []), *cells)


class Judge:
    """Judges answers on a station."""

    def __init__(self, station):
        self.station = station

    def __call__(self, source, answers=None, limits=QUICK, **options):
        """The result of the source notebook with some cells' text replaced."""
        submission = nbformat.reads(nbformat.writes(source), 4)
        for cell in submission.cells:
            cell.source = (answers or {}).get(cell.id, cell.source)
        return self.station.judge(plan(source, submission, "amara", limits=limits, **options))

    def one(self, answer, test, solution="f = None\nx = None", before="", points=1, **options):
        """The verdict on one answer; `solution` tells which names are the student's."""
        source = one_question(solution, test, points, before)
        result = self(source, {"q": answer}, **options)
        print(result.outputs, result.notes)  # pytest shows it where a test fails
        (verdict,) = result.verdicts
        return verdict
