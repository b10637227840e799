"""A window that slides and the same as convolutions: equal numbers, right places."""

import doctest

import keras
import numpy as np
import pytest
from keras import layers

from cvlib.models import sliding_detector
from cvlib.models.sliding_detector import SlidingDetector, WindowClassifier


@pytest.fixture(scope="module")
def classifier():
    keras.utils.set_random_seed(0)
    return WindowClassifier(20, classes=3, filters=(4, 6), units=8)


def picture(height=44, width=60):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype("float32")


def test_windows_are_those_of_two_loops_and_boxes_say_where_they_lie(classifier):
    detector = SlidingDetector(classifier)
    image = picture()
    expected, places = [], []
    for top in range(0, 44 - 20 + 1, 4):
        for left in range(0, 60 - 20 + 1, 4):
            expected.append(image[top : top + 20, left : left + 20])
            places.append([left, top, left + 20, top + 20])
    np.testing.assert_array_equal(detector.windows(image), expected)
    np.testing.assert_array_equal(detector.boxes(image.shape[:2]), places)


def test_convolution_gives_the_numbers_of_the_windows_at_every_scale(classifier):
    detector = SlidingDetector(classifier, scales=(1.5, 1.0, 0.5))
    images = np.stack([picture(), 255 - picture()])
    slow = detector.probabilities(images, "windows")
    quick = detector.probabilities(images, "convolution")
    assert slow.shape == (2, len(detector.boxes((44, 60))), 3)
    np.testing.assert_allclose(quick, slow, atol=1e-5)


def test_a_window_of_a_smaller_picture_covers_more_of_the_original(classifier):
    places = SlidingDetector(classifier, scales=(0.5,)).boxes((44, 60))
    np.testing.assert_allclose(places[0], [0, 0, 40, 40])
    np.testing.assert_allclose(places[-1], [16, 0, 56, 40])


def test_a_white_square_is_found_where_it_is():
    answer = layers.Dense(2, activation="softmax")
    mean = keras.Sequential([keras.Input((16, 16, 3)), layers.GlobalAveragePooling2D(), answer])
    answer.set_weights([np.array([[-1.0, 1.0]] * 3), np.array([740.0, -740.0])])  # white is 765
    detector = SlidingDetector(mean)
    assert detector.stride == 1
    image = np.zeros((1, 40, 40, 3), np.float32)
    image[0, 12:28, 8:24] = 255
    (found,) = detector.detect(image, least=0.9)
    assert found["boxes"].tolist() == [[8, 12, 24, 28]]
    assert found["classes"].tolist() == [0]
    np.testing.assert_allclose(found["scores"], 1, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: SlidingDetector(c, scales=()), "scales must be above 0"),
        (lambda c: SlidingDetector(c, (0.2,)).boxes((44, 60)), "at least 20 pixels .* got 9×12 at scale 0.2"),
        (
            lambda c: SlidingDetector(c).probabilities(picture()[None], "magic"),
            "method must be one of windows",
        ),
        (lambda c: SlidingDetector(c).probabilities(picture()), "add an axis"),
        (lambda c: WindowClassifier(8), "at least 10×10 pixels"),
        (lambda c: WindowClassifier(32, classes=1), "classes must be at least 2"),
        (
            lambda c: SlidingDetector(keras.Sequential([keras.Input((8, 9, 3)), layers.Flatten()])),
            "square windows of one size",
        ),
    ],
)
def test_bad_input_is_named(classifier, call, words):
    with pytest.raises(ValueError, match=words):
        call(classifier)


def test_the_example_in_the_docstring_holds():
    results = doctest.testmod(sliding_detector)
    assert results.attempted
    assert not results.failed
