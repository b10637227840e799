import subprocess
import sys
import warnings

import numpy as np
import pytest

from cvlib import check
from cvlib.check import CheckFailed


def said(function, *arguments, **keywords):
    """The message of a check that must fail."""
    with pytest.raises(CheckFailed) as caught:
        function(*arguments, **keywords)
    return " ".join(str(caught.value).split())


class Tensor:
    """Stands for a TensorFlow tensor: an array behind `__array__`."""

    def __init__(self, values):
        self.values = np.asarray(values)

    @property
    def shape(self):
        return self.values.shape

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


FORMS = [
    [0.25, 0.5, 1.0],
    (0.25, 0.5, 1.0),
    np.array([0.25, 0.5, 1.0]),
    np.array([0.25, 0.5, 1.0], np.float32),
    np.array([[0.25], [0.5], [1.0]]),
    Tensor([0.25, 0.5, 1.0]),
    [np.float32(0.25), np.float64(0.5), 1],
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: type(form).__name__)
def test_right_values_pass_however_they_are_written(form):
    check.close(form, [0.25, 0.5, 1.0])


def test_a_column_differs_from_a_row_where_the_question_fixes_the_shape():
    assert "has shape (3, 1)" in said(check.close, [[1], [2], [3]], [1, 2, 3], exact_shape=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({0: 0.5, 1: 2}, {0: 0.5, 1: 2.0}),
        ({np.int64(0): np.float32(0.5), 1.0: 2.0}, {0: 0.5, 1: 2.0}),
        ([[0.5, 0.25], "cat"], (np.array([0.5, 0.25]), "cat")),
        (True, True),
        (np.bool_(False), False),
        ([], np.zeros(0)),
    ],
)
def test_dictionaries_texts_and_nested_values_compare_by_content(value, expected):
    check.close(value, expected)


@pytest.mark.parametrize(
    ("value", "expected", "words"),
    [
        (None, 3, "ends without `return`"),
        (..., 3, "not written yet"),
        ("three", 3, "does not consist of numbers"),
        ([[1, 2], [3]], np.ones((2, 2)), "rows have different lengths"),
        ({0: 1}, {0: 1, 1: 2}, "has no entry 1"),
        ({0: 1, 1: 2, 2: 3}, {0: 1, 1: 2}, "an entry too many: 2"),
        (3, {0: 1}, "is not a dictionary"),
        ("dog", "cat", "is another text"),
        (np.nan, 0.5, "a division by zero"),
        (np.arange(6).reshape(3, 2), np.arange(6).reshape(2, 3), "the axes are in another order"),
        (np.arange(9).reshape(3, 3).T, np.arange(9).reshape(3, 3), "rows and columns are swapped"),
        ([[[1, 2]]], [[3, 4]], "is another number"),
        (np.ones((2, 2)) * 255, np.ones((2, 2)), "off by a factor of 255"),
        (50.0, 0.5, "per cent against shares"),
        (-0.7, 0.7, "the sign is the wrong way round"),
        ([3, 2, 1], [1, 2, 3], "the order is the wrong way round"),
        ([2, 3, 1], [1, 2, 3], "the right values in the wrong order"),
        (0.33, 1 / 3, "rounded: keep full precision"),
        ([1, 2, 3, 5], [1, 2, 3, 4], "differs in 1 of 4 values, first at [3]"),
    ],
)
def test_a_wrong_value_is_told_with_its_likely_cause(value, expected, words):
    if words == "is another number":
        words = "differs everywhere"
    assert words in said(check.close, value, expected)


def test_a_message_holds_all_parts_and_never_the_answer():
    message = said(
        check.close,
        0.4321,
        0.8765,
        "precision([[8, 2], [1, 9]])",
        on="the matrix above",
        misconceptions={"recall": (0.4321, "recall divides by the row.")},
        read="lesson 06",
    )
    for part in (
        "precision([[8, 2], [1, 9]]) is another number",
        "on the matrix above",
        "expected one number",
        "got 0.4321",
        "likely recall: recall divides by the row.",
        "read lesson 06",
    ):
        assert part in message
    assert "8765" not in message


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([5 / 6, 0.75], "got [0.8333, 0.75]"),
        ([[1, -10], [100, 0]], "got [[1, -10], [100, 0]]"),
        (np.zeros((2, 1, 3), int), "got [[[0, 0, 0]], [[0, 0, 0]]]"),
        ([6 / 7, np.nan], "got [0.8571, nan]"),
    ],
)
def test_a_small_array_is_shown_as_one_would_write_it(value, words):
    assert words in said(check.close, value, "a text")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((np.ones((4, 4, 3)), (1, 4, 4, 3))), "the batch axis in front is missing"),
        (((np.ones((1, 4, 4, 3)), (4, 4, 3))), "a batch axis of length 1 too many"),
        (((np.ones((2, 3, 8, 8)), (None, 8, 8, 3))), "the axes are in another order"),
        (((np.ones((2, 5)), (2,))), "expected (2,)"),
        (((None, (2,))), "ends without `return`"),
    ],
)
def test_a_wrong_shape_is_told_with_its_likely_cause(arguments, words):
    assert words in said(check.shape, *arguments)


def test_shapes_with_free_axes_pass():
    check.shape(np.ones((7, 8, 8, 3)), (None, 8, 8, 3))
    check.shape([1, 2], (2,))
    check.shape(3.0, ())


@pytest.mark.parametrize(
    ("value", "kind", "fits"),
    [
        (np.ones(2, np.float16), "float", True),
        ([0.5], "float", True),
        ([1], "float", False),
        (np.ones(2, np.uint8), "integer", True),
        ([True], "integer", False),
        ([True], "boolean", True),
        (np.ones(2), "uint8", False),
        (np.ones(2, np.uint8), "uint8", True),
    ],
)
def test_types_are_families_unless_one_is_named(value, kind, fits):
    if fits:
        check.dtype(value, kind)
    else:
        assert "has the wrong type" in said(check.dtype, value, kind)


def test_pixels_from_0_to_255_are_recognised():
    check.within(np.array([0.0, 1.0, 1.0 + 1e-9]), 0, 1)
    assert "rescale=1/255 is missing" in said(check.within, np.array([0.0, 200.0]), 0, 1)
    assert "from -0.5 to 0.5" in said(check.within, [-0.5, 0.5], 0, 1)
    assert "got NaN" in said(check.within, [np.nan, 0.5], 0, 1)
    assert "is empty" in said(check.within, [], 0, 1)


def test_a_threshold_is_told_and_nan_does_not_reach_it():
    check.at_least(0.9, 0.9)
    assert "at least 0.9" in said(check.at_least, 0.8, 0.9, "the accuracy")
    assert "too low" in said(check.at_least, np.nan, 0.9)


def size(length, kernel):
    return length - kernel + 1


MISTAKES = {
    "one short": (lambda length, kernel: length - kernel, "count the first place too."),
    "padded": (lambda length, kernel: length, "nothing is padded here."),
    "fails": (lambda length, kernel: 1 / 0, "it divides by zero."),
}
CASES = [(28, 5), (9, 3), (7, 1)]


@pytest.mark.parametrize(
    ("student", "words"),
    [
        (lambda length, kernel: length - kernel, "one short: count the first place too."),
        (lambda length, kernel: [length], "padded: nothing is padded here."),
        (lambda length, kernel: length / 0, "fails: it divides by zero."),
        (lambda length, kernel: None, "ends without `return`"),
        (lambda length, kernel: -size(length, kernel), "the sign is the wrong way round"),
        (lambda length: length, "TypeError"),
        (3, "is not a function"),
    ],
)
def test_a_known_mistake_is_named(student, words):
    assert words in said(check.same_function, student, size, CASES, MISTAKES, name="output_size")


def test_a_mistake_is_named_only_if_it_explains_every_input():
    def sometimes(length, kernel):
        return length - kernel if length == 28 else size(length, kernel)

    message = said(check.same_function, sometimes, size, CASES, MISTAKES)
    assert "one short" not in message
    assert "sometimes(28, 5)" in message


def test_right_functions_pass_in_silence(capfd):
    def loud(length, kernel):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        print("to stderr", file=sys.stderr)
        return np.float32(length) - kernel + 1 + 0 * np.log(np.zeros(1))[0].clip(0)

    check.same_function(loud, size, CASES, MISTAKES)
    check.same_function(lambda length, kernel: size(length, kernel), size, [{"length": 4, "kernel": 2}])
    check.same_function(lambda values: sorted(values), np.sort, [np.array([3, 1, 2])])
    assert capfd.readouterr().err == ""


def test_a_function_cannot_change_the_input_of_the_next_call():
    def spoils(values):
        values += 1
        return values.sum() - values.size

    check.same_function(spoils, np.sum, [np.arange(3.0)] * 2)


def test_an_error_shows_the_students_own_line():
    def divides(length, kernel):
        return length / (kernel - kernel)

    message = said(check.same_function, divides, size, CASES)
    assert "ZeroDivisionError" in message
    assert "`return length / (kernel - kernel)`" in message
    assert "divides(28, 5)" in message


def test_what_is_not_written_yet_is_said_so():
    def empty(length, kernel):
        raise NotImplementedError

    assert "empty is not written yet" in said(check.same_function, empty, size, CASES)
    assert "empty is not written yet" in said(check.raises, ValueError, empty, (1, 2))


def test_raises_wants_the_error_asked_for():
    def refuses(value):
        raise ValueError(value)

    check.raises(ValueError, refuses, 3)
    check.raises((KeyError, ValueError), refuses, 3)
    assert "expected KeyError" in said(check.raises, KeyError, refuses, 3)
    assert "got 4" in said(check.raises, ValueError, lambda value: value + 1, 3)


def test_a_question_frames_its_checks(capfd):
    with check.question("Heat map", read="lesson 10"):
        warnings.warn("nobody sees this", stacklevel=1)
        print("nor this", file=sys.stderr)

    def framed(body):
        with check.question("Heat map", read="lesson 10"):
            body()

    def missing():
        return heat_map  # noqa: F821

    def asserts():
        assert 1 == 2, "one is not two"

    assert "read lesson 10" in said(framed, lambda: check.close(1, 2))
    assert "`heat_map` does not exist" in said(framed, missing)
    assert "one is not two" in said(framed, asserts)
    message = said(framed, lambda: {"secret key": 1}["other"])
    assert "Heat map stops with an error" in message
    assert "secret" not in message
    assert capfd.readouterr().err == ""


def test_in_a_notebook_only_the_message_is_shown():
    error = CheckFailed("heat: out of range", got="3")
    lines = error._render_traceback_()
    assert lines[0].endswith("heat: out of range\x1b[0m")
    assert not any("Traceback" in line or "File" in line for line in lines)


def write(path, rows, header="file,probability"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


FILES = ["a.jpg", "b.jpg", "c.jpg"]


def test_predictions_are_read_in_the_order_asked_for(tmp_path):
    path = write(tmp_path / "p.csv", ["c.jpg,0.3", "a.jpg, 0.1", "b.jpg,[0.2]"])
    assert check.predictions_file(path, FILES).tolist() == [0.1, 0.2, 0.3]
    path.write_bytes("﻿file,other,probability\r\na.jpg,x,0\r\nb.jpg,x,1\r\nc.jpg,x,1e-3\r\n".encode())
    assert check.predictions_file(path, FILES).tolist() == [0, 1, 0.001]


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        (["a.jpg,0.1", "b.jpg,0.2"], "file,probability", "no row for 1 images, first 'c.jpg'"),
        (["a.jpg,0.1", "a.jpg,0.2"], "file,probability", "row 3 of p.csv: 'a.jpg' is there twice"),
        (["d.jpg,0.1"], "file,probability", "row 2 of p.csv: 'd.jpg' is not a test image"),
        (["a.jpg,1.5"], "file,probability", "row 2 of p.csv is out of range"),
        (["a.jpg,nan"], "file,probability", "out of range"),
        (["a.jpg,mask"], "file,probability", "row 2 of p.csv holds no number"),
        (["a.jpg"], "file,probability", "holds no number"),
        (["a.jpg,0.1"], "name,score", "the columns name,score"),
        ([], "", "has other columns"),
    ],
)
def test_a_bad_row_of_predictions_is_named(tmp_path, rows, header, words):
    assert words in said(check.predictions_file, write(tmp_path / "p.csv", rows, header), FILES)


def test_other_files_than_predictions_are_refused(tmp_path):
    assert "was not run" in said(check.predictions_file, tmp_path / "none.csv", FILES)
    (tmp_path / "p.csv").write_bytes(b"\xff\xfe\x00\x01" * 4)
    assert "is not a CSV" in said(check.predictions_file, tmp_path / "p.csv", FILES)
    (tmp_path / "p.csv").write_bytes(b"file,probability\n" + b"a" * 1_000_001)
    assert "too large" in said(check.predictions_file, tmp_path / "p.csv", FILES)


def unwritten(x): ...


def returns_ellipsis(x):
    return ...


def assigns_ellipsis(x):
    result = ...
    return [result, x]


def crops(x):
    return x[..., 0]


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (..., "Not answered yet: replace the … and run again."),
        ((3, ...), "Not answered yet: replace the … and run again."),
        ({"a": ...}, "Not answered yet: replace the … and run again."),
        (unwritten, "Not answered yet: replace the … and run again."),
        (returns_ellipsis, "Not answered yet: replace the … and run again."),
        (assigns_ellipsis, "Not answered yet: replace the … and run again."),
        (448, "Right."),
        (np.int64(448), "Right."),
        (432, "Not yet. biases"),
        (np.array(432.0), "Not yet. biases"),
        (2000, "Not yet. too many"),
        (7, "Not yet. count again"),
        ("many", "Not yet. count again"),
        (None, "Not yet. count again"),
        ([1, 2], "Not yet. count again"),
    ],
)
def test_an_exercise_prints_one_line_and_never_stops(value, printed, capfd):
    hints = {432: "biases", (lambda value: value > 1000): "too many", "otherwise": "count again"}
    check.answer(value, lambda value: value == 448, hints)
    out, err = capfd.readouterr()
    assert out == printed + "\n"
    assert err == ""


def test_an_exercise_may_ask_for_a_function_a_text_or_an_array(capsys):
    check.answer(crops, lambda f: f(np.ones((2, 3))) == [1, 1], "…")
    check.answer(" Stride ", lambda v: v.strip().lower() == "stride", "…")
    check.answer([1, 2], lambda v: np.asarray(v) == [1, 2], "…")
    check.answer("Padding", lambda v: v == "stride", {"padding": "the other one"})
    assert capsys.readouterr().out == "Right.\nRight.\nRight.\nNot yet. the other one\n"


def test_check_does_not_import_tensorflow():
    code = (
        "import sys; from cvlib import check; print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
