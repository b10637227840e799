"""A student's page: marks, what failed and why, what was repaired, and their own code with its outputs."""

from dataclasses import dataclass, field
from functools import lru_cache

from markupsafe import Markup

from cvgrade.intake.changes import KINDS
from cvgrade.pages import code, outputs, sanitise, words
from cvgrade.pages.book import pretty, sections
from cvgrade.pages.marks import Entry
from cvgrade.pages.page import render
from cvgrade.pages.pictures import Pictures
from cvgrade.pages.terminal import cut, visible
from cvgrade.run.plan import Result

MOST_CELLS = 300  # of a student's own in one question


@dataclass
class Check:
    """What one graded cell got.

    Attributes:
        name: for people.
        most: points possible.
        score: points got, or None while it waits for a person.
        tone: "good", "part", "bad" or "wait".
        state: in two or three words.
        said: `words.Said`.
        note: a sentence about a mark by hand, or "".
    """

    name: str
    most: float
    score: float | None
    tone: str
    state: str
    said: object
    note: str = ""


@dataclass
class Block:
    """A cell as it is shown: its heading, its text as HTML, its outputs; `kind` as in `book.Part`."""

    kind: str
    title: str
    html: object
    outputs: list = field(default_factory=list)
    comment: str = ""


@dataclass
class Shown:
    """A question as it is shown."""

    title: str
    anchor: str
    checks: list
    asked: list
    blocks: list
    tests: list
    comments: list

    @property
    def most(self):
        """Points possible."""
        return sum(check.most for check in self.checks)

    @property
    def score(self):
        """Points got so far."""
        return sum(check.score or 0 for check in self.checks)

    @property
    def waiting(self):
        """Whether a part of it waits for a person."""
        return any(check.score is None for check in self.checks)

    @property
    def tone(self):
        """The class of its bar."""
        if self.waiting:
            return "wait"
        return "good" if self.score >= self.most else "part" if self.score > 0 else "bad"


def page(assignment, student, book, release, record, entry=None, name=""):
    """A student's feedback as the text of an HTML file.

    Args:
        assignment: its name.
        student: the student's id.
        book: the repaired notebook.
        release: the released notebook; what students were given is taken from here only.
        record: of the run, as `cvgrade.run.command.read_records` gives it.
        entry: `marks.Entry` of the gradebook, or None.
        name: of the student; by default as the gradebook has it, else the id.
    """
    result, entry = Result.from_json(record["result"]), entry or Entry()
    pictures = Pictures()
    title, parts = sections(book, release)
    verdicts = {verdict.grade_id: verdict for verdict in result.verdicts}
    shown = [
        _section(part, verdicts, result, entry, pictures, set(record.get("answered", ()))) for part in parts
    ]
    questions = [one for one in shown if one.checks]
    most, score = sum(one.most for one in questions), sum(one.score for one in questions)
    final = max(0.0, score - entry.penalty)
    return render(
        "feedback.html",
        assignment=assignment,
        title=title or assignment,
        student=visible(name or entry.name or student),
        student_id=visible(student),
        questions=questions,
        rest=[one for one in shown if not one.checks and any(b.kind != "asked" for b in one.blocks)],
        most=most,
        score=score,
        final=final,
        share=final / most if most else 0,
        penalty=entry.penalty,
        late=words.length(entry.late) if entry.late else "",
        time=f"{entry.time:%d %B %Y, %H:%M} UTC" if entry.time else "",
        waiting=any(one.waiting for one in questions),
        changes=_changes(record),
        unclear=[_words(one.get("message")) for one in record.get("questions", ())],
        refused=_words(record.get("refused")),
        left_out=pictures.left_out,
        counts=_counts(questions),
    )


def _section(part, verdicts, result, entry, pictures, answered):
    checks = [_check(name, verdicts.get(name), entry, len(part.graded), answered) for name in part.graded]
    made = Shown(part.title, part.anchor, checks, [], [], [], [])
    for one in part.parts[:MOST_CELLS]:
        cell = one.cell
        if one.kind == "asked":
            made.asked.append(_asked(cell, pictures))
        elif one.kind == "test":
            made.tests.append((pretty(one.grade_id), _given_code(cell.source)))
        else:
            made.blocks.append(_block(one, result, pictures))
        if one.grade_id in entry.comments:
            made.comments.append(visible(cut(entry.comments[one.grade_id], 10_000, 200)))
    more = len(part.parts) - MOST_CELLS
    if more > 0:
        made.blocks.append(Block("note", f"{more:,} more cells are not shown", ""))
    return made


def _asked(cell, pictures):
    """The assignment's text; the same for the whole class, where it holds no pictures."""
    if "data:" in cell.source or cell.get("attachments"):
        return sanitise.markdown(cell.source, pictures, cell.get("attachments"))
    return _given_text(cell.source)


@lru_cache(maxsize=256)
def _given_text(source):
    return sanitise.markdown(source, Pictures(0))


@lru_cache(maxsize=256)
def _given_code(source):
    return code.as_html(source)


def _block(part, result, pictures):
    cell, title = part.cell, {"answer": "Your answer", "own": "Your own cell"}.get(part.kind, "Given code")
    if cell.cell_type != "code":
        text = sanitise.markdown(cell.source, pictures, cell.get("attachments"))
        return Block(part.kind, title, Markup('<div class="prose">{}</div>').format(text))
    made = result.outputs.get(cell.get("id")) or result.outputs.get(part.grade_id) or []
    html = Markup('<pre class="code" tabindex="0"><code>{}</code></pre>').format(code.as_html(cell.source))
    return Block(part.kind, title, html, outputs.as_html(made, pictures))


def _check(grade_id, verdict, entry, siblings, answered):
    mark = entry.marks.get(grade_id)
    most = mark.most if mark else verdict.points if verdict else 0.0
    said = words.read(verdict.message, verdict.hint) if verdict else words.Said()
    auto = verdict.score if verdict else 0.0
    manual = verdict is not None and verdict.status == "manual"
    tone, state = words.STATES[verdict.status] if verdict else ("bad", "Not run")
    score = (mark.score if mark else None) if manual or mark else auto
    note = ""
    if mark and mark.manual is not None:
        tone = "good" if score >= most else "part" if score > 0 else "bad"
        if not manual and auto != mark.manual:
            note = f"The tests gave {words.number(auto)}; a person gave {words.number(mark.manual)}."
        state = "Marked by hand"
    elif score is None or (manual and mark and mark.waiting):
        tone, state, score = *words.STATES["manual"], None
    elif manual:
        tone, state = "bad", "No response"
    elif tone == "good" and score < most:
        tone, state = ("part", "Partly") if score > 0 else ("bad", "Not accepted")
    if mark and mark.extra:
        note = f"{note} With {words.number(mark.extra)} extra.".strip()
    name = pretty(grade_id) if siblings > 1 else ""
    return Check(name, most, score, tone, state, said, note)


def _changes(record):
    """What was put right: (what kind it is, sentence, the student's text that is no longer there)."""
    return [
        (KINDS.get(one.get("kind"), ""), _words(one.get("message")), visible(cut(one.get("text") or "")))
        for one in record.get("changes", ())
    ]


def _counts(questions):
    tones = [one.tone for one in questions]
    told = (
        ("good", "with all points"),
        ("part", "with some"),
        ("bad", "with none"),
        ("wait", "to be marked"),
    )
    return [(tones.count(tone), text) for tone, text in told if tones.count(tone)]


def _words(text):
    return visible(cut(text or "", 2_000, 20))
