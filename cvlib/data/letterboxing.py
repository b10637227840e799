"""Pictures made to fit without a change of shape: scaled in proportion, with grey bars beside them."""

import numpy as np

from cvlib._opencv import cv2
from cvlib.boxes.arrays import as_boxes

#: Grey of the bars.
GREY = 114


def letterbox(image, size, fill=GREY, interpolation=None):
    """Scale a picture to fit, its sides in proportion, and put bars beside it.

    Args:
        image: array (H, W, C) of a dtype that OpenCV resizes.
        size: (height, width) wanted.
        fill: value of the bars.
        interpolation: OpenCV's number; by default the mean over what a pixel covers when it shrinks a
            picture, bilinear when it enlarges it.

    Returns:
        The tuple (array (height, width, C), scale, offset), the last two float64 arrays (2,), x and y: a
        point (x, y) of the picture lies at scale · (x, y) + offset. The two scales differ by what it takes to
        fill whole pixels.

    Raises:
        ValueError: if the picture is not (H, W, C), or the size not two positive numbers.

    Example:
        >>> image, scale, offset = letterbox(np.zeros((30, 60, 3), np.uint8), (40, 40))
        >>> image.shape, scale.round(3), offset
        ((40, 40, 3), array([0.667, 0.667]), array([ 0., 10.]))
    """
    image = np.asarray(image)
    if image.ndim != 3 or 0 in image.shape:
        raise ValueError(f"image must be a picture (H, W, C), got shape {image.shape}")
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"size must be two whole numbers of at least 1, (height, width), got {size!r}")
    height, width, channels = image.shape
    ratio = min(size[0] / height, size[1] / width)
    new = min(size[1], max(1, round(width * ratio))), min(size[0], max(1, round(height * ratio)))
    if new != (width, height):
        how = interpolation
        if how is None:
            how = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
        image = cv2.resize(image, new, interpolation=how).reshape(new[1], new[0], channels)
    left, top = (size[1] - new[0]) // 2, (size[0] - new[1]) // 2
    whole = np.full((*size, channels), fill, image.dtype)
    whole[top : top + new[1], left : left + new[0]] = image
    return whole, np.array([new[0] / width, new[1] / height]), np.array([left, top], np.float64)


def letterbox_boxes(boxes, scale, offset):
    """Boxes of a picture as they lie in its letterboxed copy.

    Args:
        boxes: array-like (..., 4), `xyxy` in pixels of the picture.
        scale: as from `letterbox`.
        offset: likewise.

    Returns:
        float array (..., 4), `xyxy` in pixels of the copy.
    """
    boxes = as_boxes(boxes)
    return (boxes * np.tile(scale, 2) + np.tile(offset, 2)).astype(boxes.dtype)


def unletterbox_boxes(boxes, scale, offset, image_size=None):
    """Boxes found in a letterboxed copy as they lie in the picture: the inverse of `letterbox_boxes`.

    Args:
        boxes: array-like (..., 4), `xyxy` in pixels of the copy.
        scale: as from `letterbox`.
        offset: likewise.
        image_size: (height, width) of the picture, to clip to it; by default boxes may reach beyond.

    Returns:
        float array (..., 4), `xyxy` in pixels of the picture.
    """
    boxes = as_boxes(boxes)
    back = ((boxes - np.tile(offset, 2)) / np.tile(scale, 2)).astype(boxes.dtype)
    return (
        back
        if image_size is None
        else np.clip(back, 0, [image_size[1], image_size[0]] * 2).astype(back.dtype)
    )
