"""Explore: empty, with one run, with two, from a link, and with a link that names what is not there."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.classes import CLASS_COUNT
from core.statistics.metrics import confusion_matrix
from jobs.settings import settings
from jobs.store import blobs, queries
from jobs.store.schema import predictions
from jobs.store.store import Store
from tests import stores
from tests.blank_data import write_blank_data
from tests.dashboard.app import OpenPage, texts
from tests.stores import Sample


@pytest.fixture(autouse=True)
def blank_data(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.artifacts == settings().artifacts
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()


def shown_in(app: AppTest, key: str) -> dict[str, Any]:
    """What the component of that key was given to show."""
    protos = [element.proto for element in app.get("bidi_component")]
    return next(json.loads(proto.json) for proto in protos if key in proto.id)


def test_an_empty_store_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page("explore")
    assert "No finished runs yet" in texts(app)
    assert not app.exception


def test_a_run_opens_on_its_misclassified_images(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(name="plain"))
    answers = queries.get_predictions(store, run_id)
    app = open_page("explore", run=run_id)
    wrong = int((answers.predicted != answers.labels).sum())
    assert f"{wrong:,} images" in texts(app)
    assert len(shown_in(app, "gallery")["pictures"]) == 40
    assert not app.exception


def test_a_link_to_a_cell_shows_as_many_images_as_the_cell_says(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(name="plain"))
    answers = queries.get_predictions(store, run_id)
    count = confusion_matrix(answers.labels, answers.predicted, CLASS_COUNT)[4, 6]
    app = open_page("explore", run=run_id, true="4", predicted="6")
    assert f"{count} images" in texts(app)
    matrix = shown_in(app, "matrix")
    assert matrix["chosen"] == [4, 6]
    assert matrix["cells"][46]["name"] == f"true Coat, predicted Shirt: {count}"


def test_each_picture_has_a_description_and_a_link_of_its_own(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    app = open_page("explore", run=run_id, true="4", predicted="6")
    picture = shown_in(app, "gallery")["pictures"][0]
    assert picture["alt"].startswith(f"Test image {picture['position']}: true Coat, predicted Shirt (")
    assert picture["href"] == f"?run={run_id}&true=4&predicted=6&image={picture['position']}"


def test_a_link_to_an_image_opens_it_with_the_answers_of_both_runs(store: Store, open_page: OpenPage) -> None:
    first, second = (stores.add(store, Sample(name=name, seed=seed)) for seed, name in enumerate(("one", "two")))
    app = open_page("explore", run=first, against=second, image="1234")
    assert "Test image 1234" in texts(app)
    assert texts(app).count("predicts **") == 2
    assert not app.exception


def test_next_and_previous_go_through_the_gallery_in_its_order(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    order = [picture["position"] for picture in shown_in(open_page("explore", run=run_id), "gallery")["pictures"]]
    app = open_page("explore", run=run_id, image=str(order[0]))
    assert app.button("image_Previous").disabled
    app.button("image_Next").click().run()
    assert app.query_params["image"] == str(order[1])
    app.button("image_close").click().run()
    assert "image" not in app.query_params


def test_two_runs_show_where_one_alone_is_right(store: Store, open_page: OpenPage) -> None:
    first, second = (stores.add(store, Sample(name=name, seed=seed)) for seed, name in enumerate(("one", "two")))
    a, b = (queries.get_predictions(store, run_id) for run_id in (first, second))
    count = int(((a.predicted == a.labels) & (b.predicted != b.labels)).sum())
    app = open_page("explore", run=first, against=second, show="only-run")
    assert f"{count} images" in texts(app)
    assert "one right, two wrong" in texts(app)


def test_a_new_filter_returns_to_the_first_page(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    app = open_page("explore", run=run_id, page="2")
    app.selectbox("pick_sort").set_value("margin").run()
    assert "page" not in app.query_params
    assert app.query_params["sort"] == "margin"


def test_an_empty_cell_is_said_to_be_empty(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    answers = queries.get_predictions(store, run_id)
    true, predicted = map(
        int, next(zip(*(confusion_matrix(answers.labels, answers.predicted, CLASS_COUNT) == 0).nonzero(), strict=True))
    )
    app = open_page("explore", run=run_id, true=str(true), predicted=str(predicted))
    assert "No images match" in texts(app)
    assert not app.exception


@pytest.mark.parametrize(
    "parameters", [{"true": "x", "predicted": "99"}, {"page": "999"}, {"image": "999999"}, {"sort": "nonsense"}]
)
def test_parameters_that_make_no_sense_are_left_aside(
    store: Store, open_page: OpenPage, parameters: dict[str, str]
) -> None:
    app = open_page("explore", run=stores.add(store, Sample()), **parameters)
    assert not app.exception
    assert not app.error


def test_a_class_that_is_never_predicted_is_named(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(name="blind"))
    answers = queries.get_predictions(store, run_id)
    without = answers.log_probabilities.copy()
    without[:, 6] = -20
    with store.writing() as connection:
        encoded = blobs.encode_log_probabilities(without)
        connection.execute(predictions.update().values(log_probabilities=encoded))
    app = open_page("explore", run=run_id, unit="column %")
    assert "blind never predicts Shirt" in texts(app)
    assert not app.exception
    assert "nan" not in str(shown_in(app, "matrix")).lower()


def test_an_unknown_and_an_unfinished_run_are_left_out_by_name(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample(name="done"))
    halted = stores.add(store, Sample(name="halted", status="stopped", epochs_done=2))
    app = open_page("explore", run=halted, against="nosuchid")
    warnings = " ".join(warning.value for warning in app.warning)
    assert "halted is left out" in warnings
    assert "it is stopped" in warnings
    assert "There is no run nosuchid" in warnings
    assert not app.exception


def test_without_the_data_set_the_page_says_how_to_fetch_it(
    store: Store, open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.add(store, Sample())
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "nowhere"))
    settings.cache_clear()
    assert "python -m jobs data" in open_page("explore").error[0].value


def test_the_run_that_is_shown_is_in_the_link_whatever_finishes_next(store: Store, open_page: OpenPage) -> None:
    first = stores.add(store, Sample(created_at=1.0))
    app = open_page("explore", image="7")
    assert app.query_params["run"] == first
    stores.add(store, Sample(seed=1, created_at=2.0))
    assert app.run().selectbox("pick_run").value == first


def test_of_two_runs_in_a_link_the_one_shown_is_in_the_links_of_the_images(store: Store, open_page: OpenPage) -> None:
    first, second = (stores.add(store, Sample(seed=seed)) for seed in range(2))
    pictures = shown_in(open_page("explore", run=[first, second]), "gallery")["pictures"]
    assert f"run={first}" in pictures[0]["href"]
    assert second not in pictures[0]["href"]


def test_what_a_link_names_is_shown_as_written(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample())
    app = open_page("explore", run="![x](http://host/p.png)")
    assert app.warning[0].value == r"There is no run !\[x\](http:color[]\://host/p.png); it may have been deleted."


def test_an_answer_that_only_one_run_gives_is_a_filter_with_its_own_captions(store: Store, open_page: OpenPage) -> None:
    first, second = (stores.add(store, Sample(name=name, seed=seed)) for seed, name in enumerate(("one", "two")))
    a, b = (queries.get_predictions(store, run_id) for run_id in (first, second))
    count = int(((a.labels == 4) & (b.predicted == 6) & (a.predicted != 6)).sum())
    app = open_page("explore", run=first, against=second, true="4", predicted="6", show="against-says")
    assert f"{count} images" in texts(app)
    assert "Only two predicts this, true Coat, predicted Shirt" in texts(app)
    assert "prediction of two" in texts(app)


def test_the_matrix_and_the_difference_can_be_taken_along(store: Store, open_page: OpenPage) -> None:
    first, second = (stores.add(store, Sample(name=name, seed=seed)) for seed, name in enumerate(("one", "two")))

    def labels(app: AppTest) -> list[str]:
        return [button.proto.label for button in app.get("download_button")]

    assert "CSV of the counts" in labels(open_page("explore", run=first, against=second))
    app = open_page("explore", run=first, against=second, unit="difference")
    assert "CSV of the difference" in labels(app)
    matrix = shown_in(app, "matrix")
    assert matrix["picture"] == "lookbook-matrix-one-minus-two"
    assert matrix["caption"].startswith("one minus two: rows are true classes")
    assert "Choose" not in matrix["caption"]


def test_choices_of_a_link_that_are_none_are_named_and_left_aside(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample())
    app = open_page("explore", sort="*colour*", true=["11", "x" * 5_000], unit="counts")
    captions = [caption.value.replace("\\", "") for caption in app.caption]
    assert "Unknown for “Sort by”, ignored: *colour*." in captions
    assert f"Unknown for “True class”, ignored: 11, {'x' * 60}." in captions
    assert sum("ignored" in caption for caption in captions) == 2
    assert app.selectbox(key="pick_sort").value == "loss"
