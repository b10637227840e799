"""Bilinear enlargement: fixed, and as the start of a transposed convolution.

References:
    Long, Shelhamer and Darrell, 2015, Fully Convolutional Networks for Semantic Segmentation, section 3.3.
"""

import keras
import numpy as np
from keras import layers, ops


def bilinear_kernel(factor):
    """The kernel with which a transposed convolution of stride `factor` interpolates bilinearly.

    Args:
        factor: how many times a map is enlarged, a positive integer.

    Returns:
        float32 array (K, K) with K = 2·factor − factor mod 2: tents that fall from 1 to 0 over `factor`
        cells.

    Raises:
        ValueError: if `factor` is not a positive integer.

    Example:
        >>> bilinear_kernel(2)[1]
        array([0.1875, 0.5625, 0.5625, 0.1875], dtype=float32)
    """
    if isinstance(factor, bool) or not isinstance(factor, (int, np.integer)) or factor < 1:
        raise ValueError(f"factor must be a positive integer, got {factor!r}")
    size = 2 * factor - factor % 2
    from_the_middle = np.abs(np.arange(size) - (size - 1) / 2)
    tent = 1 - from_the_middle / factor
    return np.outer(tent, tent).astype("float32")


@keras.saving.register_keras_serializable("cvlib")
class Bilinear(keras.initializers.Initializer):
    """Initialiser of a `Conv2DTranspose`: each map enlarged bilinearly, no map mixed with another.

    The kernel's size must be that of `bilinear_kernel` for the layer's stride, with padding "same".

    Example:
        >>> layer = keras.layers.Conv2DTranspose(1, 4, 2, "same", kernel_initializer=Bilinear())
        >>> layer(np.ones((1, 3, 3, 1), "float32"))[0, 2, :, 0].numpy()
        array([0.75, 1.  , 1.  , 1.  , 1.  , 0.75], dtype=float32)
    """

    def __call__(self, shape, dtype=None):
        """The kernel.

        Args:
            shape: (K, K, filters, channels).
            dtype: of the result.

        Returns:
            A tensor of that shape.

        Raises:
            ValueError: if the kernel is not square.
        """
        height, width, filters, channels = shape
        if height != width:
            raise ValueError(f"a bilinear kernel must be square, got {height}×{width}")
        kernel = np.zeros(shape, "float32")
        each = np.arange(min(filters, channels))
        # An even size is 2·factor, an odd one 2·factor − 1.
        kernel[:, :, each, each] = bilinear_kernel((height + 1) // 2)[:, :, None]
        return ops.convert_to_tensor(kernel, dtype=dtype)

    def get_config(self):
        """No arguments."""
        return {}


def bilinear_upsampling(x, filters, factor, trainable=True, name=None, dtype=None):
    """A transposed convolution that enlarges, bilinear to begin with.

    Args:
        x: (B, H, W, C).
        filters: number of maps; those beyond C start at 0.
        factor: how many times to enlarge.
        trainable: whether it may learn something better.
        name: of the layer.
        dtype: of the layer, by default Keras's.

    Returns:
        (B, factor·H, factor·W, filters). Inside the picture it is bilinear interpolation between the cells'
        centres; at its border, up to half a cell, it fades towards 0.
    """
    return layers.Conv2DTranspose(
        filters,
        len(bilinear_kernel(factor)),
        strides=factor,
        padding="same",
        use_bias=False,
        kernel_initializer=Bilinear(),
        trainable=trainable,
        dtype=dtype,
        name=name,
    )(x)


@keras.saving.register_keras_serializable("cvlib")
class Enlarge(layers.Layer):
    """Bilinear interpolation by a whole factor, also of maps whose size is not known beforehand.

    Cells are areas: the value of a cell stands in its middle, and beyond the border's cells it stays as it
    is (as `UpSampling2D`, which in Keras 3 fails in graph mode where height or width is open).

    Args:
        factor: how many times to enlarge, a positive integer.
        **options: as for any layer.

    Example:
        >>> Enlarge(2)(np.array([0.0, 4.0], "float32").reshape(1, 1, 2, 1))[0, 0, :, 0].numpy()
        array([0., 1., 3., 4.], dtype=float32)
    """

    def __init__(self, factor, **options):
        super().__init__(**options)
        bilinear_kernel(factor)  # refuses what is no factor
        self.factor = factor

    def call(self, x):
        """Enlarge.

        Args:
            x: (B, H, W, C).

        Returns:
            (B, factor·H, factor·W, C).
        """
        if self.factor == 1:
            return x
        if None not in x.shape[1:3]:
            size = tuple(self.factor * side for side in x.shape[1:3])
            return ops.cast(ops.image.resize(x, size, interpolation="bilinear"), x.dtype)
        return self._along(self._along(x, 1), 2)

    def _along(self, x, axis):
        """One axis: each of the `factor` new cells in a cell is a mean of it and a neighbour."""
        count = ops.shape(x)[axis]
        first, last = ops.take(x, [0], axis=axis), ops.take(x, count - 1, axis=axis)
        padded = ops.concatenate([first, x, ops.expand_dims(last, axis)], axis=axis)
        before, behind = (
            (padded[:, :-2], padded[:, 2:]) if axis == 1 else (padded[:, :, :-2], padded[:, :, 2:])
        )
        phases = []
        for number in range(self.factor):
            place = (number + 0.5) / self.factor - 0.5
            neighbour = before if place < 0 else behind
            phases.append((1 - abs(place)) * x + abs(place) * neighbour)
        shape = list(ops.shape(x))
        shape[axis] = shape[axis] * self.factor
        return ops.reshape(ops.stack(phases, axis=axis + 1), shape)

    def compute_output_shape(self, input_shape):
        """(B, factor·H, factor·W, C)."""
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else self.factor * side for side in sides), channels)

    def get_config(self):
        """The arguments, for saving."""
        return {**super().get_config(), "factor": self.factor}
