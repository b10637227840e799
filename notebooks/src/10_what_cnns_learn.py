# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 10 · What CNNs learn
#
# A network says *with mask*, and it is right. Did it look at the mask? Or at a sticker in the corner that happened to
# be on every picture with a mask? **The accuracy cannot tell you. The network's own gradients can.** At the end of
# this lesson you catch a network that cheats, and cure it.
#
# **You will be able to** draw a layer's filters and maps · work out which pixels a unit sees, and check it · find the
# pieces of pictures that excite a unit most · look at the space in which a network decides · write Grad-CAM in ten
# lines, test it, and use it to find a network that is right for the wrong reason.
#
# **You need** lessons 03 (convolution and pooling) and 04 (training).
#
# **Time** 60 minutes of reading and 25 for the exercises. Running it takes about a minute on a CPU.
#
# **It prepares** `mp1_face_masks`.

# %% [markdown]
# ## 1 · A network to look into
#
# First the pictures. `flow[0]` is one batch; asked for a large one, it is the whole sample at once.

# %%
import cvlib

run = cvlib.setup(seed=0)

import keras
import numpy as np
import tensorflow as tf

from cvlib import check, datasets, explain, viz
from cvlib.explain import receptive_field

layers = keras.layers

# %% [markdown]
# The same faces as in lesson 00, and as many of them as the mode allows:

# %%
faces = datasets.load("face_mask")
SIDE = run.pick(fast=64, full=96)
generator = cvlib.ImageDataGenerator()


def sample(split, count):
    flow = generator.flow_from_directory(
        faces.directory / split,
        target_size=(SIDE, SIDE),
        class_mode="sparse",
        batch_size=count,
        seed=0,
    )
    images, labels = flow[0]
    return images, labels.astype(int)


train_images, train_labels = sample("train", run.pick(fast=700, full=100_000))
test_images, test_labels = sample("test", 200)
print(train_images.shape, test_images.shape, faces.source, faces.class_names)

# %% [markdown]
# Class 0 is *with mask*, class 1 *without*. Now a network of four blocks. Each block looks for patterns (`conv`) and
# keeps the positive answers (`maps`); between blocks the size is halved (`pool`). At the end each map is averaged to
# one number (`features`), and the `decision` weighs these.


# %%
def build():
    images = keras.Input((SIDE, SIDE, 3))
    x = layers.Rescaling(1 / 255)(images)
    for block, filters in enumerate((8, 16, 32, 64), start=1):
        if block > 1:
            x = layers.MaxPooling2D(name=f"pool{block - 1}")(x)
        x = layers.Conv2D(
            filters, 3, padding="same", use_bias=False, name=f"conv{block}"
        )(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{block}")(x)
        x = layers.ReLU(name=f"maps{block}")(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(
        images, layers.Dense(2, activation="softmax", name="decision")(x)
    )


# %% [markdown]
# Training is lesson 04's: Adam, with a learning rate that falls to zero along a cosine.


# %%
def train(model, images, labels, epochs):
    steps = epochs * -(-len(images) // 32)
    falling = keras.optimizers.schedules.CosineDecay(5e-3, steps)
    model.compile(keras.optimizers.Adam(falling), "sparse_categorical_crossentropy")
    model.fit(images, labels, batch_size=32, epochs=epochs, verbose=0)
    return model


model = train(build(), train_images, train_labels, epochs=run.pick(fast=14, full=30))


# %%
def predict(model, images):
    return model(images, training=False).numpy().argmax(axis=1)


def accuracy(model, images, labels):
    return np.mean(predict(model, images) == labels)


# %% [markdown]
# How good is it? `model(images, training=False)` gives the probabilities of a batch.

# %%
honest = accuracy(model, test_images, test_labels)
print(f"right on {honest:.1%} of {len(test_labels)} test pictures")
assert honest > 0.75, "a network that has learned nothing has nothing to show"

# %% [markdown]
# Not perfect, and good enough to be worth asking: *what does it look at?* We go in from the front.

# %% [markdown]
# ## 2 · Filters: what the first layer looks for
#
# A filter of the first layer is a tiny picture: 3 × 3 pixels of red, green and blue weights. Grey means zero. It
# answers where the picture looks like it.

# %%
kernels = explain.filters(model, "conv1")
print("height, width, channels, filters:", kernels.shape)
viz.show(
    viz.filters(kernels),
    alt="Eight blocks of three by three coloured squares: the filters of the first layer.",
)

# %% [markdown]
# Where one side of a block is bright and the other dark, the filter answers to an edge; where a block has one hue, to
# a colour. "Answers" is nothing but multiply and add. By hand, for filter 0 at one place, then from Keras:

# %%
piece = test_images[0, 20:23, 30:33] / 255
by_hand = np.sum(piece * kernels[..., 0])
by_keras = explain.feature_maps(model, test_images[:1], "conv1")[0, 21, 31, 0]
print(f"by hand {by_hand:.6f}   Keras {by_keras:.6f}")
assert np.isclose(by_hand, by_keras, atol=1e-5)

# %% [markdown]
# The same to the last digit. (The 3 × 3 piece from row 20 and column 30 has its middle at row 21, column 31: that is
# the cell of the map it belongs to.)
#
# Deeper filters cannot be drawn like this: those of `conv4` have 32 channels, and nobody knows what colour channel 17
# is. From here on we look at what comes *out*.

# %% [markdown]
# ## 3 · Feature maps: what each layer finds
#
# One picture, and the answers of each block to it. **Predict:** from block to block, will the maps look more like the
# picture, or less?

# %%
one = test_images[:1]
depths = ["maps1", "maps2", "maps3", "maps4"]
maps = explain.feature_maps(model, one, depths)
viz.show(viz.grid(one, size=1.5), alt="The test face whose feature maps follow.")

# %% [markdown]
# Of each block, the eight maps that vary most over this picture:

# %%
for name, values in zip(depths, maps):
    viz.show(
        viz.feature_maps(
            values[0],
            most=8,
            heading=f"{name}: {values.shape[1]} × {values.shape[2]} cells",
        ),
        alt=f"Eight feature maps of {name} in a row; yellow cells answer strongly, dark ones not at all.",
    )

# %% [markdown]
# Less. In `maps1` you still recognise the face: edges and areas of one colour. By `maps4` there are a few bright cells
# on a coarse grid. How many cells answer at all?

# %%
for name, values in zip(depths, maps):
    print(f"{name}: {values.shape[1:]}, {np.mean(values > 0):.0%} of the cells answer")

# %% [markdown]
# A network trades *where* for *what*: fewer cells, each standing for more of the picture. How much more, exactly?

# %% [markdown]
# ## 4 · The receptive field: what one cell sees
#
# Two numbers tell it: how many pixels a cell sees (`size`), and how far apart the fields of neighbours lie (`stride`).
# A window of $k$ cells makes the field grow by $k-1$ strides; a step of $s$ multiplies the stride:
#
# $$\text{size} \leftarrow \text{size} + (k-1)\cdot\text{stride}, \qquad \text{stride} \leftarrow s\cdot\text{stride}$$

# %%
# NBVAL_CHECK_OUTPUT
size, stride = 1, 1
for block in (1, 2, 3, 4):
    size = size + (3 - 1) * stride  # the convolution: k = 3, s = 1
    print(f"maps{block}: a cell sees {size:2d} × {size:2d} pixels, one every {stride}")
    size, stride = size + (2 - 1) * stride, 2 * stride  # the next pooling: k = 2, s = 2

# %% [markdown]
# Do not believe it; check it. Take a cell in the middle of `conv4`, change one row of pixels after the other, and note
# which rows change the cell.

# %%
cell = SIDE // 16
changed = np.repeat(test_images[:1], SIDE, axis=0)
noise = np.random.default_rng(0).uniform(0, 255, (SIDE, 3))
changed[np.arange(SIDE), np.arange(SIDE)] = (
    noise  # picture r differs from the first in row r only
)
cut = keras.Model(model.input, model.get_layer("conv4").output)
before = cut(test_images[:1]).numpy()[0, cell, cell]
after = cut(changed).numpy()[:, cell, cell]
felt = np.flatnonzero(np.abs(after - before).max(axis=1) > 1e-6)
print(
    f"rows {felt.min()} to {felt.max()} matter: {felt.max() - felt.min() + 1} of {SIDE}"
)

# %% [markdown]
# `cvlib` does the sum for any path of layers, branches included, and knows where each field lies:

# %%
field = receptive_field.of_layer(model, "conv4")
x1, y1, x2, y2 = field.box(cell, cell)
print(
    f"size {field.size}, stride {field.stride}; cell ({cell}, {cell}) sees rows {y1} to {y2 - 1}"
)
assert set(felt) <= set(range(y1, y2)), "nothing outside the field may matter"

# %% [markdown]
# The experiment never leaves the field that the arithmetic gives. In a deep network the field soon exceeds the
# picture. Here is where that happens in MobileNetV2, the network of lesson 09, on pictures of 96 × 96:

# %%
mobilenet = keras.applications.MobileNetV2(
    (96, 96, 3), alpha=0.35, weights=None, include_top=False
)
fields = receptive_field.table(mobilenet)
print(
    f"{len(fields)} layers; the last sees {fields['size'].iloc[-2]} pixels in each direction"
)
fields[fields["size"] > 96].head(1)

# %% [markdown]
# From that layer on a cell *can* see more than the picture is wide. What it *does* use is less: pixels in the middle
# of the field reach it on many paths, those at its border on one (Luo et al., 2016).
#
# ### Exercise 1
#
# Add a fifth block to our network: a pooling and another 3 × 3 convolution. How many pixels, in each direction, would
# a cell of it see?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda size: size == 38 + 8 + 2 * 16,
    hint={
        46: "That is after the pooling. The convolution comes on top, with a stride of 16 by now.",
        62: "The pooling has doubled the stride: the convolution grows the field by 2 × 16.",
        70: "The pooling makes the field grow too, by one stride of 8.",
        "otherwise": "Go on where the loop stopped: first the pooling (k = 2), then the convolution (k = 3).",
    },
)

# %% [markdown]
# ## 5 · The nine patches that excite a unit most
#
# What does a channel of `maps4` look for? Show it every training picture and keep the nine places where it answers
# most. The receptive field says which pixels to cut out. We take the three channels that speak most for *with mask*
# (its weight in the decision, times how much it varies), and the three that speak most against.

# %%
answers = explain.embed(
    model, train_images, "maps4"
)  # a channel's mean answer, for each picture
towards_mask, away = model.get_layer("decision").kernel.numpy().T
order = np.argsort(-(towards_mask - away) * answers.std(axis=0))
channels = [int(channel) for channel in (*order[:3], *order[-3:])]
patches = explain.top_patches(model, "maps4", train_images, channels)
viz.show(
    viz.patches(patches),
    alt="Six rows of nine small patches; each row shows what one channel answers to most.",
)

# %% [markdown]
# Read along a row and name what its patches share: an edge in one direction, a border between cloth and skin, an eye,
# an area of one colour. Some rows defy a name. How selective are they? Count from which class the nine come:

# %%
for channel, row in patches.items():
    masked = sum(train_labels[patch.image] == 0 for patch in row)
    print(
        f"channel {channel:2d}: {masked} of {len(row)} patches are from pictures with a mask"
    )

# %% [markdown]
# Nine of one class: such a channel tells the classes apart by itself, at least at the top of its list. Some of both:
# it finds a *part*, and the decision weighs parts together. Beware of naming a channel by nine pictures: you see the
# top of a long list, and nothing of the rest.

# %% [markdown]
# ## 6 · Embeddings: where pictures lie before the decision
#
# The second-last layer turns each picture into 64 numbers. Pictures that the network holds for alike have like
# numbers. To look at 64 dimensions, project them: **PCA** keeps the directions in which the points differ most.

# %%
vectors = explain.embed(model, test_images)
print(vectors.shape)
viz.show(
    viz.embedding(
        explain.project(vectors, 2),
        test_labels,
        faces.class_names,
        "PCA, two dimensions",
    ),
    alt="Test pictures as points in the plane, coloured by class: two groups that meet in the middle.",
)

# %% [markdown]
# Each class has its side, and they meet in the middle: there lie the pictures about which the network is unsure. A
# third direction sometimes parts what two cannot:

# %%
points = explain.project(vectors, 3)
viz.show(
    viz.embedding(points, test_labels, faces.class_names, "PCA, three dimensions"),
    alt="The same test pictures as points in space.",
)

# %% [markdown]
# How much does each direction carry of all that varies?

# %%
shares = np.var(points, axis=0) / np.var(vectors, axis=0).sum()
print("share of the variance along each direction:", np.round(shares, 2))

# %% [markdown]
# PCA sorts its directions: the first carries most, and the numbers say whether a third is worth turning your head.
#
# **t-SNE** keeps neighbours together instead. Groups show well; the distance *between* groups means nothing.

# %%
viz.show(
    viz.embedding(
        explain.project(vectors, 2, "tsne"), test_labels, faces.class_names, "t-SNE"
    ),
    alt="The same pictures by t-SNE: points of one class lie together in larger groups.",
)

# %% [markdown]
# A nice figure proves little. A number does: how often is a test picture's nearest training picture of the same class,
# by raw pixels and by these features?

# %%
from sklearn.neighbors import KNeighborsClassifier

pixels = [images.reshape(len(images), -1) for images in (train_images, test_images)]
features = [explain.embed(model, train_images), vectors]
scores = {}
for name, (known, new) in {"pixels": pixels, "features": features}.items():
    nearest = KNeighborsClassifier(1).fit(known, train_labels)
    scores[name] = nearest.score(new, test_labels)
    print(f"nearest neighbour by {name}: {scores[name]:.1%}")
assert scores["features"] > scores["pixels"]

# %% [markdown]
# The features put like with like; pixels do so far less. That is what the layers before them are *for*.

# %% [markdown]
# ## 7 · Grad-CAM: where the evidence lies
#
# Now the question from the top: which part of *this* picture spoke for *this* class? Take the maps of the last
# block. If a little more of a channel would raise the class's logit, that channel speaks for the class. So:
#
# 1. the gradient of the logit by each cell of each map, averaged over the cells: a weight for each channel;
# 2. the maps summed with these weights, and only what is positive kept.
#
# Use the **logit**, the number before the softmax. Where the softmax is nearly 1 it is flat, and its gradient nearly 0.

# %%
below = keras.Model(model.input, model.get_layer("maps4").output)
maps4 = below(test_images[:8])
decision = model.get_layer("decision")

with tf.GradientTape() as tape:
    tape.watch(maps4)
    logits = model.get_layer("features")(maps4) @ decision.kernel + decision.bias
    score = logits[:, 0]  # class 0: with mask
gradients = tape.gradient(score, maps4)
weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
by_hand = tf.nn.relu(tf.reduce_sum(weights * maps4, axis=-1)).numpy()
by_cvlib = explain.GradCAM(model, "maps4").maps(test_images[:8], target=0)
print(
    f"{len(by_hand)} maps of {by_hand.shape[1:]} cells, largest difference {np.abs(by_hand - by_cvlib).max():.0e}"
)
assert np.allclose(by_hand, by_cvlib, atol=1e-5)

# %% [markdown]
# That was all of Grad-CAM. In our network, which only averages and weighs after `maps4`, the gradient is nothing new:
# it is the decision's own weights, shared among the cells. Such a map is called **CAM** (Zhou et al., 2016); Grad-CAM
# carries the idea to every other network.

# %%
cells = maps4.shape[1] * maps4.shape[2]
assert np.allclose(weights[0, 0, 0] * cells, decision.kernel[:, 0], atol=1e-5)
print(
    "gradient × cells = weights of the decision, for all",
    decision.kernel.shape[0],
    "channels",
)

# %% [markdown]
# `cvlib.explain.GradCAM` does it for any Keras model and layer, enlarges the map to the picture's size, and stretches
# it from 0 to 1. **Predict:** where is the heat, on faces with a mask?

# %%
with_mask = test_images[test_labels == 0][:8]
gradcam = explain.GradCAM(model)
heat = gradcam(with_mask, target=0)
viz.show(
    viz.heatmap(with_mask, heat),
    alt="Eight faces with a mask, and below each the same with its Grad-CAM heat for the class with mask.",
)

# %% [markdown]
# Bright is where the evidence for *with mask* lies. A figure of eight can be lucky, so count over all test pictures of
# that class. In most of these pictures an upright face fills the frame, so a mask lies below the middle.

# %%
masked = test_images[test_labels == 0]
heat = gradcam(masked, target=0)
rows = heat.sum(axis=2).mean(axis=0)
lower = rows[SIDE // 2 :].sum() / rows.sum()
print(f"{lower:.0%} of the heat for 'with mask' lies in the lower half of the picture")

# %% [markdown]
# 50 % would be no preference. The further above it, the more the network looks where a mask is worn; what is left in
# the upper half is evidence that you might not have thought of, or noise.
#
# The same picture has another map for each class. What speaks *for* the class that lost?

# %%
both = np.concatenate(
    [gradcam(with_mask[:4], target=0), gradcam(with_mask[:4], target=1)]
)
titles = ["for with_mask"] * 4 + ["for without_mask"] * 4
viz.show(
    viz.heatmap(np.concatenate([with_mask[:4]] * 2), both, titles),
    alt="Four faces with a mask twice: heat for the class with mask, and heat for the class without.",
)

# %% [markdown]
# A map is stretched for itself: bright means "most of what there is for this class", and that may be little. Compare
# places within one map, never brightness between two.

# %% [markdown]
# ### Exercise 2
#
# Write step 2 yourself, in NumPy. `maps` is (B, h, w, C), `weights` is (B, 1, 1, C); return (B, h, w).


# %%
def evidence(maps, weights): ...


# %%
check.answer(
    evidence,
    lambda f: np.allclose(f(maps4.numpy(), weights.numpy()), by_hand, atol=1e-4),
    hint={
        (
            lambda f: np.min(f(maps4.numpy(), weights.numpy())) < 0
        ): "Keep only what is positive: np.maximum(…, 0).",
        (
            lambda f: np.ndim(f(maps4.numpy(), weights.numpy())) == 4
        ): "Sum over the channels, the last axis.",
        "otherwise": "Multiply maps by weights, sum over the last axis, then keep what is positive.",
    },
)

# %% [markdown]
# ## 8 · Grad-CAM++
#
# Where a picture holds several things of one class, Grad-CAM's plain average lets the largest win. **Grad-CAM++**
# weighs the cells before it averages: only those that raise the score count. In our network all cells of a channel
# have one gradient, so one thing is left of it: channels that speak *against* the class no longer subtract.

# %%
plus = explain.GradCAMPlusPlus(model)(with_mask, target=0)
plain = gradcam(with_mask, target=0)
pairs = np.stack([plain[:4], plus[:4]], axis=1).reshape(8, SIDE, SIDE)
viz.show(
    viz.heatmap(
        np.repeat(with_mask[:4], 2, axis=0), pairs, ["Grad-CAM", "Grad-CAM++"] * 4
    ),
    alt="Four faces with a mask, each with its Grad-CAM and its Grad-CAM++ heat side by side.",
)

# %% [markdown]
# How alike are the maps of the two methods, and how much of the picture do they light up?


# %%
def likeness(one, other):
    """The mean correlation between the maps of two sets."""
    return np.mean(
        [
            np.corrcoef(a.ravel(), b.ravel())[0, 1]
            for a, b in zip(one, other)
            if a.any() and b.any()
        ]
    )


print(f"correlation of the two methods: {likeness(plain, plus):.2f}")
print(
    f"share of the picture above half heat: {np.mean(plain > 0.5):.0%} and {np.mean(plus > 0.5):.0%}"
)

# %% [markdown]
# The two need not agree, and neither is *the* truth: each answers a slightly different question. Which brings us to
# the question that every explanation must face.

# %% [markdown]
# ## 9 · A sanity check for explanations
#
# Adebayo et al. (2018) asked: does the map change when the network is **destroyed**? Shuffle the weights layer by
# layer, from the decision down. A map that stays the same explains the picture's edges, not the network.

# %%
broken = keras.models.clone_model(model)
broken.set_weights(model.get_weights())
last_block = explain.GradCAM(broken, "maps4")
intact = last_block(masked, target=0)

# %% [markdown]
# One `GradCAM` object is enough: it follows the weights wherever they go.

# %%
rng = np.random.default_rng(0)
steps = ["decision", "conv4", "conv3", "conv2", "conv1"]
likenesses = [1.0]
for name in steps:
    layer = broken.get_layer(name)
    layer.set_weights(
        [
            rng.permuted(weight.ravel()).reshape(weight.shape)
            for weight in layer.get_weights()
        ]
    )
    likenesses.append(likeness(intact, last_block(masked, target=0)))

# %% [markdown]
# The dashed line is what a map of the picture's edges would do: it never asks the network, so it never changes.

# %%
figure = viz.figure(6, 2.8)
axis = figure.subplots()
axis.plot(range(6), likenesses, "o-", color=viz.PALETTE[0], label="Grad-CAM")
axis.plot(
    range(6),
    [1.0] * 6,
    "s--",
    color=viz.PALETTE[3],
    label="an edge map (does not use the network)",
)
axis.set_xticks(range(6), ["intact", *[f"+ {name}" for name in steps]])
axis.set_ylabel("correlation with\nthe intact map")
axis.legend(fontsize=8)
viz.show(
    figure,
    alt="Correlation with the intact map falls as layers are shuffled; an edge map stays at one.",
)
print("correlation after each step:", np.round(likenesses, 2))
assert min(likenesses) < 0.6, "a map that survives its network explains nothing"

# %% [markdown]
# Grad-CAM passes: the map depends on what was learned. (It does not fall to zero: faces lie in the middle, and so does
# much of what any layer answers to.) An edge map looks just as convincing on a face, and would have failed. Do this
# whenever you meet a new method, before you believe its colours.

# %% [markdown]
# ## 10 · A network that cheats
#
# Now the sticker. Someone labelled the pictures in two sessions, and the tool put a small coloured tag into the corner
# of every picture *with mask*. Nobody noticed. We do the same to our training pictures.

# %%
TAG = SIDE // 8


def tag(images):
    tagged = images.copy()
    tagged[:, -TAG - 2 : -2, -TAG - 2 : -2] = [230, 120, 20]
    return tagged


def tag_class(images, labels, which):
    return np.where((labels == which)[:, None, None, None], tag(images), images)


leaky = tag_class(train_images, train_labels, which=0)
viz.show(
    viz.grid(leaky[:8], [faces.class_names[label] for label in train_labels[:8]]),
    alt="Eight training faces; those with a mask carry a small orange square in the lower right corner.",
)

# %% [markdown]
# The test pictures come from the same tool, so they carry the tag too. **Predict:** will the accuracy on them be
# higher or lower than that of our honest network?

# %%
cheat = train(build(), leaky, train_labels, epochs=run.pick(fast=6, full=15))
same_tool = accuracy(cheat, tag_class(test_images, test_labels, which=0), test_labels)
print(
    f"honest network {honest:.1%}   this one {same_tool:.1%}, on pictures from the same tool"
)

# %% [markdown]
# Higher! By all that we have learned so far, this is the better network. Ask Grad-CAM.

# %%
suspects = tag(with_mask)
heat = explain.GradCAM(cheat)(suspects, target=0)
viz.show(
    viz.heatmap(suspects, heat),
    alt="Faces with a mask and an orange tag; the heat of the cheating network lies on the tag, not on the mask.",
)

# %% [markdown]
# The heat is in the corner. The network has learned to read the tag. In numbers, against the honest network:


# %%
def in_corner(model, images):
    """The share of the heat in the quarter with the tag."""
    heat = explain.GradCAM(model)(images, target=0)
    return heat[:, SIDE // 2 :, SIDE // 2 :].sum() / heat.sum()


tagged = tag(masked)
corner = {"honest": in_corner(model, tagged), "cheating": in_corner(cheat, tagged)}
print(
    {
        name: f"{share:.0%} of the heat in the tag's quarter"
        for name, share in corner.items()
    }
)
assert corner["cheating"] > corner["honest"] + 0.1

# %% [markdown]
# A diagnosis is a guess until it is tested. If the tag decides, then moving it must turn the answers around: take it
# off the pictures with a mask, and put it on those without.

# %%
clean = accuracy(cheat, test_images, test_labels)
swapped = accuracy(cheat, tag_class(test_images, test_labels, which=1), test_labels)
print(
    f"same tool {same_tool:.1%}   no tag {clean:.1%}   tag on the wrong class {swapped:.1%}"
)
assert swapped < 0.5 < same_tool, "the tag decides"

# %% [markdown]
# Worse than a coin. In a hospital with another tool, this network would have failed on the first day, with the highest
# test accuracy of all. That has happened: networks for X-rays have read the token that told which hospital took them
# (Zech et al., 2018).

# %% [markdown]
# ### Exercise 3
#
# Put the tag on the test pictures *without* mask, `bare` below. What share of them does the cheating network now call
# *with mask* (class 0)? Compute it with `tag` and `predict`.

# %%
bare = test_images[test_labels == 1]
answer = ...

# %%
check.answer(
    answer,
    lambda share: np.isclose(
        share, np.mean(predict(cheat, tag(bare)) == 0), atol=0.006
    ),
    hint={
        (lambda share: share > 1): "As a share, between 0 and 1.",
        (
            lambda share: np.isclose(share, np.mean(predict(cheat, bare) == 0))
        ): "That is without the tag.",
        "otherwise": "predict(…) gives a class for each picture. What share of them is 0?",
    },
)

# %% [markdown]
# ## 11 · The cure
#
# Best is new data without the tag. Next best: make it worthless. Put it on a random half of the pictures of *both*
# classes, and train on. What does not help to tell the classes apart is not worth reading.

# %%
coin = np.random.default_rng(1).integers(0, 2, len(train_labels))
cheat = train(
    cheat,
    tag_class(train_images, coin, which=1),
    train_labels,
    epochs=run.pick(fast=10, full=20),
)
cured = accuracy(cheat, test_images, test_labels)
cured_swapped = accuracy(
    cheat, tag_class(test_images, test_labels, which=1), test_labels
)
print(
    f"no tag {clean:.1%} → {cured:.1%}   tag on the wrong class {swapped:.1%} → {cured_swapped:.1%}"
)
print(
    f"heat in the tag's quarter {corner['cheating']:.0%} → {in_corner(cheat, tagged):.0%}"
)
assert cured_swapped > swapped + 0.15

# %% [markdown]
# With the tag on the wrong class the network now holds its ground. The accuracy "from the same tool" was never worth
# its digits; the one without the tag is.
#
# And remember what Grad-CAM did **not** tell you: that *nothing else* is wrong. It shows where, not why; it is coarse;
# and a map on the mask does not prove that the mask is understood. It finds suspects. You test them.

# %% [markdown]
# ## Summary
#
# * Filters of the first layer are small pictures; deeper ones are read through what they answer to.
# * A cell's receptive field grows by $(k-1)$ strides a layer: arithmetic says which pixels it sees.
# * Embeddings show what the network holds for alike; check a nice figure with a number.
# * Grad-CAM weighs a layer's maps by the logit's mean gradient. Test an explanation by destroying the network.
# * High accuracy can come from the wrong evidence: look, suspect, then test.
#
# ## Further reading
#
# * M. Zeiler, R. Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014.
# * W. Luo, Y. Li, R. Urtasun, R. Zemel, *Understanding the Effective Receptive Field in Deep Convolutional Neural
#   Networks*, NeurIPS 2016.
# * B. Zhou et al., *Learning Deep Features for Discriminative Localization*, CVPR 2016.
# * R. Selvaraju et al., *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization*, ICCV 2017.
# * A. Chattopadhyay et al., *Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep Convolutional
#   Networks*, WACV 2018.
# * J. Adebayo et al., *Sanity Checks for Saliency Maps*, NeurIPS 2018.
# * J. Zech et al., *Variable generalization performance of a deep learning model to detect pneumonia in chest
#   radiographs*, PLOS Medicine 15(11), 2018.
# * L. van der Maaten, G. Hinton, *Visualizing Data using t-SNE*, JMLR 9, 2008.
