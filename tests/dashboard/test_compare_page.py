"""Compare: nothing, one run, two, several, and runs that cannot be compared."""

from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from jobs.store import blobs
from jobs.store.queries import get_predictions
from jobs.store.schema import predictions
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, texts
from tests.dashboard.test_explore_page import shown_in
from tests.stores import Sample


def sentences(app: AppTest) -> list[str]:
    """The findings on top of the page, as a person reads them."""
    paragraphs = [element.proto.body for element in app.get("html") if element.proto.body.startswith("<p")]
    return [unescape(body.partition(">")[2].removesuffix("</p>")) for body in paragraphs]


@pytest.fixture
def ids(store: Store) -> list[str]:
    names = ("one", "two", "three")
    return [stores.add(store, Sample(name=name, seed=seed, model="cnn")) for seed, name in enumerate(names)]


def test_an_empty_store_says_what_to_do(open_page: OpenPage) -> None:
    assert "No finished runs yet. Comparing takes two" in texts(open_page("compare"))


def test_one_finished_run_says_that_another_is_needed(store: Store, open_page: OpenPage) -> None:
    stores.add(store, Sample())
    assert "Only one finished run so far. Comparing takes two" in texts(open_page("compare"))


@pytest.mark.usefixtures("ids")
def test_without_a_choice_the_page_offers_one(open_page: OpenPage) -> None:
    app = open_page("compare")
    assert "Choose two or more runs" in texts(app)
    assert not app.exception


def test_two_runs_begin_with_the_sentence_and_the_baseline_is_on_the_left(ids: list[str], open_page: OpenPage) -> None:
    app = open_page("compare", run=ids[:2])
    assert sentences(app)[0].endswith("This compares two trained models, not the two recipes.")
    assert list(app.table[0].value.columns) == ["one (baseline)", "two"]
    assert not app.exception


def test_runs_with_other_validation_images_are_said_beside_their_validation_figures(
    store: Store, ids: list[str], open_page: OpenPage
) -> None:
    assert texts(open_page("compare", run=ids[:2])).count("were validated on different images") == 2
    twins = [stores.add(store, Sample(name=name, seed=5)) for name in ("first", "second")]
    assert "were validated on different images" not in texts(open_page("compare", run=twins))


def test_the_order_of_the_link_decides_which_run_is_the_baseline(ids: list[str], open_page: OpenPage) -> None:
    app = open_page("compare", run=[ids[1], ids[0]])
    assert list(app.table[0].value.columns) == ["two (baseline)", "one"]


def test_several_runs_are_corrected_for_looking_often_and_the_best_is_named_or_tied(
    ids: list[str], open_page: OpenPage
) -> None:
    app = open_page("compare", run=ids, other=ids[2])
    detail, best = sentences(app)[:2]
    assert "three" in detail
    assert "after Holm's correction for 2 comparisons" in detail
    assert best.startswith("Of these 3 runs")
    assert not app.exception


def test_a_link_written_by_hand_opens_the_same_view(ids: list[str], open_page: OpenPage) -> None:
    app = open_page("compare", runs=",".join(ids[:2]))
    assert app.query_params["run"] == ids[:2]
    assert list(app.table[0].value.columns) == ["one (baseline)", "two"]


def test_a_run_compared_with_its_copy_has_nothing_to_tell(store: Store, open_page: OpenPage) -> None:
    same = [stores.add(store, Sample(name=name, seed=1)) for name in ("a", "b")]
    app = open_page("compare", run=same)
    assert "No difference between a and b" in sentences(app)[0]
    assert not app.exception


def test_unfinished_and_unknown_runs_are_left_out_by_name(store: Store, ids: list[str], open_page: OpenPage) -> None:
    halted = stores.add(store, Sample(name="halted", status="stopped", epochs_done=2))
    app = open_page("compare", run=[ids[0], halted, ids[1], "nosuchid"])
    warnings = " ".join(warning.value for warning in app.warning)
    assert "halted is left out" in warnings
    assert "it is stopped" in warnings
    assert "There is no run nosuchid" in warnings
    assert list(app.table[0].value.columns) == ["one (baseline)", "two"]


def test_an_archived_run_is_compared_when_a_link_names_it(store: Store, ids: list[str], open_page: OpenPage) -> None:
    hidden = stores.add(store, Sample(name="hidden", columns={"archived_at": 1.0}))
    app = open_page("compare", run=[ids[0], hidden])
    assert list(app.table[0].value.columns) == ["one (baseline)", "hidden"]


def test_a_name_with_markup_in_it_stays_as_it_is(store: Store, ids: list[str], open_page: OpenPage) -> None:
    odd = stores.add(store, Sample(name="<b>*x*</b> $1$"))
    app = open_page("compare", run=[ids[0], odd])
    assert "<b>*x*</b> $1$" in sentences(app)[0]
    assert all("<b>" not in element.proto.body for element in app.get("html"))
    assert not app.exception


def test_runs_of_other_images_are_left_out_by_name_with_the_reason(
    store: Store, ids: list[str], open_page: OpenPage
) -> None:
    other = stores.add(store, Sample(name="elsewhere"), stores.labels()[::-1].copy())
    app = open_page("compare", run=[ids[0], other, ids[1]])
    warnings = " ".join(warning.value for warning in app.warning)
    assert "elsewhere" in warnings
    assert "was not tested on the images of one" in warnings
    assert list(app.table[0].value.columns) == ["one (baseline)", "two"]
    assert not app.exception


def test_a_finished_run_whose_predictions_are_gone_is_left_out_by_name(
    store: Store, ids: list[str], open_page: OpenPage
) -> None:
    with store.writing() as connection:
        connection.execute(predictions.delete().where(predictions.c.run_id == ids[1]))
    app = open_page("compare", run=ids)
    assert "two" in app.warning[0].value
    assert "were not kept" in app.warning[0].value
    assert list(app.table[0].value.columns) == ["one (baseline)", "three"]


def test_a_class_that_nobody_predicted_is_a_sentence(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    logs = get_predictions(store, run_id).log_probabilities.copy()
    logs[:, 6] = -90.0
    with store.writing() as connection:
        changed = {"log_probabilities": blobs.encode_log_probabilities(logs)}
        connection.execute(predictions.update().where(predictions.c.run_id == run_id).values(**changed))
    app = open_page("runs", run=run_id, section="classes")
    assert app.info[0].value.replace("\\", "") == "Never predicted, so precision is undefined: Shirt."
    assert not app.exception
    assert not open_page("compare", run=[run_id, stores.add(store, Sample(seed=1))]).exception


def test_a_weights_file_is_told_by_its_name_and_in_the_config_of_the_run_by_its_path(
    store: Store, ids: list[str], open_page: OpenPage
) -> None:
    changes = {"weights_file": "/far/away/start.pth"}
    started = stores.add(store, Sample(model="resnet18", changes=changes))
    app = open_page("compare", run=[ids[0], started])
    settings = app.table[-1].value
    assert list(settings.loc["weights_file"]) == ["none", "start.pth"]
    config = open_page("runs", run=started, section="config").dataframe[0].value
    assert "/far/away/start.pth" in list(config["Value"])


def test_everything_can_be_taken_along_with_one_click(ids: list[str], open_page: OpenPage) -> None:
    labels = [button.proto.label for button in open_page("compare", run=ids).get("download_button")]
    assert {"Report (HTML)", "Report (Markdown)", "CSV of the runs", "CSV of the comparison"} <= set(labels)
    assert {"CSV of the classes", "CSV of all confusions"} <= set(labels)


def test_of_more_runs_than_fit_those_left_out_are_named(store: Store, open_page: OpenPage) -> None:
    made = [stores.add(store, Sample(name=f"run {place:02}", seed=place)) for place in range(12)]
    app = open_page("compare", run=made)
    assert "At most 10 can be shown; 12 were requested. Left out: run 10 · " in app.warning[0].value
    assert "run 11" in app.warning[0].value
    assert len(app.table[0].value.columns) == 10


def test_a_confusion_leads_to_its_images_and_to_those_that_one_run_alone_confuses(
    ids: list[str], open_page: OpenPage
) -> None:
    shown = shown_in(open_page("compare", run=ids[:2]), "pair_table")
    assert shown["header"][2:6] == ["one", "two", "Only one", "Only two"]
    only_one, only_two = (cell["href"] for cell in shown["rows"][0][4:6])
    assert f"run={ids[1]}&against={ids[0]}&show=against-says" in only_one
    assert f"run={ids[1]}&against={ids[0]}&show=run-says" in only_two


@pytest.mark.parametrize(
    ("more", "label"),
    [
        ("settings", "CSV of these settings"),
        ("calibration", "CSV of the calibration"),
        ("calibration", "CSV of the coverage curve"),
        ("settings", "CSV of the difference"),
    ],
)
def test_every_table_of_a_comparison_has_its_csv(ids: list[str], open_page: OpenPage, more: str, label: str) -> None:
    assert label in [button.proto.label for button in open_page("compare", run=ids, more=more).get("download_button")]
