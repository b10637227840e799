"""The files of one submission: within what one student may hand in, out of that student's own ZIP files."""

import contextlib
import re
from dataclasses import replace

from cvgrade.intake.archives import is_zip, spooled
from cvgrade.intake.files import ArchiveError, Refusal, Refused, size_text
from cvgrade.intake.names import is_junk, path_key
from cvgrade.intake.zips import open_zip

# nbgrader believes these files: a student's are never taken.
OURS = ("timestamp.txt", "submission_secret.txt")
COPY = re.compile(r"(?P<stem>.+?)(?:-\d+| ?\(\d+\)|-Copy\d+| - Copy| copy)(?P<ending>\.[A-Za-z0-9.]+)")
MOST_REFUSALS = 20


def unpack(submission, limits, stack):
    """The files of a submission, ZIP files opened where no notebook lies beside them.

    Args:
        submission: `lms.Submission`; what is refused is added to it.
        limits: `Limits`.
        stack: an `ExitStack` that keeps archives open until the files are read.

    Returns:
        List of `Member`.
    """
    members = _open_zips(submission, submission.members, limits, stack, limits.depth)
    kept = []
    for member in members:
        if is_junk(member.parts):
            continue
        if member.name.lower() in OURS or member.parts[0].lower().startswith(".cvgrade"):
            submission.notes.append(f"the student's own {member.name} was ignored")
            continue
        kept.append(member)
    return _within(submission, kept, limits)


def strip_folders(members, notebooks):
    """Paths as the notebooks see them: from the folder in which the notebooks lie.

    Args:
        members: list of `Member`.
        notebooks: those of them that were chosen.

    Returns:
        The members with shorter paths, in the same order.
    """
    base = None
    for notebook in notebooks:
        folder = notebook.parts[:-1]
        base = folder if base is None else _common(base, folder)
    base = base or ()
    return [
        member.under(member.parts[len(base) :]) if member.parts[: len(base)] == base else member
        for member in members
    ]


def true_name(name, wanted, taken):
    """The name that a data file had before a system or a browser put `-1` or ` (1)` behind it.

    Only where the assignment's text has the one name and not the other.

    Args:
        name: as handed in.
        wanted: the text of the assignment.
        taken: names that other files have.
    """
    match = COPY.fullmatch(name)
    if not match or name in wanted:
        return name
    plain = match["stem"] + match["ending"]
    mentioned = re.search(rf"(?<![\w.-]){re.escape(plain)}(?![\w-])", wanted)
    return plain if mentioned and plain not in taken else name


def _open_zips(submission, members, limits, stack, depth):
    archives = [member for member in members if is_zip(member)]
    others = [member for member in members if not is_zip(member)]
    if not archives or any(member.suffix == ".ipynb" and not is_junk(member.parts) for member in others):
        for member in archives:
            submission.notes.append(f"{member.name} lies beside a notebook and was left packed")
        return members
    found = others
    for member in archives:
        if depth == 0:
            submission.refused.append(
                Refusal(member.raw, f"ZIP files within ZIP files are opened {limits.depth} deep")
            )
            continue
        try:
            stream = stack.enter_context(spooled(member, limits))
            source = stack.enter_context(
                open_zip(stream, limits, limits.student_bytes, limits.student_files, times=False)
            )
        except (ArchiveError, Refused) as error:
            submission.refused.append(Refusal(member.raw, str(error)))
            continue
        inside = f"{member.raw} → "
        submission.refused += [Refusal(inside + one.path, one.reason) for one in source.refused]
        # Times in it are the student's own; when the archive came in is the system's.
        inner = [
            replace(one, raw=inside + one.raw, time=member.time, order=member.order) for one in source.members
        ]
        if len(archives) > 1:
            inner = [one.under((member.name[:-4], *one.parts)) for one in inner]
        found += _open_zips(submission, inner, limits, stack, depth - 1)
    return found


def _within(submission, members, limits):
    """What one student may hand in; notebooks first, so that one large file does not cost the notebook."""
    kept, seen, total, over = [], set(), 0, []
    for member in sorted(members, key=lambda member: member.suffix != ".ipynb"):
        key = path_key(member.parts)
        if key in seen:
            # Canvas's newest come first; elsewhere a name cannot come twice.
            submission.notes.append(f"an earlier {member.name} was left out")
            continue
        if len(kept) >= limits.student_files:
            over.append(Refusal(member.raw, f"one submission may hold {limits.student_files} files"))
        elif total + member.size > limits.student_bytes:
            over.append(Refusal(member.raw, f"one submission may hold {size_text(limits.student_bytes)}"))
        else:
            seen.add(key)
            kept.append(member)
            total += member.size
    submission.refused += over[:MOST_REFUSALS]
    if len(over) > MOST_REFUSALS:
        submission.refused.append(
            Refusal(submission.key, f"{len(over) - MOST_REFUSALS} more files like these")
        )
    return kept


def _common(first, second):
    length = 0
    with contextlib.suppress(IndexError):
        while length < len(first) and first[length] == second[length]:
            length += 1
    return first[:length]
