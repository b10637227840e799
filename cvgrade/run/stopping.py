"""Ctrl-C and SIGTERM stop a run at once, but never in the middle of what must be done whole."""

import contextlib
import signal
import threading


class Stopping:
    """While a `with` block lasts, Ctrl-C and SIGTERM raise KeyboardInterrupt, except inside `whole`.

    A database that is interrupted between two statements keeps its lock, and the next write waits for it.
    There the interrupt waits until the write is done. A second one does not wait.

    In another thread than the main one it does nothing: signals do not arrive there. What the process was
    started to ignore, as a shell does for what runs in the background, it goes on ignoring.

    Example:
        >>> with Stopping() as stopping:
        ...     with stopping.whole():
        ...         print("both")
        ...         print("or neither")
        both
        or neither
    """

    def __init__(self):
        self._inside, self._asked, self._before = 0, False, {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextlib.contextmanager
    def whole(self):
        """What is inside is not interrupted the first time; KeyboardInterrupt is raised at its end."""
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            if self._asked and not self._inside:
                self._asked = False
                raise KeyboardInterrupt

    def _heard(self, *_):
        if self._inside and not self._asked:
            self._asked = True
            return
        self._asked = False
        raise KeyboardInterrupt
