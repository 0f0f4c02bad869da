"""The benchmark of a team finds what it looks for: a change that another one has written over."""

from jobs.people import Role
from jobs.running import run_edits
from jobs.store.store import Store
from jobs.team.members import give_role
from tests import stores
from tests.benchmarks import team
from tests.benchmarks.team import Somebody
from tests.stores import Sample


def test_a_change_that_is_written_over_is_counted_as_lost(store: Store) -> None:
    ada, ben = (Somebody(person, session=None) for person in team.people(2))
    runs = [stores.add(store, Sample(seed=seed)) for seed in (0, 1)]
    give_role(store, ada.person.id, Role.ADMIN)
    give_role(store, ben.person.id, Role.LOOK)
    for _ in range(3):
        ada.add(store, runs)
        ben.add(store, runs)
    assert (len(ada.added), ben.added, len(ben.problems)) == (3, [], 3)
    assert team.lost(store, [ada, ben]) == 0
    run_edits.set_note(store, runs[0], "written over")
    assert team.lost(store, [ada, ben]) == 2
