"""One figure to look over a set of images before training."""

from pathlib import Path

import numpy as np

from cvlib.data import summary
from cvlib.data.reading import read_image
from cvlib.viz.style import PALETTE, figure

SHOWN_CLASSES, SHOWN_BARS = 6, 20


def explore(dataset, directory=None, samples=8, at_most=2000, seed=0):
    """Classes, sizes, colour modes, brightness and sample pictures in one figure.

    Args:
        dataset: a `cvlib.datasets.Dataset`, or a DataFrame with columns `path` and labels.
        directory: where the paths of a DataFrame lie; a dataset knows.
        samples: pictures shown of each class, of at most six classes.
        at_most: pictures opened to measure; of a larger set, a sample with every class in proportion.
        seed: of the samples.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if a DataFrame comes without a directory, or is empty, or no picture can be read.

    Example:
        >>> figure = explore(cvlib.datasets.load("face_mask"))  # doctest: +SKIP
    """
    frame = getattr(dataset, "frame", dataset)
    directory = getattr(dataset, "directory", directory)
    if directory is None:
        raise ValueError("directory is missing: say where the paths of the frame lie")
    directory = Path(directory)
    found = summary.summarise(frame, directory, at_most, seed)
    if found.images.empty:
        path, reason = found.unreadable[0]
        raise ValueError(f"not one picture in {directory} can be read; the first is {path}: {reason}")
    classes = sorted(found.counts.index)
    if len(classes) > SHOWN_CLASSES:
        classes = found.counts.sum(axis=1).sort_values(ascending=False, kind="stable").index.tolist()
    single = summary.class_names(frame).map(len).max() == 1
    groups = sorted(classes)[:SHOWN_CLASSES] if single else []
    colours = {name: PALETTE[index] for index, name in enumerate(groups)}

    rows = _samples(found.images, directory, groups, samples, seed)
    wide, tall = samples * 1.05, 5.4
    sheet = figure(max(wide, 8.4), tall + len(rows) * 1.15)
    upper, lower = sheet.subfigures(2, 1, height_ratios=[tall, max(0.1, len(rows) * 1.15)])
    axes = upper.subplots(2, 2)
    _classes(axes[0, 0], found.counts.loc[classes])
    _sizes(axes[0, 1], found.images, colours)
    _modes(axes[1, 0], found.images, found.unreadable)
    _brightness(axes[1, 1], found.images, colours)
    cells = lower.subplots(len(rows), samples, squeeze=False)
    for line, (name, pictures) in zip(cells, rows):
        for axis in line:
            axis.axis("off")
        for axis, picture in zip(line, pictures):
            axis.imshow(picture)
        line[0].set_title(name, fontsize=8, loc="left")
    return sheet


def _classes(axis, counts):
    rest = counts.iloc[SHOWN_BARS:]
    counts = counts.iloc[:SHOWN_BARS]
    left = np.zeros(len(counts))
    places = range(len(counts))
    for index, split in enumerate(counts.columns):
        axis.barh(places, counts[split], left=left, color=("0.45", "0.85", "0.65")[index % 3], label=split)
        left += counts[split].to_numpy()
    for place, total in zip(places, left):
        axis.text(total, place, f" {int(total):,}", va="center", fontsize=8)
    axis.set_yticks(places, counts.index, fontsize=8)
    axis.set_ylim(max(len(counts), 2) + (0.2 if len(counts.columns) > 1 else -0.5), -0.6)
    axis.set_xlim(0, left.max() * 1.18)
    axis.set_xlabel("images" + (f" ({len(rest)} smaller classes not drawn)" if len(rest) else ""))
    axis.set_title("classes", fontsize=10)
    if len(counts.columns) > 1:
        axis.legend(fontsize=7, ncols=len(counts.columns), loc="lower right")


def _sizes(axis, images, colours):
    for marker, (name, part) in zip("osD^vP", _parts(images, colours)):
        axis.scatter(
            part["width"], part["height"], s=9, alpha=0.35, color=colours.get(name, PALETTE[0]), marker=marker
        )
    if len(images) > 1 and images["width"].max() > 4 * images["width"].min():
        axis.set_xscale("log")
        axis.set_yscale("log")
    low, high = images[["width", "height"]].min().min(), images[["width", "height"]].max().max()
    axis.plot([low, high], [low, high], color="0.6", linewidth=0.8, linestyle=":")
    axis.set_xlabel("width (pixels)")
    axis.set_ylabel("height (pixels)")
    axis.set_title("sizes (dotted: square)", fontsize=10)


def _modes(axis, images, unreadable):
    kinds = (images["mode"] + " " + images["format"]).value_counts()
    if unreadable:
        kinds["unreadable"] = len(unreadable)
    axis.barh(range(len(kinds)), kinds, color=PALETTE[2])
    for place, count in enumerate(kinds):
        axis.text(count, place, f" {count:,}", va="center", fontsize=8)
    axis.set_yticks(range(len(kinds)), kinds.index, fontsize=8)
    axis.set_ylim(max(len(kinds), 3) - 0.4, -0.6)
    axis.set_xlim(0, kinds.max() * 1.18)
    axis.set_xlabel("images opened")
    axis.set_title("modes and formats", fontsize=10)


def _brightness(axis, images, colours):
    edges = np.linspace(0, 255, 33)
    for style, (name, part) in zip(("-", "--", "-.", ":", "-", "--"), _parts(images, colours)):
        share = np.histogram(part["brightness"], edges)[0] / len(part)
        axis.stairs(
            share, edges, color=colours.get(name, PALETTE[0]), linestyle=style, linewidth=1.6, label=name
        )
    axis.set_xlim(0, 255)
    axis.set_xlabel("mean grey level (0 black, 255 white)")
    axis.set_ylabel("share of images")
    axis.set_title("brightness", fontsize=10)
    if colours:
        axis.legend(fontsize=7)


def _parts(images, colours):
    if not colours:
        return [("all", images)]
    return [(name, images[images["label"] == name]) for name in colours if (images["label"] == name).any()]


def _samples(images, directory, groups, samples, seed):
    """(class, pictures) of the classes shown, or of all together."""
    rng = np.random.default_rng(seed)
    named = [(name, images[images["label"] == name]) for name in groups] or [("samples", images)]
    rows = []
    for name, part in named:
        if len(part):
            chosen = rng.choice(len(part), min(samples, len(part)), replace=False)
            rows.append((name, [_small(read_image(directory / part["path"].iloc[i])) for i in chosen]))
    return rows


def _small(image):
    from cvlib._opencv import cv2

    scale = 160 / max(image.shape[:2])
    if scale >= 1:
        return image
    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
