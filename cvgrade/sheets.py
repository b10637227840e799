"""The tables that Canvas and Moodle import, and a plain one.

A cell that a spreadsheet would run as a formula gets an apostrophe before it: names are students' own.
"""

import csv
import io
import math
import re

from cvgrade.intake.roster import same_name

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("Identifier", "Full name", "Email address", "Grade", "Maximum grade", "Last modified (grade)",
          "Feedback comments")  # fmt: skip
POINTS = "Points Possible"
FORMULA = "=+-@|%＝＋－＠"
BREAKS = ("\t", "\r", "\n")
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)%?")


class ExportError(ValueError):
    """Nothing was written; the message says why and what to do."""


def neutral(value):
    """A cell that no spreadsheet runs.

    Args:
        value: text, a number, or None.

    Returns:
        A number as it is, else text; with an apostrophe before it if it could be a formula. A plain number
        and a lone dash are none.
    """
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    text = str(value).replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    # Programs drop what cannot be seen before they look for a sign.
    bare = next((text[at:] for at, letter in enumerate(text) if letter.isprintable() and letter != " "), "")
    if text[:1] not in BREAKS and (
        not bare or bare[0] not in FORMULA or NUMBER.fullmatch(bare) or bare == "-"
    ):
        return text
    return "'" + text


def write_table(rows):
    """Rows as the text of a CSV file: every text in quotes, so that no other separator cuts it either."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerows([neutral(value) for value in row] for row in rows)
    return out.getvalue()


def canvas(assignment, marks, rows, column, done):
    """Rows for Canvas's gradebook; `rows` of its export, or None. What is left out is noted in `done`."""
    if rows is None:
        most = max((mark.max_score for mark in marks), default=0)
        table = [[*CANVAS, column or assignment], [f"    {POINTS}", "", "", "", "", _number(most)]]
        for mark in marks:
            number = mark.number or _number_in(mark.student)
            table.append([mark.name or mark.student, number, mark.sid, mark.login or mark.student, "",
                          _number(mark.score)])  # fmt: skip
        return table
    header = rows[0]
    places = _places(header, CANVAS, "Canvas's gradebook")
    at = _column(header, column, assignment, "Canvas", required=False)
    title = header[at] if at is not None else column or assignment
    table = [[*CANVAS, title]]
    found = _Finder(marks, done)
    for row in rows[1:]:
        cells = [_cell(row, place) for place in places]
        if cells[0].strip() == POINTS:
            stands = _cell(row, at) if at is not None else ""
            most = max((mark.max_score for mark in marks), default=0)
            _compare(stands, most, title, done)
            table.append([*cells, stands or _number(most)])
        elif cells[1].strip():
            mark = found(number=cells[1], ids=cells[2:4], name=cells[0])
            table.append([*cells, _number(mark.score) if mark else ""])
        # Other lines above the students are notes of Canvas's ("Manual Posting"), which it does not want
        # back.
    found.finish()
    return table


def moodle(assignment, marks, rows, column, done):
    """Rows for Moodle's grading worksheet; `rows` of the worksheet, or None."""
    if rows is None:
        table = [list(MOODLE)]
        for mark in marks:
            number = mark.number or _number_in(mark.student)
            if not number:
                done.left_out.setdefault(
                    mark.student, "its participant number is not known: pass the worksheet"
                )
            identifier = f"Participant {number}" if number else mark.student
            table.append([identifier, mark.name or mark.student, mark.email, _number(mark.score),
                          _number(mark.max_score), "-", mark.comment])  # fmt: skip
        done.written = [student for student in done.written if student not in done.left_out]
        return table
    header = rows[0]
    names = [name.strip().casefold() for name in header]
    at = _column(header, column, "Grade", "Moodle", required=True)
    most_at = next((names.index(name) for name in ("maximum grade", "maximum grade ") if name in names), None)
    comment_at = names.index("feedback comments") if "feedback comments" in names else None
    email_at = next((index for index, name in enumerate(names) if name in ("email address", "email")), None)
    sid_at = names.index("id number") if "id number" in names else None
    comma = any(re.fullmatch(r"\d+,\d+", _cell(row, place)) for row in rows[1:] for place in (at, most_at))
    table, found = [header], _Finder(marks, done)
    for row in rows[1:]:
        row = row + [""] * (len(header) - len(row))
        number = re.search(r"(\d+)\s*$", row[0])
        mark = found(
            number=number[1] if number else "",
            ids=[_cell(row, email_at), _cell(row, sid_at)],
            name=_cell(row, 1),
        )
        if mark and mark.score is not None:
            value = _number(mark.score)
            row[at] = str(value).replace(".", ",") if comma else value
            if comment_at is not None and mark.comment:
                row[comment_at] = mark.comment
            _compare(_cell(row, most_at), mark.max_score, "Maximum grade", done)
        table.append(row)
    found.finish()
    return table


def plain(assignment, marks, rows, column, done):
    """Rows for people and scripts, with every question."""
    if rows is not None:
        raise ExportError("to='csv' takes no template: it is the plain table")
    questions = sorted({name for mark in marks for name in mark.questions})
    table = [
        ["student_id", "name", "email", "assignment", "submitted", column or "score", "max_score", *questions]
    ]
    for mark in marks:
        row = [mark.student, mark.name, mark.email, assignment, mark.submitted]
        each = [_number(mark.questions.get(name)) for name in questions]
        table.append([*row, _number(mark.score), _number(mark.max_score), *each])
    return table


class _Finder:
    """Finds each line's mark: by number, then by id, then by a name that only one student bears."""

    def __init__(self, marks, done):
        self.marks, self.done, self.found = marks, done, set()

    def __call__(self, number, ids, name):
        wanted = {text.strip().casefold() for text in ids if text.strip()}
        number = number.strip()
        tests = (
            lambda mark: number and (mark.number or _number_in(mark.student)) == number,
            lambda mark: (
                wanted & {one.casefold() for one in (mark.student, mark.login, mark.sid, mark.email) if one}
            ),
            lambda mark: name and mark.name and same_name(mark.name, name),
        )
        for test in tests:
            found = [mark for mark in self.marks if mark.student not in self.found and test(mark)]
            if len(found) == 1:
                self.found.add(found[0].student)
                return found[0]
        return None

    def finish(self):
        """Note the marks that no line took."""
        for mark in self.marks:
            if mark.student not in self.found:
                self.done.left_out.setdefault(mark.student, "the template has no line for this student")
        self.done.written = [student for student in self.done.written if student not in self.done.left_out]


def _places(header, wanted, what):
    names = [name.strip().casefold() for name in header]
    places = [names.index(name.casefold()) if name.casefold() in names else None for name in wanted]
    if places[0] is None or places[1] is None:
        raise ExportError(f"the template is not {what}: it has no columns {wanted[0]!r} and {wanted[1]!r}")
    return places


def _column(header, column, default, system, required):
    """Where the marks go: the column called so, or for Canvas `Homework 1 (12345)`."""
    wanted = column or default
    keys = [_key(name) for name in header]
    exact = [index for index, name in enumerate(header) if name.strip() == wanted.strip()]
    near = exact or [index for index, key in enumerate(keys) if key == _key(wanted)]
    if len(near) == 1:
        return near[0]
    if len(near) > 1:
        names = ", ".join(repr(header[index]) for index in near)
        raise ExportError(f"several columns of the template are called {wanted!r}: {names}; pass column=")
    if column or required:
        names = ", ".join(repr(name) for name in header)
        raise ExportError(
            f"the template has no column {wanted!r}; pass column= with one of {system}'s: {names}"
        )
    return None


def _key(name):
    return re.sub(r"[\W_]+", " ", re.sub(r"\(\d+\)\s*$", "", name).casefold()).strip()


def _compare(stands, most, where, done):
    text = stands.strip().replace(",", ".")
    if re.fullmatch(r"\d+(\.\d+)?", text) and not math.isclose(float(text), most):
        note = f"{where!r} is out of {text} in the template, the assignment out of {most:g}: "
        note += "marks were not scaled"
        if note not in done.notes:
            done.notes.append(note)


def _number(value):
    """A score as a number that imports well: at most four decimals, no `.0`."""
    if value is None or isinstance(value, str):
        return value or ""
    rounded = round(float(value), 4)
    return int(rounded) if rounded.is_integer() else rounded


def _number_in(student):
    match = re.search(r"_(\d+)$", student)
    return match[1] if match else ""


def _cell(row, place):
    return row[place] if place is not None and place < len(row) else ""
