"""Losses of a region as a whole: how much of the true and the found one is common.

References:
    Milletari, Navab and Ahmadi, 2016, V-Net, section 3 (Dice).
    Salehi, Erdogmus and Gholipour, 2017, Tversky Loss Function for Image Segmentation, eq. 1 and 2.
"""

import keras
from keras import ops

from cvlib.losses.segmentation import SegmentationLoss


@keras.saving.register_keras_serializable("cvlib")
class Tversky(SegmentationLoss):
    """1 − TP / (TP + α·FP + β·FN), of each class of each image, smoothed; then the mean over the classes.

    Args:
        alpha: weight of what was found and is not there, at least 0.
        beta: weight of what was missed, at least 0.
        smooth: added above and below, positive: an empty mask found empty costs 0.
        background: whether class 0 has a part in the mean (outputs of one channel have no class 0).
        **options: as `SegmentationLoss`.

    Example:
        >>> loss = Tversky(alpha=0.3, beta=0.7, smooth=1e-6)
        >>> round(float(loss([[[1, 1]]], [[[[1.0], [0.0]]]])), 4)  # TP 1, FN 1
        0.4118
    """

    def __init__(self, alpha=0.3, beta=0.7, smooth=1.0, background=True, name="tversky", **options):
        super().__init__(name=name, **options)
        if alpha < 0 or beta < 0 or smooth <= 0:
            raise ValueError(
                "alpha and beta must be at least 0 and smooth positive, "
                f"got alpha={alpha}, beta={beta}, smooth={smooth}"
            )
        self.alpha = alpha
        self.beta = beta
        self.smooth = smooth
        self.background = background

    def per_image(self, labels, outputs, counts):
        """See `SegmentationLoss.per_image`."""
        counts = counts[..., None]
        true = self.one_hot(labels, outputs) * counts
        found = self.probabilities(outputs) * counts
        both = ops.sum(true * found, axis=(1, 2))
        only_found = ops.sum(found, axis=(1, 2)) - both
        only_true = ops.sum(true, axis=(1, 2)) - both
        index = (both + self.smooth) / (both + self.alpha * only_found + self.beta * only_true + self.smooth)
        if not self.background and outputs.shape[-1] > 1:
            index = index[:, 1:]
        return 1 - ops.mean(index, axis=-1)

    def get_config(self):
        """The arguments, for saving."""
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "beta": self.beta,
            "smooth": self.smooth,
            "background": self.background,
        }


@keras.saving.register_keras_serializable("cvlib")
class Dice(Tversky):
    """Soft Dice loss of each image, 1 − (2·|A∩B| + s) / (|A| + |B| + s), the mean over the classes.

    It is Tversky's with α = β = ½ (and half the smoothing). Keras's own `Dice` takes the whole batch for one
    image.

    Args:
        smooth: s, positive.
        background: whether class 0 has a part in the mean (outputs of one channel have no class 0).
        **options: as `SegmentationLoss`.

    Example:
        >>> round(float(Dice(smooth=1e-6)([[[1, 1]]], [[[[1.0], [0.0]]]])), 4)
        0.3333
    """

    def __init__(self, smooth=1.0, background=True, name="dice", **options):
        super().__init__(0.5, 0.5, smooth / 2, background, name=name, **options)

    def get_config(self):
        """The arguments, for saving."""
        config = super().get_config()
        del config["alpha"], config["beta"]
        return {**config, "smooth": 2 * self.smooth}
