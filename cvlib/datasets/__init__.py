"""The catalogue of datasets: `load` fetches and verifies real pictures, or makes their simulated twin."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    modules=["simulate"],
    names={
        "Dataset": "dataset",
        "describe": "store",
        "load": "store",
        "names": "catalogue",
        "verify": "store",
    },
)
