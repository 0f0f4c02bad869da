"""The most accurate finished run of each model side by side, called best only where that is shown."""

from collections.abc import Sequence

import streamlit as st

from core import wording as core_wording
from core.comparison import compare
from core.models import ARCHITECTURES
from dashboard import page, queries, wording
from dashboard.style import run_styles
from jobs.comparing import comparable, distinct_names
from jobs.records import Run

CANDIDATES = 6
"""How many of the most accurate runs of a model are looked at: the best may be any that is not shown to be worse."""


def show() -> None:
    """A card for each model, then one sentence on the two that lead."""
    leaders = {name: queries.most_accurate(name, CANDIDATES) for name in ARCHITECTURES}
    first = [runs[0] for runs in leaders.values() if runs]
    styles = run_styles([run.id for run in first])
    for column, (name, runs) in zip(st.columns(len(leaders)), leaders.items(), strict=True):
        with column, st.container(border=True, height="stretch", key=f"best_{name}"):
            title = ARCHITECTURES[name].title.partition(":")[0]
            if runs:
                _card(title, runs, styles[runs[0].id].sign)
            else:
                st.write(f"Best {title}")
                st.caption("No run of it has finished yet.")
                page.link("Launch one", "launch", preset=name)
    if len(first) > 1:
        _sentence(*sorted(first, key=lambda run: run.test_accuracy or 0))


def _card(title: str, runs: Sequence[Run], sign: str) -> None:
    run = runs[0]
    tied = _tied_with_first(runs)
    accuracy, _, interval = wording.test_accuracy(run).partition(" (")
    below = f"95 %: {interval.removesuffix(')')}"
    label = f"{'Highest' if tied else 'Best'} {title}, test accuracy"
    st.metric(label, accuracy, below, delta_color="off", delta_arrow="off")
    page.link(f"{sign} {page.plain(run.name)}", "runs", run=run.id)
    if tied:
        names = distinct_names([run, *tied])
        equals = core_wording.listed([names[other.id] for other in tied], 3)
        st.caption(f"Not shown to be better than {page.plain(equals)}.")
        page.link("Compare the tied", "compare", run=[run.id, *(other.id for other in tied)])
    st.caption(
        f"best validation {wording.best_validation(run)} · {wording.duration(run.work_s)} at work · "
        f"{wording.date(run.ended_at, page.zone())}"
    )


def _tied_with_first(runs: Sequence[Run]) -> list[Run]:
    """Which of the runs after the first may be as good as it, of those that answered the same images."""
    said, _ = comparable(runs, queries.predictions)
    return queries.tied_with_first([run for run in runs if run.id in said]) if runs[0].id in said else []


def _sentence(behind: Run, ahead: Run) -> None:
    said, left_out = comparable([behind, ahead], queries.predictions)
    if left_out:
        st.caption(page.plain(" ".join(one.sentence for one in left_out)))
        return
    first, second = said[behind.id], said[ahead.id]
    found = compare(first.labels, first.predicted, second.predicted, behind.name, ahead.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(page.plain(found.sentence), width="stretch")
        page.link("Compare them", "compare", run=[behind.id, ahead.id])
