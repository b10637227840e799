"""Average precision of detections, by the definitions of COCO and of PASCAL VOC."""

import functools
from dataclasses import dataclass

import numpy as np

from cvlib.metrics import matching
from cvlib.metrics.detection_tables import gather, names_of, table_of

THRESHOLDS = np.linspace(0.5, 0.95, 10)
AREAS = {"all": (0, 1e10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
DEFINITIONS = ("coco", "voc", "voc_11_point")
MOST = (1, 10, 100)


@dataclass(frozen=True, eq=False)
class DetectionScores:
    """What `mean_average_precision` found.

    Attributes:
        precision: float64 (I, R, K, A): precision at each IoU threshold, recall point, class and range of
            areas, with the most detections allowed; −1 where a class has no true box. For the definition
            "voc", which has no fixed recall points, R is 1 and holds the average precision.
        recall: float64 (I, K, A, M): the largest recall reached, M limits of detections a picture.
        thresholds: float64 (I,), of IoU.
        recall_points: float64 (R,).
        areas: names of the A ranges.
        limits: the M limits.
        class_names: names of the K classes.
        curves: dict from class name to (recall, precision, score) along all detections at the lowest IoU
            threshold: what a precision–recall curve is drawn from.
    """

    precision: np.ndarray
    recall: np.ndarray
    thresholds: np.ndarray
    recall_points: np.ndarray
    areas: tuple
    limits: tuple
    class_names: tuple
    curves: dict

    def average_precision(self, threshold=None, area="all", name=None):
        """Mean of the precision over recall points, classes and IoU thresholds.

        Args:
            threshold: one IoU threshold, or None for all.
            area: a range of areas.
            name: of one class, or None for all that have a true box.

        Returns:
            float in [0, 1], or −1 where no such true box exists.
        """
        kept = self.precision[self._at(threshold)][..., self.areas.index(area)]
        return _mean(kept if name is None else kept[..., self.class_names.index(name)])

    def average_recall(self, limit=None, area="all"):
        """Mean over classes and IoU thresholds of the largest recall, with `limit` detections a picture."""
        place = self.limits.index(self.limits[-1] if limit is None else limit)
        return _mean(self.recall[..., self.areas.index(area), place])

    @functools.cached_property
    def ap(self):
        """Average precision over all IoU thresholds."""
        return self.average_precision()

    @functools.cached_property
    def ap50(self):
        """Average precision at IoU 0.5."""
        return self.average_precision(0.5)

    @functools.cached_property
    def ap75(self):
        """Average precision at IoU 0.75."""
        return self.average_precision(0.75)

    def summary(self):
        """COCO's twelve figures by name, in its order.

        Raises:
            ValueError: if the scores were not made with COCO's definition, areas and limits.
        """
        if self.areas != tuple(AREAS) or self.limits != MOST or len(self.thresholds) != len(THRESHOLDS):
            raise ValueError("the twelve figures need COCO's own thresholds, areas and limits: the defaults")
        found = {"AP": self.ap, "AP50": self.ap50, "AP75": self.ap75}
        sizes = tuple(AREAS)[1:]
        found |= {f"AP_{size}": self.average_precision(area=size) for size in sizes}
        found |= {f"AR_{limit}": self.average_recall(limit) for limit in self.limits}
        return found | {f"AR_{size}": self.average_recall(area=size) for size in sizes}

    def per_class(self, threshold=0.5):
        """Dict from class name to average precision at one IoU threshold; −1 where a class never occurs."""
        return {name: self.average_precision(threshold, name=name) for name in self.class_names}

    def _at(self, threshold):
        if threshold is None:
            return slice(None)
        found = np.flatnonzero(np.isclose(self.thresholds, threshold))
        if not len(found):
            raise ValueError(f"threshold must be one of {self.thresholds.tolist()}, got {threshold!r}")
        return found


def mean_average_precision(
    truths,
    detections,
    class_names=None,
    thresholds=None,
    definition="coco",
    areas=None,
    limits=None,
    box_format="xyxy",
):
    """Average precision and recall of detections.

    Args:
        truths: a list with a dict for each picture: `boxes` array-like (N, 4) and `classes` int (N,), from 0;
            optionally `crowd` bool (N,): a region that may hold many objects (COCO's iscrowd); `ignore` bool
            (N,): neither finding nor missing it counts (VOC's difficult); `area` float (N,): for the ranges
            of areas, where it is not that of the box (COCO takes the mask's).
        detections: a list with a dict for each picture: `boxes` (D, 4), `classes` (D,), `scores` (D,).
        class_names: names of the classes; by default the numbers that occur.
        thresholds: of IoU; by default 0.5, 0.55 … 0.95 for COCO and 0.5 for VOC.
        definition: "coco": precision at 101 recall points, the best free true box is matched. "voc": the area
            under the curve (VOC 2010 and later); the most overlapping true box is matched, free or not.
            "voc_11_point": the same matches, 11 recall points (VOC 2007).
        areas: dict from a name to (smallest, largest) area in square pixels; by default COCO's four, or one
            for VOC.
        limits: how many detections of a class in a picture count, rising; by default 1, 10, 100 for COCO and
            no limit for VOC.
        box_format: "xyxy" or "xywh". COCO's files hold `xywh`: converting them would round.

    Returns:
        `DetectionScores`.

    Raises:
        ValueError: naming the picture, for lists of different length, boxes that are not (N, 4), classes that
            are not whole numbers below the number of names, or scores that are not numbers.

    References:
        Everingham et al., 2010, The PASCAL Visual Object Classes Challenge, section 4.2; Lin et al., 2014,
        Microsoft COCO; pycocotools.

    Notes:
        Boxes are continuous: VOC's own code counts pixels, and adds one to each side. VOC accepts a detection
        whose overlap equals the threshold, as its paper and its MATLAB code do.

    Example:
        >>> truth = [{"boxes": [[0, 0, 10, 10]], "classes": [0]}]
        >>> found = [{"boxes": [[0, 0, 10, 9]], "classes": [0], "scores": [0.8]}]
        >>> float(mean_average_precision(truth, found).ap50)
        1.0
    """
    if definition not in DEFINITIONS:
        raise ValueError(f"definition must be one of {', '.join(DEFINITIONS)}, got {definition!r}")
    if box_format not in ("xyxy", "xywh"):
        raise ValueError(f"box_format must be 'xyxy' or 'xywh', got {box_format!r}")
    if len(truths) != len(detections):
        raise ValueError(
            f"truths and detections must have one entry a picture, got {len(truths)} and {len(detections)}"
        )
    coco = definition == "coco"
    thresholds = np.atleast_1d(
        np.asarray((THRESHOLDS if coco else 0.5) if thresholds is None else thresholds, float)
    )
    areas = dict(areas or (AREAS if coco else {"all": AREAS["all"]}))
    limits = tuple(limits or (MOST if coco else (np.iinfo(np.int64).max,)))
    true = gather(truths, "truths", box_format, ("crowd", "ignore", "area"))
    found = gather(detections, "detections", box_format, ("scores",))
    names = names_of(class_names, true, found)
    true = table_of(true, len(truths), None)
    found = table_of(found, len(truths), limits[-1])
    results = _match(true, found, thresholds, list(areas.values()), coco)
    points = {
        "coco": np.linspace(0, 1, 101),
        "voc": np.array([np.nan]),
        "voc_11_point": np.linspace(0, 1, 11),
    }
    return _accumulate(true, found, results, thresholds, areas, limits, names, points[definition], definition)


def _match(true, found, thresholds, areas, coco):
    """For each detection: whether it is right, and whether it does not count. Bool (I, A, N) both."""
    shape = (len(thresholds), len(areas), len(found.group))
    right, ignored = np.zeros(shape, bool), np.zeros(shape, bool)
    lows, highs = (np.array(side, float)[:, None, None] for side in zip(*areas))
    for rows, columns in matching.groups(true, found):
        if not rows.size:
            continue
        present, real = columns >= 0, rows >= 0
        boxes = true.boxes[columns] if columns.size else np.zeros((*columns.shape, 4))
        detected = found.boxes[rows]
        crowd = _pick(true.extra["crowd"], columns) & present
        skip = (_pick(true.extra["ignore"], columns) | crowd) & present
        size = _pick(true.extra["area"], columns)
        out = skip | (size < lows) | (size > highs)
        overlap = matching.overlaps(detected, boxes, crowd)
        if coco:
            got = matching.match_coco(overlap, present, out, crowd, thresholds)
        else:
            got = matching.match_voc(overlap, present, thresholds)
        area = detected[..., 2] * detected[..., 3]
        outside = (area < lows) | (area > highs)
        if columns.shape[1]:
            # −2, a box that was taken: a false alarm, unless that box does not count.
            hit = np.take_along_axis(np.broadcast_to(out, (*got.shape[:3], out.shape[-1])), got.clip(0), -1)
            passed = (got >= 0) & hit
            if not coco:
                best = overlap.argmax(-1)
                passed |= (got == -2) & np.take_along_axis(out[0], best, -1)
        else:
            passed = np.zeros(got.shape, bool)
        skipped = passed | ((got == -1) & outside)
        right[:, :, rows[real]] = ((got >= 0) & ~passed)[:, :, real]
        ignored[:, :, rows[real]] = skipped[:, :, real]
    return right, ignored


def _pick(column, index):
    return column[index] if len(column) else np.zeros(index.shape, column.dtype)


def _accumulate(true, found, results, thresholds, areas, limits, names, points, definition):
    """Precision and recall from the matches, class by class."""
    right, ignored = results
    precision = -np.ones((len(thresholds), len(points), len(names), len(areas)))
    recall = -np.ones((len(thresholds), len(names), len(areas), len(limits)))
    curves = {}
    size, skip = true.extra["area"], true.extra["ignore"] | true.extra["crowd"]
    for k, name in enumerate(names):
        mine = slice(*np.searchsorted(found.extra["classes"], [k, k + 1]))
        own = true.extra["classes"] == k
        order = np.argsort(-found.extra["scores"][mine], kind="stable")
        hits, skips = right[:, :, mine][:, :, order], ignored[:, :, mine][:, :, order]
        rank, scores = found.extra["rank"][mine][order], found.extra["scores"][mine][order]
        for a, (low, high) in enumerate(areas.values()):
            count = int((own & ~skip & (size >= low) & (size <= high)).sum())
            if not count:
                continue
            for m, limit in enumerate(limits):
                recall[:, k, a, m] = hits[:, a, rank < limit].sum(-1) / count
            true_positives = np.cumsum(hits[:, a], -1, dtype=float)
            false_positives = np.cumsum(~hits[:, a] & ~skips[:, a], -1, dtype=float)
            found_share = true_positives / count
            exact = true_positives / (true_positives + false_positives + np.spacing(1))
            envelope = np.maximum.accumulate(exact[:, ::-1], -1)[:, ::-1]
            for i in range(len(thresholds)):
                precision[i, :, k, a] = _at_points(found_share[i], envelope[i], points, definition)
            if a == 0:
                counted = ~skips[0, a]
                curves[name] = found_share[0][counted], exact[0][counted], scores[counted]
    return DetectionScores(precision, recall, thresholds, points, tuple(areas), limits, names, curves)


def _at_points(recall, envelope, points, definition):
    """Interpolated precision at recall points, or the area under the interpolated curve."""
    if definition == "voc":
        return float(np.sum(np.diff(recall, prepend=0.0) * envelope))
    place = np.searchsorted(recall, points, "left")
    padded = np.append(envelope, 0.0)
    return padded[np.minimum(place, len(envelope))]


def _mean(values):
    values = values[values > -1]
    return float(values.mean()) if values.size else -1.0
