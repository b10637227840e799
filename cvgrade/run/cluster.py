"""Many submissions on many processors: dask.distributed carries submissions out and verdicts back.

By default a cluster of this machine alone. With the address of a scheduler, every machine whose `dask worker`
has joined it; these need cvgrade, the libraries and bubblewrap, but no disk in common: a task brings the
submission and takes the verdict, and the course's own packages travel once to each worker. What crosses is
JSON and bytes.

A worker that is lost is replaced or done without, and what it had is run again elsewhere.
"""

import atexit
import base64
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from cvgrade.run.judge import Station, StationError
from cvgrade.run.plan import Job, Result
from cvgrade.run.sandbox import SandboxError

THREADS = 8  # submissions at a time in one process: they share the loaded libraries
AHEAD = 2  # tasks waiting for each thread: enough to keep it busy, few enough to keep memory flat
LOST_SECONDS = 30
RETRIES = 3
IDLE_SECONDS = 600
CLOSE_SECONDS = 2


class ClusterError(RuntimeError):
    """The cluster cannot be had or was lost; the message says what to do."""


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


# On the worker ------------------------------------------------------------------------------------


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
                idle = time.monotonic() - IDLE_SECONDS  # of a run that was killed
                for old, other in list(self.posts.items()):
                    if not other.busy and other.used < idle:
                        self.posts.pop(old).leave()
                post = self.posts[text] = _Post(text)
            post.busy += 1
        try:
            yield post.station
        finally:
            with self.lock:
                post.busy, post.used = post.busy - 1, time.monotonic()

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


def _judge(name, job, files, hidden):
    """The task: a job in, a result out, both as text."""
    if name not in _SETUPS:
        raise StationError("this worker was not told of the course yet")
    job = replace(Job.from_json(json.loads(job)), files=files, hidden_files=hidden)
    with _POSTS.at(_SETUPS[name]) as station:
        return json.dumps(station.judge(job).to_json())


# On the machine that has the course ---------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        key: as it was given.
        result: `Result`, or None where it could not be run at all.
        reason: why not.
    """

    key: str
    result: Result | None = None
    reason: str = ""


class Cluster:
    """A cluster for the length of a `with` block.

    Args:
        setup: `Setup`.
        workers: submissions at a time on this machine; by default one for each processor.
        scheduler: address of a dask scheduler, such as "tcp://10.0.0.5:8786"; by default a cluster of this
            machine alone.
        report: called with a line of text worth knowing.

    Raises:
        ClusterError: if dask is not installed or the scheduler does not answer.

    Example:
        >>> with Cluster(Setup(libraries=("numpy",)), workers=4) as cluster:  # doctest: +SKIP
        ...     for outcomes in cluster.run((key, job) for key, job in jobs):
        ...         print(outcomes)
    """

    def __init__(self, setup, workers=None, scheduler=None, report=lambda line: None):
        self.text, self.report = setup.to_json(), report
        self.name = "cvgrade-" + hashlib.sha256(self.text.encode()).hexdigest()[:16]
        self.workers, self.scheduler = workers or _processors(), scheduler
        self.cluster = self.client = None

    def __enter__(self):
        try:
            import dask
            import distributed
        except ImportError:
            raise ClusterError(
                "dask.distributed, which carries submissions to workers, is not installed: "
                "pip install 'cvlib-course[grade]'"
            ) from None
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 10,
                "distributed.comm.retry.count": 2,
                "distributed.admin.large-graph-warning-threshold": "4GB",
            }
        )
        _quiet()
        try:
            if self.scheduler is None:
                self._start_here(distributed)
            self.client = distributed.Client(
                self.scheduler or self.cluster, timeout=LOST_SECONDS, set_as_default=False
            )
            self.client.register_plugin(_plugin(self.name, self.text))
            if self.scheduler is not None:
                self._look_at_workers()
        except (OSError, TimeoutError, ValueError) as error:
            self.stop()
            where = f"the scheduler at {self.scheduler}" if self.scheduler else "a cluster on this machine"
            raise ClusterError(
                f"no connection to {where}: {error}. Start one with `dask scheduler`, and on each machine "
                "`dask worker ADDRESS --nthreads N`, or leave --scheduler out"
            ) from error
        except KeyboardInterrupt:
            self.kill()
            raise
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.kill()
        else:
            self.stop()

    @property
    def threads(self):
        """How many submissions run at a time, now."""
        try:
            return sum(self.client.nthreads().values())
        except Exception:  # the scheduler is away for a moment
            return 0

    def run(self, jobs, tick=lambda: None):
        """Run jobs, as many at a time as there are threads; gives lists of `Outcome` as they are done.

        Args:
            jobs: iterable of (key, `Job`), taken only a little ahead of the work.
            tick: called about twice a second.

        Raises:
            ClusterError: if the scheduler is lost, or no worker is left.
            SandboxError: if a worker has no sandbox.
        """
        jobs, waiting, done = iter(jobs), {}, queue.SimpleQueue()
        self._seen = time.monotonic()
        threads, more = self.threads, True
        while True:
            while more and len(waiting) < AHEAD * max(1, threads):
                key, job = next(jobs, (None, None))
                if key is None:
                    more = False
                    break
                future = self._submit(key, job)
                waiting[key] = future
                future.add_done_callback(lambda future, key=key: done.put(key))
            if not waiting:
                return
            finished = _take(done, 0.5)
            threads = self._check(threads)
            tick()
            outcomes = [self._outcome(key, waiting.pop(key)) for key in finished if key in waiting]
            if outcomes:
                yield outcomes

    def kill(self):
        """End this machine's workers at once, and what is running with them; the rest in the background."""
        for worker in list(self.cluster.workers.values()) if self.cluster else ():
            with contextlib.suppress(Exception):
                worker.auto_restart = False
                os.kill(worker.process.pid, signal.SIGKILL)  # the sandboxes die with it
        threading.Thread(target=self.stop, daemon=True).start()

    def stop(self):
        """End the cluster."""
        with contextlib.suppress(Exception):
            if self.client.status == "running" and self.scheduler:
                self.client.unregister_worker_plugin(self.name)
        for part in (self.client, self.cluster):
            with contextlib.suppress(Exception):
                if part:
                    part.close(timeout=CLOSE_SECONDS)
        self.client = self.cluster = None

    def _start_here(self, distributed):
        processes = -(-self.workers // THREADS)
        shown = importlib.util.find_spec("bokeh") is not None
        self.cluster = distributed.LocalCluster(
            n_workers=processes,
            threads_per_worker=-(-self.workers // processes),
            host="127.0.0.1",
            memory_limit=0,  # the sandbox limits each submission
            dashboard_address="127.0.0.1:0" if shown else None,
            security=self._security(),
            silence_logs=40,
        )
        if shown:
            self.report(f"dashboard: {self.cluster.dashboard_link}")

    def _security(self):
        """Keys for this run alone: without them, whoever has an account here could send the workers work."""
        if importlib.util.find_spec("cryptography") is not None:
            return True
        self.report("the cluster on this machine is not closed to its other users: pip install cryptography")
        return None

    def _look_at_workers(self):
        """Wait for a first worker, and see that all run the same as this machine."""
        if not self.client.nthreads():
            self.report(f"no worker has joined {self.scheduler} yet; waiting {LOST_SECONDS} s")
            self.client.wait_for_workers(1, timeout=LOST_SECONDS)
        ours = versions()
        for worker, theirs in self.client.run(versions).items():
            differ = [
                f"{name} {theirs.get(name)}, here {ours.get(name)}"
                for name in ours
                if theirs.get(name) != ours[name]
            ]
            if differ:
                self.report(f"{worker} differs: {'; '.join(differ)}")

    def _submit(self, key, job):
        text = json.dumps(replace(job, files={}, hidden_files={}, packages=()).to_json())
        return self.client.submit(
            _judge,
            self.name,
            text,
            job.files,
            job.hidden_files,
            key=f"{self.name}-{key}",
            pure=False,
            retries=RETRIES,
        )

    def _outcome(self, key, future):
        if future.cancelled() or future.status == "cancelled":
            raise ClusterError(
                "the scheduler was lost: run the same command again, and it goes on from there"
            )
        try:
            return Outcome(key, Result.from_json(json.loads(future.result(timeout=60))))
        except SandboxError:
            raise
        except (TimeoutError, OSError) as error:
            raise ClusterError(f"the cluster was lost ({error}): run the same command again") from error
        except Exception as error:  # a worker, not a submission, failed again and again
            return Outcome(key, None, f"{type(error).__name__}: {error}")
        finally:
            future.release()

    def _check(self, threads):
        """Notice a scheduler that is gone, and workers that came or went."""
        now = time.monotonic()
        if self.client.status == "running":
            if now - self._seen >= 1:
                threads = self.threads
            if threads:
                self._seen = now
        if now - self._seen > LOST_SECONDS:
            what = "no worker is left" if self.client.status == "running" else "the scheduler does not answer"
            raise ClusterError(f"{what}: run the same command again, and it goes on from there")
        return threads


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


def versions():
    """What decides how a submission runs, on this machine: a dict from name to version."""
    found = {"python": ".".join(map(str, sys.version_info[:3])), "cvgrade": code_hash()}
    for name in (
        "numpy",
        "tensorflow",
        "keras",
        "ipython",
        "matplotlib",
        "pandas",
        "scikit-learn",
        "opencv-python",
    ):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def code_hash():
    """A hash of the code that runs and judges."""
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def _plugin(name, text):
    from distributed import WorkerPlugin

    class Course(_Course, WorkerPlugin):
        pass

    return Course(name, text)


def _take(done, seconds):
    """What is finished by now; waits a little for the first."""
    found = []
    with contextlib.suppress(queue.Empty):
        found.append(done.get(timeout=seconds))
        while True:
            found.append(done.get_nowait())
    return found


def _processors():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quiet():
    """dask tells of every worker that comes and goes; progress and errors say what matters."""
    import logging

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
