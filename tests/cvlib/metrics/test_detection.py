"""Average precision against pycocotools, and VOC's against the rule written as loops."""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib import boxes
from cvlib.metrics.detection import mean_average_precision

CLASSES = 4


def scene(seed, pictures=6, whole=False):
    """Random true boxes (with crowds and areas of their own) and detections, `xywh`."""
    rng = np.random.default_rng(seed)
    truths, detections = [], []
    for _ in range(pictures):
        count = rng.integers(0, 7)
        true = np.concatenate([rng.uniform(0, 90, (count, 2)), np.exp(rng.uniform(0.5, 5, (count, 2)))], 1)
        true = np.ceil(true) if whole else true.round(2)
        classes = rng.integers(0, CLASSES, count)
        truths.append(
            {
                "boxes": true,
                "classes": classes,
                "crowd": rng.random(count) < 0.15,
                "area": (true[:, 2] * true[:, 3] * rng.uniform(0.4, 1, count)).round(1),
            }
        )
        copied = rng.integers(0, max(count, 1), rng.integers(0, 10) if count else 0)
        near = (true[copied] * np.exp(rng.normal(0, 0.15, (len(copied), 4)))).round(0 if whole else 2)
        far = np.concatenate([rng.uniform(0, 90, (2, 2)), np.exp(rng.uniform(0.5, 5, (2, 2)))], 1).round(2)
        found = np.concatenate([near.reshape(-1, 4), far])
        labels = np.concatenate([classes[copied], rng.integers(0, CLASSES, 2)]).astype(int)
        scores = rng.random(len(found)).round(1)  # many are equal
        detections.append({"boxes": found, "classes": labels, "scores": scores})
    return truths, detections


def pycocotools(truths, detections):
    """What pycocotools finds: the twelve figures, precision and recall."""
    annotations, results = [], []
    for picture, entry in enumerate(truths):
        for box, label, crowd, area in zip(entry["boxes"], entry["classes"], entry["crowd"], entry["area"]):
            own = {"id": len(annotations) + 1, "image_id": picture, "category_id": int(label)}
            annotations.append(own | {"bbox": box.tolist(), "iscrowd": int(crowd), "area": float(area)})
    for picture, entry in enumerate(detections):
        for box, label, score in zip(entry["boxes"], entry["classes"], entry["scores"]):
            own = {"image_id": picture, "category_id": int(label)}
            results.append(own | {"bbox": box.tolist(), "score": float(score)})
    pictures = [{"id": picture} for picture in range(len(truths))]
    categories = [{"id": label} for label in range(CLASSES)]
    return evaluated({"images": pictures, "annotations": annotations, "categories": categories}, results)


def evaluated(truth, results):
    """pycocotools on COCO's own dictionaries."""
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    with contextlib.redirect_stdout(io.StringIO()):
        true = coco.COCO()
        true.dataset = truth
        true.createIndex()
        found = evaluation.COCOeval(true, true.loadRes(results), "bbox")
        found.evaluate()
        found.accumulate()
        found.summarize()
    return found.stats, found.eval["precision"][..., -1], found.eval["recall"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_coco_figures_are_those_of_pycocotools(seed, whole):
    truths, detections = scene(seed, whole=whole)
    scores = mean_average_precision(truths, detections, class_names=range(CLASSES), box_format="xywh")
    stats, precision, recall = pycocotools(truths, detections)
    np.testing.assert_allclose(list(scores.summary().values()), stats, atol=1e-9)
    np.testing.assert_allclose(scores.precision, precision, atol=1e-9)
    np.testing.assert_allclose(scores.recall, recall, atol=1e-9)


@pytest.mark.real_data
def test_cocos_own_sample_gets_its_published_figures(mirror):
    folder = Path(mirror) / "coco-eval"
    truth = json.loads((folder / "instances_val2014_100.json").read_text())
    results = json.loads((folder / "instances_val2014_fakebbox100_results.json").read_text())
    labels = {
        entry["id"]: index for index, entry in enumerate(sorted(truth["categories"], key=lambda c: c["id"]))
    }
    pictures = sorted(entry["id"] for entry in truth["images"])

    def of(entries, picture, **columns):
        own = [entry for entry in entries if entry["image_id"] == picture]
        found = {name: [entry[key] for entry in own] for name, key in columns.items()}
        return found | {"classes": [labels[entry["category_id"]] for entry in own]}

    truths = [of(truth["annotations"], p, boxes="bbox", crowd="iscrowd", area="area") for p in pictures]
    detections = [of(results, p, boxes="bbox", scores="score") for p in pictures]
    scores = mean_average_precision(truths, detections, class_names=range(len(labels)), box_format="xywh")
    np.testing.assert_allclose([scores.ap, scores.ap50, scores.ap75], [0.505, 0.697, 0.573], atol=5e-4)
    stats, _, _ = evaluated(truth, results)
    np.testing.assert_allclose(list(scores.summary().values()), stats, atol=1e-9)


def voc_by_loops(truths, detections, label, threshold, eleven):
    """Average precision of one class, as VOC's paper words it."""
    found = [
        (score, picture, box)
        for picture, entry in enumerate(detections)
        for box, own, score in zip(entry["boxes"], entry["classes"], entry["scores"])
        if own == label
    ]
    found.sort(key=lambda entry: -entry[0])
    taken, right, wrong, curve = set(), 0, 0, []
    total = sum(
        own == label and not skip for entry in truths for own, skip in zip(entry["classes"], entry["ignore"])
    )
    for _, picture, box in found:
        entry = truths[picture]
        rivals = [i for i, own in enumerate(entry["classes"]) if own == label]
        overlaps = [boxes.iou([box], [entry["boxes"][i]])[0, 0] for i in rivals]
        best = int(np.argmax(overlaps)) if rivals else None
        if best is None or overlaps[best] < threshold:
            wrong += 1
        elif entry["ignore"][rivals[best]]:
            continue
        elif (picture, rivals[best]) in taken:
            wrong += 1
        else:
            taken.add((picture, rivals[best]))
            right += 1
        curve.append((right / total, right / (right + wrong)))
    if eleven:
        at = [max((p for r, p in curve if r >= point), default=0) for point in np.linspace(0, 1, 11)]
        return sum(at) / 11
    area, before = 0.0, 0.0
    for index, (recall, _) in enumerate(curve):
        area += (recall - before) * max(p for _, p in curve[index:])
        before = recall
    return area


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_voc_figures_are_those_of_the_rule_as_loops(seed, eleven):
    truths, detections = scene(seed)
    rng = np.random.default_rng(seed)
    for entry in (*truths, *detections):
        entry["boxes"] = boxes.convert(entry["boxes"], "xywh", "xyxy")
    for entry in truths:
        entry.pop("crowd"), entry.pop("area")
        entry["ignore"] = rng.random(len(entry["boxes"])) < 0.2
    for entry in detections:  # equal scores have no order in VOC's rule
        entry["scores"] = rng.random(len(entry["scores"]))
    definition = "voc_11_point" if eleven else "voc"
    scores = mean_average_precision(truths, detections, range(CLASSES), definition=definition)
    for label in range(CLASSES):
        if any(((np.asarray(e["classes"]) == label) & ~e["ignore"]).any() for e in truths):
            expected = voc_by_loops(truths, detections, label, 0.5, eleven)
            assert scores.average_precision(0.5, name=label) == pytest.approx(expected, abs=1e-9)
        else:
            assert scores.average_precision(0.5, name=label) == -1


def test_no_detections_is_zero_and_no_truth_is_minus_one():
    truth = [{"boxes": [[0, 0, 10, 10]], "classes": [0]}]
    nothing = [{"boxes": [], "classes": [], "scores": []}]
    assert mean_average_precision(truth, nothing).ap50 == 0
    assert mean_average_precision([{"boxes": [], "classes": []}], nothing).ap50 == -1
    found = [{"boxes": [[0, 0, 10, 10]], "classes": [1], "scores": [0.5]}]
    assert mean_average_precision(truth, found, ["cat", "dog"]).per_class() == {"cat": 0.0, "dog": -1}


def test_a_curve_is_precision_and_recall_by_falling_score():
    truth = [{"boxes": [[0, 0, 10, 10], [20, 0, 30, 10]], "classes": [0, 0]}]
    found = [{"boxes": [[0, 0, 10, 10], [50, 50, 60, 60], [20, 0, 30, 10]], "classes": [0, 0, 0]}]
    found[0]["scores"] = [0.9, 0.8, 0.7]
    recall, precision, score = mean_average_precision(truth, found).curves[0]
    np.testing.assert_allclose(recall, [0.5, 0.5, 1])
    np.testing.assert_allclose(precision, [1, 1 / 2, 2 / 3])
    np.testing.assert_allclose(score, [0.9, 0.8, 0.7])


@pytest.mark.parametrize(
    ("truth", "found", "words"),
    [
        ([], [{"boxes": [], "classes": [], "scores": []}], "one entry a picture"),
        ([{"boxes": [[0, 0, 1]], "classes": [0]}], [{}], r"truths\[0\]: boxes must be"),
        ([{"boxes": [[0, 0, 1, 1]], "classes": [0.5]}], [{}], "whole numbers"),
        ([{"boxes": [], "classes": []}], [{"boxes": [], "classes": []}], "scores are missing"),
        (
            [{"boxes": [], "classes": []}],
            [{"boxes": [[0, 0, 1, 1]], "classes": [7], "scores": [1]}],
            "no name",
        ),
        ([{"classes": []}], [{}], "boxes and classes"),
    ],
)
def test_bad_input_is_named(truth, found, words):
    with pytest.raises(ValueError, match=words):
        mean_average_precision(truth, found, class_names=["a", "b"])
