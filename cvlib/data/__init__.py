"""Images and labels: reading, splitting, balancing and augmenting them."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    modules=[
        "affine",
        "annotations",
        "duplicates",
        "imbalance",
        "labels",
        "mixing",
        "reading",
        "splits",
        "summary",
    ],
    names={"ImageDataGenerator": "image_data_generator", "read_image": "reading"},
)
