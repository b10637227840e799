"""Hand in an assignment's sample answers and have them graded, by cvgrade or by stock nbgrader."""

import contextlib
import shutil
from pathlib import Path

from cvgrade import course as stock
from cvgrade.answers import write_submission
from cvgrade.build import source_path
from cvgrade.course import GradingError, Result, release

GRADERS = ("cvgrade", "nbgrader")
MARKER = "made_by_cvgrade.txt"
MARKED = "This folder is `cvgrade report-card`'s or `cvgrade demo`'s own: each run empties it first.\n"


def prepare(course, name, out):
    """A fresh course folder with the release of an assignment in it, and what only its tests may see.

    Args:
        course: the nbgrader course folder.
        name: of the assignment.
        out: the folder; emptied first if an earlier run made it.

    Returns:
        Its path.

    Raises:
        GradingError: if the folder holds something else than an earlier run.
    """
    root = Path(out)
    if root.exists() and any(root.iterdir()) and not (root / MARKER).is_file():
        raise GradingError(f"{root} holds something else than an earlier run: delete it, or use --out")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / MARKER).write_text(MARKED, encoding="utf-8")
    release(course, name, root)
    secret = Path(course) / "hidden" / name
    if secret.is_dir():
        shutil.copytree(secret, root / "hidden" / name)
    return root


def hand_in(course, name, root, handed_in, submitted="submitted"):
    """Write what each student hands in.

    Args:
        course: the nbgrader course folder that has the answers.
        name: of the assignment.
        root: the folder from `prepare`.
        handed_in: dict from student to `Answer`.
        submitted: the folder in it to write to.
    """
    released = Path(root) / "release" / name / f"{name}.ipynb"
    for student, answer in handed_in.items():
        folder = Path(root) / submitted / student / name
        write_submission(answer, released, source_path(course, name), folder)


def grade(root, name, students, grader="cvgrade", workers=None, sandbox="bubblewrap", report=print):
    """Grade what was handed in.

    Args:
        root: the course folder.
        name: of the assignment.
        students: ids, in the order of the results.
        grader: "cvgrade", the way of `cvgrade run`; or "nbgrader", the way of `nbgrader autograde`.
        workers: submissions at a time; by default one for each core.
        sandbox: "bubblewrap" or "none"; for cvgrade.
        report: called with lines of text.

    Returns:
        List of `Result`.

    Raises:
        GradingError: if a submission could not be graded.
        SandboxError: if cvgrade's sandbox cannot be had here.
    """
    if grader not in GRADERS:
        raise ValueError(f"grader must be one of {', '.join(GRADERS)}, got {grader!r}")
    if grader == "nbgrader":
        with _hidden_beside_source(Path(root), name):
            return stock.grade(root, name, students, workers, feedback=False, report=report)
    from cvgrade.run import command

    summary = command.grade(root, name, students, workers, sandbox=sandbox)
    if summary.stopped:
        raise KeyboardInterrupt
    if summary.failed:
        raise GradingError(f"not graded: {'; '.join(summary.failed[:5])}")
    return read_results(root, name, students)


@contextlib.contextmanager
def _hidden_beside_source(root, name):
    """Stock nbgrader knows no hidden folder, and brings to each submission what lies beside the source."""
    secret, source = root / "hidden" / name, root / "source" / name
    entries = [source / path.name for path in secret.iterdir()] if secret.is_dir() else []
    if entries:
        shutil.copytree(secret, source, dirs_exist_ok=True)
    try:
        yield
    finally:
        for path in entries:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def read_results(root, name, students):
    """What `cvgrade run` gave: a list of `Result` in the order of `students`.

    Args:
        root: the course folder.
        name: of the assignment.
        students: ids.
    """
    from cvgrade.run.command import read_records

    found = {}
    for student, _, record in read_records(root, name):
        found.setdefault(student, []).extend(record["result"]["verdicts"])
    return [as_result(student, found[student]) for student in students]


def as_result(student, verdicts, seconds=0.0):
    """Verdicts, as in a journal, as a `Result`.

    Args:
        student: the student's id.
        verdicts: list of dicts with the fields of `cvgrade.run.plan.Verdict`.
        seconds: noted in the result.
    """
    scores = {verdict["grade_id"]: verdict["score"] for verdict in verdicts}
    points = {verdict["grade_id"]: verdict["points"] for verdict in verdicts}
    said = {
        verdict["grade_id"]: f"{verdict['message']}\n{verdict['hint']}".strip()
        for verdict in verdicts
        if verdict["status"] != "passed"
    }
    return Result(student, scores, points, said, seconds)
