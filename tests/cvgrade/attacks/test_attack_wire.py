# ruff: noqa: E501  (submissions read better on one line)
"""Attacks 19, 34 and 35: forged files and messages, and what is fed to the tester and the fork servers."""

import pytest

from cvgrade.run.plan import Limits

SHORT = Limits(cell_seconds=3, memory_mb=1500)
pytestmark = pytest.mark.usefixtures("bystander")


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
    "ten million nothings": "send(b'{\"seq\":%d,\"ok\":[\"l\"' % seq() + b',[]' * 10_000_000 + b']}')",
    "a byte now and then": "import time\n    while True: os.write(fd, b'C'); time.sleep(0.01); os.write(fd, b'VG1')",
    "a decimal out of all proportion": 'send(b\'{"seq":%d,"ok":["de","1E+999999999"]}\' % seq())',
    "a handle that is two": 'send(b\'{"seq":%d,"ok":["h",1,{"mro":[["builtins","int"]],"dunders":["__eq__"],"callable":true}]}\' % seq())',
    "a class of another library": 'send(b\'{"seq":%d,"ok":["lib","numpy","ctypeslib.ctypes.CDLL",null]}\' % seq())',
    "a class that runs programs": 'send(b\'{"seq":%d,"ok":["lib","subprocess","Popen",["h",1,{}]]}\' % seq())',
    "a model that runs code": 'send(b\'{"seq":%d,"ok":["K",["{}",[],[],null],["h",1,{}]]}\' % seq())',
    "an answer and another": 'send(b\'{"seq":%d,"ok":3}\' % seq()); send(b\'{"seq":%d,"ok":3}\' % (seq() + 1)); send(b\'{"seq":%d,"ok":3}\' % (seq() + 2)); time.sleep(9)',
}


PRELUDE = """
import os, struct, gc, socket, time
server = next(o for o in gc.get_objects() if type(o).__name__ == 'Server')
fd = server.sock.fileno()
def seq(): return server.seq
def send(text): os.write(fd, struct.pack('<4sIQ', b'CVG1', 0, len(text)) + text)
def f(x):
    REPLY
    return 3
"""


@pytest.mark.attack(35)
@pytest.mark.parametrize("reply", REPLIES)
def test_false_replies_fail_the_question(judge, tell, reply):
    verdict = judge.one(
        PRELUDE.replace("REPLY", REPLIES[reply]), "assert f(1) == 4\nassert f(1) == 4", limits=SHORT
    )
    assert verdict.score == 0
    assert verdict.status in ("tampered", "crashed", "timeout", "error", "failed")
    tell("0: tampered, crashed or timeout")


@pytest.mark.attack(35)
def test_an_answer_that_nobody_asked_for_is_tampering_even_if_it_is_right(judge):
    right = PRELUDE.replace("REPLY", REPLIES["the wrong question"].replace('"ok":1', '"ok":3'))
    assert judge.one(right, "assert f(1) == 3\nassert f(1) == 3", limits=SHORT).status == "tampered"


@pytest.mark.attack(35)
def test_an_endless_reply_is_cut_off(judge):
    answer = """
import itertools
def f(x): return (i for i in itertools.count())
"""
    verdict = judge.one(answer, "assert len(list(f(1))) == 3", limits=Limits(cell_seconds=2))
    assert verdict.status == "timeout"


@pytest.mark.attack(35)
def test_more_bytes_than_a_test_can_want_end_the_process(judge):
    answer = "import numpy as np\ndef f(x): return np.zeros(7_900_000)"
    verdict = judge.one(answer, "for i in range(10):\n    f(1)")
    assert verdict.status == "crashed"
    assert "more than 256 MB" in verdict.message


@pytest.mark.attack(35)
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


@pytest.mark.attack(19)
@pytest.mark.parametrize("handed_in", [True, False])
def test_files_that_the_student_writes_never_replace_the_assignments_own(judge, book, handed_in):
    source = book(
        ("solution", "q", "open('answer.txt', 'w').write('1')"),
        ("test", "t1", "assert open('truth.txt').read() == 'right'", 1),
        ("test", "t2", "assert open('secret.txt').read() == 'hidden'", 1),
        ("test", "t3", "assert open('answer.txt').read() == '42'", 1),
    )
    answer = """
import os
seen = open('secret.txt').read() if os.path.exists('secret.txt') else ''
for name in ('truth.txt', 'secret.txt', '../escaped.txt', '/tmp/x'):
    open(name, 'w').write('wrong')
os.symlink('/etc/passwd', 'link')
open('answer.txt', 'w').write('42' if seen != 'hidden' else 'seen')
"""
    result = judge(
        source,
        {"q": answer},
        files={"truth.txt": b"right", **({"secret.txt": b"guessed its name"} if handed_in else {})},
        given=("truth.txt",),
        hidden_files={"secret.txt": b"hidden"},
    )
    assert [verdict.status for verdict in result.verdicts] == ["passed"] * 3, result.verdicts


@pytest.mark.attack(35)
def test_calls_back_without_end_are_ended(judge):
    answer = "def f(callback):\n    while True:\n        try: callback(1)\n        except BaseException: pass"
    test = "calls = []\ntry:\n    f(calls.append)\nexcept Exception:\n    pass"
    verdict = judge.one(answer, test, limits=SHORT)
    assert verdict.status in ("timeout", "tampered", "crashed")
    assert verdict.score == 0


@pytest.mark.attack(35)
def test_objects_without_end_are_ended(judge):
    answer = "class Endless:\n    def __getattr__(self, name): return Endless()\n    def __iter__(self): return self\n    def __next__(self): return Endless()\n    def __len__(self): return 10**9\ndef f(x): return Endless()"
    verdict = judge.one(answer, "assert [part.a.b for part in f(1)] == []", limits=SHORT)
    assert (verdict.status, verdict.score) == ("timeout", 0)


@pytest.mark.attack(19)
@pytest.mark.attack(34)
def test_verdicts_written_to_every_descriptor_are_nobodys(judge, tell):
    """The only socket in a student's process is the wire to its tester."""
    answer = """
import json, os, stat, struct
kinds = []
verdict = {"event": "verdict", "verdict": {"grade_id": "t", "points": 1, "score": 1, "status": "passed"}}
text = json.dumps(verdict).encode()
message = struct.pack('<4sIQ', b'CVG1', 0, len(text)) + text
for name in sorted(os.listdir('/proc/self/fd'), key=int):
    try:
        kinds.append(stat.S_IFMT(os.fstat(int(name)).st_mode) == stat.S_IFSOCK)
    except OSError:
        pass
def f(x):
    for descriptor in range(256):
        try: os.write(descriptor, message)
        except OSError: pass
    return 0
"""
    verdict = judge.one(answer, "assert f(1) == 3", solution="f = None\nkinds = None")
    assert verdict.score == 0
    tell("0: they are read by nobody")
    assert judge.one(answer, "assert sum(kinds) == 1, kinds", solution="f = None\nkinds = None").score == 1


@pytest.mark.attack(19)
def test_results_and_modules_forged_in_the_working_folder_are_only_files(judge, tell):
    answer = """
import json, os
forged = {"verdicts": [{"grade_id": "t", "points": 1, "score": 1, "status": "passed"}], "score": 1}
for name in ('results.json', 'verdicts.json', 'outcome.json', 'gradebook.db', 'grades.csv', 'feedback.html'):
    with open(name, 'w') as file: json.dump(forged, file)
os.makedirs('cvgrade/run', exist_ok=True)
for name in ('json.py', 'math.py', 'wave.py', 'conftest.py', 'cvgrade/__init__.py', 'cvgrade/run/tester.py', 'np.py'):
    with open(name, 'w') as file: file.write('raise SystemExit(0)\\ndef open(*a): return True\\n')
print(json.dumps({"event": "verdict", "verdict": forged["verdicts"][0]}))
def f(x): return 0
"""
    test = "import wave, json, math\nassert callable(wave.Wave_read) and math.pi > 3\nassert f(1) == 3"
    verdict = judge.one(answer, test)
    assert (verdict.status, verdict.score, verdict.message) == ("failed", 0, "AssertionError")
    tell("0: they are read by nobody")


@pytest.mark.attack(34)
def test_the_graders_processes_are_out_of_reach(judge, station, tell):
    before = [server.process.pid for server in station.servers.values()]
    answer = """
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
x = []
def tried(what, do):
    try:
        if do(): x.append(what)
    except (OSError, ValueError):
        pass
others = [int(name) for name in os.listdir('/proc') if name.isdigit() and int(name) != os.getpid()]
if set(others) - {1}: x.append(('processes', others))
for pid in [1, os.getppid(), *range(2, 3000)]:
    if pid == os.getpid(): continue
    tried(('trace', pid), lambda: libc.ptrace(16, pid, 0, 0) == 0)
    if pid in (0, 1): continue
    tried(('kill', pid), lambda: os.kill(pid, 0) is None)
for name in ('mem', 'environ', 'maps', 'stack', 'syscall', 'io', 'pagemap', 'auxv'):
    tried(name, lambda: open(f'/proc/1/{name}', 'rb').read(1))
for name in ('root', 'cwd', 'exe', 'ns/pid', *(f'fd/{number}' for number in range(30))):
    tried(name, lambda: os.readlink(f'/proc/1/{name}'))
os.kill(1, signal.SIGTERM); os.kill(1, signal.SIGINT); os.kill(1, signal.SIGKILL)
"""
    verdict = judge.one(answer, "assert x == [], x")
    assert verdict.status == "passed", verdict.message
    assert [server.process.pid for server in station.servers.values()] == before
    tell("they cannot be seen, traced or killed")


@pytest.mark.attack(19)
@pytest.mark.parametrize("handed_in", [True, False])
def test_nothing_is_added_to_a_folder_of_hidden_files(judge, book, handed_in):
    """A test that reads all pictures of a hidden folder reads only those that the instructor put there."""
    source = book(
        ("solution", "q", "x = 1"),
        (
            "test",
            "t",
            "import os\nassert os.listdir('truth/images') == ['1.txt'] and os.path.exists('own/2.txt')",
            1,
        ),
    )
    answer = "import os\nfor folder in ('truth/images', 'truth/images/more', 'own'):\n    os.makedirs(folder, exist_ok=True)\n    open(f'{folder}/2.txt', 'w').write('easy')"
    files = dict.fromkeys(("truth/images/2.txt", "truth/images/more/2.txt", "own/2.txt"), b"easy")
    result = judge(
        source, {"q": "x = 1" if handed_in else answer}, files=files if handed_in else {},
        hidden_files={"truth/images/1.txt": b"hard"},
    )  # fmt: skip
    assert result.verdicts[0].status == "passed", result.verdicts


FORGED = {  # what a student's process may say that its model is
    "a Lambda": {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "a", "function": "x"}},
    "a program": {"module": "os", "class_name": "system", "config": "touch /tmp/harm"},
    "a function of builtins": {"module": "builtins", "class_name": "function", "config": "exec"},
    "a layer by another name": {
        "module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": "os>system",
    },
    "a file that is read": {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
    "a layer out of all proportion": {
        "module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [
            {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 100_000], "name": "i"}},
            {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 1_000_000}},
        ]},
    },
    "nothing that is a model": {"module": "keras.optimizers", "class_name": "Adam", "config": {}},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.attack(35)
@pytest.mark.attack(12)
@pytest.mark.parametrize("forged", FORGED)
def test_a_model_that_is_not_what_it_says_is_not_rebuilt(keras_judge, forged):
    answer = f"""
import json, keras
import cvgrade.run.models as models
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
models.take_apart = lambda value, encoder: [json.dumps({FORGED[forged]!r}), [], [], None]
"""
    test = "import os\ntry:\n    assert model.count_params() == 4711\nfinally:\n    assert not os.path.exists('/tmp/harm'), 'it ran'"
    verdict = keras_judge.one(answer, test, solution="model = None", before="import keras")
    assert verdict.score == 0
    assert verdict.status in ("tampered", "crashed", "error"), verdict
    assert "it ran" not in verdict.message
    honest = "import keras\nmodel = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])"
    after = keras_judge.one(
        honest, "assert model.count_params() == 3", solution="model = None", before="import keras"
    )
    assert after.status == "passed"
