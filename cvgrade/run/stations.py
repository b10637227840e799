"""What a process needs to judge, and the stations that it keeps for that.

A worker of a cluster is told of the course once (`plugin`) and starts a station with its first task; a
process of nbgrader's own asks for one with `station`. A station is ended when its run is over, or idle.
"""

import atexit
import base64
import contextlib
import io
import json
import os
import shutil
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from cvgrade.run.judge import Station, StationError
from cvgrade.run.plan import Job

IDLE_SECONDS = 600


@dataclass(frozen=True)
class Setup:
    """What a worker needs to judge.

    Attributes:
        libraries: modules to load beforehand.
        packages: dict from a course package's name to its files, zipped.
        sandbox: "bubblewrap" or "none".
        folders: dict from a path inside the sandbox to a folder, the same on every machine.
        environment: dict of environment variables.
    """

    libraries: tuple = ()
    packages: dict = field(default_factory=dict)
    sandbox: str = "bubblewrap"
    folders: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)

    def to_json(self):
        """As text."""
        packages = {name: base64.b64encode(data).decode() for name, data in self.packages.items()}
        return json.dumps({**self.__dict__, "packages": packages}, sort_keys=True)

    @classmethod
    def from_json(cls, text):
        """The inverse of `to_json`."""
        data = json.loads(text)
        packages = {name: base64.b64decode(zipped) for name, zipped in data["packages"].items()}
        return cls(**{**data, "libraries": tuple(data["libraries"]), "packages": packages})


def pack_folder(folder):
    """A course package as a ZIP file, the same bytes for the same files.

    Args:
        folder: of the package, such as `cvlib/`.
    """
    out, folder = io.BytesIO(), Path(folder)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                info = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                info.external_attr = 0o644 << 16
                archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


class _Post:
    """One station of this process, shared by its threads."""

    def __init__(self, text):
        setup = Setup.from_json(text)
        self.used, self.busy = time.monotonic(), 0
        self.folder = tempfile.mkdtemp(prefix="cvgrade-course-")
        try:
            packages = []
            for name, data in setup.packages.items():
                packages.append(os.path.join(self.folder, name))
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    archive.extractall(packages[-1])
            os.chmod(self.folder, 0o755)
            self.station = Station(
                setup.libraries, packages, setup.sandbox, setup.folders, setup.environment
            ).start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def leave(self):
        self.station.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class _Posts:
    """This process's stations: each started by the first task that needs it, ended when its run is over."""

    def __init__(self):
        self.lock, self.posts = threading.Lock(), {}

    @contextlib.contextmanager
    def at(self, text):
        with self.lock:
            post = self.posts.get(text)
            if post is None:
                self._leave_idle()
                post = self.posts[text] = _Post(text)
            post.busy += 1
        try:
            yield post.station
        finally:
            with self.lock:
                post.busy, post.used = post.busy - 1, time.monotonic()

    def leave_idle(self):
        """End what nobody has used for long, such as the station of a run that was killed."""
        with self.lock:
            self._leave_idle()

    def _leave_idle(self):
        idle = time.monotonic() - IDLE_SECONDS
        for name, post in list(self.posts.items()):
            if not post.busy and post.used < idle:
                self.posts.pop(name).leave()

    def leave(self, text=None):
        with self.lock:
            for name in [text] if text else list(self.posts):
                if name in self.posts:
                    self.posts.pop(name).leave()


_POSTS = _Posts()
_SETUPS = {}
atexit.register(_POSTS.leave)


class _Course:
    """dask's way of telling each worker something once, also those that join later."""

    idempotent = True

    def __init__(self, name, text):
        self.name, self.text = name, text

    def setup(self, worker):
        _SETUPS[self.name] = self.text

    def teardown(self, worker):
        _SETUPS.pop(self.name, None)
        _POSTS.leave(self.text)


@contextlib.contextmanager
def station(setup):
    """A started station of this process, kept for who asks next, and ended when nobody does.

    Args:
        setup: `Setup`.
    """
    try:
        with _POSTS.at(setup.to_json()) as started:
            yield started
    finally:
        timer = threading.Timer(IDLE_SECONDS + 1, _POSTS.leave_idle)
        timer.daemon = True
        timer.start()


def judge(name, job, files, hidden):
    """The task: a job in, a result out, both as text."""
    if name not in _SETUPS:
        raise StationError("this worker was not told of the course yet")
    job = replace(Job.from_json(json.loads(job)), files=files, hidden_files=hidden)
    with _POSTS.at(_SETUPS[name]) as station:
        return json.dumps(station.judge(job).to_json())


def plugin(name, text):
    """The `WorkerPlugin` that tells workers of a course.

    Args:
        name: what tasks call it.
        text: `Setup.to_json()`.
    """
    from distributed import WorkerPlugin

    class Course(_Course, WorkerPlugin):
        pass

    return Course(name, text)
