"""How much boxes overlap: IoU and its relatives, every box of one list with every box of another."""

import numpy as np

from cvlib.boxes.arrays import area, as_boxes


def iou(a, b):
    """Intersection over union.

    Args:
        a: array-like (N, 4), `xyxy`.
        b: array-like (M, 4), `xyxy`.

    Returns:
        float array (N, M) in [0, 1]; 0 where both boxes are empty.

    Example:
        >>> iou([[0, 0, 2, 2]], [[1, 1, 3, 3], [0, 0, 2, 2]]).round(3)
        array([[0.143, 1.   ]], dtype=float32)
    """
    return _ratio(*_areas(*_pair(a, b)))


def giou(a, b):
    """Generalised IoU: IoU minus the share of the smallest box around both that neither covers.

    Args:
        a: array-like (N, 4), `xyxy`.
        b: array-like (M, 4), `xyxy`.

    Returns:
        float array (N, M) in [−1, 1].

    References:
        Rezatofighi et al., 2019, Generalized Intersection over Union, algorithm 1.
    """
    a, b = _pair(a, b)
    inter, union = _areas(a, b)
    width, height = _around(a, b)
    hull = width * height
    return _ratio(inter, union) - _ratio(hull - union, hull)


def diou(a, b):
    """Distance IoU: IoU minus the squared distance of the centres over the squared diagonal around both.

    Args:
        a: array-like (N, 4), `xyxy`.
        b: array-like (M, 4), `xyxy`.

    Returns:
        float array (N, M) in [−1, 1].

    References:
        Zheng et al., 2020, Distance-IoU Loss, equation 7.
    """
    a, b = _pair(a, b)
    return _ratio(*_areas(a, b)) - _distance(a, b)


def ciou(a, b):
    """Complete IoU: distance IoU minus a term for sides of another aspect.

    Args:
        a: array-like (N, 4), `xyxy`; the truth, where the two differ in kind.
        b: array-like (M, 4), `xyxy`.

    Returns:
        float array (N, M).

    References:
        Zheng et al., 2020, Distance-IoU Loss, equations 8 to 11.
    """
    a, b = _pair(a, b)
    overlap = _ratio(*_areas(a, b))
    angles = [np.arctan2(box[..., 2] - box[..., 0], box[..., 3] - box[..., 1]) for box in (a, b)]
    aspect = 4 / np.pi**2 * (angles[0] - angles[1]) ** 2
    weight = _ratio(aspect, 1 - overlap + aspect)
    return overlap - _distance(a, b) - weight * aspect


def _pair(a, b):
    """Boxes (N, 1, 4) and (1, M, 4)."""
    a, b = as_boxes(a, "a"), as_boxes(b, "b")
    for name, boxes in (("a", a), ("b", b)):
        if boxes.ndim > 2:
            raise ValueError(f"{name} must be boxes of shape (N, 4), got {boxes.shape}")
    return np.atleast_2d(a)[:, None], np.atleast_2d(b)[None]


def _areas(a, b):
    """Area of the intersection and of the union."""
    begin, end = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    sides = end - begin
    inter = np.maximum(sides, 0).prod(-1)
    return inter, area(a) + area(b) - inter


def _around(a, b):
    """Width and height of the smallest box around both."""
    sides = np.maximum(a[..., 2:], b[..., 2:]) - np.minimum(a[..., :2], b[..., :2])
    return sides[..., 0], sides[..., 1]


def _distance(a, b):
    """Squared distance of the centres over the squared diagonal around both."""
    width, height = _around(a, b)
    apart = ((a[..., :2] + a[..., 2:]) - (b[..., :2] + b[..., 2:])) / 2
    return _ratio((apart**2).sum(-1), width**2 + height**2)


def _ratio(part, whole):
    """part / whole, and 0 where there is nothing."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.zeros(whole.shape, whole.dtype), where=whole > 0)
