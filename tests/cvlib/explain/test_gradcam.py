import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from cvlib.explain import GradCAM, GradCAMPlusPlus
from cvlib.explain.forward import unchanged
from cvlib.explain.heat import enlarged, stretched
from cvlib.explain.layers import all_layers

SIZE, CLASSES = 32, 4
IMAGES = np.random.default_rng(0).random((6, SIZE, SIZE, 3)).astype("float32")


def lively(model, seed=0, scale=1.0):
    """The same model with random weights large enough that its maps have contrast."""
    rng = np.random.default_rng(seed)
    model.set_weights(
        [
            abs(rng.normal(1, 0.2, value.shape))
            if "variance" in weight.path or "gamma" in weight.path
            else scale * rng.normal(0, 1.5 / np.sqrt(max(np.prod(value.shape[:-1]), 4)), value.shape)
            for weight, value in zip(model.weights, model.get_weights())
        ]
    )
    return model


def trunk(x, name=""):
    x = layers.Rescaling(2.0, offset=-1.0)(x)
    x = layers.Conv2D(8, 3, padding="same", name=f"{name}conv_1")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(12, 3, padding="same", strides=2, name=f"{name}conv_2")(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU(name=f"{name}maps")(x)


def head(x, activation="softmax", units=CLASSES):
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.5)(x)
    return layers.Dense(units, activation=activation, name="predictions")(x)


def flat(activation="softmax", units=CLASSES):
    inputs = keras.Input((SIZE, SIZE, 3))
    return lively(keras.Model(inputs, head(trunk(inputs), activation, units)))


def base():
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, trunk(inputs), name="base")


def nested():
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, head(base()(inputs)))


def nested_twice():
    inputs = keras.Input((SIZE, SIZE, 3))
    inner = keras.Model(inputs, base()(inputs), name="middle")
    outer = keras.Input((SIZE, SIZE, 3))
    return keras.Model(outer, head(inner(outer)))


def nested_whole():
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, flat()(inputs))


def sequential():
    return keras.Sequential([base(), *_head_layers()])


def sequential_unbuilt():
    return keras.Sequential(
        [
            layers.Rescaling(2.0, offset=-1.0),
            layers.Conv2D(8, 3, padding="same", name="conv_1"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Conv2D(12, 3, padding="same", strides=2, name="conv_2"),
            layers.BatchNormalization(),
            layers.ReLU(name="maps"),
            *_head_layers(),
        ]
    )


def _head_layers():
    return [
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.5),
        layers.Dense(CLASSES, activation="softmax", name="predictions"),
    ]


def softmax_layer():
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, layers.Softmax()(head(trunk(inputs), None)))


def activation_layer():
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, layers.Activation("softmax", dtype="float32")(head(trunk(inputs), None)))


def softmax_operation():
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, ops.softmax(head(trunk(inputs), None)))


def linear():
    return flat(None)


class Subclassed(keras.Model):
    softmax = staticmethod(ops.softmax)

    def __init__(self):
        super().__init__()
        self.body = base()
        self.pool = layers.GlobalAveragePooling2D()
        self.predictions = layers.Dense(CLASSES)

    def call(self, images):
        self.last_seen = self.pool(self.body(images))  # a note that must not outlive the trace
        return self.softmax(self.predictions(self.last_seen))


class TensorFlowSoftmax(Subclassed):
    softmax = staticmethod(lambda logits: tf.identity(tf.nn.softmax(logits)))


class Untraceable(Subclassed):
    def call(self, images):
        assert images.numpy().ndim == 4
        return super().call(images)


class BlocksInABlock(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.body = base()

    def call(self, images):
        return self.body(images)


def custom_layer():
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, head(BlocksInABlock()(inputs)))


def run_eagerly():
    model = flat()
    model.compile(loss="sparse_categorical_crossentropy", run_eagerly=True)
    return model


KINDS = {
    "nested": nested,
    "nested twice": nested_twice,
    "nested with its head": nested_whole,
    "Sequential over a base": sequential,
    "Sequential never called": sequential_unbuilt,
    "softmax layer": softmax_layer,
    "activation layer": activation_layer,
    "softmax operation": softmax_operation,
    "linear head": linear,
    "subclassed": Subclassed,
    "subclassed with tf.nn.softmax": TensorFlowSoftmax,
    "subclassed, cannot be traced": Untraceable,
    "layers within a layer": custom_layer,
    "run eagerly": run_eagerly,
}


@pytest.mark.parametrize("target", [None, 2, "array"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model_gives_the_map_of_the_flat_one(kind, target):
    target = np.arange(len(IMAGES)) % CLASSES if target == "array" else target
    reference, model = flat(), KINDS[kind]()
    model(IMAGES[:1])
    model.set_weights(reference.get_weights())
    expected = GradCAM(reference, "maps")(IMAGES, target)
    explainer = GradCAM(model)
    heat = explainer(IMAGES, target)
    assert explainer.layer.name == "maps"
    assert heat.shape == (6, SIZE, SIZE)
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert 0.99 < heat.max() <= 1
    np.testing.assert_allclose(heat, expected, atol=2e-5)
    np.testing.assert_allclose(
        GradCAM(model, "conv_1")(IMAGES, 1), GradCAM(reference, "conv_1")(IMAGES, 1), atol=2e-5
    )


@pytest.mark.parametrize(
    ("ours", "layer"),
    [(GradCAM, "maps"), (GradCAM, "conv_2"), (GradCAM, "conv_1"), (GradCAMPlusPlus, "maps")],
)
def test_equals_tf_keras_vis_on_a_flat_model(ours, layer):
    from tf_keras_vis.gradcam import Gradcam, GradcamPlusPlus
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    model = flat()
    targets = [0, 1, 2, 3, 0, 1]
    peer = {GradCAM: Gradcam, GradCAMPlusPlus: GradcamPlusPlus}[ours](model, ReplaceToLinear(), clone=True)
    theirs = peer(
        CategoricalScore(targets), IMAGES, penultimate_layer=layer, seek_penultimate_conv_layer=False
    )
    heat = ours(model, layer)(IMAGES, targets)
    assert (heat.max(axis=(1, 2)) > 0.9).sum() >= 3, "the maps must have contrast for this to say something"
    np.testing.assert_allclose(heat, theirs, atol=1e-4)


@pytest.mark.slow
def test_equals_tf_keras_vis_on_mobilenet():
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    images = np.random.default_rng(1).random((4, 96, 96, 3)).astype("float32") * 2 - 1
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2((96, 96, 3), 0.35, weights=None, classes=10)
    # Untrained, its activations die out on the way: give BatchNorm the statistics of these images.
    model.get_layer("predictions").kernel.assign(model.get_layer("predictions").kernel * 5)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.2
    for _ in range(8):
        model(images, training=True)
    peer = Gradcam(model, ReplaceToLinear(), clone=True)
    for layer in ("out_relu", "Conv_1", "block_16_project"):
        theirs = peer(
            CategoricalScore([3] * 4), images, penultimate_layer=layer, seek_penultimate_conv_layer=False
        )
        heat = GradCAM(model, layer)(images, 3)
        assert heat.max() > 0.99
        np.testing.assert_allclose(heat, theirs, atol=1e-4)


@pytest.mark.slow
@pytest.mark.real_data
def test_a_pretrained_base_nested_equals_the_same_flat_and_tf_keras_vis(mirror):
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    from cvlib.data.reading import read_image

    weights = next((mirror / "keras-weights").glob("mobilenet_v2*0.35_224_no_top.h5"))
    inner = keras.applications.MobileNetV2((96, 96, 3), 0.35, weights=None, include_top=False)
    inner.load_weights(weights)
    decision = layers.Dense(2, activation="softmax")
    flat = keras.Model(inner.input, decision(layers.GlobalAveragePooling2D()(inner.output)))
    inputs = keras.Input((96, 96, 3))
    nested = keras.Model(inputs, decision(layers.GlobalAveragePooling2D()(inner(inputs, training=False))))
    files = sorted((mirror / "face-mask" / "dataset" / "with_mask").iterdir())[:8]
    images = np.stack([ops.image.resize(read_image(file), (96, 96)) for file in files]) / 127.5 - 1

    heat = GradCAM(nested)(images, 1)
    np.testing.assert_allclose(heat, GradCAM(flat)(images, 1), atol=1e-4)
    theirs = Gradcam(flat, ReplaceToLinear(), clone=True)(
        CategoricalScore([1] * 8),
        images.astype("float32"),
        penultimate_layer="out_relu",
        seek_penultimate_conv_layer=False,
    )
    np.testing.assert_allclose(heat, theirs, atol=1e-4)


def test_equals_cam_in_closed_form_on_a_linear_net_with_global_average_pooling():
    model = flat()
    heat = GradCAM(model, "maps").maps(IMAGES, 3)
    maps = keras.Model(model.inputs[0], model.get_layer("maps").output)(IMAGES).numpy()
    # CAM (Zhou et al., 2016): the class's weights on the maps; the mean's 1/(h·w) is the only difference.
    cam = np.maximum(maps @ model.get_layer("predictions").kernel.numpy()[:, 3], 0) / np.prod(maps.shape[1:3])
    np.testing.assert_allclose(heat, cam, atol=1e-5)
    np.testing.assert_allclose(GradCAM(model)(IMAGES, 3), stretched(enlarged(cam, SIZE, SIZE)), atol=1e-4)


def test_grad_cam_plus_plus_equals_its_formula_written_out():
    model = flat()
    layer = next(each for each in model.layers if isinstance(each, layers.ReLU) and each.name != "maps")
    both = keras.Model(model.inputs[0], [layer.output, model.get_layer("predictions").input])
    after = keras.Sequential(model.layers[model.layers.index(layer) + 1 : -1])
    maps = tf.constant(both(IMAGES)[0])
    with tf.GradientTape() as tape:
        tape.watch(maps)
        logit = after(maps) @ model.get_layer("predictions").kernel[:, 2:3]
    slopes, maps = tape.gradient(logit, maps).numpy(), maps.numpy()
    expected = np.zeros(maps.shape[:3])
    for image in range(len(IMAGES)):
        for channel in range(maps.shape[-1]):
            slope, values = slopes[image, ..., channel], maps[image, ..., channel]
            alphas = np.zeros_like(slope)
            up = slope > 0
            alphas[up] = slope[up] ** 2 / (2 * slope[up] ** 2 + values.sum() * slope[up] ** 3)
            if up.any():
                expected[image] += (alphas / alphas.sum() * np.maximum(slope, 0)).sum() * values
    np.testing.assert_allclose(GradCAMPlusPlus(model, layer).maps(IMAGES, 2), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", [GradCAM, GradCAMPlusPlus])
def test_a_batch_equals_its_images_one_by_one(method):
    explainer = method(flat())
    batch = explainer(IMAGES)
    singles = np.concatenate([explainer(image[None]) for image in IMAGES])
    np.testing.assert_allclose(batch, singles, atol=1e-5)


def test_an_array_of_targets_gives_each_image_its_own():
    explainer = GradCAM(flat())
    together = explainer(IMAGES, [0, 1, 2, 3, 0, 1])
    np.testing.assert_allclose(together[2], explainer(IMAGES, 2)[2], atol=1e-6)
    np.testing.assert_allclose(together[3], explainer(IMAGES[3:4], np.int64(3))[0], atol=1e-6)


def test_without_a_target_the_top_class_is_explained():
    model = flat()
    logits = (
        keras.Model(model.inputs[0], model.get_layer("predictions").input)(IMAGES) @ model.layers[-1].kernel
    )
    model.get_layer("predictions").bias.assign(-np.median(logits, axis=0))
    top = model.predict(IMAGES, verbose=0).argmax(-1)
    assert len(set(top)) > 1
    np.testing.assert_allclose(GradCAM(model)(IMAGES), GradCAM(model)(IMAGES, top), atol=1e-6)


def test_a_function_as_target_sees_the_logits():
    model, seen = flat(), []

    def difference(logits):
        seen.append(logits.numpy())
        return logits[:, 1] - logits[:, 0]

    heat = GradCAM(model)(IMAGES, difference)
    kernel = model.get_layer("predictions").kernel.numpy()
    maps = keras.Model(model.inputs[0], model.get_layer("maps").output)(IMAGES).numpy()
    cam = np.maximum(maps @ (kernel[:, 1] - kernel[:, 0]), 0)
    np.testing.assert_allclose(heat, stretched(enlarged(cam, SIZE, SIZE)), atol=1e-4)
    np.testing.assert_allclose(
        keras.ops.softmax(seen[0]), model.predict(IMAGES, verbose=0), rtol=1e-4, atol=1e-6
    )
    assert (seen[0] < 0).any()


def test_logits_are_explained_where_the_softmax_is_saturated():
    model = flat()
    sure = flat()
    sure.get_layer("predictions").bias.assign([1000, 0, 0, 0])
    probabilities = sure.predict(IMAGES, verbose=0)
    assert (probabilities[:, 0] == 1).all(), "saturated: the probability's gradient is zero"
    np.testing.assert_allclose(GradCAM(sure)(IMAGES, 0), GradCAM(model)(IMAGES, 0), atol=1e-6)


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_a_single_unit_explains_class_1_by_its_logit_and_class_0_by_the_negative(activation):
    model = flat(activation, units=1)
    kernel = model.get_layer("predictions").kernel.numpy()[:, 0]
    maps = keras.Model(model.inputs[0], model.get_layer("maps").output)(IMAGES).numpy()
    for target, sign in ((1, 1), (0, -1)):
        cam = np.maximum(sign * (maps @ kernel), 0)
        np.testing.assert_allclose(
            GradCAM(model)(IMAGES, target), stretched(enlarged(cam, SIZE, SIZE)), atol=1e-4
        )
    logits = model.get_layer("predictions").kernel.numpy()[:, 0] @ maps.mean((1, 2)).T
    logits = logits + model.get_layer("predictions").bias.numpy()
    np.testing.assert_allclose(
        GradCAM(model)(IMAGES), GradCAM(model)(IMAGES, (logits > 0).astype(int)), atol=1e-6
    )


def test_a_segmentation_output_is_explained_by_the_mean_over_its_places():
    inputs = keras.Input((SIZE, SIZE, 3))
    maps = trunk(inputs)
    model = lively(keras.Model(inputs, layers.Conv2D(3, 1, activation="softmax", name="scores")(maps)))
    kernel = model.get_layer("scores").kernel.numpy()[0, 0, :, 2]
    activations = keras.Model(inputs, maps)(IMAGES).numpy()
    np.testing.assert_allclose(
        GradCAM(model, "maps").maps(IMAGES, 2), np.maximum(activations @ kernel, 0) / 64, atol=1e-5
    )


def multi_output(as_dict=False):
    inputs = keras.Input((SIZE, SIZE, 3))
    shared = layers.Conv2D(6, 3, padding="same", activation="relu", name="shared")(inputs)
    one = layers.Conv2D(5, 3, activation="relu", name="of_one")(shared)
    two = layers.Conv2D(5, 3, activation="relu", name="of_two")(shared)
    one = layers.Dense(2, activation="softmax", name="one")(layers.GlobalAveragePooling2D()(one))
    two = layers.Dense(1, activation="sigmoid", name="two")(layers.GlobalAveragePooling2D()(two))
    return keras.Model(inputs, {"one": one, "two": two} if as_dict else [one, two])


@pytest.mark.parametrize("as_dict", [False, True])
def test_a_model_of_several_outputs_explains_the_one_asked_for(as_dict):
    model = lively(multi_output(as_dict))
    first, second = GradCAM(model), GradCAM(model, output="two")
    assert first(IMAGES, 1).shape == second(IMAGES, 1).shape == (6, SIZE, SIZE)
    assert (first.layer.name, second.layer.name) == ("of_one", "of_two")
    np.testing.assert_array_equal(second(IMAGES, 1), GradCAM(model, output=1)(IMAGES, 1))
    pick = (lambda outputs: outputs["two"][:, 0]) if as_dict else (lambda outputs: outputs[1][:, 0])
    np.testing.assert_allclose(GradCAM(model, "of_two")(IMAGES, pick), second(IMAGES, 1), atol=1e-5)
    with pytest.raises(ValueError, match="does not depend on layer 'of_two'"):
        GradCAM(model, "of_two")(IMAGES)
    with pytest.raises(ValueError, match="output must be an index below 2 or one of"):
        GradCAM(model, output="three")(IMAGES)


def test_the_default_layer_lies_before_the_last_pooling_and_has_more_than_one_cell():
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(4, 3, activation="relu", name="first"),
            layers.MaxPooling2D(),
            layers.Conv2D(4, 3, activation="relu", name="second"),
            layers.MaxPooling2D(),
            layers.GlobalAveragePooling2D(keepdims=True),
            layers.Conv2D(5, 1, name="squeeze"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    explainer = GradCAM(model)
    explainer(IMAGES)
    assert explainer.layer.name == "second"


def test_mixed_precision_gives_the_map_of_full_precision_and_finds_the_logits():
    full = flat()
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        half = activation_layer()
    finally:
        keras.config.set_dtype_policy(policy)
    half.set_weights(full.get_weights())
    half.get_layer("predictions").bias.assign([60, 0, 0, 0])
    heat = GradCAM(half)(IMAGES, 0)
    assert heat.dtype == np.float32
    np.testing.assert_allclose(heat, GradCAM(full)(IMAGES, 0), atol=0.02)


def test_new_weights_are_followed_without_a_new_explainer():
    model = flat()
    explainer = GradCAM(model)
    before = explainer(IMAGES, 1)
    lively(model, seed=5)
    after = explainer(IMAGES, 1)
    assert np.abs(after - before).max() > 0.1
    np.testing.assert_allclose(after, GradCAM(model)(IMAGES, 1), atol=1e-6)


class Counting(keras.layers.Layer):
    """Counts its calls, keeps a note and adds a loss: all of it must be undone."""

    def build(self, _):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        self.note = x
        self.add_loss(ops.mean(x))
        return x


def state(model):
    outputs = model(IMAGES, training=False).numpy()
    return {
        "outputs": outputs,
        "config": None if isinstance(model, Subclassed) else model.get_config(),
        "weights": [np.array(value) for value in model.get_weights()],
        "attributes": [(layer, dict(vars(layer))) for layer in [model, *all_layers(model)]],
        "losses": [list(layer._losses) for layer in [model, *all_layers(model)]],
        "trainable": [layer.trainable for layer in [model, *all_layers(model)]],
    }


def assert_same_state(before, after):
    assert str(before["config"]) == str(after["config"])
    for old, new in zip(before["weights"], after["weights"]):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(before["outputs"], after["outputs"])
    assert before["trainable"] == after["trainable"]
    for (layer, old), (same, new) in zip(before["attributes"], after["attributes"]):
        assert layer is same
        assert list(old) == list(new)
        assert all(new[name] is value for name, value in old.items()), layer.name
    for old, new in zip(before["losses"], after["losses"]):
        assert len(old) == len(new)
        assert all(a is b for a, b in zip(old, new))


def with_counting_layer():
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.Dense(3, activity_regularizer="l2")(Counting()(inputs))
    model = keras.Model(inputs, head(trunk(x)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("build", [flat, nested, sequential, Subclassed, with_counting_layer, run_eagerly])
@pytest.mark.parametrize("method", [GradCAM, GradCAMPlusPlus])
def test_the_model_is_left_exactly_as_it_was(build, method):
    model = build()
    model(IMAGES)
    for layer in all_layers(model):
        if isinstance(layer, Counting):
            layer.calls.assign(7.0)
    before = state(model)
    if build is with_counting_layer:  # looking at the state runs the model once, which counts
        next(layer for layer in all_layers(model) if isinstance(layer, Counting)).calls.assign(7.0)
    attributes = [(layer, dict(vars(layer))) for layer in [model, *all_layers(model)]]
    before["attributes"] = attributes
    before["losses"] = [list(layer._losses) for layer in [model, *all_layers(model)]]
    explainer = method(model)
    explainer(IMAGES)
    explainer(IMAGES[:2], 1)
    explainer(IMAGES, lambda logits: logits[:, 0])
    after_attributes = [(layer, dict(vars(layer))) for layer in [model, *all_layers(model)]]
    after_losses = [list(layer._losses) for layer in [model, *all_layers(model)]]
    after = state(model)
    after["attributes"], after["losses"] = after_attributes, after_losses
    assert_same_state(before, after)


class Failing(keras.layers.Layer):
    broken = False

    def call(self, x):
        if Failing.broken:
            raise RuntimeError("broken on purpose")
        return x


@pytest.mark.parametrize("layer", [None, "conv_1"])
def test_the_model_is_left_as_it_was_when_its_forward_pass_fails(layer):
    inputs = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(inputs, head(Failing()(trunk(inputs))))
    before = state(model)
    Failing.broken = True
    try:
        with pytest.raises(RuntimeError, match="broken on purpose"):
            GradCAM(model, layer)(IMAGES)
    finally:
        Failing.broken = False
    assert_same_state(before, state(model))
    assert not any("call" in vars(each) for each in all_layers(model))


def test_the_model_is_left_as_it_was_when_the_target_function_fails():
    model = flat()
    before = state(model)
    with pytest.raises(ZeroDivisionError):
        GradCAM(model)(IMAGES, lambda logits: 1 / 0)
    assert_same_state(before, state(model))


def test_a_call_that_was_replaced_before_is_put_back():
    model = flat()
    layer = model.get_layer("maps")
    patched = layer.call
    vars(layer)["call"] = patched
    GradCAM(model, layer)(IMAGES)
    assert vars(layer)["call"] is patched


def test_training_still_works_after_explaining():
    model = flat()
    model.compile("sgd", "sparse_categorical_crossentropy")
    GradCAM(model)(IMAGES)
    before = model.get_weights()
    model.fit(IMAGES, np.arange(6) % CLASSES, verbose=0)
    assert any(np.abs(new - old).max() > 0 for new, old in zip(model.get_weights(), before))


def test_a_variable_cannot_be_written_inside_unchanged():
    model = flat()
    before = model.get_weights()
    with unchanged(model):
        model.weights[0].assign(model.weights[0] * 0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_a_map_without_contrast_is_dark_everywhere():
    np.testing.assert_array_equal(stretched(np.full((2, 5, 5), 3.0, "float32")), 0)
    np.testing.assert_array_equal(stretched(np.zeros((1, 2, 2), "float32")), 0)
    np.testing.assert_array_equal(stretched(enlarged(np.full((1, 3, 3), 0.7, "float32"), 50, 31)), 0)


@pytest.mark.parametrize(
    ("cells", "pixels"), [((3, 5), (96, 64)), ((1, 1), (7, 9)), ((8, 8), (8, 8)), ((9, 7), (4, 5))]
)
def test_enlarging_equals_scipy_zoom(cells, pixels):
    from scipy.ndimage import zoom

    maps = np.random.default_rng(0).random((2, *cells)).astype("float32")
    expected = zoom(maps, (1, pixels[0] / cells[0], pixels[1] / cells[1]), order=1)
    np.testing.assert_allclose(enlarged(maps, *pixels), expected, atol=1e-6)


def mlp():
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            layers.Flatten(name="flat"),
            layers.Dense(2),
        ]
    )


class SubclassedMLP(keras.Model):
    def __init__(self):
        super().__init__()
        self.flatten, self.dense = layers.Flatten(), layers.Dense(2)

    def call(self, images):
        return self.dense(self.flatten(images))


def test_a_model_without_a_convolution_is_refused_at_once_with_what_it_has():
    with pytest.raises(
        ValueError, match=r"no convolution.*it has rescaling.*flat \(Flatten\), dense"
    ) as error:
        GradCAM(mlp())
    assert "point at" in str(error.value)
    with pytest.raises(ValueError, match=r"no convolution.*flatten.* \(Flatten\)"):
        GradCAM(SubclassedMLP())(IMAGES)


ERRORS = {
    "a path": (lambda: GradCAM("model.keras"), "model must be a keras.Model, got str"),
    "an unknown name": (
        lambda: GradCAM(flat(), "conv_3"),
        "'conv_3' is not in the model.*did you mean conv_",
    ),
    "a number as layer": (lambda: GradCAM(flat(), 3), "layer must be a layer or the name of one, got 3"),
    "another model's layer": (
        lambda: GradCAM(flat(), flat().get_layer("maps")),
        "'maps' is not a layer of the model",
    ),
    "a layer without a map": (
        lambda: GradCAM(flat(), "predictions")(IMAGES),
        r"'predictions' gives .*not maps \(B, h, w, C\); these do: .*maps \(8, 8, 12\)",
    ),
    "one image": (lambda: GradCAM(flat())(IMAGES[0]), r"got shape \(32, 32, 3\).*image\[None\]"),
    "no image": (lambda: GradCAM(flat())(IMAGES[:0]), r"images must be a batch"),
    "another size": (
        lambda: GradCAM(flat())(IMAGES[:, :16]),
        r"shape \(B, 32, 32, 3\).*got \(6, 16, 32, 3\)",
    ),
    "images of several sizes": (
        lambda: GradCAM(flat())([np.zeros((8, 8, 3)), np.zeros((9, 9, 3))]),
        "must be resized first",
    ),
    "NaN": (lambda: GradCAM(flat())(IMAGES * np.nan), "images must be finite"),
    "NaN in the weights": (
        lambda: GradCAM(lively(flat(), seed=0, scale=np.nan))(IMAGES),
        "not finite.*its weights",
    ),
    "a class too many": (lambda: GradCAM(flat())(IMAGES, 4), "class from 0 to 3, got 4.*4 classes"),
    "a negative class": (lambda: GradCAM(flat())(IMAGES, -1), "from 0 on, got -1"),
    "class 2 of two": (lambda: GradCAM(flat("sigmoid", 1))(IMAGES, 2), "class from 0 to 1, got 2"),
    "too few targets": (lambda: GradCAM(flat())(IMAGES, [1, 2]), "got 2 for 6 images"),
    "one-hot targets": (lambda: GradCAM(flat())(IMAGES, np.eye(4, dtype=int)[[0] * 6]), r"argmax\(axis=-1\)"),
    "a float target": (lambda: GradCAM(flat())(IMAGES, 1.5), "target must be None, a class"),
    "a function of the wrong shape": (
        lambda: GradCAM(flat())(IMAGES, lambda logits: logits),
        r"one score an image: shape \(B,\)",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_is_explained(case):
    action, message = ERRORS[case]
    with pytest.raises(ValueError, match=message):
        action()


def test_a_model_of_two_inputs_is_refused():
    one, two = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    both = layers.Concatenate()([layers.Conv2D(2, 3)(one), layers.Conv2D(2, 3)(two)])
    model = keras.Model([one, two], layers.Dense(2)(layers.GlobalAveragePooling2D()(both)))
    with pytest.raises(ValueError, match="takes 2 inputs"):
        GradCAM(model)(np.zeros((1, 8, 8, 3)))


def test_a_layer_that_does_not_run_is_named():
    class Idle(keras.Model):
        def __init__(self):
            super().__init__()
            self.used, self.idle = layers.Conv2D(3, 3), layers.Conv2D(3, 3, name="idle")
            self.pool, self.idle.built = layers.GlobalAveragePooling2D(), True

        def call(self, images):
            return self.pool(self.used(images))

    with pytest.raises(ValueError, match="'idle' does not run"):
        GradCAM(Idle(), "idle")(IMAGES)
