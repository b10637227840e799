"""Region proposals: boxes around what hangs together, before anything is known about classes.

A picture is cut into pieces of one colour, and neighbours that look most alike are joined, again and again,
until the whole picture is one. Every piece that ever was is a proposal: an object is often one of them.

References:
    Felzenszwalb and Huttenlocher, 2004, Efficient Graph-Based Image Segmentation, algorithm 1 (the pieces).
    Uijlings et al., 2013, Selective Search for Object Recognition, section 3.2 (the joining).
"""

import numpy as np

from cvlib._opencv import cv2

BINS = 8


def region_proposals(image, scale=200.0, smallest=16, least_side=4, most=None):
    """Boxes that may hold an object.

    Args:
        image: array (H, W, 3) in [0, 255].
        scale: of `segments`: larger, larger pieces to begin with.
        smallest: pixels of the smallest piece.
        least_side: boxes with a shorter side, in pixels, are left out.
        most: at most so many, the first; None for all.

    Returns:
        float32 array (N, 4), `xyxy` in pixels, no two alike: the last that were joined first, the first
        pieces last. The whole picture is one of them.

    Raises:
        ValueError: if an argument is out of its range.

    Example:
        >>> image = np.zeros((20, 30, 3), np.uint8)
        >>> image[5:15, 10:25] = 255
        >>> region_proposals(image).tolist()[:2]
        [[0.0, 0.0, 30.0, 20.0], [10.0, 5.0, 25.0, 15.0]]

    Notes:
        The picture is smoothed by σ = 0.5, not 0.8 as in the paper: rings of mixed colour round small things
        would become pieces of their own. Selective search also compares textures, and begins from several
        colour spaces and scales: about two thousand proposals a photograph. This gives dozens.
    """
    labels = segments(image, scale, smallest)
    regions = [_Region(image, labels, number) for number in range(labels.max() + 1)]
    pixels = labels.size
    pairs = {(int(a), int(b)) for a, b in np.sort(_touching(labels), axis=1)}
    similar = {pair: _similarity(regions[pair[0]], regions[pair[1]], pixels) for pair in pairs}
    while similar:
        one, two = max(similar, key=lambda pair: (similar[pair], -pair[0], -pair[1]))
        joined = len(regions)
        regions.append(regions[one].joined(regions[two]))
        neighbours = {other for pair in similar if {one, two} & set(pair) for other in pair} - {one, two}
        similar = {pair: value for pair, value in similar.items() if not {one, two} & set(pair)}
        for other in neighbours:
            similar[other, joined] = _similarity(regions[other], regions[joined], pixels)
    found = list(dict.fromkeys(region.box for region in reversed(regions)))
    found = [box for box in found if min(box[2] - box[0], box[3] - box[1]) >= least_side]
    return np.array(found[:most], np.float32).reshape(-1, 4)


def segments(image, scale=200.0, smallest=16):
    """Cut a picture into pieces: two are joined where the step between them is no larger than steps inside.

    Args:
        image: array (H, W, 3) in [0, 255].
        scale: k in the paper: a piece of n pixels tolerates a step larger by k/n than any inside it.
        smallest: smaller pieces are joined to the neighbour with the smallest step.

    Returns:
        int32 array (H, W) of numbers from 0, each piece its own.

    Raises:
        ValueError: if the image is not (H, W, 3), or `scale` or `smallest` is not positive.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < 2:
        raise ValueError(f"image must be (H, W, 3) with at least two pixels a side, got {image.shape}")
    if not scale > 0 or not smallest > 0:
        raise ValueError(f"scale and smallest must be above 0, got {scale!r} and {smallest!r}")
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 0.5)
    places = np.arange(image.shape[0] * image.shape[1]).reshape(image.shape[:2])
    ends = [(places[:, :-1], places[:, 1:]), (places[:-1], places[1:])]
    steps = [smooth[:, :-1] - smooth[:, 1:], smooth[:-1] - smooth[1:]]
    a, b = (np.concatenate([pair[i].ravel() for pair in ends]) for i in (0, 1))
    weight = np.concatenate([np.linalg.norm(step, axis=-1).ravel() for step in steps])
    order = np.argsort(weight, kind="stable")
    edges = list(zip(a[order].tolist(), b[order].tolist(), weight[order].tolist()))

    parent, size = list(range(places.size)), [1] * places.size
    limit = [float(scale)] * places.size  # the largest step inside, plus scale / size

    def root(node):
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for tolerant in (False, True):
        for one, two, step in edges:
            one, two = root(one), root(two)
            if one == two:
                continue
            small = tolerant and min(size[one], size[two]) < smallest
            if small or (not tolerant and step <= min(limit[one], limit[two])):
                parent[two] = one
                size[one] += size[two]
                limit[one] = step + scale / size[one]
    roots = np.array([root(node) for node in range(places.size)])
    return np.unique(roots, return_inverse=True)[1].reshape(places.shape).astype(np.int32)


class _Region:
    """A piece: its box, its size in pixels and its histogram of colours."""

    def __init__(self, image, labels, number):
        rows, columns = np.nonzero(labels == number)
        colours = np.asarray(image, np.float32)[rows, columns]
        bins = np.clip(colours / 256 * BINS, 0, BINS - 1).astype(int) + BINS * np.arange(3)
        self.box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        self.size = len(rows)
        self.colours = np.bincount(bins.ravel(), minlength=3 * BINS) / bins.size

    def joined(self, other):
        """Both as one."""
        result = object.__new__(_Region)
        result.box = _around(self.box, other.box)
        result.size = self.size + other.size
        result.colours = (self.size * self.colours + other.size * other.colours) / result.size
        return result


def _similarity(a, b, pixels):
    """Common colours; small pieces first; pieces that fill the box around both. Each in [0, 1]."""
    left, top, right, bottom = _around(a.box, b.box)
    hole = ((right - left) * (bottom - top) - a.size - b.size) / pixels
    return np.minimum(a.colours, b.colours).sum() + (1 - (a.size + b.size) / pixels) + (1 - hole)


def _around(a, b):
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _touching(labels):
    """Pairs (P, 2) of pieces that share a border, each once."""
    beside = [(labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])]
    pairs = np.concatenate([np.stack([a[a != b], b[a != b]], 1) for a, b in beside])
    return np.unique(np.sort(pairs, axis=1), axis=0)
