"""Divide images into training, validation and test so that each part is fair and none leaks into another."""

import numpy as np

from cvlib.data import duplicates

NAMES = ("train", "validation", "test")


def stratified(frame, shares=(0.7, 0.1, 0.2), names=None, seed=0, label="label", directory=None):
    """Split at random with the same mix of classes in every part.

    The result depends on the set of paths and labels and on the seed, not on the order of the rows.

    Args:
        frame: DataFrame with columns `path` and `label`.
        shares: the share of each part; they add up to 1.
        names: of the parts; by default train, validation, test (train, test for two shares).
        seed: of the shuffle.
        label: the column with the class, or a list of columns (multi-label): then each combination of labels
            is spread evenly.
        directory: where the paths lie. If given, the pictures are read, and duplicates and near duplicates of
            one picture stay in one part.

    Returns:
        A copy of `frame` with a column `split`.

    Raises:
        ValueError: if the shares are not shares, a column is missing, or a class has too few images to be
            in every part.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"path": [f"{i}.png" for i in range(20)], "label": ["cat", "dog"] * 10})
        >>> stratified(frame).split.value_counts().to_dict()
        {'train': 14, 'test': 4, 'validation': 2}
    """
    shares, names = _parts(shares, names)
    group = np.arange(len(frame))
    if directory is not None:
        _need(frame, ["path"])
        group = duplicates.groups(frame["path"], directory)
    return frame.assign(split=np.array(names, object)[_divide(frame, shares, seed, label, group, names)])


def by_group(frame, group="group", shares=(0.7, 0.1, 0.2), names=None, seed=0, label="label"):
    """Split so that all rows of a group (a patient, a video, a photographer) fall into one part.

    The classes are kept in balance as far as the groups allow.

    Args:
        frame: DataFrame with columns `path`, `label` and the group.
        group: the column with the group, or one value a row.
        shares: the share of each part; they add up to 1.
        names: of the parts; by default train, validation, test (train, test for two shares).
        seed: of the shuffle.
        label: the column with the class, or a list of columns (multi-label).

    Returns:
        A copy of `frame` with a column `split`.

    Raises:
        ValueError: if the shares are not shares, a column is missing, a group is empty, or there are fewer
            groups than parts.
    """
    shares, names = _parts(shares, names)
    return frame.assign(
        split=np.array(names, object)[_divide(frame, shares, seed, label, _groups(frame, group), names)]
    )


def k_fold(frame, k=5, seed=0, label="label", group=None):
    """Number the rows 0 … k-1 for cross-validation, with the same mix of classes in every fold.

    Args:
        frame: DataFrame with columns `path` and `label`.
        k: how many folds, at least 2.
        seed: of the shuffle.
        label: the column with the class, or a list of columns (multi-label).
        group: a column, or one value a row, whose rows stay in one fold.

    Returns:
        A copy of `frame` with an int column `fold`: train on `frame[frame.fold != i]`, validate on the rest.

    Raises:
        ValueError: if `k` is below 2 or larger than the smallest class.
    """
    if int(k) != k or k < 2:
        raise ValueError(f"k must be a whole number of at least 2, got {k!r}")
    members = np.arange(len(frame)) if group is None else _groups(frame, group)
    return frame.assign(fold=_divide(frame, np.full(int(k), 1 / k), seed, label, members, [f"{k} folds"]))


def find_leaks(frame, directory, threshold=duplicates.THRESHOLD, column="split"):
    """Pictures of one split that stand in another too: the same file, the same bytes, or the same to the eye.

    Args:
        frame: DataFrame with columns `path` and `split`.
        directory: where the paths lie.
        threshold: how many of 256 bits of the perceptual hash may differ (see `duplicates.perceptual_hash`);
            -1 looks for equal bytes only.
        column: the column that names the split, for instance "fold".

    Returns:
        DataFrame with a row a leaking pair: `path_a`, `split_a`, `path_b`, `split_b`, `kind` ("same file",
        "exact" or "near") and `distance` (bits). Empty if nothing leaks.

    Raises:
        ValueError: if a column is missing.
    """
    import pandas as pd

    _need(frame, ["path", column])
    unique = frame[["path", column]].astype(str).drop_duplicates()
    same = unique.merge(unique, on="path", suffixes=("_a", "_b"))
    same = same[same[f"{column}_a"] < same[f"{column}_b"]]
    same = pd.DataFrame(
        {
            "path_a": same["path"],
            "split_a": same[f"{column}_a"],
            "path_b": same["path"],
            "split_b": same[f"{column}_b"],
            "kind": "same file",
            "distance": 0,
        }
    )
    pairs = duplicates.find(unique["path"].drop_duplicates(), directory, max(threshold, 0))
    if threshold < 0:
        pairs = pairs[pairs["kind"] == "exact"]
    for side in "ab":
        named = unique.rename(columns={"path": side, column: f"split_{side}"})
        pairs = pairs.merge(named, on=side)
    pairs = pairs[pairs["split_a"] != pairs["split_b"]].rename(columns={"a": "path_a", "b": "path_b"})
    return pd.concat([same, pairs[same.columns]], ignore_index=True).sort_values(
        ["distance", "path_a", "path_b"], ignore_index=True
    )


def _parts(shares, names):
    shares = np.asarray(shares, float)
    if shares.ndim != 1 or len(shares) < 2 or (shares <= 0).any() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(
            f"shares must be two or more positive numbers that add up to 1, got {shares.tolist()} "
            f"(sum {shares.sum():g})"
        )
    if names is None:
        names = {2: ("train", "test"), 3: NAMES}.get(len(shares))
    if names is None or len(names) != len(shares) or len(set(names)) != len(names):
        raise ValueError(f"names must be {len(shares)} different names, one a share, got {names!r}")
    return shares, list(names)


def _need(frame, columns):
    if missing := [name for name in columns if name not in frame.columns]:
        raise ValueError(
            f"the frame has no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(map(repr, frame.columns)) or 'none'}"
        )
    if len(frame) == 0:
        raise ValueError("the frame is empty: there is nothing to split")


def _groups(frame, group):
    """The group of each row as an int."""
    import pandas as pd

    if isinstance(group, str):
        _need(frame, [group])
        group = frame[group]
    elif len(group) != len(frame):
        raise ValueError(f"group must have one value a row ({len(frame)}), got {len(group)}")
    codes = pd.factorize(np.asarray(group, dtype=object), sort=False)[0]
    if (codes < 0).any():
        rows = np.flatnonzero(codes < 0)
        raise ValueError(
            f"{len(rows)} rows have no group (the first is number {rows[0]}): give each its group, or a "
            "value of its own if it belongs to none"
        )
    return codes


def _classes(frame, label):
    """(class of each row as an int, names of the classes, whether they are combinations of labels)."""
    several = not isinstance(label, str)
    columns = list(label) if several else [label]
    _need(frame, ["path", *columns])
    values = [" + ".join(map(str, row)) for row in frame[columns].itertuples(index=False)]
    several = several or any(isinstance(value, (list, tuple, set)) for value in frame[columns[0]])
    names, codes = np.unique(np.array(values, object).astype(str), return_inverse=True)
    if frame[columns].isna().any(axis=None):
        row = int(np.flatnonzero(frame[columns].isna().any(axis=1))[0])
        raise ValueError(f"a label is missing (NaN), the first in row number {row} of the frame")
    return codes, names, several


def _divide(frame, shares, seed, label, group, names):
    """The part of each row, 0 … len(shares)-1: whole groups, every class spread by the shares."""
    codes, classes, combinations = _classes(frame, label)
    order = np.lexsort((codes, frame["path"].astype(str).to_numpy()))  # rows in any order split alike
    group = np.unique(np.asarray(group)[order], return_index=True, return_inverse=True)
    group = np.argsort(np.argsort(group[1]))[group[2]]
    codes = codes[order]
    parts = len(shares)
    sizes = np.bincount(codes, minlength=len(classes))
    if combinations:  # rare combinations of labels are spread together
        rare = sizes < parts
        codes = np.where(rare[codes], len(classes), codes)
        codes = np.unique(codes, return_inverse=True)[1]
        sizes = np.bincount(codes)
    elif (sizes < parts).any():
        few = ", ".join(f"{str(classes[c])!r} has {sizes[c]}" for c in np.flatnonzero(sizes < parts)[:10])
        raise ValueError(
            f"too few images to put every class into each of {', '.join(names)}: {few}; {parts} are needed "
            "(collect more, or merge or drop the class)"
        )
    if (count := group.max() + 1) < parts:
        raise ValueError(
            f"{count} groups cannot fill {parts} parts ({', '.join(names)}): no group is divided"
        )

    rng = np.random.default_rng(seed)
    want = sizes[:, None] * shares
    have = np.zeros_like(want)
    part = np.full(len(codes), -1)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    members = [members[index] for index in rng.permutation(len(members))]
    for rows in sorted((rows for rows in members if len(rows) > 1), key=len, reverse=True):
        mix = np.bincount(codes[rows], minlength=len(sizes))
        lack = 1 - have / want, 1 - have.sum(axis=0) / want.sum(axis=0)
        chosen = np.argmax(mix @ lack[0] + len(rows) * lack[1])  # lacks these classes, and rows, most
        part[rows] = chosen
        have[:, chosen] += mix
    single = np.array([rows[0] for rows in members if len(rows) == 1], int)
    for code in range(len(sizes)):
        rows = single[codes[single] == code]
        part[rows] = np.repeat(np.arange(parts), _fill(want[code] - have[code], have[code], len(rows)))
    result = np.empty(len(codes), int)
    result[order] = part
    return result


def _fill(lacking, have, count):
    """How many of `count` rows each part gets, so that its lack is met as nearly as whole rows allow."""
    lacking = np.maximum(lacking, 0)
    if count == 0 or lacking.sum() == 0:
        return np.bincount([0] * count, minlength=len(lacking))
    exact = lacking * count / lacking.sum()
    given = np.floor(exact + 1e-9).astype(int)
    for index in np.argsort(given - exact, kind="stable")[: count - given.sum()]:
        given[index] += 1
    while (empty := np.flatnonzero(given + have == 0)).size and given.max() > 1:  # a class is in every part
        given[np.argmax(given)] -= 1
        given[empty[0]] += 1
    return given
