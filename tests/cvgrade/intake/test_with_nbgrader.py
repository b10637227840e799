"""The way in with nbgrader itself: it makes the release, and it grades what was collected and repaired."""

import json
import logging
import os
import sys
from pathlib import Path

import course_kit as kit
import mutations
import nbformat
import pytest

from cvgrade.intake.collect import collect
from cvgrade.intake.repair import repair

pytestmark = pytest.mark.slow
Q1, TEST1, Q3 = 3, 4, 8


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course folder with a release that nbgrader made, and its API."""
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    # nbgrader calls `alembic` by its bare name: it stands beside this Python.
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    source = tmp_path / "source/hw/hw.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(kit.text_of(kit.source()), encoding="utf-8")
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    api = NbGraderAPI(CourseDirectory(config=config), config=config, log_level=logging.ERROR)
    made = api.generate_assignment("hw", force=True, create=True)
    assert made["success"], made["log"]
    return tmp_path, api


def hand_in(released, changes):
    book = json.loads(kit.text_of(released))
    for cell in book["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = kit.ANSWERS.get(name, cell["source"])
    return kit.text_of(mutations.apply(book, changes))


def test_nbgraders_own_release_is_understood(course):
    root, _ = course
    released = nbformat.read(root / "release/hw/hw.ipynb", as_version=4)
    source = nbformat.read(root / "source/hw/hw.ipynb", as_version=4)
    given = hand_in(released, [(mutations.strip_all,), (mutations.drop_ids,)])
    book, _, questions = repair(given, released, source)
    stands = {one.metadata.nbgrader.grade_id: one for one in book.cells if "nbgrader" in one.metadata}
    assert {name: stands[name].source for name in kit.ANSWERS} == kit.ANSWERS
    assert not questions
    assert "checksum" in stands["q1_test"].metadata.nbgrader
    assert "> 12" not in kit.text_of(book)
    # Untouched, it is the release again, so that nbgrader gives an empty written answer 0 points by itself.
    again, _, _ = repair(kit.text_of(released), released, source)
    marks = [(one.source, one.metadata.get("nbgrader")) for one in released.cells]
    assert [(one.source, one.metadata.get("nbgrader")) for one in again.cells] == marks


def test_what_stock_nbgrader_cannot_grade_it_grades_after_collection_and_repair(course):
    from nbgrader.api import Gradebook

    root, api = course
    released = nbformat.read(root / "release/hw/hw.ipynb", as_version=4)
    source = nbformat.read(root / "source/hw/hw.ipynb", as_version=4)
    changes = {
        "honest": [],
        "stripped": [(mutations.strip_all,), (mutations.drop_ids,), (mutations.kernel,)],
        "broken": [
            (mutations.duplicate, Q1, Q1),
            (mutations.flags, TEST1, "points", 100),
            (mutations.retype, Q3, "raw"),
        ],
    }
    files = {f"{name}/my {name} copy.ipynb": hand_in(released, what) for name, what in changes.items()}
    (root / "in.zip").write_bytes(kit.zip_bytes(files))
    assert collect("hw", root / "in.zip", root).exit_code == 0
    for name in changes:
        path = root / "submitted" / name / "hw/hw.ipynb"
        nbformat.write(repair(path, released, source)[0], path)
        graded = api.autograde("hw", name, force=True, create=True)
        assert graded["success"], graded["log"]
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}", "") as gradebook:
        for name in changes:
            submission = gradebook.find_submission("hw", name)
            scores = {grade.name: grade.auto_score for book in submission.notebooks for grade in book.grades}
            assert scores == {"q1_test": 2, "q2": None, "q3_test": 2, "q4_test": 1}
            assert submission.max_score == 8
            assert submission.timestamp.year == 2026
