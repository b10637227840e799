"""The pieces of images that excite a unit most, cut out by receptive-field arithmetic."""

import heapq
from dataclasses import dataclass

import numpy as np

from cvlib.explain import receptive_field
from cvlib.explain.batches import batches
from cvlib.explain.forward import Reader


@dataclass(frozen=True)
class Patch:
    """What one unit saw in one image.

    Attributes:
        value: how strongly the unit answered.
        image: the image's place in the stream, from 0 on.
        unit: (row, column) in the layer's map.
        box: (x1, y1, x2, y2) in pixels, x2 and y2 exclusive: the unit's receptive field, cut at the border.
        pixels: array (y2 − y1, x2 − x1, C), as in the image.
    """

    value: float
    image: int
    unit: tuple
    box: tuple
    pixels: np.ndarray


def top_patches(model, layer, images, channels=None, count=9, field=None):
    """The patches that excite a layer's channels most, at most one an image.

    Goes through the images once and keeps only the best, so a dataset need not fit in memory.

    Args:
        model: a `keras.Model`.
        layer: a layer with maps, or its name, at any depth.
        images: array (N, H, W, C), or something that gives batches of one size: a generator, a
            `tf.data.Dataset`, a list of arrays.
        channels: list of channels; by default the first nine.
        count: patches a channel.
        field: the layer's `ReceptiveField`; by default worked out from the model, which must be functional or
            Sequential for that (for others make it with `receptive_field.along`).

    Returns:
        A dict from channel to a list of `Patch`, the strongest first. Answers of zero or less do not count,
        so a channel that never answers has an empty list.

    Raises:
        ValueError: if the layer has no maps or no such channel, or the images differ in size.

    References:
        Zeiler and Fergus, 2014, Visualizing and Understanding Convolutional Networks, fig. 2.
        Girshick et al., 2014, Rich feature hierarchies, section 3.1 (keeping the regions themselves).
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    reader, best, seen, size = None, {}, 0, None
    for batch in batches(images):
        if reader is None:
            reader = Reader(model, [layer])
            size = batch.shape[1:3]
        if batch.shape[1:3] != size:
            raise ValueError(f"images must all be {size}, as the first are, got {batch.shape[1:3]}")
        maps = reader(batch)[0]
        if maps.ndim != 4:
            raise ValueError(
                f"layer must have maps (B, h, w, channels), but {reader.layers[0].name!r} gives {maps.shape}"
            )
        if not best:
            best = {channel: [] for channel in _checked_channels(channels, maps.shape[-1])}
            field = field or receptive_field.of_layer(model, layer, size)
        for channel, kept in best.items():
            _keep_best(kept, maps[..., channel], batch, seen, field, count)
        seen += len(batch)
    return {
        channel: [patch for *_, patch in sorted(kept, key=lambda entry: entry[:2], reverse=True)]
        for channel, kept in best.items()
    }


def _keep_best(kept, maps, batch, seen, field, count):
    """Put a batch's strongest units into `kept`, a heap whose first entry is the weakest."""
    places = maps.reshape(len(maps), -1).argmax(axis=1)
    for index, place in enumerate(places):
        row, column = (int(number) for number in np.unravel_index(place, maps.shape[1:]))
        value = float(maps[index, row, column])
        if value <= 0 or (len(kept) == count and value <= kept[0][0]):
            continue
        x1, y1, x2, y2 = box = field.box(row, column)
        patch = Patch(value, seen + index, (row, column), box, batch[index, y1:y2, x1:x2].copy())
        entry = (value, -(seen + index), patch)  # of equals the earlier image stays
        if len(kept) < count:
            heapq.heappush(kept, entry)
        else:
            heapq.heapreplace(kept, entry)


def _checked_channels(channels, available):
    if channels is None:
        return range(min(9, available))
    channels = [int(channel) for channel in np.atleast_1d(channels)]
    for channel in channels:
        if not 0 <= channel < available:
            raise ValueError(f"channels must be from 0 to {available - 1}, got {channel}")
    return channels
