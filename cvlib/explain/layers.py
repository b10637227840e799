"""Find the layers of any Keras model, at any depth."""

import difflib

import keras


def all_layers(model):
    """Every layer in a model, at any depth, each once, in the order in which they were added.

    Args:
        model: a `keras.Model`.

    Returns:
        A list of layers without `model` itself. A nested model comes after its own layers.
    """
    found = {}

    def visit(layer):
        for child in layer.layers if isinstance(layer, keras.Model) else layer._layers:
            if id(child) not in found:
                visit(child)
                found[id(child)] = child

    visit(model)
    for child in model._flatten_layers(include_self=False):  # layers that a model tracks but does not list
        found.setdefault(id(child), child)
    return list(found.values())


def find_layer(model, layer):
    """The layer of that name, at any depth.

    Args:
        model: a `keras.Model`.
        layer: a layer's name, or the layer itself.

    Returns:
        The layer.

    Raises:
        ValueError: if the model has no such layer, or several of that name.
    """
    layers = all_layers(model)
    if isinstance(layer, keras.Layer):
        if not any(layer is known for known in layers):
            raise ValueError(
                f"layer {layer.name!r} is not a layer of the model {model.name!r}: take it from this model "
                "(a clone or a reloaded copy has layers of its own)"
            )
        return layer
    if not isinstance(layer, str):
        raise ValueError(f"layer must be a layer or the name of one, got {layer!r} ({type(layer).__name__})")
    matches = [known for known in layers if known.name == layer]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ValueError(
            f"layer {layer!r} names {len(matches)} layers of the model {model.name!r}: pass the layer itself"
        )
    near = difflib.get_close_matches(layer, [known.name for known in layers], n=3)
    hint = f"did you mean {', '.join(near)}? " if near else ""
    raise ValueError(f"layer {layer!r} is not in the model {model.name!r}: {hint}It has {described(layers)}")


def described(layers, most=20):
    """Names and classes of layers, for messages."""
    named = [f"{layer.name} ({type(layer).__name__})" for layer in layers]
    if not named:
        return "no layers"
    left_out = f", … ({len(named) - most} more)" if len(named) > most else ""
    return ", ".join(named[:most]) + left_out


def has_convolution(layer):
    """Whether a layer holds a convolution's kernel: a weight of four axes (height, width, in, out)."""
    return any(len(weight.shape) == 4 for weight in layer.weights)


def is_map(tensor):
    """Whether a tensor is (B, h, w, C) with more than one cell."""
    shape = getattr(tensor, "shape", ())
    return len(shape) == 4 and (None in shape[1:3] or shape[1] * shape[2] > 1)
