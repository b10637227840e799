"""Networks, one file per architecture, and transfer learning."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    modules=["backbones", "transfer", "weights"],
    names={
        "Darknet53": "darknet",
        "DeepLabV3Plus": "deeplab",
        "Detector": "detector",
        "FCN": "fcn",
        "SmallCNN": "small_cnn",
        "TinyYOLO": "tiny_yolo",
        "UNet": "unet",
        "YOLOv3": "yolov3",
        "bilinear_kernel": "upsampling",
        "fully_convolutional": "sliding",
    },
)
