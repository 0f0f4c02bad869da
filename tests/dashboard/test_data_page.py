"""Data: the ten classes, the counts, the browser of images, and what to do without the data."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.classes import CLASS_NAMES
from dashboard.charts import images
from dashboard.charts.classes import class_cards
from dashboard.tables.splits import split_table
from jobs.settings import settings
from jobs.store.store import Store
from tests import stores
from tests.blank_data import write_blank_data
from tests.dashboard.app import OpenPage, texts
from tests.stores import Sample


@pytest.fixture
def blank_data(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.artifacts == settings().artifacts
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()


def pictures(app: AppTest) -> list[dict[str, int | str]]:
    return json.loads(app.get("bidi_component")[0].proto.json)["pictures"]


@pytest.mark.usefixtures("blank_data")
def test_every_class_stands_there_with_its_counts(open_page: OpenPage) -> None:
    app = open_page("data")
    cards = next(element.proto.body for element in app.get("html") if "Mean image" in element.proto.body)
    assert all(f">{name}</p>" in cards for name in CLASS_NAMES)
    counts = app.table[0].value
    assert list(counts.loc["All"]) == ["54,000", "6,000", "10,000"]
    assert list(counts.loc["Bag"]) == ["5,400", "600", "1,000"]
    assert not app.exception


@pytest.mark.usefixtures("blank_data")
def test_a_link_opens_a_class_a_split_and_a_page_of_the_browser(open_page: OpenPage) -> None:
    app = open_page("data", section="images", **{"class": "3", "split": "test", "page": "2"})
    assert "1,000 images" in texts(app)
    dresses = np.flatnonzero(stores.labels() == 3).tolist()
    assert [picture["position"] for picture in pictures(app)] == dresses[48:96]
    assert pictures(app)[0]["alt"] == f"Test image {dresses[48]}, Dress"


def test_without_the_data_set_the_page_says_how_to_fetch_it(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "nowhere"))
    settings.cache_clear()
    app = open_page("data")
    assert "train-images-idx3-ubyte is missing" in texts(app)
    assert "python -m jobs data" in texts(app)
    assert "10 classes" not in texts(app)
    assert not app.exception


@pytest.mark.usefixtures("blank_data")
def test_a_damaged_file_is_named_above_what_can_still_be_shown(open_page: OpenPage) -> None:
    app = open_page("data")
    assert "train-images-idx3-ubyte is damaged: its SHA-256" in app.warning[0].value.replace("\\", "")
    assert "10 classes" in texts(app)


def test_class_cards_describe_their_pictures() -> None:
    black = np.zeros((10, 28, 28), np.uint8)
    cards = class_cards(CLASS_NAMES, black, [np.zeros((16, 28, 28), np.uint8)] * 10)
    assert 'alt="Mean image of Coat"' in cards
    assert 'alt="16 training images of Coat"' in cards


def test_the_split_table_adds_up() -> None:
    assert split_table(CLASS_NAMES, {"Test": [1000] * 10}).loc["All", "Test"] == "10,000"


def test_small_pictures_are_enlarged_in_sharp_squares_and_large_ones_are_not() -> None:
    assert "pixelated" in images.enlarged(np.zeros((28, 28), np.uint8), "a", 140)
    assert "pixelated" not in images.enlarged(np.zeros((300, 200, 3), np.uint8), "a", 140)


def test_a_description_cannot_break_out_of_its_attribute() -> None:
    assert 'alt="&quot;&gt;&lt;b&gt;"' in images.enlarged(np.zeros((28, 28), np.uint8), '"><b>', 28)


@pytest.mark.usefixtures("blank_data")
def test_a_test_image_leads_to_explore_as_soon_as_a_run_has_something_to_say_of_it(
    store: Store, open_page: OpenPage
) -> None:
    there = {"section": "images", "split": "test", "image": "5"}
    assert not links(open_page("data", **there))
    run_id = stores.add(store, Sample())
    assert links(open_page("data", **there)) == [f"run={run_id}&image=5"]
    assert not links(open_page("data", **{**there, "split": "train"}))


def links(app: AppTest) -> list[str]:
    return [each.proto.query_string for each in app.get("page_link") if each.proto.label == "View it in Explore"]


@pytest.mark.usefixtures("blank_data")
def test_the_counts_can_be_taken_along(open_page: OpenPage) -> None:
    assert "CSV of the counts" in [button.proto.label for button in open_page("data").get("download_button")]
