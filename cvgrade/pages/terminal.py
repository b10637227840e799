"""Text as a program printed it, as HTML: colours kept, everything else that a terminal obeys left out."""

import re

from markupsafe import Markup, escape

MOST_CHARACTERS = 20_000
MOST_LINES = 300
LONGEST_LINE = 1_000
MOST_READ = 2_000_000  # of a text of which only the ends are shown
# A colour; another control sequence; a title or a link; a lone escape.
ESCAPES = re.compile(
    r"\x1b\[([0-9;]{0,40})m|\x1b\[[0-9;?<=>!]{0,40}[ -/]{0,4}[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[()*+#% ].|\x1b.?"
)
TURNING = {code: f"⟨U+{code:04X}⟩" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
CONTROLS = {code: None for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
HARMLESS = str.maketrans({**CONTROLS, **TURNING})


def visible(text):
    """A text without control characters, and with those that turn text around spelled out."""
    return str(text).translate(HARMLESS).encode("utf-8", "replace").decode()


def cut(text, characters=MOST_CHARACTERS, lines=MOST_LINES, longest=LONGEST_LINE):
    """The beginning and the end of a long text.

    Args:
        text: str of any length.
        characters: kept, about.
        lines: kept.
        longest: characters kept of one line.

    Returns:
        The text, or its ends with a line between them that says how much is left out.
    """
    if len(text) > characters:
        head, tail = text[: characters * 3 // 4], text[-(characters // 4) :]
        text = f"{head}\n… {len(text) - len(head) - len(tail):,} characters left out …\n{tail}"
    rows = text.split("\n")
    if len(rows) > lines:
        head, tail = rows[: lines * 3 // 4], rows[-(lines // 4) :]
        rows = [*head, f"… {len(rows) - len(head) - len(tail):,} lines left out …", *tail]
    return "\n".join(
        row if len(row) <= longest else f"{row[:longest]} … {len(row) - longest:,} more characters"
        for row in rows
    )


def ends(text, most=MOST_READ):
    """Both ends of a text that is too long even to be read."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out …\n{text[-half:]}"


def as_html(text):
    """Text with a terminal's colours as HTML.

    Args:
        text: str; ANSI escapes for colour and weight become spans, others vanish.

    Returns:
        `Markup` of text and `<span class="…">` only.
    """
    text = cut(_overwritten(ends(text)))
    parts, style, at = [], (), 0
    for found in ESCAPES.finditer(text):
        _add(parts, text[at : found.start()], style)
        at = found.end()
        if found[1] is not None:
            style = _style(style, found[1])
    _add(parts, text[at:], style)
    return Markup("").join(parts)


def _overwritten(text):
    """What is left of lines that a progress bar wrote over."""
    if "\r" not in text:
        return text
    rows = text.replace("\r\n", "\n").split("\n")
    return "\n".join(row.rstrip("\r").rpartition("\r")[2] for row in rows)


def _add(parts, text, style):
    if not text:
        return
    safe = escape(visible(text))
    names = " ".join(name for name in style if name)
    parts.append(Markup('<span class="{}">{}</span>').format(names, safe) if names else safe)


def _style(style, codes):
    """(weight, colour) after a colour sequence."""
    weight, colour = style or ("", "")
    numbers = [int(code or 0) for code in codes.split(";")[:8] if len(code) < 4]
    if numbers[:2] in ([38, 5], [48, 5], [38, 2], [48, 2]):  # 256 or all colours: only the first 16 are ours
        number = numbers[2] if numbers[:2] == [38, 5] and len(numbers) == 3 else 16
        return (weight, f"t{number % 8}") if number < 16 else (weight, colour)
    for number in numbers or [0]:
        if number == 0:
            weight = colour = ""
        elif number in (1, 22):
            weight = "tb" if number == 1 else ""
        elif 30 <= number <= 37 or 90 <= number <= 97:
            colour = f"t{number % 10}"
        elif number == 39:
            colour = ""
    return weight, colour
