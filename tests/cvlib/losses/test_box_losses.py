import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvlib import boxes, losses
from cvlib.losses import boxes as box_losses

LOSSES = {"giou": losses.GIoU, "diou": losses.DIoU, "ciou": losses.CIoU}


def upright(values):
    return np.concatenate([values[:, :2], values[:, :2] + values[:, 2:]], 1).astype("float32")


some = hnp.arrays(float, (5, 4), elements=st.floats(0.5, 80)).map(upright)


@pytest.mark.parametrize("kind", ["iou", "giou", "diou", "ciou"])
@settings(max_examples=30, deadline=None)
@given(a=some, b=some)
def test_pairs_agree_with_the_numpy_ones_of_all_with_all(kind, a, b):
    expected = np.diag(getattr(boxes, kind)(a.astype(float), b.astype(float)))
    np.testing.assert_allclose(losses.paired_ious(a, b, kind), expected, atol=2e-5)


@pytest.mark.parametrize("kind", LOSSES)
def test_a_box_loss_is_one_minus_the_mean_overlap_and_nothing_where_boxes_agree(kind):
    a, b = np.random.default_rng(0).uniform(1, 50, (2, 7, 4))
    a, b = upright(a), upright(b)
    expected = 1 - np.diag(getattr(boxes, kind)(a.astype(float), b.astype(float))).mean()
    assert float(LOSSES[kind]()(a, b)) == pytest.approx(expected, abs=1e-5)
    assert float(LOSSES[kind]()(a, a)) == pytest.approx(0, abs=1e-6)
    assert LOSSES[kind](reduction="none")(a, b).shape == (7,)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize(
    ("true", "predicted"),
    [
        ([0, 0, 2, 2], [50, 50, 52, 52]),
        ([0, 0, 2, 2], [0, 0, 2, 2]),
        ([0, 0, 0, 0], [0, 0, 0, 0]),
        ([0, 0, 2, 2], [1, 1, 1, 1]),
        ([0, 0, 1e6, 1e6], [0, 0, 1e-3, 1e-3]),
    ],
)
def test_gradients_are_finite_also_for_boxes_apart_equal_or_empty(kind, true, predicted):
    box = tf.Variable([predicted], dtype="float32")
    with tf.GradientTape() as tape:
        loss = LOSSES[kind]()(np.array([true], "float32"), box)
    assert np.isfinite(float(loss))
    assert np.isfinite(tape.gradient(loss, box).numpy()).all()


@pytest.mark.parametrize("kind", LOSSES)
def test_a_box_far_away_is_drawn_towards_the_true_one(kind):
    """Plain IoU has no slope there: that is what these losses are for."""
    box, true = tf.Variable([[60.0, 0.0, 70.0, 10.0]]), np.array([[0, 0, 10, 10]], "float32")
    with tf.GradientTape(persistent=True) as tape:
        loss, plain = LOSSES[kind]()(true, box), losses.paired_ious(true, box)
    assert tape.gradient(loss, box)[0, 0] > 0  # less x is a smaller loss
    assert not tape.gradient(plain, box).numpy().any()


def test_the_weight_of_ciou_has_no_gradient():
    """As in the paper: with the weight held, the slope is that of its equation 8."""
    true, box = np.array([[0, 0, 10, 10]], "float32"), np.array([2.0, 1.0, 9.0, 14.0])
    variable = tf.Variable([box], dtype="float32")
    with tf.GradientTape() as tape:
        loss = losses.CIoU()(true, variable)
    got = tape.gradient(loss, variable).numpy()[0]

    def aspect(b):
        return 4 / np.pi**2 * (np.arctan2(10, 10) - np.arctan2(b[2] - b[0], b[3] - b[1])) ** 2

    held = aspect(box) / (1 - boxes.iou(true, box)[0, 0] + aspect(box))
    for side in range(4):
        step = np.eye(4)[side] * 1e-4
        ends = [
            1 - boxes.diou(true.astype(float), b)[0, 0] + held * aspect(b) for b in (box - step, box + step)
        ]
        assert got[side] == pytest.approx((ends[1] - ends[0]) / 2e-4, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("kind", LOSSES)
def test_a_network_with_a_box_loss_opens_again_with_it(kind, tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    model.compile(loss=LOSSES[kind]())
    model.save(tmp_path / "model.keras")
    assert isinstance(keras.models.load_model(tmp_path / "model.keras").loss, LOSSES[kind])


def test_bad_input_to_a_box_loss_is_named():
    with pytest.raises(ValueError, match=r"must be boxes \(..., 4\)"):
        losses.GIoU()(np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="kind must be one of iou, giou, diou, ciou, got 'eiou'"):
        losses.paired_ious(np.zeros((2, 4)), np.zeros((2, 4)), "eiou")


def test_the_example_in_the_docstring_of_box_losses_holds():
    results = doctest.testmod(box_losses)
    assert results.attempted
    assert not results.failed
