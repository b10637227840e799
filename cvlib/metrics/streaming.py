"""Mean IoU and Dice of segmentations while a network trains, on any Keras backend.

Keras's own `MeanIoU` needs its classes counted in another way for one channel, has no Dice, and takes logits
only by way of argmax.
"""

import keras
from keras import ops

from cvlib.metrics.segmentation import check_class_count


class ConfusionMetric(keras.metrics.Metric):
    """The pixels' confusion matrix, added up over batches; what is made of it is up to the subclass.

    Args:
        classes: how many classes there are, the background included.
        ignore_index: value of the true pixels that do not count, such as 255; None if all count.
        threshold: for outputs of one channel: class 1 is above it (0.5 for probabilities, 0.0 for logits).
        class_id: the class whose figure is wanted; None for the mean over the classes that occur.
        name: of the metric.
        dtype: of its result.

    Raises:
        ValueError: if `classes` is less than 2 or `class_id` is none of them.

    Notes:
        Counts are float32 and so exact up to 2²⁴ = 16.7 million pixels a cell; beyond, they lose a part in
        that many. `cvlib.metrics.SegmentationScores` counts exactly.
    """

    def __init__(self, classes, ignore_index=None, threshold=0.5, class_id=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        check_class_count(classes)
        if class_id is not None and class_id not in range(classes):
            raise ValueError(
                f"class_id must be from 0 to {classes - 1}, or None for the mean, got {class_id}"
            )
        self.classes = classes
        self.ignore_index = ignore_index
        self.threshold = threshold
        self.class_id = class_id
        self.confusion = self.add_variable((classes, classes), "zeros", dtype="float32", name="confusion")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count a batch.

        Args:
            y_true: integers (B, H, W, 1) or (B, H, W).
            y_pred: (B, H, W, classes), probabilities or logits; or (B, H, W, 1), see `threshold`.
            sample_weight: weights that broadcast to (B, H, W), or None; (B,) is a weight an image.
        """
        true = ops.cast(ops.reshape(y_true, (-1,)), "int32")
        channels = y_pred.shape[-1]
        if channels == 1:
            predicted = ops.cast(ops.reshape(y_pred, (-1,)) > self.threshold, "int32")
        elif channels == self.classes:
            predicted = ops.cast(ops.reshape(ops.argmax(y_pred, axis=-1), (-1,)), "int32")
        else:
            raise ValueError(
                f"y_pred must have {self.classes} channels, one a class, or 1, got {tuple(y_pred.shape)}"
            )
        # A label outside the classes has a row of zeros: it does not count.
        counts = (true >= 0) & (true < self.classes)
        if self.ignore_index is not None:
            counts = counts & (true != self.ignore_index)
        rows = ops.one_hot(ops.where(counts, true, 0), self.classes, dtype="float32")
        rows = rows * ops.cast(counts, "float32")[:, None]
        if sample_weight is not None:
            weight = ops.cast(sample_weight, "float32")
            size = ops.shape(y_pred)[:-1]
            if len(weight.shape) == len(y_pred.shape):
                weight = ops.squeeze(weight, -1)
            weight = ops.reshape(weight, (*ops.shape(weight), *[1] * (len(size) - len(weight.shape))))
            rows = rows * ops.reshape(ops.broadcast_to(weight, size), (-1, 1))
        columns = ops.one_hot(predicted, self.classes, dtype="float32")
        self.confusion.assign_add(ops.matmul(ops.transpose(rows), columns))

    def _figure(self, both, true, predicted):
        """(part, whole) of each class."""
        raise NotImplementedError

    def result(self):
        """The figure of `class_id` or the mean over the classes that occur; 0 where there is none."""
        both = ops.diagonal(self.confusion)
        part, whole = self._figure(both, ops.sum(self.confusion, 1), ops.sum(self.confusion, 0))
        figures = ops.divide_no_nan(part, whole)
        if self.class_id is not None:
            return ops.cast(figures[self.class_id], self.dtype)
        occurs = ops.cast(whole > 0, "float32")
        return ops.cast(ops.divide_no_nan(ops.sum(figures * occurs), ops.sum(occurs)), self.dtype)

    def get_config(self):
        """The arguments, for saving."""
        return {
            **super().get_config(),
            "classes": self.classes,
            "ignore_index": self.ignore_index,
            "threshold": self.threshold,
            "class_id": self.class_id,
        }


@keras.saving.register_keras_serializable("cvlib")
class MeanIoU(ConfusionMetric):
    """Intersection over union for `model.compile(metrics=…)`: its mean, or that of one class.

    Args:
        classes: how many classes there are, the background included.
        ignore_index: value of the true pixels that do not count; None if all count.
        threshold: for outputs of one channel: class 1 is above it (0.5 for probabilities, 0.0 for logits).
        class_id: the class whose IoU is wanted; None for the mean over the classes that occur.
        name: of the metric.
        dtype: of its result.

    Raises:
        ValueError: if `classes` is less than 2 or `class_id` is none of them.

    Example:
        >>> metric = MeanIoU(2)
        >>> metric.update_state([[[0, 1, 1, 1]]], keras.ops.array([[[[0.1], [0.9], [0.2], [0.9]]]]))
        >>> round(float(metric.result()), 4)
        0.5833
    """

    def __init__(self, classes, ignore_index=None, threshold=0.5, class_id=None, name="mean_iou", dtype=None):
        super().__init__(classes, ignore_index, threshold, class_id, name, dtype)

    def _figure(self, both, true, predicted):
        return both, true + predicted - both


@keras.saving.register_keras_serializable("cvlib")
class MeanDice(ConfusionMetric):
    """Dice coefficient over all pixels, for `model.compile(metrics=…)`: its mean, or that of one class.

    Args:
        classes: how many classes there are, the background included.
        ignore_index: value of the true pixels that do not count; None if all count.
        threshold: for outputs of one channel: class 1 is above it (0.5 for probabilities, 0.0 for logits).
        class_id: the class whose Dice is wanted; None for the mean over the classes that occur.
        name: of the metric.
        dtype: of its result.

    Raises:
        ValueError: if `classes` is less than 2 or `class_id` is none of them.

    Example:
        >>> metric = MeanDice(2, class_id=1)
        >>> metric.update_state([[[0, 1, 1, 1]]], keras.ops.array([[[[0.1], [0.9], [0.2], [0.9]]]]))
        >>> round(float(metric.result()), 4)
        0.8
    """

    def __init__(
        self, classes, ignore_index=None, threshold=0.5, class_id=None, name="mean_dice", dtype=None
    ):
        super().__init__(classes, ignore_index, threshold, class_id, name, dtype)

    def _figure(self, both, true, predicted):
        return 2 * both, true + predicted
