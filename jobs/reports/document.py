"""What a report is made of, whichever way it is written: sections of sentences, tables, matrices, charts, pictures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paragraph:
    """Running text, and perhaps an address to follow behind it; an address within the text is none."""

    text: str
    address: str = ""


@dataclass(frozen=True)
class Finding:
    """A sentence to quote, set larger than the rest."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of sentences, numbered if their order matters."""

    texts: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells under a header; columns from `figures_from` on hold figures and are set flush right."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures_from: int | None = 1

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"A row of {self.caption!r} does not have the {len(self.header)} cells of the header.")


@dataclass(frozen=True)
class Cell:
    """One cell of a matrix: what it shows, its name for those who hear it, and how strong it is, -1 to 1."""

    text: str
    name: str
    strength: float


@dataclass(frozen=True)
class Matrix:
    """A square of cells, rows true and columns predicted, in the order of `names`."""

    caption: str
    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Chart:
    """A drawing as SVG, with the words that stand for it where it cannot be seen; the legend names its lines."""

    title: str
    description: str
    svg: str
    legend: tuple[tuple[str, str], ...] = ()
    """Each line's sign, as SVG, and its name."""


@dataclass(frozen=True)
class Picture:
    """A small grey image as PNG, with its caption."""

    png: bytes
    caption: str


@dataclass(frozen=True)
class Pictures:
    """Images in rows."""

    caption: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Code:
    """A listing in a language."""

    language: str
    text: str


@dataclass(frozen=True)
class Beside:
    """Two blocks that stand side by side where there is room."""

    left: "Block"
    right: "Block"


Block = Paragraph | Finding | Items | Table | Matrix | Chart | Pictures | Code | Beside


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report: what it is about, what opens it, its sections."""

    title: str
    subtitle: str
    opening: tuple[Block, ...]
    sections: tuple[Section, ...]
