"""nbgrader's own `nbgrader autograde`, and the Autograde button of formgrader, behind the wall.

One line in `nbgrader_config.py` does it:

    c.Autograde.exporter_class = "cvgrade.seams.Walled"

It is text, not a class, on purpose: where cvgrade is not installed nbgrader then stops with an error. A
config file that imports what is not there is passed over as a whole, with a line in nbgrader's log, and
submissions would run unprotected: let it import nothing, name classes as text, or set the environment
variable TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR=1.

nbgrader goes on finding, copying and writing notebooks; its preprocessors are kept, but for those that run
and believe the student's code:

    ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells   →  Repair: `cvgrade.intake.repair`
    Execute                                                            →  Judge:  `cvgrade.run.Station`
    SaveAutoGrades                                                     →  Save:   `cvgrade.gradebook.Writer`

A kernel provisioner that puts the kernel into a sandbox would not do: the tests would still run in the
student's interpreter. So no kernel is started at all. Where the wall cannot be had nothing is graded.
"""

import copy
import os
import time
from pathlib import Path
from types import SimpleNamespace

from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import ExecutePreprocessor
from nbgrader import preprocessors as theirs
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from traitlets.utils.importstring import import_item

from cvgrade.gradebook import Graded, filled_in, sound_scores
from cvgrade.intake.names import shown
from cvgrade.run import sandbox as walls
from cvgrade.run.coursework import Course
from cvgrade.run.grading import written_mark
from cvgrade.run.journal import Journal, JournalBusy, journal_path
from cvgrade.run.plan import Result
from cvgrade.run.stations import station

BUSY_SECONDS = 30
SANITIZERS = (theirs.ClearOutput, theirs.DeduplicateIds, theirs.OverwriteKernelspec, theirs.OverwriteCells)


class Walled(NotebookExporter):
    """What `c.Autograde.exporter_class` names: autograding with repair, a wall, and a judge of its own.

    `c.CvGrade.sandbox = "none"` runs submissions unprotected, with your own rights.

    Raises:
        NbGraderException: if there is no sandbox here, or nothing is left to grade; the message says what
            to do.
    """

    def __init__(self, config=None, **options):
        super().__init__(config=config, **options)
        self.courses, self.now = {}, None
        self.grades = isinstance(self.parent, Autograde)
        if self.grades:
            self.sandbox = self.parent.config.get("CvGrade", {}).get("sandbox", "bubblewrap")
            self._look_at_the_wall()
            self._leave_out_links()

    def register_preprocessor(self, preprocessor, enabled=False):
        """Register a preprocessor, or ours in its place; nbconvert calls this for each of nbgrader's."""
        kind = import_item(preprocessor) if isinstance(preprocessor, str) else preprocessor
        of = kind if isinstance(kind, type) else type(kind)
        if getattr(self, "grades", False):
            if issubclass(of, SANITIZERS):
                kind = Repair if issubclass(of, theirs.ClearOutput) else None
            elif issubclass(of, ExecutePreprocessor):
                kind = Judge
            elif issubclass(of, theirs.SaveAutoGrades):
                kind = Save
        return None if kind is None else super().register_preprocessor(kind, enabled)

    def from_filename(self, filename, resources=None, **options):
        """Convert one notebook; the file is the student's, so that only `repair` reads it."""
        if not self.grades:
            return super().from_filename(filename, resources, **options)
        who = resources["nbgrader"]
        course = self._course(who["assignment"])
        unit = course.unit(who["student"], who["notebook"])
        self.now = SimpleNamespace(course=course, unit=unit, record=None)
        self.now.job, self.now.book, _, self.now.prepared = course.job(unit)
        resources["metadata"] = {"name": who["notebook"], "path": os.path.dirname(filename)}
        return self.from_notebook_node(copy.deepcopy(self.now.book), resources, **options)

    def _course(self, name):
        if name not in self.courses:
            place = self.parent.coursedir
            self.courses[name] = Course(place.root, name, self.sandbox, place.db_url, self.parent.config)
        return self.courses[name]

    def _look_at_the_wall(self):
        if self.sandbox == "none":
            self.log.warning("cvgrade: no sandbox: submissions run with your own rights")
            return
        try:
            if self.sandbox != "bubblewrap":
                raise walls.SandboxError(
                    f'c.CvGrade.sandbox must be "bubblewrap" or "none", got {self.sandbox!r}'
                )
            walls.check()
        except (walls.SandboxError, OSError) as error:
            self._refuse(f"nothing was graded, as there is no wall to grade behind: {error}")

    def _leave_out_links(self):
        """nbgrader copies the files of a submission before it asks us, and follows links to anywhere."""
        found = self.parent.assignments
        for folder in sorted(found):
            inside = [Path(folder), *Path(folder).rglob("*")]
            bad = [one for one in inside if one.is_symlink() or not (one.is_file() or one.is_dir())]
            if bad:
                del found[folder]
                self.log.error(
                    "cvgrade: not graded: %s holds %s, a link or no plain file; put the file itself there, "
                    "or collect with `cvgrade collect`",
                    shown(folder),
                    shown(str(bad[0].relative_to(folder))),
                )
        if not found:
            self._refuse("nothing is left to grade: see above")

    def _refuse(self, message):
        self.log.error("cvgrade: %s", message)
        raise NbGraderException(message)


class Repair(theirs.NbGraderPreprocessor):
    """In place of nbgrader's sanitizers: the repaired notebook, with what was put right in the log."""

    def preprocess(self, nb, resources):
        """Tell what was repaired; `Walled` has already read the notebook through `repair`."""
        now = self.parent.now
        for kind in ("changes", "questions"):
            for one in now.prepared[kind]:
                self.log.warning("%s: %s", shown(now.unit.student), shown(one["message"], 300))
        if "refused" in now.prepared:
            why = shown(now.prepared["refused"], 300)
            self.log.warning("%s: no points: %s", shown(now.unit.student), why)
        return nb, resources


class Judge(theirs.NbGraderPreprocessor):
    """In place of nbgrader's `Execute`: the submission runs behind the wall and is judged beside it.

    `nbgrader autograde --no-execute` changes nothing here: the outputs that a student hands in are no proof.
    """

    def preprocess(self, nb, resources):
        """Judge, and fill in the outputs."""
        now = self.parent.now
        if now.job is None:
            now.record = now.prepared
        else:
            with station(now.course.setup) as started:
                result = started.judge(now.job)
            now.record = {**now.prepared, "result": result.to_json()}
        now.result = Result.from_json(now.record["result"])
        points = {
            verdict.grade_id: float(verdict.points) for verdict in now.result.verdicts if verdict.grade_id
        }
        scores, _ = sound_scores(now.result, points)
        return filled_in(nb, now.result, scores), resources


class Save(theirs.NbGraderPreprocessor):
    """In place of nbgrader's `SaveAutoGrades`: the marks that were given, not what an output looks like."""

    def preprocess(self, nb, resources):
        """Write the marks into the gradebook, and the record into the journal of `cvgrade run`."""
        now, name = self.parent.now, self.parent.now.course.name
        unit, record = now.unit, now.record
        with _journal(journal_path(now.course.root, name)) as journal:
            journal.add([(unit.key, unit.student, unit.notebook, record)], again=True)
            answered = frozenset(record["answered"])
            graded = Graded(unit.student, now.result, time=unit.time, answered=answered)
            with now.course.writer() as writer:
                ((who, (state, problems)),) = writer.write([graded]).items()
            journal.mark({who: written_mark(unit, state, now.course.db_url)})
        for problem in problems:
            self.log.warning("%s: %s", shown(unit.student), shown(problem, 300))
        return nb, resources


def _journal(path):
    """The journal, when another autograde of the same assignment has written its line."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return Journal(path)
        except JournalBusy:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
