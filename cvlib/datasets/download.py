"""Fetch files from a folder or a web address: each verified after it is written, resumed where it stopped."""

import errno
import hashlib
import os
import random
import shutil
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from cvlib.datasets.progress import Progress

THREADS = 16
CHUNK = 1 << 16
#: Seconds to wait for a connection, and for each piece of an answer.
TIMEOUT = (6, 30)
#: Tries in a row that may bring nothing: of the first file if there is a fallback, and of any other.
FEW_TRIES, TRIES = 2, 6
#: Bad files after which the source itself is taken for bad.
BAD_FILES = 5


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
    source = _Folder(local) if local is not None else _Web(base, pause)
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


def wrong(path, file):
    """What is wrong with a file on disk: None if it has the size and sha256 of the manifest."""
    digest, size = hashlib.sha256(), 0
    try:
        with open(path, "rb") as opened:
            while chunk := opened.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if size != file.bytes:
        return f"it has {size:,} bytes instead of {file.bytes:,}"
    if digest.hexdigest() != file.sha256:
        return f"its sha256 is {digest.hexdigest()[:12]}… instead of {file.sha256[:12]}…"
    return None


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


class _Folder:
    """Files of a mirror that lies on a disk."""

    def __init__(self, base):
        self.base = base

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def fetch(self, file, target, tries, stop, progress):
        if stop.is_set():
            return
        origin = self.base / file.path
        if (reason := wrong(origin, file)) is not None:
            raise BadFileError(f"{origin}: {reason}", [(file.path, reason)])
        part = _part(target)
        try:
            shutil.copyfile(origin, part)
            if (reason := wrong(part, file)) is not None:
                raise BadFileError(
                    f"{target}: after copying, {reason}", [(file.path, f"after copying, {reason}")]
                )
            os.replace(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        progress.add(file.bytes)


class _Web:
    """Files at a web address."""

    def __init__(self, base, pause):
        self.address, self.pause = str(base).rstrip("/"), pause
        parts = urlsplit(self.address)
        self.host = parts.netloc.rpartition("@")[2]  # a password has no place in a message
        self.base = f"{parts.scheme}://{self.host}{parts.path}"
        self.local, self.sessions = threading.local(), []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for session in self.sessions:
            session.close()

    def fetch(self, file, target, tries, stop, progress):
        """Try until the file is there and right; a try that brought new bytes does not count as failed."""
        import requests
        import urllib3

        part, failed, refused = _part(target), 0, None
        while not stop.is_set():
            before = part.stat().st_size if part.exists() else 0
            delay = self.pause * 2**failed * random.uniform(0.8, 1.2)
            try:
                self._transfer(file, part, stop, progress)
                failure = "the connection ended early"
            except _BusyError as error:
                failure, delay = str(error), error.delay or delay
            except (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError) as error:
                failure = _plain(error)
            if stop.is_set():
                return
            size = part.stat().st_size if part.exists() else 0
            if size >= file.bytes:
                reason = wrong(part, file)
                if reason is None:
                    os.replace(part, target)
                    return
                part.unlink()
                progress.add(-min(size, file.bytes))
                if refused:  # wrong twice, the second time from its first byte
                    raise BadFileError(f"{file.path}: {reason}", [(file.path, reason)])
                refused = reason
                continue
            failed = 0 if size > before else failed + 1
            if failed >= tries:
                raise UnreachableError(f"{self.host} does not answer: {failure}")
            stop.wait(delay)

    def _transfer(self, file, part, stop, progress):
        """One request: what is missing of a file is appended, or all of it if the server knows no ranges."""
        have = part.stat().st_size if part.exists() else 0
        if have >= file.bytes:
            return
        headers = {"Range": f"bytes={have}-"} if have else {}
        address = f"{self.address}/{quote(file.path)}"
        with self._session().get(address, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            status = answer.status_code
            if status in (408, 425, 429) or status >= 500:
                wait_for = answer.headers.get("Retry-After", "")
                raise _BusyError(
                    f"it answers {status}", min(60, int(wait_for)) if wait_for.isdigit() else None
                )
            if status == 416:
                part.unlink()
                raise _BusyError("it refused to go on with a file")
            if status not in (200, 206):
                raise BadFileError(f"{file.path}: {status}", [(file.path, f"the source answers {status}")])
            begin = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
            resumed = status == 206 and begin == str(have)
            if status == 206 and not resumed:
                part.unlink()
                raise _BusyError("it sent another part of a file than was asked for")
            if not resumed:
                progress.add(-have)
                have = 0
            length = answer.headers.get("Content-Length", "")
            if length.isdigit() and have + int(length) != file.bytes:
                part.unlink(missing_ok=True)
                reason = f"it has {have + int(length):,} bytes instead of {file.bytes:,}"
                raise BadFileError(f"{file.path}: {reason}", [(file.path, reason)])
            # Read what has come rather than wait for a whole chunk, or a broken connection would lose it.
            read = getattr(answer.raw, "read1", answer.raw.read)  # urllib3 before 2.1 has no read1
            with open(part, "ab" if resumed else "wb") as opened:
                while not stop.is_set() and have <= file.bytes and (chunk := read(CHUNK)):
                    opened.write(chunk)
                    progress.add(len(chunk))
                    have += len(chunk)

    def _session(self):
        """A connection of this thread's own, kept open between files."""
        import requests

        if not hasattr(self.local, "session"):
            self.local.session = requests.Session()
            # Without "identity" a server may compress, and bytes could not be counted or resumed.
            self.local.session.headers.update({"Accept-Encoding": "identity", "User-Agent": "cvlib-course"})
            self.sessions.append(self.local.session)
        return self.local.session


class _BusyError(Exception):
    """The server asks to come back later."""

    def __init__(self, message, delay=None):
        super().__init__(message)
        self.delay = delay


def _part(target):
    return target.with_name(target.name + ".part")


def _plain(error):
    """A network error in words."""
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate could not be verified"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused"
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    text = str(error)
    for mark, words in (
        ("NameResolution", "its name is not known here, as without a network"),
        ("getaddrinfo", "its name is not known here, as without a network"),
        ("refused", "connection refused"),
        ("unreachable", "network unreachable"),
    ):
        if mark in text:
            return words
    return "the connection broke"
