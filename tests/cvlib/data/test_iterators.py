"""Batches: order, labels, epochs, threads, masks and boxes in step, and what bad input is told."""

import pickle
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import cvlib
from cvlib._opencv import cv2
from cvlib.data import affine, box_moves
from cvlib.data.reading import ImageReadError

EVERYTHING = {
    "rotation_range": 25,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 10,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "vertical_flip": True,
    "brightness_range": (0.7, 1.3),
    "channel_shift_range": 20,
    "rescale": 1 / 255,
}


@pytest.fixture(scope="module")
def peer():
    """Keras' generator class."""
    import tensorflow as tf

    return tf.keras.preprocessing.image.ImageDataGenerator


def pictures(count=7, height=24, width=30, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    return np.stack([cv2.GaussianBlur(each, (0, 0), 1.5) for each in noise])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three classes, one nested, odd extensions and things to pass over."""
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for label, count in {"cat": 6, "dog": 5, "emu": 4}.items():
        (root / label / "more").mkdir(parents=True)
        for index in range(count):
            height, width = rng.integers(20, 60, 2)
            image = Image.fromarray(pictures(1, height, width, seed=index)[0])
            inner = "more/" if index == count - 1 else ""
            kind = ["jpg", "png", "JPEG", "bmp"][index % 4]
            image.convert("RGBA" if kind == "png" else "RGB").save(
                root / label / f"{inner}{index:02d}.{kind}"
            )
        (root / label / "notes.txt").write_text("no picture")
    return root


@pytest.fixture(scope="module")
def table(folder):
    names = sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.suffix not in ("", ".txt")
    )
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"filename": names, "class": [name.split("/")[0] for name in names]})
    frame["weight"] = rng.random(len(frame))
    frame["size"] = rng.random(len(frame))
    frame["count"] = rng.integers(0, 9, len(frame))
    frame["tags"] = [["a"] if i % 3 else ["a", "b"] for i in range(len(frame))]
    return frame


def same(ours, theirs, **tolerance):
    """The same tree of arrays."""
    if isinstance(theirs, (tuple, list)):
        assert isinstance(ours, (tuple, list))
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            same(a, b, **tolerance)
    else:
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, **tolerance)


# The paths without chance: as Keras, to the bit


@pytest.mark.parametrize("class_mode", ["categorical", "sparse", "input", None])
@pytest.mark.parametrize("color_mode", ["rgb", "rgba"])
def test_a_folder_gives_keras_batches(peer, folder, class_mode, color_mode):
    options = {
        "target_size": (25, 33),
        "class_mode": class_mode,
        "color_mode": color_mode,
        "batch_size": 4,
        "shuffle": False,
    }
    ours = cvlib.ImageDataGenerator(rescale=1 / 255).flow_from_directory(folder, **options)
    theirs = peer(rescale=1 / 255).flow_from_directory(folder, **options)
    assert ours.filenames == theirs.filenames
    assert ours.class_indices == theirs.class_indices
    for name in ("samples", "n", "num_classes", "image_shape", "target_size", "filepaths", "batch_size"):
        assert getattr(ours, name) == getattr(theirs, name), name
    np.testing.assert_array_equal(ours.classes, theirs.classes)
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    assert len(ours) == len(theirs) == 4
    for index in range(4):
        same(ours[index], theirs[index], rtol=1e-6)
    for _ in range(5):
        same(next(ours), next(theirs), rtol=1e-6)
    ours.reset()
    theirs.reset()


@pytest.mark.parametrize("interpolation", affine.INTERPOLATIONS)
@pytest.mark.parametrize("keep_aspect_ratio", [False, True])
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale"])
def test_resizing_is_keras_resizing(peer, folder, interpolation, keep_aspect_ratio, color_mode):
    options = {
        "target_size": (17, 29),
        "interpolation": interpolation,
        "keep_aspect_ratio": keep_aspect_ratio,
        "color_mode": color_mode,
        "shuffle": False,
        "class_mode": None,
    }
    ours = next(cvlib.ImageDataGenerator().flow_from_directory(folder, **options))
    theirs = next(peer().flow_from_directory(folder, **options))
    np.testing.assert_allclose(ours, theirs, atol=0 if color_mode == "rgb" else 3)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 90), st.integers(1, 90))
def test_nearest_is_pillows_nearest_at_any_size(height, width, new_height, new_width):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(image).resize((new_width, new_height), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(affine.resize(image, (new_height, new_width)), expected)


def test_classes_can_be_chosen_and_ordered(peer, folder):
    for classes in (["emu", "cat"], ["."]):
        options = {"classes": classes, "class_mode": "sparse", "shuffle": False, "target_size": (8, 8)}
        ours = cvlib.ImageDataGenerator().flow_from_directory(folder, **options)
        theirs = peer().flow_from_directory(folder, **options)
        assert ours.class_indices == theirs.class_indices
        assert ours.filepaths == theirs.filepaths
        np.testing.assert_array_equal(ours.classes, theirs.classes)


MODES = {
    "categorical": {"y_col": "class"},
    "sparse": {"y_col": "class"},
    "several labels a picture": {"y_col": "tags", "class_mode": "categorical"},
    "raw": {"y_col": "size"},
    "raw columns": {"y_col": ["size", "count"], "class_mode": "raw"},
    "multi_output": {"y_col": ["size", "count"]},
    "input": {},
    "none": {"class_mode": None},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("weight_col", [None, "weight"])
def test_a_table_gives_keras_batches(peer, folder, table, mode, weight_col):
    options = {
        "class_mode": mode,
        "directory": str(folder),
        "weight_col": weight_col,
        "target_size": (12, 10),
        "batch_size": 4,
        "shuffle": False,
        **MODES[mode],
    }
    ours = cvlib.ImageDataGenerator().flow_from_dataframe(table, **options)
    theirs = peer().flow_from_dataframe(table, **options)
    assert ours.filenames == theirs.filenames
    assert ours.filepaths == theirs.filepaths
    assert ours.samples == theirs.samples
    for name in ("class_indices", "classes"):
        assert getattr(ours, name, None) == getattr(theirs, name, None)
    for index in range(len(theirs)):
        same(ours[index], theirs[index], rtol=1e-6)
    if mode != "none" and mode != "input":
        same(ours.labels, theirs.labels) if mode not in (
            "categorical",
            "sparse",
            "several labels a picture",
        ) else None


def test_binary_labels_are_keras_too(peer, folder, table):
    two = table[table["class"] != "emu"]
    options = {"directory": str(folder), "class_mode": "binary", "target_size": (9, 9), "shuffle": False}
    ours = cvlib.ImageDataGenerator().flow_from_dataframe(two, **options)
    theirs = peer().flow_from_dataframe(two, **options)
    same(ours[0], theirs[0])
    options.pop("directory")
    ours = cvlib.ImageDataGenerator().flow_from_directory(folder, classes=["cat", "dog"], **options)
    theirs = peer().flow_from_directory(folder, classes=["cat", "dog"], **options)
    same(ours[0], theirs[0])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_arrays_give_keras_batches(peer, data_format):
    x = pictures().astype(np.float32)
    if data_format == "channels_first":
        x = np.moveaxis(x, -1, 1)
    y, weights, extra = np.arange(7), np.linspace(0, 1, 7), np.arange(14).reshape(7, 2)
    cases = [
        ((x,), {}),
        ((x, y), {}),
        ((x, y), {"sample_weight": weights}),
        (((x, extra), y), {}),
        (((x, [extra, y]), y), {}),
    ]
    for arguments, options in cases:
        options = {**options, "batch_size": 3, "shuffle": False}
        ours = cvlib.ImageDataGenerator(rescale=0.5, data_format=data_format).flow(*arguments, **options)
        theirs = peer(rescale=0.5, data_format=data_format).flow(*arguments, **options)
        assert len(ours) == len(theirs)
        for index in range(len(theirs)):
            same(ours[index], theirs[index])


def test_a_table_may_keep_the_aspect_ratio_where_keras_ignores_it(folder, table):
    options = {"directory": folder, "target_size": (20, 20), "shuffle": False, "class_mode": None}
    generator = cvlib.ImageDataGenerator()
    kept = next(generator.flow_from_dataframe(table, **options, keep_aspect_ratio=True))
    stretched = next(generator.flow_from_dataframe(table, **options))
    assert np.abs(kept - stretched).mean() > 5


# Chance: (seed, epoch, index) and nothing else


def run_through(iterator, epochs=2):
    return [next(iterator) for _ in range(epochs * len(iterator))]


@pytest.mark.parametrize("source", ["arrays", "files"])
def test_batches_do_not_depend_on_the_number_of_threads(folder, source):
    def iterator(threads):
        generator = cvlib.ImageDataGenerator(**EVERYTHING)
        options = {"batch_size": 4, "seed": 11, "threads": threads}
        if source == "arrays":
            return generator.flow(pictures(15), np.arange(15), **options)
        return generator.flow_from_directory(folder, target_size=(21, 22), **options)

    expected = run_through(iterator(1))
    for threads in (2, 3, 8):
        for a, b in zip(run_through(iterator(threads)), expected):
            same(a, b, rtol=0)


def test_batches_do_not_depend_on_the_order_of_access():
    generator = cvlib.ImageDataGenerator(**EVERYTHING)
    first, second = (generator.flow(pictures(15), np.arange(15), batch_size=4, seed=2) for _ in range(2))
    in_order = [first[i] for i in range(4)]
    for index in (3, 0, 2, 1, 1):
        same(second[index], in_order[index], rtol=0)
    same(second[-1], in_order[3], rtol=0)
    results = [None] * 4

    def ask(index):
        results[index] = second[index]

    askers = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    for index in range(4):
        same(results[index], in_order[index], rtol=0)


def test_a_picture_is_drawn_alike_whatever_else_is_in_its_batch():
    generator = cvlib.ImageDataGenerator(**EVERYTHING)
    x = pictures(12)
    many = np.concatenate(run_through(generator.flow(x, batch_size=5, shuffle=False, seed=3), 1))
    few = np.concatenate(run_through(generator.flow(x[:6], batch_size=2, shuffle=False, seed=3), 1))
    np.testing.assert_array_equal(many[:6], few)


def test_epochs_differ_and_come_again_with_the_same_seed():
    generator = cvlib.ImageDataGenerator(**EVERYTHING)
    iterator, again = (generator.flow(pictures(6), np.arange(6), batch_size=6, seed=1) for _ in range(2))
    (x0, y0), (x1, y1) = next(iterator), next(iterator)
    assert iterator.epoch == 2
    assert sorted(y0) == sorted(y1) == list(range(6))
    assert list(y0) != list(y1)
    assert np.abs(x0[np.argsort(y0)] - x1[np.argsort(y1)]).mean() > 0.01
    again.epoch = 1  # resume after a training that was cut off
    same(again[0], (x1, y1), rtol=0)
    again.on_epoch_end()
    same(again[0], next(iterator), rtol=0)
    other = next(generator.flow(pictures(6), np.arange(6), batch_size=6, seed=2))
    assert np.abs(other[0] - x0).mean() > 0.01


def test_reset_goes_back_to_the_first_batch():
    iterator = cvlib.ImageDataGenerator(**EVERYTHING).flow(pictures(), batch_size=3, seed=0)
    first = next(iterator)
    next(iterator)
    iterator.reset()
    same(next(iterator), first, rtol=0)


def test_without_a_seed_numpys_seed_decides():
    runs = []
    for _ in range(2):
        np.random.seed(8)  # noqa: NPY002
        runs.append(next(cvlib.ImageDataGenerator(**EVERYTHING).flow(pictures())))
    same(*runs, rtol=0)


def test_every_picture_comes_once_an_epoch():
    iterator = cvlib.ImageDataGenerator().flow(pictures(23), np.arange(23), batch_size=5)
    for _ in range(3):
        labels = [next(iterator)[1] for _ in range(len(iterator))]
        assert [len(each) for each in labels] == [5, 5, 5, 5, 3]
        assert sorted(np.concatenate(labels)) == list(range(23))


def test_a_batch_that_is_kept_is_never_overwritten():
    iterator = cvlib.ImageDataGenerator(**EVERYTHING).flow(pictures(40), batch_size=4, seed=0, shuffle=False)
    kept, parts = [], []
    for index in range(30):
        batch = next(iterator)
        (kept if index % 2 else parts).append(batch if index % 2 else batch[1:3, 2:])
    iterator.epoch = 0
    expected = [iterator[i] for i in range(10)]
    for index in range(1, 10, 2):
        np.testing.assert_array_equal(kept[index // 2], expected[index])
        np.testing.assert_array_equal(parts[index // 2], expected[index - 1][1:3, 2:])


def test_opencvs_threads_are_as_they_were_afterwards(folder):
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(3)
        iterator = cvlib.ImageDataGenerator(**EVERYTHING).flow_from_directory(folder, batch_size=3, threads=3)
        next(iterator)
        assert cv2.getNumThreads() == 3
        run_through(iterator, 1)
        iterator._ahead.job.wait()  # the batch that was read ahead, and will not be asked for
        (folder / "cat" / "bad.jpg").write_text("text")
        try:
            with pytest.raises(ImageReadError):
                run_through(
                    cvlib.ImageDataGenerator().flow_from_directory(folder, threads=2, batch_size=99), 1
                )
        finally:
            (folder / "cat" / "bad.jpg").unlink()
        iterator[0]
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_iterators_survive_pickling():
    iterator = cvlib.ImageDataGenerator(**EVERYTHING).flow(pictures(9), batch_size=3, seed=4)
    expected = run_through(iterator, 1)
    iterator.epoch = 0
    copy = pickle.loads(pickle.dumps(iterator))
    for index in range(3):
        same(copy[index], expected[index], rtol=0)


# Training


def model(outputs=1, shape=(24, 30, 3)):
    import keras

    inputs = keras.Input(shape)
    x = keras.layers.GlobalAveragePooling2D()(inputs)
    return keras.Model(
        inputs,
        [keras.layers.Dense(1)(x) for _ in range(outputs)] if outputs > 1 else keras.layers.Dense(1)(x),
    )


def test_fit_evaluate_and_predict_take_it_as_it_is(folder):
    net = model()
    net.compile("sgd", "mse")
    generator = cvlib.ImageDataGenerator(**EVERYTHING, validation_split=0.3)
    iterator = generator.flow(pictures(10), np.arange(10.0), batch_size=3, subset="training", seed=0)
    held_back = generator.flow(pictures(10), np.arange(10.0), batch_size=3, subset="validation")
    history = net.fit(iterator, validation_data=held_back, epochs=3, verbose=0)
    assert len(history.history["val_loss"]) == 3
    assert iterator.epoch >= 3  # Keras also ends an epoch before the first, after it has looked at the shapes
    assert np.isfinite(net.evaluate(held_back, verbose=0))
    files = cvlib.ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        folder, target_size=(24, 30), shuffle=False, batch_size=4, class_mode=None
    )
    predictions = net.predict(files, verbose=0)
    assert predictions.shape == (15, 1)
    np.testing.assert_allclose(predictions[4:8], net.predict(files[1], verbose=0), rtol=1e-4, atol=1e-5)


def test_fit_takes_several_outputs_weights_masks_and_inputs(folder, table):
    import keras

    net = model(outputs=2)
    net.compile("sgd", ["mse", "mse"])
    generator = cvlib.ImageDataGenerator(**EVERYTHING)
    net.fit(
        generator.flow_from_dataframe(
            table,
            folder,
            y_col=["size", "count"],
            class_mode="multi_output",
            target_size=(24, 30),
            batch_size=4,
        ),
        verbose=0,
    )
    net = model()
    net.compile("sgd", "mse")
    weighted = generator.flow(pictures(), np.zeros(7), sample_weight=np.ones(7), batch_size=4)
    net.fit(weighted, verbose=0)
    inputs = keras.Input((24, 30, 3))
    segment = keras.Model(inputs, keras.layers.Conv2D(4, 3, padding="same")(inputs))
    segment.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    segment.fit(generator.flow(pictures(), masks=np.ones((7, 24, 30), int), batch_size=4), verbose=0)
    copy = keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs))
    copy.compile("sgd", "mse")
    copy.fit(
        generator.flow_from_directory(folder, target_size=(24, 30), class_mode="input", batch_size=4),
        verbose=0,
    )
    other = keras.Input((2,))
    joined = keras.layers.Concatenate()([keras.layers.GlobalAveragePooling2D()(inputs), other])
    two = keras.Model([inputs, other], keras.layers.Dense(1)(joined))
    two.compile("sgd", "mse")
    two.fit(generator.flow((pictures(), np.zeros((7, 2))), np.zeros(7), batch_size=4), verbose=0)


def test_resize_and_moves_are_one_resampling_and_agree_with_two(tmp_path):
    """A smooth picture, of which nearest and bilinear sampling see the same."""
    y, x = np.mgrid[:90, :120] / 90.0
    smooth = np.stack([127 + 100 * np.sin(3 * x + y), 127 + 100 * np.cos(2 * y), 60 + 100 * x], -1)
    (tmp_path / "a").mkdir()
    Image.fromarray(smooth.astype(np.uint8)).save(tmp_path / "a" / "0.png")
    generator = cvlib.ImageDataGenerator(rotation_range=30, zoom_range=0.3, horizontal_flip=True)
    options = {"target_size": (60, 70), "class_mode": None, "seed": 3}
    for _ in range(4):
        at_once = next(generator.flow_from_directory(tmp_path, **options))
        resized = next(generator.flow_from_directory(tmp_path, **options, interpolation="bilinear"))
        assert np.abs(at_once - resized).mean() < 1
        options["seed"] += 1
    sizes = affine.from_source(np.eye(2, 3), (90, 120), (60, 70))
    np.testing.assert_allclose(sizes @ [0, 0, 1], [120 / 70 / 2 - 0.5, 90 / 60 / 2 - 0.5])
    np.testing.assert_allclose(sizes @ [69.5, 59.5, 1], [119.5, 89.5])


# Masks and boxes move with their picture


def marked(count=5, size=40, seed=0):
    """Grey pictures with one bright rectangle each, its mask (label 7) and its box."""
    rng = np.random.default_rng(seed)
    x = np.full((count, size, size, 3), 40, np.uint8)
    masks, boxes = np.zeros((count, size, size), np.uint8), []
    for image, mask in zip(x, masks):
        left, top = rng.integers(8, size // 2, 2)
        right, bottom = left + rng.integers(6, 14), top + rng.integers(6, 14)
        image[top:bottom, left:right] = 220
        mask[top:bottom, left:right] = 7
        boxes.append(np.array([[left, top, right, bottom, 3]], np.float32))
    return x, masks, boxes


@settings(max_examples=40, deadline=None)
@given(
    rotation=st.integers(0, 180),
    shift=st.floats(0, 0.4),
    shear=st.integers(0, 25),
    zoom=st.floats(0, 0.6),
    flips=st.tuples(st.booleans(), st.booleans()),
    seed=st.integers(0, 10**6),
)
def test_mask_and_box_stay_on_their_object(rotation, shift, shear, zoom, flips, seed):
    x, masks, boxes = marked()
    generator = cvlib.ImageDataGenerator(
        rotation_range=rotation,
        width_shift_range=shift,
        height_shift_range=shift,
        shear_range=shear,
        zoom_range=zoom,
        horizontal_flip=flips[0],
        vertical_flip=flips[1],
        fill_mode="constant",
        min_visible=0,
    )
    images, targets = next(generator.flow(x, masks=masks, boxes=boxes, seed=seed, batch_size=5))
    assert targets["masks"].shape == (5, 40, 40, 1)
    assert targets["masks"].dtype == np.uint8
    assert set(np.unique(targets["masks"])) <= {0, 7}
    for image, mask, kept in zip(images[..., 0], targets["masks"][..., 0], targets["boxes"]):
        kernel = np.ones((3, 3), np.uint8)
        core = cv2.erode(mask, kernel, borderValue=0) == 7
        near = cv2.dilate(mask, kernel) == 7
        assert (image[core] > 130).all()  # 220 inside, 40 outside, blends between only at the rim
        assert (image[~near] < 130).all()
        rows, columns = np.nonzero(mask)
        if len(kept) == 0:
            assert len(rows) == 0 or min(np.ptp(rows), np.ptp(columns)) < 2
            continue
        left, top, right, bottom, label = kept[0]
        assert label == 3
        assert 0 <= left <= right <= 40
        assert 0 <= top <= bottom <= 40
        if len(rows):
            assert left - 1 <= columns.min()
            assert columns.max() + 1 <= right + 1
            assert top - 1 <= rows.min()
            assert rows.max() + 1 <= bottom + 1
            if rotation == 0 and shear == 0:  # then the box is as tight as it was
                assert abs(columns.min() - left) <= 1
                assert abs(rows.max() + 1 - bottom) <= 1


def test_flipped_masks_and_boxes_are_exact():
    _, masks, boxes = marked()
    draw = affine.compose(40, 40, flip_horizontal=True)
    np.testing.assert_array_equal(affine.warp(masks[0][..., None], draw, 0)[..., 0], masks[0][:, ::-1])
    moved = box_moves.move(boxes[0], draw, 40, 40)[0]
    left, top, right, bottom, label = boxes[0][0]
    np.testing.assert_allclose(moved, [40 - right, top, 40 - left, bottom, label])


def test_labels_and_masks_and_boxes_come_in_a_dict_and_alone_in_their_own_right():
    x, masks, boxes = marked()
    flow = cvlib.ImageDataGenerator().flow
    _, targets = next(flow(x, np.arange(5), masks=masks, boxes=boxes, shuffle=False))
    assert list(targets) == ["labels", "masks", "boxes"]
    np.testing.assert_array_equal(targets["masks"][..., 0], masks)
    np.testing.assert_array_equal(next(flow(x, masks=masks, shuffle=False))[1][..., 0], masks)
    alone = next(flow(x, boxes=boxes, shuffle=False))[1]
    np.testing.assert_array_equal(alone[2], boxes[2])
    weighted = next(flow(x, masks=masks, sample_weight=np.arange(5), shuffle=False))
    assert [len(part) for part in weighted] == [5, 5, 5]


def test_large_labels_stay_as_they_are():
    x, masks, _ = marked()
    big = masks.astype(np.int64) * 10_000
    _, moved = next(cvlib.ImageDataGenerator(rotation_range=90).flow(x, masks=big, seed=0))
    assert moved.dtype == np.int32
    assert set(np.unique(moved)) == {0, 70_000}


def test_masks_and_boxes_of_files_move_as_those_of_arrays(tmp_path):
    x, masks, boxes = marked(6)
    for index in range(6):
        label = "ab"[index % 2]
        for kind, array in {"images": x, "masks": masks}.items():
            (tmp_path / kind / label).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array[index]).save(
                tmp_path / kind / label / f"{index}.{'bmp' if kind == 'images' else 'png'}"
            )
    generator = cvlib.ImageDataGenerator(rotation_range=40, horizontal_flip=True, zoom_range=0.3)
    order = [0, 2, 4, 1, 3, 5]
    expected, moved = next(
        generator.flow(x[order], masks=masks[order], boxes=[boxes[i] for i in order], seed=5, shuffle=False)
    )
    names = [f"{'ab'[i % 2]}/{i}.bmp" for i in order]
    options = {"target_size": (40, 40), "seed": 5, "shuffle": False}
    by_name = {name: boxes[i] for name, i in zip(names, order)}
    images, targets = next(
        generator.flow_from_directory(
            tmp_path / "images", masks=tmp_path / "masks", boxes=by_name, class_mode="sparse", **options
        )
    )
    np.testing.assert_array_equal(images, expected)
    np.testing.assert_array_equal(targets["masks"], moved["masks"])
    np.testing.assert_array_equal(targets["labels"], [0, 0, 0, 1, 1, 1])
    for a, b in zip(targets["boxes"], moved["boxes"]):
        np.testing.assert_allclose(a, b)
    frame = pd.DataFrame(
        {
            "filename": [f"images/{name}" for name in names],
            "mask": [f"masks/{name[:-3]}png" for name in names],
            "boxes": [boxes[i] for i in order],
        }
    )
    again, targets = next(
        generator.flow_from_dataframe(
            frame, tmp_path, class_mode=None, masks="mask", boxes="boxes", **options
        )
    )
    np.testing.assert_array_equal(again, expected)
    np.testing.assert_array_equal(targets["masks"], moved["masks"])
    (tmp_path / "masks" / "b" / "3.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 6 pictures have no mask .*b/3\.bmp"):
        generator.flow_from_directory(tmp_path / "images", masks=tmp_path / "masks", **options)


def test_boxes_are_resized_and_cropped_with_their_file(tmp_path):
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[10:20, 30:50] = 255
    (tmp_path / "a").mkdir()
    Image.fromarray(picture).save(tmp_path / "a" / "0.png")
    boxes = {"a/0.png": [[30, 10, 50, 20], [0, 0, 15, 15]]}
    for keep, expected in [
        (False, [[7.5, 5, 12.5, 10], [0, 0, 3.75, 7.5]]),
        (True, [[5, 5, 15, 10]]),  # the second lies wholly in what is cropped away
    ]:
        images, moved = next(
            cvlib.ImageDataGenerator().flow_from_directory(
                tmp_path, target_size=(20, 20), boxes=boxes, class_mode=None, keep_aspect_ratio=keep
            )
        )
        np.testing.assert_allclose(moved[0], expected)
        left, top, right, bottom = (round(float(v)) for v in moved[0][0])
        assert images[0, top:bottom, left + 1 : right - 1].min() == 255


@pytest.mark.parametrize(
    ("masks", "boxes", "message"),
    [
        (np.zeros((5, 40, 40)), None, "masks must hold whole numbers"),
        (np.zeros((5, 20, 20), int), None, "masks must be .* of the pictures' size"),
        (np.zeros((4, 40, 40), int), None, r"masks must have one entry a picture \(5\), got 4"),
        (None, [[[1, 2, 3]]] * 5, r"boxes\[0\] must be an array \(n, 4\)"),
        (None, [[[9, 2, 3, 4]]] * 5, "xyxy, not xywh"),
    ],
)
def test_masks_and_boxes_that_do_not_fit_are_refused(masks, boxes, message):
    with pytest.raises(ValueError, match=message):
        cvlib.ImageDataGenerator().flow(marked()[0], masks=masks, boxes=boxes)


# Subsets


def test_subsets_are_disjoint_stratified_random_and_whole(folder, table):
    generator = cvlib.ImageDataGenerator(validation_split=0.4)
    sources = {
        "folder": lambda subset: generator.flow_from_directory(folder, subset=subset, seed=hash(subset) % 99),
        "table": lambda subset: generator.flow_from_dataframe(table, folder, subset=subset),
    }
    for make in sources.values():
        training, validation = make("training"), make("validation")
        assert not set(training.filenames) & set(validation.filenames)
        assert sorted(training.filenames + validation.filenames) == sorted(table["filename"])
        held_back = pd.Series([name.split("/")[0] for name in validation.filenames]).value_counts()
        assert held_back.to_dict() == {"cat": 2, "dog": 2, "emu": 1}
        assert make("validation").filenames == validation.filenames
    y = np.repeat([0, 1], 50)  # sorted by class, as folders are
    x = np.zeros((100, 2, 2, 1), np.uint8)
    parts = [generator.flow(x, y, subset=subset, shuffle=False) for subset in ("training", "validation")]
    assert [np.bincount(part.y).tolist() for part in parts] == [[30, 30], [20, 20]]
    one_hot = generator.flow(x, np.eye(2)[y], subset="validation").y
    assert one_hot.sum(0).tolist() == [20, 20]
    order = generator.flow((x, np.arange(100)), y, subset="validation").x_misc[0]
    assert not np.array_equal(order[:20], np.arange(20))  # not the first share of the class


def test_validation_is_not_augmented():
    generator = cvlib.ImageDataGenerator(**EVERYTHING, validation_split=0.5)
    x = pictures(8)
    held_back = generator.flow(x, subset="validation", shuffle=False)
    np.testing.assert_array_equal(next(held_back), held_back.x * np.float32(1 / 255))
    training = generator.flow(x, subset="training", shuffle=False, seed=0)
    assert np.abs(next(training) - training.x / 255).mean() > 0.02


def test_a_class_too_small_to_split_is_named():
    generator = cvlib.ImageDataGenerator(validation_split=0.2)
    x, y = np.zeros((11, 2, 2, 1), np.uint8), np.array([0] * 10 + [1])
    with pytest.raises(ValueError, match="validation subset has no picture of class 1"):
        generator.flow(x, y, subset="validation")
    assert generator.flow(x, y, subset="validation", ignore_class_split=True).n == 2
    with pytest.raises(ValueError, match="needs a share to split off"):
        cvlib.ImageDataGenerator().flow(x, y, subset="validation")
    with pytest.raises(ValueError, match='must be "training", "validation" or None'):
        generator.flow(x, y, subset="test")


# Saving


@pytest.mark.parametrize("rescale", [None, 1 / 255])
def test_saved_copies_show_what_the_model_sees(tmp_path, rescale):
    x = pictures(4) // 2 + 50
    iterator = cvlib.ImageDataGenerator(rescale=rescale).flow(
        x, save_to_dir=tmp_path / "copies", save_prefix="p", batch_size=2, shuffle=False
    )
    for _ in range(4):
        next(iterator)
    names = sorted(path.name for path in (tmp_path / "copies").iterdir())
    assert names == sorted(f"p_{index}_{epoch}.png" for index in range(4) for epoch in range(2))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "copies" / "p_3_0.png")), x[3])


# Bad input


def write_bad(folder, name="cat/05_bad.jpg"):
    path = folder / name
    path.write_text("this is no picture")
    return path


@pytest.fixture
def spoilt(tmp_path):
    """Nine pictures, one of which is text and one truncated."""
    for index in range(9):
        (tmp_path / "ab"[index % 2]).mkdir(exist_ok=True)
        Image.fromarray(pictures(1, seed=index)[0]).save(tmp_path / "ab"[index % 2] / f"{index}.jpg")
    (tmp_path / "b" / "3.jpg").write_text("this is no picture")
    (tmp_path / "a" / "4.jpg").write_bytes((tmp_path / "a" / "4.jpg").read_bytes()[:200])
    return tmp_path


@pytest.mark.parametrize("threads", [1, 4])
def test_an_unreadable_file_is_named_and_the_first_of_them_first(spoilt, threads, capfd):
    options = {"shuffle": False, "threads": threads, "target_size": (8, 8)}
    for _ in range(5):
        iterator = cvlib.ImageDataGenerator().flow_from_directory(spoilt, **options)
        with pytest.raises(ImageReadError, match=r"4\.jpg: .*truncated"):
            iterator[0]
    assert capfd.readouterr().err == ""


def test_unreadable_files_can_be_skipped_and_are_reported_once(spoilt, capfd):
    options = {"batch_size": 4, "target_size": (24, 30), "on_error": "skip", "class_mode": "sparse"}
    iterator = cvlib.ImageDataGenerator(rescale=1 / 255).flow_from_directory(spoilt, shuffle=False, **options)
    for _ in range(2):
        batches = [next(iterator) for _ in range(3)]
        assert [len(x) for x, _ in batches] == [3, 3, 1]
        np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), [0, 0, 0, 0, 1, 1, 1])
    sixth = pictures(1, seed=6)[0] / 255
    assert np.abs(batches[0][0][2] - sixth).mean() < 0.05  # the right picture moved up
    said = capfd.readouterr()
    assert said.err == ""
    assert said.out.count("Skipped") == 2
    assert sorted(path.rsplit("/", 1)[1] for path in iterator.skipped) == ["3.jpg", "4.jpg"]
    assert "truncated" in iterator.skipped[str(spoilt / "a" / "4.jpg")]
    net = model()
    net.compile("sgd", "mse")
    net.fit(iterator, verbose=0)


def test_a_batch_of_nothing_but_bad_files_is_an_error(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jpg").write_text("text")
    iterator = cvlib.ImageDataGenerator().flow_from_directory(tmp_path, on_error="skip")
    with pytest.raises(ValueError, match=r"no picture of the batch can be read.*x\.jpg"):
        next(iterator)


FOLDER_ERRORS = {
    "missing folder": ({"directory": "nowhere"}, FileNotFoundError, "directory does not exist.*nowhere"),
    "empty folder": ({"directory": "empty"}, ValueError, "no images in .*empty.*no class folder"),
    "loose images": ({"directory": "loose"}, ValueError, "1 images lie directly in it"),
    "empty class": ({"directory": "hollow"}, ValueError, "no images in the class folders a of .*hollow"),
    "unknown class": ({"classes": ["cat", "yak"]}, ValueError, "not in .*: yak; it has cat, dog, emu"),
    "zero size": ({"target_size": (0, 8)}, ValueError, r"target_size must be .* got \(0, 8\)"),
    "one number": ({"target_size": 8}, ValueError, "target_size must be two whole numbers"),
    "half a pixel": ({"target_size": (8, 8.5)}, ValueError, "target_size must be two whole numbers"),
    "class mode": (
        {"class_mode": "one-hot"},
        ValueError,
        "class_mode must be one of 'categorical'.* got 'one-hot'",
    ),
    "raw": ({"class_mode": "raw"}, ValueError, "class_mode must be one of"),
    "binary of three": ({"class_mode": "binary"}, ValueError, "needs two classes, found 3 .*cat, dog, emu"),
    "colour": ({"color_mode": "bgr"}, ValueError, "color_mode must be one of"),
    "interpolation": ({"interpolation": "cubic"}, ValueError, "interpolation must be one of .*bicubic"),
    "batch": ({"batch_size": 0}, ValueError, "batch_size must be a whole number of at least 1, got 0"),
    "on_error": ({"on_error": "ignore"}, ValueError, 'on_error must be "raise" or "skip"'),
    "masks": ({"masks": "nowhere"}, FileNotFoundError, "masks must be a folder"),
    "boxes": ({"boxes": {}}, ValueError, "boxes has no entry for cat/00.jpg"),
}


@pytest.mark.parametrize("case", FOLDER_ERRORS)
def test_a_folder_that_cannot_be_used_is_told_why(folder, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "loose", "hollow/a"):
        (tmp_path / name).mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(tmp_path / "loose" / "x.png")
    options, error, message = FOLDER_ERRORS[case]
    with pytest.raises(error, match=message):
        cvlib.ImageDataGenerator().flow_from_directory(**{"directory": folder, **options})


TABLE_ERRORS = {
    "x_col": (
        {"x_col": "file"},
        ValueError,
        "x_col='file' is no column of the dataframe; it has filename, class",
    ),
    "y_col": ({"y_col": "label"}, ValueError, "y_col='label' is no column"),
    "weight_col": ({"weight_col": "w"}, ValueError, "weight_col='w' is no column"),
    "masks": ({"masks": "m"}, ValueError, "masks='m' is no column"),
    "labels": ({"classes": ["cat", "dog"]}, ValueError, r"not in classes \['cat', 'dog'\]: emu \(4 rows\)"),
    "numbers": ({"y_col": "count", "class_mode": "sparse"}, TypeError, "needs text in column 'count'; row 0"),
    "binary": ({"class_mode": "binary"}, ValueError, "needs two classes, found 3"),
    "multi_output": ({"class_mode": "multi_output"}, TypeError, "needs a list of columns"),
    "weights": ({"weight_col": "class"}, TypeError, "weight_col='class' must hold numbers"),
    "paths": ({"x_col": "count"}, TypeError, "must hold paths as text; row 0 holds"),
    "directory": ({"directory": "elsewhere"}, FileNotFoundError, "15 of the 15 files .*under elsewhere"),
    "class_mode": ({"class_mode": "multi"}, ValueError, "class_mode must be one of"),
}


@pytest.mark.parametrize("case", TABLE_ERRORS)
def test_a_table_that_cannot_be_used_is_told_why(folder, table, case):
    options, error, message = TABLE_ERRORS[case]
    with pytest.raises(error, match=message):
        cvlib.ImageDataGenerator().flow_from_dataframe(table, **{"directory": folder, **options})


def test_rows_without_a_file_are_listed_or_skipped(folder, table, capsys):
    longer = pd.concat([table, table.assign(filename="cat/gone_" + table["count"].astype(str))])
    with pytest.raises(FileNotFoundError, match=r"15 of the 30 files in column 'filename' are missing.*gone"):
        cvlib.ImageDataGenerator().flow_from_dataframe(longer, folder)
    iterator = cvlib.ImageDataGenerator().flow_from_dataframe(longer, folder, on_error="skip")
    assert iterator.n == 15
    assert "Skipped 15 of 30 rows" in capsys.readouterr().out
    with pytest.raises(ValueError, match="the dataframe has no row"):
        cvlib.ImageDataGenerator().flow_from_dataframe(table[:0], folder)


ARRAY_ERRORS = {
    "rank": (np.zeros((4, 8, 8)), None, r"got shape \(4, 8, 8\): add the channel axis"),
    "none": (np.zeros((0, 8, 8, 3)), None, "at least one picture"),
    "labels": (np.zeros((4, 8, 8, 3)), [1, 2], r"y must have one entry a picture \(4\), got 2"),
}


@pytest.mark.parametrize("case", ARRAY_ERRORS)
def test_arrays_that_cannot_be_used_are_told_why(case):
    x, y, message = ARRAY_ERRORS[case]
    with pytest.raises(ValueError, match=message):
        cvlib.ImageDataGenerator().flow(x, y)


def test_asking_for_a_batch_that_is_not_there_ends_a_loop_over_the_numbers():
    iterator = cvlib.ImageDataGenerator().flow(pictures(5), batch_size=2)
    with pytest.raises(IndexError, match="there are 3 batches"):
        iterator[3]


def test_dots_are_passed_over(folder, peer):
    (folder / ".ipynb_checkpoints").mkdir(exist_ok=True)
    (folder / "cat" / "._00.jpg").write_text("resource fork")
    try:
        iterator = cvlib.ImageDataGenerator().flow_from_directory(folder)
        assert iterator.n == 15
        assert ".ipynb_checkpoints" not in iterator.class_indices
        assert ".ipynb_checkpoints" in peer().flow_from_directory(folder).class_indices
    finally:
        (folder / ".ipynb_checkpoints").rmdir()
        (folder / "cat" / "._00.jpg").unlink()
