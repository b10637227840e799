"""How questions did: how hard they were, and how well they tell strong from weak submissions."""

import math
from dataclasses import dataclass

FEWEST = 3  # submissions, for a correlation to mean anything at all


@dataclass(frozen=True)
class Item:
    """Statistics of one question.

    Attributes:
        count: submissions with a mark for it.
        share: of the points, on average, 0 to 1; None without marks. Small is difficult.
        full: submissions with all points.
        none: submissions without a point.
        apart: discrimination: the correlation of the question's score with the score on all others, −1 to 1
            (for a question that is passed or not, the point-biserial one). None where either does not vary.
    """

    count: int
    share: float | None
    full: int
    none: int
    apart: float | None


def statistics(scores, points):
    """Statistics of each question.

    Args:
        scores: list of dicts from question to points got, one for each submission; a question that is missing
            or None has no mark yet, and that submission does not count for it.
        points: dict from question to points possible.

    Returns:
        Dict from question to `Item`, in the order of `points`.

    References:
        Henrysson, 1963, Correction of item-total correlations in item analysis, Psychometrika 28.
    """
    return {name: _item(name, scores, points) for name in points}


def correlation(xs, ys):
    """Pearson's correlation, or None where one of the two does not vary or there are fewer than three.

    Args:
        xs: numbers.
        ys: as many numbers.
    """
    if len(xs) < FEWEST:
        return None
    x_mean, y_mean = math.fsum(xs) / len(xs), math.fsum(ys) / len(ys)
    dx, dy = [x - x_mean for x in xs], [y - y_mean for y in ys]
    spread = math.sqrt(math.fsum(d * d for d in dx) * math.fsum(d * d for d in dy))
    scale = max(map(abs, xs)) * max(map(abs, ys)) * len(xs)
    if spread <= 1e-12 * scale or spread == 0:
        return None
    return min(1.0, max(-1.0, math.fsum(a * b for a, b in zip(dx, dy)) / spread))


def _item(name, scores, points):
    most, mine, rest = points[name], [], []
    for one in scores:
        got = one.get(name)
        if got is None:
            continue
        mine.append(got)
        rest.append(math.fsum(value for other, value in one.items() if other != name and value is not None))
    if not mine:
        return Item(0, None, 0, 0, None)
    share = math.fsum(mine) / (most * len(mine)) if most > 0 else None
    full, none = sum(got >= most for got in mine), sum(got <= 0 for got in mine)
    return Item(len(mine), share, full, none, correlation(mine, rest) if len(points) > 1 else None)
