"""A document as one HTML file that needs nothing else: no script, no request, light and dark, ready to be printed."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from itertools import cycle
from pathlib import Path

from core.texts import TURNED, clean_lines
from jobs.reports.document import (
    Beside,
    Block,
    Cell,
    Chart,
    Code,
    Document,
    Finding,
    Items,
    Matrix,
    Paragraph,
    Pictures,
    Section,
    Table,
)

STRONG = 0.78
"""Strength from which a cell is written on in the other ink; report.css scales its colours so that both can be read."""

_STYLE = Path(__file__).with_name("report.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def as_html(document: Document) -> str:
    """The whole page; it forbids itself every outside request."""
    sections = "\n".join(_section(place, section) for place, section in enumerate(document.sections, 1))
    links = "".join(
        f'<li><a href="#s{place}">{words(section.title)}</a></li>' for place, section in enumerate(document.sections, 1)
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{attribute(document.title)}</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<header>
<h1>{words(document.title)}</h1>
<p class="subtitle">{words(document.subtitle)}</p>
</header>
<main>
{_written(document.opening)}
<nav aria-label="Sections"><ol>{links}</ol></nav>
{sections}
</main>
</body>
</html>
"""


def words(text: str) -> str:
    """A text as it stands in an element; what is read from right to left turns nothing beside it."""
    parts = zip(TURNED.split(clean_lines(text)), cycle((False, True)))
    return "".join(f"<bdi>{escape(part)}</bdi>" if turned else escape(part) for part, turned in parts)


def attribute(text: str) -> str:
    """A text as it stands in an attribute, or where no element can be."""
    return escape(clean_lines(text))


def _section(place: int, section: Section) -> str:
    return f'<section id="s{place}">\n<h2>{words(section.title)}</h2>\n{_written(section.blocks)}\n</section>'


def _written(blocks: Sequence[Block]) -> str:
    return "\n".join(_block(block) for block in blocks)


def _block(block: Block) -> str:
    match block:
        case Paragraph(text, address):
            link = f' <a href="{attribute(address)}">{words(address)}</a>' if address else ""
            return f"<p>{words(text)}{link}</p>"
        case Finding(text):
            return f'<p class="finding">{words(text)}</p>'
        case Items(texts, numbered):
            kind = "ol" if numbered else "ul"
            return f"<{kind}>{''.join(f'<li>{words(text)}</li>' for text in texts)}</{kind}>"
        case Table(caption, header, rows, figures_from):
            return _table(caption, header, rows, figures_from)
        case Matrix(caption, names, rows):
            return _matrix(caption, names, rows)
        case Pictures():
            return _pictures(block)
        case Code(_, text):
            return f'<pre tabindex="0"><code>{attribute(text.strip())}</code></pre>'
        case Beside(left, right):
            return f'<div class="beside"><div>{_block(left)}</div><div>{_block(right)}</div></div>'
        case Chart():
            return _chart(block)


def _scrolling(caption: str, table: str) -> str:
    """A table that scrolls by itself where it is wider than the page, by keyboard too."""
    label = f' role="group" aria-label="{attribute(caption)}"' if caption else ""
    return f'<div class="scroll" tabindex="0"{label}>{table}</div>'


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], figures_from: int | None) -> str:
    first_figure = len(header) if figures_from is None else figures_from
    kinds = [' class="figure"' if place >= first_figure else "" for place in range(len(header))]
    heads = "".join(f'<th scope="col"{kind}>{words(cell)}</th>' for kind, cell in zip(kinds, header, strict=True))
    body = "".join(f"<tr>{_row(row, kinds)}</tr>\n" for row in rows)
    title = f"<caption>{words(caption)}</caption>" if caption else ""
    table = f"<table>{title}<thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table>"
    return _scrolling(caption or header[0], table)


def _row(row: Sequence[str], kinds: Sequence[str]) -> str:
    first, *others = row
    cells = (f"<td{kind}>{words(cell)}</td>" for kind, cell in zip(kinds[1:], others, strict=True))
    return f'<th scope="row"{kinds[0]}>{words(first)}</th>{"".join(cells)}'


def _matrix(caption: str, names: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    heads = "".join(f'<th scope="col"><span>{words(name)}</span></th>' for name in names)
    body = "".join(
        f'<tr><th scope="row">{words(name)}</th>{"".join(_cell(cell) for cell in row)}</tr>\n'
        for name, row in zip(names, rows, strict=True)
    )
    corner = '<td class="corner">true \\ predicted</td>'
    return _scrolling(
        caption,
        f'<table class="matrix"><caption>{words(caption)}</caption><thead><tr>{corner}{heads}</tr></thead>'
        f"<tbody>\n{body}</tbody></table>",
    )


def _cell(cell: Cell) -> str:
    kind = "less" if cell.strength < 0 else "more"
    strong = " strong" if abs(cell.strength) >= STRONG else ""
    return (
        f'<td class="{kind}{strong}" style="--s:{abs(cell.strength):.2f}" title="{attribute(cell.name)}">'
        f"{words(cell.text)}</td>"
    )


def _chart(chart: Chart) -> str:
    names = "".join(f"<li>{sign}{words(name)}</li>" for sign, name in chart.legend)
    legend = f'<ul class="legend">{names}</ul>' if names else ""
    return (
        f'<figure class="chart"><figcaption>{words(chart.title)}</figcaption>'
        f'<div role="img" aria-label="{attribute(chart.description)}">{chart.svg}</div>'
        f"{legend}</figure>"
    )


def _pictures(block: Pictures) -> str:
    shown = "".join(
        f'<figure><img src="data:image/png;base64,{b64encode(picture.png).decode()}" alt="">'
        f"<figcaption>{words(picture.caption)}</figcaption></figure>"
        for picture in block.pictures
    )
    return f'<p class="caption">{words(block.caption)}</p><div class="pictures">{shown}</div>'
