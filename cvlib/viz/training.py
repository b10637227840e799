"""Training curves."""

from cvlib.viz.style import PALETTE, figure


def curves(history, metrics=("loss", "accuracy")):
    """Training (solid) and validation (dashed) curves, one panel a metric.

    Args:
        history: what `model.fit` returned, or a dict from metric name to values, one an epoch; metrics that
            it lacks are left out.
        metrics: names to draw.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if `history` has none of `metrics`.
    """
    values = getattr(history, "history", history)
    drawn = [name for name in metrics if name in values]
    if not drawn:
        raise ValueError(f"history has none of {tuple(metrics)}; it has {sorted(values)}")
    sheet = figure(4.0 * len(drawn), 3.0)
    for axis, name in zip(sheet.subplots(1, len(drawn), squeeze=False)[0], drawn):
        epochs = range(1, len(values[name]) + 1)
        axis.plot(epochs, values[name], "o-", color=PALETTE[0], markersize=3, label="training")
        if f"val_{name}" in values:
            axis.plot(
                epochs, values[f"val_{name}"], "s--", color=PALETTE[3], markersize=3, label="validation"
            )
        axis.set_xlabel("epoch")
        axis.set_ylabel(name)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    return sheet
