"""Even out classes of unequal size: weights for the loss, or more or fewer rows."""

import numpy as np


def class_weights(labels, classes=None):
    """Weights that give every class the same say in the loss, in the form that `model.fit` takes.

    The weight of a class is N / (K · n): N samples, K classes, n samples of that class.

    Args:
        labels: class names, class indices, or a one-hot array (N, K).
        classes: the class names in the order of the model's outputs; by default sorted, as Keras sorts
            folders.

    Returns:
        Dict from class index to weight, for `model.fit(…, class_weight=…)`.

    Raises:
        ValueError: if there is no label, a label is not in `classes`, or a class has no sample.

    Example:
        >>> class_weights(["cat", "cat", "cat", "dog"])
        {0: 0.6666666666666666, 1: 2.0}

    References:
        King and Zeng, 2001, Logistic Regression in Rare Events Data, section 4.2.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2:
        if not np.isin(labels, (0, 1)).all() or (labels.sum(axis=1) != 1).any():
            raise ValueError(
                "labels has several columns that are not one-hot: class weights are defined for one class an "
                "image (for multi-label data use keras.losses.BinaryFocalCrossentropy)"
            )
        classes = classes if classes is not None else list(range(labels.shape[1]))
        labels = np.asarray(classes, dtype=object)[labels.argmax(axis=1)]
    if labels.size == 0:
        raise ValueError("labels is empty: class weights need at least one label of each class")
    found, counts = np.unique(labels, return_counts=True)
    found = found.tolist()
    if classes is None:
        if np.issubdtype(labels.dtype, np.number):
            if any(label < 0 or label != int(label) for label in found):
                raise ValueError(f"class indices must be whole numbers from 0, got {found[:10]}")
            classes = list(range(int(found[-1]) + 1))
        else:
            classes = found
    classes = list(classes)
    if unknown := [label for label in found if label not in classes]:
        raise ValueError(f"labels has {unknown[:10]}, not in classes {classes}")
    if missing := [name for name in classes if name not in found]:
        raise ValueError(
            f"no sample of class {', '.join(map(str, missing[:10]))}: its weight would be infinite "
            "(collect some, or leave the class out)"
        )
    return {
        classes.index(label): float(labels.size / (len(classes) * count))
        for label, count in zip(found, counts)
    }


def oversample(frame, label="label", seed=0):
    """Repeat rows of the smaller classes until every class has as many as the largest.

    Each row of a class is repeated equally often, give or take one. Repeat after splitting, and only in the
    training split: a copy of a training picture in the test split would be a leak.

    Args:
        frame: DataFrame with a row an image.
        label: the column with the class.
        seed: picks the rows that are repeated once more.

    Returns:
        A new DataFrame: the rows of `frame`, then the repeats; the index starts at 0.

    Raises:
        ValueError: if the frame holds several splits, or lacks the column.
    """
    return _resample(frame, label, seed, max)


def undersample(frame, label="label", seed=0):
    """Drop rows of the larger classes at random until every class has as many as the smallest.

    Args:
        frame: DataFrame with a row an image.
        label: the column with the class.
        seed: picks the rows that stay.

    Returns:
        A new DataFrame in the order of `frame`; the index starts at 0.

    Raises:
        ValueError: if the frame holds several splits, or lacks the column.
    """
    return _resample(frame, label, seed, min)


def _resample(frame, label, seed, target):
    if label not in frame.columns:
        raise ValueError(f"the frame has no column {label!r}; it has {', '.join(map(str, frame.columns))}")
    if len(frame) == 0:
        raise ValueError("the frame is empty: there is nothing to resample")
    if "split" in frame.columns and frame["split"].nunique() > 1:
        found = ", ".join(sorted(frame["split"].astype(str).unique()))
        raise ValueError(
            f"the frame holds the splits {found}: resample the training split only, for instance "
            'frame[frame.split == "train"]'
        )
    rng = np.random.default_rng(seed)
    values = frame[label].astype(str).to_numpy()
    rows = [np.flatnonzero(values == name) for name in np.unique(values)]
    size = target(len(members) for members in rows)
    kept, repeats = [], []
    for members in rows:
        if size <= len(members):
            kept.append(rng.choice(members, size, replace=False))
            continue
        times, rest = divmod(size, len(members))
        kept.append(members)
        repeats += [members] * (times - 1) + [rng.choice(members, rest, replace=False)]
    order = np.concatenate([np.sort(np.concatenate(kept)), *repeats]).astype(int)
    return frame.iloc[order].reset_index(drop=True)
