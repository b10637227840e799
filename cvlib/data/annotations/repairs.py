"""Mend labels, and say what was done."""

from dataclasses import replace

import numpy as np

from cvlib.data.annotations.checks import ROUNDING, check, clipped, empty, ordered, true_file
from cvlib.data.annotations.faults import Fault
from cvlib.data.annotations.image_folder import ImageFolder
from cvlib.data.annotations.records import AnnotatedImage


def repair(annotations, images=None, every=True):
    """Mend what `check` can mend, and nothing else.

    In this order: names and sizes are taken from the pictures' files, swapped corners put right, boxes
    clipped to the picture, empty ones dropped, then those written twice (a copy keeps nothing of its extras).
    Pictures without labels are listed as pictures without objects. Areas and outlines kept in `extras` stay
    as they are written.

    Args:
        annotations: `Annotations`; they are not changed.
        images: the folder of the pictures, if files are to be looked at.
        every: whether each picture of that folder should have labels.

    Returns:
        The repaired `Annotations`, and a list of `Fault`, each with what was done in `repair`. What
        `check(repaired, images)` still finds, a person has to mend.

    Example:
        >>> from cvlib.data.annotations import AnnotatedImage, Annotations
        >>> image = AnnotatedImage("a.jpg", [[20, 0, 5, 12]], ["cat"], size=(10, 20))
        >>> mended, done = repair(Annotations([image], ["cat"]))
        >>> mended[0].boxes, [fault.repair for fault in done]
        (array([[ 5.,  0., 20., 10.]]), ['swap them', 'clip it'])
    """
    folder = ImageFolder(images) if images is not None else None
    done = [fault for fault in check(annotations, folder, every) if fault.repair]
    mended = [_mended(image, folder, annotations, done) for image in annotations]
    for fault in done:
        if fault.kind == "no_annotation":
            size = folder.size(fault.file)
            mended.append(AnnotatedImage(fault.file, [], [], size=None if isinstance(size, str) else size))
    return replace(annotations, images=mended), done


def _mended(image, folder, annotations, done):
    file = true_file(image, folder)[0] or image.file
    size = image.size
    if folder is not None and file in folder and not isinstance(folder.size(file), str):
        size = folder.size(file)
    boxes, kept, seen = image.boxes.copy(), [], set()
    reported = {(f.kind, f.box) for f in done if f.file == image.file and f.place in image.places}
    for index, box in enumerate(image.boxes):
        box = ordered(box)
        if size is not None and min(size) > 0:
            inside = clipped(box, size)
            if (np.abs(inside - box) > np.array([size[1], size[0]] * 2) * ROUNDING).any():
                box = inside
        boxes[index] = box
        key = (*box.tolist(), image.classes[index])
        if empty(box, annotations.smallest):
            continue
        if key in seen:
            if not reported & {("duplicate", index)}:  # two that became equal by clipping
                text = f"the same box of {image.classes[index]!r} as another once clipped"
                done.append(Fault("duplicate", image.places[index], text, "drop it", image.file, index))
            continue
        seen.add(key)
        kept.append(index)
    stem = image.stem if true_file(image, folder)[0] else None
    return replace(replace(image, file=file, size=size, boxes=boxes, stem=stem).take(kept))
