"""A drawn picture with its objects, and how a dataset of such pictures is written."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.dataset import SPLITS
from cvlib.datasets.simulate import workers

#: Less than this share of an object in sight: `difficult`. Less than the second: it is not listed at all.
DIFFICULT, LOST = 0.3, 0.05


@dataclass
class Drawing:
    """A drawn picture and the truth about it.

    Attributes:
        image: uint8 array (H, W, 3), RGB.
        boxes: float32 array (N, 4), `xyxy` in pixels: the edges of the pixels of `masks`, to the pixel.
        labels: int32 array (N,), index of each object's class.
        masks: bool array (N, H, W), where each object is seen.
        visible: float32 array (N,), the share of each object that is seen, in (0, 1]: the rest is covered or
            beyond the edge.
        difficult: bool array (N,), True where less than 0.3 is seen: for a metric to leave out.
    """

    image: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    masks: np.ndarray
    visible: np.ndarray
    difficult: np.ndarray

    def __len__(self):
        return len(self.boxes)


def drawing(image, masks, areas, labels):
    """The `Drawing` of a picture; what is hidden but for a twentieth, or a line of pixels, is not listed.

    Args:
        image: uint8 array (H, W, 3).
        masks: list of N bool arrays (H, W), where each object is seen.
        areas: N numbers, how many pixels each would take if nothing hid it and the picture went on.
        labels: N class indices.
    """
    kept, boxes, visible = [], [], []
    for index, (mask, area) in enumerate(zip(masks, areas)):
        count = np.count_nonzero(mask)
        if count == 0 or count < LOST * area:
            continue
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        if min(box[2] - box[0], box[3] - box[1]) < 2:
            continue
        kept.append(index)
        boxes.append(box)
        visible.append(min(1.0, count / area))
    visible = np.array(visible, np.float32)
    return Drawing(
        image=image,
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        labels=np.array([labels[index] for index in kept], np.int32),
        masks=np.array([masks[index] for index in kept], bool).reshape(-1, *image.shape[:2]),
        visible=visible,
        difficult=visible < DIFFICULT,
    )


def random_state(seed, index, split, kind):
    """The generator of one picture: a function of all that names it.

    Raises:
        ValueError: if the split is unknown.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(map(repr, SPLITS))}, got {split!r}")
    return np.random.default_rng((seed, SPLITS.index(split), index, *kind.encode()))


def make(module, directory, seed, numbers):
    """Write a dataset: `<split>/images/<number>.jpg` and `<split>/annotations/<number>.xml` (Pascal VOC).

    Args:
        module: name of the module, whose `write(directory, seed, split, index)` writes one picture.
        directory: where to write; made if it is not there.
        seed: another seed, other pictures.
        numbers: dict from split to number of pictures.

    Returns:
        The paths of the pictures written, relative to `directory`, in order.

    Raises:
        ValueError: if a number is negative, or all are 0.
        OSError: if a file cannot be written (a full disk).
    """
    for name, number in numbers.items():
        if number < 0:
            raise ValueError(f"{name} must be 0 or more pictures, got {number}")
    jobs = [(split, index) for split, number in numbers.items() for index in range(number)]
    if not jobs:
        raise ValueError("train, validation and test are all 0: ask for at least one picture")
    directory = Path(directory)
    for split in {split for split, _ in jobs}:
        for kind in ("images", "annotations"):
            (directory / split / kind).mkdir(parents=True, exist_ok=True)
    workers.write_all(module, directory, seed, jobs)
    return [Path(split, "images", f"{index:05d}.jpg") for split, index in jobs]


def write(drawn, directory, split, index, class_names, quality):
    """Write one picture as a JPEG file and its boxes as Pascal VOC; the folders must be there.

    Args:
        drawn: a `Drawing`.
        directory: of the dataset.
        split: "train", "validation" or "test".
        index: of the picture in its split.
        class_names: in the order of the labels.
        quality: of the JPEG, 1 to 100.

    Raises:
        OSError: if a file cannot be written.
    """
    from cvlib.data.annotations import AnnotatedImage, Annotations, write_voc

    name = f"{index:05d}.jpg"
    image = cv2.cvtColor(drawn.image, cv2.COLOR_RGB2BGR)
    done, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    if not done:
        raise OSError(f"OpenCV could not write {split}/images/{name} as JPEG")
    (Path(directory) / split / "images" / name).write_bytes(coded.tobytes())
    extras = [
        {"difficult": True} if difficult else {"truncated": True} if visible < 0.95 else {}
        for difficult, visible in zip(drawn.difficult, drawn.visible)
    ]
    labels = AnnotatedImage(
        name,
        drawn.boxes.astype(np.float64),
        [class_names[label] for label in drawn.labels],
        size=drawn.image.shape[:2],
        extras=extras,
    )
    write_voc(Annotations([labels], class_names), Path(directory) / split / "annotations")
