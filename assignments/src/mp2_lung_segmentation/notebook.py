# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Mini-project 2 · Lungs on chest X-rays
#
# Which pixels of an X-ray are lung? You read pictures and masks from a folder in which no two files are alike,
# find what is wrong with such a folder, and augment pictures together with their masks. You build DeepLabV3+
# piece by piece, measure it, train it, and hand in the masks that it draws for sixty new pictures.
#
# **46 points**, fourteen questions. Everything you need is in lessons 05, 14 and 15; lesson 15 does a project of
# the same shape.
#
# **How it works.** Write your code where it says `YOUR CODE HERE`, and delete the line that raises
# `NotImplementedError`. Below each answer is a cell with tests: run it. It says nothing when all is well;
# otherwise it says what it tried, what came out, and what to think about. When your work is graded, the same
# cells also run tests that you do not see, on other inputs, so an answer that is right only for the example
# gets no points.
#
# **What you hand in.** This notebook, and the file `predictions.npz` that question 14 writes beside it.
#
# The X-rays in the folder `xrays` are drawn by a program, so that everyone has the same and nobody's chest is
# shown. On Colab, upload the folder beside this notebook, together with the course package that you were given
# with it, and run `!pip install --no-deps cvlib_course-*.whl` first.

# %% locked="setup"
import os
from pathlib import Path

import cvlib

run = cvlib.setup(seed=0)

import keras
import numpy as np
from PIL import Image

from cvlib import check, viz

SAMPLE = Path("xrays/sample")  # two folders: images and masks
SAMPLE_NAMES = sorted(path.stem for path in (SAMPLE / "masks").glob("*.png"))
TEST = Path("xrays/test")  # X-rays without masks, each 128 × 128 pixels
TEST_FILES = sorted(path.name for path in TEST.glob("*.jpg"))
GRADING = os.environ.get("NBGRADER_EXECUTION") == "autograde"


def paths_of(name):
    """The paths of a sample's picture and of its mask, as text."""
    return str(next((SAMPLE / "images").glob(f"{name}.*"))), str(SAMPLE / "masks" / f"{name}.png")


# %% [markdown]
# # Part 1 · The pairs

# %% [markdown]
# ## 1 · Read a picture and its mask (3 points)
#
# Ten pairs lie in `xrays/sample`, as such files come from ten clinics: pictures that are grey, in colour, with
# a palette, or with an alpha channel; masks that are black and white, of 0 and 1, of 0 and 255, or in colour.
# Write `read_pair`. Whatever the files are, it returns
#
# * the image: (H, W, 3), `uint8`, values from 0 to 255;
# * the mask: (H, W), whole numbers: 1 where the mask's file is *not black*, else 0. Alpha does not count.
#
# `Image.open(path)` of Pillow reads every one of them, and `.convert("RGB")` may help.


# %% solution="q01_read_pair"
def read_pair(image_path, mask_path):
    """(image, mask) from two files: uint8 (H, W, 3) and whole numbers (H, W), 1 for lung."""
    ### BEGIN SOLUTION
    image = np.asarray(Image.open(image_path).convert("RGB"))
    mask = np.asarray(Image.open(mask_path).convert("RGB")).max(axis=-1) > 0
    return image, mask.astype("uint8")
    ### END SOLUTION


# %% test="q01_read_pair_test" points=3
with check.question("Read a pair", read="lesson 15 (project: lungs), “Load and check”"):
    for name in SAMPLE_NAMES[:3]:
        image, mask = read_pair(*paths_of(name))
        on = f"the files of {name}"
        check.shape(
            image,
            (None, None, 3),
            "the image",
            on,
            hint='three channels, whatever the file has: .convert("RGB").',
        )
        check.dtype(image, "uint8", "the image", on)
        check.shape(
            mask,
            np.shape(image)[:2],
            "the mask",
            on,
            hint="one number for each pixel of its picture: a mask stored in colour has three or four.",
        )
        check.dtype(mask, "integer", "the mask", on, hint='whole numbers: mask.astype("uint8").')
        check.within(mask, 0, 1, "the mask", on, hint="some files say 255 for lung: that must become 1.")
    ### BEGIN HIDDEN TESTS
    for name in SAMPLE_NAMES:
        image, mask = read_pair(*paths_of(name))
        on = f"the files of {name}"
        right_image, right_mask = (Image.open(path).convert("RGB") for path in paths_of(name))
        right_image, right_mask = np.asarray(right_image), np.asarray(right_mask).any(axis=-1)
        check.shape(
            image,
            right_image.shape,
            "the image",
            on,
            hint="three channels, whatever the file has; rows first, then columns.",
        )
        check.dtype(image, "uint8", "the image", on)
        far = np.abs(np.asarray(image, float) - right_image).mean()
        check.within(
            far,
            0,
            4,
            "how far the image is from its file, on average over the pixels,",
            on,
            hint="with a palette the file holds numbers of colours, not brightness: convert it first.",
        )
        check.shape(mask, right_mask.shape, "the mask", on, hint="one number for each pixel of its picture.")
        check.dtype(mask, "integer", "the mask", on, hint='whole numbers: mask.astype("uint8").')
        check.close(
            mask,
            right_mask.astype(int),
            "the mask",
            on,
            misconceptions={
                "255 left as it is": (right_mask * 255, "255 for lung must become 1."),
                "alpha taken for the mask": (
                    np.ones_like(right_mask, int),
                    "alpha is 255 everywhere: look at the colours only.",
                ),
                "the values above one half": (
                    np.zeros_like(right_mask, int),
                    "in some files lung is 1, not 255: every value but 0 is lung.",
                ),
            },
            hint="1 where the file is not black, else 0.",
        )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 2 · What is wrong with a folder of masks? (3 points)
#
# One bad file costs an evening of training, and nobody says which. So look before you train. `images` and
# `masks` are dictionaries from a name to an array that was read already, (H, W, 3) and (H, W). Return a
# dictionary from each name with a problem to one of these texts, the first one that applies:
#
# | text | when |
# |---|---|
# | `"no mask"` | a picture without mask |
# | `"no picture"` | a mask without picture |
# | `"other size"` | height and width are not the picture's |
# | `"not labels"` | a value that is neither 0 nor 1 |
# | `"empty"` | no lung at all |
#
# Names with nothing wrong are not in the dictionary.


# %% solution="q02_mask_problems"
def mask_problems(images, masks):
    """Dictionary from the name of each bad pair to what is wrong with it."""
    ### BEGIN SOLUTION
    found = {}
    for name in [*images, *masks]:
        if name not in masks:
            found[name] = "no mask"
        elif name not in images:
            found[name] = "no picture"
        elif images[name].shape[:2] != masks[name].shape:
            found[name] = "other size"
        elif not np.isin(masks[name], (0, 1)).all():
            found[name] = "not labels"
        elif not masks[name].any():
            found[name] = "empty"
    return found
    ### END SOLUTION


# %% test="q02_mask_problems_test" points=3
with check.question("Problems of a mask folder", read="lesson 15 (project: lungs), “Load and check”"):
    pictures = {name: np.zeros((4, 6, 3), "uint8") for name in ("a", "b", "c")}
    stripes = {"a": np.tile([0, 1], (4, 3)), "b": np.zeros((4, 6), int), "d": np.ones((4, 6), int)}
    check.close(
        mask_problems(pictures, stripes),
        {"b": "empty", "c": "no mask", "d": "no picture"},
        "mask_problems(images, masks)",
        on="pictures a, b, c; masks a (good), b (all 0), d",
    )
    ### BEGIN HIDDEN TESTS
    dice = np.random.default_rng(202)

    def pair(problem):
        height, width = (int(n) for n in dice.integers(5, 12, 2))
        picture = dice.integers(0, 256, (height, width, 3)).astype("uint8")
        mask = np.asarray(dice.random((height, width)) < 0.4, "uint8")
        mask[2, 2] = 1
        if problem == "turned":
            mask = np.ones((width, height) if width != height else (width + 1, height), "uint8")
        elif problem == "255":
            mask = mask * np.uint8(255)
        elif problem == "one grey pixel":
            mask[1, 1] = 3
        elif problem == "a third class":
            mask[1, 1] = 2
        elif problem == "empty":
            mask[:] = 0
        elif problem == "other size and empty":
            mask = np.zeros((height + 1, width), "uint8")
        elif problem == "other width":
            mask = np.ones((height, width - 1), "uint8")
        elif problem == "negative":
            mask = -mask.astype("int32")
        elif problem == "in between":
            mask = mask * np.float32(0.5)
        return picture, mask

    said = {
        "good": None,
        "good too": None,
        "full": None,
        "turned": "other size",
        "255": "not labels",
        "one grey pixel": "not labels",
        "a third class": "not labels",
        "negative": "not labels",
        "in between": "not labels",
        "empty": "empty",
        "other size and empty": "other size",
        "other width": "other size",
    }
    pairs = {problem: pair(problem) for problem in said}
    pairs["full"][1][:] = 1
    for problem, (picture, mask) in pairs.items():
        wanted = {} if said[problem] is None else {"xray": said[problem]}
        check.close(
            mask_problems({"xray": picture}, {"xray": mask}),
            wanted,
            "mask_problems(images, masks)",
            on=f"one pair: {problem}",
            hint={
                "full": "lung everywhere is odd, but the question does not list it.",
                "255": "255 is neither 0 nor 1.",
                "one grey pixel": "one bad pixel is enough: look at every value.",
                "a third class": "2 is neither 0 nor 1.",
                "negative": "−1 is neither 0 nor 1: looking at the largest value is not enough.",
                "in between": "0.5 is neither 0 nor 1.",
                "other size and empty": "two texts apply: the table's first one counts.",
                "turned": "compare height with height and width with width, not the number of pixels.",
                "other width": "compare both, height and width.",
            }.get(problem),
        )
    everything = mask_problems(
        {**{name: picture for name, (picture, _) in pairs.items()}, "alone": np.zeros((3, 3, 3), "uint8")},
        {**{name: mask for name, (_, mask) in pairs.items()}, "left over": np.ones((3, 3), int)},
    )
    check.close(
        everything,
        {
            **{name: text for name, text in said.items() if text},
            "alone": "no mask",
            "left over": "no picture",
        },
        "mask_problems(images, masks)",
        on="fourteen names, most with a problem",
        hint="every problem is reported, not only the first; good pairs are not.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 3 · One size for all (3 points)
#
# A batch needs one size. Write `resize_pair`: the image becomes (height, width, 3), `float32` in [0, 1], resized
# smoothly (bilinear, or by area). The mask becomes (height, width) and keeps its type. It holds *labels*: between
# class 0 and class 7 there is no class 3.5, and no class 4. OpenCV, Pillow and Keras can all do it; mind in which
# order each wants height and width.


# %% solution="q03_resize_pair"
def resize_pair(image, mask, height, width):
    """(image, mask) of another size; the image in [0, 1], the mask with no label that was not there."""
    ### BEGIN SOLUTION
    small = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    rows = (np.arange(height) + 0.5) * mask.shape[0] / height
    columns = (np.arange(width) + 0.5) * mask.shape[1] / width
    return np.asarray(small, "float32") / 255, mask[rows.astype(int)[:, None], columns.astype(int)]
    ### END SOLUTION


# %% test="q03_resize_pair_test" points=3
with check.question("One size for all", read="lesson 15 (project: lungs), “Load and check”"):
    picture = np.zeros((40, 60, 3), "uint8")
    stripe = np.zeros((40, 60), "uint8")
    picture[:, 30:] = 255
    stripe[:, 30:] = 7
    image, mask = resize_pair(picture, stripe, 16, 32)
    on = "a picture of 40 × 60 pixels, half black, half white; height 16, width 32"
    check.shape(image, (16, 32, 3), "the image", on, hint="cv2.resize and Pillow want (width, height).")
    check.shape(mask, (16, 32), "the mask", on, hint="cv2.resize and Pillow want (width, height).")
    check.dtype(image, "float", "the image", on)
    check.dtype(mask, "integer", "the mask", on)
    check.within(image, 0, 1, "the image", on)
    check.close(
        sorted({int(label) for label in np.ravel(mask)}),
        [0, 7],
        "the labels in the mask",
        on,
        hint="labels that were not there before: resize the mask with the nearest neighbour.",
    )
    ### BEGIN HIDDEN TESTS
    dice = np.random.default_rng(303)

    def nearest(array, height, width):
        rows = ((np.arange(height) + 0.5) * array.shape[0] / height).astype(int)
        columns = ((np.arange(width) + 0.5) * array.shape[1] / width).astype(int)
        return array[rows[:, None], columns]

    for size, target in (((90, 70), (32, 48)), ((64, 64), (128, 96)), ((75, 131), (64, 64))):
        coarse = dice.choice([0, 2, 5, 9], (6, 6))
        labels = nearest(coarse, *size).astype("uint8")
        picture = np.repeat(labels[..., None] * np.uint8(25), 3, -1)
        image, mask = resize_pair(picture, labels, *target)
        on = f"a pair of {size[0]} × {size[1]} pixels with the labels 0, 2, 5, 9; {target[0]} × {target[1]} wanted"
        check.shape(image, (*target, 3), "the image", on, hint="cv2.resize and Pillow want (width, height).")
        check.shape(mask, target, "the mask", on, hint="cv2.resize and Pillow want (width, height).")
        check.dtype(mask, "integer", "the mask", on, hint="labels are whole numbers.")
        check.close(
            len(set(np.ravel(mask).tolist()) - {0, 2, 5, 9}),
            0,
            "how many labels of the mask were not there before",
            on,
            hint="resize the mask with the nearest neighbour; rounding after bilinear makes new classes.",
        )
        check.at_least(
            np.mean(np.asarray(mask) == nearest(labels, *target)),
            0.9,
            "the share of mask pixels with the label of their place",
            on,
            hint="the mask must show the same as before, only larger or smaller: no crop, no padding.",
        )
        check.at_least(
            np.mean(np.abs(np.asarray(image)[..., 0] * 255 / 25 - nearest(labels, *target)) < 1.5),
            0.8,
            "the share of image pixels that are as bright as at their place in the picture",
            on,
            hint="image values from 0 to 255 must become 0 to 1, divided by 255 once.",
        )
    noise = dice.integers(0, 256, (128, 128, 3)).astype("uint8")
    image, _ = resize_pair(noise, np.zeros((128, 128), "uint8"), 32, 32)
    check.within(image, 0, 1, "the image", "a picture of noise, 128 × 128 pixels; 32 × 32 wanted")
    check.within(
        np.std(image),
        0,
        0.21,
        "the spread of the image's values",
        "a picture of noise, 128 × 128 pixels; 32 × 32 wanted",
        hint="the nearest neighbour is for labels; a picture wants bilinear, or by area.",
    )
    white = np.full((32, 32, 3), 255, "uint8")
    image, _ = resize_pair(white, np.zeros((32, 32), "uint8"), 16, 16)
    check.close(image, np.ones((16, 16, 3)), "a white image", hint="255 must become 1.", atol=0.003)
    ### END HIDDEN TESTS

# %% [markdown]
# ## 4 · See both at once (2 points)
#
# Paint the mask over the picture: where the mask is 1, a pixel becomes (1 − opacity) · pixel + opacity · colour;
# elsewhere it stays as it is. The picture that was passed in stays as it was.


# %% solution="q04_overlay"
def overlay(image, mask, colour, opacity):
    """Image (H, W, 3) in [0, 1] with the mask (H, W) of 0 and 1 painted over it in `colour`, three numbers."""
    ### BEGIN SOLUTION
    paint = opacity * np.asarray(mask)[..., None]
    return (1 - paint) * np.asarray(image) + paint * np.asarray(colour)
    ### END SOLUTION


# %% test="q04_overlay_test" points=2
with check.question("Overlay", read="lesson 15 (project: lungs), “Look”"):
    grey = np.full((1, 2, 3), 0.5)
    check.close(
        overlay(grey, np.array([[0, 1]]), (1.0, 0.0, 0.0), 0.2),
        [[[0.5, 0.5, 0.5], [0.6, 0.4, 0.4]]],
        "overlay(image, mask, colour, opacity)",
        on="two grey pixels, the second one lung, red, opacity 0.2",
        misconceptions={
            "the opacity the other way round": (
                [[[0.5, 0.5, 0.5], [0.9, 0.1, 0.1]]],
                "opacity 1 hides the picture, opacity 0 the paint.",
            ),
            "painted everywhere": ([[[0.6, 0.4, 0.4]] * 2], "only where the mask is 1."),
            "the background painted": (
                [[[0.6, 0.4, 0.4], [0.5, 0.5, 0.5]]],
                "paint where the mask is 1, not where it is 0.",
            ),
        },
    )

    ### BEGIN HIDDEN TESTS
    def painted(image, mask, colour, opacity):
        return np.where(mask[..., None] == 1, (1 - opacity) * image + opacity * np.array(colour), image)

    dice = np.random.default_rng(404)
    check.same_function(
        overlay,
        painted,
        [
            (dice.random((h, w, 3)), dice.integers(0, 2, (h, w)), tuple(dice.random(3).tolist()), opacity)
            for h, w, opacity in ((5, 7, 0.35), (6, 4, 0.7), (3, 3, 1.0), (4, 3, 0.0))
        ],
        {
            "the opacity the other way round": (
                lambda i, m, c, o: painted(i, m, c, 1 - o),
                "opacity 1 hides the picture, opacity 0 the paint.",
            ),
            "painted everywhere": (
                lambda i, m, c, o: painted(i, np.ones_like(m), c, o),
                "only where the mask is 1.",
            ),
            "the background painted": (
                lambda i, m, c, o: painted(i, 1 - m, c, o),
                "paint where the mask is 1, not where it is 0.",
            ),
            "added": (
                lambda i, m, c, o: i + o * m[..., None] * np.array(c),
                "the picture's own share is 1 − opacity.",
            ),
            "hidden": (lambda i, m, c, o: painted(i, m, c, 1.0), "the opacity is not used."),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# Look at the ten pairs with your own paint before you go on. Do the masks fit their pictures? Is the picture's left
# the patient's left?

# %%
if not GRADING:
    painted = []
    for name in SAMPLE_NAMES:
        image, mask = resize_pair(*read_pair(*paths_of(name)), 160, 160)
        painted.append(overlay(image, mask, (0.9, 0.6, 0.0), 0.35))
    sheet = viz.grid(painted, titles=SAMPLE_NAMES, columns=5)
    viz.show(sheet, alt="Ten X-rays with their lungs painted over.")

# %% [markdown]
# ## 5 · Split by patient (3 points)
#
# Two films of one patient look much alike. If one is in training and the other in validation, validation is
# only memory. `patients` holds a patient's name for each picture. Return two lists of indices, of training and of
# validation pictures: of `n` patients, `round(share * n)`, drawn at random, are in validation with *all* their
# pictures. The same `seed` gives the same split, another seed another one.


# %% solution="q05_split_by_patient"
def split_by_patient(patients, share, seed):
    """(indices of the training pictures, indices of the validation pictures)."""
    ### BEGIN SOLUTION
    names = np.unique(patients)
    chosen = np.random.default_rng(seed).permutation(names)[: round(share * len(names))]
    held_out = np.isin(patients, chosen)
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
    ### END SOLUTION


# %% test="q05_split_by_patient_test" points=3
with check.question("Split by patient", read="lesson 15 (project: lungs), “Split by patient”"):
    people = ["ann", "ann", "bob", "eve", "eve", "eve", "kim", "lee"]
    train, validation = split_by_patient(people, 0.4, 0)
    on = f"patients {people}, share 0.4"
    both = sorted([int(i) for i in train] + [int(i) for i in validation])
    check.close(both, list(range(8)), "training and validation together", on, hint="each picture once.")
    ### BEGIN HIDDEN TESTS
    dice = np.random.default_rng(505)
    for patients_count, share in ((12, 0.25), (31, 0.2), (9, 0.34)):
        films = [f"patient{n:03d}" for n in range(patients_count) for _ in range(int(dice.integers(1, 5)))]
        films = [films[i] for i in dice.permutation(len(films))]
        seen = set()
        for seed in range(12):
            train, validation = split_by_patient(films, share, seed)
            on = f"{len(films)} films of {patients_count} patients, share {share}, seed {seed}"
            train, validation = [int(i) for i in train], [int(i) for i in validation]
            check.close(
                sorted(train + validation),
                list(range(len(films))),
                "training and validation together",
                on,
                hint="each picture is in exactly one of the two.",
            )
            held_out = {films[i] for i in validation}
            check.close(
                len(held_out & {films[i] for i in train}),
                0,
                "the number of patients in both parts",
                on,
                hint="a leak: draw patients, not pictures.",
            )
            check.close(
                len(held_out),
                round(share * patients_count),
                "the number of patients in validation",
                on,
                misconceptions={
                    "the parts swapped": (
                        patients_count - round(share * patients_count),
                        "return training first, then validation.",
                    ),
                },
                hint="share × the number of patients, rounded; not a share of the pictures.",
            )
            again = split_by_patient(films, share, seed)
            check.close(
                sorted(int(i) for i in again[1]),
                sorted(validation),
                "the split for the same seed, once more,",
                on,
                hint="draw from np.random.default_rng(seed), not from a global generator or a set's order.",
            )
            seen.add(tuple(sorted(held_out)))
        check.at_least(
            len(seen),
            4,
            "the number of different splits for twelve seeds",
            on,
            hint="which patients are held out must depend on the seed.",
        )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 6 · Move both together (4 points)
#
# Augment a pair: draw one change, and do it to the image *and* to the mask. `seed` decides all that is drawn.
#
# * mirrored left and right, half of the time;
# * turned about its middle by up to 10 degrees either way;
# * shifted by up to a tenth of the width and of the height, either way.
#
# What comes in from outside is black, and no lung. The image, float in [0, 1], may be interpolated. The mask holds
# labels: it keeps its type, and no label comes in that was not there. Sizes stay. (The pair here has several
# classes.) OpenCV's `warpAffine` does all three in one go; so does `cvlib.ImageDataGenerator`.


# %% solution="q06_augment"
def augment(image, mask, seed):
    """(image, mask) of the same sizes and types, both changed in the same random way."""
    ### BEGIN SOLUTION
    import cv2

    rng = np.random.default_rng(seed)
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), rng.uniform(-10, 10), 1)
    matrix[:, 2] += rng.uniform(-0.1, 0.1, 2) * (width, height)
    if rng.random() < 0.5:
        matrix = matrix @ [[-1, 0, width - 1], [0, 1, 0], [0, 0, 1]]
    moved = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR)
    return moved, cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_NEAREST)
    ### END SOLUTION


# %% test="q06_augment_test" points=4
with check.question(
    "Move both together", read="lesson 15 (project: lungs), “One draw for both”; lesson 05, “In step”"
):
    ROWS, COLUMNS = np.mgrid[:96, :128]
    CENTRES = {1: (34, 52), 4: (44, 80), 9: (66, 58)}  # three discs: label, and where its middle is
    discs = np.zeros((96, 128), "uint8")
    bright = np.zeros((96, 128, 3), "float32")
    for place, (label, (row, column)) in enumerate(CENTRES.items()):
        inside = (ROWS - row) ** 2 + (COLUMNS - column) ** 2 <= 64
        discs[inside] = label
        bright[inside, place] = 1
    image, mask = augment(bright, discs, 0)
    on = "three discs in red, green and blue, with the labels 1, 4 and 9"
    check.shape(image, (96, 128, 3), "the image", on)
    check.shape(mask, (96, 128), "the mask", on)
    check.dtype(mask, "integer", "the mask", on, hint="the mask holds labels: whole numbers.")
    check.close(
        len(set(np.ravel(mask).tolist()) - {0, 1, 4, 9}),
        0,
        "how many labels of the mask were not there before",
        on,
        hint="interpolation made them: move the mask with the nearest neighbour.",
    )

    ### BEGIN HIDDEN TESTS
    def middle(layer):
        weight = np.asarray(layer, float)
        if weight.sum() == 0:
            return (np.nan, np.nan)
        return ((ROWS * weight).sum() / weight.sum(), (COLUMNS * weight).sum() / weight.sum())

    here = np.array([middle(discs == label) for label in CENTRES])
    angles, shifts, mirrors, moves = [], [], [], []
    for seed in range(100):
        image, mask = (np.asarray(one) for one in augment(bright, discs, seed))
        each = f"{on}; seed {seed}"
        check.shape(image, (96, 128, 3), "the image", each)
        check.shape(mask, (96, 128), "the mask", each)
        check.dtype(mask, "integer", "the mask", each, hint="the mask holds labels: whole numbers.")
        check.within(image, 0, 1, "the image", each)
        check.close(
            len(set(np.ravel(mask).tolist()) - {0, 1, 4, 9}),
            0,
            "how many labels of the mask were not there before",
            each,
            hint="interpolation made them: move the mask with the nearest neighbour.",
        )
        of_mask = np.array([middle(mask == label) for label in CENTRES])
        of_image = np.array([middle(image[..., place]) for place in range(3)])
        check.at_least(
            np.isfinite([of_mask, of_image]).sum(),
            12,
            "how many of the 12 co-ordinates of the discs' middles are still in the picture",
            each,
            hint="they lie near the middle: a tenth of the width cannot move them out.",
        )
        apart = np.abs(of_mask - of_image).max()
        still = np.abs(of_mask - here).max() < 0.01 or np.abs(of_image - here).max() < 0.01
        moves.append((apart, still))
        matrix = np.linalg.solve(
            np.c_[here, np.ones(3)], of_image
        ).T  # what moved the discs, in (row, column)
        mirrors.append(np.linalg.det(matrix[:, :2]) < 0)
        angles.append(np.rad2deg(np.arctan2(matrix[1, 0], matrix[0, 0])))
        shifts.append((matrix @ (47.5, 63.5, 1) - (47.5, 63.5)) / (96, 128))
        check.within(
            np.abs(np.linalg.svd(matrix[:, :2])[1] - 1),
            0,
            0.08,
            "by how much it is stretched",
            each,
            hint="turn, shift and mirror keep lengths: no zoom, no resize.",
        )
    apart = [distance > 1.2 for distance, _ in moves]
    alone = all(still for (_, still), off in zip(moves, apart) if off)
    check.close(
        sum(apart),
        0,
        "for how many of 100 seeds the mask is not where its image is",
        on,
        hint="only one of the two was moved."
        if alone
        else "image and mask were moved differently: draw once, and use the same numbers for both.",
    )
    angles, shifts, plain = np.array(angles), np.array(shifts), ~np.array(mirrors)
    widest = np.abs(angles).max()
    drawn = "100 seeds"
    check.within(np.mean(mirrors), 0.3, 0.7, "the share of mirrored pairs", drawn, hint="half of the time.")
    check.within(
        angles,
        -10.5,
        10.5,
        "the angle, in degrees,",
        drawn,
        hint="upside down: mirror left and right, along the columns." if widest > 150 else None,
    )
    check.at_least(
        widest,
        9.2,
        "the largest angle, in degrees,",
        drawn,
        hint="degrees, not radians?" if 0.05 < widest < 1 else "turn by up to 10 degrees either way.",
    )
    check.at_least(
        min(-angles[plain].min(), angles[plain].max()),
        4,
        "the largest angle to the side that is turned to less, in degrees,",
        drawn,
        hint="either way: draw from −10 to 10, not from 0 to 10.",
    )
    for axis, (side, most) in enumerate((("height", 0.125), ("width", 0.116))):
        advice = f"shift by up to a tenth of the {side}, in pixels; turn about the picture's middle."
        check.within(
            shifts[:, axis], -most, most, f"the shift, as a share of the {side},", drawn, hint=advice
        )
        check.at_least(
            np.abs(shifts[:, axis]).max(),
            0.07,
            f"the largest shift, as a share of the {side},",
            drawn,
            hint=advice,
        )
        check.at_least(
            min(
                extreme
                for some in (plain, ~plain)  # the mirrored ones are shifted too
                for extreme in (-shifts[some, axis].min(), shifts[some, axis].max())
            ),
            0.03,
            f"the largest shift to the side that is shifted to less, as a share of the {side},",
            drawn,
            hint="either way, mirrored or not: a shift may be negative.",
        )
    check.within(
        [np.abs(np.corrcoef(shifts[some].T)[0, 1]) for some in (plain, ~plain)],
        0,
        0.8,
        "how much the shift along one axis tells of the other (a correlation)",
        drawn,
        hint="draw two numbers, one for the height and one for the width.",
    )
    first, second = (augment(bright, discs, 5) for _ in range(2))
    check.close(
        [np.array_equal(a, b) for a, b in zip(first, second)],
        [True, True],
        "whether the same seed gives the same pair twice, for image and mask,",
        hint="draw from np.random.default_rng(seed).",
    )
    filled = 0
    for seed in range(12):
        image, mask = (
            np.asarray(one)
            for one in augment(np.ones((96, 128, 3), "float32"), np.ones((96, 128), "uint8"), seed)
        )
        filled += bool((mask == 0).mean() > 0.01)
        check.at_least(
            np.mean((image[..., 0] > 0.5) == (mask == 1)),
            0.97,
            "the share of pixels where a white image and a mask of ones agree",
            f"seed {seed}",
            hint="what comes in from outside is black, and no lung, in both.",
        )
    check.at_least(
        filled,
        6,
        "how often, of 12 times, something black comes in from outside",
        "a white image and a mask of ones",
        hint='fill with a constant 0, not with the border\'s values (fill_mode="constant").',
    )
    ### END HIDDEN TESTS

# %% [markdown]
# # Part 2 · DeepLabV3+
#
# The encoder below is given: it makes an image of H × W pixels into two maps, `low` of H/4 × W/4 with 24 channels,
# which still knows where edges are, and `deep` of H/16 × W/16 with 96 channels, which knows what is there. You
# build what DeepLabV3+ puts on top. Lesson 15 builds it too; the paper is Chen et al., 2018.
#
# In all three questions "a convolution" means: `Conv2D` with `padding="same"`, then batch normalisation, then ReLU. A
# separable one is fine too. (Biases are no use before batch normalisation: `use_bias=False`. And since the training
# is short, its averages had better be quick: `momentum=0.9`. No marks hang on these two.)


# %% locked="encoder"
def encoder(input_shape):
    """A small network from images to two maps: [low, deep], at 1/4 and at 1/16 of the image's size."""
    images = keras.Input(input_shape)
    x, maps = images, []
    for filters, stride in ((16, 2), (24, 2), (48, 2), (96, 2), (96, 1)):
        x = keras.layers.Conv2D(filters, 3, stride, "same", use_bias=False, kernel_initializer="he_normal")(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))
        maps.append(x)
    return keras.Model(images, [maps[1], maps[4]], name="encoder")


# %% [markdown]
# ## 7 · The pyramid: atrous spatial pyramid pooling (4 points)
#
# One map, looked at in several widths at once. Build a `keras.Model` from features of `input_shape` = (H, W, C) to
# (H, W, `filters`). Its branches stand side by side, each with `filters` filters:
#
# * a convolution of 1 × 1;
# * for each of `rates` a convolution of 3 × 3 with that `dilation_rate`;
# * image pooling: the mean over all places, a convolution of 1 × 1, and spread out to H × W again.
#
# Concatenate all of them, and end with a convolution of 1 × 1 with `filters` filters. Ask yourself before you run
# the test: if one cell of the features is bright, which cells of the output hear of it?


# %% solution="q07_aspp"
def aspp(input_shape, filters, rates):
    """The pyramid as a `keras.Model` from (H, W, C) to (H, W, filters)."""
    ### BEGIN SOLUTION
    features = keras.Input(input_shape)
    branches = [convolution(features, filters, 1)]
    branches += [convolution(features, filters, 3, rate) for rate in rates]
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True)(features)
    branches.append(keras.layers.UpSampling2D(input_shape[:2])(convolution(mean, filters, 1)))
    return keras.Model(features, convolution(keras.layers.Concatenate()(branches), filters, 1))


def convolution(x, filters, size, rate=1):
    x = keras.layers.Conv2D(
        filters, size, padding="same", dilation_rate=rate, use_bias=False, kernel_initializer="he_normal"
    )(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))
    ### END SOLUTION


# %% test="q07_aspp_test" points=4
with check.question("The pyramid", read="lesson 15 (project: lungs), “The pyramid”"):
    check.model(
        aspp((12, 10, 6), 8, (1, 2)),
        input_shape=(None, 12, 10, 6),
        output_shape=(None, 12, 10, 8),
        name="aspp((12, 10, 6), 8, (1, 2))",
        hint='every branch keeps the size (padding="same"), and the last convolution has `filters` filters.',
    )

    ### BEGIN HIDDEN TESTS
    def adding(model, gamma=1.0, beta=0.0, kernel=lambda shape: 1.0):
        """Give a model weights with which it only adds up, so that one can see from where to where."""
        values = []
        for weight in model.weights:
            name, shape = str(weight.name), tuple(int(n) for n in weight.shape)
            if "kernel" in name:
                value = kernel(shape) / np.prod(shape[:-1])
            else:
                value = {"gamma": gamma, "beta": beta, "moving_variance": 1.0}.get(name, 0.0)
            values.append(np.full(shape, value, "float32"))
        model.set_weights(values)

    def answer_to_one(model, side, channels):
        """The first output map, for features that are 0 but for their middle cell."""
        one = np.zeros((1, side, side, channels), "float32")
        one[0, side // 2, side // 2] = 1
        return np.asarray(model(one))[0, ..., 0]

    def reach(places, side):
        cells = np.zeros((side, side), int)
        for row, column in places:
            if 0 <= side // 2 + row < side and 0 <= side // 2 + column < side:
                cells[side // 2 + row, side // 2 + column] = 1
        return cells

    def taps(rate):
        return {(row, column) for row in (-rate, 0, rate) for column in (-rate, 0, rate)}

    for side, rates in ((33, (3, 7)), (41, (2, 5, 11))):
        model = aspp((side, side, 5), 4, rates)
        adding(model)
        heard = answer_to_one(model, side, 5)
        named = f"aspp(({side}, {side}, 5), 4, {rates})"
        on = "features with one bright cell in the middle; all kernels positive"
        check.close(
            bool(heard[0, 1] > 0),
            True,
            f"whether the corner hears of the bright cell in {named}",
            on,
            hint="image pooling is missing: the mean over all places reaches every cell.",
        )
        parallel = set().union(*(taps(rate) for rate in rates))
        row_by_row = {(0, 0)}
        for rate in rates:
            row_by_row = {(a + c, b + d) for a, b in row_by_row for c, d in taps(rate)}
        check.close(
            (heard > heard[0, 1] * (1 + 1e-4)).astype(int),
            reach(parallel, side),
            f"which cells hear of the bright cell, beside what image pooling brings, in {named},",
            on,
            misconceptions={
                "the rates are not used": (
                    reach(taps(1), side),
                    "every branch sees 3 × 3 neighbours: pass dilation_rate=rate.",
                ),
                "only the last rate": (
                    reach(taps(rates[-1]), side),
                    "all branches have the last rate, or only one is left: one branch for each rate.",
                ),
                "only the first rate": (reach(taps(rates[0]), side), "one branch for each of `rates`."),
                "no 3 × 3 branch": (reach({(0, 0)}, side), "one branch of 3 × 3 for each of `rates`."),
                "one after the other": (
                    reach(row_by_row, side),
                    "the branches stand side by side: each gets the features, not the last branch's output.",
                ),
                "large kernels": (
                    reach(
                        {
                            (a, b)
                            for a in range(-max(rates), max(rates) + 1)
                            for b in range(-max(rates), max(rates) + 1)
                        },
                        side,
                    ),
                    "a rate is no kernel size: 3 × 3 taps that stand apart.",
                ),
            },
            hint="a 3 × 3 kernel with dilation_rate=r hears the cells at distance r, in nine places.",
        )
        adding(model, kernel=lambda shape: float(len(shape) < 4 or shape[0] == 1))
        heard = answer_to_one(model, side, 5)
        check.close(
            bool(heard[side // 2, side // 2] > heard[0, 1] * (1 + 1e-4)),
            True,
            f"whether the middle hears of the bright cell in {named}",
            "the same, with the kernels of 3 × 3 set to 0",
            hint="the branch of 1 × 1 is missing.",
        )
        adding(model, gamma=-1.0)
        check.close(
            answer_to_one(model, side, 5),
            np.zeros((side, side)),
            f"the output of {named}",
            "batch normalisations that turn every sign",
            hint="every convolution, in every branch, is followed by batch normalisation and ReLU.",
        )
        adding(model, gamma=0.0, beta=-1.0)
        check.close(
            answer_to_one(model, side, 5),
            np.zeros((side, side)),
            f"the output of {named}",
            "batch normalisations that give −1",
            hint="the last convolution too is followed by batch normalisation and ReLU.",
        )
    model = aspp((8, 8, 6), 8, (1, 2, 3))
    shapes = [tuple(int(n) for n in weight.shape) for weight in model.weights]
    pointwise = sum(s[-2] * s[-1] for s in shapes if len(s) == 2 or (len(s) == 4 and s[:2] == (1, 1)))
    check.at_least(
        pointwise,
        2 * 6 * 8 + 5 * 8 * 8,
        "the number of weights in kernels of 1 × 1 of aspp((8, 8, 6), 8, (1, 2, 3))",
        hint="the last convolution looks at all branches side by side: concatenate them, do not add them.",
    )
    check.at_least(
        sum(str(weight.name) == "moving_variance" for weight in model.weights),
        6,
        "the number of batch normalisations of aspp((8, 8, 6), 8, (1, 2, 3))",
        hint="one after each convolution, in each branch and at the end.",
    )
    wide = aspp((4, 10, 3), 5, (1,))
    check.model(wide, output_shape=(None, 4, 10, 5), name="aspp((4, 10, 3), 5, (1,))")
    adding(wide)
    heard = np.asarray(wide(np.ones((1, 4, 10, 3), "float32")))
    check.shape(heard, (1, 4, 10, 5), "the output of aspp((4, 10, 3), 5, (1,))")
    ### END HIDDEN TESTS

# %% [markdown]
# ## 8 · The decoder: sharp edges again (4 points)
#
# Build a `keras.Model` with two inputs, `[deep, low]`, where `deep_shape` = (h, w, C) and `low_shape` =
# (4·h, 4·w, c):
#
# 1. enlarge `deep` four times, bilinearly;
# 2. a convolution of 1 × 1 with 48 filters on `low`, so that its many channels do not drown the others;
# 3. concatenate the two;
# 4. two convolutions of 3 × 3 with `filters` filters;
# 5. a plain `Conv2D` of 1 × 1 with bias, one filter for each class, *without* activation: logits;
# 6. enlarge four times, bilinearly: the output is (16·h, 16·w, `classes`).


# %% solution="q08_decoder"
def decoder(deep_shape, low_shape, filters, classes):
    """The decoder as a `keras.Model` from [deep, low] to logits (16·h, 16·w, classes)."""

    ### BEGIN SOLUTION
    def enlarge(x):
        return keras.layers.UpSampling2D(4, interpolation="bilinear")(x)

    def convolution(x, filters, size):
        x = keras.layers.Conv2D(
            filters, size, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(x)
        return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))

    deep, low = keras.Input(deep_shape), keras.Input(low_shape)
    x = keras.layers.Concatenate()([enlarge(deep), convolution(low, 48, 1)])
    x = convolution(convolution(x, filters, 3), filters, 3)
    return keras.Model([deep, low], enlarge(keras.layers.Conv2D(classes, 1)(x)))
    ### END SOLUTION


# %% test="q08_decoder_test" points=4
with check.question("The decoder", read="lesson 15 (project: lungs), “All of it”"):
    check.model(
        decoder((4, 5, 6), (16, 20, 7), 8, 3),
        output_shape=(None, 64, 80, 3),
        name="decoder((4, 5, 6), (16, 20, 7), 8, 3)",
        hint="×4 to the size of `low`, and ×4 again to the size of the image.",
    )

    ### BEGIN HIDDEN TESTS
    def set_weights(model, gamma=1.0, beta=0.0, bias=None, kernels=1.0):
        """Give a model weights with which it only adds up; returns how many biases were set to `bias`."""
        values, found = [], 0
        for weight in model.weights:
            name, shape = str(weight.name), tuple(int(n) for n in weight.shape)
            if "kernel" in name:
                value = np.full(shape, kernels / np.prod(shape[:-1]))
            elif name == "bias" and bias is not None and shape == np.shape(bias):
                value, found = np.array(bias), found + 1
            else:
                value = np.full(shape, {"gamma": gamma, "beta": beta, "moving_variance": 1.0}.get(name, 0.0))
            values.append(value.astype("float32"))
        model.set_weights(values)
        return found

    named = "decoder((6, 7, 5), (24, 28, 7), 9, 3)"
    model = decoder((6, 7, 5), (24, 28, 7), 9, 3)
    check.model(model, output_shape=(None, 96, 112, 3), name=named)
    nothing = [np.zeros((1, 6, 7, 5), "float32"), np.zeros((1, 24, 28, 7), "float32")]
    set_weights(model)
    widths = []
    for which, (row, column) in enumerate(((3, 3), (12, 14))):
        given = [one.copy() for one in nothing]
        given[which][0, row, column] = 1
        heard = np.abs(np.asarray(model(given)) - np.asarray(model(nothing)))[0, ..., 0] > 1e-7
        widths.append((int(heard.any(axis=1).sum()), int(heard.any(axis=0).sum())))
    on = "one bright cell; all kernels positive"
    check.at_least(
        min(widths[1]),
        1,
        f"how many pixels hear of a bright cell of `low` in {named}",
        on,
        hint="the low-level features are missing: they are what makes edges sharp.",
    )
    check.at_least(
        min(widths[0]),
        1,
        f"how many pixels hear of a bright cell of `deep` in {named}",
        on,
        hint="`deep` is not used.",
    )
    check.within(
        widths[1],
        22,
        26,
        f"how many rows and columns of pixels hear of a bright cell of `low` in {named}",
        on,
        hint={
            8: "without the convolutions of 3 × 3 it is only enlarged.",
            12: "one convolution of 3 × 3, not two; and nearest neighbour: interpolation is bilinear.",
            16: "one convolution of 3 × 3, not two.",
            20: 'nearest neighbour makes blocks: interpolation="bilinear".',
            32: "three convolutions of 3 × 3, not two; or low too has one of 3 × 3 in place of 1 × 1.",
        }.get(widths[1][0], "two convolutions of 3 × 3 at the size of `low`, then bilinear ×4."),
    )
    check.within(
        widths[0],
        41,
        54,
        f"how many rows and columns of pixels hear of a bright cell of `deep` in {named}",
        on,
        hint="enlarge `deep` bilinearly too, four times, before the convolutions of 3 × 3.",
    )
    shapes = [tuple(int(n) for n in weight.shape) for weight in model.weights]
    check.close(
        any(shape[-2:] == (7, 48) for shape in shapes),
        True,
        f"whether `low` goes through a 1 × 1 convolution with 48 filters in {named}",
        hint="a convolution of 1 × 1 from the channels of `low` to 48 comes first.",
    )
    check.close(
        set_weights(model, bias=[-4.0, 2.0, 7.0], kernels=0.0),
        1,
        f"the number of layers with one bias for each class in {named}",
        hint="the last Conv2D has one filter for each class, with a bias, and nothing comes after but ×4.",
    )
    check.close(
        np.asarray(model(nothing))[0, 40, 50],
        [-4.0, 2.0, 7.0],
        f"a pixel of the output of {named}",
        "a last convolution with kernel 0 and the biases −4, 2 and 7",
        misconceptions={
            "softmax": (
                np.exp([-4.0, 2, 7]) / np.exp([-4.0, 2, 7]).sum(),
                "logits are wanted: no activation at the end.",
            ),
            "sigmoid": (1 / (1 + np.exp([4.0, -2, -7])), "logits are wanted: no activation at the end."),
            "ReLU": ([0, 2, 7], "logits may be negative: the last convolution is a plain one."),
            "normalised": ([0, 0, 0], "the last convolution is a plain one, without batch normalisation."),
        },
        hint="logits are wanted: the last convolution is a plain one, without activation.",
    )
    ones = [np.ones_like(one) for one in nothing]
    for settings, told in (
        ({"gamma": -1.0}, "batch normalisations that turn every sign"),
        ({"gamma": 0.0, "beta": -1.0}, "batch normalisations that give −1"),
    ):
        set_weights(model, **settings)
        check.close(
            np.asarray(model(ones))[0, ..., 0],
            np.zeros((96, 112)),
            f"the output of {named}",
            told,
            hint="the convolutions of 3 × 3 are each followed by batch normalisation and ReLU.",
        )
    check.at_least(
        sum(str(weight.name) == "moving_variance" for weight in model.weights),
        3,
        f"the number of batch normalisations of {named}",
        hint="one after each convolution but the last.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 9 · The whole network (4 points)
#
# Put `encoder`, `aspp` and `decoder` together: images of `input_shape` = (H, W, 3) in, logits (H, W, `classes`) out.
# H and W may be any multiples of 16, and need not be equal. `aspp` works on the deep map, and the decoder joins
# its output with the low one.
#
# The paper's rates are 6, 12 and 18, for deep maps of 32 × 32 cells and more. Ours are 8 × 8, where a tap 6 cells
# away mostly falls off the edge: hence the smaller default.


# %% solution="q09_deeplab"
def deeplab(input_shape, classes=1, filters=32, rates=(1, 2, 3)):
    """DeepLabV3+ as a `keras.Model` from images (H, W, 3) to logits (H, W, classes)."""
    ### BEGIN SOLUTION
    base = encoder(input_shape)
    low, deep = base.output
    x = aspp(deep.shape[1:], filters, rates)(deep)
    return keras.Model(base.input, decoder(x.shape[1:], low.shape[1:], filters, classes)([x, low]))
    ### END SOLUTION


# %% test="q09_deeplab_test" points=4
with check.question("The whole network", read="lesson 15 (project: lungs), “All of it”"):
    check.model(
        deeplab((96, 128, 3)),
        input_shape=(None, 96, 128, 3),
        output_shape=(None, 96, 128, 1),
        name="deeplab((96, 128, 3))",
        hint="one logit for each pixel of the image.",
    )
    ### BEGIN HIDDEN TESTS
    for height, width, classes in ((64, 48, 1), (16, 80, 3), (112, 112, 2)):
        check.model(
            deeplab((height, width, 3), classes=classes, filters=8, rates=(1,)),
            input_shape=(None, height, width, 3),
            output_shape=(None, height, width, classes),
            name=f"deeplab(({height}, {width}, 3), classes={classes}, filters=8, rates=(1,))",
            hint="work out all sizes from input_shape: height and width may differ.",
        )

    def bright_pixel(model, dead=()):
        """How one bright pixel changes each output; kernels of the shapes in `dead` are 0, the rest positive."""
        values = []
        for weight in model.weights:
            name, shape = str(weight.name), tuple(int(n) for n in weight.shape)
            value = float(shape not in dead) / np.prod(shape[:-1]) if "kernel" in name else 0.0
            if name in ("gamma", "moving_variance"):
                value = 1.0
            values.append(np.full(shape, value, "float32"))
        model.set_weights(values)
        image = np.zeros((1, 96, 96, 3), "float32")
        black = np.asarray(model(image))
        image[0, 40, 40] = 1e4
        return (np.asarray(model(image)) - black)[0, ..., 0]

    named = "deeplab((96, 96, 3), filters=20, rates=(2,))"
    model = deeplab((96, 96, 3), filters=20, rates=(2,))
    shapes = [tuple(int(n) for n in weight.shape) for weight in model.weights]
    check.close(
        (3, 3, 3, 16) in shapes and (3, 3, 16, 24) in shapes,
        True,
        f"whether the given encoder is in {named}",
        hint="begin with encoder(input_shape).",
    )
    check.close(
        (3, 3, 48, 96) in shapes and (3, 3, 96, 96) in shapes,
        True,
        f"whether the encoder's deep map is used in {named}",
        hint="the deep map does not reach the output: aspp belongs on the deep map.",
    )
    on = "an image with one bright pixel; all kernels positive"
    third = (3, 3, 24, 48)  # behind it lies the deep map
    with_both, low_only = bright_pixel(model), bright_pixel(model, dead=(third,))
    check.close(
        bool(np.abs(low_only).max() > 1e-7),
        True,
        f"whether the bright pixel reaches the output of {named}",
        f"{on}; nothing comes through to the deep map",
        hint="only the deep map reaches the output: give the decoder [what aspp made of deep, low]. "
        "If question 8 fails too, mend that one first.",
    )
    check.close(
        bool(np.abs(with_both - low_only).max() > 1e-7),
        True,
        f"whether the deep map changes the output of {named}",
        on,
        hint="the deep map does not reach the output: aspp belongs on the deep map. "
        "If question 7 or 8 fails too, mend that one first.",
    )
    check.close(
        any(len(one) == 4 and one[0] == 1 and one[2:] == (96, 20) for one in shapes),
        True,
        f"whether the pyramid of {named} looks at the deep map, with `filters` filters,",
        hint="aspp works on the deep map (96 channels), with `filters` and `rates` as they were passed in.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 10 · Two measures of agreement (3 points)
#
# For a true mask *T* and a predicted one *P*:
#
# $$\text{Dice} = \frac{2\,|T \cap P|}{|T| + |P|} \qquad \text{IoU} = \frac{|T \cap P|}{|T \cup P|}$$
#
# Return both for each picture of a batch. Where both masks are empty they agree, and both measures are 1.


# %% solution="q10_overlap"
def overlap(truth, predicted):
    """(Dice, IoU), each (B,), of masks (B, H, W) of 0 and 1."""
    ### BEGIN SOLUTION
    truth, predicted = np.asarray(truth) == 1, np.asarray(predicted) == 1
    both = np.sum(truth & predicted, axis=(1, 2))
    areas = np.sum(truth, axis=(1, 2)) + np.sum(predicted, axis=(1, 2))
    empty = areas == 0
    return np.where(empty, 1, 2 * both / (areas + empty)), np.where(empty, 1, both / (areas - both + empty))
    ### END SOLUTION


# %% test="q10_overlap_test" points=3
with check.question("Dice and IoU", read="lesson 14 (semantic segmentation), “How good is a mask?”"):
    result = overlap(np.array([[[1, 1, 1, 0]]]), np.array([[[0, 1, 1, 1]]]))
    on = "truth 1110, predicted 0111"
    check.shape(np.ravel(np.asarray(result[0])), (1,), "Dice", on, hint="one number for each picture.")
    check.close(
        np.ravel(np.asarray(result)),
        [2 / 3, 1 / 2],
        "(Dice, IoU)",
        on,
        misconceptions={
            "swapped": ([1 / 2, 2 / 3], "IoU divides by the union; Dice is returned first."),
            "accuracy": ([1 / 2, 1 / 2], "right background does not count; Dice divides by the two areas."),
            "divided by both areas": (
                [2 / 3, 1 / 3],
                "the two areas count the common part twice: the union is |T| + |P| − |T ∩ P|.",
            ),
            "the 2 is missing": ([1 / 3, 1 / 2], "Dice of equal masks is 1: there is a 2 above the line."),
        },
    )

    ### BEGIN HIDDEN TESTS
    def measures(t, p, above=2.0, nothing=1.0, axis=(1, 2)):
        both, areas = np.sum(t * p, axis), np.sum(t, axis) + np.sum(p, axis)
        with np.errstate(all="ignore"):
            one, two = above * both / areas, both / (areas - both)
        return np.where(areas == 0, nothing, one), np.where(areas == 0, nothing, two)

    def batch(*shares, shape=(6, 7)):
        return np.array([(dice.random(shape) < share).astype(int) for share in shares])

    dice = np.random.default_rng(1010)
    full = [
        (batch(0.5, 0.3, 0.7), batch(0.5, 0.5, 0.9)),
        (batch(0.2, 0.6, 0.4, shape=(9, 4)), batch(0.9, 0.1, 0.4, shape=(9, 4))),
        (np.ones((2, 3, 3), int), np.zeros((2, 3, 3), int)),
    ]
    mistakes = {
        "swapped": (lambda t, p: measures(t, p)[::-1], "IoU divides by the union; Dice is returned first."),
        "the whole batch as one picture": (
            lambda t, p: measures(t, p, axis=None),
            "one number for each picture: sum over height and width only.",
        ),
        "the mean of the batch": (
            lambda t, p: tuple(np.mean(m) for m in measures(t, p)),
            "one number for each picture, not their mean.",
        ),
        "IoU twice": (lambda t, p: (measures(t, p)[1],) * 2, "Dice is not IoU: see the two formulas."),
        "Dice twice": (lambda t, p: (measures(t, p)[0],) * 2, "Dice is not IoU: see the two formulas."),
        "the 2 is missing": (
            lambda t, p: measures(t, p, above=1.0),
            "Dice of equal masks is 1: there is a 2 above the line.",
        ),
        "divided by both areas": (
            lambda t, p: (measures(t, p)[0], measures(t, p, above=1.0)[0]),
            "the two areas count the common part twice: the union is |T| + |P| − |T ∩ P|.",
        ),
        "accuracy": (
            lambda t, p: (np.mean(t == p, axis=(1, 2)),) * 2,
            "right background does not count: a picture is mostly background.",
        ),
    }
    check.same_function(overlap, measures, full, mistakes)
    check.same_function(
        overlap,
        measures,
        [(t.astype(kind), p.astype(kind)) for t, p in full for kind in ("bool", "uint8")],
        hint="masks may be bool or uint8: there sums and 2 * … can overflow, and True + True is True.",
    )
    big = np.ones((1, 40, 40), "uint8")
    check.same_function(
        overlap, lambda t, p: measures(t.astype(int), p.astype(int)), [(big, big)], hint="uint8 overflows."
    )
    nobody = (np.zeros((2, 4, 4), int), np.zeros((2, 4, 4), int))
    check.same_function(
        overlap,
        measures,
        [nobody, (np.stack([nobody[0][0], full[0][0][0, :4, :4]]), np.zeros((2, 4, 4), int))],
        {
            "0 for two empty masks": (
                lambda t, p: measures(t, p, nothing=0.0),
                "two empty masks agree: both measures are 1.",
            ),
            "0 divided by 0": (
                lambda t, p: measures(t, p, nothing=np.nan),
                "two empty masks give 0 / 0: look before you divide; they agree, so 1.",
            ),
        },
        hint="two empty masks agree: both measures are 1.",
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 11 · A loss that sees small things (3 points)
#
# `truth` is (B, H, W, 1) of 0 and 1, often `uint8`; `logits` is (B, H, W, 1). Return one number, the sum of two:
#
# * the soft Dice loss: with *p* = sigmoid(logits), for each picture
#   1 − (2·Σ*tp* + 1) / (Σ*t* + Σ*p* + 1), then the mean over the pictures;
# * the binary cross-entropy, the mean over all pixels.
#
# Use `keras.ops`, so that Keras can take the gradient. Logits of ±100 are no reason for `nan` or `inf`.


# %% solution="q11_dice_bce"
def dice_bce(truth, logits):
    """Soft Dice loss plus binary cross-entropy: one number."""
    ### BEGIN SOLUTION
    ops = keras.ops
    t, z = ops.cast(truth, "float32"), ops.cast(logits, "float32")
    p = ops.sigmoid(z)
    common = ops.sum(t * p, axis=(1, 2, 3))
    areas = ops.sum(t, axis=(1, 2, 3)) + ops.sum(p, axis=(1, 2, 3))
    soft_dice = (2 * common + 1) / (areas + 1)
    return ops.mean(1 - soft_dice) + ops.mean(ops.softplus(z) - t * z)
    ### END SOLUTION


# %% test="q11_dice_bce_test" points=3
with check.question(
    "Dice and cross-entropy", read="lesson 14 (semantic segmentation), “Dice or cross-entropy?”"
):
    value = dice_bce(np.array([[[[1], [0]]]], "uint8"), np.array([[[[np.log(3)], [0]]]], "float32"))
    on = "one picture of two pixels, the first one lung; probabilities 0.75 and 0.5 (logits log 3 and 0)"
    entropies = -(np.log(0.75) + np.log(0.5)) / 2
    check.shape(value, (), "dice_bce(truth, logits)", on, hint="one number for the whole batch.")
    check.close(
        value,
        1 - (2 * 0.75 + 1) / (1 + 1.25 + 1) + entropies,
        "dice_bce(truth, logits)",
        on,
        misconceptions={
            "without the sigmoid": (
                1 - (2 * np.log(3) + 1) / (1 + np.log(3) + 1) + entropies,
                "logits are not probabilities: sigmoid first.",
            ),
            "a threshold": (
                entropies,
                "a threshold has no slope, so nothing can be learnt: use the probabilities themselves.",
            ),
            "not 1 − Dice": (
                (2 * 0.75 + 1) / (1 + 1.25 + 1) + entropies,
                "a loss goes down as the masks get better: 1 − Dice.",
            ),
            "only Dice": (1 - (2 * 0.75 + 1) / (1 + 1.25 + 1), "add the binary cross-entropy."),
            "not smoothed": (
                1 - 2 * 0.75 / (1 + 1.25) + entropies,
                "the + 1 above and below the line is missing.",
            ),
        },
    )

    ### BEGIN HIDDEN TESTS
    def sigmoid(z):
        return 1 / (1 + np.exp(-np.asarray(z, float)))

    def entropy(t, z):
        z = np.asarray(z, float)
        return np.mean(np.logaddexp(0, z) - t * z)

    def soft(t, p, axis=(1, 2, 3), smooth=1.0):
        common, areas = np.sum(t * p, axis), np.sum(t, axis) + np.sum(p, axis)
        return np.mean((2 * common + smooth) / (areas + smooth))

    def loss(t, z):
        return 1 - soft(t.astype(float), sigmoid(z)) + entropy(t, z)

    dice = np.random.default_rng(1111)
    cases = [
        (
            (dice.random((b, h, w, 1)) < dice.uniform(0.1, 0.9, (b, 1, 1, 1))).astype("uint8"),
            dice.normal(0, 2, (b, h, w, 1)).astype("float32"),
        )
        for b, h, w in ((3, 6, 5), (2, 4, 8), (4, 3, 3))
    ]
    cases.append((np.zeros((2, 3, 3, 1), "uint8"), cases[2][1][:2]))
    check.same_function(
        dice_bce,
        loss,
        cases,
        {
            "without the sigmoid": (
                lambda t, z: 1 - soft(t.astype(float), z.astype(float)) + entropy(t, z),
                "logits are not probabilities: sigmoid first.",
            ),
            "the whole batch as one picture": (
                lambda t, z: 1 - soft(t.astype(float), sigmoid(z), None) + entropy(t, z),
                "a small lung counts as much as a large one: Dice for each picture, then the mean.",
            ),
            "a threshold": (
                lambda t, z: 1 - soft(t.astype(float), (z > 0).astype(float)) + entropy(t, z),
                "a threshold has no slope, so nothing can be learnt: use the probabilities themselves.",
            ),
            "not 1 − Dice": (
                lambda t, z: soft(t.astype(float), sigmoid(z)) + entropy(t, z),
                "a loss goes down as the masks get better: 1 − Dice.",
            ),
            "not smoothed": (
                lambda t, z: 1 - soft(t.astype(float), sigmoid(z), smooth=0.0) + entropy(t, z),
                "the + 1 above and below the line is missing.",
            ),
            "smoothed by a trifle": (
                lambda t, z: 1 - soft(t.astype(float), sigmoid(z), smooth=1e-6) + entropy(t, z),
                "the formula has + 1 above and below the line.",
            ),
            "cross-entropy of the logits as probabilities": (
                lambda t, z: (
                    1
                    - soft(t.astype(float), sigmoid(z))
                    - np.mean(
                        np.where(
                            t,
                            np.log(np.clip(z.astype(float), 1e-7, 1)),
                            np.log(np.clip(1 - z.astype(float), 1e-7, 1)),
                        )
                    )
                ),
                "from_logits=True is missing in the cross-entropy.",
            ),
            "only Dice": (
                lambda t, z: 1 - soft(t.astype(float), sigmoid(z)),
                "add the binary cross-entropy.",
            ),
            "only cross-entropy": (entropy, "add the soft Dice loss."),
        },
        rtol=1e-3,
        atol=1e-4,
    )
    sure = (np.array([[[[1], [0], [1]]]], "uint8"), np.array([[[[100.0], [-100.0], [-100.0]]]], "float32"))
    value = float(np.asarray(dice_bce(*sure)))
    check.close(
        value,
        loss(*sure),
        "dice_bce(truth, logits)",
        "logits of 100 and −100",
        hint="log(sigmoid(−100)) is not finite in float32, and clipping hides how wrong it is: "
        "let cross-entropy work on the logits (from_logits=True, or softplus).",
        rtol=1e-2,
    )
    ### END HIDDEN TESTS

# %% [markdown]
# # Part 3 · Train, draw masks, look at errors

# %% [markdown]
# ## 12 · From logits to masks (2 points)
#
# A pixel is lung where its *probability* is above one half. From logits (B, H, W, 1) make masks (B, H, W), whole
# numbers, 1 for lung.


# %% solution="q12_to_masks"
def to_masks(logits):
    """Masks (B, H, W) of 0 and 1 from logits (B, H, W, 1)."""
    ### BEGIN SOLUTION
    return (np.asarray(logits)[..., 0] > 0).astype("uint8")
    ### END SOLUTION


# %% test="q12_to_masks_test" points=2
with check.question("From logits to masks", read="lesson 15 (project: lungs), “From the network to a mask”"):
    masks = to_masks(np.array([[[[-3.0], [2.0]], [[4.0], [-0.5]]]], "float32"))
    check.shape(masks, (1, 2, 2), "to_masks(logits)", on="logits of one picture of 2 × 2 pixels")
    check.dtype(masks, "integer", "to_masks(logits)", hint='whole numbers: .astype("uint8").')
    check.close(masks, [[[0, 1], [1, 0]]], "to_masks(logits)", on="logits −3, 2, 4, −0.5")
    ### BEGIN HIDDEN TESTS
    dice = np.random.default_rng(1212)
    check.same_function(
        to_masks,
        lambda z: (z[..., 0] > 0).astype(int),
        [
            dice.normal(0, 1, (2, 5, 6, 1)).astype("float32"),
            dice.normal(0, 1, (3, 4, 4, 1)).astype("float32"),
            np.array([-0.2, 0.0, 0.2], "float32").reshape(1, 1, 3, 1),
        ],
        {
            "logits above 0.5": (
                lambda z: (z[..., 0] > 0.5).astype(int),
                "one half is a probability; which logit belongs to it?",
            ),
            "the background": (lambda z: (z[..., 0] <= 0).astype(int), "1 is for lung."),
            "one half too": (
                lambda z: (z[..., 0] >= 0).astype(int),
                "above one half, so not where it is one half.",
            ),
            "a channel's largest": (
                lambda z: np.argmax(z, axis=-1),
                "argmax over one channel is always 0: compare with a threshold.",
            ),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 13 · Where is it wrong? (2 points)
#
# A mean hides what a picture shows. Give each pixel a number, to be drawn in four colours: 0 background, and
# said so; 1 lung, and found; 2 lung, but *missed*; 3 background, but said to be lung: *invented*.


# %% solution="q13_error_map"
def error_map(truth, predicted):
    """Whole numbers 0 to 3 in the shape of the two masks of 0 and 1."""
    ### BEGIN SOLUTION
    truth, predicted = np.asarray(truth, int), np.asarray(predicted, int)
    return np.array([[0, 3], [2, 1]])[truth, predicted]
    ### END SOLUTION


# %% test="q13_error_map_test" points=2
with check.question(
    "Where is it wrong", read="lesson 15 (project: lungs), “The best, the middle, the worst”"
):
    check.close(
        error_map(np.array([[0, 0, 1, 1]]), np.array([[0, 1, 1, 1]])),
        [[0, 3, 1, 1]],
        "error_map(truth, predicted)",
        on="truth 0011, predicted 0111",
        misconceptions={
            "missed and invented swapped": (
                [[0, 2, 1, 1]],
                "what the model says and the truth does not is invented: 3.",
            ),
        },
    )

    ### BEGIN HIDDEN TESTS
    def numbered(t, p):
        return np.where(t == p, t, np.where(t == 1, 2, 3))

    dice = np.random.default_rng(1313)
    check.same_function(
        error_map,
        numbered,
        [
            (dice.integers(0, 2, shape).astype(kind), dice.integers(0, 2, shape).astype(kind))
            for shape, kind in (((6, 7), "uint8"), ((5, 5), "int64"), ((2, 4, 3), "uint8"))
        ],
        {
            "missed and invented swapped": (
                lambda t, p: numbered(p, t),
                "missed is lung in the truth only; invented is lung in the prediction only.",
            ),
            "right or wrong": (
                lambda t, p: (t != p).astype(int),
                "four numbers: which kind of right, and which kind of wrong?",
            ),
            "the difference": (
                lambda t, p: t.astype(int) - p.astype(int),
                "a difference mixes right lung with right background; give each of four cases its number.",
            ),
            "the difference of uint8": (lambda t, p: t - p, "uint8 has no −1: 0 − 1 is 255."),
        },
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ## 14 · Train, and hand in your masks (6 points)
#
# Now put it together. Train a network of your choice on the drawn X-rays of the data set `lungs`, and return a mask
# for each X-ray in `xrays/test`: (60, 128, 128), whole numbers, 1 for lung, in the order of `TEST_FILES`. `train` and
# `validation` are lists of pairs of paths, (picture, mask), as question 1 reads them.
#
# The reference answer trains `deeplab((128, 128, 3))` of question 9 with `dice_bce` for twenty epochs of augmented
# pairs, with Adam; a minute or two on one core. It reaches all the points. Choose by the validation pictures: the
# test pictures have no masks for you.
#
# | mean Dice of the 60 test pictures | points |
# |---|---|
# | 0.87 | 2 |
# | 0.91 | 2 more |
# | 0.94 | 2 more |
#
# One mask for all pictures, the mean of the training masks, gets 0.78; the best threshold on the brightness that
# we found, 0.82.


# %% solution="q14_train"
def train_and_predict(train, validation):
    """Train on pairs of paths; return masks (60, 128, 128) for `TEST_FILES`, in order."""
    ### BEGIN SOLUTION
    side, epochs = 128, 20

    def load(pairs):
        read = [resize_pair(*read_pair(*pair), side, side) for pair in pairs]
        return np.stack([image for image, _ in read]), np.stack([mask for _, mask in read])[..., None]

    (images, masks), held_out = load(train), load(validation)
    model = deeplab((side, side, 3))
    pace = keras.optimizers.schedules.CosineDecay(3e-3, epochs * -(-len(images) // 8))
    model.compile(keras.optimizers.Adam(pace), dice_bce)
    for epoch in range(epochs):
        moved = [
            augment(image, mask[..., 0], (run.seed, epoch, number))
            for number, (image, mask) in enumerate(zip(images, masks))
        ]
        fresh = np.stack([image for image, _ in moved]), np.stack([mask for _, mask in moved])[..., None]
        model.fit(*fresh, batch_size=8, verbose=0)
        print(f"epoch {epoch + 1}: validation loss {model.evaluate(*held_out, verbose=0):.3f}")
    tests = [np.asarray(Image.open(TEST / file).convert("RGB"), "float32") / 255 for file in TEST_FILES]
    return to_masks(model.predict(np.stack(tests), verbose=0))
    ### END SOLUTION


# %% [markdown]
# Set `TRAIN` to True to train and to write `predictions.npz`; set it back to False when you are content, so that
# running the notebook again keeps the file. Grading never trains: it reads the file that you hand in.

# %%
TRAIN = False

# %% locked="q14_hand_in"
if TRAIN and not GRADING:
    lungs = cvlib.datasets.load("lungs", source="synthetic")
    pairs = {
        split: [
            (str(lungs.directory / row.path), str(lungs.directory / row.mask)) for row in rows.itertuples()
        ]
        for split, rows in lungs.frame.groupby("split")
    }
    predicted = np.asarray(train_and_predict(pairs["train"], pairs["validation"]))
    np.savez_compressed("predictions.npz", masks=predicted)
    print(f"predictions.npz: {predicted.shape}, {np.mean(predicted > 0):.0%} of the pixels are lung")

# %% [markdown]
# Look at what you hand in, before you do: the numbers come later. And look at errors: for the validation pictures
# you have masks, so draw `error_map` of the worst three while you train. Is it one kind of picture? One corner of
# the lung? An edge that is a pixel off costs Dice everywhere; a missed lung costs it once.

# %%
if Path("predictions.npz").exists() and not GRADING:
    handed_in = np.load("predictions.npz")["masks"]
    first = [np.asarray(Image.open(TEST / file)) for file in TEST_FILES[:16]]
    viz.show(viz.overlays(first, handed_in[:16]), alt="Test X-rays with the predicted lungs painted over.")

# %% [markdown]
# The three cells below read your file. The first part of each checks that it is complete; how well the masks
# agree with the true ones is measured when your work is graded.

# %% test="q14_baseline_test" points=2
with check.question("Trained model, Dice 0.87", read="lesson 15 (project: lungs)"):
    masks = check.masks_file("predictions.npz", (len(TEST_FILES), 128, 128))
    ### BEGIN HIDDEN TESTS
    with np.load("truth/masks.npz") as hidden:
        truth = hidden["masks"] > 0

    def agreement(found):
        both, areas = (
            np.sum(truth & found, axis=(1, 2)),
            np.sum(truth, axis=(1, 2)) + np.sum(found, axis=(1, 2)),
        )
        return 2 * both / np.maximum(areas, 1)

    found = masks > 0
    hint = "train longer, or look at the worst validation pictures: what do they have in common?"
    flat, true_flat = found.reshape(len(found), -1).astype(float), truth.reshape(len(truth), -1).astype(float)
    sums = np.maximum(flat.sum(axis=1)[:, None] + true_flat.sum(axis=1), 1)
    nearest = np.max(2 * flat @ true_flat.T / sums, axis=1).mean()
    if not found.any():
        hint = "no lung in any picture: are the pictures rescaled as in training?"
    elif found.all():
        hint = "lung everywhere: are the pictures rescaled as in training?"
    elif (found == found[:1]).all():
        hint = "the same mask for every picture: it does not look at the picture at all."
    elif agreement(~found).mean() > 0.8:
        hint = "the wrong way round: 1 is for lung, 0 for the background."
    elif agreement(found[:, :, ::-1]).mean() > 0.85 or agreement(found[:, ::-1]).mean() > 0.85:
        hint = "mirrored: undo what was done to the pictures before predicting."
    elif agreement(found.transpose(0, 2, 1)).mean() > 0.8:
        hint = "rows and columns are swapped."
    elif agreement(found).mean() < 0.8 and nearest > 0.88:
        hint = "good masks, but of other pictures: are they in the order of TEST_FILES (no shuffling)?"
    check.at_least(agreement(found).mean(), 0.87, "the mean Dice of the test pictures", hint=hint)
    ### END HIDDEN TESTS

# %% test="q14_good_test" points=2
with check.question("Trained model, Dice 0.91", read="lesson 15 (project: lungs)"):
    masks = check.masks_file("predictions.npz", (len(TEST_FILES), 128, 128))
    ### BEGIN HIDDEN TESTS
    with np.load("truth/masks.npz") as hidden:
        truth = hidden["masks"] > 0

    def agreement(found):
        both, areas = (
            np.sum(truth & found, axis=(1, 2)),
            np.sum(truth, axis=(1, 2)) + np.sum(found, axis=(1, 2)),
        )
        return 2 * both / np.maximum(areas, 1)

    found = masks > 0
    hint = "train longer, or look at the worst validation pictures: what do they have in common?"
    flat, true_flat = found.reshape(len(found), -1).astype(float), truth.reshape(len(truth), -1).astype(float)
    sums = np.maximum(flat.sum(axis=1)[:, None] + true_flat.sum(axis=1), 1)
    nearest = np.max(2 * flat @ true_flat.T / sums, axis=1).mean()
    if not found.any():
        hint = "no lung in any picture: are the pictures rescaled as in training?"
    elif found.all():
        hint = "lung everywhere: are the pictures rescaled as in training?"
    elif (found == found[:1]).all():
        hint = "the same mask for every picture: it does not look at the picture at all."
    elif agreement(~found).mean() > 0.8:
        hint = "the wrong way round: 1 is for lung, 0 for the background."
    elif agreement(found[:, :, ::-1]).mean() > 0.85 or agreement(found[:, ::-1]).mean() > 0.85:
        hint = "mirrored: undo what was done to the pictures before predicting."
    elif agreement(found.transpose(0, 2, 1)).mean() > 0.8:
        hint = "rows and columns are swapped."
    elif agreement(found).mean() < 0.8 and nearest > 0.88:
        hint = "good masks, but of other pictures: are they in the order of TEST_FILES (no shuffling)?"
    check.at_least(agreement(found).mean(), 0.91, "the mean Dice of the test pictures", hint=hint)
    ### END HIDDEN TESTS

# %% test="q14_excellent_test" points=2
with check.question("Trained model, Dice 0.94", read="lesson 15 (project: lungs)"):
    masks = check.masks_file("predictions.npz", (len(TEST_FILES), 128, 128))
    ### BEGIN HIDDEN TESTS
    with np.load("truth/masks.npz") as hidden:
        truth = hidden["masks"] > 0

    def agreement(found):
        both, areas = (
            np.sum(truth & found, axis=(1, 2)),
            np.sum(truth, axis=(1, 2)) + np.sum(found, axis=(1, 2)),
        )
        return 2 * both / np.maximum(areas, 1)

    found = masks > 0
    hint = "train longer, or look at the worst validation pictures: what do they have in common?"
    flat, true_flat = found.reshape(len(found), -1).astype(float), truth.reshape(len(truth), -1).astype(float)
    sums = np.maximum(flat.sum(axis=1)[:, None] + true_flat.sum(axis=1), 1)
    nearest = np.max(2 * flat @ true_flat.T / sums, axis=1).mean()
    if not found.any():
        hint = "no lung in any picture: are the pictures rescaled as in training?"
    elif found.all():
        hint = "lung everywhere: are the pictures rescaled as in training?"
    elif (found == found[:1]).all():
        hint = "the same mask for every picture: it does not look at the picture at all."
    elif agreement(~found).mean() > 0.8:
        hint = "the wrong way round: 1 is for lung, 0 for the background."
    elif agreement(found[:, :, ::-1]).mean() > 0.85 or agreement(found[:, ::-1]).mean() > 0.85:
        hint = "mirrored: undo what was done to the pictures before predicting."
    elif agreement(found.transpose(0, 2, 1)).mean() > 0.8:
        hint = "rows and columns are swapped."
    elif agreement(found).mean() < 0.8 and nearest > 0.88:
        hint = "good masks, but of other pictures: are they in the order of TEST_FILES (no shuffling)?"
    check.at_least(agreement(found).mean(), 0.94, "the mean Dice of the test pictures", hint=hint)
    ### END HIDDEN TESTS
