"""cvlib: the helper package behind the computer-vision course.

Sub-modules load on first use, so `import cvlib` is quick and does not import TensorFlow.
"""

from cvlib._lazy import lazy_exports

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    modules=[
        "boxes",
        "check",
        "data",
        "datasets",
        "explain",
        "losses",
        "metrics",
        "models",
        "runtime",
        "train",
        "viz",
    ],
    names={"ImageDataGenerator": "data.image_data_generator", "setup": "runtime"},
)
