"""Whom a text names: "@" before a name, an e-mail address or what stands before its "@"."""

import re

from sqlalchemy import Connection, select

from core.errors import ConfigurationError
from core.texts import tidied
from jobs.store.schema import people

MOST_MENTIONS = 50
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_MENTION = re.compile(r"(?<![\w@./+-])@(?=\w)")
_END = re.compile(r"(?![\w@]|[-.]\w)")
_WORD = re.compile(r"[^\s,;:!?()]{1,60}")
_ADVICE = "Write the name or e-mail address of somebody who has, or set what is no name between backticks."


def mentioned(connection: Connection, text: str) -> set[str]:
    """The ids of everybody whom a text names outside of its code.

    Raise ConfigurationError for a name that nobody or more than one has, and for more than 50 mentions.
    """
    words = tidied(_CODE.sub(" ", text)).casefold()
    starts = [mention.end() for mention in _MENTION.finditer(words)]
    if len(starts) > MOST_MENTIONS:
        raise ConfigurationError(f"The comment mentions {len(starts)} people.", f"Mention at most {MOST_MENTIONS}.")
    known = _ids_by_handle(connection) if starts else {}
    return {_named_at(known, words[start:]) for start in starts}


def find_person(connection: Connection, words: str) -> str:
    """The id of somebody who has signed in, by the same words with or without "@"; raise as mentioned()."""
    handle = tidied(words).removeprefix("@").casefold()
    return _the_only(_ids_by_handle(connection).get(handle, set()), handle)


def _named_at(known: dict[str, set[str]], words: str) -> str:
    fitting = [handle for handle in known if words.startswith(handle) and _END.match(words, len(handle))]
    longest = max(fitting, key=len, default="")
    first = _WORD.match(words)
    return _the_only(known.get(longest, set()), longest or (first.group().rstrip(".") if first else ""))


def _the_only(ids: set[str], handle: str) -> str:
    if not ids:
        raise ConfigurationError(f"Nobody called {handle[:60]} has signed in.", _ADVICE)
    if len(ids) > 1:
        raise ConfigurationError(f"Several people are called {handle}.", "Write the e-mail address.")
    return next(iter(ids))


def _ids_by_handle(connection: Connection) -> dict[str, set[str]]:
    """Who is meant by each word, in small letters; an id is its owner's, whatever name somebody else has."""
    rows = connection.execute(select(people.c.id, people.c.name).where(people.c.removed_at.is_(None))).all()
    known: dict[str, set[str]] = {}
    for row in rows:
        for handle in (tidied(row.name).casefold(), row.id.partition("@")[0]):
            if handle:
                known.setdefault(handle, set()).add(row.id)
    return known | {row.id.casefold(): {row.id} for row in rows}
