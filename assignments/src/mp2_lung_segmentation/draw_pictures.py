"""Draw the pictures that ship with the assignment, and the masks that only its tests may see.

The test pictures come from a seed that is thrown away, so that no student can draw them again with their masks.
Run it only to replace them all; then repeat reference_runs.py, since the thresholds belong to the pictures.

    python assignments/src/mp2_lung_segmentation/draw_pictures.py
"""

import secrets
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from cvlib._opencv import cv2
from cvlib.datasets.simulate.lungs import picture

HERE = Path(__file__).resolve().parent
XRAYS = HERE.parents[1] / "source" / HERE.name / "xrays"
TRUTH = HERE.parents[1] / "hidden" / HERE.name / "truth"
SIDE = 128  # pixels of a test picture
TEST = 60
HEIGHT = 150  # pixels of a sample, more or less
QUALITY = 85
#: How each sample is stored: the picture's extension and mode, the mask's mode and the value of its lungs.
SAMPLE = (
    (".png", "L", "L", 1),
    (".jpg", "L", "L", 255),
    (".jpeg", "RGB", "RGB", 255),
    (".png", "RGBA", "RGBA", 255),
    (".jpg", "RGB", "L", 255),
    (".png", "P", "P", 1),
    (".png", "LA", "1", 1),
    (".jpeg", "L", "RGBA", 255),
    (".png", "RGB", "RGB", 255),
    (".jpg", "L", "L", 1),
)


def save_sample(number, film, name):
    """Write a pair as files of odd sizes and modes."""
    extension, mode, mask_mode, value = SAMPLE[number]
    height = HEIGHT + 7 * number
    width = round(height * film.image.shape[1] / film.image.shape[0])
    small = cv2.resize(film.image, (width, height), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(film.mask, (width, height), interpolation=cv2.INTER_NEAREST)
    options = {"quality": QUALITY} if extension != ".png" else {"optimize": True}
    Image.fromarray(small).convert(mode).save(XRAYS / "sample" / "images" / f"{name}{extension}", **options)
    grey = Image.fromarray(mask * np.uint8(value))
    if mask_mode == "P":  # colours by number: 0 is black, 1 is white
        stored = Image.fromarray(mask, mode="P")
        stored.putpalette([0, 0, 0, 255, 255, 255])
    else:
        stored = Image.fromarray(mask * np.uint8(255)).convert("1") if mask_mode == "1" else grey
        stored = stored.convert(mask_mode)
    stored.save(XRAYS / "sample" / "masks" / f"{name}.png", optimize=True)


def main():
    """Draw all pictures, and write the test pictures' masks to the hidden folder."""
    for folder in (XRAYS, TRUTH):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (XRAYS / "sample" / "images", XRAYS / "sample" / "masks", XRAYS / "test", TRUTH):
        folder.mkdir(parents=True)
    for number in range(len(SAMPLE)):
        name, film = picture(7, number)
        save_sample(number, film, name)
    seed, masks = secrets.randbits(120), []
    # Of every five films the first four show a patient each: no patient comes twice.
    for place in range(TEST):
        _, film = picture(seed, place // 4 * 5 + place % 4, "test")
        small = cv2.resize(film.image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        Image.fromarray(small).save(XRAYS / "test" / f"{place:03d}.jpg", quality=QUALITY)
        masks.append(cv2.resize(film.mask, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST))
    np.savez_compressed(TRUTH / "masks.npz", masks=np.array(masks, np.uint8))
    print(f"{TEST + len(SAMPLE)} pictures in {XRAYS}; {TEST} masks in {TRUTH}")


if __name__ == "__main__":
    main()
