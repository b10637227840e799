"""Release an assignment with nbgrader; grade with stock nbgrader, to compare with and where no sandbox is.

Stock nbgrader runs what was handed in with the rights of whoever calls it: this is for sample answers.
Several submissions are graded at a time: each worker process grades whole submissions and all write to one
gradebook.
"""

import contextlib
import json
import logging
import multiprocessing
import os
import re
import shutil
import sysconfig
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from cvgrade.build import HIDDEN, SOLUTION, AssignmentError, read_source, region, source_path, without

CONFIG = "nbgrader_config.py"
LOG = "grading.log"
SHORTEST = 12  # a line of code this long that is not in the public part gives an answer away
# One thread for each kernel: several submissions run side by side.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class GradingError(RuntimeError):
    """nbgrader could not do what was asked."""


@dataclass(frozen=True)
class Result:
    """What one student got.

    Attributes:
        student: the student's id.
        scores: dict from the grade id of a test cell to the points given.
        points: dict from the grade id to the points possible.
        said: dict from the grade id to what the student is shown where it failed.
        seconds: wall time of grading and feedback.
    """

    student: str
    scores: dict
    points: dict
    said: dict = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def total(self):
        """The sum of the points given."""
        return sum(self.scores.values())

    @property
    def most(self):
        """The sum of the points possible."""
        return sum(self.points.values())


def release(course, name, root=None):
    """Make the student's version of an assignment with nbgrader, and verify that it holds no answer.

    Args:
        course: the folder with `source/<name>/` and `nbgrader_config.py`.
        name: of the assignment.
        root: the course folder to release into, which is then made as a copy; by default `course` itself.

    Returns:
        The folder of the release.

    Raises:
        GradingError: if nbgrader refuses, or the release gives away a solution or a hidden test.
    """
    course = Path(course)
    root = Path(root or course)
    if root.resolve() != course.resolve():
        root.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(course / CONFIG, root / CONFIG)
        shutil.rmtree(root / "source" / name, ignore_errors=True)
        shutil.copytree(course / "source" / name, root / "source" / name)
    with _environment(_own_scripts()):
        _check(_api(root).generate_assignment(name, force=True, create=True), f"releasing {name}")
    folder = root / "release" / name
    leaks = find_leaks(folder, read_source(course, name))
    if leaks:
        shutil.rmtree(folder)
        raise GradingError(
            f"the release of {name} gives answers away and was removed: {'; '.join(leaks[:5])}"
        )
    return folder


def find_leaks(folder, book):
    """Lines of solutions and hidden tests that are found in a folder, in any file.

    Args:
        folder: what students will get.
        book: the source notebook.

    Returns:
        List of sentences, empty if nothing was found.
    """
    secret, public = set(), []
    for cell in book.cells:
        for marks in (SOLUTION, HIDDEN):
            secret.update(_lines(region(cell.source, marks)))
        public.append(without(without(cell.source, SOLUTION), HIDDEN))
    public = "\n".join(public)
    needles = {line: json.dumps(line, ensure_ascii=False)[1:-1] for line in secret if line not in public}
    leaks = []
    for path in sorted(Path(folder).rglob("*")):
        if not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        for mark in (*SOLUTION, *HIDDEN):
            if mark in text:
                leaks.append(f"{path.name} holds {mark!r}")
        for line, escaped in sorted(needles.items()):
            if line in text or escaped in text:
                leaks.append(f"{path.name} holds {line!r}")
    return leaks


def grade(root, name, students=None, workers=None, feedback=True, report=print):
    """Grade what was handed in, with nbgrader's autograde, and write each student's feedback page.

    Args:
        root: the course folder.
        name: of the assignment.
        students: ids; by default all that have a folder in `submitted/`.
        workers: submissions at a time; by default one for each core.
        feedback: whether to write feedback pages.
        report: called with a line of text after each submission.

    Returns:
        List of `Result` in the order of `students`.

    Raises:
        GradingError: if nbgrader fails on a submission, twice.
    """
    root = Path(root)
    if students is None:
        students = sorted(path.parent.name for path in root.glob(f"submitted/*/{name}"))
    if not students:
        raise GradingError(f"nothing was handed in: {root / 'submitted'} has no student with {name}")
    workers = min(workers or os.cpu_count() or 1, len(students))
    took = {}
    with (
        _environment(ONE_THREAD if workers > 1 else {}),
        ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_write_log,
            initargs=(str(root / LOG),),
        ) as pool,
    ):
        jobs = {pool.submit(_grade_one, str(root), name, student, feedback): student for student in students}
        for job in as_completed(jobs):
            student = jobs[job]
            took[student] = job.result()
            left = sum(took.values()) / len(took) * (len(students) - len(took)) / workers
            result = read_result(root, name, student)
            report(
                f"  graded {len(took):>{len(str(len(students)))}}/{len(students)}  {student:<28}"
                f"{result.total:5g} of {result.most:g}   {took[student]:4.0f} s"
                + (f"   about {left:.0f} s left" if left >= 1 else "")
            )
    return [read_result(root, name, student, took[student]) for student in students]


def read_result(root, name, student, seconds=0.0):
    """The marks of one student from the gradebook, and what the failed cells say.

    Args:
        root: the course folder.
        name: of the assignment.
        student: the student's id.
        seconds: noted in the result.

    Returns:
        A `Result`.
    """
    from nbgrader.api import Gradebook

    root = Path(root)
    scores, points = {}, {}
    with Gradebook(_database(root), "") as gradebook:
        for notebook in gradebook.find_submission(name, student).notebooks:
            for mark in sorted(notebook.grades, key=lambda mark: mark.name):
                scores[mark.name] = mark.score
                points[mark.name] = mark.max_score
    said = {}
    for path in sorted((root / "autograded" / student / name).glob("*.ipynb")):
        said.update(_said(path))
    return Result(student, scores, points, said, seconds)


def write_feedback(root, name, students):
    """Write nbgrader's feedback pages for graded submissions.

    Args:
        root: the course folder.
        name: of the assignment.
        students: ids.

    Returns:
        List of the pages' paths.
    """
    api = _api(root)
    for student in students:
        _check(api.generate_feedback(name, student, force=True), f"writing the feedback of {student}")
    return [feedback_page(root, name, student) for student in students]


def feedback_page(root, name, student):
    """Where a student's feedback page lies."""
    return Path(root) / "feedback" / student / name / f"{name}.html"


def _write_log(path):
    """Send what nbgrader and the kernels write to stderr to a file (in a worker process)."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 2)
    os.close(log)


def _grade_one(root, name, student, feedback):
    """Grade one submission (in a worker process); returns the seconds it took."""
    start = time.perf_counter()
    api = _api(root)
    outcome = api.autograde(name, student, force=True, create=True)
    if not outcome["success"]:  # a port that another kernel took, most often: once more
        outcome = api.autograde(name, student, force=True, create=True)
    _check(outcome, f"grading {student}")
    if feedback:
        _check(api.generate_feedback(name, student, force=True), f"writing the feedback of {student}")
    return time.perf_counter() - start


def _api(root):
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    root = Path(root).resolve()
    config = Config()
    if (root / CONFIG).exists():
        config.merge(PyFileConfigLoader(CONFIG, path=str(root)).load_config())
    # Stock nbgrader is what this file is for: the course's own configuration would put it behind the wall.
    config.Autograde.exporter_class = "nbconvert.exporters.NotebookExporter"
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = _database(root)
    config.Autograde.exporter_class = "nbconvert.exporters.NotebookExporter"  # nbgrader's own, not `seams`
    # nbgrader tells of each failing test as a warning; the results say it better.
    api = NbGraderAPI(CourseDirectory(config=config), config=config, log_level=logging.WARNING)
    for handler in api.log.handlers:
        handler.setLevel(logging.CRITICAL + 1)
    return api


def _database(root):
    # Several workers write in turn; each waits for the other's short transactions.
    return f"sqlite:///{Path(root).resolve() / 'gradebook.db'}?timeout=60"


def _check(outcome, doing):
    if not outcome["success"]:
        detail = outcome.get("log") or outcome.get("error") or "nbgrader gave no reason"
        raise GradingError(f"{doing}: {detail.strip()[-2000:]}")


def _said(path):
    """What the failed test cells of a graded notebook say, without colours."""
    said = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] != "code" or not marks.get("grade"):
            continue
        parts = []
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                parts += output["traceback"]
            elif output["output_type"] == "stream" and output["name"] == "stderr":
                parts.append("".join(output["text"]))
        if parts:
            said[marks["grade_id"]] = ANSI.sub("", "\n".join(parts))
    return said


def _lines(text):
    stripped = (line.strip() for line in text.split("\n"))
    return {line for line in stripped if len(line) >= SHORTEST}


def _own_scripts():
    """nbgrader calls `alembic` by its bare name: let it find the one installed beside this Python."""
    return {"PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])}


@contextlib.contextmanager
def _environment(values):
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


__all__ = [
    "AssignmentError",
    "GradingError",
    "Result",
    "feedback_page",
    "find_leaks",
    "grade",
    "read_result",
    "release",
    "source_path",
    "write_feedback",
]
