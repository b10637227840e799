"""How far a run is: one line on stderr."""

import sys
import time


class Progress:
    """One line on stderr: how many, how fast, how long still.

    Args:
        total: how many there are.
        done: how many were there before.
        stream: by default `sys.stderr`; where it is no terminal a line is written every ten seconds.
    """

    def __init__(self, total, done=0, stream=None):
        self.total, self.done, self.before = total, done, done
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.start = self.shown = time.monotonic()

    def add(self, count):
        """So many more are done."""
        self.done += count
        self.show(self.done == self.total)

    def show(self, last=False):
        """Write the line, if it is time to."""
        now = time.monotonic()
        if not last and now - self.shown < (0.5 if self.live else 10):
            return
        self.shown = now
        text = self.text(now - self.start)
        self.stream.write(f"\r{text}\033[K" + ("\n" if last else "") if self.live else text + "\n")
        self.stream.flush()

    def text(self, seconds):
        """The line itself."""
        text, new = f"graded {self.done} of {self.total}", self.done - self.before
        if new and seconds > 0:
            rate = new / seconds
            text += f", {rate * 60:.0f} a minute"
            if self.done < self.total:
                text += f", about {duration((self.total - self.done) / rate)} left"
        return text


def duration(seconds):
    """A length of time for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
