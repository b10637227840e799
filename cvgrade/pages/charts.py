"""Charts as inline SVG: no library, no script, colours from the page's style; every text escaped.

Each chart is a picture to a screen reader, with a sentence; the page gives its numbers as a table beside it.
"""

import math

from markupsafe import Markup

WIDTH = 640
MOST_BINS = 20


def bar(share, tone="good"):
    """A thin bar, for decoration beside a number.

    Args:
        share: 0 to 1.
        tone: class of its colour: "good", "part", "bad" or "wait".
    """
    width = 100 * min(1.0, max(0.0, share))
    return Markup(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="8"/><rect class="{}" width="{:.4g}" height="8"/></svg>'
    ).format(tone, width)


def bins(values, most=None, count=None):
    """Count values in bins of equal width that begin and end on round numbers.

    Args:
        values: numbers ≥ 0.
        most: the end of the scale; by default the largest value.
        count: about how many bins.

    Returns:
        List of (low, high, count); a value on an edge counts in the bin above it, the last edge in the last
        bin.
    """
    most = max(most or 0, *values, 0) if values else most or 0
    if most <= 0:
        return [(0.0, 1.0, len(values))]
    step = _round_step(most / (count or 10))
    number = max(1, math.ceil(most / step - 1e-9))
    made = [0] * number
    for value in values:
        made[min(number - 1, int(value / step + 1e-9))] += 1
    return [(index * step, (index + 1) * step, made[index]) for index in range(number)]


def histogram(counted, title, axis, marks=()):
    """Bars of counts.

    Args:
        counted: list of (low, high, count), as `bins` gives it.
        title: what it shows, in a sentence, for who cannot see it.
        axis: what is counted, with its unit.
        marks: (value, label) pairs, drawn as lines.
    """
    height, top, bottom, left, right = 260, 52, 52, 44, 12
    inner, tall = WIDTH - left - right, height - top - bottom
    end, most = counted[-1][1], max([count for *_, count in counted] + [1])
    drawing = []
    for tick in _ticks(most):
        y = top + tall - tall * tick / most
        drawing.append(_line(left, y, WIDTH - right, y, "grid"))
        drawing.append(_text(left - 8, y + 4, tick, "end"))
    every = math.ceil(len(counted) / 10)
    for index, (low, high, count) in enumerate(counted):
        x, wide = left + inner * low / end, inner * (high - low) / end
        tall_one = tall * count / most
        drawing.append(
            Markup('<rect class="fill" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/>').format(
                x + 1, top + tall - tall_one, max(wide - 2, 1), tall_one
            )
        )
        if count and len(counted) <= MOST_BINS:
            drawing.append(_text(x + wide / 2, top + tall - tall_one - 5, count, "middle", "strong"))
        if index % every == 0:
            drawing.append(_text(x, height - bottom + 18, _number(low), "middle"))
    drawing.append(_text(left + inner, height - bottom + 18, _number(end), "middle"))
    drawing.append(_line(left, top + tall, WIDTH - right, top + tall, "axis"))
    for value, label in marks:
        x = left + inner * min(1.0, max(0.0, value / end))
        drawing.append(_line(x, top - 34, x, top + tall, "mark"))
        place = "end" if x > WIDTH * 0.7 else "start"
        drawing.append(_text(x + (6 if place == "start" else -6), top - 26, label, place, "strong"))
    drawing.append(_text(left + inner / 2, height - 10, axis, "middle"))
    return _chart(drawing, height, title)


def questions(rows, title):
    """For each question a bar for the share of points got, and a dot for how well it tells students apart.

    Args:
        rows: list of (label, share or None, discrimination or None).
        title: what it shows, in a sentence.
    """
    step, top, bottom, label_end, gap = 26, 40, 34, 230, 40
    height = top + step * len(rows) + bottom
    wide = (WIDTH - label_end - gap - 44) * 0.56
    second = label_end + wide + gap + 20
    narrow = WIDTH - second - 14
    drawing = [
        _text(label_end, 16, "Share of points got", "start", "strong"),
        _text(second, 16, "Tells students apart", "start", "strong"),
    ]
    for tick in (0, 0.5, 1):
        x = label_end + wide * tick
        drawing.append(_line(x, top - 8, x, height - bottom, "grid"))
        drawing.append(_text(x, height - bottom + 18, f"{tick:.0%}", "middle"))
    for tick in (-1, 0, 1):
        x = second + narrow * (tick + 1) / 2
        drawing.append(_line(x, top - 8, x, height - bottom, "axis" if tick == 0 else "grid"))
        drawing.append(_text(x, height - bottom + 18, f"{tick:g}".replace("-", "−"), "middle"))
    for index, (label, share, apart) in enumerate(rows):
        y = top + step * index
        drawing.append(_text(label_end - 10, y + 13, _short(label, 30), "end"))
        if share is not None:
            drawing.append(
                Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="14" rx="2"/>').format(
                    tone(share), label_end, y + 2, max(1.0, wide * min(1.0, max(0.0, share)))
                )
            )
            drawing.append(_text(label_end + wide * min(1.0, share) + 5, y + 13, f"{share:.0%}", "start"))
        if apart is not None:
            x, middle = second + narrow * (apart + 1) / 2, second + narrow / 2
            name = "bad" if apart < 0 else "fill"
            drawing.append(_line(middle, y + 9, x, y + 9, f"stem {name}"))
            drawing.append(Markup('<circle class="{}" cx="{:.1f}" cy="{}" r="5"/>').format(name, x, y + 9))
        else:
            drawing.append(_text(second + narrow / 2 + 6, y + 13, "no spread", "start", "faint"))
    return _chart(drawing, height, title, "chart rows")


def tone(share):
    """The class of a bar for a share of points."""
    return "good" if share >= 0.8 else "part" if share >= 0.4 else "bad"


def _chart(drawing, height, title, names="chart"):
    return Markup(
        '<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(names, WIDTH, height, title, title, Markup("").join(drawing))


def _line(x1, y1, x2, y2, name):
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        name, x1, y1, x2, y2
    )


def _text(x, y, text, anchor, name=""):
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        name, x, y, anchor, text
    )


def _ticks(most):
    step = max(1, _round_step(most / 4))
    return [int(step * index) for index in range(int(most / step) + 1)]


def _round_step(rough):
    """The next 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))


def _number(value):
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _short(text, most):
    text = str(text)
    return text if len(text) <= most else text[: most - 1] + "…"
