"""A station for all tests of running, and notebooks in a few lines."""

import shutil

import nbformat
import pytest

from cvgrade.run.judge import Station
from cvgrade.run.plan import Limits, plan

QUICK = Limits(cell_seconds=5, total_seconds=60, memory_mb=600, output_bytes=200_000)


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
        submission = nbformat.from_dict(source)
        submission = nbformat.reads(nbformat.writes(submission), 4)
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


@pytest.fixture(scope="session")
def station():
    """A station with NumPy."""
    if shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap")
    with Station(libraries=("numpy",)) as started:
        yield started


@pytest.fixture(scope="session")
def judge(station):
    return Judge(station)


@pytest.fixture(scope="session")
def keras_judge():
    """A judge whose station has loaded TensorFlow, Keras, matplotlib and pandas."""
    if shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap")
    with Station(libraries=("numpy", "tensorflow", "keras", "matplotlib", "pandas")) as started:
        yield Judge(started)


@pytest.fixture(scope="session")
def book():
    return notebook


@pytest.fixture(scope="session")
def judge_on():
    """A judge on a given station."""
    return Judge


@pytest.fixture(scope="session")
def job():
    """A job that any station can judge."""
    return plan(one_question("x = 1", "assert x == 1"), one_question("x = 1", ""), "amara")
