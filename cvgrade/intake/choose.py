"""Find, among the notebooks that a student handed in, the one that is the assignment, whatever its name."""

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from cvgrade.intake.code_text import plain
from cvgrade.intake.files import Refused
from cvgrade.intake.notebooks import LARGEST, NotebookRefused, read_book
from cvgrade.intake.slots import read_slots

BELONGS = 0.3  # share of an assignment's marks that a notebook must hold to be that assignment
SAYS_SOMETHING = 20  # characters; a shorter text is found in any notebook


@dataclass(frozen=True)
class Expected:
    """A notebook of the assignment.

    Attributes:
        name: without its ending.
        grade_ids: frozenset of nbgrader's ids.
        cell_ids: frozenset of the cells' own ids.
        texts: frozenset of the instructor's texts.
        untouched: the texts of the answers as they were given, in order.
        words: all its text, in which the names of data files stand.
    """

    name: str
    grade_ids: frozenset
    cell_ids: frozenset
    texts: frozenset
    untouched: tuple
    words: str = field(repr=False, default="")


@dataclass
class Choice:
    """What was chosen.

    Attributes:
        chosen: dict from the name expected to the `Member`.
        others: list of (file's name, why it was not taken).
        problems: list of sentences that a person must read.
        notes: list of sentences.
    """

    chosen: dict = field(default_factory=dict)
    others: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    notes: list = field(default_factory=list)


def read_expected(folder):
    """The notebooks of a released (or source) assignment.

    Args:
        folder: `release/<name>` or `source/<name>`.

    Returns:
        List of `Expected`.
    """
    expected = []
    for path in sorted(Path(folder).glob("*.ipynb")):
        slots = read_slots(nbformat.read(path, as_version=4))
        expected.append(
            Expected(
                path.stem,
                frozenset(slot.grade_id for slot in slots if slot.grade_id),
                frozenset(slot.id for slot in slots if slot.id),
                frozenset(
                    slot.plain for slot in slots if slot.role != "answer" and len(slot.plain) > SAYS_SOMETHING
                ),
                tuple(slot.plain for slot in slots if slot.role == "answer"),
                "\n".join(slot.given for slot in slots),
            )
        )
    return expected


def choose(members, expected):
    """Choose a notebook for each that the assignment has.

    By what is in it: nbgrader's grade ids, else the cells' ids, else the instructor's texts. Of several, the
    one that the system numbers as the latest; else the one that bears the right name; else the newest. A
    copy of
    the untouched release never wins over a notebook with answers. What is then still open is a problem for a
    person.

    Args:
        members: the submission's files that end in `.ipynb`.
        expected: list of `Expected`.

    Returns:
        A `Choice`.
    """
    choice = Choice()
    belonging = {one.name: [] for one in expected}
    for member in members:
        try:
            book = read_book(member.read(LARGEST))
        except (NotebookRefused, Refused) as error:
            choice.others.append((member.name, str(error)))
            choice.problems.append(f"{member.name}: {error}")
            continue
        shares = {one.name: share(book, one) for one in expected}
        best = max(shares.values(), default=0)
        owners = [name for name, value in shares.items() if value == best]
        named = [one.name for one in expected if _same_file(member.name, one.name)]
        if best >= BELONGS and (len(owners) == 1 or any(name in owners for name in named)):
            owner = next((name for name in named if name in owners), owners[0])
            belonging[owner].append((member, book))
        elif named:
            belonging[named[0]].append((member, book))
            choice.problems.append(
                f"{member.name} bears the right name, but holds hardly a cell of the assignment"
            )
        else:
            choice.others.append((member.name, "it holds no cell of this assignment"))
    for one in expected:
        _decide(one, belonging[one.name], choice)
    if len(choice.chosen) == len(expected):  # what cannot be read beside a good notebook is no problem
        unread = {f"{name}: {reason}" for name, reason in choice.others}
        choice.problems = [problem for problem in choice.problems if problem not in unread]
    return choice


def share(book, expected):
    """How much of an assignment a notebook holds, 0 to 1."""
    ids = {cell.grade_id for cell in book.cells if cell.grade_id}
    own = {cell.id for cell in book.cells if cell.id}
    texts = {plain(cell.source) for cell in book.cells}
    return max(
        len(found & wanted) / len(wanted) if wanted else 0.0
        for found, wanted in ((ids, expected.grade_ids), (own, expected.cell_ids), (texts, expected.texts))
    )


def _decide(expected, found, choice):
    if not found:
        return
    texts = {}
    for member, book in found:  # equal notebooks are one
        key = tuple((cell.type, plain(cell.source)) for cell in book.cells)
        if key in texts:
            keep = _same_file(member.name, expected.name) or member.order > texts[key][0].order
            dropped = texts[key][0] if keep else member
            choice.others.append((dropped.name, "the same notebook once more"))
            if not keep:
                continue
        texts[key] = (member, book)
    left = list(texts.values())
    touched = [pair for pair in left if not _untouched(pair[1], expected)]
    if touched and len(touched) < len(left):
        for member, _ in left:
            if all(member is not other for other, _ in touched):
                choice.others.append((member.name, "the assignment as released, without answers"))
        left = touched
    member = _latest(left, expected)
    if member is None:
        names = ", ".join(sorted(repr(other.name) for other, _ in left))
        choice.problems.append(f"{names} are all {expected.name}, with different answers: which one counts?")
        return
    choice.others += [(other.name, f"{member.name} counts") for other, _ in left if other is not member]
    choice.chosen[expected.name] = member
    if not _same_file(member.name, expected.name) or member.name != f"{expected.name}.ipynb":
        choice.notes.append(f"{member.name} was renamed {expected.name}.ipynb")


def _latest(left, expected):
    """The member that counts, or None where nothing says so."""
    if len(left) == 1:
        return left[0][0]
    orders = sorted((member.order for member, _ in left), reverse=True)
    if orders[0] > orders[1]:
        return next(member for member, _ in left if member.order == orders[0])
    named = [member for member, _ in left if _same_file(member.name, expected.name)]
    if len(named) == 1:
        return named[0]
    times = sorted((member.time for member, _ in left if member.time), reverse=True)
    if len(times) == len(left) and times[0] > times[1]:
        return next(member for member, _ in left if member.time == times[0])
    return None


def _untouched(book, expected):
    texts = [plain(cell.source) for cell in book.cells]
    return all(texts.count(text) >= expected.untouched.count(text) for text in expected.untouched)


def _same_file(name, expected):
    return unicodedata.normalize("NFKC", name).casefold() == f"{expected}.ipynb".casefold()
