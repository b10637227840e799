"""A stranger's markdown and HTML as HTML from an allow-list: no script, no style, no address but links."""

import re
from functools import cache

import nh3
from markupsafe import Markup, escape

from cvgrade.pages.terminal import cut, visible

LONGEST = 100_000  # characters of markdown or HTML; more is shown as text
TAGS = """
a abbr b blockquote br caption cite code dd del dfn div dl dt em h4 h5 h6 hr i img ins kbd li mark ol p pre q
s samp small span strong sub sup table tbody td tfoot th thead tr u ul var
"""
DROPPED = """
applet area audio base button canvas dialog embed form frame frameset head iframe input link map math meta
noembed noframes noscript object option plaintext portal script select source style svg template textarea
title track video xmp
"""  # with all that is in them
ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
}
LINK = re.compile(r"(https?://|mailto:)[^\s]{1,2000}", re.I)
MATH = re.compile(r"\$\$([^$]{1,2000})\$\$|\$(?!\s)([^$\n]{1,500}?)(?<!\s)\$(?!\d)")


def clean(html, pictures):
    """HTML from the allow-list.

    Args:
        html: any text.
        pictures: `Pictures`; of the pictures in it only those in the text itself are kept.

    Returns:
        `Markup`; text alone where it is too long.
    """
    if len(html) > LONGEST:
        return escape(visible(cut(html)))

    def attribute(tag, name, value):
        if name == "src":
            return pictures.from_uri(value) if tag == "img" else None
        if name == "href":
            return value if LINK.fullmatch(value.strip()) else None
        if name in ("colspan", "rowspan", "start"):
            return value if re.fullmatch(r"[0-9]{1,3}", value) else None
        return value[:1000]

    return Markup(
        nh3.clean(
            visible(html),
            tags=set(TAGS.split()),
            clean_content_tags=set(DROPPED.split()),
            attributes=ATTRIBUTES,
            attribute_filter=attribute,
            url_schemes={"http", "https", "mailto", "data"},
            url_relative="deny",
            link_rel="noopener noreferrer",
            allowed_classes={"code": {"math"}},
            strip_comments=True,
        )
    )


def markdown(text, pictures, attachments=None):
    """Markdown as HTML from the allow-list.

    Args:
        text: a cell's text.
        pictures: `Pictures`.
        attachments: of the cell: dict from name to a dict from type to base64.

    Returns:
        `Markup`. Headings are three levels lower, so that they fit under the page's own; formulas stay as
        they were written.
    """
    if len(text) > LONGEST:
        return Markup("<pre>{}</pre>").format(visible(cut(text)))
    try:
        parser = _parser()
        tokens = parser.parse(text)
        for token in tokens:
            if token.type in ("heading_open", "heading_close"):
                token.tag = f"h{min(6, int(token.tag[1]) + 3)}"
            for child in token.children or ():
                if child.type == "image":
                    _attach(child, attachments)
        html = parser.renderer.render(tokens, parser.options, {})
    except RecursionError:
        return Markup("<pre>{}</pre>").format(visible(cut(text)))
    return clean(html, pictures)


def _attach(token, attachments):
    """Give a pasted picture the address of its bytes."""
    address = str(token.attrs.get("src", ""))
    if address.startswith("attachment:"):
        from urllib.parse import unquote

        held = (attachments or {}).get(unquote(address[len("attachment:") :])) or {}
        for kind in ("image/png", "image/jpeg"):
            if isinstance(held.get(kind), str):
                token.attrs["src"] = f"data:{kind};base64," + "".join(held[kind].split())


@cache
def _parser():
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = lambda address: True  # the allow-list judges every address, data included
    parser.inline.ruler.before("escape", "math", _math)
    parser.add_render_rule("math", lambda _, tokens, at, options, env: _math_html(tokens[at].content))
    return parser


def _math(state, silent):
    """A formula between dollars, which markdown would take apart at its underscores and backslashes."""
    if state.src[state.pos] != "$":
        return False
    found = MATH.match(state.src, state.pos)
    if not found or found.end() > state.posMax:
        return False
    if not silent:
        state.push("math", "", 0).content = found[1] or found[2]
    state.pos = found.end()
    return True


def _math_html(text):
    return str(Markup('<code class="math">{}</code>').format(text.strip()))
