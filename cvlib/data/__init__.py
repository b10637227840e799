"""Images and labels: reading, splitting, balancing and augmenting them."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    modules=[
        "affine",
        "annotations",
        "box_moves",
        "duplicates",
        "imbalance",
        "labels",
        "mask_files",
        "mixing",
        "reading",
        "splits",
        "summary",
    ],
    names={
        "ImageDataGenerator": "image_data_generator",
        "check_masks": "mask_files",
        "letterbox": "letterboxing",
        "letterbox_boxes": "letterboxing",
        "mosaic": "mosaics",
        "random_crop": "box_moves",
        "unletterbox_boxes": "letterboxing",
        "read_image": "reading",
        "read_mask": "reading",
        "to_tf_dataset": "tf_pipeline",
    },
)
