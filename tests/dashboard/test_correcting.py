"""Saying what a photo shows on Predict: kept once the person agrees, undone at once, joined by the next visitor."""

from streamlit.testing.v1 import AppTest

from core.classes import CLASS_NAMES
from jobs.results import photo_sets
from jobs.store.store import Store
from tests.dashboard.app import OpenPage, press, texts
from tests.untrained import add_run_with_model

COAT, SHIRT = CLASS_NAMES.index("Coat"), CLASS_NAMES.index("Shirt")
AGREE = "corrections_agreed"


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
    assert kept(store) == [("corrections", [])]
    labelled(app, COAT)
    assert kept(store) == [("corrections", [COAT])]
    assert not app.exception


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
