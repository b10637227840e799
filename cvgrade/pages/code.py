"""Python code as HTML with colours for keywords, names, texts, numbers and comments."""

from functools import cache

from markupsafe import Markup, escape

from cvgrade.pages.terminal import cut, visible

MOST_COLOURED = 20_000  # characters; more is shown without colours
MOST_SHOWN = 40_000
MOST_LINES = 1_000


def as_html(source):
    """Python code as HTML.

    Args:
        source: a cell's text, whatever it is.

    Returns:
        `Markup` of text and `<span class="…">` only.
    """
    text = visible(cut(source.replace("\r\n", "\n"), MOST_SHOWN, MOST_LINES, 2_000))
    if len(text) > MOST_COLOURED:
        return escape(text)
    parts, last, waiting = [], "", ""
    for kind, value in _lexer().get_tokens(text):
        name = _class(kind)
        if name != last:
            parts.append(_span(last, waiting))
            last, waiting = name, ""
        waiting += value
    parts.append(_span(last, waiting))
    return Markup("").join(parts)


def _span(name, text):
    if not text:
        return Markup("")
    safe = escape(text)
    return Markup(f'<span class="{name}">{safe}</span>') if name else safe  # both parts are safe


@cache
def _lexer():
    from pygments.lexers.python import PythonLexer

    return PythonLexer(stripnl=False, ensurenl=False)


@cache
def _class(kind):
    """The class of a kind of token, or ""."""
    from pygments.token import Token

    classes = (
        (Token.Comment, "cc"),
        (Token.Literal.String, "cs"),
        (Token.Literal.Number, "cn"),
        (Token.Keyword, "ck"),
        (Token.Operator.Word, "ck"),
        (Token.Name.Function, "cf"),
        (Token.Name.Class, "cf"),
        (Token.Name.Decorator, "cf"),
        (Token.Name.Builtin, "cb"),
    )
    return next((short for parent, short in classes if kind in parent), "")
