"""Test-time augmentation: ask a network about a picture and its mirror image, and take the mean.

References:
    Krizhevsky, Sutskever and Hinton, 2012, ImageNet Classification with Deep Convolutional Neural Networks,
    section 4.1 (the mean over patches and their reflections).
"""

import numpy as np


def predict_with_flips(model, images, batch_size=16):
    """Mean of a network's outputs for images and for their mirror images; maps are mirrored back.

    Args:
        model: from images (B, H, W, C) to class probabilities (B, classes) or maps (B, h, w, classes).
        images: array (B, H, W, C), in the range that the model takes.
        batch_size: images at a time.

    Returns:
        float32 array of the shape of the model's output.

    Raises:
        ValueError: if `images` is not (B, H, W, C), or the model's output is neither of the two.

    Example:
        >>> import keras
        >>> darkness = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Rescaling(-1.0, 1.0)])
        >>> predict_with_flips(darkness, np.zeros((2, 4, 4, 1))).shape
        (2, 4, 4, 1)

    Notes:
        A mirror image must be a picture as likely as its original, and of the same classes: left and right
        lung, as two classes, would be taken for each other.
    """
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(
            f"images must be (B, H, W, C), got {images.shape}"
            + (": add the batch axis with images[None]" if images.ndim == 3 else "")
        )
    straight = model.predict(images, batch_size=batch_size, verbose=0)
    if not isinstance(straight, np.ndarray) or straight.ndim not in (2, 4):
        got = straight.shape if isinstance(straight, np.ndarray) else "several outputs"
        raise ValueError(f"model must give (B, classes) or maps (B, h, w, classes), got {got}")
    mirrored = model.predict(images[:, :, ::-1], batch_size=batch_size, verbose=0)
    if mirrored.ndim == 4:
        mirrored = mirrored[:, :, ::-1]
    return ((straight + mirrored) / 2).astype(np.float32)
