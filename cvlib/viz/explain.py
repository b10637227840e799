"""Figures of what a CNN has learned and where it looks."""

import numpy as np

from cvlib.viz.images import displayable
from cvlib.viz.style import PALETTE, figure


def heatmap(images, heat, titles=None, columns=None, size=1.6):
    """Images, and below each the same with its heat map over it.

    Args:
        images: sequence of N images, as `cvlib.viz.grid` takes them.
        heat: float array (N, H, W) in [0, 1], as Grad-CAM gives it.
        titles: one an image.
        columns: images in a row; by default at most eight.
        size: width of one image in inches.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is not one heat map and one title an image, or a heat map is not in [0, 1].
    """
    images, heat = [displayable(image) for image in images], _checked_heat(heat)
    _same_count(images, heat, titles)
    columns = min(columns or 8, len(images))
    blocks = -(-len(images) // columns)
    sheet = figure(columns * size, 2 * blocks * size * 1.04 + 0.2 * blocks * (titles is not None))
    axes = sheet.subplots(2 * blocks, columns, squeeze=False)
    for axis in axes.ravel():
        axis.axis("off")
    for index, image in enumerate(images):
        block, column = divmod(index, columns)
        axes[2 * block, column].imshow(image, cmap="gray", vmin=0, vmax=1)
        axes[2 * block + 1, column].imshow(overlay(image, heat[index]))
        if titles is not None:
            axes[2 * block, column].set_title(str(titles[index]), fontsize=8)
    return sheet


def overlay(image, heat):
    """One image with its heat map over it: the hotter, the less of the image shows.

    Args:
        image: as `cvlib.viz.grid` takes it, (H, W, 3), (H, W, 1) or (H, W).
        heat: float array (H, W) in [0, 1].

    Returns:
        float32 array (H, W, 3) in [0, 1].

    Raises:
        ValueError: if the sizes differ, or `heat` is not in [0, 1].
    """
    from matplotlib import colormaps

    image, heat = displayable(image), _checked_heat(heat)
    if image.shape[:2] != heat.shape:
        raise ValueError(f"heat must have the image's size {image.shape[:2]}, got {heat.shape}")
    grey = image if image.ndim == 2 else image[..., :3] @ np.array([0.299, 0.587, 0.114], "float32")
    share = 0.75 * heat[..., None] ** 0.7
    coloured = colormaps["inferno"](0.15 + 0.85 * heat)[..., :3]
    return (share * coloured + (1 - share) * grey[..., None]).astype("float32")


def filters(kernels, columns=8, most=32, size=0.8):
    """Kernels as small pictures; mid-grey is a weight of zero.

    Args:
        kernels: float array (height, width, channels in, filters), as `cvlib.explain.filters` gives it.
            With three channels in they are drawn as colours; with others, a row a filter and a column a
            channel.
        columns: pictures in a row; of other than one or three channels, how many channels are shown.
        most: how many filters at most; of other than one or three channels a quarter of it.
        size: of one picture in inches.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if `kernels` is not of that shape.
    """
    kernels = np.asarray(kernels, "float32")
    if kernels.ndim != 4:
        raise ValueError(f"kernels must be (height, width, channels in, filters), got shape {kernels.shape}")
    channels = kernels.shape[2]
    if channels not in (1, 3):
        kernels, columns = kernels[:, :, :columns, : max(most // 4, 1)], min(columns, channels)
        pictures = [kernel[..., index] for kernel in np.moveaxis(kernels, -1, 0) for index in range(columns)]
    else:
        pictures = list(np.moveaxis(kernels[..., :most], -1, 0))
        columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = figure(columns * size, rows * size)
    axes = sheet.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.axis("off")
    for axis, picture in zip(axes, pictures):
        reach = max(float(np.abs(picture).max()), 1e-12)
        axis.imshow(
            np.squeeze(0.5 + picture / (2 * reach)), cmap="gray", vmin=0, vmax=1, interpolation="nearest"
        )
    return sheet


def feature_maps(maps, columns=8, most=16, size=1.1, channels=None, heading=None):
    """The channels of one image's feature maps, each from its own smallest to its largest value.

    Args:
        maps: float array (h, w, channels).
        columns: maps in a row.
        most: how many at most: those that vary most, unless `channels` names them.
        size: of one map in inches.
        channels: which to draw.
        heading: a title over the whole sheet.

    Returns:
        A `matplotlib.figure.Figure`; each map is titled with its channel.

    Raises:
        ValueError: if `maps` is not of that shape.
    """
    maps = np.asarray(maps, "float32")
    if maps.ndim != 3:
        hint = " (a batch: pass maps[0])" if maps.ndim == 4 else ""
        raise ValueError(f"maps must be (h, w, channels), got shape {maps.shape}{hint}")
    if channels is None:
        channels = np.sort(np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:most])
    columns = min(columns, len(channels))
    rows = -(-len(channels) // columns)
    sheet = figure(columns * size, rows * size * 1.2 + (0.3 if heading else 0))
    axes = sheet.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.axis("off")
    for axis, channel in zip(axes, channels):
        axis.imshow(maps[..., channel], cmap="viridis", interpolation="nearest")
        axis.set_title(str(channel), fontsize=7, pad=2)
    if heading:
        sheet.suptitle(heading, fontsize=10)
    return sheet


def patches(found, size=0.85):
    """The patches that excite channels most: a row a channel, the strongest first.

    Args:
        found: what `cvlib.explain.top_patches` returned.
        size: of one patch in inches.

    Returns:
        A `matplotlib.figure.Figure`. Patches cut at the image's border are smaller; all are drawn to one
        scale.

    Raises:
        ValueError: if there is no patch at all.
    """
    columns = max((len(row) for row in found.values()), default=0)
    if not columns:
        raise ValueError("found holds no patch: no channel answered to any image")
    largest = max(max(patch.pixels.shape[:2]) for row in found.values() for patch in row)
    sheet = figure(columns * size + 0.9, len(found) * size * 1.02)
    for axes, (channel, row) in zip(sheet.subplots(len(found), columns, squeeze=False), found.items()):
        for axis in axes:
            axis.set_xticks([])
            axis.set_yticks([])
            axis.spines[:].set_visible(False)
        axes[0].set_ylabel(
            f"channel {channel}" + ("" if row else "\n(silent)"),
            rotation=0,
            ha="right",
            va="center",
            fontsize=8,
        )
        for axis, patch in zip(axes, row):
            height, width = patch.pixels.shape[:2]
            left, top = (largest - width) / 2, (largest - height) / 2
            axis.imshow(
                displayable(patch.pixels),
                cmap="gray",
                vmin=0,
                vmax=1,
                extent=(left, left + width, top + height, top),
            )
            axis.set_xlim(0, largest)
            axis.set_ylim(largest, 0)
    return sheet


def embedding(points, labels, class_names=None, title=None):
    """Images as points in two or three dimensions, a colour and a marker a class.

    Args:
        points: float array (N, 2) or (N, 3), as `cvlib.explain.project` gives it.
        labels: int array (N,), the classes.
        class_names: one name a class; by default their numbers.
        title: over the figure.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if the shapes do not match, or a label has no name.
    """
    points, labels = np.asarray(points), np.asarray(labels)
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise ValueError(f"points must be (N, 2) or (N, 3), got shape {points.shape}")
    if labels.shape != points.shape[:1]:
        raise ValueError(f"labels must have one entry a point ({len(points)}), got shape {labels.shape}")
    classes = sorted(set(labels.tolist()))
    if class_names is not None and classes[-1] >= len(class_names):
        raise ValueError(f"class_names must name every class to {classes[-1]}, got {list(class_names)}")
    deep = points.shape[1] == 3
    sheet = figure(5.0, 4.4 if deep else 4.0)
    axis = sheet.subplots(subplot_kw={"projection": "3d"} if deep else None)
    for index, label in enumerate(classes):
        axis.scatter(
            *points[labels == label].T,
            s=16,
            alpha=0.7,
            color=PALETTE[index % len(PALETTE)],
            marker="o^sDvP*X"[index % 8],
            label=str(label if class_names is None else class_names[label]),
        )
    for name in "xyz"[: points.shape[1]]:
        getattr(axis, f"set_{name}ticklabels")([])  # the units mean nothing
        axis.tick_params(axis=name, length=0)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, loc="upper right" if deep else "best")
    if title:
        axis.set_title(title, fontsize=10)
    return sheet


def _checked_heat(heat):
    heat = np.asarray(heat, "float32")
    if heat.size and not (heat.min() >= 0 and heat.max() <= 1):
        raise ValueError(f"heat must be in [0, 1], got {heat.min():.3g} to {heat.max():.3g}")
    return heat


def _same_count(images, heat, titles):
    if not images:
        raise ValueError("images is empty: give at least one")
    if len(heat) != len(images) or heat.ndim != 3:
        raise ValueError(
            f"heat must be (N, H, W) with one map an image ({len(images)}), got shape {heat.shape}"
        )
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"titles must have one entry an image ({len(images)}), got {len(titles)}")
