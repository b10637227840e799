"""The lung dataset as it was published: whole, its masks in place, and no patient in two splits."""

import csv
import itertools

import numpy as np
import pytest
from PIL import Image

import cvlib.datasets
from cvlib.data import splits
from cvlib.data.reading import read_image, read_mask

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


@pytest.fixture(scope="module")
def dataset(mirror):
    return cvlib.datasets.load("lungs", source="real")


def test_every_file_is_as_it_was_published_and_every_mask_as_it_was_made(dataset):
    assert cvlib.datasets.verify("lungs") == []
    assert dataset.frame["split"].value_counts().to_dict() == {"train": 70, "test": 20, "validation": 10}
    mask = dataset.directory / dataset.frame["mask"].iloc[0]
    before = mask.read_bytes()
    mask.write_bytes(before[:-1])
    assert [str(mask) in fault for fault in cvlib.datasets.verify("lungs")] == [True]
    assert cvlib.datasets.load("lungs", source="real").frame.equals(dataset.frame)
    assert mask.read_bytes() == before


def test_masks_are_the_crops_pasted_where_structure_csv_says(dataset, mirror):
    """An independent assembly: Pillow, from the table as it was published."""
    with open(mirror / "lungs" / "structure.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Class"].endswith(("Left Lung", "Right Lung"))]
    rows.sort(key=lambda row: row["Filename"])
    for name, crops in itertools.groupby(rows, key=lambda row: row["Filename"]):
        (pair,) = dataset.frame[dataset.frame["path"].str.endswith(f"/{name}")].itertuples()
        with Image.open(mirror / "lungs" / "images" / name) as picture:
            wanted = Image.new("1", picture.size)
        for crop in crops:
            with Image.open(mirror / "lungs" / crop["Mask"]) as opened:
                inside = opened.convert("RGB").convert("L").point(lambda value: 255 * (value > 0), "1")
                wanted.paste(1, (int(crop["Left"]), int(crop["Top"])), inside)
        found = read_mask(dataset.directory / pair.mask)[..., 0]
        np.testing.assert_array_equal(found, np.asarray(wanted).astype(np.uint8))


def test_odd_sizes_modes_and_extensions_are_read_as_pictures_of_their_mask_s_size(dataset):
    modes, sizes = set(), []
    for row in dataset.frame.itertuples():
        image, mask = read_image(dataset.directory / row.path), read_mask(dataset.directory / row.mask)
        assert image.shape == (*mask.shape[:2], 3)
        assert image.std() > 10
        with Image.open(dataset.directory / row.path) as stored:
            modes.add((stored.mode, stored.format))
        sizes.append(image.shape[:2])
    assert modes == {("RGB", "JPEG"), ("L", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG")}
    assert (249, 255) in sizes
    assert max(sizes, key=lambda size: size[1]) == (3308, 3670)


def test_no_patient_and_no_near_duplicate_stands_in_two_splits(dataset, mirror):
    with open(mirror / "lungs" / "metadata.csv", newline="", encoding="utf-8", errors="replace") as file:
        patient = {row["filename"]: row["patientid"] for row in csv.DictReader(file)}
    name = dataset.frame["path"].str.split("/").str[-1]
    assert dataset.frame.groupby(name.map(patient))["split"].nunique().max() == 1
    assert name.map(patient).nunique() == 73
    assert splits.find_leaks(dataset.frame, dataset.directory).empty


def test_no_score_is_measured_against_a_mask_that_lacks_a_lung(dataset):
    """Both lungs reach into their half of the picture in every mask that is not in train."""
    for row in dataset.frame[dataset.frame["split"] != "train"].itertuples():
        mask = read_mask(dataset.directory / row.mask)[..., 0]
        middle = round(np.nonzero(mask)[1].mean())
        left, right = mask[:, :middle].sum(), mask[:, middle:].sum()
        assert min(left, right) > 0.5 * max(left, right), row.path
