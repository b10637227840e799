"""Simulated shapes: circles, squares and triangles of all sizes and colours, with exact boxes."""

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.simulate import drawing
from cvlib.datasets.simulate.canvas import SCALE, Canvas, reduce
from cvlib.datasets.simulate.people import cloth

CLASS_NAMES = ("circle", "square", "triangle")
#: Of 100 pictures, so many have 0, 1, 2, … shapes.
_SHAPES = np.array([3, 27, 25, 20, 15, 10]) / 100


def draw(seed, size=96, shapes=None, turned=True):
    """One picture of shapes on a plain or shaded ground.

    No colour, size or place says which shape it is. A shape may cover another in part; a box reaches around
    what is seen.

    Args:
        seed: an int, a tuple of ints or a `numpy.random.Generator`.
        size: (height, width) in pixels or one number for both, at least 24.
        shapes: how many to draw; by default 0 to 5.
        turned: whether squares and triangles are turned by any angle, or stand upright.

    Returns:
        A `drawing.Drawing`; labels are indices of `CLASS_NAMES`.

    Raises:
        ValueError: if the size is too small or `shapes` is negative.

    Example:
        >>> picture = draw(1, shapes=3)
        >>> picture.boxes.shape, picture.masks.shape
        ((3, 4), (3, 96, 96))
    """
    rng = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)
    height, width = (int(side) for side in ((size, size) if np.isscalar(size) else size))
    if min(height, width) < 24:
        raise ValueError(f"size must be at least 24 pixels a side, got {size}: shapes would be specks")
    if shapes is None:
        shapes = int(rng.choice(len(_SHAPES), p=_SHAPES))
    if shapes < 0:
        raise ValueError(f"shapes must be 0 or more, got {shapes}")
    canvas, ground = Canvas(height, width), cloth(rng)
    _shade(canvas, ground, rng)
    masks, areas, labels, placed = [], [], [], []
    for _ in range(shapes):
        label = int(rng.integers(len(CLASS_NAMES)))
        outline, radius, centre = _outline(rng, label, height, width, placed, turned)
        placed.append((*centre, radius))
        seen = canvas.new_mask()
        with canvas.recording(seen):
            canvas.fill(outline, _colour(rng, ground))
        shape = reduce(seen) > 127
        masks = [mask & ~shape for mask in masks] + [shape]
        areas.append(cv2.contourArea(outline.astype(np.float32)) / SCALE**2)
        labels.append(label)
    image = canvas.finish().astype(np.float32)
    image += rng.uniform(0, 10) * rng.standard_normal(image.shape, np.float32)
    return drawing.drawing(np.clip(image, 0, 255).astype(np.uint8), masks, areas, labels)


def make(directory, seed=0, train=400, validation=50, test=100):
    """Write the dataset: `<split>/images/<number>.jpg` and `<split>/annotations/<number>.xml` (Pascal VOC).

    Every picture has 96×96 pixels and is a function of `seed`, its split and its index: asking for more adds
    pictures and changes none.

    Args:
        directory: where to write; made if it is not there.
        seed: another seed, other pictures.
        train: number of pictures.
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
    """One picture of the dataset, as a `drawing.Drawing`, and the quality with which it is written."""
    rng = drawing.random_state(seed, index, split, "shapes")
    return draw(rng), int(rng.integers(85, 97))


def write(directory, seed, split, index):
    """Write one picture at its place; the folders must be there."""
    drawn, quality = picture(seed, index, split)
    drawing.write(drawn, directory, split, index, CLASS_NAMES, quality)


def _outline(rng, label, height, width, placed, turned):
    """Corners on the canvas, radius and centre of a shape; of a few places, one that hides little."""
    radius = min(height, width) * np.exp(rng.uniform(np.log(0.08), np.log(0.28)))
    best = None
    for _ in range(8):
        centre = rng.uniform(0.5 * radius, (width - 0.5 * radius, height - 0.5 * radius))
        near = max([r + radius - np.hypot(*(centre - (x, y))) for x, y, r in placed], default=0.0)
        if best is None or near < best[0]:
            best = near, centre
        if near <= 0:
            break
    centre = best[1]
    if label == 0:
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    else:
        corners = 4 if label == 1 else 3
        upright = np.pi / 4 if label == 1 else -np.pi / 2
        upright += rng.uniform(0, 2 * np.pi) if turned else 0.0
        angles = upright + 2 * np.pi * np.arange(corners) / corners
    points = centre + radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    return SCALE * points, radius, centre


def _colour(rng, ground):
    """A colour that can be told from the ground."""
    while np.abs((colour := cloth(rng)) - ground).max() < 50:
        pass
    return colour


def _shade(canvas, colour, rng):
    """The ground: one colour, a little brighter on one side."""
    height, width = canvas.image.shape[:2]
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.25)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    shade = 1 + strength * (np.cos(angle) * x + np.sin(angle) * y)
    canvas.image[:] = np.clip(shade[..., None] * colour, 0, 255).astype(np.uint8)
