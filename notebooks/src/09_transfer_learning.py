# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 09 · Transfer learning
#
# **You have twenty labelled pictures. A network that starts from nothing needs thousands. How can one learn from
# twenty?** By not starting from nothing: somebody has already trained a network on 1.3 million photographs, and most of
# what it learnt is not about those photographs at all.
#
# **You will be able to** use a pretrained network in three ways: as it is, as a feature extractor, fine-tuned · say
# which of them suits your data, and why · freeze and unfreeze a share of a network, and check that it obeyed ·
# recognise the two traps in which training goes wrong without a word.
#
# **You need** lesson 04 (training) and lesson 07 (what MobileNetV2 is made of).
#
# **Time** 60 minutes of reading. Running it takes one to two minutes on four CPU cores, less on a GPU.
#
# **It prepares** `ast02_transfer_learning`, and the fifth point of `mp1_face_masks`.

# %%
import cvlib

run = cvlib.setup(seed=0)

import time

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cvlib import check, datasets, viz
from cvlib.models import SmallCNN, transfer
from cvlib.train import unfreeze

# %% [markdown]
# ## 1 · The task
#
# Faces with and without a mask, as in lesson 00, with all their labels. Later we pretend to have only a few.

# %%
faces = datasets.load("face_mask")
SIDE, MOST = run.pick(fast=(128, 700), full=(224, 3000))
generator = cvlib.ImageDataGenerator()


def read(split):
    """Images (N, SIDE, SIDE, 3) in [0, 255] and labels (N,) of one split, in a shuffled but fixed order."""
    batches = generator.flow_from_directory(
        faces.directory / split,
        (SIDE, SIDE),
        class_mode="sparse",
        batch_size=100,
        seed=0,
    )
    images, labels = zip(
        *(batches[index] for index in range(min(len(batches), MOST // 100)))
    )
    return np.concatenate(images).astype("uint8"), np.concatenate(labels).astype(
        "int64"
    )


x_train, y_train = read("train")
x_validation, y_validation = read("validation")
x_test, y_test = read("test")

# %% [markdown]
# The pictures stay in [0, 255]. Every network below brings its own preprocessing *inside* the model, where nobody can
# forget it or do it twice. Why that matters: networks disagree about it.
#
# | backbone | was trained on |
# |---|---|
# | MobileNetV2, Xception, Inception, ResNet V2 | [−1, 1] |
# | DenseNet | standardised by ImageNet's mean and deviation |
# | VGG, ResNet | blue first, minus the mean, not scaled |
# | EfficientNet, MobileNetV3, ConvNeXt | [0, 255]: they rescale inside |
#
# ### Exercise 1
#
# MobileNetV2's preprocessing computes x / 127.5 − 1. Somebody divides the pictures by 255 first, out of habit. Which
# value does a *white* pixel have when it reaches the network? (It should be 1.)

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda value: abs(value - (1 / 127.5 - 1)) < 1e-3,
    hint={
        1: "That is what arrives without the habit. After the division by 255, white is 1: put 1 into the formula.",
        "otherwise": "After the division by 255 a white pixel is 1. Put that into x / 127.5 − 1.",
    },
)

# %% [markdown]
# White arrives as −0.992, black as −1: the network gets a picture that is black all over, and nothing crashes. The
# models of this course look at what they are given, and refuse it:

# %%
guarded = SmallCNN((SIDE, SIDE, 3), classes=2)
try:
    guarded.predict(x_test[:1] / 255, verbose=0)
except ValueError as error:
    print(error)

# %% [markdown]
# ## 2 · The first way: use it as it is
#
# A pretrained network is first of all a classifier of a thousand things: 120 breeds of dogs, but also *mask*, *ski mask*,
# *oxygen mask*. If your classes are among the thousand, you are done. `transfer.pretrained` builds it whole, and
# `transfer.decode` names what it says.

# %%
whole = transfer.pretrained("MobileNetV2", alpha=0.35, weights="auto")
large = keras.ops.image.resize(x_test[:4].astype("float32"), whole.input_shape[1:3])
probabilities = whole.predict(large, verbose=0)
print(
    f"{probabilities.shape[1]} classes, the most probable one has {probabilities.max():.1%}"
)
if whole.weights_source == "imagenet":
    for guesses in transfer.decode(probabilities, top=3):
        print(" · ".join(f"{name} {probability:.0%}" for name, probability in guesses))

# %% [markdown]
# If a line above says that the weights are out of reach, this page was built without a network connection: the thousand
# answers are then random, about 0.1 % each, and have no names. (The file *without* the classifier is another one; it is
# smaller, and it is the one that the rest of this lesson needs.)
#
# With the weights, you would see names like *mask*, *wig*, *bow tie* or *sunglasses*: what ImageNet has labels for, and
# not what we asked. For our own classes, the last layer must go.

# %% [markdown]
# ## 3 · The second way: features
#
# Cut the last layer off, and the network turns a picture into 1,280 numbers: how strongly each of its last feature maps
# answered, averaged over the picture. These numbers are the *features*. `alpha=0.35` is a slim MobileNetV2, a third of
# the usual width, made for phones; it suits a CPU.

# %%
extractor = transfer.feature_extractor(
    "MobileNetV2", (SIDE, SIDE, 3), alpha=0.35, weights="auto", cache=False
)
PRETRAINED = extractor.model.weights_source == "imagenet"
WEIGHTS = "imagenet" if PRETRAINED else None

f_train = extractor(x_train, verbose=0)
f_validation = extractor(x_validation, verbose=0)
print(f"{x_train[0].size:,} numbers of a picture became {f_train.shape[1]:,}")
print("weights:", extractor.model.weights_source)

# %% [markdown]
# If that says `random`, ImageNet's weights were out of reach, and this network has learnt nothing yet. Everything below
# still runs, but what it says about *pretrained* features cannot be seen then: expect figures near a blind guess.

# %% [markdown]
# Are these numbers about anything? Take four validation pictures, and find for each the training pictures whose features point
# in the most similar direction. Nobody has told the network about masks. **Predict:** will the neighbours share the
# label?


# %%
def unit(features):
    """Features scaled to length one, so that their dot product is the cosine of the angle between them."""
    return features / (np.linalg.norm(features, axis=1, keepdims=True) + 1e-12)


similarity = unit(f_validation) @ unit(f_train).T
nearest = np.argsort(-similarity, axis=1)[:, :6]
pictures = [
    picture
    for row in range(4)
    for picture in (x_validation[row], *x_train[nearest[row]])
]
viz.show(
    viz.grid(
        pictures,
        titles=["asked", *[f"nearest {n}" for n in range(1, 7)]] * 4,
        columns=7,
        size=1.1,
    ),
    alt="Four rows: a validation face, then the six training faces whose features are most similar to it.",
)

# %%
agree = np.mean(y_train[nearest[:, 0]] == y_validation)
guess = max(np.mean(y_validation), 1 - np.mean(y_validation))
print(
    f"the nearest neighbour has the same label in {agree:.1%} of cases; a blind guess is right in {guess:.1%}"
)
assert agree > guess + 0.1 or not PRETRAINED, (
    "features of a pretrained network should tell more than a guess"
)

# %% [markdown]
# What is alike in a row? Often the pose, the background, the hair, the light: the features describe the *whole* picture.
# The mask is one thing among many in them. To find it among 1,280 numbers, we need a classifier.
#
# ### Any classifier will do
#
# The pictures are now rows of a table, and for tables there is scikit-learn. `FeatureClassifier` puts an extractor and a
# classical classifier together, so that the result is one model, from pictures to probabilities.

# %%
heads = (
    "naive_bayes",
    "svm",
    "random_forest",
    "gradient_boosting",
    "logistic_regression",
)
scores = {}
for name in heads:
    classical = transfer.FeatureClassifier(extractor, name, seed=0).fit(
        x_train, y_train, verbose=0
    )
    predicted = classical.predict(x_validation, verbose=0).argmax(axis=1)
    scores[name] = np.mean(predicted == y_validation)
print({name: round(float(score), 3) for name, score in scores.items()})
print(f"pictures sent through the network so far: {extractor.computed:,}")

# %%
figure = viz.figure(6.5, 2.4)
axis = figure.subplots()
axis.barh(
    [name.replace("_", " ") for name in scores],
    list(scores.values()),
    color=viz.PALETTE[0],
)
axis.axvline(guess, color=viz.PALETTE[3], linestyle="--", label="blind guess")
axis.set(xlim=(0, 1), xlabel="validation accuracy")
axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
viz.show(
    figure,
    alt="Validation accuracy of five scikit-learn classifiers on the same features, against a blind guess.",
)

# %% [markdown]
# Five classifiers learnt, and no picture was sent through the network twice: each was computed once and remembered. Naive
# Bayes treats the 1,280 features as independent, which neighbouring feature maps are not. The others differ by little;
# on a hundred validation pictures, a difference of under five points may be luck.

# %%
assert extractor.computed <= len(x_train) + len(x_validation)
if PRETRAINED:
    assert max(scores.values()) > guess + 0.15, (
        "features of a pretrained network should carry the label"
    )

# %% [markdown]
# ### A Keras head, and what computing once saves
#
# The same with a dense layer on top, all in Keras: `transfer.classifier` builds *picture → preprocessing → backbone →
# average → dense* with the backbone frozen. Trained with `fit`, each epoch sends every picture through the frozen
# backbone again, to get the same numbers again. `transfer.fit_head` computes them once.

# %%
model = transfer.classifier(
    "MobileNetV2", 2, (SIDE, SIDE, 3), alpha=0.35, weights=WEIGHTS
)
model.compile(
    keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
model.fit(
    x_train[:64], y_train[:64], verbose=0
)  # builds the graph, which is not to be timed

begun = time.perf_counter()
model.fit(x_train[:320], y_train[:320], verbose=0)
slow = (time.perf_counter() - begun) * len(x_train) / 320  # of a whole epoch

# %%
EPOCHS = 20
begun = time.perf_counter()
history = transfer.fit_head(
    model,
    x_train,
    y_train,
    (x_validation, y_validation),
    epochs=EPOCHS,
    cache=False,
    verbose=0,
)
quick = time.perf_counter() - begun
print(
    f"{EPOCHS} epochs of fit would take {EPOCHS * slow / quick:.0f} times as long as fit_head did"
)

# %%
viz.show(
    viz.curves(history),
    alt="Loss and accuracy of the head over twenty epochs, on training and validation pictures.",
)

# %% [markdown]
# `fit_head` passed over the pictures once, and over their features twenty times. What it trained is the model's own last
# layer: `model` now classifies pictures. Training reaches the top soon, validation levels off well before: two and a
# half thousand weights have room enough to learn some hundred pictures by heart, and more epochs would not help.

# %%
head_accuracy = model.evaluate(x_validation, y_validation, verbose=0)[1]
print(f"frozen backbone, Keras head: {head_accuracy:.1%} on validation")
assert abs(head_accuracy - history.history["val_accuracy"][-1]) < 0.02, (
    "one model, trained in two places"
)

# %% [markdown]
# ### Exercise 2
#
# How many numbers does the head learn if the task has *five* classes? The features are 1,280.

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda count: count == (1280 + 1) * 5,
    hint={
        1280 * 5: "Each class also has a bias.",
        2562: "That is the head for two classes.",
        "otherwise": "A dense layer has inputs × outputs weights, and one bias an output.",
    },
)

# %% [markdown]
# ## 4 · How few labels are enough?
#
# Now the promise of the first line. We take 20 labels, then all, and train twice: a logistic regression on the
# features, and a small network from scratch, each time for the same few steps. (It gets every fourth pixel in fast
# mode, which makes it quicker.) **Predict:** who wins with 20? With all?

# %%
STEPS, SKIP = run.pick(fast=(88, 4), full=(3000, 2))


def from_scratch(count):
    """Validation accuracy of a SmallCNN trained on the first `count` pictures, always for as many steps."""
    keras.utils.set_random_seed(run.seed)
    network = SmallCNN((SIDE // SKIP, SIDE // SKIP, 3), classes=2)
    steps = -(-count // 32)  # an epoch
    epochs = max(1, STEPS // steps)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * steps)
    network.compile(
        keras.optimizers.Adam(rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    network.fit(
        x_train[:count, ::SKIP, ::SKIP],
        y_train[:count],
        epochs=epochs,
        verbose=0,
    )
    return network.evaluate(x_validation[:, ::SKIP, ::SKIP], y_validation, verbose=0)[1]


def on_features(count):
    """Validation accuracy of a logistic regression on the features of the first `count` pictures."""
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    return head.fit(f_train[:count], y_train[:count]).score(f_validation, y_validation)


# %%
counts = [20, *run.pick(fast=(), full=(100, 500)), len(x_train)]
curves = {
    "features + logistic regression": [on_features(count) for count in counts],
    "small CNN from scratch": [from_scratch(count) for count in counts],
}
for name, values in curves.items():
    print(
        f"{name:32s}",
        " ".join(f"{count}: {value:.1%}  " for count, value in zip(counts, values)),
    )

# %%
figure = viz.figure(6, 3)
axis = figure.subplots()
for number, (name, values) in enumerate(curves.items()):
    axis.plot(
        counts, values, "os"[number] + "-", color=viz.PALETTE[3 * number], label=name
    )
axis.set(
    xscale="log",
    xlabel="labelled pictures",
    ylabel="validation accuracy",
    ylim=(0.4, 1.02),
)
axis.set_xticks(counts, [str(count) for count in counts])
axis.minorticks_off()
axis.legend(fontsize=8)
viz.show(
    figure,
    alt="Validation accuracy against the number of labels: pretrained features and a network from scratch.",
)

# %% [markdown]
# With twenty labels the features are far ahead: twenty points are enough to place a line among numbers that already mean
# something, while the network from scratch would have to learn first what an edge is. All labels, augmentation and many
# more steps bring it closer (lesson 11). The features were ready in seconds.

# %%
if PRETRAINED:
    on_few, scratch_few = (values[0] for values in curves.values())
    assert on_few > max(0.55, scratch_few), (
        "twenty labels should go further on features"
    )

# %% [markdown]
# ## 5 · Four scenarios, three rules of size
#
# Two questions decide what to do: *how many* pictures do you have, and *how like ImageNet's* are they?
#
# |  | similar to ImageNet | different |
# |---|---|---|
# | **few pictures** | train a head on the last features | train a head on an *earlier* layer's features |
# | **many pictures** | fine-tune, with a small learning rate | train everything, from the pretrained weights |
#
# By size alone: *few* → freeze all and train the head; *more* → freeze the early layers and train the later ones; *many* →
# train all, with the pretrained weights as the start. `transfer.advise` knows both:

# %%
for similar in (True, False):
    for images in (700, 200_000):
        print("•", transfer.advise(images=images, similar=similar, classes=2))

# %%
for images in (700, 8_000, 200_000):
    print(
        f"{images:7,} pictures. {transfer.advise(images=images, similar=True).size_rule}"
    )

# %% [markdown]
# Where the lines between few, more and many run is a rule of thumb (here a thousand and ten thousand pictures a class).
# Why the *earlier* layer, if the pictures are different? The deeper the layer, the more it is about ImageNet's own
# classes. We can look: features from five depths, the same logistic regression on each, everything in one pass.

# %%
backbone = transfer.backbone_of(model)
depths = [
    "block_2_add",
    "block_5_add",
    "block_9_add",
    "block_13_expand_relu",
    "out_relu",
]
taps = [
    keras.layers.GlobalAveragePooling2D()(backbone.get_layer(name).output)
    for name in depths
]
probe = keras.Model(backbone.input, taps)
some = 400  # the backbone alone does not preprocess, so it is done by hand
at_depth = probe.predict(x_train[:some] / 127.5 - 1, verbose=0)
at_depth_validation = probe.predict(x_validation / 127.5 - 1, verbose=0)

# %%
by_depth = []
for known, unknown in zip(at_depth, at_depth_validation):
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    by_depth.append(head.fit(known, y_train[:some]).score(unknown, y_validation))
figure = viz.figure(6, 2.6)
axis = figure.subplots()
axis.plot(range(len(depths)), by_depth, "o-", color=viz.PALETTE[0])
axis.axhline(guess, color=viz.PALETTE[3], linestyle="--", label="blind guess")
axis.set_xticks(range(len(depths)), depths, fontsize=7)
axis.set(
    ylim=(0.4, 1.02),
    ylabel="validation accuracy",
    xlabel="layer, from the picture to the end",
)
axis.legend(fontsize=8, loc="lower right")
viz.show(
    figure,
    alt="Validation accuracy of a logistic regression on features from five depths of the backbone.",
)

# %%
best = depths[int(np.argmax(by_depth))]
print(
    f"best of the five here: {best} ({max(by_depth):.1%}); the last layer: {by_depth[-1]:.1%}"
)
if PRETRAINED:
    assert max(by_depth) > by_depth[0], "the very first features should not be the best"

# %% [markdown]
# Early layers know edges and colours, too little for a mask. Accuracy rises as layers learn parts of things. Whether the
# very last layers still add something is the question of *similar or different*: where the curve bends down before the
# end, the end is about something else than your pictures.
#
# ### Exercise 3
#
# You have 300 chest X-rays, 150 a class. Which of the four scenarios is it? Answer as `"few and similar"` with the right
# two words.

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda words: words == "few and different",
    hint={
        "few and similar": "Few, yes. But does ImageNet have X-rays? It has photographs of things in daylight.",
        "many and different": "150 a class is a tenth of what one would call many.",
        "otherwise": 'Two words from the table above, joined as in "few and similar".',
    },
)

# %% [markdown]
# ## 6 · The third way: fine-tuning
#
# Let a part of the backbone learn too. Which part is given as the *share of layers that stays frozen*, counted from the
# picture: the first layers are the most general ones, so they are frozen first. **Predict:** with 90 % of the layers
# frozen, what share of the *weights* learns?

# %%
shares = [1.0, 0.9, 0.75, 0.5, 0.25, 0.0]
reports = [transfer.freeze(model, share) for share in shares]
for share, report in zip(shares, reports):
    print(f"{share:4.0%} → {report}")
_ = transfer.freeze(model, 1.0)
# %%
figure = viz.figure(6, 2.8)
axis = figure.subplots()
axis.plot([1, 0], [0, 1], "--", color="grey", label="if layers were all alike")
axis.plot(
    shares,
    [report.share for report in reports],
    "o-",
    color=viz.PALETTE[0],
    label="MobileNetV2",
)
axis.set(
    xlabel="share of layers frozen",
    ylabel="share of weights that learn",
    xlim=(1.02, -0.02),
)
axis.legend(fontsize=8)
viz.show(
    figure,
    alt="With 90 % of the layers frozen, more than half of the weights learn already.",
)

# %% [markdown]
# One layer in ten holds more than half of the weights: the last ones are by far the largest. *A share of the layers is
# not a share of the weights.* That is why `freeze` returns the count of parameters, and why you should read it.

# %%
assert reports[1].share > 0.4, "the last tenth of the layers is the heaviest"

# %% [markdown]
# ### Did it obey?
#
# Trust, but look. We note all weights, train with the first three quarters frozen, and measure how far each layer moved.
# The learning rate is a tenth of the head's: what the backbone knows should be bent, not broken.

# %%
TUNE = run.pick(fast=256, full=len(x_train))  # how many pictures to fine-tune on
start = model.get_weights()
print(transfer.freeze(model, 0.75, learning_rate=1e-4))
kernels = [
    layer
    for layer in backbone.layers
    if layer.weights and "BatchNorm" not in type(layer).__name__
]
before = [layer.get_weights()[0] for layer in kernels]
model.fit(x_train[:TUNE], y_train[:TUNE], epochs=2, verbose=0)
moved = [
    np.linalg.norm(layer.get_weights()[0] - old) / np.linalg.norm(old)
    for layer, old in zip(kernels, before)
]
print(
    f"{sum(change == 0 for change in moved)} layers stood still, {sum(change > 0 for change in moved)} moved"
)

# %%
figure = viz.figure(7, 2.4)
axis = figure.subplots()
axis.bar(
    range(len(moved)),
    moved,
    color=[viz.PALETTE[0] if change else "grey" for change in moved],
)
axis.axvline(
    round(0.75 * len(moved)) - 0.5,
    color=viz.PALETTE[3],
    linestyle="--",
    label="frozen | learning",
)
axis.set(
    xlabel="layer of the backbone, from the picture to the end",
    ylabel="relative change",
)
axis.legend(fontsize=8)
viz.show(
    figure,
    alt="Relative change of each layer's weights: zero for the first 39 layers, above zero for the last 13.",
)

# %% [markdown]
# Left of the line every bar is exactly zero; right of it every layer moved by a little. That is what frozen means.

# %%
frozen_layers = reports[2].frozen_layers
assert not any(moved[:frozen_layers])
assert all(moved[frozen_layers:]) or not PRETRAINED
tuned = {"head only": (head_accuracy, start)}


def keep(name):
    """Note the validation accuracy and the weights of the model as it is now."""
    accuracy = model.evaluate(x_validation, y_validation, verbose=0)[1]
    tuned[name] = (accuracy, model.get_weights())
    print(f"{name}: {accuracy:.1%} on validation")


keep("75 % frozen")

# %% [markdown]
# ## 7 · First trap: forgetting to compile
#
# Keras reads which weights may move when you call `compile`. If you change `trainable` afterwards, nothing happens, and
# nobody tells you. A small network in plain Keras shows it:

# %%
plain = keras.Sequential(
    [keras.Input((4,)), keras.layers.Dense(3, name="first"), keras.layers.Dense(1)]
)
plain.compile("sgd", "mse")
rows = np.random.default_rng(0).normal(size=(32, 4))
plain.fit(rows, rows.sum(axis=1), verbose=0)

plain.get_layer("first").trainable = False  # …and no compile
before = plain.get_layer("first").get_weights()[0]
plain.fit(rows, rows.sum(axis=1), verbose=0)
after = plain.get_layer("first").get_weights()[0]
print(f"frozen, and still it moved by {np.abs(after - before).max():.4f}")

# %% [markdown]
# The layer says `trainable=False`, and it moves. The other way round is the classic: unfreeze, forget to compile, and
# wonder for an evening why fine-tuning does not help. The models of `cvlib.models` remember with what they were compiled:

# %%
transfer.backbone_of(model).trainable = False  # touched by hand
try:
    model.fit(x_train[:32], y_train[:32], verbose=0)
except RuntimeError as error:
    print(error)

# %% [markdown]
# `transfer.freeze` never runs into this: it compiles again by itself, with the same loss and metrics and a fresh
# optimizer. There is a second, smaller pitfall that it avoids. If you write it by hand, set `backbone.trainable = True`
# *first*, and then freeze the early layers. In the other order, the outer flag overwrites the inner ones.

# %% [markdown]
# ## 8 · Second trap: BatchNorm moves without learning
#
# A BatchNorm layer keeps a running mean and variance of what it has seen. They are not learnt by gradients: they drift
# while you train, towards *your* batches, away from the 1.3 million pictures that the weights were made for.
#
# To see it we do not even train. We unfreeze everything, as many tutorials do, and show the network twelve batches in
# training mode, as `fit` would: no labels, no loss, no optimizer. **Predict:** how many weights change? Do the
# predictions?

# %%
naive = transfer.classifier(
    "MobileNetV2", 2, (SIDE, SIDE, 3), alpha=0.35, weights=WEIGHTS
)
naive.get_layer("predictions").set_weights(start[-2:])  # the head trained above
transfer.backbone_of(naive).trainable = True

before, says = naive.get_weights(), naive.predict(x_validation, verbose=0)
for first in range(0, 96, 8):
    naive(x_train[first : first + 8].astype("float32"), training=True)
drifted = [
    old.size
    for old, new in zip(before, naive.get_weights())
    if not np.array_equal(old, new)
]
shift = np.abs(naive.predict(x_validation, verbose=0) - says).max()
print(
    f"{len(drifted)} weight arrays changed ({sum(drifted):,} numbers), and nobody trained"
)
print(f"a probability changed by up to {shift:.3f}")
assert len(drifted) == 104, (
    "the running mean and variance of each of the 52 BatchNorm layers"
)

# %% [markdown]
# Nothing was learnt, and the network answers differently. Twelve batches did that; an epoch over small batches can undo
# what you came for. `base(x, training=False)`, which older guides recommend and which this model has, does *not* stop
# it once the backbone is trainable (keras issue 20285). Freezing the BatchNorm layers does, and `transfer.freeze` always
# does it for a pretrained backbone. It must also survive saving:

# %%
path = cvlib.runtime.home() / "lesson09.keras"
transfer.freeze(model, 0.75)
model.save(path)
reloaded = keras.models.load_model(path)
path.unlink()
norms = [
    layer
    for layer in transfer.backbone_of(reloaded).layers
    if "BatchNorm" in type(layer).__name__
]
print(
    f"{sum(layer.trainable for layer in norms)} of {len(norms)} BatchNorm layers can move after loading"
)
assert not PRETRAINED or not any(layer.trainable for layer in norms)

# %% [markdown]
# ## 9 · How much to unfreeze?
#
# 75 % frozen was one choice. Another is not to choose but to go *gradually*: begin with the head, and let more and more
# of the backbone learn, from the end towards the picture, so that no layer is shaken before those above it know what
# they want. It starts from the same trained head.

# %%
model.set_weights(start)
gradual = unfreeze.gradually(
    model,
    x_train[:TUNE],
    y_train[:TUNE],
    frozen=(0.9, 0.5),
    epochs=1,
    learning_rates=(2e-4, 1e-4),
    verbose=0,
)
for share, parameters in zip(gradual["frozen"], gradual["trainable_parameters"]):
    print(f"stage with {share:.0%} frozen: {parameters:,} parameters learn")
keep("gradually")

# %% [markdown]
# `unfreeze.layer_by_layer(model, layers=5)` makes the finest schedule, one more layer a stage. With a few hundred
# pictures and two epochs, do not expect wonders from any of them: the head alone has done most of the work, and the
# differences are a few pictures of the validation set. Fine-tuning pays where pictures are many, or unlike ImageNet's,
# and where you have the hours for a small learning rate. Run this lesson with `CVLIB_FAST=0` on a GPU to see more of it.

# %% [markdown]
# ## 10 · Once, on the test set
#
# Nothing so far was chosen with the test pictures; most of this page has not even looked at them. Of the three candidates,
# the best on validation counts, and only that one is tested.

# %%
best = max(tuned, key=lambda name: tuned[name][0])
model.set_weights(tuned[best][1])
test_accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
print(f"{best}: {test_accuracy:.1%} on {len(x_test)} test pictures it has never seen")
if PRETRAINED:
    assert test_accuracy > guess + 0.15, (
        "a pretrained network is far better than a guess"
    )

# %% [markdown]
# The test figure is often a little lower than the validation figure that chose the model: picking the best of three also
# picks the luckiest of three.

# %% [markdown]
# ## Summary
#
# * As it is, as features, fine-tuned: three ways, from no training to much.
# * Few labels: freeze all, compute features once, train a head. Any head.
# * Different pictures: take features from an earlier layer. Many pictures: fine-tune, at a small learning rate.
# * A share of the layers is not a share of the weights: read the parameter count.
# * After `trainable`, compile. BatchNorm stays frozen.
#
# ## Further reading
#
# * J. Yosinski, J. Clune, Y. Bengio, H. Lipson, *How transferable are features in deep neural networks?*, NeurIPS 2014.
# * A. Sharif Razavian, H. Azizpour, J. Sullivan, S. Carlsson, *CNN Features off-the-shelf: an Astounding Baseline for
#   Recognition*, CVPR Workshops 2014.
# * J. Howard, S. Ruder, *Universal Language Model Fine-tuning for Text Classification*, ACL 2018 (gradual unfreezing).
# * M. Sandler et al., *MobileNetV2: Inverted Residuals and Linear Bottlenecks*, CVPR 2018.
# * S. Kornblith, J. Shlens, Q. V. Le, *Do Better ImageNet Models Transfer Better?*, CVPR 2019.
# * F. Chollet, *Transfer learning & fine-tuning*, Keras developer guides, keras.io, 2020, updated 2023.
