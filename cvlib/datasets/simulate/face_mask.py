"""The simulated twin of the face-mask dataset: drawn faces with and without a mask, as JPEG files."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.simulate import faces
from cvlib.datasets.simulate.camera import photograph

CLASS_NAMES = faces.LABELS
_SPLITS = ("train", "validation", "test")
_WORTH_A_WORKER = 60  # pictures: fewer are drawn sooner than another interpreter starts
_HOME = str(Path(__file__).resolve().parents[3])


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
    workers = min(os.cpu_count() or 1, 8, len(jobs) // _WORTH_A_WORKER)
    if workers < 2 or not sys.executable:
        for split, index in jobs:
            _write(directory, seed, split, index)
    else:
        _share_out(directory, seed, jobs, workers)
    return [_path(split, index) for split, index in jobs]


def _path(split, index):
    return Path(split, CLASS_NAMES[index % 2], f"{index:05d}.jpg")


def _write(directory, seed, split, index):
    face, quality = picture(seed, index, split)
    image = cv2.cvtColor(face.image, cv2.COLOR_RGB2BGR)
    done, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OSError(f"OpenCV could not write {_path(split, index)} as JPEG")
    (directory / _path(split, index)).write_bytes(coded.tobytes())


def _share_out(directory, seed, jobs, workers):
    """Write the pictures in processes of their own: drawing is Python work, which threads cannot share.

    They are new interpreters, neither forks (unsafe once TensorFlow runs) nor `multiprocessing` spawns (which
    would run the caller's script again).
    """
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([_HOME, os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, str(directory), str(seed)]
    started = []
    try:
        for worker in range(workers):
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            started.append(process)
            process.stdin.write("".join(f"{split} {index}\n" for split, index in jobs[worker::workers]))
            process.stdin.close()
            process.stdin = None
        for process in started:
            _, said = process.communicate()
            if process.returncode:
                reason = (said.strip().splitlines() or [f"exit status {process.returncode}"])[-1]
                raise OSError(f"the simulated pictures could not be written to {directory}: {reason}")
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.wait()


def _work():
    """What a worker does: write the pictures named on its standard input, one `split index` a line."""
    cv2.setNumThreads(1)
    directory, seed = Path(sys.argv[1]), int(sys.argv[2])
    for line in sys.stdin:
        split, index = line.split()
        _write(directory, seed, split, int(index))


if __name__ == "__main__":
    _work()
