"""What a camera does to a scene: exposure, colour of light, blur, noise."""

import numpy as np

from cvlib._opencv import cv2


def photograph(rng, image):
    """A drawn scene as a camera would have caught it.

    Args:
        rng: `numpy.random.Generator`.
        image: uint8 array (H, W, 3), RGB.

    Returns:
        uint8 array (H, W, 3), RGB.
    """
    height, width = image.shape[:2]
    blur = rng.choice([0.0, rng.uniform(0.3, 0.7), rng.uniform(0.6, 1.1)], p=[0.60, 0.35, 0.05])
    if blur:
        image = cv2.GaussianBlur(image, (0, 0), blur * min(height, width) / 128)
    if rng.random() < 0.06:  # taken from a small picture
        share = rng.uniform(0.4, 0.7)
        small = cv2.resize(image, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.02:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    warmth, tint = rng.normal(0, 0.07), rng.normal(0, 0.025)
    exposure, gamma = rng.uniform(0.84, 1.14), rng.uniform(0.85, 1.2)
    levels = (
        np.linspace(0, 1, 256)[:, None] ** gamma * exposure * np.array([1 + warmth, 1 + tint, 1 - warmth])
    )
    lift = rng.uniform(0, 0.06)
    levels = np.clip(255 * (lift + (1 - lift) * levels), 0, 255).astype(np.uint8)
    image = cv2.LUT(image, levels.reshape(1, 256, 3))
    grain = rng.uniform(0, 6) * (rng.random() < 0.7)
    if grain > 0.5:
        noise = rng.standard_normal(image.shape, np.float32)
        image = cv2.add(image, noise * np.float32(grain), dtype=cv2.CV_8U)
    return image
