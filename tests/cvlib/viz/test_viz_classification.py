import numpy as np
import pytest

from cvlib import metrics
from cvlib.viz import classification

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 255, (12, 8, 8, 3), dtype=np.uint8)
PROBABILITIES = RNG.dirichlet(np.ones(3), 12)
LABELS = np.where(np.arange(12) < 8, PROBABILITIES.argmax(1), (PROBABILITIES.argmax(1) + 1) % 3)


def texts(sheet):
    return [text.get_text() for axis in sheet.axes for text in [*axis.texts, axis.title]]


def test_confusion_writes_counts_and_shares_of_the_true_class():
    sheet = classification.confusion([[3, 1], [0, 5]], ["cat", "dog"])
    assert [text for text in texts(sheet) if text] == ["3\n75%", "1\n25%", "0\n0%", "5\n100%"]
    assert sheet.axes[0].get_xlabel() == "predicted"
    assert [label.get_text() for label in sheet.axes[0].get_yticklabels()] == ["cat", "dog"]


def test_roc_draws_each_curve_with_its_area():
    curves = metrics.roc(np.tile([0, 1, 2], 4), PROBABILITIES)
    sheet = classification.roc(curves, ["a", "b", "c"])
    labels = [text.get_text() for text in sheet.axes[0].get_legend().get_texts()]
    assert labels[1:] == [f"{name} AUC {curve.auc:.3f}" for name, curve in zip("abc", curves)]
    assert len(classification.roc(curves[0]).axes[0].lines) == 2
    assert len(classification.roc({"one": curves[0], "two": curves[1]}).axes[0].lines) == 3


def test_certain_shows_four_rows_and_marks_what_is_wrong():
    sheet = classification.certain(IMAGES, LABELS.astype("float32"), PROBABILITIES, ["a", "b", "c"], count=5)
    assert len(sheet.axes) == 20
    titles = [axis.get_title() for axis in sheet.axes]
    assert all("is " not in title for title in titles[:10])
    assert all("\nis " in title for title in titles[10:14])
    assert titles[14] == "", "only four are wrong"
    best = PROBABILITIES[metrics.most_certain(LABELS, PROBABILITIES, count=1)[0]]
    assert titles[0].startswith("abc"[best.argmax()])


def test_certain_takes_one_column_of_probabilities_and_no_errors():
    sheet = classification.certain(IMAGES, np.ones((12, 1), "float32"), np.full((12, 1), 0.9996), count=2)
    assert sheet.axes[0].get_title() == "1 99.9%"
    assert "(none)" in sheet.axes[4].get_ylabel()


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: classification.confusion(np.zeros((2, 3))), r"\(classes, classes\), got shape \(2, 3\)"),
        (lambda: classification.confusion(np.eye(2), ["one"]), "class_names must have 2 entries, got 1"),
        (lambda: classification.roc([]), "curves is empty"),
        (lambda: classification.certain(IMAGES[:3], LABELS, PROBABILITIES), r"\(12\), got 3"),
        (
            lambda: classification.certain(IMAGES, LABELS + 2, PROBABILITIES),
            "labels must be classes from 0 to 2",
        ),
    ],
)
def test_bad_input_is_explained(action, message):
    with pytest.raises(ValueError, match=message):
        action()
