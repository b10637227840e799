"""Honest work gets the same marks behind the wall as under stock `nbgrader autograde`."""

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
NAME = kit.NAME
SOLUTIONS = {
    "mean": "def mean(x):\n    return np.mean(x)",
    "stack": "class Stack:\n    def __init__(self):\n        self.items = []\n    def push(self, one):\n"
    "        self.items.append(one)\n    def pop(self):\n        return self.items.pop()\n"
    "    def __len__(self):\n        return len(self.items)",
    "evens": "def evens():\n    number = 0\n    while True:\n        yield number\n        number += 2",
    "grid": "grid = np.arange(6.0).reshape(2, 3)",
    "apply": "def apply(function, values):\n    return [function(value) for value in values]",
}
TESTS = {
    "mean": "assert np.isclose(mean([1, 2, 6]), 3)\nassert mean(np.ones(4)) == 1\n"
    "### BEGIN HIDDEN TESTS\ntry:\n    mean('text')\nexcept (TypeError, ValueError):\n    pass\n"
    "else:\n    raise AssertionError('text has no mean')\n### END HIDDEN TESTS",
    "stack": "stack = Stack()\nstack.push(1)\nstack.push('two')\nassert len(stack) == 2\n"
    "assert stack.pop() == 'two'\nassert stack.items == [1]\n"
    "### BEGIN HIDDEN TESTS\nstack.pop()\ntry:\n    stack.pop()\nexcept IndexError:\n    pass\n"
    "else:\n    raise AssertionError('an empty stack pops nothing')\n### END HIDDEN TESTS",
    "evens": "import itertools\nassert list(itertools.islice(evens(), 4)) == [0, 2, 4, 6]",
    "grid": "assert grid.shape == (2, 3)\nassert grid.sum() == 15\nassert grid[1, 2] == 5",
    # Points in part: the share of the cases that are right.
    "apply": "right = [apply(abs, [-1]) == [1], apply(len, ['a', 'bc']) == [1, 2], apply(str, []) == []]\n"
    "sum(right) / len(right) * 3",
}
POINTS = {"mean": 2, "stack": 2, "evens": 1, "grid": 1, "apply": 3}
CLASS = {
    "solution": {},
    "otherwise": {
        "mean": "def mean(x):\n    total = 0.0\n    for count, value in enumerate(x, 1):\n"
        "        total += value\n    return total / count",
        "stack": "class Stack(list):\n    push = list.append\n    items = property(list)",
        "evens": "import itertools\n\ndef evens():\n    return itertools.count(0, 2)",
        "grid": "grid = np.array([[0, 1, 2], [3, 4, 5]], dtype='float32')",
        "apply": "apply = lambda function, values: list(map(function, values))",
    },
    "in_part": {
        "mean": "def mean(x):\n    return sum(x) // len(x)",
        "stack": "class Stack:\n    def __init__(self):\n        self.items = [0]\n"
        "    def push(self, one):\n        self.items.append(one)\n    def pop(self):\n"
        "        return self.items.pop()\n    def __len__(self):\n        return len(self.items)",
        "evens": "def evens():\n    yield from (0, 2, 4)",
        "grid": "grid = np.arange(6.0)",
        "apply": "def apply(function, values):\n    return [function(value) for value in values[:1]]",
    },
    "raises": {
        "mean": "def mean(x):\n    raise RuntimeError('not today')",
        "grid": "grid = undefined_name",
        "evens": "def evens(:\n    pass",
    },
    "prints": {"mean": "print('working')\ndef mean(x):\n    print('called')\n    return np.mean(x)"},
    "untouched": None,
}


def source():
    book = nbformat.v4.new_notebook(metadata={"kernelspec": kit.KERNEL})
    book.cells = [kit.cell("import numpy as np", "setup", "locked")]
    for name, answer in SOLUTIONS.items():
        book.cells += [
            kit.cell(f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION", name, "answer"),
            kit.cell(TESTS[name], f"{name}_test", "test", POINTS[name]),
        ]
    book.cells.append(kit.cell("YOUR ANSWER HERE", "why", "manual", 4, markdown=True))
    return book


def nbgrader(root, *words):
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    line = [sys.executable, "-m", "nbgrader", *words]
    done = subprocess.run(
        line, cwd=root, env={**kit.environment(), "PATH": path}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def test_honest_notebooks_get_the_same_marks_from_stock_nbgrader_and_behind_the_wall(tmp_path):
    root = tmp_path / "stock"
    kit.write(root / "source" / NAME / f"{NAME}.ipynb", source())
    (root / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "numbers"\n')
    nbgrader(root, "generate_assignment", NAME)
    for student, answers in CLASS.items():
        book = nbformat.read(root / "release" / NAME / f"{NAME}.ipynb", as_version=4)
        for one in book.cells if answers is not None else ():
            name = one.metadata["nbgrader"]["grade_id"]
            one.source = {**SOLUTIONS, **answers, "why": f"Because {student}."}.get(name, one.source)
        kit.write(root / "submitted" / student / NAME / f"{NAME}.ipynb", book)
    ours = shutil.copytree(root, tmp_path / "ours")
    nbgrader(root, "autograde", NAME)
    summary = command.grade(ours, NAME, workers=2, stream=io.StringIO())
    assert (summary.graded, summary.failed) == (len(CLASS), [])
    theirs, marks = kit.marks(kit.database(root)), kit.marks(kit.database(ours))
    assert marks == theirs
    scores = {
        student: sum(mark[0] or 0 for (who, _), mark in marks.items() if who == student) for student in CLASS
    }
    assert scores["solution"] == scores["prints"] == scores["otherwise"] == sum(POINTS.values())
    assert scores["untouched"] == 0
    assert 0 < scores["in_part"] < scores["raises"] < scores["solution"]
