"""The blood cells as they were published: whole, divided by the source's own lists, and as its tables say."""

from xml.etree import ElementTree

import numpy as np
import pytest

import cvlib.datasets
import cvlib.datasets.catalogue
from cvlib.data import splits
from cvlib.data.annotations import check, read_voc
from cvlib.data.reading import read_image

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

LISTS = {"train": "train", "val": "validation", "test": "test"}


@pytest.fixture(scope="module")
def dataset(mirror):
    return cvlib.datasets.load("bccd", source="real")


def test_every_file_is_as_it_was_published(dataset):
    assert cvlib.datasets.verify("bccd") == []
    assert dataset.frame["split"].value_counts().to_dict() == {"train": 205, "validation": 87, "test": 72}


def test_the_source_s_own_lists_decide(dataset, mirror):
    for name, split in LISTS.items():
        listed = (mirror / "bccd" / "BCCD" / "ImageSets" / "Main" / f"{name}.txt").read_text().split()
        paths = dataset.frame["path"][dataset.frame["split"] == split]
        assert sorted(paths) == sorted(f"{split}/images/{picture}.jpg" for picture in listed)


def test_boxes_are_those_of_the_files_read_without_this_library(dataset):
    """All but the two whose corners are one point; VOC counts pixels from 1."""
    counts, points = dict.fromkeys(dataset.class_names, 0), 0
    for row in dataset.frame.itertuples():
        file = dataset.directory / row.path.replace("images", "annotations").replace(".jpg", ".xml")
        wanted, kinds = [], []
        for node in ElementTree.parse(file).iter("object"):
            corners = [int(node.find("bndbox").find(side).text) for side in ("xmin", "ymin", "xmax", "ymax")]
            if corners[0] == corners[2]:
                points += 1
                continue
            wanted.append([corners[0] - 1, corners[1] - 1, corners[2], corners[3]])
            kinds.append(dataset.class_names.index(node.find("name").text))
            counts[node.find("name").text] += 1
        np.testing.assert_array_equal(row.boxes, wanted)
        np.testing.assert_array_equal(row.labels, kinds)
        assert not row.difficult.any()
    assert points == 2
    assert counts == {"Platelets": 361, "RBC": 4153, "WBC": 372}


def test_the_two_faults_of_the_source_are_the_two_that_are_left_out(dataset, mirror):
    folder = mirror / "bccd" / "BCCD"
    faults = check(
        read_voc(folder / "Annotations", folder / "JPEGImages", strict=False), folder / "JPEGImages"
    )
    assert [(fault.kind, fault.place.rpartition("/")[2]) for fault in faults] == [
        ("empty", "BloodImage_00338.xml:158"),
        ("empty", "BloodImage_00343.xml:50"),
    ]
    assert check(dataset.annotations(), dataset.directory) == []


#: Two pictures of one field in two divisions, and by how much the second is shifted: x and y in pixels.
TWICE = {
    (204, 277): (-70, 70),
    (205, 276): (-79, 201),
    (230, 257): (30, -44),
    (227, 260): (-48, -30),
    (386, 391): (-27, -8),
    (37, 38): (-3, 0),
    (166, 193): (-360, 214),
    (223, 263): (147, 28),
    (236, 253): (-3, -82),
    (244, 247): (147, -49),
}


def test_the_card_names_the_test_pictures_whose_field_stands_in_another_division_too(dataset):
    split = {int(row.path[-9:-4]): row.split for row in dataset.frame.itertuples()}
    in_test = {}
    for (first, second), (x, y) in TWICE.items():
        assert split[first] != split[second]
        parts = []
        for number, sign in ((first, 1), (second, -1)):
            path = dataset.directory / split[number] / "images" / f"BloodImage_{number:05d}.jpg"
            grey = read_image(path, channels=1)[..., 0]
            rows = slice(max(0, sign * y), 480 + min(0, sign * y))
            parts.append(grey[rows, max(0, sign * x) : 640 + min(0, sign * x)].ravel())
        assert np.corrcoef(*parts)[0, 1] > 0.9
        if "test" in (split[first], split[second]):
            mine, other = (first, second) if split[first] == "test" else (second, first)
            in_test[mine] = other, split[other]
    assert in_test == {
        205: (276, "train"),
        227: (260, "validation"),
        253: (236, "validation"),
        391: (386, "validation"),
    }
    about = cvlib.datasets.catalogue.read("bccd").about
    assert "205 shows a part of the train picture 276, and 227, 253 and 391 show parts of the" in about
    assert "validation pictures 260, 236 and 386" in about


def test_by_their_hashes_one_pair_is_in_two_divisions_and_none_in_test(dataset):
    leaks = splits.find_leaks(dataset.frame, dataset.directory)
    pairs = {
        frozenset(path.rpartition("_")[2] for path in pair) for pair in leaks[["path_a", "path_b"]].values
    }
    assert pairs == {frozenset({"00037.jpg", "00038.jpg"})}
    assert "test" not in {*leaks["split_a"], *leaks["split_b"]}
