import keras
import numpy as np
import pytest

from cvlib.models import transfer, weights
from cvlib.models.transfer.freezing import learning_layers

SHAPE = (16, 16, 3)
LABELS = np.arange(12) % 2
IMAGES = (np.random.default_rng(0).integers(0, 120, (12, *SHAPE)) + 120 * LABELS[:, None, None, None]).astype(
    "uint8"
)


def compiled(frozen=1.0):
    """A classifier as `transfer.classifier` builds it, on a backbone of four convolutions: quick to train."""
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input(SHAPE)
    for number in range(4):
        x = keras.layers.Conv2D(4 + number, 3, padding="same", name=f"conv{number}")(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization(name=f"bn{number}")(x))
    backbone = keras.Model(inputs, x, name="backbone")
    images = keras.Input(SHAPE, name="images")
    x = backbone(keras.layers.Rescaling(1 / 127.5, -1)(images), training=False)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(images, keras.layers.Dense(2, "softmax", name="predictions")(x))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    transfer.freeze(model, frozen)
    return model


def norms(model):
    return [layer for layer in transfer.backbone_of(model).layers if layer.name.startswith("bn")]


@pytest.mark.parametrize(
    ("options", "parameters", "learn"),
    [
        ({}, 410_208 + 1281 * 2, 1281 * 2),
        ({"classes": 7}, 410_208 + 1281 * 7, 1281 * 7),
        ({"pooling": "avg_max"}, 410_208 + 2561 * 2, 2561 * 2),
        ({"classes": 1, "classifier_activation": "sigmoid"}, 410_208 + 1281, 1281),
        # all but the running means and variances, half of what batch normalisation has:
        ({"frozen": 0.0}, 410_208 + 1281 * 2, 410_208 - 28_160 // 2 + 1281 * 2),
        ({"alpha": 1.0}, 2_257_984 + 1281 * 2, 1281 * 2),
    ],
)
def test_parameters_in_all_and_those_that_learn(options, parameters, learn):
    model = transfer.classifier("MobileNetV2", input_shape=(32, 32, 3), weights=None, **options)
    report = transfer.trainable(model)
    assert (report.parameters, report.trainable_parameters) == (parameters, learn)
    assert model.weights_source == "random"


@pytest.mark.real_data
def test_a_share_of_the_layers_is_not_a_share_of_the_weights(mirror, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    report = transfer.freeze(transfer.classifier(input_shape=(32, 32, 3)), 0.9)
    assert str(report) == "47 of 52 backbone layers frozen; 224,210 of 412,770 parameters learn (54.3%)"
    assert report.share > 5 * (1 - report.frozen_layers / report.layers)


@pytest.mark.parametrize("frozen", [1, 0.75, 0.5, 0])
def test_frozen_weights_stand_still_and_the_others_move(frozen):
    model = compiled()
    model.fit(IMAGES, LABELS, verbose=0)
    transfer.freeze(model, frozen, learning_rate=1e-2)
    learners = learning_layers(transfer.backbone_of(model))
    count = round(frozen * len(learners))
    before = [layer.get_weights() for layer in learners]
    head = model.get_layer("predictions").get_weights()
    model.fit(IMAGES, LABELS, epochs=2, verbose=0)
    moved = [
        any(not np.array_equal(a, b) for a, b in zip(layer.get_weights(), old))
        for layer, old in zip(learners, before)
    ]
    assert not any(moved[:count])
    assert all(moved[count:])
    assert not np.array_equal(model.get_layer("predictions").get_weights()[0], head[0])


def test_freezing_more_after_less_and_less_after_more_both_work():
    model = compiled()
    learn = [transfer.freeze(model, share).trainable_parameters for share in (1, 0.5, 1, 0, 0.5, 0.75)]
    assert learn[0] == learn[2] < learn[5] < learn[1] == learn[4] < learn[3]


@pytest.mark.parametrize("frozen", [0, 0.5, 1])
def test_batchnorm_stands_still_after_fit_and_after_save_and_reload(frozen, tmp_path):
    model = compiled(frozen=frozen)
    model.save(tmp_path / "model.keras")
    for one in (model, keras.models.load_model(tmp_path / "model.keras")):
        assert norms(one)
        before = [layer.get_weights() for layer in norms(one)]
        one.fit(IMAGES, LABELS, epochs=2, verbose=0)
        for layer, old in zip(norms(one), before):
            for a, b in zip(layer.get_weights(), old):
                np.testing.assert_array_equal(a, b)
        assert transfer.trainable(one).trainable_parameters == transfer.trainable(model).trainable_parameters


def test_a_reloaded_model_can_be_frozen_differently_and_trained(tmp_path):
    model = compiled()
    model.fit(IMAGES, LABELS, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    transfer.freeze(loaded, 0.75, learning_rate=1e-4)
    assert float(loaded.optimizer.learning_rate) == pytest.approx(1e-4)
    assert "accuracy" in loaded.fit(IMAGES, LABELS, verbose=0).history
    loaded.get_layer("predictions").trainable = False
    with pytest.raises(RuntimeError, match="compiled again"):
        loaded.fit(IMAGES, LABELS, verbose=0)


def test_freezing_compiles_again_with_the_same_loss_metrics_and_optimizer():
    def course_loss(truth, predicted):  # not registered with Keras
        return keras.losses.sparse_categorical_crossentropy(truth, predicted)

    model = compiled()
    optimizer = keras.optimizers.SGD(0.05, momentum=0.8)
    model.compile(optimizer, course_loss, metrics=[keras.metrics.SparseCategoricalAccuracy(name="right")])
    transfer.freeze(model, 0.75)
    assert model.optimizer is not optimizer
    assert float(model.optimizer.momentum) == pytest.approx(0.8)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05)
    assert model.loss is course_loss
    assert "right" in model.fit(IMAGES, LABELS, verbose=0).history


def test_forgetting_to_compile_after_touching_layers_directly_is_refused():
    model = compiled()
    model.fit(IMAGES, LABELS, verbose=0)
    transfer.backbone_of(model).trainable = True
    with pytest.raises(RuntimeError, match=r"transfer\.freeze"):
        model.fit(IMAGES, LABELS, verbose=0)


def test_freezing_a_model_that_is_not_compiled_leaves_it_so():
    model = transfer.classifier(input_shape=(32, 32, 3), weights=None)
    transfer.freeze(model, 0.5)
    with pytest.raises(ValueError, match="compile"):
        model.fit(np.zeros((2, 32, 32, 3), "uint8"), np.zeros(2), verbose=0)


def test_batchnorm_learns_where_the_weights_are_random():
    model = transfer.classifier(input_shape=(32, 32, 3), weights=None)

    def learning_norms():
        return sum(layer.trainable for layer in transfer.backbone_of(model).layers if "BN" in layer.name)

    assert learning_norms() == 0
    transfer.freeze(model, 0.5)
    assert learning_norms() > 40


@pytest.mark.parametrize("backbone", ["VGG16", "DenseNet121", "EfficientNetB0", "MobileNetV3Small"])
def test_other_families_freeze_by_share_too(backbone):
    model = transfer.classifier(backbone, 3, (32, 32, 3), weights=None)
    assert (
        transfer.trainable(model).trainable_parameters == (model.get_layer("pool").output.shape[-1] + 1) * 3
    )
    report = transfer.freeze(model, 0.5)
    assert report.frozen_layers == round(report.layers / 2)
    assert 0.5 < report.share < 1


@pytest.mark.slow
def test_a_pretrained_architecture_trains_as_a_whole():
    model = transfer.classifier("MobileNetV2", 2, (32, 32, 3), weights=None, frozen=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype("uint8")
    before = model.get_weights()
    model.fit(images, LABELS[:4], verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(model.get_weights(), before)]
    assert sum(moved) > 0.9 * len(moved)


def test_the_head_trained_on_features_is_the_models_own():
    model = compiled()
    history = transfer.fit_head(
        model, IMAGES, LABELS, (IMAGES, LABELS), cache=False, verbose=0, epochs=20, batch_size=4
    )
    loss, accuracy = model.evaluate(IMAGES, LABELS, verbose=0)
    assert history.history["val_loss"][-1] == pytest.approx(loss, abs=1e-4)
    assert history.history["val_accuracy"][-1] == pytest.approx(accuracy)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_training_the_head_needs_a_frozen_backbone_and_a_compiled_model():
    with pytest.raises(ValueError, match=r"freeze\(model, 1\)"):
        transfer.fit_head(compiled(frozen=0.75), IMAGES, LABELS, cache=False)
    with pytest.raises(ValueError, match=r"model\.compile"):
        transfer.fit_head(transfer.classifier(input_shape=(32, 32, 3), weights=None), IMAGES, LABELS)


def test_the_pretrained_classifier_gives_a_thousand_probabilities():
    model = transfer.pretrained("MobileNetV2", weights=None)
    probabilities = model.predict(np.zeros((1, 224, 224, 3), "uint8"), verbose=0)
    assert probabilities.shape == (1, 1000)
    assert probabilities.sum() == pytest.approx(1, abs=1e-4)


def test_decode_names_the_most_probable_first(monkeypatch):
    from keras.src.applications import imagenet_utils

    monkeypatch.setattr(weights, "provide", lambda file, folder: None)
    monkeypatch.setattr(imagenet_utils, "CLASS_INDEX", {str(n): [f"n{n}", f"class {n}"] for n in range(1000)})
    probabilities = np.zeros((1, 1000))
    probabilities[0, [7, 3]] = 0.6, 0.4
    assert transfer.decode(probabilities, top=2) == [[("class 7", 0.6), ("class 3", 0.4)]]


def test_decode_without_the_list_of_names_says_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("CVLIB_MIRROR", raising=False)
    monkeypatch.setattr(weights, "ADDRESS", "http://127.0.0.1:9/")
    with pytest.raises(weights.WeightsUnavailableError, match=r"imagenet_class_index\.json is not in"):
        transfer.decode(np.zeros((1, 1000)))
    with pytest.raises(ValueError, match=r"must be \(B, 1000\).*got \(1, 2\)"):
        transfer.decode(np.zeros((1, 2)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 1}, "at least 2, got 1"),
        ({"frozen": 1.5}, r"share in \[0, 1\].*1\.5"),
        ({"frozen": 80}, r"for 80 % pass 0\.8"),
        ({"frozen": -0.1}, r"got -0\.1"),
        ({"backbone": "ResNet18"}, r"Choose from: .*ResNet50"),
        ({"input_shape": (16, 16, 3)}, "at least 32×32"),
        ({"pooling": "sum"}, "got 'sum'"),
        ({"dropout": 1}, r"\[0, 1\), got 1"),
        ({"weights": "auto!"}, "got 'auto!'"),
    ],
)
def test_a_wrong_argument_is_named_with_what_to_do(options, message):
    with pytest.raises(ValueError, match=message):
        transfer.classifier(**{"weights": None, **options})


def test_a_model_without_a_backbone_is_refused_by_name():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name="plain")
    with pytest.raises(ValueError, match="plain has 0"):
        transfer.freeze(model, 0.5)


def test_a_learning_rate_without_an_optimizer_is_refused():
    with pytest.raises(ValueError, match="compile the model first"):
        transfer.freeze(transfer.classifier(input_shape=(32, 32, 3), weights=None), 0.5, learning_rate=1e-4)
