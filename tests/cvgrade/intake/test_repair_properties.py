"""Whatever is done to a notebook, its repair is whole and nothing that the student wrote is lost."""

import copy
import json
import math
import os

import course_kit as kit
import mutations
import nbformat
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nbgrader.nbgraderformat import MetadataValidator

from cvgrade.intake.repair import repair

RELEASE, SOURCE = kit.release(), kit.source()
IDS = [one.metadata.nbgrader.grade_id for one in RELEASE.cells if "nbgrader" in one.metadata]
FIXED = {one.metadata.nbgrader.grade_id: one.source for one in RELEASE.cells
         if "nbgrader" in one.metadata and not one.metadata.nbgrader.solution}  # fmt: skip
EXAMPLES = int(os.environ.get("CVGRADE_EXAMPLES", "60"))
# The same examples each time, unless more are asked for: CVGRADE_EXAMPLES=2000 looks for new ones.
SOME = settings(
    max_examples=EXAMPLES,
    derandomize="CVGRADE_EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def mutated(changes):
    return mutations.apply(json.loads(kit.text_of(kit.answered())), changes)


def marks(book):
    return [one.metadata.nbgrader for one in book.cells if "nbgrader" in one.metadata]


def everything(book, changes, questions):
    """All texts that the repair hands on."""
    texts = [one.source for one in book.cells] + [one.text for one in changes]
    return "\n".join(texts + [text for one in questions for text in one.candidates])


def passed(book):
    """The tests that pass when the cells run in order, as nbgrader runs them: errors do not stop it."""
    space, good = {"math": math, "print": lambda *_: None}, set()
    for one in book.cells:
        if one.cell_type != "code":
            continue
        name = one.metadata.get("nbgrader", {}).get("grade_id")
        try:
            exec(one.source, space)
        except Exception:
            continue
        if name:
            good.add(name)
    return good


@SOME
@given(st.lists(mutations.MUTATIONS, max_size=6))
@example([(mutations.strip_all,), (mutations.drop_ids,), (mutations.split, 3, 0.5, True)])
@example([(mutations.retype, 3, "markdown"), (mutations.strip, 3)])
@example([(mutations.merge, 3), (mutations.merge, 3), (mutations.merge, 3)])
@example([(mutations.swap_marks, 3, 4), (mutations.swap_marks, 3, 8)])
@example([(mutations.flags, 3, "grade_id", "q3_test"), (mutations.strip, 8)])
def test_the_repaired_notebook_is_the_instructors_with_every_answer_in_it_or_reported(changes):
    given_book = mutated(changes)
    before = copy.deepcopy(given_book)
    book, notes, questions = repair(given_book, RELEASE, SOURCE)
    assert given_book == before
    nbformat.validate(book)
    MetadataValidator().validate_nb(book)
    assert [one.grade_id for one in marks(book)] == IDS
    wanted = {
        one.metadata.nbgrader.grade_id: one.metadata.nbgrader
        for one in SOURCE.cells
        if "nbgrader" in one.metadata
    }
    for one in book.cells:
        own = one.metadata.get("nbgrader")
        if own:
            assert own == wanted[own.grade_id]
            assert FIXED.get(own.grade_id, one.source) == one.source
            assert one.cell_type == ("markdown" if own.grade_id == "q2" else "code")
    assert len({one.id for one in book.cells}) == len(book.cells)
    assert "HIDDEN" not in kit.text_of(book)
    kept = everything(book, notes, questions)
    for text in kit.ANSWERS.values():
        for line in text.split("\n"):
            assert line.strip() in kept
    json.dumps([one.to_json() for one in [*notes, *questions]])


@SOME
@given(st.lists(mutations.MUTATIONS, max_size=4))
@example([(mutations.merge, 5)])
@example([(mutations.merge, 6), (mutations.merge, 6)])
@example([(mutations.merge, 5), (mutations.merge, 7), (mutations.merge, 7)])
@example([(mutations.edit_fixed, 4, "print(0)"), (mutations.swap_marks, 3, 4)])
@example([(mutations.duplicate, 0, 0), (mutations.swap_marks, 7, 9)])
@example([(mutations.merge, 5), (mutations.duplicate, 0, 6)])
@example([(mutations.split, 3, 0.5, False), (mutations.add, 4, "A note.", "markdown")])
@example([(mutations.split, 3, 0.5, False), (mutations.duplicate, 0, 0), (mutations.duplicate, 4, 0)])
@example([(mutations.duplicate, 0, 0), (mutations.split, 9, 0.5, False), (mutations.duplicate, 0, 10)])
def test_an_answer_is_in_its_place_or_it_is_said_where_it_is(changes):
    book, notes, questions = repair(mutated(changes), RELEASE, SOURCE)
    stands = {one.metadata.nbgrader.grade_id: one.source for one in book.cells if "nbgrader" in one.metadata}
    for name, text in kit.ANSWERS.items():
        if text in stands[name].replace("\n\n", "\n"):
            continue
        asked = any(one.grade_id == name for one in questions)
        kept = any(text in one.text for one in notes)
        # Code runs wherever it stands; a person need not look.
        told = name != "q2" and any(
            one.grade_id == name and one.kind in ("missing", "merged") for one in notes
        )
        assert asked or kept or told


@SOME
@given(st.lists(mutations.MUTATIONS, max_size=4))
@example(
    [(mutations.add, 11, "print('own')", "code"), (mutations.merge, 9), (mutations.retype, 3, "markdown")]
)
@example([(mutations.merge, 0), (mutations.duplicate, 8, 2), (mutations.merge, 2)])
@example([(mutations.split, 8, 0.5, False), (mutations.duplicate, 0, 9)])
@example([(mutations.split, 8, 0.5, False), (mutations.add, 9, "A note.", "markdown")])
def test_right_answers_still_pass_or_a_person_is_asked(changes):
    book, _, questions = repair(mutated(changes), RELEASE, SOURCE)
    assert {name for name in IDS if name.endswith("_test")} <= passed(book) or questions


@SOME
@given(st.lists(mutations.MUTATIONS, max_size=5))
@example([(mutations.split, 8, 0.5, True), (mutations.duplicate, 10, 9)])
@example([(mutations.split, 8, 0.5, False), (mutations.duplicate, 1, 9)])
@example([(mutations.merge, 4), (mutations.merge, 5), (mutations.merge, 5)])
@example([(mutations.split, 8, 0.5, False), (mutations.move, 1, 8)])
def test_a_repaired_notebook_needs_no_repair(changes):
    book, _, questions = repair(mutated(changes), RELEASE, SOURCE)
    again, notes, more = repair(book, RELEASE, SOURCE)
    assert [(one.source, one.cell_type, one.metadata) for one in again.cells] == [
        (one.source, one.cell_type, one.metadata) for one in book.cells
    ]
    assert not notes
    assert questions or not more  # what waits for a person goes on waiting


@SOME
@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(["code", "markdown"])), max_size=6),
       st.lists(mutations.MUTATIONS.filter(lambda one: one[0] in (
           mutations.strip, mutations.strip_all, mutations.drop_ids, mutations.new_ids, mutations.colab,
           mutations.flags, mutations.kernel, mutations.move)), max_size=3))  # fmt: skip
def test_cells_of_the_students_own_keep_their_order(places, changes):
    given_book = json.loads(kit.text_of(kit.answered()))
    for index, (to, kind) in enumerate(places):
        mutations.add(given_book, to, f"own_{index} = {index}", kind)
    given_book = mutations.apply(given_book, changes)
    book, _, _ = repair(given_book, RELEASE, SOURCE)
    own = [one["source"] for one in given_book["cells"] if one["source"].startswith("own_")]
    assert [one.source for one in book.cells if one.source.startswith("own_")] == own
