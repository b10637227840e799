"""The nbgrader course: `nbgrader` and `cvgrade` read this.

Nothing is imported here: classes are named as text. Where an import fails nbgrader passes over the whole file
with a line in its log, and would run submissions unprotected; where such a class is missing it stops.
"""

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "computer-vision"
c.Execute.timeout = 180  # seconds for a cell: the first one imports TensorFlow, perhaps on a busy machine
# `nbgrader autograde` and formgrader's Autograde button run submissions behind cvgrade's wall.
c.Autograde.exporter_class = "cvgrade.seams.Walled"
# Hidden tests stay hidden on the feedback pages, in cells and in tracebacks.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "nbgrader.preprocessors.ClearHiddenTests",
    "cvgrade.preprocessors.ShortErrors",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
