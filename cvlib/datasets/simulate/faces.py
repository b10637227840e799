"""Draw a face, with or without a mask, and say exactly where everything is."""

from dataclasses import dataclass

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.simulate import backgrounds, features, hair, masks, occluders, wardrobe
from cvlib.datasets.simulate.canvas import SCALE, Canvas, reduce
from cvlib.datasets.simulate.head import Head
from cvlib.datasets.simulate.people import Person, any_person

LABELS = ("with_mask", "without_mask")


@dataclass
class Face:
    """A drawn face.

    Attributes:
        image: uint8 array (H, W, 3), RGB.
        label: "with_mask" or "without_mask".
        box: float32 array (4,), the head from crown to chin as `xyxy` in pixels, clipped to the picture; hair
            and hat beyond the skull, and ears, are outside, what a mask or a hand covers is inside.
        face: uint8 array (H, W), 1 where the head is, covered or not.
        occluder: uint8 array (H, W), 1 where a mask, or the thing that is taken for one, is seen.
        person: uint8 array (H, W), 255 where the person is seen, 0 where the background is, between them at
            the edges: the opacity with which to paste the person into another picture.
        occluder_kind: e.g. "surgical", "beard", or None.
        worn: "worn" or "below the nose" with a mask, else None.
        who: the `Person`.
    """

    image: np.ndarray
    label: str
    box: np.ndarray
    face: np.ndarray
    occluder: np.ndarray
    person: np.ndarray
    occluder_kind: str | None
    worn: str | None
    who: Person


def draw(rng, size, label=None, hard=0.25):
    """Draw one face.

    Args:
        rng: `numpy.random.Generator`; the picture is a function of its state.
        size: of the picture in pixels, an int or (height, width), at least 16.
        label: "with_mask" or "without_mask"; by default either, half and half. A mask worn below the nose
            is still `with_mask`: it covers the mouth, and with two classes it is nearer to this one. A mask
            that hangs under the chin covers neither nose nor mouth and is `without_mask`.
        hard: share of `without_mask` faces that have something in front of them that is taken for a mask.

    Returns:
        A `Face`.

    Raises:
        ValueError: if `label` is unknown or `size` too small.

    Example:
        >>> import numpy as np
        >>> face = draw(np.random.default_rng(0), 128, "with_mask")
        >>> face.image.shape, face.label
        ((128, 128, 3), 'with_mask')
    """
    height, width = (size, size) if np.isscalar(size) else size
    if min(height, width) < 16:
        raise ValueError(f"size must be at least 16 pixels, got {size}: a smaller face cannot be seen")
    if label is None:
        label = LABELS[rng.integers(2)]
    if label not in LABELS:
        raise ValueError(f"label must be one of {LABELS}, got {label!r}")
    height, width = int(height), int(width)
    canvas, head, who = Canvas(height, width), _pose(rng, height, width), any_person(rng)
    light = light_from(rng)
    kind, worn = _occluder(rng, label, hard)
    if kind == "beard":
        who.grow_up()
    backgrounds.paint(canvas, rng)
    return _drawn(canvas, head, who, light, label, kind, worn, rng)


def add(canvas, head, label, light, rng, hard=0.25):
    """Draw one more person, from hat to waist, over what a canvas shows already.

    Args:
        canvas: `Canvas`; it is drawn on.
        head: `Head`, where and how large.
        label: "with_mask" or "without_mask".
        light: from where it comes, as `light_from` gives it: one for all people of a picture.
        rng: `numpy.random.Generator`.
        hard: as for `draw`.

    Returns:
        A `Face`; its image is the whole canvas as it looks now.
    """
    who = any_person(rng)
    kind, worn = _occluder(rng, label, hard)
    if kind == "beard":
        who.grow_up()
    return _drawn(canvas, head, who, light, label, kind, worn, rng)


def light_from(rng):
    """Where the light of a picture comes from: a direction, float array (3,) of length 1."""
    light = np.array([rng.normal(0, 0.6), rng.normal(-0.45, 0.3), 1.0])
    return light / np.linalg.norm(light)


def _drawn(canvas, head, who, light, label, kind, worn, rng):
    """The person on the canvas, and where every part of it lies."""
    seen, covered = canvas.new_mask(), canvas.new_mask()
    with canvas.recording(seen):
        _draw_person(canvas, head, who, light, kind, worn, covered, rng)
    _light_up(canvas, head, light, seen, rng)

    height, width = (side // SCALE for side in seen.shape)
    whole = canvas.inside(head.outline())
    face = (reduce(whole) > 127).astype(np.uint8)
    corners = (head.outline() + 0.5) / SCALE  # from centres of enlarged pixels to edges of the picture's
    limit = np.array([width, height])
    box = np.concatenate([np.clip(corners.min(0), 0, limit), np.clip(corners.max(0), 0, limit)])
    return Face(
        image=canvas.finish(),
        label=label,
        box=box.astype(np.float32),
        face=face,
        occluder=(reduce(covered) > 127).astype(np.uint8),
        person=reduce(seen),
        occluder_kind=kind,
        worn=worn,
        who=who,
    )


def _draw_person(canvas, head, who, light, kind, worn, covered, rng):
    """Everything of the person, from back to front."""
    hair.behind(canvas, head, who, rng)
    wardrobe.body(canvas, head, who, rng)
    outline = head.outline()
    if abs(head.yaw) < 0.16:
        far = None
    else:
        far = 1 if head.yaw > 0 else -1
        hair.ears(canvas, head, who, far)
    canvas.fill(outline, who.skin)
    with canvas.clipped(canvas.inside(outline)):
        features.cheeks(canvas, head, who)
        features.eyes(canvas, head, who)
        features.nose(canvas, head, who, light)
    if who.facial_hair == "stubble":
        features.facial_hair(canvas, head, who, "stubble", rng)
    if kind == "beard":
        with canvas.recording(covered):
            occluders.occlude(canvas, head, who, kind, rng)
    features.mouth(canvas, head, who)
    if who.facial_hair in {"moustache", "goatee"} or (kind == "beard" and rng.random() < 0.8):
        features.facial_hair(canvas, head, who, "goatee" if who.facial_hair == "goatee" else "moustache", rng)
    scarfed = who.style == "headscarf"  # which would hide a mask under the chin
    if worn:
        with canvas.recording(covered):
            masks.mask(canvas, head, who, kind, rng, worn)
    elif kind == "mask under the chin" and not scarfed:
        with canvas.recording(covered):
            occluders.occlude(canvas, head, who, kind, rng)
    hair.front(canvas, head, who, rng)
    for side in (-1, 1):
        if side != far:
            hair.ears(canvas, head, who, side)
    if who.glasses:
        wardrobe.glasses(canvas, head, who)
    if who.hat:
        hair.hat(canvas, head, who, rng)
    in_front = {"hand", "scarf", "cup", "bubble gum", "microphone"}
    if kind in in_front or (kind == "mask under the chin" and scarfed):
        with canvas.recording(covered):
            occluders.occlude(canvas, head, who, kind, rng)
    elif rng.random() < 0.05:  # a scarf says nothing: masked people wear one too
        occluders.scarf(canvas, head, rng, low=True)
    elif worn == "worn" and rng.random() < 0.04:  # neither does a hand
        occluders.hand_over_mouth(canvas, head, who, rng, low=True)


def _pose(rng, height, width):
    share = rng.uniform(0.68, 0.86)  # of the picture's height that the head takes
    scale = SCALE * 0.5 * share * min(height, width)
    middle = SCALE * np.array([width, height]) * (0.5, 0.52)
    spare = SCALE * np.array([width, height]) * (1 - 0.75 * share) * 0.5
    return Head(
        centre=tuple(middle + spare * np.clip(rng.normal(0, 0.11, 2), -0.4, 0.4)),
        scale=scale,
        yaw=float(np.clip(rng.normal(0, 0.16), -0.5, 0.5)),
        pitch=float(np.clip(rng.normal(0, 0.06), -0.2, 0.2)),
        roll=float(np.clip(rng.normal(0, 0.07), -0.28, 0.28)),
        width=rng.uniform(0.70, 0.82),
        jaw=rng.uniform(0.90, 1.10),
        chin=rng.uniform(0.8, 1.35),
    )


def _occluder(rng, label, hard):
    if label == "with_mask":
        kind = str(rng.choice(masks.KINDS, p=masks.SHARES))
        return kind, "below the nose" if rng.random() < 0.05 else "worn"
    if rng.random() < hard:
        return str(rng.choice(occluders.KINDS, p=occluders.SHARES)), None
    return None, None


def _light_up(canvas, head, light, seen, rng):
    """Shade the person as a round body in a directed, coloured light (Lambert's law)."""
    height, width = canvas.image.shape[:2]
    coarse = 8
    x = (np.arange(0, width, coarse, dtype=np.float32) - head.centre[0]) / (1.15 * head.scale)
    y = (np.arange(0, height, coarse, dtype=np.float32) - head.centre[1]) / (1.35 * head.scale)
    x, y = np.meshgrid(x, y)
    radius = np.maximum(np.hypot(x, y), 1e-6)
    bound = np.minimum(radius, 0.92) / radius
    x, y = x * bound, y * bound
    lit = light[0] * x + light[1] * y + light[2] * np.sqrt(1 - x * x - y * y)
    strength = rng.uniform(0.35, 0.75)
    warm = np.array([1 + 0.03 * rng.normal(), 1.0, 1 + 0.03 * rng.normal()])
    field = 1 - strength * 0.55 + strength * 0.68 * np.clip(lit, 0, 1)
    shadow = np.array([0.97, 0.97, 1.05])  # shadows are a little blue
    share = np.clip(lit, 0, 1)[..., None]
    field = (field[..., None] * (shadow + (warm - shadow) * share)).astype(np.float32)
    field = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    bright = cv2.multiply(canvas.image, field, dtype=cv2.CV_8UC3)
    weight = seen.astype(np.float32) / 255
    canvas.image[:] = cv2.blendLinear(canvas.image, bright, 1 - weight, weight)
