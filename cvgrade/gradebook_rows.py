"""The rows of nbgrader's tables: many submissions in a few statements of one transaction."""

from datetime import timezone
from types import SimpleNamespace
from uuid import uuid4

from cvgrade.scores import sound_scores

NO_RESPONSE = "No response."  # nbgrader's own words


class Rows:
    """Writes students, submissions, grades and comments of one assignment.

    Args:
        api: `nbgrader.api`.
        assignment: id of the assignment's row.
        due: when it is due, as nbgrader stores it, or None.
        notebooks: dict from name to what the gradebook knows of it: id, points, grades, comments, manual
            and tasks.
        config: traitlets `Config` of the course, for the late penalties.
    """

    def __init__(self, api, assignment, due, notebooks, config):
        self.api, self.id, self.due, self.notebooks = api, assignment, due, notebooks
        self.penalty = _Penalty(config)

    def write(self, database, graded, before):
        """Write results.

        Args:
            database: a connection, in a transaction.
            graded: list of `gradebook.Graded`.
            before: dict from (student, notebook) to the answers graded before, by grade id, or None.

        Returns:
            Dict from student to the row of the submission.
        """
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
        _update(database, self.api.Grade, grades)
        _update(database, self.api.Comment, words)
        _update(database, self.api.SubmittedNotebook, self._penalties(submissions, books, totals))
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
        _insert(database, table, [{"id": student} for student in students if student not in known])

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
        _insert(database, table, new)
        changed = [
            {"b_id": row.id, "timestamp": times[student]}
            for student, row in known.items()
            if row.timestamp != times[student]
        ]
        _update(database, self.api.SubmittedAssignment, changed)
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
        _insert(database, table, new)
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
        _insert(database, table, new)
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


def _insert(database, table, rows):
    if rows:
        database.execute(table.insert(), rows)


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


def state_of(row, due):
    """What decides late penalties, as a text.

    Args:
        row: of a submission.
        due: when the assignment is due, or None.
    """
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
