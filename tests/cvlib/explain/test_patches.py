import keras
import numpy as np
import pytest
from keras import layers

from cvlib.explain import receptive_field, top_patches
from cvlib.explain.batches import batches

IMAGES = np.random.default_rng(0).random((50, 20, 24, 3)).astype("float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((20, 24, 3)),
            layers.Conv2D(5, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(6, 3, padding="same", activation="relu", name="last"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )


def test_the_top_patches_are_those_that_a_sort_finds(model):
    found = top_patches(model, "last", IMAGES, channels=[0, 3, 5])
    maps = keras.Model(model.inputs, model.get_layer("last").output).predict(IMAGES, verbose=0)
    for channel in (0, 3, 5):
        strongest = maps[..., channel].max(axis=(1, 2))
        order = [index for index in np.argsort(-strongest, kind="stable")[:9] if strongest[index] > 0]
        assert [patch.image for patch in found[channel]] == order
        np.testing.assert_allclose([patch.value for patch in found[channel]], strongest[order], rtol=1e-5)


def test_a_patch_is_the_part_of_the_image_that_its_unit_sees(model):
    field = receptive_field.of_layer(model, "last")
    maps = keras.Model(model.inputs, model.get_layer("last").output)
    for row in top_patches(model, "last", IMAGES, count=3).values():
        for patch in row:
            x1, y1, x2, y2 = patch.box
            assert patch.box == field.box(*patch.unit)
            np.testing.assert_array_equal(patch.pixels, IMAGES[patch.image, y1:y2, x1:x2])
            # Blackening everything else does not change the unit: the box holds all that it sees.
            alone = np.zeros_like(IMAGES[:1])
            alone[0, y1:y2, x1:x2] = patch.pixels
            channel = next(key for key, value in found_by(model).items() if patch.value in value)
            value = maps.predict(alone, verbose=0)[0][patch.unit][channel]
            np.testing.assert_allclose(value, patch.value, rtol=1e-5)


def found_by(model):
    return {
        channel: [patch.value for patch in row]
        for channel, row in top_patches(model, "last", IMAGES, count=3).items()
    }


def sequence(images):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 7

        def __getitem__(self, index):
            return images[index * 8 : index * 8 + 8], np.zeros(len(images[index * 8 : index * 8 + 8]))

    return Batches()


def pipeline(images):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(images).batch(16)


@pytest.mark.parametrize("source", [sequence, pipeline, lambda images: [images[:30], images[30:]]])
def test_a_stream_gives_the_patches_of_the_array(model, source):
    whole = top_patches(model, "last", IMAGES)
    streamed = top_patches(model, "last", source(IMAGES))
    assert whole.keys() == streamed.keys()
    for channel, row in whole.items():
        assert [(patch.image, patch.unit, patch.box) for patch in row] == [
            (patch.image, patch.unit, patch.box) for patch in streamed[channel]
        ]


def test_a_channel_that_never_answers_has_no_patches(model):
    silent = keras.models.clone_model(model)
    silent.set_weights(model.get_weights())
    kernel, bias = silent.get_layer("last").get_weights()
    bias[2] = -1e6
    silent.get_layer("last").set_weights([kernel, bias])
    assert top_patches(silent, "last", IMAGES)[2] == []


def test_a_subclassed_model_takes_the_field_of_its_path():
    class Small(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv, self.pool = (
                layers.Conv2D(3, 5, activation="relu", name="conv"),
                layers.GlobalMaxPooling2D(),
            )

        def call(self, x):
            return self.pool(self.conv(x))

    small = Small()
    with pytest.raises(ValueError, match="subclassed"):
        top_patches(small, "conv", IMAGES)
    field = receptive_field.along([small.conv], (20, 24))
    patches = [patch for row in top_patches(small, "conv", IMAGES, field=field).values() for patch in row]
    assert {patch.pixels.shape for patch in patches} == {(5, 5, 3)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": IMAGES[:0]}, "images is empty"),
        ({"images": IMAGES[0]}, r"batches \(B, H, W, C\), got shape"),
        ({"layer": "dense_none"}, "not in the model"),
        ({"channels": [6]}, "channels must be from 0 to 5, got 6"),
        ({"count": 0}, "count must be at least 1"),
    ],
)
def test_bad_input_is_explained(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        top_patches(**{"model": model, "layer": "last", "images": IMAGES, **arguments})


def test_a_layer_without_maps_is_refused(model):
    with pytest.raises(ValueError, match="layer must have maps"):
        top_patches(model, model.layers[-1], IMAGES)


def test_batches_cover_an_array_once():
    assert [len(batch) for batch in batches(IMAGES, 16)] == [16, 16, 16, 2]
    np.testing.assert_array_equal(np.concatenate(list(batches(IMAGES, 16))), IMAGES)
