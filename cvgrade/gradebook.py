"""The one writer: results into nbgrader's gradebook, and the graded notebooks that formgrader shows.

Many submissions in one transaction, by the gradebook's own tables, so that formgrader, `nbgrader export`,
late penalties and marks by hand go on working. What a person entered (a mark, extra credit, a comment, an
extension) is never touched. Writing the same results twice changes nothing.
"""

import contextlib
import json
import os
import shutil
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import nbformat

from cvgrade.gradebook_rows import Rows, state_of
from cvgrade.scores import filled_in, sound_scores

__all__ = ["GradebookError", "Graded", "Writer", "filled_in", "open_gradebook", "sound_scores"]


class GradebookError(RuntimeError):
    """The gradebook cannot be written; the message says what to do."""


@dataclass(frozen=True)
class Graded:
    """One notebook of one student, ready to be written.

    Attributes:
        student: the student's id.
        result: `cvgrade.run.plan.Result`.
        book: the repaired notebook, nbformat; or None, and only marks are written.
        files: dict from relative path to bytes: what was handed in, and the assignment's own.
        time: when it was handed in, an aware datetime, or None.
        answered: frozenset of grade ids that the student changed, or None if that is unknown.
    """

    student: str
    result: object
    book: object = None
    files: dict = field(default_factory=dict)
    time: datetime | None = None
    answered: frozenset | None = None


class Writer:
    """Writes an assignment's results.

    Args:
        course: the nbgrader course folder.
        assignment: its name; it must be released.
        db_url: of the gradebook; by default `gradebook.db` in the course folder.
        course_id: nbgrader's name of the course.
        config: traitlets `Config` of the course, for the late penalties.
        autograded: nbgrader's name of the folder of graded notebooks.

    Raises:
        GradebookError: if the gradebook cannot be opened or does not know the assignment.

    Example:
        >>> with Writer("course", "hw") as writer:  # doctest: +SKIP
        ...     writer.write([Graded("amara", result, book)])
    """

    def __init__(self, course, assignment, db_url=None, course_id="", config=None, autograded="autograded"):
        from nbgrader import api

        self.api, self.course, self.assignment = api, Path(course), assignment
        self.autograded = self.course / autograded
        url = db_url or f"sqlite:///{(self.course / 'gradebook.db').resolve()}?timeout=60"
        try:
            self.gradebook = open_gradebook(url, course_id)
        except Exception as error:  # each driver has its own
            raise GradebookError(_unopened(url, error)) from error
        try:
            self._read_assignment()
            self.rows = Rows(api, self.id, self.due, self.notebooks, config)
        except BaseException:
            self.gradebook.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close the gradebook."""
        self.gradebook.close()

    def written(self):
        """What the gradebook holds: a dict from (student, notebook) to its state.

        A state is a text that changes with what decides late penalties: times, extension, the day it is due.
        """
        from sqlalchemy import select

        sub, book = self.api.SubmittedAssignment.__table__, self.api.SubmittedNotebook.__table__
        query = (
            select(sub.c.student_id, book.c.notebook_id, sub.c.timestamp, sub.c.extension)
            .join_from(sub, book, book.c.assignment_id == sub.c.id)
            .where(sub.c.assignment_id == self.id)
        )
        names = {one.id: name for name, one in self.notebooks.items()}
        with self.gradebook.engine.connect() as database:
            return {
                (row.student_id, names.get(row.notebook_id, "")): state_of(row, self.due)
                for row in database.execute(query)
            }

    def write(self, graded):
        """Write results: first the notebooks that formgrader shows, then all marks in one transaction.

        Args:
            graded: list of `Graded`.

        Returns:
            Dict from (student, notebook) to (state, as in `written`; sentences on scores that were no marks
            and became 0).
        """
        graded = list({(one.student, one.result.notebook): one for one in graded}.values())
        for one in graded:
            if one.result.notebook not in self.notebooks:
                raise GradebookError(
                    f"the gradebook has no notebook {one.result.notebook!r} in {self.assignment}: "
                    "release it again"
                )
            if one.student in ("", ".", "..") or "/" in one.student:
                raise GradebookError(f"{one.student!r} cannot be a student's id")
        said, before = {}, {}
        for one in graded:
            name = one.student, one.result.notebook
            scores, said[name] = sound_scores(one.result, self.notebooks[one.result.notebook].points)
            if one.book is not None:
                before[name] = self._read_answers(one)
                self._write_book(one, scores)
        with self.gradebook.engine.begin() as database:
            rows = self.rows.write(database, graded, before)
        return {name: (state_of(rows[name[0]], self.due), sentences) for name, sentences in said.items()}

    def _read_assignment(self):
        from sqlalchemy import select

        api = self.api
        try:
            found = self.gradebook.find_assignment(self.assignment)
        except api.MissingEntry:
            raise GradebookError(
                f"the gradebook does not know {self.assignment!r}: "
                f"run `cvgrade release {self.assignment}` first"
            ) from None
        self.id, self.due, self.notebooks = found.id, found.duedate, {}
        for notebook in found.notebooks:
            points = {
                cell.name: float(cell.max_score) for cell in [*notebook.grade_cells, *notebook.task_cells]
            }
            grades = {cell.id: cell.name for cell in [*notebook.grade_cells, *notebook.task_cells]}
            comments = {cell.id: cell.name for cell in [*notebook.solution_cells, *notebook.task_cells]}
            # What a person marks: answers that are graded themselves, text, and tasks.
            solutions = {cell.name for cell in notebook.solution_cells}
            manual = {cell.name for cell in notebook.task_cells} | {
                cell.name
                for cell in notebook.grade_cells
                if cell.name in solutions or cell.cell_type == "markdown"
            }
            tasks = frozenset(cell.name for cell in notebook.task_cells)
            self.notebooks[notebook.name] = SimpleNamespace(
                id=notebook.id, points=points, grades=grades, comments=comments, manual=manual, tasks=tasks
            )
        with self.gradebook.engine.connect() as database:  # nothing is held open while submissions run
            database.execute(select(1))
        self.gradebook.db.remove()

    # The notebooks that formgrader shows ------------------------------------------------------------

    def _write_book(self, one, scores):
        """Write the notebook and the files beside it into autograded/, each in one step."""
        folder = self.autograded / one.student / self.assignment
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in one.files.items():
            path = folder / name
            if not path.resolve().is_relative_to(folder.resolve()):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if not (path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content):
                _replace(path, content)
        text = nbformat.writes(filled_in(one.book, one.result, scores), version=4)
        _replace(folder / f"{one.result.notebook}.ipynb", text.encode("utf-8", "replace"))

    def _read_answers(self, one):
        """The student's texts in the notebook that was graded before: a dict from grade id, or None."""
        path = self.autograded / one.student / self.assignment / f"{one.result.notebook}.ipynb"
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            return {
                cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
                for cell in cells
                if "grade_id" in cell["metadata"].get("nbgrader", {})
            }
        except (OSError, ValueError, KeyError, TypeError):
            return None


def open_gradebook(url, course_id=""):
    """nbgrader's gradebook; a new one needs its `alembic`, which lies beside this Python.

    Args:
        url: of the database.
        course_id: nbgrader's name of the course.
    """
    from nbgrader.api import Gradebook

    before = os.environ.get("PATH")
    os.environ["PATH"] = os.pathsep.join(filter(None, [os.path.dirname(sys.executable), before]))
    try:
        return Gradebook(url, course_id)
    finally:
        if before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = before


def _replace(path, content):
    """Write a file in one step; a link in its place is replaced, not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()


def _unopened(url, error):
    from sqlalchemy.engine import make_url

    with contextlib.suppress(Exception):
        url = make_url(url).render_as_string(hide_password=True)
    if isinstance(error, ImportError):
        return (
            f"the driver for {url} is not installed ({error}): for PostgreSQL, pip install 'psycopg[binary]'"
        )
    return f"the gradebook {url} cannot be opened: {error}"
