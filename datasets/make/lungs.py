"""Make datasets/lungs.csv: the pictures and lung crops, their checksums, places, patients and fixed split.

For maintainers, from the root of the checkout:

    python datasets/make/lungs.py MIRROR

MIRROR holds `lungs/` as it lies at the commit that the card names. The script takes the crops of the left and
right lung and where they belong from structure.csv and the patients from metadata.csv, joins patients of whom
two pictures are near duplicates, divides 70/10/20 with seed 0, no patient in two parts, and writes the
manifest. Running it again gives the same bytes.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from cvlib.data import duplicates, splits

PARTS, SEED = {"train": 70, "validation": 10, "test": 20}, 0
LUNGS = ("COVID-19 Left Lung", "COVID-19 Right Lung")
COLUMNS = ["path", "bytes", "sha256", "label", "split", "group", "picture", "left", "top"]


def main():
    """Write the manifest beside the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mirror", type=Path)
    root = parser.parse_args().mirror / "lungs"

    crops = pd.read_csv(root / "structure.csv")
    crops = crops[crops["Class"].isin(LUNGS)].sort_values(["Filename", "Class", "#"])
    pictures = pd.DataFrame({"path": sorted(crops["Filename"].unique()), "label": "lung"})
    patient = pd.read_csv(root / "metadata.csv").set_index("filename")["patientid"].astype(str)
    pictures["group"] = joined(root / "images", pictures["path"], patient[pictures["path"]].to_numpy())

    # One lung drawn where two can be seen: a mask to learn from with care, and none to be measured by.
    sides = crops.groupby("Filename")["Class"].nunique()
    incomplete = pictures["path"].map(sides) < len(LUNGS)
    in_train = pictures["group"].isin(pictures["group"][incomplete])
    print(f"{len(pictures)} pictures, {pictures['group'].nunique()} patients; in train because incomplete:")
    print("  " + ", ".join(pictures["path"][incomplete]))
    wanted = np.array([PARTS["train"] - in_train.sum(), PARTS["validation"], PARTS["test"]])
    rest = splits.by_group(pictures[~in_train], shares=wanted / wanted.sum(), seed=SEED)
    pictures = pd.concat([pictures[in_train].assign(split="train"), rest]).sort_values("path")
    print(pictures["split"].value_counts().to_string())

    rows = []
    for picture in pictures.itertuples():
        path = f"images/{picture.path}"
        rows.append([path, *checked(root / path), "", picture.split, picture.group, "", "", ""])
        for crop in crops[crops["Filename"] == picture.path].itertuples():
            place = [path, int(crop.Left), int(crop.Top)]
            rows.append([crop.Mask, *checked(root / crop.Mask), "lung", picture.split, picture.group, *place])
    target = Path(__file__).parents[1] / "lungs.csv"
    pd.DataFrame(rows, columns=COLUMNS).to_csv(target, index=False, lineterminator="\n")
    print(f"wrote {target}: {len(rows)} files")


def joined(folder, paths, patients):
    """The patient of each picture; patients who share a near duplicate get the name of the first of them."""
    near = duplicates.find(paths, folder)
    number = {path: index for index, path in enumerate(paths)}
    first, second = near["a"].map(number).tolist(), near["b"].map(number).tolist()
    seen = {}
    for index, patient in enumerate(patients):
        first.append(seen.setdefault(patient, index))
        second.append(index)
    group = duplicates.connect(len(paths), first, second)
    return [patients[np.argmax(group == one)] for one in group]


def checked(path):
    """(bytes, sha256) of a file."""
    data = path.read_bytes()
    return len(data), hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
