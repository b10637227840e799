"""Drawn pictures with objects: what a drawing says about its picture is true of it, and of the files."""

import doctest
import functools
import hashlib

import numpy as np
import pytest

import cvlib.datasets
from cvlib._opencv import cv2
from cvlib.data.annotations import check, read_voc
from cvlib.datasets.simulate import bccd, drawing, scenes, shapes

SIMULATORS = {"bccd": bccd, "scenes": scenes, "shapes": shapes}
SIZES = {"bccd": (120, 160), "scenes": (96, 128), "shapes": (64, 80)}
every = pytest.mark.parametrize("name", SIMULATORS)


@functools.cache
def many(name):
    """Sixty small pictures, drawn once."""
    return [SIMULATORS[name].draw((11, seed), SIZES[name]) for seed in range(60)]


def hashes(directory):
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*.*"))
    }


@every
def test_a_box_is_the_tight_box_of_what_is_seen_of_its_object(name):
    objects = 0
    for drawn in many(name):
        assert drawn.image.shape == (*SIZES[name], 3)
        assert drawn.image.dtype == np.uint8
        assert drawn.boxes.shape == (len(drawn), 4)
        assert drawn.masks.shape == (len(drawn), *SIZES[name])
        assert len(drawn.labels) == len(drawn.visible) == len(drawn.difficult) == len(drawn)
        for box, mask in zip(drawn.boxes, drawn.masks):
            rows, columns = np.nonzero(mask)
            tight = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            np.testing.assert_array_equal(box, tight)
            objects += 1
    assert objects > 40


@every
def test_what_is_hidden_is_said_and_what_is_lost_is_not_listed(name):
    visible = np.concatenate([drawn.visible for drawn in many(name)])
    difficult = np.concatenate([drawn.difficult for drawn in many(name)])
    assert visible.min() >= 0.05
    assert visible.max() <= 1
    np.testing.assert_array_equal(difficult, visible < 0.3)
    assert (visible < 0.95).any()
    assert (visible > 0.95).mean() > 0.4


@every
def test_every_class_occurs_and_some_pictures_hold_many_objects(name):
    drawn = many(name)
    labels = np.concatenate([each.labels for each in drawn])
    assert set(labels) == set(range(len(SIMULATORS[name].CLASS_NAMES)))
    assert max(map(len, drawn)) >= 5


@every
def test_the_same_seed_draws_the_same_and_another_another(name):
    first, again, other = (SIMULATORS[name].draw(seed, SIZES[name]) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert (first.image != other.image).any()
    rng = SIMULATORS[name].draw(np.random.default_rng(5), SIZES[name])
    np.testing.assert_array_equal(first.image, rng.image)


@every
def test_files_say_what_was_drawn_and_are_sound(name, tmp_path):
    module = SIMULATORS[name]
    paths = module.make(tmp_path, seed=3, train=4, validation=0, test=2)
    assert [path.as_posix() for path in paths[3:]] == [
        "train/images/00003.jpg",
        "test/images/00000.jpg",
        "test/images/00001.jpg",
    ]
    for split, number in (("train", 4), ("test", 2)):
        labels = read_voc(
            tmp_path / split / "annotations", tmp_path / split / "images", class_names=module.CLASS_NAMES
        )
        assert len(labels) == number
        assert check(labels, tmp_path / split / "images") == []
        for index, image in enumerate(labels):
            drawn, _ = module.picture(3, index, split)
            np.testing.assert_array_equal(image.boxes, drawn.boxes)
            assert [module.CLASS_NAMES.index(kind) for kind in image.classes] == drawn.labels.tolist()
            assert [bool(e.get("difficult")) for e in image.extras] == drawn.difficult.tolist()
            stored = cv2.cvtColor(
                cv2.imread(str(tmp_path / split / "images" / image.file)), cv2.COLOR_BGR2RGB
            )
            assert np.abs(stored.astype(int) - drawn.image).mean() < 12


@every
def test_a_picture_depends_on_seed_split_and_index_alone_whoever_draws_it(name, tmp_path, monkeypatch):
    module = SIMULATORS[name]
    module.make(tmp_path / "some", seed=5, train=3, validation=1, test=1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    whole = drawing.workers.write_all
    monkeypatch.setattr(drawing.workers, "write_all", lambda *job: whole(*job, worth=3))
    module.make(tmp_path / "shared", seed=5, train=4, validation=1, test=1)
    some, shared = hashes(tmp_path / "some"), hashes(tmp_path / "shared")
    assert len(some) == 10
    assert some.items() <= shared.items()
    assert len(set(shared.values())) == len(shared) == 12
    module.make(tmp_path / "other", seed=6, train=3, validation=1, test=1)
    pictures = {digest for place, digest in hashes(tmp_path / "other").items() if place.endswith("jpg")}
    assert not pictures & set(shared.values())


@every
@pytest.mark.parametrize(
    ("numbers", "named"), [({"train": -1}, "train"), ({"train": 0, "validation": 0, "test": 0}, "all 0")]
)
def test_bad_numbers_are_named_and_write_nothing(name, numbers, named, tmp_path):
    with pytest.raises(ValueError, match=named):
        SIMULATORS[name].make(tmp_path, **numbers)
    assert not list(tmp_path.iterdir())


@every
def test_a_picture_too_small_to_draw_on_is_refused(name):
    with pytest.raises(ValueError, match="size must be at least"):
        SIMULATORS[name].draw(0, 16)
    with pytest.raises(ValueError, match="split must be one of"):
        SIMULATORS[name].picture(0, 0, "val")


def test_a_worker_that_fails_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    whole = drawing.workers.write_all
    monkeypatch.setattr(drawing.workers, "write_all", lambda *job: whole(*job, worth=2))
    (tmp_path / "train" / "images" / "00001.jpg").mkdir(parents=True)  # a folder where a file is to be
    with pytest.raises(OSError, match="could not be written"):
        shapes.make(tmp_path, train=4, validation=0, test=0)


@every
def test_the_example_in_the_documentation_is_true(name):
    done = doctest.testmod(SIMULATORS[name])
    assert done.attempted > 0
    assert done.failed == 0


# Scenes


def test_people_may_be_counted_and_none_makes_a_picture_without_objects():
    assert len(scenes.draw(0, people=0)) == 0
    assert len(scenes.draw(3, people=2)) == 2
    assert min(len(scenes.draw(seed, people=4)) for seed in range(10)) >= 2
    with pytest.raises(ValueError, match="people must be 0 or more"):
        scenes.draw(0, people=-1)


def test_faces_come_at_many_scales():
    heights = np.concatenate([np.ptp(each.boxes[:, 1::2], axis=1) for each in many("scenes")]) / 96
    assert np.quantile(heights, 0.05) < 0.12
    assert np.quantile(heights, 0.95) > 0.4


def test_the_larger_of_two_people_stands_in_front():
    """Masks of faces never overlap, and where two boxes do, the smaller face is the hidden one more often."""
    smaller_hidden = larger_hidden = 0
    for drawn in many("scenes"):
        assert drawn.masks.sum(0).max(initial=0) <= 1
        for i in range(len(drawn)):
            for j in range(i + 1, len(drawn)):
                a, b = drawn.boxes[i], drawn.boxes[j]
                if (np.maximum(a[:2], b[:2]) < np.minimum(a[2:], b[2:])).all():
                    smaller_hidden += drawn.visible[i] < drawn.visible[j]  # objects are listed far to near
                    larger_hidden += drawn.visible[i] > drawn.visible[j]
    assert smaller_hidden > 2 * larger_hidden


def test_a_mask_covers_the_lower_half_of_the_face_that_it_is_said_to_cover():
    """Between a masked and a bare face, colour changes more across the lower half than within skin."""
    masked, bare = [], []
    for seed in range(60):
        drawn = scenes.draw((4, seed), (128, 128), people=1)
        for (x1, y1, x2, y2), label, visible in zip(drawn.boxes.astype(int), drawn.labels, drawn.visible):
            if visible > 0.95 and y2 - y1 > 30:
                face = drawn.image[y1:y2, x1:x2].astype(float)
                high, wide = face.shape[:2]
                cheek = face[int(0.72 * high) : int(0.85 * high), int(0.35 * wide) : int(0.65 * wide)]
                brow = face[int(0.48 * high) : int(0.56 * high), int(0.42 * wide) : int(0.58 * wide)]
                (masked if label == 0 else bare).append(np.abs(cheek.mean((0, 1)) - brow.mean((0, 1))).max())
    assert np.median(masked) > 2 * np.median(bare)


# Shapes


def test_a_shape_alone_fills_its_box_as_its_kind_does():
    """Circle π/4, upright square 1, upright triangle ½ of their box, and a rim of half pixels."""
    fills = {0: np.pi / 4, 1: 1.0, 2: 0.5}
    found = dict.fromkeys(fills, 0)
    for seed in range(80):
        drawn = shapes.draw(seed, 128, shapes=1, turned=False)
        for box, mask, label, visible in zip(drawn.boxes, drawn.masks, drawn.labels, drawn.visible):
            if visible > 0.99 and box.min() > 0 and box.max() < 128:
                area = float(np.prod(box[2:] - box[:2]))
                assert mask.sum() / area == pytest.approx(fills[label], abs=2 / np.sqrt(area))
                found[label] += 1
    assert min(found.values()) >= 5


def test_no_mean_colour_tells_the_shapes_apart():
    from sklearn.linear_model import LogisticRegression

    colours, labels = [], []
    for seed in range(250):
        drawn = shapes.draw((9, seed))
        for mask, label in zip(drawn.masks, drawn.labels):
            colours.append(drawn.image[mask].mean(0) / 255)
            labels.append(label)
    half = len(labels) // 2
    line = LogisticRegression(max_iter=500).fit(colours[:half], labels[:half])
    assert line.score(colours[half:], labels[half:]) < 0.45  # a third is chance


# Blood


def test_white_cells_are_violet_red_cells_pink_and_darker_where_they_overlap():
    violet, pink, once, twice = [], [], [], []  # as shares of the ground's colour
    for seed in range(12):
        field = bccd.draw((2, seed))
        cover = field.masks.sum(0)
        image = field.image / np.median(field.image[cover == 0], axis=0)
        for mask, label in zip(field.masks, field.labels):
            inside = image[mask & (cover == 1)].mean(0)
            if label == bccd.WHITE:
                violet.append(inside)
            elif label == bccd.RED and (mask & (cover == 1)).sum() > 500:
                pink.append(inside)
        red = field.masks[field.labels == bccd.RED].sum(0)
        others = field.masks[field.labels != bccd.RED].sum(0)
        if ((red == 2) & (others == 0)).sum() > 200:
            once.append(image[(red == 1) & (others == 0)].mean())
            twice.append(image[(red == 2) & (others == 0)].mean())
    assert all(blue > red > green for red, green, blue in violet)
    assert all(red > 1.05 * green and red > 1.05 * blue for red, green, blue in pink)
    assert len(once) >= 3
    assert all(two < one for one, two in zip(once, twice))


def test_cells_have_the_sizes_and_numbers_of_the_photographs():
    """Medians of the longer side of the real boxes: 110 pixels for red cells, 208 white, 43 platelets."""
    fields = [bccd.draw((6, seed)) for seed in range(40)]
    sides = {
        label: np.concatenate([(f.boxes[:, 2:] - f.boxes[:, :2]).max(1)[f.labels == label] for f in fields])
        for label in range(3)
    }
    for label, published in ((bccd.RED, 110), (bccd.WHITE, 208), (bccd.PLATELET, 43)):
        assert np.median(sides[label]) == pytest.approx(published, rel=0.15)
    for label, published in ((bccd.RED, 11.4), (bccd.WHITE, 1.0), (bccd.PLATELET, 1.0)):
        assert np.mean([(f.labels == label).sum() for f in fields]) == pytest.approx(published, rel=0.3)


@pytest.mark.slow
@every
def test_the_catalogue_makes_it_and_its_labels_are_sound(name):
    dataset = cvlib.datasets.load(name, source="synthetic")
    assert cvlib.datasets.verify(name) == []
    assert dataset.class_names == SIMULATORS[name].CLASS_NAMES
    assert set(dataset.frame["split"]) == {"train", "validation", "test"}
    assert check(dataset.annotations(), dataset.directory) == []
    assert min(dataset.annotations().counts().values()) > 100
