"""Grade the mutants of an assignment's solutions: which of them do its tests notice?

The reference is handed in as a submission; each mutant is that submission with one cell replaced, and is
judged behind the same wall. To save time a mutant runs only what its questions need: the tests that use, by
name, what its cell defines, and the answers that these tests use. For each cell the reference goes through
the same cut first; where it does not pass, the cell's mutants run the whole notebook. A test that is left out
can only have caught more: the share is a lower bound.

`src/NAME/mutants.toml` says why a mutant is not caught:

    [equivalent]            # means the same as the reference to whoever calls it: not counted
    e85872c9 = "np.maximum takes its arguments in either order"
    [survives]              # a mistake that the tests let pass on purpose: counted against them
    6d19032d = "1/256 is within what another interpolation changes"
"""

import random
from dataclasses import dataclass, field, replace
from pathlib import Path

from cvgrade import samples
from cvgrade.answers import REFERENCE, read_answers
from cvgrade.build import AssignmentError, read_source
from cvgrade.course import GradingError
from cvgrade.mutants import make_mutants
from cvgrade.run.cluster import Cluster
from cvgrade.run.coursework import Course
from cvgrade.run.names import names_of, parse
from cvgrade.run.progress import Progress

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

LIST = "mutants.toml"
KINDS = ("equivalent", "survives")
LEAST = 0.95  # the share of mutants that must be caught
SEED = 0
SHORTEST_SECONDS = 20  # of a mutant's cell, which may be an endless loop


@dataclass(frozen=True)
class Survey:
    """What became of the mutants of an assignment.

    Attributes:
        total: how many there are.
        judged: list of `Mutant` that were graded.
        caught: dict from a mutant's id to the grade id of the first test that it fails.
        listed: dict from "equivalent" and "survives" to a dict from id to reason.
        untested: dict from a solution cell that no test uses to the number of its mutants.
        faults: list of sentences about `mutants.toml`.
    """

    total: int
    judged: list
    caught: dict
    listed: dict = field(default_factory=lambda: {kind: {} for kind in KINDS})
    untested: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)

    @property
    def counted(self):
        """The mutants that can be caught."""
        return [one for one in self.judged if one.id not in self.listed["equivalent"]]

    @property
    def survivors(self):
        """Those that no test noticed."""
        return [one for one in self.counted if one.id not in self.caught]

    @property
    def share(self):
        """Caught, of those that can be."""
        return 1 - len(self.survivors) / max(1, len(self.counted))

    @property
    def good(self):
        """Whether enough were caught, every survivor is explained and the list of them is right."""
        explained = all(one.id in self.listed["survives"] for one in self.survivors)
        return self.share >= LEAST and explained and not self.faults


def survey(course, name, root, workers=None, sandbox="bubblewrap", most=None, cells=None, report=print):
    """Grade the mutants of an assignment.

    Args:
        course: the nbgrader course folder.
        name: of the assignment.
        root: a course folder that `samples.prepare` made.
        workers: mutants at a time; by default one for each core.
        sandbox: "bubblewrap" or "none".
        most: grade only so many, drawn with a fixed seed; by default all.
        cells: grade ids of the solution cells to change; by default all.
        report: called with lines of text.

    Returns:
        A `Survey`.

    Raises:
        GradingError: if the reference does not pass, or a mutant could not be run.
        AssignmentError: if `mutants.toml` is not as it must be.
    """
    mutants = make_mutants(read_source(course, name))
    listed, faults = read_list(course, name, mutants)
    handed_in = Course(root, name, sandbox)
    whole = _reference(course, name, root, handed_in)
    cuts = {cell: cut(whole, cell) for cell in {one.cell for one in mutants}}
    untested = {
        cell: sum(one.cell == cell for one in mutants)
        for cell, job in sorted(cuts.items())
        if not any(step.kind == "test" for step in job.steps)
    }
    chosen = [one for one in mutants if one.cell not in untested and (not cells or one.cell in cells)]
    if most is not None and most < len(chosen):
        kept = set(random.Random(SEED).sample(range(len(chosen)), most))
        chosen = [one for place, one in enumerate(chosen) if place in kept]
        report(f"A sample of {len(chosen)} mutants, drawn with seed {SEED}")
    with Cluster(handed_in.setup, workers, report=report) as cluster:
        jobs = _sound_cuts(
            cluster, whole, {cell: cuts[cell] for cell in {one.cell for one in chosen}}, report
        )
        progress, caught = Progress(len(chosen)), {}
        parts = ((one.id, with_answer(jobs[one.cell], one.cell, one.source)) for one in chosen)
        for outcomes in cluster.run(parts, progress.show):
            for outcome in outcomes:
                failed = _failed(outcome)
                if failed:
                    caught[outcome.key] = failed[0]
            progress.add(len(outcomes))
    faults += [
        f"{LIST}: {one.id} ({one.cell}) stands under [{kind}], and {caught[one.id]} catches it: take it out"
        for kind in KINDS
        for one in chosen
        if one.id in caught and one.id in listed[kind]
    ]
    return Survey(len(mutants), chosen, caught, listed, untested, faults)


def survey_text(found):
    """What became of the mutants, as text: the share that was caught, and each survivor.

    Args:
        found: a `Survey`.
    """
    lines = []
    for one in found.survivors:
        lines.append(f"  {one.id}  {one.cell}, line {one.line}, {one.operator}: {one.diff}")
        why = found.listed["survives"].get(one.id)
        lines.append(f"            {why or f'NOT EXPLAINED: test for it, or say why not in {LIST}'}")
    if lines:
        lines.insert(0, "Survivors:")
    for cell, count in found.untested.items():
        lines.append(f"{count} mutants of {cell} are not graded: no test runs it, what it hands in is graded")
    lines += [f"FAULT: {fault}" for fault in found.faults]
    same = len(found.judged) - len(found.counted)
    caught = len(found.counted) - len(found.survivors)
    lines.append(
        f"{len(found.judged)} of {found.total} mutants graded, {same} of them equivalent ({LIST}): "
        f"{caught} of {len(found.counted)} caught, {found.share:.1%}"
    )
    return "\n".join(lines)


def read_list(course, name, mutants):
    """What `mutants.toml` says of mutants that are not caught.

    Args:
        course: the nbgrader course folder.
        name: of the assignment.
        mutants: all `Mutant`s of it.

    Returns:
        Dict from "equivalent" and "survives" to a dict from id to reason, and a list of sentences about what
        is wrong with it.

    Raises:
        AssignmentError: if the file cannot be read.
    """
    path = Path(course) / "src" / name / LIST
    found, faults, known = {kind: {} for kind in KINDS}, [], {one.id for one in mutants}
    if not path.exists():
        return found, faults
    try:
        listed = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise AssignmentError(f"{path}: {error}") from None
    for kind, reasons in listed.items():
        if kind not in KINDS or not isinstance(reasons, dict):
            raise AssignmentError(f"{path}: known are the tables [equivalent] and [survives], got {kind!r}")
        for key, reason in reasons.items():
            if not isinstance(reason, str) or not reason.strip():
                raise AssignmentError(f"{path}: {key} needs a reason, a sentence")
            if key in known:
                found[kind][key] = reason
            else:
                faults.append(f"{LIST}: there is no mutant {key} (any more): take it out")
    return found, faults


def cut(job, cell):
    """What must run to judge one answer: the tests that use it, and the answers that these use.

    Args:
        job: of the whole notebook.
        cell: grade id of the answer.

    Returns:
        A `Job`; without test cells where none uses the answer.
    """
    bound = {step.cell_id: _bound(step) for step in job.steps if step.kind == "student"}
    users = {step.cell_id: _loaded(step) for step in job.steps}
    touched, before = {cell}, None
    while touched != before:  # answers and tests that the answer reaches
        before = set(touched)
        names = set().union(*(bound[one] for one in touched if one in bound))
        touched |= {one for one, loads in users.items() if loads & names}
    tests = {step.cell_id for step in job.steps if step.kind == "test" and step.cell_id in touched}
    needed, before = {cell, *tests}, None
    while needed != before:  # answers that those tests reach
        before = set(needed)
        loads = set().union(*(users[one] for one in needed))
        needed |= {one for one, names in bound.items() if names & loads}
    keep = [
        step
        for step in job.steps
        if step.cell_id in needed or step.kind == "locked" or (step.kind == "student" and not step.grade_id)
    ]
    return replace(job, steps=tuple(keep))


def with_answer(job, cell, source):
    """A job with one answer replaced.

    Args:
        job: a `Job`.
        cell: grade id of the answer.
        source: what takes its place.
    """
    steps = tuple(replace(step, source=source) if step.grade_id == cell else step for step in job.steps)
    return replace(job, steps=steps)


def _reference(course, name, root, handed_in):
    """The job of the reference, handed in as a submission."""
    answer = next(one for one in read_answers(course, name) if one.name == REFERENCE)
    samples.hand_in(course, name, root, {REFERENCE: answer})
    from cvgrade.run.command import Summary

    summary = Summary()
    units = handed_in.units([REFERENCE], summary)
    job = handed_in.job(units[0])[0] if units and not summary.failed else None
    if job is None:
        raise GradingError(f"the reference solution of {name} cannot be run: {'; '.join(summary.failed)}")
    return job


def _sound_cuts(cluster, whole, cuts, report):
    """The cuts, the whole notebook where the reference does not pass its cut, and a fitting limit of time."""
    jobs = {**cuts, "": whole}
    passes, slowest = {}, 0.0
    for outcomes in cluster.run(jobs.items()):
        for outcome in outcomes:
            passes[outcome.key] = not _failed(outcome)
            slowest = max([slowest, *(verdict.seconds for verdict in outcome.result.verdicts)])
    if not passes[""]:
        raise GradingError("the reference solution does not pass the tests: see `cvgrade report-card`")
    whole_cells = sorted(cell for cell in cuts if not passes[cell])
    if whole_cells:
        report(f"mutants of {', '.join(whole_cells)} run the whole notebook")
    limit = min(whole.limits.cell_seconds, max(SHORTEST_SECONDS, 10 * slowest))
    limits = replace(whole.limits, cell_seconds=limit, total_seconds=3 * limit)
    return {cell: replace(job if passes[cell] else whole, limits=limits) for cell, job in cuts.items()}


def _failed(outcome):
    """Grade ids of the tests that a mutant failed."""
    if outcome.result is None:
        raise GradingError(f"{outcome.key} could not be run: {outcome.reason}")
    return [verdict.grade_id for verdict in outcome.result.verdicts if verdict.score < verdict.points]


def _bound(step):
    """Names that an answer binds; also those that the instructor's text of it binds."""
    return names_of(parse(step.source)).bound | names_of(parse(step.reference)).bound


def _loaded(step):
    names = names_of(parse(step.source))
    return names.loaded | names.later
