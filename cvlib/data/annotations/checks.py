"""Every fault of labels, listed at once."""

from pathlib import PurePosixPath

import numpy as np

from cvlib.data.annotations.faults import Fault
from cvlib.data.annotations.image_folder import ImageFolder
from cvlib.data.annotations.records import unsafe_path
from cvlib.data.bad_rows import listed

#: Beyond the edge by less than this share of the side is rounding: YOLO's six decimals.
ROUNDING = 1e-6


def check(annotations, images=None, every=True):
    """List what is wrong with labels.

    Found are: boxes without width or height, with swapped corners, beyond the picture, of an unknown class
    or written twice; labels without a picture and pictures without labels; sizes that are not the file's; and
    names that disagree.

    Args:
        annotations: `Annotations`.
        images: the folder of the pictures; without it, nothing is said of files.
        every: whether each picture of that folder should have labels.

    Returns:
        list of `Fault`, in the order of the labels; empty if all is well.

    Raises:
        FileNotFoundError: if there is no such folder.

    Example:
        >>> from cvlib.data.annotations import AnnotatedImage, Annotations
        >>> image = AnnotatedImage("a.jpg", [[5, 0, 20, 12]], ["cat"], size=(10, 20))
        >>> [(fault.kind, fault.repair) for fault in check(Annotations([image], ["cat"]))]
        [('outside', 'clip it')]
    """
    folder = images if images is None or isinstance(images, ImageFolder) else ImageFolder(images)
    faults, seen = [], {}
    for image in annotations:
        file, size, found = _picture(image, folder)
        faults += found
        if file in seen:
            text = f"the picture {file!r} is labelled already at {seen[file]}"
            faults.append(Fault("duplicate", image.place, text, file=image.file))
        seen.setdefault(file, image.place)
        faults += _boxes(image, size, annotations)
    if folder is not None and every:
        for file in folder.files:
            if file not in seen:
                text = f"the picture {file!r} has no labels"
                repair = "list it as a picture without objects"
                faults.append(Fault("no_annotation", str(folder.folder / file), text, repair, file=file))
    return faults


def true_file(image, folder):
    """The picture that labels mean, and why its declared name is not it (text, or None)."""
    stem = PurePosixPath(image.file.replace("\\", "/")).stem
    if image.stem is not None and stem != PurePosixPath(image.stem).name:
        text = f"the labels name the picture {image.file!r}, their own file is named {image.stem!r}"
        if folder is None:
            return str(PurePosixPath(image.stem)) + PurePosixPath(image.file).suffix, text
        meant = folder.by_stem(image.stem)
        return (meant[0] if len(meant) == 1 else None), text
    if folder is not None and image.file not in folder and (near := folder.near(image.file)):
        return near, f"there is no picture {image.file!r}, but {near!r}"
    return image.file, None


def _picture(image, folder):
    """The picture meant, its size (None if unknown), and the faults of the picture as a whole."""
    faults, size = [], image.size
    if reason := unsafe_path(image.file):
        faults.append(Fault("name", image.place, f"the file name {image.file!r} {reason}", file=image.file))
        if folder is None or not folder.near(image.file):
            return image.file, size, faults
    file, text = true_file(image, folder)
    if text:
        repair = f"name it {file!r}" if file else None
        faults.append(Fault("name", image.place, text, repair, file=image.file))
    file = file or image.file
    if size is not None and min(size) <= 0:
        text, repair = (
            f"the declared size is {size[1]}×{size[0]}",
            None if folder is None else "take the file's",
        )
        if folder is None or file not in folder:
            faults.append(Fault("image_size", image.place, text, repair, file=image.file))
            return file, None, faults
    if folder is None:
        return file, size, faults
    if file not in folder:
        text = f"there is no picture {file!r} in {folder.folder}"
        return file, size, [*faults, Fault("no_image", image.place, text, file=image.file)]
    true = folder.size(file)
    if isinstance(true, str):
        return file, size, [*faults, Fault("no_image", image.place, true, file=image.file)]
    if size is not None and size != true:
        swapped = ": width and height are swapped" if size == true[::-1] else ""
        text = f"the labels say {size[1]}×{size[0]}, the file {file!r} is {true[1]}×{true[0]}{swapped}"
        repair = "take the file's size"
        faults.append(Fault("image_size", image.place, text, repair, file=image.file))
    return file, true, faults


def _boxes(image, size, annotations):
    faults, first = [], {}
    for index, (box, name) in enumerate(zip(image.boxes, image.classes)):

        def add(kind, text, repair=None, place=image.places[index], index=index):
            faults.append(Fault(kind, place, text, repair, image.file, index))

        if name not in annotations.class_names:
            add("class", f"unknown class {name!r} (the classes are {listed(annotations.class_names)})")
        for kind, text, repair in geometry(box, size, annotations.smallest):
            add(kind, text, repair)
        corners = tuple(ordered(box).tolist())
        if corners in first:
            earlier, other = first[corners]
            if other == name:
                add("duplicate", f"the same box of {name!r} as at {earlier}", "drop it")
            else:
                add("duplicate", f"the same box is {name!r} here and {other!r} at {earlier}")
        first.setdefault(corners, (image.places[index], name))
    return faults


def geometry(box, size, smallest):
    """What is wrong with a box by its numbers alone: tuples (kind, text, repair)."""
    shown = "(" + ", ".join(f"{value:.6g}" for value in box) + ")"
    found = []
    if box[2] < box[0] or box[3] < box[1]:
        sides = [side for side, bad in (("x", box[2] < box[0]), ("y", box[3] < box[1])) if bad]
        found.append(("inverted", f"the box {shown} has its {' and '.join(sides)} swapped", "swap them"))
    upright = ordered(box)
    if empty(upright, smallest):
        sides = f"{upright[2] - upright[0]:.6g} wide and {upright[3] - upright[1]:.6g} high"
        more = f", not more than {smallest:g} pixel" if smallest else ""
        found.append(("empty", f"the box {shown} is empty: {sides}{more}", "drop it"))
    if size is not None:
        inside = clipped(upright, size)
        most = np.array([size[1], size[0]] * 2) * ROUNDING
        if (np.abs(inside - upright) > most).any():
            lost = empty(inside, smallest)
            text = f"the box {shown} {'lies' if lost else 'reaches'} outside the picture, "
            text += f"{size[1]} wide and {size[0]} high"
            found.append(("outside", text, "drop it" if lost else "clip it"))
    return found


def ordered(box):
    """The box with its smaller coordinates first."""
    return np.concatenate([np.minimum(box[:2], box[2:]), np.maximum(box[:2], box[2:])])


def clipped(box, size):
    """The part of the box within a picture of (height, width)."""
    return np.clip(box, 0, [size[1], size[0]] * 2)


def empty(box, smallest):
    """Whether a side of an upright box is too short to count."""
    return bool(min(box[2] - box[0], box[3] - box[1]) <= smallest)
