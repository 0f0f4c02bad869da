"""A document as one HTML file that needs nothing else: no script, no request, light and dark, ready to be printed."""

from base64 import b64encode
from functools import cache
from html import escape
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from core.texts import TURNED, clean_lines
from jobs.reports.document import Document

if TYPE_CHECKING:
    from jinja2 import Template

STRONG = 0.78
"""Strength from which a cell is written on in the other ink; report.css scales its colours so that both can be read."""


def as_html(document: Document) -> str:
    """The whole page; it forbids itself every outside request."""
    return _template().render(document=document, strong=STRONG)


def words(text: str) -> str:
    """A text as it stands in an element; what is read from right to left turns nothing beside it."""
    parts = zip(TURNED.split(clean_lines(text)), cycle((False, True)))
    return "".join(f"<bdi>{escape(part)}</bdi>" if turned else escape(part) for part, turned in parts)


@cache
def _template() -> "Template":
    # Pages and commands that write no report are spared the import.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "words": lambda text: Markup(words(text)),
        "clean": clean_lines,
        "base64": lambda content: b64encode(content).decode(),
        "kind": lambda block: type(block).__name__,
    }
    return environment.get_template("report.html.jinja")
