"""True boxes and detections of all pictures, checked and put into one table."""

import numpy as np

from cvlib.boxes import convert
from cvlib.metrics.matching import Table


def gather(entries, what, box_format, wanted):
    """All pictures' boxes as columns of one table.

    Args:
        entries: list with a dict for each picture.
        what: name of the argument, for errors.
        box_format: "xyxy" or "xywh".
        wanted: names of further columns.

    Returns:
        dict of arrays: boxes (`xywh`), classes, picture and those wanted.
    """
    columns = {name: [] for name in ("boxes", "classes", "picture", *wanted)}
    for picture, entry in enumerate(entries):
        where = f"{what}[{picture}]"
        try:
            boxes = np.asarray(entry["boxes"], np.float64)
            classes = np.asarray(entry["classes"])
            given = {name: entry.get(name) for name in wanted}
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"{where} must be a dict with boxes and classes ({error!r})") from None
        boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
        if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
            raise ValueError(f"{where}: boxes must be finite numbers (N, 4), got shape {boxes.shape}")
        classes = classes.astype(np.int64) if classes.size == 0 else classes
        if classes.shape != (len(boxes),) or classes.dtype.kind not in "iu" or (classes < 0).any():
            raise ValueError(f"{where}: classes must be {len(boxes)} whole numbers from 0, got {classes!r}")
        columns["boxes"].append(convert(boxes, box_format, "xywh"))
        columns["classes"].append(classes.astype(np.int64))
        columns["picture"].append(np.full(len(boxes), picture))
        for name, value in given.items():
            if value is None and name == "scores":
                raise ValueError(f"{where}: scores are missing")
            columns[name].append(_column(name, value, columns["boxes"][-1], where))
    empty = {"boxes": np.zeros((0, 4)), "classes": np.zeros(0, int), "picture": np.zeros(0, int)}
    empty |= {"crowd": np.zeros(0, bool), "ignore": np.zeros(0, bool)}
    return {
        name: np.concatenate(parts) if parts else empty.get(name, np.zeros(0))
        for name, parts in columns.items()
    }


def _column(name, value, boxes, where):
    if value is None:
        return boxes[:, 2] * boxes[:, 3] if name == "area" else np.zeros(len(boxes), bool)
    value = np.asarray(value)
    value = value.astype(float if name in ("scores", "area") else bool)
    if value.shape != (len(boxes),) or not np.isfinite(value).all():
        raise ValueError(f"{where}: {name} must be {len(boxes)} finite numbers, got {value!r}")
    return value


def names_of(given, true, found):
    """Class names; the class indices of both tables are made to count from 0."""
    if given is not None:
        most = max((int(table["classes"].max(initial=-1)) for table in (true, found)), default=-1)
        if most >= len(given):
            raise ValueError(f"class {most} has no name: class_names has {len(given)} (classes count from 0)")
        return tuple(given)
    names = np.union1d(true["classes"], found["classes"])
    for table in (true, found):
        table["classes"] = np.searchsorted(names, table["classes"])
    return tuple(names.tolist())


def table_of(columns, pictures, most):
    """A `matching.Table`, sorted by class, picture and falling score, at most `most` a group."""
    group = columns["classes"] * pictures + columns["picture"]
    keys = (group,) if "scores" not in columns else (-columns["scores"], group)
    order = np.lexsort(keys)
    group = group[order]
    rank = np.arange(len(group)) - np.searchsorted(group, group, "left")
    if most is not None:
        order, group, rank = order[rank < most], group[rank < most], rank[rank < most]
    extra = {name: column[order] for name, column in columns.items() if name != "boxes"}
    return Table(columns["boxes"][order], group, {**extra, "rank": rank})
