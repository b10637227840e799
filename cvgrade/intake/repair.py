"""Put a handed-in notebook right from its release: the student's answers in the instructor's notebook.

The repaired notebook has the release's cells in the release's order: locked and test cells with the
instructor's text, answer cells with the student's. Cells that the student added stay where they were, after
the same cell as before. All outputs are left out; grading makes them again. Nothing that the student wrote
disappears silently: it is in the notebook, in the `text` of a `Change`, or among the candidates of a
`Question`.
"""

from cvgrade.intake.assemble import Texts, assemble
from cvgrade.intake.changes import Change, Question, cut
from cvgrade.intake.claims import SAYS_SOMETHING
from cvgrade.intake.code_text import bound_names, cut_out, parses, plain, share_kept, words
from cvgrade.intake.marks import check_marks
from cvgrade.intake.matching import KEPT, match
from cvgrade.intake.notebooks import NotebookRefused, read_book
from cvgrade.intake.parts import Parts
from cvgrade.intake.slots import FIXED, ReleaseError, read_slots

__all__ = ["Change", "NotebookRefused", "Question", "ReleaseError", "repair"]


def repair(submission, release, source=None):
    """Put a handed-in notebook right.

    Args:
        submission: a path, bytes or text of the file, or the notebook as nbformat or `json` reads it.
        release: the released notebook, nbformat 4.
        source: the instructor's notebook; its points, flags and newer texts win over the release's.

    Returns:
        The repaired notebook (nbformat 4.5), the list of `Change`, and the list of `Question` for a person.

    Raises:
        NotebookRefused: if the submission is no notebook that can be read.
        ReleaseError: if release and source are not as nbgrader makes them.

    Example:
        >>> book, changes, questions = repair(Path("hw.ipynb"), release)  # doctest: +SKIP
    """
    return _Repair(read_book(submission), read_slots(release, source), release).run()


class _Repair(Parts):
    """Goes through what can be wrong, one kind after the other."""

    def __init__(self, book, slots, release):
        self.book, self.slots, self.release = book, slots, release
        self.cells = book.cells
        self.given = {slot.plain for slot in slots if slot.role == "free" and slot.plain}
        self.found = match(slots, book.cells)
        self.changes = [Change("notebook", f"{note[0].upper()}{note[1:]}.") for note in book.notes]
        self.questions = []
        self.answers = {}  # slot → the student's text
        self.used = {}  # cells whose text went elsewhere than to their own place → that place
        self.separated = set()  # fixed slots that stood in an answer's cell
        self.pulled = {}  # fixed slot → texts that stood in its cell and become cells of the student's own

    def run(self):
        """Do everything; see `repair`."""
        for slot, cell in self.found.pairs.items():
            if self.slots[slot].role == "answer":
                self.answers[slot] = self.cells[cell].source
        self._nothing_known()
        self._fixed_cells()
        self._tests_in_answers()
        self._rivals()
        self._split_cells()
        self._stray_pieces()
        self._missing()
        self._moved()
        self.changes += check_marks(self.book, self.slots, self.found, self.release)
        extras = [cell for cell in self.cells if self._is_extra(cell.index) and plain(cell.source)]
        texts = Texts(self.answers, self.pulled, extras)
        return assemble(self.slots, self.cells, self.found, texts, self.release), self.changes, self.questions

    # What the student wrote -----------------------------------------------------------------------

    def _nothing_known(self):
        if not self.cells:
            self.questions.append(Question("The notebook has no cell at all."))
        elif not self.found.pairs:
            self.questions.append(
                Question("The notebook holds no cell of the assignment: is it another one?")
            )

    def _fixed_cells(self):
        """Locked and test cells: what the student wrote there goes to a missing answer, or to the report."""
        for slot, cell in sorted(self.found.pairs.items()):
            place, text = self.slots[slot], self.cells[cell].source
            if place.role not in FIXED or plain(text) in (place.plain, plain(place.text)):
                continue
            lost = self._merged(slot, text)
            if lost is not None:
                message = f"{place.title} is not for editing; it was put back as released."
                self._note("edited", slot, message, cut(lost))
                if place.type == "code" and not parses(lost):
                    self._ask(
                        slot,
                        f"{place.title} held a piece of something that is not whole. It was left out.",
                        [lost],
                    )

    def _merged(self, slot, text):
        """Take the answers that are missing out of an edited locked cell.

        Returns:
            What of the student's text is left over, or None if nothing was edited away.
        """
        place, rest = self.slots[slot], cut_out(text, self.slots[slot].given)
        missing = [one for one in self.slots if one.role == "answer" and one.index not in self.found.pairs]
        if rest is None:
            return self._merged_and_edited(place, text, missing)
        left = [part for part in rest if part and part not in self.given]
        for one in missing:
            part = rest[0] if one.index < slot else rest[1]
            if not part or one.index in self.answers or not one.names & bound_names(part):
                continue
            # Two answers in one text: it runs once, in the first one's place.
            self.answers[one.index] = part if part in left else ""
            left = [other for other in left if other != part]
            self._note(
                "merged", one.index, f"{one.title} had been merged with {place.title}; they are apart again."
            )
        near = [one for one in missing if one.index not in self.answers and self._beside(one.index, slot)]
        if left and near:
            self.pulled[slot] = left
            self._ask(
                near[0].index,
                f"{near[0].title} is missing, and the cell of {place.title} held text that "
                "may be it. The text was kept as a cell of the student's own.",
                left,
            )
            return None
        return "\n\n".join(left) if left else None

    def _merged_and_edited(self, place, text, missing):
        inside = [one for one in missing if one.names & bound_names(text) and one.index not in self.answers]
        if not inside:
            return text
        self.pulled[place.index] = [plain(text)]
        self._ask(
            inside[0].index,
            f"{inside[0].title} seems to stand in the cell of {place.title}, which was edited. Its text "
            f"was kept as a cell of the student's own before {place.title}.",
            [text],
        )
        return None

    def _tests_in_answers(self):
        """Locked and test cells that had been merged into an answer."""
        for place in self.slots:
            if place.role not in FIXED or len(place.plain) <= SAYS_SOMETHING:
                continue
            for slot, text in sorted(self.answers.items()):
                rest = cut_out(text, place.given)
                if rest and self.slots[slot].type == place.type:
                    self.answers[slot] = "\n\n".join(part for part in rest if part)
                    message = (
                        f"{place.title} had been merged with {self.slots[slot].title}; they are apart again."
                    )
                    self._note("merged", place.index, message)
                    self.separated.add(place.index)
                    break

    def _beside(self, first, second):
        low, high = sorted((first, second))
        return all(self.slots[between].role == "free" for between in range(low + 1, high))

    def _rivals(self):
        """Cells that bear one grade id and hold different texts."""
        for slot, rivals in self.found.rivals.items():
            place = self.slots[slot]
            if not rivals:
                continue
            chosen = self.found.pairs[slot]
            every = sorted([*rivals, chosen])
            texts = [self.cells[cell].source for cell in every]
            whole = "\n".join(texts)
            if place.type == "code" and parses(whole) and not all(parses(text) for text in texts):
                self.answers[slot] = whole
                self.used.update(dict.fromkeys(rivals, slot))
                self._note("split", slot, f"{place.title} was in {len(every)} parts; they were put together.")
                continue
            if place.type == "markdown":
                apart = every[-1] - every[0] != len(every) - 1
                self.answers[slot] = "\n\n".join(plain(text) for text in texts)
                self.used.update(dict.fromkeys(rivals, slot))
                self._note("split", slot, f"{place.title} was in {len(every)} parts; they were put together.")
                if not apart:
                    continue
            else:
                self._note(
                    "duplicated",
                    slot,
                    f"{place.title} was there {len(every)} times with different texts. All run, in the "
                    "order in which they stood.",
                )
                if not place.manual:
                    continue
            self._ask(
                slot,
                f"{place.title} was there {len(every)} times with different texts: which one counts?",
                texts,
            )

    def _missing(self):
        for place in self.slots:
            slot = place.index
            if (
                slot in self.found.pairs
                or place.role == "free"
                or slot in self.answers
                or slot in self.separated
            ):
                continue
            if place.role in FIXED:
                self._note("missing", slot, f"{place.title} was missing; it was put back.")
                continue
            doubts = [cell for cell in self.found.doubts.get(slot, []) if cell not in self.used]
            # Cells that had been merged: one answer's cell holds what is no code, and another answer is
            # missing.
            doubts += [
                self.found.pairs[other]
                for other, text in sorted(self.answers.items())
                if other in self.found.pairs and self.slots[other].type == "code" and not parses(text)
            ]
            elsewhere = [
                cell.index
                for cell in self.cells
                if place.names & bound_names(cell.source) and cell.index not in doubts and cell.type == "code"
            ]
            where = " Another cell defines what it asks for; that cell runs as it is." if elsewhere else ""
            self._note(
                "missing", slot, f"{place.title} was not found; an empty cell was put in its place.{where}"
            )
            self.found.doubts[slot] = doubts
            if doubts:
                self._ask(
                    slot,
                    f"{place.title} was not found for certain. The cells that may be it were kept where they "
                    "stood, and code in them runs.",
                    [self.cells[cell].source for cell in doubts],
                )

    def _moved(self):
        for slot, cell in sorted(self.found.pairs.items()):
            place = self.slots[slot]
            if place.role == "free" or slot in self.found.fixed_order:
                continue
            self._note("moved", slot, f"{place.title} had been moved; it is back in its place.")
            text = self.cells[cell].source
            sure = (
                place.role != "answer"
                or self.found.how[slot] in ("text", "names", "likeness")
                or plain(text) == place.plain
                or bool(place.names & bound_names(text))
                or (place.id and self.cells[cell].id == place.id)
                or share_kept(place.words, words(text)) >= KEPT
            )
            if not sure:
                self._ask(
                    slot,
                    f"{place.title} stood in another place and is known only by its grade id: "
                    "is this its answer?",
                    [text],
                )
