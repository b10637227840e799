"""What stands behind the person: walls, rooms, streets, parks, lights."""

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.simulate.canvas import darker, lighter, mix
from cvlib.datasets.simulate.people import cloth


def paint(canvas, rng):
    """Fill the canvas with one of the backgrounds, more or less out of focus."""
    scene = [_studio, _studio, _room, _room, _shelves, _street, _park, _lights, _wallpaper, _clutter][
        rng.integers(10)
    ]
    height, width = canvas.image.shape[:2]
    scene(canvas, rng, height, width)
    blur = rng.uniform(0.0, 0.035) * min(height, width)
    if blur > 1:
        small = cv2.resize(
            canvas.image, (max(8, width // 4), max(8, height // 4)), interpolation=cv2.INTER_AREA
        )
        small = cv2.GaussianBlur(small, (0, 0), blur / 4 + 0.1)
        canvas.image[:] = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def gradient(canvas, first, second, angle=np.pi / 2):
    """Cover the canvas with a ramp between two colours; `angle` in radians, π/2 runs downwards."""
    height, width = canvas.image.shape[:2]
    corners = np.array([[0.0, np.cos(angle)], [np.sin(angle), np.cos(angle) + np.sin(angle)]])
    corners = (corners - corners.min()) / max(np.ptp(corners), 1e-9)
    ramp = mix(first, second, corners[..., None]).astype(np.float32)
    grid = cv2.resize(ramp, (width, height), interpolation=cv2.INTER_LINEAR)
    canvas.image[:] = np.clip(grid, 0, 255).astype(np.uint8)


def _studio(canvas, rng, height, width):
    colour = cloth(rng)
    gradient(
        canvas,
        lighter(colour, rng.uniform(0, 0.7)),
        darker(colour, rng.uniform(0, 0.4)),
        rng.uniform(0, 2 * np.pi),
    )


def _room(canvas, rng, height, width):
    wall = lighter(cloth(rng), rng.uniform(0.2, 0.7))
    gradient(canvas, wall, darker(wall, 0.15))
    floor = height * rng.uniform(0.72, 0.95)
    canvas.box(0, floor, width, height, darker(cloth(rng), 0.3))
    for _ in range(rng.integers(1, 4)):
        wide, high = width * rng.uniform(0.15, 0.35), height * rng.uniform(0.15, 0.4)
        x, y = rng.uniform(-0.1, 0.9) * width, rng.uniform(0, 0.35) * height
        canvas.box(x, y, wide, high, darker(cloth(rng), 0.3))
        rim = 0.08 * wide
        canvas.box(x + rim, y + rim, wide - 2 * rim, high - 2 * rim, cloth(rng))
        canvas.disc((x + wide / 2, y + 0.62 * high), 0.25 * wide, cloth(rng))
    if rng.random() < 0.5:  # a plant
        x, y = rng.uniform(0, 1) * width, floor
        for angle in rng.uniform(-1.1, 1.1, 9):
            reach = rng.uniform(0.2, 0.4) * height
            tip = (x + 0.5 * reach * np.sin(angle), y - 0.5 * reach * np.cos(angle))
            canvas.disc(
                tip, 0.11 * reach, (60 + 60 * rng.random(), 120 + 40 * rng.random(), 70), 1, 0, 4.0, angle
            )
        canvas.box(x - 0.07 * width, y - 0.02 * height, 0.14 * width, 0.2 * height, cloth(rng))


def _shelves(canvas, rng, height, width):
    gradient(canvas, darker(cloth(rng), 0.4), darker(cloth(rng), 0.6))
    rows = rng.integers(3, 6)
    for row in range(rows):
        floor, x = (row + 1) * height / rows, 0.0
        while x < width:
            wide = rng.uniform(0.02, 0.06) * width
            high = rng.uniform(0.55, 0.88) * height / rows
            canvas.box(x, floor - high, 0.92 * wide, high, cloth(rng))
            x += wide * (1 if rng.random() < 0.9 else 2.5)
        canvas.box(0, floor - 0.015 * height, width, 0.03 * height, (120, 84, 58))


def _street(canvas, rng, height, width):
    gradient(canvas, (150, 190, 230), (236, 236, 228))
    x = -0.1 * width
    while x < width:
        wide, top = rng.uniform(0.18, 0.4) * width, rng.uniform(0.0, 0.5) * height
        wall = cloth(rng)
        canvas.box(x, top, wide, height, wall)
        pane = darker(wall, 0.5) if rng.random() < 0.6 else lighter(wall, 0.6)
        columns, rows = rng.integers(2, 5), rng.integers(4, 8)
        for i in range(columns):
            for j in range(rows):
                corner = x + (i + 0.25) * wide / columns, top + (j + 0.25) * height / rows
                canvas.box(*corner, 0.5 * wide / columns, 0.5 * height / rows, pane)
        x += wide
    canvas.box(0, 0.9 * height, width, 0.1 * height, (96, 98, 104))


def _park(canvas, rng, height, width):
    gradient(canvas, (120, 180, 232), (228, 240, 246))
    if rng.random() < 0.5:
        canvas.disc((rng.random() * width, 0.15 * height), 0.09 * width, (255, 240, 190))
    for _ in range(3):
        x, y = rng.random() * width, rng.uniform(0.05, 0.3) * height
        for step in (-1, 0, 1):
            canvas.disc((x + 0.07 * step * width, y), (0.08 - 0.02 * abs(step)) * width, (250, 252, 255))
    horizon = rng.uniform(0.5, 0.8) * height
    green = np.array([rng.uniform(80, 140), rng.uniform(140, 180), rng.uniform(60, 90)])
    canvas.box(0, horizon, width, height, green)
    for _ in range(rng.integers(2, 7)):
        x, base, size = (
            rng.random() * width,
            horizon + rng.uniform(-0.02, 0.1) * height,
            rng.uniform(0.1, 0.22) * width,
        )
        canvas.box(x - 0.1 * size, base - size, 0.2 * size, size, (96, 68, 48))
        leaf = np.array([rng.uniform(40, 190), rng.uniform(100, 160), rng.uniform(40, 80)])
        for dx, dy in ((-0.5, -1.2), (0.5, -1.2), (0, -1.7), (0, -1.1)):
            canvas.disc((x + dx * size, base + dy * size), 0.6 * size, leaf)


def _lights(canvas, rng, height, width):
    dark = np.array([rng.uniform(10, 50), rng.uniform(10, 50), rng.uniform(30, 80)])
    gradient(canvas, dark, mix(dark, cloth(rng), 0.35))
    for _ in range(rng.integers(8, 22)):
        place = rng.random(2) * (width, height)
        canvas.disc(
            place, rng.uniform(0.02, 0.09) * width, lighter(cloth(rng), 0.3), rng.uniform(0.3, 0.8), 1.5
        )


def _wallpaper(canvas, rng, height, width):
    first, second = cloth(rng), cloth(rng)
    gradient(canvas, first, first)
    step = rng.uniform(0.06, 0.16) * width
    if rng.random() < 0.5:
        slope = rng.uniform(-1, 1) * height
        for x in np.arange(-abs(slope), width + abs(slope), 2 * step):
            canvas.fill(
                np.array([(x, 0), (x + step, 0), (x + step + slope, height), (x + slope, height)]), second
            )
    else:
        for row, y in enumerate(np.arange(0, height + step, 1.6 * step)):
            for x in np.arange((row % 2) * 0.8 * step, width + step, 1.6 * step):
                canvas.disc((x, y), 0.42 * step, second)


def _clutter(canvas, rng, height, width):
    gradient(canvas, cloth(rng), cloth(rng), rng.uniform(0, 2 * np.pi))
    for _ in range(rng.integers(8, 18)):
        centre, reach = rng.random(2) * (width, height), rng.uniform(0.05, 0.25) * width
        if rng.random() < 0.4:
            canvas.disc(centre, reach, cloth(rng), 1, 0, rng.uniform(0.4, 1.6))
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 6)))
            canvas.fill(centre + reach * np.stack([np.cos(angles), np.sin(angles)], 1), cloth(rng))
