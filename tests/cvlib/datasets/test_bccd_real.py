"""The blood cells as they were published: whole, divided by the source's own lists, and as its tables say."""

from xml.etree import ElementTree

import numpy as np
import pytest

import cvlib.datasets
from cvlib.data import splits
from cvlib.data.annotations import check, read_voc

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


def test_no_test_picture_has_a_near_duplicate_elsewhere_and_the_one_that_is_there_is_known(dataset):
    leaks = splits.find_leaks(dataset.frame, dataset.directory)
    pairs = {
        frozenset(path.rpartition("_")[2] for path in pair) for pair in leaks[["path_a", "path_b"]].values
    }
    assert pairs == {frozenset({"00037.jpg", "00038.jpg"})}
    assert "test" not in {*leaks["split_a"], *leaks["split_b"]}
