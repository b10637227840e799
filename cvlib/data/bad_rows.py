"""The error that names every bad row of a table, or file of a folder, at once."""

SHOWN = 100


class TableError(ValueError):
    """A table or folder of labels with bad rows, all of them named.

    Attributes:
        problems: list of (row, text): the row as the spreadsheet shows it (the header is row 1), or the path
            for a folder.
    """

    def __init__(self, heading, problems):
        lines = [
            f"  {f'row {row}' if isinstance(row, int) else row}: {text}" for row, text in problems[:SHOWN]
        ]
        if len(problems) > SHOWN:
            lines.append(f"  … and {len(problems) - SHOWN} more (all in the error's .problems)")
        super().__init__("\n".join([heading, *lines]))
        self.heading, self.problems = heading, problems

    def __reduce__(self):
        return type(self), (self.heading, self.problems)


def listed(names):
    """Names for a message, shortened after twenty."""
    names = [repr(str(name)) for name in names]
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def count(number, what):
    """A number and its noun."""
    return f"{number} {what}{'' if number == 1 else 's'}"
