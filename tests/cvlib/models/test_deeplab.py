import doctest
import importlib

import keras
import numpy as np
import pytest

from cvlib.models import DeepLabV3Plus, backbones
from cvlib.models.deeplab import TAPS
from cvlib.models.dilation import dilate
from cvlib.models.pyramid import aspp

SMALL = {"backbone": "MobileNetV2", "weights": None, "filters": 16}


@pytest.mark.parametrize("module", ["deeplab", "dilation"])
def test_the_examples_in_the_docstrings_hold(module):
    results = doctest.testmod(importlib.import_module(f"cvlib.models.{module}"))
    assert results.attempted
    assert not results.failed


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        (  # the network of the keras.io example, as published
            {
                "classes": 20,
                "backbone": "ResNet50",
                "separable": False,
                "taps": ("conv2_block3_2_relu", "conv4_block6_2_relu"),
            },
            11_857_236,
        ),
        (  # MobileNetV2 α=0.35 without its last 1×1, pyramid and decoder counted by hand
            {"backbone": "MobileNetV2", "filters": 16, "classes": 3},
            (410_208 - 112 * 1280 - 4 * 1280)
            + (112 * 16 + 64)  # 1×1
            + 3 * (9 * 112 + 4 * 112 + 112 * 16 + 64)  # three rates
            + (112 * 16 + 16 + 64)  # the image's mean
            + (5 * 16 * 16 + 64)  # all together
            + (48 * 48 + 4 * 48)  # low-level features
            + (9 * 64 + 4 * 64 + 64 * 16 + 64)
            + (9 * 16 + 4 * 16 + 16 * 16 + 64)
            + (16 * 3 + 3),
        ),
    ],
)
def test_parameters_are_the_published_ones(options, parameters):
    assert DeepLabV3Plus((512, 512, 3), weights=None, **options).count_params() == parameters


def test_a_training_of_fifty_steps_is_enough_for_the_averages_that_predictions_use():
    """With Keras's momentum of 0.99, 0.6 of the start would be left, and a small training predict nothing."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(3, 2, (4, 8, 8, 6)).astype("float32")
    inputs = keras.Input((8, 8, 6))
    model = keras.Model(inputs, aspp(inputs, 4, (1, 2)))
    for _ in range(50):
        trained = np.array(model(x, training=True))
    found = model.predict(x, verbose=0)
    assert np.abs(found - trained).mean() < 0.1 * trained.mean()


@pytest.mark.parametrize("rate", [1, 3, 6, 12])
@pytest.mark.parametrize("separable", [True, False])
def test_the_impulse_response_of_a_branch_is_as_wide_as_its_rate_says(rate, separable):
    inputs = keras.Input((41, 41, 1))
    whole = keras.Model(inputs, aspp(inputs, 2, (rate,), separable))
    last = "depthwise" if separable else "conv"
    branch = keras.Model(inputs, whole.get_layer(f"aspp_rate{rate}_{last}").output)
    for weight in branch.weights:
        weight.assign(np.ones(weight.shape))
    impulse = np.zeros((1, 41, 41, 1), "float32")
    impulse[0, 20, 20] = 1
    response = branch.predict(impulse, verbose=0)[0, ..., 0]
    expected = {(20 + i * rate, 20 + j * rate) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert {tuple(place) for place in np.argwhere(response > 0.5)} == expected
    assert np.ptp(np.argwhere(response > 0.5)[:, 0]) + 1 == 2 * rate + 1


def test_the_pyramid_equals_concatenation_with_the_mean_spread_over_the_map():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((9, 9, 5))
    model = keras.Model(inputs, aspp(inputs, 4, (2,), separable=False))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    x = rng.normal(size=(2, 9, 9, 5)).astype("float32")

    def get(name):
        return keras.Model(inputs, model.get_layer(name).output).predict(x, verbose=0)

    spread = np.broadcast_to(get("aspp_pool_relu"), (2, 9, 9, 4))
    joined = np.concatenate([get("aspp_1x1_relu"), get("aspp_rate2_relu"), spread], -1)
    kernel = np.concatenate(
        [model.get_layer(f"aspp_project_{part}").get_weights()[0] for part in ("conv", "pool")], axis=2
    )
    gamma, beta, mean, variance = model.get_layer("aspp_project_bn").get_weights()
    expected = (joined @ kernel[0, 0] - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    np.testing.assert_allclose(model.predict(x, verbose=0), np.maximum(expected, 0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(get("aspp_pool")[:, 0, 0], x.mean((1, 2)), atol=1e-5)


@pytest.mark.parametrize("backbone", sorted(set(TAPS) - {"ResNet101"}))
@pytest.mark.parametrize("output_stride", [8, 16])
def test_features_have_the_size_that_the_output_stride_says(backbone, output_stride):
    options = {"backbone": backbone, "weights": None, "filters": 8, "output_stride": output_stride}
    model = DeepLabV3Plus((96, 160, 3), classes=5, **options)
    low, high = model.get_layer("backbone").output_shape
    assert low[1:3] == (24, 40)
    assert high[1:3] == (96 // output_stride, 160 // output_stride)
    assert model.output_shape == (None, 96, 160, 5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "output_stride", "places"),
    [
        ("ResNet50", 16, slice(None, None, 2)),
        ("ResNet50", 8, slice(None, None, 4)),
        ("MobileNetV2", 16, slice(1, None, 2)),
        ("MobileNetV2", 8, slice(3, None, 4)),
    ],
)
def test_a_dilated_backbone_computes_the_same_where_the_original_does(backbone, output_stride, places):
    keras.utils.set_random_seed(0)
    original, _ = backbones.build(backbone, (128, 128, 3), weights=None)
    for layer in original.layers:
        if isinstance(layer, keras.layers.BatchNormalization):  # or activations die out on the way
            layer.momentum = 0.0
    images = np.random.default_rng(0).normal(size=(2, 128, 128, 3)).astype("float32")
    original(images, training=True)
    dilated = dilate(original, output_stride, (128, 128, 3))
    coarse, fine = original.predict(images, verbose=0), dilated.predict(images, verbose=0)
    assert np.std(coarse) > 0.1
    assert fine.shape[1:3] == (128 // output_stride,) * 2
    np.testing.assert_allclose(fine[:, places, places], coarse, atol=2e-3 * np.abs(coarse).max())


@pytest.mark.parametrize("backbone", ["MobileNetV2", "Xception"])
def test_a_dilated_backbone_keeps_its_weights_layer_by_layer(backbone):
    original, _ = backbones.build(backbone, (128, 128, 3), weights=None)
    dilated = dilate(original, 8)
    assert [layer.name for layer in dilated.layers[1:]] == [layer.name for layer in original.layers[1:]]
    for ours, theirs in zip(dilated.layers, original.layers):
        for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.real_data
def test_the_pretrained_weights_of_the_course_are_loaded_and_kept(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    model = DeepLabV3Plus((64, 64, 3), backbone="MobileNetV2", filters=8)
    original = keras.applications.MobileNetV2((224, 224, 3), alpha=0.35, include_top=False)
    assert model.weights_source == "imagenet"
    layers = [layer for layer in model.get_layer("backbone").layers if layer.weights]
    assert len(layers) > 90
    for layer in layers:
        for ours, theirs in zip(layer.get_weights(), original.get_layer(layer.name).get_weights()):
            np.testing.assert_array_equal(ours, theirs)
        if isinstance(layer, keras.layers.BatchNormalization):
            assert not layer.trainable


def test_any_size_that_is_a_multiple_of_16_goes_through_one_model():
    model = DeepLabV3Plus((None, None, 3), classes=2, **SMALL)
    for size in ((48, 80), (64, 32)):
        assert model.predict(np.zeros((1, *size, 3)), verbose=0).shape == (1, *size, 2)


def test_probabilities_are_the_softmax_of_the_logits():
    images = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype("float32")
    probable = DeepLabV3Plus((64, 64, 3), classes=3, **SMALL)
    logits = DeepLabV3Plus((64, 64, 3), classes=3, classifier_activation=None, **SMALL)
    logits.set_weights(probable.get_weights())
    powers = np.exp(logits.predict(images, verbose=0))
    np.testing.assert_allclose(
        probable.predict(images, verbose=0), powers / powers.sum(-1, keepdims=True), atol=1e-5
    )
    small = keras.Model(logits.input, logits.get_layer("logits").output).predict(images, verbose=0)
    bilinear = keras.ops.image.resize(small, (64, 64), interpolation="bilinear")
    np.testing.assert_allclose(logits.predict(images, verbose=0), bilinear, atol=1e-5)


def test_preprocessing_is_inside_and_images_in_0_to_1_are_refused():
    model = DeepLabV3Plus((64, 64, 3), **SMALL)
    with pytest.raises(ValueError, match=r"images must be in \[0, 255\]"):
        model.predict(np.random.default_rng(0).random((1, 64, 64, 3)), verbose=0)


def test_under_mixed_precision_the_masks_are_single_precision():
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        model = DeepLabV3Plus((64, 64, 3), **SMALL)
        assert model.predict(np.full((1, 64, 64, 3), 99.0), verbose=0).dtype == "float32"
    finally:
        keras.mixed_precision.set_dtype_policy(before)


@pytest.mark.slow
def test_it_learns_to_find_bright_squares_and_opens_again(tmp_path):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    masks = np.zeros((8, 64, 64, 1), "uint8")
    for mask in masks:
        y, x = rng.integers(0, 40, 2)
        mask[y : y + 24, x : x + 24] = 1
    images = (150 * masks + rng.integers(0, 100, (8, 64, 64, 3))).astype("float32")
    model = DeepLabV3Plus((64, 64, 3), classes=2, **SMALL)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.5
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    losses = model.fit(images, masks, epochs=12, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < 0.3 * losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(images, verbose=0), model.predict(images, verbose=0), atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (250, 256, 3)}, "height that is a multiple of 16, got 250: .* 240 or 256"),
        ({"input_shape": (256, 40, 3)}, "width that is a multiple of 16, got 40: .* 32 or 48"),
        ({"input_shape": (16, 64, 3)}, "at least 32×32"),
        ({"input_shape": (64, 64, 1)}, "3 channels"),
        ({"input_shape": (64, 64)}, "height, width, channels"),
        ({"backbone": "VGG16"}, "one of MobileNetV2, ResNet101, ResNet50, Xception, got 'VGG16'"),
        ({"output_stride": 32}, "output_stride must be 8 or 16, got 32"),
        ({"rates": (6, 6)}, "different positive integers"),
        ({"rates": (0,)}, "different positive integers"),
        ({"filters": 0}, "filters must be a positive integer"),
        ({"taps": ("nowhere", "out_relu")}, "two layers of MobileNetV2"),
        ({"taps": ("block_6_expand_relu", "out_relu")}, "a quarter of the image's size"),
        ({"classes": 0}, "positive integer, got 0"),
        ({"classes": 1}, "at least 2, got 1"),
    ],
)
def test_a_wrong_argument_is_named_with_what_to_do(options, message):
    with pytest.raises(ValueError, match=message):
        DeepLabV3Plus(**{"input_shape": (64, 64, 3), **SMALL, **options})
