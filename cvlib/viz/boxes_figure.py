"""Boxes drawn on pictures: true and predicted, one picture or a contact sheet."""

import numpy as np
from matplotlib import patheffects
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from cvlib.viz.images import displayable, grid
from cvlib.viz.style import PALETTE

#: Black is left for the outline, which is what makes a line readable on every ground.
COLOURS = PALETTE[:-1]


def boxes(
    images, labels=None, predictions=None, class_names=None, titles=None, columns=None, size=3.2, least=0.0
):
    """Pictures with their boxes: true ones as solid lines, predicted ones dashed, with their scores.

    Each class has a colour; every line is edged in black and white, to show on light and dark ground.

    Args:
        images: sequence of arrays (H, W, 3), (H, W, 1) or (H, W), as `viz.grid` takes them.
        labels: one entry a picture: a dict with `boxes` (N, 4), `xyxy` in pixels, and `classes` (N,), numbers
            or names; or an `AnnotatedImage`; or None.
        predictions: the same, with `scores` (N,) in the dicts.
        class_names: of the class numbers, and the order of the colours; by default the classes that occur.
        titles: one a picture.
        columns: pictures in a row.
        size: width of a picture in inches.
        least: predictions with a lower score are left out.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is not one entry a picture, boxes are not (N, 4), or there is not one class (and
            score) a box.

    Example:
        >>> picture = np.zeros((40, 60, 3), np.uint8)
        >>> figure = boxes([picture], [{"boxes": [[5, 5, 30, 30]], "classes": ["cat"]}])
    """
    images = [displayable(image) for image in images]
    drawn = []
    for name, entries in (("labels", labels), ("predictions", predictions)):
        if entries is None:
            continue
        entries = list(entries)
        if len(entries) != len(images):
            raise ValueError(f"{name} must have one entry a picture ({len(images)}), got {len(entries)}")
        drawn.append((name, [_entry(entry, f"{name}[{i}]", class_names) for i, entry in enumerate(entries)]))
    names = list(dict.fromkeys(map(str, class_names if class_names is not None else ())))
    occurring = {name for _, entries in drawn for _, classes, _ in entries for name in classes}
    names += sorted(occurring - set(names))
    colours = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(names)}
    sheet = grid(images, titles, columns, size)
    for what, entries in drawn:
        for axis, image, (corners, classes, scores) in zip(sheet.axes, images, entries):
            for index, (box, name) in enumerate(zip(corners, classes)):
                score = None if scores is None else scores[index]
                if score is None or score >= least:
                    _draw(axis, box, image, colours[name], what == "predictions", score)
    _legend(sheet, [name for name in names if name in occurring], colours, {what for what, _ in drawn})
    return sheet


def _entry(entry, where, class_names):
    """Boxes, class names and scores (or None) of one picture."""
    if entry is None:
        return np.zeros((0, 4)), [], None
    if not isinstance(entry, dict):
        scores = [extra.get("score") for extra in entry.extras]
        known = len(scores) and None not in scores
        entry = {"boxes": entry.boxes, "classes": entry.classes, "scores": scores if known else None}
    corners = np.asarray(entry["boxes"], np.float64)
    corners = corners.reshape(0, 4) if corners.size == 0 else corners
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise ValueError(f"{where}: boxes must be (N, 4), xyxy in pixels, got shape {corners.shape}")
    classes, scores = list(entry["classes"]), entry.get("scores")
    for name, values in (("classes", classes), ("scores", scores)):
        if values is not None and len(values) != len(corners):
            raise ValueError(f"{where}: {name} must have one entry a box ({len(corners)}), got {len(values)}")
    names = []
    for value in classes:
        if isinstance(value, str) or class_names is None:
            names.append(str(value))
        elif 0 <= value < len(class_names):
            names.append(str(class_names[int(value)]))
        else:
            raise ValueError(f"{where}: class {value} has no name: class_names has {len(class_names)}")
    return corners, names, scores


def _draw(axis, box, image, colour, predicted, score):
    edges = [
        patheffects.Stroke(linewidth=4.2 if predicted else 4.6, foreground="black", alpha=0.55),
        patheffects.Stroke(linewidth=2.8 if predicted else 3.2, foreground="white"),
        patheffects.Normal(),
    ]
    # The centre of the first pixel is drawn at 0, its edge at −0.5.
    left, top = box[0] - 0.5, box[1] - 0.5
    axis.add_patch(
        Rectangle(
            (left, top),
            box[2] - box[0],
            box[3] - box[1],
            fill=False,
            edgecolor=colour,
            linewidth=1.8,
            linestyle=(0, (3, 2)) if predicted else "-",
            path_effects=edges,
        )
    )
    if score is None:
        return
    height, width = image.shape[:2]
    axis.text(
        float(np.clip(left, 0, width)),
        float(np.clip(top, 0.06 * height, height)),
        f"{score:.2f}",
        fontsize=7,
        va="bottom",
        color=_ink(colour),
        clip_on=True,
        bbox={"facecolor": colour, "edgecolor": "white", "linewidth": 0.5, "pad": 0.8},
    )


def _ink(colour):
    """Black or white, whichever is read more easily on a colour."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def _legend(sheet, names, colours, kinds):
    lines = [Line2D([], [], color=colours[name], linewidth=4, label=name) for name in names]
    if kinds == {"labels", "predictions"}:
        lines.append(Line2D([], [], color="black", label="true"))
        lines.append(Line2D([], [], color="black", linestyle=(0, (3, 2)), label="predicted, with its score"))
    if lines:
        sheet.legend(
            handles=lines, loc="outside lower center", ncols=min(len(lines), 6), fontsize=8, frameon=False
        )
