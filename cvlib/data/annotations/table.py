"""CSV: a line for each box, by two corners or all four; a picture without objects has a line with no box."""

import csv
import io
import warnings
from pathlib import Path

import numpy as np

from cvlib.data.annotations.corners import clockwise, from_corners, to_corners, why_not
from cvlib.data.annotations.faults import AnnotationError, unreadable
from cvlib.data.annotations.gathering import existing, finish, folder_of, writable
from cvlib.data.annotations.numbers import flag, number, whole, written
from cvlib.data.annotations.records import AnnotatedImage
from cvlib.data.bad_rows import listed

SIDES = ("x1", "y1", "x2", "y2")
CORNERS = tuple(f"{axis}{corner}" for corner in (1, 2, 3, 4) for axis in "xy")
FLAGS = ("difficult", "truncated", "occluded", "crowd")
#: What other programs call the columns, without case, spaces, "_" and "-".
ALIASES = {
    "path": ("path", "file", "filename", "image", "imagepath", "imagename", "filepath", "imageid"),
    "class": ("class", "classname", "label", "labelname", "category", "name"),
    "x1": ("x1", "xmin", "left", "xtl"),
    "y1": ("y1", "ymin", "top", "ytl"),
    "x2": ("x2", "xmax", "right", "xbr"),
    "y2": ("y2", "ymax", "bottom", "ybr"),
    "width": ("width", "imagewidth"),
    "height": ("height", "imageheight"),
    "crowd": ("crowd", "iscrowd"),
    "score": ("score", "confidence"),
}


def read_csv(file, images=None, class_names=None, strict=True):
    """Read labels from a CSV file, with commas, semicolons or tabs.

    The columns are path, x1, y1, x2, y2, class, in any order and by any usual name (filename, xmin, left,
    label …); width and height of the picture, difficult, truncated, occluded, crowd, area, score may be
    there too. Without a header, the columns are taken in that order. With columns x1, y1 … x4, y4 a box is
    four corners, counter-clockwise from the top-left; another start is accepted, and the other way round
    with a warning.

    Args:
        file: the CSV file. Coordinates are edges in pixels, from 0.
        images: folder of the pictures, to check names and sizes; None to leave them alone.
        class_names: the classes, in order; by default those that occur, sorted.
        strict: raise for every fault that `check` finds; if False, only for what cannot be read.

    Returns:
        `Annotations`, pictures in the order of their first line.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        AnnotationError: listing every fault with its line.
    """
    file, pictures = existing(file, "file"), folder_of(images)
    columns, rows = _rows(file)
    sides = CORNERS if "x4" in columns else SIDES
    found, faults, turned = {}, [], []
    for line, cells in rows:
        place = f"{file}:{line}"
        try:
            if len(cells) > len(columns):
                raise ValueError(f"{len(cells)} values, but {len(columns)} columns")
            row = dict(zip(columns, cells))
            if not row.get("path"):
                raise ValueError("the path is empty")
            size = _size(row)
            image = found.setdefault(row["path"], [place, size, []])
            if size is not None and image[1] not in (None, size):
                raise ValueError(f"the size {size[::-1]} is not that of {image[0]}, {image[1][::-1]}")
            image[1] = image[1] or size
            if not any(row.get(name) for name in (*sides, "class")):
                continue
            if not row.get("class"):
                raise ValueError("the class is empty")
            values = [number(row.get(name), name) for name in sides]
            if sides is CORNERS:
                corners = np.reshape(values, (4, 2))
                if reason := why_not(corners):
                    raise ValueError(reason)
                turned += [place] if clockwise(corners[None])[0] else []
                values = from_corners([corners])[0][0]
            image[2].append((values, row["class"], _extra(row), place))
        except ValueError as error:
            faults.append(unreadable(place, str(error)))
    if turned:
        text = (
            f"corners go round clockwise, expected counter-clockwise from the top-left, at {listed(turned)}"
        )
        warnings.warn(text, stacklevel=2)
    made = []
    for path, (place, size, boxes) in found.items():
        values, classes, extras, places = zip(*boxes) if boxes else ((), (), (), ())
        made.append(AnnotatedImage(path, values, classes, size, extras, {}, str(file), None, place, places))
    return finish(file, made, class_names, faults, folder=pictures, strict=strict, every=False)


def write_csv(annotations, file, corners=False):
    """Write labels as CSV, every number so that it reads back the same.

    Args:
        annotations: `Annotations`.
        file: CSV file to write.
        corners: whether to write four corners, counter-clockwise from the top-left, instead of two.

    Raises:
        ValueError: if a picture is listed twice.
    """
    writable(annotations)
    extras = [extra for image in annotations for extra in image.extras]
    more = [key for key in (*FLAGS, "area", "score") if any(key in extra for extra in extras)]
    size = ["width", "height"] if any(image.size is not None for image in annotations) else []
    sides = CORNERS if corners else SIDES
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", *sides, "class", *size, *more])
    for image in annotations:
        end = ([""] * 2 if image.size is None else [str(side) for side in image.size[::-1]]) if size else []
        rows = to_corners(image.boxes).reshape(-1, 8) if corners else image.boxes
        for row, name, extra in zip(rows, image.classes, image.extras):
            rest = [str(int(bool(extra.get(key)))) for key in more if key in FLAGS]
            rest += [written(extra[key]) if key in extra else "" for key in more if key not in FLAGS]
            writer.writerow([image.file, *map(written, row), name, *end, *rest])
        if not len(image):
            writer.writerow([image.file, *[""] * len(sides), "", *end, *[""] * len(more)])
    file = Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.getvalue(), encoding="utf-8")


def _rows(file):
    """The names of the columns, and (line, cells) of each row that is not empty."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AnnotationError(file, [unreadable(file, f"not UTF-8 text: {error}")]) from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    rows, before = [], 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((before + 1, [cell.strip() for cell in cells]))
            before = reader.line_num
    except csv.Error as error:
        raise AnnotationError(file, [unreadable(f"{file}:{reader.line_num}", str(error))]) from None
    if not rows:
        raise AnnotationError(file, [unreadable(file, "the file is empty")])
    known = {alias: name for name, aliases in ALIASES.items() for alias in aliases}
    plain = ["".join(c for c in cell.lower() if c not in " _-") for cell in rows[0][1]]
    columns = [known.get(name, name) for name in plain]
    if not set(SIDES) & set(columns):
        corners = len(columns) == 10
        return ["path", *(CORNERS if corners else SIDES), "class"], rows
    needed = ["path", *(CORNERS if "x4" in columns else SIDES), "class"]
    problems = [f"there is no column {name!r}" for name in needed if name not in columns]
    problems += [f"two columns mean {name!r}" for name in known.values() if columns.count(name) > 1]
    if problems:
        shown = f"; the header is {listed(rows[0][1])}"
        place = f"{file}:{rows[0][0]}"
        raise AnnotationError(file, [unreadable(place, text + shown) for text in dict.fromkeys(problems)])
    return columns, rows[1:]


def _size(row):
    given = [row.get("height", ""), row.get("width", "")]
    return (whole(given[0], "height"), whole(given[1], "width")) if any(given) else None


def _extra(row):
    extra = {key: True for key in FLAGS if flag(row.get(key, ""), key)}
    return extra | {key: number(row[key], key) for key in ("area", "score") if row.get(key)}
