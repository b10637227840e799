"""Write marks as a learning management system imports them.

Canvas: Gradebook → Export gives the template, Import takes the file. Moodle: Submissions → Download grading
worksheet gives the template, Upload grading worksheet takes the file. With a template the students, their
order and the system's own numbers are the system's; without one they are made from the class list or the ids.
"""

import math
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cvgrade.intake.names import shown
from cvgrade.intake.roster import RosterError, read_roster, read_table
from cvgrade.sheets import ExportError, canvas, moodle, plain, write_table

KINDS = ("canvas", "moodle", "csv")


@dataclass(frozen=True)
class Mark:
    """What one student got.

    Attributes:
        student: the id in the course.
        score: None for nothing handed in, or not yet marked.
        max_score: the points possible.
        name: of the student.
        email: or "".
        number: the system's own for the student, or "".
        sid: the school's number, or "".
        login: or "".
        submitted: a time as text, or "".
        comment: for the student, or "".
        questions: dict from question to points, for `to="csv"`.
        waiting: True if a person has still to mark a part of it.
    """

    student: str
    score: float | None
    max_score: float
    name: str = ""
    email: str = ""
    number: str = ""
    sid: str = ""
    login: str = ""
    submitted: str = ""
    comment: str = ""
    questions: dict = field(default_factory=dict)
    waiting: bool = False


@dataclass
class Exported:
    """What was written.

    Attributes:
        path: of the file, or None.
        text: of the file.
        written: ids whose mark is in it.
        left_out: dict from id to why its mark is not in it.
        notes: sentences.
    """

    path: Path | None
    text: str
    written: list = field(default_factory=list)
    left_out: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)


def export(assignment, marks, to="csv", path=None, template=None, column=None, bom=None):
    """Write the marks of an assignment.

    Args:
        assignment: its name; the column's too, unless the template has one that begins with it.
        marks: list of `Mark`, or an open `nbgrader.api.Gradebook`, or a database's URL.
        to: "canvas", "moodle" or "csv".
        path: of the file to write; None to get only the text.
        template: the CSV file that the system exported.
        column: the header of the template's column for the marks; by default it is looked for.
        bom: whether to begin with a byte order mark, which Excel needs; by default as the template does.

    Returns:
        An `Exported`.

    Raises:
        ExportError: if the template is not the system's, or its column cannot be told.
    """
    if to not in KINDS:
        raise ExportError(f"to must be one of {', '.join(KINDS)}, got {to!r}")
    if not isinstance(marks, list):
        marks = read_marks(marks, assignment)
    done = Exported(None, "")
    marks = [_sound(mark, done) for mark in marks]
    rows = None
    if template is not None:
        try:
            rows = read_table(template)
        except (RosterError, OSError) as error:
            raise ExportError(str(error)) from error
        if bom is None:
            bom = Path(template).read_bytes()[:3] == b"\xef\xbb\xbf"
    table = {"canvas": canvas, "moodle": moodle, "csv": plain}[to](assignment, marks, rows, column, done)
    done.text = ("\ufeff" if bom else "") + write_table(table)
    if path is not None:
        done.path = Path(path)
        done.path.parent.mkdir(parents=True, exist_ok=True)
        partial = done.path.with_name(done.path.name + ".partial")
        partial.write_bytes(done.text.encode("utf-8", "replace"))
        partial.replace(done.path)
    return done


def read_marks(gradebook, assignment, people=None):
    """The marks of an assignment from nbgrader's gradebook.

    Args:
        gradebook: an open `nbgrader.api.Gradebook`, or a database's URL.
        assignment: its name.
        people: `intake.roster.Roster` for names and numbers, or None.

    Returns:
        List of `Mark`, by id.

    Raises:
        ExportError: if the gradebook has no such assignment.
    """
    from nbgrader.api import Gradebook, MissingEntry

    if isinstance(gradebook, str):
        with Gradebook(gradebook, "") as opened:
            return read_marks(opened, assignment, people)
    try:
        most = gradebook.find_assignment(assignment).max_score
    except MissingEntry as error:
        raise ExportError(
            f"the gradebook has no assignment {assignment!r}: release and grade it first"
        ) from error
    submissions = {one.student_id: one for one in gradebook.assignment_submissions(assignment)}
    known = people.students if people else {}
    marks = []
    for student in sorted(gradebook.students, key=lambda one: one.id):
        one, listed = submissions.get(student.id), known.get(student.id)
        own = ", ".join(part for part in (student.last_name, student.first_name) if part)
        marks.append(
            Mark(
                student.id,
                max(0.0, one.score - one.late_submission_penalty) if one else None,
                most,
                (listed.name if listed else "") or own,
                (listed.email if listed else "") or student.email or "",
                (listed.canvas or listed.moodle) if listed else "",
                listed.sid if listed else "",
                listed.login if listed else "",
                one.timestamp.isoformat(" ") if one and one.timestamp else "",
                questions={grade.name: grade.score for book in one.notebooks for grade in book.grades}
                if one
                else {},
                waiting=bool(one and one.needs_manual_grade),
            )
        )
    return marks


def _sound(mark, done):
    """A mark that can be published: a number, and complete."""
    reason = ""
    if mark.waiting:
        reason = "a part of it is not marked yet"
    elif mark.score is None:
        reason = "nothing was handed in"
    elif isinstance(mark.score, bool) or not math.isfinite(mark.score) or mark.score < 0:
        reason = f"{mark.score!r} is no mark"
    if not reason:
        done.written.append(mark.student)
        return mark
    done.left_out[mark.student] = reason
    return Mark(**{**mark.__dict__, "score": None})


def add_arguments(parser):
    """Add the arguments of `cvgrade export` to a parser.

    Args:
        parser: an `argparse.ArgumentParser`; `--course` is there already.
    """
    parser.add_argument("name", help="the assignment")
    parser.add_argument("--to", choices=KINDS, default="csv", help="whose format (%(default)s)")
    parser.add_argument("--out", type=Path, help="file to write (default: NAME-TO.csv)")
    parser.add_argument(
        "--template",
        type=Path,
        help="the CSV file of Canvas's gradebook or Moodle's grading worksheet: its students and numbers",
    )
    parser.add_argument("--column", help="the column of the template for the marks, where it cannot be told")
    parser.add_argument("--roster", type=Path, help="class list (default: roster.csv in the course folder)")
    parser.add_argument("--db", help="the gradebook's URL (default: gradebook.db in the course folder)")
    parser.add_argument(
        "--bom", action="store_true", default=None, help="begin with a byte order mark, for Excel"
    )


def run(options):
    """Export and say what was left out; returns 0, 3 if marks were left out, or 1 if none was written."""
    roster = options.roster or options.course / "roster.csv"
    url = options.db or f"sqlite:///{(options.course / 'gradebook.db').resolve()}"
    out = options.out or Path(f"{options.name}-{options.to}.csv")
    try:
        if not options.db and not (options.course / "gradebook.db").exists():
            raise ExportError(f"{options.course} has no gradebook.db: grade first, or pass --db")
        people = read_roster(roster) if options.roster or roster.exists() else None
        marks = read_marks(url, options.name, people)
        done = export(options.name, marks, options.to, out, options.template, options.column, options.bom)
    except (ExportError, RosterError, OSError) as error:
        print(f"cvgrade: {error}", file=sys.stderr)
        return 1
    print(f"{done.path}: {len(done.written)} marks")
    for note in done.notes:
        print(f"  {shown(note, 400)}")
    for student, reason in sorted(done.left_out.items()):
        print(f"  left out: {shown(student)}: {reason}")
    return 3 if done.left_out or done.notes else 0
