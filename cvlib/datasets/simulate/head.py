"""The head as a solid: where a point of the face lies in the picture once the head is turned."""

import math
from dataclasses import dataclass

import numpy as np

from cvlib.datasets.simulate.canvas import smooth

# The right half of the head's outline seen from the front, from crown to chin; x in half-widths of the head.
_OUTLINE = np.array(
    [
        (0.0, -1.0),
        (0.42, -0.94),
        (0.78, -0.70),
        (0.97, -0.30),
        (1.0, 0.06),
        (0.955, 0.36),
        (0.84, 0.64),
        (0.60, 0.87),
        (0.28, 0.985),
    ]
)


@dataclass
class Head:
    """A head of half-height 1 (crown at y = -1, eyes near 0, chin at 1), its pose, and its place.

    Attributes:
        centre: (x, y) in the picture.
        scale: pixels for one half-height.
        yaw: turn to the right of the picture, radians.
        pitch: tilt upwards, radians.
        roll: lean clockwise in the picture, radians.
        width: half-width in half-heights.
        jaw: width of the jaw, 1 = usual.
        chin: width of the chin, 1 = usual.
        depth: half-depth in half-heights.
    """

    centre: tuple
    scale: float
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    width: float = 0.76
    jaw: float = 1.0
    chin: float = 1.0
    depth: float = 0.82

    def at(self, points, z):
        """Place points (x, y) of height z above the plane through the ears: (N, 2) in the picture."""
        points = np.asarray(points, float)
        x = points[:, 0] * math.cos(self.yaw) + z * math.sin(self.yaw)
        z = z * math.cos(self.yaw) - points[:, 0] * math.sin(self.yaw)
        y = points[:, 1] * math.cos(self.pitch) - z * math.sin(self.pitch)
        return self._place(x, y)

    def on(self, points, lift=0.0):
        """Place points (x, y) of the face's surface, raised by `lift`."""
        points = np.asarray(points, float)
        return self.at(points, self.height(points) + lift)

    def height(self, points):
        """Height of the face's surface over the plane through the ears."""
        inside = 1 - 0.93 / self.width**2 * points[:, 0] ** 2 - 0.72 * points[:, 1] ** 2
        return self.depth * np.sqrt(np.maximum(inside, 0.01))

    def outline(self, grow=0.0):
        """The head's contour, a smooth closed line; `grow` moves it outwards."""
        right = self._half(grow)
        left = right[1:][::-1] * (-1, 1)
        bottom = [(0.0, 1.0 + grow)]
        return smooth(self.contour(np.concatenate([right, bottom, left])), samples=6)

    def arc(self, right_y, left_y, grow=0.0):
        """The contour over the crown: control points from the right at `right_y` to the left at `left_y`."""
        half = self._half(grow)
        sides = []
        for y in (right_y, left_y):
            above = half[half[:, 1] < y - 0.04]
            x = np.interp(y, half[:, 1], half[:, 0])
            sides.append(np.concatenate([above, [(x, y)]]))
        points = np.concatenate([sides[0][::-1], sides[1][1:] * (-1, 1)])
        return self.contour(points)

    def flat(self, points):
        """Place points (x, y) that lean with the head but do not turn with it (hair behind it, hats)."""
        points = np.asarray(points, float)
        return self._place(points[:, 0], points[:, 1])

    def _half(self, grow):
        half = _OUTLINE.copy()
        lower = np.clip((half[:, 1] - 0.1) / 0.7, 0, 1)
        half[:, 0] *= 1 + (self.jaw - 1) * lower
        half[-1, 0] *= self.chin
        half[:, 0] *= self.width
        return half * (1 + grow)

    def contour(self, points):
        """Place contour points: the skull stays round as it turns, jaw and chin follow the face."""
        low = np.clip(points[:, 1], 0, 1.1)
        turned = np.hypot(self.width * np.cos(self.yaw), 0.92 * self.depth * np.sin(self.yaw)) / self.width
        narrowing = turned * (1 - 0.10 * abs(np.sin(self.yaw)) * low)
        back = np.clip(-points[:, 1] + 0.2, 0, 1) * 0.06
        x = points[:, 0] * narrowing + np.sin(self.yaw) * (0.42 * low**1.5 - back)
        y = points[:, 1] * (1 - 0.05 * abs(np.sin(self.pitch))) - 0.30 * np.sin(self.pitch) * low
        return self._place(x, y)

    def _place(self, x, y):
        cosine, sine = math.cos(self.roll) * self.scale, math.sin(self.roll) * self.scale
        placed = np.empty((len(x), 2))
        placed[:, 0] = self.centre[0] + cosine * x - sine * y
        placed[:, 1] = self.centre[1] + sine * x + cosine * y
        return placed
