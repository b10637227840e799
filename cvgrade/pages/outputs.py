"""What a student's cells gave out, as HTML: text with its colours, figures, tables."""

from markupsafe import Markup

from cvgrade.pages import sanitise, terminal

MOST_OUTPUTS = 60  # of one cell
INSTALLED = "/site-packages/"
UNNAMED = "A figure that this cell drew; it came without a description."


def as_html(outputs, pictures):
    """The outputs of a cell as HTML.

    Args:
        outputs: list of nbformat outputs, a stranger's.
        pictures: `Pictures` of the page.

    Returns:
        List of `Markup`, one for each that can be shown.
    """
    made = [part for part in (_one(item, pictures) for item in _joined(outputs)[:MOST_OUTPUTS]) if part]
    more = len(_joined(outputs)) - MOST_OUTPUTS
    return [*made, _note(f"{more:,} more outputs left out")] if more > 0 else made


def _joined(outputs):
    """Prints that follow one another are one text."""
    joined = []
    for item in outputs:
        last = joined[-1] if joined else {}
        stream = item.get("output_type") == "stream"
        if stream and last.get("output_type") == "stream" and last.get("name") == item.get("name"):
            joined[-1] = {**last, "text": last["text"] + _text(item.get("text"))}
        else:
            joined.append({**item, "text": _text(item.get("text"))} if stream else item)
    return joined


def _one(item, pictures):
    kind = item.get("output_type")
    if kind == "stream":
        errors = item.get("name") == "stderr"
        return _pre(item["text"], "out err" if errors else "out") if item["text"].strip() else None
    if kind == "error":
        lines = item.get("traceback")
        said = f"{_text(item.get('ename'))}: {_text(item.get('evalue'))}"
        text = "\n".join(map(_text, lines)) if isinstance(lines, (list, tuple)) and lines else said
        return _pre(text, "out trace")
    if kind in ("display_data", "execute_result") and isinstance(item.get("data"), dict):
        return _display(item, pictures)
    return None


def _display(item, pictures):
    data = {key: _text(value) for key, value in item["data"].items() if isinstance(value, (str, list))}
    plain = data.get("text/plain", "")
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            uri = pictures.uri(data[kind])
            if uri:
                return Markup('<figure><img src="{}" alt="{}"></figure>').format(uri, _alt(item, kind, plain))
            return _note("A picture was left out: it is no PNG or JPEG, or too large.", plain)
    if "image/svg+xml" in data or "image/gif" in data:
        return _note("A drawing was left out: these pages show PNG and JPEG pictures only.", plain)
    if 0 < len(data.get("text/html", "")) <= sanitise.LONGEST:
        html = sanitise.clean(data["text/html"], pictures)
        if html.striptags().strip() or "<img" in html:
            return Markup('<div class="out html">{}</div>').format(html)
    elif "text/markdown" in data:
        return Markup('<div class="out html">{}</div>').format(
            sanitise.markdown(data["text/markdown"], pictures)
        )
    text = plain or data.get("text/latex", "")
    return _pre(text, "out") if text.strip() else None


def _alt(item, kind, plain):
    """What a figure shows: its own words, its plain text, or that it came without."""
    metadata = item.get("metadata") if isinstance(item.get("metadata"), dict) else {}
    own = metadata.get(kind) if isinstance(metadata.get(kind), dict) else {}
    for text in (own.get("alt"), metadata.get("alt"), plain):
        if isinstance(text, str) and text.strip() and not text.startswith("<"):
            return terminal.visible(terminal.cut(text.strip(), 600, 10))
    return UNNAMED


def _pre(text, names):
    text = _without_folders(terminal.ends(text.rstrip("\n")))
    return Markup('<pre class="{}" tabindex="0">{}</pre>').format(names, terminal.as_html(text))


def _without_folders(text):
    """Tracebacks without the folders of the machine that graded: nobody else has them."""
    *parts, last = text.split(INSTALLED)
    for index, part in enumerate(parts):
        begin = 1 + max(part.rfind(letter) for letter in " \n\"'(=,")
        slash = part.find("/", begin)
        parts[index] = f"{part[: slash if slash >= 0 else len(part)]}…"
    return INSTALLED.join([*parts, last])


def _note(text, plain=""):
    shown = f"{text} {terminal.visible(terminal.cut(plain, 300, 4))}".strip()
    return Markup('<p class="note">{}</p>').format(shown)


def _text(value):
    if isinstance(value, list):
        return "".join(one for one in value if isinstance(one, str))
    return value if isinstance(value, str) else ""
