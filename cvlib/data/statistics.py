"""What `fit` learns from sample images: mean, deviation and the ZCA whitening matrix."""

import numpy as np


def mean_and_deviation(images, channel_axis):
    """Mean and standard deviation of each channel, shaped to broadcast over one image.

    Args:
        images: float array of rank 4.
        channel_axis: 1 or 3.

    Returns:
        Two float arrays, (1, 1, C) or (C, 1, 1), summed in float64.
    """
    others = tuple(axis for axis in range(4) if axis != channel_axis)
    mean = images.mean(others, dtype=np.float64, keepdims=True)[0]
    deviation = np.sqrt(np.square(images - mean, dtype=np.float64).mean(others, keepdims=True)[0])
    return mean.astype(images.dtype), deviation.astype(images.dtype)


def zca_matrix(images, epsilon):
    """The matrix that makes flattened, centred images uncorrelated while it stays as close as it can to them.

    Args:
        images: float array of rank 4, centred.
        epsilon: added to the singular values.

    Returns:
        float array (H·W·C, H·W·C).

    References:
        Bell and Sejnowski, 1997, The "independent components" of natural scenes are edge filters, section 3.
    """
    u, s, _ = np.linalg.svd(images.reshape(len(images), -1).T, full_matrices=False)
    return (u * (np.sqrt(len(images)) / (s + epsilon))).dot(u.T)
