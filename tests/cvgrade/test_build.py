import textwrap

import nbformat
import pytest

from cvgrade import build
from cvgrade.build import AssignmentError

SOURCE = """\
# %% [markdown]
# # Sums

# %% locked="setup"
import math

# %% solution="add"
def add(a, b):
    ### BEGIN SOLUTION
    return math.fsum([a, b])
    ### END SOLUTION


# %% test="add_test" points=2
assert add(1, 2) == 3
### BEGIN HIDDEN TESTS
assert add(0.1, 0.2) == math.fsum([0.1, 0.2])
### END HIDDEN TESTS

# %% [markdown]
# # Sums
"""


def cells(text):
    return {cell.id: cell for cell in build.from_percent(text).cells}


def test_cells_get_nbgraders_metadata():
    made = cells(SOURCE)
    assert made["add"].metadata["nbgrader"] == {
        "grade": False,
        "grade_id": "add",
        "locked": False,
        "schema_version": 3,
        "solution": True,
        "task": False,
    }
    assert made["add_test"].metadata["nbgrader"]["points"] == 2
    assert made["add_test"].metadata["nbgrader"]["grade"]
    assert made["add_test"].metadata["nbgrader"]["locked"]
    assert made["setup"].metadata["nbgrader"]["locked"]
    assert not made["setup"].metadata["nbgrader"]["grade"]


def test_nbgrader_accepts_the_notebook():
    from nbgrader.nbgraderformat import MetadataValidator

    MetadataValidator().validate_nb(build.from_percent(SOURCE))


def test_the_same_text_gives_the_same_bytes_and_unique_ids():
    assert build.render(build.from_percent(SOURCE)) == build.render(build.from_percent(SOURCE))
    assert len(cells(SOURCE)) == 5  # two equal text cells among them


def test_a_cell_keeps_its_id_when_another_goes_before_it():
    before, after = cells(SOURCE), cells("# %% [markdown]\n# New.\n\n" + SOURCE)
    assert set(before) < set(after)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('solution="add"', 'solution="setup"', "two cells are called 'setup'"),
        (" points=2", "", "points must be a number above 0, got None"),
        ("points=2", "points=0", "points must be a number above 0, got 0"),
        ('locked="setup"', 'locked="setup" points=1', "only a test cell has points"),
        ('solution="add"', 'solution="add" locked="x"', "is solution and locked at once"),
        ('solution="add"', 'answer="add"', "unknown keys ['answer']"),
        ('# %% solution="add"', "# %%", "is no solution or test cell"),
        ("    ### END SOLUTION\n", "", "do not pair up"),
        (
            "    ### BEGIN SOLUTION\n    return math.fsum([a, b])\n    ### END SOLUTION\n",
            "    ...\n",
            "needs",
        ),
        ("assert add(1, 2) == 3", "add(1, 2)", "ends in an expression"),
        ("assert add(0.1, 0.2) == math.fsum([0.1, 0.2])", "add(0.1, 0.2)", "ends in an expression"),
        (
            "import math",
            "### BEGIN HIDDEN TESTS\nimport math\n### END HIDDEN TESTS",
            "does not belong in a locked",
        ),
        ("assert add(1, 2) == 3", "### BEGIN SOLUTION\n### END SOLUTION", "does not belong in a test"),
    ],
)
def test_what_nbgrader_would_misread_is_refused(old, new, words):
    assert old in SOURCE
    with pytest.raises(AssignmentError) as caught:
        build.from_percent(SOURCE.replace(old, new))
    assert words in str(caught.value)


def test_hidden_regions_come_apart():
    text = textwrap.dedent("""\
        a
        ### BEGIN HIDDEN TESTS
        b
        ### END HIDDEN TESTS
        c""")
    assert build.without(text, build.HIDDEN) == "a\nc"
    assert build.region(text, build.HIDDEN) == "b"


def course(folder, text=SOURCE):
    (folder / "src" / "sums").mkdir(parents=True)
    (folder / "src" / "sums" / "notebook.py").write_text(text)
    return folder


def test_building_writes_only_what_changed(tmp_path):
    course(tmp_path)
    assert not build.is_current(tmp_path, "sums")
    path, changed = build.build(tmp_path, "sums")
    assert changed
    assert build.is_current(tmp_path, "sums")
    assert build.build(tmp_path, "sums") == (path, False)
    assert nbformat.read(path, as_version=4).metadata.kernelspec.name == "python3"


def test_an_unknown_assignment_is_named_with_the_known_ones(tmp_path):
    course(tmp_path)
    with pytest.raises(AssignmentError, match=r"no assignment 'products'.*there are: sums"):
        build.build(tmp_path, "products")


def test_the_committed_notebooks_are_current(pytestconfig):
    folder = pytestconfig.rootpath / "assignments"
    assert build.names(folder)
    for name in build.names(folder):
        assert build.is_current(folder, name), f"run: cvgrade build {name}"
