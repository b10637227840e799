"""Check a file of detections that the student hands in: a CSV with a row for each box found."""

import csv
import math
from pathlib import Path

import numpy as np

from cvlib.check.report import CheckFailed

COLUMNS = ("file", "x1", "y1", "x2", "y2", "score", "label")
MOST_BYTES = 2_000_000
MOST_IN_A_PICTURE = 100


def detections_file(path, files, class_names, image_size=None, read=None):
    """Check a CSV of detections, one row for each box found, and read it.

    A picture in which nothing was found has no row. Further columns are passed over.

    Args:
        path: of the CSV, with the header `file,x1,y1,x2,y2,score,label`: a box's left, top, right and bottom
            in pixels of the picture, its score in [0, 1], and the name or the number of its class.
        files: the names of the test pictures.
        class_names: of the classes, in the order of their numbers.
        image_size: (height, width) that no box may leave by more than half of it; None: not checked.
        read: where to read.

    Returns:
        list with a dict for each of `files`, in their order: "boxes" float64 (N, 4), `xyxy`; "scores"
        float64 (N,); "classes" int64 (N,). It is what `cvlib.metrics.mean_average_precision` takes.

    Raises:
        CheckFailed: if the file is missing or a row of it is wrong; the message names the row.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "found.csv")
        ...     _ = path.write_text("file,x1,y1,x2,y2,score,label\\na.jpg,1,2,30,40,0.9,dog\\n")
        ...     found = detections_file(path, ["a.jpg", "b.jpg"], ["cat", "dog"])
        >>> found[0]["boxes"].tolist(), found[0]["classes"].tolist(), found[1]["scores"].shape
        ([[1.0, 2.0, 30.0, 40.0]], [1], (0,))
    """
    path = Path(path)
    name = f"the file {path.name}"
    wanted = f"a CSV file with the columns {','.join(COLUMNS)} and one row for each box found"
    if not path.is_file():
        likely = "the cell that writes it was not run, or the file was not handed in beside the notebook."
        raise CheckFailed(f"{name} is not there", None, wanted, "no file", likely, read)
    if path.stat().st_size > MOST_BYTES:
        got = f"{path.stat().st_size:,} bytes"
        likely = "suppress what overlaps, and leave out the lowest scores."
        raise CheckFailed(f"{name} is too large", None, f"at most {MOST_BYTES:,} bytes", got, likely, read)
    rows = {file: [] for file in files}
    for number, row in _rows(path, name, wanted, read):
        where = f"row {number} of {path.name}"
        if row["file"] not in rows:
            raise CheckFailed(f"{where}: {row['file']!r} is not a test image", None, wanted, None, None, read)
        found = rows[row["file"]]
        found.append(_detection(row, where, list(class_names), image_size, read))
        if len(found) > MOST_IN_A_PICTURE:
            likely = "non-maximum suppression is missing, or the least score is too low."
            got = f"more of {row['file']!r}"
            most = f"at most {MOST_IN_A_PICTURE} boxes for each picture"
            raise CheckFailed(f"{where}: too many boxes", None, most, got, likely, read)
    if files and not any(rows.values()):
        likely = "nothing was found in any picture: train longer, or lower the least score."
        raise CheckFailed(f"{name} holds no box", None, wanted, "only a header", likely, read)
    return [_table(rows[file]) for file in files]


def _rows(path, name, wanted, read):
    """(row number, dict of texts) of each row."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            table.fieldnames = header = [column.strip() for column in table.fieldnames or []]
            if not set(COLUMNS) <= set(header):
                got = f"the columns {','.join(header)[:100] or '(none)'}"
                raise CheckFailed(f"{name} has other columns", None, wanted, got, None, read)
            return [
                (number, {column: (row[column] or "").strip() for column in COLUMNS})
                for number, row in enumerate(table, start=2)
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CheckFailed(f"{name} is not a CSV text file", None, wanted, str(error), None, read) from None


def _detection(row, where, class_names, image_size, read):
    """(x1, y1, x2, y2, score, class number) of a row."""
    values = []
    for column in COLUMNS[1:6]:
        try:
            values.append(float(row[column].strip("[]")))
        except ValueError:
            got = repr(row[column][:60])
            raise CheckFailed(f"{where}: {column} is no number", None, "a number", got, None, read) from None
    x1, y1, x2, y2, score = values
    if not 0 <= score <= 1:
        likely = "a score is a probability: objectness times the class's, after the sigmoid."
        got = row["score"][:60]
        raise CheckFailed(f"{where}: the score is out of range", None, "0 to 1", got, likely, read)
    got = f"x1={x1:g}, y1={y1:g}, x2={x2:g}, y2={y2:g}"
    if not (math.isfinite(x1 + y1 + x2 + y2) and x2 > x1 and y2 > y1):
        likely = "left, top, right, bottom: not left, top, width and height."
        expected = "x2 above x1, y2 above y1"
        raise CheckFailed(f"{where}: that is no box", None, expected, got, likely, read)
    if image_size is not None:
        height, width = image_size
        if min(x1 + width / 2, y1 + height / 2, 1.5 * width - x2, 1.5 * height - y2) < 0:
            likely = "coordinates in pixels of the picture itself, not of the network's input?"
            expected = f"a box in a picture {width:g} wide and {height:g} high"
            raise CheckFailed(f"{where}: far outside the picture", None, expected, got, likely, read)
    label = row["label"]
    if label in class_names:
        return (*values, class_names.index(label))
    try:
        number = float(label)
    except ValueError:
        number = -1.0
    if number not in range(len(class_names)):
        expected = f"one of {', '.join(class_names)}, or a number from 0 to {len(class_names) - 1}"
        raise CheckFailed(f"{where}: an unknown class", None, expected, repr(label[:60]), None, read)
    return (*values, int(number))


def _table(rows):
    table = np.array(rows, np.float64).reshape(-1, 6)
    return {"boxes": table[:, :4], "scores": table[:, 4], "classes": table[:, 5].astype(np.int64)}
