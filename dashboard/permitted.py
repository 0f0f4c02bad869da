"""What who looks at the page may do there, why a control is missing, and what of the server is kept from them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import gettempdir
from urllib.parse import unquote, urlsplit

import streamlit as st

from core.config import with_changes
from core.errors import LookbookError
from core.statistics import wording
from dashboard.plain import plain
from dashboard.queries import run_queries, visitor
from jobs.people import Role
from jobs.running.environment import host
from jobs.settings import ROOT, settings
from jobs.store.records import Run
from jobs.team import members, permission

ON_SERVER = "[on the server]"
"""What stands in the place of a path, and of the server's name, for who is no admin."""
_NAMED = 3
_PATH = re.compile(r"(?<![\w.:/])(?:/[^\s/'\"“”()<>,;:]+){2,}/?")


@dataclass(frozen=True)
class Rights:
    """What somebody may do; `role` is None for who may not even look, `person` as `Person.id`."""

    role: Role | None
    person: str

    def may(self, needs: Role) -> bool:
        """Whether the role is high enough."""
        return self.role is not None and self.role >= needs

    def may_change(self, run: Run) -> bool:
        """Whether they may launch and this run is theirs, or it is an admin."""
        return self.may(Role.ADMIN) or (self.may(Role.LAUNCH) and run.owner == self.person)

    def why_not_change(self, runs: Sequence[Run]) -> str | None:
        """Why none of these runs may be changed, as plain text; None where one may be, or there are none."""
        if not runs or any(map(self.may_change, runs)):
            return None
        return plain(str(permission.somebody_elses(runs[0].name, runs[0].owner)))


_READ: ContextVar[dict[str, Rights] | None] = ContextVar("rights_read", default=None)


@contextmanager
def rights_read_once() -> Iterator[None]:
    """While a page runs, or a part of it by itself, the role of who looks is read once for all that it shows.

    A part that runs within its page has the page's. What changes something reads the role again by itself.
    """
    of_page = _READ.get()
    before = _READ.set({} if of_page is None else of_page)
    try:
        yield
    finally:
        _READ.reset(before)


def rights() -> Rights:
    """What who looks at the page may do, as of when this run of it began, or else as of now."""
    store, read = run_queries.store(), _READ.get()
    if read is None:
        return Rights(permission.role_here(store), store.by.id)
    if store.by.id not in read:
        read[store.by.id] = Rights(permission.role_here(store), store.by.id)
    return read[store.by.id]


def require_look() -> None:
    """Raise NotAllowed where who looks at the page has no role any more, NotSignedIn where nobody has signed in."""
    have = rights()
    if not have.may(Role.LOOK):
        raise permission.too_low(run_queries.store().by, have.role, Role.LOOK)


def may(needs: Role) -> bool:
    """Whether who looks at the page has this role or a higher one."""
    return rights().may(needs)


def say_missing(takes: Mapping[str, Role]) -> None:
    """Say in one line which of these, "marking labels" for example, take a higher role; nothing where none does."""
    have = rights()
    missing = [f"{doing} takes the role {needs.word}" for doing, needs in takes.items() if not have.may(needs)]
    if missing and have.role is not None:
        may = permission.what_may(have.role, "your")
        st.caption(plain(f"You may {may}; {', and '.join(missing)}. {whom_to_ask()}"))


def why_not_admin() -> str | None:
    """Why a control of admins is disabled, as plain text; None for an admin."""
    return None if may(Role.ADMIN) else plain(f"This takes the role {Role.ADMIN.word}. {whom_to_ask()}")


def whom_to_ask() -> str:
    """A sentence that names admins, or says that whoever runs the server gives roles."""
    admins = members.list_admins(run_queries.store())
    return f"Ask an admin: {wording.listed(admins, _NAMED)}." if admins else "Ask whoever runs this server."


def without_places(text: str) -> str:
    """A text of the server without its paths and its name; for an admin as it is."""
    return text if sees_places() else _hidden(text)


def told_weights(file: str | None) -> str | None:
    """A weights file as who looks may see it: for who is no admin its name without the folder."""
    return file if not file or sees_places() else Path(file).name


def told_of(runs: Sequence[Run]) -> list[Run]:
    """The runs for a file that somebody takes along: for who is no admin without paths and the server's name."""
    if sees_places():
        return list(runs)
    return [_told_of(run) for run in runs]


def _told_of(run: Run) -> Run:
    weights = run.config.weights_file
    return replace(
        run,
        config=with_changes(run.config, weights_file=Path(weights).name) if weights else run.config,
        error_message=run.error_message and _hidden(run.error_message),
        error_advice=run.error_advice and _hidden(run.error_advice),
        warning=run.warning and _hidden(run.warning),
        inexact_because=run.inexact_because and _hidden(run.inexact_because),
    )


def sees_places() -> bool:
    """Whether paths and names of machines are shown: to admins; where the store cannot say, to the operator alone."""
    try:
        person = visitor.person()
        return person.is_operator or may(Role.ADMIN)
    except LookbookError:
        return False


def _hidden(text: str) -> str:
    for place in _places():
        text = re.sub(rf"(?<![\w.]){re.escape(place)}(?![\w-])[^\s'\"“”()<>,;:]*", ON_SERVER, text)
    text = _PATH.sub(ON_SERVER, text)
    for name in filter(None, (host(), urlsplit(settings().database_url).hostname)):
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", ON_SERVER, text)
    return text


def _places() -> list[str]:
    """The folders of this installation, the longest first: their paths may have spaces."""
    chosen = settings()
    database = Path("/", unquote(urlsplit(chosen.database_url).path).lstrip("/"))
    folders = {ROOT, chosen.artifacts, chosen.data, Path.home(), Path(gettempdir()), database} - {Path("/")}
    return sorted(map(str, folders), key=len, reverse=True)
