"""The report card of an assignment: do its tests accept every right answer and reject every wrong one?

Each sample answer is graded as a submission is. A wrong answer must lose exactly the questions that it says
it loses, and its student must be shown the words that name the mistake.
"""

from dataclasses import dataclass

from cvgrade import samples
from cvgrade.answers import REASONS, read_answers

EPILOG = """\
A false reject is a right answer that loses marks; a false accept a wrong one that keeps them. A wrong answer
must lose exactly the questions that its file names, and its student must be told the words that stand there.

exit codes: 0 all is as it must be; 1 a false reject or accept, a hint that is not shown, marks that differ
from nbgrader's for no documented reason, or mutants that survive without one; 2 wrong use
"""


@dataclass(frozen=True)
class Verdict:
    """How the tests judged one sample answer.

    Attributes:
        answer: the `Answer`.
        result: the `Result` it got.
        false_rejects: grade ids that should have passed and did not.
        false_accepts: grade ids that should have failed and passed.
        silent: grade ids that failed without the words that the student must be shown.
    """

    answer: object
    result: object
    false_rejects: tuple
    false_accepts: tuple
    silent: tuple

    @property
    def expected(self):
        """The exact mark that the answer must get."""
        return sum(most for name, most in self.result.points.items() if name not in self.answer.loses)

    @property
    def good(self):
        """Whether the answer got exactly its marks, and its student the right words."""
        return not (self.false_rejects or self.false_accepts or self.silent)


def judge(answer, result, skip=()):
    """Compare what a sample answer got with what it must get.

    Args:
        answer: an `Answer`.
        result: its `Result`.
        skip: grade ids that are not looked at.

    Returns:
        A `Verdict`.
    """
    rejects, accepts, silent = [], [], []
    for name, most in result.points.items():
        if name in skip:
            continue
        if name not in answer.loses:
            if result.scores[name] != most:
                rejects.append(name)
        elif result.scores[name] != 0:
            accepts.append(name)
        elif _plain(answer.loses[name]) not in _plain(result.said.get(name, "")):
            silent.append(name)
    return Verdict(answer, result, tuple(rejects), tuple(accepts), tuple(silent))


def grade_answers(course, name, out, only=None, graders=("cvgrade",), report=print, **options):
    """Grade the sample answers of an assignment, with one grader or with several.

    Args:
        course: the nbgrader course folder.
        name: of the assignment.
        out: folder to work in, emptied first.
        only: names of the answers to grade; by default all.
        graders: some of `samples.GRADERS`.
        report: called with lines of text.
        options: `workers` and `sandbox`, as `samples.grade` takes them.

    Returns:
        The list of `Answer`, and a dict from grader to the list of `Result`.
    """
    answers = [answer for answer in read_answers(course, name) if not only or answer.name in only]
    root = samples.prepare(course, name, out)
    samples.hand_in(course, name, root, {answer.name: answer for answer in answers})
    results = {}
    for grader in graders:
        report(f"Grading {len(answers)} sample answers of {name} with {grader}")
        results[grader] = samples.grade(
            root, name, [answer.name for answer in answers], grader, report=report, **options
        )
    return answers, results


def report_card(course, name, out, only=None, grader="cvgrade", report=print, **options):
    """Grade every sample answer of an assignment and judge its tests by them.

    Args:
        course: the nbgrader course folder.
        name: of the assignment.
        out: folder to work in, emptied first.
        only: names of the answers to grade; by default all.
        grader: "cvgrade" or "nbgrader".
        report: called with lines of text.
        options: as `grade_answers` takes them.

    Returns:
        List of `Verdict`.
    """
    answers, results = grade_answers(course, name, out, only, (grader,), report, **options)
    return verdicts(answers, results[grader], grader)


def verdicts(answers, results, grader="cvgrade"):
    """A `Verdict` for each answer; with nbgrader, the exceptions that an answer names are not looked at."""
    return [
        judge(answer, result, answer.nbgrader if grader == "nbgrader" else ())
        for answer, result in zip(answers, results)
    ]


def card_text(verdicts):
    """A report card as a table, and the faults below it.

    Args:
        verdicts: list of `Verdict`.
    """
    width = max(len(verdict.answer.name) for verdict in verdicts)
    lines = [f"{'answer':<{width}}  kind   must get   got  questions lost  hints  verdict"]
    for verdict in verdicts:
        lost = sum(score == 0 for score in verdict.result.scores.values())
        told = len(verdict.answer.loses) - len(verdict.silent) - len(verdict.false_accepts)
        asked = verdict.answer.kind == "wrong"
        lines.append(
            f"{verdict.answer.name:<{width}}  {verdict.answer.kind:<5}  {verdict.expected:8g}  "
            f"{verdict.result.total:4g}  "
            + (f"{lost:>3} of {len(verdict.answer.loses):<3}" if asked else f"{lost:>3}{'':7}")
            + (f"{'':5}{told:>2} of {len(verdict.answer.loses)}" if asked else f"{'':12}")
            + f"  {'ok' if verdict.good else 'FAULT'}"
        )
    for verdict in verdicts:
        for what, names in (
            ("false reject", verdict.false_rejects),
            ("false accept", verdict.false_accepts),
            ("hint not shown", verdict.silent),
        ):
            for grade_id in names:
                said = verdict.result.said.get(grade_id, "")
                lines.append(f"\n{what}: {verdict.answer.name}, {grade_id}")
                if what == "hint not shown":
                    lines.append(f"  must say: {verdict.answer.loses[grade_id]}")
                lines += [f"  | {line}" for line in said.splitlines()[:12]]
    return "\n".join([*lines, "", _sum(verdicts)])


def compare_text(answers, results):
    """Where cvgrade and nbgrader give one answer different marks.

    Args:
        answers: list of `Answer`.
        results: dict from "cvgrade" and "nbgrader" to the list of `Result`.

    Returns:
        The text, and the number of differences that no answer documents.
    """
    lines, open_ones, same = [], 0, 0
    for answer, ours, theirs in zip(answers, results["cvgrade"], results["nbgrader"]):
        for name in ours.points:
            reason = answer.nbgrader.get(name)
            if ours.scores[name] == theirs.scores.get(name):
                same += 1
                if reason:
                    open_ones += 1
                    lines.append(f"{answer.name}, {name}: said to differ ({reason}), and does not")
                continue
            open_ones += not reason
            lines.append(
                f"{answer.name}, {name}: cvgrade {ours.scores[name]:g}, nbgrader {theirs.scores.get(name)}: "
                + (REASONS[reason] if reason else "NOT DOCUMENTED")
            )
    lines.append(
        f"{same} marks of {len(answers)} answers are the same with cvgrade and nbgrader; "
        f"{len(lines) - open_ones} documented exceptions, {open_ones} others"
    )
    return "\n".join(lines), open_ones


def _sum(verdicts):
    rejects = sum(len(verdict.false_rejects) for verdict in verdicts)
    accepts = sum(len(verdict.false_accepts) for verdict in verdicts)
    silent = sum(len(verdict.silent) for verdict in verdicts)
    count = {kind: sum(verdict.answer.kind == kind for verdict in verdicts) for kind in ("right", "wrong")}
    return (
        f"{len(verdicts)} answers ({count['right']} right, {count['wrong']} wrong): {rejects} false rejects, "
        f"{accepts} false accepts, {silent} hints not shown"
    )


def _plain(text):
    return " ".join(text.split())


def add_arguments(parser):
    """Add the arguments of `cvgrade report-card` to a parser.

    Args:
        parser: an `argparse.ArgumentParser`; `--course` is there already.
    """
    from argparse import RawDescriptionHelpFormatter
    from pathlib import Path

    parser.epilog, parser.formatter_class = EPILOG, RawDescriptionHelpFormatter
    parser.add_argument("name", nargs="*", help="assignments (default: all)")
    parser.add_argument("--only", nargs="+", metavar="ANSWER", help="only these answers")
    parser.add_argument(
        "--grader",
        choices=samples.GRADERS,
        default="cvgrade",
        help="grade as `cvgrade run` does, or as `nbgrader autograde` does (%(default)s)",
    )
    parser.add_argument(
        "--compare", action="store_true", help="grade with both, and say where their marks differ"
    )
    parser.add_argument(
        "--mutants",
        action="store_true",
        help="change the reference solutions in small ways too, and list the changes that no test notices",
    )
    parser.add_argument(
        "--sample", type=_positive, metavar="N", help="only N mutants, drawn with a fixed seed (default: all)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/report-card"),
        help="folder to work in, emptied first (%(default)s)",
    )
    parser.add_argument(
        "--workers", type=_positive, metavar="N", help="submissions at a time (default: one for each core)"
    )
    parser.add_argument(
        "--sandbox",
        choices=("bubblewrap", "none"),
        default="bubblewrap",
        help="what keeps answers in (%(default)s); none will do where the answers are your own",
    )


def run(options):
    """Print the report card of each assignment; returns 1 on any fault, else 0."""
    from cvgrade import build
    from cvgrade.build import AssignmentError

    faults = 0
    rest = {"workers": options.workers, "sandbox": options.sandbox, "report": _say}
    for name in options.name or build.names(options.course):
        build.build(options.course, name)
        known = {answer.name for answer in read_answers(options.course, name)}
        if options.only and not known & set(options.only):
            raise AssignmentError(f"{name} has no answer {', '.join(options.only)}")
        graders = samples.GRADERS[::-1] if options.compare else (options.grader,)
        answers, results = grade_answers(
            options.course, name, options.out / name, options.only, graders, **rest
        )
        for grader in graders:
            judged = verdicts(answers, results[grader], grader)
            _say(f"\n{name}, graded by {grader}\n\n{card_text(judged)}\n")
            faults += not all(verdict.good for verdict in judged)
        if options.compare:
            text, differences = compare_text(answers, results)
            _say(text)
            faults += differences
        if options.mutants:
            faults += _mutants(options, name, rest)
    return 1 if faults else 0


def _mutants(options, name, rest):
    """Grade the mutants; returns 1 if too many survive, else 0."""
    from cvgrade import mutation

    _say(f"\nMutants of the reference solutions of {name}")
    root = options.out / name
    found = mutation.survey(options.course, name, root, most=options.sample, **rest)
    _say(mutation.survey_text(found))
    return int(not found.good)


def _positive(text):
    import argparse

    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text!r}")
    return int(text)


def _say(line):
    print(line, flush=True)
