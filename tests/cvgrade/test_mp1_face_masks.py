"""What the mini-project's assignment promises: thresholds with margins, pictures without labels."""

import importlib.util
import json
import re

import numpy as np
import pytest
from assignment_kit import graded_cells

from cvgrade import build


@pytest.fixture(scope="module")
def here(pytestconfig):
    return pytestconfig.rootpath / "assignments" / "src" / "mp1_face_masks"


@pytest.fixture(scope="module")
def source(here):
    return build.read_source(here.parents[1], here.name)


@pytest.fixture(scope="module")
def runs(here):
    spec = importlib.util.spec_from_file_location("reference_runs", here / "reference_runs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def record(here):
    return json.loads((here / "reference_runs.json").read_text())


def test_thresholds_stand_clear_of_the_baselines_and_below_the_reference_runs(source, runs, record):
    assert record["runs"] >= 20
    assert record["thresholds"] == runs.THRESHOLDS
    values = sorted(runs.THRESHOLDS.values())
    assert values[0] >= max(record["baselines"].values()) + 0.04
    assert record["least"] >= values[-1]
    for name, low in runs.THRESHOLDS.items():
        assert f"check.at_least(accuracy, {low}," in graded_cells(source)[name].source
        text = "\n".join(cell.source for cell in source.cells if cell.cell_type == "markdown")
        assert f"| {low:.0%}".replace("%", " %") in text


def test_the_record_belongs_to_the_labels_in_the_notebook(here, runs, record):
    truth = runs.truth()
    assert truth.mean() == pytest.approx(0.5)
    kept = {}
    for path in (here / "handed_in").rglob("*.csv"):
        rows = path.read_text().splitlines()[1:]
        kept[path.name] = np.mean((np.array([float(row.split(",")[1]) for row in rows]) > 0.5) == truth)
    assert kept["predictions.csv"] == pytest.approx(record["median"], abs=0.011)
    assert kept["raw_pixels.csv"] == pytest.approx(record["baselines"]["logistic regression, raw pixels"])
    assert kept["wrong_way_round.csv"] < 0.35
    assert 0.35 < kept["shuffled.csv"] < 0.62


def test_one_set_of_labels_stands_in_every_band(here):
    labels = re.findall(r"0x[0-9a-fA-F]{50}\b", (here / "notebook.py").read_text())
    assert len(labels) == 3
    assert len(set(labels)) == 1


def test_the_pictures_ship_without_their_labels(here):
    faces = here.parents[1] / "source" / here.name / "faces"
    assert len(list((faces / "test").glob("*.jpg"))) == 200
    assert {path.parent.name for path in (faces / "sample").glob("*/*")} == {"with_mask", "without_mask"}
    assert sum(path.stat().st_size for path in faces.rglob("*.jpg")) < 2_000_000


def test_the_cell_that_writes_the_predictions_writes_what_the_tests_read(source, here, tmp_path, monkeypatch):
    from pathlib import Path
    from types import SimpleNamespace

    from cvlib import check

    monkeypatch.chdir(tmp_path)
    cell = next(cell for cell in source.cells if cell.id == "q12_hand_in")
    files = [f"{number:03d}.jpg" for number in range(5)]
    space = {
        "TRAIN": True,
        "GRADING": True,
        "TEST_FILES": files,
        "Path": Path,
        "np": np,
        "cvlib": SimpleNamespace(
            datasets=SimpleNamespace(load=lambda *_, **__: SimpleNamespace(directory=tmp_path))
        ),
        "train_and_predict": lambda train, validation: np.linspace(0, 1, 5)[:, None],
    }
    exec(cell.source, space)
    assert not (tmp_path / "predictions.csv").exists()  # grading never trains
    exec(cell.source, {**space, "GRADING": False})
    assert np.allclose(check.predictions_file("predictions.csv", files), np.linspace(0, 1, 5))
