import io
import json
import os
import shutil
import signal

import class_kit as kit
import nbformat
import pytest

from cvgrade.gradebook_rows import Rows
from cvgrade.intake.placing import RECORDS
from cvgrade.run import command, grading
from cvgrade.run.coursework import Course, RunError
from cvgrade.run.journal import Journal, JournalBusy, journal_path
from cvgrade.run.packages import find_packages

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap"),
    pytest.mark.slow,
]
CLASS = kit.class_of(4)


def grade(root, **options):
    return command.grade(root, kit.NAME, workers=2, stream=io.StringIO(), **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A course that was graded once; tests copy it."""
    root = kit.course(tmp_path_factory.mktemp("class") / "course", CLASS)
    summary = grade(root)
    assert (summary.graded, summary.written, summary.exit_code) == (4, 4, 0), summary
    return root


@pytest.fixture
def root(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "course", symlinks=True)


@pytest.fixture
def no_cluster(monkeypatch):
    def refuse(*_):
        raise AssertionError("a cluster was started")

    monkeypatch.setattr(grading, "Cluster", refuse)


def snapshot(root):
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_a_class_is_graded_as_expected(root):
    assert kit.marks(kit.database(root)) == kit.expected(CLASS)
    records = list(command.read_records(root, kit.NAME))
    assert [student for student, _, _ in records] == list(CLASS)
    assert records[0][2]["answered"] == ["double", "total", "why"]


def test_a_finished_run_is_a_no_op(root, no_cluster):
    grade(root)  # the copy is another gradebook: it is looked at, and found whole
    before = snapshot(root)
    summary = grade(root)
    assert (summary.total, summary.graded, summary.written, summary.exit_code) == (4, 0, 0, 0)
    assert snapshot(root) == before


def test_ctrl_c_in_the_middle_of_writing_stops_after_the_batch_is_written_once(root, no_cluster, monkeypatch):
    shutil.copy(kit.course(root.parent / "other", CLASS) / "gradebook.db", root / "gradebook.db")
    write, times = Rows.write, []

    def interrupted(*arguments):
        found = write(*arguments)
        times.append(1)
        os.kill(os.getpid(), signal.SIGINT)  # the transaction is open: its lock would outlive it
        return found

    monkeypatch.setattr(Rows, "write", interrupted)
    summary = grade(root)
    assert (summary.stopped, summary.written, len(times)) == (True, 4, 1)
    assert kit.marks(kit.database(root)) == kit.expected(CLASS)


def test_only_what_changed_is_graded_again_and_an_old_state_is_known(root, monkeypatch):
    kit.hand_in(root, "s00002", "right")
    summary = grade(root)
    assert (summary.graded, kit.marks(kit.database(root))) == (1, kit.expected({**CLASS, "s00002": "right"}))
    kit.hand_in(root, "s00002", CLASS["s00002"])
    monkeypatch.setattr(grading, "Cluster", None)
    summary = grade(root)
    assert (summary.graded, summary.written) == (0, 1)
    assert kit.marks(kit.database(root)) == kit.expected(CLASS)


def test_asked_to_it_grades_again_and_the_new_result_takes_the_place_of_the_old(root):
    with Journal(journal_path(root, kit.NAME)) as journal:
        ((key, (student, notebook)),) = [
            (key, name) for name, key in journal.current().items() if name[0] == "s00001"
        ]
        record = journal.get(key)
        record["result"]["verdicts"][0]["score"] = 0.5
        journal.add([(key, student, notebook, record)], again=True)
    summary = grade(root, students=["s00001"], again=True)
    assert (summary.total, summary.graded, summary.written) == (1, 1, 1)
    assert kit.marks(kit.database(root)) == kit.expected(CLASS)
    with Journal(journal_path(root, kit.NAME)) as journal:
        assert journal.get(key)["result"]["verdicts"][0]["score"] == kit.ANSWERS["half"][2]
        assert len(journal) == len(CLASS)


def test_changed_tests_limits_and_data_grade_everything_again(root):
    def keys():
        return {unit.key for unit in Course(root, kit.NAME).units(None, command.Summary())}

    before = keys()
    book = kit.source()
    book.cells[3].source = book.cells[3].source.replace("43.0", "43")
    kit.write(root / "source" / kit.NAME / f"{kit.NAME}.ipynb", book)
    tests = keys()
    (root / "source" / kit.NAME / "data.csv").write_text("1")
    data = keys()
    with (root / "nbgrader_config.py").open("a") as config:
        config.write('c.CvGrade.limits = {"memory_mb": 1000}\n')
    assert len(before | tests | data | keys()) == 4 * len(before)


def test_a_lost_gradebook_and_a_lost_notebook_are_written_again_without_grading(root, no_cluster):
    grade(root)
    (root / "autograded" / "s00001" / kit.NAME / f"{kit.NAME}.ipynb").unlink()
    summary = grade(root)
    assert (summary.graded, summary.written) == (0, 1)
    (root / "gradebook.db").unlink()
    kit.register(kit.database(root), course_id="numbers")
    summary = grade(root)
    assert (summary.graded, summary.written) == (0, 4)
    assert kit.marks(kit.database(root)) == kit.expected(CLASS)


def test_what_cannot_be_read_gets_no_points_and_is_named_and_the_others_are_graded(root, no_cluster):
    for student, content in {"broken": b'{"cells": [', "binary": bytes(range(256)), "list": b"[]"}.items():
        (root / "submitted" / student / kit.NAME).mkdir(parents=True)
        (root / "submitted" / student / kit.NAME / f"{kit.NAME}.ipynb").write_bytes(content)
    (root / "submitted" / "nothing" / kit.NAME).mkdir(parents=True)
    (root / "submitted" / "link" / kit.NAME).mkdir(parents=True)
    (root / "submitted" / "link" / kit.NAME / f"{kit.NAME}.ipynb").symlink_to(
        root / "source" / kit.NAME / f"{kit.NAME}.ipynb"
    )
    (root / "submitted" / "folder_link").symlink_to(root / "submitted" / "s00000")
    (root / "submitted" / "o*dd\nname" / kit.NAME).mkdir(parents=True)
    summary = grade(root)
    assert summary.exit_code == grading.FAILED
    assert len(summary.failed) == 2
    assert {line.partition(":")[0] for line in summary.look} == {
        "broken",
        "binary",
        "list",
        "nothing",
        "link",
    }
    marks = kit.marks(kit.database(root))
    for student in ("broken", "binary", "list", "nothing", "link"):
        assert [marks[(student, one)][0] for one in ("double_test", "total_test", "why")] == [0, 0, 0]
        assert not marks[(student, "why")][2]
    assert {key: value for key, value in marks.items() if key[0] in CLASS} == kit.expected(CLASS)


def test_only_named_students_are_graded_and_unknown_ones_refused(root, no_cluster):
    assert grade(root, students=["s00001"]).total == 1
    with pytest.raises(RunError, match="nobody"):
        grade(root, students=["s00001", "nobody"])


def test_the_time_is_the_systems_and_a_false_one_stops_nobody(root, no_cluster):
    folder = root / "submitted"
    (folder / "s00000" / kit.NAME / "timestamp.txt").write_text("2026-03-04 10:00:00.000000 UTC\n")
    (folder / "s00001" / kit.NAME / "timestamp.txt").write_bytes(b"\xff\xfe never")
    (folder / "s00002" / kit.NAME / "timestamp.txt").write_text("1999-01-01 00:00:00 UTC")
    collected = {"students": [{"student": "s00002", "time": "2026-03-05T10:00:00+00:00"}]}
    path = root / RECORDS / "collect" / f"{kit.NAME}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(collected))
    summary = command.Summary()
    units = {unit.student: unit.time for unit in Course(root, kit.NAME).units(None, summary)}
    assert units["s00000"].isoformat() == "2026-03-04T10:00:00+00:00"
    assert units["s00001"] is units["s00003"] is None
    assert units["s00002"].isoformat() == "2026-03-05T10:00:00+00:00"
    assert len(summary.look) == 1


def test_two_runs_at_once_are_refused(root):
    with Journal(journal_path(root, kit.NAME)), pytest.raises(JournalBusy):
        grade(root)


@pytest.mark.parametrize("name", ["../hw", "unknown", ""])
def test_an_assignment_that_is_not_there_says_what_to_do(root, name):
    with pytest.raises(RunError):
        command.grade(root, name)


def test_exit_codes_and_words_are_for_scripts(root):
    code, out, err = kit.finish(root, "--workers", "2")
    assert (code, err) == (0, ""), err
    (root / "submitted" / "nothing" / kit.NAME).mkdir(parents=True)
    code, out, _ = kit.finish(root)
    assert code == 3
    assert "nothing: hw.ipynb was not handed in" in out
    assert kit.finish(root, "--students", "nobody")[0] == 1
    assert kit.finish(root, "--workers", "0")[0] == 2


def test_the_courses_own_packages_are_found_and_installed_ones_are_not(tmp_path, monkeypatch):
    (tmp_path / "coursepkg_x").mkdir()
    (tmp_path / "coursepkg_x" / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = "import numpy, os\nimport coursepkg_x.sub as one\nfrom helper import x\n%pwd\nimport nowhere_y"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text)])
    assert find_packages([book], ["helper.py"]) == {"coursepkg_x": tmp_path / "coursepkg_x"}
