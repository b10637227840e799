"""Draw the README's contact sheet.

python notebooks/images/draw_faces.py → notebooks/images/faces.png
"""

from pathlib import Path

import numpy as np
from PIL import Image

from cvlib.datasets.simulate import faces

SIDE, ROWS, COLUMNS, GAP = 124, 2, 8, 4
# Chosen by eye among the first hundred: masks, hair, hats, hard cases of every kind.
CHOSEN = [48, 17, 8, 55, 60, 39, 66, 61, 52, 79, 64, 87, 42, 75, 32, 41]


def sheet(chosen=CHOSEN):
    """The faces side by side, even numbers with a mask, odd ones without.

    Returns:
        uint8 array (H, W, 3).
    """
    step = SIDE + GAP
    picture = np.full((ROWS * step - GAP, COLUMNS * step - GAP, 3), 255, np.uint8)
    for place, index in enumerate(chosen):
        face = faces.draw(np.random.default_rng((2, index)), SIDE, faces.LABELS[index % 2], hard=0.6)
        row, column = divmod(place, COLUMNS)
        picture[row * step : row * step + SIDE, column * step : column * step + SIDE] = face.image
    return picture


if __name__ == "__main__":
    path = Path(__file__).with_name("faces.png")
    Image.fromarray(sheet()).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1024} KB")
