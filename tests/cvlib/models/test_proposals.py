"""Region proposals: the pieces against a slow reading of the paper, the boxes on drawn shapes."""

import doctest

import cv2
import numpy as np
import pytest

from cvlib import boxes
from cvlib.models import proposals
from cvlib.models.proposals import region_proposals, segments


def drawn(seed, side=48):
    """Discs and squares of any colour on one colour, with noise; and their boxes."""
    rng = np.random.default_rng(seed)
    image, corners = np.full((side, side, 3), rng.uniform(60, 190, 3), np.float32), []
    for left, top in ((2, 3), (26, 4), (5, 27), (28, 26)):
        size = int(rng.integers(10, 19))
        colour = (image[0, 0] + rng.choice([-60, 60], 3)).clip(0, 255)
        if rng.random() < 0.5:
            image[top : top + size, left : left + size] = colour
        else:
            y, x = np.mgrid[:side, :side] + 0.5
            image[(x - left - size / 2) ** 2 + (y - top - size / 2) ** 2 < size**2 / 4] = colour
        corners.append([left, top, left + size, top + size])
    return (image + rng.normal(0, 4, image.shape)).clip(0, 255).astype(np.uint8), np.array(corners)


def pieces_by_sets(image, scale, smallest):
    """Algorithm 1 of Felzenszwalb and Huttenlocher with sets of pixels and a list of all edges."""
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 0.5)
    height, width = image.shape[:2]
    edges = [((r, c), (r, c + 1)) for r in range(height) for c in range(width - 1)]
    edges += [((r, c), (r + 1, c)) for r in range(height - 1) for c in range(width)]
    weighed = [(float(np.linalg.norm(smooth[a] - smooth[b])), a, b) for a, b in edges]
    weighed.sort(key=lambda entry: entry[0])
    piece = {(r, c): {(r, c)} for r in range(height) for c in range(width)}
    inside = {id(members): 0.0 for members in piece.values()}

    def join(a, b, step):
        both = piece[a] | piece[b]
        inside[id(both)] = step
        keep.append(both)  # so that no id is used twice
        for pixel in both:
            piece[pixel] = both

    keep = list(piece.values())
    for step, a, b in weighed:
        if piece[a] is not piece[b]:
            one, two = (inside[id(piece[end])] + scale / len(piece[end]) for end in (a, b))
            if step <= min(one, two):
                join(a, b, step)
    for step, a, b in weighed:
        if piece[a] is not piece[b] and min(len(piece[a]), len(piece[b])) < smallest:
            join(a, b, step)
    return piece


@pytest.mark.parametrize(("seed", "scale"), [(0, 100.0), (1, 30.0), (2, 400.0)])
def test_pieces_are_those_of_the_algorithm_with_sets(seed, scale):
    image = drawn(seed)[0][:24, :30]
    labels = segments(image, scale, smallest=8)
    piece = pieces_by_sets(image, scale, 8)
    groups = {frozenset(map(tuple, np.argwhere(labels == number))) for number in range(labels.max() + 1)}
    assert groups == {frozenset(members) for members in piece.values()}
    assert len(groups) > 1


@pytest.mark.parametrize("seed", range(4))
def test_every_shape_is_among_the_proposals_and_no_two_are_alike(seed):
    image, corners = drawn(seed)
    found = region_proposals(image)
    assert (boxes.iou(found, corners).max(0) > 0.75).all()
    assert len(np.unique(found, axis=0)) == len(found)
    assert found.tolist()[0] == [0, 0, 48, 48]  # the last to be joined is everything
    assert (found[:, :2] < found[:, 2:]).all()


def test_a_part_and_its_whole_are_both_proposed():
    image = np.full((40, 40, 3), 128, np.uint8)
    image[8:32, 8:20] = (220, 40, 40)
    image[8:32, 20:32] = (180, 60, 40)  # two halves of nearly one colour
    found = region_proposals(image, scale=20).tolist()
    for box in ([8, 8, 20, 32], [20, 8, 32, 32], [8, 8, 32, 32]):
        assert box in found


def test_short_sides_and_more_than_the_most_are_left_out():
    image, _ = drawn(0)
    everything = region_proposals(image, least_side=1)
    long = region_proposals(image, least_side=12)
    sides = everything[:, 2:] - everything[:, :2]
    np.testing.assert_array_equal(long, everything[sides.min(1) >= 12])
    np.testing.assert_array_equal(region_proposals(image, least_side=1, most=3), everything[:3])


def test_one_colour_is_one_piece():
    plain = np.full((20, 30, 3), 7, np.uint8)
    assert segments(plain).max() == 0
    assert region_proposals(plain).tolist() == [[0, 0, 30, 20]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.zeros((5, 5)),), r"image must be \(H, W, 3\) .* got \(5, 5\)"),
        ((np.zeros((5, 5, 3)), 0), "scale and smallest must be above 0, got 0 and 16"),
    ],
)
def test_bad_input_is_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        region_proposals(*arguments)


def test_the_example_in_the_docstring_holds():
    results = doctest.testmod(proposals)
    assert results.attempted
    assert not results.failed
