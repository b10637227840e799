"""What is run and what comes out: a job for one submission, and its result. Both survive JSON."""

import ast
import base64
import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path

from cvgrade.run.names import parse

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


def plan(source, submission, student, assignment=None, notebook=None, **options):
    """The job for one submission.

    Test and locked cells come from the instructor's source, whatever the submission holds; what the student
    wrote is matched by grade id, and otherwise by cell id or text.

    Args:
        source: the instructor's notebook (nbformat), with solutions and hidden tests.
        submission: the student's notebook, repaired.
        student: the student's id.
        assignment: name; by default "assignment".
        notebook: name; by default `assignment`.
        options: more fields of `Job`: `files`, `given`, `hidden_files`, `limits`, `libraries`, `packages` and
            `seed`.

    Returns:
        A `Job`.
    """
    assignment = assignment or "assignment"
    ours = {_grade_id(cell): cell for cell in source.cells if _grade_id(cell)}
    theirs, extra, last = {}, {None: []}, None
    for cell in submission.cells:
        name = _grade_id(cell)
        if name in ours:
            last = name
            theirs.setdefault(name, cell)
            extra.setdefault(last, [])
        else:
            extra[last].append(cell)
    steps = []
    _add_free(steps, extra[None], source)
    for cell in source.cells:
        name = _grade_id(cell)
        if name is None:
            continue
        step = _step(cell, theirs.get(name), name)
        if step:
            steps.append(step)
        _add_free(steps, extra.get(name, ()), source)
    steps = [dataclasses.replace(step, cell_id=name) for step, name in zip(steps, _unique(steps))]
    options.setdefault("imports", _imports(source))
    return Job(assignment, notebook or assignment, student, tuple(steps), **options)


def find_libraries(source, known=("numpy", "tensorflow", "keras", "matplotlib", "pandas", "sklearn", "cv2")):
    """The heavy modules that a notebook imports, for a station to load beforehand.

    Args:
        source: a notebook (nbformat).
        known: modules worth loading.
    """
    text = "\n".join(cell.source for cell in source.cells if cell.cell_type == "code")
    found = [name for name in known if re.search(rf"^\s*(import|from)\s.*\b{name}\b", text, re.M)]
    return tuple(found)


def read_files(folder, skip=(".ipynb",), most_bytes=256 << 20):
    """The files under a folder as a dictionary for `Job.files`; links are not followed.

    Args:
        folder: where they lie.
        skip: endings left out.
        most_bytes: of all together.

    Raises:
        ValueError: if they are more.
    """
    folder, files, total = Path(folder), {}, 0
    for path in sorted(folder.rglob("*")):
        inside = [folder, *path.relative_to(folder).parents]
        if path.is_symlink() or not path.is_file() or path.name.endswith(tuple(skip)) or not inside:
            continue
        if any((folder / part).is_symlink() for part in path.relative_to(folder).parents):
            continue
        total += path.stat().st_size
        if total > most_bytes:
            raise ValueError(f"{folder} holds more than {most_bytes >> 20} MB")
        files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return files


def _imports(source):
    """The top-level import statements of cells that students edit."""
    lines = []
    for cell in source.cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and not marks.get("locked"):
            lines += [ast.unparse(part) for part in parse(cell.source).body if _is_import(part)]
    return "\n".join(dict.fromkeys(lines))


def _is_import(statement):
    return isinstance(statement, (ast.Import, ast.ImportFrom))


def _step(cell, submitted, name):
    marks = cell.metadata["nbgrader"]
    points = float(marks.get("points", 0) or 0)
    solution, grade = marks.get("solution", False), marks.get("grade", False)
    manual = bool((grade and solution) or marks.get("task"))
    if cell.cell_type != "code":
        return Step("student", cell.get("id", name), "", name, points, True) if manual else None
    if solution or not (grade or marks.get("locked")):
        text = submitted.source if submitted is not None and submitted.cell_type == "code" else ""
        return Step("student", cell.get("id", name), text, name, points, manual, cell.source)
    return Step("test" if grade else "locked", cell.get("id", name), cell.source, name, points)


def _add_free(steps, cells, source):
    """Cells without marks: the student's text; the instructor's too, where it is a cell of the source."""
    for cell in cells:
        if cell.cell_type != "code":
            continue
        match = next((one for one in source.cells if not _grade_id(one) and _same(one, cell)), None)
        steps.append(
            Step(
                "student", cell.get("id", "cell"), cell.source, None, 0, False, match.source if match else ""
            )
        )


def _same(ours, theirs):
    return (ours.get("id") and ours.get("id") == theirs.get("id")) or ours.source == theirs.source


def _grade_id(cell):
    marks = cell.metadata.get("nbgrader") if isinstance(cell.metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else None


def _unique(steps):
    taken = set()
    for step in steps:
        name, number = step.cell_id, 1
        while name in taken:
            number += 1
            name = f"{step.cell_id}-{number}"
        taken.add(name)
        yield name


def _plain(value):
    if dataclasses.is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
