"""A frozen MobileNetV2 (α = 0.35) with a linear head on the face-mask photographs: accuracy and seconds.

The protocol: the head learns on the training images and their mirror images. Image size, pooling and the
strength of the penalty are chosen by the loss on the validation images, which is less a matter of luck than
the accuracy. With that choice the head learns once more, from training and validation images together. Then
the test images are read and predicted, once. All of it counts in the seconds.
"""

import os
import time

import numpy as np

SIZES = (160, 224)
POOLINGS = {"average": 1280, "average and max": 2560}  # columns of the features
PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)  # C of scikit-learn: small is strong


def read(dataset, size):
    """Images (N, size, size, 3) uint8 and labels (N,) of one split."""
    from concurrent.futures import ThreadPoolExecutor

    from cvlib._opencv import cv2
    from cvlib.data.reading import read_image

    def one(path):
        image = read_image(dataset.directory / path)
        shrinks = min(image.shape[:2]) > size
        return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)

    with ThreadPoolExecutor() as pool:
        images = np.stack(list(pool.map(one, dataset.frame["path"])))
    return images, dataset.frame["label"].map(dataset.class_names.index).to_numpy()


def features(images, size):
    """Average- and max-pooled features of images and of their mirror images: two arrays (N, 2560)."""
    from cvlib.models import transfer

    shape = (size, size, 3)
    extractor = transfer.feature_extractor(
        "MobileNetV2", shape, 0.35, pooling="avg_max", cache=False, batch_size=64
    )
    return extractor(images, verbose=0), extractor(images[:, :, ::-1], verbose=0)


def fit(known, labels, penalty):
    """Logistic regression on the standardised features of images and of their mirror images."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    head = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=500))
    return head.fit(np.concatenate(known), np.tile(labels, 2))


def predict(head, unknown):
    """Probabilities: the mean of those of an image and of its mirror image."""
    return sum(head.predict_proba(values) for values in unknown) / 2


def measure():
    from sklearn.metrics import log_loss

    import cvlib.datasets

    source = "real" if os.environ.get("CVLIB_MIRROR") else "synthetic"
    dataset = cvlib.datasets.load("face_mask", source=source)
    begun = time.perf_counter()
    best = None
    for size in SIZES:
        splits = [read(dataset.split(name), size) for name in ("train", "validation")]
        computed = [features(images, size) for images, _ in splits]
        (_, labels), (_, truth) = splits
        for pooling, columns in POOLINGS.items():
            known, unknown = ([values[:, :columns] for values in pair] for pair in computed)
            for penalty in PENALTIES:
                probabilities = predict(fit(known, labels, penalty), unknown)
                loss = log_loss(truth, probabilities)
                if best is None or loss < best["loss"]:
                    right = (probabilities.argmax(1) == truth).mean()
                    both = [np.concatenate(pair) for pair in zip(known, unknown)]
                    best = {"loss": loss, "right": right, "known": both, "columns": columns}
                    best |= {"size": size, "pooling": pooling, "penalty": penalty}
    head = fit(best["known"], np.concatenate([labels, truth]), best["penalty"])
    images, truth = read(dataset.split("test"), best["size"])
    unknown = [values[:, : best["columns"]] for values in features(images, best["size"])]
    accuracy = (predict(head, unknown).argmax(1) == truth).mean()
    seconds = time.perf_counter() - begun

    entry = {"peer": None, "ratio": None, "data": "real" if dataset.source == "real" else "simulated"}
    candidates = len(SIZES) * len(POOLINGS) * len(PENALTIES)
    return {
        "faces_accuracy": {
            **entry,
            "ours": float(accuracy),
            "unit": "test accuracy",
            "how": "MobileNetV2 0.35, ImageNet weights, frozen; logistic regression on its features; of "
            f"{candidates} candidates chosen on validation ({best['right']:.3f} right): {best['size']} "
            f"pixels, {best['pooling']} pooling, C={best['penalty']:g}; tested on {len(truth)} images",
        },
        "faces_seconds": {
            **entry,
            "ours": seconds,
            "unit": "s",
            "how": f"reading, features at {' and '.join(map(str, SIZES))} pixels of every image and its "
            f"mirror image, {candidates} heads, choosing and testing",
        },
    }
