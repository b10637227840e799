"""What stock nbgrader gives for the attacks that can be run under it without harm; kept in a small file.

`NBGRADER=1 make attack` measures anew: one course, one student for each attack, `nbgrader autograde`.
"""

import datetime
import json
import os
import platform
import re
import sys
import tempfile
from pathlib import Path

import attack_list as attacks
import nbformat

HERE = Path(__file__).parent
KEPT = HERE / "nbgrader.json"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "attacks"\nc.ExecutePreprocessor.timeout = 60\n'


def read():
    """The results that were kept: dict with `nbgrader`, `python`, `date`, `wrong` and `attacks`."""
    return json.loads(KEPT.read_text(encoding="utf-8"))


def measure(say=print):
    """Run nbgrader on every attack in `attack_list.SUBMISSIONS` and on attack 12, and keep what it gave."""
    import nbgrader

    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            found, wrong = _grade(Path(folder), say)
        finally:
            os.chdir(before)
    kept = {
        "nbgrader": nbgrader.__version__,
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
        "full": attacks.FULL,
        "wrong": wrong,
        "attacks": {str(number): text for number, text in sorted(found.items())},
    }
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return kept


def _grade(root, say):
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    (root / "nbgrader_config.py").write_text(CONFIG)
    _write(root / "source" / "hw" / "hw.ipynb", attacks.source())
    _write(root / "source" / "net" / "net.ipynb", attacks.keras_source())
    api = NbGraderAPI(CourseDirectory(root=str(root), course_id="attacks"))
    for name in ("hw", "net"):
        done = api.generate_assignment(name)
        assert done["success"], done.get("log")
    _hand_in(root, "hw", "wrong", attacks.WRONG)
    wrong = _marks(api, root, "hw", "wrong", say)[0]
    found = {}
    for number, variants in attacks.SUBMISSIONS.items():
        best = None
        for index, (answer, files) in enumerate(variants.values()):
            student = f"a{number}_{index}"
            _hand_in(root, "hw", student, answer, files)
            marks, printed = _marks(api, root, "hw", student, say)
            if best is None or (marks is not None and (best[0] is None or marks > best[0])):
                best = marks, printed
        found[number] = _said(best[0], attacks.FULL)
        if number == 22:
            found[number] = "the hidden test is printed" if best[1] else "not printed"
    best = None
    for index, cheat in enumerate(attacks.KERAS_CHEATS.values()):
        _hand_in(root, "net", f"k{index}", f"{attacks.KERAS_BUILD}\n{cheat}")
        marks = _marks(api, root, "net", f"k{index}", say)[0]
        best = marks if best is None or (marks or 0) > best else best
    found[12] = _said(best, len(attacks.KERAS_TESTS))
    return found, wrong


def _said(marks, full):
    return "not graded" if marks is None else f"{marks:.4g} of {full:g}"


def _hand_in(root, name, student, answer, files=None):
    book = nbformat.read(root / "release" / name / f"{name}.ipynb", 4)
    for cell in book.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "q":
            cell.source = answer
    folder = root / "submitted" / student / name
    _write(folder / f"{name}.ipynb", book)
    for file, text in (files or {}).items():
        (folder / file).write_text(text)


def _marks(api, root, name, student, say):
    """Marks, or None where nbgrader gives up; and whether the hidden test stands in what it printed."""
    api.autograde(name, student, force=True, create=True)
    path = root / "autograded" / student / name / f"{name}.ipynb"
    marks, printed = None, False
    with api.gradebook as gradebook:
        if path.exists():
            marks = gradebook.find_submission(name, student).score
            outputs = str([cell.get("outputs", []) for cell in nbformat.read(path, 4).cells])
            printed = attacks.HIDDEN_LINE in re.sub(r"(\x1b|\\x1b)\[[0-9;]*m", "", outputs)
    say(f"nbgrader: {name} {student}: {_said(marks, 0) if marks is None else marks}")
    return marks, printed


def _write(path, book):
    path.parent.mkdir(parents=True, exist_ok=True)
    book.metadata["kernelspec"] = KERNEL
    path.write_text(nbformat.writes(book), encoding="utf-8")
