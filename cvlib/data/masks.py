"""Masks in a pipeline: labels that are moved with their picture and stay labels."""

import numpy as np

from cvlib.data import affine


def check_options(ignore_index, mask_classes, what="mask_classes"):
    """Refuse an `ignore_index` or a number of classes (the argument `what`) that no mask can hold.

    Returns:
        The tuple (ignore_index, mask_classes), each an int or None.

    Raises:
        ValueError: if one of them is not a whole number in its range.
    """
    for name, value, low in (("ignore_index", ignore_index, -1), (what, mask_classes, 2)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if value is not None and not (whole and low <= value < 2**31):
            raise ValueError(f"{name} must be a whole number of at least {low}, or None, got {value!r}")
    return ignore_index, mask_classes


def label_masks(masks, what):
    """Masks as uint8 or int32, the integer types that OpenCV moves."""
    masks = np.asarray(masks)
    if masks.dtype.kind not in "biu":
        raise ValueError(f"{what} must hold whole numbers (labels), got {masks.dtype}: use masks.astype(int)")
    return masks.astype(np.uint8 if masks.dtype in (bool, np.uint8) else np.int32, copy=False)


def dtype_for(dtype, ignore_index):
    """The type of a batch of masks: uint8 only if that can hold `ignore_index` too."""
    small = dtype == np.uint8 and (ignore_index is None or 0 <= ignore_index <= 255)
    return np.dtype(np.uint8 if small else np.int32)


def beyond(mask, ignore_index, classes):
    """What is wrong with the labels of a mask, in words, or None.

    Args:
        mask: integer array of labels.
        ignore_index: a label that is always allowed, or None.
        classes: how many classes there are, with the background; None allows every label.

    Returns:
        A str or None.

    Example:
        >>> beyond(np.array([0, 255]), None, 2)
        'holds the label 255 but classes=2 allows 0 and 1 (a mask of 0 and 255: divide it by 255)'
    """
    if classes is None or mask.size == 0:
        return None
    if mask.max() < classes and mask.min() >= 0:  # nearly always, and quick
        return None
    found = np.flatnonzero(np.bincount(mask.ravel())) if mask.dtype == np.uint8 else np.unique(mask)
    wrong = [int(label) for label in found if not 0 <= label < classes and label != ignore_index]
    if not wrong:
        return None
    shown = ", ".join(map(str, wrong[:5])) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
    allowed = "0 and 1" if classes == 2 else f"0 to {classes - 1}"
    also = "" if ignore_index is None else f" and ignore_index={ignore_index}"
    if set(found.tolist()) <= {0, 255} and classes == 2:
        hint = "a mask of 0 and 255: divide it by 255"
    elif len(wrong) > 5:
        hint = "many values between labels: it was resized with interpolation or saved as JPEG"
    else:
        hint = "count all classes with the background, or name the label to leave out as ignore_index"
    plural = "label" if len(wrong) == 1 else "labels"
    return f"holds the {plural} {shown} but classes={classes} allows {allowed}{also} ({hint})"


def move(mask, out, matrix, fill_mode, ignore_index):
    """Move a mask as its picture is moved, taking the nearest label, into its place in a batch.

    Args:
        mask: uint8 or int32 array (H, W, 1): of the batch's size, or of the file's if its picture is too.
        out: array (height, width, 1) to write into.
        matrix: (2, 3), from output to a picture of the batch's size, or None: nothing moves.
        fill_mode: what lies outside the picture, if `ignore_index` is None; 0 for "constant".
        ignore_index: label of what lies outside, or None.

    Raises:
        ValueError: if a label does not fit into `out`.
    """
    size = out.shape[:2]
    if matrix is not None:
        if mask.shape[:2] != size:
            matrix = affine.from_source(matrix, mask.shape[:2], size)
        if ignore_index is not None:
            fill_mode, mask = "constant", mask.astype(out.dtype, copy=False)
        mask = affine.warp(mask, matrix, 0, fill_mode, ignore_index or 0, size=size)
    if mask.dtype != out.dtype and mask.max() > np.iinfo(out.dtype).max:
        raise ValueError(
            f"all masks must have one type: the first holds labels up to 255, another {mask.max()}"
        )
    out[...] = mask
