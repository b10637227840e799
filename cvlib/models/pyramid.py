"""Atrous spatial pyramid pooling: one map looked at with kernels of several widths at once.

References:
    Chen et al., 2018, Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation
    (DeepLabV3+), sections 3.1 and 3.2.
    Chen et al., 2017, Rethinking Atrous Convolution for Semantic Image Segmentation, section 3.3.
"""

from keras import layers


def conv_bn_relu(x, filters, kernel_size=1, dilation_rate=1, separable=False, use_bias=False, name=None):
    """Convolution, batch normalisation and ReLU.

    Args:
        x: (B, H, W, C).
        filters: number of maps.
        kernel_size: 1 or 3.
        dilation_rate: distance of the kernel's taps.
        separable: first a convolution a map, with batch normalisation and ReLU of its own, then 1×1.
        use_bias: whether the convolution has one.
        name: prefix of the layers' names.

    Returns:
        (B, H, W, filters).
    """
    if separable:
        x = layers.DepthwiseConv2D(
            kernel_size,
            padding="same",
            dilation_rate=dilation_rate,
            use_bias=False,
            name=f"{name}_depthwise",
        )(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"{name}_depthwise_bn")(x)
        x = layers.ReLU(name=f"{name}_depthwise_relu")(x)
        kernel_size, dilation_rate = 1, 1
    x = layers.Conv2D(
        filters,
        kernel_size,
        padding="same",
        dilation_rate=dilation_rate,
        use_bias=use_bias,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def aspp(x, filters=256, rates=(6, 12, 18), separable=True, name="aspp"):
    """Branches of 1×1, of 3×3 at each rate, and of the whole image's mean, brought together by a 1×1.

    Args:
        x: (B, H, W, C).
        filters: number of maps of each branch and of the result.
        rates: of the 3×3 branches; a branch sees 2·rate + 1 cells across.
        separable: atrous separable convolutions, as in DeepLabV3+; False for plain ones, as in DeepLabV3.
        name: prefix of the layers' names.

    Returns:
        (B, H, W, filters).

    Notes:
        The mean of the image is the same everywhere, so it is not spread out and concatenated: with W split
        by rows, W·[branches, mean] = W₁·branches + W₂·mean, and the second term is computed once an image.
        Its 1×1 keeps a bias before batch normalisation, as in the keras.io example.
    """
    branches = [conv_bn_relu(x, filters, name=f"{name}_1x1")]
    branches += [
        conv_bn_relu(x, filters, 3, rate, separable=separable, name=f"{name}_rate{rate}") for rate in rates
    ]
    mean = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_pool")(x)
    mean = conv_bn_relu(mean, filters, use_bias=True, name=f"{name}_pool")
    options = {"use_bias": False, "kernel_initializer": "he_normal"}
    everywhere = layers.Conv2D(filters, 1, name=f"{name}_project_pool", **options)(mean)
    x = layers.Concatenate(name=f"{name}_concat")(branches)
    x = layers.Conv2D(filters, 1, name=f"{name}_project_conv", **options)(x)
    x = layers.Add(name=f"{name}_project_add")([x, everywhere])
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_project_bn")(x)
    return layers.ReLU(name=f"{name}_project_relu")(x)
