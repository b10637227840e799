"""Make datasets/bccd.csv: the pictures of blood cells and their labels, checksums and the source's own split.

For maintainers, from the root of the checkout:

    python datasets/make/bccd.py MIRROR

MIRROR holds `bccd/` as it lies at the commit that the card names. The lists in ImageSets/Main decide which
picture is for training, validation or test; the script refuses lists that overlap or leave a picture out,
prints the faults of the labels and every near duplicate that stands in two parts, and writes the manifest.
Running it again gives the same bytes.
"""

import argparse
import hashlib
from pathlib import Path

import pandas as pd

from cvlib.data import splits
from cvlib.data.annotations import check, read_voc

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
    print("near duplicates in two parts:")
    print(splits.find_leaks(pictures, folder / "JPEGImages").to_string())

    rows = []
    for picture, part in sorted(split.items()):
        for path in (f"BCCD/JPEGImages/{picture}.jpg", f"BCCD/Annotations/{picture}.xml"):
            data = (root / path).read_bytes()
            rows.append((path, len(data), hashlib.sha256(data).hexdigest(), "", part))
    target = Path(__file__).parents[1] / "bccd.csv"
    columns = ["path", "bytes", "sha256", "label", "split"]
    pd.DataFrame(rows, columns=columns).to_csv(target, index=False, lineterminator="\n")
    print(f"wrote {target}: {len(rows)} files")


if __name__ == "__main__":
    main()
