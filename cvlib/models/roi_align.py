"""RoIAlign: cut boxes out of maps, each resampled to one size, so that a dense layer can see them.

References:
    He et al., 2017, Mask R-CNN, section 3 (RoIAlign).
"""

import keras
from keras import ops


def roi_align(maps, boxes, size, stride=1, samples=2):
    """Cut boxes out of maps by bilinear interpolation, without rounding them to cells.

    Each box is divided into size × size bins, and a bin is the mean of samples × samples points in it. A
    bilinear sample is a sum over all cells, with weights that fall from 1 at a cell's centre to 0 at its
    neighbours'; the weights of rows and of columns multiply. So a box is two small matrices, one a side.

    Args:
        maps: float (B, H, W, C).
        boxes: float (B, R, 4), `xyxy` in pixels of the picture.
        size: of the cuttings in bins.
        stride: pixels of the picture a cell of the maps.
        samples: points a bin and side.

    Returns:
        float (B, R, size, size, C). Points outside the maps have the value of the nearest cell.

    Raises:
        ValueError: if the shapes are not those above.
    """
    if len(maps.shape) != 4 or len(boxes.shape) != 3 or boxes.shape[-1] != 4:
        raise ValueError(
            f"maps must be (B, H, W, C) and boxes (B, R, 4), got {tuple(maps.shape)} and {tuple(boxes.shape)}"
        )
    boxes = ops.cast(boxes, "float32") / stride  # float16 would round places to a sixteenth of a pixel
    rows = _weights(boxes[..., 1], boxes[..., 3], maps.shape[1], size, samples)
    columns = _weights(boxes[..., 0], boxes[..., 2], maps.shape[2], size, samples)
    rows, columns = ops.cast(rows, maps.dtype), ops.cast(columns, maps.dtype)
    cut = ops.einsum("bryh,bhwc->brywc", rows, maps)
    return ops.einsum("brywc,brxw->bryxc", cut, columns)


def _weights(low, high, cells, size, samples):
    """How much each cell of a side counts for each bin, (B, R, size, cells)."""
    points = (ops.arange(size * samples, dtype=low.dtype) + 0.5) / (size * samples)
    # The centre of cell 0 is at 0.5.
    where = low[..., None] + (high - low)[..., None] * points - 0.5
    where = ops.clip(where, 0.0, float(cells - 1))
    near = 1.0 - ops.abs(where[..., None] - ops.arange(cells, dtype=low.dtype))
    near = ops.reshape(ops.maximum(near, 0.0), (-1, low.shape[1], size, samples, cells))
    return ops.mean(near, axis=3)


@keras.saving.register_keras_serializable("cvlib")
class RoIAlign(keras.layers.Layer):
    """`roi_align` as a layer, called with [maps, boxes].

    Args:
        size: of the cuttings in bins.
        stride: pixels of the picture a cell of the maps.
        samples: points a bin and side.
        **options: as in Keras.
    """

    def __init__(self, size, stride=1, samples=2, **options):
        super().__init__(autocast=False, **options)
        self.size, self.stride, self.samples = size, stride, samples

    def call(self, inputs):
        """(B, H, W, C) and (B, R, 4) to (B, R, size, size, C)."""
        maps, boxes = inputs
        return roi_align(maps, boxes, self.size, self.stride, self.samples)

    def compute_output_shape(self, input_shape):
        """Shape of the cuttings."""
        maps, boxes = input_shape
        return (maps[0], boxes[1], self.size, self.size, maps[3])

    def get_config(self):
        """The arguments, for saving."""
        return {**super().get_config(), "size": self.size, "stride": self.stride, "samples": self.samples}
