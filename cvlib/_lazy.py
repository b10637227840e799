"""Load sub-modules on first use (PEP 562)."""

import importlib
import sys


def lazy_exports(package, modules=(), names=None):
    """Make the `__getattr__`, `__dir__` and `__all__` of a package whose parts load on first use.

    Args:
        package: the package's `__name__`.
        modules: sub-modules that are reached as attributes.
        names: dict from a public name to the sub-module (dotted, relative) that defines it.

    Returns:
        The tuple `(__getattr__, __dir__, __all__)` to bind at the package's top level.

    Example:
        >>> __getattr__, __dir__, __all__ = lazy_exports(__name__, ["labels"], {"read_image": "reading"})
    """
    names = names or {}
    public = sorted([*modules, *names])

    def __getattr__(name):
        if name in names:
            value = getattr(importlib.import_module(f"{package}.{names[name]}"), name)
        elif name in modules:
            value = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)
        return value

    def __dir__():
        return sorted({*vars(sys.modules[package]), *public})

    return __getattr__, __dir__, public
