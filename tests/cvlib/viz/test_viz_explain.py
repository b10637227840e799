import numpy as np
import pytest

from cvlib.explain.patches import Patch
from cvlib.viz import explain

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 255, (10, 16, 12, 3), dtype=np.uint8)
HEAT = RNG.random((10, 16, 12)).astype("float32")


def drawn(sheet):
    return [axis.images[0].get_array() for axis in sheet.axes if axis.images]


def test_heatmap_draws_each_image_and_below_it_its_overlay():
    sheet = explain.heatmap(IMAGES, HEAT, titles=range(10))
    pictures = drawn(sheet)
    assert len(pictures) == 20
    np.testing.assert_allclose(pictures[0], IMAGES[0] / 255, atol=1e-6)
    np.testing.assert_allclose(pictures[8], explain.overlay(IMAGES[0], HEAT[0]))
    assert sheet.axes[1].get_title() == "1"


@pytest.mark.parametrize("shape", [(16, 12), (16, 12, 1), (16, 12, 3)])
def test_without_heat_an_overlay_is_the_grey_image_and_with_it_brighter_and_coloured(shape):
    image = RNG.random(shape).astype("float32")
    cold, hot = explain.overlay(image, np.zeros((16, 12))), explain.overlay(image, np.ones((16, 12)))
    np.testing.assert_allclose(cold[..., 0], cold[..., 2])
    if len(shape) == 2:
        np.testing.assert_allclose(cold[..., 0], image, atol=1e-6)
    assert hot[..., 0].mean() > cold[..., 0].mean() + 0.2
    assert hot.min() >= 0
    assert hot.max() <= 1


def test_filters_of_three_channels_are_colours_with_zero_as_mid_grey():
    kernels = np.zeros((3, 3, 3, 2), "float32")
    kernels[0, 0, 0, 0] = -2
    pictures = drawn(explain.filters(kernels))
    assert len(pictures) == 2
    np.testing.assert_allclose(pictures[0][0, 0], [0, 0.5, 0.5])
    np.testing.assert_allclose(pictures[1], 0.5)


def test_filters_of_many_channels_are_a_row_a_filter():
    assert len(drawn(explain.filters(RNG.normal(size=(3, 3, 10, 16)), columns=4, most=16))) == 16
    assert len(drawn(explain.filters(RNG.normal(size=(3, 3, 1, 16)), columns=4))) == 16


def test_feature_maps_shows_those_that_vary_most_in_order():
    maps = np.zeros((4, 4, 6), "float32")
    maps[0, 0, [1, 4]] = 5
    sheet = explain.feature_maps(maps, most=2, heading="conv")
    assert [axis.get_title() for axis in sheet.axes] == ["1", "4"]
    assert [axis.get_title() for axis in explain.feature_maps(maps, channels=[5]).axes] == ["5"]


def test_patches_are_drawn_to_one_scale():
    large = Patch(2.0, 0, (0, 0), (0, 0, 8, 8), IMAGES[0, :8, :8])
    small = Patch(1.0, 1, (0, 0), (0, 0, 4, 6), IMAGES[0, :6, :4])
    sheet = explain.patches({3: [large, small], 7: []})
    assert len(sheet.axes) == 4
    assert sheet.axes[1].images[0].get_extent() == [2, 6, 7, 1]
    assert sheet.axes[1].get_xlim() == (0, 8)
    assert sheet.axes[0].get_ylabel() == "channel 3"
    assert "silent" in sheet.axes[2].get_ylabel()


@pytest.mark.parametrize("dimensions", [2, 3])
def test_embedding_has_a_colour_and_a_marker_a_class(dimensions):
    points = RNG.normal(size=(10, dimensions))
    sheet = explain.embedding(points, np.arange(10) % 2, ["a", "b"], title="PCA")
    axis = sheet.axes[0]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["a", "b"]
    assert axis.get_title() == "PCA"
    assert axis.name == ("3d" if dimensions == 3 else "rectilinear")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: explain.heatmap(IMAGES, HEAT[:3]), r"one map an image \(10\), got shape"),
        (lambda: explain.heatmap(IMAGES, HEAT * 2), r"heat must be in \[0, 1\]"),
        (lambda: explain.heatmap(IMAGES, HEAT * np.nan), r"heat must be in \[0, 1\]"),
        (lambda: explain.heatmap(IMAGES, HEAT, titles=["a"]), "titles must have one entry an image"),
        (lambda: explain.heatmap([], HEAT[:0]), "images is empty"),
        (lambda: explain.overlay(IMAGES[0], HEAT[0, :4]), r"image's size \(16, 12\), got \(4, 12\)"),
        (lambda: explain.filters(np.zeros((3, 3, 3))), r"channels in, filters\), got shape \(3, 3, 3\)"),
        (lambda: explain.feature_maps(np.zeros((1, 3, 3, 2))), r"pass maps\[0\]"),
        (lambda: explain.patches({0: []}), "no channel answered"),
        (lambda: explain.embedding(np.zeros((4, 4)), [0] * 4), r"\(N, 2\) or \(N, 3\)"),
        (lambda: explain.embedding(np.zeros((4, 2)), [0] * 3), "one entry a point"),
        (lambda: explain.embedding(np.zeros((4, 2)), [0, 1, 2, 0], ["a", "b"]), "name every class to 2"),
    ],
)
def test_bad_input_is_explained(action, message):
    with pytest.raises(ValueError, match=message):
        action()
