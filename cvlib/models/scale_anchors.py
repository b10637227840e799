"""Anchors for a network's scales: found in data, or given, and shared out among its maps."""

import numpy as np

from cvlib.boxes.anchors import kmeans_anchors
from cvlib.boxes.grid import check_grids


def share_out(anchors, counts, image_size, strides):
    """Anchors for each scale, checked.

    Args:
        anchors: for each scale, array-like (A, 2) in pixels; or one flat list (K, 2), which is cut up, the
            largest for the first (coarsest) map.
        counts: how many anchors each map has.
        image_size: (height, width) of the network's images.
        strides: of the maps.

    Returns:
        list of float64 (A, 2).

    Raises:
        ValueError: if there are not as many as the model has.
    """
    if np.ndim(anchors[0]) == 1:
        flat = np.asarray(anchors, np.float64)
        if flat.shape != (sum(counts), 2):
            raise ValueError(
                f"anchors must be {sum(counts)} widths and heights for this model, got shape {flat.shape}"
            )
        flat = flat[np.argsort(-flat.prod(1), kind="stable")]
        anchors = [part[::-1] for part in np.split(flat, np.cumsum(counts)[:-1])]
    anchors, _ = check_grids(image_size, anchors, strides)
    given = [len(sizes) for sizes in anchors]
    if given != list(counts):
        raise ValueError(
            f"anchors must be {list(counts)} for the model's maps, got {given}: was it built with another "
            "number of classes or anchors?"
        )
    return anchors


def find_anchors(data, counts, image_size, strides):
    """Anchors by k-means over all boxes of the data, shared out.

    Args:
        data: batches (images, {"boxes", "labels"}).
        counts: how many anchors each map has.
        image_size: (height, width) of the network's images.
        strides: of the maps.

    Returns:
        list of float64 (A, 2).

    Raises:
        ValueError: if there are fewer different sizes than anchors.
    """
    sizes = [np.zeros((0, 2))]
    for index in range(len(data)):
        targets = data[index][1]
        boxes = targets["boxes"][targets["labels"] >= 0]
        sizes.append(boxes[:, 2:] - boxes[:, :2])
    sizes, wanted = np.concatenate(sizes), sum(counts)
    different = len(np.unique(sizes, axis=0))
    if different < wanted:
        raise ValueError(
            f"data must have boxes of at least {wanted} different sizes, one an anchor, got {different}: "
            "pass anchors to Detector"
        )
    return share_out(kmeans_anchors(sizes, wanted)[0], counts, image_size, strides)
