"""How good a classifier is and where it errs: confusion, precision, recall, F1, ROC, telling examples."""

from dataclasses import dataclass

import numpy as np


def confusion_matrix(labels, predictions, classes=None):
    """How often each class was taken for each class.

    Args:
        labels: int array (N,), the true classes from 0 on.
        predictions: int array (N,), the predicted classes.
        classes: how many classes there are; by default one more than the largest number seen.

    Returns:
        int64 array (classes, classes): row the true class, column the predicted one.

    Raises:
        ValueError: if an array is not (N,) of whole numbers, or a number is not below `classes`.

    Example:
        >>> confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1])
        array([[1, 1],
               [0, 2]])
    """
    labels, predictions, classes = _checked_pair(labels, predictions, classes)
    return np.bincount(labels * classes + predictions, minlength=classes**2).reshape(classes, classes)


def precision_recall_f1(labels, predictions, class_names=None):
    """Precision, recall and F1 of each class, and their two usual means.

    Args:
        labels: int array (N,), the true classes from 0 on.
        predictions: int array (N,), the predicted classes.
        class_names: one name a class; by default their numbers.

    Returns:
        A pandas DataFrame with the columns `precision`, `recall`, `f1` (in [0, 1]) and `support` (how many
        labels). A row a class, then `macro` (the plain mean) and `weighted` (the mean by support). What is
        undefined is 0: the precision of a class that was never predicted, the recall of one that never
        occurs.

    Raises:
        ValueError: as `confusion_matrix`.

    Example:
        >>> table = precision_recall_f1([0, 0, 1, 1], [0, 1, 1, 1], ["cat", "dog"])
        >>> float(table.loc["dog", "recall"])
        1.0
    """
    import pandas as pd
    from sklearn.metrics import precision_recall_fscore_support

    classes = None if class_names is None else len(class_names)
    labels, predictions, classes = _checked_pair(labels, predictions, classes)
    names = [str(name) for name in (range(classes) if class_names is None else class_names)]
    columns = ["precision", "recall", "f1", "support"]
    each = precision_recall_fscore_support(labels, predictions, labels=range(classes), zero_division=0)
    rows = pd.DataFrame(dict(zip(columns, each)), index=names)
    for mean in ("macro", "weighted"):
        values = precision_recall_fscore_support(
            labels, predictions, labels=range(classes), average=mean, zero_division=0
        )
        rows.loc[mean] = [*values[:3], len(labels)]
    return rows.astype({"support": int})


@dataclass(frozen=True)
class RocCurve:
    """A receiver operating characteristic with every threshold that changes it.

    Attributes:
        false_positive_rate: float array (K,), rising from 0 to 1.
        true_positive_rate: float array (K,), rising from 0 to 1.
        thresholds: float array (K,), falling from infinity: "positive" is a score of at least this.
        auc: the area under the curve: the chance that a positive scores above a negative (ties count half).
    """

    false_positive_rate: np.ndarray
    true_positive_rate: np.ndarray
    thresholds: np.ndarray
    auc: float


def roc(labels, scores):
    """The exact ROC curve, with as many thresholds as there are scores (Keras's AUC takes 200).

    Args:
        labels: int array (N,), the true classes from 0 on.
        scores: float array (N,) or (N, 1), the score of class 1 (any scale); or (N, classes), a score a
            class.

    Returns:
        A `RocCurve` for one column of scores; else a list of them, one a class against the rest.

    Raises:
        ValueError: if the shapes do not match, a score is NaN, a label is not a class, or a class (or the
        rest)
            does not occur, for which the curve is undefined.

    Example:
        >>> roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).auc
        0.75
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    scores = _checked_scores(scores)
    labels = _checked_classes(labels, "labels", max(2, scores.shape[1]), len(scores))

    def curve(truth, score, name):
        if truth.all() or not truth.any():
            raise ValueError(
                f"labels must hold class {name} and others for its ROC curve, got "
                f"{int(truth.sum())} of class {name} among {len(truth)}: take more data"
            )
        return RocCurve(*roc_curve(truth, score, drop_intermediate=False), float(roc_auc_score(truth, score)))

    if scores.shape[1] == 1:
        return curve(labels == 1, scores[:, 0], 1)
    return [curve(labels == index, scores[:, index], index) for index in range(scores.shape[1])]


def auc(labels, scores, average="macro"):
    """The exact area under the ROC curve.

    Args:
        labels: int array (N,), the true classes from 0 on.
        scores: float array (N,) or (N, 1), the score of class 1; or (N, classes). Of two columns the second
            counts, of more each class is set against the rest.
        average: for more than two classes, `"macro"` (the plain mean), `"weighted"` (by how often a class
            occurs) or None (an array, one a class).

    Returns:
        A float in [0, 1], or a float array (classes,).

    Raises:
        ValueError: as `roc`, or for another `average`.

    Example:
        >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    if average not in ("macro", "weighted", None):
        raise ValueError(f'average must be "macro", "weighted" or None, got {average!r}')
    scores = _checked_scores(scores)
    if scores.shape[1] <= 2:
        labels = _checked_classes(labels, "labels", 2, len(scores))
        return roc(labels, scores[:, -1]).auc
    areas = np.array([curve.auc for curve in roc(labels, scores)])
    if average is None:
        return areas
    shares = np.bincount(np.asarray(labels), minlength=len(areas)) if average == "weighted" else None
    return float(np.average(areas, weights=shares))


def most_certain(labels, probabilities, right=True, count=8):
    """The right (or wrong) predictions of which the model is most sure. Look first at the wrong ones.

    Args:
        labels: int array (N,), the true classes from 0 on.
        probabilities: float array (N, classes) that sums to 1 a row; or (N,) or (N, 1), that of class 1.
        right: take the right predictions; False takes the wrong ones.
        count: how many at most.

    Returns:
        int array of indices, the most certain first; shorter than `count` where there are no more.

    Raises:
        ValueError: if the shapes do not match, probabilities are not in [0, 1], do not sum to 1 or are NaN, a
            label is not a class, or `count` is below 1.

    Example:
        >>> most_certain([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]], right=False)
        array([1])
    """
    return _by_certainty(labels, probabilities, right, count)[0]


def least_certain(labels, probabilities, right=True, count=8):
    """The right (or wrong) predictions of which the model is least sure: those near the border.

    Args:
        labels: int array (N,), the true classes from 0 on.
        probabilities: float array (N, classes) that sums to 1 a row; or (N,) or (N, 1), that of class 1.
        right: take the right predictions; False takes the wrong ones.
        count: how many at most.

    Returns:
        int array of indices, the least certain first; shorter than `count` where there are no more.

    Raises:
        ValueError: as `most_certain`.

    Example:
        >>> least_certain([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]], count=1)
        array([2])
    """
    return _by_certainty(labels, probabilities, right, count)[1]


def checked_probabilities(probabilities):
    """Probabilities with a column a class, or an error that says what is wrong with them.

    Args:
        probabilities: float array (N, classes); or (N,) or (N, 1), the probability of class 1.

    Returns:
        float array (N, classes), at least two columns.

    Raises:
        ValueError: if they are NaN, not in [0, 1] or do not sum to 1.
    """
    probabilities = _checked_scores(probabilities, "probabilities")
    low, high = probabilities.min(), probabilities.max()
    if low < 0 or high > 1:
        raise ValueError(
            f"probabilities must be in [0, 1], got {low:.4g} to {high:.4g} "
            "(logits? pass them through a softmax or a sigmoid first)"
        )
    if probabilities.shape[1] == 1:
        return np.concatenate([1 - probabilities, probabilities], axis=1)
    sums = probabilities.sum(axis=1)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > 0.01:  # wide enough for float16
        raise ValueError(
            f"probabilities must sum to 1 over the classes, but row {worst} sums to {sums[worst]:.4g} "
            "(several sigmoids are no distribution over classes: look at one label at a time)"
        )
    return probabilities


def _by_certainty(labels, probabilities, right, count):
    """Indices, most certain first and least certain first."""
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    probabilities = checked_probabilities(probabilities)
    labels = _checked_classes(labels, "labels", probabilities.shape[1], len(probabilities))
    chosen = np.flatnonzero((probabilities.argmax(axis=1) == labels) == right)
    certainty = probabilities.max(axis=1)[chosen]
    return chosen[np.argsort(-certainty, kind="stable")][:count], chosen[
        np.argsort(certainty, kind="stable")
    ][:count]


def _checked_pair(labels, predictions, classes):
    if classes is not None and classes < 2:
        raise ValueError(f"classes must be at least 2, got {classes}")
    labels = _checked_classes(labels, "labels", classes)
    predictions = _checked_classes(predictions, "predictions", classes, len(labels))
    if classes is None:
        classes = max(2, int(labels.max()) + 1, int(predictions.max()) + 1)
    return labels, predictions, classes


def _checked_classes(values, name, classes=None, count=None):
    """int64 array (N,) of classes."""
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        hint = f" (one column a class: pass {name}.argmax(axis=1))" if array.ndim == 2 else ""
        raise ValueError(f"{name} must be one class an image, shape (N,), got shape {array.shape}{hint}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: give at least one")
    if array.dtype.kind not in "iub":
        whole = array.dtype.kind == "f" and np.isfinite(array).all() and (array == np.round(array)).all()
        if not whole:
            hint = (
                "a threshold gives classes: probabilities >= 0.5"
                if array.dtype.kind == "f"
                else "numbers, not names"
            )
            raise ValueError(f"{name} must be whole numbers from 0 on, got {array[:3].tolist()} … ({hint})")
    array = array.astype("int64")
    if count is not None and len(array) != count:
        raise ValueError(f"{name} must have one entry an image: got {len(array)} for {count}")
    wrong = np.flatnonzero((array < 0) | (array >= (np.inf if classes is None else classes)))
    if len(wrong):
        top = "on" if classes is None else f"to {classes - 1}"
        raise ValueError(
            f"{name} must be classes from 0 {top}, got {array[wrong[0]]} at index {wrong[0]}"
            + (f" ({len(wrong)} such)" if len(wrong) > 1 else "")
        )
    return array


def _checked_scores(scores, name="scores"):
    """float64 array (N, columns)."""
    array = np.asarray(scores)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be numbers, got type {array.dtype}")
    array = array.astype("float64")
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} must have shape (N,) or (N, classes), got {np.shape(scores)}")
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} must be finite, but row {bad[0]} is {array[bad[0]].tolist()} ({len(bad)} such)"
        )
    return array
