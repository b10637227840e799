import doctest
import subprocess
import sys

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib import metrics
from cvlib.metrics import classification

RNG = np.random.default_rng(0)


def draw(classes, count=200, seed=0):
    """Labels and informative probabilities, with ties."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    scores = np.round(rng.random((count, classes)) + np.eye(classes)[labels] * 0.4, 1) + 0.01
    return labels, scores / scores.sum(1, keepdims=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=50))
def test_confusion_counts_pairs_as_a_loop_does(pairs):
    labels, predictions = zip(*pairs)
    expected = np.zeros((5, 5), int)
    for truth, guess in pairs:
        expected[truth, guess] += 1
    np.testing.assert_array_equal(metrics.confusion_matrix(labels, predictions, classes=5), expected)
    np.testing.assert_array_equal(
        metrics.confusion_matrix(labels, predictions, classes=5),
        sklearn.metrics.confusion_matrix(labels, predictions, labels=range(5)),
    )


def test_confusion_takes_columns_and_whole_floats():
    np.testing.assert_array_equal(
        metrics.confusion_matrix(np.array([[0.0], [1.0], [1.0]]), [0, 1, 0]), [[1, 0], [1, 1]]
    )
    assert metrics.confusion_matrix([0, 0], [0, 0]).shape == (2, 2)


def test_precision_recall_f1_by_hand():
    # Class 0: 3 labels, 2 found, predicted 4 times. Class 1: 2 labels, 1 found, predicted twice.
    # Class 2: never predicted.
    table = metrics.precision_recall_f1([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 0], ["a", "b", "c"])
    np.testing.assert_allclose(
        table.loc["a", ["precision", "recall", "f1"]].astype(float), [2 / 4, 2 / 3, 4 / 7]
    )
    np.testing.assert_allclose(
        table.loc["b", ["precision", "recall", "f1"]].astype(float), [1 / 2, 1 / 2, 1 / 2]
    )
    assert table.loc["c"].tolist() == [0, 0, 0, 1]
    assert table["support"].tolist() == [3, 2, 1, 6, 6]
    np.testing.assert_allclose(table.loc["macro", "recall"], (2 / 3 + 1 / 2 + 0) / 3)
    np.testing.assert_allclose(table.loc["weighted", "f1"], (3 * 4 / 7 + 2 * 1 / 2 + 0) / 6)
    assert list(table.index) == ["a", "b", "c", "macro", "weighted"]


def test_precision_recall_f1_equal_scikit_learn_on_random_labels():
    labels, probabilities = draw(4)
    guesses = probabilities.argmax(1)
    table = metrics.precision_recall_f1(labels, guesses)
    report = sklearn.metrics.classification_report(labels, guesses, output_dict=True)
    for ours, theirs in (("0", "0"), ("3", "3"), ("macro", "macro avg"), ("weighted", "weighted avg")):
        np.testing.assert_allclose(table.loc[ours, "f1"], report[theirs]["f1-score"])
        np.testing.assert_allclose(table.loc[ours, "precision"], report[theirs]["precision"])


def pairs_won(labels, scores):
    """AUC by its meaning: how often a positive scores above a negative."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    difference = positive[:, None] - negative[None]
    return (difference > 0).mean() + (difference == 0).mean() / 2


def test_binary_auc_is_the_share_of_pairs_in_order():
    labels, probabilities = draw(2)
    expected = pairs_won(labels, probabilities[:, 1])
    for scores in (probabilities, probabilities[:, 1], probabilities[:, 1:], 5 * probabilities[:, 1] - 3):
        np.testing.assert_allclose(metrics.auc(labels, scores), expected)
    np.testing.assert_allclose(metrics.roc(labels, probabilities[:, 1]).auc, expected)


def test_a_roc_curve_is_what_each_threshold_gives():
    labels, probabilities = draw(2, count=40)
    curve = metrics.roc(labels, probabilities[:, 1])
    for rate, recall, threshold in zip(curve.false_positive_rate, curve.true_positive_rate, curve.thresholds):
        positive = probabilities[:, 1] >= threshold
        np.testing.assert_allclose(recall, positive[labels == 1].mean())
        np.testing.assert_allclose(rate, positive[labels == 0].mean())
    assert (curve.false_positive_rate[0], curve.true_positive_rate[0]) == (0, 0)
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1, 1)
    assert set(curve.thresholds[1:]) == set(probabilities[:, 1]), (
        "every score is a threshold: exact, not binned"
    )
    area = np.sum(
        np.diff(curve.false_positive_rate)
        * (curve.true_positive_rate[1:] + curve.true_positive_rate[:-1])
        / 2
    )
    np.testing.assert_allclose(area, curve.auc)


@pytest.mark.parametrize("average", ["macro", "weighted", None])
def test_multi_class_auc_sets_each_class_against_the_rest(average):
    labels, probabilities = draw(4)
    expected = sklearn.metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average=average)
    np.testing.assert_allclose(metrics.auc(labels, probabilities, average=average), expected)
    by_hand = [pairs_won((labels == index).astype(int), probabilities[:, index]) for index in range(4)]
    np.testing.assert_allclose([curve.auc for curve in metrics.roc(labels, probabilities)], by_hand)


PROBABILITIES = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.45, 0.55], [0.99, 0.01]])
LABELS = np.array([0, 0, 0, 1, 1])  # right: 0 (.9), 1 (.6), 3 (.55); wrong: 2 (.8), 4 (.99)


@pytest.mark.parametrize("probabilities", [PROBABILITIES, PROBABILITIES[:, 1], PROBABILITIES[:, 1:]])
def test_predictions_are_sorted_by_certainty(probabilities):
    assert metrics.most_certain(LABELS, probabilities).tolist() == [0, 1, 3]
    assert metrics.least_certain(LABELS, probabilities).tolist() == [3, 1, 0]
    assert metrics.most_certain(LABELS, probabilities, right=False).tolist() == [4, 2]
    assert metrics.least_certain(LABELS, probabilities, right=False, count=1).tolist() == [2]


def test_a_perfect_model_has_no_wrong_predictions():
    assert metrics.most_certain([0, 1], np.eye(2), right=False).tolist() == []


NAN = np.array([0.2, np.nan, 0.3])
ERRORS = {
    "label too large": (
        lambda: metrics.confusion_matrix([0, 2], [0, 1], classes=2),
        "labels must be classes from 0 to 1, got 2 at index 1",
    ),
    "negative prediction": (
        lambda: metrics.confusion_matrix([0, 1], [0, -1]),
        "predictions must be classes from 0 on, got -1 at index 1",
    ),
    "lengths": (
        lambda: metrics.confusion_matrix([0, 1, 1], [0, 1]),
        "predictions must have one entry an image: got 2 for 3",
    ),
    "one-hot": (lambda: metrics.confusion_matrix([0, 1], np.eye(2)), r"predictions\.argmax\(axis=1\)"),
    "names": (
        lambda: metrics.confusion_matrix(["a", "b"], [0, 1]),
        "labels must be whole numbers.*not names",
    ),
    "probabilities as classes": (lambda: metrics.confusion_matrix([0, 1], [0.2, 0.7]), ">= 0.5"),
    "empty": (lambda: metrics.confusion_matrix([], []), "labels is empty"),
    "one class": (lambda: metrics.confusion_matrix([0], [0], classes=1), "classes must be at least 2, got 1"),
    "too few names": (lambda: metrics.precision_recall_f1([0, 2], [0, 1], ["a", "b"]), "from 0 to 1, got 2"),
    "NaN score": (lambda: metrics.roc([0, 1, 1], NAN), "scores must be finite, but row 1"),
    "NaN label": (lambda: metrics.roc(NAN, [0.1, 0.2, 0.3]), "labels must be whole numbers"),
    "absent class": (lambda: metrics.roc([0, 0, 1], np.full((3, 3), 1 / 3)), "0 of class 2 among 3"),
    "only positives": (lambda: metrics.auc([1, 1], [0.3, 0.4]), "labels must hold class 1 and others"),
    "label beyond binary scores": (lambda: metrics.roc([0, 2], [0.1, 0.9]), "from 0 to 1, got 2"),
    "score shape": (
        lambda: metrics.roc([0, 1], np.zeros((2, 2, 2))),
        r"\(N,\) or \(N, classes\), got \(2, 2, 2\)",
    ),
    "average": (lambda: metrics.auc([0, 1], [0.1, 0.9], average="micro"), 'average must be "macro"'),
    "logits": (lambda: metrics.most_certain([0, 1], [[2.0, -1.0], [0.3, 0.7]]), "softmax"),
    "sums": (lambda: metrics.most_certain([0, 1], [[0.5, 0.5], [0.3, 0.9]]), "row 1 sums to 1.2"),
    "label outside": (lambda: metrics.most_certain([0, 5], [[0.5, 0.5], [0.1, 0.9]]), "from 0 to 1, got 5"),
    "count": (lambda: metrics.most_certain([0], [[0.5, 0.5]], count=0), "count must be at least 1, got 0"),
    "lengths of scores": (lambda: metrics.most_certain([0, 1, 1], [[0.5, 0.5]]), "got 3 for 1"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_is_explained(case):
    action, message = ERRORS[case]
    with pytest.raises(ValueError, match=message):
        action()


def test_half_precision_probabilities_are_taken():
    labels, probabilities = draw(10)
    assert len(metrics.most_certain(labels, probabilities.astype("float16"))) == 8


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(classification).failed == 0


def test_metrics_load_without_tensorflow():
    code = (
        "import sys; from cvlib import metrics; metrics.auc([0, 1], [0.2, 0.8]); "
        "metrics.precision_recall_f1([0, 1], [0, 1]); sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
