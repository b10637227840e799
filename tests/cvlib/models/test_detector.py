import doctest

import keras
import numpy as np
import pytest

from cvlib.boxes import iou
from cvlib.models import Detector, TinyYOLO, box_batches, detector

NAMES = ["square", "bar"]
ANCHORS = [(12, 12), (24, 8)]


def network(classes=2, anchors=2, size=(64, 96)):
    return TinyYOLO((*size, 3), classes, anchors, strides=(8,), backbone=None, widths=(8, 16, 24), filters=24)


def pictures(count, seed=0, size=(64, 96), empty=0):
    """Bright squares and dark bars on grey; the first `empty` pictures have none."""
    rng = np.random.default_rng(seed)
    images = rng.normal(120, 6, (count, *size, 3)).astype("float32")
    boxes, labels = [], []
    for number, image in enumerate(images):
        rows, kinds = [], []
        for left in range(4, size[1] - 30, 30) if number >= empty else ():
            kind = int(rng.integers(2))
            w, h = ((12, 12), (24, 8))[kind]
            x, y = left + rng.integers(0, 4), rng.integers(4, size[0] - 16)
            image[y : y + h, x : x + w] = 220 if kind == 0 else 20
            rows.append([int(x), int(y), int(x + w), int(y + h)])
            kinds.append(kind)
        boxes.append(rows)
        labels.append(kinds)
    return images.clip(0, 255), {"boxes": boxes, "labels": labels}


@pytest.fixture(scope="module")
def trained():
    keras.utils.set_random_seed(0)
    made = Detector(network(), NAMES, anchors=ANCHORS)
    made.compile(keras.optimizers.Adam(4e-3))
    history = made.fit(pictures(96, empty=2), epochs=12, batch_size=8, verbose=0)
    return made, history


def test_a_detector_learns_and_its_loss_is_the_sum_of_its_terms(trained):
    history = trained[1].history
    assert set(history) == {"loss", "iou", "object", "background", "class"}
    assert history["loss"][-1] < 0.3 * history["loss"][0]
    total = sum(history[name][-1] for name in ("iou", "object", "background", "class"))
    assert history["loss"][-1] == pytest.approx(total, rel=1e-4)
    assert trained[0].evaluate(pictures(24, seed=1)).ap50 > 0.9


def test_boxes_come_in_the_pixels_of_pictures_of_any_size(trained):
    import cv2

    images, targets = pictures(4, seed=2)
    wide = cv2.resize(images[0], (192, 128), interpolation=cv2.INTER_NEAREST)
    tall = np.full((100, 96, 3), 120, "float32")
    tall[30:94] = images[1]
    plain, found_wide, found_tall = (trained[0].predict([image])[0] for image in (images[0], wide, tall))
    true = np.array(targets["boxes"][0], float)
    assert iou(true, plain.boxes).max(1).min() > 0.5
    assert iou(2 * true, found_wide.boxes).max(1).min() > 0.5
    assert len(found_tall.boxes) <= 100
    assert (found_tall.boxes[:, [0, 2]] <= 96).all()
    assert (found_tall.boxes[:, [1, 3]] <= 100).all()
    assert plain.boxes.dtype == np.float32
    assert (np.diff(plain.scores) <= 0).all()


def test_a_picture_twice_as_large_gives_the_same_boxes_twice_as_large(trained):
    image = pictures(1, seed=3)[0][0]
    twice = image.repeat(2, axis=0).repeat(2, axis=1)  # the mean of each 2×2 is the pixel again
    one, other = trained[0].predict([image, twice])
    np.testing.assert_allclose(2 * one.boxes, other.boxes, atol=0.02)
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
    assert (one.labels == other.labels).all()


def test_saved_exported_and_as_a_model_it_finds_the_same(trained, tmp_path):
    import tensorflow as tf

    images = pictures(3, seed=4)[0]
    expected = trained[0].predict(images)
    trained[0].save(tmp_path / "d.keras")
    trained[0].export(tmp_path / "saved", verbose=False)
    loaded = Detector.load(tmp_path / "d.keras")
    assert loaded.class_names == NAMES
    model = keras.saving.load_model(tmp_path / "d.keras", compile=False)
    reopened = tf.saved_model.load(str(tmp_path / "saved"))
    served = reopened.serve(images)
    for whole in (trained[0].as_model().predict(images, verbose=0), model.predict(images, verbose=0), served):
        whole = {name: np.asarray(value) for name, value in whole.items()}
        for number, found in enumerate(expected):
            count = whole["count"][number]
            assert count == len(found.boxes)
            clipped = np.clip(whole["boxes"][number, :count], 0, [96, 64, 96, 64])
            np.testing.assert_allclose(clipped, found.boxes, atol=1e-3)
            np.testing.assert_allclose(whole["scores"][number, :count], found.scores, atol=1e-5)
            np.testing.assert_array_equal(whole["classes"][number, :count], found.labels)
            assert (whole["classes"][number, count:] == -1).all()
    for one, other in zip(loaded.predict(images), expected):
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-3)


def test_pictures_of_any_type_of_number_give_the_same(trained):
    image = pictures(1, seed=6)[0][0].round()
    expected, *others = trained[0].predict([image.astype(kind) for kind in ("uint8", "int64", "float64")])
    assert len(expected.boxes)
    for other in others:
        np.testing.assert_allclose(other.boxes, expected.boxes, atol=1e-3)
    assert trained[0].predict([]) == []


def test_freezing_layers_without_compiling_again_is_refused():
    made = Detector(network(), NAMES, anchors=ANCHORS)
    data = pictures(4)
    made.fit(data, verbose=0)
    layer = made.model.get_layer("block1_down_conv")
    layer.trainable = False
    with pytest.raises(RuntimeError, match=r"call detector.compile"):
        made.fit(data, verbose=0)
    made.compile()
    before = layer.get_weights()[0]
    made.fit(data, verbose=0)
    np.testing.assert_array_equal(layer.get_weights()[0], before)


def test_pictures_without_any_object_and_a_class_that_never_occurs_train_and_are_scored():
    keras.utils.set_random_seed(0)
    images, _ = pictures(4, empty=4)
    made = Detector(network(3), [*NAMES, "never"], anchors=ANCHORS)
    nothing = {"boxes": [[], [], [], []], "labels": [[], [], [], []]}
    history = made.fit((images, nothing), validation_data=(images, nothing), epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(history["val_loss"]).all()
    assert made.evaluate((images, nothing)).ap50 == -1
    images, targets = pictures(4, seed=5)
    assert 0 <= made.evaluate((images, targets)).ap50 <= 1
    assert made.evaluate((images, targets)).per_class()["never"] == -1


def test_anchors_are_found_in_the_data_and_the_large_ones_go_to_the_coarse_map():
    keras.utils.set_random_seed(0)
    made = Detector(
        TinyYOLO((64, 96, 3), 2, (1, 1), (16, 8), backbone=None, widths=(4, 4, 8, 8), filters=8), NAMES
    )
    with pytest.raises(RuntimeError, match="no anchors yet"):
        made.predict(np.zeros((1, 64, 96, 3)))
    made.fit(pictures(4), epochs=1, verbose=0)
    assert [sizes.tolist() for sizes in made.anchors] == [[[24, 8]], [[12, 12]]]


def test_batches_of_ever_other_numbers_of_boxes_train_epoch_after_epoch():
    """Keras fixes the axis of boxes if the first two batches agree in it."""

    class Batches(keras.utils.PyDataset):
        most = (1, 1, 20, 9, 0)

        def __len__(self):
            return 5

        def __getitem__(self, index):
            one = [[1 + n, 1, 9 + n, 9] for n in range(self.most[index])]
            return np.full((1, 64, 96, 3), 90.0), {"boxes": [one], "labels": [[0] * len(one)]}

    made = Detector(network(), NAMES, anchors=ANCHORS)
    assert np.isfinite(made.fit(Batches(), epochs=2, verbose=0).history["loss"]).all()
    checked = box_batches.CheckedBatches(Batches(), made.model.input_shape, NAMES)
    for index, most in enumerate(Batches.most):
        targets = checked[index][1]
        assert (targets["labels"] >= 0).sum() == most
        assert targets["boxes"].shape == (1, targets["labels"].shape[1], 4)
        assert targets["labels"].shape[1] < most + 17


def test_batches_of_the_image_data_generator_train_with_keras_progress_bar(capsys):
    from cvlib import ImageDataGenerator

    images, targets = pictures(8, empty=1)
    generator = ImageDataGenerator(horizontal_flip=True, mosaic=0.5, fill_mode="constant")
    flow = generator.flow(images, boxes=targets["boxes"], labels=targets["labels"], batch_size=4, seed=0)
    made = Detector(network(), NAMES, anchors=ANCHORS)
    made.fit(flow, epochs=2)
    assert flow.epoch >= 2  # each epoch has its own draws
    shown = capsys.readouterr().out
    assert "Epoch 2/2" in shown
    assert all(f"{term}: " in shown for term in ("loss", "iou", "object", "background", "class"))


def test_batches_that_can_be_indexed_train_and_are_scored():
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            images, targets = pictures(4, seed=index)
            boxes = np.full((4, 9, 4), -1, "float32")
            labels = np.full((4, 9), -1, "int32")
            for number, rows in enumerate(targets["boxes"]):
                boxes[number, : len(rows)], labels[number, : len(rows)] = rows, targets["labels"][number]
            return images, {"boxes": boxes, "labels": labels}

    made = Detector(network(), NAMES, anchors=ANCHORS)
    made.compile(box_loss="squared")
    history = made.fit(Batches(), epochs=1, verbose=0).history
    assert {"centre", "size"} <= set(history)
    assert 0 <= made.evaluate(Batches()).ap50 <= 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Detector(network(), ["a"]), ValueError, "class_names has 1 names"),
        (lambda: Detector(network(), "ab"), ValueError, "class_names must be a list of names"),
        (lambda: Detector(network(), ["a", "a"]), ValueError, "class_names must differ"),
        (lambda: Detector(network(), NAMES, [(1, 2)]), ValueError, "anchors must be 2 widths and heights"),
        (lambda: Detector(network(), NAMES, [[(1, 2)]]), ValueError, r"anchors must be \[2\]"),
        (lambda: Detector(network(size=(None, None)), NAMES), ValueError, "must have a fixed size"),
    ],
)
def test_a_detector_that_does_not_fit_its_model_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"labels": [[2], []]}, ValueError, r"labels\[0\] must be whole numbers below 2"),
        ({"boxes": [[[5, 5, 5, 9]], []]}, ValueError, r"boxes\[0\] must have x2 > x1"),
        ({"boxes": [[[1, 1, 9, 9]]]}, ValueError, r"one entry a picture \(2\)"),
        ({"boxes": [[[1, 1, 9]], []]}, ValueError, r"boxes\[0\] must be \(N, 4\)"),
        ({"boxes": [[[1, 1, 9, np.nan]], []]}, ValueError, r"boxes\[0\] must"),
    ],
)
def test_bad_boxes_and_labels_are_refused_before_training(change, error, message):
    good = {"boxes": [[[1, 1, 9, 9]], []], "labels": [[0], []]}
    with pytest.raises(error, match=message):
        Detector(network(), NAMES, ANCHORS).fit((np.full((2, 64, 96, 3), 99.0), {**good, **change}))


def test_images_that_were_rescaled_or_are_no_pictures_are_refused():
    made = Detector(network(), NAMES, ANCHORS)
    none = {"boxes": [[]], "labels": [[]]}
    with pytest.raises(ValueError, match=r"images must be in \[0, 255\]"):
        made.fit((np.full((1, 64, 96, 3), 0.5), none))
    with pytest.raises(ValueError, match=r"images must be \(B, 64, 96, 3\)"):
        made.fit((np.full((1, 64, 64, 3), 50.0), none))
    with pytest.raises(ValueError, match=r"images must be in \[0, 255\]"):
        made.predict([np.full((64, 96, 3), 0.5)])
    with pytest.raises(ValueError, match=r"images must be in \[0, 255\]"):
        made.predict([np.full((30, 96, 3), 0.5)])  # with grey bars, as letterboxed
    with pytest.raises(ValueError, match=r"images\[0\] must be an RGB picture"):
        made.predict(np.zeros((64, 96, 3)))
    with pytest.raises(TypeError, match="data must be batches"):
        made.fit(iter([]))
    with pytest.raises(ValueError, match="data must be"):
        made.fit((np.full((1, 64, 96, 3), 50.0), [[]]))


def test_the_example_in_the_docstring_of_the_detector_holds():
    results = doctest.testmod(detector)
    assert results.attempted
    assert not results.failed
