import keras
import numpy as np
import pytest
from keras import layers

from cvlib.explain import receptive_field


def positive(model):
    """The same model with positive weights and no normalisation: light never makes a unit darker."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if "kernel" in weight.path:
            fan_in = np.prod(weight.shape[: 2 if "depthwise" in weight.path else 3])
            weight.assign(rng.uniform(0.5, 1.5, weight.shape) / fan_in)
        elif "variance" in weight.path or "gamma" in weight.path:
            weight.assign(np.ones(weight.shape))
        else:
            weight.assign(np.zeros(weight.shape))
    return model


def support(model, layer, unit):
    """(first, last + 1) of the rows and of the columns that change a unit: found by lighting each in turn."""
    height, width = model.input_shape[1:3]
    dark = np.zeros((1, height, width, 3), "float32")
    rows = np.repeat(dark, height, 0)
    rows[np.arange(height), np.arange(height)] = 1
    columns = np.repeat(dark, width, 0)
    columns[np.arange(width), :, np.arange(width)] = 1
    reader = keras.Model(model.inputs[0], model.get_layer(layer).output)
    dark = reader.predict(dark, verbose=0)[0][unit]
    edges = []
    for lit in (rows, columns):
        values = reader.predict(lit, verbose=0)[:, unit[0], unit[1]]
        seen = np.flatnonzero((values != dark).any(axis=-1))
        edges.append((seen[0], seen[-1] + 1))
    (y1, y2), (x1, x2) = edges
    return x1, y1, x2, y2


def chain(*steps, size=(40, 37)):
    inputs = x = keras.Input((*size, 3))
    for step in steps:
        x = step(x)
    return positive(keras.Model(inputs, x))


C, P = layers.Conv2D, layers.MaxPooling2D
CHAINS = {
    "same convolutions": lambda: [C(2, 3, padding="same"), C(2, 5, padding="same")],
    "valid convolutions": lambda: [C(2, 3), C(2, (5, 3))],
    "even kernels": lambda: [C(2, 4, padding="same"), C(2, 2, padding="same")],
    "strides, same": lambda: [C(2, 3, strides=2, padding="same"), C(2, 3, strides=2, padding="same")],
    "strides, valid": lambda: [C(2, 7, strides=3), C(2, 3, strides=(1, 2))],
    "same over valid strides": lambda: [P(3), C(2, 3, padding="same"), C(2, 3, padding="same")],
    "dilation": lambda: [C(2, 3, padding="same"), C(2, 3, dilation_rate=3, padding="same")],
    "pooling": lambda: [C(2, 3, padding="same"), P(), C(2, 3, padding="same"), P(3, 2, padding="same")],
    "average pooling": lambda: [layers.AveragePooling2D((2, 3)), C(2, 3)],
    "padding and cropping": lambda: [
        layers.ZeroPadding2D(((0, 1), (2, 3))),
        layers.DepthwiseConv2D(3, strides=2),
        layers.Cropping2D(((1, 0), (2, 1))),
        layers.SeparableConv2D(4, 3, padding="same"),
    ],
    "pointwise": lambda: [
        layers.Rescaling(0.5),
        C(2, 1),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Dropout(0.5),
        C(2, 3, activation="relu"),
    ],
}


@pytest.mark.parametrize("name", CHAINS)
def test_the_arithmetic_finds_what_the_units_see(name):
    model = chain(*CHAINS[name]())
    field = receptive_field.along(model.layers[1:], (40, 37))
    last = model.layers[-1].name
    assert field.cells == model.output_shape[1:3]
    assert field == receptive_field.of_layer(model, last)
    height, width = field.cells
    for unit in ((0, 0), (height // 2, width // 2), (height - 1, width - 1), (1, width - 2)):
        assert field.box(*unit) == support(model, last, unit)


def residual():
    inputs = keras.Input((48, 48, 3))
    x = C(4, 3, strides=2, padding="same")(inputs)
    wide = C(4, 5, padding="same")(C(4, 3, padding="same")(x))
    x = layers.Add(name="joined")([x, wide])
    one, two = C(2, 1)(x), C(2, (1, 7), padding="same")(x)
    x = layers.Concatenate(name="concatenated")([one, two])
    x = x * 0.5 + 0.0
    return positive(keras.Model(inputs, P(name="last")(x)))


@pytest.mark.parametrize("layer", ["joined", "concatenated", "last"])
def test_branches_are_united(layer):
    model = residual()
    field = receptive_field.of_layer(model, layer)
    for unit in ((6, 6), (0, 11), (11, 0)):
        assert field.box(*unit) == support(model, layer, unit)


def test_branches_that_lie_apart_are_united_to_the_span_of_both():
    inputs = keras.Input((20, 20, 3))
    left = layers.Cropping2D(((0, 0), (0, 8)))(inputs)
    right = layers.Cropping2D(((0, 0), (8, 0)))(inputs)
    field = receptive_field.of_layer(keras.Model(inputs, layers.Add(name="sum")([left, right])), "sum")
    assert field.box(3, 2) == (2, 3, 11, 4)


def test_squeeze_and_excitation_sees_the_whole_image():
    inputs = keras.Input((24, 24, 3))
    x = C(4, 3, padding="same", activation="relu")(inputs)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = C(4, 1, activation="sigmoid")(gate)
    model = positive(keras.Model(inputs, C(2, 3, name="last")(layers.Multiply(name="gated")([x, gate]))))
    for layer in ("gated", "last"):
        field = receptive_field.of_layer(model, layer)
        assert field.box(3, 4) == (0, 0, 24, 24)
    assert field.cells == (22, 22)


@pytest.mark.slow
@pytest.mark.parametrize(
    "layer", ["Conv1_relu", "block_2_add", "block_3_depthwise_relu", "block_5_add", "block_6_expand_relu"]
)
def test_mobilenet_v2_agrees_with_what_its_units_see(layer):
    model = positive(keras.applications.MobileNetV2((128, 128, 3), 0.35, weights=None, include_top=False))
    field = receptive_field.of_layer(model, layer)
    height, width = field.cells
    assert (height, width) == tuple(model.get_layer(layer).output.shape[1:3])
    for unit in ((height // 2, width // 2), (0, width - 1)):
        assert field.box(*unit) == support(model, layer, unit)


@pytest.mark.parametrize(
    ("build", "layer", "size", "stride"),
    [  # Araujo et al., 2019, Computing Receptive Fields of Convolutional Neural Networks, table 1
        ("VGG16", "block5_pool", 212, 32),
        ("ResNet50", "conv5_block3_out", 483, 32),
        ("MobileNet", "conv_pw_13_relu", 315, 32),
    ],
)
@pytest.mark.slow
def test_published_receptive_fields(build, layer, size, stride):
    model = getattr(keras.applications, build)(input_shape=(224, 224, 3), weights=None, include_top=False)
    field = receptive_field.of_layer(model, layer)
    assert field.stride == (stride, stride)
    assert field.size == (size, size)


def test_nested_and_sequential_models_have_the_fields_of_flat_ones():
    def base():
        return [C(4, 3, padding="same"), P(), C(4, 3, name="inner")]

    flat = chain(*base(), C(2, 3, name="outer"), size=(32, 32))
    nested_base = keras.Sequential([keras.Input((32, 32, 3)), *base()])
    inputs = keras.Input((32, 32, 3))
    nested = keras.Model(inputs, C(2, 3, name="outer")(nested_base(inputs)))
    sequential = keras.Sequential([nested_base, C(2, 3, name="outer")])
    for layer in ("inner", "outer"):
        expected = receptive_field.of_layer(flat, layer)
        assert receptive_field.of_layer(nested, layer) == expected
        assert receptive_field.of_layer(sequential, layer, image_size=(32, 32)) == expected


def test_the_table_lists_every_layer_in_order():
    model = chain(C(4, 3, name="a"), P(2, name="b"), layers.GlobalAveragePooling2D(name="c"))
    rows = receptive_field.table(model).set_index("layer")
    assert list(rows.index) == ["a", "b", "c", model.name] or list(rows.index[:3]) == ["a", "b", "c"]
    assert rows.loc["b", ["cells", "size", "stride", "start"]].tolist() == [19, 4, 2, 0]
    assert rows.loc["c", ["cells", "size", "stride"]].tolist() == [1, 40, 0]


def test_the_centre_is_the_middle_of_the_field():
    field = receptive_field.along([C(1, 5, padding="same"), P()], (32, 32))
    assert field.centre(0, 0) == (0.5, 0.5)
    assert field.centre(3, 1) == (6.5, 2.5)


class Custom(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = C(3, 3, name="inside")

    def call(self, x):
        return self.conv(x)


def unknown_size():
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, C(2, 3, name="a")(inputs))


def upsampling():
    return chain(C(2, 3), layers.UpSampling2D(name="up"))


def mixed_strides():
    inputs = keras.Input((16, 16, 3))
    one = C(2, 3, strides=2, padding="same")(inputs)
    two = layers.Cropping2D(4)(inputs)
    return keras.Model(inputs, layers.Concatenate(name="mix")([one, two]))


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: receptive_field.of_layer(unknown_size(), "a"), "image_size must be given"),
        (
            lambda: receptive_field.of_layer(upsampling(), "up"),
            r"'up' \(UpSampling2D\) has no receptive field",
        ),
        (lambda: receptive_field.of_layer(mixed_strides(), "mix"), r"joins branches of strides \[1, 2\]"),
        (lambda: receptive_field.of_layer(Custom(), "inside", (8, 8)), r"subclassed.*inside \(Conv2D\)"),
        (lambda: receptive_field.of_layer(upsampling(), "down"), "'down' is not in the model"),
        (lambda: receptive_field.along([C(1, 3)], (0, 8)), r"at least \(1, 1\), got \(0, 8\)"),
        (lambda: receptive_field.along([C(1, 3)], (8, 8)).box(6, 0), "row must be from 0 to 5, got 6"),
    ],
)
def test_bad_input_is_explained(action, message):
    with pytest.raises(ValueError, match=message):
        action()


def test_a_size_given_stands_in_for_one_that_the_model_leaves_open():
    assert receptive_field.of_layer(unknown_size(), "a", (10, 12)).cells == (8, 10)
