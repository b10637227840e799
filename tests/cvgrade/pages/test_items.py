import itertools
import math
import random

import pytest

from cvgrade.pages import items


def point_biserial(passed, rest):
    """The textbook's formula: (M1 - M0) / s · sqrt(p q), with s over all n."""
    ones = [value for value, one in zip(rest, passed) if one]
    zeros = [value for value, one in zip(rest, passed) if not one]
    mean = sum(rest) / len(rest)
    spread = math.sqrt(sum((value - mean) ** 2 for value in rest) / len(rest))
    share = len(ones) / len(rest)
    return (sum(ones) / len(ones) - sum(zeros) / len(zeros)) / spread * math.sqrt(share * (1 - share))


def test_discrimination_of_a_question_that_is_passed_or_not_is_the_point_biserial_correlation():
    rng = random.Random(4)
    for _ in range(50):
        count = rng.randint(4, 30)
        scores = [{"a": rng.choice([0, 2]), "b": rng.randint(0, 3), "c": rng.random()} for _ in range(count)]
        passed = [one["a"] > 0 for one in scores]
        if len(set(passed)) == 1:
            continue
        expected = point_biserial(passed, [one["b"] + one["c"] for one in scores])
        found = items.statistics(scores, {"a": 2, "b": 3, "c": 1})["a"].apart
        assert found == pytest.approx(expected, abs=1e-12)


def test_correlation_is_one_for_every_rising_line_and_symmetric():
    rng = random.Random(5)
    for _ in range(30):
        xs = [rng.uniform(-5, 5) for _ in range(8)]
        ys = [rng.uniform(-5, 5) for _ in range(8)]
        assert items.correlation(xs, [3 * x + 7 for x in xs]) == pytest.approx(1)
        assert items.correlation(xs, [-x for x in xs]) == pytest.approx(-1)
        assert items.correlation(xs, ys) == pytest.approx(items.correlation(ys, xs))


def test_shares_and_counts_are_those_of_a_count_by_hand():
    for scores in itertools.product([0, 1, 2], repeat=4):
        item = items.statistics([{"a": got, "b": 1} for got in scores], {"a": 2, "b": 1})["a"]
        assert item.share == pytest.approx(sum(scores) / 8)
        assert (item.count, item.full, item.none) == (4, scores.count(2), scores.count(0))
        assert item.apart is None  # the rest does not vary


def test_a_question_that_waits_counts_for_nobody_and_takes_nobody_out_of_the_others():
    scores = [{"a": None, "b": 1, "c": 0}, {"a": 2, "b": 0, "c": 1}, {"a": 0, "b": 1, "c": 1}]
    found = items.statistics(scores, {"a": 2, "b": 1, "c": 1})
    assert (found["a"].count, found["a"].share, found["b"].count) == (2, 0.5, 3)
    assert items.statistics([{"a": None}], {"a": 2})["a"].share is None


def test_nothing_is_said_where_nothing_varies_or_there_are_too_few():
    assert items.correlation([1, 2], [1, 2]) is None
    assert items.correlation([0.1] * 5, [1, 2, 3, 4, 5]) is None
    assert items.statistics([{"a": 1}] * 9, {"a": 1})["a"].apart is None
