"""What the gradebook knows of an assignment: marks by hand, comments, penalties, names."""

import contextlib
from dataclasses import dataclass, field

from sqlalchemy import create_engine, select
from sqlalchemy.exc import SQLAlchemyError


@dataclass
class Mark:
    """The grade of one cell.

    Attributes:
        auto: points that the tests gave, or None.
        manual: points that a person gave, or None.
        extra: extra credit, or 0.
        waiting: whether a person has still to mark it.
        most: points possible.
    """

    auto: float | None = None
    manual: float | None = None
    extra: float = 0.0
    waiting: bool = False
    most: float = 0.0

    @property
    def score(self):
        """Points by nbgrader's rule, or None while it waits for its first mark."""
        got = self.manual if self.manual is not None else self.auto
        return None if got is None else got + self.extra


@dataclass
class Entry:
    """One notebook of one student.

    Attributes:
        name: of the student, or "".
        marks: dict from grade id to `Mark`.
        comments: dict from grade id to what a person wrote.
        silent: grade ids that were handed in as they had been released.
        penalty: points taken off for being late.
        time: when it was handed in, UTC without a zone, or None.
        late: seconds after the due time, or 0.
    """

    name: str = ""
    marks: dict = field(default_factory=dict)
    comments: dict = field(default_factory=dict)
    silent: set = field(default_factory=set)
    penalty: float = 0.0
    time: object = None
    late: float = 0.0


class MarksError(RuntimeError):
    """The gradebook cannot be read; the message says what to do."""


def read_marks(db_url, course_id, assignment):
    """Everything that the gradebook holds of an assignment.

    Args:
        db_url: of the gradebook.
        course_id: nbgrader's name of the course.
        assignment: its name.

    Returns:
        Dict from (student, notebook) to `Entry`; empty where the gradebook does not know the assignment.

    Raises:
        MarksError: if it cannot be opened or is none.
    """
    from nbgrader import api

    try:
        engine = create_engine(db_url)
        with contextlib.closing(engine.connect()) as database:
            found = _read(database, api, course_id, assignment)
        engine.dispose()
        return found
    except (SQLAlchemyError, ImportError) as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise MarksError(
            f"the gradebook cannot be read ({reason}): run `cvgrade run {assignment}` first, or name another "
            "with --db"
        ) from error


def _read(database, api, course_id, assignment):
    kinds = (
        api.Assignment,
        api.Notebook,
        api.SubmittedAssignment,
        api.SubmittedNotebook,
        api.Student,
        api.BaseCell,
        api.Grade,
        api.Comment,
    )
    task, book, sub, mine, student, cell, grade, comment = (kind.__table__ for kind in kinds)
    here = (task.c.name == assignment) & (task.c.course_id == (course_id or "default_course"))
    columns = (mine.c.id, sub.c.student_id, book.c.name, sub.c.timestamp, sub.c.extension, task.c.duedate)
    columns += (mine.c.late_submission_penalty, student.c.first_name, student.c.last_name)
    query = (
        select(*columns)
        .select_from(mine)
        .join(sub, mine.c.assignment_id == sub.c.id)
        .join(task, sub.c.assignment_id == task.c.id)
        .join(book, mine.c.notebook_id == book.c.id)
        .join(student, sub.c.student_id == student.c.id)
        .where(here)
    )
    entries, found = {}, {}
    for key, who, notebook, time, extension, due, penalty, first, last in database.execute(query):
        due = due + extension if due and extension else due
        late = max(0.0, (time - due).total_seconds()) if time and due else 0.0
        name = " ".join(part for part in (first, last) if part)
        entries[key] = found[(who, notebook)] = Entry(name, penalty=penalty or 0.0, time=time, late=late)
    chosen = select(mine.c.id).join(sub, mine.c.assignment_id == sub.c.id)
    chosen = chosen.join(task, sub.c.assignment_id == task.c.id).where(here)
    most = {}
    for kind in (api.GradeCell, api.TaskCell):
        table = kind.__table__
        most.update(database.execute(select(table.c.id, table.c.max_score)).all())
    columns = (grade.c.notebook_id, cell.c.id, cell.c.name, grade.c.auto_score, grade.c.manual_score)
    columns += (grade.c.extra_credit, grade.c.needs_manual_grade)
    query = select(*columns).join(cell, grade.c.cell_id == cell.c.id).where(grade.c.notebook_id.in_(chosen))
    for key, cell_id, name, auto, manual, extra, waiting in database.execute(query):
        mark = Mark(auto, manual, extra or 0.0, bool(waiting), float(most.get(cell_id) or 0))
        entries[key].marks[name] = mark
    columns = (comment.c.notebook_id, cell.c.name, comment.c.manual_comment, comment.c.auto_comment)
    query = select(*columns).join(cell, comment.c.cell_id == cell.c.id)
    for key, name, words, own in database.execute(query.where(comment.c.notebook_id.in_(chosen))):
        if words and words.strip():
            entries[key].comments[name] = words
        elif own:
            entries[key].silent.add(name)
    return found
