"""Which cells claim which places by nbgrader's grade ids, and which of the claims are to be believed."""

from cvgrade.intake.board import Board
from cvgrade.intake.code_text import cut_out, likeness, parses
from cvgrade.intake.slots import FIXED

SAYS_SOMETHING = 20  # characters; a shorter text may stand anywhere
ALIKE = 0.6  # likeness of an edited test to the test


class Claims(Board):
    """The strongest evidence: grade ids, where the text does not contradict them."""

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


def _unique(cells, texts, skip):
    """Cells with different texts, in order: of equal ones the first."""
    kept = {}
    for cell in cells:
        if cell not in skip:
            kept.setdefault(texts[cell], cell)
    return sorted(kept.values())
