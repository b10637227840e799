"""Boxes drawn by people: labels read, written, converted between formats, checked and repaired."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    names={
        "AnnotatedImage": "records",
        "AnnotationError": "faults",
        "Annotations": "records",
        "Fault": "faults",
        "check": "checks",
        "from_corners": "corners",
        "image_size": "image_folder",
        "read_coco": "coco",
        "read_csv": "table",
        "read_cvat": "cvat",
        "read_voc": "voc",
        "read_yolo": "yolo",
        "repair": "repairs",
        "to_corners": "corners",
        "write_coco": "coco",
        "write_csv": "table",
        "write_cvat": "cvat",
        "write_voc": "voc",
        "write_yolo": "yolo",
    },
)
