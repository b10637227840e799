"""The command `cvgrade run`: from `submitted/` to marks in the gradebook, resumable."""

import os
import shlex
import sys

from cvgrade.gradebook import GradebookError
from cvgrade.run import sandbox as walls
from cvgrade.run.cluster import ClusterError
from cvgrade.run.coursework import RunError
from cvgrade.run.grading import FAILED, STOPPED, Summary, grade, read_records
from cvgrade.run.journal import JournalBusy
from cvgrade.run.judge import StationError

__all__ = ["Summary", "add_arguments", "grade", "read_records", "run"]
MOST_LISTED = 20
EPILOG = """\
Submissions are read from submitted/STUDENT/NAME/, as `cvgrade collect` puts them there. What is graded is
kept in .cvgrade/runs/NAME.jsonl the moment it is known: after Ctrl-C, a crash or `kill -9` the same command
goes on where it was, and grades again only what has changed since: a submission, the tests, or the versions
of what runs them. Marks, comments and extensions that a person entered are left as they are.

On many machines: start `dask scheduler` on one, `dask worker tcp://IT:8786 --nthreads N` on each (they need
cvgrade, the assignment's libraries and bubblewrap; no disk in common), and pass --scheduler tcp://IT:8786.

exit codes: 0 all is graded; 3 all is graded, and some of it waits for a person; 1 some or all of it could not
be graded; 2 wrong use; 130 stopped by Ctrl-C
"""


def add_arguments(parser):
    """Add the arguments of `cvgrade run` to a parser.

    Args:
        parser: an `argparse.ArgumentParser`; `--course` is there already.
    """
    import argparse

    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", help="the assignment")
    parser.add_argument("--students", nargs="+", metavar="ID", help="only these (default: all)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=_positive, metavar="N", help="submissions at a time (default: one a core)"
    )
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a dask scheduler, tcp://HOST:PORT or tls://…"
    )
    parser.add_argument(
        "--sandbox",
        choices=("bubblewrap", "none"),
        default="bubblewrap",
        help="what keeps submissions in; none runs them with your own rights (%(default)s)",
    )
    parser.add_argument(
        "--again", action="store_true", help="grade also what was graded before, such as on a busy machine"
    )
    parser.add_argument("--db", help="the gradebook's URL (default: as nbgrader_config.py says)")


def run(options):
    """Run, say what became of it, and return the exit code."""
    try:
        summary = grade(
            options.course,
            options.name,
            options.students,
            options.workers,
            options.scheduler,
            options.sandbox,
            options.db,
            again=options.again,
        )
    except KeyboardInterrupt:  # before anything was graded
        summary = Summary(stopped=True)
    except (RunError, JournalBusy, GradebookError, ClusterError, walls.SandboxError, StationError) as error:
        print(f"cvgrade: {error}", file=sys.stderr)
        return FAILED
    for title, lines in (("Not graded", summary.failed), ("Graded, but look", summary.look)):
        if lines:
            more = len(lines) - MOST_LISTED
            print(
                f"\n{title}:", *lines[:MOST_LISTED], *([f"… and {more} more"] if more > 0 else []), sep="\n  "
            )
    if summary.stopped:
        again = shlex.join(["cvgrade", *getattr(options, "argv", sys.argv[1:])])
        print(f"\nstopped; what is graded is kept. To go on: {again}", file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(STOPPED)  # dask's farewells take longer than whoever pressed Ctrl-C will wait
    elif not (summary.graded or summary.written or summary.failed):
        print(f"{options.name}: all {summary.total} were graded before; nothing to do")
    else:
        kept = summary.total - summary.graded - len(summary.failed)
        before = f", {kept} graded before" if kept > 0 else ""
        print(f"{options.name}: {summary.graded} graded{before}, {summary.written} written to the gradebook")
    return summary.exit_code


def _positive(text):
    import argparse

    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text!r}")
    return int(text)
