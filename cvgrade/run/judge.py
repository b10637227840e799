"""The station: two walled-in fork servers, and `judge`, which has a submission run between them."""

import contextlib
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

from cvgrade.run import sandbox as walls
from cvgrade.run.collected import MARGIN_SECONDS, Collected
from cvgrade.run.plan import Job
from cvgrade.run.server import Server, StationError

__all__ = ["Station", "StationError"]

TESTER_MEMORY_MB = 4096


class Station:
    """Runs and judges submissions, as many at a time as there are threads that call `judge`.

    Args:
        libraries: modules that both sides load before they fork, such as ("numpy", "tensorflow", "keras").
        packages: folders of course packages, such as that of `cvlib`, visible read-only on both sides.
        sandbox: "bubblewrap", or "none" to run submissions unprotected, with this process's own rights.
        folders: dict from a path inside the sandbox to a folder of this machine, read-only, for both sides.
        environment: dict of environment variables for both sides.

    Raises:
        sandbox.SandboxError: if bubblewrap is missing or does not work; the message says what to do.

    Example:
        >>> with Station(libraries=("numpy",)) as station:  # doctest: +SKIP
        ...     result = station.judge(plan(source, submission, "amara"))
    """

    def __init__(self, libraries=(), packages=(), sandbox="bubblewrap", folders=None, environment=None):
        if sandbox not in ("bubblewrap", "none"):
            raise ValueError(f'sandbox must be "bubblewrap" or "none", got {sandbox!r}')
        self.libraries, self.packages, self.sandbox = tuple(libraries), tuple(packages), sandbox
        self.folders, self.environment = folders, environment
        self.servers, self.lock = {}, threading.Lock()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Start both fork servers and wait until they have loaded the libraries; returns the station."""
        if self.sandbox == "bubblewrap":
            walls.check()
        with self.lock:
            if not self.servers:
                servers = {role: Server(role, self) for role in ("student", "tester")}
                try:
                    for server in servers.values():
                        server.wait()
                except BaseException:
                    for server in servers.values():
                        server.stop()
                    raise
                self.servers = servers
        try:
            self._judge(Job("none", "none", "nobody"))
        except StationError as error:  # the outer wall stands, but there are no boxes inside it
            said = " ".join(server.said() for server in self.servers.values())
            self.stop()
            hint = walls.NAMESPACES if self.sandbox != "none" else ""
            raise walls.SandboxError(
                f"no submission can be run here: {error} {said} {hint}".strip()
            ) from None
        return self

    def stop(self):
        """End both fork servers and everything in them."""
        with self.lock:
            for server in self.servers.values():
                server.stop()
            self.servers = {}

    @property
    def versions(self):
        """Versions of Python and the libraries inside."""
        return dict(self.servers["student"].versions) if self.servers else {}

    def judge(self, job):
        """Run a submission and judge it. May be called from several threads at once.

        Args:
            job: a `Job`.

        Returns:
            A `Result`, whatever the submission does.

        Raises:
            StationError: if the sandbox or a fork server failed, not the submission.
            ValueError: if the job needs course packages that the station was not given.
        """
        here = {Path(package).resolve() for package in self.packages}
        missing = [str(package) for package in job.packages if Path(package).resolve() not in here]
        if missing:
            raise ValueError(f"the job needs {', '.join(missing)}: start the Station with packages=(…)")
        for attempt in (1, 2):
            self._revive()
            try:
                return self._judge(job)
            except StationError as error:
                if attempt == 2:
                    said = " ".join(server.said() for server in self.servers.values())
                    raise StationError(f"{error} {said}".strip()) from None
        return None

    def _revive(self):
        with self.lock:
            if not self.servers:
                raise StationError("the station is not started: use it in a `with` block, or call start()")
            for role, server in list(self.servers.items()):
                if server.process.poll() is not None:
                    server.stop()
                    self.servers[role] = fresh = Server(role, self)
                    fresh.wait()

    def _judge(self, job):
        start = time.monotonic()
        limits = job.limits.to_json()
        tester_limits = {
            **limits,
            "memory_mb": max(TESTER_MEMORY_MB, 2 * job.limits.memory_mb),
            "processes": 4 * job.limits.processes,
            "open_files": 1024,
            "disk_mb": 2 * job.limits.disk_mb + 64,
            "total_seconds": 4 * job.limits.total_seconds + MARGIN_SECONDS,
        }
        with contextlib.ExitStack() as stack:
            pairs = [[stack.enter_context(end) for end in socket.socketpair()] for _ in range(4)]
            (near, wire_end), (warden, warden_end), (judge, judge_end), (own, own_end) = pairs
            folder = stack.enter_context(_work_folders(self.sandbox))
            for role, ends, its in (
                ("student", (wire_end, warden_end), limits),
                ("tester", (judge_end, own_end, near, warden), tester_limits),
            ):
                self.servers[role].fork({"limits": its, "work": folder and f"{folder}/{role}"}, ends)
            for end in (near, wire_end, warden, warden_end, judge_end, own_end):
                end.close()
            found = Collected(job)
            try:
                found.collect(judge, time.monotonic() + 2 * job.limits.total_seconds + MARGIN_SECONDS)
            finally:
                with contextlib.suppress(OSError):
                    own.send(b"k")
        return found.result(time.monotonic() - start, self.versions)


@contextlib.contextmanager
def _work_folders(sandbox):
    """Folders to work in where there is no wall with a private home behind it."""
    if sandbox != "none":
        yield None
        return
    folder = tempfile.mkdtemp(prefix="cvgrade-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
