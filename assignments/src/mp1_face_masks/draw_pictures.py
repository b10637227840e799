"""Draw the pictures that ship with the assignment, and put the test pictures' labels into its hidden tests.

The test pictures come from a seed that is thrown away, so that no student can draw them again with their labels.
Run it only to replace them all; then repeat reference_runs.py, since the thresholds belong to the pictures.

    python assignments/src/mp1_face_masks/draw_pictures.py
"""

import re
import secrets
import shutil
from pathlib import Path

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.simulate.face_mask import picture

HERE = Path(__file__).resolve().parent
FACES = HERE.parents[1] / "source" / HERE.name / "faces"
HEIGHT = 88  # pixels: larger than any sensible input of the student's network, yet a small file
TEST = 200
SAMPLE = {"with_mask": 12, "without_mask": 8}
QUALITY = 82


def save(path, image):
    """Write a picture as a small JPEG."""
    width = round(HEIGHT * image.shape[1] / image.shape[0])
    small = cv2.resize(image, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    path.parent.mkdir(parents=True, exist_ok=True)
    _, coded = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    path.write_bytes(coded.tobytes())


def main():
    """Draw all pictures and rewrite the labels in notebook.py."""
    shutil.rmtree(FACES, ignore_errors=True)
    for name, count in SAMPLE.items():
        for number in range(count):
            face, _ = picture(7, 2 * number + (name == "without_mask"))
            save(FACES / "sample" / name / f"{number:02d}.jpg", face.image)
    seed = secrets.randbits(120)
    order = np.random.default_rng(secrets.randbits(120)).permutation(
        TEST
    )  # picture() gives the classes in turn
    labels = ""
    for place, index in enumerate(order):
        face, _ = picture(seed, int(index), "test")
        save(FACES / "test" / f"{place:03d}.jpg", face.image)
        labels += str(int(face.label == "without_mask"))
    notebook = HERE / "notebook.py"
    text = notebook.read_text(encoding="utf-8")
    text, replaced = re.subn(r"0x[0-9a-fA-F]{50}\b", f"0x{int(labels, 2):050X}", text)
    notebook.write_text(text, encoding="utf-8")
    print(f"{TEST + sum(SAMPLE.values())} pictures in {FACES}; labels replaced in {replaced} cells")


if __name__ == "__main__":
    main()
