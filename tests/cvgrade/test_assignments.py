"""What every assignment of the course promises: points, tests that hide something, answers enough."""

import re

import pytest
from assignment_kit import ASSIGNMENTS, NAMES, graded_cells

from cvgrade import answers, build


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def source(name):
    return build.read_source(ASSIGNMENTS, name)


def test_the_points_are_those_that_the_text_promises(source):
    cells = graded_cells(source)
    total = sum(cell.metadata["nbgrader"]["points"] for cell in cells.values())
    text = "\n".join(cell.source for cell in source.cells if cell.cell_type == "markdown")
    assert f"**{total:g} points**" in text
    promised = {
        int(number): sum(map(int, points.split(" + ")))
        for number, points in re.findall(r"^## (\d+) · .*\(([\d +]+) points\)$", text, re.MULTILINE)
    }
    given = {}
    for name, cell in cells.items():
        number = int(name[1:3])
        given[number] = given.get(number, 0) + cell.metadata["nbgrader"]["points"]
    assert promised == given
    assert 6 <= len(promised) <= 14


def test_every_test_cell_shows_something_and_hides_something(source):
    for name, cell in graded_cells(source).items():
        assert "check." in build.without(cell.source, build.HIDDEN), name
        assert "check." in build.region(cell.source, build.HIDDEN), name
        code = [line for line in cell.source.splitlines() if not line.startswith("#")]
        assert code[0].startswith("with check.question("), name


def test_there_are_enough_answers_and_every_question_is_got_wrong_by_one(name, source):
    found = answers.read_answers(ASSIGNMENTS, name)
    assert sum(answer.kind == "right" for answer in found) >= 5
    wrong = [answer for answer in found if answer.kind == "wrong"]
    assert len(wrong) >= 15
    lost = {question for answer in wrong for question in answer.loses}
    assert lost == set(graded_cells(source))
    assert all(words for answer in wrong for words in answer.loses.values())
