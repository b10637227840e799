"""What can be wrong with labels, and the error that lists all of it."""

from collections import Counter
from dataclasses import dataclass

from cvlib.data.bad_rows import TableError, count

#: Kind of a fault: what it is.
KINDS = {
    "unreadable": "cannot be read",
    "empty": "no width or no height",
    "inverted": "corners swapped",
    "outside": "beyond the edge of the picture",
    "class": "unknown class",
    "no_image": "labels without a picture",
    "no_annotation": "a picture without labels",
    "image_size": "not the size of the picture's file",
    "duplicate": "the same box twice",
    "name": "file names that disagree",
    "shape": "not a box",
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        kind: a key of `KINDS`.
        place: the file and line, or the annotation's id and index in a JSON file.
        text: what is wrong, in words.
        repair: what `repair` would do about it, or None where a person has to.
        file: the picture, or None.
        box: index of the box in its picture, or None.
    """

    kind: str
    place: str
    text: str
    repair: str | None = None
    file: str | None = None
    box: int | None = None

    def __str__(self):
        return f"{self.place}: {self.text}{f' (repair: {self.repair})' if self.repair else ''}"


class AnnotationError(TableError):
    """Labels with faults, all of them named.

    Attributes:
        faults: list of `Fault`.
        problems: list of (place, text).
    """

    def __init__(self, source, faults):
        self.source, self.faults = source, list(faults)
        kinds = Counter(fault.kind for fault in self.faults)
        heading = f"{source}: {count(len(self.faults), 'fault')} in the labels: " + ", ".join(
            f"{number} {KINDS[kind]}" for kind, number in kinds.most_common()
        )
        if able := sum(fault.repair is not None for fault in self.faults):
            heading += f". {able} can be repaired: read with strict=False, then call repair(annotations, …)"
        problems = [
            (fault.place, fault.text + (f" (repair: {fault.repair})" if fault.repair else ""))
            for fault in self.faults
        ]
        super().__init__(heading, problems)

    def __reduce__(self):
        return type(self), (self.source, self.faults)


def unreadable(place, text):
    """A fault of a line that gives no box."""
    return Fault("unreadable", str(place), text)
