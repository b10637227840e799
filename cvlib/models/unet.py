"""U-Net: down by pooling, up by transposed convolution, and every level handed across.

References:
    Ronneberger, Fischer and Brox, 2015, U-Net: Convolutional Networks for Biomedical Image Segmentation.
"""

import keras
from keras import layers

from cvlib.models import backbones
from cvlib.models.dense_head import check_segmentation, freeze_batchnorm, pixel_predictions
from cvlib.models.guard import watch
from cvlib.models.head import check_classes, check_input_shape

#: Where a pretrained encoder hands maps across, from the finest: layers and the strides they have.
SKIPS = {
    "MobileNetV2": {
        2: "block_1_expand_relu",
        4: "block_3_expand_relu",
        8: "block_6_expand_relu",
        16: "block_13_expand_relu",
        32: "block_16_project_BN",
    },
    "ResNet50": {
        2: "conv1_relu",
        4: "conv2_block3_out",
        8: "conv3_block4_out",
        16: "conv4_block6_out",
        32: "conv5_block3_out",
    },
    "VGG16": {
        1: "block1_conv2",
        2: "block2_conv2",
        4: "block3_conv3",
        8: "block4_conv3",
        16: "block5_conv3",
    },
}


def UNet(
    input_shape=(256, 256, 3),
    classes=2,
    filters=None,
    padding="same",
    batch_norm=False,
    dropout=0.0,
    backbone=None,
    alpha=None,
    weights="imagenet",
    classifier_activation="softmax",
    name="unet",
):
    """Build a U-Net, as published, as usual, or on a pretrained encoder.

    Args:
        input_shape: (H, W, C) of the images. With `padding="same"` multiples of 2 to the number of levels,
            such as 16 for five widths; with "valid" what `valid_sizes` lists. H and W may be None with
            "same".
        classes: number of classes; 1 for a yes/no mask with `classifier_activation="sigmoid"`.
        filters: number of maps of each level, from the image down, by default (64, 128, 256, 512, 1024); with
            a backbone that of the decoder's levels, from the image down, by default (16, 32, 64, 128, 256)
            (the last one is left out with VGG16).
        padding: "same", where the mask is as large as the image; or "valid" as published, where it is smaller
            by a border, as each pixel is decided with all that is around it.
        batch_norm: batch normalisation after each convolution, which the paper has not.
        dropout: at the end of the way down, in [0, 1); the paper has it (by how much it does not say).
        backbone: None, or the encoder: "MobileNetV2", "ResNet50" or "VGG16" (with "same" only).
        alpha: width of MobileNetV2, by default 0.35.
        weights: of the backbone: "imagenet" (an error where they cannot be had), "auto" (ImageNet where it
            can be had, else random with a printed sentence) or None (random).
        classifier_activation: "softmax", "sigmoid", or None for logits.
        name: of the model.

    Returns:
        A `keras.Model`, not compiled, from images (B, H, W, C) in [0, 255] to (B, H, W, classes), smaller
        with "valid". `model.weights_source` is "imagenet" or "random". Images that were rescaled already are
        refused.

    Raises:
        ValueError: if an argument is out of its range; for a size, the message has the nearest that do.
        WeightsUnavailableError: if `weights="imagenet"` and they cannot be had.

    Example:
        >>> UNet((572, 572, 1), classes=2, padding="valid").output_shape
        (None, 388, 388, 2)
        >>> UNet((64, 64, 1), classes=2, filters=(8, 16, 32)).count_params()
        29330

    Notes:
        Images are rescaled to [0, 1], or to what the backbone was trained on. A pretrained backbone's
        BatchNorm layers are frozen, as in `cvlib.models.transfer`.
    """
    if padding not in ("same", "valid"):
        raise ValueError(f'padding must be "same" or "valid", got {padding!r}')
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), got {dropout}")
    if backbone is not None and backbone not in SKIPS:
        raise ValueError(f"backbone must be None or one of {', '.join(sorted(SKIPS))}, got {backbone!r}")
    if backbone is not None and padding == "valid":
        raise ValueError('padding must be "same" with a backbone, whose own convolutions are padded')
    filters = _checked_filters(filters, backbone)
    ups = len(filters) - (backbone is None)
    smallest = 2**ups if backbone is None else 32
    if padding == "valid":
        input_shape = _check_valid(input_shape, classes, classifier_activation, ups)
    else:
        channels = None if backbone is None else 3
        input_shape = check_segmentation(
            input_shape, classes, classifier_activation, 2**ups, smallest, channels
        )

    def double_conv(x, count, name):
        for number in (1, 2):
            x = layers.Conv2D(
                count,
                3,
                padding=padding,
                use_bias=not batch_norm,
                kernel_initializer="he_normal",
                name=f"{name}_conv{number}",
            )(x)
            if batch_norm:
                x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn{number}")(x)
            x = layers.ReLU(name=f"{name}_relu{number}")(x)
        return x

    images = keras.Input(input_shape, name="images")
    if backbone is None:
        source = "random"
        x = layers.Rescaling(1 / 255, name="rescaling")(images)
        skips = []
        for level, count in enumerate(filters[:-1], start=1):
            skips.append(double_conv(x, count, f"down{level}"))
            x = layers.MaxPooling2D(2, name=f"down{level}_pool")(skips[-1])
        x = double_conv(x, filters[-1], "bottom")
        ways = list(zip(filters[:-1], skips))
    else:
        encoder, source = _encoder(backbone, input_shape, alpha, weights, ups)
        *skips, x = encoder(backbones.preprocess(images, backbones.find(backbone).preprocessing))
        ways = list(zip(filters[:ups], [None] * (ups - len(skips)) + skips))
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)

    for level, (count, skip) in reversed(list(enumerate(ways, start=1))):
        x = layers.Conv2DTranspose(count, 2, strides=2, name=f"up{level}_transposed")(x)
        if skip is not None:
            if padding == "valid":
                border = (skip.shape[1] - x.shape[1]) // 2, (skip.shape[2] - x.shape[2]) // 2
                skip = layers.Cropping2D(border, name=f"up{level}_crop")(skip)
            x = layers.Concatenate(name=f"up{level}_concat")([skip, x])
        x = double_conv(x, count, f"up{level}")
    model = watch(keras.Model(images, pixel_predictions(x, classes, classifier_activation), name=name))
    model.weights_source = source
    return model


def valid_sizes(levels=4, up_to=1024):
    """The image sizes that a U-Net with valid convolutions can take, and what it gives.

    Args:
        levels: how many times it halves, one fewer than it has widths.
        up_to: the largest size of interest.

    Returns:
        A dict from the image's size to the mask's. With d levels these are 2ᵈ·n + 4·(2ᵈ − 1) and
        2ᵈ·(n − 4) − 4·(2ᵈ − 1), for every n that leaves something.

    Example:
        >>> valid_sizes(4)[572]
        388
    """
    share, border = 2**levels, 4 * (2**levels - 1)
    sizes = range(share + border, up_to + 1, share)
    pairs = {size: (size - border) - 4 * share - border for size in sizes}
    return {size: mask for size, mask in pairs.items() if mask > 0}


def _check_valid(input_shape, classes, activation, levels):
    check_classes(classes, activation)
    shape = check_input_shape(input_shape, 1)
    known = list(valid_sizes(levels, max(shape[:2]) + 16 * 2**levels + 1024))
    for side, size in zip(("height", "width"), shape[:2]):
        if size not in known:
            near = [str(each) for each in sorted(known, key=lambda each: abs(each - size))[:2]]
            raise ValueError(
                f"input_shape must have a {side} that halves {levels} times between valid convolutions, got "
                f"{size}: read or pad the images to {' or '.join(near)} (cvlib.models.unet.valid_sizes lists "
                'them), or pass padding="same"'
            )
    return shape


def _checked_filters(filters, backbone):
    if filters is None:
        if backbone is None:
            return (64, 128, 256, 512, 1024)
        return (16, 32, 64, 128) if backbone == "VGG16" else (16, 32, 64, 128, 256)
    filters = tuple(filters) if hasattr(filters, "__len__") else (filters,)
    if len(filters) < 2 or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in filters):
        raise ValueError(
            "filters must be a positive integer a level, two levels at least, such as (16, 32, 64), "
            f"got {filters}"
        )
    levels = 4 if backbone == "VGG16" else 5
    if backbone is not None and len(filters) > levels:
        raise ValueError(f"filters must be at most {levels} for {backbone}, got {len(filters)}: {filters}")
    return filters


def _encoder(name, input_shape, alpha, weights, ups):
    """A pretrained network with the maps of each stride below 2**ups for outputs, the deepest last."""
    base, source = backbones.build(name, (256, 256, 3), alpha, weights)
    outputs = [base.get_layer(layer).output for stride, layer in SKIPS[name].items() if stride <= 2**ups]
    truncated = keras.Model(base.input, outputs)
    encoder = keras.models.clone_model(truncated, keras.Input(input_shape))
    encoder.set_weights(truncated.get_weights())
    encoder.name = "backbone"
    if source == "imagenet":
        freeze_batchnorm(encoder)
    return encoder, source
