"""Who looks at the pages that AppTest opens, and with which role."""

import pytest

from dashboard.queries import visitor
from jobs.people import Person, Role
from jobs.store.store import Store
from jobs.team import members
from tests.colleagues import ANNA, BEN


def team(store: Store, role: Role) -> None:
    """Make Anna an admin and give Ben this role."""
    for person in (ANNA, BEN):
        members.meet(store, person)
    members.give_role(store, ANNA.id, Role.ADMIN)
    members.give_role(store, BEN.id, role)


def look_as(monkeypatch: pytest.MonkeyPatch, person: Person) -> None:
    """Whatever page runs from now on is looked at by this person."""
    monkeypatch.setattr(visitor, "person", lambda: person)
