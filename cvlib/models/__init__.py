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
        "FastRCNN": "rcnn",
        "Localizer": "localizer",
        "RCNN": "rcnn",
        "RetinaNet": "retina",
        "SlidingDetector": "sliding_detector",
        "SmallCNN": "small_cnn",
        "TinyYOLO": "tiny_yolo",
        "UNet": "unet",
        "WindowClassifier": "sliding_detector",
        "YOLOv3": "yolov3",
        "anchor_grid": "anchor_boxes",
        "assign_anchors": "anchor_boxes",
        "bilinear_kernel": "upsampling",
        "decode_deltas": "anchor_boxes",
        "encode_deltas": "anchor_boxes",
        "fully_convolutional": "sliding",
        "region_proposals": "proposals",
    },
)
