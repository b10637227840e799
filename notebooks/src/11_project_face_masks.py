# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 11 · Project: face masks
#
# **A camera at a hospital's door should say who wears a mask. You have some hundred pictures and an hour. How good can
# it get, and how would you know that it looks at the mask and not at the hair?**
#
# This is a whole project, from a folder of files to a decision you can defend. The assignment after it has the same
# shape.
#
# **You will be able to** load a folder of pictures in batches · augment them on the fly · build and compare networks ·
# judge them on unseen pictures, with an honest margin · see what they look at, and test whether that is true.
#
# **You need** lessons 05 (augmentation), 09 (transfer learning) and 10 (what CNNs learn).
#
# **Time** 75 minutes of reading and exercises. Running it takes one to two minutes on four CPU cores in fast mode.
#
# **It prepares** `mp1_face_masks`.

# %%
import cvlib

run = cvlib.setup(seed=0)

import time

import keras
import numpy as np
import pandas as pd

from cvlib import check, datasets, explain, metrics, viz
from cvlib.models import SmallCNN, transfer

# %% [markdown]
# Before any code, the rules of the project. They are written down first, so that no result can bend them:
#
# 1. The task is yes or no: is a mask worn, `with_mask` or `without_mask`? One below the nose still counts as worn.
# 2. We choose between networks by the **validation** split. The **test** split is opened once, in part 5.
# 3. The rivals are a blind guess and a straight line through the pixels. A network that beats neither is not worth its
#    electricity.

# %% [markdown]
# ## 1 · Load the folder
#
# `datasets.load` fetches the photographs once and checks every file. Where they cannot be reached, it draws simulated
# faces instead and says so. This page was built with the simulated ones; everything below works for both.

# %%
faces = datasets.load("face_mask")
print(f"{len(faces)} pictures ({faces.source}), classes {', '.join(faces.class_names)}")
faces.frame.groupby(["split", "label"]).size().unstack()

# %% [markdown]
# Look before you train. One call draws what one should know of a folder of pictures.

# %%
viz.show(
    viz.explore(faces),
    alt="Bars of images per class and split; widths against heights; file formats; brightness of both classes; "
    "two rows of sample faces, with and without masks.",
)

# %% [markdown]
# Read it like a detective: could a network *cheat*? If one class were brighter, larger or of another file format, it
# would learn that, and be useless at the door. In the simulated faces both classes lie on each other in every panel.
# In the photographs they do not quite: the masked faces come in more sizes, and more of them are bright. Resizing
# removes the first clue; whether a network lives on the second, part 7 tests.
#
# In the samples, look for what makes the task hard: beards, hands, scarves, cups.
#
# One more way to fool oneself: the same picture in two splits. A network then remembers instead of recognising.

# %%
from cvlib.data import splits

pieces = ["validation", "test"]
held_out = faces.frame[faces.frame["split"].isin(pieces)]
leaks = splits.find_leaks(held_out, faces.directory)
print(f"{len(leaks)} pictures stand in both validation and test")
assert len(leaks) == 0

# %% [markdown]
# Now the pipeline. A generator reads files in batches, resizes them and pairs them with a number for their folder. A
# thousand pictures would fit into memory; a million would not, and the code would be the same.

# %%
SIDE = run.pick(fast=64, full=128)
plain = cvlib.ImageDataGenerator()


def batches(split, generator=plain, side=SIDE, shuffle=False):
    return generator.flow_from_directory(
        faces.directory / split,
        target_size=(side, side),
        class_mode="sparse",
        interpolation="bilinear",
        shuffle=shuffle,
        seed=0,
    )


validation = batches("validation")
images, labels = validation[0]
print(images.shape, images.dtype, "values", images.min(), "to", images.max())
print(validation.class_indices)

# %% [markdown]
# The values stay in 0…255: our networks rescale inside, so that nobody who uses one later can forget it.

# %% [markdown]
# ## 2 · Augment on the fly
#
# A mask seen from a little to the left is still a mask. Such changes cost nothing and give the network a new picture
# each time it looks. Which changes are allowed is a question about the *world*, not about the library: ask of each
# whether it can change the right answer, and whether the camera could ever see it.

# %%
augmenting = cvlib.ImageDataGenerator(
    rotation_range=10,
    width_shift_range=0.06,
    height_shift_range=0.06,
    zoom_range=0.1,
    horizontal_flip=True,
    brightness_range=(0.85, 1.15),
)
face = np.repeat(images[3:4], 16, axis=0)
changed = augmenting.flow(face, batch_size=16, shuffle=False, seed=0)[0]
viz.show(
    viz.grid(changed, columns=8, size=1.1),
    alt="One face sixteen times: turned, shifted, zoomed, mirrored, lighter and darker, always recognisable.",
)

# %% [markdown]
# Sixteen pictures from one, and you would label each the same. Nothing is stored: the next epoch draws new ones.

# %% [markdown]
# ### Exercise 1
#
# Which of these would *hurt* here? Answer with a letter.
#
# * (a) `horizontal_flip=True`
# * (b) `rotation_range=5`
# * (c) `height_shift_range=0.5`
# * (d) `channel_shift_range=10`

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda letter: letter.strip("() ").lower() == "c",
    hint={
        "a": "A mirrored face is as likely as the face, and the mask stays.",
        "b": "Five degrees: people tilt their heads by more.",
        "d": "Ten grey levels of 255: less than a passing cloud.",
        "otherwise": "For which of them may the mask leave the picture while the label stays?",
    },
)

# %% [markdown]
# ## 3 · Build networks
#
# First the rivals. A blind guess names the more frequent class. A *logistic regression* draws one straight line
# through all pixels: it can say "blue at the bottom means mask", and no more.

# %%
from sklearn.linear_model import LogisticRegression


def read_all(split, side=SIDE):
    flow = batches(split, side=side)
    pixels = np.concatenate([flow[index][0] for index in range(len(flow))])
    return pixels, flow.classes


tiny, tiny_labels = read_all("train", 32)
unseen, truth = read_all("validation", 32)
guess = max(np.mean(truth == 0), np.mean(truth == 1))
line = LogisticRegression(C=1e-3, max_iter=200)
line.fit(tiny.reshape(len(tiny), -1) / 255, tiny_labels)
line_accuracy = line.score(unseen.reshape(len(unseen), -1) / 255, truth)
print(f"on validation: blind guess {guess:.1%}, straight line {line_accuracy:.1%}")

# %% [markdown]
# The line beats the guess, so colours do tell something. They do not tell enough.
#
# Now a network: four blocks of convolution, normalisation, ReLU and pooling, then the mean of each map, then a
# decision. We give it a fixed budget of pictures to look at, so that small and large folders take the same time.

# %%
train_size = len(faces.split("train"))
BUDGET = run.pick(fast=12_000, full=120_000)
EPOCHS = round(BUDGET / train_size)


def small_cnn(name):
    filters = run.pick(fast=(16, 32, 64, 64), full=(32, 64, 128, 128))
    model = SmallCNN((SIDE, SIDE, 3), classes=2, filters=filters, name=name)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, EPOCHS * -(-train_size // 32))
    model.compile(
        keras.optimizers.Adam(rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


print(f"{small_cnn('sizes').count_params():,} parameters, {EPOCHS} epochs")

# %% [markdown]
# The step size falls along a cosine: large steps first, small ones to settle. We train it twice, without and with
# augmentation. **Predict:** which of the two will be better on the pictures it trains on? Which on the others?

# %%
candidates, histories, seconds = {}, {}, {}
for name, generator in {"plain": plain, "augmented": augmenting}.items():
    keras.utils.set_random_seed(0)
    candidates[name] = small_cnn(name)
    begun = time.perf_counter()
    histories[name] = candidates[name].fit(
        batches("train", generator, shuffle=True),
        validation_data=validation,
        epochs=EPOCHS,
        callbacks=[run.checkpoint(f"lesson11-{name}")],
        verbose=0,
    )
    seconds[name] = time.perf_counter() - begun

# %%
for name, history in histories.items():
    viz.show(
        viz.curves(history),
        alt=f"Loss and accuracy over the epochs, training and validation, {name}.",
    )

# %% [markdown]
# The first pair is without augmentation, the second with. Look at the *gap* between the solid and the dashed line, not
# at their height. Without augmentation the network comes to know its training pictures by heart; with it, training is
# harder, because it never sees the same picture twice.

# %%
rows = {
    name: {
        "training": history.history["accuracy"][-1],
        "validation": history.history["val_accuracy"][-1],
    }
    for name, history in histories.items()
}
scores = pd.DataFrame(rows).T
scores["gap"] = scores["training"] - scores["validation"]
scores.round(3)

# %% [markdown]
# By rule 2 the better one on validation goes on. Where they are equal we take the augmented one: it has seen more of
# what the camera may send.

# %%
chosen = "augmented"
if scores.loc["plain", "validation"] > scores.loc["augmented", "validation"]:
    chosen = "plain"
cnn = candidates[chosen]
best = scores.loc[chosen, "validation"]
print(f"We go on with the {chosen} network: {best:.1%} on {len(truth)} faces.")
assert best > max(guess, line_accuracy), "the network should beat both rivals"

# %% [markdown]
# ## 4 · Stand on a trained network
#
# Our network has seen some hundred faces. MobileNetV2 has seen 1.3 million photographs, sorted into a thousand kinds of
# things. It knows no masks, but it knows edges, cloth and skin. We let it turn each picture into 1,280 numbers, once,
# and train only a decision on top: a logistic regression (lesson 09; `transfer.fit_head` does the same with a Keras
# layer).

# %%
extractor = transfer.feature_extractor(
    "MobileNetV2", (96, 96, 3), alpha=0.35, weights="auto"
)
source = extractor.model.weights_source
rival = "pretrained + head" if source == "imagenet" else "random features + head"
begun = time.perf_counter()
features, feature_labels = extractor(batches("train", side=96), verbose=0)
print(f"weights: {source}; features {features.shape}")

# %% [markdown]
# If that line says `random`, ImageNet's weights could not be fetched, and what follows is a network that has seen
# *nothing*: take its row as a third rival, not as transfer learning.
#
# A pretrained network should need few labels. We give the decision 20, 100, and then all, and compare on validation.

# %%
from cvlib.models.transfer.sklearn_heads import make_head

held_features, held_labels = extractor(batches("validation", side=96), verbose=0)
order = np.random.default_rng(0).permutation(len(features))
curve = {}
for count in (20, 100, len(features)):
    few = order[:count]
    head = make_head("logistic_regression").fit(features[few], feature_labels[few])
    curve[count] = head.score(held_features, held_labels)
seconds["pretrained"] = time.perf_counter() - begun
pd.Series(curve, name="validation accuracy").rename_axis("labels").round(3)

# %% [markdown]
# Set the first row beside the validation accuracy of our own network, which has used *all* labels. Photographs of
# faces are close to what MobileNetV2 grew up with, drawings are not: expect it to shine on the real pictures more than
# on the simulated ones.

# %% [markdown]
# ## 5 · Open the test set, once
#
# Both networks are final now. We run them on the same faces, which neither they nor we have used for anything.

# %%
test_images, test_labels = read_all("test")
probabilities = {"small CNN": cnn.predict(test_images, verbose=0)}
test_features, _ = extractor(batches("test", side=96), verbose=0)
probabilities[rival] = head.predict_proba(test_features)
right = {
    name: values.argmax(1) == test_labels for name, values in probabilities.items()
}

# %% [markdown]
# An accuracy from a few hundred pictures is itself a guess at the true one. **Wilson's interval** says between which
# values the true accuracy lies, in 95 of 100 such projects:
#
# $$\frac{p + \frac{z^2}{2n} \pm z\sqrt{\frac{p(1-p)}{n} + \frac{z^2}{4n^2}}}{1 + \frac{z^2}{n}}, \qquad z = 1.96$$


# %%
def wilson(p, n, z=1.96):
    middle = p + z**2 / (2 * n)
    reach = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (middle - reach) / (1 + z**2 / n), (middle + reach) / (1 + z**2 / n)


table = pd.DataFrame(index=probabilities)
for name, hits in right.items():
    low, high = wilson(hits.mean(), len(hits))
    table.loc[name, ["accuracy", "from", "to"]] = hits.mean(), low, high
    table.loc[name, "AUC"] = metrics.classification.auc(
        test_labels, probabilities[name]
    )
table["seconds to train"] = [seconds[chosen], seconds["pretrained"]]
table["parameters"] = [cnn.count_params(), extractor.model.count_params() + 1281]
table.round(3)

# %% [markdown]
# If the two intervals overlap, that alone does not make them equal: both saw the *same* faces. So count only the faces
# on which they disagree. If neither were better, each disagreement would be the toss of a coin.

# %%
from scipy.stats import binomtest

ours, theirs = right.values()
ours_alone, theirs_alone = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
disagree = ours_alone + theirs_alone
chance = binomtest(ours_alone, disagree).pvalue if disagree else 1.0
better = "small CNN" if ours_alone > theirs_alone else rival
odds = f"{chance:.2%}" if chance >= 0.0001 else "less than 0.01%"
print(f"right alone: small CNN on {ours_alone} faces, {rival} on {theirs_alone}")
if chance < 0.05:
    print(f"{better} is better; a coin would part them as far in {odds} of such tests.")
else:
    print(f"No winner: a coin would part them as far in {odds} of such tests.")

# %% [markdown]
# That sentence is the honest result of the comparison. Write it into your report as it stands, with the number of
# faces, the labels used, and the time.
#
# Accuracy hides *which* mistakes are made. Two figures show it.

# %%
matrix = metrics.classification.confusion_matrix(
    test_labels, probabilities["small CNN"].argmax(1)
)
viz.show(
    viz.confusion(matrix, faces.class_names),
    alt="Confusion matrix of the small network: most faces lie on the diagonal.",
)

# %%
curves = {
    name: metrics.classification.roc(test_labels, values[:, 1])
    for name, values in probabilities.items()
}
viz.show(
    viz.roc(curves),
    alt="ROC curves of both networks, near the upper left corner, far from the diagonal of guessing.",
)

# %% [markdown]
# Each point of a ROC curve is a *threshold*: how sure the network must be before it says `without_mask`. At the door,
# letting an unmasked visitor in is worse than asking a masked one to look up, so you would choose a point far up.

# %% [markdown]
# ### Exercise 2
#
# A colleague's network gives this matrix (rows: truth, columns: prediction; first `with_mask`, then `without_mask`):
#
# | | with | without |
# |---|---|---|
# | **with** | 96 | 4 |
# | **without** | 12 | 88 |
#
# What share of the people *without* a mask does it catch?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda share: abs(share - 0.88) < 0.001,
    hint={
        0.96: "That is the share of *masked* people it gets right.",
        0.92: "That is the accuracy over both classes.",
        88 / 92: "That is precision: of those it stops, how many have no mask.",
        88: "As a share, please: a number between 0 and 1.",
        "otherwise": "Stay in the row of the people without a mask.",
    },
)

# %% [markdown]
# ### Exercise 3
#
# Choose the threshold for the door, on *validation*. `p_bare` is the network's probability of `without_mask`, and
# `bare` says who truly wears none. Find a threshold that catches at least 95 % of the bare faces with as few false
# alarms as you can. (A loop over `np.linspace(0, 1, 101)` will do.)

# %%
p_bare = cnn.predict(validation, verbose=0)[:, 1]
bare = validation.classes == 1
answer = ...


# %%
def caught(threshold):
    return np.mean(p_bare[bare] >= threshold)


def alarms(threshold):
    return np.mean(p_bare[~bare] >= threshold)


grid = np.linspace(0, 1, 101)
fewest = min(alarms(t) for t in grid if caught(t) >= 0.95)
check.answer(
    answer,
    lambda t: caught(t) >= 0.95 and alarms(t) <= fewest + 0.021,
    hint={
        (lambda t: caught(t) < 0.95): "That one misses too many bare faces.",
        "otherwise": "It catches enough, and alarms more often than it must.",
    },
)

# %% [markdown]
# ## 6 · Look at the mistakes
#
# Numbers say how often. Pictures say why. The rows show where the small network is right and sure, right by a hair,
# **wrong and sure**, and wrong by a hair.

# %%
viz.show(
    viz.certain(
        test_images, test_labels, probabilities["small CNN"], faces.class_names
    ),
    alt="Four rows of test faces: right and certain, right and uncertain, wrong and certain, wrong and uncertain.",
)

# %% [markdown]
# The third row is the one to learn from. Say for each face what the network may have taken for what. Something in front
# of the mouth, a mask near to the skin's colour, a dark or blurred picture? A label that is itself doubtful? Each of
# these asks for another cure: more such pictures, other augmentation, a better camera, a clearer rule.

# %% [markdown]
# ## 7 · What does it look at?
#
# Two ways to look inside (lesson 10). First the **feature maps**: what the first and the last block make of one face.

# %%
sure = metrics.classification.most_certain(
    test_labels, probabilities["small CNN"], count=1
)
early, late = explain.feature_maps(
    cnn, test_images[sure], ["block1_relu", "block4_relu"]
)
viz.show(
    viz.feature_maps(early[0], heading=f"block 1: {early.shape[1]} × {early.shape[2]}"),
    alt="Sixteen maps of the first block: outlines and areas of one colour; the face is easy to recognise.",
)
viz.show(
    viz.feature_maps(late[0], heading=f"block 4: {late.shape[1]} × {late.shape[2]}"),
    alt="Sixteen coarse maps of the last block: a few bright cells each; the face cannot be recognised.",
)

# %% [markdown]
# The first block draws edges and colours, and you still recognise the face. In the last one a map has few cells, and
# a bright cell says "here is something that I look for". Which of them count for the decision?
#
# **Grad-CAM** weighs each map by how much the decision would change with it, and adds them up. Yellow is where the
# evidence lies. Above: faces on which the network is right and sure. Below: those on which it is wrong, as far as
# there are any.

# %%
hits = metrics.classification.most_certain(
    test_labels, probabilities["small CNN"], count=8
)
misses = metrics.classification.most_certain(
    test_labels, probabilities["small CNN"], right=False, count=8
)
shown = np.concatenate([hits, misses])
heat = explain.GradCAM(cnn)(test_images[shown])
says = [
    faces.class_names[index] for index in probabilities["small CNN"][shown].argmax(1)
]
viz.show(
    viz.heatmap(test_images[shown], heat, titles=says, columns=8, size=1.25),
    alt="Faces, and the same with heat over them; right ones above, wrong ones below, titled with what the network "
    "says.",
)

# %% [markdown]
# A map like this is easy to believe, and it can mislead: it shows where evidence was *computed*, eight by eight cells,
# blurred. So test it. If the network truly needs a region, it must fail when the region is covered. We slide a grey
# square over all test faces, place by place, and note how much probability the right class loses.

# %%
CELLS = 6
step = SIDE // CELLS
subset = test_images[:: max(1, len(test_images) // 200)]
subset_labels = test_labels[:: max(1, len(test_images) // 200)]
rows = np.arange(len(subset))
before = cnn.predict(subset, verbose=0)[rows, subset_labels]
loss = np.zeros((CELLS, CELLS))
for i, j in np.ndindex(CELLS, CELLS):
    covered = subset.copy()
    covered[:, i * step : (i + 1) * step, j * step : (j + 1) * step] = 128
    loss[i, j] = np.mean(before - cnn.predict(covered, verbose=0)[rows, subset_labels])

# %%
mean_face = subset.mean(0)
mean_heat = explain.GradCAM(cnn)(subset).mean(0)
mean_heat /= mean_heat.max()
occlusion = np.zeros((SIDE, SIDE))
occlusion[: CELLS * step, : CELLS * step] = np.kron(loss, np.ones((step, step)))
occlusion = np.clip(occlusion / occlusion.max(), 0, 1)
viz.show(
    viz.heatmap(
        [mean_face, mean_face],
        np.stack([mean_heat, occlusion]),
        titles=["mean Grad-CAM", "loss when covered"],
        size=2.4,
    ),
    alt="The mean face twice: the mean of all Grad-CAM maps, and where covering a square costs most.",
)
lower = loss[CELLS // 2 :].clip(0).sum() / loss.clip(0).sum()
print(f"{lower:.0%} of the loss comes from the lower half of the picture")

# %% [markdown]
# The left picture says where the network looks, the right one where it *needs* to look. Where both are bright, you may
# believe the map: that is where noses, mouths and masks are. Where only the left one is bright, it looks without need.
# Had hair or background been bright on the right, you would have caught it cheating.

# %% [markdown]
# ## 8 · Hand it over
#
# A project ends with something that others can use: one file, from pixels in 0…255 to a probability. Load it again,
# and check that it says the same.

# %%
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "faces.keras"
    cnn.save(file)
    again = keras.models.load_model(file)
    np.testing.assert_allclose(
        again.predict(test_images[:32], verbose=0),
        probabilities["small CNN"][:32],
        atol=1e-5,
    )
    print(f"{file.stat().st_size / 1024:.0f} KB, and the same answers")

# %% [markdown]
# With it goes a note of what it cannot do. It has seen faces from near and from the front, one to a picture. It says
# `with_mask` also where the mask hangs below the nose. Nobody has counted yet whether it errs more often for some
# skins, ages or headwear than for others: with a label for these in the table, `frame.groupby` does it in one line,
# and before a camera hangs at a door, somebody must.

# %% [markdown]
# ## Summary
#
# * Write the rules first: task, rivals, which split decides, when the test set is opened.
# * Augment by what the camera could see and what keeps the label; watch the gap, not the height.
# * Report an accuracy with its interval, and compare two networks on the faces on which they disagree.
# * A pretrained network saves labels where its pictures resemble yours.
# * Grad-CAM shows where evidence is computed; covering the region tests it.
#
# ## Further reading
#
# * R. R. Selvaraju et al., *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization*, ICCV 2017.
# * M. D. Zeiler, R. Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014, section 4.2 (occlusion).
# * M. Sandler et al., *MobileNetV2: Inverted Residuals and Linear Bottlenecks*, CVPR 2018.
# * E. B. Wilson, *Probable Inference, the Law of Succession, and Statistical Inference*, Journal of the American
#   Statistical Association 22, 1927.
# * T. G. Dietterich, *Approximate Statistical Tests for Comparing Supervised Classification Learning Algorithms*, Neural
#   Computation 10, 1998.
# * J. Buolamwini, T. Gebru, *Gender Shades: Intersectional Accuracy Disparities in Commercial Gender Classification*,
#   FAT* 2018.
