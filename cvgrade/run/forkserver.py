"""The fork server: one process that has loaded the heavy libraries, runs no student's code, and forks.

It lives inside bubblewrap (see `sandbox`) and obeys one socket, held by the `Station` alone. A request is a
line of JSON and up to three descriptors; each is answered by a child in a box of its own. When the socket
closes, the server ends, and with it everything inside.
"""

import contextlib
import gc
import importlib
import importlib.metadata
import json
import os
import select
import signal
import socket
import sys

MOST_REQUEST = 65536


def main(control, staged=()):
    """Serve until the control socket closes.

    Args:
        control: descriptor of a Unix SEQPACKET socket.
        staged: what each box brings back below its private mounts; see `namespaces.furnish`.
    """
    sock = socket.socket(fileno=control)
    settings = {**json.loads(sock.recv(MOST_REQUEST)), "staged": staged}
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    os.dup2(quiet, 1)
    try:
        boxed = settings["sandbox"] != "none"
        if boxed:
            _become_nobody(settings["uid"])
        sys.path[:0] = settings["path"]
        sys.path += [path for path in settings["packages"] if path not in sys.path]
        versions = _load(settings["libraries"], settings["role"])
        answer = {"ready": True, "versions": versions, "threads": len(os.listdir("/proc/self/task"))}
    except Exception as error:
        answer = {"ready": False, "error": f"{type(error).__name__}: {error}"}
    sock.send(json.dumps(answer).encode())
    if answer["ready"]:
        gc.collect()
        gc.freeze()  # children write to fewer pages
        _serve(sock, settings, boxed)


def _serve(sock, settings, boxed):
    from cvgrade.run import namespaces

    with contextlib.suppress(OSError):
        namespaces.prctl(namespaces.PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    while True:
        ready = poll.poll(1000)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not ready:
            continue
        data, descriptors, _, _ = socket.recv_fds(sock, MOST_REQUEST, 4)
        if not data:
            os._exit(0)
        _fork(sock, json.loads(data), descriptors, settings, boxed)
        for descriptor in descriptors:
            os.close(descriptor)


def _fork(sock, request, descriptors, settings, boxed):
    """Start one worker; whatever goes wrong is seen at its closed sockets."""
    try:
        middle = os.fork()
    except OSError:
        return
    if middle:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(middle, 0)
        return
    try:
        sock.close()
        from cvgrade.run import namespaces, warden

        if boxed:
            namespaces.leave_keyrings()
            namespaces.unshare()
        if os.fork():
            os._exit(0)  # the fork server adopts the first process of the box
        gc.enable()
        warden.run(request, descriptors, settings, boxed)
    except BaseException as error:
        os.write(2, f"no box: {type(error).__name__}: {error}\n".encode()[:1000])  # the station's log
    os._exit(1)


def _become_nobody(uid):
    """Inside the sandbox: bare the new /proc for the boxes to come, then give up root."""
    from cvgrade.run import namespaces

    with open("/proc/mounts") as file:
        places = [line.split(" ")[1] for line in file]
    covers = [place for place in places if place.startswith("/proc/")]
    for cover in reversed(covers):
        namespaces.check(namespaces.libc.umount2(cover.encode(), 2), f"umount {cover}")
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    namespaces.prctl(namespaces.PR_SET_DUMPABLE, 1)
    namespaces.prctl(namespaces.PR_SET_NO_NEW_PRIVS, 1)


def _load(libraries, role):
    """Import what notebooks use, and warm up what each child would else do again; returns versions."""
    gc.disable()
    sys.argv = ["grading"]
    for name in libraries:
        importlib.import_module(name)
    if role == "student":
        from cvgrade.run import shell

        shell.warm_up("matplotlib" in sys.modules)
        importlib.import_module("cvgrade.run.student")
    else:
        importlib.import_module("cvgrade.run.tester")
    if "keras" in sys.modules:
        importlib.import_module("cvgrade.run.models").warm_up()
    versions = {"python": sys.version.split()[0]}
    for name in ("numpy", "tensorflow", "keras", "matplotlib", "pandas", "ipython"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions
