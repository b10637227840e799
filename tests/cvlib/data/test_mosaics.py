"""Mosaic: four pictures in one, and every box where its object is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cvlib

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]], np.uint8)


def four(seed, sizes=((50, 70), (64, 64), (90, 40), (33, 80))):
    """Grey pictures of four sizes, each with a rectangle in its own colour and label."""
    rng = np.random.default_rng(seed)
    images, boxes = [], []
    for size, colour in zip(sizes, COLOURS):
        image = np.full((*size, 3), 90, np.uint8)
        top, left = rng.integers(0, np.array(size) - 14)
        bottom, right = np.array([top, left]) + rng.integers(8, 14, 2)
        image[top:bottom, left:right] = colour
        images.append(image)
        boxes.append([[left, top, right, bottom]])
    return images, boxes, [[0], [1], [2], [3]]


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), picture=st.integers(0, 100), low=st.floats(0.2, 1.0))
def test_boxes_of_a_mosaic_are_where_their_colours_are(seed, picture, low):
    images, boxes, labels = four(picture)
    made, found, kinds = cvlib.data.mosaic(
        images, boxes, labels, (72, 96), scale=(low, 1.2), min_visible=0, seed=seed
    )
    assert made.shape == (72, 96, 3)
    assert made.dtype == np.uint8
    assert found.dtype == np.float32
    assert kinds.dtype == np.int32
    y, x = np.mgrid[:72, :96]
    for kind, colour in enumerate(COLOURS):
        seen = (np.abs(made.astype(int) - colour) < 60).all(-1)  # bilinear: a soft rim around it
        covered = np.zeros_like(seen)
        for x1, y1, x2, y2 in found[kinds == kind]:
            assert 0 <= x1 < x2 <= 96
            assert 0 <= y1 < y2 <= 72
            core = (x >= x1 + 2) & (x + 1 <= x2 - 2) & (y >= y1 + 2) & (y + 1 <= y2 - 2)
            assert seen[core].all()
            covered |= (x >= x1 - 1) & (x + 1 <= x2 + 1) & (y >= y1 - 1) & (y + 1 <= y2 + 1)
        if (kinds == kind).any():
            assert covered[seen].all()
        else:  # less than a pixel of it is left
            assert seen.sum() <= 2 * 96


def test_each_corner_shows_its_own_picture_and_nothing_is_left_open():
    images = [np.full((30, 30, 3), 40 + 50 * index, np.uint8) for index in range(4)]
    for seed in range(20):
        made, boxes, labels = cvlib.data.mosaic(images, [[]] * 4, [[]] * 4, (40, 50), seed=seed)
        corners = made[[0, 0, -1, -1], [0, -1, 0, -1], 0].tolist()
        assert corners == [40, 90, 140, 190]
        assert set(np.unique(made)) == {40, 90, 140, 190}
        down, across = (made[:, 0, 0] == 40).sum(), (made[0, :, 0] == 40).sum()
        assert 12 <= down <= 28
        assert 15 <= across <= 35
        assert boxes.shape == (0, 4)
        assert labels.shape == (0,)


def test_a_scale_of_one_takes_the_picture_as_it_is():
    """Pictures of the result's size at scale 1 are cropped, not resampled: their pixels come through."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (4, 24, 32, 3), np.uint8)
    boxes = [[[0, 0, 32, 24]]] * 4
    made, found, _ = cvlib.data.mosaic(images, boxes, [[0]] * 4, scale=(1, 1), min_visible=0, seed=1)
    x, y = found[0][2:].astype(int)
    np.testing.assert_array_equal(found, [[0, 0, x, y], [x, 0, 32, y], [0, y, x, 24], [x, y, 32, 24]])
    values = {tuple(pixel) for pixel in images[0].reshape(-1, 3)}
    pixels = {tuple(pixel) for pixel in made[:y, :x].reshape(-1, 3)}
    assert len(pixels & values) < len(pixels)  # a place between pixels is interpolated …
    assert abs(made[:y, :x].mean() - images[0].mean()) < 15  # … and stays the same picture


def test_a_picture_is_enlarged_until_it_fills_its_corner():
    """Where a fill repeated the outermost pixels, neighbouring lines of noise would be equal."""
    images = np.random.default_rng(0).integers(0, 255, (4, 20, 20, 3), np.uint8)
    for seed in range(10):
        made, _, _ = cvlib.data.mosaic(images, [[]] * 4, [[]] * 4, (60, 80), scale=(0.1, 0.2), seed=seed)
        for axis in (0, 1):
            still = (np.diff(made.astype(int), axis=axis) == 0).all((1 - axis, 2))
            assert still.mean() < 0.1


def test_a_box_with_too_little_left_is_dropped():
    image = np.zeros((40, 40, 3), np.uint8)
    whole = [[[0, 0, 40, 40]]] * 4
    for least, kept in ((0.0, 4), (0.99, 0)):
        _, boxes, _ = cvlib.data.mosaic(
            [image] * 4, whole, [[0]] * 4, scale=(1, 1), min_visible=least, seed=0
        )
        assert len(boxes) == kept


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": [np.zeros((8, 8, 3), np.uint8)] * 3}, "images must be four, one a corner, got 3"),
        ({"labels": [[0]] * 4}, r"labels of images\[0\] must be one class a box"),
        ({"centre": (0, 0.5)}, "centre must be"),
        ({"scale": (1, 0.5)}, "scale must be"),
        ({"boxes": [[[5, 5, 1, 1]]] * 4}, "xyxy, not xywh"),
    ],
)
def test_bad_input_is_named(change, message):
    images = [np.zeros((8, 8, 3), np.uint8)] * 4
    with pytest.raises(ValueError, match=message):
        cvlib.data.mosaic(**{"images": images, "boxes": [[]] * 4, "labels": [[]] * 4, **change})
