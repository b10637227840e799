import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib._opencv import cv2
from cvlib.data import splits


def table(**counts):
    labels = [name for name, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"path": [f"{i:04}.png" for i in range(len(labels))], "label": labels})


def test_a_stratified_split_has_the_shares_in_every_class():
    split = splits.stratified(table(cat=100, dog=50, eel=10))
    counts = split.groupby(["label", "split"]).size().unstack()
    assert counts.loc["cat"].to_dict() == {"train": 70, "validation": 10, "test": 20}
    assert counts.loc["dog"].to_dict() == {"train": 35, "validation": 5, "test": 10}
    assert counts.loc["eel"].to_dict() == {"train": 7, "validation": 1, "test": 2}


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(3, 60), min_size=1, max_size=5),
    shares=st.sampled_from([(0.7, 0.1, 0.2), (0.5, 0.25, 0.25), (0.98, 0.01, 0.01)]),
    seed=st.integers(0, 5),
)
def test_every_class_is_in_every_part_and_within_one_of_its_share(counts, shares, seed):
    frame = table(**{f"c{i}": count for i, count in enumerate(counts)})
    split = splits.stratified(frame, shares, seed=seed)
    found = split.groupby(["label", "split"]).size().unstack(fill_value=0)[list(splits.NAMES)].to_numpy()
    assert (found >= 1).all()
    exact = np.array(counts)[:, None] * np.array(shares)
    spared = np.maximum(1, exact)  # a part that would be empty takes from the largest
    assert (np.abs(found - exact) <= 1 + (spared - exact).sum(axis=1, keepdims=True)).all()


def test_the_split_of_a_picture_does_not_depend_on_the_order_of_the_rows():
    frame = table(cat=30, dog=17)
    shuffled = frame.sample(frac=1, random_state=1)
    merged = splits.stratified(frame).merge(splits.stratified(shuffled), on="path")
    assert (merged.split_x == merged.split_y).all()
    assert list(splits.stratified(shuffled).index) == list(shuffled.index)


def test_another_seed_gives_another_split_and_the_same_seed_the_same():
    frame = table(cat=30, dog=30)
    assert splits.stratified(frame, seed=1).equals(splits.stratified(frame, seed=1))
    assert not splits.stratified(frame, seed=1).equals(splits.stratified(frame, seed=2))


def test_two_shares_are_train_and_test_and_others_need_names():
    frame = table(cat=10, dog=10)
    assert set(splits.stratified(frame, (0.8, 0.2)).split) == {"train", "test"}
    four = splits.stratified(frame, (0.25,) * 4, names=["a", "b", "c", "d"])
    assert set(four.split) == {"a", "b", "c", "d"}
    with pytest.raises(ValueError, match="names must be 4 different names"):
        splits.stratified(frame, (0.25,) * 4)


@pytest.mark.parametrize(
    ("frame", "kwargs", "message"),
    [
        (table(cat=9, dog=1), {}, r"too few images .* train, validation, test: 'dog' has 1; 3 are needed"),
        (table(cat=9), {"shares": (0.7, 0.1, 0.1)}, "add up to 1, got .*sum 0.9"),
        (table(cat=9), {"shares": (1.2, -0.2)}, "positive numbers"),
        (table(cat=9), {"label": "class"}, "no column 'class'; it has 'path', 'label'"),
        (table(), {}, "the frame is empty"),
        (table(cat=3).assign(label=[None, "a", "a"]), {}, "a label is missing"),
    ],
    ids=["class with one image", "sum", "negative", "column", "empty", "no label"],
)
def test_a_split_that_cannot_be_made_says_why(frame, kwargs, message):
    with pytest.raises(ValueError, match=message):
        splits.stratified(frame, **kwargs)


@settings(max_examples=40, deadline=None)
@given(
    groups=st.lists(st.integers(0, 25), min_size=60, max_size=120),
    seed=st.integers(0, 3),
)
def test_a_group_is_never_divided(groups, seed):
    if len(set(groups)) < 3:
        return
    frame = table(cat=len(groups) // 2, dog=len(groups) - len(groups) // 2).assign(group=groups)
    split = splits.by_group(frame, seed=seed)
    assert (split.groupby("group").split.nunique() == 1).all()


def test_groups_keep_the_shares_and_the_mix_of_classes_nearly():
    rng = np.random.default_rng(0)
    frame = table(cat=600, dog=300).assign(patient=rng.integers(0, 150, 900))
    counts = splits.by_group(frame, "patient").groupby(["label", "split"]).size().unstack()
    shares = counts.div(counts.sum(axis=1), axis=0)[list(splits.NAMES)].to_numpy()
    assert np.abs(shares - [0.7, 0.1, 0.2]).max() < 0.03


def test_groups_that_are_missing_or_too_few_are_refused():
    frame = table(cat=6).assign(group=["a", "a", None, "b", "b", "b"])
    with pytest.raises(ValueError, match="1 rows have no group"):
        splits.by_group(frame)
    with pytest.raises(ValueError, match="2 groups cannot fill 3 parts"):
        splits.by_group(frame.fillna({"group": "a"}))
    with pytest.raises(ValueError, match="no column 'patient'"):
        splits.by_group(frame, "patient")


def test_folds_are_disjoint_and_balanced():
    folds = splits.k_fold(table(cat=53, dog=22), k=5)
    counts = folds.groupby(["label", "fold"]).size().unstack()
    assert list(counts.columns) == [0, 1, 2, 3, 4]
    assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()


def test_folds_keep_groups_together():
    frame = table(cat=40, dog=40).assign(patient=np.repeat(np.arange(20), 4))
    folds = splits.k_fold(frame, k=4, group="patient")
    assert (folds.groupby("patient").fold.nunique() == 1).all()
    assert folds.fold.value_counts().tolist() == [20] * 4


@pytest.mark.parametrize(
    ("k", "message"),
    [(1, "at least 2"), (2.5, "whole number"), (30, "each of 30 folds: 'dog' has 22; 30 are needed")],
)
def test_an_impossible_number_of_folds_is_refused(k, message):
    with pytest.raises(ValueError, match=message):
        splits.k_fold(table(cat=53, dog=22), k=k)


def test_multi_label_rows_are_spread_by_combination_and_rare_ones_do_not_stop_it():
    rng = np.random.default_rng(0)
    flags = rng.random((300, 3)) < [0.5, 0.2, 0.01]
    frame = pd.DataFrame({"path": [f"{i}.png" for i in range(300)]})
    frame[["sun", "rain", "snow"]] = flags.astype(int)
    split = splits.stratified(frame, label=["sun", "rain", "snow"])
    assert split.split.value_counts()["train"] == pytest.approx(210, abs=3)
    means = split.groupby("split")[["sun", "rain"]].mean()
    assert (means.max() - means.min()).max() < 0.06
    tuples = pd.DataFrame({"path": frame.path, "label": [("a", "b")[: i % 3] for i in range(300)]})
    assert set(splits.stratified(tuples).split) == set(splits.NAMES)


@pytest.fixture
def pictures(tmp_path):
    """24 unrelated pictures; 0 stands twice, 1 has a mirrored and a smaller copy."""
    rng = np.random.default_rng(0)
    names = []
    for index in range(24):
        image = cv2.resize(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8), (120, 120))
        cv2.imwrite(str(tmp_path / f"{index}.png"), image)
        names.append(f"{index}.png")
        if index == 0:
            (tmp_path / "same.png").write_bytes((tmp_path / "0.png").read_bytes())
        if index == 1:
            cv2.imwrite(str(tmp_path / "mirror.png"), image[:, ::-1])
            cv2.imwrite(
                str(tmp_path / "small.jpg"), cv2.resize(image, (70, 70), interpolation=cv2.INTER_AREA)
            )
    names += ["same.png", "mirror.png", "small.jpg"]
    return pd.DataFrame({"path": names, "label": ["a", "b", "c"] * 9}), tmp_path


def test_leaks_are_found_by_bytes_by_eye_and_by_name(pictures):
    frame, directory = pictures
    frame = frame.assign(split="train")
    frame.loc[frame.path.isin(["same.png", "mirror.png"]), "split"] = "test"
    leaks = splits.find_leaks(frame, directory)
    found = {(frozenset((row.path_a, row.path_b)), row.kind) for row in leaks.itertuples()}
    assert found == {
        (frozenset(("0.png", "same.png")), "exact"),
        (frozenset(("1.png", "mirror.png")), "near"),
        (frozenset(("small.jpg", "mirror.png")), "near"),
    }
    assert (leaks.split_a != leaks.split_b).all()
    assert splits.find_leaks(frame, directory, threshold=-1).kind.tolist() == ["exact"]
    twice = pd.concat([frame, frame.iloc[[5]].assign(split="test")])
    assert "same file" in splits.find_leaks(twice, directory).kind.tolist()


def test_a_split_that_knows_the_directory_does_not_leak(pictures):
    frame, directory = pictures
    for seed in range(6):
        split = splits.stratified(frame, (0.5, 0.25, 0.25), seed=seed, directory=directory)
        assert splits.find_leaks(split, directory).empty
    careless = [splits.stratified(frame, (0.5, 0.25, 0.25), seed=seed) for seed in range(6)]
    assert any(len(splits.find_leaks(split, directory)) for split in careless)
