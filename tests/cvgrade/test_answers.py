import nbformat
import pytest
from test_build import SOURCE, course

from cvgrade import answers, build
from cvgrade.build import AssignmentError

WRONG = """\
# ---
# title: "Subtracts: a slip"
# loses:
#   add_test: "the sign"
# files:
#   data.csv: other/late.csv
# ---

# %% add
def add(a, b):
    return a - b
"""


@pytest.fixture
def folder(tmp_path):
    course(tmp_path)
    here = tmp_path / "src" / "sums"
    for name in ("right", "wrong", "handed_in/other"):
        (here / name).mkdir(parents=True)
    (here / "handed_in" / "data.csv").write_text("usual")
    (here / "handed_in" / "other" / "late.csv").write_text("late")
    (here / "wrong" / "subtracts.py").write_text(WRONG)
    return tmp_path


def test_answers_are_read_with_the_reference_and_the_empty_one(folder):
    found = {answer.name: answer for answer in answers.read_answers(folder, "sums")}
    assert [answer.kind for answer in found.values()] == ["right", "wrong", "empty"]
    assert found["subtracts"].title == "Subtracts: a slip"
    assert found["subtracts"].loses == {"add_test": "the sign"}
    assert found["empty"].loses == {"add_test": ""}
    assert found["empty"].files == {}
    assert found["reference"].files["data.csv"].read_text() == "usual"
    assert found["subtracts"].files["data.csv"].read_text() == "late"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("# %% add", "# %% plus", "no cell 'plus'"),
        ("add_test:", "plus_test:", "no cell 'plus_test'"),
        ('# loses:\n#   add_test: "the sign"\n', "", "must say what it loses"),
        ("late.csv", "lost.csv", "lost.csv does not exist"),
        ("# files", "# nbgrader:\n#   add_test: whim\n# files", "must name a reason out of stderr"),
        ("# title", "# name", "needs a title"),
        ('"Subtracts: a slip"', "Subtracts: a slip", "no YAML"),
        ("# ---\n# title", "# title", "must begin with front matter"),
    ],
)
def test_a_bad_answer_is_named(folder, old, new, words):
    assert old in WRONG
    (folder / "src" / "sums" / "wrong" / "subtracts.py").write_text(WRONG.replace(old, new, 1))
    with pytest.raises(AssignmentError) as caught:
        answers.read_answers(folder, "sums")
    assert words in str(caught.value)


def test_a_submission_replaces_cells_by_grade_id_and_brings_its_files(folder, tmp_path):
    solved, _ = build.build(folder, "sums")
    release = nbformat.read(solved, as_version=4)
    for cell in release.cells:
        cell.source = build.without(build.without(cell.source, build.SOLUTION), build.HIDDEN)
    nbformat.write(release, tmp_path / "sums.ipynb")
    for answer in answers.read_answers(folder, "sums"):
        out = tmp_path / "in" / answer.name
        answers.write_submission(answer, tmp_path / "sums.ipynb", solved, out)
        text = {cell.id: cell.source for cell in nbformat.read(out / "sums.ipynb", as_version=4).cells}["add"]
        assert "###" not in text
        assert ("a - b" in text) == (answer.name == "subtracts")
        assert ("fsum" in text) == (answer.name == "reference")
        assert (out / "data.csv").exists() == (answer.name != "empty")


def test_the_source_of_the_fixture_has_a_solution():
    assert "### BEGIN SOLUTION" in SOURCE
