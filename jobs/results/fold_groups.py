"""k-fold groups: runs that each leave out another fold of the training set, and together judge all of it."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Text, cast, select

from core.data.splits import fold_split
from core.errors import LookbookError
from core.statistics.wording import share_of
from jobs.store.queries import find_run, get_predictions, get_runs
from jobs.store.records import Predictions, Run, RunStatus
from jobs.store.schema import runs
from jobs.store.store import Store


class NotComplete(LookbookError):
    """The runs of a k-fold group do not judge every training image."""

    kind = "run"


@dataclass(frozen=True)
class FoldGroup:
    """The runs of one k-fold group, in order of their folds; those that were deleted are missing."""

    id: str
    folds: int
    runs: tuple[Run, ...]

    @property
    def name(self) -> str:
        """The runs' name without the fold."""
        first = self.runs[0]
        return first.name.removesuffix(f" fold {first.config.fold} of {self.folds}")

    @property
    def data(self) -> str:
        """The data set that they learn from, as their configurations name it."""
        return self.runs[0].config.data

    @property
    def finished(self) -> int:
        """How many of the folds have a finished run."""
        return len({run.config.fold for run in self.runs if run.status == RunStatus.FINISHED})

    @property
    def is_complete(self) -> bool:
        """Whether every fold has a finished run."""
        return self.finished == self.folds


def list_fold_groups(store: Store) -> list[FoldGroup]:
    """Every k-fold group, the newest first, whether complete or not; archived runs count too."""
    return _groups(store, runs.c.group_id.is_not(None))


def _groups(store: Store, wanted: ColumnElement[bool]) -> list[FoldGroup]:
    # As text: of a config that is damaged it may be no number, and then Postgres would refuse all rows.
    folds = cast(runs.c.config["folds"].as_string(), Text)
    with_folds = select(runs.c.id).where(wanted, folds.not_in(("0", "1")))
    with store.reading() as connection:
        ids = connection.execute(with_folds.order_by(runs.c.created_at.desc(), runs.c.id)).scalars().all()
    grouped: dict[str, list[Run]] = {}
    for run in get_runs(store, ids):
        grouped.setdefault(run.group_id or "", []).append(run)
    return [
        FoldGroup(group_id, members[0].config.folds, tuple(sorted(members, key=lambda run: run.config.fold)))
        for group_id, members in grouped.items()
    ]


def find_fold_group(store: Store, words: str) -> FoldGroup:
    """The k-fold group of this id, or of a run named as for find_run; raise RunNotFound or NotComplete."""
    groups = {group.id: group for group in list_fold_groups(store)}
    if words not in groups:
        run = find_run(store, words)
        if run.group_id not in groups:
            raise NotComplete(
                f"{run.name} does not belong to a k-fold group.",
                "Launch one: `python -m jobs launch quick --folds 5`.",
            )
        words = run.group_id
    return groups[words]


def held_out_words(store: Store, run: Run) -> str:
    """How often all folds of a run's group are right about the images that each held out; empty without a whole group.

    The share is that of all these images together: a fold of more images counts more.
    """
    if not (run.config.folds and run.group_id):
        return ""
    group = next(iter(_groups(store, runs.c.group_id == run.group_id)), None)
    if group is None or not group.is_complete:
        return ""
    judged = [get_predictions(store, each.id, "validation") for each in group.runs if each.status == RunStatus.FINISHED]
    right = np.concatenate([answers.predicted == answers.labels for answers in judged])
    return (
        f"{share_of(float(right.mean()), len(right))} of the {len(right):,} images that the {group.folds} folds held "
        "out, which also chose the best epochs"
    )


def out_of_sample(store: Store, group: FoldGroup, labels: np.ndarray, groups: np.ndarray | None = None) -> Predictions:
    """What the group says of every training image, each judged by the run that did not learn from it.

    `labels` (n,) are those of the training set, `groups` (n,) its groups where it has some. See splits.fold_split for
    what early stopping has seen of them.
    Raise NotComplete when a fold is missing, or when the runs learnt from other labels.
    """
    if not group.is_complete:
        raise NotComplete(
            f"{group.finished} of the {group.folds} folds of {group.name} have finished.", "Let all of them finish."
        )
    classes = group.runs[0].classes
    log_probabilities = np.full((len(labels), len(classes)), np.nan, dtype=np.float32)
    for run in group.runs:
        if run.status == RunStatus.FINISHED:
            _, judged = fold_split(labels, run.seed, group.folds, run.config.fold, groups=groups)
            answers = get_predictions(store, run.id, "validation")
            if answers.classes != classes or not np.array_equal(answers.labels, labels[judged]):
                raise NotComplete(
                    f"{run.name} was trained on other labels than those in the data folder.", "Launch it again."
                )
            log_probabilities[judged] = answers.log_probabilities
    return Predictions(group.id, "training", np.asarray(labels, dtype=np.int64), log_probabilities, classes)
