"""Check a Keras model by what it says about itself; Keras is not imported here."""

from cvlib.check.report import CheckFailed, describe


def model(
    value,
    input_shape=None,
    output_shape=None,
    layers=None,
    parameters=None,
    trainable=None,
    misconceptions=None,
    name="your model",
    hint=None,
    read=None,
):
    """Check a Keras model's shapes, layers and parameters.

    Args:
        value: the model.
        input_shape: with the batch axis, None for any length, such as (None, 64, 64, 3).
        output_shape: likewise.
        layers: dict from a layer's class name to how many of them there must be; layers of nested models
            count too.
        parameters: how many parameters in all. The number is never shown.
        trainable: how many of them train. The number is never shown.
        misconceptions: dict from a wrong number of parameters (in all, or trainable) to a hint.
        name: of the model, for the message.
        hint: the likely cause, where no misconception is recognised.
        read: where to read.

    Raises:
        CheckFailed: at the first property that differs.
    """
    if not hasattr(value, "layers") or not hasattr(value, "count_params"):
        likely = "the function ends without `return`." if value is None else hint
        raise CheckFailed(
            f"{name} is not a Keras model", None, "a keras.Model", describe(value), likely, read
        )
    for kind, expected in (("input", input_shape), ("output", output_shape)):
        if expected is not None:
            _same_shape(value, kind, expected, name, hint, read)
    for layer, wanted in (layers or {}).items():
        found = sum(one.__class__.__name__ == layer for one in _flat(value))
        if found != wanted:
            raise CheckFailed(
                f"{name} has another number of {layer} layers", None, str(wanted), str(found), hint, read
            )
    if parameters is not None:
        _same_count(value.count_params(), parameters, "parameters", misconceptions, name, hint, read)
    if trainable is not None:
        count = sum(_size(weight.shape) for weight in value.trainable_weights)
        _same_count(count, trainable, "trainable parameters", misconceptions, name, hint, read)


def _same_shape(value, kind, expected, name, hint, read):
    found = getattr(value, f"{kind}_shape", None)
    if found is None:
        likely = "start the model with keras.Input(shape=…)."
        raise CheckFailed(f"{name} has no fixed {kind} shape", None, str(expected), None, likely, read)
    fits = len(found) == len(expected) and all(
        want is None or length == want for length, want in zip(found, expected)
    )
    if not fits:
        raise CheckFailed(
            f"{name} has another {kind} shape", None, str(tuple(expected)), str(tuple(found)), hint, read
        )


def _same_count(found, expected, what, misconceptions, name, hint, read):
    if found != expected:
        likely = (misconceptions or {}).get(int(found), hint)
        raise CheckFailed(
            f"{name} has another number of {what} than asked for", None, None, f"{found:,}", likely, read
        )


def _flat(value):
    for layer in value.layers:
        if hasattr(layer, "layers"):
            yield from _flat(layer)
        else:
            yield layer


def _size(shape):
    size = 1
    for length in shape:
        size *= int(length)
    return size
