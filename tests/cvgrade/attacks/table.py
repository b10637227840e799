"""`make attack`: run every attack and print what stock nbgrader gave for it and what ours gives.

With NBGRADER=1 nbgrader is run anew first; otherwise its results are those kept in `nbgrader.json`.
The exit code is 0 only if every attack was run and none of them succeeded.
"""

import contextlib
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT)]

import attack_list as attacks  # noqa: E402
import nbgrader_column  # noqa: E402

NOT_RUN = "not run"


class Table:
    """A pytest plugin that collects the outcome of each attack by its number."""

    def __init__(self):
        self.numbers = {}  # test -> attacks
        self.outcomes = {number: {} for number in attacks.ATTACKS}  # attack -> test -> outcome
        self.told = {number: [] for number in attacks.ATTACKS}

    def pytest_collection_modifyitems(self, items):
        """Remember which attack each test is."""
        for item in items:
            self.numbers[item.nodeid] = [mark.args[0] for mark in item.iter_markers("attack")]

    def pytest_runtest_logreport(self, report):
        """Keep the worst outcome of a test's phases, and what it said of ours."""
        for number in self.numbers.get(report.nodeid, ()):
            kept = self.outcomes[number].get(report.nodeid, "passed")
            self.outcomes[number][report.nodeid] = kept if report.outcome == "passed" else report.outcome
            if report.when == "call":
                said = [value for key, value in report.user_properties if key == "ours"]
                self.told[number] += [text for text in said if text not in self.told[number]]

    def row(self, number):
        """(what ours gives, whether the attack was run and failed)."""
        outcomes = list(self.outcomes[number].values())
        bad = [outcome for outcome in outcomes if outcome != "passed"]
        if not outcomes:
            return "NOT TESTED", False
        if bad:
            word = "SUCCEEDS OR FAILS TO RUN" if "failed" in bad else "SKIPPED"
            return f"{word} ({len(bad)} of {len(outcomes)} ways)", False
        ways = f"{len(outcomes)} ways" if len(outcomes) > 1 else "1 way"
        return f"{self._ours(number)} ({ways})", True

    def _ours(self, number):
        told = self.told[number]
        marks = [text for text in told if " of " in text and text[0].isdigit()]
        return (
            max(marks, key=lambda text: float(text.split()[0])) if marks else told[0] if told else "no harm"
        )


def main(arguments):
    """Run the attacks and print the table; returns the exit code."""
    if os.environ.get("NBGRADER", "") not in ("", "0"):
        nbgrader_column.measure(say=lambda text: print(text, file=sys.stderr))
    kept = nbgrader_column.read()
    table = Table()
    os.chdir(ROOT)
    with contextlib.redirect_stdout(sys.stderr):
        code = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(HERE), *arguments], [table])
    width = max(len(title) for title in attacks.ATTACKS.values())
    print(f"\n{'':>3} {'attack':<{width}}  {'nbgrader':<27}  ours")
    beaten = True
    for number, title in attacks.ATTACKS.items():
        ours, good = table.row(number)
        beaten &= good
        theirs = kept["attacks"].get(str(number), NOT_RUN)
        print(f"{number:>3} {title:<{width}}  {theirs:<27}  {ours}")
    print(f"\nnbgrader {kept['nbgrader']} on Python {kept['python']}, measured {kept['date']}.")
    print(f"The same wrong answer alone earns {kept['wrong']:.4g} of {kept['full']:g}, and 0 of 2 for 12.")
    print(f'"{NOT_RUN}": it would harm this machine, or nbgrader has no such part.')
    return 0 if beaten and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
