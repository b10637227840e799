"""Box arrays: checked, converted between formats, clipped."""

import numpy as np

#: Name of a format: what its four columns are, in pixels or as shares of the picture ("rel_…").
FORMATS = {
    "xyxy": "left, top, right, bottom",
    "xywh": "left, top, width, height (COCO)",
    "cxcywh": "centre x, centre y, width, height",
    "yxyx": "top, left, bottom, right (TensorFlow)",
    "rel_xyxy": "xyxy as shares of width and height",
    "rel_cxcywh": "cxcywh as shares of width and height (YOLO)",
    "rel_yxyx": "yxyx as shares of height and width (TensorFlow Object Detection)",
}


def as_boxes(boxes, name="boxes"):
    """Boxes as a float array (..., 4); an empty list is (0, 4).

    Args:
        boxes: array-like (..., 4) of numbers.
        name: of the argument, for the error.

    Returns:
        float32 array; float64 where that was given.

    Raises:
        ValueError: if the last axis is not 4 or a value is not finite.
    """
    boxes = np.asarray(boxes)
    boxes = boxes.astype(np.float64 if boxes.dtype == np.float64 else np.float32)
    if boxes.size == 0 and boxes.ndim <= 1:
        return boxes.reshape(0, 4)
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        raise ValueError(f"{name} must have four columns (a last axis of 4), got shape {boxes.shape}")
    if not np.isfinite(boxes).all():
        raise ValueError(f"{name} must be finite numbers, got {boxes[~np.isfinite(boxes)][0]}")
    return boxes


def convert(boxes, source, target, image_size=None):
    """Boxes in another format.

    Args:
        boxes: array-like (..., 4).
        source: the format that they are in, a key of `FORMATS`.
        target: the format wanted.
        image_size: (height, width) in pixels; needed from or to a format that begins with "rel_".

    Returns:
        float array of the same shape: float64 if that was given, else float32.

    Raises:
        ValueError: for an unknown format, or a relative one without `image_size`.

    Example:
        >>> convert([[10, 20, 30, 60]], "xyxy", "rel_cxcywh", image_size=(100, 200))
        array([[0.1, 0.4, 0.1, 0.4]], dtype=float32)
    """
    for name, value in (("source", source), ("target", target)):
        if value not in FORMATS:
            raise ValueError(f"{name} must be one of {', '.join(FORMATS)}, got {value!r}")
    boxes = as_boxes(boxes)
    if source == target:
        return boxes
    a, b, c, d = np.moveaxis(_scaled(boxes, source, image_size, False), -1, 0)
    layout = source.removeprefix("rel_")
    if layout == "xywh":
        a, b, c, d = a, b, a + c, b + d
    elif layout == "cxcywh":
        a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
    elif layout == "yxyx":
        a, b, c, d = b, a, d, c
    layout = target.removeprefix("rel_")
    if layout == "xywh":
        a, b, c, d = a, b, c - a, d - b
    elif layout == "cxcywh":
        a, b, c, d = (a + c) / 2, (b + d) / 2, c - a, d - b
    elif layout == "yxyx":
        a, b, c, d = b, a, d, c
    return _scaled(np.stack([a, b, c, d], -1), target, image_size, True).astype(boxes.dtype)


def area(boxes):
    """Width times height of `xyxy` boxes (..., 4); 0 where a side is negative."""
    boxes = as_boxes(boxes)
    return np.maximum(boxes[..., 2] - boxes[..., 0], 0) * np.maximum(boxes[..., 3] - boxes[..., 1], 0)


def clip(boxes, height, width):
    """The part of each box that lies in the picture.

    Args:
        boxes: float array (N, 4 or more), `xyxy` in pixels; further columns are kept as they are.
        height: of the picture in pixels.
        width: of the picture in pixels.

    Returns:
        float32 array of the same shape, x in [0, width] and y in [0, height].

    Example:
        >>> clip([[-5.0, 2.0, 30.0, 8.0]], height=10, width=20)
        array([[ 0.,  2., 20.,  8.]], dtype=float32)
    """
    boxes = np.array(boxes, np.float32)
    boxes[:, 0:4:2] = boxes[:, 0:4:2].clip(0, width)
    boxes[:, 1:4:2] = boxes[:, 1:4:2].clip(0, height)
    return boxes


def _scaled(boxes, kind, image_size, down):
    """Pixels to shares (`down`) or back, where the format is a relative one."""
    if not kind.startswith("rel_"):
        return boxes
    if image_size is None:
        raise ValueError(f"image_size=(height, width) is needed to convert from or to {kind!r}")
    height, width = (float(side) for side in image_size)
    if height <= 0 or width <= 0:
        raise ValueError(f"image_size must be two positive numbers, (height, width), got {image_size!r}")
    sides = np.array([height, width] * 2 if kind == "rel_yxyx" else [width, height] * 2)
    return boxes / sides if down else boxes * sides
