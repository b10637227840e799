import doctest
import importlib

import keras
import numpy as np
import pytest
from keras import ops

from cvlib import losses

LOSSES = [
    losses.CrossEntropy,
    lambda **options: losses.CrossEntropy(class_weights=[1, 3, 2], **options),
    lambda **options: losses.Focal(gamma=2.0, **options),
    lambda **options: losses.Focal(gamma=0.5, class_weights=[0.2, 0.5, 0.3], **options),
    losses.Tversky,
    lambda **options: losses.Dice(background=False, **options),
    lambda **options: losses.Dice(**options) + 0.5 * losses.CrossEntropy(**options),
]


def batch(channels, seed=0):
    rng = np.random.default_rng(seed)
    masks = rng.integers(0, max(2, channels), (3, 4, 5, 1))
    masks[rng.random(masks.shape) < 0.3] = 255
    return masks, (3 * rng.normal(size=(3, 4, 5, channels))).astype("float32")


def probabilities(logits):
    if logits.shape[-1] == 1:
        return 1 / (1 + np.exp(-logits))
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def pixels(mask, outputs):
    """(class, probability of each class) of the pixels of an image that count."""
    for y, x in np.ndindex(mask.shape[:2]):
        if mask[y, x, 0] != 255:
            p = outputs[y, x]
            yield mask[y, x, 0], (np.array([1 - p[0], p[0]]) if len(p) == 1 else p)


def cross_entropy_by_loop(mask, outputs, weights=(1, 1, 1), gamma=0.0, weighted_mean=True):
    total, weight = 0.0, 0.0
    for true, p in pixels(mask, outputs):
        total -= weights[true] * (1 - p[true]) ** gamma * np.log(p[true])
        weight += weights[true] if weighted_mean else 1
    return total / weight


def tversky_by_loop(mask, outputs, alpha, beta, smooth, background=True):
    channels = outputs.shape[-1]
    figures = []
    for c in range(channels) if channels > 1 else [1]:
        if c == 0 and not background:
            continue
        tp = sum(p[c] for true, p in pixels(mask, outputs) if true == c)
        fp = sum(p[c] for true, p in pixels(mask, outputs) if true != c)
        fn = sum(1 - p[c] for true, p in pixels(mask, outputs) if true == c)
        figures.append(1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth))
    return np.mean(figures)


def dice_by_loop(mask, outputs, smooth):
    figures = []
    for c in range(outputs.shape[-1]) if outputs.shape[-1] > 1 else [1]:
        a = sum(true == c for true, _ in pixels(mask, outputs))
        b = sum(p[c] for _, p in pixels(mask, outputs))
        both = sum(p[c] for true, p in pixels(mask, outputs) if true == c)
        figures.append(1 - (2 * both + smooth) / (a + b + smooth))
    return np.mean(figures)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize(
    ("loss", "by_loop"),
    [
        (lambda classes, **o: losses.CrossEntropy(**o), cross_entropy_by_loop),
        (
            lambda classes, **o: losses.CrossEntropy([1, 3, 2][:classes], **o),
            lambda m, p: cross_entropy_by_loop(m, p, (1, 3, 2)),
        ),
        (lambda classes, **o: losses.Focal(**o), lambda m, p: cross_entropy_by_loop(m, p, gamma=2.0)),
        (
            lambda classes, **o: losses.Focal(1.5, [0.2, 0.8, 0.4][:classes], **o),
            lambda m, p: cross_entropy_by_loop(m, p, (0.2, 0.8, 0.4), 1.5, weighted_mean=False),
        ),
        (lambda classes, **o: losses.Tversky(**o), lambda m, p: tversky_by_loop(m, p, 0.3, 0.7, 1.0)),
        (
            lambda classes, **o: losses.Tversky(0.9, 0.2, 0.1, background=False, **o),
            lambda m, p: tversky_by_loop(m, p, 0.9, 0.2, 0.1, background=False),
        ),
        (lambda classes, **o: losses.Dice(**o), lambda m, p: dice_by_loop(m, p, 1.0)),
        (lambda classes, **o: losses.Dice(smooth=0.3, **o), lambda m, p: dice_by_loop(m, p, 0.3)),
    ],
)
def test_a_loss_equals_a_loop_over_the_pixels(loss, by_loop, channels, from_logits):
    masks, logits = batch(channels)
    loss = loss(max(2, channels), from_logits=from_logits, ignore_index=255, reduction=None)
    expected = [by_loop(mask, image) for mask, image in zip(masks, probabilities(logits))]
    for given in (masks, masks[..., 0], masks.astype("uint8")):
        found = loss(given, logits if from_logits else probabilities(logits))
        np.testing.assert_allclose(found, expected, rtol=2e-5)
    mean = type(loss).from_config({**loss.get_config(), "reduction": "sum_over_batch_size"})
    np.testing.assert_allclose(
        mean(masks, logits if from_logits else probabilities(logits)), np.mean(expected), rtol=2e-5
    )


def test_cross_entropy_and_focal_are_those_of_keras_where_keras_has_them():
    masks, logits = batch(3)
    masks = masks % 3
    np.testing.assert_allclose(
        losses.CrossEntropy(from_logits=True)(masks, logits),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True)(masks, logits),
        rtol=1e-5,
    )
    binary, logit = masks % 2, logits[..., :1]
    np.testing.assert_allclose(
        losses.Focal(from_logits=True)(binary, logit),
        keras.losses.BinaryFocalCrossentropy(from_logits=True)(binary, logit),
        rtol=1e-5,
    )


def test_sums_and_multiples_are_sums_and_multiples():
    masks, logits = batch(3)
    options = {"from_logits": True, "ignore_index": 255}
    dice, entropy, focal = losses.Dice(**options), losses.CrossEntropy(**options), losses.Focal(**options)
    expected = 2 * (float(dice(masks, logits)) + 0.5 * float(entropy(masks, logits)))
    expected += 3 * float(focal(masks, logits))
    both = 2 * (dice + 0.5 * entropy) + focal * 3
    assert float(both(masks, logits)) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(TypeError, match=r"only losses of cvlib\.losses can be added"):
        dice + keras.losses.Dice()


@pytest.mark.parametrize("make", LOSSES)
@pytest.mark.parametrize("mask", [0, 2, 255])
@pytest.mark.parametrize("sure", [0.0, 40.0, -40.0])
def test_values_and_slopes_stay_finite_on_empty_full_and_ignored_masks(make, mask, sure):
    import tensorflow as tf

    masks = np.full((2, 4, 4, 1), mask)
    for from_logits in (True, False):
        logits = tf.Variable(tf.constant([0.0, sure, 0.0]) * tf.ones((2, 4, 4, 3)))
        loss = make(from_logits=from_logits, ignore_index=255)
        with tf.GradientTape() as tape:
            value = loss(masks, logits if from_logits else tf.nn.softmax(logits))
        assert np.isfinite(value)
        assert np.isfinite(tape.gradient(value, logits)).all()
        if mask == 255:
            assert float(value) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", [losses.Dice, losses.Tversky])
def test_an_empty_mask_found_empty_costs_nothing_and_found_full_costs_much(loss):
    masks = np.zeros((1, 16, 16, 1))
    assert float(loss()(masks, np.zeros((1, 16, 16, 1), "float32"))) == pytest.approx(0, abs=1e-6)
    assert float(loss()(masks, np.ones((1, 16, 16, 1), "float32"))) > 0.95


def test_dice_is_taken_image_by_image():
    masks, found = np.zeros((2, 8, 8, 1)), np.zeros((2, 8, 8, 1), "float32")
    masks[0] = found[0] = 1
    masks[1, 0, 0] = 1  # missed: in the batch as a whole it would be one pixel of 65
    assert float(losses.Dice(smooth=1e-6)(masks, found)) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("make", LOSSES)
def test_half_precision_outputs_are_counted_in_single_precision(make):
    masks, logits = batch(3)
    large = np.tile(logits, (1, 32, 32, 1)).astype("float16")  # 20,000 pixels overflow a float16 sum of 9s
    loss = make(from_logits=True, ignore_index=255)
    half = loss(np.tile(masks, (1, 32, 32, 1)), ops.convert_to_tensor(large))
    assert half.dtype == "float32"
    assert float(half) == pytest.approx(
        float(loss(np.tile(masks, (1, 32, 32, 1)), large.astype("float32"))), rel=1e-3
    )


@pytest.mark.parametrize("make", LOSSES)
def test_saved_and_loaded_a_loss_is_the_same(make):
    masks, logits = batch(3)
    loss = make(from_logits=True, ignore_index=255)
    loaded = keras.losses.deserialize(keras.losses.serialize(loss))
    assert float(loaded(masks, logits)) == pytest.approx(float(loss(masks, logits)), rel=1e-6)
    assert loaded.get_config() == loss.get_config()


def test_a_network_trains_with_a_sum_and_opens_again_with_it(tmp_path):
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).random((16, 8, 8, 1)).astype("float32")
    masks = (images > 0.5).astype("uint8")
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 1)])
    model.compile(
        keras.optimizers.Adam(0.3), losses.Dice(from_logits=True) + losses.CrossEntropy(from_logits=True)
    )
    history = model.fit(images, masks, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(images, masks, verbose=0) == pytest.approx(
        model.evaluate(images, masks, verbose=0)
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.Focal(gamma=-1), "gamma must be at least 0"),
        (lambda: losses.Tversky(smooth=0), "smooth positive"),
        (lambda: losses.CrossEntropy([0, 0]), "class_weights must be at least 0, and one positive"),
        (lambda: losses.CrossEntropy([1, 2])(*batch(3)), "class_weights must be 3, one a class, got 2"),
        (lambda: losses.SumOfLosses([losses.Dice()], [1, 2]), "weights must be 1, one a loss, got 2"),
        (lambda: losses.Dice()(np.zeros((1, 4, 4, 3)), np.zeros((1, 4, 4, 3))), "one channel of RGB"),
        (lambda: losses.Dice()(np.zeros((1, 4, 4, 1)), np.zeros((1, 8, 8, 1))), "of one size"),
        (lambda: losses.Dice()(np.zeros((4, 4)), np.zeros((4, 4, 2))), "y_true must be"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("part", ["cross_entropy", "overlap", "segmentation"])
def test_the_examples_in_the_docstrings_hold(part):
    results = doctest.testmod(importlib.import_module(f"cvlib.losses.{part}"))
    assert results.attempted
    assert not results.failed
