"""Blood cells, red, white and platelets: TinyYOLO on MobileNetV2 (α = 0.35), mAP at IoU 0.5 and seconds.

The protocol: it learns from the source's training list. Size, strides, loss and augmentation were chosen by
the average precision on the validation list, which is measured again here. The test list is looked at once,
at the end. Reading, training and both evaluations count in the seconds.
"""

import os
import time

import numpy as np

SIZE = (320, 416)
STRIDES = (16, 8)
ANCHORS_PER_SCALE = 2
EPOCHS = 40
BATCH = 8
PEAK = 1.5e-3  # learning rate


def read(dataset):
    """Pictures (N, 480, 640, 3) uint8, and boxes and labels as lists, of one split."""
    from cvlib.data.reading import read_image

    pictures = [read_image(dataset.directory / path) for path in dataset.frame["path"]]
    boxes = [np.asarray(each, np.float32).reshape(-1, 4) for each in dataset.frame["boxes"]]
    return pictures, boxes, [np.asarray(each, int) for each in dataset.frame["labels"]]


def fitted(pictures, boxes):
    """Letterboxed pictures (N, *SIZE, 3), and their boxes."""
    from cvlib.data import letterbox, letterbox_boxes

    made = [letterbox(picture, SIZE) for picture in pictures]
    moved = [letterbox_boxes(rows, scale, offset) for rows, (_, scale, offset) in zip(boxes, made)]
    return np.stack([picture for picture, _, _ in made]), moved


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
    pictures, boxes, labels = read(dataset.split("train"))
    images, boxes = fitted(pictures, boxes)
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
        STRIDES,
        alpha=0.35,
        weights="imagenet" if source == "real" else "auto",
    )
    anchors = balanced_anchors(boxes, labels, len(names), ANCHORS_PER_SCALE * len(STRIDES))
    detector = Detector(network, names, anchors)
    steps = EPOCHS * len(batches)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=PEAK, warmup_steps=steps // 20
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-3, clipnorm=10.0, use_ema=True)
    detector.compile(
        optimizer, box_loss="ciou", match_above=0.5, loss_weights={"iou": 2.0}, jit_compile=False
    )
    detector.fit(batches, epochs=EPOCHS, verbose=0)

    scores = {}
    for split in ("validation", "test"):
        pictures, boxes, labels = read(dataset.split(split))
        scores[split] = detector.evaluate((pictures, {"boxes": boxes, "labels": labels}))
    seconds = time.perf_counter() - begun
    each = ", ".join(f"{name} {value:.3f}" for name, value in scores["test"].per_class().items())
    entry = {"peer": None, "ratio": None, "data": "real" if dataset.source == "real" else "simulated"}
    return {
        "bccd_map50": {
            **entry,
            "ours": float(scores["test"].ap50),
            "unit": "mAP@0.5",
            "how": f"TinyYOLO on MobileNetV2 0.35 at {SIZE[0]}×{SIZE[1]}, strides {STRIDES}, {EPOCHS} epochs "
            f"of the {len(images)} training images; settings chosen on validation "
            f"({scores['validation'].ap50:.3f}); tested once, on {len(pictures)} images: {each}",
        },
        "bccd_seconds": {
            **entry,
            "ours": seconds,
            "unit": "s",
            "how": f"reading, {EPOCHS} epochs, evaluation on validation and test",
        },
    }
