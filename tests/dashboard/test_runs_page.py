"""Runs: the table with its filters and actions, and the page of one run."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from jobs.running import run_edits
from jobs.store import queries
from jobs.store.records import RunStatus
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, press, texts
from tests.dashboard.test_explore_page import shown_in
from tests.stores import Sample

SECTIONS = ("curves", "classes", "confusion", "calibration", "faults", "review", "config", "log", "files", "history")


def buttons(app: AppTest) -> list[str]:
    """The labels of all buttons."""
    return [button.label for button in app.button]


def test_an_empty_store_leads_to_a_launch(open_page: OpenPage) -> None:
    assert "No runs yet" in texts(open_page("runs"))


def test_the_table_counts_what_the_filter_finds(store: Store, open_page: OpenPage) -> None:
    stores.fill(store, 5)
    stores.add(store, Sample(name="unmistakable"))
    assert "6 runs." in texts(open_page("runs"))
    assert "1 run." in texts(open_page("runs", model="resnet18"))
    assert "1 run." in texts(open_page("runs", search="unmist"))
    assert "No runs match these filters." in texts(open_page("runs", search="nothing of the kind"))


def test_archived_runs_are_listed_only_when_asked_for(store: Store, open_page: OpenPage) -> None:
    first, _ = stores.fill(store, 2)
    run_edits.archive(store, first)
    assert "1 run." in texts(open_page("runs"))
    assert "1 run." in texts(open_page("runs", archived="yes"))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_of_a_finished_run_opens_by_its_link(store: Store, open_page: OpenPage, section: str) -> None:
    run_id = stores.add(store, Sample(name="the one"))
    app = open_page("runs", run=run_id, section=section)
    assert app.title[0].value == "the one"
    assert not app.exception
    assert not app.error


def test_a_finished_run_shows_accuracy_interval_best_epoch_and_times(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    run = queries.get_run(store, run_id)
    text = texts(open_page("runs", run=run_id))
    assert f"{100 * run.test_accuracy:.2f} % 95 %: " in text
    assert f"epoch {run.best_epoch} of 20" in text
    assert "queued for 3 s" in text


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.STOPPED, RunStatus.FAILED])
@pytest.mark.parametrize("section", SECTIONS)
def test_a_run_that_has_not_finished_opens_in_every_section(
    store: Store, open_page: OpenPage, status: RunStatus, section: str
) -> None:
    run_id = stores.add(store, Sample(status=status, epochs_done=2))
    app = open_page("runs", run=run_id, section=section)
    assert not app.exception
    assert not any("trace" in error.value.lower() for error in app.error)


def test_a_failed_run_says_why_what_to_do_and_how_the_log_ended(store: Store, open_page: OpenPage) -> None:
    columns = {"error_kind": "memory", "error_message": "Memory ran out.", "error_advice": "Use a smaller batch size."}
    run_id = stores.add(store, Sample(status=RunStatus.FAILED, epochs_done=1, columns=columns))
    stores.write_log(store, run_id, "first line\nlast words\n")
    app = open_page("runs", run=run_id)
    assert "Failed (memory): Memory ran out." in app.error[0].value
    assert "Use a smaller batch size." in app.error[0].value
    assert "last words" in app.code[0].value


def test_an_unknown_run_is_said_with_a_way_back(open_page: OpenPage) -> None:
    app = open_page("runs", run="nosuchid")
    assert "There is no run nosuchid." in app.error[0].value
    assert "Back to all runs" in str([link.proto for link in app.get("page_link")])
    assert not app.exception


def test_a_run_deleted_while_its_page_is_open_is_said(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    app = open_page("runs", run=run_id)
    run_edits.delete(store, run_id)
    app.run()
    assert f"There is no run {run_id}." in app.error[0].value


def test_stop_and_resume_are_a_click_each(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(status=RunStatus.QUEUED))
    app = press(open_page("runs", run=run_id), "Stop")
    assert queries.get_run(store, run_id).status == RunStatus.STOPPED
    press(app, "Resume")
    assert queries.get_run(store, run_id).status == RunStatus.QUEUED


def test_what_a_run_does_not_allow_is_not_offered(store: Store, open_page: OpenPage) -> None:
    finished = stores.add(store, Sample())
    assert not {"Stop", "Resume"} & set(buttons(open_page("runs", run=finished)))
    running = stores.add(store, Sample(status=RunStatus.RUNNING))
    app = open_page("runs", run=running)
    assert next(button for button in app.button if button.label == "Delete").disabled


def test_a_pinned_run_is_archived_when_it_is_unpinned(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(name="kept"))
    app = press(open_page("runs", run=run_id), "Pin as baseline")
    press(app, "Archive")
    run = queries.get_run(store, run_id)
    assert run.pinned
    assert run.archived_at is None
    assert "Run kept is pinned as a baseline and cannot be archived. Unpin it first." in texts(app)
    press(press(app, "Unpin"), "Archive")
    assert queries.get_run(store, run_id).archived_at is not None


def test_deleting_asks_first_names_the_run_and_its_bytes_then_deletes(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(name="to be gone"))
    stores.write_log(store, run_id, "x" * 2_000)
    app = press(open_page("runs", run=run_id), "Delete")
    assert "to be gone" in texts(app)
    assert "2.0 kB" in texts(app)
    assert queries.get_run(store, run_id)
    press(app, "Delete 1 run")
    assert queries.count_runs(store) == 0


def test_marked_runs_bring_the_action_bar(store: Store, open_page: OpenPage) -> None:
    ids = stores.fill(store, 3)
    app = open_page("runs")
    app.session_state["marked_runs"] = ids[:2]
    app.run()
    assert "**2 runs selected**" in texts(app)
    press(app, "Archive")
    assert [run.id for run in queries.list_runs(store)] == [ids[2]]


def test_the_queue_is_paused_and_reordered_from_the_page(store: Store, open_page: OpenPage) -> None:
    first, second = (
        stores.add(store, Sample(status=RunStatus.QUEUED, created_at=time.time() + place)) for place in range(2)
    )
    app = open_page("runs")
    app.toggle(key="queue_paused").set_value(True).run()
    assert queries.queue_state(store).paused
    app.button(key=f"earlier_{second}").click().run()
    assert [run.id for run in queries.active_runs(store)] == [second, first]


def test_asking_for_a_dialog_of_runs_that_are_gone_opens_nothing(open_page: OpenPage) -> None:
    app = open_page("runs")
    app.session_state["asked_action"] = ("delete", ["nosuchid"])
    app.run()
    assert not app.exception


def test_all_marked_runs_go_to_compare_the_pinned_one_first_then_the_oldest(store: Store, open_page: OpenPage) -> None:
    old, pinned, new = stores.fill(store, 3)
    halted = stores.add(store, Sample(status=RunStatus.STOPPED, epochs_done=1))
    run_edits.set_pinned(store, pinned, True)
    app = open_page("runs")
    app.session_state["marked_runs"] = [halted, new, pinned, old]
    app = press(app.run(), "Compare")
    assert app.query_params["run"] == [pinned, old, new, halted]


def test_of_a_log_only_what_is_new_is_read(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(status=RunStatus.RUNNING, epochs_done=1))
    stores.write_log(store, run_id, "first line\n")
    app = open_page("runs", run=run_id, section="log")
    stores.write_log(store, run_id, "other line\nsecond line\n")
    assert app.run().code[0].value == "first line\nsecond line"


def test_a_note_asks_no_other_server_for_a_picture(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(columns={"note": "**bold** ![x](http://host/p.png)"}))
    assert r"**bold** !\[x](http://host/p.png)" in texts(open_page("runs", run=run_id))


def test_a_setting_is_shown_as_written(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(model="resnet18", changes={"weights_file": "/a/![x](b).pth"}))
    assert r"/a/!\[x\](b).pth" in texts(open_page("runs", run=run_id, section="config"))


def test_groups_of_seeds_are_listed_a_page_at_a_time(store: Store, open_page: OpenPage) -> None:
    for place in range(51):
        stores.add(store, Sample(status=RunStatus.QUEUED, name=f"group {place}", columns={"group_id": f"g{place}"}))
    app = open_page("runs", by="groups", page="2")
    assert [row[0]["text"][2:] for row in shown_in(app, "groups")["rows"]] == ["group 0"]
    along = [button.proto.label for button in app.get("download_button")]
    assert along == ["CSV of this page", "CSV of all groups"]
