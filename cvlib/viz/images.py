"""Images side by side."""

import numpy as np

from cvlib.viz.style import figure


def grid(images, titles=None, columns=None, size=1.6, heading=None):
    """A contact sheet.

    Args:
        images: sequence of arrays (H, W, 3), (H, W, 1) or (H, W); uint8, or float in [0, 1] or [0, 255]
            (told apart by the largest value of each image). Sizes may differ.
        titles: sequence of strings, one an image.
        columns: images in a row; by default at most eight, as even as possible.
        size: width of one image in inches.
        heading: a title over the whole sheet.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is no image, or not one title an image.
    """
    images = [displayable(image) for image in images]
    if not images:
        raise ValueError("images is empty: give at least one image")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"titles must have one entry an image ({len(images)}), got {len(titles)}")
    if columns is None:
        rows = -(-len(images) // 8)
        columns = -(-len(images) // rows)
    rows = -(-len(images) // columns)
    tallest = float(np.median([image.shape[0] / image.shape[1] for image in images]))
    height = size * min(max(tallest, 0.3), 3)
    lines = max((str(title).count("\n") + 1 for title in titles), default=0) if titles is not None else 0
    sheet = figure(columns * size, rows * (height + 0.05 + 0.17 * lines) + (0.35 if heading else 0))
    axes = sheet.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.axis("off")
    for index, image in enumerate(images):
        axes[index].imshow(
            image, cmap="gray", vmin=0, vmax=1, interpolation="nearest" if max(image.shape[:2]) < 40 else None
        )
        if titles is not None:
            axes[index].set_title(str(titles[index]), fontsize=8)
    if heading:
        sheet.suptitle(heading, fontsize=10)
    return sheet


def displayable(image):
    """An image as matplotlib draws it: float32 in [0, 1], (H, W, 3) or (H, W)."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[-1] not in (3, 4)):
        raise ValueError(f"an image must be (H, W), (H, W, 1) or (H, W, 3), got shape {image.shape}")
    floats = image.astype("float32")
    if image.dtype == np.uint8 or floats.max(initial=0) > 1.5:
        floats = floats / 255
    return np.clip(floats, 0, 1)
