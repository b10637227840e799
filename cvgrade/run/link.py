"""The tester's end of the wire: it asks, waits no longer than allowed, and believes little."""

import contextlib
import functools
import hashlib
import socket
import struct
import sys
import time
import weakref

from cvgrade.run import crossing, kinds, standin, wire
from cvgrade.run.faults import Gone, Malformed, OutOfMemory, StudentError, TimedOut
from cvgrade.run.raised import Raised

MOST_CALLBACKS = 100_000
MOST_SENT = 2 << 30
GRACE = 2.0  # seconds between an interrupt and the end
BUDGET = 256 << 20  # bytes of answers to one test cell
ENCODED = ("on", "value", "args", "kwargs", "files", "kind")


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
        self.seq, self.deadline, self.seconds, self.left = 0, None, 0.0, 0.0
        self.budget = wire.Budget(BUDGET)
        self.alive, self.why = True, ""
        self.models = set()  # classes of models that could not be rebuilt here
        self.in_place = False  # whether changes of arguments in place are brought back in this cell
        self.standins = weakref.WeakValueDictionary()
        self.known, self.functions, self.callbacks, self.raised = set(), {}, 0, Raised()
        self.rebuilt = {}
        self.touched = 0  # how often the student's code ran: values seen before may have changed since
        self.fault = None  # the worst that happened during this cell, whatever the test makes of it

    # One question and its answer

    def begin_cell(self, seconds):
        """A new cell: so much time of the student's process and so many bytes for it."""
        self.seconds = self.left = seconds
        self.budget, self.fault, self.callbacks = wire.Budget(BUDGET), None, 0

    def ask(self, op, **request):
        """The decoded answer to a request whose values are encoded here."""
        encoder = crossing.TesterEncoder(self)
        request = {
            key: _encode(encoder, key, value) if key in ENCODED else value for key, value in request.items()
        }
        reply, buffers = self._exchange({"op": op, **request}, encoder.buffers)
        if op == "run":
            return reply
        return self._outcome(reply, buffers)

    def _exchange(self, request, buffers):
        """Ask and wait; only the time that the student's process takes is charged to it."""
        if not self.alive:
            raise Gone(self.why)
        start, outer = time.monotonic(), self.deadline
        self.deadline = start + self.left if outer is None else outer
        try:
            return self._exchange_until(request, buffers)
        finally:
            if outer is None:
                self.left = max(0.0, self.left - (time.monotonic() - start))
            self.deadline = outer

    def _exchange_until(self, request, buffers):
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
        if isinstance(error, wire.TooMuch):
            self.fault = "crashed"
            self.end(f"it sent more than {BUDGET >> 20} MB to one test")
            raise Gone(self.why) from None
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
        if not self.in_place:
            return self.ask("call", on=target, args=list(args), kwargs=kwargs)
        encoder = crossing.TesterEncoder(self)
        request = {"on": target, "args": list(args), "kwargs": kwargs}
        request = {key: _encode(encoder, key, value) for key, value in request.items()}
        reply, buffers = self._exchange({"op": "call", "changes": True, **request}, encoder.buffers)
        value = self._outcome(reply, buffers)
        for place, argument in enumerate(args):
            changed = reply["changed"].get(str(place)) if type(reply.get("changed")) is dict else None
            if changed is not None:
                crossing.put_back(argument, self._outcome({"ok": changed}, buffers))
        return value

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

    def note_model(self, mro):
        """Remember a Keras model that is known only by what the student's process says of it."""
        keras = sys.modules.get("keras")
        kind = kinds.find(*next((entry[:2] for entry in mro if entry[0].startswith("keras.")), ("", "")))
        if keras is not None and kind is not None and issubclass(kind, keras.Model):
            self.models.add(mro[0][1][:100])

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
        """`score` and `evaluate` get the right answers: they are never asked of the student's process."""
        kind = type(None) if not standin.isinstance_of_standin(target) else target.__class__
        roots = {part.__module__.partition(".")[0] for part in kind.__mro__}
        if name == "score" and "sklearn" in roots:
            return functools.partial(_score, target, kind)
        if name in ("evaluate", "test_on_batch") and roots & {"keras", "tensorflow"}:
            raise TypeError(
                f"{name}() of a model with the student's own classes would believe the student's process: "
                "compute the metric in the test from model.predict(…)"
            )
        return None

    # Answers

    def _outcome(self, reply, buffers):
        decoder = crossing.TesterDecoder(self, buffers)
        try:
            if "error" in reply:
                error = self.raised.make(reply["error"], decoder)
            elif "ok" in reply:
                return decoder.value(reply["ok"])
            else:
                raise wire.WireError("neither a value nor an error")
        except (wire.WireError, RecursionError) as malformed:
            self.fault = "tampered"  # this answer is worthless; the next may be right
            raise Malformed(str(malformed)) from None
        raise error

    def _call_back(self, seq, reply, buffers):
        """A function that the test passed in, called by the student's code; it runs here."""
        self.callbacks += 1
        if self.callbacks > MOST_CALLBACKS:
            raise wire.WireError("more callbacks than allowed")
        function = self.functions.get(reply["callback"]) if type(reply["callback"]) is int else None
        if function is None or type(reply.get("args")) is not list or type(reply.get("kwargs")) is not dict:
            raise wire.WireError("a callback that is none")
        decoder, encoder = crossing.TesterDecoder(self, buffers), crossing.TesterEncoder(self)
        args = [decoder.value(arg) for arg in reply["args"]]
        kwargs = {key: decoder.value(arg) for key, arg in reply["kwargs"].items()}
        try:
            document = {"ok": encoder.node(function(*args, **kwargs))}
        except StudentError:
            raise
        except Exception as error:
            names = [[part.__module__, part.__name__] for part in type(error).__mro__]
            document = {"error": {"mro": names, "text": str(error)[:1000]}}
            encoder = crossing.TesterEncoder(self)
        wire.send(self.sock, {"seq": seq, **document}, encoder.buffers, self.deadline)


def _encode(encoder, key, value):
    if key == "args":
        return [encoder.node(item) for item in value]
    if key == "kwargs":
        return {name: encoder.node(item) for name, item in value.items()}
    return encoder.node(value)


def _score(target, kind, inputs, truth):
    """scikit-learn's `score`, from predictions of the student's model and the tester's truth."""
    from sklearn import base, metrics

    predicted = target.predict(inputs)
    if issubclass(kind, base.ClassifierMixin):
        return float(metrics.accuracy_score(truth, predicted))
    return float(metrics.r2_score(truth, predicted))
