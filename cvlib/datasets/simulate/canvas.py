"""A canvas to draw smooth shapes on: twice the size of the picture, reduced at the end."""

import math
from contextlib import contextmanager
from functools import cache

import numpy as np

from cvlib._opencv import cv2

SCALE = 2  # drawn at twice the size; reducing it smooths every edge
_SHIFT = 4  # OpenCV takes polygon corners as integers with this many binary places


class Canvas:
    """An RGB picture to draw on, in the coordinates of its enlarged grid.

    Colours are RGB triples in [0, 255]; points are arrays (N, 2) of (x, y).

    Args:
        height: of the finished picture, in pixels.
        width: likewise.

    Attributes:
        image: uint8 array (2·height, 2·width, 3), what has been drawn so far.
    """

    def __init__(self, height, width):
        self.image = np.zeros((height * SCALE, width * SCALE, 3), np.uint8)
        self._masks = []

    def new_mask(self):
        """An empty mask of the canvas's size: uint8, 0."""
        return np.zeros(self.image.shape[:2], np.uint8)

    def inside(self, points):
        """The mask of a polygon: uint8, 255 inside, 0 outside."""
        return cv2.fillPoly(self.new_mask(), [_fixed_point(points)], 255, cv2.LINE_8, _SHIFT)

    @contextmanager
    def recording(self, mask):
        """While this lasts, every opaque shape is drawn into `mask` too."""
        self._masks.append(mask)
        yield mask
        self._masks.pop()

    @contextmanager
    def clipped(self, mask):
        """While this lasts, only what lies inside `mask` (not 0) changes, and nothing is recorded."""
        before, masks = self.image.copy(), self._masks
        self._masks = []
        yield
        self._masks = masks
        cv2.copyTo(before, (mask == 0).astype(np.uint8), self.image)

    def fill(self, points, colour, opacity=1.0, softness=0.0):
        """Fill a polygon.

        Args:
            points: its corners.
            colour: RGB.
            opacity: in [0, 1].
            softness: standard deviation of the blur of its edge; a soft or transparent shape is not recorded.
        """
        if opacity >= 1 and softness <= 0:
            self.fill_all([points], colour)
            return
        margin = int(3 * softness) + 2
        height, width = self.image.shape[:2]
        (left, top), (right, bottom) = points.min(0).tolist(), points.max(0).tolist()
        left, top = max(int(left) - margin, 0), max(int(top) - margin, 0)
        right, bottom = min(int(right) + 1 + margin, width), min(int(bottom) + 1 + margin, height)
        if left >= right or top >= bottom:
            return
        weight = np.zeros((bottom - top, right - left), np.float32)
        cv2.fillPoly(weight, [_fixed_point(points - (left, top))], float(opacity), cv2.LINE_8, _SHIFT)
        if softness > 0.4:
            size = 2 * int(2 * softness + 0.5) + 1
            weight = cv2.GaussianBlur(weight, (size, size), float(softness))
        patch = self.image[top:bottom, left:right]
        paint = np.full(patch.shape, _plain(colour), np.uint8)
        patch[:] = cv2.blendLinear(patch, paint, 1 - weight, weight)

    def fill_all(self, polygons, colour):
        """Fill polygons that do not overlap with one opaque colour."""
        corners = [_fixed_point(points) for points in polygons]
        cv2.fillPoly(self.image, corners, _plain(colour), cv2.LINE_AA, _SHIFT)
        for mask in self._masks:
            cv2.fillPoly(mask, corners, 255, cv2.LINE_AA, _SHIFT)

    def disc(self, centre, radius, colour, opacity=1.0, softness=0.0, stretch=1.0, angle=0.0):
        """A filled circle, or an ellipse `stretch` times as high as wide, turned by `angle` radians."""
        x, y = float(centre[0]), float(centre[1])
        if opacity >= 1 and softness <= 0:
            reach = radius * max(1.0, stretch)
            height, width = self.image.shape[:2]
            if x < -reach or y < -reach or x > width + reach or y > height + reach:
                return
            place = (round(16 * x), round(16 * y))
            axes = (max(1, round(16 * radius)), max(1, round(16 * radius * stretch)))
            where = (place, axes, np.degrees(angle), 0, 360)
            cv2.ellipse(self.image, *where, _plain(colour), -1, cv2.LINE_AA, _SHIFT)
            for mask in self._masks:
                cv2.ellipse(mask, *where, 255, -1, cv2.LINE_AA, _SHIFT)
            return
        cosine, sine = radius * math.cos(angle), radius * math.sin(angle)
        turn = np.array([[cosine, sine], [-stretch * sine, stretch * cosine]])
        self.fill(_CIRCLE @ turn + (x, y), colour, opacity, softness)

    def box(self, x, y, width, height, colour):
        """A filled rectangle, upright."""
        corners = (round(16 * x), round(16 * y)), (round(16 * (x + width)), round(16 * (y + height)))
        cv2.rectangle(self.image, *corners, _plain(colour), -1, cv2.LINE_8, _SHIFT)
        for mask in self._masks:
            cv2.rectangle(mask, *corners, 255, -1, cv2.LINE_8, _SHIFT)

    def stroke(self, points, colour, width, taper=0.0, opacity=1.0, softness=0.0):
        """A brush stroke along a line.

        Args:
            points: the line.
            colour: RGB.
            width: of the brush in the middle.
            taper: share of the width lost at both ends, in [0, 1].
            opacity: as in `fill`.
            softness: as in `fill`.
        """
        steps = points[1:] - points[:-1]
        along = np.empty_like(points)
        along[1:-1] = steps[1:] + steps[:-1]
        along[0], along[-1] = steps[0], steps[-1]
        along /= np.sqrt((along * along).sum(1, keepdims=True)) + 1e-9
        half = 0.5 * max(width, 1.0)
        if taper:
            half = half * (1 - taper * _spread(len(points))[:, None] ** 2)
        across = along[:, ::-1] * half
        across[:, 0] *= -1
        cap = 0.3 * max(width, 1.0) * (1 - taper)
        outline = np.concatenate(
            [
                points + across,
                points[-1:] + cap * along[-1:],
                (points - across)[::-1],
                points[:1] - cap * along[:1],
            ]
        )
        self.fill(outline, colour, opacity, softness)

    def finish(self):
        """The picture at its own size: uint8 array (height, width, 3)."""
        return reduce(self.image)


def reduce(image):
    """An enlarged picture or mask at its own size, by averaging."""
    height, width = image.shape[:2]
    return cv2.resize(image, (width // SCALE, height // SCALE), interpolation=cv2.INTER_AREA)


def smooth(points, closed=True, samples=6):
    """A smooth line through points (a Catmull-Rom spline).

    Args:
        points: array (N, 2), N ≥ 3 if closed, else ≥ 2.
        closed: whether it returns to the first point.
        samples: points of the result for each point given.

    Returns:
        float array (M, 2).
    """
    points = np.asarray(points, float)
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    basis = _basis(samples)  # (samples, 4), times four neighbours for each segment
    curve = np.empty((len(padded) - 3, samples, 2))
    for axis in (0, 1):
        x = padded[:, axis]
        curve[:, :, axis] = np.array([x[:-3], x[1:-2], x[2:-1], x[3:]]).T @ basis.T
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, points[-1:]])


def moved(points, x, y):
    """The points, or the one point, shifted by (x, y)."""
    return points + np.array((x, y))


def mix(first, second, share):
    """The colour `share` of the way from the first to the second."""
    return (1 - share) * np.asarray(first, float) + share * np.asarray(second, float)


def darker(colour, share):
    """The colour moved towards a warm black."""
    return mix(colour, (24, 14, 18), share)


def lighter(colour, share):
    """The colour moved towards a warm white."""
    return mix(colour, (255, 250, 240), share)


def brightness(colour):
    """Luma of a colour, in [0, 255] (ITU-R BT.601)."""
    return float(np.dot(colour, (0.299, 0.587, 0.114)))


_ANGLES = np.linspace(0, 2 * np.pi, 28, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], 1)


@cache
def _basis(samples):
    t = np.linspace(0, 1, samples, endpoint=False)[:, None] ** np.arange(4)
    matrix = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    return t @ matrix


@cache
def _spread(number):
    return np.linspace(-1, 1, number)


def _fixed_point(points):
    return (np.asarray(points) * (1 << _SHIFT) + 0.5).astype(np.int32)


def _plain(colour):
    if not isinstance(colour, tuple):
        colour = colour.tolist()
    red, green, blue = colour
    return min(255.0, max(0.0, red)), min(255.0, max(0.0, green)), min(255.0, max(0.0, blue))
