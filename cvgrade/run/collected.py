"""What the tester told of a submission, and the result that it makes."""

import time
from dataclasses import replace

from cvgrade.run import wire
from cvgrade.run.outputs import clean
from cvgrade.run.plan import STATUSES, Result, Verdict
from cvgrade.run.server import StationError

MARGIN_SECONDS = 120
MOST_EVENT = 1 << 20


class Collected:
    """What the tester told so far."""

    def __init__(self, job):
        self.job = job
        self.verdicts, self.outputs, self.notes = {}, {}, []
        self.room = 2 * job.limits.output_bytes + 100_000
        self.peak, self.ready, self.done, self.why = 0.0, False, False, None

    def collect(self, judge, deadline):
        """Read events until the tester is done, gone or too late."""
        files, hidden = self.job.files, self.job.hidden_files
        text = {**replace(self.job, files={}, hidden_files={}).to_json()}
        document = {"job": text, "files": list(files), "hidden_files": list(hidden)}
        try:
            data = wire.pack(document, [*files.values(), *hidden.values()], 4 << 30)
            wire.send_bytes(judge, data, time.monotonic() + MARGIN_SECONDS)
            while not self.done:
                event, _ = wire.receive(judge, deadline, most=MOST_EVENT)
                try:
                    self._take(event)
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    raise wire.WireError(f"an event that is none: {type(error).__name__}") from None
        except wire.Timeout:
            self.why = "the tester took too long"
        except wire.WireError as error:
            self.why = self.why or f"the tester ended: {error}"
        if not self.ready:
            raise StationError(f"the submission of {self.job.student} was not run: {self.why}")

    def _take(self, event):
        kind = event.get("event")
        if kind == "ready":
            self.ready = True
        elif kind == "verdict":
            verdict = Verdict.from_json(event["verdict"])
            if verdict.status in STATUSES and 0 <= verdict.score <= verdict.points:
                self.verdicts.setdefault(verdict.grade_id, verdict)
        elif kind == "outputs":
            self.outputs[str(event["cell_id"])], self.room = clean(event["outputs"], self.room)
        elif kind == "failed":
            self.why, self.done = str(event["why"]), True
        elif kind == "done":
            self.peak, self.done = float(event["peak"]), True
            self.notes += [str(note)[:1000] for note in event["notes"]][:200]

    def result(self, seconds, versions):
        """The `Result`; a graded cell without a verdict gets none of its points."""
        verdicts = []
        for step in self.job.steps:
            if step.kind != "test" and not step.manual:
                continue
            name = step.grade_id or step.cell_id
            missing = Verdict(name, step.points, 0.0, "crashed", f"Not judged: {self.why}.")
            verdicts.append(replace(self.verdicts.get(name, missing), points=step.points))
        if self.why:
            self.notes.append(self.why)
        return Result(
            self.job.student,
            self.job.notebook,
            tuple(verdicts),
            self.outputs,
            tuple(self.notes),
            seconds,
            self.peak,
            versions,
        )
