"""Change a picture's values, pixel by pixel: channel shift, brightness, rescale.

For uint8 pictures all three together are one table of 256 entries, looked up once a pixel.
"""

import numpy as np

from cvlib._opencv import cv2


def white_level(dtype, highest):
    """The value that white has: 255, or 1 for floats that never exceed it; None for floats beyond 255.

    Args:
        dtype: of the pictures.
        highest: their largest value.
    """
    if np.issubdtype(dtype, np.integer):
        return 255.0
    return 1.0 if highest <= 1 else 255.0 if highest <= 255 else None


def adjust(values, shift=None, brightness=None, white=255.0, limits=None):
    """Channel shift, then brightness, as Keras orders them but without rounding.

    Args:
        values: float array, changed in place.
        shift: added to all channels alike; the result is clipped to the picture's smallest and largest value.
        brightness: factor; the result is clipped at `white`.
        white: upper limit, or None for none.
        limits: the picture's smallest and largest value; by default those of `values`.

    Returns:
        `values`.
    """
    if shift is not None:
        low, high = limits or (values.min(), values.max())
        values += shift
        np.clip(values, low, high, out=values)
    if brightness is not None:
        values *= brightness
        if white is not None:
            np.minimum(values, white, out=values)
    return values


def adjust_bytes(image, out, shift=None, brightness=None, scale=None):
    """`adjust` and `rescale` for uint8, in one pass into `out`.

    Args:
        image: uint8 array (H, W, C).
        out: array of the same shape, of the dtype wanted; it may be a strided view.
        shift: as for `adjust`.
        brightness: as for `adjust`.
        scale: factor that comes last, or None.
    """
    if shift is None and brightness is None:
        if scale is None:
            np.copyto(out, image, casting="unsafe")
        else:
            np.multiply(image, scale, out=out, dtype=out.dtype)
        return
    limits = None if shift is None else cv2.minMaxLoc(image.reshape(image.shape[0], -1))[:2]
    table = adjust(np.arange(256, dtype=np.float32), shift, brightness, 255.0, limits)
    if scale is not None:
        table *= scale
    if out.dtype == np.float32 and out.flags.c_contiguous:
        cv2.LUT(image, table, dst=out)
    else:
        if np.issubdtype(out.dtype, np.integer):
            table = np.rint(table)
        np.copyto(out, table[image], casting="unsafe")
