"""FCN-32s, FCN-16s and FCN-8s: VGG16 as convolutions only, enlarged in one, two or three steps.

References:
    Long, Shelhamer and Darrell, 2015, Fully Convolutional Networks for Semantic Segmentation, sections 3, 4.
"""

import keras
from keras import layers

from cvlib.models import backbones
from cvlib.models.dense_head import check_segmentation
from cvlib.models.guard import watch
from cvlib.models.upsampling import bilinear_upsampling


def FCN(
    input_shape=(224, 224, 3),
    classes=21,
    stride=8,
    head_filters=4096,
    dropout=0.5,
    weights="imagenet",
    classifier_activation="softmax",
    name=None,
):
    """Build FCN-32s, FCN-16s or FCN-8s on VGG16.

    Args:
        input_shape: (H, W, 3) of the images, multiples of 32; (None, None, 3) for any such size.
        classes: number of classes; 1 for a yes/no mask with `classifier_activation="sigmoid"`.
        stride: of the last enlargement: 32, or 16 with the scores of pool4 added, or 8 with those of pool3
            too.
        head_filters: width of the two layers that were VGG16's dense ones, 4096 in the paper.
        dropout: after each of them.
        weights: of VGG16: "imagenet" (an error where they cannot be had), "auto" (ImageNet where it can be
            had, else random with a printed sentence) or None (random). With 4096 head filters the two dense
            layers' weights come along, as in the paper.
        classifier_activation: "softmax", "sigmoid", or None for logits.
        name: of the model, by default "fcn_8s" and so on.

    Returns:
        A `keras.Model`, not compiled, from images (B, H, W, 3) RGB in [0, 255] to (B, H, W, classes).
        `model.weights_source` is "imagenet" or "random". Images that were rescaled already are refused.

    Raises:
        ValueError: if an argument is out of its range.
        WeightsUnavailableError: if `weights="imagenet"` and they cannot be had.

    Example:
        >>> model = FCN((64, 64, 3), classes=3, stride=16, head_filters=8, weights=None)
        >>> model.output_shape
        (None, 64, 64, 3)

    Notes:
        The paper pads the image by 100 pixels and crops the scores into place; here the 7×7 of fc6 is padded
        by 3 cells, so that all maps fall on each other. As in the paper scores start at 0, the enlargement
        between the streams is learnt from a bilinear start, and the last one stays bilinear.
    """
    input_shape = check_segmentation(input_shape, classes, classifier_activation, 32, 32, channels=3)
    if stride not in (8, 16, 32):
        raise ValueError(f"stride must be 32 (FCN-32s), 16 (FCN-16s) or 8 (FCN-8s), got {stride!r}")
    if isinstance(head_filters, bool) or not isinstance(head_filters, int) or head_filters < 1:
        raise ValueError(f"head_filters must be a positive integer, got {head_filters!r}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), got {dropout}")

    with_head = head_filters == 4096 and weights is not None
    vgg, source = backbones.build("VGG16", (224, 224, 3), None, weights, include_top=with_head)
    streams = [vgg.get_layer(f"block{block}_pool").output for block in (3, 4, 5)]
    convolutions = keras.Model(vgg.input, streams, name="vgg16")
    base = keras.models.clone_model(convolutions, keras.Input(input_shape))
    base.set_weights(convolutions.get_weights())

    images = keras.Input(input_shape, name="images")
    pool3, pool4, pool5 = base(backbones.preprocess(images, "caffe"))
    x = pool5
    for fc, size in (("fc6", 7), ("fc7", 1)):
        x = layers.Conv2D(head_filters, size, padding="same", activation="relu", name=fc)(x)
        x = layers.Dropout(dropout, name=f"{fc}_dropout")(x)
    x = _scores(x, classes, "score_fc7")
    for pool, name_of_pool, level in ((pool4, "pool4", 16), (pool3, "pool3", 8)):
        if stride <= level:
            x = bilinear_upsampling(x, classes, 2, name=f"upscore_{level}s")
            x = layers.Add(name=f"fuse_{level}s")([x, _scores(pool, classes, f"score_{name_of_pool}")])
    x = bilinear_upsampling(x, classes, stride, trainable=False, dtype="float32", name="logits")
    if classifier_activation:
        x = layers.Activation(classifier_activation, dtype="float32", name="predictions")(x)

    model = watch(keras.Model(images, x, name=name or f"fcn_{stride}s"))
    model.weights_source = source
    if with_head and source == "imagenet":
        for fc, dense in (("fc6", "fc1"), ("fc7", "fc2")):
            kernel, bias = vgg.get_layer(dense).get_weights()
            layer = model.get_layer(fc)
            layer.set_weights([kernel.reshape(layer.kernel.shape), bias])
    return model


def _scores(x, classes, name):
    return layers.Conv2D(classes, 1, kernel_initializer="zeros", name=name)(x)
