# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Assignment 4 · YOLO
#
# A detector says what is in a picture and where. You write its parts one by one: how much two boxes overlap,
# which of many boxes to keep, what the network shall learn, how its numbers become boxes again, what a mistake
# costs, and how good it all is. Then you train one, and hand in the boxes that it finds.
#
# **40 points**, ten questions. Everything you need is in lessons 12 and 13.
#
# **How it works.** Write your code where it says `YOUR CODE HERE`, and delete the line that raises
# `NotImplementedError`. Below each answer is a cell with tests: run it. It says nothing when all is well;
# otherwise it says what it tried, what came out, and what to think about. When your work is graded, the same
# cells also run tests that you do not see, on other inputs, so an answer that is right only for the example
# gets no points. No question needs another one's answer: where you need an overlap, it is given to you.
#
# **What you hand in.** This notebook, and the file `detections.csv` that question 10 writes beside it.
#
# **Boxes** are rows (x1, y1, x2, y2): left, top, right and bottom edge in pixels. x runs to the right and y
# down. They are continuous: the box (0, 0, 2, 2) is 2 pixels wide and its area is 4.
#
# The pictures in the folder `shapes` are drawn by a program, so that everyone has the same. On Colab, upload the
# folder beside this notebook, together with the course package that you were given with it, and run
# `!pip install --no-deps cvlib_course-*.whl` first.

# %% locked="setup"
import os
from pathlib import Path

import cvlib

run = cvlib.setup(seed=0)

import keras
import numpy as np

from cvlib import check

CLASSES = ("circle", "square", "triangle")
TEST = Path("shapes")  # pictures of 96 × 96 pixels, without boxes
TEST_FILES = sorted(path.name for path in TEST.glob("*.jpg"))
GRADING = os.environ.get("NBGRADER_EXECUTION") == "autograde"

# %% [markdown]
# ## 1 · From shares to pixels (2 points)
#
# A label file for YOLO has a row for each object: the *centre* of its box (x, y), its width and its height, all as
# shares of the picture's width and height, between 0 and 1. Turn such rows into corners in pixels.


# %% solution="q01_to_corners"
def to_corners(rows, height, width):
    """Boxes (N, 4), x1, y1, x2, y2 in pixels, of rows (N, 4): centre x and y, width, height."""
    ### BEGIN SOLUTION
    x, y, w, h = np.asarray(rows, float).T * np.array([[width], [height], [width], [height]])
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)
    ### END SOLUTION


# %% test="q01_to_corners_test" points=2
with check.question("From shares to pixels", read="lesson 12 (from localisation to detection)"):
    result = to_corners(np.array([[0.5, 0.5, 0.25, 0.5]]), 100, 200)
    check.shape(result, (1, 4), "the boxes", on="to_corners([[0.5, 0.5, 0.25, 0.5]], 100, 200)")
    check.dtype(result, "number", "the boxes")
    check.close(
        result,
        [[75, 25, 125, 75]],
        "to_corners([[0.5, 0.5, 0.25, 0.5]], 100, 200)",
        misconceptions={
            "still shares": ([[0.375, 0.25, 0.625, 0.75]], "multiply x by the width and y by the height."),
            "the centre taken for a corner": (
                [[100, 50, 150, 100]],
                "x and y are the middle of the box: go half its width to the left, and half to the right.",
            ),
            "width and height kept": ([[75, 25, 50, 50]], "the last two are the right and the bottom edge."),
            "a whole width on each side": ([[50, 0, 150, 100]], "from the centre it is half the width."),
            "height and width swapped": (
                [[37.5, 50, 62.5, 150]],
                "x is a share of the width, y of the height; the sizes come height first.",
            ),
        },
    )
    ### BEGIN HIDDEN TESTS

    def corners_of(rows, scale, start, stop):
        x, y, w, h = np.asarray(rows, float).T
        a, b = scale
        return np.stack([(x - start * w) * a, (y - start * h) * b, (x + stop * w) * a, (y + stop * h) * b], 1)

    dice = np.random.default_rng(401)
    sizes = [(96, 96), (480, 640), (333, 217)]
    check.same_function(
        to_corners,
        lambda rows, high, wide: corners_of(rows, (wide, high), 0.5, 0.5),
        [(dice.uniform(0.1, 0.6, (n, 4)), high, wide) for n, (high, wide) in zip((1, 4, 7), sizes)],
        {
            "the centre taken for a corner": (
                lambda rows, high, wide: corners_of(rows, (wide, high), 0, 1),
                "x and y are the middle of the box: go half its width to the left, and half to the right.",
            ),
            "height and width swapped": (
                lambda rows, high, wide: corners_of(rows, (high, wide), 0.5, 0.5),
                "x is a share of the width, y of the height; the sizes come height first.",
            ),
            "always a square": (
                lambda rows, high, wide: corners_of(rows, (wide, wide), 0.5, 0.5),
                "the picture may be wider than high: y is a share of the height.",
            ),
            "always a square, too": (
                lambda rows, high, wide: corners_of(rows, (high, high), 0.5, 0.5),
                "the picture may be wider than high: x is a share of the width.",
            ),
            "whole pixels": (
                lambda rows, high, wide: np.round(corners_of(rows, (wide, high), 0.5, 0.5)),
                "boxes are continuous: do not round.",
            ),
            "whole pixels, rounded down": (
                lambda rows, high, wide: np.trunc(corners_of(rows, (wide, high), 0.5, 0.5)),
                "boxes are continuous: do not round.",
            ),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Intersection over union (3 points)
#
# How well does a box fit? Divide the area that two boxes share by the area that they cover together. Compare every
# box of one list with every box of another: row *i*, column *j* of the result belongs to `a[i]` and `b[j]`. Boxes
# that do not touch get 0; two boxes without any area get 0 as well.


# %% solution="q02_iou"
def iou(a, b):
    """IoU (N, M) of every box of `a` (N, 4) with every box of `b` (M, 4), each x1, y1, x2, y2."""
    ### BEGIN SOLUTION
    a, b = np.asarray(a, float)[:, None], np.asarray(b, float)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.maximum(sides, 0), axis=-1)
    together = np.prod(a[..., 2:] - a[..., :2], axis=-1) + np.prod(b[..., 2:] - b[..., :2], axis=-1) - shared
    return np.divide(shared, together, out=np.zeros_like(shared), where=together > 0)
    ### END SOLUTION


# %% test="q02_iou_test" points=3
with check.question("Intersection over union", read="lesson 12 (from localisation to detection)"):
    result = iou(np.array([[0, 0, 4, 2]]), np.array([[2, 1, 4, 3], [0, 0, 4, 2], [5, 5, 6, 6]]))
    on = "one box (0, 0, 4, 2) with three: (2, 1, 4, 3), (0, 0, 4, 2) and (5, 5, 6, 6)"
    check.shape(result, (1, 3), "iou(a, b)", on)
    check.within(result, 0, 1, "iou(a, b)", on, hint="an overlap is a share, from 0 to 1.")
    check.close(
        result,
        [[0.2, 1, 0]],
        "iou(a, b)",
        on,
        misconceptions={
            "one pixel too wide": (
                [[1 / 3, 1, 0]],
                "the boxes are continuous: a side is x2 − x1, without + 1.",
            ),
            "not clamped": (
                [[0.2, 1, 0.5]],
                "two negative sides make a positive area: a side that is negative is 0.",
            ),
            "the shared part counted twice": (
                [[1 / 6, 0.5, 0]],
                "the sum of both areas holds the shared part twice: take it away once.",
            ),
            "over the smaller box": ([[0.5, 1, 0]], "divide by what both cover together."),
            "xywh": ([[1 / 9, 1, 0]], "the last two numbers are the right and the bottom edge, not sizes."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def sides_of(one, other, more=0.0, least=0.0):
        low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
        return np.maximum(high - low + more, least)

    def areas_of(one, other, more=0.0, least=0.0):
        one, other = np.asarray(one, float), np.asarray(other, float)
        shared = float(np.prod(sides_of(one, other, more, least)))
        own = [float(np.prod(np.asarray(box[2:]) - box[:2] + more)) for box in (one, other)]
        return shared, own[0], own[1]

    def overlap_by(rule, **options):
        def table(a, b):
            return np.array([[rule(*areas_of(one, other, **options)) for other in b] for one in a])

        return table

    def share(shared, one, other):
        return shared / (one + other - shared) if one + other > shared else 0.0

    def some_boxes(dice, count, side=30.0):
        start = dice.uniform(0, side, (count, 2))
        return np.concatenate([start, start + dice.uniform(1, side, (count, 2))], axis=1)

    def taken_for_xywh(a, b):
        a, b = (
            np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], 1) for box in (np.array(a), np.array(b))
        )
        return overlap_by(share)(a, b)

    dice = np.random.default_rng(402)
    cases = [(some_boxes(dice, n), some_boxes(dice, m)) for n, m in ((3, 5), (6, 2), (1, 9))]
    cases.append((np.array([[0, 0, 10, 10], [3, 3, 5, 9]]), np.array([[20, 20, 24, 29], [10, 0, 12, 10]])))
    check.same_function(
        iou,
        overlap_by(share),
        cases,
        {
            "one pixel too wide": (
                overlap_by(share, more=1.0),
                "the boxes are continuous: a side is x2 − x1, without + 1.",
            ),
            "not clamped": (
                overlap_by(share, least=-np.inf),
                "two negative sides make a positive area: a side that is negative is 0.",
            ),
            "the shared part counted twice": (
                overlap_by(lambda shared, one, other: shared / (one + other)),
                "the sum of both areas holds the shared part twice: take it away once.",
            ),
            "over the smaller box": (
                overlap_by(lambda shared, one, other: shared / min(one, other)),
                "a small box inside a large one is no perfect fit: divide by what both cover together.",
            ),
            "over the first box": (
                overlap_by(lambda shared, one, other: shared / one),
                "divide by what both cover together, not by one of them.",
            ),
            "xywh": (taken_for_xywh, "the last two numbers are the right and the bottom edge, not sizes."),
            "rows and columns swapped": (
                lambda a, b: overlap_by(share)(b, a),
                "a row for each box of a, a column for each box of b.",
            ),
            "the shared area": (
                overlap_by(lambda shared, one, other: shared),
                "that is the shared area: divide it by the area that both cover together.",
            ),
        },
    )
    check.close(
        iou(np.array([[2.0, 2, 2, 2]]), np.array([[2.0, 2, 2, 2], [0, 0, 4, 4]])),
        [[0, 0]],
        "the overlap of boxes without area",
        hint="0 divided by 0: two boxes without area get 0.",
    )
    boxes = some_boxes(dice, 8)
    table = np.asarray(iou(boxes, boxes), float)
    check.close(np.diag(table), np.ones(8), "the IoU of boxes with themselves")
    check.close(table - table.T, np.zeros((8, 8)), "the difference between iou(a, b) and iou(b, a)")
    check.close(
        iou(boxes / 200, boxes / 200),
        table,
        "the IoU of boxes that were all made smaller by the same factor",
        hint="boxes may be smaller than a pixel; only boxes without area are a special case.",
    )
    check.close(
        iou(boxes + 1000, boxes + 1000), table, "the IoU of boxes that were all moved by the same amount"
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 3 · Non-maximum suppression (4 points)
#
# A detector finds the same object many times. Keep the box with the highest score, drop every box of the *same
# class* that overlaps it by *more* than `threshold`, and go on with the best of those that are left, until none is
# left. A box that was dropped drops no other. `overlap` is the matrix of the IoU of every box with every other.
#
# Return the indices of the boxes that are kept, the highest score first. If there is no box, keep none.


# %% solution="q03_nms"
def nms(overlap, scores, classes, threshold):
    """Indices of the boxes kept; `overlap` (N, N) is their IoU, `scores` (N,), `classes` (N,)."""
    ### BEGIN SOLUTION
    overlap, classes = np.asarray(overlap), np.asarray(classes)
    left, kept = list(np.argsort(-np.asarray(scores))), []
    while left:
        best = left.pop(0)
        kept.append(int(best))
        left = [i for i in left if classes[i] != classes[best] or overlap[best, i] <= threshold]
    return np.array(kept, int)
    ### END SOLUTION


# %% test="q03_nms_test" points=4
with check.question("Non-maximum suppression", read="lesson 12 (from localisation to detection)"):
    table = np.array([[1, 0.8, 0.1, 0.7], [0.8, 1, 0, 0.6], [0.1, 0, 1, 0], [0.7, 0.6, 0, 1]])
    result = nms(table, np.array([0.6, 0.9, 0.3, 0.8]), np.array([0, 0, 0, 1]), 0.5)
    on = "scores 0.6, 0.9, 0.3, 0.8; classes 0, 0, 0, 1; boxes 0, 1 and 3 overlap by 0.6 or more; threshold 0.5"
    check.close(
        result,
        [1, 3, 2],
        "nms(overlap, scores, classes, 0.5)",
        on,
        misconceptions={
            "classes are not told apart": ([1, 2], "a box drops only boxes of its own class."),
            "the lowest score first": ([2, 0, 3], "sort by falling score: np.argsort sorts upwards."),
            "the best is lost": ([3, 2], "the best box of all is kept, too."),
            "a box overlaps itself": ([], "every box overlaps itself by 1: do not let it drop itself."),
            "the order of the input": ([1, 2, 3], "the right boxes, but the highest score comes first."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def kept_by(table, scores, classes, threshold, upwards=False, apart=True, equal=False, dead=False):
        table, scores, classes = np.asarray(table), np.asarray(scores), np.asarray(classes)
        kept, dropped = [], set()
        for i in sorted(range(len(scores)), key=lambda i: scores[i] if upwards else -scores[i]):
            earlier = kept + sorted(dropped) if dead else kept
            over = [table[i, j] >= threshold if equal else table[i, j] > threshold for j in earlier]
            same = [not apart or classes[i] == classes[j] for j in earlier]
            if any(o and s for o, s in zip(over, same)):
                dropped.add(i)
            else:
                kept.append(i)
        return kept

    def overlaps_of(dice, count):
        start = dice.uniform(0, 12, (count, 2))
        a = np.concatenate([start, start + dice.uniform(6, 14, (count, 2))], axis=1)
        low, high = np.maximum(a[:, None, :2], a[None, :, :2]), np.minimum(a[:, None, 2:], a[None, :, 2:])
        shared, own = np.maximum(high - low, 0).prod(-1), (a[:, 2:] - a[:, :2]).prod(-1)
        return shared / (own[:, None] + own[None] - shared)

    def not_first(*given):
        best = int(np.argmax(given[1]))
        return [i for i in kept_by(*given) if i != best]

    dice = np.random.default_rng(403)
    cases = [
        (overlaps_of(dice, n), dice.permutation(np.linspace(0.1, 0.9, n)), dice.integers(0, k, n), t)
        for n, k, t in ((12, 1, 0.3), (20, 3, 0.5), (25, 2, 0.2), (9, 1, 0.6), (30, 2, 0.35))
    ]
    exact = np.array([[1, 0.5, 0], [0.5, 1, 0.25], [0, 0.25, 1]])
    cases += [(exact, np.array([0.9, 0.8, 0.7]), np.zeros(3, int), t) for t in (0.5, 0.25)]
    chain = np.array([[1, 0.7, 0.1], [0.7, 1, 0.7], [0.1, 0.7, 1]])
    cases.append((chain, np.array([0.5, 0.6, 0.7]), np.zeros(3, int), 0.5))
    check.same_function(
        nms,
        kept_by,
        cases,
        {
            "classes are not told apart": (
                lambda *given: kept_by(*given, apart=False),
                "a box drops only boxes of its own class.",
            ),
            "the lowest score first": (
                lambda *given: kept_by(*given, upwards=True),
                "sort by falling score: np.argsort sorts upwards.",
            ),
            "just at the threshold": (
                lambda *given: kept_by(*given, equal=True),
                "a box is dropped if it overlaps by more than the threshold, not by just as much.",
            ),
            "the dropped drop others": (
                lambda *given: kept_by(*given, dead=True),
                "a box that was dropped drops no other: compare with the boxes that are kept only.",
            ),
            "the best is lost": (not_first, "the best box of all is kept, too."),
            "the order of the input": (
                lambda *given: sorted(kept_by(*given)),
                "the right boxes, but the highest score comes first.",
            ),
        },
    )
    for table, scores, classes, threshold in cases[:3]:
        kept = np.asarray(nms(table, scores, classes, threshold), int)
        again = nms(table[np.ix_(kept, kept)], scores[kept], classes[kept], threshold)
        check.close(again, np.arange(len(kept)), "nms of the boxes that it kept", hint="all of them stay.")
    nothing = nms(np.zeros((0, 0)), np.zeros(0), np.zeros(0, int), 0.5)
    check.close(np.size(np.asarray(nothing)), 0, "how many of no boxes are kept")
    ### END HIDDEN TESTS

# %% [markdown]
# ## 4 · The anchor that fits best (3 points)
#
# An anchor is a typical width and height. The one that shall find an object is the one whose *shape* fits best:
# put both boxes on the same centre and take their IoU. Return the index of the best anchor for each object.


# %% solution="q04_best_anchor"
def best_anchor(sizes, anchors):
    """For each of N sizes (N, 2), width and height, the index of the best of the anchors (A, 2)."""
    ### BEGIN SOLUTION
    sizes, anchors = np.asarray(sizes, float)[:, None], np.asarray(anchors, float)[None]
    shared = np.minimum(sizes, anchors).prod(-1)
    return np.argmax(shared / (sizes.prod(-1) + anchors.prod(-1) - shared), axis=1)
    ### END SOLUTION


# %% test="q04_best_anchor_test" points=3
with check.question("The anchor that fits best", read="lesson 13 (YOLO)"):
    result = best_anchor(np.array([[20, 20], [39, 10]]), np.array([[10, 10], [20, 30], [40, 12], [24, 18]]))
    on = "sizes 20 × 20 and 39 × 10; anchors 10 × 10, 20 × 30, 40 × 12 and 24 × 18"
    check.shape(result, (2,), "best_anchor(sizes, anchors)", on)
    check.close(
        result,
        [3, 2],
        "best_anchor(sizes, anchors)",
        on,
        misconceptions={
            "the largest anchor": (
                [1, 2],
                "the shared area alone favours large anchors: divide by the union.",
            ),
            "the same aspect": ([0, 2], "size counts too, not only width over height."),
            "by area": ([3, 3], "boxes of the same area may fit badly: compare shapes by IoU."),
            "the worst": ([0, 1], "the best fit is the largest IoU."),
        },
    )
    ### BEGIN HIDDEN TESTS

    def best_by(measure):
        def choose(sizes, anchors):
            return [int(np.argmin([measure(*size, *anchor) for anchor in anchors])) for size in sizes]

        return choose

    def fit(w, h, p, q):
        shared = min(w, p) * min(h, q)
        return -shared / (w * h + p * q - shared)

    dice = np.random.default_rng(404)
    cases = [
        (dice.uniform(5, 60, (n, 2)), dice.uniform(5, 60, (a, 2))) for n, a in ((30, 4), (25, 9), (20, 6))
    ]
    cases.append(
        (np.array([[20.0, 20], [40, 10], [10, 40]]), np.array([[10, 40], [18, 23], [40, 10], [60, 60]]))
    )
    check.same_function(
        best_anchor,
        best_by(fit),
        cases,
        {
            "by area": (
                best_by(lambda w, h, p, q: abs(w * h - p * q)),
                "40 × 10 and 20 × 20 have the same area and fit badly: compare shapes by IoU.",
            ),
            "by distance": (
                best_by(lambda w, h, p, q: (w - p) ** 2 + (h - q) ** 2),
                "a difference of 5 pixels is much for a small box and little for a large one: take the IoU.",
            ),
            "by difference": (
                best_by(lambda w, h, p, q: abs(w - p) + abs(h - q)),
                "a difference of 5 pixels is much for a small box and little for a large one: take the IoU.",
            ),
            "by aspect": (
                best_by(lambda w, h, p, q: abs(np.log(w / h * q / p))),
                "size counts too, not only width over height.",
            ),
            "the largest shared area": (
                best_by(lambda w, h, p, q: -min(w, p) * min(h, q)),
                "the shared area alone favours large anchors: divide by the union.",
            ),
            "the union without taking the shared part away": (
                best_by(lambda w, h, p, q: -min(w, p) * min(h, q) / max(w * h, p * q)),
                "the union is the sum of both areas less the shared one, not the larger of them.",
            ),
            "the worst": (best_by(lambda *s: -fit(*s)), "the best fit is the largest IoU."),
        },
    )
    flipped = best_anchor(cases[0][0][:, ::-1], cases[0][1][:, ::-1])
    check.close(
        flipped, best_by(fit)(*cases[0]), "the best anchors when all widths and heights are exchanged"
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 5 · What the network shall learn (5 points)
#
# Lay a grid of `cells` × `cells` over a picture of `side` × `side` pixels. The cell that holds the centre of a box
# shall find it, with the anchor that `which` names for it. Fill an array of zeros,
# `targets[row, column, anchor]`, with 5 + C numbers at each of these places:
#
# | number | what |
# |---|---|
# | 0, 1 | where in its cell the centre is, across and down, from 0 to 1 |
# | 2, 3 | $\ln(\text{width} / \text{anchor's width})$ and $\ln(\text{height} / \text{anchor's height})$ |
# | 4 | 1: there is an object |
# | 5 … | its class, one-hot |
#
# No two boxes here want the same place.


# %% solution="q05_encode"
def encode(boxes, labels, which, anchors, side, cells, classes):
    """Targets (cells, cells, A, 5 + classes) of one picture.

    `boxes` (N, 4) are x1, y1, x2, y2 in pixels, `labels` (N,) their classes, `which` (N,) the
    index of the anchor for each, `anchors` (A, 2) widths and heights in pixels.
    """
    ### BEGIN SOLUTION
    targets = np.zeros((cells, cells, len(anchors), 5 + classes))
    for (x1, y1, x2, y2), label, anchor in zip(boxes, labels, which):
        x, y = (x1 + x2) / 2 / side * cells, (y1 + y2) / 2 / side * cells
        width, height = anchors[anchor]
        place = targets[int(y), int(x), anchor]
        place[:4] = x - int(x), y - int(y), np.log((x2 - x1) / width), np.log((y2 - y1) / height)
        place[4] = 1
        place[5 + label] = 1
    return targets
    ### END SOLUTION


# %% test="q05_encode_test" points=5
with check.question("What the network shall learn", read="lesson 13 (YOLO)"):
    result = encode(
        np.array([[40, 0, 60, 40]]), np.array([1]), np.array([0]), np.array([[20, 20], [60, 60]]), 96, 3, 2
    )
    on = "the box (40, 0, 60, 40) of class 1, anchors 20 × 20 (its own) and 60 × 60, 96 pixels, 3 × 3 cells"
    check.shape(result, (3, 3, 2, 7), "encode(…)", on)
    targets = np.asarray(result, float)
    check.close(targets[..., 4].sum(), 1, "how many places hold an object", on)
    check.close(
        np.argwhere(targets[..., 4] == 1)[0],
        [0, 1, 0],
        "row, column and anchor of that place",
        on,
        misconceptions={
            "row and column swapped": ([1, 0, 0], "the row comes from y, the column from x."),
            "another anchor": ([0, 1, 1], "use the anchor that `which` names."),
        },
    )
    check.close(
        targets[0, 1, 0],
        [0.5625, 0.625, 0, np.log(2), 1, 0, 1],
        "the numbers at that place",
        on,
        misconceptions={
            "no logarithm": ([0.5625, 0.625, 1, 2, 1, 0, 1], "numbers 2 and 3 are logarithms."),
            "across and down swapped": (
                [0.625, 0.5625, 0, np.log(2), 1, 0, 1],
                "first how far across the cell (x), then how far down (y).",
            ),
            "in pixels": ([18, 20, 0, np.log(2), 1, 0, 1], "as a share of the cell, from 0 to 1."),
            "in the picture": (
                [50 / 96, 20 / 96, 0, np.log(2), 1, 0, 1],
                "where in its cell, not where in the picture.",
            ),
            "the corner": ([0.25, 0, 0, np.log(2), 1, 0, 1], "the centre of the box, not its corner."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def targets_of(boxes, labels, which, anchors, side, cells, classes, mistake=None):
        made = np.zeros((cells, cells, len(anchors), 5 + classes))
        for box, label, k in zip(np.asarray(boxes, float), labels, which):
            cell = side / cells
            middle = (box[:2] + box[2:]) / 2
            column, row = (
                int(v // cell) for v in (np.maximum(box[:2], 0) if mistake == "corner" else middle)
            )
            if mistake == "swapped":
                row, column = column, row
            place = (middle - cell * np.floor(middle / cell)) / cell
            if mistake == "pixels":
                place = place * cell
            if mistake == "picture":
                place = middle / side
            size = (box[2:] - box[:2]) / (
                side if mistake == "of the picture" else np.asarray(anchors[k], float)
            )
            size = size if mistake == "no log" else np.log(size)
            kind = np.eye(classes)[(label - 1) % classes if mistake == "from one" else label]
            made[row, column, k] = [*place, *size, mistake != "no object", *kind]
        return made

    def scene(dice, cells, side, classes, anchors):
        places = dice.choice(cells * cells * len(anchors), 6, replace=False)
        row, column, which = np.unravel_index(places, (cells, cells, len(anchors)))
        middle = (np.stack([column, row], 1) + dice.uniform(0.05, 0.95, (6, 2))) * side / cells
        half = anchors[which] * dice.uniform(0.3, 0.8, (6, 2))
        boxes = np.concatenate([middle - half, middle + half], axis=1)
        return boxes, dice.integers(0, classes, 6), which, anchors, side, cells, classes

    dice = np.random.default_rng(405)
    cases = [
        scene(dice, *size, dice.uniform(10, 60, (a, 2)))
        for size, a in (((7, 224, 4), 2), ((13, 416, 3), 3), ((5, 160, 2), 1))
    ]
    empty = (np.zeros((0, 4)), np.zeros(0, int), np.zeros(0, int), np.array([[20.0, 30.0]]), 96, 3, 2)
    known = {
        "row and column swapped": ("swapped", "the row comes from y, the column from x."),
        "no logarithm": ("no log", "numbers 2 and 3 are logarithms."),
        "in pixels": ("pixels", "where in its cell as a share of the cell, from 0 to 1."),
        "in the picture": ("picture", "where in its cell, not where in the picture."),
        "the corner's cell": ("corner", "the cell that holds the centre of the box, not its corner."),
        "compared with the picture": (
            "of the picture",
            "width and height are compared with the anchor's, not with the picture's.",
        ),
        "the object is not marked": ("no object", "number 4 is 1 where there is an object."),
        "classes counted from 1": ("from one", "classes count from 0: number 5 is class 0."),
    }
    check.same_function(
        encode,
        targets_of,
        [*cases, empty],
        {
            title: ((lambda *given, mistake=mistake: targets_of(*given, mistake=mistake)), advice)
            for title, (mistake, advice) in known.items()
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 6 · From numbers to boxes (4 points)
#
# The way back. The network gives 5 + C numbers for each cell and anchor, `output[row, column, anchor]` = $(t_x, t_y,
# t_w, t_h, t_o, \dots)$, all of them logits. With $\sigma$ the sigmoid and a stride of *side / cells* pixels, the
# centre and the size of the box are
#
# $$x = (\sigma(t_x) + \text{column}) \cdot \text{stride} \qquad y = (\sigma(t_y) + \text{row}) \cdot \text{stride}
# \qquad w = p_w\, e^{t_w} \qquad h = p_h\, e^{t_h}$$
#
# and the score of a class is $\sigma(t_o)$ times the sigmoid of the class's own number. Return the corners of the
# boxes in pixels, and the scores.


# %% solution="q06_decode"
def decode(output, anchors, side):
    """Boxes (cells, cells, A, 4), x1, y1, x2, y2 in pixels, and scores (cells, cells, A, C), as a tuple.

    `output` (cells, cells, A, 5 + C) are logits, `anchors` (A, 2) widths and heights in pixels,
    and the picture has `side` × `side` pixels.
    """
    ### BEGIN SOLUTION
    output = np.asarray(output, float)
    cells = len(output)
    sure = 1 / (1 + np.exp(-output))
    columns, rows = np.meshgrid(np.arange(cells), np.arange(cells))
    corner = np.stack([columns, rows], axis=-1)[:, :, None]
    centre = (sure[..., :2] + corner) * side / cells
    half = np.asarray(anchors) * np.exp(output[..., 2:4]) / 2
    return np.concatenate([centre - half, centre + half], axis=-1), sure[..., 4:5] * sure[..., 5:]
    ### END SOLUTION


# %% test="q06_decode_test" points=4
with check.question("From numbers to boxes", read="lesson 13 (YOLO)"):
    zeros = np.zeros((2, 2, 1, 7))
    boxes, scores = decode(zeros, np.array([[20, 30]]), 80)
    on = "zeros everywhere, one anchor of 20 × 30, a picture of 80 pixels, 2 × 2 cells"
    check.shape(boxes, (2, 2, 1, 4), "the boxes", on)
    check.shape(scores, (2, 2, 1, 2), "the scores", on)
    check.within(scores, 0, 1, "the scores", on, hint="a score is a probability: after the sigmoid.")
    check.close(
        np.asarray(boxes)[0, 1, 0],
        [50, 5, 70, 35],
        "the box of row 0, column 1",
        on,
        misconceptions={
            "row and column swapped": ([10, 45, 30, 75], "x goes with the column, y with the row."),
            "no stride": ([-8.5, -14.5, 11.5, 15.5], "cells to pixels: multiply by the stride."),
            "no sigmoid": ([30, -15, 50, 15], "the place in the cell is the sigmoid of t."),
            "no exponential": (
                [60, 20, 60, 20],
                "the size is the anchor's times e to the power of t; e⁰ is 1.",
            ),
            "centre and size": ([60, 20, 20, 30], "the corners, not the centre and the size."),
            "the centre taken for a corner": (
                [60, 20, 80, 50],
                "x and y are the centre: half a width each way.",
            ),
        },
    )
    check.close(
        np.asarray(scores)[0, 1, 0],
        [0.25, 0.25],
        "the scores of row 0, column 1",
        on,
        misconceptions={
            "without the object": ([0.5, 0.5], "a score is σ of the object's number times σ of the class's."),
            "without the sigmoid": ([0, 0], "logits become probabilities by the sigmoid."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def squeezed(t):
        return 1 / (1 + np.exp(-np.asarray(t, float)))

    def decoded(output, anchors, side, mistake=None):
        output = np.asarray(output, float)
        cells, _, count = output.shape[:3]
        boxes, scores = np.zeros((*output.shape[:3], 4)), np.zeros((*output.shape[:3], output.shape[-1] - 5))
        stride = 1 if mistake == "no stride" else side / cells
        for row, column, k in np.ndindex(cells, cells, count):
            t = output[row, column, k]
            x, y = t[:2] if mistake == "no sigmoid" else squeezed(t[:2])
            across, down = (row, column) if mistake == "swapped" else (column, row)
            x, y = (x + across) * stride, (y + down) * stride
            if mistake == "stride before":
                x, y = squeezed(t[0]) + column * stride, squeezed(t[1]) + row * stride
            grown = {"no exp": t[2:4], "sigmoid of size": squeezed(t[2:4])}.get(mistake, np.exp(t[2:4]))
            w, h = np.asarray(anchors[k], float) * grown
            w, h = (w * stride, h * stride) if mistake == "anchors in cells" else (w, h)
            boxes[row, column, k] = x - w / 2, y - h / 2, x + w / 2, y + h / 2
            if mistake == "corner":
                boxes[row, column, k] = x, y, x + w, y + h
            if mistake == "centre":
                boxes[row, column, k] = x, y, w, h
            kinds = squeezed(t[5:])
            if mistake == "softmax":
                kinds = np.exp(t[5:]) / np.exp(t[5:]).sum()
            scores[row, column, k] = kinds * (1 if mistake == "no object" else squeezed(t[4]))
        return boxes, scores

    dice = np.random.default_rng(406)
    cases = [
        (dice.normal(0, 1.2, (g, g, a, 5 + c)), dice.uniform(10, 80, (a, 2)), side)
        for g, a, c, side in ((3, 2, 3, 96), (5, 3, 1, 160), (4, 1, 6, 416))
    ]
    known = {
        "row and column swapped": ("swapped", "x goes with the column, y with the row."),
        "no stride": ("no stride", "cells to pixels: multiply by the stride."),
        "the stride of the cell only": (
            "stride before",
            "the place in the cell is in cells, too: times the stride.",
        ),
        "no sigmoid": ("no sigmoid", "the place in the cell is the sigmoid of t."),
        "no exponential": ("no exp", "the size is the anchor's times e to the power of t."),
        "the sigmoid of the size": (
            "sigmoid of size",
            "a box may be larger than its anchor: e to the power of t.",
        ),
        "anchors in cells": ("anchors in cells", "the anchors are in pixels already."),
        "the centre taken for a corner": ("corner", "x and y are the centre: half a width each way."),
        "centre and size": ("centre", "return the corners, not the centre and the size."),
        "softmax": ("softmax", "each class by itself: its sigmoid, as an object may be of several classes."),
        "without the object": ("no object", "a score is σ of the object's number times σ of the class's."),
    }
    check.same_function(
        decode,
        decoded,
        cases,
        {
            title: ((lambda *given, mistake=mistake: decoded(*given, mistake=mistake)), advice)
            for title, (mistake, advice) in known.items()
        },
    )
    sure = np.full((2, 2, 1, 6), -60.0)
    sure[1, 0, 0] = [0, 0, 0, 0, 60, 60]
    check.close(
        np.asarray(decode(sure, np.array([[20, 30]]), 80)[1])[..., 0, 0],
        [[0, 0], [1, 0]],
        "the scores",
        on="a network that is sure of one object, in row 1, column 0",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 7 · What a mistake costs (2 + 3 points)
#
# First the place and the size. For every object, add up four squares: $(\sigma(t_x) - \hat t_x)^2$ and
# $(\sigma(t_y) - \hat t_y)^2$, where the hat marks the target of question 5, then $(t_w - \hat t_w)^2$ and
# $(t_h - \hat t_h)^2$. Cells and anchors without an object learn no box: they add nothing. Divide the sum by the
# number of objects; if there is none, the loss is 0.


# %% solution="q07_box_loss"
def box_loss(output, targets):
    """One number; `output` (cells, cells, A, 5 + C) are logits, `targets` as in question 5."""
    ### BEGIN SOLUTION
    output, targets = np.asarray(output, float), np.asarray(targets, float)
    there = targets[..., 4] == 1
    guess, truth = output[there], targets[there]
    place = 1 / (1 + np.exp(-guess[:, :2])) - truth[:, :2]
    size = guess[:, 2:4] - truth[:, 2:4]
    return float((np.sum(place**2) + np.sum(size**2)) / max(there.sum(), 1))
    ### END SOLUTION


# %% test="q07_box_loss_test" points=2
with check.question("What a wrong box costs", read="lesson 13 (YOLO)"):
    targets = np.zeros((2, 2, 1, 6))
    targets[0, 1, 0] = [0.5, 0.5, 1.0, 0.0, 1, 1]
    output = np.full((2, 2, 1, 6), 3.0)
    output[0, 1, 0] = [0, 0, 1.5, 0.25, 0, 0]
    on = "one object, whose centre is right; its t for the width is 0.5 too large, for the height 0.25"
    result = box_loss(output, targets)
    check.shape(result, (), "box_loss(output, targets)", on)
    check.at_least(result, 0, "box_loss(output, targets)", on, hint="a sum of squares is never negative.")
    check.close(
        result,
        0.3125,
        "box_loss(output, targets)",
        on,
        hint="only the cell with the object counts, and of it the first four numbers.",
        misconceptions={
            "no sigmoid": (0.8125, "the place is compared after the sigmoid."),
            "over all cells": (0.078125, "divide by the number of objects, not of cells."),
            "a mean of four": (0.078125, "add the four squares up."),
            "absolute values": (0.75, "squares, not absolute values."),
            "half": (0.15625, "no factor of one half here."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def sigmoid_of(t):
        return 1 / (1 + np.exp(-np.asarray(t, float)))

    def box_cost(output, targets, everywhere=False, place=sigmoid_of, size=np.asarray, per="object", power=2):
        output, targets = np.asarray(output, float), np.asarray(targets, float)
        total, objects = 0.0, 0
        for t, goal in zip(output.reshape(-1, output.shape[-1]), targets.reshape(-1, targets.shape[-1])):
            objects += goal[4] == 1
            if goal[4] == 1 or everywhere:
                total += np.sum(np.abs(place(t[:2]) - goal[:2]) ** power)
                total += np.sum(np.abs(size(t[2:4]) - goal[2:4]) ** power)
        return total / {"object": max(objects, 1), "cell": targets[..., 4].size, "batch": 1}[per]

    def lesson(dice, cells, anchors, classes, objects):
        goal = np.zeros((cells, cells, anchors, 5 + classes))
        flat = goal.reshape(-1, 5 + classes)
        for place in dice.choice(len(flat), objects, replace=False):
            flat[place] = [*dice.uniform(0, 1, 2), *dice.normal(0, 0.7, 2), 1, *np.eye(classes)[-1]]
        return dice.normal(0, 1.5, goal.shape), goal

    dice = np.random.default_rng(407)
    cases = [lesson(dice, *numbers) for numbers in ((3, 2, 2, 3), (5, 3, 1, 7), (4, 1, 4, 1), (3, 2, 3, 0))]
    check.same_function(
        box_loss,
        box_cost,
        cases,
        {
            "empty cells count": (
                lambda o, t: box_cost(o, t, everywhere=True),
                "a cell without an object learns no box: it adds nothing.",
            ),
            "no sigmoid": (
                lambda o, t: box_cost(o, t, place=np.asarray),
                "the place is compared after the sigmoid.",
            ),
            "sigmoid of the size": (
                lambda o, t: box_cost(o, t, size=sigmoid_of),
                "the size is compared as it is: only the place has a sigmoid.",
            ),
            "over all cells": (
                lambda o, t: box_cost(o, t, per="cell"),
                "divide by the number of objects, not of cells and anchors.",
            ),
            "not divided": (lambda o, t: box_cost(o, t, per="batch"), "divide by the number of objects."),
            "absolute values": (lambda o, t: box_cost(o, t, power=1), "squares, not absolute values."),
            "a mean of four": (lambda o, t: box_cost(o, t) / 4, "add the four squares up."),
        },
        hint="without objects the loss is 0: mind the division.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# Now number 4: is something there at all? With $p = \sigma(t_o)$, every cell and anchor that has an object
# pays $-\ln p$. The others pay $-\ln(1 - p)$, but for those whose own box already overlaps an object by *more* than
# `ignore_above`: they are nearly right, and pay nothing. Return both sums, each divided by the number of objects
# (by 1 if there is none).
#
# A network may be very sure: $-\ln \sigma(t)$ must also be right for a logit of −1000, where `np.exp` alone gives
# infinity. `np.logaddexp(0, t)` is $\ln(1 + e^t)$ for any $t$.


# %% solution="q07_object_loss"
def object_loss(logits, there, overlap, ignore_above):
    """The losses of places with and without an object, as a tuple of two numbers.

    `logits`, `there` and `overlap` have the same shape: the logit of the object, True where there
    is one, and the largest IoU that the box of this place has with any object.
    """
    ### BEGIN SOLUTION
    logits, there, overlap = np.asarray(logits, float), np.asarray(there, bool), np.asarray(overlap)
    count = max(there.sum(), 1)
    empty = ~there & (overlap <= ignore_above)
    missed = np.logaddexp(0, -logits[there]).sum() / count
    invented = np.logaddexp(0, logits[empty]).sum() / count
    return float(missed), float(invented)
    ### END SOLUTION


# %% test="q07_object_loss_test" points=3
with check.question("What a wrong answer about an object costs", read="lesson 13 (YOLO)"):
    logits = np.log([3.0, 1.0, 1.0, 3.0])  # σ of them: 0.75, 0.5, 0.5, 0.75
    result = object_loss(logits, np.array([True, False, False, False]), np.array([0.9, 0.0, 0.3, 0.8]), 0.5)
    on = "p = 0.75 at an object; 0.5, 0.5 and 0.75 elsewhere, the last with a box that overlaps it by 0.8"
    check.shape(result, (2,), "object_loss(…)", on)
    check.at_least(np.min(result), 0, "the smaller of the two losses", on, hint="−ln of a share is positive.")
    log = np.log
    check.close(
        result,
        [-log(0.75), -2 * log(0.5)],
        "object_loss(…)",
        on,
        misconceptions={
            "nothing is ignored": (
                [-log(0.75), -2 * log(0.5) - log(0.25)],
                "a box that overlaps an object by more than ignore_above pays nothing.",
            ),
            "objects are ignored": (
                [0, -2 * log(0.5)],
                "a place that has an object always pays, however well its box fits.",
            ),
            "with and without swapped": ([-2 * log(0.5), -log(0.75)], "first the places with an object."),
            "the sign": ([log(0.75), 2 * log(0.5)], "−ln p: a cost is positive."),
            "a mean": ([-log(0.75), -log(0.5)], "divide both sums by the number of objects."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def object_cost(logits, there, overlap, limit, ignore=True, equal=False, own=False, safe=True):
        sums, counts = [0.0, 0.0], [0, 0]
        for t, object_here, best in zip(np.ravel(logits), np.ravel(there), np.ravel(overlap)):
            passed = ignore and (best >= limit if equal else best > limit)
            if passed and (own or not object_here):
                continue
            sign = -1 if object_here else 1
            counts[0 if object_here else 1] += 1
            sums[0 if object_here else 1] += np.logaddexp(0, sign * t) if safe else np.log1p(np.exp(sign * t))
        objects = max(int(np.sum(there)), 1)
        if ignore == "mean":
            return sums[0] / max(counts[0], 1), sums[1] / max(counts[1], 1)
        return sums[0] / objects, sums[1] / objects

    dice = np.random.default_rng(417)
    cases = []
    for shape, share_of, limit in (((3, 3, 2), 0.3, 0.5), ((5, 5, 3), 0.1, 0.6), ((40,), 0.5, 0.4)):
        cases.append((dice.normal(0, 2, shape), dice.random(shape) < share_of, dice.random(shape), limit))
    cases.append(
        (np.array([1.0, -2.0, 0.5]), np.array([False, True, False]), np.array([0.5, 0.9, 0.25]), 0.5)
    )
    cases.append((dice.normal(0, 2, (2, 2, 1)), np.zeros((2, 2, 1), bool), np.zeros((2, 2, 1)), 0.5))
    check.same_function(
        object_loss,
        object_cost,
        cases,
        {
            "nothing is ignored": (
                lambda *given: object_cost(*given, ignore=False),
                "a box that overlaps an object by more than ignore_above pays nothing.",
            ),
            "objects are ignored": (
                lambda *given: object_cost(*given, own=True),
                "a place that has an object always pays, however well its box fits.",
            ),
            "just at the limit": (
                lambda *given: object_cost(*given, equal=True),
                "a box is ignored if it overlaps by more than ignore_above, not by just as much.",
            ),
            "a mean": (
                lambda *given: object_cost(*given, ignore="mean"),
                "divide both sums by the number of objects, the second one too; and do not ignore objects.",
            ),
            "with and without swapped": (
                lambda *given: object_cost(*given)[::-1],
                "first the places with an object, then those without.",
            ),
        },
        hint="without objects divide by 1.",
    )
    check.close(
        object_loss(np.array([-1000.0, 1000.0]), np.array([True, False]), np.zeros(2), 0.5),
        [1000, 1000],
        "object_loss(…)",
        on="logits of −1000 at an object and +1000 at none",
        hint="−ln σ(t) is ln(1 + e^−t): np.logaddexp(0, −t) is right for any t.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 8 · Which detections are right (4 points)
#
# To grade a detector, go through its detections of one class in one picture by *falling score*. Each takes, of the
# true boxes that are *not taken yet*, the one that it overlaps most, if their IoU is at least `threshold`. Then it is
# a hit. All others are false alarms: also the second detection of an object that is taken already.
#
# Return True or False for each detection, in the order in which they are given. There is at least one true box.


# %% solution="q08_match"
def match(overlap, scores, threshold):
    """Whether each of D detections is a hit; `overlap` (D, T) with T true boxes, `scores` (D,)."""
    ### BEGIN SOLUTION
    free = np.array(overlap, float)
    hits = np.zeros(len(free), bool)
    for i in np.argsort(-np.asarray(scores)):
        best = int(np.argmax(free[i]))
        if free[i, best] >= threshold:
            hits[i] = True
            free[:, best] = -1
    return hits
    ### END SOLUTION


# %% test="q08_match_test" points=4
with check.question("Which detections are right", read="lesson 12 (from localisation to detection)"):
    table = np.array([[0.6, 0.0], [0.9, 0.0], [0.2, 0.5], [0.0, 0.4]])
    result = match(table, np.array([0.7, 0.8, 0.9, 0.95]), 0.5)
    on = (
        "IoU 0.6, 0.9, 0.2, 0 with one true box and 0, 0, 0.5, 0.4 with the other; scores 0.7, 0.8, 0.9, 0.95"
    )
    check.shape(result, (4,), "match(overlap, scores, 0.5)", on)
    check.close(
        np.asarray(result, int),
        [0, 1, 1, 0],
        "match(overlap, scores, 0.5), as 0 and 1",
        on,
        misconceptions={
            "an object found twice": (
                [1, 1, 1, 0],
                "an object counts once: its second detection is a false alarm.",
            ),
            "the order of the input": ([1, 0, 1, 0], "the detection with the highest score chooses first."),
            "the lowest score first": ([1, 0, 1, 0], "the detection with the highest score chooses first."),
            "sorted by score": ([0, 1, 1, 0][::-1], "in the order in which the detections are given."),
            "just at the threshold": ([0, 1, 0, 0], "an IoU of just the threshold is enough."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def hits_of(table, scores, threshold, order="falling", again=False, above=False, taken=False):
        table, scores, gone = np.asarray(table, float), np.asarray(scores), set()
        right = np.zeros(len(table), bool)
        ranks = sorted(
            range(len(table)), key=lambda i: {"falling": -scores[i], "rising": scores[i]}.get(order, i)
        )
        for i in ranks:
            pool = [j for j in range(table.shape[1]) if again or taken or j not in gone]
            if not pool:
                continue
            j = max(pool, key=lambda j: table[i, j])
            enough = table[i, j] > threshold if above else table[i, j] >= threshold
            if enough and (again or j not in gone):
                right[i] = True
                gone.add(j)
        return right[ranks] if order == "sorted" else right

    def sorted_hits(table, scores, threshold):
        return hits_of(table, scores, threshold)[np.argsort(-np.asarray(scores))]

    dice = np.random.default_rng(408)
    cases = [
        (dice.uniform(0, 1, (d, t)) ** 0.7, dice.permutation(np.linspace(0.05, 0.95, d)), limit)
        for d, t, limit in ((12, 5, 0.5), (20, 8, 0.6), (7, 9, 0.75), (15, 3, 0.3))
    ]
    cases.append((np.array([[0.75, 0.5], [0.8, 0.6], [0.0, 0.25]]), np.array([0.6, 0.9, 0.3]), 0.5))
    check.same_function(
        match,
        hits_of,
        cases,
        {
            "an object found twice": (
                lambda *given: hits_of(*given, again=True),
                "an object counts once: its second detection is a false alarm.",
            ),
            "the order of the input": (
                lambda *given: hits_of(*given, order="given"),
                "the detection with the highest score chooses first.",
            ),
            "the lowest score first": (
                lambda *given: hits_of(*given, order="rising"),
                "the detection with the highest score chooses first.",
            ),
            "just at the threshold": (
                lambda *given: hits_of(*given, above=True),
                "an IoU of just the threshold is enough.",
            ),
            "only the best box": (
                lambda *given: hits_of(*given, taken=True),
                "if the box that it overlaps most is taken, another free one that fits will do.",
            ),
            "sorted by score": (sorted_hits, "in the order in which the detections are given."),
        },
    )
    for table, scores, limit in cases[:3]:
        fewer, more = (int(np.sum(np.asarray(match(table, scores, at)))) for at in (limit + 0.2, limit))
        check.at_least(more - fewer, 0, "how many more hits a lower threshold gives")
        check.within(
            more, 0, min(table.shape), "the number of hits", hint="not more than there are true boxes."
        )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 9 · Average precision (4 points)
#
# One number for a class. Sort the detections of all pictures by falling score. After each of them, precision is the
# share of hits among the detections so far, and recall is the share of the `count` true boxes that are found so far.
#
# Precision goes up and down on the way. Make it fall only: at every recall, take the highest precision that is
# reached there or at any higher recall (the *interpolated* precision). The average precision is the area under that
# staircase: for every detection, interpolated precision times the step in recall. Without detections it is 0.


# %% solution="q09_average_precision"
def average_precision(hits, scores, count):
    """Area under the interpolated curve; `hits` (D,) True or False, `scores` (D,), `count` true boxes."""
    ### BEGIN SOLUTION
    hits = np.asarray(hits, bool)[np.argsort(-np.asarray(scores, float))]
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    interpolated = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(interpolated[hits]) / count)
    ### END SOLUTION


# %% test="q09_average_precision_test" points=4
with check.question("Average precision", read="lesson 12 (from localisation to detection)"):
    result = average_precision(np.array([True, False, True, True]), np.array([0.7, 0.9, 0.8, 0.2]), 5)
    on = "hits True, False, True, True with scores 0.7, 0.9, 0.8, 0.2; five true boxes"
    check.shape(result, (), "average_precision(hits, scores, 5)", on)
    check.within(result, 0, 1, "average_precision(hits, scores, 5)", on)
    check.close(
        result,
        0.45,
        "average_precision(hits, scores, 5)",
        on,
        misconceptions={
            "not interpolated": (
                (1 / 2 + 2 / 3 + 3 / 4) / 5,
                "at each recall, the highest precision there or further on.",
            ),
            "slopes": (
                ((0 + 1 / 2) / 2 + (1 / 2 + 2 / 3) / 2 + (2 / 3 + 3 / 4) / 2) / 5,
                "interpolate, and add up steps, not slopes.",
            ),
            "not sorted": ((1 + 3 / 4 + 3 / 4) / 5, "sort the detections by falling score first."),
            "recall by detections": (3 / 4 * 3 / 4, "recall is a share of the true boxes."),
            "recall by what was found": (
                3 / 4,
                "recall is a share of the true boxes, also of those that nobody found.",
            ),
            "the lowest score first": (3 / 5, "np.argsort sorts upwards: the highest score comes first."),
            "eleven points": (
                7 / 11 * 3 / 4,
                "the area under the whole staircase, not the mean at eleven recalls.",
            ),
        },
    )

    ### BEGIN HIDDEN TESTS
    def area_under(hits, scores, count, order="falling", smooth=True, of="truth", shape="steps"):
        hits, scores = np.asarray(hits, bool), np.asarray(scores)
        if order != "given":
            hits = hits[np.argsort(scores if order == "rising" else -scores)]
        total = {"truth": count, "detections": max(len(hits), 1), "hits": max(int(hits.sum()), 1)}[of]
        precision = [hits[: i + 1].mean() for i in range(len(hits))]
        recall = [hits[: i + 1].sum() / total for i in range(len(hits))]
        if smooth:
            precision = [max(precision[i:]) for i in range(len(precision))]
        if shape == "eleven":
            points = np.arange(11) / 10
            return float(
                np.mean(
                    [
                        max([p for p, r in zip(precision, recall) if r >= at - 1e-9], default=0)
                        for at in points
                    ]
                )
            )
        area, before, last = 0.0, 0.0, precision[0] if precision else 0.0
        for p, r in zip(precision, recall):
            area += (r - before) * ((p + last) / 2 if shape == "slopes" else p)
            before, last = r, p
        return area

    dice = np.random.default_rng(409)
    cases = []
    for d, chance, missed in ((30, 0.6, 7), (12, 0.4, 3), (50, 0.8, 20), (8, 0.5, 1)):
        hits = dice.permutation(np.arange(d) < max(1, int(chance * d)))
        cases.append((hits, dice.permutation(np.linspace(0.01, 0.99, d)), int(hits.sum()) + missed))
    check.same_function(
        average_precision,
        area_under,
        cases,
        {
            "not interpolated": (
                lambda *given: area_under(*given, smooth=False),
                "at each recall, take the highest precision there or further on.",
            ),
            "not sorted": (
                lambda *given: area_under(*given, order="given"),
                "sort the detections by falling score first.",
            ),
            "the lowest score first": (
                lambda *given: area_under(*given, order="rising"),
                "np.argsort sorts upwards: the highest score comes first.",
            ),
            "recall by detections": (
                lambda *given: area_under(*given, of="detections"),
                "recall is a share of the true boxes, not of the detections.",
            ),
            "recall by what was found": (
                lambda *given: area_under(*given, of="hits"),
                "recall is a share of the true boxes, also of those that nobody found.",
            ),
            "eleven points": (
                lambda *given: area_under(*given, shape="eleven"),
                "the area under the whole staircase, not the mean at eleven recalls.",
            ),
            "slopes": (
                lambda *given: area_under(*given, shape="slopes", smooth=False),
                "interpolate, and add up steps, not slopes.",
            ),
            "interpolated the wrong way": (
                lambda hits, scores, count: float(
                    np.sum(
                        np.maximum.accumulate(
                            np.cumsum(hits[np.argsort(-scores)]) / np.arange(1, len(hits) + 1)
                        )[hits[np.argsort(-scores)]]
                    )
                    / count
                ),
                "the highest precision at this recall or a *higher* one: come from the end.",
            ),
        },
    )
    check.same_function(
        average_precision,
        area_under,
        [
            (np.ones(5, bool), np.linspace(0.9, 0.1, 5), 5),
            (np.zeros(4, bool), np.linspace(0.9, 0.1, 4), 3),
            (np.zeros(0, bool), np.zeros(0), 3),
        ],
        hint="a perfect detector has 1, one without hits 0, one without detections 0.",
    )
    hits, scores, count = cases[0]
    check.close(
        average_precision(hits, scores**3 / 2, count),
        area_under(hits, scores, count),
        "average_precision with other scores in the same order",
        hint="only the order of the scores counts, not how large they are.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 10 · Train, and hand in what your detector finds (6 points)
#
# Now put it together, with the library's parts: `cvlib.models.TinyYOLO`, `cvlib.models.Detector`. Train on the data
# set `shapes`: circles, squares and triangles, turned by any angle, some half hidden. Return for each picture of
# `TEST_FILES`, in order, what you find in it: boxes in pixels, scores, and labels, which are indices of `CLASSES`.
# `train` and `validation` are data sets: `train.frame` has a row for each picture with its `path` in
# `train.directory`, its `boxes` and its `labels`, just as `flow_from_dataframe(…, boxes="boxes", labels="labels")`
# takes them.
#
# A net from scratch (`backbone=None`) with one fine grid (`strides=(8,)`, `widths=(8, 16, 32)`), mirrored
# pictures, `match_above=0.5`, so that several anchors learn an object, and twenty epochs reach all the points in
# about a minute. Choose by the validation pictures: the test pictures have no boxes for you. Keep weak
# detections, too (a least score of 0.01): they cost little and may be right.
#
# The mark is the mean over the three classes of the average precision at IoU 0.5, mAP for short:
#
# | mAP | points |
# |---|---|
# | 0.45 | 2 |
# | 0.54 | 2 more |
# | 0.62 | 2 more |
#
# Cutting out all that differs in colour from the ground, and telling the shapes apart by how full their boxes
# are, gets 0.36 without any training.


# %% solution="q10_train"
def train_and_predict(train, validation):
    """For each of `TEST_FILES`, in order: boxes (N, 4), scores (N,) and labels (N,)."""
    ### BEGIN SOLUTION
    epochs = 20
    generator = cvlib.ImageDataGenerator(horizontal_flip=True, vertical_flip=True)
    batches = generator.flow_from_dataframe(
        train.frame,
        train.directory,
        x_col="path",
        boxes="boxes",
        labels="labels",
        target_size=(96, 96),
        batch_size=16,
        seed=run.seed,
    )
    network = cvlib.models.TinyYOLO(
        (96, 96, 3), classes=3, backbone=None, strides=(8,), widths=(8, 16, 32), filters=48
    )
    detector = cvlib.models.Detector(network, CLASSES)
    pace = keras.optimizers.schedules.CosineDecay(6e-3, epochs * len(batches))
    detector.compile(keras.optimizers.Adam(pace), match_above=0.5)
    detector.fit(batches, epochs=epochs, verbose=2)
    pictures = [keras.utils.img_to_array(keras.utils.load_img(TEST / name)) for name in TEST_FILES]
    return detector.predict(pictures, score_threshold=0.01)
    ### END SOLUTION


# %% [markdown]
# Set `TRAIN` to True to train and to write `detections.csv`; set it back to False when you are content, so that
# running the notebook again keeps the file. Grading never trains: it reads the file that you hand in.

# %%
TRAIN = False

# %% locked="q10_hand_in"
if TRAIN and not GRADING:
    shapes = cvlib.datasets.load("shapes", source="synthetic")
    rows = ["file,x1,y1,x2,y2,score,label"]
    for name, found in zip(
        TEST_FILES, train_and_predict(shapes.split("train"), shapes.split("validation")), strict=True
    ):
        for (x1, y1, x2, y2), score, label in zip(*found, strict=True):
            rows.append(f"{name},{x1:.1f},{y1:.1f},{x2:.1f},{y2:.1f},{score:.4f},{CLASSES[label]}")
    Path("detections.csv").write_text("\n".join(rows) + "\n")
    print(f"detections.csv: {len(rows) - 1} boxes in {len(TEST_FILES)} pictures")

# %% [markdown]
# The next cell says how your file is graded; there is nothing for you to do in it.

# %% locked="q10_grading"
import base64

from cvlib.metrics import mean_average_precision


def unpacked(text):
    """True boxes from text: five bytes a box (its class and marks, then x1, y1, x2, y2)."""
    data, place, truths, rows = base64.b64decode(text), 0, [], []
    while place < len(data):
        mark = data[place]
        if mark < 255:
            rows.append([*data[place + 1 : place + 5], mark % 16, mark & 32])
        if mark & 16:  # the last one of its picture
            table = np.array(rows, float).reshape(-1, 6)
            truths.append(
                {"boxes": table[:, :4], "classes": table[:, 4].astype(int), "ignore": table[:, 5] > 0}
            )
            rows = []
        place += 5 if mark < 255 else 1
    return truths


def mean_ap(truths, found):
    """Mean over the classes of the average precision at IoU 0.5; shapes that are hidden by more than 0.7 do not count."""
    return mean_average_precision(truths, found, CLASSES, thresholds=[0.5]).ap50


def changed(found, **columns):
    """The same detections with some columns replaced: functions of (boxes, scores, classes)."""
    return [
        {**one, **{name: new(one["boxes"], one["scores"], one["classes"]) for name, new in columns.items()}}
        for one in found
    ]


def graded(truths, found):
    """The mAP of a file, and a hint: which of some usual slips would explain it."""
    result = mean_ap(truths, found)
    slips = {
        "x and y are swapped: a row is x1, y1, x2, y2.": {"boxes": lambda b, s, c: b[:, [1, 0, 3, 2]]},
        "x1, y1, width and height were written: a row is x1, y1, x2, y2.": {
            "boxes": lambda b, s, c: np.concatenate([b[:, :2], b[:, :2] + b[:, 2:]], 1)
        },
        "the boxes are twice too large: in pixels of the picture, not of the network's input.": {
            "boxes": lambda b, s, c: b / 2
        },
        "the boxes are too small: in pixels of the picture, not in shares or cells.": {
            "boxes": lambda b, s, c: (
                b * (96 if b.size and b.max() <= 1.5 else 8 if b.size and b.max() <= 13 else 2)
            )
        },
        "the scores are the wrong way round: the surest detection has the highest.": {
            "scores": lambda b, s, c: 1 - s
        },
    }
    for hint, slip in slips.items():
        if mean_ap(truths, changed(found, **slip)) > result + 0.15:
            return result, hint
    whole = [{**one, "classes": 0 * one["classes"]} for one in truths]
    if mean_ap(whole, changed(found, classes=lambda b, s, c: 0 * c)) > result + 0.5:
        return (
            result,
            "the boxes are right, their classes are not: labels are indices of CLASSES, in its order.",
        )
    if mean_ap(truths[::-1], found) > result + 0.1:
        return result, "are the pictures in the order of TEST_FILES?"
    if sum(len(one["boxes"]) for one in found) < 0.8 * sum(len(one["boxes"]) for one in truths):
        return result, "fewer boxes than there are shapes: lower the least score, to 0.01 say."
    return result, "train longer, mirror the pictures, or take finer cells; watch the validation pictures."


# %% [markdown]
# The three cells below read your file. The first also checks that it is complete; how good the boxes are is found
# out when your work is graded.

# %% test="q10_baseline_test" points=2
with check.question("Trained detector, mAP 0.45", read="lesson 13 (YOLO)"):
    found = check.detections_file("detections.csv", TEST_FILES, CLASSES, image_size=(96, 96))
    ### BEGIN HIDDEN TESTS
    TRUTH = """
ESQJUTUQJUpDYBFNTV9fETgEYDgCTyVeMxITTCdeERwAPR7/EjIoRz0SJUQzURAdPTlaAhxOMGASJCw4PhA0KE9EEiRFPFsR
KBM3IgJELFQ8ABQZP0QBVFNgYCJUH14uEDIAYCoATzVgRwJABFIVEAgjJD8BCh4qPQEoKExMEDwHYDcCRQZVGBEuKktHABwN
LR8RPg5cLABUBWAWAQQAKyECM0hPYBEAJx5HEQxUGWACDSopSQBLIF4zADAvW1oQMgBgJAIbQT5gATURUjUBABYnPQBPA2AU
EA4AQy4CACoMNwAUMjBOEDYAYCsQABojQBE9AFATAAA/GFcSDQEsJAEEDiMuETkuYFwQABYbMgE4J1ZEAQEyJFUQEg47OBAL
LThbABYwJ0ECIAE8IRJIVVZgEEAHYC8BNTJgYBIXIiUvATQZVToQNktKXxBLTmBgAVIEYBQAKhBaQREABxYgEghJF1cCFxEq
JBJJHFYpAU00XEMBETIoSREnADsSAik7P1QSAgAjHwAkRTZXAUQHXB8QAAobKRIJPi9gAggIJyoAPhtcOgAkOlJgEhgSPjz/
AgMHEhUAGQAuERAxCVkyEhYQQDYBMQFMHAIbJTA7EAAIEhsQLStHRRFSH18tADsKYDYQCRIuNwIAFR83AEwyYEgSOC9HPgIS
NzlZAjQeTTgABwAjHAAAHCNGECQCNBMBKQk3FxBALVA+Ako/WlEBEhQvMRFBF14zAClPPWACIBBJOQJQImA7EQlNIGASFjMs
SAEpBlQwEBM7JEwACS0fQwE6Mk1FAgEaECsRKg0/IgExI004AQAAJSUABD4mYAAdLTlKESIASicSJkc3VwBANGBXAgpLJmAA
AA00QgI1DkAaED4AYCYBAzMSQgAdRTtgAg0DLSAAMBFgQxJCAFENACEVMSYQUkpgXhIyFVY9ADlNTWABGjA+VBA2C2BBAB4k
PkQSMgE/DwBCMWBWAQYaMkUQBUQmYAAHHzBJACMDQiMSOStSSABCR1VaABQTKicCPRBaLgEhQj1ZEREXQ0oCFiQtOxEyL0VC
Ejs/TFMROkdSYAAALxNIAS1MQmAAHBoyMRAvAEQUABwhO0ACQS1gWRAPPx9QAUIEXiASHzgtRgFPQ2BUESc7PE8QFwA/IgEL
GEFNEDw2YF8CLBlSQQEADiY1AAxAM2ASMk1HYAEnGTwuEAAcFzcBMzFIRwIHETI4AgFLD1gAI0U4WhE1AFQfERcEKBQALwBc
IwAZMk9gEQIRMT8APgFgLAJFNmBVAgEAGxoCAzMfTBASPD1gERMyKkkRRkddXhE1NGBgEjQIUCcAIU45YAArEUkwEgMlI0cA
RDVWRxIjPDRNARAlIDYAGgIqExEOOyJQAAAAIicBNx1gTBIsFDwlAAgDIR0ALz9AUAEAOCJgECAMTzsCEQQeEwFBSVFZEgsc
KjsRMABTIRBJN19NABoeMDQBMQdVKhEAKBtHEkYsVDgSEDEuTwBCJlM4EgYaMUIRCxAcIAFRSGBXAgA/HmAAAAAXFxIwOE1W
AhQaNz0QPw1eLQAwGGBKAg42I0sBAAAYGRIhSDJXAS1CQVcAADcoYAAdKDE8EQoTHiYCFDclSQJLPFpKAB8HTDQRMzRDQwA6
E00mAicJNxkSJi49QxIkRT9gAQ4AJxUCADEXWBEvJlhOAiM0NUUANB1gTwAkADgQAkYBWBQQAAYrOwEvJldOACBMOGARAAcg
KQIMHjVCEUUfXTcASDpdTwABMyhaEUVRV2AABDgUSQElHEY+EQARHjMAHEo4YBAaIys1AjVJTWAREw4jHgALNjhgAlE1YEUQ
CwAqHv8BOT5eYAIiFD8vEQAdDSw=
"""
    precision, hint = graded(unpacked(TRUTH), found)
    check.at_least(precision, 0.45, "the mAP on the test pictures", hint=hint)
    ### END HIDDEN TESTS

# %% test="q10_good_test" points=2
with check.question("Trained detector, mAP 0.54", read="lesson 13 (YOLO)"):
    found = check.detections_file("detections.csv", TEST_FILES, CLASSES, image_size=(96, 96))
    ### BEGIN HIDDEN TESTS
    TRUTH = """
ESQJUTUQJUpDYBFNTV9fETgEYDgCTyVeMxITTCdeERwAPR7/EjIoRz0SJUQzURAdPTlaAhxOMGASJCw4PhA0KE9EEiRFPFsR
KBM3IgJELFQ8ABQZP0QBVFNgYCJUH14uEDIAYCoATzVgRwJABFIVEAgjJD8BCh4qPQEoKExMEDwHYDcCRQZVGBEuKktHABwN
LR8RPg5cLABUBWAWAQQAKyECM0hPYBEAJx5HEQxUGWACDSopSQBLIF4zADAvW1oQMgBgJAIbQT5gATURUjUBABYnPQBPA2AU
EA4AQy4CACoMNwAUMjBOEDYAYCsQABojQBE9AFATAAA/GFcSDQEsJAEEDiMuETkuYFwQABYbMgE4J1ZEAQEyJFUQEg47OBAL
LThbABYwJ0ECIAE8IRJIVVZgEEAHYC8BNTJgYBIXIiUvATQZVToQNktKXxBLTmBgAVIEYBQAKhBaQREABxYgEghJF1cCFxEq
JBJJHFYpAU00XEMBETIoSREnADsSAik7P1QSAgAjHwAkRTZXAUQHXB8QAAobKRIJPi9gAggIJyoAPhtcOgAkOlJgEhgSPjz/
AgMHEhUAGQAuERAxCVkyEhYQQDYBMQFMHAIbJTA7EAAIEhsQLStHRRFSH18tADsKYDYQCRIuNwIAFR83AEwyYEgSOC9HPgIS
NzlZAjQeTTgABwAjHAAAHCNGECQCNBMBKQk3FxBALVA+Ako/WlEBEhQvMRFBF14zAClPPWACIBBJOQJQImA7EQlNIGASFjMs
SAEpBlQwEBM7JEwACS0fQwE6Mk1FAgEaECsRKg0/IgExI004AQAAJSUABD4mYAAdLTlKESIASicSJkc3VwBANGBXAgpLJmAA
AA00QgI1DkAaED4AYCYBAzMSQgAdRTtgAg0DLSAAMBFgQxJCAFENACEVMSYQUkpgXhIyFVY9ADlNTWABGjA+VBA2C2BBAB4k
PkQSMgE/DwBCMWBWAQYaMkUQBUQmYAAHHzBJACMDQiMSOStSSABCR1VaABQTKicCPRBaLgEhQj1ZEREXQ0oCFiQtOxEyL0VC
Ejs/TFMROkdSYAAALxNIAS1MQmAAHBoyMRAvAEQUABwhO0ACQS1gWRAPPx9QAUIEXiASHzgtRgFPQ2BUESc7PE8QFwA/IgEL
GEFNEDw2YF8CLBlSQQEADiY1AAxAM2ASMk1HYAEnGTwuEAAcFzcBMzFIRwIHETI4AgFLD1gAI0U4WhE1AFQfERcEKBQALwBc
IwAZMk9gEQIRMT8APgFgLAJFNmBVAgEAGxoCAzMfTBASPD1gERMyKkkRRkddXhE1NGBgEjQIUCcAIU45YAArEUkwEgMlI0cA
RDVWRxIjPDRNARAlIDYAGgIqExEOOyJQAAAAIicBNx1gTBIsFDwlAAgDIR0ALz9AUAEAOCJgECAMTzsCEQQeEwFBSVFZEgsc
KjsRMABTIRBJN19NABoeMDQBMQdVKhEAKBtHEkYsVDgSEDEuTwBCJlM4EgYaMUIRCxAcIAFRSGBXAgA/HmAAAAAXFxIwOE1W
AhQaNz0QPw1eLQAwGGBKAg42I0sBAAAYGRIhSDJXAS1CQVcAADcoYAAdKDE8EQoTHiYCFDclSQJLPFpKAB8HTDQRMzRDQwA6
E00mAicJNxkSJi49QxIkRT9gAQ4AJxUCADEXWBEvJlhOAiM0NUUANB1gTwAkADgQAkYBWBQQAAYrOwEvJldOACBMOGARAAcg
KQIMHjVCEUUfXTcASDpdTwABMyhaEUVRV2AABDgUSQElHEY+EQARHjMAHEo4YBAaIys1AjVJTWAREw4jHgALNjhgAlE1YEUQ
CwAqHv8BOT5eYAIiFD8vEQAdDSw=
"""
    precision, hint = graded(unpacked(TRUTH), found)
    check.at_least(precision, 0.54, "the mAP on the test pictures", hint=hint)
    ### END HIDDEN TESTS

# %% test="q10_excellent_test" points=2
with check.question("Trained detector, mAP 0.62", read="lesson 13 (YOLO)"):
    found = check.detections_file("detections.csv", TEST_FILES, CLASSES, image_size=(96, 96))
    ### BEGIN HIDDEN TESTS
    TRUTH = """
ESQJUTUQJUpDYBFNTV9fETgEYDgCTyVeMxITTCdeERwAPR7/EjIoRz0SJUQzURAdPTlaAhxOMGASJCw4PhA0KE9EEiRFPFsR
KBM3IgJELFQ8ABQZP0QBVFNgYCJUH14uEDIAYCoATzVgRwJABFIVEAgjJD8BCh4qPQEoKExMEDwHYDcCRQZVGBEuKktHABwN
LR8RPg5cLABUBWAWAQQAKyECM0hPYBEAJx5HEQxUGWACDSopSQBLIF4zADAvW1oQMgBgJAIbQT5gATURUjUBABYnPQBPA2AU
EA4AQy4CACoMNwAUMjBOEDYAYCsQABojQBE9AFATAAA/GFcSDQEsJAEEDiMuETkuYFwQABYbMgE4J1ZEAQEyJFUQEg47OBAL
LThbABYwJ0ECIAE8IRJIVVZgEEAHYC8BNTJgYBIXIiUvATQZVToQNktKXxBLTmBgAVIEYBQAKhBaQREABxYgEghJF1cCFxEq
JBJJHFYpAU00XEMBETIoSREnADsSAik7P1QSAgAjHwAkRTZXAUQHXB8QAAobKRIJPi9gAggIJyoAPhtcOgAkOlJgEhgSPjz/
AgMHEhUAGQAuERAxCVkyEhYQQDYBMQFMHAIbJTA7EAAIEhsQLStHRRFSH18tADsKYDYQCRIuNwIAFR83AEwyYEgSOC9HPgIS
NzlZAjQeTTgABwAjHAAAHCNGECQCNBMBKQk3FxBALVA+Ako/WlEBEhQvMRFBF14zAClPPWACIBBJOQJQImA7EQlNIGASFjMs
SAEpBlQwEBM7JEwACS0fQwE6Mk1FAgEaECsRKg0/IgExI004AQAAJSUABD4mYAAdLTlKESIASicSJkc3VwBANGBXAgpLJmAA
AA00QgI1DkAaED4AYCYBAzMSQgAdRTtgAg0DLSAAMBFgQxJCAFENACEVMSYQUkpgXhIyFVY9ADlNTWABGjA+VBA2C2BBAB4k
PkQSMgE/DwBCMWBWAQYaMkUQBUQmYAAHHzBJACMDQiMSOStSSABCR1VaABQTKicCPRBaLgEhQj1ZEREXQ0oCFiQtOxEyL0VC
Ejs/TFMROkdSYAAALxNIAS1MQmAAHBoyMRAvAEQUABwhO0ACQS1gWRAPPx9QAUIEXiASHzgtRgFPQ2BUESc7PE8QFwA/IgEL
GEFNEDw2YF8CLBlSQQEADiY1AAxAM2ASMk1HYAEnGTwuEAAcFzcBMzFIRwIHETI4AgFLD1gAI0U4WhE1AFQfERcEKBQALwBc
IwAZMk9gEQIRMT8APgFgLAJFNmBVAgEAGxoCAzMfTBASPD1gERMyKkkRRkddXhE1NGBgEjQIUCcAIU45YAArEUkwEgMlI0cA
RDVWRxIjPDRNARAlIDYAGgIqExEOOyJQAAAAIicBNx1gTBIsFDwlAAgDIR0ALz9AUAEAOCJgECAMTzsCEQQeEwFBSVFZEgsc
KjsRMABTIRBJN19NABoeMDQBMQdVKhEAKBtHEkYsVDgSEDEuTwBCJlM4EgYaMUIRCxAcIAFRSGBXAgA/HmAAAAAXFxIwOE1W
AhQaNz0QPw1eLQAwGGBKAg42I0sBAAAYGRIhSDJXAS1CQVcAADcoYAAdKDE8EQoTHiYCFDclSQJLPFpKAB8HTDQRMzRDQwA6
E00mAicJNxkSJi49QxIkRT9gAQ4AJxUCADEXWBEvJlhOAiM0NUUANB1gTwAkADgQAkYBWBQQAAYrOwEvJldOACBMOGARAAcg
KQIMHjVCEUUfXTcASDpdTwABMyhaEUVRV2AABDgUSQElHEY+EQARHjMAHEo4YBAaIys1AjVJTWAREw4jHgALNjhgAlE1YEUQ
CwAqHv8BOT5eYAIiFD8vEQAdDSw=
"""
    precision, hint = graded(unpacked(TRUTH), found)
    check.at_least(precision, 0.62, "the mAP on the test pictures", hint=hint)
    ### END HIDDEN TESTS
