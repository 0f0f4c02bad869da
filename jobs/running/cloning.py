"""Launching what a run was launched with once more: the same config, or one with some values changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.config import RunConfig
from core.presets import changed
from jobs.running.queue import launch_all
from jobs.store.records import Run
from jobs.store.schema import LONGEST_NAME
from jobs.store.store import Store

_ROOM_FOR_SEED = len(" seed 2147483647")


def changed_config(run: Run, changes: Mapping[str, Any]) -> RunConfig:
    """The run's config with some values changed; raise ConfigurationError if one is not allowed."""
    return changed(run.config, changes)


def clone(
    store: Store, run: Run, config: RunConfig, seeds: int | None = None, name: str = "", *, tags: Sequence[str] = ()
) -> list[str]:
    """Queue a run that says it was cloned from this one; return its id.

    With `seeds` queue a group of so many, with seeds from the config's own on, and return their ids. Without a name
    they are called after the run. Raise ConfigurationError or StoreError, and then nothing is queued.
    """
    chosen = name or (clone_name(run, config.seed) if seeds is None else _again(run))
    return launch_all(store, config, chosen, seeds=seeds, cloned_from=run.id, tags=tags)


def clone_name(run: Run, seed: int) -> str:
    """What a clone is called: "mine" -> "mine again", "cnn seed 0" -> "cnn again seed 0"."""
    return f"{_again(run)} seed {seed}" if run.name.endswith(_seed_words(run)) else _again(run)


def _again(run: Run) -> str:
    start = run.name.removesuffix(_seed_words(run)).removesuffix(" again")
    return f"{start[: LONGEST_NAME - _ROOM_FOR_SEED - len(' again')]} again"


def _seed_words(run: Run) -> str:
    return f" seed {run.seed}"
