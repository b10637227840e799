# ruff: noqa: E501  (submissions read better on one line)
"""A student's process that cheats, breaks, floods or breaks out gains nothing and harms nobody."""

import os
import socket
import threading
import time

import pytest

from cvgrade.run.plan import Limits

ADD = "import numpy as np\nassert np.allclose(f(np.array([1.0, 2.0])), [3, 5])"
RIGHT = "def f(x):\n    return 2 * x + 1"

CHEATS = {
    "always equal": """
class Equal:
    def __eq__(self, other): return True
    def __sub__(self, other): return 0
    def __rsub__(self, other): return 0
    def __abs__(self): return 0
    def __lt__(self, other): return True
    def __le__(self, other): return True
    def __float__(self): return 0.0
    def __bool__(self): return True
    __hash__ = None
def f(x): return Equal()""",
    "patched NumPy": """
import numpy as np
np.allclose = np.isclose = np.array_equal = lambda *a, **k: True
np.testing.assert_allclose = lambda *a, **k: None
def f(x): return 0""",
    "lying array": """
import numpy as np
class Liar(np.ndarray):
    def __sub__(self, other): return np.zeros(2)
    def __eq__(self, other): return np.ones(2, bool)
    def __array_ufunc__(self, *a, **k): return np.ones(2, bool)
    def __array_function__(self, *a, **k): return True
def f(x): return np.zeros(2).view(Liar)""",
    "lying float": """
class Liar(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def __abs__(self): return 0.0
def f(x): return Liar(7)""",
    "changed builtins": """
import builtins
builtins.abs = builtins.all = builtins.any = lambda *a: True
builtins.float = lambda *a: 0
def f(x): return 0""",
    "dropped asserts": """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Drop())
get_ipython().input_transformers_cleanup.append(lambda lines: [])
get_ipython().run_cell = lambda *a, **k: None
get_ipython().showtraceback = lambda *a, **k: None
def f(x): return 0""",
    "the end of the process": "import os\ndef f(x): os._exit(0)",
    "exit": "import sys\ndef f(x): sys.exit(0)",
    "a raised NotImplemented": "def f(x): return NotImplemented",
    "an exception as value": "def f(x): return ValueError()",
    "a forged CheckFailed": "class CheckFailed(Exception): for_student = 'well done'\ndef f(x): raise CheckFailed('ok')",
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_cheating_gains_no_mark(judge, cheat):
    for test in (
        ADD,
        "import numpy as np\nassert np.all(np.abs(f(1) - np.array([3, 5])) < 1e-6)",
        "assert f(1) == 3",
        "assert abs(f(1) - 3) < 1e-9",
        "assert abs(3 - f(1)) < 1e-9",
    ):
        verdict = judge.one(CHEATS[cheat], test)
        assert verdict.score == 0, (test, verdict)
        assert verdict.status != "passed"


def test_the_right_answer_passes_all_the_same(judge):
    assert judge.one(RIGHT, ADD).status == "passed"


REPLIES = {
    "noise": "os.write(fd, os.urandom(4096))",
    "a huge announcement": "os.write(fd, struct.pack('<4sIQ', b'CVG1', 1, 2) + struct.pack('<Q', 1 << 60) + b'{}')",
    "endless buffers": "os.write(fd, struct.pack('<4sIQ', b'CVG1', 0xffffffff, 2))",
    "deep nesting": "send(b'{\"seq\":%d,\"ok\":' % seq() + b'[\"l\",' * 200000 + b'1' + b']' * 200000 + b'}')",
    "the wrong question": 'send(b\'{"seq":999999,"ok":1}\')',
    "a forged handle": 'send(b\'{"seq":%d,"ok":["h",-1,{}]}\' % seq())',
    "an unknown tag": 'send(b\'{"seq":%d,"ok":["pickle","x"]}\' % seq())',
    "no object": "send(b'[1,2]')",
    "a callback that is none": 'send(b\'{"seq":%d,"callback":77,"args":[],"kwargs":{}}\' % seq())',
    "NaN": 'send(b\'{"seq":%d,"ok":NaN}\' % seq())',
    "a lying array": 'send(b\'{"seq":%d,"ok":["a","<f8",[1000000000],0]}\' % seq())',
    "an object array": 'send(b\'{"seq":%d,"ok":["a","|O",[1],0]}\' % seq())',
    "a class of os": 'send(b\'{"seq":%d,"ok":["lib","os","system"]}\' % seq())',
    "silence and an end": "os.close(fd)",
}
PRELUDE = """
import os, struct, gc, socket
server = next(o for o in gc.get_objects() if type(o).__name__ == 'Server')
fd = server.sock.fileno()
def seq(): return server.seq
def send(text): os.write(fd, struct.pack('<4sIQ', b'CVG1', 0, len(text)) + text)
def f(x):
    REPLY
    return 3
"""


@pytest.mark.parametrize("reply", REPLIES)
def test_false_replies_fail_the_question_and_end_quickly(judge, reply):
    start = time.monotonic()
    verdict = judge.one(PRELUDE.replace("REPLY", REPLIES[reply]), "assert f(1) == 3\nassert f(1) == 3")
    assert verdict.score == 0
    assert verdict.status in ("tampered", "crashed", "timeout", "error", "failed")
    assert time.monotonic() - start < 60


def test_an_endless_reply_is_cut_off(judge):
    answer = """
import itertools
def f(x): return (i for i in itertools.count())
"""
    verdict = judge.one(answer, "assert len(list(f(1))) == 3", limits=Limits(cell_seconds=2))
    assert verdict.status == "timeout"


def test_more_bytes_than_a_test_can_want_end_the_process(judge):
    answer = "import numpy as np\ndef f(x): return np.zeros(7_900_000)"
    verdict = judge.one(answer, "for i in range(10):\n    f(1)")
    assert verdict.status == "crashed"
    assert "more than 256 MB" in verdict.message


def test_a_reply_after_the_deadline_counts_for_nothing(judge, book):
    source = book(
        ("solution", "q", "def slow(): ...\ndef f(x): ..."),
        ("test", "t1", "assert slow() == 1", 1),
        ("test", "t2", "assert f(1) == 2", 1),
    )
    answer = """
import time
def slow():
    try:
        time.sleep(100)
    except KeyboardInterrupt:
        time.sleep(0.5)
        return 1
def f(x): return x + 1
"""
    first, second = judge(source, {"q": answer}, limits=Limits(cell_seconds=2)).verdicts
    assert (first.status, first.score) == ("timeout", 0)
    assert second.status == "passed"  # the process is sane and goes on


def test_a_loop_that_swallows_interrupts_is_ended(judge, book):
    source = book(("solution", "q", "x = 1"), ("test", "t", "assert x == 1", 1))
    answer = """
import time
while True:
    try:
        while True:
            time.sleep(0.01)
    except BaseException:
        time.sleep(0.01)
"""
    (verdict,) = judge(source, {"q": answer}, limits=Limits(cell_seconds=1)).verdicts
    assert (verdict.status, verdict.score) == ("not_run", 0)


def test_an_endless_loop_costs_only_its_cell(judge, book):
    source = book(
        ("solution", "a", "x = 1"), ("test", "t1", "assert x == 1", 1), ("solution", "b", "y = 2"),
        ("test", "t2", "assert y == 2", 1),
    )  # fmt: skip
    result = judge(source, {"a": "while True: pass"}, limits=Limits(cell_seconds=1))
    assert [verdict.status for verdict in result.verdicts] == ["error", "passed"]
    assert result.outputs["a"][-1]["ename"] in ("KeyboardInterrupt", "TimeoutError")


def test_a_test_that_forgives_exceptions_does_not_pass_when_the_process_dies(judge):
    test = "try:\n    f(1)\nexcept Exception:\n    pass"
    assert judge.one("import os\ndef f(x): os._exit(0)", test).status == "crashed"
    assert (
        judge.one("def f(x):\n    while True: pass", test, limits=Limits(cell_seconds=1)).status == "timeout"
    )


BOMBS = {
    "memory": ("x = []\nwhile True: x.append(bytearray(50 << 20))", {"error", "not_run"}),
    "memory of children": (
        """
import os, time
for _ in range(6):
    if os.fork() == 0:
        y = bytearray(os.urandom(1) * (200 << 20))
        time.sleep(30)
        os._exit(0)
time.sleep(4)
x = 1""",
        {"error", "not_run"},
    ),
    "processes": (
        "import os, time\ntry:\n    while True:\n        if os.fork() == 0: time.sleep(30)\nexcept OSError: x = 1",
        {"passed", "not_run"},
    ),
    "threads": (
        "import threading, time\ntry:\n    while True: threading.Thread(target=time.sleep, args=(30,)).start()\n"
        "except RuntimeError: x = 1",
        {"passed", "not_run"},
    ),
    "file descriptors": (
        "import os\ntry:\n    while True: os.open('/dev/null', 0)\nexcept OSError: x = 1",
        {"passed", "not_run", "crashed"},
    ),
    "disk": (
        "with open('big', 'wb') as file:\n    while True: file.write(bytes(10 << 20))",
        {"error"},
    ),
    "files": ("for i in range(10**6): open(f'file{i}', 'w').close()", {"error", "timeout", "not_run"}),
    "output": ("for i in range(200): print('a' * 10**6)\nx = 1", {"passed"}),
    "native output": (
        "import os\nfor i in range(200): os.write(2, b'a' * 10**6)\nx = 1",
        {"passed", "error"},
    ),
    "shared memory": (
        "import mmap\nmaps = []\nwhile True:\n    m = mmap.mmap(-1, 100 << 20); m.write(bytes(100 << 20)); maps.append(m)",
        {"error", "not_run"},
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_hurt_only_their_own_submission(judge, book, bomb):
    text, statuses = BOMBS[bomb]
    source = book(("solution", "q", "x = None"), ("test", "t", "assert x == 1", 1))
    result = judge(
        source, {"q": text}, limits=Limits(cell_seconds=8, memory_mb=400, disk_mb=50, processes=40)
    )
    assert result.verdicts[0].status in statuses, result
    size = sum(len(str(output)) for outputs in result.outputs.values() for output in outputs)
    assert size < 1_200_000
    assert judge.one(RIGHT, ADD).status == "passed"  # the next one is not touched


def test_nothing_outlives_a_submission(judge):
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
    assert judge.one(RIGHT, ADD).status == "passed"


def test_the_sandbox_shows_nothing_of_the_machine(judge, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_OF_THE_COURSE", "swordfish")
    secret = tmp_path / "gradebook.db"
    secret.write_text("swordfish")
    answer = f"""
import os, glob
x = []
def tried(what, do):
    try:
        found = do()
    except Exception:
        return
    if found:
        x.append((what, str(found)[:300]))
tried('secret', lambda: open({str(secret)!r}).read())
tried('root', lambda: os.listdir('/root/.ssh'))
tried('kaggle', lambda: os.listdir(os.path.expanduser('~/.kaggle')))
tried('home', lambda: [n for n in os.listdir(os.path.expanduser('~')) if n != 'work'])
tried('homes', lambda: [n for n in os.listdir('/home') if n != 'student'])
tried('tmp', lambda: os.listdir('/tmp'))
tried('run', lambda: [n for n in os.listdir('/run') if n != 'box'])
tried('box', lambda: os.listdir('/run/box'))
tried('shadow', lambda: open('/etc/shadow').read())
tried('pids', lambda: [p for p in os.listdir('/proc') if p.isdigit() and p not in ('1', '2', str(os.getpid()))])
tried('init environ', lambda: open('/proc/1/environ').read())
tried('init memory', lambda: open('/proc/1/mem').read(1))
tried('init files', lambda: [os.open(f'/proc/1/fd/{{n}}', 0) for n in range(9)])
tried('init root', lambda: os.listdir('/proc/1/root/'))
tried('environ', lambda: 'swordfish' in open('/proc/self/environ').read() + str(os.environ))
tried('write /', lambda: open('/x', 'w').write('x'))
tried('write /usr', lambda: open('/usr/x', 'w').write('x'))
tried('write packages', lambda: open(os.path.join(os.path.dirname(glob.__file__), 'x'), 'w').write('x'))
tried('write code', lambda: open('/opt/cvgrade/cvgrade/run/x', 'w').write('x'))
tried('write sysctl', lambda: open('/proc/sys/kernel/core_pattern', 'w').write('|/x'))
tried('write dev', lambda: open('/dev/x', 'w').write('x'))
tried('pts', lambda: os.listdir('/dev/pts'))
tried('ptmx', lambda: os.openpty())
tried('devices', lambda: os.mknod('/tmp/sda', 0o60600, os.makedev(8, 0)) or True)
tried('course', lambda: glob.glob('/work/*/assignments') + glob.glob('/work/*/cvgrade') + glob.glob('/**/gradebook.db'))
"""
    verdict = judge.one(answer, "assert x == [], x")
    assert verdict.status == "passed", verdict.message


def test_the_sandbox_reaches_no_network_and_no_service_of_the_machine(judge):
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
tried('packet', lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
"""
    verdict = judge.one(answer, "assert x == [], x")
    assert verdict.status == "passed", verdict.message
    assert not heard


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
tried('pidfd_getfd', libc.syscall(438, 3, 0, 0))
status = open('/proc/self/status').read()
if 'CapEff:\\t0000000000000000' not in status or 'NoNewPrivs:\\t1' not in status: x.append(status)
"""
    verdict = judge.one(answer, "assert x == [], x")
    assert verdict.status == "passed", verdict.message


def test_the_tests_are_nowhere_in_the_students_process(judge):
    answer = """
import gc, sys, os
def f(number):
    seen, frame = [], sys._getframe()
    while frame:
        seen += [str(v)[:2000] for v in (frame.f_globals, frame.f_locals)]
        frame = frame.f_back
    seen += [str(o)[:2000] for o in gc.get_objects() if isinstance(o, (str, dict, list, tuple, bytes))]
    seen += [str(In), str(Out), open('/proc/self/environ').read(), str(sys.argv)]
    return any('hsifdrows'[::-1] in text for text in seen)
"""
    test = "assert f(1) is False\n### BEGIN HIDDEN TESTS\nexpected = 'swordfish'\nassert expected\n### END HIDDEN TESTS"
    assert judge.one(answer, test).status == "passed"


def test_submitted_modules_shadow_nothing_in_the_tester(judge, book):
    source = book(
        ("locked", "imports", "import numpy as np\nimport unittest.mock\nimport colorsys"),
        ("solution", "q", "x = 1"),
        (
            "test",
            "t",
            "import textwrap, colorsys\nassert textwrap.dedent(' a') == 'a'\nassert np.allclose(x, 2)",
            1,
        ),
    )
    liar = b"def allclose(*a): return True\ndef dedent(x): return 'a'\n"
    names = ("numpy.py", "textwrap.py", "colorsys.py", "unittest.py", "sitecustomize.py", "usercustomize.py")
    result = judge(source, {"q": "x = 1"}, files=dict.fromkeys(names, liar))
    assert result.verdicts[0].score == 0


def test_files_that_the_student_writes_never_replace_the_assignments_own(judge, book):
    source = book(
        ("solution", "q", "open('answer.txt', 'w').write('1')"),
        ("test", "t1", "assert open('truth.txt').read() == 'right'", 1),
        ("test", "t2", "assert open('secret.txt').read() == 'hidden'", 1),
        ("test", "t3", "assert open('answer.txt').read() == '42'", 1),
    )
    answer = """
import os
seen = os.listdir('.')
for name in ('truth.txt', 'secret.txt', '../escaped.txt', '/tmp/x'):
    open(name, 'w').write('wrong')
os.symlink('/etc/passwd', 'link')
open('answer.txt', 'w').write('42' if 'secret.txt' not in seen else 'seen')
"""
    result = judge(
        source,
        {"q": answer},
        files={"truth.txt": b"right"},
        given=("truth.txt",),
        hidden_files={"secret.txt": b"hidden"},
    )
    assert [verdict.status for verdict in result.verdicts] == ["passed"] * 3, result.verdicts


def test_a_pickle_that_is_handed_in_is_not_read(judge, book):
    source = book(
        ("solution", "q", "1"),
        ("test", "t", "import numpy as np\nx = np.load('x.npy', allow_pickle=True)\nassert x is not None", 1),
    )
    answer = """
import numpy as np, os
class Bomb:
    def __reduce__(self): return (os.system, ('touch /tmp/harm',))
np.save('x.npy', np.array([Bomb()], dtype=object), allow_pickle=True)
"""
    (verdict,) = judge(source, {"q": answer}).verdicts
    assert verdict.status == "error"
    assert "pickles are not read" in verdict.message


def test_partial_credit_cannot_be_forged(judge):
    for ending, score in (
        ("0.5", 0.5),
        ("float('nan')", 0),
        ("-1.0", 0),
        ("'full'", 0),
        ("99.0", 0),
        ("1e999", 0),
    ):
        assert judge.one("x = 1", f"y = x\n{ending}", points=2).score == score
    forged = "import sys\nsys.displayhook = lambda value: print(100)\nx = 1"
    assert judge.one(forged, "x * 0.5", points=2).score == 0.5
    assert judge.one("class X:\n    pass\nx = X()", "x", points=2).score == 0
