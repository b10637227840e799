"""A small assignment, notebooks handed in for it, and the archives they come in; used by the tests here."""

import copy
import io
import json
import stat
import zipfile

import nbformat

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
ANSWERS = {
    "q1": "def area(radius):\n    return 3.14159 * radius * radius",
    "q2": "Because it is a circle.",
    "q3": "def volume(radius):\n    cube = radius**3\n    return 4 / 3 * 3.14159 * cube",
    "q4": "answer = volume(2) / area(2)",
}


def cell(source, grade_id="", kind="", points=None, markdown=False, cell_id=""):
    make = nbformat.v4.new_markdown_cell if markdown else nbformat.v4.new_code_cell
    metadata = {}
    if grade_id:
        metadata["nbgrader"] = {
            "grade": kind in ("test", "manual"),
            "grade_id": grade_id,
            "locked": kind in ("test", "locked"),
            "schema_version": 3,
            "solution": kind in ("answer", "manual"),
            "task": kind == "task",
        }
        if points is not None:
            metadata["nbgrader"]["points"] = points
    made = make(source, metadata=metadata)
    made.id = cell_id or grade_id or made.id
    return made


def book(*cells):
    made = nbformat.v4.new_notebook()
    made.metadata = nbformat.from_dict(copy.deepcopy(KERNEL))
    made.cells = list(cells)
    return made


def release():
    return book(
        cell("# Circles and balls, assignment one", markdown=True, cell_id="title"),
        cell("import math\n\nUNIT = 'metres'", "setup", "locked"),
        cell("## 1. The area of a circle", markdown=True, cell_id="text1"),
        cell(f"def area(radius):\n{STUB}", "q1", "answer"),
        cell("assert area(1) > 3, 'area(1) is more than 3'", "q1_test", "test", 2),
        cell("## 2. Why is that so, in your words?", markdown=True, cell_id="text2"),
        cell("YOUR ANSWER HERE", "q2", "manual", 3, markdown=True),
        cell("## 3. The volume of a ball", markdown=True, cell_id="text3"),
        cell(f"def volume(radius):\n{STUB}", "q3", "answer"),
        cell("assert volume(1) > 4, 'volume(1) is more than 4'", "q3_test", "test", 2),
        cell("# YOUR CODE HERE\nraise NotImplementedError()", "q4", "answer"),
        cell("assert answer > 2, 'the ratio is more than 2'", "q4_test", "test", 1),
    )


def source():
    made = release()
    for one in made.cells:
        name = one.metadata.get("nbgrader", {}).get("grade_id")
        if name in ("q1", "q3", "q4"):
            text = ANSWERS[name]
            one.source = f"### BEGIN SOLUTION\n{text}\n### END SOLUTION"
        elif name == "q1_test":
            one.source += "\n### BEGIN HIDDEN TESTS\nassert area(2) > 12\n### END HIDDEN TESTS"
    return made


def answered(answers=None):
    made = release()
    for one in made.cells:
        name = one.metadata.get("nbgrader", {}).get("grade_id")
        if name in ANSWERS:
            one.source = {**ANSWERS, **(answers or {})}[name]
    return made


def text_of(notebook):
    return json.dumps(notebook, ensure_ascii=False)


def course(folder, name="hw"):
    for step, notebook in (("release", release()), ("source", source())):
        path = folder / step / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(text_of(notebook), encoding="utf-8")
    return folder


def entry(name, mode=stat.S_IFREG | 0o644, when=(2026, 3, 4, 10, 15, 0)):
    info = zipfile.ZipInfo("x", when)
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    info.create_system = 3
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def zip_bytes(files, when=(2026, 3, 4, 10, 15, 0)):
    """A ZIP file from (name or ZipInfo, text or bytes) pairs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            info = name if isinstance(name, zipfile.ZipInfo) else entry(name, when=when)
            archive.writestr(info, data)
    return out.getvalue()
