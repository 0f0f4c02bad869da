"""What a shell offers when somebody presses Tab: of the run store only where there is one, and never an error."""

import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from core.datasets.versions import list_versions
from core.errors import LookbookError
from core.presets import PRESETS
from jobs.settings import settings
from jobs.store.queries import Filter, known_tags, list_names
from jobs.store.store import Store, connect

PATIENCE_S = 0.5
Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _from_store(items: Callable[[Store], Iterable[CompletionItem]]) -> Completion:
    """A completion by what the run store holds, which is neither made nor migrated for it."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            store = Store(connect(settings().database_url, patience_s=PATIENCE_S), settings().artifacts)
            if store.is_local and not Path(store.place).is_file():
                return []
            return [item for item in items(store) if item.value.startswith(incomplete) and _is_plain(item.value)]
        except LookbookError:
            return []

    return complete


def _is_plain(word: str) -> bool:
    """Whether a shell takes this word as it is; bash does not quote what it completes."""
    return shlex.quote(word) == word


def _runs(store: Store) -> Iterable[CompletionItem]:
    for run in (*list_names(store), *list_names(store, Filter(archived=True))):
        yield CompletionItem(run.id, help=run.name)
        yield CompletionItem(run.name, help=run.id)


runs = _from_store(_runs)
tags = _from_store(lambda store: map(CompletionItem, known_tags(store)))


def data_sets(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The data sets by their names, and their versions."""
    names = dict.fromkeys(name for version in list_versions(settings().data) for name in (version.name, version.label))
    return [CompletionItem(name) for name in names if name.startswith(incomplete) and _is_plain(name)]


def presets(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The presets with their descriptions."""
    fitting = [preset for preset in PRESETS.values() if preset.name.startswith(incomplete)]
    return [CompletionItem(preset.name, help=preset.description) for preset in fitting]


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Whatever files the shell itself finds."""
    return [CompletionItem(incomplete, type="file")]
