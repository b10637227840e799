# ruff: noqa: E501  (cells read better on one line)
"""Right answers in styles that are not the reference's: what honest students write."""

import pytest

FUNCTIONAL = "import keras\ndef build(side):\n    return None"
SHAPES = """\
import keras
model = build(8)
assert isinstance(model, keras.Model)
pools = [part for part in model.layers if type(part).__name__ == "MaxPooling2D"]
assert [int(part.output.shape[1]) for part in pools] == [4]
assert model.count_params() == 56
assert model.layers[0].__class__.__name__ == "InputLayer"
"""


@pytest.mark.parametrize(
    "answer",
    [
        "from collections import OrderedDict\ndef f(): return OrderedDict((k, 2 * k) for k in (1, 2))",
        "from collections import Counter\ndef f(): return Counter({1: 2, 2: 4})",
        "from collections import defaultdict\ndef f():\n    d = defaultdict(int)\n    d[1] += 2\n    d[2] += 4\n    return d",
        "class Mine(dict):\n    pass\ndef f(): return Mine({1: 2, 2: 4})",
        "import numpy as np\ndef f(): return {np.int64(1): np.float32(2), np.int8(2): np.array(4)}",
    ],
)
def test_any_kind_of_dictionary_arrives_with_all_its_entries(judge, answer):
    verdict = judge.one(answer, "found = f()\nassert len(found) == 2 and found[1] == 2 and found[2] == 4")
    assert verdict.status == "passed", verdict.message


@pytest.mark.parametrize(
    ("answer", "test"),
    [
        (
            "import numpy as np\ndef f(): return np.ones((2, 2), np.longdouble)",
            "assert np.allclose(f(), np.ones((2, 2)))",
        ),
        ("import numpy as np\ndef f(): return np.longdouble(0.5)", "assert f() == 0.5"),
        (
            "import numpy as np\ndef f(): return np.ones(2, np.clongdouble) * 1j",
            "assert np.allclose(f(), 1j)",
        ),
        (
            "import numpy as np\ndef f(): return np.array([1, 2], object)",
            "assert len(f()) == 2 and f()[1] == 2",
        ),
    ],
)
def test_numbers_of_any_width_arrive(judge, answer, test):
    verdict = judge.one(answer, f"import numpy as np\n{test}")
    assert verdict.status == "passed", verdict.message


def test_an_array_of_objects_costs_its_own_question_only(judge, book):
    source = book(
        ("solution", "q1", "f = None"),
        ("test", "t1", "import numpy as np\nassert np.array(f()).shape == (2,)", 1),
        ("solution", "q2", "g = None"),
        ("test", "t2", "assert g() == 1", 1),
    )
    answers = {
        "q1": "import numpy as np\ndef f(): return np.array([1, 2], object)",
        "q2": "def g(): return 1",
    }
    first, second = judge(source, answers).verdicts
    assert (first.status, second.status) == ("error", "passed")
    assert "an array of objects does not cross" in first.message


@pytest.mark.parametrize(
    "line",
    [
        "!echo hello",
        "!exit 3",
        "out = !echo hello",
        "%pip --version",
        "%%time",
        "%matplotlib inline",
        "import os; os.system('true')",
    ],
)
def test_a_line_for_the_shell_or_for_ipython_does_not_end_a_cell(judge, line):
    verdict = judge.one(f"{line}\ndef f(): return 1", "assert f() == 1")
    assert verdict.status == "passed", verdict.message


def test_what_a_command_prints_is_among_the_outputs(judge, book):
    source = book(("solution", "q", "x = 1"), ("test", "t", "assert x == 1", 1))
    result = judge(source, {"q": "word = 'hello'\n!echo {word}; echo there >&2\nx = 1"})
    assert result.verdicts[0].status == "passed", result.verdicts[0].message
    printed = {output["name"]: output["text"] for output in result.outputs["q"]}
    assert printed == {"stdout": "hello\n", "stderr": "there\n"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            """\
import keras
class Net(keras.Model):
    "Puts itself together."
    def __init__(self, side):
        i = keras.Input((side, side, 3))
        x = keras.layers.MaxPooling2D()(keras.layers.Conv2D(2, 3, padding="same")(i))
        super().__init__(i, x)
        self.side = side
build = Net
""",
            id="a class that builds a functional model",
        ),
        pytest.param(
            """\
import keras
def build(side):
    i = keras.Input((side, side, 3))
    x = keras.activations.relu(keras.layers.Conv2D(2, 3, padding="same")(i))
    return keras.Model(i, keras.layers.MaxPooling2D()(x))
""",
            id="an activation that is called as a function",
        ),
    ],
)
def test_a_model_is_rebuilt_however_it_was_put_together(keras_judge, answer):
    verdict = keras_judge.one(answer, SHAPES, FUNCTIONAL)
    assert verdict.status == "passed", verdict.message


@pytest.mark.slow
def test_a_class_that_changes_what_its_model_says_is_not_taken_for_a_plain_one(keras_judge):
    answer = """\
import keras
class Net(keras.Model):
    def __init__(self, side):
        i = keras.Input((side,))
        super().__init__(i, keras.layers.Dense(1)(i))
    def count_params(self):
        return 56
build = Net
"""
    verdict = keras_judge.one(answer, "assert build(3).count_params() == 56", FUNCTIONAL)
    assert verdict.status == "passed", verdict.message  # a handle: it says what the student's class says
