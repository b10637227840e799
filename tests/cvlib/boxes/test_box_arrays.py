import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvlib import boxes
from cvlib.boxes.arrays import FORMATS


def test_clip_keeps_what_lies_in_the_picture_and_further_columns():
    given = np.array([[-5, 2, 30, 8, 7], [25, -9, 40, -1, 3], [1, 1, 2, 2, 0]], float)
    clipped = boxes.clip(given, height=10, width=20)
    np.testing.assert_array_equal(clipped, [[0, 2, 20, 8, 7], [20, 0, 20, 0, 3], [1, 1, 2, 2, 0]])
    assert clipped.dtype == np.float32
    assert given[0, 0] == -5


@given(
    hnp.arrays(np.float64, (5, 4), elements=st.floats(0, 500)),
    st.sampled_from(sorted(FORMATS)),
    st.tuples(st.integers(1, 900), st.integers(1, 900)),
)
def test_every_format_comes_back_as_it_was(corners, kind, size):
    corners = np.concatenate(
        [np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])], 1
    )
    there = boxes.convert(corners, "xyxy", kind, size)
    np.testing.assert_allclose(boxes.convert(there, kind, "xyxy", size), corners, atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("xywh", [10, 20, 20, 40]),
        ("cxcywh", [20, 40, 20, 40]),
        ("yxyx", [20, 10, 60, 30]),
        ("rel_xyxy", [0.05, 0.2, 0.15, 0.6]),
        ("rel_cxcywh", [0.1, 0.4, 0.1, 0.4]),
        ("rel_yxyx", [0.2, 0.05, 0.6, 0.15]),
    ],
)
def test_formats_by_hand(kind, expected):
    converted = boxes.convert([[10, 20, 30, 60]], "xyxy", kind, image_size=(100, 200))
    np.testing.assert_allclose(converted, [expected], rtol=1e-6)


def test_lists_and_nothing_are_boxes_too():
    assert boxes.convert([], "xyxy", "xywh").shape == (0, 4)
    assert boxes.convert([[1, 2, 3, 4]], "xyxy", "xyxy").dtype == np.float32


def test_area_of_a_box_turned_inside_out_is_zero():
    np.testing.assert_array_equal(boxes.area([[0, 0, 2, 3], [2, 0, 0, 3]]), [6, 0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[1, 2, 3]], "xyxy", "xywh"), "four columns"),
        (([[1, 2, 3, np.nan]], "xyxy", "xywh"), "finite"),
        (([[1, 2, 3, 4]], "xxyy", "xywh"), "source must be one of"),
        (([[1, 2, 3, 4]], "xyxy", "rel_xyxy"), "image_size"),
        (([[1, 2, 3, 4]], "xyxy", "rel_xyxy", (0, 5)), "two positive numbers"),
    ],
)
def test_what_is_no_box_is_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        boxes.convert(*arguments)
