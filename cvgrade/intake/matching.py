"""Find the cells of a handed-in notebook that stand for the places of the released one.

Evidence, strongest first: nbgrader's grade id, the cell's own id, the text itself, the names that only this
answer defines, likeness to the text given, and last the place between two cells that are sure. A grade id
that the text contradicts is not believed: metadata can be moved. What stays open is left open.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

from cvgrade.intake.code_text import (
    bound_names,
    cut_out,
    does_something,
    likeness,
    parses,
    plain,
    share_kept,
    words,
)
from cvgrade.intake.slots import FIXED

KEPT = 0.75  # share of the given words that a cell must still have to be known by them
FEW = 6  # fewer given words than this say nothing
CLOSE = 0.5  # a second cell as near as this makes it unsure
SAYS_SOMETHING = 20  # characters; a shorter text may stand anywhere
ALIKE = 0.6  # likeness of an edited test to the test


@dataclass
class Matching:
    """Which cell stands in which place.

    Attributes:
        pairs: dict from slot index to cell index.
        how: dict from slot index to "grade id", "cell id", "text", "names", "likeness" or "place".
        copies: dict from cell index to slot index: exact copies of what is there already, to be left out.
        rivals: dict from slot index to indices of cells that claim it and hold other text.
        doubts: dict from slot index to cell indices that may be the answer, none for certain.
        moved_marks: indices of cells whose metadata belong to another cell.
        fixed_order: set of slot indices whose cells stand in the release's order.
    """

    pairs: dict = field(default_factory=dict)
    how: dict = field(default_factory=dict)
    copies: dict = field(default_factory=dict)
    rivals: dict = field(default_factory=dict)
    doubts: dict = field(default_factory=dict)
    moved_marks: set = field(default_factory=set)
    fixed_order: set = field(default_factory=set)


def match(slots, cells):
    """Match cells to places.

    Args:
        slots: list of `Slot`.
        cells: list of `notebooks.Cell`.

    Returns:
        A `Matching`.
    """
    return _Matcher(slots, cells).run()


class _Matcher:
    def __init__(self, slots, cells):
        self.slots, self.cells = slots, cells
        self.plain = [plain(cell.source) for cell in cells]
        self.words = [words(cell.source) for cell in cells]
        self.names = [
            bound_names(cell.source) if cell.type != "raw" or parses(cell.source) else set() for cell in cells
        ]
        self.by_text = {}
        for slot in slots:
            self.by_text.setdefault(slot.plain, []).append(slot.index)
        self.result = Matching()

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

    # Grade ids -------------------------------------------------------------------------------------------

    def _claims(self):
        """The cells that claim each place by grade id, without the claims that the text contradicts."""
        known = {slot.grade_id: slot.index for slot in self.slots if slot.grade_id}
        claims = {}
        for cell in self.cells:
            if cell.grade_id in known:
                claims.setdefault(known[cell.grade_id], []).append(cell.index)
        by_id = {slot.id: slot.index for slot in self.slots if slot.id}
        believed, told = {}, set()
        for slot, claimants in claims.items():
            for cell in claimants:
                other = self._text_says(cell, slot, claims)
                if other is None:
                    here = by_id.get(self.cells[cell].id, slot)
                    if here != slot and not claims.get(here) and len(claimants) > 1:
                        other = here  # its own id and the other claimants agree that it belongs elsewhere
                if other is None:
                    believed.setdefault(slot, []).append(cell)
                else:
                    self.result.moved_marks.add(cell)
                    told.add(other)
        for slot, claimants in believed.items():
            doing = [cell for cell in claimants if self.slots[slot].names & self.names[cell]]
            if slot in told and self.slots[slot].names:
                believed[slot] = doing  # another cell defines what this answer must: who claims it does not
            elif doing and len(doing) < len(claimants):
                believed[slot] = [cell for cell in claimants if cell in doing or self._is_piece(slot, cell)]
            self.result.moved_marks.update(set(claimants) - set(believed[slot]))
        return {slot: claimants for slot, claimants in believed.items() if claimants}

    def _text_says(self, cell, slot, claims):
        """The place that a cell's text names, if it is another than the one it claims."""
        text = self.plain[cell]
        owners = self.by_text.get(text, [])
        if slot in owners:
            return None
        if len(owners) == 1 and text and (self.slots[owners[0]].grade_id or len(text) > SAYS_SOMETHING):
            return owners[0]
        if self.slots[slot].names & self.names[cell]:
            return None
        named = [one.index for one in self.slots if one.names & self.names[cell] and one.index != slot]
        if len(named) == 1 and not any(
            self.slots[named[0]].names & self.names[other]
            for other in claims.get(named[0], [])
            if other != cell
        ):
            # A test that calls and assigns what an answer defines is still the test.
            if self.slots[slot].role in FIXED and likeness(self.slots[slot].words, self.words[cell]) >= ALIKE:
                return None
            return named[0]
        if not named and self.slots[slot].names:  # an answer that defines nothing, and an edited test's text
            return self._edited(cell)
        return None

    def _is_piece(self, slot, cell):
        """Whether a cell can be a part of an answer that was split: of its type, and not whole by itself."""
        return self.cells[cell].type == self.slots[slot].type and not parses(self.cells[cell].source)

    def _edited(self, cell):
        """The locked place whose text a cell holds with changes, or None."""
        fixed = [one for one in self.slots if one.role in FIXED and one.plain]
        whole = [one.index for one in fixed if cut_out(self.plain[cell], one.plain) is not None]
        if len(whole) == 1:
            return whole[0]
        ranked = sorted(((likeness(one.words, self.words[cell]), one.index) for one in fixed), reverse=True)
        if whole or not ranked or ranked[0][0] < ALIKE or (len(ranked) > 1 and ranked[1][0] == ranked[0][0]):
            return None
        return ranked[0][1]

    def _by_grade_id(self, claims):
        for slot, claimants in claims.items():
            place = self.slots[slot]
            same = [cell for cell in claimants if self.plain[cell] == place.plain]
            if place.role in FIXED or place.role == "free":
                best = (
                    same
                    or [cell for cell in claimants if place.id and self.cells[cell].id == place.id]
                    or claimants
                )
                self._pair(slot, best[0], "grade id")
                self._copies(slot, [cell for cell in same if cell != best[0]])
                continue
            written = _unique(claimants, self.plain, skip=set(same) if len(same) < len(claimants) else set())
            chosen = written[-1]
            own = [cell for cell in written if place.id and self.cells[cell].id == place.id]
            if len(written) > 1 and place.manual and own:
                chosen = own[0]
            self._pair(slot, chosen, "grade id")
            self.result.rivals[slot] = [cell for cell in written if cell != chosen]
            self._copies(slot, [cell for cell in claimants if cell not in written])

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

    def _gap(self, slot):
        """The two cells between which a place's cell must stand."""
        anchors = self._anchors()
        before = [self.result.pairs[other] for other in anchors if other < slot]
        after = [self.result.pairs[other] for other in anchors if other > slot]
        return (before[-1] if before else -1), (after[0] if after else len(self.cells))

    def _slot_gap(self, slot):
        anchors = self._anchors()
        before = [other for other in anchors if other < slot]
        after = [other for other in anchors if other > slot]
        return (before[-1] if before else -1), (after[0] if after else len(self.slots))

    def _anchors(self):
        """The matched places whose cells stand in order: the longest rising run of cell indices."""
        slots = sorted(self.result.pairs)
        ends, last, back = [], [], {}
        for slot in slots:
            cell = self.result.pairs[slot]
            at = bisect_left(ends, cell)
            if at == len(ends):
                ends.append(cell)
                last.append(slot)
            else:
                ends[at], last[at] = cell, slot
            back[slot] = last[at - 1] if at else None
        run, slot = [], last[-1] if last else None
        while slot is not None:
            run.append(slot)
            slot = back[slot]
        return run[::-1]

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

    def _open_slots(self, role=None):
        return [
            slot.index
            for slot in self.slots
            if slot.index not in self.result.pairs and (role is None or slot.role == role)
        ]

    def _open_cells(self):
        taken = set(self.result.pairs.values()) | set(self.result.copies)
        for rivals in self.result.rivals.values():
            taken.update(rivals)
        return [cell.index for cell in self.cells if cell.index not in taken]

    def _own_cells(self):
        """Open cells with a text that is not the instructor's."""
        return [
            cell for cell in self._open_cells() if self.plain[cell] and self.plain[cell] not in self.by_text
        ]

    def _pair(self, slot, cell, how):
        self.result.pairs[slot] = cell
        self.result.how[slot] = how

    def _copies(self, slot, cells):
        self.result.copies.update(dict.fromkeys(cells, slot))


def _unique(cells, texts, skip):
    """Cells with different texts, in order: of equal ones the first."""
    kept = {}
    for cell in cells:
        if cell not in skip:
            kept.setdefault(texts[cell], cell)
    return sorted(kept.values())
