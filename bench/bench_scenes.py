"""Simulated scenes of people with masks and without: a small net from scratch, mAP at IoU 0.5 and seconds.

The protocol: it learns from the training scenes. Size, widths, loss and augmentation were chosen by the
average precision on the validation scenes, which is measured again here. The test scenes are looked at once,
at the end. Reading, training and both evaluations count in the seconds; drawing the scenes does not.
"""

import time

import detector_kit as kit
import numpy as np

SIZE = (224, 256)
WIDTHS = (16, 32, 64, 96)
FILTERS = 48
ANCHORS_PER_SCALE = 3
EPOCHS = 30
BATCH = 8
PEAK = 4e-3  # learning rate


def measure():
    import keras

    import cvlib.datasets
    from cvlib import ImageDataGenerator
    from cvlib.boxes import kmeans_anchors
    from cvlib.models import Detector, TinyYOLO

    dataset = cvlib.datasets.load("scenes", source="synthetic")
    keras.utils.set_random_seed(0)
    begun = time.perf_counter()
    names = dataset.class_names
    pictures, boxes, labels = kit.read(dataset.split("train"))
    images, boxes = kit.fitted(pictures, boxes, SIZE)
    augment = ImageDataGenerator(
        horizontal_flip=True,
        zoom_range=(0.8, 1.2),
        width_shift_range=0.1,
        height_shift_range=0.1,
        channel_shift_range=20.0,
        brightness_range=(0.8, 1.2),
        fill_mode="constant",
        cval=114,
        min_visible=0.4,
        mosaic=0.3,
    )
    batches = augment.flow(images, boxes=boxes, labels=labels, batch_size=BATCH, seed=0)
    network = TinyYOLO(
        (*SIZE, 3),
        len(names),
        ANCHORS_PER_SCALE,
        kit.STRIDES,
        backbone=None,
        widths=WIDTHS,
        filters=FILTERS,
    )
    sizes = np.concatenate([rows[:, 2:] - rows[:, :2] for rows in boxes])
    anchors = kmeans_anchors(sizes, ANCHORS_PER_SCALE * len(kit.STRIDES))[0]
    detector = Detector(network, names, anchors)
    kit.train(detector, batches, EPOCHS, PEAK, momentum=0.98)
    what = (
        f"TinyYOLO from scratch, {network.count_params():,} parameters, at {SIZE[0]}×{SIZE[1]}, strides "
        f"{kit.STRIDES}, {EPOCHS} epochs of {len(images)} scenes"
    )
    return kit.judge("scenes", detector, dataset, begun, what)
