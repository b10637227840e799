"""Simulated scenes: drawn people at many scales, masked or not, some partly hidden, with exact boxes."""

import numpy as np

from cvlib.datasets.simulate import backgrounds, drawing, faces
from cvlib.datasets.simulate.camera import photograph
from cvlib.datasets.simulate.canvas import SCALE, Canvas, darker, reduce
from cvlib.datasets.simulate.head import Head
from cvlib.datasets.simulate.people import cloth

CLASS_NAMES = faces.LABELS
#: Of 100 scenes, so many have 0, 1, 2, … people.
_PEOPLE = np.array([3, 15, 22, 22, 16, 12, 6, 4]) / 100


def draw(seed, size=(192, 256), people=None):
    """One scene.

    A face's box reaches from crown to chin, around what is seen of it: hair and hat beyond the skull are
    outside, a mask or a hand on it is inside, and what other people cover is not seen.

    Args:
        seed: an int, a tuple of ints or a `numpy.random.Generator`.
        size: (height, width) in pixels or one number for both, at least 32.
        people: how many to draw; by default 0 to 7. Of more than a few, some may be hidden and not listed.

    Returns:
        A `drawing.Drawing`; label 0 is "with_mask", 1 is "without_mask".

    Raises:
        ValueError: if the size is too small or `people` is negative.

    Example:
        >>> scene = draw(3, people=2)
        >>> scene.image.shape, scene.boxes.shape, scene.masks.shape
        ((192, 256, 3), (2, 4), (2, 192, 256))
    """
    rng = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)
    height, width = (int(side) for side in ((size, size) if np.isscalar(size) else size))
    if min(height, width) < 32:
        raise ValueError(f"size must be at least 32 pixels a side, got {size}: faces would be specks")
    if people is None:
        people = int(rng.choice(len(_PEOPLE), p=_PEOPLE))
    if people < 0:
        raise ValueError(f"people must be 0 or more, got {people}")
    canvas = Canvas(height, width)
    backgrounds.paint(canvas, rng)
    light, masks, areas, labels = faces.light_from(rng), [], [], []
    for head in _places(rng, height, width, people):
        label = int(rng.integers(2))
        face, person = _stand(canvas, head, CLASS_NAMES[label], light, rng)
        masks = [mask & ~person for mask in masks] + [face]
        areas.append(_area(head.outline()) / SCALE**2)
        labels.append(label)
    if rng.random() < 0.25:
        cover = _foreground(canvas, rng)
        masks = [mask & ~cover for mask in masks]
    return drawing.drawing(photograph(rng, canvas.finish()), masks, areas, labels)


def make(directory, seed=0, train=320, validation=40, test=80):
    """Write the dataset: `<split>/images/<number>.jpg` and `<split>/annotations/<number>.xml` (Pascal VOC).

    The longer side of a scene has 256 pixels. Every scene is a function of `seed`, its split and its index:
    asking for more adds scenes and changes none.

    Args:
        directory: where to write; made if it is not there.
        seed: another seed, other scenes.
        train: number of scenes.
        validation: likewise.
        test: likewise.

    Returns:
        The paths of the pictures written, relative to `directory`, in order.

    Raises:
        ValueError: if a number is negative, or all are 0.
        OSError: if a file cannot be written (a full disk).
    """
    return drawing.make(__name__, directory, seed, {"train": train, "validation": validation, "test": test})


def picture(seed, index, split="train"):
    """One scene of the dataset, as a `drawing.Drawing`, and the quality with which it is written."""
    rng = drawing.random_state(seed, index, split, "scenes")
    short = int(rng.integers(168, 257))
    size = (short, 256) if rng.random() < 0.75 else (256, short)
    return draw(rng, size), int(rng.integers(70, 96))


def write(directory, seed, split, index):
    """Write one scene at its place; the folders must be there."""
    drawn, quality = picture(seed, index, split)
    drawing.write(drawn, directory, split, index, CLASS_NAMES, quality)


def _places(rng, height, width, people):
    """Heads from far to near: none hides all of another as far as a few tries can find out."""
    shorter = min(height, width)
    largest = 0.34 if people <= 2 else 0.26 if people <= 4 else 0.2
    scales = np.sort(shorter * np.exp(rng.uniform(np.log(0.04), np.log(largest), people)))
    step = 4  # a coarse grid is enough to see who hides whom
    y, x = np.mgrid[step / 2 : height : step, step / 2 : width : step]
    heads, seen, floors = [], [], []
    for scale in scales:
        width_of_head = rng.uniform(0.70, 0.82)
        floor = rng.uniform(0.1, 0.4) if rng.random() < 0.15 else rng.uniform(0.5, 0.9)
        best = None
        for _ in range(12):
            centre = rng.uniform(-0.1, width + 0.1), rng.uniform(0.7 * scale, max(0.8 * height, 1.6 * scale))
            face = ((x - centre[0]) / (0.76 * scale)) ** 2 + ((y - centre[1]) / scale) ** 2 < 1
            hair = ((x - centre[0]) / scale) ** 2 + ((y - centre[1]) / (1.2 * scale)) ** 2 < 1
            body = (np.abs(x - centre[0]) < 1.7 * scale) & (y > centre[1] + 1.4 * scale)
            cover = hair | body
            left = [np.count_nonzero(one & ~cover) / max(whole, 1) for one, whole in seen]
            inside = np.count_nonzero(face) * step**2 / (np.pi * 0.76 * scale**2)
            lack = sum(max(0.0, low - share) for low, share in zip(floors, left)) + max(0.0, 0.6 - inside)
            if best is None or lack < best[0]:
                best = lack, centre, face, cover
            if lack == 0:
                break
        _, centre, face, cover = best
        seen = [(one & ~cover, whole) for one, whole in seen] + [(face, np.count_nonzero(face))]
        floors.append(floor)
        heads.append(
            Head(
                centre=(SCALE * centre[0], SCALE * centre[1]),
                scale=SCALE * scale,
                yaw=float(np.clip(rng.normal(0, 0.2), -0.5, 0.5)),
                pitch=float(np.clip(rng.normal(0, 0.06), -0.2, 0.2)),
                roll=float(np.clip(rng.normal(0, 0.1), -0.3, 0.3)),
                width=width_of_head,
                jaw=rng.uniform(0.90, 1.10),
                chin=rng.uniform(0.8, 1.35),
            )
        )
    return heads


def _stand(canvas, head, label, light, rng):
    """Draw a person on the canvas, working on the part that can change; bool masks of face and person."""
    high, wide = canvas.image.shape[:2]
    left, right = (_even(head.centre[0] + side * 2.6 * head.scale, wide) for side in (-1, 1))
    top = _even(head.centre[1] - 2.2 * head.scale, high)
    part = Canvas((high - top) // SCALE, (right - left) // SCALE)
    part.image[:] = canvas.image[top:, left:right]
    head.centre = head.centre[0] - left, head.centre[1] - top
    drawn = faces.add(part, head, label, light, rng)
    canvas.image[top:, left:right] = part.image
    where = np.s_[top // SCALE :, left // SCALE : right // SCALE]
    face, person = (np.zeros((high // SCALE, wide // SCALE), bool) for _ in range(2))
    face[where], person[where] = drawn.face == 1, drawn.person > 127
    return face, person


def _foreground(canvas, rng):
    """Something out of focus that stands before all: a post, or leaves; the bool mask of what it covers."""
    high, wide = canvas.image.shape[:2]
    mask = canvas.new_mask()
    with canvas.recording(mask):
        if rng.random() < 0.4:
            broad, colour = rng.uniform(0.02, 0.06) * wide, darker(cloth(rng), rng.uniform(0, 0.5))
            x = rng.uniform(0, wide - broad)
            canvas.box(x, 0, broad, high, colour)
        else:
            corner = np.array([rng.choice([0.0, wide]), rng.choice([0.0, high])])
            green = np.array([rng.uniform(40, 90), rng.uniform(90, 150), rng.uniform(40, 80)])
            for _ in range(rng.integers(5, 12)):
                place = corner + rng.normal(0, 0.13, 2) * (wide, high)
                leaf = rng.uniform(0.02, 0.045) * wide
                canvas.disc(place, leaf, green * rng.uniform(0.8, 1.2), 1, 0, 2.2, rng.uniform(0, np.pi))
    return reduce(mask) > 127


def _even(value, limit):
    """A whole number of the picture's pixels, within the canvas."""
    return int(np.clip(SCALE * round(value / SCALE), 0, limit))


def _area(polygon):
    """Area of a closed polygon (N, 2): the shoelace formula."""
    x, y = polygon.T
    return 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
