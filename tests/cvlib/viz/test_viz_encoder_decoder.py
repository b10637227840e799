"""The U of an encoder–decoder, read from the network: which maps are drawn, and what joins them."""

import doctest

import keras
import pytest
from keras import layers

from cvlib import viz
from cvlib.models import UNet
from cvlib.viz import encoder_decoder


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_the_published_u_net_has_the_maps_of_its_papers_figure_1():
    bars = encoder_decoder.read_bars(UNet((572, 572, 1), classes=2, padding="valid"))
    # Ronneberger et al., 2015, figure 1; a map that was put together of two counts once.
    sizes = [572, 570, 568, 284, 282, 280, 140, 138, 136, 68, 66, 64, 32, 30, 28]
    sizes += [56, 54, 52, 104, 102, 100, 200, 198, 196, 392, 390, 388, 388]
    channels = [1, 64, 64, 64, 128, 128, 128, 256, 256, 256, 512, 512, 512, 1024, 1024]
    channels += [1024, 512, 512, 512, 256, 256, 256, 128, 128, 128, 64, 64, 2]
    assert [(bar.size, bar.channels) for bar in bars] == list(zip(sizes, channels))
    copied = {bar.channels: (bar.copied, [skip.size for skip in bar.skips]) for bar in bars if bar.skips}
    assert copied == {1024: (512, [64]), 512: (256, [136]), 256: (128, [280]), 128: (64, [568])}


def test_layers_that_change_no_shape_add_no_bar():
    plain = encoder_decoder.read_bars(UNet((64, 64, 1), 2, filters=(8, 16, 32)))
    more = encoder_decoder.read_bars(UNet((64, 64, 1), 2, filters=(8, 16, 32), batch_norm=True, dropout=0.5))
    assert [bar.channels for bar in more] == [bar.channels for bar in plain]
    # A block has two convolutions of one shape: both are drawn.
    assert [bar.channels for bar in plain] == [1, 8, 8, 8, 16, 16, 16, 32, 32, 32, 16, 16, 16, 8, 8, 2]


@pytest.mark.parametrize("join", ["none", "add", "concatenate"])
def test_skips_are_found_however_they_are_joined(join):
    images = keras.Input((32, 32, 3))
    early = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(images)
    deep = layers.Conv2D(4, 3, padding="same")(layers.AveragePooling2D(2)(early))
    late = layers.UpSampling2D(2)(deep)
    if join != "none":
        late = (layers.Add() if join == "add" else layers.Concatenate())([late, early])
    bars = encoder_decoder.read_bars(keras.Model(images, layers.Conv2DTranspose(2, 2, strides=2)(late)))
    assert [bar.arrow for bar in bars] == [None, "down", "down", "convolution", "up", "up"]
    assert [bar.stride for bar in bars] == [1, 2, 4, 4, 2, 1]
    assert [bar.channels for bar in bars] == [3, 4, 4, 4, 8 if join == "concatenate" else 4, 2]
    assert [len(bar.skips) for bar in bars] == [0, 0, 0, 0, int(join != "none"), 0]
    assert [bar.copied for bar in bars] == [0, 0, 0, 0, 4 * (join == "concatenate"), 0]


def test_layers_may_have_served_other_models_before():
    steps = [layers.Conv2D(4, 3, padding="same"), layers.MaxPooling2D(2), layers.Conv2DTranspose(2, 2, 2)]
    model = keras.Sequential([keras.Input((32, 32, 3))])
    for step in steps:
        model.add(step)  # which calls all layers again
    x = inputs = keras.Input((16, 16, 3))
    for step in steps:
        x = step(x)
    for each, size in ((model, 32), (keras.Model(inputs, x), 16)):
        bars = encoder_decoder.read_bars(each)
        expected = [(size, 3), (size, 4), (size // 2, 4), (size, 2)]
        assert [(bar.size, bar.channels) for bar in bars] == expected


def test_channels_stand_above_the_bars_and_sizes_below_each_level():
    figure = viz.u_shape(UNet((36, 36, 1), classes=2, filters=(8, 16), padding="valid"))
    assert " ".join(texts(figure)) == "1 8 8 8 16 16 16 8 8 2 36² → 32² 16² → 12² 24² → 20²"
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert [name.partition(":")[0] for name in legend] == ["convolution", "down", "up", "skip"]


def test_a_network_of_any_size_is_marked_by_its_strides():
    figure = viz.u_shape(UNet((None, None, 1), classes=2, filters=(8, 16)))
    assert texts(figure)[-3:] == ["1/1", "1/2", "1/1"]


def test_a_network_with_another_one_inside_is_refused():
    inner = keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(4, 3)], name="backbone")
    images = keras.Input((32, 32, 3))
    with pytest.raises(ValueError, match="must be flat, but its layer 'backbone'"):
        viz.u_shape(keras.Model(images, inner(images)))


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(encoder_decoder)
    assert results.attempted
    assert not results.failed
