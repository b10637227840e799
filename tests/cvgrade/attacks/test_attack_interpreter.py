# ruff: noqa: E501  (submissions read better on one line)
"""Attacks 1 to 18 and 21 to 23: a submission that changes the interpreter, its values or its scores."""

import attack_list as attacks
import pytest

pytestmark = pytest.mark.usefixtures("bystander")
CASES = [
    pytest.param(number, name, marks=pytest.mark.attack(number), id=f"{number}-{name or 'it'}")
    for number, variants in attacks.SUBMISSIONS.items()
    for name in variants
]
SCORES = {15: "nan", 16: "-200", 17: "", 18: "200"}
VISIBLE = {"equal", "abs", "swapped", "allclose", "testing", "all", "helper", "score"}


def handed_in(judge, answer, files=None):
    files = {name: text.encode() for name, text in (files or {}).items()}
    result = judge(attacks.source(), {"q": answer}, files=files)
    print(result.outputs, result.notes, *result.verdicts, sep="\n")
    return result, {verdict.grade_id: verdict for verdict in result.verdicts}


def test_the_right_answer_gets_all_marks_and_a_wrong_one_what_it_earns(judge):
    assert handed_in(judge, attacks.SOLUTION)[0].score == attacks.FULL
    assert handed_in(judge, attacks.WRONG)[0].score == pytest.approx(attacks.WRONG_MARKS)


@pytest.mark.parametrize(("number", "name"), CASES)
def test_no_mark_is_gained(judge, tell, number, name):
    result, verdicts = handed_in(judge, *attacks.SUBMISSIONS[number][name])
    if number == 13:  # what the visible tests ask for is there: only the hidden one can tell
        assert {grade for grade, verdict in verdicts.items() if verdict.status == "passed"} == VISIBLE
        tell("the hidden test fails it")
        return
    assert [verdicts[test].score for test in attacks.TESTS if test != "score"] == [0.0] * 8
    assert result.score <= attacks.WRONG_MARKS + 1e-9
    if number in SCORES:
        assert verdicts["score"].score == 0
        assert f"gave the score {SCORES[number]}" in verdicts["score"].message or number == 17
    if number != 22:
        tell(f"{result.score:.4g} of {attacks.FULL:g}")


@pytest.mark.attack(17)
@pytest.mark.parametrize("ending", ["'full'", "'2'", "[2]", "{'score': 2}", "b'2'", "x", "lambda: 2"])
def test_what_is_no_number_is_no_score(judge, ending):
    verdict = judge.one("class X:\n    pass\nx = X()", f"y = x\n{ending}", points=2)
    assert (verdict.status, verdict.score) == ("failed", 0)


@pytest.mark.attack(14)
def test_the_score_is_the_testers_whatever_is_displayed(judge):
    forged = "import sys\nsys.displayhook = lambda value: print(100)\nx = 1"
    assert judge.one(forged, "x * 0.5", points=2).score == 0.5


@pytest.mark.attack(21)
@pytest.mark.attack(20)
def test_the_tests_are_nowhere_in_the_students_process(judge):
    answer = """
import re
needle = re.compile(b'hidden-[s]wordfish')  # does not find itself
def f(value):
    found, looked = 0, 0
    with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb') as memory:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split('-'))
            if ' rw' in line and end - start < 1 << 28:
                try:
                    memory.seek(start)
                    text = memory.read(end - start)
                except (OSError, ValueError, OverflowError):
                    continue
                looked += len(text)
                found += len(needle.findall(text))
    return found, looked
"""
    test = (
        "found, looked = f(1)\nassert looked > 1_000_000\n### BEGIN HIDDEN TESTS\n"
        "expected = 'hidden-swordfish'\nassert expected != 1 and f(len(expected))[0] == 0\n### END HIDDEN TESTS\n"
        "assert found == 0\nassert f(expected)[0] > 0"  # it does find what was sent
    )
    verdict = judge.one(answer, test)
    assert verdict.status == "passed", verdict


@pytest.mark.attack(21)
def test_what_the_shell_and_the_frames_hold_is_only_the_students(judge):
    answer = """
import gc, sys
def f(number):
    seen, frame = [str(In), str(Out), str(sys.argv)], sys._getframe()
    while frame:
        seen += [str(value)[:5000] for value in (frame.f_globals, frame.f_locals)]
        frame = frame.f_back
    seen += [str(item)[:2000] for item in gc.get_objects() if isinstance(item, (str, dict, list, tuple, bytes))]
    return any('hsifdrows'[::-1] in text for text in seen)
"""
    test = "assert f(1) is False\n### BEGIN HIDDEN TESTS\nexpected = 'swordfish'\nassert expected\n### END HIDDEN TESTS"
    assert judge.one(answer, test).status == "passed"


@pytest.mark.attack(22)
@pytest.mark.parametrize(
    "answer",
    [
        attacks.WRONG,
        "def f(x): raise ValueError(x)",
        "def f(x):\n    if x == 20: import sys; sys.exit('20 it was')\n    return 1",
        "def f(x): return NotImplemented",
        "class E(Exception):\n    def __str__(self):\n        import traceback; return ''.join(traceback.format_stack())\n"
        "def f(x):\n    if x == 20: raise E\n    return 1",
    ],
)
def test_a_failing_hidden_test_is_told_by_its_exceptions_name_alone(judge, tell, answer):
    result, verdicts = handed_in(judge, answer)
    said = str(result.to_json())
    assert verdicts["hidden"].score == 0
    assert "41" not in verdicts["hidden"].message
    assert "must be" not in said
    assert "f(20) ==" not in said
    assert "HIDDEN" not in said
    tell("told that a hidden test failed")


@pytest.mark.attack(3)
@pytest.mark.attack(30)
@pytest.mark.parametrize(
    "answer",
    [
        "def f(x): return NotImplemented",
        "def f(x): return ValueError()",
        "def f(x): return f",
        "def f(x): return type('E', (), {'__eq__': lambda *a: True, '__class__': int})()",
        "from unittest.mock import ANY\ndef f(x): return ANY",
        "from unittest.mock import MagicMock\nf = MagicMock()",
        "import numpy as np\ndef f(x): return np.ma.masked",
        "class CheckFailed(Exception): for_student = 'well done'\ndef f(x): raise CheckFailed('ok')",
        "def f(x): raise AssertionError",
        "import sys\ndef f(x): sys.exit(0)",
        "import os\ndef f(x): os._exit(0)",
    ],
)
def test_values_and_endings_out_of_the_ordinary_gain_nothing(judge, answer):
    result, verdicts = handed_in(judge, answer)
    assert result.score == 0, [verdict for verdict in verdicts.values() if verdict.score]


@pytest.mark.attack(7)
@pytest.mark.attack(21)
def test_a_class_that_is_reported_leads_only_to_the_libraries_own_classes():
    """A name such as `tensorflow.compat.v1.test.mock.MagicMock` walks through modules to any class there is."""
    import numpy as np

    from cvgrade.run import kinds

    assert kinds.find("numpy", "ndarray") is np.ndarray
    assert kinds.find("builtins", "ValueError") is ValueError
    for module, name in (
        ("numpy", "ctypeslib.ctypes.CDLL"),
        ("numpy", "testing.TestCase"),
        ("numpy.ma.core", "MaskedConstant"),
        ("numpy", "ma.MaskedArray"),
        ("collections", "abc.sys.audit"),
        ("subprocess", "Popen"),
    ):
        assert kinds.find(module, name) is None, (module, name)


@pytest.mark.attack(5)
def test_submitted_modules_shadow_nothing_in_the_tester(judge, book):
    source = book(
        ("locked", "imports", "import numpy as np\nimport unittest.mock\nimport colorsys"),
        ("solution", "q", "x = 1"),
        (
            "test",
            "t",
            "import textwrap, colorsys\nassert textwrap.dedent(' a') == 'a'\nassert np.allclose(x, 2)",
            1,
        ),
    )
    liar = b"def allclose(*a): return True\ndef dedent(x): return 'a'\n"
    names = ("numpy.py", "textwrap.py", "colorsys.py", "unittest.py", "sitecustomize.py", "usercustomize.py")
    result = judge(source, {"q": "x = 1"}, files=dict.fromkeys(names, liar))
    assert result.verdicts[0].score == 0


KERAS = [pytest.param(name, id=name) for name in attacks.KERAS_CHEATS]


@pytest.mark.slow
@pytest.mark.attack(12)
@pytest.mark.parametrize("name", KERAS)
def test_a_patched_keras_changes_nothing_in_the_tester(keras_judge, tell, name):
    cheat = f"{attacks.KERAS_BUILD}\n{attacks.KERAS_CHEATS[name]}"
    result = keras_judge(attacks.keras_source(), {"q": cheat})
    assert result.score == 0, result
    tell(f"0 of {len(attacks.KERAS_TESTS)}")
