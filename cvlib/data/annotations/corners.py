"""Boxes as four corners, counter-clockwise from the top-left as one looks at the picture.

That is: top-left, bottom-left, bottom-right, top-right. In image coordinates y grows downwards, so that the
shoelace sum of such a list is negative.
"""

import numpy as np


def from_corners(corners):
    """Upright boxes of four corners each.

    Args:
        corners: array-like (N, 4, 2) or (N, 8), x and y of each corner in pixels, going round the box from
            any corner, either way.

    Returns:
        float64 array (N, 4), `xyxy`, and a bool array (N,): whether the corners went round clockwise.

    Raises:
        ValueError: listing every entry that is no upright rectangle.

    Example:
        >>> from_corners([[(1, 2), (1, 8), (5, 8), (5, 2)]])
        (array([[1., 2., 5., 8.]]), array([False]))
    """
    try:
        corners = np.asarray(corners, np.float64)
    except (TypeError, ValueError):
        raise ValueError("corners must be numbers, four pairs a box, (N, 4, 2)") from None
    corners = corners.reshape(0, 4, 2) if corners.size == 0 else corners
    if corners.ndim == 2 and corners.shape[1] == 8:
        corners = corners.reshape(-1, 4, 2)
    if corners.ndim != 3 or corners.shape[1:] != (4, 2):
        raise ValueError(f"corners must be four pairs a box, (N, 4, 2), got shape {corners.shape}")
    if bad := [f"  corners[{i}]: {reason}" for i, box in enumerate(corners) if (reason := why_not(box))]:
        raise ValueError("\n".join(["corners must be upright rectangles:", *bad]))
    low, high = corners.min(axis=1), corners.max(axis=1)
    return np.concatenate([low, high], axis=1), clockwise(corners)


def to_corners(boxes):
    """The corners of boxes: top-left, bottom-left, bottom-right, top-right.

    Args:
        boxes: array-like (N, 4), `xyxy` in pixels.

    Returns:
        float64 array (N, 4, 2).

    Example:
        >>> to_corners([[1, 2, 5, 8]]).tolist()
        [[[1.0, 2.0], [1.0, 8.0], [5.0, 8.0], [5.0, 2.0]]]
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    return boxes[:, [0, 1, 0, 3, 2, 3, 2, 1]].reshape(-1, 4, 2)


def clockwise(corners):
    """Whether each list (N, 4, 2) goes round clockwise, as one looks at the picture."""
    x, y = np.moveaxis(corners - corners[:, :1], -1, 0)
    return (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1) > 0


def why_not(corners):
    """Why four corners (4, 2) are no upright rectangle, or None."""
    if not np.isfinite(corners).all():
        return "not finite numbers"
    shown = " ".join(f"({x:g}, {y:g})" for x, y in corners)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    if left == right or top == bottom:
        return f"{shown} has no area"
    if len({tuple(corner) for corner in corners.tolist()}) < 4 or not (
        np.isin(corners[:, 0], (left, right)).all() and np.isin(corners[:, 1], (top, bottom)).all()
    ):
        return f"{shown} is no upright rectangle (each side must be level or plumb)"
    if ((corners != np.roll(corners, -1, axis=0)).sum(axis=1) != 1).any():
        return f"{shown} crosses itself: list the corners in the order of a walk round the box"
    return None
