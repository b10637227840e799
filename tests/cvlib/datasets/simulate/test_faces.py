"""Drawn faces: what `draw` says about a picture is true of the picture."""

import numpy as np
import pytest

from cvlib.datasets.simulate import faces, masks, occluders


def many(number, label=None, size=96, **how):
    return [faces.draw(np.random.default_rng((7, index)), size, label, **how) for index in range(number)]


def test_the_same_generator_state_draws_the_same_face():
    first, second = (faces.draw(np.random.default_rng(3), 96) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.occluder, second.occluder)
    assert first.label == second.label


def test_another_state_draws_another_face():
    first, second = (faces.draw(np.random.default_rng(seed), 96, "with_mask") for seed in (3, 4))
    assert np.abs(first.image.astype(int) - second.image).mean() > 10


@pytest.mark.parametrize("size", [16, 40, 97, (96, 140), (131, 90), np.int64(64)])
def test_every_size_is_drawn_with_masks_of_its_own_size(size):
    face = faces.draw(np.random.default_rng(0), size)
    shape = (size, size) if np.isscalar(size) else size
    assert face.image.shape == (*shape, 3)
    assert face.image.dtype == np.uint8
    assert face.face.shape == face.occluder.shape == face.person.shape == shape
    assert face.box.shape == (4,)
    assert face.box.dtype == np.float32


def test_the_box_is_the_tight_box_of_the_face():
    for face in many(40, size=(120, 100)):
        rows, columns = np.nonzero(face.face)
        tight = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(face.box, tight, atol=1.25)


def test_the_face_mask_is_most_of_its_box_and_lies_on_the_person():
    for face in many(30):
        x1, y1, x2, y2 = face.box
        share = face.face.sum() / ((x2 - x1) * (y2 - y1))
        assert 0.68 < share < 0.95  # an ellipse fills 0.785 of its box
        assert (face.person[face.face == 1] > 127).mean() > 0.99


def test_a_masked_face_has_its_mask_on_the_lower_half():
    for face in many(40, "with_mask"):
        covered = np.nonzero(face.occluder)[0]
        assert covered.size > 0.1 * face.face.sum()
        middle = (face.box[1] + face.box[3]) / 2
        assert covered.mean() > middle
        assert face.occluder_kind in masks.KINDS
        assert face.worn in {"worn", "below the nose"}


def test_a_bare_face_has_no_occluder_and_a_hard_one_always_has():
    for face in many(15, "without_mask", hard=0.0):
        assert face.occluder_kind is None
        assert not face.occluder.any()
    for face in many(40, "without_mask", hard=1.0):
        assert face.occluder_kind in occluders.KINDS
        assert face.occluder.any()
        assert face.worn is None


def test_both_labels_come_up_where_none_is_asked_for():
    labels = [face.label for face in many(60, size=32)]
    assert set(labels) == set(faces.LABELS)
    assert 15 < labels.count("with_mask") < 45


def test_every_kind_of_mask_and_of_hard_negative_is_drawn():
    kinds = {face.occluder_kind for face in many(150, "with_mask", size=24)}
    assert kinds == set(masks.KINDS)
    kinds = {face.occluder_kind for face in many(150, "without_mask", size=24, hard=1.0)}
    assert kinds == set(occluders.KINDS)


def test_masks_are_worn_below_the_nose_now_and_then_and_keep_the_label():
    low = [face for face in many(150, "with_mask", size=24) if face.worn == "below the nose"]
    assert 2 <= len(low) <= 30


def test_skin_spans_the_whole_scale_for_both_labels():
    for label in faces.LABELS:
        tones = np.array([face.who.tone for face in many(120, label, size=24)])
        assert np.histogram(tones, bins=3, range=(0, 9))[0].min() > 20


def test_the_colour_of_a_mask_does_not_give_it_away():
    """The mean colour under the masks, and under what is taken for one, overlap in every channel."""
    under = [
        np.array(
            [
                face.image[face.occluder == 1].mean(0)
                for face in many(80, label, hard=1.0)
                if face.occluder.any()
            ]
        )
        for label in faces.LABELS
    ]
    for channel in range(3):
        first, second = (np.percentile(colours[:, channel], [10, 90]) for colours in under)
        overlap = min(first[1], second[1]) - max(first[0], second[0])
        assert overlap > 0.6 * min(np.ptp(first), np.ptp(second))


@pytest.mark.parametrize(
    ("arguments", "named"), [((8,), "size"), ((96, "masked"), "label"), (((200, 9),), "size")]
)
def test_bad_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        faces.draw(np.random.default_rng(0), *arguments)
