"""One fork server behind its wall, as the station sees it."""

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cvgrade.run import sandbox as walls

START_SECONDS = 180


class StationError(RuntimeError):
    """The station, not a submission, failed: nothing was judged, and the job can be judged again."""


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


_launchers = {}


def _launch(line, **options):
    """Start a process from a thread that lasts: bubblewrap dies with the thread that started it."""
    launcher = _launchers.setdefault(os.getpid(), None) or ThreadPoolExecutor(1, "cvgrade-launcher")
    _launchers[os.getpid()] = launcher
    return launcher.submit(subprocess.Popen, line, **options).result()
