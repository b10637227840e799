"""The instructor's page: marks, questions, the commonest hints, who needs a look, time per submission."""

import os
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from cvgrade.pages import charts, items, words
from cvgrade.pages.book import pretty, sections
from cvgrade.pages.page import render
from cvgrade.pages.terminal import cut, visible

FEW = 20  # submissions: below, discrimination is mostly chance
LEAST_APART = 0.2
MOST_HINTS = 4
MOST_LISTED = 200
SLOWEST = 8
BAD = {"timeout": "timed out", "crashed": "crashed", "tampered": "tampered with", "not_run": "not run"}


@dataclass
class Student:
    """One submission, reduced to what the page needs.

    Attributes:
        id: the student's.
        name: or the id.
        scores: dict from question to points, None while it waits for a person.
        penalty: points taken off.
        seconds: wall time of the run.
        memory: MB.
        tags: list of (class, words): why it needs a look.
        notes: sentences.
        link: address of the feedback from the page, or "".
    """

    id: str
    name: str
    scores: dict
    penalty: float = 0.0
    seconds: float = 0.0
    memory: float = 0.0
    tags: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    link: str = ""

    @property
    def pressing(self):
        """Whether a person should look at it before all others: it does more than wait for its marks."""
        return bool(self.notes) or any(tone != "wait" for tone, _ in self.tags)

    @property
    def total(self):
        """The mark so far."""
        return max(0.0, sum(score or 0 for score in self.scores.values()) - self.penalty)


@dataclass
class Question:
    """One graded cell over the class: its place, its `items.Item`, what failed submissions were told."""

    key: tuple
    title: str
    label: str
    most: float
    item: object = None
    waiting: int = 0
    hints: list = field(default_factory=list)
    remark: str = ""

    @property
    def tone(self):
        """The class of its bar."""
        return charts.tone(self.item.share or 0)


class Told:
    """Counts what submissions without all points were told about one question."""

    def __init__(self):
        self.counts, self.problems = Counter(), {}

    def add(self, verdict, most):
        """Count a verdict's hint, or its problem where it has none."""
        if not verdict or verdict["status"] == "manual" or verdict["score"] >= most:
            return
        said = words.read(verdict.get("message") or "", verdict.get("hint") or "")
        problem = cut(said.problem.partition("\n")[0], 240, 3)
        text = cut(said.hint, 240, 3) or problem or words.STATES[verdict["status"]][1]
        self.counts[text] += 1
        self.problems.setdefault(text, problem if problem != text else "")

    def common(self):
        """List of (text, the first problem that it was told for, how often), the commonest first."""
        return [(text, self.problems[text], count) for text, count in self.counts.most_common(MOST_HINTS)]


def page(graded, folder=None):
    """The report as the text of an HTML file.

    Args:
        graded: `records.Graded`.
        folder: where the file will lie, by default `report/` in the course folder: students are linked to the
            feedback that is there.
    """
    folder = Path(folder or graded.root / "report").resolve()
    asked = _questions(graded)
    students, hints, versions = _read(graded, asked, folder)
    found = items.statistics(
        [one.scores for one in students.values()], {key: one.most for key, one in asked.items()}
    )
    for key, question in asked.items():
        question.item = found[key]
        question.waiting = sum(one.scores.get(key) is None for one in students.values())
        question.hints = hints[key].common()
        question.remark = _remark(question)
    people = list(students.values())
    totals, most = [one.total for one in people], sum(one.most for one in asked.values())
    questions, seconds = list(asked.values()), [one.seconds for one in people]
    counted, timed = charts.bins(totals, most), charts.bins(seconds, count=12)
    look = sorted((one for one in people if one.pressing), key=_urgency)
    wait = [one for one in people if one.tags and not one.pressing]
    return render(
        "report.html",
        assignment=graded.name,
        count=len(people),
        few=len(people) < FEW,
        most=most,
        mean=statistics.fmean(totals),
        middle=statistics.median(totals),
        spread=statistics.pstdev(totals),
        waiting=sum(any(tag == "wait" for tag, _ in one.tags) for one in people),
        penalised=sum(one.penalty > 0 for one in people),
        counted=counted,
        marks_chart=charts.histogram(
            counted,
            _marks_words(totals, most),
            f"points, of {words.number(most)}",
            [(statistics.fmean(totals), f"mean {words.number(statistics.fmean(totals))}")],
        ),
        questions=questions,
        questions_chart=charts.questions(
            [(one.label, one.item.share, one.item.apart) for one in questions],
            f"For each of {len(questions)} questions the share of points got, and how well it tells strong "
            "from weak submissions. The table below has the numbers.",
        ),
        timed=timed,
        time_chart=charts.histogram(
            timed,
            f"Number of submissions by seconds of grading; the median is {statistics.median(seconds):.1f} s.",
            "seconds for one submission",
            [(statistics.median(seconds), f"median {statistics.median(seconds):.1f} s")],
        ),
        middle_time=statistics.median(seconds),
        all_time=words.length(sum(seconds)),
        memory=max((one.memory for one in people), default=0),
        slowest=sorted(people, key=lambda one: -one.seconds)[:SLOWEST],
        look=look[:MOST_LISTED],
        more=len(look) - MOST_LISTED,
        wait=wait[:MOST_LISTED],
        more_wait=len(wait) - MOST_LISTED,
        people=sorted(people, key=lambda one: (-one.total, one.name)),
        versions=sorted(versions.items()),
    )


def _questions(graded):
    """Dict from (notebook, grade id) to `Question`, in the order of the notebooks."""
    found = {}
    for notebook, release in graded.course.releases.items():
        source = {
            cell.metadata["nbgrader"]["grade_id"]: float(cell.metadata["nbgrader"].get("points", 0) or 0)
            for cell in graded.course.sources[notebook].cells
            if cell.metadata.get("nbgrader", {}).get("grade_id")
        }
        for section in sections(release, release)[1]:
            for grade_id in section.graded:
                own = pretty(grade_id)
                title = f"{section.title}: {own}" if len(section.graded) > 1 else section.title
                if len(graded.course.releases) > 1:
                    title = f"{notebook}: {title}"
                key = notebook, grade_id
                label = own if len(section.graded) > 1 else section.title
                found[key] = Question(key, visible(title), visible(label), source.get(grade_id, 0.0))
    return found


def _read(graded, asked, folder):
    """(dict of `Student`, dict from question to `Told`, versions)."""
    students, hints, versions = {}, {key: Told() for key in asked}, {}
    for who, notebook, record in graded.each():
        name, entry = graded.student(who, notebook)
        result = record["result"]
        one = students.setdefault(who, Student(visible(who), visible(name or who), {}))
        if not one.link and graded.feedback(who, notebook).is_file():
            one.link = quote(os.path.relpath(graded.feedback(who, notebook), folder))
        one.seconds += float(result.get("seconds") or 0)
        one.memory = max(one.memory, float(result.get("peak_memory_mb") or 0))
        one.penalty += entry.penalty if entry else 0.0
        versions.update({str(key): str(value) for key, value in (result.get("environment") or {}).items()})
        verdicts = {verdict["grade_id"]: verdict for verdict in result["verdicts"]}
        for key, question in asked.items():
            if key[0] == notebook:
                one.scores[key] = _score(verdicts.get(key[1]), entry.marks.get(key[1]) if entry else None)
                hints[key].add(verdicts.get(key[1]), question.most)
        _judge(one, record, verdicts, entry)
    return students, hints, versions


def _score(verdict, mark):
    if mark:
        return mark.score
    manual = verdict is None or verdict["status"] == "manual"
    return None if manual else float(verdict["score"])


def _judge(one, record, verdicts, entry):
    """Note why a person should look at a submission."""
    if record.get("refused"):
        one.tags.append(("bad", "could not be read"))
    else:
        for status in dict.fromkeys(verdict["status"] for verdict in verdicts.values()):
            if status in BAD:
                one.tags.append(("bad", BAD[status]))
    if entry and any(mark.waiting for mark in entry.marks.values()):
        one.tags.append(("wait", "to be marked"))
    if record.get("questions"):
        one.tags.append(("bad", "unclear"))
    if record.get("changes"):
        one.tags.append(("part", f"repaired: {len(record['changes'])}"))
    said = [question.get("message") for question in record.get("questions", ())]
    said += record["result"].get("notes") or []
    said += [change.get("message") for change in record.get("changes", ())]
    one.notes += [visible(cut(str(text), 400, 4)) for text in dict.fromkeys(said) if text][:12]


def _urgency(one):
    """Sorts what went wrong before what was repaired, and that before what only waits."""
    tones = [tone for tone, _ in one.tags]
    return -tones.count("bad"), -tones.count("part"), one.name


def _remark(question):
    item = question.item
    if not item.count:
        return "not marked yet" if question.waiting else "no marks"
    if item.full == item.count:
        return "everyone got it"
    if item.none == item.count:
        return "nobody got it"
    if item.apart is not None and item.apart < 0:
        return "weak submissions do better: check the test"
    if item.apart is not None and item.apart < LEAST_APART:
        return "hardly tells strong from weak"
    return ""


def _marks_words(totals, most):
    return (
        f"Number of submissions by points, of {words.number(most)}: lowest {words.number(min(totals))}, "
        f"median {words.number(statistics.median(totals))}, highest {words.number(max(totals))}."
    )
