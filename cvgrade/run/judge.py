"""The station: two walled-in fork servers, and `judge`, which has a submission run between them."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from cvgrade.run import sandbox as walls
from cvgrade.run import wire
from cvgrade.run.outputs import clean
from cvgrade.run.plan import STATUSES, Job, Result, Verdict

START_SECONDS = 180
MARGIN_SECONDS = 120
MOST_EVENT = 1 << 20
TESTER_MEMORY_MB = 4096


class StationError(RuntimeError):
    """The station, not a submission, failed: nothing was judged, and the job can be judged again."""


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
            found = _Collected(job)
            try:
                found.collect(judge, time.monotonic() + 2 * job.limits.total_seconds + MARGIN_SECONDS)
            finally:
                with contextlib.suppress(OSError):
                    own.send(b"k")
        return found.result(time.monotonic() - start, self.versions)


class Server:
    """One fork server behind its wall.

    Args:
        role: "student" or "tester".
        station: the `Station` that it belongs to.
    """

    def __init__(self, role, station):
        self.role, self.lock, self.versions = role, threading.Lock(), {}
        self.sock, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        boxed, passed = station.sandbox != "none", []
        if boxed:
            line, passed = walls.command(
                inside.fileno(), role, station.packages, station.folders, station.environment
            )
            environment, path = None, [walls.CODE, walls.COURSE]
        else:
            line = walls.python(inside.fileno(), str(walls.HERE.parent.parent))
            environment = {
                **walls.variables(),
                "TMPDIR": tempfile.gettempdir(),
                **(station.environment or {}),
            }
            path = [str(Path(package).resolve().parent) for package in station.packages]
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  (closed by stop)
        self.process = _launch(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self.log,
            pass_fds=(inside.fileno(), *passed),
            env=environment,
            start_new_session=True,
        )
        inside.close()
        for descriptor in passed:
            os.close(descriptor)
        settings = {
            "role": role,
            "sandbox": station.sandbox,
            "libraries": station.libraries,
            "path": path,
            "packages": walls.package_folders(),
            "uid": walls.UID if boxed and walls.is_root() else 0,
        }
        self.sock.send(json.dumps(settings).encode())

    def wait(self):
        """Wait until it is ready.

        Raises:
            StationError: if it fails to start.
        """
        self.sock.settimeout(START_SECONDS)
        try:
            answer = json.loads(self.sock.recv(1 << 16) or b'{"ready": false, "error": "it ended"}')
        except OSError as error:
            answer = {"ready": False, "error": str(error)}
        self.sock.settimeout(10)
        if not answer["ready"]:
            said = self.said()
            self.stop()
            raise StationError(
                f"the {self.role} fork server did not start: {answer['error']}. {said}".strip()
            )
        self.versions = answer["versions"]

    def fork(self, request, ends):
        """Have a worker forked that gets these sockets."""
        try:
            with self.lock:
                socket.send_fds(self.sock, [json.dumps(request).encode()], [end.fileno() for end in ends])
        except OSError as error:
            raise StationError(f"the {self.role} fork server is gone: {error}") from None

    def said(self):
        """The end of what it wrote to its log."""
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), 2000, max(0, size - 2000)).decode(errors="replace").strip()

    def stop(self):
        """End it, and with it all its workers."""
        self.sock.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class _Collected:
    """What the tester told so far."""

    def __init__(self, job):
        self.job = job
        self.verdicts, self.outputs, self.notes = {}, {}, []
        self.room = 2 * job.limits.output_bytes + 100_000
        self.peak, self.ready, self.done, self.why = 0.0, False, False, None

    def collect(self, judge, deadline):
        """Read events until the tester is done, gone or too late."""
        files, hidden = self.job.files, self.job.hidden_files
        text = {**replace(self.job, files={}, hidden_files={}).to_json()}
        document = {"job": text, "files": list(files), "hidden_files": list(hidden)}
        try:
            data = wire.pack(document, [*files.values(), *hidden.values()], 4 << 30)
            wire.send_bytes(judge, data, time.monotonic() + MARGIN_SECONDS)
            while not self.done:
                event, _ = wire.receive(judge, deadline, most=MOST_EVENT)
                try:
                    self._take(event)
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    raise wire.WireError(f"an event that is none: {type(error).__name__}") from None
        except wire.Timeout:
            self.why = "the tester took too long"
        except wire.WireError as error:
            self.why = self.why or f"the tester ended: {error}"
        if not self.ready:
            raise StationError(f"the submission of {self.job.student} was not run: {self.why}")

    def _take(self, event):
        kind = event.get("event")
        if kind == "ready":
            self.ready = True
        elif kind == "verdict":
            verdict = Verdict.from_json(event["verdict"])
            if verdict.status in STATUSES and 0 <= verdict.score <= verdict.points:
                self.verdicts.setdefault(verdict.grade_id, verdict)
        elif kind == "outputs":
            self.outputs[str(event["cell_id"])], self.room = clean(event["outputs"], self.room)
        elif kind == "failed":
            self.why, self.done = str(event["why"]), True
        elif kind == "done":
            self.peak, self.done = float(event["peak"]), True
            self.notes += [str(note)[:1000] for note in event["notes"]][:200]

    def result(self, seconds, versions):
        """The `Result`; a graded cell without a verdict gets none of its points."""
        verdicts = []
        for step in self.job.steps:
            if step.kind != "test" and not step.manual:
                continue
            name = step.grade_id or step.cell_id
            missing = Verdict(name, step.points, 0.0, "crashed", f"Not judged: {self.why}.")
            verdicts.append(replace(self.verdicts.get(name, missing), points=step.points))
        if self.why:
            self.notes.append(self.why)
        return Result(
            self.job.student,
            self.job.notebook,
            tuple(verdicts),
            self.outputs,
            tuple(self.notes),
            seconds,
            self.peak,
            versions,
        )


_launchers = {}


def _launch(line, **options):
    """Start a process from a thread that lasts: bubblewrap dies with the thread that started it."""
    launcher = _launchers.setdefault(os.getpid(), None) or ThreadPoolExecutor(1, "cvgrade-launcher")
    _launchers[os.getpid()] = launcher
    return launcher.submit(subprocess.Popen, line, **options).result()


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
