"""A handed-in file of detections: read as it is meant, and every fault told with its row."""

import numpy as np
import pytest

from cvlib import check
from cvlib.metrics import mean_average_precision

FILES = ["a.jpg", "b.jpg", "c.jpg"]
NAMES = ["circle", "square"]
HEADER = "file,x1,y1,x2,y2,score,label"


def write(path, rows, header=HEADER):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def said(*arguments, **options):
    with pytest.raises(check.CheckFailed) as caught:
        check.detections_file(*arguments, **options)
    return str(caught.value)


def test_detections_are_read_picture_by_picture_in_the_order_asked_for(tmp_path):
    rows = ["c.jpg,1,2,3.5,4,0.25,square", "a.jpg, 0 ,0,[10],10,1,0", "c.jpg,-1,0,5,6,1e-3,1.0"]
    found = check.detections_file(write(tmp_path / "d.csv", rows), FILES, NAMES)
    assert [len(each["boxes"]) for each in found] == [1, 0, 2]
    assert found[2]["boxes"].tolist() == [[1, 2, 3.5, 4], [-1, 0, 5, 6]]
    assert found[2]["scores"].tolist() == [0.25, 0.001]
    assert found[2]["classes"].tolist() == [1, 1]
    assert found[0]["classes"].tolist() == [0]
    assert found[1]["boxes"].shape == (0, 4)


def test_columns_may_come_in_any_order_with_others_between(tmp_path):
    path = tmp_path / "d.csv"
    text = "﻿label,note,score,file,y2,x2,y1,x1\r\ncircle,x,0.5,b.jpg,8,6,2,1\r\n"
    path.write_bytes(text.encode())
    found = check.detections_file(path, FILES, NAMES)[1]
    assert found["boxes"].tolist() == [[1, 2, 6, 8]]


def test_what_is_read_is_what_average_precision_takes(tmp_path):
    rows = ["a.jpg,0,0,10,10,0.9,circle", "b.jpg,5,5,20,20,0.8,square"]
    found = check.detections_file(write(tmp_path / "d.csv", rows), FILES, NAMES)
    truths = [{"boxes": each["boxes"], "classes": each["classes"]} for each in found]
    assert mean_average_precision(truths, found, NAMES).ap50 == pytest.approx(1)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("d.jpg,0,0,1,1,0.5,circle", "row 3 of d.csv: 'd.jpg' is not a test image"),
        ("b.jpg,0,0,1,1,1.5,circle", "row 3 of d.csv: the score is out of range"),
        ("b.jpg,0,0,1,1,nan,circle", "the score is out of range"),
        ("b.jpg,0,0,one,1,0.5,circle", "row 3 of d.csv: x2 is no number"),
        ("b.jpg,0,0,1", "y2 is no number"),
        ("b.jpg,50,40,20,30,0.5,circle", "not left, top, width and height"),
        ("b.jpg,0,0,inf,1,0.5,circle", "that is no box"),
        ("b.jpg,5,5,5,9,0.5,circle", "that is no box"),
        ("b.jpg,0,0,400,300,0.5,circle", "far outside the picture"),
        ("b.jpg,0,0,1,1,0.5,star", "an unknown class"),
        ("b.jpg,0,0,1,1,0.5,2", "an unknown class"),
        ("b.jpg,0,0,1,1,0.5,0.5", "an unknown class"),
        ("b.jpg,0,0,1,1,0.5,nan", "an unknown class"),
    ],
)
def test_a_bad_row_of_detections_is_named(tmp_path, row, words):
    path = write(tmp_path / "d.csv", ["a.jpg,0,0,1,1,0.5,circle", row])
    assert words in said(path, FILES, NAMES, image_size=(96, 96))


def test_a_box_a_little_over_the_edge_passes(tmp_path):
    path = write(tmp_path / "d.csv", ["a.jpg,-4,0,101.5,96,0.5,circle"])
    assert np.allclose(check.detections_file(path, FILES, NAMES, (96, 96))[0]["boxes"], [[-4, 0, 101.5, 96]])


def test_more_boxes_than_a_picture_can_hold_are_refused(tmp_path):
    rows = ["a.jpg,0,0,1,1,0.5,circle"] * 100
    assert len(check.detections_file(write(tmp_path / "d.csv", rows), FILES, NAMES)[0]["boxes"]) == 100
    rows.append("a.jpg,0,0,1,1,0.5,circle")
    assert "non-maximum suppression is missing" in said(write(tmp_path / "d.csv", rows), FILES, NAMES)


def test_other_files_than_detections_are_refused(tmp_path):
    assert "was not run" in said(tmp_path / "none.csv", FILES, NAMES)
    assert "holds no box" in said(write(tmp_path / "d.csv", []), FILES, NAMES)
    assert "has other columns" in said(
        write(tmp_path / "d.csv", [], "file,x,y,w,h,score,label"), FILES, NAMES
    )
    (tmp_path / "d.csv").write_bytes(b"\xff\xfe\x00\x01" * 4)
    assert "is not a CSV" in said(tmp_path / "d.csv", FILES, NAMES)
    (tmp_path / "d.csv").write_bytes(HEADER.encode() + b"\n" + b"a" * 2_000_001)
    assert "too large" in said(tmp_path / "d.csv", FILES, NAMES)
