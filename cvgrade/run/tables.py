"""pandas tables across the wall, column by column. Needs pandas on both sides."""

from cvgrade.run import wire


def node(value, encoder, depth):
    """The node of a frame, a series or an index; None for anything else of pandas."""
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        columns = [_column(value.iloc[:, place], encoder, depth) for place in range(value.shape[1])]
        names = [encoder.node(name, depth + 1) for name in value.columns]
        return ["df", names, columns, _index(value.index, encoder, depth)]
    if isinstance(value, pd.Series):
        return [
            "se",
            encoder.node(value.name),
            _column(value, encoder, depth),
            _index(value.index, encoder, depth),
        ]
    if isinstance(value, pd.Index) and not isinstance(value, pd.MultiIndex):
        return ["ix", encoder.node(value.name), encoder.node(value.tolist(), depth + 1)]
    return None


def value(tag, rest, decoder):
    """The tester's own table of a node."""
    import pandas as pd

    if tag == "ix" and len(rest) == 2:
        return pd.Index(decoder.value(rest[1]), name=decoder.value(rest[0]))
    if tag == "se" and len(rest) == 3:
        series, index = _read(rest[1], decoder).rename(decoder.value(rest[0])), _read_index(rest[2], decoder)
        if index is not None:
            series.index = index
        return series
    if tag == "df" and len(rest) == 3 and all(type(part) is list for part in rest[:2]):
        columns = [pd.Series(_read(part, decoder)) for part in rest[1]]
        if len({len(column) for column in columns}) > 1 or len(columns) != len(rest[0]):
            raise wire.WireError("columns of different lengths")
        frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
        frame.columns = [decoder.value(name) for name in rest[0]]
        index = _read_index(rest[2], decoder)
        if index is not None:
            frame.index = index
        return frame
    raise wire.WireError("malformed table")


def _column(series, encoder, depth):
    if (
        series.dtype.kind in "biufcM"
        and hasattr(series.dtype, "itemsize")
        and not hasattr(series.dtype, "tz")
    ):
        return ["x", encoder.node(series.to_numpy(), depth + 1)]
    kind = "category" if series.dtype.name == "category" else "x"
    items = [None if item is None or item != item else item for item in series.tolist()]
    return [kind, encoder.node(items, depth + 1)]


def _read(part, decoder):
    import pandas as pd

    if type(part) is not list or len(part) != 2 or part[0] not in ("x", "category"):
        raise wire.WireError("malformed column")
    column = pd.Series(decoder.value(part[1]))
    return column.astype("category") if part[0] == "category" else column


def _index(index, encoder, depth):
    import pandas as pd

    if isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1:
        return None
    return encoder.node(index.tolist(), depth + 1)


def _read_index(part, decoder):
    found = decoder.value(part)
    if found is not None and type(found) is not list:
        raise wire.WireError("malformed index")
    return found
