# ruff: noqa: E501  (cells read better on one line)
"""The station itself: starting, missing parts, broken parts, and running without a wall."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cvgrade.run import judge as judge_module
from cvgrade.run import sandbox
from cvgrade.run.judge import Station, StationError
from cvgrade.run.plan import Limits, plan


def test_a_missing_bubblewrap_is_named_with_the_line_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(sandbox.SandboxError, match="sudo apt install bubblewrap"):
        Station().start()


def test_a_sandbox_of_another_name_is_refused():
    with pytest.raises(ValueError, match='must be "bubblewrap" or "none"'):
        Station(sandbox="docker")


@pytest.mark.usefixtures("wall")
def test_a_library_that_is_not_there_is_named():
    with pytest.raises(StationError, match="no_such_library"):
        Station(libraries=("no_such_library",)).start()


def test_judging_before_the_start_says_what_to_do(job):
    with pytest.raises(StationError, match="start"):
        Station().judge(job)


@pytest.mark.usefixtures("wall")
def test_a_fork_server_that_died_is_started_again(job):
    with Station() as station:
        assert station.judge(job).score == 1
        for role in ("student", "tester"):
            station.servers[role].process.kill()
            station.servers[role].process.wait()
            assert station.judge(job).score == 1


@pytest.mark.usefixtures("wall")
def test_nothing_is_left_when_the_station_stops():
    station = Station().start()
    pids = [server.process.pid for server in station.servers.values()]
    station.stop()
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


@pytest.mark.usefixtures("wall")
def test_course_packages_and_folders_are_visible_and_read_only(book, tmp_path):
    package = tmp_path / "course_package"
    package.mkdir()
    (package / "__init__.py").write_text("ANSWER = 42\n")
    data = tmp_path / "data"
    data.mkdir()
    (data / "faces.txt").write_text("two faces")
    source = book(
        ("locked", "imports", "import course_package, os"),
        ("solution", "q", "x = course_package.ANSWER\ntext = open(os.environ['DATA'] + '/faces.txt').read()\n"
         "try:\n    open(os.environ['DATA'] + '/new', 'w')\nexcept OSError: refused = True"),
        ("test", "t", "assert x == course_package.ANSWER == 42 and text == 'two faces' and refused", 1),
    )  # fmt: skip
    station = Station(
        libraries=("course_package",),
        packages=(package,),
        folders={"/opt/data": data},
        environment={"DATA": "/opt/data"},
    )
    with station:
        assert station.judge(plan(source, source, "amara")).verdicts[0].status == "passed"


def test_without_a_wall_it_judges_alike_and_leaves_nothing_running(book, judge_on):
    with Station(sandbox="none") as station:
        judge = judge_on(station)
        assert judge.one("def f(x): return 2 * x", "assert f(2) == 4").status == "passed"
        assert judge.one("def f(x): return 3 * x", "assert f(2) == 4").status == "failed"
        assert judge.one("import os\nos._exit(1)", "assert f(2) == 4").status == "not_run"
        verdict = judge.one("while True: pass", "assert f(2) == 4", limits=Limits(cell_seconds=1))
        assert verdict.status == "error"
        mark = f"left-{time.time_ns()}"
        answer = f"import subprocess\np = subprocess.Popen(['sh', '-c', 'sleep 60; : {mark}'], start_new_session=True)\nx = p.pid"
        source = book(("solution", "q", answer), ("test", "t", "assert False, x", 1))
        pid = int(judge(source).verdicts[0].message.split()[-1])
        deadline = time.monotonic() + 5
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not os.path.exists(f"/proc/{pid}")


def test_interrupting_the_grader_is_not_heard_inside(station):
    server = station.servers["student"]
    os.kill(os.getpid(), signal.SIGCONT)
    assert server.process.poll() is None
    assert os.getsid(server.process.pid) != os.getsid(0)  # Ctrl-C in the terminal does not reach it


def test_a_normal_user_needs_no_root():
    """What the command line says for each: the rest is run as whoever runs the tests."""
    line = sandbox._namespaces()
    assert ("--unshare-user" in line) == (os.geteuid() != 0)
    assert "--unshare-net" in line
    assert "--unshare-pid" in line


def test_a_job_whose_packages_are_not_there_is_refused(station, job, tmp_path):
    import dataclasses

    with pytest.raises(ValueError, match="packages="):
        station.judge(dataclasses.replace(job, packages=(str(tmp_path),)))


@pytest.mark.usefixtures("wall")
def test_a_station_outlives_the_thread_that_started_it(job):
    station = Station()
    thread = threading.Thread(target=station.start)
    thread.start()
    thread.join()
    pids = [server.process.pid for server in station.servers.values()]
    time.sleep(0.3)
    try:
        assert station.judge(job).score == 1
        assert [server.process.pid for server in station.servers.values()] == pids
    finally:
        station.stop()


@pytest.mark.parametrize("kind", ["bubblewrap", "none"])
def test_killing_the_grader_leaves_nothing_behind(kind, request):
    if kind == "bubblewrap":
        request.getfixturevalue("wall")
    text = (
        "import sys, time\nfrom cvgrade.run.judge import Station\n"
        f"station = Station(sandbox={kind!r}).start()\n"
        "print(*(server.process.pid for server in station.servers.values()), flush=True)\ntime.sleep(60)"
    )
    root = str(Path(judge_module.__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)])}
    grader = subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, text=True, env=environment
    )
    pids = grader.stdout.readline().split()
    assert len(pids) == 2
    grader.kill()
    grader.wait()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(_runs(pid) for pid in pids):
        time.sleep(0.1)
    assert not any(_runs(pid) for pid in pids)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
