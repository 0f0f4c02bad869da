"""Trained runs held against the first of them: is the difference real, and where does it come from?"""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.statistics.comparison import Comparison, best_sentence
from dashboard import page, page_wording, permitted, pickers
from dashboard.queries import run_queries
from dashboard.sections.compare import comparison_sections as sections
from dashboard.sections.compare.agreement_section import show_agreement
from dashboard.sections.shared.comment_threads import show_comments
from dashboard.sections.shared.take_along import csv_button, report_buttons
from dashboard.style import run_styles
from dashboard.tables.comparison_table import comparison_table
from jobs.reports import csv_tables
from jobs.results.comparisons import comparable, distinct_names, validation_sentence
from jobs.store.records import Run
from jobs.team.comments import Topic

MOST = 10


def show() -> None:
    """The runs of the URL, the sentence first; where there are too few, what to do."""
    chosen = _choose()
    if len(chosen) < 2:
        return
    baseline, *others = chosen
    looks = sections.Looks(distinct_names(chosen), run_styles([run.id for run in chosen]))
    compared = run_queries.comparisons(chosen)
    other = _pick_other(others, looks)
    comparison = compared[others.index(other)]
    page.finding(comparison.sentence)
    if len(others) > 1:
        page.finding(best_sentence(run_queries.tied(chosen), len(chosen)))
    _link_recipes(baseline, other)
    _show_figures(chosen, compared, looks)
    left, right = st.columns(2, gap="large")
    with left:
        show_agreement(comparison, baseline, other)
    with right:
        sections.show_classes(comparison, looks.styles[other.id])
    sections.show_class_table(comparison, baseline, other)
    sections.show_curves(chosen, looks)
    sections.show_confusions(comparison, baseline, other)
    _show_more(chosen, looks)
    show_comments(Topic.comparison(run.id for run in chosen), "compare")


def _show_more(chosen: Sequence[Run], looks: sections.Looks) -> None:
    """One of the rest at a time: what is not shown takes no time."""
    more = {
        "settings": ("Settings", lambda: sections.show_settings(chosen)),
        "calibration": ("Calibration", lambda: sections.show_calibration(chosen, looks)),
        "faults": ("Data issues", lambda: sections.show_data_faults(chosen, looks)),
    }
    pickers.pick_section("More", more, "more")()


def _choose() -> list[Run]:
    """The runs to compare, the baseline first; fewer than two after having answers what is missing."""
    offered = pickers.finished_runs("run")
    if len(offered) < 2 and not pickers.in_url(pickers.FIND):
        have = "Only one finished run so far" if offered else "No finished runs yet"
        message = f"{have}. Comparing takes two: launch another one with one setting changed."
        page.empty(message, "Launch a run", "launch")
        return []
    asked = pickers.pick_runs("Runs, baseline first", offered, most=MOST)
    answers, refused = comparable(asked, run_queries.predictions)
    page.warn(left_out.sentence for left_out in refused)
    chosen = [run for run in asked if run.id in answers]
    if len(chosen) < 2:
        message = "Choose two or more runs above. The first is the baseline."
        newest = [run.id for run in offered[:2]][::-1]
        page.empty(message, *(("Compare the two newest", "compare") if len(newest) == 2 else ()), run=newest)
    return chosen


def _pick_other(others: Sequence[Run], looks: sections.Looks) -> Run:
    """The run that is told of in detail."""
    if len(others) == 1:
        return others[0]
    short = page_wording.shortened(looks.names.values(), page_wording.LABEL_ROOM)
    names = {run.id: short[looks.names[run.id]] for run in others}
    picked = pickers.pick_one("Compared with the baseline", names, "other")
    return next(run for run in others if run.id == picked)


def _link_recipes(baseline: Run, other: Run) -> None:
    """The way to the question whether the recipe is better, where both runs belong to different groups of seeds."""
    groups = [run.group_id for run in (baseline, other) if run.group_id]
    if len(set(groups)) == 2:
        page.link("Compare the recipes over all seeds", "compare", by="recipes", group=groups)


def _show_figures(chosen: Sequence[Run], compared: Sequence[Comparison], looks: sections.Looks) -> None:
    page.table(comparison_table(chosen, compared))
    if differing := validation_sentence(chosen):
        st.caption(differing)
    with st.container(horizontal=True, vertical_alignment="center", key="errors_of_each"):
        st.markdown("Misclassified images of", width="content")
        for run in chosen:
            label = f"{looks.styles[run.id].sign} {page.plain(looks.names[run.id])}"
            page.link(label, "explore", run=run.id)
    ids = [run.id for run in chosen]
    with st.container(horizontal=True, vertical_alignment="center", key="take_along"):
        report_buttons(chosen)
        csv_button("CSV of the runs", partial(csv_tables.runs, permitted.told_of(chosen)), "runs", *ids)
        csv_button("CSV of the comparison", partial(csv_tables.comparisons, compared), "comparison", *ids)
