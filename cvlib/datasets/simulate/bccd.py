"""The simulated twin of BCCD: drawn blood smears, stained as under a light microscope, with exact boxes.

Light is absorbed: each cell has an optical density for red, green and blue, densities of cells that lie over
each other add up, and the picture is I = I₀·exp(−density) (the law of Beer and Lambert). So a red cell under
another one stays in sight, as in the photographs, and its box reaches around all of it.
"""

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.simulate import drawing

CLASS_NAMES = ("Platelets", "RBC", "WBC")
PLATELET, RED, WHITE = range(3)


def draw(seed, size=(480, 640)):
    """One field of a blood smear.

    Args:
        seed: an int, a tuple of ints or a `numpy.random.Generator`.
        size: (height, width) in pixels, at least 32 each; cells grow with it.

    Returns:
        A `drawing.Drawing`; labels are indices of `CLASS_NAMES`.

    Raises:
        ValueError: if the size is too small.

    Example:
        >>> field = draw(0)
        >>> field.image.shape, int((field.labels == WHITE).sum())
        ((480, 640, 3), 1)
    """
    rng = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)
    height, width = (int(side) for side in ((size, size) if np.isscalar(size) else size))
    if min(height, width) < 32:
        raise ValueError(f"size must be at least 32 pixels a side, got {size}: cells would be specks")
    unit = min(height, width) / 480 * rng.uniform(0.85, 1.15)  # one pixel of the real photographs
    density = np.zeros((height, width, 3), np.float32)
    placed, masks, areas, labels = [], [], [], []

    def put(label, radius, paint):
        spot = _spot(rng, placed, radius, height, width, label)
        if spot is not None:
            mask, area = paint(rng, density, *spot, radius)
            placed.append((*spot, radius, label))
            masks.append(mask)
            areas.append(area)
            labels.append(label)

    stain = _Stain(rng)
    for _ in range(rng.choice(4, p=[0.04, 0.88, 0.06, 0.02])):
        put(WHITE, unit * rng.uniform(80, 122), stain.white)
    for _ in range(rng.integers(6, 19)):
        put(RED, unit * rng.uniform(46, 61), stain.red)
    for _ in range(rng.choice(5, p=[0.35, 0.3, 0.2, 0.1, 0.05])):
        put(PLATELET, unit * rng.uniform(15, 26), stain.platelet)
    _dirt(rng, density, unit)
    return drawing.drawing(_exposed(rng, density, unit), masks, areas, labels)


def make(directory, seed=0, train=160, validation=40, test=60):
    """Write the dataset: `<split>/images/<number>.jpg` and `<split>/annotations/<number>.xml` (Pascal VOC).

    Every picture has 480×640 pixels and is a function of `seed`, its split and its index: asking for more
    adds pictures and changes none.

    Args:
        directory: where to write; made if it is not there.
        seed: another seed, other fields.
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
    """One field of the dataset, as a `drawing.Drawing`, and the quality with which it is written."""
    rng = drawing.random_state(seed, index, split, "bccd")
    return draw(rng), int(rng.integers(60, 90))


def write(directory, seed, split, index):
    """Write one field at its place; the folders must be there."""
    drawn, quality = picture(seed, index, split)
    drawing.write(drawn, directory, split, index, CLASS_NAMES, quality)


class _Stain:
    """How much each kind of cell absorbs, drawn once for a slide, and how it is painted."""

    def __init__(self, rng):
        strength = rng.uniform(0.8, 1.25)
        self.pink = strength * np.array([0.13, 0.42, 0.40]) * rng.uniform(0.85, 1.15, 3)
        self.violet = strength * np.array([0.85, 1.15, 0.32]) * rng.uniform(0.85, 1.15, 3)
        self.lilac = strength * np.array([0.22, 0.36, 0.12]) * rng.uniform(0.85, 1.15, 3)
        self.pale = rng.uniform(0.3, 1.0)  # how hollow red cells look on this slide

    def red(self, rng, density, x, y, radius):
        """A biconcave disc: paler in the middle, darkest towards its rim."""
        part, rho = _blob(rng, density, x, y, radius, 0.12, 0.04)
        hollow = np.clip(self.pale + rng.normal(0, 0.2), 0.0, 0.97)
        hollow = hollow * np.exp(-((rho / rng.uniform(0.4, 0.7)) ** 2))
        rim = 0.35 * np.exp(-(((rho - 0.88) / 0.09) ** 2))
        strength = (0.85 * (1 - hollow) + rim) * rng.uniform(0.8, 1.15)
        return _absorb(density, part, rho, strength, self.pink, radius)

    def white(self, rng, density, x, y, radius):
        """Pale, grainy plasma around a dark nucleus of one to five lobes."""
        part, rho = _blob(rng, density, x, y, radius, 0.08, 0.03)
        grain = _grain(rng, rho.shape, max(1.0, radius / 28))
        result = _absorb(density, part, rho, 0.75 + 0.3 * grain, self.lilac, radius)
        lobes, turn = int(rng.integers(1, 6)), rng.uniform(0, 2 * np.pi)
        reach = rng.uniform(0.28, 0.42) * radius
        nucleus = np.full(rho.shape, np.inf, np.float32)
        for lobe in range(lobes):
            angle = turn + lobe * rng.uniform(0.9, 1.3)
            away = reach if lobes > 1 else 0.1 * radius
            size = radius * (rng.uniform(0.3, 0.4) if lobes > 1 else rng.uniform(0.6, 0.78))
            centre = x + away * np.cos(angle), y + away * np.sin(angle)
            nucleus = np.minimum(nucleus, _blob(rng, density, *centre, size, 0.25, 0.06, part)[1])
        nucleus[rho > 0.95] = np.inf
        _absorb(density, part, nucleus, 0.85 + 0.25 * grain, self.violet, 0.4 * radius)
        return result

    def platelet(self, rng, density, x, y, radius):
        """A small, grainy, ragged piece of a cell."""
        part, rho = _blob(rng, density, x, y, radius, 0.25, 0.12)
        grain = _grain(rng, rho.shape, max(0.7, radius / 7))
        strength = (0.35 + 0.35 * np.exp(-((rho / 0.5) ** 2)) + 0.3 * grain) * rng.uniform(0.7, 1.1)
        return _absorb(density, part, rho, strength, self.violet * (0.8, 0.75, 0.6), radius)


def _spot(rng, placed, radius, height, width, label):
    """A place (x, y) among the cells, or None: red cells may overlap, others hardly; the edge cuts some."""
    low, high = np.array([-0.4, -0.4]) * radius, np.array([width, height]) + 0.4 * radius
    for _ in range(25):
        x, y = rng.uniform(low, high)
        for other_x, other_y, other, kind in placed:
            apart = 0.62 if label == kind == RED else 0.88
            if np.hypot(x - other_x, y - other_y) < apart * (radius + other):
                break
        else:
            return x, y
    return None


def _blob(rng, density, x, y, radius, stretch, ragged, part=None):
    """A roundish shape: where it lies, and the distance from its centre with 1 on its outline.

    Returns:
        The tuple (slices of the picture, float32 array of distances there).
    """
    height, width = density.shape[:2]
    reach = radius * (1 + stretch + 4 * ragged) + 3
    if part is None:
        part = (
            slice(max(0, int(y - reach)), max(0, min(height, int(y + reach) + 1))),
            slice(max(0, int(x - reach)), max(0, min(width, int(x + reach) + 1))),
        )
    rows = np.arange(part[0].start, part[0].stop, dtype=np.float32)[:, None] + 0.5 - y
    columns = np.arange(part[1].start, part[1].stop, dtype=np.float32)[None] + 0.5 - x
    away = np.hypot(rows, columns)
    turn = (columns + 1j * rows) / np.maximum(away, 1e-3)  # exp(iθ)
    # The outline is 1 + Re Σ cₙ·exp(inθ), n = 2 … 5: stretched, and ragged.
    shares = np.array([stretch, ragged, ragged, ragged]) / 2
    waves = rng.normal(0, shares) * np.exp(1j * rng.uniform(0, 2 * np.pi, 4))
    wave = np.zeros(turn.shape, np.complex64)
    for coefficient in waves[::-1].astype(np.complex64):
        wave = (wave + coefficient) * turn
    outline = 1 + (wave * turn).real
    return part, away / (radius * np.clip(outline, 0.4, 1 + stretch + 4 * ragged))


def _absorb(density, part, rho, strength, colour, radius):
    """Add a shape's density; its mask in the picture and its whole area."""
    soft = np.clip((1 - rho) * radius / 1.5 + 0.5, 0, 1)  # one and a half pixels from nothing to all
    density[part] += (soft * strength)[..., None] * colour.astype(np.float32)
    mask = np.zeros(density.shape[:2], bool)
    mask[part] = rho < 1
    return mask, max(np.count_nonzero(mask), np.pi * radius**2)


def _grain(rng, shape, size):
    """Speckle in [−1, 1] with spots of about `size` pixels."""
    coarse = max(2, int(shape[0] / size)), max(2, int(shape[1] / size))
    noise = rng.uniform(-1, 1, coarse).astype(np.float32)
    return np.clip(cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC), -1, 1)


def _dirt(rng, density, unit):
    """What is no cell: grains of stain and rings of dust in the optics."""
    height, width = density.shape[:2]
    for _ in range(rng.poisson(2.5)):
        radius = max(1, int(unit * rng.uniform(1.5, 5)))
        side = 2 * radius + 8
        left, top = rng.integers(0, max(1, width - side)), rng.integers(0, max(1, height - side))
        speck = np.zeros((side, side), np.float32)
        thickness = -1 if rng.random() < 0.6 else max(1, radius // 3)
        cv2.circle(speck, (side // 2, side // 2), radius, rng.uniform(0.1, 0.5), thickness)
        part = density[top : top + side, left : left + side]
        speck = cv2.GaussianBlur(speck, (0, 0), max(0.8, 0.8 * unit))
        part += speck[: part.shape[0], : part.shape[1], None]


def _exposed(rng, density, unit):
    """The photograph: lamp, colour of the light, focus and noise."""
    height, width = density.shape[:2]
    lamp = np.array([225, 226, 216]) * rng.uniform(0.88, 1.06) * (1 + rng.normal(0, 0.025, 3))
    x, y = (np.linspace(-1, 1, side, dtype=np.float32) - rng.uniform(-0.4, 0.4) for side in (width, height))
    shade = 1 - np.float32(rng.uniform(0, 0.07)) * (x**2 + y[:, None] ** 2)
    light = np.exp(-density) * shade[..., None] * lamp.astype(np.float32)
    blur = unit * rng.uniform(0.6, 2.0)
    light = cv2.GaussianBlur(light, (0, 0), blur)
    light += rng.uniform(0.5, 2.5) * rng.standard_normal((height, width, 1), np.float32)
    return np.clip(light, 0, 255).astype(np.uint8)
