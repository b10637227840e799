# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 15 · Project: lungs on chest X-rays
#
# **A radiologist needs minutes to draw the outline of two lungs, and another one draws it a little differently. How
# close can a network come, and how do you find the film on which it fails before somebody else does?**
#
# A whole project again, as lesson 11 was. This time every pixel is a decision, every picture comes with a second one,
# and the two must never lose each other.
#
# **You will be able to** check and draw a folder of pictures and masks · split it by patient · move a picture and its
# mask together, and prove it · read, build and train DeepLabV3+ · judge masks by overlap, by outline and by lung, and
# learn from the worst of them.
#
# **You need** lesson 14 (U-Net, up-sampling, dilation, Dice against cross-entropy) and 09 (transfer learning).
#
# **Time** 90 minutes of reading and exercises. Running it takes one to two minutes on four CPU cores in fast mode.
#
# **It prepares** `mp2_lung_segmentation`.
#
# > What you build here is a course exercise. It is **no medical device**: nobody may read a diagnosis, a dose or a
# > lung volume from it.

# %%
import cvlib

run = cvlib.setup(seed=0)

import time

import cv2
import keras
import numpy as np
import pandas as pd

from cvlib import check, datasets, losses, metrics, viz
from cvlib.data.reading import read_image, read_mask
from cvlib.models import DeepLabV3Plus, UNet, backbones

# %% [markdown]
# The rules, before any result can bend them:
#
# 1. Each pixel is `lung` or `background`. The figure is the **Dice** of the lungs, picture by picture, then the mean.
# 2. We choose by the **validation** split and open **test** once, in part 3.
# 3. The rivals are a threshold on brightness and a small U-Net.
# 4. A picture is judged at its own size, against the mask as it was drawn.

# %% [markdown]
# # Part 1: the pairs
#
# ## 1 · Load and check
#
# `datasets.load` fetches 100 X-rays with masks by radiologists. Where they cannot be reached, it draws simulated films
# and says so. This page was built with the simulated ones; everything below works for both.

# %%
lungs = datasets.load("lungs")
print(f"{len(lungs)} pictures ({lungs.source}), classes {', '.join(lungs.class_names)}")
lungs.frame.head(6)

# %% [markdown]
# A row is a *pair*: the path of a picture and that of its mask. `group` is the patient, and you will see what it is
# for. In most pipelines a wrong mask does not stop a training: it spoils it in silence. So read every file first:

# %%
from cvlib.data import check_masks

facts = check_masks(lungs.frame, directory=lungs.directory, classes=2)
facts["extension"] = facts["path"].str.split(".").str[-1]
facts[["height", "width", "foreground"]].describe().loc[["min", "50%", "max"]].round(2)

# %% [markdown]
# It returned a table instead of an error, so every pair is sound. What would it have said? Spoil a few pairs the way
# people really do, and look.

# %%
import shutil
import tempfile
from pathlib import Path

from PIL import Image

broken = Path(tempfile.mkdtemp())
(broken / "images").mkdir()
(broken / "masks").mkdir()
for row in lungs.split("train").frame.head(5).itertuples():
    home = lungs.split("train").directory
    shutil.copy(home / row.path, broken / "images" / f"film{row.Index}.png")
    mask = read_mask(home / row.mask)[..., 0]
    soft = cv2.GaussianBlur(255 * mask, (9, 9), 0)
    spoilt = [mask, 255 * mask, mask[:-7], soft, None][row.Index]
    if spoilt is not None:
        Image.fromarray(spoilt).save(broken / "masks" / f"film{row.Index}.png")

# %%
try:
    check_masks(broken / "images", broken / "masks", classes=2)
except ValueError as error:
    print(str(error).replace(f"{broken}/", ""))

# %% [markdown]
# One message, all faults, by name, each with its likely cause: a mask saved as black and white (255 instead of 1), one
# that was cropped, one that was blurred (resized with interpolation or saved as JPEG), one that is missing. Film 0 is
# sound and is not mentioned.

# %% [markdown]
# ## 2 · Look
#
# Sizes first. The network will want one size, and the files have others.

# %%
from cvlib.viz.style import PALETTE, figure

sheet = figure(8, 3)
left, right = sheet.subplots(1, 2)
for color, (extension, rows) in zip(PALETTE, facts.groupby("extension")):
    left.scatter(rows["width"], rows["height"], s=12, color=color, label=extension)
left.set(xlabel="width", ylabel="height", title="sizes of the files")
left.legend(fontsize=8)
right.hist(100 * facts["foreground"], bins=20, color=PALETTE[0])
right.set(xlabel="% of the pixels", ylabel="pictures", title="how much is lung")
viz.show(
    sheet,
    alt="Left: widths against heights of all files, no two alike, in several file formats. Right: a histogram of "
    "the share of lung in a picture, from about a sixth to nearly a half.",
)

# %% [markdown]
# Hardly two files are of one size, some stand and some lie, and they come in several formats. About a third of a
# picture is lung: the classes are uneven, but not as badly as with a small tumour (lesson 14).
#
# Now the pairs themselves. Three ways to look at them, because each shows another kind of mistake.

# %%
train = lungs.split("train")


def open_pair(piece, index):
    row = piece.frame.iloc[index]
    picture = read_image(piece.directory / row["path"])
    return picture, read_mask(piece.directory / row["mask"])


pairs = [open_pair(train, index) for index in range(16)]
viz.show(
    viz.overlays(*zip(*pairs), class_names=lungs.class_names, columns=8, size=1.2),
    alt="Sixteen chest films with both lungs painted and outlined.",
)

# %% [markdown]
# The contact sheet shows mistakes that stand out from their neighbours: a lung that was forgotten, a mask upside down.
# For the outline, go nearer:

# %%
viz.show(
    viz.side_by_side(*zip(*pairs[:3]), class_names=lungs.class_names, size=2.4),
    alt="Three rows: a chest film, its mask with two lungs, and the outline of the mask on the film.",
)

# %% [markdown]
# Follow one outline. Along the ribs it is sharp. Behind the heart and below the diaphragm there is lung too, but it is
# not drawn: the mask shows the *visible* lung field. Where a shadow hides the border, the outline is somebody's
# decision. On the real films another group's masks of 62 of the pictures agree with these at a mean Dice of 0.942. That
# is what human agreement looks like, and no network should be asked for 1.0.
#
# And where do lungs lie, on average?

# %%
SIDE = run.pick(fast=128, full=256)


def shrink(mask):
    return cv2.resize(mask, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)


every = [read_mask(train.directory / path) for path in train.frame["mask"]]
mean_mask = np.mean([shrink(mask) for mask in every], axis=0)
guess = mean_mask > 0.5
viz.show(
    viz.grid([mean_mask, guess], titles=["share of films", "more than half"], size=2),
    alt="The mean of all masks: two soft lungs; and the same cut at one half: two lungs with sharp edges.",
)

# %% [markdown]
# The picture on the right is a prediction already, the same for every film. A network that learns only "lungs are left
# and right of the middle" gets there without looking. What that is worth comes into the table of rivals.

# %% [markdown]
# ### Exercise 1
#
# In the real dataset a mask is stored as two *crops*, one a lung, with the place at which each belongs. Write the
# function that puts them together: zeros of the given size, and 1 wherever a crop is not black. `crops` is a list of
# `(crop, left, top)`; a crop is an integer array (h, w), and two crops may overlap by a few pixels.


# %%
def assemble(height, width, crops): ...


answer = assemble

# %% [markdown]
# The check compares it with a slow way to the same mask, one pixel at a time, on three crops that overlap:


# %%
def pixel_by_pixel(height, width, crops):
    mask = np.zeros((height, width), "uint8")
    for row, column in np.ndindex(height, width):
        for crop, left, top in crops:
            y, x = row - top, column - left
            if 0 <= y < crop.shape[0] and 0 <= x < crop.shape[1] and crop[y, x] > 0:
                mask[row, column] = 1
    return mask


one = np.array([[0, 200, 200], [200, 200, 0]])
example = (6, 9, [(one, 1, 2), (one, 3, 2), (one, 4, 1)])
wanted = pixel_by_pixel(*example)
print(wanted)

# %%
check.answer(
    answer,
    lambda function: np.array_equal(function(*example), wanted),
    hint={
        (lambda f: f(*example).max() in (2, 3)): "Overlaps were added up.",
        (lambda f: f(*example).max() > 3): "The crops' grey values are in the mask.",
        (lambda f: not f(*example).any()): "The mask is still empty.",
        (lambda f: f(*example).sum() < wanted.sum()): "A later crop's black corner has "
        "wiped out a part of an earlier one: write only where it is not black.",
        "otherwise": "left counts columns and top counts rows: mask[top:…, left:…].",
    },
)

# %% [markdown]
# ## 3 · Split by patient
#
# Some patients were X-rayed on several days. Their films resemble each other: same ribs, same heart, same pacemaker. If
# one is in train and the other in test, the network can *remember*. Count how often a split by picture would do that:

# %%
shuffled = np.random.default_rng(0).permutation(len(lungs))
names = np.array(["train"] * 7 + ["validation"] + ["test"] * 2)
naive = lungs.frame.assign(split=names[shuffled % 10])
apart = naive.groupby("group")["split"].nunique()
ours = lungs.frame.groupby("group")["split"].nunique()
print(f"{lungs.frame['group'].nunique()} patients, {len(lungs)} films")
print(f"split by film:    {np.sum(apart > 1)} patients stand in more than one split")
print(f"split by patient: {np.sum(ours > 1)}")
assert ours.max() == 1

# %% [markdown]
# The dataset comes split by patient; for your own, `cvlib.data.splits.by_group` does it. A score on a leaky split is
# not a little too good: it answers another question, namely how well the network does on patients it has met.

# %%
lungs.frame.groupby("split", sort=False).agg(
    films=("path", "size"), patients=("group", "nunique")
)

# %% [markdown]
# ## 4 · One draw for both
#
# Read all pairs once, at the network's size. Pictures are averaged down, masks take the nearest pixel, so that they
# hold 0 and 1 and nothing between.

# %%
plain = cvlib.ImageDataGenerator()


def read(split):
    piece = lungs.split(split)
    images, masks = plain.flow_from_dataframe(
        piece.frame,
        piece.directory,
        x_col="path",
        masks="mask",
        class_mode=None,
        target_size=(SIDE, SIDE),
        interpolation="bilinear",
        batch_size=len(piece),
        shuffle=False,
        mask_classes=2,
    )[0]
    return images.round().astype("uint8"), masks


train_images, train_masks = read("train")
held_images, held_masks = read("validation")
print(train_images.shape, train_masks.shape, np.unique(train_masks))

# %% [markdown]
# Then the augmentation (lesson 05). Ask of every change what could happen at the X-ray machine. The patient stands
# askew or farther away, the exposure is off: turn, shift, zoom, lighten. Left and right may be swapped, because the
# mask does not tell the lungs apart and *some* people's hearts are on the right; upside down, never.

# %%
moves = {
    "rotation_range": 15,
    "width_shift_range": 0.12,
    "height_shift_range": 0.12,
    "shear_range": 6,
    "zoom_range": (0.75, 1.3),
    "horizontal_flip": True,
    "fill_mode": "constant",
}
light = {"brightness_range": (0.6, 1.4), "channel_shift_range": 40}
moving = cvlib.ImageDataGenerator(**moves, **light)
images, masks = moving.flow(
    train_images[:8], masks=train_masks[:8], batch_size=8, shuffle=False, seed=0
)[0]
viz.show(
    viz.overlays(images, masks, columns=8, size=1.2),
    alt="Eight films, turned, shifted, zoomed, mirrored, lighter or darker, with the outline of their moved masks.",
)

# %% [markdown]
# The outlines still fit. That is what the eye says about eight pictures; a proof is better. Give the generator the
# *mask as the picture*, without interpolation and without changes of light. If both are moved by the same draw, they
# come out equal, pixel by pixel, also in later epochs:

# %%
exact = cvlib.ImageDataGenerator(**moves, interpolation_order=0)
flow = exact.flow(255 * train_masks, masks=train_masks, batch_size=8, seed=0)
batches = [next(flow) for _ in range(3 * len(flow))]
assert all(np.array_equal(picture, 255 * mask) for picture, mask in batches)
changed = np.mean([not np.array_equal(one[0], train_masks[0]) for _, one in batches])
print(f"{len(batches)} batches over 3 epochs: every mask moved as its picture did")

# %% [markdown]
# And the mistake that this guards against: two generators, or one generator twice with different seeds.

# %%
elsewhere = exact.flow(train_masks, batch_size=8, shuffle=False, seed=1)[0]
viz.show(
    viz.overlays(images, elsewhere.astype(int), columns=8, size=1.2),
    alt="The same eight films with masks that were moved by other draws: the outlines lie beside the lungs.",
)

# %% [markdown]
# Such a training runs without an error. Its loss even falls, to a blurred average of all positions.

# %% [markdown]
# # Part 2: DeepLabV3+
#
# ## 5 · Why not stop at stride 32?
#
# A classifier makes its map smaller and smaller: MobileNetV2 ends at 1/32 of the picture. That is enough to say
# *what* and too coarse to say *where*. How much too coarse? Take the true masks, shrink them to 1/32, 1/16, 1/8 and 1/4, and
# enlarge them again. This is the best any network could do that ends there.


# %%
def dice(truth, found):
    return 2 * np.sum(truth & found) / (np.sum(truth) + np.sum(found))


best = {}
for stride in (32, 16, 8, 4):
    cells = SIDE // stride
    scores = []
    for mask in held_masks[..., 0].astype("float32"):
        small = cv2.resize(mask, (cells, cells), interpolation=cv2.INTER_AREA)
        back = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        scores.append(dice(mask > 0.5, back > 0.5))
    best[f"1/{stride}"] = np.mean(scores)
pd.Series(best, name="best possible Dice").round(3).to_frame().T

# %%
assert best["1/32"] < best["1/16"] < best["1/8"] < best["1/4"]
assert best["1/4"] > 0.98

# %% [markdown]
# From stride 4 nearly nothing is lost. DeepLabV3+ works in three pieces that follow from this:
#
# 1. a **backbone** whose last stages are *dilated*, so that its map stays at 1/16 or 1/8 without losing its weights;
# 2. a **pyramid** (ASPP) that looks at this map through several windows at once, because a lung is large and its
#    border is small;
# 3. a **decoder** that enlarges the result to 1/4, where it meets the fine, early maps of the backbone.

# %% [markdown]
# ## 6 · The backbone, dilated
#
# If you replace a stride of 2 by 1, the map stays large, but each later kernel now sees pixels that are half as far
# apart as in training. Spread the kernel's taps by 2, and they fall on the old ones again. By hand, in one dimension:

# %%
# NBVAL_CHECK_OUTPUT
row = np.arange(12) ** 2 % 7
first, second = np.array([1, -2, 1]), np.array([2, 0, -1])


def slide(values, kernel, stride=1, dilation=1):
    reach = dilation * (len(kernel) - 1)
    starts = range(0, len(values) - reach, stride)
    return np.array([values[i : i + reach + 1 : dilation] @ kernel for i in starts])


coarse = slide(slide(row, first, stride=2), second)
fine = slide(slide(row, first), second, dilation=2)
print("stride 2, then 3 taps:        ", coarse)
print("stride 1, then 3 spread taps: ", fine)
assert np.array_equal(fine[::2], coarse)

# %% [markdown]
# Every second number is the old one, and between them are new ones. Nothing had to be learnt again. The same for the
# whole of MobileNetV2, weights and all:

# %%
from cvlib.models.dilation import dilate

shape = (SIDE, SIDE, 3)
mobilenet, source = backbones.build("MobileNetV2", shape, alpha=0.35, weights="auto")
film = train_images[:1] / 127.5 - 1
maps = {32: np.array(mobilenet(film))}
for stride in (16, 8):
    maps[stride] = np.array(dilate(mobilenet, stride, shape)(film))
for stride, values in maps.items():
    print(f"output stride {stride:2d}: {values.shape[1]} × {values.shape[2]} cells")
near = 2e-3 * np.abs(maps[32]).max()
np.testing.assert_allclose(maps[16][:, 1::2, 1::2], maps[32], atol=near)
np.testing.assert_allclose(maps[8][:, 3::4, 3::4], maps[32], atol=near)
print(f"weights: {source}; every 2nd (every 4th) cell is that of stride 32")

# %% [markdown]
# ## 7 · The pyramid
#
# On that map, five branches look at the same place: a 1×1, three 3×3 with their taps spread by three *rates*, and the
# mean of the whole map (lesson 14, part 12). The paper's rates are 6, 12 and 18 cells, for pictures of 512 pixels and
# maps of 32. Ours has 16. Draw which cells each branch reads when it decides about one in the upper left, and count how
# many of its nine taps lie inside, in the mean over all cells of the map:

# %%
from matplotlib.patches import Rectangle

STRIDE = SIDE // 16
RATES = (3, 6, 9)
useful = {}
sheet = figure(9, 2.2)
for axis, rate in zip(sheet.subplots(1, 5), (*RATES, 12, 18)):
    steps = rate * (np.array(list(np.ndindex(3, 3))) - 1)
    cells = np.array(list(np.ndindex(16, 16)))
    taps = cells[:, None] + steps
    useful[rate] = ((taps >= 0) & (taps < 16)).all(-1).sum(1).mean()
    taps = np.array([5, 5]) + steps
    inside = ((taps >= 0) & (taps < 16)).all(1)
    axis.scatter(*taps[inside].T, marker="s", s=12, color=PALETTE[0])
    axis.scatter(*taps[~inside].T, marker="x", s=12, color=PALETTE[3], clip_on=False)
    axis.set(xlim=(-14, 24), ylim=(24, -14), xticks=[], yticks=[], aspect="equal")
    axis.add_patch(Rectangle((-0.5, -0.5), 16, 16, fill=False))
    axis.set_title(f"rate {rate}: {useful[rate]:.1f} of 9 inside", fontsize=8)
assert useful[18] == 1
viz.show(
    sheet,
    alt="A map of 16 by 16 cells, five times, with the nine taps of a kernel about one cell at rates 3, 6, 9, 12 and "
    "18: at 3 all lie on the map, at 6 and 9 four, at 12 and 18 only the middle one.",
)

# %% [markdown]
# Crosses lie outside, where there are only zeros. At rate 18, for *every* cell of this map, the 3×3 is nothing but its
# middle: a 1×1 that pays for nine weights. So we take 3, 6, 9: the paper's, halved as the map is. On the real films the
# Dice on validation rose a little with that.

# %% [markdown]
# ### Exercise 2
#
# How many cells must a (square) map have *along a side*, at least, so that a 3×3 of rate 12 has all its nine taps
# inside for some cell?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda cells: cells == 25,
    hint={
        24: "The two outer taps are 24 apart. How many cells is that, both ends counted?",
        13: "That is from the middle tap to one side.",
        36: "Three taps have two gaps between them, not three.",
        625: "Along a side, please.",
        "otherwise": "Draw one row: tap, 11 cells, tap, 11 cells, tap.",
    },
)

# %% [markdown]
# ## 8 · All of it
#
# Now build it. In fast mode we take small pictures and output stride 8, at full size large ones and 16, so that the map
# has 16 × 16 cells in both.

# %%
deeplab = DeepLabV3Plus(
    shape,
    classes=1,
    backbone="MobileNetV2",
    alpha=0.35,
    output_stride=STRIDE,
    rates=RATES,
    filters=run.pick(fast=64, full=128),
    weights="auto",
    classifier_activation="sigmoid",
)
print(f"{deeplab.count_params():,} parameters, backbone: {deeplab.weights_source}")

# %%
stages = {
    "the picture": "images",
    "pyramid: 1×1": "aspp_1x1_relu",
    **{f"pyramid: rate {rate}": f"aspp_rate{rate}_relu" for rate in RATES},
    "pyramid: mean of the map": "aspp_pool_relu",
    "pyramid, brought together": "aspp_project_relu",
    "decoder: enlarged": "decoder_upsample",
    "decoder: early maps through 48": "decoder_low_relu",
    "decoder: both": "decoder_concat",
    "decoder: after two 3×3": "decoder_2_relu",
    "logits": "logits",
    "enlarged to the picture": "predictions",
}
shapes = {
    text: deeplab.get_layer(name).output.shape[1:] for text, name in stages.items()
}
pd.DataFrame(shapes, index=["rows", "columns", "maps"]).T

# %% [markdown]
# Read it from top to bottom. The five branches have 16 × 16 cells each, save the mean, which is one cell and the same
# everywhere. "Enlarged" and "early maps" are of one size, and only so can they be put side by side. The early maps go
# through a 1×1 of 48 first: of a wide backbone they are many, and would outvote the pyramid.
#
# Where do the parameters sit?

# %%
pieces = {"backbone": 0, "aspp": 0, "decoder": 0, "logits": 0}
for layer in deeplab.layers:
    for piece in pieces:
        if layer.name.startswith(piece):
            pieces[piece] += layer.count_params()
assert sum(pieces.values()) == deeplab.count_params()
pd.Series(pieces, name="parameters").to_frame().T

# %% [markdown]
# Look at what the pieces say about a film, before any training: the early map that the decoder gets, and the late one.

# %%
backbone = deeplab.get_layer("backbone")
low, high = (np.array(maps) for maps in backbone(film))
strongest = [maps.mean((0, 1, 2)).argsort()[::-1][:5] for maps in (low, high)]
shown = [low[0, ..., i] for i in strongest[0]] + [high[0, ..., i] for i in strongest[1]]
scaled = [(each - each.min()) / (np.ptp(each) + 1e-6) for each in shown]
viz.show(
    viz.grid(
        scaled, columns=5, size=1.5, titles=["early, stride 4"] * 5 + ["late"] * 5
    ),
    alt="Above, five early maps of a film, in which ribs and outlines are sharp; below, five late maps of 16 by 16 "
    "cells, in which single cells are bright.",
)

# %% [markdown]
# Above: edges, sharp, without meaning. Below: meaning, without edges. The decoder is where the two meet.

# %% [markdown]
# ## 9 · The rivals
#
# A threshold: lungs are dark. To be fair to it, take for each film the same *share* of its darkest pixels, so that
# exposure does not matter, and choose the share on the training films.


# %%
def darkest(images, share):
    grey = images.mean(-1)
    limit = np.quantile(grey, share, axis=(1, 2), keepdims=True)
    return grey <= limit


def mean_dice(truths, found):
    return float(np.mean([dice(t[..., 0] > 0, f) for t, f in zip(truths, found)]))


shares = np.arange(0.1, 0.8, 0.05)
on_train = [mean_dice(train_masks, darkest(train_images, share)) for share in shares]
share = shares[np.argmax(on_train)]
rivals = {
    "no lung anywhere": mean_dice(
        held_masks, np.zeros((len(held_masks), SIDE, SIDE), bool)
    ),
    "the mean mask": mean_dice(held_masks, [guess] * len(held_masks)),
    f"darkest {share:.0%}": mean_dice(held_masks, darkest(held_images, share)),
}
pd.Series(rivals, name="Dice on validation").round(3).to_frame()

# %% [markdown]
# The mean mask, which never looks at the film, is no bad guess: whatever you read about "Dice of 0.8" on lungs, compare
# it with that. The threshold fails because the air around the patient is dark too, and a lung with an infiltrate is not.

# %% [markdown]
# ### Exercise 3
#
# "No lung anywhere" has a Dice of 0. What is its *pixel accuracy* on the validation films? (`held_masks` is at hand.)

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda value: abs(value - np.mean(held_masks == 0)) < 0.005,
    hint={
        0: "It is wrong about every lung pixel, and right about all others.",
        (lambda value: abs(value - held_masks.mean()) < 0.005): "That is the share of "
        "lung: the pixels on which it is wrong.",
        (lambda value: 1 < value <= 100): "As a share, please, between 0 and 1.",
        "otherwise": "Which share of all pixels is background?",
    },
)

# %% [markdown]
# ## 10 · Train
#
# The recipe, for both networks the same. It was settled on the real validation films (`bench/bench_lungs.py` in the
# course's repository has what was tried):
#
# * the sum of Dice loss and cross-entropy (lesson 14 shows why the sum),
# * steps that grow for a moment and then fall along a cosine,
# * every film moved anew each time.

# %%
LOOKS = run.pick(fast=960, full=8000)  # films seen, all epochs together
EPOCHS = -(-LOOKS // len(train_images))


def train_model(model, images=train_images, masks=train_masks, epochs=EPOCHS, **fit):
    flow = moving.flow(images, masks=masks, batch_size=8, seed=0)
    steps = epochs * len(flow)
    rate = keras.optimizers.schedules.CosineDecay(
        1e-4,
        steps - steps // 20,
        alpha=0.01,
        warmup_target=run.pick(fast=2e-3, full=1e-3),
        warmup_steps=steps // 20,
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-4),
        losses.Dice() + losses.CrossEntropy(),
        metrics=[metrics.MeanDice(2, class_id=1, name="dice")],
    )
    return model.fit(flow, epochs=epochs, verbose=0, **fit)


# %% [markdown]
# One thing about the backbone. Its BatchNorm layers carry the averages of 1.3 million *photographs*, and are frozen by
# default, which is right for photographs (lesson 09). A grey film has other averages, and there are enough of them in
# a batch's pixels: here the layers learn too. Their memory of 0.999 is about a thousand steps long, as long as our
# whole training or longer; with 0.9 it is about ten.

# %%
for layer in backbone.layers:
    layer.trainable = True
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.momentum = 0.9
unet = UNet(
    shape,
    classes=1,
    filters=run.pick(fast=(8, 16, 32, 64), full=(16, 32, 64, 128, 256)),
    batch_norm=True,
    classifier_activation="sigmoid",
)
print(f"U-Net from scratch: {unet.count_params():,} parameters, {EPOCHS} epochs each")

# %% [markdown]
# **Predict:** one has seen a million photographs and no X-ray, the other has seen nothing. Which is better after the
# first epochs, and which in the end?

# %%
models, histories, seconds = {"U-Net": unet, "DeepLabV3+": deeplab}, {}, {}
for name, model in models.items():
    keras.utils.set_random_seed(0)
    begun = time.perf_counter()
    histories[name] = train_model(
        model,
        validation_data=(held_images, held_masks),
        callbacks=[run.checkpoint(f"lesson15-{name}")],
    )
    seconds[name] = time.perf_counter() - begun

# %%
sheet = figure(8, 3)
axes = sheet.subplots(1, 2)
colors = {"U-Net": PALETTE[0], "DeepLabV3+": PALETTE[3]}
for name, history in histories.items():
    for axis, key in zip(axes, ("loss", "dice")):
        steps = np.array(history.epoch) + 1
        values, held = history.history[key], history.history[f"val_{key}"]
        axis.plot(steps, values, color=colors[name], label=f"{name}, training")
        axis.plot(steps, held, "--", color=colors[name], label="validation")
        axis.set(xlabel="epoch", title=key)
        axis.grid(alpha=0.3)
axes[0].legend(fontsize=7)
viz.show(
    sheet,
    alt="Loss and Dice over the epochs, training and validation, of the U-Net and DeepLabV3+: both settle; "
    "validation ends as well as training or better.",
)

# %% [markdown]
# Compare the dashed lines. Where validation is *better* than training, nothing is wrong: training films are turned and
# darkened, validation films are not. And read how flat the ends are: a curve that still rises asks for more epochs
# before it asks for a better network.

# %%
for name, model in models.items():
    found = model.predict(held_images, verbose=0)[..., 0] > 0.5
    rivals[name] = mean_dice(held_masks, found)
table = pd.DataFrame({"Dice on validation": rivals})
table["seconds to train"] = pd.Series(seconds)
table.round(3)

# %%
assert min(rivals["U-Net"], rivals["DeepLabV3+"]) > max(list(rivals.values())[:3])

# %% [markdown]
# Both beat every rival that does not look, by far. Which of the two is better on ten or twenty films is not yet said;
# that needs the test films and a margin.

# %% [markdown]
# # Part 3: masks, and their errors
#
# ## 11 · From the network to a mask
#
# A prediction is a map of probabilities in the network's size. Two steps lead to a mask of the film's size: the mean
# over the film and its mirror image, and enlarging. Enlarge the *probabilities*, then cut at one half; a mask that is
# cut first and enlarged then has stairs.

# %%
from cvlib.train import predict_with_flips


def enlarge(probabilities, size):
    rows, columns = size
    return cv2.resize(probabilities, (columns, rows), interpolation=cv2.INTER_LINEAR)


truths = [read_mask(lungs.directory / path)[..., 0] > 0 for path in lungs.frame["mask"]]
truths = {
    split: [truths[i] for i in rows]
    for split, rows in lungs.frame.groupby("split").indices.items()
}
ways = {}
for name, model in models.items():
    once = model.predict(held_images, verbose=0)[..., 0]
    both = predict_with_flips(model, held_images)[..., 0]
    for way, maps in {"as it is": once, "with mirror image": both}.items():
        scores = [
            dice(t, enlarge(m, t.shape) > 0.5)
            for t, m in zip(truths["validation"], maps)
        ]
        ways[name, way] = np.mean(scores)
pd.Series(ways, name="Dice").unstack().round(4)

# %% [markdown]
# The mirror image costs a second prediction, and mostly gives a little. Rule 4 is kept here too: these figures are
# against the masks as they were drawn.

# %% [markdown]
# ## 12 · Open the test set, once
#
# Everything is final now. For each film: Dice, IoU, and two figures that look at the *outline* only. "HD95" is the
# distance within which 95 % of the one outline lie from the other; "mean distance" says itself. Both are in percent of
# the film's width, so that large and small films count alike.

# %%
test = lungs.split("test")
test_images, _ = read("test")
probabilities, rows = {}, []
for name, model in models.items():
    probabilities[name] = predict_with_flips(model, test_images)[..., 0]
    for index, (truth, maps) in enumerate(zip(truths["test"], probabilities[name])):
        found = enlarge(maps, truth.shape) > 0.5
        figures = metrics.per_image(truth.astype(int), found, classes=2).iloc[0]
        percent = (100 / truth.shape[1],) * 2
        rows.append(
            {
                "network": name,
                "film": index,
                "dice": figures["dice_1"],
                "iou": figures["iou_1"],
                "HD95": metrics.hausdorff(truth, found, spacing=percent),
                "mean distance": metrics.average_surface_distance(
                    truth, found, percent
                ),
            }
        )
results = pd.DataFrame(rows)
results.groupby("network", sort=False)[
    ["dice", "iou", "HD95", "mean distance"]
].mean().round(3)

# %% [markdown]
# A mean of some tens of films has a margin. Draw films again and again, with replacement, and see how far the mean
# moves (the *bootstrap*). Two films of one patient are not two pieces of evidence, so draw *patients*.

# %%
rng = np.random.default_rng(0)
patients = test.frame["group"].to_numpy()
members = [np.flatnonzero(patients == each) for each in np.unique(patients)]
table = results.pivot(index="film", columns="network", values="dice")[list(models)]
table["difference"] = table["DeepLabV3+"] - table["U-Net"]
means = []
for _ in range(2000):
    drawn = rng.integers(len(members), size=len(members))
    films = np.concatenate([members[each] for each in drawn])
    means.append(table.to_numpy()[films].mean(0))
low, high = np.percentile(means, [2.5, 97.5], axis=0)
margins = pd.DataFrame({"mean": table.mean(), "from": low, "to": high}).round(4)
margins

# %%
low, high = margins.loc["difference", ["from", "to"]]
if low <= 0 <= high:
    print(
        "The margin of the difference holds 0: these films do not say which is better."
    )
else:
    better = "DeepLabV3+" if low > 0 else "U-Net"
    print(
        f"{better} is better, by {abs(low):.3f} to {abs(high):.3f} in all likelihood."
    )

# %% [markdown]
# That sentence, with the number of films, is the result of your comparison. It holds for this training: a U-Net from
# scratch learns more slowly, and with more epochs it may come nearer. Few films from many hospitals are where a pretrained
# backbone earns its keep.

# %% [markdown]
# ## 13 · Dice and IoU are one figure
#
# You have both for every film. Put them into one plot:

# %%
sheet = figure(4, 3.4)
axis = sheet.subplots()
line = np.linspace(results["iou"].min() - 0.02, 1, 50)
axis.plot(line, 2 * line / (1 + line), color="0.6", label="2·IoU / (1 + IoU)")
axis.scatter(results["iou"], results["dice"], s=14, color=PALETTE[0], label="a film")
axis.set(xlabel="IoU", ylabel="Dice")
axis.grid(alpha=0.3)
axis.legend(fontsize=8)
viz.show(
    sheet, alt="Dice against IoU of all test films: every point lies on one curve."
)
np.testing.assert_allclose(results["dice"], 2 * results["iou"] / (1 + results["iou"]))

# %% [markdown]
# Not a coincidence: with A∩B = I and A∪B = U, Dice is 2I / (U + I); divide by U. So of one film they can never disagree
# about which of two masks is better. Of the *mean* over films they can, because the curve is bent: IoU punishes one bad
# film more.
#
# ### Exercise 4
#
# Turn the formula round: write `iou_from_dice`. (A paper reports a Dice of 0.942; which IoU is that?)


# %%
def iou_from_dice(value): ...


answer = iou_from_dice

# %%
check.answer(
    answer,
    lambda function: np.allclose(
        [function(d) for d in (0, 0.5, 0.942, 1)], [0, 1 / 3, 0.8904, 1], atol=1e-4
    ),
    hint={
        (
            lambda f: np.isclose(f(0.5), 2 / 3)
        ): "That is the formula as it stands; solve it for IoU.",
        (
            lambda f: np.isclose(f(0.5), 0.25)
        ): "Half of Dice holds only near 0. At 1, both are 1.",
        "otherwise": "D·(1 + I) = 2·I. Bring all I to one side.",
    },
)

# %% [markdown]
# ## 14 · The best, the middle, the worst
#
# A mean hides its films. Sort them.

# %%
chosen = "DeepLabV3+"
ordered = table[chosen].sort_values()
sheet = figure(8, 2.6)
axis = sheet.subplots()
for name in models:
    axis.scatter(
        range(len(ordered)),
        table.loc[ordered.index, name],
        s=16,
        color=colors[name],
        label=name,
    )
axis.set(xlabel=f"test films, from {chosen}'s worst to its best", ylabel="Dice")
axis.grid(alpha=0.3)
axis.legend(fontsize=8)
viz.show(
    sheet,
    alt="Dice of every test film for both networks, sorted: most lie close together, a few at the left lie lower.",
)

# %% [markdown]
# The typical film is good; a few at the left pull the mean down. Nobody improves such a curve at its right end. Look at
# the left end: the two worst, one from the middle, and the best.


# %%
def masks_of(name, films):
    return [
        (enlarge(probabilities[name][film], truths["test"][film].shape) > 0.5).astype(
            int
        )
        for film in films
    ]


films = [*ordered.index[:2], ordered.index[len(ordered) // 2], ordered.index[-1]]
opened = [open_pair(test, film) for film in films]
viz.show(
    viz.side_by_side(
        *zip(*opened),
        predictions=masks_of(chosen, films),
        titles=[f"Dice {ordered[film]:.3f}" for film in films],
        class_names=lungs.class_names,
        size=1.7,
    ),
    alt="Four test films with true mask, predicted mask and their errors: in the two worst, parts of a lung are "
    "missed or added; in the others only a thin line along the border is wrong.",
)

# %% [markdown]
# Read the last column. In the good films the errors are a thin line along the outline, a pixel here, a pixel there: the
# place where humans disagree too. In the worst ones they are *areas*. On the drawn films it is the pale heart of a film
# with little contrast, and the dark bubble of air in the stomach, which looks like lung and lies just below it. Say for
# your own worst ones what is to be seen there: a shadow over the lung, the end of the picture, a hidden diaphragm, a
# film that is very light or dark? Each asks for another cure.

# %% [markdown]
# ## 15 · Each lung by itself
#
# A lung that is lost altogether costs less than half of the Dice. For a doctor it would be everything. So judge left
# and right apart, cut at the middle of the true mask. (A film is looked at like a person: its left is the patient's
# right.)


# %%
def halves(mask, truth):
    middle = round(np.nonzero(truth)[1].mean())
    return mask[:, :middle], mask[:, middle:]


per_lung = []
for film, truth in enumerate(truths["test"]):
    (found,) = masks_of(chosen, [film])
    for side, t, f in zip(
        ("left", "right"), halves(truth, truth), halves(found > 0, truth)
    ):
        per_lung.append(
            {
                "film": film,
                "side of the film": side,
                "dice": dice(t, f),
                "true": t.sum(),
                "found": f.sum(),
            }
        )
per_lung = pd.DataFrame(per_lung)
per_lung["area, % too large"] = 100 * (per_lung["found"] / per_lung["true"] - 1)
per_lung.groupby("side of the film")[["dice", "area, % too large"]].agg(
    ["mean", "min", "max"]
).round(3)

# %% [markdown]
# On most films the heart covers a part of the lung on the film's right, and that outline is the harder one; see whether
# your table says so too. The last columns matter for whoever wants an area: a Dice of 0.95 still allows a lung that is
# five percent too large.

# %% [markdown]
# ## 16 · Overlap or outline?
#
# Two figures for one mask, because they are blind for different things.

# %%
of_chosen = results[results["network"] == chosen].set_index("film")
sheet = figure(4.4, 3.2)
axis = sheet.subplots()
axis.scatter(of_chosen["dice"], of_chosen["HD95"], s=16, color=PALETTE[0])
axis.set(xlabel="Dice", ylabel="HD95, % of the width")
axis.grid(alpha=0.3)
viz.show(
    sheet,
    alt="HD95 against Dice of the test films: the lower the Dice, the larger the distance, with a spread.",
)
far = int(of_chosen["HD95"].idxmax())
print(
    f"farthest outline: film {far}, HD95 {of_chosen['HD95'][far]:.1f} %, Dice {of_chosen['dice'][far]:.3f}"
)

# %% [markdown]
# They mostly go together. Where a film has a good Dice and a bad distance, look for a small piece far away: a stray
# patch in the belly or at the shoulder hardly changes an overlap. Two lungs are two pieces, and we know it, so one
# may keep only the two largest. On *validation* again:


# %%
def two_largest(mask):
    _, labels, areas, _ = cv2.connectedComponentsWithStats(mask.astype("uint8"))
    order = 1 + np.argsort(-areas[1:, cv2.CC_STAT_AREA])
    return np.isin(labels, order[:2])


maps = predict_with_flips(models[chosen], held_images)[..., 0]
pairs = [(t, enlarge(m, t.shape) > 0.5) for t, m in zip(truths["validation"], maps)]
after = [dice(t, two_largest(f)) for t, f in pairs]
before = [dice(t, f) for t, f in pairs]
print(f"Dice {np.mean(before):.4f} → {np.mean(after):.4f}")

# %% [markdown]
# If that changes little, leave it out: each rule is one more thing to go wrong, on a patient with one lung for example.

# %% [markdown]
# ## 17 · Which film should a human look at?
#
# At work there is no true mask. But you have two opinions for free: the film's and its mirror image's. Where they
# differ, at least one is wrong. Does their disagreement tell how good a mask is?

# %%
from scipy.stats import spearmanr

straight = models[chosen].predict(test_images, verbose=0)[..., 0] > 0.5
mirrored = models[chosen].predict(test_images[:, :, ::-1], verbose=0)[..., 0] > 0.5
agree = np.array([dice(a, b[:, ::-1]) for a, b in zip(straight, mirrored)])
rank = spearmanr(agree, table[chosen]).statistic
sheet = figure(4.4, 3.2)
axis = sheet.subplots()
axis.scatter(agree, table[chosen], s=16, color=PALETTE[0])
axis.set(xlabel="Dice of the two opinions", ylabel="Dice with the truth")
axis.grid(alpha=0.3)
viz.show(
    sheet,
    alt="Dice with the truth against the agreement of film and mirror image, a point a test film.",
)
print(f"rank correlation {rank:.2f}")

# %%
quarter = len(agree) // 4
doubtful = np.argsort(agree)[:quarter]
worst = set(np.argsort(table[chosen].to_numpy())[:quarter])
caught = len(worst & set(doubtful))
print(
    f"of the {quarter} worst films, {caught} are among the {quarter} most doubtful ones"
)
print(f"by chance it would be {quarter * quarter / len(agree):.1f}")

# %% [markdown]
# A number close to 1 would mean that doubt finds the bad films; close to 0, that both opinions are wrong together.
# Either way it is worth knowing *before* one relies on it.

# %% [markdown]
# ## 18 · Where does it break?
#
# The test films come from where the training films came from. The next hospital's do not. Change the test films step by
# step, move the truth along, and watch.

# %%
still = cvlib.ImageDataGenerator(fill_mode="constant", interpolation_order=0)
smooth = cvlib.ImageDataGenerator(fill_mode="constant")
small_truths = [shrink(truth.astype("uint8"))[..., None] for truth in truths["test"]]


def score_under(change, move=None):
    shown = np.stack([smooth.apply_transform(i, move or {}) for i in test_images])
    wanted = [still.apply_transform(t, move or {}) for t in small_truths]
    shown = np.clip(change(shown.astype("float32")), 0, 255)
    found = models[chosen].predict(shown, verbose=0)[..., 0] > 0.5
    return mean_dice(wanted, found)


noise = np.random.default_rng(0).normal(size=test_images.shape[:3])[..., None]
stress = {
    "as it is": score_under(lambda x: x),
    "turned by 15°": score_under(lambda x: x, {"theta": 15}),
    "turned by 45°": score_under(lambda x: x, {"theta": 45}),
    "on its side": score_under(lambda x: x, {"theta": 90}),
    "upside down": score_under(lambda x: x, {"flip_vertical": True}),
    "half as bright": score_under(lambda x: 0.5 * x),
    "a negative": score_under(lambda x: 255 - x),
    "noise of 20 grey levels": score_under(lambda x: x + 20 * noise),
    "noise of 60 grey levels": score_under(lambda x: x + 60 * noise),
}
pd.Series(stress, name=f"Dice of {chosen}").round(3).to_frame()

# %%
assert stress["turned by 15°"] > stress["turned by 45°"]
assert stress["as it is"] > stress["a negative"]

# %% [markdown]
# What the augmentation has shown hardly hurts: fifteen degrees, half the light. What it has never shown does, and not
# in the order that you would guess. A film on its side is odd to *your* eye; a little noise looks harmless to it, and on
# the drawn films it costs far more. Noise is in every real film, most of all in those of large patients; black and white
# swapped comes too, since the DICOM standard allows both.
#
# The list of what breaks a network belongs into every report. Some of it can be cured: noise added in training, for one.
# Some of it is better caught at the door, by a check that refuses such a film.

# %% [markdown]
# ## 19 · Would more films help?
#
# Collecting is expensive, so ask the networks first: how much better are they on the films that they have trained on,
# unmoved, than on films that are new to them?

# %%
gaps = {}
for name, model in models.items():
    known = model.predict(train_images, verbose=0)[..., 0] > 0.5
    gaps[name] = {
        "known films": mean_dice(train_masks, known),
        "new films": rivals[name],
    }
gaps = pd.DataFrame(gaps).T
gaps["gap"] = gaps["known films"] - gaps["new films"]
gaps.round(3)

# %% [markdown]
# A clear gap means that the network knows its films by heart: more films, or stronger moves, would help. Hardly any gap
# means that more of *the same kind* of film will bring little, and that a longer training or larger pictures are the
# better buy. A film from a *new* hospital is another matter: neither column knows of it.
#
# The direct way is a *learning curve*: train anew on an eighth, a quarter, a half of the films. If you have a GPU, do
# it. But train each to its end: after a few hundred steps an eighth of the films looks as good as all of them, because
# then the steps are scarce and not the films.

# %% [markdown]
# ## 20 · What to do next
#
# Order your ideas by the errors you have seen, not by what is in fashion:
#
# | seen | try |
# |---|---|
# | whole areas wrong on dark, light or turned films | augmentation that makes such films; a check at the door |
# | shadows over the lung taken for outside | more films with such findings; a larger window (rates, output stride) |
# | a thin line wrong everywhere | nothing: humans differ there too. Or larger pictures, if a doctor needs them |
# | stray pieces | the two largest pieces, with an exception for patients with one lung |
# | doubtful films | show them to a human first, and train on what she draws |
#
# On the real films the same recipe, for longer and on 256 × 256 pixels, reached a mean Dice of 0.945 on the twenty test
# films, the worst of them 0.90 (`make bench BENCH=lungs` in the course's repository). That is the figure of two human
# annotators, and it does *not* mean "as good as a doctor": it was measured on one collection of patients with pneumonia,
# by overlap. Nobody has looked at children, at one lung, at another machine. Write that into the report, beside the
# figure. It is still **no medical device**.

# %%
shutil.rmtree(broken)

# %% [markdown]
# ## Summary
#
# * Check pairs before training, look at them in three ways, split by patient, and prove that one draw moves both.
# * DeepLabV3+: a dilated backbone for *what*, a pyramid for near and far, a decoder for *where*. Fit the rates to the map.
# * Compare with rivals that do not look. Give means with a margin, by patients.
# * Dice and IoU are one figure; outlines, single lungs and areas are others. Look at the left end of the curve.
# * Know what breaks it, and which films to show to a human.
#
# Next: the assignment **`mp2_lung_segmentation`**, where you do all of this yourself.
#
# ## Further reading
#
# * L.-C. Chen et al., *Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation*, ECCV 2018.
# * L.-C. Chen et al., *Rethinking Atrous Convolution for Semantic Image Segmentation*, arXiv:1706.05587, 2017, section 3.
# * O. Ronneberger, P. Fischer, T. Brox, *U-Net: Convolutional Networks for Biomedical Image Segmentation*, MICCAI 2015.
# * L. Maier-Hein et al., *Metrics Reloaded: Recommendations for Image Analysis Validation*, Nature Methods 21, 2024.
# * J. P. Cohen et al., *COVID-19 Image Data Collection: Prospective Predictions Are the Future*, MELBA 2020.
# * J. R. Zech et al., *Variable Generalization Performance of a Deep Learning Model to Detect Pneumonia in Chest
#   Radiographs*, PLOS Medicine 15, 2018.
