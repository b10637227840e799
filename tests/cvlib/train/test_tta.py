import doctest

import keras
import numpy as np
import pytest
from keras import layers

from cvlib.train import predict_with_flips, tta

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 6, 3)).astype("float32")


def network(*stack):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((8, 6, 3)), *stack])


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(tta)
    assert results.attempted
    assert not results.failed


def test_maps_are_the_mean_of_the_picture_s_and_the_mirrored_back_mirror_image_s():
    model = network(layers.Conv2D(2, 3, padding="same"))
    found = predict_with_flips(model, IMAGES, batch_size=2)
    for image, one in zip(IMAGES, found):
        straight = np.array(model(image[None])[0])
        mirrored = np.array(model(np.fliplr(image)[None])[0])
        wanted = [[(straight[r, c] + mirrored[r, 5 - c]) / 2 for c in range(6)] for r in range(8)]
        np.testing.assert_allclose(one, wanted, rtol=1e-4, atol=1e-3)
    assert found.dtype == np.float32


def test_a_mirror_image_gets_the_mirrored_map_though_the_network_tells_left_from_right():
    model = network(layers.Conv2D(1, 3, padding="same", activation="sigmoid"))
    plain, mirrored = (model.predict(each, verbose=0) for each in (IMAGES, IMAGES[:, :, ::-1]))
    assert np.abs(plain - mirrored[:, :, ::-1]).max() > 0.1
    found, of_mirror = (predict_with_flips(model, each) for each in (IMAGES, IMAGES[:, :, ::-1]))
    np.testing.assert_allclose(found, of_mirror[:, :, ::-1], atol=1e-6)


def test_class_probabilities_are_averaged_and_not_turned_round():
    model = network(layers.Flatten(), layers.Dense(3), layers.Softmax())
    both = np.stack([model.predict(each, verbose=0) for each in (IMAGES, IMAGES[:, :, ::-1])])
    np.testing.assert_allclose(predict_with_flips(model, IMAGES), both.mean(0), atol=1e-6)


def test_maps_of_half_the_size_are_mirrored_back_too():
    model = network(layers.AveragePooling2D(2))  # mirroring before or after is the same
    found = predict_with_flips(model, IMAGES)
    np.testing.assert_allclose(found, model.predict(IMAGES, verbose=0), rtol=1e-5)


def test_what_has_no_mirror_image_is_refused():
    model = network(layers.Conv2D(1, 3))
    with pytest.raises(ValueError, match=r"images must be \(B, H, W, C\), got \(8, 6, 3\): .*images\[None\]"):
        predict_with_flips(model, IMAGES[0])
    with pytest.raises(ValueError, match=r"model must give .* got \(5, 8, 6\)"):
        predict_with_flips(network(layers.Lambda(lambda x: x[..., 0])), IMAGES)
