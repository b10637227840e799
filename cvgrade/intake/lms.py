"""Read what a learning management system says in the names of a download: who, when, which file.

Canvas      `doejane_12345_67890_hw.ipynb`, late `doejane_LATE_12345_67890_hw.ipynb`, handed in again
`…_hw-1.ipynb`,
            graded anonymously `anon_aB3dE_67890_hw.ipynb` (12345 is the student, 67890 the file)
Moodle      `Jane Doe_12345_assignsubmission_file/hw.ipynb`, or `Jane
Doe_12345_assignsubmission_file_hw.ipynb` Gradescope  `submission_1234/hw.ipynb` and `submission_metadata.yml`
folders     `jane/hw.ipynb`, or `jane.zip`: one folder or ZIP file for each student

A student names the files, not the download: only the part of a name that the system wrote is read, and
only at the top of the download.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

import yaml

from cvgrade.intake.files import ArchiveError, Refusal, Refused
from cvgrade.intake.names import is_junk

KINDS = ("canvas", "moodle", "gradescope", "folders")
METADATA = "submission_metadata.yml"
LARGEST_METADATA = 64 * 1024 * 1024
CANVAS = re.compile(
    r"(?:(?P<name>.*?)_)?(?:(?P<late>LATE)_)?(?P<user>\d+|anon_[A-Za-z0-9]+)_(?P<file_id>\d+)_(?P<file>.+)"
)
CANVAS_TEXT = re.compile(
    r"(?:(?P<name>.*?)_)?(?:(?P<late>LATE)_)?(?P<user>\d+|anon_[A-Za-z0-9]+)_(?:text|link)\.html"
)
MOODLE = re.compile(r"(?P<name>.*?)_(?P<user>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<file>.*))?")
GRADESCOPE = re.compile(r"submission_(\d+)")
GRADESCOPE_ROOT = re.compile(r"assignment_\d+_export")


@dataclass
class Submission:
    """What one student, or one group, handed in at one time.

    Attributes:
        key: as the download names it.
        lms: one of `KINDS`.
        name: the student's name as the system writes it, or "".
        number: the system's number for the student (Canvas user, Moodle participant), or "".
        people: for Gradescope, list of dicts with name, sid and email; a group has several.
        late: True if the system says so; None if it does not say.
        time: aware datetime, or None.
        time_source: where `time` is from, in words.
        order: larger for what came later, where the system numbers its files.
        members: the files, their paths within the submission.
        notes: list of sentences.
        refused: list of `Refusal`.
    """

    key: str
    lms: str
    name: str = ""
    number: str = ""
    people: list = field(default_factory=list)
    late: bool | None = None
    time: datetime | None = None
    time_source: str = ""
    order: int = 0
    members: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    refused: list = field(default_factory=list)


def read_download(members, lms="auto"):
    """Sort the files of a download by who handed them in.

    Args:
        members: list of `Member`.
        lms: one of `KINDS`, or "auto".

    Returns:
        The kind of download, the list of `Submission`, and the list of `Refusal` of what is nobody's.

    Raises:
        ArchiveError: if the download is empty, or it is not clear what it is.
    """
    members = [member for member in members if not is_junk(member.parts)]
    if not members:
        raise ArchiveError("there is no file in it")
    kind = _recognise(members) if lms == "auto" else lms
    if kind not in KINDS:
        raise ArchiveError(f"lms must be auto or one of {', '.join(KINDS)}, got {lms!r}")
    if lms == "auto":
        members = _below_export(members)
    elif (
        kind != "folders"
        and len({member.parts[0] for member in members}) == 1
        and not _matches(members, kind)
    ):
        members = [member.under(member.parts[1:]) for member in members if len(member.parts) > 1]
    read = {"canvas": _canvas, "moodle": _moodle, "gradescope": _gradescope, "folders": _folders}[kind]
    submissions, nobody = read(members)
    return kind, submissions, nobody


def _recognise(members):
    tops = {member.parts[0] for member in members}
    if len(tops) == 1:
        root = next(iter(tops))
        if GRADESCOPE_ROOT.fullmatch(root):
            return "gradescope"
        if not any(_matches(members, kind) for kind in KINDS[:3]):
            inner = [member.under(member.parts[1:]) for member in members if len(member.parts) > 1]
            for kind in KINDS[:3]:
                if inner and _matches(inner, kind):
                    raise ArchiveError(
                        f"everything is in one folder, {root!r}, which holds what looks like a download from "
                        f"{kind.title()}: pass lms={kind!r} if it is one, "
                        f"or lms='folders' if {root!r} is a student"
                    )
    return next((kind for kind in KINDS[:3] if _matches(members, kind)), "folders")


def _matches(members, kind):
    """Whether the top of a download has a system's names; Canvas's cannot be Moodle's."""
    if kind == "gradescope":
        return any(member.parts == (METADATA,) for member in members)
    if kind == "moodle":
        return any(
            MOODLE.fullmatch(member.parts[0]) and not CANVAS.fullmatch(member.parts[0]) for member in members
        )
    return kind == "canvas" and any(
        len(member.parts) == 1 and (CANVAS.fullmatch(member.name) or CANVAS_TEXT.fullmatch(member.name))
        for member in members
    )


def _below_export(members):
    roots = {member.parts[0] for member in members}
    if len(roots) == 1 and GRADESCOPE_ROOT.fullmatch(next(iter(roots))):
        return [member.under(member.parts[1:]) for member in members if len(member.parts) > 1]
    return members


def _canvas(members):
    found, nobody = {}, []
    for member in members:
        match = CANVAS.fullmatch(member.name) if len(member.parts) == 1 else None
        text = CANVAS_TEXT.fullmatch(member.name) if len(member.parts) == 1 else None
        if not match and not text:
            nobody.append(Refusal(member.raw, "not named as Canvas names a submitted file"))
            continue
        read = match or text
        # Canvas gives each file the time of the download, which says nothing.
        submission = found.setdefault(
            (read["name"] or "", read["user"]),
            Submission(
                "_".join(part for part in (read["name"], read["user"]) if part),
                "canvas",
                name=read["name"] or "",
                number=read["user"],
                late=False,
            ),
        )
        submission.late = submission.late or bool(read["late"])
        if not match:
            submission.notes.append(f"{member.name}: text typed into Canvas is not collected")
            continue
        submission.members.append(
            replace(member, parts=(match["file"],), order=int(match["file_id"]), time=None)
        )
        submission.order = max(submission.order, int(match["file_id"]))
    for submission in found.values():
        # Two files of one name: Canvas's numbers tell which came later, and that one keeps the name.
        submission.members.sort(key=lambda member: -member.order)
    return list(found.values()), nobody


def _moodle(members):
    found, nobody = {}, []
    for member in members:
        match = MOODLE.fullmatch(member.parts[0])
        if not match or (len(member.parts) == 1 and not match["file"]):
            nobody.append(Refusal(member.raw, "not named as Moodle names a submission"))
            continue
        submission = found.setdefault(
            (match["name"], match["user"]),
            Submission(
                f"{match['name']}_{match['user']}", "moodle", name=match["name"], number=match["user"]
            ),
        )
        if match["plugin"] != "file":
            submission.notes.append(f"{member.parts[-1]}: {match['plugin']} is not collected, only files are")
            continue
        parts = member.parts[1:] if len(member.parts) > 1 else (match["file"],)
        submission.members.append(member.under(parts))
        _newest_time(submission, member, "Moodle's archive")
    return list(found.values()), nobody


def _folders(members):
    found, nobody = {}, []
    for member in members:
        if len(member.parts) > 1:
            key, parts = member.parts[0], member.parts[1:]
        elif member.suffix == ".zip":
            key, parts = member.name[: -len(".zip")].strip(), member.parts
        else:
            nobody.append(Refusal(member.raw, "it lies beside the students' folders, in none of them"))
            continue
        submission = found.setdefault((key, len(member.parts) > 1), Submission(key, "folders", name=key))
        submission.members.append(member.under(parts))
        _newest_time(submission, member, "the archive")
    return list(found.values()), nobody


def _gradescope(members):
    metadata, nobody = {}, []
    for member in members:
        if member.parts == (METADATA,):
            metadata = read_metadata(member)
    if not metadata:
        raise ArchiveError(
            f"a Gradescope export holds {METADATA} at its top; this one has none that can be read"
        )
    found = {}
    for member in members:
        if member.parts == (METADATA,):
            continue
        if len(member.parts) == 1 or not GRADESCOPE.fullmatch(member.parts[0]):
            nobody.append(Refusal(member.raw, "not in a folder submission_…"))
            continue
        key = member.parts[0]
        submission = found.setdefault(
            key, Submission(key, "gradescope", number=GRADESCOPE.fullmatch(key)[1], order=int(key[11:]))
        )
        submission.members.append(member.under(member.parts[1:]))
    for key, submission in found.items():
        said = metadata.get(key)
        if not isinstance(said, dict):
            submission.notes.append(f"{METADATA} does not say whose {key} is")
            continue
        submission.people = _people(said)
        submission.time = _as_time(said.get(":created_at"))
        submission.time_source = "Gradescope's metadata" if submission.time else ""
    return list(found.values()), nobody


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe YAML in which Ruby's own classes are read as what they hold."""


def _plain(loader, suffix, node):
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _plain)


def read_metadata(member):
    """Gradescope's metadata as a dict; {} if it is not one.

    Raises:
        ArchiveError: if it is too large or no YAML.
    """
    try:
        text = member.read(LARGEST_METADATA).decode("utf-8-sig")
        read = yaml.load(text, Loader=_Loader)
    except (Refused, UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        raise ArchiveError(f"{METADATA} cannot be read: {str(error).splitlines()[0]}") from error
    return read if isinstance(read, dict) else {}


def _people(said):
    people = []
    submitters = said.get(":submitters")
    for person in submitters if isinstance(submitters, list) else []:
        if isinstance(person, dict):
            people.append({key: str(person.get(f":{key}") or "").strip() for key in ("name", "sid", "email")})
    return people


def _as_time(value):
    if isinstance(value, dict):  # ActiveSupport::TimeWithZone
        value = value.get("utc") or value.get("time")
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)


def _newest_time(submission, member, source):
    if member.time and (submission.time is None or member.time > submission.time):
        submission.time, submission.time_source = member.time, source
