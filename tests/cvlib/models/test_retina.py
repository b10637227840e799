"""RetinaNet: its losses against loops, its outputs against its anchors, and that it learns."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.metrics import mean_average_precision
from cvlib.models.retina import (
    RetinaBoxLoss,
    RetinaClassLoss,
    RetinaNet,
    anchor_grid,
    retina_detections,
    retina_targets,
)


def focal_by_loops(labels, logits, gamma, alpha):
    """Equation 5, one entry after the other, over the number of anchors with an object."""
    total = 0.0
    for label, logit in zip(labels.ravel(), logits.ravel()):
        if label < 0:
            continue
        p = 1 / (1 + np.exp(-logit))
        p_t = p if label == 1 else 1 - p
        weight = 1 if alpha is None else (alpha if label == 1 else 1 - alpha)
        total -= weight * (1 - p_t) ** gamma * np.log(p_t)
    return total / max(1, (labels == 1).sum())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(2.0, 0.25), (0.0, None), (1.5, 0.6)]))
def test_the_class_loss_is_equation_5_summed_over_the_objects(seed, parameters):
    rng = np.random.default_rng(seed)
    labels = rng.choice([-1, 0, 0, 0, 1], (3, 11, 2)).astype("float32")
    labels[0] = 0  # a picture without objects
    logits = rng.normal(0, 3, labels.shape).astype("float32")
    got = keras.ops.convert_to_numpy(RetinaClassLoss(*parameters).call(labels, logits))
    expected = [focal_by_loops(a, b, *parameters) for a, b in zip(labels.astype(int), logits.astype(float))]
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_the_class_loss_without_gamma_and_alpha_is_kerass_cross_entropy():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (1, 50, 3)).astype("float32")
    logits = rng.normal(size=labels.shape).astype("float32")
    theirs = keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")(
        labels[..., None], logits[..., None]
    )
    ours = RetinaClassLoss(gamma=0, alpha=None)(labels, logits)
    assert float(ours) * labels.sum() == pytest.approx(float(theirs), rel=1e-4)


def test_the_box_loss_counts_objects_only():
    rng = np.random.default_rng(0)
    true, found = rng.normal(size=(2, 9, 5)).astype("float32"), rng.normal(size=(2, 9, 4)).astype("float32")
    true[..., 4] = 0
    true[0, [1, 5], 4] = 1
    got = keras.ops.convert_to_numpy(RetinaBoxLoss(beta=0.5).call(true, found))
    expected = 0
    for anchor in (1, 5):
        for off in np.abs(true[0, anchor, :4] - found[0, anchor]):
            expected += off**2 if off < 0.5 else off - 0.25
    np.testing.assert_allclose(got, [expected / 2, 0], rtol=1e-5)


def test_perfect_answers_give_the_true_boxes_back_and_hardly_any_loss():
    anchors = anchor_grid((64, 96), (8, 16), [[18, 26], [34]], aspects=(1,))
    truths = [{"boxes": [[3, 5, 20, 30], [50, 8, 90, 50]], "classes": [1, 0]}, {"boxes": [], "classes": []}]
    targets = retina_targets(truths, anchors, classes=2)
    logits = np.where(targets["classes"] == 1, 12.0, -12.0).astype("float32")
    outputs = {"classes": logits, "deltas": targets["deltas"][..., :4]}
    found = retina_detections(outputs, anchors, (64, 96))
    assert mean_average_precision(truths, found, ["a", "b"]).ap == pytest.approx(1)
    assert [len(entry["boxes"]) for entry in found] == [2, 0]
    assert float(RetinaClassLoss()(targets["classes"], logits)) < 1e-6
    assert float(RetinaBoxLoss()(targets["deltas"], outputs["deltas"])) == 0


def test_there_is_one_answer_an_anchor_and_an_untrained_network_says_the_prior():
    keras.utils.set_random_seed(0)
    model = RetinaNet((64, 96, 3), classes=2, anchors_per_cell=3, prior=0.02)
    anchors = anchor_grid((64, 96), (8, 16), [[16], [32]])
    images = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3)).astype("float32")
    outputs = model.predict(images, verbose=0)
    assert outputs["classes"].shape == (1, len(anchors), 2)
    assert outputs["deltas"].shape == (1, len(anchors), 4)
    np.testing.assert_allclose(1 / (1 + np.exp(-outputs["classes"])), 0.02, atol=0.005)


def test_the_parameters_are_those_counted_by_hand():
    model = RetinaNet(classes=3, anchors_per_cell=2, filters=(16, 32, 48, 64), width=32)
    blocks = sum(9 * a * b + 4 * b for a, b in ((3, 16), (16, 32), (32, 48), (48, 64)))
    pyramid = (48 + 1) * 32 + (64 + 1) * 32 + 2 * (9 * 32 + 4) * 32
    heads = 2 * (9 * 32 + 1) * 32 + (9 * 32 + 1) * 2 * (3 + 4)
    assert model.count_params() == blocks + pyramid + heads


def test_an_answer_belongs_to_the_anchor_in_its_place():
    """What an anchor says changes with the pixels near it and not with those far away."""
    keras.utils.set_random_seed(0)
    model = RetinaNet((96, 96, 3), classes=1, filters=(4, 6, 8), strides=(8,), anchors_per_cell=1, width=8)
    anchors = anchor_grid((96, 96), (8,), [[16]], aspects=(1,))
    model.get_layer("classes_maps").kernel.assign(np.random.default_rng(0).normal(size=(3, 3, 8, 1)))
    image = np.full((1, 96, 96, 3), 128, np.float32)
    image[0, 0, 0] = 120  # not all alike, so that it is taken for a picture
    spot = image.copy()
    spot[0, 40:48, 72:80] = 250  # the cell in row 5 and column 9
    change = np.abs(
        model.predict(spot, verbose=0)["classes"] - model.predict(image, verbose=0)["classes"]
    ).ravel()
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    strongest = (centres * change[:, None]).sum(0) / change.sum()
    assert np.abs(strongest - [76, 44]).max() < 16  # two cells
    assert change[np.abs(centres - [76, 44]).max(1) > 48].max() == 0


def test_losses_come_back_from_their_configs():
    loss = keras.losses.deserialize(keras.losses.serialize(RetinaClassLoss(1.0, 0.4)))
    assert (loss.gamma, loss.alpha) == (1.0, 0.4)
    assert keras.losses.deserialize(keras.losses.serialize(RetinaBoxLoss(0.2))).beta == 0.2


@pytest.mark.slow
def test_it_learns_two_kinds_of_squares():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    images, truths = rng.normal(110, 8, (160, 48, 48, 3)), []
    for image in images:
        corners, labels = [], []
        for column in (0, 24):
            side = int(rng.integers(10, 18))
            left, top = column + rng.integers(0, 24 - side), rng.integers(0, 48 - side)
            labels.append(int(rng.integers(2)))
            image[top : top + side, left : left + side] = (230, 40, 40) if labels[-1] else (40, 40, 230)
            corners.append([left, top, left + side, top + side])
        truths.append({"boxes": corners, "classes": labels})
    anchors = anchor_grid((48, 48), (8,), [[14]], aspects=(1,))
    model = RetinaNet((48, 48, 3), 2, strides=(8,), anchors_per_cell=1, filters=(8, 16, 24), width=16)
    model.compile(keras.optimizers.Adam(5e-3), {"classes": RetinaClassLoss(), "deltas": RetinaBoxLoss()})
    images = images.clip(0, 255)
    model.fit(images[:120], retina_targets(truths[:120], anchors, 2), batch_size=8, epochs=25, verbose=0)
    found = retina_detections(model.predict(images[120:], verbose=0), anchors, (48, 48), least=0.05)
    assert mean_average_precision(truths[120:], found, ["blue", "red"]).ap50 > 0.8


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: RetinaNet((90, 96, 3)), "multiples of 16, got 90×96"),
        (lambda: RetinaNet(strides=(4, 16)), "strides must double and end with 16"),
        (lambda: RetinaNet(prior=0), r"prior must be a probability in \(0, 1\), got 0"),
        (lambda: RetinaNet(classes=0), "classes must be a positive integer, got 0"),
        (lambda: RetinaClassLoss(alpha=1.5), r"alpha must be in \(0, 1\) or None, got 1.5"),
        (lambda: RetinaBoxLoss(beta=0), "beta must be above 0, got 0"),
        (
            lambda: retina_targets([{"boxes": [[0, 0, 9, 9]], "classes": [3]}], np.array([[0, 0, 9, 9]]), 3),
            r"truths\[0\]: classes must be in 0 … 2, got \[3\]",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
