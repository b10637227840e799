"""Let one process at a time write to the cache; a process that dies lets go."""

import os
import time
from contextlib import contextmanager

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt


@contextmanager
def lock(path, waiting):
    """Hold a file lock.

    Args:
        path: the lock file; it is made and stays.
        waiting: a sentence that is printed once if another process holds the lock.

    Yields:
        None. Where the file system has no locks the block runs without: what it writes is moved into place
        in one step, so that two writers at worst do the work twice.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        said = False
        while not _try(handle):
            if not said:
                print(waiting, flush=True)
                said = True
            time.sleep(0.2)
        yield
    finally:
        os.close(handle)


def _try(handle):
    try:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # no locks here
        return True
    return True
