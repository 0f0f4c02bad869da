"""The top of a run's page: what it is, where it is, how good it is. Drawn again by itself while the run is active."""

import streamlit as st

from core.statistics import wording
from dashboard import page, page_wording, permitted
from dashboard.queries import run_queries
from jobs.results import run_wording
from jobs.results.fold_groups import held_out_words
from jobs.running.phases import is_testing
from jobs.store import run_files
from jobs.store.queries import get_run, place_in_queue
from jobs.store.records import Run, RunStatus
from jobs.supervising.waiting import queue_here, why_waiting
from jobs.team.members import names_of


def heading(run: Run) -> None:
    """Name, state, tags and a note, with the id to copy."""
    st.title(page.plain(run.name), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="run_badges"):
        page.badge(run)
        if run.review:
            page.review_badge(run.review)
        if run.pinned:
            st.badge("baseline", color="violet")
        if run.archived_at is not None:
            st.badge("archived", color="gray")
        for tag in run.tags:
            page.tag(tag)
        st.markdown(f"`{run.id}`", width="content")
        _links(run)
    if run.owner and (names := names_of(run_queries.store())):
        launched = page.moment(run.created_at)
        st.caption(page.plain(f"Launched by {names.get(run.owner, run.owner)}, {launched}."))
    if run.note:
        st.markdown(page.without_pictures(run.note))


def _links(run: Run) -> None:
    """The runs that it has to do with."""
    if run.group_id and not run.config.folds:
        page.link("seed group", "compare", by="recipes", group=run.group_id)
    if run.config.start_from:
        page.link(f"starts from {run.config.start_from}", "runs", run=run.config.start_from)
    for companion in run.config.companions:
        page.link(f"predicts together with {companion}", "runs", run=companion)
    if run.cloned_from:
        page.link(page.plain(f"cloned from {run.cloned_from}"), "runs", run=run.cloned_from)


def overview(run_id: str, drawn_in: str) -> None:
    """State, progress and figures as they are now; the whole page is drawn again when the state has changed."""
    run = get_run(run_queries.store(), run_id)
    if run.state != drawn_in:
        st.rerun()
    _say_state(run)
    if run.is_active:
        st.progress(run.fraction_done, text=progress_words(run))
    for text in (run.warning, run.inexact_because and f"Not exactly reproducible: {run.inexact_because}."):
        if text:
            st.info(page.trouble(text))
    _figures(run)
    if words := held_out_words(run_queries.store(), run):
        st.write(f"Accuracy over all folds: {words}.")


def progress_words(run: Run) -> str:
    """Where a run is, also when its steps are done and the test images are not."""
    if run.is_waiting:
        return f"{page_wording.progress(run)}; waiting for disk space"
    if is_testing(run_queries.store(), run):
        return f"epoch {run.epoch} of {run.epochs} complete; testing the weights of epoch {run.best_epoch}"
    return page_wording.progress(run)


def _say_state(run: Run) -> None:
    if run.status == RunStatus.FAILED:
        _say_failure(run)
    elif run.state == RunStatus.INTERRUPTED:
        st.warning(
            f"{page.since(run).capitalize()}. The training process has ended; the run resumes from its last "
            "checkpoint automatically."
        )
    elif run.status == RunStatus.QUEUED:
        queue = queue_here(run_queries.store())
        place = f"position {place_in_queue(run_queries.store(), run)} in the queue"
        why = why_waiting(run_queries.store()).get(run.id, "")
        waits = f" It {page.plain(why)}." if why else ""
        st.write(f"{page.since(run).capitalize()}, {place}.{waits} {run_wording.queue_words(queue)}")
    else:
        left = f", {wording.rough_duration(run.seconds_left)} left at this speed" if run.seconds_left else ""
        on = f" on {page.plain(run.host or '')}" if run.lease_until and permitted.sees_places() else ""
        st.write(f"{page.since(run).capitalize()}{on}{left}.")


def _say_failure(run: Run) -> None:
    kind = f" ({page.plain(run.error_kind)})" if run.error_kind else ""
    reason = page.trouble(run.error_message or "no reason was recorded")
    st.error(f"**Failed{kind}: {reason}** {page.trouble(run.error_advice or '')}")
    if not permitted.rights().may_change(run):
        return
    if tail := permitted.without_places(run_files.log_tail(run_queries.store(), run.id, lines=12)):
        with st.expander("Last lines of the log", expanded=True):
            st.code(tail, language=None, wrap_lines=True)


def _figures(run: Run) -> None:
    cards = st.container(key="run_figures").columns(4)
    title = "Test accuracy with flips" if run.answers_with_flips else "Test accuracy"
    page.metric(cards[0], title, run_wording.accuracy(run), "after training")
    best = f"Best validation, epoch {run.best_epoch} of {run.epochs}" if run.best_epoch else "Best validation"
    page.metric(cards[1], best, run_wording.validation_accuracy(run), "after the first epoch")
    page.metric(cards[2], "Training time", wording.duration(run.work_s), f"queued for {wording.duration(run.queued_s)}")
    speed = f"{run.images_per_s:,.0f} images/s" if run.images_per_s else wording.NOTHING
    where = f"{run.device}, {wording.counted(run.threads or 0, 'thread')}" if run.device else "not started"
    page.metric(cards[3], "Speed", speed, where)
