"""Fetch files from a folder or a web address: each verified after it is written, resumed where it stopped."""

import errno
import shutil
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cvlib.datasets.checksum import wrong
from cvlib.datasets.errors import BadFileError, UnreachableError, writing
from cvlib.datasets.progress import Progress
from cvlib.datasets.sources import Folder, Web

THREADS = 16
#: Tries in a row that may bring nothing: of the first file if there is a fallback, and of any other.
FEW_TRIES, TRIES = 2, 6
#: Bad files after which the source itself is taken for bad.
BAD_FILES = 5


def fetch(files, base, folder, title, patient=True, pause=1.0):
    """Fetch files into a folder; those that are there already, whole and right, are not fetched again.

    Each file is written as `<name>.part`, read back, compared with its size and sha256, and only then given
    its name. A broken transfer leaves the `.part`, and the next try or run asks for the rest of it.

    Args:
        files: the dataset's `catalogue.File`s.
        base: a folder, or an http(s) or file address, below which their paths lie.
        folder: where to write them, each at its `place`.
        title: of the dataset, for the progress bar and the messages.
        patient: keep trying for half a minute when the source does not answer at first; False gives up soon.
        pause: seconds before the second try; each later one waits twice as long.

    Raises:
        UnreachableError: if the source does not answer, or stops answering.
        BadFileError: if it lacks files or sends others than the manifest names; every one is named.
        CacheError: if the disk is full or cannot be written; the message says what to do.
    """
    folder = Path(folder)
    todo = [file for file in files if wrong(folder / file.place, file) is not None]
    if not todo:
        return
    size = sum(file.bytes for file in files)
    rest = sum(file.bytes for file in todo)
    with writing(folder, title, rest):
        for parent in {(folder / file.place).parent for file in todo}:
            parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < rest:
            raise OSError(errno.ENOSPC, "not enough space")
    local = local_folder(base)
    if local is not None and not local.is_dir():
        raise UnreachableError(f"there is no folder {local}")
    progress = Progress(title, size, size - rest)
    source = Folder(local) if local is not None else Web(base, pause)
    try:
        with source:
            _fetch_all(todo, source, folder, title, rest, patient, progress)
    except BaseException:
        progress.close("")
        raise
    progress.close(f"{title}: {len(files):,} files, {size / 1e6:,.1f} MB, each verified.")


def local_folder(base):
    """The folder that a base names, or None if it is a web address.

    Raises:
        ValueError: if it is an address of another kind.
    """
    base = str(base)
    if "://" not in base:
        return Path(base).expanduser()
    parts = urlsplit(base)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if parts.scheme in ("http", "https"):
        return None
    raise ValueError(f"{base!r} must be a folder, or an address that begins http://, https:// or file://")


def _fetch_all(todo, source, folder, title, needed, patient, progress):
    stop = threading.Event()
    bad = []

    def one(file, tries):
        with writing(folder, title, needed):
            source.fetch(file, folder / file.place, tries, stop, progress)

    def collect(work):
        try:
            work()
        except BadFileError as error:
            bad.extend(error.files)

    collect(lambda: one(todo[0], TRIES if patient else FEW_TRIES))  # is the source there at all?
    pool = ThreadPoolExecutor(THREADS)
    pending = {pool.submit(one, file, TRIES) for file in todo[1:]}
    try:
        while pending and len(bad) < BAD_FILES:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                collect(future.result)
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
    if bad:
        lines = "".join(f"\n  {path}: {reason}" for path, reason in bad)
        raise BadFileError(f"files from {source.base} were refused:{lines}", bad)
