"""Compare an answer with the right one, however it is written, and guess what went wrong."""

import numbers
from dataclasses import dataclass

import numpy as np

from cvlib.check.report import describe, to_numpy

RTOL = 1e-4
ATOL = 1e-5


@dataclass(frozen=True)
class Difference:
    """How an answer differs from the right one, without giving the right one away.

    Attributes:
        problem: a few words that go after the name of what was tested.
        expected: the kind of value expected.
        likely: the likely cause, or None.
    """

    problem: str
    expected: str
    likely: str | None = None


def difference(actual, expected, rtol=RTOL, atol=ATOL, exact_shape=False):
    """The first difference between an answer and the right value, or None if there is none.

    Lists, tuples, arrays and tensors of any float or integer type count as equal when their numbers are; so
    do (N,) and (N, 1), unless `exact_shape`. Dictionaries compare by key, other sequences item by item.

    Args:
        actual: the answer.
        expected: number, text, array, or list, tuple or dict of these.
        rtol: relative tolerance.
        atol: absolute tolerance.
        exact_shape: whether axes of length 1 matter.

    Returns:
        A `Difference` or None.
    """
    if actual is None:
        return Difference("is None", kind_of(expected), "the function ends without `return`.")
    if actual is Ellipsis:
        return Difference("is still …", kind_of(expected), "not written yet: replace the … and run again.")
    options = {"rtol": rtol, "atol": atol, "exact_shape": exact_shape}
    if isinstance(expected, dict):
        return _different_dict(actual, expected, options)
    if isinstance(expected, str):
        return _different_text(actual, expected)
    right = to_numpy(expected)
    if right is None:
        return _different_sequence(actual, expected, options)
    return _different_array(actual, right, **options)


def kind_of(expected):
    """What kind of value is expected, in words.

    Example:
        >>> kind_of(3), kind_of(0.5), kind_of(np.zeros((7, 7)))
        ('one whole number', 'one number', 'numbers of shape (7, 7)')
    """
    if isinstance(expected, dict):
        keys = ", ".join(describe(key) for key in list(expected)[:8])
        return f"a dictionary with the keys {keys}" + (", …" if len(expected) > 8 else "")
    if isinstance(expected, str):
        return "a text"
    array = to_numpy(expected)
    if array is None:
        return f"{len(expected)} values: " + ", ".join(kind_of(item) for item in list(expected)[:4])
    if array.ndim == 0:
        return {"b": "True or False", "f": "one number"}.get(array.dtype.kind, "one whole number")
    whole = "whole numbers" if array.dtype.kind in "iu" else "numbers"
    return f"{whole} of shape {array.shape}"


def _different_dict(actual, expected, options):
    if not hasattr(actual, "items"):
        return Difference("is not a dictionary", kind_of(expected))
    found = {_plain(key): value for key, value in actual.items()}
    wanted = {_plain(key): value for key, value in expected.items()}
    missing = [key for key in wanted if key not in found]
    extra = [key for key in found if key not in wanted]
    if missing:
        return Difference(f"has no entry {describe(missing[0])}", kind_of(expected))
    if extra:
        return Difference(f"has an entry too many: {describe(extra[0])}", kind_of(expected))
    for key, value in wanted.items():
        found_difference = difference(found[key], value, **options)
        if found_difference:
            return Difference(
                f"at {describe(key)} {found_difference.problem}",
                found_difference.expected,
                found_difference.likely,
            )
    return None


def _plain(key):
    """A dictionary key as plain Python: np.int64(1) and 1.0 are 1."""
    if isinstance(key, numbers.Real):
        return int(key) if key == int(key) else float(key)
    return key.item() if isinstance(key, np.generic) else key


def _different_text(actual, expected):
    if not isinstance(actual, str):
        return Difference("is not a text", "a text")
    return None if str(actual) == expected else Difference("is another text", "a text")


def _different_sequence(actual, expected, options):
    try:
        items = list(actual)
    except TypeError:
        return Difference("is a single value", kind_of(expected))
    if len(items) != len(expected):
        return Difference(f"has {len(items)} values", kind_of(expected))
    for number, (item, wanted) in enumerate(zip(items, expected)):
        found = difference(item, wanted, **options)
        if found:
            return Difference(f"value {number} {found.problem}", found.expected, found.likely)
    return None


def _different_array(actual, right, rtol, atol, exact_shape):
    kind = kind_of(right)
    array = to_numpy(actual)
    if array is None:
        return Difference("does not consist of numbers, or its rows have different lengths", kind)
    if array.shape != right.shape and (exact_shape or _squeezed(array) != _squeezed(right)):
        return Difference(f"has shape {array.shape}", kind, shape_cause(array.shape, right.shape))
    array = array.reshape(right.shape)
    close = np.isclose(array, right, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    if array.dtype.kind == "f" and np.isnan(array).any() and not np.isnan(right.astype(float)).any():
        return Difference("contains NaN", kind, "a division by zero, or the logarithm of zero.")
    return Difference(_where(close), kind, value_cause(array, right, rtol, atol))


def _squeezed(array):
    return tuple(length for length in array.shape if length != 1)


def _where(close):
    if close.ndim == 0 or close.size == 1:
        return "is another number"
    wrong = np.argwhere(~close)
    if len(wrong) == close.size:
        return f"differs everywhere ({close.size} of {close.size} values)"
    first = ", ".join(str(i) for i in wrong[0])
    return f"differs in {len(wrong)} of {close.size} values, first at [{first}]"


def shape_cause(actual, expected):
    """The likely reason for a wrong shape, or None."""
    if actual == (1, *expected):
        return "there is a batch axis of length 1 too many in front."
    if (1, *actual) == expected or actual == tuple(expected)[1:]:
        return "the batch axis in front is missing: `image[None]` adds one."
    if len(actual) == len(expected) and sorted(actual) == sorted(expected):
        return "the axes are in another order (transposed?)."
    return None


def value_cause(actual, expected, rtol=RTOL, atol=ATOL):
    """The likely reason why numbers of the right shape are wrong, or None."""
    actual, expected = np.asarray(actual, float), np.asarray(expected, float)

    def same(a, b):
        return a.shape == b.shape and np.allclose(a, b, rtol=rtol, atol=atol)

    if not np.abs(expected).max() > atol:
        return None
    if same(actual, -expected):
        return "the sign is the wrong way round."
    for factor, reason in ((255, "pixel values scaled by 255"), (100, "per cent against shares")):
        if same(actual, expected * factor) or same(actual * factor, expected):
            return f"off by a factor of {factor}: {reason}?"
    if actual.ndim == 2 and same(actual.T, expected):
        return "rows and columns are swapped."
    if actual.ndim == 1 and actual.size > 2 and same(actual[::-1], expected):
        return "the order is the wrong way round."
    if actual.ndim >= 1 and actual.size > 2 and same(np.sort(actual, None), np.sort(expected, None)):
        return "the right values in the wrong order."
    if any(same(actual, np.round(expected, digits)) for digits in (1, 2, 3)):
        return "rounded: keep full precision and round only when printing."
    return None
