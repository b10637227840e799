"""The nbgrader course: `nbgrader` and `cvgrade` read this."""

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import ClearHiddenTests, GetGrades

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "computer-vision"
c.Execute.timeout = 180  # seconds for a cell: the first one imports TensorFlow
# Hidden tests stay hidden on the feedback pages.
c.GenerateFeedback.preprocessors = [GetGrades, ClearHiddenTests, CSSHTMLHeaderPreprocessor]
