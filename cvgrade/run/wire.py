"""Messages over a socket: a JSON document and raw buffers, read strictly and within bounds."""

import json
import select
import socket
import struct
import time

MAGIC = b"CVG1"
HEADER = struct.Struct("<4sIQ")  # magic, buffers, bytes of JSON; then the length of each buffer
MOST_JSON = 32 << 20
MOST_MESSAGE = 64 << 20
MOST_BUFFERS = 20_000


class WireError(ValueError):
    """A message that is malformed, too large, too deep, or cut off."""


class CannotCross(TypeError):
    """A value that cannot go through the wall."""


class Timeout(Exception):
    """No answer in time."""


class Closed(WireError):
    """The other side is gone."""


def pack(document, buffers=(), most=MOST_MESSAGE):
    """A message as bytes.

    Args:
        document: what JSON can hold.
        buffers: list of bytes.
        most: bytes of buffers, at most.

    Raises:
        CannotCross: if the message is larger than a message may be.
    """
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    lengths = [len(buffer) for buffer in buffers]
    if len(text) > MOST_JSON or sum(lengths) > most or len(lengths) > MOST_BUFFERS:
        raise CannotCross(f"a value of more than {most >> 20} MB")
    head = HEADER.pack(MAGIC, len(lengths), len(text)) + struct.pack(f"<{len(lengths)}Q", *lengths)
    return b"".join([head, text, *buffers])


def send(sock, document, buffers=(), deadline=None):
    """Send one message; raise `Timeout` if the other side does not take it in time."""
    send_bytes(sock, pack(document, buffers), deadline)


def send_bytes(sock, data, deadline=None):
    """Send a message that `pack` made."""
    view = memoryview(data)
    while view:
        _wait(sock, select.POLLOUT, deadline)
        try:
            flags = 0 if deadline is None else socket.MSG_DONTWAIT
            view = view[sock.send(view[: 1 << 20], flags) :]
        except (BrokenPipeError, ConnectionError) as error:
            raise Closed(str(error)) from None
        except BlockingIOError:
            continue


class Reader:
    """Reads messages from a stream socket; a message whose deadline passed half-way can be read on later.

    Args:
        sock: the socket.
    """

    def __init__(self, sock):
        self.sock, self.data, self.charged = sock, bytearray(), False

    def receive(self, deadline=None, budget=None, most=MOST_MESSAGE):
        """Read one message.

        Args:
            deadline: in `time.monotonic` seconds, or None to wait for ever.
            budget: a `Budget` that the bytes are charged to, or None.
            most: bytes of buffers in the message, at most.

        Returns:
            The JSON document and the list of buffers.

        Raises:
            WireError: if the message is malformed or too large.
            Closed: if the other side is gone.
            Timeout: if it does not come in time.
        """
        self._fill(HEADER.size, deadline)
        magic, count, length = HEADER.unpack_from(self.data)
        if magic != MAGIC or count > MOST_BUFFERS or length > MOST_JSON:
            raise WireError("not a message, or one that is too large")
        start = HEADER.size + 8 * count
        self._fill(start, deadline)
        lengths = struct.unpack_from(f"<{count}Q", self.data, HEADER.size)
        if sum(lengths) > most:
            raise WireError("a message that is too large")
        total = length + sum(lengths)
        if budget is not None and not self.charged:
            budget.charge(total)
            self.charged = True
        self._fill(start + total, deadline)
        parts = []
        with memoryview(self.data) as view:
            for size in (length, *lengths):
                parts.append(bytes(view[start : start + size]))
                start += size
        self.data, self.charged = bytearray(), False
        try:
            return json.loads(parts[0], parse_constant=_no_constant), parts[1:]
        except (ValueError, RecursionError) as error:
            raise WireError(f"not JSON: {type(error).__name__}") from None

    def _fill(self, count, deadline):
        """Have so many bytes, and not one more: the rest is the next message."""
        while len(self.data) < count:
            _wait(self.sock, select.POLLIN, deadline)
            try:
                part = self.sock.recv(min(count - len(self.data), 1 << 20))
            except BlockingIOError:
                continue
            except ConnectionError as error:
                raise Closed(str(error)) from None
            if not part:
                raise Closed("the other side closed the connection")
            self.data += part


def receive(sock, deadline=None, budget=None, most=MOST_MESSAGE):
    """Read one message; see `Reader.receive`."""
    return Reader(sock).receive(deadline, budget, most)


class TooMuch(WireError):
    """More bytes in all than allowed, in messages that were right one by one."""


class Budget:
    """How many bytes may still come."""

    def __init__(self, total):
        self.left = total

    def charge(self, count):
        """Take bytes off; raise `TooMuch` when there are none left."""
        self.left -= count
        if self.left < 0:
            raise TooMuch("more bytes in all than allowed")


def _no_constant(name):
    raise ValueError(name)


def _wait(sock, event, deadline):
    if deadline is None:
        return
    poll = select.poll()
    poll.register(sock, event)
    left = deadline - time.monotonic()
    if left <= 0 or not poll.poll(max(1, int(left * 1000))):
        raise Timeout("no answer in time")
