"""The simulated lung dataset: real files, exact masks, deterministic, and as hard as it says."""

import hashlib

import numpy as np
import pytest

import cvlib.datasets
from cvlib._opencv import cv2
from cvlib.data.reading import read_image, read_mask
from cvlib.datasets.simulate import chest, lungs

NUMBERS = {"train": 10, "validation": 5, "test": 6}


def hashes(directory):
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*.*"))
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    directory = tmp_path_factory.mktemp("small")
    return directory, lungs.make(directory, seed=5, **NUMBERS)


@pytest.fixture(scope="module")
def films():
    """60 films of the test split with their masks."""
    return [lungs.picture(0, index, "test")[1] for index in range(60)]


def dice(found, truth):
    return 2 * (found & truth).sum() / (found.sum() + truth.sum())


def test_every_picture_has_its_mask_of_the_same_size_with_0_and_1(small):
    directory, paths = small
    assert len(paths) == len(set(paths)) == 21
    for path in paths:
        mask = read_mask(directory / path.parent.parent / "masks" / f"{path.stem}.png")
        assert mask.shape[:2] == read_image(directory / path).shape[:2]
        assert set(np.unique(mask)) == {0, 1}
        assert 0.08 < mask.mean() < 0.6
    assert len(hashes(directory)) == 2 * len(paths)


def test_sizes_modes_and_extensions_are_mixed(small):
    directory, paths = small
    assert {path.suffix for path in paths} == {".jpg", ".jpeg", ".png"}
    stored = [cv2.imread(str(directory / path), cv2.IMREAD_UNCHANGED) for path in paths]
    assert {image.ndim for image in stored} == {2, 3}
    assert len({image.shape[:2] for image in stored}) > 15


def test_a_film_depends_on_seed_split_and_index_alone(small, tmp_path):
    directory, _ = small
    lungs.make(tmp_path, seed=5, train=4, validation=0, test=2)
    some, every = hashes(tmp_path), hashes(directory)
    assert len(some) == 12
    assert some.items() <= every.items()
    lungs.make(tmp_path / "other", seed=6, train=4, validation=0, test=0)
    assert not set(hashes(tmp_path / "other").values()) & set(every.values())


def test_a_patient_of_two_days_has_one_anatomy_and_stands_in_one_split(small):
    _, paths = small
    patients = {}
    for path in paths:
        patients.setdefault(path.name.split("-")[0], []).append(path.parts[0])
    assert sorted(map(len, patients.values())) == [1] * 13 + [2] * 4
    assert all(len(set(splits)) == 1 for splits in patients.values())
    assert {path.stem for path in paths} >= {"patient0004-day0", "patient0004-day5"}
    again = [chest.draw(np.random.default_rng((0, 0, 3, 0))).lungs[chest.LEFT] for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_the_mask_is_two_lungs_beside_the_spine_with_no_heart_and_nothing_below_the_diaphragm(films):
    for film in films:
        count, _, stats, centres = cv2.connectedComponentsWithStats(film.mask)
        areas = np.sort(stats[1:, cv2.CC_STAT_AREA])[::-1]
        assert count >= 3
        assert areas[:2].sum() > 0.97 * film.mask.sum()
        two = centres[1:][np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:2], 0] / film.mask.shape[1]
        assert two.min() < 0.5 < two.max()


def test_load_makes_the_twin_with_masks_splits_and_groups():
    dataset = cvlib.datasets.load("lungs", source="synthetic")
    assert dataset.source == "synthetic"
    assert list(dataset.frame.columns) == ["path", "mask", "split", "group"]
    assert dataset.frame["split"].value_counts().to_dict() == {"train": 160, "test": 40, "validation": 20}
    assert dataset.frame.groupby("group")["split"].nunique().max() == 1
    assert dataset.frame["group"].nunique() == 220 * 4 // 5
    test = dataset.split("test")
    assert len(test) == 40
    row = test.frame.iloc[0]
    assert (row["path"].split("/")[0], row["mask"].split("/")[0]) == ("images", "masks")
    assert (test.directory / row["path"]).is_file()
    assert (test.directory / row["mask"]).is_file()
    assert cvlib.datasets.verify("lungs") == []


@pytest.mark.parametrize(
    ("numbers", "named"), [({"train": -1}, "train"), ({"train": 0, "validation": 0, "test": 0}, "all 0")]
)
def test_bad_numbers_are_named_and_write_nothing(numbers, named, tmp_path):
    with pytest.raises(ValueError, match=named):
        lungs.make(tmp_path, **numbers)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_no_threshold_finds_the_lungs_even_the_best_for_each_film_and_with_the_two_largest_pieces(films):
    plain, pieces = [], []
    for film in films:
        truth, scores = film.mask > 0, []
        for level in range(6, 252, 5):
            below = film.image < level
            _, labels, stats, _ = cv2.connectedComponentsWithStats(below.astype(np.uint8))
            inner = (stats[:, 0] > 0) & (stats[:, 1] > 0)
            inner &= (stats[:, 0] + stats[:, 2] < truth.shape[1]) & (
                stats[:, 1] + stats[:, 3] < truth.shape[0]
            )
            area = stats[:, cv2.CC_STAT_AREA] * (np.arange(len(stats)) > 0)
            largest = [np.isin(labels, np.argsort(-each)[:2]) for each in (area, area * inner)]
            scores.append([dice(below, truth), *(dice(each & below, truth) for each in largest)])
        plain.append(np.max(scores, 0)[0])
        pieces.append(np.max(scores, 0)[1:])
    assert np.mean(plain) < 0.80
    assert (np.mean(pieces, 0) < 0.80).all()
    assert np.mean(plain) > 0.5, "a film on which the lungs are not dark at all teaches nothing"


def u_net(size, widths=(12, 24, 48, 72)):
    """A U-Net with "same" convolutions, written out here so that the data is judged by itself."""
    import keras
    from keras import layers

    def block(x, width):
        for _ in range(2):
            x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        return x

    inputs = x = keras.Input((size, size, 1))
    skips = []
    for width in widths[:-1]:
        x = block(x, width)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = block(x, widths[-1])
    for width, skip in zip(widths[-2::-1], skips[::-1]):
        x = layers.Concatenate()([layers.UpSampling2D(interpolation="bilinear")(x), skip])
        x = block(x, width)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


@pytest.mark.slow
def test_a_small_u_net_finds_the_lungs():
    import keras

    keras.utils.set_random_seed(0)
    size, epochs, batch = 96, 30, 8
    made = {"train": 160, "test": 40}
    arrays = {}
    for split, number in made.items():
        pairs = [lungs.picture(0, index, split)[1] for index in range(number)]
        images = [cv2.resize(film.image, (size, size), interpolation=cv2.INTER_AREA) for film in pairs]
        masks = [cv2.resize(film.mask, (size, size), interpolation=cv2.INTER_NEAREST) for film in pairs]
        arrays[split] = np.array(images, "float32")[..., None] / 255, np.array(masks)[..., None]
    model = u_net(size)
    rate = keras.optimizers.schedules.CosineDecay(4e-3, epochs * made["train"] // batch)
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    model.fit(*arrays["train"], batch_size=batch, epochs=epochs, verbose=0)
    images, masks = arrays["test"]
    found = model.predict(images, verbose=0) > 0.5
    assert np.mean([dice(a, b > 0) for a, b in zip(found, masks)]) > 0.95
