"""The simulated face-mask dataset: real files, deterministic, and as hard as it says."""

import hashlib
import threading

import numpy as np
import pytest

from cvlib._opencv import cv2
from cvlib.datasets.simulate import face_mask

NUMBERS = {"train": 12, "validation": 4, "test": 6}


def hashes(directory):
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*.jpg"))
    }


def read(directory, split, size):
    images, labels = [], []
    for label, name in enumerate(face_mask.CLASS_NAMES):
        for path in sorted((directory / split / name).glob("*.jpg")):
            image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            images.append(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA))
            labels.append(label)
    return np.array(images), np.array(labels)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    directory = tmp_path_factory.mktemp("small")
    return directory, face_mask.make(directory, seed=5, **NUMBERS)


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    directory = tmp_path_factory.mktemp("twin")
    face_mask.make(directory, test=600)  # more than by default: the figures wobble less
    return directory


def test_the_layout_is_split_class_file_with_the_classes_half_and_half(small):
    directory, paths = small
    assert sorted(path.as_posix() for path in paths) == sorted(hashes(directory))
    for split, number in NUMBERS.items():
        for name in ("with_mask", "without_mask"):
            assert len(list((directory / split / name).iterdir())) == number // 2


def test_files_are_jpeg_of_varied_sizes(small):
    directory, paths = small
    shapes = {cv2.imread(str(directory / path)).shape for path in paths}
    assert all((directory / path).read_bytes()[:3] == b"\xff\xd8\xff" for path in paths)
    assert len(shapes) > 10
    assert all(96 <= side <= 160 for shape in shapes for side in shape[:2])


def test_a_picture_depends_on_seed_split_and_index_alone(small, tmp_path):
    directory, _ = small
    face_mask.make(tmp_path, seed=5, train=4, validation=0, test=2)
    some, every = hashes(tmp_path), hashes(directory)
    assert len(some) == 6
    assert some.items() <= every.items()


def test_processes_of_their_own_draw_what_one_thread_draws(tmp_path, monkeypatch):
    monkeypatch.setattr(face_mask, "_WORTH_A_WORKER", 4)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    face_mask.make(tmp_path / "shared", train=12, validation=0, test=0)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    face_mask.make(tmp_path / "alone", train=12, validation=0, test=0)
    assert hashes(tmp_path / "shared") == hashes(tmp_path / "alone")


def test_drawing_in_threads_changes_nothing():
    drawn = {}

    def draw(index):
        drawn[index] = face_mask.picture(0, index)[0].image

    threads = [threading.Thread(target=draw, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index in range(8):
        np.testing.assert_array_equal(drawn[index], face_mask.picture(0, index)[0].image)


def test_splits_and_seeds_share_no_picture(small, tmp_path):
    directory, _ = small
    face_mask.make(tmp_path, seed=6, **NUMBERS)
    every = list(hashes(directory).values()) + list(hashes(tmp_path).values())
    assert len(set(every)) == len(every) == 44


@pytest.mark.parametrize(
    ("numbers", "named"), [({"train": -1}, "train"), ({"train": 0, "validation": 0, "test": 0}, "all 0")]
)
def test_bad_numbers_are_named_and_write_nothing(numbers, named, tmp_path):
    with pytest.raises(ValueError, match=named):
        face_mask.make(tmp_path, **numbers)
    assert not list(tmp_path.iterdir())


def test_a_worker_that_fails_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(face_mask, "_WORTH_A_WORKER", 4)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    for name in face_mask.CLASS_NAMES:  # files where folders are needed: nothing can be written into them
        (tmp_path / "train").mkdir(exist_ok=True)
        (tmp_path / "train" / name).mkdir()
        for index in range(8):
            (tmp_path / "train" / name / f"{index:05d}.jpg").mkdir()
    with pytest.raises(OSError, match="could not be written"):
        face_mask.make(tmp_path, train=8, validation=0, test=0)


@pytest.mark.slow
def test_a_line_through_pixels_does_not_separate_the_classes(twin):
    from sklearn.linear_model import LogisticRegression

    images, labels = read(twin, "train", 32)
    unseen, truth = read(twin, "test", 32)
    for strength in (1.0, 1e-3):
        line = LogisticRegression(C=strength, max_iter=300).fit(images.reshape(len(images), -1) / 255, labels)
        assert line.score(unseen.reshape(len(unseen), -1) / 255, truth) < 0.85


@pytest.mark.slow
def test_a_small_convolutional_network_tells_the_classes_apart(twin):
    import keras

    from cvlib.models import SmallCNN

    images, labels = read(twin, "train", 64)
    unseen, truth = read(twin, "test", 64)
    epochs, batch = 60, 32
    keras.utils.set_random_seed(0)
    model = SmallCNN((64, 64, 3), classes=2, filters=(16, 32, 64, 64))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * len(images) // batch)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        order = rng.permutation(len(images))
        jittered = np.stack([jitter(images[index], rng) for index in order])
        model.fit(jittered, labels[order], batch_size=batch, shuffle=False, verbose=0)
    found = model.predict(unseen.astype("float32"), verbose=0).argmax(1)
    assert (found == truth).mean() > 0.95


def jitter(image, rng):
    """The image shifted, turned, scaled, and mirrored half of the time."""
    size = len(image)
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), rng.uniform(-10, 10), rng.uniform(0.9, 1.15))
    matrix[:, 2] += rng.uniform(-4, 4, 2)
    image = np.ascontiguousarray(image[:, :: rng.choice([-1, 1])])
    moved = cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    return moved.astype("float32") * rng.uniform(0.85, 1.15)
