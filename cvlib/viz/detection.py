"""Figures of how a detector does: precision against recall, and where it goes wrong."""

import numpy as np

from cvlib.viz.style import PALETTE, figure

#: What each kind of error is called in a figure.
WORDS = {
    "localisation": "localisation: right class, badly placed",
    "class": "class: well placed, wrong class",
    "both": "both: badly placed and wrong class",
    "duplicate": "duplicate: found twice",
    "background": "background: nothing is there",
    "missed": "missed: nobody found it",
}


def precision_recall(scores, class_names=None, at=None):
    """Precision against recall of each class, with its average precision: at the lowest IoU threshold.

    Thin lines are the precision at each rank, thick ones the envelope that average precision is computed
    from: the highest precision that is still to come at a recall of so much or more.

    Args:
        scores: `DetectionScores` from `cvlib.metrics.mean_average_precision`.
        class_names: which classes to draw, by default all that have a true box.
        at: a score; a dot marks where each curve stands when only detections from that score on are kept.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if no class is left to draw, or one has no curve.
    """
    names = list(scores.curves) if class_names is None else list(class_names)
    if unknown := [name for name in names if name not in scores.curves]:
        raise ValueError(f"class_names: no true box of {unknown}; there are curves of {list(scores.curves)}")
    if not names:
        raise ValueError("scores has no class with a true box: there is no curve to draw")
    threshold = float(scores.thresholds.min())
    sheet = figure(5.2, 4.3)
    axis = sheet.subplots()
    for index, name in enumerate(names):
        recall, precision, score = scores.curves[name]
        colour, style = PALETTE[index % (len(PALETTE) - 1)], ("-", "--", "-.")[index % 3]
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        value = scores.average_precision(threshold, name=name)
        axis.plot(recall, precision, "-", color=colour, linewidth=0.8, alpha=0.6)
        axis.plot(
            np.concatenate([[0], recall, recall[-1:]]),
            np.concatenate([envelope[:1], envelope, [0]]),
            style,
            color=colour,
            linewidth=2,
            drawstyle="steps-pre",
            label=f"{name}: AP {max(value, 0):.3f}",
        )
        kept = np.flatnonzero(score >= at) if at is not None else []
        if len(kept):
            axis.plot(recall[kept[-1]], precision[kept[-1]], "o", color=colour, markeredgecolor="black")
    axis.set(xlim=(0, 1.02), ylim=(0, 1.04), xlabel="recall", ylabel="precision")
    axis.set_title(f"IoU ≥ {threshold:g}" + ("" if at is None else f", dots: score ≥ {at:g}"), fontsize=10)
    axis.grid(alpha=0.3)
    sheet.legend(loc="outside lower center", ncols=min(3, len(names)), fontsize=8, frameon=False)
    return sheet


def error_breakdown(errors, class_names=None):
    """How many errors of each kind there are, by class, and what each kind costs in average precision.

    Args:
        errors: `DetectionErrors` from `cvlib.metrics.error_breakdown`.
        class_names: which classes to count, by default all. Of the costs all classes are a part.

    Returns:
        A `matplotlib.figure.Figure`: left the counts, stacked by class; right the rise of the average
        precision if this kind of error alone were repaired.

    Raises:
        ValueError: if a class is unknown.
    """
    names = list(errors.class_names) if class_names is None else list(class_names)
    counts = {name: errors.counts(name) for name in names}
    gains = errors.gains()
    rows = np.arange(len(WORDS))[::-1]
    sheet = figure(9.4, 3.2)
    left, right = sheet.subplots(1, 2, sharey=True, width_ratios=(1.25, 1))
    start = np.zeros(len(WORDS))
    for index, name in enumerate(names):
        length = np.array([counts[name][kind] for kind in WORDS])
        colour = PALETTE[index % (len(PALETTE) - 1)]
        left.barh(rows, length, left=start, color=colour, edgecolor="white", label=str(name))
        start += length
    for row, total in zip(rows, start):
        left.text(total, row, f" {int(total)}", va="center", fontsize=9)
    found = sum(counts[name]["right"] for name in names)
    left.set_yticks(rows, list(WORDS.values()), fontsize=9)
    left.set(xlabel="how many", xlim=(0, max(1, start.max()) * 1.15))
    left.set_title(f"errors, beside {found} right detections", fontsize=10)
    if len(names) > 1:
        left.legend(fontsize=8, loc="best")
    values = [gains[kind] for kind in WORDS]
    right.barh(rows, values, color="#777777")
    for row, value in zip(rows, values):
        right.text(value, row, f" {value:.3f}", va="center", fontsize=9)
    right.set(xlabel=f"rise of AP at IoU {errors.threshold:g}", xlim=(0, max(0.01, *values) * 1.25))
    right.set_title("if only this kind were repaired", fontsize=10)
    return sheet
