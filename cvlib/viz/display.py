"""Show a figure in a notebook, with the text that stands in for it where it cannot be seen."""

import io

from IPython.display import display
from PIL import Image

LARGE = 150_000  # bytes


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
    display(
        {"image/png": png(figure), "text/plain": alt},
        raw=True,
        metadata={"image/png": {"alt": alt}},
    )


def png(figure):
    """A figure as PNG bytes; a large one is reduced to 256 colours of its own, a third of the size."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    if buffer.tell() > LARGE:
        # Not the median cut: it drops colours of few pixels, and a legend then names what is not to be seen.
        picture = Image.open(buffer).convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE)
        buffer = io.BytesIO()
        picture.save(buffer, format="png", optimize=True)
    return buffer.getvalue()
