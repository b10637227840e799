"""Check a file that the student hands in: predictions in a CSV."""

import csv
import math
from pathlib import Path

import numpy as np

from cvlib.check.report import CheckFailed

MOST_BYTES = 1_000_000


def predictions_file(path, files, columns=("file", "probability"), low=0.0, high=1.0, hint=None, read=None):
    """Check a CSV of predictions, one row for each test image, and read it.

    Args:
        path: of the CSV, with a header line.
        files: the names that must each have exactly one row, in any order.
        columns: the two columns: the name, and the number predicted.
        low: least number allowed.
        high: greatest number allowed.
        hint: the likely cause, where a prediction is out of range.
        read: where to read.

    Returns:
        float64 array with the number for each of `files`, in their order.

    Raises:
        CheckFailed: if the file is missing or a row of it is wrong; the message names the row.
    """
    path = Path(path)
    name = f"the file {path.name}"
    wanted = (
        f"a CSV file with the columns {columns[0]},{columns[1]} and one row for each of {len(files)} images"
    )
    if not path.is_file():
        likely = "the cell that writes it was not run, or the file was not handed in beside the notebook."
        raise CheckFailed(f"{name} is not there", None, wanted, "no file", likely, read)
    if path.stat().st_size > MOST_BYTES:
        got = f"{path.stat().st_size:,} bytes"
        raise CheckFailed(f"{name} is too large", None, f"at most {MOST_BYTES:,} bytes", got, None, read)
    found = _read(path, name, columns, wanted, read)
    rows = {}
    known = set(files)
    for number, file, text in found:
        where = f"row {number} of {path.name}"
        if file not in known:
            raise CheckFailed(f"{where}: {file!r} is not a test image", None, wanted, None, None, read)
        if file in rows:
            raise CheckFailed(f"{where}: {file!r} is there twice", None, wanted, None, None, read)
        rows[file] = _number(text, where, low, high, hint, read)
    missing = [file for file in files if file not in rows]
    if missing:
        likely = "the last, smaller batch was left out?" if len(missing) < 64 else None
        raise CheckFailed(
            f"{name} has no row for {len(missing)} images, first {missing[0]!r}",
            None,
            wanted,
            None,
            likely,
            read,
        )
    return np.array([rows[file] for file in files])


def _read(path, name, columns, wanted, read):
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            header = [column.strip() for column in table.fieldnames or []]
            table.fieldnames = header
            if not set(columns) <= set(header):
                got = f"the columns {','.join(header) or '(none)'}"
                raise CheckFailed(f"{name} has other columns", None, wanted, got, None, read)
            return [
                (number, (row[columns[0]] or "").strip(), (row[columns[1]] or "").strip())
                for number, row in enumerate(table, start=2)
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CheckFailed(f"{name} is not a CSV text file", None, wanted, str(error), None, read) from None


def _number(text, where, low, high, hint, read):
    try:
        number = float(text.strip("[]"))
    except ValueError:
        raise CheckFailed(f"{where} holds no number", None, "a number", repr(text), None, read) from None
    if not math.isfinite(number) or not low <= number <= high:
        expected = f"a number from {low:g} to {high:g}"
        raise CheckFailed(f"{where} is out of range", None, expected, text, hint, read)
    return number
