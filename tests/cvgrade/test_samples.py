"""The whole way on a course of two sums, with stock nbgrader."""

import csv
import re
import shutil

import pytest

from cvgrade import build, cli, course, samples
from cvgrade.answers import Answer
from cvgrade.course import GradingError, Result

NOTEBOOK = """\
# %% [markdown]
# # Sums

# %% solution="add"
def add(a, b):
    ### BEGIN SOLUTION
    return a + b
    ### END SOLUTION


# %% test="add_test" points=2
assert add(1, 2) == 3, "one and two make three"
### BEGIN HIDDEN TESTS
secret_pairs = [(5, 6), (7, 8)]
assert all(add(a, b) == sum((a, b)) for a, b in secret_pairs), "look at the sign"
### END HIDDEN TESTS

# %% solution="double"
def double(a):
    ### BEGIN SOLUTION
    return 2 * a
    ### END SOLUTION


# %% test="double_test" points=1.5
assert double(2) == 4, "twice two"
### BEGIN HIDDEN TESTS
assert double(3) == 6, "a square is no double"
### END HIDDEN TESTS
"""
RIGHT = '# ---\n# title: "By counting"\n# ---\n\n# %% add\ndef add(a, b):\n    return sum([a, b])\n'
WRONG = """\
# ---
# title: "Squares"
# loses:
#   double_test: "a square is no double"
# ---

# %% double
def double(a):
    return a * a
"""


@pytest.fixture
def folder(tmp_path, pytestconfig):
    here = tmp_path / "course"
    for name in ("right", "wrong"):
        (here / "src" / "sums" / name).mkdir(parents=True)
    (here / "src" / "sums" / "notebook.py").write_text(NOTEBOOK)
    (here / "src" / "sums" / "right" / "counts.py").write_text(RIGHT)
    (here / "src" / "sums" / "wrong" / "squares.py").write_text(WRONG)
    shutil.copy(pytestconfig.rootpath / "assignments" / course.CONFIG, here)
    build.build(here, "sums")
    return here


def test_a_verdict_tells_false_rejects_false_accepts_and_silence():
    answer = Answer("squares", "wrong", "Squares", loses={"b": "no double", "c": "", "d": "hint  here"})
    result = Result("x", {"a": 0, "b": 1, "c": 0, "d": 0}, dict.fromkeys("abcd", 1), {"d": "a hint\nhere"})
    verdict = samples.judge(answer, result)
    assert verdict.false_rejects == ("a",)
    assert verdict.false_accepts == ("b",)
    assert verdict.silent == ()
    assert verdict.expected == 1
    assert not verdict.good
    text = samples.card_text([verdict])
    assert "false reject: squares, a" in text
    assert "false accept: squares, b" in text
    silent = samples.judge(answer, Result("x", {"d": 0}, {"d": 1}, {"d": "something else"}))
    assert silent.silent == ("d",)
    assert "must say: hint  here" in samples.card_text([silent])


@pytest.mark.slow
def test_a_release_holds_no_answer(folder, tmp_path):
    released = course.release(folder, "sums", tmp_path / "root")
    text = (released / "sums.ipynb").read_text()
    assert "YOUR CODE HERE" in text
    assert "secret_pairs" not in text
    assert "twice two" in text
    (released / "notes.txt").write_text("the pairs: secret_pairs = [(5, 6), (7, 8)]")
    leaks = course.find_leaks(released, build.read_source(folder, "sums"))
    assert leaks == ["notes.txt holds 'secret_pairs = [(5, 6), (7, 8)]'"]


@pytest.mark.slow
def test_a_report_card_finds_good_tests_good_and_bad_ones_bad(folder, tmp_path, capsys):
    arguments = [
        "report-card",
        "sums",
        "--course",
        str(folder),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "2",
    ]
    assert cli.main(arguments) == 0
    out = capsys.readouterr().out
    assert "4 answers: 0 false rejects, 0 false accepts, 0 hints not shown" in out
    assert re.search(r"squares +wrong +2 +2 +ok", out)
    blunted = NOTEBOOK.replace('assert double(3) == 6, "a square is no double"', "assert double(3)")
    (folder / "src" / "sums" / "notebook.py").write_text(blunted)
    assert cli.main([*arguments, "--only", "squares"]) == 1
    assert "false accept: squares, double_test" in capsys.readouterr().out


@pytest.mark.slow
def test_a_demo_leaves_marks_feedback_and_a_gradebook(folder, tmp_path, capsys):
    root = tmp_path / "out"
    assert cli.main(["demo", "sums", "--course", str(folder), "--out", str(root), "--workers", "2"]) == 0
    out = capsys.readouterr().out
    with (root / "sums_marks.csv").open(newline="") as file:
        marks = {row["student"]: row for row in csv.DictReader(file)}
    assert [row["total"] for row in marks.values()] == ["3.5", "2", "0"]
    for student in marks:
        page = course.feedback_page(root, "sums", student)
        assert str(root) in out
        text = page.read_text()
        assert "secret_pairs" not in text  # hidden tests stay hidden
        assert "most recent call last" not in text
        assert "add_test" in text
    squares = next(name for name, row in marks.items() if row["total"] == "2")
    assert "a square is no double" in course.feedback_page(root, "sums", squares).read_text()
    assert (root / "gradebook.db").exists()


@pytest.mark.slow
def test_a_folder_with_something_else_in_it_is_left_alone(folder, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    assert cli.main(["demo", "sums", "--course", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "holds something else" in capsys.readouterr().err
    assert (tmp_path / "out" / "thesis.tex").exists()


def test_nothing_handed_in_is_said(tmp_path):
    with pytest.raises(GradingError, match="nothing was handed in"):
        course.grade(tmp_path, "sums")


def test_the_command_checks_what_is_built(folder, capsys):
    assert cli.main(["build", "--check", "--course", str(folder)]) == 0
    (folder / "src" / "sums" / "notebook.py").write_text(NOTEBOOK + "\n# %% [markdown]\n# More.\n")
    assert cli.main(["build", "--check", "--course", str(folder)]) == 1
    assert "run: cvgrade build sums" in capsys.readouterr().out
    assert cli.main(["build", "nothing", "--course", str(folder)]) == 1


@pytest.mark.slow
def test_every_sample_answer_of_the_course_gets_its_exact_marks(pytestconfig, tmp_path):
    """The report card itself: what a right answer, a wrong one and an empty one must get, and be told."""
    assignments = pytestconfig.rootpath / "assignments"
    for name in build.names(assignments):
        verdicts = samples.report_card(assignments, name, tmp_path / name, report=lambda line: None)
        kinds = [verdict.answer.kind for verdict in verdicts]
        assert kinds.count("right") >= 5
        assert kinds.count("wrong") >= 15
        assert all(verdict.good for verdict in verdicts), samples.card_text(verdicts)
