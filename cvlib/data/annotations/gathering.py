"""What every reader does at its start and at its end."""

from pathlib import Path

from cvlib.data.annotations.checks import check
from cvlib.data.annotations.faults import AnnotationError, unreadable
from cvlib.data.annotations.image_folder import ImageFolder
from cvlib.data.annotations.records import Annotations, label_stem, unfit_name, unsafe_path
from cvlib.data.bad_rows import listed


def finish(source, images, class_names, faults, *, folder, strict, every, about=None, smallest=0.0):
    """The dataset that a reader found, or the one error with all that is wrong.

    Faults of lines that gave no box are always errors; with `strict`, so are those that `check` finds.
    """
    names = set(class_names or ())
    for image in images:
        for name, place in zip(image.classes, image.places):
            if name not in names and (reason := unfit_name(name)):
                faults.append(unreadable(place, f"the class name {name!r} {reason}"))
    if class_names is None:
        class_names = sorted({name for image in images for name in image.classes if not unfit_name(name)})
    found = Annotations(images, class_names, about or {}, smallest, str(source))
    lost = [fault for fault in faults if fault.kind != "shape"]
    if strict:
        lost = faults + check(found, folder, every)
    if lost:
        raise AnnotationError(source, lost)
    return found


def folder_of(images):
    """An `ImageFolder`, or None."""
    return None if images is None else ImageFolder(images)


def existing(path, what, kind="file"):
    """A path that is there.

    Raises:
        FileNotFoundError: if it is not.
    """
    path = Path(path)
    if not (path.is_dir() if kind == "folder" else path.is_file()):
        raise FileNotFoundError(f"{what}: there is no {kind} {path}")
    return path


def writable(annotations, by_stem=False):
    """Refuse labels that cannot be written: paths that leave the folder, two pictures for one label file.

    Raises:
        ValueError: naming the pictures.
    """
    for image in annotations:
        if reason := unsafe_path(image.file):
            raise ValueError(f"annotations: the file name {image.file!r} {reason}")
        if bad := [name for name in image.classes if unfit_name(name)]:
            raise ValueError(f"annotations: {image.file}: the class name {bad[0]!r} {unfit_name(bad[0])}")
    names = [label_stem(image.file) if by_stem else image.file for image in annotations]
    if again := sorted(
        {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()
    ):
        what = "would share a label file" if by_stem else "are listed more than once"
        raise ValueError(f"annotations: pictures {what}: {listed(again)}")


def known_classes(annotations):
    """The number of each class name.

    Raises:
        ValueError: if a box has a class that has no number.
    """
    numbers = {name: number for number, name in enumerate(annotations.class_names)}
    for image in annotations:
        if unknown := sorted({name for name in image.classes if name not in numbers}):
            raise ValueError(
                f"annotations: {image.file}: class {listed(unknown)} is not in class_names "
                f"{listed(annotations.class_names)}"
            )
    return numbers
