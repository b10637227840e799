"""`cvgrade feedback` and `cvgrade report` on a course folder."""

import io
import json
import re
import shutil
from datetime import datetime, timedelta

import class_kit as kit
import page_kit
import pytest
from test_sanitise import ATTACKS

from cvgrade import cli
from cvgrade.intake.placing import RECORDS
from cvgrade.pages.feedback_command import write_feedback
from cvgrade.pages.marks import read_marks
from cvgrade.run.plan import Verdict

pytest.importorskip("distributed")
HOSTILE = "<script>alert(1)</script>\"' onload=alert(1) \u202e=cmd"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course with four submissions, the last a hostile one."""
    root = tmp_path_factory.mktemp("class") / "course"
    kit.course(root, {"amara": "right", "bjorn": "half", "chen": "wrong", "dalia": "right"})
    evil = [{"output_type": "display_data", "data": {"text/html": "".join(ATTACKS)}, "metadata": {}}]
    page_kit.keep(
        root,
        [
            page_kit.result("amara"),
            page_kit.result("bjorn", page_kit.verdicts(2.0, 0.0, "total: wrong", "adds nothing")),
            page_kit.result("chen", page_kit.verdicts(0.0, 0.0, "double: wrong", "adds nothing")),
            page_kit.result(
                "dalia", page_kit.verdicts(0.0, 0.0, HOSTILE, HOSTILE, "tampered"), {"double": evil},
                notes=(HOSTILE,), peak_memory_mb=311.0, environment={HOSTILE: HOSTILE},
            ),
        ],
        chen={"questions": [{"message": HOSTILE}], "changes": [{"kind": "moved", "message": HOSTILE}]},
    )  # fmt: skip
    from nbgrader.api import Gradebook

    with Gradebook(kit.database(root), "numbers") as gradebook:
        gradebook.update_or_create_student("dalia", first_name=HOSTILE, last_name="=HYPERLINK()")
        submission = gradebook.find_submission(kit.NAME, "amara")
        for grade in submission.notebooks[0].grades:
            if grade.name == "why":
                grade.manual_score, grade.needs_manual_grade = 3.5, False
        for comment in submission.notebooks[0].comments:
            if comment.name == "why":
                comment.manual_comment = "Nearly there"
        submission.notebooks[0].late_submission_penalty = 1
        gradebook.find_assignment(kit.NAME).duedate = datetime(2026, 3, 1, 12)
        submission.timestamp = datetime(2026, 3, 2, 13)
        extended = gradebook.find_submission(kit.NAME, "bjorn")
        extended.timestamp, extended.extension = datetime(2026, 3, 2, 13), timedelta(days=1)
        gradebook.db.commit()
    return root


@pytest.fixture
def root(graded, tmp_path):
    return shutil.copytree(graded, tmp_path / "course", symlinks=True)


def feedback(root, student):
    return (root / "feedback" / student / kit.NAME / f"{kit.NAME}.html").read_text(encoding="utf-8")


def cvgrade(root, *words):
    return cli.main([words[0], kit.NAME, "--course", str(root), *words[1:]])


def test_each_student_gets_a_page_where_nbgrader_looks_for_it(root, capsys):
    assert cvgrade(root, "feedback") == 0
    assert "4 pages" in capsys.readouterr().out
    for student in ("amara", "bjorn", "chen", "dalia"):
        read = page_kit.check_harmless(feedback(root, student))
        others = {"amara", "bjorn", "chen", "dalia"} - {student}
        assert not any(other in read.text for other in others)
        assert "43.0" not in read.text  # of the hidden test
    assert "adds nothing" in feedback(root, "bjorn")
    assert not list(root.rglob("*.partial"))


def test_a_page_written_after_manual_grading_shows_marks_comments_and_the_penalty(root):
    cvgrade(root, "feedback", "--students", "amara")
    text = page_kit.Reader(feedback(root, "amara")).text
    for part in (
        "7.5 of 9 points",
        "Marked by hand",
        "Nearly there",
        "1 point taken off",
        "02 March 2026, 13:00 UTC",
        "1 day 1 hour late",
    ):
        assert part in text
    assert not (root / "feedback" / "bjorn").exists()


def test_the_gradebook_is_read_as_nbgrader_counts(graded):
    from nbgrader.api import Gradebook

    found = read_marks(kit.database(graded), "numbers", kit.NAME)
    with Gradebook(kit.database(graded), "numbers") as gradebook:
        for submission in gradebook.assignment_submissions(kit.NAME):
            entry = found[(submission.student_id, kit.NAME)]
            assert sum(mark.score or 0 for mark in entry.marks.values()) == submission.score
            assert sum(mark.most for mark in entry.marks.values()) == submission.max_score
            assert entry.penalty == submission.late_submission_penalty
            assert entry.late == submission.total_seconds_late
    assert found[("amara", kit.NAME)].late == 25 * 3600
    assert found[("bjorn", kit.NAME)].late == 3600
    assert read_marks(kit.database(graded), "numbers", "other") == {}


def test_a_submission_handed_in_again_is_left_out_until_it_is_graded(root, capsys):
    kit.hand_in(root, "bjorn", "right")
    shutil.rmtree(root / "submitted" / "chen")
    assert cvgrade(root, "feedback") == 3
    out = capsys.readouterr().out
    assert "bjorn: it was handed in again since it was graded: run `cvgrade run hw`" in out
    assert "chen: it is in submitted/ no more" in out
    assert not (root / "feedback" / "bjorn").exists()
    assert "2 pages" in out


def test_a_page_is_replaced_in_one_step_and_a_link_in_its_place_is_not_followed(root, tmp_path):
    other = tmp_path / "precious"
    other.write_text("precious")
    folder = root / "feedback" / "amara" / kit.NAME
    folder.mkdir(parents=True)
    (folder / f"{kit.NAME}.html").symlink_to(other)
    cvgrade(root, "feedback", "--students", "amara")
    assert other.read_text() == "precious"
    assert "Marks" in feedback(root, "amara")


def test_progress_is_shown(root):
    stream = io.StringIO()
    written, left_out = write_feedback(root, kit.NAME, stream=stream)
    assert (len(written), left_out) == (4, [])
    assert re.match(r"feedback 4 of 4, \d+ a minute\n", stream.getvalue())


def test_the_name_that_the_lms_gave_is_on_the_page(root):
    path = root / RECORDS / "collect" / f"{kit.NAME}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"students": [{"student": "bjorn", "name": "Björn <b>Ø</b>", "time": ""}]}))
    cvgrade(root, "feedback", "--students", "bjorn")
    assert "Björn <b>Ø</b>" in page_kit.check_harmless(feedback(root, "bjorn")).text


@pytest.mark.parametrize("command", ["feedback", "report"])
def test_before_anything_is_graded_it_says_what_to_do(tmp_path, capsys, command):
    root = kit.course(tmp_path / "course", {"amara": "right"})
    assert cvgrade(root, command) == 1
    assert "run `cvgrade run hw` first" in capsys.readouterr().err
    (root / "gradebook.db").unlink()
    assert cvgrade(root, command) == 1
    assert not (root / "gradebook.db").exists()
    assert cli.main([command, "other", "--course", str(root)]) == 1
    assert "cvgrade release other" in capsys.readouterr().err


def test_unknown_students_and_a_gradebook_that_is_none_are_named(root, capsys):
    assert cvgrade(root, "feedback", "--students", "nobody") == 1
    assert "nobody" in capsys.readouterr().err
    (root / "gradebook.db").write_bytes(b"not a database at all" * 100)
    assert cvgrade(root, "feedback") == 1
    assert "cannot be read" in capsys.readouterr().err


def test_the_report_is_harmless_and_names_who_needs_a_look(root, capsys):
    assert cvgrade(root, "report") == 0
    assert str(root / "report" / "hw.html") in capsys.readouterr().out
    read = page_kit.check_harmless((root / "report" / "hw.html").read_text(encoding="utf-8"))
    text = read.text
    assert "tampered with" in text
    assert "repaired: 1" in text
    assert "unclear" in text
    assert "<script>alert(1)</script>" in text  # as text
    assert "2 × adds nothing" in text
    assert "311 MB" in text
    assert "7.5" in text
    assert len(read.all("svg")) > 3
    assert all(one.get("aria-label") or one.get("aria-hidden") for one in read.all("svg"))


def test_each_chart_of_the_report_has_its_numbers_in_a_table(root):
    cvgrade(root, "report", "--out", str(root / "elsewhere" / "x.html"))
    read = page_kit.check_harmless((root / "elsewhere" / "x.html").read_text(encoding="utf-8"))
    charts = [one for one in read.all("svg") if one.get("role") == "img"]
    assert len(charts) == 3
    text = read.text
    # double: (2 + 2 + 0 + 0) of 8; total: (3 + 0 + 0 + 0) of 12; why: 3.5 of 4, three to be marked.
    for part in ("double 2 50 %", "total 3 25 %", "why 4 88 %", "3 to be marked"):
        assert part in text


def test_the_report_links_to_the_feedback_that_is_there_and_puts_what_went_wrong_first(root):
    cvgrade(root, "feedback", "--students", "chen", "dalia")
    cvgrade(root, "report")
    read = page_kit.check_harmless((root / "report" / "hw.html").read_text(encoding="utf-8"))
    links = [one["href"] for one in read.all("a")]
    assert set(links) == {f"../feedback/{student}/hw/hw.html" for student in ("chen", "dalia")}
    assert all((root / "report" / link).is_file() for link in links)
    look = read.text.partition("Who needs a look")[2].partition("Questions")[0]
    assert (
        look.index("chen") < look.index("1 submission waits only to be marked by hand") < look.index("bjorn")
    )
    assert look.index("tampered") < look.index("bjorn")


def test_a_class_of_one_that_could_not_be_read_has_a_report(tmp_path):
    root = kit.course(tmp_path / "course", {"amara": "right"})
    judged = tuple(
        Verdict(name, most, 0.0, "not_run", "Nothing was run.")
        for name, most in (("double_test", 2.0), ("why", 4.0), ("total_test", 3.0))
    )
    page_kit.keep(root, [page_kit.result("amara", judged)], amara={"refused": "it is no notebook"})
    assert cvgrade(root, "report") == 0
    read = page_kit.check_harmless((root / "report" / "hw.html").read_text(encoding="utf-8"))
    for part in ("could not be read", "nobody got it", "1 × Nothing was run."):
        assert part in read.text


@pytest.mark.postgres
def test_a_gradebook_in_postgresql_is_read_as_well(tmp_path):
    from test_gradebook import postgres

    with postgres() as url:
        root = kit.course(tmp_path / "course", {"amara": "right", "bjorn": "half"}, url)
        judged = page_kit.verdicts(2.0, 0.0, "total: wrong", "adds nothing")
        page_kit.keep(root, [page_kit.result("amara"), page_kit.result("bjorn", judged)])
        assert cvgrade(root, "feedback") == 0
        assert cvgrade(root, "report") == 0
    assert "2 of 9 points so far" in page_kit.check_harmless(feedback(root, "bjorn")).text
    assert not (root / "gradebook.db").exists()


LAST = """
import numpy as np
import matplotlib.pyplot as plt
from IPython.display import HTML, Markdown, display

plt.plot([1, 2, 3])
plt.show()
display(HTML("<table><tr><td>5</td></tr></table><script>alert(1)</script>"))
display(Markdown("**bold** <img src=x onerror=alert(1)>"))
print("\x1b[32mgreen\x1b[0m")
print("z" * 300_000)
1 / 0
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
def test_from_a_real_run_to_pages_with_figures_colours_errors_and_repairs(tmp_path):
    from cvgrade.run import command

    root = kit.course(tmp_path / "course", {"amara": "right", "bjorn": "half"})
    book = kit.answered("wrong")
    book.cells[3].source = "pass  # a test that was edited"
    del book.cells[-1]
    book.cells.append(kit.cell(LAST))
    kit.write(root / "submitted" / "chen" / kit.NAME / f"{kit.NAME}.ipynb", book)
    (root / "submitted" / "dalia" / kit.NAME).mkdir(parents=True)
    (root / "submitted" / "dalia" / kit.NAME / f"{kit.NAME}.ipynb").write_text("{")
    command.grade(root, kit.NAME, workers=2, stream=io.StringIO())
    assert cvgrade(root, "feedback") == 0
    assert cvgrade(root, "report") == 0
    pages = {
        student: page_kit.check_harmless(feedback(root, student))
        for student in ("amara", "bjorn", "chen", "dalia")
    }
    assert "5 of 9 points so far" in pages["amara"].text
    assert "the total of 0, 1, 2, 3 is 6" in pages["bjorn"].text
    chen = pages["chen"].text
    assert len(pages["chen"].all("img")) == 2  # the figure, and the markdown's without an address
    for part in ("put right in your notebook", "ZeroDivisionError", "green", "bold", "more characters"):
        assert part in chen
    assert "43.0" not in chen
    assert "Nothing could be run" in pages["dalia"].text
    report = page_kit.check_harmless((root / "report" / f"{kit.NAME}.html").read_text(encoding="utf-8"))
    assert "could not be read" in report.text
    assert "repaired" in report.text
