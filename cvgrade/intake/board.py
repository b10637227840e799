"""Places and cells while they are being matched: what is paired, what is open, and what lies between."""

from bisect import bisect_left
from dataclasses import dataclass, field

from cvgrade.intake.code_text import bound_names, parses, plain, words


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


class Board:
    """The places of the release, the cells handed in, and the `Matching` so far.

    Args:
        slots: list of `Slot`.
        cells: list of `notebooks.Cell`.
    """

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
