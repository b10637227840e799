"""Jobs out of notebooks: whose cell is it, whose name is it."""

import ast
import json

import pytest

from cvgrade.run.names import names_of
from cvgrade.run.ownership import divide
from cvgrade.run.plan import Job, Limits, Result, Verdict, find_libraries, plan, read_files

ANALYSED = {
    "x = y + 1": ({"x"}, {"y"}, set()),
    "import numpy as np, os.path": ({"np", "os"}, set(), set()),
    "from a import b as c": ({"c"}, set(), set()),
    "def f(a, b=c):\n    return a + g(d)": ({"f"}, {"c"}, {"g", "d"}),
    "class A(B):\n    x = y\n    def f(self): return z": ({"A"}, {"B", "y"}, {"z"}),
    "x = [i for i in y if i in z]": ({"x"}, {"y", "z"}, set()),
    "for i in x:\n    print(i)": ({"i"}, {"x"}, set()),
    "with a as b:\n    c = b": ({"b", "c"}, {"a"}, set()),
    "x += 1": ({"x"}, {"x"}, set()),
    "f = lambda a: a + b": ({"f"}, set(), {"b"}),
    "x, (y, *z) = w": ({"x", "y", "z"}, {"w"}, set()),
    "def f():\n    global n\n    n = 1": ({"f", "n"}, set(), set()),
    "(m := 3)": ({"m"}, set(), set()),
    "print(len('a'))": (set(), set(), set()),
}


@pytest.mark.parametrize("source", ANALYSED)
def test_names_are_found_without_running(source):
    bound, loaded, later = ANALYSED[source]
    found = names_of(ast.parse(source))
    assert (found.bound, found.loaded, found.later) == (bound, loaded, later)


def test_changes_in_place_are_seen():
    found = names_of(ast.parse("a[0] = 1\nb.x = 2\nc.append(3)\nd.e.f(4)\ndef g():\n    h.pop()\nk.read()"))
    assert found.changed == {"a", "b", "c", "d", "h", "k"}


def test_the_instructors_text_replaces_the_students(book):
    source = book(
        ("free", "imports", "import numpy as np"),
        ("locked", "setup", "A = 1"),
        ("solution", "q", "x = 1"),
        ("test", "t", "assert x == 1", 2),
    )
    submission = book(
        ("free", "imports", "import numpy as np\nhelper = 1"),
        ("locked", "setup", "A = 99"),
        ("solution", "q", "x = 2"),
        ("free", "mine", "y = 5"),
        ("test", "t", "assert True", 99),
        ("test", "forged", "assert True", 99),
    )
    job = plan(source, submission, "amara", "hw")
    assert [(step.kind, step.source) for step in job.steps] == [
        ("student", "import numpy as np\nhelper = 1"),
        ("locked", "A = 1"),
        ("student", "x = 2"),
        ("student", "y = 5"),
        ("test", "assert x == 1"),
        ("student", "assert True"),
    ]
    assert [step.points for step in job.steps if step.kind == "test"] == [2]
    assert job.imports == "import numpy as np"


def test_a_missing_answer_and_a_missing_test_are_there_all_the_same(book):
    source = book(("solution", "q", "x = 1"), ("test", "t", "assert x == 1", 2))
    job = plan(source, book(), "amara")
    assert [(step.kind, step.source) for step in job.steps] == [("student", ""), ("test", "assert x == 1")]


def owners(book, *cells):
    """The names that are the student's at the end, and the statements that the tester runs."""
    source = book(*cells)
    job = plan(source, source, "amara")
    division = divide(job)
    students = set()
    for part in division.parts:
        students |= part.taken
    return students, [ast.unparse(statement) for part in division.parts for statement in part.trusted]


def test_solutions_are_the_students_and_locked_text_the_testers(book):
    students, trusted = owners(
        book,
        ("locked", "a", "import numpy as np\nN = 3\nunused = slow()\ndef helper(x): return model.f(x) + N"),
        ("solution", "q", "import os\nmodel = build(N)\nnp.random.seed(0)"),
        ("locked", "b", "prediction = model.predict(N)"),
        ("test", "t", "assert helper(prediction) == 1\nos.getcwd()", 1),
    )
    assert students == {"model", "prediction"}
    assert trusted == ["import numpy as np", "N = 3", "def helper(x):\n    return model.f(x) + N"]


def test_a_locked_list_that_the_solution_fills_is_the_students(book):
    students, _ = owners(
        book,
        ("locked", "a", "results = {}\nkept = []"),
        ("solution", "q", "results['a'] = 1\nopen('x').read()\nprint('x')"),
        ("test", "t", "assert results and not kept", 1),
    )
    assert students == {"results"}


def test_builtins_cannot_become_the_students_by_use(book):
    students, _ = owners(
        book, ("solution", "q", "open('a').write('b')\nprint.x = 3"), ("test", "t", "open('a')", 1)
    )
    assert students == set()


def test_jobs_and_results_survive_json(book):
    source = book(("solution", "q", "x = 1"), ("test", "t", "assert x == 1", 2))
    limits = Limits(cell_seconds=3)
    job = plan(
        source, source, "amara", files={"a/b.bin": bytes(range(256))}, given=("a/b.bin",), limits=limits
    )
    assert Job.from_json(json.loads(json.dumps(job.to_json()))) == job
    result = Result(
        "amara", "hw", (Verdict("t", 2, 1.5, "failed", "m", "h", 0.1),), {"q": []}, ("note",), 1.0
    )
    assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_libraries_are_found_in_the_text(book):
    assert find_libraries(book(("free", "a", "import numpy as np\nfrom tensorflow import keras"))) == (
        "numpy",
        "tensorflow",
        "keras",
    )


def test_links_in_a_folder_are_not_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("a")
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    assert read_files(tmp_path) == {"real/a.txt": b"a"}
    with pytest.raises(ValueError, match="more than"):
        read_files(tmp_path, most_bytes=0)
