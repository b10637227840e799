# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Mini-project 1 · Face masks
#
# Does this person wear a mask? You load a folder of faces, augment them on the fly, build a small
# convolutional network, look at what it does, and set it against a pretrained one. You finish with a model
# that you train yourself, and hand in its predictions.
#
# **40 points**, twelve questions. Everything you need is in lessons 01 to 11; lesson 11 does a project of the
# same shape.
#
# **How it works.** Write your code where it says `YOUR CODE HERE`, and delete the line that raises
# `NotImplementedError`. Below each answer is a cell with tests: run it. It says nothing when all is well;
# otherwise it says what it tried, what came out, and what to think about. When your work is graded, the same
# cells also run tests that you do not see, on other inputs, so an answer that is right only for the example
# gets no points.
#
# **What you hand in.** This notebook, and the file `predictions.csv` that question 12 writes beside it.
#
# The pictures in the folder `faces` are drawn by a program, so that everyone has the same. On Colab, upload the
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

SAMPLE = Path("faces/sample")  # two folders: with_mask and without_mask
TEST = Path("faces/test")  # faces without labels
TEST_FILES = sorted(path.name for path in TEST.glob("*.jpg"))
GRADING = os.environ.get("NBGRADER_EXECUTION") == "autograde"

# %% [markdown]
# ## 1 · Load a folder of faces (3 points)
#
# The folder has one sub-folder for each class. Write `load_faces`. It returns an iterator made by
# `cvlib.ImageDataGenerator(…).flow_from_directory(…)` that gives batches of images and labels:
#
# * images of `side` × `side` pixels, three channels, values in [0, 1];
# * one label for each image: 0 for `with_mask`, 1 for `without_mask`;
# * in the folder's order, so that the first label belongs to the first file.


# %% solution="q01_load_faces"
def load_faces(directory, side, batch_size):
    """An iterator over the faces in a folder, in order, without augmentation."""
    ### BEGIN SOLUTION
    generator = cvlib.ImageDataGenerator(rescale=1 / 255)
    return generator.flow_from_directory(
        directory, target_size=(side, side), batch_size=batch_size, class_mode="binary", shuffle=False
    )
    ### END SOLUTION


# %% test="q01_load_faces_test" points=3
with check.question("Load a folder", read="lesson 01 (images and labels), lesson 05 (augmentation)"):
    images, labels = load_faces(SAMPLE, 32, 5)[0]
    check.shape(images, (5, 32, 32, 3), "a batch of images", on="load_faces(SAMPLE, 32, 5)")
    check.dtype(images, "float", "a batch of images")
    check.within(images, 0, 1, "a batch of images")
    check.close(
        labels,
        [0, 0, 0, 0, 0],
        "the labels of the first batch",
        on="load_faces(SAMPLE, 32, 5)",
        hint="one number for each image, 0 or 1, in the folder's order: see class_mode and shuffle.",
        misconceptions={
            "one column for each class": (
                [[1, 0]] * 5,
                'class_mode="categorical" gives one-hot rows; one output unit needs class_mode="binary".',
            ),
        },
    )
    ### BEGIN HIDDEN TESTS
    plain = cvlib.ImageDataGenerator(rescale=1 / 255)
    for side, batch_size in ((48, 7), (33, 20)):
        called = f"load_faces(SAMPLE, {side}, {batch_size})"
        expected = plain.flow_from_directory(
            SAMPLE, target_size=(side, side), batch_size=batch_size, class_mode="binary", shuffle=False
        )
        faces = load_faces(SAMPLE, side, batch_size)
        for number in range(len(expected)):
            images, labels = faces[number]
            right_images, right_labels = expected[number]
            batch = f"batch {number} of {called}"
            check.shape(images, right_images.shape, "a batch of images", on=batch)
            check.close(
                labels,
                right_labels,
                "the labels",
                on=batch,
                hint="the files come in another order: shuffle=False keeps the folder's.",
            )
            changed = np.abs(np.asarray(images) - right_images).mean(axis=(1, 2, 3))
            check.within(
                changed,
                0,
                0.05,
                "how far each picture is from its file, on average over the pixels,",
                on=batch,
                hint="almost black: the pixels were divided by 255 twice."
                if np.max(images) < 0.05
                else "for this question load the pictures without augmentation, only rescaled.",
            )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Balance the classes (2 points)
#
# There are more faces with a mask than without. `model.fit` accepts `class_weight`, a dictionary from class to
# weight: an error on a rare class should cost more. The usual choice gives every class the same say, and
# leaves the mean weight of an image at 1:
#
# $$w_c = \frac{n}{k \, n_c}$$
#
# with $n$ images, $k$ classes, and $n_c$ images of class $c$.


# %% solution="q02_class_weights"
def class_weights(labels):
    """Dictionary from each class (0, 1, …) to its weight; `labels` holds the class of each image."""
    ### BEGIN SOLUTION
    classes, counts = np.unique(np.asarray(labels), return_counts=True)
    weights = np.size(labels) / (len(classes) * counts)
    return {int(c): float(w) for c, w in zip(classes, weights)}
    ### END SOLUTION


# %% test="q02_class_weights_test" points=2
with check.question("Balance the classes", read="lesson 01 (images and labels)"):
    check.close(
        class_weights(np.array([0, 0, 0, 1])),
        {0: 2 / 3, 1: 2.0},
        "class_weights([0, 0, 0, 1])",
        misconceptions={
            "the frequent class weighs more": ({0: 1.5, 1: 0.5}, "the weight goes down as the class grows."),
            "the shares themselves": ({0: 0.75, 1: 0.25}, "the weight goes down as the class grows."),
            "k is missing": ({0: 4 / 3, 1: 4.0}, "divide by the number of classes too."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def counted(labels):
        return np.unique(np.asarray(labels), return_counts=True)

    def balanced(labels):
        classes, counts = counted(labels)
        return {int(c): len(labels) / (len(classes) * n) for c, n in zip(classes, counts)}

    def proportional(labels):
        classes, counts = counted(labels)
        return {int(c): n / len(labels) for c, n in zip(classes, counts)}

    def without_k(labels):
        classes, counts = counted(labels)
        return {int(c): len(labels) / n for c, n in zip(classes, counts)}

    def inverse_counts(labels):
        classes, counts = counted(labels)
        return {int(c): 1 / n for c, n in zip(classes, counts)}

    def two_classes(labels):
        classes, counts = counted(labels)
        return {int(c): len(labels) / (2 * n) for c, n in zip(classes, counts)}

    dice = np.random.default_rng(202)
    check.same_function(
        class_weights,
        balanced,
        [
            np.append(np.arange(k), dice.choice(k, 60, p=dice.dirichlet(np.full(k, 5.0))))
            for k in (2, 2, 3, 5)
        ],
        {
            "the frequent class weighs more": (proportional, "the weight goes down as the class grows."),
            "k is missing": (without_k, "divide by the number of classes too, so that the mean weight is 1."),
            "not scaled": (inverse_counts, "1 / count makes every loss tiny: multiply by n / k."),
            "always two classes": (two_classes, "count the classes; do not write 2."),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 3 · Augment on the fly (3 points)
#
# A face may lean a little, stand a little to the side, or be nearer. Make the generator that draws such changes
# anew for every picture in every batch:
#
# * rotate by up to 15 degrees either way;
# * shift by up to a tenth of the width and of the height;
# * zoom by up to 10 %;
# * mirror left and right, half of the time; never turn a face upside down;
# * values in [0, 1].


# %% solution="q03_augmenter"
def augmenter():
    """A `cvlib.ImageDataGenerator` for the training images."""
    ### BEGIN SOLUTION
    return cvlib.ImageDataGenerator(
        rotation_range=15,
        width_shift_range=0.1,
        height_shift_range=0.1,
        zoom_range=0.1,
        horizontal_flip=True,
        rescale=1 / 255,
    )
    ### END SOLUTION


# %% test="q03_augmenter_test" points=3
with check.question("Augment on the fly", read="lesson 05 (augmentation)"):
    generator = augmenter()
    draws = [generator.get_random_transform((64, 64, 3), seed=number) for number in range(300)]
    angles = np.array([draw["theta"] for draw in draws])
    on = "300 draws of augmenter().get_random_transform((64, 64, 3))"
    most = np.abs(angles).max()
    check.within(angles, -15, 15, "the angles, in degrees", on)
    check.at_least(
        most,
        10,
        "the largest angle, in degrees,",
        on,
        hint="rotation_range is in degrees, not in radians." if 0 < most < 1 else "see rotation_range.",
    )
    ### BEGIN HIDDEN TESTS
    check.at_least(most, 14.2, "the largest angle, in degrees,", on, hint="rotate by up to 15 degrees.")
    for key, side, argument in (("tx", 64, "width_shift_range"), ("ty", 64, "height_shift_range")):
        pixels = np.abs([draw[key] for draw in draws])
        advice = f"see {argument}: a number below 1 is a share of the picture."
        check.within(pixels, 0, 0.1 * side, f"the shifts {key}, in pixels of 64", on, hint=advice)
        check.at_least(
            pixels.max(), 0.05 * side, f"the largest shift {key}, in pixels of 64", on, hint=advice
        )
    for key in ("zx", "zy"):
        zooms = np.array([draw[key] for draw in draws])
        check.within(zooms, 0.9, 1.1, f"the zoom {key}", on, hint="zoom_range=0.1 means from 0.9 to 1.1.")
        check.at_least(np.ptp(zooms), 0.05, f"the spread of the zoom {key}", on, hint="see zoom_range.")
    mirrored = np.mean([bool(draw["flip_horizontal"]) for draw in draws])
    upside_down = np.mean([bool(draw["flip_vertical"]) for draw in draws])
    check.close(
        upside_down,
        0,
        "the share of faces upside down",
        on,
        hint="nobody is photographed upside down: leave vertical_flip off.",
    )
    check.within(mirrored, 0.35, 0.65, "the share of mirrored faces", on, hint="see horizontal_flip.")
    pictures = np.random.default_rng(303).integers(0, 256, (6, 40, 40, 3)).astype("float32")
    batch = generator.flow(pictures, np.arange(6), batch_size=6, shuffle=False)[0][0]
    check.shape(batch, (6, 40, 40, 3), "an augmented batch")
    check.within(batch, 0, 1, "an augmented batch")
    check.at_least(
        np.max(batch), 0.2, "the brightest pixel of an augmented batch", hint="divided by 255 twice?"
    )
    white = generator.flow(np.full((2, 40, 40, 3), 255, "float32"), batch_size=2, shuffle=False)[0]
    check.within(
        np.max(white),
        0.999,
        1.001,
        "the brightest pixel of white pictures, augmented",
        hint="255 must become 1: rescale=1/255.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Mirror a batch by hand (2 points)
#
# What the generator does for one picture, do for a batch in NumPy. `images` is (B, H, W, 3); `mirrored` holds B
# times True or False. Return a batch in which the images marked True are mirrored left and right, and the
# others are as they were.


# %% solution="q04_mirror"
def mirror(images, mirrored):
    """A batch of the same shape, with some of its images mirrored left and right."""
    ### BEGIN SOLUTION
    images = np.asarray(images)
    return np.where(np.asarray(mirrored, bool)[:, None, None, None], images[:, :, ::-1], images)
    ### END SOLUTION


# %% test="q04_mirror_test" points=2
with check.question("Mirror a batch", read="lesson 05 (augmentation)"):
    step = np.arange(2 * 2 * 3 * 3).reshape(2, 2, 3, 3)
    result = mirror(step, np.array([True, False]))
    check.shape(result, (2, 2, 3, 3), "mirror(images, [True, False])", on="two images of 2 × 3 pixels")
    check.close(result[1], step[1], "the image marked False", hint="it must stay as it was.")

    ### BEGIN HIDDEN TESTS
    def pick(mirrored):
        return np.asarray(mirrored, bool)[:, None, None, None]

    dice = np.random.default_rng(404)
    check.same_function(
        mirror,
        lambda images, mirrored: np.where(pick(mirrored), images[:, :, ::-1], images),
        [
            (dice.random((b, h, w, 3)), dice.permutation(np.arange(b) % 2 == 0))
            for b, h, w in ((4, 3, 5), (7, 6, 4), (2, 5, 5))
        ],
        {
            "upside down": (
                lambda images, mirrored: np.where(pick(mirrored), images[:, ::-1], images),
                "axis 1 holds the rows, top to bottom; left and right is axis 2.",
            ),
            "all of them": (
                lambda images, mirrored: images[:, :, ::-1],
                "only the images marked True are mirrored.",
            ),
            "the colours": (
                lambda images, mirrored: np.where(pick(mirrored), images[..., ::-1], images),
                "the last axis holds red, green and blue; left and right is axis 2.",
            ),
            "the batch": (
                lambda images, mirrored: np.where(pick(mirrored), images[::-1], images),
                "axis 0 counts the images; left and right is axis 2.",
            ),
            "the others": (
                lambda images, mirrored: np.where(pick(mirrored), images, images[:, :, ::-1]),
                "the images marked False were mirrored instead.",
            ),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Arithmetic of a convolution (2 + 2 points)
#
# Before you build a network, work out by hand what it will be. First the size: a kernel of `kernel` × `kernel`
# slides over `length` × `length` pixels in steps of `stride`. With `padding="valid"` it stays inside the
# picture; with `padding="same"` Keras pads with zeros, so that with stride 1 the size stays the same. Return the
# length of the output.


# %% solution="q05_output_size"
def output_size(length, kernel, stride, padding):
    """Length of the output of a convolution; `padding` is "valid" or "same"."""
    ### BEGIN SOLUTION
    if padding == "same":
        return -(-length // stride)
    return (length - kernel) // stride + 1
    ### END SOLUTION


# %% test="q05_output_size_test" points=2
with check.question("Size of the output", read="lesson 03 (convolution and pooling)"):
    check.close(
        output_size(28, 5, 1, "valid"),
        24,
        'output_size(28, 5, 1, "valid")',
        misconceptions={
            "one position short": (
                23,
                "from the first place to the last are length − kernel steps, and one place more.",
            ),
            "as if padded": (28, 'with "valid" the kernel stays inside the picture.'),
        },
    )

    ### BEGIN HIDDEN TESTS
    def size(n, k, s, p):
        return -(-n // s) if p == "same" else (n - k) // s + 1

    dice = np.random.default_rng(505)
    cases = [(9, 3, 2, "same"), (10, 3, 3, "valid"), (7, 3, 3, "same"), (224, 7, 2, "valid")]
    cases += [
        (int(n), int(k), int(s), p)
        for n, k, s in zip(dice.integers(12, 300, 20), dice.integers(1, 12, 20), dice.integers(1, 5, 20))
        for p in ("valid", "same")
    ]
    check.same_function(
        output_size,
        size,
        cases,
        {
            "one position short": (
                lambda n, k, s, p: -(-n // s) if p == "same" else (n - k) // s,
                "from the first place to the last are length − kernel steps, and one place more.",
            ),
            "rounded down with same padding": (
                lambda n, k, s, p: n // s if p == "same" else (n - k) // s + 1,
                "with padding the last, incomplete step still has a place: round up.",
            ),
            "rounded up with valid padding": (
                lambda n, k, s, p: -(-n // s) if p == "same" else -(-(n - k) // s) + 1,
                "without padding a kernel that hangs over the edge has no place: round down.",
            ),
            "same size whatever the stride": (
                lambda n, k, s, p: n if p == "same" else (n - k) // s + 1,
                '"same" keeps the size only when the stride is 1.',
            ),
            "not a whole number": (
                lambda n, k, s, p: n / s if p == "same" else (n - k) / s + 1,
                "a size is a whole number of places: use // and think about which way to round.",
            ),
            "the stride is left out": (
                lambda n, k, s, p: n if p == "same" else n - k + 1,
                "a stride of 2 visits every second place.",
            ),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# Now the parameters: how many numbers does the layer learn, with `filters` kernels over an input of `channels`
# channels, each filter with a bias unless `bias` is False?


# %% solution="q05_parameters"
def parameters(kernel, channels, filters, bias=True):
    """How many numbers a convolution layer learns."""
    ### BEGIN SOLUTION
    return (kernel * kernel * channels + (1 if bias else 0)) * filters
    ### END SOLUTION


# %% test="q05_parameters_test" points=2
with check.question("Parameters of a convolution", read="lesson 03 (convolution and pooling)"):
    check.close(
        parameters(3, 3, 16),
        448,
        "parameters(3, 3, 16)",
        misconceptions={
            "no biases": (432, "each filter also has one bias."),
            "flat filters": (160, "a filter reaches through all channels of its input."),
            "one bias for each channel": (435, "the biases belong to the filters: one for each of them."),
            "one bias in all": (433, "the biases belong to the filters: one for each of them."),
        },
    )
    ### BEGIN HIDDEN TESTS
    dice = np.random.default_rng(515)
    check.same_function(
        parameters,
        lambda k, c, f, bias=True: (k * k * c + bool(bias)) * f,
        [tuple(int(n) for n in dice.integers(1, 9, 3)) for _ in range(10)]
        + [(3, 5, 7, False), (1, 64, 16, True), (5, 2, 9, False)],
        {
            "no biases": (lambda k, c, f, bias=True: k * k * c * f, "each filter also has one bias."),
            "always biases": (
                lambda k, c, f, bias=True: (k * k * c + 1) * f,
                "with bias=False there are none.",
            ),
            "flat filters": (
                lambda k, c, f, bias=True: (k * k + bool(bias)) * f,
                "a filter reaches through all channels of its input.",
            ),
            "one bias for each channel": (
                lambda k, c, f, bias=True: k * k * c * f + c * bool(bias),
                "the biases belong to the filters: one for each of them, not for each input channel.",
            ),
            "one bias in all": (
                lambda k, c, f, bias=True: k * k * c * f + bool(bias),
                "the biases belong to the filters: one for each of them.",
            ),
            "kernel not squared": (
                lambda k, c, f, bias=True: (k * c + bool(bias)) * f,
                "the kernel has k × k places.",
            ),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 6 · Build the network (4 points)
#
# Images of `side` × `side` × 3 in [0, 1] come in. Then:
#
# * four blocks, with 16, 32, 64 and 64 filters: a convolution of 3 × 3 with padding "same" and without bias,
#   batch normalisation (with `momentum=0.9`, since the training is short), ReLU, and max pooling of 2 × 2;
# * global average pooling;
# * one unit that says how probable it is that there is *no* mask (class 1).
#
# Count the parameters before you run `model.summary()`. Batch normalisation keeps four numbers for each channel.


# %% solution="q06_build_cnn"
def build_cnn(side):
    """The network as a `keras.Model`, not compiled."""
    ### BEGIN SOLUTION
    model = keras.Sequential([keras.Input((side, side, 3))])
    for filters in (16, 32, 64, 64):
        model.add(keras.layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(keras.layers.BatchNormalization(momentum=0.9))
        model.add(keras.layers.ReLU())
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    return model
    ### END SOLUTION


# %% test="q06_build_cnn_test" points=4
with check.question(
    "Build the network", read="lesson 03 (convolution and pooling), lesson 04 (training networks)"
):
    model = build_cnn(64)
    check.model(
        model,
        input_shape=(None, 64, 64, 3),
        output_shape=(None, 1),
        layers={"Conv2D": 4},
        name="build_cnn(64)",
        hint="the question lists the layers one by one: four blocks, pooling, one unit (not two).",
    )
    ### BEGIN HIDDEN TESTS
    check.model(
        model,
        parameters=61105,
        name="build_cnn(64)",
        hint="compare model.summary() with your own count, layer by layer.",
        misconceptions={
            61281: "the convolutions have biases, which batch normalisation takes away again: use_bias=False.",
            62065: "Flatten in place of global average pooling: the last unit then has 1,024 inputs.",
            60401: "there is no batch normalisation.",
            60577: "there is no batch normalisation, and the convolutions have biases.",
        },
    )

    def parts(network):
        for part in getattr(network, "operations", None) or network.layers:
            if hasattr(part, "layers"):
                yield from parts(part)
            else:
                yield part

    named = [(part.__class__.__name__, part) for part in parts(model)]
    check.close(
        [int(part.output.shape[1]) for name, part in named if name in ("MaxPooling2D", "AveragePooling2D")],
        [32, 16, 8, 4],
        "the sizes after each pooling in build_cnn(64)",
        hint='the convolutions eat the border: padding="same".',
    )
    relus = [
        name.lower() == "relu" or getattr(getattr(part, "activation", None), "__name__", "") == "relu"
        for name, part in named
    ]
    check.at_least(
        sum(relus),
        4,
        "the number of ReLUs in build_cnn(64)",
        hint="without ReLU, convolutions in a row are no more than one.",
    )
    check.close(
        [float(part.momentum) for name, part in named if name == "BatchNormalization"],
        [0.9] * 4,
        "the momentum of each batch normalisation in build_cnn(64)",
        hint="Keras's own momentum, 0.99, is too slow for a short training: pass momentum=0.9.",
    )
    small = build_cnn(48)
    weights = small.get_weights()
    weights[-2] = np.zeros_like(weights[-2])
    answers = []
    for bias in (-50.0, 50.0):
        weights[-1] = np.full_like(weights[-1], bias)
        small.set_weights(weights)
        answers.append(np.asarray(small(np.ones((1, 48, 48, 3), "float32"))))
    check.close(
        np.ravel(answers),
        [0, 1],
        "the output of build_cnn(48)",
        on="a last unit with weights 0 and bias −50, then 50",
        misconceptions={
            "softmax": ([1, 1], "softmax over a single unit is always 1: use a sigmoid."),
            "no activation": ([-50, 50], "a probability needs a sigmoid on the last unit."),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 7 · Count the errors (2 + 3 points)
#
# Accuracy is one number for two kinds of error. The confusion matrix keeps them apart: in row *t*, column *p*
# stands how many images of the true class *t* were predicted as *p*.


# %% solution="q07_confusion"
def confusion(truth, predicted, classes):
    """Matrix (classes, classes) of counts; rows are the true classes, columns the predicted ones."""
    ### BEGIN SOLUTION
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (np.asarray(truth, int), np.asarray(predicted, int)), 1)
    return matrix
    ### END SOLUTION


# %% test="q07_confusion_test" points=2
with check.question("Confusion matrix", read="lesson 06 (diagnosing CNNs)"):
    check.close(
        confusion(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1]), 2),
        [[2, 1], [0, 2]],
        "confusion([0, 0, 0, 1, 1], [0, 0, 1, 1, 1], 2)",
        misconceptions={
            "rows and columns swapped": ([[2, 0], [1, 2]], "rows are the truth, columns the predictions."),
            "each pair counted once": (
                [[1, 1], [0, 1]],
                "`matrix[truth, predicted] += 1` adds 1 only once where a pair comes up again.",
            ),
        },
    )

    ### BEGIN HIDDEN TESTS
    def count(truth, predicted, classes):
        matrix = np.zeros((classes, classes), int)
        for t, p in zip(truth, predicted):
            matrix[t, p] += 1
        return matrix

    def lost(truth, predicted, classes):
        matrix = np.zeros((classes, classes), int)
        matrix[truth, predicted] += 1
        return matrix

    def shares(truth, predicted, classes):
        matrix = count(truth, predicted, classes)
        return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)

    dice = np.random.default_rng(707)
    check.same_function(
        confusion,
        count,
        [(dice.integers(0, k, n), dice.integers(0, k, n), k) for n, k in ((40, 2), (60, 3), (5, 4), (0, 2))],
        {
            "rows and columns swapped": (
                lambda t, p, k: count(t, p, k).T,
                "rows are the truth, columns the predictions.",
            ),
            "each pair counted once": (
                lost,
                "`matrix[truth, predicted] += 1` adds 1 only once where a pair comes up again: use np.add.at or a loop.",
            ),
            "shares": (shares, "the question asks for counts, not for shares of each row."),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# From the matrix follow two questions about one class. *Precision*: of the images that the model called
# `positive`, what share is? *Recall*: of the images that are `positive`, what share did the model find? Where
# there is nothing to divide by, the answer is 0.


# %% solution="q07_precision_recall"
def precision_recall(matrix, positive):
    """(precision, recall) of the class `positive`, from a confusion matrix as above."""
    ### BEGIN SOLUTION
    matrix = np.asarray(matrix)
    hits = matrix[positive, positive]
    called, there = matrix[:, positive].sum(), matrix[positive].sum()
    return (hits / called if called else 0.0, hits / there if there else 0.0)
    ### END SOLUTION


# %% test="q07_precision_recall_test" points=3
with check.question("Precision and recall", read="lesson 06 (diagnosing CNNs)"):
    result = precision_recall(np.array([[50, 10], [5, 35]]), 1)
    check.shape(result, (2,), "precision_recall(matrix, 1)", hint="return two numbers: precision, recall.")
    check.within(result, 0, 1, "precision_recall(matrix, 1)", hint="both are shares, from 0 to 1.")
    check.close(
        result,
        (35 / 45, 35 / 40),
        "precision_recall([[50, 10], [5, 35]], 1)",
        misconceptions={
            "the other way round": (
                (35 / 40, 35 / 45),
                "precision divides by what the model called positive (a column), recall by what is (a row).",
            ),
            "accuracy": ((0.85, 0.85), "accuracy counts both classes; ask about one."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def fraction(a, b):
        return a / b if b else 0.0

    def right(m, p):
        m = np.asarray(m)
        return fraction(m[p, p], m[:, p].sum()), fraction(m[p, p], m[p].sum())

    def no_care(m, p):
        m = np.asarray(m, float)
        return m[p, p] / m[:, p].sum(), m[p, p] / m[p].sum()

    def no_care_python(m, p):
        m = np.asarray(m).tolist()
        return m[p][p] / sum(row[p] for row in m), m[p][p] / sum(m[p])

    dice = np.random.default_rng(717)
    cases = [(dice.integers(1, 40, (k, k)), p) for k in (2, 2, 3, 4) for p in range(k)]
    check.same_function(
        precision_recall,
        right,
        cases,
        {
            "the other way round": (
                lambda m, p: right(m, p)[::-1],
                "precision divides by what the model called positive (a column), recall by what is (a row).",
            ),
            "always class 1": (
                lambda m, p: right(m, 1),
                "ask about the class `positive`, not always class 1.",
            ),
            "accuracy": (
                lambda m, p: (np.trace(m) / np.sum(m),) * 2,
                "accuracy counts both classes; ask about one.",
            ),
        },
    )
    empty = [([[7, 0], [3, 0]], 1), ([[7, 2], [0, 0]], 1), ([[0, 0], [0, 4]], 0)]
    nothing = "where there is nothing to divide by, the answer is 0: look before you divide."
    check.same_function(
        precision_recall,
        right,
        [(np.array(m), p) for m, p in empty],
        {"nothing to divide by": (no_care, nothing), "division by zero": (no_care_python, nothing)},
        hint=nothing,
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 8 · Where does the network look? (4 points)
#
# Grad-CAM needs two arrays of one layer for one image, both (H, W, K): what its K channels answered
# (`activations`), and how the class score changes with each of these answers (`gradients`). Then:
#
# 1. the weight of a channel is the mean of its gradients over all places;
# 2. the map is the sum of the channels, each times its weight;
# 3. what speaks against the class does not count: negative values become 0;
# 4. divide by the largest value, so that the map lies in [0, 1]; a map of zeros stays one.


# %% solution="q08_grad_cam"
def grad_cam(activations, gradients):
    """Heat map (H, W) in [0, 1]."""
    ### BEGIN SOLUTION
    weights = np.mean(gradients, axis=(0, 1))
    heat = np.maximum(np.asarray(activations) @ weights, 0)
    return heat / heat.max() if heat.max() > 0 else heat
    ### END SOLUTION


# %% test="q08_grad_cam_test" points=4
with check.question("Grad-CAM", read="lesson 10 (what CNNs learn); Selvaraju et al., 2017, Grad-CAM"):
    activations = np.zeros((2, 2, 2))
    activations[0, 0, 0] = activations[1, 1, 1] = 1.0
    gradients = np.ones((2, 2, 2)) * [2.0, -1.0]
    heat = grad_cam(activations, gradients)
    on = "two channels that answer in opposite corners, weights 2 and −1"
    check.shape(heat, (2, 2), "grad_cam(activations, gradients)", on)
    check.within(
        heat,
        0,
        1,
        "grad_cam(activations, gradients)",
        on,
        hint="ReLU (step 3) and the division by the largest value (step 4) keep the map in [0, 1].",
    )
    check.close(
        heat,
        [[1, 0], [0, 0]],
        "grad_cam(activations, gradients)",
        on,
        misconceptions={
            "the size of the map": (
                [[1, 0], [0, 0.5]],
                "negative values speak against the class: they become 0 (ReLU), not positive.",
            ),
            "no ReLU": ([[1, 1 / 3], [1 / 3, 0]], "negative values become 0 before the map is scaled."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def scaled(heat):
        heat = np.maximum(heat, 0)
        return heat / heat.max() if heat.max() > 0 else heat

    def cam(a, g):
        return scaled(a @ g.mean(axis=(0, 1)))

    def stretched(a, g):
        heat = np.maximum(a @ g.mean(axis=(0, 1)), 0)
        return (heat - heat.min()) / np.ptp(heat) if np.ptp(heat) > 0 else heat

    def against(a, g):
        heat = a @ g.mean(axis=(0, 1))
        return (heat - heat.min()) / np.ptp(heat) if np.ptp(heat) > 0 else heat

    def size_only(a, g):
        heat = np.abs(a @ g.mean(axis=(0, 1)))
        return heat / heat.max() if heat.max() > 0 else heat

    dice = np.random.default_rng(808)
    cases = []
    for h, w, k in ((7, 7, 16), (4, 6, 8), (8, 5, 3)):
        cases.append((dice.random((h, w, k)) + 0.2, dice.normal(0.05, 1, (h, w, k))))
    check.same_function(
        grad_cam,
        cam,
        cases,
        {
            "gradients not averaged": (
                lambda a, g: scaled((a * g).sum(axis=-1)),
                "each channel has one weight: the mean of its gradients over all places.",
            ),
            "the size of the weights": (
                lambda a, g: scaled(a @ np.abs(g.mean(axis=(0, 1)))),
                "a channel with a negative weight speaks against the class: keep the sign.",
            ),
            "the size of the map": (
                size_only,
                "negative values speak against the class: they become 0 (ReLU), not positive.",
            ),
            "no ReLU": (against, "negative values become 0 before the map is scaled."),
            "ReLU too early": (
                lambda a, g: scaled(a @ np.maximum(g.mean(axis=(0, 1)), 0)),
                "sum first, with negative weights too; ReLU comes after the sum.",
            ),
            "stretched": (
                stretched,
                "divide by the largest value only; taking away the smallest moves a map that is nowhere 0.",
            ),
            "activations and gradients swapped": (
                lambda a, g: scaled(g @ a.mean(axis=(0, 1))),
                "the gradients give the weights, the activations are what is summed.",
            ),
            "largest gradient": (
                lambda a, g: scaled(a @ g.max(axis=(0, 1))),
                "the weight is the mean of the gradients, not the largest.",
            ),
        },
    )
    positive = [(a, np.abs(g)) for a, g in cases]
    check.same_function(
        grad_cam,
        cam,
        positive,
        {
            "stretched": (
                stretched,
                "divide by the largest value only; taking away the smallest moves a map that is nowhere 0.",
            ),
        },
    )
    check.same_function(
        grad_cam,
        cam,
        [(np.zeros((3, 3, 2)), np.ones((3, 3, 2))), (np.ones((3, 3, 2)), -np.ones((3, 3, 2)))],
        hint="a map of zeros has no largest value to divide by: it stays as it is.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 9 · The images it is least sure of (2 points)
#
# A model that gives 0.5 has no opinion. Such images are worth a look, and worth a label. Given the probability
# of class 1 for each image, return the indices of the `count` most uncertain images, the most uncertain first.


# %% solution="q09_most_uncertain"
def most_uncertain(probabilities, count):
    """Indices of the `count` images whose probability is nearest to 0.5, the nearest first."""
    ### BEGIN SOLUTION
    return np.argsort(np.abs(np.ravel(probabilities) - 0.5), kind="stable")[:count]
    ### END SOLUTION


# %% test="q09_most_uncertain_test" points=2
with check.question("The most uncertain images", read="lesson 06 (diagnosing CNNs)"):
    result = most_uncertain(np.array([0.9, 0.45, 0.02, 0.7]), 2)
    check.shape(result, (2,), "most_uncertain([0.9, 0.45, 0.02, 0.7], 2)")
    check.close(
        result,
        [1, 3],
        "most_uncertain([0.9, 0.45, 0.02, 0.7], 2)",
        misconceptions={
            "probabilities": (
                [0.45, 0.7],
                "return which images they are (np.argsort), not their probabilities.",
            ),
            "the least probable": ([2, 1], "0.02 is a sure answer too: sure that it is class 0."),
            "the most certain": ([2, 0], "uncertain means near to 0.5, not far from it."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def distance(p):
        return np.abs(np.ravel(p) - 0.5)

    dice = np.random.default_rng(909)
    check.same_function(
        most_uncertain,
        lambda p, n: np.argsort(distance(p))[:n],
        [(dice.permutation(np.linspace(0.011, 0.983, size)), n) for size, n in ((9, 3), (40, 7), (15, 15))],
        {
            "the least probable": (
                lambda p, n: np.argsort(p)[:n],
                "0.02 is a sure answer too: sure that it is class 0.",
            ),
            "the most probable": (lambda p, n: np.argsort(p)[::-1][:n], "near to 0.5, not near to 1."),
            "the most certain": (
                lambda p, n: np.argsort(distance(p))[::-1][:n],
                "uncertain means near to 0.5, not far from it.",
            ),
            "the wrong way round": (
                lambda p, n: np.argsort(distance(p))[:n][::-1],
                "the most uncertain comes first.",
            ),
            "the order of the folder": (
                lambda p, n: np.sort(np.argsort(distance(p))[:n]),
                "the right images, but the most uncertain comes first.",
            ),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 10 · Speak the pretrained network's language (2 points)
#
# MobileNetV2 was trained on pixels in [−1, 1]. Given pixels in [0, 255], it still answers, only worse, and no
# error tells you. Write the preprocessing by hand: images with values from 0 to 255 (often `uint8`) to floats
# from −1 to 1.


# %% solution="q10_preprocess"
def preprocess(images):
    """Images of any shape with values in [0, 255] to the same shape with values in [-1, 1]."""
    ### BEGIN SOLUTION
    return np.asarray(images, "float32") / 127.5 - 1
    ### END SOLUTION


# %% test="q10_preprocess_test" points=2
with check.question("Preprocessing", read="lesson 09 (transfer learning)"):
    result = preprocess(np.array([[0, 51, 255]], "uint8"))
    check.shape(result, (1, 3), "preprocess of [[0, 51, 255]]")
    check.dtype(result, "float", "preprocess of [[0, 51, 255]]")
    check.close(
        result,
        [[-1, -0.6, 1]],
        "preprocess of [[0, 51, 255]]",
        misconceptions={
            "0 to 1": (
                [[0, 0.2, 1]],
                "that is rescale=1/255; this network wants −1 for black and 1 for white.",
            ),
            "0 to 2": ([[0, 0.4, 2]], "take 1 away: black becomes −1."),
        },
        atol=1e-3,
    )
    ### BEGIN HIDDEN TESTS
    dice = np.random.default_rng(1010)
    check.same_function(
        preprocess,
        lambda images: np.asarray(images, float) / 127.5 - 1,
        [
            dice.integers(0, 256, (2, 5, 4, 3)).astype("uint8"),
            dice.uniform(0, 255, (3, 4, 3)),
            np.full((2, 2), 255, "uint8"),
            np.zeros((1, 2, 2, 3), "int64"),
        ],
        {
            "0 to 1": (
                lambda images: np.asarray(images, float) / 255,
                "that is rescale=1/255; this network wants −1 for black and 1 for white.",
            ),
            "0 to 2": (lambda images: np.asarray(images, float) / 127.5, "take 1 away: black becomes −1."),
            "stretched to each image": (
                lambda images: (
                    2 * np.subtract(images, np.min(images), dtype=float) / max(np.ptp(images), 1e-9) - 1
                ),
                "use 0 and 255, not the darkest and brightest pixel of the image at hand.",
            ),
        },
        atol=1e-3,
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 11 · Freeze and put a new head on (4 points)
#
# Build a model for images as `preprocess` returns them, `side` × `side` × 3:
#
# * the base: `keras.applications.MobileNetV2` with `alpha=0.35`, without its top, with `weights=weights`; all of
#   it frozen;
# * global average pooling;
# * one unit with a sigmoid.
#
# The tests pass `weights=None`, which is quick and needs no download; you will pass `"imagenet"`.


# %% solution="q11_transfer"
def transfer(side, weights="imagenet"):
    """The pretrained network, frozen, with a new head; a `keras.Model`, not compiled."""
    ### BEGIN SOLUTION
    base = keras.applications.MobileNetV2(
        input_shape=(side, side, 3), alpha=0.35, include_top=False, weights=weights
    )
    base.trainable = False
    inputs = keras.Input((side, side, 3))
    features = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(features))
    ### END SOLUTION


# %% test="q11_transfer_test" points=4
with check.question("Freeze, and a new head", read="lesson 09 (transfer learning)"):
    model = transfer(96, weights=None)
    check.model(
        model,
        input_shape=(None, 96, 96, 3),
        output_shape=(None, 1),
        name="transfer(96)",
        hint="pool the base's feature maps to one vector, then one unit.",
    )
    ### BEGIN HIDDEN TESTS
    check.model(
        model,
        parameters=411489,
        name="transfer(96)",
        hint="compare model.summary() with the list in the question.",
        misconceptions={
            2259265: "the base is MobileNetV2 with alpha=1: pass alpha=0.35.",
            421729: "Flatten in place of global average pooling.",
            1692209: "the base still has its top: include_top=False.",
        },
    )
    check.model(
        model,
        trainable=1281,
        name="transfer(96)",
        hint="only the head may train: set base.trainable = False.",
        misconceptions={
            397409: "nothing is frozen: set base.trainable = False before you build on it.",
            0: "everything is frozen, the new head too: freeze the base, not the whole model.",
        },
    )
    weights = model.get_weights()
    weights[-2] = np.zeros_like(weights[-2])
    answers = []
    for bias in (-50.0, 50.0):
        weights[-1] = np.full_like(weights[-1], bias)
        model.set_weights(weights)
        answers.append(np.asarray(model(np.zeros((1, 96, 96, 3), "float32"))))
    check.close(
        np.ravel(answers),
        [0, 1],
        "the output of transfer(96)",
        on="a last unit with weights 0 and bias −50, then 50",
        misconceptions={
            "softmax": ([1, 1], "softmax over a single unit is always 1: use a sigmoid."),
            "no activation": ([-50, 50], "a probability needs a sigmoid on the last unit."),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 12 · Train, and hand in what your model says (5 points)
#
# Now put it together. Train a model of your choice on the drawn faces of the data set `face_mask`, and return for
# each face in the folder `faces/test` the probability that it wears *no* mask, in the order of `TEST_FILES`.
# `train` and `validation` are folders like the one of question 1.
#
# `build_cnn` of question 6 with the augmenter of question 3, thirty epochs, 64 × 64 pixels and Adam reaches all
# the points; so does question 11 with a few epochs. Choose by the validation faces: the test faces have no
# labels for you.
#
# | right, of 200 test faces | points |
# |---|---|
# | 86 % | 2 |
# | 88 % | 2 more |
# | 90 % | 1 more |
#
# A logistic regression on the raw pixels gets 82 % at its best.


# %% solution="q12_train"
def train_and_predict(train, validation):
    """Train on a folder of faces; return the probability of class 1 for each of `TEST_FILES`, in order."""
    ### BEGIN SOLUTION
    side, epochs = 64, 30
    batches = augmenter().flow_from_directory(
        train, target_size=(side, side), batch_size=32, class_mode="binary", seed=run.seed
    )
    model = build_cnn(side)
    pace = keras.optimizers.schedules.CosineDecay(3e-3, epochs * len(batches))
    model.compile(keras.optimizers.Adam(pace), "binary_crossentropy", metrics=["accuracy"])
    model.fit(batches, validation_data=load_faces(validation, side, 50), epochs=epochs, verbose=2)
    unlabelled = cvlib.ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        TEST.parent, classes=[TEST.name], target_size=(side, side), class_mode=None, shuffle=False
    )
    return np.ravel(model.predict(unlabelled, verbose=0))
    ### END SOLUTION


# %% [markdown]
# Set `TRAIN` to True to train and to write `predictions.csv`; set it back to False when you are content, so that
# running the notebook again keeps the file. Grading never trains: it reads the file that you hand in.

# %%
TRAIN = False

# %% locked="q12_hand_in"
if TRAIN and not GRADING:
    faces = cvlib.datasets.load("face_mask", source="synthetic")
    probabilities = np.ravel(train_and_predict(faces.directory / "train", faces.directory / "validation"))
    rows = [f"{file},{p:.4f}" for file, p in zip(TEST_FILES, probabilities, strict=True)]
    Path("predictions.csv").write_text("\n".join(["file,probability", *rows]) + "\n")
    print(
        f"predictions.csv: {len(rows)} rows, {np.mean(probabilities > 0.5):.0%} of the faces without a mask"
    )

# %% [markdown]
# The three cells below read your file. The first also checks that it is complete; how many faces are right is
# counted when your work is graded.

# %% test="q12_baseline_test" points=2
with check.question("Trained model, 86 % right", read="lesson 11 (project: face masks)"):
    probabilities = check.predictions_file("predictions.csv", TEST_FILES)
    ### BEGIN HIDDEN TESTS
    truth = np.array(list(f"{0xDBE08E5274C9666028B667BF46D7F11E61125B40F21662BFB8:0200b}"), int)
    accuracy = np.mean((probabilities > 0.5) == truth)
    hint = "train longer, or augment less strongly; watch the validation accuracy while you train."
    if accuracy < 0.35:
        hint = "the wrong way round: the file holds the probability of class 1, without_mask."
    elif len(set(probabilities > 0.5)) == 1:
        hint = "the same answer for every face: are the images rescaled as in training?"
    elif accuracy < 0.62:
        hint = "hardly better than guessing: are the predictions in the order of TEST_FILES (shuffle=False)?"
    check.at_least(accuracy, 0.86, "the share of test faces that are right", hint=hint)
    ### END HIDDEN TESTS

# %% test="q12_good_test" points=2
with check.question("Trained model, 88 % right", read="lesson 11 (project: face masks)"):
    probabilities = check.predictions_file("predictions.csv", TEST_FILES)
    ### BEGIN HIDDEN TESTS
    truth = np.array(list(f"{0xDBE08E5274C9666028B667BF46D7F11E61125B40F21662BFB8:0200b}"), int)
    accuracy = np.mean((probabilities > 0.5) == truth)
    hint = "train longer, or augment less strongly; watch the validation accuracy while you train."
    if accuracy < 0.35:
        hint = "the wrong way round: the file holds the probability of class 1, without_mask."
    elif len(set(probabilities > 0.5)) == 1:
        hint = "the same answer for every face: are the images rescaled as in training?"
    elif accuracy < 0.62:
        hint = "hardly better than guessing: are the predictions in the order of TEST_FILES (shuffle=False)?"
    check.at_least(accuracy, 0.88, "the share of test faces that are right", hint=hint)
    ### END HIDDEN TESTS

# %% test="q12_excellent_test" points=1
with check.question("Trained model, 90 % right", read="lesson 11 (project: face masks)"):
    probabilities = check.predictions_file("predictions.csv", TEST_FILES)
    ### BEGIN HIDDEN TESTS
    truth = np.array(list(f"{0xDBE08E5274C9666028B667BF46D7F11E61125B40F21662BFB8:0200b}"), int)
    accuracy = np.mean((probabilities > 0.5) == truth)
    hint = "train longer, or augment less strongly; watch the validation accuracy while you train."
    if accuracy < 0.35:
        hint = "the wrong way round: the file holds the probability of class 1, without_mask."
    elif len(set(probabilities > 0.5)) == 1:
        hint = "the same answer for every face: are the images rescaled as in training?"
    elif accuracy < 0.62:
        hint = "hardly better than guessing: are the predictions in the order of TEST_FILES (shuffle=False)?"
    check.at_least(accuracy, 0.9, "the share of test faces that are right", hint=hint)
    ### END HIDDEN TESTS
