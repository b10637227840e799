"""The student's side: it runs the student's cells and answers what the tester asks.

Everything here lives in one process with the student's code, which can change any of it. Nothing here is
trusted: the tester checks what comes back. What this file owes is honest answers for honest work.

A request is `{"seq", "op", …}`; its answer `{"seq", "ok": node}`, `{"seq", "error": {…}}`, or, where a
function that the tester passed in is called, `{"seq", "callback": number, "args", "kwargs"}`, to which the
tester sends the outcome before the answer itself follows. Requests nest as deep as such calls do.
"""

import contextlib
import copy
import os
import random
import signal
import socket
import stat
import sys
import threading

from cvgrade.run import errors, values, wire
from cvgrade.run import shell as shells
from cvgrade.run.special import SPECIAL

MOST_FILES = 1000
FROM_TESTER = 2 << 30  # trusted: an assignment may come with large files


class Server:
    """Answers the tester over one socket."""

    def __init__(self, sock):
        self.sock = sock
        self.shell = None
        self.objects = values.Objects()
        self.busy = 0
        self.seq = 0
        self.seen = {}
        self.thread = threading.get_ident()

    def serve(self):
        """Answer until the tester goes."""
        signal.signal(signal.SIGINT, self._interrupted)
        while True:
            self._answer(*wire.receive(self.sock, most=FROM_TESTER))

    def _interrupted(self, number, frame):
        if self.busy:  # never while a message is half written
            raise KeyboardInterrupt

    def _answer(self, request, buffers):
        self.seq = seq = request["seq"]
        self.objects.free(request.get("free", ()))
        decoder = values.StudentDecoder(buffers, self.objects, self._callback)
        before = self.busy
        try:
            value = getattr(self, "_do_" + request["op"])(request, decoder)
            reply = self._ok(value) if not isinstance(value, _Ready) else value.reply
        except BaseException as error:  # a student's SystemExit or KeyboardInterrupt too
            self.busy = before
            reply = self._error(error)
        self.busy = before
        self.seq = seq
        self._send(seq, reply)

    def _ok(self, value):
        self.busy += 1  # taking a value apart can run the student's code
        try:
            encoder = values.StudentEncoder(self.objects)
            return {"ok": encoder.node(value)}, encoder.buffers
        finally:
            self.busy -= 1

    def _error(self, error):
        self.busy += 1
        try:
            encoder = values.StudentEncoder(self.objects)
            return {"error": errors.describe_error(error, encoder)}, encoder.buffers
        except BaseException as second:
            kind = type(second).__name__
            return {
                "error": {"mro": [["builtins", "RuntimeError"]], "text": f"an error without words ({kind})"}
            }, []
        finally:
            self.busy -= 1

    def _send(self, seq, reply):
        document, buffers = reply
        try:
            data = wire.pack({"seq": seq, **document}, buffers)
        except (wire.CannotCross, ValueError, TypeError) as error:
            text = f"what your code returned cannot be handed over: {error}"
            data = wire.pack(
                {
                    "seq": seq,
                    "error": {"mro": [["builtins", "TypeError"], ["builtins", "Exception"]], "text": text},
                }
            )
        wire.send_bytes(self.sock, data)

    def _callback(self, number, args, kwargs):
        """Call a function of the tester."""
        if threading.get_ident() != self.thread or not self.busy:
            raise RuntimeError(
                "a function that a test passed in can only be called while the test waits for it"
            )
        encoder = values.StudentEncoder(self.objects)
        document = {
            "callback": number,
            "args": [encoder.node(arg) for arg in args],
            "kwargs": {key: encoder.node(arg) for key, arg in kwargs.items()},
        }
        busy, self.busy = self.busy, 0
        try:
            seq = self.seq
            wire.send(self.sock, {"seq": seq, **document}, encoder.buffers)
            while True:
                reply, buffers = wire.receive(self.sock, most=FROM_TESTER)
                if "op" not in reply:
                    break
                self._answer(reply, buffers)
            self.seq = seq
            self.objects.free(reply.get("free", ()))
            decoder = values.StudentDecoder(buffers, self.objects, self._callback)
        finally:
            self.busy = busy
        if "error" in reply:
            raise errors.make_error(reply["error"])
        return decoder.value(reply["ok"])

    @contextlib.contextmanager
    def _theirs(self):
        """While the student's code runs, an interrupt may stop it; what it prints is nobody's output."""
        streams = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = shells._Stream("stdout", 1, shells.Outputs(0))
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1
            sys.stdout, sys.stderr = streams

    def _do_begin(self, request, decoder):
        files = decoder.value(request["files"])
        for name, content in files.items():
            folder = os.path.dirname(name)
            if folder:
                os.makedirs(folder, exist_ok=True)
            with open(name, "wb") as file:
                file.write(content)
        shells.catch_descriptors(os.environ.get("TMPDIR", "/tmp"))
        seed(request["seed"])
        self.shell = shells.Shell.instance()  # made before the fork
        self.shell.outputs.most = request["output_bytes"]
        self.seen = dict(_files())
        return True

    def _do_run(self, request, decoder):
        self.busy += 1
        try:
            outputs, error = self.shell.run(request["source"])
        finally:
            self.busy -= 1
        return _Ready(({"ok": error, "outputs": outputs}, []))

    def _do_get(self, request, decoder):
        try:
            return self.shell.user_ns[request["name"]]
        except KeyError:
            raise NameError(request["name"]) from None

    def _do_attr(self, request, decoder):
        with self._theirs():
            return getattr(decoder.value(request["on"]), request["name"])

    def _do_setattr(self, request, decoder):
        target, value = decoder.value(request["on"]), decoder.value(request["value"])
        with self._theirs():
            setattr(target, request["name"], value)

    def _do_delattr(self, request, decoder):
        with self._theirs():
            delattr(decoder.value(request["on"]), request["name"])

    def _do_call(self, request, decoder):
        function = decoder.value(request["on"])
        args = [decoder.value(arg) for arg in request["args"]]
        kwargs = {key: decoder.value(arg) for key, arg in request["kwargs"].items()}
        with self._theirs():
            value = function(*args, **kwargs)
        if not request.get("changes"):
            return value
        self.busy += 1
        encoder = values.StudentEncoder(self.objects)
        node = encoder.node(value)
        changed = {place: encoder.node(arg) for place, arg in enumerate(args) if values.is_mutable(arg)}
        return _Ready(({"ok": node, "changed": changed}, encoder.buffers))

    def _do_special(self, request, decoder):
        target = decoder.value(request["on"])
        args = [decoder.value(arg) for arg in request["args"]]
        with self._theirs():
            return SPECIAL[request["name"]](target, *args)

    def _do_isinstance(self, request, decoder):
        return isinstance(decoder.value(request["on"]), decoder.value(request["kind"]))

    def _do_exact(self, request, decoder):
        with self._theirs():
            return values.flatten(decoder.value(request["on"]))

    def _do_copy(self, request, decoder):
        with self._theirs():
            return copy.deepcopy(decoder.value(request["on"]))

    def _do_files(self, request, decoder):
        """Files that are new or changed since the last time."""
        found, now = {}, dict(_files())
        left = request["most"]
        for name, stamp in now.items():
            if self.seen.get(name) == stamp or stamp[1] > left:
                continue
            with contextlib.suppress(OSError), open(name, "rb") as file:
                found[name] = file.read(stamp[1])
                left -= len(found[name])
        self.seen = now
        return found


class _Ready:
    """A reply that needs no encoding."""

    def __init__(self, reply):
        self.reply = reply


def _files():
    """Name, time and size of the regular files below the working folder."""
    count = 0
    for folder, folders, names in os.walk("."):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        for name in names:
            path = os.path.normpath(os.path.join(folder, name))
            with contextlib.suppress(OSError):
                state = os.lstat(path)
                if not stat.S_ISREG(state.st_mode):
                    continue
                count += 1
                if count > 20 * MOST_FILES:
                    return
                yield path, (state.st_mtime_ns, state.st_size)


def seed(number):
    """Seed what is loaded, so that a rerun repeats its numbers."""
    random.seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number % 2**32)
    if "keras" in sys.modules:
        with contextlib.suppress(Exception):
            sys.modules["keras"].utils.set_random_seed(number)


def main(descriptor, request):
    """In a fresh worker: serve the tester on this descriptor."""
    sock = socket.socket(fileno=descriptor)
    try:
        Server(sock).serve()
    except wire.WireError:
        pass
    finally:
        os._exit(0)
