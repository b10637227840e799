"""Masks put together from crops: what lies where, in the cache and after damage."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from cvlib.data.reading import read_mask
from cvlib.datasets import catalogue, pairs, store


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def crop(height, width, inside):
    """A crop as it was published: colour on black, opaque everywhere."""
    array = np.zeros((height, width, 4), np.uint8)
    array[..., 3] = 255
    array[inside] = (187, 73, 73, 255)
    return png(array)


@pytest.fixture
def chests(tmp_path, monkeypatch):
    """A card of three pictures, one a split, with its files in a mirror; crops of two classes."""
    monkeypatch.setenv("CVLIB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CVLIB_MIRROR", str(tmp_path / "mirror"))
    files, rows = {}, []
    for number, split in enumerate(("train", "validation", "test")):
        path = f"images/x.{number}.png"
        files[path] = png(np.full((20, 30, 3), number, np.uint8))
        rows.append((path, "", split, str(number), "", 0, 0))
        files[f"masks/a{number}.png"] = crop(10, 6, np.s_[2:, :])
        rows.append((f"masks/a{number}.png", "lung", split, str(number), path, 3, 5))
        files[f"masks/b{number}.png"] = crop(4, 20, np.s_[:, 1:])
        rows.append((f"masks/b{number}.png", "heart", split, str(number), path, 8 - number, 12))
    for path, data in files.items():
        (tmp_path / "mirror" / "chests" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mirror" / "chests" / path).write_bytes(data)

    def card(rows):
        return catalogue.Card(
            name="chests",
            title="Chests",
            task="segmentation",
            classes=("background", "heart", "lung"),
            licence="none",
            citation="none",
            about="",
            url="https://example.org/pinned",
            mirror="chests",
            simulator=None,
            files=tuple(
                pairs.PairFile(
                    path,
                    len(files[path]),
                    hashlib.sha256(files[path]).hexdigest(),
                    label,
                    split,
                    group,
                    of,
                    x,
                    y,
                )
                for path, label, split, group, of, x, y in rows
            ),
        )

    return card, rows


def test_a_mask_is_its_crops_at_their_places_the_later_over_the_earlier(chests):
    card, rows = chests
    dataset = store.load_card(card(rows))
    assert dataset.frame.to_dict("list") == {
        "path": ["train/images/x.0.png", "validation/images/x.1.png", "test/images/x.2.png"],
        "mask": ["train/masks/x.0.png", "validation/masks/x.1.png", "test/masks/x.2.png"],
        "split": ["train", "validation", "test"],
        "group": ["0", "1", "2"],
    }
    for number, mask in enumerate(dataset.frame["mask"]):
        wanted = np.zeros((20, 30, 1), np.uint8)
        wanted[7:15, 3:9] = 2
        wanted[12:16, 9 - number : 28 - number] = 1
        np.testing.assert_array_equal(read_mask(dataset.directory / mask), wanted)
    test = dataset.split("test")
    assert test.frame[["path", "mask"]].values.tolist() == [["images/x.2.png", "masks/x.2.png"]]
    assert (test.directory / "masks" / "x.2.png").is_file()
    kinds = {path.parent.name for path in dataset.directory.rglob("*.png")}
    assert kinds == {"images", "masks"}, "the crops are not left behind"


@pytest.mark.parametrize("place", ["train/images/x.0.png", "train/masks/x.0.png"])
def test_a_damaged_picture_or_mask_is_found_and_made_anew(chests, place):
    card, rows = chests
    card = card(rows)
    directory = store.load_card(card).directory
    before = (directory / place).read_bytes()
    (directory / place).write_bytes(before + b"!")
    assert [place in fault for fault in store.verify_card(card)] == [True]
    store.load_card(card)
    assert (directory / place).read_bytes() == before
    assert store.verify_card(card) == []


def test_a_crop_that_moves_in_the_manifest_moves_in_the_mask(chests):
    card, rows = chests
    directory = store.load_card(card(rows)).directory
    before = read_mask(directory / "train/masks/x.0.png")
    rows[1] = (*rows[1][:5], 4, 5)
    after = read_mask(store.load_card(card(rows)).directory / "train/masks/x.0.png")
    assert (before == 2).sum() != 0
    np.testing.assert_array_equal((after == 2)[:12, 1:], (before == 2)[:12, :-1])


def test_a_crop_that_does_not_fit_is_named_and_nothing_half_made_is_taken_for_the_dataset(chests):
    card, rows = chests
    rows[1] = (*rows[1][:5], 25, 5)
    with pytest.raises(RuntimeError, match=r"masks/a0.png is 6×10 .* images/x.0.png, 30×20, at \(25, 5\)"):
        store.load_card(card(rows))
    with pytest.raises(FileNotFoundError, match="nothing of chests is in the cache"):
        store.verify_card(card(rows))


def test_a_simulator_that_forgets_a_mask_is_refused(tmp_path, chests):
    card, rows = chests
    for split in ("train", "validation", "test"):
        for kind in ("images", "masks"):
            (tmp_path / split / kind).mkdir(parents=True)
            (tmp_path / split / kind / "p1-day0.png").touch()
    pairs.check_layout(card(rows), tmp_path)
    (tmp_path / "test" / "masks" / "p1-day0.png").unlink()
    with pytest.raises(RuntimeError, match="made no pairs for test: p1-day0"):
        pairs.check_layout(card(rows), tmp_path)
