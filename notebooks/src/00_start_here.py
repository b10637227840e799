# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 00 · Start here
#
# **Can a program that has never been told what a mask is find the people who wear one?** In half an hour
# yours will, you will know how often it is wrong, and you will have seen every tool that the course uses.
#
# **You will be able to** open a picture as numbers · load a labelled dataset and look at it before anything else ·
# train a first network · compare it with a guess that costs nothing · look at its mistakes.
#
# **You need** Python: loops, functions, a little NumPy. Nothing about vision or neural networks.
#
# **Time** 30 minutes of reading. Running it takes under a minute on a laptop's CPU, less on a GPU.
#
# **It prepares** every lesson, and the first question of `mp1_face_masks`.

# %% [markdown]
# ## 1 · How these pages work
#
# A lesson is a *notebook*: text, code, and what the code printed. Put the cursor in a code cell and press
# **Shift + Enter** to run it. Run the cells from top to bottom; a cell may need what an earlier one made.
#
# On Colab, first choose *Runtime → Change runtime type → T4 GPU*. Without a GPU everything still runs: the lessons
# notice, and take smaller images and fewer passes. That is *fast mode*, and the next cell says whether you are in it.

# %%
import cvlib

run = cvlib.setup(seed=0)

import keras
import numpy as np

from cvlib import check, datasets, viz

# %% [markdown]
# Every lesson begins with that line. It also sets the *seed*: the starting point of all random numbers, so that what
# you see is what the next person sees. `run.pick` chooses between the two sizes:

# %%
SIDE = run.pick(fast=64, full=96)  # the side of an image in pixels
EPOCHS = run.pick(fast=15, full=25)  # how often training sees each image
print(f"images of {SIDE} × {SIDE} pixels, {EPOCHS} passes")

# %% [markdown]
# ## 2 · A picture is a table of numbers
#
# Before real pictures, the smallest one that makes sense: three rows, four columns. Each cell says how bright that
# spot is, from 0 (black) to 255 (white).

# %%
tiny = np.array(
    [
        [0, 60, 120, 180],
        [0, 255, 255, 180],
        [0, 60, 120, 180],
    ],
    dtype="uint8",
)
viz.show(
    viz.grid([tiny], size=3),
    alt="Three rows of four grey squares, brighter to the right; two are white.",
)

# %% [markdown]
# The two white squares are the two 255s in the middle row. Rows come first: `tiny[1, 2]` is row 1, column 2, counted
# from the top-left corner.
#
# A colour picture has three such tables, one each for red, green and blue. They are stacked along a third axis.

# %%
colours = np.zeros((2, 3, 3), dtype="uint8")  # height 2, width 3, 3 channels
colours[0, 0] = [255, 0, 0]
colours[0, 1] = [0, 255, 0]
colours[0, 2] = [0, 0, 255]
colours[1, 0] = [255, 255, 0]
colours[1, 1] = [255, 255, 255]
viz.show(
    viz.grid([colours], size=3),
    alt="Six squares: red, green, blue; yellow, white, black.",
)

# %% [markdown]
# Red and green together make yellow, all three make white, none makes black. In this course a picture is always
# **height × width × channels**, and the channels are **red, green, blue**, in that order. (OpenCV's own functions use
# blue, green, red. Forgetting this is the most common bug in computer vision, and it turns faces blue.)

# %% [markdown]
# ### Exercise 1
#
# A colour picture of 64 × 64 pixels: how many numbers does it hold? Replace the `...` and run the cell, then the
# check below it.

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda numbers: numbers == np.zeros((64, 64, 3)).size,
    hint={
        4096: "That is the number of pixels. How many numbers does each of them have?",
        "otherwise": "Height × width × …",
    },
)

# %% [markdown]
# ## 3 · Get the pictures
#
# `datasets.load` fetches a dataset once, checks every file against its checksum, and remembers where it lies. If the
# source cannot be reached, it says so and draws a **simulated** dataset of the same kind, so that you can go on.
# This page was built with the simulated one: nobody's face is in it.

# %%
faces = datasets.load("face_mask")
print(f"{len(faces.frame)} pictures ({faces.source}), classes {faces.class_names}")
print("licence:", faces.licence)
faces.frame.head(3)

# %% [markdown]
# The table has a row per picture: its file, its label, and its *split*. **Train** is what the network learns from.
# **Validation** is what we check ourselves on while we choose. **Test** is opened once, at the end. If the same
# picture stood in two of them, we would fool ourselves, so the splits are fixed for you and share no picture.

# %%
faces.frame.groupby(["split", "label"]).size().unstack()

# %% [markdown]
# Both classes are about equally frequent in each split. Remember that: it says how good a blind guess is.
#
# Now look. Always look before you train: ten seconds of looking save hours of wondering.

# %%
train = faces.split("train")
shown = train.frame.groupby("label").head(8)
pictures = [cvlib.data.read_image(train.directory / path) for path in shown["path"]]
viz.show(
    viz.grid(pictures, titles=shown["label"].tolist(), columns=8),
    alt="Sixteen faces in two rows: eight of each class, with and without a mask over mouth and nose.",
)

# %% [markdown]
# What would *you* tell a program to look for? A blue patch? Some masks are not blue, and some scarves are. A covered
# mouth? A hand or a beard covers it too. Rules written by hand end in exceptions. We let a network find its own.

# %% [markdown]
# ## 4 · Feed them to a network
#
# A generator reads the files in small groups, *batches*, resizes them, and pairs them with their labels. It learns
# the labels from the folders' names.

# %%
generator = cvlib.ImageDataGenerator()
size, kind = (SIDE, SIDE), "binary"
train_batches = generator.flow_from_directory(
    faces.directory / "train", target_size=size, class_mode=kind, batch_size=32, seed=0
)
validation_batches = generator.flow_from_directory(
    faces.directory / "validation", target_size=size, class_mode=kind, shuffle=False
)

# %%
images, labels = train_batches[0]
print("images:", images.shape, images.dtype, "from", images.min(), "to", images.max())
print("labels:", labels[:8], "where", train_batches.class_indices)

# %% [markdown]
# A batch has four axes: **batch × height × width × channels**. The labels are numbers now: 0 stands for the first
# class in alphabetical order, 1 for the second.
#
# Here is a first network. Read it from top to bottom: scale the numbers to 0…1; four times look for patterns
# (`Conv2D`) and keep the strongest of each neighbourhood (`MaxPooling2D`); at the end, keep the strongest of the whole
# picture (`GlobalMaxPooling2D`); decide (`Dense`). Lesson 03 takes the first two apart by hand.

# %%
layers = keras.layers
model = keras.Sequential(
    [
        keras.Input((SIDE, SIDE, 3)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(1, activation="sigmoid"),
    ]
)
print(f"{model.count_params():,} numbers to learn")

# %% [markdown]
# The last layer gives one number between 0 and 1: how sure the network is of class 1. Before you run the next cell,
# **predict**: how much of the validation set will be right after the first pass? After the last?

# %%
model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(
    train_batches, validation_data=validation_batches, epochs=EPOCHS, verbose=0
)
viz.show(
    viz.curves(history),
    alt="Over the passes, loss falls and accuracy rises, on training and validation.",
)

# %% [markdown]
# The loss (left) is what training makes small; the accuracy (right) is what we care about. Both lines of a panel
# should move together. Where training goes on improving and validation does not, the network has begun to learn
# pictures by heart: lesson 05 is about that.

# %% [markdown]
# ## 5 · Is it any good?
#
# A number means something only beside another. The cheapest rival always names the more frequent class.

# %%
test_batches = generator.flow_from_directory(
    faces.directory / "test", target_size=size, class_mode=kind, shuffle=False
)
probability = model.predict(test_batches, verbose=0)[:, 0]
truth = test_batches.classes
accuracy = np.mean((probability > 0.5) == truth)
guess = max(np.mean(truth), 1 - np.mean(truth))
print(
    f"network {accuracy:.1%}   blind guess {guess:.1%}   on {len(truth)} pictures it has never seen"
)
assert accuracy > guess + 0.1, "the network should be clearly better than a guess"

# %% [markdown]
# The network is far better than the guess, and it is not perfect. How it is wrong tells more than how often. Here are
# the mistakes of which it was most certain.

# %%
certainty = np.abs(probability - 0.5)
wrong = np.flatnonzero((probability > 0.5) != truth)
worst = wrong[np.argsort(-certainty[wrong])][:8]
names = faces.class_names
titles = [
    f"{names[int(probability[i] > 0.5)]}?\nsure: {0.5 + certainty[i]:.0%}"
    for i in worst
]
pictures = [cvlib.data.read_image(test_batches.filepaths[i]) for i in worst]
if len(worst):
    viz.show(
        viz.grid(
            pictures, titles, columns=8, heading="The network says … and is wrong"
        ),
        alt="Test faces that the network labels wrongly, its label and certainty above each.",
    )

# %% [markdown]
# Look for what they have in common: a colour near to skin, a pattern, something else before the mouth, a picture
# that is dark or blurred? With so few you can only suspect. Lesson 10 shows *where* a network looked when it decided,
# and lesson 11 does the whole project properly.

# %% [markdown]
# ### Exercise 2
#
# A colleague trains on a hospital's archive and reports 95 % accuracy. In that archive 94 % of the pictures are *without*
# mask. By how many percentage points is the colleague's network better than a blind guess?

# %%
answer = ...

# %%
check.answer(
    answer,
    lambda points: abs(points - 1) < 1e-6,
    hint={
        45: "A blind guess scores 50 % only if both classes are equally frequent.",
        "otherwise": "What scores a program that always says “without mask”?",
    },
)

# %% [markdown]
# ## 6 · The way ahead
#
# | week | you learn to | lessons |
# |---|---|---|
# | 1 seeing | take convolution apart, train, augment, find out what is wrong | 00 – 06 |
# | 2 recognising | read the classic networks, build on a trained one, see what it sees | 07 – 11 |
# | 3 locating | draw boxes (YOLO) and outlines (U-Net, DeepLabV3+) | 12 – 15 |
# | 4 operating | label, deploy, combine, and what comes after CNNs | 16 – 21 |
#
# Two mini-projects run through it: face masks (lesson 11) and lungs on X-rays (lesson 15).
#
# If a cell fails, `Runtime → Restart and run all` mends most things. In a terminal, `cvlib doctor` looks at your
# installation and says what to fix.

# %% [markdown]
# ## Summary
#
# * A picture is height × width × channels of numbers, red first.
# * Look at the data before you train, and at the mistakes afterwards.
# * Train, validation and test share no picture.
# * An accuracy means something only beside that of a blind guess.
#
# ## Further reading
#
# * F. Chollet, M. Watson, *Deep Learning with Python*, 3rd edition, Manning, 2025, chapters 2 and 8.
# * R. Szeliski, *Computer Vision: Algorithms and Applications*, 2nd edition, Springer, 2022, chapter 1.
# * F. Chollet, *The Sequential model*, Keras developer guides, keras.io, 2020.
