"""Saying what a photo shows on Predict: kept once the person agrees, undone at once, joined by the next visitor."""

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.classes import CLASS_NAMES
from jobs.results import photo_sets
from jobs.running import queue
from jobs.running.background import TaskStatus, end_supervisor
from jobs.store import locks
from jobs.store.store import Store
from jobs.tasks import teaching
from tests import stores
from tests.dashboard.app import OpenPage, press, texts
from tests.jobs.test_teaching import photo_set_of
from tests.own_data import data_folder
from tests.stores import Sample
from tests.untrained import add_run_with_model

pytestmark = pytest.mark.slow

COAT, SHIRT = CLASS_NAMES.index("Coat"), CLASS_NAMES.index("Shirt")
AGREE = "corrections_agreed"
LEARNT_S = 60


def labelled(app: AppTest, label: int) -> AppTest:
    (control,) = [group for group in app.pills if group.label.startswith("What is")]
    control.set_value(label).run()
    return app


def kept(store: Store) -> list[tuple[str, list[int]]]:
    return [
        (photo_set.name, [photo.label for photo in photo_sets.photos_of(store, photo_set)])
        for photo_set in photo_sets.list_sets(store)
    ]


def test_a_click_keeps_nothing_until_the_person_agrees(store: Store, open_page: OpenPage) -> None:
    app = labelled(open_page("predict", run=add_run_with_model(store, "one"), sample="bag"), COAT)
    assert "Nothing is kept yet" in texts(app)
    assert kept(store) == []
    app.checkbox(key=AGREE).check().run()
    assert "Kept as Coat in corrections (1 photo)" in texts(app)
    assert kept(store) == [("corrections", [COAT])]
    app.run()
    assert kept(store) == [("corrections", [COAT])], "a rerun keeps nothing again"


def test_another_click_relabels_and_undo_takes_the_photo_out(store: Store, open_page: OpenPage) -> None:
    app = open_page("predict", run=add_run_with_model(store, "one"), sample="bag")
    app.checkbox(key=AGREE).check().run()
    labelled(labelled(app, COAT), SHIRT)
    assert "Kept as Shirt in corrections (1 photo)" in texts(app)
    assert kept(store) == [("corrections", [SHIRT])]
    press(app, "Undo")
    assert "Taken out of corrections again" in texts(app)
    assert kept(store) == [], "the set goes with its last photo"
    labelled(app, COAT)
    assert kept(store) == [("corrections", [COAT])]
    assert not app.exception


def test_a_set_that_was_deleted_meanwhile_is_not_made_again_before_the_person_chooses_again(
    store: Store, open_page: OpenPage
) -> None:
    app = open_page("predict", run=add_run_with_model(store, "one"), sample="bag")
    app.checkbox(key=AGREE).check().run()
    labelled(app, COAT)
    photo_sets.delete(store, photo_sets.find_set(store, "corrections"))
    app.run()
    assert "corrections was deleted meanwhile. Choose again to keep the photo." in texts(app)
    assert kept(store) == []
    labelled(app, SHIRT)
    assert kept(store) == [("corrections", [SHIRT])]


def test_a_second_visitor_joins_the_set_and_hears_of_the_same_photo(store: Store, open_page: OpenPage) -> None:
    run_id = add_run_with_model(store, "one")
    for sample in ("bag", "trouser"):
        app = open_page("predict", run=run_id, sample=sample)
        app.checkbox(key=AGREE).check().run()
        labelled(app, COAT)
    assert "Kept as Coat in corrections (2 photos)" in texts(app)
    app = open_page("predict", run=run_id, sample="bag")
    app.checkbox(key=AGREE).check().run()
    labelled(app, SHIRT)
    assert "The same photo is there already, as Coat in corrections (2 photos)" in texts(app)
    assert kept(store) == [("corrections", [COAT, COAT])]


def test_learning_says_what_is_lacking_while_there_are_too_few_photos(store: Store, open_page: OpenPage) -> None:
    run_id, photo_set = add_run_with_model(store, "one"), photo_set_of(store, 24)
    app = open_page("predict", about="sets", set=photo_set.id, run=run_id)
    assert "There are 24 photos; learning takes at least 25." in texts(app)
    assert "Fewer than recommended: T-shirt/top, Coat, Bag" in texts(app)
    assert app.button(key="learn").disabled


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of its own, and weights that are there."""
    (tmp_path / "weights.pth").touch()
    monkeypatch.setenv("LOOKBOOK_RESNET18_WEIGHTS", str(tmp_path / "weights.pth"))
    data_folder(tmp_path / "data", monkeypatch)


@pytest.mark.slow
@pytest.mark.usefixtures("workplace")
def test_one_click_learns_from_a_set_and_those_runs_are_not_offered_for_it(store: Store, open_page: OpenPage) -> None:
    queue.set_paused(store, True)
    run_id, photo_set = add_run_with_model(store, "one"), photo_set_of(store, 30)
    app = open_page("predict", about="sets", set=photo_set.id, run=run_id)
    app.button(key="learn").click().run()
    assert not app.exception
    deadline = time.monotonic() + LEARNT_S
    while teaching.learning_state(store, photo_set).status == TaskStatus.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    end_supervisor(store)
    (version,) = photo_sets.versions_of(store, photo_set)
    assert "left out" not in " ".join(version.notes), "what the process keeps beside the photos is no picture"
    stores.add(store, Sample(name="learner", changes={"data": version.pinned}))
    app = open_page("predict", about="sets", set=photo_set.id, run=run_id)
    assert "6 runs queued to learn from corrections" in texts(app)
    assert "seed 0 fold 5 of 5." in texts(app)
    assert any(link.proto.label.startswith("Runs that learn from corrections") for link in app.get("page_link"))
    assert "Left out, because these photos were learnt, by the run or by one that it builds on: 1 run." in texts(app)
    assert "learner" not in " ".join(map(str, app.multiselect[0].options))


@pytest.mark.usefixtures("workplace")
def test_while_the_photos_are_imported_every_visitor_sees_the_step(store: Store, open_page: OpenPage) -> None:
    run_id, photo_set = add_run_with_model(store, "one"), photo_set_of(store, 30)
    folder = photo_sets.folder_of(store, photo_set.id)
    (folder / ".lesson.log").write_text("progress 0.40 Decoding 30 pictures\n")
    with locks.holding(folder / ".lesson.lock"):
        app = open_page("predict", about="sets", set=photo_set.id, run=run_id)
        assert app.get("progress")[0].proto.text == "Decoding 30 pictures"
        assert "learn" not in [button.key for button in app.button]
        assert not teaching.start_learning(store, photo_set)
    (folder / ".lesson.failure").write_text("It was interrupted. Try again.")
    app = open_page("predict", about="sets", set=photo_set.id, run=run_id)
    assert "**Queueing the runs failed.** It was interrupted. Try again." in texts(app)
    assert not app.button(key="learn").disabled
