"""Simulated scenes of people with masks and without: a small net from scratch, mAP at IoU 0.5 and seconds.

The protocol: it learns from the training scenes. Size, widths, loss and augmentation were chosen by the
average precision on the validation scenes, which is measured again here. The test scenes are looked at once,
at the end. Reading, training and both evaluations count in the seconds; drawing the scenes does not.
"""

import time

import numpy as np

SIZE = (224, 256)
WIDTHS = (16, 32, 64, 96)
FILTERS = 48
STRIDES = (16, 8)
ANCHORS_PER_SCALE = 3
EPOCHS = 30
BATCH = 8
PEAK = 4e-3  # learning rate
MATCH = 0.5
MOSAIC = 0.3
EMA = 0.98


def read(dataset):
    """Pictures as a list of (H, W, 3) uint8, and boxes and labels as lists, of one split."""
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
    pictures, boxes, labels = read(dataset.split("train"))
    images, boxes = fitted(pictures, boxes)
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
        mosaic=MOSAIC,
    )
    batches = augment.flow(images, boxes=boxes, labels=labels, batch_size=BATCH, seed=0)
    network = TinyYOLO(
        (*SIZE, 3),
        len(names),
        ANCHORS_PER_SCALE,
        STRIDES,
        backbone=None,
        widths=WIDTHS,
        filters=FILTERS,
    )
    sizes = np.concatenate([rows[:, 2:] - rows[:, :2] for rows in boxes])
    detector = Detector(network, names, kmeans_anchors(sizes, ANCHORS_PER_SCALE * len(STRIDES))[0])
    steps = EPOCHS * len(batches)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=PEAK, warmup_steps=steps // 20
    )
    optimizer = keras.optimizers.AdamW(
        schedule, weight_decay=1e-3, clipnorm=10.0, use_ema=True, ema_momentum=EMA
    )
    detector.compile(
        optimizer, box_loss="ciou", match_above=MATCH, loss_weights={"iou": 2.0}, jit_compile=False
    )
    detector.fit(batches, epochs=EPOCHS, verbose=0)

    scores = {}
    for split in ("validation", "test"):
        pictures, boxes, labels = read(dataset.split(split))
        scores[split] = detector.evaluate((pictures, {"boxes": boxes, "labels": labels}))
    seconds = time.perf_counter() - begun
    each = ", ".join(f"{name} {value:.3f}" for name, value in scores["test"].per_class().items())
    entry = {"peer": None, "ratio": None, "data": "simulated"}
    return {
        "scenes_map50": {
            **entry,
            "ours": float(scores["test"].ap50),
            "unit": "mAP@0.5",
            "how": f"TinyYOLO from scratch, {network.count_params():,} parameters, at {SIZE[0]}×{SIZE[1]}, "
            f"strides {STRIDES}, {EPOCHS} epochs of {len(images)} scenes; settings chosen on validation "
            f"({scores['validation'].ap50:.3f}); tested once, on {len(pictures)} scenes: {each}",
        },
        "scenes_seconds": {
            **entry,
            "ours": seconds,
            "unit": "s",
            "how": f"reading, {EPOCHS} epochs, evaluation on validation and test",
        },
    }
