"""One object a picture: what the network is asked, what its answers mean, and that it can learn them."""

import doctest

import keras
import numpy as np
import pytest

from cvlib import boxes
from cvlib.models import localizer
from cvlib.models.localizer import Localizer, localizer_detections, localizer_targets

TRUTHS = [{"boxes": [[8, 4, 24, 12]], "classes": [1]}, {"boxes": [], "classes": []}]


def test_targets_are_shares_of_the_picture_and_nothing_is_asked_of_an_empty_one():
    targets, weights = localizer_targets(TRUTHS, (16, 32))
    assert targets["object"].tolist() == [[1], [0]]
    np.testing.assert_allclose(targets["box"][0], [0.5, 0.5, 0.5, 0.5])
    assert targets["classes"].tolist() == [1, 0]
    assert {name: weight.tolist() for name, weight in weights.items()} == {
        "object": [1, 1],
        "box": [1, 0],
        "classes": [1, 0],
    }


def test_perfect_answers_are_the_true_boxes():
    targets, _ = localizer_targets(TRUTHS, (16, 32))
    outputs = {**targets, "classes": np.eye(3)[targets["classes"]]}
    one, none = localizer_detections(outputs, (16, 32))
    np.testing.assert_allclose(one["boxes"], TRUTHS[0]["boxes"], atol=1e-5)
    assert (one["classes"].tolist(), one["scores"].tolist()) == ([1], [1.0])
    assert [len(none[name]) for name in ("boxes", "classes", "scores")] == [0, 0, 0]
    outputs["object"] = np.array([[0.4], [0.0]])
    assert len(localizer_detections(outputs, (16, 32), least=0.5)[0]["boxes"]) == 0
    assert localizer_detections(outputs, (16, 32), least=0.3)[0]["scores"][0] == pytest.approx(0.4)


def test_the_parameters_are_those_counted_by_hand():
    model = Localizer((64, 64, 3), classes=3, filters=(16, 32, 64), units=64)
    blocks = sum(9 * a * b + 4 * b for a, b in ((3, 16), (16, 32), (32, 64)))
    dense = (64 + 1) * 16 + (8 * 8 * 16 + 1) * 64
    ends = (64 + 1) * (1 + 4 + 3)
    assert model.count_params() == blocks + dense + ends


def test_pictures_without_an_object_do_not_move_the_ends_for_box_and_class():
    keras.utils.set_random_seed(0)
    model = Localizer((16, 16, 3), classes=2, filters=(4, 8))
    targets, weights = localizer_targets([TRUTHS[1]] * 8, (16, 16))
    model.compile(
        keras.optimizers.SGD(0.1),
        {"object": "binary_crossentropy", "box": "mse", "classes": "sparse_categorical_crossentropy"},
    )
    before = {name: model.get_layer(name).get_weights() for name in weights}
    images = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype("float32")
    model.fit(images, targets, sample_weight=weights, verbose=0)
    moved = {
        name: any((a != b).any() for a, b in zip(before[name], model.get_layer(name).get_weights()))
        for name in weights
    }
    assert moved == {"object": True, "box": False, "classes": False}


@pytest.mark.slow
def test_it_learns_where_a_bright_square_is():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    images, truths = rng.normal(60, 10, (300, 32, 32, 3)), []
    for image in images:
        x, y, side = rng.integers(0, 16), rng.integers(0, 16), rng.integers(8, 16)
        label = int(rng.integers(2))
        image[y : y + side, x : x + side, 2 * label] = 220
        truths.append({"boxes": [[x, y, x + side, y + side]], "classes": [label]})
    images = images.clip(0, 255)
    targets, weights = localizer_targets(truths, (32, 32))
    model = Localizer((32, 32, 3), classes=2, filters=(8, 16))
    model.compile(
        keras.optimizers.Adam(5e-3),
        {"object": "binary_crossentropy", "box": "mse", "classes": "sparse_categorical_crossentropy"},
        loss_weights={"object": 1, "box": 20, "classes": 1},
    )
    model.fit(
        images[:250], targets_of(targets, 250), sample_weight=targets_of(weights, 250), epochs=25, verbose=0
    )
    found = localizer_detections(model.predict(images[250:], verbose=0), (32, 32))
    overlaps = [boxes.iou(entry["boxes"], true["boxes"])[0, 0] for entry, true in zip(found, truths[250:])]
    right = [entry["classes"][0] == true["classes"][0] for entry, true in zip(found, truths[250:])]
    assert np.mean(overlaps) > 0.6
    assert np.mean(right) > 0.95


def targets_of(arrays, count):
    return {name: array[:count] for name, array in arrays.items()}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Localizer(classes=0), "classes must be a positive integer, got 0"),
        (lambda: Localizer((8, 8, 3)), "at least 16×16 pixels"),
        (
            lambda: localizer_targets([{"boxes": [[0, 0, 1, 1]] * 2, "classes": [0, 0]}], (8, 8)),
            r"truths\[0\] has 2 boxes: a Localizer knows one object",
        ),
        (
            lambda: localizer_targets([{"boxes": [[0, 0, 1]], "classes": [0]}], (8, 8)),
            r"truths\[0\]: boxes must have four columns",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_example_in_the_docstring_holds():
    results = doctest.testmod(localizer)
    assert results.attempted
    assert not results.failed
