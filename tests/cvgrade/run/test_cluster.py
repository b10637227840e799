import contextlib
import io
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

import class_kit as kit
import pytest

from cvgrade.run import command
from cvgrade.run.cluster import Cluster, ClusterError
from cvgrade.run.plan import plan
from cvgrade.run.progress import Progress, duration
from cvgrade.run.stations import Setup, pack_folder

pytest.importorskip("distributed")
needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
KILLS = int(os.environ.get("CVGRADE_KILLS", "20"))  # in one test: about two minutes
SLOW = "import time\ntime.sleep(0.4)\n"
CLASS = kit.class_of(12)
NUMPY = Setup(libraries=("numpy",))


def job(student, kind="right", before=""):
    return plan(kit.source(), kit.answered(kind, before=before), student, kit.NAME)


def slow_class(root):
    kit.course(root)
    for student, kind in CLASS.items():
        kit.hand_in(root, student, kind, before=SLOW)
    return root


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def descendants(pid):
    """(pid, command line) of the processes below a process."""
    parents, words = {}, {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat, open(f"/proc/{name}/cmdline", "rb") as line:
                parents[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
                words[int(name)] = line.read().decode(errors="replace")
        except OSError:
            continue
    below, found = [pid], []
    while below:
        children = [child for child, parent in parents.items() if parent == below[0]]
        found += [(child, words[child]) for child in children]
        below = below[1:] + children
    return found


def workers_of(process):
    return [pid for pid, line in descendants(process.pid) if "spawn_main" in line]


def graded(root):
    try:
        return len(kit.lines(root))
    except (OSError, ValueError):
        return 0


def assert_each_has_one_result(root, students=CLASS):
    found = kit.lines(root)
    assert sorted(student for student, _, _ in found) == sorted(students)
    assert len({key for _, key, _ in found}) == len(students)
    for student, _, scores in found:
        double, total = kit.ANSWERS[students[student]][2:]
        assert scores["double_test"] == (double, "passed" if double else "failed")
        assert scores["total_test"][0] == total
    assert kit.marks(kit.database(root)) == kit.expected(students)


class Remote:
    """A scheduler and workers, each a process of its own with a folder of its own."""

    def __init__(self, folder):
        self.folder, self.processes, self.count, self.port = folder, [], 0, free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"

    def __enter__(self):
        self.scheduler = self.start_scheduler()
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()

    def end(self, process):
        process.kill()
        process.wait()
        self.processes.remove(process)

    def start_scheduler(self):
        started = self._start("scheduler", "--port", str(self.port), "--host", "127.0.0.1", "--no-dashboard")
        wait_for(self._answers)
        return started

    def start_worker(self, threads=1):
        return self._start("worker", self.address, "--nthreads", str(threads), "--no-nanny", "--no-dashboard")

    def _start(self, what, *words):
        self.count += 1
        folder = self.folder / f"{what}{self.count}"
        folder.mkdir()
        line = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words]
        log = open(folder / "log", "w")  # noqa: SIM115
        process = subprocess.Popen(line, env=kit.environment(), cwd=folder, stdout=log, stderr=log)
        log.close()
        self.processes.append(process)
        return process

    def _answers(self):
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@needs_bubblewrap
@pytest.mark.slow
def test_results_come_back_by_key_and_jobs_are_taken_only_a_little_ahead():
    taken, most = [], 0

    def jobs():
        for number in range(12):
            taken.append(number)
            yield f"k{number}", job(f"s{number}", list(kit.ANSWERS)[number % 3])

    done = {}
    with Cluster(NUMPY, workers=2) as cluster:
        assert cluster.threads == 2
        for outcomes in cluster.run(jobs()):
            most = max(most, len(taken) - len(done))
            done.update({one.key: one for one in outcomes})
    assert sorted(done) == sorted(f"k{number}" for number in range(12))
    assert most < 12
    for number in range(12):
        scores = tuple(
            verdict.score for verdict in done[f"k{number}"].result.verdicts if verdict.status != "manual"
        )
        assert scores == kit.ANSWERS[list(kit.ANSWERS)[number % 3]][2:]
        assert done[f"k{number}"].result.student == f"s{number}"


@needs_bubblewrap
@pytest.mark.slow
def test_a_course_package_travels_to_the_worker(tmp_path):
    package = tmp_path / "coursepkg"
    package.mkdir()
    (package / "__init__.py").write_text("def four():\n    return 4\n")
    source, answer = kit.source(), kit.answered("right")
    for book in (source, answer):
        book.cells[1].source = "import numpy as np\nimport coursepkg"
    source.cells[3].source = "assert double(2) == coursepkg.four()"
    setup = Setup(("numpy",), {"coursepkg": pack_folder(package)})
    shutil.rmtree(package)
    with Cluster(setup, workers=1) as cluster:
        ((outcome,),) = cluster.run([("k", plan(source, answer, "amara", kit.NAME))])
    assert outcome.result.verdicts[0].status == "passed", outcome


def test_packed_folders_are_the_same_for_the_same_files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "x.py").write_text("1")
    (tmp_path / "b" / "__pycache__").mkdir()
    (tmp_path / "b" / "__pycache__" / "x.pyc").write_text("1")
    assert pack_folder(tmp_path / "a") == pack_folder(tmp_path / "b")
    (tmp_path / "b" / "sub" / "x.py").write_text("2")
    assert pack_folder(tmp_path / "a") != pack_folder(tmp_path / "b")


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("cvgrade.run.cluster.LOST_SECONDS", 2)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(ClusterError, match=f"{address}.*dask scheduler"), Cluster(NUMPY, scheduler=address):
        pass


def test_progress_tells_count_rate_and_time_left():
    progress = Progress(100, 40, io.StringIO())
    assert progress.text(10) == "graded 40 of 100"
    progress.done = 70
    assert progress.text(60) == "graded 70 of 100, 30 a minute, about 60 s left"
    progress.add(30)
    assert progress.stream.getvalue().startswith("graded 100 of 100")
    assert [duration(seconds) for seconds in (5, 600, 7200)] == ["5 s", "10 min", "2.0 h"]


class Chaos:
    """Runs of one class, one after the other, while something of them is killed again and again."""

    def __init__(self, folder, remote, chance):
        self.folder, self.remote, self.chance = folder, remote, chance
        self.workers = [remote.start_worker(), remote.start_worker()]
        self.process, self.far, self.runs, self.courses, self.killed = None, False, 0, [], []
        self.pristine = numpy_free(kit.course(folder / "pristine", CLASS))

    def step(self, victim):
        """See that a run is going on, wait until some moment, and kill."""
        if self.process is None or self.process.poll() is not None:
            self._start()
        seen = graded(self.root)
        if self.chance.random() < 0.6:
            wait_for(lambda: graded(self.root) > seen or self.process.poll() is not None)
            time.sleep(self.chance.uniform(0, 0.6))
        else:
            time.sleep(self.chance.uniform(0, 3))
        self.killed.append((victim, "remote" if self.far else "local", graded(self.root)))
        getattr(self, f"_kill_{victim}")()

    def finish(self):
        """Let the last run end, and run each course once more."""
        if self.process:
            self._ended()
        for root in self.courses:
            code, out, err = kit.finish(root, "--workers", "2")
            assert code == 0, out + err

    def _start(self):
        if self.process:
            self._ended()
        if not self.courses or graded(self.root) == len(CLASS):
            self.root = self.folder / f"course{len(self.courses)}"
            shutil.copytree(self.pristine, self.root)
            self.courses.append(self.root)
        self.far, self.runs = self.runs % 2 == 0, self.runs + 1
        where = ("--scheduler", self.remote.address) if self.far else ("--workers", "2")
        self.process = kit.start(self.root, *where)

    def _ended(self):
        self.process.communicate(timeout=300)
        self.process = None

    def _kill_run(self):
        self.process.kill()
        self._ended()

    def _kill_worker(self):
        if self.far:
            index = self.chance.randrange(2)
            self.remote.end(self.workers[index])
            self.workers[index] = self.remote.start_worker()
            return
        for pid in workers_of(self.process):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _kill_scheduler(self):
        if self.far:
            for process in (self.remote.scheduler, *self.workers):
                self.remote.end(process)
            self.remote.scheduler = self.remote.start_scheduler()
            self.workers = [self.remote.start_worker(), self.remote.start_worker()]
        else:
            self._kill_run()  # it lives in the run


def numpy_free(root):
    """Let a course use no library, so that a run is quick to start."""
    for path in root.rglob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        for old, new in (
            ("import numpy as np", "import math"),
            ("np.sum", "math.fsum"),
            ("np.arange", "range"),
        ):
            text = text.replace(old, new)
        path.write_text(text.replace("def double", "import time\\ntime.sleep(0.3)\\ndef double"), "utf-8")
    return root


def results(root):
    """What the journal says of each student, without what differs from run to run: times and memory."""
    found = {}
    for student, _, record in command.read_records(root, kit.NAME):
        result = {key: record["result"][key] for key in ("verdicts", "outputs", "notes")}
        result["verdicts"] = [{**one, "seconds": 0} for one in result["verdicts"]]
        found[student] = {**record, "result": result}
    return found


@needs_bubblewrap
@pytest.mark.slow
def test_whatever_is_killed_at_random_moments_each_submission_ends_with_one_result_as_if_undisturbed(
    tmp_path,
):
    chance = random.Random(KILLS)
    victims = [("run", "worker", "scheduler")[number % 3] for number in range(KILLS)]
    chance.shuffle(victims)
    with Remote(tmp_path) as remote:
        chaos = Chaos(tmp_path, remote, chance)
        for victim in victims:
            chaos.step(victim)
        chaos.finish()
        print(f"{chaos.runs} runs, {len(chaos.courses)} courses:", *chaos.killed, sep="\n  ")
    calm = shutil.copytree(chaos.pristine, tmp_path / "calm")
    code, out, err = kit.finish(calm, "--workers", "2")
    assert code == 0, out + err
    for root in chaos.courses:
        assert_each_has_one_result(root)
        assert results(root) == results(calm)
    code, out, err = kit.finish(chaos.root, "--workers", "2")
    assert code == 0, out + err
    assert "nothing to do" in out


@needs_bubblewrap
@pytest.mark.slow
def test_of_two_remote_workers_one_is_killed_and_the_other_does_its_work(tmp_path):
    root = slow_class(tmp_path)
    with Remote(tmp_path) as remote:
        first, _ = remote.start_worker(), remote.start_worker()
        process = kit.start(root, "--scheduler", remote.address)
        wait_for(lambda: graded(root) or process.poll() is not None)
        time.sleep(random.uniform(0, 1))
        first.kill()
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    assert_each_has_one_result(root)


@needs_bubblewrap
@pytest.mark.slow
def test_a_scheduler_killed_stops_the_run_with_a_word_and_the_next_run_goes_on(tmp_path):
    root = slow_class(tmp_path)
    with Remote(tmp_path) as remote:
        remote.start_worker()
        process = kit.start(root, "--scheduler", remote.address)
        wait_for(lambda: graded(root) or process.poll() is not None)
        remote.scheduler.kill()
        out, err = process.communicate(timeout=300)
        assert process.returncode == 1, out + err
        assert "run the same command again" in err
        kept = graded(root)
        assert kept > 0
        remote.start_scheduler()
        remote.start_worker()
        code, out, err = kit.finish(root, "--scheduler", remote.address)
    assert code == 0, out + err
    assert f"{len(CLASS) - kept} graded, {kept} graded before" in out
    assert_each_has_one_result(root)


@needs_bubblewrap
@pytest.mark.slow
@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_says_how_to_go_on_and_leaves_no_process(tmp_path, word):
    root = kit.course(tmp_path)
    for number, (student, kind) in enumerate(CLASS.items()):
        kit.hand_in(root, student, kind, before=SLOW if number < 2 else "import time\ntime.sleep(50)\n")
    process = kit.start(root, "--workers", "2")
    wait_for(lambda: graded(root) or process.poll() is not None)
    below = [pid for pid, _ in descendants(process.pid)]
    assert below
    if word == signal.SIGINT:
        os.killpg(process.pid, word)  # as a terminal does: the workers hear it too
    else:
        process.send_signal(word)
    begun = time.monotonic()
    out, err = process.communicate(timeout=60)
    print(f"stopped after {time.monotonic() - begun:.1f} s")
    assert process.returncode == 130, out + err
    assert "To go on: cvgrade" in err
    assert "Traceback" not in err
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in below))
