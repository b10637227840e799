"""What editors, accidents and students do to a notebook, as functions on its JSON."""

import copy

import course_kit as kit
from hypothesis import strategies as st

GIVEN = {cell.source for cell in kit.release().cells}


def _cells(book):
    return book["cells"]


def strip(book, at):
    _cells(book)[at]["metadata"] = {}


def strip_all(book):
    for cell in _cells(book):
        cell["metadata"] = {}


def strip_marks(book, at):
    _cells(book)[at]["metadata"].pop("nbgrader", None)


def drop_ids(book):
    book["nbformat_minor"] = 0
    for cell in _cells(book):
        cell.pop("id", None)


def new_ids(book):
    for index, cell in enumerate(_cells(book)):
        cell["id"] = f"new{index}"


def colab(book):
    drop_ids(book)
    book["metadata"]["colab"] = {"provenance": []}
    for index, cell in enumerate(_cells(book)):
        cell["metadata"].update({"id": f"aB{index}", "outputId": "x", "colab": {"base_uri": "https://colab"}})


def duplicate(book, at, to):
    _cells(book).insert(to, copy.deepcopy(_cells(book)[at]))


def move(book, at, to):
    _cells(book).insert(to, _cells(book).pop(at))


def retype(book, at, kind):
    cell = _cells(book)[at]
    cell["cell_type"] = kind
    for key in ("outputs", "execution_count"):
        cell.pop(key, None)


def split(book, at, share, both):
    cell = _cells(book)[at]
    lines = cell["source"].split("\n")
    cut = max(1, min(len(lines) - 1, round(share * len(lines))))
    if len(lines) < 2:
        return
    second = copy.deepcopy(cell)
    second["id"] = f"split{len(_cells(book))}"
    if not both:
        second["metadata"] = {}
    cell["source"], second["source"] = "\n".join(lines[:cut]), "\n".join(lines[cut:])
    _cells(book).insert(at + 1, second)


def merge(book, at):
    if at + 1 < len(_cells(book)):
        below = _cells(book).pop(at + 1)
        _cells(book)[at]["source"] += "\n\n" + below["source"]


def swap_marks(book, at, to):
    first, second = _cells(book)[at]["metadata"], _cells(book)[to]["metadata"]
    _cells(book)[at]["metadata"], _cells(book)[to]["metadata"] = second, first


def flags(book, at, key, value):
    marks = _cells(book)[at]["metadata"].get("nbgrader")
    if marks:
        marks[key] = value


def edit_fixed(book, at, text):
    marks = _cells(book)[at]["metadata"].get("nbgrader", {})
    if not marks.get("solution") and marks:
        _cells(book)[at]["source"] += "\n" + text


def delete_given(book, at):
    """Delete a cell that is not the student's."""
    if _cells(book)[at]["source"] in GIVEN and len(_cells(book)) > 1:
        del _cells(book)[at]


def add(book, to, text, kind):
    cell = {"cell_type": kind, "metadata": {}, "source": text, "id": f"mine{len(_cells(book))}"}
    if kind == "code":
        cell.update(outputs=[], execution_count=None)
    _cells(book).insert(to, cell)


def forge(book, at, grade_id):
    marks = _cells(book)[at]["metadata"].get("nbgrader")
    if marks is None:
        _cells(book)[at]["metadata"]["nbgrader"] = {
            "grade_id": grade_id,
            "grade": True,
            "points": 50,
            "locked": False,
            "solution": True,
            "schema_version": 3,
            "task": False,
        }


def kernel(book):
    book["metadata"]["kernelspec"] = {"name": "evil", "display_name": "x", "language": "bash"}


def line_lists(book):
    for cell in _cells(book):
        if isinstance(cell["source"], str):
            cell["source"] = cell["source"].splitlines(keepends=True)


PLACE = st.integers(0, 30)
MUTATIONS = st.one_of(
    st.tuples(st.just(strip), PLACE),
    st.tuples(st.just(strip_all)),
    st.tuples(st.just(strip_marks), PLACE),
    st.tuples(st.just(drop_ids)),
    st.tuples(st.just(new_ids)),
    st.tuples(st.just(colab)),
    st.tuples(st.just(duplicate), PLACE, PLACE),
    st.tuples(st.just(move), PLACE, PLACE),
    st.tuples(st.just(retype), PLACE, st.sampled_from(["code", "markdown", "raw"])),
    st.tuples(st.just(split), PLACE, st.floats(0.2, 0.8), st.booleans()),
    st.tuples(st.just(merge), PLACE),
    st.tuples(st.just(swap_marks), PLACE, PLACE),
    st.tuples(st.just(flags), PLACE, st.sampled_from(["grade", "locked", "solution", "task"]), st.booleans()),
    st.tuples(st.just(flags), PLACE, st.just("points"), st.sampled_from([0, 100, -1, "many"])),
    st.tuples(st.just(flags), PLACE, st.just("grade_id"), st.sampled_from(["q1", "q3_test", "bonus", "", 7])),
    st.tuples(st.just(edit_fixed), PLACE, st.sampled_from(["print('mine')", "# note", "x = 3"])),
    st.tuples(st.just(delete_given), PLACE),
    st.tuples(st.just(add), PLACE, st.sampled_from(["print('own')", "helper = 1", "A note.", ""]),
              st.sampled_from(["code", "markdown"])),
    st.tuples(st.just(forge), PLACE, st.sampled_from(["bonus", "q1_test", "q3"])),
    st.tuples(st.just(kernel)),
    st.tuples(st.just(line_lists)),
)  # fmt: skip


def apply(book, mutations):
    """Apply mutations in turn; places are taken modulo the number of cells."""
    for function, *arguments in mutations:
        count = len(_cells(book))
        for cell in _cells(book):  # later ones read texts
            if isinstance(cell["source"], list):
                cell["source"] = "".join(cell["source"])
        places = [value % count if isinstance(value, int) and not isinstance(value, bool) and index < 2
                  and function is not flags else value for index, value in enumerate(arguments)]  # fmt: skip
        if function is flags:
            places = [arguments[0] % count, *arguments[1:]]
        function(book, *places)
    return book
