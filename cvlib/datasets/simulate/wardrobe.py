"""Neck, shoulders and clothes, and glasses."""

import numpy as np

from cvlib.datasets.simulate.canvas import darker, lighter, mix, moved, smooth
from cvlib.datasets.simulate.features import eye_line

_GLINT = np.array([(-0.15, -0.12), (-0.02, -0.12), (-0.1, 0.1), (-0.17, 0.1)])


def body(canvas, head, person, rng):
    """Neck, shoulders and clothes."""
    shoulders = rng.uniform(1.45, 1.75) if person.age != "child" else rng.uniform(1.05, 1.3)
    neck = 0.36 if person.age != "child" else 0.30
    slope = rng.uniform(-0.05, 0.05)
    fall = max(4.5, (len(canvas.image) - head.centre[1]) / head.scale + 1)  # out of the picture
    right = [
        (neck, 1.0),
        (neck + 0.02, 1.22),
        (0.75, 1.42),
        (shoulders, 1.62 + slope),
        (shoulders + 0.12, 2.0),
        (shoulders + 0.2, fall),
    ]
    throat = np.array(
        [(-neck, 0.5), (neck, 0.5), (neck + 0.03, 1.32), (0.16, 1.62), (-0.16, 1.62), (-neck - 0.03, 1.32)]
    )
    place = head.flat
    if person.neckline == "hood":
        canvas.fill(
            smooth(place([(-0.8, 1.5), (-0.72, 0.95), (0, 0.75), (0.72, 0.95), (0.8, 1.5)])),
            darker(person.clothes, 0.35),
        )
    canvas.fill(place(throat), darker(person.skin, 0.13))
    shade = [(-0.55, 0.85), (0.55, 0.85), (0.42, 1.16), (0, 1.26), (-0.42, 1.16)]
    with canvas.clipped(canvas.inside(place(throat))):
        canvas.fill(smooth(place(shade)), darker(person.skin, 0.6), 0.55, 0.06 * head.scale)
    openings = {
        "round": [(0.40, 1.24), (0.26, 1.48), (0, 1.56)],
        "v": [(0.40, 1.22), (0.22, 1.55), (0, 1.88)],
        "collar": [(0.38, 1.20), (0.2, 1.5), (0, 1.72)],
        "hood": [(0.42, 1.26), (0.28, 1.5), (0, 1.6)],
        "roll": [(0.36, 1.12), (0.2, 1.17), (0, 1.19)],
    }
    opening = np.array(openings[person.neckline])
    shape = np.concatenate(
        [
            smooth(place(opening), False),
            smooth(place(opening[::-1] * (-1, 1)), False)[1:],
            place(np.array(right[2:]) * (-1, 1)),
            place(np.array(right[2:])[::-1]),
        ]
    )
    canvas.fill(shape, person.clothes)
    with canvas.clipped(canvas.inside(shape)):
        _printed(canvas, place, person)
        for sign in (-1, 1):
            fold = smooth(place([(sign * 0.95, 1.75), (sign * 0.85, 2.3), (sign * 0.95, 2.9)]), False)
            canvas.stroke(fold, darker(person.clothes, 0.5), 0.06 * head.scale, 0.8, 0.5, 2)
    edge = np.concatenate([opening, opening[::-1][1:] * (-1, 1)])
    if person.neckline in {"round", "v"}:
        canvas.stroke(smooth(place(edge), False), darker(person.clothes, 0.3), 0.075 * head.scale)
    if person.neckline == "roll":
        band = [(-0.38, 1.02), (0, 1.12), (0.38, 1.02), (0.43, 1.36), (0, 1.47), (-0.43, 1.36)]
        canvas.fill(smooth(place(band)), lighter(person.clothes, 0.10))
        canvas.stroke(
            smooth(place([(-0.42, 1.36), (0, 1.46), (0.42, 1.36)]), False),
            darker(person.clothes, 0.4),
            0.03 * head.scale,
        )
    if person.neckline == "collar":
        for sign in (-1, 1):
            flap = np.array([(0.36, 1.10), (0.52, 1.30), (0.46, 1.62), (0.12, 1.56), (0.22, 1.42)]) * (
                sign,
                1,
            )
            canvas.fill(place(flap), lighter(person.clothes, 0.25))
            canvas.stroke(place(flap[1:4]), darker(person.clothes, 0.4), 0.025 * head.scale)
    if person.neckline == "hood":
        for sign in (-1, 1):
            cord = place([(sign * 0.2, 1.5), (sign * 0.24, 1.95)])
            canvas.stroke(cord, lighter(person.trim, 0.4), 0.05 * head.scale)


def _printed(canvas, place, person):
    if person.print == "stripes":
        for y in np.arange(1.3, 3.4, 0.34):
            canvas.fill(place([(-2.4, y), (2.4, y), (2.4, y + 0.15), (-2.4, y + 0.15)]), person.trim)
    elif person.print == "dots":
        spots = [
            (x + 0.17 * (row % 2), y)
            for row, y in enumerate(np.arange(1.3, 3.6, 0.26))
            for x in np.arange(-1.9, 1.9, 0.34)
        ]
        scale = np.hypot(*(place([(0.06, 0)]) - place([(0, 0)]))[0])
        for spot in place(spots):
            canvas.disc(spot, scale, person.trim)


def glasses(canvas, head, person):
    """Round, square or thin-rimmed glasses, or sunglasses."""
    y, spread = eye_line(person) + 0.015, 0.345 * head.width / 0.76
    ink = np.array((28, 26, 30), float) if person.glasses != "thin" else mix(person.trim, (150, 120, 70), 0.6)
    width = head.scale * {"round": 0.045, "square": 0.055, "thin": 0.026, "sun": 0.045}[person.glasses]
    angles = np.linspace(0, 2 * np.pi, 33)
    square = 4 if person.glasses in {"square", "sun"} else 2
    cosine, sine = np.cos(angles), np.sin(angles)
    ring = np.stack(
        [
            np.sign(cosine) * np.abs(cosine) ** (2 / square) * 0.245,
            np.sign(sine) * np.abs(sine) ** (2 / square) * 0.2,
        ],
        1,
    )
    for sign in (-1, 1):
        rim = head.on(moved(ring, sign * spread, y), 0.10)
        if person.glasses == "sun":
            canvas.fill(rim, darker(person.trim, 0.82), 0.94)
            canvas.fill(
                head.on(
                    moved(_GLINT, sign * spread, y),
                    0.1,
                ),
                (255, 255, 255),
                0.25,
            )
        else:
            canvas.fill(rim, (225, 238, 245), 0.10)
        canvas.stroke(rim, ink, width)
        temple = head.arc(y, y, 0.01)[0 if sign > 0 else -1]
        hinge = head.on([(sign * (spread + 0.235), y - 0.03)], 0.10)[0]
        canvas.stroke(np.stack([hinge, temple]), ink, width)
    bridge = head.on([(-0.115, y - 0.02), (0, y - 0.06), (0.115, y - 0.02)], np.array([0.1, 0.14, 0.1]))
    canvas.stroke(smooth(bridge, False), ink, width)
