"""A run: what is left of an assignment is graded, kept in the journal, and written to the gradebook."""

import contextlib
import sys
import time
from dataclasses import dataclass, field

from cvgrade.gradebook import Graded
from cvgrade.intake.names import shown
from cvgrade.intake.repair import ReleaseError
from cvgrade.run.cluster import Cluster
from cvgrade.run.coursework import Course, RunError
from cvgrade.run.journal import Journal, fingerprint, journal_path
from cvgrade.run.plan import Result
from cvgrade.run.progress import Progress
from cvgrade.run.stopping import Stopping

OK, FAILED, LOOK, STOPPED = 0, 1, 3, 130
BATCH, BATCH_SECONDS = 100, 3


@dataclass
class Summary:
    """What a run did.

    Attributes:
        total: notebooks handed in.
        graded: how many were run now.
        written: how many were written to the gradebook now.
        look: sentences about what a person must look at.
        failed: sentences about what could not be graded.
        stopped: whether it was interrupted.
    """

    total: int = 0
    graded: int = 0
    written: int = 0
    look: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    stopped: bool = False

    @property
    def exit_code(self):
        """For scripts; see the command's help."""
        if self.stopped:
            return STOPPED
        return FAILED if self.failed else LOOK if self.look else OK


def grade(
    course,
    name,
    students=None,
    workers=None,
    scheduler=None,
    sandbox="bubblewrap",
    db_url=None,
    stream=None,
    write_books=True,
    again=False,
):
    """Grade what was handed in for an assignment, and write the gradebook.

    Args:
        course: the nbgrader course folder.
        name: of the assignment; it must be released.
        students: ids; by default all that have a folder in `submitted/`.
        workers: submissions at a time on this machine; by default one for each processor.
        scheduler: address of a dask scheduler.
        sandbox: "bubblewrap" or "none".
        db_url: of the gradebook; by default as nbgrader's configuration says.
        stream: where progress goes; by default stderr.
        write_books: whether to write the notebooks that formgrader shows.
        again: whether to grade also what was graded before, such as after a machine that was too busy.

    Returns:
        A `Summary`.

    Raises:
        RunError, JournalBusy, GradebookError, ClusterError, SandboxError: with what to do.
    """
    course = Course(course, name, sandbox, db_url)
    summary, stream = Summary(), stream or sys.stderr
    if sandbox == "none":
        print("cvgrade: no sandbox: submissions run with your own rights", file=stream)
    units = course.units(students, summary)
    summary.total = len(units) + len(summary.failed)
    with Journal(journal_path(course.root, name)) as journal, course.writer() as writer:
        _Run(course, journal, writer, summary, stream, write_books, again).run(units, workers, scheduler)
    return summary


class _Run:
    """One run: what is left is graded, kept, and written."""

    def __init__(self, course, journal, writer, summary, stream, write_books=True, again=False):
        self.course, self.journal, self.writer = course, journal, writer
        self.summary, self.stream, self.write_books = summary, stream, write_books
        self.ready, self.buffer, self.flushed = {}, [], time.monotonic()
        self.units, self.problems, self.again = {}, {}, again
        self.stopping = Stopping()

    def run(self, units, workers, scheduler):
        self.units = {unit.key: unit for unit in units}
        if journal := self.journal.damaged:
            print(f"cvgrade: {journal} lines of the journal were damaged; graded again", file=self.stream)
        left = [unit for unit in units if self.again or unit.key not in self.journal]
        self.journal.use(
            [(unit.student, unit.notebook, unit.key) for unit in units if unit.key in self.journal]
        )
        progress = Progress(len(units), len(units) - len(left), self.stream)
        try:
            with self.stopping:
                if left:
                    self._grade(left, workers, scheduler, progress)
                    self._flush()
                there = self.writer.written()
                waiting = [unit for unit in units if self._unwritten(unit, there)]
                for unit in waiting:
                    self._later(unit)
                self._flush()
        except KeyboardInterrupt:
            self.summary.stopped = True
            with contextlib.suppress(KeyboardInterrupt), self.stopping:
                self._flush()
        self._look(units)

    def _grade(self, left, workers, scheduler, progress):
        report = lambda line: print(f"cvgrade: {line}", file=self.stream)  # noqa: E731
        jobs = self._jobs(left, progress)
        first = next(jobs, None)  # no cluster is started for what needs none
        if first is None:
            return
        with Cluster(self.course.setup, workers, scheduler, report) as cluster:
            for outcomes in cluster.run(_chain(first, jobs), progress.show):
                self._keep(outcomes, progress)

    def _jobs(self, left, progress):
        for unit in left:
            try:
                job, book, files, record = self.course.job(unit)
            except ReleaseError as error:
                raise RunError(f"{self.course.name}: {error}") from error
            except Exception as error:  # one submission that nobody foresaw must not stop the others
                self.summary.failed.append(
                    f"{unit.student}: could not be prepared ({type(error).__name__}: {shown(error, 300)})"
                )
                progress.add(1)
                continue
            if job is None:
                self._add([(unit, record)], progress)
                continue
            self.ready[unit.key] = book, files, record
            yield unit.key, job

    def _keep(self, outcomes, progress):
        records = []
        for outcome in outcomes:
            unit = self.units[outcome.key]
            book, files, record = self.ready.pop(outcome.key)
            if outcome.result is None:
                self.summary.failed.append(f"{unit.student}: {shown(outcome.reason, 300)}")
                progress.add(1)
                continue
            record = {**record, "result": outcome.result.to_json()}
            records.append((unit, record))
            self.buffer.append(self._graded(unit, record, book, files))
        self._add(records, progress)
        if len(self.buffer) >= BATCH or time.monotonic() - self.flushed > BATCH_SECONDS:
            self._flush()

    def _add(self, pairs, progress):
        with self.stopping.whole():
            self.journal.add(
                [(unit.key, unit.student, unit.notebook, record) for unit, record in pairs], self.again
            )
        self.summary.graded += len(pairs)
        progress.add(len(pairs))

    def _unwritten(self, unit, there):
        name = unit.student, unit.notebook
        if unit.key not in self.journal or name in self.problems:
            return False
        path = (
            self.course.root
            / self.course.autograded
            / unit.student
            / self.course.name
            / f"{unit.notebook}.ipynb"
        )
        lost = name not in there or (self.write_books and not path.exists())
        return lost or self.journal.marked(*name) != self._mark(unit, there[name])

    def _mark(self, unit, state):
        return written_mark(unit, state, self.course.db_url)

    def _later(self, unit):
        """Write what was graded in an earlier run."""
        record = self.journal.get(unit.key)
        _, book, files, _ = self.course.job(unit)
        self.buffer.append(self._graded(unit, record, book, files))
        if len(self.buffer) >= BATCH:
            self._flush()

    def _graded(self, unit, record, book, files):
        result, answered = Result.from_json(record["result"]), frozenset(record["answered"])
        kept = files if self.write_books else {}
        return unit, Graded(
            unit.student, result, book if self.write_books else None, kept, unit.time, answered
        )

    def _flush(self):
        batch, self.buffer, self.flushed = self.buffer, [], time.monotonic()
        if not batch:
            return
        with self.stopping.whole():
            said = self.writer.write([graded for _, graded in batch])
            marks = {}
            for unit, _ in batch:
                name = unit.student, unit.notebook
                state, self.problems[name] = said[name]
                marks[name] = self._mark(unit, state)
            self.journal.mark(marks)
            self.summary.written += len(batch)

    def _look(self, units):
        for unit in units:
            record = self.journal.get(unit.key)
            if record is None:
                continue
            said = [question["message"] for question in record["questions"]]
            said += self.problems.get((unit.student, unit.notebook), [])
            said += [record["refused"]] if "refused" in record else []
            said += [
                f"{verdict['grade_id']}: tampered with"
                for verdict in record["result"]["verdicts"]
                if verdict["status"] == "tampered"
            ]
            self.summary.look += [f"{unit.student}: {shown(one, 300)}" for one in said]


def written_mark(unit, state, db_url):
    """The journal's mark of a unit that is written: it changes with all that decides what is written.

    Args:
        unit: `Unit`.
        state: as `Writer.write` returns it.
        db_url: of the gradebook.
    """
    return fingerprint(unit.key, str(unit.time), state, db_url)[:32]


def read_records(course, name):
    """What is known of the submissions: (student, notebook, record) of those that count, by student.

    A record has `result` (as `Result.to_json`), `changes` and `questions` (of repair), `answered` (grade
    ids), and `refused` where nothing could be run.

    Args:
        course: the course folder.
        name: of the assignment.
    """
    journal = Journal(journal_path(course, name), write=False)
    try:
        yield from journal.records()
    finally:
        journal.close()


def _chain(first, rest):
    yield first
    yield from rest
