"""Look over images before training: classes, sizes, colour modes, brightness, and what cannot be read."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cvlib.data import labels
from cvlib.data.image_files import is_named_as_image
from cvlib.data.reading import ImageReadError, read_image

MODES = {
    "RGB": "colour",
    "L": "grey",
    "1": "black and white",
    "P": "palette",
    "PA": "palette",
    "RGBA": "transparent",
    "LA": "transparent",
    "CMYK": "CMYK",
}
USUAL = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",), "TIFF": (".tif", ".tiff")}


@dataclass(frozen=True)
class Summary:
    """What `summarise` found; `print` it.

    Attributes:
        counts: DataFrame with a row a class and a column a split ("images" if there are no splits).
        images: DataFrame with a row a picture that was opened: `path`, `label`, `width`, `height`, `mode`
            (such as "colour" or "grey"), `format` (such as "JPEG"), `bytes`, and `brightness`, the mean grey
            level in [0, 255].
        unreadable: list of (path, reason).
        misnamed: paths whose extension does not fit their content.
    """

    counts: object
    images: object
    unreadable: list
    misnamed: list

    def __str__(self):
        total = int(self.counts.to_numpy().sum())
        per_class = self.counts.sum(axis=1)
        lines = [f"{total:,} images, {len(per_class)} classes"]
        lines += [f"  {name}: {count:,} ({count / total:.1%})" for name, count in per_class.items()]
        if len(self.images):
            size, bright = self.images[["width", "height"]], self.images["brightness"]
            low, middle, high = size.min(), size.median(), size.max()
            if len(self.images) < total:
                lines.append(f"opened {len(self.images):,} of them, spread evenly over the classes:")
            lines += [
                f"  sizes      {low['width']}×{low['height']} to {high['width']}×{high['height']}, "
                f"median {middle['width']:.0f}×{middle['height']:.0f}",
                f"  modes      {_shares(self.images['mode'])}",
                f"  formats    {_shares(self.images['format'])}",
                f"  brightness {bright.mean():.0f} ± {bright.std(ddof=0):.0f} of 255",
            ]
        if self.misnamed:
            lines.append(
                f"  {len(self.misnamed)} files are named as another format, such as {self.misnamed[0]} (they "
                "are read by content, so this does no harm here)"
            )
        lines += [f"  unreadable: {path}: {reason}" for path, reason in self.unreadable[:20]]
        if len(self.unreadable) > 20:
            lines.append(f"  … and {len(self.unreadable) - 20} more unreadable files")
        return "\n".join(lines)


def summarise(frame, directory, at_most=2000, seed=0):
    """Count the classes, open the pictures, and measure sizes, modes and brightness.

    A file that cannot be read is listed, not raised.

    Args:
        frame: DataFrame with columns `path` and labels, as `labels.from_directory` returns it.
        directory: where the paths lie.
        at_most: how many pictures to open; of a larger set, a sample with every class in proportion.
        seed: of the sample.

    Returns:
        A `Summary`.

    Raises:
        ValueError: if the frame is empty or lacks a column.

    Example:
        >>> print(summarise(dataset.frame, dataset.directory))  # doctest: +SKIP
    """
    import pandas as pd

    if "path" not in frame.columns:
        raise ValueError(f"the frame has no column 'path'; it has {', '.join(map(repr, frame.columns))}")
    if len(frame) == 0:
        raise ValueError("the frame is empty: there is nothing to summarise")
    named = class_names(frame)
    counts = _counts(frame, named)
    chosen = sample(named.map(" + ".join), at_most, seed)
    with ThreadPoolExecutor() as pool:
        facts = list(pool.map(_facts, [Path(directory) / path for path in frame["path"].iloc[chosen]]))
    paths = frame["path"].iloc[chosen].tolist()
    names = named.map(" + ".join).iloc[chosen].tolist()
    good = [index for index, fact in enumerate(facts) if not isinstance(fact, str)]
    images = pd.DataFrame(
        [(paths[index], names[index], *facts[index]) for index in good],
        columns=["path", "label", "width", "height", "mode", "format", "bytes", "brightness"],
    )
    return Summary(
        counts=counts,
        images=images,
        unreadable=[(path, fact) for path, fact in zip(paths, facts) if isinstance(fact, str)],
        misnamed=[
            path
            for path, form in zip(images["path"], images["format"])
            if not path.lower().endswith(USUAL.get(form, f".{form.lower()}"))
        ],
    )


def class_names(frame):
    """The labels of each row as a tuple of names: one for a class, any number for multi-label data.

    Pictures with masks are one class here: what they show is in the masks.
    """
    if is_paired(frame):
        return frame["path"].map(lambda _: ("pictures with masks",))
    columns = labels.label_columns(frame)
    if len(columns) == 1:
        return frame[columns[0]].map(
            lambda value: tuple(map(str, value)) if isinstance(value, (list, tuple, set)) else (str(value),)
        )
    rows = frame[columns].to_dict("records")
    if labels.kind(frame) == "multi-label":
        made = [tuple(name for name, flag in row.items() if flag) for row in rows]
    else:
        made = [tuple(f"{name}={value}" for name, value in row.items()) for row in rows]
    return type(frame[columns[0]])(made, index=frame.index, dtype=object)


def is_paired(frame):
    """Whether a frame's column `mask` holds the paths of mask files, rather than a label."""
    return "mask" in frame.columns and frame["mask"].map(is_named_as_image).all()


def sample(names, at_most, seed=0):
    """Positions of at most so many rows, every class in proportion, none left out while there is room."""
    names = np.asarray(names, dtype=object).astype(str)
    if len(names) <= at_most:
        return np.arange(len(names))
    rng = np.random.default_rng(seed)
    within = np.empty(len(names))
    for name in np.unique(names):
        members = np.flatnonzero(names == name)
        within[rng.permutation(members)] = (np.arange(len(members)) + 0.5) / len(members)
        within[members[np.argmin(within[members])]] = 0  # the first of every class comes first
    return np.sort(np.argsort(within, kind="stable")[:at_most])


def _counts(frame, named):
    import pandas as pd

    split = frame["split"].astype(str) if "split" in frame.columns else pd.Series("images", index=frame.index)
    pairs = pd.DataFrame({"name": named.tolist(), "split": split.tolist()}).explode("name")
    table = pd.crosstab(pairs["name"].fillna("(none)"), pairs["split"])
    order = [name for name in ("train", "validation", "test") if name in table.columns]
    table = table[order + [name for name in table.columns if name not in order]]
    return table.rename_axis(index=None, columns=None)


def _facts(path):
    """(width, height, mode, format, bytes, brightness) of one file, or in words why it cannot be read."""
    from PIL import Image

    try:
        grey = read_image(path, channels=1)
        with Image.open(path) as image:  # the header alone
            mode = "16-bit" if image.mode.startswith("I") else MODES.get(image.mode, image.mode)
            return grey.shape[1], grey.shape[0], mode, image.format, path.stat().st_size, float(grey.mean())
    except ImageReadError as error:
        return error.reason
    except OSError as error:
        return error.strerror or str(error)


def _shares(values):
    return ", ".join(f"{name} {count:,}" for name, count in values.value_counts().items())
