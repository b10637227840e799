"""Gradual unfreezing: the last layers learn first, then more and more of the network.

References:
    Howard and Ruder, 2018, Universal Language Model Fine-tuning for Text Classification, section 3.3.
"""

import itertools

from cvlib.models.transfer import freeze, trainable


def layer_by_layer(model, layers=5):
    """The shares to freeze that let one more layer of the backbone learn at each stage, from the last one on.

    Args:
        model: from `cvlib.models.transfer.classifier`.
        layers: how many of the backbone's last layers learn in the end.

    Returns:
        A list of `layers` + 1 shares; the first is 1: the head alone.

    Raises:
        ValueError: if the backbone has fewer layers.
    """
    total = trainable(model).layers
    if not 1 <= layers <= total:
        raise ValueError(f"layers must be from 1 to {total}, the layers of this backbone, got {layers}")
    return [1 - count / total for count in range(layers + 1)]


def gradually(model, x, y=None, frozen=(1.0, 0.9, 0.75, 0.5), epochs=1, learning_rates=None, **fit_arguments):
    """Train in stages; each freezes a smaller share of the backbone than the one before.

    Args:
        model: from `cvlib.models.transfer.classifier`, compiled. Every stage compiles it again, with a fresh
            optimizer.
        x: images, as for `keras.Model.fit`.
        y: labels, as for `keras.Model.fit`.
        frozen: share of the backbone's layers frozen at each stage, not rising; `layer_by_layer` makes one.
        epochs: of each stage, one number for all or one a stage.
        learning_rates: of each stage; by default the compiled one for the first stage and a tenth of it for
            the others: layers that know something should not be shaken.
        **fit_arguments: for `keras.Model.fit`, such as `validation_data`, `batch_size`, `callbacks`.

    Returns:
        A dict from metric name to its values, one an epoch over all stages, as in `keras.callbacks.History`;
        "frozen" and "trainable_parameters" say with what each epoch ran.

    Raises:
        ValueError: if the model is not compiled, or `frozen`, `epochs` and `learning_rates` do not fit
            together.

    Example:
        >>> import numpy as np
        >>> from cvlib.models import transfer
        >>> model = transfer.classifier(input_shape=(32, 32, 3), weights=None)
        >>> model.compile("adam", "sparse_categorical_crossentropy")
        >>> images, labels = np.zeros((4, 32, 32, 3), "uint8"), np.array([0, 1, 0, 1])
        >>> gradually(model, images, labels, frozen=(1, 0.9), verbose=0)["frozen"]
        [1, 0.9]
    """
    if not model.compiled:
        raise ValueError("model is not compiled: call model.compile(optimizer, loss, metrics) first")
    frozen = list(frozen)
    if not frozen or any(later > earlier for earlier, later in itertools.pairwise(frozen)):
        raise ValueError(f"frozen must be shares that do not rise from stage to stage, got {frozen}")
    epochs = _one_a_stage("epochs", [epochs] * len(frozen) if isinstance(epochs, int) else epochs, frozen)
    if learning_rates is None:
        first = float(model.optimizer.learning_rate)
        learning_rates = [first] + [first / 10] * (len(frozen) - 1)
    learning_rates = _one_a_stage("learning_rates", learning_rates, frozen)

    history, done = {}, 0
    for share, count, rate in zip(frozen, epochs, learning_rates):
        report = freeze(model, share, learning_rate=rate)
        stage = model.fit(x, y, initial_epoch=done, epochs=done + count, **fit_arguments)
        done += count
        ran = len(stage.epoch)
        stage.history["frozen"] = [share] * ran
        stage.history["trainable_parameters"] = [report.trainable_parameters] * ran
        for name, values in stage.history.items():
            history.setdefault(name, []).extend(values)
    return history


def _one_a_stage(name, values, frozen):
    values = list(values)
    if len(values) != len(frozen):
        raise ValueError(f"{name} must have one entry a stage ({len(frozen)}), got {len(values)}")
    return values
