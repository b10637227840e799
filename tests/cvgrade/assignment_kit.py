"""The course's own assignments, for tests of what they promise."""

from pathlib import Path

ASSIGNMENTS = Path(__file__).resolve().parents[2] / "assignments"
NAMES = sorted(path.parent.name for path in (ASSIGNMENTS / "src").glob("*/notebook.py"))


def graded_cells(source):
    return {
        cell.metadata["nbgrader"]["grade_id"]: cell
        for cell in source.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
