"""Figures of how a classifier does: confusion matrix, ROC, the telling examples."""

import numpy as np

from cvlib.metrics.classification import checked_probabilities, least_certain, most_certain
from cvlib.viz.images import displayable
from cvlib.viz.style import PALETTE, figure


def confusion(matrix, class_names=None):
    """A confusion matrix: counts, coloured by their share of the true class.

    Args:
        matrix: int array (classes, classes), rows the true classes, columns the predicted ones.
        class_names: one name a class; by default their numbers.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if `matrix` is not square, or there is not one name a class.
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"matrix must be (classes, classes), got shape {matrix.shape}")
    names = _names(class_names, len(matrix))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = 1.6 + 0.9 * len(matrix)
    sheet = figure(side + 0.8, side)
    axis = sheet.subplots()
    drawn = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(matrix.shape):
        share = shares[row, column]
        axis.text(
            column,
            row,
            f"{matrix[row, column]}\n{share:.0%}",
            ha="center",
            va="center",
            fontsize=9,
            color="white" if share > 0.5 else "black",
        )
    axis.set_xticks(range(len(names)), names, rotation=30 if max(map(len, names)) > 6 else 0)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("predicted")
    axis.set_ylabel("true")
    sheet.colorbar(drawn, ax=axis, label="share of the true class", shrink=0.8)
    return sheet


def roc(curves, class_names=None):
    """ROC curves with their areas.

    Args:
        curves: what `cvlib.metrics.roc` returned, one curve or a list; or a dict from a name to a curve, to
            compare models.
        class_names: one name a curve.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is no curve, or not one name a curve.
    """
    if isinstance(curves, dict):
        class_names, curves = list(curves), list(curves.values())
    curves = list(curves) if isinstance(curves, (list, tuple)) else [curves]
    if not curves:
        raise ValueError("curves is empty: give at least one")
    names = [""] if class_names is None and len(curves) == 1 else _names(class_names, len(curves))
    sheet = figure(4.4, 4.2)
    axis = sheet.subplots()
    axis.plot([0, 1], [0, 1], ":", color="grey", label="guessing (0.5)")
    for index, (curve, name) in enumerate(zip(curves, names)):
        axis.plot(
            curve.false_positive_rate,
            curve.true_positive_rate,
            ("-", "--", "-.")[index % 3],
            color=PALETTE[index % len(PALETTE)],
            label=f"{name} AUC {curve.auc:.3f}".strip(),
        )
    axis.set_xlabel("false positive rate")
    axis.set_ylabel("true positive rate")
    axis.set_aspect("equal")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, loc="lower right")
    return sheet


def certain(images, labels, probabilities, class_names=None, count=6):
    """The right and the wrong predictions of which the model is most sure, and least sure.

    Args:
        images: N images, as `cvlib.viz.grid` takes them.
        labels: int array (N,), the true classes.
        probabilities: float array (N, classes), or (N,) or (N, 1) for two classes.
        class_names: one name a class; by default their numbers.
        count: images a row.

    Returns:
        A `matplotlib.figure.Figure`: four rows, each image titled with the predicted class, its probability
        and, where that is wrong, the true class.

    Raises:
        ValueError: as `cvlib.metrics.most_certain`, or if there is not one image a label.
    """
    shares = checked_probabilities(probabilities)
    if len(images) != len(shares):
        raise ValueError(
            f"images must have one entry a row of probabilities ({len(shares)}), got {len(images)}"
        )
    names = _names(class_names, shares.shape[1])
    rows = {
        "right,\nmost certain": most_certain(labels, shares, True, count),
        "right,\nleast certain": least_certain(labels, shares, True, count),
        "wrong,\nmost certain": most_certain(labels, shares, False, count),
        "wrong,\nleast certain": least_certain(labels, shares, False, count),
    }
    labels = np.asarray(labels).reshape(-1).astype(int)  # whole numbers: the lines above have seen to it
    sheet = figure(1.45 * count + 1.1, 4 * 1.75)
    for axes, (title, indices) in zip(sheet.subplots(4, count, squeeze=False), rows.items()):
        for axis in axes:
            axis.set_xticks([])
            axis.set_yticks([])
            axis.spines[:].set_visible(False)
        axes[0].set_ylabel(title if len(indices) else f"{title}\n(none)", rotation=0, ha="right", va="center")
        for axis, index in zip(axes, indices):
            guess = int(shares[index].argmax())
            truth = "" if guess == labels[index] else f"\nis {names[labels[index]]}"
            axis.imshow(displayable(images[index]), cmap="gray", vmin=0, vmax=1)
            axis.set_title(
                f"{names[guess]} {_percent(shares[index].max())}{truth}",
                fontsize=7.5,
                color=PALETTE[3] if truth else "black",
            )
    return sheet


def _percent(share):
    """Never "100%" for less than that."""
    return f"{share:.0%}" if share < 0.995 else f"{np.floor(share * 1000) / 10:.1f}%"


def _names(class_names, classes):
    names = [str(name) for name in (range(classes) if class_names is None else class_names)]
    if len(names) != classes:
        raise ValueError(f"class_names must have {classes} entries, got {len(names)}: {names}")
    return names
