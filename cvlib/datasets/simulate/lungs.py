"""The simulated twin of the lung dataset: drawn chest X-rays with exact masks, in many sizes and formats."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from cvlib._opencv import cv2
from cvlib.datasets.simulate import chest, film

CLASS_NAMES = ("background", "lung")
_SPLITS = ("train", "validation", "test")
_FIRST = (1, 4001, 7001)  # number of the first patient of each split
#: (extension, channels): grey and colour JPEGs, colour and transparent PNGs, as in the real dataset.
_KINDS = ((".jpg", 3), (".jpeg", 3), (".jpg", 1), (".png", 4), (".png", 1))


def picture(seed, index, split="train"):
    """One film of the dataset.

    Of every five films the last two show one patient on two days; all others show a patient each.

    Args:
        seed: of the dataset.
        index: of the film in its split.
        split: "train", "validation" or "test".

    Returns:
        The tuple (name without extension, `film.Film`).
    """
    number = _SPLITS.index(split)
    five, place = divmod(index, 5)
    patient, day = 4 * five + min(place, 3), 5 * (place == 4)
    anatomy = chest.draw(np.random.default_rng((seed, number, patient, 0)))
    rng = np.random.default_rng((seed, number, index, 1))
    height = int(rng.integers(260, 421))
    width = int(height * rng.uniform(0.92, 1.22))
    return f"patient{_FIRST[number] + patient:04d}-day{day}", film.expose(rng, anatomy, height, width)


def make(directory, seed=0, train=160, validation=20, test=40):
    """Write the dataset: `<split>/images/<patient>-day<n>.<jpg, jpeg or png>` and `<split>/masks/<same>.png`.

    A mask is a grey PNG of its picture's size: 0 background, 1 lung. Every film is a function of `seed`, its
    split and its index: asking for more adds films and changes none.

    Args:
        directory: where to write; made if it is not there.
        seed: another seed, other films.
        train: number of films, at most 5,000.
        validation: likewise, at most 3,750.
        test: likewise, at most 3,750.

    Returns:
        The paths of the pictures written, relative to `directory`, in order.

    Raises:
        ValueError: if a number is out of range, or all are 0.
        OSError: if a file cannot be written (a full disk).
    """
    numbers = dict(zip(_SPLITS, (train, validation, test)))
    for (name, number), most in zip(numbers.items(), (5000, 3750, 3750)):
        if not 0 <= number <= most:
            raise ValueError(f"{name} must be 0 to {most:,} films, got {number}")
    jobs = [(split, index) for split, number in numbers.items() for index in range(number)]
    if not jobs:
        raise ValueError("train, validation and test are all 0: ask for at least one film")
    directory = Path(directory)
    for split in {split for split, _ in jobs}:
        for kind in ("images", "masks"):
            (directory / split / kind).mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor() as pool:  # OpenCV and NumPy let other threads run
        return list(pool.map(lambda job: _write(directory, seed, *job), jobs))


def _write(directory, seed, split, index):
    name, made = picture(seed, index, split)
    rng = np.random.default_rng((seed, _SPLITS.index(split), index, 2))
    extension, channels = _KINDS[rng.choice(len(_KINDS), p=[0.35, 0.30, 0.15, 0.12, 0.08])]
    image = made.image if channels == 1 else np.repeat(made.image[..., None], channels, -1)
    if channels == 4:
        image[..., 3] = 255
    path = Path(split, "images", name + extension)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 96))] if extension != ".png" else []
    done, coded = cv2.imencode(extension, image, quality)
    if not done:
        raise OSError(f"OpenCV could not write {path}")
    (directory / path).write_bytes(coded.tobytes())
    Image.fromarray(made.mask).save(directory / split / "masks" / f"{name}.png")
    return path
