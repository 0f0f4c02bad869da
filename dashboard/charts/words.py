"""Names on charts: plotly reads tags, entities, mathematics and places for figures in every text that it draws."""

from collections.abc import Iterable

from core.texts import clean_name
from dashboard.page_wording import short, shortened

ROOM = 40
"""Characters of a name beside others: plotly breaks no line, and a longer one would press the chart together."""

_ENTITIES = str.maketrans({sign: f"&#{ord(sign)};" for sign in "&<>$%{}"})


def chart_text(name: str, room: int = ROOM) -> str:
    """A name as it stands, in so many characters at most."""
    return _literal(short(name, room))


def chart_texts(names: Iterable[str]) -> dict[str, str]:
    """The same for names that are drawn together: each by its own, and no two of them alike."""
    return {name: _literal(cut) for name, cut in shortened(names, ROOM).items()}


def _literal(name: str) -> str:
    return clean_name(name).translate(_ENTITIES)
