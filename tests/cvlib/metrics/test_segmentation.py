import doctest
import importlib

import keras
import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib import metrics
from cvlib.metrics import segmentation

PAIRS = st.tuples(*[arrays(np.int64, (3, 4, 5), elements=st.integers(0, 3))] * 2)


@pytest.mark.parametrize("module", ["segmentation", "boundaries", "streaming"])
def test_the_examples_in_the_docstrings_hold(module):
    results = doctest.testmod(importlib.import_module(f"cvlib.metrics.{module}"))
    assert results.attempted
    assert not results.failed


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_figures_are_those_of_scikit_learn(pair):
    masks, predictions = pair
    flat = masks.ravel(), predictions.ravel()
    confusion = metrics.pixel_confusion(masks, predictions, 4)
    np.testing.assert_array_equal(confusion, sklearn.metrics.confusion_matrix(*flat, labels=range(4)))
    options = {"labels": range(4), "average": None, "zero_division": np.nan}
    np.testing.assert_allclose(segmentation.iou(confusion), _present(sklearn.metrics.jaccard_score, flat))
    np.testing.assert_allclose(segmentation.dice(confusion), sklearn.metrics.f1_score(*flat, **options))
    assert segmentation.pixel_accuracy(confusion) == sklearn.metrics.accuracy_score(*flat)


def _present(score, flat):
    """scikit-learn's figure a class, NaN where the class is in neither."""
    seen = np.union1d(*flat)
    return [score(flat[0] == c, flat[1] == c) if c in seen else np.nan for c in range(4)]


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_ignored_pixels_count_for_nothing(pair):
    masks, predictions = pair
    ours = metrics.pixel_confusion(np.where(masks == 3, 255, masks), predictions % 3, 3, ignore_index=255)
    keep = masks != 3
    expected = (
        sklearn.metrics.confusion_matrix(masks[keep], predictions[keep] % 3, labels=range(3))
        if (keep.any())
        else np.zeros((3, 3))
    )
    np.testing.assert_array_equal(ours, expected)


@settings(max_examples=30, deadline=None)
@given(PAIRS, st.integers(0, 3))
def test_batches_add_up_however_they_are_cut(pair, cut):
    masks, predictions = pair
    whole, parts = metrics.SegmentationScores(4), metrics.SegmentationScores(4)
    whole.update(masks, predictions)
    for part in (slice(None, cut), slice(cut, None)):
        parts.update(masks[part], predictions[part])
    np.testing.assert_array_equal(whole.confusion, parts.confusion)
    for name, value in whole.result().items():
        np.testing.assert_array_equal(value, parts.result()[name])


def test_means_over_images_and_over_pixels_differ_and_both_are_right():
    masks = np.zeros((2, 10, 10), int)
    masks[0, :8], masks[1, 0, 0] = 1, 1  # a large region found entirely, a small one missed
    predictions = masks.copy()
    predictions[1] = 0
    scores = metrics.SegmentationScores(2, class_names=["air", "lung"])
    scores.update(masks[..., None], predictions)
    result = scores.result()
    assert result["dice"][1] == 160 / 161
    assert result["image_dice"][1] == 0.5
    assert result["image_iou"][1] == 0.5
    np.testing.assert_allclose(result["mean_iou"], (80 / 81 + 119 / 120) / 2)
    assert scores.per_image()["dice_lung"].tolist() == [1, 0]
    assert scores.per_image()["iou_air"].tolist() == [1, 99 / 100]


def test_a_class_that_occurs_nowhere_is_nan_and_left_out_of_the_mean():
    empty = np.zeros((1, 4, 4), int)
    confusion = metrics.pixel_confusion(empty, empty, 3)
    np.testing.assert_array_equal(segmentation.dice(confusion), [1, np.nan, np.nan])
    assert metrics.mean_iou(empty, empty, 3) == 1
    everything = np.full((1, 4, 4), 255)
    assert np.isnan(metrics.mean_iou(everything, empty, 3, ignore_index=255))
    assert np.isnan(metrics.SegmentationScores(2).result()["mean_dice"])


def test_a_class_found_where_it_is_not_scores_zero():
    mask, found = np.zeros((1, 4, 4), int), np.zeros((1, 4, 4), int)
    found[0, 0, 0] = 1
    assert segmentation.dice(metrics.pixel_confusion(mask, found, 2))[1] == 0
    assert metrics.per_image(mask, found, 2)["iou_1"].tolist() == [0]


def test_labels_come_from_probabilities_and_from_logits():
    outputs = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    np.testing.assert_array_equal(metrics.to_labels(outputs), np.argmax(outputs, -1))
    logit = outputs[..., :1]
    np.testing.assert_array_equal(
        metrics.to_labels(logit, threshold=0.0), metrics.to_labels(1 / (1 + np.exp(-logit)))
    )


@pytest.mark.parametrize(
    ("masks", "predictions", "message"),
    [
        (np.zeros((1, 4, 4)), np.zeros((1, 4, 5)), r"of one size, got \(1, 4, 4\) and \(1, 4, 5\)"),
        (np.zeros((1, 4, 4, 3)), np.zeros((1, 4, 4)), "masks must be class numbers .* one channel"),
        (np.zeros((1, 4, 4)), np.zeros((1, 4, 4, 2)), "predictions must be class numbers .*to_labels"),
        (np.full((1, 4, 4), 0.5), np.zeros((1, 4, 4)), "fractions such as 0.5: .* nearest neighbour"),
        (np.zeros((1, 4, 4)), np.full((1, 4, 4), 0.7), "fractions such as 0.7: .*to_labels"),
        (np.full((1, 4, 4), 255), np.zeros((1, 4, 4)), "classes from 0 to 1, got 255: give ignore_index=255"),
        (np.zeros((1, 4, 4)), np.full((1, 4, 4), 2), "predictions must hold classes from 0 to 1, got 2"),
        (np.zeros(4), np.zeros(4), r"got \(4,\)"),
    ],
)
def test_what_is_no_mask_is_refused_with_a_reason(masks, predictions, message):
    with pytest.raises(ValueError, match=message):
        metrics.pixel_confusion(masks, predictions, 2)


@pytest.mark.parametrize("classes", [1, 0, 2.0, True, "2"])
def test_a_number_of_classes_that_is_none_is_refused(classes):
    with pytest.raises(ValueError, match="classes must be an integer of at least 2"):
        metrics.pixel_confusion([[0]], [[0]], classes)
    with pytest.raises(ValueError, match="classes must be an integer of at least 2"):
        metrics.MeanIoU(classes)


def test_names_must_be_as_many_as_classes():
    with pytest.raises(ValueError, match="class_names must be 2, one a class, got 3"):
        metrics.SegmentationScores(2, class_names=["a", "b", "c"])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("with_axis", [True, False])
def test_the_keras_metrics_equal_the_exact_figures(channels, with_axis):
    rng = np.random.default_rng(channels)
    classes = max(2, channels)
    masks = rng.integers(0, classes, (6, 8, 9))
    masks[rng.random(masks.shape) < 0.2] = 255
    outputs = rng.random((6, 8, 9, channels)).astype("float32")
    given_masks = masks[..., None] if with_axis else masks
    confusion = metrics.pixel_confusion(masks, metrics.to_labels(outputs), classes, 255)
    for metric, figure in ((metrics.MeanIoU, segmentation.iou), (metrics.MeanDice, segmentation.dice)):
        mean, second = metric(classes, ignore_index=255), metric(classes, ignore_index=255, class_id=1)
        for part in (slice(0, 4), slice(4, 6)):
            for each in (mean, second):
                each.update_state(given_masks[part].astype("uint8"), outputs[part])
        np.testing.assert_allclose(float(mean.result()), figure(confusion).mean(), rtol=1e-6)
        np.testing.assert_allclose(float(second.result()), figure(confusion)[1], rtol=1e-6)
        mean.reset_state()
        assert float(mean.result()) == 0


@pytest.mark.parametrize("shape", [(4,), (4, 5, 6), (4, 5, 6, 1)])
def test_a_weight_of_zero_takes_pixels_out_of_a_keras_metric(shape):
    rng = np.random.default_rng(0)
    masks, outputs = rng.integers(0, 2, (4, 5, 6)), rng.random((4, 5, 6, 1))
    weights = rng.integers(0, 2, shape)
    weighted, ignoring = metrics.MeanIoU(2), metrics.MeanIoU(2, ignore_index=255)
    weighted.update_state(masks, outputs, weights)
    full = np.broadcast_to(weights.reshape(*shape[:3], *[1] * (3 - len(shape))), masks.shape)
    ignoring.update_state(np.where(full, masks, 255), outputs)
    np.testing.assert_allclose(float(weighted.result()), float(ignoring.result()), rtol=1e-6)


def test_a_keras_metric_works_in_fit_and_after_loading(tmp_path):
    rng = np.random.default_rng(0)
    images, masks = rng.random((8, 6, 6, 1)).astype("float32"), rng.integers(0, 3, (8, 6, 6, 1))
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Conv2D(3, 1, activation="softmax", dtype="float32")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[metrics.MeanIoU(3), metrics.MeanDice(3)])
    model.fit(images, masks, batch_size=3, verbose=0)
    evaluated = model.evaluate(images, masks, batch_size=3, verbose=0, return_dict=True)
    predicted = metrics.to_labels(model.predict(images, verbose=0))
    assert evaluated["mean_iou"] == pytest.approx(metrics.mean_iou(masks, predicted, 3), abs=1e-6)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(images, masks, verbose=0, return_dict=True) == pytest.approx(evaluated, abs=1e-6)


def test_a_keras_metric_refuses_other_channels_and_classes():
    with pytest.raises(ValueError, match="must have 3 channels"):
        metrics.MeanIoU(3).update_state(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 2)))
    with pytest.raises(ValueError, match="class_id must be from 0 to 2"):
        metrics.MeanDice(3, class_id=3)
