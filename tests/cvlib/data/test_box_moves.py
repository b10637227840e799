"""Boxes in a pipeline: true to the masks of their objects after every move, in step with their classes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import cvlib
from cvlib.data import affine, box_moves
from cvlib.data.tf_pipeline import to_tf_dataset
from cvlib.datasets.simulate import scenes, shapes

#: Colour of each class in `coloured`; the ground is grey.
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)


def tight(mask):
    """The box of a mask: edges of its outermost pixels."""
    rows, columns = np.nonzero(mask)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], float)


def moved_mask(mask, matrix, fill_mode):
    return affine.warp(mask.astype(np.uint8)[..., None], matrix, 0, fill_mode)[..., 0] > 0


def coloured(count=6, size=48, seed=0, most=3):
    """Grey pictures with rectangles, apart, in the colour of their class; their boxes and labels."""
    rng = np.random.default_rng(seed)
    images, boxes, labels = np.full((count, size, size, 3), 90, np.uint8), [], []
    for image in images:
        corners, kinds = [], []
        cells = rng.permutation(4)[: rng.integers(0, most + 1)]
        for cell in cells:
            left, top = np.array([cell % 2, cell // 2]) * (size // 2) + rng.integers(1, 6, 2)
            right, bottom = np.array([left, top]) + rng.integers(6, size // 2 - 6, 2)
            kind = int(rng.integers(3))
            image[top:bottom, left:right] = COLOURS[kind]
            corners.append([left, top, right, bottom])
            kinds.append(kind)
        boxes.append(corners)
        labels.append(kinds)
    return images, boxes, labels


moves = st.fixed_dictionaries(
    {
        "theta": st.floats(-180, 180),
        "tx": st.floats(-40, 40),
        "ty": st.floats(-40, 40),
        "shear": st.floats(-25, 25),
        "zx": st.floats(0.5, 1.8),
        "zy": st.floats(0.5, 1.8),
        "flip_horizontal": st.booleans(),
        "flip_vertical": st.booleans(),
    }
)
upright = moves.map(lambda drawn: {**drawn, "theta": 0.0, "shear": 0.0})


@settings(max_examples=60, deadline=None)
@given(drawn=moves, seed=st.integers(0, 300))
def test_a_moved_box_holds_the_moved_mask_of_its_object(drawn, seed):
    picture = shapes.draw(seed, (72, 96))
    matrix = affine.compose(72, 96, **drawn)
    for box, mask in zip(picture.boxes, picture.masks):
        found = box_moves.move(box[None], matrix, 72, 96)
        seen = moved_mask(mask, matrix, "constant")
        if len(found) == 0:
            assert not seen.any() or (tight(seen)[2:] - tight(seen)[:2]).min() < 2
            continue
        assert (found[:, :2] >= 0).all()
        assert (found[:, 2:] <= [96, 72]).all()
        if seen.any():
            assert (tight(seen)[:2] >= found[0, :2] - 1).all()
            assert (tight(seen)[2:] <= found[0, 2:] + 1).all()


@settings(max_examples=60, deadline=None)
@given(drawn=upright, seed=st.integers(0, 300))
def test_without_rotation_and_shear_the_moved_box_is_the_box_of_the_moved_mask(drawn, seed):
    picture = scenes.draw(seed, (64, 88), people=3)
    matrix = affine.compose(64, 88, **drawn)
    for box, mask in zip(picture.boxes, picture.masks):
        found = box_moves.move(box[None], matrix, 64, 88)
        if max(drawn["zx"], drawn["zy"]) > 1:  # pixels are left out: fine tips may be, full rectangles stay
            mask = np.zeros_like(mask)
            left, top, right, bottom = box.astype(int)
            mask[top:bottom, left:right] = True
        seen = moved_mask(mask, matrix, "constant")
        whole = tuple(np.ptp(found[0].reshape(2, 2), axis=0)) if len(found) else (0, 0)
        if min(whole) >= 4:  # of a corner of a round thing that is left, the mask may show less than the box
            cut = (found[0] == [0, 0, 88, 64]).any()
            inside = np.abs(tight(seen) - found[0]) if seen.any() else np.full(4, np.inf)
            assert cut or (inside <= 1).all()


@settings(max_examples=60, deadline=None)
@given(
    drawn=moves,
    turned=st.booleans(),
    fill=st.sampled_from(["reflect", "mirror", "wrap", "nearest"]),
    data=st.data(),
)
def test_what_a_fill_shows_again_has_boxes_and_nothing_else_has(drawn, turned, fill, data):
    """One rectangle: every pixel of it and its copies lies in a box, and every box is full of such pixels."""
    height, width = 40, 56
    left, top = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 24))
    right, bottom = left + data.draw(st.integers(5, 14)), top + data.draw(st.integers(5, 14))
    mask = np.zeros((height, width), bool)
    mask[top:bottom, left:right] = True
    if not turned:
        drawn = {**drawn, "theta": 0.0, "shear": 0.0}
    matrix = affine.compose(height, width, **drawn)
    seen = moved_mask(mask, matrix, fill)
    boxes = box_moves.move([[left, top, right, bottom]], matrix, height, width, fill)
    covered, y, x = np.zeros_like(seen), *np.mgrid[:height, :width]
    covered[[0, -1]] = covered[:, [0, -1]] = True  # at the edge, less than a pixel may be seen: no box
    for x1, y1, x2, y2 in boxes:
        covered |= (x >= x1 - 2) & (x + 1 <= x2 + 2) & (y >= y1 - 2) & (y + 1 <= y2 + 2)
    assert covered[seen].all()
    if not turned:
        for x1, y1, x2, y2 in boxes:
            core = (x >= x1 + 1) & (x + 1 <= x2 - 1) & (y >= y1 + 1) & (y + 1 <= y2 - 1)
            assert seen[core].all()


def test_wrap_and_reflect_by_hand():
    """Half a width to the left, and what leaves on the left comes in on the right."""
    half = affine.compose(20, 40, tx=20.0)
    box = [[2, 4, 8, 12]]
    assert box_moves.move(box, half, 20, 40, "constant").tolist() == []
    assert box_moves.move(box, half, 20, 40, "nearest").tolist() == []
    assert box_moves.move(box, half, 20, 40, "wrap").tolist() == [[22, 4, 28, 12]]
    # reflected at x = 40, which is seen at 20: the copy lies at 72 … 78 of the plane, 52 … 58 of the picture
    assert box_moves.move([[30, 4, 38, 12]], half, 20, 40, "reflect").tolist() == [
        [10, 4, 18, 12],
        [22, 4, 30, 12],
    ]
    assert box_moves.move([[30, 4, 38, 12]], half, 20, 40, "mirror").tolist() == [
        [10, 4, 18, 12],
        [21, 4, 29, 12],
    ]
    for fill in affine.FILL_MODES:
        still = box_moves.move([[30, 4, 40, 20]], affine.compose(20, 40), 20, 40, fill)
        assert still.tolist() == [[30, 4, 40, 20]], "nothing moves, nothing is added"


@pytest.mark.parametrize(("least", "kept"), [(0.0, 1), (0.24, 1), (0.26, 0), (1.0, 0)])
def test_a_box_is_dropped_when_too_small_a_share_of_it_is_left(least, kept):
    matrix = affine.compose(40, 40, tx=15.0)  # of a box from 0 to 20, a quarter stays
    assert len(box_moves.move([[0, 10, 20, 20]], matrix, 40, 40, "constant", least)) == kept
    inside = box_moves.move([[25, 10, 35, 20]], matrix, 40, 40, "constant", 1.0)
    np.testing.assert_allclose(inside, [[10, 10, 20, 20]])


def test_a_box_of_one_pixel_stays_until_less_than_a_pixel_is_left():
    one = [[7, 3, 8, 4]]
    np.testing.assert_array_equal(box_moves.move(one, None, 10, 10), one)
    flipped = box_moves.move(one, affine.compose(10, 10, flip_horizontal=True), 10, 10)
    np.testing.assert_allclose(flipped, [[2, 3, 3, 4]])
    assert len(box_moves.move(one, affine.compose(10, 10, zx=1.2), 10, 10)) == 0


@settings(max_examples=25, deadline=None)
@given(
    rotation=st.integers(0, 12),
    shift=st.floats(0, 0.3),
    zoom=st.floats(0, 0.4),
    flips=st.booleans(),
    mosaic=st.sampled_from([0.0, 1.0]),
    fill=st.sampled_from(["constant", "wrap", "reflect"]),
    seed=st.integers(0, 10**6),
)
def test_the_middle_of_every_box_has_the_colour_of_its_label(
    rotation, shift, zoom, flips, mosaic, fill, seed
):
    images, boxes, labels = coloured()
    generator = cvlib.ImageDataGenerator(
        rotation_range=rotation,
        width_shift_range=shift,
        height_shift_range=shift,
        zoom_range=zoom,
        horizontal_flip=flips,
        vertical_flip=flips,
        fill_mode=fill,
        min_visible=0.6,
        mosaic=mosaic,
        interpolation_order=0,
    )
    moved, targets = generator.flow(images, boxes=boxes, labels=labels, batch_size=6, seed=seed)[0]
    assert list(targets) == ["labels", "boxes"]
    assert targets["boxes"].dtype == np.float32
    assert targets["labels"].dtype == np.int32
    assert targets["boxes"].shape == (*targets["labels"].shape, 4)
    for image, rows, kinds in zip(moved, targets["boxes"], targets["labels"]):
        assert ((rows == -1).all(1) == (kinds == -1)).all()
        for (x1, y1, x2, y2), kind in zip(rows[kinds >= 0], kinds[kinds >= 0]):
            assert x2 - x1 >= 1
            assert y2 - y1 >= 1
            if min(x2 - x1, y2 - y1) >= 4:
                middle = image[int((y1 + y2) / 2), int((x1 + x2) / 2)]
                np.testing.assert_array_equal(middle, COLOURS[kind])


def test_shapes_of_batches_stay_and_pictures_without_objects_are_all_padding():
    images, boxes, labels = coloured(9, seed=3)
    assert [] in boxes
    flow = cvlib.ImageDataGenerator(horizontal_flip=True).flow(
        images, boxes=boxes, labels=labels, batch_size=4, seed=0, shuffle=False
    )
    most = max(map(len, boxes))
    shapes_seen = [targets["boxes"].shape for _, targets in (flow[i] for i in range(len(flow)))]
    assert shapes_seen == [(4, most, 4), (4, most, 4), (1, most, 4)]
    plain = cvlib.ImageDataGenerator().flow(images, boxes=boxes, labels=labels, batch_size=9, shuffle=False)
    targets = plain[0][1]
    for rows, kinds, true, classes in zip(targets["boxes"], targets["labels"], boxes, labels):
        np.testing.assert_array_equal(rows[: len(true)], np.reshape(true, (-1, 4)))
        np.testing.assert_array_equal(kinds[: len(true)], classes)
        assert (rows[len(true) :] == -1).all()
        assert (kinds[len(true) :] == -1).all()


def test_pictures_without_any_object_make_batches_too():
    images = np.zeros((3, 16, 16, 3), np.uint8)
    generator = cvlib.ImageDataGenerator(rotation_range=20, mosaic=0.5, fill_mode="wrap")
    _, targets = generator.flow(images, boxes=[[], np.zeros((0, 4)), []], labels=[[], [], []], seed=0)[0]
    assert targets["boxes"].shape == (3, 1, 4)
    assert (targets["boxes"] == -1).all()
    assert (targets["labels"] == -1).all()


def test_there_is_room_for_the_boxes_of_all_four_pictures_of_a_mosaic():
    images = np.zeros((4, 64, 64, 3), np.uint8)
    boxes = [[[left, top, left + 4, top + 4] for left in range(0, 64, 8) for top in range(0, 64, 8)]] * 4
    flow = cvlib.ImageDataGenerator(mosaic=1.0).flow(images, boxes=boxes, labels=[[1] * 64] * 4, seed=0)
    _, targets = flow[0]
    assert targets["boxes"].shape == (4, 256, 4)
    assert ((targets["labels"] >= 0).sum(1) > 64).any()


def test_validation_is_neither_moved_nor_mixed():
    images, boxes, labels = coloured(12)
    generator = cvlib.ImageDataGenerator(rotation_range=90, mosaic=1.0, validation_split=0.25)
    held = generator.flow(images, boxes=boxes, labels=labels, subset="validation", seed=0, shuffle=False)
    made, targets = held[0]
    assert len(made) == 3
    for image, rows, kinds in zip(made, targets["boxes"], targets["labels"]):
        (index,) = [i for i, each in enumerate(images) if (each == image).all()]
        np.testing.assert_array_equal(rows[kinds >= 0], np.reshape(boxes[index], (-1, 4)))


def test_a_batch_is_the_same_whatever_the_number_of_threads_and_another_in_the_next_epoch():
    images, boxes, labels = coloured(8)
    generator = cvlib.ImageDataGenerator(rotation_range=20, mosaic=0.5)

    def first(threads):
        return generator.flow(images, boxes=boxes, labels=labels, seed=4, threads=threads)

    one, three = first(1), first(3)
    np.testing.assert_array_equal(one[0][0], three[0][0])
    np.testing.assert_array_equal(one[0][1]["boxes"], three[0][1]["boxes"])
    generator = cvlib.ImageDataGenerator(mosaic=1.0)
    still = generator.flow(images, boxes=boxes, labels=labels, seed=4, shuffle=False)
    before = still[0][0].copy()
    still.on_epoch_end()
    assert (still[0][0] != before).any()


def test_the_frame_of_a_dataset_flows_and_letterboxing_keeps_all_of_the_picture(tmp_path):
    picture = np.full((40, 80, 3), 60, np.uint8)
    picture[10:20, 30:50] = (0, 255, 0)
    Image.fromarray(picture).save(tmp_path / "wide.png")
    frame = pd.DataFrame({"path": ["wide.png"], "boxes": [[[30, 10, 50, 20]]], "labels": [[1]]})
    how = {"x_col": "path", "boxes": "boxes", "labels": "labels", "target_size": (64, 64)}
    for mosaic in (0.0, 1.0):
        flow = cvlib.ImageDataGenerator(mosaic=mosaic).flow_from_dataframe(
            frame, tmp_path, keep_aspect_ratio="letterbox", **how, seed=0
        )
        image, targets = flow[0]
        if mosaic:
            kept = targets["labels"][0] >= 0
            for x1, y1, x2, y2 in targets["boxes"][0][kept].round().astype(int):
                assert (image[0, y1 + 1 : y2 - 1, x1 + 1 : x2 - 1] == (0, 255, 0)).all()
            assert (image[0] != 114).any(-1).all(), "no bars within a mosaic"
        else:
            np.testing.assert_allclose(targets["boxes"][0], [[24, 24, 40, 32]])
            assert (image[0, :16] == 114).all()
            assert (image[0, 48:] == 114).all()
            assert (image[0, 26:30, 26:38] == (0, 255, 0)).all()
    with pytest.raises(ValueError, match="keep_aspect_ratio must be a bool or"):
        cvlib.ImageDataGenerator().flow_from_dataframe(frame, tmp_path, keep_aspect_ratio="pad", **how)


def test_a_letterboxed_mask_lies_where_its_picture_does(tmp_path):
    mask = np.zeros((20, 60), np.uint8)
    mask[5:15, 12:30] = 3
    picture = np.repeat(mask[..., None] * 80, 3, -1)
    Image.fromarray(picture).save(tmp_path / "a.png")
    Image.fromarray(mask).save(tmp_path / "m.png")
    frame = pd.DataFrame({"filename": ["a.png"], "mask": ["m.png"]})
    how = {"class_mode": None, "masks": "mask", "keep_aspect_ratio": "letterbox", "target_size": (60, 60)}
    for index in (None, 255, -1):
        image, target = cvlib.ImageDataGenerator().flow_from_dataframe(
            frame, tmp_path, ignore_index=index, **how
        )[0]
        bars = (image[0] == 114).all(-1)
        assert bars.sum() == 40 * 60
        assert (target[0, ..., 0][bars] == (index or 0)).all()
        np.testing.assert_array_equal(target[0, ..., 0] == 3, image[0, ..., 0] == 240)


def test_padded_boxes_go_through_tf_data():
    images, boxes, labels = coloured(5)
    flow = cvlib.ImageDataGenerator().flow(images, boxes=boxes, labels=labels, batch_size=2, shuffle=False)
    found = [targets for _, targets in to_tf_dataset(flow)]
    assert [len(each["boxes"]) for each in found] == [2, 2, 1]
    np.testing.assert_array_equal(found[0]["boxes"], flow[0][1]["boxes"])
    np.testing.assert_array_equal(found[2]["labels"], flow[2][1]["labels"])


def test_of_more_boxes_than_there_is_room_for_the_largest_are_kept_in_order():
    rows = np.float32([[0, 0, 2, 2, 0], [0, 0, 9, 9, 1], [0, 0, 1, 1, 2], [0, 0, 5, 5, 3]])
    boxes, labels = box_moves.padded([rows, rows[:1]], 2)
    np.testing.assert_array_equal(labels, [[1, 3], [0, -1]])
    np.testing.assert_array_equal(boxes[:, 0], [[0, 0, 9, 9], [0, 0, 2, 2]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [[0]] * 3}, r"labels must have one entry a picture \(2\), got 3"),
        ({"labels": [[0, 1], [0]]}, "labels of picture 0 must be one class a box: there are 1 boxes"),
        ({"labels": [["cat"], ["dog"]]}, r"must be class indices .* got \['cat'\]: for names use"),
        ({"labels": [[0.5], [0]]}, "must be class indices"),
        ({"labels": [[-1], [0]]}, "must be class indices"),
        ({"y": [0, 1]}, "labels are the classes of boxes: pass boxes too, and no y"),
        ({"boxes": None}, "labels are the classes of boxes: pass boxes too"),
        ({"boxes": [[[0, 0, 4, np.nan]]] * 2}, r"boxes\[0\] must be finite numbers"),
        ({"boxes": [[[0, 0, 4, 4, 7]]] * 2}, "1 boxes of 5 columns"),
        ({"boxes": [["a"], []]}, r"boxes\[0\] must be an array \(n, 4\)"),
        ({"masks": np.zeros((2, 8, 8), int)}, "mosaic puts pictures together with their boxes and labels"),
        ({"labels": None}, "mosaic puts pictures together"),
    ],
)
def test_boxes_and_labels_that_do_not_fit_are_refused(change, message):
    given_well = {"boxes": [[[0, 0, 4, 4]], [[1, 1, 3, 3]]], "labels": [[0], [1]]}
    generator = cvlib.ImageDataGenerator(mosaic=0.5)
    with pytest.raises(ValueError, match=message):
        generator.flow(np.zeros((2, 8, 8, 3), np.uint8), **{**given_well, **change})


@pytest.mark.parametrize("name", ["min_visible", "mosaic"])
def test_shares_out_of_range_are_refused(name):
    with pytest.raises(ValueError, match=rf"{name} must be a share in \[0, 1\], got 1.5"):
        cvlib.ImageDataGenerator(**{name: 1.5})


def test_a_table_with_labels_needs_boxes_and_no_classes(tmp_path):
    frame = pd.DataFrame({"filename": ["a.png"], "boxes": [[]], "labels": [[]]})
    flow = cvlib.ImageDataGenerator().flow_from_dataframe
    for wrong in ({"labels": "labels"}, {"boxes": "boxes", "labels": "labels", "class_mode": "sparse"}):
        with pytest.raises(
            ValueError, match="are the classes of boxes: pass boxes too, and leave class_mode"
        ):
            flow(frame, tmp_path, **wrong)
    with pytest.raises(ValueError, match="labels='kinds' is no column"):
        flow(frame, tmp_path, boxes="boxes", labels="kinds")


# Random crops


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), picture=st.integers(0, 200), least=st.floats(0.05, 0.9))
def test_a_random_crop_shows_what_its_boxes_say(seed, picture, least):
    images, boxes, labels = coloured(1, 60, picture)
    image, kept, kinds = cvlib.data.random_crop(images[0], boxes[0], labels[0], min_visible=least, seed=seed)
    assert np.shares_memory(image, images)
    assert len(kept) == len(kinds)
    assert bool(len(kept)) == bool(len(boxes[0]))
    for (x1, y1, x2, y2), kind in zip(kept.astype(int), kinds):
        assert (image[y1:y2, x1:x2] == COLOURS[kind]).all()
        same = [np.prod(np.subtract(b[2:], b[:2])) for b, k in zip(boxes[0], labels[0]) if k == kind]
        assert (x2 - x1) * (y2 - y1) >= least * min(same) - 1e-3


def test_a_random_crop_keeps_the_share_and_the_shape_asked_for():
    image = np.zeros((100, 200, 3), np.uint8)
    for seed in range(50):
        part, boxes, labels = cvlib.data.random_crop(
            image, [], [], share=(0.2, 0.4), aspect=(1, 1), seed=seed
        )
        assert 0.19 < part.shape[0] * part.shape[1] / 20_000 < 0.41
        assert part.shape[1] / part.shape[0] == pytest.approx(2, rel=0.03)
        assert boxes.shape == (0, 4)
        assert len(labels) == 0
    whole, boxes, _ = cvlib.data.random_crop(image, [[0, 0, 200, 100]], [5], (0.1, 0.2), min_visible=0.9)
    assert whole.shape == image.shape
    assert len(boxes) == 1
    for wrong in ({"share": (0, 1)}, {"share": (0.5, 1.2)}, {"aspect": (2, 1)}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            cvlib.data.random_crop(image, [], [], **wrong)
