"""Ways to train and to predict."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__, modules=["unfreeze"], names={"predict_with_flips": "tta"}
)
