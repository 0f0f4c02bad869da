"""Suspect labels and near-duplicates on the page Data, and accuracies without them on the pages of runs."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from core.classes import CLASS_NAMES
from core.statistics.label_errors import label_quality, label_trust
from dashboard.queries import data_queries
from jobs.results import duplicate_search
from jobs.results.label_judges import quality_of
from jobs.settings import settings
from jobs.store import locks
from jobs.store.queries import get_predictions, get_run
from jobs.store.schema import predictions
from jobs.store.store import Store
from tests import stores
from tests.blank_data import write_blank_data
from tests.core.small_data import small_data
from tests.dashboard.app import OpenPage, press, texts
from tests.folds import add_fold_group
from tests.stores import Sample

pytestmark = pytest.mark.slow

TRAIN_LABELS = np.arange(60_000) % 10
TEST_LABELS = stores.labels()


@pytest.fixture(autouse=True)
def _blank_data(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.artifacts == settings().artifacts
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()


def pictures(app: AppTest) -> list[dict[str, int | str]]:
    return json.loads(app.get("bidi_component")[0].proto.json)["pictures"]


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_without_a_finished_run_the_page_says_what_to_launch(open_page: OpenPage) -> None:
    app = open_page("data", section="suspects")
    assert "No finished runs yet" in texts(app)
    app = open_page("data", section="suspects", split="train")
    assert "can only be judged by models that were not trained on them" in texts(app)
    assert not app.exception


def test_the_suspect_test_labels_of_a_run_stand_there_with_who_says_so(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(name="my cnn"), TEST_LABELS)
    quality = quality_of(get_predictions(store, run_id))
    app = open_page("data", section="suspects", run=run_id)
    count = int(quality.suspect.sum())
    assert f"{count:,} of the 10,000 labels of the test set" in html(app)
    assert "flagged as label issues by my cnn" in html(app)
    assert "Nothing is removed" in texts(app)
    assert [picture["position"] for picture in pictures(app)] == quality.ranked[:48].tolist()
    assert pictures(app)[0]["href"] == f"?section=suspects&run={run_id}&image={quality.ranked[0]}"
    assert not app.exception


def test_suspects_are_filtered_by_class_sorted_and_paged_by_the_link(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(), TEST_LABELS)
    quality = quality_of(get_predictions(store, run_id))
    app = open_page("data", section="suspects", **{"class": "6", "suggested": "0", "sort": "position"})
    expected = np.flatnonzero(quality.suspect & (TEST_LABELS == 6) & (quality.suggested == 0))
    assert [picture["position"] for picture in pictures(app)] == expected[:48].tolist()
    assert str(pictures(app)[0]["alt"]).startswith(f"Image {expected[0]}: labelled Shirt, suggested T-shirt/top")


def test_several_runs_agree_on_fewer_suspects(store: Store, open_page: OpenPage) -> None:
    ids = [stores.add(store, Sample(seed=1), TEST_LABELS), stores.add(store, Sample("resnet18"), TEST_LABELS)]
    app = open_page("data", section="suspects", run=ids)
    alone = quality_of(get_predictions(store, ids[0])).suspect.sum()
    assert "flagged as label issues by each of cnn seed 1 and resnet18 seed 0" in html(app)
    assert f"{alone} of the" not in html(app)


def test_training_labels_are_judged_by_a_complete_k_fold_group(store: Store, open_page: OpenPage) -> None:
    add_fold_group(store, TRAIN_LABELS, 4, unfinished=1)
    app = open_page("data", section="suspects", split="train")
    assert "can only be judged" in texts(app)
    add_fold_group(store, TRAIN_LABELS, 3)
    app = open_page("data", section="suspects", split="train")
    assert "of the 60,000 labels of the training set" in html(app)
    assert "the 3 runs of cnn seed 0" in html(app)
    assert "chose its checkpoint and when to stop" in texts(app)
    assert not app.exception


def test_near_duplicates_are_searched_at_the_click_of_a_button(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Store] = []
    monkeypatch.setattr(duplicate_search, "start_search", started.append)
    app = open_page("data", section="duplicates")
    assert "No search yet" in texts(app)
    press(app, "Search for near-duplicates")
    assert len(started) == 1


def test_a_search_at_work_shows_how_far_it_is_and_one_that_failed_says_why(store: Store, open_page: OpenPage) -> None:
    (store.artifacts / "near-duplicates.failure").write_text("The disk is full.")
    assert "The disk is full" in texts(open_page("data", section="duplicates"))
    lock = locks.acquire(store.artifacts / "near-duplicates.lock")
    (store.artifacts / "near-duplicates.log").write_text("progress 0.00 \nprogress 0.37 \n")
    app = open_page("data", section="duplicates")
    assert "Search for near-duplicates" not in [button.label for button in app.button]
    assert duplicate_search.search_state(store).share == 0.37
    locks.os.close(lock)


def test_near_duplicates_stand_side_by_side_with_links_to_explore(store: Store, open_page: OpenPage) -> None:
    data = small_data(40, 50)
    data.test_images[5] = data.train_images[7]
    duplicate_search.search(store, data)
    assert "<a href" not in html(open_page("data", section="duplicates", split="across", least="0.999"))
    run_id = stores.add(store, Sample())
    app = open_page("data", section="duplicates", split="across", least="0.999")
    assert "1 of the 50 test images (2.00 %) has a near-duplicate in the training set" in html(app)
    assert "Training 7, " in html(app)
    assert f'<a href="explore?run={run_id}&amp;image=5"' in html(app)
    assert "Nothing is removed" in texts(app)
    assert not app.exception


def test_a_run_and_a_comparison_show_accuracies_without_the_flagged_beside_those_with_all(
    store: Store, open_page: OpenPage
) -> None:
    first = stores.add(store, Sample(seed=1, name="mine"), TEST_LABELS)
    app = open_page("runs", run=first, section="faults")
    assert "found by other finished runs, and there are none yet" in texts(app)
    second = stores.add(store, Sample(seed=2, name="yours"), TEST_LABELS)
    judge = stores.add(store, Sample("resnet18", name="judge"), TEST_LABELS)
    app = open_page("runs", run=first, section="faults")
    table = app.table[-1].value
    assert table.index.tolist() == ["All images", "Without label issues"]
    assert table["Images"].iloc[0] == "10,000"
    assert "judge" in texts(app)
    assert "yours" in texts(app)
    compared = open_page("compare", run=[first, second], more="faults")
    faults = next(element.value for element in compared.table if "Without label issues" in element.value.index)
    assert faults.columns.tolist() == ["Images", "mine", "yours"]
    assert judge in texts(compared)
    assert not compared.exception


def test_the_label_of_one_image_is_judged_by_other_runs_than_those_shown(store: Store) -> None:
    shown = get_run(store, stores.add(store, Sample(seed=1), TEST_LABELS))
    assert data_queries.label_trust(7, [shown]) == (None, [])
    stores.add(store, Sample("resnet18", name="judge"), TEST_LABELS)
    trust, left_out = data_queries.label_trust(7, [shown])
    assert trust.judges == ("judge",)
    assert left_out == []
    assert trust.sentence.startswith(f"The label {CLASS_NAMES[TEST_LABELS[7]]} has a label quality of ")


def test_two_judges_of_one_name_are_told_apart(store: Store) -> None:
    shown = get_run(store, stores.add(store, Sample(seed=1), TEST_LABELS))
    ids = [stores.add(store, Sample(model, 2, name="judge"), TEST_LABELS) for model in ("cnn", "resnet18")]
    trust, _ = data_queries.label_trust(7, [shown])
    assert sorted(trust.judges) == sorted(f"judge ({run_id})" for run_id in ids)


def test_judges_that_cannot_judge_are_left_out_by_name_wherever_labels_are_judged(
    store: Store, open_page: OpenPage
) -> None:
    measured = stores.add(store, Sample(seed=1, name="mine"), TEST_LABELS)
    stores.add(store, Sample("resnet18", name="elsewhere"), TEST_LABELS[::-1].copy())
    gone = stores.add(store, Sample(seed=2, name="emptied"), TEST_LABELS)
    with store.writing() as connection:
        connection.execute(predictions.delete().where(predictions.c.run_id == gone))
    trust, left_out = data_queries.label_trust(7, [get_run(store, measured)])
    assert trust is None
    assert [refusal.run.name for refusal in left_out] == ["emptied", "elsewhere"]
    text = texts(open_page("runs", run=measured, section="faults"))
    assert "emptied" in text
    assert "labels differ" in text
    text = texts(open_page("explore", run=measured, image="7"))
    assert "emptied" in text
    assert "there are none yet." in text


def test_suspects_are_not_shown_on_images_that_a_run_was_not_tested_on(store: Store, open_page: OpenPage) -> None:
    mine = stores.add(store, Sample(name="mine"), TEST_LABELS)
    other = stores.add(store, Sample(seed=1, name="elsewhere"), TEST_LABELS[::-1].copy())
    app = open_page("data", section="suspects", run=other)
    assert "elsewhere was not tested on the images of the data folder" in texts(app)
    assert not app.exception
    app = open_page("data", section="suspects", run=[mine, other])
    assert any("elsewhere" in warning.value for warning in app.warning)
    assert "flagged as label issues by mine" in html(app)


@pytest.mark.parametrize("truth", [TEST_LABELS[::-1].copy(), TEST_LABELS[:-10]], ids=["another order", "fewer"])
def test_explore_shows_no_image_that_the_run_was_not_tested_on(
    store: Store, open_page: OpenPage, truth: NDArray[np.int64]
) -> None:
    run_id = stores.add(store, Sample(name="elsewhere"), truth)
    for where in ({}, {"image": "9995"}):
        app = open_page("explore", run=run_id, **where)
        assert "was not tested on the images that are stored now" in app.error[0].value
        assert not app.exception


def test_near_duplicates_of_other_images_than_the_runs_are_not_counted(store: Store, open_page: OpenPage) -> None:
    duplicate_search.search(store, small_data(40, 50))
    run_id = stores.add(store, Sample(), TEST_LABELS[::-1].copy())
    app = open_page("runs", run=run_id, section="faults")
    assert "Near-duplicates are left out" in texts(app)
    assert app.table[-1].value.index.tolist() == ["All images"]


def test_a_search_that_cannot_be_started_is_said(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_store: Store) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere/near-duplicates.log")

    monkeypatch.setattr(duplicate_search, "start_search", refuse)
    app = press(open_page("data", section="duplicates"), "Search for near-duplicates")
    assert "Permission denied (/somewhere/near-duplicates.log)" in app.toast[0].value
    assert not app.exception


def test_tables_of_the_chosen_suspects_and_pairs_can_be_taken_along_beside_all(
    store: Store, open_page: OpenPage
) -> None:
    stores.add(store, Sample(), TEST_LABELS)
    duplicate_search.search(store, small_data(40, 50))
    for section in ("suspects", "duplicates"):
        labels = [button.proto.label for button in open_page("data", section=section).get("download_button")]
        assert labels[0] == "CSV of these"
        assert labels[1].startswith("CSV of all")


def test_the_trust_in_one_label_is_said_with_who_doubts_it(store: Store) -> None:
    ids = [stores.add(store, Sample(seed=1), TEST_LABELS), stores.add(store, Sample("resnet18"), TEST_LABELS)]
    answers = [get_predictions(store, run_id) for run_id in ids]
    judged = {
        name: label_quality(of_run.labels, of_run.probabilities) for name, of_run in zip("ab", answers, strict=True)
    }
    doubtful = int(judged["a"].ranked[0])
    trust = label_trust(doubtful, int(TEST_LABELS[doubtful]), judged, CLASS_NAMES)
    assert trust.score < 0.5
    assert trust.lower_share < 0.05
    assert "it is flagged by a (" in trust.sentence
    sure = int(np.argmax(judged["a"].trust + judged["b"].trust))
    assert "it is not flagged by a or b." in label_trust(sure, int(TEST_LABELS[sure]), judged, CLASS_NAMES).sentence
