"""The table of `make attack` is whole: each attack has a test, and nbgrader's column is of these."""

import re
from pathlib import Path

import attack_list as attacks
import nbgrader_column
import pytest
import table


def test_every_attack_has_a_test():
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_attack_*.py")]
    found = {int(number) for text in texts for number in re.findall(r"mark\.attack\((\d+)\)", text)}
    assert found | set(attacks.SUBMISSIONS) == set(attacks.ATTACKS)


def test_nbgraders_column_has_every_submission():
    kept = nbgrader_column.read()
    assert {int(number) for number in kept["attacks"]} == {*attacks.SUBMISSIONS, 12}
    assert kept["full"] == attacks.FULL
    assert kept["wrong"] == pytest.approx(attacks.WRONG_MARKS)
    assert kept["nbgrader"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", kept["date"])


def test_a_failed_or_skipped_or_missing_attack_is_no_success():
    made = table.Table()
    assert made.row(1) == ("NOT TESTED", False)
    for outcome, good in (("passed", True), ("skipped", False), ("failed", False)):
        made.outcomes[2] = {"a": "passed", "b": outcome}
        assert made.row(2)[1] is good
