"""The anatomy of a simulated chest: outlines of its organs, which differ from patient to patient.

Outlines are arrays (N, 2) of points (x, y) in a frame of the body: x from -1 to 1 over the film, the spine
at 0 and the left side on the right, as films are hung; y from -1 (above the shoulders) to 1 (abdomen).
"""

from dataclasses import dataclass

import numpy as np

from cvlib.datasets.simulate.canvas import smooth

LEFT, RIGHT = 1, -1  # side of the patient's left and right lung on the film


@dataclass(frozen=True)
class Chest:
    """One patient's outlines.

    Attributes:
        body: outline of trunk, shoulders and neck.
        lungs: dict from side to the outline of a lung, as far down as its dome of the diaphragm; the left one
            still includes what the heart hides.
        heart: outline.
        mediastinum: outline of great vessels and spine between the lungs.
        domes: dict from side to the outline of what lies below the diaphragm.
        clavicles: list of lines.
        scapulae: list of outlines.
        ribs: list of (line, strength): 1 for those of the back, 0.55 for those of the front.
        rib_width: of all of them.
        vertebrae: list of outlines.
        trachea: line of the air-filled windpipe and main bronchi.
        hila: dict from side to the point at which the vessels enter a lung.
        breasts: list of outlines, empty for most.
        bubble: outline of the gas in the stomach, or None.
    """

    body: np.ndarray
    lungs: dict
    heart: np.ndarray
    mediastinum: np.ndarray
    domes: dict
    clavicles: list
    scapulae: list
    ribs: list
    rib_width: float
    vertebrae: list
    trachea: list
    hila: dict
    breasts: list
    bubble: np.ndarray


def draw(rng):
    """A patient.

    Args:
        rng: `numpy.random.Generator`.

    Returns:
        A `Chest`.
    """
    width, apex = rng.uniform(0.58, 0.74), rng.uniform(-0.84, -0.68)
    base = {RIGHT: rng.uniform(0.22, 0.52)}
    base[LEFT] = base[RIGHT] + rng.uniform(-0.02, 0.13)
    middle = rng.uniform(0.07, 0.13)
    lungs, domes = {}, {}
    for side in (RIGHT, LEFT):
        lungs[side], domes[side] = _lung(rng, side, width * rng.uniform(0.95, 1.05), apex, base[side], middle)
    return Chest(
        body=_body(rng, width),
        lungs=lungs,
        heart=_heart(rng, base[LEFT]),
        mediastinum=_mediastinum(rng, middle, apex, base[LEFT]),
        domes=domes,
        clavicles=[_clavicle(rng, side, apex, width) for side in (RIGHT, LEFT)],
        scapulae=[_scapula(rng, side, apex, width) for side in (RIGHT, LEFT)],
        ribs=_ribs(rng, width, apex),
        rib_width=rng.uniform(0.030, 0.042),
        vertebrae=_vertebrae(rng),
        trachea=_trachea(rng, apex),
        hila={side: np.array([side * rng.uniform(0.15, 0.20), rng.uniform(-0.16, 0.0)]) for side in lungs},
        breasts=[
            _ellipse((side * rng.uniform(0.42, 0.5), base[side] + 0.08), 0.28, 0.24, 0, rng, 0.03)
            for side in lungs
        ]
        if rng.random() < 0.4
        else [],
        bubble=_ellipse(
            (rng.uniform(0.28, 0.5), base[LEFT] + rng.uniform(0.16, 0.26)), 0.15, 0.08, 0.1, rng, 0.1
        )
        if rng.random() < 0.6
        else None,
    )


def _lung(rng, side, width, apex, base, middle):
    """Outlines of a lung and of what lies below it; the sharp corner is the costophrenic angle."""
    wobble = rng.normal(0, 0.010, (6, 2))
    angle = base + rng.uniform(0.08, 0.20)
    top, flank = rng.uniform(0.22, 0.30), rng.uniform(0.80, 0.92)
    wall = np.array(
        [
            (middle + 0.02, apex * 0.72),
            (middle + 0.05, apex * 0.93),
            (top, apex),
            (top + 0.16, apex * 0.84),
            (width * flank, apex * 0.45),
            (width * 0.98, base * 0.15),
        ]
    )
    outer = smooth(np.concatenate([wall + wobble, [(width, base), (width * 0.99, angle)]]), closed=False)
    dome = smooth(
        [
            (width * 0.99, angle),
            (width * 0.80, base + 0.02),
            (width * 0.55, base - rng.uniform(0.05, 0.09)),
            (width * 0.30, base - 0.02),
            (middle, base + rng.uniform(0.02, 0.08)),
        ],
        closed=False,
    )
    inner = smooth([dome[-1], (middle + 0.01, base * 0.4), (middle, -0.2), outer[0]], closed=False)
    lung = np.concatenate([outer, dome[1:], inner[1:-1]])
    below = np.concatenate([dome, [(0, base + 0.06), (0, 1.6), (width * 1.35, 1.6), (width * 1.06, angle)]])
    return lung * (side, 1), below * (side, 1)


def _body(rng, width):
    neck, shoulder = rng.uniform(0.20, 0.28), rng.uniform(-0.86, -0.72)
    chest = width * rng.uniform(1.16, 1.38)
    half = [
        (neck, -1.7),
        (neck, -1.0),
        (neck + 0.18, shoulder - 0.10),
        (chest + 0.06, shoulder + 0.04),
        (chest + 0.30, shoulder + 0.22),
        (chest + 0.22, shoulder + 0.62),
        (chest + 0.01, shoulder + 0.78),
        (chest, 0.1),
        (chest * rng.uniform(0.97, 1.06), 0.6),
        (chest * rng.uniform(0.97, 1.08), 1.7),
    ]
    right = smooth(half, closed=False)
    return np.concatenate([right, (right * (-1, 1))[::-1]])


def _heart(rng, base):
    """Right border, great vessels, left border with its waist, and the tip on the left dome."""
    left, right, top = rng.uniform(0.30, 0.46), rng.uniform(0.12, 0.19), base - rng.uniform(0.46, 0.56)
    points = [
        (-0.06, top),
        (0.11, top + 0.02),
        (0.15 + 0.15 * left, top + 0.13),
        (left * 0.80, base - 0.20),
        (left, base - 0.04),
        (left * 0.86, base + 0.06),
        (0.10, base + 0.10),
        (-right * 0.8, base + 0.05),
        (-right, base - 0.14),
        (-right * 0.75, base - 0.32),
    ]
    return smooth(np.array(points) + rng.normal(0, 0.008, (len(points), 2)))


def _mediastinum(rng, middle, apex, base):
    arch = rng.uniform(0.02, 0.08)  # the aorta's, on the left
    right = [(0.09, -1.6), (0.08, apex), (middle, -0.45), (middle + 0.03, -0.15), (middle + 0.02, base)]
    left = [(0.10, -1.6), (0.09, apex), (middle + arch, -0.42), (middle + 0.02, -0.2), (middle + 0.06, base)]
    left, right = smooth(left, closed=False), smooth(right, closed=False) * (-1, 1)
    return np.concatenate([left, [(0.14, 1.6), (-0.14, 1.6)], right[::-1]])


def _clavicle(rng, side, apex, width):
    y = apex + rng.uniform(0.06, 0.16)
    line = [(0.10, y + 0.10), (0.26, y + 0.07), (0.46, y - 0.04), (width + 0.12, y - rng.uniform(0.02, 0.14))]
    return smooth(np.array(line) * (side, 1), closed=False, samples=10)


def _scapula(rng, side, apex, width):
    x = width * rng.uniform(0.84, 1.06)
    points = [(x, apex + 0.24), (x + 0.32, apex + 0.14), (x + 0.34, apex + 0.34), (x + 0.06, apex + 0.86)]
    return smooth(np.array(points) * (side, 1))


def _ribs(rng, width, apex):
    """Back ribs fall outwards from the spine; front ribs come back in, steeper and fainter."""
    ribs = []
    gap, slope = rng.uniform(0.135, 0.165), rng.uniform(0.16, 0.30)
    for number in range(10):
        y = apex + 0.07 + gap * number
        reach = width * min(1.0, 0.58 + 0.10 * number) * 1.03
        for side in (RIGHT, LEFT):
            back = np.array(
                [(0.04, y), (0.35 * reach, y - 0.045), (0.75 * reach, y + slope * 0.25), (reach, y + slope)]
            )
            ribs.append((smooth(back * (side, 1), closed=False, samples=12), 1.0))
            if 0 < number < 7:
                front = [
                    (reach, y + slope),
                    (0.88 * reach, y + slope + 0.17),
                    (0.60 * reach, y + slope + 0.30),
                    (0.40 * reach, y + slope + 0.33),
                ]
                ribs.append((smooth(np.array(front) * (side, 1), closed=False, samples=12), 0.55))
    return ribs


def _vertebrae(rng):
    height, half = rng.uniform(0.10, 0.125), rng.uniform(0.065, 0.085)
    tops = np.arange(-1.5, 1.5, height)
    shape = np.array([(-1, 0.1), (-0.86, 0.5), (-1, 0.9), (1, 0.9), (0.86, 0.5), (1, 0.1)])
    return [shape * (half, height) + (rng.normal(0, 0.002), top) for top in tops]


def _trachea(rng, apex):
    carina = (rng.normal(0.0, 0.015), rng.uniform(-0.34, -0.24))
    lines = [smooth([(0.0, -1.5), (0.005, apex), (carina[0] - 0.01, -0.45), carina], closed=False)]
    for side, drop in ((RIGHT, 0.16), (LEFT, 0.13)):
        lines.append(
            smooth([carina, (side * 0.08, carina[1] + drop * 0.6), (side * 0.16, carina[1] + drop)], False)
        )
    return lines


def _ellipse(centre, wide, high, angle, rng, wobble):
    t = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radius = 1 + rng.normal(0, wobble, len(t))
    x, y = radius * wide * np.cos(t), radius * high * np.sin(t)
    cosine, sine = np.cos(angle), np.sin(angle)
    return smooth(np.stack([cosine * x - sine * y, sine * x + cosine * y], -1) + np.asarray(centre))
