"""What the losses for segmentation share: pixels that do not count, one number an image, and sums.

They take masks (B, H, W, 1) of class numbers and what a network predicts, (B, H, W, classes), or (B, H, W, 1)
for a yes/no mask: probabilities, or logits with `from_logits=True`. All are computed in float32 also under
mixed precision, give one number an image, and stay finite where no pixel counts.
"""

import keras
from keras import ops

#: Probabilities are kept this far from 0 before a logarithm.
EPSILON = 1e-7


class SegmentationLoss(keras.losses.Loss):
    """What all losses here do: ignore pixels, one number an image, sums by `+` and multiples by `*`.

    Args:
        from_logits: whether the network's outputs are logits, not probabilities.
        ignore_index: value of the true pixels that do not count, such as 255; None if all count.
        reduction: over the images, as in Keras.
        name: of the loss.
        dtype: in which to compute, float32 by default also under mixed precision.
    """

    def __init__(
        self, from_logits=False, ignore_index=None, reduction="sum_over_batch_size", name=None, dtype=None
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype or "float32")
        self.from_logits = from_logits
        self.ignore_index = ignore_index

    def call(self, y_true, y_pred):
        """One number an image.

        Args:
            y_true: class numbers (B, H, W, 1) or (B, H, W).
            y_pred: (B, H, W, classes) or (B, H, W, 1).

        Returns:
            float32 (B,).
        """
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.convert_to_tensor(y_true)
        if len(y_true.shape) == len(y_pred.shape):
            if y_true.shape[-1] not in (1, None):
                raise ValueError(
                    "y_true must be class numbers (B, H, W, 1), "
                    f"got {tuple(y_true.shape)}: take the argmax of one-hot masks, and one channel of RGB"
                )
            y_true = ops.squeeze(y_true, -1)
        if len(y_true.shape) != 3 or len(y_pred.shape) != 4:
            raise ValueError(
                "y_true must be (B, H, W, 1) or (B, H, W) and y_pred (B, H, W, classes), "
                f"got {tuple(y_true.shape)} and {tuple(y_pred.shape)}"
            )
        for true, predicted in zip(y_true.shape[1:], y_pred.shape[1:3]):
            if None not in (true, predicted) and true != predicted:
                raise ValueError(
                    f"y_true and y_pred must be of one size, got {tuple(y_true.shape[1:])} and "
                    f"{tuple(y_pred.shape[1:3])}: give the network masks of its output's size"
                )
        labels = ops.cast(y_true, "int32")
        counts = ops.ones_like(labels, dtype="float32")
        if self.ignore_index is not None:
            counts = ops.cast(labels != self.ignore_index, "float32")
            labels = ops.where(labels != self.ignore_index, labels, 0)
        return self.per_image(labels, ops.cast(y_pred, "float32"), counts)

    def per_image(self, labels, outputs, counts):
        """The loss itself.

        Args:
            labels: int32 (B, H, W), class numbers; 0 where ignored.
            outputs: float32 (B, H, W, classes) or (B, H, W, 1).
            counts: float32 (B, H, W), 0 where ignored, else 1.

        Returns:
            float32 (B,).
        """
        raise NotImplementedError

    def probabilities(self, outputs):
        """The outputs as probabilities, float32 of the same shape."""
        if not self.from_logits:
            return outputs
        return ops.sigmoid(outputs) if outputs.shape[-1] == 1 else ops.softmax(outputs, axis=-1)

    def log_of_truth(self, labels, outputs):
        """The logarithm of the probability of each pixel's true class, (B, H, W)."""
        channels = outputs.shape[-1]
        if channels == 1:
            inside = labels == 1
            if self.from_logits:
                return -ops.softplus(ops.where(inside, -outputs[..., 0], outputs[..., 0]))
            truth = ops.where(inside, outputs[..., 0], 1 - outputs[..., 0])
            return ops.log(ops.clip(truth, EPSILON, 1.0))
        chosen = ops.one_hot(labels, channels, dtype="float32")
        if self.from_logits:
            return ops.sum(chosen * ops.log_softmax(outputs, axis=-1), axis=-1)
        return ops.log(ops.clip(ops.sum(chosen * outputs, axis=-1), EPSILON, 1.0))

    def one_hot(self, labels, outputs):
        """The true classes with a channel for each of the outputs', float32 (B, H, W, channels)."""
        if outputs.shape[-1] == 1:
            return ops.cast(labels == 1, "float32")[..., None]
        return ops.one_hot(labels, outputs.shape[-1], dtype="float32")

    def __add__(self, other):
        """The sum of two losses: `Dice() + CrossEntropy()`."""
        return SumOfLosses(_terms(self) + _terms(other), _weights(self) + _weights(other))

    def __mul__(self, weight):
        """A multiple of a loss: `0.5 * Dice()`."""
        return SumOfLosses(_terms(self), [float(weight) * each for each in _weights(self)])

    __rmul__ = __mul__

    def get_config(self):
        """The arguments, for saving."""
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "ignore_index": self.ignore_index,
            "dtype": "float32" if self.dtype is None else self.dtype,
        }


@keras.saving.register_keras_serializable("cvlib")
class SumOfLosses(SegmentationLoss):
    """A weighted sum of losses, most easily written `Dice() + 0.5 * CrossEntropy()`.

    Args:
        losses: the terms.
        weights: a number a term; by default 1 each.
        reduction: over the images, as in Keras.
        name: of the loss.
        dtype: as in Keras.

    Example:
        >>> from cvlib.losses import CrossEntropy, Dice
        >>> loss = Dice(smooth=1e-6) + 0.5 * CrossEntropy()
        >>> round(float(loss([[[1, 1]]], [[[[0.5], [0.5]]]])), 4)  # 1/3 + log(2)/2
        0.6799
    """

    def __init__(self, losses, weights=None, reduction="sum_over_batch_size", name="sum", dtype=None):
        super().__init__(reduction=reduction, name=name, dtype=dtype)
        self.losses = [keras.losses.deserialize(loss) if isinstance(loss, dict) else loss for loss in losses]
        self.weights = [1.0] * len(self.losses) if weights is None else list(weights)
        if len(self.weights) != len(self.losses):
            raise ValueError(f"weights must be {len(self.losses)}, one a loss, got {len(self.weights)}")

    def call(self, y_true, y_pred):
        """See `SegmentationLoss.call`."""
        return sum(weight * loss.call(y_true, y_pred) for weight, loss in zip(self.weights, self.losses))

    def get_config(self):
        """The terms, for saving."""
        config = super().get_config()
        del config["from_logits"], config["ignore_index"]
        return {
            **config,
            "losses": [keras.losses.serialize(loss) for loss in self.losses],
            "weights": self.weights,
        }


def _terms(loss):
    if not isinstance(loss, SegmentationLoss):
        raise TypeError(f"only losses of cvlib.losses can be added, got {loss!r}")
    return loss.losses if isinstance(loss, SumOfLosses) else [loss]


def _weights(loss):
    return loss.weights if isinstance(loss, SumOfLosses) else [1.0]
