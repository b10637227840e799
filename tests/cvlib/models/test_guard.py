import keras
import numpy as np
import pytest

from cvlib.models import SmallCNN
from cvlib.models.guard import watch

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype("uint8")
LABELS = np.arange(8) % 2


@pytest.fixture
def model():
    made = SmallCNN(input_shape=(16, 16, 3), filters=(4,))
    made.compile("sgd", "sparse_categorical_crossentropy")
    return made


class Batches(keras.utils.PyDataset):
    def __init__(self, images):
        super().__init__()
        self.images = images

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.images[index * 4 : index * 4 + 4], LABELS[index * 4 : index * 4 + 4]


def as_tf_data(images):
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((images, LABELS)).batch(4)


@pytest.mark.parametrize("rescaled", [IMAGES / 255, IMAGES / 127.5 - 1, (IMAGES / 255).astype("float32")])
@pytest.mark.parametrize("wrap", [lambda images: images, Batches, as_tf_data])
def test_images_that_were_rescaled_already_are_refused(model, rescaled, wrap):
    given = wrap(rescaled)
    labels = LABELS if given is rescaled else None
    for use in (
        lambda: model.fit(given, labels, verbose=0),
        lambda: model.evaluate(given, labels, verbose=0),
        lambda: model.predict(given, verbose=0),
    ):
        with pytest.raises(ValueError, match=r"\[0, 255\], got values from .* rescales inside"):
            use()


@pytest.mark.parametrize("wrap", [lambda images: images, Batches, as_tf_data])
@pytest.mark.parametrize("images", [IMAGES, IMAGES.astype("float32"), np.zeros_like(IMAGES, "float32")])
def test_images_from_0_to_255_are_taken_even_if_black(model, images, wrap):
    given = wrap(images)
    model.fit(given, LABELS if given is images else None, verbose=0)
    model.predict(given, verbose=0)


def test_a_uint8_image_that_is_nearly_black_is_not_taken_for_a_rescaled_one(model):
    model.predict(np.ones_like(IMAGES), verbose=0)


def test_images_of_another_size_are_refused_with_both_sizes(model):
    with pytest.raises(ValueError, match=r"must be \(B, 16, 16, 3\), got \(8, 8, 16, 3\): resize"):
        model.predict(IMAGES[:, :8], verbose=0)
    with pytest.raises(ValueError, match=r"images\[None\]"):
        model.predict(IMAGES[0], verbose=0)


def test_training_after_a_change_of_trainable_is_refused_until_compiled(model):
    model.fit(IMAGES, LABELS, verbose=0)
    model.get_layer("block1_conv").trainable = False
    with pytest.raises(RuntimeError, match=r"1 fewer.*no effect until the model is compiled again"):
        model.fit(IMAGES, LABELS, verbose=0)
    with pytest.raises(RuntimeError, match="compiled again"):
        model.train_on_batch(IMAGES, LABELS)
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = model.get_layer("block1_conv").get_weights()[0]
    model.fit(IMAGES, LABELS, verbose=0)
    np.testing.assert_array_equal(model.get_layer("block1_conv").get_weights()[0], before)


def test_a_change_of_trainable_does_not_disturb_predictions(model):
    model.get_layer("block1_conv").trainable = False
    assert model.predict(IMAGES, verbose=0).shape == (8, 2)


def test_validation_data_of_another_range_is_refused(model):
    with pytest.raises(ValueError, match="rescales inside"):
        model.fit(IMAGES, LABELS, validation_data=(IMAGES / 255, LABELS), verbose=0)


def test_watching_twice_changes_nothing(model):
    fit = model.fit
    assert watch(model) is model
    assert model.fit is fit


def test_the_saved_file_needs_keras_alone(model, tmp_path):
    model.fit(IMAGES, LABELS, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded).__module__.startswith("keras.")
    assert not hasattr(loaded, "_guard")
