"""The command line: what it prints, where, and its exit status."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from PIL import Image, ImageDraw

from core.classes import CLASS_NAMES
from core.config import with_changes
from core.statistics import wording
from jobs.cli import launching, lookbook, main, reading
from jobs.running import queue, run_edits
from jobs.settings import ROOT, settings
from jobs.store import run_files, schema
from jobs.store.queries import active_runs, get_run, list_epochs, list_runs, queue_state
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store
from tests import stores
from tests.jobs.configs import TINY
from tests.stores import Sample
from tests.untrained import add_run_with_model

Capture = pytest.CaptureFixture[str]
SHOWN = {
    *("id", "name", "status", "model", "preset", "config", "epochs", "best_epoch", "test_loss", "test_accuracy"),
    *("confusion_matrix", "per_class", "duration_s", "queued_s", "error"),
}
EPOCH = {
    *("epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate", "duration_s"),
    *("val_balanced_accuracy", "val_macro_f1"),
}


def run(capture: Capture, *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    status = main(arguments, "python -m jobs")
    written = capture.readouterr()
    return status, written.out, written.err


def refused(capture: Capture, *arguments: str) -> str:
    """The one line that a command says when it did not work."""
    status, out, error = run(capture, *arguments)
    assert status != 0
    assert out == ""
    assert error.startswith("Error: ")
    assert error.count("\n") == 1
    return error


def test_launch_prints_the_id_of_the_run_it_queued(store: Store, capsys: Capture) -> None:
    changes = ["--set", "epochs=3", "--set", "learning_rate=0.01", "--set", "augmentation=none"]
    status, out, _ = run(capsys, "launch", "cnn", "--name", "mine", "--seed", "7", "--tag", "first", *changes)
    launched = get_run(store, out.strip())
    assert status == 0
    assert (launched.name, launched.seed, launched.epochs, launched.tags) == ("mine", 7, 3, ("first",))
    assert (launched.config.learning_rate, launched.config.augmentation) == (0.01, "none")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_waiting_for_a_run_that_is_deleted_meanwhile_fails_and_says_so(
    store: Store, capsys: Capture, monkeypatch: pytest.MonkeyPatch, form: list[str]
) -> None:
    def delete_all(_seconds: float) -> None:
        with store.writing() as connection:
            connection.execute(schema.runs.delete())

    monkeypatch.setattr(launching.time, "sleep", delete_all)
    status, out, error = run(capsys, "launch", "cnn", "--wait", *form)
    assert status == 1
    assert (out == "") == bool(form)
    assert "Error: Deleted meanwhile: " in error


def test_launch_prints_the_id_also_where_nobody_can_work_on_the_run(
    live_store: Store, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "artifacts").write_text("no folder")
    status, out, error = run(capsys, "launch", "cnn")
    assert (status, out) == (0, f"{list_runs(live_store)[0].id}\n")
    assert error.startswith("No supervisor could be started: ")


def test_launch_json_is_one_object_and_a_list_with_seeds(store: Store, capsys: Capture) -> None:
    status, out, _ = run(capsys, "launch", "cnn", "--json")
    assert status == 0
    assert json.loads(out)["id"] == list_runs(store)[0].id
    assert json.loads(out)["status"] == "queued"
    status, out, _ = run(capsys, "launch", "cnn", "--seeds", "2", "--seed", "5", "--json")
    assert status == 0
    assert [get_run(store, summary["id"]).seed for summary in json.loads(out)] == [5, 6]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["launch", "vgg"], "no preset 'vgg'"),
        (["launch", "cnn", "--set", "epochs=0"], "epochs = 0"),
        (["launch", "cnn", "--set", "epochs"], "has no value"),
        (["launch", "cnn", "--set", "epoch=3"], "epoch is not a setting"),
        (["launch", "cnn", "--seeds", "51"], "1 to 50"),
        (["launch", "cnn", "--seeds", "0"], "1 to 50"),
        (["launch", "cnn", "--seeds", f"{2**80}"], "1 to 50"),
        (["launch", "quick", "--seed", f"{2**31 - 1}", "--seeds", "3"], "a seed from 0 to 2147483645"),
        (["launch", "quick", "--seed", f"{2**80}"], "less than or equal to 2147483647"),
        (["launch", "quick", "--seed", f"{2**80}", "--seeds", "2"], "less than or equal to 2147483647"),
        (["launch", "quick", "--seed", "-1"], "greater than or equal to 0"),
        (["launch", "quick", "--folds", f"{2**80}"], "Choose 2 to 20"),
        (["launch", "quick", "--folds", "-1"], "Choose 2 to 20"),
        (["launch", "quick", "--set", f"seed={'9' * 5000}"], "exceeded maximum size"),
        (["launch", "quick", "--set", f"unfrozen_layers={'[' * 100_000}"], "unfrozen_layers"),
        (["launch", "quick", "--set", "learning_rate=NaN"], "learning_rate"),
        (["launch", "quick", "--set", "weights_file=\udcff"], "weights_file"),
        (["launch", "cnn", "--set", "preset=zzz"], "Known are quick, cnn"),
        (["launch", "cnn", "--set", "unfrozen_layers=layer3"], "only used with pretrained=true"),
        (["list", "--status", "frob"], "is not one of"),
        (["show", "nosuchid"], "no run 'nosuchid'"),
        (["stop", "nosuchid"], "no run 'nosuchid'"),
        (["slots", "0"], "1 to 64"),
        (["move", "one", "soon"], "'soon' is not a position"),
        (["clear-checkpoints"], "Name runs, or use --all"),
        (["dance"], "No such command 'dance'"),
        (["show"], "Missing argument 'RUN'"),
        (["show", "a", "b"], "unexpected extra argument"),
        (["launch", "cnn", "--seeds", "2", "--folds", "2"], "--seeds and --folds exclude each other"),
        (["suspects", "a", "--json", "--csv"], "--json and --csv exclude each other"),
        (["launch", "cnn", "--name", "--json"], "'--name' requires an argument"),
        (["launch", "cnn", "--frob"], "No such option"),
        (["launch", "cnn", "--seed", "one"], "not a valid integer"),
        (["photo-set"], "Missing command"),
        ([], "Missing command"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_on_stderr(
    store: Store, capsys: Capture, arguments: list[str], reason: str
) -> None:
    assert reason in refused(capsys, *arguments)
    assert list_runs(store) == []


def test_show_json_holds_everything_of_a_finished_run(store: Store, capsys: Capture) -> None:
    run_id = stores.add(store, Sample(epochs_done=4))
    status, out, _ = run(capsys, "show", run_id, "--json")
    shown = json.loads(out)
    assert status == 0
    assert shown.keys() >= SHOWN
    assert [epoch.keys() for epoch in shown["epochs"]] == [EPOCH] * 4
    matrix = shown["confusion_matrix"]
    assert sum(map(sum, matrix)) == 10_000
    assert [sum(row) for row in matrix] == [row["support"] for row in shown["per_class"]] == [1000] * 10
    assert shown["test_accuracy"] == pytest.approx(sum(matrix[label][label] for label in range(10)) / 10_000)
    assert [row["name"] for row in shown["per_class"]] == list(CLASS_NAMES)
    assert {"precision", "recall", "f1"} <= shown["per_class"][0].keys()


def test_list_and_show_give_every_accuracy_its_interval(store: Store, capsys: Capture) -> None:
    run_id = stores.add(store, Sample())
    share = r"\d\d\.\d\d % \(\d\d\.\d\d to \d\d\.\d\d\)"
    _, out, _ = run(capsys, "list")
    assert len(re.findall(share, out)) == 2
    _, out, _ = run(capsys, "show", run_id)
    assert re.search(r"Host +workshop", out)
    assert re.search(rf"Best validation accuracy +{share} at epoch", out)
    assert re.search(rf"Trouser +\S+ % +{share}", out)
    shown = json.loads(run(capsys, "show", run_id, "--json")[1])
    for name in ("best_val_accuracy", "test_accuracy", "top2_accuracy"):
        low, high = shown[f"{name}_interval"]
        assert low < shown[name] < high
    low, high = shown["per_class"][0]["recall_interval"]
    assert low < shown["per_class"][0]["recall"] < high


@pytest.mark.parametrize("flips", [False, True])
def test_show_says_whether_an_accuracy_is_one_with_flips(store: Store, capsys: Capture, flips: bool) -> None:
    _, out, _ = run(capsys, "show", stores.add(store, Sample(changes={"test_time_flips": flips})))
    assert ("cnn, with test-time flips" in out) == flips


def test_show_json_of_a_queued_run_has_the_same_keys_and_no_figures(store: Store, capsys: Capture) -> None:
    run_id = queue.launch(store, TINY)
    _, out, _ = run(capsys, "show", run_id, "--json")
    shown = json.loads(out)
    assert shown.keys() >= SHOWN
    assert (shown["status"], shown["epochs"], shown["confusion_matrix"], shown["error"]) == ("queued", [], None, None)


def test_list_json_lists_newest_first_and_filters(store: Store, capsys: Capture) -> None:
    ids = stores.fill(store, 3)
    waiting = queue.launch(store, TINY)
    _, out, _ = run(capsys, "list", "--json")
    assert [summary["id"] for summary in json.loads(out)] == [waiting, *reversed(ids)]
    _, out, _ = run(capsys, "list", "--json", "--status", "queued")
    assert [summary["id"] for summary in json.loads(out)] == [waiting]


@pytest.mark.usefixtures("store")
def test_list_says_what_to_do_in_an_empty_store(capsys: Capture) -> None:
    assert run(capsys, "list", "--json") == (0, "[]\n", "")
    status, out, error = run(capsys, "list")
    assert (status, out) == (0, "")
    assert "python -m jobs launch" in error


def test_a_filter_that_no_run_passes_is_told_from_an_empty_store(store: Store, capsys: Capture) -> None:
    stores.add(store, Sample())
    assert run(capsys, "list", "--status", "failed") == (0, "", "No runs match.\n")
    assert run(capsys, "list", "--search", "nothing") == (0, "", "No runs match.\n")


def test_show_says_on_what_a_run_was_trained_and_from_what_weights(store: Store, capsys: Capture) -> None:
    report = {"source": "mine.pth", "sha256": "ab" * 32, "initialised_afresh": ["layer4", "fc"]}
    columns = {"device": "cuda", "threads": 2, "images_per_s": 1234.0, "pretrained": report}
    run_id = stores.add(store, Sample(model="resnet18", columns=columns))
    with store.writing() as connection:
        connection.execute(schema.runs.update().values(environment={"device_name": "Some GPU"}))
    _, out, _ = run(capsys, "show", run_id)
    for fact, value in (
        ("Device", "Some GPU"),
        ("Threads", "2"),
        ("Training images per second", "1234"),
        ("Pretrained weights", rf"mine\.pth \(SHA-256 {'ab' * 32}\); initialised afresh: layer4, fc"),
    ):
        assert re.search(rf"^{fact} +{value}$", out, re.MULTILINE)
    _, out, _ = run(capsys, "show", run_id, "--json")
    assert json.loads(out)["device_name"] == "Some GPU"


def test_show_of_a_run_that_waits_speaks_of_no_device(store: Store, capsys: Capture) -> None:
    _, out, _ = run(capsys, "show", queue.launch(store, TINY))
    assert "Device" not in out
    assert "weights" not in out


def test_stop_and_resume_act_on_each_run_named_and_say_which_refused(store: Store, capsys: Capture) -> None:
    first, second = (queue.launch(store, TINY, name) for name in ("one", "two"))
    assert run(capsys, "stop", first, second)[0] == 0
    assert {run_.status for run_ in list_runs(store)} == {"stopped"}
    assert run(capsys, "resume", "one")[0] == 0
    status, _, error = run(capsys, "resume", first, second)
    assert status == 1
    assert get_run(store, second).status == "queued"
    assert f"Error: {first} one: Run one is queued" in error


def test_a_wrong_name_among_several_changes_nothing(store: Store, capsys: Capture) -> None:
    run_id = queue.launch(store, TINY)
    refused(capsys, "stop", run_id, "nosuchid")
    assert get_run(store, run_id).status == "queued"


def test_the_queue_is_steered(store: Store, capsys: Capture) -> None:
    queue.launch(store, TINY, "one")
    second = queue.launch(store, TINY, "two")
    assert run(capsys, "move", "two", "1")[0] == 0
    assert get_run(store, second).queue_position == 1
    run(capsys, "pause")
    assert queue_state(store).paused
    run(capsys, "go-on")
    assert not queue_state(store).paused
    assert run(capsys, "slots", "3")[1] == "3\n"
    assert run(capsys, "slots")[1] == "3\n"


def test_several_runs_move_to_the_front_or_the_end(store: Store, capsys: Capture) -> None:
    ids = [queue.launch(store, TINY, name) for name in ("one", "two", "three")]
    _, _, error = run(capsys, "move", "three", "two", "first")
    assert [waiting.id for waiting in active_runs(store)] == [ids[2], ids[1], ids[0]]
    assert f"{ids[1]} two: moved to position 2" in error
    run(capsys, "move", "three", "last")
    assert [waiting.id for waiting in active_runs(store)] == [ids[1], ids[0], ids[2]]


def test_the_queue_is_shown_in_its_order_with_slots_and_pause(store: Store, capsys: Capture) -> None:
    first, second = (queue.launch(store, TINY, name) for name in ("one", "two"))
    working = stores.add(store, Sample(status="running", epochs_done=2, name="busy"))
    run(capsys, "move", "two", "first")
    run(capsys, "pause")
    status, out, _ = run(capsys, "queue")
    assert status == 0
    assert "1 running on 1 slot, 2 queued. The queue is paused: no new runs start." in out
    rows = [line.split() for line in out.splitlines()[3:]]
    assert [(row[0], row[1]) for row in rows] == [(wording.NOTHING, working), ("1", second), ("2", first)]
    shown = json.loads(run(capsys, "queue", "--json")[1])
    assert (shown["paused"], shown["slots"], [summary["id"] for summary in shown["runs"]]) == (
        True,
        1,
        [working, second, first],
    )


def test_list_says_since_when_and_that_an_interrupted_run_goes_on_by_itself(store: Store, capsys: Capture) -> None:
    interrupted = get_run(store, stores.add(store, Sample(status="running", epochs_done=2, created_at=1_773_000_000)))
    _, out, _ = run(capsys, "list")
    assert out.splitlines()[0].split()[1:3] == ["STATUS", "SINCE"]
    assert f"interrupted, resuming  {wording.moment(interrupted.status_since)}" in out


def test_a_clone_has_the_config_with_the_values_changed(store: Store, capsys: Capture) -> None:
    source = get_run(store, queue.launch(store, TINY, "mine"))
    status, out, _ = run(capsys, "clone", "mine", "--set", "epochs=7", "--name", "longer", "--tag", "tried")
    made = get_run(store, out.strip())
    assert status == 0
    assert made.config == with_changes(source.config, epochs=7)
    assert (made.name, made.tags, made.cloned_from) == ("longer", ("tried",), source.id)


def test_several_runs_are_cloned_each_with_several_seeds(store: Store, capsys: Capture) -> None:
    sources = [queue.launch(store, TINY, name) for name in ("one", "two")]
    status, out, _ = run(capsys, "clone", *sources, "--seeds", "2", "--seed", "8", "--json")
    made = [get_run(store, summary["id"]) for summary in json.loads(out)]
    assert status == 0
    assert [(clone.cloned_from, clone.seed) for clone in made] == [
        (source, seed) for source in sources for seed in (8, 9)
    ]
    assert made[0].group_id == made[1].group_id != made[2].group_id == made[3].group_id


def test_a_wrong_value_for_a_clone_queues_nothing(store: Store, capsys: Capture) -> None:
    sources = [queue.launch(store, TINY, name) for name in ("one", "two")]
    assert "epochs = 0" in refused(capsys, "clone", *sources, "--set", "epochs=0")
    assert len(list_runs(store)) == 2


def test_waiting_for_runs_says_that_the_queue_is_paused(
    store: Store, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.set_paused(store, True)
    # Somebody else stops what waits, so that the wait comes to its end.
    monkeypatch.setattr(
        launching.time, "sleep", lambda _seconds: [queue.stop(store, queued.id) for queued in list_runs(store)]
    )
    status, _, error = run(capsys, "launch", "cnn", "--wait")
    assert status == 1
    assert error.count("The queue is paused: `python -m jobs go-on` resumes it.") == 1


def test_what_people_write_on_runs(store: Store, capsys: Capture) -> None:
    first, second = (stores.add(store, Sample(name=name)) for name in ("one", "two"))
    assert run(capsys, "rename", "one", "first")[0] == 0
    assert get_run(store, first).name == "first"
    run(capsys, "rename", first, second, "sweep")
    assert [get_run(store, run_id).name for run_id in (first, second)] == ["sweep 1", "sweep 2"]
    run(capsys, "note", first, second, "good")
    run(capsys, "note", second, "--add", "but slow")
    assert [get_run(store, run_id).note for run_id in (first, second)] == ["good", "good\n\nbut slow"]
    run(capsys, "tag", first, second, "--tag", "a", "--tag", "b")
    run(capsys, "tag", second)
    assert [get_run(store, run_id).tags for run_id in (first, second)] == [("a", "b"), ()]
    run(capsys, "pin", first, second)
    run(capsys, "unpin", second)
    assert [get_run(store, run_id).pinned for run_id in (first, second)] == [True, False]


def test_archived_runs_are_brought_back(store: Store, capsys: Capture) -> None:
    ids = [stores.add(store, Sample()) for _ in range(2)]
    assert run(capsys, "archive", *ids)[0] == 0
    assert list_runs(store) == []
    assert run(capsys, "bring-back", ids[0])[0] == 0
    assert [listed.id for listed in list_runs(store)] == ids[:1]


def write_checkpoints(store: Store, run_id: str, count: int) -> Path:
    """Give a run checkpoints of so many bytes; return their folder."""
    folder = run_files.files_of(store, run_id).checkpoints
    folder.mkdir(parents=True)
    (folder / "last.pt").write_bytes(bytes(count))
    return folder


def test_checkpoints_of_finished_runs_are_cleared_and_those_of_others_kept(store: Store, capsys: Capture) -> None:
    finished, stopped = stores.add(store, Sample()), stores.add(store, Sample(status="stopped"))
    cleared, kept = (write_checkpoints(store, run_id, 3_000_000) for run_id in (finished, stopped))
    status, _, error = run(capsys, "clear-checkpoints", finished, stopped)
    assert status == 1
    assert "needs its checkpoints to resume" in error
    assert error.endswith("3.0 MB freed.\n")
    assert not cleared.exists()
    assert kept.exists()


def test_the_room_that_runs_take_is_shown_and_had_back(store: Store, capsys: Capture) -> None:
    finished, stopped = stores.add(store, Sample()), stores.add(store, Sample(status="stopped"))
    run_edits.archive(store, finished)
    write_checkpoints(store, finished, 3_000_000)
    write_checkpoints(store, stopped, 1_000_000)
    _, out, _ = run(capsys, "space")
    assert [line.split()[0] for line in out.splitlines()[1:3]] == [finished, stopped]
    assert "4.0 MB of files of 2 runs; 3.0 MB of them checkpoints that finished runs no longer need" in out
    assert run(capsys, "clear-checkpoints", "--all")[0] == 0
    assert [(space["run_id"], space["used"]) for space in json.loads(run(capsys, "space", "--json")[1])] == [
        (stopped, 1_000_000)
    ]


def test_a_run_that_is_resumed_from_the_start_forgets_what_it_learnt(store: Store, capsys: Capture) -> None:
    run_id = stores.add(store, Sample(status="stopped", epochs_done=3))
    folder = write_checkpoints(store, run_id, 10)
    assert run(capsys, "resume", run_id, "--from-start")[0] == 0
    again = get_run(store, run_id)
    assert (again.status, again.epoch, again.best_epoch) == ("queued", 0, None)
    assert list_epochs(store, [run_id])[run_id] == []
    assert not folder.exists()


def test_show_says_why_a_run_failed_and_how_its_log_ended(store: Store, capsys: Capture) -> None:
    columns = {"error_kind": "data", "error_message": "Gone.", "error_advice": "", "inexact_because": "CUDA was used"}
    run_id = stores.add(store, Sample(status="failed", epochs_done=1, columns=columns))
    stores.write_log(store, run_id, "epoch 1\nlast words\n")
    _, out, _ = run(capsys, "show", run_id)
    assert "data: Gone." in out
    assert re.search("Not exactly reproducible +CUDA was used", out)
    assert "19 B" in out
    assert out.endswith("last words\n")


def test_show_keeps_the_lines_of_a_note(store: Store, capsys: Capture) -> None:
    run_id = stores.add(store, Sample())
    run_edits.set_note(store, run_id, "good\n\nbut slow")
    assert run(capsys, "show", run_id)[1].endswith("\n\nNote:\ngood\n\nbut slow\n")


def test_deleting_names_what_goes_and_wants_a_yes(store: Store, capsys: Capture) -> None:
    run_id = stores.add(store, Sample(name="old"))
    run_files.files_of(store, run_id).folder.mkdir(parents=True)
    run_files.files_of(store, run_id).model.write_bytes(bytes(2_000_000))
    status, _, error = run(capsys, "delete", "old")
    assert status == 1
    assert "2.0 MB of files" in error
    assert get_run(store, run_id)
    assert run(capsys, "delete", "old", "--yes")[0] == 0
    assert list_runs(store) == []


def test_log_prints_the_log(store: Store, capsys: Capture) -> None:
    run_id = stores.add(store, Sample())
    stores.write_log(store, run_id, "epoch 1\nepoch 2\n")
    assert run(capsys, "log", run_id, "--follow") == (0, "epoch 1\nepoch 2\n", "")


def test_a_log_that_is_followed_is_told_to_its_last_word(
    store: Store, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = stores.add(store, Sample(status="running"))
    stores.write_log(store, run_id, "epoch 1\n")
    looks = iter([False, True])

    def look(_store: Store, _run_id: str) -> Run:
        if next(looks):
            stores.write_log(store, run_id, "epoch 1\nfinished\n")
            with store.writing() as connection:
                connection.execute(schema.runs.update().values(status=RunStatus.FINISHED))
        return get_run(store, run_id)

    monkeypatch.setattr(reading, "FOLLOW_S", 0)
    monkeypatch.setattr(reading, "get_run", look)
    assert run(capsys, "log", run_id, "--follow") == (0, "epoch 1\nfinished\n", "")


def test_backup_and_restore_go_there_and_back(live_store: Store, capsys: Capture, tmp_path: Path) -> None:
    stores.fill(live_store, 2)
    assert run(capsys, "backup", str(tmp_path / "one.backup"))[0] == 0
    assert "exists already" in refused(capsys, "backup", str(tmp_path / "one.backup"))
    stores.fill(live_store, 1)
    status, _, error = run(capsys, "restore", str(tmp_path / "one.backup"))
    assert status == 0
    assert "kept as" in error
    assert len(list_runs(live_store)) == 2


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    drawn = Image.new("RGB", (200, 240), "white")
    ImageDraw.Draw(drawn).rectangle((50, 40, 150, 200), fill="navy")
    drawn.save(tmp_path / "shirt.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    return [str(tmp_path / name) for name in ("shirt.png", "broken.jpg", "missing.png")]


def test_predict_json_answers_each_file_and_one_bad_one_never_stops_the_rest(
    store: Store, capsys: Capture, photos: list[str]
) -> None:
    run_id = add_run_with_model(store, "asked")
    status, out, error = run(capsys, "predict", run_id, *photos[1:], photos[0], "--json")
    broken, missing, shirt = json.loads(out)
    assert status == 1
    assert [answer.keys() for answer in (broken, missing)] == [{"file", "error"}] * 2
    of_set = {"set", "set_coverage", "set_calibrated_on"}
    assert shirt.keys() == {"file", "predicted", "confidence", "top3", "verdict", "reason", "probabilities"} | of_set
    assert shirt["verdict"] is None
    assert shirt["top3"][0] == {"class": shirt["predicted"], "probability": shirt["confidence"]}
    assert shirt["file"] == photos[0]
    assert list(shirt["probabilities"]) == list(CLASS_NAMES)
    assert sum(shirt["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert shirt["confidence"] == max(shirt["probabilities"].values()) == shirt["probabilities"][shirt["predicted"]]
    assert error.count("Error: ") == 2


def test_predict_succeeds_where_every_file_could_be_read(store: Store, capsys: Capture, photos: list[str]) -> None:
    run_id = add_run_with_model(store, "asked")
    status, out, error = run(capsys, "predict", run_id, photos[0])
    assert (status, error) == (0, "")
    assert out.startswith(photos[0])


def test_predicting_with_a_run_that_has_no_model_says_why(store: Store, capsys: Capture, photos: list[str]) -> None:
    run_id = queue.launch(store, TINY, "waiting")
    assert "waiting is queued, so it has no model" in refused(capsys, "predict", run_id, photos[0])
    finished = stores.add(store, Sample())
    assert "model.pt cannot be read" in refused(capsys, "predict", finished, photos[0])


@pytest.mark.sqlite
def test_a_store_that_is_damaged_is_said_in_one_line(store: Store, capsys: Capture) -> None:
    store.engine.dispose()
    Path(store.place).write_bytes(b"no database at all " * 300)
    assert "python -m jobs restore FILE" in refused(capsys, "list")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql+psycopg2cffi://u:secret@localhost/db", "by psycopg, not as postgresql.psycopg2cffi"),
        ("foo://u:secret@bar", "no kind of database for foo://"),
        ("postgresql://localhost:port/db", "is no database URL"),
    ],
)
@pytest.mark.parametrize("command", ["list", "worker"])
def test_a_database_that_cannot_be_opened_is_said_in_one_line(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: str, url: str, reason: str
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", url)
    settings.cache_clear()
    error = refused(capsys, command)
    assert re.search(reason, error)
    assert "orrect LOOKBOOK_DATABASE_URL" in error
    assert "secret" not in error


def test_a_wrong_setting_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_SLOTS", "many")
    answer = subprocess.run([sys.executable, "-m", "jobs", "list"], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: A setting is not valid: LOOKBOOK_SLOTS = 'many'")
    assert answer.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_console_without_utf_8_shows_what_it_can(store: Store) -> None:
    run_id = stores.add(store, Sample(name="naïve", status="stopped"))
    for command in (["list"], ["show", run_id]):
        answer = subprocess.run(
            [sys.executable, "-m", "jobs", *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            check=True,
        )
        assert b"na?ve" in answer.stdout
        assert answer.stderr == b""


def every_command(group: click.Group = lookbook, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, by all the words of its name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, f"{before}{name} ")
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield f"{before}{name}", command


def test_every_command_has_help_and_is_described_in_one_line_of_a_narrow_terminal(capsys: Capture) -> None:
    listed = "".join(run(capsys, *group, "--help")[1] for group in ([], ["photo-set"], ["data"], ["team"]))
    for name, command in every_command():
        status, out, _ = run(capsys, *name.split(), "-h")
        assert status == 0
        assert out.startswith(f"Usage: python -m jobs {name} [OPTIONS]")
        assert re.search(rf"^  {name.split()[-1]} +\S.*\.$", listed, re.MULTILINE)
        assert str(command.help).split("\n")[0] in listed


def test_options_stand_anywhere_are_abbreviated_and_texts_may_begin_with_a_hyphen(
    store: Store, capsys: Capture
) -> None:
    first, second = (stores.add(store, Sample(name=name)) for name in ("- a list", "b"))
    assert run(capsys, "note", "--ad", "- a list", second, "- better")[0] == 0
    assert [get_run(store, run_id).note for run_id in (first, second)] == ["- better"] * 2
    assert run(capsys, "tag", "--tag=a", second, "--tag", "-1")[0] == 0
    assert get_run(store, second).tags == ("-1", "a")
    assert run(capsys, "rename", second, "--", "--json")[0] == 0
    assert get_run(store, second).name == "--json"
    status, out, _ = run(capsys, "launch", "--se=3", "quick")
    assert (status, out) == (2, "")
    assert len(run(capsys, "launch", "--fol=3", "quick", "--na", "- mine")[1].split()) == 3


def test_the_version_is_told(capsys: Capture) -> None:
    status, out, _ = run(capsys, "--version")
    assert status == 0
    assert re.match(r"Lookbook \S", out)


def complete(capture: Capture, monkeypatch: pytest.MonkeyPatch, words: str) -> list[str]:
    """What bash offers for the last of these words."""
    monkeypatch.setenv("_LOOKBOOK_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    with pytest.raises(SystemExit):
        main()
    written = capture.readouterr()
    assert written.err == ""
    return [line.partition(",")[2] for line in written.out.splitlines() if line]


def test_the_shell_completes_commands_runs_presets_statuses_and_tags(
    store: Store, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = stores.add(store, Sample(name="mine", tags=["paper"]))
    stores.add(store, Sample(name="needs quotes"))
    assert complete(capsys, monkeypatch, "lookbook pre") == ["predict", "presets"]
    assert complete(capsys, monkeypatch, "lookbook photo-set mea") == ["measure"]
    assert complete(capsys, monkeypatch, f"lookbook show {run_id[:6]}") == [run_id]
    assert complete(capsys, monkeypatch, f"lookbook compare {run_id} mi") == ["mine"]
    assert complete(capsys, monkeypatch, "lookbook show needs") == []
    assert complete(capsys, monkeypatch, "lookbook launch cnn-b") == ["cnn-best"]
    assert complete(capsys, monkeypatch, "lookbook list --status run") == ["running"]
    assert complete(capsys, monkeypatch, "lookbook list --tag pa") == ["paper"]
    assert complete(capsys, monkeypatch, "lookbook launch cnn --fo") == ["--folds"]


@pytest.mark.parametrize("content", [None, "no database at all " * 300])
def test_completion_makes_no_store_and_is_silent_about_a_damaged_one(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    place = tmp_path / "other.db"
    if content:
        place.write_text(content, encoding="utf-8")
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", f"sqlite:///{place}")
    monkeypatch.setenv("LOOKBOOK_ARTIFACTS", str(tmp_path / "artifacts"))
    settings.cache_clear()
    assert complete(capsys, monkeypatch, "lookbook show a") == []
    settings.cache_clear()
    assert [path.name for path in tmp_path.iterdir()] == (["other.db"] if content else [])


@pytest.mark.slow
@pytest.mark.parametrize("command", ["list", "list --help", "show mine --json", "log mine"])
def test_a_reader_that_leaves_early_is_told_nothing(store: Store, command: str) -> None:
    stores.write_log(store, stores.add(store, Sample(name="mine")), "epoch 1\n")
    with subprocess.Popen(
        ["sh", "-c", f"{sys.executable} -m jobs {command}; echo $? >&2"],
        cwd=ROOT,
        # With a buffer, as usual, what is short is written at the very end only.
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, error = process.communicate(timeout=60)
    assert error == "1\n"
