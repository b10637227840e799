"""The checker names every fault with its line; repair mends those that it can and says so."""

import json
import pickle

import numpy as np
import pytest
from PIL import Image

from cvlib.data import annotations as labels
from cvlib.data.annotations import AnnotatedImage, AnnotationError, Annotations


def dataset(boxes, classes=None, size=(100, 200), file="a.png", names=("cat", "dog"), **more):
    classes = ["cat"] * len(boxes) if classes is None else classes
    return Annotations([AnnotatedImage(file, boxes, classes, size, **more)], names)


def kinds(faults):
    return [(fault.kind, fault.repair is not None) for fault in faults]


@pytest.fixture
def folder(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (200, 100)).save(images / name)
    return images


@pytest.mark.parametrize(
    ("box", "expected", "mended"),
    [
        ([10, 10, 20, 20], [], [[10, 10, 20, 20]]),
        ([0, 0, 200, 100], [], [[0, 0, 200, 100]]),
        ([10, 10, 10, 20], [("empty", True)], []),
        ([20, 10, 10, 20], [("inverted", True)], [[10, 10, 20, 20]]),
        ([20, 20, 10, 10], [("inverted", True)], [[10, 10, 20, 20]]),
        ([-5, 10, 20, 20], [("outside", True)], [[0, 10, 20, 20]]),
        ([190, 90, 210, 140], [("outside", True)], [[190, 90, 200, 100]]),
        ([210, 10, 240, 20], [("outside", True)], []),
        ([240, 10, 190, 20], [("inverted", True), ("outside", True)], [[190, 10, 200, 20]]),
        ([0, 0, 200.00001, 100], [], [[0, 0, 200.00001, 100]]),
    ],
)
def test_a_box_is_judged_and_mended_by_its_numbers(box, expected, mended):
    given = dataset([box])
    assert kinds(labels.check(given)) == expected
    repaired, done = labels.repair(given)
    assert repaired[0].boxes.tolist() == mended
    assert [fault.kind for fault in done] == [kind for kind, _ in expected]
    assert labels.check(repaired) == []
    assert given[0].boxes.tolist() == [box]


def test_a_picture_may_have_a_point_in_its_name(tmp_path):
    """The label file of x.0.png is x.0.xml: the last point alone begins the extension."""
    (tmp_path / "images").mkdir()
    for name in ("x.0.png", "x.1.png"):
        Image.new("RGB", (200, 100)).save(tmp_path / "images" / name)
    whole = dataset([[10, 10, 20, 20]], file="x.0.png")
    labels.write_voc(whole, tmp_path / "voc")
    read = labels.read_voc(tmp_path / "voc", strict=False)
    assert labels.check(read, tmp_path / "images", every=False) == []
    assert labels.repair(read)[0][0].file == "x.0.png"
    text = (tmp_path / "voc" / "x.0.xml").read_text().replace("x.0.png", "x.1.png")
    (tmp_path / "voc" / "x.0.xml").write_text(text)
    faults = labels.check(labels.read_voc(tmp_path / "voc", strict=False), tmp_path / "images", every=False)
    assert [(fault.kind, fault.repair) for fault in faults] == [("name", "name it 'x.0.png'")]


def test_what_a_person_must_mend_is_left_alone():
    given = dataset([[1, 1, 9, 9], [1, 1, 9, 9], [2, 2, 8, 8]], ["cat", "dog", "cow"])
    assert kinds(labels.check(given)) == [("duplicate", False), ("class", False)]
    repaired, done = labels.repair(given)
    assert (repaired, done) == (given, [])


def test_a_box_written_twice_is_dropped_once_also_when_clipping_makes_it_so():
    given = dataset([[1, 1, 9, 9], [9, 1, 1, 9], [0, 90, 9, 120], [0, 90, 9, 130]])
    found = kinds(labels.check(given))
    assert found == [("inverted", True), ("duplicate", True), ("outside", True), ("outside", True)]
    repaired, done = labels.repair(given)
    assert repaired[0].boxes.tolist() == [[1, 1, 9, 9], [0, 90, 9, 100]]
    assert [fault.kind for fault in done] == ["inverted", "duplicate", "outside", "outside", "duplicate"]


def test_pictures_are_compared_with_their_files(folder):
    images = [
        AnnotatedImage("A.JPG", [[0, 0, 9, 9]], ["cat"], (100, 200)),
        AnnotatedImage("b.png", [[0, 0, 9, 9]], ["cat"], (200, 100)),
        AnnotatedImage("c.png", [[0, 0, 9, 9]], ["cat"], (100, 200)),
        AnnotatedImage("../a.png", [], []),
    ]
    Image.new("RGB", (20, 10)).save(folder / "d.png")
    given = Annotations(images, ["cat"])
    faults = labels.check(given, folder)
    assert kinds(faults) == [
        ("name", True),
        ("image_size", True),
        ("no_image", False),
        ("name", False),
        ("no_annotation", True),
    ]
    assert "width and height are swapped" in str(faults[1])
    repaired, _ = labels.repair(given, folder)
    assert [image.file for image in repaired] == ["a.png", "b.png", "c.png", "../a.png", "d.png"]
    assert [image.size for image in repaired] == [(100, 200), (100, 200), (100, 200), None, (10, 20)]
    assert kinds(labels.check(repaired, folder)) == [("no_image", False), ("name", False)]


def test_voc_faults_are_all_listed_with_file_and_line(tmp_path, folder):
    xml = tmp_path / "xml"
    xml.mkdir()
    (xml / "a.xml").write_text(
        """<annotation>
<filename>z.png</filename>
<size><width>200</width><height>90</height></size>
<object><name>cat</name>
<bndbox><xmin>5</xmin><ymin>5</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object>
<object><name>cow</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>201</xmax><ymax>100</ymax></bndbox></object>
<object><name>cat</name><bndbox><xmin>1</xmin><ymin>x</ymin><xmax>9</xmax></bndbox></object>
</annotation>"""
    )
    (xml / "b.xml").write_text("<annotation>\n<filename>b.png</annotation>")
    with pytest.raises(AnnotationError, match="faults in the labels") as caught:
        labels.read_voc(xml, folder, class_names=["cat", "dog"])
    found = {(fault.kind, fault.place.rpartition("/")[2]) for fault in caught.value.faults}
    assert found == {
        ("unreadable", "a.xml:7"),
        ("unreadable", "b.xml:2"),
        ("name", "a.xml:2"),
        ("image_size", "a.xml:2"),
        ("empty", "a.xml:4"),
        ("class", "a.xml:6"),
        ("outside", "a.xml:6"),
        ("no_annotation", "b.png"),
    }
    assert "<ymin> of 'cat' must be a number, got 'x'" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_name_that_a_list_asks_for_and_is_not_there_is_a_fault(tmp_path):
    (tmp_path / "train.txt").write_text("a\nb\n")
    (tmp_path / "a.xml").write_text("<annotation><filename>a.png</filename></annotation>")
    with pytest.raises(AnnotationError, match=r"train\.txt:2: there is no b\.xml") as caught:
        labels.read_voc(tmp_path, names=tmp_path / "train.txt")
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    "bomb",
    [
        '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]>\n<annotation>&c;</annotation>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>\n<annotation>&b;</annotation>',
        "<a>" * 60 + "</a>" * 60,
    ],
)
def test_hostile_xml_is_refused(tmp_path, bomb):
    (tmp_path / "a.xml").write_text(bomb)
    with pytest.raises(AnnotationError, match=r"document type|nested deeper"):
        labels.read_voc(tmp_path)
    with pytest.raises(AnnotationError, match=r"document type|nested deeper"):
        labels.read_cvat(tmp_path / "a.xml")


def test_yolo_faults_are_all_listed_with_file_and_line(tmp_path, folder):
    texts = tmp_path / "texts"
    texts.mkdir()
    lines = [
        "0 .5 .5 .2 .2",
        "7 .5 .5 .1 .1",
        "0 .5 .5 .2",
        "0 .5 nan .2 .2",
        "0 50 50 20 20",
        "0 1 .5 .2 .2",
    ]
    (texts / "a.txt").write_text("\n".join([*lines, "0 0.5 0.5 0 .2", lines[0], ""]))
    (texts / "c.txt").write_text("")
    with pytest.raises(AnnotationError) as caught:
        labels.read_yolo(texts, folder, ["cat", "dog"])
    found = sorted((fault.place.rpartition("/")[2], fault.kind) for fault in caught.value.faults)
    assert found == [
        ("a.txt:2", "class"),
        ("a.txt:3", "unreadable"),
        ("a.txt:4", "unreadable"),
        ("a.txt:5", "unreadable"),
        ("a.txt:6", "outside"),
        ("a.txt:7", "empty"),
        ("a.txt:8", "duplicate"),
        ("b.png", "no_annotation"),
        ("c.txt", "no_image"),
    ]


def test_coco_faults_name_the_id_and_the_index(tmp_path):
    good = {"image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5]}
    entries = [
        {"id": 5, **good},
        {"id": 6, **good, "bbox": [1, 1, -5, 5]},
        {"id": 7, **good, "image_id": 9},
        {"id": 8, **good, "category_id": 3},
        {"id": 9, **good, "bbox": [1, 1, 5]},
        {"id": 5, **good, "bbox": [2, 2, 5, 5]},
        {"id": 11, "image_id": 1, "category_id": 1},
    ]
    image = {"id": 1, "file_name": "a.png", "width": 20, "height": 20}
    text = {"images": [image], "annotations": entries, "categories": [{"id": 1, "name": "cat"}]}
    (tmp_path / "a.json").write_text(json.dumps(text))
    with pytest.raises(AnnotationError) as caught:
        labels.read_coco(tmp_path / "a.json")
    found = {(fault.kind, fault.place.partition(", ")[2]) for fault in caught.value.faults}
    assert found == {
        ("unreadable", "annotation 7 (annotations[2])"),
        ("unreadable", "annotation 9 (annotations[4])"),
        ("unreadable", "annotation 5 (annotations[5])"),
        ("unreadable", "annotation 11 (annotations[6])"),
        ("inverted", "annotation 6 (annotations[1])"),
        ("outside", "annotation 6 (annotations[1])"),
        ("class", "annotation 8 (annotations[3])"),
        ("duplicate", "annotation 8 (annotations[3])"),
    }


def test_csv_faults_name_the_line_also_after_a_quoted_line_break(tmp_path):
    (tmp_path / "a.csv").write_text(
        'path,x1,y1,x2,y2,class,width,height,note\na.png,1,1,9,9,cat,20,20,"two\nlines"\n'
        "a.png,1,1,q,9,cat,20,20,\na.png,1,1,30,9,cat,20,20,\na.png,1,1,8,9,cat,30,20,\n,1,1,8,9,cat,,,\n"
    )
    with pytest.raises(AnnotationError) as caught:
        labels.read_csv(tmp_path / "a.csv")
    found = [(fault.kind, fault.place.rpartition(":")[2]) for fault in caught.value.faults]
    assert found == [("unreadable", "4"), ("unreadable", "6"), ("unreadable", "7"), ("outside", "5")]


def test_cvat_faults_name_the_line_and_other_shapes_are_left_out_only_when_asked(tmp_path):
    (tmp_path / "a.xml").write_text(
        """<annotations><image name="a.png" width="20" height="20">
<box label="cat" xtl="1" ytl="1" xbr="9" ybr="9"/>
<polygon label="cat" points="1,1;2,2;3,1"/>
</image></annotations>"""
    )
    with pytest.raises(AnnotationError, match=r"a\.xml:3: a <polygon> in 'a.png': only boxes are read"):
        labels.read_cvat(tmp_path / "a.xml")
    assert len(labels.read_cvat(tmp_path / "a.xml", strict=False)[0]) == 1


def test_writing_refuses_paths_that_leave_the_folder_and_files_that_would_collide(tmp_path):
    for write in (labels.write_voc, labels.write_yolo):
        with pytest.raises(ValueError, match="leaves the folder"):
            write(dataset([[1, 1, 9, 9]], file="../a.png"), tmp_path / "out")
        twins = Annotations([AnnotatedImage(f"a.{end}", [], [], (9, 9)) for end in ("png", "jpg")], ["cat"])
        with pytest.raises(ValueError, match="would share a label file: 'a'"):
            write(twins, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("boxes", [[], np.zeros((0, 4)), [[1, 2, 3, 4]], np.array([[1, 2, 3, 4]], int)])
def test_boxes_may_be_lists_integers_or_none_at_all(boxes):
    image = AnnotatedImage("a.png", boxes, ["cat"] * len(boxes))
    assert image.boxes.dtype == np.float64
    assert image.boxes.shape == (len(boxes), 4)


@pytest.mark.parametrize(
    ("boxes", "classes", "message"),
    [
        ([[1, 2, 3]], ["cat"], r"boxes must be finite numbers \(N, 4\)"),
        ([[1, 2, 3, np.nan]], ["cat"], "finite"),
        ([[1, 2, 3, 4]], [], "classes must have one entry a box"),
        ([[1, 2, 3, 4]], "c", "classes must be a list of names"),
    ],
)
def test_labels_that_make_no_sense_are_refused(boxes, classes, message):
    with pytest.raises(ValueError, match=message):
        AnnotatedImage("a.png", boxes, classes)


@pytest.mark.real_data
def test_the_published_blood_cells_have_two_boxes_without_size_and_nothing_else(mirror):
    root = mirror / "bccd" / "BCCD"
    given = labels.read_voc(root / "Annotations", root / "JPEGImages", strict=False)
    assert (len(given), given.counts()) == (364, {"Platelets": 361, "RBC": 4155, "WBC": 372})
    faults = labels.check(given, root / "JPEGImages")
    found = {(fault.kind, fault.place.rpartition("/")[2]) for fault in faults}
    assert found == {("empty", "BloodImage_00338.xml:158"), ("empty", "BloodImage_00343.xml:50")}
    repaired, done = labels.repair(given, root / "JPEGImages")
    assert len(done) == 2
    assert repaired.counts()["RBC"] == 4153
    assert labels.check(repaired, root / "JPEGImages") == []
    names = root / "ImageSets" / "Main"
    sizes = {
        n: len(labels.read_voc(root / "Annotations", names=names / f"{n}.txt", strict=False))
        for n in ("test",)
    }
    assert sizes["test"] == len((names / "test.txt").read_text().split())


@pytest.mark.real_data
def test_published_coco_labels_come_back_as_the_same_values(mirror, tmp_path):
    source = mirror / "coco-eval" / "instances_val2014_100.json"
    labels.write_coco(labels.read_coco(source), tmp_path / "again.json")
    before, after = (json.loads(path.read_text()) for path in (source, tmp_path / "again.json"))
    for key in ("images", "annotations", "categories"):
        first, second = ({entry["id"]: entry for entry in data[key]} for data in (before, after))
        assert first == second
