"""Pictures with masks, pairs a second: JPEG 512² and PNG masks → 256², random moves, rescale.

Keras has no generator for pairs: its documentation zips two with one seed, one over the pictures and one over
the masks. Both make float32 pictures in [0, 1] and masks in batches of 16 from the same files.
"""

import contextlib
import io
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

SOURCE, TARGET, BATCH, THREADS, PAIRS, EPOCHS, ROUNDS = 512, 256, 16, 4, 128, 16, 5
KERAS_PAIRS = 64  # enough: it needs longer for these than ours for all
MOVES = {
    "rotation_range": 15,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 5,
    "zoom_range": 0.2,
    "horizontal_flip": True,
}


def write_pairs(folder):
    """Simulated chest films in 512², JPEG of quality 95, with their masks."""
    from PIL import Image

    from cvlib._opencv import cv2
    from cvlib.datasets.simulate import lungs

    for kind in ("images", "masks"):
        (folder / kind / "all").mkdir(parents=True)
    for index in range(PAIRS):
        _, film = lungs.picture(0, index)
        image = cv2.resize(film.image, (SOURCE, SOURCE), interpolation=cv2.INTER_CUBIC)
        mask = cv2.resize(film.mask, (SOURCE, SOURCE), interpolation=cv2.INTER_NEAREST)
        colour = np.repeat(image[..., None], 3, -1)
        path = str(folder / "images" / "all" / f"{index:03d}.jpg")
        cv2.imwrite(path, colour, [cv2.IMWRITE_JPEG_QUALITY, 95])
        Image.fromarray(mask).save(folder / "masks" / "all" / f"{index:03d}.png")


def our_iterator(folder):
    import cvlib

    return cvlib.ImageDataGenerator(**MOVES, rescale=1 / 255).flow_from_directory(
        folder / "images",
        masks=folder / "masks",
        target_size=(TARGET, TARGET),
        class_mode=None,
        batch_size=BATCH,
        seed=0,
        threads=THREADS,
        mask_classes=2,
    )


def ours(folder):
    iterator = our_iterator(folder)

    def run():
        made = [len(next(iterator)[1]) for _ in range(EPOCHS * len(iterator))]
        iterator._ahead.job.wait()  # one was ready at the start, so one more is made: as much work as batches
        return made

    next(iterator), next(iterator)
    run()
    return run


def through_tf_data(folder):
    from cvlib.data import to_tf_dataset

    iterator = our_iterator(folder)
    dataset = to_tf_dataset(iterator)

    def run():  # passes of their own: TensorFlow holds nothing ready when the clock starts
        made = [len(masks) for _, masks in dataset.repeat(EPOCHS)]
        iterator._ahead.job.wait()
        return made

    return run


def keras_generators(folder):
    import tensorflow as tf

    generator = tf.keras.preprocessing.image.ImageDataGenerator
    how = {"target_size": (TARGET, TARGET), "class_mode": None, "batch_size": BATCH, "seed": 0}
    images = generator(**MOVES, rescale=1 / 255).flow_from_directory(folder / "images", **how)
    masks = generator(**MOVES, interpolation_order=0).flow_from_directory(
        folder / "masks", color_mode="grayscale", **how
    )
    pairs = zip(images, masks)
    return lambda: [len(next(pairs)[1]) for _ in range(KERAS_PAIRS // BATCH)]


def measure():
    from cvlib._opencv import cv2

    threads_before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(folder)
        write_pairs(folder)
        with contextlib.redirect_stdout(io.StringIO()):  # "Found 128 images …"
            mine, handed, peer = ours(folder), through_tf_data(folder), keras_generators(folder)
        for run in (mine, handed, peer):  # warm up
            run()
        rates = [(rate(mine), rate(peer), rate(handed)) for _ in range(ROUNDS)]
    cv2.setNumThreads(threads_before)
    how = (
        f"JPEG {SOURCE}² and PNG masks to {TARGET}², batches of {BATCH}, rotate + shift + shear + zoom + "
        f"flip + rescale, ours in {THREADS} threads; {{}}; medians of {ROUNDS} rounds in turn, the ratio "
        "within each round"
    )
    return {
        "paired_vs_keras": entry(
            [(own, other) for own, other, _ in rates],
            how.format("against two of Keras' generators with one seed, zipped"),
        ),
        "paired_tf_data_vs_direct": entry(
            [(handed, own) for own, _, handed in rates],
            how.format("the same batches handed to tf.data against taken from the iterator"),
        ),
    }


def entry(rates, how):
    """An entry of results.json from pairs of rates."""
    return {
        "ours": round(statistics.median(own for own, _ in rates), 1),
        "peer": round(statistics.median(other for _, other in rates), 1),
        "ratio": round(statistics.median(own / other for own, other in rates), 2),
        "unit": "pairs/s",
        "data": "simulated chest X-rays",
        "how": how,
    }


def rate(run):
    """Pairs a second of one run."""
    start = time.perf_counter()
    made = sum(run())
    return made / (time.perf_counter() - start)
