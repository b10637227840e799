"""Numbers as the files write them: exact in decimals, so that a round trip changes nothing."""

import math
from decimal import Decimal, localcontext

YES, NO = ("1", "true", "yes"), ("0", "false", "no", "", "none")


def number(text, what):
    """A finite float from the text of a file.

    Raises:
        ValueError: naming `what`, if it is missing or no finite number.
    """
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(text, bool) or not math.isfinite(value) or (isinstance(text, str) and "_" in text):
        raise ValueError(f"{what} must be a number, got {'nothing' if text in (None, '') else repr(text)}")
    return value


def whole(text, what):
    """An int from the text of a file; 640.0 is 640.

    Raises:
        ValueError: naming `what`, if it is no whole number.
    """
    value = number(text, what)
    if not value.is_integer():
        raise ValueError(f"{what} must be a whole number, got {text!r}")
    return int(value)


def flag(text, what):
    """A bool from the text of a file: 0, 1, true, false, yes, no.

    Raises:
        ValueError: naming `what`, if it is none of them.
    """
    word = str(text).strip().lower()
    if word not in YES + NO:
        raise ValueError(f"{what} must be 0 or 1, got {text!r}")
    return word in YES


def written(value, decimals=None):
    """A number as text: the shortest that reads back the same, or rounded; 5.0 is 5."""
    if decimals is not None:
        text = f"{value:.{decimals}f}"
        return "0" if float(text) == 0 and decimals == 0 else text
    value = float(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def plus(a, b, sign=1):
    """`a + sign·b` of two numbers as they are written in decimals, rounded once: 61.87 + 296.42 = 358.29."""
    with localcontext() as context:
        context.prec = 700
        return float(Decimal(repr(float(a))) + sign * Decimal(repr(float(b))))


def plus_text(a, b):
    """`a + b` as decimal text, not rounded at all."""
    with localcontext() as context:
        context.prec = 700
        total = (Decimal(repr(float(a))) + b).normalize()
        text = format(total, "f")
        return text if len(text) < 40 else str(total)


def minus_text(text, b):
    """The number in `text`, less `b`, rounded once."""
    with localcontext() as context:
        context.prec = 700
        return float(Decimal(text) - b)
