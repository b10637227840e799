"""A small assignment with NumPy, its course folder and gradebook, and a class that handed in."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
NAME = "hw"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
DOUBLE = "def double(x):\n    return 2 * x"
TOTAL = "def total(x):\n    return float(np.sum(x))"
TEXT = "Because numbers add up."
# What a student's answers are: the marks for the first and the second question.
ANSWERS = {
    "right": (DOUBLE, TOTAL, 2.0, 3.0),
    "half": (DOUBLE, "def total(x):\n    return 0.0", 2.0, 0.0),
    "wrong": ("def double(x):\n    return x", "def total(x):\n    raise ValueError('no')", 0.0, 0.0),
}


def cell(source, name="", kind="", points=None, markdown=False):
    make = nbformat.v4.new_markdown_cell if markdown else nbformat.v4.new_code_cell
    made = make(source, id=name or f"free{len(source)}")
    if kind:
        made.metadata["nbgrader"] = {
            "grade": kind in ("test", "manual"),
            "grade_id": name,
            "locked": kind in ("test", "locked"),
            "schema_version": 3,
            "solution": kind in ("answer", "manual"),
            "task": False,
            "cell_type": made.cell_type,
            **({"points": points} if points is not None else {}),
        }
    return made


def source():
    book = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
    book.cells = [
        cell("# Numbers", markdown=True),
        cell("import numpy as np", "setup", "locked"),
        cell(f"### BEGIN SOLUTION\n{DOUBLE}\n### END SOLUTION", "double", "answer"),
        cell(
            "assert double(2) == 4, 'double(2) is 4'\n"
            "### BEGIN HIDDEN TESTS\nassert double(21.5) == 43.0\n### END HIDDEN TESTS",
            "double_test",
            "test",
            2,
        ),
        cell("YOUR ANSWER HERE", "why", "manual", 4, markdown=True),
        cell(f"### BEGIN SOLUTION\n{TOTAL}\n### END SOLUTION", "total", "answer"),
        cell("assert total(np.arange(4)) == 6, 'the total of 0, 1, 2, 3 is 6'", "total_test", "test", 3),
    ]
    return book


def release():
    book = source()
    for one in book.cells:
        name = one.metadata.get("nbgrader", {}).get("grade_id")
        if name in ("double", "total"):
            one.source = f"def {name}(x):\n{STUB}"
        one.source = one.source.split("\n### BEGIN HIDDEN")[0]
    return book


def answered(kind="right", text=TEXT, before=""):
    book = release()
    double, total, *_ = ANSWERS[kind]
    for one in book.cells:
        name = one.metadata.get("nbgrader", {}).get("grade_id")
        one.source = {"double": before + double, "total": total, "why": text}.get(name, one.source)
    return book


def write(path, book):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(book), encoding="utf-8")


def hand_in(root, student, kind="right", text=TEXT, before=""):
    write(root / "submitted" / student / NAME / f"{NAME}.ipynb", answered(kind, text, before))


def register(url, name=NAME, course_id="", duedate=None):
    """Put the assignment into a gradebook, as `nbgrader generate_assignment` does."""
    import nbgrader.api

    from cvgrade.gradebook import open_gradebook

    if not hasattr(nbgrader.api.get_alembic_version, "cache_info"):  # seconds for each new gradebook
        nbgrader.api.get_alembic_version = functools.cache(nbgrader.api.get_alembic_version)
    with open_gradebook(url, course_id) as gradebook:
        gradebook.update_or_create_assignment(name, **({"duedate": duedate} if duedate else {}))
        gradebook.update_or_create_notebook(name, name)
        for one in source().cells:
            marks = one.metadata.get("nbgrader")
            if not marks:
                continue
            key, kind = marks["grade_id"], one.cell_type
            if marks["grade"]:
                gradebook.update_or_create_grade_cell(
                    key, name, name, max_score=marks["points"], cell_type=kind
                )
            if marks["solution"]:
                gradebook.update_or_create_solution_cell(key, name, name)
            gradebook.update_or_create_source_cell(
                key, name, name, cell_type=kind, source=one.source, locked=marks["locked"]
            )


def database(root):
    return f"sqlite:///{root / 'gradebook.db'}"


def course(root, students=(), url=None, config=""):
    """A course folder; `students` is a dict from id to the kind of answers, or their number."""
    write(root / "source" / NAME / f"{NAME}.ipynb", source())
    write(root / "release" / NAME / f"{NAME}.ipynb", release())
    lines = ["c = get_config()", 'c.CourseDirectory.course_id = "numbers"', config]
    if url:
        lines.append(f"c.CourseDirectory.db_url = {url!r}")
    (root / "nbgrader_config.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    register(url or database(root), course_id="numbers")
    if isinstance(students, int):
        students = class_of(students)
    for student, kind in dict(students).items():
        hand_in(root, student, kind)
    return root


def class_of(count):
    kinds = list(ANSWERS)
    return {f"s{number:05d}": kinds[number % len(kinds)] for number in range(count)}


def marks(url):
    """What the gradebook holds, each once: (student, question) → (auto, manual, needs a person)."""
    from nbgrader.api import Gradebook

    found = {}
    with Gradebook(url, "numbers") as gradebook:
        for submission in gradebook.assignment_submissions(NAME):
            for book in submission.notebooks:
                for grade in book.grades:
                    key = submission.student_id, grade.name
                    assert key not in found
                    found[key] = grade.auto_score, grade.manual_score, bool(grade.needs_manual_grade)
    return found


def expected(students):
    """`marks` for a class of answers, none marked by hand."""
    found = {}
    for student, kind in students.items():
        found[(student, "double_test")] = ANSWERS[kind][2], None, False
        found[(student, "total_test")] = ANSWERS[kind][3], None, False
        found[(student, "why")] = None, None, True
    return found


PROGRAM = """
import argparse, signal, sys
from pathlib import Path
from cvgrade.run import command
if __name__ == "__main__":
    # A shell starts what runs in the background deaf to Ctrl-C, and its children are born so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser()
    parser.add_argument("--course", type=Path)
    command.add_arguments(parser)
    sys.exit(command.run(parser.parse_args()))
"""


def environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}


def start(root, *words, **options):
    """Start `cvgrade run` in a process group of its own."""
    program = root / "run_cvgrade.py"
    program.write_text(PROGRAM, encoding="utf-8")
    line = [sys.executable, "-P", str(program), "--course", str(root), NAME, *words]
    if sys.version_info < (3, 11):
        line.remove("-P")
    return subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
        cwd=root,
        **options,
    )


def finish(root, *words):
    """Run to the end: (exit code, stdout, stderr)."""
    process = start(root, *words)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def lines(root):
    """The results in the journal: (student, key) pairs as they stand in the file, and each one's scores."""
    found = []
    for line in (root / ".cvgrade" / "runs" / f"{NAME}.jsonl").read_bytes().splitlines():
        document = json.loads(line[9:])
        if "record" in document:
            verdicts = document["record"]["result"]["verdicts"]
            scores = {one["grade_id"]: (one["score"], one["status"]) for one in verdicts}
            found.append((document["student"], document["key"], scores))
    return found
