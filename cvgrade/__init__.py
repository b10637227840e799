"""cvgrade: build, release and grade notebook assignments, on nbgrader.

It knows no vision: a course on another subject can use it as it is.
"""

__version__ = "0.1.0"
