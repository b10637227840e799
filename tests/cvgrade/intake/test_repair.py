import copy
import json

import course_kit as kit
import mutations
import nbformat
import pytest

from cvgrade.intake.notebooks import MOST_CELLS, read_book
from cvgrade.intake.repair import NotebookRefused, ReleaseError, repair

RELEASE, SOURCE = kit.release(), kit.source()


def handed_in(*changes, answers=None):
    return mutations.apply(json.loads(kit.text_of(kit.answered(answers))), changes)


def answers(book):
    found = {one.metadata.nbgrader.grade_id: one.source for one in book.cells if "nbgrader" in one.metadata}
    return {name: found[name] for name in kit.ANSWERS}


def kinds(changes):
    return {change.kind for change in changes}


def index_of(grade_id):
    return next(index for index, one in enumerate(RELEASE.cells) if one.id == grade_id)


def test_an_honest_notebook_is_left_as_it_is():
    book, changes, questions = repair(handed_in(), RELEASE, SOURCE)
    assert [(one.id, one.source) for one in book.cells] == [
        (one.id, one.source) for one in kit.answered().cells
    ]
    assert not changes
    assert not questions


Q1, TEST1, Q2, Q3, TEST3, Q4, TEST4 = (
    index_of(name) for name in ("q1", "q1_test", "q2", "q3", "q3_test", "q4", "q4_test")
)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ([(mutations.strip_all,)], "metadata"),
        ([(mutations.strip_all,), (mutations.drop_ids,)], "metadata"),
        ([(mutations.strip_all,), (mutations.new_ids,)], "metadata"),
        ([(mutations.colab,)], None),
        ([(mutations.drop_ids,)], None),
        ([(mutations.line_lists,)], None),
        ([(mutations.kernel,)], "notebook"),
        ([(mutations.delete_given, TEST1)], "missing"),
        ([(mutations.delete_given, 1)], "missing"),
        ([(mutations.duplicate, TEST1, 0)], "duplicated"),
        ([(mutations.duplicate, Q1, Q1)], "duplicated"),
        ([(mutations.move, TEST1, Q1)], "moved"),
        ([(mutations.move, Q3, 1)], "moved"),
        ([(mutations.retype, Q1, "markdown")], "retyped"),
        ([(mutations.retype, Q1, "raw"), (mutations.strip, Q1)], "retyped"),
        ([(mutations.retype, Q2, "code")], "retyped"),
        ([(mutations.retype, Q2, "code"), (mutations.strip_all,), (mutations.drop_ids,)], "retyped"),
        ([(mutations.retype, TEST3, "markdown")], "retyped"),
        ([(mutations.split, Q3, 0.5, True)], "split"),
        ([(mutations.split, Q3, 0.5, False)], "split"),
        ([(mutations.split, Q3, 0.5, False), (mutations.strip_all,), (mutations.drop_ids,)], "split"),
        ([(mutations.merge, Q1)], "merged"),
        ([(mutations.merge, Q1), (mutations.strip_all,)], "merged"),
        ([(mutations.merge, Q3)], "merged"),
        ([(mutations.flags, TEST1, "points", 100)], "flags"),
        ([(mutations.flags, TEST1, "grade", False)], "flags"),
        ([(mutations.flags, TEST1, "locked", False)], "flags"),
        ([(mutations.flags, Q1, "grade_id", "bonus")], "metadata"),
        ([(mutations.edit_fixed, TEST1, "print('mine')")], "edited"),
        ([(mutations.swap_marks, Q1, TEST1)], "metadata"),
        ([(mutations.swap_marks, Q1, Q3)], "metadata"),
        ([(mutations.swap_marks, Q1, Q3), (mutations.new_ids,)], "metadata"),
    ],
)
def test_what_editors_and_students_do_is_put_right_without_asking(changes, kind):
    book, notes, questions = repair(handed_in(*changes), RELEASE, SOURCE)
    assert answers(book) == kit.ANSWERS
    assert [one.id for one in book.cells if "nbgrader" in one.metadata] == [
        one.id for one in RELEASE.cells if "nbgrader" in one.metadata
    ]
    assert kind in kinds(notes) if kind else not notes
    assert not questions


def test_the_points_and_flags_are_the_instructors():
    wrong = handed_in(
        (mutations.flags, TEST1, "points", 100),
        (mutations.flags, TEST3, "grade", False),
        (mutations.forge, 0, "bonus"),
    )
    book, notes, _ = repair(wrong, RELEASE, SOURCE)
    points = {
        one.metadata.nbgrader.grade_id: one.metadata.nbgrader.get("points")
        for one in book.cells
        if "nbgrader" in one.metadata
    }
    assert points == {
        "setup": None,
        "q1": None,
        "q1_test": 2,
        "q2": 3,
        "q3": None,
        "q3_test": 2,
        "q4": None,
        "q4_test": 1,
    }
    assert sum(note.kind == "flags" for note in notes) == 2
    assert any("'bonus'" in note.message for note in notes)


def test_what_the_student_wrote_into_a_test_is_kept_in_the_report():
    wrong = handed_in((mutations.edit_fixed, TEST1, "iou = lambda *boxes: 1"))
    book, notes, _ = repair(wrong, RELEASE, SOURCE)
    assert "lambda" not in kit.text_of(book)
    assert [note.text for note in notes if note.kind == "edited"] == ["iou = lambda *boxes: 1"]


def test_hidden_tests_and_solutions_of_the_source_are_not_in_the_repaired_notebook():
    text = kit.text_of(repair(handed_in((mutations.delete_given, TEST1)), RELEASE, SOURCE)[0])
    assert "HIDDEN" not in text
    assert "area(2)" in text  # of the answer to question 4
    assert "> 12" not in text


def test_a_copy_with_another_text_runs_too_and_the_order_stays():
    given = handed_in((mutations.duplicate, Q1, Q1 + 1))
    given["cells"][Q1 + 1]["source"] = "def area(radius):\n    return 3.2 * radius**2"
    book, notes, questions = repair(given, RELEASE, SOURCE)
    texts = [one.source for one in book.cells]
    assert texts.index(kit.ANSWERS["q1"]) + 1 == texts.index("def area(radius):\n    return 3.2 * radius**2")
    assert answers(book)["q1"].endswith("3.2 * radius**2")
    assert kinds(notes) == {"duplicated"}
    assert not questions


def test_an_untouched_copy_gives_way_to_the_one_with_an_answer():
    given = handed_in((mutations.duplicate, Q1, Q1 + 1))
    given["cells"][Q1 + 1]["source"] = RELEASE.cells[Q1].source
    book, _, questions = repair(given, RELEASE, SOURCE)
    assert answers(book) == kit.ANSWERS
    assert not questions


def test_two_written_answers_under_one_grade_id_are_put_together_or_asked_about():
    given = handed_in((mutations.duplicate, Q2, Q2 + 1))
    given["cells"][Q2 + 1]["source"] = "And pi is constant."
    book, _, questions = repair(given, RELEASE, SOURCE)
    assert answers(book)["q2"] == "Because it is a circle.\n\nAnd pi is constant."
    assert not questions
    given["cells"].append(given["cells"].pop(Q2 + 1))
    _, _, questions = repair(given, RELEASE, SOURCE)
    assert [question.grade_id for question in questions] == ["q2"]
    assert len(questions[0].candidates) == 2


def test_a_deleted_answer_comes_back_empty_and_cannot_hide_code_that_stands_elsewhere():
    given = handed_in()
    del given["cells"][Q1]
    given["cells"][1]["source"] += "\n"
    given["cells"].insert(
        1, {"cell_type": "code", "metadata": {}, "source": "X = 1", "outputs": [], "execution_count": None}
    )
    book, notes, questions = repair(given, RELEASE, SOURCE)
    assert "missing" in kinds(notes)
    assert "raise NotImplementedError" not in answers(book)["q1"]
    assert all(question.grade_id == "q1" for question in questions)


def test_a_written_answer_that_may_be_elsewhere_is_asked_about_and_not_marked_as_untouched():
    given = handed_in((mutations.strip_all,), (mutations.drop_ids,))
    given["cells"].append(given["cells"].pop(Q2))
    book, _, questions = repair(given, RELEASE, SOURCE)
    assert kit.ANSWERS["q2"] in [one.source for one in book.cells]
    assert answers(book)["q2"] != "YOUR ANSWER HERE"
    assert [question.grade_id for question in questions] == ["q2"]
    assert kit.ANSWERS["q2"] in questions[0].candidates


def test_an_untouched_written_answer_that_was_deleted_comes_back_as_given():
    given = handed_in()
    del given["cells"][Q2]
    assert answers(repair(given, RELEASE, SOURCE)[0])["q2"] == "YOUR ANSWER HERE"


def test_two_answers_that_nothing_tells_apart_are_not_guessed_at():
    stub = "# YOUR CODE HERE\nraise NotImplementedError()"
    release = kit.book(kit.cell("# Two questions, no test between", markdown=True, cell_id="t"),
                       kit.cell(stub, "a", "manual", 1), kit.cell(stub, "b", "manual", 1),
                       kit.cell("assert True, 'the end of the assignment'", "end", "test", 1))  # fmt: skip
    given = copy.deepcopy(release)
    given.cells[1].source, given.cells[2].source = "print('first')", "print('second')"
    for one in given.cells:
        one.metadata = nbformat.from_dict({})
        one.id = "x" + one.id
    book, _, questions = repair(given, release)
    assert {question.grade_id for question in questions} == {"a", "b"}
    assert [one.source for one in book.cells if one.source.startswith("print")] == [
        "print('first')",
        "print('second')",
    ]


def test_format_3_is_read():
    title = {
        "cell_type": "heading",
        "level": 1,
        "source": ["Circles and balls, assignment one"],
        "metadata": {},
    }
    cells = [title]
    for one in handed_in()["cells"][1:]:
        old = {"cell_type": one["cell_type"], "metadata": {}}
        if one["cell_type"] == "code":
            old |= {"language": "python", "input": one["source"].splitlines(True), "outputs": []}
        else:
            old["source"] = one["source"]
        cells.append(old)
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}
    book, notes, questions = repair(json.dumps(old), RELEASE, SOURCE)
    assert answers(book) == kit.ANSWERS
    assert "notebook" in kinds(notes)
    assert not questions


def test_a_source_that_was_mended_after_the_release_wins():
    source = kit.source()
    source.cells[
        TEST1
    ].source = "assert area(1) > 3.1\n### BEGIN HIDDEN TESTS\nassert area(3) > 28\n### END HIDDEN TESTS"
    source.cells[TEST1].metadata.nbgrader.points = 5
    source.cells.insert(TEST1 + 1, kit.cell("assert area(0) == 0", "q1_more", "test", 1))
    book, notes, _ = repair(handed_in(), RELEASE, source)
    new = {one.metadata.nbgrader.grade_id: one for one in book.cells if "nbgrader" in one.metadata}
    assert new["q1_test"].source == "assert area(1) > 3.1"
    assert new["q1_test"].metadata.nbgrader.points == 5
    assert [one.id for one in book.cells].index("q1_more") == TEST1 + 1
    assert not any(note.kind == "flags" for note in notes)


def test_pictures_in_written_answers_are_kept_and_other_attachments_not():
    given = handed_in()
    given["cells"][Q2]["attachments"] = {"a.png": {"image/png": "aGk=", "text/html": "<script>"}, "b": 3}
    book, _, _ = repair(given, RELEASE, SOURCE)
    held = next(one for one in book.cells if one.id == "q2").attachments
    assert held == {"a.png": {"image/png": "aGk="}}


def test_another_notebook_is_not_taken_for_the_assignment():
    given = kit.book(kit.cell("print('shopping list')"), kit.cell("milk", markdown=True))
    book, _, questions = repair(given, RELEASE, SOURCE)
    assert any("is it another one" in question.message for question in questions)
    assert "print('shopping list')" in [one.source for one in book.cells]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "the file is empty"),
        (b"\0\0\0", "the file is empty"),
        (kit.text_of(kit.answered())[:1500], "cut off"),
        (kit.text_of(kit.answered())[:-3], "cut off"),
        ("<!doctype html>", "does not begin as JSON"),
        (b"\xff\xd8\xff\xe0", "not text"),
        ('{"cells": [,]}', "broken at line 1"),
        ('{"a": 1}', "which nbformat it has"),
        ("[1]", "holds a list"),
        ('{"nbformat": 2}', "nbformat 2 is not known"),
        ('{"nbformat": 5, "cells": []}', "nbformat 5 is not known"),
        ('{"nbformat": 4}', "no list of cells"),
        ('{"nbformat": true}', "which nbformat"),
        ('{"a": ' * 100_000, "deeply nested"),
        ('{"nbformat": 4, "cells": ' + "9" * 10_000 + "}", "number too long|no list"),
        (json.dumps({"nbformat": 4, "cells": [{}] * (MOST_CELLS + 1)}), "3,001 cells"),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_refused_in_words(given, message):
    with pytest.raises(NotebookRefused, match=message):
        repair(given, RELEASE, SOURCE)


@pytest.mark.parametrize(
    "cell",
    [
        7, None, "text", {}, {"cell_type": "evil", "source": "x"}, {"cell_type": "code"},
        {"cell_type": "code", "source": {"a": 1}}, {"cell_type": "code", "source": [1, "x", None]},
        {"cell_type": "markdown", "source": "x", "metadata": [], "attachments": [1]},
        {"cell_type": "code", "source": "x", "metadata": {"nbgrader": "yes"}},
        {"cell_type": "code", "source": "x", "metadata": {"nbgrader": {"grade_id": ["q1"]}}, "id": 7},
        {"cell_type": "code", "source": "x\ud800", "id": "../../x"},
        {"cell_type": "code", "source": "(" * 5000}, {"cell_type": "code", "source": "-" * 90_000 + "1"},
        {"cell_type": "code", "source": "x" * 2_000_000}, {"cell_type": "code", "source": "a\0b"},
    ],
)  # fmt: skip
def test_malformed_cells_harm_nothing(cell):
    given = handed_in()
    given["cells"].insert(2, cell)
    book, _, _ = repair(given, RELEASE, SOURCE)
    assert answers(book) == kit.ANSWERS
    nbformat.validate(book)
    nbformat.writes(book).encode()


def test_many_cells_are_matched_in_reasonable_time():
    given = handed_in((mutations.strip_all,), (mutations.drop_ids,))
    extra = {
        "cell_type": "code",
        "metadata": {},
        "source": "value = area(1)\nprint(value)",
        "outputs": [],
        "execution_count": None,
    }
    given["cells"][4:4] = [
        dict(extra, source=f"{extra['source']} # {index}") for index in range(MOST_CELLS - 20)
    ]
    assert answers(repair(given, RELEASE, SOURCE)[0])["q1"] == kit.ANSWERS["q1"]


def test_a_broken_release_is_said_to_be():
    twice = kit.release()
    twice.cells.append(copy.deepcopy(twice.cells[1]))
    with pytest.raises(ReleaseError, match="'setup' twice"):
        repair(handed_in(), twice)
    with pytest.raises(ReleaseError, match="no cell of nbgrader's"):
        repair(handed_in(), kit.book(kit.cell("x = 1")))


def test_the_file_itself_can_be_given(tmp_path):
    path = tmp_path / "hw.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + kit.text_of(kit.answered()).encode())
    assert answers(repair(path, RELEASE, SOURCE)[0]) == kit.ANSWERS
    assert read_book(path.read_bytes()).version == (4, 5)
