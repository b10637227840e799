"""The pretrained networks of keras.applications by name, with what each needs: preprocessing, sizes, files.

Every builder here takes images in [0, 255]: what the network was trained on is made inside the model.
"""

import inspect
from dataclasses import dataclass

import keras
from keras import layers

from cvlib.models import weights as pretrained_weights
from cvlib.models.head import check_input_shape

#: Means and standard deviations of ImageNet's red, green and blue, as keras.applications has them.
IMAGENET_MEAN = (123.68, 116.779, 103.939)
TORCH_MEAN = (0.485, 0.456, 0.406)
TORCH_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Backbone:
    """A network of keras.applications.

    Attributes:
        name: of the function in `keras.applications`.
        module: of `keras.applications` that has its `preprocess_input`.
        preprocessing: "tf" (to [-1, 1]), "torch" (to [0, 1], then standardised), "caffe" (BGR, means
            subtracted), or "inside" where Keras builds it into the network.
        size: height and width of its ImageNet images.
        smallest: least height and width without the top.
        file: name of its weights file; `{top}` stands for the part that says whether the top is in.
        tops: what `{top}` is without and with the top.
        folder: of the file under Keras's weights address.
    """

    name: str
    module: str
    preprocessing: str
    size: int
    smallest: int
    file: str
    tops: tuple = ("_notop", "")
    folder: str = "tensorflow/keras-applications/"

    @property
    def takes_alpha(self):
        """Whether the network has a width multiplier."""
        return self.name.startswith("MobileNet")

    def weights_source(self, include_top=False, alpha=1.0):
        """Where that file lies under Keras's weights address."""
        if self.name.startswith("NASNet"):  # published under another name than it is kept
            return f"{self.folder}NASNet-{self.name[6:].lower()}{'' if include_top else '-no-top'}.h5"
        return self.folder + self.weights_file(include_top, alpha)

    def weights_file(self, include_top=False, alpha=1.0):
        """The official file name of its ImageNet weights."""
        digits = {1.0: "1_0", 0.75: "7_5", 0.5: "5_0", 0.25: "2_5"}.get(alpha)
        return self.file.format(top=self.tops[include_top], alpha=float(alpha), digits=digits)


SIZES_OF_V2 = {"B0": 224, "B1": 240, "B2": 260, "B3": 300, "S": 384, "M": 480, "L": 480}


def _family(names, *shared, **options):
    return [Backbone(name, *shared, file=file, **options) for name, file in names.items()]


def _classic(*names):
    return {name: f"{name.lower()}_weights_tf_dim_ordering_tf_kernels{{top}}.h5" for name in names}


BACKBONES = {
    backbone.name: backbone
    for backbone in [
        *_family(_classic("VGG16"), "vgg16", "caffe", 224, 32, folder="tensorflow/keras-applications/vgg16/"),
        *_family(_classic("VGG19"), "vgg19", "caffe", 224, 32, folder="tensorflow/keras-applications/vgg19/"),
        *_family(
            _classic("ResNet50", "ResNet101", "ResNet152"),
            *("resnet", "caffe", 224, 32),
            folder="tensorflow/keras-applications/resnet/",
        ),
        *_family(
            _classic("ResNet50V2", "ResNet101V2", "ResNet152V2"),
            *("resnet_v2", "tf", 224, 32),
            folder="tensorflow/keras-applications/resnet/",
        ),
        *_family(
            _classic("DenseNet121", "DenseNet169", "DenseNet201"),
            *("densenet", "torch", 224, 32),
            folder="tensorflow/keras-applications/densenet/",
        ),
        *_family(
            {"InceptionV3": "inception_v3_weights_tf_dim_ordering_tf_kernels{top}.h5"},
            *("inception_v3", "tf", 299, 75),
            folder="tensorflow/keras-applications/inception_v3/",
        ),
        *_family(
            {"InceptionResNetV2": "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels{top}.h5"},
            *("inception_resnet_v2", "tf", 299, 75),
            folder="tensorflow/keras-applications/inception_resnet_v2/",
        ),
        *_family(
            _classic("Xception"), "xception", "tf", 299, 71, folder="tensorflow/keras-applications/xception/"
        ),
        *_family(
            {"NASNetMobile": "nasnet_mobile{top}.h5"},
            *("nasnet", "tf", 224, 32),
            tops=("_no_top", ""),
            folder="tensorflow/keras-applications/nasnet/",
        ),
        *_family(
            {"NASNetLarge": "nasnet_large{top}.h5"},
            *("nasnet", "tf", 331, 32),
            tops=("_no_top", ""),
            folder="tensorflow/keras-applications/nasnet/",
        ),
        *_family(
            {"MobileNet": "mobilenet_{digits}_224_tf{top}.h5"},
            *("mobilenet", "tf", 224, 32),
            tops=("_no_top", ""),
            folder="tensorflow/keras-applications/mobilenet/",
        ),
        *_family(
            {"MobileNetV2": "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_224{top}.h5"},
            *("mobilenet_v2", "tf", 224, 32),
            tops=("_no_top", ""),
            folder="tensorflow/keras-applications/mobilenet_v2/",
        ),
        *_family(
            {
                "MobileNetV3Small": "weights_mobilenet_v3_small_224_{alpha}_float{top}.h5",
                "MobileNetV3Large": "weights_mobilenet_v3_large_224_{alpha}_float{top}.h5",
            },
            *("mobilenet_v3", "inside", 224, 32),
            tops=("_no_top_v2", ""),
            folder="tensorflow/keras-applications/mobilenet_v3/",
        ),
        *(
            Backbone(
                *(f"EfficientNetB{number}", "efficientnet", "inside", size, 32),
                file=f"efficientnetb{number}{{top}}.h5",
                folder="keras-applications/",
            )
            for number, size in enumerate((224, 240, 260, 300, 380, 456, 528, 600))
        ),
        *(
            Backbone(
                *(f"EfficientNetV2{variant}", "efficientnet_v2", "inside", size, 32),
                file=f"efficientnetv2-{variant.lower()}{{top}}.h5",
                folder="tensorflow/keras-applications/efficientnet_v2/",
            )
            for variant, size in SIZES_OF_V2.items()
        ),
        *(
            Backbone(
                *(f"ConvNeXt{variant}", "convnext", "inside", 224, 32),
                file=f"convnext_{variant.lower()}{{top}}.h5",
                folder="tensorflow/keras-applications/convnext/",
            )
            for variant in ("Tiny", "Small", "Base", "Large", "XLarge")
        ),
    ]
}


def names():
    """The names of all backbones, sorted."""
    return sorted(BACKBONES)


def find(name):
    """What is known about a backbone.

    Args:
        name: as in `keras.applications`.

    Returns:
        A `Backbone`.

    Raises:
        ValueError: if there is none of that name; the message lists the choices.
    """
    if name not in BACKBONES:
        raise ValueError(
            f"backbone must be one of keras.applications, got {name!r}. Choose from: {', '.join(names())}"
        )
    return BACKBONES[name]


def preprocess(images, mode):
    """From images in [0, 255] to what a network was trained on, in layers that any Keras can load.

    Args:
        images: (B, H, W, 3) RGB in [0, 255].
        mode: "tf", "torch", "caffe" or "inside" (nothing to do), as in `Backbone.preprocessing`.

    Returns:
        (B, H, W, 3).
    """
    if mode == "tf":
        return layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocessing")(images)
    if mode == "torch":
        mean = [255 * value for value in TORCH_MEAN]
        variance = [(255 * value) ** 2 for value in TORCH_DEVIATION]
        return layers.Normalization(mean=mean, variance=variance, name="preprocessing")(images)
    if mode == "caffe":
        centred = layers.Normalization(mean=IMAGENET_MEAN, variance=[1.0] * 3, name="preprocessing")(images)
        return keras.ops.flip(centred, axis=-1)
    return images


def width(backbone, alpha):
    """The width multiplier to use.

    Args:
        backbone: a `Backbone`.
        alpha: as given by the user; None for the course's 0.35 with MobileNetV2 and 1.0 with the others.

    Returns:
        A float.

    Raises:
        ValueError: if `alpha` is given for a network that has none.
    """
    if alpha is None:
        return 0.35 if backbone.name == "MobileNetV2" else 1.0
    if not backbone.takes_alpha:
        raise ValueError(
            f"alpha is the width of the MobileNets; {backbone.name} has none, got alpha={alpha}: leave it out"
        )
    return float(alpha)


def build(name, input_shape=None, alpha=None, weights="imagenet", include_top=False):
    """Build a backbone as keras.applications does, with its weights or without.

    Args:
        name: as in `keras.applications`.
        input_shape: (H, W, 3); by default the size of its ImageNet images.
        alpha: width of a MobileNet, see `width`.
        weights: "imagenet", "auto" or None, see `cvlib.models.weights.resolve`.
        include_top: with the classifier of the thousand ImageNet classes.

    Returns:
        The `keras.Model`, without preprocessing, and where its weights come from: "imagenet" or "random".

    Raises:
        ValueError: if an argument is not known or the images are too small.
        WeightsUnavailableError: if `weights="imagenet"` and they cannot be had.

    Notes:
        MobileNet and MobileNetV2 have one weights file an image size. The one for 224 is loaded at every
        size, so that results do not depend on which files are at hand; convolution does not mind the size.
    """
    backbone = find(name)
    alpha = width(backbone, alpha)
    shape = (backbone.size, backbone.size, 3) if input_shape is None else input_shape
    shape = check_input_shape(shape, backbone.smallest, channels=3)
    if include_top and shape[:2] != (backbone.size, backbone.size):
        raise ValueError(
            f"input_shape must be ({backbone.size}, {backbone.size}, 3) for {name} as a whole, got {shape}"
        )
    options = {"alpha": alpha} if backbone.takes_alpha else {}
    function = getattr(keras.applications, name)
    if "include_preprocessing" in inspect.signature(function).parameters:
        options["include_preprocessing"] = True

    file = pretrained_weights.resolve(
        weights, name, backbone.weights_file(include_top, alpha), backbone.weights_source(include_top, alpha)
    )
    by_size = name in ("MobileNet", "MobileNetV2")
    source = file if by_size or file is None else "imagenet"
    model = function(
        input_shape=shape, include_top=include_top, weights=None if source is None else str(source), **options
    )
    return model, "random" if file is None else "imagenet"
