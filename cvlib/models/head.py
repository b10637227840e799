"""The last layer that every classifier here shares, and the checks of what it is asked for."""

from keras import layers


def predictions(x, classes, activation):
    """A dense layer named "predictions", in float32 also under mixed precision.

    Args:
        x: features (B, D).
        classes: number of outputs.
        activation: "softmax", "sigmoid" or None.

    Returns:
        (B, classes).
    """
    return layers.Dense(classes, activation=activation, dtype="float32", name="predictions")(x)


def check_classes(classes, activation):
    """Refuse a number of classes that the activation cannot mean.

    Args:
        classes: as given by the user.
        activation: "softmax", "sigmoid" or None.

    Raises:
        ValueError: if `classes` is not a positive integer, or is 1 with softmax.
    """
    if activation not in ("softmax", "sigmoid", None):
        raise ValueError(
            f'classifier_activation must be "softmax", "sigmoid" or None (logits), got {activation!r}'
        )
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 1:
        raise ValueError(f"classes must be a positive integer, got {classes!r}")
    if classes == 1 and activation == "softmax":
        raise ValueError(
            "classes must be at least 2, got 1 (for a yes/no task pass classes=2, "
            'or classes=1 with classifier_activation="sigmoid")'
        )


def check_input_shape(input_shape, smallest, channels=None):
    """Refuse an image shape that the network cannot take.

    Args:
        input_shape: as given by the user.
        smallest: least height and width.
        channels: number of channels that is needed; None for any.

    Returns:
        The shape as a tuple (H, W, C) of int.

    Raises:
        ValueError: if it is not (H, W, C), is too small, or has other channels.
    """
    shape = tuple(input_shape) if hasattr(input_shape, "__len__") else (input_shape,)
    if len(shape) != 3 or any(not isinstance(side, int) or side < 1 for side in shape):
        raise ValueError(
            f"input_shape must be (height, width, channels) in pixels, such as (96, 96, 3), got {input_shape}"
        )
    if min(shape[:2]) < smallest:
        raise ValueError(
            f"input_shape must be at least {smallest}×{smallest} pixels for this network, "
            f"got {shape[0]}×{shape[1]}: enlarge the images when you read them"
        )
    if channels is not None and shape[2] != channels:
        raise ValueError(
            f"input_shape must have {channels} channels (RGB) for a pretrained network, got {shape[2]}: "
            "repeat a grey image three times"
        )
    return shape
