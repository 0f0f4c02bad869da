"""Groups of seeds: runs of one recipe that differ in their seed only, and differ from group to group in the recipe."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from core.statistics.intervals import mean_over_seeds
from core.statistics.recipes import RecipeFigures
from jobs.store.queries import find_run, get_runs, grouped_runs, seed_group_ids
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store


@dataclass(frozen=True)
class Group:
    """Runs of one recipe that differ in their seed only; a run that was launched alone is a group of one.

    Archived runs belong to it like all others: what is hidden from a list does not change what a recipe has reached.
    """

    id: str
    name: str
    runs: tuple[Run, ...]

    @property
    def of_seeds(self) -> bool:
        """Whether the runs are seeds of one recipe, and not the folds of a training set, which are a group too."""
        return not any(run.config.folds for run in self.runs)

    @property
    def finished(self) -> tuple[Run, ...]:
        """The runs that have figures."""
        return tuple(run for run in self.runs if run.status == RunStatus.FINISHED)

    @property
    def figures(self) -> RecipeFigures:
        """The accuracy over the seeds."""
        accuracies = [run.test_accuracy or 0.0 for run in self.finished]
        images = self.finished[0].test_count if self.finished else None
        return RecipeFigures(self.name, mean_over_seeds(accuracies), images or 0)


def list_groups(store: Store, *, limit: int | None = None, offset: int = 0, search: str = "") -> list[Group]:
    """The groups that were launched with several seeds, the newest first: all, or so many from a place in the list.

    With `search` only those of which a run has every word.
    """
    ids = seed_group_ids(store, search)[offset:][:limit]
    groups = {
        str(group_id): _group(runs)
        for group_id, runs in groupby(grouped_runs(store, ids), key=lambda run: run.group_id)
    }
    return [groups[group_id] for group_id in ids if group_id in groups]


def get_groups(store: Store, ids: Sequence[str]) -> list[Group]:
    """The groups of these ids in this order, each once; the id of a run stands for its group, or for it alone.

    Ids that nothing has are left out.
    """
    named = {run.id: run.group_id or run.id for run in get_runs(store, ids)}
    wanted = list(dict.fromkeys(named.get(given, given) for given in ids))
    members = grouped_runs(store, wanted)
    groups = {str(group_id): _group(runs) for group_id, runs in groupby(members, key=lambda run: run.group_id)}
    groups |= {run.id: _group([run]) for run in get_runs(store, [run_id for run_id in wanted if run_id not in groups])}
    return [groups[group_id] for group_id in wanted if group_id in groups]


def find_group(store: Store, words: str) -> Group:
    """The group of this id, or the group of a run named as for find_run, archived runs included; raise RunNotFound."""
    if members := grouped_runs(store, [words]):
        return _group(members)
    run = find_run(store, words)
    return _group(grouped_runs(store, [run.group_id]) if run.group_id else [run])


def told_apart(groups: Sequence[Group]) -> list[Group]:
    """The groups, with their ids in the names that several of them have."""
    names = Counter(group.name for group in groups)
    return [group if names[group.name] == 1 else replace(group, name=f"{group.name} ({group.id})") for group in groups]


def _group(runs: Iterable[Run]) -> Group:
    members = tuple(runs)
    first = members[0]
    return Group(first.group_id or first.id, _recipe_name(first), members)


def _recipe_name(run: Run) -> str:
    """The run's name without its seed: "cnn seed 3" -> "cnn"."""
    return run.name.removesuffix(f" seed {run.seed}") or run.name
