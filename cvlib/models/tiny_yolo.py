"""TinyYOLO: YOLO's heads on a network that a laptop can train.

References:
    Redmon & Farhadi, 2018, YOLOv3: An Incremental Improvement (heads, anchors).
    Lin et al., 2017, Feature Pyramid Networks for Object Detection, section 3 (the way back up).
    Lin et al., 2017, Focal Loss for Dense Object Detection, section 4.1 (how the objectness starts).
"""

import math

import keras
from keras import layers

from cvlib.models import backbones
from cvlib.models.dense_head import check_segmentation, freeze_batchnorm
from cvlib.models.guard import watch
from cvlib.models.yolov3 import yolo_logits_layer

#: Where MobileNetV2 hands its maps over, by stride.
TAPS = {8: "block_6_expand_relu", 16: "block_13_expand_relu", 32: "block_16_project_BN"}

#: How sure a network is of an object before it has learnt anything: most cells have none.
PRIOR = 0.01


def TinyYOLO(
    input_shape=(224, 224, 3),
    classes=1,
    anchors_per_scale=3,
    strides=(32, 16),
    backbone="MobileNetV2",
    alpha=None,
    weights="imagenet",
    filters=64,
    widths=(16, 32, 64, 128, 128),
    train_batchnorm=False,
    name="tiny_yolo",
):
    """Build a small one-stage detector: MobileNetV2, or plain convolutions from scratch, with YOLO's heads.

    Args:
        input_shape: (H, W, 3) of the images, multiples of 32 (from scratch, of 2 to the number of `widths`).
        classes: number of classes.
        anchors_per_scale: how many boxes a cell gives; or one number for each scale.
        strides: of the grids, falling, one to three of 32, 16 and 8. The network's deepest maps have a part
            in all of them.
        backbone: "MobileNetV2", or None for a small net from scratch.
        alpha: width of MobileNetV2, by default 0.35.
        weights: of the backbone: "imagenet" (an error where they cannot be had), "auto" (ImageNet where it
            can be had, else random with a printed sentence) or None (random).
        filters: number of maps of the heads.
        widths: from scratch: number of maps after each halving; the deepest gives the largest stride.
        train_batchnorm: whether batch normalisation of pretrained weights learns too; by default its averages
            stay as they were.
        name: of the model.

    Returns:
        A `keras.Model`, not compiled, from images (B, H, W, 3) in [0, 255] to a map of logits
        (B, H/stride, W/stride, A·(5 + classes)) for each stride. `model.weights_source` is "imagenet" or
        "random". Images that were rescaled already are refused.

    Raises:
        ValueError: if an argument is out of its range.
        WeightsUnavailableError: if `weights="imagenet"` and they cannot be had.

    Example:
        >>> model = TinyYOLO((96, 128, 3), classes=2, strides=(16,), backbone=None, widths=(8, 16, 32, 32))
        >>> model.output_shape, model.count_params()
        ((None, 6, 8, 21), 114509)
    """
    if backbone not in ("MobileNetV2", None):
        raise ValueError(f'backbone must be "MobileNetV2" or None (from scratch), got {backbone!r}')
    deepest = 2 ** len(widths) if backbone is None else 32
    strides = tuple(strides) if hasattr(strides, "__len__") else (strides,)
    possible = [stride for stride in (32, 16, 8) if stride <= deepest]
    if not strides or any(s not in possible for s in strides) or list(strides) != sorted(set(strides))[::-1]:
        raise ValueError(f"strides must be one or more of {possible}, falling, got {strides}")
    counts = tuple(anchors_per_scale) if hasattr(anchors_per_scale, "__len__") else None
    counts = counts or (anchors_per_scale,) * len(strides)
    if len(counts) != len(strides) or any(
        isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in counts
    ):
        raise ValueError(
            f"anchors_per_scale must be a positive integer, or {len(strides)} for strides={strides}, "
            f"got {anchors_per_scale!r}"
        )
    input_shape = check_segmentation(input_shape, classes, None, deepest, max(32, deepest), channels=3)

    images = keras.Input(input_shape, name="images")
    needed = [stride for stride in (8, 16, 32) if min(strides) <= stride <= deepest]
    if backbone is None:
        source = "random"
        maps = _plain(layers.Rescaling(1 / 255, name="rescaling")(images), widths)
        maps = [maps[stride] for stride in needed]
    else:
        base, source = backbones.build(backbone, (224, 224, 3), alpha, weights)
        truncated = keras.Model(base.input, [base.get_layer(TAPS[stride]).output for stride in needed])
        encoder = keras.models.clone_model(truncated, keras.Input(input_shape))
        encoder.set_weights(truncated.get_weights())
        encoder.name = "backbone"
        if source == "imagenet" and not train_batchnorm:
            freeze_batchnorm(encoder)
        maps = encoder(backbones.preprocess(images, backbones.find(backbone).preprocessing))
        maps = list(maps) if isinstance(maps, (list, tuple)) else [maps]

    outputs, x = [], None
    for stride in reversed(needed):
        here = f"stride{stride}"
        lateral = _conv(maps.pop(), filters, 1, f"{here}_lateral")
        if x is not None:
            x = layers.UpSampling2D(2, name=f"{here}_up")(x)
            lateral = layers.Add(name=f"{here}_add")([x, lateral])
        x = _conv(lateral, filters, 3, f"{here}_mix")
        if stride in strides:
            boxes = counts[strides.index(stride)]
            y = _conv(x, filters, 3, f"{here}_head")
            outputs.append(yolo_logits_layer(y, boxes * (5 + classes), stride))
    model = keras.Model(images, outputs if len(outputs) > 1 else outputs[0], name=name)
    for stride, boxes in zip(strides, counts):
        bias = model.get_layer(f"logits_stride{stride}").bias
        start = keras.ops.convert_to_numpy(bias).reshape(boxes, 5 + classes).copy()
        start[:, 4] = math.log(PRIOR / (1 - PRIOR))
        bias.assign(start.reshape(-1))
    model.weights_source = source
    return watch(model)


def _conv(x, filters, kernel_size, name, strides=1):
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        use_bias=False,
        padding="same",
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _plain(x, widths):
    """A convolution that halves for each width, and one more after all but the first: maps by stride."""
    maps = {}
    for number, width in enumerate(widths, start=1):
        x = _conv(x, width, 3, f"block{number}_down", strides=2)
        if number > 1:  # the first has the most pixels, and the least to say
            x = _conv(x, width, 3, f"block{number}_mix")
        maps[2**number] = x
    return maps
