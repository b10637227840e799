"""Make datasets/bccd.csv: the pictures of blood cells and their labels, checksums and the source's own split.

For maintainers, from the root of the checkout:

    python datasets/make/bccd.py MIRROR

MIRROR holds `bccd/` as it lies at the commit that the card names. The lists in ImageSets/Main decide which
picture is for training, validation or test; the script refuses lists that overlap or leave a picture out,
prints the faults of the labels and every pair of pictures that show parts of one field, and writes the
manifest. Running it again gives the same bytes. The lists stay as they are: figures published on them can be
compared.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from cvlib._opencv import cv2
from cvlib.data import splits
from cvlib.data.annotations import check, read_voc
from cvlib.data.reading import read_image

LISTS = {"train": "train", "val": "validation", "test": "test"}


def main():
    """Write the manifest beside the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mirror", type=Path)
    root = parser.parse_args().mirror / "bccd"
    folder = root / "BCCD"

    split = {}
    for name, part in LISTS.items():
        for picture in (folder / "ImageSets" / "Main" / f"{name}.txt").read_text().split():
            if picture in split:
                raise SystemExit(f"{picture} is in two lists: {split[picture]} and {part}")
            split[picture] = part
    found = {path.stem for path in (folder / "JPEGImages").glob("*.jpg")}
    if found != split.keys():
        raise SystemExit(f"pictures and lists disagree: {sorted(found ^ split.keys())}")
    labels = read_voc(folder / "Annotations", folder / "JPEGImages", strict=False)
    print(f"{len(labels)} pictures, {labels.counts()}; faults of the labels:")
    for fault in check(labels, folder / "JPEGImages"):
        print(f"  {fault}")
    pictures = pd.DataFrame(
        [(f"{picture}.jpg", part) for picture, part in sorted(split.items())], columns=["path", "split"]
    )
    print(pictures["split"].value_counts().to_string())
    print("near duplicates in two parts, by hash:")
    print(splits.find_leaks(pictures, folder / "JPEGImages").to_string())
    print("one field twice, by features:")
    for likeness, first, second, shift in overlapping(folder / "JPEGImages", sorted(split)):
        where = f"{split[first]} and {split[second]}" if split[first] != split[second] else split[first]
        print(f"  {first} and {second}, shifted by {shift}: correlation {likeness:.3f}; {where}")

    rows = []
    for picture, part in sorted(split.items()):
        for path in (f"BCCD/JPEGImages/{picture}.jpg", f"BCCD/Annotations/{picture}.xml"):
            data = (root / path).read_bytes()
            rows.append((path, len(data), hashlib.sha256(data).hexdigest(), "", part))
    target = Path(__file__).parents[1] / "bccd.csv"
    columns = ["path", "bytes", "sha256", "label", "split"]
    pd.DataFrame(rows, columns=columns).to_csv(target, index=False, lineterminator="\n")
    print(f"wrote {target}: {len(rows)} files")


def overlapping(folder, names):
    """Pairs of pictures that show parts of one field, which a hash of the whole cannot find.

    Corners that look alike (ORB) propose a shift; the pictures count as one field where the grey values of
    what they then share correlate. Of all 66,066 pairs 14 do by more than 0.92, no other by
    more than 0.42.

    Returns:
        List of (correlation, name, name, (x, y) in pixels), the most alike first.
    """
    finder, matcher = cv2.ORB_create(400), cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
    grey = [read_image(folder / f"{name}.jpg", channels=1)[..., 0] for name in names]
    found = [finder.detectAndCompute(image, None) for image in grey]
    places = [np.array([point.pt for point in points]) for points, _ in found]
    pairs = []
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            alike = [match for match in matcher.match(found[i][1], found[j][1]) if match.distance < 48]
            if len(alike) < 6:
                continue
            shifts = np.array([places[i][match.queryIdx] - places[j][match.trainIdx] for match in alike])
            near = np.abs(shifts[:, None] - shifts[None]).max(-1) < 5
            best = int(near.sum(1).argmax())
            if near[best].sum() < 6:
                continue
            x, y = (int(value) for value in shifts[near[best]].mean(0).round())
            first, second = shared(grey[i], x, y), shared(grey[j], -x, -y)
            if first.size >= 20_000 and (likeness := np.corrcoef(first.ravel(), second.ravel())[0, 1]) > 0.7:
                pairs.append((likeness, names[i], names[j], (x, y)))
    return sorted(pairs, reverse=True)


def shared(image, x, y):
    """The part of a picture that another one shows too, which begins (x, y) further right and down."""
    height, width = image.shape
    return image[max(0, y) : min(height, height + y), max(0, x) : min(width, width + x)]


if __name__ == "__main__":
    main()
