"""Finished runs that others begin with or predict together with: checked at the launch, kept while they are needed."""

from sqlalchemy import Connection, or_, select

from core.config import FASHION_MNIST, RunConfig, with_changes
from core.datasets.versions import Version
from core.errors import ConfigurationError
from core.labelling.class_names import labels_of
from core.statistics.wording import counted, listed
from jobs.store import run_files
from jobs.store.queries import NotPossible, find_run, get_run
from jobs.store.records import Run, RunStatus
from jobs.store.schema import runs
from jobs.store.store import Store

_UNFINISHED = [status for status in RunStatus if status != RunStatus.FINISHED]
_MOST_NAMED = 10
_SAME = ("model", "input_size", "normalisation")


def with_start(store: Store, config: RunConfig, version: Version) -> RunConfig:
    """The configuration with the id of the run that it starts from in place of a name or the beginning of an id.

    Raise RunNotFound, NotPossible where that run has no weights, ConfigurationError where they do not fit.
    """
    if config.start_from is None:
        return config
    start = find_run(store, config.start_from)
    _require_weights(store, start)
    different = [name for name in _SAME if getattr(config, name) != getattr(start.config, name)]
    if different:
        values = ", ".join(f"{name}={getattr(start.config, name)}" for name in different)
        raise ConfigurationError(f"Run {start.name} was trained with {values}.", "Start from it with the same.")
    if start.data is not None and start.data.colour != version.colour:
        kind = "colour" if start.data.colour else "grey"
        raise ConfigurationError(
            f"Run {start.name} learnt from images in {kind}, and those of {version.label} are not.",
            "Choose another run to start from, or another data set.",
        )
    return with_changes(config, start_from=start.id)


def with_companions(store: Store, config: RunConfig, version: Version) -> RunConfig:
    """The configuration with the ids of the runs that predict together with it, and checked that they can.

    Raise RunNotFound, NotPossible where one has no weights, ConfigurationError where it cannot stand beside the run.
    """
    if not config.companions:
        return config
    companions = list({run.id: run for run in (find_run(store, words) for words in config.companions)}.values())
    for run in companions:
        _require_weights(store, run)
        if run.config.data != FASHION_MNIST:
            raise ConfigurationError(
                f"Run {run.name} did not learn from Fashion-MNIST, as companions must.", "Name runs of Fashion-MNIST."
            )
        if run.config.companions:
            raise ConfigurationError(
                f"Run {run.name} has companions itself, which would not be asked.", "Name each of the runs."
            )
        if version.is_built_in and _split_of(run.config) != _split_of(config):
            raise ConfigurationError(
                f"Run {run.name} has another seed or fold than this one, so it may have learnt its validation images.",
                "Name runs of the same seed.",
            )
    if labels_of(version.classes) is None:
        raise ConfigurationError(
            f"Companions know the classes of Fashion-MNIST, and {version.label} has others.", "Leave companions out."
        )
    return with_changes(config, companions=tuple(run.id for run in companions))


def _split_of(config: RunConfig) -> tuple[int, int, int]:
    return config.seed, config.folds, config.fold


def _require_weights(store: Store, run: Run) -> None:
    if run.status != RunStatus.FINISHED:
        raise NotPossible(f"Run {run.name} is {run.state} and has no weights yet.", "Wait for it.")
    if not run_files.files_of(store, run.id).model.is_file():
        raise NotPossible(f"The model of run {run.name} is gone.", "Name another run.")


def start_words(store: Store, config: RunConfig, version: Version) -> str:
    """What a run begins with that starts from another, and what its test set may have seen; empty if it does not."""
    if config.start_from is None:
        return ""
    start = get_run(store, config.start_from)
    learnt = start.data.name if start.data else "unknown data"
    words = f"the weights of {start.name} ({start.id}), which learnt from {learnt}"
    if start.data is not None and start.data.name == version.name and start.config.data != version.pinned:
        words += (
            f", another version than {version.label}: it may have learnt images that are test images now, "
            "and the test accuracy would be too high"
        )
    return words


def refuse_needed(connection: Connection, run_id: str, name: str) -> None:
    """Raise NotPossible where a run that has not finished starts from this one."""
    starts = runs.c.config["start_from"].as_string() == run_id
    # An id is of letters and digits that no other id holds.
    stands_beside = runs.c.config["companions"].as_string().contains(f'"{run_id}"')
    needs = or_(starts, stands_beside) & runs.c.status.in_(_UNFINISHED)
    needing = list(connection.execute(select(runs.c.name).where(needs).order_by(runs.c.id)).scalars())
    if needing:
        raise NotPossible(
            f"The weights of run {name} are needed by {counted(len(needing), 'run')} not finished yet: "
            f"{listed(needing, _MOST_NAMED)}.",
            "Let these finish, or delete them first.",
        )
