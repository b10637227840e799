import doctest
import importlib

import keras
import numpy as np
import pytest

from cvlib.models import Darknet53, TinyYOLO, YOLOv3, backbones

TINY = {"backbone": None, "widths": (4, 4, 8, 8, 8), "filters": 8}


@pytest.mark.parametrize(("classes", "count"), [(80, 62_001_757), (20, 61_678_657)])
def test_yolov3_has_the_published_number_of_parameters(classes, count):
    model = YOLOv3((416, 416, 3), classes)
    assert model.count_params() == count
    # What batch normalisation keeps of the data, two numbers a map, is not trained.
    maps = sum(
        layer.output.shape[-1] for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
    )
    trained = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    assert trained == count - 2 * maps
    assert [shape[1:] for shape in model.output_shape] == [
        (side, side, 3 * (5 + classes)) for side in (13, 26, 52)
    ]
    assert sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers) == 75  # as in yolov3.cfg


def test_darknet53_has_53_layers_with_weights_and_the_published_size():
    model = Darknet53((256, 256, 3), classes=1000)
    kinds = keras.layers.Conv2D, keras.layers.Dense
    assert sum(isinstance(layer, kinds) for layer in model.layers) == 53
    # Table 1 of the paper, added up: kernels, four numbers a map for batch normalisation, the classifier.
    kernels, maps, before = 3 * 3 * 3 * 32, 32, 32
    for filters, blocks in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        kernels += 9 * before * filters + blocks * (filters * filters // 2 + 9 * filters // 2 * filters)
        maps += filters + blocks * (filters // 2 + filters)
        before = filters
    assert model.count_params() == kernels + 4 * maps + 1024 * 1000 + 1000


@pytest.mark.parametrize("size", [(32, 32), (64, 96)])
def test_yolov3_without_a_size_takes_any_multiple_of_32(size):
    model = YOLOv3((None, None, 3), classes=2)
    grids = model.predict(np.full((1, *size, 3), 100.0), verbose=0)
    assert [grid.shape for grid in grids] == [
        (1, size[0] // stride, size[1] // stride, 21) for stride in (32, 16, 8)
    ]


def test_a_stride_of_two_looks_up_and_left_as_darknet_does():
    """Padding of one on every side and stride 2, as darknet has it, never reaches the lower right border."""
    from keras import layers

    from cvlib.models.darknet import conv_bn_leaky

    images = keras.Input((8, 8, 1))
    model = keras.Model(images, conv_bn_leaky(images, 1, 3, strides=2, name="a"))
    symmetric = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.ZeroPadding2D(1), layers.Conv2D(1, 3, strides=2, use_bias=False)]
    )
    symmetric.layers[-1].set_weights(model.get_layer("a_conv").get_weights())
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 1)).astype("float32")
    expected = np.asarray(symmetric(x)) / np.sqrt(1 + 1e-5)
    np.testing.assert_allclose(model(x), np.where(expected > 0, expected, 0.1 * expected), atol=1e-5)


@pytest.mark.parametrize("strides", [(32,), (16,), (8,), (32, 16), (16, 8), (32, 16, 8)])
@pytest.mark.parametrize("backbone", [None, "MobileNetV2"])
def test_tiny_yolo_gives_a_map_for_each_stride_asked_for(strides, backbone):
    options = TINY if backbone is None else {"weights": None, "alpha": 0.35, "filters": 8}
    model = TinyYOLO((64, 96, 3), 2, 3, strides, **options)
    shapes = model.output_shape if isinstance(model.output_shape, list) else [model.output_shape]
    assert shapes == [(None, 64 // stride, 96 // stride, 21) for stride in strides]
    assert model.weights_source == "random"


def test_each_scale_may_have_its_own_number_of_anchors():
    model = TinyYOLO((64, 64, 3), 1, (1, 4), (32, 16), **TINY)
    assert [shape[-1] for shape in model.output_shape] == [6, 24]


def test_a_new_tiny_yolo_believes_that_hardly_any_cell_has_an_object():
    model = TinyYOLO((64, 64, 3), 2, 3, (32, 16), **TINY)
    for grid in model.predict(np.full((1, 64, 64, 3), 90.0), verbose=0):
        objectness = 1 / (1 + np.exp(-grid.reshape(-1, 7)[:, 4]))
        np.testing.assert_allclose(objectness, 0.01, rtol=0.5)


def test_pretrained_weights_are_those_of_mobilenet_and_their_batchnorm_is_frozen_unless_asked():
    try:
        model = TinyYOLO((64, 96, 3), 2, strides=(16, 8), alpha=0.35)
    except backbones.pretrained_weights.WeightsUnavailableError:
        pytest.skip("no ImageNet weights within reach")
    assert model.weights_source == "imagenet"
    reference, _ = backbones.build("MobileNetV2", (224, 224, 3), 0.35, "imagenet")
    encoder = model.get_layer("backbone")
    for layer in (each for each in encoder.layers if each.weights):
        for one, other in zip(layer.get_weights(), reference.get_layer(layer.name).get_weights()):
            np.testing.assert_array_equal(one, other)
    norms = [layer for layer in encoder.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert norms
    assert not any(layer.trainable for layer in norms)
    free = TinyYOLO((64, 96, 3), 2, strides=(16, 8), alpha=0.35, train_batchnorm=True)
    assert all(layer.trainable for layer in free.get_layer("backbone").layers)


def test_networks_are_saved_and_opened_again_by_keras_alone(tmp_path):
    model = TinyYOLO((64, 64, 3), 2, 3, (32, 16), **TINY)
    images = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(model.predict(images, verbose=0), loaded.predict(images, verbose=0)):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: YOLOv3((400, 416, 3)), "height that is a multiple of 32, got 400: .* 384 or 416"),
        (lambda: YOLOv3((416, 416, 1)), "must have 3 channels"),
        (lambda: YOLOv3(classes=0), "classes must be a positive integer"),
        (lambda: YOLOv3(anchors_per_scale=0), "anchors_per_scale must be a positive integer"),
        (lambda: TinyYOLO(backbone="ResNet50"), 'backbone must be "MobileNetV2" or None'),
        (lambda: TinyYOLO(strides=(8, 16), **TINY), "falling"),
        (lambda: TinyYOLO(strides=(64,), **TINY), "strides must be one or more of"),
        (lambda: TinyYOLO(strides=(32,), backbone=None, widths=(4, 4, 4)), r"of \[8\]"),
        (lambda: TinyYOLO(anchors_per_scale=(3,), **TINY), r"or 2 for strides=\(32, 16\)"),
        (lambda: TinyYOLO((64, 65, 3), **TINY), "width that is a multiple of 32"),
        (lambda: Darknet53((16, 16, 3)), "at least 32×32"),
    ],
)
def test_bad_input_to_a_yolo_network_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", ["darknet", "yolov3", "tiny_yolo"])
def test_the_examples_in_the_docstrings_of_yolo_networks_hold(name):
    results = doctest.testmod(importlib.import_module(f"cvlib.models.{name}"))
    assert results.attempted
    assert not results.failed
