"""What can be done with one run or several: the buttons, and the dialogs that ask before something goes."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from core.errors import LookbookError
from dashboard import page, pickers, queries, wording
from dashboard.components.take_along import report_buttons
from jobs import artifacts, labels, queue
from jobs.records import ACTIVE, FAILED, FINISHED, QUEUED, RUNNING, STOPPED, Run
from jobs.runs import get_runs, known_tags
from jobs.several import on_each

_RESUME_HELP = "It goes on from its last checkpoint, with the same config."
_MORE = "more_actions"
_MARKED = "marked_runs"
_ASKED = "asked_action"
_REFUSED = "refused_actions"


def ask(action: str, run_ids: Sequence[str]) -> None:
    """Open the dialog of an action in the run of the page that follows, and close the menu that it was chosen from."""
    st.session_state[_ASKED] = (action, list(run_ids))
    st.session_state[_MORE] = False


def answer() -> None:
    """Open the dialog that was asked for, and say what was refused; to be called once at the top of a view."""
    say_refused()
    action, run_ids = st.session_state.pop(_ASKED, ("", []))
    chosen = get_runs(queries.store(), run_ids) if action else []
    if chosen:
        DIALOGS[action](chosen)


def say_refused() -> None:
    """Say what the last action could not do, once."""
    for message in st.session_state.pop(_REFUSED, ()):
        st.warning(message)


def attempt(action: Callable[[], object]) -> None:
    """Do something from a control; if it is refused, remember why for the page that is drawn next."""
    try:
        action()
    except LookbookError as error:
        st.session_state[_REFUSED] = [page.plain(str(error))]


def mark(run_ids: Sequence[str]) -> None:
    """Mark these runs and no others."""
    st.session_state[_MARKED] = list(run_ids)


def marked() -> list[Run]:
    """The runs that are marked, in the order of marking, without those that are gone."""
    found = get_runs(queries.store(), st.session_state.get(_MARKED, []))
    mark([run.id for run in found])
    return found


def apply(run_ids: Sequence[str], action: Callable[[str], object], done: str) -> None:
    """Do something with each run, then say what became of it: "2 runs stopped"."""
    outcomes = on_each(run_ids, action)
    succeeded = sum(outcome.done for outcome in outcomes)
    if succeeded:
        page.notice(f"{wording.counted(succeeded, 'run')} {done}.")
    st.session_state[_REFUSED] = [page.plain(outcome.message) for outcome in outcomes if not outcome.done]


def stop(run_ids: Sequence[str]) -> None:
    """Ask runs to stop; their checkpoints are kept."""
    apply(run_ids, partial(queue.stop, queries.store()), "asked to stop")


def resume(run_ids: Sequence[str]) -> None:
    """Queue runs again and see to it that somebody works the queue off."""
    apply(run_ids, partial(queue.resume, queries.store()), "queued to go on")
    queries.start_work()


def archive(run_ids: Sequence[str]) -> None:
    """Hide runs from the lists."""
    mark([])
    apply(run_ids, partial(labels.archive, queries.store()), "archived")


def bring_back(run_ids: Sequence[str]) -> None:
    """Show archived runs in the lists again."""
    mark([])
    apply(run_ids, partial(labels.bring_back, queries.store()), "brought back")


def pin(run_ids: Sequence[str], pinned: bool) -> None:
    """Pin runs as baselines, or unpin them."""
    done = "pinned as baseline" if pinned else "no baseline any more"
    apply(run_ids, lambda run_id: labels.set_pinned(queries.store(), run_id, pinned), done)


def run_buttons(run: Run) -> None:
    """The actions of one run, the likeliest first, the rarer ones folded."""
    with st.container(horizontal=True, key="run_actions"):
        if run.status in (QUEUED, RUNNING):
            st.button("Stop", icon=":material/stop:", on_click=stop, args=([run.id],), help="The checkpoint is kept.")
        if run.status in (STOPPED, FAILED):
            st.button("Resume", icon=":material/play_arrow:", on_click=resume, args=([run.id],), help=_RESUME_HELP)
        if run.status == FINISHED and st.button("Compare", icon=":material/difference:"):
            page.go_to("compare", run=run.id)
        if run.status == FINISHED and st.button("Explore errors", icon=":material/search:"):
            page.go_to("explore", run=run.id)
        if run.status == FINISHED:
            report_buttons([run], forms=("html",), key="page_report")
        if st.button("Clone", icon=":material/content_copy:", help="Open the launch form with this run's config."):
            page.go_to("launch", clone=run.id)
        with st.popover("More", key=_MORE, on_change="rerun", help="Rename, tags, note, baseline, archive, delete"):
            _rare_buttons(run)


def _rare_buttons(run: Run) -> None:
    for label, action in (("Rename", "rename"), ("Tags", "tags"), ("Note", "note")):
        st.button(label, on_click=ask, args=(action, [run.id]), width="stretch", key=f"ask_{action}")
    pin_label = "Unpin" if run.pinned else "Pin as baseline"
    st.button(pin_label, on_click=pin, args=([run.id], not run.pinned), width="stretch", key="pin")
    if run.archived_at is not None:
        st.button("Bring back", on_click=bring_back, args=([run.id],), width="stretch")
    elif not run.is_active:
        st.button("Archive", on_click=archive, args=([run.id],), width="stretch", help="Hide it from the lists.")
    reason = "Stop it first." if run.is_active else None
    st.button("Delete", on_click=ask, args=("delete", [run.id]), width="stretch", disabled=run.is_active, help=reason)


def bar(chosen: Sequence[Run]) -> None:
    """The actions for the marked runs; only those that at least one of them allows."""
    ids = [run.id for run in chosen]
    finished = [run.id for run in chosen if run.status == FINISHED]
    with st.container(horizontal=True, vertical_alignment="center", key="action_bar"):
        st.markdown(f"**{wording.counted(len(chosen), 'run')} marked**", width="content")
        too_few = "Mark two finished runs or more." if len(finished) < 2 else None
        if st.button("Compare", type="primary", disabled=bool(too_few), help=too_few):
            page.go_to("compare", run=finished)
        if any(run.status in (QUEUED, RUNNING) for run in chosen):
            st.button("Stop", on_click=stop, args=(ids,), key="bar_stop")
        if any(run.status in (STOPPED, FAILED) for run in chosen):
            st.button("Resume", on_click=resume, args=(ids,), key="bar_resume")
        st.button("Tags", on_click=ask, args=("tags", ids), key="bar_tags")
        if all(run.pinned for run in chosen):
            st.button("Unpin", on_click=pin, args=(ids, False), key="bar_unpin")
        else:
            st.button("Pin as baseline", on_click=pin, args=(ids, True), key="bar_pin")
        if all(run.archived_at is not None for run in chosen):
            st.button("Bring back", on_click=bring_back, args=(ids,), key="bar_bring_back")
        else:
            st.button("Archive", on_click=archive, args=(ids,), key="bar_archive")
        if any(run.status not in ACTIVE for run in chosen):
            st.button("Delete", on_click=ask, args=("delete", ids), key="bar_delete")


@st.dialog("Delete for good")
def _delete(chosen: Sequence[Run]) -> None:
    store = queries.store()
    gone = [run for run in chosen if not run.is_active]
    kept = [run for run in chosen if run.is_active]
    freed = sum(artifacts.bytes_used(store, run.id) for run in gone)
    st.write(f"This deletes {wording.counted(len(gone), 'run')}:")
    st.markdown("\n".join(f"- **{page.plain(run.name)}** ({run.id}), {page.since(run)}" for run in gone[:20]))
    if len(gone) > 20:
        st.write(f"and {len(gone) - 20} more.")
    st.write(
        "Their figures, predictions, logs and notes go, and their files with checkpoints and models: "
        f"{wording.size(freed)}. It cannot be undone; to hide runs only, archive them."
    )
    if kept:
        st.info(f"{wording.counted(len(kept), 'run')} still at work or waiting will be kept: stop them first.")
    ids = [run.id for run in gone]
    label = f"Delete {wording.counted(len(gone), 'run')}"
    if st.button(label, type="primary", disabled=not gone, on_click=_delete_now, args=(ids,)):
        st.rerun()


def _delete_now(run_ids: Sequence[str]) -> None:
    apply(run_ids, partial(labels.delete, queries.store()), "deleted")
    mark([])
    if set(run_ids) & set(pickers.in_url("run")):
        pickers.put_in_url("run", None)


@st.dialog("Rename the run")
def _rename(chosen: Sequence[Run]) -> None:
    run = chosen[0]
    with st.form("rename", border=False):
        name = st.text_input("Name", run.name, max_chars=200)
        if st.form_submit_button("Rename", type="primary"):
            with page.errors_said():
                labels.rename(queries.store(), run.id, name)
                st.rerun()


@st.dialog("Note on the run")
def _note(chosen: Sequence[Run]) -> None:
    run = chosen[0]
    with st.form("note", border=False):
        note = st.text_area("Note (Markdown)", run.note, height=200)
        if st.form_submit_button("Save", type="primary"):
            with page.errors_said():
                labels.set_note(queries.store(), run.id, note)
                st.rerun()


@st.dialog("Tags")
def _tags(chosen: Sequence[Run]) -> None:
    """One run: its tags as they shall be. Several: tags to add to each and to take off each."""
    known = known_tags(queries.store())
    common = sorted(set.intersection(*(set(run.tags) for run in chosen)))
    st.caption(", ".join(run.name for run in chosen[:5]) + (", …" if len(chosen) > 5 else ""))
    label = "Tags" if len(chosen) == 1 else "Tags that all of them have"
    wanted = st.multiselect(
        label, known, default=common, accept_new_options=True, placeholder="Type a new one or choose"
    )
    if st.button("Save", type="primary"):
        added, removed = set(wanted) - set(common), set(common) - set(wanted)
        tagged = {run.id: (set(run.tags) | added) - removed for run in chosen}
        apply(list(tagged), lambda run_id: labels.set_tags(queries.store(), run_id, tagged[run_id]), "tagged")
        st.rerun()


DIALOGS = {"delete": _delete, "rename": _rename, "note": _note, "tags": _tags}
