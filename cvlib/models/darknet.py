"""Darknet-53: 52 convolutions in residual blocks and a classifier; the backbone of YOLOv3.

References:
    Redmon & Farhadi, 2018, YOLOv3: An Incremental Improvement, section 2.4 and table 1.
"""

import keras
from keras import layers

from cvlib.models.guard import watch
from cvlib.models.head import check_classes, check_input_shape, predictions

#: Of each stage: number of maps and of residual blocks.
STAGES = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))


def conv_bn_leaky(x, filters, kernel_size, strides=1, name=None):
    """Convolution without bias, batch normalisation, leaky ReLU of slope 0.1.

    Args:
        x: (B, H, W, C).
        filters: number of maps.
        kernel_size: 1 or 3.
        strides: 1, or 2 to halve height and width.
        name: prefix of the layers' names.

    Returns:
        (B, H / strides, W / strides, filters).

    Notes:
        With stride 2 the border is put above and left, as in darknet; Keras's "same" puts it below and right.
    """
    if strides > 1:
        x = layers.ZeroPadding2D(((1, 0), (1, 0)), name=f"{name}_pad")(x)
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)
    return layers.LeakyReLU(negative_slope=0.1, name=f"{name}_leaky")(x)


def darknet_stage(x, filters, blocks, name):
    """A convolution that halves height and width, then residual blocks: 1×1 to half the maps, 3×3 back.

    Args:
        x: (B, H, W, C).
        filters: number of maps.
        blocks: how many residual blocks.
        name: prefix of the layers' names.

    Returns:
        (B, H / 2, W / 2, filters).
    """
    x = conv_bn_leaky(x, filters, 3, strides=2, name=f"{name}_down")
    for number in range(1, blocks + 1):
        y = conv_bn_leaky(x, filters // 2, 1, name=f"{name}_block{number}_1")
        y = conv_bn_leaky(y, filters, 3, name=f"{name}_block{number}_2")
        x = layers.Add(name=f"{name}_block{number}_add")([x, y])
    return x


def darknet53_features(x):
    """The maps of Darknet-53 with strides 8, 16 and 32.

    Args:
        x: images (B, H, W, 3) in [0, 1].

    Returns:
        (B, H/8, W/8, 256), (B, H/16, W/16, 512), (B, H/32, W/32, 1024).
    """
    x = conv_bn_leaky(x, 32, 3, name="stem")
    maps = []
    for number, (filters, blocks) in enumerate(STAGES, start=1):
        x = darknet_stage(x, filters, blocks, name=f"stage{number}")
        maps.append(x)
    return maps[2:]


def Darknet53(input_shape=(256, 256, 3), classes=1000, classifier_activation="softmax", name="darknet53"):
    """Build Darknet-53 as a classifier.

    Args:
        input_shape: (H, W, C) of the images, at least 32 × 32.
        classes: number of classes; 1 for a yes/no output with `classifier_activation="sigmoid"`.
        classifier_activation: "softmax", "sigmoid", or None for logits.
        name: of the model.

    Returns:
        A `keras.Model`, not compiled, from images (B, H, W, C) in [0, 255] to (B, classes). Images that were
        rescaled already are refused.

    Raises:
        ValueError: if an argument is out of its range.

    Example:
        >>> Darknet53((64, 64, 3), classes=10).output_shape
        (None, 10)
    """
    input_shape = check_input_shape(input_shape, smallest=32)
    check_classes(classes, classifier_activation)
    images = keras.Input(input_shape, name="images")
    x = darknet53_features(layers.Rescaling(1 / 255, name="rescaling")(images))[-1]
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return watch(keras.Model(images, predictions(x, classes, classifier_activation), name=name))
