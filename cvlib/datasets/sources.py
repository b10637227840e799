"""Where files come from: a folder, or a web address that may break off or send the wrong thing."""

import os
import random
import shutil
import threading
from urllib.parse import quote, urlsplit

from cvlib.datasets.checksum import wrong
from cvlib.datasets.errors import BadFileError, UnreachableError

CHUNK = 1 << 16
#: Seconds to wait for a connection, and for each piece of an answer.
TIMEOUT = (6, 30)


class Folder:
    """Files of a mirror that lies on a disk."""

    def __init__(self, base):
        self.base = base

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def fetch(self, file, target, tries, stop, progress):
        """Copy a file, read the copy back, and only then give it its name."""
        if stop.is_set():
            return
        origin = self.base / file.path
        if (reason := wrong(origin, file)) is not None:
            raise BadFileError(f"{origin}: {reason}", [(file.path, reason)])
        part = part_of(target)
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


class Web:
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

        part, failed, refused = part_of(target), 0, None
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


def part_of(target):
    """Where a file grows until it is whole."""
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
