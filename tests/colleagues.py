"""The people of a team, as tests need them: an admin, a reviewer, somebody who launches and one who looks."""

from jobs.people import Person, Role
from jobs.store.store import Store
from jobs.team import members

ANNA = Person("anna@example.org", "Anna Smith")
BEN = Person("ben@example.org", "Ben")
EVE = Person("eve@example.net", "Eve")
VERA = Person("vera@example.org", "Vera")


def meet_all(store: Store) -> Store:
    """Let all but Vera, who has no role of her own, sign in with their roles; return the store."""
    for person, role in ((ANNA, Role.ADMIN), (BEN, Role.REVIEW), (EVE, Role.LAUNCH)):
        members.meet(store, person)
        members.give_role(store, person.id, role)
    return store
