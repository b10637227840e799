"""Cross-entropy of every pixel, plain, weighted a class, or focal.

References:
    Lin et al., 2017, Focal Loss for Dense Object Detection, eq. 5.
"""

import keras
from keras import ops

from cvlib.losses.segmentation import EPSILON, SegmentationLoss


@keras.saving.register_keras_serializable("cvlib")
class CrossEntropy(SegmentationLoss):
    """Mean cross-entropy of the pixels that count, with a weight a class.

    Args:
        class_weights: one number a class (two for outputs of one channel), or None. The mean is weighted,
            so that their sum does not matter.
        **options: as `SegmentationLoss`.

    Example:
        >>> loss = CrossEntropy(ignore_index=255)
        >>> round(float(loss([[[1, 255]]], [[[[0.5, 0.5], [1.0, 0.0]]]])), 4)
        0.6931
    """

    def __init__(self, class_weights=None, name="cross_entropy", **options):
        super().__init__(name=name, **options)
        self.class_weights = _checked_weights(class_weights)

    def per_image(self, labels, outputs, counts):
        """See `SegmentationLoss.per_image`."""
        if self.class_weights is not None:
            classes = max(2, outputs.shape[-1])
            if len(self.class_weights) != classes:
                raise ValueError(
                    f"class_weights must be {classes}, one a class, got {len(self.class_weights)}"
                )
            counts = counts * ops.take(ops.convert_to_tensor(self.class_weights, "float32"), labels)
        return _mean(-self.log_of_truth(labels, outputs), counts)

    def get_config(self):
        """The arguments, for saving."""
        return {**super().get_config(), "class_weights": self.class_weights}


@keras.saving.register_keras_serializable("cvlib")
class Focal(SegmentationLoss):
    """Cross-entropy that counts a pixel less the surer it is right: −α·(1 − p)^γ·log p.

    Args:
        gamma: at least 0; 0 is plain cross-entropy.
        class_weights: α, one number a class (two for outputs of one channel), or None for 1.
        **options: as `SegmentationLoss`.

    Example:
        >>> round(float(Focal(gamma=2.0)([[[1]]], [[[[0.5, 0.5]]]])), 4)
        0.1733
    """

    def __init__(self, gamma=2.0, class_weights=None, name="focal", **options):
        super().__init__(name=name, **options)
        if gamma < 0:
            raise ValueError(f"gamma must be at least 0, got {gamma}")
        self.gamma = gamma
        self.class_weights = _checked_weights(class_weights)

    def per_image(self, labels, outputs, counts):
        """See `SegmentationLoss.per_image`."""
        log = self.log_of_truth(labels, outputs)
        # 1 − p is kept from 0, where a power below 1 has no finite slope.
        losses = -((ops.maximum(1 - ops.exp(log), EPSILON)) ** self.gamma) * log
        if self.class_weights is not None:
            classes = max(2, outputs.shape[-1])
            if len(self.class_weights) != classes:
                raise ValueError(
                    f"class_weights must be {classes}, one a class, got {len(self.class_weights)}"
                )
            losses = losses * ops.take(ops.convert_to_tensor(self.class_weights, "float32"), labels)
        return _mean(losses, counts)

    def get_config(self):
        """The arguments, for saving."""
        return {**super().get_config(), "gamma": self.gamma, "class_weights": self.class_weights}


def _mean(values, counts):
    """Mean over the pixels that count, (B,); 0 where none does."""
    return ops.sum(values * counts, axis=(1, 2)) / ops.maximum(ops.sum(counts, axis=(1, 2)), EPSILON)


def _checked_weights(weights):
    if weights is None:
        return None
    weights = [float(weight) for weight in weights]
    if any(not 0 <= weight < float("inf") for weight in weights) or not any(weights):
        raise ValueError(f"class_weights must be at least 0, and one positive, got {weights}")
    return weights
