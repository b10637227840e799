import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.boxes import grid, yolo_decode, yolo_encode, yolo_logits
from cvlib.data import letterbox, letterbox_boxes, unletterbox_boxes

ANCHORS = (
    ((116, 90), (156, 198), (373, 326)),
    ((30, 61), (62, 45), (59, 119)),
    ((10, 13), (16, 30), (33, 23)),
)


@st.composite
def a_box_in_an_image(draw):
    """A size, multiples of 32, and a box with its centre inside: tiny, huge, on a border, beyond the edge."""
    size = tuple(32 * draw(st.integers(1, 40)) for _ in range(2))
    box = []
    for side in size[::-1]:
        cells = st.integers(0, side // 8).map(lambda number: number * 8.0)
        centre = draw(st.one_of(st.floats(0, side), cells, st.sampled_from([0.0, float(side)])))
        half = draw(st.one_of(st.floats(0.005, side), st.sampled_from([0.05, side / 2])))
        box.append((centre - half, centre + half))
    (x1, x2), (y1, y2) = box
    return size, np.array([[x1, y1, x2, y2]])


@settings(max_examples=300, deadline=None)
@given(a_box_in_an_image(), st.integers(0, 3))
def test_a_box_comes_back_to_a_hundred_thousandth_of_the_image(made, label):
    size, box = made
    targets = yolo_encode([box], [[label]], size, ANCHORS, classes=4)
    assert sum(target[..., 4].sum() for target in targets) == 1
    boxes, objectness, probabilities = yolo_decode(yolo_logits(targets), ANCHORS, size)
    assert boxes.dtype == objectness.dtype == probabilities.dtype == np.float32
    (found,) = np.flatnonzero(objectness[0] > 0.5)
    assert probabilities[0, found].argmax() == label
    # Of the picture, or of the box where that is larger.
    scale = np.maximum(np.tile(size[::-1], 2), np.tile(box[0, 2:] - box[0, :2], 2))
    assert np.abs((boxes[0, found] - box[0]) / scale).max() <= 1e-5


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_a_box_of_a_picture_of_any_size_comes_back_through_the_letterbox(height, width, shares):
    x1, x2 = sorted((shares[0] * width, shares[1] * width))
    y1, y2 = sorted((shares[2] * height, shares[3] * height))
    box = np.array([[x1, y1, max(x2, x1 + 1e-3 * width), max(y2, y1 + 1e-3 * height)]])
    box -= np.maximum(box - [np.inf, np.inf, width, height], 0)[:, [2, 3, 2, 3]]
    _, scale, offset = letterbox(np.zeros((height, width, 3), "uint8"), (320, 416))
    targets = yolo_encode([letterbox_boxes(box, scale, offset)], [[0]], (320, 416), ANCHORS, classes=1)
    boxes, objectness, _ = yolo_decode(yolo_logits(targets), ANCHORS, (320, 416))
    (found,) = boxes[0][objectness[0] > 0.5]
    back = unletterbox_boxes(found.astype(float), scale, offset)
    assert np.abs((back - box[0]) / [width, height, width, height]).max() <= 1e-5


@settings(max_examples=100, deadline=None)
@given(a_box_in_an_image())
def test_the_cell_holds_the_centre_and_the_anchor_has_the_best_shape(made):
    size, box = made
    targets = yolo_encode([box], [[0]], size, ANCHORS, classes=1)
    (scale,) = (number for number, target in enumerate(targets) if target.any())
    _, row, column, anchor = (index[0] for index in np.nonzero(targets[scale][..., 4]))
    stride = (32, 16, 8)[scale]
    x, y = (box[0, 0] + box[0, 2]) / 2, (box[0, 1] + box[0, 3]) / 2
    assert column * stride <= x + 1e-4
    assert row * stride <= y + 1e-4
    assert x <= (column + 1) * stride + 1e-4
    assert y <= (row + 1) * stride + 1e-4
    width, height = box[0, 2:] - box[0, :2]
    overlaps = []
    for w, h in np.concatenate(ANCHORS).astype(float):
        common = min(w, width) * min(h, height)
        overlaps.append(common / (w * h + width * height - common))
    assert overlaps[3 * scale + anchor] == pytest.approx(max(overlaps), rel=1e-9)


def test_a_centre_between_two_cells_goes_right_and_down_and_on_the_far_edge_into_the_last():
    boxes = [[16, 16, 48, 48], [48, 48, 80, 80]]  # centres at 32 and, the picture's corner, 64
    (target,) = yolo_encode(
        [boxes],
        [[0, 0]],
        (64, 64),
        [
            [(32, 32)],
        ],
        1,
        strides=[32],
    )
    assert np.argwhere(target[0, ..., 4]).tolist() == [[1, 1, 0]]
    (first,) = yolo_encode([boxes[:1]], [[0]], (64, 64), [[(32, 32)]], 1, strides=[32])
    assert first[0, 1, 1, 0, :2].tolist() == [0, 0]
    (second,) = yolo_encode([boxes[1:]], [[0]], (64, 64), [[(32, 32)]], 1, strides=[32])
    assert second[0, 1, 1, 0, :2].tolist() == [1, 1]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_several_objects_in_one_slot_the_smallest_stays_in_whatever_order(order):
    boxes = np.array([[0, 0, 40, 40], [4, 4, 34, 34], [2, 2, 36, 36]], float)
    chosen = boxes[list(order)]
    (target,) = yolo_encode([chosen], [list(order)], (64, 64), [[(32, 32)]], 3, strides=[64])
    assert target[0, 0, 0, 0, 5:].tolist() == [0, 1, 0]


def test_of_equal_boxes_in_one_slot_the_first_stays():
    (target,) = yolo_encode([[[0, 0, 9, 9]] * 2], [[1, 0]], (64, 64), [[(32, 32)]], 2, strides=[64])
    assert target[0, 0, 0, 0, 5:].tolist() == [0, 1]


def test_two_objects_in_one_cell_with_other_shapes_are_both_kept():
    boxes = [[20, 4, 44, 60], [4, 20, 60, 44]]
    (target,) = yolo_encode([boxes], [[0, 0]], (64, 64), [[(24, 56), (56, 24)]], 1, strides=[64])
    assert target[..., 4].sum() == 2


def test_padding_lists_integers_and_pictures_without_objects_are_taken():
    padded = yolo_encode(
        np.array([[[1, 2, 9, 9], [-1, -1, -1, -1]], [[-1] * 4] * 2], "float32"),
        np.array([[1, -1], [-1, -1]]),
        (64, 96),
        ANCHORS,
        2,
    )
    ragged = yolo_encode([[[1, 2, 9, 9]], []], [[1], []], (64, 96), ANCHORS, 2)
    for one, other in zip(padded, ragged):
        np.testing.assert_array_equal(one, other)
    assert [target.shape for target in ragged] == [(2, 2, 3, 3, 7), (2, 4, 6, 3, 7), (2, 8, 12, 3, 7)]
    assert not any(target[1].any() for target in ragged)


def test_decoding_is_the_papers_four_equations():
    rng = np.random.default_rng(0)
    outputs = [rng.normal(size=(2, 3, 4, 2 * 7)), rng.normal(size=(2, 6, 8, 1 * 7))]
    anchors = [[(50, 30), (20, 70)], [(10, 10)]]
    boxes, objectness, probabilities = yolo_decode(outputs, anchors, (96, 128))
    logistic = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    place = 0
    for output, sizes in zip(outputs, anchors):
        for row in range(output.shape[1]):
            for column in range(output.shape[2]):
                for number, (pw, ph) in enumerate(sizes):
                    t = output[1, row, column, 7 * number : 7 * number + 7]
                    bx = (logistic(t[0]) + column) * 128 / output.shape[2]
                    by = (logistic(t[1]) + row) * 96 / output.shape[1]
                    bw, bh = pw * np.exp(t[2]), ph * np.exp(t[3])
                    expected = bx - bw / 2, by - bh / 2, bx + bw / 2, by + bh / 2
                    np.testing.assert_allclose(boxes[1, place], expected, rtol=1e-4, atol=1e-4)
                    assert objectness[1, place] == pytest.approx(logistic(t[4]), abs=1e-6)
                    np.testing.assert_allclose(probabilities[1, place], logistic(t[5:]), atol=1e-6)
                    place += 1
    assert boxes.shape == (2, place, 4)


def test_extreme_outputs_stay_finite():
    for value in (-1e4, 1e4):
        for each in yolo_decode([np.full((1, 2, 2, 6), value)], [[(30, 30)]], (64, 64)):
            assert np.isfinite(each).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"boxes": [[[5, 5, 5, 9]]]}, r"boxes\[0\] must have x2 > x1"),
        ({"boxes": [[[60, 5, 90, 9]]]}, r"boxes\[0\] must have their centres in the picture"),
        ({"boxes": [[[1, 1, 9]]]}, r"boxes\[0\] must have four columns"),
        ({"labels": [[0, 1]]}, r"boxes\[0\] must be \(N, 4\) with N labels"),
        ({"labels": [[2]]}, "must be below classes=2, got 2"),
        ({"labels": []}, "one entry a picture, got 1 and 0"),
        ({"image_size": (64, 100)}, "width that is a multiple of 32, got 100"),
        ({"anchors": ANCHORS[:2]}, "anchors must have one list a scale"),
        ({"anchors": [[(0, 4)]] * 3}, r"anchors\[0\] must be widths and heights above 0"),
    ],
)
def test_bad_input_to_encode_is_named(change, message):
    good = {"boxes": [[[1, 1, 9, 9]]], "labels": [[0]], "image_size": (64, 64)}
    with pytest.raises(ValueError, match=message):
        yolo_encode(**{**good, "anchors": ANCHORS, "classes": 2, **change})


@pytest.mark.parametrize("shape", [(1, 2, 2, 13), (2, 2, 12), (1, 2, 2, 3, 7), (1, 2, 2, 2, 5)])
def test_outputs_that_do_not_fit_the_anchors_are_refused(shape):
    with pytest.raises(ValueError, match=r"outputs\[0\] must"):
        yolo_decode([np.zeros(shape)], [[(3, 4), (5, 6)]], (64, 64))


def test_the_examples_in_the_docstrings_of_the_grid_hold():
    results = doctest.testmod(grid)
    assert results.attempted
    assert not results.failed
