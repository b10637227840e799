"""What a CNN has learned, and why it decided as it did."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    modules=[
        "activations",
        "batches",
        "embeddings",
        "forward",
        "gradcam",
        "heat",
        "layers",
        "patches",
        "receptive_field",
    ],
    names={
        "GradCAM": "gradcam",
        "GradCAMPlusPlus": "gradcam",
        "embed": "embeddings",
        "feature_maps": "activations",
        "filters": "activations",
        "project": "embeddings",
        "top_patches": "patches",
    },
)
