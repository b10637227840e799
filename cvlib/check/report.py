"""What a failed check says, and how it is shown."""

import re
import textwrap
import traceback
import warnings

import numpy as np

WIDTH = 100  # columns of the message, so that it reads well in a notebook and on a feedback page
LABEL = 10


class CheckFailed(AssertionError):
    """A failed check, told as a student can use it.

    In a notebook only the message is shown, without a traceback: the frames of the test say nothing about the
    student's code, and under nbgrader they would print hidden tests.

    Args:
        problem: one line: what was tested and what is wrong with it.
        on: the input it was tested on.
        expected: what kind of value was expected. Never the value itself.
        got: what came instead.
        likely: the likely cause.
        read: where to read about it.

    Example:
        >>> print(CheckFailed("heat: some values are below 0", expected="0 to 1", got="-0.3 to 1"))
        heat: some values are below 0
          expected  0 to 1
          got       -0.3 to 1
    """

    def __init__(self, problem, on=None, expected=None, got=None, likely=None, read=None):
        super().__init__(problem)
        self.problem = problem
        self.on = on
        self.expected = expected
        self.got = got
        self.likely = likely
        self.read = read

    def __str__(self):
        lines = textwrap.wrap(str(self.problem), WIDTH) or [""]
        for label in ("on", "expected", "got", "likely", "read"):
            text = getattr(self, label)
            if text:
                lines += textwrap.wrap(
                    str(text),
                    WIDTH,
                    initial_indent=f"  {label:<{LABEL}}",
                    subsequent_indent=" " * (LABEL + 2),
                    break_long_words=False,
                    break_on_hyphens=False,
                )
        return "\n".join(lines)

    def _render_traceback_(self):  # IPython shows these lines in place of a traceback
        first, *rest = str(self).split("\n")
        return [f"\x1b[1;31m✗ {first}\x1b[0m", *rest]


def describe(value):
    """A value in a few words: small ones as they are, large ones by kind, shape and range.

    Example:
        >>> describe(3)
        '3'
        >>> describe(np.zeros((2, 64, 64, 3), np.float32))
        'float32 array of shape (2, 64, 64, 3), all values 0'
    """
    if value is None or isinstance(value, (bool, int, complex, type)):
        return repr(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else repr(value[:57] + "…")
    if isinstance(value, dict):
        if len(value) > 8:
            return f"dictionary with {len(value)} entries"
        return "{" + ", ".join(f"{describe(k)}: {describe(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)) and not _numeric(value):
        if len(value) > 8:
            return f"{value.__class__.__name__} of {len(value)} values"
        inside = ", ".join(describe(item) for item in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if hasattr(value, "shape") or isinstance(value, (list, tuple)):
        array = to_numpy(value)
        if array is not None:
            return _describe_array(array, value)
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__}"
    return f"an object of type {value.__class__.__name__}"


def to_numpy(value):
    """A value as a plain NumPy array of numbers, or None where it is none (text, ragged lists, objects)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some tensors convert in a way that NumPy calls old
            array = np.array(value, subok=False)
    except Exception:  # a ragged list, or an object whose conversion fails
        return None
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind == "V" and array.dtype.name == "bfloat16":
        return array.astype(np.float32)
    return None


def _numeric(sequence):
    return len(sequence) > 0 and to_numpy(sequence) is not None


def _describe_array(array, value):
    if array.ndim == 0:
        return f"{array.item():.6g}" if array.dtype.kind == "f" else repr(array.item())
    if array.size == 0:
        return f"empty array of shape {array.shape}"
    if array.size <= 12:
        written = np.array2string(array, separator=", ", precision=4, suppress_small=True)
        return re.sub(r"\s+(?=[\],])|(?<=\[)\s+", "", " ".join(written.split()))  # NumPy pads to columns
    kind = "list" if isinstance(value, (list, tuple)) else f"{array.dtype.name} array"
    if array.dtype.kind == "f" and np.isnan(array).any():
        return f"{kind} of shape {array.shape}, {int(np.isnan(array).sum())} of its values NaN"
    low, high = array.min().item(), array.max().item()
    values = f"all values {low:.4g}" if low == high else f"values from {low:.4g} to {high:.4g}"
    return f"{kind} of shape {array.shape}, {values}"


def failed_call(name, error, on=None, expected=None, likely=None, read=None, show_line=True):
    """The `CheckFailed` for an exception out of the student's code."""
    if isinstance(error, NotImplementedError):
        return CheckFailed(
            f"{name} is not written yet",
            on,
            expected,
            None,
            "write your code, run its cell, then this one.",
            read,
        )
    where = own_line(error) if show_line else None
    got = error_text(error) + (f" in `{where}`" if where else "")
    return CheckFailed(f"{name} stops with an error", on, expected, got, likely, read)


def error_text(error):
    """An exception in one line."""
    text = " ".join(str(error).split())
    return f"{error.__class__.__name__}: {text[:200]}" if text else error.__class__.__name__


def own_line(error):
    """The last line of the student's own code that the error passed through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = frame.filename.replace("\\", "/")
        if "site-packages" not in path and "/cvlib/check/" not in path and "/lib/python" not in path:
            return (frame.line or "").strip()
    return None
