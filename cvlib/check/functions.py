"""Check a function: against the reference on many inputs, and for the errors that it must raise."""

import copy
from dataclasses import dataclass

from cvlib.check.compare import ATOL, RTOL, difference, kind_of
from cvlib.check.framing import quiet
from cvlib.check.report import CheckFailed, describe, error_text, failed_call


@dataclass(frozen=True)
class _Outcome:
    """What a call gave: a value, or the exception that it raised."""

    value: object = None
    error: Exception | None = None


def same_function(
    student,
    reference,
    inputs,
    misconceptions=None,
    name=None,
    hint=None,
    read=None,
    rtol=RTOL,
    atol=ATOL,
    exact_shape=False,
):
    """Check that a function gives what the reference gives, and recognise known mistakes by their values.

    Every call gets a copy of the input. What the student's function writes to stderr is held back, so that a
    warning costs nothing.

    Args:
        student: the function to check.
        reference: a function that gives the right values. Neither it nor its values are ever shown.
        inputs: list of inputs; each a tuple of arguments, a dict of keyword arguments, or one argument.
        misconceptions: dict from the name of a known mistake to `(wrong_formula, hint)`. A mistake is named
            where its formula gives what the student's function gave, on every input (or fails like it), and
            the reference does not.
        name: of the function; by default its own.
        hint: the likely cause, where no misconception is recognised.
        read: where to read.
        rtol: relative tolerance.
        atol: absolute tolerance.
        exact_shape: whether axes of length 1 matter.

    Raises:
        CheckFailed: at the first input with another result.

    Example:
        >>> same_function(lambda n: n * n, lambda n: n**2, [2, 3, -1])
    """
    name = name or getattr(student, "__name__", "your function")
    options = {"rtol": rtol, "atol": atol, "exact_shape": exact_shape}
    if not callable(student):
        raise CheckFailed(f"{name} is not a function", None, "a function", describe(student), hint, read)
    for given in inputs:
        outcome = _call(student, given)
        right = _call(reference, given)
        if right.error is not None:
            raise right.error  # a fault of the test, not of the student
        found = None if outcome.error else difference(outcome.value, right.value, **options)
        if outcome.error is None and found is None:
            continue
        likely = _recognise(student, reference, inputs, misconceptions or {}, options) or hint
        if outcome.error is not None:
            raise _raised(name, given, outcome.error, right.value, likely, read) from None
        raise CheckFailed(
            f"{name}: the result {found.problem}",
            call_text(name, given),
            found.expected,
            describe(outcome.value),
            likely or found.likely,
            read,
        )


def raises(error, student, given=(), name=None, hint=None, read=None):
    """Check that a function refuses an input with the error asked for.

    Args:
        error: the exception class, or a tuple of them.
        student: the function to check.
        given: the input: a tuple of arguments, a dict of keyword arguments, or one argument.
        name: of the function; by default its own.
        hint: the likely cause.
        read: where to read.

    Raises:
        CheckFailed: if the function accepts the input, or raises another error.

    Example:
        >>> raises(ZeroDivisionError, lambda a, b: a / b, (1, 0))
    """
    name = name or getattr(student, "__name__", "your function")
    wanted = " or ".join(kind.__name__ for kind in (error if isinstance(error, tuple) else (error,)))
    outcome = _call(student, given)
    if isinstance(outcome.error, error):
        return
    if isinstance(outcome.error, NotImplementedError):
        raise _raised(name, given, outcome.error, None, hint, read)
    got = describe(outcome.value) if outcome.error is None else error_text(outcome.error)
    raise CheckFailed(
        f"{name} does not refuse a wrong input", call_text(name, given), wanted, got, hint, read
    )


def call_text(name, given):
    """A call as the student would write it, large arguments in words."""
    if isinstance(given, dict):
        inside = ", ".join(f"{key}={describe(value)}" for key, value in given.items())
    elif isinstance(given, tuple):
        inside = ", ".join(describe(value) for value in given)
    else:
        inside = describe(given)
    return f"{name}({inside})"


def _call(function, given):
    given = copy.deepcopy(given)
    try:
        with quiet():
            if isinstance(given, dict):
                return _Outcome(function(**given))
            return _Outcome(function(*given) if isinstance(given, tuple) else function(given))
    except Exception as error:
        return _Outcome(error=error)


def _recognise(student, reference, inputs, misconceptions, options):
    """The first misconception that explains every outcome, or None."""
    if not misconceptions:
        return None
    outcomes = [_call(student, given) for given in inputs]
    rights = [_call(reference, given) for given in inputs]
    for title, (formula, advice) in misconceptions.items():
        wrongs = [_call(formula, given) for given in inputs]
        explains = all(_alike(outcome, wrong, options) for outcome, wrong in zip(outcomes, wrongs))
        if explains and not all(_alike(right, wrong, options) for right, wrong in zip(rights, wrongs)):
            return f"{title}: {advice}"
    return None


def _alike(outcome, wrong, options):
    if outcome.error is not None or wrong.error is not None:
        return outcome.error.__class__ is wrong.error.__class__
    if outcome.value is None or wrong.value is None:
        return outcome.value is None and wrong.value is None
    try:
        return difference(outcome.value, wrong.value, **options) is None
    except Exception:  # the wrong formula gives something that is no answer at all
        return False


def _raised(name, given, error, right, likely, read):
    expected = None if right is None else kind_of(right)
    return failed_call(name, error, call_text(name, given), expected, likely, read)
