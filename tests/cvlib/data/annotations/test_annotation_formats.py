"""Every format keeps boxes: memory → file → memory, and file → memory → file."""

import itertools
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cvlib.data import annotations as labels
from cvlib.data.annotations import AnnotatedImage, Annotations

NAMES = ("cat", "dog & <co>", "œuf, dur", 'say "no"', "7")
quick = settings(max_examples=40, deadline=None)


def numbers(most, whole):
    hundredths = st.integers(0, most * 100).map(lambda value: value / 100)
    if whole is not None:
        return st.integers(0, most).map(float) if whole else hundredths
    return st.one_of(
        st.floats(0, most, allow_nan=False),
        hundredths,
        st.integers(0, most).map(float),
    )


@st.composite
def datasets(draw, whole=None, extras=()):
    """Valid labels, sides above two pixels; coordinates are floats, hundredths (whole=False) or whole."""
    images = []
    for index in range(draw(st.integers(1, 3))):
        height, width = draw(st.integers(8, 700)), draw(st.integers(8, 700))
        boxes = {}
        for _ in range(draw(st.integers(0, 4))):
            x, y = (
                sorted(draw(st.lists(numbers(side, whole), min_size=2, max_size=2)))
                for side in (width, height)
            )
            if x[1] - x[0] > 2 and y[1] - y[0] > 2:
                extra = {key: True for key in extras if draw(st.booleans())}
                boxes[(x[0], y[0], x[1], y[1])] = (draw(st.sampled_from(NAMES)), extra)
        classes, more = zip(*boxes.values()) if boxes else ((), ())
        images.append(AnnotatedImage(f"p{index}.png", list(boxes), classes, (height, width), more))
    return Annotations(images, NAMES)


def pictures(dataset, folder):
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    for image in dataset:
        Image.new("1", image.size[::-1]).save(folder / image.file)
    return folder


def voc(dataset, folder, **options):
    labels.write_voc(dataset, folder / "voc", **options)
    return labels.read_voc(folder / "voc", class_names=NAMES)


def yolo(dataset, folder, **options):
    images = pictures(dataset, folder / "images")
    labels.write_yolo(dataset, folder / "yolo", **options)
    return labels.read_yolo(folder / "yolo", images, folder / "yolo" / "data.yaml")


def coco(dataset, folder):
    labels.write_coco(dataset, folder / "coco.json")
    return labels.read_coco(folder / "coco.json")


def table(dataset, folder):
    labels.write_csv(dataset, folder / "boxes.csv")
    return labels.read_csv(folder / "boxes.csv", class_names=NAMES)


def corners(dataset, folder):
    labels.write_csv(dataset, folder / "corners.csv", corners=True)
    return labels.read_csv(folder / "corners.csv", class_names=NAMES)


def cvat(dataset, folder):
    labels.write_cvat(dataset, folder / "cvat.xml")
    return labels.read_cvat(folder / "cvat.xml")


EXACT = {"voc": voc, "coco": coco, "csv": table, "corners": corners, "cvat": cvat}


def same(a, b, atol=0.0):
    assert a.class_names == b.class_names
    assert [image.file for image in a] == [image.file for image in b]
    for one, other in zip(a, b):
        assert one.classes == other.classes
        assert one.size == other.size
        assert one.boxes.shape == other.boxes.shape
        assert np.abs(one.boxes - other.boxes).max(initial=0) <= atol


@pytest.mark.parametrize("via", EXACT)
@quick
@given(dataset=datasets())
def test_any_float_comes_back_to_the_last_bit(via, dataset):
    with tempfile.TemporaryDirectory() as folder:
        # COCO holds x2 − x1: where that has more digits than a float, x2 is the float beside it.
        same(EXACT[via](dataset, Path(folder)), dataset, atol=np.spacing(700) if via == "coco" else 0)


@quick
@given(dataset=datasets(whole=False))
def test_coco_keeps_hundredths_of_a_pixel_to_the_last_bit(dataset):
    with tempfile.TemporaryDirectory() as folder:
        same(coco(dataset, Path(folder)), dataset)


@quick
@given(dataset=datasets())
def test_yolo_keeps_boxes_to_its_six_decimals(dataset):
    with tempfile.TemporaryDirectory() as folder:
        # cx and w are each off by half a millionth at most: an edge by 0.75 millionths of the side.
        same(yolo(dataset, Path(folder)), dataset, atol=0.76e-6 * 700)


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(EXACT, 2)))
@settings(max_examples=8, deadline=None)
@given(dataset=datasets(whole=False))
def test_from_one_format_to_another_and_back_is_the_same_file(first, second, dataset):
    with tempfile.TemporaryDirectory() as folder:
        there, back = Path(folder, "1"), Path(folder, "2")
        again = EXACT[first](EXACT[second](EXACT[first](dataset, there), there), back)
        same(again, dataset)


@quick
@given(dataset=datasets(whole=True))
def test_whole_pixels_survive_voc_to_yolo_to_voc_as_the_same_bytes(dataset):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        again = voc(yolo(voc(dataset, folder), folder), folder / "again", decimals=0)
        same(again, dataset)
        for path in (folder / "voc").iterdir():
            assert path.read_bytes() == (folder / "again" / "voc" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("via", "extras"),
    [
        ("voc", ("difficult", "truncated", "occluded")),
        ("coco", ("crowd",)),
        ("csv", ("difficult", "truncated", "occluded", "crowd")),
        ("cvat", ("occluded",)),
    ],
)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_known_of_a_box_is_kept(via, extras, data):
    dataset = data.draw(datasets(extras=extras))
    with tempfile.TemporaryDirectory() as folder:
        found = EXACT[via](dataset, Path(folder))
        kept = [[{k: v for k, v in e.items() if k in extras} for e in image.extras] for image in found]
        assert kept == [list(image.extras) for image in dataset]


VOC = """<annotation><folder>f</folder><filename>a.jpg</filename><source><database>mine</database></source>
<size><width>640</width><height>480</height><depth>1</depth></size><segmented>0</segmented>
<object><name>cat</name><pose>Left</pose><truncated>1</truncated><difficult>1</difficult>
<bndbox><xmin>1</xmin><ymin>11</ymin><xmax>640</xmax><ymax>20.5</ymax></bndbox>
<part><name>ear</name><bndbox><xmin>3</xmin></bndbox></part></object></annotation>"""


def test_voc_counts_pixels_from_one_and_both_ends_in(tmp_path):
    (tmp_path / "a.xml").write_text(VOC)
    (image,) = found = labels.read_voc(tmp_path)
    assert image.boxes.tolist() == [[0, 10, 640, 20.5]]
    assert image.size == (480, 640)
    assert image.extras[0]["pose"] == "Left"
    labels.write_voc(found, tmp_path / "again")
    text = (tmp_path / "again" / "a.xml").read_text()
    for piece in ("<xmin>1<", "<ymax>20.5<", "<database>mine<", "<depth>1<", "<name>ear<", "<difficult>1<"):
        assert piece in text
    assert labels.read_voc(tmp_path / "again") == found


def test_coco_keeps_ids_crowds_outlines_and_areas(tmp_path):
    data = {
        "info": {"year": 2026},
        "images": [{"id": 74, "file_name": "a.jpg", "width": 640, "height": 480, "license": 3}],
        "annotations": [
            {
                "id": 1774,
                "image_id": 74,
                "category_id": 18,
                "bbox": [61.87, 276.25, 296.42, 103.18],
                "area": 18234.62,
                "iscrowd": 1,
                "segmentation": {"counts": [1, 2], "size": [480, 640]},
            }
        ],
        "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}, {"id": 21, "name": "cow"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(data))
    found = labels.read_coco(tmp_path / "a.json")
    assert found[0].boxes.tolist() == [[61.87, 276.25, 358.29, 379.43]]
    labels.write_coco(found, tmp_path / "b.json")
    assert json.loads((tmp_path / "b.json").read_text()) == data


def test_pycocotools_reads_what_we_write(tmp_path):
    from pycocotools.coco import COCO

    dataset = Annotations([AnnotatedImage("a.jpg", [[1, 2, 11, 7]], ["dog"], (20, 30))], ["cat", "dog"])
    labels.write_coco(dataset, tmp_path / "a.json")
    read = COCO(tmp_path / "a.json")
    assert read.loadAnns(read.getAnnIds(catIds=read.getCatIds(["dog"])))[0]["bbox"] == [1, 2, 10, 5]


def test_cvat_keeps_labels_order_depth_and_attributes(tmp_path):
    (tmp_path / "a.xml").write_text(
        """<annotations><version>1.1</version><meta><task><labels><label><name>b</name></label><label>
        <name>a</name></label></labels></task></meta><image id="5" name="s/x.jpg" width="40" height="30">
        <box label="a" occluded="1" source="manual" xtl="1.25" ytl="2.00" xbr="9.5" ybr="8" z_order="3">
        <attribute name="age">old</attribute></box></image></annotations>"""
    )
    found = labels.read_cvat(tmp_path / "a.xml")
    assert found.class_names == ("b", "a")
    assert found[0].boxes.tolist() == [[1.25, 2, 9.5, 8]]
    extra = {"occluded": True, "z_order": 3, "attributes": {"age": "old"}, "cvat": {"source": "manual"}}
    assert found[0].extras == (extra,)
    labels.write_cvat(found, tmp_path / "b.xml")
    assert labels.read_cvat(tmp_path / "b.xml") == found


@pytest.mark.parametrize(
    "text",
    [
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,30,20,cat,1,2,11,7\nb.jpg,30,20,,,,,\n",
        "\ufeffClass;Image Path;Left;Top;Right;Bottom;Width;Height\n"
        "cat;a.jpg;1;2;11;7;30;20\n;b.jpg;;;;;30;20\n",
        "path\tx1\ty1\tx2\ty2\tlabel\twidth\theight\n"
        "a.jpg\t1\t2\t11\t7\tcat\t30\t20\n\nb.jpg\t\t\t\t\t\t30\t20\n",
    ],
)
def test_csv_is_read_by_any_usual_header(tmp_path, text):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    first, second = labels.read_csv(tmp_path / "a.csv")
    assert (first.file, first.classes, first.size) == ("a.jpg", ("cat",), (20, 30))
    assert first.boxes.tolist() == [[1, 2, 11, 7]]
    assert (second.file, len(second)) == ("b.jpg", 0)


def test_csv_without_a_header_is_path_corners_class(tmp_path):
    (tmp_path / "a.csv").write_text("a.jpg,1,2,11,7,cat\nb.jpg,,,,,\n")
    first, second = labels.read_csv(tmp_path / "a.csv")
    assert (first.boxes.tolist(), first.classes, len(second)) == ([[1, 2, 11, 7]], ("cat",), 0)


@pytest.mark.parametrize("start", range(4))
def test_corners_may_start_anywhere_and_say_when_they_go_round_clockwise(start):
    walk = np.roll([(1, 2), (1, 8), (5, 8), (5, 2)], start, axis=0)
    found, clockwise = labels.from_corners([walk, walk[::-1]])
    assert found.tolist() == [[1, 2, 5, 8]] * 2
    assert clockwise.tolist() == [False, True]


def test_corners_that_are_no_upright_rectangle_are_all_named():
    good = [(0, 0), (0, 2), (2, 2), (2, 0)]
    crossed, leaning = [good[0], good[2], good[1], good[3]], [(0, 0), (0, 2), (2, 2), (2, 0.5)]
    with pytest.raises(ValueError, match="upright") as caught:
        labels.from_corners([good, crossed, leaning, [(1, 1)] * 4])
    for piece in ("corners[1]: ", "crosses itself", "corners[2]: ", "corners[3]: ", "has no area"):
        assert piece in str(caught.value)
    assert "corners[0]" not in str(caught.value)


def test_corners_in_a_csv_warn_of_the_lines_that_go_clockwise(tmp_path):
    head = ",".join(f"{axis}{n}" for n in (1, 2, 3, 4) for axis in "xy")
    (tmp_path / "a.csv").write_text(f"path,{head},class\na.jpg,1,2,5,2,5,8,1,8,cat\n")
    with pytest.warns(UserWarning, match=r"clockwise.*a\.csv:2"):
        found = labels.read_csv(tmp_path / "a.csv")
    assert found[0].boxes.tolist() == [[1, 2, 5, 8]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.yaml", "train: x\nnames:\n  0: cat\n  1: dog\n"),
        ("data.yml", "names: [cat, dog]\n"),
        ("obj.names", "cat\ndog\n\n"),
    ],
)
def test_yolo_names_come_from_any_of_its_files(tmp_path, name, text):
    (tmp_path / "labels").mkdir()
    Image.new("RGB", (20, 10)).save(tmp_path / "a.png")
    (tmp_path / "labels" / "a.txt").write_text("1 0.5 0.5 0.5 0.4\n")
    (tmp_path / name).write_text(text)
    found = labels.read_yolo(tmp_path / "labels", tmp_path, tmp_path / name)
    assert (found.class_names, found[0].classes, found[0].size) == (("cat", "dog"), ("dog",), (10, 20))
    assert np.allclose(found[0].boxes, [[5, 3, 15, 7]])


def test_a_turned_photograph_has_the_size_that_it_shows(tmp_path):
    turned = Image.new("RGB", (20, 10))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "a.jpg", exif=exif)
    from cvlib.data import read_image

    assert labels.image_size(tmp_path / "a.jpg") == (20, 10) == read_image(tmp_path / "a.jpg").shape[:2]


def test_truths_are_what_the_metric_takes():
    from cvlib.metrics.detection import mean_average_precision

    extras = [{}, {"difficult": True}, {"crowd": True, "area": 9.0}]
    boxes = [[0, 0, 10, 10], [20, 0, 40, 10], [0, 20, 30, 40]]
    image = AnnotatedImage("a.jpg", boxes, ["dog", "cat", "dog"], (50, 50), extras)
    dataset = Annotations([image, AnnotatedImage("b.jpg", [], [])], ["cat", "dog"])
    truths = dataset.truths()
    assert truths[0]["classes"].tolist() == [1, 0, 1]
    assert truths[0]["ignore"].tolist() == [False, True, False]
    assert truths[0]["crowd"].tolist() == [False, False, True]
    assert truths[0]["area"].tolist() == [100, 200, 9]
    found = [
        {"boxes": boxes[:1], "classes": [1], "scores": [0.9]},
        {"boxes": [], "classes": [], "scores": []},
    ]
    assert mean_average_precision(truths, found, ["cat", "dog"]).ap == pytest.approx(1, abs=1e-12)
    with pytest.raises(ValueError, match="class 'dog' is not in class_names"):
        Annotations([image], ["cat"]).truths()
