import numpy as np
import pytest

from cvlib._opencv import cv2
from cvlib.data import duplicates
from cvlib.data.reading import ImageReadError


def picture(seed=0, size=(200, 160)):
    """Smooth blobs: a picture with structure at every scale, unlike white noise."""
    rng = np.random.default_rng(seed)
    image = np.zeros((*size, 3), np.float32)
    for cells in (3, 7, 15):
        image += cv2.resize(rng.random((cells, cells, 3), dtype=np.float32), size[::-1]) / cells**0.5
    return (255 * image / image.max()).astype(np.uint8)


def jpeg(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("smaller", lambda image: cv2.resize(image, (80, 100), interpolation=cv2.INTER_AREA)),
        ("larger", lambda image: cv2.resize(image, (400, 500), interpolation=cv2.INTER_CUBIC)),
        ("recompressed", lambda image: jpeg(image, 30)),
        ("darker", lambda image: (image * 0.6).astype(np.uint8)),
        ("grey", lambda image: image.mean(axis=-1).astype(np.uint8)),
        ("blurred", lambda image: cv2.GaussianBlur(image, (0, 0), 2)),
        ("stamped", lambda image: cv2.rectangle(image.copy(), (5, 5), (40, 20), (255, 0, 0), -1)),
    ],
)
def test_a_retouched_copy_is_a_near_duplicate_and_another_picture_is_not(name, change):
    for seed in range(5):
        original = duplicates.perceptual_hash(picture(seed))
        copy = duplicates.perceptual_hash(change(picture(seed)))
        assert duplicates.distance(original, copy) <= duplicates.THRESHOLD, name
        other = duplicates.perceptual_hash(picture(seed + 100))
        assert duplicates.distance(original, other) > duplicates.THRESHOLD + 20


def test_the_hash_has_256_bits_of_which_the_mean_brightness_is_none():
    image = picture()
    hash_ = duplicates.perceptual_hash(image)
    assert hash_.dtype == np.uint8
    assert hash_.shape == (32,)
    assert duplicates.distance(hash_, duplicates.perceptual_hash(image // 2 + 90)) < 20
    assert duplicates.distance(hash_, ~hash_) == 256


def test_a_picture_of_one_colour_has_a_hash_too():
    flat = duplicates.perceptual_hash(np.full((50, 50, 3), 7, np.uint8))
    assert duplicates.distance(flat, duplicates.perceptual_hash(np.full((9, 9), 200, np.uint8))) == 0


@pytest.mark.parametrize("image", [np.zeros((4, 4, 3)), np.zeros((0, 4), np.uint8), np.zeros(5, np.uint8)])
def test_what_is_not_an_image_has_no_hash(image):
    with pytest.raises(ValueError, match="image must be uint8"):
        duplicates.perceptual_hash(image)


@pytest.fixture
def folder(tmp_path):
    for seed in range(6):
        cv2.imwrite(str(tmp_path / f"{seed}.png"), picture(seed))
    cv2.imwrite(str(tmp_path / "0 mirrored.jpg"), picture(0)[:, ::-1])
    cv2.imwrite(str(tmp_path / "0 small.jpg"), cv2.resize(picture(0), (90, 90)))
    (tmp_path / "3 again.png").write_bytes((tmp_path / "3.png").read_bytes())
    return tmp_path


def test_pairs_are_found_among_files_closest_first(folder):
    names = sorted(path.name for path in folder.iterdir())
    pairs = duplicates.find(names, folder)
    assert pairs.iloc[0].to_dict() == {"a": "3 again.png", "b": "3.png", "kind": "exact", "distance": 0}
    near = pairs[pairs.kind == "near"]
    assert {frozenset(pair) for pair in zip(near.a, near.b)} == {
        frozenset(("0.png", "0 mirrored.jpg")),
        frozenset(("0.png", "0 small.jpg")),
        frozenset(("0 mirrored.jpg", "0 small.jpg")),
    }
    assert pairs.distance.is_monotonic_increasing
    straight = duplicates.find(names, folder, mirrored=False)
    assert "0 mirrored.jpg" not in {*straight.a, *straight.b}


def test_groups_join_chains_and_leave_the_rest_alone(folder):
    names = [*(f"{seed}.png" for seed in range(6)), "0 mirrored.jpg", "0 small.jpg", "3 again.png"]
    assert duplicates.groups(names, folder).tolist() == [0, 1, 2, 3, 4, 5, 0, 0, 3]
    assert duplicates.connect(5, [0, 3], [3, 4]).tolist() == [0, 1, 2, 0, 0]


def test_few_files_have_no_pairs(folder):
    assert duplicates.find([], folder).empty
    assert duplicates.find(["0.png"], folder).empty
    assert duplicates.groups(["0.png"], folder).tolist() == [0]


def test_an_unreadable_file_is_named(folder):
    (folder / "bad.jpg").write_text("not a picture")
    with pytest.raises(ImageReadError, match=r"bad\.jpg"):
        duplicates.find(["0.png", "bad.jpg"], folder)


@pytest.mark.parametrize("threshold", [-1, 129])
def test_a_threshold_beyond_what_means_anything_is_refused(folder, threshold):
    with pytest.raises(ValueError, match="threshold must be between 0 and 128"):
        duplicates.find(["0.png", "1.png"], folder, threshold=threshold)


def test_blocks_of_the_distance_matrix_join_up(folder, monkeypatch):
    names = sorted(path.name for path in folder.iterdir())
    whole = duplicates.find(names, folder)
    monkeypatch.setattr(duplicates, "BLOCK", 20)  # two rows at a time
    assert duplicates.find(names, folder).equals(whole)
