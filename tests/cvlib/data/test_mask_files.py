"""What `check_masks` finds: every fault, by name, in one error; and what it says of a sound folder."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cvlib.data import check_masks
from cvlib.data.bad_rows import TableError

SIZE = (24, 30)


def save(path, array, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array, mode).save(path)


@pytest.fixture
def folder(tmp_path):
    """Four sound pairs, one picture deeper and one with two dots in its name."""
    rng = np.random.default_rng(0)
    for index, name in enumerate(["a", "b.2", "more/c", "d"]):
        picture = rng.integers(0, 256, (*SIZE, 3), np.uint8)
        save(tmp_path / "images" / f"{name}.{['jpg', 'png', 'jpeg', 'bmp'][index]}", picture)
        mask = np.zeros(SIZE, np.uint8)
        mask[: 6 * (index + 1)] = 1 + index % 2
        save(tmp_path / "masks" / f"{name}.png", mask)
    return tmp_path


def problems(folder, **options):
    with pytest.raises(TableError) as caught:
        check_masks(folder / "images", folder / "masks", **options)
    for name, reason in caught.value.problems:
        assert f"{name}: {reason}" in str(caught.value)
    return {name.replace(f"{folder}/", ""): reason for name, reason in caught.value.problems}


def test_a_sound_folder_gives_sizes_labels_and_shares(folder):
    found = check_masks(folder / "images", folder / "masks", classes=3).set_index("path")
    assert list(found.index) == ["a.jpg", "b.2.png", "d.bmp", "more/c.jpeg"]
    assert (found["height"] == SIZE[0]).all()
    assert (found["width"] == SIZE[1]).all()
    assert found["labels"].tolist() == [(0, 1), (0, 2), (2,), (0, 1)]
    np.testing.assert_allclose(found["foreground"], [6 / 24, 12 / 24, 1, 18 / 24])


def test_every_fault_is_named_at_once(folder):
    save(folder / "masks" / "a.png", np.ones((10, 12), np.uint8))
    colours = np.zeros((*SIZE, 3), np.uint8)
    colours[:, :9, 0] = 128
    save(folder / "masks" / "b.2.png", colours)
    (folder / "masks" / "more" / "c.png").unlink()
    save(folder / "masks" / "more" / "c.tif", np.full(SIZE, 0.5, np.float32))
    (folder / "masks" / "d.png").unlink()
    save(folder / "masks" / "stray.png", np.ones(SIZE, np.uint8))
    save(folder / "images" / "e.png", colours)
    save(folder / "masks" / "e.png", np.zeros(SIZE, np.uint8))
    save(folder / "images" / "f.png", colours)
    save(folder / "masks" / "f.png", np.full(SIZE, 3, np.uint8))
    save(folder / "masks" / "f.bmp", np.full(SIZE, 1, np.uint8))
    (folder / "images" / "g.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    save(folder / "masks" / "g.png", np.ones(SIZE, np.uint8))
    (folder / "images" / "h.png").write_text("<html>")
    (folder / "masks" / "h.png").write_bytes(b"")
    (folder / "masks" / ".hidden.png").write_bytes(b"")
    (folder / "masks" / "notes.txt").write_text("no mask")
    found = problems(folder, classes=3)
    assert "is 12×10 but its picture 30×24" in found.pop("masks/a.png")
    assert "colour image (RGB)" in found.pop("masks/b.2.png")
    assert "holds fractions (float)" in found.pop("masks/more/c.tif")
    assert "has no mask: there is no d.png" in found.pop("d.bmp")
    assert "is the mask of no picture" in found.pop("masks/stray.png")
    assert "is empty" in found.pop("masks/e.png")
    assert found.pop("masks/f.png") == "is a second mask beside f.bmp"
    assert "truncated" in found.pop("g.jpg")
    assert "not an image" in found.pop("h.png")
    assert "empty (0 bytes)" in found.pop("masks/h.png")
    assert not found


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([0, 255], {"classes": 2}, "holds the label 255 but classes=2 allows 0 and 1 .*divide it by 255"),
        ([0, 1, 3, 4], {"classes": 3}, "holds the labels 3, 4 but classes=3 allows 0 to 2"),
        (range(100), {"classes": 2}, "98 labels|and 93 more .*interpolation or saved as JPEG"),
        (range(100), {}, "holds 100 different values: grey levels, not labels"),
        ([0, 255], {"classes": 2, "ignore_index": 255}, "is empty"),
        ([0, 7, 255], {"classes": 2, "ignore_index": 255}, "label 7 but .* and ignore_index=255"),
    ],
)
def test_values_that_are_no_labels_are_told_apart(tmp_path, values, options, message):
    save(tmp_path / "images" / "a.png", np.zeros((20, 20, 3), np.uint8))
    save(tmp_path / "masks" / "a.png", np.resize(np.array(values, np.uint8), (20, 20)))
    with pytest.raises(TableError, match=message) as caught:
        check_masks(tmp_path / "images", tmp_path / "masks", **options)
    assert len(caught.value.problems) == 1


def test_an_empty_mask_passes_where_pictures_may_show_nothing(tmp_path):
    save(tmp_path / "images" / "a.png", np.zeros((20, 20, 3), np.uint8))
    save(tmp_path / "masks" / "a.png", np.zeros((20, 20), np.uint8))
    found = check_masks(tmp_path / "images", tmp_path / "masks", classes=2, allow_empty=True)
    assert found["foreground"].tolist() == [0]


def test_a_frame_is_checked_row_by_row(folder):
    frame = pd.DataFrame(
        {"path": ["images/a.jpg", "images/b.2.png"], "mask": ["masks/a.png", "masks/b.2.png"]}
    )
    assert len(check_masks(frame, directory=folder, classes=3)) == 2
    bad = pd.concat(
        [
            frame,
            pd.DataFrame(
                {
                    "path": ["images/d.bmp", "images/more/c.jpeg", "images/x.png"],
                    "mask": ["masks/a.png", None, "masks/x.png"],
                }
            ),
        ]
    )
    with pytest.raises(TableError) as caught:
        check_masks(bad, directory=folder, classes=3)
    found = dict(caught.value.problems)
    assert "is the mask of images/a.jpg and of images/d.bmp" in found["masks/a.png"]
    assert "has no mask" in found["images/more/c.jpeg"]
    assert "No such file" in found["images/x.png"]
    assert "there is no such mask" in found["masks/x.png"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"masks": None}, ValueError, "masks is missing"),
        ({"masks": "nowhere"}, FileNotFoundError, "masks must be a folder"),
        ({"images": "nowhere"}, FileNotFoundError, "images must be a folder"),
        ({"classes": 1}, ValueError, "mask_classes must be a whole number of at least 2, or None, got 1"),
        ({"images": pd.DataFrame({"path": ["a"]})}, ValueError, "images has no column 'mask'"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(folder, change, error, message):
    arguments = {"images": folder / "images", "masks": folder / "masks", **change}
    with pytest.raises(error, match=message.replace("mask_classes", "classes")):
        check_masks(**arguments)
