"""The most accurate finished run of each model side by side, called best only where that is shown."""

import streamlit as st

from core.architectures import ARCHITECTURES
from core.config import FASHION_MNIST
from core.presets import PRESETS, config_of
from core.statistics import wording
from core.statistics.comparison import compare_chosen
from dashboard import page, pickers
from dashboard.queries import run_queries
from dashboard.style import run_styles
from jobs.results import run_wording
from jobs.results.comparisons import comparable, distinct_names
from jobs.results.leaders import Leader

NAMED = 3
"""How many tied runs are named before the rest is only counted."""


def show() -> None:
    """A card for each model, then one sentence on the two that lead."""
    data = _pick_data()
    leaders = {name: run_queries.leader(name, data) for name in ARCHITECTURES}
    leaders = {name: leader for name, leader in leaders.items() if leader or _suits(name, data)}
    best = sorted(filter(None, leaders.values()), key=lambda leader: -(leader.run.test_accuracy or 0))
    styles = run_styles([leader.run.id for leader in leaders.values() if leader])
    for column, (name, leader) in zip(st.columns(len(leaders)), leaders.items(), strict=True):
        with column, st.container(border=True, height="stretch", key=f"best_{name}"):
            title = ARCHITECTURES[name].title.partition(":")[0]
            if leader:
                _card(title, leader, styles[leader.run.id].sign)
            else:
                st.write(title)
                st.caption("No finished run yet.")
                page.link("Launch one", "launch", **_first_preset(name), data=data)
    if len(best) > 1:
        _sentence(best[1], best[0])


def _pick_data() -> str:
    """The data set that the cards are about, where runs learn from several: only on the same can runs be compared."""
    known = run_queries.data_of_runs()
    if len(known) < 2:
        return next(iter(known), FASHION_MNIST)
    return pickers.pick_one("Data set", known, "data")


def _suits(model: str, data: str) -> bool:
    """Whether to propose a model that nobody has trained: one that only transfers is for other data."""
    return data != FASHION_MNIST or not ARCHITECTURES[model].only_pretrained


def _first_preset(model: str) -> dict[str, str]:
    """The parameter of the link to the first preset of a model, if it has one."""
    first = next((name for name in PRESETS if config_of(name).model == model), None)
    return {"preset": first} if first else {}


def _card(title: str, leader: Leader, sign: str) -> None:
    run = leader.run
    label = f"{'Best' if leader.is_best else 'Highest'} {title}, test accuracy"
    page.metric(st.container(), label, run_wording.accuracy(run), border=False)
    page.link(f"{sign} {page.plain(run.name)}", "runs", run=run.id)
    for words in _evidence(leader):
        st.caption(page.plain(words))
    if leader.tied:
        page.link("Compare tied runs", "compare", run=[run.id, *(other.id for other in leader.tied)])
    st.caption(
        f"best validation {run_wording.best_validation(run)} · trained in {wording.duration(run.work_s)} · "
        f"{page.moment(run.ended_at)}"
    )


def _evidence(leader: Leader) -> list[str]:
    """Why the run is called best, or what keeps it from being called so."""
    if leader.is_best:
        others = wording.counted(leader.among - 1, "other finished run")
        return [f"Significantly better than {others} of this model."] if leader.among > 1 else []
    words = [refusal.sentence for refusal in leader.left_out[:NAMED]]
    if leader.left_out[NAMED:]:
        words.append(f"{len(leader.left_out) - NAMED} more cannot be compared with it.")
    if leader.tied:
        names = distinct_names([leader.run, *leader.tied])
        tied = wording.listed([names[other.id] for other in leader.tied], NAMED)
        words.append(f"Not significantly better than {tied}.")
    if leader.unknown:
        words.append(f"Not compared, possibly as good: {wording.counted(leader.unknown, 'more run')}.")
    return words


def _sentence(behind: Leader, ahead: Leader) -> None:
    """Of the two most accurate; each is the luckiest of its model, which the correction takes into account."""
    pair = [behind.run, ahead.run]
    held, left_out = comparable(pair, run_queries.predictions)
    if left_out:
        st.caption(page.plain(" ".join(refusal.sentence for refusal in left_out)))
        return
    names = distinct_names(pair)
    first, second = held[behind.run.id], held[ahead.run.id]
    pairs = behind.among * ahead.among
    answers = (first.labels, first.predicted, second.predicted)
    comparison = compare_chosen(*answers, names[behind.run.id], names[ahead.run.id], pairs, classes=first.classes)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(page.plain(comparison.sentence), width="stretch")
        page.link("Compare them", "compare", run=[behind.run.id, ahead.run.id])
