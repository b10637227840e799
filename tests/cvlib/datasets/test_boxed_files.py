"""Detection datasets: pictures and their Pascal VOC files in the cache, as a table and as annotations."""

import hashlib
import io
import types

import numpy as np
import pytest
from PIL import Image

import cvlib
from cvlib.data.annotations import AnnotationError, check
from cvlib.datasets import boxed, catalogue, store

LABEL = """<annotation>
\t<filename>{name}.png</filename>
\t<size><width>30</width><height>20</height><depth>3</depth></size>
\t{objects}
</annotation>
"""
OBJECT = (
    "<object><name>{}</name><difficult>{}</difficult><bndbox><xmin>{}</xmin><ymin>{}</ymin>"
    "<xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)


def png(value):
    buffer = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), value, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def cells(tmp_path, monkeypatch):
    """A card of three pictures, one a split, with its files in a mirror; one box is a mere click."""
    monkeypatch.setenv("CVLIB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CVLIB_MIRROR", str(tmp_path / "mirror"))
    objects = [
        OBJECT.format("red", 0, 1, 1, 10, 20) + OBJECT.format("white", 1, 5, 6, 8, 9),
        OBJECT.format("red", 0, 7, 7, 7, 7),
        "",
    ]
    files = []
    for number, split in enumerate(("train", "validation", "test")):
        text = LABEL.format(name=f"x.{number}", objects=objects[number])
        for path, data in ((f"P/x.{number}.png", png(number)), (f"L/x.{number}.xml", text.encode())):
            target = tmp_path / "mirror" / "cells" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            files.append(boxed.BoxFile(path, len(data), hashlib.sha256(data).hexdigest(), "", split))
    return catalogue.Card(
        name="cells",
        title="Cells",
        task="detection",
        classes=("red", "white"),
        licence="none",
        citation="none",
        about="",
        url="https://example.org/pinned",
        mirror="cells",
        simulator=None,
        files=tuple(files),
    )


def test_a_row_of_the_table_is_a_picture_with_its_boxes_labels_and_what_is_difficult(cells):
    dataset = store.load_card(cells)
    frame = dataset.frame
    assert frame["path"].tolist() == [
        "train/images/x.0.png",
        "validation/images/x.1.png",
        "test/images/x.2.png",
    ]
    assert frame["split"].tolist() == ["train", "validation", "test"]
    np.testing.assert_array_equal(frame["boxes"][0], [[0, 0, 10, 20], [4, 5, 8, 9]])
    assert (frame["boxes"][0].dtype, frame["labels"][0].dtype) == (np.float32, np.int32)
    assert frame["labels"][0].tolist() == [0, 1]
    assert frame["difficult"][0].tolist() == [False, True]
    for row in (1, 2):  # the click, and the picture without an object
        assert frame["boxes"][row].shape == (0, 4)
        assert frame["labels"][row].shape == (0,)
    assert (dataset.directory / "train" / "annotations" / "x.0.xml").is_file()
    assert len(dataset) == 3


def test_annotations_are_the_rows_of_the_table_and_sound(cells):
    dataset = store.load_card(cells)
    labels = dataset.annotations()
    assert [image.file for image in labels] == dataset.frame["path"].tolist()
    assert labels.class_names == ("red", "white")
    assert labels.counts() == {"red": 1, "white": 1}
    assert check(labels, dataset.directory) == []
    for image, boxes in zip(labels, dataset.frame["boxes"]):
        np.testing.assert_array_equal(image.boxes, boxes)
    truths = labels.truths()
    assert truths[0]["ignore"].tolist() == [False, True]
    assert truths[0]["classes"].tolist() == [0, 1]


def test_a_split_has_a_directory_of_its_own_with_the_same_boxes(cells):
    test = store.load_card(cells, split="train")
    assert test.frame["path"].tolist() == ["images/x.0.png"]
    assert check(test.annotations(), test.directory) == []
    assert test.annotations().counts() == {"red": 1, "white": 1}
    batch, targets = cvlib.ImageDataGenerator().flow_from_dataframe(
        test.frame, test.directory, x_col="path", boxes="boxes", labels="labels", target_size=(40, 60)
    )[0]
    assert batch.shape == (1, 40, 60, 3)
    np.testing.assert_allclose(targets["boxes"][0], [[0, 0, 20, 40], [8, 10, 16, 18]])
    np.testing.assert_array_equal(targets["labels"], [[0, 1]])


@pytest.mark.parametrize("place", ["train/images/x.0.png", "train/annotations/x.0.xml"])
def test_a_damaged_picture_or_label_file_is_found_and_fetched_again(cells, place):
    directory = store.load_card(cells).directory
    assert store.verify_card(cells) == []
    before = (directory / place).read_bytes()
    (directory / place).write_bytes(before[:-1])
    assert [str(directory / place) in fault for fault in store.verify_card(cells)] == [True]
    store.load_card(cells)
    assert (directory / place).read_bytes() == before


def test_labels_that_cannot_be_read_name_their_file(cells):
    directory = store.load_card(cells).directory
    (directory / "train" / "annotations" / "x.0.xml").write_text("<annotation>")
    with pytest.raises(AnnotationError, match=r"annotations/x\.0\.xml"):
        boxed.read(directory, ["train/images/x.0.png"], ("red", "white"))


def test_a_dataset_without_boxes_has_no_annotations():
    with pytest.raises(ValueError, match="face_mask has no boxes: it is a dataset for classification"):
        cvlib.datasets.load("face_mask", source="synthetic").annotations()


def test_what_is_always_drawn_comes_so_whatever_is_wished_and_says_why_it_cannot_be_real(monkeypatch):
    for wish in ("", "real", "auto", "synthetic"):
        monkeypatch.setenv("CVLIB_DATA", wish)
        assert cvlib.datasets.load("shapes").source == "synthetic"
    with pytest.raises(ValueError, match="shapes is drawn: there are no real pictures of it"):
        cvlib.datasets.load("shapes", source="real")
    text = cvlib.datasets.describe("shapes")
    assert "drawn at the first call" in text
    assert "source     simulated" in text


def forgetful(what):
    """A simulator that leaves something out."""

    def make(directory, seed=0):
        for split in ("train", "validation", "test"):
            (directory / split / "images").mkdir(parents=True)
            (directory / split / "annotations").mkdir()
            if (what, split) == ("picture", "test"):
                continue
            (directory / split / "images" / "0.png").write_bytes(png(0))
            if (what, split) == ("labels", "validation"):
                continue
            kinds = ["red"] if (what, split) == ("class", "test") else ["red", "white"]
            objects = "".join(OBJECT.format(kind, 0, 1, 1, 9 + len(kind), 9) for kind in kinds)
            text = LABEL.format(name="0", objects=objects)
            (directory / split / "annotations" / "0.xml").write_text(text)

    return types.SimpleNamespace(make=make)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("picture", "made no labelled pictures for test: no picture"),
        ("labels", "made no labelled pictures for validation: 0"),
        ("class", "made 0 white boxes for test"),
    ],
)
def test_a_simulator_that_forgets_something_is_refused(cells, what, message, tmp_path):
    card = catalogue.Card(**{**vars(cells), "simulator": "a.simulator"})
    forgetful(what).make(tmp_path / "made")
    with pytest.raises(RuntimeError, match=message):
        boxed.check_layout(card, tmp_path / "made")
    forgetful(None).make(tmp_path / "whole")
    boxed.check_layout(card, tmp_path / "whole")
