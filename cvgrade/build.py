"""Build an assignment's source notebook from a text file in jupytext's percent format.

What nbgrader needs to know of a cell stands in its first line:

    # %% [markdown]                                text, free to edit
    # %% solution="q05_output_size"                the student's cell; its answer stands between
                                                   ### BEGIN SOLUTION and ### END SOLUTION
    # %% test="q05_output_size_test" points=2      a graded cell, locked; hidden tests stand between
                                                   ### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS
    # %% locked="setup"                            a cell that grading restores, without points

The notebook that comes out is the same whenever the text is: cell ids are the grade ids, or made from the
text.
"""

import ast
import hashlib
from pathlib import Path

import jupytext
import nbformat

KINDS = ("solution", "test", "locked")
SOLUTION = ("### BEGIN SOLUTION", "### END SOLUTION")
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")


class AssignmentError(ValueError):
    """Something in an assignment's files that its author must put right."""


def build(course, name):
    """Write `source/<name>/<name>.ipynb` from `src/<name>/notebook.py`.

    Args:
        course: the nbgrader course folder.
        name: of the assignment.

    Returns:
        The path of the notebook, and whether it changed.
    """
    path = source_path(course, name)
    text = render(read_source(course, name))
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return path, False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path, True


def is_current(course, name):
    """Whether the built notebook is the one that its source gives."""
    path = source_path(course, name)
    return path.exists() and path.read_text(encoding="utf-8") == render(read_source(course, name))


def names(course):
    """The assignments of a course, in order.

    Args:
        course: the nbgrader course folder.
    """
    return sorted(path.parent.name for path in Path(course).glob("src/*/notebook.py"))


def source_path(course, name):
    """Where the built notebook lies."""
    return Path(course) / "source" / name / f"{name}.ipynb"


def read_source(course, name):
    """The source notebook of an assignment, with nbgrader's metadata.

    Raises:
        AssignmentError: if there is none, or a cell of it is not as nbgrader needs it.
    """
    path = Path(course) / "src" / name / "notebook.py"
    if not path.exists():
        known = ", ".join(names(course)) or "none"
        raise AssignmentError(f"no assignment {name!r}: {path} does not exist (there are: {known})")
    return from_percent(path.read_text(encoding="utf-8"), path)


def from_percent(text, path="notebook.py"):
    """A notebook with nbgrader's metadata (schema 3) from percent text.

    Args:
        text: the percent script.
        path: named in errors.

    Returns:
        A notebook, nbformat 4.5.
    """
    read = jupytext.reads(text, fmt="py:percent")
    book = nbformat.v4.new_notebook()
    book.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    taken = set()
    for cell in read.cells:
        given = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
        metadata, grade_id = _metadata(given, cell, path)
        if grade_id in taken:
            raise AssignmentError(f"{path}: two cells are called {grade_id!r}")
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        made = make(cell.source, metadata=metadata)
        made.id = grade_id or _text_id(cell, taken)
        taken.add(made.id)
        book.cells.append(made)
    nbformat.validate(book)
    return book


def render(book):
    """A notebook as the text of its file."""
    return nbformat.writes(book, indent=1) + "\n"


def without(text, marks):
    """Code without the regions between two marks, and the lines of the marks.

    Args:
        text: a cell's source.
        marks: `SOLUTION` or `HIDDEN`.
    """
    kept, inside = [], False
    for line in text.split("\n"):
        if marks[0] in line:
            inside = True
        elif marks[1] in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def region(text, marks):
    """The lines of code between two marks, all regions one after the other."""
    kept, inside = [], False
    for line in text.split("\n"):
        if marks[0] in line:
            inside = True
        elif marks[1] in line:
            inside = False
        elif inside:
            kept.append(line)
    return "\n".join(kept)


def _metadata(given, cell, path):
    """The metadata of a cell, and its grade id or None."""
    kinds = [kind for kind in KINDS if kind in given]
    unknown = set(given) - {*KINDS, "points", "tags"}
    where = f"{path}: the cell that begins {cell.source.splitlines()[0] if cell.source else ''!r}"
    if unknown:
        raise AssignmentError(
            f"{where} has unknown keys {sorted(unknown)}; known are {', '.join(KINDS)}, points and tags"
        )
    if len(kinds) > 1:
        raise AssignmentError(f"{where} is {' and '.join(kinds)} at once: choose one")
    metadata = {"tags": given["tags"]} if "tags" in given else {}
    if not kinds:
        for mark in (*SOLUTION, *HIDDEN):
            if mark in cell.source:
                raise AssignmentError(f"{where} has {mark!r}, but is no solution or test cell")
        return metadata, None
    kind = kinds[0]
    grade_id = given[kind]
    _validate(kind, cell, given, f"{path}: {grade_id}")
    metadata["nbgrader"] = {
        "grade": kind == "test",
        "grade_id": grade_id,
        "locked": kind != "solution",
        "schema_version": 3,
        "solution": kind == "solution",
        "task": False,
    }
    if kind == "test":
        metadata["nbgrader"]["points"] = given["points"]
    return metadata, grade_id


def _validate(kind, cell, given, where):
    """Refuse what stock nbgrader would read otherwise than the author means."""
    for mark in (*SOLUTION, *HIDDEN):
        if cell.source.count(mark) > 0 and kind != ("solution" if mark in SOLUTION else "test"):
            raise AssignmentError(f"{where}: {mark!r} does not belong in a {kind} cell")
    for begin, end in (SOLUTION, HIDDEN):
        if cell.source.count(begin) != cell.source.count(end):
            raise AssignmentError(f"{where}: {begin!r} and {end!r} do not pair up")
    if kind == "solution" and SOLUTION[0] not in cell.source:
        raise AssignmentError(f"{where}: a solution cell needs {SOLUTION[0]!r} … {SOLUTION[1]!r}")
    if kind != "test":
        if "points" in given:
            raise AssignmentError(f"{where}: only a test cell has points")
        return
    if cell.cell_type != "code":
        raise AssignmentError(f"{where}: a test cell holds code")
    points = given.get("points")
    if isinstance(points, bool) or not isinstance(points, (int, float)) or points <= 0:
        raise AssignmentError(f"{where}: points must be a number above 0, got {points!r}")
    for text in (cell.source, without(cell.source, HIDDEN)):
        body = ast.parse(text).body
        if body and isinstance(body[-1], ast.Expr):
            raise AssignmentError(
                f"{where} ends in an expression, which nbgrader reads as marks: "
                "put the checks into a `with` block, or end in an assert"
            )


def _text_id(cell, taken):
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()
    return next(digest[start : start + 8] for start in range(56) if digest[start : start + 8] not in taken)
