"""The head as a solid: turning it moves its features as a turned head's move."""

import numpy as np

from cvlib.datasets.simulate.head import Head


def head(**pose):
    return Head(centre=(100.0, 100.0), scale=50.0, **pose)


def test_a_head_seen_from_the_front_is_symmetric():
    points = np.array([(0.3, 0.2), (0.1, 0.6)])
    right, left = head().on(points), head().on(points * (-1, 1))
    np.testing.assert_allclose(right[:, 0] - 100, 100 - left[:, 0])
    np.testing.assert_allclose(right[:, 1], left[:, 1])


def test_turning_moves_the_nose_further_than_the_cheek():
    nose, cheek = np.array([(0.0, 0.3)]), np.array([(0.6, 0.3)])
    moves = [head(yaw=0.4).on(point)[0, 0] - head().on(point)[0, 0] for point in (nose, cheek)]
    assert moves[0] > moves[1]
    assert moves[0] > 5


def test_tilting_up_moves_the_nose_up():
    assert head(pitch=0.2).on(np.array([(0.0, 0.3)]))[0, 1] < head().on(np.array([(0.0, 0.3)]))[0, 1]


def test_leaning_turns_everything_about_the_centre():
    points = np.array([(0.3, -0.4), (-0.2, 0.7)])
    still, leaning = head().on(points) - 100, head(roll=0.3).on(points) - 100
    turn = np.array([[np.cos(0.3), np.sin(0.3)], [-np.sin(0.3), np.cos(0.3)]])
    np.testing.assert_allclose(leaning, still @ turn, atol=1e-9)


def test_features_stay_within_the_outline_of_a_turned_head():
    import cv2

    eyes_and_mouth = np.array([(-0.45, 0.03), (0.45, 0.03), (-0.2, 0.6), (0.2, 0.6), (0.0, 0.4)])
    for yaw in np.linspace(-0.55, 0.55, 9):
        turned = head(yaw=yaw)
        outline = turned.outline().astype(np.float32)
        for point in turned.on(eyes_and_mouth):
            assert cv2.pointPolygonTest(outline, tuple(map(float, point)), False) > 0
