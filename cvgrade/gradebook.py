"""The one writer: results into nbgrader's gradebook, and the graded notebooks that formgrader shows.

Many submissions in one transaction, by the gradebook's own tables, so that formgrader, `nbgrader export`,
late penalties and marks by hand go on working. What a person entered (a mark, extra credit, a comment, an
extension) is never touched. Writing the same results twice changes nothing.
"""

import contextlib
import copy
import json
import math
import os
import shutil
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import nbformat

NO_RESPONSE = "No response."  # nbgrader's own words


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
            self.penalty = _Penalty(config)
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

        sub, book = _table(self.api.SubmittedAssignment), _table(self.api.SubmittedNotebook)
        query = (
            select(sub.c.student_id, book.c.notebook_id, sub.c.timestamp, sub.c.extension)
            .join_from(sub, book, book.c.assignment_id == sub.c.id)
            .where(sub.c.assignment_id == self.id)
        )
        names = {one.id: name for name, one in self.notebooks.items()}
        with self.gradebook.engine.connect() as database:
            return {
                (row.student_id, names.get(row.notebook_id, "")): _state(row, self.due)
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
            rows = self._write_marks(database, graded, before)
        return {name: (_state(rows[name[0]], self.due), sentences) for name, sentences in said.items()}

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

    # The marks ----------------------------------------------------------------------------------------

    def _write_marks(self, database, graded, before):
        students = sorted({one.student for one in graded})
        self._students(database, students)
        submissions = self._submissions(database, graded, students)
        books = self._books(database, submissions)
        marks = self._rows(database, self.api.Grade, books, "grades", {"needs_manual_grade": True})
        comments = self._rows(database, self.api.Comment, books, "comments", {})
        grades, words, totals = [], [], {}
        for one in graded:
            name = one.result.notebook
            book, mine = self.notebooks[name], books[(one.student, name)]
            scores, _ = sound_scores(one.result, book.points)
            same = _unchanged(one, before.get((one.student, name)))
            total = 0.0
            for cell, grade_id in book.grades.items():
                row = marks[(mine, cell)]
                values = self._mark(row, grade_id, scores, book, one, same)
                grades.append({"b_id": row.id, **values})
                manual = row.manual_score
                got = manual if manual is not None else values["auto_score"]
                total += (got + (row.extra_credit or 0)) if got is not None else 0
            totals[(one.student, name)] = total
            for cell, grade_id in book.comments.items():
                silent = (
                    one.answered is not None and grade_id not in one.answered and grade_id not in book.tasks
                )
                words.append(
                    {"b_id": comments[(mine, cell)].id, "auto_comment": NO_RESPONSE if silent else None}
                )
        self._update(database, self.api.Grade, grades)
        self._update(database, self.api.Comment, words)
        self._update(database, self.api.SubmittedNotebook, self._penalties(submissions, books, totals))
        return submissions

    def _mark(self, row, grade_id, scores, book, one, same):
        """A grade's new values, by nbgrader's rules; a person is asked again only about what changed."""
        if grade_id in book.manual:
            silent = one.answered is not None and grade_id not in one.answered and grade_id not in book.tasks
            auto = 0.0 if silent else None
            changed = grade_id not in same
        else:
            auto = scores[grade_id][0]
            changed = row.auto_score != auto
        marked = row.manual_score is not None
        needs = (bool(row.needs_manual_grade) or changed) if marked else auto is None
        return {"auto_score": auto, "needs_manual_grade": needs}

    def _students(self, database, students):
        table = _table(self.api.Student)
        known = {row.id for row in _select(database, table, table.c.id, students)}
        self._insert(database, table, [{"id": student} for student in students if student not in known])

    def _submissions(self, database, graded, students):
        """Submission rows by student, made where missing, with the time of handing in."""
        table = _table(self.api.SubmittedAssignment)
        times = {one.student: _utc(one.time) for one in graded}

        def rows():
            found = _select(database, table, table.c.student_id, students, table.c.assignment_id == self.id)
            return {row.student_id: row for row in found}

        known = rows()
        new = [
            {"id": uuid4().hex, "assignment_id": self.id, "student_id": student, "timestamp": times[student]}
            for student in students
            if student not in known
        ]
        self._insert(database, table, new)
        changed = [
            {"b_id": row.id, "timestamp": times[student]}
            for student, row in known.items()
            if row.timestamp != times[student]
        ]
        self._update(database, self.api.SubmittedAssignment, changed)
        return rows() if new or changed else known

    def _books(self, database, submissions):
        """The id of each submitted notebook, by (student, notebook); all of the assignment's are made."""
        table = _table(self.api.SubmittedNotebook)
        ids = {row.id: student for student, row in submissions.items()}
        names = {book.id: name for name, book in self.notebooks.items()}
        found = {
            (ids[row.assignment_id], names[row.notebook_id]): row.id
            for row in _select(database, table, table.c.assignment_id, list(ids))
            if row.notebook_id in names
        }
        new = [
            {
                "id": uuid4().hex,
                "assignment_id": row.id,
                "notebook_id": book.id,
                "flagged": False,
                "who": (student, name),
            }
            for student, row in submissions.items()
            for name, book in self.notebooks.items()
            if (student, name) not in found
        ]
        found.update({row.pop("who"): row["id"] for row in new})
        self._insert(database, table, new)
        return found

    def _rows(self, database, kind, books, cells, defaults):
        """Grade or comment rows by (submitted notebook, cell), made where missing."""
        table = _table(kind)

        def rows():
            found = _select(database, table, table.c.notebook_id, list(books.values()))
            return {(row.notebook_id, row.cell_id): row for row in found}

        known = rows()
        new = [
            {"id": uuid4().hex, "notebook_id": mine, "cell_id": cell, **defaults}
            for (_, name), mine in books.items()
            for cell in getattr(self.notebooks[name], cells)
            if (mine, cell) not in known
        ]
        self._insert(database, table, new)
        return rows() if new else known

    def _penalties(self, submissions, books, totals):
        rows = []
        for (student, name), total in totals.items():
            late = _seconds_late(submissions[student], self.due)
            rows.append(
                {
                    "b_id": books[(student, name)],
                    "late_submission_penalty": self.penalty(student, total, late),
                }
            )
        return rows

    @staticmethod
    def _insert(database, table, rows):
        if rows:
            database.execute(table.insert(), rows)

    @staticmethod
    def _update(database, kind, rows):
        from sqlalchemy import bindparam

        if rows:
            table = _table(kind)
            values = {name: bindparam(f"v_{name}") for name in rows[0] if name != "b_id"}
            statement = table.update().where(table.c.id == bindparam("b_id")).values(values)
            database.execute(
                statement,
                [{k if k == "b_id" else f"v_{k}": value for k, value in row.items()} for row in rows],
            )


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


class _Penalty:
    """nbgrader's late penalties, by the plugin that the course has configured."""

    def __init__(self, config):
        from nbgrader.preprocessors import AssignLatePenalties

        self.rule = AssignLatePenalties(config=config) if config is not None else AssignLatePenalties()
        self.rule.log.setLevel(50)
        self.rule.init_plugin()

    def __call__(self, student, score, seconds_late):
        """The penalty, or None."""
        if seconds_late <= 0:
            return None
        penalty = self.rule.plugin_inst.late_submission_penalty(student, score, seconds_late)
        if penalty is None:
            return None
        return float(self.rule._check_late_penalty(SimpleNamespace(score=score), penalty))


def sound_scores(result, points):
    """Scores that can stand in a gradebook: anything else is 0, and says why.

    Args:
        result: `Result`.
        points: dict from grade id to the most points, from the gradebook.

    Returns:
        Dict from each grade id of `points` to (score, reason or ""), and the list of reasons.
    """
    verdicts, twice = {}, set()
    for verdict in result.verdicts:
        if verdict.grade_id in verdicts:
            twice.add(verdict.grade_id)
        verdicts[verdict.grade_id] = verdict
    scores = {}
    for name, most in points.items():
        verdict, reason, score = verdicts.get(name), "", 0.0
        if verdict is None:
            reason = "it was not judged"
        elif name in twice:
            reason = "it was judged more than once"
        elif isinstance(verdict.score, bool) or not isinstance(verdict.score, (int, float)):
            reason = f"the score was no number but {type(verdict.score).__name__}"
        elif not math.isfinite(verdict.score):
            reason = f"the score was {verdict.score}"
        elif verdict.score < 0:
            reason = f"the score was negative ({verdict.score:g})"
        elif verdict.score > most:
            reason = f"the score was {verdict.score:g} of {most:g} points"
        elif verdict.status not in ("passed", "failed", "manual") and verdict.score:
            reason = f"its test did not reach its end ({verdict.status})"
        else:
            score = float(verdict.score)
        scores[name] = score, reason
    return scores, [f"{name}: {reason}; 0 points" for name, (_, reason) in scores.items() if reason]


def filled_in(book, result, scores):
    """The graded notebook: the student's outputs, and under each test what became of it.

    Args:
        book: the repaired notebook.
        result: `Result`.
        scores: as `sound_scores` gives them.

    Returns:
        A notebook, nbformat.
    """
    book = copy.deepcopy(book)
    verdicts = {verdict.grade_id: verdict for verdict in result.verdicts}
    count = 0
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        marks = cell.metadata.get("nbgrader", {})
        name = marks.get("grade_id")
        outputs = result.outputs.get(cell.get("id")) or result.outputs.get(name) or []
        cell.outputs = [nbformat.from_dict(output) for output in outputs]
        if marks.get("grade") and not marks.get("solution"):
            cell.outputs = _said(verdicts.get(name), scores.get(name, (0.0, "")), marks.get("points", 0))
    return book


def _said(verdict, score, points):
    """Outputs under a test: nothing where it passed, an error with the check's words where it did not."""
    got, reason = score
    if verdict is None or reason:
        return [_error("NotJudged", reason or "it was not judged")]
    if verdict.status == "passed" and got == points:
        return []
    words = "\n".join(part for part in (verdict.message, verdict.hint) if part) or verdict.status
    if verdict.status == "passed":
        return [
            nbformat.v4.new_output("stream", name="stdout", text=f"{got:g} of {points:g} points. {words}\n")
        ]
    return [_error(verdict.status.replace("_", " ").capitalize(), words)]


def _error(name, words):
    return nbformat.v4.new_output("error", ename=name, evalue=words, traceback=[f"{name}: {words}"])


def _unchanged(one, before):
    """Grade ids whose text is what it was when it was graded before."""
    if one.book is None or before is None:
        return frozenset()
    return frozenset(
        cell.metadata["nbgrader"]["grade_id"]
        for cell in one.book.cells
        if before.get(cell.metadata.get("nbgrader", {}).get("grade_id"), object()) == cell.source
    )


def _table(kind):
    return kind.__table__


def _select(database, table, column, values, *where):
    """Rows in which a column is one of many values, some hundreds at a time."""
    from sqlalchemy import select

    for start in range(0, len(values), 500):
        yield from database.execute(select(table).where(column.in_(values[start : start + 500]), *where))


def _state(row, due):
    return f"{row.timestamp}|{row.extension}|{due}"


def _seconds_late(submission, due):
    if submission.timestamp is None or due is None:
        return 0
    return (
        submission.timestamp - (due + submission.extension if submission.extension else due)
    ).total_seconds()


def _utc(time):
    """As nbgrader stores it: UTC without a zone."""
    return time.astimezone(timezone.utc).replace(tzinfo=None) if time and time.tzinfo else time


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
