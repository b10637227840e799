import doctest

import cv2
import keras
import numpy as np
import pytest

from cvlib.models import bilinear_kernel, upsampling


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(upsampling)
    assert results.attempted
    assert not results.failed


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8, 32])
def test_the_kernel_is_that_of_the_papers_code(factor):
    size = 2 * factor - factor % 2
    centre = factor - 1 if size % 2 else factor - 0.5  # as in surgery.py of the FCN authors
    y, x = np.ogrid[:size, :size]
    expected = (1 - abs(y - centre) / factor) * (1 - abs(x - centre) / factor)
    np.testing.assert_allclose(bilinear_kernel(factor), expected, atol=1e-7)


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
@pytest.mark.parametrize("filters", [1, 3])
def test_a_transposed_convolution_starts_as_opencvs_bilinear_resize_inside_the_border(factor, filters):
    maps = np.random.default_rng(0).random((1, 6, 7, filters)).astype("float32")
    inputs = keras.Input((6, 7, filters))
    model = keras.Model(inputs, upsampling.bilinear_upsampling(inputs, filters, factor))
    found = model.predict(maps, verbose=0)[0]
    expected = cv2.resize(maps[0], (7 * factor, 6 * factor), interpolation=cv2.INTER_LINEAR)
    inside = slice(factor, -factor)
    np.testing.assert_allclose(
        found[inside, inside], expected.reshape(found.shape)[inside, inside], atol=1e-5
    )
    assert model.trainable_weights


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", [(6, 7, 2), (None, None, 2), (None, 7, 2), (6, None, 2)])
def test_enlarging_is_opencvs_bilinear_resize_to_the_border_also_of_open_sizes(factor, shape):
    maps = np.random.default_rng(0).random((3, 6, 7, 2)).astype("float32")
    inputs = keras.Input(shape)
    model = keras.Model(inputs, upsampling.Enlarge(factor)(inputs))
    expected = [cv2.resize(one, (7 * factor, 6 * factor), interpolation=cv2.INTER_LINEAR) for one in maps]
    np.testing.assert_allclose(model.predict(maps, verbose=0), expected, atol=1e-5)
    open_sides = [side is None for side in shape[:2]]
    assert [side is None for side in model.output_shape[1:3]] == open_sides


@pytest.mark.parametrize("factor", [0, -1, 1.5, True])
def test_a_factor_that_is_none_is_refused(factor):
    with pytest.raises(ValueError, match="factor must be a positive integer"):
        upsampling.Enlarge(factor)


def test_a_kernel_that_is_not_square_is_refused():
    with pytest.raises(ValueError, match="must be square, got 4×3"):
        upsampling.Bilinear()((4, 3, 1, 1))
