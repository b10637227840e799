"""YOLO's grid: boxes written into the cells and anchors that shall find them, and read out again.

A network with several scales gives a grid for each; an anchor is a typical width and height in pixels. Cell
(row, column) and anchor p of a grid of G × G hold t = (tx, ty, tw, th, objectness, one number a class), and
the box is

    bx = (σ(tx) + column) / G      by = (σ(ty) + row) / G      bw = pw·exp(tw)      bh = ph·exp(th)

with bx and by as shares of the picture.

References:
    Redmon & Farhadi, 2018, YOLOv3: An Incremental Improvement, section 2.1.
"""

import numpy as np

from cvlib.boxes.anchors import size_iou
from cvlib.boxes.arrays import as_boxes

#: exp(±16) is nine million: beyond it a width is no width, and its square no longer a float32.
LARGEST = 16.0

#: Offsets in a cell are kept so far from 0 and 1, where σ never arrives.
NEAREST = 1e-6


def yolo_encode(boxes, labels, image_size, anchors, classes, strides=(32, 16, 8)):
    """Targets: each box in the one cell and anchor that shall find it.

    The cell is the one that holds the box's centre (on a line between two, the right or lower one; on the
    picture's right or lower edge, the last). The anchor is the one of all scales whose shape has the largest
    IoU with the box's, of equal ones the first. A cell and anchor hold one box: of several, **the smallest**
    stays, and of equally small ones the first; the others are lost to training, as in the paper.

    Args:
        boxes: for each of B pictures, array-like (N, 4), `xyxy` in pixels; or a padded array (B, N, 4).
        labels: for each picture, array-like (N,) of class numbers; rows with −1 are padding.
        image_size: (height, width) of the pictures, multiples of the largest stride.
        anchors: for each scale, array-like (A, 2) of widths and heights in pixels.
        classes: number of classes C.
        strides: of each scale, in pixels.

    Returns:
        list with a float32 array (B, height/stride, width/stride, A, 5 + C) a scale: where in its cell
        the centre is, in [0, 1]; log(width / anchor's) and log(height / anchor's); 1 where an object is; its
        class, one-hot. Zero where there is none. `yolo_logits` makes a network's outputs of them.

    Raises:
        ValueError: naming the picture, for a box without width or height or with its centre outside, or a
            label that is not below `classes`.

    Example:
        >>> targets = yolo_encode([[[16, 0, 48, 64]]], [[1]], (64, 64), [[(32, 32)]], classes=2, strides=[32])
        >>> targets[0].shape, targets[0][0, 1, 1, 0].round(2).tolist()
        ((1, 2, 2, 1, 7), [0.0, 0.0, 0.0, 0.6899999976158142, 1.0, 0.0, 1.0])
    """
    anchors, grids = check_grids(image_size, anchors, strides)
    if len(boxes) != len(labels):
        raise ValueError(
            f"boxes and labels must have one entry a picture, got {len(boxes)} and {len(labels)}"
        )
    targets = [
        np.zeros((len(boxes), *grid, len(sizes), 5 + classes), np.float32)
        for grid, sizes in zip(grids, anchors)
    ]
    flat = np.concatenate(anchors)
    place = [(scale, index) for scale, sizes in enumerate(anchors) for index in range(len(sizes))]
    for image, (rows, numbers) in enumerate(zip(boxes, labels)):
        rows, numbers = _objects(rows, numbers, image_size, classes, f"boxes[{image}]")
        sizes = rows[:, 2:] - rows[:, :2]
        best = size_iou(sizes, flat).argmax(1)
        # The largest is written first, and the first of equals last: what stays is the smallest.
        for number in np.lexsort((-np.arange(len(rows)), -sizes.prod(1))):
            scale, anchor = place[best[number]]
            grid = np.array(grids[scale][::-1])
            centre = (rows[number, :2] + rows[number, 2:]) / 2 / np.array(image_size[::-1]) * grid
            column, row = cell = np.minimum(centre.astype(int), grid - 1)
            slot = targets[scale][image, row, column, anchor]
            slot[:2] = centre - cell
            slot[2:4] = np.log(sizes[number] / flat[best[number]])
            slot[4] = 1
            slot[5:] = np.arange(classes) == numbers[number]
    return targets


def yolo_logits(targets, sure=20.0):
    """The outputs of a network that is perfect: `yolo_decode` makes the boxes of them again.

    Args:
        targets: as `yolo_encode` gives them, (B, H, W, A, 5 + C) a scale.
        sure: logit of what is true; −sure of what is not.

    Returns:
        list of float32 arrays of the same shapes.
    """
    outputs = []
    for target in targets:
        target = np.asarray(target, np.float32)
        offset = np.clip(target[..., :2].astype(np.float64), NEAREST, 1 - NEAREST)
        logits = np.log(offset) - np.log1p(-offset)
        there = np.where(target[..., 4:] > 0.5, sure, -sure)
        outputs.append(np.concatenate([logits, target[..., 2:4], there], -1).astype(np.float32))
    return outputs


def yolo_decode(outputs, anchors, image_size):
    """Boxes from a network's outputs, one for each cell and anchor.

    Args:
        outputs: for each scale, (B, H, W, A·(5 + C)) or (B, H, W, A, 5 + C), logits.
        anchors: for each scale, array-like (A, 2) of widths and heights in pixels.
        image_size: (height, width) of the pictures in pixels.

    Returns:
        boxes float32 (B, M, 4), `xyxy` in pixels, not clipped; objectness float32 (B, M) in [0, 1];
        probabilities float32 (B, M, C) of each class by itself, in [0, 1]. The score of a class is objectness
        times its probability. M counts scale by scale, row by row, cell by cell, anchor by anchor.

    Example:
        >>> boxes, objectness, probabilities = yolo_decode([np.zeros((1, 2, 2, 7))], [[(32, 32)]], (64, 64))
        >>> boxes[0, 3], objectness[0, 3], probabilities.shape
        (array([32., 32., 64., 64.], dtype=float32), np.float32(0.5), (1, 4, 2))
    """
    values = []
    for scale, (output, sizes) in enumerate(zip(outputs, anchors, strict=True)):
        output, sizes = np.asarray(output), np.asarray(sizes)
        if output.ndim == 4:
            if output.shape[-1] % len(sizes):
                raise ValueError(
                    f"outputs[{scale}] must have {len(sizes)}·(5 + classes) maps, as its anchors ask for, "
                    f"got {output.shape[-1]}"
                )
            output = output.reshape(*output.shape[:3], len(sizes), -1)
        if output.ndim != 5 or output.shape[-2] != len(sizes) or output.shape[-1] < 6:
            raise ValueError(
                f"outputs[{scale}] must be (B, H, W, A·(5 + C)) or (B, H, W, A, 5 + C) with A={len(sizes)}, "
                f"got {output.shape}"
            )
        height, width = output.shape[1:3]
        cells = cell_corners(height, width)
        decoded = decode_scale(output.astype(np.float32), sizes.astype(np.float32), cells, image_size, np)
        values.append([part.reshape(len(output), -1, part.shape[-1]) for part in decoded])
    boxes, objectness, probabilities = (np.concatenate(parts, 1) for parts in zip(*values))
    return boxes, objectness[..., 0], probabilities


def decode_scale(output, anchors, cells, image_size, xp):
    """The equations above, of one scale, with the functions of NumPy or of `keras.ops`.

    Args:
        output: float32 (B, H, W, A, 5 + C).
        anchors: float32 (A, 2).
        cells: float32 (H, W, 1, 2), see `cell_corners`.
        image_size: (height, width) in pixels.
        xp: `numpy` or `keras.ops`.

    Returns:
        boxes (B, H, W, A, 4), objectness (B, H, W, A, 1), probabilities (B, H, W, A, C).
    """
    height, width = output.shape[1:3]
    pixels = np.array([image_size[1] / width, image_size[0] / height], np.float32)
    # Functions, not operators: a tensor of PyTorch times an array of NumPy is an array.
    centre = xp.multiply(xp.add(_sigmoid(output[..., :2], xp), cells), pixels)
    half = xp.multiply(xp.exp(xp.clip(output[..., 2:4], -LARGEST, LARGEST)), anchors / 2)
    boxes = xp.concatenate([centre - half, centre + half], axis=-1)
    return boxes, _sigmoid(output[..., 4:5], xp), _sigmoid(output[..., 5:], xp)


def cell_corners(height, width):
    """Column and row of each cell, float32 (height, width, 1, 2)."""
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([columns, rows], -1)[:, :, None].astype(np.float32)


def check_grids(image_size, anchors, strides):
    """Refuse anchors, strides and sizes that do not belong together.

    Returns:
        anchors as a list of float64 (A, 2), and a (height, width) in cells for each scale.
    """
    if len(anchors) != len(strides):
        raise ValueError(
            f"anchors must have one list a scale, {len(strides)} for strides={tuple(strides)}, "
            f"got {len(anchors)}"
        )
    arrays = [np.asarray(sizes, np.float64) for sizes in anchors]
    for scale, sizes in enumerate(arrays):
        if sizes.ndim != 2 or sizes.shape[1] != 2 or not len(sizes) or not (sizes > 0).all():
            raise ValueError(
                f"anchors[{scale}] must be widths and heights above 0, (A, 2), got {anchors[scale]!r}"
            )
    for side, size in zip(("height", "width"), image_size):
        if size <= 0 or any(size % stride for stride in strides):
            raise ValueError(
                f"image_size must have a {side} that is a multiple of {max(strides)}, got {size}: "
                "letterbox the pictures"
            )
    return arrays, [(image_size[0] // stride, image_size[1] // stride) for stride in strides]


def _objects(rows, numbers, image_size, classes, name):
    """Checked boxes float64 (N, 4) and labels (N,) of one picture, without padding."""
    rows, numbers = as_boxes(rows, name).astype(np.float64), np.asarray(numbers)
    if rows.ndim != 2 or numbers.reshape(-1).shape != rows.shape[:1]:
        raise ValueError(
            f"{name} must be (N, 4) with N labels, got shape {rows.shape} and labels of {numbers.shape}"
        )
    numbers = numbers.reshape(-1).astype(int)
    real = numbers >= 0
    rows, numbers = rows[real], numbers[real]
    if (numbers >= classes).any():
        raise ValueError(
            f"labels of {name} must be below classes={classes}, got {numbers.max()}: classes count from 0"
        )
    if len(rows):
        if (rows[:, 2:] <= rows[:, :2]).any():
            row = rows[(rows[:, 2:] <= rows[:, :2]).any(1)][0]
            raise ValueError(
                f"{name} must have x2 > x1 and y2 > y1, got {row.tolist()}: drop it, or see "
                "cvlib.data.annotations.repair"
            )
        centre = (rows[:, :2] + rows[:, 2:]) / 2
        out = (centre < 0) | (centre > np.array(image_size[::-1]))
        if out.any():
            raise ValueError(
                f"{name} must have their centres in the picture of {tuple(image_size)}, got "
                f"{rows[out.any(1)][0].tolist()}: clip boxes to the picture first (cvlib.boxes.clip)"
            )
    return rows, numbers


def _sigmoid(x, xp):
    """σ by tanh, which overflows nowhere."""
    return 0.5 * xp.tanh(0.5 * x) + 0.5
