"""The student's side of values: what goes over by value, and what stays behind a handle."""

import enum
import sys

from cvgrade.run import codec
from cvgrade.run.errors import MOST_MRO, error_classes, text_of
from cvgrade.run.special import SPECIAL

EXACT = (
    (bool, bool),
    (int, int.__int__),
    (float, float.__float__),
    (complex, complex.__complex__ if hasattr(complex, "__complex__") else complex),
    (str, str.__str__),
    (bytes, bytes),
)
CONTAINERS = (list, tuple, dict, set, frozenset)


ALWAYS = {"__repr__", "__str__", "__format__", "__signature__", "__eq__", "__ne__", "__exit__"}


class Objects:
    """What the tester holds handles of."""

    def __init__(self):
        self.by_number, self.numbers, self.last = {}, {}, 0

    def number(self, value):
        """The handle's number of an object, the same one while the tester keeps it."""
        found = self.numbers.get(id(value))
        if found is None:
            self.last += 1
            found = self.numbers[id(value)] = self.last
            self.by_number[found] = value
        return found

    def free(self, numbers):
        """Forget objects that the tester no longer holds."""
        for number in numbers:
            value = self.by_number.pop(number, None)
            if value is not None:
                self.numbers.pop(id(value), None)


class StudentEncoder(codec.Encoder):
    """Values of the student's process on their way to the tester."""

    def __init__(self, objects):
        super().__init__()
        self.objects = objects

    def other(self, value, depth):
        """What has no exact built-in type: flattened, taken apart, or left behind a handle."""
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, enum.Enum):
            return self.handle(value)
        for kind, exact in EXACT:
            if isinstance(value, kind):
                return self.node(exact(value), depth)
        if isinstance(value, CONTAINERS):
            return self._container(value, depth)
        return self._library(value, depth) or self.handle(value)

    def handle(self, value):
        """The node of an object that stays here."""
        kind = type(value)
        mro = [[text_of(part.__module__), text_of(part.__qualname__)] for part in kind.__mro__[:MOST_MRO]]
        dunders = [name for name in SPECIAL if name not in ALWAYS and _has(kind, name)]
        info = {"mro": mro, "dunders": dunders, "callable": callable(value)}
        if isinstance(value, type):
            info["class"] = text_of(value.__qualname__)
            info["bases"] = [
                [text_of(part.__module__), text_of(part.__qualname__)] for part in value.__mro__[1:MOST_MRO]
            ]
        return ["h", self.objects.number(value), info]

    def _class(self, value):
        if value.__module__ == "__main__" or "<locals>" in value.__qualname__:
            if issubclass(value, BaseException):
                return ["ec", error_classes(value, self.objects)]
            return self.handle(value)
        return ["lib", value.__module__, value.__qualname__, self.handle(value)]

    def _container(self, value, depth):
        kind = type(value)
        if kind.__module__ == "__main__" and any(not name.startswith("_") for name in vars(kind)):
            fields = getattr(kind, "_fields", ())
            if not fields or any(name not in fields and not name.startswith("_") for name in vars(kind)):
                return self.handle(value)  # a class of the student's own, with methods
        if isinstance(value, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
            names = [str(name) for name in kind._fields]
            return [
                "nt",
                kind.__name__,
                names,
                *(self.node(item, depth + 1) for item in tuple.__iter__(value)),
            ]
        return self.node(flatten(value), depth)

    def _library(self, value, depth):
        """Tensors, tables, pictures, models: by value where their library is loaded."""
        root = type(value).__module__.partition(".")[0]
        np = sys.modules.get("numpy")
        if np is not None and isinstance(value, np.ndarray):
            exact = np.array(value, subok=False)
            return (
                self.node(exact, depth)
                if not exact.dtype.hasobject and type(value) is not type(exact)
                else None
            )
        if root in ("tensorflow", "keras"):
            return self._tensor(value, depth) or self._keras(value)
        if "keras" in sys.modules and isinstance(value, sys.modules["keras"].layers.Layer):
            return self._keras(value)
        if root == "pandas":
            from cvgrade.run import tables

            return tables.node(value, self, depth)
        if root == "PIL" and "PIL.Image" in sys.modules:
            image = sys.modules["PIL.Image"].Image
            if isinstance(value, image) and value.mode in ("1", "L", "RGB", "RGBA", "I", "F", "I;16"):
                return ["pil", value.mode, list(value.size), self.buffer(value.tobytes())]
        return None

    def _tensor(self, value, depth):
        tf = sys.modules.get("tensorflow")
        if tf is not None and isinstance(value, tf.DType):
            return ["tfd", value.name]
        if tf is not None and isinstance(value, tf.TensorShape):
            return ["sh", None if value.rank is None else [self.node(length) for length in value.as_list()]]
        if (
            tf is not None
            and tf.is_tensor(value)
            and hasattr(value, "numpy")
            and not hasattr(value, "assign")
        ):
            if value.dtype == tf.string:
                return ["Ts", list(value.shape), self.node(value.numpy().ravel().tolist(), depth + 1)]
            return ["T", *self.array(value.numpy())]
        keras = sys.modules.get("keras")
        is_variable = (keras is not None and isinstance(value, keras.Variable)) or (
            tf is not None and isinstance(value, tf.Variable)
        )
        if is_variable:
            array = value.numpy()
            path = text_of(getattr(value, "path", None) or value.name)
            return ["V", *self.array(array), bool(value.trainable), path]
        return None

    def _keras(self, value):
        from cvgrade.run import models

        found = models.take_apart(value, self)
        return None if found is None else ["K", found, self.handle(value)]


class StudentDecoder(codec.Decoder):
    """Values of the tester's process as they arrive at the student's: trusted."""

    def __init__(self, buffers, objects, callback):
        super().__init__(buffers)
        self.objects, self.callback = objects, callback

    def other(self, tag, rest, depth):
        """Handles come home as the objects that they stand for; the tester's functions as callables."""
        if tag == "h":
            return self.objects.by_number[rest[0]]
        if tag == "cb":
            return _callable(self.callback, *rest)
        if tag == "lib":
            return _named(*rest)
        if tag == "nt":
            return tuple(self.value(item, depth + 1) for item in rest[2:])
        if tag == "T":
            import tensorflow as tf

            return tf.constant(self.array(*rest))
        if tag == "Ts":
            import tensorflow as tf

            return tf.reshape(tf.constant(self.value(rest[1]), tf.string), rest[0])
        if tag == "V":
            import keras

            return keras.Variable(self.array(*rest[:3]), trainable=rest[3])
        if tag == "tfd":
            import tensorflow as tf

            return tf.as_dtype(rest[0])
        if tag == "sh":
            import tensorflow as tf

            return tf.TensorShape(rest[0])
        if tag == "K":
            from cvgrade.run import models

            return models.put_together(rest[0], self)
        if tag in ("df", "se", "ix"):
            from cvgrade.run import tables

            return tables.value(tag, rest, self)
        if tag == "pil":
            import PIL.Image

            return PIL.Image.frombytes(rest[0], tuple(rest[1]), self.bytes(rest[2]))
        return super().other(tag, rest, depth)


def flatten(value):
    """A container as the exact built-in type, whatever its class says about its items."""
    for kind in CONTAINERS:
        if isinstance(value, kind):
            return dict(dict.items(value)) if kind is dict else kind(kind.__iter__(value))
    return value


def is_mutable(value):
    """Whether a change of it in place can be brought back."""
    np = sys.modules.get("numpy")
    return type(value) in (list, dict, set, bytearray) or (np is not None and type(value) is np.ndarray)


def _callable(callback, number, name):
    def function(*args, **kwargs):
        return callback(number, args, kwargs)

    function.__name__ = function.__qualname__ = name if name.isidentifier() else "function"
    return function


def _named(module, name):
    import importlib

    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _has(kind, name):
    return getattr(kind, name, None) is not None
