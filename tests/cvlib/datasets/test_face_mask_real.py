"""The face-mask dataset as it was published: whole, readable, and without a leak between its splits."""

import hashlib

import numpy as np
import pytest

import cvlib.datasets
from cvlib._opencv import cv2
from cvlib.data import duplicates, splits
from cvlib.data.reading import read_image

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


@pytest.fixture(scope="module")
def dataset(mirror):
    return cvlib.datasets.load("face_mask", source="real")


def test_every_file_is_as_it_was_published(dataset):
    assert cvlib.datasets.verify("face_mask") == []
    assert len(dataset) == 3888
    assert dataset.frame.groupby(["split", "label"]).size().to_dict() == {
        ("test", "with_mask"): 385,
        ("test", "without_mask"): 393,
        ("train", "with_mask"): 1348,
        ("train", "without_mask"): 1374,
        ("validation", "with_mask"): 192,
        ("validation", "without_mask"): 196,
    }


def test_no_bytes_stand_in_two_splits(dataset):
    seen = {}
    for row in dataset.frame.itertuples():
        digest = hashlib.sha256((dataset.directory / row.path).read_bytes()).hexdigest()
        assert seen.setdefault(digest, row.path) == row.path


def test_no_picture_stands_in_two_splits_even_retouched_or_mirrored(dataset):
    leaks = splits.find_leaks(dataset.frame, dataset.directory)
    assert leaks.empty, leaks.to_string()


def test_no_thumbnail_stands_in_two_splits(dataset):
    """An independent look: 16×16 grey thumbnails that correlate beyond 0.99 are one picture."""
    thumbs = []
    for path in dataset.frame.path:
        grey = read_image(dataset.directory / path, channels=1)
        thumbs.append(cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32))
    thumbs = np.array(thumbs)
    split = dataset.frame.split.to_numpy()
    for other in (thumbs, thumbs[:, :, ::-1]):
        a, b = (
            flat - flat.mean(axis=1, keepdims=True)
            for flat in (thumbs.reshape(-1, 256), other.reshape(-1, 256))
        )
        a, b = (flat / np.linalg.norm(flat, axis=1, keepdims=True) for flat in (a, b))
        first, second = np.nonzero((a @ b.T > 0.99) & (split[:, None] != split[None]))
        pairs = list(zip(dataset.frame.path[first], dataset.frame.path[second]))
        assert not pairs


def test_a_split_that_knows_nothing_of_duplicates_would_leak(dataset):
    careless = splits.stratified(dataset.frame)
    leaks = splits.find_leaks(careless, dataset.directory)
    assert len(leaks) > 100
    assert set(leaks.kind) == {"near"}


def test_odd_files_are_read_as_colour_pictures(dataset):
    odd = [path for path in dataset.frame.path if (dataset.directory / path).read_bytes()[:4] == b"\x89PNG"]
    assert len(odd) == 25
    for path in odd:
        image = read_image(dataset.directory / path)
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[2] == 3
        assert duplicates.perceptual_hash(image).shape == (32,)
