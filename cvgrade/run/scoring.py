"""What the value that a test cell ended in is worth."""

import math
import sys

from cvgrade.run import standin


def score_of(value, points):
    """(status, score, message, hint) of a test cell that came to its end with this value."""
    np = sys.modules.get("numpy")
    if value is None:
        return "passed", points, "", ""
    if standin.isinstance_of_standin(value):
        return "failed", 0.0, "The test ended in an object of your code where a score was expected.", ""
    if np is not None and isinstance(value, (np.floating, np.integer, np.bool_)):
        value = value.item()
    if type(value) is bool:
        if value:
            return "passed", points, "", ""
        return "failed", 0.0, "The test's last check is False.", ""
    if type(value) not in (int, float):
        return (
            "failed",
            0.0,
            "The test ended in something that is not a number where a score was expected.",
            "",
        )
    if not math.isfinite(value) or value < 0 or value > points:
        return "failed", 0.0, f"The test gave the score {value:g}, which is not between 0 and {points:g}.", ""
    return ("passed" if value == points else "failed"), float(value), "", ""
