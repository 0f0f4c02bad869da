"""Searching runs by words in what they are called, what is written on them, preset and model."""

from sqlalchemy import ColumnElement, or_, select

from core.errors import ConfigurationError
from jobs.store.schema import LONGEST_NAME, runs, tags

_MOST_WORDS = 50


def having(search: str) -> list[ColumnElement[bool]]:
    """What a row of the table of runs must fulfil to have every word; raise ConfigurationError for too many words."""
    conditions: list[ColumnElement[bool]] = []
    words = list(dict.fromkeys(search.split()))
    if len(words) > _MOST_WORDS or max(map(len, words), default=0) > LONGEST_NAME:
        raise ConfigurationError(
            "So long a search is not possible.",
            f"Search for at most {_MOST_WORDS} words of at most {LONGEST_NAME} characters each.",
        )
    for word in words:
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = f"%{escaped}%"
        columns = (runs.c.name, runs.c.id, runs.c.note, runs.c.preset, runs.c.model)
        tagged = runs.c.id.in_(select(tags.c.run_id).where(tags.c.tag.ilike(pattern, escape="\\")))
        conditions.append(or_(tagged, *(column.ilike(pattern, escape="\\") for column in columns)))
    return conditions
