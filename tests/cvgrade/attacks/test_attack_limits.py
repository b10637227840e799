# ruff: noqa: E501  (submissions read better on one line)
"""Attacks 30 to 32: loops, endings, floods and bombs hurt only the submission that they are in."""

import pytest

from cvgrade.run.plan import Limits

pytestmark = pytest.mark.usefixtures("bystander")


@pytest.mark.attack(30)
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


@pytest.mark.attack(30)
def test_an_endless_loop_costs_only_its_cell(judge, book):
    source = book(
        ("solution", "a", "x = 1"), ("test", "t1", "assert x == 1", 1), ("solution", "b", "y = 2"),
        ("test", "t2", "assert y == 2", 1),
    )  # fmt: skip
    result = judge(source, {"a": "while True: pass"}, limits=Limits(cell_seconds=1))
    assert [verdict.status for verdict in result.verdicts] == ["error", "passed"]
    assert result.outputs["a"][-1]["ename"] in ("KeyboardInterrupt", "TimeoutError")


@pytest.mark.attack(30)
def test_a_test_that_forgives_exceptions_does_not_pass_when_the_process_dies(judge):
    test = "try:\n    f(1)\nexcept Exception:\n    pass"
    assert judge.one("import os\ndef f(x): os._exit(0)", test).status == "crashed"
    assert (
        judge.one("def f(x):\n    while True: pass", test, limits=Limits(cell_seconds=1)).status == "timeout"
    )


@pytest.mark.attack(30)
def test_an_end_after_another_failure_is_still_an_end(judge):
    answer = "import os\ndef f(x):\n    if x: os._exit(0)\n    raise MemoryError('so much')"
    test = "for x in (0, 1):\n    try:\n        f(x)\n    except:\n        pass"
    assert judge.one(answer, test).status == "crashed"


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
    "disk, by many files": (
        "for i in range(30):\n    with open(f'big{i}', 'wb') as file: file.write(bytes(10 << 20))\nx = 1",
        {"error"},
    ),
    "disk, in /tmp and shared memory": (
        "for i in range(30):\n    for place in ('/tmp', '/dev/shm'):\n"
        "        with open(f'{place}/big{i}', 'wb') as file: file.write(bytes(10 << 20))\nx = 1",
        {"error"},
    ),
    "files": ("for i in range(10**6): open(f'file{i}', 'w').close()", {"error", "timeout", "not_run"}),
    "shared memory": (
        "import mmap\nmaps = []\nwhile True:\n    m = mmap.mmap(-1, 100 << 20); m.write(bytes(100 << 20)); maps.append(m)",
        {"error", "not_run"},
    ),
}


ENDINGS = {
    "os._exit": "import os\nos._exit(0)",
    "a signal to itself": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "an abort in C": "import ctypes\nctypes.CDLL(None).abort()",
    "a fault in C": "import ctypes\nctypes.string_at(1)",
    "sys.exit": "import sys\nsys.exit(0)",
    "exit": "exit()",
    "a closed wire": "import os\nos.closerange(3, 256)",
    "every signal ignored": "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass",
    "a recursion without end": "def g(): return g()\ng()",
    "every process": "import os\nfor pid in range(1, 300):\n    try: os.kill(pid, 9)\n    except OSError: pass\nos.kill(-1, 9)",
}


@pytest.mark.attack(30)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_process_that_ends_itself_gets_what_it_had_earned_and_no_more(judge, book, tell, ending):
    source = book(
        ("solution", "a", "x = 1"), ("test", "t1", "assert x == 1", 1),
        ("solution", "b", "y = 1"), ("test", "t2", "assert y == 2", 1),
    )  # fmt: skip
    result = judge(source, {"a": "x = 1", "b": ENDINGS[ending]}, limits=Limits(cell_seconds=1))
    first, second = result.verdicts
    assert (first.status, first.score) == ("passed", 1)
    assert second.score == 0
    tell("only its own later questions")


@pytest.mark.attack(32)
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_hurt_only_their_own_submission(judge, book, tell, bomb):
    text, statuses = BOMBS[bomb]
    source = book(("solution", "q", "x = None"), ("test", "t", "assert x == 1", 1))
    result = judge(
        source, {"q": text}, limits=Limits(cell_seconds=8, memory_mb=400, disk_mb=50, processes=40)
    )
    assert result.verdicts[0].status in statuses, result
    assert _size(result) < 1_200_000
    tell("stopped at its limit")


FLOODS = {
    "one line of 20 MB": "print('a' * 20_000_000)",
    "one line, its own limit lifted": "get_ipython().outputs.most = 10**12\nprint('a' * 20_000_000)",
    "many errors, the limit lifted": "shell = get_ipython()\nshell.outputs.most = 10**12\nfor i in range(2000): shell.outputs.error('E' * 10_000, 'e' * 10_000, ['e' * 1000] * 3)",
    "metadata, the limit lifted": "shell = get_ipython()\nshell.outputs.most = 10**12\nfor i in range(900): shell.outputs.show('display_data', {'text/plain': 'x'}, {'image/png': {f'k{j}': 'm' * 5000 for j in range(3)}})",
    "many lines": "for i in range(2_000_000): print(i)",
    "many displays": "from IPython.display import display\nfor i in range(50_000): display(i)",
    "a large display": "from IPython.display import HTML, display\ndisplay(HTML('<b>' * 9_000_000))",
    "an error without end": "raise ValueError('e' * 20_000_000)",
    "a deep error": "def g(n):\n    if n: g(n - 1)\n    raise ValueError('e' * 100_000)\ng(900)",
    "descriptor 1": "import os\nfor i in range(100): os.write(1, b'a' * 10**6)",
    "descriptor 2": "import os\nfor i in range(100): os.write(2, b'a' * 10**6)",
    "a child's output": "import subprocess\nsubprocess.run(['sh', '-c', 'yes | head -c 100000000'])",
}


@pytest.mark.attack(31)
@pytest.mark.parametrize("flood", FLOODS)
def test_floods_of_output_are_cut_off(judge, book, tell, flood):
    source = book(("solution", "q", "x = 1"), ("test", "t", "assert x == 1", 1))
    limits = Limits(cell_seconds=20, memory_mb=600, disk_mb=50, output_bytes=200_000)
    result = judge(source, {"q": f"x = 1\n{FLOODS[flood]}"}, limits=limits)
    assert result.verdicts[0].status in ("passed", "not_run"), result.verdicts
    assert _size(result) < 500_000
    tell("cut off")


def _size(result):
    return len(str(result.outputs)) + len(str(result.notes)) + len(str(result.verdicts))
