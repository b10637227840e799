"""A classifier made fully convolutional: it takes larger images and gives a map of predictions.

References:
    Long, Shelhamer and Darrell, 2015, Fully Convolutional Networks for Semantic Segmentation, section 3.1.
    Sermanet et al., 2014, OverFeat, section 3.5.
"""

import keras
from keras import layers


def fully_convolutional(model, input_shape=None):
    """The same network, with the same weights, as convolutions only.

    The first `Dense` behind `Flatten` becomes a convolution as large as the map it saw, every later one a
    1×1; `GlobalAveragePooling2D` becomes an average over a window of the map's size. An image of the
    classifier's own size gives one position; a larger one gives what the classifier would say as it slides
    over the image in steps of its stride, computed once for all.

    Args:
        model: a chain of layers (Sequential, or functional without branches) from images (B, H, W, C) to
            (B, classes).
        input_shape: (H, W, C) of the new network's images; by default (None, None, C), any size from the
            classifier's own on.

    Returns:
        A `keras.Model` from (B, H', W', C) to (B, rows, columns, classes).

    Raises:
        ValueError: if the model has branches or a layer without a counterpart, or its images' size is not
            fixed.

    Example:
        >>> cnn = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(4, 5),
        ...     keras.layers.MaxPooling2D(4), keras.layers.Flatten(), keras.layers.Dense(10)])
        >>> fully_convolutional(cnn, (56, 56, 1)).output_shape
        (None, 8, 8, 10)

    Notes:
        Equal to sliding the classifier where its convolutions are not padded (`padding="valid"`). With
        "same" each window of the slide is padded with zeros at its own border, and the large image is not:
        there the two differ, and the network of convolutions has seen more of the image.
    """
    shape = tuple(model.input_shape)
    if len(shape) != 4 or None in shape[1:]:
        raise ValueError(f"model must take images of one fixed size (B, H, W, C), got {shape}")
    images = keras.Input((None, None, shape[3]) if input_shape is None else input_shape, name="images")
    x, copies = images, []
    window = None  # (H, W, C) of the map that the next dense layer sees whole
    seen = (None, *shape[1:])  # what the layer takes in, in the classifier
    for layer in _chain(model):
        copy, window = _converted(layer, seen, window)
        seen = layer.compute_output_shape(seen)
        if copy is not None:
            x = copy(x)
            copies.append((layer, copy))
    result = keras.Model(images, x, name=f"{model.name}_fully_convolutional")
    for layer, copy in copies:
        weights = layer.get_weights()
        if isinstance(layer, layers.Dense):
            weights[0] = weights[0].reshape(copy.kernel.shape)
        copy.set_weights(weights)
    return result


def _chain(model):
    """The layers of a model without branches, in order.

    A layer's own `input` would not do: it is that of the first call, and a layer may have been called for
    other models before (also by every `Sequential.add`).
    """
    if isinstance(model, keras.Sequential):
        return [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    clone = keras.models.clone_model(model)  # its layers were called once, here
    chain = [layer for layer in clone.layers if not isinstance(layer, layers.InputLayer)]
    fed = clone.input
    for number, layer in enumerate(chain):
        if layer.input is not fed:
            before = chain[number - 1].name if number else "the image"
            raise ValueError(f"model must be a chain of layers, but {layer.name!r} is not fed by {before!r}")
        fed = layer.output
    return [model.get_layer(layer.name) for layer in chain]


def _converted(layer, seen, window):
    """A layer's counterpart (None if it needs none), and the window that is left for the next dense layer.

    Args:
        layer: of the classifier.
        seen: (None, H, W, C) or (None, C), what it takes in there.
        window: (H, W, C) of the map that the next dense layer sees whole, or None.
    """
    if isinstance(layer, layers.Flatten):
        return None, tuple(seen[1:])
    if isinstance(layer, (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)):
        kind = (
            layers.AveragePooling2D
            if isinstance(layer, layers.GlobalAveragePooling2D)
            else layers.MaxPooling2D
        )
        return kind(tuple(seen[1:3]), strides=1, name=layer.name), (1, 1, seen[-1])
    if isinstance(layer, layers.Dense):
        size = (1, 1) if window is None else window[:2]
        copy = layers.Conv2D(
            layer.units, size, activation=layer.activation, use_bias=layer.use_bias, name=layer.name
        )
        return copy, None
    flat = window is not None and not isinstance(layer, (layers.Dropout, layers.Activation, layers.ReLU))
    if flat or isinstance(layer, (keras.Model, layers.Reshape)):
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) has no counterpart among convolutions"
            + (": between Flatten and Dense only dropout and activations have" if flat else "")
        )
    return layer.__class__.from_config(layer.get_config()), window
