"""What a stand-in may ask of the student's object: the special methods, by name."""

import inspect
import operator

from cvgrade.run import errors


def _exit(target, error):
    error = errors.make_error(error) if error else None
    return bool(target.__exit__(type(error) if error else None, error, None))


def _array(target):
    import numpy as np

    return np.array(target, subok=False)


def _signature(target):
    kinds = []
    for part in inspect.signature(target).parameters.values():
        given = part.default is not part.empty
        plain = isinstance(part.default, (type(None), bool, int, float, str, tuple))
        kinds.append([part.name, int(part.kind), given, part.default if given and plain else None])
    return kinds


def _binary(name):
    function = getattr(operator, name)
    return lambda target, other: function(target, other)


def _swapped(name):
    function = getattr(operator, name)
    return lambda target, other: function(other, target)


ARITHMETIC = [
    "add",
    "sub",
    "mul",
    "matmul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "and_",
    "or_",
    "xor",
    "lshift",
    "rshift",
]
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
SPECIAL = {
    "__len__": len,
    "__iter__": iter,
    "__next__": next,
    "__reversed__": reversed,
    "__getitem__": operator.getitem,
    "__setitem__": operator.setitem,
    "__delitem__": operator.delitem,
    "__contains__": operator.contains,
    "__enter__": lambda target: target.__enter__(),
    "__exit__": _exit,
    "__bool__": bool,
    "__int__": int,
    "__float__": float,
    "__complex__": complex,
    "__index__": operator.index,
    "__array__": _array,
    "__abs__": abs,
    "__neg__": operator.neg,
    "__pos__": operator.pos,
    "__invert__": operator.invert,
    "__round__": round,
    "__repr__": lambda target: repr(target)[: errors.MOST_TEXT],
    "__str__": lambda target: str(target)[: errors.MOST_TEXT],
    "__format__": lambda target, spec: format(target, spec)[: errors.MOST_TEXT],
    "__signature__": _signature,
    **{f"__{name.strip('_')}__": _binary(name) for name in ARITHMETIC + COMPARISONS},
    **{f"__r{name.strip('_')}__": _swapped(name) for name in ARITHMETIC},
}
