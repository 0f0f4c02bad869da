"""What the pages read of runs. With data_queries, model_queries and quotas all that is kept between two pages."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.statistics.comparison import Comparison, compare_with_baseline, tied_with_best
from dashboard.queries import visitor
from dashboard.queries.read_only import read_only
from dashboard.queries.remeasured import Remeasured
from jobs.results import data_users, leaders
from jobs.results.comparisons import GroupsCompared, compare_groups, distinct_names
from jobs.results.leaders import Leader
from jobs.results.seed_groups import Group
from jobs.running import background
from jobs.settings import settings
from jobs.store import queries
from jobs.store.disk_space import RunSpace, space_of_runs
from jobs.store.filters import FINISHED, Filter
from jobs.store.records import Epoch, Predictions, Run, RunCosts, RunName, RunStatus
from jobs.store.store import Store
from jobs.team import deliveries

MOST_OFFERED = 200
"""How many runs or groups a field offers at once. A browser draws no more in time, and nobody reads through more."""


@st.cache_resource(show_spinner="Opening the run store")
def _opened() -> Store:
    return background.open_here()


def store() -> Store:
    """The run store of this installation, opened once, in the name of who looks at the page. Raise StoreError."""
    return _opened().acting(visitor.person())


@st.cache_resource(max_entries=64, show_spinner="Loading predictions")
def _predictions(run_id: str) -> Predictions:
    return read_only(queries.get_predictions(store(), run_id))


def predictions(run_id: str) -> Predictions:
    """What a finished run said of the test images; shared by all and closed to writing.

    Raise RunNotFound or NoPredictions.
    """
    # A run that has been deleted has no predictions any more, whatever is kept here.
    queries.get_run(store(), run_id)
    return _predictions(run_id)


@st.cache_resource(max_entries=16, show_spinner="Loading predictions")
def validation_predictions(run_id: str) -> Predictions:
    """What a finished run said of its validation images; closed to writing.

    Raise NoPredictions for a run that did not keep it.
    """
    return read_only(queries.get_predictions(store(), run_id, "validation"))


def costs() -> list[RunCosts]:
    """What every finished run that is not archived has cost, newest first."""
    return leaders.list_costs(store())


def machines() -> list[tuple[str | None, str | None, int | None]]:
    """Host, device and threads of every finished run that is not archived, each combination once."""
    return leaders.list_machines(store())


def finished_runs() -> list[Run]:
    """Every finished run that is not archived, newest first."""
    return queries.list_runs(store(), FINISHED)


def finished_names(data: str = "") -> list[RunName]:
    """The name of every finished run that is not archived, newest first; of a data set where one is named."""
    return queries.list_names(store(), replace(FINISHED, data=data))


def newest_run(data: str) -> str:
    """The id of the newest finished run that learnt from a data set; empty without any."""
    finished = queries.list_runs(store(), Filter(statuses=(RunStatus.FINISHED,), data=data), limit=1)
    return finished[0].id if finished else ""


def chosen_runs(run_ids: Sequence[str]) -> list[Run]:
    """The runs of these ids in this order; those that are gone are left out."""
    return queries.get_runs(store(), run_ids)


def more_than_offered(data: str = "") -> bool:
    """Whether there are more finished runs, of a data set where one is named, than are offered at once."""
    return len(queries.list_names(store(), replace(FINISHED, data=data), limit=MOST_OFFERED + 1)) > MOST_OFFERED


def runs_with_predictions(asked: Sequence[str], data: str = "", search: str = "") -> tuple[list[RunName], list[str]]:
    """The newest finished runs with all words of a search, then others asked for by id, archived ones too.

    At most MOST_OFFERED besides those asked for; and a sentence for each id left out. With `data`, as configurations
    name data sets, those that learnt from it alone.
    """
    offered = queries.list_names(store(), replace(FINISHED, data=data, search=search), limit=MOST_OFFERED)
    known = {run.id for run in offered}
    read = {run.id: run for run in queries.get_runs(store(), [run_id for run_id in asked if run_id not in known])}
    why = {run.id: _why_left_out(run, data) for run in read.values()}
    offered += [RunName(run.id, run.name) for run in read.values() if not why[run.id]]
    return offered, [f"{run.name} is left out: {why[run.id]}." for run in read.values() if why[run.id]] + [
        f"There is no run {run_id}; it may have been deleted."
        for run_id in dict.fromkeys(asked)
        if run_id not in known and run_id not in read
    ]


def _why_left_out(run: Run, data: str) -> str:
    if run.status != RunStatus.FINISHED:
        return f"it is {run.state}, and only a finished run has predictions"
    return "it learnt from another data set" if data and run.config.data != data else ""


def comparisons(compared: Sequence[Run]) -> list[Comparison]:
    """Each run but the first compared with the first, the baseline, by the names of distinct_names.

    Raise NoPredictions.
    """
    return _comparisons(_named(compared))


def tied(compared: Sequence[Run]) -> tuple[str, ...]:
    """The names of the runs that may be called best, the first being the baseline. Raise NoPredictions."""
    return _tied(_named(compared))


def leader(model: str, data: str) -> Leader | None:
    """The most accurate finished run of a model on a data set, and which others may be as good; None without any."""
    return leaders.leader_of(store(), model, data, predictions)


def presets_with_runs(data: str) -> set[str]:
    """The presets of which a run on a data set has finished and is not archived."""
    return leaders.presets_with_runs(store(), data)


def data_of_runs() -> dict[str, str]:
    """The data sets that runs learn from, as they name them, by what they are called; Fashion-MNIST first."""
    return data_users.named_data(_data_used(data_users.runs_stamp(store())), settings().data)


@st.cache_data(max_entries=4, show_spinner=False)
def _data_used(stamp: tuple[int, float | None]) -> frozenset[str]:
    return data_users.data_used(store()) if stamp[0] else frozenset()


def _members(group: Group) -> tuple[Any, ...]:
    return group.id, group.name, *((run.id, run.name, run.state) for run in group.runs)


@st.cache_data(max_entries=64, show_spinner="Comparing the recipes", hash_funcs={Group: _members})
def compared_groups(groups: Sequence[Group]) -> GroupsCompared:
    """Groups of seeds compared as recipes, each but the first with the first. Raise NotComparable."""
    return compare_groups(store(), groups)


def _named(compared: Sequence[Run]) -> tuple[tuple[str, str], ...]:
    names = distinct_names(compared)
    return tuple((run.id, names[run.id]) for run in compared)


@st.cache_data(max_entries=256, show_spinner="Comparing")
def _comparisons(compared: tuple[tuple[str, str], ...]) -> list[Comparison]:
    predictions_of = {name: _predictions(run_id) for run_id, name in compared}
    (baseline_name, baseline), *others = predictions_of.items()
    answers = {name: of_run.predicted for name, of_run in others}
    return compare_with_baseline(baseline.labels, baseline.predicted, answers, baseline_name, classes=baseline.classes)


@st.cache_data(max_entries=256, show_spinner="Comparing")
def _tied(compared: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    predictions_of = {name: _predictions(run_id) for run_id, name in compared}
    baseline, labels = next((name, of_run.labels) for name, of_run in predictions_of.items())
    return tied_with_best(labels, {name: of_run.predicted for name, of_run in predictions_of.items()}, baseline)


def epochs(run_ids: Sequence[str]) -> dict[str, list[Epoch]]:
    """The complete epochs of each run."""
    return queries.list_epochs(store(), run_ids)


@st.cache_resource
def _space() -> Remeasured[list[RunSpace]]:
    return Remeasured(keeps_s=60, patience_s=0.3)


def space() -> list[RunSpace]:
    """The room that the files of every run take, as it was looked at last; none before that."""
    return _space().read(partial(space_of_runs, store())) or []


def forget_space() -> None:
    """Look at the files of every run again: some were deleted."""
    _space().forget()


@st.cache_data(ttl=5, show_spinner=False)
def keep_work_going() -> str:
    """Start the supervisor where runs or deliveries wait and none is alive; looked at most every 5 s.

    Return what keeps it from starting, empty if nothing does.
    """
    try:
        state = queries.queue_state(store())
        if state.queued or state.at_work or deliveries.next_due(store()) is not None:
            background.ensure_supervisor(store())
    except OSError as error:
        return f"The queue cannot be processed: {error.strerror} ({error.filename})."
    return ""


def start_work() -> str:
    """The same at once, for a run that has just been queued."""
    keep_work_going.clear()
    return keep_work_going()
