"""Answers that came in parts: a cell that was split, and pieces whose rest must be looked for."""

from cvgrade.intake.changes import Change, Question, cut
from cvgrade.intake.code_text import bound_names, is_piece, parses, plain
from cvgrade.intake.slots import FIXED

MOST_CANDIDATES = 10
MOST_PARTS = 8  # of a cell that was split


class Parts:
    """The part of a repair that puts answers together; `repair._Repair` says what the attributes are."""

    def _split_cells(self):
        """Code that is whole only with the cell after it, or before it."""
        for slot, cell in sorted(self.found.pairs.items()):
            place = self.slots[slot]
            if place.role != "answer" or place.type != "code":
                continue
            starts = [cell, *(copy for copy, of in self.found.copies.items() if of == slot)]
            if any(self._join(slot, start, step) for start in starts for step in (1, -1)):
                self._note("split", slot, f"{place.title} had been split; its parts were put together.")
            text = self.answers[slot]
            pieces = [one for one in self.cells if self._is_extra(one.index) and one.type == "code"]
            alone = not place.names & bound_names(text) and bool(place.names)
            if plain(text) and not parses(text) and (alone or not all(parses(one.source) for one in pieces)):
                self._ask(slot, f"{place.title} holds only a piece of code: where is the rest?", [text])

    def _stray_pieces(self):
        """Code of the student's own that begins in the middle of something."""
        for one in self.cells:
            if one.type != "code" or not self._is_extra(one.index) or not is_piece(one.source):
                continue
            before = [
                (cell, slot)
                for slot, cell in self.found.pairs.items()
                if self.slots[slot].role == "answer" and cell < one.index
            ]
            slot = max(before)[1] if before else None
            if slot is not None and all(
                asked.grade_id != self.slots[slot].grade_id for asked in self.questions
            ):
                self._ask(
                    slot,
                    f"A piece of code stands after {self.slots[slot].title}: is it the rest of it?",
                    [one.source],
                )

    def _join(self, slot, cell, step):
        """Join the cells on one side that make an answer whole: it, or they, are no Python alone."""
        text, taken, broken = self.answers[slot], [], not parses(self.answers[slot])
        for at in range(cell + step, len(self.cells) if step == 1 else -1, step):
            text_there = plain(self.cells[at].source)
            if at in self.found.copies or not text_there or text_there in self.given or self._goes_back(at):
                continue
            kinds = ("code", self.cells[cell].type)  # an answer that was retyped may have been split as well
            if not self._is_extra(at) or self.cells[at].type not in kinds or len(taken) == MOST_PARTS:
                return False
            other = self.cells[at].source
            broken = broken or not parses(other)
            if not broken:
                return False
            text = f"{text}\n{other}" if step == 1 else f"{other}\n{text}"
            taken.append(at)
            if parses(text):
                self.answers[slot] = text
                self.used.update(dict.fromkeys(taken, slot))
                return True
        return False

    def _goes_back(self, cell):
        """Whether a cell is the instructor's, and will go back to the place that it was moved from."""
        return any(
            index == cell and self.slots[slot].role in FIXED and slot not in self.found.fixed_order
            for slot, index in self.found.pairs.items()
        )

    def _is_extra(self, cell):
        """Whether a cell is the student's own: in no place of the release, no copy, not joined to another."""
        if cell in self.found.copies or cell in self.used:
            return False
        slot = next((slot for slot, index in self.found.pairs.items() if index == cell), None)
        # A free cell that the student moved is the student's: it stays where it was put.
        return slot is None or (self.slots[slot].role == "free" and slot not in self.found.fixed_order)

    def _ask(self, slot, message, candidates):
        texts = tuple(cut(text) for text in candidates[:MOST_CANDIDATES])
        self.questions.append(Question(message[0].upper() + message[1:], self.slots[slot].grade_id, texts))

    def _note(self, kind, slot, message, text=""):
        self.changes.append(Change(kind, message[0].upper() + message[1:], self.slots[slot].grade_id, text))
