"""R-CNN and Fast R-CNN: RoIAlign against loops, which region learns what, and the way to detections."""

import keras
import numpy as np
import pytest

from cvlib import boxes
from cvlib.models.anchor_boxes import decode_deltas
from cvlib.models.rcnn import RCNN, FastRCNN, region_detections, region_targets
from cvlib.models.roi_align import RoIAlign, roi_align


def sample(cells, y, x):
    """Bilinear interpolation at one point, cell (0, 0) having its centre at (0.5, 0.5)."""
    height, width = cells.shape[:2]
    y, x = np.clip(y - 0.5, 0, height - 1), np.clip(x - 0.5, 0, width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    dy, dx = y - top, x - left
    return (
        (1 - dy) * (1 - dx) * cells[top, left]
        + (1 - dy) * dx * cells[top, right]
        + dy * (1 - dx) * cells[bottom, left]
        + dy * dx * cells[bottom, right]
    )


def align_by_loops(cells, box, size, stride, samples):
    left, top, right, bottom = np.array(box) / stride
    result = np.zeros((size, size, cells.shape[2]))
    for row in range(size):
        for column in range(size):
            for i in range(samples):
                for j in range(samples):
                    y = top + (row + (i + 0.5) / samples) * (bottom - top) / size
                    x = left + (column + (j + 0.5) / samples) * (right - left) / size
                    result[row, column] += sample(cells, y, x) / samples**2
    return result


@pytest.mark.parametrize(("size", "stride", "samples"), [(3, 1, 1), (4, 4, 2), (2, 8, 3)])
def test_roi_align_is_the_mean_of_bilinear_samples(size, stride, samples):
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(2, 6, 9, 3)).astype("float32")
    corner = rng.uniform(-3, 5, (2, 5, 2)) * stride
    corners = np.concatenate([corner, corner + rng.uniform(0.3, 6, (2, 5, 2)) * stride], -1).astype("float32")
    got = keras.ops.convert_to_numpy(roi_align(maps, corners, size, stride, samples))
    assert got.shape == (2, 5, size, size, 3)
    for picture in range(2):
        for region in range(5):
            expected = align_by_loops(maps[picture], corners[picture, region], size, stride, samples)
            np.testing.assert_allclose(got[picture, region], expected, atol=1e-4)


def test_a_box_on_whole_cells_is_cut_out_as_it_is():
    image = np.random.default_rng(0).uniform(size=(1, 10, 12, 3)).astype("float32")
    cut = keras.ops.convert_to_numpy(roi_align(image, np.array([[[2.0, 3, 8, 9]]]), 6, samples=1))
    np.testing.assert_allclose(cut[0, 0], image[0, 3:9, 2:8], atol=1e-6)


def test_the_layer_is_the_function_and_comes_back_from_its_config():
    rng = np.random.default_rng(0)
    maps, corners = rng.normal(size=(1, 5, 5, 2)), np.array([[[1.0, 1, 9, 7]]])
    layer = RoIAlign.from_config(RoIAlign(3, stride=2).get_config())
    assert layer.compute_output_shape([(None, 5, 5, 2), (None, 1, 4)]) == (None, 1, 3, 3, 2)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(layer([maps.astype("float32"), corners.astype("float32")])),
        keras.ops.convert_to_numpy(roi_align(maps.astype("float32"), corners, 3, 2)),
        atol=1e-5,
    )


def test_places_keep_their_precision_under_mixed_precision():
    ramp = np.clip(np.arange(1500.0) - 1400, 0, 16).reshape(1, 1, 1500, 1)
    place = np.array([[[1405.4, 0.0, 1409.4, 1.0]]], "float32")  # float16 has whole numbers only, up there
    cut = RoIAlign(1, dtype="mixed_float16")([ramp.astype("float16"), place])
    assert float(keras.ops.convert_to_numpy(cut)[0, 0, 0, 0, 0]) == pytest.approx(7.4 - 0.5, abs=0.05)


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (lambda: RCNN(classes=3, regions=4), 448 + 4640 + (8 * 8 * 32 * 64 + 64) + 65 * (4 + 4)),
        (lambda: FastRCNN(classes=3, regions=4), 448 + 4640 + (7 * 7 * 32 * 64 + 64) + 65 * (4 + 4)),
    ],
)
def test_networks_have_the_parameters_counted_by_hand_and_give_one_answer_a_region(build, parameters):
    keras.utils.set_random_seed(0)
    model = build()
    assert model.count_params() == parameters
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 96, 96, 3)).astype("float32")
    corner = rng.uniform(0, 60, (2, 4, 2))
    places = np.concatenate([corner, corner + 20], -1).astype("float32")
    found = model.predict({"images": images, "boxes": places}, verbose=0)
    assert (found["classes"].shape, found["deltas"].shape) == ((2, 4, 4), (2, 4, 4))
    np.testing.assert_allclose(found["classes"].sum(-1), 1, atol=1e-5)
    # A region's answer depends on its picture and place only, not on the others' or their order.
    turned = model.predict({"images": images[::-1], "boxes": places[::-1, ::-1]}, verbose=0)
    for key in found:
        np.testing.assert_allclose(turned[key][::-1, ::-1], found[key], atol=1e-4)


def test_regions_learn_what_they_overlap_and_the_rest_is_background():
    rng = np.random.default_rng(0)
    truths = [
        {"boxes": [[10, 10, 40, 40], [50, 50, 80, 90]], "classes": [2, 0]},
        {"boxes": [], "classes": []},
    ]
    near = np.array(truths[0]["boxes"])[rng.integers(0, 2, 20)] + rng.normal(0, 4, (20, 4))
    corner = rng.uniform(0, 60, (30, 2))
    far = np.concatenate([corner, corner + rng.uniform(5, 30, (30, 2))], 1)
    given = [np.concatenate([near, far]), far]
    places, targets, weights = region_targets(given, truths, regions=24, share=0.25)
    assert places.shape == (2, 24, 4)
    for picture, entry in enumerate(truths):
        for box, label, delta, weight in zip(
            places[picture],
            targets["classes"][picture],
            targets["deltas"][picture],
            weights["deltas"][picture],
        ):
            overlap = boxes.iou([box], entry["boxes"])[0] if len(entry["boxes"]) else np.zeros(1)
            assert (label > 0) == (overlap.max() >= 0.5) == (weight == 1)
            if label:
                best = int(overlap.argmax())
                assert label == entry["classes"][best] + 1
                back = decode_deltas(delta[None], box[None])[0]
                np.testing.assert_allclose(back, entry["boxes"][best], atol=1e-3)
    assert (targets["classes"][0] > 0).sum() == 6  # a quarter
    assert weights["classes"].min() == 1


def test_too_few_regions_are_repeated_and_count_once():
    truths = [{"boxes": [[0, 0, 10, 10]], "classes": [1]}]
    places, targets, weights = region_targets([[[50, 50, 60, 60]]], truths, regions=5)
    assert weights["classes"].tolist() == [[1, 1, 0, 0, 0]]
    assert weights["deltas"].tolist() == [[1, 0, 0, 0, 0]]
    assert targets["classes"].tolist() == [[2, 0, 0, 0, 0]]
    assert (places[0, 1] == [50, 50, 60, 60]).all()
    _, targets, _ = region_targets([[[50, 50, 60, 60]]], truths, regions=5, add_truths=False)
    assert targets["classes"].tolist() == [[0] * 5]


class Answers(keras.layers.Layer):
    """Says "class 0" of boxes more than 20 pixels wide, and moves every box right by its own width."""

    def call(self, inputs, images):
        wide = keras.ops.cast(inputs[..., 2] - inputs[..., 0] > 20, "float32")
        zero = keras.ops.zeros_like(wide)
        # A delta of one width, over the spread 0.1.
        return keras.ops.stack([1 - wide, wide], -1), keras.ops.stack([zero + 10, zero, zero, zero], -1)


def test_detections_are_the_corrected_regions_in_as_many_goes_as_it_takes():
    images, places = keras.Input((90, 90, 3), name="images"), keras.Input((2, 4), name="boxes")
    classes, deltas = Answers()(places, images)  # Keras 3.13 asks that every input be used
    model = keras.Model({"images": images, "boxes": places}, {"classes": classes, "deltas": deltas})
    given = [[[0, 0, 30, 30], [0, 0, 10, 10], [0, 50, 40, 80]], []]
    found = region_detections(model, np.zeros((2, 90, 90, 3)), given)
    np.testing.assert_allclose(
        sorted(found[0]["boxes"].tolist()), [[30, 0, 60, 30], [40, 50, 80, 80]], atol=1e-4
    )
    assert len(found[1]["boxes"]) == 0  # no proposals, though the padding is wide
    plain = region_detections(model, np.zeros((2, 90, 90, 3)), given, refine=False)
    assert sorted(plain[0]["boxes"].tolist()) == [[0, 0, 30, 30], [0, 50, 40, 80]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: RCNN(regions=0), "regions must be a positive integer, got 0"),
        (lambda: FastRCNN(classes=0), "classes must be a positive integer, got 0"),
        (lambda: region_targets([], [{"boxes": [], "classes": []}]), "one entry a picture, got 0 and 1"),
        (lambda: region_targets([[]], [{"boxes": [], "classes": []}]), r"proposals\[0\] is empty"),
        (lambda: roi_align(np.zeros((1, 4, 4, 1)), np.zeros((1, 4)), 2), r"boxes \(B, R, 4\), got"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
