"""Figures of detectors: what is drawn where, and what is refused."""

import numpy as np
import pytest

from cvlib import viz
from cvlib.metrics import error_breakdown, mean_average_precision

TRUE = [{"boxes": [[0, 0, 10, 10], [40, 0, 50, 10], [80, 0, 90, 10]], "classes": [0, 0, 1]}]
FOUND = [
    {
        "boxes": [[0, 0, 10, 10], [60, 60, 70, 70], [40, 0, 50, 10], [80, 0, 90, 4], [80, 0, 90, 9]],
        "classes": [0, 0, 0, 1, 0],
        "scores": [0.9, 0.8, 0.7, 0.6, 0.5],
    }
]


def test_a_curve_shows_every_rank_and_the_envelope_that_average_precision_is_made_of():
    scores = mean_average_precision(TRUE, FOUND, ["cat", "dog"])
    figure = viz.precision_recall(scores)
    (axis,) = figure.axes
    thin, thick = axis.lines[:2]
    np.testing.assert_allclose(thin.get_xydata()[:3], [[0.5, 1], [0.5, 1 / 2], [1, 2 / 3]])
    x, y = thick.get_xydata().T
    np.testing.assert_allclose(x, [0, 0.5, 0.5, 1, 1, 1])
    np.testing.assert_allclose(y, [1, 1, 2 / 3, 2 / 3, 2 / 4, 0])
    # The area under the steps: each holds the precision of its right end.
    area = sum((b - a) * height for a, b, height in zip(x, x[1:], y[1:]))
    voc = mean_average_precision(TRUE, FOUND, ["cat", "dog"], definition="voc")
    assert area == pytest.approx(voc.per_class()["cat"])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [f"cat: AP {scores.per_class()['cat']:.3f}", "dog: AP 0.000"]


def test_a_dot_stands_where_a_score_cuts_the_curve():
    scores = mean_average_precision(TRUE, FOUND, ["cat", "dog"])
    (axis,) = viz.precision_recall(scores, ["cat"], at=0.75).axes
    (dot,) = [line for line in axis.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dot.get_xydata(), [[0.5, 0.5]])
    assert len(viz.precision_recall(scores, ["cat"], at=0.95).axes[0].lines) == 2


def test_bars_are_the_counts_by_class_and_the_gains():
    errors = error_breakdown(TRUE, FOUND, ["cat", "dog"])
    left, right = viz.error_breakdown(errors).axes
    for bars, name in zip(left.containers, ["cat", "dog"]):
        counts = errors.counts(name)
        drawn = {label.get_text().split(":")[0]: bar.get_width() for label, bar in _rows(left, bars)}
        assert drawn == {kind: count for kind, count in counts.items() if kind != "right"}
    drawn = {
        label.get_text().split(":")[0]: bar.get_width() for label, bar in _rows(left, right.containers[0])
    }
    assert drawn == pytest.approx(errors.gains())
    assert "2 right" in left.get_title()


def _rows(axis, bars):
    """Pairs of a tick's label and the bar beside it."""
    heights = dict(zip(axis.get_yticks(), axis.get_yticklabels()))
    return [(heights[round(bar.get_y() + bar.get_height() / 2)], bar) for bar in bars]


def test_nothing_to_draw_is_said():
    empty = mean_average_precision(
        [{"boxes": [], "classes": []}], [{"boxes": [], "classes": [], "scores": []}]
    )
    with pytest.raises(ValueError, match="no class with a true box"):
        viz.precision_recall(empty)
    scores = mean_average_precision(TRUE, FOUND, ["cat", "dog"])
    with pytest.raises(ValueError, match=r"no true box of \['cow'\]; there are curves of \['cat', 'dog'\]"):
        viz.precision_recall(scores, ["cow"])
    with pytest.raises(ValueError, match="name must be one of"):
        viz.error_breakdown(error_breakdown(TRUE, FOUND, ["cat", "dog"]), ["cow"])


def test_detectors_without_errors_or_detections_are_drawn_too():
    nothing = [{"boxes": [], "classes": [], "scores": []}]
    assert viz.error_breakdown(error_breakdown(TRUE, nothing, ["cat", "dog"])).axes
    right = [{**TRUE[0], "scores": [0.9, 0.8, 0.7]}]
    assert viz.error_breakdown(error_breakdown(TRUE, right, ["cat", "dog"])).axes
    assert viz.precision_recall(mean_average_precision(TRUE, nothing, ["cat", "dog"])).axes
