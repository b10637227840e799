"""Pictures made of several, and pictures with a hole: MixUp, CutMix and CutOut on a batch.

Masks and boxes are not mixed: half of one picture over half of another has no single label a pixel.
"""

import numpy as np


def cutout(images, size=0.4, fill=None, seed=None):
    """Cover one square of every picture, so that the model cannot rely on a single part.

    The square's centre lies anywhere in the picture, so part of it may fall outside, as in the paper.

    Args:
        images: array (B, H, W, C).
        size: side of the square as a share of the picture's shorter side, in (0, 1].
        fill: value of the covered pixels; by default the mean of the batch's pixels, channel by channel.
        seed: an int or a `numpy.random.Generator`.

    Returns:
        A new array like `images`.

    Raises:
        ValueError: if `size` is not in (0, 1].

    References:
        DeVries and Taylor, 2017, Improved Regularization of Convolutional Neural Networks with Cutout.
    """
    if not 0 < size <= 1:
        raise ValueError(f"size must be a share of the shorter side in (0, 1], got {size!r}")
    random = np.random.default_rng(seed)
    images = np.array(images)
    _, height, width, _ = images.shape
    fill = images.mean((0, 1, 2)) if fill is None else fill
    half = size * min(height, width) / 2
    for image in images:
        y, x = random.uniform((0, 0), (height, width))
        top, bottom, left, right = _span(y, half, height) + _span(x, half, width)
        image[top:bottom, left:right] = fill
    return images


def mixup(images, labels, alpha=0.2, seed=None):
    """Blend every picture with another of the batch, and their labels in the same shares.

    Each pair (i, j) has its own share λ ~ Beta(α, α): λ·image_i + (1 − λ)·image_j.

    Args:
        images: array (B, H, W, C).
        labels: one-hot or probability array (B, classes).
        alpha: above 0; small values keep most pictures nearly whole.
        seed: an int or a `numpy.random.Generator`.

    Returns:
        float32 images (B, H, W, C) and float32 labels (B, classes).

    Raises:
        ValueError: if `labels` are not (B, classes).

    References:
        Zhang et al., 2018, mixup: Beyond Empirical Risk Minimization, section 2.
    """
    images, labels = np.asarray(images, np.float32), _one_hot(images, labels)
    random = np.random.default_rng(seed)
    partner = random.permutation(len(images))
    share = random.beta(alpha, alpha, len(images)).astype(np.float32)
    mixed = share[:, None, None, None] * images + (1 - share[:, None, None, None]) * images[partner]
    return mixed, share[:, None] * labels + (1 - share[:, None]) * labels[partner]


def cutmix(images, labels, alpha=1.0, seed=None):
    """Paste a rectangle of another picture of the batch into every picture; labels follow the areas.

    The rectangle has the picture's aspect and the share 1 − λ of its area, λ ~ Beta(α, α); where the edge
    cuts it off the labels follow what is left of it.

    Args:
        images: array (B, H, W, C).
        labels: one-hot or probability array (B, classes).
        alpha: above 0; 1 draws all areas alike.
        seed: an int or a `numpy.random.Generator`.

    Returns:
        Images like `images` and float32 labels (B, classes).

    Raises:
        ValueError: if `labels` are not (B, classes).

    References:
        Yun et al., 2019, CutMix: Regularization Strategy to Train Strong Classifiers, equations 1 and 2.
    """
    labels = _one_hot(images, labels)
    source = np.asarray(images)
    mixed, mixed_labels = source.copy(), labels.copy()
    random = np.random.default_rng(seed)
    _, height, width, _ = source.shape
    for index, partner in enumerate(random.permutation(len(source))):
        half = np.sqrt(1 - random.beta(alpha, alpha)) / 2
        y, x = random.uniform((0, 0), (height, width))
        top, bottom, left, right = _span(y, half * height, height) + _span(x, half * width, width)
        mixed[index, top:bottom, left:right] = source[partner, top:bottom, left:right]
        pasted = (bottom - top) * (right - left) / (height * width)
        mixed_labels[index] = (1 - pasted) * labels[index] + pasted * labels[partner]
    return mixed, mixed_labels


def _span(centre, half, limit):
    """First and last-but-one pixel of centre ± half within [0, limit]."""
    return max(0, round(centre - half)), min(limit, round(centre + half))


def _one_hot(images, labels):
    labels = np.asarray(labels, np.float32)
    if labels.ndim != 2 or len(labels) != len(images):
        raise ValueError(
            f"labels must be one row of class shares an image, ({len(images)}, classes), got shape "
            f"{labels.shape}: use keras.utils.to_categorical(labels) or class_mode='categorical'"
        )
    return labels
