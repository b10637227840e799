"""Make datasets/face_mask.csv: the files of the face-mask dataset, their checksums and their fixed split.

For maintainers, from the root of the checkout:

    python datasets/make/face_mask.py MIRROR

MIRROR holds `face-mask/` as it lies at the commit that the card names, and `keras-weights/` with MobileNetV2
(α = 0.35, without top). The script drops exact duplicates, keeps near duplicates in one split, divides
70/10/20 by class with seed 0, and writes the manifest. Running it again gives the same bytes.
"""

import argparse
import csv
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from cvlib.data import duplicates, labels, splits
from cvlib.data.reading import read_image

SHARES, SEED = (0.7, 0.1, 0.2), 0
#: Cosine of two pictures' features from which they count as one photograph. It finds what the hash cannot:
#: rotated and cropped copies. Of the 34 pairs that it adds, nearly all are, seen by eye.
SAME = 0.93


def main():
    """Write the manifest beside the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mirror", type=Path)
    mirror = parser.parse_args().mirror
    root = mirror / "face-mask" / "dataset"

    frame = labels.from_directory(root)
    frame["bytes"] = [(root / path).stat().st_size for path in frame["path"]]
    frame["sha256"] = [hashlib.sha256((root / path).read_bytes()).hexdigest() for path in frame["path"]]
    across = frame.groupby("sha256")["label"].nunique()
    if (across > 1).any():
        raise SystemExit(f"the same bytes under two labels: {list(across[across > 1].index)}")
    kept = frame.drop_duplicates("sha256").reset_index(drop=True)  # the first by name
    print(f"{len(frame)} files, {len(frame) - len(kept)} exact duplicates dropped, {len(kept)} left")

    near = duplicates.find(kept["path"], root)
    number = {path: index for index, path in enumerate(kept["path"])}
    alike = similar(root, kept["path"], mirror / "keras-weights")
    first = [*near["a"].map(number), *alike[0]]
    second = [*near["b"].map(number), *alike[1]]
    group = duplicates.connect(len(kept), first, second)
    sizes = np.bincount(group)
    print(
        f"{len(near)} near-duplicate pairs by hash, {len(alike[0])} by features; {(sizes > 1).sum()} groups "
        f"of {sizes[sizes > 1].sum()} pictures, the largest of {sizes.max()}"
    )

    kept = splits.by_group(kept, group, SHARES, seed=SEED)
    print(kept.groupby(["label", "split"]).size().unstack())
    kept["path"] = "dataset/" + kept["path"]
    target = Path(__file__).parents[1] / "face_mask.csv"
    kept[["path", "bytes", "sha256", "label", "split"]].to_csv(
        target, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL
    )
    print(f"wrote {target}")


def similar(root, paths, weights):
    """Pairs of pictures with nearly the same features, as two lists of indices."""
    import keras

    from cvlib._opencv import cv2

    file = next(weights.glob("mobilenet_v2_*_0.35_224_no_top.h5"))
    base = keras.applications.MobileNetV2((224, 224, 3), 0.35, False, weights=str(file), pooling="avg")
    straight, mirrored = [], []
    for start in range(0, len(paths), 64):
        batch = [
            cv2.resize(read_image(root / path), (224, 224), interpolation=cv2.INTER_AREA)
            for path in paths[start : start + 64]
        ]
        batch = np.array(batch, np.float32) / 127.5 - 1
        straight.append(base.predict_on_batch(batch))
        mirrored.append(base.predict_on_batch(batch[:, :, ::-1]))
    straight, mirrored = (np.concatenate(parts) for parts in (straight, mirrored))
    straight /= np.linalg.norm(straight, axis=1, keepdims=True)
    mirrored /= np.linalg.norm(mirrored, axis=1, keepdims=True)
    cosine = np.maximum(straight @ straight.T, straight @ mirrored.T)
    return np.nonzero(np.triu(cosine >= SAME, 1))


if __name__ == "__main__":
    pd.set_option("display.width", 120)
    main()
