"""Collect what a learning management system gives into nbgrader's `submitted/<student>/<assignment>/`.

Every submission is put together in a hidden folder and then takes its place in one step: a collection that is
stopped leaves each student with the old submission or the new one, never with half of one.
"""

import contextlib
import shutil
import tempfile
from pathlib import Path

from cvgrade.intake.archives import open_source
from cvgrade.intake.choose import read_expected
from cvgrade.intake.files import ArchiveError, Limits
from cvgrade.intake.lms import read_download
from cvgrade.intake.names import NameRefused, is_id, look, make_id
from cvgrade.intake.outcome import Report
from cvgrade.intake.placing import RECORDS, newest, put_together, take_place
from cvgrade.intake.roster import Student, read_roster
from cvgrade.intake.slots import ReleaseError

ROSTER = "roster.csv"
STAGING = ".cvgrade-"


class CollectError(RuntimeError):
    """Nothing can be collected; the message says why and what to do."""


def collect(name, path, course, roster=None, lms="auto", limits=None, dry_run=False):
    """Collect the submissions of an assignment from a folder or a ZIP file.

    Args:
        name: of the assignment.
        path: the folder or the ZIP file that the learning management system gave.
        course: the nbgrader course folder, in which the assignment is released.
        roster: the class list, a CSV file; by default `roster.csv` in the course folder if there is one.
            Without one, ids are made of the names.
        lms: "canvas", "moodle", "gradescope", "folders", or "auto".
        limits: `files.Limits`: how much is taken.
        dry_run: True to write nothing and only tell.

    Returns:
        A `Report`.

    Raises:
        CollectError: if the download, the class list or the assignment cannot be read.
    """
    course, limits = Path(course), limits or Limits()
    if not is_id(name):
        raise CollectError(f"name must be an assignment's, got {name!r}")
    expected = _expected(course, name)
    try:
        people = _roster(course, roster)
        with open_source(path, limits) as source:
            kind, submissions, nobody = read_download(source.members, lms)
            report = Report(name, str(path), kind, dry_run)
            report.refused = [one.to_json() for one in [*source.refused, *nobody]]
            matched = _match(submissions, people, report)
            _hold_alike(course, matched, report)
            _collect_all(course, name, matched, expected, limits, report)
    except (ArchiveError, ReleaseError, OSError, ValueError) as error:
        raise CollectError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from error
    if people:
        report.missing = sorted(set(people.students) - {one.student for one in report.students})
    report.students.sort(key=lambda one: one.student)
    if not dry_run:
        _write(course / RECORDS / "collect" / f"{name}.json", report.dumps())
    return report


def _expected(course, name):
    for folder in ("release", "source"):
        try:
            expected = read_expected(course / folder / name)
        except (ReleaseError, ValueError, OSError) as error:
            raise CollectError(f"{course / folder / name}: {error}") from error
        if expected:
            return expected
    raise CollectError(
        f"{course} has no notebook in release/{name} or source/{name}: release the assignment first"
    )


def _roster(course, roster):
    if roster is None and (course / ROSTER).exists():
        roster = course / ROSTER
    return read_roster(roster) if roster is not None else None


# Whose is it --------------------------------------------------------------------------------------


def _match(submissions, people, report):
    """Find the students of each submission: dict from id to list of (student, submission)."""
    matched = {}
    for submission in submissions:
        students, reason = people.find(submission) if people else _by_name(submission)
        if not students:
            report.unmatched.append(_unmatched(submission, reason))
            continue
        if len(students) > 1:
            names = ", ".join(sorted(student.id for student in students))
            submission.notes.append(f"handed in by a group ({names}): it counts for each of them")
        for student in students:
            matched.setdefault(student.id, []).append((student, submission))
    return matched


def _by_name(submission):
    """The students that a download without a class list names."""
    try:
        if submission.lms == "gradescope":
            people = [
                Student(next((one for one in (person["sid"], person["email"]) if is_id(one)), None)
                        or make_id(person["name"], "gradescope"), person["name"], person["email"])
                for person in submission.people
            ]  # fmt: skip
            return people, "" if people else "Gradescope's metadata names nobody"
        if submission.lms == "folders" and is_id(submission.name):
            return [Student(submission.name, submission.name)], ""
        made = make_id(submission.name, submission.number)
    except NameRefused as error:
        return [], str(error)
    if submission.lms == "folders":
        submission.notes.append(f"the id {made} was made of the folder's name {submission.name!r}")
    return [Student(made, submission.name)], ""


def _hold_alike(course, matched, report):
    """Take out students whose ids look the same, as each other's or as one that is there already."""
    folder = course / "submitted"
    there = (
        {path.name for path in folder.iterdir() if not path.name.startswith(".")}
        if folder.is_dir()
        else set()
    )
    groups = {}
    for student in [*matched, *(there - set(matched))]:
        groups.setdefault(look(student), set()).add(student)
    for group in groups.values():
        if len(group) == 1:
            continue
        for student in sorted(group & set(matched)):
            others = ", ".join(repr(other) for other in sorted(group - {student}))
            for _, submission in matched.pop(student):
                report.unmatched.append(
                    _unmatched(submission, f"the id {student!r} looks the same as {others}")
                )


def _unmatched(submission, reason):
    return {
        "submission": submission.key,
        "reason": reason,
        "files": [member.raw for member in submission.members][:50],
    }


def _collect_all(course, name, matched, expected, limits, report):
    root = course / "submitted"
    with contextlib.ExitStack() as stack:
        if report.dry_run:
            staging = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cvgrade-")))
        else:
            root.mkdir(parents=True, exist_ok=True)
            for left in root.glob(f"{STAGING}*"):  # of a collection that was killed
                shutil.rmtree(left, ignore_errors=True)
            staging = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=STAGING, dir=root)))
        for student_id, pairs in sorted(matched.items()):
            ready = [
                put_together(student, submission, expected, limits, staging / str(index))
                for index, (student, submission) in enumerate(pairs)
            ]
            one = newest(ready)
            report.students.append(one.line)
            if one.line.status != "held":
                take_place(course, name, student_id, one, report.dry_run)
            for other in ready:
                shutil.rmtree(other.folder, ignore_errors=True)


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
