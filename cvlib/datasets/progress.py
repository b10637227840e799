"""A progress bar on standard output: in a graded cell, anything on standard error costs marks."""

import sys
import threading
import time


class Progress:
    """One line that says how far a transfer is: rewritten in a terminal or notebook, every tenth elsewhere.

    Args:
        title: what is transferred.
        total: bytes in all.
        done: bytes that were there before.
    """

    def __init__(self, title, total, done=0):
        self.title, self.total, self.done = title, total, done
        self.start, self.begun = time.monotonic(), done
        self.shown, self.tenth, self.width = 0.0, -1, 0
        self.lock = threading.Lock()
        self.live = sys.stdout.isatty() or type(sys.stdout).__module__.startswith("ipykernel")

    def add(self, count):
        """Count bytes more; negative for bytes that must be fetched again."""
        with self.lock:
            self.done += count
            now = time.monotonic()
            if self.live and now - self.shown >= 0.2:
                self.shown = now
                self._rewrite(self._line(now))
            elif not self.live and now - self.start > 5 and self.done * 10 // self.total > self.tenth:
                self.tenth = self.done * 10 // self.total
                print(self._line(now), flush=True)

    def close(self, message):
        """Replace the bar by a last line; an empty message only wipes it."""
        with self.lock:
            if self.live and self.width:
                self._rewrite("")
                print("\r", end="")
            if message:
                print(message, flush=True)

    def _line(self, now):
        share = min(1.0, self.done / max(1, self.total))
        bar = "#" * round(20 * share) + "." * (20 - round(20 * share))  # any console can print these
        speed = (self.done - self.begun) / max(1e-3, now - self.start)
        left = (self.total - self.done) / speed if speed > 0 else 0
        wait = f", {left:.0f} s left" if speed > 0 and left >= 1 else ""
        return f"{self.title} {bar} {share:4.0%} of {self.total / 1e6:,.0f} MB, {speed / 1e6:.1f} MB/s{wait}"

    def _rewrite(self, line):
        print("\r" + line.ljust(self.width), end="", flush=True)
        self.width = len(line)
