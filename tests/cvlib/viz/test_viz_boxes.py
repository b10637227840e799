"""Boxes drawn on pictures: where they lie, how true and predicted differ, and what is refused."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from cvlib import viz
from cvlib.data.annotations import AnnotatedImage

PICTURE = np.zeros((40, 60, 3), np.uint8)
TRUE = {"boxes": [[5, 10, 30, 35], [0, 0, 60, 40]], "classes": [1, 0]}
FOUND = {"boxes": [[6, 11, 31, 36], [1, 1, 9, 9]], "classes": [1, 1], "scores": [0.91, 0.2]}


def rectangles(axis):
    return [patch for patch in axis.patches if isinstance(patch, Rectangle)]


def test_a_box_is_drawn_on_the_edges_of_its_pixels():
    (axis,) = viz.boxes([PICTURE], [TRUE], class_names=["cat", "dog"]).axes
    first, whole = rectangles(axis)
    assert first.get_bbox().extents.tolist() == [4.5, 9.5, 29.5, 34.5]
    left, right, bottom, top = axis.images[0].get_extent()
    assert whole.get_bbox().extents.tolist() == [left, top, right, bottom]


def test_true_boxes_are_solid_predicted_ones_dashed_and_bear_their_score():
    figure = viz.boxes([PICTURE], [TRUE], [FOUND], class_names=["cat", "dog"], least=0.5)
    (axis,) = figure.axes
    styles = [patch.get_linestyle() for patch in rectangles(axis)]
    assert len(styles) == 3
    assert styles[0] == styles[1] != styles[2]
    assert [text.get_text() for text in axis.texts] == ["0.91"]
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == ["cat", "dog", "true", "predicted, with its score"]


def test_classes_keep_their_colours_and_labels_may_be_annotated_images():
    image = AnnotatedImage("a.png", TRUE["boxes"], ["dog", "cat"], (40, 60))
    named = viz.boxes([PICTURE], [image], class_names=["cat", "dog"])
    counted = viz.boxes([PICTURE], [TRUE], class_names=["cat", "dog"])
    colours = [[patch.get_edgecolor() for patch in rectangles(f.axes[0])] for f in (named, counted)]
    assert colours[0] == colours[1]
    assert len(set(colours[0])) == 2


def test_a_sheet_takes_pictures_without_boxes():
    figure = viz.boxes([PICTURE] * 3, [TRUE, None, {"boxes": [], "classes": []}], columns=3)
    assert [len(rectangles(axis)) for axis in figure.axes] == [2, 0, 0]
    assert viz.boxes([PICTURE]).axes


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], r"labels must have one entry a picture \(1\), got 0"),
        ([{"boxes": [[1, 2, 3]], "classes": [0]}], r"labels\[0\]: boxes must be \(N, 4\)"),
        ([{"boxes": [[1, 2, 3, 4]], "classes": []}], r"labels\[0\]: classes must have one entry a box"),
        ([{"boxes": [[1, 2, 3, 4]], "classes": [7]}], "class 7 has no name"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        viz.boxes([PICTURE], labels, class_names=["cat"])
