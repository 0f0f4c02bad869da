"""Correcting is teaching, in a real browser: photos kept by one click, runs that learn from them, sets of classes."""

import csv
import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from core.answers.verdict import Judgement
from core.classes import CLASS_NAMES
from core.photos.model_view import to_model_view
from core.photos.picture import Photo, read
from dashboard.sections.predict import samples
from jobs.results import photo_sets
from jobs.results.photo_answers import predictor_of
from jobs.running import queue
from jobs.store.queries import get_run, list_runs
from jobs.store.records import RunStatus
from jobs.store.store import Store
from tests.browser.conftest import PATIENCE_MS, Dashboard, OpenPage, running_dashboard, settle
from tests.browser.test_accessibility import serious, sideways
from tests.jobs.test_teaching import photo_set_of
from tests.untrained import add_run_with_model

pytestmark = pytest.mark.browser

BAG, COAT, PULLOVER = (CLASS_NAMES.index(name) for name in ("Bag", "Coat", "Pullover"))
CONSENT = "Keep the photos that I label in a photo set"
DONE_MS = 60_000


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard with data and weights of its own, whose queue is paused: the runs are queued, and nobody trains."""
    folder = tmp_path_factory.mktemp("teaching")
    (folder / "data").mkdir()
    (folder / "weights.pth").touch()
    with running_dashboard(folder, DATA=str(folder / "data"), RESNET18_WEIGHTS=str(folder / "weights.pth")) as served:
        queue.set_paused(served.store, True)
        yield served


@pytest.fixture(scope="module")
def run_id(dashboard: Dashboard) -> str:
    return add_run_with_model(dashboard.store, "asked", verdict="not sure", set_threshold=0.95)


def photo(name: str, sample: str) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": samples.draw_sample(sample)}


def drop_and_agree(page: Page, *photos: FilePayload) -> None:
    """Drop photos on the page Predict and agree that labelled ones are kept."""
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(photos)
    page.get_by_text(CONSENT).click()
    settle(page)


def say(page: Page, photo_name: str, label: int) -> None:
    """Say by one click what a photo shows."""
    classes = page.get_by_role("radiogroup", name=f"What is {photo_name}?")
    classes.get_by_role("radio", name=CLASS_NAMES[label], exact=True).click()


def kept(store: Store) -> dict[str, list[tuple[str, int]]]:
    return {
        photo_set.name: [(photo.name, photo.label) for photo in photo_sets.photos_of(store, photo_set)]
        for photo_set in photo_sets.list_sets(store)
    }


def test_a_photo_is_kept_by_one_click_and_the_second_person_is_told_that_it_is_there(
    dashboard: Dashboard, run_id: str, open_page: OpenPage, browser: Browser
) -> None:
    page = open_page(f"predict?run={run_id}")
    drop_and_agree(page, photo("mine.png", "bag"))
    say(page, "mine.png", COAT)
    expect(page.get_by_text("Kept as Coat in corrections (1 photo)")).to_be_visible()
    assert kept(dashboard.store) == {"corrections": [("mine.png", COAT)]}
    assert serious(page) == []
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken out of corrections again.")).to_be_visible()
    assert kept(dashboard.store) == {}
    say(page, "mine.png", BAG)
    expect(page.get_by_text("Kept as Bag in corrections (1 photo)")).to_be_visible()

    with browser.new_context() as second:
        other = second.new_page()
        other.set_default_timeout(PATIENCE_MS)
        other.goto(f"{dashboard.address}/predict?run={run_id}")
        settle(other)
        drop_and_agree(other, photo("yours.png", "bag"), photo("new.png", "trouser"))
        say(other, "yours.png", PULLOVER)
        there = "The same photo is there already, as Bag in corrections (1 photo). Its label was left as it is."
        expect(other.get_by_text(there)).to_be_visible()
        say(other, "new.png", PULLOVER)
        expect(other.get_by_text("Kept as Pullover in corrections (2 photos)")).to_be_visible()
    assert kept(dashboard.store) == {"corrections": [("mine.png", BAG), ("new.png", PULLOVER)]}


def test_one_click_queues_runs_that_learn_from_a_photo_set_and_the_page_leads_to_them(
    dashboard: Dashboard, run_id: str, open_page: OpenPage
) -> None:
    photo_set = photo_set_of(dashboard.store, 30, "street")
    page = open_page(f"predict?about=sets&set={photo_set.id}&run={run_id}")
    page.get_by_role("button", name="Queue the runs").click()
    expect(page.get_by_text("6 runs queued to learn from street@1")).to_be_visible(timeout=DONE_MS)
    settle(page)
    assert serious(page) == []
    queued = [run.name for run in list_runs(dashboard.store) if run.status == RunStatus.QUEUED]
    assert len(queued) == 6
    page.get_by_role("link", name="Runs that learn from street@1").click()
    page.wait_for_url("**/runs?data=*")
    expect(page.get_by_text(re.compile(r"^6 runs"))).to_be_visible()
    for name in queued:
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def calibrate_on_two(store: Store, run_id: str, shown: Photo) -> list[str]:
    """Keep 60 photos by which a run's set for a photo holds its two likeliest classes; return their names."""
    shares = predictor_of(store, get_run(store, run_id)).judge(to_model_view(shown)).probabilities
    order = np.argsort(-shares)
    office = photo_sets.keep(store, "office", [(shown, 0)] * 60)
    between = shares[order[1:3]].mean()
    answer = Judgement(np.array([between, *[(1 - between) / 9] * 9]), "not sure", "")
    photo_sets.store_answers(store, office, run_id, [answer] * 60)
    return [CLASS_NAMES[label] for label in order[:2]]


def test_an_answer_that_is_a_set_names_the_photos_that_it_is_calibrated_on(
    dashboard: Dashboard, run_id: str, open_page: OpenPage
) -> None:
    names = calibrate_on_two(dashboard.store, run_id, read(samples.draw_sample("bag"), "bag.png"))
    page = open_page(f"predict?run={run_id}&sample=bag", width=390)
    promise = f"{names[0]} or {names[1]}: 9 in 10 such answers hold the truth (calibrated on 60 photos of office)."
    expect(page.get_by_text(promise, exact=True)).to_be_visible()
    assert serious(page) == []
    assert sideways(page) <= 0
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all probabilities (CSV)").click()
    (row,) = csv.DictReader(download.value.path().read_text(encoding="utf-8-sig").splitlines())
    assert (row["set"], row["set coverage"]) == ("; ".join(names), "0.9")
    assert row["set calibrated on"] == "60 photos of office"
