"""Read which image has which label: from a folder per class, or from a spreadsheet."""

import os
from pathlib import Path

from cvlib.data.bad_rows import TableError, count, listed
from cvlib.data.image_files import EXTENSIONS, hidden, is_named_as_image, not_an_image
from cvlib.data.label_table import RESERVED, read_table

__all__ = ["TableError", "from_directory", "kind", "label_columns", "not_an_image", "read_table"]

SPLIT_FOLDERS = ("train", "training", "validation", "valid", "val", "test", "testing")


def from_directory(directory, classes=None):
    """List the images of a folder that holds a folder per class.

    Hidden files and files that are not named as images are left out; the images of a class may lie in
    sub-folders.

    Args:
        directory: the folder; the names of its sub-folders are the labels.
        classes: the class folders to read, in any order; by default all.

    Returns:
        DataFrame with columns `path` (relative to `directory`, with forward slashes) and `label`, sorted.

    Raises:
        FileNotFoundError: if there is no such folder.
        TableError: if files are empty or are not images; all of them are named.
        ValueError: if there is no class folder, or one without an image.
    """
    import pandas as pd

    directory = Path(directory)
    if not directory.is_dir():
        what = "is a file, not a folder" if directory.exists() else "does not exist"
        raise FileNotFoundError(f"{directory} {what}: give the folder that holds a folder per class")
    found = sorted(entry.name for entry in directory.iterdir() if entry.is_dir() and not hidden(entry.name))
    if classes is not None:
        if isinstance(classes, str):
            raise ValueError(f"classes must be a list of names, got the text {classes!r}")
        if missing := [name for name in classes if name not in found]:
            raise ValueError(
                f"{directory} has no folder for class {listed(missing)}; it has {listed(found) or 'none'}"
            )
        found = sorted(classes)
    if not found:
        loose = sum(is_named_as_image(entry.name) for entry in directory.iterdir())
        raise ValueError(
            f"{directory} holds {f'{loose} images but ' if loose else ''}no class folder: put the images "
            f"into one folder per class, as in {directory.name}/cat/1.jpg and {directory.name}/dog/2.jpg"
        )
    if len(parts := [name for name in found if name.lower() in SPLIT_FOLDERS]) > 1 and classes is None:
        raise ValueError(
            f"{directory} holds the splits {listed(parts)}, not classes: read one of them, as in "
            f'from_directory("{(directory / parts[0]).as_posix()}")'
        )
    rows, problems, empty = [], [], []
    for name in found:
        paths = sorted(_images(directory / name))
        empty += [] if paths else [name]
        for path in paths:
            relative = path.relative_to(directory).as_posix()
            rows.append((relative, name))
            if wrong := not_an_image(path):
                problems.append((relative, wrong))
    if empty:
        raise ValueError(
            f"{directory}: no image in class folder {listed(empty)} (files named "
            f"{' '.join(EXTENSIONS)} are read); add some or remove the folder"
        )
    if problems:
        raise TableError(f"{directory}: {count(len(problems), 'file')} cannot be used", problems)
    return pd.DataFrame(rows, columns=["path", "label"])


def kind(frame):
    """What the labels of a frame ask of a model.

    Args:
        frame: as `from_directory` and `read_table` return it.

    Returns:
        "single" (all images have one label), "binary", "multi-class", "multi-label" (any number of labels an
        image) or "multi-output" (several questions an image).
    """
    columns = label_columns(frame)
    if len(columns) > 1:
        flags = all(frame[name].isin((0, 1)).all() for name in columns)
        return "multi-label" if flags else "multi-output"
    if frame[columns[0]].map(lambda value: isinstance(value, (list, tuple, set))).any():
        return "multi-label"
    return {1: "single", 2: "binary"}.get(frame[columns[0]].nunique(), "multi-class")


def label_columns(frame):
    """The columns of a frame that hold labels: all but the path and the reserved ones."""
    columns = [name for name in frame.columns if name not in RESERVED]
    if not columns:
        raise ValueError(f"the frame has no label column; it has {listed(frame.columns) or 'no column'}")
    return columns


def _images(folder):
    for root, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not hidden(name)]
        yield from (Path(root) / name for name in files if is_named_as_image(name))
