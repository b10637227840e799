# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 14 · Semantic segmentation
#
# A classifier says *there is a lung on this film*. A doctor asks **where it ends**. To answer, a network must decide
# for every single pixel, and yet a pixel on its own says nothing: the same grey is lung here and stomach there. It
# has to see far *and* draw sharply. This lesson is about how networks do both.
#
# **You will be able to** turn a classifier into one that gives a map · enlarge maps in three ways, by hand, and
# recognise what each leaves behind · work out receptive fields with dilation · build a U-Net and say what its skips
# are for · measure a mask with IoU, Dice and boundary distances · choose a loss when almost every pixel is
# background.
#
# **You need** lessons 03 (convolution and pooling) and 04 (training); lesson 10 for receptive fields.
#
# **Time** 90 minutes of reading and 30 for the exercises. Running it takes one to two minutes on four CPU cores.
#
# **It prepares** `ast05_segmentation`, and lesson 15, the project on chest X-rays.

# %%
import cvlib

run = cvlib.setup(seed=0)

import cv2
import keras
import numpy as np
import pandas as pd
from keras import layers

from cvlib import check, datasets, losses, metrics, models, viz

# %% [markdown]
# ## 1 · A class for each pixel
#
# We begin with pictures that we draw ourselves, because then the right answer is known exactly. Things of three
# classes lie on a table: orange discs, blue squares, green triangles. Class 0 is all the rest, the *background*.

# %%
CLASSES = ["background", "disc", "square", "triangle"]
COLOURS = np.array([[230, 159, 0], [86, 180, 233], [0, 158, 115]])


def outline_of(kind, x, y, r):
    """The corners of a thing of class 1, 2 or 3 about (x, y)."""
    if kind == 1:
        return cv2.ellipse2Poly((x, y), (r, r), 0, 0, 360, 5)
    if kind == 2:
        return np.array(
            [[x - r, y - r], [x + r, y - r], [x + r, y + r], [x - r, y + r]]
        )
    return np.array([[x - r, y + r], [x + r, y + r], [x, y - r]])


# %% [markdown]
# `draw` makes a picture and, with the same outlines, its **mask**: an array of the picture's height and width with
# the class of each pixel.


# %%
def draw(rng, side, things):
    """A picture (side, side, 3) in [0, 255] and its mask (side, side)."""
    coarse = rng.uniform(60, 190, (side // 16, side // 16, 3)).astype("float32")
    image = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((side, side), "uint8")
    for kind, x, y, r in things:
        colour = COLOURS[kind - 1] + rng.normal(0, 25, 3)
        cv2.fillPoly(image, [outline_of(kind, x, y, r)], colour.tolist())
        cv2.fillPoly(mask, [outline_of(kind, x, y, r)], kind)
    image += rng.normal(0, 8, image.shape)
    return image.clip(0, 255).astype("float32"), mask


rng = np.random.default_rng(0)
TABLE = [(1, 118, 120, 40), (2, 330, 140, 40), (3, 150, 310, 40), (1, 300, 300, 36)]
table, table_mask = draw(rng, 448, TABLE)
viz.show(
    viz.side_by_side([table], [table_mask], class_names=CLASSES, size=2.6),
    alt="A table with two discs, a square and a triangle; beside it the mask with one colour for each class.",
)

# %% [markdown]
# The mask in the middle is what a network is to give. Note what it does *not* say: both discs have class 1, and if
# they touched, nobody could tell from the mask that there are two. That is **semantic** segmentation: *what* each
# pixel is. Telling one disc from the other is **instance** segmentation, and both together **panoptic**.
#
# | task | answer for this picture |
# |---|---|
# | classification | disc, square, triangle |
# | detection | four boxes, each with a class |
# | semantic segmentation | 448 × 448 classes |
# | instance segmentation | four masks, each with a class |
#
# A mask holds *labels*, not amounts. Class 3 is not three times class 1. So never blend two labels, which is what
# every smooth resize does:

# %%
# NBVAL_CHECK_OUTPUT
triangle = np.where(table_mask == 3, table_mask, 0)  # only background and triangle
for name in ("INTER_NEAREST", "INTER_LINEAR"):
    small = cv2.resize(triangle, (150, 150), interpolation=getattr(cv2, name))
    print(f"{name:13s} classes {[int(label) for label in np.unique(small)]}")
assert set(np.unique(small)) == {0, 1, 2, 3}

# %% [markdown]
# There was a triangle only. Halfway between triangle (3) and background (0), the smooth resize has invented discs and
# squares. **Resize masks by the nearest neighbour.** `cvlib`'s generator does so by itself.

# %% [markdown]
# And the pictures that we do this for: chest X-rays, with the lungs for class 1 (lesson 15 is a project on them).
# `masks=` makes the generator read, resize and move a mask together with its picture.

# %%
lungs = datasets.load("lungs")
SIDE = run.pick(fast=64, full=128)


def read(split, side):
    """Films (N, side, side, 1) in [0, 255] and masks (N, side, side, 1) of 0 and 1."""
    flow = cvlib.ImageDataGenerator().flow_from_directory(
        lungs.directory / split / "images",
        masks=lungs.directory / split / "masks",
        mask_classes=2,
        target_size=(side, side),
        color_mode="grayscale",
        interpolation="bilinear",
        class_mode=None,
        batch_size=1000,
        shuffle=False,
    )
    return flow[0]


films, film_masks = read("train", SIDE)
test_films, test_masks = read("test", SIDE)

# %%
print(films.shape, film_masks.shape, film_masks.dtype, f"({lungs.source})")
viz.show(
    viz.overlays(films[:8], film_masks[:8], class_names=lungs.class_names),
    alt="Eight chest films with the lungs outlined.",
)
print(f"{film_masks.mean():.0%} of the pixels are lung")

# %% [markdown]
# ## 2 · From a classifier to a map
#
# We know how to build a classifier. Here is one that takes a picture of 224 × 224 and says *what lies in its middle*:
# disc, square, triangle, or background. It is lesson 03's kind of network, four convolutions and two dense layers.

# %%
cnn = keras.Sequential([keras.Input((224, 224, 3)), layers.Rescaling(1 / 127.5, -1)])
for number, (filters, size, stride) in enumerate(
    [(12, 4, 4), (24, 3, 1), (32, 3, 1), (48, 3, 1)], start=1
):
    cnn.add(layers.Conv2D(filters, size, stride, use_bias=False, name=f"conv{number}"))
    cnn.add(layers.BatchNormalization(momentum=0.9))
    cnn.add(layers.ReLU())
    if number > 1:
        cnn.add(layers.MaxPooling2D(2))
cnn.add(layers.Flatten())
cnn.add(layers.Dense(32, activation="relu", name="hidden"))
cnn.add(layers.Dense(4, activation="softmax", name="decision"))
flat = cnn.get_layer("hidden").input.shape[-1]
print("numbers into the first dense layer:", flat, "= 5 · 5 · 48")
assert flat == 5 * 5 * 48

# %% [markdown]
# Its training pictures: three things around, and in a random place about the middle a fourth, or none. The label is
# the mask's value at the centre.


# %%
def window(rng, kind):
    """A picture of 224 × 224 and the class at its centre."""
    angles, far = rng.uniform(0, 2 * np.pi, 3), rng.uniform(95, 130, 3)
    xs, ys = 112 + far * np.cos(angles), 112 + far * np.sin(angles)
    things = [
        (int(rng.integers(1, 4)), int(x), int(y), int(rng.integers(28, 44)))
        for x, y in zip(xs, ys)
    ]
    if kind:
        r = int(rng.integers(28, 44))
        x, y = (112 + rng.uniform(-0.8, 0.8, 2) * r).astype(int).tolist()
        things.append((kind, x, y, r))
    image, mask = draw(rng, 224, things)
    return image, int(mask[112, 112])


def windows(rng, count):
    pairs = [window(rng, number % 4) for number in range(count)]
    return np.stack([image for image, _ in pairs]), np.array(
        [kind for _, kind in pairs]
    )


# %%
COUNT = run.pick(fast=320, full=2000)
train_windows, train_kinds = windows(rng, COUNT)
new_windows, new_kinds = windows(rng, 100)
cnn.compile(
    keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(3e-3, 5 * COUNT // 32)
    ),
    "sparse_categorical_crossentropy",
)
cnn.fit(train_windows, train_kinds, batch_size=32, epochs=5, verbose=0)
guesses = cnn(new_windows, training=False).numpy().argmax(-1)
right = np.mean(guesses == new_kinds)
print(f"right on {right:.0%} of {len(new_kinds)} new windows")
assert right > 0.85

# %% [markdown]
# A classifier of windows is a segmenter already, only a slow one: put the window about each pixel and ask. On our
# table of 448 × 448, in steps of 32, that makes 8 × 8 questions.


# %%
def slide(image, step=32, side=224):
    """The classifier's answer for each window: (rows, columns, classes)."""
    corners = range(0, image.shape[0] - side + 1, step)
    crops = [image[y : y + side, x : x + side] for y in corners for x in corners]
    answers = cnn(np.stack(crops), training=False).numpy()
    return answers.reshape(len(corners), len(corners), -1)


asked = slide(table)
print(asked.shape)

# %% [markdown]
# Neighbouring windows share most of their pixels, and the convolutions on these are computed again and again. Why not
# convolve the large picture once? Nothing in a convolution asks for 224 × 224. The one layer that does is the first
# **dense** layer: it wants exactly 5 × 5 × 48 numbers. But multiplying 5 × 5 × 48 numbers by weights and adding up is
# what a **convolution with a 5 × 5 kernel** does at one place. So the dense layer's weights are only put into another
# shape:

# %%
hidden = cnn.get_layer("hidden")
last = next(
    layer for layer in reversed(cnn.layers) if isinstance(layer, layers.MaxPooling2D)
)
features = keras.Model(cnn.inputs[0], last.output)(new_windows[:1])
dense = hidden(layers.Flatten()(features)).numpy()

kernel = hidden.kernel.numpy().reshape(5, 5, 48, 32)
convolved = np.einsum("yxc,yxcn->n", features[0], kernel) + hidden.bias.numpy()
print("largest difference:", f"{np.abs(np.maximum(convolved, 0) - dense[0]).max():.0e}")
assert np.allclose(np.maximum(convolved, 0), dense[0], atol=1e-3)

# %% [markdown]
# `models.fully_convolutional` does this for a whole chain of layers. The result has **the same weights** and no fixed
# size. 224 × 224 gives one position; what will 448 × 448 give?

# %%
network = models.fully_convolutional(cnn)
one = network(table[None, :224, :224], training=False)
dense_map = network(table[None], training=False).numpy()[0]
print("224² →", tuple(one.shape[1:3]), "   448² →", dense_map.shape[:2])
print("parameters:", cnn.count_params(), network.count_params())
print(f"largest difference from sliding: {np.abs(dense_map - asked).max():.0e}")
assert dense_map.shape == (8, 8, 4)
assert np.allclose(dense_map, asked, atol=1e-4)

# %% [markdown]
# The 64 answers of the sliding window, but for rounding, in one pass. (It holds because our convolutions are not
# padded: each window would be padded with zeros at its own border, the large picture is not.) What does it save? Count
# the multiplications: each position of a layer's output costs as many as its kernel has weights, for each filter.


# %%
def multiplications(model):
    return sum(
        int(np.prod(layer.output.shape[1:-1])) * int(np.prod(layer.kernel.shape))
        for layer in model.layers
        if hasattr(layer, "kernel")
    )


once = multiplications(models.fully_convolutional(cnn, (448, 448, 3)))
sliding = 64 * multiplications(cnn)
print(
    f"sliding {sliding / 1e6:.0f} million, at once {once / 1e6:.0f} million", end=": "
)
print(f"{sliding / once:.0f} times fewer")
assert sliding > 10 * once

# %% [markdown]
# Now look at the map. Each of its cells speaks for the middle of its window; the first one for pixel (112, 112), the
# next for 32 pixels further. A dot has the colour of its class; white is background.

# %%
found_cells = dense_map.argmax(-1)
middles = 112 + 32 * np.arange(8)
figure = viz.figure(8, 3.1)
axes = figure.subplots(1, 3)
for axis in axes[:2]:
    axis.imshow(table / 255)
axes[1].scatter(
    *np.meshgrid(middles, middles),
    c=["w" if kind == 0 else COLOURS[kind - 1] / 255 for kind in found_cells.ravel()],
    edgecolors="k",
    s=45,
)
axes[2].imshow(dense_map[..., 1], vmin=0, vmax=1, cmap="viridis")
for axis, title in zip(axes, ["picture", "64 answers", "probability of a disc"]):
    axis.set(title=title, xticks=[], yticks=[])
viz.show(
    figure,
    alt="The table; the same with 8 by 8 dots coloured by the predicted class; the 8 by 8 map of the class disc.",
)

# %% [markdown]
# A classifier, trained on nothing but labels of whole windows, has drawn a map of four things. It is a **coarse** map:
# one answer every 32 pixels, because the network strides over the picture in steps of 4 · 2 · 2 · 2 = 32. How good is
# that, as a mask? We need a number.

# %% [markdown]
# ### Exercise 1
#
# The same network gets a picture of 640 × 640. How many rows does its map have?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda rows: rows == (640 - 224) // 32 + 1,
    hint={
        20: "640 / 32 counts steps; the last window has to end inside the picture.",
        13: "Steps between the first window and the last; and the first one counts too.",
        196: "That is the number of cells, rows × columns.",
        "otherwise": "Windows of 224 pixels in steps of 32: how many fit from the top to the bottom?",
    },
)

# %% [markdown]
# ## 3 · How good is a mask?
#
# We let every cell speak for its 32 × 32 pixels and compare with the truth, in the part of the picture that the
# cells cover.

# %%
truth = table_mask[96:352, 96:352].astype(int)
found = found_cells.repeat(32, axis=0).repeat(32, axis=1)
nothing = np.zeros_like(truth)
for name, mask in (("our map", found), ("background everywhere", nothing)):
    print(f"{name:22s} {np.mean(mask == truth):.1%} of the pixels are right")

# %% [markdown]
# An empty mask finds nothing at all, and most of its pixels are right. **Pixel accuracy** mostly tells how much
# background there is. In a task where the foreground is 1 %, doing nothing scores 99 %.
#
# So leave out the pixels on which everybody agrees that they are background. For a class, count the pixels that are in
# *both* masks, and those that are in *either*:
#
# $$\text{IoU} = \frac{|A \cap B|}{|A \cup B|}, \qquad \text{Dice} = \frac{2\,|A \cap B|}{|A| + |B|}$$


# %%
def iou(truth, found, kind):
    a, b = truth == kind, found == kind
    return np.sum(a & b) / np.sum(a | b)


def dice(truth, found, kind):
    a, b = truth == kind, found == kind
    return 2 * np.sum(a & b) / (np.sum(a) + np.sum(b))


kinds = range(len(CLASSES))
by_hand = [iou(truth, found, kind) for kind in kinds]
print("IoU ", dict(zip(CLASSES, np.round(by_hand, 2).tolist())))
print("Dice", {CLASSES[k]: round(float(dice(truth, found, k)), 2) for k in kinds})
print("an empty mask:", [float(iou(truth, nothing, kind)) for kind in (1, 2, 3)])

# %% [markdown]
# The empty mask has IoU 0 for all three things, as it should. And ours, which looked so well, is far from 1: its
# outlines are staircases of 32 pixels. The mean over the classes is the **mean IoU**, the usual figure for several
# classes. The two are one opinion on two scales: $D = 2J / (1 + J)$, so Dice is always the friendlier number.
#
# `cvlib.metrics` counts once, in a table of *true class × predicted class*, and gets everything from it:

# %%
table_of_pixels = metrics.pixel_confusion(truth, found, classes=4)
ious = metrics.segmentation.iou(table_of_pixels)
dices = metrics.segmentation.dice(table_of_pixels)
assert np.allclose(ious, by_hand)
assert np.allclose(dices, 2 * ious / (1 + ious))
print(f"mean IoU {metrics.mean_iou(truth, found, classes=4):.3f}")
assert table_of_pixels[0, 1:].sum() > 0.5 * np.sum(truth != found)
pd.DataFrame(table_of_pixels, index=CLASSES, columns=CLASSES)

# %% [markdown]
# Rows are the truth. Most mistakes are in the first row: background taken for a thing, around its edges.
#
# Two questions to ask about every published figure. *Over all pixels, or per image?* The mean of the images' Dice
# weighs a child's small lungs as much as a giant's. *What about a class that is not there?* Neither in the mask nor in
# the prediction, it has no IoU: 0/0. `metrics` gives NaN and leaves it out of means; others say 1, or 0.
#
# ### Where the outline lies
#
# IoU and Dice count pixels, wherever they are. Here are two predictions for one disc: one a little too small all
# around, the other right, plus a piece far away that does not exist.

# %%
yy, xx = np.mgrid[:160, :160]
disc = np.hypot(yy - 60, xx - 60) <= 40
smaller = np.hypot(yy - 60, xx - 60) <= 38
island = disc | (np.hypot(yy - 140, xx - 140) <= 13)
dices = [dice(disc, guess, True) for guess in (smaller, island)]
print(f"Dice {dices[0]:.3f} and {dices[1]:.3f}")
assert abs(dices[0] - dices[1]) < 0.005

# %% [markdown]
# One figure for two very different mistakes. So measure distances: take all pixels of each outline, and for each the
# distance to the other outline. The **average surface distance** is their mean, the **Hausdorff distance** their
# maximum. As one stray pixel decides the maximum, it is common to take the 95th percentile, *HD95*. By hand, then with
# `metrics`:

# %%
from scipy.spatial.distance import cdist


def hausdorff(a, b):
    a, b = (np.argwhere(metrics.boundaries.outline(region)) for region in (a, b))
    far = cdist(a, b)  # from every pixel of one outline to every one of the other
    return max(far.min(axis=0).max(), far.min(axis=1).max())


for name, guess in (("smaller", smaller), ("island", island)):
    assert np.isclose(
        hausdorff(disc, guess), metrics.hausdorff(disc, guess, percentile=100)
    )
    print(
        f"{name:8s} Hausdorff {hausdorff(disc, guess):5.1f}",
        f"HD95 {metrics.hausdorff(disc, guess):5.1f}",
        f"mean {metrics.average_surface_distance(disc, guess):5.1f} pixels",
    )

# %%
sheet = viz.side_by_side(
    [np.full((160, 160), 120, "uint8")] * 2,
    [disc.astype(int)] * 2,
    predictions=[smaller.astype(int), island.astype(int)],
    titles=["smaller", "island"],
    size=1.4,
)
viz.show(
    sheet,
    alt="A disc predicted two pixels too small, and the disc predicted rightly with an island far away.",
)

# %% [markdown]
# Two pixels everywhere against eighty pixels somewhere: for a surgeon, not the same. Report one figure of overlap and
# one of distance.

# %% [markdown]
# ### Exercise 2
#
# A mask of 1,000 pixels is predicted with 1,200, of which 800 are right. What is the IoU?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda value: abs(value - 800 / 1400) < 0.002,
    hint={
        (lambda v: abs(v - 1600 / 2200) < 0.002): "That is Dice.",
        (
            lambda v: abs(v - 800 / 2200) < 0.002
        ): "The 800 are in both: the union holds them once.",
        0.8: "That is recall: which part of the mask was found.",
        (
            lambda v: abs(v - 800 / 1200) < 0.002
        ): "That is precision: which part of the prediction is right.",
        "otherwise": "Both: 800. Either: 1,000 + 1,200, with what they share counted once.",
    },
)

# %% [markdown]
# ## 4 · Up again, in three ways
#
# The map of section 2 is small, and we enlarged it by repeating cells. A network needs a layer for that. There are
# three. We try them on one small map, by hand, and check each against Keras.

# %%
small = np.array([[1, 2, 0], [0, 4, 1], [3, 0, 2]], "float32")


def keras_layer(layer, x):
    """What a Keras layer makes of one map."""
    return layer(x[None, ..., None])[0, ..., 0].numpy()


# %% [markdown]
# ### First way: repeat, or put back
#
# **Nearest neighbour** repeats each cell:

# %%
repeated = small.repeat(2, axis=0).repeat(2, axis=1)
assert np.array_equal(repeated, keras_layer(layers.UpSampling2D(2), small))

# %% [markdown]
# **Max-unpooling** is shrewder. When the encoder pools, it remembers *where* each maximum stood; the decoder puts the
# value back there, and zeros around it (SegNet works like this). By hand, on a map of 6 × 6:

# %%
fine = np.random.default_rng(1).permutation(36).reshape(6, 6).astype("float32") + 1
blocks = fine.reshape(3, 2, 3, 2).transpose(0, 2, 1, 3).reshape(3, 3, 4)
where = blocks.argmax(-1)[..., None]  # which of its four cells won
pooled = blocks.max(-1)

put_back = np.zeros_like(blocks)
np.put_along_axis(put_back, where, pooled[..., None], axis=-1)
unpooled = put_back.reshape(3, 3, 2, 2).transpose(0, 2, 1, 3).reshape(6, 6)

assert np.array_equal(pooled, keras_layer(layers.MaxPooling2D(2), fine))
assert np.array_equal(pooled, keras_layer(layers.MaxPooling2D(2), unpooled))
assert np.array_equal(unpooled[unpooled > 0], fine[unpooled > 0])

# %% [markdown]
# The values stand where they stood: position is not lost, though three of four cells are.
#
# ### Second way: interpolate
#
# **Bilinear** interpolation takes cells for areas whose value stands in the middle. New cell $i$ of an enlargement by
# $f$ lies at $(i + \tfrac12)/f - \tfrac12$ in the old map, between two cells, and takes of each the more the nearer it is. Rows first,
# then columns: one matrix $W$ for both.


# %%
def bilinear_weights(cells, factor):
    """(cells · factor, cells): how much of each old cell goes into each new one."""
    place = (np.arange(cells * factor) + 0.5) / factor - 0.5
    place = place.clip(0, cells - 1)  # beyond the outer middles, the edge goes on
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(cells)))


W = bilinear_weights(3, 2)
smooth = W @ small @ W.T
by_keras = keras_layer(layers.UpSampling2D(2, interpolation="bilinear"), small)
assert np.allclose(smooth, by_keras, atol=1e-6)
print(W)

# %% [markdown]
# ¾ of the near cell and ¼ of the far one, as one would guess.
#
# ### Third way: learn it
#
# A convolution of stride 2 makes a map smaller: it takes in a window, steps on by two, and writes one cell. Turn that
# around: take one cell, multiply it by the kernel, **stamp** the result onto the large map, step on by two. Where stamps
# overlap they add up. That is the **transposed convolution**, and its kernel can be learned.


# %%
def transposed(x, kernel, stride):
    """Stamp the kernel for each cell; as Keras with padding="valid"."""
    k = len(kernel)
    large = np.zeros([(n - 1) * stride + k for n in x.shape], "float32")
    for row, column in np.ndindex(*x.shape):
        top, left = row * stride, column * stride
        large[top : top + k, left : left + k] += x[row, column] * kernel
    return large


kernel = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], "float32") / 4
layer = layers.Conv2DTranspose(1, 3, strides=2, use_bias=False)
layer.build((None, 3, 3, 1))
layer.set_weights([kernel[..., None, None]])
stamped = transposed(small, kernel, 2)
assert np.allclose(stamped, keras_layer(layer, small), atol=1e-6)
print(small.shape, "→", stamped.shape)

# %% [markdown]
# `padding="same"` gives exactly *stride × size*: it cuts what stands over. Why "transposed"? Write the strided
# convolution from 7 × 7 to 3 × 3 as a matrix with 9 rows and 49 columns. Its transpose, 49 × 9, is the stamping. To get
# the matrix, convolve every picture that has one pixel of 1:

# %%
conv = layers.Conv2D(1, 3, strides=2, use_bias=False)
conv.build((None, 7, 7, 1))
conv.set_weights([kernel[..., None, None]])
M = conv(np.eye(49, dtype="float32").reshape(49, 7, 7, 1)).numpy().reshape(49, 9).T
print("M:", M.shape, "   transposed:", M.T.shape)
assert np.allclose((M.T @ small.ravel()).reshape(7, 7), stamped, atol=1e-6)

# %% [markdown]
# (It is *not* the inverse, though one often reads "deconvolution".) All of them side by side:

# %%
figure = viz.figure(9, 2.2)
panels = {
    "small map": small,
    "nearest": repeated,
    "unpooling (of fine)": unpooled,
    "bilinear": smooth,
    "transposed, 3 × 3": stamped,
}
for axis, (title, values) in zip(figure.subplots(1, 5), panels.items()):
    axis.imshow(values, cmap="viridis")
    for (y, x), value in np.ndenumerate(values):
        shade = "w" if value < 0.6 * values.max() else "k"
        text = f"{value:.2g}".replace("0.", ".")
        axis.text(x, y, text, ha="center", va="center", fontsize=6, color=shade)
    axis.set_title(title, fontsize=9)
    axis.set(xticks=[], yticks=[])
viz.show(
    figure,
    alt="A small map, enlarged by repetition, unpooling, bilinearly, and by stamping.",
)

# %% [markdown]
# Repetition is blocky, unpooling is sparse, bilinear is smooth, and stamping depends on its kernel.
#
# ### Checkerboards
#
# Look at what stamping does with a map that is *the same everywhere*, with a kernel of ones. **Predict:** kernel 3,
# stride 2: is the result the same everywhere, too?

# %%
flat = np.ones((5, 5), "float32")
figure = viz.figure(8, 2.6)
inner = {}
for axis, (k, stride) in zip(figure.subplots(1, 3), ((3, 2), (4, 2), (2, 2))):
    stamps = transposed(flat, np.ones((k, k), "float32"), stride)
    inner[k] = np.unique(stamps[k:-k, k:-k])
    axis.imshow(stamps, cmap="viridis", vmin=0, vmax=4)
    axis.set_title(f"kernel {k}, stride {stride}", fontsize=9)
    axis.set(xticks=[], yticks=[])
    for (y, x), value in np.ndenumerate(stamps):
        axis.text(
            x,
            y,
            int(value),
            ha="center",
            va="center",
            fontsize=7,
            color="w" if value < 3 else "k",
        )
viz.show(
    figure,
    alt="How many stamps fall on each cell: uneven like a checkerboard for kernel 3 and stride 2.",
)
assert list(inner[3]) == [1, 2, 4]
assert len(inner[4]) == len(inner[2]) == 1

# %% [markdown]
# Kernel 3 and stride 2 hit some cells once, some twice, some four times. A network can learn to make up for it, but it
# starts with a **checkerboard** and often keeps some of it: you find it in generated pictures as a fine woven pattern.
# If the kernel's size is a multiple of the stride (4 and 2, or U-Net's 2 and 2), all cells inside are hit equally
# often. Or enlarge bilinearly, then convolve; that has no pattern to begin with.
#
# ### A transposed convolution that starts as interpolation
#
# Long et al. took the best of both: a kernel that *is* the bilinear interpolation at the start of training, and learns
# from there. It is a tent. Twice as large means kernel 4:

# %%
from cvlib.models.upsampling import Bilinear

tent = 1 - np.abs(np.arange(4) - 1.5) / 2
assert np.allclose(models.bilinear_kernel(2), np.outer(tent, tent))
learnable = layers.Conv2DTranspose(
    1, 4, strides=2, padding="same", use_bias=False, kernel_initializer=Bilinear()
)
large = keras_layer(learnable, small)
print("tent:", tent)
print("row 2, bilinear:  ", smooth[2].round(2))
print("row 2, transposed:", large[2].round(2))
assert np.allclose(large[1:-1, 1:-1], smooth[1:-1, 1:-1], atol=1e-6)

# %% [markdown]
# Inside the map the two are equal. At the border the stamps of the neighbours outside are missing, and the transposed
# convolution fades towards zero: remember that when you see dark frames around predictions.
#
# ### Exercise 3
#
# `Conv2DTranspose(1, kernel_size=5, strides=3)` with `padding="valid"` gets a map of 10 × 10. How many rows come out?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda rows: rows == (10 - 1) * 3 + 5,
    hint={
        30: 'That is what padding="same" gives: stride × size.',
        35: "The last stamp begins at 9 × 3, not at 10 × 3.",
        2: "That is the way down: (10 − 5) // 3 + 1.",
        "otherwise": "The first stamp begins at 0, the tenth at 9 × 3. Where does the tenth end?",
    },
)

# %% [markdown]
# ## 5 · Encoder, decoder, and what is lost between
#
# Put together: an **encoder** goes down like a classifier, to few cells that each see much; a **decoder** comes up
# again, to as many cells as there are pixels. But what was thrown away on the way down cannot come back by enlarging.
# How much is that? Take the *true* lung masks, average them over cells of 32, 16, 8 or 4 pixels, enlarge bilinearly, and
# cut at ½. Do not expect a network with that stride to do much better, however clever its encoder, if all it does
# afterwards is to enlarge.

# %%
large_films, large_masks = read("test", 256)
large_masks = large_masks[..., 0]
best = {}
for stride in (32, 16, 8, 4):
    cells = 256 // stride
    means = large_masks.reshape(-1, cells, stride, cells, stride).mean((2, 4))
    W = bilinear_weights(cells, stride)
    best[stride] = (W @ means @ W.T > 0.5).astype(int)
    scores = metrics.per_image(large_masks, best[stride], classes=2)
    print(
        f"stride {stride:2d}: {cells:2d} × {cells:2d} cells, Dice {scores.dice_1.mean():.3f}"
    )

# %%
viz.show(
    viz.overlays(
        [large_films[0]] * 4,
        [large_masks[0], best[32][0], best[16][0], best[8][0]],
        ["truth", "from stride 32", "from stride 16", "from stride 8"],
        size=1.9,
    ),
    alt="A lung mask, and what is left of it at strides 32, 16 and 8: first without its tips, then nearly whole.",
)

# %% [markdown]
# At stride 32, the usual one of a classifier, whatever is narrow or pointed is gone; at stride 8 the lungs are nearly
# right. So do not go down so far? But then each cell sees little, and lung and stomach look alike. There are two ways
# out: *hand fine maps across* (this section and 7), or *look far without going down* (section 6).
#
# **FCN** (Long et al., 2015) was the first of them. It makes VGG16 fully convolutional, as we did, and predicts scores at
# stride 32. Enlarged at once, that is FCN-32s. **FCN-16s** enlarges them twice, *adds* scores computed from the encoder's
# own map at stride 16, then enlarges. **FCN-8s** does it once more at stride 8. Coarse maps say what, fine maps say
# where. Here with narrow heads and without its ImageNet weights, to see the shapes:

# %%
fcn = models.FCN((224, 224, 3), classes=4, stride=8, head_filters=64, weights=None)
for name in (
    "score_fc7",
    "upscore_16s",
    "score_pool4",
    "fuse_16s",
    "upscore_8s",
    "score_pool3",
    "fuse_8s",
    "logits",
):
    layer = fcn.get_layer(name)
    print(f"{name:12s} {type(layer).__name__:15s} {layer.output.shape[1:]}")

# %% [markdown]
# Read it as a sum: 7 × 7 scores enlarged to 14 × 14, plus `score_pool4`; enlarged to 28 × 28, plus `score_pool3`; then
# ×8 to the picture. `upscore_16s` and `upscore_8s` are transposed convolutions that begin bilinear, as in section 4.
# The handing across is called a **skip**.

# %%
assert np.array_equal(
    fcn.get_layer("upscore_8s").get_weights()[0][:, :, 0, 0], models.bilinear_kernel(2)
)
assert fcn.get_layer("logits").kernel.shape[0] == 16  # ×8: 2 · 8 cells wide

# %% [markdown]
# ## 6 · See further without going down: dilation
#
# The second way out. A cell of a 3 × 3 convolution looks at nine neighbours side by side. Pull them apart: leave
# $r - 1$ cells out between them. This is an **atrous** (with holes), or **dilated**, convolution of rate $r$. Nine weights
# still, no stride, and a window of $2r + 1$.
#
# $$y[i] = \sum_k w[k]\; x[i + r \cdot k]$$


# %%
def atrous(x, kernel, rate):
    """A dilated convolution of one map, without padding."""
    reach = (len(kernel) - 1) * rate
    rows, columns = x.shape[0] - reach, x.shape[1] - reach
    y = np.zeros((rows, columns), "float32")
    for (i, j), weight in np.ndenumerate(kernel):
        y += weight * x[i * rate : i * rate + rows, j * rate : j * rate + columns]
    return y


picture = table.mean(-1)[::8, ::8] / 255  # 56 × 56, grey
edges = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "float32")
for rate in (1, 2, 4):
    conv = layers.Conv2D(1, 3, dilation_rate=rate, use_bias=False)
    conv.build((None, 56, 56, 1))
    conv.set_weights([edges[..., None, None]])
    found = atrous(picture, edges, rate)
    assert np.allclose(found, keras_layer(conv, picture), atol=1e-4)
    print(
        f"rate {rate}: window {2 * rate + 1}, {conv.count_params()} weights, map {found.shape}"
    )

# %% [markdown]
# Now stack three of them and draw who sees whom, along one axis: a dot for each cell, the picture at the bottom, and
# lines from a cell to the three below that it looks at.


# %%
def who_sees(rates):
    """From the top down: which cells of each layer the top's middle cell depends on."""
    seen = [{0}]
    for rate in reversed(rates):
        seen.append({cell + tap * rate for cell in seen[-1] for tap in (-1, 0, 1)})
    return seen


def draw_stack(axis, rates, most=9):
    seen = who_sees(rates)
    for depth, cells in enumerate(seen):
        cells, row = np.array(sorted(cells)), np.arange(-most, most + 1)
        axis.plot(row, np.full(len(row), -depth), "o", color="0.85", ms=4)
        axis.plot(cells, np.full(len(cells), -depth), "o", color=viz.PALETTE[0], ms=4)
        for tap in (-1, 0, 1) if depth < len(rates) else ():
            below = cells + tap * rates[::-1][depth]
            axis.plot([cells, below], [-depth, -depth - 1], color="0.5", lw=0.5)
    axis.set_title(f"rates {', '.join(map(str, rates))}", fontsize=9)
    axis.axis("off")


# %%
STACKS = [(1, 1, 1), (1, 2, 4), (2, 2, 2)]
figure = viz.figure(9, 2.2)
for axis, rates in zip(figure.subplots(1, 3), STACKS):
    draw_stack(axis, rates)
viz.show(
    figure,
    alt="Three stacks of convolutions: rates 1, 1, 1 reach 7 cells; 1, 2, 4 reach 15; 2, 2, 2 reach 13 with gaps.",
)

# %% [markdown]
# Left, three plain convolutions: 7 pixels. In the middle, rates that double: 15 pixels, every one of them used. Right,
# rate 2 three times: the span is 13, but *every other pixel is missing*. That is the **gridding** problem: neighbouring
# cells look at disjoint halves of the picture, and the map falls apart into interleaved patterns. Lesson 10's arithmetic
# gives the span, each layer adding $(k - 1) \cdot r$ strides, and counts no holes.

# %%
from cvlib.explain import receptive_field

pixels = {rates: who_sees(rates)[-1] for rates in STACKS}
rows = []
for rates in STACKS:
    stack = [layers.Conv2D(1, 3, dilation_rate=rate, padding="same") for rate in rates]
    size = receptive_field.along(stack, (31, 31)).size[0]
    assert size == 1 + 2 * sum(rates) == max(pixels[rates]) - min(pixels[rates]) + 1
    rows.append((rates, 9 * len(rates), size, len(pixels[rates])))
pd.DataFrame(rows, columns=["rates", "weights", "field", "pixels used along it"])

# %% [markdown]
# The field more than doubles from the first row to the second, and the number of weights does not change. In two
# dimensions, and not on paper: send a single bright pixel through three Keras convolutions whose weights are all 1. What
# lights up is the set of cells that see it, and the brightness counts the ways.

# %%
dot = np.zeros((19, 19), "float32")
dot[9, 9] = 1
figure = viz.figure(7.5, 2.7)
for axis, rates in zip(figure.subplots(1, 3), STACKS):
    x = dot
    for rate in rates:
        conv = layers.Conv2D(
            1,
            3,
            padding="same",
            dilation_rate=rate,
            use_bias=False,
            kernel_initializer="ones",
        )
        x = keras_layer(conv, x)
    assert np.sum(x > 0) == len(pixels[rates]) ** 2
    axis.imshow(x, cmap="viridis")
    axis.set_title(
        f"rates {', '.join(map(str, rates))}: {np.sum(x > 0)} of 361 cells", fontsize=9
    )
    axis.set(xticks=[], yticks=[])
viz.show(
    figure,
    alt="Footprints of the three stacks: a small square, a large full one, and a lattice of points.",
)

# %% [markdown]
# The lattice on the right is the gridding. Its span is nearly that of the middle one, and it sees a quarter as much. Cure:
# rates without a common divisor, such as 1, 2, 5.
#
# Dilation also turns a trained classifier into a finer one: take away a stride of 2, dilate every later kernel by 2, and
# each tap falls on the values that it was trained on. **Predict:** how do the two maps below agree?

# %%
kernels = [
    np.random.default_rng(seed).normal(size=(3, 3)).astype("float32") for seed in (1, 2)
]
strided = atrous(atrous(picture, kernels[0], 1)[::2, ::2], kernels[1], 1)
dilated = atrous(atrous(picture, kernels[0], 1), kernels[1], 2)
print(
    "stride 2, then rate 1:", strided.shape, "   stride 1, then rate 2:", dilated.shape
)
assert np.allclose(dilated[::2, ::2], strided, atol=1e-4)

# %% [markdown]
# At every second place, the very same numbers; and new ones between. No weight has changed. This is how DeepLab gets
# from stride 32 to 16 or 8 and keeps its ImageNet weights (`cvlib.models.dilation`).
#
# ### Exercise 4
#
# What is the receptive field, in pixels along an axis, of three 3 × 3 convolutions with rates 1, 2, 5?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda size: size == 1 + 2 * (1 + 2 + 5),
    hint={
        16: "And the pixel in the middle.",
        9: "A 3 × 3 kernel of rate r reaches r to *both* sides.",
        7: "That is without dilation.",
        "otherwise": "Start with 1; each layer adds (3 − 1) · rate.",
    },
)

# %% [markdown]
# ## 7 · U-Net
#
# Ronneberger, Fischer and Brox took skips to the end (2015): as many steps up as down, and at each level the encoder's
# whole map is handed across and **concatenated**, not added. Drawn, it is a U. `viz.u_shape` reads the figure off the
# network itself:

# %%
published = models.UNet((572, 572, 1), classes=2, padding="valid")
viz.show(
    viz.u_shape(published),
    alt="U-Net: four levels down from 572 pixels to 28, four up to 388, with a skip across each level.",
)

# %% [markdown]
# Left, down: two 3 × 3 convolutions and a pooling at each level; channels double where cells are halved. Right, up: a
# 2 × 2 transposed convolution of stride 2, the skip beside it (orange), two convolutions. The last 1 × 1 convolution gives
# a score for each class.
#
# As published, nothing is padded: each 3 × 3 convolution costs a border of one pixel, so a 572 × 572 picture gives a mask
# of 388 × 388 for its middle. Follow it:

# %%
# NBVAL_CHECK_OUTPUT
size, sizes = 572, [572]
for _ in range(4):
    size = (size - 4) // 2  # two convolutions, then the pooling
    sizes.append(size)
size -= 4  # the two at the bottom
for _ in range(4):
    size = 2 * size - 4  # up, then two convolutions
    sizes.append(size)
print(" → ".join(map(str, sizes)))
assert size == 388

# %% [markdown]
# Every mask pixel is then decided from real pixels only, and large pictures can be cut into overlapping tiles without
# seams. The price: only some sizes work (each level must halve evenly), and skips must be cropped. Most people pad with
# `"same"`: any multiple of 16, and a mask as large as the picture. The weights barely differ. Count them by hand:


# %%
# NBVAL_CHECK_OUTPUT
def unet_parameters(channels, classes, widths=(64, 128, 256, 512, 1024)):
    def conv(k, inputs, outputs):
        return (k * k * inputs + 1) * outputs

    total = 0
    for width in widths:  # down, and the bottom
        total += conv(3, channels, width) + conv(3, width, width)
        channels = width
    for width in widths[-2::-1]:  # up: transposed, then from twice the width
        total += (
            conv(2, 2 * width, width)
            + conv(3, 2 * width, width)
            + conv(3, width, width)
        )
    return total + conv(1, widths[0], classes)


print(f"as published, 1 → 2 classes: {unet_parameters(1, 2):,}")
print(f'RGB → 1, padding "same":     {unet_parameters(3, 1):,}')
assert unet_parameters(1, 2) == published.count_params() == 31_030_658

# %%
same = models.UNet((256, 256, 3), classes=1, classifier_activation="sigmoid")
assert unet_parameters(3, 1) == same.count_params() == 31_031_745
del same, published

# %% [markdown]
# 31 million, to the last one. Now write it: small, with batch normalisation, and with a switch for the skips that we
# shall need in a moment.


# %%
def double_conv(x, filters):
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    return x


def unet(side, filters, skips=True):
    images = keras.Input((side, side, 1))
    x = layers.Rescaling(1 / 255)(images)
    kept = []
    for width in filters[:-1]:
        kept.append(double_conv(x, width))
        x = layers.MaxPooling2D()(kept[-1])
    x = double_conv(x, filters[-1])
    for width, skip in zip(filters[-2::-1], kept[::-1]):
        x = layers.Conv2DTranspose(width, 2, strides=2)(x)
        if skips:
            x = layers.Concatenate()([skip, x])
        x = double_conv(x, width)
    return keras.Model(images, layers.Conv2D(1, 1, activation="sigmoid")(x))


# %% [markdown]
# One channel and a sigmoid: the probability of *lung*. The same as `models.UNet`, which you would use from here on:

# %%
FILTERS = run.pick(fast=(8, 16, 32, 64), full=(16, 32, 64, 128))
ready = models.UNet(
    (SIDE, SIDE, 1), 1, FILTERS, batch_norm=True, classifier_activation="sigmoid"
)
print(f"{ready.count_params():,} parameters")
assert ready.count_params() == unet(SIDE, FILTERS).count_params()

# %% [markdown]
# ### Exercise 5
#
# A small U-Net with *two* poolings and unpadded convolutions (two at each level, as above) gets a picture of 92 × 92. How
# large is its mask?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda side: side == 52,
    hint={
        16: "That is the bottom. Now twice: double, and take off 4.",
        68: "The two convolutions at the bottom cost a border, too.",
        56: "And the last two convolutions.",
        "otherwise": "Go through the loop above with 92 and two levels: −4, halve, −4, halve, −4, double, −4, double, −4.",
    },
)

# %% [markdown]
# ## 8 · What the skips are for
#
# Train it on the lungs, and beside it the same network *without* skips: a plain encoder–decoder. Same pictures, same
# number of steps, same start of the random numbers. **Predict:** which one is better, and *where* in the picture?
#
# The loss is a sum of Dice and cross-entropy, for reasons that section 10 tests.

# %%
STEPS = run.pick(fast=100, full=2000)


def train(model, images, masks, steps, loss, rate=5e-3):
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    model.compile(keras.optimizers.Adam(schedule), loss)
    epochs = -(-steps // -(-len(images) // 16))
    model.fit(images, masks, batch_size=16, epochs=epochs, verbose=0)
    return model


def probabilities(model, images):
    return model(images, training=False).numpy()


networks = {}
for name, skips in (("with skips", True), ("without", False)):
    keras.utils.set_random_seed(run.seed)
    networks[name] = train(
        unet(SIDE, FILTERS, skips),
        films,
        film_masks,
        STEPS,
        losses.Dice() + losses.CrossEntropy(),
    )

# %% [markdown]
# Nothing was chosen by looking at the test films, so we may measure on them. (The project in lesson 15 is stricter: it
# has choices to make.)

# %%
guesses, rows = {}, {}
for name, model in networks.items():
    guesses[name] = metrics.to_labels(probabilities(model, test_films))
    scores = metrics.per_image(test_masks, guesses[name], classes=2)
    pairs = list(zip(test_masks[..., 0], guesses[name]))
    rows[name] = {
        "parameters": model.count_params(),
        "Dice": scores.dice_1.mean(),
        "IoU": scores.iou_1.mean(),
        "HD95 (pixels)": np.mean([metrics.hausdorff(*pair) for pair in pairs]),
        "mean distance": np.mean(
            [metrics.average_surface_distance(*pair) for pair in pairs]
        ),
    }
ablation = pd.DataFrame(rows).T.astype({"parameters": int})
ablation.round(3)


# %%
def from_outline(mask):
    """The distance of each pixel from the mask's outline, in pixels."""
    elsewhere = ~metrics.boundaries.outline(mask)
    return cv2.distanceTransform(elsewhere.astype("uint8"), cv2.DIST_L2, 5)


near = np.stack([from_outline(mask) for mask in test_masks[..., 0]]) <= 1.5
wrong = {name: guess != test_masks[..., 0] for name, guess in guesses.items()}
for name, each in wrong.items():
    print(
        f"{name:10s} wrong: {each.mean():.2%} of all pixels,",
        f"{each[near].mean():.1%} of those beside an outline,",
        f"{each[~near].mean():.2%} of the others",
    )
further = ablation["mean distance"]["without"] / ablation["mean distance"]["with skips"]
print(f"without skips, outlines lie {further - 1:.0%} further off")
assert ablation.Dice["with skips"] > (0.93 if lungs.source == "synthetic" else 0.85)
assert further > (1.1 if run.fast else 1)

# %%
viz.show(
    viz.side_by_side(
        np.repeat(test_films[:2], 2, axis=0),
        np.repeat(test_masks[:2], 2, axis=0),
        predictions=[guesses[name][index] for index in (0, 1) for name in guesses],
        titles=list(guesses) * 2,
        size=1.35,
    ),
    alt="Two test films, each predicted with and without skips; without them more pixels along the outlines are wrong.",
)

# %% [markdown]
# Both find the lungs: *what* comes through the bottom of the U. *Where*, the exact outline, comes across the skips;
# without them it has to be rebuilt from the few cells at the bottom. In Dice that is a step of a few hundredths, which is
# easy to shrug off. In the mean distance of the outlines it is a large part of the whole. (Islands, where you see any,
# are another matter: there the bottom of the U has erred about *what*.)
#
# (One run of each is one throw of the dice. In a second run of ours with another seed the order of Dice and of the mean
# distance was the same; that of HD95, which hangs on few pixels, was not.)

# %% [markdown]
# ## 9 · Reading the errors
#
# A mean over all films hides which ones went wrong. `metrics.per_image` has a row for each; take the lowest.

# %%
best_network = guesses["with skips"]
scores = metrics.per_image(
    test_masks, best_network, classes=2, class_names=lungs.class_names
)
order = scores.dice_lung.argsort().to_numpy()
print(
    f"Dice: worst {scores.dice_lung.min():.3f}, median {scores.dice_lung.median():.3f}, "
    f"best {scores.dice_lung.max():.3f}"
)
worst = order[:3]
viz.show(
    viz.side_by_side(
        test_films[worst],
        test_masks[worst],
        predictions=best_network[worst],
        titles=[f"Dice {scores.dice_lung[i]:.2f}" for i in worst],
        size=1.7,
    ),
    alt="The three test films with the lowest Dice: picture, mask, both, prediction, and errors in colour.",
)

# %% [markdown]
# Read from the right: vermilion was missed, blue is not there. Then ask of each film, *which kind* of error is it?
#
# | you see | likely cause | try |
# |---|---|---|
# | a thin line along the outline | coarse maps; annotators differ as much | finer input, skips; then stop |
# | a piece missing | something hides it: fluid, a heart, a wire | such pictures; augmentation |
# | an island far away | a look-alike; the field is too small to tell | a larger receptive field; keep the largest pieces |
# | all of it | another exposure, a film upside down | look at the *file* first |
#
# Count them instead of trusting one's eye: how much of what is wrong lies within two pixels of the true outline?

# %%
rows = []
for index in range(len(test_masks)):
    mask, guess = test_masks[index, ..., 0] > 0, best_network[index] > 0
    away, wrong = from_outline(mask), mask != guess
    pieces = cv2.connectedComponents(guess.astype("uint8"))[0] - 1
    rows.append(
        {
            "wrong": wrong.sum(),
            "beside the outline": (wrong & (away <= 2)).sum(),
            "missed": (mask & ~guess).sum(),
            "not there": (guess & ~mask).sum(),
            "pieces": pieces,
        }
    )
errors = pd.DataFrame(rows)
share = errors["beside the outline"].sum() / errors["wrong"].sum()
print(f"{share:.0%} of the wrong pixels lie within 2 pixels of the outline")
print(f"films with more than two pieces: {(errors.pieces > 2).sum()} of {len(errors)}")
rest = (errors["wrong"] - errors["beside the outline"]).sort_values(ascending=False)
quarter = rest[: len(rest) // 4].sum() / rest.sum()
print(f"a quarter of the films holds {quarter:.0%} of the other wrong pixels")
errors.iloc[worst]

# %% [markdown]
# The first number is the one to know before you improve anything. What lies beside the outline is partly a matter of
# opinion: a small mask cannot say where within a pixel the lung ends. The rest are real mistakes, and they are not
# spread evenly: look at the films that hold most of them.

# %% [markdown]
# ## 10 · Dice or cross-entropy?
#
# Lungs fill a third of a film. What if the thing is a spot of ten pixels? **Cross-entropy** is a mean over pixels: 99
# in 100 say "background", and a network that says so everywhere has almost nothing left to gain. **Soft Dice** is our
# measure itself, with probabilities $p$ in the place of decisions:
#
# $$L_\text{Dice} = 1 - \frac{2\sum p\,y + s}{\sum p + \sum y + s}$$
#
# Background that is called background is in neither sum. ($s$ keeps an empty picture from 0/0.) By hand:

# %%
some = np.random.default_rng(0)
y = (some.random((1, 8, 8, 1)) < 0.1).astype("float32")
p = some.random((1, 8, 8, 1)).astype("float32")
soft_dice = 1 - (2 * np.sum(p * y) + 1) / (np.sum(p) + np.sum(y) + 1)
entropy = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
print(f"Dice loss {soft_dice:.4f}, cross-entropy {entropy:.4f}")
assert np.isclose(soft_dice, float(losses.Dice(smooth=1.0)(y, p)), atol=1e-5)
assert np.isclose(entropy, float(losses.CrossEntropy()(y, p)), atol=1e-5)

# %% [markdown]
# "Use Dice when classes are imbalanced" is common advice. We test it, on films with one bright disc in noise. In the
# task **rare** the disc has about nine pixels of 1,024, in **common** about two hundred. All else is equal.

# %%
from scipy.ndimage import gaussian_filter


def discs(count, radius, seed, side=32):
    """Noisy films with one bright disc each, and masks."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    r = rng.uniform(*radius, (count, 1, 1))
    cy, cx = rng.uniform(r.max() + 1, side - 2 - r.max(), (2, count, 1, 1))
    masks = np.hypot(y - cy, x - cx) <= r
    noise = gaussian_filter(rng.normal(size=masks.shape), (0, 1, 1))
    bright = gaussian_filter(masks.astype(float), (0, 0.7, 0.7))
    images = 128 + 25 * noise / noise.std() + 88 * bright
    return images.clip(0, 255)[..., None].astype("float32"), masks[..., None].astype(
        int
    )


RADII = {"rare": (1.3, 2.1), "common": (7, 9.5)}
tasks = {
    name: (discs(160, radii, 1), discs(200, radii, 2)) for name, radii in RADII.items()
}
for name, ((_, masks), _) in tasks.items():
    print(f"{name:7s} {masks.mean():.2%} of the pixels are disc")

# %%
viz.show(
    viz.overlays(
        [images[i] for (images, _), _ in tasks.values() for i in range(5)],
        [masks[i] for (_, masks), _ in tasks.values() for i in range(5)],
        columns=5,
        size=1.3,
    ),
    alt="Five noisy films with a tiny bright disc each, and five with a large one.",
)

# %% [markdown]
# Above, *rare*: without the outline you would search for it, and in some films in vain. Below, *common*.
#
# One small U-Net for each loss. To repeat a run with another seed, we set its weights and its optimizer's memory back,
# which is quicker than to build and compile it anew.


# %%
def start(seed):
    keras.utils.set_random_seed(seed)
    return unet(32, (8, 16, 32)).get_weights()


starts = [start(seed) for seed in range(run.pick(fast=3, full=5))]
contestants = {
    "cross-entropy": losses.CrossEntropy(),
    "Dice": losses.Dice(),
    "sum": losses.Dice() + losses.CrossEntropy(),
}
EPOCHS = 10
for name, loss in contestants.items():
    contestants[name] = unet(32, (8, 16, 32))
    falling = keras.optimizers.schedules.CosineDecay(1e-2, EPOCHS * 10)
    contestants[name].compile(keras.optimizers.Adam(falling), loss)


def rerun(model, weights, seed, images, masks):
    keras.utils.set_random_seed(seed)
    model.set_weights(weights)
    for variable in model.optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))
    model.fit(images, masks, batch_size=16, epochs=EPOCHS, verbose=0)


# %% [markdown]
# We measure the mean Dice per film on 200 new films, with the usual threshold: a pixel is disc if its probability is above
# ½. And with a second one, for which we choose the threshold that is best on the *training* films.


# %%
def mean_dice(masks, p, threshold=0.5):
    labels = metrics.to_labels(p, threshold)
    return metrics.per_image(masks, labels, classes=2).dice_1.mean()


THRESHOLDS = np.linspace(0.05, 0.95, 19)
results = []
for (task, (old, new)), (name, model) in (
    (task, pair) for task in tasks.items() for pair in contestants.items()
):
    for seed, weights in enumerate(starts if task == "rare" else starts[:1]):
        rerun(model, weights, seed, *old)
        p_old, p_new = probabilities(model, old[0]), probabilities(model, new[0])
        chosen = max(THRESHOLDS, key=lambda t: mean_dice(old[1], p_old, t))
        at_half, at_chosen = mean_dice(new[1], p_new), mean_dice(new[1], p_new, chosen)
        found = np.mean([np.any(p > 0.5) for p in p_new])
        sure = np.mean(np.abs(p_new[new[1] == 1] - 0.5) > 0.4)  # below 0.1 or above 0.9
        results.append((task, name, seed, found, sure, at_half, chosen, at_chosen))

# %% [markdown]
# *Not empty* is the share of films in which it finds anything. *Sure* is the share of the true disc's pixels to which it
# gives a probability below 0.1 or above 0.9.

# %%
columns = ["task", "loss", "seed", "not empty", "sure"]
columns += ["Dice at ½", "threshold", "Dice there"]
trial = pd.DataFrame(results, columns=columns)
trial.round(3)

# %%
figure = viz.figure(8.5, 2.8)
for axis, task in zip(figure.subplots(1, 2), tasks):
    for number, name in enumerate(contestants):
        here = trial[(trial.task == task) & (trial.loss == name)]
        for shift, column, colour in ((0, "Dice at ½", 0), (0.4, "Dice there", 5)):
            label = {0: "at ½", 5: "best threshold"}[colour] if number == 0 else None
            place = number + shift
            axis.bar(
                place, here[column].mean(), 0.36, color=viz.PALETTE[colour], label=label
            )
            axis.plot([place] * len(here), here[column], "ko", ms=4)
    axis.set(title=task, ylim=(0, 1.05), ylabel="Dice on new films")
    axis.set_xticks([0.2, 1.2, 2.2], list(contestants))
figure.axes[0].legend(fontsize=8, loc="upper left")
viz.show(
    figure,
    alt="Rare discs: cross-entropy at one half fails, with its best threshold it comes "
    "near to Dice and the sum. Common discs: all are equal.",
)

# %% [markdown]
# A dot is one run, a bar the mean of the runs. What wants explaining is the far left: cross-entropy at ½. In numbers:

# %%
means = trial.groupby(["task", "loss"])[["Dice at ½", "Dice there"]].mean()
print(means.round(3))
rare = means.loc["rare"]
lead = rare.loc["Dice"] - rare.loc["cross-entropy"]
at_half, there = lead
print(f"\nrare: Dice leads by {at_half:.2f} at ½, {there:.2f} with chosen thresholds")
assert at_half > 0.2
assert there < at_half / 2, "most of the lead should be the threshold"
assert (rare.loc["sum"] - rare.loc["cross-entropy"])["Dice at ½"] > 0.15
assert np.ptp(means.loc["common"].to_numpy()) < 0.05
assert trial["not empty"].min() < 0.05
sure = trial[trial.task == "rare"].groupby("loss").sure.mean()
assert sure["Dice"] > sure["cross-entropy"] + 0.2

# %% [markdown]
# What the numbers support, and how far:
#
# * **Rare things:** with the usual threshold, cross-entropy loses clearly. In some runs it finds no disc in any film,
#   with over 99 % of the pixels right.
# * **But most of that is the threshold.** The network trained with cross-entropy *did* learn where discs may be; it only
#   rarely says "more than ½", and rightly so: where a pixel is uncertain, background is likelier. Dice is a measure that
#   pays for saying *disc* earlier. For honest probabilities the best threshold is half of the best Dice itself (Lipton et
#   al.), here about ¼; compare the table's column.
# * **Common things:** no difference worth a word.
# * It holds for a *short* training. With three times as many steps, in a trial of ours, cross-entropy reached 0.45 at ½
#   with two seeds of three, and still 0 with the third; Dice 0.47 to 0.56.
#
# Nor is Dice for free. It makes a network *sure*, see that column, whether it has reason or not: what comes out is no
# degree of belief any more. And a network that finds nothing gets almost no slope from it: without batch normalisation,
# in another trial, ours stayed at zero to the end, even with common discs. The usual choice is the **sum of both**, and
# nothing here speaks against it. `losses` adds and weighs them:

# %%
both = losses.Dice() + 0.5 * losses.CrossEntropy()
assert np.isclose(float(both(y, p)), soft_dice + 0.5 * entropy, atol=1e-5)
print(f"{soft_dice:.4f} + 0.5 · {entropy:.4f} = {float(both(y, p)):.4f}")

# %% [markdown]
# There are others: `losses.CrossEntropy(class_weights=…)` counts rare pixels more, `losses.Focal` counts pixels less that
# are right already, `losses.Tversky` weighs what was missed against what is not there.
#
# ### Exercise 6
#
# A network says $p = 0$ for every pixel of a film whose disc has 9 pixels. What is its Dice loss, with $s = 1$?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda value: abs(value - 0.9) < 0.005,
    hint={
        1: "Without the smoothing, yes. With s = 1, above and below?",
        0: "That would be a perfect mask.",
        0.1: "That is the Dice; the loss is 1 minus it.",
        "otherwise": "Put Σp·y = 0, Σp = 0, Σy = 9 and s = 1 into the formula.",
    },
)

# %% [markdown]
# ## 11 · Pixels that do not count
#
# Annotators draw a band around things: *here I am not sure*. Cameras have dead corners, and a turned picture has corners
# of which nobody knows anything. Such pixels get a label that is no class, usually **255**, and must be left out of the
# loss *and* of the metrics. `ignore_index` says so. The generator can make them itself, where a rotation shows what lies
# outside:

# %%
turned = cvlib.ImageDataGenerator(rotation_range=40, fill_mode="constant").flow(
    films[:5],
    masks=film_masks[:5],
    ignore_index=255,
    batch_size=5,
    shuffle=False,
    seed=3,
)
turned_films, turned_masks = turned[0]
print("labels:", np.unique(turned_masks))
viz.show(
    viz.overlays(
        turned_films, turned_masks, class_names=lungs.class_names, ignore_index=255
    ),
    alt="Five turned chest films with lungs outlined; the corners from outside are grey: left out.",
)

# %% [markdown]
# The grey corners show nothing that the film had, and the mask says so. By hand the loss is a mean over the pixels that
# count. The test that matters: whatever the network says about an ignored
# pixel, the loss must not move.

# %%
p = probabilities(networks["with skips"], turned_films)
counts = turned_masks != 255
truth_p = np.where(turned_masks == 1, p, 1 - p)
by_hand = np.mean([-np.log(t[c]).mean() for t, c in zip(truth_p.clip(1e-7, 1), counts)])
loss = losses.CrossEntropy(ignore_index=255)
scrambled = np.where(counts, p, 1 - p)
print(f"by hand {by_hand:.5f}, cvlib {float(loss(turned_masks, p)):.5f}")
assert np.isclose(by_hand, float(loss(turned_masks, p)), atol=1e-4)
assert np.isclose(
    float(loss(turned_masks, scrambled)), float(loss(turned_masks, p)), atol=1e-6
)
dices = [
    metrics.per_image(
        turned_masks, metrics.to_labels(each), 2, ignore_index=255
    ).dice_1.mean()
    for each in (p, scrambled)
]
assert dices[0] == dices[1]

# %% [markdown]
# Forget `ignore_index` and `metrics` refuses, because 255 is no class. A framework that does not refuse would train on
# it, as background or worse: check yours once, by scrambling what it should ignore.

# %% [markdown]
# ## 12 · ASPP and DeepLabV3+, in brief
#
# The **DeepLab** family follows the way of section 6: an ImageNet classifier whose last strides are taken away, so that
# its maps stay at 1/16 or 1/8, and on top of it *atrous spatial pyramid pooling*, **ASPP**: the same map seen through
# several rates at once, 1 × 1 for the near, 3 × 3 at rates 6, 12 and 18 for further and further, and the mean of the
# whole map for all there is. Things come in all sizes; one of the branches will fit.

# %%
maps = keras.Input((32, 32, 48))
branches = [layers.Conv2D(16, 1, name="near")(maps)]
for rate in (6, 12, 18):
    branches.append(
        layers.Conv2D(16, 3, padding="same", dilation_rate=rate, name=f"rate{rate}")(
            maps
        )
    )
mean = layers.GlobalAveragePooling2D(keepdims=True)(maps)
mean = layers.Conv2D(16, 1, name="whole")(mean)
branches.append(layers.UpSampling2D(32)(mean))
aspp = keras.Model(maps, layers.Concatenate()(branches), name="aspp")
for name in ("near", "rate6", "rate12", "rate18", "whole"):
    layer = aspp.get_layer(name)
    reach = (layer.kernel_size[0] - 1) * layer.dilation_rate[0] + 1
    print(
        f"{name:7s} sees {'all' if name == 'whole' else reach:>3} cells along an axis",
        end=", ",
    )
    print(f"{layer.count_params():,} parameters")

# %% [markdown]
# Why the mean of the whole map? Would not a larger rate do? Count how many of the nine taps of a 3 × 3 kernel fall
# *inside* a map of 16 × 16 (a picture of 256 at stride 16), on average over its cells:

# %%
inside = {}
for rate in (1, 6, 12, 18):
    cells = np.arange(16)
    valid = sum(
        (cells + tap * rate >= 0) & (cells + tap * rate < 16) for tap in (-1, 0, 1)
    )
    inside[rate] = np.outer(valid, valid).mean()
    print(f"rate {rate:2d}: {inside[rate]:.1f} of 9 taps")
assert inside[18] == 1

# %% [markdown]
# At rate 18 only the middle tap is left: on a small map the 3 × 3 convolution has become a 1 × 1 (Chen et al., 2017, show
# it in their figure 4). Rates must suit the size of the map, and the view of the whole must come from somewhere else.
#
# **DeepLabV3+** adds what we have learned in section 8: one skip. The ASPP's result is enlarged four times, joined with a
# map from stride 4 of the encoder (thinned to 48 channels, so that it does not outvote the rest), passed through two
# 3 × 3 convolutions, and enlarged four times more.
#
# | | sees far by | draws sharply by | starts from |
# |---|---|---|---|
# | FCN-8s | stride 32 | two skips, added | ImageNet |
# | U-Net | stride 16 | a skip at every level, concatenated | nothing, usually |
# | DeepLabV3+ | dilation and ASPP | one skip at stride 4 | ImageNet |

# %% [markdown]
# ## What next
#
# * **`ast05_segmentation`** is graded: transposed and atrous convolution by hand, receptive fields, a U-Net block, Dice
#   and IoU, a loss with `ignore_index`. You have seen each of them here.
# * **Lesson 15** is the project: DeepLabV3+ built block by block, trained on the chest films, measured against a U-Net and
#   against what two human annotators agree on.
#
# ## Summary
#
# * A mask is a class for each pixel; labels are never blended.
# * A dense layer is a convolution as large as its map: a classifier slides over a picture for free.
# * Down for *what*, up for *where*: skips or dilation bring the detail back. Watch for checkerboards and grids.
# * Pixel accuracy counts background. Report IoU or Dice, with a distance, for each film.
# * Dice helps with rare things, mostly by the threshold; the sum with cross-entropy is a safe start.
#
# ## Further reading
#
# * J. Long, E. Shelhamer, T. Darrell, *Fully Convolutional Networks for Semantic Segmentation*, CVPR 2015.
# * O. Ronneberger, P. Fischer, T. Brox, *U-Net: Convolutional Networks for Biomedical Image Segmentation*, MICCAI 2015.
# * V. Badrinarayanan, A. Kendall, R. Cipolla, *SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
#   Segmentation*, IEEE TPAMI 39(12), 2017.
# * A. Odena, V. Dumoulin, C. Olah, *Deconvolution and Checkerboard Artifacts*, Distill, 2016.
# * F. Yu, V. Koltun, *Multi-Scale Context Aggregation by Dilated Convolutions*, ICLR 2016.
# * P. Wang et al., *Understanding Convolution for Semantic Segmentation*, WACV 2018 (gridding).
# * L.-C. Chen, G. Papandreou, F. Schroff, H. Adam, *Rethinking Atrous Convolution for Semantic Image Segmentation*, 2017.
# * L.-C. Chen et al., *Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation*, ECCV 2018.
# * F. Milletari, N. Navab, S.-A. Ahmadi, *V-Net*, 3DV 2016 (the Dice loss).
# * Z. C. Lipton, C. Elkan, B. Naryanaswamy, *Optimal Thresholding of Classifiers to Maximize F1 Measure*, ECML PKDD 2014
#   (the threshold at half the best F1, which is Dice).
# * L. Maier-Hein et al., *Metrics Reloaded: Recommendations for Image Analysis Validation*, Nature Methods 21, 2024.
