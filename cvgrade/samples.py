"""Grade an assignment's sample answers: as a report card for its tests, or as a small class for a demo."""

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

from cvgrade.answers import EMPTY, REFERENCE, read_answers, write_submission
from cvgrade.course import GradingError, feedback_page, grade, release, source_path

NAMES = ("amara", "bjorn", "chen", "dalia", "emeka", "farid", "grace", "hana", "ivan", "jun", "kofi", "lena")
CLASS_SIZE = 8


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


def judge(answer, result):
    """Compare what a sample answer got with what it must get.

    Args:
        answer: an `Answer`.
        result: its `Result`.

    Returns:
        A `Verdict`.
    """
    rejects, accepts, silent = [], [], []
    for name, most in result.points.items():
        if name not in answer.loses:
            if result.scores[name] != most:
                rejects.append(name)
        elif result.scores[name] != 0:
            accepts.append(name)
        elif _plain(answer.loses[name]) not in _plain(result.said.get(name, "")):
            silent.append(name)
    return Verdict(answer, result, tuple(rejects), tuple(accepts), tuple(silent))


def report_card(course, name, out, workers=None, report=print, only=None):
    """Grade every sample answer of an assignment and judge its tests by them.

    Args:
        course: the nbgrader course folder.
        name: of the assignment.
        out: folder to work in, emptied first.
        workers: submissions at a time; by default one for each core.
        report: called with lines of text.
        only: names of the answers to grade; by default all.

    Returns:
        List of `Verdict`.
    """
    answers = [answer for answer in read_answers(course, name) if not only or answer.name in only]
    root = _hand_in(course, name, out, {answer.name: answer for answer in answers})
    report(f"Grading {len(answers)} sample answers of {name}")
    results = grade(root, name, [answer.name for answer in answers], workers, feedback=False, report=report)
    return [judge(answer, result) for answer, result in zip(answers, results)]


def card_text(verdicts):
    """A report card as a table, and the faults below it.

    Args:
        verdicts: list of `Verdict`.
    """
    width = max(len(verdict.answer.name) for verdict in verdicts)
    lines = [f"{'answer':<{width}}  kind   must get   got  verdict"]
    for verdict in verdicts:
        lines.append(
            f"{verdict.answer.name:<{width}}  {verdict.answer.kind:<5}  {verdict.expected:8g}  "
            f"{verdict.result.total:4g}  {'ok' if verdict.good else 'FAULT'}"
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
    rejects = sum(len(verdict.false_rejects) for verdict in verdicts)
    accepts = sum(len(verdict.false_accepts) for verdict in verdicts)
    silent = sum(len(verdict.silent) for verdict in verdicts)
    lines.append(
        f"\n{len(verdicts)} answers: {rejects} false rejects, {accepts} false accepts, "
        f"{silent} hints not shown"
    )
    return "\n".join(lines)


def demo(course, name, out, workers=None, report=print):
    """Release an assignment, grade a small class of sample answers, write feedback and a table of marks.

    Args:
        course: the nbgrader course folder.
        name: of the assignment.
        out: folder to work in, emptied first.
        workers: submissions at a time; by default one for each core.
        report: called with lines of text.

    Returns:
        Dict from student to `(Answer, Result)`.
    """
    handed_in = _small_class(read_answers(course, name))
    root = _hand_in(course, name, out, handed_in)
    report(f"Released {name}: no solution and no hidden test in it ({root / 'release' / name})")
    report(f"Grading {len(handed_in)} submissions")
    results = grade(root, name, list(handed_in), workers, report=report)
    marks = {result.student: (handed_in[result.student], result) for result in results}
    write_marks(root / f"{name}_marks.csv", marks)
    report("\n" + marks_text(marks))
    first = next(iter(marks))
    report(f"\nMarks     {root / f'{name}_marks.csv'}")
    report(f"Feedback  {feedback_page(root, name, first)}, and so on")
    report(f"Gradebook {root / 'gradebook.db'} (open it: cd {root} && nbgrader formgrader)")
    return marks


def marks_text(marks):
    """The marks of a class as a table, a bar for each student.

    Args:
        marks: dict from student to `(Answer, Result)`.
    """
    lines = [f"{'student':<10}{'mark':>9}  {'':<20}  hands in"]
    for student, (answer, result) in marks.items():
        share = result.total / result.most
        bar = "█" * round(20 * share)
        lines.append(f"{student:<10}{result.total:4g} of {result.most:g}  {bar:<20}  {answer.title}")
    return "\n".join(lines)


def write_marks(path, marks):
    """Write the marks of a class to a CSV, one column for each test cell.

    Args:
        path: of the CSV.
        marks: dict from student to `(Answer, Result)`.
    """
    columns = sorted({name for _, result in marks.values() for name in result.points})
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["student", *columns, "total", "of"])
        for student, (_, result) in marks.items():
            scores = [f"{result.scores.get(name, 0):g}" for name in columns]
            writer.writerow([student, *scores, f"{result.total:g}", f"{result.most:g}"])


def _hand_in(course, name, out, handed_in):
    """A fresh course folder with the release and what each student hands in."""
    root = Path(out)
    if (root / "gradebook.db").exists() or not root.exists() or not any(root.iterdir()):
        shutil.rmtree(root, ignore_errors=True)
    else:
        raise GradingError(f"{root} holds something else than an earlier run: name another folder with --out")
    release(course, name, root)
    released = root / "release" / name / f"{name}.ipynb"
    for student, answer in handed_in.items():
        folder = root / "submitted" / student / name
        write_submission(answer, released, source_path(course, name), folder)
    return root


def _small_class(answers):
    """A few of each kind: two right answers, wrong ones spread over the list, one empty."""
    right = [answer for answer in answers if answer.kind == "right" and answer.name != REFERENCE][:2]
    wrong = [answer for answer in answers if answer.kind == "wrong"]
    empty = [answer for answer in answers if answer.name == EMPTY]
    places = CLASS_SIZE - len(right) - len(empty)
    step = max(1, len(wrong) // places) if wrong else 1
    chosen = [*right, *wrong[::step][:places], *empty]
    return dict(zip(NAMES, chosen))


def _plain(text):
    return " ".join(text.split())
