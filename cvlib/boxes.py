"""Boxes: float32 arrays (N, 4), `xyxy` in pixels, x to the right and y down."""

import numpy as np


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
