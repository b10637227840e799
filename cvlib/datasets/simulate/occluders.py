"""Things in front of the lower face that are taken for a mask."""

import numpy as np

from cvlib.datasets.simulate import masks
from cvlib.datasets.simulate.canvas import darker, lighter, mix, moved, smooth
from cvlib.datasets.simulate.features import facial_hair
from cvlib.datasets.simulate.people import cloth

KINDS = ("beard", "hand", "scarf", "cup", "mask under the chin", "bubble gum", "microphone")
SHARES = (0.14, 0.21, 0.21, 0.16, 0.15, 0.06, 0.07)


def occlude(canvas, head, person, kind, rng):
    """Something that is taken for a mask: one of `KINDS`."""
    if kind == "beard":
        facial_hair(canvas, head, person, "beard", rng)
    elif kind == "mask under the chin":
        kind = str(rng.choice(masks.KINDS, p=masks.SHARES))
        masks.mask(canvas, head, person, kind, rng, place="under the chin")
    elif kind == "hand":
        hand_over_mouth(canvas, head, person, rng)
    elif kind == "scarf":
        scarf(canvas, head, rng)
    elif kind == "cup":
        cup(canvas, head, person, rng)
    elif kind == "bubble gum":
        place = head.on([(0.02, 0.60)], 0.12)[0]
        size, colour = rng.uniform(0.24, 0.4) * head.scale, lighter(cloth(rng), 0.25)
        canvas.disc(moved(place, 0, 0.2 * size), size, colour)
        canvas.disc(moved(place, 0.2 * size, 0.5 * size), 0.7 * size, darker(colour, 0.4), 0.35, 0.2 * size)
        canvas.disc(moved(place, -0.32 * size, -0.15 * size), 0.22 * size, (255, 255, 255), 0.8, 0.05 * size)
    else:
        microphone(canvas, head, person, rng)


def hand_over_mouth(canvas, head, person, rng, low=False):
    """A hand in front of the mouth (`low`: at the chin): four fingers, a palm, a wrist and a sleeve."""
    sign, unit = rng.choice([-1, 1]), head.scale
    skin = lighter(person.skin, 0.05)
    lift, tilt = rng.uniform(-0.06, 0.10) + 0.28 * low, rng.uniform(-0.25, 0.35)
    cosine, sine = np.cos(tilt), np.sin(tilt)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    shift = np.array([0.85 * np.sin(head.yaw), -0.7 * np.sin(head.pitch)])

    def place(points):
        local = np.asarray(points, float) @ turn
        return head.flat(local * (sign, 1) + (0, 0.64 + lift) + shift)

    sleeve = [(0.50, 0.72), (1.05, 0.44), (1.9, 2.4), (1.2, 2.9)]
    wrist = [(0.30, 0.42), (0.66, 0.12), (1.05, 0.60), (0.66, 0.96)]
    palm = [
        (0.06, -0.24),
        (0.36, -0.32),
        (0.66, -0.12),
        (0.74, 0.26),
        (0.52, 0.52),
        (0.2, 0.40),
        (0.05, 0.18),
    ]
    with canvas.clipped(canvas.inside(head.outline())):
        canvas.fill(
            place([(-0.55, -0.22), (0.6, -0.32), (0.7, 0.5), (-0.4, 0.5)]),
            darker(person.skin, 0.6),
            0.4,
            0.05 * unit,
        )
    canvas.fill(smooth(place(wrist)), darker(skin, 0.08))
    canvas.fill(place(sleeve), person.clothes)
    canvas.stroke(place(sleeve[:2]), darker(person.clothes, 0.35), 0.1 * unit)
    canvas.fill(smooth(place(palm)), skin)
    for index, (tip, width) in enumerate(((-0.46, 0.135), (-0.58, 0.15), (-0.54, 0.15), (-0.40, 0.135))):
        y = 0.30 - 0.165 * index
        line = place([(0.42, y * 0.8 + 0.04), (0.1, y), (tip * 0.5, y + 0.01), (tip, y + 0.05)])
        canvas.stroke(smooth(line, False), darker(skin, 0.4), (width + 0.035) * unit, 0.12)
        canvas.stroke(smooth(line, False), skin, width * unit, 0.12)
        nail = place([(tip + 0.03, y + 0.04)])[0]
        canvas.disc(nail, 0.042 * unit, lighter(mix(skin, (236, 150, 150), 0.35), 0.3), 1, 0, 0.75)


def scarf(canvas, head, rng, low=False):
    """A knitted scarf around the neck, up to the lower lip (`low`: below the chin)."""
    colour, second, unit = cloth(rng), cloth(rng), head.scale
    top = rng.uniform(0.78, 0.98) + 0.16 * low
    shift = 0.4 * np.sin(head.yaw)
    upper = [
        (-0.80, top - 0.18),
        (-0.45, top + 0.02),
        (shift, top + 0.06),
        (0.45, top + 0.02),
        (0.80, top - 0.18),
    ]
    lower = [(0.98, 1.12), (0.6, 1.42), (0, 1.52), (-0.6, 1.42), (-0.98, 1.12)]
    ring = smooth(head.flat(upper + lower))
    side = rng.choice([-1, 1])
    end = head.flat([(side * 0.18, 1.3), (side * 0.58, 1.28), (side * 0.66, 2.6), (side * 0.2, 2.6)])
    for shape in (end, ring):
        canvas.fill(shape, colour if shape is ring else darker(colour, 0.14))
    with canvas.clipped(np.maximum(canvas.inside(ring), canvas.inside(end))):
        if rng.random() < 0.6:
            for x in np.arange(-1.0, 1.1, 0.34):
                canvas.stroke(head.flat([(x, top - 0.3), (0.9 * x, 1.6)]), second, 0.13 * unit, 0, 0.9)
            for y in np.arange(1.65, 2.6, 0.3):
                canvas.stroke(head.flat([(side * 0.1, y), (side * 0.7, y)]), second, 0.12 * unit, 0, 0.9)
        for share in (0.28, 0.52, 0.76):
            y = top + share * (1.5 - top)
            fold = smooth(
                head.flat([(-0.9, y - 0.22), (-0.3, y + 0.03), (0.3, y + 0.03), (0.9, y - 0.22)]), False
            )
            canvas.stroke(fold, darker(colour, 0.42), 0.05 * unit, 0.6, 0.6, 0.01 * unit)
    canvas.stroke(np.concatenate([ring, ring[:1]]), darker(colour, 0.4), 0.022 * unit, 0, 0.6)


def cup(canvas, head, person, rng):
    """A coffee cup at the mouth, held by fingers."""
    colour, unit = cloth(rng), head.scale
    shift = np.array([0.85 * np.sin(head.yaw) + rng.uniform(-0.08, 0.08), rng.uniform(-0.04, 0.08)])

    def place(points):
        return head.flat(np.asarray(points, float) + shift)

    body = [(-0.36, 0.58), (0.36, 0.58), (0.29, 1.40), (-0.29, 1.40)]
    canvas.fill(place(body), colour)
    if rng.random() < 0.6:  # to take away: a lid and a sleeve
        canvas.fill(place([(-0.345, 0.78), (0.345, 0.78), (0.315, 1.16), (-0.315, 1.16)]), cloth(rng))
        canvas.fill(
            smooth(place([(-0.33, 0.45), (0.33, 0.45), (0.38, 0.61), (-0.38, 0.61)]), samples=3),
            lighter(cloth(rng), 0.2),
        )
    else:
        canvas.fill(smooth(place([(-0.36, 0.58), (0, 0.50), (0.36, 0.58), (0, 0.66)])), darker(colour, 0.25))
        canvas.disc(place([(0, 0.95)])[0], 0.14 * unit, lighter(cloth(rng), 0.2))
    canvas.fill(
        place([(-0.30, 0.62), (-0.18, 0.62), (-0.16, 1.38), (-0.26, 1.38)]), (255, 255, 255), 0.3, 0.02 * unit
    )
    canvas.fill(
        place([(0.16, 0.62), (0.34, 0.62), (0.28, 1.38), (0.12, 1.38)]), (20, 12, 16), 0.22, 0.03 * unit
    )
    sign, skin = rng.choice([-1, 1]), lighter(person.skin, 0.05)
    canvas.fill(
        smooth(place(np.array([(0.34, 0.78), (0.56, 0.86), (0.60, 1.2), (0.34, 1.3)]) * (sign, 1))),
        darker(skin, 0.1),
    )
    canvas.fill(
        place(np.array([(0.40, 1.12), (0.66, 0.95), (1.2, 2.8), (0.6, 2.8)]) * (sign, 1)), person.clothes
    )
    for y in (0.80, 0.94, 1.08, 1.22):
        line = place(np.array([(0.46, y + 0.02), (0.2, y), (-0.04, y + 0.03)]) * (sign, 1))
        canvas.stroke(smooth(line, False), darker(skin, 0.4), 0.155 * unit, 0.1)
        canvas.stroke(smooth(line, False), skin, 0.125 * unit, 0.1)


def microphone(canvas, head, person, rng):
    """A microphone in front of the mouth, held from below."""
    sign, unit, skin = rng.choice([-1, 1]), head.scale, lighter(person.skin, 0.05)
    shift = np.array([0.8 * np.sin(head.yaw), 0.0])

    def place(points):
        return head.flat(np.asarray(points, float) * (sign, 1) + shift)

    grey = mix((120, 124, 130), cloth(rng), 0.3)
    canvas.fill(place([(0.10, 0.88), (0.34, 0.76), (0.78, 1.75), (0.58, 1.82)]), (34, 34, 38))
    head_of_it = place([(0.12, 0.70)])[0]
    canvas.disc(head_of_it, 0.25 * unit, grey)
    for step in np.linspace(-0.16, 0.16, 4):
        for points in ([(0.12 + step, 0.50), (0.12 + step, 0.9)], [(-0.1, 0.70 + step), (0.34, 0.70 + step)]):
            canvas.stroke(place(points), darker(grey, 0.5), 0.018 * unit, 0.5, 0.8)
    canvas.disc(moved(head_of_it, -0.08 * unit, -0.1 * unit), 0.08 * unit, (255, 255, 255), 0.5, 0.03 * unit)
    canvas.fill(place([(0.42, 1.60), (0.95, 1.45), (1.5, 3.0), (0.8, 3.0)]), person.clothes)
    for y in (1.14, 1.28, 1.42, 1.56):
        line = place(
            [
                (0.16 + 0.4 * (y - 0.9), y + 0.06),
                (0.42 + 0.4 * (y - 0.9), y - 0.05),
                (0.62 + 0.3 * (y - 0.9), y + 0.02),
            ]
        )
        canvas.stroke(smooth(line, False), darker(skin, 0.4), 0.165 * unit, 0.1)
        canvas.stroke(smooth(line, False), skin, 0.135 * unit, 0.1)
