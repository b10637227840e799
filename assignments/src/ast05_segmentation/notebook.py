# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Assignment 5 · Segmentation
#
# A network that segments gives every pixel a class. For that it looks at a large part of the picture without
# losing sight of the pixel. You build the pieces that make this work, by hand: the way up (transposed
# convolution), the way to see far (atrous convolution, receptive fields), the figures that say how good a
# mask is (IoU, Dice), the losses that train on them, and the two blocks that a U-Net is made of.
#
# **40 points**, ten questions. Everything you need is in lesson 14, and for question 5 in lesson 10; lesson
# 15 uses it all on chest X-rays.
#
# **How it works.** Write your code where it says `YOUR CODE HERE`, and delete the line that raises
# `NotImplementedError`. Below each answer is a cell with tests: run it. It says nothing when all is well;
# otherwise it says what it tried, what came out, and what to think about. When your work is graded, the same
# cells also run tests that you do not see, on other inputs, so an answer that is right only for the example
# gets no points.
#
# Unless a question asks for a Keras model, write it as you like: with loops, with NumPy, with `keras.ops`, or
# with a library that you know. Only the result counts, and no question needs the answer to another.
#
# **What you hand in.** This notebook. On Colab, upload the course package that you were given with it, and
# run `!pip install --no-deps cvlib_course-*.whl` first.

# %% locked="setup"
import os

import cvlib

run = cvlib.setup(seed=0)

import keras
import numpy as np

from cvlib import check

GRADING = os.environ.get("NBGRADER_EXECUTION") == "autograde"

# %% [markdown]
# ## 1 · Transposed convolution (4 points)
#
# A convolution gathers: each output is a sum over a window of the input. A *transposed* convolution hands
# out: each pixel of the input is a stamp that puts the whole kernel, times the pixel's value, into the
# output. The next pixel's stamp lands `stride` cells further on, and where stamps overlap, they add up. Along
# one axis:
#
# ```
# image  2 3      kernel  1 4 5      stride 2
#
# the stamp of 2    2   8  10   .   .
# the stamp of 3    .   .   3  12  15
#                  ───────────────────
# output            2   8  13  12  15
# ```
#
# Write it for two axes. The output is just large enough for the last stamp; nothing is cut off at its border.
# Kernel and image need not be square, and the stride may be larger than the kernel: cells that no stamp
# reaches are 0.


# %% solution="q01_transposed"
def transposed(image, kernel, stride):
    """Transposed convolution of an image (H, W) with a kernel (K, L), without padding or cropping."""
    ### BEGIN SOLUTION
    (height, width), (rows, columns) = np.shape(image), np.shape(kernel)
    output = np.zeros(((height - 1) * stride + rows, (width - 1) * stride + columns))
    for i in range(height):
        for j in range(width):
            y, x = i * stride, j * stride
            output[y : y + rows, x : x + columns] += image[i][j] * np.asarray(kernel)
    return output
    ### END SOLUTION


# %% test="q01_transposed_test" points=4
with check.question("Transposed convolution", read="lesson 14 (transposed convolution)"):
    called = "transposed([[2, 3]], [[1, 4, 5]], 2)"
    result = transposed(np.array([[2.0, 3.0]]), np.array([[1.0, 4.0, 5.0]]), 2)
    check.shape(
        result,
        (1, 5),
        "the output",
        on=called,
        hint="the last stamp begins (length − 1) · stride cells after the first, and is as long as the kernel.",
    )
    check.close(
        result,
        [[2.0, 8, 13, 12, 15]],
        "the output",
        on=called,
        misconceptions={
            "kernel flipped": ([[10, 8, 17, 12, 3]], "a stamp is the kernel as it is, not mirrored."),
            "overwritten": ([[2, 8, 3, 12, 15]], "where two stamps overlap, they add up: += in place of =."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def stamped(image, kernel, stride, add=True):
        (h, w), (k, l) = np.shape(image), np.shape(kernel)
        full = np.zeros(((h - 1) * stride + k, (w - 1) * stride + l))
        for i in range(h):
            for j in range(w):
                window = full[i * stride : i * stride + k, j * stride : j * stride + l]
                window[:] = (window if add else 0) + image[i, j] * kernel
        return full

    def spread(image, kernel, stride):
        h, w = np.shape(image)
        gaps = np.zeros((h * stride, w * stride))
        gaps[::stride, ::stride] = image
        return stamped(gaps, kernel, 1)

    dice = np.random.default_rng(101)
    sizes = [((4, 3), (3, 2), 2), ((3, 5), (2, 4), 1), ((2, 4), (3, 3), 3), ((5, 2), (4, 5), 2)]
    cases = [(dice.normal(size=i), dice.normal(size=k), s) for i, k, s in sizes]
    check.same_function(
        transposed,
        stamped,
        cases,
        {
            "kernel flipped": (
                lambda i, k, s: stamped(i, k[::-1, ::-1], s),
                "a stamp is the kernel as it is, not mirrored. (To gather with zeros in between, you flip it.)",
            ),
            "overwritten": (
                lambda i, k, s: stamped(i, k, s, add=False),
                "where two stamps overlap, they add up: += in place of =.",
            ),
            "stride left out": (
                lambda i, k, s: stamped(i, k, 1),
                "the next pixel's stamp lands `stride` cells further on, not one.",
            ),
            "cut off": (
                lambda i, k, s: stamped(i, k, s)[: i.shape[0] * s, : i.shape[1] * s],
                "the last stamps reach beyond length · stride: nothing is cut off in this question.",
            ),
            "too large": (
                spread,
                "zeros go between the pixels, not behind the last one: the output ends with the last stamp.",
            ),
            "rows and columns swapped": (
                lambda i, k, s: stamped(i.T, k, s),
                "axis 0 holds the rows: the image was read as if it were (W, H).",
            ),
        },
        hint="each pixel puts pixel · kernel at (row · stride, column · stride), and overlaps add up.",
    )
    gappy = [(dice.normal(size=(3, 4)), dice.normal(size=(2, 1)), 3), (np.eye(2), np.ones((1, 1)), 4)]
    check.same_function(
        transposed,
        stamped,
        gappy,
        hint="with a stride larger than the kernel there are cells that no stamp reaches: they are 0.",
    )
    whole = [
        (dice.integers(0, 9, (3, 4)), dice.normal(size=(3, 2)), 2),
        (np.eye(3, dtype=bool), dice.random((2, 2)), 1),
    ]
    check.same_function(
        transposed,
        stamped,
        whole,
        hint="an image of whole numbers still gives fractions: make the output of floats, not of the image's type.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Cut it to size (2 points)
#
# A decoder wants a map that is exactly `stride` times as large. The stamps reach further: the full output of
# question 1 has `kernel − stride` rows and columns too many. With `padding="same"` Keras cuts half of them
# off before the map begins and half after its end; if their number is odd, the odd one goes at the end:
#
# ```
# stride 2    kernel 1 4 5      2   8  13  12 │15      one too many: none before, one after
#             kernel 1 4 5 3    2│  8  13  18  15 │9   two too many: one before, one after
#             kernel 1 4        2   8   3  12          none too many
# ```
#
# Write `crop_same` for a full output `full` (H, W) of a square kernel. `kernel` and `stride` are numbers, and
# the kernel is at least as large as the stride.


# %% solution="q02_crop_same"
def crop_same(full, kernel, stride):
    """The part of a full transposed convolution that `padding="same"` keeps."""
    ### BEGIN SOLUTION
    before = (kernel - stride) // 2
    height, width = np.subtract(np.shape(full), kernel - stride)
    return np.asarray(full)[before : before + height, before : before + width]
    ### END SOLUTION


# %% test="q02_crop_same_test" points=2
with check.question("Cut it to size", read="lesson 14 (transposed convolution)"):
    result = crop_same(np.arange(25.0).reshape(5, 5), 3, 2)
    called = "crop_same(a map of 5 × 5, 3, 2)"
    check.shape(
        result,
        (4, 4),
        "the cut map",
        on=called,
        hint="kernel − stride rows and columns are too many: in all, not on each side.",
    )
    check.close(
        result,
        np.arange(25.0).reshape(5, 5)[:4, :4],
        "the cut map",
        on=called,
        misconceptions={
            "the odd one in front": (
                np.arange(25.0).reshape(5, 5)[1:, 1:],
                "if the number is odd, the odd one goes at the end.",
            ),
        },
    )

    ### BEGIN HIDDEN TESTS
    def cut(full, before, after):
        return full[before : full.shape[0] - after, before : full.shape[1] - after]

    def kept(full, kernel, stride):
        extra = kernel - stride
        return cut(full, extra // 2, extra - extra // 2)

    dice = np.random.default_rng(202)
    cases = []
    for h, w, k, s in ((3, 4, 4, 2), (2, 3, 7, 2), (5, 3, 5, 3), (4, 2, 6, 1), (2, 2, 8, 3)):
        cases.append((dice.normal(size=((h - 1) * s + k, (w - 1) * s + k)), k, s))
    halves = "cut half of kernel − stride before and half after; if it is odd, the odd one goes at the end."
    check.same_function(
        crop_same,
        kept,
        cases,
        {
            "the odd one in front": (
                lambda f, k, s: cut(f, k - s - (k - s) // 2, (k - s) // 2),
                "if the number is odd, the odd one goes at the end.",
            ),
            "all at the end": (
                lambda f, k, s: cut(f, 0, k - s),
                "half of them go before the map begins.",
            ),
            "all in front": (lambda f, k, s: cut(f, k - s, 0), "half of them go after the map's end."),
            "half of the kernel": (
                lambda f, k, s: cut(f, k // 2, k // 2),
                "that is a convolution's padding; here kernel − stride are too many in all.",
            ),
            "the same on both sides": (
                lambda f, k, s: cut(f, (k - s) // 2, (k - s) // 2),
                "if the number is odd, one more goes at the end.",
            ),
            "rows only": (
                lambda f, k, s: f[(k - s) // 2 : f.shape[0] - (k - s) + (k - s) // 2],
                "cut the columns as well as the rows.",
            ),
        },
        hint=halves,
    )
    nothing = [(dice.normal(size=(n, m)), k, k) for n, m, k in ((4, 6, 2), (3, 9, 3), (5, 2, 1))]
    check.same_function(
        crop_same,
        kept,
        nothing,
        {
            "everything cut off": (
                lambda f, k, s: f[0:-0, 0:-0],
                "`full[a:-b]` is empty when b is 0: give the end as a positive number.",
            ),
        },
        hint="where the kernel is as large as the stride, there is nothing to cut off.",
    )
    nearly = [(dice.normal(size=(5, 7)), 3, 2), (dice.normal(size=(4, 6)), 2, 1)]
    check.same_function(
        crop_same,
        kept,
        nearly,
        {
            "everything cut off": (
                lambda f, k, s: f[:0, :0],
                "`full[a:-b]` is empty when b is 0: give the end as a positive number.",
            ),
        },
        hint=halves,
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 3 · A kernel that interpolates (2 points)
#
# With the right kernel, a transposed convolution with stride `factor` enlarges a map smoothly: it
# interpolates bilinearly. FCN begins its training with that kernel. Along one axis it is a tent: 1 at the
# middle of the kernel, less by `1 / factor` with each cell's distance from there, and cut where it would
# reach 0.
#
# ```
# factor 2, 4 cells     0.25  0.75  │  0.75  0.25        the middle lies between two cells
# factor 3, 5 cells     0.33  0.67  1  0.67  0.33        the middle is a cell
# ```
#
# An even factor needs `2 · factor` cells, an odd one `2 · factor − 1`. In two dimensions, each place holds
# the product of the tent at its row and the tent at its column. Return that square kernel.


# %% solution="q03_bilinear_kernel"
def bilinear_kernel(factor):
    """Kernel (K, K) with which a transposed convolution of stride `factor` interpolates bilinearly."""
    ### BEGIN SOLUTION
    size = 2 * factor - factor % 2
    tent = 1 - np.abs(np.arange(size) - (size - 1) / 2) / factor
    return np.outer(tent, tent)
    ### END SOLUTION


# %% test="q03_bilinear_kernel_test" points=2
with check.question(
    "A kernel that interpolates", read="lesson 14 (up again); Long et al., 2015, FCN, section 3.3"
):
    result = bilinear_kernel(2)
    check.shape(result, (4, 4), "bilinear_kernel(2)")
    check.within(result, 0, 1, "bilinear_kernel(2)")
    check.close(
        np.asarray(result)[1],
        [0.1875, 0.5625, 0.5625, 0.1875],
        "row 1 of bilinear_kernel(2)",
        misconceptions={
            "the tent itself": (
                [0.25, 0.75, 0.75, 0.25],
                "each place holds the tent at its row times the tent at its column.",
            ),
            "sums to 1": (
                [0.046875, 0.140625, 0.140625, 0.046875],
                "do not scale the kernel: each output cell meets only a share of it.",
            ),
            "middle of an even kernel": (
                [0, 0.25, 0.5, 0.25],
                "the middle of cells 0 to K − 1 is (K − 1) / 2, not K // 2.",
            ),
            "nearest neighbour": (
                [1, 1, 1, 1],
                "a tent falls from the middle; a block of ones repeats pixels.",
            ),
        },
        hint="the tent is 1 − distance from the middle / factor; the middle of K cells is (K − 1) / 2.",
    )

    ### BEGIN HIDDEN TESTS
    def tents(factor, size=None, middle=None):
        size = size or (2 * factor if factor % 2 == 0 else 2 * factor - 1)
        middle = (size - 1) / 2 if middle is None else middle
        tent = [1 - abs(cell - middle) / factor for cell in range(size)]
        return np.array([[a * b for b in tent] for a in tent])

    check.same_function(
        bilinear_kernel,
        tents,
        [2, 3, 4, 5, 8, 1],
        {
            "always even": (
                lambda f: tents(f, size=2 * f),
                "an odd factor needs one cell less: then the middle is a cell.",
            ),
            "always odd": (
                lambda f: tents(f, size=2 * f - 1),
                "an even factor needs 2 · factor cells: then the middle lies between two cells.",
            ),
            "middle of an even kernel": (
                lambda f: tents(f, middle=(2 * f - f % 2) // 2),
                "the middle of cells 0 to K − 1 is (K − 1) / 2, not K // 2.",
            ),
            "sums to 1": (
                lambda f: tents(f) / tents(f).sum(),
                "do not scale the kernel: each output cell meets only a share of it.",
            ),
            "nearest neighbour": (
                lambda f: np.ones((2 * f - f % 2,) * 2),
                "a tent falls from the middle; a block of ones repeats pixels.",
            ),
            "mean of two tents": (
                lambda f: (tents(f).diagonal()[:, None] ** 0.5 + tents(f).diagonal() ** 0.5) / 2,
                "multiply the tent at the row with the tent at the column; do not add them.",
            ),
        },
        hint="the tent is 1 − distance from the middle / factor; the middle of K cells is (K − 1) / 2.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# When questions 1 to 3 are done, run this cell to see what they do together: a coarse mask, made four times
# as large with a kernel of ones and with yours. Both maps have 96 × 96 pixels; the axes count them. There are
# no points for it.

# %% locked="look"
if not GRADING:
    from cvlib import viz

    y, x = np.mgrid[:24, :24]
    coarse = ((x - 7) ** 2 / 18 + (y - 12) ** 2 / 70 < 1) | ((x - 17) ** 2 / 15 + (y - 12) ** 2 / 84 < 1)
    enlarged = {
        "a coarse mask, 24 × 24": coarse,
        "stamps of 4 × 4 ones": crop_same(transposed(coarse, np.ones((4, 4)), 4), 4, 4),
        "stamps of your kernel": crop_same(transposed(coarse, bilinear_kernel(4), 4), 8, 4),
    }
    figure = viz.figure(9, 3.2)
    for axis, (title, picture) in zip(figure.subplots(1, 3), enlarged.items()):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
        axis.set_title(title)
    viz.show(figure, alt="Two coarse ellipses; four times as large with the same steps; with smooth borders.")


# %% [markdown]
# ## 4 · Atrous convolution (4 points)
#
# Pooling sees far but loses places. An *atrous* (dilated) convolution sees far and keeps them: it reads the
# cells `rate` apart, with the same few weights. `rate=1` is the usual convolution.
#
# ```
# rate 1     ■ ■ ■ . . . .        rate 2     ■ . ■ . ■ . .        rate 3     ■ . . ■ . . ■
# ```
#
# Write it for an image (H, W, C) and a kernel (K, K, C, F) with K odd, as Keras has them. As in Keras, the
# kernel is not mirrored. The image is padded with zeros all around, so that output pixel (y, x) is what the
# kernel sees when its middle lies on (y, x):
#
# $$\text{out}[y, x, f] = \sum_{i, j, c} \text{image}\big[y + (i - m) \cdot \text{rate},\; x + (j - m) \cdot \text{rate},\; c\big] \cdot
# \text{kernel}[i, j, c, f], \qquad m = \tfrac{K - 1}{2}$$


# %% solution="q04_atrous"
def atrous(image, kernel, rate):
    """Atrous convolution of an image (H, W, C) with a kernel (K, K, C, F): an array (H, W, F)."""
    ### BEGIN SOLUTION
    height, width, _ = np.shape(image)
    size = len(kernel)
    border = rate * (size // 2)
    padded = np.pad(image, ((border, border), (border, border), (0, 0)))
    output = 0
    for i in range(size):
        for j in range(size):
            y, x = i * rate, j * rate
            output = output + padded[y : y + height, x : x + width] @ np.asarray(kernel)[i, j]
    return output
    ### END SOLUTION


# %% test="q04_atrous_test" points=4
with check.question(
    "Atrous convolution", read="lesson 14 (dilation); Chen et al., 2017, DeepLabv3, section 3.1"
):
    row = np.array([0, 0, 0, 1, 0, 0, 0, 0], float).reshape(1, 8, 1)
    weights = np.zeros((3, 3, 1, 1))
    weights[1, :, 0, 0] = [3, 5, 7]
    result = atrous(row, weights, 2)
    called = "a row with a 1 in column 3, weights 3 5 7, rate 2"
    check.shape(
        result,
        (1, 8, 1),
        "the output",
        on=called,
        hint="padded with zeros, the output is as large as the image: how far does the kernel reach at this rate?",
    )
    check.close(
        np.ravel(result),
        [0.0, 7, 0, 5, 0, 3, 0, 0],
        "the output",
        on=called,
        hint="write out the formula for one output pixel by hand, and compare.",
        misconceptions={
            "padded on one side": (
                np.zeros(8),
                "pad all around: half of the kernel's reach before, half after.",
            ),
            "kernel mirrored": (
                [0, 3, 0, 5, 0, 7, 0, 0],
                "Keras does not mirror the kernel: see the formula.",
            ),
            "rate left out": ([0, 0, 7, 5, 3, 0, 0, 0], "the cells that the kernel reads lie `rate` apart."),
            "one hole too many": (
                [7, 0, 0, 5, 0, 0, 3, 0],
                "rate 2 means two cells on, with one hole in between; rate 1 has none.",
            ),
        },
    )

    ### BEGIN HIDDEN TESTS
    def gathered(image, kernel, rate, before=None, after=None, mode="constant"):
        h, w, _ = image.shape
        reach = rate * (len(kernel) - 1)
        before = reach // 2 if before is None else before
        after = reach - before if after is None else after
        wide = np.pad(image, ((before, after), (before, after), (0, 0)), mode=mode)
        h, w = wide.shape[0] - reach, wide.shape[1] - reach
        windows = [
            [wide[i * rate : i * rate + h, j * rate : j * rate + w] for j in range(len(kernel))]
            for i in range(len(kernel))
        ]
        return np.einsum("ijyxc,ijcf->yxf", np.array(windows), kernel)

    def off_by_one(image, kernel, rate):
        return gathered(image, kernel, rate + 1)

    dice = np.random.default_rng(404)
    cases = []
    for h, w, c, k, f, rate in (
        (9, 11, 2, 3, 3, 2),
        (14, 13, 3, 5, 2, 3),
        (6, 7, 1, 3, 4, 1),
        (12, 10, 4, 3, 1, 4),
    ):
        cases.append((dice.normal(size=(h, w, c)), dice.normal(size=(k, k, c, f)), rate))
    check.same_function(
        atrous,
        gathered,
        cases,
        {
            "kernel mirrored": (
                lambda i, k, r: gathered(i, k[::-1, ::-1], r),
                "Keras does not mirror the kernel: see the formula.",
            ),
            "rate left out": (
                lambda i, k, r: gathered(i, k, 1),
                "the cells that the kernel reads lie `rate` apart.",
            ),
            "one hole too many": (
                off_by_one,
                "rate 2 means two cells on, with one hole in between; rate 1 has none.",
            ),
            "padded on one side": (
                lambda i, k, r: gathered(i, k, r, before=r * (len(k) - 1), after=0),
                "pad all around: half of the kernel's reach before, half after.",
            ),
            "padded at the end": (
                lambda i, k, r: gathered(i, k, r, before=0),
                "pad all around: half of the kernel's reach before, half after.",
            ),
            "not padded": (
                lambda i, k, r: gathered(i, k, r, before=0, after=0),
                "pad with zeros, so that the output is as large as the image.",
            ),
            "padded as for rate 1": (
                lambda i, k, r: gathered(i, k, r, before=len(k) // 2, after=len(k) // 2),
                "the kernel now reaches rate · (K − 1) / 2 to each side: pad by that.",
            ),
            "padded with the border": (
                lambda i, k, r: gathered(i, k, r, mode="edge"),
                "beyond the image there are zeros, not its last pixels again.",
            ),
            "padded with a mirror": (
                lambda i, k, r: gathered(i, k, r, mode="reflect"),
                "beyond the image there are zeros, not its pixels mirrored.",
            ),
            "one channel only": (
                lambda i, k, r: gathered(i[..., :1], k[:, :, :1], r),
                "sum over all channels of the image.",
            ),
        },
        hint="write out the formula for one output pixel by hand, and compare.",
    )
    far = [(dice.normal(size=(5, 4, 2)), dice.normal(size=(3, 3, 2, 2)), rate) for rate in (4, 6)]
    far.append((dice.normal(size=(4, 6, 3)), dice.normal(size=(1, 1, 3, 2)), 5))
    check.same_function(
        atrous,
        gathered,
        far,
        hint="where the rate is as large as the image, most of the kernel lies in the padding: zeros, not an error.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 5 · How far does a unit see? (4 points)
#
# The *receptive field* of a unit is the stretch of pixels that it depends on. Walk through the network from
# the image on, and keep two numbers: the `size` of the field, and the `jump`, how many pixels lie between the
# fields of neighbours. In the image both are 1. A layer with `kernel` cells that are `dilation` apart and
# with a `stride`
#
# * widens the field by the distance from its first cell to its last, measured in pixels: in cells, then times
#   the jump that it finds;
# * multiplies the jump by its stride, for the layers after it.
#
# ```
# pixel                  0 1 2 3 4 5 6 7 8 9
#
# kernel 3               ├───┤                    size 3
#                          ├───┤                  its neighbour: 1 pixel further on, so jump 1
#
# kernel 2, stride 2     ├─────┤                  joins these two: size 4
#                            ├─────┤              its neighbour: 2 pixels further on, so jump 2
#
# kernel 3               ├──────── ?              joins three of these: what is its size?
# ```
#
# `layers` is a list of `(kernel, stride, dilation)` along one axis, from the image on; pooling is a layer
# too. Return `(size, jump)`; for an empty list that is the image itself.


# %% solution="q05_receptive_field"
def receptive_field(layers):
    """(size, jump) in pixels of the units after a stack of layers (kernel, stride, dilation)."""
    ### BEGIN SOLUTION
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * jump
        jump *= stride
    return size, jump
    ### END SOLUTION


# %% test="q05_receptive_field_test" points=4
with check.question("Receptive fields", read="lesson 10 (receptive field), lesson 14 (dilation)"):
    result = receptive_field([(3, 1, 1), (2, 2, 1), (3, 1, 1)])
    called = "receptive_field([(3, 1, 1), (2, 2, 1), (3, 1, 1)])"
    check.close(
        result,
        (8, 2),
        called,
        hint="go through the list by hand: what does each layer add, and which jump does it find?",
        misconceptions={
            "multiplied": ((18, 2), "each layer adds to the field, it does not multiply it."),
            "stride left out": ((6, 2), "after a stride of 2 a step of one cell is a step of two pixels."),
            "its own stride": (
                (9, 2),
                "a layer's stride moves its own window on; only the layers after it take larger steps.",
            ),
            "one too many": ((12, 2), "three cells lie two steps apart, first to last: kernel − 1."),
            "strides added": ((13, 5), "strides multiply: the jump is the product of all strides so far."),
            "begins with nothing": (
                (7, 2),
                "before the first layer a unit is a pixel, and sees itself: size 1.",
            ),
            "the other way round": ((2, 8), "return first the size, then the jump."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def seen(layers):
        """Which pixels unit 0 and unit 1 depend on, followed back one by one."""
        fields = []
        for unit in (0, 1):
            cells = {unit}
            for kernel, stride, dilation in reversed(layers):
                ends = min(cells), max(cells)
                cells = {stride * cell + dilation * tap for cell in ends for tap in (0, kernel - 1)}
            fields.append((min(cells), max(cells)))
        return fields[0][1] - fields[0][0] + 1, fields[1][0] - fields[0][0]

    def walked(grow, step=lambda jump, stride: jump * stride, size=1):
        def formula(layers):
            field, jump = size, 1
            for kernel, stride, dilation in layers:
                field = grow(field, jump, kernel, stride, dilation)
                jump = step(jump, stride)
            return field, jump

        return formula

    vgg = ([(3, 1, 1)] * 2 + [(2, 2, 1)]) * 2 + ([(3, 1, 1)] * 3 + [(2, 2, 1)]) * 3
    cases = [vgg, [(7, 2, 1), (3, 2, 1), (3, 1, 2), (3, 1, 4)], [(5, 3, 2), (1, 2, 1), (3, 2, 3), (2, 2, 1)]]
    dice = np.random.default_rng(505)
    for depth in (1, 3, 5, 6):
        numbers = zip(*(dice.integers(1, high, depth).tolist() for high in (8, 4, 5)))
        cases.append(list(numbers))
    cases += [[(3, 1, 6)], [(2, 2, 1)]]
    plain = "the field grows by (kernel − 1) cells, each `dilation` apart, each cell `jump` pixels wide."
    check.same_function(
        receptive_field,
        seen,
        cases,
        {
            "multiplied": (
                walked(lambda r, j, k, s, d: r * ((k - 1) * d + 1)),
                "each layer adds to the field, it does not multiply it.",
            ),
            "kernels multiplied": (
                walked(lambda r, j, k, s, d: r * k),
                "each layer adds to the field, it does not multiply it.",
            ),
            "stride left out": (
                walked(lambda r, j, k, s, d: r + (k - 1) * d),
                "after a stride of 2 a step of one cell is a step of two pixels: times the jump.",
            ),
            "its own stride": (
                walked(lambda r, j, k, s, d: r + (k - 1) * d * j * s),
                "a layer's stride moves its own window on; only the layers after it take larger steps.",
            ),
            "dilation left out": (
                walked(lambda r, j, k, s, d: r + (k - 1) * j),
                "with a dilation of 2 the cells of the kernel lie two apart.",
            ),
            "dilation off by one": (
                walked(lambda r, j, k, s, d: r + (k - 1) * (d + 1) * j),
                "dilation 1 is the usual convolution, without holes.",
            ),
            "dilated kernel too long": (
                walked(lambda r, j, k, s, d: r + (k * d - 1) * j),
                "from the first cell to the last there are kernel − 1 steps of `dilation`.",
            ),
            "one too many": (
                walked(lambda r, j, k, s, d: r + k * d * j),
                "from the first cell to the last there are kernel − 1 steps, not kernel.",
            ),
            "strides added": (
                walked(lambda r, j, k, s, d: r + (k - 1) * d * j, step=lambda j, s: j + s),
                "two strides of 2 in a row make a jump of 2 · 2: strides multiply.",
            ),
            "the last stride only": (
                walked(lambda r, j, k, s, d: r + (k - 1) * d * j, step=lambda j, s: s),
                "the jump is the product of all strides so far.",
            ),
            "begins with nothing": (
                walked(lambda r, j, k, s, d: r + (k - 1) * d * j, size=0),
                "before the first layer a unit is a pixel, and sees itself: size 1.",
            ),
        },
        hint=plain,
    )
    check.close(
        receptive_field([]),
        (1, 1),
        "receptive_field([])",
        hint="without layers a unit is a pixel: it sees itself, and its neighbour is one pixel on.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 6 · How good is a mask? (3 + 3 points)
#
# Pixel accuracy flatters: where nine pixels of ten are background, an empty mask is 90 % right. *Intersection
# over union* looks at one class at a time. With $A$ the pixels that are of the class and $B$ those that were
# called it,
#
# $$\text{IoU} = \frac{|A \cap B|}{|A \cup B|}$$
#
# `masks` (the truth) and `predictions` are integers (B, H, W): the class of each pixel, from 0 on and below
# `classes`. Return one IoU for each class, **counted over all pixels of all images together**. A class that
# is in neither the masks nor the predictions has no IoU: return `np.nan` for it, so that a mean can leave it
# out.


# %% solution="q06_class_iou"
def class_iou(masks, predictions, classes):
    """IoU of each class over all pixels, (classes,); NaN for a class that is in neither."""
    ### BEGIN SOLUTION
    scores = []
    for one in range(classes):
        true, called = masks == one, predictions == one
        union = np.sum(true | called)
        scores.append(np.sum(true & called) / union if union else np.nan)
    return np.array(scores)
    ### END SOLUTION


# %% test="q06_class_iou_test" points=3
with check.question("IoU of each class", read="lesson 14 (how good is a mask?)"):
    masks = np.array([[[0, 0, 1], [1, 1, 1]], [[0, 0, 0], [0, 0, 1]]])
    predictions = np.array([[[0, 1, 1], [1, 1, 0]], [[0, 0, 0], [0, 0, 0]]])
    result = class_iou(masks, predictions, 2)
    called = "two masks of 2 × 3 pixels"
    check.within(result, 0, 1, "class_iou(masks, predictions, 2)", on=called)
    check.close(
        result,
        [6 / 9, 3 / 6],
        "class_iou(masks, predictions, 2)",
        on=called,
        hint="one number for each class: pixels that are it in both, by pixels that are it in either.",
        misconceptions={
            "Dice": ([12 / 15, 6 / 9], "IoU divides by the union, and counts the overlap once."),
            "recall": (
                [6 / 7, 3 / 5],
                "pixels that were called the class and are not belong to the union too.",
            ),
            "precision": ([6 / 8, 3 / 4], "pixels of the class that were missed belong to the union too."),
            "mean over the images": (
                [(2 / 4 + 4 / 6 + 0) / 2, 3 / 10],
                "count over all pixels of all images together, then divide once.",
            ),
            "the sum for the union": (
                [6 / 15, 3 / 9],
                "|A| + |B| counts the overlap twice: the union has it once.",
            ),
        },
    )
    absent = "a class in neither has no IoU, NaN; a class in one of the two only has IoU 0."
    check.same_function(
        class_iou, lambda m, p, k: [1, np.nan], [(masks[:1, :1] * 0, masks[:1, :1] * 0, 2)], hint=absent
    )

    ### BEGIN HIDDEN TESTS
    def counted(masks, predictions, classes):
        table = np.zeros((classes, classes))
        for true, called in zip(np.ravel(masks).tolist(), np.ravel(predictions).tolist()):
            table[true, called] += 1
        return np.diag(table), table.sum(axis=1), table.sum(axis=0)

    def ratio(above, below):
        return np.where(below > 0, above / np.maximum(below, 1), np.nan)

    def by_class(masks, predictions, classes):
        both, true, called = counted(masks, predictions, classes)
        return ratio(both, true + called - both)

    def f1(masks, predictions, classes):
        both, true, called = counted(masks, predictions, classes)
        return ratio(2 * both, true + called)

    def recall(masks, predictions, classes):
        both, true, _ = counted(masks, predictions, classes)
        return ratio(both, true)

    def precision(masks, predictions, classes):
        both, _, called = counted(masks, predictions, classes)
        return ratio(both, called)

    def image_means(masks, predictions, classes):
        each = [by_class(m, p, classes) for m, p in zip(masks, predictions)]
        return np.nanmean(each, axis=0)

    def unlike(masks, predictions, classes):
        both, true, called = counted(masks, predictions, classes)
        return ratio(both, true + called)

    dice = np.random.default_rng(606)
    cases = []
    for b, h, w, k in ((3, 5, 6, 2), (4, 6, 5, 3), (2, 7, 9, 5)):
        truth = dice.choice(k, (b, h, w), p=dice.dirichlet(np.full(k, 3.0)))
        truth[0] = np.where(truth[0] == k - 1, 0, truth[0])
        guess = np.where(dice.random((b, h, w)) < 0.7, truth, dice.integers(0, k, (b, h, w)))
        cases.append((truth, guess, k))
    check.same_function(
        class_iou,
        by_class,
        cases,
        {
            "Dice": (f1, "IoU divides by the union, and counts the overlap once."),
            "recall": (recall, "pixels that were called the class and are not belong to the union too."),
            "precision": (precision, "pixels of the class that were missed belong to the union too."),
            "mean over the images": (
                image_means,
                "count over all pixels of all images together, then divide once.",
            ),
            "the sum for the union": (unlike, "|A| + |B| counts the overlap twice: the union has it once."),
        },
        hint="for each class: pixels that are it in both, by pixels that are it in either.",
    )
    rare = [
        (np.array([[[0, 0], [2, 2]]]), np.array([[[0, 0], [0, 2]]]), 4),
        (np.array([[[0, 0]], [[1, 0]]]), np.array([[[2, 0]], [[2, 0]]]), 3),
        (np.zeros((2, 3, 3), int), np.zeros((2, 3, 3), int), 2),
    ]
    check.same_function(class_iou, by_class, rare, hint=absent)
    ### END HIDDEN TESTS

# %% [markdown]
# Doctors like the *Dice coefficient*, which is kinder, and they want to know it **for each image**: a mean
# over all pixels hides the one patient who went wrong.
#
# $$\text{Dice} = \frac{2\,|A \cap B|}{|A| + |B|}$$
#
# Here the masks are yes or no: `masks` and `predictions` (B, H, W) hold 0 outside and 1 inside, often as
# `uint8`, as they come out of a file. Return one number for each image, of the inside only. Empty masks have
# another rule here: where there is nothing to find and nothing was found, all is well, and Dice is **1**.


# %% solution="q06_image_dice"
def image_dice(masks, predictions):
    """Dice coefficient of each image, (B,); 1 where both masks are empty."""
    ### BEGIN SOLUTION
    scores = []
    for mask, prediction in zip(masks, predictions):
        total = np.sum(mask) + np.sum(prediction)
        scores.append(2 * np.sum(mask * prediction) / total if total else 1.0)
    return np.array(scores)
    ### END SOLUTION


# %% test="q06_image_dice_test" points=3
with check.question("Dice of each image", read="lesson 14 (how good is a mask?)"):
    masks = np.array([[[0, 1, 0], [1, 1, 0]], [[1, 0, 0], [0, 0, 0]]])
    predictions = np.array([[[0, 1, 0], [1, 0, 0]], [[1, 1, 0], [0, 0, 0]]])
    result = image_dice(masks, predictions)
    called = "two masks of 2 × 3 pixels"
    check.within(result, 0, 1, "image_dice(masks, predictions)", on=called)
    check.close(
        result,
        [4 / 5, 2 / 3],
        "image_dice(masks, predictions)",
        on=called,
        hint="for each image: twice the pixels inside both, by the sum of both sizes.",
        misconceptions={
            "IoU": ([2 / 3, 1 / 2], "Dice counts the overlap twice, and divides by |A| + |B|."),
            "all images together": (3 / 4, "sum over the pixels of one image at a time: axes 1 and 2."),
            "pixel accuracy": ([5 / 6, 5 / 6], "background that both agree on does not count."),
            "smoothed": (
                [5 / 6, 3 / 4],
                "a term that smooths belongs into a loss; here it flatters masks that miss.",
            ),
            "mean over the images": (
                (4 / 5 + 2 / 3) / 2,
                "return one number for each image, not their mean.",
            ),
        },
    )
    nothing = "both masks empty is Dice 1, as the question defines; only one of them empty is 0."
    check.same_function(image_dice, lambda m, p: [1], [(masks[:1, :1] * 0, masks[:1, :1] * 0)], hint=nothing)

    ### BEGIN HIDDEN TESTS
    def overlap(masks, predictions, formula=lambda both, a, b: 2 * both / (a + b)):
        scores = []
        for mask, prediction in zip(masks, predictions):
            inside, called = set(map(tuple, np.argwhere(mask))), set(map(tuple, np.argwhere(prediction)))
            total = len(inside) + len(called)
            scores.append(formula(len(inside & called), len(inside), len(called)) if total else 1.0)
        return np.array(scores)

    def pooled(masks, predictions):
        return 2 * np.sum(masks * predictions) / (np.sum(masks) + np.sum(predictions))

    dice = np.random.default_rng(616)
    cases = []
    for b, h, w, kind in ((4, 6, 5, "int64"), (3, 8, 8, "uint8"), (5, 4, 9, "int32"), (1, 20, 30, "int64")):
        truth = dice.random((b, h, w)) < 0.4
        guess = truth ^ (dice.random((b, h, w)) < dice.uniform(0.05, 0.4, (b, 1, 1)))
        truth[:, 0, 0] = guess[:, 0, 1] = True
        cases.append((truth.astype(kind), guess.astype(kind)))
    check.same_function(
        image_dice,
        overlap,
        cases,
        {
            "IoU": (
                lambda m, p: overlap(m, p, formula=lambda both, a, b: both / (a + b - both)),
                "Dice counts the overlap twice, and divides by |A| + |B|.",
            ),
            "the 2 is missing": (
                lambda m, p: overlap(m, p, formula=lambda both, a, b: both / (a + b)),
                "equal masks have Dice 1: the overlap counts twice, as it does below the line.",
            ),
            "all images together": (pooled, "sum over the pixels of one image at a time."),
            "all images together, repeated": (
                lambda m, p: np.full(len(m), pooled(m, p)),
                "sum over the pixels of one image at a time.",
            ),
            "mean over the images": (
                lambda m, p: overlap(m, p).mean(),
                "return one number for each image, not their mean.",
            ),
            "pixel accuracy": (
                lambda m, p: (m == p).mean((1, 2)),
                "background that both agree on does not count.",
            ),
            "inside and outside": (
                lambda m, p: (overlap(m, p) + overlap(1 - m, 1 - p)) / 2,
                "of the inside only: the background is not a second class here.",
            ),
            "the background": (lambda m, p: overlap(1 - m, 1 - p), "inside is 1, outside is 0."),
        },
        hint="for each image: twice the pixels inside both, by the sum of both sizes.",
    )
    blank = np.zeros((3, 4, 4), int)
    spot = blank.copy()
    spot[1, 2, 2] = spot[2, 1:3, 1:3] = 1
    empty = [(spot, spot), (blank, spot), (spot, blank), (blank, blank)]
    check.same_function(image_dice, overlap, empty, hint=nothing)
    large = (dice.random((2, 40, 30)) < 0.8).astype("uint8")
    check.same_function(
        image_dice,
        overlap,
        [(large, large), (large, large[::-1].copy())],
        hint="uint8 holds numbers up to 255, and a dot product of masks stays uint8: turn them into floats first.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 7 · A loss that can look away (3 + 3 points)
#
# Some pixels should not count: the thin border that annotators leave open, the padding around a smaller
# image. They carry the label `ignore_index`, often 255. Write the mean cross-entropy of the pixels that do
# count. A pixel has logits $z$, one for each class, and the true class $y$; with $n$ pixels that count,
#
# $$L = -\frac{1}{n} \sum_{\text{pixels that count}} \log \frac{e^{z_y}}{\sum_c e^{z_c}}$$
#
# * It must be right for logits of ±1000, where $e^z$ overflows. (Taking the same number away from all logits
#   of a pixel changes nothing.)
# * If no pixel counts, the loss is 0.
# * `ignore_index` can be any number, also −1 or one of the classes.
# * The arrays belong to the caller: leave them as they were.


# %% solution="q07_cross_entropy"
def cross_entropy(logits, labels, ignore_index=255):
    """Mean cross-entropy of logits (B, H, W, C) for labels (B, H, W): one number."""
    ### BEGIN SOLUTION
    counts = labels != ignore_index
    if not counts.any():
        return 0.0
    chosen, truth = logits[counts], labels[counts]
    chosen = chosen - chosen.max(axis=-1, keepdims=True)
    logs = chosen - np.log(np.exp(chosen).sum(axis=-1, keepdims=True))
    return -logs[np.arange(len(truth)), truth].mean()
    ### END SOLUTION


# %% test="q07_cross_entropy_test" points=3
### ARGUMENTS CHANGE IN PLACE
with check.question("Cross-entropy that can look away", read="lesson 14 (pixels that do not count)"):
    logits = np.log(np.array([[[[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]]]]))
    labels = np.array([[[0, 1, 255]]])
    result = cross_entropy(logits, labels)
    called = "three pixels, the last one ignored"
    check.close(
        result,
        -(np.log(0.5) + np.log(0.75)) / 2,
        "the loss",
        on=called,
        hint="−log of the true class's share, averaged over the pixels that count: one number.",
        misconceptions={
            "divided by all pixels": (
                -(np.log(0.5) + np.log(0.75)) / 3,
                "divide by the pixels that count, not by all: else an ignored pixel pulls the loss down.",
            ),
            "a sum": (-(np.log(0.5) + np.log(0.75)), "the mean over the pixels that count, not their sum."),
            "ignored pixels count": (
                -(np.log(0.5) + np.log(0.75) + np.log(0.9)) / 3,
                "an ignored pixel has no true class: leave it out of the mean.",
            ),
            "softmax along another axis": (
                -(np.log(0.5 / 1.65) + np.log(0.75 / 1.35)) / 2,
                "the classes are the last axis: each pixel has a softmax of its own.",
            ),
            "below 0": (
                (np.log(0.5) + np.log(0.75)) / 2,
                "the logarithm of a probability is negative: the loss is minus that.",
            ),
        },
    )

    ### BEGIN HIDDEN TESTS
    def pixel_losses(logits, labels, ignore_index):
        """(loss, counts) of each pixel, one by one."""
        found = []
        for z, y in zip(np.reshape(logits, (-1, np.shape(logits)[-1])).astype(float), np.ravel(labels)):
            counts = bool(y != ignore_index)
            found.append((np.logaddexp.reduce(z) - z[y if counts else 0], counts))
        return np.array(found).reshape(-1, 2)

    def looked_away(logits, labels, ignore_index=255):
        losses, counts = pixel_losses(logits, labels, ignore_index).T
        return (losses * counts).sum() / max(counts.sum(), 1)

    def by_all(logits, labels, ignore_index=255):
        losses, counts = pixel_losses(logits, labels, ignore_index).T
        return (losses * counts).mean()

    def summed(logits, labels, ignore_index=255):
        losses, counts = pixel_losses(logits, labels, ignore_index).T
        return (losses * counts).sum()

    def as_background(logits, labels, ignore_index=255):
        return pixel_losses(logits, labels, ignore_index)[:, 0].mean()

    def image_mean(logits, labels, ignore_index=255):
        return np.mean([looked_away(z, y, ignore_index) for z, y in zip(logits, labels)])

    def pixel_axis(logits, labels, ignore_index=255):
        logits = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
        counts = labels != ignore_index
        return -np.take_along_axis(logits, np.where(counts, labels, 0)[..., None], -1)[..., 0][counts].mean()

    def no_logarithm(logits, labels, ignore_index=255):
        losses, counts = pixel_losses(logits, labels, ignore_index).T
        return 1 - (np.exp(-losses) * counts).sum() / counts.sum()

    dice = np.random.default_rng(707)
    cases = []
    for (b, h, w, k), ignored in (
        ((2, 4, 5, 3), 255),
        ((3, 3, 4, 2), -1),
        ((2, 5, 3, 4), 0),
        ((1, 6, 6, 5), 255),
    ):
        labels = dice.integers(0, k, (b, h, w))
        labels[0, :2] = labels[-1, -1, -1] = ignored
        cases.append((dice.normal(0, 2, (b, h, w, k)), labels, ignored))
    cases.append((cases[0][0], np.where(cases[0][1] == 255, 1, cases[0][1]), 255))
    check.same_function(
        cross_entropy,
        looked_away,
        cases,
        {
            "divided by all pixels": (
                by_all,
                "divide by the pixels that count, not by all: else an ignored pixel pulls the loss down.",
            ),
            "a sum": (summed, "the mean over the pixels that count, not their sum."),
            "ignored pixels count": (
                as_background,
                "an ignored pixel has no true class: leave it out of the mean.",
            ),
            "mean of the images' means": (
                image_mean,
                "each pixel that counts weighs the same: one sum, divided once.",
            ),
            "softmax along another axis": (
                pixel_axis,
                "the classes are the last axis: each pixel has a softmax of its own.",
            ),
            "no logarithm": (no_logarithm, "cross-entropy is −log of the true class's probability."),
        },
        hint="−log softmax of the true class, averaged over the pixels whose label is not ignore_index.",
    )
    far = "exp(1000) overflows and log(0) has no end: take the largest logit of each pixel away first."
    huge = [(500 * z, y, i) for z, y, i in cases[:2]]
    huge.append((np.array([[[[1000.0, -1000.0], [-1000.0, 1000.0]]]]), np.array([[[0, 0]]]), 255))
    check.same_function(cross_entropy, looked_away, huge, hint=far)
    nothing = "where no pixel counts, the loss is 0: look at n before you divide by it."
    blank = [(z, np.full_like(y, i), i) for z, y, i in cases[:3]]
    check.same_function(cross_entropy, looked_away, blank, hint=nothing)
    logits, labels = cases[0][0].copy(), cases[0][1].copy()
    cross_entropy(logits, labels, 255)
    for name, after, before in (("labels", labels, cases[0][1]), ("logits", logits, cases[0][0])):
        check.close(
            after,
            before,
            f"{name} after the call",
            hint=f"your function changed the caller's {name}: work on a copy, or make new arrays.",
        )
    ### END HIDDEN TESTS

# %% [markdown]
# Training follows the gradient. For the cross-entropy it is short: the gradient of $L$ for the logit of class
# $c$ at a pixel that counts is
#
# $$\frac{\partial L}{\partial z_c} = \frac{1}{n} \left(\text{softmax}(z)_c - [c = y]\right)$$
#
# where $[c = y]$ is 1 for the true class and 0 for the others, and $n$ again the number of pixels that count.
# An ignored pixel must not push anything: its gradient is 0. The same holds as before: right for logits of
# ±1000, all 0 if no pixel counts, any `ignore_index`.


# %% solution="q07_gradient"
def cross_entropy_gradient(logits, labels, ignore_index=255):
    """Gradient of the loss for each logit, an array (B, H, W, C)."""
    ### BEGIN SOLUTION
    counts = labels != ignore_index
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    softmax = powers / powers.sum(axis=-1, keepdims=True)
    truth = labels[..., None] == np.arange(logits.shape[-1])
    return (softmax - truth) * counts[..., None] / max(counts.sum(), 1)
    ### END SOLUTION


# %% test="q07_gradient_test" points=3
with check.question("The gradient, without the ignored", read="lesson 14 (pixels that do not count)"):
    logits = np.log(np.array([[[[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]]]]))
    result = cross_entropy_gradient(logits, np.array([[[0, 1, 255]]]))
    called = "three pixels, the last one ignored"
    check.shape(result, (1, 1, 3, 2), "the gradient", on=called, hint="one number for each logit.")
    check.close(
        np.asarray(result)[0, 0, 2],
        [0, 0],
        "the gradient at the ignored pixel",
        on=called,
        hint="an ignored pixel pushes nothing: its gradient is 0, for every class.",
    )
    check.close(
        result,
        [[[[-0.25, 0.25], [0.125, -0.125], [0, 0]]]],
        "the gradient",
        on=called,
        misconceptions={
            "not divided": (
                [[[[-0.5, 0.5], [0.25, -0.25], [0, 0]]]],
                "the loss is a mean: each pixel's gradient is divided by the number of pixels that count.",
            ),
            "divided by all pixels": (
                [[[[-0.5 / 3, 0.5 / 3], [0.25 / 3, -0.25 / 3], [0, 0]]]],
                "divide by the pixels that count, not by all.",
            ),
            "uphill": (
                [[[[0.25, -0.25], [-0.125, 0.125], [0, 0]]]],
                "a larger logit of the true class makes the loss smaller: softmax − truth.",
            ),
        },
    )

    ### BEGIN HIDDEN TESTS
    def slopes(logits, labels, ignore_index=255, per=None, truth=1.0):
        gradient = np.zeros(np.shape(logits))
        counts = int(np.sum(labels != ignore_index))
        for place in np.argwhere(labels != ignore_index).tolist():
            z = np.asarray(logits[tuple(place)], float)
            step = np.exp(z - np.logaddexp.reduce(z))
            step[labels[tuple(place)]] -= truth
            gradient[tuple(place)] = step / (counts if per is None else per(labels))
        return gradient

    def everywhere(logits, labels, ignore_index=255):
        counted = int(np.sum(labels != ignore_index))
        shares = np.exp(logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True))
        return (shares - (labels[..., None] == np.arange(logits.shape[-1]))) / counted

    def in_class_0(logits, labels, ignore_index=255):
        known = np.where(labels == ignore_index, 0, labels)
        return slopes(logits, known, -99)

    def by_image(logits, labels, ignore_index=255):
        return np.array([slopes(z, y, ignore_index) for z, y in zip(logits, labels)])

    dice = np.random.default_rng(717)
    cases = []
    for (b, h, w, k), ignored in (
        ((2, 3, 4, 3), 255),
        ((3, 2, 3, 2), -1),
        ((2, 4, 2, 4), 0),
        ((1, 3, 3, 5), 255),
    ):
        labels = dice.integers(0, k, (b, h, w))
        labels[0, 0] = labels[-1, -1, -1] = ignored
        cases.append((dice.normal(0, 2, (b, h, w, k)), labels, ignored))
    lonely = np.full((2, 2, 2), 255)
    lonely[1, 0, 1] = 2
    cases.append((dice.normal(0, 2, (2, 2, 2, 3)), lonely, 255))
    check.same_function(
        cross_entropy_gradient,
        slopes,
        cases,
        {
            "not divided": (
                lambda z, y, i: slopes(z, y, i, per=lambda y: 1),
                "the loss is a mean: each pixel's gradient is divided by the number of pixels that count.",
            ),
            "divided by all pixels": (
                lambda z, y, i: slopes(z, y, i, per=np.size),
                "divide by the pixels that count, not by all.",
            ),
            "ignored pixels push": (
                everywhere,
                "an ignored pixel pushes nothing: its gradient is 0, for every class.",
            ),
            "ignored pixels taken for class 0": (
                in_class_0,
                "an ignored pixel pushes nothing: its gradient is 0, for every class.",
            ),
            "divided in each image": (by_image, "n counts the pixels of all images together."),
            "uphill": (
                lambda z, y, i: -slopes(z, y, i),
                "a larger logit of the true class makes the loss smaller: softmax − truth.",
            ),
            "the softmax alone": (
                lambda z, y, i: slopes(z, y, i, truth=0.0),
                "take 1 away at the true class.",
            ),
        },
        hint="(softmax − 1 at the true class) / n where the pixel counts, 0 where it does not.",
        atol=1e-6,
    )
    far = "exp(1000) overflows: take the largest logit of each pixel away before exp."
    huge = [(500 * z, y, i) for z, y, i in cases]
    check.same_function(cross_entropy_gradient, slopes, huge, hint=far)
    nothing = "where no pixel counts, nothing pushes: all 0, and no division by 0."
    blank = [(z, np.full_like(y, i), i) for z, y, i in cases]
    check.same_function(cross_entropy_gradient, slopes, blank, hint=nothing)
    ### END HIDDEN TESTS

# %% [markdown]
# ## 8 · Soft Dice loss (3 points)
#
# The Dice coefficient counts, and a count has no gradient. The *soft* Dice takes probabilities as they are,
# never rounded. With the true mask $t$ (0 or 1) and the probability $p$ of each pixel of **one image**,
#
# $$\text{loss} = 1 - \frac{2 \sum t\,p + s}{\sum t + \sum p + s}$$
#
# where $s$ is `smooth`, which keeps an empty mask from dividing by 0. Return one number: the mean of the
# images' losses.


# %% solution="q08_soft_dice_loss"
def soft_dice_loss(masks, probabilities, smooth=1.0):
    """Mean soft Dice loss of probabilities (B, H, W) for masks (B, H, W) of 0 and 1."""
    ### BEGIN SOLUTION
    both = np.sum(masks * probabilities, axis=(1, 2))
    total = np.sum(masks, axis=(1, 2)) + np.sum(probabilities, axis=(1, 2))
    return np.mean(1 - (2 * both + smooth) / (total + smooth))
    ### END SOLUTION


# %% test="q08_soft_dice_loss_test" points=3
with check.question("Soft Dice loss", read="lesson 14 (Dice); Milletari et al., 2016, V-Net, section 3"):
    masks = np.array([[[1, 0], [1, 0]], [[0, 0], [0, 0]]])
    probabilities = np.array([[[0.75, 0.25], [0.75, 0.25]], [[0.5, 0.5], [0.5, 0.5]]])
    result = soft_dice_loss(masks, probabilities)
    called = "an image with a mask, and one without"
    check.within(result, 0, 1, "the loss", on=called)
    check.close(
        result,
        (1 - 4 / 5 + 1 - 1 / 3) / 2,
        "the loss",
        on=called,
        hint="for each image 1 − (2 · sum(t · p) + smooth) / (sum(t) + sum(p) + smooth); then the mean.",
        misconceptions={
            "the coefficient": ((4 / 5 + 1 / 3) / 2, "a loss is small where the mask is good: 1 − Dice."),
            "all images together": (1 - 4 / 7, "each image has a loss of its own; then take their mean."),
            "a loss for each image": ([1 / 5, 2 / 3], "return one number, the mean of the images' losses."),
            "rounded": (0, "use the probabilities as they are: a threshold has no gradient."),
            "squares": (
                (1 / 17 + 1 / 2) / 2,
                "V-Net squares the probabilities below the line; this question does not.",
            ),
            "soft IoU": ((2 / 7 + 2 / 3) / 2, "Dice divides by the sum of both, not by the union."),
            "smoothed above only": (1 / 4, "`smooth` stands above and below the line."),
            "smoothed below only": (7 / 10, "`smooth` stands above and below the line."),
            "the 2 is missing": (
                (1 / 2 + 2 / 3) / 2,
                "a perfect mask must have loss 0: the overlap counts twice.",
            ),
        },
    )

    ### BEGIN HIDDEN TESTS
    def soft(masks, probabilities, smooth=1.0, above=2, top=True, bottom=True, power=1):
        losses = []
        for t, p in zip(np.asarray(masks, float), np.asarray(probabilities, float)):
            both, total = (t * p).sum(), (t**power).sum() + (p**power).sum()
            losses.append(1 - (above * both + top * smooth) / (total + bottom * smooth))
        return np.mean(losses)

    def whole_batch(masks, probabilities, smooth=1.0):
        return soft(np.reshape(masks, (1, 1, -1)), np.reshape(probabilities, (1, 1, -1)), smooth)

    def jaccard(masks, probabilities, smooth=1.0):
        losses = []
        for t, p in zip(masks, probabilities):
            both = (t * p).sum()
            losses.append(1 - (both + smooth) / (t.sum() + p.sum() - both + smooth))
        return np.mean(losses)

    dice = np.random.default_rng(808)
    cases = []
    for (b, h, w), smooth in (((3, 5, 6), 1.0), ((2, 8, 7), 0.1), ((5, 4, 4), 10.0), ((2, 6, 6), 3.0)):
        truth = (dice.random((b, h, w)) < dice.uniform(0.1, 0.6, (b, 1, 1))).astype(int)
        truth[0] = 0
        cases.append((truth, np.clip(0.6 * truth + dice.uniform(0, 0.4, (b, h, w)), 0, 1), smooth))
    check.same_function(
        soft_dice_loss,
        soft,
        cases,
        {
            "the coefficient": (
                lambda t, p, s: 1 - soft(t, p, s),
                "a loss is small where the mask is good: 1 − Dice.",
            ),
            "all images together": (whole_batch, "each image has a loss of its own; then take their mean."),
            "rounded": (
                lambda t, p, s: soft(t, p > 0.5, s),
                "use the probabilities as they are: a threshold has no gradient.",
            ),
            "the 2 is missing": (
                lambda t, p, s: soft(t, p, s, above=1),
                "a perfect mask must have loss 0: the overlap counts twice.",
            ),
            "smoothed above only": (
                lambda t, p, s: soft(t, p, s, bottom=False),
                "`smooth` stands above and below the line.",
            ),
            "smoothed below only": (
                lambda t, p, s: soft(t, p, s, top=False),
                "`smooth` stands above and below the line.",
            ),
            "always 1": (
                lambda t, p, s: soft(t, p, 1.0),
                "use `smooth` as it is passed in, not the number 1.",
            ),
            "squares": (
                lambda t, p, s: soft(t, p, s, power=2),
                "V-Net squares the probabilities below the line; this question does not.",
            ),
            "soft IoU": (jaccard, "that is 1 − soft IoU: Dice divides by the sum, not by the union."),
        },
        hint="for each image 1 − (2 · sum(t · p) + smooth) / (sum(t) + sum(p) + smooth); then the mean.",
    )
    blank = [
        (np.zeros((2, 3, 3), int), np.zeros((2, 3, 3)), 1.0),
        (np.ones((2, 3, 3), int), np.ones((2, 3, 3)), 0.5),
    ]
    check.same_function(
        soft_dice_loss, soft, blank, hint="a mask that is found as it is, also an empty one, has loss 0."
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 9 · The two blocks of a U-Net (3 + 3 points)
#
# On the way down, a U-Net's block looks at its input twice and hands the result to two places: across, to the
# way up (the *skip*), and, pooled, further down.
#
# ```
#          input: side × side × channels
#                        │
#             convolution 3 × 3, ReLU
#                        │
#             convolution 3 × 3, ReLU ──────── skip: side × side × filters
#                        │
#            pooling 2 × 2, the maximum ────── pooled: side/2 × side/2 × filters
# ```
#
# Build it as a `keras.Model` with two outputs, `[skip, pooled]`. Both convolutions have `filters` filters,
# biases and padding "same".


# %% solution="q09_contracting"
def contracting(side, channels, filters):
    """A U-Net's block on the way down: a `keras.Model` with the outputs [skip, pooled]."""
    ### BEGIN SOLUTION
    inputs = keras.Input((side, side, channels))
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(inputs)
    skip = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, [skip, keras.layers.MaxPooling2D(2)(skip)])
    ### END SOLUTION


# %% test="q09_contracting_test" points=3
with check.question("The way down", read="lesson 14 (U-Net); Ronneberger et al., 2015, U-Net"):
    model = contracting(16, 3, 8)
    check.model(
        model,
        input_shape=(None, 16, 16, 3),
        output_shape=[(None, 16, 16, 8), (None, 8, 8, 8)],
        name="contracting(16, 3, 8)",
        hint='two outputs, the skip first; with padding="same" only the pooling makes the map smaller.',
    )
    ### BEGIN HIDDEN TESTS
    check.model(
        model,
        parameters=808,
        name="contracting(16, 3, 8)",
        hint="two convolutions of 3 × 3 with biases, and nothing else that learns.",
        misconceptions={
            224: "there is one convolution; the block has two.",
            792: "the convolutions have no biases.",
            872: "batch normalisation is a good idea, but not part of this block.",
            1392: "there are three convolutions; the block has two.",
        },
    )

    def convolved(x, kernel, bias, relu=True):
        x = keras.ops.conv(x, kernel, padding="same") + bias
        return np.asarray(keras.ops.relu(x) if relu else x)

    dice = np.random.default_rng(909)
    for side, channels, filters in ((12, 2, 5), (8, 6, 4)):
        model = contracting(side, channels, filters)
        called = f"contracting({side}, {channels}, {filters}) with other weights"
        bias = dice.normal(0, 0.3, filters).astype("float32")
        first = dice.normal(0, 0.4, (3, 3, channels, filters)).astype("float32")
        second = dice.normal(0, 0.4, (3, 3, filters, filters)).astype("float32")
        new = {first.shape: first, second.shape: second, bias.shape: bias}
        shapes = [tuple(weight.shape) for weight in model.get_weights()]
        if sorted(shapes) != sorted([first.shape, second.shape, bias.shape, bias.shape]):
            raise check.CheckFailed(
                f"{called.removesuffix(' with other weights')} has weights of other shapes",
                got=", ".join(map(str, shapes)),
                likely="two convolutions of 3 × 3 with biases: the first sees `channels`, the second `filters` maps.",
            )
        model.set_weights([new[shape] for shape in shapes])
        images = dice.normal(size=(2, side, side, channels)).astype("float32")
        skip, pooled = (np.asarray(output) for output in model(images))
        once = convolved(images, first, bias)
        linear = convolved(images, first, bias, relu=False)
        check.close(
            skip,
            convolved(once, second, bias),
            "the skip",
            on=called,
            misconceptions={
                "no ReLU": (
                    convolved(linear, second, bias, relu=False),
                    "a ReLU follows each convolution: without it two convolutions are no more than one.",
                ),
                "no last ReLU": (
                    convolved(once, second, bias, relu=False),
                    "a ReLU follows the second convolution too, before the map is handed on.",
                ),
                "no first ReLU": (
                    convolved(linear, second, bias),
                    "a ReLU stands between the two convolutions too.",
                ),
                "after the first convolution": (once, "the skip leaves the block after both convolutions."),
            },
            hint="the skip is what the second convolution and its ReLU give.",
            rtol=1e-3,
            atol=1e-4,
        )
        windows = skip.reshape(2, side // 2, 2, side // 2, 2, filters)
        check.close(
            pooled,
            windows.max(axis=(2, 4)),
            "the pooled map",
            on=called,
            misconceptions={
                "pooled by the mean": (
                    windows.mean(axis=(2, 4)),
                    "the pooling takes the maximum, not the mean.",
                ),
                "every second pixel": (skip[:, ::2, ::2], "pooling takes the maximum of 2 × 2 pixels."),
            },
            hint="the pooled map is the skip, pooled: the maximum of each 2 × 2 pixels.",
            rtol=1e-3,
            atol=1e-4,
        )
    ### END HIDDEN TESTS

# %% [markdown]
# On the way up, a block makes the deep map twice as large, puts the skip beside it, and looks at both twice:
#
# ```
#  deep: side × side × channels                skip: 2·side × 2·side × skip_channels
#    │                                           │
#  transposed convolution 2 × 2, stride 2        │
#    │                                           │
#    └────────────── concatenated ───────────────┘
#                         │
#              convolution 3 × 3, ReLU
#                         │
#              convolution 3 × 3, ReLU
#                         │
#          output: 2·side × 2·side × filters
# ```
#
# Build it as a `keras.Model` with the inputs `[deep, skip]`, in this order. All three layers have `filters`
# filters and biases; the transposed convolution has no activation, and the others padding "same". In which
# order you concatenate the two maps is up to you.


# %% solution="q09_expanding"
def expanding(side, channels, skip_channels, filters):
    """A U-Net's block on the way up: a `keras.Model` with the inputs [deep, skip]."""
    ### BEGIN SOLUTION
    deep = keras.Input((side, side, channels))
    skip = keras.Input((2 * side, 2 * side, skip_channels))
    x = keras.layers.Conv2DTranspose(filters, 2, strides=2)(deep)
    x = keras.layers.Concatenate()([skip, x])
    for _ in range(2):
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model([deep, skip], x)
    ### END SOLUTION


# %% test="q09_expanding_test" points=3
with check.question("The way up", read="lesson 14 (U-Net); Ronneberger et al., 2015, U-Net"):
    model = expanding(8, 12, 6, 4)
    check.model(
        model,
        input_shape=[(None, 8, 8, 12), (None, 16, 16, 6)],
        output_shape=(None, 16, 16, 4),
        name="expanding(8, 12, 6, 4)",
        hint="two inputs, the deep map first; the output is as large as the skip.",
    )
    ### BEGIN HIDDEN TESTS
    check.model(
        model,
        parameters=708,
        name="expanding(8, 12, 6, 4)",
        hint="compare model.summary() with the drawing, layer by layer.",
        misconceptions={
            492: "the skip is not concatenated: the first convolution must see its maps beside the others.",
            1388: "the transposed convolution has `filters` filters, not `channels`.",
            948: "the transposed convolution has a kernel of 2 × 2, so that its stamps do not overlap.",
            800: "there is no transposed convolution: repeating pixels learns nothing.",
            560: "there is one convolution after the concatenation; the block has two.",
            696: "the layers have no biases.",
            740: "batch normalisation is a good idea, but not part of this block.",
        },
    )

    def followed(x, *stages):
        for kernel, bias, relu in stages:
            x = keras.ops.conv(x, kernel, padding="same") + bias
            x = keras.ops.relu(x) if relu else x
        return np.asarray(x)

    dice = np.random.default_rng(919)
    for side, channels, skip_channels, filters in ((5, 6, 3, 4), (4, 3, 7, 5)):
        model = expanding(side, channels, skip_channels, filters)
        called = f"expanding({side}, {channels}, {skip_channels}, {filters}) with other weights"
        bias = dice.normal(0, 0.3, filters).astype("float32")
        stamp = dice.normal(0, 0.4, (2, 2, filters, channels)).astype("float32")
        first = dice.normal(0, 0.4, (3, 3, filters + skip_channels, filters)).astype("float32")
        second = dice.normal(0, 0.4, (3, 3, filters, filters)).astype("float32")
        new = {stamp.shape: stamp, first.shape: first, second.shape: second, bias.shape: bias}
        shapes = [tuple(weight.shape) for weight in model.get_weights()]
        if sorted(shapes) != sorted([*new, bias.shape, bias.shape]):
            plain = (2, 2, channels, filters) in shapes
            raise check.CheckFailed(
                f"{called.removesuffix(' with other weights')} has weights of other shapes",
                got=", ".join(map(str, shapes)),
                likely="the kernel of 2 × 2 belongs to a usual convolution; the drawing has a transposed one."
                if plain
                else "a transposed convolution of 2 × 2, then two convolutions of 3 × 3, all with biases.",
            )
        model.set_weights([new[shape] for shape in shapes])
        deep = dice.normal(size=(2, side, side, channels)).astype("float32")
        skip = dice.normal(size=(2, 2 * side, 2 * side, skip_channels)).astype("float32")
        output = np.asarray(model([deep, skip]))
        up = np.asarray(keras.ops.conv_transpose(deep, stamp, strides=2, padding="valid")) + bias
        outcomes = []
        for order in (0, 1):  # the maps side by side in either order
            both = np.concatenate((up, skip) if order else (skip, up), axis=-1)
            bent = np.maximum(up, 0)
            bent = np.concatenate((bent, skip) if order else (skip, bent), axis=-1)
            outcomes.append(
                {
                    "right": followed(both, (first, bias, True), (second, bias, True)),
                    "no ReLU": followed(both, (first, bias, False), (second, bias, False)),
                    "no last ReLU": followed(both, (first, bias, True), (second, bias, False)),
                    "no first ReLU": followed(both, (first, bias, False), (second, bias, True)),
                    "ReLU on the way up": followed(bent, (first, bias, True), (second, bias, True)),
                }
            )
        off = [np.abs(output - outcome["right"]).max() for outcome in outcomes]
        advice = {
            "no ReLU": "a ReLU follows each convolution of 3 × 3.",
            "no last ReLU": "a ReLU follows the second convolution too.",
            "no first ReLU": "a ReLU stands between the two convolutions too.",
            "ReLU on the way up": "the transposed convolution has no activation.",
        }
        check.close(
            output,
            outcomes[int(np.argmin(off))]["right"],
            "the output",
            on=called,
            misconceptions={
                title + mark: (outcome[title], text)
                for mark, outcome in zip(("", " "), outcomes)
                for title, text in advice.items()
            },
            hint="each layer sees what the drawing says; a stamp's stride is as large as its kernel.",
            rtol=1e-3,
            atol=1e-4,
        )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 10 · Count a whole U-Net (3 points)
#
# Now put it together on paper. `filters` lists the widths of a U-Net's levels, from the image down, such as
# `(64, 128, 256, 512, 1024)`:
#
# * a contracting block for each width but the last; the image has `channels` channels;
# * at the bottom two convolutions of 3 × 3 with the last width, and no pooling;
# * an expanding block for each width but the last, from the deepest back to the first, each with the skip of
#   its own level;
# * a convolution of 1 × 1 that makes `classes` maps.
#
# Every layer has biases. How many numbers does the network learn? (For one channel, two classes and the
# widths above, that is the U-Net of the paper.)


# %% solution="q10_unet_parameters"
def unet_parameters(channels, filters, classes):
    """How many parameters a U-Net has."""
    ### BEGIN SOLUTION

    def convolution(kernel, before, after):
        return (kernel * kernel * before + 1) * after

    total = convolution(1, filters[0], classes)
    for before, after in zip((channels, *filters), filters):
        total += convolution(3, before, after) + convolution(3, after, after)
    for width, deep in zip(filters, list(filters)[1:]):
        total += convolution(2, deep, width) + convolution(3, 2 * width, width) + convolution(3, width, width)
    return total
    ### END SOLUTION


# %% test="q10_unet_parameters_test" points=3
with check.question("Count a U-Net", read="lesson 14 (U-Net); Ronneberger et al., 2015, U-Net"):
    check.close(
        unet_parameters(1, (64, 128, 256, 512, 1024), 2),
        31030658,
        "unet_parameters(1, (64, 128, 256, 512, 1024), 2)",
        hint="work through (2, 4) by hand: two levels, eight layers with parameters.",
        misconceptions={
            "no biases": (31023808, "each filter of each layer also has one bias."),
            "skips not concatenated": (
                27897218,
                "after the concatenation the first convolution sees the skip's maps and as many others.",
            ),
            "3 × 3 on the way up": (34512258, "the transposed convolution has a kernel of 2 × 2."),
            "nothing learnt on the way up": (
                31377858,
                "a transposed convolution learns too: 2 · 2 · deep · width and its biases.",
            ),
            "no last layer": (31030528, "a convolution of 1 × 1 makes the maps of the classes."),
            "one convolution in a block": (15323650, "each block has two convolutions of 3 × 3."),
            "no bottom": (16872834, "at the bottom there are two convolutions as well."),
        },
        rtol=0,
        atol=0.5,
    )

    ### BEGIN HIDDEN TESTS
    def counted(channels, filters, classes, bias=1, beside=2, up=2, last=True, second=True, bottom=True):
        kernels = [(1, filters[0], classes)] if last else []
        before = channels
        for level, width in enumerate(filters):
            if level < len(filters) - 1 or bottom:
                kernels += [(3, before, width)] + [(3, width, width)] * second
            before = width
        for level in range(len(filters) - 2, -1, -1):
            width, deep = filters[level], filters[level + 1]
            kernels += [(up, deep, width)] if up else []
            seen = beside * width if up else width + deep
            kernels += [(3, seen, width)] + [(3, width, width)] * second
        return sum(k * k * i * o + bias * o for k, i, o in kernels)

    dice = np.random.default_rng(1010)
    cases = [(3, (8, 16, 32), 4), (1, (5, 9), 1), (2, (7,), 3), (4, (10, 6, 12, 3), 5)]
    for depth in (2, 3, 4, 5):
        widths = tuple(dice.integers(2, 40, depth).tolist())
        cases.append((int(dice.integers(1, 5)), widths, int(dice.integers(1, 9))))
    check.same_function(
        unet_parameters,
        counted,
        cases,
        {
            "no biases": (
                lambda c, f, k: counted(c, f, k, bias=0),
                "each filter of each layer also has one bias.",
            ),
            "skips not concatenated": (
                lambda c, f, k: counted(c, f, k, beside=1),
                "after the concatenation the first convolution sees the skip's maps and as many others.",
            ),
            "3 × 3 on the way up": (
                lambda c, f, k: counted(c, f, k, up=3),
                "the transposed convolution has a kernel of 2 × 2.",
            ),
            "nothing learnt on the way up": (
                lambda c, f, k: counted(c, f, k, up=0),
                "a transposed convolution learns too: 2 · 2 · deep · width and its biases.",
            ),
            "no last layer": (
                lambda c, f, k: counted(c, f, k, last=False),
                "a convolution of 1 × 1 makes the maps of the classes.",
            ),
            "one convolution in a block": (
                lambda c, f, k: counted(c, f, k, second=False),
                "each block has two convolutions of 3 × 3.",
            ),
            "no bottom": (
                lambda c, f, k: counted(c, f, k, bottom=False),
                "at the bottom there are two convolutions as well.",
            ),
            "always one channel": (
                lambda c, f, k: counted(1, f, k),
                "the first convolution sees the `channels` of the image.",
            ),
        },
        hint="work through (2, 4) by hand: two levels, eight layers with parameters.",
        rtol=0,
        atol=0.5,
    )
    ### END HIDDEN TESTS
