import base64

import class_kit as kit
import nbformat
import page_kit
import pytest
from test_sanitise import ATTACKS

from cvgrade.pages.book import sections
from cvgrade.pages.feedback import page
from cvgrade.pages.marks import Entry, Mark
from cvgrade.run.plan import Verdict

SECRET = "hidden 4711"
MESSAGE = (
    "double(x): wrong\n  on        x = 3\n  expected  6\n  got       3\n  likely    doubled nothing.\n"
    "  read      lesson 2"
)


def shown(book=None, judged=None, outputs=None, entry=None, name="", **more):
    made = page_kit.record(page_kit.result("amara", judged, outputs), **more)
    return page_kit.check_harmless(
        page(kit.NAME, "amara", book or kit.answered(), kit.release(), made, entry, name)
    )


def test_a_failed_question_shows_the_problem_the_facts_the_hint_and_where_to_read():
    text = shown(judged=page_kit.verdicts(double=0.0, message=MESSAGE)).text
    for part in (
        "Not passed",
        "double(x): wrong",
        "x = 3",
        "Your code gave",
        "doubled nothing.",
        "lesson 2",
        "3 of 9",
    ):
        assert part in text
    assert text.count("doubled nothing.") == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("timeout", "Took too long"),
        ("crashed", "Crashed"),
        ("tampered", "Not accepted"),
        ("not_run", "Not run"),
        ("error", "Stopped by an error"),
    ],
)
def test_every_way_to_fail_is_named(status, words):
    text = shown(judged=page_kit.verdicts(total=0.0, message="Your code was stopped.", status=status)).text
    assert words in text
    assert "Your code was stopped." in text


def test_partial_credit_says_so():
    judged = (Verdict("double_test", 2.0, 1.0, "passed", "half"), *page_kit.verdicts()[1:])
    page_read = shown(judged=judged)
    assert "Partly" in page_read.text
    assert "4 of 9 points so far" in page_read.text


def test_marks_by_hand_comments_extra_credit_and_penalties_come_from_the_gradebook():
    marks = {
        "double_test": Mark(2.0, None, 0.0, False, 2.0),
        "why": Mark(None, 3.0, 0.5, False, 4.0),
        "total_test": Mark(0.0, 1.0, 0.0, False, 3.0),
    }
    entry = Entry(
        "Amara Ó Néill", marks, {"why": "Well argued,\nbut <b>short</b>."}, penalty=1.0, late=93_600
    )
    text = shown(judged=page_kit.verdicts(total=0.0), entry=entry).text
    for part in ("5.5 of 9 points", "Amara Ó Néill", "Well argued, but <b>short</b>.", "With 0.5 extra.",
                 "The tests gave 0; a person gave 1.", "1 day 2 hours late",
                 "1 point taken off for being late", "(from 6.5)"):  # fmt: skip
        assert part in text
    assert "so far" not in text
    assert "still to be marked" not in text


def test_what_waits_for_a_person_is_not_called_zero():
    entry = Entry("", {"why": Mark(None, None, 0.0, True, 4.0)})
    text = shown(entry=entry).text
    assert "Waits to be marked" in text
    assert "5 of 9 points so far" in text
    entry = Entry("", {"why": Mark(0.0, None, 0.0, False, 4.0)})
    text = shown(entry=entry).text
    assert "No response" in text
    assert "so far" not in text


def test_repairs_and_open_questions_are_listed_and_a_refused_notebook_says_why():
    changes = [{"kind": "split", "message": "Cell double had been split.", "text": "x = <b>1"}]
    unclear = [{"message": "Two cells could be the answer.", "candidates": ["a", "b"]}]
    text = shown(changes=changes, questions=unclear).text
    for part in ("Cell double had been split.", "x = <b>1", "Two cells could be the answer.", "put right"):
        assert part in text
    text = shown(refused="hw.ipynb is no notebook").text
    assert "Nothing could be run" in text


def test_hidden_tests_never_reach_the_page_even_if_they_are_in_every_notebook():
    book, instructors = kit.answered(), kit.source()
    for mine, theirs in zip(book.cells, instructors.cells):
        if mine.metadata.get("nbgrader", {}).get("locked"):  # as if repair had failed
            mine.source = theirs.source + f"\n### BEGIN HIDDEN TESTS\nassert '{SECRET}'\n### END HIDDEN TESTS"
    read = shown(book)
    assert SECRET not in read.text
    assert "43.0" not in read.text
    assert "HIDDEN" not in read.text
    assert "double(2) is 4" in read.text  # the public test is there


def test_code_and_outputs_are_the_students_and_figures_keep_their_words():
    picture = {
        "output_type": "display_data",
        "data": {"image/png": page_kit.png(), "text/plain": "x"},
        "metadata": {"image/png": {"alt": "A falling curve."}},
    }
    printed = {"output_type": "stream", "name": "stdout", "text": "epoch 1\repoch 2\n"}
    read = shown(outputs={"double": [printed, picture]})
    assert [one["alt"] for one in read.all("img")] == ["A falling curve."]
    assert "epoch 2" in read.text
    assert "epoch 1" not in read.text
    assert "return 2 * x" in read.text
    assert kit.TEXT in read.text


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_does_anything_from_any_place_that_a_student_or_a_check_can_fill(attack):
    book = kit.answered(text=attack, before=f"# {attack}\n")
    book.cells[0].source = f"# {attack}\n\n{attack}"
    own = nbformat.v4.new_markdown_cell(attack, id="own-1")
    own.attachments = {"x.png": {"image/png": attack, attack: attack}}
    book.cells[3:3] = [own, nbformat.v4.new_code_cell(attack, id="own-2")]
    display = {"output_type": "display_data", "data": dict.fromkeys(("text/html", "image/svg+xml"), attack)}
    outputs = {
        "own-2": [{**display, "metadata": {}}, {"output_type": "stream", "name": "stderr", "text": attack}],
        "double": [
            {"output_type": "error", "ename": attack, "evalue": attack, "traceback": [attack, attack]}
        ],
    }
    entry = Entry(attack, {}, {"why": attack, "double": attack})
    shown(
        book,
        page_kit.verdicts(0.0, 0.0, f"{attack}\n  got       {attack}\n  likely    {attack}", attack),
        outputs,
        entry,
        attack,
        changes=[{"kind": attack, "message": attack, "text": attack}],
        questions=[{"message": attack}],
        refused=attack,
    )


def test_a_notebook_of_twenty_megabytes_and_a_thousand_cells_stays_a_page():
    book = kit.answered(before="# " + "x" * 20_000_000 + "\n")
    extra = [nbformat.v4.new_code_cell("y = 1\n" * 50, id=f"own-{index}") for index in range(1000)]
    book.cells[3:3] = extra
    outputs = {
        "double": [{"output_type": "stream", "name": "stdout", "text": "z" * 20_000_000}],
        "own-1": [
            {
                "output_type": "display_data",
                "data": {"image/png": base64.b64encode(bytes(9_000_000)).decode()},
            }
        ],
    }
    made = page_kit.record(page_kit.result("amara", None, outputs))
    text = page(kit.NAME, "amara", book, kit.release(), made)
    page_kit.check_harmless(text)
    assert len(text) < 3_000_000
    assert "left out" in text
    assert "more cells are not shown" in text


def test_headings_make_the_sections_and_questions_without_any_have_their_own():
    title, found = sections(kit.answered(), kit.release())
    assert title == "Numbers"
    assert [(one.title, one.graded) for one in found if one.graded] == [
        ("double", ["double_test"]),
        ("why", ["why"]),
        ("total", ["total_test"]),
    ]
    release = kit.release()
    release.cells.insert(2, nbformat.v4.new_markdown_cell("## 1 · Add (2 + 7 points)", id="head"))
    book = kit.answered()
    book.cells.insert(2, nbformat.v4.new_markdown_cell("## 1 · Add (2 + 7 points)", id="head"))
    book.cells.insert(5, nbformat.v4.new_markdown_cell("## My own heading", id="mine"))
    _, found = sections(book, release)
    assert [(one.title, one.graded) for one in found if one.graded] == [
        ("1 · Add", ["double_test", "why", "total_test"])
    ]
