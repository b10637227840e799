"""Anchors on sizes whose clusters are known."""

import numpy as np
import pytest

from cvlib import boxes
from cvlib.boxes.anchors import size_iou


def test_anchors_are_the_middles_of_the_clusters():
    rng = np.random.default_rng(0)
    true = np.array([[10, 14], [40, 30], [120, 200]])
    sizes = np.concatenate([size * np.exp(rng.normal(0, 0.05, (200, 2))) for size in true])
    anchors, fit = boxes.kmeans_anchors(sizes, 3)
    np.testing.assert_allclose(anchors, true, rtol=0.02)
    assert fit == pytest.approx(size_iou(sizes, anchors).max(1).mean())
    assert fit > 0.9


def test_more_anchors_fit_better():
    sizes = np.exp(np.random.default_rng(1).uniform(1, 5, (300, 2)))
    fits = [boxes.kmeans_anchors(sizes, k)[1] for k in (1, 3, 9)]
    assert fits[0] < fits[1] < fits[2]


def test_size_iou_is_that_of_boxes_with_one_corner():
    sizes, anchors = np.array([[2.0, 3.0], [5.0, 1.0]]), np.array([[4.0, 4.0]])
    expected = boxes.iou(np.pad(sizes, ((0, 0), (2, 0))), np.pad(anchors, ((0, 0), (2, 0))))
    np.testing.assert_allclose(size_iou(sizes, anchors), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("sizes", "k"), [([[1, 2]], 2), ([[1, 0]], 1), ([[1, 2, 3]], 1), ([[1, 2], [1, 2]], 2), ([[1, 2]], 0)]
)
def test_too_many_anchors_and_empty_boxes_are_refused(sizes, k):
    with pytest.raises(ValueError, match=r"sizes|k must"):
        boxes.kmeans_anchors(sizes, k)
