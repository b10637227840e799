"""How good predictions are: pure functions on arrays, and metrics to watch while a network trains."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    modules=["boundaries", "classification", "detection", "detection_errors", "segmentation"],
    names={
        "MeanDice": "streaming",
        "MeanIoU": "streaming",
        "SegmentationScores": "segmentation",
        "auc": "classification",
        "average_surface_distance": "boundaries",
        "confusion_matrix": "classification",
        "error_breakdown": "detection_errors",
        "hausdorff": "boundaries",
        "least_certain": "classification",
        "mean_average_precision": "detection",
        "mean_iou": "segmentation",
        "most_certain": "classification",
        "per_image": "segmentation",
        "pixel_confusion": "segmentation",
        "precision_recall_f1": "classification",
        "roc": "classification",
        "to_labels": "segmentation",
    },
)
