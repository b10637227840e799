"""Sample answers to an assignment: right ones, wrong ones, and what each must get.

An answer is a percent script beside the assignment's source, in `right/` or `wrong/`. A cell titled with the
grade id of a solution cell replaces that cell; the others keep the reference solution. Its front matter says
what it is:

    # ---
    # title: Counts the padding once
    # loses:
    #   q05_output_size_test: "padding is added on both sides"
    # files:
    #   predictions.csv: other/guesses.csv
    # ---

    # %% q05_output_size
    def output_size(length, kernel, stride=1, padding=0): ...

`loses` maps each test cell that must get no marks to words that the student must be shown; a right answer has
none. The files in the assignment's `handed_in/` folder are handed in beside every answer's notebook; `files`
exchanges one for another, given relative to that folder, or leaves it out with null. `nbgrader` maps a test
cell for which stock nbgrader gives another mark to the reason, a key of `REASONS`.
"""

import copy
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import jupytext
import nbformat
import yaml

from cvgrade.build import SOLUTION, AssignmentError, read_source

EMPTY = "empty"
REFERENCE = "reference"
# Where stock nbgrader, by its own rules, gives an honest answer another mark; an answer's front matter names
# one of these for a question in `nbgrader`.
REASONS = {
    "stderr": "nbgrader takes anything written to stderr in a test cell, a warning too, for a failure",
    "namespace": "nbgrader runs the tests among the student's names, so that one of these can replace theirs",
    "process": "nbgrader runs the tests in the student's process, where a changed library changes them",
}


@dataclass(frozen=True)
class Answer:
    """A sample answer.

    Attributes:
        name: unique within the assignment; it serves as the student's id.
        kind: "right", "wrong" or "empty".
        title: one line.
        cells: dict from the grade id of a solution cell to the code that replaces it.
        loses: dict from the grade id of a test cell to the words that the student must be shown.
        files: dict from the name of a file handed in to its path here.
        nbgrader: dict from the grade id of a test cell to the key in `REASONS` that tells why stock nbgrader
            gives another mark for it.
    """

    name: str
    kind: str
    title: str
    cells: dict = field(default_factory=dict)
    loses: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    nbgrader: dict = field(default_factory=dict)


def read_answers(course, name):
    """All sample answers of an assignment: the reference, the right ones, the wrong ones, the empty one.

    Args:
        course: the nbgrader course folder.
        name: of the assignment.

    Returns:
        List of `Answer`.

    Raises:
        AssignmentError: if an answer names a cell that the assignment does not have, or a wrong answer loses
            nothing.
    """
    folder = Path(course) / "src" / name
    book = read_source(course, name)
    solutions, tests = _ids(book, "solution"), _ids(book, "grade")
    usual = {path.name: path for path in sorted((folder / "handed_in").glob("*")) if path.is_file()}
    answers = [Answer(REFERENCE, "right", "The reference solution", files=usual)]
    for kind in ("right", "wrong"):
        for path in sorted((folder / kind).glob("*.py")):
            answer = _read(path, kind, folder, usual)
            for grade_id, known in [(key, solutions) for key in answer.cells] + [
                (key, tests) for key in (*answer.loses, *answer.nbgrader)
            ]:
                if grade_id not in known:
                    raise AssignmentError(f"{path}: the assignment has no cell {grade_id!r}")
            for reason in answer.nbgrader.values():
                if reason not in REASONS:
                    raise AssignmentError(
                        f"{path}: nbgrader must name a reason out of {', '.join(REASONS)}, got {reason!r}"
                    )
            if kind == "wrong" and not answer.loses:
                raise AssignmentError(f"{path}: a wrong answer must say what it loses")
            if kind == "right" and answer.loses:
                raise AssignmentError(f"{path}: a right answer loses nothing")
            answers.append(answer)
    answers.append(Answer(EMPTY, "empty", "Handed in as it was released", loses=dict.fromkeys(tests, "")))
    taken = [answer.name for answer in answers]
    if len(set(taken)) < len(taken):
        raise AssignmentError(f"{folder}: two answers have one name: {sorted(taken)}")
    return answers


def write_submission(answer, release, solved, folder):
    """Write what a student hands in.

    Args:
        answer: an `Answer`.
        release: the released notebook.
        solved: the source notebook, with the reference solutions.
        folder: where the notebook and the files go; made if missing.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    book = copy.deepcopy(nbformat.read(release, as_version=4))
    reference = {cell.id: cell.source for cell in nbformat.read(solved, as_version=4).cells}
    for cell in book.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution") and answer.kind != "empty":
            grade_id = marks["grade_id"]
            cell.source = answer.cells.get(grade_id) or _unmarked(reference[cell.id])
    nbformat.write(book, folder / Path(release).name)
    for name, path in answer.files.items():
        shutil.copyfile(path, folder / name)


def _unmarked(source):
    return "\n".join(line for line in source.split("\n") if not any(mark in line for mark in SOLUTION))


def _ids(book, flag):
    return [
        cell.metadata["nbgrader"]["grade_id"]
        for cell in book.cells
        if cell.metadata.get("nbgrader", {}).get(flag)
    ]


def _read(path, kind, folder, usual):
    header, body = _front_matter(path)
    unknown = set(header) - {"title", "loses", "files", "nbgrader"}
    if unknown or "title" not in header:
        raise AssignmentError(
            f"{path}: the front matter needs a title and may have loses, files and nbgrader; "
            f"got {sorted(header)}"
        )
    cells = {
        cell.metadata["title"]: cell.source
        for cell in jupytext.reads(body, fmt="py:percent").cells
        if cell.cell_type == "code" and "title" in cell.metadata
    }
    files = dict(usual)
    for name, origin in (header.get("files") or {}).items():
        files.pop(name, None)
        if origin is not None:
            files[name] = folder / "handed_in" / origin
            if not files[name].is_file():
                raise AssignmentError(f"{path}: {files[name]} does not exist")
    return Answer(
        path.stem,
        kind,
        header["title"],
        cells,
        header.get("loses") or {},
        files,
        header.get("nbgrader") or {},
    )


def _front_matter(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    marks = [number for number, line in enumerate(lines) if line.strip() == "# ---"]
    if len(marks) < 2 or marks[0] != 0:
        raise AssignmentError(f"{path}: must begin with front matter between two lines '# ---'")
    text = "\n".join(line[2:] for line in lines[1 : marks[1]])
    try:
        header = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise AssignmentError(f"{path}: the front matter is no YAML: {error}") from None
    if not isinstance(header, dict):
        raise AssignmentError(f"{path}: the front matter must be a mapping with a title")
    return header, "\n".join(lines[marks[1] + 1 :])
