"""The command `cvgrade`."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from cvgrade import __version__
from cvgrade.build import AssignmentError

DESCRIPTION = "Build, release and grade notebook assignments, on nbgrader."
EPILOG = """\
In a course folder (--course, default: assignments) an assignment NAME is
  src/NAME/notebook.py      its source: text, solutions, tests
  src/NAME/right, wrong     sample answers that its tests must accept, or reject with the right hint
  source/NAME/              the notebook built from it, and the files that students get with it

Exit status: 0 all is well; 1 something is wrong with an assignment, and the message says what; 2 wrong use.
"""


def main(arguments=None):
    """Run the command.

    Args:
        arguments: list of words; by default the command line's.

    Returns:
        The exit status.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("\nstopped; run the same command again to start over", file=sys.stderr)
        return 130
    except (AssignmentError, RuntimeError) as error:
        print(f"cvgrade: {error}", file=sys.stderr)
        return 1


def _parser():
    parser = argparse.ArgumentParser(
        prog="cvgrade",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cvgrade {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    build = _command(commands, "build", _build, "make source/NAME/NAME.ipynb from src/NAME/notebook.py")
    build.add_argument("name", nargs="*", help="assignments (default: all)")
    build.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 where a notebook is not current"
    )

    release = _command(
        commands, "release", _release, "build, make the students' version, verify it holds no answer"
    )
    release.add_argument("name")

    _module(commands, "collect", "cvgrade.intake.command", "take in what an LMS gives: a folder or a ZIP")
    _module(
        commands, "run", "cvgrade.run.command", "grade what was collected, behind a wall, into the gradebook"
    )
    _module(
        commands,
        "export",
        "cvgrade.export",
        "write marks as Canvas, Moodle or a spreadsheet imports them",
    )

    _module(commands, "feedback", "cvgrade.pages.feedback_command", "write a page for each student")
    _module(commands, "report", "cvgrade.pages.report_command", "write a page on how the assignment went")
    _module(commands, "student-bundle", "cvgrade.bundle", "make what you publish, with no answer in it")

    _module(
        commands,
        "demo",
        "cvgrade.demo",
        "take a small class of sample answers the whole way, from release to marks and feedback",
    )
    _module(
        commands,
        "report-card",
        "cvgrade.report_card",
        "grade every sample answer and judge the tests by them",
    )
    return parser


def _command(commands, name, run, text):
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(run=run)
    parser.add_argument(
        "--course", type=Path, default=Path("assignments"), help="course folder (%(default)s)"
    )
    return parser


def _module(commands, name, module, text):
    """A command whose arguments and work are a module's `add_arguments` and `run`."""
    part = import_module(module)
    part.add_arguments(_command(commands, name, part.run, text))


def _build(options):
    from cvgrade import build

    stale = []
    for name in options.name or build.names(options.course):
        if options.check:
            current = build.is_current(options.course, name)
            print(f"{build.source_path(options.course, name)}: {'current' if current else 'NOT CURRENT'}")
            stale += [] if current else [name]
        else:
            path, changed = build.build(options.course, name)
            print(f"{path}: {'written' if changed else 'unchanged'}")
    if stale:
        print(f"run: cvgrade build {' '.join(stale)}")
    return 1 if stale else 0


def _release(options):
    from cvgrade import build, course

    build.build(options.course, options.name)
    folder = course.release(options.course, options.name)
    print(f"{folder}: no solution and no hidden test in it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
