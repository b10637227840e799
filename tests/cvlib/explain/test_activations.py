import keras
import numpy as np
import pytest
from keras import layers

from cvlib.explain import feature_maps, filters
from cvlib.explain.forward import spatial_outputs
from cvlib.explain.layers import all_layers, find_layer

IMAGES = np.random.default_rng(0).random((3, 16, 16, 3)).astype("float32")


def flat():
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, activation="relu", name="first"),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.Conv2D(6, (3, 5), name="second"),
            layers.GlobalAveragePooling2D(name="pool"),
            layers.Dense(2, name="dense"),
        ],
        name="flat",
    )


def nested(model):
    inputs = keras.Input((16, 16, 3))
    return keras.Model(inputs, layers.Dense(3)(model(inputs)))


def test_filters_are_the_kernels_and_by_default_the_first():
    model = flat()
    for build in (lambda: model, lambda: nested(model)):
        np.testing.assert_array_equal(filters(build()), model.get_layer("first").get_weights()[0])
        assert filters(build(), "second").shape == (3, 5, 4, 6)
        assert filters(build(), model.get_layer("depthwise")).shape == (3, 3, 4, 1)


@pytest.mark.parametrize("wrap", [False, True])
def test_feature_maps_are_what_a_model_cut_at_the_layer_gives(wrap):
    model = flat()
    outer = nested(model) if wrap else model
    cut = keras.Model(model.inputs, [model.get_layer(name).output for name in ("first", "pool")])
    expected = cut.predict(IMAGES, verbose=0)
    first, pool = feature_maps(outer, IMAGES, ["first", "pool"])
    np.testing.assert_allclose(first, expected[0], atol=1e-6)
    np.testing.assert_allclose(pool, expected[1], atol=1e-6)
    np.testing.assert_allclose(feature_maps(outer, IMAGES * 1, "first"), first, atol=1e-6)


def test_all_layers_lists_inner_layers_before_their_model_and_each_once():
    model = flat()
    names = [layer.name for layer in all_layers(nested(model))]
    assert names.index("first") < names.index("second") < names.index("flat")
    assert len(names) == len(set(names))


def test_spatial_outputs_follow_the_order_of_computation():
    found = [(layer.name, shape) for layer, shape in spatial_outputs(nested(flat()), IMAGES)]
    assert found[-3:] == [("first", (14, 14, 4)), ("depthwise", (12, 12, 4)), ("second", (10, 8, 6))]


def test_a_name_that_two_layers_share_must_be_given_as_a_layer():
    one, two = flat(), flat()
    two.name = "other"
    inputs = keras.Input((16, 16, 3))
    model = keras.Model(inputs, layers.Add()([one(inputs), two(inputs)]))
    with pytest.raises(ValueError, match=r"'first' names 2 layers.*pass the layer itself"):
        find_layer(model, "first")
    assert find_layer(model, one.get_layer("first")) is one.get_layer("first")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: filters(flat(), "dense"), r"must be a convolution, got 'dense' \(Dense\)"),
        (
            lambda: filters(keras.Sequential([keras.Input((4,)), layers.Dense(2)])),
            r"no convolution; it has dense",
        ),
        (lambda: feature_maps(flat(), IMAGES[0], "first"), "batch"),
        (lambda: feature_maps(flat(), IMAGES, "third"), "'third' is not in the model 'flat'"),
    ],
)
def test_bad_input_is_explained(action, message):
    with pytest.raises(ValueError, match=message):
        action()
