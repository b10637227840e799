import numpy as np

from cvlib import boxes


def test_clip_keeps_what_lies_in_the_picture_and_further_columns():
    given = np.array([[-5, 2, 30, 8, 7], [25, -9, 40, -1, 3], [1, 1, 2, 2, 0]], float)
    clipped = boxes.clip(given, height=10, width=20)
    np.testing.assert_array_equal(clipped, [[0, 2, 20, 8, 7], [20, 0, 20, 0, 3], [1, 1, 2, 2, 0]])
    assert clipped.dtype == np.float32
    assert given[0, 0] == -5
