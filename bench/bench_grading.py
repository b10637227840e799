"""Grading one TensorFlow assignment: ours against `nbgrader autograde`, overhead, memory, and growth.

CVGRADE_BENCH_SMALL=1 measures a tenth of it, to see that it runs.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
SMALL = os.environ.get("CVGRADE_BENCH_SMALL") == "1"
COUNT, LARGE, WORKERS = (2, 8, 2) if SMALL else (16, 256, 4)
NAME = "nets"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
QUESTIONS = {
    "model": "model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3),\n"
    "    keras.layers.Flatten(), keras.layers.Dense(3, activation='softmax')])",
    "mean": "def mean(x):\n    return tf.reduce_mean(tf.cast(x, tf.float32))",
}
TESTS = {
    "model": "assert model.count_params() == 40 + 435\n"
    "### BEGIN HIDDEN TESTS\n"
    "assert model.predict(np.zeros((2, 8, 8, 1), 'float32'), verbose=0).shape == (2, 3)\n"
    "### END HIDDEN TESTS",
    "mean": "assert abs(float(mean(np.arange(4))) - 1.5) < 1e-6",
}
# The submission's own cells, alone: what they cost without any grading.
OWN_CELLS = """
import json, os, sys
import numpy, tensorflow, keras
cells, spent = json.loads(sys.stdin.read()), []
for _ in range(5):
    child = os.fork()
    if not child:
        space = {"__name__": "__main__"}
        for cell in cells:
            exec(cell, space)
        os._exit(0)
    _, status, usage = os.wait4(child, 0)
    assert status == 0
    spent.append(usage.ru_utime + usage.ru_stime)
print(json.dumps(spent))
"""


def source():
    """The instructor's notebook."""
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    book.cells = [_cell("import numpy as np\nimport tensorflow as tf\nimport keras", "setup", locked=True)]
    for name, answer in QUESTIONS.items():
        book.cells.append(_cell(f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION", name, solution=True))
        book.cells.append(_cell(TESTS[name], f"{name}_test", grade=True, locked=True, points=2))
    return book


def make_course(root, count):
    """A course folder with `count` right submissions, released by nbgrader."""
    root.mkdir(parents=True)
    config = ["c = get_config()", 'c.CourseDirectory.course_id = "bench"', "c.Execute.timeout = 300"]
    (root / "nbgrader_config.py").write_text("\n".join(config) + "\n")
    _write(root / "source" / NAME / f"{NAME}.ipynb", source())
    nbgrader(root, "generate_assignment", NAME)
    book = nbformat.read(root / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    for cell in book.cells:
        cell.source = QUESTIONS.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    for number in range(count):
        _write(root / "submitted" / f"s{number:05d}" / NAME / f"{NAME}.ipynb", book)
    return root


def nbgrader(root, *words):
    """One of nbgrader's own commands; the seconds it took."""
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    begun = time.perf_counter()
    line = [sys.executable, "-m", "nbgrader", *words]
    done = subprocess.run(line, cwd=root, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return time.perf_counter() - begun


def ours(root, workers=WORKERS, watch=None):
    """`cvgrade run` as a process of its own, from start to end; the seconds it took."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom cvgrade.run import command\n"
        "if __name__ == '__main__':\n"
        f"    done = command.grade(Path(sys.argv[1]), {NAME!r}, workers=int(sys.argv[2]))\n"
        "    sys.exit(done.exit_code)\n"
    )
    file = root / "bench_run.py"
    file.write_text(program)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    begun = time.perf_counter()
    line = [sys.executable, str(file), str(root), str(workers)]
    process = subprocess.Popen(
        line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if watch:
        watch(process.pid)
    out, err = process.communicate()
    if process.returncode:
        raise SystemExit(out + err)
    return time.perf_counter() - begun


def tree(pid):
    """A process and all below it."""
    children = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            parent = int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], ())
    return found


def cpu_seconds(pid):
    """CPU time of a tree of processes, and of those in it that ended and were waited for."""
    ticks = 0
    for one in tree(pid):
        try:
            ticks += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:15]))
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pid):
    """Memory of a tree of processes; what they share is counted once (PSS)."""
    total = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


class Peak:
    """The most memory that a tree of processes had."""

    def __init__(self):
        self.most = 0.0

    def __call__(self, pid):
        threading.Thread(target=self._watch, args=(pid,), daemon=True).start()

    def _watch(self, pid):
        while os.path.exists(f"/proc/{pid}"):
            self.most = max(self.most, memory_mb(pid))
            time.sleep(0.2)


def cpu_overhead(folder):
    """CPU seconds for each submission beyond its own cells, and those of its own cells."""
    from cvgrade.run.judge import Station
    from cvgrade.run.plan import plan

    book = nbformat.read(next((folder / "submitted").rglob("*.ipynb")), as_version=4)
    job = plan(source(), book, "amara", NAME)
    with Station(("numpy", "tensorflow", "keras")) as station:
        station.judge(job)
        before = cpu_seconds(os.getpid())
        for _ in range(COUNT):
            station.judge(job)
        time.sleep(1.5)  # until the fork servers have waited for the last ones
        each = (cpu_seconds(os.getpid()) - before) / COUNT
    cells = [cell.source for cell in book.cells]
    done = subprocess.run(
        [sys.executable, "-c", OWN_CELLS],
        input=json.dumps(cells),
        env={**os.environ, **ONE_THREAD, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    own = statistics.median(json.loads(done.stdout.splitlines()[-1]))
    return each - own, own


def measure():
    folder = Path(tempfile.mkdtemp(prefix="bench-grading-"))
    os.environ.update(ONE_THREAD)
    try:
        course = make_course(folder / "few", COUNT)
        peaks = {}
        one = make_course(folder / "one", COUNT)
        peaks[1] = Peak()
        ours(one, 1, peaks[1])
        peaks[WORKERS] = Peak()
        seconds = ours(course, WORKERS, peaks[WORKERS])
        peer = nbgrader(course, "autograde", NAME, "--force")
        overhead, own = cpu_overhead(course)
        many = ours(make_course(folder / "many", LARGE), WORKERS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    more = (peaks[WORKERS].most - peaks[1].most) / (WORKERS - 1)
    few_each, many_each = seconds / COUNT, many / LARGE
    return {
        "grading_vs_nbgrader": {
            "ours": 60 / few_each,
            "peer": 60 * COUNT / peer,
            "ratio": peer / seconds,
            "unit": "submissions/min",
            "how": f"{COUNT} submissions of one TensorFlow notebook, {WORKERS} at a time, start of the "
            "command to its end, loading included; peer: nbgrader autograde of the same, back to back",
        },
        "grading_cpu_overhead": {
            "ours": overhead,
            "peer": None,
            "ratio": None,
            "unit": "CPU s/submission",
            "how": f"CPU of all processes for each of {COUNT} submissions on a warm station, less the "
            f"{own:.2f} s that its cells cost when forked and run alone",
        },
        "grading_memory_per_worker": {
            "ours": more,
            "peer": None,
            "ratio": None,
            "unit": "MB",
            "how": f"peak memory (PSS, all processes) with {WORKERS} at a time less that with 1, for each",
        },
        "grading_linear_256": {
            "ours": many_each / few_each,
            "peer": None,
            "ratio": None,
            "unit": "times",
            "how": f"seconds a submission at {LARGE} submissions by those at {COUNT}: 1 is linear, less is "
            "what loading costs the few",
        },
    }


def _cell(text, name, grade=False, locked=False, solution=False, points=None):
    marks = {"grade": grade, "grade_id": name, "locked": locked, "solution": solution, "task": False}
    marks |= {"schema_version": 3, **({"points": points} if points else {})}
    return nbformat.v4.new_code_cell(text, id=name, metadata={"nbgrader": marks})


def _write(path, book):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(book), encoding="utf-8")


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
