"""What was graded of an assignment, put together: the course, the run's records, the gradebook, the names."""

import contextlib
import json
from pathlib import Path

from cvgrade.intake.names import is_id
from cvgrade.intake.placing import RECORDS
from cvgrade.pages.marks import read_marks
from cvgrade.run.coursework import Course, RunError, Unit
from cvgrade.run.journal import Journal, journal_path


class Graded:
    """An assignment that was graded.

    Args:
        root: the course folder.
        name: of the assignment.
        db_url: of the gradebook; by default as nbgrader's configuration says.

    Attributes:
        course: `cvgrade.run.coursework.Course`.
        records: list of (student, notebook).
        marks: dict from (student, notebook) to `marks.Entry`.
        names: dict from student to the name that the LMS gave.

    Raises:
        RunError: if it is not released or nothing of it was graded.
        MarksError: if the gradebook cannot be read.
    """

    def __init__(self, root, name, db_url=None):
        from nbgrader.coursedir import CourseDirectory

        self.course = Course(root, name, db_url=db_url)
        self.root, self.name = self.course.root, name
        self.folders = CourseDirectory(config=self.course.config)
        file = self.course.db_url.partition("?")[0].removeprefix("sqlite:///")
        there = not self.course.db_url.startswith("sqlite:///") or Path(file).is_file()
        with self._journal() as journal:
            self.records = sorted(journal.current())
        if not self.records or not there:
            raise RunError(f"nothing of {name} was graded yet: run `cvgrade run {name}` first")
        self.marks = read_marks(self.course.db_url, self.course.course_id, name)
        self.names = self._names()

    def each(self, students=None):
        """(student, notebook, record), one at a time.

        Args:
            students: ids; by default all.
        """
        with self._journal() as journal:
            for (student, notebook), key in sorted(journal.current().items()):
                if students is None or student in students:
                    yield student, notebook, journal.get(key)

    def book(self, student, notebook):
        """The repaired notebook, and why it is not the one that was graded, or ""."""
        if not is_id(student):
            return None, "that is no student's id"
        if notebook not in self.course.books:
            return None, f"the assignment has no notebook {notebook} any more"
        if not (self.course.submitted / student / self.name).is_dir():
            return None, "it is in submitted/ no more"
        _, book, _, _ = self.course.job(Unit(student, notebook, ""))
        path = self.root / self.course.autograded / student / self.name / f"{notebook}.ipynb"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            graded = [_written(cell, cell["metadata"]) for cell in cells]
            now = [_written(cell, cell.metadata) for cell in book.cells]
            if [one for one in graded if one] != [one for one in now if one]:
                return None, f"it was handed in again since it was graded: run `cvgrade run {self.name}`"
        return book, ""

    def student(self, student, notebook):
        """(the student's name or "", `Entry` or None)."""
        entry = self.marks.get((student, notebook))
        return (entry.name if entry else "") or self.names.get(student, ""), entry

    def feedback(self, student, notebook):
        """Where a student's page of feedback lies, written or not."""
        return self.root / self.folders.feedback_directory / student / self.name / f"{notebook}.html"

    def _journal(self):
        return Journal(journal_path(self.root, self.name), write=False)

    def _names(self):
        path = self.root / RECORDS / "collect" / f"{self.name}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            collected = json.loads(path.read_text("utf-8"))["students"]
            return {one["student"]: str(one.get("name") or "") for one in collected}
        return {}


def _written(cell, metadata):
    """What the student wrote in a cell, or None where the instructor did."""
    marks = metadata.get("nbgrader", {})
    if marks.get("grade_id") and not marks.get("solution"):
        return None
    source = cell["source"]
    return cell["cell_type"], source if isinstance(source, str) else "".join(source)
