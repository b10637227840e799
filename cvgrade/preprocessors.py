"""What a feedback page keeps to itself: hidden tests, in cells and in tracebacks."""

from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor


class ShortErrors(NbGraderPreprocessor):
    """Show a failed test's message without the traceback, which would print lines of hidden tests.

    It goes into `c.GenerateFeedback.preprocessors` beside nbgrader's `ClearHiddenTests`. Errors in the
    student's own cells keep their tracebacks.
    """

    def preprocess_cell(self, cell, resources, index):
        """Shorten the errors of one cell; nbconvert calls this for each."""
        if cell.cell_type == "code" and utils.is_grade(cell):
            for output in cell.outputs:
                if output.output_type == "error" and any("Traceback" in line for line in output.traceback):
                    output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources
