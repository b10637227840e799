"""What a collection did: for each student, and for what was nobody's."""

import json
from dataclasses import asdict, dataclass, field

from cvgrade.intake.names import shown

OK, FAILED, LOOK = 0, 1, 3  # exit codes
MOST_LISTED = 20


@dataclass
class Collected:
    """What became of one student's submission.

    Attributes:
        student: the id in the course.
        name: as the system writes it.
        submission: as the download names it.
        status: "new", "replaced", "unchanged", "kept" (what was there is newer), or "held" (a person
            decides).
        notebooks: dict from the notebook's name in the assignment to the file's name as handed in.
        files: the other files, as they lie in the folder.
        time: when it was handed in, ISO 8601 in UTC, or "".
        time_source: who says so.
        late: True if the system says so; None if it says nothing.
        notes: sentences about what is usual.
        problems: sentences that a person must read.
        others: sentences about earlier or other files and submissions, which do not count.
        refused: list of dicts with path and reason.
    """

    student: str
    name: str = ""
    submission: str = ""
    status: str = "new"
    notebooks: dict = field(default_factory=dict)
    files: list = field(default_factory=list)
    time: str = ""
    time_source: str = ""
    late: bool | None = None
    notes: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    others: list = field(default_factory=list)
    refused: list = field(default_factory=list)


@dataclass
class Report:
    """What a collection did, or would do.

    Attributes:
        assignment: its name.
        path: what was collected from.
        lms: "canvas", "moodle", "gradescope" or "folders".
        dry_run: True if nothing was written.
        students: list of `Collected`, by id.
        unmatched: list of dicts with submission, reason and files: nobody could be found for them.
        refused: list of dicts with path and reason: files of the download that were not taken.
        missing: ids of the class list without a submission.
    """

    assignment: str
    path: str
    lms: str
    dry_run: bool = False
    students: list = field(default_factory=list)
    unmatched: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    missing: list = field(default_factory=list)

    @property
    def exit_code(self):
        """0 if all was collected, 3 if a person must look at something, 1 if nothing was collected."""
        if not any(one.status != "held" for one in self.students):
            return FAILED
        open_ends = (
            self.unmatched or self.refused or any(one.problems or one.refused for one in self.students)
        )
        return LOOK if open_ends else OK

    def to_json(self):
        """As a dict that JSON holds."""
        return {**asdict(self), "exit_code": self.exit_code}

    def dumps(self):
        """As the text of a JSON file."""
        return json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n"

    def text(self):
        """For a terminal: the count, then what a person must look at, then what is only worth knowing."""
        counts = {}
        for one in self.students:
            counts[one.status] = counts.get(one.status, 0) + 1
        taken = len(self.students) - counts.get("held", 0)
        would = "would collect" if self.dry_run else "collected"
        detail = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        lines = [f"{self.assignment}: {would} {taken} submissions from {self.lms} ({detail or 'none'})"]
        lines += _section("Held for you to decide", [
            f"{shown(one.student)}: {shown(problem, 400)}" for one in self.students if one.status == "held"
            for problem in one.problems or ["no reason"]
        ])  # fmt: skip
        lines += _section("Of nobody that is known", [
            f"{shown(one['submission'])}: {shown(one['reason'], 400)}" for one in self.unmatched
        ])  # fmt: skip
        lines += _section("Refused", [
            f"{shown(one['path'])}: {shown(one['reason'], 400)}" for one in self.refused
        ] + [
            f"{shown(one.student)}: {shown(bad['path'])}: {shown(bad['reason'], 400)}"
            for one in self.students for bad in one.refused
        ])  # fmt: skip
        lines += _section("Collected, but look", [
            f"{shown(one.student)}: {shown(problem, 400)}"
            for one in self.students if one.status != "held" for problem in one.problems
        ])  # fmt: skip
        lines += _section("Notes", [
            f"{shown(one.student)}: {shown(note, 400)}"
            for one in self.students for note in [*one.notes, *one.others, *(["late"] if one.late else [])]
        ])  # fmt: skip
        if self.missing:
            lines += _section("Of the class list, nothing from", [shown(student) for student in self.missing])
        return "\n".join(lines)


def _section(title, lines):
    if not lines:
        return []
    rest = len(lines) - MOST_LISTED
    more = [f"  … and {rest} more (all are in the report file)"] if rest > 0 else []
    return ["", f"{title}:", *(f"  {line}" for line in lines[:MOST_LISTED]), *more]
