import numpy as np
import pandas as pd
import pytest
from sklearn.utils.class_weight import compute_class_weight

from cvlib.data.imbalance import class_weights, oversample, undersample


@pytest.mark.parametrize(
    "labels",
    [
        ["cat", "dog", "dog", "dog", "eel"],
        [0, 1, 1, 1, 2],
        np.array([2.0, 0.0, 1.0, 1.0]),
        pd.Series(["b", "a", "b"]),
        [True, False, True],
    ],
    ids=["names", "indices", "floats", "series", "booleans"],
)
def test_class_weights_agree_with_scikit_learn(labels):
    values = np.asarray(labels)
    expected = compute_class_weight("balanced", classes=np.unique(values), y=values)
    weights = class_weights(labels)
    assert list(weights) == list(range(len(expected)))
    assert list(weights.values()) == pytest.approx(expected)


def test_class_weights_of_one_hot_labels_equal_those_of_their_indices():
    indices = np.array([0, 2, 2, 1, 2])
    assert class_weights(np.eye(3)[indices]) == class_weights(indices)


def test_class_weights_follow_the_order_of_classes():
    assert class_weights(["no", "yes", "yes"], classes=["yes", "no"]) == {0: 0.75, 1: 1.5}


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([], None, "labels is empty"),
        (["a", "b"], ["a"], r"labels has \['b'\], not in classes"),
        (["a"], ["a", "b"], "no sample of class b"),
        ([0, 2], None, "no sample of class 1"),
        ([-1, 2], None, "whole numbers from 0"),
        ([[1, 1], [0, 1]], None, "not one-hot"),
    ],
)
def test_class_weights_say_what_is_wrong_with_the_labels(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        class_weights(labels, classes)


@pytest.fixture
def frame():
    labels = ["cat"] * 7 + ["dog"] * 2 + ["eel"] * 3
    return pd.DataFrame({"path": [f"{i}.png" for i in range(12)], "label": labels})


def test_oversampling_lifts_every_class_to_the_largest_and_loses_no_row(frame):
    even = oversample(frame, seed=3)
    assert even.label.value_counts().to_dict() == {"cat": 7, "dog": 7, "eel": 7}
    assert set(even.path) == set(frame.path)
    repeats = even.path.value_counts()
    for _, members in frame.groupby("label"):
        assert repeats[members.path].max() - repeats[members.path].min() <= 1
    pd.testing.assert_frame_equal(even, oversample(frame, seed=3))


def test_undersampling_lowers_every_class_to_the_smallest_without_repeats(frame):
    even = undersample(frame, seed=3)
    assert even.label.value_counts().to_dict() == {"cat": 2, "dog": 2, "eel": 2}
    assert even.path.is_unique
    assert set(undersample(frame, seed=4).path) != set(even.path)


@pytest.mark.parametrize("resample", [oversample, undersample])
def test_resampling_refuses_a_frame_of_several_splits_since_copies_would_leak(frame, resample):
    with pytest.raises(ValueError, match=r"holds the splits test, train: resample the training split only"):
        resample(frame.assign(split=["train", "test"] * 6))
    assert len(resample(frame.assign(split="train"))) > 0


@pytest.mark.parametrize("resample", [oversample, undersample])
def test_resampling_says_which_column_is_missing_and_refuses_an_empty_frame(frame, resample):
    with pytest.raises(ValueError, match="no column 'class'; it has path, label"):
        resample(frame, label="class")
    with pytest.raises(ValueError, match="the frame is empty"):
        resample(frame.iloc[:0])
