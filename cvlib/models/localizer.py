"""Localizer: one object a picture, its class and its box, from one network with three ends.

References:
    Sermanet et al., 2014, OverFeat, section 4 (a regressor beside the classifier, on the same features).
"""

import keras
import numpy as np
from keras import layers

from cvlib.boxes import clip, convert
from cvlib.boxes.arrays import as_boxes
from cvlib.models.guard import watch
from cvlib.models.head import check_input_shape
from cvlib.models.small_cnn import conv_block


def Localizer(input_shape=(64, 64, 3), classes=3, filters=(16, 32, 48, 64), units=64, name="localizer"):
    """Build a network that says whether there is an object, where, and which.

    Args:
        input_shape: (H, W, C) of the images; each block halves H and W.
        classes: number of classes, without "nothing".
        filters: number of feature maps of each block.
        units: of the dense layer before the box, at least 4.
        name: of the model.

    Returns:
        A `keras.Model`, not compiled, from images (B, H, W, C) in [0, 255] to a dict: "object" (B, 1), the
        probability that there is one; "box" (B, 4), centre, width and height as shares of the picture; and
        "classes" (B, classes), which it is if it is one. Images that were rescaled already are refused.

    Raises:
        ValueError: if an argument is out of its range.

    Example:
        >>> model = Localizer((32, 32, 3), classes=2)
        >>> {name: output.shape for name, output in model.output.items()}
        {'object': (None, 1), 'box': (None, 4), 'classes': (None, 2)}

    Notes:
        What it is does not depend on where it is: object and class see the maximum of each map. For the box
        the place is all, so there the maps are flattened, after a 1×1 convolution that makes them fewer. The
        box's end has no activation: a sigmoid that starts far from the truth hardly moves.
    """
    input_shape = check_input_shape(input_shape, smallest=2 ** len(filters))
    if units < 4:
        raise ValueError(f"units must be at least 4, got {units!r}")
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 1:
        raise ValueError(f"classes must be a positive integer, got {classes!r}")
    images = keras.Input(input_shape, name="images")
    x = layers.Rescaling(1 / 255, name="rescaling")(images)
    for number, count in enumerate(filters, start=1):
        x = conv_block(x, count, name=f"block{number}")
    what = layers.GlobalMaxPooling2D(name="what")(x)
    x = layers.Conv2D(units // 4, 1, activation="relu", name="narrow")(x)
    x = layers.Flatten(name="flatten")(x)
    where = layers.Dense(units, activation="relu", name="where")(x)
    ends = {
        "object": layers.Dense(1, activation="sigmoid", dtype="float32", name="object"),
        "box": layers.Dense(
            4, bias_initializer=keras.initializers.Constant(0.5), dtype="float32", name="box"
        ),
        "classes": layers.Dense(classes, activation="softmax", dtype="float32", name="classes"),
    }
    outputs = {key: end(where if key == "box" else what) for key, end in ends.items()}
    return watch(keras.Model(images, outputs, name=name))


def localizer_targets(truths, image_size):
    """What a `Localizer` shall say, and how much each answer counts.

    Args:
        truths: a list with a dict for each picture: `boxes` (0 or 1, 4), `xyxy` in pixels, and `classes`.
        image_size: (height, width) in pixels.

    Returns:
        Two dicts of arrays with the keys "object", "box" and "classes": targets, and weights for
        `fit(sample_weight=…)`. Where there is no object, box and class have the weight 0: there is no right
        answer to give.

    Raises:
        ValueError: naming a picture with more than one box.
    """
    targets = {name: np.zeros(shape, kind) for name, shape, kind in _shapes(len(truths))}
    for picture, entry in enumerate(truths):
        corners = as_boxes(entry["boxes"], f"truths[{picture}]: boxes")
        if len(corners) > 1:
            raise ValueError(
                f"truths[{picture}] has {len(corners)} boxes: a Localizer knows one object a picture; "
                "more need a detector"
            )
        for box, label in zip(convert(corners, "xyxy", "rel_cxcywh", image_size), entry["classes"]):
            targets["object"][picture], targets["box"][picture] = 1, box
            targets["classes"][picture] = label
    there = targets["object"][:, 0]
    return targets, {"object": np.ones_like(there), "box": there, "classes": there}


def localizer_detections(outputs, image_size, least=0.5):
    """A `Localizer`'s outputs as detections: one a picture, or none.

    Args:
        outputs: dict of arrays, as `predict` gives it.
        image_size: (height, width) in pixels.
        least: no detection where the probability of an object is lower.

    Returns:
        A list with a dict for each picture: `boxes` (0 or 1, 4) `xyxy` in pixels, `classes`, `scores`: the
        probability of an object times that of its class.
    """
    shares = np.concatenate([outputs["box"][:, :2], np.maximum(outputs["box"][:, 2:], 0)], 1)
    corners = clip(convert(shares, "rel_cxcywh", "xyxy", image_size), *image_size)
    found = []
    for box, there, classes in zip(corners, np.asarray(outputs["object"])[:, 0], outputs["classes"]):
        keep = slice(0, int(there >= least))
        label = int(np.argmax(classes))
        found.append(
            {
                "boxes": box[None][keep],
                "classes": np.array([label])[keep],
                "scores": np.array([there * classes[label]])[keep],
            }
        )
    return found


def _shapes(count):
    return ("object", (count, 1), "float32"), ("box", (count, 4), "float32"), ("classes", (count,), "int64")
