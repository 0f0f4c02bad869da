"""A document as Markdown, with GitHub's tables: all its words and figures; charts as what they show, in a sentence."""

import re
from collections.abc import Iterator, Sequence

from core.texts import clean_name
from jobs.reports.document import (
    Beside,
    Block,
    Chart,
    Code,
    Document,
    Finding,
    Items,
    Matrix,
    Paragraph,
    Pictures,
    Table,
)

_APART = "<!---->"
"""Readers make links of addresses after they have resolved what is escaped; what stands apart they leave alone."""
_SEAM = "\x00"
"""Where it goes, until all else is escaped; no clean text has this character."""

_SPECIAL = re.compile(r"([\\`*\[\]<>|~&$]|#(?=#*$))|(?<![A-Za-z0-9])(_)|(_)(?![A-Za-z0-9])")
_LINE_START = re.compile(r"^(?:[#+=-]+|\d+[.)])(?=\s|$)")
_WAKENED = re.compile(
    r"(?<=http)(?=s?://)|(?<=ftp)(?=://)|(?<=www)(?=\.)|(?<=mailto)(?=:)|(?<=xmpp)(?=:)"  # addresses
    r"|(?<=[-.\w+])(?=@[-\w])"  # addresses of mail
    r"|(?<![-.\w+])@(?=\w)|#(?=\d)|:(?=[-\w+]+:)",  # people, issues and emoji on GitHub
    re.IGNORECASE,
)


def as_markdown(document: Document) -> str:
    """The whole document; names and notes are escaped, so that they stand there as they were written."""
    parts = [f"# {escaped(document.title)}", _line(document.subtitle)]
    parts += [text for block in document.opening for text in _written(block)]
    for section in document.sections:
        parts.append(f"## {escaped(section.title)}")
        parts += [text for block in section.blocks for text in _written(block)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Text in which Markdown finds nothing to interpret."""
    apart = _WAKENED.sub(rf"\g<0>{_SEAM}", clean_name(" ".join(text.split())))
    return _SPECIAL.sub(lambda match: f"\\{match.group()}", apart).replace(_SEAM, _APART)


def _line(text: str) -> str:
    """Text that begins a line, where a sign or a number could begin a heading or a list."""
    return _LINE_START.sub(lambda match: f"{match.group()[:-1]}\\{match.group()[-1]}", escaped(text))


def _written(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text, address):
            yield f"{_line(text)} <{address}>" if address else _line(text)
        case Finding(text):
            yield f"> {_line(text)}"
        case Items(texts, numbered):
            yield "\n".join(f"{f'{place}.' if numbered else '-'} {_line(text)}" for place, text in enumerate(texts, 1))
        case Table(caption, header, rows, figures_from):
            yield from _table(caption, header, rows, figures_from)
        case Matrix(caption, names, rows):
            cells = [(name, *(cell.text for cell in row)) for name, row in zip(names, rows, strict=True)]
            yield from _table(caption, ("true \\ predicted", *names), cells, 1)
        case Pictures(caption, pictures):
            yield from _table(caption, ("Image",), [(picture.caption,) for picture in pictures], None)
        case Code(language, text):
            yield f"```{language}\n{text.strip()}\n```"
        case Beside(left, right):
            yield from (*_written(left), *_written(right))
        case Chart():
            yield f"**{escaped(block.title)}.** {escaped(block.description)}"


def _table(
    caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], figures_from: int | None
) -> Iterator[str]:
    if caption:
        yield f"**{escaped(caption)}**"
    first_figure = len(header) if figures_from is None else figures_from
    rule = ["---:" if place >= first_figure else ":---" for place in range(len(header))]
    lines = [[escaped(cell) for cell in header], rule, *([escaped(cell) for cell in row] for row in rows)]
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)
