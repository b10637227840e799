"""Overlaps against counting pixels and against the formulas written out for one pair."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvlib import boxes

whole = st.integers(0, 12)
corner_boxes = st.tuples(whole, whole, whole, whole).map(
    lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)


def pixels(box):
    """The pixels that a box of whole numbers covers."""
    return {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])}


@given(st.lists(corner_boxes, max_size=4), st.lists(corner_boxes, max_size=4))
def test_iou_is_what_counting_pixels_gives(first, second):
    found = boxes.iou(first, second)
    assert found.shape == (len(first), len(second))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            union = pixels(a) | pixels(b)
            expected = len(pixels(a) & pixels(b)) / len(union) if union else 0
            assert found[i, j] == pytest.approx(expected, abs=1e-6)


@given(corner_boxes, corner_boxes)
def test_giou_is_what_counting_pixels_gives(a, b):
    hull = pixels((min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])))
    union = pixels(a) | pixels(b)
    expected = (len(pixels(a) & pixels(b)) / len(union) if union else 0) - (
        (len(hull) - len(union)) / len(hull) if hull else 0
    )
    assert boxes.giou([a], [b])[0, 0] == pytest.approx(expected, abs=1e-6)


def test_diou_and_ciou_of_one_pair_by_hand():
    a, b = [0, 0, 4, 2], [2, 0, 4, 6]
    overlap = 4 / 16
    distance = (1**2 + 2**2) / (4**2 + 6**2)
    aspect = 4 / math.pi**2 * (math.atan(4 / 2) - math.atan(2 / 6)) ** 2
    weight = aspect / (1 - overlap + aspect)
    assert boxes.diou([a], [b])[0, 0] == pytest.approx(overlap - distance, abs=1e-6)
    assert boxes.ciou([a], [b])[0, 0] == pytest.approx(overlap - distance - weight * aspect, abs=1e-6)


@pytest.mark.parametrize("function", [boxes.iou, boxes.giou, boxes.diou, boxes.ciou])
def test_a_box_with_itself_is_one_and_an_empty_list_is_no_row(function):
    assert function([[3, 4, 9, 6]], [[3, 4, 9, 6]])[0, 0] == pytest.approx(1)
    assert function([], [[3, 4, 9, 6]]).shape == (0, 1)


def test_boxes_of_more_than_two_axes_are_refused():
    with pytest.raises(ValueError, match="shape"):
        boxes.iou(np.zeros((2, 3, 4)), [[0, 0, 1, 1]])
