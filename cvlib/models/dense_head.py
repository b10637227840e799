"""The end that every segmentation network here shares, and the checks of what it is asked for."""

import keras
from keras import layers

from cvlib.models.head import check_classes, check_input_shape
from cvlib.models.upsampling import Enlarge


def pixel_predictions(x, classes, activation, scale=1):
    """A 1×1 convolution named "logits", enlarged bilinearly; in float32 also under mixed precision.

    Args:
        x: features (B, H, W, C).
        classes: number of classes; 1 for a yes/no mask.
        activation: "softmax", "sigmoid" or None for logits.
        scale: how many times to enlarge. Logits are enlarged, not features: it is less to compute.

    Returns:
        (B, scale·H, scale·W, classes).
    """
    x = layers.Conv2D(classes, 1, dtype="float32", name="logits")(x)
    if scale > 1:
        x = Enlarge(scale, dtype="float32", name="upsample")(x)
    return layers.Activation(activation, dtype="float32", name="predictions")(x) if activation else x


def check_segmentation(input_shape, classes, activation, multiple, smallest, channels=None):
    """Refuse what a segmentation network cannot take.

    Args:
        input_shape: as given by the user; height and width may be None for any.
        classes: number of classes.
        activation: "softmax", "sigmoid" or None.
        multiple: what height and width must be a multiple of.
        smallest: least height and width.
        channels: number of channels that is needed; None for any.

    Returns:
        The shape as a tuple (H, W, C).

    Raises:
        ValueError: if an argument is out of its range; for a size, the message has the nearest that do.
    """
    check_classes(classes, activation)
    given = tuple(input_shape) if hasattr(input_shape, "__len__") else (input_shape,)
    # An open side is checked as one that fits: Keras checks the images that come.
    probe = tuple(multiple * smallest if side is None else side for side in given[:2]) + given[2:]
    check_input_shape(probe, smallest, channels)
    for side, number in zip(("height", "width"), probe[:2]):
        if number % multiple:
            below, above = number // multiple * multiple, (number // multiple + 1) * multiple
            fitting = f"{below} or {above}" if below >= smallest else f"{above}"
            raise ValueError(
                f"input_shape must have a {side} that is a multiple of {multiple}, got {number}: "
                f"read or pad the images to {fitting}"
            )
    return given


def freeze_batchnorm(model):
    """Keep the averages that belong to pretrained weights: a few small batches would spoil them.

    Args:
        model: a pretrained network.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
