"""Read the cells of a CSV or XLSX file as text, with the row numbers that a spreadsheet shows."""

import csv
import io
from pathlib import Path


def read_cells(file, sheet=0):
    """The cells of a table below its header.

    Empty rows and empty columns without a heading are left out; every cell is text without surrounding
    spaces, and words such as "NA" or "None" stay words.

    Args:
        file: CSV or XLSX, told apart by content.
        sheet: number (from 0) or name of the sheet of an XLSX file.

    Returns:
        The tuple (list of row numbers, DataFrame of str): row 1 is the header, as a spreadsheet shows it.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is empty, is another format, or its header lacks or repeats a name.
    """
    import pandas as pd

    file = Path(file)
    if not file.is_file():
        raise FileNotFoundError(f"there is no table {file}{' (it is a folder)' if file.is_dir() else ''}")
    data = file.read_bytes()
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValueError(f"{file} is an old Excel file (.xls): save it as .xlsx or .csv")
    rows = _xlsx(file, data, sheet) if data.startswith(b"PK\x03\x04") else _csv(file, data)
    rows = [(number, [cell.strip() for cell in row]) for number, row in rows]
    rows = [(number, row) for number, row in rows if any(row)]
    if not rows:
        raise ValueError(f"{file} is empty: expected a header such as path,label and a row an image")
    header = rows[0][1]
    width = max(len(row) for _, row in rows)
    table = [row + [""] * (width - len(row)) for _, row in rows[1:]]
    header += [""] * (width - len(header))
    keep = [index for index in range(width) if header[index] or any(row[index] for row in table)]
    if nameless := [index for index in keep if not header[index]]:
        letter = _letters(nameless[0])
        row = next(number for number, cells in rows[1:] if len(cells) > nameless[0] and cells[nameless[0]])
        raise ValueError(
            f"{file}: column {letter} has no heading but a value in row {row} (give it a heading, or quote a "
            "comma within a cell)"
        )
    names = [header[index] for index in keep]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{file}: the header names {', '.join(map(repr, repeated))} more than once")
    cells = [[row[index] for index in keep] for row in table]
    return [number for number, _ in rows[1:]], pd.DataFrame(cells, columns=names, dtype=object)


def _csv(file, data):
    text = _text(file, data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return list(enumerate(reader, start=1))
    except csv.Error as error:
        raise ValueError(f"{file} cannot be read as CSV: {error} (line {reader.line_num})") from error


def _text(file, data):
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if b"\0" in data[:4096]:
        raise ValueError(f"{file} is not a table: expected CSV or XLSX, and it begins {data[:8].hex(' ')}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")  # what Excel writes on Windows


def _xlsx(file, data, sheet):
    import warnings
    import zipfile

    import openpyxl

    try:
        with warnings.catch_warnings():  # about drop-down lists and the like, on standard error
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ValueError(f"{file} cannot be read as XLSX ({error}): save it as .xlsx or .csv") from error
    names = [page.title for page in book.worksheets]
    if isinstance(sheet, str) and sheet in names:
        page = book[sheet]
    elif isinstance(sheet, int) and 0 <= sheet < len(names):
        page = book.worksheets[sheet]
    else:
        raise ValueError(f"{file} has no sheet {sheet!r}; it has {', '.join(map(repr, names))}")
    return [
        (number, [_cell(value) for value in row])
        for number, row in enumerate(page.iter_rows(values_only=True), start=1)
    ]


def _cell(value):
    """A cell as the spreadsheet shows it: 1.0 is 1."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def _letters(index):
    """The name of a column as a spreadsheet shows it: 0 is A, 26 is AA."""
    name, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
