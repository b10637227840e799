"""Non-maximum suppression: of detections that overlap, keep the one with the highest score."""

import numpy as np

from cvlib.boxes.arrays import as_boxes
from cvlib.boxes.overlap import iou


def nms(boxes, scores, iou_threshold=0.5, score_threshold=0.0, classes=None, max_detections=None):
    """Greedy non-maximum suppression.

    The best box is kept, all that overlap it by more than `iou_threshold` are dropped, and so on with what is
    left.

    Args:
        boxes: array-like (N, 4), `xyxy`.
        scores: array-like (N,).
        iou_threshold: in [0, 1].
        score_threshold: boxes with a lower score are dropped first.
        classes: array-like (N,) of class indices: only boxes of one class suppress each other. None: all do.
        max_detections: at most so many are kept.

    Returns:
        int64 array of the indices that are kept, the highest score first; of equal scores the lower index.

    Example:
        >>> nms([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]], [0.8, 0.9, 0.5])
        array([1, 2])
    """
    boxes, scores, classes = _checked(boxes, scores, classes)
    _check_threshold(iou_threshold)
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= score_threshold]
    kept = []
    while len(order) and (max_detections is None or len(kept) < max_detections):
        best, order = order[0], order[1:]
        kept.append(best)
        drop = iou(boxes[best], boxes[order])[0] > iou_threshold
        if classes is not None:
            drop &= classes[order] == classes[best]
        order = order[~drop]
    return np.array(kept, np.int64)


def soft_nms(boxes, scores, sigma=0.5, score_threshold=0.001, classes=None, iou_threshold=None):
    """Soft-NMS: a box that overlaps a better one is not dropped, its score is lowered.

    Args:
        boxes: array-like (N, 4), `xyxy`.
        scores: array-like (N,).
        sigma: of the Gaussian factor exp(−IoU²/σ). Larger is softer.
        score_threshold: boxes whose score falls below it are dropped.
        classes: array-like (N,): only boxes of one class lower each other. None: all do.
        iou_threshold: if given, the linear rule instead: the factor is 1 − IoU where IoU exceeds it.

    Returns:
        int64 array of indices and float array of their new scores, the highest first.

    References:
        Bodla et al., 2017, Soft-NMS: Improving Object Detection With One Line of Code, equations 2 and 3.
    """
    boxes, scores, classes = _checked(boxes, scores, classes)
    if iou_threshold is None and not sigma > 0:
        raise ValueError(f"sigma must be above 0, got {sigma!r}")
    scores = scores.astype(np.float64)
    left, kept, kept_scores = np.flatnonzero(scores >= score_threshold), [], []
    while len(left):
        first = np.argmax(scores[left])
        best = left[first]
        kept.append(best)
        kept_scores.append(scores[best])
        left = np.delete(left, first)
        overlap = iou(boxes[best], boxes[left])[0]
        if iou_threshold is None:
            factor = np.exp(-(overlap**2) / sigma)
        else:
            factor = np.where(overlap > iou_threshold, 1 - overlap, 1)
        if classes is not None:
            factor = np.where(classes[left] == classes[best], factor, 1)
        scores[left] *= factor
        left = left[scores[left] >= score_threshold]
    return np.array(kept, np.int64), np.array(kept_scores)


def batched_nms(boxes, scores, iou_threshold=0.5, score_threshold=0.05, max_detections=100):
    """Non-maximum suppression per class, for all pictures of a batch at once.

    Every box may be detected as several classes. The candidates of a picture are taken by falling score,
    whatever their class, until `max_detections` are kept; a candidate is dropped if it overlaps a kept one of
    its class. That keeps the same as one class after the other and then the best, and looks at far fewer.

    Args:
        boxes: array-like (B, N, 4), `xyxy`.
        scores: array-like (B, N, C).
        iou_threshold: in [0, 1].
        score_threshold: candidates with a lower score are dropped.
        max_detections: at most so many are kept in each picture.

    Returns:
        dict of arrays: `boxes` float32 (B, max_detections, 4), `scores` float32 and `classes` int64
        (B, max_detections), `indices` int64 (B, max_detections) of the box in its picture, `count` int64
        (B,). Beyond `count` there are zeros, and −1 in `classes` and `indices`.

    Raises:
        ValueError: if the shapes do not belong together.
    """
    boxes, scores = as_boxes(boxes).astype(np.float32), np.asarray(scores, np.float32)
    if boxes.ndim != 3 or scores.ndim != 3 or boxes.shape[:2] != scores.shape[:2]:
        raise ValueError(
            "boxes must be (B, N, 4) and scores (B, N, C) of the same B and N, "
            f"got {boxes.shape} and {scores.shape}"
        )
    _check_threshold(iou_threshold)
    if max_detections < 1:
        raise ValueError(f"max_detections must be at least 1, got {max_detections!r}")
    pictures, count, classes = scores.shape
    flat = scores.reshape(pictures, count * classes)
    kept = _Kept(pictures, max_detections)
    # Candidates come in helpings: few pictures need more than the first.
    size = min(flat.shape[1], 4 * max_detections)
    start = 0
    while start < flat.shape[1] and kept.open():
        ranked = _ranked(flat, size)
        for rank in range(start, ranked.shape[1]):
            candidate = ranked[:, rank]
            score = flat[np.arange(pictures), candidate]
            alive = (score >= score_threshold) & (kept.count < max_detections)
            if not alive.any():
                return kept.result()
            kept.offer(alive, boxes, candidate // classes, candidate % classes, score, iou_threshold)
        start, size = size, min(flat.shape[1], 4 * size)
    return kept.result()


class _Kept:
    """What is kept of every picture so far."""

    def __init__(self, pictures, most):
        self.boxes = np.zeros((pictures, most, 4), np.float32)
        self.areas = np.zeros((pictures, most), np.float32)
        self.scores = np.zeros((pictures, most), np.float32)
        self.classes = np.full((pictures, most), -1, np.int64)
        self.indices = np.full((pictures, most), -1, np.int64)
        self.count = np.zeros(pictures, np.int64)
        self.most = most

    def open(self):
        """Whether a picture has room."""
        return bool((self.count < self.most).any())

    def offer(self, alive, boxes, index, label, score, threshold):
        """Keep the candidate of each living picture unless one of its class overlaps it too much."""
        rows = np.flatnonzero(alive)
        box, label = boxes[rows, index[rows]], label[rows]
        used = max(int(self.count[rows].max()), 1)
        x1, y1, x2, y2 = np.moveaxis(self.boxes[rows, :used], -1, 0)
        own = np.maximum(box[:, 2] - box[:, 0], 0) * np.maximum(box[:, 3] - box[:, 1], 0)
        width = np.minimum(x2, box[:, 2:3]) - np.maximum(x1, box[:, :1])
        height = np.minimum(y2, box[:, 3:]) - np.maximum(y1, box[:, 1:2])
        inter = np.maximum(width, 0) * np.maximum(height, 0)
        union = self.areas[rows, :used] + own[:, None] - inter
        over = (inter > threshold * union) & (self.classes[rows, :used] == label[:, None])
        good = ~over.any(-1)
        rows, place = rows[good], self.count[rows[good]]
        self.boxes[rows, place], self.areas[rows, place] = box[good], own[good]
        self.scores[rows, place], self.classes[rows, place] = score[rows], label[good]
        self.indices[rows, place] = index[rows]
        self.count[rows] += 1

    def result(self):
        """As documented."""
        names = ("boxes", "scores", "classes", "indices", "count")
        return {name: getattr(self, name) for name in names}


def _ranked(scores, size):
    """Indices of the `size` highest scores of each row, the highest first; of equal ones the lower index."""
    if size < scores.shape[1]:
        bound = np.partition(scores, scores.shape[1] - size, axis=1)[:, -size]
        chosen = np.empty((len(scores), size), np.int64)
        for row, (line, least) in enumerate(zip(scores, bound)):  # ties at the bound: the lower indices
            above = np.flatnonzero(line > least)
            chosen[row] = np.sort(np.concatenate([above, np.flatnonzero(line == least)[: size - len(above)]]))
    else:
        chosen = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    order = np.argsort(-np.take_along_axis(scores, chosen, 1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, 1)


def _checked(boxes, scores, classes):
    boxes, scores = as_boxes(boxes), np.asarray(scores)
    scores = scores if scores.dtype.kind == "f" else scores.astype(np.float32)
    if boxes.ndim != 2 or scores.shape != boxes.shape[:1]:
        raise ValueError(
            f"boxes must be (N, 4) and scores (N,) of the same N, got {boxes.shape} and {scores.shape}"
        )
    if classes is not None:
        classes = np.asarray(classes)
        if classes.shape != scores.shape:
            raise ValueError(f"classes must be ({len(boxes)},) like scores, got shape {classes.shape}")
    return boxes, scores, classes


def _check_threshold(value):
    if not 0 <= value <= 1:
        raise ValueError(f"iou_threshold must be in [0, 1], got {value!r}")
