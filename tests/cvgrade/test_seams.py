"""nbgrader's own autograde, with one line in its configuration, against the same without it."""

import io
import os
import shutil
import subprocess
import sys

import class_kit as kit
import nbformat
import pytest

from cvgrade.run import command

pytestmark = [
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap"),
    pytest.mark.slow,
]
LINE = 'c.Autograde.exporter_class = "cvgrade.seams.Walled"'
SECONDS = "c.Execute.timeout = 4"
YES = """
class Yes:
    def __eq__(self, other):
        return True
"""
NO_ASSERT = """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Drop())
"""
ALWAYS = (f"{YES}\ndef double(x):\n    return Yes()", "def total(x):\n    return Yes()")
DROPS = (f"{NO_ASSERT}\ndef double(x):\n    return 0", "def total(x):\n    return 0")
LOOPS = ("def double(x):\n    while True:\n        pass", kit.TOTAL)
CLASS = {
    "right": (kit.DOUBLE, kit.TOTAL),
    "half": kit.ANSWERS["half"][:2],
    "wrong": kit.ANSWERS["wrong"][:2],
    "always": ALWAYS,
    "drops": DROPS,
    "loops": LOOPS,
}
HONEST = ("right", "half", "wrong")


def book(double, total):
    made = kit.answered()
    for one in made.cells:
        name = one.metadata.get("nbgrader", {}).get("grade_id")
        one.source = {"double": double, "total": total}.get(name, one.source)
    return made


def start(root, *words, **environment):
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=root,
        env={**kit.environment(), "PATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def nbgrader(root, *words, **environment):
    return ended(start(root, *words, **environment))


def course(root, students, *config):
    """A course folder that nbgrader itself released."""
    kit.write(root / "source" / kit.NAME / f"{kit.NAME}.ipynb", kit.source())
    lines = ["c = get_config()", 'c.CourseDirectory.course_id = "numbers"', SECONDS, *config]
    (root / "nbgrader_config.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = nbgrader(root, "generate_assignment", kit.NAME)
    assert done.returncode == 0, done.stderr
    for student in students:
        kit.write(root / "submitted" / student / kit.NAME / f"{kit.NAME}.ipynb", book(*CLASS[student]))
    return root


@pytest.fixture(scope="module")
def walled(tmp_path_factory):
    """A class graded by `nbgrader autograde` behind the wall, and what it said."""
    root = course(tmp_path_factory.mktemp("walled") / "course", CLASS, LINE)
    (root / "submitted" / "cut" / kit.NAME).mkdir(parents=True)
    text = nbformat.writes(book(*CLASS["right"]))
    (root / "submitted" / "cut" / kit.NAME / f"{kit.NAME}.ipynb").write_text(text[: len(text) // 2])
    done = nbgrader(root, "autograde", kit.NAME)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def root(walled, tmp_path):
    return shutil.copytree(walled, tmp_path / "course")


def marks(root):
    return kit.marks(kit.database(root))


def autos(root, student):
    found = marks(root)
    return found[(student, "double_test")][0], found[(student, "total_test")][0]


def test_cheats_gain_nothing_and_a_loop_costs_only_who_wrote_it(walled):
    assert autos(walled, "right") == (2, 3)
    assert autos(walled, "half") == (2, 0)
    assert autos(walled, "wrong") == (0, 0)
    assert autos(walled, "always") == (0, 0)
    assert autos(walled, "drops") == (0, 0)
    assert autos(walled, "loops") == (0, 3)
    assert autos(walled, "cut") == (0, 0)
    assert marks(walled)[("right", "why")] == (None, None, True)


def test_honest_work_has_the_marks_of_stock_nbgrader_where_the_cheats_would_have_had_full_ones(
    walled, tmp_path
):
    stock = course(tmp_path / "stock", [*HONEST, "always", "drops"])
    done = nbgrader(stock, "autograde", kit.NAME)
    assert done.returncode == 0, done.stderr
    for student in HONEST:
        assert {key: mark for key, mark in marks(walled).items() if key[0] == student} == {
            key: mark for key, mark in marks(stock).items() if key[0] == student
        }
    assert autos(stock, "always") == autos(stock, "drops") == (2, 3)


def test_the_marks_are_those_of_cvgrade_run_which_then_has_nothing_to_do(walled, root, tmp_path):
    again = command.grade(root, kit.NAME, workers=2, stream=io.StringIO())
    assert (again.graded, again.failed) == (0, [])
    fresh = course(tmp_path / "fresh", CLASS, LINE)
    shutil.copytree(walled / "submitted" / "cut", fresh / "submitted" / "cut")
    done = command.grade(fresh, kit.NAME, workers=2, stream=io.StringIO())
    assert done.graded == len(CLASS) + 1
    assert marks(walled) == marks(fresh) == marks(root)


def test_no_hidden_test_and_no_value_of_one_is_in_what_formgrader_and_students_see(root):
    done = nbgrader(root, "generate_feedback", kit.NAME)
    assert done.returncode == 0, done.stderr
    pages = [*(root / "autograded").rglob("*.ipynb"), *(root / "feedback").rglob("*.html")]
    assert len(pages) == 2 * (len(CLASS) + 1)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "21.5" not in text
        assert "43.0" not in text
        assert "HIDDEN TESTS" not in text
    failed = (root / "autograded" / "wrong" / kit.NAME / f"{kit.NAME}.ipynb").read_text()
    assert "double(2) is 4" in failed


def test_marks_by_hand_survive_an_autograde_with_force(root):
    from nbgrader.api import Gradebook

    with Gradebook(kit.database(root), "numbers") as gradebook:
        gradebook.find_grade("why", kit.NAME, kit.NAME, "right").manual_score = 3.5
        gradebook.find_comment("why", kit.NAME, kit.NAME, "right").manual_comment = "Good."
        gradebook.db.commit()
    done = nbgrader(root, "autograde", kit.NAME, "--student", "right", "--force")
    assert done.returncode == 0, done.stderr
    assert marks(root)[("right", "why")][1] == 3.5
    with Gradebook(kit.database(root), "numbers") as gradebook:
        assert gradebook.find_comment("why", kit.NAME, kit.NAME, "right").comment == "Good."
        assert gradebook.find_submission(kit.NAME, "right").score == 8.5


def test_the_formgraders_button_is_behind_the_wall_too(root):
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.CourseDirectory.root = str(root)
    kit.write(root / "submitted" / "right" / kit.NAME / f"{kit.NAME}.ipynb", book(*ALWAYS))
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    said = api.autograde(kit.NAME, "right")
    assert said["success"], said
    assert autos(root, "right") == (0, 0)
    assert api.get_submission(kit.NAME, "right")["autograded"]


def test_where_there_is_no_wall_nothing_is_graded_and_it_says_why(root, tmp_path):
    before = marks(root)
    kit.write(root / "submitted" / "right" / kit.NAME / f"{kit.NAME}.ipynb", book(*CLASS["wrong"]))
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "bwrap").write_text("#!/bin/sh\necho 'no namespaces today' >&2\nexit 1\n")
    (broken / "bwrap").chmod(0o755)
    done = nbgrader(
        root,
        "autograde",
        kit.NAME,
        "--force",
        PATH=f"{broken}:{os.path.dirname(sys.executable)}:/usr/bin:/bin",
    )
    assert done.returncode != 0
    assert "nothing was graded" in done.stderr
    assert "no namespaces today" in done.stderr
    assert "Traceback" not in done.stderr
    assert marks(root) == before


def test_where_cvgrade_is_missing_nothing_runs_unprotected(root):
    config = root / "nbgrader_config.py"
    config.write_text(config.read_text().replace("cvgrade.seams", "cvgrade_is_not_here"))
    before = marks(root)
    done = nbgrader(root, "autograde", kit.NAME, "--force")
    assert done.returncode != 0
    assert "cvgrade_is_not_here" in done.stderr
    assert marks(root) == before


def test_a_link_in_a_submission_costs_that_student_only_and_is_followed_nowhere(root, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("nobody may read this")
    (root / "submitted" / "half" / kit.NAME / "data.txt").symlink_to(secret)
    kit.write(root / "submitted" / "wrong" / kit.NAME / f"{kit.NAME}.ipynb", book(*CLASS["right"]))
    for student in ("half", "wrong"):
        shutil.rmtree(root / "autograded" / student)
    done = nbgrader(root, "autograde", kit.NAME)
    assert done.returncode == 0, done.stderr
    assert "data.txt" in done.stderr
    assert not (root / "autograded" / "half").exists()
    assert autos(root, "wrong") == (2, 3)
    done = nbgrader(root, "autograde", kit.NAME, "--student", "half")
    assert done.returncode != 0


def test_two_autogrades_at_once_wait_for_each_other(root):
    for student in ("half", "right"):
        kit.write(root / "submitted" / student / kit.NAME / f"{kit.NAME}.ipynb", book(*CLASS["wrong"]))
    both = [
        start(root, "autograde", kit.NAME, "--student", student, "--force") for student in ("half", "right")
    ]
    for done in map(ended, both):
        assert done.returncode == 0, done.stderr
    assert autos(root, "half") == autos(root, "right") == (0, 0)


def test_no_execute_does_not_let_handed_in_outputs_count(root):
    done = nbgrader(root, "autograde", kit.NAME, "--student", "wrong", "--force", "--no-execute")
    assert done.returncode == 0, done.stderr
    assert autos(root, "wrong") == (0, 0)
