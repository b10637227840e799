"""What the benches of trained detectors share: reading, letterboxing, training, judging."""

import time

import numpy as np

STRIDES = (16, 8)
MATCH = 0.5  # IoU of shapes from which a further anchor learns an object


def read(dataset):
    """Pictures as a list of (H, W, 3) uint8, and boxes and labels as lists, of one split."""
    from cvlib.data.reading import read_image

    pictures = [read_image(dataset.directory / path) for path in dataset.frame["path"]]
    boxes = [np.asarray(each, np.float32).reshape(-1, 4) for each in dataset.frame["boxes"]]
    return pictures, boxes, [np.asarray(each, int) for each in dataset.frame["labels"]]


def fitted(pictures, boxes, size):
    """Letterboxed pictures (N, *size, 3), and their boxes."""
    from cvlib.data import letterbox, letterbox_boxes

    made = [letterbox(picture, size) for picture in pictures]
    moved = [letterbox_boxes(rows, scale, offset) for rows, (_, scale, offset) in zip(boxes, made)]
    return np.stack([picture for picture, _, _ in made]), moved


def train(detector, batches, epochs, peak, momentum=0.99):
    """Learn with AdamW, a step size that rises to `peak` and falls along a cosine, and the weights' mean."""
    import keras

    steps = epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=peak, warmup_steps=steps // 20)
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=1e-3, clipnorm=10.0, use_ema=True, ema_momentum=momentum
    )
    detector.compile(
        optimizer, box_loss="ciou", match_above=MATCH, loss_weights={"iou": 2.0}, jit_compile=False
    )
    detector.fit(batches, epochs=epochs, verbose=0)


def judge(key, detector, dataset, begun, what):
    """The entries of results.json: average precision on test, and the seconds since `begun`.

    Args:
        key: what they are called, before `_map50` and `_seconds`.
        detector: trained.
        dataset: with its splits "validation" and "test".
        begun: `time.perf_counter()` when the work began.
        what: what was trained on what.
    """
    scores = {}
    for split in ("validation", "test"):
        pictures, boxes, labels = read(dataset.split(split))
        scores[split] = detector.evaluate((pictures, {"boxes": boxes, "labels": labels}))
    seconds = time.perf_counter() - begun
    each = ", ".join(f"{name} {value:.3f}" for name, value in scores["test"].per_class().items())
    entry = {"peer": None, "ratio": None, "data": "real" if dataset.source == "real" else "simulated"}
    return {
        f"{key}_map50": {
            **entry,
            "ours": float(scores["test"].ap50),
            "unit": "mAP@0.5",
            "how": f"{what}; settings chosen on validation ({scores['validation'].ap50:.3f}); tested once, "
            f"on {len(pictures)} pictures: {each}",
        },
        f"{key}_seconds": {
            **entry,
            "ours": seconds,
            "unit": "s",
            "how": "reading, training, evaluation on validation and test",
        },
    }
