"""What a convolution looks for (its filters) and what it finds (its feature maps)."""

import keras
import numpy as np

from cvlib.explain.forward import Reader, built
from cvlib.explain.layers import all_layers, described, find_layer, has_convolution


def filters(model, layer=None):
    """The kernels of a convolution.

    Args:
        model: any `keras.Model` that has been built.
        layer: a convolution or its name, at any depth; by default the first.

    Returns:
        float32 array (height, width, channels in, filters).

    Raises:
        ValueError: if there is no such layer, or it is no convolution.
    """
    if layer is None:
        convolutions = [each for each in all_layers(model) if not each._layers and has_convolution(each)]
        if not convolutions:
            raise ValueError(
                f"the model {model.name!r} has no convolution; it has {described(all_layers(model))} "
                "(a model that has never been called has no weights yet: call it on an image first)"
            )
        layer = convolutions[0]
    layer = find_layer(model, layer)
    kernels = [weight for weight in layer.weights if len(weight.shape) == 4]
    if not kernels or layer._layers:
        kind = type(layer).__name__
        raise ValueError(f"layer must be a convolution, got {layer.name!r} ({kind}), which has no kernel")
    return keras.ops.convert_to_numpy(kernels[0]).astype("float32")


def feature_maps(model, images, layer):
    """What a layer puts out.

    Args:
        model: any `keras.Model`: flat, nested, Sequential, subclassed.
        images: array (B, H, W, C) as the model takes them.
        layer: a layer or its name, at any depth; or a list of them, read in one pass.

    Returns:
        float32 array (B, h, w, channels) for a layer with maps; a list of arrays for a list of layers.

    Raises:
        ValueError: if there is no such layer, or the images do not fit the model.

    Example:
        >>> model = keras.applications.MobileNetV2((64, 64, 3), 0.35, weights=None, classes=10)
        >>> early, late = feature_maps(model, np.zeros((2, 64, 64, 3)), ["Conv1", "out_relu"])
        >>> early.shape, late.shape
        ((2, 32, 32, 16), (2, 2, 2, 1280))
    """
    several = isinstance(layer, (list, tuple))
    images = np.asarray(images)
    if images.ndim == 4 and len(images):
        built(model, images)
    values = Reader(model, layer if several else [layer])(images)
    return values if several else values[0]
