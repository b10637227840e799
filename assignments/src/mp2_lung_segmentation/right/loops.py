# ---
# title: "Loops over pixels and plain Python; plain lists come back"
# ---

# %% q01_read_pair
def read_pair(image_path, mask_path):
    picture, stencil = Image.open(image_path).convert("RGBA"), Image.open(mask_path).convert("RGBA")
    width, height = picture.size
    image = np.zeros((height, width, 3), np.uint8)
    mask = np.zeros((height, width), np.int64)
    for row in range(height):
        for column in range(width):
            image[row, column] = picture.getpixel((column, row))[:3]
            red, green, blue, _ = stencil.getpixel((column, row))
            mask[row, column] = 0 if red == green == blue == 0 else 1
    return image, mask


# %% q02_mask_problems
def mask_problems(images, masks):
    result = {}
    for name in set(images) | set(masks):
        if name in images and name not in masks:
            result[name] = "no mask"
            continue
        if name in masks and name not in images:
            result[name] = "no picture"
            continue
        height, width = len(masks[name]), len(masks[name][0])
        if height != len(images[name]) or width != len(images[name][0]):
            result[name] = "other size"
            continue
        values = {value for row in masks[name].tolist() for value in row}
        if values - {0, 1}:
            result[name] = "not labels"
        elif 1 not in values:
            result[name] = "empty"
    return result


# %% q03_resize_pair
def resize_pair(image, mask, height, width):
    old_height, old_width = mask.shape
    new_image = np.zeros((height, width, 3), "float32")
    new_mask = np.zeros((height, width), mask.dtype)
    for r in range(height):
        top, bottom = r * old_height // height, max(-(-(r + 1) * old_height // height), 1)
        for c in range(width):
            left, right = c * old_width // width, max(-(-(c + 1) * old_width // width), 1)
            new_image[r, c] = image[top:bottom, left:right].mean(axis=(0, 1)) / 255
            new_mask[r, c] = mask[
                (2 * r + 1) * old_height // (2 * height), (2 * c + 1) * old_width // (2 * width)
            ]
    return new_image, new_mask


# %% q04_overlay
def overlay(image, mask, colour, opacity):
    painted = image.copy()
    for row in range(len(mask)):
        for column in range(len(mask[0])):
            if mask[row, column]:
                for channel in range(3):
                    painted[row, column, channel] *= 1 - opacity
                    painted[row, column, channel] += opacity * colour[channel]
    return painted.tolist()


# %% q05_split_by_patient
import random


def split_by_patient(patients, share, seed):
    dice = random.Random(seed)
    names = sorted(set(patients))
    dice.shuffle(names)
    held_out = names[: round(share * len(names))]
    train, validation = [], []
    for index, name in enumerate(patients):
        (validation if name in held_out else train).append(index)
    return train, validation


# %% q06_augment
import math


def augment(image, mask, seed):
    dice = random.Random(seed)
    height, width = mask.shape
    angle = math.radians(dice.uniform(-10, 10))
    down, right = dice.uniform(-0.1, 0.1) * height, dice.uniform(-0.1, 0.1) * width
    if dice.randint(0, 1):
        image, mask = image[:, ::-1], mask[:, ::-1]
    new_image, new_mask = np.zeros_like(image), np.zeros_like(mask)
    sine, cosine = math.sin(angle), math.cos(angle)
    for row in range(height):
        y = row - down - (height - 1) / 2
        for column in range(width):
            x = column - right - (width - 1) / 2
            from_row = round(cosine * y - sine * x + (height - 1) / 2)
            from_column = round(sine * y + cosine * x + (width - 1) / 2)
            if 0 <= from_row < height and 0 <= from_column < width:
                new_image[row, column] = image[from_row, from_column]
                new_mask[row, column] = mask[from_row, from_column]
    return new_image, new_mask


# %% q10_overlap
def overlap(truth, predicted):
    dices, ious = [], []
    for one, other in zip(truth, predicted):
        both = either = total = 0
        for t, p in zip(one.ravel().tolist(), other.ravel().tolist()):
            both += bool(t and p)
            either += bool(t or p)
            total += int(t) + int(p)
        dices.append(2 * both / total if total else 1.0)
        ious.append(both / either if either else 1.0)
    return dices, ious


# %% q12_to_masks
def to_masks(logits):
    return [[[1 if logit[0] > 0 else 0 for logit in row] for row in picture] for picture in logits]


# %% q13_error_map
def error_map(truth, predicted):
    kinds = {(0, 0): 0, (1, 1): 1, (1, 0): 2, (0, 1): 3}
    flat = [kinds[int(t), int(p)] for t, p in zip(truth.ravel(), predicted.ravel())]
    return np.array(flat).reshape(truth.shape)
