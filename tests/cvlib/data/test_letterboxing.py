"""Letterboxing: nothing is cut or stretched, and boxes find their way there and back."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.data import letterbox, letterbox_boxes, letterboxing, unletterbox_boxes

sides = st.integers(1, 90)


@settings(max_examples=100, deadline=None)
@given(size=st.tuples(sides, sides), target=st.tuples(sides, sides), seed=st.integers(0, 1000))
def test_boxes_come_back_and_the_bars_are_only_where_no_picture_is(size, target, seed):
    image, scale, offset = letterbox(np.full((*size, 3), 200, np.uint8), target)
    assert image.shape == (*target, 3)
    left, top, right, bottom = (
        letterbox_boxes([[0, 0, size[1], size[0]]], scale, offset)[0].round().astype(int)
    )
    assert (image[top:bottom, left:right] == 200).all()
    assert (image == 200).all(-1).sum() == (right - left) * (bottom - top)
    assert right - left == target[1] or bottom - top == target[0]
    assert abs(left - (target[1] - right)) <= 1
    assert abs(top - (target[0] - bottom)) <= 1
    ratio = min(target[0] / size[0], target[1] / size[1])
    assert abs((right - left) - size[1] * ratio) <= max(0.5, 1 - size[1] * ratio) + 1e-6
    boxes = np.random.default_rng(seed).uniform(0, 90, (5, 4))
    back = unletterbox_boxes(letterbox_boxes(boxes, scale, offset), scale, offset)
    np.testing.assert_allclose(back, boxes, atol=1e-9)


@pytest.mark.parametrize(
    ("size", "target"), [((60, 80), (64, 64)), ((300, 200), (96, 128)), ((20, 50), (70, 70))]
)
def test_an_object_lies_in_its_letterboxed_box(size, target):
    image = np.zeros((*size, 1), np.uint8)
    top, left, bottom, right = (
        int(share * size[axis % 2]) for axis, share in enumerate((0.2, 0.3, 0.7, 0.8))
    )
    image[top:bottom, left:right] = 255
    boxed, scale, offset = letterbox(image, target, fill=0)
    rows, columns = np.nonzero(boxed[..., 0] > 127)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    box = letterbox_boxes([[left, top, right, bottom]], scale, offset)[0]
    np.testing.assert_allclose(found, box, atol=0.51)


def test_boxes_found_beyond_the_picture_are_clipped_to_it_when_its_size_is_known():
    _, scale, offset = letterbox(np.zeros((50, 100, 3), np.uint8), (100, 100))
    found = [[0, 0, 100, 100]]
    np.testing.assert_allclose(unletterbox_boxes(found, scale, offset), [[0, -25, 100, 75]])
    np.testing.assert_allclose(unletterbox_boxes(found, scale, offset, (50, 100)), [[0, 0, 100, 50]])
    assert unletterbox_boxes([], scale, offset).shape == (0, 4)


def test_a_picture_that_fits_is_copied_as_it_is():
    image = np.random.default_rng(0).uniform(0, 1, (12, 20, 3)).astype(np.float32)
    boxed, scale, offset = letterbox(image, (20, 20), fill=0.5)
    np.testing.assert_array_equal(boxed[4:16], image)
    assert boxed.dtype == np.float32
    assert (boxed[:4] == 0.5).all()
    assert scale.tolist() == [1, 1]
    assert offset.tolist() == [0, 4]


def test_the_example_in_the_documentation_is_true():
    done = doctest.testmod(letterboxing)
    assert (done.attempted, done.failed) == (2, 0)


@pytest.mark.parametrize(
    ("shape", "size", "message"),
    [
        ((8, 8), (4, 4), r"image must be a picture \(H, W, C\), got shape \(8, 8\)"),
        ((0, 8, 3), (4, 4), "image must be a picture"),
        ((8, 8, 3), (4, 0), "size must be two whole numbers"),
        ((8, 8, 3), (4,), "size must be two whole numbers"),
    ],
)
def test_bad_input_is_named(shape, size, message):
    with pytest.raises(ValueError, match=message):
        letterbox(np.zeros(shape, np.uint8), size)
