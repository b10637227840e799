"""Assertions for students: silent on success, and on failure a message that teaches.

A failed check says what was tested, on which input, what kind of value was expected (never the value), what
came, the likely cause, and where to read. Nothing here imports TensorFlow, and nothing is written to stderr.

Example:
    >>> from cvlib import check
    >>> with check.question("Output size", read="lesson 03"):
    ...     check.same_function(lambda n, k: n - k + 1, lambda n, k: n - k + 1, [(28, 5), (9, 3)])
"""

from cvlib.check.artefacts import masks_file, predictions_file
from cvlib.check.exercise import answer
from cvlib.check.found_boxes import detections_file
from cvlib.check.framing import question, quiet
from cvlib.check.functions import raises, same_function
from cvlib.check.models import model
from cvlib.check.report import CheckFailed
from cvlib.check.values import at_least, close, dtype, shape, within

__all__ = [
    "CheckFailed",
    "answer",
    "at_least",
    "close",
    "detections_file",
    "dtype",
    "masks_file",
    "model",
    "predictions_file",
    "question",
    "quiet",
    "raises",
    "same_function",
    "shape",
    "within",
]
