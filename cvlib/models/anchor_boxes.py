"""Reference boxes, what a detector learns about them, and the way back: shared by R-CNN and RetinaNet.

Boxes are `xyxy` in pixels. These detectors do not predict a box out of nothing: they predict how a reference
box (an anchor, or a region proposal) must be moved and stretched, in four numbers called deltas.

References:
    Girshick et al., 2014, Rich Feature Hierarchies for Accurate Object Detection, appendix C (deltas).
    Ren et al., 2015, Faster R-CNN, section 3.1 (anchors, which of them learn what).
    Lin et al., 2017, Focal Loss for Dense Object Detection, section 4 (the limits 0.4 and 0.5).
"""

import numpy as np

from cvlib.boxes import batched_nms, clip, iou

#: Deltas are divided by these, so that those that occur are of about the size 1.
SPREAD = (0.1, 0.1, 0.2, 0.2)
#: What `assign_anchors` writes for a reference box that is background, and for one that does not count.
BACKGROUND, IGNORED = -1, -2
#: A predicted side is at most so many times that of its reference box.
LARGEST = 1000 / 16


def anchor_grid(image_size, strides, sizes, aspects=(0.5, 1.0, 2.0)):
    """Anchors of every cell of every level.

    Args:
        image_size: (height, width) in pixels, multiples of each stride.
        strides: distance of the cells of each level in pixels.
        sizes: for each level the sides of its square anchors in pixels; other aspects keep the area.
        aspects: height over width.

    Returns:
        float32 array (N, 4): level after level, row after row, cell after cell, size after size. They may
        reach beyond the picture.

    Raises:
        ValueError: if the sides are not multiples of the strides, or there is not one list of sizes a stride.

    Example:
        >>> anchor_grid((32, 64), strides=[32], sizes=[[20]], aspects=[1])
        array([[ 6.,  6., 26., 26.],
               [38.,  6., 58., 26.]], dtype=float32)
    """
    height, width = (int(side) for side in image_size)
    strides, sizes = list(strides), [list(each) if np.ndim(each) else [each] for each in sizes]
    if len(sizes) != len(strides):
        raise ValueError(f"sizes must have one list a stride ({len(strides)}), got {len(sizes)}")
    shapes = np.array([[1 / aspect**0.5, aspect**0.5] for aspect in aspects], np.float64)
    if not np.isfinite(shapes).all() or any(not size > 0 for each in sizes for size in each):
        raise ValueError(f"sizes and aspects must be above 0, got sizes={sizes} and aspects={list(aspects)}")
    levels = []
    for stride, sides in zip(strides, sizes):
        if height % stride or width % stride:
            raise ValueError(
                f"image_size must be multiples of the stride {stride}, got {height}×{width}: resize or pad"
            )
        half = (np.array(sides, np.float64)[:, None, None] * shapes / 2).reshape(-1, 2)
        y, x = np.meshgrid(np.arange(0, height, stride), np.arange(0, width, stride), indexing="ij")
        centres = np.stack([x, y], -1).reshape(-1, 1, 2) + stride / 2
        levels.append(np.concatenate([centres - half, centres + half], -1).reshape(-1, 4))
    return np.concatenate(levels).astype(np.float32)


def encode_deltas(boxes, references, spread=SPREAD):
    """How reference boxes must be changed to become other boxes.

    Args:
        boxes: array-like (..., 4), `xyxy`.
        references: array-like (..., 4), `xyxy`, with sides above 0.
        spread: the deltas are divided by these.

    Returns:
        float32 array (..., 4): the way of the centre as shares of the reference's width and height, and the
        logarithms of how many times as wide and as high; each over its spread.

    Raises:
        ValueError: if a side is not above 0.

    Example:
        >>> encode_deltas([[10, 10, 30, 20]], [[0, 10, 20, 20]], spread=(1, 1, 1, 1))
        array([[0.5, 0. , 0. , 0. ]], dtype=float32)
    """
    (x, y, w, h), (x_r, y_r, w_r, h_r) = (
        _centred(each, name) for each, name in ((boxes, "boxes"), (references, "references"))
    )
    deltas = np.stack([(x - x_r) / w_r, (y - y_r) / h_r, np.log(w / w_r), np.log(h / h_r)], -1)
    return (deltas / np.asarray(spread)).astype(np.float32)


def decode_deltas(deltas, references, spread=SPREAD, image_size=None):
    """The boxes that deltas make of reference boxes: the inverse of `encode_deltas`.

    Args:
        deltas: array-like (..., N, 4).
        references: array-like (N, 4) or (..., N, 4), `xyxy`.
        spread: as they were encoded.
        image_size: (height, width) to which boxes are cut; None leaves them as they are.

    Returns:
        float32 array (..., N, 4), `xyxy`. Sides are at most 62.5 times the reference's, so that an untrained
        network gives numbers too.
    """
    deltas = np.asarray(deltas, np.float64) * np.asarray(spread)
    x_r, y_r, w_r, h_r = _centred(references, "references")
    x, y = x_r + deltas[..., 0] * w_r, y_r + deltas[..., 1] * h_r
    w, h = (
        side * np.exp(np.minimum(d, np.log(LARGEST)))
        for side, d in ((w_r, deltas[..., 2]), (h_r, deltas[..., 3]))
    )
    centre, half = np.stack([x, y], -1), np.stack([w, h], -1) / 2
    boxes = np.concatenate([centre - half, centre + half], -1).astype(np.float32)
    return boxes if image_size is None else clip(boxes.reshape(-1, 4), *image_size).reshape(boxes.shape)


def assign_anchors(references, boxes, positive=0.5, negative=0.4, best=True):
    """Which true box each reference box shall learn.

    Args:
        references: array-like (N, 4), `xyxy`.
        boxes: array-like (M, 4), `xyxy`: the true boxes of one picture.
        positive: IoU from which a reference box learns the true box that it overlaps most.
        negative: IoU below which it is background. In between it does not count.
        best: whether every true box also gets the reference box that overlaps it most, however little (of
            equal ones the first; a reference box that is wanted by several learns the last of them).

    Returns:
        int64 array (N,): the index of the true box, −1 for background, −2 for what does not count.

    Raises:
        ValueError: if not 0 ≤ `negative` ≤ `positive` ≤ 1.

    Example:
        >>> assign_anchors([[0, 0, 10, 10], [0, 0, 10, 4.5], [50, 50, 60, 60]], [[0, 0, 10, 10]]).tolist()
        [0, -2, -1]
    """
    if not 0 <= negative <= positive <= 1:
        raise ValueError(
            f"negative and positive must be 0 ≤ negative ≤ positive ≤ 1, got {negative!r} and {positive!r}"
        )
    overlap = iou(references, boxes)
    if not overlap.shape[1]:
        return np.full(len(overlap), BACKGROUND, np.int64)
    highest = overlap.max(1)
    found = np.where(
        highest >= positive, overlap.argmax(1), np.where(highest < negative, BACKGROUND, IGNORED)
    )
    if best and len(overlap):
        wanted = overlap.argmax(0)
        for box, reference in enumerate(wanted):
            if overlap[reference, box] > 0:
                found[reference] = box
    return found.astype(np.int64)


def select_detections(boxes, scores, least=0.05, iou_threshold=0.5, most=100):
    """What is left after non-maximum suppression, as the metrics and figures take it.

    Args:
        boxes: array-like (B, N, 4), `xyxy`.
        scores: array-like (B, N, C), of the classes without background.
        least: lower scores are dropped.
        iou_threshold: of two boxes of a class that overlap by more, the better is kept.
        most: at most so many a picture.

    Returns:
        A list with a dict for each picture: `boxes` (D, 4), `classes` (D,), `scores` (D,), the best first.
    """
    kept = batched_nms(boxes, scores, iou_threshold, least, most)
    return [
        {name: kept[name][picture, :count] for name in ("boxes", "classes", "scores")}
        for picture, count in enumerate(kept["count"])
    ]


def _centred(boxes, name):
    """Centre and sides of boxes, each (...)."""
    boxes = np.asarray(boxes, np.float64)
    if boxes.shape[-1:] != (4,):
        raise ValueError(f"{name} must be boxes (..., 4), xyxy, got shape {boxes.shape}")
    sides = boxes[..., 2:] - boxes[..., :2]
    if not (sides > 0).all():
        bad = boxes[~(sides > 0).all(-1)][0].tolist()
        raise ValueError(f"{name} must have sides above 0 (x2 > x1 and y2 > y1), got {bad}")
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    return centre[..., 0], centre[..., 1], sides[..., 0], sides[..., 1]
