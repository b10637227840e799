# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 13 · YOLO
#
# **A window slid over a picture looks a thousand times. Proposals look some hundred times. Can a network look once, and
# say in one breath what is there, and where?**
#
# It can, if you agree with it beforehand *which of its outputs* shall speak for which object. That agreement is the
# heart of YOLO ("you only look once"), and most of what goes wrong with a YOLO goes wrong there. So we build it by hand.
#
# **You will be able to** say which cell and which anchor answer for an object · encode a box into targets and decode it
# again · compute the loss term by term · train a detector on a laptop · turn its maps into boxes · read where it errs.
#
# **You need** lesson 12 (IoU, non-maximum suppression, average precision).
#
# **Time** 80 minutes of reading and exercises. Running it takes one to two minutes on four CPU cores in fast mode.
#
# **It prepares** `ast04_yolo`.

# %%
import cvlib

run = cvlib.setup(seed=0)

import keras
import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from cvlib import boxes, check, datasets, losses, metrics, viz
from cvlib.models import Detector, TinyYOLO, YOLOv3

# %% [markdown]
# ## 1 · The pictures
#
# Circles, squares and triangles of all sizes and colours, some of them behind others. They are drawn, so their boxes are
# exact, and a network learns them in a minute. Nothing below depends on that: the last part says what to change to find masked
# faces or blood cells.

# %%
shapes = datasets.load("shapes", source="synthetic")
names = shapes.class_names
print(f"{len(shapes)} pictures, classes {', '.join(names)}")
shapes.frame.head(3)

# %%
SIDE = 96
plain = cvlib.ImageDataGenerator()


def batches(split, generator=plain, batch_size=16, shuffle=False):
    piece = shapes.split(split)
    return generator.flow_from_dataframe(
        piece.frame,
        piece.directory,
        x_col="path",
        class_mode=None,
        labels="labels",
        boxes="boxes",
        target_size=(SIDE, SIDE),
        batch_size=batch_size,
        shuffle=shuffle,
        seed=0,
    )


images, targets = batches("train")[0]
print(images.shape, {name: value.shape for name, value in targets.items()})

# %% [markdown]
# Pictures hold different numbers of objects, and an array has one shape. So short lists are filled up with −1, in boxes
# and labels alike: −1 means "no object", here and in all that follows.


# %%
def truths(targets):
    """Without the padding: one dict a picture, as `viz` and `metrics` take it."""
    rows = zip(targets["boxes"], targets["labels"])
    return [{"boxes": box[kind >= 0], "classes": kind[kind >= 0]} for box, kind in rows]


viz.show(
    viz.boxes(
        images[:10], truths(targets)[:10], class_names=names, columns=5, size=1.9
    ),
    alt="Ten drawn pictures with up to five coloured shapes each and a box around each shape.",
)

# %% [markdown]
# ## 2 · Who answers for what? Cells
#
# Lay a grid over the picture. **The cell that holds the centre of an object answers for it**, and no other cell does.
# The network's last map has one position for each cell, so the whole picture is answered at once.
#
# With stride 16, a picture of 96² has 6 × 6 cells; with stride 8, 12 × 12.


# %%
def draw_grid(axis, image, stride):
    axis.imshow(image.astype("uint8"))
    for line in range(0, SIDE + 1, stride):
        axis.axhline(line - 0.5, color="white", linewidth=0.6)
        axis.axvline(line - 0.5, color="white", linewidth=0.6)
    axis.set(xticks=[], yticks=[], xlim=(-2, SIDE + 1), ylim=(SIDE + 1, -2))
    axis.set_title(f"stride {stride}", fontsize=9)


def draw_box(axis, box, **style):
    x1, y1, x2, y2 = box
    axis.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, **style))


# %%
example = int(np.argmax((targets["labels"] >= 0).sum(1)))
image, truth = images[example], truths(targets)[example]
figure = viz.figure(7, 3.7)
panels = figure.subplots(1, 2)
for axis, stride in zip(panels, (16, 8)):
    draw_grid(axis, image, stride)
    for box in truth["boxes"]:
        x, y = (box[:2] + box[2:]) / 2
        cell = np.floor([x / stride, y / stride]) * stride
        draw_box(axis, [*cell, *(cell + stride)] - np.array(0.5), color="yellow", lw=2)
        draw_box(axis, box, color="red", lw=1.5)
        axis.plot(x, y, "o", color="red", markersize=4)
viz.show(
    figure,
    alt="One picture under a grid of 6 by 6 and of 12 by 12 cells. "
    "The cell with each box's centre is marked.",
)

# %% [markdown]
# Each red dot lies in one yellow cell. A large shape reaches over many cells, but only one of them is asked about it.
# The others must learn to stay silent, although they see part of the shape too.

# %% [markdown]
# ### Exercise 1
#
# A picture is 416 pixels wide and high, the stride is 32. A box reaches from (100, 40) to (180, 140), given as x, y.
# Which cell answers? Write `(row, column)`, counted from 0.

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda cell: tuple(cell) == (2, 4),
    hint={
        (4, 2): "Rows count downwards, along y; columns along x.",
        (1, 3): "That is the cell of the corner. It is the centre that counts.",
        "otherwise": "Take the centre, divide by the stride, and drop what is behind the point.",
    },
)

# %% [markdown]
# ## 3 · Who answers for what? Anchors
#
# Two objects can have their centres in one cell: a person in front of a car. And a network finds it hard to guess a size
# from nothing. Both troubles have one cure: each cell has a few **anchors**, typical sizes. An object goes to the anchor
# whose *shape* fits best, and the network says only how much wider and higher the object is than that anchor.
#
# Where do typical sizes come from? From the data: k-means over widths and heights. But not with the usual distance, for
# which ten pixels are ten pixels; for a small box ten pixels are everything. The distance is 1 − IoU of the two sizes,
# laid corner on corner.


# %%
def size_overlap(sizes, anchors):
    """IoU of (N, 2) sizes with (K, 2) anchors that share a corner."""
    common = np.minimum(sizes[:, None], anchors[None]).prod(-1)
    return common / (sizes.prod(-1)[:, None] + anchors.prod(-1)[None] - common)


def k_means(sizes, k, rounds=30):
    rng = np.random.default_rng(0)
    anchors = sizes[rng.choice(len(sizes), k, replace=False)]
    for _ in range(rounds):
        nearest = size_overlap(sizes, anchors).argmax(1)
        anchors = np.stack([sizes[nearest == i].mean(0) for i in range(k)])
    return anchors[np.argsort(anchors.prod(1))]


corners = np.concatenate(list(shapes.split("train").frame["boxes"]))
sizes = corners[:, 2:] - corners[:, :2]
by_hand = k_means(sizes, 4)
anchors, fit = boxes.kmeans_anchors(sizes, 4)
print("by hand", by_hand.astype(float).round(1).tolist())
print("cvlib  ", anchors.round(1).tolist())
print(f"mean IoU of a box with its best anchor: {fit:.2f}")
hand_fit = size_overlap(sizes, by_hand).max(1).mean()
assert abs(hand_fit - fit) < 0.02

# %%
fits = [boxes.kmeans_anchors(sizes, k)[1] for k in range(1, 9)]
figure = viz.figure(7.5, 3.2)
panels = figure.subplots(1, 2)
nearest = size_overlap(sizes, anchors).argmax(1)
panels[0].scatter(*sizes.T, c=[viz.PALETTE[i] for i in nearest], s=8, alpha=0.6)
panels[0].scatter(*anchors.T, marker="+", c="black", s=120)
panels[0].set(xlabel="width", ylabel="height", aspect="equal")
panels[1].plot(range(1, 9), fits, "o-", color=viz.PALETTE[0])
panels[1].set(xlabel="number of anchors", ylabel="mean IoU", ylim=(0, 1))
viz.show(
    figure,
    alt="Left: widths and heights of all boxes in four groups, an anchor in each. Right: mean IoU against the "
    "number of anchors, rising steeply, then flat.",
)

# %% [markdown]
# Four crosses stand for nearly a thousand boxes. Beyond four or five anchors the curve gains little. (Here all boxes
# are about as wide as high, so the groups differ in size alone. People and cars would also differ in shape.) YOLOv3 has nine, three
# for each of three grids: the large ones on the coarse grid, the small ones on the fine grid.
#
# We take two grids with two anchors each.

# %%
STRIDES = (16, 8)
ANCHORS = [anchors[2:], anchors[:2]]  # large sizes to the coarse grid
pd.DataFrame(
    [(s, *size.round(1)) for s, pair in zip(STRIDES, ANCHORS) for size in pair],
    columns=["stride", "width", "height"],
)

# %% [markdown]
# ## 4 · Encode
#
# For its cell and anchor, an object becomes five numbers and its class. With the centre at $(x, y)$, width $w$ and
# height $h$ in pixels, cell (row, column), stride $s$ and anchor $(p_w, p_h)$:
#
# $$\text{offset} = \Big(\frac{x}{s} - \text{column},\ \frac{y}{s} - \text{row}\Big) \in [0, 1]^2,\qquad
# t_w = \ln\frac{w}{p_w},\qquad t_h = \ln\frac{h}{p_h},\qquad \text{objectness} = 1$$
#
# Why the logarithm? Twice as wide and half as wide are then equally far from the anchor, and whatever number the network
# says, the width stays positive.


# %%
def encode_by_hand(box):
    """Which grid, cell and anchor answer for a box, and the numbers they shall say."""
    size = box[2:] - box[:2]
    flat = np.concatenate(ANCHORS)
    best = int(size_overlap(size[None], flat)[0].argmax())
    scale, number = divmod(best, 2)
    stride = STRIDES[scale]
    x, y = (box[:2] + box[2:]) / 2 / stride
    column, row = int(x), int(y)
    log_size = np.log(size / ANCHORS[scale][number])
    return (scale, row, column, number), [x - column, y - row, *log_size, 1.0]


encoded = boxes.yolo_encode(
    [truth["boxes"]], [truth["classes"]], (SIDE, SIDE), ANCHORS, len(names), STRIDES
)
rows = []
for box, kind in zip(truth["boxes"], truth["classes"]):
    (scale, row, column, number), values = encode_by_hand(box)
    theirs = encoded[scale][0, row, column, number]
    assert np.allclose(theirs[:5], values, atol=1e-5)
    rows.append([names[kind], STRIDES[scale], row, column, number, *values[:4]])
titles = ["class", "stride", "row", "column", "anchor", "x", "y", "log w", "log h"]
pd.DataFrame(rows, columns=titles).round(2)

# %% [markdown]
# Our few lines and `boxes.yolo_encode` agree. Most of the target is zero:

# %%
slots = [np.prod(grid.shape[1:4]) for grid in encoded]
taken = [int(grid[..., 4].sum()) for grid in encoded]
print(f"{sum(slots)} slots (cells × anchors), of which {sum(taken)} have an object")
assert sum(taken) == len(truth["boxes"])

# %% [markdown]
# Now look at it. Each box is drawn with the anchor that answers for it, put where its cell is.

# %%
figure = viz.figure(7, 3.7)
panels = figure.subplots(1, 2)
for axis, stride in zip(panels, STRIDES):
    draw_grid(axis, image, stride)
for box in truth["boxes"]:
    (scale, row, column, number), _ = encode_by_hand(box)
    stride, size = STRIDES[scale], ANCHORS[scale][number]
    centre = (np.array([column, row]) + 0.5) * stride - 0.5
    draw_box(
        panels[scale], [*(centre - stride / 2), *(centre + stride / 2)], color="yellow"
    )
    draw_box(
        panels[scale],
        [*(centre - size / 2), *(centre + size / 2)],
        color="cyan",
        ls="--",
    )
    draw_box(panels[scale], box, color="red", lw=1.5)
viz.show(
    figure,
    alt="The same picture under both grids. Each red box appears on one grid only, with a dashed anchor of about "
    "its size around the middle of its cell.",
)

# %% [markdown]
# Each red box stands on one grid only. What the network has left to say is the way from the dashed frame to the red one:
# a small shift, and a factor near 1 for each side.
#
# ### What does not fit
#
# A slot holds one object. Two boxes of about the same shape with their centres in one cell want the same slot, and one
# of them is lost. How often does that happen?

# %%
frame = shapes.split("train").frame
grids = boxes.yolo_encode(
    list(frame["boxes"]),
    list(frame["labels"]),
    (SIDE, SIDE),
    ANCHORS,
    len(names),
    STRIDES,
)
kept = int(sum(grid[..., 4].sum() for grid in grids))
print(f"{len(corners)} objects, {kept} have a slot, {len(corners) - kept} are lost")
assert len(corners) - kept <= 0.02 * len(corners)

# %% [markdown]
# Not one, here: the shapes were drawn with some distance between them. In a flock of birds it would be many, and then a
# finer grid helps, or more anchors.

# %% [markdown]
# ## 5 · Decode
#
# The network says any numbers. The way back makes a box of them, wherever they lie: σ keeps the centre inside its cell,
# exp keeps the sides positive.
#
# $$x = s\,(\sigma(t_x) + \text{column}),\quad y = s\,(\sigma(t_y) + \text{row}),\quad w = p_w e^{t_w},\quad h = p_h e^{t_h}$$


# %%
def sigmoid(t):
    return 1 / (1 + np.exp(-t))


def decode_by_hand(t, row, column, stride, anchor):
    x, y = stride * (sigmoid(t[:2]) + np.array([column, row]))
    width, height = anchor * np.exp(t[2:4])
    return np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])


logits = boxes.yolo_logits(encoded)  # what a perfect network would say
for box in truth["boxes"]:
    (scale, row, column, number), _ = encode_by_hand(box)
    said = logits[scale][0, row, column, number].astype(float)
    back = decode_by_hand(said, row, column, STRIDES[scale], ANCHORS[scale][number])
    assert np.allclose(back, box, atol=1e-3)
decoded, objectness, _ = boxes.yolo_decode(logits, ANCHORS, (SIDE, SIDE))
print(
    f"{decoded.shape[1]} boxes decoded, {int((objectness > 0.5).sum())} of them are meant"
)

# %% [markdown]
# There and back again, to a thousandth of a pixel. Every slot gives a box; objectness says which of them are meant.

# %% [markdown]
# ### Exercise 2
#
# At stride 16, the slot in row 1, column 3 with anchor (20, 30) says t = (0, 0, 0, ln 2). Which box is that? Write
# `[x1, y1, x2, y2]`.

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda box: np.allclose(box, [46, -6, 66, 54], atol=0.01),
    hint={
        (
            lambda box: np.allclose(box, [38, -14, 58, 46], atol=0.01)
        ): "σ(0) is a half, not 0.",
        (
            lambda box: np.allclose(box, [14, 26, 34, 86], atol=0.01)
        ): "Columns go along x.",
        (
            lambda box: np.allclose(box, [56, 24, 20, 60], atol=0.01)
        ): "The corners are asked for.",
        "otherwise": "The centre is stride · (σ(t) + cell); the sides are the anchor's times exp(t).",
    },
)

# %% [markdown]
# ## 6 · The loss, term by term
#
# Each slot is told one of three things:
#
# * **An object is yours:** place it (*centre*), size it (*size*), say that it is there (*object*), say what it is
#   (*class*).
# * **Nothing is yours:** say so (*background*).
# * **Not yours, but you are close to one:** be left alone. If the slot's box overlaps some object by more than 0.5, it
#   is not punished for speaking up.
#
# YOLOv3 measures places with the squared error and everything that is yes or no with binary cross-entropy. The classes
# are yes or no each by itself, so a *woman* may be a *person* too.
#
# We compute it by hand, for a network that has learnt nothing and says 0 everywhere.


# %%
def silent(batch):
    return [
        np.zeros((batch, SIDE // s, SIDE // s, 2, 5 + len(names)), "float32")
        for s in STRIDES
    ]


def cross_entropy(logit, wanted):
    return np.logaddexp(0, logit) - wanted * logit


# %%
def loss_by_hand(box_list, kinds, outputs):
    """Every term of one picture, but for the rule that leaves close slots alone."""
    terms = dict.fromkeys(["centre", "size", "object", "class"], 0.0)
    background = sum(cross_entropy(grid[0, ..., 4], 0).sum() for grid in outputs)
    for box, kind in zip(box_list, kinds):
        (scale, row, column, number), wanted = encode_by_hand(box)
        t = outputs[scale][0, row, column, number]
        small = 2 - (box[2:] - box[:2]).prod() / SIDE**2  # small boxes count more
        terms["centre"] += small / 2 * ((sigmoid(t[:2]) - wanted[:2]) ** 2).sum()
        terms["size"] += small / 2 * ((t[2:4] - wanted[2:4]) ** 2).sum()
        terms["object"] += cross_entropy(t[4], 1)
        terms["class"] += cross_entropy(t[5:], np.eye(len(names))[kind]).sum()
        background -= cross_entropy(t[4], 0)
    terms["background"] = background
    return {name: value / len(box_list) for name, value in terms.items()}


# %%
mine = loss_by_hand(truth["boxes"], truth["classes"], silent(1))
theirs = losses.yolo_loss(
    truth["boxes"][None],
    truth["classes"][None],
    silent(1),
    ANCHORS,
    (SIDE, SIDE),
    ignore_above=1.0,  # nobody is left alone, as above
    return_terms=True,
)
theirs = {name: float(value) for name, value in theirs.items()}
assert all(np.isclose(mine[name], theirs[name], rtol=1e-4) for name in mine)
pd.DataFrame({"by hand": mine, "cvlib": theirs}).round(3)

# %% [markdown]
# Look at *background*: hundreds of silent slots against a handful of speaking ones. A network that has just begun gets
# most of its push from "say nothing", and that is what it learns first. Lesson 12 met the same imbalance with RetinaNet
# and answered with the focal loss. Here a simpler trick is enough: we start the network's objectness low, at 1 %, so that
# silence costs little from the start.

# %%
begun = silent(1)
for grid in begun:
    grid[..., 4] = np.log(0.01 / 0.99)
quiet = loss_by_hand(truth["boxes"], truth["classes"], begun)
print(f"background {mine['background']:.1f} → {quiet['background']:.1f}")
assert quiet["background"] < 0.05 * mine["background"]

# %% [markdown]
# The price is in the *object* term, which now begins higher: the few real objects speak the louder.
#
# One more choice. The squared error treats the four numbers of a box as strangers to each other, but what we judge by in
# the end is the overlap. So later detectors train on 1 − **CIoU** (or GIoU, DIoU; `boxes.ciou`), which sees the box as a
# whole. We do so too: `box_loss="ciou"` replaces *centre* and *size* by one term, *iou*.

# %% [markdown]
# ### Exercise 3
#
# A slot has no object. Its own box overlaps an object of the neighbour's slot with IoU 0.7, and it says objectness 0.9.
# Which term grows? Write `"background"`, `"object"` or `"none"`.

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda term: term.strip().lower() == "none",
    hint={
        "background": "That is what the third rule is for: it found the object well.",
        "object": "The object is not this slot's.",
        "otherwise": 'One of "background", "object", "none".',
    },
)

# %% [markdown]
# ## 7 · The network
#
# After all this the network is the easy part: convolutions that halve the picture, a way back up from the coarse map to
# the finer one, and at each grid a last convolution with *anchors × (5 + classes)* maps.

# %%
network = TinyYOLO(
    (SIDE, SIDE, 3),
    classes=len(names),
    anchors_per_scale=2,
    strides=STRIDES,
    backbone=None,  # from scratch; "MobileNetV2" stands on ImageNet
    widths=(16, 32, 64, 96),
    filters=48,
)
for stride, shape in zip(STRIDES, network.output_shape):
    print(
        f"stride {stride}: {shape[1]} × {shape[2]} cells, {shape[3]} maps = 2 × (5 + 3)"
    )
print(f"{network.count_params():,} parameters")

# %% [markdown]
# YOLOv3 is the same idea in large: Darknet-53 with residual blocks, three grids, nine anchors, 80 classes.

# %%
large = YOLOv3((416, 416, 3), classes=80)
for shape in large.output_shape:
    print(f"{shape[1]} × {shape[2]} cells, {shape[3]} maps = 3 × (5 + 80)")
print(f"{large.count_params():,} parameters")
assert large.count_params() == 62_001_757  # as published
del large

# %% [markdown]
# ## 8 · Train
#
# Augmentation must move the boxes with the picture. `ImageDataGenerator` does so when it is told where they are, drops
# those that have left the picture, and can tile four pictures into one (**Mosaic**), which shows more objects at more
# sizes at once.

# %%
augmenting = cvlib.ImageDataGenerator(
    horizontal_flip=True,
    vertical_flip=True,
    width_shift_range=0.1,
    height_shift_range=0.1,
    zoom_range=(0.8, 1.2),
    channel_shift_range=20.0,
    fill_mode="constant",
    cval=114,
    mosaic=0.3,
)
training = batches("train", augmenting, shuffle=True)
moved, moved_targets = training[0]
viz.show(
    viz.boxes(
        moved[:10], truths(moved_targets)[:10], class_names=names, columns=5, size=1.9
    ),
    alt="Ten augmented pictures, shifted, zoomed, mirrored, some tiled from four; "
    "every box still fits its shape.",
)

# %% [markdown]
# Always look at this figure before you train. A box that does not fit here is a bug that no training will tell you about.
#
# `Detector` puts network, anchors and class names together, trains with `fit`, and decodes and suppresses when it
# predicts.

# %%
EPOCHS = run.pick(fast=40, full=150)
detector = Detector(network, names, anchors=ANCHORS)
steps = EPOCHS * len(training)
rate = keras.optimizers.schedules.CosineDecay(
    0.0, steps, warmup_target=4e-3, warmup_steps=steps // 20
)
detector.compile(
    keras.optimizers.AdamW(
        rate, weight_decay=1e-3, clipnorm=10.0, use_ema=True, ema_momentum=0.98
    ),
    box_loss="ciou",
    match_above=0.5,
)
history = detector.fit(training, epochs=EPOCHS, verbose=0)

# %% [markdown]
# Two words on the settings. The step size rises for a moment and then falls along a cosine, as in lesson 11. `match_above=0.5` lets
# every anchor that fits an object well learn it, not only the best one: more slots with something to say, faster
# learning. YOLOv4 does it; YOLOv3 does not.

# %%
viz.show(
    viz.curves(history, metrics=("iou", "object", "background", "class")),
    alt="Four curves over the epochs, the terms iou, object, background and class; all end low, and background "
    "rises before it falls.",
)

# %% [markdown]
# Read the terms one by one; that is why they are kept apart. *Object* falls fastest: the network finds out that there is
# something. *Background* first rises: it began almost silent, and when it starts to speak up, it does so in wrong places
# too. *Class* and *iou* fall to the very end: what it is, and where exactly, takes longer than that it is there.

# %%
terms = history.history
assert all(
    terms[name][-1] < terms[name][0] / 1.5 for name in ("iou", "object", "class")
)
assert max(terms["background"]) > terms["background"][0] > terms["background"][-1]

# %% [markdown]
# ## 9 · From maps to boxes
#
# What does the network say, before any threshold? Its objectness, best anchor of each cell, over one validation picture:

# %%
held_images, held_targets = batches("validation", batch_size=50)[0]
held_truths = truths(held_targets)
pick = int(np.argmax([len(t["boxes"]) for t in held_truths]))
outputs = network.predict(held_images[pick : pick + 1], verbose=0)
figure = viz.figure(8.4, 2.9)
panels = figure.subplots(1, 3)
panels[0].imshow(held_images[pick].astype("uint8"))
for axis, stride, output in zip(panels[1:], STRIDES, outputs):
    grid = output[0].reshape(SIDE // stride, SIDE // stride, 2, -1)
    axis.imshow(sigmoid(grid[..., 4]).max(-1), vmin=0, vmax=1, cmap="magma")
    axis.set_title(f"objectness, stride {stride}", fontsize=9)
for axis in panels:
    axis.set(xticks=[], yticks=[])
viz.show(
    figure,
    alt="A picture with several shapes and two maps, bright in few cells: at the middle of the shapes "
    "and beside it.",
)

# %% [markdown]
# Bright spots at the middles of shapes. Around each middle a few neighbours speak up too, and both grids may speak for
# the same shape: so the decoded boxes come in bunches, and lesson 12's non-maximum suppression keeps the best of each.

# %%
decoded, there, kinds = boxes.yolo_decode(outputs, ANCHORS, (SIDE, SIDE))
scores = there[0, :, None] * kinds[0]
loud = scores.max(1) > 0.25
kept = boxes.batched_nms(decoded, there[..., None] * kinds, 0.5, 0.25, 100)
count = int(kept["count"][0])
bunch = {"boxes": decoded[0][loud], "classes": scores[loud].argmax(1)}
clean = {name: kept[name][0, :count] for name in ("boxes", "classes", "scores")}
viz.show(
    viz.boxes(
        held_images[[pick, pick]],
        predictions=[{**bunch, "scores": scores[loud].max(1)}, clean],
        class_names=names,
        titles=[f"{loud.sum()} above 0.25", f"{count} after suppression"],
        size=3.6,
    ),
    alt="Left: several overlapping predicted boxes on each shape. Right: few boxes left, about one a "
    "shape.",
)
assert count <= loud.sum()

# %% [markdown]
# About one box a shape is left. Where a shape has kept two, look at their colours: suppression works class by class, so a
# shape that the network takes for a square *and*, less surely, for a triangle keeps a box of each.
#
# `Detector.predict` does all of this in one call, and takes pictures of any size: each is scaled to fit, with grey bars
# beside it (*letterboxed*), and the boxes come back in the picture's own pixels.

# %%
wide = np.concatenate(list(held_images[:2].astype("uint8")), axis=1)
found = detector.predict([wide])[0]
print(f"a picture of {wide.shape[1]} × {wide.shape[0]}: {len(found.boxes)} objects")
viz.show(
    viz.boxes(
        [wide],
        predictions=[
            {"boxes": found.boxes, "classes": found.labels, "scores": found.scores}
        ],
        class_names=names,
        size=5,
    ),
    alt="A picture twice as wide as high, with predicted boxes and scores on its shapes.",
)

# %% [markdown]
# ## 10 · How good is it?
#
# Average precision, as in lesson 12: every detection counts, sorted by its score.

# %%
test_images, test_targets = batches("test", batch_size=100)[0]
result = detector.evaluate((test_images, test_targets))
print(
    f"test: AP at IoU 0.5 {result.ap50:.3f}, at 0.75 {result.ap75:.3f}, mean {result.ap:.3f}"
)
pd.Series(result.per_class(), name="AP50").round(3)

# %%
viz.show(
    viz.precision_recall(result, at=0.25),
    alt="Precision against recall for circle, square and triangle, with a dot where the score is 0.25.",
)

# %% [markdown]
# The dots say where the detector works when it shows what scores above 0.25. Further right means that fewer are missed,
# further up that fewer are false. Moving the threshold moves the dots along their curves, never off them.
#
# An average hides *why* boxes are lost. The breakdown of lesson 12 tells:

# %%
test_truths = truths(test_targets)
guesses = [
    {"boxes": d.boxes, "classes": d.labels, "scores": d.scores}
    for d in detector.predict(test_images, score_threshold=0.05)
]
errors = metrics.error_breakdown(test_truths, guesses, names)
viz.show(
    viz.error_breakdown(errors),
    alt="Bars: how many errors of each kind for each class, and how much average precision each kind costs.",
)

# %% [markdown]
# Read both halves together. On the left *class* leads by far: the right place and the wrong name. On the right it costs
# little, and so does everything else. We asked for every guess above 0.05, and most of these are faint second opinions on
# shapes that were also named rightly: far down the list, where they hardly touch the curve. Next to nothing is missed.

# %%
counts = errors.counts()
print(counts)
assert counts["class"] > counts["background"] > counts["missed"]

# %% [markdown]
# Whether they matter to you depends on your threshold: above 0.25 fewer of them are left. Look at the pictures where the
# numbers of boxes differ most.

# %%
missing = [
    len(t["boxes"]) - int((np.asarray(g["scores"]) > 0.25).sum())
    for t, g in zip(test_truths, guesses)
]
worst = np.argsort([-abs(m) for m in missing], kind="stable")[:4]
viz.show(
    viz.boxes(
        test_images[worst],
        labels=[test_truths[i] for i in worst],
        predictions=[guesses[i] for i in worst],
        class_names=names,
        columns=4,
        size=2.3,
        least=0.25,
    ),
    alt="Four test pictures where the number of detections differs most from the truth, true boxes solid and "
    "predicted ones dashed.",
)

# %% [markdown]
# Ask of each: is the shape hidden, cut off, tiny? Are two of a kind close together? Is the *truth* perhaps arguable? What
# you see decides what to do next: a finer grid for the tiny, more pictures for the hidden, another suppression threshold
# for the close ones. More epochs are the answer less often than one thinks.

# %% [markdown]
# ## 11 · Take it with you
#
# `as_model` is the detector as one Keras model, with decoding and suppression inside, and `save` writes it into a file
# that opens without this lesson.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

with TemporaryDirectory() as folder:
    path = Path(folder) / "shapes.keras"
    detector.save(path)
    again = Detector.load(path)
same = again.predict(test_images[:8])
assert all(
    np.allclose(a.boxes, b.boxes, atol=0.01)
    for a, b in zip(same, detector.predict(test_images[:8]))
)
print("saved and loaded: the same boxes")

# %% [markdown]
# ## What you know now
#
# * The cell with the centre and the best-fitting anchor answer for an object; a slot holds one.
# * Encode: offset in the cell, logarithm of the size. Decode: σ and exp. Each undoes the other.
# * The loss tells each slot one of three things; apart, its terms tell you what the network is learning.
# * Maps become boxes by decoding, a threshold and suppression.
# * Errors have kinds. Look before you train longer.
#
# **Try** `datasets.load("scenes")`, drawn people with masks and without: set `SIDE` to 256 and the anchors anew. Or
# `datasets.load("bccd")`, real blood cells, with `backbone="MobileNetV2"`: `bench/bench_bccd.py` has the settings, and
# takes about five minutes on four cores.
#
# **Next** lesson 14, where every pixel gets a class; and `ast04_yolo`, where you write all of this yourself.
#
# *Sources.* Redmon et al., 2016, *You Only Look Once*. Redmon & Farhadi, 2017, *YOLO9000* (anchors by k-means); 2018,
# *YOLOv3* (grids, loss, network). Bochkovskiy et al., 2020, *YOLOv4* (Mosaic, several anchors an object). Zheng et al.,
# 2020, *Distance-IoU Loss* (CIoU).
