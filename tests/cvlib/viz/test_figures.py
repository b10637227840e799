"""Contact sheets, training curves, and showing a figure with its text."""

import io

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image

from cvlib import viz
from cvlib.viz.display import LARGE, png


def test_a_shown_figure_carries_its_alternative_text():
    InteractiveShell.instance()  # a display has to go somewhere
    with capture_output() as captured:
        viz.show(viz.grid([np.zeros((4, 4, 3), "uint8")]), alt="A black square.")
    (output,) = captured.outputs
    assert output.data["text/plain"] == "A black square."
    assert output.metadata["image/png"] == {"alt": "A black square."}
    assert Image.open(io.BytesIO(output.data["image/png"])).format == "PNG"


def test_a_figure_without_text_is_refused():
    with pytest.raises(ValueError, match="alt must say in a sentence what the figure shows"):
        viz.show(viz.figure(), alt=" ")


def test_a_heavy_figure_becomes_light_and_looks_the_same():
    noise = np.random.default_rng(0).integers(0, 256, (8, 120, 120, 3), "uint8")
    smooth = np.stack([np.sort(image, axis=0) for image in noise])
    sheet = viz.grid(smooth, size=3)
    plain = io.BytesIO()
    sheet.savefig(plain, format="png")
    light = png(sheet)
    assert plain.tell() > LARGE
    assert len(light) < plain.tell() / 2
    before, after = (np.asarray(Image.open(b).convert("RGB"), "float32") for b in (plain, io.BytesIO(light)))
    assert np.abs(before - after).mean() < 8


def test_colours_of_few_pixels_survive_in_a_heavy_figure():
    """What was missed is vermilion and the lung is orange, also where only a thin line is missed."""
    rng = np.random.default_rng(0)
    film = np.sort(rng.integers(0, 200, (300, 300, 1), "uint8"), axis=0).repeat(3, -1)
    film += rng.integers(0, 9, film.shape, "uint8")  # of many colours
    orange, vermilion = np.array([230, 159, 0]), np.array([213, 94, 0])
    film[100:200, 50:120], film[100:104, 150:180] = orange, vermilion
    sheet = viz.grid([film] * 8, size=4)
    plain = io.BytesIO()
    sheet.savefig(plain, format="png")
    assert plain.tell() > LARGE
    before, after = (np.asarray(Image.open(b).convert("RGB"), int) for b in (plain, io.BytesIO(png(sheet))))
    line = np.abs(before - vermilion).max(-1) < 4
    assert 50 < line.sum() < 0.01 * line.size
    assert np.abs(after[line] - vermilion).max() < 20


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3)])
@pytest.mark.parametrize("scale", ["uint8", "0 to 1", "0 to 255"])
def test_a_grid_takes_images_of_every_kind_and_keeps_their_brightness(shape, scale):
    image = np.full(shape, 0.5, "float32")
    given = {"uint8": (image * 255).astype("uint8"), "0 to 1": image, "0 to 255": image * 255}[scale]
    drawn = viz.grid([given]).axes[0].images[0].get_array()
    assert np.allclose(drawn, 0.5, atol=0.01)


def test_a_grid_of_nine_has_two_rows_and_hides_the_empty_place():
    sheet = viz.grid(np.zeros((9, 4, 4)), titles=list("abcdefghi"))
    assert len(sheet.axes) == 10
    assert [axis.get_title() for axis in sheet.axes] == [*"abcdefghi", ""]
    assert not sheet.axes[-1].axison


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": []}, "images is empty"),
        ({"images": np.zeros((2, 4, 4)), "titles": ["one"]}, r"one entry an image \(2\), got 1"),
        ({"images": [np.zeros(4)]}, r"an image must be .* got shape \(4,\)"),
    ],
)
def test_a_grid_explains_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        viz.grid(**arguments)


def test_curves_draw_training_and_validation_of_what_there_is():
    sheet = viz.curves({"loss": [3, 2, 1], "val_loss": [3, 2.5, 2], "accuracy": [0.1, 0.5, 0.9]})
    loss, accuracy = sheet.axes
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert [line.get_label() for line in accuracy.lines] == ["training"]
    assert list(loss.lines[0].get_xdata()) == [1, 2, 3]


def test_curves_say_what_the_history_has():
    with pytest.raises(ValueError, match=r"history has none of .* it has \['mae'\]"):
        viz.curves({"mae": [1]})
