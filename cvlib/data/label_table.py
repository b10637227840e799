"""Read labels from a spreadsheet, with every bad row reported at once."""

import difflib
import os
import posixpath
from pathlib import Path

from cvlib.data.bad_rows import TableError, count, listed
from cvlib.data.image_files import is_named_as_image, not_an_image
from cvlib.data.tables import read_cells

#: Columns of a table that are not labels.
RESERVED = ("path", "split", "group", "fold")
YES, NO = ("1", "true", "yes", "x"), ("0", "false", "no", "")


def read_table(file, directory=None, labels=None, classes=None, separator=None, sheet=0):
    """Read a spreadsheet whose first column is the image's path and whose other columns are labels.

    Columns named `split`, `group` or `fold` are kept as they are and are not labels. What the labels mean
    follows from the table:

    * one label column: a class an image (binary if there are two); the column is renamed `label`;
    * one label column and a `separator`: several labels an image, as a tuple in `label`;
    * several columns of 0 and 1 (or yes and no, true and false, x and empty): multi-label, as int columns;
    * several columns of names: several questions about an image, each with its own classes.

    Args:
        file: CSV (comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252) or XLSX, told apart by content.
        directory: where the paths start; by default the folder of the file.
        labels: the label columns to use; by default all but the first and the reserved ones.
        classes: the labels that may occur: a list, or for several columns of names a dict from column to
            list; by default any.
        separator: what separates several labels in one cell, for instance ";".
        sheet: number (from 0) or name of the sheet of an XLSX file.

    Returns:
        DataFrame with a column `path` (relative to `directory`, with forward slashes), the label columns, and
        the reserved ones present.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        TableError: if rows are bad: all of them are named, with their row in the spreadsheet.
        ValueError: if the table as a whole is: empty, without a header, or without a column asked for.

    Example:
        >>> frame = read_table("labels.csv", "images", classes=["cat", "dog"])  # doctest: +SKIP
    """
    import pandas as pd

    file = Path(file)
    directory = file.parent if directory is None else Path(directory)
    if not directory.is_dir():
        raise FileNotFoundError(
            f"directory {directory} does not exist: give the folder where the paths start"
        )
    numbers, table = read_cells(file, sheet)
    columns = _label_columns(file, table, labels, directory)
    frame = pd.DataFrame(index=range(len(table)))
    problems = []
    frame["path"] = _paths(table.iloc[:, 0], directory, numbers, problems)
    if separator is not None:
        if len(columns) != 1:
            raise ValueError(
                f"separator is for one label column with several labels a cell, but {file.name} has the "
                f"label columns {listed(columns)}"
            )
        frame["label"] = _separated(table[columns[0]], separator, classes, numbers, problems)
    elif len(columns) == 1:
        allowed = classes.get(columns[0]) if isinstance(classes, dict) else classes
        frame["label"] = _names(table[columns[0]], columns[0], allowed, numbers, problems)
    else:
        for name in columns:
            frame[name] = _one_of_several(table[name], name, classes, columns, numbers, problems)
    for name in table.columns[1:]:
        if name.lower() in RESERVED and name not in columns:
            frame[name.lower()] = table[name]
    _duplicates(frame, numbers, problems)
    if problems:
        problems.sort(key=lambda problem: problem[0])
        rows = len({row for row, _ in problems})
        heading = f"{file}: {count(rows, 'row')} of {len(table)} cannot be used"
        if sum(text.startswith("missing file") for _, text in problems) == len(table):
            heading += f" (not one path was found: they are looked for in {directory.absolute()})"
        raise TableError(heading, problems)
    return frame


def _label_columns(file, table, labels, directory):
    names = list(table.columns)
    first = names[0]
    if is_named_as_image(first) or (first and (directory / first).is_file()):
        raise ValueError(
            f"{file}: row 1 must be a header, but its first cell is {first!r}, an image: add a first row "
            "such as path,label"
        )
    if len(table) == 0:
        raise ValueError(f"{file}: there is a header ({listed(names)}) but no row below it")
    if labels is not None:
        labels = [labels] if isinstance(labels, str) else list(labels)
        if missing := [name for name in labels if name not in names[1:]]:
            close = [match for name in missing for match in difflib.get_close_matches(name, names[1:], 1)]
            raise ValueError(
                f"{file}: no label column {listed(missing)}; its columns are {listed(names)}, the first "
                f"being the path{f' (did you mean {listed(close)}?)' if close else ''}"
            )
        return labels
    columns = [name for name in names[1:] if name.lower() not in RESERVED]
    if not columns:
        raise ValueError(
            f"{file}: no label column; its columns are {listed(names)}. The first column is the path of the "
            "image; at least one other must hold its label"
        )
    return columns


def _paths(cells, directory, numbers, problems):
    """Each path relative to the directory; what is wrong with a file is found once and told for every row."""
    wrong, listings, cleaned = {}, {}, []
    for number, cell in zip(numbers, cells):
        path = cell
        if "\\" in path and not (directory / path).is_file():
            path = path.replace("\\", "/")
        if os.path.isabs(path):
            path = Path(os.path.relpath(path, directory)).as_posix()
        path = posixpath.normpath(path) if path else ""
        if path not in wrong:
            wrong[path] = _wrong_file(cell, directory / path, listings) if path else "the path is empty"
        if wrong[path]:
            problems.append((number, wrong[path]))
        cleaned.append(path)
    return cleaned


def _wrong_file(cell, path, listings):
    if path.is_file():
        reason = not_an_image(path)
        return reason and f"{cell!r}: {reason}"
    if path.is_dir():
        return f"{cell!r} is a folder, not an image"
    folder = path.parent
    if folder not in listings:
        listings[folder] = {}
        for entry in folder.iterdir() if folder.is_dir() else ():
            listings[folder][entry.name.lower()] = listings[folder][entry.stem.lower()] = entry.name
    near = listings[folder].get(path.name.lower()) or listings[folder].get(path.stem.lower())
    return f"missing file {cell!r}{f' (there is {near!r})' if near else ''}"


def _names(cells, column, allowed, numbers, problems):
    allowed = None if allowed is None else [str(name) for name in allowed]
    for number, cell in zip(numbers, cells):
        if not cell:
            problems.append((number, f"the label in column {column!r} is empty"))
        elif allowed is not None and cell not in allowed:
            problems.append((number, _unknown(cell, allowed)))
    return list(cells)


def _unknown(label, allowed):
    lower = {name.lower(): name for name in allowed}
    close = [lower[name] for name in difflib.get_close_matches(label.lower(), lower, 1)]
    hint = f"did you mean {close[0]!r}?" if close else f"the classes are {listed(allowed)}"
    return f"unknown label {label!r} ({hint})"


def _separated(cells, separator, classes, numbers, problems):
    classes = [] if classes is None else [str(name) for name in classes]
    values = []
    for number, cell in zip(numbers, cells):
        parts = tuple(dict.fromkeys(part.strip() for part in cell.split(separator) if part.strip()))
        problems += [(number, _unknown(part, classes)) for part in parts if classes and part not in classes]
        values.append(parts)
    return values


def _one_of_several(cells, column, classes, columns, numbers, problems):
    """A column of 0 and 1 as ints, or of names."""
    lower = [cell.lower() for cell in cells]
    flags = sum(cell in YES or (cell in NO and cell != "") for cell in lower)
    filled = sum(cell != "" for cell in lower)
    if isinstance(classes, dict) or 2 * flags <= filled:
        allowed = classes.get(column) if isinstance(classes, dict) else classes
        return _names(cells, column, allowed, numbers, problems)
    if classes is not None and column not in classes:
        raise ValueError(f"the label column {column!r} is not in classes {listed(classes)}")
    if classes is not None and (missing := [name for name in classes if name not in columns]):
        raise ValueError(f"no label column for class {listed(missing)}; there are {listed(columns)}")
    marks = all(cell in ("x", "") for cell in lower)  # a column of crosses: empty means no
    values = []
    for number, cell, shown in zip(numbers, lower, cells):
        if cell == "" and not marks:
            problems.append((number, f"the label in column {column!r} is empty (write 0 or 1)"))
        elif cell not in YES + NO:
            problems.append((number, f"the label in column {column!r} must be 0 or 1, got {shown!r}"))
        values.append(int(cell in YES))
    return values


def _duplicates(frame, numbers, problems):
    """Report each path that is listed again, and whether its labels agree."""
    labels = frame.drop(columns="path").astype(str).agg(" + ".join, axis=1)
    first = {}
    for number, path, label in zip(numbers, frame["path"], labels):
        if not path:
            continue
        if path not in first:
            first[path] = (number, label)
            continue
        row, before = first[path]
        same = "with the same label" if label == before else f"there with label {before!r}, here {label!r}"
        problems.append((number, f"{path!r} is listed already in row {row}, {same}"))
