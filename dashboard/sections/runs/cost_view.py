"""Cost against quality of all finished runs: is the accuracy worth the time?"""

import streamlit as st

from core.statistics import wording
from dashboard import page, permitted, pickers
from dashboard.charts.costs import accuracy_against_cost, interval_sentence
from dashboard.elements.linked_table import Cell, Linked, linked_table
from dashboard.queries import run_queries
from dashboard.sections.shared.take_along import csv_button
from dashboard.tables.cost_table import (
    COSTS,
    Cost,
    Priced,
    Weighed,
    front_sentence,
    machines_sentence,
    priced,
    shown_sentence,
    unknown_sentence,
    weighed,
)
from jobs.people import Role
from jobs.reports import csv_tables
from jobs.results import run_wording


def show() -> None:
    """The chart with its axis to choose, the front in words and as a table with links to the runs."""
    costs = run_queries.costs()
    if not costs:
        page.empty("No finished runs yet.", "Launch a run", "launch")
        return
    titles = {name: cost.title for name, cost in COSTS.items()}
    name = pickers.pick_one("Accuracy vs.", titles, "cost", segmented=True)
    cost = COSTS[name]
    of_all = weighed(costs, cost)
    known = priced(run_queries.chosen_runs(list(of_all.shown)), of_all)
    sentence = front_sentence(known, cost, of_all)
    st.write(page.plain(sentence))
    if known:
        page.chart(accuracy_against_cost(known, cost, page.theme()), sentence, key=f"accuracy-against-{name}")
    machines = () if name == "parameters" else run_queries.machines()
    remarks = [
        shown_sentence(of_all),
        _unknown(of_all, cost),
        machines_sentence(machines, named=permitted.may(Role.ADMIN)),
    ]
    words = [interval_sentence(len(known)), "Archived runs are not shown.", *filter(None, remarks)]
    st.caption(page.plain(" ".join(words)))
    if known:
        header = ["Pareto front, cheapest first", "Model", cost.title, "Test accuracy (95 % interval)"]
        rows = [_row(run_cost, cost) for run_cost in known if run_cost.front]
        linked_table(header, rows, "Runs on the Pareto front", key="front", figures_from=2)
    csv_button(f"CSV of all {wording.counted(len(costs), 'finished run')}", _csv, "costs")


def _unknown(of_all: Weighed, cost: Cost) -> str:
    names = [run.name for run in run_queries.chosen_runs(of_all.shown_unknown)]
    return unknown_sentence(names, of_all.unknown, cost)


def _csv() -> str:
    return csv_tables.runs(permitted.told_of(run_queries.finished_runs()))


def _row(run_cost: Priced, cost: Cost) -> list[Cell]:
    run = run_cost.run
    errors = Linked(run_wording.accuracy(run), "explore", "its misclassified images", {"run": run.id})
    return [Linked(run.name, "runs", "the run", {"run": run.id}), run.model, cost.written(run_cost.cost), errors]
