"""What lies on or in a patient and shows on a simulated X-ray: leads, tubes, a pacemaker, a letter."""

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.simulate.canvas import smooth


def attach(rng, sheet, image):
    """Add leads and tubes, to about half of the films.

    Args:
        rng: `numpy.random.Generator`.
        sheet: a `film.Sheet`.
        image: float32 (H, W), absorption.

    Returns:
        float32 (H, W).
    """
    if rng.random() < 0.45:  # leads, each with the probe that sticks to the skin
        for _ in range(rng.integers(1, 5)):
            probe = np.array([rng.choice([-1, 1]) * rng.uniform(0.15, 0.7), rng.uniform(-0.6, 0.6)])
            edge = np.array([rng.choice([-1, 1]) * rng.uniform(0.3, 1.2), rng.choice([-1.3, 1.3])])
            middle = (probe + edge) / 2 + rng.normal(0, 0.15, 2)
            line = smooth(
                [probe, 0.6 * probe + 0.4 * middle + rng.normal(0, 0.06, 2), middle, edge], closed=False
            )
            image = image + rng.uniform(0.12, 0.3) * sheet.line(line, 0.006, 0.003)
            image += rng.uniform(0.15, 0.35) * _disc(sheet, probe, rng.uniform(0.018, 0.035))
    if rng.random() < 0.2:  # windpipe tube: two walls
        end = rng.uniform(-0.5, -0.36)
        tube = smooth([(0.02, -1.4), (0.0, -0.9), (0.01, end)], closed=False)
        image = image + 0.12 * (sheet.line(tube, 0.045, 0.003) - sheet.line(tube, 0.028, 0.003)).clip(0)
    if rng.random() < 0.25:  # central line
        side = rng.choice([-1, 1])
        line = [(side * 0.3, -1.2), (side * 0.16, -0.8), (-0.06, -0.5), (-0.08, rng.uniform(-0.2, 0.05))]
        image = image + rng.uniform(0.1, 0.2) * sheet.line(smooth(line, closed=False), 0.010, 0.003)
    if rng.random() < 0.12:  # stomach tube
        line = [(0.0, -1.4), (0.02, -0.4), (0.03, 0.3), (0.16, 0.62), (0.32, 0.72)]
        image = image + rng.uniform(0.08, 0.16) * sheet.line(smooth(line, closed=False), 0.012, 0.003)
    if rng.random() < 0.05:  # pacemaker
        centre = np.array([0.46, -0.5])
        image = image + 0.45 * _disc(sheet, centre, 0.09)
        wire = [centre, (0.3, -0.6), (0.05, -0.45), (-0.03, 0.1), (0.12, 0.3)]
        image += 0.3 * sheet.line(smooth(wire, closed=False), 0.008, 0.002)
    return image


def letter(rng, image):
    """Print R or L, and perhaps a note, near a corner of a developed film (float32 in [0, 1])."""
    height, width = image.shape
    ink = np.zeros((height, width), np.uint8)
    font = cv2.FONT_HERSHEY_SIMPLEX
    if rng.random() < 0.6:
        on_left, size = rng.random() < 0.5, rng.uniform(0.8, 1.6) * height / 400
        place = int(width * (0.04 if on_left else 0.90)), int(height * rng.uniform(0.06, 0.14))
        cv2.putText(
            ink, "R" if on_left else "L", place, font, size, 242, max(1, round(2 * size)), cv2.LINE_AA
        )
    if rng.random() < 0.2:
        text = str(rng.choice(["PORTABLE", "AP ERECT", "MOBILE", "SUPINE", "PA"]))
        place = int(width * rng.uniform(0.03, 0.6)), int(height * rng.uniform(0.03, 0.06))
        cv2.putText(ink, text, place, font, height / 900, 230, 1, cv2.LINE_AA)
    return np.maximum(image, ink / np.float32(255))


def _disc(sheet, centre, radius):
    t = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    return sheet.inside(centre + radius * np.stack([np.cos(t), np.sin(t)], -1), 0.004)
