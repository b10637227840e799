"""Losses of boxes: 1 − GIoU and its relatives, of each predicted box with its own true box.

References:
    Rezatofighi et al., 2019, Generalized Intersection over Union, algorithm 2.
    Zheng et al., 2020, Distance-IoU Loss, eq. 7 to 11.
"""

import math

import keras
from keras import ops

#: What is added below a fraction, in square pixels: boxes without area divide by it.
TINY = 1e-9

KINDS = ("iou", "giou", "diou", "ciou")


def paired_ious(true, predicted, kind="iou"):
    """IoU or a relative, of each box with the box at the same place (`cvlib.boxes` compares all with all).

    Args:
        true: tensor (..., 4), `xyxy`.
        predicted: tensor of the same shape, or one that broadcasts with it.
        kind: "iou", "giou", "diou" or "ciou".

    Returns:
        float tensor (...): at most 1.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    sides = ops.minimum(true[..., 2:], predicted[..., 2:]) - ops.maximum(true[..., :2], predicted[..., :2])
    sides = ops.maximum(sides, 0.0)
    size, other = (ops.maximum(box[..., 2:] - box[..., :2], 0.0) for box in (true, predicted))
    inter = sides[..., 0] * sides[..., 1]
    union = size[..., 0] * size[..., 1] + other[..., 0] * other[..., 1] - inter
    overlap = inter / (union + TINY)
    if kind == "iou":
        return overlap
    around = ops.maximum(true[..., 2:], predicted[..., 2:]) - ops.minimum(true[..., :2], predicted[..., :2])
    if kind == "giou":
        hull = around[..., 0] * around[..., 1]
        return overlap - (hull - union) / (hull + TINY)
    apart = (true[..., :2] + true[..., 2:] - predicted[..., :2] - predicted[..., 2:]) / 2
    overlap_and_distance = overlap - ops.sum(apart**2, -1) / (ops.sum(around**2, -1) + TINY)
    if kind == "diou":
        return overlap_and_distance
    angles = [ops.arctan2(each[..., 0], each[..., 1] + TINY) for each in (size, other)]
    aspect = 4 / math.pi**2 * (angles[0] - angles[1]) ** 2
    # The paper keeps the weight out of the gradient.
    weight = ops.stop_gradient(aspect / (1 - overlap + aspect + TINY))
    return overlap_and_distance - weight * aspect


class BoxLoss(keras.losses.Loss):
    """1 − an overlap, of each box; what `GIoU`, `DIoU` and `CIoU` share.

    Args:
        reduction: over the boxes, as in Keras.
        name: of the loss.
        dtype: in which to compute, float32 by default also under mixed precision.
    """

    kind = "iou"

    def __init__(self, reduction="sum_over_batch_size", name=None, dtype=None):
        super().__init__(name=name or self.kind, reduction=reduction, dtype=dtype or "float32")

    def call(self, y_true, y_pred):
        """One number a box.

        Args:
            y_true: (..., 4), `xyxy`.
            y_pred: of the same shape.

        Returns:
            float32 (...), from 0.
        """
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        if y_true.shape[-1] != 4 or y_pred.shape[-1] != 4:
            raise ValueError(
                "y_true and y_pred must be boxes (..., 4), x1, y1, x2, y2, "
                f"got {tuple(y_true.shape)} and {tuple(y_pred.shape)}"
            )
        return 1 - paired_ious(ops.cast(y_true, "float32"), ops.cast(y_pred, "float32"), self.kind)

    def get_config(self):
        """The arguments, for saving."""
        return {**super().get_config(), "dtype": "float32" if self.dtype is None else self.dtype}


@keras.saving.register_keras_serializable("cvlib")
class GIoU(BoxLoss):
    """1 − GIoU: also boxes that do not touch are drawn together.

    Args:
        **options: as `BoxLoss`.

    Example:
        >>> round(float(GIoU()([[0, 0, 2, 2]], [[2, 0, 4, 2]])), 3)  # touching: IoU 0, nothing wasted
        1.0
    """

    kind = "giou"


@keras.saving.register_keras_serializable("cvlib")
class DIoU(BoxLoss):
    """1 − IoU + the squared distance of the centres, as a share of the diagonal around both.

    Args:
        **options: as `BoxLoss`.
    """

    kind = "diou"


@keras.saving.register_keras_serializable("cvlib")
class CIoU(BoxLoss):
    """`DIoU` with a term for sides of another aspect.

    Args:
        **options: as `BoxLoss`.
    """

    kind = "ciou"
