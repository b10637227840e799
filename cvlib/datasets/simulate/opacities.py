"""What is seen inside simulated lungs: vessels, and the shadows that disease casts."""

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.simulate.canvas import smooth
from cvlib.datasets.simulate.chest import LEFT, RIGHT


def cloud(rng, size, sigma):
    """Smooth noise: float32 (H, W) of mean 0 and deviation 1, with detail of `sigma` pixels and more."""
    height, width = size
    step = max(1.0, sigma / 2)  # made small and enlarged: a wide blur is slow
    small = rng.standard_normal((int(height / step) + 8, int(width / step) + 8), np.float32)
    small = cv2.GaussianBlur(small, (0, 0), max(0.4, sigma / step))
    noise = cv2.resize(small[4:-4, 4:-4], (width, height), interpolation=cv2.INTER_CUBIC)
    return (noise - noise.mean()) / (noise.std() + 1e-6)


def vessels(rng, sheet, chest, air):
    """Branching vessels that thin out from the hila, where they are thickest.

    Args:
        rng: `numpy.random.Generator`.
        sheet: a `film.Sheet`.
        chest: a `chest.Chest`.
        air: float32 (H, W) in [0, 1], the lungs.

    Returns:
        float32 (H, W) to add.
    """
    layer = np.zeros(sheet.size, np.float32)
    strength = rng.uniform(0.025, 0.075)
    for side in (RIGHT, LEFT):
        stems = [(chest.hila[side], angle, 0.026, 0.24) for angle in rng.uniform(-1.35, 1.35, 10)]
        while stems:
            start, angle, width, length = stems.pop()
            bend, reach = rng.normal(0, 0.25), length * rng.uniform(0.7, 1.2)
            middle = start + 0.5 * reach * np.array([side * np.cos(angle), np.sin(angle)])
            angle += bend
            end = middle + 0.5 * reach * np.array([side * np.cos(angle), np.sin(angle)])
            drawn = sheet.place(smooth([start, middle, end], closed=False))
            thickness = max(1, round(width * sheet.unit))
            faint = min(1.0, width * sheet.unit)
            one = np.rint(drawn * 16).astype(np.int32)
            cv2.polylines(layer, [one], False, float(faint), thickness, cv2.LINE_AA, 4)
            if width > 0.005:
                stems += [(end, angle + turn, width * 0.66, length * 0.72) for turn in rng.normal(0, 0.55, 2)]
        hilum = sheet.inside(chest.hila[side] + 0.06 * _circle(), 0.03)
        layer += rng.uniform(0.2, 0.7) * hilum
    return strength * sheet.soft(layer, 0.004) * (0.35 + 0.65 * air)


def disease(rng, sheet, chest, air):
    """Shadows of disease: ground glass, consolidation, streaks, nodules, fluid at the base; often several.

    Args and returns as for `vessels`.
    """
    layer = np.zeros(sheet.size, np.float32)
    if rng.random() < 0.12:  # a healthy chest
        return layer
    patchy = cloud(rng, sheet.size, sheet.unit * 0.05)
    for side in (RIGHT, LEFT):
        lung = chest.lungs[side]
        low, high = lung.min(0), lung.max(0)
        for _ in range(rng.integers(0, 4)):  # ground glass and consolidation
            dense = rng.random() < 0.4
            centre = low + (high - low) * rng.uniform(0.1, 0.95, 2)
            radius = rng.uniform(0.10, 0.34) if not dense else rng.uniform(0.10, 0.26)
            patch = sheet.inside(centre + radius * _circle() * rng.uniform(0.6, 1.4, 2), radius * 0.35)
            texture = (0.75 + 0.3 * patchy).clip(0.1, 1.3)
            layer += patch * texture * (rng.uniform(0.15, 0.34) if dense else rng.uniform(0.05, 0.17))
        if rng.random() < 0.35:  # fluid: a level that rises towards the wall
            level = high[1] - rng.uniform(0.08, 0.40)
            wall = high[0] if side == LEFT else low[0]
            fluid = np.array(
                [(wall, level - 0.12), (0.05 * side, level + 0.08), (0.05 * side, 1), (wall * 1.2, 1)]
            )
            layer += rng.uniform(0.10, 0.30) * sheet.inside(fluid, 0.035)
        if rng.random() < 0.08:  # nearly the whole lung is white
            layer += rng.uniform(0.12, 0.26) * (0.85 + 0.15 * patchy).clip(0.3) * sheet.inside(lung, 0.02)
        for _ in range(rng.integers(0, 5) if rng.random() < 0.25 else 0):
            centre = low + (high - low) * rng.uniform(0.15, 0.85, 2)
            layer += rng.uniform(0.05, 0.15) * sheet.inside(
                centre + rng.uniform(0.015, 0.05) * _circle(), 0.008
            )
    if rng.random() < 0.3:  # streaks
        layer += (
            rng.uniform(0.02, 0.06) * np.abs(cloud(rng, sheet.size, sheet.unit * 0.012)) * (patchy > -0.2)
        )
    return layer * sheet.soft(air, 0.006)


def _circle():
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return np.stack([np.cos(t), np.sin(t)], -1)
