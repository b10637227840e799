import keras
import numpy as np
import pytest

from cvlib.models import SmallCNN


@pytest.mark.parametrize(
    ("options", "parameters"),
    [  # convolutions 9·Cin·Cout, four numbers a map for batch normalisation, dense (C + 1)·classes
        ({}, 432 + 64 + 4608 + 128 + 18432 + 256 + 65 * 2),
        ({"classes": 10}, 432 + 64 + 4608 + 128 + 18432 + 256 + 65 * 10),
        ({"input_shape": (28, 28, 1), "filters": (8,)}, 72 + 32 + 9 * 2),
        ({"classes": 1, "classifier_activation": "sigmoid"}, 432 + 64 + 4608 + 128 + 18432 + 256 + 65),
    ],
)
def test_parameters_are_what_the_blocks_add_up_to(options, parameters):
    assert SmallCNN(**options).count_params() == parameters


def test_every_layer_has_a_name_of_its_own_choosing():
    names = [layer.name for layer in SmallCNN(filters=(4, 8)).layers]
    assert names == [
        *("images", "rescaling"),
        *(f"block{number}_{part}" for number in (1, 2) for part in ("conv", "bn", "relu", "pool")),
        *("pool", "predictions"),
    ]


def test_it_learns_to_tell_dark_from_light():
    keras.utils.set_random_seed(0)
    labels = np.arange(64) % 2
    images = np.random.default_rng(0).integers(0, 120, (64, 16, 16, 3)) + 120 * labels[:, None, None, None]
    model = SmallCNN(input_shape=(16, 16, 3), filters=(4, 8))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images.astype("uint8"), labels, epochs=8, verbose=0)
    assert model.evaluate(images.astype("uint8"), labels, verbose=0)[1] == 1


def test_saved_and_loaded_it_predicts_the_same(tmp_path):
    model = SmallCNN(input_shape=(16, 16, 3), filters=(4,))
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype("float32")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(images, verbose=0), model.predict(images, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 1}, "at least 2, got 1"),
        ({"classes": 0}, "positive integer, got 0"),
        ({"classes": 2.0}, "positive integer, got 2.0"),
        ({"classifier_activation": "relu"}, "got 'relu'"),
        ({"filters": ()}, "filters must be one positive integer a block"),
        ({"filters": (16, 0)}, "filters must be one positive integer a block"),
        ({"input_shape": (4, 96, 3)}, "at least 8×8 pixels"),
        ({"input_shape": (96, 96)}, "height, width, channels"),
        ({"input_shape": 96}, "height, width, channels"),
        ({"input_shape": (0, 96, 3)}, "height, width, channels"),
    ],
)
def test_a_wrong_argument_is_named_with_what_to_do(options, message):
    with pytest.raises(ValueError, match=message):
        SmallCNN(**options)
