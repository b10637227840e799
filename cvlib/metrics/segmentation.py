"""How well predicted masks agree with the true ones: IoU, Dice and pixel accuracy from exact counts.

All figures come from one table, the confusion matrix of the pixels. A class that is neither in the true
masks nor in the predictions has no IoU and no Dice: the figure is NaN and means leave it out. A class that is
in one of the two only has 0.

References:
    Everingham et al., 2010, The PASCAL VOC Challenge, section 4.3 (IoU of segmentations).
    Long, Shelhamer and Darrell, 2015, Fully Convolutional Networks, section 5 (pixel accuracy, mean IoU).
    Dice, 1945, Measures of the Amount of Ecologic Association Between Species.
"""

import numpy as np


def pixel_confusion(masks, predictions, classes, ignore_index=None):
    """How often each class of pixel was taken for each class.

    Args:
        masks: int array (B, H, W, 1), (B, H, W) or (H, W), the true class of each pixel from 0 on.
        predictions: int array of the same size, the predicted class of each pixel; see `to_labels`.
        classes: how many classes there are.
        ignore_index: value of the true pixels that do not count, such as 255; None if all count.

    Returns:
        int64 array (classes, classes): row the true class, column the predicted one.

    Raises:
        ValueError: if the two differ in size, are no masks (RGB, fractions), or hold a class that there is
            not.

    Example:
        >>> pixel_confusion([[0, 1], [1, 255]], [[0, 1], [0, 0]], classes=2, ignore_index=255)
        array([[1, 0],
               [1, 1]])
    """
    masks, predictions = checked_masks(masks, predictions, classes, ignore_index)
    return _count(masks, predictions, classes, ignore_index)


def iou(confusion):
    """Intersection over union of each class.

    Args:
        confusion: int array (…, classes, classes) from `pixel_confusion`.

    Returns:
        float64 array (…, classes) in [0, 1]; NaN for a class that is in neither masks nor predictions.

    Example:
        >>> iou([[1, 0], [1, 1]])
        array([0.5, 0.5])
    """
    both, true, predicted = _sums(confusion)
    return _ratio(both, true + predicted - both)


def dice(confusion):
    """Dice coefficient of each class, 2·|A∩B| / (|A| + |B|); the same as its F1 score.

    Args:
        confusion: int array (…, classes, classes) from `pixel_confusion`.

    Returns:
        float64 array (…, classes) in [0, 1]; NaN for a class that is in neither masks nor predictions.

    Example:
        >>> dice([[2, 0], [0, 0]])
        array([ 1., nan])
    """
    both, true, predicted = _sums(confusion)
    return _ratio(2 * both, true + predicted)


def pixel_accuracy(confusion):
    """The share of pixels that got their true class.

    Args:
        confusion: int array (…, classes, classes) from `pixel_confusion`.

    Returns:
        float64, or an array (…), in [0, 1]; NaN where no pixel counts.

    Example:
        >>> float(pixel_accuracy([[1, 0], [1, 2]]))
        0.75
    """
    both, true, _ = _sums(confusion)
    return _ratio(both.sum(-1), true.sum(-1))


def mean_iou(masks, predictions, classes, ignore_index=None):
    """Mean over the classes of the IoU over all pixels of all images.

    Args:
        masks: as for `pixel_confusion`.
        predictions: as for `pixel_confusion`.
        classes: how many classes there are.
        ignore_index: as for `pixel_confusion`.

    Returns:
        A float in [0, 1]; classes that are in neither are left out, NaN if none is left.

    Raises:
        ValueError: as `pixel_confusion`.

    Example:
        >>> mean_iou([[0, 1], [1, 1]], [[0, 1], [0, 1]], classes=2)
        0.5833333333333333
    """
    return _mean(iou(pixel_confusion(masks, predictions, classes, ignore_index)))


def per_image(masks, predictions, classes, ignore_index=None, class_names=None):
    """A row an image with its figures: the images that went wrong are the lowest rows.

    Args:
        masks: as for `pixel_confusion`.
        predictions: as for `pixel_confusion`.
        classes: how many classes there are.
        ignore_index: as for `pixel_confusion`.
        class_names: one name a class; by default their numbers.

    Returns:
        A pandas DataFrame, a row an image, with the columns `pixel_accuracy` and, for each class,
        `iou_<name>` and `dice_<name>`; NaN as in `iou` and `dice`.

    Raises:
        ValueError: as `pixel_confusion`.

    Example:
        >>> table = per_image([[[0, 1]], [[0, 0]]], [[[0, 1]], [[0, 1]]], 2, class_names=["air", "lung"])
        >>> table["dice_lung"].tolist()
        [1.0, 0.0]
    """
    scores = SegmentationScores(classes, ignore_index, class_names)
    scores.update(masks, predictions)
    return scores.per_image()


def to_labels(outputs, threshold=0.5):
    """From a network's outputs to class numbers.

    Args:
        outputs: float array (B, H, W, classes): the class is that of the greatest value (probabilities or
            logits); or (B, H, W, 1): class 1 where the value is greater than `threshold`.
        threshold: for one channel: 0.5 for probabilities, 0.0 for logits.

    Returns:
        int32 array (B, H, W).

    Raises:
        ValueError: if `outputs` is not (B, H, W, channels).

    Example:
        >>> to_labels(np.array([[[[0.2], [0.7]]]]))
        array([[[0, 1]]], dtype=int32)
    """
    outputs = np.asarray(outputs)
    if outputs.ndim != 4:
        raise ValueError(
            f"outputs must be (B, H, W, channels), what the network predicts, got {outputs.shape}"
            + (": add the batch axis with outputs[None]" if outputs.ndim == 3 else "")
        )
    if outputs.shape[-1] == 1:
        return (outputs[..., 0] > threshold).astype(np.int32)
    return outputs.argmax(-1).astype(np.int32)


class SegmentationScores:
    """The figures of a test set that comes in batches; exact, however it is cut.

    Args:
        classes: how many classes there are.
        ignore_index: as for `pixel_confusion`.
        class_names: one name a class; by default their numbers.

    Attributes:
        confusions: a list of int64 arrays (classes, classes), one an image, in the order seen.

    Raises:
        ValueError: if `class_names` are not as many as the classes.

    Example:
        >>> scores = SegmentationScores(2)
        >>> scores.update([[0, 0, 1, 1]], [[0, 1, 1, 1]])
        >>> scores.result()["dice"].round(3)
        array([0.667, 0.8  ])
    """

    def __init__(self, classes, ignore_index=None, class_names=None):
        check_class_count(classes)
        if class_names is not None and len(class_names) != classes:
            raise ValueError(f"class_names must be {classes}, one a class, got {len(class_names)}")
        self.classes = classes
        self.ignore_index = ignore_index
        self.class_names = [str(name) for name in (range(classes) if class_names is None else class_names)]
        self.confusions = []

    def update(self, masks, predictions):
        """Count a batch.

        Args:
            masks: as for `pixel_confusion`; (H, W) is one image. Sizes may differ from batch to batch.
            predictions: as for `pixel_confusion`.

        Raises:
            ValueError: as `pixel_confusion`.
        """
        masks, predictions = checked_masks(masks, predictions, self.classes, self.ignore_index)
        self.confusions += [
            _count(mask, guess, self.classes, self.ignore_index) for mask, guess in zip(masks, predictions)
        ]

    @property
    def confusion(self):
        """int64 array (classes, classes), the sum over all images."""
        return sum(self.confusions, np.zeros((self.classes, self.classes), np.int64))

    def result(self):
        """All figures so far.

        Returns:
            A dict: `pixel_accuracy`, `iou` and `dice` (arrays, one a class), `mean_iou` and `mean_dice` over
            all pixels; and `image_iou` and `image_dice` (arrays, one a class): the means over the images in
            which the class occurs, in the mask or in the prediction.
        """
        total = self.confusion
        each = np.reshape(self.confusions, (-1, self.classes, self.classes))
        return {
            "pixel_accuracy": float(pixel_accuracy(total)),
            "iou": iou(total),
            "dice": dice(total),
            "mean_iou": _mean(iou(total)),
            "mean_dice": _mean(dice(total)),
            "image_iou": np.array([_mean(column) for column in iou(each).T]),
            "image_dice": np.array([_mean(column) for column in dice(each).T]),
        }

    def per_image(self):
        """The table of `per_image` for all images so far."""
        import pandas as pd

        each = np.reshape(self.confusions, (-1, self.classes, self.classes))
        table = pd.DataFrame({"pixel_accuracy": pixel_accuracy(each)})
        for number, name in enumerate(self.class_names):
            table[f"iou_{name}"] = iou(each)[:, number]
            table[f"dice_{name}"] = dice(each)[:, number]
        return table


def check_class_count(classes):
    """Refuse what is no number of classes of a mask.

    Args:
        classes: as given by the user.

    Raises:
        ValueError: if it is not an integer of at least 2.
    """
    if isinstance(classes, bool) or not isinstance(classes, (int, np.integer)) or classes < 2:
        raise ValueError(f"classes must be an integer of at least 2 (the background is one), got {classes!r}")


def checked_masks(masks, predictions, classes, ignore_index=None):
    """Two batches of masks that can be compared, or an error that says why not.

    Args:
        masks: as for `pixel_confusion`.
        predictions: as for `pixel_confusion`.
        classes: how many classes there are.
        ignore_index: as for `pixel_confusion`.

    Returns:
        The two as int64 arrays (B, H, W).

    Raises:
        ValueError: as `pixel_confusion`.
    """
    check_class_count(classes)
    masks, predictions = _mask_batch(masks, "masks"), _mask_batch(predictions, "predictions")
    if masks.shape != predictions.shape:
        raise ValueError(
            f"masks and predictions must be of one size, got {masks.shape} and {predictions.shape}: resize "
            "the prediction (its logits, bilinearly) to the mask, never the mask to the prediction"
        )
    for name, array in (("masks", masks), ("predictions", predictions)):
        counted = array if ignore_index is None else array[masks != ignore_index]
        if counted.size and (counted.min() < 0 or counted.max() >= classes):
            strange = np.unique(counted[(counted < 0) | (counted >= classes)])
            raise ValueError(
                f"{name} must hold classes from 0 to {classes - 1}, got {', '.join(map(str, strange[:8]))}"
                + (": give ignore_index=255 if 255 means “does not count”" if 255 in strange else "")
                + (", or divide by 255 if it means “inside”" if list(strange) == [255] else "")
            )
    return masks, predictions


def _mask_batch(array, name):
    array = np.asarray(array)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 4:
        raise ValueError(
            f"{name} must be class numbers (B, H, W) or (B, H, W, 1), got {array.shape}: "
            + (
                "make class numbers of a network's outputs with metrics.to_labels"
                if name == "predictions"
                else "a mask has one channel; make class numbers of colours or one-hot channels first"
            )
        )
    if array.ndim not in (2, 3) or array.dtype.kind not in "buif":
        raise ValueError(f"{name} must be (B, H, W, 1), (B, H, W) or (H, W), got {array.shape} {array.dtype}")
    fractions = array[array != np.round(array)] if array.dtype.kind == "f" else ()
    if len(fractions):
        raise ValueError(
            f"{name} must be whole class numbers, got fractions such as {fractions[0]:.3g}: "
            + (
                "make class numbers of probabilities with metrics.to_labels"
                if name == "predictions"
                else "was the mask resized with interpolation? Use the nearest neighbour"
            )
        )
    return array.astype(np.int64).reshape(-1, *array.shape[-2:])


def _count(masks, predictions, classes, ignore_index):
    masks, predictions = masks.ravel(), predictions.ravel()
    if ignore_index is not None:
        counts = masks != ignore_index
        masks, predictions = masks[counts], predictions[counts]
    return np.bincount(masks * classes + predictions, minlength=classes**2).reshape(classes, classes)


def _sums(confusion):
    """Pixels of each class that are right, that are true, and that are predicted."""
    confusion = np.asarray(confusion)
    if confusion.ndim < 2 or confusion.shape[-1] != confusion.shape[-2]:
        raise ValueError(f"confusion must be (classes, classes), from pixel_confusion, got {confusion.shape}")
    return np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(-1), confusion.sum(-2)


def _ratio(part, whole):
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)[()]


def _mean(values):
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")
