"""Move a picture or its mask by one composed matrix (`box_moves` moves its boxes).

A matrix here is (2, 3) and maps a point (x, y, 1) of the *output* to the point of the input that is seen
there; (0, 0) is the centre of the top-left pixel. That is the direction in which `cv2.warpAffine` samples.
"""

import numpy as np

from cvlib._opencv import cv2
from cvlib.data import threads

#: Keras' (SciPy's) name for what lies outside the picture, shown for the row a b c d, and OpenCV's.
FILL_MODES = {
    "nearest": cv2.BORDER_REPLICATE,  # aaaa|abcd|dddd
    "constant": cv2.BORDER_CONSTANT,  # kkkk|abcd|kkkk
    "reflect": cv2.BORDER_REFLECT,  #   dcba|abcd|dcba
    "mirror": cv2.BORDER_REFLECT_101,  # dcb|abcd|cba
    "wrap": cv2.BORDER_WRAP,  #         abcd|abcd|abcd
}
#: Spline order of Keras (SciPy) and OpenCV's nearest kin.
ORDERS = {
    0: cv2.INTER_NEAREST,
    1: cv2.INTER_LINEAR,
    2: cv2.INTER_CUBIC,
    3: cv2.INTER_CUBIC,
    4: cv2.INTER_LANCZOS4,
    5: cv2.INTER_LANCZOS4,
}
#: Pillow's names of resampling filters, as Keras accepts them.
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def compose(
    height,
    width,
    theta=0.0,
    tx=0.0,
    ty=0.0,
    shear=0.0,
    zx=1.0,
    zy=1.0,
    flip_horizontal=False,
    flip_vertical=False,
):
    """Rotation · Shift · Shear · Zoom · Flip about the picture's centre, as one matrix.

    With R = [[cos θ, −sin θ], [sin θ, cos θ]], H = [[1, −sin φ], [0, cos φ]], Z = diag(zx, zy),
    F = diag(±1, ±1) and the centre c = (width/2 − ½, height/2 − ½), an output point p shows the input point
    R·(H·Z·F·(p − c) + t) + c. All arguments may be arrays of one shape: one matrix comes for each entry.

    Args:
        height: of the picture in pixels.
        width: of the picture in pixels.
        theta: rotation in degrees.
        tx: shift along x in pixels; a positive one shows what lies further right.
        ty: shift along y in pixels; a positive one shows what lies further down.
        shear: shear angle φ in degrees.
        zx: zoom along x; below 1 magnifies.
        zy: zoom along y; below 1 magnifies.
        flip_horizontal: swap left and right, after all else.
        flip_vertical: swap top and bottom, after all else.

    Returns:
        float64 array (..., 2, 3), from output to input.

    Example:
        >>> compose(4, 4, flip_horizontal=True)
        array([[-1.,  0.,  3.],
               [ 0.,  1.,  0.]])
    """
    theta, shear = np.deg2rad(theta), np.deg2rad(shear)
    cos, sin = np.cos(theta), np.sin(theta)
    zx = np.where(flip_horizontal, -1.0, 1.0) * zx
    zy = np.where(flip_vertical, -1.0, 1.0) * zy
    a, b = cos * zx, -np.sin(theta + shear) * zy  # R·H = [[cos θ, −sin(θ+φ)], [sin θ, cos(θ+φ)]]
    c, d = sin * zx, np.cos(theta + shear) * zy
    x, y = width / 2 - 0.5, height / 2 - 0.5
    shift_x = cos * tx - sin * ty + x - a * x - b * y
    shift_y = sin * tx + cos * ty + y - c * x - d * y
    rows = [np.stack(np.broadcast_arrays(*row), -1) for row in ((a, b, shift_x), (c, d, shift_y))]
    return np.stack(rows, -2).astype(np.float64) + 0.0  # + 0.0 turns −0 into 0


def warp(image, matrix, order=1, fill_mode="nearest", cval=0.0, out=None, size=None):
    """The picture seen through a matrix.

    Args:
        image: array (H, W, C), of any dtype that OpenCV warps (uint8, int16, uint16, float32, float64; int32
            with order 0).
        matrix: (2, 3), from output to input.
        order: 0 nearest, 1 bilinear, 2 and 3 bicubic, 4 and 5 Lanczos.
        fill_mode: what lies outside: "nearest", "constant" (`cval`), "reflect", "mirror" or "wrap".
        cval: the constant.
        out: C-contiguous array like the result to write into; another may be returned all the same.
        size: (height, width) of the result; by default that of the picture.

    Returns:
        array (*size, C) of the picture's dtype.
    """
    channels = image.shape[2]
    height, width = size or image.shape[:2]
    flip = _as_flip(matrix, height, width) if image.shape[:2] == (height, width) else None
    if flip is not None:
        return cv2.flip(image, flip, dst=out).reshape(image.shape)
    if channels == 2 or channels > 4:  # two would be interpolated in steps of 1/32 pixel
        parts = [np.ascontiguousarray(part) for part in np.split(image, channels, -1)]
        return np.concatenate([warp(part, matrix, order, fill_mode, cval, size=size) for part in parts], -1)
    how = ORDERS[order] | cv2.WARP_INVERSE_MAP, FILL_MODES[fill_mode], (cval,) * 4
    if channels == 3 and order == 1 and image.dtype in (np.uint8, np.float32):
        # OpenCV interpolates four channels in two thirds of the time that it takes for three.
        four = threads.scratch("four", (*image.shape[:2], 4), image.dtype)
        warped = threads.scratch("warped", (height, width, 4), image.dtype)
        cv2.warpAffine(
            cv2.cvtColor(image, cv2.COLOR_RGB2RGBA, dst=four), matrix, (width, height), warped, *how
        )
        return cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, dst=out)
    return cv2.warpAffine(image, matrix, (width, height), out, *how).reshape(height, width, channels)


def from_source(matrix, source_size, size):
    """The matrix that does a resize and then what `matrix` does, at once.

    Args:
        matrix: (2, 3), from output to the resized picture.
        source_size: (height, width) before the resize.
        size: (height, width) after it.

    Returns:
        float64 array (2, 3), from output to the picture before the resize.
    """
    scale = np.array([source_size[1] / size[1], source_size[0] / size[0]])
    combined = matrix * scale[:, None]
    combined[:, 2] += scale / 2 - 0.5  # pixel centres, not corners, coincide
    return combined


def _as_flip(matrix, height, width):
    """OpenCV's flip code of a matrix that only mirrors, else None: to flip is quicker than to warp."""
    (a, b, x), (c, d, y) = matrix.tolist()
    if (
        b
        or c
        or abs(a) != 1
        or abs(d) != 1
        or x != (width - 1 if a < 0 else 0)
        or y != (height - 1) * (d < 0)
    ):
        return None
    return {(-1, -1): -1, (-1, 1): 1, (1, -1): 0}.get((a, d))


def crop_to_aspect(height, width, target_size):
    """The largest centred crop with the target's aspect: (top, left, height, width) in whole pixels."""
    crop_height = min(height, width * target_size[0] // target_size[1])
    crop_width = min(width, height * target_size[1] // target_size[0])
    return (height - crop_height) // 2, (width - crop_width) // 2, crop_height, crop_width


def resize(image, target_size, interpolation="nearest", keep_aspect_ratio=False, out=None):
    """The picture in another size, to the bit as Pillow (and so Keras) resizes it.

    Args:
        image: array (H, W, C): uint8 with 1, 3 or 4 channels, or int32 with 1.
        target_size: (height, width).
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos"; when they shrink a
            picture, all but nearest average over what a pixel covers.
        keep_aspect_ratio: crop to the target's aspect first.
        out: C-contiguous array of the result's shape and dtype that "nearest" may write into.

    Returns:
        array (target height, target width, C).
    """
    height, width, channels = image.shape
    if (height, width) == tuple(target_size):
        return image
    size = (target_size[1], target_size[0])
    if interpolation == "nearest" and not keep_aspect_ratio:
        resized = cv2.resize(image, size, dst=out, interpolation=cv2.INTER_NEAREST_EXACT)
        return resized.reshape(*target_size, channels)
    from PIL import Image

    box = None
    if keep_aspect_ratio:
        top, left, crop_height, crop_width = crop_to_aspect(height, width, target_size)
        box = (left, top, left + crop_width, top + crop_height)
    picture = Image.fromarray(image[..., 0] if channels == 1 else image)
    resized = picture.resize(size, Image.Resampling[interpolation.upper()], box=box)
    return np.asarray(resized).reshape(*target_size, channels)


def resize_boxes(boxes, height, width, target_size, keep_aspect_ratio=False):
    """Boxes (N, 4 or more) of a picture of (height, width) as `resize` moves them; not yet clipped."""
    boxes = np.array(boxes, np.float32)
    top = left = 0
    if keep_aspect_ratio and (height, width) != tuple(target_size):
        top, left, height, width = crop_to_aspect(height, width, target_size)
    boxes[:, 0:4:2] = (boxes[:, 0:4:2] - left) * (target_size[1] / width)
    boxes[:, 1:4:2] = (boxes[:, 1:4:2] - top) * (target_size[0] / height)
    return boxes
