"""Figures for lessons: every function returns a matplotlib Figure; `show` displays it with its alt text."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    names={
        "PALETTE": "style",
        "boxes": "boxes_figure",
        "certain": "classification",
        "confusion": "classification",
        "curves": "training",
        "embedding": "explain",
        "error_breakdown": "detection",
        "explore": "exploration",
        "feature_maps": "explain",
        "figure": "style",
        "filters": "explain",
        "grid": "images",
        "heatmap": "explain",
        "overlay": "segmentation",
        "overlays": "segmentation",
        "patches": "explain",
        "precision_recall": "detection",
        "roc": "classification",
        "show": "display",
        "side_by_side": "segmentation",
        "u_shape": "encoder_decoder",
    },
)
