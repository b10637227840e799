"""RetinaNet: anchors at every place, one small network over all of them, and a loss that is not drowned.

References:
    Lin et al., 2017, Focal Loss for Dense Object Detection (RetinaNet), sections 3 and 4.
    Lin et al., 2017, Feature Pyramid Networks for Object Detection, section 3.
"""

import itertools

import keras
import numpy as np
from keras import layers, ops

from cvlib.boxes.arrays import as_boxes
from cvlib.losses import Focal
from cvlib.models.anchor_boxes import (
    IGNORED,
    anchor_grid,
    assign_anchors,
    decode_deltas,
    encode_deltas,
    select_detections,
)
from cvlib.models.guard import watch
from cvlib.models.head import check_classes, check_input_shape
from cvlib.models.small_cnn import conv_block


def RetinaNet(
    input_shape=(96, 96, 3),
    classes=3,
    strides=(8, 16),
    anchors_per_cell=3,
    filters=(16, 32, 48, 64),
    width=32,
    prior=0.01,
    name="retina_net",
):
    """Build a small RetinaNet: a backbone, a feature pyramid and a head that all levels share.

    Args:
        input_shape: (H, W, C) of the images, multiples of the largest stride.
        classes: number of classes, without background: an anchor is background where every class says no.
        strides: of the pyramid's levels, rising, each twice the one before; the backbone's last stride is the
            largest.
        anchors_per_cell: sizes times aspects, as in `anchor_grid`.
        filters: number of maps of the backbone's blocks; block i has the stride 2^i.
        width: number of maps of the pyramid and of the head.
        prior: the probability that an untrained network gives to every class of every anchor. With one half,
            the many background anchors would swamp the first steps.
        name: of the model.

    Returns:
        A `keras.Model`, not compiled, from images (B, H, W, C) in [0, 255] to a dict of "classes" (B, N,
        classes), logits, and "deltas" (B, N, 4), with the N anchors in the order of `anchor_grid`.

    Raises:
        ValueError: if an argument is out of its range.

    Notes:
        The paper has ResNet-50 or -101, levels of strides 8 to 128, 256 maps and four convolutions a head;
        here they are few, one convolution a head, and the backbone is that of `SmallCNN`. The levels of the
        pyramid are batch-normalised, which the paper's are not: it learns in far fewer steps.
    """
    strides = tuple(strides)
    top = 2 ** len(filters)
    if not strides or strides[-1] != top or any(2 * a != b for a, b in itertools.pairwise(strides)):
        raise ValueError(f"strides must double and end with {top}, that of the last block, got {strides}")
    input_shape = check_input_shape(input_shape, top)
    if any(side % top for side in input_shape[:2]):
        raise ValueError(
            f"input_shape must be multiples of {top}, got {input_shape[0]}×{input_shape[1]}: resize or pad"
        )
    check_classes(classes, None)
    if not 0 < prior < 1:
        raise ValueError(f"prior must be a probability in (0, 1), got {prior!r}")
    images = keras.Input(input_shape, name="images")
    x = layers.Rescaling(1 / 255, name="rescaling")(images)
    maps = {}
    for number, count in enumerate(filters, start=1):
        x = conv_block(x, count, name=f"block{number}")
        maps[2**number] = x
    levels = _pyramid([maps[stride] for stride in strides], width)

    outputs = {}
    for key, size in (("classes", classes), ("deltas", 4)):
        bias = -np.log((1 - prior) / prior) if key == "classes" else 0.0
        hidden = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"{key}_conv")
        end = layers.Conv2D(
            anchors_per_cell * size,
            3,
            padding="same",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01, seed=0),
            bias_initializer=keras.initializers.Constant(bias),
            dtype="float32",
            name=f"{key}_maps",
        )
        flat = [layers.Reshape((-1, size), dtype="float32")(end(hidden(level))) for level in levels]
        outputs[key] = layers.Concatenate(axis=1, dtype="float32", name=key)(flat)
    return watch(keras.Model(images, outputs, name=name))


def _pyramid(maps, width):
    """Each level sees what the coarser ones know: 1×1, enlarge, add, 3×3."""
    x, levels = None, []
    for number, level in reversed(list(enumerate(maps, start=1))):
        side = layers.Conv2D(width, 1, name=f"pyramid{number}_side")(level)
        if x is not None:
            x = layers.UpSampling2D(2, name=f"pyramid{number}_up")(x)
            side = layers.Add(name=f"pyramid{number}_add")([side, x])
        x = side
        out = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"pyramid{number}_out")(x)
        levels.append(layers.BatchNormalization(momentum=0.9, name=f"pyramid{number}_bn")(out))
    return levels[::-1]


def retina_targets(truths, anchors, classes, positive=0.5, negative=0.4):
    """What each anchor of each picture shall say.

    Args:
        truths: a list with a dict for each picture: `boxes` (M, 4) and `classes` (M,), from 0.
        anchors: array (N, 4).
        classes: number of classes.
        positive: as for `assign_anchors`.
        negative: likewise.

    Returns:
        Dict of float32 arrays: "classes" (B, N, classes), 1 for the class of the anchor's object, 0 for any
        other, −1 for all classes of an anchor that does not count; and "deltas" (B, N, 5), of which the last
        is 1 for an anchor that has an object.

    Raises:
        ValueError: naming the picture, if a class is not below `classes`.
    """
    labels = np.zeros((len(truths), len(anchors), classes), np.float32)
    deltas = np.zeros((len(truths), len(anchors), 5), np.float32)
    for picture, entry in enumerate(truths):
        true, kinds = as_boxes(entry["boxes"], f"truths[{picture}]: boxes"), np.asarray(entry["classes"], int)
        if len(kinds) and not 0 <= kinds.min() <= kinds.max() < classes:
            raise ValueError(f"truths[{picture}]: classes must be in 0 … {classes - 1}, got {kinds.tolist()}")
        found = assign_anchors(anchors, true, positive, negative)
        own = np.flatnonzero(found >= 0)
        labels[picture, own, kinds[found[own]]] = 1
        labels[picture, found == IGNORED] = -1
        deltas[picture, own, :4] = encode_deltas(true[found[own]], anchors[own])
        deltas[picture, own, 4] = 1
    return {"classes": labels, "deltas": deltas}


@keras.saving.register_keras_serializable("cvlib")
class RetinaClassLoss(keras.losses.Loss):
    """Focal loss of every class of every anchor, summed, over the number of anchors with an object.

    Args:
        gamma: of the focal loss; 0 is plain cross-entropy.
        alpha: weight of "yes"; "no" weighs 1 − alpha. None: both weigh 1.
        name: of the loss.
        **options: as in Keras.

    References:
        Lin et al., 2017, equation 5 and section 4.1.
    """

    def __init__(self, gamma=2.0, alpha=0.25, name="retina_class_loss", **options):
        super().__init__(name=name, **options)
        if alpha is not None and not 0 < alpha < 1:
            raise ValueError(f"alpha must be in (0, 1) or None, got {alpha!r}")
        self.gamma, self.alpha = gamma, alpha
        weights = None if alpha is None else [1 - alpha, alpha]
        self.focal = Focal(gamma, weights, from_logits=True, ignore_index=-1)

    def call(self, y_true, y_pred):
        """One number a picture, (B,)."""
        counts = ops.sum(ops.cast(y_true >= 0, "float32"), axis=(1, 2))
        objects = ops.sum(ops.cast(y_true > 0, "float32"), axis=(1, 2))
        mean = self.focal.call(y_true, y_pred[..., None])  # over the entries that count
        return mean * counts / ops.maximum(objects, 1.0)

    def get_config(self):
        """The arguments, for saving."""
        return {**super().get_config(), "gamma": self.gamma, "alpha": self.alpha}


@keras.saving.register_keras_serializable("cvlib")
class RetinaBoxLoss(keras.losses.Loss):
    """Smooth L1 loss of the deltas of anchors with an object, summed, over their number.

    Args:
        beta: below it the loss is quadratic.
        name: of the loss.
        **options: as in Keras.

    References:
        Girshick, 2015, Fast R-CNN, equation 3.
    """

    def __init__(self, beta=1.0, name="retina_box_loss", **options):
        super().__init__(name=name, **options)
        if not beta > 0:
            raise ValueError(f"beta must be above 0, got {beta!r}")
        self.beta = beta

    def call(self, y_true, y_pred):
        """One number a picture, (B,)."""
        there = y_true[..., 4]
        off = ops.abs(y_true[..., :4] - y_pred)
        loss = ops.where(off < self.beta, 0.5 * off**2 / self.beta, off - 0.5 * self.beta)
        return ops.sum(ops.sum(loss, -1) * there, -1) / ops.maximum(ops.sum(there, -1), 1.0)

    def get_config(self):
        """The arguments, for saving."""
        return {**super().get_config(), "beta": self.beta}


def retina_detections(outputs, anchors, image_size, least=0.3, iou_threshold=0.5, most=100):
    """A `RetinaNet`'s outputs as detections.

    Args:
        outputs: dict of arrays, as `predict` gives it.
        anchors: array (N, 4).
        image_size: (height, width) in pixels.
        least: lower probabilities are dropped.
        iou_threshold: of two boxes of a class that overlap by more, the better is kept.
        most: at most so many a picture.

    Returns:
        A list with a dict for each picture: `boxes`, `classes` and `scores`.
    """
    scores = 1 / (1 + np.exp(-np.asarray(outputs["classes"], np.float64)))
    boxes = decode_deltas(outputs["deltas"], anchors, image_size=image_size)
    return select_detections(boxes, scores, least, iou_threshold, most)


__all__ = [
    "RetinaBoxLoss",
    "RetinaClassLoss",
    "RetinaNet",
    "anchor_grid",
    "retina_detections",
    "retina_targets",
]
