"""Figures of pictures with masks: what is painted where, and what is refused."""

import numpy as np
import pytest

from cvlib import viz
from cvlib.viz.segmentation import COLOURS, GREY, INVENTED, MISSED


def scene(height=40, width=60):
    """A grey picture and a mask with a square of class 1 and one of class 2."""
    picture, mask = np.full((height, width, 3), 128, np.uint8), np.zeros((height, width), np.uint8)
    mask[5:20, 5:20] = 1
    mask[5:20, 30:50] = 2
    return picture, mask


def panels(figure):
    return [axis.get_images()[0].get_array() for axis in figure.axes if axis.get_images()]


def legend(figure):
    return [text.get_text() for each in figure.legends for text in each.get_texts()]


def test_an_overlay_paints_classes_and_leaves_the_background_as_it_is():
    picture, mask = scene()
    figure = viz.overlay(picture, mask, ["background", "left", "right"], opacity=0.5, title="a film")
    (painted,) = panels(figure)
    np.testing.assert_allclose(painted[30, 30], 128 / 255, atol=1e-3)
    for label, column in ((1, 12), (2, 40)):
        np.testing.assert_allclose(painted[12, column], (128 / 255 + COLOURS[label - 1]) / 2, atol=1e-3)
        np.testing.assert_allclose(painted[5, column], COLOURS[label - 1], atol=1e-3)
    assert legend(figure) == ["left", "right"]
    assert figure.axes[0].get_title() == "a film"


def test_pixels_to_leave_out_are_grey_and_named():
    picture, mask = scene()
    mask[30:] = 255
    figure = viz.overlay(picture, mask, ["background", "left", "right"], ignore_index=255)
    np.testing.assert_allclose(panels(figure)[0][35, 30], 0.4 * 128 / 255 + 0.6 * GREY, atol=1e-3)
    assert legend(figure) == ["left", "right", "left out"]


def test_a_contact_sheet_takes_any_sizes_and_marks_empty_masks():
    pairs = [scene(40, 60), scene(60, 40), scene(50, 50)]
    images, masks = [image for image, _ in pairs], [mask for _, mask in pairs]
    masks[1] = masks[1] * 0
    figure = viz.overlays(images, masks, titles="abc", heading="three", columns=2)
    assert [panel.shape[:2] for panel in panels(figure)] == [(40, 60), (60, 40), (50, 50)]
    assert [axis.get_title() for axis in figure.axes][:3] == ["a", "b", "c"]
    assert [[text.get_text() for text in axis.texts] for axis in figure.axes[:3]] == [[], ["empty mask"], []]


def test_side_by_side_shows_what_was_missed_and_what_is_not_there():
    picture, mask = scene()
    found = np.zeros_like(mask)
    found[5:20, 10:25] = (
        1  # five columns missed, five too many; the second square is taken for the first class
    )
    found[5:20, 30:50] = 1
    figure = viz.side_by_side([picture], [mask[..., None]], [found], ["one"], ["background", "left", "right"])
    picture_shown, flat, _, _, errors = panels(figure)
    np.testing.assert_allclose(picture_shown, 128 / 255, atol=1e-3)
    np.testing.assert_allclose(flat[12, 12], COLOURS[0])
    assert not flat[30].any()
    missed, invented = (np.isclose(errors, colour).all(-1) for colour in (MISSED, INVENTED))
    np.testing.assert_array_equal(missed, (mask != found) & (mask > 0))
    np.testing.assert_array_equal(invented, (mask != found) & (mask == 0))
    assert legend(figure) == ["left", "right", "missed", "not there"]
    assert len(panels(viz.side_by_side([picture, picture], [mask, mask]))) == 6


def test_where_nothing_counts_no_error_is_drawn():
    picture, mask = scene()
    mask[:] = 255
    *_, errors = panels(viz.side_by_side([picture], [mask], [np.ones_like(mask)], ignore_index=255))
    assert not np.isclose(errors, INVENTED).all(-1).any()
    assert not np.isclose(errors, MISSED).all(-1).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda i, m: viz.overlay(i, m / 2), r"mask must hold whole numbers .*\(mask > 0.5\)"),
        (lambda i, m: viz.overlay(i, m[:9]), r"mask must be \(H, W\) of its picture's size \(40, 60\)"),
        (lambda i, m: viz.overlay(i, i), r"mask must be \(H, W\) .*\(40, 60, 3\)"),
        (lambda i, m: viz.overlay(i, m, ["background", "left"]), "class_names has 2 entries.*label 2"),
        (lambda i, m: viz.overlays([], []), "images is empty"),
        (lambda i, m: viz.overlays([i], [m, m]), r"masks must have one entry a picture \(1\), got 2"),
        (lambda i, m: viz.overlays([i], [m], titles=["a", "b"]), "titles must have one entry"),
        (lambda i, m: viz.overlays([i, i], [m, m.T]), r"masks\[1\] must be \(H, W\)"),
        (lambda i, m: viz.side_by_side([i], [m], [m[1:]]), r"predictions\[0\] must be"),
        (lambda i, m: viz.side_by_side([i], [m], titles=[]), "titles must have one entry"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(*scene())
