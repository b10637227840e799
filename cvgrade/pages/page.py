"""The frame of every page: one file, its own style, a policy that allows nothing else."""

import base64
import contextlib
import hashlib
import os
from functools import cache
from importlib.resources import files

from markupsafe import Markup

POLICY = "default-src 'none'; img-src data:; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"


def render(template, **values):
    """A page as text.

    Args:
        template: name of a file in `templates/`.
        values: for it; all text is escaped.
    """
    style = _style()
    sealed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = _templates().get_template(template)
    text = page.render(**values, style=Markup(style), policy=Markup(POLICY.format(sealed)))
    return text.encode("utf-8", "replace").decode()


def write(path, text):
    """Write a file in one step: whoever reads it meanwhile gets the old page or the new one, whole.

    Args:
        path: `Path`; its folder is made. A link in its place is replaced, not followed.
        text: of the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()


@cache
def _style():
    """The style sheet, exactly as it will stand between `<style>` and `</style>`."""
    return "\n" + (files("cvgrade.pages") / "templates" / "style.css").read_text(encoding="utf-8")


@cache
def _templates():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from cvgrade.pages import charts, words

    made = Environment(
        loader=PackageLoader("cvgrade.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = words.number
    made.globals["bar"] = charts.bar
    return made
