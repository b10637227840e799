"""Batches of images from what a lesson has at hand: an array, a generator, a tf.data pipeline."""

import numpy as np


def batches(images, batch_size=32):
    """Go through images once, a batch at a time.

    Args:
        images: array (N, H, W, C); or something that gives batches, `images` or `(images, labels, …)`: a
            generator such as `ImageDataGenerator.flow`, a `tf.data.Dataset`, a list of arrays.
        batch_size: how an array is cut.

    Yields:
        float32 arrays (B, H, W, C).

    Raises:
        ValueError: if there is no image, or a batch is not (B, H, W, C).
    """
    empty = True
    for batch in _given(images, batch_size):
        batch = batch[0] if isinstance(batch, (tuple, list)) else batch
        batch = np.asarray(batch, "float32")
        if batch.ndim != 4:
            raise ValueError(f"images must come in batches (B, H, W, C), got shape {batch.shape}")
        if len(batch):
            empty = False
            yield batch
    if empty:
        raise ValueError("images is empty: give at least one")


def _given(images, batch_size):
    if hasattr(images, "ndim") or hasattr(images, "dtype"):
        return (images[start : start + batch_size] for start in range(0, len(images), batch_size))
    if hasattr(images, "__getitem__") and hasattr(images, "__len__"):  # a generator's own loop has no end
        return (images[index] for index in range(len(images)))
    return images
