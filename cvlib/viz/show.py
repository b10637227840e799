"""Show a figure in a notebook, with the text that stands in for it where it cannot be seen."""

import io

from IPython.display import display


def show(figure, alt):
    """Display a figure as PNG with alternative text.

    Args:
        figure: a `matplotlib.figure.Figure`.
        alt: one sentence that says what the figure shows; screen readers speak it, and it is the output's
            plain-text form.

    Raises:
        ValueError: if `alt` is empty.
    """
    if not alt or not alt.strip():
        raise ValueError("alt must say in a sentence what the figure shows, got an empty text")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    display(
        {"image/png": buffer.getvalue(), "text/plain": alt},
        raw=True,
        metadata={"image/png": {"alt": alt}},
    )
