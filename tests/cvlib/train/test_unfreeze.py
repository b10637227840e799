import keras
import numpy as np
import pytest

from cvlib.models import transfer
from cvlib.train import unfreeze

SHAPE = (16, 16, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (8, *SHAPE)).astype("uint8")
LABELS = np.arange(8) % 2


@pytest.fixture
def model():
    """A classifier as `transfer.classifier` builds it, on a backbone of four convolutions: quick to train."""
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input(SHAPE)
    for number in range(4):
        x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name=f"conv{number}")(x)
    backbone = keras.Model(inputs, x)
    images = keras.Input(SHAPE)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(
        backbone(keras.layers.Rescaling(1 / 127.5, -1)(images))
    )
    made = keras.Model(images, keras.layers.Dense(2, "softmax", name="predictions")(x))
    made.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    transfer.freeze(made, 1)
    return made


def test_each_stage_trains_one_more_layer_from_the_last_one_on(model):
    shares = unfreeze.layer_by_layer(model, layers=3)
    frozen = [transfer.freeze(model, share).frozen_layers for share in shares]
    assert frozen == [4, 3, 2, 1]
    backbone = transfer.backbone_of(model)
    learning = [layer.name for layer in backbone.layers if layer.trainable_weights]
    assert learning == ["conv1", "conv2", "conv3"]


def test_layers_move_only_from_their_stage_on(model):
    backbone = transfer.backbone_of(model)
    names = ("conv3", "conv2", "conv1")
    seen = []

    class Note(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append([backbone.get_layer(name).get_weights()[0] for name in names])

    before = [backbone.get_layer(name).get_weights()[0] for name in names]
    history = unfreeze.gradually(
        model, IMAGES, LABELS, unfreeze.layer_by_layer(model, 2), verbose=0, callbacks=[Note()]
    )
    moved = [
        [not np.array_equal(now, old) for now, old in zip(later, earlier)]
        for earlier, later in zip([before, *seen], seen)
    ]
    assert moved == [[False, False, False], [True, False, False], [True, True, False]]
    parameters = history["trainable_parameters"]
    assert parameters[0] == 10
    assert parameters == sorted(parameters)


def test_history_runs_over_all_stages_and_says_with_what_each_epoch_ran(model):
    history = unfreeze.gradually(
        model, IMAGES, LABELS, (1, 0.75), epochs=(2, 1), learning_rates=(1e-2, 1e-5), verbose=0
    )
    assert history["frozen"] == [1, 1, 0.75]
    assert len(history["loss"]) == len(history["accuracy"]) == 3
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-5)


def test_later_stages_learn_at_a_tenth_of_the_rate_by_default(model):
    unfreeze.gradually(model, IMAGES, LABELS, (1, 0.75), verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-3)


def test_what_does_not_fit_together_is_refused(model):
    with pytest.raises(ValueError, match="do not rise"):
        unfreeze.gradually(model, IMAGES, LABELS, (0.5, 1))
    with pytest.raises(ValueError, match=r"epochs must have one entry a stage \(2\), got 3"):
        unfreeze.gradually(model, IMAGES, LABELS, (1, 0.5), epochs=(1, 1, 1))
    with pytest.raises(ValueError, match="learning_rates must have one entry a stage"):
        unfreeze.gradually(model, IMAGES, LABELS, (1, 0.5), learning_rates=(0.1,))
    with pytest.raises(ValueError, match=r"model\.compile"):
        unfreeze.gradually(transfer.classifier(input_shape=(32, 32, 3), weights=None), IMAGES, LABELS)
    with pytest.raises(ValueError, match="from 1 to 4"):
        unfreeze.layer_by_layer(model, 53)
