"""An encoder–decoder drawn as what it is: a U of maps, with arrows for what is computed between them."""

import math
from dataclasses import dataclass

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from cvlib.viz.style import PALETTE, figure

#: What an arrow means: its colour, and its name in the legend.
ARROWS = {
    "convolution": (PALETTE[7], "convolution"),
    "down": (PALETTE[3], "down: pooling, or a stride"),
    "up": (PALETTE[2], "up: transposed convolution or interpolation"),
    "skip": (PALETTE[1], "skip: handed across"),
}


@dataclass(eq=False)
class Bar:
    """One map of the network, as it is drawn.

    Attributes:
        stride: pixels of the image for each cell, which decides how deep it lies in the U.
        size: height of the map in cells; None if it is open.
        channels: number of channels.
        copied: how many of these came across by a skip.
        arrow: key of `ARROWS` for how it was made; None for the image.
        skips: bars that were handed across to this one.
    """

    stride: int
    size: int | None
    channels: int
    copied: int = 0
    arrow: str | None = None
    skips: tuple = ()


def u_shape(model, width=9.0):
    """Draw an encoder–decoder such as a U-Net, read from the network itself.

    Args:
        model: a functional Keras model without models nested in it: one way down and up again through
            convolutions, poolings and transposed convolutions, with any number of skips that end in
            `Concatenate` or `Add`.
        width: of the figure in inches.

    Returns:
        A `matplotlib.figure.Figure`: a bar for each map, its number of channels above it, and under each
        level the height of its maps. Bars are the wider the more channels, and the lower the fewer cells.

    Raises:
        ValueError: if the model holds another model, or a layer with several outputs.

    Example:
        >>> from cvlib.models import UNet
        >>> sheet = u_shape(UNet((64, 64, 1), classes=2, filters=(8, 16, 32)))
    """
    bars = read_bars(model)
    sheet = figure(width, 0.42 * width)
    axis = sheet.subplots()
    axis.axis("off")
    deepest = math.log2(max(bar.stride for bar in bars))
    tall = {bar.stride: 0.62 ** math.log2(bar.stride) for bar in bars}
    places, x = [], 0.0
    for before, bar in zip([None, *bars], bars):
        x += 0.0 if before is None else 0.42
        wide = 0.05 + 0.045 * math.log2(bar.channels + 1)
        places.append((x, -1.05 * math.log2(bar.stride), wide, tall[bar.stride]))
        x += wide
    for index, (bar, place) in enumerate(zip(bars, places)):
        _draw(axis, bar, place)
        if bar.arrow:
            _arrow(axis, places[index - 1], place, bar.arrow)
        for skip in bar.skips:
            _arrow(axis, places[bars.index(skip)], place, "skip")
    for first, last in _runs(bars):
        (left, y, _, high), (right, _, wide, _) = places[first], places[last]
        axis.text(
            (left + right + wide) / 2, y - high / 2 - 0.05, _sizes(bars[first : last + 1]), **_TEXT, va="top"
        )
    axis.set(xlim=(-0.3, x + 0.3), ylim=(-1.05 * deepest - 0.75 * tall[max(tall)] - 0.25, 0.75))
    used = {bar.arrow for bar in bars} | {"skip" for bar in bars if bar.skips}
    handles = [
        Line2D([], [], color=colour, lw=2, label=name)
        for key, (colour, name) in ARROWS.items()
        if key in used
    ]
    axis.legend(handles=handles, loc="lower right", fontsize=8, frameon=False)
    return sheet


_TEXT = {"ha": "center", "fontsize": 7}


def read_bars(model):
    """The maps of an encoder–decoder, from the image to the prediction.

    Args:
        model: as for `u_shape`.

    Returns:
        A list of `Bar`, in the order of computation.

    Raises:
        ValueError: as `u_shape`.
    """
    import keras

    layers = keras.layers
    down = (
        layers.Conv2D,
        layers.SeparableConv2D,
        layers.DepthwiseConv2D,
        layers.MaxPooling2D,
        layers.AveragePooling2D,
    )
    calls = _calls(model)
    found = [Bar(1, image.shape[1], image.shape[-1]) for image in model.inputs]
    made = {id(image): bar for image, bar in zip(model.inputs, found)}  # from a tensor's id to its bar
    for layer, inputs, outputs in calls:
        if isinstance(layer, keras.Model) or len(outputs) != 1:
            raise ValueError(
                f"model must be flat, but its layer {layer.name!r} is a model or has several outputs: "
                "draw a network without backbone"
            )
        shape = outputs[0].shape
        sources = [made[id(tensor)] for tensor in inputs]
        rise = _rise(layer)
        if len(sources) > 1:
            main = max(sources, key=found.index)
            main.skips = tuple(source for source in sources if source is not main)
            main.copied = shape[-1] - main.channels  # 0 for Add
            main.size, main.channels, bar = shape[1], shape[-1], main
        elif rise > 1:
            bar = Bar(sources[0].stride // rise, shape[1], shape[-1], arrow="up")
        elif isinstance(layer, down):
            fall = layer.strides[0]
            bar = Bar(
                sources[0].stride * fall, shape[1], shape[-1], arrow="down" if fall > 1 else "convolution"
            )
        else:
            bar = sources[0]
        if bar not in found:
            found.append(bar)
        made[id(outputs[0])] = bar
    return found


def _calls(model):
    """(layer, its inputs, its outputs) of each step of a model, in order, as tensors without values.

    A layer's own `input` would not do: it is that of the first call, and a layer may have been called for
    other models before.
    """
    import keras

    calls = []

    def operation(layer):
        def run(*args, **kwargs):
            given = keras.tree.flatten((args, kwargs))
            result = layer.compute_output_spec(*args, **kwargs)
            inputs = [each for each in given if isinstance(each, keras.KerasTensor)]
            calls.append((layer, inputs, keras.tree.flatten(result)))
            return result

        return run

    if isinstance(model, keras.Sequential):
        x = model.inputs[0]
        for layer in model.layers:
            x = operation(layer)(x)
    else:
        model._run_through_graph(model.inputs, operation)
    return calls


def _rise(layer):
    """How many times a layer enlarges its maps."""
    kind = type(layer).__name__
    if kind == "Conv2DTranspose":
        return layer.strides[0]
    return {"UpSampling2D": lambda: layer.size[0], "Enlarge": lambda: layer.factor}.get(kind, lambda: 1)()


def _runs(bars):
    """(first, last) of the bars that follow each other on one level."""
    begins = [n for n in range(len(bars)) if n == 0 or bars[n].stride != bars[n - 1].stride]
    return zip(begins, [n - 1 for n in begins[1:]] + [len(bars) - 1])


def _sizes(bars):
    first, last = bars[0].size, bars[-1].size
    if first is None:
        return f"1/{bars[0].stride}"
    return f"{first}²" if first == last else f"{first}² → {last}²"


def _draw(axis, bar, place):
    x, y, wide, high = place
    axis.add_patch(Rectangle((x, y - high / 2), wide, high, facecolor=PALETTE[5], edgecolor="k", lw=0.6))
    if bar.copied:
        share = wide * bar.copied / bar.channels
        axis.add_patch(
            Rectangle((x, y - high / 2), share, high, facecolor=ARROWS["skip"][0], edgecolor="k", lw=0.6)
        )
    axis.text(x + wide / 2, y + high / 2 + 0.02, str(bar.channels), **_TEXT, va="bottom")


def _arrow(axis, start, end, kind):
    """From the edge of one bar to that of another; a skip runs along the top of its level."""
    (x1, y1, wide1, high1), (x2, y2, _, high2) = start, end
    if kind == "skip":
        y1 = y2 = y2 + 0.3 * min(high1, high2)
    style = {
        "arrowstyle": "-|>",
        "color": ARROWS[kind][0],
        "lw": 1.2,
        "shrinkA": 1,
        "shrinkB": 1,
        "mutation_scale": 7,
    }
    axis.annotate("", (x2, y2), (x1 + wide1, y1), arrowprops=style)
