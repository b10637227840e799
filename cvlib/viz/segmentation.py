"""Pictures with their masks: overlays, contact sheets of them, and predictions beside the truth."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from cvlib._opencv import cv2
from cvlib.viz.images import displayable
from cvlib.viz.style import PALETTE, figure

#: Colours of class 1, 2, …; the background (0) is never painted.
COLOURS = tuple(np.array(to_rgb(PALETTE[index])) for index in (1, 5, 2, 4, 6, 3, 0))
#: Wrong pixels: what was missed, and what was found where nothing is.
MISSED, INVENTED = np.array(to_rgb(PALETTE[3])), np.array(to_rgb(PALETTE[0]))
GREY = np.array([0.55, 0.55, 0.55])


def overlay(image, mask, class_names=None, ignore_index=None, opacity=0.35, title=None, size=4.0):
    """One picture with its mask painted over it, every class outlined and named.

    Args:
        image: array (H, W, 3), (H, W, 1) or (H, W); uint8, or float in [0, 1] or [0, 255].
        mask: integer or bool array (H, W) or (H, W, 1) of class indices; 0 is the background.
        class_names: names in the order of the indices, with the background.
        ignore_index: a label that is painted grey, or None.
        opacity: of the paint, in [0, 1]; outlines are always opaque.
        title: above the picture.
        size: width in inches.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if the mask is not an integer array of the picture's size, or holds a class without name.

    Example:
        >>> picture, mask = np.zeros((8, 8, 3), "uint8"), np.eye(8, dtype="uint8")
        >>> figure = overlay(picture, mask, class_names=["background", "line"])
    """
    image, mask = _pair(image, mask)
    sheet = figure(size, size * image.shape[0] / image.shape[1] + 0.4)
    axis = sheet.subplots()
    axis.imshow(_painted(image, mask, ignore_index, opacity))
    axis.axis("off")
    if title:
        axis.set_title(title, fontsize=10)
    _legend(sheet, [mask], class_names, ignore_index)
    return sheet


def overlays(
    images, masks, titles=None, class_names=None, ignore_index=None, columns=None, size=1.6, heading=None
):
    """A contact sheet of pictures with their masks painted over them; an empty mask is marked as such.

    Args:
        images: sequence of pictures as for `overlay`; sizes may differ.
        masks: sequence of masks, one a picture.
        titles: sequence of strings, one a picture.
        class_names: see `overlay`.
        ignore_index: see `overlay`.
        columns: pictures in a row; by default at most eight, as even as possible.
        size: width of one picture in inches.
        heading: a title over the whole sheet.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is no picture, not one mask or title a picture, or a mask that does not fit.
    """
    pairs = _pairs(images, masks)
    if titles is not None and len(titles) != len(pairs):
        raise ValueError(f"titles must have one entry a picture ({len(pairs)}), got {len(titles)}")
    if columns is None:
        columns = -(-len(pairs) // -(-len(pairs) // 8))
    rows = -(-len(pairs) // columns)
    tallest = float(np.median([image.shape[0] / image.shape[1] for image, _ in pairs]))
    height = size * min(max(tallest, 0.3), 3) + 0.05
    lines = max((str(title).count("\n") + 1 for title in titles), default=0) if titles is not None else 0
    sheet = figure(columns * size, rows * (height + 0.17 * lines) + 0.3 + (0.35 if heading else 0))
    axes = sheet.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.axis("off")
    for index, (axis, (image, mask)) in enumerate(zip(axes, pairs)):
        axis.imshow(_painted(image, mask, ignore_index, 0.35))
        if titles is not None:
            axis.set_title(str(titles[index]), fontsize=8)
        if not mask.any():
            axis.text(0.5, 0.04, "empty mask", transform=axis.transAxes, ha="center", fontsize=7, color="w")
    if heading:
        sheet.suptitle(heading, fontsize=10)
    _legend(sheet, [mask for _, mask in pairs], class_names, ignore_index)
    return sheet


def side_by_side(images, masks, predictions=None, titles=None, class_names=None, ignore_index=None, size=2.0):
    """A row a picture: the picture, its mask, both together; with predictions also these, and their errors.

    Errors are vermilion where a class was missed, or taken for another, and blue where one was found that is
    not there.

    Args:
        images: sequence of pictures as for `overlay`.
        masks: sequence of masks, one a picture: the truth.
        predictions: sequence of masks of the same sizes, or None.
        titles: sequence of strings, one a picture, for the left margin.
        class_names: see `overlay`.
        ignore_index: see `overlay`; there no error is counted.
        size: width of one picture in inches.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: as for `overlays`, and if a prediction is no mask of its picture's size.
    """
    pairs = _pairs(images, masks)
    if titles is not None and len(titles) != len(pairs):
        raise ValueError(f"titles must have one entry a picture ({len(pairs)}), got {len(titles)}")
    names = ["picture", "mask", "both"]
    if predictions is not None:
        names += ["prediction", "errors"]
        found = [mask for _, mask in _pairs(images, predictions, "predictions")]
    shape = float(np.median([image.shape[0] / image.shape[1] for image, _ in pairs]))
    sheet = figure(len(names) * size + 0.3, len(pairs) * size * min(max(shape, 0.3), 3) + 0.6)
    axes = sheet.subplots(len(pairs), len(names), squeeze=False)
    for row, (image, mask) in enumerate(pairs):
        panels = [image, _flat(mask, ignore_index), _painted(image, mask, ignore_index, 0.35)]
        if predictions is not None:
            panels.append(_painted(image, found[row], ignore_index, 0.35))
            panels.append(_errors(image, mask, found[row], ignore_index))
        for axis, panel in zip(axes[row], panels):
            axis.imshow(panel, interpolation="nearest" if max(panel.shape[:2]) < 40 else None)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        if titles is not None:
            axes[row, 0].set_ylabel(str(titles[row]), fontsize=8)
    for axis, name in zip(axes[0], names):
        axis.set_title(name, fontsize=9)
    extra = [(MISSED, "missed"), (INVENTED, "not there")] if predictions is not None else []
    _legend(sheet, [mask for _, mask in pairs], class_names, ignore_index, extra)
    return sheet


def _pairs(images, masks, name="masks"):
    images, masks = list(images), list(masks)
    if not images:
        raise ValueError("images is empty: give at least one picture")
    if len(images) != len(masks):
        raise ValueError(f"{name} must have one entry a picture ({len(images)}), got {len(masks)}")
    return [_pair(*pair, f"{name}[{index}]") for index, pair in enumerate(zip(images, masks))]


def _pair(image, mask, name="mask"):
    """A picture as float32 (H, W, 3) in [0, 1] and its mask as int (H, W), checked."""
    image, mask = displayable(image), np.asarray(mask)
    image = np.repeat(image[..., None], 3, -1) if image.ndim == 2 else image[..., :3]
    mask = mask[..., 0] if mask.ndim == 3 and mask.shape[-1] == 1 else mask
    if mask.dtype.kind not in "biu":
        raise ValueError(
            f"{name} must hold whole numbers (class indices), got {mask.dtype}: of probabilities take "
            "(mask > 0.5) or mask.argmax(-1)"
        )
    if mask.shape != image.shape[:2]:
        raise ValueError(
            f"{name} must be (H, W) of its picture's size {image.shape[:2]}, got shape {mask.shape}"
        )
    return image, mask.astype(np.int64)


def _colour(label):
    return COLOURS[(label - 1) % len(COLOURS)]


def _labels(mask, ignore_index):
    return [int(label) for label in np.unique(mask) if label != 0 and label != ignore_index]


def _painted(image, mask, ignore_index, opacity):
    """The picture under its mask; an outline of about a two-hundredth of the picture's size."""
    painted = image.copy()
    if ignore_index is not None:
        painted[mask == ignore_index] = 0.4 * painted[mask == ignore_index] + 0.6 * GREY
    thickness = max(1, round(max(mask.shape) / 200))
    for label in _labels(mask, ignore_index):
        inside = mask == label
        painted[inside] = (1 - opacity) * painted[inside] + opacity * _colour(label)
        outlines, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        line = np.zeros(mask.shape, np.uint8)
        cv2.drawContours(line, outlines, -1, 1, thickness)
        painted[line > 0] = _colour(label)
    return painted


def _flat(mask, ignore_index):
    """The mask alone: black background, a colour a class."""
    flat = np.zeros((*mask.shape, 3))
    for label in _labels(mask, ignore_index):
        flat[mask == label] = _colour(label)
    if ignore_index is not None:
        flat[mask == ignore_index] = GREY
    return flat


def _errors(image, truth, found, ignore_index):
    pale = 0.55 * image + 0.25
    counted = np.ones(truth.shape, bool) if ignore_index is None else truth != ignore_index
    wrong = (truth != found) & counted
    pale[wrong & (truth != 0)] = MISSED
    pale[wrong & (truth == 0)] = INVENTED
    return np.clip(pale, 0, 1)


def _legend(sheet, masks, class_names, ignore_index, extra=()):
    labels = sorted(set().union(*(_labels(mask, ignore_index) for mask in masks)))
    if class_names is not None and labels and not 0 <= labels[0] <= labels[-1] < len(class_names):
        odd = [label for label in labels if not 0 <= label < len(class_names)]
        raise ValueError(
            f"class_names has {len(class_names)} entries, with the background, but a mask holds the label "
            f"{odd[0]}: name it too, or pass it as ignore_index"
        )
    entries = []
    if class_names is not None:
        entries = [(_colour(label), str(class_names[label])) for label in labels]
    if ignore_index is not None and any((mask == ignore_index).any() for mask in masks):
        entries.append((GREY, "left out"))
    entries += extra
    if entries:
        handles = [Patch(color=colour, label=name) for colour, name in entries]
        sheet.legend(
            handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8, frameon=False
        )
