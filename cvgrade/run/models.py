"""Keras models and layers across the wall: an architecture from an allow-list, and weights by value.

A model of standard layers is rebuilt on the other side from its configuration, so that `evaluate`,
`predict` and `count_params` are the tester's own Keras, whatever the student's process did to its own.
Configurations are checked before Keras sees them: only Keras' own classes, none that runs code or reads a
file. A model with a `Lambda`, a class of the student's or more than `MOST_BYTES` of weights is not rebuilt;
it stays behind a handle.
"""

import contextlib
import json
import re
import sys

from cvgrade.run import codec, wire

MOST_BYTES = 48 << 20
MOST_CONFIG = 8 << 20
MODULES = re.compile(
    r"keras(\.(layers|models|initializers|regularizers|constraints|activations|losses|metrics|dtype_policies"
    r"|optimizers(\.schedules)?))?\Z|keras\.src\.models\.(functional|sequential)\Z"
    r"|keras\.src\.ops\.(numpy|nn|math|image|linalg)\Z|keras\.src\.activations\.activations\Z"
)
# They run code, or read a file named in the configuration.
BANNED = {
    "Lambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
    "Model",
}
# What a class body may hold that leaves a model's behaviour as it is.
BUILDING = {
    *("__init__", "__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__"),
    *(
        "__firstlineno__",
        "__static_attributes__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
    ),
}
MARKS = {"__tuple__", "__keras_tensor__", "__ellipsis__", "__slice__"}


def take_apart(value, encoder):
    """A model or layer as `[configuration, weights, trainable, compiled]`, or None if it is not rebuilt."""
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(value, keras.layers.Layer):
        return None
    compiled = None
    try:
        if _only_built_here(value):
            compiled = value.get_compile_config() if value.compiled else None
            own, value = value, keras.Model(value.input, value.output, name=value.name)
            value._trainable = own._trainable
        elif not _standard(value):
            return None
        config = keras.saving.serialize_keras_object(value)
        compiled = config.pop("compile_config", compiled)
        weights = value.weights
        check(config)
    except Exception:  # no configuration, or not one that is allowed: a handle then
        return None
    if sum(_bytes(weight) for weight in weights) > MOST_BYTES:
        return None
    try:
        check(compiled)
    except wire.WireError:
        compiled = None
    return [
        json.dumps(config),
        [encoder.array(weight.numpy()) for weight in weights],
        [
            bool(part._trainable) if hasattr(part, "_trainable") else bool(part.trainable)
            for part in _parts(value)
        ],
        json.dumps(compiled) if compiled else None,
    ]


def put_together(part, decoder):
    """The model or layer of what `take_apart` gave.

    Raises:
        wire.WireError: if it is malformed or not allowed.
    """
    import keras

    if type(part) is not list or len(part) != 4:
        raise wire.WireError("malformed model")
    text, weights, trainable, compiled = part
    config = _read(text)
    check(config)
    if type(weights) is not list or type(trainable) is not list:
        raise wire.WireError("malformed model")
    arrays = [decoder.array(*weight) for weight in weights if type(weight) is list and len(weight) == 3]
    try:
        made = keras.saving.deserialize_keras_object(config, safe_mode=True)
        if not isinstance(made, keras.layers.Layer):
            raise wire.WireError("no model")
        made.set_weights(arrays)
        for layer, flag in zip(_parts(made), trainable):  # outer ones first: they set the inner ones too
            if layer.trainable is not (flag is True):
                layer.trainable = flag is True
    except wire.WireError:
        raise
    except Exception as error:
        raise wire.WireError(f"a model that cannot be rebuilt: {type(error).__name__}") from None
    if compiled is not None and hasattr(made, "compile_from_config"):
        config = _read(compiled)
        check(config)
        with contextlib.suppress(Exception):
            made.compile_from_config(config)
    return made


def weights_of(part, decoder):
    """The arrays in what `take_apart` gave."""
    return [decoder.array(*weight) for weight in part[1]]


def check(config, depth=0):
    """Raise `wire.WireError` unless every class named in a configuration is allowed."""
    if depth > 4 * codec.MOST_DEPTH:
        raise wire.WireError("a configuration nested too deep")
    if isinstance(config, (list, tuple)):
        for item in config:
            check(item, depth + 1)
        return
    if not isinstance(config, dict):
        return
    if "class_name" in config:
        _check_class(config)
    elif "module" in config and "config" in config:
        raise wire.WireError("a configuration without a class")
    for item in config.values():
        check(item, depth + 1)


def warm_up():
    """In the fork server: load what rebuilding needs. No operation may run before the fork."""
    import keras

    keras.saving.get_custom_objects()


def _check_class(config):
    name, module = config["class_name"], config.get("module")
    registered = config.get("registered_name")
    if type(name) is not str:
        raise wire.WireError("a class without a name")
    if name in MARKS:
        return
    if registered and type(registered) is str and ">" in registered:
        _check_registered(registered)
        return
    if (
        module is None
        and set(config) <= {"class_name", "config"}
        and name not in BANNED
        and name.isidentifier()
    ):
        return  # as older layers write their initializers: Keras looks it up among its own by name
    if type(module) is not str or not MODULES.match(module) or name in BANNED or not name.isidentifier():
        raise wire.WireError(f"{name!r} is not among the classes that are rebuilt")
    if registered not in (None, name):
        raise wire.WireError(f"{name!r} goes by another name")


def _check_registered(name):
    """A layer of a course package, which both sides have, is as good as one of Keras."""
    import keras

    found = keras.saving.get_registered_object(name)
    root = getattr(found, "__module__", "").partition(".")[0]
    file = getattr(sys.modules.get(root), "__file__", None) or ""
    if found is None or "/opt/course/" not in file:
        raise wire.WireError(f"{name!r} is not among the classes that are rebuilt")


def _standard(value):
    kind = type(value)
    return kind.__module__.startswith("keras.") or "/opt/course/" in (
        getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
    )


def _only_built_here(value):
    """Whether a model's class is the student's, and says only how a functional model is put together."""
    kinds = type(value).__mro__
    last = next((n for n, kind in enumerate(kinds) if kind.__module__ == "keras.src.models.functional"), 0)
    return last > 0 and all(set(vars(kind)) <= BUILDING for kind in kinds[:last])


def _parts(value):
    """The model or layer and all inside it, outer ones first."""
    found = list(value._flatten_layers(include_self=True, recursive=True))
    return found if found and found[0] is value else [value, *found]


def _bytes(weight):
    size = 1
    for length in weight.shape:
        size *= int(length)
    return 4 * size


def _read(text):
    if type(text) is not str or len(text) > MOST_CONFIG:
        raise wire.WireError("malformed configuration")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise wire.WireError("malformed configuration") from None
