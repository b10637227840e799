"""The nbgrader course: `nbgrader` and `cvgrade` read this."""

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import ClearHiddenTests, GetGrades

from cvgrade.preprocessors import ShortErrors

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "computer-vision"
c.Execute.timeout = 180  # seconds for a cell: the first one imports TensorFlow, perhaps on a busy machine
# Hidden tests stay hidden on the feedback pages, in cells and in tracebacks.
c.GenerateFeedback.preprocessors = [GetGrades, ClearHiddenTests, ShortErrors, CSSHTMLHeaderPreprocessor]
