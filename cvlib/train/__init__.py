"""How training proceeds: schedules that change the network while it learns."""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, modules=["unfreeze"])
