"""From a result to what a gradebook holds and formgrader shows: sound scores, and the graded notebook."""

import copy
import math
import re

import nbformat

PICTURES = ("image/png", "image/jpeg", "image/gif")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")


def sound_scores(result, points):
    """Scores that can stand in a gradebook: anything else is 0, and says why.

    Args:
        result: `Result`.
        points: dict from grade id to the most points, from the gradebook.

    Returns:
        Dict from each grade id of `points` to (score, reason or ""), and the list of reasons.
    """
    verdicts, twice = {}, set()
    for verdict in result.verdicts:
        if verdict.grade_id in verdicts:
            twice.add(verdict.grade_id)
        verdicts[verdict.grade_id] = verdict
    scores = {}
    for name, most in points.items():
        verdict, reason, score = verdicts.get(name), "", 0.0
        if verdict is None:
            reason = "it was not judged"
        elif name in twice:
            reason = "it was judged more than once"
        elif isinstance(verdict.score, bool) or not isinstance(verdict.score, (int, float)):
            reason = f"the score was no number but {type(verdict.score).__name__}"
        elif not math.isfinite(verdict.score):
            reason = f"the score was {verdict.score}"
        elif verdict.score < 0:
            reason = f"the score was negative ({verdict.score:g})"
        elif verdict.score > most:
            reason = f"the score was {verdict.score:g} of {most:g} points"
        elif verdict.status not in ("passed", "failed", "manual") and verdict.score:
            reason = f"its test did not reach its end ({verdict.status})"
        else:
            score = float(verdict.score)
        scores[name] = score, reason
    return scores, [f"{name}: {reason}; 0 points" for name, (_, reason) in scores.items() if reason]


def filled_in(book, result, scores):
    """The graded notebook: the student's outputs, and under each test what became of it.

    Args:
        book: the repaired notebook.
        result: `Result`.
        scores: as `sound_scores` gives them.

    Returns:
        A notebook, nbformat.
    """
    book = copy.deepcopy(book)
    verdicts = {verdict.grade_id: verdict for verdict in result.verdicts}
    count = 0
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        marks = cell.metadata.get("nbgrader", {})
        name = marks.get("grade_id")
        outputs = result.outputs.get(cell.get("id")) or result.outputs.get(name) or []
        cell.outputs = [nbformat.from_dict(_inert(output)) for output in outputs]
        if marks.get("grade") and not marks.get("solution"):
            cell.outputs = _said(verdicts.get(name), scores.get(name, (0.0, "")), marks.get("points", 0))
    return book


def _inert(output):
    """An output without what a browser would run: formgrader shows notebooks as they are, in your session."""
    if "data" not in output:
        return output
    kept = {
        kind: value
        for kind, value in output["data"].items()
        if kind == "text/plain" or (kind in PICTURES and isinstance(value, str) and BASE64.fullmatch(value))
    }
    if not kept:
        kept = {"text/plain": f"(not shown here: {', '.join(sorted(map(str, output['data'])))[:200]})"}
    return {**output, "data": kept, "metadata": {}}


def _said(verdict, score, points):
    """Outputs under a test: nothing where it passed, an error with the check's words where it did not."""
    got, reason = score
    if verdict is None or reason:
        return [_error("NotJudged", reason or "it was not judged")]
    if verdict.status == "passed" and got == points:
        return []
    words = "\n".join(part for part in (verdict.message, verdict.hint) if part) or verdict.status
    if verdict.status == "passed":
        return [
            nbformat.v4.new_output("stream", name="stdout", text=f"{got:g} of {points:g} points. {words}\n")
        ]
    return [_error(verdict.status.replace("_", " ").capitalize(), words)]


def _error(name, words):
    return nbformat.v4.new_output("error", ename=name, evalue=words, traceback=[f"{name}: {words}"])
