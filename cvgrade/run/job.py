"""What is run and what comes out: a job for one submission, and its result. Both survive JSON."""

import base64
import dataclasses
from dataclasses import dataclass, field

IN_PLACE = "### ARGUMENTS CHANGE IN PLACE"  # in a test cell: what calls do to their arguments comes back
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
STATUSES = ("passed", "failed", "error", "timeout", "crashed", "not_run", "tampered", "manual")


class _Plain:
    """To and from what JSON can hold."""

    def to_json(self):
        """A dictionary of plain values."""
        return _plain(self)

    @classmethod
    def from_json(cls, data):
        """The inverse of `to_json`; unknown keys are ignored, so that an older journal can be read."""
        known = {item.name for item in dataclasses.fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in known})


@dataclass(frozen=True)
class Limits(_Plain):
    """What one submission may use.

    Attributes:
        cell_seconds: wall time of one cell.
        total_seconds: wall time of all cells.
        memory_mb: memory of its processes together.
        processes: processes and threads together, beyond four threads for each core that libraries may keep.
        open_files: open files of each process.
        disk_mb: files that it writes, all together.
        output_bytes: outputs of its cells, all together.
        threads: threads that its libraries compute with.
    """

    cell_seconds: float = 60
    total_seconds: float = 600
    memory_mb: int = 2048
    processes: int = 64
    open_files: int = 256
    disk_mb: int = 512
    output_bytes: int = 1_000_000
    threads: int = 1


@dataclass(frozen=True)
class Step(_Plain):
    """One code cell, or one that a human marks.

    Attributes:
        kind: "student" (the student's text), "locked" or "test" (the instructor's text).
        cell_id: of the cell in the notebook.
        grade_id: nbgrader's name of the cell, or None.
        source: what is run.
        points: most points, 0 where the cell has none.
        manual: whether a human gives the points.
        reference: the instructor's text of a student's cell, which tells which names are the student's.
    """

    kind: str
    cell_id: str
    source: str
    grade_id: str | None = None
    points: float = 0
    manual: bool = False
    reference: str = ""


@dataclass(frozen=True)
class Job(_Plain):
    """One submission, ready to run.

    Attributes:
        assignment: its name.
        notebook: the notebook's name.
        student: the student's id.
        steps: tuple of `Step` in the order of the notebook.
        files: dict from relative path to bytes: the assignment's own files and those handed in.
        given: which of `files` are the assignment's own: a student cannot replace them for the tests.
        hidden_files: dict from relative path to bytes that only the tester sees.
        limits: `Limits`.
        libraries: modules that the notebook uses; a station loads them beforehand.
        packages: folders of course packages (such as cvlib), visible read-only on both sides.
        imports: the import statements of the instructor's free and solution cells: a library's name is the
            tester's own wherever the notebook imports it.
        seed: for Python, NumPy and Keras, on both sides.
    """

    assignment: str
    notebook: str
    student: str
    steps: tuple = ()
    files: dict = field(default_factory=dict)
    given: tuple = ()
    hidden_files: dict = field(default_factory=dict)
    limits: Limits = Limits()
    libraries: tuple = ()
    packages: tuple = ()
    imports: str = ""
    seed: int = 0

    def to_json(self):
        """A dictionary of plain values, files in base64."""
        data = _plain(self)
        for key in ("files", "hidden_files"):
            data[key] = {
                name: base64.b64encode(content).decode() for name, content in getattr(self, key).items()
            }
        return data

    @classmethod
    def from_json(cls, data):
        """The inverse of `to_json`."""
        files = {
            key: {name: base64.b64decode(text) for name, text in data.get(key, {}).items()}
            for key in ("files", "hidden_files")
        }
        return cls(
            data["assignment"],
            data["notebook"],
            data["student"],
            tuple(Step.from_json(step) for step in data["steps"]),
            files["files"],
            tuple(data.get("given", ())),
            files["hidden_files"],
            Limits.from_json(data.get("limits", {})),
            tuple(data.get("libraries", ())),
            tuple(data.get("packages", ())),
            data.get("imports", ""),
            data.get("seed", 0),
        )


@dataclass(frozen=True)
class Verdict(_Plain):
    """What one graded cell got.

    Attributes:
        grade_id: of the cell.
        points: most points.
        score: points given.
        status: one of `STATUSES`.
        message: what the student may read.
        hint: the likely cause, where the check knows it.
        seconds: wall time of the test cell.
    """

    grade_id: str
    points: float
    score: float = 0.0
    status: str = "not_run"
    message: str = ""
    hint: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Result(_Plain):
    """What one submission got.

    Attributes:
        student: the student's id.
        notebook: the notebook's name.
        verdicts: tuple of `Verdict`, one for each graded cell, in order.
        outputs: dict from cell id to the list of nbformat outputs of a student's or locked cell.
        notes: tuple of sentences for the instructor.
        seconds: wall time.
        peak_memory_mb: of the student's processes together.
        environment: dict from package to version.
    """

    student: str
    notebook: str
    verdicts: tuple = ()
    outputs: dict = field(default_factory=dict)
    notes: tuple = ()
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    environment: dict = field(default_factory=dict)

    @classmethod
    def from_json(cls, data):
        """The inverse of `to_json`."""
        verdicts = tuple(Verdict.from_json(verdict) for verdict in data["verdicts"])
        return super().from_json({**data, "verdicts": verdicts, "notes": tuple(data.get("notes", ()))})

    @property
    def score(self):
        """The sum of the points given."""
        return sum(verdict.score for verdict in self.verdicts)


def _plain(value):
    if dataclasses.is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
