"""Pictures of any size made to fit a network: scaled in proportion, with grey bars beside them."""

import numpy as np

from cvlib._opencv import cv2

#: Grey of the bars.
GREY = 114


def checked_picture(image, name="image"):
    """A picture as an array (H, W, 3), or an error that names it."""
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] != 3 or 0 in image.shape:
        raise ValueError(
            f"{name} must be an RGB picture (H, W, 3), got shape {image.shape}: pass a list of pictures, and "
            "repeat a grey one three times"
        )
    return image


def letterbox(image, size):
    """Scale a picture to fit, its sides in proportion, and put grey bars beside it.

    Args:
        image: (H, W, 3).
        size: (height, width) wanted.

    Returns:
        The picture (height, width, 3) of the same dtype, the scale (2,) in x and y, and where its corner lies
        (2,), x and y: a point moves to scale · point + corner.
    """
    height, width = image.shape[:2]
    ratio = min(size[0] / height, size[1] / width)
    new = max(1, round(width * ratio)), max(1, round(height * ratio))
    if new != (width, height):
        how = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
        image = cv2.resize(image, new, interpolation=how)
    left, top = (size[1] - new[0]) // 2, (size[0] - new[1]) // 2
    whole = np.full((*size, 3), GREY, image.dtype)
    whole[top : top + new[1], left : left + new[0]] = image
    return whole, np.array([new[0] / width, new[1] / height]), np.array([left, top], np.float64)
