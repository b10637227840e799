"""Assign detections to true boxes, for all pictures and classes at once.

The rules let the detections of one class in one picture choose in the order of their scores. Groups (a class
in a picture) do not influence each other, so the first detection of every group chooses at the same time,
then the second, and so on: as many steps as the largest group has detections.
"""

from typing import NamedTuple

import numpy as np

CELLS = 4_000_000  # groups are taken together until their arrays have about so many elements


class Table(NamedTuple):
    """Boxes of all pictures in one table.

    Attributes:
        boxes: float64 (N, 4), `xywh`.
        group: int64 (N,), class · pictures + picture; rising.
        extra: dict of further columns.
    """

    boxes: np.ndarray
    group: np.ndarray
    extra: dict


def groups(truths, detections):
    """The groups that hold detections or true boxes, in batches of equal size.

    Args:
        truths: `Table`.
        detections: `Table`, within a group by falling score.

    Yields:
        Indices of detections (G, D) and of true boxes (G, T), −1 where a group has fewer.
    """
    names = np.union1d(truths.group, detections.group)
    spans = [
        (np.searchsorted(table.group, names, "left"), np.searchsorted(table.group, names, "right"))
        for table in (detections, truths)
    ]
    counts = [stop - start for start, stop in spans]
    wide = [_size(count) for count in counts]
    kind = wide[0] * (int(wide[1].max(initial=1)) + 1) + wide[1]
    for value in np.unique(kind):
        chosen = np.flatnonzero(kind == value)
        size = max(1, CELLS // max(1, int(wide[0][chosen[0]] * wide[1][chosen[0]])))
        for part in np.split(chosen, range(size, len(chosen), size)):
            yield tuple(
                _padded(start[part], stop[part], int(width[part[0]]))
                for (start, stop), width in zip(spans, wide)
            )


def overlaps(detected, true, crowd):
    """IoU (G, D, T) of `xywh` boxes; with a crowd, the share of the detection that lies in it.

    Args:
        detected: float64 (G, D, 4).
        true: float64 (G, T, 4).
        crowd: bool (G, T).
    """
    a, b = detected[:, :, None], true[:, None]
    sides = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    inter = np.where((sides > 0).all(-1), sides.prod(-1), 0.0)
    own, other = a[..., 2:].prod(-1), b[..., 2:].prod(-1)
    union = np.where(crowd[:, None], own, own + other - inter)
    return np.divide(inter, union, out=np.zeros_like(inter), where=union > 0)


def match_coco(overlap, present, ignored, crowd, thresholds):
    """COCO's rule: the best true box that is free, one that counts before one that does not.

    Args:
        overlap: float64 (G, D, T).
        present: bool (G, T): False for padding.
        ignored: bool (A, G, T): true boxes that do not count, for each range of areas.
        crowd: bool (G, T): may be matched many times.
        thresholds: float64 (I,), of IoU.

    Returns:
        int64 (I, A, G, D): the true box that each detection got, or −1.
    """
    groups, detections, boxes = overlap.shape
    shape = (len(thresholds), len(ignored), groups)
    free = np.broadcast_to(present, (*shape, boxes)).copy()
    matched = np.full((*shape, detections), -1, np.int64)
    least = np.minimum(thresholds, 1 - 1e-10)[:, None, None, None]
    for rank in range(detections if boxes else 0):
        value = overlap[:, rank]
        can = free & (value >= least)
        if not can.any():
            continue
        counts = can & ~ignored
        can = np.where(counts.any(-1, keepdims=True), counts, can)
        # Of equal overlaps the last one, as in pycocotools.
        best = boxes - 1 - np.where(can, value, -1.0)[..., ::-1].argmax(-1)
        found = can.any(-1)
        matched[..., rank] = np.where(found, best, -1)
        where = np.nonzero(found)
        free[(*where, best[where])] &= crowd[where[2], best[where]]
    return matched


def match_voc(overlap, present, thresholds):
    """PASCAL VOC's rule: the true box with the largest overlap, whether it is free or not.

    Args:
        overlap: float64 (G, D, T).
        present: bool (G, T).
        thresholds: float64 (I,).

    Returns:
        int64 (I, 1, G, D): the true box that each detection got, −1 for none, −2 if that box was taken.
    """
    groups, detections, boxes = overlap.shape
    matched = np.full((len(thresholds), 1, groups, detections), -1, np.int64)
    if not boxes:
        return matched
    overlap = np.where(present[:, None], overlap, -1.0)
    best, value = overlap.argmax(-1), overlap.max(-1)
    taken = np.zeros((len(thresholds), groups, boxes), bool)
    rows = np.arange(groups)
    for rank in range(detections):
        enough = value[None, :, rank] >= thresholds[:, None]
        before = taken[:, rows, best[:, rank]]
        matched[:, 0, :, rank] = np.where(enough, np.where(before, -2, best[None, :, rank]), -1)
        taken[:, rows, best[:, rank]] |= enough
    return matched


def _size(counts):
    """Counts rounded up to a few sizes, so that groups of about one size go together."""
    sizes = np.array([0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100])
    index = np.searchsorted(sizes, counts)
    return np.where(counts <= 100, sizes[np.minimum(index, len(sizes) - 1)], -(-counts // 100) * 100)


def _padded(start, stop, width):
    index = start[:, None] + np.arange(width)
    return np.where(index < stop[:, None], index, -1)
