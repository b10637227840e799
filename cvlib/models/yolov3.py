"""YOLOv3: one look, three grids, nine anchors.

References:
    Redmon & Farhadi, 2018, YOLOv3: An Incremental Improvement, sections 2.1 to 2.4.
"""

import keras
from keras import layers

from cvlib.models.darknet import conv_bn_leaky, darknet53_features
from cvlib.models.dense_head import check_segmentation
from cvlib.models.guard import watch

#: The paper's nine anchors of COCO at 416 × 416, width and height in pixels: those of each scale.
ANCHORS = (
    ((116, 90), (156, 198), (373, 326)),
    ((30, 61), (62, 45), (59, 119)),
    ((10, 13), (16, 30), (33, 23)),
)

#: Of each scale, the coarsest first.
STRIDES = (32, 16, 8)


def YOLOv3(input_shape=(416, 416, 3), classes=80, anchors_per_scale=3, name="yolov3"):
    """Build YOLOv3 as published: Darknet-53, and a head at each of three scales.

    Args:
        input_shape: (H, W, 3) of the images: any multiples of 32 from 32 × 32, also None for a network that
            takes them all. The paper has 320, 416 and 608.
        classes: number of classes.
        anchors_per_scale: how many boxes a cell gives.
        name: of the model.

    Returns:
        A `keras.Model`, not compiled, from images (B, H, W, 3) in [0, 255] to three maps of logits
        (B, H/32, W/32, A·(5 + classes)), then H/16, then H/8. `cvlib.boxes.yolo_decode` makes boxes of them,
        `cvlib.losses.yolo_loss` a loss, `cvlib.models.Detector` all of it. Images that were rescaled already
        are refused.

    Raises:
        ValueError: if an argument is out of its range; for a size, the message has the nearest that do.

    Example:
        >>> from cvlib.models import YOLOv3
        >>> model = YOLOv3((416, 416, 3), classes=80)
        >>> model.count_params(), [grid[1:] for grid in model.output_shape]
        (62001757, [(13, 13, 255), (26, 26, 255), (52, 52, 255)])

    Notes:
        The last convolution of each scale starts at small random weights; the paper starts the backbone from
        ImageNet, for which there are no weights here.
    """
    input_shape = check_segmentation(input_shape, classes, None, multiple=32, smallest=32, channels=3)
    if isinstance(anchors_per_scale, bool) or not isinstance(anchors_per_scale, int) or anchors_per_scale < 1:
        raise ValueError(f"anchors_per_scale must be a positive integer, got {anchors_per_scale!r}")
    images = keras.Input(input_shape, name="images")
    *skips, x = darknet53_features(layers.Rescaling(1 / 255, name="rescaling")(images))
    outputs = []
    for stride, filters in zip(STRIDES, (512, 256, 128)):
        name_here = f"stride{stride}"
        if outputs:
            x = conv_bn_leaky(x, filters, 1, name=f"{name_here}_lateral")
            x = layers.UpSampling2D(2, name=f"{name_here}_up")(x)
            x = layers.Concatenate(name=f"{name_here}_concat")([x, skips.pop()])
        for number in (1, 2):
            x = conv_bn_leaky(x, filters, 1, name=f"{name_here}_{2 * number - 1}")
            x = conv_bn_leaky(x, 2 * filters, 3, name=f"{name_here}_{2 * number}")
        x = conv_bn_leaky(x, filters, 1, name=f"{name_here}_5")
        y = conv_bn_leaky(x, 2 * filters, 3, name=f"{name_here}_6")
        outputs.append(yolo_logits_layer(y, anchors_per_scale * (5 + classes), stride))
    return watch(keras.Model(images, outputs, name=name))


def yolo_logits_layer(x, maps, stride, **options):
    """The last 1×1 convolution of a scale, in float32 also under mixed precision.

    Args:
        x: (B, H, W, C).
        maps: A·(5 + classes).
        stride: for its name, "logits_stride32".
        **options: of the convolution.

    Returns:
        (B, H, W, maps).
    """
    options = {"kernel_initializer": keras.initializers.RandomNormal(stddev=0.01), **options}
    return layers.Conv2D(maps, 1, dtype="float32", name=f"logits_stride{stride}", **options)(x)
