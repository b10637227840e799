"""Two mistakes that Keras lets pass without a word, stopped before they cost a training run.

1. A layer's `trainable` is changed after `compile`: the change has no effect until `compile` is called again.
2. Images that were divided by 255 already go into a model that rescales inside: it sees only black.

The guard hooks a model's own methods, on the instance. The model stays a plain `keras.Model`: its saved file
opens with Keras alone (and then without the guard, until a function of `cvlib.models.transfer` takes it up).
"""

import functools

import keras
import numpy as np


def watch(model):
    """Make a model check its images and its `trainable` flags before it trains, evaluates or predicts.

    Args:
        model: a `keras.Model` that takes images in [0, 255]; watching it twice changes nothing.

    Returns:
        The same model.
    """
    if not hasattr(model, "_guard"):
        model._guard = Guard(model)
    return model


class Guard:
    """What a model was compiled with, and the checks before each use.

    Attributes:
        arguments: the keyword arguments of the last `compile`, or None.
        trained: paths of the variables that were trainable then, or None.
    """

    def __init__(self, model):
        self.arguments = None
        self.trained = trainable_paths(model) if model.compiled else None
        _before(model, "compile", self._remember)
        for method in ("fit", "train_on_batch"):
            _before(model, method, self._refuse_stale)
        for method in ("fit", "evaluate", "predict"):
            _before(model, method, self._refuse_wrong_images)

    def _remember(self, model, *args, **kwargs):
        names = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")
        self.arguments = {**dict(zip(names, args)), **kwargs}
        self.trained = trainable_paths(model)

    def _refuse_stale(self, model, *args, **kwargs):
        if self.trained is None or self.trained == trainable_paths(model):
            return
        now = trainable_paths(model)
        raise RuntimeError(
            f"The model was compiled when {len(self.trained)} of its weight arrays were trainable; now "
            f"{len(now)} are ({len(now - self.trained)} more, {len(self.trained - now)} fewer). A change of "
            "`trainable` has no effect until the model is compiled again: call model.compile(...) now, or "
            "change it with cvlib.models.transfer.freeze(model, share), which compiles for you."
        )

    def _refuse_wrong_images(self, model, x=None, *args, **kwargs):
        if kwargs.get("_use_cached_eval_dataset") and not isinstance(x, np.ndarray):
            return  # `fit` validates after every epoch: do not start a pipeline again each time
        check_images(_first_batch(x), model.input_shape)


def trainable_paths(model):
    """The names of a model's trainable variables, as a frozenset of paths."""
    return frozenset(variable.path for variable in model.trainable_variables)


def check_images(images, input_shape):
    """Refuse images that a model with preprocessing inside cannot be meant to get.

    Args:
        images: array (B, H, W, C), or None where they cannot be looked at.
        input_shape: the model's, (None, H, W, C).

    Raises:
        ValueError: if the size differs, or the values are in [0, 1] or [-1, 1] instead of [0, 255].
    """
    if images is None or not hasattr(images, "shape"):
        return
    shape = tuple(images.shape)
    if len(shape) != 4 or any(b is not None and a != b for a, b in zip(shape[1:], input_shape[1:])):
        raise ValueError(
            f"images must be (B, {', '.join(map(str, input_shape[1:]))}), got {shape}: "
            + (
                "add the batch axis with images[None]"
                if len(shape) == 3
                else "resize them when you read them"
            )
        )
    if np.dtype(keras.backend.standardize_dtype(images.dtype)).kind not in "f":
        return
    values = keras.ops.convert_to_numpy(images[:32])
    lowest, highest = float(values.min(initial=0)), float(values.max(initial=0))
    if lowest < 0 or 0 < highest <= 1:
        raise ValueError(
            f"images must be in [0, 255], got values from {lowest:.3g} to {highest:.3g}: this model rescales "
            "inside, and rescaling twice leaves it almost nothing to see. Leave out rescale=1/255, "
            "preprocess_input or the division by 255."
        )


def _first_batch(x):
    """The first images of what `fit` was given, or None where looking would use them up."""
    if isinstance(x, keras.utils.PyDataset):
        batch = x[0] if len(x) else None
    elif hasattr(x, "take") and hasattr(x, "element_spec"):  # a tf.data.Dataset
        batch = next(iter(x.take(1)), None)
    else:
        return x[:32] if hasattr(x, "shape") and hasattr(x, "dtype") else None
    return batch[0] if isinstance(batch, (tuple, list)) else batch


def _before(model, name, check):
    """Replace `model.name` on the instance by one that calls `check(model, …)` first."""
    method = getattr(model, name)

    @functools.wraps(method)
    def checked(*args, **kwargs):
        check(model, *args, **kwargs)
        return method(*args, **kwargs)

    setattr(model, name, checked)
