"""What can be done with one run or several: the buttons, each for those of the runs that it applies to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.statistics import wording
from dashboard import page, permitted
from dashboard.queries import run_queries
from dashboard.sections.runs.acting import apply, ask, mark, menu_key
from dashboard.sections.shared.take_along import report_buttons
from jobs.people import Role
from jobs.running import queue, run_edits
from jobs.store.queries import get_runs
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store


@dataclass(frozen=True)
class Action:
    """Something that is done with runs at a click, by who launched them or an admin."""

    label: str
    fits: Callable[[Run], bool]
    do: Callable[[Store, str], object]
    done: str
    """What is told of the runs that it was done with: "archived"."""
    left: str
    """What is told of the marked runs that it does not apply to: "skipped (not archived)"."""
    icon: str | None = None
    help: str | None = None
    hides: bool = False
    """Whether the runs leave the list, so that they are no longer marked."""


def _any(_run: Run) -> bool:
    return True


ACTIONS = {
    "stop": Action(
        "Stop",
        lambda run: run.status in (RunStatus.QUEUED, RunStatus.RUNNING),
        queue.stop,
        "stopping",
        "skipped (not active)",
        ":material/stop:",
        "The last checkpoint is kept.",
    ),
    "resume": Action(
        "Resume",
        queue.is_resumable,
        queue.resume,
        "queued to resume",
        "skipped (not stopped or failed)",
        ":material/play_arrow:",
        "Continues from the last checkpoint with the same configuration.",
    ),
    "pin": Action(
        "Pin as baseline",
        lambda run: not run.pinned,
        lambda store, run_id: run_edits.set_pinned(store, run_id, True),
        "pinned as baseline",
        "skipped (already pinned)",
    ),
    "unpin": Action(
        "Unpin",
        lambda run: run.pinned,
        lambda store, run_id: run_edits.set_pinned(store, run_id, False),
        "unpinned",
        "skipped (not pinned)",
    ),
    "archive": Action(
        "Archive",
        lambda run: run.archived_at is None and not run.is_active,
        run_edits.archive,
        "archived",
        "skipped (running, queued or archived)",
        help="Hides the run from lists.",
        hides=True,
    ),
    "bring_back": Action(
        "Bring back",
        lambda run: run.archived_at is not None,
        run_edits.bring_back,
        "brought back",
        "skipped (not archived)",
        hides=True,
    ),
    "clear": Action(
        "Clear checkpoints",
        lambda run: run.status == RunStatus.FINISHED,
        run_edits.clear_checkpoints,
        "cleared of checkpoints",
        "skipped (not finished)",
        help="A finished run no longer needs them. Its metrics, predictions and model are kept.",
    ),
}


@dataclass(frozen=True)
class Dialog:
    """Something that is asked for in a dialog, the runs that it is for, and the least role that it takes."""

    label: str
    fits: Callable[[Run], bool] = _any
    needs: Role = Role.LAUNCH
    of_owner: bool = True
    """Whether it is only for who launched the run, and for admins."""


_DIALOGS = {
    "rename": Dialog("Rename"),
    "tags": Dialog("Tags", needs=Role.REVIEW, of_owner=False),
    "note": Dialog("Note", needs=Role.REVIEW, of_owner=False),
    "launch_again": Dialog("Repeat with several seeds", of_owner=False),
    "move": Dialog("Move in the queue", lambda run: run.status == RunStatus.QUEUED),
    "start_over": Dialog("Restart from the beginning", queue.is_resumable),
    "delete": Dialog("Delete", lambda run: not run.is_active),
}


TAKES = {"commenting and changing tags and notes": Role.REVIEW, "launching and changing runs": Role.LAUNCH}
"""What a page of runs is for, with the least role that it takes."""
_RARE = ("note", "launch_again", "move", "start_over")


def act(name: str, run_ids: Sequence[str]) -> None:
    """Do it with those of the runs that it applies to, as they are now, and say how many it left out."""
    action, runs = ACTIONS[name], get_runs(run_queries.store(), run_ids)
    fitting = [run.id for run in runs if action.fits(run)]
    others = len(runs) - len(fitting)
    left = f"{wording.counted(others, 'other')} {action.left}" if others else ""
    if action.hides:
        mark([])
    apply(fitting, partial(action.do, run_queries.store()), action.done, left)
    run_queries.forget_space()
    if name == "resume":
        run_queries.start_work()


def run_buttons(run: Run) -> None:
    """The actions of one run, the likeliest first, the rarer ones folded."""
    with st.container(horizontal=True, key="run_actions"):
        _buttons(("stop", "resume"), [run])
        if run.status == RunStatus.FINISHED:
            if st.button("Compare", icon=":material/difference:"):
                page.go_to("compare", run=run.id)
            if st.button("Explore errors", icon=":material/search:"):
                page.go_to("explore", run=run.id)
            report_buttons([run], forms=("html",), key="page_report")
        _clone_button(run)
        if run.status == RunStatus.FINISHED and permitted.may(Role.LAUNCH):
            help = "Open the launch form for a run that begins with this one's weights."
            if st.button("Start from it", icon=":material/start:", help=help):
                page.go_to("launch", start=run.id)
        if not permitted.may(Role.REVIEW):
            return
        with st.popover("More", key=menu_key(), on_change="rerun", help=_inside("Rename, baseline, archive, delete")):
            _menu([run], ("rename", "tags", *_RARE), ("pin", "unpin", "archive", "bring_back", "clear"))
            _ask_button("delete", [run], wide=True, why_not=_why_kept(run))


def _why_kept(run: Run) -> str | None:
    """What has to be done before a run can be deleted; None where nothing has."""
    if run.is_active:
        return "Stop it first."
    if run.is_locked:
        return "It is pinned or accepted: unpin it, or withdraw the acceptance in its section Review."
    return None


def _inside(more: str) -> str:
    """What is in the menu of rarer actions: for reviewers less than for who may launch."""
    return f"Tags, note; {more[0].lower()}{more[1:]}" if permitted.may(Role.LAUNCH) else "Tags, note"


def bar(chosen: Sequence[Run]) -> None:
    """The actions for the marked runs; only those that at least one of them allows."""
    with st.container(horizontal=True, vertical_alignment="center", key="action_bar"):
        st.markdown(f"**{wording.counted(len(chosen), 'run')} selected**", width="content")
        too_few = sum(run.status == RunStatus.FINISHED for run in chosen) < 2
        advice = (
            "Select two or more finished runs." if too_few else "The pinned run is the baseline, otherwise the oldest."
        )
        if st.button("Compare", type="primary", disabled=too_few, help=advice):
            page.go_to("compare", run=[run.id for run in _baseline_first(chosen)])
        _buttons(("stop", "resume"), chosen)
        if len(chosen) == 1:
            _clone_button(chosen[0])
        _ask_button("tags", chosen)
        _buttons(("pin", "unpin", "archive", "bring_back"), chosen)
        if any(_DIALOGS["delete"].fits(run) for run in chosen):
            _ask_button("delete", chosen)
        if permitted.may(Role.REVIEW):
            with st.popover("More", key=menu_key(), on_change="rerun", help=_inside("Rename, repeat, move")):
                _menu(chosen, ("rename", *_RARE), ("clear",))


def _baseline_first(chosen: Sequence[Run]) -> list[Run]:
    """The pinned runs, then the others, each from the oldest on: whoever opens Compare finds the baseline first."""
    return sorted(chosen, key=lambda run: (not run.pinned, run.created_at))


def _buttons(names: Sequence[str], chosen: Sequence[Run], *, wide: bool = False) -> None:
    """A button for each of these actions that applies to one of the runs at least, disabled where all are others'."""
    have = permitted.rights()
    if not have.may(Role.LAUNCH):
        return
    for name in names:
        action = ACTIONS[name]
        if fitting := [run for run in chosen if action.fits(run)]:
            why_not = have.why_not_change(fitting)
            st.button(
                action.label,
                key=f"act_{name}",
                icon=action.icon,
                disabled=why_not is not None,
                help=why_not or action.help,
                width="stretch" if wide else "content",
                on_click=act,
                args=(name, [run.id for run in chosen]),
            )


def _menu(chosen: Sequence[Run], dialogs: Sequence[str], names: Sequence[str]) -> None:
    for dialog in dialogs:
        if any(_DIALOGS[dialog].fits(run) for run in chosen):
            _ask_button(dialog, chosen, wide=True)
    _buttons(names, chosen, wide=True)


def _ask_button(name: str, chosen: Sequence[Run], *, wide: bool = False, why_not: str | None = None) -> None:
    """The button of a dialog, disabled where there is a reason or the runs are others'; none for a role too low."""
    dialog, have = _DIALOGS[name], permitted.rights()
    if not have.may(dialog.needs):
        return
    if dialog.of_owner:
        why_not = have.why_not_change([run for run in chosen if dialog.fits(run)]) or why_not
    st.button(
        dialog.label,
        key=f"ask_{name}",
        on_click=ask,
        args=(name, [run.id for run in chosen]),
        disabled=why_not is not None,
        help=why_not,
        width="stretch" if wide else "content",
    )


def _clone_button(run: Run) -> None:
    help = "Open the launch form with this run's configuration."
    if permitted.may(Role.LAUNCH) and st.button("Clone", icon=":material/content_copy:", help=help):
        page.go_to("launch", clone=run.id)
