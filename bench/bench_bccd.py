"""Blood cells, red, white and platelets: TinyYOLO on MobileNetV2 (α = 0.35), mAP at IoU 0.5 and seconds.

The protocol: it learns from the source's training list. Size, strides, loss and augmentation were chosen by
the average precision on the validation list, which is measured again here. The test list is looked at once,
at the end. Reading, training and both evaluations count in the seconds. The source's lists leak: four of the
72 test pictures show a part of a field that training or validation pictures show too (see the card).
"""

import os
import time

import detector_kit as kit
import numpy as np

SIZE = (320, 416)
ANCHORS_PER_SCALE = 2
EPOCHS = 40
BATCH = 8
PEAK = 1.5e-3  # learning rate


def balanced_anchors(boxes, labels, classes, count):
    """Anchors of as many boxes of each class: nine of ten cells are red and of one size."""
    from cvlib.boxes import kmeans_anchors

    boxes, labels = np.concatenate(boxes), np.concatenate(labels)
    rng = np.random.default_rng(0)
    chosen = np.concatenate([rng.choice(np.flatnonzero(labels == kind), 300) for kind in range(classes)])
    return kmeans_anchors(boxes[chosen, 2:] - boxes[chosen, :2], count)[0]


def measure():
    import keras

    import cvlib.datasets
    from cvlib import ImageDataGenerator
    from cvlib.models import Detector, TinyYOLO

    source = "real" if os.environ.get("CVLIB_MIRROR") else "synthetic"
    dataset = cvlib.datasets.load("bccd", source=source)
    keras.utils.set_random_seed(0)
    begun = time.perf_counter()
    names = dataset.class_names
    pictures, boxes, labels = kit.read(dataset.split("train"))
    images, boxes = kit.fitted(pictures, boxes, SIZE)
    augment = ImageDataGenerator(
        horizontal_flip=True,
        vertical_flip=True,
        zoom_range=(0.8, 1.25),
        width_shift_range=0.1,
        height_shift_range=0.1,
        channel_shift_range=15.0,
        brightness_range=(0.85, 1.15),
        fill_mode="constant",
        cval=114,
        min_visible=0.35,
        mosaic=0.5,
    )
    batches = augment.flow(images, boxes=boxes, labels=labels, batch_size=BATCH, seed=0)
    network = TinyYOLO(
        (*SIZE, 3),
        len(names),
        ANCHORS_PER_SCALE,
        kit.STRIDES,
        alpha=0.35,
        weights="imagenet" if source == "real" else "auto",
    )
    anchors = balanced_anchors(boxes, labels, len(names), ANCHORS_PER_SCALE * len(kit.STRIDES))
    detector = Detector(network, names, anchors)
    kit.train(detector, batches, EPOCHS, PEAK)
    what = (
        f"TinyYOLO on MobileNetV2 0.35 at {SIZE[0]}×{SIZE[1]}, strides {kit.STRIDES}, {EPOCHS} epochs of the "
        f"{len(images)} training images"
    )
    return kit.judge("bccd", detector, dataset, begun, what)
