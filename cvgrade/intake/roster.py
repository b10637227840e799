"""The class list: from a system's name or number for a student to the student's id in the course.

A CSV file that the system itself exports will do: Canvas's gradebook, Moodle's grading worksheet,
Gradescope's
roster; or one with columns `student_id`, and any of `name`, `email`, `canvas_id`, `moodle_id`, `sid`,
`submitted_at`.
"""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from cvgrade.intake.names import is_id, make_id

LARGEST = 50 * 1024 * 1024
# What a column may be called, in the order in which it is preferred.
COLUMNS = {
    "id": ("student_id", "student id", "username", "login", "sis login id", "id number", "sid", "sis user id",
           "email address", "email", "id", "identifier"),
    "name": ("name", "full name", "student", "full_name"),
    "first": ("first_name", "first name"),
    "last": ("last_name", "last name", "surname"),
    "email": ("email", "email address", "sis login id"),
    "canvas": ("canvas_id", "canvas id", "id"),
    "moodle": ("moodle_id", "participant", "identifier"),
    "sid": ("sid", "sis user id", "id number"),
    "login": ("username", "login", "sis login id"),
    "time": ("submitted_at", "last modified (submission)"),
}  # fmt: skip
TIMES = (
    "%A, %d %B %Y, %I:%M %p",
    "%A, %B %d, %Y, %I:%M %p",
    "%A, %d %B %Y, %H:%M",
    "%d %B %Y, %I:%M %p",
    "%Y-%m-%d %H:%M:%S %Z",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %H:%M",
)


class RosterError(ValueError):
    """The class list cannot be used; the message says which line and why."""


@dataclass(frozen=True)
class Student:
    """One line of the class list.

    Attributes:
        id: in the course, the name of the folder in `submitted/`.
        name: as the list has it.
        email: or "".
        canvas: Canvas's number, or "".
        moodle: Moodle's participant number, or "".
        sid: the school's number, or "".
        login: or "".
        time: when the system says that the student handed in, an aware datetime, or None.
    """

    id: str
    name: str = ""
    email: str = ""
    canvas: str = ""
    moodle: str = ""
    sid: str = ""
    login: str = ""
    time: datetime | None = None


@dataclass
class Roster:
    """The class list.

    Attributes:
        students: dict from id to `Student`.
    """

    students: dict = field(default_factory=dict)

    def find(self, submission):
        """The students that a submission belongs to.

        Args:
            submission: an `lms.Submission`.

        Returns:
            List of `Student`, and a sentence that says what is wrong, or "".
        """
        if submission.lms == "gradescope":
            return self._find_people(submission)
        if submission.lms == "folders":
            return self._find_folder(submission.name)
        what = "Canvas number" if submission.lms == "canvas" else "Moodle participant"
        found = [one for one in self.students.values() if getattr(one, submission.lms) == submission.number]
        if not found:
            by_name = [one for one in self.students.values() if same_name(one.name, submission.name)]
            has_numbers = any(getattr(one, submission.lms) for one in self.students.values())
            if has_numbers or len(by_name) != 1:
                hint = f"; {len(by_name)} students have that name" if by_name and not has_numbers else ""
                return [], f"the {what} {submission.number} is not in the class list{hint}"
            return by_name, ""
        one = found[0]
        if submission.name and one.name and not same_name(one.name, submission.name):
            return [], (
                f"the {what} {submission.number} is {one.name!r} in the class list, "
                f"but the download says {submission.name!r}"
            )
        return found[:1], ""

    def _find_people(self, submission):
        if not submission.people:
            return [], "Gradescope's metadata names nobody"
        found = []
        for person in submission.people:
            one = next(
                (
                    student
                    for student in self.students.values()
                    if (person["sid"] and person["sid"] in (student.sid, student.id))
                    or (
                        person["email"]
                        and person["email"].casefold() in (student.email.casefold(), student.id)
                    )
                ),
                None,
            )
            if one is None:
                return [], f"{person['name'] or person['email'] or person['sid']!r} is not in the class list"
            found.append(one)
        return found, ""

    def _find_folder(self, name):
        if name in self.students:
            return [self.students[name]], ""
        found = [
            one
            for one in self.students.values()
            if name and (name in (one.sid, one.login, one.email) or same_name(one.name, name))
        ]
        if len(found) == 1:
            return found, ""
        return (
            [],
            f"{len(found)} students of the class list are called so" if found else "not in the class list",
        )


def read_roster(path):
    """Read a class list.

    Args:
        path: of the CSV file; UTF-8 with or without a byte order mark, or UTF-16; comma, semicolon or tab.

    Returns:
        A `Roster`.

    Raises:
        RosterError: says which line is wrong and what to do.
    """
    path = Path(path)
    rows = read_table(path)
    columns = {name.strip().casefold(): index for index, name in reversed(list(enumerate(rows[0])))}
    chosen = {what: [columns[name] for name in names if name in columns] for what, names in COLUMNS.items()}
    body = [(line, row) for line, row in enumerate(rows[1:], 2) if _is_person(row, chosen)]
    if not body:
        raise RosterError(f"{path} lists nobody")
    column = _id_column(path, rows[0], chosen["id"], body)
    students = {}
    for line, row in body:
        student = _student(row, chosen, column)
        if student.id in students:
            raise RosterError(f"{path}, line {line}: the id {student.id!r} is there twice")
        students[student.id] = student
    return Roster(students)


def read_table(path):
    """The rows of a CSV file that a system exported.

    Raises:
        RosterError: if it is no such file.
    """
    data = Path(path).read_bytes()
    if len(data) > LARGEST:
        raise RosterError(f"{path} is larger than {LARGEST} bytes: this is no class list")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise RosterError(f"{path} is not UTF-8: save it as 'CSV UTF-8'") from error
    text = text.replace("\0", "")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    if not rows:
        raise RosterError(f"{path} is empty")
    return rows


def same_name(first, second):
    """Whether two spellings are one name: `Doe, Jane`, `Jane Doe`, `doejane` and `JANE_DOE` are."""
    words, letters = [], []
    for text in (first, second):
        plain = unicodedata.normalize("NFKC", text).casefold()
        words.append(sorted(re.findall(r"[^\W_]+", plain)))
        letters.append(re.sub(r"[\W_]+", "", plain))
    return bool(letters[0]) and (words[0] == words[1] or letters[0] == letters[1])


def parse_time(text):
    """A time as a system writes it, in this machine's time zone if it names none; None if unknown."""
    text = text.replace("\u202f", " ").strip()
    if not text or text == "-":
        return None
    try:
        read = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" UTC", "+00:00"))
    except ValueError:
        read = None
    for pattern in TIMES:
        if read is None:
            try:
                read = datetime.strptime(text, pattern)
            except ValueError:
                continue
    return read.astimezone(timezone.utc) if read else None


def _is_person(row, chosen):
    """Whether a line is a student: Canvas puts the possible points, and notes, into lines above them."""
    name = _cell(row, chosen["name"])
    return name.strip().casefold() != "points possible" and any(
        _cell(row, chosen[what]) for what in ("id", "canvas", "moodle")
    )


def _id_column(path, header, candidates, body):
    """The first column that can hold ids: filled, different, safe; a participant number is made one."""
    if not candidates:
        raise RosterError(f"{path} has none of the columns {', '.join(COLUMNS['id'])}: name one `student_id`")
    why = ""
    for column in candidates:
        values = [_id_of(_cell(row, [column])) for _, row in body]
        bad = next(((line, value) for (line, _), value in zip(body, values) if not is_id(value)), None)
        if bad is None and len(set(values)) == len(values):
            return column
        if not why:
            why = (
                f"line {bad[0]}: {bad[1]!r} cannot be a student's id "
                "(letters, digits, . _ - @ and single spaces)"
                if bad
                else f"the column {header[column]!r} holds an id twice"
            )
    raise RosterError(f"{path}, {why}")


def _id_of(text):
    match = re.fullmatch(r"\D+ (\d+)", text)  # `Participant 12345`, in any language
    return make_id("participant", match[1]) if match else text


def _student(row, chosen, column):
    name = _cell(row, chosen["name"]) or " ".join(
        part for part in (_cell(row, chosen["first"]), _cell(row, chosen["last"])) if part
    )
    moodle = re.search(r"(\d+)\s*$", _cell(row, chosen["moodle"]))
    canvas = _cell(row, chosen["canvas"])
    return Student(
        id=_id_of(_cell(row, [column])),
        name=name,
        email=_cell(row, chosen["email"]),
        canvas=canvas if canvas.isdecimal() or canvas.startswith("anon_") else "",
        moodle=moodle[1] if moodle else "",
        sid=_cell(row, chosen["sid"]),
        login=_cell(row, chosen["login"]),
        time=parse_time(_cell(row, chosen["time"])),
    )


def _cell(row, columns):
    """The first filled cell of some columns."""
    return next((row[column].strip() for column in columns if column < len(row) and row[column].strip()), "")
