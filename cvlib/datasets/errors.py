"""What can go wrong between a source and the cache, in words."""

import errno
import shutil
from contextlib import contextmanager
from pathlib import Path


class DownloadError(OSError):
    """A dataset could not be fetched; running again goes on from there."""


class CacheError(OSError):
    """The cache cannot be written; its text says why and what to do, without a number before it."""

    def __str__(self):
        return self.strerror


class UnreachableError(DownloadError):
    """The source does not answer, or is not there."""


class BadFileError(DownloadError):
    """The source answers with files that are not those of the manifest; they were refused.

    Attributes:
        files: list of (path at the source, what is wrong with it).
    """

    def __init__(self, message, files=()):
        super().__init__(message)
        self.files = list(files)


@contextmanager
def writing(folder, title, needed=None):
    """Turn a full or read-only disk into an error that says what to do.

    Raises:
        CacheError: with the same number, and a message for people.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            free = shutil.disk_usage(_existing(folder)).free
            room = f"{needed / 1e6:,.0f} MB are needed and " if needed else ""
            raise CacheError(
                error.errno,
                f"the disk is full: for {title} {room}{free / 1e6:,.0f} MB are free at {folder}. Make room, "
                "or set CVLIB_HOME to a folder on another disk, and run this again: it goes on from here",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise CacheError(
                error.errno,
                f"{folder} cannot be written ({error.strerror}): set CVLIB_HOME to a folder of yours",
            ) from error
        raise


def _existing(folder):
    folder = Path(folder)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
