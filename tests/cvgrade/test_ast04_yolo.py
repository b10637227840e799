"""What the assignment on YOLO promises: points, thresholds with margins, answers, pictures without boxes."""

import importlib.util
import json

import numpy as np
import pytest
from assignment_kit import graded_cells

from cvgrade import build
from cvlib import check

NAMES = ("circle", "square", "triangle")


@pytest.fixture(scope="module")
def here(pytestconfig):
    return pytestconfig.rootpath / "assignments" / "src" / "ast04_yolo"


@pytest.fixture(scope="module")
def source(here):
    return build.read_source(here.parents[1], here.name)


@pytest.fixture(scope="module")
def record(here):
    return json.loads((here / "reference_runs.json").read_text())


def module_in(here, name):
    spec = importlib.util.spec_from_file_location(name, here / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def runs(here):
    return module_in(here, "reference_runs")


@pytest.fixture(scope="module")
def grading(source):
    """What the notebook's cell about grading defines."""
    space = {"np": np, "CLASSES": NAMES}
    exec(next(cell.source for cell in source.cells if cell.id == "q10_grading"), space)
    return space


@pytest.fixture(scope="module")
def truths(runs, grading):
    return grading["unpacked"](runs.packed_truth())


def text_of(source):
    return "\n".join(cell.source for cell in source.cells if cell.cell_type == "markdown")


def test_thresholds_stand_clear_of_the_baselines_and_below_the_reference_runs(source, runs, record):
    assert record["runs"] >= 20
    assert record["thresholds"] == runs.THRESHOLDS
    values = sorted(runs.THRESHOLDS.values())
    assert values[0] >= max(record["baselines"].values()) + 0.04
    assert record["least"] >= values[-1] + 0.03
    text = text_of(source)
    for name, low in runs.THRESHOLDS.items():
        assert f"check.at_least(precision, {low:.2f}," in graded_cells(source)[name].source
        assert f"| {low:.2f} |" in text
    assert f"gets {max(record['baselines'].values()):.2f} without any training" in text


def test_the_record_belongs_to_the_boxes_in_the_notebook(here, record, grading, truths):
    files = [f"{number:03d}.jpg" for number in range(120)]
    kept = {}
    for path in (here / "handed_in").rglob("*.csv"):
        if path.name != "network_pixels.csv":  # refused before it is graded
            found = check.detections_file(path, files, NAMES, image_size=(96, 96))
            kept[path.name] = grading["graded"](truths, found)
    assert kept["detections.csv"][0] == pytest.approx(record["median"], abs=0.02)
    best = record["baselines"]["colours, and how full the box is"]
    assert kept["no_training.csv"][0] == pytest.approx(best, abs=0.005)
    assert "labels are indices" in kept["other_classes.csv"][1]
    assert "x and y are swapped" in kept["swapped.csv"][1]
    assert "lower the least score" in kept["only_the_surest.csv"][1]


def test_slips_that_no_sample_file_has_are_named_too(here, grading, truths):
    files = [f"{number:03d}.jpg" for number in range(120)]
    found = check.detections_file(here / "handed_in" / "detections.csv", files, NAMES)
    graded, changed = grading["graded"], grading["changed"]

    def hint(**columns):
        return graded(truths, changed(found, **columns))[1]

    assert "twice too large" in hint(boxes=lambda b, s, c: 2 * b)
    assert "too small" in hint(boxes=lambda b, s, c: b / 2)
    assert "too small" in hint(boxes=lambda b, s, c: b / 96)
    assert "width and height" in hint(boxes=lambda b, s, c: np.hstack([b[:, :2], b[:, 2:] - b[:, :2]]))
    assert "wrong way round" in hint(scores=lambda b, s, c: 1 - s)
    assert "order of TEST_FILES" in graded(truths, found[::-1])[1]


def test_the_boxes_are_packed_and_unpacked_exactly(here, grading):
    rng = np.random.default_rng(4)
    given = []
    for count in (2, 0, 0, 5, 1, 0):
        boxes = rng.integers(0, 97, (count, 4)).astype("float32")
        given.append((boxes, rng.integers(0, 3, count), rng.random(count) < 0.3))
    found = grading["unpacked"](module_in(here, "draw_pictures").packed(given))
    assert len(found) == len(given)
    for (boxes, labels, difficult), one in zip(given, found):
        assert one["boxes"].tolist() == boxes.tolist()
        assert one["classes"].tolist() == labels.tolist()
        assert one["ignore"].tolist() == difficult.tolist()


def test_one_set_of_boxes_stands_in_every_band(runs, truths):
    assert len(runs.packed_truth()) > 1000  # it refuses bands that differ
    assert len(truths) == 120
    assert {int(label) for one in truths for label in one["classes"]} == {0, 1, 2}
    for one in truths:
        assert (one["boxes"][:, 2:] > one["boxes"][:, :2]).all()
        assert (one["boxes"] <= 96).all()


def test_the_pictures_ship_without_their_boxes(here):
    shapes = here.parents[1] / "source" / here.name / "shapes"
    assert sorted(path.name for path in shapes.iterdir()) == [f"{number:03d}.jpg" for number in range(120)]
    assert sum(path.stat().st_size for path in shapes.iterdir()) < 500_000


def test_the_cell_that_writes_the_detections_writes_what_the_tests_read(source, tmp_path, monkeypatch):
    from pathlib import Path
    from types import SimpleNamespace

    monkeypatch.chdir(tmp_path)
    cell = next(cell for cell in source.cells if cell.id == "q10_hand_in")
    files = ["000.jpg", "001.jpg", "002.jpg"]
    found = [
        (np.array([[1, 2, 30, 40.04], [5, 6, 7, 8]], "float32"), np.array([0.9, 0.1]), np.array([2, 0])),
        (np.zeros((0, 4)), np.zeros(0), np.zeros(0, int)),
        ([[0, 0, 96, 96]], [0.5], [1]),
    ]
    dataset = SimpleNamespace(split=lambda name: name)
    space = {
        "TRAIN": True,
        "GRADING": True,
        "TEST_FILES": files,
        "CLASSES": NAMES,
        "Path": Path,
        "cvlib": SimpleNamespace(datasets=SimpleNamespace(load=lambda *_, **__: dataset)),
        "train_and_predict": lambda train, validation: found,
    }
    exec(cell.source, space)
    assert not (tmp_path / "detections.csv").exists()  # grading never trains
    exec(cell.source, {**space, "GRADING": False})
    read = check.detections_file("detections.csv", files, NAMES, image_size=(96, 96))
    assert np.allclose(read[0]["boxes"], found[0][0], atol=0.05)
    assert read[0]["classes"].tolist() == [2, 0]
    assert [len(one["scores"]) for one in read] == [2, 0, 1]
