"""How good predictions are: pure functions on arrays."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    modules=["classification", "detection"],
    names={
        "auc": "classification",
        "confusion_matrix": "classification",
        "mean_average_precision": "detection",
        "least_certain": "classification",
        "most_certain": "classification",
        "precision_recall_f1": "classification",
        "roc": "classification",
    },
)
