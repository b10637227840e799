"""Suppression against the rule written as two loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib import boxes


def overlap(a, b):
    """IoU of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    inter = max(width, 0) * max(height, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter
    return inter / union if union else 0


def by_loops(found, scores, threshold, least, classes):
    """Indices that greedy suppression keeps."""
    kept = []
    for i in sorted(range(len(found)), key=lambda i: (-scores[i], i)):
        rivals = [j for j in kept if classes is None or classes[i] == classes[j]]
        if scores[i] >= least and all(overlap(found[i], found[j]) <= threshold for j in rivals):
            kept.append(i)
    return kept


def crowd(seed, count, classes=None):
    """Boxes around a few centres, their scores, and classes."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(20, 80, (4, 2))[rng.integers(0, 4, count)] + rng.normal(0, 4, (count, 2))
    side = rng.uniform(10, 30, (count, 2))
    found = np.concatenate([centre - side / 2, centre + side / 2], 1).astype(np.float32)
    return found, rng.random(count).astype(np.float32).round(2), rng.integers(0, classes or 1, count)


@given(st.integers(0, 10**6), st.integers(0, 30), st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.booleans())
def test_nms_keeps_what_two_loops_keep(seed, count, threshold, per_class):
    found, scores, classes = crowd(seed, count, 3)
    classes = classes if per_class else None
    kept = boxes.nms(found, scores, threshold, 0.2, classes)
    assert kept.tolist() == by_loops(found.astype(float), scores, threshold, np.float32(0.2), classes)


def test_nms_keeps_at_most_so_many():
    found, scores, _ = crowd(0, 30)
    assert boxes.nms(found, scores, max_detections=2).tolist() == boxes.nms(found, scores)[:2].tolist()


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 25), st.integers(1, 4), st.integers(1, 12))
def test_batched_nms_keeps_what_loops_over_pictures_and_classes_keep(seed, pictures, count, classes, most):
    rng = np.random.default_rng(seed)
    found = np.stack([crowd(seed + i, count)[0] for i in range(pictures)])
    scores = rng.random((pictures, count, classes)).astype(np.float32).round(2)
    result = boxes.batched_nms(found, scores, 0.4, 0.3, most)
    for picture in range(pictures):
        expected = []
        for label in range(classes):
            own = scores[picture, :, label]
            kept = by_loops(found[picture].astype(float), own, 0.4, np.float32(0.3), None)
            expected += [(-own[i], i, label) for i in kept]
        expected = sorted(expected)[:most]
        count_kept = int(result["count"][picture])
        assert count_kept == len(expected)
        names = ("scores", "indices", "classes")
        columns = [result[name][picture, :count_kept].tolist() for name in names]
        got = [(-score, index, label) for score, index, label in zip(*columns)]
        assert got == expected
        np.testing.assert_array_equal(
            result["boxes"][picture, :count_kept], found[picture][result["indices"][picture, :count_kept]]
        )
        assert (result["classes"][picture, count_kept:] == -1).all()


def test_batched_nms_goes_on_to_later_candidates_when_the_first_all_overlap():
    same = np.tile(np.float32([0, 0, 10, 10]), (50, 1))
    found = np.concatenate([same, np.float32([[20, 20, 30, 30]])])[None]
    scores = np.linspace(1, 0.5, 51, dtype=np.float32)[None, :, None]
    result = boxes.batched_nms(found, scores, max_detections=2)
    assert result["indices"].tolist() == [[0, 50]]


def test_batched_nms_of_nothing():
    assert boxes.batched_nms(np.zeros((2, 0, 4)), np.zeros((2, 0, 3)))["count"].tolist() == [0, 0]
    assert boxes.batched_nms(np.zeros((0, 5, 4)), np.zeros((0, 5, 3)))["boxes"].shape == (0, 100, 4)


def test_soft_nms_lowers_scores_as_the_paper_says():
    found = [[0, 0, 10, 10], [0, 0, 10, 5], [20, 0, 30, 10]]
    kept, scores = boxes.soft_nms(found, [0.9, 0.8, 0.3], sigma=0.5)
    assert kept.tolist() == [0, 1, 2]
    np.testing.assert_allclose(scores, [0.9, 0.8 * math.exp(-(0.5**2) / 0.5), 0.3])
    kept, scores = boxes.soft_nms(found, [0.9, 0.8, 0.3], iou_threshold=0.4)
    np.testing.assert_allclose(scores, [0.9, 0.4, 0.3])
    kept, _ = boxes.soft_nms(found, [0.9, 0.8, 0.3], iou_threshold=0.4, score_threshold=0.45)
    assert kept.tolist() == [0]
    _, scores = boxes.soft_nms(found, [0.9, 0.8, 0.3], classes=[0, 1, 0])
    np.testing.assert_allclose(scores, [0.9, 0.8, 0.3])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: boxes.nms([[0, 0, 1, 1]], [0.1, 0.2]), "of the same N"),
        (lambda: boxes.nms([[0, 0, 1, 1]], [0.1], iou_threshold=2), "iou_threshold"),
        (lambda: boxes.nms([[0, 0, 1, 1]], [0.1], classes=[1, 2]), "classes"),
        (lambda: boxes.batched_nms(np.zeros((1, 2, 4)), np.zeros((1, 3, 4))), "same B and N"),
        (lambda: boxes.soft_nms([[0, 0, 1, 1]], [0.1], sigma=0), "sigma"),
    ],
)
def test_what_does_not_belong_together_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
