"""One look for every figure: opaque white for dark and light pages, colours that everyone can tell apart."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

#: Okabe and Ito, 2008, Color Universal Design: eight colours that colour-blind readers can tell apart.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")


def figure(width=7.0, height=4.0):
    """An empty figure, free of pyplot's global state.

    Args:
        width: in inches.
        height: in inches.

    Returns:
        A `matplotlib.figure.Figure` with constrained layout on an opaque white ground.
    """
    made = Figure(figsize=(width, height), dpi=100, layout="constrained", facecolor="white")
    FigureCanvasAgg(made)
    return made
