"""Face masks: surgical, cloth, patterned, dark, skin-coloured, FFP2; worn well, badly, or under the chin."""

import numpy as np

from cvlib.datasets.simulate.canvas import brightness, darker, lighter, mix, moved, smooth
from cvlib.datasets.simulate.people import cloth

KINDS = ("surgical", "cloth", "patterned", "dark", "skin-coloured", "ffp2")
SHARES = (0.32, 0.20, 0.20, 0.13, 0.03, 0.12)

_SURGICAL = [
    (150, 200, 226),
    (132, 186, 220),
    (236, 240, 242),
    (160, 212, 196),
    (240, 190, 206),
    (52, 54, 60),
]


def mask(canvas, head, person, kind, rng, place="worn"):
    """A mask.

    Args:
        canvas: `Canvas`.
        head: `Head`.
        person: `Person`.
        kind: one of `KINDS`.
        rng: `numpy.random.Generator`.
        place: "worn", "below the nose" or "under the chin".
    """
    colour, wide = _mask_colour(person, kind, rng), head.width / 0.76
    top, edge, bottom, corner = (
        rng.uniform(0.13, 0.24),
        rng.uniform(0.20, 0.30),
        rng.uniform(1.03, 1.12),
        rng.uniform(0.62, 0.74),
    )
    if place == "below the nose":
        top, edge, bottom = 0.475, rng.uniform(0.42, 0.47), 1.12
    elif place == "under the chin":
        top, edge, bottom, corner = (
            rng.uniform(0.80, 0.86),
            rng.uniform(0.68, 0.76),
            rng.uniform(1.18, 1.30),
            0.96,
        )
    reach = rng.uniform(0.61, 0.67)
    half = np.array(
        [
            (0, top),
            (0.17, top + 0.035),
            (0.38, 0.6 * edge + 0.4 * top + 0.03),
            (reach, edge),
            (reach - 0.03, 0.5 * (edge + corner)),
            (reach - 0.09, corner),
            (0.36, 0.5 * (corner + bottom) + 0.09),
            (0.17, bottom - 0.01),
            (0, bottom),
        ]
    )
    lifts = np.array([0.24, 0.12, 0.05, 0.02, 0.02, 0.03, 0.08, 0.12, 0.14])
    if place != "worn":
        lifts[:3] = (0.08, 0.07, 0.05)
    if kind == "ffp2":
        lifts[[0, 1, 8, 7]] += (0.02, 0.0, 0.08, 0.05)
    points = np.concatenate([half, half[1:-1][::-1] * (-1, 1)]) * (wide, 1)
    lifts = np.concatenate([lifts, lifts[1:-1][::-1]])
    outline = smooth(head.on(points, lifts))
    unit, face = head.scale, canvas.inside(head.outline(0.02))

    with canvas.clipped(face):
        canvas.fill(moved(outline, 0, 0.035 * unit), darker(person.skin, 0.65), 0.42, 0.035 * unit)
    loop = mix((240, 240, 238), colour, 0.3 if kind in {"surgical", "ffp2"} else 0.65)
    if place != "under the chin" or rng.random() < 0.7:
        ear_y = 0.10 if place != "under the chin" else 0.22
        for sign, hold in ((1, 0), (-1, -1)):
            ear = head.arc(ear_y, ear_y)[hold]
            lobe = head.arc(ear_y + 0.24, ear_y + 0.24)[hold]
            upper = head.on([(sign * reach * wide, edge + 0.03)], 0.02)[0]
            lower = head.on([(sign * (reach - 0.09) * wide, corner - 0.02)], 0.03)[0]
            canvas.stroke(np.stack([upper, ear]), loop, 0.03 * unit)
            canvas.stroke(np.stack([lower, lobe]), loop, 0.03 * unit)
    canvas.fill(outline, colour)

    def across(y, lift=0.12, bend=0.05, span=0.9):
        x = np.linspace(-1, 1, 11)
        limit = span * np.interp(y, [edge, corner, bottom], [reach, reach - 0.09, 0.12]) * wide
        height = lift + (0.10 if place == "worn" else 0.0) * np.exp(-((y - top) ** 2) / 0.03) * (1 - x**2)
        return head.on(np.stack([limit * x, y + bend * (1 - x**2)], 1), height * (1 - 0.7 * x**2))

    with canvas.clipped(canvas.inside(outline)):
        if kind == "patterned":
            _pattern(canvas, head, colour, points, rng, top, bottom)
        # the fold of light over the nose and the shade at the rim
        ridge = across(0.5 * (edge + corner) - 0.08, span=0.35)
        canvas.stroke(ridge, lighter(colour, 0.5), 0.16 * unit, 0.7, 0.30, 0.06 * unit)
        canvas.stroke(
            across(bottom - 0.08, bend=0.02, span=1.4),
            darker(colour, 0.5),
            0.12 * unit,
            0.3,
            0.35,
            0.05 * unit,
        )
        if kind == "surgical":
            for share in (0.30, 0.50, 0.70):
                pleat = across(edge + share * (bottom - edge) - 0.04, span=1.02)
                canvas.stroke(pleat, darker(colour, 0.38), 0.028 * unit, 0.2, 0.7)
                canvas.stroke(moved(pleat, 0, 0.032 * unit), lighter(colour, 0.5), 0.03 * unit, 0.2, 0.5)
            rim = smooth(head.on(points[[-3, -2, -1, 0, 1, 2, 3]], lifts[[-3, -2, -1, 0, 1, 2, 3]]), False)
            canvas.stroke(rim, lighter(colour, 0.55), 0.085 * unit, 0, 0.9)
        elif kind == "ffp2":
            spine = smooth(
                head.on([(0, top), (0, 0.42), (0, 0.7), (0, bottom)], np.array([0.24, 0.36, 0.34, 0.2])),
                False,
            )
            canvas.stroke(spine, darker(colour, 0.42), 0.03 * unit, 0.2, 0.8)
            canvas.stroke(
                moved(spine, 0.05 * unit, 0), lighter(colour, 0.6), 0.07 * unit, 0.4, 0.5, 0.02 * unit
            )
            canvas.stroke(
                smooth(head.on([(-0.16, top + 0.06), (0, top + 0.03), (0.16, top + 0.06)], 0.2), False),
                (150, 152, 158),
                0.04 * unit,
            )
            for sign in (-1, 1):
                seam = [(sign * (reach - 0.07) * wide, edge + 0.02), (sign * (reach - 0.14) * wide, corner)]
                canvas.stroke(head.on(seam, 0.03), darker(colour, 0.35), 0.022 * unit, 0, 0.7)
        elif kind in {"cloth", "dark", "skin-coloured"}:
            hem = smooth(head.on(points[[-3, -2, -1, 0, 1, 2, 3]], lifts[[-3, -2, -1, 0, 1, 2, 3]]), False)
            canvas.stroke(hem, lighter(colour, 0.35), 0.07 * unit, 0, 0.75)
            seam = smooth(
                head.on([(0, top), (0.0, 0.5 * (top + bottom)), (0, bottom)], np.array([0.22, 0.26, 0.14])),
                False,
            )
            canvas.stroke(seam, darker(colour, 0.4), 0.026 * unit, 0, 0.7)
            for y in (0.46, 0.62):
                if place == "worn":
                    for sign in (-1, 1):
                        crease = [
                            (sign * 0.5 * wide, y + 0.02),
                            (sign * 0.34 * wide, y + 0.05),
                            (sign * 0.2 * wide, y),
                        ]
                        canvas.stroke(
                            smooth(head.on(crease, 0.06), False), darker(colour, 0.4), 0.025 * unit, 0.8, 0.5
                        )
    canvas.stroke(np.concatenate([outline, outline[:1]]), darker(colour, 0.4), 0.026 * unit, 0, 0.8)


def _mask_colour(person, kind, rng):
    if kind == "surgical":
        colour = _SURGICAL[rng.choice(len(_SURGICAL), p=[0.28, 0.18, 0.2, 0.12, 0.1, 0.12])]
    elif kind == "dark":
        colour = [(34, 34, 38), (44, 46, 58), (30, 40, 66), (60, 34, 40)][rng.integers(4)]
    elif kind == "skin-coloured":
        colour = darker(person.skin, 0.26) if rng.random() < 0.5 else mix(person.skin, (196, 150, 136), 0.75)
    elif kind == "ffp2":
        colour = [(242, 243, 244), (238, 240, 240), (46, 48, 52), (222, 210, 194)][rng.integers(4)]
    else:
        return cloth(rng)
    return np.clip(np.array(colour, float) + rng.normal(0, 6, 3), 12, 250)


def _pattern(canvas, head, colour, points, rng, top, bottom):
    second = cloth(rng)
    while np.abs(second - colour).sum() < 110:
        second = cloth(rng)
    unit, kind = head.scale, rng.choice(["dots", "stripes", "checks", "flowers", "hearts", "smile"])
    if kind == "smile":  # a mouth printed on the mask
        ink = (245, 245, 245) if brightness(colour) < 110 else (40, 30, 36)
        x = np.linspace(-0.3, 0.3, 9)
        canvas.stroke(head.on(np.stack([x, 0.72 - 1.6 * x**2], 1), 0.12), ink, 0.06 * unit, 0.4)
        if rng.random() < 0.5:
            canvas.fill(
                smooth(head.on([(-0.02, 0.73), (0.16, 0.69), (0.15, 0.84), (0.05, 0.87)], 0.14)),
                (222, 84, 96),
            )
        return
    step = rng.uniform(0.13, 0.22)
    if kind in {"stripes", "checks"}:
        for y in np.arange(top - 0.2, bottom + 0.2, step):
            x = np.linspace(-0.72, 0.72, 9)
            line = head.on(np.stack([x, y + 0.05 * (1 - x**2)], 1), 0.08)
            canvas.stroke(line, second, 0.45 * step * unit, 0, 1.0 if kind == "stripes" else 0.6)
        if kind == "checks":
            for x in np.arange(-0.7, 0.71, step):
                line = head.on([(x, top - 0.1), (x, 0.5 * (top + bottom)), (0.9 * x, bottom + 0.1)], 0.08)
                canvas.stroke(smooth(line, False), second, 0.45 * step * unit, 0, 0.6)
        return
    spots = [
        (x + 0.5 * step * (row % 2), y)
        for row, y in enumerate(np.arange(top, bottom + 0.1, 0.85 * step))
        for x in np.arange(-0.7, 0.75, step)
    ]
    for x, y in head.on(spots, 0.08):
        size = 0.26 * step * unit
        if kind == "dots":
            canvas.disc((x, y), size, second)
        elif kind == "flowers":
            for angle in np.arange(5) * 2 * np.pi / 5:
                canvas.disc((x + size * np.cos(angle), y + size * np.sin(angle)), 0.62 * size, second)
            canvas.disc((x, y), 0.5 * size, (248, 214, 96))
        else:
            for sign in (-1, 1):
                canvas.disc((x + 0.5 * sign * size, y - 0.3 * size), 0.62 * size, second)
            canvas.fill(
                np.array(
                    [
                        (x - 1.05 * size, y - 0.1 * size),
                        (x + 1.05 * size, y - 0.1 * size),
                        (x, y + 1.2 * size),
                    ]
                ),
                second,
            )
