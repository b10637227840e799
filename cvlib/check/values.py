"""Check one value: shape, type, range, numbers."""

import numpy as np

from cvlib.check.compare import ATOL, RTOL, difference, shape_cause
from cvlib.check.report import CheckFailed, describe, to_numpy

KINDS = {"float": "f", "integer": "iu", "boolean": "b", "number": "iuf"}


def shape(value, expected, name="your value", on=None, hint=None, read=None):
    """Check the shape of an array, a tensor or nested lists.

    Args:
        value: what to check.
        expected: tuple of lengths; None for an axis that may have any length.
        name: of the value, for the message.
        on: the input that it came from.
        hint: the likely cause; by default a guess from the two shapes.
        read: where to read.

    Raises:
        CheckFailed: if the shape is another one.
    """
    array = _numbers(value, name, on, hint, read)
    fits = array.ndim == len(expected) and all(
        want is None or length == want for length, want in zip(array.shape, expected)
    )
    if not fits:
        written = tuple(length if want is None else want for length, want in zip(array.shape, expected))
        likely = hint or shape_cause(array.shape, written if len(written) == len(expected) else expected)
        raise CheckFailed(f"{name} has the wrong shape", on, _shape(expected), f"{array.shape}", likely, read)


def dtype(value, expected, name="your value", on=None, hint=None, read=None):
    """Check the type of the numbers in an array, a tensor or nested lists.

    Args:
        value: what to check.
        expected: `"float"`, `"integer"`, `"boolean"` or `"number"` for a family; or one NumPy type, such as
            `"uint8"`, where it matters.
        name: of the value, for the message.
        on: the input that it came from.
        hint: the likely cause.
        read: where to read.

    Raises:
        CheckFailed: if the type is another one.
    """
    array = _numbers(value, name, on, hint, read)
    if expected in KINDS:
        if array.dtype.kind not in KINDS[expected]:
            article = "an" if expected == "integer" else "a"
            raise CheckFailed(
                f"{name} has the wrong type", on, f"{article} {expected} type", array.dtype.name, hint, read
            )
    elif array.dtype != np.dtype(expected):
        raise CheckFailed(
            f"{name} has the wrong type", on, np.dtype(expected).name, array.dtype.name, hint, read
        )


def within(value, low, high, name="your value", on=None, hint=None, read=None):
    """Check that every number lies in [low, high].

    Args:
        value: what to check.
        low: least value allowed.
        high: greatest value allowed.
        name: of the value, for the message.
        on: the input that it came from.
        hint: the likely cause; by default a guess for pictures that were not divided by 255, or were twice.
        read: where to read.

    Raises:
        CheckFailed: if a value lies outside, or is NaN.
    """
    array = _numbers(value, name, on, hint, read)
    if array.size == 0:
        raise CheckFailed(f"{name} is empty", on, f"values from {low:g} to {high:g}", "none", hint, read)
    slack = 1e-6 * max(1.0, abs(low), abs(high))
    least, most = float(array.min()), float(array.max())
    if np.isnan(least) or least < low - slack or most > high + slack:
        if hint is None and (low, high) == (0, 1) and 1 < most <= 255 and least >= 0:
            hint = "pixel values from 0 to 255: rescale=1/255 is missing."
        got = "NaN" if np.isnan(least) else f"values from {least:.4g} to {most:.4g}"
        raise CheckFailed(
            f"{name}: some values are out of range", on, f"values from {low:g} to {high:g}", got, hint, read
        )


def close(
    value,
    expected,
    name="your value",
    on=None,
    hint=None,
    read=None,
    misconceptions=None,
    rtol=RTOL,
    atol=ATOL,
    exact_shape=False,
):
    """Check a value against the right one, however it is written, and name a known mistake.

    Lists, tuples, arrays and tensors count alike, in any float or integer type, and (N,) counts as (N, 1).

    Args:
        value: what to check.
        expected: the right value: number, text, array, or list, tuple or dict of these. It is never shown.
        name: of the value, for the message.
        on: the input that it came from.
        hint: the likely cause, where no misconception is recognised.
        read: where to read.
        misconceptions: dict from the name of a known mistake to `(wrong value, hint)`.
        rtol: relative tolerance.
        atol: absolute tolerance.
        exact_shape: whether axes of length 1 matter.

    Raises:
        CheckFailed: if the value differs.

    Example:
        >>> close([0.5, 0.25], np.array([[0.5], [0.25]]))
    """
    options = {"rtol": rtol, "atol": atol, "exact_shape": exact_shape}
    found = difference(value, expected, **options)
    if found is None:
        return
    likely = hint or found.likely
    for title, (wrong, advice) in (misconceptions or {}).items():
        if difference(value, wrong, **options) is None:
            likely = f"{title}: {advice}"
            break
    raise CheckFailed(f"{name} {found.problem}", on, found.expected, describe(value), likely, read)


def at_least(value, threshold, name="your value", on=None, hint=None, read=None):
    """Check that one number reaches a threshold that the student may know, such as an accuracy.

    Args:
        value: the number.
        threshold: least value allowed.
        name: of the value, for the message.
        on: what it was measured on.
        hint: the likely cause.
        read: where to read.

    Raises:
        CheckFailed: if the number is below the threshold or NaN.
    """
    array = _numbers(value, name, on, hint, read)
    if array.size != 1 or not float(array.reshape(())) >= threshold:
        got = f"{float(array.reshape(())):.3g}" if array.size == 1 else describe(value)
        raise CheckFailed(f"{name} is too low", on, f"at least {threshold:g}", got, hint, read)


def _numbers(value, name, on, hint, read):
    if value is None:
        raise CheckFailed(
            f"{name} is None", on, "numbers", "None", hint or "the function ends without `return`.", read
        )
    if value is Ellipsis:
        raise CheckFailed(
            f"{name} is not there yet", on, "numbers", "…", "replace the … and run again.", read
        )
    array = to_numpy(value)
    if array is None:
        raise CheckFailed(
            f"{name} does not consist of numbers, or its rows differ in length",
            on,
            "an array",
            describe(value),
            hint,
            read,
        )
    return array


def _shape(expected):
    lengths = ["any" if want is None else str(want) for want in expected]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"
