"""What the lung project's assignment promises: thresholds with margins, answers, pictures, hidden masks."""

import importlib.util
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from assignment_kit import graded_cells
from PIL import Image

from cvgrade import build


@pytest.fixture(scope="module")
def here(pytestconfig):
    return pytestconfig.rootpath / "assignments" / "src" / "mp2_lung_segmentation"


@pytest.fixture(scope="module")
def source(here):
    return build.read_source(here.parents[1], here.name)


@pytest.fixture(scope="module")
def runs(here):
    spec = importlib.util.spec_from_file_location("reference_runs_mp2", here / "reference_runs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def record(here):
    return json.loads((here / "reference_runs.json").read_text())


@pytest.fixture(scope="module")
def truth(here):
    with np.load(here.parents[1] / "hidden" / here.name / "truth" / "masks.npz") as file:
        return file["masks"]


def prose(source):
    return "\n".join(cell.source for cell in source.cells if cell.cell_type == "markdown")


def mean_dice(masks, truth):
    """By the definition, one picture after the other."""
    scores = [2 * np.sum((m > 0) & (t > 0)) / (np.sum(m > 0) + np.sum(t > 0)) for m, t in zip(masks, truth)]
    return float(np.mean(scores))


def test_thresholds_stand_clear_of_the_baselines_and_below_the_reference_runs(source, runs, record):
    assert record["runs"] >= 20
    assert record["thresholds"] == runs.THRESHOLDS
    values = sorted(runs.THRESHOLDS.values())
    assert values[0] >= max(record["baselines"].values()) + 0.04
    assert record["least"] >= values[-1] + 0.01
    for name, low in runs.THRESHOLDS.items():
        assert f"check.at_least(agreement(found).mean(), {low}," in graded_cells(source)[name].source
        assert f"| {low:.2f} | 2" in prose(source)


def test_the_files_handed_in_get_what_the_record_says(here, record, truth):
    kept = {}
    for path in (here / "handed_in").rglob("*.npz"):
        with np.load(path) as file:
            kept[path.stem] = file["masks"]
    assert mean_dice(kept["predictions"], truth) == pytest.approx(record["median"], abs=0.002)
    simple = record["baselines"]
    assert mean_dice(kept["everywhere"], truth) == pytest.approx(simple["lung everywhere"], abs=1e-4)
    assert mean_dice(kept["mean_mask"], truth) == pytest.approx(
        simple["mean of the training masks"], abs=1e-4
    )
    assert mean_dice(kept["brightness"], truth) == pytest.approx(
        simple["a share of the pixels where training masks often are"], abs=1e-4
    )
    assert mean_dice(kept["shuffled"], truth) < min(record["thresholds"].values()) - 0.05


def test_the_masks_that_are_hidden_are_those_of_the_test_pictures(here, truth):
    """Lungs are darker than what lies around them, in nearly every picture and not in another one's place."""
    files = sorted((here.parents[1] / "source" / here.name / "xrays" / "test").glob("*.jpg"))
    pictures = np.array([np.asarray(Image.open(path)) for path in files])
    assert pictures.shape == truth.shape == (60, 128, 128)
    assert set(np.unique(truth)) == {0, 1}

    def contrast(masks):
        rows = np.abs(np.diff(pictures.astype(float), axis=1)) * (np.diff(masks.astype(int), axis=1) != 0)
        return rows.sum(axis=(1, 2)) / (np.diff(masks.astype(int), axis=1) != 0).sum(axis=(1, 2))

    assert np.mean(contrast(truth) > contrast(np.roll(truth, 1, axis=0))) > 0.8


def test_the_pictures_ship_without_the_masks_of_the_test_pictures(here, truth):
    xrays = here.parents[1] / "source" / here.name / "xrays"
    names = [
        sorted(path.stem for path in (xrays / "sample" / kind).glob("*")) for kind in ("images", "masks")
    ]
    assert names[0] == names[1]
    assert len(names[0]) == 10
    modes = {Image.open(path).mode for path in (xrays / "sample" / "images").glob("*")}
    assert modes == {"L", "LA", "P", "RGB", "RGBA"}
    assert {Image.open(path).mode for path in (xrays / "sample" / "masks").glob("*")} == {
        "1", "L", "P", "RGB", "RGBA",
    }  # fmt: skip
    assert {path.name for path in xrays.iterdir()} == {"sample", "test"}
    assert all(path.suffix == ".jpg" for path in (xrays / "test").iterdir())
    assert sum(path.stat().st_size for path in xrays.rglob("*.*")) < 600_000


def test_the_cell_that_writes_the_masks_writes_what_the_tests_read(source, tmp_path, monkeypatch):
    import pandas as pd

    from cvlib import check

    monkeypatch.chdir(tmp_path)
    cell = next(cell for cell in source.cells if cell.id == "q14_hand_in")
    frame = pd.DataFrame(
        [("a.png", "ma.png", "train"), ("b.png", "mb.png", "train"), ("c.png", "mc.png", "validation")],
        columns=["path", "mask", "split"],
    )
    masks = np.random.default_rng(0).integers(0, 2, (5, 8, 8))
    seen = []
    space = {
        "TRAIN": True,
        "GRADING": True,
        "Path": Path,
        "np": np,
        "cvlib": SimpleNamespace(
            datasets=SimpleNamespace(load=lambda *_, **__: SimpleNamespace(directory=tmp_path, frame=frame))
        ),
        "train_and_predict": lambda train, validation: seen.append((train, validation)) or masks.tolist(),
    }
    exec(cell.source, space)
    assert not (tmp_path / "predictions.npz").exists()  # grading never trains
    exec(cell.source, {**space, "GRADING": False})
    np.testing.assert_array_equal(check.masks_file("predictions.npz", (5, 8, 8)), masks)
    ((train, validation),) = seen
    assert train == [(str(tmp_path / f"{n}.png"), str(tmp_path / f"m{n}.png")) for n in "ab"]
    assert validation == [(str(tmp_path / "c.png"), str(tmp_path / "mc.png"))]


def test_what_a_student_is_told_to_read_is_there(source, pytestconfig):
    told = "\n".join(cell.source for cell in graded_cells(source).values())
    named = set(re.findall(r"lesson (\d\d)[^“”\"\n]*“([^”]+)”", told))
    assert len(named) >= 8
    for number, part in named:
        for lesson in (pytestconfig.rootpath / "notebooks" / "src").glob(f"{number}_*.py"):
            assert re.search(rf"^# ##? .*{re.escape(part)}", lesson.read_text("utf-8"), re.MULTILINE), (
                f"lesson {number} has no part {part!r}"
            )
