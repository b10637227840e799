"""Hair and hats: what lies behind the head, and what lies over it."""

import numpy as np

from cvlib.datasets.simulate.canvas import darker, lighter, moved, smooth
from cvlib.datasets.simulate.people import COVERS_EARS

# Where the hair ends on the forehead: (x in half-widths, y), from the right temple to the left.
_HAIRLINES = {
    "buzz": [(0.99, 0.12), (0.93, -0.22), (0.80, -0.46), (0.42, -0.60), (0, -0.63)],
    "short": [(1.0, 0.16), (0.95, -0.20), (0.84, -0.42), (0.45, -0.52), (0, -0.50)],
    "parted": [(1.0, 0.16), (0.95, -0.22), (0.86, -0.40), (0.60, -0.56), (0.1, -0.60)],
    "high": [(1.0, 0.10), (0.95, -0.22), (0.84, -0.48), (0.45, -0.64), (0, -0.68)],
    "long": [(1.0, 0.5), (0.96, 0.0), (0.86, -0.36), (0.45, -0.58), (0, -0.64)],
}


def behind(canvas, head, person, rng):
    """Hair seen behind neck and shoulders."""
    colour = darker(person.hair, 0.28)
    if person.style in {"long", "wavy"}:
        length, flare = rng.uniform(1.35, 2.2), rng.uniform(0.95, 1.15)
        wave = 0.06 if person.style == "wavy" else 0.0
        right = [
            (0.5, -0.95),
            (0.92, -0.4),
            (0.98 + wave, 0.2),
            (0.96 - wave, 0.6),
            (flare + wave, 1.0),
            (0.9 * flare, length),
        ]
        _mirrored(canvas, head, right, colour)
    elif person.style == "bob":
        length = rng.uniform(0.85, 1.15)
        _mirrored(
            canvas,
            head,
            [(0.5, -0.95), (0.95, -0.4), (1.02, 0.3), (0.98, length), (0.5, length + 0.06)],
            colour,
        )
    elif person.style == "headscarf":
        right = [(0.4, -1.06), (0.85, -0.66), (0.98, 0.0), (0.95, 0.7), (1.05, 1.2), (1.2, 1.7)]
        _mirrored(canvas, head, right, darker(person.hat_colour, 0.2))
    elif person.style == "afro":
        _cloud(canvas, head, (0, -0.42), 0.98, colour, rng, 15)
    elif person.style == "curly":
        _cloud(canvas, head, (0, -0.5), 0.74, colour, rng, 12)
    elif person.style == "bun":
        top = head.flat([(-0.25 * np.sin(head.yaw), -1.16)])[0]
        canvas.disc(top, 0.30 * head.scale, person.hair)
        canvas.disc(
            moved(top, -0.06 * head.scale, -0.07 * head.scale),
            0.12 * head.scale,
            lighter(person.hair, 0.2),
            0.5,
            4,
        )
    elif person.style == "pigtails":
        for sign in (-1, 1):
            tail = [
                (sign * 0.70, -0.45),
                (sign * 1.12, -0.42),
                (sign * 1.26, 0.0),
                (sign * 1.10, 0.55),
                (sign * 0.92, 0.1),
            ]
            canvas.fill(smooth(head.flat(tail)), person.hair)
            canvas.disc(head.flat([(sign * 0.80, -0.40)])[0], 0.1 * head.scale, person.trim)


def front(canvas, head, person, rng):
    """Hair over the head, with its shadow on the forehead."""
    style = person.style
    if style == "headscarf":
        _headscarf(canvas, head, person)
        return
    if style == "bald":
        shine = head.on([(0.2 * np.sign(head.yaw + 0.01), -0.68)])[0]
        canvas.disc(shine, 0.16 * head.scale, lighter(person.skin, 0.6), 0.5, 0.06 * head.scale, 0.6)
        if person.age != "old":
            return
    if style == "bald":  # a wreath of hair over the ears
        for sign in (-1, 1):
            tuft = head.contour(
                np.array([(0.80, -0.36), (0.84, -0.05), (0.80, 0.22), (0.70, 0.16), (0.68, -0.22)])
                * (sign * head.width / 0.76, 1)
            )
            canvas.fill(smooth(tuft), person.hair)
        return
    if style in {"curly", "afro"}:
        _curls(canvas, head, person, rng)
        return
    thick = {"buzz": 0.015, "short": 0.08, "parted": 0.10, "quiff": 0.07, "spiky": 0.06}.get(style, 0.09)
    outer = head.arc(0.30, 0.30, thick)
    line = _hairline(head, person, rng)
    shadow = np.concatenate([smooth(outer, False), moved(line, 0, 0.06 * head.scale)])
    face = canvas.inside(head.outline())
    with canvas.clipped(face):
        canvas.fill(shadow, darker(person.skin, 0.6), 0.4, 0.03 * head.scale)
    cap = np.concatenate([smooth(outer, False), line])
    if style == "buzz":
        canvas.fill(cap, person.hair, 0.82, 0.012 * head.scale)
        return
    canvas.fill(cap, person.hair)
    if style == "quiff":
        lean = rng.choice([-1, 1])
        tuft = [
            (-0.50, -0.62),
            (-0.52, -0.95),
            (-0.28 - 0.1 * lean, -1.20),
            (0.1 + 0.25 * lean, -1.26),
            (0.42 + 0.12 * lean, -1.1),
            (0.52, -0.85),
            (0.48, -0.6),
            (0, -0.64),
        ]
        canvas.fill(smooth(head.at(tuft, 0.30)), person.hair)
    if style == "spiky":
        for x in np.linspace(-0.62, 0.62, 7):
            reach = 1.02 + 0.24 * np.cos(1.4 * x) + rng.uniform(-0.05, 0.05)
            spike = [
                (x - 0.17, -0.62 - 0.3 * np.cos(x * 1.9)),
                (x * 1.25 + rng.uniform(-0.08, 0.08), -reach),
                (x + 0.17, -0.62 - 0.3 * np.cos(x * 1.9)),
            ]
            canvas.fill(head.at(spike, 0.12), person.hair)
    _strands(canvas, cap, head, person, rng)
    if style in {"long", "wavy", "bob"}:
        _locks(canvas, head, person, rng)


def ears(canvas, head, person, which):
    """The ears on the side `which` (+1 right, -1 left) unless hair covers them."""
    if person.style in COVERS_EARS:
        return
    middle = head.arc(0.16, 0.16)[0 if which > 0 else -1]
    sine = abs(np.sin(head.yaw))
    inward = -which * 0.75 * sine if which * head.yaw < 0 else 0.0
    offset = np.array([np.cos(head.roll), np.sin(head.roll)]) * head.scale * (which * 0.03 + inward * 0.5)
    centre = middle + offset
    angle = head.roll + which * 0.12
    canvas.disc(centre, 0.115 * head.scale, person.skin, 1, 0, 1.62, angle)
    canvas.disc(centre, 0.062 * head.scale, darker(person.skin, 0.35), 0.6, 0.012 * head.scale, 1.7, angle)
    if person.earrings:
        lobe = centre + head.scale * np.array([-0.20 * np.sin(head.roll), 0.22])
        canvas.disc(lobe, 0.045 * head.scale, (238, 204, 96))


def hat(canvas, head, person, rng):
    """A beanie, a cap, a sun hat or a headband."""
    colour = person.hat_colour
    if person.hat == "beanie":
        brow = head.on(_band(-0.52, head), 0.05)
        low = head.on(_band(-0.34, head), 0.06)
        dome = smooth(head.arc(-0.42, -0.42, 0.16), False)
        canvas.fill(np.concatenate([dome, brow]), colour)
        ends = head.arc(-0.26, -0.26, 0.13)
        brim = np.concatenate(
            [
                head.arc(-0.52, -0.52, 0.15)[[0]],
                ends[[0]],
                low[::-1],
                ends[[-1]],
                head.arc(-0.52, -0.52, 0.15)[[-1]],
                brow,
            ]
        )
        canvas.fill(smooth(brim, samples=3), darker(colour, 0.15))
        for share in np.linspace(0.1, 0.9, 9):
            index = int(share * (len(brow) - 1))
            canvas.stroke(np.stack([brow[index], low[index]]), darker(colour, 0.4), 0.02 * head.scale, 0, 0.6)
        if rng.random() < 0.6:
            _cloud(canvas, head, (0, -1.27), 0.17, lighter(person.trim, 0.3), rng, 8)
    elif person.hat == "cap":
        line = head.on(_band(-0.46, head), 0.04)
        dome = smooth(head.arc(-0.40, -0.40, 0.12), False)
        canvas.fill(np.concatenate([dome, line]), colour)
        peak = np.array(
            [
                (-0.62, -0.50),
                (-0.4, -0.36),
                (0, -0.30),
                (0.4, -0.36),
                (0.62, -0.50),
                (0.35, -0.56),
                (0, -0.58),
                (-0.35, -0.56),
            ]
        )
        canvas.fill(
            smooth(head.on(peak, np.array([0, 0.25, 0.42, 0.25, 0, 0.03, 0.04, 0.03]))), darker(colour, 0.3)
        )
        canvas.disc(head.on([(0, -0.76)], 0.1)[0], 0.1 * head.scale, lighter(person.trim, 0.2))
    elif person.hat == "sun hat":
        brim = head.flat(_ellipse(0.0, -0.50, 1.32, 0.27))
        dome = smooth(head.arc(-0.46, -0.46, 0.14), False)
        canvas.fill(brim, darker(colour, 0.1))
        canvas.fill(np.concatenate([dome, head.flat([(-0.75, -0.5), (0, -0.40), (0.75, -0.5)])]), colour)
        band = smooth(
            np.concatenate(
                [
                    head.flat(
                        [(0.82, -0.60), (0, -0.50), (-0.82, -0.60), (-0.80, -0.74), (0, -0.64), (0.80, -0.74)]
                    )
                ]
            ),
            samples=3,
        )
        canvas.fill(band, person.trim)
    elif person.hat == "headband":
        low, high = head.on(_band(-0.44, head), 0.03), head.on(_band(-0.60, head), 0.03)
        canvas.fill(np.concatenate([low, high[::-1]]), colour)


def _hairline(head, person, rng):
    """The hair's lower edge over the forehead, from the left side to the right, in the picture."""
    kind = {"buzz": "buzz", "short": "short", "parted": "parted", "quiff": "high", "spiky": "short"}.get(
        person.style, "high"
    )
    if person.style in {"long", "wavy", "bob"}:
        kind = "long"
    right = np.array(_HAIRLINES[kind], float)
    left = right[::-1][1:] * (-1, 1)
    points = np.concatenate([right, left])[::-1] * (head.width, 1)
    if person.style in {"short", "spiky"}:
        points[3:-3, 1] += rng.uniform(-0.10, 0.06)
    middle = np.abs(points[:, 0]) < 0.62 * head.width
    if person.style == "parted" or (kind == "long" and rng.random() < 0.5):
        lean = rng.choice([-1, 1])
        points[middle, 1] += 0.20 * lean * points[middle, 0] / head.width - 0.02
    elif kind == "long" and rng.random() < 0.6:  # a fringe down to the brows
        points[middle, 1] = -0.31 + 0.10 * np.abs(points[middle, 0])
    line = smooth(head.on(points, 0.02), closed=False)
    if person.style in {"short", "spiky"}:  # a ragged edge
        count = len(line) - 24
        line[12:-12, 1] += head.scale * 0.035 * np.sign(np.sin(np.arange(count) * 1.1 + rng.uniform(0, 6)))
    return line


def _strands(canvas, cap, head, person, rng):
    """Light and dark strands that follow the skull."""
    inside = canvas.inside(cap)
    with canvas.clipped(inside):
        for _ in range(9):
            x = rng.uniform(-0.9, 0.9)
            path = np.array([(0.25 * x, -1.1), (0.72 * x, -0.92), (0.98 * x, -0.58), (1.12 * x, -0.1)]) * (
                head.width,
                1,
            )
            colour = lighter(person.hair, 0.25) if rng.random() < 0.55 else darker(person.hair, 0.45)
            canvas.stroke(
                smooth(head.at(path, 0.35), False, 3),
                colour,
                0.05 * head.scale,
                0.8,
                0.26,
                0.012 * head.scale,
            )
        gleam = head.at([(-0.45, -0.78), (0, -0.88), (0.45, -0.78)], 0.45)
        canvas.stroke(
            smooth(gleam, False), lighter(person.hair, 0.5), 0.09 * head.scale, 0.7, 0.28, 0.03 * head.scale
        )


def _locks(canvas, head, person, rng):
    """Hair that falls in front of the ears."""
    low = 0.95 if person.style == "bob" else rng.uniform(0.9, 1.5)
    wave = 0.05 if person.style == "wavy" else 0.0
    for sign in (-1, 1):
        outer = np.array([(0.86, -0.45), (1.0, -0.1), (1.06 + wave, 0.3), (1.04 - wave, 0.7), (1.06, low)])
        inner = np.array([(0.90, low), (0.86 - wave, 0.7), (0.84 + wave, 0.35), (0.88, 0.0), (0.80, -0.40)])
        shape = np.concatenate([outer, inner]) * (sign * head.width, 1)
        turned = shape + np.array([-0.10 * np.sin(head.yaw), 0])
        placed = head.flat(turned)
        canvas.fill(smooth(placed), person.hair)
        middle = 0.5 * (placed[:5] + placed[5:][::-1])
        canvas.stroke(smooth(middle, False, 4), lighter(person.hair, 0.3), 0.03 * head.scale, 0.7, 0.4)


def _curls(canvas, head, person, rng):
    """Curls: many small discs along the skull."""
    grow = 0.34 if person.style == "afro" else 0.12
    line = [(0.98, 0.02), (0.90, -0.3), (0.66, -0.54), (0.3, -0.62), (0, -0.64)]
    line = np.array(line + [(-x, y) for x, y in line[-2::-1]])[::-1] * (head.width, 1)
    outer = smooth(head.arc(0.1, 0.1, grow), False)
    inner = smooth(head.on(line, 0.02), False)
    canvas.fill(np.concatenate([outer, inner]), person.hair)
    size = 0.10 if person.style == "curly" else 0.085
    edge = np.concatenate([outer[::4], inner[::4]])
    for x, y in edge + rng.normal(0, 0.02 * head.scale, edge.shape):
        canvas.disc((x, y), size * rng.uniform(0.8, 1.25) * head.scale, person.hair)
    first, last = outer, inner[::-1]
    for _ in range(26):
        share, place = rng.random(), rng.random()
        a = first[int(place * (len(first) - 1))]
        b = last[int(place * (len(last) - 1))]
        centre = a + share * (b - a)
        tint = lighter(person.hair, 0.2) if rng.random() < 0.5 else darker(person.hair, 0.35)
        turn = rng.uniform(0, 6.3)
        angles = turn + np.linspace(0, 4, 6)
        ring = centre + 0.055 * head.scale * np.stack([np.cos(angles), np.sin(angles)], 1)
        canvas.stroke(ring, tint, 0.022 * head.scale, 0.6, 0.5)


def _headscarf(canvas, head, person):
    """A headscarf around the face, wrapped under the chin."""
    colour = person.hat_colour
    outer = head.flat(
        [
            (0, -1.10),
            (0.5, -1.0),
            (0.84, -0.6),
            (0.93, 0),
            (0.86, 0.6),
            (0.7, 1.05),
            (0.95, 1.6),
            (0, 1.75),
            (-0.95, 1.6),
            (-0.7, 1.05),
            (-0.86, 0.6),
            (-0.93, 0),
            (-0.84, -0.6),
            (-0.5, -1.0),
        ]
    )
    inner = np.array(
        [(0, -0.60), (0.4, -0.53), (0.62, -0.30), (0.70, 0.1), (0.62, 0.56), (0.36, 0.90), (0, 1.0)]
    ) * (head.width / 0.76, 1)
    inner = np.concatenate([inner, inner[-2:0:-1] * (-1, 1)])
    outer, inner = smooth(outer), smooth(head.on(inner, 0.0))
    seam = np.concatenate([outer, outer[:1], inner[:1], inner[::-1]])
    canvas.fill(seam, colour)
    canvas.stroke(np.concatenate([inner, inner[:1]]), darker(colour, 0.35), 0.035 * head.scale, 0, 0.8)
    for sign, start in ((1, 0.5), (-1, 0.62), (1, 0.75)):
        fold = [(sign * 0.72, start), (sign * 0.3, start + 0.55), (-sign * 0.45, start + 0.72)]
        canvas.stroke(smooth(head.flat(fold), False), darker(colour, 0.3), 0.035 * head.scale, 0.7, 0.6)
    canvas.stroke(
        smooth(head.flat([(-0.5, -0.8), (0, -0.92), (0.5, -0.8)]), False),
        lighter(colour, 0.4),
        0.06 * head.scale,
        0.7,
        0.4,
        2,
    )


def _mirrored(canvas, head, right, colour):
    right = np.array(right, float)
    points = np.concatenate([right, right[::-1] * (-1, 1)])
    canvas.fill(smooth(head.flat(points - np.array([0.14 * np.sin(head.yaw), 0]))), colour)


def _cloud(canvas, head, centre, radius, colour, rng, count):
    middle = np.array(centre) - (0.12 * np.sin(head.yaw), 0)
    canvas.disc(head.flat([middle])[0], 0.93 * radius * head.scale, colour)
    for angle in np.linspace(0, 2 * np.pi, count, endpoint=False):
        edge = middle + 0.84 * radius * np.array([np.cos(angle), np.sin(angle)])
        canvas.disc(head.flat([edge])[0], radius * rng.uniform(0.2, 0.3) * head.scale, colour)


def _band(y, head):
    x = np.linspace(-0.97, 0.97, 13) * head.width * np.sqrt(max(0.05, 1 - 0.55 * y * y))
    return np.stack([x, y + 0.10 * (x / head.width) ** 2 - 0.05], 1)


def _ellipse(x, y, wide, high):
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    return np.stack([x + wide * np.cos(angles), y + high * np.sin(angles)], 1)
