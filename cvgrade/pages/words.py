"""What a verdict says to a student: the problem in a line, the facts below it, the likely cause."""

import re
from dataclasses import dataclass

from cvgrade.pages.terminal import cut, visible

# The labels of a check's message, which stand in a column of their own.
FACT = re.compile(r" {2}(on|expected|got|likely|read)( +)(\S.*)")
LABELS = {"on": "Tried", "expected": "Expected", "got": "Your code gave"}
STATES = {
    "passed": ("good", "Passed"),
    "failed": ("bad", "Not passed"),
    "error": ("bad", "Stopped by an error"),
    "timeout": ("bad", "Took too long"),
    "crashed": ("bad", "Crashed"),
    "not_run": ("bad", "Not run"),
    "tampered": ("bad", "Not accepted"),
    "manual": ("wait", "Waits to be marked"),
}


@dataclass(frozen=True)
class Said:
    """A check's message, taken apart.

    Attributes:
        problem: one line or a few.
        facts: tuple of (label, text).
        hint: the likely cause, or "".
        reading: where to read about it, or "".
    """

    problem: str = ""
    facts: tuple = ()
    hint: str = ""
    reading: str = ""


def read(message, hint=""):
    """Take a verdict's message apart; a message of another form is the problem as it is.

    Args:
        message: of a `Verdict`.
        hint: of a `Verdict`.

    Returns:
        A `Said`.

    Example:
        >>> read("heat: too low\\n  expected  0 to 1\\n  likely    no ReLU.").hint
        'no ReLU.'
    """
    problem, facts = [], []
    for line in visible(cut(message, 6_000, 80, 1_000)).split("\n"):
        found = FACT.fullmatch(line)
        if found:
            facts.append([found[1], found[3]])
        elif facts and line.startswith(" " * 8):
            facts[-1][1] += " " + line.strip()
        elif facts:
            facts[-1][1] += "\n" + line
        else:
            problem.append(line)
    likely = " ".join(text for label, text in facts if label == "likely")
    return Said(
        "\n".join(problem).strip(),
        tuple((LABELS[label], text.strip()) for label, text in facts if label in LABELS),
        (likely or visible(cut(hint, 2_000, 20))).strip(),
        " ".join(text for label, text in facts if label == "read"),
    )


def number(value):
    """Points as people write them: no more decimals than needed."""
    return f"{round(float(value), 2):g}"


def length(seconds):
    """A length of time in words."""
    minutes = round(seconds / 60)
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((days, "day"), (hours, "hour"), (minutes, "minute"))
    told = [f"{count} {name}{'s' * (count != 1)}" for count, name in parts if count]
    return " ".join(told[:2]) or "under a minute"
