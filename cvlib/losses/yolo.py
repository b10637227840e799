"""The loss of YOLOv3, term by term.

Of all cells and anchors, one is responsible for each object; it learns the box, the class and that something
is there. All others learn that nothing is there, but for those whose box already overlaps an object well:
they are left alone.

References:
    Redmon & Farhadi, 2018, YOLOv3: An Incremental Improvement, sections 2.1 and 2.2.
    Bochkovskiy, Wang and Liao, 2020, YOLOv4, section 3.4 (several anchors for one object; CIoU).
"""

import numpy as np
from keras import ops

from cvlib.boxes.grid import cell_corners, decode_scale
from cvlib.losses.boxes import KINDS, paired_ious

#: The terms, and how much each counts if nothing is said.
WEIGHTS = {"centre": 1.0, "size": 1.0, "iou": 1.0, "object": 1.0, "background": 1.0, "class": 1.0}


def yolo_loss(
    boxes,
    labels,
    outputs,
    anchors,
    image_size,
    ignore_above=0.5,
    match_above=None,
    box_loss="squared",
    weights=None,
    return_terms=False,
):
    """YOLOv3's loss of a batch.

    Each object goes to the cell and anchor of `cvlib.boxes.yolo_encode`, by the same rules. The sums run over
    the objects, but in "background": there over the cells and anchors that have no object, and whose box
    overlaps none by more than `ignore_above`. σ is the logistic function; s = 2 − the box's share of the
    picture, so that small boxes count about twice.

    * "centre": s/2 · Σ (σ(t) − offset)², of x and y.
    * "size": s/2 · Σ (t − log(side / anchor's))², of width and height.
    * "iou": Σ (1 − IoU, GIoU, DIoU or CIoU), in place of those two if `box_loss` names it.
    * "object": Σ −log σ(t).
    * "background": Σ −log(1 − σ(t)).
    * "class": Σ binary cross-entropy of each class by itself, so that an object may be of several.

    All are divided by the number of objects in the batch, or of pictures where these are more.

    Args:
        boxes: (B, N, 4), `xyxy` in pixels; rows of padding hold anything.
        labels: integers (B, N), −1 where there is no object.
        outputs: for each scale, (B, H, W, A·(5 + C)) or (B, H, W, A, 5 + C), logits.
        anchors: for each scale, array-like (A, 2) of widths and heights in pixels.
        image_size: (height, width) of the pictures in pixels.
        ignore_above: IoU of a predicted box with any object, above which it is no background.
        match_above: None for the paper's one anchor; or an IoU of shapes, from which further anchors learn
            the object too, as in YOLOv4.
        box_loss: "squared" as in the paper, or "iou", "giou", "diou", "ciou".
        weights: dict of factors of the terms, by default 1 each.
        return_terms: whether to return the terms, weighted, by name, instead of their sum.

    Returns:
        float32 scalar; or a dict of them, without those that do not apply.

    Raises:
        ValueError: if an argument is out of its range.

    Notes:
        The paper has the squared error and binary cross-entropy. With the ½, the squared error's slope is the
        difference, as the paper has it; the factor s is that of its program, darknet. What the paper adds up,
        this divides by the number of objects, so that the step does not depend on how many a batch has. Boxes
        whose centre lies outside the picture, or without size, are skipped.
    """
    if box_loss not in ("squared", *KINDS):
        raise ValueError(f"box_loss must be 'squared', {', '.join(map(repr, KINDS))}, got {box_loss!r}")
    unknown = set(weights or {}) - set(WEIGHTS)
    if unknown:
        raise ValueError(
            f"weights must be of the terms {', '.join(WEIGHTS)}, got {', '.join(sorted(unknown))}"
        )
    slots = _Slots(outputs, anchors, image_size)
    boxes = ops.cast(ops.convert_to_tensor(boxes), "float32")
    labels = ops.cast(ops.convert_to_tensor(labels), "int32")
    height, width = image_size
    centre, size = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
    real = (labels >= 0) & ops.all(size > 0, -1) & ops.all(centre >= 0, -1)
    real = real & ops.all(ops.less_equal(centre, np.array([width, height], np.float32)), -1)
    # Padding becomes a harmless box: what is masked must not be NaN, or its gradient is.
    boxes = ops.where(real[..., None], boxes, np.array([0, 0, 1, 1], np.float32))
    centre, size = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]

    # Every object with every anchor, (B, N·A): which of them are responsible, and for which slot.
    learns = slots.matched(size, real, match_above)
    slot, offset, target_size = slots.targets(centre, size)
    area = size[..., 0] * size[..., 1]
    learns = _smallest_only(learns, slot, ops.repeat(area, slots.anchors_in_all, axis=1), slots.count)
    responsible = ops.cast(learns, "float32")

    predicted = ops.take_along_axis(slots.values, slot[..., None], axis=1)
    true_boxes = ops.repeat(boxes, slots.anchors_in_all, axis=1)
    share = 2 - ops.repeat(area, slots.anchors_in_all, axis=1) / (height * width)
    total = {}
    if box_loss == "squared":
        apart = ops.sum((ops.sigmoid(predicted[..., :2]) - offset) ** 2, -1)
        total["centre"] = ops.sum(responsible * share * apart) / 2
        apart = ops.sum((predicted[..., 2:4] - target_size) ** 2, -1)
        total["size"] = ops.sum(responsible * share * apart) / 2
    else:
        found = ops.take_along_axis(slots.boxes, slot[..., None], axis=1)
        total["iou"] = ops.sum(responsible * (1 - paired_ious(true_boxes, found, box_loss)))
    total["object"] = ops.sum(responsible * ops.softplus(-predicted[..., 4]))

    taken = _taken(slot, responsible, slots.count)
    good = ops.stop_gradient(_best_overlap(slots.boxes, boxes, real))
    background = ops.cast((taken == 0) & (good <= ignore_above), "float32")
    total["background"] = ops.sum(background * ops.softplus(slots.values[..., 4]))

    classes = slots.values.shape[-1] - 5
    wanted = ops.one_hot(ops.maximum(labels, 0), classes, dtype="float32")
    wanted = ops.repeat(wanted, slots.anchors_in_all, axis=1)
    logits = predicted[..., 5:]
    entropy = ops.sum(ops.softplus(logits) - wanted * logits, -1)
    total["class"] = ops.sum(responsible * entropy)

    objects = ops.sum(ops.cast(real, "float32"))
    count = ops.maximum(objects, ops.cast(ops.shape(labels)[0], "float32"))
    factors = {**WEIGHTS, **(weights or {})}
    total = {name: factors[name] * value / count for name, value in total.items()}
    return total if return_terms else sum(total.values())


class _Slots:
    """All cells and anchors of all scales in one row: "slots"; what the network says of each.

    Attributes:
        values: float32 (B, M, 5 + C), logits.
        boxes: float32 (B, M, 4), decoded.
        count: M.
        anchors_in_all: number of anchors of all scales.
    """

    def __init__(self, outputs, anchors, image_size):
        if len(outputs) != len(anchors):
            raise ValueError(
                f"anchors must have one list a scale, as outputs do, got {len(anchors)} and {len(outputs)}"
            )
        self.image_size = image_size
        values, boxes, rows = [], [], []
        begin = 0
        for scale, (output, sizes) in enumerate(zip(outputs, anchors)):
            output, sizes = ops.cast(output, "float32"), np.asarray(sizes, np.float32)
            height, width = output.shape[1:3]
            if len(output.shape) == 4:
                if output.shape[-1] % len(sizes):
                    raise ValueError(
                        f"outputs[{scale}] must have {len(sizes)}·(5 + classes) maps, got {output.shape[-1]}"
                    )
                output = ops.reshape(output, (-1, height, width, len(sizes), output.shape[-1] // len(sizes)))
            decoded = decode_scale(output, sizes, cell_corners(height, width), image_size, ops)[0]
            values.append(ops.reshape(output, (-1, height * width * len(sizes), output.shape[-1])))
            boxes.append(ops.reshape(decoded, (-1, height * width * len(sizes), 4)))
            rows += [(begin, height, width, len(sizes), index, *pair) for index, pair in enumerate(sizes)]
            begin += height * width * len(sizes)
        self.values, self.boxes = ops.concatenate(values, 1), ops.concatenate(boxes, 1)
        self.count, self.anchors_in_all = begin, len(rows)
        table = np.array(rows, np.float32)
        self.begin, self.height, self.width, self.anchors, self.index = table[:, :5].T.astype(np.int32)
        self.sizes = ops.convert_to_tensor(table[:, 5:])

    def matched(self, size, real, match_above):
        """Which anchors are responsible for which objects, bool (B, N·A)."""
        common = ops.minimum(size[:, :, None], self.sizes)
        common = common[..., 0] * common[..., 1]
        own = self.sizes[:, 0] * self.sizes[:, 1]
        overlap = common / ((size[..., 0] * size[..., 1])[..., None] + own - common)
        matched = ops.equal(ops.argmax(overlap, -1)[..., None], np.arange(self.anchors_in_all))
        if match_above is not None:
            matched = matched | (overlap > match_above)
        matched = matched & real[..., None]
        return ops.reshape(matched, (ops.shape(matched)[0], -1))

    def targets(self, centre, size):
        """For every object with every anchor: its slot (B, N·A), offset and log sizes (B, N·A, 2)."""
        grid = np.stack([self.width, self.height], -1).astype(np.float32)
        place = ops.multiply(
            ops.divide(centre[:, :, None], np.array(self.image_size[::-1], np.float32)), grid
        )
        cell = ops.minimum(ops.floor(place), grid - 1)
        column, row = (ops.cast(cell[..., axis], "int32") for axis in (0, 1))
        number = ops.add(ops.multiply(row, self.width), column)
        slot = ops.add(ops.multiply(number, self.anchors), self.begin + self.index)
        target_size = ops.log(size[:, :, None] / self.sizes)
        batch = ops.shape(slot)[0]
        return (
            ops.reshape(slot, (batch, -1)),
            ops.reshape(place - cell, (batch, -1, 2)),
            ops.reshape(target_size, (batch, -1, 2)),
        )


def _smallest_only(learns, slot, area, count):
    """Of several objects with one slot, only the smallest learns, and of equally small ones the first."""
    batch = ops.shape(slot)[0]
    flat = ops.reshape(slot + count * ops.arange(batch, dtype="int32")[:, None], (-1,))
    order = ops.cast(ops.broadcast_to(ops.arange(ops.shape(slot)[1]), ops.shape(slot)), "float32")
    for value in (area, order):
        value = ops.where(learns, -value, -np.inf)
        best = ops.segment_max(ops.reshape(value, (-1,)), flat, batch * count)
        learns = learns & (value == ops.reshape(ops.take(best, flat), ops.shape(slot)))
    return learns


def _taken(slot, responsible, count):
    """How many objects each slot has, float32 (B, M)."""
    batch = ops.shape(slot)[0]
    flat = slot + count * ops.arange(batch, dtype="int32")[:, None]
    taken = ops.segment_sum(ops.reshape(responsible, (-1,)), ops.reshape(flat, (-1,)), batch * count)
    return ops.reshape(taken, (batch, count))


def _best_overlap(predicted, boxes, real):
    """The largest IoU of each predicted box with an object, (B, M); 0 without objects."""
    overlap = paired_ious(boxes[:, None], predicted[:, :, None])
    return ops.max(ops.where(real[:, None], overlap, 0.0), -1, initial=0.0)
