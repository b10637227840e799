"""Draw the test pictures that ship with the assignment, and put their boxes into its hidden tests.

The pictures come from a seed that is thrown away, so that no student can draw them again with their boxes.
Run it only to replace them all; then repeat reference_runs.py, since the thresholds belong to the pictures.

    python assignments/src/ast04_yolo/draw_pictures.py
"""

import base64
import re
import secrets
import shutil
from pathlib import Path

from cvlib._opencv import cv2
from cvlib.datasets.simulate import shapes

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "source" / HERE.name / "shapes"
NOTEBOOK = HERE / "notebook.py"
TEST = 120
QUALITY = 82
WIDTH = 96  # characters a line of the truth in the notebook
TRUTH = re.compile(r'(?<=TRUTH = """\n)[^"]*?(?=""")')


def packed(truths):
    """Boxes, whole numbers up to 254, and classes as base-64 text; the notebook's `unpacked` reads it.

    A box is five bytes: its class, plus 32 where it is difficult, plus 16 at a picture's last box; then x1, y1,
    x2, y2. A picture without boxes is one byte, 255.
    """
    data = bytearray()
    for boxes, labels, difficult in truths:
        if not len(boxes):
            data.append(255)
        for index, (box, label, hard) in enumerate(zip(boxes, labels, difficult)):
            data.append(int(label) + 32 * bool(hard) + 16 * (index == len(boxes) - 1))
            data.extend(int(value) for value in box)
    return base64.b64encode(bytes(data)).decode("ascii")


def main():
    """Draw all pictures and rewrite the boxes in notebook.py."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    seed, truths = secrets.randbits(120), []
    for number in range(TEST):
        drawn, _ = shapes.picture(seed, number, "test")
        _, coded = cv2.imencode(".jpg", drawn.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        (FOLDER / f"{number:03d}.jpg").write_bytes(coded.tobytes())
        truths.append((drawn.boxes, drawn.labels, drawn.difficult))
    text = packed(truths)
    lines = "".join(text[start : start + WIDTH] + "\n" for start in range(0, len(text), WIDTH))
    book, replaced = TRUTH.subn(lambda _: lines, NOTEBOOK.read_text(encoding="utf-8"))
    NOTEBOOK.write_text(book, encoding="utf-8")
    count = sum(len(labels) for _, labels, _ in truths)
    print(f"{TEST} pictures with {count} boxes in {FOLDER}; their truth replaced in {replaced} cells")


if __name__ == "__main__":
    main()
