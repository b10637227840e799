"""An assignment in its course folder, what was handed in for it, and the job that each submission makes."""

import contextlib
import copy
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import nbformat

from cvgrade.gradebook import Writer
from cvgrade.intake.names import is_id, shown
from cvgrade.intake.notebooks import NotebookRefused
from cvgrade.intake.placing import RECORDS, TIMESTAMP
from cvgrade.intake.repair import ReleaseError, repair
from cvgrade.intake.roster import parse_time
from cvgrade.run.journal import fingerprint
from cvgrade.run.packages import find_packages
from cvgrade.run.plan import Limits, Result, Verdict, find_libraries, plan, read_files
from cvgrade.run.stations import Setup, pack_folder
from cvgrade.run.versions import versions

CONFIG = "nbgrader_config.py"


class RunError(RuntimeError):
    """Nothing can be graded; the message says why and what to do."""


@dataclass(frozen=True)
class Unit:
    """One notebook of one student.

    Attributes:
        student: the student's id.
        notebook: the notebook's name.
        key: hash of all that decides its result.
        time: when it was handed in, an aware datetime, or None.
    """

    student: str
    notebook: str
    key: str
    time: object = None


class Course:
    """An assignment in its course folder: what is the same for every submission.

    Args:
        root: the course folder.
        name: of the assignment.
        sandbox: "bubblewrap" or "none".
        db_url: of the gradebook; by default as the configuration says.
        config: traitlets `Config`; by default that of `nbgrader_config.py`.
    """

    def __init__(self, root, name, sandbox="bubblewrap", db_url=None, config=None):
        from nbgrader.coursedir import CourseDirectory

        self.root, self.name = Path(root).resolve(), name
        if not is_id(name):
            raise RunError(f"name must be an assignment's, got {name!r}")
        self.config = copy.deepcopy(config) if config is not None else _read_config(self.root)
        self.config.CourseDirectory.root = str(self.root)
        folders = CourseDirectory(config=self.config)
        self.course_id, self.db_url = folders.course_id, db_url or folders.db_url
        if self.db_url.startswith("sqlite:") and "?" not in self.db_url:
            self.db_url += "?timeout=60"
        self.submitted, self.autograded = (
            self.root / folders.submitted_directory,
            folders.autograded_directory,
        )
        self.source = self.root / folders.source_directory / name
        self.release = self.root / folders.release_directory / name
        self.books = {path.stem: path for path in sorted(self.source.glob("*.ipynb"))}
        if not self.books or not all((self.release / path.name).is_file() for path in self.books.values()):
            raise RunError(f"{name} is not built and released: run `cvgrade release {name}`")
        self.sources = {one: nbformat.read(path, as_version=4) for one, path in self.books.items()}
        self.releases = {
            one: nbformat.read(self.release / path.name, as_version=4) for one, path in self.books.items()
        }
        ours = self.config.get("CvGrade", {})
        self.limits = self._limits(ours)
        self.given = read_files(self.source)
        hidden = self.root / "hidden" / name
        self.hidden = read_files(hidden, skip=()) if hidden.is_dir() else {}
        self.libraries = tuple(
            dict.fromkeys(one for book in self.sources.values() for one in find_libraries(book))
        )
        packages = {**find_packages(self.sources.values(), self.given), **dict(ours.get("packages", {}))}
        self.setup = Setup(
            self.libraries,
            {one: pack_folder(folder) for one, folder in sorted(packages.items())},
            sandbox,
            dict(ours.get("folders", {})),
            dict(ours.get("environment", {})),
        )
        self.times = self._collected()
        self.tests = fingerprint(
            1,
            name,
            [path.read_bytes().hex() for path in self.books.values()],
            [(self.release / path.name).read_bytes().hex() for path in self.books.values()],
            _hashes(self.given),
            _hashes(self.hidden),
            self.limits.to_json(),
            self.setup.to_json(),
            versions(),
            _intake_hash(),
        )

    def writer(self):
        """The writer of its gradebook."""
        return Writer(self.root, self.name, self.db_url, self.course_id, self.config, self.autograded)

    def units(self, students, summary):
        """What was handed in: a list of `Unit`, by student; what cannot be read is in the summary."""
        found = {}
        for path in sorted(self.submitted.glob("*")):
            if path.name.startswith(".") or not (path / self.name).is_dir():
                continue
            if students is not None and path.name not in students:
                continue
            if not is_id(path.name) or path.is_symlink() or (path / self.name).is_symlink():
                summary.failed.append(
                    f"{shown(path.name)}: its folder's name is no student's id, or it is a link"
                )
                continue
            found[path.name] = path / self.name
        missing = sorted(set(students or ()) - set(found))
        if missing:
            raise RunError(f"nothing was handed in for {self.name} by {', '.join(map(shown, missing))}")
        if not found and not summary.failed:
            raise RunError(f"nothing was handed in: {self.submitted} has no student with {self.name}")
        return [unit for student, folder in found.items() for unit in self._units(student, folder, summary)]

    def unit(self, student, notebook):
        """One notebook of one student.

        Args:
            student: the student's id.
            notebook: the notebook's name.

        Returns:
            `Unit`.
        """
        folder = self.submitted / student / self.name
        return next(one for one in self._units(student, folder) if one.notebook == notebook)

    def job(self, unit):
        """The job of a unit, and what repair did.

        Returns:
            `Job` or None where nothing can be run, the notebook for formgrader, the files, and the record
            without its result, or with one where there is nothing to run.
        """
        folder, notebook = self.submitted / unit.student / self.name, unit.notebook
        release, source = self.releases[notebook], self.sources[notebook]
        try:
            path = folder / f"{notebook}.ipynb"
            if path.is_symlink() or not path.is_file():
                raise NotebookRefused(f"{notebook}.ipynb was not handed in")
            book, changes, questions = repair(path, release, source)
            files = {**_handed_in(folder), **self.given}
        except (NotebookRefused, ValueError) as error:
            if isinstance(error, ReleaseError):
                raise
            return None, release, {}, self._nothing(unit, str(error))
        record = {
            "changes": [change.to_json() for change in changes],
            "questions": [question.to_json() for question in questions],
            "answered": sorted(_answered(book, release)),
        }
        job = plan(
            source,
            book,
            unit.student,
            self.name,
            notebook,
            files=files,
            given=tuple(self.given),
            hidden_files=self.hidden,
            limits=self.limits,
            libraries=self.libraries,
        )
        return job, book, files, record

    def _units(self, student, folder, summary=None):
        try:
            files = _hashes(_handed_in(folder))
        except (ValueError, OSError) as error:
            files = str(error)
        time = self._time(student, folder, summary)
        for notebook in self.books:
            path = folder / f"{notebook}.ipynb"
            book = _hash(path) if path.is_file() and not path.is_symlink() else ""
            yield Unit(student, notebook, fingerprint(self.tests, student, notebook, book, files), time)

    def _nothing(self, unit, reason):
        """The record where there is nothing to run: no points, and why."""
        points = [
            (cell.metadata["nbgrader"]["grade_id"], float(cell.metadata["nbgrader"].get("points", 0) or 0))
            for cell in self.sources[unit.notebook].cells
            if cell.metadata.get("nbgrader", {}).get("grade") or cell.metadata.get("nbgrader", {}).get("task")
        ]
        message = f"Nothing was run: {reason}."
        verdicts = tuple(Verdict(name, most, 0.0, "not_run", message) for name, most in points)
        result = Result(unit.student, unit.notebook, verdicts, notes=(message,))
        return {"changes": [], "questions": [], "answered": [], "refused": reason, "result": result.to_json()}

    def _limits(self, ours):
        given = dict(ours.get("limits", {}))
        timeout = self.config.get("Execute", {}).get("timeout")
        if isinstance(timeout, (int, float)) and timeout > 0:
            given.setdefault("cell_seconds", timeout)
        try:
            return Limits(**given)
        except TypeError as error:
            raise RunError(f"c.CvGrade.limits in {CONFIG}: {error}") from None

    def _collected(self):
        path = self.root / RECORDS / "collect" / f"{self.name}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return {one["student"]: one["time"] for one in json.loads(path.read_text("utf-8"))["students"]}
        return {}

    def _time(self, student, folder, summary=None):
        """When it was handed in, by the system's word where there is one."""
        said = self.times.get(student)
        path = folder / TIMESTAMP
        if not said and path.is_file() and not path.is_symlink():
            with contextlib.suppress(OSError, UnicodeDecodeError):
                said = path.read_bytes()[:200].decode("utf-8").strip().replace(" UTC", "+00:00")
            if summary is not None and (not said or parse_time(said) is None):
                summary.look.append(
                    f"{shown(student)}: {TIMESTAMP} holds no time; it counts as handed in on time"
                )
        return parse_time(said) if said else None


def _read_config(root):
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    config = Config()
    if (root / CONFIG).exists():
        config.merge(PyFileConfigLoader(CONFIG, path=str(root)).load_config())
    return config


def _answered(book, release):
    """Grade ids of the answers that are not as they were released."""
    given = {
        cell.metadata["nbgrader"]["grade_id"]: (cell.cell_type, cell.source)
        for cell in release.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    return {
        name
        for cell in book.cells
        if (name := cell.metadata.get("nbgrader", {}).get("grade_id")) in given
        and given[name] != (cell.cell_type, cell.source)
    }


def _handed_in(folder):
    """The files of a submission, without the time, which is the system's."""
    return {name: data for name, data in read_files(folder).items() if name != TIMESTAMP}


def _hashes(files):
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def _hash(path):
    with open(path, "rb") as file:
        return (
            hashlib.file_digest(file, "sha256").hexdigest()
            if hasattr(hashlib, "file_digest")
            else _digest(file)
        )


def _digest(file):
    total = hashlib.sha256()
    while block := file.read(1 << 20):
        total.update(block)
    return total.hexdigest()


def _intake_hash():
    folder = Path(__file__).parent.parent / "intake"
    return fingerprint({path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.py"))})
