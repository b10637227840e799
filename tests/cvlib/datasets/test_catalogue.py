import importlib
import re
from pathlib import Path

import pytest

import cvlib.datasets
from cvlib.datasets import catalogue

CARD = """
title = "Pets"
task = "classification"
classes = ["cat", "dog"]
licence = "none"
citation = "none"
about = '''
Two
lines.'''
[source]
url = "https://example.org/pinned"
mirror = "pets"
"""
MANIFEST = "path,bytes,sha256,label,split\na/1.png,3,00,cat,train\na/2.png,4,11,dog,test\n"


@pytest.fixture
def cards(tmp_path):
    (tmp_path / "pets.toml").write_text(CARD)
    (tmp_path / "pets.csv").write_text(MANIFEST)
    return tmp_path


def test_a_card_and_its_manifest_are_read(cards):
    card = catalogue.read("pets", cards)
    assert card.name == "pets"
    assert card.about == "Two lines."
    assert card.simulator is None
    assert [file.place for file in card.files] == ["train/cat/1.png", "test/dog/2.png"]
    assert card.files[1] == catalogue.File("a/2.png", 4, "11", "dog", "test")


def test_the_key_of_a_card_changes_with_a_file_and_its_place_but_not_with_their_order(cards):
    before = catalogue.read("pets", cards).key
    lines = MANIFEST.splitlines()
    (cards / "pets.csv").write_text("\r\n".join([lines[0], lines[2], lines[1]]))
    assert catalogue.read("pets", cards).key == before
    (cards / "pets.csv").write_text(MANIFEST.replace("test", "train"))
    assert catalogue.read("pets", cards).key != before


def test_an_unknown_name_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match=r"there is no dataset 'face_masks'; .*did you mean 'face_mask'\?"):
        cvlib.datasets.load("face_masks")
    for function in (cvlib.datasets.verify, cvlib.datasets.describe):
        with pytest.raises(ValueError, match=r"there is no dataset 'x'; the catalogue has .*'face_mask'"):
            function("x")


@pytest.mark.parametrize(
    ("card", "manifest", "message"),
    [
        ("title = ", MANIFEST, "is not well formed"),
        (CARD.replace("licence", "license"), MANIFEST, "lacks licence"),
        (CARD.replace("[source]", "[origin]"), MANIFEST, r"lacks source\.mirror, source\.url"),
        (CARD, MANIFEST.replace("3,00", "three,00"), "line 2 is not path,bytes,sha256,label,split"),
        (CARD, "path,bytes\na,1\n", "line 2 is not path"),
        (CARD, MANIFEST + "b/1.png,3,00,cat,train\n", "line 4: .*repeated place"),
        (CARD, MANIFEST.replace("dog", "eel"), "line 3: unknown label"),
        (CARD, MANIFEST.replace("a/1", "../a/1"), "line 2: .*unsafe path"),
        (CARD, MANIFEST.replace("a/1", "/a/1"), "line 2: .*unsafe path"),
        (CARD, MANIFEST.replace("train", "../train"), "line 2: .*split"),
    ],
)
def test_a_card_that_is_wrong_says_where(cards, card, manifest, message):
    (cards / "pets.toml").write_text(card)
    (cards / "pets.csv").write_text(manifest)
    with pytest.raises(ValueError, match=message):
        catalogue.read("pets", cards)


@pytest.mark.parametrize("name", catalogue.names())
def test_every_card_of_the_catalogue_is_sound(name):
    card = catalogue.read(name)
    assert list(card.classes) == sorted(card.classes)
    drawn = (not card.files, not card.url, not card.mirror)
    assert all(drawn) or (not any(drawn) and re.search(r"/[0-9a-f]{40}$", card.url)), "not pinned to a commit"
    assert len({file.sha256 for file in card.files}) == len(card.files), "exact duplicates"
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) and file.bytes > 0 for file in card.files)
    labels = {"segmentation": ["", *card.classes[1:]], "detection": [""]}.get(card.task, card.classes)
    assert {(file.split, file.label) for file in card.files} == {
        (split, label) for split in ("train", "validation", "test") for label in labels if card.files
    }
    assert callable(importlib.import_module(card.simulator).make)
    text = cvlib.datasets.describe(name)
    for part in (card.title, card.licence, card.citation, card.url, *card.classes):
        assert part in text


def test_the_face_mask_split_is_70_10_20_in_both_classes():
    card = catalogue.read("face_mask")
    for label in card.classes:
        files = [file for file in card.files if file.label == label]
        for split, share in (("train", 0.7), ("validation", 0.1), ("test", 0.2)):
            assert sum(file.split == split for file in files) == pytest.approx(share * len(files), abs=1)


PAIRS = """path,bytes,sha256,label,split,group,picture,left,top
images/a.b.jpg,3,00,,train,7,,,
masks/1.png,4,11,lung,train,7,images/a.b.jpg,5,6
"""


def paired(folder, manifest):
    card = CARD.replace("classification", "segmentation").replace('["cat", "dog"]', '["background", "lung"]')
    (folder / "chests.toml").write_text(card)
    (folder / "chests.csv").write_text(manifest)
    return catalogue.read("chests", folder)


def test_a_card_of_pairs_knows_pictures_crops_and_groups(tmp_path):
    picture, crop = paired(tmp_path, PAIRS).files
    assert (picture.is_picture, picture.place, picture.group) == (True, "train/images/a.b.jpg", "7")
    assert (crop.is_picture, crop.label, crop.left, crop.top) == (False, "lung", 5, 6)


@pytest.mark.parametrize("change", [("5,6", "6,6"), ("lung", "background"), ("masks/1", "masks/2")])
def test_the_key_of_a_card_of_pairs_changes_with_the_place_and_class_of_a_crop(tmp_path, change):
    assert paired(tmp_path, PAIRS).key != paired(tmp_path, PAIRS.replace(*change)).key


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("5,6", "five,6"), "line 3 is not path,bytes,sha256,label,split,group,picture,left,top"),
        (("5,6", "-5,6"), "line 3 is not"),
        (("4,11,lung", "4,11,"), "line 3 is not"),
        (("4,11,lung", "4,11,liver"), "line 3: unknown label"),
        (("train,7,images", "train,,images"), "line 3 is not"),
    ],
)
def test_a_card_of_pairs_that_is_wrong_says_where(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        paired(tmp_path, PAIRS.replace(*change))


BOXED = """path,bytes,sha256,label,split
J/1.jpg,3,00,,train
A/1.xml,4,11,,train
"""


def boxed(folder, manifest, card=CARD):
    card = card.replace("classification", "detection")
    (folder / "cells.toml").write_text(card)
    (folder / "cells.csv").write_text(manifest)
    return catalogue.read("cells", folder)


def test_a_card_of_boxes_knows_pictures_from_their_labels(tmp_path):
    picture, labels = boxed(tmp_path, BOXED).files
    assert (picture.is_picture, picture.place) == (True, "train/images/1.jpg")
    assert (labels.is_picture, labels.place) == (False, "train/annotations/1.xml")
    with pytest.raises(ValueError, match="line 3: unknown label"):
        boxed(tmp_path, BOXED.replace("11,,", "11,cat,"))


def test_a_card_of_what_is_always_drawn_needs_a_simulator_and_no_manifest(tmp_path):
    card = CARD.replace("[source]", "#").replace("url =", "#").replace("mirror =", "#")
    with pytest.raises(ValueError, match=r"lacks source\.mirror, source\.url"):
        boxed(tmp_path, BOXED, card)
    with pytest.raises(ValueError, match="lacks simulator"):
        boxed(tmp_path, BOXED, card + 'source = "simulated"\n')
    drawn = boxed(tmp_path, BOXED, card + 'source = "simulated"\nsimulator = "some.module"\n')
    assert (drawn.files, drawn.url, drawn.simulator) == ((), "", "some.module")


def test_the_bccd_split_is_the_source_s_own():
    pictures = [file for file in catalogue.read("bccd").files if file.is_picture]
    counts = [sum(file.split == split for file in pictures) for split in ("train", "validation", "test")]
    assert counts == [205, 87, 72]


def test_the_lungs_split_is_70_10_20_and_divides_no_patient():
    pictures = [file for file in catalogue.read("lungs").files if file.is_picture]
    counts = [sum(file.split == split for file in pictures) for split in ("train", "validation", "test")]
    assert counts == [70, 10, 20]
    assert (
        len({(file.group, file.split) for file in pictures}) == len({file.group for file in pictures}) == 72
    )


def test_the_cards_travel_in_the_wheel():
    root = Path(cvlib.__file__).parents[1]
    if not (root / "pyproject.toml").is_file():
        pytest.skip("not a checkout")
    with open(root / "pyproject.toml", "rb") as file:
        setup = catalogue.tomllib.load(file)["tool"]["setuptools"]
    assert setup["package-dir"]["cvlib.datasets.cards"] == "datasets"
    patterns = setup["package-data"]["cvlib.datasets.cards"]
    shipped = {path for pattern in patterns for path in (root / "datasets").glob(pattern)}
    for name in catalogue.names():
        assert root / "datasets" / f"{name}.toml" in shipped
        assert root / "datasets" / f"{name}.csv" in shipped or not catalogue.read(name).files
    assert (root / "cvlib" / "datasets" / "cards").is_dir(), "setuptools finds the package by this folder"
