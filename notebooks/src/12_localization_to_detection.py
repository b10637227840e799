# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 12 · From localisation to detection
#
# A classifier says *there is a circle*. **Where? And what if there are five things, or none?** In this lesson you build
# the answers in the order in which people found them, and each time you see what was still wrong, and what the next
# idea repaired.
#
# **You will be able to** train a network that says *what* and *where* · make a detector out of a classifier, and make it
# quick · write IoU, non-maximum suppression and average precision by hand, and check them · explain R-CNN, Fast and
# Faster R-CNN, SSD and RetinaNet by running small ones · say what focal loss is for, with numbers · read a detector's
# errors kind by kind.
#
# **You need** lessons 03 (convolution), 04 (training) and 08 (feature pyramids help, but are explained).
#
# **Time** 75 minutes of reading and 25 for the exercises. Running it takes about two minutes on a CPU.
#
# **It prepares** `ast04_yolo`.

# %%
import cvlib

run = cvlib.setup(seed=0)

import keras
import numpy as np

from cvlib import boxes, check, losses, metrics, models, viz
from cvlib.data import annotations
from cvlib.datasets.simulate import shapes
from cvlib.models import localizer, proposals, rcnn, retina

NAMES = list(shapes.CLASS_NAMES)

# %% [markdown]
# ## 1 · What is asked
#
# Our world for today: circles, squares and triangles of any colour and size. The drawing knows the truth: for each shape
# a box, as (left, top, right, bottom) in pixels, and a class.


# %%
def scenes(count, seed, side=96, number=None):
    """Pictures (count, side, side, 3), and what is on them; no shape is nearly hidden."""
    images, truths, index = [], [], 0
    while len(images) < count:
        drawn = shapes.draw((seed, index), side, number, turned=False)
        index += 1
        if not drawn.difficult.any():
            images.append(drawn.image)
            truths.append({"boxes": drawn.boxes, "classes": drawn.labels.astype(int)})
    return np.stack(images), truths


TRAIN, TEST = run.pick(fast=(300, 100), full=(2000, 500))
x_train, train = scenes(TRAIN, seed=0)
x_test, test = scenes(TEST, seed=1)
print(f"{len(x_train)} pictures of {x_train.shape[1:3]} pixels to learn from")

# %%
viz.show(
    viz.boxes(x_train[:8], train[:8], class_names=NAMES, columns=4, size=2),
    alt="Eight pictures with up to five shapes each, every shape in its true box.",
)

# %% [markdown]
# Some pictures hold one shape, some five, a few none. That is the difficulty: the answer has no fixed length. We begin
# with a world in which it has.

# %% [markdown]
# ## 2 · One object: what and where
#
# If there is at most one object, an answer is a row of fixed length:
#
# $$y = (p,\; x, y, w, h,\; c_1, c_2, c_3)$$
#
# $p$: is there an object? Then its centre and size, as shares of the picture, and which class it is. If there is none,
# only $p$ has a right answer; the rest is *not asked*, and must not count in the loss.

# %%
SIDE = 48
COUNT = run.pick(fast=900, full=4000)
with_one, one = scenes(COUNT, seed=2, side=SIDE, number=1)
with_none, none = scenes(COUNT // 8, seed=3, side=SIDE, number=0)
targets, weights = localizer.localizer_targets(one + none, (SIDE, SIDE))
for row in (0, len(one)):
    for name, values in targets.items():
        numbers = [round(float(number), 2) for number in np.ravel(values[row])]
        print(f"{name:8} {numbers}, weight {weights[name][row]:.0f}")
    print()

# %% [markdown]
# The first picture has an object, the second has none: there, box and class get the weight 0.
#
# `Localizer` has one trunk and three ends: two classifiers and a *regressor*, which gives four numbers. What a thing is
# does not depend on where it is, so the classifiers look at the maximum of each feature map. For the box the place is
# everything, so the regressor gets the maps unpooled.

# %%
network = models.Localizer((SIDE, SIDE, 3), classes=3)
EPOCHS = run.pick(fast=12, full=30)
pictures = np.concatenate([with_one, with_none])
network.compile(
    keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(4e-3, EPOCHS * len(pictures) // 8)
    ),
    loss={
        "object": "binary_crossentropy",
        "box": "mae",
        "classes": "sparse_categorical_crossentropy",
    },
    loss_weights={"object": 1, "box": 5, "classes": 1},
)
_ = network.fit(pictures, targets, 8, EPOCHS, sample_weight=weights, verbose=0)

# %%
x_one, one_test = scenes(100, seed=4, side=SIDE, number=1)
found = localizer.localizer_detections(network.predict(x_one, verbose=0), (SIDE, SIDE))
viz.show(
    viz.boxes(x_one[:8], one_test[:8], found[:8], NAMES, columns=4, size=2),
    alt="Eight pictures with one shape each: the true box solid, the predicted one dashed, with its score.",
)

# %% [markdown]
# It says *what* almost always rightly. *Where* is rougher: the dashed boxes lie about right, and rarely exactly. How
# rough? For that we need a number.

# %% [markdown]
# ## 3 · IoU: how well two boxes agree
#
# Divide what both boxes cover by what at least one of them covers: *intersection over union*. 1 is the same box, 0 is
# nothing in common.


# %%
# NBVAL_CHECK_OUTPUT
def iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(0, width) * max(0, height)
    area_a = (a[2] - a[0]) * (a[3] - a[1])
    area_b = (b[2] - b[0]) * (b[3] - b[1])
    return both / (area_a + area_b - both)


true, guess = (10, 10, 50, 50), (20, 20, 60, 50)
print(
    f"both cover 30 × 30 = 900, one of them 1600 + 1200 - 900 = 1900: {900 / 1900:.4f}"
)
print(
    f"iou(...) = {iou(true, guess):.4f}, cvlib {boxes.iou([true], [guess])[0, 0]:.4f}"
)

# %% [markdown]
# `max(0, …)` is the line that is forgotten most: for boxes that lie apart both sides are negative, and their product
# would be a positive area. Check it on a thousand random pairs, against `cvlib.boxes.iou`, which takes all pairs at once:

# %%
rng = np.random.default_rng(0)
corner = rng.uniform(0, 80, (2, 1000, 2))
one_box, other_box = np.concatenate(
    [corner, corner + rng.uniform(1, 40, (2, 1000, 2))], -1
)
by_hand = [iou(a, b) for a, b in zip(one_box, other_box)]
by_cvlib = np.diag(boxes.iou(one_box, other_box))
print(f"largest difference: {np.abs(by_hand - by_cvlib).max():.1e}")
assert np.allclose(by_hand, by_cvlib, atol=1e-6)

# %% [markdown]
# Now the localiser. **Predict:** how large is an IoU that the eye calls "about right"?

# %%
pairs = [
    (entry["boxes"][0], truth["boxes"][0], entry["classes"][0] == truth["classes"][0])
    for entry, truth in zip(found, one_test)
    if len(entry["boxes"]) and len(truth["boxes"])
]
overlaps = np.array([iou(a, b) for a, b, _ in pairs])
named = np.mean([same for _, _, same in pairs])
print(
    f"class right {named:.0%}, IoU on average {overlaps.mean():.2f}, "
    f"at least 0.5 in {np.mean(overlaps >= 0.5):.0%} of the pictures"
)
assert named > 0.8
assert overlaps.mean() > 0.35

# %% [markdown]
# By custom a box counts as found from IoU 0.5 on. That sounds generous and is not: on a shape of 20 × 20 pixels, a box
# of the right size that is off by only 4 pixels in x and in y has an IoU of 0.47.
#
# ### Exercise 1
#
# A true box is 40 × 40. A detection has the same centre and is 20 × 40. What is the IoU?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda value: abs(value - 0.5) < 1e-6,
    hint={
        1
        / 3: "The detection lies inside the true box: the union is the true box alone.",
        0.25: "Only one side is halved.",
        800: "That is the intersection, in pixels. Divide it by the union.",
        "otherwise": "Intersection: 20 × 40. Union: what at least one of them covers.",
    },
)

# %% [markdown]
# ## 4 · How boxes are written down
#
# Four numbers, and no two tools agree on which. The lectures write a box as its **four corners, counter-clockwise from
# the top-left**: top-left, bottom-left, bottom-right, top-right. The same box in the usual ways:

# %%
# NBVAL_CHECK_OUTPUT
box = np.array([[12.0, 20, 60, 44]])
print("corners  ", annotations.to_corners(box)[0].astype(int).tolist())
for form in ("xyxy", "xywh", "cxcywh", "yxyx", "rel_cxcywh"):
    written = boxes.convert(box, "xyxy", form, image_size=(100, 200))
    print(f"{form:10}", written[0].tolist(), " ", boxes.arrays.FORMATS[form])
back, clockwise = annotations.from_corners([[(12, 20), (12, 44), (60, 44), (60, 20)]])
assert (back == box).all()
assert not clockwise[0]

# %% [markdown]
# Mistaking one for another raises no error. It gives boxes that are wrong, and a network that learns them. So look at
# your labels (as above), and let them be checked. `annotations.check` lists all faults at once, and says which it can
# mend:

# %%
# NBVAL_CHECK_OUTPUT
labelled = annotations.AnnotatedImage(
    "street.jpg",
    [[12, 20, 60, 44], [12, 20, 60, 44], [180, 30, 230, 60], [50, 50, 50, 80]],
    ["circle", "circle", "square", "oval"],
    size=(100, 200),
)
for fault in annotations.check(annotations.Annotations([labelled], NAMES)):
    print(f"{fault.kind:10} {fault.text}  →  {fault.repair or 'a person must look'}")

# %% [markdown]
# It reads and writes Pascal VOC, YOLO, COCO, CSV and CVAT (`annotations.read_voc` and so on). From here on, a picture's
# labels are a dict of `boxes` (`xyxy`) and `classes`.

# %% [markdown]
# ## 5 · Many objects: slide a window
#
# The oldest idea: train a classifier on small windows, each *circle*, *square*, *triangle* or *nothing*. Then ask it about
# every window of the picture. Windows have one size and objects do not, so the picture is also made smaller and larger.

# %%
window = models.WindowClassifier(size=32, classes=4)
sliding = models.SlidingDetector(window, scales=(1.5, 1.0, 0.7))
places = sliding.boxes((96, 96))
print(f"{len(places):,} windows on one picture, {sliding.stride} pixels apart")

# %% [markdown]
# A window is an object if it overlaps one by an IoU of at least 0.6. Below 0.5 it is *nothing*, also if it shows half a
# square: a detector that is happy with half a square finds every square ten times. Windows in between are left out.
# There are a hundred times more windows of nothing than of objects; we take a few of each.


# %%
def choose(truth, rng):
    """Some windows of one picture, and their labels: 0 for nothing, else the class + 1."""
    true = models.assign_anchors(places, truth["boxes"], 0.6, 0.5, best=False)
    overlap = boxes.iou(places, truth["boxes"]).max(1, initial=0)
    groups = [true >= 0, (overlap < 0.5) & (overlap > 0.1), overlap <= 0.1]
    rows = [rng.permutation(np.flatnonzero(group))[:12] for group in groups]
    labels = [
        np.append(truth["classes"], -1)[np.maximum(true[own], -1)] + 1 for own in rows
    ]
    return np.concatenate(rows), np.concatenate(labels)


rng = np.random.default_rng(0)
windows, labels = [], []
for image, truth in zip(x_train, train):
    rows, kinds = choose(truth, rng)
    windows.append(sliding.windows(image)[rows])
    labels.append(kinds)
windows, labels = np.concatenate(windows), np.concatenate(labels)
print(dict(zip(["nothing", *NAMES], np.bincount(labels).tolist())))


# %%
def learn(epochs):
    steps = epochs * len(windows) // 64
    falling = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    window.compile(keras.optimizers.Adam(falling), "sparse_categorical_crossentropy")
    window.fit(windows, labels, batch_size=64, epochs=epochs, verbose=0)
    return models.SlidingDetector(window, sliding.scales)


sliding = learn(epochs=run.pick(fast=6, full=15))

# %% [markdown]
# ### The same as a convolution
#
# Neighbouring windows share most of their pixels, and the classifier computes on them again and again. Lesson 03's
# insight: a convolution *is* a sliding window. Turn the dense layers into convolutions with the same weights, feed the
# whole picture, and out comes a map with one answer for each window. **Predict:** exactly the same answers, or about
# the same?

# %%
slowly = sliding.probabilities(x_test[:2], "windows")
quickly = sliding.probabilities(x_test[:2], "convolution")
print(
    f"{slowly.shape[1]:,} windows, largest difference {np.abs(slowly - quickly).max():.0e}"
)
assert np.allclose(slowly, quickly, atol=1e-4)
pixels = len(places) * 32**2
shared = sum(round(96 * scale) ** 2 for scale in sliding.scales)
print(
    f"pixels computed on: {pixels:,} one by one, {shared:,} at once: "
    f"{pixels / shared:.0f} times fewer"
)

# %% [markdown]
# The same to rounding, for a thirty-sixth of the pixels. (It needs convolutions without padding: a padded window sees zeros
# at its border, where the whole picture has more picture. OverFeat did this in 2013.)
#
# What does the classifier see? Its probability of *something*, window by window, for the middle scale:

# %%
middle = slice(
    *np.cumsum(
        [
            len(models.SlidingDetector(window, (s,)).boxes((96, 96)))
            for s in sliding.scales
        ]
    )[:2]
)
heat = 1 - sliding.probabilities(x_test[:4])[:, middle, 0]
cells = round(heat.shape[1] ** 0.5)
maps = heat.reshape(4, cells, cells)
viz.show(
    viz.grid(
        [*x_test[:4], *maps],
        columns=4,
        size=1.7,
        heading="pictures, and where the window says: something",
    ),
    alt="Four pictures, and below each a coarse map that is bright where a window is thought to hold a shape.",
)

# %% [markdown]
# A bright spot is not one cell but several: a window two cells to the left sees nearly the same. So every object is found
# many times over.

# %% [markdown]
# ## 6 · Non-maximum suppression: once is enough
#
# Take the best box; cross out all that overlap it much; take the best of what is left; and so on.


# %%
def nms(corners, scores, threshold):
    order, kept = list(np.argsort(-scores)), []
    while order:
        best = order.pop(0)
        kept.append(best)
        order = [i for i in order if iou(corners[best], corners[i]) <= threshold]
    return kept


# %%
scores = quickly[0, :, 1:].max(-1)
sure = np.flatnonzero(scores >= 0.5)
kept = sure[nms(places[sure], scores[sure], 0.2)]
by_cvlib = sure[boxes.nms(places[sure], scores[sure], iou_threshold=0.2)]
print(f"{len(sure)} windows say they see something; {len(kept)} are left")
assert list(kept) == list(by_cvlib)


def drawn(rows):
    return {"boxes": places[rows], "classes": quickly[0, rows, 1:].argmax(-1)}


viz.show(
    viz.boxes(
        x_test[[0, 0]],
        [drawn(sure), drawn(kept)],
        class_names=NAMES,
        titles=["before", "after"],
        size=3,
    ),
    alt="The same picture twice: with very many overlapping boxes, and with the few that suppression leaves.",
)

# %% [markdown]
# Of many boxes a few are left. Not all of them need be right: suppression takes repetitions away, not mistakes. Two remarks.
# It is done *per class*, so that a circle does not suppress a square that
# it touches: `nms(…, classes=…)`. And it is a rule, not a truth: two circles that truly overlap by more than the
# threshold become one.
#
# ### Exercise 2
#
# Four detections of one class: A 0.9, B 0.8, C 0.7, D 0.6. IoU: A–B 0.6, B–C 0.7, C–D 0.6, all others 0. Which are kept
# with a threshold of 0.5? Answer with their letters, as `"AB"`.

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda letters: "".join(sorted(letters.upper())) == "AC",
    hint={
        "A": "C does not overlap A: nobody crosses it out but B, and B is gone by then.",
        "AD": "B is gone when C's turn comes, so B cannot cross it out.",
        "ABCD": "A and B overlap by 0.6.",
        "otherwise": "Go by falling score, and let only boxes that were kept cross others out.",
    },
)

# %% [markdown]
# ## 7 · Average precision, by hand
#
# How good is a detector? Two questions, and they pull in opposite directions. **Recall**: which share of the objects did
# it find? **Precision**: which share of its detections is right? A detector that reports everything has recall 1; one
# that reports only its surest detection has precision 1. So we look at all thresholds at once.
#
# Three pictures with five circles, and ten detections, from the surest to the least sure:

# %%
true_boxes = [
    [(10, 10, 30, 30), (60, 10, 90, 40)],
    [(20, 20, 60, 60)],
    [(0, 0, 20, 20), (50, 50, 90, 90)],
]
ten = [  # score, picture, box
    (0.95, 0, (10, 10, 30, 29)), (0.90, 1, (22, 20, 62, 60)), (0.85, 0, (12, 10, 32, 30)),
    (0.80, 2, (50, 52, 90, 92)), (0.70, 1, (70, 70, 90, 90)), (0.60, 0, (60, 10, 90, 24)),
    (0.55, 2, (0, 2, 20, 22)), (0.40, 2, (48, 48, 90, 90)), (0.30, 0, (62, 12, 90, 42)),
    (0.20, 1, (20, 20, 60, 40)),
]  # fmt: skip

# %% [markdown]
# A detection is right if its IoU with a true box is at least 0.5, and **nobody surer has taken that box**: finding an
# object twice is one hit and one false alarm. **Predict** how many of the ten are right.


# %%
# NBVAL_CHECK_OUTPUT
def judge(detections, truths, threshold=0.5):
    """Right or wrong, one after the other, from the surest."""
    free = {(i, j) for i, boxes_of in enumerate(truths) for j in range(len(boxes_of))}
    verdicts = []
    for _, picture, box in sorted(detections, key=lambda entry: -entry[0]):
        rivals = [
            (iou(box, truths[i][j]), i, j) for i, j in sorted(free) if i == picture
        ]
        overlap, i, j = max(rivals, default=(0, 0, 0))
        verdicts.append(overlap >= threshold)
        if overlap >= threshold:
            free.remove((i, j))
    return np.array(verdicts)


right = judge(ten, true_boxes)
recall = np.cumsum(right) / 5
precision = np.cumsum(right) / np.arange(1, 11)
for (score, picture, _), hit, r, p in zip(ten, right, recall, precision):
    print(
        f"{score:.2f}  picture {picture}  {'right' if hit else 'wrong'}  "
        f"recall {r:.1f}  precision {p:.3f}"
    )

# %% [markdown]
# Five of ten. The third, the eighth and the last are *duplicates*: well placed, but too late. The sixth is badly placed, so
# that its circle is still free for the ninth. The precision goes up and down along the way. Its **envelope** is, at each
# recall, the highest precision still to come. Average precision is the area under the envelope.


# %%
# NBVAL_CHECK_OUTPUT
def average_precision(right, objects):
    """COCO's: the mean of the envelope at recall 0, 0.01, … 1."""
    recall = np.cumsum(right) / objects
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    points = np.linspace(0, 1, 101)
    reached = np.searchsorted(
        recall, points
    )  # the first rank with at least this recall
    return np.append(envelope, 0)[np.minimum(reached, len(right))].mean()


print(f"AP at IoU 0.5: {average_precision(right, 5):.4f}")

# %%
truths = [{"boxes": entry, "classes": [0] * len(entry)} for entry in true_boxes]
detections = [
    {
        "boxes": [box for _, i, box in ten if i == picture],
        "classes": [0 for _, i, _ in ten if i == picture],
        "scores": [score for score, i, _ in ten if i == picture],
    }
    for picture in range(3)
]
circle = metrics.mean_average_precision(truths, detections, ["circle"])
print(f"cvlib: {circle.ap50:.4f}")
assert np.isclose(circle.ap50, average_precision(right, 5))
viz.show(
    viz.precision_recall(circle),
    alt="Precision against recall of the ten detections: a saw-tooth, and the falling steps of its envelope.",
)

# %% [markdown]
# The thin line is the saw-tooth of the table above, the thick one the envelope. Two older definitions differ in where
# they read it off: VOC 2007 at eleven recalls, VOC from 2010 at every step.

# %%
# NBVAL_CHECK_OUTPUT
for definition in ("coco", "voc", "voc_11_point"):
    scores = metrics.mean_average_precision(
        truths, detections, ["circle"], definition=definition
    )
    print(f"{definition:13} {scores.average_precision(0.5):.4f}")

# %% [markdown]
# The *mean* average precision, **mAP**, is the mean over the classes. "mAP@0.5" or "AP50" says with which IoU. COCO's own
# figure, plain "AP", is also the mean over the ten thresholds 0.5, 0.55, … 0.95, so that boxes that fit exactly pay.
# Always say which one you report.
#
# Our ten-line version, class by class, on the sliding window's real output:

# %%
results = {}
results["sliding window"] = sliding.detect(x_test, least=0.05, iou_threshold=0.2)


def map50(truths, detections):
    """Mean average precision at IoU 0.5, in a few lines."""
    values = []
    for label in range(3):
        true = [entry["boxes"][entry["classes"] == label] for entry in truths]
        rows = [
            (score, i, box)
            for i, entry in enumerate(detections)
            for box, kind, score in zip(
                entry["boxes"], entry["classes"], entry["scores"]
            )
            if kind == label
        ]
        values.append(average_precision(judge(rows, true), sum(map(len, true))))
    return np.mean(values)


official = metrics.mean_average_precision(test, results["sliding window"], NAMES)
ours = map50(test, results["sliding window"])
print(f"ours {ours:.4f}, cvlib {official.ap50:.4f}; COCO's AP {official.ap:.3f}")
assert np.isclose(ours, official.ap50, atol=1e-6)

# %% [markdown]
# ### Exercise 3
#
# Keep only the five surest of the ten detections. What is the recall now?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda value: abs(value - 0.6) < 1e-6,
    hint={
        3: "As a share of the five circles, please.",
        0.5: "Divide by the number of objects, not by ten.",
        1.0: "Objects that only the last five had found are now missed: look at row five of the table.",
        "otherwise": "Count the right ones among the first five rows, and divide by five objects.",
    },
)

# %% [markdown]
# ## 8 · What the sliding window gets wrong
#
# One number says how good, not *why not*. `metrics.error_breakdown` sorts every wrong detection into a kind, by the rules
# of TIDE (Bolya et al., 2020):
#
# | kind | IoU with a true box |
# |---|---|
# | localisation | right class, but only 0.1 to 0.5 |
# | class | at least 0.5, but another class |
# | both | 0.1 to 0.5 with another class |
# | duplicate | at least 0.5, but somebody surer was there |
# | background | below 0.1 with everything |
# | missed | an object that no detection is about |

# %%
errors = metrics.error_breakdown(test, results["sliding window"], NAMES, least=0.5)
viz.show(
    viz.error_breakdown(errors),
    alt="Left: number of errors of the sliding window by kind and class. Right: how much each kind costs.",
)

# %% [markdown]
# Read the left side for *how often* and the right side for *how much it matters*. The window has few shapes to offer, three
# sizes in steps of four pixels: much is found, and badly placed. And it raises false alarms, because of the 1,211
# windows of a picture it has seen some thirty.
#
# A classic cure for the second is to look for **hard negatives**: let the detector loose on its training pictures, and add
# what it wrongly reports to the training set.

# %%
some = run.pick(fast=120, full=TRAIN)
says = sliding.probabilities(x_train[:some])
harder, rng = [], np.random.default_rng(1)
for image, truth, answers in zip(x_train, train, says):
    overlap = boxes.iou(places, truth["boxes"]).max(1, initial=0)
    wrong = np.flatnonzero((overlap < 0.5) & (answers[:, 0] < 0.5))
    harder.append(sliding.windows(image)[rng.permutation(wrong)[:30]])
harder = np.concatenate(harder)
windows = np.concatenate([windows, harder])
labels = np.concatenate([labels, np.zeros(len(harder), int)])
print(f"{len(harder):,} windows of nothing that were taken for something")

# %%
before = official.ap50
sliding = learn(epochs=run.pick(fast=4, full=10))
results["sliding window"] = sliding.detect(x_test, least=0.05, iou_threshold=0.2)
after = metrics.mean_average_precision(test, results["sliding window"], NAMES)
print(f"AP50 {before:.2f} → {after.ap50:.2f};  AP75 {after.ap75:.2f}")
assert after.ap50 > before

# %% [markdown]
# Better by far, for a few more minutes of training. What stays is the placing: at IoU 0.75 there is little left. More
# sizes, aspects and finer steps would help, at a price in windows. The next idea asks: why look *everywhere*?

# %% [markdown]
# ## 9 · Look only where something may be: R-CNN
#
# Things tend to have one colour, and an edge around them. **Region proposals** use that, without knowing any class: cut the
# picture into pieces of like colour, then join the two neighbours that are most alike, again and again. Every piece
# that ever was gives a box.

# %%
pieces = proposals.segments(x_test[0])
proposed = models.region_proposals(x_test[0])
painted = np.random.default_rng(3).uniform(0.2, 1, (pieces.max() + 1, 3))[pieces]
viz.show(
    viz.boxes(
        [x_test[0], painted, x_test[0]],
        [test[0], None, {"boxes": proposed, "classes": ["proposed"] * len(proposed)}],
        class_names=[*NAMES, "proposed"],
        titles=["truth", f"{pieces.max() + 1} pieces", f"{len(proposed)} proposals"],
        columns=3,
    ),
    alt="A picture with its true boxes, cut into coloured pieces, and with the boxes of all proposals.",
)

# %%
train_proposals = [models.region_proposals(image) for image in x_train]
test_proposals = [models.region_proposals(image) for image in x_test]
best = np.concatenate(
    [
        boxes.iou(proposed, truth["boxes"]).max(0)
        for proposed, truth in zip(test_proposals, test)
        if len(truth["boxes"])
    ]
)
mean_count = np.mean([len(proposed) for proposed in test_proposals])
print(f"{mean_count:.0f} proposals a picture instead of {len(places):,} windows")
print(
    f"of the objects, {np.mean(best >= 0.5):.0%} have one with IoU 0.5, "
    f"{np.mean(best >= 0.75):.0%} with 0.75"
)
assert np.mean(best >= 0.5) > 0.9

# %% [markdown]
# A handful of boxes, of any size and aspect, and every object has one that fits, or nearly. That is too good to be true of
# photographs: there, selective search needs some two thousand proposals, and few fit exactly. So that there is something
# left to correct, we shake ours: each side moves by a tenth of the box, more or less.


# %%
def shaken(proposed, rng):
    """The same boxes, badly placed."""
    sides = np.tile(proposed[:, 2:] - proposed[:, :2], 2)
    moved = boxes.clip(proposed + rng.normal(0, 0.1, proposed.shape) * sides, 96, 96)
    return moved[(moved[:, 2:] - moved[:, :2]).min(1) > 3]


rng = np.random.default_rng(0)
train_proposals = [
    np.concatenate([shaken(proposed, rng), shaken(proposed, rng)])
    for proposed in train_proposals
]
test_proposals = [shaken(proposed, rng) for proposed in test_proposals]

# %% [markdown]
# **R-CNN** (2014): cut each proposal out, stretch it to one size, and send it through a network with two ends: *which class,
# or nothing*, and *how should the box be corrected*. The correction is four numbers, the **deltas**: how far the centre must
# move, in widths and heights of the proposal, and by which factor the sides must grow, as a logarithm.

# %%
# NBVAL_CHECK_OUTPUT
proposal, target = np.array([20.0, 20, 60, 40]), np.array([24.0, 18, 64, 58])
deltas = [
    (44 - 40) / 40,  # the centre moves by 4 of 40 pixels to the right…
    (38 - 30) / 20,  # …and by 8 of 20 down
    np.log(40 / 40),  # as wide
    np.log(40 / 20),  # twice as high
]
by_cvlib = models.encode_deltas(target, proposal, spread=(1, 1, 1, 1))
print("by hand", np.round(deltas, 4).tolist())
print("cvlib  ", by_cvlib.astype(float).round(4).tolist())
back = models.decode_deltas(by_cvlib, proposal, spread=(1, 1, 1, 1))
assert np.allclose(deltas, by_cvlib)
assert np.allclose(back, target, atol=1e-4)

# %% [markdown]
# Why not predict the corners? Because the network sees the cutting only, stretched to one size. It cannot know where in the
# picture it was, nor how large. *A little further right, twice as high* is all it can see.
#
# The training set: of each picture 24 regions, at most a third of them objects (IoU at least 0.5).

# %%
REGIONS = 24
places_r, targets_r, weights_r = rcnn.region_targets(
    train_proposals, train, REGIONS, share=1 / 3
)
print(
    "regions:",
    dict(zip(["nothing", *NAMES], np.bincount(targets_r["classes"].ravel()).tolist())),
)


def learn_regions(model, epochs):
    steps = epochs * -(-TRAIN // 8)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
        {"classes": "sparse_categorical_crossentropy", "deltas": keras.losses.Huber()},
        # Huber's is the mean over four numbers; the paper takes their sum.
        loss_weights={"classes": 1, "deltas": 4},
    )
    inputs = {"images": x_train, "boxes": places_r}
    model.fit(inputs, targets_r, 8, epochs, sample_weight=weights_r, verbose=0)
    return model


each = learn_regions(
    models.RCNN(classes=3, regions=REGIONS), run.pick(fast=10, full=15)
)

# %%
AP = {"sliding window": after}
for name, refine in (("R-CNN, boxes as proposed", False), ("R-CNN", True)):
    results[name] = rcnn.region_detections(
        each, x_test, test_proposals, 0.05, refine=refine
    )
    AP[name] = metrics.mean_average_precision(test, results[name], NAMES)
    print(f"{name:25} AP50 {AP[name].ap50:.2f}  AP75 {AP[name].ap75:.2f}")
assert AP["R-CNN"].ap75 > max(after.ap75, AP["R-CNN, boxes as proposed"].ap75)

# %% [markdown]
# Its boxes fit far better than the window's: see AP75. Compare the two rows: the classes are the same, only the boxes differ.
# What was shaken is partly put right again, by a network that has never seen more than the cutting.
#
# ### Fast R-CNN: the picture once
#
# R-CNN repeats the window's mistake: regions overlap, and each goes through the network by itself. **Fast R-CNN** (2015)
# sends the *picture* through the convolutions once, and cuts the regions out of the feature maps. A region of the map has
# any size, and a dense layer wants one: **RoIAlign** divides it into 7 × 7 bins, and reads the map in each by
# interpolation.

# %%
from cvlib.models.roi_align import roi_align

ramp = np.arange(8.0)[None, None, :, None] * np.ones(
    (1, 8, 1, 1)
)  # each column its number
cut = roi_align(ramp.astype("float32"), np.array([[[2.0, 1.0, 6.0, 5.0]]]), size=2)
print(np.round(np.array(cut)[0, 0, :, :, 0], 3).tolist())

# %% [markdown]
# The box reaches from x = 2 to 6. Its left bin is 2 to 4, and column *i* has its centre at *i* + ½: so the left bin should
# read 3 − ½ = 2.5, the right one 4.5. It does, for any box, also between the cells.

# %%
once = learn_regions(
    models.FastRCNN(classes=3, regions=REGIONS), run.pick(fast=14, full=20)
)
results["Fast R-CNN"] = rcnn.region_detections(once, x_test, test_proposals, 0.05)
AP["Fast R-CNN"] = metrics.mean_average_precision(test, results["Fast R-CNN"], NAMES)
print(f"Fast R-CNN: AP50 {AP['Fast R-CNN'].ap50:.2f}  AP75 {AP['Fast R-CNN'].ap75:.2f}")
print(
    f"pixels through the convolutions: R-CNN {REGIONS * 32**2:,}, Fast R-CNN {96**2:,}; "
    f"with 2,000 regions {2000 * 32**2:,} and {96**2:,}"
)
assert AP["Fast R-CNN"].ap50 > AP["R-CNN"].ap50

# %% [markdown]
# Better, and the cost of the convolutions no longer grows with the number of regions. (One reason why it is better: a cell of
# the map has seen a little beyond the region's edge.) What is slow now are the proposals themselves: they run on the CPU,
# and they cannot learn. **Faster R-CNN** (2015) lets a small network propose, on the same maps: at each cell it says of a
# few standard boxes whether *something* is there, and corrects them. Those standard boxes are called **anchors**, and if a
# network can say *something*, why should it not say *what* at once?

# %% [markdown]
# ## 10 · One stage: anchors everywhere
#
# **SSD** (2016) and **RetinaNet** (2017) leave the second stage out. Each cell of a feature map has anchors of a few sizes;
# for each the network gives a probability a class and four deltas. Fine maps are for small things, coarse ones for large;
# a *feature pyramid* lets the fine ones know what the coarse ones have understood.

# %%
STRIDES, SIZES = (8, 16), [[16, 24], [34, 48]]
anchors = models.anchor_grid((96, 96), STRIDES, SIZES, aspects=[1])
for stride, sizes in zip(STRIDES, SIZES):
    print(
        f"stride {stride:2}: {(96 // stride) ** 2:3} cells × {len(sizes)} anchors of {sizes} pixels"
    )
print(f"{len(anchors)} anchors in all")

# %% [markdown]
# Which anchor learns which object? IoU at least 0.5: this object. Below 0.4: nothing. In between: not asked. And each object
# gets its best anchor in any case, or small things would have none.

# %%
assigned = models.assign_anchors(anchors, test[0]["boxes"])
own = np.flatnonzero(assigned >= 0)
viz.show(
    viz.boxes(
        x_test[[0, 0]],
        [
            test[0],
            {"boxes": anchors[own], "classes": test[0]["classes"][assigned[own]]},
        ],
        class_names=NAMES,
        titles=["truth", f"{len(own)} of {len(anchors)} anchors"],
    ),
    alt="A picture with its true boxes, and the same with the anchors that shall learn them.",
)

# %% [markdown]
# ### The flood of easy negatives
#
# Count over all training pictures:

# %%
targets_a = retina.retina_targets(train, anchors, classes=3)
objects = int((targets_a["deltas"][..., 4] == 1).sum())
nothing = int((targets_a["classes"].max(-1) == 0).sum())
print(
    f"{objects:,} anchors with an object, {nothing:,} with nothing: 1 to {nothing / objects:.0f}"
)

# %% [markdown]
# (With the hundred thousand anchors of the paper it is 1 to a thousand and more.) Suppose that the network is already good: it
# gives the background anchors a probability of 0.05, and the objects 0.4. **Predict:** which share of the cross-entropy
# comes from the background, where there is nothing left to learn?


# %%
def focal(p_of_truth, gamma):
    """−(1 − p)^γ · log p, where p is the probability of what is true. γ = 0 is cross-entropy."""
    return -((1 - p_of_truth) ** gamma) * np.log(p_of_truth)


spent = {}
for gamma in (0, 1, 2):
    background = nothing * 3 * focal(0.95, gamma)
    foreground = objects * focal(0.4, gamma)
    spent[gamma] = background / (background + foreground)
    print(f"γ = {gamma}: {spent[gamma]:.0%} of the loss from the background")
assert spent[0] > 0.75
assert spent[2] < 0.25
ours = focal(0.4, 2)
keras_like = losses.Focal(gamma=2.0)([[[1]]], [[[[0.6, 0.4]]]])
assert np.isclose(ours, float(keras_like), atol=1e-6)

# %% [markdown]
# With cross-entropy, nearly all of it: each easy negative costs next to nothing, and there are masses of them. Cross-entropy spends its gradients on
# what is known. **Focal loss** multiplies by $(1-p)^\gamma$: an example that is right with 0.95 counts 400 times less
# at γ = 2, one with 0.4 only a third. SSD's answer to the same flood was hard negatives, as in section 8: only the worst
# three for each object.
#
# RetinaNet also starts with a bias that says 1 % for everything, or the first steps would be spent on the flood. It has
# more to learn than a network that is shown cuttings, and needs more epochs.

# %%
detector = models.RetinaNet(classes=3, strides=STRIDES, anchors_per_cell=2)
EPOCHS = run.pick(fast=24, full=40)
falling = keras.optimizers.schedules.CosineDecay(5e-3, EPOCHS * TRAIN // 8)
detector.compile(
    keras.optimizers.Adam(falling),
    {"classes": retina.RetinaClassLoss(gamma=2.0), "deltas": retina.RetinaBoxLoss()},
)
detector.fit(x_train, targets_a, batch_size=8, epochs=EPOCHS, verbose=0)
outputs = detector.predict(x_test, verbose=0)
results["RetinaNet"] = retina.retina_detections(outputs, anchors, (96, 96), least=0.05)
AP["RetinaNet"] = metrics.mean_average_precision(test, results["RetinaNet"], NAMES)
print(f"RetinaNet: AP50 {AP['RetinaNet'].ap50:.2f}  AP75 {AP['RetinaNet'].ap75:.2f}")
assert AP["RetinaNet"].ap50 > 0.4
assert AP["RetinaNet"].ap75 > after.ap75

# %% [markdown]
# Its scores are modest: focal loss stops pushing once an answer is about right. So we keep what is at least 0.3 sure; 0.5 is
# no law.

# %%
sure = [
    {name: values[entry["scores"] >= 0.3] for name, values in entry.items()}
    for entry in results["RetinaNet"][:8]
]
viz.show(
    viz.boxes(x_test[:8], test[:8], sure, NAMES, columns=4, size=2),
    alt="Eight test pictures: true boxes solid, RetinaNet's dashed, with scores.",
)

# %% [markdown]
# No proposals, no cutting, no window: one pass over the picture, and all boxes at once.

# %% [markdown]
# ## 11 · The family, compared
#
# Everything on the same test pictures:

# %%
for name, scores in AP.items():
    print(
        f"{name:25} AP50 {scores.ap50:.2f}   AP75 {scores.ap75:.2f}   AP {scores.ap:.2f}"
    )
figure = viz.figure(6.5, 2.6)
axis = figure.subplots()
rows = np.arange(len(AP))
axis.barh(
    rows - 0.2, [s.ap50 for s in AP.values()], 0.4, color=viz.PALETTE[0], label="AP50"
)
axis.barh(
    rows + 0.2, [s.ap75 for s in AP.values()], 0.4, color=viz.PALETTE[1], label="AP75"
)
axis.set_yticks(rows, list(AP))
axis.invert_yaxis()
axis.set(xlim=(0, 1), xlabel="average precision")
axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
viz.show(
    figure, alt="Average precision at IoU 0.5 and 0.75 of each detector of this lesson."
)

# %% [markdown]
# Do not read it as a league table: a few hundred pictures, a minute of training, and plain colours, for which proposals are
# easy. On photographs one-stage detectors have caught up, and they are quicker. What carries over is how to read it: AP50
# says who finds, AP75 says who places well. And where does each one lose?

# %%
errors = {
    name: metrics.error_breakdown(test, results[name], NAMES, least=0.3)
    for name in ("sliding window", "Fast R-CNN", "RetinaNet")
}
for name, breakdown in errors.items():
    print(f"{name:15}", {kind: n for kind, n in breakdown.counts().items() if n})
viz.show(
    viz.error_breakdown(errors["RetinaNet"]),
    alt="RetinaNet's errors by kind and class, and what each kind costs in average precision.",
)

# %% [markdown]
# When this page was built, RetinaNet's longest bar was *class*: it finds and places, and then takes one shape for another.
# Its maps have a cell every eight pixels, and the corners that tell a small square from a circle are finer than that. What
# it misses is rarer, and yet costs more: a wrong name often comes with a low score, and only a few ranks are lost.

# %%
viz.show(
    viz.precision_recall(AP["RetinaNet"], at=0.3),
    alt="RetinaNet's precision against recall, one curve a class, with a dot where the score is 0.3.",
)

# %% [markdown]
# The dots show where you stand if you keep what is at least 0.3 sure. To the left you would raise fewer false alarms and
# miss more. Which point is right depends on what an error costs, not on the curve.
#
# Look at the pictures behind the longest bar. For each kind, one example: the detection dashed, the truth solid.

# %%
breakdown, shown = errors["RetinaNet"], {}
for picture, kinds in enumerate(breakdown.kinds):
    for row, kind in enumerate(kinds):
        if kind not in ("right", "below", "ignored"):
            shown.setdefault(kind, (picture, row))
    if breakdown.missed[picture].any():
        shown.setdefault("missed", (picture, None))
chosen = [picture for picture, _ in shown.values()]
alone = [
    None
    if row is None
    else {k: v[[row]] for k, v in results["RetinaNet"][picture].items()}
    for picture, row in shown.values()
]
viz.show(
    viz.boxes(
        x_test[chosen],
        [test[i] for i in chosen],
        alone,
        NAMES,
        titles=list(shown),
        size=2.4,
    ),
    alt="One picture for each kind of error that occurs: the true boxes solid, the wrong detection dashed.",
)

# %% [markdown]
# ### Exercise 4
#
# A detector of traffic signs has AP50 = 0.92 and AP75 = 0.31. Its breakdown shows hardly any *class*, *background* or
# *missed*. Which single kind do you expect to find at IoU **0.75**? Answer with its name.

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda kind: kind.strip().lower() in ("localisation", "localization"),
    hint={
        "missed": "At IoU 0.5 nearly all are found: something is there, and not well placed.",
        "duplicate": "Suppression would have to fail for that, and AP50 would be low too.",
        "otherwise": "It finds them at 0.5 and not at 0.75. What is wrong with these boxes?",
    },
)

# %% [markdown]
# ## Summary
#
# * One object: a classifier with four more outputs. Many: a classifier on every window, and as a convolution that is cheap.
# * IoU compares boxes, suppression keeps one of many, average precision sums up all thresholds.
# * R-CNN looks at proposals; Fast R-CNN at the picture once; Faster R-CNN learns to propose. All predict *deltas*.
# * SSD and RetinaNet need no second stage, but drown in easy negatives: hard negatives or focal loss.
# * Before you improve a detector, break its errors down.
#
# **Next:** lesson 13 builds YOLO, which divides the picture into a grid and asks each cell once; then `ast04_yolo` is yours.
#
# ## Further reading
#
# * P. Sermanet et al., *OverFeat: Integrated Recognition, Localization and Detection using Convolutional Networks*, ICLR 2014.
# * R. Girshick et al., *Rich Feature Hierarchies for Accurate Object Detection and Semantic Segmentation*, CVPR 2014.
# * J. Uijlings et al., *Selective Search for Object Recognition*, International Journal of Computer Vision 104, 2013.
# * R. Girshick, *Fast R-CNN*, ICCV 2015; S. Ren et al., *Faster R-CNN*, NeurIPS 2015.
# * W. Liu et al., *SSD: Single Shot MultiBox Detector*, ECCV 2016.
# * T.-Y. Lin et al., *Focal Loss for Dense Object Detection*, ICCV 2017.
# * M. Everingham et al., *The PASCAL Visual Object Classes Challenge*, International Journal of Computer Vision 88, 2010.
# * D. Bolya et al., *TIDE: A General Toolbox for Identifying Object Detection Errors*, ECCV 2020.
