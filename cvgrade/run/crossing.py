"""The tester's side of values: what a test may hand over, and what is made of answers."""

import hashlib
import re
import sys

from cvgrade.run import codec, kinds, models, standin
from cvgrade.run.codec import CannotCross
from cvgrade.run.wire import WireError

DUNDER = re.compile(r"__[a-z]+__\Z")


class TesterEncoder(codec.Encoder):
    """Values of a test on their way to the student's process."""

    def __init__(self, link):
        super().__init__()
        self.link = link

    def other(self, value, depth):
        """Stand-ins go home; functions go as numbers; what else cannot cross is said so."""
        if standin.isinstance_of_standin(value):
            return ["h", standin.number_of(value)]
        if isinstance(value, type):
            return self._class(value)
        np = sys.modules.get("numpy")
        if np is not None and isinstance(value, np.ndarray):
            if value.dtype.hasobject:
                return self.node(value.tolist(), depth)
            return self.node(np.array(value, subok=False), depth) if type(value) is not np.ndarray else None
        for base, exact in ((bool, bool), (int, int), (float, float), (str, str), (bytes, bytes)):
            if isinstance(value, base):
                return self.node(exact(value), depth)
        for base in (list, tuple, dict, set, frozenset):
            if isinstance(value, base):
                return self.node(base(value), depth)
        found = self._library(value, depth)
        if found is not None:
            return found
        if callable(value):
            return self._function(value)
        raise CannotCross(
            f"a test cannot hand a {type(value).__name__} to the student's code: only numbers, text, arrays, "
            "tensors, tables, lists, tuples, dicts, sets of these, standard Keras models, and functions cross"
        )

    def _class(self, value):
        number = value.__dict__.get("__cvgrade_number__")
        if number is not None:
            return ["h", number]
        if value.__module__.partition(".")[0] in kinds.ROOTS and "<locals>" not in value.__qualname__:
            return ["lib", value.__module__, value.__qualname__]
        return self._function(value)

    def _function(self, value):
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if (
            isinstance(module, str)
            and module.startswith("keras.")
            and isinstance(name, str)
            and name.isidentifier()
        ):
            found = getattr(sys.modules.get(module), name, None)
            if found is value:
                return ["lib", module, name]
        number = len(self.link.functions) + 1
        self.link.functions[number] = value
        return ["cb", number, str(getattr(value, "__name__", "function"))[:100]]

    def _library(self, value, depth):
        tf, keras = sys.modules.get("tensorflow"), sys.modules.get("keras")
        if tf is not None:
            if isinstance(value, tf.DType):
                return ["tfd", value.name]
            if isinstance(value, tf.TensorShape):
                return ["sh", None if value.rank is None else value.as_list()]
            if isinstance(value, tf.Variable):
                return ["V", *self.array(value.numpy()), bool(value.trainable), ""]
            if tf.is_tensor(value) and hasattr(value, "numpy"):
                if value.dtype == tf.string:
                    return ["Ts", list(value.shape), self.node(value.numpy().ravel().tolist(), depth + 1)]
                return ["T", *self.array(value.numpy())]
        if keras is not None:
            if isinstance(value, keras.Variable):
                return ["V", *self.array(value.numpy()), bool(value.trainable), ""]
            if isinstance(value, keras.layers.Layer):
                found = models.take_apart(value, self)
                return None if found is None else ["K", found]
        root = type(value).__module__.partition(".")[0]
        if root == "pandas":
            from cvgrade.run import tables

            return tables.node(value, self, depth)
        if root == "PIL" and hasattr(value, "tobytes"):
            return ["pil", value.mode, list(value.size), self.buffer(value.tobytes())]
        return None


class TesterDecoder(codec.Decoder):
    """Values out of the student's process: checked, and made of the tester's own classes."""

    def __init__(self, link, buffers):
        super().__init__(buffers)
        self.link = link

    def other(self, tag, rest, depth):
        """Everything but plain values."""
        read = getattr(self, f"_other_{tag}", None) if tag in OTHER else None
        if read is None:
            return super().other(tag, rest, depth)
        try:
            return read(depth, *rest)
        except WireError:
            raise
        except Exception as error:
            raise WireError(f"malformed {tag!r}: {type(error).__name__}") from None

    def _other_h(self, depth, number, info):
        if type(number) is not int or type(info) is not dict or not kinds.check_mro(info.get("mro")):
            raise WireError("malformed handle")
        dunders = info.get("dunders")
        if type(dunders) is not list or not all(type(name) is str and DUNDER.match(name) for name in dunders):
            raise WireError("malformed handle")
        checked = {"mro": info["mro"], "dunders": dunders[:100], "callable": info.get("callable") is True}
        if type(info.get("class")) is str:
            checked["class"] = info["class"][:200]
            checked["bases"] = info["bases"] if kinds.check_mro(info.get("bases")) else []
        self.link.note_model(info["mro"])
        found = self.link.standins.get(number)
        if found is None:
            found = standin.make(self.link, number, checked)
            self.link.standins[number] = found
            self.link.known.add(number)
        return found

    def _other_ec(self, depth, mro):
        if not kinds.check_mro(mro):
            raise WireError("malformed class")
        return kinds.exception(mro, self.link.raised.own)

    def _other_lib(self, depth, module, name, handle=None):
        found = kinds.find(module, name)
        if found is not None:
            return found
        if type(handle) is not list or len(handle) != 3:
            raise WireError(f"no class that the tester knows: {str(module)[:80]}.{str(name)[:80]}")
        return self._other_h(depth, *handle[1:])  # of a library that only the student imported

    def _other_nt(self, depth, name, fields, *items):
        import collections

        if type(name) is not str or not name.isidentifier():
            name = "Tuple"
        made = collections.namedtuple(name, fields, rename=True)
        return made(*(self.value(item, depth + 1) for item in items))

    def _other_T(self, depth, *parts):
        array = self.array(*parts)
        if "tensorflow" not in sys.modules:
            return array
        return sys.modules["tensorflow"].constant(array)

    def _other_Ts(self, depth, shape, items):
        tf = sys.modules["tensorflow"]
        return tf.reshape(tf.constant(self.value(items), tf.string), shape)

    def _other_V(self, depth, dtype, shape, index, trainable, name):
        array = self.array(dtype, shape, index)
        if "keras" not in sys.modules:
            return array
        name = re.sub(r"[^A-Za-z0-9_]", "_", str(name).rpartition("/")[2])[:80] or None
        return sys.modules["keras"].Variable(array, trainable=trainable is True, name=name)

    def _other_tfd(self, depth, name):
        return sys.modules["tensorflow"].as_dtype(name)

    def _other_sh(self, depth, lengths):
        return sys.modules["tensorflow"].TensorShape(lengths)

    def _other_K(self, depth, part, handle):
        if "keras" not in sys.modules:  # nor is it loaded because a submission says so
            return self._other_h(depth, *handle[1:])
        return self.link_model(part, handle, depth)

    def link_model(self, part, handle, depth):
        """The tester's copy of a model: the same one each time, with new weights where they changed."""
        number = handle[1]
        text = hashlib.blake2b(repr((part[0], part[2], part[3])).encode()).digest()
        values = hashlib.blake2b()
        for weight in part[1]:
            values.update(self.buffers[weight[2]])
        weights, kept = values.digest(), self.link.rebuilt.get(number)
        if kept is not None and kept[0] == text:
            if kept[1] != weights:
                kept[2].set_weights(models.weights_of(part, self))
        else:
            kept = (text, weights, models.put_together(part, self))
        self.link.rebuilt[number] = (text, weights, kept[2])
        # While the copy lives, so does the handle: its number is not given to another object.
        notes = set(self.link.models)
        self.link.rebuilt[number, "handle"] = self._other_h(depth, *handle[1:])
        self.link.models = notes  # this one is the tester's own
        return kept[2]

    def _other_df(self, depth, *rest):
        return self._table("df", rest)

    def _other_se(self, depth, *rest):
        return self._table("se", rest)

    def _other_ix(self, depth, *rest):
        return self._table("ix", rest)

    def _table(self, tag, rest):
        from cvgrade.run import tables

        return tables.value(tag, list(rest), self)

    def _other_pil(self, depth, mode, size, index):
        import PIL.Image

        if mode not in ("1", "L", "RGB", "RGBA", "I", "F", "I;16") or len(size) != 2:
            raise WireError("malformed picture")
        return PIL.Image.frombytes(mode, (int(size[0]), int(size[1])), self.bytes(index))


OTHER = frozenset(name[7:] for name in vars(TesterDecoder) if name.startswith("_other_"))


def put_back(argument, changed):
    """Make an argument of the test what the student's code made of it, where it is of the same kind."""
    if type(argument) is not type(changed):
        return
    if isinstance(argument, (list, bytearray)):
        argument[:] = changed
    elif isinstance(argument, (dict, set)):
        argument.clear()
        argument.update(changed)
    elif getattr(argument, "shape", None) == getattr(changed, "shape", ()) and argument.flags.writeable:
        argument[...] = changed
