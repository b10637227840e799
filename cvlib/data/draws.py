"""What chance decides about a picture: the parameters of one transformation, from uniform numbers."""

import numpy as np

#: One uniform number is drawn for each of these, in this order, whether it is used or not: to switch one
#: option on does not change what the others draw.
SLOTS = (
    "theta",
    "tx",
    "tx_sign",
    "ty",
    "ty_sign",
    "shear",
    "zx",
    "zy",
    "left_right",
    "up_down",
    "shift",
    "light",
)


def seed_or_numpys(seed):
    """The seed given, or one that repeats if NumPy's global generator was seeded, as in Keras."""
    return np.random.randint(2**31) if seed is None else seed  # noqa: NPY002


def parameters(generator, uniforms, height, width):
    """The parameters of `ImageDataGenerator.apply_transform`.

    Args:
        generator: an `ImageDataGenerator`, for its ranges.
        uniforms: numbers in [0, 1): an array (len(SLOTS),), or (B, len(SLOTS)) for B pictures.
        height: of the pictures.
        width: of the pictures.

    Returns:
        dict of numbers or of arrays (B,); channel_shift_intensity and brightness may be None.
    """
    u = dict(zip(SLOTS, np.moveaxis(np.asarray(uniforms, np.float64), -1, 0)))
    low, high = generator.zoom_range
    shift, light = generator.channel_shift_range, generator.brightness_range
    return {
        "theta": (2 * u["theta"] - 1) * generator.rotation_range,
        "tx": _pixels(generator.width_shift_range, u["tx"], u["tx_sign"], width),
        "ty": _pixels(generator.height_shift_range, u["ty"], u["ty_sign"], height),
        "shear": (2 * u["shear"] - 1) * generator.shear_range,
        "zx": low + (high - low) * u["zx"],
        "zy": low + (high - low) * u["zy"],
        "flip_horizontal": (u["left_right"] < 0.5) & bool(generator.horizontal_flip),
        "flip_vertical": (u["up_down"] < 0.5) & bool(generator.vertical_flip),
        "channel_shift_intensity": (2 * u["shift"] - 1) * shift if shift else None,
        "brightness": light[0] + (light[1] - light[0]) * u["light"] if light is not None else None,
    }


def _pixels(allowed, uniform, sign, size):
    """A shift in pixels from `width_shift_range` or `height_shift_range`."""
    if isinstance(allowed, (float, np.floating)):
        shift = (2 * uniform - 1) * allowed
    else:
        choices = np.arange(max(allowed, 1)) if np.ndim(allowed) == 0 else np.asarray(allowed, float)
        shift = choices[(uniform * len(choices)).astype(int)] * np.where(sign < 0.5, -1.0, 1.0)
    return shift * size if np.max(allowed) < 1 else shift
