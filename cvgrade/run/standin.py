"""The remote stand-in: what a test cell holds in place of an object of the student's.

Calls, attributes, items, iteration and `with` go over; what comes back is plain data or another stand-in.
It never sends what a result is compared with: `stand_in == expected` and `stand_in - expected` are not
asked of the student's process, which could answer anything and would learn the expected value, unless the
class is one that the assignment itself asks for, with that operator.
"""

import inspect
import reprlib

from cvgrade.run import kinds
from cvgrade.run.special import ARITHMETIC, COMPARISONS

ATTRIBUTES = {
    "__name__",
    "__qualname__",
    "__doc__",
    "__module__",
    "__annotations__",
    "__defaults__",
    "__kwdefaults__",
    "__code__",
    "__dict__",
    "__func__",
    "__self__",
    "__wrapped__",
}
TRUTH_TAKING = {
    "evaluate",
    "test_on_batch",
    "score",
    "fit",
    "train_on_batch",
    "compute_loss",
    "compute_metrics",
}
LIBRARIES = ("keras.", "sklearn.", "tensorflow.")
FORWARD = [
    "__len__",
    "__iter__",
    "__next__",
    "__reversed__",
    "__getitem__",
    "__setitem__",
    "__delitem__",
    "__enter__",
    "__bool__",
    "__int__",
    "__float__",
    "__complex__",
    "__index__",
    "__abs__",
    "__neg__",
    "__pos__",
    "__invert__",
    "__round__",
]
OPERATORS = {f"__{name.strip('_')}__" for name in ARITHMETIC + COMPARISONS}
OPERATORS |= {f"__r{name.strip('_')}__" for name in ARITHMETIC} | {"__contains__"}
_types = {}


class StandIn:
    """An object on the student's side. Its own attributes are slots that no attribute access reaches."""

    __slots__ = ("_StandIn__info", "_StandIn__link", "_StandIn__number", "__weakref__")

    def __getattribute__(self, name):
        if name == "__class__":
            return _class(self)
        if name.startswith("__") and name.endswith("__"):
            if name in ("__signature__", "__bases__"):
                return _signature(self) if name == "__signature__" else _bases(self)
            if name not in ATTRIBUTES or (name == "__dict__" and "class" in _info(self)):
                return object.__getattribute__(self, name)
        return _link(self).attribute(self, name)

    def __setattr__(self, name, value):
        _link(self).set_attribute(self, name, value)

    def __delattr__(self, name):
        _link(self).delete_attribute(self, name)

    def __eq__(self, other):
        if isinstance_of_standin(other) and _number(self) == _number(other):
            return True
        return _compare(self, "__eq__", other)

    def __ne__(self, other):
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self):
        return hash(("student", _number(self)))

    def __repr__(self):
        return _text(_link(self).special(self, "__repr__"))

    def __str__(self):
        return _text(_link(self).special(self, "__str__"))

    def __format__(self, spec):
        return _text(_link(self).special(self, "__format__", spec))

    def __instancecheck__(self, value):
        return isinstance_of_standin(value) and _link(self).is_instance(value, self)

    def __reduce_ex__(self, protocol):
        raise TypeError("an object of the student's process cannot be pickled")

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self if _info(self).get("callable") else _link(self).copy(self)


_get_link = StandIn.__dict__["_StandIn__link"].__get__
_get_number = StandIn.__dict__["_StandIn__number"].__get__
_get_info = StandIn.__dict__["_StandIn__info"].__get__


def _link(standin):
    return _get_link(standin)


def _number(standin):
    return _get_number(standin)


def _info(standin):
    return _get_info(standin)


def isinstance_of_standin(value):
    """Whether a value is a stand-in, whatever its `__class__` says."""
    return issubclass(type(value), StandIn)


def number_of(standin):
    """The handle's number."""
    return _get_number(standin)


def make(link, number, info):
    """A stand-in.

    Args:
        link: what asks the student's process (`tester.Link`).
        number: of the handle.
        info: dict with `mro`, `dunders`, `callable`, and for a class `class` and `bases`; checked.
    """
    standin = object.__new__(_type(info))
    for name, value in (("link", link), ("number", number), ("info", info)):
        StandIn.__dict__[f"_StandIn__{name}"].__set__(standin, value)
    return standin


def _type(info):
    """The type of stand-ins with just these special methods, so that `len` and `callable` tell the truth."""
    name = info["mro"][0][1].rpartition(".")[2]
    dunders = frozenset(info["dunders"]) & (set(FORWARD) | OPERATORS | {"__array__", "__exit__"})
    key = (name, dunders, bool(info["callable"]))
    if key not in _types:
        if len(_types) > 2000:
            _types.clear()
        body = {"__slots__": (), "__module__": "student"}
        for dunder in dunders:
            body[dunder] = _forwarded(dunder)
        if "__enter__" in dunders:
            body["__exit__"] = _exit
        if info["callable"]:
            body["__call__"] = _call
        _types[key] = type(name, (StandIn,), body)
    return _types[key]


def _forwarded(dunder):
    if dunder in OPERATORS:
        if dunder in ("__eq__", "__ne__"):
            return StandIn.__dict__[dunder]
        return lambda self, other, *rest: _compare(self, dunder, other)
    if dunder == "__array__":
        return _array
    if dunder == "__exit__":
        return _exit
    if dunder == "__iter__":
        return lambda self: _iterate(self)
    if dunder in ("__len__", "__index__", "__int__"):
        return lambda self: _exact(_link(self).special(self, dunder), int)
    if dunder == "__float__":
        return lambda self: _exact(_link(self).special(self, dunder), float)
    if dunder == "__bool__":
        return lambda self: _exact(_link(self).special(self, dunder), bool)
    return lambda self, *args: _link(self).special(self, dunder, *args)


def _iterate(self):
    iterator = _link(self).special(self, "__iter__")
    if isinstance_of_standin(iterator) and _number(iterator) == _number(self):
        return iterator
    return iter(iterator)


def _call(*args, **kwargs):
    self, *args = args
    return _link(self).call(self, args, kwargs)


def _array(self, dtype=None, copy=None):
    import numpy as np

    found = _link(self).special(self, "__array__")
    if isinstance_of_standin(found):  # NumPy would ask it for its array, again and again
        raise TypeError("an array of objects does not cross: only numbers, text and times do")
    return np.array(found, dtype=dtype)


def _exit(self, kind, error, trace):
    described = None
    if error is not None:
        names = [[part.__module__, part.__name__] for part in type(error).__mro__]
        described = {"mro": names, "text": str(error)[:1000]}
    return bool(_link(self).special(self, "__exit__", described))


def _compare(self, dunder, other):
    """An operator: asked of the student's process only where the tester's value would not be given away."""
    link = _link(self)
    if isinstance_of_standin(other) or link.defines(_info(self)["mro"][0][1], dunder):
        if dunder not in _info(self)["dunders"] and dunder not in ("__eq__", "__ne__"):
            return NotImplemented
        return link.special(self, dunder, other)
    if dunder in ("__eq__", "__ne__"):
        exact = link.exact(self)
        if exact is None:
            return NotImplemented
        return exact == other if dunder == "__eq__" else exact != other
    if dunder == "__contains__":
        return any(item is other or item == other for item in self)
    kind = _info(self)["mro"][0][1]
    raise TypeError(
        f"a {kind} of the student's cannot be used with {dunder.strip('_')!r} and a value of the test: "
        "the value would be sent to the student's process. Turn it into numbers first (float, np.asarray)"
    )


def _class(self):
    info = _info(self)
    return type if "class" in info else kinds.claimed(info["mro"])


def _bases(self):
    info = _info(self)
    if "class" not in info:
        raise AttributeError("__bases__")
    return (kinds.claimed(info["bases"]) if info["bases"] else object,)


def _signature(self):
    if not _info(self)["callable"]:
        raise AttributeError("__signature__")
    parts = []
    for part in _link(self).special(self, "__signature__"):
        name, kind, given, default = part
        default = default if given else inspect.Parameter.empty
        parts.append(inspect.Parameter(name, list(inspect._ParameterKind)[kind], default=default))
    return inspect.Signature(parts)


def _exact(value, kind):
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, got {reprlib.repr(value)}")
    return value


def _text(value):
    return value if type(value) is str else "<no text>"
