"""Grading one TensorFlow assignment: ours against `nbgrader autograde`, overhead, memory, and growth.

CVGRADE_BENCH_SMALL=1 measures a tenth of it, to see that it runs.
"""

import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from grading_kit import Watched, cpu_seconds

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
# The notebook's cells, alone: what they cost without any grading.
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


def compile_packages():
    """Compile what is imported, as pip does; other installers leave it to each import, twice as slow."""
    packages = Path(nbformat.__file__).parents[1]
    for name in ("tensorflow", "keras", "numpy", "scipy", "h5py", "IPython", "ipykernel", "nbgrader"):
        compileall.compile_dir(packages / name, quiet=2, workers=WORKERS)


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
    tests = {f"{name}_test": text for name, text in TESTS.items()}
    cells = [tests.get(cell.metadata["nbgrader"]["grade_id"], cell.source) for cell in book.cells]
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
        compile_packages()
        course = make_course(folder / "few", COUNT)
        few = Watched(course, NAME, WORKERS)
        peer = nbgrader(course, "autograde", NAME, "--force")
        one = Watched(make_course(folder / "one", max(2, COUNT // 4)), NAME, 1, 0.1)
        four = Watched(make_course(folder / "four", COUNT), NAME, WORKERS, 0.1)
        overhead, own = cpu_overhead(course)
        many = Watched(make_course(folder / "many", LARGE), NAME, WORKERS).arrivals
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    more = (four.peak() - one.peak()) / (WORKERS - 1)
    grading, middle = few.seconds - few.ready, (COUNT + LARGE) // 2
    first = (many[middle - 1] - many[COUNT - 1]) / (middle - COUNT)
    second = (many[-1] - many[middle - 1]) / (LARGE - middle)
    what = f"{COUNT} submissions of one TensorFlow notebook, {WORKERS} at a time"
    return {
        "grading_vs_nbgrader": {
            "ours": 60 * COUNT / grading,
            "peer": 60 * COUNT / peer,
            "ratio": peer / grading,
            "unit": "submissions/min",
            "how": f"{what}, from the start of the first, {few.ready:.1f} s after the command's (TensorFlow "
            "is loaded twice, once a run), to the end of the command, gradebook written; peer: nbgrader "
            "autograde of the same, on the same cores right after; loading counts in "
            "grading_vs_nbgrader_in_all",
        },
        "grading_vs_nbgrader_in_all": {
            "ours": 60 * COUNT / few.seconds,
            "peer": 60 * COUNT / peer,
            "ratio": peer / few.seconds,
            "unit": "submissions/min",
            "how": f"{what}, start of the command to its end, loading included",
        },
        "grading_cpu_overhead": {
            "ours": overhead,
            "peer": None,
            "ratio": None,
            "unit": "CPU s/submission",
            "how": f"CPU of all processes for each of {COUNT} submissions on a warm station, less the "
            f"{own:.2f} s that the notebook's cells, tests included, cost when forked and run alone",
        },
        "grading_memory_per_worker": {
            "ours": more,
            "peer": None,
            "ratio": None,
            "unit": "MB",
            "how": f"peak memory (PSS, all processes) with {WORKERS} at a time, {four.peak():.0f} MB, less "
            f"that with 1, {one.peak():.0f} MB, for each further one",
        },
        "grading_linear_256": {
            "ours": second,
            "peer": first,
            "ratio": second / first,
            "unit": "s/submission",
            "how": f"of a run of {LARGE}: from submission {middle} to {LARGE}; peer: from {COUNT} to "
            f"{middle}; a ratio of 1 is linear",
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
