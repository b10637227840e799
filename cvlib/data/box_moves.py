"""Boxes in a pipeline: checked, moved with their picture, cut at its edge, and padded into a batch."""

import numpy as np

from cvlib import boxes as box_arrays
from cvlib._opencv import cv2

#: What stands in a batch where a picture has no further box.
PAD = -1
#: Fill modes that show objects again beyond the edge.
TILED = ("reflect", "mirror", "wrap")


def box_rows(boxes, what):
    """One picture's boxes as float32 (n, 4 or more), checked.

    Args:
        boxes: array-like (n, 4 or more), `xyxy`; an empty list for none.
        what: the argument, for the error.

    Raises:
        ValueError: if they are not rows of finite numbers with x1 ≤ x2 and y1 ≤ y2.
    """
    try:
        boxes = np.asarray(boxes, np.float32)
    except (TypeError, ValueError):
        raise ValueError(f"{what} must be an array (n, 4) of boxes x1, y1, x2, y2, got {boxes!r}") from None
    if boxes.size == 0:
        return boxes.reshape(0, boxes.shape[-1] if boxes.ndim == 2 and boxes.shape[-1] >= 4 else 4)
    if boxes.ndim != 2 or boxes.shape[1] < 4:
        raise ValueError(f"{what} must be an array (n, 4) of boxes x1, y1, x2, y2, got shape {boxes.shape}")
    if not np.isfinite(boxes).all():
        raise ValueError(
            f"{what} must be finite numbers, got {boxes[~np.isfinite(boxes).all(1)][0].tolist()}"
        )
    if (boxes[:, 2:4] < boxes[:, :2]).any():
        bad = boxes[(boxes[:, 2:4] < boxes[:, :2]).any(1)][0]
        raise ValueError(f"{what} must hold x1 ≤ x2 and y1 ≤ y2 (xyxy, not xywh), got {bad[:4].tolist()}")
    return boxes


def labelled(boxes, labels, names):
    """Boxes with their classes as a fifth column, in which they travel together.

    Args:
        boxes: sequence of N float32 arrays (n, 4).
        labels: sequence of N array-likes (n,) of class indices.
        names: N texts, what to call each picture in an error.

    Returns:
        List of N float32 arrays (n, 5).

    Raises:
        ValueError: naming the picture whose labels are no class indices, or not one a box.
    """
    if len(labels) != len(boxes):
        raise ValueError(f"labels must have one entry a picture ({len(boxes)}), got {len(labels)}")
    rows = []
    for each, numbers, name in zip(boxes, labels, names):
        numbers = np.asarray(numbers)
        if numbers.size == 0:
            numbers = np.zeros(0, int)
        if each.shape[1] != 4 or numbers.shape != (len(each),):
            raise ValueError(
                f"labels of {name} must be one class a box: there are {len(each)} boxes of "
                f"{each.shape[1]} columns and labels of shape {numbers.shape}"
            )
        if numbers.dtype.kind not in "iu" or (numbers.size and numbers.min() < 0):
            raise ValueError(
                f"labels of {name} must be class indices (whole numbers from 0), got "
                f"{numbers.tolist()[:5]}: for names use [class_names.index(name) for name in …]"
            )
        rows.append(np.concatenate([each, numbers[:, None].astype(np.float32)], 1))
    return rows


def padded(rows, most):
    """Boxes and labels of a batch as arrays of one shape.

    Args:
        rows: list of B float32 arrays (n, 5): `xyxy` and the class.
        most: how many there is room for; of more, the largest are kept.

    Returns:
        The tuple (float32 array (B, most, 4), int32 array (B, most)), −1 where a picture has no further box.
    """
    boxes = np.full((len(rows), most, 4), PAD, np.float32)
    labels = np.full((len(rows), most), PAD, np.int32)
    for index, each in enumerate(rows):
        if len(each) > most:
            each = each[np.sort(np.argsort(-box_arrays.area(each[:, :4]), kind="stable")[:most])]
        boxes[index, : len(each)], labels[index, : len(each)] = each[:, :4], each[:, 4]
    return boxes, labels


def cut(boxes, height, width, min_visible=0.0):
    """The part of each box within a picture; what has too little left is dropped.

    Args:
        boxes: float32 array (N, 4 or more), `xyxy`; further columns go with their box.
        height: of the picture in pixels.
        width: of the picture in pixels.
        min_visible: a box is dropped if a smaller share of its area is left.

    Returns:
        float32 array (M, 4 or more): at least one pixel wide and high each.
    """
    inside = box_arrays.clip(boxes, height, width)
    enough = ((inside[:, 2:4] - inside[:, :2]) >= 1).all(-1)
    if min_visible > 0:
        enough &= box_arrays.area(inside[:, :4]) >= min_visible * box_arrays.area(boxes[:, :4])
    return inside[enough]


def move(boxes, matrix, height, width, fill_mode="constant", min_visible=0.0):
    """The upright boxes around the moved corners of boxes, cut at the picture's edge.

    Box edges are counted from the picture's edge, half a pixel from the matrix's origin. A turned box needs a
    larger upright one around it, so the result may be looser than the object, never tighter.

    Args:
        boxes: float array (N, 4 or more), `xyxy` in pixels; further columns (a class, say) go with their box.
        matrix: (2, 3), from output to input, or None to cut only.
        height: of the picture in pixels.
        width: of the picture in pixels.
        fill_mode: what is seen beyond the edge. "reflect", "mirror" and "wrap" show objects there again, and
            each copy gets its box; "nearest" and "constant" show none.
        min_visible: a box is dropped if a smaller share of the moved box lies in the picture.

    Returns:
        float32 array (M, 4 or more): boxes with less than one pixel of width or height left are dropped.
    """
    boxes = np.array(boxes, np.float32)
    if matrix is not None and len(boxes):
        boxes = _copies(boxes, np.asarray(matrix, np.float64), height, width, fill_mode)
        forward = cv2.invertAffineTransform(np.asarray(matrix, np.float64))
        x, y = boxes[:, [0, 2, 0, 2]] - 0.5, boxes[:, [1, 1, 3, 3]] - 0.5
        moved = np.einsum("ij,jnk->ink", forward, np.stack([x, y, np.ones_like(x)])) + 0.5
        boxes[:, :2], boxes[:, 2:4] = moved.min(-1).T, moved.max(-1).T
    return cut(boxes, height, width, min_visible)


def _copies(boxes, matrix, height, width, fill_mode):
    """The boxes, and then those of the objects that the fill shows again beyond the picture's edge."""
    if fill_mode not in TILED:
        return boxes
    corners = np.array([[-0.5, width - 0.5, -0.5, width - 0.5], [-0.5, -0.5, height - 0.5, height - 0.5]])
    seen = matrix[:, :2] @ corners + matrix[:, 2:] + 0.5  # the part of the plane that is looked at, as edges
    found = [boxes]
    shorter = fill_mode == "mirror"  # neighbours share their outermost pixels, which are shown once
    tiles = [
        range(int(np.floor(low / (side - shorter))), int(np.ceil(high / (side - shorter))))
        for low, high, side in zip(seen.min(1), seen.max(1), (width, height))
        if side > shorter
    ]
    if len(tiles) < 2:
        return boxes
    for row in tiles[1]:
        for column in tiles[0]:
            if (row, column) != (0, 0):
                copy = boxes.copy()
                for axis, (tile, side) in enumerate(((column, width), (row, height))):
                    low, high = boxes[:, axis], boxes[:, axis + 2]
                    if fill_mode != "wrap" and tile % 2:
                        low, high = side - high, side - low
                    start = tile * (side - shorter)
                    if shorter and tile > 0:
                        low = np.maximum(low, 1)
                    elif shorter and tile < 0:
                        high = np.minimum(high, side - 1)
                    copy[:, axis], copy[:, axis + 2] = low + start, np.maximum(low, high) + start
                found.append(copy)
    return np.concatenate(found)


def random_crop(image, boxes, labels, share=(0.3, 1.0), aspect=(0.75, 1.33), min_visible=0.3, seed=None):
    """A random part of a picture, with the boxes that are still to be seen in it.

    Args:
        image: array (H, W, C).
        boxes: array-like (N, 4), `xyxy` in pixels.
        labels: array-like (N,).
        share: of the picture's area that is kept, (low, high) in (0, 1].
        aspect: width over height of the part, as a multiple of the picture's own.
        min_visible: a box is dropped if a smaller share of its area is left.
        seed: an int or a `numpy.random.Generator`.

    Returns:
        The tuple (view of the image (h, w, C), float32 boxes (M, 4) in its pixels, labels (M,)). At least one
        box is kept if there was one, if need be by keeping the whole picture.

    Raises:
        ValueError: if a range is empty or out of bounds.

    References:
        Liu et al., 2016, SSD: Single Shot MultiBox Detector, section 2.2: crops that keep an object.
    """
    for name, (low, high), most in (("share", share, 1.0), ("aspect", aspect, np.inf)):
        if not 0 < low <= high <= most:
            raise ValueError(f"{name} must be (low, high) with 0 < low ≤ high ≤ {most:g}, got {(low, high)}")
    random, (height, width) = np.random.default_rng(seed), image.shape[:2]
    boxes = box_rows(boxes, "boxes")[:, :4]
    labels = np.asarray(labels)
    rows = np.concatenate([boxes, np.arange(len(boxes), dtype=np.float32)[:, None]], 1)
    for _ in range(30):
        area, ratio = random.uniform(*share), np.exp(random.uniform(*np.log(aspect)))
        w = int(np.clip(round(width * np.sqrt(area * ratio)), 1, width))
        h = int(np.clip(round(height * np.sqrt(area / ratio)), 1, height))
        left, top = int(random.integers(width - w + 1)), int(random.integers(height - h + 1))
        kept = cut(rows - np.float32([left, top, left, top, 0]), h, w, min_visible)
        if len(kept) or not len(boxes):
            part = image[top : top + h, left : left + w]
            return part, kept[:, :4], labels[kept[:, 4].astype(int)] if len(boxes) else labels[:0]
    return image, boxes, labels
