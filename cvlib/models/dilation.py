"""A pretrained classifier made to look closer: less striding, and dilated kernels that keep what it learnt.

Where a layer of stride 2 is given stride 1, the maps behind it stay twice as large, and every later kernel is
spread by 2, so that each of its taps falls on the map values that it was trained on.

References:
    Chen et al., 2017, Rethinking Atrous Convolution for Semantic Image Segmentation, section 3.2.
    Yu, Koltun and Funkhouser, 2017, Dilated Residual Networks, section 2.
"""

import math

import keras
from keras import layers

_STRIDED = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.MaxPooling2D)


def dilate(model, output_stride, input_shape=(None, None, 3)):
    """A copy of a network, weights and all, whose maps never get smaller than 1/`output_stride`.

    Args:
        model: a functional convolutional network such as those of `keras.applications`, without its
            classifier, built for square images of a power of two, such as 256.
        output_stride: 8, 16 or 32.
        input_shape: (H, W, C) of the copy; H and W may be None.

    Returns:
        A `keras.Model` with the same layers by the same names, and the same weights.

    Raises:
        ValueError: if `output_stride` is not 8, 16 or 32.

    Example:
        >>> base = keras.applications.MobileNetV2((256, 256, 3), 0.35, include_top=False, weights=None)
        >>> base.output_shape, dilate(base, 8, (256, 256, 3)).output_shape
        ((None, 8, 8, 1280), (None, 32, 32, 1280))

    Notes:
        * At the places of the map that the original has, the copy computes the same: for ResNets at
          `[::2, ::2]` for half the stride, for MobileNets at `[1::2, 1::2]` (their strided kernels are
          centred there).
        * Not so Xception: its two unpadded convolutions are padded here, so that maps have an even share of
          the image's size, and its pooling, 3×3 with nothing learnt, is not spread.
    """
    if output_stride not in (8, 16, 32):
        raise ValueError(f"output_stride must be 8, 16 or 32, got {output_stride!r}")
    size = model.input_shape[1]
    padding = {}  # of the layer that follows a zero padding, by the padding's name

    def stride_before(layer):
        return 2 ** round(math.log2(size / layer.input.shape[1]))

    for before, after in zip(model.layers, model.layers[1:]):
        if isinstance(before, layers.ZeroPadding2D):
            padding[before.name] = after

    def copy(layer):
        config = layer.get_config()
        if isinstance(layer, layers.ZeroPadding2D):
            after = padding[layer.name]
            stride = stride_before(layer)
            if stride * after.strides[0] > output_stride:
                # What was 0 before and 1 behind, for stride 2, is centred for stride 1.
                reach = _kernel(after)[0] // 2 * max(1, stride // output_stride)
                config["padding"] = ((reach, reach), (reach, reach))
        elif isinstance(layer, _STRIDED):
            stride = stride_before(layer)
            if layer.strides[0] > 1 and stride * layer.strides[0] > output_stride:
                config["strides"] = (1, 1)
            if stride > output_stride and _kernel(layer)[0] > 1 and "dilation_rate" in config:
                config["dilation_rate"] = (stride // output_stride,) * 2
            if model.name == "xception" and layer.padding == "valid":
                config["padding"] = "same"
        return layer.__class__.from_config(config)

    copied = keras.models.clone_model(model, keras.Input(input_shape), clone_function=copy)
    copied.set_weights(model.get_weights())
    return copied


def _kernel(layer):
    return layer.pool_size if isinstance(layer, layers.MaxPooling2D) else layer.kernel_size
