"""R-CNN and Fast R-CNN: look at proposed regions, say what each is, and correct its box.

References:
    Girshick et al., 2014, Rich Feature Hierarchies for Accurate Object Detection (R-CNN), section 2.
    Girshick, 2015, Fast R-CNN, section 2.
    Ren et al., 2015, Faster R-CNN: there a network makes the proposals, and these two stay as they are.
"""

import keras
import numpy as np
from keras import layers, ops

from cvlib.boxes import iou
from cvlib.boxes.arrays import as_boxes
from cvlib.models.anchor_boxes import decode_deltas, encode_deltas, select_detections
from cvlib.models.head import check_classes, check_input_shape
from cvlib.models.roi_align import RoIAlign


def RCNN(input_shape=(96, 96, 3), classes=3, regions=64, crop=32, filters=(16, 32), units=64, name="rcnn"):
    """Build R-CNN's idea: cut each region out of the picture, and send every cutting through the network.

    Args:
        input_shape: (H, W, 3) of the pictures.
        classes: number of classes, without background.
        regions: R, how many a picture.
        crop: side of the cuttings in pixels.
        filters: number of maps of each block: a 3×3 convolution, ReLU and 2×2 max pooling.
        units: of the dense layer before the two ends.
        name: of the model.

    Returns:
        A `keras.Model`, not compiled, from a dict of "images" (B, H, W, 3) in [0, 255] and "boxes" (B, R, 4)
        `xyxy` in pixels to a dict of "classes" (B, R, classes + 1), probabilities with background first, and
        "deltas" (B, R, 4), how the boxes should be changed.

    Raises:
        ValueError: if an argument is out of its range.

    Notes:
        The paper's network is AlexNet, pretrained; its classifiers are support vector machines, its regions'
        surroundings are a part of the cutting, and it learns deltas a class. Here both ends are layers of one
        network, as in Fast R-CNN, and the deltas are the same for all classes.
    """
    images, boxes = _inputs(input_shape, classes, regions)
    x = layers.Rescaling(1 / 255, name="rescaling")(images)
    x = RoIAlign(crop, name="cut")([x, boxes])
    x = ops.reshape(x, (-1, crop, crop, x.shape[-1]))
    x = _blocks(x, filters)
    x = layers.Flatten(name="flatten")(x)
    return _ends(images, boxes, x, classes, regions, units, name)


def FastRCNN(
    input_shape=(96, 96, 3), classes=3, regions=64, bins=7, filters=(16, 32), units=64, name="fast_rcnn"
):
    """Build Fast R-CNN's idea: send the picture through the network once, and cut regions out of its maps.

    Args:
        input_shape: (H, W, 3) of the pictures.
        classes: number of classes, without background.
        regions: R, how many a picture.
        bins: side of the cuttings in bins.
        filters: number of maps of each block; each halves height and width.
        units: of the dense layer before the two ends.
        name: of the model.

    Returns:
        A `keras.Model` with the inputs and outputs of `RCNN`.

    Raises:
        ValueError: if an argument is out of its range.

    Notes:
        The regions are cut by RoIAlign, which is younger than the paper; its RoI pooling rounds to cells.
    """
    images, boxes = _inputs(input_shape, classes, regions)
    x = layers.Rescaling(1 / 255, name="rescaling")(images)
    x = _blocks(x, filters)
    x = RoIAlign(bins, stride=2 ** len(filters), name="cut")([x, boxes])
    x = ops.reshape(x, (-1, bins * bins * filters[-1]))
    return _ends(images, boxes, x, classes, regions, units, name)


def region_targets(proposals, truths, regions=64, positive=0.5, share=0.25, add_truths=True, seed=0):
    """Regions to learn from, and what each shall say.

    Args:
        proposals: a list with an array (N, 4) for each picture.
        truths: a list with a dict for each picture: `boxes` (M, 4) and `classes` (M,), from 0.
        regions: R, how many a picture.
        positive: IoU with a true box from which a region is an object. Below, it is background.
        share: at most this share of the regions are objects.
        add_truths: whether the true boxes are proposals too: without them a picture whose objects nobody
            proposed teaches nothing.
        seed: of the choice.

    Returns:
        boxes float32 (B, R, 4); dict of targets: "classes" int64 (B, R), 0 for background, and "deltas"
        float32 (B, R, 4); dict of weights (B, R) for `fit(sample_weight=…)`: of the classes 0 where a picture
        had too few regions and one was repeated, of the deltas 1 for objects only.

    Raises:
        ValueError: if there is not one entry of each a picture, or a picture has no region at all.
    """
    if len(proposals) != len(truths):
        raise ValueError(
            f"proposals and truths must have one entry a picture, got {len(proposals)} and {len(truths)}"
        )
    rng, shape = np.random.default_rng(seed), (len(truths), regions)
    boxes = np.zeros((*shape, 4), np.float32)
    targets = {"classes": np.zeros(shape, np.int64), "deltas": np.zeros((*shape, 4), np.float32)}
    weights = {"classes": np.zeros(shape, np.float32), "deltas": np.zeros(shape, np.float32)}
    for picture, (given, entry) in enumerate(zip(proposals, truths)):
        true, labels = as_boxes(entry["boxes"], f"truths[{picture}]: boxes"), np.asarray(entry["classes"])
        given = as_boxes(given, f"proposals[{picture}]")
        given = np.concatenate([given, true]) if add_truths else given
        if not len(given):
            raise ValueError(f"proposals[{picture}] is empty: give at least the box of the whole picture")
        overlap = iou(given, true) if len(true) else np.zeros((len(given), 1))
        hit = overlap.max(1) >= positive
        objects = rng.permutation(np.flatnonzero(hit))[: max(1, int(share * regions))]
        others = rng.permutation(np.flatnonzero(~hit))[: regions - len(objects)]
        chosen = np.concatenate([objects, others])
        boxes[picture] = given[np.resize(chosen, regions)]
        weights["classes"][picture, : len(chosen)] = 1
        weights["deltas"][picture, : len(objects)] = 1
        if len(objects):
            wanted = overlap[objects].argmax(1)
            targets["classes"][picture, : len(objects)] = labels[wanted] + 1
            targets["deltas"][picture, : len(objects)] = encode_deltas(true[wanted], given[objects])
    return boxes, targets, weights


def region_detections(model, images, proposals, least=0.5, iou_threshold=0.3, most=100, refine=True):
    """Objects in pictures: every region looked at, its box corrected, and non-maximum suppression.

    Args:
        model: `RCNN` or `FastRCNN`, trained.
        images: array (B, H, W, 3) in [0, 255].
        proposals: a list with an array (N, 4) for each picture; more than the model's R are looked at in
            several goes.
        least: lower probabilities are dropped.
        iou_threshold: of two boxes of a class that overlap by more, the better is kept.
        most: at most so many a picture.
        refine: whether the boxes are corrected; without, they stay as proposed.

    Returns:
        A list with a dict for each picture: `boxes`, `classes` (from 0) and `scores`.
    """
    images = np.asarray(images)
    regions, size = model.input["boxes"].shape[1], images.shape[1:3]
    goes = max(1, -(-max((len(each) for each in proposals), default=1) // regions))
    whole = np.array([0, 0, size[1], size[0]], np.float32)
    boxes = np.tile(whole, (len(images), goes * regions, 1))
    real = np.zeros(boxes.shape[:2], bool)
    for picture, given in enumerate(proposals):
        boxes[picture, : len(given)], real[picture, : len(given)] = as_boxes(given), True
    parts = [
        model.predict({"images": images, "boxes": part}, verbose=0) for part in np.split(boxes, goes, axis=1)
    ]
    classes, deltas = (np.concatenate([part[key] for part in parts], 1) for key in ("classes", "deltas"))
    if refine:
        boxes = decode_deltas(deltas, boxes, image_size=size)
    return select_detections(boxes, classes[..., 1:] * real[..., None], least, iou_threshold, most)


def _inputs(input_shape, classes, regions):
    input_shape = check_input_shape(input_shape, 8)
    check_classes(classes, None)
    if isinstance(regions, bool) or not isinstance(regions, int) or regions < 1:
        raise ValueError(f"regions must be a positive integer, got {regions!r}")
    return keras.Input(input_shape, name="images"), keras.Input((regions, 4), name="boxes")


def _blocks(x, filters):
    for number, count in enumerate(filters, start=1):
        x = layers.Conv2D(count, 3, padding="same", activation="relu", name=f"block{number}_conv")(x)
        x = layers.MaxPooling2D(2, name=f"block{number}_pool")(x)
    return x


def _ends(images, boxes, x, classes, regions, units, name):
    """From features (B·R, D) to the two outputs."""
    x = layers.Dense(units, activation="relu", name="shared")(x)
    outputs = {}
    for key, count in (("classes", classes + 1), ("deltas", 4)):
        end = layers.Dense(count, dtype="float32", name=f"{key}_end")
        outputs[key] = ops.reshape(end(x), (-1, regions, count))
    outputs["classes"] = layers.Softmax(dtype="float32", name="classes")(outputs["classes"])
    outputs["deltas"] = layers.Identity(name="deltas")(outputs["deltas"])
    return keras.Model({"images": images, "boxes": boxes}, outputs, name=name)
