import importlib

import keras
import numpy as np
import pytest

from cvlib.models import backbones


@pytest.mark.parametrize(
    ("name", "alpha", "parameters"),
    [  # without top, as published by Keras
        ("MobileNetV2", 1.0, 2_257_984),
        ("MobileNetV2", None, 410_208),
        ("MobileNet", 0.25, 218_544),
        ("EfficientNetB0", None, 4_049_571),
        ("DenseNet121", None, 7_037_504),
        ("VGG16", None, 14_714_688),
    ],
)
def test_parameters_are_the_published_ones(name, alpha, parameters):
    model, source = backbones.build(name, (32, 32, 3), alpha, weights=None)
    assert model.count_params() == parameters
    assert source == "random"


def test_the_table_has_every_network_of_keras_applications():
    offered = {
        name
        for name in dir(keras.applications)
        if name[0].isupper() and callable(getattr(keras.applications, name))
    }
    assert set(backbones.names()) == offered - {"NASNet", "ConvNeXt", "EfficientNet", "ResNet"}


@pytest.mark.parametrize("mode", ["tf", "torch", "caffe"])
def test_preprocessing_inside_equals_that_of_keras(mode):
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype("float32")
    inputs = keras.Input((8, 8, 3))
    ours = keras.Model(inputs, backbones.preprocess(inputs, mode)).predict(images, verbose=0)
    modules = {one.module for one in backbones.BACKBONES.values() if one.preprocessing == mode}
    assert modules
    for module in modules:
        theirs = importlib.import_module(f"keras.applications.{module}").preprocess_input(images.copy())
        np.testing.assert_allclose(ours, theirs, atol=1e-4, err_msg=module)


def test_networks_that_preprocess_inside_have_no_second_preprocessing():
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype("float32")
    for one in backbones.BACKBONES.values():
        if one.preprocessing == "inside":
            theirs = importlib.import_module(f"keras.applications.{one.module}").preprocess_input(
                images.copy()
            )
            np.testing.assert_array_equal(theirs, images)


def test_preprocessing_survives_saving(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype("float32")
    for mode in ("tf", "torch", "caffe"):
        inputs = keras.Input((8, 8, 3))
        model = keras.Model(inputs, backbones.preprocess(inputs, mode))
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))


@pytest.mark.slow
@pytest.mark.parametrize("include_top", [False, True])
def test_weights_files_have_the_names_and_addresses_that_keras_asks_for(monkeypatch, include_top):
    from keras.src.utils import file_utils

    asked = []

    class Asked(Exception):
        pass

    def note(fname, origin, **_):
        asked.append((fname, origin))
        raise Asked

    monkeypatch.setattr(file_utils, "get_file", note)
    large = ("Large", "XLarge", "B5", "B6", "B7", "V2L", "V2M", "152", "169", "201", "VGG19", "Base")
    tested = [one for one in backbones.BACKBONES.values() if not one.name.endswith(large)]
    assert {one.file for one in tested} >= {
        one.file for one in backbones.BACKBONES.values() if one.takes_alpha
    } - {backbones.find("MobileNetV3Large").file}
    for one in tested:
        size = (one.size, one.size, 3)
        with pytest.raises(Asked):
            getattr(keras.applications, one.name)(
                input_shape=size, include_top=include_top, weights="imagenet"
            )
        name, origin = asked[-1]
        assert one.weights_file(include_top, 1.0) == name
        assert origin == "https://storage.googleapis.com/" + one.weights_source(include_top, 1.0)


def test_mobilenetv2_files_carry_their_width():
    find = backbones.find
    assert find("MobileNetV2").weights_file(False, 0.35).endswith("_0.35_224_no_top.h5")
    assert find("MobileNet").weights_file(True, 0.25) == "mobilenet_2_5_224_tf.h5"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "ResNet18"}, r"got 'ResNet18'\. Choose from: .*MobileNetV2.*VGG16"),
        ({"name": "VGG16", "alpha": 0.5}, "VGG16 has none, got alpha=0.5"),
        ({"name": "Xception", "input_shape": (64, 64, 3)}, "at least 71×71"),
        ({"name": "MobileNetV2", "input_shape": (96, 96, 1)}, "3 channels"),
        ({"name": "MobileNetV2", "input_shape": (96, 96, 3), "include_top": True}, r"\(224, 224, 3\)"),
        ({"name": "MobileNetV2", "weights": "coco"}, "got 'coco'"),
    ],
)
def test_a_wrong_argument_is_named_with_the_choices(arguments, message):
    with pytest.raises(ValueError, match=message):
        backbones.build(**{"weights": None, **arguments})
