"""SmallCNN: the small convolutional network that the lessons build block by block.

References:
    Ioffe and Szegedy, 2015, Batch Normalization.
    Lin, Chen and Yan, 2014, Network in Network, section 3.2 (global average pooling instead of dense layers).
"""

import keras
from keras import layers

from cvlib.models.guard import watch
from cvlib.models.head import check_classes, check_input_shape, predictions


def conv_block(x, filters, name):
    """3×3 convolution, batch normalisation, ReLU, and 2×2 max pooling, which halves height and width.

    Args:
        x: (B, H, W, C).
        filters: number of feature maps.
        name: prefix of the layers' names.

    Returns:
        (B, H // 2, W // 2, filters).
    """
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    x = layers.ReLU(name=f"{name}_relu")(x)
    return layers.MaxPooling2D(2, name=f"{name}_pool")(x)


def SmallCNN(
    input_shape=(96, 96, 3),
    classes=2,
    filters=(16, 32, 64),
    classifier_activation="softmax",
    name="small_cnn",
):
    """Build a small convolutional classifier: one block per entry of `filters`, then a linear classifier.

    Args:
        input_shape: (H, W, C) of the images; each block halves H and W.
        classes: number of classes; 1 for a yes/no output with `classifier_activation="sigmoid"`.
        filters: number of feature maps of each block.
        classifier_activation: "softmax", "sigmoid", or None for logits.
        name: of the model.

    Returns:
        A `keras.Model` from images (B, H, W, C) in [0, 255] to (B, classes). It rescales inside, and refuses
        images that were rescaled already.

    Raises:
        ValueError: if an argument is out of its range, or the images are too small for the blocks.

    Example:
        >>> model = SmallCNN(input_shape=(32, 32, 3), classes=2)
        >>> model.count_params()
        24050

    Notes:
        Batch normalisation's momentum is 0.9, not Keras' 0.99: the moving averages must settle within the
        hundred steps that a lesson trains for.
    """
    input_shape = check_input_shape(input_shape, smallest=2 ** len(filters))
    check_classes(classes, classifier_activation)
    if not filters or any(int(count) != count or count < 1 for count in filters):
        raise ValueError(f"filters must be one positive integer a block, such as (16, 32, 64), got {filters}")

    images = keras.Input(input_shape, name="images")
    x = layers.Rescaling(1 / 255, name="rescaling")(images)
    for number, count in enumerate(filters, start=1):
        x = conv_block(x, count, name=f"block{number}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return watch(keras.Model(images, predictions(x, classes, classifier_activation), name=name))
