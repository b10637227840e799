"""Find the cells of a handed-in notebook that stand for the places of the released one.

Evidence, strongest first: nbgrader's grade id, the cell's own id, the text itself, the names that only this
answer defines, likeness to the text given, and last the place between two cells that are sure. A grade id
that the text contradicts is not believed: metadata can be moved. What stays open is left open.
"""

from cvgrade.intake.claims import ALIKE, Claims
from cvgrade.intake.code_text import (
    does_something,
    likeness,
    share_kept,
)
from cvgrade.intake.slots import FIXED

KEPT = 0.75  # share of the given words that a cell must still have to be known by them
FEW = 6  # fewer given words than this say nothing
CLOSE = 0.5  # a second cell as near as this makes it unsure


def match(slots, cells):
    """Match cells to places.

    Args:
        slots: list of `Slot`.
        cells: list of `notebooks.Cell`.

    Returns:
        A `Matching`.
    """
    return _Matcher(slots, cells).run()


class _Matcher(Claims):
    """The weaker kinds of evidence, one after the other, after the grade ids."""

    def run(self):
        claims = self._claims()
        self._by_grade_id(claims)
        self._by_cell_id()
        self._by_exact_text()
        self._by_names()
        self._by_likeness()
        self._by_place()
        self._leftover_copies()
        self._doubts()
        self.result.fixed_order = set(self._anchors())
        return self.result

    # Cell ids, texts --------------------------------------------------------------------------------------

    def _by_cell_id(self):
        by_id = {}
        for cell in self._open_cells():
            by_id.setdefault(self.cells[cell].id, []).append(cell)
        for slot in self._open_slots():
            found = by_id.get(self.slots[slot].id, []) if self.slots[slot].id else []
            if len(found) == 1 and self._text_says(found[0], slot, {}) is None:
                self._pair(slot, found[0], "cell id")

    def _by_exact_text(self):
        cells = {}
        for cell in self._open_cells():
            if self.plain[cell]:
                cells.setdefault(self.plain[cell], []).append(cell)
        slots = {}
        for slot in self._open_slots():
            slots.setdefault(self.slots[slot].plain, []).append(slot)
        for text, places in slots.items():
            found = cells.get(text, [])
            if len(places) == 1 and found:
                self._pair(places[0], found[0], "text")
                if self.slots[places[0]].role != "free":
                    self._copies(places[0], found[1:])
            elif len(places) == len(found):
                for slot, cell in zip(places, found):
                    self._pair(slot, cell, "text")

    def _by_names(self):
        for slot in self._open_slots("answer"):
            wanted = self.slots[slot].names
            found = [cell for cell in self._open_cells() if wanted & self.names[cell]]
            if len(found) > 1:
                low, high = self._gap(slot)
                within = [cell for cell in found if low < cell < high]
                if within:  # all of them stay, in their order: which one bears the grade id changes nothing
                    self._pair(slot, within[-1], "names")
            elif found and not any(
                self.slots[other].names & self.names[found[0]]
                for other in self._open_slots("answer")
                if other != slot
            ):
                self._pair(slot, found[0], "names")

    def _by_likeness(self):
        slots = [slot for slot in self._open_slots() if self.slots[slot].role != "free"]
        cells = self._open_cells()
        near = {}
        for slot in slots:
            place = self.slots[slot]
            if place.words.total() < FEW:
                continue
            measure = share_kept if place.role == "answer" else likeness
            near[slot] = sorted(
                ((measure(place.words, self.words[cell]), -cell) for cell in cells), reverse=True
            )
        for slot, ranked in near.items():
            wanted = KEPT if self.slots[slot].role == "answer" else ALIKE
            if not ranked or ranked[0][0] < wanted or (len(ranked) > 1 and ranked[1][0] >= CLOSE):
                continue
            cell = -ranked[0][1]
            rivals = [
                other
                for other in near
                if other != slot and any(-at == cell and score >= CLOSE for score, at in near[other])
            ]
            if not rivals and cell in self._open_cells():
                self._pair(slot, cell, "likeness")

    # Places ------------------------------------------------------------------------------------------------

    def _by_place(self):
        for slot in self._open_slots("answer"):
            low, high = self._gap(slot)
            first, last = self._slot_gap(slot)
            rivals = [other for other in self._open_slots("answer") if first < other < last]
            found = [cell for cell in self._own_cells() if low < cell < high]
            if len(rivals) == 1 and len(found) == 1 and self._fits(slot, found[0]):
                self._pair(slot, found[0], "place")

    def _fits(self, slot, cell):
        """Whether a cell can be the answer: it defines what it must, and is no note beside deleted code."""
        if self.slots[slot].names and not self.slots[slot].names & self.names[cell]:
            return False
        wanted, kind = self.slots[slot].type, self.cells[cell].type
        if wanted == kind:
            return True
        return does_something(self.cells[cell].source) == (wanted == "code")

    # What is left ---------------------------------------------------------------------------------

    def _leftover_copies(self):
        """Exact copies of a text of the instructor's that is in its place already."""
        for cell in self._open_cells():
            owners = [
                slot
                for slot in self.by_text.get(self.plain[cell], [])
                if self.plain[cell] and self.slots[slot].role != "free"
            ]
            if owners and (self.slots[owners[0]].role in FIXED or owners[0] in self.result.pairs):
                self._copies(owners[0], [cell])

    def _doubts(self):
        for slot in self._open_slots("answer"):
            low, high = self._gap(slot)
            wanted = self.slots[slot].names
            own = self._own_cells()
            # The answer may have been merged with the text above or below it.
            beside = [
                self.result.pairs[other]
                for other in (slot - 1, slot + 1)
                if other in self.result.pairs
                and self.slots[other].role == "free"
                and self.plain[self.result.pairs[other]] != self.slots[other].plain
            ]
            near = [cell for cell in own if low < cell < high or wanted & self.names[cell]]
            found = sorted({*near, *beside}) or own
            if found:
                self.result.doubts[slot] = found
