"""Share a batch among threads, with OpenCV kept from starting more of its own."""

import functools
import itertools
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from cvlib._opencv import cv2

_own = threading.local()
_lock = threading.Lock()
_inside = 0
_before = 0


def available():
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _enter():
    """OpenCV works in the calling thread alone, until as many have left as entered."""
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _inside += 1


def _leave():
    global _inside
    with _lock:
        _inside -= 1
        if _inside == 0:
            cv2.setNumThreads(_before)


def scratch(name, shape, dtype=np.uint8):
    """An array of this thread's own, warm in its processor's cache; the next call for `name` reuses it."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    kept = _own.__dict__.get(name)
    if kept is None or kept.size < size:
        kept = _own.__dict__[name] = np.empty(size, np.uint8)
    return kept[:size].view(dtype).reshape(shape)


@functools.cache
def _pool(threads):
    return ThreadPoolExecutor(threads, thread_name_prefix="cvlib-data")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork


class Job:
    """Calls of `function(i)` for every i below `count`, each thread taking the next one that is left.

    Args:
        function: called with an index; what it returns is dropped.
        count: how many.
        threads: how many threads; one is the caller's own, and the work is then done at once.
    """

    def __init__(self, function, count, threads):
        self._process, self._futures, self._failed = os.getpid(), [], []
        indices = itertools.count()  # its next() is atomic in CPython
        failed = self._failed
        workers = min(threads, count)
        left = itertools.count(1)

        def work():
            try:
                while not failed and (index := next(indices)) < count:
                    try:
                        function(index)
                    except BaseException as error:  # told to whoever waits
                        failed.append((index, error))
            finally:
                if next(left) == workers:
                    _leave()

        _enter()
        if workers == 1:
            work()
        else:
            self._futures = [_pool(threads).submit(work) for _ in range(workers)]

    def is_mine(self):
        """Whether this process started the job (its threads do not survive a fork)."""
        return self._process == os.getpid()

    def wait(self):
        """Return when all is done.

        Raises:
            The error of the lowest index that raised one; indices above it may not have been reached.
        """
        for future in self._futures:
            future.result()
        if self._failed:
            raise min(self._failed, key=lambda pair: pair[0])[1]
