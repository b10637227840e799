"""Anchors and deltas against loops; what is assigned to which, and what is refused."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib import boxes
from cvlib.models import anchor_boxes
from cvlib.models.anchor_boxes import (
    anchor_grid,
    assign_anchors,
    decode_deltas,
    encode_deltas,
    select_detections,
)


def some_boxes(rng, count, side=100):
    corner = rng.uniform(-20, side, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(0.5, side, (count, 2))], 1)


def test_anchors_are_those_of_four_nested_loops():
    strides, sizes, aspects = (8, 16), ((10, 14), (30,)), (0.5, 1, 2)
    expected = []
    for stride, sides in zip(strides, sizes):
        for row in range(32 // stride):
            for column in range(48 // stride):
                for side in sides:
                    for aspect in aspects:  # height / width = aspect, height · width = side²
                        width = side / np.sqrt(aspect)
                        height = width * aspect
                        x, y = (column + 0.5) * stride, (row + 0.5) * stride
                        expected.append([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    np.testing.assert_allclose(anchor_grid((32, 48), strides, sizes, aspects), expected, atol=1e-4)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_decoding_is_the_inverse_of_encoding(seed, plain):
    rng = np.random.default_rng(seed)
    true, references = some_boxes(rng, 7), some_boxes(rng, 7)
    true[:, 2:] = true[:, :2] + (references[:, 2:] - references[:, :2]) * rng.uniform(0.1, 10, (7, 2))
    spread = (1, 1, 1, 1) if plain else anchor_boxes.SPREAD
    deltas = encode_deltas(true, references, spread)
    np.testing.assert_allclose(decode_deltas(deltas, references, spread), true, atol=2e-3)


def test_deltas_are_the_papers():
    reference, true = [10.0, 20.0, 50.0, 40.0], [20.0, 10.0, 40.0, 50.0]
    # The centre stays at (30, 30); half as wide, twice as high.
    np.testing.assert_allclose(
        encode_deltas(true, reference), [0, 0, np.log(0.5) / 0.2, np.log(2) / 0.2], rtol=1e-6
    )
    moved = decode_deltas([[0.5, -1, 0, 0]], [reference], spread=(1, 1, 1, 1))
    np.testing.assert_allclose(moved, [[30, 0, 70, 20]])


def test_decoded_boxes_are_finite_and_cut_to_the_picture_if_it_is_known():
    wild = decode_deltas([[0, 0, 1e6, 1e6]], [[10, 10, 20, 20]])
    np.testing.assert_allclose(wild[0, 2:] - wild[0, :2], 10 * anchor_boxes.LARGEST)
    inside = decode_deltas(np.full((2, 1, 4), 100.0), [[10, 10, 20, 20]], image_size=(30, 40))
    assert inside.shape == (2, 1, 4)
    assert (inside >= 0).all()
    assert (inside <= [40, 30, 40, 30]).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_assignment_follows_its_rules_one_reference_after_the_other(seed, best):
    rng = np.random.default_rng(seed)
    references, true = some_boxes(rng, 30), some_boxes(rng, int(rng.integers(0, 5)))
    got = assign_anchors(references, true, 0.4, 0.2, best)
    overlap = np.array([[boxes.iou([r], [t])[0, 0] for t in true] for r in references]).reshape(30, len(true))
    expected = []
    for row in overlap:
        highest = max(row, default=0)
        if highest >= 0.4:
            expected.append(int(np.argmax(row)))
        else:
            expected.append(-1 if highest < 0.2 else -2)
    for box in range(len(true)):
        if best and overlap[:, box].max() > 0:
            expected[int(np.argmax(overlap[:, box]))] = box
    assert got.tolist() == expected


def test_detections_are_suppressed_within_their_class_and_cut_off_below_the_least():
    places = [[[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]]]
    scores = [[[0.9, 0.0], [0.8, 0.7], [0.0, 0.04]]]
    (found,) = select_detections(places, scores, least=0.05)
    assert found["classes"].tolist() == [0, 1]
    np.testing.assert_allclose(found["scores"], [0.9, 0.7])
    np.testing.assert_allclose(found["boxes"], [[0, 0, 10, 10], [0, 0, 10, 9]])


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (anchor_grid, ((30, 32), [8], [[10]]), "multiples of the stride 8, got 30×32"),
        (anchor_grid, ((32, 32), [8, 16], [[10]]), r"one list a stride \(2\), got 1"),
        (anchor_grid, ((32, 32), [8], [[0]]), "above 0"),
        (encode_deltas, ([[0, 0, 0, 5]], [[0, 0, 5, 5]]), r"boxes must have sides above 0 .* \[0.0, 0.0"),
        (encode_deltas, ([[0, 0, 5]], [[0, 0, 5, 5]]), r"boxes must be boxes \(\.\.\., 4\)"),
        (decode_deltas, ([[0, 0, 0, 0]], [[5, 5, 5, 5]]), "references must have sides above 0"),
        (assign_anchors, ([[0, 0, 1, 1]], [], 0.4, 0.5), "0 ≤ negative ≤ positive ≤ 1, got 0.5 and 0.4"),
    ],
)
def test_bad_input_is_named(function, arguments, words):
    with pytest.raises(ValueError, match=words):
        function(*arguments)


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(anchor_boxes)
    assert results.attempted
    assert not results.failed
