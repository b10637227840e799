"""The command `cvgrade feedback`: a page for each student, where nbgrader looks for it."""

import argparse
import sys

from cvgrade.intake.names import shown
from cvgrade.run.coursework import RunError
from cvgrade.run.progress import Progress

OK, FAILED, LOOK = 0, 1, 3
MOST_LISTED = 20
EPILOG = """\
Each page is one HTML file that loads nothing and runs nothing: mail it, or put it on the LMS. Run this again
after manual marking: the pages then show the marks and comments of the gradebook. `nbgrader release_feedback`
hands them out where students work on the same server.

exit codes: 0 all were written; 3 some were left out, and it says why; 1 none was written
"""


def add_arguments(parser):
    """Add the arguments of `cvgrade feedback` to a parser.

    Args:
        parser: an `argparse.ArgumentParser`; `--course` is there already.
    """
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", help="the assignment")
    parser.add_argument("--students", nargs="+", metavar="ID", help="only these (default: all)")
    parser.add_argument("--db", help="the gradebook's URL (default: as nbgrader_config.py says)")


def run(options):
    """Write the pages, say where they are, and return the exit code."""
    try:
        from cvgrade.pages.marks import MarksError
    except ImportError as error:
        print(f"cvgrade: {missing(error)}", file=sys.stderr)
        return FAILED
    try:
        written, left_out = write_feedback(options.course, options.name, options.students, options.db)
    except (RunError, MarksError, OSError) as error:
        print(f"cvgrade: {error}", file=sys.stderr)
        return FAILED
    if left_out:
        more = [f"… and {len(left_out) - MOST_LISTED} more"] if len(left_out) > MOST_LISTED else []
        print("\nLeft out:", *left_out[:MOST_LISTED], *more, sep="\n  ")
    if written:
        print(f"{options.name}: {len(written)} pages of feedback, such as {written[0]}")
    return FAILED if not written else LOOK if left_out else OK


def write_feedback(course, name, students=None, db_url=None, stream=None):
    """Write the feedback of an assignment.

    Args:
        course: the course folder.
        name: of the assignment.
        students: ids; by default all that were graded.
        db_url: of the gradebook; by default as nbgrader's configuration says.
        stream: where progress goes; by default stderr.

    Returns:
        List of the paths written, and list of sentences on who was left out.

    Raises:
        RunError, MarksError: with what to do.
    """
    from cvgrade.pages.feedback import page
    from cvgrade.pages.page import write
    from cvgrade.pages.records import Graded

    graded = Graded(course, name, db_url)
    unknown = sorted(set(students or ()) - {student for student, _ in graded.records})
    if unknown:
        raise RunError(
            f"nothing of {', '.join(map(shown, unknown))} was graded for {name}: run `cvgrade run {name}`"
        )
    total = sum(students is None or student in students for student, _ in graded.records)
    progress, written, left_out = _Progress(total, stream=stream), [], []
    for student, notebook, record in graded.each(students):
        book, reason = graded.book(student, notebook)
        if reason:
            left_out.append(f"{shown(student)}: {reason}")
        else:
            known, entry = graded.student(student, notebook)
            release = graded.course.releases[notebook]
            text = page(name, student, book, release, record, entry, known)
            written.append(graded.feedback(student, notebook))
            write(written[-1], text)
        progress.add(1)
    return written, left_out


def missing(error):
    """What to do about a part that is not installed."""
    return f"{error.name or error} is not installed: pip install 'cvlib-course[grade]'"


class _Progress(Progress):
    def text(self, seconds):
        """The line itself."""
        return super().text(seconds).replace("graded", "feedback", 1)
