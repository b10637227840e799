"""Boxes: float32 arrays (N, 4), `xyxy` in pixels, x to the right and y down, unless a name says otherwise."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    names={
        "area": "arrays",
        "batched_nms": "suppression",
        "ciou": "overlap",
        "clip": "arrays",
        "convert": "arrays",
        "diou": "overlap",
        "giou": "overlap",
        "iou": "overlap",
        "kmeans_anchors": "anchors",
        "nms": "suppression",
        "soft_nms": "suppression",
        "yolo_decode": "grid",
        "yolo_encode": "grid",
        "yolo_logits": "grid",
    },
)
