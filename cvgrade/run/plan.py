"""A job out of two notebooks: the instructor's source and the repaired submission."""

import ast
import dataclasses
import re
from pathlib import Path

from cvgrade.run.job import HIDDEN, IN_PLACE, STATUSES, Job, Limits, Result, Step, Verdict
from cvgrade.run.names import parse

__all__ = [
    "HIDDEN",
    "IN_PLACE",
    "STATUSES",
    "Job",
    "Limits",
    "Result",
    "Step",
    "Verdict",
    "find_libraries",
    "plan",
    "read_files",
]


def plan(source, submission, student, assignment=None, notebook=None, **options):
    """The job for one submission.

    Test and locked cells come from the instructor's source, whatever the submission holds; what the student
    wrote is matched by grade id, and otherwise by cell id or text.

    Args:
        source: the instructor's notebook (nbformat), with solutions and hidden tests.
        submission: the student's notebook, repaired.
        student: the student's id.
        assignment: name; by default "assignment".
        notebook: name; by default `assignment`.
        options: more fields of `Job`: `files`, `given`, `hidden_files`, `limits`, `libraries`, `packages` and
            `seed`.

    Returns:
        A `Job`.
    """
    assignment = assignment or "assignment"
    ours = {_grade_id(cell): cell for cell in source.cells if _grade_id(cell)}
    theirs, extra, last = {}, {None: []}, None
    for cell in submission.cells:
        name = _grade_id(cell)
        if name in ours:
            last = name
            theirs.setdefault(name, cell)
            extra.setdefault(last, [])
        else:
            extra[last].append(cell)
    steps = []
    _add_free(steps, extra[None], source)
    for cell in source.cells:
        name = _grade_id(cell)
        if name is None:
            continue
        step = _step(cell, theirs.get(name), name)
        if step:
            steps.append(step)
        _add_free(steps, extra.get(name, ()), source)
    steps = [dataclasses.replace(step, cell_id=name) for step, name in zip(steps, _unique(steps))]
    options.setdefault("imports", _imports(source))
    return Job(assignment, notebook or assignment, student, tuple(steps), **options)


def find_libraries(source, known=("numpy", "tensorflow", "keras", "matplotlib", "pandas", "sklearn", "cv2")):
    """The heavy modules that a notebook imports, for a station to load beforehand.

    Args:
        source: a notebook (nbformat).
        known: modules worth loading.
    """
    text = "\n".join(cell.source for cell in source.cells if cell.cell_type == "code")
    found = [name for name in known if re.search(rf"^\s*(import|from)\s.*\b{name}\b", text, re.M)]
    return tuple(found)


def read_files(folder, skip=(".ipynb",), most_bytes=256 << 20):
    """The files under a folder as a dictionary for `Job.files`; links are not followed.

    Args:
        folder: where they lie.
        skip: endings left out.
        most_bytes: of all together.

    Raises:
        ValueError: if they are more.
    """
    folder, files, total = Path(folder), {}, 0
    for path in sorted(folder.rglob("*")):
        inside = [folder, *path.relative_to(folder).parents]
        if path.is_symlink() or not path.is_file() or path.name.endswith(tuple(skip)) or not inside:
            continue
        if any((folder / part).is_symlink() for part in path.relative_to(folder).parents):
            continue
        total += path.stat().st_size
        if total > most_bytes:
            raise ValueError(f"{folder} holds more than {most_bytes >> 20} MB")
        files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return files


def _imports(source):
    """The top-level import statements of cells that students edit."""
    lines = []
    for cell in source.cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and not marks.get("locked"):
            lines += [ast.unparse(part) for part in parse(cell.source).body if _is_import(part)]
    return "\n".join(dict.fromkeys(lines))


def _is_import(statement):
    return isinstance(statement, (ast.Import, ast.ImportFrom))


def _step(cell, submitted, name):
    marks = cell.metadata["nbgrader"]
    points = float(marks.get("points", 0) or 0)
    solution, grade = marks.get("solution", False), marks.get("grade", False)
    manual = bool((grade and solution) or marks.get("task"))
    if cell.cell_type != "code":
        return Step("student", cell.get("id", name), "", name, points, True) if manual else None
    if solution or not (grade or marks.get("locked")):
        text = submitted.source if submitted is not None and submitted.cell_type == "code" else ""
        return Step("student", cell.get("id", name), text, name, points, manual, cell.source)
    return Step("test" if grade else "locked", cell.get("id", name), cell.source, name, points)


def _add_free(steps, cells, source):
    """Cells without marks: the student's text; the instructor's too, where it is a cell of the source."""
    for cell in cells:
        if cell.cell_type != "code":
            continue
        match = next((one for one in source.cells if not _grade_id(one) and _same(one, cell)), None)
        steps.append(
            Step(
                "student", cell.get("id", "cell"), cell.source, None, 0, False, match.source if match else ""
            )
        )


def _same(ours, theirs):
    return (ours.get("id") and ours.get("id") == theirs.get("id")) or ours.source == theirs.source


def _grade_id(cell):
    marks = cell.metadata.get("nbgrader") if isinstance(cell.metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else None


def _unique(steps):
    taken = set()
    for step in steps:
        name, number = step.cell_id, 1
        while name in taken:
            number += 1
            name = f"{step.cell_id}-{number}"
        taken.add(name)
        yield name
