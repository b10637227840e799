"""Put one submission together in a folder of its own, and let it take its place in one step."""

import contextlib
import os
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from cvgrade.intake.choose import choose
from cvgrade.intake.files import CHUNK, Refused, size_text
from cvgrade.intake.names import path_key
from cvgrade.intake.outcome import Collected
from cvgrade.intake.roster import Student, parse_time
from cvgrade.intake.unpack import strip_folders, true_name, unpack

TIMESTAMP = "timestamp.txt"
RECORDS = ".cvgrade"  # in the course folder: reports, and submissions that were replaced


@dataclass
class Ready:
    """A submission that was put together, before it takes its place.

    Attributes:
        student: `roster.Student`.
        submission: `lms.Submission`.
        folder: where its files are.
        line: `outcome.Collected`.
    """

    student: Student
    submission: object
    folder: Path
    line: Collected


def put_together(student, submission, expected, limits, folder):
    """Write one submission's files into a folder of their own."""
    line = Collected(student.id, student.name or submission.name, submission.key, late=submission.late)
    time = student.time or submission.time
    line.time = time.isoformat() if time else ""
    line.time_source = "the class list" if student.time else submission.time_source
    folder.mkdir(parents=True)
    before = len(submission.notes), len(submission.refused)  # a group's submission comes here once for each
    with contextlib.ExitStack() as stack:
        members = unpack(submission, limits, stack)
        choice = choose([member for member in members if member.suffix == ".ipynb"], expected)
        line.problems += choice.problems
        line.others += [f"{other}: {why}" for other, why in choice.others]
        line.notes += choice.notes
        chosen = list(choice.chosen.values())
        taken = {path_key((f"{one.name}.ipynb",)) for one in expected} | {path_key((TIMESTAMP,))}
        for wanted, member in choice.chosen.items():
            reason = _copy(member, folder / f"{wanted}.ipynb", limits)
            if reason:
                line.problems.append(f"{member.name}: {reason}")
            else:
                line.notebooks[wanted] = member.name
        rest = [one for one in members if all(one is not other for other in chosen)]
        _copy_files(rest, chosen, folder, taken, expected, limits, line)
    line.notes += submission.notes
    line.refused += [one.to_json() for one in submission.refused]
    del submission.notes[before[0] :], submission.refused[before[1] :]
    if not line.notebooks:
        line.status = "held"
        if not line.problems:
            line.problems.append("there is no notebook of this assignment in it")
    else:
        line.problems += [
            f"{one.name}.ipynb is missing"
            for one in expected
            if one.name not in line.notebooks and len(expected) > 1
        ]
    return Ready(student, submission, folder, line)


def _copy_files(members, chosen, folder, taken, expected, limits, line):
    """Copy what is no notebook of the assignment, under the paths that the notebooks see."""
    words = "\n".join(one.words for one in expected)
    placed = strip_folders([*chosen, *members], chosen)[len(chosen) :]
    names = {member.parts[-1] for member in placed if len(member.parts) == 1}
    for member in placed:
        if member.suffix == ".ipynb":
            continue  # not chosen; said so in `others`
        parts = member.parts
        if len(parts) == 1:
            plain = true_name(parts[0], words, names)
            if plain != parts[0]:
                line.notes.append(f"{parts[0]} was renamed {plain}, which the assignment reads")
                parts = (plain,)
        key = path_key(parts)
        if key in taken or any(key[:length] in taken for length in range(1, len(key))):
            line.refused.append({"path": member.raw, "reason": "its place is taken by another file"})
            continue
        reason = _copy(member, folder.joinpath(*parts), limits)
        if reason:
            line.refused.append({"path": member.raw, "reason": reason})
            continue
        taken.add(key)
        line.files.append("/".join(parts))


def _copy(member, target, limits):
    """Write a file, counting its bytes; returns why it could not, or ""."""
    made = False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as stream, target.open("xb") as out:
            made, total = True, 0
            while block := stream.read(CHUNK):
                total += len(block)
                if total > min(limits.file_bytes, max(member.size, 1)):
                    raise Refused(f"it unpacks to more than the {size_text(member.size)} that it claims")
                out.write(block)
    except Refused as error:
        target.unlink()
        return str(error)
    except Exception as error:  # zipfile raises half a dozen kinds for a damaged archive
        if made:
            target.unlink()
        return f"it cannot be read ({type(error).__name__}: {error})"
    return ""


def newest(ready):
    """The submission that counts; the others are noted in its line."""
    good = [one for one in ready if one.line.status != "held"] or ready
    if len(good) > 1:
        ranked = sorted(good, key=_rank, reverse=True)
        if _rank(ranked[0]) == _rank(ranked[1]) and not _same(ranked[0].folder, ranked[1].folder):
            ranked[0].line.status = "held"
            names = ", ".join(repr(one.submission.key) for one in ranked)
            ranked[0].line.problems.append(
                f"handed in several times, and nothing says which came last: {names}"
            )
        good = ranked
    first = good[0]
    for other in ready:
        if other is not first:
            when = f" of {other.line.time}" if other.line.time else ""
            first.line.others.append(f"{other.submission.key}{when}: {first.submission.key} counts")
            first.line.refused += other.line.refused
    return first


def _rank(ready):
    time = ready.line.time
    return (time, ready.submission.order)


def take_place(course, name, student, ready, dry_run):
    """Move a submission to its place, or leave what is there; what is replaced is put aside."""
    line, target = ready.line, course / "submitted" / student / name
    if target.parent.is_symlink() or target.is_symlink():
        line.status = "held"
        line.problems.append(f"{target} is a symbolic link")
        return
    if line.time:
        stamp = datetime.fromisoformat(line.time).astimezone(timezone.utc)
        (ready.folder / TIMESTAMP).write_text(f"{stamp:%Y-%m-%d %H:%M:%S.%f} UTC\n", encoding="ascii")
    if target.exists():
        there = _time_there(target)
        if _same(ready.folder, target):
            line.status = "unchanged"
            return
        if there and line.time and there > datetime.fromisoformat(line.time):
            line.status = "kept"
            line.notes.append(f"what was collected before is newer ({there.isoformat()}) and stays")
            return
        line.status = "replaced"
    if dry_run:
        return
    target.parent.mkdir(exist_ok=True)
    if target.exists():
        now = datetime.now(timezone.utc)
        aside = course / RECORDS / "replaced" / name / student / f"{now:%Y%m%dT%H%M%S%f}Z"
        aside.parent.mkdir(parents=True, exist_ok=True)
        target.rename(aside)
        line.others.append(f"what was collected before lies in {aside.relative_to(course)}")
        try:
            ready.folder.rename(target)
        except OSError:
            aside.rename(target)
            raise
    else:
        ready.folder.rename(target)


def _time_there(target):
    try:
        return parse_time((target / TIMESTAMP).read_text(encoding="utf-8").replace(" UTC", "+00:00").strip())
    except (OSError, UnicodeDecodeError):
        return None


def _same(first, second):
    """Whether two folders hold the same files with the same bytes."""
    trees = []
    for root in (first, second):
        files = {}
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder, name)
                files[path.relative_to(root)] = path
        trees.append(files)
    return trees[0].keys() == trees[1].keys() and all(
        trees[0][key].stat().st_size == trees[1][key].stat().st_size
        and trees[0][key].read_bytes() == trees[1][key].read_bytes()
        for key in trees[0]
    )
