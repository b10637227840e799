import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.boxes import giou, iou, yolo_decode, yolo_encode, yolo_logits
from cvlib.losses import yolo_loss

SIZE, ANCHORS, CLASSES, STRIDES = (64, 96), [[(40, 30), (20, 50)], [(12, 12)]], 3, (32, 16)


def scene(seed=0, pictures=2, objects=5):
    """Boxes, labels (some padding) and outputs as a network might give."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0, 1, (pictures, objects, 2)) * SIZE[::-1]
    half = rng.uniform(2, 30, (pictures, objects, 2))
    boxes = np.concatenate([centre - half, centre + half], -1).astype("float32")
    labels = rng.integers(-1, CLASSES, (pictures, objects))
    boxes[labels < 0] = -1
    outputs = [rng.normal(size=(pictures, 2, 3, 2, 8)), rng.normal(size=(pictures, 4, 6, 1, 8))]
    return boxes, labels, [output.astype("float32") for output in outputs]


def by_loop(boxes, labels, outputs, ignore_above=0.5):
    """The terms, slot by slot, from the targets that `yolo_encode` draws."""
    targets = yolo_encode(boxes, labels, SIZE, ANCHORS, CLASSES, STRIDES)
    predicted = yolo_decode(outputs, ANCHORS, SIZE)[0].astype(float)
    total = dict.fromkeys(("centre", "size", "iou", "object", "background", "class"), 0.0)
    log1pexp = lambda x: np.logaddexp(0, x)  # noqa: E731
    for image in range(len(boxes)):
        real = boxes[image][labels[image] >= 0].astype(float)
        place = 0
        for target, output, sizes in zip(targets, outputs, ANCHORS):
            rows, columns = target.shape[1:3]
            for row, column, anchor in np.ndindex(rows, columns, len(sizes)):
                y, t = target[image, row, column, anchor], output[image, row, column, anchor].astype(float)
                box = predicted[image, place]
                place += 1
                if y[4] == 0:
                    if not len(real) or iou(real, box).max() <= ignore_above:
                        total["background"] += log1pexp(t[4])
                    continue
                w, h = np.array(sizes[anchor]) * np.exp(y[2:4])
                share = 2 - w * h / (SIZE[0] * SIZE[1])
                offset = 1 / (1 + np.exp(-t[:2]))
                total["centre"] += share / 2 * ((offset - y[:2]) ** 2).sum()
                total["size"] += share / 2 * ((t[2:4] - y[2:4]) ** 2).sum()
                x, z = (column + y[0]) * SIZE[1] / columns, (row + y[1]) * SIZE[0] / rows
                true = [x - w / 2, z - h / 2, x + w / 2, z + h / 2]
                total["iou"] += 1 - giou(np.array(true, float), box)[0, 0]
                total["object"] += log1pexp(-t[4])
                total["class"] += (log1pexp(t[5:]) - y[5:] * t[5:]).sum()
    count = max((labels >= 0).sum(), len(boxes))
    return {name: value / count for name, value in total.items()}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ignore_above", [0.3, 0.5, 1.0])
def test_every_term_is_that_of_a_loop_over_the_cells(seed, ignore_above):
    boxes, labels, outputs = scene(seed, objects=2 + 3 * seed)  # many objects: some share a slot
    expected = by_loop(boxes, labels, outputs, ignore_above)
    for box_loss in ("squared", "giou"):
        terms = yolo_loss(
            *(boxes, labels, outputs, ANCHORS, SIZE),
            ignore_above=ignore_above,
            box_loss=box_loss,
            return_terms=True,
        )
        box = {"centre", "size"} if box_loss == "squared" else {"iou"}
        assert set(terms) == box | {"object", "background", "class"}
        for name, value in terms.items():
            assert float(value) == pytest.approx(expected[name], rel=2e-4, abs=1e-5), name
        whole = yolo_loss(boxes, labels, outputs, ANCHORS, SIZE, ignore_above, box_loss=box_loss)
        assert float(whole) == pytest.approx(sum(float(value) for value in terms.values()), rel=1e-5)


def test_flat_maps_and_maps_with_an_axis_of_anchors_give_the_same():
    boxes, labels, outputs = scene()
    flat = [output.reshape(*output.shape[:3], -1) for output in outputs]
    one, other = (float(yolo_loss(boxes, labels, maps, ANCHORS, SIZE)) for maps in (outputs, flat))
    assert one == pytest.approx(other)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["squared", "iou", "giou", "diou", "ciou"]))
def test_a_perfect_network_has_no_box_loss(seed, box_loss):
    boxes, labels, _ = scene(seed, objects=3)
    perfect = yolo_logits(yolo_encode(boxes, labels, SIZE, ANCHORS, CLASSES, STRIDES))
    terms = yolo_loss(boxes, labels, perfect, ANCHORS, SIZE, box_loss=box_loss, return_terms=True)
    box = sum(float(terms[name]) for name in ("centre", "size", "iou") if name in terms)
    assert abs(box) <= (1e-6 if box_loss == "squared" else 1e-5)
    assert all(float(terms[name]) < 1e-5 for name in ("object", "background", "class"))


@pytest.mark.parametrize("box_loss", ["squared", "ciou"])
@pytest.mark.parametrize("value", [0.0, -1e4, 1e4])
def test_loss_and_gradient_are_finite_without_boxes_and_at_extreme_logits(box_loss, value):
    boxes, labels, outputs = scene()
    for numbers in (labels, np.full_like(labels, -1)):
        maps = [tf.Variable(np.full_like(output, value)) for output in outputs]
        with tf.GradientTape() as tape:
            loss = yolo_loss(boxes, numbers, [m + 0.0 for m in maps], ANCHORS, SIZE, box_loss=box_loss)
        assert np.isfinite(float(loss))
        for gradient in tape.gradient(loss, maps):
            assert np.isfinite(gradient.numpy()).all()


@pytest.mark.parametrize("objects", [0, 1])
def test_no_boxes_at_all_is_all_background(objects):
    _, _, outputs = scene()
    boxes, labels = np.full((2, objects, 4), -1.0, "float32"), np.full((2, objects), -1)
    terms = yolo_loss(boxes, labels, outputs, ANCHORS, SIZE, return_terms=True)
    expected = sum(np.logaddexp(0, output[..., 4].astype(float)).sum() for output in outputs) / 2
    assert float(terms.pop("background")) == pytest.approx(expected, rel=1e-5)
    assert all(float(value) == 0 for value in terms.values())


def test_what_padding_holds_does_not_matter():
    boxes, labels, outputs = scene()
    other = boxes.copy()
    other[labels < 0] = np.nan
    one, two = (float(yolo_loss(b, labels, outputs, ANCHORS, SIZE)) for b in (boxes, other))
    assert one == two


def test_boxes_without_size_or_with_their_centre_outside_are_skipped():
    boxes, labels, outputs = scene(objects=2)
    labels[:] = [[0, -1], [1, -1]]
    expected = float(yolo_loss(boxes, labels, outputs, ANCHORS, SIZE))
    boxes[:, 1] = [[5, 5, 5, 9], [90, 50, 190, 60]]
    labels[:, 1] = 2
    assert float(yolo_loss(boxes, labels, outputs, ANCHORS, SIZE)) == pytest.approx(expected)


def test_further_anchors_of_a_like_shape_learn_an_object_too():
    """One object of 20 × 50 in cell (0, 1): IoU of shapes 1 with its anchor, 600/1600 with the other."""
    outputs = [np.zeros((1, 2, 3, 2, 8), "float32"), np.full((1, 4, 6, 1, 8), -30, "float32")]
    boxes, labels = np.array([[[38, 3, 58, 53]]], "float32"), np.array([[0]])
    for match_above, count in ((None, 1), (0.4, 1), (0.375 - 1e-4, 2)):
        terms = yolo_loss(
            *(boxes, labels, outputs, ANCHORS, SIZE), match_above=match_above, return_terms=True
        )
        assert float(terms["object"]) == pytest.approx(count * np.log(2), rel=1e-5)


def test_weights_multiply_their_terms():
    boxes, labels, outputs = scene()
    plain = yolo_loss(boxes, labels, outputs, ANCHORS, SIZE, return_terms=True)
    heavy = yolo_loss(
        *(boxes, labels, outputs, ANCHORS, SIZE),
        weights={"centre": 5.0, "background": 0.5},
        return_terms=True,
    )
    for name, factor in {"centre": 5, "size": 1, "object": 1, "background": 0.5, "class": 1}.items():
        assert float(heavy[name]) == pytest.approx(factor * float(plain[name]), rel=1e-6)


def test_the_loss_is_the_same_inside_a_compiled_function_with_any_number_of_boxes():
    boxes, labels, outputs = scene()
    spec = [tf.TensorSpec((None, None, 4)), tf.TensorSpec((None, None), "int64")]
    compiled = tf.function(lambda b, n: yolo_loss(b, n, outputs, ANCHORS, SIZE), input_signature=spec)
    for count in (5, 3):
        expected = yolo_loss(boxes[:, :count], labels[:, :count], outputs, ANCHORS, SIZE)
        got = compiled(boxes[:, :count], labels[:, :count])
        assert float(got) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"box_loss": "l2"}, "box_loss must be"),
        ({"weights": {"boxes": 1}}, "weights must be of the terms"),
        ({"anchors": ANCHORS[:1]}, "anchors must have one list a scale"),
        ({"anchors": [[(1, 1)] * 2, [(1, 1)] * 3]}, r"outputs\[1\] must have 3"),
    ],
)
def test_bad_input_to_the_yolo_loss_is_named(options, message):
    boxes, labels, outputs = scene()
    flat = [output.reshape(*output.shape[:3], -1) for output in outputs]
    with pytest.raises(ValueError, match=message):
        yolo_loss(boxes, labels, flat, **{"anchors": ANCHORS, "image_size": SIZE, **options})
