"""What is done with several marked runs at once, and with one by its menu: each action, and each dialog."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from jobs.running import run_edits
from jobs.settings import settings
from jobs.store import queries, run_files
from jobs.store.records import RunStatus
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, press, texts
from tests.stores import Sample

Mark = Callable[..., AppTest]
OpenDialog = Callable[[str, list[str]], AppTest]


@pytest.fixture
def mark(open_page: OpenPage) -> Mark:
    """Open the page Runs with these runs marked."""

    def marked(ids: list[str], **parameters: Any) -> AppTest:
        app = open_page("runs", **parameters)
        app.session_state["marked_runs"] = ids
        return app.run()

    return marked


def dialog_page() -> None:
    """A page that is nothing but the dialog that is asked for: AppTest runs whole pages, and would close it."""
    import streamlit as st

    from dashboard.sections.runs import acting, run_dialogs

    acting.ask(*st.session_state["wanted"])
    run_dialogs.answer()


@pytest.fixture
def open_dialog(store: Store) -> OpenDialog:
    """Open a dialog for these runs."""

    def opened(name: str, ids: list[str]) -> AppTest:
        assert store.artifacts == settings().artifacts
        app = AppTest.from_function(dialog_page, default_timeout=20)
        app.session_state["wanted"] = (name, ids)
        return app.run()

    return opened


def buttons(app: AppTest) -> list[str]:
    """The labels of all buttons."""
    return [button.label for button in app.button]


def told(app: AppTest) -> list[str]:
    """What the page tells of what was done."""
    return [toast.value for toast in app.toast]


def statuses(store: Store, ids: list[str]) -> list[RunStatus]:
    """The status of each run."""
    return [run.status for run in queries.get_runs(store, ids)]


def write_checkpoints(store: Store, run_id: str) -> Path:
    """Give a run 3 MB of checkpoints; return their folder."""
    folder = run_files.files_of(store, run_id).checkpoints
    folder.mkdir(parents=True)
    (folder / "last.pt").write_bytes(bytes(3_000_000))
    return folder


def test_stop_goes_to_those_that_wait_and_says_in_a_sentence_how_many_it_left(store: Store, mark: Mark) -> None:
    finished = stores.fill(store, 3)
    waiting = [stores.add(store, Sample(status=RunStatus.QUEUED)) for _ in range(2)]
    app = mark([*finished, *waiting]).button(key="act_stop").click().run()
    assert statuses(store, [*finished, *waiting]) == [RunStatus.FINISHED] * 3 + [RunStatus.STOPPED] * 2
    assert told(app) == ["2 runs stopping; 3 others skipped (not active)."]
    assert not app.warning


def test_resume_is_offered_as_soon_as_a_marked_run_has_stopped(store: Store, mark: Mark) -> None:
    waiting = stores.add(store, Sample(status=RunStatus.QUEUED))
    stores.add(store, Sample(status=RunStatus.QUEUED))
    app = mark([waiting])
    assert "Resume" not in buttons(app)
    app = press(app.button(key="act_stop").click().run(), "Resume")
    assert statuses(store, [waiting]) == [RunStatus.QUEUED]
    assert "Resume" not in buttons(app)


def test_a_marked_run_that_somebody_else_stops_is_offered_to_be_resumed(store: Store, mark: Mark) -> None:
    working = stores.add(store, Sample(status=RunStatus.RUNNING, epochs_done=1))
    stores.add(store, Sample(status=RunStatus.RUNNING, epochs_done=1))
    app = mark([working])
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET status = 'stopped' WHERE id = ?", (working,))
    assert "Resume" in buttons(app.run())


def test_pin_and_unpin_are_both_offered_where_some_are_pinned(store: Store, mark: Mark) -> None:
    ids = stores.fill(store, 3)
    run_edits.set_pinned(store, ids[0], True)
    app = press(mark(ids), "Pin as baseline")
    assert [run.pinned for run in queries.get_runs(store, ids)] == [True] * 3
    assert told(app) == ["2 runs pinned as baseline; 1 other skipped (already pinned)."]
    assert "Pin as baseline" not in buttons(app)
    press(app, "Unpin")
    assert [run.pinned for run in queries.get_runs(store, ids)] == [False] * 3


def test_archived_runs_among_the_marked_are_brought_back(store: Store, mark: Mark) -> None:
    ids = stores.fill(store, 2)
    run_edits.archive(store, ids[0])
    app = press(mark(ids), "Bring back")
    assert [run.id for run in queries.list_runs(store)] == [ids[1], ids[0]]
    assert told(app) == ["1 run brought back; 1 other skipped (not archived)."]


def test_archive_leaves_what_waits_or_works(store: Store, mark: Mark) -> None:
    finished, working = stores.add(store, Sample()), stores.add(store, Sample(status=RunStatus.RUNNING, epochs_done=1))
    app = press(mark([finished, working]), "Archive")
    assert [run.id for run in queries.list_runs(store)] == [working]
    assert told(app) == ["1 run archived; 1 other skipped (running, queued or archived)."]


def test_tags_are_added_to_every_marked_run_and_keep_its_own(store: Store, open_dialog: OpenDialog) -> None:
    first, second = stores.add(store, Sample(tags=("own", "both"))), stores.add(store, Sample(tags=("both",)))
    app = open_dialog("tags", [first, second])
    assert app.multiselect[-1].value == ["both"]
    app.multiselect[-1].set_value(["new"])
    press(app, "Save")
    assert [run.tags for run in queries.get_runs(store, [first, second])] == [("new", "own"), ("new",)]


def test_several_runs_get_a_name_with_a_number(store: Store, open_dialog: OpenDialog) -> None:
    ids = stores.fill(store, 2)
    app = open_dialog("rename", ids)
    app.text_input[-1].set_value("sweep")
    press(app, "Rename")
    assert [run.name for run in queries.get_runs(store, ids)] == ["sweep 1", "sweep 2"]


def test_one_run_is_renamed_and_an_empty_name_is_refused(store: Store, open_dialog: OpenDialog) -> None:
    run_id = stores.add(store, Sample(name="old"))
    app = open_dialog("rename", [run_id])
    app.text_input[-1].set_value("  ")
    app = press(app, "Rename")
    assert "Use 1 to 200." in app.error[0].value
    app.text_input[-1].set_value("new")
    press(app, "Rename")
    assert queries.get_run(store, run_id).name == "new"


def test_a_note_to_several_goes_below_what_each_says_unless_it_shall_replace_it(
    store: Store, open_dialog: OpenDialog
) -> None:
    first, second = stores.add(store, Sample(columns={"note": "first"})), stores.add(store, Sample())
    app = open_dialog("note", [first, second])
    app.text_area[0].set_value("second")
    app = press(app, "Save")
    assert [run.note for run in queries.get_runs(store, [first, second])] == ["first\n\nsecond", "second"]
    app = app.run()
    app.text_area[0].set_value("only")
    next(toggle for toggle in app.toggle if toggle.label == "Replace existing notes").set_value(True)
    press(app, "Save")
    assert [run.note for run in queries.get_runs(store, [first, second])] == ["only", "only"]


def test_the_note_of_one_run_is_edited(store: Store, open_dialog: OpenDialog) -> None:
    run_id = stores.add(store, Sample(columns={"note": "first"}))
    app = open_dialog("note", [run_id])
    assert app.text_area[0].value == "first"
    app.text_area[0].set_value("")
    press(app, "Save")
    assert queries.get_run(store, run_id).note == ""


def test_marked_runs_are_launched_again_with_several_seeds_each(store: Store, open_dialog: OpenDialog) -> None:
    sources = [stores.add(store, Sample(seed=seed, changes={"epochs": 9})) for seed in (3, 5)]
    app = open_dialog("launch_again", sources)
    next(field for field in app.number_input if field.label == "Seeds per run").set_value(2)
    app = press(app.run(), "Launch 4 runs")
    made = sorted(queries.active_runs(store), key=lambda run: run.queue_position)
    assert [(run.cloned_from, run.seed, run.epochs) for run in made] == [
        (source, seed, 9) for source, seeds in zip(sources, ((3, 4), (5, 6)), strict=True) for seed in seeds
    ]
    assert len({run.group_id for run in made}) == 2
    assert app.session_state["notices"] == ["2 runs like cnn seed 3 queued.", "2 runs like cnn seed 5 queued."]


def test_one_run_is_launched_again_with_another_seed(store: Store, open_dialog: OpenDialog) -> None:
    source = stores.add(store, Sample(seed=3))
    app = open_dialog("launch_again", [source])
    next(field for field in app.number_input if field.label == "First seed").set_value(8)
    press(app.run(), "Launch 1 run")
    (made,) = queries.active_runs(store)
    assert (made.seed, made.cloned_from, made.group_id) == (8, source, None)


@pytest.mark.parametrize(
    "name",
    ["Rename", "Tags", "Note", "Repeat with several seeds", "Move in the queue", "Delete"],
)
def test_a_dialog_is_opened_by_its_button(store: Store, mark: Mark, name: str) -> None:
    app = press(mark([stores.add(store, Sample()), stores.add(store, Sample(status=RunStatus.QUEUED))]), name)
    assert len(app.get("dialog")) == 1
    assert not app.exception


@pytest.mark.parametrize(
    ("label", "expected"),
    [("Move to the front", [1, 2, 0]), ("Move to the end", [0, 1, 2]), ("Move to position 2", [0, 1, 2])],
)
def test_marked_runs_move_in_the_queue_together_in_their_order(
    store: Store, open_dialog: OpenDialog, label: str, expected: list[int]
) -> None:
    ids = [stores.add(store, Sample(status=RunStatus.QUEUED, columns={"queue_position": place})) for place in range(3)]
    app = open_dialog("move", [ids[2], ids[1], stores.add(store, Sample())])
    app.number_input[-1].set_value(2)
    press(app.run(), label)
    assert [run.id for run in queries.active_runs(store)] == [ids[place] for place in expected]


def test_resuming_from_the_start_says_what_goes_and_asks_first(store: Store, mark: Mark) -> None:
    failed = stores.add(store, Sample(status=RunStatus.FAILED, epochs_done=3, name="lost"))
    folder = write_checkpoints(store, failed)
    app = press(mark([failed, stores.add(store, Sample())]), "Restart from the beginning")
    assert "This deletes the checkpoints and epochs of 1 run:" in texts(app)
    assert "**lost**" in texts(app)
    assert folder.exists()
    press(app, "Restart 1 run")
    assert statuses(store, [failed]) == [RunStatus.QUEUED]
    assert queries.list_epochs(store, [failed])[failed] == []
    assert not folder.exists()


def test_deleting_marked_runs_keeps_those_at_work(store: Store, mark: Mark) -> None:
    finished, working = stores.fill(store, 2), stores.add(store, Sample(status=RunStatus.RUNNING, epochs_done=1))
    app = press(mark([*finished, working]), "Delete")
    assert "1 run still running or queued will be kept: stop them first." in texts(app)
    press(app, "Delete 2 runs")
    assert [run.id for run in queries.list_runs(store)] == [working]


def test_checkpoints_of_marked_runs_are_cleared_where_they_have_finished(store: Store, mark: Mark) -> None:
    finished, stopped = stores.add(store, Sample()), stores.add(store, Sample(status=RunStatus.STOPPED, epochs_done=1))
    cleared, kept = (write_checkpoints(store, run_id) for run_id in (finished, stopped))
    app = press(mark([finished, stopped]), "Clear checkpoints")
    assert not cleared.exists()
    assert kept.exists()
    assert told(app) == ["1 run cleared of checkpoints; 1 other skipped (not finished)."]


def test_the_room_that_files_take_is_said_and_had_back(store: Store, open_page: OpenPage) -> None:
    folder = write_checkpoints(store, stores.add(store, Sample()))
    app = open_page("runs")
    assert "3.0 MB of files of 1 run; 3.0 MB of them checkpoints that finished runs no longer need" in texts(app)
    app = press(app, "Clear these checkpoints")
    assert not folder.exists()
    assert "MB of files" not in texts(app)


def test_pause_and_slots_are_there_when_nothing_waits_or_works(store: Store, open_page: OpenPage) -> None:
    app = open_page("runs")
    app.number_input(key="queue_slots").set_value(3).run()
    assert queries.queue_state(store).slots == 3
    assert "0 running on 3 slots, 0 queued." in texts(app)


def test_the_epochs_of_a_run_that_began_anew_are_no_longer_shown(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(status=RunStatus.STOPPED, epochs_done=4))
    app = open_page("runs", run=run_id)
    assert len(app.dataframe[0].value) == 4
    with store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM epochs WHERE run_id = ? AND epoch > 2", (run_id,))
        connection.exec_driver_sql("UPDATE epochs SET val_loss = 9 WHERE run_id = ? AND epoch = 2", (run_id,))
    shown = app.run().dataframe[0].value
    assert len(shown) == 2
    assert "9.0000" in shown.iloc[1].astype(str).to_list()


def test_a_run_that_has_trained_its_last_epoch_is_said_to_test(store: Store, open_page: OpenPage) -> None:
    sample = Sample(status=RunStatus.RUNNING, epochs_done=20, columns={"epoch": 20, "best_epoch": 11})
    run_id = stores.add(store, sample)
    with stores.at_work(store, run_id):
        app = open_page("runs", run=run_id)
    shown = [bar.proto.text for bar in app.get("progress")]
    assert shown == ["epoch 20 of 20 complete; testing the weights of epoch 11"]
