import doctest

import keras
import numpy as np
import pytest

from cvlib.models import UNet, unet
from cvlib.models.unet import valid_sizes


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        # as published: 572² grey, 2 classes
        ({"input_shape": (572, 572, 1), "classes": 2, "padding": "valid"}, 31_030_658),
        # the usual form: RGB, a yes/no mask
        ({"input_shape": (256, 256, 3), "classes": 1, "classifier_activation": "sigmoid"}, 31_031_745),
        ({"input_shape": (None, None, 3), "classes": 1, "classifier_activation": None}, 31_031_745),
    ],
)
def test_parameters_are_the_published_ones(options, parameters):
    assert UNet(**options).count_params() == parameters


def test_the_published_sizes_come_out():
    model = UNet((572, 572, 1), padding="valid")
    assert model.output_shape == (None, 388, 388, 2)
    assert model.get_layer("bottom_relu2").output.shape == (None, 28, 28, 1024)
    crops = [model.get_layer(f"up{level}_crop").output.shape[1] for level in (4, 3, 2, 1)]
    assert crops == [56, 104, 200, 392]


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_valid_sizes_are_those_that_halve_at_every_level(levels):
    expected = {}
    for size in range(1, 701):
        side, fits = size, True
        for _ in range(levels):
            side -= 4
            fits, side = fits and side > 0 and side % 2 == 0, side // 2
        side -= 4
        for _ in range(levels):
            fits, side = fits and side > 0, 2 * side - 4
        if fits and side > 0:
            expected[size] = side
    assert valid_sizes(levels, 700) == expected


@pytest.mark.parametrize("filters", [(4, 8), (4, 8, 8, 16)])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_any_depth_and_width_gives_a_mask_of_the_images_size(filters, batch_norm):
    model = UNet((None, None, 1), classes=3, filters=filters, batch_norm=batch_norm, dropout=0.2)
    masks = model.predict(np.zeros((1, 32, 48, 1)), verbose=0)
    assert masks.shape == (1, 32, 48, 3)
    np.testing.assert_allclose(masks.sum(-1), 1, rtol=1e-5)


def test_valid_agrees_with_same_where_no_padding_is_seen():
    # One level: with more, valid convolutions shift the pooling's windows by a cell.
    options = {"classes": 1, "filters": (4, 8), "classifier_activation": None}
    size = min(valid_sizes(1)) + 20
    valid = UNet((size, size, 1), padding="valid", **options)
    same = UNet((size, size, 1), **options)
    same.set_weights(valid.get_weights())
    images = np.random.default_rng(0).integers(0, 256, (1, size, size, 1)).astype("float32")
    small, large = valid.predict(images, verbose=0), same.predict(images, verbose=0)
    border = (size - small.shape[1]) // 2
    np.testing.assert_allclose(small, large[:, border:-border, border:-border], atol=1e-4)


@pytest.mark.parametrize(
    ("backbone", "filters"),
    [("MobileNetV2", None), ("MobileNetV2", (8, 8, 16)), ("ResNet50", None), ("VGG16", None)],
)
def test_an_encoder_hands_across_maps_of_every_size(backbone, filters):
    model = UNet((64, 96, 3), 2, filters=filters, backbone=backbone, weights=None)
    assert model.output_shape == (None, 64, 96, 2)
    shapes = [shape[1:3] for shape in model.get_layer("backbone").output_shape]
    assert shapes == [(64 // s, 96 // s) for s in unet.SKIPS[backbone] if s <= 64 // shapes[-1][0]]
    joined = sum(isinstance(layer, keras.layers.Concatenate) for layer in model.layers)
    assert joined == len(shapes) - 1


@pytest.mark.real_data
def test_a_pretrained_encoder_keeps_its_weights_and_freezes_batchnorm(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    model = UNet((64, 64, 3), backbone="MobileNetV2")
    original = keras.applications.MobileNetV2((224, 224, 3), alpha=0.35, include_top=False)
    encoder = model.get_layer("backbone")
    assert model.weights_source == "imagenet"
    for layer in encoder.layers:
        for ours, theirs in (
            zip(layer.get_weights(), original.get_layer(layer.name).get_weights()) if (layer.weights) else ()
        ):
            np.testing.assert_array_equal(ours, theirs)
        if isinstance(layer, keras.layers.BatchNormalization):
            assert not layer.trainable


def test_it_learns_to_find_bright_squares_and_opens_again(tmp_path):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    masks = np.zeros((16, 16, 16, 1), "uint8")
    for mask in masks:
        y, x = rng.integers(0, 10, 2)
        mask[y : y + 6, x : x + 6] = 1
    images = (100 * masks + rng.integers(0, 100, masks.shape)).astype("float32")
    model = UNet((16, 16, 1), classes=2, filters=(8, 16), batch_norm=True)
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, masks, epochs=25, batch_size=8, verbose=0)
    assert model.evaluate(images, masks, verbose=0)[1] > 0.97
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(images, verbose=0), model.predict(images, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (250, 256, 3)}, "height that is a multiple of 16, got 250: .* 240 or 256"),
        (
            {"input_shape": (256, 256, 1), "padding": "valid"},
            "width|height .*got 256: .* (252 or 268|268 or 252)",
        ),
        ({"padding": "full"}, "got 'full'"),
        ({"filters": (8,)}, "two levels at least"),
        ({"filters": (8, 0)}, "two levels at least"),
        ({"dropout": 1.0}, "dropout must be in"),
        ({"backbone": "LeNet"}, "one of MobileNetV2, ResNet50, VGG16, got 'LeNet'"),
        ({"backbone": "VGG16", "padding": "valid"}, 'padding must be "same" with a backbone'),
        ({"backbone": "MobileNetV2", "input_shape": (64, 64, 1)}, "3 channels"),
        ({"backbone": "MobileNetV2", "filters": (8,) * 6}, "at most 5 for MobileNetV2"),
        ({"classes": 1}, "at least 2, got 1"),
    ],
)
def test_a_wrong_argument_is_named_with_what_to_do(options, message):
    with pytest.raises(ValueError, match=message):
        UNet(**{"weights": None, **options})


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(unet)
    assert results.attempted
    assert not results.failed
