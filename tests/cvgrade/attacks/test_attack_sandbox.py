# ruff: noqa: E501  (submissions read better on one line)
"""Attacks 20, 24, 25, 33 and 34: reading, writing, calling and killing what is outside the sandbox."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from cvgrade.run import sandbox

pytestmark = pytest.mark.usefixtures("bystander")


@pytest.mark.attack(33)
def test_nothing_outlives_a_submission(judge, tell):
    mark = f"daemon-{os.getpid()}-{time.time_ns()}"
    answer = f"""
import subprocess, sys, os
for _ in range(3):
    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', '{mark}'], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import time; time.sleep(60)
    os._exit(0)
x = 1
"""
    assert judge.one(answer, "assert x == 1").status == "passed"
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _processes_with(mark):
        time.sleep(0.1)
    assert not _processes_with(mark)
    tell("it ends with the submission")


def _processes_with(mark):
    found = []
    for pid in os.listdir("/proc"):
        if pid.isdigit() and int(pid) != os.getpid():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if mark.encode() in file.read():
                        found.append(pid)
            except OSError:
                continue
    return found


@pytest.mark.attack(34)
@pytest.mark.attack(30)
def test_killing_everything_in_sight_ends_only_the_killer(judge, station):
    before = [server.process.pid for server in station.servers.values()]
    verdict = judge.one(
        "import os\nfor pid in (-1, 1):\n    try: os.kill(pid, 9)\n    except OSError: pass\nx = 1",
        "assert x == 1",
    )
    assert verdict.status in ("passed", "not_run")
    verdict = judge.one("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nx = 1", "assert x == 1")
    assert verdict.status == "not_run"
    assert [server.process.pid for server in station.servers.values()] == before


@pytest.mark.attack(20)
def test_the_sandbox_shows_nothing_of_the_machine(judge, tell, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_OF_THE_COURSE", "swordfish")
    secret = tmp_path / "gradebook.db"
    secret.write_text("swordfish")
    course = Path(sandbox.HERE).parents[1]
    answer = f"""
import os, glob, sys
KNOWN = {[*sandbox.python_folders(), "/opt/cvgrade", "/opt/staged"]!r}
x = []
def tried(what, do):
    try:
        found = do()
    except Exception:
        return
    if found:
        x.append((what, str(found)[:300]))
def files(folder):  # beyond Python's own, wherever it lies
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if os.path.join(root, name) not in KNOWN]
        yield from (os.path.join(root, name) for name in names if os.path.join(root, name) not in KNOWN)
tried('secret', lambda: open({str(secret)!r}).read())
tried('ssh', lambda: os.listdir('/root/.ssh') + os.listdir(os.path.expanduser('~/.ssh')))
tried('kaggle', lambda: os.listdir(os.path.expanduser('~/.kaggle')))
tried('home', lambda: [n for n in files(os.path.expanduser('~'))])
for folder in ('/home', '/root', '/tmp', '/run', '/var', '/srv', '/mnt', '/media', '/opt', '/usr/src', '/sys', '/boot'):
    tried(folder, lambda: list(files(folder)))
tried('the checkout', lambda: [n for n in files({str(course)!r})])
tried('a gradebook', lambda: glob.glob('/*/gradebook.db') + glob.glob('/*/*/gradebook.db'))
tried('box', lambda: os.listdir('/run/box'))
tried('shadow', lambda: open('/etc/shadow').read())
tried('users', lambda: [line for line in open('/etc/passwd') if not line.startswith(('root:', 'student:'))])
tried('hosts', lambda: open('/etc/hosts').read() + open('/etc/resolv.conf').read())
tried('pids', lambda: [p for p in os.listdir('/proc') if p.isdigit() and p not in ('1', '2', str(os.getpid()))])
tried('environments', lambda: [p for p in glob.glob('/proc/*/environ') if p != f'/proc/{{os.getpid()}}/environ'
                               and 'self' not in p and open(p).read()])
tried('init memory', lambda: open('/proc/1/mem').read(1))
tried('init files', lambda: [os.open(f'/proc/1/fd/{{n}}', 0) for n in range(9)])
tried('init root', lambda: os.listdir('/proc/1/root/'))
tried('environ', lambda: 'swordfish' in open('/proc/self/environ').read() + str(os.environ))
tried('kernel memory', lambda: open('/proc/kcore', 'rb').read(1) or open('/dev/mem', 'rb').read(1))
tried('kernel log', lambda: open('/dev/kmsg').read(1) or open('/proc/kmsg').read(1))
tried('disks', lambda: [n for n in os.listdir('/dev') if n.startswith(('sd', 'vd', 'nvme', 'dm-', 'loop'))])
tried('through a link', lambda: os.symlink({str(secret)!r}, 'link') or open('link').read())
"""
    verdict = judge.one(answer, "assert x == [], x")
    assert verdict.status == "passed", verdict.message
    tell("nothing of it is there")


@pytest.mark.attack(25)
def test_the_sandbox_lets_nothing_be_changed_but_its_own(judge, tell, tmp_path):
    gradebook = tmp_path / "gradebook.db"
    gradebook.write_text("untouched")
    before = gradebook.stat()
    answer = f"""
import glob, os, site, sys
x = []
def tried(what, do):
    try:
        do()
    except OSError:
        return
    x.append(what)
def write(path):
    with open(path, 'w') as file: file.write('x')
# Where there is no such folder, it can be made only in the submission's own home and /tmp.
tried('gradebook', lambda: open({str(gradebook)!r}, 'r+').write('x'))
for folder in ('/', '/usr', '/usr/bin', '/usr/lib', '/etc', '/dev', '/proc', '/opt', '/opt/cvgrade/cvgrade/run',
               '/opt/course', '/opt/staged', '/run', '/run/box', '/home', '/root',
               *(path for path in {sandbox.python_folders()!r} if os.path.isdir(path)),
               *(path for path in [*sys.path, *site.getsitepackages()] if os.path.isdir(path)
                 and path.startswith(({", ".join(repr(one + "/") for one in sandbox.python_folders())}, '/opt/'))),
               os.path.dirname(sys.executable), os.path.dirname(os.__file__)):
    tried(('write', folder), lambda: write(os.path.join(folder, 'x')))
    tried(('rename', folder), lambda: os.rename(folder, '/tmp/mine'))
tried('change the packages', lambda: open(glob.__file__, 'a').write('x'))
tried('change the mode of the packages', lambda: os.chmod(os.path.dirname(glob.__file__), 0o777))
tried('remove the packages', lambda: os.remove(glob.__file__))
tried('sysctl', lambda: write('/proc/sys/kernel/core_pattern'))
tried('sysrq', lambda: write('/proc/sysrq-trigger'))
tried('a device', lambda: os.mknod('/tmp/sda', 0o60600, os.makedev(8, 0)))
tried('a terminal', os.openpty)
tried('the clock', lambda: __import__('time').clock_settime(0, 0))
tried('root', lambda: os.setuid(0))
tried('priority', lambda: os.nice(-5))
os.makedirs('/tmp/a/b'); write('/tmp/a/b/mine'); write(os.path.expanduser('~/mine')); write('mine'); write('/dev/shm/mine')
"""
    verdict = judge.one(answer, "assert x == [], x")
    assert verdict.status == "passed", verdict.message
    assert (gradebook.read_text(), gradebook.stat().st_mtime_ns) == ("untouched", before.st_mtime_ns)
    assert not os.path.exists("/dev/shm/mine")
    tell("nothing but its own")


@pytest.mark.attack(25)
def test_what_one_submission_leaves_the_next_does_not_find(judge):
    leave = """
import os, builtins, numpy as np, sys
builtins.left = np.left = sys.left = 'left'
np.allclose = lambda *a: True
for place in ('/tmp/left', os.path.expanduser('~/left'), 'left', '/dev/shm/left'):
    with open(place, 'w') as file: file.write('left')
x = 1
"""
    look = """
import os, builtins, numpy as np, sys
x = [os.path.exists(place) for place in ('/tmp/left', os.path.expanduser('~/left'), 'left', '/dev/shm/left')]
x += [hasattr(place, 'left') for place in (builtins, np, sys)] + [bool(np.allclose(1, 2))]
"""
    assert judge.one(leave, "assert x == 1").status == "passed"
    assert judge.one(look, "assert not any(x), x").status == "passed"


@pytest.mark.attack(24)
def test_the_sandbox_reaches_no_network_and_no_service_of_the_machine(judge, tell):
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    hidden = socket.socket(socket.AF_UNIX)
    hidden.bind(f"\0cvgrade-test-{port}")
    hidden.listen()
    heard = []
    for listening in (server, hidden):
        threading.Thread(target=lambda s=listening: heard.append(s.accept()), daemon=True).start()
    answer = f"""
import socket, urllib.request
x = []
def tried(what, do):
    try:
        do()
    except Exception:
        return
    x.append(what)
tried('loopback', lambda: socket.create_connection(('127.0.0.1', {port}), 1))
tried('abstract', lambda: socket.socket(socket.AF_UNIX).connect('\\0cvgrade-test-{port}'))
tried('metadata', lambda: socket.create_connection(('169.254.169.254', 80), 1))
tried('outside', lambda: socket.create_connection(('1.1.1.1', 53), 1))
tried('dns', lambda: socket.getaddrinfo('example.org', 80))
tried('http', lambda: urllib.request.urlopen('http://example.org', timeout=1))
tried('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
tried('datagram', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('1.1.1.1', 53)))
tried('ipv6', lambda: socket.create_connection(('::1', {port}), 1))
tried('vsock', lambda: socket.socket(40, socket.SOCK_STREAM).connect((2, 22)))
tried('netlink', lambda: len(socket.if_nameindex()) > 1 and 1 or 1 / 0)
tried('packet', lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
"""
    verdict = judge.one(answer, "assert x == [], x")
    assert verdict.status == "passed", verdict.message
    assert not heard
    tell("nothing is reached")


@pytest.mark.attack(34)
def test_system_calls_that_no_notebook_needs_are_refused(judge):
    answer = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
x = []
def tried(what, result):
    if result >= 0: x.append(what)
tried('user namespace', libc.unshare(0x10000000))
tried('mount namespace', libc.unshare(0x20000))
tried('mount', libc.mount(b'none', b'/tmp', b'tmpfs', 0, None))
tried('umount', libc.umount2(b'/proc', 2))
tried('ptrace', libc.ptrace(16, 1, 0, 0))
tried('setuid', libc.setuid(0))
tried('chroot', libc.chroot(b'/tmp'))
tried('keyctl', libc.syscall(250, 0, -3, 1))
tried('memfd', libc.syscall(319, b'x', 0))
tried('shmget', libc.shmget(0, 4096, 0o1600))
tried('bpf', libc.syscall(321, 0, 0, 0))
tried('io_uring', libc.syscall(425, 1, 0))
tried('clone a user namespace', libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0))
for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
    tried(('clone', hex(flag)), libc.syscall(56, flag | 17, 0, 0, 0, 0))
    arguments = (ctypes.c_uint64 * 8)(flag, 0, 0, 0, 17, 0, 0, 0)
    tried(('clone3', hex(flag)), libc.syscall(435, arguments, 64))
tried('pidfd_getfd', libc.syscall(438, 3, 0, 0))
status = open('/proc/self/status').read()
if 'CapEff:\\t0000000000000000' not in status or 'NoNewPrivs:\\t1' not in status: x.append(status)
"""
    verdict = judge.one(answer, "assert x == [], x")
    assert verdict.status == "passed", verdict.message
