"""Networks on a pretrained backbone: the classifier that it is, and a new classifier on top of it.

References:
    Yosinski et al., 2014, How transferable are features in deep neural networks?
"""

import keras
from keras import layers

from cvlib.models import backbones, weights
from cvlib.models.guard import watch
from cvlib.models.head import check_classes, predictions


def pretrained(backbone="MobileNetV2", alpha=None, weights="imagenet"):
    """The first way: a network with its own thousand ImageNet classes, as it is.

    Args:
        backbone: name of a network in `keras.applications`.
        alpha: width of a MobileNet; by default 0.35 for MobileNetV2 and 1.0 for the others.
        weights: "imagenet", "auto" or None, as for `classifier`.

    Returns:
        A `keras.Model` from images (B, H, W, 3) RGB in [0, 255], in the backbone's own size, to probabilities
        (B, 1000); `decode` names them. `model.weights_source` is "imagenet" or "random".

    Raises:
        ValueError: if an argument is not known.
        WeightsUnavailableError: if `weights="imagenet"` and they cannot be had.

    Example:
        >>> model = pretrained("MobileNetV2", weights=None)
        >>> model.output_shape
        (None, 1000)
    """
    base, source = backbones.build(backbone, None, alpha, weights, include_top=True)
    images = keras.Input(base.input_shape[1:], name="images")
    x = backbones.preprocess(images, backbones.find(backbone).preprocessing)
    model = keras.Model(images, base(x, training=False), name=f"{backbone.lower()}_imagenet")
    model.weights_source = source
    return watch(model)


def decode(probabilities, top=5):
    """The names of ImageNet's classes, most probable first.

    Args:
        probabilities: array (B, 1000).
        top: how many names an image.

    Returns:
        A list, one entry an image, of lists of (name, probability).

    Raises:
        ValueError: if `probabilities` is not (B, 1000).
        WeightsUnavailableError: if the list of names is neither in Keras's cache nor within reach.
    """
    probabilities = keras.ops.convert_to_numpy(probabilities)
    if probabilities.ndim != 2 or probabilities.shape[1] != 1000:
        raise ValueError(
            f"probabilities must be (B, 1000), one column an ImageNet class, got {probabilities.shape}: "
            "only a network from transfer.pretrained has these classes"
        )
    weights.provide("imagenet_class_index.json", "download.tensorflow.org/data/imagenet_class_index.json")
    named = keras.applications.imagenet_utils.decode_predictions(probabilities, top=top)
    return [[(name, float(value)) for _, name, value in image] for image in named]


def classifier(
    backbone="MobileNetV2",
    classes=2,
    input_shape=(96, 96, 3),
    alpha=None,
    weights="imagenet",
    pooling="avg",
    dropout=0.0,
    frozen=1.0,
    classifier_activation="softmax",
    name=None,
):
    """A new linear classifier on a pretrained network.

    Args:
        backbone: name of a network in `keras.applications`.
        classes: number of classes; 1 for a yes/no output with `classifier_activation="sigmoid"`.
        input_shape: (H, W, 3) of the images.
        alpha: width of a MobileNet; by default 0.35 for MobileNetV2 and 1.0 for the others.
        weights: "imagenet" (an error where they cannot be had), "auto" (ImageNet where it can be had, else
            random with a printed sentence) or None (random).
        pooling: "avg", "max", or "avg_max" for both side by side.
        dropout: share of the features dropped in training, in [0, 1).
        frozen: share of the backbone's layers that stands still, in [0, 1], counted from the images; see
            `cvlib.models.transfer.freeze`.
        classifier_activation: "softmax", "sigmoid", or None for logits.
        name: of the model.

    Returns:
        A `keras.Model`, not compiled, from images (B, H, W, 3) RGB in [0, 255] to (B, classes): "images",
        "preprocessing", the backbone as one layer, "pool", "predictions". `model.weights_source` is
        "imagenet" or "random". Images that were rescaled already are refused.

    Raises:
        ValueError: if an argument is not known or out of its range.
        WeightsUnavailableError: if `weights="imagenet"` and they cannot be had.

    Example:
        >>> model = classifier("MobileNetV2", classes=2, weights=None)
        >>> model.count_params()
        412770

    Notes:
        A pretrained backbone's BatchNorm layers are frozen and stay so: their averages belong to the weights
        that were learnt with them, and a few small batches would spoil them. Random weights have no such
        averages yet: there BatchNorm learns as soon as anything in the backbone does.
    """
    from cvlib.models.transfer.freezing import check_share, freeze

    check_classes(classes, classifier_activation)
    check_share(frozen)
    if pooling not in ("avg", "max", "avg_max"):
        raise ValueError(f'pooling must be "avg", "max" or "avg_max", got {pooling!r}')
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), got {dropout}")
    base, source = backbones.build(backbone, input_shape, alpha, weights)
    images = keras.Input(base.input_shape[1:], name="images")
    x = backbones.preprocess(images, backbones.find(backbone).preprocessing)
    # Dropout inside a pretrained backbone stays off, so that its features do not change from step to step.
    x = base(x, training=False) if source == "imagenet" else base(x)
    x = pool(x, pooling)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    outputs = predictions(x, classes, classifier_activation)
    model = watch(keras.Model(images, outputs, name=name or f"{backbone.lower()}_classifier"))
    model.weights_source = source
    freeze(model, frozen)
    return model


def pool(x, pooling):
    """From feature maps to one vector an image, in a layer named "pool".

    Args:
        x: (B, H, W, C).
        pooling: "avg", "max" or "avg_max".

    Returns:
        (B, C), or (B, 2 C) for "avg_max".
    """
    if pooling == "avg":
        return layers.GlobalAveragePooling2D(name="pool")(x)
    if pooling == "max":
        return layers.GlobalMaxPooling2D(name="pool")(x)
    both = [layers.GlobalAveragePooling2D(name="pool_avg")(x), layers.GlobalMaxPooling2D(name="pool_max")(x)]
    return layers.Concatenate(name="pool")(both)


def backbone_of(model):
    """The pretrained network inside a classifier.

    Args:
        model: from `classifier`, or any `keras.Model` with a network as one of its layers.

    Returns:
        The nested `keras.Model`.

    Raises:
        ValueError: if there is none, or more than one.
    """
    nested = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if len(nested) != 1:
        raise ValueError(
            f"model must have one pretrained network among its layers, {model.name} has {len(nested)}: "
            "build it with cvlib.models.transfer.classifier"
        )
    return nested[0]
