import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cvlib import viz
from cvlib._opencv import cv2


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(12):
        image = rng.integers(0, 256, (20 + index, 30, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{index}.png"), image)
    return tmp_path


@pytest.fixture
def frame():
    return pd.DataFrame({"path": [f"{i}.png" for i in range(12)], "label": ["cat", "dog", "eel"] * 4})


def texts(figure):
    return {text.get_text().strip() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))}


def drawn(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def test_the_figure_shows_classes_sizes_modes_brightness_and_samples(folder, frame):
    figure = viz.explore(frame, folder, samples=3)
    assert drawn(figure).startswith(b"\x89PNG")
    assert {"classes", "sizes (dotted: square)", "modes and formats", "brightness", "colour PNG"} <= texts(
        figure
    )
    assert {"cat", "dog", "eel"} <= texts(figure)
    assert sum(len(axis.images) for axis in figure.axes) == 9


def test_a_dataset_brings_its_own_directory(folder, frame):
    dataset = SimpleNamespace(frame=frame.assign(split=["train", "test"] * 6), directory=folder)
    assert {"train", "test"} <= texts(viz.explore(dataset))


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.head(1),
        lambda frame: frame.assign(label=[f"class {i}" for i in range(12)]),
        lambda frame: frame[["path"]].assign(sun=[0, 1] * 6, rain=[1, 1, 0] * 4),
        lambda frame: pd.concat([frame, pd.DataFrame({"path": ["gone.png"], "label": ["cat"]})]),
    ],
    ids=["one image", "many classes", "multi-label", "a missing file"],
)
def test_unusual_sets_are_drawn_too(folder, frame, change):
    assert drawn(viz.explore(change(frame), folder))


def test_what_cannot_be_drawn_is_said(folder, frame):
    with pytest.raises(ValueError, match="directory is missing"):
        viz.explore(frame)
    with pytest.raises(ValueError, match=r"not one picture in .* can be read; the first is 0\.png"):
        viz.explore(frame, folder / "elsewhere")
