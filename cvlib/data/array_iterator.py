"""`ImageDataGenerator.flow`: batches from arrays."""

import numpy as np

from cvlib.data import box_moves, photometric, subsets
from cvlib.data import masks as mask_arrays
from cvlib.data.iterator import Iterator


class ArrayIterator(Iterator):
    """Batches from arrays; made by `ImageDataGenerator.flow`.

    Attributes:
        x: the pictures of this subset.
        y: their targets, or None.
        sample_weight: their weights, or None.
    """

    def __init__(
        self, generator, x, y, *, sample_weight, ignore_class_split, subset, masks, boxes, labels, **options
    ):
        x, *misc = _list(x[0], x[1]) if isinstance(x, (tuple, list)) and len(x) == 2 else (x,)
        x = np.asarray(x)
        if x.ndim != 4 or 0 in x.shape:
            raise ValueError(
                "x must be an array (N, H, W, C) of at least one picture, got shape "
                f"{x.shape}{': add the channel axis with x[..., None]' if x.ndim == 3 else ''}"
            )
        x = (
            x
            if x.dtype == np.uint8
            else x.astype(max(np.dtype(generator.dtype), np.dtype("float32")), copy=False)
        )
        rows = {"y": y, "sample_weight": sample_weight, "masks": masks, "boxes": boxes}
        rows.update({f"x[1][{i}]": extra for i, extra in enumerate(misc)})
        for name, value in rows.items():
            if value is not None and len(value) != len(x):
                raise ValueError(f"{name} must have one entry a picture ({len(x)}), got {len(value)}")
        y = None if y is None else np.asarray(y)
        sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        if masks is not None:
            masks = mask_arrays.label_masks(masks, "masks")
            masks = masks[..., None] if masks.ndim == 3 else masks
            if masks.ndim == 4 and masks.shape[-1] == 3:
                raise ValueError(
                    f"masks must hold one label a pixel, (N, H, W) or (N, H, W, 1), got {masks.shape}, "
                    "colours: map each colour to the index of its class first"
                )
            if masks.shape[1:] != (*generator._size(x.shape[1:]), 1):
                raise ValueError(
                    f"masks must be (N, H, W) or (N, H, W, 1) of the pictures' size, got {masks.shape} for "
                    f"pictures of {x.shape}"
                )
        if boxes is not None:
            boxes = [box_moves.box_rows(each, f"boxes[{i}]") for i, each in enumerate(boxes)]
        if labels is not None:
            if boxes is None or y is not None:
                raise ValueError(
                    "labels are the classes of boxes: pass boxes too, and no y (a batch has one key for both)"
                )
            boxes = box_moves.labelled(boxes, labels, [f"picture {i}" for i in range(len(boxes))])
        if subset is not None:
            classes = None if y is None else subsets.classes_of(y)
            chosen = subsets.choose(classes, len(x), generator._validation_split, subset)
            if classes is not None and not ignore_class_split:
                _refuse_missing_class(classes, chosen, subset)
            x, misc = x[chosen], [np.asarray(extra)[chosen] for extra in misc]
            y, sample_weight, masks = (
                None if each is None else each[chosen] for each in (y, sample_weight, masks)
            )
            boxes = None if boxes is None else [boxes[i] for i in chosen]
        self.x, self.x_misc, self.y, self.sample_weight = x, misc, y, sample_weight
        self._masks = masks
        shape = np.moveaxis(x[:1], 1, -1).shape[1:] if generator.channel_axis == 1 else x.shape[1:]
        if masks is not None:
            known = mask_arrays.check_options(options.get("ignore_index"), options.get("mask_classes"))
            for index, mask in enumerate(masks if known[1] is not None else ()):
                if (reason := mask_arrays.beyond(mask, *known)) is not None:
                    raise ValueError(f"masks[{index}] {reason}")
        white = photometric.white_level(x.dtype, x.max()) if generator.brightness_range is not None else None
        super().__init__(
            generator,
            len(x),
            shape,
            augment=subset != "validation",
            white=white,
            boxes=boxes,
            labelled=labels is not None,
            **options,
        )

    def _sample(self, index, moved):
        image = self.x[index]
        if self.data_format == "channels_first":
            image = np.ascontiguousarray(np.moveaxis(image, 0, -1))
        mask = None if self._masks is None else self._masks[index]
        return image, mask, None if self._boxes is None else self._boxes[index]

    def _empty_masks(self, count):
        if self._masks is None:
            return None
        kind = mask_arrays.dtype_for(self._masks.dtype, self._ignore_index)
        return np.empty((count, *self._masks.shape[1:]), kind)

    def _labels(self, chosen, images):
        return None if self.y is None else self.y[chosen]

    def _inputs(self, images, chosen):
        return (images, *(extra[chosen] for extra in self.x_misc)) if self.x_misc else images

    def _weights(self, chosen):
        return None if self.sample_weight is None else self.sample_weight[chosen]


def _list(x, misc):
    """Pictures and what is passed through with them: one array, or a list of arrays."""
    return [x, *(np.asarray(extra) for extra in (misc if isinstance(misc, list) else [misc]))]


def _refuse_missing_class(labels, chosen, subset):
    missing = sorted(set(labels) - {labels[i] for i in chosen}, key=str)
    if missing:
        raise ValueError(
            f"the {subset} subset has no picture of class {', '.join(map(str, missing))}, which has too few "
            "to split: use a larger validation_split, add pictures, or pass ignore_class_split=True"
        )
