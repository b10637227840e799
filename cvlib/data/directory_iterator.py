"""`ImageDataGenerator.flow_from_directory`: batches from a folder with one folder for each class."""

import os
from pathlib import Path

import numpy as np

from cvlib.data import subsets
from cvlib.data.file_iterator import FileIterator, binary_needs_two, check_options

#: Extensions that count as pictures in a folder; what a file then holds is told by its content.
EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")
CLASS_MODES = ("categorical", "binary", "sparse", "input", None)


class DirectoryIterator(FileIterator):
    """Batches from a folder; made by `ImageDataGenerator.flow_from_directory`.

    Attributes:
        directory: the folder.
        num_classes: number of classes.
    """

    def __init__(
        self, generator, directory, *, classes, follow_links, class_mode, subset, masks, boxes, **options
    ):
        check_options(
            class_mode, CLASS_MODES, options["target_size"], options["color_mode"], options["interpolation"]
        )
        self.directory = directory
        if masks is not None and class_mode is None and classes is None and _has_pictures_alone(directory):
            classes = ["."]
        names = _class_folders(directory, classes)
        if class_mode == "binary":
            binary_needs_two(names)
        self.num_classes, self.class_indices = len(names), {name: index for index, name in enumerate(names)}
        files = [
            (file, index)
            for name, index in self.class_indices.items()
            for file in _files(directory, name, follow_links)
        ]
        if not files:
            raise ValueError(_nothing_found(directory, names))
        if subset is not None:
            labels = [index for _, index in files]
            chosen = subsets.choose(labels, len(files), generator._validation_split, subset)
            files = [files[i] for i in chosen]
        self.filenames = [file for file, _ in files]
        self.classes = np.array([index for _, index in files], np.int32)
        if boxes is not None:
            boxes = [_boxes_of(boxes, name) for name in self.filenames]
        print(f"Found {len(files)} images belonging to {self.num_classes} classes.")
        super().__init__(
            generator,
            [os.path.join(directory, name) for name in self.filenames],
            class_mode=class_mode,
            mask_paths=None if masks is None else _mask_paths(masks, self.filenames),
            boxes=boxes,
            augment=subset != "validation",
            **options,
        )


def _has_pictures_alone(directory):
    """Whether a folder holds pictures and no folder: the usual layout beside a folder of masks."""
    if not os.path.isdir(directory):
        return False
    entries = [entry for entry in os.scandir(directory) if not entry.name.startswith(".")]
    return not any(entry.is_dir() for entry in entries) and any(
        entry.name.lower().endswith(EXTENSIONS) for entry in entries
    )


def _class_folders(directory, classes):
    if not os.path.isdir(directory):
        raise FileNotFoundError(f"directory does not exist or is no folder: {directory}")
    found = sorted(
        entry
        for entry in os.listdir(directory)
        if not entry.startswith(".") and os.path.isdir(os.path.join(directory, entry))
    )
    if classes is None or len(classes) == 0:
        if not found:
            raise ValueError(_nothing_found(directory, []))
        return found
    missing = [name for name in classes if not os.path.isdir(os.path.join(directory, name))]
    if missing:
        raise ValueError(
            f"classes names folders that are not in {directory}: {', '.join(missing)}; it has "
            f"{', '.join(found) or 'no folder'}"
        )
    return list(classes)


def _files(directory, name, follow_links):
    """Pictures of a class, relative to the directory, in Keras' order: folder by folder, sorted."""
    top = os.path.join(directory, name)
    for root, _, files in sorted(os.walk(top, followlinks=follow_links), key=lambda entry: entry[0]):
        inner = os.path.relpath(root, top)
        if any(part.startswith(".") and part != "." for part in inner.split(os.sep)):
            continue
        for file in sorted(files):
            if file.lower().endswith(EXTENSIONS) and not file.startswith("."):
                yield os.path.join(name, os.path.normpath(os.path.join(inner, file)))


def _nothing_found(directory, names):
    where = (
        f"in the class folders {', '.join(names)} of {directory}"
        if names
        else f"in {directory}: it has no class folder"
    )
    loose = sum(entry.lower().endswith(EXTENSIONS) for entry in os.listdir(directory))
    hint = (
        f"{loose} images lie directly in it; put them into one folder for each class, or pass classes=['.'] "
        "and class_mode=None"
        if loose and not names
        else f"files that count end in {' '.join(EXTENSIONS)}; other kinds need flow_from_dataframe"
        if names
        else "put the images into one folder for each class"
    )
    return f"no images {where}. {hint[0].upper()}{hint[1:]}"


def _mask_paths(folder, filenames):
    """For each picture the file of the same name in `folder`, whatever its extension."""
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"masks must be a folder laid out like directory, but there is no folder {folder}"
        )
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            found.setdefault(path.relative_to(folder).with_suffix("").as_posix(), str(path))
    paths, missing = [], []
    for name in filenames:
        stem = Path(name).with_suffix("").as_posix()
        paths.append(found.get(stem))
        if stem not in found:
            missing.append(name)
    if missing:
        raise FileNotFoundError(
            f"masks: {len(missing)} of {len(filenames)} pictures have no mask of the same name in {folder}, "
            f"the first is {missing[0]}"
        )
    return paths


def _boxes_of(boxes, name):
    if name not in boxes:
        raise ValueError(
            f"boxes has no entry for {name}: give every file in .filenames one, if only an empty list"
        )
    return boxes[name]
