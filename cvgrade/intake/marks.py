"""What a handed-in notebook says of itself, against what its release says."""

from cvgrade.intake.changes import Change
from cvgrade.intake.slots import short

FLAGS = {"points": None, "grade": False, "solution": False, "locked": False, "task": False}
LISTED = 4


def check_marks(book, slots, found, release):
    """Find what was changed in nbgrader's metadata, in the cells' types and in the notebook's own metadata.

    Args:
        book: the submission, `notebooks.Book`.
        slots: list of `Slot`.
        found: `Matching`.
        release: the released notebook.

    Returns:
        List of `Change`.
    """
    return [
        *_cells(book, slots, found),
        *_copies(slots, found),
        *_strangers(book, slots, found),
        *_kernel(book, release),
    ]


def _cells(book, slots, found):
    changes, stripped = [], []
    for slot, index in sorted(found.pairs.items()):
        place, cell = slots[slot], book.cells[index]
        if place.role == "free":
            continue
        if cell.type != place.type:
            message = f"Cell {place.grade_id} was a {cell.type} cell; it is {place.type} again."
            changes.append(Change("retyped", message, place.grade_id))
        if not cell.grade_id:
            stripped.append(place.grade_id)
        elif cell.grade_id == place.grade_id:
            wrong = [
                flag
                for flag, default in FLAGS.items()
                if flag in cell.nbgrader and cell.nbgrader[flag] != place.marks.get(flag, default)
            ]
            if wrong:
                names = " and ".join(wrong)
                message = f"Cell {place.grade_id}: {names} had been changed; as released again."
                changes.append(Change("flags", message, place.grade_id))
    if stripped:
        more = f" and {len(stripped) - LISTED} more" if len(stripped) > LISTED else ""
        names = ", ".join(stripped[:LISTED]) + more
        message = f"The grading metadata were missing and were put back: {names}."
        changes.append(Change("metadata", message, stripped[0] if len(stripped) == 1 else ""))
    return changes


def _copies(slots, found):
    counted = {}
    for slot in found.copies.values():
        counted[slot] = counted.get(slot, 0) + 1
    for slot, count in sorted(counted.items()):
        place = slots[slot]
        copies = "One more copy" if count == 1 else f"{count} more copies"
        yield Change("duplicated", f"{copies} of {place.title} left out.", place.grade_id)


def _strangers(book, slots, found):
    for index in sorted(found.moved_marks):
        yield Change(
            "metadata", f"Cell {index + 1} bore the grading metadata of another cell; they were put right."
        )
    known = {place.grade_id for place in slots}
    for cell in book.cells:
        if cell.grade_id and cell.grade_id not in known:
            yield Change(
                "metadata",
                f"Cell {cell.index + 1} claimed to be {short(cell.grade_id, 40)!r}, which is not in this "
                "assignment; it counts as a cell of the student's own.",
            )


def _kernel(book, release):
    ours = (release.metadata.get("kernelspec") or {}).get("name")
    theirs = book.metadata.get("kernelspec")
    name = theirs.get("name") if isinstance(theirs, dict) else None
    if ours and name is not None and name != ours:
        yield Change(
            "notebook", f"The notebook asked for the kernel {short(str(name), 40)!r}; it runs on {ours!r}."
        )
