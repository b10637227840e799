"""Anchors from data: k-means on box sizes, with 1 − IoU as the distance."""

import numpy as np


def kmeans_anchors(sizes, k, seed=0, restarts=10, most=300):
    """Typical box sizes.

    Boxes are compared by their size alone, as if they shared a corner. With Euclidean distance, large boxes
    would make the larger errors and get most of the anchors; 1 − IoU does not care how large a box is.

    Args:
        sizes: array-like (N, 2), widths and heights, above 0.
        k: how many anchors, at most the number of different sizes.
        seed: of the random starts.
        restarts: the best of so many is returned.
        most: iterations of each.

    Returns:
        float64 array (k, 2) of widths and heights, by rising area, and the mean IoU of a box with its best
        anchor.

    Raises:
        ValueError: for sizes that are not positive, or a `k` that is too large.

    References:
        Redmon & Farhadi, 2017, YOLO9000: Better, Faster, Stronger, section 2 ("Dimension Clusters").

    Example:
        >>> anchors, fit = kmeans_anchors([[10, 20], [10, 20], [50, 40]], k=2)
        >>> anchors.tolist(), fit
        ([[10.0, 20.0], [50.0, 40.0]], 1.0)
    """
    sizes = np.asarray(sizes, np.float64)
    if sizes.ndim != 2 or sizes.shape[1] != 2 or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise ValueError(f"sizes must be widths and heights above 0, (N, 2), got shape {sizes.shape}")
    different = np.unique(sizes, axis=0)
    if not 1 <= k <= len(different):
        raise ValueError(f"k must be from 1 to {len(different)}, the number of different sizes, got {k!r}")
    rng, best = np.random.default_rng(seed), (None, -1.0)
    for _ in range(restarts):
        anchors, fit = _once(sizes, different[rng.choice(len(different), k, replace=False)], most)
        if fit > best[1]:
            best = anchors, fit
    anchors, fit = best
    return anchors[np.argsort(anchors.prod(1), kind="stable")], float(fit)


def size_iou(sizes, anchors):
    """IoU (N, K) of sizes (N, 2) with anchors (K, 2) that share a corner."""
    inter = np.minimum(sizes[:, None], anchors[None]).prod(-1)
    return inter / (sizes.prod(-1)[:, None] + anchors.prod(-1)[None] - inter)


def _once(sizes, anchors, most):
    nearest = None
    for _ in range(most):
        overlap = size_iou(sizes, anchors)
        now = overlap.argmax(1)
        if nearest is not None and (now == nearest).all():
            break
        nearest = now
        # The median, not the mean, is what comes closest to the best under 1 − IoU; an empty cluster stays.
        anchors = np.array(
            [
                np.median(sizes[now == i], axis=0) if (now == i).any() else anchors[i]
                for i in range(len(anchors))
            ]
        )
    return anchors, size_iou(sizes, anchors).max(1).mean()
