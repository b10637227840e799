"""Run any Keras model and read what flows through its layers, without changing the model.

A nested, Sequential or subclassed model has no symbolic outputs to build a new model from. What works on all
of them is to put a wrapper in the place of `layer.call` for the length of one forward pass.
"""

import contextlib
import functools

import keras
import numpy as np

from cvlib.explain.layers import all_layers, find_layer, is_map


def checked_images(model, images):
    """A float32 batch that the model takes, or an error that says what is wrong with it.

    Args:
        model: a `keras.Model` of one input.
        images: array (B, H, W, C).

    Returns:
        float32 array (B, H, W, C).

    Raises:
        ValueError: if it is no batch of images, is empty, or has not the model's input shape.
    """
    try:
        images = np.asarray(images, "float32")
    except (TypeError, ValueError) as error:
        raise ValueError(
            "images must be one array (B, H, W, C) of numbers; images of several sizes must be resized first"
        ) from error
    if images.ndim != 4 or 0 in images.shape:
        hint = " (one image: pass images=image[None])" if images.ndim == 3 else ""
        raise ValueError(f"images must be a batch (B, H, W, C), got shape {images.shape}{hint}")
    if not np.isfinite(images.sum(dtype="float64")):
        raise ValueError("images must be finite, but some pixels are NaN or infinite")
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) > 1:
        raise ValueError(
            f"the model {model.name!r} takes {len(inputs)} inputs; here it must take one batch of images"
        )
    expected = tuple(inputs[0].shape[1:]) if inputs else (None,) * 3
    if len(expected) == 3 and any(want not in (None, got) for want, got in zip(expected, images.shape[1:])):
        raise ValueError(
            f"images must have the shape (B, {', '.join(map(str, expected))}) that the model {model.name!r} "
            f"takes, got {images.shape}"
        )
    return images


@contextlib.contextmanager
def tapped(layers, on_call):
    """Call `on_call(layer, inputs, outputs)` whenever one of `layers` has run, for the length of a `with`.

    Args:
        layers: the layers to listen to.
        on_call: gets the layer, its first argument and its result.
    """
    before = []
    try:
        for layer in layers:
            name = "quantized_call" if getattr(layer, "quantization_mode", None) else "call"
            attributes = vars(layer)  # past Keras's own __setattr__, which would track what is set
            before.append((attributes, name, name in attributes, attributes.get(name)))
            attributes[name] = _listening(layer, getattr(layer, name), on_call)
        yield
    finally:
        for attributes, name, was_set, value in reversed(before):
            if was_set:
                attributes[name] = value
            else:
                del attributes[name]


def _listening(layer, call, on_call):
    @functools.wraps(call)
    def listening(*args, **kwargs):
        outputs = call(*args, **kwargs)
        on_call(layer, args[0] if args else next(iter(kwargs.values()), None), outputs)
        return outputs

    return listening


@contextlib.contextmanager
def unchanged(model):
    """Leave every layer as it was found, whatever a forward pass inside the `with` does to it.

    Variables are not written to (counters, seeds), losses that were there stay, and what a layer notes on
    itself while it runs is taken back: under `tf.function` that would be a tensor of a graph that is gone.
    """
    before = [
        (layer, dict(vars(layer)), list(layer._losses), set(layer._loss_ids))
        for layer in [model, *all_layers(model)]
    ]
    try:
        with keras.StatelessScope():
            yield
    finally:
        for layer, attributes, losses, loss_ids in before:
            now = vars(layer)
            for name in [name for name in now if name not in attributes]:
                del now[name]
            for name, value in attributes.items():
                if name not in now or now[name] is not value:
                    now[name] = value
            layer._losses[:] = losses
            layer._loss_ids.clear()
            layer._loss_ids.update(loss_ids)


def built(model, images):
    """The model, run once on one image if it has never been run, so that its weights exist."""
    if not model.built or not all(layer.built for layer in all_layers(model)):
        model(keras.ops.convert_to_tensor(images[:1]), training=False)
    return model


class Traced:
    """A function of arrays that runs as one TensorFlow graph: traced once an image shape, any batch size.

    A model that cannot be traced (`.numpy()` in its `call`, `run_eagerly`) is run eagerly, and so is every
    model on another backend.

    Args:
        function: takes tensors whose first axis is the batch, gives tensors.
        eager: never trace.
    """

    def __init__(self, function, eager=False):
        self._function = function
        self._eager = eager or keras.backend.backend() != "tensorflow"
        self._graphs = {}

    def __call__(self, *arrays):
        """Run the function on arrays of one batch size."""
        if self._eager:
            return self._function(*map(keras.ops.convert_to_tensor, arrays))
        key = tuple((array.shape[1:], array.dtype) for array in arrays)
        if key not in self._graphs:
            self._graphs[key] = self._graph(arrays)
        return self._graphs[key](*map(keras.ops.convert_to_tensor, arrays))

    def _graph(self, arrays):
        import tensorflow as tf

        signature = [tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in arrays]
        try:
            function = tf.function(self._function, input_signature=signature, autograph=False)
            return function.get_concrete_function()
        except (
            Exception
        ):  # whatever a student's own `call` may raise: if it is a true error, eager raises it again
            return self._function


class Reader:
    """What some layers put out (or take in), read by one forward pass in any kind of model.

    Args:
        model: a `keras.Model`.
        layers: layers or their names.
        inputs: read what goes in instead of what comes out.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="conv")])
        >>> Reader(model, ["conv"])(np.zeros((5, 8, 8, 3)))[0].shape
        (5, 6, 6, 4)
    """

    def __init__(self, model, layers, inputs=False):
        self.model = model
        self.layers = [find_layer(model, layer) for layer in layers]
        self._inputs = inputs
        self._read = Traced(self._forward, eager=bool(getattr(model, "run_eagerly", False)))

    def __call__(self, images):
        """Run the model.

        Args:
            images: array (B, H, W, C) as the model takes them.

        Returns:
            A list of float32 arrays, one a layer; of a layer that runs several times, its last.

        Raises:
            ValueError: if `images` is not such an array, or a layer does not run.
        """
        images = checked_images(self.model, images)
        built(self.model, images)
        return [np.asarray(keras.ops.convert_to_numpy(value), "float32") for value in self._read(images)]

    def _forward(self, images):
        values = {}

        def note(layer, inputs, outputs):
            values[id(layer)] = inputs if self._inputs else outputs

        with unchanged(self.model), tapped(self.layers, note):
            self.model(images, training=False)
        for layer in self.layers:
            if id(layer) not in values:
                raise ValueError(f"layer {layer.name!r} does not run when the model {self.model.name!r} does")
        return [values[id(layer)] for layer in self.layers]


def spatial_outputs(model, images):
    """The layers that give a map of more than one cell, in the order in which they finish.

    Args:
        model: a `keras.Model`.
        images: array (B, H, W, C); the first image is used.

    Returns:
        A list of (layer, shape without the batch). A block whose result is that of its last layer is left
        out.
    """
    found, seen = [], []

    def note(layer, _, outputs):
        if getattr(outputs, "shape", None) is None or any(outputs is tensor for tensor in seen):
            return
        seen.append(outputs)
        if is_map(outputs):
            found.append((layer, tuple(outputs.shape[1:])))

    built(model, images)
    with unchanged(model), tapped(all_layers(model), note):
        model(keras.ops.convert_to_tensor(images[:1]), training=False)
    return found
