"""The report card: on a course of two sums through both graders, and for the course's own assignments."""

import re

import pytest
import sums_kit

from cvgrade import build, cli, report_card
from cvgrade.answers import Answer
from cvgrade.course import Result


@pytest.fixture
def folder(tmp_path, pytestconfig):
    return sums_kit.make(tmp_path / "course", pytestconfig)


@pytest.fixture
def card(folder, tmp_path, capsys):
    def run(*words):
        arguments = ["report-card", "sums", "--course", str(folder), "--out", str(tmp_path / "out")]
        status = cli.main([*arguments, "--workers", "2", *words])
        return status, capsys.readouterr().out

    return run


def test_a_verdict_tells_false_rejects_false_accepts_and_silence():
    answer = Answer("squares", "wrong", "Squares", loses={"b": "no double", "c": "", "d": "hint  here"})
    result = Result("x", {"a": 0, "b": 1, "c": 0, "d": 0}, dict.fromkeys("abcd", 1), {"d": "a hint\nhere"})
    verdict = report_card.judge(answer, result)
    assert verdict.false_rejects == ("a",)
    assert verdict.false_accepts == ("b",)
    assert verdict.silent == ()
    assert verdict.expected == 1
    assert not verdict.good
    text = report_card.card_text([verdict])
    assert "false reject: squares, a" in text
    assert "false accept: squares, b" in text
    silent = report_card.judge(answer, Result("x", {"d": 0}, {"d": 1}, {"d": "something else"}))
    assert silent.silent == ("d",)
    assert "must say: hint  here" in report_card.card_text([silent])


def test_a_comparison_counts_only_differences_that_nobody_documented():
    points = {"a": 1, "b": 1}
    ours, theirs = Result("x", {"a": 1, "b": 1}, points), Result("x", {"a": 0, "b": 1}, points)
    results = {"cvgrade": [ours], "nbgrader": [theirs]}
    text, differences = report_card.compare_text([Answer("x", "right", "")], results)
    assert differences == 1
    assert "NOT DOCUMENTED" in text
    told = Answer("x", "right", "", nbgrader={"a": "stderr"})
    text, differences = report_card.compare_text([told], results)
    assert differences == 0
    assert "written to stderr" in text
    needless = Answer("x", "right", "", nbgrader={"a": "stderr", "b": "stderr"})
    text, differences = report_card.compare_text([needless], results)
    assert differences == 1
    assert "x, b: said to differ (stderr), and does not" in text


@pytest.mark.slow
def test_good_tests_are_found_good_and_bad_ones_bad(folder, card):
    status, out = card()
    assert status == 0, out
    assert "4 answers (2 right, 1 wrong): 0 false rejects, 0 false accepts, 0 hints not shown" in out
    assert re.search(r"squares +wrong +2 +2 +1 of 1 +1 of 1 +ok", out)
    sums_kit.edit(
        folder, 'if double(3) != 6:\n    raise CheckFailed("a square is no double")', "double(3)\nx = 1"
    )
    status, out = card("--only", "squares")
    assert status == 1
    assert "false accept: squares, double_test" in out


@pytest.mark.slow
def test_tests_that_refuse_a_right_answer_are_found(folder, card):
    sums_kit.edit(folder, "one and two make three", "x")
    sums_kit.edit(folder, "add(1, 2) == 3", "add.__code__.co_names == ()")
    status, out = card("--only", "counts")
    assert status == 1
    assert "false reject: counts, add_test" in out


@pytest.mark.slow
def test_an_unhelpful_message_is_found(folder, card):
    sums_kit.edit(folder, "a square is no double", "wrong")
    status, out = card("--only", "squares")
    assert status == 1
    assert "hint not shown: squares, double_test" in out


WARNS = """\
# ---
# title: "Warns"
# nbgrader:
#   add_test: stderr
# ---

# %% add
import warnings


def add(a, b):
    warnings.warn("an old way to add")
    return a + b
"""
OWN_SUM = """\
# ---
# title: "Calls something of its own `sum`"
# nbgrader:
#   add_test: namespace
# ---

# %% add
def sum(a, b):
    return a + b


add = sum
"""


@pytest.mark.slow
def test_both_graders_agree_and_what_differs_is_documented(folder, card):
    (folder / "src" / "sums" / "right" / "warns.py").write_text(WARNS)
    (folder / "src" / "sums" / "right" / "own_sum.py").write_text(OWN_SUM)
    status, out = card("--compare")
    assert status == 0, out
    assert "warns, add_test: cvgrade 2, nbgrader 0.0: nbgrader takes anything written to stderr" in out
    assert (
        "own_sum, add_test: cvgrade 2, nbgrader 0.0: nbgrader runs the tests among the student's names" in out
    )
    assert "10 marks of 6 answers are the same with cvgrade and nbgrader" in out
    assert "2 documented exceptions, 0 others" in out
    (folder / "src" / "sums" / "right" / "warns.py").write_text(
        WARNS.replace("# nbgrader:\n#   add_test: stderr\n", "")
    )
    status, out = card("--compare", "--only", "warns")
    assert status == 1
    assert "NOT DOCUMENTED" in out


@pytest.mark.slow
def test_every_sample_answer_of_the_course_gets_its_exact_marks(pytestconfig, tmp_path):
    """The report card itself: what a right answer, a wrong one and an empty one must get, and be told."""
    assignments = pytestconfig.rootpath / "assignments"
    for name in build.names(assignments):
        verdicts = report_card.report_card(assignments, name, tmp_path / name, report=lambda line: None)
        kinds = [verdict.answer.kind for verdict in verdicts]
        assert kinds.count("right") >= 5
        assert kinds.count("wrong") >= 15
        assert all(verdict.good for verdict in verdicts), report_card.card_text(verdicts)
