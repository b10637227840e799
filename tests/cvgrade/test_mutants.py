"""Mutants: made the same each time, within solutions only, and caught by tests that are worth their name."""

import ast

import pytest
import sums_kit

from cvgrade import build, cli, mutants, mutation
from cvgrade.build import AssignmentError
from cvgrade.mutants import Mutant, mutate

CELL = """\
import math

LIMIT = 3


def f(a, b):
    ### BEGIN SOLUTION
    {}
    ### END SOLUTION
"""


def after(line, operator=None):
    """What becomes of one line."""
    found = mutate("f", CELL.format(line))
    return {one.after for one in found if operator in (None, one.operator)}


@pytest.mark.parametrize(
    ("line", "operator", "changed"),
    [
        ("x = a < b", "comparison", {"x = a <= b", "x = a >= b"}),
        ("x = a == b", "comparison", {"x = a != b"}),
        ("x = a in b", "comparison", {"x = a not in b"}),
        ("x = a + b", "arithmetic", {"x = a - b"}),
        ("x = a // b", "arithmetic", {"x = a / b"}),
        ("x += a", "arithmetic", {"x -= a"}),
        ("x = -a", "sign", {"x = a"}),
        ("x = not a", "negation", {"x = a"}),
        ("x = a and b", "boolean", {"x = a or b"}),
        ("x = 5", "constant", {"x = 6", "x = 4", "x = 0"}),
        ("x = 1", "constant", {"x = 2", "x = 0"}),
        ("x = 'same'", "constant", {"x = ''"}),
        ("x = True", "constant", {"x = False"}),
        ("x = a[b:]", "off by one", {"x = a[b + 1:]", "x = a[b - 1:]"}),
        ("x = a[:b]", "off by one", {"x = a[1:b]", "x = a[:b + 1]", "x = a[:b - 1]"}),
        ("x = range(a)", "off by one", {"x = range(a + 1)", "x = range(a - 1)"}),
        ("x = a if b else 0", "negation", {"x = a if not b else 0"}),
        ("x = max(a, b)", "swapped arguments", {"x = max(b, a)"}),
        ("x = sorted(a, key=b)", "dropped argument", {"x = sorted(a)"}),
        ("x.sort()", "dropped statement", {""}),
        ("return b", "return None", {"return None"}),
        ("return b", "return first argument", {"return a"}),
    ],
)
def test_an_operator_makes_its_changes(line, operator, changed):
    assert after(line, operator) == changed


def test_only_the_solution_changes():
    found = mutate("f", CELL.format("return max(a, b)"))
    assert {one.line for one in found} == {8}
    for one in found:
        assert "LIMIT = 3" in one.source
        assert "import math" in one.source
        ast.parse(one.source)


def test_an_id_stays_when_another_line_comes_and_goes_when_its_line_changes():
    one = {mutant.id for mutant in mutate("f", CELL.format("return a + b"))}
    two = {mutant.id for mutant in mutate("f", CELL.format("c = 2\n    return a + b"))}
    other = {mutant.id for mutant in mutate("f", CELL.format("return a + b + a"))}
    assert one < two
    assert not one & other
    assert not one & {mutant.id for mutant in mutate("g", CELL.format("return a + b"))}


def test_the_courses_mutants_have_ids_of_their_own_and_an_order(pytestconfig):
    folder = pytestconfig.rootpath / "assignments"
    for name in build.names(folder):
        book = build.read_source(folder, name)
        found = mutants.make_mutants(book)
        assert len({one.id for one in found}) == len(found) > 100
        assert found == mutants.make_mutants(book)
        assert mutation.read_list(folder, name, found)[1] == []  # it names no mutant that is gone


def test_a_difference_is_shown_by_whole_words_with_a_little_around_it():
    line = (
        "return first_function_with_a_long_name(argument, training={}, another=argument, one_more=argument)"
    )
    one = Mutant("", "", "", 1, line.format("False"), line.format("True"), "")
    assert "[False→True]" in one.diff
    assert len(one.diff) < len(line) + 10
    assert Mutant("", "", "", 1, "x = 1", "", "").diff == "x = 1  →  (nothing)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[equivalent", "mutants.toml"),
        ("[maybe]\na = 'b'", "known are the tables"),
        ("[equivalent]\nabc = ''", "needs a reason"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused(tmp_path, text, words):
    (tmp_path / "src" / "sums").mkdir(parents=True)
    (tmp_path / "src" / "sums" / mutation.LIST).write_text(text)
    with pytest.raises(AssignmentError, match=words):
        mutation.read_list(tmp_path, "sums", [])


def test_a_survivor_without_a_reason_and_a_reason_without_a_survivor_are_faults():
    found = mutate("f", CELL.format("return a + b"))
    good = mutation.Survey(len(found), found, {one.id: "t" for one in found})
    assert good.good
    one, rest = found[0], {other.id: "t" for other in found[1:]}
    assert not mutation.Survey(len(found), found, rest).good
    same = {"equivalent": {one.id: "why"}, "survives": {}}
    assert mutation.Survey(len(found), found, rest, same).share == 1
    assert mutation.Survey(len(found), found, rest, same).good
    assert not mutation.Survey(len(found), found, rest, same, faults=["gone"]).good
    assert "NOT EXPLAINED" in mutation.survey_text(mutation.Survey(len(found), found, rest))


@pytest.mark.slow
def test_mutants_of_a_course_are_caught_unless_a_test_is_blunt(tmp_path, pytestconfig, capsys):
    folder = sums_kit.make(tmp_path / "course", pytestconfig)
    words = ["report-card", "sums", "--course", str(folder), "--out", str(tmp_path / "out"), "--mutants"]
    assert cli.main([*words, "--workers", "2"]) == 0
    out = capsys.readouterr().out
    count = len(mutants.make_mutants(build.read_source(folder, "sums")))
    assert f"{count} of {count} mutants graded, 0 of them equivalent" in out
    assert f"{count} of {count} caught, 100.0%" in out
    sums_kit.edit(folder, 'assert double(2) == 4, "twice two"', "assert double(2)")
    sums_kit.edit(folder, "if double(3) != 6:", "if double(3) < 4:")
    assert cli.main([*words, "--workers", "2"]) == 1
    out = capsys.readouterr().out
    assert "return 2 * a  →  return 3 * a" in out
    assert "NOT EXPLAINED" in out


@pytest.mark.slow
def test_a_sample_of_the_courses_mutants_is_caught(tmp_path, pytestconfig):
    """All of them take minutes: `make report-card`."""
    from cvgrade import samples

    folder = pytestconfig.rootpath / "assignments"
    for name in build.names(folder):
        root = samples.prepare(folder, name, tmp_path / name)
        found = mutation.survey(folder, name, root, most=24, report=lambda line: None)
        assert len(found.judged) == 24
        assert found.good, mutation.survey_text(found)
