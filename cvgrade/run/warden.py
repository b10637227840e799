"""The first process of a box: it watches memory, passes interrupts on, and takes all with it when it goes.

It does what one socket asks (held by the tester, or for the tester's own box by the judge), one byte each:
`i` interrupts the worker, `k` ends the box, `m` asks for the peak of memory in MB. When the socket closes,
the box ends. The worker cannot trace it (it is not dumpable) nor signal it (it is process 1).
"""

import contextlib
import os
import resource
import select
import signal
import socket
import struct
import sys
import time

from cvgrade.run import namespaces

LOOK = 0.1  # seconds between two looks at memory
OVER_MEMORY, KILLED = 77, 78


def run(request, descriptors, settings, boxed):
    """Set the box up, start the worker in it, and watch it until one of them ends.

    Args:
        request: dict with `limits`.
        descriptors: the worker's socket, the warden's, and those that only the tester gets.
        settings: of the fork server.
        boxed: whether there are namespaces.
    """
    limits = request["limits"]
    control = socket.socket(fileno=descriptors[1])
    work = namespaces.WORK
    if boxed:
        os.setsid()  # where the kernel shares out time by session, each submission is one
        namespaces.furnish(limits["disk_mb"], settings["staged"])
        namespaces.prctl(namespaces.PR_SET_DUMPABLE, 0)
    else:
        work = request["work"]
        os.setsid()
        with contextlib.suppress(OSError):
            namespaces.prctl(namespaces.PR_SET_CHILD_SUBREAPER, 1)
    base = _own_memory("self")
    worker = os.fork()
    if worker == 0:
        control.close()
        try:
            _work(request, descriptors, settings, boxed, work)
        except BaseException as error:
            os.write(2, f"no worker: {type(error).__name__}: {error}\n".encode()[:1000])
        os._exit(1)
    for descriptor in (descriptors[0], *descriptors[2:]):
        os.close(descriptor)
    status = _watch(control, worker, base, limits["memory_mb"], boxed)
    _end_descendants(boxed)
    os._exit(status)


def _work(request, descriptors, settings, boxed, work):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _close_others({0, 1, 2, descriptors[0], *descriptors[2:]})
    if boxed:
        namespaces.prctl(namespaces.PR_SET_PDEATHSIG, signal.SIGKILL)
        namespaces.drop_capabilities()
        namespaces.prctl(namespaces.PR_SET_DUMPABLE, 1)
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    os.makedirs(work, exist_ok=True)
    os.chdir(work)
    _limit(request["limits"])
    _environment(settings, request, work if not boxed else namespaces.HOME)
    os.dup2(0, 2)  # nobody reads what it writes there
    if boxed:
        namespaces.refuse_system_calls()
    if settings["role"] == "student":
        from cvgrade.run import student

        student.main(descriptors[0], request)
    else:
        from cvgrade.run import tester

        tester.main(*(descriptors[index] for index in (0, 2, 3)), request)


def _limit(limits):
    """What the kernel itself enforces, for each process."""
    data = _data_bytes() + (limits["memory_mb"] << 20) + (512 << 20)  # stacks of threads count as data
    for name, value in (
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", limits["open_files"]),
        ("RLIMIT_FSIZE", limits["disk_mb"] << 20),
        ("RLIMIT_DATA", data),
        ("RLIMIT_NPROC", limits["processes"] + 4 * (os.cpu_count() or 1)),  # libraries keep idle threads
        ("RLIMIT_CPU", int(limits["total_seconds"] * max(1, limits["threads"]) * 2) + 60),
        ("RLIMIT_MEMLOCK", 0),
        ("RLIMIT_MSGQUEUE", 0),
        ("RLIMIT_STACK", 8 << 20),
    ):
        number = getattr(resource, name, {"RLIMIT_MSGQUEUE": 12}.get(name))
        if number is None:
            continue
        most = resource.getrlimit(number)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(number, (value, value))


def _environment(settings, request, home):
    os.environ["HOME"] = home
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(request["limits"]["threads"])
    os.environ.update(request.get("environment", {}))
    if settings["role"] == "student":
        sys.path.insert(0, "")  # as in Jupyter: modules beside the notebook. Never on the tester's side.


def _watch(control, worker, base, memory_mb, boxed):
    """Until the worker ends, the socket closes, or memory is used up; returns the exit status."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    peak, looked = 0.0, 0.0
    waiter = _pidfd(worker)
    if waiter is not None:
        poll.register(waiter, select.POLLIN)
    while True:
        events = poll.poll(LOOK * 1000)
        if any(descriptor == control.fileno() for descriptor, _ in events):
            asked = _asked(control)
            if asked in (b"", b"k"):
                return KILLED
            if asked == b"i":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGINT)
            elif asked == b"m":
                with contextlib.suppress(OSError):
                    control.send(struct.pack("<d", peak))
        while True:
            try:
                gone, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 0
            if gone == worker:
                return 0  # and the box ends: nothing outlives the worker
            if not gone:
                break
        now = time.monotonic()
        if now - looked >= LOOK:
            looked = now
            used = _used(base, memory_mb, boxed)
            peak = max(peak, used)
            if used > memory_mb:
                with contextlib.suppress(OSError):
                    control.send(b"MEMORY\0\0")
                return OVER_MEMORY


def _asked(control):
    try:
        return control.recv(1)
    except OSError:
        return b""


def _pidfd(pid):
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _used(base, most, boxed):
    """MB of memory of all processes but this one, beyond what they were forked with."""
    own, pids = str(os.getpid()), []
    pids = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid != own] if boxed else _descendants()
    sizes = {pid: max(0, _own_memory(pid) - base) for pid in pids}
    if sum(sizes.values()) <= most << 10:
        return sum(sizes.values()) / 1024
    # Forked processes share pages, which were counted more than once: count each page's share.
    exact = {pid: _share(pid) for pid in pids}
    shared = sum(size if exact[pid] is None else min(size, exact[pid]) for pid, size in sizes.items())
    return shared / 1024


def _own_memory(pid):
    """kB of a process that are not files'."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            text = file.read()
    except OSError:
        return 0
    total = 0
    for key in (b"RssAnon:", b"RssShmem:"):
        start = text.find(key)
        if start >= 0:
            total += int(text[start + len(key) :].split(None, 1)[0])
    return total


def _share(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return None
    keys = (b"Pss_Anon:", b"Pss_Shmem:")
    return sum(int(line.split()[1]) for line in lines if line.startswith(keys))


def _descendants():
    """Processes below this one, where there is no PID namespace to tell them."""
    parents = {}
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{pid}/stat") as file:
                parents[pid] = file.read().rsplit(")", 1)[1].split()[1]
    found, front = [], [str(os.getpid())]
    while front:
        front = [pid for pid, parent in parents.items() if parent in front]
        found += front
    return found


def _end_descendants(boxed):
    """Kill all that is left, and wait for it, so that its time is counted."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            if boxed:
                os.kill(-1, signal.SIGKILL)  # in the box: everything but this process
            else:
                for pid in _descendants():
                    with contextlib.suppress(OSError):
                        os.kill(int(pid), signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def _data_bytes():
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmData"))
    except (OSError, StopIteration):
        return 1 << 30


def _close_others(kept):
    low = 0
    for descriptor in sorted(kept):
        if low < descriptor:  # an empty range would be read as "all"
            os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, 1 << 16)
