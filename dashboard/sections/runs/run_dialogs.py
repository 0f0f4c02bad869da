"""The dialogs that ask before something is written on runs, launched again, moved or deleted."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from core.config import LAST_SEED
from core.statistics import wording
from dashboard import page, page_wording, pickers
from dashboard.queries import run_queries
from dashboard.sections.runs.acting import apply, attempt, mark, say_refused, take_asked
from jobs.bulk import numbered_names
from jobs.running import queue, run_edits
from jobs.running.cloning import changed_config, clone
from jobs.running.queue import MOST_SEEDS
from jobs.store import run_files
from jobs.store.queries import get_runs, known_tags, queue_state
from jobs.store.records import Run, RunStatus
from jobs.store.store_errors import ChangedMeanwhile

NAMED = 5
_LAUNCHABLE = "launchable_again"
_KNOWN = "tags_to_choose"
_SEEN = "seen_meanwhile"
"""What was written meanwhile and has been shown beside an edit: the next save knows of it."""


def answer() -> None:
    """Open the dialog that was asked for, and say what was refused; to be called once at the top of a view."""
    say_refused()
    action, chosen = take_asked()
    if chosen:
        for left in (_SEEN, _KNOWN):
            st.session_state.pop(left, None)
        st.session_state[_LAUNCHABLE] = [run.id for run in chosen]
        DIALOGS[action](chosen)


def _names(chosen: Sequence[Run]) -> None:
    st.caption(page.plain(wording.listed([run.name for run in chosen], NAMED)))


@st.dialog("Delete permanently")
def _delete(chosen: Sequence[Run]) -> None:
    store = run_queries.store()
    gone = [run for run in chosen if not run.is_active and not run.is_locked]
    active = sum(run.is_active for run in chosen)
    locked = len(chosen) - len(gone) - active
    freed = sum(run_files.bytes_used(store, run.id) for run in gone)
    st.write(f"This deletes {wording.counted(len(gone), 'run')}:")
    st.markdown("\n".join(f"- **{page.plain(run.name)}** ({run.id}), {page.since(run)}" for run in gone[:20]))
    if len(gone) > 20:
        st.write(f"and {len(gone) - 20} more.")
    st.write(
        "Their metrics, predictions, logs, notes, comments, checkpoints and models are deleted "
        f"({wording.size(freed)}). This cannot be undone. To hide runs, archive them instead."
    )
    if active:
        st.info(f"{wording.counted(active, 'run')} still running or queued will be kept: stop them first.")
    if locked:
        st.info(
            f"{wording.counted(locked, 'run')} pinned or accepted will be kept: unpin them, or withdraw the "
            "acceptance, first."
        )
    ids = [run.id for run in gone]
    label = f"Delete {wording.counted(len(gone), 'run')}"
    if st.button(label, type="primary", disabled=not gone, on_click=_delete_now, args=(ids,)):
        st.rerun()


def _delete_now(run_ids: Sequence[str]) -> None:
    apply(run_ids, partial(run_edits.delete, run_queries.store()), "deleted")
    run_queries.forget_space()
    mark([])
    if set(run_ids) & set(pickers.in_url("run")):
        pickers.put_in_url("run", None)


@st.dialog("Restart from the beginning")
def _start_over(chosen: Sequence[Run]) -> None:
    """What is trained so far goes, so it asks first."""
    anew = [run for run in chosen if queue.is_resumable(run)]
    st.write(f"This deletes the checkpoints and epochs of {wording.counted(len(anew), 'run')}:")
    st.markdown(
        "\n".join(f"- **{page.plain(run.name)}** ({run.id}), {page_wording.progress(run)}" for run in anew[:20])
    )
    st.write("They start again at the end of the queue. To continue from the checkpoint, choose Resume.")
    label = f"Restart {wording.counted(len(anew), 'run')}"
    if st.button(label, type="primary", disabled=not anew, on_click=_start_over_now, args=([run.id for run in anew],)):
        st.rerun()


def _start_over_now(run_ids: Sequence[str]) -> None:
    apply(run_ids, partial(queue.start_over, run_queries.store()), "queued to restart")
    run_queries.start_work()


@st.dialog("Repeat with several seeds")
def _launch_again(chosen: Sequence[Run]) -> None:
    """Every run once more with its own config, by one seed or several."""
    _names(chosen)
    first = st.number_input("First seed", 0, LAST_SEED, None, placeholder="Each run's own seed")
    seeds = st.number_input("Seeds per run", 1, MOST_SEEDS, help="More than one makes a seed group of each run.")
    label = f"Launch {wording.counted(seeds * len(chosen), 'run')}"
    if st.button(label, type="primary", icon=":material/rocket_launch:", on_click=_launch_now, args=(first, seeds)):
        st.rerun()


def _launch_now(first: int | None, seeds: int) -> None:
    """Queue them once: a second click on the button finds nothing to launch any more."""
    for run in get_runs(run_queries.store(), st.session_state.pop(_LAUNCHABLE, [])):
        attempt(partial(_clone, run, first, seeds), f"{wording.counted(seeds, 'run')} like {run.name} queued.")
    mark([])
    run_queries.start_work()


def _clone(run: Run, first: int | None, seeds: int) -> None:
    config = changed_config(run, {} if first is None else {"seed": first})
    clone(run_queries.store(), run, config, seeds if seeds > 1 else None)


@st.dialog("Move in the queue")
def _move(chosen: Sequence[Run]) -> None:
    """Together, in the order in which they wait now."""
    waiting = sorted((run for run in chosen if run.status == RunStatus.QUEUED), key=lambda run: run.queue_position)
    last = max(queue_state(run_queries.store()).queued - len(waiting) + 1, 1)
    _names(waiting)
    place = st.number_input("Position of the first run", 1, last, help=f"1 is next, {last} is the end of the queue.")
    with st.container(horizontal=True):
        for words, where in ((f"to position {place}", place), ("to the front", 1), ("to the end", queue.LAST)):
            if st.button(f"Move {words}", on_click=_move_now, args=(waiting, where, words)):
                st.rerun()


def _move_now(waiting: Sequence[Run], place: int, words: str) -> None:
    ids = [run.id for run in waiting]
    told = f"{wording.counted(len(ids), 'run')} moved {words} of the queue."
    attempt(partial(queue.move, run_queries.store(), ids, place), told)


@st.dialog("Rename")
def _rename(chosen: Sequence[Run]) -> None:
    with st.form("rename", border=False):
        name = st.text_input("Name", chosen[0].name if len(chosen) == 1 else "", max_chars=200)
        if len(chosen) > 1:
            st.caption(f"The {len(chosen)} runs are numbered: “sweep 1”, “sweep 2”.")
        if st.form_submit_button("Rename", type="primary"):
            names = dict(zip((run.id for run in chosen), numbered_names(name, len(chosen)), strict=True))
            _write(chosen, lambda run: _replace(run_edits.rename, run, "name", names[run.id]))


@st.dialog("Note")
def _note(chosen: Sequence[Run]) -> None:
    """One run: its note as it shall be. Several: a paragraph for each, which takes nothing away unless asked to."""
    _names(chosen)
    alone = len(chosen) == 1
    with st.form("note", border=False):
        note = st.text_area("Note (Markdown)", chosen[0].note if alone else "", height=200)
        replace = alone
        if not alone and any(run.note for run in chosen):
            replace = st.toggle("Replace existing notes", help="Otherwise the text is added below each note.")
        if st.form_submit_button("Save", type="primary"):
            if replace:
                _write(chosen, lambda run: _replace(run_edits.set_note, run, "note", note))
            else:
                _write(chosen, lambda run: run_edits.add_to_note(run_queries.store(), run.id, note))


def _write(chosen: Sequence[Run], action: Callable[[Run], object]) -> None:
    """Do it to each and close the dialog; where the first is refused say why, and leave the dialog open."""
    with page.errors_said():
        for run in chosen:
            action(run)
        st.rerun()


def _replace(write: Callable[..., None], run: Run, what: str, words: str) -> None:
    """Replace a text of a run unless it is another one by now than this dialog has shown; then show that too."""
    seen: dict[tuple[str, str], str] = st.session_state.setdefault(_SEEN, {})
    try:
        write(run_queries.store(), run.id, words, based_on=seen.get((run.id, what), getattr(run, what)))
    except ChangedMeanwhile as changed:
        seen[run.id, what] = changed.now
        st.code(changed.now, language=None, wrap_lines=True)
        raise


@st.dialog("Tags")
def _tags(chosen: Sequence[Run]) -> None:
    """One run: its tags as they shall be. Several: tags to add to each and to take off each."""
    # As when it was opened: with other options the control would be another one, and forget what was chosen.
    known = st.session_state.setdefault(_KNOWN, known_tags(run_queries.store()))
    common = sorted(set.intersection(*(set(run.tags) for run in chosen)))
    _names(chosen)
    label = "Tags" if len(chosen) == 1 else "Tags shared by all"
    wanted = st.multiselect(
        label, known, default=common, accept_new_options=True, placeholder="Choose or type a new tag"
    )
    if st.button("Save", type="primary"):
        added, removed = set(wanted) - set(common), set(common) - set(wanted)
        change = partial(run_edits.change_tags, run_queries.store(), added=added, removed=removed)
        apply([run.id for run in chosen], change, "tagged")
        st.rerun()


DIALOGS: dict[str, Callable[[Sequence[Run]], None]] = {
    "delete": _delete,
    "start_over": _start_over,
    "launch_again": _launch_again,
    "move": _move,
    "rename": _rename,
    "note": _note,
    "tags": _tags,
}
