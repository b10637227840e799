import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cvlib.data import summary


@pytest.fixture
def folder(tmp_path):
    grey = np.full((30, 40), 100, np.uint8)
    Image.fromarray(grey).convert("RGB").save(tmp_path / "a.png")
    Image.fromarray(grey).save(tmp_path / "b.jpg")
    Image.fromarray(grey).convert("RGBA").save(tmp_path / "c.png")
    Image.fromarray(grey).convert("P").save(tmp_path / "d.png")
    Image.fromarray(grey.astype(np.uint16) * 256).save(tmp_path / "e.png")
    Image.fromarray(np.zeros((20, 10), np.uint8)).convert("RGB").save(tmp_path / "f.jpg", format="PNG")
    (tmp_path / "g.jpg").write_text("no picture at all")
    return tmp_path


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "path": ["a.png", "b.jpg", "c.png", "d.png", "e.png", "f.jpg", "g.jpg", "gone.png"],
            "label": ["cat"] * 5 + ["dog"] * 3,
            "split": ["train", "test"] * 4,
        }
    )


def test_a_summary_counts_classes_and_measures_pictures(folder, frame):
    found = summary.summarise(frame, folder)
    assert list(found.counts.columns) == ["train", "test"]
    assert found.counts.loc["cat"].tolist() == [3, 2]
    images = found.images.set_index("path")
    assert images["mode"].to_dict() == {
        "a.png": "colour",
        "b.jpg": "grey",
        "c.png": "transparent",
        "d.png": "palette",
        "e.png": "16-bit",
        "f.jpg": "colour",
    }
    assert images.loc["a.png", ["width", "height", "format"]].tolist() == [40, 30, "PNG"]
    assert images.brightness.tolist() == pytest.approx([100, 100, 100, 100, 100, 0], abs=1)
    assert found.misnamed == ["f.jpg"]
    assert [path for path, _ in found.unreadable] == ["g.jpg", "gone.png"]
    text = str(found)
    assert "8 images, 2 classes" in text
    assert "cat: 5 (62.5%)" in text
    assert "10×20 to 40×30" in text
    assert "unreadable: g.jpg: not an image: it holds text that begins 'no picture" in text


def test_a_large_set_is_sampled_with_every_class_in_it():
    names = ["common"] * 990 + ["rare"] * 10
    chosen = summary.sample(names, 100)
    assert len(chosen) == len(set(chosen)) == 100
    assert sum(chosen >= 990) in (1, 2)
    assert sum(summary.sample(names, 2) >= 990) == 1
    assert summary.sample(names, 100).tolist() == chosen.tolist()


def test_multi_label_rows_count_for_each_of_their_labels(folder):
    paths = ["a.png", "b.jpg", "c.png"]
    flags = pd.DataFrame({"path": paths, "sun": [1, 1, 0], "rain": [1, 0, 0]})
    assert summary.summarise(flags, folder).counts["images"].to_dict() == {"(none)": 1, "rain": 1, "sun": 2}
    tuples = pd.DataFrame({"path": paths, "label": [("sun", "rain"), ("sun",), ()]})
    assert summary.summarise(tuples, folder).counts.equals(summary.summarise(flags, folder).counts)
    several = pd.DataFrame({"path": paths, "age": ["old", "old", "new"], "coat": ["red"] * 3})
    assert summary.summarise(several, folder).counts["images"].to_dict() == {
        "age=new": 1,
        "age=old": 2,
        "coat=red": 3,
    }


def test_an_empty_frame_and_one_without_paths_are_refused(folder, frame):
    with pytest.raises(ValueError, match="the frame is empty"):
        summary.summarise(frame.iloc[:0], folder)
    with pytest.raises(ValueError, match="no column 'path'; it has 'file'"):
        summary.summarise(pd.DataFrame({"file": ["a.png"]}), folder)


def test_pictures_with_masks_are_one_class_and_a_label_called_mask_is_a_label(tmp_path):
    for name in ("a.png", "b.png"):
        Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(tmp_path / name)
    frame = pd.DataFrame({"path": ["a.png", "b.png"], "mask": ["m/a.png", "m/b.png"], "group": ["1", "2"]})
    assert summary.summarise(frame, tmp_path).counts.to_dict() == {"images": {"pictures with masks": 2}}
    frame = frame.assign(mask=["yes", "no"]).drop(columns="group")
    assert summary.summarise(frame, tmp_path).counts.to_dict() == {"images": {"no": 1, "yes": 1}}
