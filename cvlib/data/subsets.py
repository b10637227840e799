"""Which images belong to the training and to the validation subset of one generator."""

import numpy as np


def choose(labels, count, validation_split, subset):
    """Indices of a subset: a fixed random share of every class.

    The choice depends on the number of images of each class alone, never on a seed, so that the two subsets
    of one source never overlap.

    Args:
        labels: one hashable label an image, or None to draw from all alike.
        count: number of images.
        validation_split: share for validation, in (0, 1).
        subset: "training" or "validation".

    Returns:
        int array of indices, ascending.

    Raises:
        ValueError: if `subset` or `validation_split` cannot be used.
    """
    if subset not in ("training", "validation"):
        raise ValueError(f'subset must be "training", "validation" or None, got {subset!r}')
    if not validation_split:
        raise ValueError(
            f'subset="{subset}" needs a share to split off: ImageDataGenerator(validation_split=0.2, …)'
        )
    validation = np.zeros(count, bool)
    groups = {}
    for index in range(count):
        groups.setdefault(None if labels is None else labels[index], []).append(index)
    for number, members in enumerate(groups.values()):
        order = np.random.default_rng((len(members), number)).permutation(members)
        validation[order[: int(len(members) * validation_split)]] = True
    chosen = np.flatnonzero(validation if subset == "validation" else ~validation)
    if not len(chosen):
        raise ValueError(
            f"the {subset} subset is empty: every class is too small for validation_split={validation_split}"
        )
    return chosen


def classes_of(y):
    """What to split evenly: one hashable label an image.

    Args:
        y: labels (N,) or (N, 1), one-hot rows (N, C), or other targets.

    Returns:
        list of N labels; None for targets that are not classes, such as ages: fractions, or more than one
        distinct value for every two images.
    """
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2 and np.isin(y, (0, 1)).all() and (y.sum(1) == 1).all():
        y = y.argmax(1)
    if y.ndim != 1 or (y.dtype.kind == "f" and not np.array_equal(y, np.rint(y))):
        return None
    labels = y.tolist()
    return labels if 2 * len(set(labels)) <= len(labels) else None
