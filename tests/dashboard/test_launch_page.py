"""Launch: presets, every field, what is said before the button, and exactly one launch."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.learning.pretrained_file import FILE_NAME
from dashboard.tables import estimates
from jobs.running import queue
from jobs.settings import settings
from jobs.store import queries, run_files
from jobs.store.store import Store
from tests import stores
from tests.blank_data import write_blank_data
from tests.dashboard.app import OpenPage, press
from tests.stores import Sample


def facts(app: AppTest) -> str:
    """What is said before the button."""
    return "\n".join(str(element.proto) for element in app.get("html"))


def test_a_preset_is_launched_by_one_click_and_its_run_opens(store: Store, open_page: OpenPage) -> None:
    app = press(open_page("launch", preset="quick"), "Launch")
    (run,) = queries.list_runs(store)
    assert (run.preset, run.config.train_size, run.config.epochs) == ("quick", 12_000, 4)
    assert app.title[0].value == run.name
    assert not app.exception


def test_choosing_a_preset_fills_the_form_with_it(open_page: OpenPage) -> None:
    app = open_page("launch")
    app.button(key="choose_resnet18").click().run()
    assert "resnet18" in app.query_params["preset"]
    assert app.number_input(key="resnet18_learning_rate").value == pytest.approx(1e-4)
    assert app.checkbox(key="resnet18_pretrained").value


def test_every_field_of_the_config_has_a_control_with_its_description(open_page: OpenPage) -> None:
    app = open_page("launch")
    controls = [*app.number_input, *app.selectbox, *app.checkbox, *app.multiselect, *app.text_input]
    helped = {control.key: control.help for control in controls if control.key}
    for name, field in RunConfig.model_fields.items():
        if name not in ("preset", "data", "memory_mb"):
            assert helped[f"cnn_{name}"].startswith(field.description)


def test_what_only_a_cluster_asks_for_is_a_field_only_there(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "cnn_memory_mb" not in {control.key for control in open_page("launch").number_input}
    monkeypatch.setenv("LOOKBOOK_RAY_ADDRESS", "http://127.0.0.1:9")
    settings.cache_clear()
    assert "cnn_memory_mb" in {control.key for control in open_page("launch").number_input}
    settings.cache_clear()


def test_a_wrong_value_is_named_with_what_is_allowed_and_the_form_keeps_the_others(
    store: Store, open_page: OpenPage
) -> None:
    app = open_page("launch")
    app.text_input(key="cnn_name").set_value("mine")
    app.number_input(key="cnn_epochs").set_value(0)
    app.number_input(key="cnn_learning_rate").set_value(99.0)
    app.run()
    assert "epochs = 0" in app.error[0].value.replace("\\", "")
    assert "learning_rate = 99.0" in app.error[0].value.replace("\\", "")
    assert next(button for button in app.button if button.label == "Launch").disabled
    app.number_input(key="cnn_epochs").set_value(3)
    app.number_input(key="cnn_learning_rate").set_value(0.01)
    press(app.run(), "Launch")
    (run,) = queries.list_runs(store)
    assert (run.name, run.epochs, run.config.learning_rate) == ("mine", 3, 0.01)


def test_several_seeds_are_launched_as_a_group(store: Store, open_page: OpenPage) -> None:
    app = open_page("launch", preset="quick")
    app.number_input(key="quick_seed").set_value(4)
    app.number_input(key="quick_seeds").set_value(3).run()
    press(app, "Launch 3 runs")
    launched = queries.list_runs(store, order="oldest")
    assert [run.seed for run in launched] == [4, 5, 6]
    assert len({run.group_id for run in launched}) == 1


def test_seeds_that_end_past_the_last_one_are_refused_before_any_is_queued(store: Store, open_page: OpenPage) -> None:
    app = open_page("launch", preset="quick")
    app.number_input(key="quick_seed").set_value(2**31 - 1)
    app.number_input(key="quick_seeds").set_value(3).run()
    press(app, "Launch 3 runs")
    assert "Begin with a seed from 0 to 2147483645." in app.error[0].value
    assert queries.list_runs(store) == []


def test_a_link_prepares_a_k_fold_run_that_is_launched_as_a_group(store: Store, open_page: OpenPage) -> None:
    app = open_page("launch", preset="quick", folds="5")
    assert app.number_input(key="quick_5_folds_seeds").disabled
    press(app, "Launch 5 runs")
    launched = queries.list_runs(store, order="oldest")
    assert sorted(run.config.fold for run in launched) == [1, 2, 3, 4, 5]
    assert {run.config.train_size for run in launched} == {12_000}
    assert len({run.group_id for run in launched}) == 1


def test_a_single_fold_is_launched_alone_and_one_that_does_not_exist_is_refused(
    store: Store, open_page: OpenPage
) -> None:
    app = open_page("launch", preset="quick", folds="5")
    app.number_input(key="quick_5_folds_fold").set_value(6).run()
    assert "no fold 6 of 5" in app.error[0].value
    app.number_input(key="quick_5_folds_fold").set_value(2).run()
    press(app, "Launch")
    (run,) = queries.list_runs(store)
    assert (run.config.folds, run.config.fold, run.group_id) == (5, 2, None)


def test_clicking_twice_launches_once(store: Store, open_page: OpenPage) -> None:
    app = press(open_page("launch", preset="quick"), "Launch")
    again = app.switch_page("views/launch.py")
    again.query_params["preset"] = "quick"
    press(again.run(), "Launch")
    assert queries.count_runs(store) == 1


def test_a_clone_begins_with_the_config_of_its_run(store: Store, open_page: OpenPage) -> None:
    source = stores.add(store, Sample(seed=5, name="first try", changes={"epochs": 7, "train_size": 3_000}))
    app = open_page("launch", clone=source)
    assert app.number_input(key=f"clone_{source}_epochs").value == 7
    app.number_input(key=f"clone_{source}_patience").set_value(2).run()
    press(app, "Launch")
    clone = queries.list_runs(store, order="newest")[0]
    assert clone.cloned_from == source
    assert (clone.seed, clone.config.train_size, clone.config.patience) == (5, 3_000, 2)


def test_a_run_that_starts_from_another_is_launched_from_the_other_s_page(store: Store, open_page: OpenPage) -> None:
    source = stores.add(store, Sample(name="first try", changes={"epochs": 7}))
    model = run_files.files_of(store, source).model
    model.parent.mkdir(parents=True, exist_ok=True)
    app = open_page("launch", start=source)
    assert "The model of run first try is gone." in app.error[0].value
    model.touch()
    app = open_page("launch", start=source)
    assert f"the weights of first try ({source}), which learnt from Fashion-MNIST" in facts(app)
    press(app, "Launch")
    launched = queries.list_runs(store, order="newest")[0]
    assert (launched.config.start_from, launched.config.epochs, launched.cloned_from) == (source, 7, None)
    assert f"starts from {source}" in [link.proto.label for link in open_page("runs", run=launched.id).get("page_link")]


def test_a_clone_of_a_run_that_is_gone_is_said(open_page: OpenPage) -> None:
    app = open_page("launch", clone="nosuchid")
    assert "There is no run nosuchid." in app.error[0].value


def test_place_and_time_are_said_before_the_button(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "has_bfloat16", lambda: False)
    stores.add(store, Sample(status="queued"))
    stores.add(store, Sample(status="queued"))
    shown = facts(open_page("launch"))
    assert "position 3 in the queue (0 running, 2 queued)" in shown
    assert "about 13 min for all epochs" in shown
    assert "measured on two CPU cores" in shown
    queue.set_paused(store, True)
    assert "the queue is paused" in facts(open_page("launch"))


def test_a_run_that_would_not_fit_into_memory_is_said_before_the_button(open_page: OpenPage) -> None:
    app = open_page("launch")
    assert "at the peak of a run on the CPU" in facts(app)
    app.number_input(key="cnn_input_size").set_value(256)
    app.number_input(key="cnn_batch_size").set_value(4096).run()
    assert "more than the" in facts(app)
    assert "Lower the batch size or the input size" in facts(app)


def test_a_card_says_what_to_expect_until_its_preset_was_tried_here_and_then_its_best_run(
    store: Store, open_page: OpenPage
) -> None:
    cards = [caption.value for caption in open_page("launch").caption]
    expecting = sum("no run here yet; expected: about 92 %" in card for card in cards)
    stores.add(store, Sample(name="the best", columns={"test_accuracy": 0.95}))
    stores.add(store, Sample(columns={"test_accuracy": 0.5}))
    for seed in range(25):
        stores.add(store, Sample(seed=seed, changes={"preset": "quick"}, columns={"test_accuracy": 0.99}))
    cards = [caption.value for caption in open_page("launch").caption]
    assert any("highest so far: 95.00 %" in card for card in cards)
    assert sum("highest so far: 99.00 %" in card for card in cards) == 1
    assert sum("no run here yet; expected: about 92 %" in card for card in cards) == expecting - 1


def test_missing_and_damaged_data_are_said_before_the_button_with_the_file(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "nowhere"))
    settings.cache_clear()
    shown = facts(open_page("launch"))
    assert "train-images-idx3-ubyte is missing" in shown
    assert "python -m jobs data" in shown
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "blank")))
    settings.cache_clear()
    assert "train-images-idx3-ubyte is damaged: its SHA-256" in facts(open_page("launch"))


def test_a_file_in_the_cache_that_is_not_torchvisions_is_said_before_the_button(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert "not on this machine yet" in facts(open_page("launch", preset="resnet18"))
    file = tmp_path / "hub" / "checkpoints" / FILE_NAME
    file.parent.mkdir(parents=True)
    file.write_bytes(b"something else")
    shown = facts(open_page("launch", preset="resnet18"))
    assert f"{FILE_NAME} is not the file published by torchvision" in shown
    assert "Delete it" in shown


def test_without_pretrained_weights_every_layer_is_said_to_be_trained(open_page: OpenPage) -> None:
    app = open_page("launch", preset="resnet18")
    app.checkbox(key="resnet18_pretrained").uncheck().run()
    assert "none: trained from scratch" in facts(app)
    assert "Pretrained weights" not in facts(open_page("launch", preset="cnn"))


def test_a_weights_file_is_looked_for_where_the_launch_will_look(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.pth").touch()
    app = open_page("launch", preset="resnet18")
    app.text_input(key="resnet18_weights_file").set_value("~/mine.pth").run()
    assert f"{tmp_path}/mine.pth found" in facts(app)


def test_a_weights_file_that_does_not_exist_is_said_before_the_button(open_page: OpenPage) -> None:
    app = open_page("launch", preset="resnet18")
    app.text_input(key="resnet18_weights_file").set_value("/no/such/file.pth").run()
    assert "/no/such/file.pth does not exist" in facts(app)


def draft(app: AppTest) -> set[str]:
    """The fields that the page says are as somebody typed them."""
    sentence = next((caption.value for caption in app.caption if caption.value.startswith("Changed: ")), "Changed: .")
    return set(filter(None, sentence.removeprefix("Changed: ").partition(".")[0].split(", ")))


def other_page_and_back(app: AppTest, **parameters: Any) -> AppTest:
    """Look at the runs, and come back to Launch with these parameters in the address."""
    app.switch_page("views/runs.py").run()
    app.query_params.clear()
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.switch_page("views/launch.py").run()


def test_what_was_typed_is_kept_for_each_preset_while_other_pages_are_looked_at(
    store: Store, open_page: OpenPage
) -> None:
    source = stores.add(store, Sample(name="source"))
    app = open_page("launch", preset="quick")
    assert "Reset" not in [button.label for button in app.button]
    app.text_input(key="quick_name").set_value("mine")
    app.number_input(key="quick_seeds").set_value(3)
    app.number_input(key="quick_epochs").set_value(2)
    app.checkbox(key="quick_test_time_flips").check()
    app.selectbox(key="quick_model").set_value("resnet18")
    app.multiselect(key="quick_unfrozen_layers").set_value(["layer4"]).run()
    typed = {"Name", "Model", "Epochs", "Test time flips", "Unfrozen layers", "Number of seeds"}
    assert draft(app) == typed
    for elsewhere in ({}, {"preset": "resnet18"}, {"clone": source}):
        app = other_page_and_back(app, **elsewhere)
        assert not app.exception
        assert draft(app) == set()
        app = other_page_and_back(app, preset="quick")
        assert app.text_input(key="quick_name").value == "mine"
        assert [app.number_input(key=f"quick_{name}").value for name in ("seeds", "epochs")] == [3, 2]
        assert app.checkbox(key="quick_test_time_flips").value
        assert app.selectbox(key="quick_model").value == "resnet18"
        assert app.multiselect(key="quick_unfrozen_layers").value == ["layer4"]
        assert draft(app) == typed


def test_starting_over_shows_the_preset_as_it_is_and_leaves_other_drafts(open_page: OpenPage) -> None:
    app = open_page("launch", preset="cnn")
    app.text_input(key="cnn_name").set_value("another").run()
    app = other_page_and_back(app, preset="quick")
    app.text_input(key="quick_name").set_value("mine")
    app.number_input(key="quick_epochs").set_value(2).run()
    app = press(app, "Reset")
    assert (app.text_input(key="quick_1_name").value, app.number_input(key="quick_1_epochs").value) == ("", 4)
    assert "Reset" not in [button.label for button in app.button]
    assert other_page_and_back(app, preset="cnn").text_input(key="cnn_name").value == "another"


def test_a_draft_ends_with_its_launch_and_outlives_one_that_is_refused(store: Store, open_page: OpenPage) -> None:
    app = open_page("launch", preset="quick")
    app.text_input(key="quick_name").set_value("mine")
    app.number_input(key="quick_epochs").set_value(0).run()
    app = other_page_and_back(app, preset="quick")
    assert "epochs = 0" in app.error[0].value
    app.number_input(key="quick_epochs").set_value(2).run()
    app = press(app, "Launch")
    (run,) = queries.list_runs(store)
    assert (run.name, run.config.epochs) == ("mine", 2)
    app = other_page_and_back(app, preset="quick")
    assert app.text_input(key="quick_1_name").value == ""
    assert draft(app) == set()
