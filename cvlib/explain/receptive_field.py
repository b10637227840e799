"""Which pixels a unit sees, by the arithmetic of kernel sizes, strides and padding.

Along one axis, unit `i` of a layer sees the pixels from `start + i·stride` to `start + i·stride + size - 1`.
A window of `k` cells, `d` apart, that moves by `s` and begins `p` cells outside turns that into

    start − p·stride,   stride·s,   size + (k − 1)·d·stride.

Where branches meet, the fields are united. A field is the span from the first pixel to the last: with
dilation, or strides larger than their kernels, there may be gaps in it.
"""

import math
from dataclasses import dataclass, replace

import keras

from cvlib.explain.layers import all_layers, described, find_layer


@dataclass(frozen=True)
class Axis:
    """The fields of a layer's units along one axis of the image.

    Attributes:
        pixels: the image's size.
        cells: the layer's size.
        size: how many pixels a unit sees, padding included.
        stride: how many pixels lie between neighbours' fields; 0 if every unit sees the whole image.
        start: the first pixel that unit 0 sees; negative if it lies in the padding.
        low: the first pixel that any unit sees.
        high: one more than the last pixel that any unit sees.
    """

    pixels: int
    cells: int
    size: int = 1
    stride: int = 1
    start: int = 0
    low: int = 0
    high: int | None = None

    def seen(self, **changes):
        """The axis of the next layer, with `low` and `high` brought up to date."""
        axis = replace(self, **changes)
        if axis.stride == 0:
            return replace(axis, low=0, high=axis.pixels)
        end = axis.start + (axis.cells - 1) * axis.stride + axis.size
        high = axis.pixels if axis.high is None else axis.high
        return replace(axis, low=max(axis.low, axis.start), high=min(high, end))


@dataclass(frozen=True)
class ReceptiveField:
    """Which pixels each unit of a layer sees.

    Attributes:
        rows: the `Axis` from top to bottom.
        columns: the `Axis` from left to right.

    Example:
        >>> field = along([keras.layers.Conv2D(8, 3), keras.layers.MaxPooling2D(2)], (32, 32))
        >>> field.size, field.stride, field.centre(0, 0), field.box(0, 0)
        ((4, 4), (2, 2), (1.5, 1.5), (0, 0, 4, 4))
    """

    rows: Axis
    columns: Axis

    @property
    def size(self):
        """(height, width) of a field in pixels, padding included."""
        return self.rows.size, self.columns.size

    @property
    def stride(self):
        """(down, right): pixels between the fields of neighbours."""
        return self.rows.stride, self.columns.stride

    @property
    def cells(self):
        """(height, width) of the layer's map."""
        return self.rows.cells, self.columns.cells

    def centre(self, row, column):
        """(y, x) of the middle of a unit's field, in pixels; whole numbers are the middles of pixels."""
        return tuple(
            axis.start + index * axis.stride + (axis.size - 1) / 2
            for axis, index in ((self.rows, row), (self.columns, column))
        )

    def box(self, row, column):
        """The part of the image that a unit sees.

        Args:
            row: of the unit in its map.
            column: of the unit in its map.

        Returns:
            `(x1, y1, x2, y2)` in pixels, x2 and y2 exclusive, cut at the image's border:
            `image[y1:y2, x1:x2]`.

        Raises:
            ValueError: if the map has no such unit.
        """
        edges = []
        for axis, index, name in ((self.columns, column, "column"), (self.rows, row, "row")):
            if not 0 <= index < axis.cells:
                raise ValueError(f"{name} must be from 0 to {axis.cells - 1}, got {index}")
            first = axis.start + index * axis.stride
            low, high = axis.low, axis.high
            edges.append((min(max(first, low), high), max(min(first + axis.size, high), low)))
        (x1, x2), (y1, y2) = edges
        return x1, y1, x2, y2


def of_layer(model, layer, image_size=None):
    """The receptive field of a layer's units.

    Args:
        model: a functional or Sequential model, also with such models nested in it.
        layer: the layer or its name, at any depth.
        image_size: (height, width); by default what the model's input says.

    Returns:
        A `ReceptiveField`.

    Raises:
        ValueError: if the model is subclassed (use `along`), the image's size is unknown, or a layer on the
        way has
            no field of one size (upsampling, attention, …).
    """
    layer = find_layer(model, layer)
    fields = _fields(model, image_size)
    if id(layer) not in fields:
        raise ValueError(f"layer {layer.name!r} does not see the image in the model {model.name!r}")
    return fields[id(layer)][1]


def table(model, image_size=None):
    """The receptive fields of all layers.

    Args:
        model: as in `of_layer`.
        image_size: as in `of_layer`.

    Returns:
        A pandas DataFrame, a row a layer in the order of computation, with the columns `layer`, `kind`,
        `cells`, `size`, `stride` and `start` (those of the rows; the columns of an image follow the same
        rules).
    """
    import pandas as pd

    return pd.DataFrame(
        [
            (
                layer.name,
                type(layer).__name__,
                field.rows.cells,
                field.rows.size,
                field.rows.stride,
                field.rows.start,
            )
            for layer, field in _fields(model, image_size).values()
        ],
        columns=["layer", "kind", "cells", "size", "stride", "start"],
    )


def along(layers, image_size):
    """The receptive field at the end of a path of layers.

    Args:
        layers: Keras layers, the first one nearest to the image. They need not be built.
        image_size: (height, width) in pixels.

    Returns:
        A `ReceptiveField`.

    Raises:
        ValueError: as `of_layer`.
    """
    field = _image(image_size)
    for layer in layers:
        field = _after(layer, [field], {})
    return field


def _fields(model, image_size):
    """From a layer's id to (layer, its field), in the order of computation."""
    if image_size is None:
        shape = tuple(getattr(model, "input_shape", None) or ())
        image_size = shape[1:3] if len(shape) == 4 else (None, None)
    fields = {}
    _after(model, [_image(image_size)], fields)
    return fields


def _image(size):
    height, width = size
    if height is None or width is None:
        raise ValueError("image_size must be given as (height, width): the model's input leaves it open")
    if height < 1 or width < 1:
        raise ValueError(f"image_size must be at least (1, 1), got {tuple(size)}")
    return ReceptiveField(Axis(height, height).seen(), Axis(width, width).seen())


def _after(layer, fields, seen):
    """The field behind a layer, operation or model that takes in `fields`; notes all within in `seen`."""
    kind = type(layer).__name__
    if isinstance(layer, keras.Sequential):
        field = fields[0]
        for each in layer.layers:
            field = _after(each, [field], seen)
    elif isinstance(layer, keras.Model) and hasattr(layer, "_run_through_graph"):
        field = _through_graph(layer, fields, seen)
    elif not fields:
        return None
    elif kind in _POINTWISE or (kind == "GetItem") or _only_over_channels(layer):
        field = _united(fields, layer)
    elif isinstance(layer, _CONVOLUTIONS):
        field = _window(fields[0], layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
    elif isinstance(layer, _POOLINGS):
        field = _window(fields[0], layer.pool_size, layer.strides, (1, 1), layer.padding)
    elif isinstance(layer, keras.layers.ZeroPadding2D):
        field = _moved(fields[0], layer.padding, 1)
    elif isinstance(layer, keras.layers.Cropping2D):
        field = _moved(fields[0], layer.cropping, -1)
    elif kind in ("GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten"):
        field = _whole(fields[0], (1, 1))
    elif isinstance(layer, keras.layers.Reshape):
        shape = layer.target_shape
        field = _whole(fields[0], shape[:2] if len(shape) == 3 else (1, 1))
    elif kind in ("GroupNormalization", "LayerNormalization", "UnitNormalization"):
        field = _whole(fields[0], fields[0].cells)  # every unit's scale depends on the whole map
    else:
        name = getattr(layer, "name", kind)
        raise ValueError(
            f"{name!r} ({kind}) has no receptive field of one size for all its units"
            + (
                ": it is subclassed, so how its layers are connected is not written down; "
                f"pass those on the way to `along`: it has {described(all_layers(layer))}"
                if isinstance(layer, keras.Layer) and layer._layers
                else ""
            )
        )
    seen[id(layer)] = (layer, field[0] if isinstance(field, list) else field)
    return field


def _through_graph(model, fields, seen):
    """Run a functional model on fields in the place of tensors."""

    def operation(layer):
        def run(*args, **kwargs):
            given = [each for each in keras.tree.flatten((args, kwargs)) if isinstance(each, ReceptiveField)]
            return _after(layer, given, seen)

        return run

    outputs = keras.tree.flatten(model._run_through_graph(fields, operation))
    return outputs[0] if len(outputs) == 1 else outputs


def _window(field, kernel, strides, dilation, padding):
    def along_axis(axis, size, stride, rate):
        reach = (size - 1) * rate
        if padding == "same":  # TensorFlow's rule: the odd cell of padding goes to the end
            cells = math.ceil(axis.cells / stride)
            before = max((cells - 1) * stride + reach + 1 - axis.cells, 0) // 2
        else:
            cells, before = (axis.cells - reach - 1) // stride + 1, 0
        return axis.seen(
            cells=cells,
            size=axis.size + reach * axis.stride,
            stride=axis.stride * stride,
            start=axis.start - before * axis.stride,
        )

    return ReceptiveField(
        along_axis(field.rows, kernel[0], strides[0], dilation[0]),
        along_axis(field.columns, kernel[1], strides[1], dilation[1]),
    )


def _moved(field, amounts, sign):
    def along_axis(axis, before, after):
        return axis.seen(
            cells=axis.cells + sign * (before + after), start=axis.start - sign * before * axis.stride
        )

    return ReceptiveField(along_axis(field.rows, *amounts[0]), along_axis(field.columns, *amounts[1]))


def _whole(field, cells):
    return ReceptiveField(
        *(
            axis.seen(cells=count, size=axis.pixels, stride=0, start=0)
            for axis, count in zip((field.rows, field.columns), cells)
        )
    )


def _united(fields, layer):
    def along_axis(axes):
        cells = max(axis.cells for axis in axes)
        if any(axis.stride == 0 for axis in axes):
            return axes[0].seen(cells=cells, size=axes[0].pixels, stride=0, start=0)
        if len({axis.stride for axis in axes}) > 1:
            raise ValueError(
                f"{layer.name!r} joins branches of strides {sorted({axis.stride for axis in axes})}: "
                "its units have no field of one size"
            )
        start = min(axis.start for axis in axes)
        end = max(axis.start + axis.size for axis in axes)
        low, high = min(axis.low for axis in axes), max(axis.high for axis in axes)
        return axes[0].seen(cells=cells, start=start, size=end - start, low=low, high=high)

    return ReceptiveField(
        along_axis([field.rows for field in fields]), along_axis([field.columns for field in fields])
    )


def _only_over_channels(layer):
    """Whether a normalisation looks at one place at a time."""
    if not isinstance(layer, (keras.layers.LayerNormalization, keras.layers.UnitNormalization)):
        return False
    axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    return list(axes) in ([-1], [3])


_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
_POOLINGS = (keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
#: Each unit depends on the units at its own place only (at inference). Layers and operations, by class name.
_POINTWISE = frozenset(
    [
        "Activation",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "Softmax",
        "BatchNormalization",
        "Normalization",
        "Rescaling",
        "Identity",
        "Dropout",
        "SpatialDropout2D",
        "AlphaDropout",
        "GaussianDropout",
        "GaussianNoise",
        "ActivityRegularization",
        "Dense",
        "Add",
        "Subtract",
        "Multiply",
        "Average",
        "Maximum",
        "Minimum",
        "Concatenate",
        "InputLayer",
        "RandomFlip",
        "RandomRotation",
        "RandomZoom",
        "RandomTranslation",
        "RandomContrast",
        "RandomBrightness",
        "RandomShear",
        "RandomErasing",
        "LayerScale",
        "StochasticDepth",
        "Divide",
        "TrueDivide",
        "Negative",
        "Relu",
        "Relu6",
        "Sigmoid",
        "HardSigmoid",
        "HardSwish",
        "Silu",
        "Swish",
        "Gelu",
        "Tanh",
        "Cast",
        "Clip",
        "Sqrt",
        "Square",
        "Abs",
        "Power",
        "Exp",
        "Log",
        "Flip",
    ]
)
