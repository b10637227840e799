"""The tester's end of the wire to the student's process: it asks, waits no longer than allowed, and believes little."""

import contextlib
import functools
import hashlib
import re
import socket
import struct
import sys
import time
import weakref

from cvgrade.run import kinds, models, standin, wire

MOST_TEXT = 4000
MOST_CALLBACKS = 100_000
MOST_SENT = 2 << 30
GRACE = 2.0  # seconds between an interrupt and the end
BUDGET = 256 << 20  # bytes of answers to one test cell
ENCODED = ("on", "value", "args", "kwargs", "files", "kind")
DUNDER = re.compile(r"__[a-z]+__\Z")


class StudentError(BaseException):
    """The student's side failed in a way that is no exception of its code: no `except Exception` of a test hides it."""


class TimedOut(StudentError):
    """The student's code was stopped because its time was up."""


class Gone(StudentError):
    """The student's process has ended."""


class Malformed(StudentError):
    """The student's process answered something that is no answer."""


class OutOfMemory(Gone):
    """The student's process was ended because it used too much memory."""


class Link:
    """Asks the student's process.

    Args:
        sock: the wire.
        control: socket to the warden of the student's box.
        defined: dict from a class that the instructor's solution defines to the special methods in it.
    """

    def __init__(self, sock, control, defined=None):
        self.sock, self.control, self.defined = sock, control, defined or {}
        self.reader = wire.Reader(sock)
        self.seq, self.deadline, self.seconds = 0, None, 0.0
        self.budget = wire.Budget(BUDGET)
        self.alive, self.why = True, ""
        self.standins = weakref.WeakValueDictionary()
        self.known, self.functions, self.callbacks, self.errors = set(), {}, 0, {}
        self.rebuilt = {}
        self.touched = 0  # how often the student's code ran: values seen before may have changed since
        self.fault = None  # the worst that happened during this cell, whatever the test makes of it

    # One question and its answer

    def begin_cell(self, seconds):
        """A new cell: so much time and so many bytes for it."""
        self.deadline = time.monotonic() + seconds
        self.seconds, self.budget, self.fault, self.callbacks = seconds, wire.Budget(BUDGET), None, 0

    def ask(self, op, **request):
        """The decoded answer to a request whose values are encoded here."""
        encoder = TesterEncoder(self)
        request = {
            key: _encode(encoder, key, value) if key in ENCODED else value for key, value in request.items()
        }
        reply, buffers = self._exchange({"op": op, **request}, encoder.buffers)
        if op == "run":
            return reply
        return self._outcome(reply, buffers)

    def _exchange(self, request, buffers):
        if not self.alive:
            raise Gone(self.why)
        self.seq += 1
        seq = self.seq
        dead = [number for number in self.known if number not in self.standins]
        self.known.difference_update(dead)
        data = wire.pack({"seq": seq, "free": dead, **request}, buffers, MOST_SENT)
        try:
            wire.send_bytes(self.sock, data, self.deadline)
        except wire.Timeout:  # half a message is there: no way on
            self.fault = "timeout"
            self.end(f"it took no questions when its {self.seconds:g} s were over")
            raise TimedOut(f"stopped after {self.seconds:g} s") from None
        except wire.WireError as error:
            self._end(error)
        try:
            return self._await(seq)
        except wire.Timeout:
            answer = self._interrupt(seq)
            if request["op"] == "run":
                return answer
            raise TimedOut(f"stopped after {self.seconds:g} s") from None
        except wire.WireError as error:
            self._end(error)

    def _await(self, seq):
        while True:
            reply, buffers = self.reader.receive(self.deadline, self.budget)
            if type(reply) is not dict or reply.get("seq") != seq:
                raise wire.WireError("an answer that nobody asked for")
            if "callback" not in reply:
                return reply, buffers
            self._call_back(seq, reply, buffers)

    def _interrupt(self, seq):
        """Time is up: stop the student's code; if it does not answer then, end it."""
        self.fault = "timeout"
        self.control.send(b"i")
        self.deadline = time.monotonic() + GRACE
        try:
            return self._await(seq)
        except wire.Timeout:
            self.end(f"it did not stop when its {self.seconds:g} s were over")
        except wire.WireError as error:
            with contextlib.suppress(StudentError):
                self._end(error)
        raise TimedOut(f"stopped after {self.seconds:g} s")

    def _end(self, error):
        """Close after what cannot be understood, and say why."""
        if not isinstance(error, wire.Closed):
            self.fault = "tampered"
            self.end(f"its process sent what is no answer ({error})")
            raise Malformed(str(error)) from None
        self.fault = self.fault or "crashed"
        over = self._last_words() == b"MEMORY\0\0"
        self.end("it used more memory than allowed" if over else "its process ended by itself")
        raise (OutOfMemory if over else Gone)(self.why) from None

    def end(self, why):
        """End the student's process."""
        if self.alive:
            self.alive, self.why = False, why
            with contextlib.suppress(OSError):
                self.control.send(b"k")
            self.sock.close()

    def peak_memory(self):
        """MB, by the warden."""
        with contextlib.suppress(OSError, struct.error):
            self.control.settimeout(1)
            self.control.send(b"m")
            return struct.unpack("<d", self.control.recv(8))[0]
        return 0.0

    def _last_words(self):
        with contextlib.suppress(OSError):
            self.control.settimeout(1)
            return self.control.recv(8, socket.MSG_DONTWAIT)
        return b""

    # What stand-ins ask

    def attribute(self, target, name):
        """An attribute of the student's object."""
        if name in standin.TRUTH_TAKING:
            own = self._with_truth(target, name)
            if own is not None:
                return own
        self.touched += 1
        return self.ask("attr", on=target, name=name)

    def set_attribute(self, target, name, value):
        """Set an attribute over there."""
        self.touched += 1
        self.ask("setattr", on=target, name=name, value=value)

    def delete_attribute(self, target, name):
        """Delete an attribute over there."""
        self.touched += 1
        self.ask("delattr", on=target, name=name)

    def call(self, target, args, kwargs):
        """Call the student's object."""
        self.touched += 1
        return self.ask("call", on=target, args=list(args), kwargs=kwargs)

    def special(self, target, name, *args):
        """Use a special method over there."""
        self.touched += 1
        return self.ask("special", on=target, name=name, args=list(args))

    def is_instance(self, target, kind):
        """Whether an object is of a class, both the student's."""
        return self.ask("isinstance", on=target, kind=kind) is True

    def exact(self, target):
        """The items of an object of a container class, as the exact built-in container; else None."""
        value = self.ask("exact", on=target)
        return None if standin.isinstance_of_standin(value) else value

    def copy(self, target):
        """A deep copy over there."""
        return self.ask("copy", on=target)

    def defines(self, name, dunder):
        """Whether the instructor's own solution has a class of that name with that special method."""
        return dunder in self.defined.get(name, ())

    def fetch(self, name):
        """The value of a name of the notebook, and the digest of its bytes."""
        reply, buffers = self._exchange({"op": "get", "name": name}, [])
        digest = hashlib.blake2b(repr(reply.get("ok")).encode())
        for buffer in buffers:
            digest.update(buffer)
        return functools.partial(self._outcome, reply, buffers), digest.digest()

    def _with_truth(self, target, name):
        """`score` and `evaluate` of a library's model get the right answers: never asked of the student's process."""
        kind = type(None) if not standin.isinstance_of_standin(target) else target.__class__
        roots = {part.__module__.partition(".")[0] for part in kind.__mro__}
        if name == "score" and "sklearn" in roots:
            return functools.partial(_score, target, kind)
        if name in ("evaluate", "test_on_batch") and roots & {"keras", "tensorflow"}:
            raise TypeError(
                f"{name}() of a model with the student's own classes would believe what the student's process says: "
                "compute the metric in the test from model.predict(…)"
            )
        return None

    # Answers

    def _outcome(self, reply, buffers):
        decoder = TesterDecoder(self, buffers)
        try:
            if "error" in reply:
                error = self._error(reply["error"], decoder)
            elif "ok" in reply:
                return decoder.value(reply["ok"])
            else:
                raise wire.WireError("neither a value nor an error")
        except (wire.WireError, RecursionError) as malformed:
            self.fault = "tampered"  # this answer is worthless; the next may be right
            raise Malformed(str(malformed)) from None
        raise error

    def _error(self, described, decoder):
        if type(described) is not dict or not kinds.check_mro(described.get("mro")):
            raise wire.WireError("malformed error")
        text = described.get("text")
        text = text[:MOST_TEXT] if type(text) is str else ""
        name = described["mro"][0][1]
        if name in ("KeyboardInterrupt", "MemoryError") and self.fault is None and name == "MemoryError":
            self.fault = "memory"
        kind = kinds.exception(described["mro"], self._own_error)
        try:
            error = kind(text)
        except Exception:
            error = RuntimeError(text)
        if "object" in described:
            remote = decoder.value(described["object"])
            if standin.isinstance_of_standin(remote):
                with contextlib.suppress(AttributeError, TypeError):
                    error.__cvgrade_remote__ = remote
        if type(described.get("name")) is str and isinstance(error, NameError):
            error.name = described["name"][:200]
        with contextlib.suppress(AttributeError, TypeError):
            error.__student_line__ = described.get("line") if type(described.get("line")) is int else None
            error.__student_class__ = name
        return error

    def _own_error(self, number, base, name):
        if number not in self.errors:
            if len(self.errors) > 1000:
                raise wire.WireError("too many classes")
            body = {"__module__": "student", "__getattr__": _error_attribute, "__cvgrade_number__": number}
            try:
                self.errors[number] = type(name, (base,), body)
            except TypeError:
                self.errors[number] = type(name, (Exception,), body)
        return self.errors[number]

    def _call_back(self, seq, reply, buffers):
        """A function that the test passed in, called by the student's code; it runs here."""
        self.callbacks += 1
        if self.callbacks > MOST_CALLBACKS:
            raise wire.WireError("more callbacks than allowed")
        function = self.functions.get(reply["callback"]) if type(reply["callback"]) is int else None
        if function is None or type(reply.get("args")) is not list or type(reply.get("kwargs")) is not dict:
            raise wire.WireError("a callback that is none")
        decoder, encoder = TesterDecoder(self, buffers), TesterEncoder(self)
        args = [decoder.value(arg) for arg in reply["args"]]
        kwargs = {key: decoder.value(arg) for key, arg in reply["kwargs"].items()}
        try:
            document = {"ok": encoder.node(function(*args, **kwargs))}
        except StudentError:
            raise
        except Exception as error:
            names = [[part.__module__, part.__name__] for part in type(error).__mro__]
            document = {"error": {"mro": names, "text": str(error)[:1000]}}
            encoder = TesterEncoder(self)
        wire.send(self.sock, {"seq": seq, **document}, encoder.buffers, self.deadline)


class TesterEncoder(wire.Encoder):
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
        raise wire.CannotCross(
            f"a test cannot hand a {type(value).__name__} to the student's code: only numbers, text, arrays, tensors, "
            "tables, lists, tuples, dicts, sets of these, standard Keras models, and functions cross"
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


class TesterDecoder(wire.Decoder):
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
        except (wire.WireError, StudentError):
            raise
        except Exception as error:
            raise wire.WireError(f"malformed {tag!r}: {type(error).__name__}") from None

    def _other_h(self, depth, number, info):
        if type(number) is not int or type(info) is not dict or not kinds.check_mro(info.get("mro")):
            raise wire.WireError("malformed handle")
        dunders = info.get("dunders")
        if type(dunders) is not list or not all(type(name) is str and DUNDER.match(name) for name in dunders):
            raise wire.WireError("malformed handle")
        checked = {"mro": info["mro"], "dunders": dunders[:100], "callable": info.get("callable") is True}
        if type(info.get("class")) is str:
            checked["class"] = info["class"][:200]
            checked["bases"] = info["bases"] if kinds.check_mro(info.get("bases")) else []
        found = self.link.standins.get(number)
        if found is None:
            found = standin.make(self.link, number, checked)
            self.link.standins[number] = found
            self.link.known.add(number)
        return found

    def _other_ec(self, depth, mro):
        if not kinds.check_mro(mro):
            raise wire.WireError("malformed class")
        return kinds.exception(mro, self.link._own_error)

    def _other_lib(self, depth, module, name):
        found = kinds.find(module, name)
        if found is None:
            raise wire.WireError(f"no class that the tester knows: {str(module)[:80]}.{str(name)[:80]}")
        return found

    def _other_nt(self, depth, name, fields, *items):
        import collections

        made = collections.namedtuple(name, fields, rename=False)  # it refuses what is no identifier
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
        self.link.rebuilt[number, "handle"] = self._other_h(depth, *handle[1:])
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
            raise wire.WireError("malformed picture")
        return PIL.Image.frombytes(mode, (int(size[0]), int(size[1])), self.bytes(index))


OTHER = frozenset(name[7:] for name in vars(TesterDecoder) if name.startswith("_other_"))


def _encode(encoder, key, value):
    if key == "args":
        return [encoder.node(item) for item in value]
    if key == "kwargs":
        return {name: encoder.node(item) for name, item in value.items()}
    return encoder.node(value)


def _error_attribute(self, name):
    remote = self.__dict__.get("__cvgrade_remote__")
    if remote is None or (name.startswith("__") and name.endswith("__")):
        raise AttributeError(name)
    return getattr(remote, name)


def _score(target, kind, inputs, truth):
    """scikit-learn's `score`, from predictions of the student's model and the tester's truth."""
    from sklearn import base, metrics

    predicted = target.predict(inputs)
    if issubclass(kind, base.ClassifierMixin):
        return float(metrics.accuracy_score(truth, predicted))
    return float(metrics.r2_score(truth, predicted))
