"""Kinds of detection errors against the rules as loops, and against TIDE's own code where it is installed."""

import doctest
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib import boxes
from cvlib.metrics import detection_errors, error_breakdown, mean_average_precision

CLASSES = 3


def scene(seed, pictures=5, marks=True):
    """Random true boxes and detections near them or anywhere, `xyxy`; with crowds and boxes to ignore."""
    rng = np.random.default_rng(seed)
    truths, detections = [], []
    for _ in range(pictures):
        count = rng.integers(0, 6)
        corner, side = rng.uniform(0, 60, (count, 2)), rng.uniform(8, 40, (count, 2))
        true, classes = np.concatenate([corner, corner + side], 1), rng.integers(0, CLASSES, count)
        truths.append({"boxes": true, "classes": classes})
        if marks:
            truths[-1] |= {"ignore": rng.random(count) < 0.15, "crowd": rng.random(count) < 0.1}
        copied = rng.integers(0, max(count, 1), 2 * count)
        near = true[copied] + rng.normal(0, 5, (len(copied), 4))
        near = np.concatenate([np.minimum(near[:, :2], near[:, 2:]), np.maximum(near[:, :2], near[:, 2:])], 1)
        corner = rng.uniform(0, 60, (2, 2))
        found = np.concatenate([near, np.concatenate([corner, corner + rng.uniform(8, 40, (2, 2))], 1)])
        labels = np.where(rng.random(len(found)) < 0.7, np.append(classes[copied], [0, 1]), 2).astype(int)
        detections.append({"boxes": found, "classes": labels, "scores": rng.random(len(found))})
    return truths, detections


def by_loops(true, found, threshold, background, least):
    """The rules, one detection after the other."""
    count = len(true["boxes"])
    crowd, ignore = (np.asarray(true.get(name, np.zeros(count, bool))) for name in ("crowd", "ignore"))
    out = crowd | ignore
    overlap = [[float(boxes.iou([a], [b])[0, 0]) for b in true["boxes"]] for a in found["boxes"]]
    kinds, taken, repaired = ["below"] * len(found["scores"]), {}, set()
    order = [i for i in np.argsort(-found["scores"]) if found["scores"][i] >= least]
    for i in order:
        rivals = []
        for j in range(count):
            if found["classes"][i] != true["classes"][j] or j in taken.values():
                continue
            shared = overlap[i][j]
            if crowd[j]:  # the share of the detection that lies in the crowd
                both = np.concatenate(
                    [
                        np.maximum(found["boxes"][i][:2], true["boxes"][j][:2]),
                        np.minimum(found["boxes"][i][2:], true["boxes"][j][2:]),
                    ]
                )
                shared = float(boxes.area(both) / boxes.area(found["boxes"][i]))
            if shared >= threshold:
                rivals.append((not out[j], shared, j))
        if rivals:
            best = max(rivals)[2]
            kinds[i] = "ignored" if out[best] else "right"
            if not crowd[best]:
                taken[i] = best
    for i in order:
        if kinds[i] != "below":
            continue
        own = max(
            (
                (overlap[i][j], j)
                for j in range(count)
                if true["classes"][j] == found["classes"][i] and not out[j]
            ),
            default=(0, -1),
        )
        other = max(
            (
                (overlap[i][j], j)
                for j in range(count)
                if true["classes"][j] != found["classes"][i] and not out[j]
            ),
            default=(0, -1),
        )
        if background <= own[0] < threshold:
            kinds[i] = "localisation"
            repaired.add(own[1])
        elif other[0] >= threshold:
            kinds[i] = "class"
            repaired.add(other[1])
        elif own[0] >= threshold:
            kinds[i] = "duplicate"
        elif max(own[0], other[0]) < background:
            kinds[i] = "background"
        else:
            kinds[i] = "both"
    missed = [j not in taken.values() and j not in repaired and not out[j] for j in range(count)]
    return kinds, missed


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(0.5, 0.1, 0.0), (0.7, 0.3, 0.4)]))
def test_kinds_are_those_of_the_rules_as_loops(seed, limits):
    truths, detections = scene(seed)
    errors = error_breakdown(truths, detections, range(CLASSES), *limits)
    for picture, (true, found) in enumerate(zip(truths, detections)):
        kinds, missed = by_loops(true, found, *limits)
        assert errors.kinds[picture].tolist() == kinds
        assert errors.missed[picture].tolist() == missed


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_every_detection_has_one_kind_and_every_true_box_is_right_or_wanted(seed):
    truths, detections = scene(seed, marks=False)
    errors = error_breakdown(truths, detections, range(CLASSES))
    counts = errors.counts()
    assert sum(counts.values()) - counts["missed"] == sum(len(entry["scores"]) for entry in detections)
    # As many right ones as average precision counts: its recall says so.
    scores = mean_average_precision(truths, detections, range(CLASSES), [0.5], limits=[1000])
    for label in range(CLASSES):
        own = sum(int((entry["classes"] == label).sum()) for entry in truths)
        if own:
            recall = scores.recall[0, label, 0, 0]
            assert errors.counts(label)["right"] == round(recall * own)
    total = Counter()
    for label in range(CLASSES):
        total.update(errors.counts(label))
    assert dict(total) == counts


def test_each_kind_is_told_from_the_others():
    truth = [{"boxes": [[0, 0, 10, 10], [40, 0, 50, 10], [80, 0, 90, 10]], "classes": [0, 1, 0]}]
    cases = {
        "right": ([0, 0, 10, 10], 0),
        "duplicate": ([0, 0, 10, 9], 0),
        "localisation": ([0, 0, 10, 4], 0),
        "class": ([40, 0, 50, 8], 0),
        "both": ([40, 0, 50, 3], 0),
        "background": ([60, 60, 70, 70], 1),
    }
    corners, classes = zip(*cases.values())
    found = [{"boxes": corners, "classes": classes, "scores": np.linspace(0.9, 0.4, len(cases))}]
    errors = error_breakdown(truth, found, ["cat", "dog"])
    assert errors.kinds[0].tolist() == list(cases)
    assert errors.partners[0].tolist() == [0, 0, 0, 1, 1, -1]
    assert errors.missed[0].tolist() == [False, False, True]  # the second box: its class was wrong
    assert errors.counts("dog") == dict.fromkeys(errors.counts(), 0) | {"background": 1}
    assert errors.counts("cat")["missed"] == 1


def test_repairing_a_kind_gives_what_the_lists_repaired_by_hand_give():
    truth = [{"boxes": [[0, 0, 10, 10], [40, 0, 50, 10], [80, 0, 90, 10]], "classes": [0, 0, 0]}]
    found = [
        {
            "boxes": [[60, 60, 70, 70], [0, 0, 10, 10], [0, 0, 10, 9], [40, 0, 50, 4]],
            "classes": [0, 0, 0, 0],
            "scores": [0.9, 0.8, 0.7, 0.6],
        }
    ]
    # One of three found, at precision 1/2: recall points 0 … 0.33, 34 of 101.
    before = 34 * (1 / 2) / 101
    gains = error_breakdown(truth, found).gains()
    expected = {
        "background": 34 * 1 / 101,
        "duplicate": before,  # it comes after the last right one
        "localisation": (67 * 1 / 2) / 101,  # two right of four, recall 2/3
        "missed": (51 * 1 / 2) / 101,  # one of two
        "class": before,
        "both": before,
    }
    assert gains == pytest.approx({kind: value - before for kind, value in expected.items()}, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_counts_and_gains_are_tides(seed):
    tidecv = pytest.importorskip("tidecv", reason="TIDE's own code is not installed")
    # TIDE reads only the pictures that have true boxes.
    pairs = [pair for pair in zip(*scene(seed, pictures=20, marks=False)) if len(pair[0]["boxes"])]
    truths, detections = zip(*pairs)
    true, found = tidecv.Data("true"), tidecv.Data("found", max_dets=1000)
    for picture, (own, detected) in enumerate(pairs):
        for box, label in zip(boxes.convert(own["boxes"], "xyxy", "xywh").tolist(), own["classes"]):
            true.add_ground_truth(picture, int(label), box)
        corners = boxes.convert(detected["boxes"], "xyxy", "xywh").tolist()
        for box, label, score in zip(corners, detected["classes"], detected["scores"]):
            found.add_detection(picture, int(label), float(score), box)
    run = tidecv.TIDE().evaluate(true, found, mode=tidecv.TIDE.BOX)
    names = {"Cls": "class", "Loc": "localisation", "Both": "both", "Dupe": "duplicate", "Bkg": "background"}
    names["Miss"] = "missed"
    ours = error_breakdown(truths, detections, range(CLASSES))
    counts = {names[kind.short_name]: count for kind, count in run.count_errors().items()}
    assert ours.counts() == counts | {"right": ours.counts()["right"]}
    gains = {names[kind.short_name]: gain / 100 for kind, gain in run.fix_main_errors().items()}
    assert ours.gains() == pytest.approx(gains, abs=1e-9)


def test_no_pictures_no_boxes_and_no_detections_are_fine():
    assert set(error_breakdown([], []).counts().values()) == {0}
    nothing = {"boxes": [], "classes": [], "scores": []}
    empty = {"boxes": [], "classes": []}
    some = {"boxes": [[0, 0, 5, 5]], "classes": [0]}
    errors = error_breakdown([empty, some, empty], [nothing, nothing, {**some, "scores": [0.5]}])
    assert errors.counts() == dict.fromkeys(errors.counts(), 0) | {"missed": 1, "background": 1}
    assert errors.gains()["localisation"] == 0


def test_boxes_may_be_given_as_corner_and_size():
    truth = [{"boxes": [[10, 10, 10, 10]], "classes": [0]}]
    found = [{"boxes": [[10, 10, 10, 4]], "classes": [0], "scores": [1]}]
    assert error_breakdown(truth, found, box_format="xywh").counts()["localisation"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"background": 0.6}, "0 < background < threshold ≤ 1, got background=0.6 and threshold=0.5"),
        ({"threshold": 1.5}, "threshold=1.5"),
        ({"box_format": "cxcywh"}, "box_format must be 'xyxy' or 'xywh', got 'cxcywh'"),
        ({"class_names": []}, "class 0 has no name"),
        ({"detections": []}, "one entry a picture, got 1 and 0"),
        ({"truths": [{"boxes": [[0, 0, 1]], "classes": [0]}]}, r"truths\[0\]: boxes must be"),
    ],
)
def test_bad_input_is_named(arguments, words):
    given = {"truths": [{"boxes": [[0, 0, 1, 1]], "classes": [0]}]}
    given["detections"] = [{"boxes": [], "classes": [], "scores": []}]
    with pytest.raises(ValueError, match=words):
        error_breakdown(**{**given, **arguments})


def test_an_unknown_class_is_named():
    errors = error_breakdown(
        [{"boxes": [], "classes": []}], [{"boxes": [], "classes": [], "scores": []}], ["a"]
    )
    with pytest.raises(ValueError, match=r"name must be one of \['a'\], got 'b'"):
        errors.counts("b")


def test_the_example_in_the_docstring_holds():
    results = doctest.testmod(detection_errors)
    assert results.attempted
    assert not results.failed
