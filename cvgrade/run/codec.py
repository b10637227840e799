"""Values to nodes and back, strictly: what a message of `wire` holds.

Nothing is ever unpickled or evaluated, and everything is bounded: depth, count, size. A node is a JSON
scalar, or a list whose first item says what it is:

    ["l", …] list   ["t", …] tuple   ["d", [k, v], …] dict   ["s", …] set   ["fs", …] frozenset
    ["b", n] bytes  ["e"] Ellipsis   ["sl", …] slice   ["r", …] range   ["p", text] path
    ["I", hex] int beyond 64 bits    ["f", "nan"] float that JSON lacks      ["c", re, im] complex
    ["a", dtype, shape, n] array     ["n", dtype, n] NumPy scalar            ["lf", n], ["li", n] numbers
    ["T", …] tensor                  ["V", …] variable                       ["dt", name] dtype

where n is the index of a buffer. Objects that cannot cross by value (`["h", …]` and others) are made and
read by whoever uses the codec: see `Encoder.other` and `Decoder.other`.
"""

import collections
import datetime
import decimal
import fractions
import math
import pathlib
import re
import struct
import sys

from cvgrade.run.wire import MOST_MESSAGE, CannotCross, WireError

MOST_DEPTH = 64
MOST_NODES = 2_000_000
PACK = 64  # a list of this many plain floats or ints travels as one buffer
DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|c8|c16|[SU]\d{1,6}|[mM]8\[[a-zA-Z0-9]{1,5}\])\Z")
SMALL_FLOATS = ("bfloat16", "float8_e4m3fn", "float8_e5m2")  # NumPy knows them through ml_dtypes
SEQUENCES = {"l": list, "t": tuple, "s": set, "fs": frozenset}


class Encoder:
    """Turn values into nodes and buffers."""

    def __init__(self):
        self.buffers = []
        self.nodes = 0

    def node(self, value, depth=0):
        """The node of a value.

        Args:
            value: what to send.
            depth: how deep in the message it stands.

        Raises:
            CannotCross: if it is too deep or too large, or of a kind that cannot cross.
        """
        self.nodes += 1
        if depth > MOST_DEPTH:
            raise CannotCross(f"a value nested more than {MOST_DEPTH} deep, or one that contains itself")
        if self.nodes > MOST_NODES:
            raise CannotCross(f"a value of more than {MOST_NODES:,} parts")
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**63 else ["I", hex(value)]
        if kind is float:
            return value if math.isfinite(value) else ["f", str(value)]
        if kind is list or kind is tuple:
            return self._sequence(value, kind, depth)
        if kind is dict:
            return ["d", *([self.node(k, depth + 1), self.node(v, depth + 1)] for k, v in value.items())]
        if kind is set or kind is frozenset:
            return ["s" if kind is set else "fs", *(self.node(item, depth + 1) for item in value)]
        if kind is bytes or kind is bytearray:
            return ["b" if kind is bytes else "ba", self.buffer(value)]
        if value is Ellipsis:
            return ["e"]
        if value is NotImplemented:
            return ["ni"]
        if kind is complex:
            return ["c", self.node(value.real), self.node(value.imag)]
        if kind is slice:
            return ["sl", *(self.node(part, depth + 1) for part in (value.start, value.stop, value.step))]
        if kind is range:
            return ["r", *(self.node(part) for part in (value.start, value.stop, value.step))]
        found = self._numpy(value) or self._plain_object(value, kind, depth)
        return found if found is not None else self.other(value, depth)

    def other(self, value, depth):
        """The node of a value of a kind that does not cross by value."""
        raise CannotCross(f"an object of type {type(value).__name__}")

    def buffer(self, data):
        """Add bytes to the message; returns their index."""
        self.buffers.append(bytes(data))
        return len(self.buffers) - 1

    def array(self, array):
        """dtype, shape and buffer index of an exact array of numbers or text."""
        import numpy as np

        name = array.dtype.name if array.dtype.name in SMALL_FLOATS else array.dtype.str
        if name not in SMALL_FLOATS and not DTYPE.match(name):
            raise CannotCross(f"an array of dtype {array.dtype}")
        flat = np.ascontiguousarray(array)
        return [name, list(array.shape), self.buffer(flat.tobytes())]

    def _sequence(self, value, kind, depth):
        if kind is list and len(value) >= PACK:
            kinds = set(map(type, value))
            if kinds == {float}:
                return ["lf", self.buffer(struct.pack(f"<{len(value)}d", *value))]
            if kinds == {int} and min(value) >= -(2**63) and max(value) < 2**63:
                return ["li", self.buffer(struct.pack(f"<{len(value)}q", *value))]
        return ["l" if kind is list else "t", *[self.node(item, depth + 1) for item in value]]

    def _numpy(self, value):
        np = sys.modules.get("numpy")
        if np is None:
            return None
        if type(value) is np.ndarray or isinstance(value, np.generic):
            wider = {"f": "float64", "c": "complex128"}.get(value.dtype.kind)
            if wider and value.dtype.itemsize > np.dtype(wider).itemsize:
                value = value.astype(wider)  # longdouble differs from machine to machine
        if type(value) is np.ndarray:
            if value.dtype.hasobject or value.dtype.names or not _carries(value.dtype):
                return None
            return ["a", *self.array(value)]
        if isinstance(value, np.generic) and _carries(value.dtype) and not value.dtype.hasobject:
            name, _, index = self.array(np.asarray(value))
            return ["n", name, index]
        if isinstance(value, np.dtype) and _carries(value):
            return ["dt", value.name if value.name in SMALL_FLOATS else value.str]
        return None

    def _plain_object(self, value, kind, depth):
        if isinstance(value, pathlib.PurePath):
            return ["p", str(value)]
        if kind is fractions.Fraction:
            return ["fr", hex(value.numerator), hex(value.denominator)]
        if kind is decimal.Decimal:
            return ["de", str(value)]
        if kind in (datetime.datetime, datetime.date) and getattr(value, "tzinfo", None) is None:
            return ["dati" if kind is datetime.datetime else "date", value.isoformat()]
        if kind is datetime.timedelta:
            return ["td", value.days, value.seconds, value.microseconds]
        if kind is collections.OrderedDict or kind is collections.Counter:
            tag = "od" if kind is collections.OrderedDict else "co"
            return [tag, *([self.node(k, depth + 1), self.node(v, depth + 1)] for k, v in dict.items(value))]
        if kind is collections.deque:
            return ["dq", *(self.node(item, depth + 1) for item in value)]
        return None


def _carries(dtype):
    return dtype.name in SMALL_FLOATS or bool(DTYPE.match(dtype.str))


class Decoder:
    """Turn nodes and buffers into values, trusting neither."""

    def __init__(self, buffers=()):
        self.buffers = buffers
        self.used = 0

    def value(self, node, depth=0):
        """The value of a node.

        Raises:
            WireError: if the node is malformed.
        """
        if depth > MOST_DEPTH + 8:
            raise WireError("nested too deep")
        kind = type(node)
        if node is None or kind in (bool, int, float, str):
            return node
        if kind is not list or not node or type(node[0]) is not str:
            raise WireError("a node that is neither a scalar nor a tagged list")
        tag, rest = node[0], node[1:]
        if tag in SEQUENCES:
            return self._hashed(SEQUENCES[tag], [self.value(item, depth + 1) for item in rest])
        if tag in ("d", "od", "co"):
            return self._dictionary(tag, rest, depth)
        read = getattr(self, f"_read_{tag}", None) if tag in SIMPLE else None
        if read is None:
            return self.other(tag, rest, depth)
        try:
            return read(*rest)
        except WireError:
            raise
        except Exception as error:  # wrong number of parts, wrong types, impossible values
            raise WireError(f"malformed {tag!r}: {type(error).__name__}") from None

    def other(self, tag, rest, depth):
        """The value of a node that the codec itself does not know."""
        raise WireError(f"unknown tag {tag[:20]!r}")

    def bytes(self, index):
        """The bytes of a buffer."""
        if type(index) is not int or not 0 <= index < len(self.buffers):
            raise WireError("no such buffer")
        self.used += len(self.buffers[index])
        if self.used > 4 * MOST_MESSAGE:  # one buffer named many times
            raise WireError("buffers used too often")
        return self.buffers[index]

    def array(self, name, shape, index):
        """An array of the tester's own, with a checked dtype and shape."""
        import numpy as np

        dtype = _dtype(name)
        if type(shape) is not list or len(shape) > 32:
            raise WireError("malformed shape")
        if any(type(length) is not int or not 0 <= length < 2**40 for length in shape):
            raise WireError("malformed shape")
        data = self.bytes(index)
        if math.prod(shape) * dtype.itemsize != len(data):
            raise WireError("shape and bytes do not agree")
        if dtype.kind == "b":  # any byte but 0 and 1 would be a bool that is neither
            return (np.frombuffer(data, np.uint8) != 0).reshape(shape)
        flat = np.frombuffer(data, dtype)
        if dtype.kind == "U" and flat.size and dtype.itemsize:
            codes = np.frombuffer(data, np.dtype("u4").newbyteorder(dtype.byteorder))
            if codes.max() > 0x10FFFF:
                raise WireError("no text")
        return flat.astype(dtype.newbyteorder("=")).reshape(shape)

    def _hashed(self, kind, items):
        try:
            return kind(items) if kind is not list else items
        except TypeError:
            raise WireError("a set of things that cannot be in a set") from None

    def _dictionary(self, tag, rest, depth):
        made = {"d": dict, "od": collections.OrderedDict, "co": collections.Counter}[tag]()
        for pair in rest:
            if type(pair) is not list or len(pair) != 2:
                raise WireError("malformed dict")
            key = self.value(pair[0], depth + 1)
            try:
                made[key] = self.value(pair[1], depth + 1)  # dict's own way would leave an OrderedDict empty
            except TypeError:
                raise WireError("a key that cannot be one") from None
        return made

    def _read_I(self, text):
        if type(text) is not str or len(text) > 200_000:
            raise WireError("malformed int")
        return int(text, 16)

    def _read_f(self, text):
        if text not in ("nan", "inf", "-inf"):
            raise WireError("malformed float")
        return float(text)

    def _read_c(self, real, imaginary):
        return complex(_real(self.value(real)), _real(self.value(imaginary)))

    def _read_b(self, index):
        return self.bytes(index)

    def _read_ba(self, index):
        return bytearray(self.bytes(index))

    def _read_e(self):
        return Ellipsis

    def _read_ni(self):
        return NotImplemented

    def _read_sl(self, *parts):
        return slice(*(self.value(part, MOST_DEPTH) for part in parts))

    def _read_r(self, start, stop, step):
        return range(self.value(start), self.value(stop), self.value(step))

    def _read_lf(self, index):
        data = self.bytes(index)
        return list(struct.unpack(f"<{len(data) // 8}d", data))

    def _read_li(self, index):
        data = self.bytes(index)
        return list(struct.unpack(f"<{len(data) // 8}q", data))

    def _read_a(self, name, shape, index):
        return self.array(name, shape, index)

    def _read_n(self, name, index):
        return self.array(name, [1], index)[0]

    def _read_dt(self, name):
        return _dtype(name)

    def _read_p(self, text):
        if type(text) is not str or len(text) > 4096 or "\0" in text:
            raise WireError("malformed path")
        return pathlib.Path(text)

    def _read_fr(self, numerator, denominator):
        return fractions.Fraction(self._read_I(numerator), self._read_I(denominator))

    def _read_de(self, text):
        if type(text) is not str or len(text) > 10_000:
            raise WireError("malformed decimal")
        number = decimal.Decimal(text)
        if number.is_finite() and abs(number.adjusted()) > 10_000:  # as an int it would fill the memory
            raise WireError("a decimal out of all proportion")
        return number

    def _read_dati(self, text):
        return datetime.datetime.fromisoformat(text)

    def _read_date(self, text):
        return datetime.date.fromisoformat(text)

    def _read_td(self, days, seconds, microseconds):
        return datetime.timedelta(int(days), int(seconds), int(microseconds))

    def _read_dq(self, *items):
        return collections.deque(self.value(item, 1) for item in items)


SIMPLE = frozenset(name[6:] for name in vars(Decoder) if name.startswith("_read_"))


def _dtype(name):
    import numpy as np

    if name in SMALL_FLOATS:
        import ml_dtypes  # comes with TensorFlow

        return np.dtype(getattr(ml_dtypes, name))
    if type(name) is not str or not DTYPE.match(name):
        raise WireError("malformed dtype")
    return np.dtype(name)


def _real(value):
    if type(value) not in (int, float):
        raise WireError("malformed complex")
    return value
