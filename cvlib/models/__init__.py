"""Networks, one file per architecture, and transfer learning."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    modules=["backbones", "transfer", "weights"],
    names={
        "DeepLabV3Plus": "deeplab",
        "FCN": "fcn",
        "SmallCNN": "small_cnn",
        "UNet": "unet",
        "bilinear_kernel": "upsampling",
        "fully_convolutional": "sliding",
    },
)
