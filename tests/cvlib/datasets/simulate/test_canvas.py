"""The canvas: shapes where they are asked for, smooth at the edges, recorded and clipped as told."""

import numpy as np
import pytest

from cvlib.datasets.simulate.canvas import SCALE, Canvas, smooth


def square(low, high):
    return np.array([(low, low), (high, low), (high, high), (low, high)], float)


def test_a_disc_has_the_area_of_a_disc():
    canvas = Canvas(64, 64)
    canvas.disc((64, 64), 40, (255, 255, 255))
    area = canvas.finish()[..., 0].sum() / 255
    assert area == pytest.approx(np.pi * (40 / SCALE) ** 2, rel=0.05)


def test_a_transparent_shape_mixes_colours():
    canvas = Canvas(16, 16)
    canvas.fill(square(-4, 40), (200, 100, 0), opacity=0.5)
    np.testing.assert_allclose(canvas.finish()[8, 8], (100, 50, 0), atol=1)


def test_a_soft_shape_fades_and_keeps_its_mass():
    canvas = Canvas(64, 64)
    canvas.fill(square(40, 88), (255, 255, 255), softness=6)
    image = canvas.finish()[..., 0].astype(int)
    assert image[32, 32] > 250
    assert 80 < image[20, 32] < 180
    assert image[:, :].sum() / 255 == pytest.approx(24 * 24, rel=0.06)


def test_a_stroke_is_as_wide_as_asked():
    canvas = Canvas(40, 40)
    canvas.stroke(np.array([(10.0, 40), (40, 40), (70, 40)]), (255, 255, 255), width=12)
    assert (canvas.finish()[:, 20, 0] > 127).sum() == pytest.approx(12 / SCALE, abs=1)


def test_only_opaque_shapes_are_recorded_and_only_while_asked():
    canvas = Canvas(20, 20)
    mask = canvas.new_mask()
    canvas.fill(square(0, 10), (9, 9, 9))
    with canvas.recording(mask):
        canvas.fill(square(20, 30), (9, 9, 9))
        canvas.fill(square(32, 38), (9, 9, 9), opacity=0.5)
    canvas.disc((5, 35), 3, (9, 9, 9))
    assert mask[25, 25] == 255
    assert mask[5, 5] == mask[35, 35] == mask[35, 5] == 0


def test_nothing_changes_outside_the_clip():
    canvas = Canvas(20, 20)
    with canvas.clipped(canvas.inside(square(10, 20))):
        canvas.fill(square(-1, 41), (255, 0, 0))
    assert tuple(canvas.image[15, 15]) == (255, 0, 0)
    assert canvas.image[30:, 30:].max() == 0


def test_shapes_outside_the_canvas_are_no_error():
    canvas = Canvas(20, 20)
    for how in ({}, {"opacity": 0.5}, {"softness": 3.0}):
        canvas.fill(square(100, 120), (255, 0, 0), **how)
        canvas.disc((-90, 4), 5, (255, 0, 0), **how)
    assert canvas.image.max() == 0


def test_a_smooth_line_passes_through_its_points():
    points = np.array([(0, 0), (4, 1), (5, 5), (1, 4)], float)
    closed, line = smooth(points, samples=5), smooth(points, closed=False, samples=5)
    for curve in (closed[::5], line[::5]):
        np.testing.assert_allclose(curve, points, atol=1e-12)
