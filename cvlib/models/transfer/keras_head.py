"""A Keras head trained on features that were computed once."""

import keras

from cvlib.models.guard import watch
from cvlib.models.transfer.features import FeatureExtractor
from cvlib.models.transfer.freezing import recompile
from cvlib.models.transfer.networks import backbone_of


def fit_head(model, images, labels=None, validation_data=None, cache=True, verbose=1, **fit_arguments):
    """Train the head of a classifier whose backbone stands still, with one forward pass an image in all.

    The head's layers are the model's own: afterwards the model classifies images as if `fit` had trained it.

    Args:
        model: from `cvlib.models.transfer.classifier` with `frozen=1`, compiled.
        images: as for `FeatureExtractor`: array (N, H, W, 3) in [0, 255], or batches with labels.
        labels: (N,) or (N, classes) as the loss wants them; None where the batches carry them.
        validation_data: (images, labels), or batches with labels, or None.
        cache: where features are kept, as for `FeatureExtractor`.
        verbose: 1 for progress, 0 for silence.
        **fit_arguments: for `keras.Model.fit`, such as `epochs` or `callbacks`.

    Returns:
        The `keras.callbacks.History` of the head.

    Raises:
        ValueError: if the model is not compiled, or its backbone is not frozen: then features would change
            during training.

    Example:
        >>> import numpy as np
        >>> from cvlib.models import transfer
        >>> model = transfer.classifier(input_shape=(32, 32, 3), weights=None)
        >>> model.compile("adam", "sparse_categorical_crossentropy")
        >>> images, labels = np.zeros((4, 32, 32, 3), "uint8"), np.array([0, 1, 0, 1])
        >>> history = transfer.fit_head(model, images, labels, cache=False, verbose=0, epochs=2)
        >>> len(history.history["loss"])
        2

    Notes:
        Images that change every epoch (augmentation) have no features to keep: use `fit` for them.
    """
    if not model.compiled:
        raise ValueError("model is not compiled: call model.compile(optimizer, loss, metrics) first")
    learning = len(backbone_of(model).trainable_weights)
    if learning:
        raise ValueError(
            f"{learning} weight arrays of the backbone are trainable, so its features change in training: "
            "call cvlib.models.transfer.freeze(model, 1) first, or train with model.fit"
        )
    extractor = FeatureExtractor(model, cache=cache)
    x, y = _pair(extractor, images, labels, verbose)
    if validation_data is not None:
        pair = validation_data if isinstance(validation_data, (tuple, list)) else (validation_data, None)
        validation_data = _pair(extractor, *pair, verbose)
    head = keras.Model(model.get_layer("pool").output, model.output, name=f"{model.name}_head")
    recompile(head, like=watch(model))
    return head.fit(x, y, validation_data=validation_data, verbose=2 if verbose else 0, **fit_arguments)


def _pair(extractor, images, labels, verbose):
    features = extractor(images, verbose=verbose)
    if isinstance(features, tuple):
        return features
    if labels is None:
        raise ValueError("labels are missing: give them beside the images, or batches that carry them")
    return features, labels
