"""Eyes, brows, nose, mouth, cheeks and facial hair."""

import numpy as np

from cvlib.datasets.simulate.canvas import brightness, darker, lighter, mix, moved, smooth

MOUTH_Y = 0.60


def eye_line(person):
    """Height of the eyes on the face: lower on a child's."""
    return 0.10 if person.age == "child" else 0.03


def eyes(canvas, head, person):
    """Both eyes with their brows."""
    for side in (-1, 1):
        _eye(canvas, head, person, side)
        _brow(canvas, head, person, side)


def _eye(canvas, head, person, side):
    x, y = side * 0.335 * head.width / 0.76, eye_line(person)
    half, opening = 0.155 * person.eye_size, 0.098 * person.eye_size * person.openness
    corner = -person.slant * 0.8
    along = np.linspace(-1, 1, 9)
    bow = np.sqrt(np.clip(1 - along**2, 0, 1)) ** 1.1

    def lid(height, bend=bow):
        outwards = side * along
        return head.on(np.stack([x + half * along, y + corner * outwards - height * bend], 1))

    ink = darker(person.skin, 0.8)
    width = 0.035 * head.scale
    socket = head.on([(x, y - 0.03)])[0]
    canvas.disc(socket, 0.2 * head.scale, darker(person.skin, 0.45), 0.20, 0.07 * head.scale, 0.7)
    if person.openness == 0:  # eyes closed with pleasure
        canvas.stroke(lid(0.09), ink, 1.3 * width, 0.6)
        return
    upper, lower = lid(1.05 * opening), lid(-0.72 * opening)
    shape = np.concatenate([upper, lower[::-1]])
    white = mix((246, 244, 240), person.skin, 0.10)
    canvas.fill(shape, white)
    inside = canvas.inside(shape)
    iris = head.on([(x + 0.07 * person.gaze[0], y - 0.005 + 0.04 * person.gaze[1])])[0]
    radius = 0.092 * person.eye_size * head.scale
    with canvas.clipped(inside):
        canvas.disc(iris, radius, darker(person.eyes, 0.45))
        canvas.disc(iris, 0.82 * radius, person.eyes)
        canvas.disc(iris, 0.48 * radius, (18, 12, 12))
        canvas.stroke(moved(upper, 0, 0.02 * head.scale), darker(white, 0.5), 0.05 * head.scale, 0.3, 0.45)
        canvas.disc(moved(iris, 0.32 * radius, -0.38 * radius), 0.27 * radius, (255, 255, 255))
    lashes = 1.5 if person.lipstick is not None else 1.0
    canvas.stroke(upper, ink, width * lashes, 0.7)
    canvas.stroke(lower, darker(person.skin, 0.45), 0.5 * width, 0.7, 0.6)
    crease = lid(1.05 * opening + 0.055)[2:-1] if side > 0 else lid(1.05 * opening + 0.055)[1:-2]
    canvas.stroke(crease, darker(person.skin, 0.5), 0.55 * width, 0.8, 0.6)
    if person.lipstick is not None:
        tip = upper[-1] if side > 0 else upper[0]
        before = upper[-3] if side > 0 else upper[2]
        flick = np.array([before, tip, tip + head.scale * np.array([side * 0.045, -0.045])])
        canvas.stroke(smooth(flick, closed=False), ink, width, 0.8)
    if person.age == "old":
        bag = lid(-0.72 * opening - 0.06)[1:-1]
        canvas.stroke(bag, darker(person.skin, 0.4), 0.6 * width, 0.8, 0.5)


def _brow(canvas, head, person, side):
    y = eye_line(person) - 0.215 - person.brow_lift - 0.03 * (person.eye_size - 1)
    x = side * np.array([0.155, 0.27, 0.40, 0.525]) * head.width / 0.76
    heights = y + np.array([0.0, -0.04, -0.05, 0.015]) - person.slant * np.array([0, 0.1, 0.25, 0.4])
    line = smooth(head.on(np.stack([x, heights], 1), 0.02), closed=False)
    colour = (
        darker(person.hair, 0.35) if brightness(person.hair) < 170 else mix(person.hair, person.skin, 0.35)
    )
    if person.style in {"headscarf", "bald"} or max(person.hair) - min(person.hair) > 75:
        colour = darker(person.skin, 0.62)
    canvas.stroke(line, colour, 0.062 * person.brow * head.scale, 0.75, 0.92)


def cheeks(canvas, head, person):
    """Blush, freckles, and the lines of age."""
    red = mix(person.skin, (214, 76, 72), 0.55 if brightness(person.skin) > 110 else 0.25)
    for side in (-1, 1):
        place = head.on([(side * 0.43 * head.width / 0.76, 0.36)])[0]
        canvas.disc(place, 0.17 * head.scale, red, 0.2 + 0.5 * person.blush, 0.07 * head.scale)
        if person.freckles:
            for dx, dy in ((-0.08, -0.06), (0.02, -0.09), (0.1, -0.05), (-0.03, 0.01), (0.07, 0.03)):
                spot = head.on([(side * 0.34 + dx, 0.30 + dy)])[0]
                canvas.disc(spot, 0.016 * head.scale, darker(person.skin, 0.35), 0.7)
        if person.age == "old":
            fold = [(side * 0.17, 0.38), (side * 0.27, 0.47), (side * 0.31, 0.60)]
            line = smooth(head.on(fold), closed=False)
            canvas.stroke(line, darker(person.skin, 0.4), 0.02 * head.scale, 0.8, 0.55)
    if person.age == "old":
        for y in (-0.42, -0.34):
            line = smooth(head.on([(-0.3, y + 0.02), (0, y), (0.3, y + 0.02)]), closed=False)
            canvas.stroke(line, darker(person.skin, 0.35), 0.018 * head.scale, 0.8, 0.45)


def nose(canvas, head, person, light):
    """The nose: shaded on the side away from the light."""
    size = person.nose
    base = 0.36
    top = eye_line(person) - 0.02
    away = -1 if light[0] > 0 else 1
    shade, soft = darker(person.skin, 0.5), 0.025 * head.scale
    outer = np.array(
        [(away * 0.07, top), (away * 0.09, 0.2), (away * 0.135 * size, base - 0.01), (0, base + 0.05)]
    )
    bridge = np.array([(0.0, base - 0.04), (away * 0.02, 0.15), (away * 0.03, top)])
    side = np.concatenate([head.on(outer, 0.02), head.on(bridge, np.array([0.2, 0.11, 0.05]))])
    canvas.fill(smooth(side), shade, 0.32, soft)
    under = [(-0.12 * size, base + 0.03), (0, base + 0.075), (0.12 * size, base + 0.03), (0, base)]
    canvas.fill(smooth(head.on(under, np.array([0.03, 0.1, 0.03, 0.14]))), shade, 0.42, 0.6 * soft)
    wing = np.array([(0.10, base - 0.06), (0.148, base - 0.005), (0.115, base + 0.04), (0.06, base + 0.03)])
    for sign in (-1, 1):
        points = wing * (sign * size, 1)
        line = smooth(head.on(points, np.array([0.05, 0.04, 0.05, 0.08])), closed=False)
        canvas.stroke(line, darker(person.skin, 0.55), 0.026 * head.scale, 0.7, 0.7)
        nostril = head.on([(sign * 0.06 * size, base + 0.035)], 0.09)[0]
        canvas.disc(nostril, 0.028 * size * head.scale, darker(person.skin, 0.75), 0.8, 0, 0.62)
    tip = head.on([(-0.02 * away, base - 0.06)], 0.16)[0]
    canvas.disc(tip, 0.05 * size * head.scale, lighter(person.skin, 0.55), 0.55, soft)


def mouth(canvas, head, person):
    """Lips, teeth and tongue."""
    red = mix(person.skin, (168, 52, 58), 0.48 if brightness(person.skin) > 110 else 0.42)
    colour = person.lipstick if person.lipstick is not None else red
    wide = {"closed": 0.22, "grin": 0.285, "laugh": 0.27, "o": 0.115, "flat": 0.2}[person.mouth]
    wide *= 0.86 if person.age == "child" else 1.0
    opening = {"closed": 0.0, "grin": 0.085, "laugh": 0.17, "o": 0.13, "flat": 0.0}[person.mouth]
    curve = {"closed": 0.075, "grin": 0.11, "laugh": 0.11, "o": 0.0, "flat": -0.01}[
        person.mouth
    ] * person.smile
    thick = 0.052 * person.lips
    along = np.linspace(-1, 1, 9)
    corners = MOUTH_Y - curve * along**2
    arch = np.sqrt(np.clip(1 - along**2, 0, 1))

    def line(y):
        return head.on(np.stack([wide * along, y], 1), 0.03)

    middle_top, middle_low = line(corners), line(corners + opening * arch)
    dip = 0.75 + 0.35 * np.exp(-((np.abs(along) - 0.22) ** 2) / 0.02)
    upper = line(corners - thick * arch * dip)
    lower = line(corners + (opening + 1.35 * thick) * arch)
    below = head.on([(0, MOUTH_Y + opening + 0.155)])[0]
    canvas.disc(below, 0.12 * head.scale, darker(person.skin, 0.4), 0.35, 0.035 * head.scale, 0.45)
    if opening:
        cavity = np.concatenate([middle_top, middle_low[::-1]])
        canvas.fill(cavity, (84, 26, 32))
        inside = canvas.inside(cavity)
        with canvas.clipped(inside):
            if person.mouth == "laugh":
                tongue = head.on([(0, MOUTH_Y + opening * 1.02)], 0.03)[0]
                canvas.disc(tongue, 0.14 * head.scale, (206, 96, 98), 1, 0, 0.55)
            if person.mouth != "o":
                depth = 0.7 if person.mouth == "grin" else 0.42
                teeth = np.concatenate([middle_top, line(corners + depth * opening * arch)[::-1]])
                canvas.fill(teeth, (248, 246, 240))
                if person.age == "child" and person.smile > 0.7:  # a gap between the teeth
                    gap = head.on([(0.02, MOUTH_Y - 0.02), (0.02, MOUTH_Y + 0.1)], 0.03)
                    canvas.stroke(gap, (84, 26, 32), 0.03 * head.scale)
    canvas.fill(np.concatenate([upper, middle_top[::-1]]), darker(colour, 0.10))
    canvas.fill(np.concatenate([middle_low, lower[::-1]]), colour)
    canvas.stroke(middle_top, darker(colour, 0.62), 0.028 * head.scale, 0.6, 0.9)
    shine = head.on([(0.03, MOUTH_Y + opening + 0.75 * thick)], 0.03)[0]
    canvas.disc(shine, 0.055 * head.scale, lighter(colour, 0.5), 0.5, 0.018 * head.scale, 0.4)
    if person.mouth in {"closed", "grin", "laugh"} and person.smile > 0.45:
        for sign in (-1, 1):
            x, y = sign * (wide + 0.035), MOUTH_Y - curve
            dimple = smooth(
                head.on([(x - sign * 0.01, y - 0.045), (x + sign * 0.015, y), (x - sign * 0.01, y + 0.04)]),
                False,
            )
            canvas.stroke(dimple, darker(person.skin, 0.45), 0.02 * head.scale, 0.8, 0.6)


def facial_hair(canvas, head, person, kind, rng):
    """Stubble, a moustache, a goatee or a full beard.

    A full beard is drawn over the mouth's surroundings and hangs below the chin; the mouth stays visible.
    """
    colour = darker(person.hair, 0.15)
    if kind in {"stubble", "beard"}:
        drop = rng.uniform(0.02, 0.34) if kind == "beard" else -0.02
        top = rng.uniform(0.45, 0.53)
        sides = head.arc(0.18, 0.18, 0.02)[[0, -1]]
        right = [(0.27, top + 0.01), (0.44, top), (0.585, 0.40), (0.66, 0.20)]
        inner = [(-x, y) for x, y in right[::-1]] + [(0, top + 0.03), *right]
        upper = np.concatenate([sides[1:], head.on(np.array(inner) * (head.width / 0.76, 1)), sides[:1]])
        under = np.array([(0.80, 0.5), (0.70, 0.80), (0.42, 1.02 + 0.7 * drop), (0, 1.06 + drop)])
        lower = np.concatenate([under, under[::-1][1:] * (-1, 1)]) * (head.width / 0.76, 1)
        placed = head.contour(lower)
        if kind == "stubble":
            canvas.fill(smooth(np.concatenate([upper, placed])), colour, 0.30, 0.05 * head.scale)
            return
        canvas.fill(smooth(np.concatenate([upper, placed])), colour)
        for _ in range(16):
            x, y = rng.uniform(-0.6, 0.6), rng.uniform(0.55, 0.95 + drop)
            length = rng.uniform(0.08, 0.16)
            strand = head.contour(np.array([(x, y), (0.95 * x, y + length / 2), (0.86 * x, y + length)]))
            tint = lighter(colour, 0.22) if rng.random() < 0.5 else darker(colour, 0.3)
            canvas.stroke(smooth(strand, False, 3), tint, 0.022 * head.scale, 0.8, 0.55)
        return
    if kind == "moustache":
        droop = rng.uniform(-0.05, 0.10)
        half = np.array(
            [
                (0, 0.47),
                (0.12, 0.455),
                (0.24, 0.50 + droop),
                (0.33, 0.53 + droop),
                (0.2, 0.565 + 0.5 * droop),
                (0, 0.535),
            ]
        )
        for sign in (-1, 1):
            canvas.fill(smooth(head.on(half * (sign, 1), 0.06)), colour)
    if kind == "goatee":
        ring = [(-0.17, 0.80), (0.17, 0.80), (0.2, 0.97), (0, 1.06 + rng.uniform(0, 0.1)), (-0.2, 0.97)]
        canvas.fill(smooth(head.on(ring, 0.03)), colour)
