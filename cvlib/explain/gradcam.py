"""Where in the image the evidence for a class lies: Grad-CAM and Grad-CAM++ for any Keras model.

`ClassActivationMap` does the work; each method is the one line (`weights`) in which it differs.
"""

import keras
import numpy as np
from keras import ops

from cvlib.explain.forward import Traced, built, checked_images, spatial_outputs, tapped, unchanged
from cvlib.explain.heat import enlarged, stretched
from cvlib.explain.layers import all_layers, described, find_layer, has_convolution


class ClassActivationMap:
    """A weighted sum of a layer's feature maps, the weights taken from the gradient of a class's logit.

    The model may be flat, Sequential, subclassed, hold nested models at any depth, and have several
    outputs. It is left exactly as it was found. Make one object and use it often: the first call on an
    image shape traces the computation, the next ones run it. New weights are followed; after changing a
    layer, make a new object.

    Args:
        model: a `keras.Model` of one input.
        layer: the layer whose maps are weighted, or its name, at any depth. By default the last layer with
            a map of more than one cell, before any pooling that follows it (as in the paper).
        output: which output of a model of several, by name or index; by default the first.

    Raises:
        ValueError: if the model has no convolution, or no such layer or output.
    """

    def __init__(self, model, layer=None, output=None):
        if not isinstance(model, keras.Model):
            raise ValueError(f"model must be a keras.Model, got {type(model).__name__}")
        if layer is None and model.built and model.weights and not has_convolution(model):
            raise ValueError(_no_convolution(model))
        self.model = model
        self.layer = None if layer is None else find_layer(model, layer)
        self.output = output
        if getattr(self.layer, "data_format", None) == "channels_first":
            raise ValueError(f"layer {self.layer.name!r} has channels first; only channels_last is supported")
        self._classes = None
        self._run = Traced(self._explain, eager=bool(getattr(model, "run_eagerly", False)))

    def weights(self, activations, gradients):
        """How much each channel counts: (B, 1, 1, C), from maps and gradients (B, h, w, C)."""
        raise NotImplementedError

    def __call__(self, images, target=None):
        """Explain a batch.

        Args:
            images: array (B, H, W, C) as the model takes them.
            target: what is explained. None: each image's top class. An int, or an array of ints (one an
                image): that class; for a single sigmoid unit 1 is its logit and 0 the negative logit. A
                function: gets the model's outputs as logits (B, classes) and returns the score (B,); use
                `keras.ops` in it.

        Returns:
            float32 array (B, H, W) in [0, 1]: the map enlarged to the image's size, then each map stretched
            from 0 to 1; all 0 where nothing speaks for the target. Enlarged bilinearly with the corner
            cells on the corner pixels ("align corners", as `scipy.ndimage.zoom` and tf-keras-vis do).

        Raises:
            ValueError: if images, target or the layer do not fit the model.
        """
        maps = self.maps(images, target)
        return stretched(enlarged(maps, *np.shape(images)[1:3]))

    def maps(self, images, target=None):
        """The maps as they come from the layer: float32 (B, h, w), at least 0, not enlarged, not scaled.

        Args:
            images: as in a call.
            target: as in a call.
        """
        images = checked_images(self.model, images)
        built(self.model, images)
        if self.layer is None:
            self.layer = self._last_layer(images)
        if callable(target):
            maps = self._explain(ops.convert_to_tensor(images), target)
        else:
            target = _checked_target(target, len(images))
            maps = self._run(images, target)
            if target.max() >= self._classes:
                raise ValueError(
                    f"target must be a class from 0 to {self._classes - 1}, got {target.max()}: "
                    f"the model {self.model.name!r} has {self._classes} classes"
                )
        maps = ops.convert_to_numpy(maps)
        if not np.isfinite(maps).all():
            raise ValueError(
                f"the map of the model {self.model.name!r} is not finite: look for NaN in its weights"
            )
        return maps

    def _explain(self, images, target):
        """The maps (B, h, w) of a batch, in backend operations throughout."""
        activations, gradients = self._activations_and_gradients([self.layer], images, target)
        if len(getattr(activations[0], "shape", ())) != 4:
            maps = [f"{layer.name} {shape}" for layer, shape in spatial_outputs(self.model, images)]
            raise ValueError(
                f"layer {self.layer.name!r} gives {tuple(activations[0].shape)}, not maps (B, h, w, C); "
                f"these do: {', '.join(maps) or 'none'}"
            )
        if gradients[0] is None:
            raise ValueError(
                f"output {self.output or 0!r} of the model {self.model.name!r} "
                f"does not depend on layer {self.layer.name!r}: choose a layer on the way to it"
            )
        activations, gradients = ops.cast(activations[0], "float32"), ops.cast(gradients[0], "float32")
        evidence = ops.sum(self.weights(activations, gradients) * activations, axis=-1)
        return ops.where(evidence < 0, ops.zeros_like(evidence), evidence)  # a ReLU that lets NaN through

    def _activations_and_gradients(self, layers, images, target):
        def forward(watch):
            results = dict.fromkeys(map(id, layers))

            def note(layer, _, outputs):
                results[id(layer)] = outputs
                if hasattr(outputs, "dtype"):
                    watch(outputs)

            with unchanged(self.model), tapped(layers, note):
                outputs = self.model(images, training=False)
            for layer in layers:
                if results[id(layer)] is None:
                    raise ValueError(
                        f"layer {layer.name!r} does not run when the model {self.model.name!r} does"
                    )
            return list(results.values()), outputs

        return _gradient(forward, lambda outputs: self._score(outputs, target))

    def _score(self, outputs, target):
        """The number that is explained, one an image, from the model's outputs."""
        if callable(target):
            values = target(keras.tree.map_structure(_logits, outputs))
            if len(getattr(values, "shape", ())) != 1:
                raise ValueError(
                    "target, as a function, must return one score an image: shape (B,), "
                    f"got {getattr(values, 'shape', type(values).__name__)}"
                )
            return values
        logits = ops.cast(_logits(self._selected(outputs)), "float32")
        if len(logits.shape) == 1:
            logits = logits[:, None]
        if len(logits.shape) > 2:  # one vector a place, as in segmentation: the mean over places
            logits = ops.mean(logits, axis=tuple(range(1, len(logits.shape) - 1)))
        units = logits.shape[-1]
        self._classes = max(units, 2)
        if units == 1:
            logits = ops.concatenate([-logits, logits], axis=-1)
        chosen = ops.where(target < 0, ops.cast(ops.argmax(logits, axis=-1), "int32"), target)
        return ops.sum(logits * ops.one_hot(chosen, self._classes, dtype="float32"), axis=-1)

    def _selected(self, outputs):
        """The output that is explained, of a model of several."""
        if not isinstance(outputs, (dict, list, tuple)):
            outputs = [outputs]
        names = list(outputs) if isinstance(outputs, dict) else list(getattr(self.model, "output_names", []))
        values = list(outputs.values()) if isinstance(outputs, dict) else list(outputs)
        wanted = 0 if self.output is None else self.output
        if isinstance(wanted, str) and wanted in names:
            wanted = names.index(wanted)
        if not isinstance(wanted, int) or not -len(values) <= wanted < len(values):
            raise ValueError(
                f"output must be an index below {len(values)}{f' or one of {names}' if names else ''}, "
                f"got {self.output!r}"
            )
        return values[wanted]

    def _last_layer(self, images):
        """The last layer with a map that comes from a convolution and reaches the output; no pooling."""
        maps = [layer for layer, _ in spatial_outputs(self.model, images)]
        first = next((index for index, layer in enumerate(maps) if has_convolution(layer)), len(maps))
        layers = [layer for layer in maps[first:] if not isinstance(layer, _NOT_FEATURES)]
        if layers:
            nothing = np.full(1, -1, "int32")
            _, gradients = self._activations_and_gradients(
                layers, ops.convert_to_tensor(images[:1]), ops.convert_to_tensor(nothing)
            )
            layers = [layer for layer, gradient in zip(layers, gradients) if gradient is not None]
        if not layers:
            raise ValueError(_no_convolution(self.model))
        return layers[-1]


class GradCAM(ClassActivationMap):
    """Grad-CAM: a channel counts as much as the mean of the logit's gradient over its map.

    Args:
        model: a `keras.Model` of one input: flat, nested, Sequential, subclassed, of several outputs.
        layer: a layer or its name, at any depth; by default the last one with a map, before pooling.
        output: which output of a model of several, by name or index; by default the first.

    Example:
        >>> model = keras.applications.MobileNetV2((64, 64, 3), 0.35, weights=None, classes=10)
        >>> explainer = GradCAM(model)
        >>> explainer(np.zeros((2, 64, 64, 3))).shape  # of each image's top class
        (2, 64, 64)
        >>> explainer.layer.name
        'out_relu'

    References:
        Selvaraju et al., 2017, Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
        Localization, eq. 1 and 2.

    Notes:
        The paper leaves open how a map is enlarged and scaled. Here it is as in tf-keras-vis, so that the two
        agree: corner cells on corner pixels, then from the smallest value to the largest, plus 1e-7.
        Libraries that resize with OpenCV put a cell's centre in the middle of its block instead.
    """

    def weights(self, activations, gradients):
        """Equation 1: the gradient's mean over the map."""
        return ops.mean(gradients, axis=(1, 2), keepdims=True)


class GradCAMPlusPlus(ClassActivationMap):
    """Grad-CAM++: as Grad-CAM, but places that raise the score count more: each of several objects shows.

    Args:
        model: as in `GradCAM`.
        layer: as in `GradCAM`.
        output: as in `GradCAM`.

    References:
        Chattopadhyay et al., 2018, Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep
        Convolutional Networks, eq. 10 and 19.

    Notes:
        The score is the exponential of the logit, so its second and third derivatives are powers of the first
        (section 3.3); the exponential itself is a factor of the whole map, lost in stretching.
        The alphas of a channel are scaled to sum to one over the places that raise the score, as in the
        authors' code; the paper does not write this. tf-keras-vis sums over all places: the same where the
        gradient has one sign (a map that is averaged), and a division by nearly zero elsewhere. Choose a
        layer after its ReLU: the formula takes activations to be positive.
    """

    def weights(self, activations, gradients):
        """Equation 10, with the alphas of equation 19."""
        slopes = ops.relu(gradients)
        square, cube = slopes**2, slopes**3
        divisor = 2 * square + cube * ops.sum(activations, axis=(1, 2), keepdims=True)
        alphas = square / ops.where(square == 0, ops.ones_like(divisor), divisor)
        total = ops.sum(alphas, axis=(1, 2), keepdims=True)
        alphas = alphas / ops.where(total == 0, ops.ones_like(total), total)
        return ops.sum(alphas * slopes, axis=(1, 2), keepdims=True)


#: These only move, merge or drop what the layer before them found.
_NOT_FEATURES = (
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.ZeroPadding2D,
    keras.layers.Cropping2D,
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
)


def _gradient(forward, score):
    """The one part that names a backend: the gradient of the summed score by some layers' results.

    Nothing is recorded below those layers, so nothing is propagated there either.

    Args:
        forward: takes a function to call on each tensor to watch; returns (list of results, model outputs).
        score: from the model outputs to scores (B,).

    Returns:
        (results, gradients), two lists; a gradient is None where the score does not depend on the result.
    """
    if keras.backend.backend() != "tensorflow":
        raise NotImplementedError(
            f"Grad-CAM needs Keras on TensorFlow, and this is {keras.backend.backend()}: "
            'set os.environ["KERAS_BACKEND"] = "tensorflow" before the first import of keras'
        )
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        results, outputs = forward(tape.watch)
        total = tf.reduce_sum(score(outputs))
    return results, tape.gradient(total, results)


def _logits(output):
    """What went into the last softmax or sigmoid, or the output itself if there is none.

    Keras's activations note their logits on their result; a bare `tf.nn.softmax` is found in the graph.
    """
    tensor = output
    while tensor is not None:
        if hasattr(tensor, "_keras_logits"):
            return tensor._keras_logits
        operation = None if hasattr(tensor, "numpy") else getattr(tensor, "op", None)
        kind = getattr(operation, "type", None)
        if kind in ("Softmax", "LogSoftmax", "Sigmoid"):
            return operation.inputs[0]
        # A cast or a reshape may stand between the activation and the output.
        tensor = operation.inputs[0] if kind in ("Identity", "Cast", "Reshape", "Squeeze") else None
    return output


def _no_convolution(model):
    return (
        f"the model {model.name!r} has no convolution whose map reaches the output, so there is no place to "
        f"point at; it has {described(all_layers(model))}. Pass a model with convolutions, or name a layer "
        "with maps (B, h, w, C)"
    )


def _checked_target(target, count):
    """int32 array (B,); −1 stands for the top class."""
    if target is None:
        return np.full(count, -1, "int32")
    given = np.asarray(target)
    if given.dtype.kind not in "iub" or given.ndim > 1:
        raise ValueError(
            "target must be None, a class (int), an array of ints (one an image) or a function, "
            f"got {type(target).__name__} of shape {given.shape} and type {given.dtype}"
            + (" (one-hot labels: pass labels.argmax(axis=-1))" if given.ndim == 2 else "")
        )
    if given.ndim == 1 and len(given) != count:
        raise ValueError(f"target must have one class an image: got {len(given)} for {count} images")
    if given.min() < 0:
        raise ValueError(f"target must be a class from 0 on, got {given.min()}")
    return np.broadcast_to(given, (count,)).astype("int32")
