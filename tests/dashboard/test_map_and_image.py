"""Explore's map and its page of an image: with a study, without one, while one is made, and after one has failed."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import LookbookError
from dashboard.charts import areas
from jobs.settings import settings
from jobs.store import locks, queries, run_files
from jobs.store.records import Run
from jobs.store.store import Store
from jobs.tasks import studies
from tests import stores
from tests.blank_data import write_blank_data
from tests.dashboard.app import OpenPage, press, texts
from tests.stores import Sample
from tests.studied import add_study
from tests.untrained import add_run_with_model


@pytest.fixture(autouse=True)
def blank_data(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.artifacts == settings().artifacts
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()


def shown_in(app: AppTest, key: str) -> dict[str, Any] | None:
    """What the component of that key was given to show; None without it."""
    protos = [element.proto for element in app.get("bidi_component")]
    return next((json.loads(proto.json) for proto in protos if key in proto.id), None)


def test_a_run_without_a_study_offers_to_make_it_and_says_how_long_that_takes(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = stores.add(store, Sample())
    asked = []
    monkeypatch.setattr(studies, "request_study", lambda _store, run: asked.append(run.id))
    app = open_page("explore", run=run_id, section="map")
    assert shown_in(app, "map") is None
    button = next(candidate for candidate in app.button if candidate.label.startswith("Compute map and nearest images"))
    assert "about" in button.label
    press(app, button.label)
    assert asked == [run_id]


def test_a_study_that_cannot_be_started_is_said(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_store: Store, _run: Run) -> None:
        raise LookbookError("No.", "Wait.")

    run_id = stores.add(store, Sample())
    monkeypatch.setattr(studies, "request_study", refuse)
    app = open_page("explore", run=run_id, section="map")
    press(app, next(button.label for button in app.button if button.label.startswith("Compute map")))
    assert [toast.value for toast in app.toast] == ["No. Wait."]


def test_while_a_study_is_made_the_page_says_at_which_step_it_is(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(name="studied"))
    files = run_files.files_of(store, run_id)
    lock = locks.acquire(files.study_lock)
    files.study_log.write_text("progress 0.20 step 2 of 5: features of 100 training images\na warning\n")
    app = open_page("explore", run=run_id, section="map")
    assert "step 2 of 5: features of 100 training images" in texts(app)
    assert not [button for button in app.button if button.label.startswith("Compute map")]
    os.close(lock)


def test_a_study_that_failed_says_why_and_is_offered_again(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    files = run_files.files_of(store, run_id)
    files.study_failure.parent.mkdir(parents=True)
    files.study_failure.write_text("The machine ran out of memory.")
    app = open_page("explore", run=run_id, section="map")
    assert "The machine ran out of memory" in app.error[0].value
    assert [button for button in app.button if button.label.startswith("Compute map")]


def test_a_damaged_study_is_said_and_offered_again(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    add_study(store, run_id)
    run_files.files_of(store, run_id).study.write_bytes(b"PK nothing")
    app = open_page("explore", run=run_id, section="map", area="0-0-500-500")
    assert "is damaged" in app.error[0].value
    assert [button for button in app.button if button.label.startswith("Compute map")]
    assert not app.exception


def test_the_map_shows_all_points_and_an_area_is_the_gallery(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    places = add_study(store, run_id).places
    app = open_page("explore", run=run_id, section="map", area="0-0-300-300")
    inside = areas.inside(((0, 0), (300, 300)), places)
    assert f"{inside.sum():,} images" in texts(app)
    assert "within the map area" in texts(app)
    assert shown_in(app, "map")["area"] == [[0, 0], [300, 0], [300, 300], [0, 300]]
    for picture in shown_in(app, "gallery")["pictures"]:
        assert inside[picture["position"]]
        assert "area=0-0-300-300" in picture["href"]


def test_other_filters_narrow_the_area_further(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    inside = areas.inside(((0, 0), (300, 300)), add_study(store, run_id).places)
    answers = queries.get_predictions(store, run_id)
    count = int((inside & (answers.predicted != answers.labels) & (answers.predicted == 6)).sum())
    app = open_page("explore", run=run_id, section="map", area="0-0-300-300", show="wrong", predicted="6")
    assert f"{count:,} images" in texts(app)


def test_leaving_the_map_leaves_the_area(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    add_study(store, run_id)
    app = open_page("explore", run=run_id, section="map", area="0-0-300-300")
    app.segmented_control("pick_section").set_value("matrix").run()
    assert "area" not in app.query_params
    assert "within the area" not in texts(app)


@pytest.mark.parametrize("colouring", ["label", "prediction", "outcome"])
def test_the_colouring_is_in_the_link(store: Store, open_page: OpenPage, colouring: str) -> None:
    run_id = stores.add(store, Sample())
    add_study(store, run_id)
    shown = shown_in(open_page("explore", run=run_id, section="map", colour=colouring), "map")
    assert len(shown["groups"]) == (2 if colouring == "outcome" else 10)


def test_an_image_shows_its_nearest_training_images_by_each_model(store: Store, open_page: OpenPage) -> None:
    ids = [stores.add(store, Sample(name=name, seed=seed)) for seed, name in enumerate(("one", "two"))]
    study = add_study(store, ids[0])
    app = open_page("explore", run=ids[0], against=ids[1], image="7")
    pictures = shown_in(app, f"neighbours_{ids[0]}")["pictures"]
    assert [picture["position"] for picture in pictures] == study.neighbours[7].tolist()
    assert pictures[0]["href"] == (
        f"data?data=fashion-mnist&section=images&split=train&page={study.neighbours[7, 0] // 48 + 1}"
    )
    assert "Of the nearest 12:" in texts(app).replace("\\", "")
    assert shown_in(app, f"neighbours_{ids[1]}") is None
    assert [button.label for button in app.button if button.label.startswith("Compute map")]
    assert not app.exception


def test_an_image_says_how_far_its_label_can_be_trusted_by_another_run(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(name="shown"))
    assert "checked by finished runs" in texts(open_page("explore", run=run_id, image="7"))
    stores.add(store, Sample(name="judge", model="resnet18", seed=1))
    text = texts(open_page("explore", run=run_id, image="7"))
    assert "has a label quality of" in text
    assert "judge" in text


def test_an_image_stays_within_the_area_that_it_was_opened_from(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    inside = np.flatnonzero(areas.inside(((0, 0), (300, 300)), add_study(store, run_id).places))
    app = open_page("explore", run=run_id, section="map", area="0-0-300-300", image=str(inside[0]))
    assert f"of {len(inside):,} images" in texts(app)


def test_saliency_of_both_models_is_shown_when_it_is_asked_for(store: Store, open_page: OpenPage) -> None:
    ids = [add_run_with_model(store, name, seed) for seed, name in enumerate(("one", "two"))]
    app = open_page("explore", run=ids[0], against=ids[1], image="7")
    assert "Grad-CAM" in app.toggle("pick_saliency").label
    app.toggle("pick_saliency").set_value(True).run(timeout=60)
    assert app.query_params["saliency"] == "yes"
    assert sum("Grad-CAM heat map of" in element.proto.body for element in app.get("html")) == 2
    assert not app.exception


def test_a_model_that_is_gone_leaves_the_rest_of_the_page(store: Store, open_page: OpenPage) -> None:
    app = open_page("explore", run=stores.add(store, Sample()), image="7", saliency="yes")
    assert "cannot be read" in app.error[0].value
    assert "Nearest training images" in texts(app)
    assert not app.exception


def test_an_area_is_said_to_be_left_aside_where_the_run_has_no_map(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(name="mapless"))
    app = open_page("explore", run=run_id, section="map", area="0-0-300-300")
    assert "is ignored: mapless has no map yet" in app.warning[0].value
    add_study(store, run_id)
    assert not app.run().warning


def test_another_run_begins_without_the_area_of_the_map_before(store: Store, open_page: OpenPage) -> None:
    first, second = (stores.add(store, Sample(seed=seed)) for seed in range(2))
    add_study(store, first)
    app = open_page("explore", run=first, section="map", area="0-0-300-300")
    app.selectbox("pick_run").set_value(second).run()
    assert "area" not in app.query_params
