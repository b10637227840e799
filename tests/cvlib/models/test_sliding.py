import doctest

import keras
import numpy as np
import pytest
from keras import layers

from cvlib.models import fully_convolutional, sliding


def cnn(size, ending, padding="valid", stride=32):
    """A small classifier with the given stride; "valid" convolutions that keep the windows in step."""
    keras.utils.set_random_seed(0)
    first = stride // 4
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(6, first, strides=first, padding=padding, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Conv2D(8, 2, strides=2, padding=padding, activation="relu"),
            *ending,
            layers.Dense(5, activation="softmax", name="classes"),
        ]
    )


def slide(model, image, step):
    """The classifier on every window of its own size."""
    size = model.input_shape[1]
    rows, columns = ((side - size) // step + 1 for side in image.shape[:2])
    windows = [
        image[r * step : r * step + size, c * step : c * step + size]
        for r in range(rows)
        for c in range(columns)
    ]
    return model.predict(np.stack(windows), verbose=0).reshape(rows, columns, -1)


@pytest.mark.parametrize(
    "ending",
    [
        [layers.Flatten(), layers.Dense(7, activation="relu"), layers.Dropout(0.5)],
        [layers.Flatten(), layers.Dropout(0.5), layers.Dense(7, use_bias=False), layers.ReLU()],
        [layers.GlobalAveragePooling2D(), layers.Dense(7, activation="tanh")],
        [layers.GlobalMaxPooling2D()],
    ],
)
def test_a_larger_image_gives_what_sliding_the_classifier_gives(ending):
    model = cnn(64, ending, stride=16)
    network = fully_convolutional(model)
    image = np.random.default_rng(0).integers(0, 256, (128, 96, 3)).astype("float32")
    np.testing.assert_allclose(network.predict(image[None], verbose=0)[0], slide(model, image, 16), atol=1e-5)


def test_224_gives_one_position_and_448_a_map():
    model = cnn(224, [layers.Flatten(), layers.Dense(7, activation="relu")])
    network = fully_convolutional(model)
    image = np.random.default_rng(0).integers(0, 256, (448, 448, 3)).astype("float32")
    np.testing.assert_allclose(
        network.predict(image[None, :224, :224], verbose=0)[:, 0, 0],
        model.predict(image[None, :224, :224], verbose=0),
        atol=1e-5,
    )
    scores = network.predict(image[None], verbose=0)
    assert scores.shape == (1, 8, 8, 5)
    np.testing.assert_allclose(scores[0], slide(model, image, 32), atol=1e-5)
    assert network.count_params() == model.count_params()


def test_the_same_weights_are_there_in_another_shape():
    model = cnn(64, [layers.Flatten(), layers.Dense(7, name="hidden")], stride=16)
    network = fully_convolutional(model)
    ours, theirs = network.get_layer("hidden").get_weights(), model.get_layer("hidden").get_weights()
    assert ours[0].shape == (4, 4, 8, 7)
    np.testing.assert_array_equal(ours[0].reshape(-1, 7), theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])


def test_layers_may_have_served_other_models_before():
    ending = [layers.Flatten(), layers.Dense(7, activation="relu")]
    model = cnn(64, ending, stride=16)
    image = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype("float32")
    expected = slide(model, image, 16)
    added = keras.Sequential([keras.Input((64, 64, 3))])
    for layer in model.layers:  # `add` calls every layer again
        added.add(layer)
    x = inputs = keras.Input((64, 64, 3))
    for layer in model.layers:
        x = layer(x)
    for again in (added, keras.Model(inputs, x)):
        found = fully_convolutional(again).predict(image[None], verbose=0)[0]
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_window_is_the_one_of_this_model_if_its_layers_saw_larger_images_elsewhere():
    convolution, pooling = layers.Conv2D(4, 3, strides=3), layers.GlobalAveragePooling2D()
    larger = keras.Input((30, 30, 1))
    pooling(convolution(larger))
    inputs = keras.Input((12, 12, 1))
    model = keras.Model(inputs, layers.Dense(2)(pooling(convolution(inputs))))
    image = np.random.default_rng(0).random((24, 24, 1)).astype("float32")
    found = fully_convolutional(model).predict(image[None], verbose=0)[0]
    np.testing.assert_allclose(found, slide(model, image, 3), atol=1e-5)


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ([layers.Flatten(), layers.BatchNormalization(name="odd")], "'odd' .* only dropout and activations"),
        ([layers.Reshape((4, 4, 8), name="odd"), layers.Flatten()], "'odd' .*no counterpart"),
    ],
)
def test_a_layer_without_a_counterpart_is_named(ending, message):
    with pytest.raises(ValueError, match=message):
        fully_convolutional(cnn(64, ending, stride=16))


def test_branches_and_open_sizes_are_refused():
    inputs = keras.Input((8, 8, 1))
    one = layers.Conv2D(2, 1, name="one")(inputs)
    two = layers.Conv2D(2, 1, name="two")(inputs)
    outputs = layers.Dense(2)(layers.Flatten()(layers.Add()([one, two])))
    with pytest.raises(ValueError, match="chain of layers, but 'two' is not fed by 'one'"):
        fully_convolutional(keras.Model(inputs, outputs))
    with pytest.raises(ValueError, match="one fixed size"):
        fully_convolutional(keras.Sequential([keras.Input((None, None, 3)), layers.GlobalAveragePooling2D()]))


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(sliding)
    assert results.attempted
    assert not results.failed
