"""The command `cvgrade collect`: its arguments, and what it prints."""

import json
import sys
from pathlib import Path

from cvgrade.intake.collect import CollectError, collect
from cvgrade.intake.lms import KINDS

EPILOG = """\
exit codes: 0 all was collected; 3 collected, but some of it waits for you; 1 nothing was collected

Canvas: Assignments → the assignment → Download Submissions. Moodle: Submissions → Download all submissions,
with
"Download submissions in folders". Gradescope: Review Grades → Export Submissions. Give the ZIP file as it is.
"""


def add_arguments(parser):
    """Add the arguments of `cvgrade collect` to a parser.

    Args:
        parser: an `argparse.ArgumentParser`; `--course` is there already.
    """
    parser.epilog = EPILOG
    parser.add_argument("name", help="the assignment")
    parser.add_argument("path", type=Path, help="the ZIP file or the folder that the system gave")
    parser.add_argument(
        "--lms", choices=("auto", *KINDS), default="auto", help="where it is from (%(default)s)"
    )
    parser.add_argument(
        "--roster", type=Path, help="class list, CSV: Canvas's gradebook, Moodle's worksheet, or with a "
        "column student_id (default: roster.csv in the course folder, if there is one)"
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="write nothing; say what would be collected")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(options):
    """Collect, print the report, and return the exit code."""
    try:
        report = collect(
            options.name,
            options.path,
            options.course,
            roster=options.roster,
            lms=options.lms,
            dry_run=options.dry_run,
        )
    except CollectError as error:
        print(f"cvgrade: {error}", file=sys.stderr)
        return 1
    print(json.dumps(report.to_json(), ensure_ascii=False) if options.json else report.text())
    return report.exit_code
