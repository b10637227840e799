import keras
import numpy as np
import pytest
from keras import layers

from cvlib.explain import embed, project

IMAGES = np.random.default_rng(0).random((40, 12, 12, 3)).astype("float32")


def flat():
    return keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(4, 3, activation="relu", name="maps"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(8, activation="relu", name="second_last"),
            layers.Dropout(0.5),
            layers.Dense(2, activation="softmax"),
        ]
    )


def nested(model):
    inputs = keras.Input((12, 12, 3))
    return keras.Model(inputs, model(inputs))


def test_the_embedding_is_what_goes_into_the_last_layer():
    model = flat()
    cut = keras.Model(model.inputs, model.get_layer("second_last").output)
    expected = cut.predict(IMAGES, verbose=0)
    for each in (model, nested(model)):
        np.testing.assert_allclose(embed(each, IMAGES), expected, atol=1e-6)
    np.testing.assert_allclose(embed(model, [IMAGES[:30], IMAGES[30:]]), expected, atol=1e-6)


def test_maps_are_averaged_over_their_places():
    model = flat()
    maps = keras.Model(model.inputs, model.get_layer("maps").output).predict(IMAGES, verbose=0)
    np.testing.assert_allclose(embed(model, IMAGES, "maps"), maps.mean(axis=(1, 2)), atol=1e-6)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_pca_keeps_the_directions_of_most_variance(dimensions):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 10)) * [9, 5, 3, *[0.1] * 7] + 4
    points = project(vectors, dimensions)
    centred = vectors - vectors.mean(axis=0)
    _, values, _ = np.linalg.svd(centred)
    np.testing.assert_allclose(np.linalg.norm(points, axis=0), values[:dimensions], rtol=1e-4)
    assert points.dtype == np.float32


@pytest.mark.parametrize("width", [10, 80])
def test_t_sne_keeps_groups_together_and_is_repeatable(width):
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(size=(60, width)), rng.normal(size=(60, width)) + 8])
    points = project(vectors, 2, "tsne")
    np.testing.assert_array_equal(points, project(vectors, 2, "tsne"))
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1) + np.eye(120) * 1e9
    assert ((distance.argmin(axis=1) < 60) == (np.arange(120) < 60)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dimensions": 4}, "dimensions must be 2 or 3, got 4"),
        ({"method": "umap"}, 'method must be "pca" or "tsne"'),
        ({"vectors": np.zeros((3, 5))}, "vectors must be at least 4"),
        ({"vectors": np.zeros((9, 2)), "dimensions": 3}, "each of 3 numbers or more"),
        ({"vectors": np.full((9, 5), np.nan)}, "vectors must be finite"),
        ({"vectors": np.zeros(9)}, r"must be \(N, D\)"),
    ],
)
def test_bad_input_is_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        project(**{"vectors": np.eye(9), **arguments})


def test_a_model_without_weights_needs_a_layer():
    model = keras.Sequential([keras.Input((12, 12, 3)), layers.Flatten()])
    with pytest.raises(ValueError, match="no layer with weights"):
        embed(model, IMAGES)
