"""What all finished runs reach and cost, read without their configurations.

And the most accurate of a model on a data set: whether it may be called best, or others are as good.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import func, select

from core.statistics.agreement import right
from core.statistics.significance import SIGNIFICANCE, mcnemar, mcnemar_at_most
from jobs.results.comparisons import LeftOut, comparable
from jobs.store.filters import FINISHED, Filter, conditions
from jobs.store.queries import get_runs
from jobs.store.records import Predictions, Run, RunCosts, RunStatus
from jobs.store.schema import runs
from jobs.store.store import Store

LOOKED_AT = 12
"""How many runs are compared with the leader; those nearest in accuracy are the likeliest to tie."""


@dataclass(frozen=True)
class Leader:
    """The most accurate of `among` finished runs of a model on a data set, and what is known of the others.

    `tied` are not shown to be worse than it at 5 % over all the others (see core.statistics.comparison.tied_with_best),
    `left_out` cannot be compared with it, and `unknown` more are too near to be told by their accuracy alone and were
    not looked at.
    """

    run: Run
    among: int
    tied: tuple[Run, ...]
    left_out: tuple[LeftOut, ...]
    unknown: int

    @property
    def is_best(self) -> bool:
        """Whether it is shown to be better than every other run, or is the only one."""
        return not (self.tied or self.left_out or self.unknown)


def leader_of(store: Store, model: str, data: str, read: Callable[[str], Predictions]) -> Leader | None:
    """The leader of a model on a data set, None without a finished run; `read` gives predictions, or NoPredictions."""
    finished = _errors(store, model, data)
    if not finished:
        return None
    ids, wrong, count = zip(*finished, strict=True)
    threshold = SIGNIFICANCE / max(1, len(ids) - 1)
    near = mcnemar_at_most(wrong[0], wrong[1:]) >= threshold
    near |= np.not_equal(count[1:], count[0])
    close = [run_id for run_id, is_near in zip(ids[1:], near.tolist(), strict=True) if is_near]
    run, *others = get_runs(store, [ids[0], *close[:LOOKED_AT]])
    tied, left_out = _held_against(run, others, read, threshold)
    return Leader(run, len(ids), tied, left_out, len(close[LOOKED_AT:]))


def list_costs(store: Store) -> list[RunCosts]:
    """What every finished run that is not archived has cost, newest first; nothing that takes time to read."""
    columns = [runs.c[name] for name in RunCosts._fields]
    query = select(*columns).where(*conditions(FINISHED)).order_by(runs.c.created_at.desc(), runs.c.id)
    with store.reading() as connection:
        return list(map(RunCosts._make, connection.execute(query)))


def list_machines(store: Store) -> list[tuple[str | None, str | None, int | None]]:
    """Host, device and threads of every finished run that is not archived, each combination once."""
    query = select(runs.c.host, runs.c.device, runs.c.threads).where(*conditions(FINISHED)).distinct()
    with store.reading() as connection:
        return [(host, device, threads) for host, device, threads in connection.execute(query)]


def presets_with_runs(store: Store, data: str) -> set[str]:
    """The presets of which a run on a data set has finished and is not archived."""
    query = select(runs.c.preset).where(*conditions(replace(FINISHED, data=data))).distinct()
    with store.reading() as connection:
        return set(connection.execute(query).scalars())


def _errors(store: Store, model: str, data: str) -> list[tuple[str, int, int]]:
    """Id, misclassified images and images of every finished run that is not archived, the most accurate first.

    Nothing else is read of them, so that thousands take a moment.
    """
    accuracy, count = func.coalesce(runs.c.test_accuracy, 0.0), func.coalesce(runs.c.test_count, 0)
    wanted = Filter(models=(model,), statuses=(RunStatus.FINISHED,), data=data)
    query = select(runs.c.id, accuracy, count).where(*conditions(wanted)).order_by(accuracy.desc(), runs.c.id)
    with store.reading() as connection:
        return [(run_id, round((1 - share) * n), n) for run_id, share, n in connection.execute(query)]


def _held_against(
    leader: Run, others: list[Run], read: Callable[[str], Predictions], threshold: float
) -> tuple[tuple[Run, ...], tuple[LeftOut, ...]]:
    """Which of the others are tied with the leader, and which cannot be compared with it."""
    if not others:
        return (), ()
    answers, left_out = comparable([leader, *others], read)
    if leader.id not in answers:
        return (), tuple(left for left in left_out if left.run.id == leader.id)
    labels = answers[leader.id].labels
    right_of = {run.id: right(labels, answers[run.id].predicted) for run in (leader, *others) if run.id in answers}
    best = right_of.pop(leader.id)
    only_best = [np.count_nonzero(best & ~other) for other in right_of.values()]
    only_other = [np.count_nonzero(other & ~best) for other in right_of.values()]
    tied = {run_id for run_id, p in zip(right_of, mcnemar(only_best, only_other), strict=True) if p >= threshold}
    return tuple(run for run in others if run.id in tied), tuple(left_out)
