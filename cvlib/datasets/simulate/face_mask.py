"""The simulated twin of the face-mask dataset: drawn faces with and without a mask, as JPEG files."""

from pathlib import Path

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.simulate import faces, workers
from cvlib.datasets.simulate.camera import photograph

CLASS_NAMES = faces.LABELS
_SPLITS = ("train", "validation", "test")
_WORTH_A_WORKER = 60  # pictures: fewer are drawn sooner than another interpreter starts


def picture(seed, index, split="train"):
    """One picture of the dataset.

    Args:
        seed: of the dataset.
        index: of the picture in its split; even ones wear a mask.
        split: "train", "validation" or "test".

    Returns:
        The `faces.Face` as photographed, and the JPEG quality with which it is written.
    """
    rng = np.random.default_rng((seed, _SPLITS.index(split), index))
    height = int(rng.integers(96, 161))
    width = int(np.clip(round(height * rng.uniform(0.85, 1.15)), 96, 160))
    face = faces.draw(rng, (height, width), CLASS_NAMES[index % 2])
    face.image = photograph(rng, face.image)
    return face, int(rng.integers(45, 96))


def make(directory, seed=0, train=700, validation=100, test=200):
    """Write the dataset: `<directory>/<split>/<class>/<number>.jpg`, the classes half and half.

    Every picture is a function of `seed`, its split and its index, whatever the number of processes and of
    pictures: asking for more adds pictures and changes none.

    Args:
        directory: where to write; made if it is not there.
        seed: another seed, other pictures.
        train: number of pictures.
        validation: likewise.
        test: likewise.

    Returns:
        The paths written, relative to `directory`, in order.

    Raises:
        ValueError: if a number is negative, or all are 0.
        OSError: if a file cannot be written (a full disk).
    """
    numbers = dict(zip(_SPLITS, (train, validation, test)))
    for name, number in numbers.items():
        if number < 0:
            raise ValueError(f"{name} must be 0 or more pictures, got {number}")
    jobs = [(split, index) for split, number in numbers.items() for index in range(number)]
    if not jobs:
        raise ValueError("train, validation and test are all 0: ask for at least one picture")
    directory = Path(directory)
    for split, label in {
        (split, label) for split, number in numbers.items() if number for label in CLASS_NAMES
    }:
        (directory / split / label).mkdir(parents=True, exist_ok=True)
    workers.write_all(__name__, directory, seed, jobs, _WORTH_A_WORKER)
    return [_path(split, index) for split, index in jobs]


def _path(split, index):
    return Path(split, CLASS_NAMES[index % 2], f"{index:05d}.jpg")


def write(directory, seed, split, index):
    """Write one picture at its place, which must be there."""
    face, quality = picture(seed, index, split)
    image = cv2.cvtColor(face.image, cv2.COLOR_RGB2BGR)
    done, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OSError(f"OpenCV could not write {_path(split, index)} as JPEG")
    (directory / _path(split, index)).write_bytes(coded.tobytes())
