"""Put a handed-in notebook right from its release: the student's answers in the instructor's notebook.

The repaired notebook has the release's cells in the release's order: locked and test cells with the
instructor's text, answer cells with the student's. Cells that the student added stay where they were, after the
same cell as before. All outputs are left out; grading makes them again. Nothing that the student wrote
disappears silently: it is in the notebook, in the `text` of a `Change`, or among the candidates of a `Question`.
"""

import hashlib

import nbformat

from cvgrade.intake.changes import Change, Question, cut
from cvgrade.intake.code_text import bound_names, cut_out, parses, plain, share_kept, words
from cvgrade.intake.matching import KEPT, match
from cvgrade.intake.notebooks import NotebookRefused, read_book
from cvgrade.intake.slots import FIXED, ReleaseError, read_slots, short

EMPTY = "# This cell was missing from the notebook. It was put back empty."
MOST_CANDIDATES = 10
FLAGS = {"points": None, "grade": False, "solution": False, "locked": False, "task": False}

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


class _Repair:
    def __init__(self, book, slots, release):
        self.book, self.slots, self.release = book, slots, release
        self.cells = book.cells
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
        self._missing()
        self._moved()
        self._metadata()
        self._copies()
        return self._assemble(), self.changes, self.questions

    # What the student wrote ----------------------------------------------------------------------------------

    def _nothing_known(self):
        if self.found.pairs or not self.cells:
            if not self.cells:
                self.questions.append(Question("The notebook has no cell at all."))
            return
        self.questions.append(
            Question("No cell of the assignment was found in the notebook: is it another one?")
        )

    def _fixed_cells(self):
        """Locked and test cells: what the student wrote there goes to a missing answer, or to the report."""
        for slot, cell in sorted(self.found.pairs.items()):
            place, text = self.slots[slot], self.cells[cell].source
            if place.role not in FIXED or plain(text) == place.plain:
                continue
            if plain(text) == plain(place.text) or not plain(text):
                if not plain(text):
                    self._note("edited", slot, f"{place.title} was empty; it was put back.")
                continue
            if not self._merged(slot, text):
                self._note(
                    "edited", slot, f"{place.title} is not for editing; it was put back as released.", cut(text)
                )

    def _merged(self, slot, text):
        """Whether an edited locked cell holds the answer of a cell that is missing."""
        place = self.slots[slot]
        missing = [one for one in self.slots if one.role == "answer" and one.index not in self.found.pairs]
        rest = cut_out(text, place.given)
        done = []
        for one in missing:
            part = plain(text) if rest is None else rest[0] if one.index < slot else rest[1]
            if not part or one.index in self.answers or not one.names & bound_names(part):
                continue
            if rest is None:  # the test was changed as well: its lines cannot be told from the answer's
                self._pull(slot, part)
                self.questions.append(
                    Question(
                        f"{one.title} seems to stand in the cell of {place.title}, which was edited. The whole "
                        f"text was kept as a cell of the student's own before {place.title}.",
                        one.grade_id,
                        (cut(part),),
                    )
                )
                done.append(part)
                break
            if part in done:  # two answers in one text: it runs once
                self._note("merged", one.index, f"{one.title} stood in the same cell as the answer before it.")
                self.answers[one.index] = ""
                continue
            self.answers[one.index] = part
            done.append(part)
            self._note("merged", one.index, f"{one.title} had been merged with {place.title}; they were separated.")
        if done or rest is None:
            return bool(done)
        near = [one for one in missing if one.index not in self.answers and self._beside(one.index, slot)]
        parts = [part for part in rest if part]
        if near and parts:
            self.questions.append(
                Question(
                    f"{near[0].title} is missing, and the cell of {place.title} holds text of the student's, "
                    f"which may be it. It was kept as a cell of the student's own.",
                    near[0].grade_id,
                    tuple(cut(part) for part in parts),
                )
            )
            for part in parts:
                self._pull(slot, part)
            return True
        return False

    def _tests_in_answers(self):
        """Locked and test cells that had been merged into an answer."""
        for place in self.slots:
            if place.role not in FIXED or place.index in self.found.pairs or not place.plain:
                continue
            for slot, text in sorted(self.answers.items()):
                rest = cut_out(text, place.given)
                if rest and self.slots[slot].type == place.type:
                    self.answers[slot] = "\n\n".join(part for part in rest if part)
                    self._note("merged", place.index, f"{place.title} had been merged with {self.slots[slot].title}; "
                               "they were separated.")  # fmt: skip
                    self.separated.add(place.index)
                    break

    def _beside(self, first, second):
        low, high = sorted((first, second))
        return all(self.slots[between].role == "free" for between in range(low + 1, high))

    def _pull(self, slot, text):
        self.pulled.setdefault(slot, []).append(text)

    def _rivals(self):
        """Cells that bear one grade id and hold different texts."""
        for slot, rivals in self.found.rivals.items():
            place = self.slots[slot]
            if not rivals:
                continue
            chosen = self.found.pairs[slot]
            every = sorted([*rivals, chosen])
            if place.type == "markdown":
                apart = every[-1] - every[0] != len(every) - 1
                self.answers[slot] = "\n\n".join(plain(self.cells[cell].source) for cell in every)
                self.used.update(dict.fromkeys(rivals, slot))
                self._note("split", slot, f"{place.title} was there in {len(every)} parts; they were put together.")
                if not apart:
                    continue
            else:
                self._note(
                    "duplicated",
                    slot,
                    f"{place.title} was there {len(every)} times with different texts. All of them run, in the "
                    "order in which they stood.",
                )
                if not place.manual:
                    continue
            self.questions.append(
                Question(
                    f"{place.title} was there {len(every)} times with different texts: which one counts?",
                    place.grade_id,
                    tuple(cut(self.cells[cell].source) for cell in every),
                )
            )

    def _split_cells(self):
        """Code that is whole only with the cell after it, or before it."""
        for slot, cell in sorted(self.found.pairs.items()):
            place = self.slots[slot]
            if place.role != "answer" or place.type != "code" or parses(self.answers[slot]):
                continue
            for step in (1, -1):
                text, taken, at = self.answers[slot], [], cell + step
                while 0 <= at < len(self.cells) and self._is_extra(at) and self.cells[at].type == "code":
                    other = self.cells[at].source
                    text = f"{text}\n{other}" if step == 1 else f"{other}\n{text}"
                    taken.append(at)
                    if parses(text):
                        self.answers[slot] = text
                        self.used.update(dict.fromkeys(taken, slot))
                        self._note("split", slot, f"{place.title} had been split; its parts were put together.")
                        break
                    at += step
                if parses(self.answers[slot]):
                    break

    def _missing(self):
        for place in self.slots:
            slot = place.index
            if slot in self.found.pairs or place.role == "free" or slot in self.answers or slot in self.separated:
                continue
            if place.role in FIXED:
                self._note("missing", slot, f"{place.title} was missing; it was put back.")
                continue
            doubts = [cell for cell in self.found.doubts.get(slot, []) if self._is_extra(cell)]
            elsewhere = [
                cell.index
                for cell in self.cells
                if place.names & bound_names(cell.source) and cell.index not in doubts and cell.type == "code"
            ]
            where = " Another cell defines what it asks for; that cell runs as it is." if elsewhere else ""
            self._note("missing", slot, f"{place.title} was not found; an empty cell was put in its place.{where}")
            if doubts:
                self.questions.append(
                    Question(
                        f"{place.title} was not found for certain. The cells that may be it were kept where "
                        "they stood, and code in them runs.",
                        place.grade_id,
                        tuple(cut(self.cells[cell].source) for cell in doubts[:MOST_CANDIDATES]),
                    )
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
                self.questions.append(
                    Question(
                        f"{place.title} stood in another place and is known only by its grade id: is this its answer?",
                        place.grade_id,
                        (cut(text),),
                    )
                )

    # What the notebook says of itself ---------------------------------------------------------------------------

    def _metadata(self):
        stripped = []
        for slot, index in sorted(self.found.pairs.items()):
            place, cell = self.slots[slot], self.cells[index]
            if place.role == "free":
                continue
            if cell.type != place.type:
                self._note("retyped", slot, f"{place.title} was a {cell.type} cell; it is {place.type} again.")
            if not cell.nbgrader.get("grade_id"):
                stripped.append(place.title)
            elif cell.grade_id == place.grade_id:
                wrong = [
                    key
                    for key, default in FLAGS.items()
                    if key in cell.nbgrader and cell.nbgrader[key] != place.marks.get(key, default)
                ]
                if wrong:
                    self._note("flags", slot, f"{place.title}: {' and '.join(wrong)} had been changed; put back.")
        if stripped:
            names = ", ".join(stripped[:4]) + (f" and {len(stripped) - 4} more" if len(stripped) > 4 else "")
            self.changes.append(
                Change("metadata", f"The grading metadata of {names} were missing; they were put back.")
            )
        for index in sorted(self.found.moved_marks):
            self.changes.append(
                Change("metadata", f"Cell {index + 1} bore the grading metadata of another cell; they were put back.")
            )
        known = {place.grade_id for place in self.slots}
        for cell in self.cells:
            if cell.grade_id and cell.grade_id not in known:
                self.changes.append(
                    Change(
                        "metadata",
                        f"Cell {cell.index + 1} claimed to be {short(cell.grade_id, 40)!r}, which is not in this "
                        "assignment; it counts as a cell of the student's own.",
                    )
                )
        self._kernel()

    def _kernel(self):
        ours = (self.release.metadata.get("kernelspec") or {}).get("name")
        theirs = self.book.metadata.get("kernelspec")
        name = theirs.get("name") if isinstance(theirs, dict) else None
        if ours and name is not None and name != ours:
            self.changes.append(
                Change("notebook", f"The notebook asked for the kernel {short(str(name), 40)!r}; it runs on {ours!r}.")
            )

    def _copies(self):
        counted = {}
        for slot in self.found.copies.values():
            counted[slot] = counted.get(slot, 0) + 1
        for slot, count in sorted(counted.items()):
            title = self.slots[slot].title
            self._note("duplicated", slot, f"{count} more cop{'y' if count == 1 else 'ies'} of {title} left out.")

    # The new notebook -----------------------------------------------------------------------------------------

    def _assemble(self):
        extras = {}
        anchors = sorted(self.found.fixed_order)
        places = [self.found.pairs[slot] for slot in anchors]
        for cell in self.cells:
            if self._is_extra(cell.index) and plain(cell.source):
                before = [slot for slot, at in zip(anchors, places) if at < cell.index]
                extras.setdefault(before[-1] if before else -1, []).append(cell)
        self.taken = {place.id for place in self.slots if place.id}
        book = nbformat.v4.new_notebook()
        kept = {key: self.release.metadata[key] for key in ("kernelspec", "language_info") if key in self.release.metadata}
        book.metadata = nbformat.from_dict(kept)
        bounds = [-1, *anchors]
        for bound, following in zip(bounds, [*anchors, len(self.slots)]):
            if bound >= 0:
                self._put(book, bound)
            between = list(range(bound + 1, following))
            # Helpers that were deleted go before the student's own cells, which may use them; tests after.
            while between and self.slots[between[0]].role not in ("answer", "test"):
                self._put(book, between.pop(0))
            for cell in extras.get(bound, []):
                self._put_own(book, cell.type, cell.source, cell.id, cell.attachments)
            for slot in between:
                self._put(book, slot)
        nbformat.validate(book)
        return book

    def _put(self, book, slot):
        place = self.slots[slot]
        for text in self.pulled.get(slot, []):
            self._put_own(book, "code" if parses(text) else "markdown", text)
        cell = self.found.pairs.get(slot)
        attachments = {}
        if place.role in FIXED:
            text = place.text
        elif place.role == "answer":
            text = self.answers.get(slot)
            if text is None:
                unanswered = place.type == "markdown" and slot not in self.found.doubts
                text = place.given if unanswered else EMPTY if place.type == "code" else ""
            attachments = self.cells[cell].attachments if cell is not None else {}
        elif cell is not None and slot in self.found.fixed_order:
            self._add(book, self.cells[cell].type, self.cells[cell].source, self._id(place.id), place.metadata,
                      self.cells[cell].attachments)  # fmt: skip
            return
        else:
            return
        made = self._id(place.id) if place.id else self._new_id(f"slot-{place.grade_id}")
        self._add(book, place.type, text, made, place.metadata, attachments)

    def _put_own(self, book, kind, text, cell_id="", attachments=None):
        if not cell_id or cell_id in self.taken:
            cell_id = self._new_id(f"{kind}{text}")
        self.taken.add(cell_id)
        self._add(book, kind, text, cell_id, {}, attachments or {})

    def _add(self, book, kind, text, cell_id, metadata, attachments):
        make = {
            "code": nbformat.v4.new_code_cell,
            "markdown": nbformat.v4.new_markdown_cell,
            "raw": nbformat.v4.new_raw_cell,
        }[kind]
        cell = make(text, metadata=nbformat.from_dict(dict(metadata)))
        cell.id = cell_id
        clean = _clean_attachments(attachments) if kind == "markdown" else {}
        if clean:
            cell.attachments = nbformat.from_dict(clean)
        book.cells.append(cell)

    def _id(self, cell_id):
        return cell_id or self._new_id("free")

    def _new_id(self, seed):
        count = 0
        while True:
            made = "own-" + hashlib.sha256(f"{seed}\n{count}".encode()).hexdigest()[:12]
            if made not in self.taken:
                self.taken.add(made)
                return made
            count += 1

    def _is_extra(self, cell):
        """Whether a cell is the student's own: in no place of the release, no copy, not joined to another."""
        if cell in self.found.copies or cell in self.used:
            return False
        slot = next((slot for slot, index in self.found.pairs.items() if index == cell), None)
        # A free cell that the student moved is the student's: it stays where it was put.
        return slot is None or (self.slots[slot].role == "free" and slot not in self.found.fixed_order)

    def _note(self, kind, slot, message, text=""):
        self.changes.append(Change(kind, message[0].upper() + message[1:], self.slots[slot].grade_id, text))


def _clean_attachments(attachments):
    """Pasted pictures as nbformat wants them: name → type → base64 text."""
    clean = {}
    for name, kinds in attachments.items():
        if isinstance(name, str) and isinstance(kinds, dict):
            held = {kind: data for kind, data in kinds.items() if isinstance(data, str) and kind.startswith("image/")}
            if held:
                clean[name] = held
    return clean
