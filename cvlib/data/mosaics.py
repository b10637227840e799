"""Mosaic: four pictures in one, with the boxes of all four."""

import numpy as np

from cvlib.data import affine, box_moves

#: How many uniform numbers decide about one mosaic: its centre (2), and a scale and a place (3) a picture.
DRAWS = 14


def mosaic(images, boxes, labels, size=None, centre=(0.3, 0.7), scale=(0.5, 1.0), min_visible=0.2, seed=None):
    """Put four pictures around a random point, each scaled and cropped to fill its corner.

    A detector sees objects at more scales and in more surroundings, and batch normalisation four pictures at
    once.

    Args:
        images: four arrays (H, W, C) of one dtype, of any sizes.
        boxes: four array-likes (n, 4), `xyxy` in pixels of their picture.
        labels: four array-likes (n,) of class indices.
        size: (height, width) of the result; by default that of the first picture.
        centre: the point lies between these shares of width and height.
        scale: each picture is scaled, its sides in proportion, by a factor from this range, or by more where
            it takes more to fill its corner. A factor of 1 makes it just cover the whole result.
        min_visible: a box is dropped if a smaller share of it is seen.
        seed: an int or a `numpy.random.Generator`.

    Returns:
        The tuple (array (height, width, C), float32 boxes (M, 4), int32 labels (M,)).

    Raises:
        ValueError: if there are not four of each, or a range is out of bounds.

    References:
        Bochkovskiy et al., 2020, YOLOv4: Optimal Speed and Accuracy of Object Detection, section 3.3.
    """
    for name, value in (("images", images), ("boxes", boxes), ("labels", labels)):
        if len(value) != 4:
            raise ValueError(f"{name} must be four, one a corner, got {len(value)}")
    if not 0 < centre[0] <= centre[1] < 1:
        raise ValueError(f"centre must be two ascending shares in (0, 1), got {centre!r}")
    if not 0 < scale[0] <= scale[1]:
        raise ValueError(f"scale must be two ascending factors above 0, got {scale!r}")
    rows = [box_moves.box_rows(each, f"boxes[{i}]") for i, each in enumerate(boxes)]
    rows = box_moves.labelled(rows, labels, [f"images[{i}]" for i in range(4)])
    size = np.shape(images[0])[:2] if size is None else tuple(size)
    uniforms = np.random.default_rng(seed).random(DRAWS)
    image, rows = compose(list(zip(images, rows)), size, uniforms, centre, scale, min_visible)
    return image, rows[:, :4], rows[:, 4].astype(np.int32)


def compose(parts, size, uniforms, centre=(0.3, 0.7), scale=(0.5, 1.0), min_visible=0.2):
    """`mosaic` from checked parts.

    Args:
        parts: iterable of four tuples (image (H, W, C), rows (n, 4 or more)); an image is used before the
            next one is asked for.
        size: (height, width) of the result.
        uniforms: `DRAWS` numbers in [0, 1).
        centre: see `mosaic`.
        scale: see `mosaic`.
        min_visible: see `mosaic`.

    Returns:
        The tuple (array (height, width, C), float32 rows (M, 4 or more)).
    """
    height, width = size
    x = round(width * (centre[0] + (centre[1] - centre[0]) * float(uniforms[0])))
    y = round(height * (centre[0] + (centre[1] - centre[0]) * float(uniforms[1])))
    x, y = min(max(x, 1), width - 1), min(max(y, 1), height - 1)
    whole, found = None, []
    corners = ((0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height))
    for (image, rows), (left, top, right, bottom), draw in zip(parts, corners, uniforms[2:].reshape(4, 3)):
        image = np.ascontiguousarray(image)
        if whole is None:
            whole = np.empty((height, width, image.shape[2]), image.dtype)
        high, wide = image.shape[:2]
        cover = max(height / high, width / wide) * (scale[0] + (scale[1] - scale[0]) * draw[0])
        factor = max(cover, (bottom - top) / high, (right - left) / wide)
        # Where the corner's first pixel lies in the scaled picture: anywhere, as long as it stays inside.
        over_x, over_y = (
            draw[1] * (wide * factor - (right - left)),
            draw[2] * (high * factor - (bottom - top)),
        )
        matrix = np.array([[1 / factor, 0, over_x / factor], [0, 1 / factor, over_y / factor]])
        matrix[:, 2] += 0.5 / factor - 0.5  # edges, not pixel centres, coincide
        area = (bottom - top, right - left)
        whole[top:bottom, left:right] = affine.warp(image, matrix, 1, "nearest", size=area)
        rows = np.array(rows, np.float32)
        rows[:, :4] = rows[:, :4] * factor - np.float32([over_x, over_y] * 2)
        rows = box_moves.cut(rows, *area, min_visible)
        found.append(rows + np.float32([left, top] * 2 + [0] * (rows.shape[1] - 4)))
    return whole, np.concatenate(found)
