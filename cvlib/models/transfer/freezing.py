"""Which part of a network learns: frozen by share, reported in weights, and compiled again by itself.

References:
    Howard and Ruder, 2018, Universal Language Model Fine-tuning for Text Classification, section 3.3
    (unfreezing from the last layer).
"""

from dataclasses import dataclass

import keras

from cvlib.models.guard import watch
from cvlib.models.transfer.networks import backbone_of


@dataclass(frozen=True)
class Trainable:
    """What of a model learns.

    Attributes:
        layers: number of the backbone's layers that can learn (those with weights, BatchNorm aside).
        frozen_layers: how many of them stand still.
        parameters: number of the model's parameters, head included.
        trainable_parameters: how many of them learn.
    """

    layers: int
    frozen_layers: int
    parameters: int
    trainable_parameters: int

    @property
    def share(self):
        """Share of the parameters that learn."""
        return self.trainable_parameters / self.parameters

    def __str__(self):
        return (
            f"{self.frozen_layers} of {self.layers} backbone layers frozen; "
            f"{self.trainable_parameters:,} of {self.parameters:,} parameters learn ({self.share:.1%})"
        )


def freeze(model, frozen, learning_rate=None):
    """Freeze a share of the backbone, from the images on; the rest and the head learn.

    BatchNorm layers of a pretrained backbone are frozen whatever the share. If the model was compiled, it is
    compiled again with the same loss and metrics and a fresh optimizer of the same settings: the change takes
    effect.

    Args:
        model: from `classifier`, or any `keras.Model` with a network as one of its layers.
        frozen: share in [0, 1] of the backbone's layers that can learn: 1 freezes all, 0 none.
        learning_rate: of the fresh optimizer; by default as it is. Fine-tuning wants a tenth to a hundredth
            of what the head was trained with.

    Returns:
        A `Trainable`; print it: a share of the layers is not a share of the weights.

    Raises:
        ValueError: if `frozen` is outside [0, 1], `model` has no backbone, or `learning_rate` is given for a
            model that was not compiled.

    Example:
        >>> from cvlib.models import transfer
        >>> model = transfer.classifier("MobileNetV2", weights=None)
        >>> print(transfer.freeze(model, 0.9))
        47 of 52 backbone layers frozen; 238,290 of 412,770 parameters learn (57.7%)
    """
    check_share(frozen)
    if learning_rate is not None and not model.compiled:
        raise ValueError("learning_rate has no optimizer to go to: compile the model first, or leave it out")
    watch(model)
    backbone = backbone_of(model)
    learners = learning_layers(backbone)
    # The outer flags first: they overwrite those inside. Then every layer by itself, because with TensorFlow
    # `outer.trainable = True` does nothing at all where the outer flag is True already.
    model.trainable = True
    backbone.trainable = frozen < 1
    still = {id(layer) for layer in learners[: round(frozen * len(learners))]}
    for layer in _flat(model):
        layer.trainable = id(layer) not in still
    from_scratch = getattr(model, "weights_source", None) == "random"
    for layer in _flat(backbone):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = from_scratch and frozen < 1
    if model.compiled:
        recompile(model, learning_rate)
    return trainable(model)


def trainable(model):
    """Report what of a model learns.

    Args:
        model: as for `freeze`.

    Returns:
        A `Trainable`.
    """
    learners = learning_layers(backbone_of(model))
    return Trainable(
        layers=len(learners),
        frozen_layers=sum(not layer.trainable_weights for layer in learners),
        parameters=model.count_params(),
        trainable_parameters=sum(int(keras.ops.size(weight)) for weight in model.trainable_weights),
    )


def learning_layers(backbone):
    """The layers of a network that can learn, from the images on: those with weights, BatchNorm aside."""
    fixed = (keras.layers.BatchNormalization, keras.layers.Normalization)
    return [layer for layer in _flat(backbone) if layer.weights and not isinstance(layer, fixed)]


def recompile(model, learning_rate=None, like=None):
    """Compile a model as it was, so that changed `trainable` flags take effect.

    Args:
        model: to compile.
        learning_rate: of the optimizer; by default as it is.
        like: the compiled model whose loss, metrics and optimizer settings to take; by default `model`.

    Notes:
        The optimizer starts afresh: moments of weights that had stood still mean nothing.
    """
    like = model if like is None else like
    arguments = watch(like)._guard.arguments
    if arguments is None:  # compiled when it was loaded
        arguments = keras.saving.deserialize_keras_object(like.get_compile_config())
    optimizer = getattr(like.optimizer, "inner_optimizer", like.optimizer)  # mixed precision wraps it
    settings = optimizer.get_config()
    if learning_rate is not None:
        settings["learning_rate"] = learning_rate
    model.compile(**{**arguments, "optimizer": type(optimizer).from_config(settings)})
    if model.trainable_variables:
        model.optimizer.build(model.trainable_variables)


def check_share(frozen):
    """Refuse a share outside [0, 1]."""
    if isinstance(frozen, bool) or not isinstance(frozen, (int, float)) or not 0 <= frozen <= 1:
        raise ValueError(
            f"frozen must be a share in [0, 1] of the backbone's layers, got {frozen!r}"
            + (
                f" (for {frozen} % pass {frozen / 100:g})"
                if isinstance(frozen, (int, float)) and 1 < frozen <= 100
                else ""
            )
        )


def _flat(model):
    """All layers of a model, those of nested models too, in order."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _flat(layer)
        else:
            yield layer
