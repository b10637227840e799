"""The whole way for a small class of sample answers: release, collect, run, feedback, export."""

import csv
import shutil
import zipfile
from pathlib import Path

from cvgrade import course as stock
from cvgrade import samples
from cvgrade.answers import EMPTY, REFERENCE, read_answers
from cvgrade.course import GradingError

CLASS = {
    "amara": "Okafor, Amara",
    "bjorn": "Lindqvist, Björn",
    "chen": "Chén, Wěi",
    "dalia": "Haddad, Dalia",
    "emeka": "Obi, Emeka",
    "farid": "Rahimi, Farid",
    "grace": "O'Hara, Grace",
    "hana": "Sato, Hana",
}


def demo(course, name, out, workers=None, sandbox="bubblewrap", report=print):
    """Take a small class through an assignment; where there is no sandbox, with stock nbgrader.

    Args:
        course: the nbgrader course folder.
        name: of the assignment.
        out: folder to work in, emptied first.
        workers: submissions at a time; by default one for each core.
        sandbox: "bubblewrap" or "none".
        report: called with lines of text.

    Returns:
        Dict from student to `(Answer, Result)`.
    """
    handed_in = _small_class(read_answers(course, name))
    root = samples.prepare(course, name, out)
    report(f"Released   {root / 'release' / name}: no solution and no hidden test in it")
    download = root / "download" / "submissions.zip"
    _as_canvas_gives_it(course, name, root, handed_in, download)
    report(f"Collected  {_collect(root, name, download)} submissions from {download}, named as Canvas does")
    grader = _grader(sandbox, report)
    results = samples.grade(root, name, list(handed_in), grader, workers, sandbox, report=report)
    marks = {result.student: (handed_in[result.student], result) for result in results}
    pages, overview = _pages(root, name, list(handed_in), grader)
    write_marks(root / f"{name}_marks.csv", marks)
    canvas = _export(root, name)
    report("\n" + marks_text(marks))
    report(f"\nMarks      {root / f'{name}_marks.csv'}")
    report(f"           {canvas}, as Canvas imports them")
    report(f"Feedback   {pages[0]}, and so on")
    if overview:
        report(f"Report     {overview}")
    report(f"Gradebook  {root / 'gradebook.db'} (open it: cd {root} && nbgrader formgrader)")
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


def _small_class(answers):
    """A few of each kind: two right answers, wrong ones spread over the list, one empty."""
    right = [answer for answer in answers if answer.kind == "right" and answer.name != REFERENCE][:2]
    wrong = [answer for answer in answers if answer.kind == "wrong"]
    empty = [answer for answer in answers if answer.name == EMPTY]
    places = len(CLASS) - len(right) - len(empty)
    step = max(1, len(wrong) // places) if wrong else 1
    chosen = [*right, *wrong[::step][:places], *empty]
    return dict(zip(CLASS, chosen))


def _as_canvas_gives_it(course, name, root, handed_in, download):
    """The class list, and the class's submissions in one ZIP file with the names that Canvas gives them."""
    number = {student: 1001 + place for place, student in enumerate(handed_in)}
    with (root / "roster.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["student_id", "name", "canvas_id"])
        rows.writerows([student, CLASS[student], number[student]] for student in handed_in)
    folder = download.parent / "handed_in"
    samples.hand_in(course, name, root, handed_in, folder.relative_to(root))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(download, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, path in enumerate(files):
            student = path.relative_to(folder).parts[0]
            called = "".join(letter for letter in CLASS[student].lower() if letter.isalnum())
            archive.write(path, f"{called}_{number[student]}_{70001 + place}_{path.name}")
    shutil.rmtree(folder)


def _collect(root, name, download):
    from cvgrade.intake.collect import collect

    found = collect(name, download, root, lms="canvas")
    if found.exit_code:
        raise GradingError(f"the class's own download was not collected: {found.text()}")
    return len(found.students)


def _grader(sandbox, report):
    """Who grades: cvgrade where it has its sandbox."""
    from cvgrade.run import sandbox as walls

    if sandbox != "none":
        try:
            walls.check()
        except walls.SandboxError as error:
            report(
                f"No sandbox: {error}.\nUntil then nbgrader grades this class without one: these submissions "
                "are the course's own sample answers and do no harm; grade no student's that way."
            )
            return "nbgrader"
    return "cvgrade"


def _pages(root, name, students, grader):
    """A page of feedback for each student, and one for the instructor, or None with nbgrader."""
    if grader == "nbgrader":
        return stock.write_feedback(root, name, students), None
    from cvgrade.pages.feedback_command import write_feedback
    from cvgrade.pages.page import write
    from cvgrade.pages.records import Graded
    from cvgrade.pages.report import page

    pages, left_out = write_feedback(root, name, students)
    if left_out:
        raise GradingError(f"feedback was not written: {'; '.join(left_out)}")
    report = root / "report" / f"{name}.html"
    write(report, page(Graded(root, name)))
    return pages, report


def _export(root, name):
    from cvgrade.export import export, read_marks
    from cvgrade.intake.roster import read_roster

    url = f"sqlite:///{(root / 'gradebook.db').resolve()}"
    marks = read_marks(url, name, read_roster(root / "roster.csv"))
    return export(name, marks, "canvas", root / f"{name}-canvas.csv").path


def add_arguments(parser):
    """Add the arguments of `cvgrade demo` to a parser.

    Args:
        parser: an `argparse.ArgumentParser`; `--course` is there already.
    """
    parser.add_argument("name", help="the assignment")
    parser.add_argument(
        "--out", type=Path, default=Path("out/course"), help="folder to work in, emptied first (%(default)s)"
    )
    parser.add_argument("--workers", type=int, help="submissions at a time (default: one for each core)")
    parser.add_argument(
        "--sandbox",
        choices=("bubblewrap", "none"),
        default="bubblewrap",
        help="what keeps submissions in (%(default)s)",
    )


def run(options):
    """Build the assignment and show the whole way; returns the exit code."""
    from cvgrade import build

    build.build(options.course, options.name)
    demo(options.course, options.name, options.out, options.workers, options.sandbox, report=_say)
    return 0


def _say(line):
    print(line, flush=True)
