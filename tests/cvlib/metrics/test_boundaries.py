import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.metrics import average_surface_distance, boundaries, hausdorff

REGIONS = arrays(bool, (7, 9))


def outline_by_loop(region):
    edge = []
    for y, x in np.argwhere(region):
        around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        if any(not (0 <= b < 7 and 0 <= a < 9) or not region[b, a] for b, a in around):
            edge.append((y, x))
    return edge


def distances_by_loop(here, there, spacing):
    there = outline_by_loop(there)
    return [
        min(np.hypot((y - b) * spacing[0], (x - a) * spacing[1]) for b, a in there)
        for y, x in outline_by_loop(here)
    ]


@settings(max_examples=60, deadline=None)
@given(REGIONS, REGIONS, st.sampled_from([(1.0, 1.0), (0.5, 2.0)]))
def test_distances_equal_a_search_over_all_pairs_of_outline_pixels(mask, prediction, spacing):
    assert sorted(map(tuple, np.argwhere(boundaries.outline(mask)))) == outline_by_loop(mask)
    if mask.any() and prediction.any():
        there = distances_by_loop(mask, prediction, spacing)
        back = distances_by_loop(prediction, mask, spacing)
        expected = max(np.percentile(there, 95), np.percentile(back, 95))
        assert hausdorff(mask, prediction, spacing=spacing) == pytest.approx(expected)
        assert hausdorff(mask, prediction, 100, spacing) == pytest.approx(max(there + back))
        assert average_surface_distance(mask, prediction, spacing) == pytest.approx(np.mean(there + back))


@settings(max_examples=40, deadline=None)
@given(REGIONS, REGIONS)
def test_distances_are_symmetric_and_zero_for_the_same_region(mask, prediction):
    for distance in (hausdorff, average_surface_distance):
        assert distance(mask, prediction) == pytest.approx(distance(prediction, mask))
        assert distance(mask, mask) == 0


def test_an_empty_region_is_infinitely_far_from_any_but_an_empty_one():
    empty, full = np.zeros((5, 5)), np.ones((5, 5))
    for distance in (hausdorff, average_surface_distance):
        assert distance(empty, empty) == 0
        assert distance(empty, full) == distance(full, empty) == np.inf


def test_hd95_is_not_moved_by_one_stray_pixel():
    mask = np.zeros((64, 64), bool)
    mask[10:40, 10:40] = True
    stray = mask.copy()
    stray[63, 63] = True
    assert hausdorff(mask, stray) == 0
    assert hausdorff(mask, stray, percentile=100) == pytest.approx(np.hypot(24, 24))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((4, 4)), np.zeros((4, 5))), r"of one size, got \(4, 4\) and \(4, 5\)"),
        ((np.zeros((2, 4, 4)), np.zeros((2, 4, 4))), "one region of one image"),
        ((np.zeros((4, 4)), np.zeros((4, 4)), 101), "percentile must be from 0 to 100"),
        ((np.zeros((4, 4)), np.zeros((4, 4)), 95, (1, 0)), "spacing must be"),
        ((np.zeros((4, 4)), np.zeros((4, 4)), 95, 2.0), "spacing must be"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        hausdorff(*arguments)
