import numpy as np
import pytest

from cvlib import check
from cvlib.check import CheckFailed


@pytest.fixture(scope="module")
def network():
    import keras

    base = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()]
    )
    base.trainable = False
    inputs = keras.Input((8, 8, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(base(inputs))
    return keras.Model(inputs, keras.layers.Dense(1)(pooled))


def test_a_right_model_passes_nested_layers_counted(network):
    check.model(
        network,
        input_shape=(None, 8, 8, 3),
        output_shape=(None, 1),
        layers={"Conv2D": 1, "Dense": 1, "Flatten": 0},
        parameters=112 + 16 + 5,
        trainable=5,
    )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"input_shape": (None, 9, 8, 3)}, "another input shape"),
        ({"output_shape": (None, 2)}, "another output shape"),
        ({"layers": {"Conv2D": 3}}, "another number of Conv2D layers"),
        ({"parameters": 99, "misconceptions": {133: "you forgot the pool."}}, "you forgot the pool."),
        ({"trainable": 99, "hint": "freeze."}, "another number of trainable parameters"),
    ],
)
def test_a_wrong_model_is_told_without_the_right_number(network, asked, words):
    with pytest.raises(CheckFailed) as caught:
        check.model(network, **asked)
    message = " ".join(str(caught.value).split())
    assert words in message
    assert "99" not in message


@pytest.mark.parametrize(
    ("value", "words"), [(None, "ends without `return`"), (np.ones(3), "is not a Keras model")]
)
def test_what_is_no_model_is_said_so(value, words):
    with pytest.raises(CheckFailed, match=words):
        check.model(value)


def test_a_model_without_an_input_shape_is_said_so():
    import keras

    with pytest.raises(CheckFailed, match="no fixed input shape"):
        check.model(keras.Sequential([keras.layers.Dense(1)]), input_shape=(None, 4))


def test_tensors_count_as_arrays():
    import keras

    check.close(keras.ops.ones((2, 2)), np.ones((2, 2)))
    check.shape(keras.Variable([1.0, 2.0]), (2,))
    check.within(keras.ops.cast(keras.ops.ones(3), "bfloat16"), 0, 1)
