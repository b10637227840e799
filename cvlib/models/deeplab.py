"""DeepLabV3+: a dilated backbone, a pyramid of views, and a small decoder for sharp edges.

References:
    Chen et al., 2018, Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation.
    Sandler et al., 2018, MobileNetV2, section 6.3 (its last 1×1 convolution left out).
"""

import keras
from keras import layers

from cvlib.models import backbones
from cvlib.models.dense_head import check_segmentation, freeze_batchnorm, pixel_predictions
from cvlib.models.dilation import dilate
from cvlib.models.guard import watch
from cvlib.models.pyramid import aspp, conv_bn_relu
from cvlib.models.upsampling import Enlarge

#: The layers that the decoder and the pyramid look at: at a quarter of the image's size, and the deepest.
TAPS = {
    "MobileNetV2": ("block_3_expand_relu", "block_16_project_BN"),
    "ResNet50": ("conv2_block3_out", "conv5_block3_out"),
    "ResNet101": ("conv2_block3_out", "conv5_block3_out"),
    "Xception": ("block3_sepconv2_bn", "block14_sepconv2_act"),
}


def DeepLabV3Plus(
    input_shape=(256, 256, 3),
    classes=2,
    backbone="ResNet50",
    output_stride=16,
    alpha=None,
    weights="imagenet",
    rates=None,
    filters=256,
    separable=True,
    taps=None,
    classifier_activation="softmax",
    name="deeplab_v3_plus",
):
    """Build DeepLabV3+.

    Args:
        input_shape: (H, W, 3) of the images, multiples of 16; (None, None, 3) for any such size.
        classes: number of classes; 1 for a yes/no mask with `classifier_activation="sigmoid"`.
        backbone: "MobileNetV2", "ResNet50", "ResNet101" or "Xception".
        output_stride: 16, or 8 for maps twice as fine at about three times the work.
        alpha: width of MobileNetV2, by default 0.35.
        weights: of the backbone: "imagenet" (an error where they cannot be had), "auto" (ImageNet where it
            can be had, else random with a printed sentence) or None (random).
        rates: of the pyramid's 3×3 convolutions, by default (6, 12, 18), doubled for `output_stride=8`.
        filters: number of maps of the pyramid's branches and of the decoder.
        separable: atrous separable convolutions; False for plain ones.
        taps: names of two layers of the backbone, one at a quarter of the image's size for the decoder and
            one for the pyramid; by default those of the paper.
        classifier_activation: "softmax", "sigmoid", or None for logits.
        name: of the model.

    Returns:
        A `keras.Model`, not compiled, from images (B, H, W, 3) RGB in [0, 255] to (B, H, W, classes):
        "images", "preprocessing", "backbone" (a model of its own), the pyramid, the decoder, "logits".
        `model.weights_source` is "imagenet" or "random". Images that were rescaled already are refused.

    Raises:
        ValueError: if an argument is out of its range.
        WeightsUnavailableError: if `weights="imagenet"` and they cannot be had.

    Example:
        >>> model = DeepLabV3Plus((64, 64, 3), classes=1, backbone="MobileNetV2", weights=None,
        ...                       filters=32, classifier_activation="sigmoid")
        >>> model.output_shape
        (None, 64, 64, 1)

    Notes:
        * A pretrained backbone's BatchNorm layers are frozen, as in `cvlib.models.transfer`; the paper trains
          them, with batches of 16 on many images.
        * Keras's Xception is the original one; the paper's has more blocks and strides instead of pooling.
        * The paper's ResNets have a stem of 7×7 too; its later code has one of three 3×3.
        * With `backbone="ResNet50", separable=False, taps=("conv2_block3_2_relu", "conv4_block6_2_relu")` it
          is the network of the keras.io example, parameter by parameter.
    """
    input_shape = check_segmentation(input_shape, classes, classifier_activation, 16, 32, channels=3)
    if backbone not in TAPS:
        raise ValueError(f"backbone must be one of {', '.join(sorted(TAPS))}, got {backbone!r}")
    if output_stride not in (8, 16):
        raise ValueError(f"output_stride must be 8 or 16, got {output_stride!r}")
    rates = tuple(rate * 16 // output_stride for rate in (6, 12, 18)) if rates is None else tuple(rates)
    if len(set(rates)) != len(rates) or any(int(rate) != rate or rate < 1 for rate in rates):
        raise ValueError(f"rates must be different positive integers, such as (6, 12, 18), got {rates}")
    if isinstance(filters, bool) or not isinstance(filters, int) or filters < 1:
        raise ValueError(f"filters must be a positive integer, got {filters!r}")

    base, source = _backbone(backbone, input_shape, output_stride, alpha, weights, taps)
    images = keras.Input(input_shape, name="images")
    low, high = base(backbones.preprocess(images, backbones.find(backbone).preprocessing))

    x = aspp(high, filters, rates, separable)
    x = Enlarge(output_stride // 4, name="decoder_upsample")(x)
    low = conv_bn_relu(low, 48, name="decoder_low")
    x = layers.Concatenate(name="decoder_concat")([x, low])
    for number in (1, 2):
        x = conv_bn_relu(x, filters, 3, separable=separable, name=f"decoder_{number}")
    outputs = pixel_predictions(x, classes, classifier_activation, scale=4)

    model = watch(keras.Model(images, outputs, name=name))
    model.weights_source = source
    return model


def _backbone(name, input_shape, output_stride, alpha, weights, taps):
    """The dilated backbone with its two outputs, and where its weights come from."""
    base, source = backbones.build(name, (256, 256, 3), alpha, weights)
    names = TAPS[name] if taps is None else tuple(taps)
    known = {layer.name for layer in base.layers}
    if len(names) != 2 or not known.issuperset(names):
        raise ValueError(f"taps must be the names of two layers of {name}, got {taps}")
    low, high = (base.get_layer(each).output for each in names)
    if not 60 <= low.shape[1] <= 64:  # Xception's padding gives 61; `dilate` puts that right
        raise ValueError(
            f"taps must begin with a layer at a quarter of the image's size, got {names[0]}, whose maps are "
            f"{low.shape[1]}×{low.shape[2]} for images of 256×256"
        )
    truncated = keras.Model(base.input, [low, high], name=base.name)
    dilated = dilate(truncated, output_stride, input_shape)
    dilated.name = "backbone"
    if source == "imagenet":
        freeze_batchnorm(dilated)
    return dilated, source
