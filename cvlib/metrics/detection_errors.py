"""What goes wrong in detections, kind by kind, and what each kind costs in average precision.

References:
    Hoiem, Chodpathumwan and Dai, 2012, Diagnosing Error in Object Detectors.
    Bolya, Foley, Hays and Hoffman, 2020, TIDE: A General Toolbox for Identifying Object Detection Errors,
    section 2.2.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from cvlib.metrics import matching
from cvlib.metrics.detection import mean_average_precision
from cvlib.metrics.detection_tables import gather, names_of, table_of

#: Kinds of errors, in the order of figures; "missed" is one of true boxes, the others of detections.
KINDS = ("localisation", "class", "both", "duplicate", "background", "missed")
#: What a detection may be besides an error.
RIGHT, IGNORED, BELOW = "right", "ignored", "below"


@dataclass(frozen=True, eq=False)
class DetectionErrors:
    """What `error_breakdown` found.

    Attributes:
        kinds: a list with an array of D words for each picture, in the order of its detections: "right", one
            of `KINDS`, "ignored" (matched to a box that does not count) or "below" (too low a score).
        partners: a list with an int array (D,) for each picture: the true box that the detection was matched
            to or confused with, −1 for none.
        missed: a list with a bool array (N,) for each picture: true boxes that were missed.
        threshold: of IoU.
        class_names: names of the K classes.
        truths: a list with a dict for each picture: `boxes` (N, 4) `xywh`, `classes` (N,), numbers of
            `class_names`, `crowd`, `ignore`, `area`.
        detections: likewise: `boxes` (D, 4) `xywh`, `classes` (D,), `scores` (D,).
    """

    kinds: list
    partners: list
    missed: list
    threshold: float
    class_names: tuple
    truths: list
    detections: list

    def counts(self, name=None):
        """Dict from "right" and each of `KINDS` to how many there are.

        Args:
            name: count one class only: of the detection, and of the true box for "missed". None for all.

        Raises:
            ValueError: if there is no class of that name.
        """
        if name is not None and name not in self.class_names:
            raise ValueError(f"name must be one of {list(self.class_names)}, got {name!r}")
        chosen = range(len(self.class_names)) if name is None else [self.class_names.index(name)]
        words = [
            kinds[np.isin(entry["classes"], chosen)] for entry, kinds in zip(self.detections, self.kinds)
        ]
        words += [
            np.where(missed & np.isin(entry["classes"], chosen), "missed", "")
            for entry, missed in zip(self.truths, self.missed)
        ]
        words = np.concatenate(words) if words else np.array([])
        return {kind: int((words == kind).sum()) for kind in (RIGHT, *KINDS)}

    def gains(self):
        """By how much average precision would rise if one kind of error were repaired, and only that.

        A badly placed box is moved to its true box, a wrong class replaced by the true one. Where several
        detections want one true box, by errors of either kind, only the one with the highest score is
        repaired; the others go. Duplicates, background and what is wrong in both ways go. A missed box is no
        longer asked for.

        Returns:
            Dict from each of `KINDS` to the rise of the average precision at `threshold`, in [0, 1]; by
            COCO's definition, without a limit of detections, and without those that are "below".
        """
        before = self._score(None)
        return {kind: max(0.0, self._score(kind) - before) for kind in KINDS}

    def _score(self, kind):
        """Average precision without one kind of error."""
        truths, detections = self.truths, []
        if kind == "missed":
            truths = [
                {name: column[~missed] for name, column in entry.items()}
                for entry, missed in zip(truths, self.missed)
            ]
        for picture in zip(self.truths, self.detections, self.kinds, self.partners):
            detections.append(_mended(*picture, kind))
        scores = mean_average_precision(
            truths,
            detections,
            self.class_names,
            thresholds=[self.threshold],
            areas={"all": (0, np.inf)},
            limits=[np.iinfo(np.int64).max],
            box_format="xywh",
        )
        return max(0.0, scores.ap)


def error_breakdown(
    truths, detections, class_names=None, threshold=0.5, background=0.1, least=0.0, box_format="xyxy"
):
    """Sort detections into right ones and kinds of errors, and find the true boxes that were missed.

    First, detections of each class are matched to its true boxes as in average precision: by falling score,
    the best true box that is still free, at an IoU of `threshold` or more. Those that got one are **right**.
    Every other detection is, by the first line that holds, where IoU is with true boxes that count:

    1. **localisation**: the largest IoU with a box of its class is in [`background`, `threshold`);
    2. **class**: the largest IoU with a box of another class is at least `threshold`;
    3. **duplicate**: a box of its class, at an IoU of at least `threshold`, was taken by a better detection;
    4. **background**: every IoU is below `background`;
    5. **both**, class and localisation: it touches a box of another class.

    A true box is **missed** if no detection was matched to it and none of 1 and 2 concerns it: those errors,
    repaired, would have found it.

    Args:
        truths: as for `mean_average_precision`.
        detections: likewise.
        class_names: likewise.
        threshold: IoU from which a detection is right.
        background: IoU below which a detection has nothing to do with a true box.
        least: detections with a lower score are left out: they are "below", and find nothing.
        box_format: "xyxy" or "xywh".

    Returns:
        `DetectionErrors`.

    Raises:
        ValueError: as `mean_average_precision`, or if not 0 < `background` < `threshold` ≤ 1.

    References:
        TIDE, section 2.2, whose order and thresholds these are. Hoiem et al. take duplicates for errors of
        localisation, and know no "both".

    Example:
        >>> truth = [{"boxes": [[0, 0, 10, 10], [50, 0, 60, 10]], "classes": [0, 1]}]
        >>> found = [{"boxes": [[0, 0, 10, 4], [50, 0, 60, 9]], "classes": [0, 0], "scores": [0.9, 0.8]}]
        >>> [kind.tolist() for kind in error_breakdown(truth, found).kinds]
        [['localisation', 'class']]
    """
    if not 0 < background < threshold <= 1:
        raise ValueError(
            "background and threshold must be 0 < background < threshold ≤ 1, "
            f"got background={background!r} and threshold={threshold!r}"
        )
    if box_format not in ("xyxy", "xywh"):
        raise ValueError(f"box_format must be 'xyxy' or 'xywh', got {box_format!r}")
    truths, detections = list(truths), list(detections)
    if len(truths) != len(detections):
        raise ValueError(
            f"truths and detections must have one entry a picture, got {len(truths)} and {len(detections)}"
        )
    true = gather(truths, "truths", box_format, ("crowd", "ignore", "area"))
    found = gather(detections, "detections", box_format, ("scores",))
    names = names_of(class_names, true, found)
    matched, skipped = _matches(true, found, len(truths), threshold, least)

    sheets = [_by_picture(columns, len(truths)) for columns in (true, found)]
    # Rows of the whole table become places in the picture.
    first = np.searchsorted(true["picture"], found["picture"])
    places = {"matched": np.where(matched < 0, -1, matched - first), "skipped": skipped}
    parts = _by_picture({**places, "picture": found["picture"]}, len(truths))
    limits = threshold, background, least
    results = [_sorted_out(*picture, limits) for picture in zip(*sheets, parts)]
    kinds, partners, missed = (list(column) for column in zip(*results)) if results else ([], [], [])
    return DetectionErrors(kinds, partners, missed, float(threshold), names, *sheets)


def _by_picture(columns, pictures):
    """A table's columns as a dict for each picture."""
    bounds = np.searchsorted(columns["picture"], np.arange(pictures + 1))
    return [
        {name: column[start:stop] for name, column in columns.items() if name != "picture"}
        for start, stop in itertools.pairwise(bounds)
    ]


def _matches(true, found, pictures, threshold, least):
    """The row of the true box that each detection got, or −1; and whether it does not count."""
    matched = np.full(len(found["classes"]), -1)
    above = np.flatnonzero(found["scores"] >= least)
    true_rows = {**true, "row": np.arange(len(true["classes"]))}
    found_rows = {name: column[above] for name, column in found.items()} | {"row": above}
    true_table, found_table = (table_of(rows, pictures, None) for rows in (true_rows, found_rows))
    out = true_table.extra["crowd"] | true_table.extra["ignore"]
    for rows, columns in matching.groups(true_table, found_table):
        if not rows.size or not columns.size:
            continue
        present = columns >= 0
        crowd = true_table.extra["crowd"][columns] & present
        overlap = matching.overlaps(found_table.boxes[rows], true_table.boxes[columns], crowd)
        ignored = (out[columns] & present)[None]
        got = matching.match_coco(overlap, present, ignored, crowd, np.array([threshold]))[0, 0]
        chosen = np.take_along_axis(columns, got.clip(0), 1)
        hit = (rows >= 0) & (got >= 0)
        matched[found_table.extra["row"][rows[hit]]] = true_table.extra["row"][chosen[hit]]
    skipped = np.zeros(len(matched), bool)
    skipped[matched >= 0] = (true["crowd"] | true["ignore"])[matched[matched >= 0]]
    return matched, skipped


def _sorted_out(true, found, place, limits):
    """Kinds (D,), partners (D,) and missed (N,) of one picture."""
    threshold, background, least = limits
    matched, skipped = place["matched"], place["skipped"]
    counts = ~(true["crowd"] | true["ignore"])
    plain = np.zeros((1, len(counts)), bool)  # a crowd is no partner of an error
    overlap = matching.overlaps(found["boxes"][None], true["boxes"][None], plain)[0]
    same = found["classes"][:, None] == true["classes"][None]
    own, other = np.where(same & counts, overlap, 0.0), np.where(~same & counts, overlap, 0.0)
    kinds = np.full(len(matched), "background", dtype="<U12")
    partners = matched.copy()
    helped = np.zeros(len(counts), bool)
    for row, score in enumerate(found["scores"]):
        if score < least:
            kinds[row] = BELOW
        elif matched[row] >= 0:
            kinds[row] = IGNORED if skipped[row] else RIGHT
            helped[matched[row]] = True
        elif not len(counts):
            continue
        elif background <= own[row].max() < threshold:
            kinds[row], partners[row] = "localisation", own[row].argmax()
        elif other[row].max() >= threshold:
            kinds[row], partners[row] = "class", other[row].argmax()
        elif own[row].max() >= threshold:
            kinds[row], partners[row] = "duplicate", own[row].argmax()
        elif other[row].max() >= background:
            kinds[row], partners[row] = "both", other[row].argmax()
    for kind in ("localisation", "class"):
        helped[partners[kinds == kind]] = True
    return kinds, partners, counts & ~helped


def _mended(true, found, kinds, partners, kind):
    """The detections of one picture without one kind of error (None: with all), and without those below."""
    boxes, classes = found["boxes"].copy(), found["classes"].copy()
    keep = (kinds != BELOW) & (kinds != kind)
    if kind in ("localisation", "class"):
        taken = set(partners[kinds == RIGHT].tolist())
        for row in np.argsort(-found["scores"], kind="stable"):
            wanted = int(partners[row])
            if kinds[row] not in ("localisation", "class") or wanted in taken:
                continue
            taken.add(wanted)
            if kinds[row] == kind:
                boxes[row], classes[row], keep[row] = true["boxes"][wanted], true["classes"][wanted], True
    return {"boxes": boxes[keep], "classes": classes[keep], "scores": found["scores"][keep]}
