"""Build the repaired notebook from the places of the release and the texts of the student."""

import hashlib
from dataclasses import dataclass

import nbformat

from cvgrade.intake.code_text import parses
from cvgrade.intake.slots import FIXED

EMPTY = "# This cell was missing from the notebook. It was put back empty."


@dataclass(frozen=True)
class Texts:
    """What the student wrote, and where it goes.

    Attributes:
        answers: dict from slot index to text.
        pulled: dict from the index of a locked slot to texts that stood in its cell and go before it.
        extras: cells of the student's own, in order.
    """

    answers: dict
    pulled: dict
    extras: list


def assemble(slots, cells, found, texts, release):
    """The repaired notebook.

    Args:
        slots: list of `Slot`.
        cells: the submission's, list of `Cell`.
        found: `Matching`.
        texts: `Texts`.
        release: the released notebook.

    Returns:
        A notebook, nbformat 4.5, without outputs.
    """
    return _Assembler(slots, cells, found, texts).run(release)


class _Assembler:
    def __init__(self, slots, cells, found, texts):
        self.slots, self.cells, self.found, self.texts = slots, cells, found, texts
        self.taken = {slot.id for slot in slots if slot.id}
        self.made = []

    def run(self, release):
        anchors = sorted(self.found.fixed_order)
        extras = {}
        for cell in self.texts.extras:
            before = [slot for slot in anchors if self.found.pairs[slot] < cell.index]
            extras.setdefault(before[-1] if before else -1, []).append(cell)
        for bound, following in zip([-1, *anchors], [*anchors, len(self.slots)]):
            if bound >= 0:
                self._slot(bound)
            between = list(range(bound + 1, following))
            # Helpers that were deleted go before the student's own cells, which may use them; tests after.
            while between and self.slots[between[0]].role not in ("answer", "test"):
                self._slot(between.pop(0))
            for cell in extras.get(bound, []):
                self._own(cell.type, cell.source, cell.id, cell.attachments)
            for slot in between:
                self._slot(slot)
        book = nbformat.v4.new_notebook()
        kept = ("kernelspec", "language_info")
        book.metadata = nbformat.from_dict(
            {key: release.metadata[key] for key in kept if key in release.metadata}
        )
        book.cells = self.made
        nbformat.validate(book)
        return book

    def _slot(self, index):
        place, cell = self.slots[index], self.found.pairs.get(index)
        for text in self.texts.pulled.get(index, []):
            self._own("code" if parses(text) else "markdown", text)
        kind, text, attachments = place.type, place.text, {}
        if place.role == "free":
            if cell is None or index not in self.found.fixed_order:
                return  # the student deleted or moved it, as one may
            kind, text = self.cells[cell].type, self.cells[cell].source
        elif place.role == "answer":
            text = self._answer(place)
        if cell is not None and place.role not in FIXED:
            attachments = self.cells[cell].attachments
        cell_id = place.id or self._new_id(f"slot {index} {place.grade_id}")
        self._add(kind, text, cell_id, place.metadata, attachments)

    def _answer(self, place):
        text = self.texts.answers.get(place.index)
        if text is not None:
            return text
        if place.type == "code":
            return EMPTY
        # nbgrader gives an untouched written answer 0 points by itself; where one may be elsewhere, a person
        # marks.
        return "" if self.found.doubts.get(place.index) else place.given

    def _own(self, kind, text, cell_id="", attachments=None):
        if not cell_id or cell_id in self.taken:
            cell_id = self._new_id(f"{kind} {text}")
        self.taken.add(cell_id)
        self._add(kind, text, cell_id, {}, attachments or {})

    def _add(self, kind, text, cell_id, metadata, attachments):
        cell = {"id": cell_id, "cell_type": kind, "metadata": dict(metadata), "source": text}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        pictures = _pictures(attachments) if kind == "markdown" else {}
        if pictures:
            cell["attachments"] = pictures
        self.made.append(nbformat.from_dict(cell))

    def _new_id(self, seed):
        count = 0
        while True:
            made = "own-" + hashlib.sha256(f"{seed}\n{count}".encode()).hexdigest()[:12]
            if made not in self.taken:
                self.taken.add(made)
                return made
            count += 1


def _pictures(attachments):
    """Pasted pictures as nbformat wants them: name → type → base64 text."""
    clean = {}
    for name, kinds in attachments.items():
        if isinstance(name, str) and isinstance(kinds, dict):
            held = {
                kind: data
                for kind, data in kinds.items()
                if isinstance(data, str) and kind.startswith("image/")
            }
            if held:
                clean[name] = held
    return clean
