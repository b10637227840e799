"""Detection: COCO's evaluation against pycocotools, batched non-maximum suppression against TensorFlow."""

import contextlib
import io
import statistics
import time

import numpy as np

PICTURES, CLASSES, DETECTIONS = 5000, 80, 36_000
ROUNDS = 3
BATCH, BOXES, LABELS, MOST, NMS_ROUNDS = 100, 2000, 20, 100, 15


def measure():
    """Entries for bench/results.json."""
    return {"coco_eval_vs_pycocotools": coco_eval(), "nms_vs_tf": nms()}


def coco_eval():
    """A set of the size of COCO's validation set; the same figures from both."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    from cvlib.metrics.detection import mean_average_precision

    truths, detections = scenes()
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": picture} for picture in range(PICTURES)],
            "annotations": rows(truths, crowd="iscrowd", area="area"),
            "categories": [{"id": label} for label in range(CLASSES)],
        }
        truth.createIndex()
        found = truth.loadRes(rows(detections, scores="score"))
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        scores = mean_average_precision(truths, detections, range(CLASSES), box_format="xywh")
        ours = list(scores.summary().values())
        middle = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            peer = COCOeval(truth, found, "bbox")
            peer.evaluate()
            peer.accumulate()
            peer.summarize()
        times.append((middle - start, time.perf_counter() - middle))
        np.testing.assert_allclose(ours, peer.stats, atol=1e-9)
    return entry(
        times,
        "simulated boxes",
        f"{PICTURES:,} images, {sum(len(e['scores']) for e in detections):,} detections, "
        f"{sum(len(e['boxes']) for e in truths):,} true boxes, {CLASSES} classes; from arrays to the twelve "
        "figures, against evaluate + accumulate + summarize; equal within 1e-9",
    )


def nms():
    """Every box may be every class, as a detector's head gives them."""
    import tensorflow as tf

    from cvlib.boxes import batched_nms

    rng = np.random.default_rng(0)
    objects = rng.integers(0, 60, (BATCH, BOXES))[..., None]
    centre = np.take_along_axis(rng.uniform(0, 600, (BATCH, 60, 2)), objects, 1)
    side = np.take_along_axis(rng.uniform(20, 120, (BATCH, 60, 2)), objects, 1)
    centre, side = centre + rng.normal(0, 8, side.shape), side * np.exp(rng.normal(0, 0.15, side.shape))
    boxes = np.concatenate([centre - side / 2, centre + side / 2], -1).astype(np.float32)
    scores = (rng.random((BATCH, BOXES, LABELS)) ** 6).astype(np.float32)
    times = []
    for turn in range(NMS_ROUNDS + 2):
        start = time.perf_counter()
        ours = batched_nms(boxes, scores, 0.5, 0.05, MOST)
        middle = time.perf_counter()
        peer = tf.image.combined_non_max_suppression(
            boxes[:, :, None], scores, MOST, MOST, 0.5, 0.05, clip_boxes=False
        )
        peer.valid_detections.numpy()
        if turn >= 2:
            times.append((middle - start, time.perf_counter() - middle))
    np.testing.assert_array_equal(ours["scores"], peer.nmsed_scores.numpy())
    return entry(
        times,
        "random boxes",
        f"{BATCH} images of {BOXES:,} boxes and {LABELS} classes, at most {MOST} kept an image, IoU 0.5, "
        "score 0.05; against tf.image.combined_non_max_suppression; the same scores kept",
    )


def entry(times, data, what):
    """Medians, and the ratio within each round: how many times the peer's speed ours is."""
    return {
        "ours": round(statistics.median(own for own, _ in times), 3),
        "peer": round(statistics.median(other for _, other in times), 3),
        "ratio": round(statistics.median(other / own for own, other in times), 2),
        "unit": "s",
        "data": data,
        "how": f"{what}; medians of {len(times)} rounds in turn",
    }


def scenes(seed=0):
    """True boxes and detections of a set like COCO's validation set: few classes a picture, all sizes."""
    rng = np.random.default_rng(seed)
    truths, detections = [], []
    for _ in range(PICTURES):
        count = int(rng.integers(0, 15))
        boxes = np.concatenate(
            [rng.uniform(0, 400, (count, 2)), np.exp(rng.uniform(1.5, 5.5, (count, 2)))], 1
        ).round(2)
        classes = rng.choice(CLASSES, 3, replace=False)[rng.integers(0, 3, count)]
        area = (boxes[:, 2] * boxes[:, 3] * 0.7).round(2)
        truths.append({"boxes": boxes, "classes": classes, "crowd": rng.random(count) < 0.02, "area": area})
        copied = rng.integers(0, max(count, 1), round(DETECTIONS / PICTURES * count / 7 * 0.8))
        near = (boxes[copied] * np.exp(rng.normal(0, 0.08, (len(copied), 4)))).round(2).reshape(-1, 4)
        false = int(rng.integers(0, 4))
        far = np.concatenate(
            [rng.uniform(0, 400, (false, 2)), np.exp(rng.uniform(1.5, 5.5, (false, 2)))], 1
        ).round(2)
        labels = np.concatenate([classes[copied], rng.integers(0, CLASSES, false)]).astype(int)
        scores = rng.random(len(labels)).round(3)
        detections.append({"boxes": np.concatenate([near, far]), "classes": labels, "scores": scores})
    return truths, detections


def rows(entries, **columns):
    """COCO's list of dictionaries."""
    found = []
    for picture, own in enumerate(entries):
        for index, (box, label) in enumerate(zip(own["boxes"].tolist(), own["classes"].tolist())):
            row = {"id": len(found) + 1, "image_id": picture, "category_id": label, "bbox": box, "iscrowd": 0}
            found.append(row | {key: own[name][index].item() for name, key in columns.items()})
            found[-1]["iscrowd"] = int(found[-1]["iscrowd"])
    return found
