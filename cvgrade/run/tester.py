"""The tester: it takes a submission through its cells and gives the verdicts.

It runs the instructor's test cells in its own sandbox, with its own libraries. A name that the student's
cells define is resolved at use, over the wire, to a value or a stand-in. A question passes only if its test
cell came to its end here and nothing went wrong on the way.
"""

import ast
import contextlib
import os
import signal
import socket
import sys
import time
import traceback

from cvgrade.run import ownership, wire
from cvgrade.run.faults import StudentError, TimedOut
from cvgrade.run.link import Link
from cvgrade.run.outputs import clean
from cvgrade.run.plan import HIDDEN, IN_PLACE, Job, Verdict
from cvgrade.run.scoring import score_of
from cvgrade.run.student import seed
from cvgrade.run.workfiles import Brought

FROM_JUDGE = 4 << 30
MOST_SYNC = 64 << 20
MOST_MESSAGE = 4000
FILE = "<test {}>"


class TestTooLong(BaseException):
    """The test itself, not the student's code, took too long."""


class Tester:
    """Takes one job through its steps.

    Args:
        job: a `Job`.
        link: to the student's process.
        report: called with each event, a dict.
    """

    def __init__(self, job, link, report):
        self.job, self.link, self.report = job, link, report
        self.plan = ownership.divide(job)
        link.defined = self.plan.defined
        self.names = ownership.Namespace(link)
        self.notes = []
        self.room = job.limits.output_bytes
        self.brought = Brought(job)
        self.end = time.monotonic() + job.limits.total_seconds
        self.over = None  # the cell in which the student's process ended

    def run(self):
        """All steps, in order."""
        self._run_trusted(ast.parse(self.job.imports).body, "the imports", self.job.limits.cell_seconds)
        for step, part in zip(self.job.steps, self.plan.parts):
            self._check_time()
            if step.kind != "test":
                self._run_student(step)
            self.names.give_up(part.taken)
            if part.trusted:
                self._run_trusted(part.trusted, step.cell_id, self.job.limits.cell_seconds, part)
            if step.manual:
                self._verdict(step, "manual", 0.0, "A human marks this question.")
            elif step.kind == "test":
                self._run_test(step)
        if self.link.models:
            names = ", ".join(sorted(self.link.models)[:10])
            self.notes.append(
                f"known only by what the student's process says of it, as it is no standard model: {names}"
            )
        self.report({"event": "done", "peak": self.link.peak_memory(), "notes": self.notes})

    def _seconds(self):
        return max(0.1, min(self.job.limits.cell_seconds, self.end - time.monotonic()))

    def _check_time(self):
        if self.link.alive and time.monotonic() > self.end:
            self.link.end(f"the whole notebook took longer than {self.job.limits.total_seconds:g} s")
            self.over = self.over or "time"

    def _run_student(self, step):
        """A cell in the student's process; an error in it stops nothing."""
        if not self.link.alive or not step.source.strip():
            return
        self.link.begin_cell(self._seconds())
        self.link.touched += 1
        found, why = [], None
        try:
            reply = self.link.ask("run", source=step.source)
            found = reply.get("outputs")
        except TimedOut as error:
            why = ("TimeoutError", f"this cell was {error}")
        except StudentError:
            why = ("Ended", f"this cell ended the notebook: {self.link.why or 'no sensible answer'}")
        if self.link.fault == "timeout" and why is None:
            why = ("TimeoutError", f"this cell was stopped after {self.link.seconds:g} s")
        kept, self.room = clean(found, self.room)
        if why:
            kept.append(
                {
                    "output_type": "error",
                    "ename": why[0],
                    "evalue": why[1],
                    "traceback": [f"{why[0]}: {why[1]}"],
                }
            )
            self.notes.append(f"{step.cell_id}: {why[1]}")
        if not self.link.alive:
            self.over = self.over or step.cell_id
        if kept:
            self.report({"event": "outputs", "cell_id": step.cell_id, "outputs": kept})

    def _run_trusted(self, statements, where, seconds, part=None):
        """Statements of the instructor's; one that fails here leaves its names to the student."""
        for statement in statements:
            module = ast.Module([statement], [])
            try:
                with _time_limit(seconds):
                    exec(compile(module, f"<{where}>", "exec"), self.names)
            except BaseException as error:
                if isinstance(error, StudentError) and not self.link.alive:
                    return
                text = ast.unparse(statement).partition("\n")[0][:80]
                self.notes.append(
                    f"{where}: `{text}` failed in the tester: {type(error).__name__}: {error}"[:500]
                )
                if part is not None:
                    self.names.give_up(ownership.bound_by(statement))

    def _run_test(self, step):
        if not self.link.alive:
            why = "longer" if self.over == "time" else f"in the cell {self.over}" if self.over else "before"
            status, text = ("timeout", f"Not run: {self.link.why}.")
            if why != "longer":
                status, text = "not_run", f"Not run: your code's process had ended ({self.link.why})."
            self._verdict(step, status, 0.0, text)
            return
        self.link.begin_cell(self._seconds())
        start, value, error = time.monotonic(), None, None
        limit = 3 * self.link.seconds + 30
        self.link.in_place = IN_PLACE in step.source
        try:
            self.brought.bring(self.link.ask("files", most=MOST_SYNC))
            with _time_limit(limit):
                value = _execute(step.source, FILE.format(step.grade_id), self.names)
        except BaseException as caught:
            error = caught
        seconds = time.monotonic() - start
        self._verdict(step, *self._judge(step, value, error), seconds=seconds)
        if not self.link.alive:
            self.over = self.over or step.cell_id

    def _judge(self, step, value, error):
        """(status, score, message, hint) of a test cell."""
        fault = self.link.fault
        if fault == "timeout":
            return "timeout", 0.0, f"Your code was stopped: it took longer than {self.link.seconds:g} s.", ""
        if fault == "crashed":
            return "crashed", 0.0, f"Your code's process ended during this test: {self.link.why}.", ""
        if fault == "tampered":
            text = "Your code's process sent an answer that is none. Nobody can say what your code computed."
            self.notes.append(f"{step.grade_id}: {error}"[:500])
            return "tampered", 0.0, text, ""
        if isinstance(error, TestTooLong):
            self.notes.append(f"{step.grade_id}: the test itself took too long")
            return "timeout", 0.0, "The test took too long on what your code returned.", ""
        if error is not None:
            return self._explain(step, error)
        return score_of(value, step.points)

    def _explain(self, step, error):
        kind, theirs = type(error).__name__, getattr(error, "__student_class__", None) is not None
        hint = ""
        if not theirs and (kind == "CheckFailed" or hasattr(error, "for_student")):
            told = getattr(error, "for_student", None)
            text = told if isinstance(told, str) else str(error)
            likely = getattr(error, "likely", None)
            hint = likely if isinstance(likely, str) else ""
            return "failed", 0.0, text[:MOST_MESSAGE], hint[:MOST_MESSAGE]
        status = "failed" if isinstance(error, AssertionError) and not theirs else "error"
        if _is_hidden(step, error):
            return status, 0.0, f"A hidden test of this question failed ({kind}).", hint
        if isinstance(error, wire.CannotCross):
            self.notes.append(f"{step.grade_id}: {error}"[:500])
        try:
            text = str(error)
        except Exception:
            text = ""
        return status, 0.0, f"{kind}: {text}"[:MOST_MESSAGE] if text else kind, hint

    def _verdict(self, step, status, score, message="", hint="", seconds=0.0):
        verdict = Verdict(step.grade_id or step.cell_id, step.points, score, status, message, hint, seconds)
        self.report({"event": "verdict", "verdict": verdict.to_json()})


def _execute(source, name, names):
    """Run a test cell; the value of its last statement where that is an expression."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        tree = ast.parse(TransformerManager().transform_cell(source))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), name, "eval"), names)


def _is_hidden(step, error):
    """Whether the error went through a line of the hidden tests."""
    hidden, inside = set(), False
    for number, line in enumerate(step.source.split("\n"), 1):
        inside = (inside or HIDDEN[0] in line) and HIDDEN[1] not in line
        if inside:
            hidden.add(number)
    seen, chain = set(), error
    while chain is not None and id(chain) not in seen:
        seen.add(id(chain))
        for frame in traceback.extract_tb(chain.__traceback__):
            if frame.filename != FILE.format(step.grade_id) and frame.filename.startswith("<test "):
                return True  # a helper of another test cell
            if frame.filename == FILE.format(step.grade_id) and frame.lineno in hidden:
                return True
        chain = chain.__cause__ or chain.__context__
    return False


@contextlib.contextmanager
def _time_limit(seconds):
    def stop(number, frame):
        raise TestTooLong(f"the test took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _refuse_pickles(event, args):
    """A pickle can run anything: none that names a class is read here, wherever it is offered.

    Nor is marshalled code, other than by Python's own import.
    """
    if event == "pickle.find_class" or (event in ("marshal.load", "marshal.loads") and not _is_import()):
        raise RuntimeError("pickles are not read while grading: hand in a .npy, .csv or .keras file")


def _is_import():
    return sys._getframe(2).f_code.co_filename.startswith(("<frozen importlib", "<frozen zipimport"))


def main(judge, student, control, request):
    """In a fresh worker: take the job that comes on the judge's socket through its steps.

    Args:
        judge: descriptor of the socket to the judge.
        student: of the wire to the student's process.
        control: of the socket to the warden of the student's box.
        request: of the fork server.
    """
    judge = socket.socket(fileno=judge)
    link = Link(socket.socket(fileno=student), socket.socket(fileno=control))
    document, buffers = wire.receive(judge, most=FROM_JUDGE)
    files = iter(buffers)
    job = Job.from_json({**document["job"], "files": {}, "hidden_files": {}})
    job.files.update((name, next(files)) for name in document["files"])
    job.hidden_files.update((name, next(files)) for name in document["hidden_files"])
    sys.addaudithook(_refuse_pickles)

    def report(event):
        wire.send(judge, event)

    link.begin_cell(60 + job.limits.cell_seconds)
    try:
        link.ask("begin", files=job.files, seed=job.seed, output_bytes=job.limits.output_bytes)
    except StudentError as error:
        report({"event": "failed", "why": f"the student's box did not start: {error}"})
        os._exit(1)
    report({"event": "ready"})
    try:
        tester = Tester(job, link, report)
        tester.brought.begin(job)
        seed(job.seed + 1)
        tester.run()
    except wire.WireError:
        pass
    except BaseException as error:
        report({"event": "failed", "why": f"the tester failed: {type(error).__name__}: {error}"[:1000]})
    os._exit(0)
