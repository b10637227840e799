import doctest

import keras
import numpy as np
import pytest

from cvlib.models import FCN, fcn

VGG16 = 14_714_688  # without its dense layers, as published by Keras


@pytest.mark.parametrize(
    ("stride", "streams", "enlargements"),
    [  # 1×1 scores of a stream; kernels of 2·factor by 2·factor
        (32, 0, 64**2),
        (16, 513 * 21, 4**2 + 32**2),
        (8, 513 * 21 + 257 * 21, 2 * 4**2 + 16**2),
    ],
)
def test_parameters_are_vgg16_its_dense_layers_as_convolutions_and_the_scores(stride, streams, enlargements):
    model = FCN((64, 64, 3), 21, stride, head_filters=32, weights=None)
    head = 49 * 512 * 32 + 32 + 32 * 32 + 32 + 33 * 21
    assert model.count_params() == VGG16 + head + streams + enlargements * 21**2
    assert model.output_shape == (None, 64, 64, 21)
    assert model.name == f"fcn_{stride}s"


@pytest.mark.slow
def test_the_published_width_has_the_published_number_of_parameters():
    model = FCN(stride=32, weights=None)
    dense = 102_764_544 + 16_781_312  # of VGG16
    assert model.count_params() == VGG16 + dense + 4097 * 21 + 64**2 * 21**2


def test_the_streams_are_added_where_the_paper_adds_them():
    model = FCN((None, None, 3), 2, 8, head_filters=4, weights=None, classifier_activation=None)
    names = [layer.name for layer in model.layers]
    for name in (
        "score_fc7",
        "upscore_16s",
        "score_pool4",
        "fuse_16s",
        "upscore_8s",
        "score_pool3",
        "fuse_8s",
    ):
        assert name in names
    assert not model.get_layer("logits").trainable
    assert model.get_layer("upscore_16s").trainable
    # With scores that are the same everywhere, what comes out inside the picture is their sum.
    for name, value in (("score_fc7", 1.0), ("score_pool4", 10.0), ("score_pool3", 100.0)):
        kernel, bias = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights([0 * kernel, bias + value])
    scores = model.predict(np.full((1, 160, 96, 3), 99.0), verbose=0)
    assert scores.shape == (1, 160, 96, 2)
    np.testing.assert_allclose(scores[0, 48:-48, 40:-40], 111, rtol=1e-5)


def test_it_starts_with_equal_scores_everywhere_and_opens_again(tmp_path):
    model = FCN((64, 64, 3), 4, 16, head_filters=4, weights=None)
    images = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype("float32")
    np.testing.assert_allclose(model.predict(images, verbose=0), 0.25)
    model.get_layer("score_pool4").set_weights(
        [weight + 0.01 for weight in model.get_layer("score_pool4").get_weights()]
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(images, verbose=0), model.predict(images, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (224, 230, 3)}, "width that is a multiple of 32, got 230: .* 224 or 256"),
        ({"stride": 4}, r"stride must be 32 \(FCN-32s\)"),
        ({"head_filters": 0}, "head_filters must be a positive integer"),
        ({"dropout": 1}, "dropout must be in"),
        ({"classes": 1}, "at least 2, got 1"),
    ],
)
def test_a_wrong_argument_is_named_with_what_to_do(options, message):
    with pytest.raises(ValueError, match=message):
        FCN(**{"weights": None, "head_filters": 4, **options})


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(fcn)
    assert results.attempted
    assert not results.failed


@pytest.mark.slow
def test_the_pretrained_dense_layers_come_along_as_convolutions(monkeypatch):
    build, built = fcn.backbones.build, []

    def pretrained(name, input_shape, alpha, weights, include_top):
        built.append(build(name, input_shape, alpha, None, include_top)[0])
        return built[-1], "imagenet"  # random here: the file is half a gigabyte

    monkeypatch.setattr(fcn.backbones, "build", pretrained)
    model = FCN((224, 224, 3), stride=32, weights="imagenet")
    images = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype("float32")
    fc7 = keras.Model(model.input, model.get_layer("fc7").output).predict(images, verbose=0)
    dense = keras.Model(built[0].input, built[0].get_layer("fc2").output)
    expected = dense.predict(keras.applications.vgg16.preprocess_input(images.copy()), verbose=0)
    # The 7×7 sees the whole 7×7 map only where it is centred.
    np.testing.assert_allclose(fc7[:, 3, 3], expected, atol=1e-4 * np.abs(expected).max())
    assert model.weights_source == "imagenet"
