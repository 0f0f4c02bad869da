"""Which runs a query lists, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, or_, select

from core.config import FASHION_MNIST
from core.errors import ConfigurationError
from jobs.store.records import REVIEW_STATES, ReviewState, RunStatus
from jobs.store.schema import LONGEST_NAME, reviews, runs, tags

_MOST_WORDS = 50


@dataclass(frozen=True)
class Filter:
    """Which runs to list; an empty filter lists all that are not archived."""

    search: str = ""
    statuses: tuple[RunStatus, ...] = ()
    models: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reviews: tuple[ReviewState, ...] = ()
    data: str = ""
    """What RunConfig.data says."""
    owner: str = ""
    """The id of the person who launched them."""
    group_id: str | None = None
    archived: bool = False


NOT_ARCHIVED = Filter()
FINISHED = Filter(statuses=(RunStatus.FINISHED,))

data_column = func.coalesce(runs.c.config["data"].as_string(), FASHION_MNIST)

ORDERS = {
    "newest": runs.c.created_at.desc(),
    "oldest": runs.c.created_at.asc(),
    "name": runs.c.name.asc(),
    "test accuracy": runs.c.test_accuracy.desc().nulls_last(),
    "validation accuracy": runs.c.best_val_accuracy.desc().nulls_last(),
    "time at work": runs.c.work_s.desc(),
}


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """What a row of the table of runs must fulfil to pass; raise ConfigurationError for too long a search."""
    parts: list[ColumnElement[bool]] = [
        runs.c.archived_at.is_not(None) if wanted.archived else runs.c.archived_at.is_(None),
        *having(wanted.search),
    ]
    if wanted.statuses:
        parts.append(runs.c.status.in_(wanted.statuses))
    if wanted.models:
        parts.append(runs.c.model.in_(wanted.models))
    if wanted.presets:
        parts.append(runs.c.preset.in_(wanted.presets))
    if wanted.data:
        parts.append(learns_from(wanted.data))
    if wanted.owner:
        parts.append(runs.c.owner == wanted.owner)
    if wanted.group_id:
        parts.append(runs.c.group_id == wanted.group_id)
    if wanted.reviews:
        parts.append(runs.c.id.in_(select(reviews.c.run_id).where(reviews.c.state.in_(wanted.reviews), is_last_step())))
    parts.extend(runs.c.id.in_(select(tags.c.run_id).where(tags.c.tag == tag)) for tag in wanted.tags)
    return parts


def is_last_step() -> ColumnElement[bool]:
    """What a row of the table of reviews must fulfil to count: no later step is there for its run."""
    later = reviews.alias()
    return ~select(later.c.id).where(later.c.run_id == reviews.c.run_id, later.c.id > reviews.c.id).exists()


def is_accepted() -> ColumnElement[bool]:
    """What a row of the table of reviews must fulfil to lock its run."""
    return (reviews.c.state == ReviewState.ACCEPTED) & is_last_step()


def review_states(connection: Connection, run_ids: Sequence[str]) -> dict[str, ReviewState]:
    """What the last step of the review of each of these runs says, of those that have one which stands."""
    wanted = reviews.c.run_id.in_(run_ids), reviews.c.state.in_(REVIEW_STATES), is_last_step()
    rows = connection.execute(select(reviews.c.run_id, reviews.c.state).where(*wanted))
    return {row.run_id: ReviewState(row.state) for row in rows}


def learns_from(data: str) -> ColumnElement[bool]:
    """What a row of the table of runs must fulfil to be of a data set; one without any is of Fashion-MNIST."""
    return data_column == data


def having(search: str) -> list[ColumnElement[bool]]:
    """What a row of the table of runs must fulfil to have every word; raise ConfigurationError for too many words."""
    parts: list[ColumnElement[bool]] = []
    words = list(dict.fromkeys(search.split()))
    if len(words) > _MOST_WORDS or max(map(len, words), default=0) > LONGEST_NAME:
        raise ConfigurationError(
            "The search is too long.",
            f"Search for at most {_MOST_WORDS} words of at most {LONGEST_NAME} characters each.",
        )
    for word in words:
        columns = (runs.c.name, runs.c.id, runs.c.note, runs.c.preset, runs.c.model)
        tagged = runs.c.id.in_(select(tags.c.run_id).where(tags.c.tag.icontains(word, autoescape=True)))
        parts.append(or_(tagged, *(column.icontains(word, autoescape=True) for column in columns)))
    return parts
