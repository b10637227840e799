"""What iterators over files share: reading, resizing, masks, boxes and class modes."""

import numpy as np

from cvlib._opencv import cv2
from cvlib.data import affine, box_moves, masks, threads
from cvlib.data.iterator import Iterator
from cvlib.data.letterboxing import letterbox, letterbox_boxes
from cvlib.data.reading import ImageReadError, read_mask, read_reduced

CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class FileIterator(Iterator):
    """Batches from image files.

    Attributes:
        filenames: the files, relative to the directory, in the order of their indices.
        filepaths: the files, as they are opened.
        classes: class index of each file (a list of indices for several labels a picture).
        class_indices: dict from class to index.
        labels: `classes`, or the targets of "raw" and "multi_output".
        target_size: (height, width).
        image_shape: shape of a picture in a batch.
    """

    def __init__(
        self,
        generator,
        filepaths,
        *,
        class_mode,
        target_size,
        color_mode,
        interpolation,
        keep_aspect_ratio,
        mask_paths=None,
        boxes=None,
        labels=None,
        **options,
    ):
        self.target_size, self.color_mode, self.class_mode = tuple(target_size), color_mode, class_mode
        self.interpolation, self.keep_aspect_ratio = interpolation, keep_aspect_ratio
        if keep_aspect_ratio not in (True, False, "letterbox"):
            raise ValueError(f'keep_aspect_ratio must be a bool or "letterbox", got {keep_aspect_ratio!r}')
        self._filepaths, self._mask_paths, self._mask_dtype = filepaths, mask_paths, None
        if boxes is not None:
            boxes = [box_moves.box_rows(each, f"boxes of {p}") for each, p in zip(boxes, filepaths)]
        if labels is not None:
            boxes = box_moves.labelled(boxes, labels, filepaths)
        shape = (*self.target_size, CHANNELS[color_mode])
        options |= {"boxes": boxes, "labelled": labels is not None}
        super().__init__(generator, len(filepaths), shape, **options)
        self.image_shape = (shape[2], *shape[:2]) if self.data_format == "channels_first" else shape

    @property
    def filepaths(self):
        """The files, as they are opened."""
        return self._filepaths

    @property
    def labels(self):
        """Class indices, or the targets of "raw" and "multi_output"."""
        return self.classes

    @property
    def sample_weight(self):
        """Weights of the pictures, or None."""
        return None

    def _sample(self, index, moved):
        path = self._filepaths[index]
        wanted = self.target_size if moved and self._may_warp_from_source() else None
        image, factor = read_reduced(path, self._shape[2], wanted)
        height, width = (factor * side for side in image.shape[:2])  # of the file
        if self.keep_aspect_ratio == "letterbox":
            return self._letterboxed(index, image, height, width)
        at_once = wanted is not None and all(a <= 2 * b for a, b in zip(image.shape, wanted))
        if not at_once:
            image = affine.resize(
                image,
                self.target_size,
                self.interpolation,
                self.keep_aspect_ratio,
                out=threads.scratch("resized", self._shape),
            )
        mask = boxes = None
        if self._mask_paths is not None:
            mask = self._mask(self._mask_paths[index], path, height, width)
            if not at_once:
                mask = affine.resize(mask, self.target_size, "nearest", self.keep_aspect_ratio)
        if self._boxes is not None:
            boxes = affine.resize_boxes(
                self._boxes[index], height, width, self.target_size, self.keep_aspect_ratio
            )
        return image, mask, boxes

    def _letterboxed(self, index, image, height, width):
        """`_sample` with grey bars beside the picture."""
        image, scale, offset = letterbox(image, self.target_size)
        mask = None
        if self._mask_paths is not None:
            mask = self._mask(self._mask_paths[index], self._filepaths[index], height, width)
            bars = self._ignore_index or 0
            mask = mask.astype(masks.dtype_for(mask.dtype, self._ignore_index), copy=False)
            mask = letterbox(mask, self.target_size, bars, cv2.INTER_NEAREST)[0]
        return image, mask, self._boxes_at(index, scale, offset)

    def _part(self, index):
        if self.keep_aspect_ratio != "letterbox":
            return super()._part(index)
        image = read_reduced(self._filepaths[index], self._shape[2], None)[0]
        ratio = min(high / side for high, side in zip(self.target_size, image.shape))
        size = [max(1, round(ratio * side)) for side in image.shape[:2]]  # as it would be between the bars
        image, scale, offset = letterbox(image, size)
        return image, self._boxes_at(index, scale, offset)

    def _boxes_at(self, index, scale, offset):
        if self._boxes is None:
            return None
        boxes = self._boxes[index].copy()
        boxes[:, :4] = letterbox_boxes(boxes[:, :4], scale, offset)
        return boxes

    def _mask(self, path, picture, height, width):
        """The mask of a picture, which must have its size or at least its aspect, and labels that exist."""
        mask = read_mask(path)
        if abs(mask.shape[0] * width - mask.shape[1] * height) > 0.02 * mask.shape[1] * height:
            raise ImageReadError(
                path,
                f"the mask is {mask.shape[1]}×{mask.shape[0]} but its picture {picture} is {width}×{height}: "
                "make the mask anew, in the picture's size",
            )
        if (reason := masks.beyond(mask, self._ignore_index, self._mask_classes)) is not None:
            raise ImageReadError(path, f"the mask {reason}")
        return mask

    def _may_warp_from_source(self):
        """Whether the random moves resize as well, if the picture is at most twice as large: then no pixel is
        interpolated twice, and up to a factor of two bilinear interpolation still looks at every one.
        """
        plain = self.interpolation == "nearest" and not self.keep_aspect_ratio
        return plain and self.image_data_generator.interpolation_order == 1

    def _empty_masks(self, count):
        if self._mask_paths is None:
            return None
        if self._mask_dtype is None:
            self._mask_dtype = masks.dtype_for(read_mask(self._mask_paths[0]).dtype, self._ignore_index)
        return np.empty((count, *self.target_size, 1), self._mask_dtype)

    def _labels(self, chosen, images):
        if self.class_mode == "input":
            return images.copy()
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.classes[i] for i in chosen], self.dtype)
        if self.class_mode == "categorical":
            labels = np.zeros((len(chosen), len(self.class_indices)), self.dtype)
            for row, i in zip(labels, chosen):
                row[self.classes[i]] = 1
            return labels
        return None

    def _weights(self, chosen):
        return None if self.sample_weight is None else self.sample_weight[chosen]


def check_options(class_mode, class_modes, target_size, color_mode, interpolation):
    """Refuse what no batch can be made with, before any file is looked at."""
    if class_mode not in class_modes:
        raise ValueError(f"class_mode must be one of {', '.join(map(repr, class_modes))}, got {class_mode!r}")
    try:
        height, width = target_size
        fine = all(int(side) == side and side >= 1 for side in (height, width))
    except (TypeError, ValueError):
        fine = False
    if not fine:
        raise ValueError(
            f"target_size must be two whole numbers of at least 1, (height, width), got {target_size!r}"
        )
    if color_mode not in CHANNELS:
        raise ValueError(f"color_mode must be one of {list(CHANNELS)}, got {color_mode!r}")
    if interpolation not in affine.INTERPOLATIONS:
        raise ValueError(f"interpolation must be one of {list(affine.INTERPOLATIONS)}, got {interpolation!r}")


def binary_needs_two(classes):
    """Refuse `class_mode="binary"` for anything but two classes."""
    if len(classes) != 2:
        raise ValueError(
            f'class_mode="binary" needs two classes, found {len(classes)} ({", ".join(map(str, classes))}): '
            'use class_mode="sparse" or "categorical"'
        )
