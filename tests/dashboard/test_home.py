"""Home: on an empty store, with runs, and with a store that cannot be used."""

import time
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from jobs.store import queries
from jobs.store.schema import predictions
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, press, texts
from tests.rights import rights_of_files_hold
from tests.stores import Sample


def sentence_on_the_two(app: AppTest) -> str:
    return next(paragraph.value for paragraph in app.markdown if "exact McNemar" in paragraph.value)


def test_an_empty_store_says_what_this_is_and_launches_a_first_run(store: Store, open_page: OpenPage) -> None:
    app = open_page()
    assert "70,000 small grey images" in texts(app)
    app.button[0].click().run()
    launched = queries.list_runs(store)
    assert [(run.preset, run.status) for run in launched] == [("quick", "queued")]
    assert not app.exception


def test_the_best_run_of_each_model_stands_there_with_its_interval(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample(seed=2))
    best = stores.add(store, Sample(seed=0))
    stores.add(store, Sample(model="resnet18", seed=0))
    app = open_page()
    run = queries.get_run(store, best)
    assert app.metric[0].value == f"{100 * run.test_accuracy:.2f} %"
    assert "95 %: " in app.metric[0].delta
    assert "is better than" in texts(app)
    assert not app.exception


def test_with_one_model_only_the_other_card_leads_to_its_launch(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample())
    app = open_page()
    assert "No finished run yet." in texts(app)


def test_a_running_run_shows_its_progress(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(status="running", epochs_done=3, created_at=time.time() - 300))
    with stores.at_work(store, run_id):
        app = open_page()
    assert "epoch 4 of 20, step 300 of 844" in str([element.proto for element in app.get("progress")])
    assert "▶ running" in texts(app)


def test_a_run_whose_trainer_is_gone_is_called_interrupted(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample(status="running", epochs_done=3))
    assert "interrupted, resuming" in texts(open_page())


def test_a_store_of_a_newer_version_is_named_with_what_to_do(store: Store, open_page: OpenPage) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    app = open_page()
    assert "newer than this Lookbook" in app.error[0].value
    assert "Update Lookbook" in app.error[0].value
    assert not app.exception


def test_a_damaged_store_is_named_with_what_to_do(store: Store, open_page: OpenPage) -> None:
    store.engine.dispose()
    for suffix in ("-wal", "-shm"):
        path = store.artifacts.parent / f"runs.db{suffix}"
        path.unlink(missing_ok=True)
    (store.artifacts.parent / "runs.db").write_bytes(b"no database at all" * 500)
    app = open_page()
    assert "damaged" in app.error[0].value
    assert "restore" in app.error[0].value


@pytest.fixture
def read_only(store: Store) -> Iterator[Callable[[], None]]:
    """Make the store's folder one that nobody may write."""
    folder = store.artifacts.parent

    def close() -> None:
        store.engine.dispose()
        (folder / "runs.db").chmod(0o444)
        folder.chmod(0o555)

    yield close
    folder.chmod(0o755)


def test_a_store_that_cannot_be_written_still_shows_its_runs(
    store: Store, open_page: OpenPage, read_only: Callable[[], None]
) -> None:
    stores.add(store, Sample(name="kept"))
    read_only()
    with rights_of_files_hold():
        app = open_page()
        assert any("kept" in link.proto.label for link in app.get("page_link"))
        press(app.switch_page("views/launch.py").run(), "Launch")
    assert "write access" in app.error[0].value


def test_a_run_that_is_not_shown_to_be_the_best_is_called_the_highest_and_its_equals_are_named(
    store: Store, open_page: OpenPage
) -> None:
    for seed in range(3):
        stores.add(store, Sample(seed=seed, name=f"number {seed}"))
    app = open_page()
    assert app.metric[0].label == "Highest CNN, test accuracy"
    assert "Not significantly better than number" in texts(app)
    assert "Compare tied runs" in str([link.proto for link in app.get("page_link")])


def test_the_only_run_and_one_that_beats_all_others_are_called_the_best(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample())
    assert open_page().metric[0].label == "Best CNN, test accuracy"


def test_with_runs_of_all_three_models_the_two_most_accurate_are_compared(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample(seed=0, name="first"))
    stores.add(store, Sample(model="resnet18", seed=0, name="third", columns={"test_accuracy": 0.5}))
    stores.add(store, Sample(seed=1, name="second", changes={"model": "resnet-small"}))
    app = open_page()
    assert not app.exception
    assert len(app.metric) == 3
    assert "first" in sentence_on_the_two(app)
    assert "second" in sentence_on_the_two(app)


def test_a_model_without_a_run_leads_to_the_first_preset_that_has_it(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample())
    links = [link.proto for link in open_page().get("page_link") if link.proto.label == "Launch one"]
    assert ["preset=resnet18" in str(links[0]), "preset=resnet-small" in str(links[1])] == [True, True]


def test_the_leaders_are_compared_with_a_correction_for_having_been_chosen(store: Store, open_page: OpenPage) -> None:
    for seed in range(3):
        stores.add(store, Sample(seed=seed))
        stores.add(store, Sample(model="resnet18", seed=seed))
    assert "after Bonferroni's correction for the 9 pairs" in sentence_on_the_two(open_page())


def test_a_leader_without_predictions_is_not_called_the_best(store: Store, open_page: OpenPage) -> None:
    for seed in range(2):
        best = stores.add(store, Sample(seed=seed, columns={"test_accuracy": 0.915 + seed / 1000}))
    with store.writing() as connection:
        connection.execute(predictions.delete().where(predictions.c.run_id == best))
    app = open_page()
    assert app.metric[0].label == "Highest CNN, test accuracy"
    assert "were not kept" in texts(app)


def test_the_best_of_two_models_that_answered_other_images_are_not_compared(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample())
    stores.add(store, Sample(model="resnet18"), stores.labels()[::-1].copy())
    app = open_page()
    assert "was not tested on the images of" in texts(app)
    assert not app.exception


def test_the_latest_runs_can_be_taken_along(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample())
    assert "CSV of these runs" in [button.proto.label for button in open_page().get("download_button")]
