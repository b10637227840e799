"""From a layer's small maps to heat maps of the image's size."""

import numpy as np


def enlarged(maps, height, width):
    """Bilinear, corner cells on corner pixels: (B, h, w) to (B, height, width)."""
    return _interpolation(maps.shape[1], height) @ maps @ _interpolation(maps.shape[2], width).T


def _interpolation(cells, pixels):
    """float32 matrix (pixels, cells): what share each cell has in each pixel."""
    place = np.linspace(0, cells - 1, pixels)
    lower = np.clip(place.astype(int), 0, max(cells - 2, 0))
    share = (place - lower).astype("float32")
    matrix = np.zeros((pixels, cells), "float32")
    matrix[np.arange(pixels), lower] = 1 - share
    matrix[np.arange(pixels), np.minimum(lower + 1, cells - 1)] += share
    return matrix


def stretched(maps):
    """Each map from 0 to 1; 0 where there is no contrast, or evidence far below 1e-7 of a logit."""
    low, high = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    contrast = high - low
    flat = contrast <= 1e-6 * high  # differences as small as rounding are none
    return np.where(flat, 0, (maps - low) / (contrast + 1e-7)).astype("float32")
