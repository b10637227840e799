"""The command `cvgrade report`: how an assignment went, on one page for the instructor."""

import argparse
import sys
from pathlib import Path

from cvgrade.run.coursework import RunError

OK, FAILED = 0, 1
EPILOG = """\
The page is for you alone: it names students. It is one HTML file that loads nothing and runs nothing.

exit codes: 0 it was written; 1 it was not, and the message says why
"""


def add_arguments(parser):
    """Add the arguments of `cvgrade report` to a parser.

    Args:
        parser: an `argparse.ArgumentParser`; `--course` is there already.
    """
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", help="the assignment")
    parser.add_argument("--out", type=Path, help="file to write (default: report/NAME.html there)")
    parser.add_argument("--db", help="the gradebook's URL (default: as nbgrader_config.py says)")


def run(options):
    """Write the page, say where it is, and return the exit code."""
    from cvgrade.pages.feedback_command import missing

    try:
        from cvgrade.pages.marks import MarksError
        from cvgrade.pages.page import write
        from cvgrade.pages.records import Graded
        from cvgrade.pages.report import page
    except ImportError as error:
        print(f"cvgrade: {missing(error)}", file=sys.stderr)
        return FAILED
    try:
        graded = Graded(options.course, options.name, options.db)
        print(f"{options.name}: reading {len(graded.records)} results", file=sys.stderr)
        out = options.out or graded.root / "report" / f"{options.name}.html"
        write(out, page(graded, out.parent))
    except (RunError, MarksError, OSError) as error:
        print(f"cvgrade: {error}", file=sys.stderr)
        return FAILED
    print(f"{options.name}: {out}")
    return OK
