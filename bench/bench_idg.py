"""The image pipeline, images a second: JPEG 320² → 224², rotate + shift + shear + zoom + flip + rescale.

Everybody reads the same files and makes float32 batches of 32 in [0, 1]; ours, Albumentations and decoding
alone use four threads, tf.data as many as it likes, Keras' generator the one that it has.
"""

import contextlib
import io
import itertools
import os
import statistics
import tempfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

SOURCE, TARGET, BATCH, THREADS, IMAGES, ROUNDS = 320, 224, 32, 4, 256, 9
KERAS_IMAGES, TFDATA_IMAGES = 32, 128  # enough: the slow ones need longer for these than ours for all
ROTATION, SHIFT, SHEAR, ZOOM = 20, 0.1, 10, 0.2
OPTIONS = {
    "rotation_range": ROTATION,
    "width_shift_range": SHIFT,
    "height_shift_range": SHIFT,
    "shear_range": SHEAR,
    "zoom_range": ZOOM,
    "horizontal_flip": True,
    "rescale": 1 / 255,
}


def photograph(seed, size=SOURCE, noise=8.0):
    """A picture with the statistics of photographs: 1/f spectrum, correlated colours, edges, sensor noise."""
    from cvlib._opencv import cv2

    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = 1
    layers = [rng.standard_normal((2, *frequency.shape)) for _ in range(4)]
    layers = [
        np.fft.irfft2((real + 1j * imaginary) / frequency, s=(size, size)) for real, imaginary in layers
    ]
    common, *colours = (layer / layer.std() for layer in layers)
    picture = np.stack([120 + 50 * (0.85 * common + 0.5 * colour) for colour in colours], -1)
    picture = np.ascontiguousarray(picture, np.float32)
    for _ in range(12):
        x, y, radius = (int(value) for value in rng.integers(0, size, 3))
        cv2.circle(picture, (x, y), radius // 6 + 5, rng.uniform(0, 256, 3).tolist(), -1, cv2.LINE_AA)
    return np.clip(picture + rng.standard_normal(picture.shape) * noise, 0, 255).astype(np.uint8)


def write_photographs(folder):
    """JPEGs of quality 95 in one class folder; their mean size in bits a pixel."""
    from cvlib._opencv import cv2

    (folder / "photographs").mkdir()
    for index in range(IMAGES):
        path = str(folder / "photographs" / f"{index:03d}.jpg")
        cv2.imwrite(path, photograph(index), [cv2.IMWRITE_JPEG_QUALITY, 95])
    return statistics.mean(8 * path.stat().st_size for path in folder.rglob("*.jpg")) / SOURCE**2


def ours(folder):
    import cvlib

    iterator = cvlib.ImageDataGenerator(**OPTIONS).flow_from_directory(
        folder, target_size=(TARGET, TARGET), batch_size=BATCH, class_mode=None, seed=0, threads=THREADS
    )

    def run():
        made = [next(iterator).shape[0] for _ in range(len(iterator))]
        iterator._ahead.job.wait()  # a batch ahead was ready at the start: as much work as batches, then quiet
        return made

    next(iterator), next(iterator)
    run()
    return run


def keras_generator(folder):
    import tensorflow as tf

    iterator = tf.keras.preprocessing.image.ImageDataGenerator(**OPTIONS).flow_from_directory(
        folder, target_size=(TARGET, TARGET), batch_size=BATCH, class_mode=None, seed=0
    )
    return lambda: [next(iterator).shape[0] for _ in range(KERAS_IMAGES // BATCH)]


def tf_data(folder):
    import keras
    import tensorflow as tf

    layers = keras.layers
    augment = keras.Sequential(
        [
            layers.RandomRotation(ROTATION / 360, fill_mode="nearest"),
            layers.RandomTranslation(SHIFT, SHIFT, fill_mode="nearest"),
            layers.RandomShear(x_factor=float(np.tan(np.deg2rad(SHEAR))), fill_mode="nearest"),
            layers.RandomZoom(ZOOM, ZOOM, fill_mode="nearest"),
            layers.RandomFlip("horizontal"),
            layers.Rescaling(1 / 255),
        ]
    )

    def read(path):
        image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        return tf.image.resize(image, (TARGET, TARGET), method="nearest")

    paths = sorted(map(str, folder.rglob("*.jpg")))[:TFDATA_IMAGES]
    data = tf.data.Dataset.from_tensor_slices(paths).map(read, tf.data.AUTOTUNE).batch(BATCH)
    data = data.map(lambda images: augment(images, training=True), tf.data.AUTOTUNE).prefetch(
        tf.data.AUTOTUNE
    )
    return lambda: [images.shape[0] for images in data]


def albumentations(folder):
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # it asks the network for a newer version on import
    import albumentations as A

    from cvlib._opencv import cv2

    transform = A.Compose(
        [
            A.Resize(TARGET, TARGET, interpolation=cv2.INTER_NEAREST),
            A.Affine(
                rotate=(-ROTATION, ROTATION),
                translate_percent={"x": (-SHIFT, SHIFT), "y": (-SHIFT, SHIFT)},
                shear={"x": (-SHEAR, SHEAR), "y": (0, 0)},
                scale={"x": (1 - ZOOM, 1 + ZOOM), "y": (1 - ZOOM, 1 + ZOOM)},
                border_mode=cv2.BORDER_REPLICATE,
                p=1,
            ),
            A.HorizontalFlip(p=0.5),
            A.ToFloat(max_value=255),
        ]
    )
    paths = sorted(map(str, folder.rglob("*.jpg")))
    pool = ThreadPoolExecutor(THREADS)

    def run():
        made = []
        for start in range(0, len(paths), BATCH):
            batch = np.empty((len(paths[start : start + BATCH]), TARGET, TARGET, 3), np.float32)

            def fill(i, batch=batch, start=start):
                batch[i] = transform(image=_decode(paths[start + i]))["image"]

            list(pool.map(fill, range(len(batch))))
            made.append(len(batch))
        return made

    return run


def decode_alone(folder):
    paths = sorted(map(str, folder.rglob("*.jpg")))

    def run():
        made, indices = [], itertools.count()

        def work():
            while (index := next(indices)) < len(paths):
                made.append(min(1, _decode(paths[index]).shape[0]))

        workers = [threading.Thread(target=work) for _ in range(THREADS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return made

    return run


def _decode(path):
    from cvlib._opencv import cv2

    with open(path, "rb", buffering=0) as file:
        return cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR_RGB)


#: key: (maker, rounds, what it is)
PEERS = {
    "idg_vs_keras": (keras_generator, 5, "tf.keras' ImageDataGenerator as it is"),
    "idg_vs_tfdata": (tf_data, 5, "tf.data with one Keras layer a transform, all on AUTOTUNE"),
    "idg_vs_albumentations": (
        albumentations,
        15,
        f"Albumentations Resize + Affine + HorizontalFlip + ToFloat in {THREADS} threads",
    ),
    "idg_vs_decode": (decode_alone, 15, f"reading and decoding alone in {THREADS} threads"),
}


def measure():
    from cvlib._opencv import cv2

    results, threads_before = {}, cv2.getNumThreads()
    cv2.setNumThreads(1)  # quicker for the peers that call OpenCV from threads of their own
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(folder)
        density = write_photographs(folder)
        with contextlib.redirect_stdout(io.StringIO()):  # "Found 256 images …"
            mine = ours(folder)
            peers = {key: make(folder) for key, (make, _, _) in PEERS.items()}
        for run in (mine, *peers.values()):  # warm up
            run()
        for key, (_, rounds, what) in PEERS.items():
            rates = [(rate(mine), rate(peers[key])) for _ in range(rounds)]
            results[key] = {
                "ours": round(statistics.median(own for own, _ in rates), 1),
                "peer": round(statistics.median(other for _, other in rates), 1),
                "ratio": round(statistics.median(own / other for own, other in rates), 2),
                "unit": "images/s",
                "data": "simulated photographs",
                "how": (
                    f"JPEG {SOURCE}² at {density:.1f} bits a pixel to float32 {TARGET}², batches of {BATCH}, "
                    f"all six transforms, ours in {THREADS} threads; against {what}; "
                    f"medians of {rounds} rounds in turn, the ratio within each round"
                ),
            }
    cv2.setNumThreads(threads_before)
    return results


def rate(run):
    """Images a second of one run."""
    start = time.perf_counter()
    made = sum(run())
    return made / (time.perf_counter() - start)
