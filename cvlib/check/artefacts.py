"""Check a file that the student hands in: predictions in a CSV, or masks in an .npz."""

import csv
import io
import math
import zipfile
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


def masks_file(path, shape, classes=2, key="masks", hint=None, read=None):
    """Check an .npz of predicted masks, one for each test image, and read it. Pickles are not read.

    Args:
        path: of the file, as `numpy.savez_compressed(path, masks=…)` writes it.
        shape: (B, H, W) of the masks.
        classes: how many classes there are, with the background: labels are 0 to classes − 1.
        key: the name of the array in the file.
        hint: the likely cause, where a label is out of range.
        read: where to read.

    Returns:
        uint8 array (B, H, W) of labels; int64 for more than 256 classes.

    Raises:
        CheckFailed: if the file is missing or holds no masks of that shape.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez_compressed(f"{folder}/predictions.npz", masks=np.ones((2, 4, 4), "uint8"))
        ...     masks_file(f"{folder}/predictions.npz", (2, 4, 4)).shape
        (2, 4, 4)
    """
    path, shape = Path(path), tuple(int(length) for length in shape)
    name = f"the file {path.name}"
    wanted = f"an .npz file with one array `{key}` of whole numbers, {shape}"
    if not path.is_file():
        likely = "the cell that writes it was not run, or the file was not handed in beside the notebook."
        raise CheckFailed(f"{name} is not there", None, wanted, "no file", likely, read)
    most = 64 * math.prod(shape) + 10_000  # float64 with a few channels too many can still be told as such
    array = _array_in(path, name, key, wanted, most, read)
    if array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.shape != shape:
        raise CheckFailed(
            f"`{key}` in {path.name} has the wrong shape",
            None,
            wanted,
            str(array.shape),
            _wrong_shape(array.shape, shape),
            read,
        )
    if array.dtype.kind not in "biu":
        likely = "probabilities or logits? A mask says which class: use a threshold, then .astype('uint8')."
        raise CheckFailed(
            f"`{key}` in {path.name} is not labels", None, wanted, f"{array.dtype}", likely, read
        )
    least, largest = int(array.min()), int(array.max())
    if least < 0 or largest >= classes:
        found = np.unique(array)
        if classes == 2 and set(found.tolist()) <= {0, 255}:
            hint = "255 is white in a picture; as a label it must be 1."
        raise CheckFailed(
            f"`{key}` in {path.name}: some labels are out of range",
            None,
            f"labels from 0 to {classes - 1}",
            f"labels from {least} to {largest}",
            hint,
            read,
        )
    return array.astype(np.uint8 if classes <= 256 else np.int64)


def _array_in(path, name, key, wanted, most, read):
    """An array out of an .npz, without trusting what the archive says of its size."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one.removesuffix(".npy") for one in archive.namelist()]
            if key not in names:
                got = f"arrays: {', '.join(names[:5])[:100] or '(none)'}"
                likely = f"np.savez_compressed({path.name!r}, {key}=…) names the array."
                raise CheckFailed(f"{name} has no array `{key}`", None, wanted, got, likely, read)
            with archive.open(f"{key}.npy") as member:
                content = member.read(most + 1)
        if len(content) > most:
            got = f"more than {most:,} bytes"
            raise CheckFailed(f"`{key}` in {path.name} is too large", None, wanted, got, None, read)
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except CheckFailed:
        raise
    except Exception as error:  # zip and NumPy raise many kinds for a file that is none of theirs
        got = f"{error.__class__.__name__}: {error}"[:200]
        likely = (
            "np.savez_compressed writes it; a file renamed to .npz, or np.save's .npy, is another format."
        )
        raise CheckFailed(f"{name} cannot be read", None, wanted, got, likely, read) from None


def _wrong_shape(found, wanted):
    if len(found) == len(wanted) and found[1:] == wanted[1:]:
        few = 0 < wanted[0] - found[0] < 64
        return "the last, smaller batch was left out?" if few else "one mask for each test image."
    if len(found) == len(wanted) and found[0] == wanted[0]:
        return "masks of another size than the images: predict at the images' size, or resize with nearest."
    if len(found) == len(wanted) + 1 and found[:-1] == wanted:
        return "a channel for each class? Take the argmax: one label for each pixel."
    if len(found) == len(wanted) + 1:
        return "one channel too many: a mask is one number for each pixel."
    return None
