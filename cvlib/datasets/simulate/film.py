"""Take a simulated chest X-ray: what absorbs adds up, and film, exposure, noise and print do the rest."""

from dataclasses import dataclass

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.simulate import opacities
from cvlib.datasets.simulate.chest import LEFT, RIGHT
from cvlib.datasets.simulate.hardware import attach, letter

_SHIFT = 4  # binary places of polygon corners


@dataclass
class Film:
    """A film and what is known about it.

    Attributes:
        image: uint8 array (H, W), grey.
        mask: uint8 array (H, W): 1 in the lungs, else 0.
    """

    image: np.ndarray
    mask: np.ndarray


class Sheet:
    """Where the body lies on a film, and layers to add to.

    Args:
        rng: `numpy.random.Generator`.
        height: of the film in pixels.
        width: likewise.
    """

    def __init__(self, rng, height, width):
        self.size = height, width
        self.unit = 0.5 * min(height, width * 1.08) * rng.uniform(0.98, 1.34)  # pixels
        angle = np.deg2rad(rng.normal(0, 2.5))
        cosine, sine = np.cos(angle), np.sin(angle)
        self.turn = np.array([[cosine, sine], [-sine, cosine]]) * rng.uniform(0.95, 1.06, (2, 1))
        self.centre = np.array([width / 2 + rng.normal(0, 0.03) * width, height * rng.uniform(0.47, 0.56)])
        self.wave, self.phase = rng.uniform(1.5, 3.0, (2, 2)), rng.uniform(0, 2 * np.pi, (2, 2))
        self.depth = rng.uniform(0.0, 0.025)

    def place(self, points):
        """Points of the body's frame in pixels of the film: bent a little, turned, scaled and shifted."""
        points = np.asarray(points, float)
        bend = np.sin(points @ self.wave + self.phase[0])
        return ((points + self.depth * bend) @ self.turn) * self.unit + self.centre

    def inside(self, points, softness=0.0):
        """A polygon as a float32 layer (H, W) in [0, 1], its edge blurred by so many units."""
        layer = np.zeros(self.size, np.float32)
        cv2.fillPoly(layer, [_fixed(self.place(points))], 1.0, cv2.LINE_8, _SHIFT)
        return self.soft(layer, softness)

    def line(self, points, width, softness=0.0):
        """A line of so many units of width as a float32 layer (H, W) in [0, 1]."""
        return self.lines([points], width, softness)

    def lines(self, several, width, softness=0.0):
        """Lines as one layer; where they cross they do not add up."""
        layer = np.zeros(self.size, np.float32)
        thickness = max(1, round(width * self.unit))
        corners = [_fixed(self.place(points)) for points in several]
        cv2.polylines(layer, corners, False, 1.0, thickness, cv2.LINE_8, _SHIFT)
        return self.soft(layer, softness)

    def soft(self, layer, softness):
        """The layer blurred by so many units."""
        sigma = softness * self.unit
        if sigma < 0.3:
            return layer
        step = max(1, int(sigma / 3))  # a wide blur is as good, and far quicker, on a smaller layer
        if step == 1:
            return cv2.GaussianBlur(layer, (0, 0), sigma)
        height, width = layer.shape
        small = cv2.resize(layer, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
        return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / step), (width, height))


def expose(rng, chest, height, width):
    """A film of a patient.

    Args:
        rng: `numpy.random.Generator`: pose, disease, hardware, exposure and noise.
        chest: a `chest.Chest`.
        height: of the film in pixels.
        width: likewise.

    Returns:
        A `Film`, whose mask is exact: it is drawn from the outlines that the lungs are drawn from.
    """
    sheet = Sheet(rng, height, width)
    lungs = {side: sheet.inside(chest.lungs[side]) for side in (RIGHT, LEFT)}
    heart, middle = sheet.inside(chest.heart), sheet.inside(chest.mediastinum)
    air = np.maximum(lungs[RIGHT], lungs[LEFT]) * (1 - heart) * (1 - middle)
    for side in (RIGHT, LEFT):
        air *= 1 - sheet.inside(chest.domes[side])
    mask = (air > 0.5).astype(np.uint8)

    body = sheet.inside(chest.body)
    thick = body * (0.42 + 0.20 * sheet.soft(body, 0.14) + 0.10 * sheet.soft(body, 0.35))
    image = thick + rng.uniform(0.06, 0.17) * sheet.soft(middle, 0.05) * body
    image += rng.uniform(0.08, 0.17) * (0.5 * sheet.soft(heart, 0.012) + 0.6 * sheet.soft(heart, 0.06))
    for side in (RIGHT, LEFT):
        image += rng.uniform(0.08, 0.16) * sheet.inside(chest.domes[side], 0.012) * body
        image += 0.10 * sheet.inside(chest.domes[side], 0.15) * body
    depth = rng.uniform(0.26, 0.40)
    image -= depth * sheet.soft(air, 0.006) * (0.62 + 0.38 * sheet.soft(air, 0.07))
    # Lung behind the heart and behind the domes still shows.
    image -= 0.30 * depth * sheet.soft(np.maximum(lungs[RIGHT], lungs[LEFT]) - air, 0.02).clip(0)
    image += _bones(rng, sheet, chest, body, middle)
    for line in chest.trachea:
        image -= rng.uniform(0.06, 0.11) * sheet.line(
            line, 0.075 if line is chest.trachea[0] else 0.05, 0.012
        )
    for breast in chest.breasts:
        image += rng.uniform(0.03, 0.08) * sheet.inside(breast, 0.02) * body
    if chest.bubble is not None:
        image -= rng.uniform(0.10, 0.25) * sheet.inside(chest.bubble, 0.012)
    image += opacities.vessels(rng, sheet, chest, air)
    image += opacities.disease(rng, sheet, chest, air)
    image += 0.018 * opacities.cloud(rng, sheet.size, sheet.unit * 0.05) * body
    image = attach(rng, sheet, image)
    image, beam = _develop(rng, sheet, image)
    return Film(image, mask * beam)


def _bones(rng, sheet, chest, body, middle):
    bone = np.zeros(sheet.size, np.float32)
    strength = rng.uniform(0.04, 0.09)
    for share in (1.0, 0.55):
        lines = [line for line, of in chest.ribs if of == share]
        shafts = sheet.lines(lines, chest.rib_width, 0.004)
        bone += (
            strength
            * share
            * (0.7 * shafts + 0.5 * (shafts - sheet.lines(lines, 0.6 * chest.rib_width)).clip(0))
        )
    below = np.maximum(*(sheet.inside(chest.domes[side], 0.03) for side in (RIGHT, LEFT)))
    bone *= (1 - 0.8 * sheet.soft(middle, 0.02)) * (1 - 0.7 * below)
    shafts = sheet.lines(chest.clavicles, 0.046, 0.007)
    bone += rng.uniform(0.05, 0.11) * (
        shafts + 0.5 * (shafts - sheet.lines(chest.clavicles, 0.028, 0.006)).clip(0)
    )
    for outline in chest.scapulae:
        bone += rng.uniform(0.03, 0.07) * sheet.inside(outline, 0.01)
    spine = np.zeros(sheet.size, np.float32)
    cv2.fillPoly(
        spine, [_fixed(sheet.place(outline)) for outline in chest.vertebrae], 1.0, cv2.LINE_8, _SHIFT
    )
    bone += rng.uniform(0.02, 0.06) * sheet.soft(spine, 0.010)
    return bone * body


def _develop(rng, sheet, image):
    """Exposure, scatter, noise, the film's curve, the beam's edge and a letter for the side.

    Returns:
        The tuple (uint8 array (H, W), uint8 array (H, W): 1 where the beam fell).
    """
    height, width = sheet.size
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    slope = rng.normal(0, 0.12, 2)
    image = image + slope[0] * (x - 0.5) + slope[1] * (y - 0.5)
    image += rng.uniform(0, 0.10) * (1 - 4 * (x - 0.5) ** 2)
    scatter = rng.uniform(0.05, 0.25)
    image = (1 - scatter) * image + scatter * sheet.soft(image, 0.25)
    low, high = np.percentile(image, [rng.uniform(0.5, 4), rng.uniform(97, 99.8)])
    image = ((image - low) / (high - low)).clip(0, 1) ** rng.uniform(0.7, 1.45)
    image = rng.uniform(0, 0.10) + image * rng.uniform(0.80, 1.0)
    grain = rng.standard_normal(sheet.size, np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.4, 0.9)) * 1.6
    image += rng.uniform(0.004, 0.03) * grain * np.sqrt(1.1 - image.clip(0, 1))
    beam = np.ones(sheet.size, np.uint8)
    if rng.random() < 0.35:  # the beam is narrower than the film
        for edge in (x - rng.uniform(0, 0.05), 1 - x - rng.uniform(0, 0.05), y - rng.uniform(0, 0.05)):
            beam[edge < 0] = 0
    image = np.where(beam, image, np.float32(0.01))
    image = letter(rng, image)
    return np.rint(255 * image.clip(0, 1)).astype(np.uint8), beam


def _fixed(points):
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)
