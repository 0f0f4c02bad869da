"""The whole way in a real browser, from an empty store to an answer about a picture; and steering runs by clicks."""

import io
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, expect

from core.classes import CLASS_NAMES
from core.data import fashion_mnist
from jobs.running import queue
from jobs.settings import settings
from jobs.store import queries
from jobs.store.filters import Filter
from jobs.store.records import RunStatus
from jobs.store.store import Store
from tests import stores
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle, wait_until
from tests.browser.steering import follow, launch
from tests.stores import Sample

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A torchvision ResNet18 state dict that nobody has trained."""
    import torch
    from torchvision.models import resnet18

    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(resnet18().state_dict(), path)
    return path


def draw_shirt() -> bytes:
    """A dark T-shirt on a light ground, as PNG."""
    image = Image.new("RGB", (400, 400), "#f4f2ee")
    outline = [(130, 80), (270, 80), (370, 150), (330, 210), (285, 180), (285, 340), (115, 340), (115, 180), (70, 210)]
    ImageDraw.Draw(image).polygon([*outline, (30, 150)], fill="#22303c")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.mark.slow
@pytest.mark.skipif(not fashion_mnist.is_present(settings().data), reason="Fashion-MNIST is not in the data folder")
def test_from_an_empty_store_to_an_answer_about_a_picture(browser: Browser, tmp_path: Path, weights: Path) -> None:
    with running_dashboard(tmp_path) as served, browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page, store = context.new_page(), served.store
        page.goto(served.address)
        expect(page.get_by_role("button", name="Launch a one-minute run")).to_be_visible()

        brief = {"Training_images": 6_000, "Epochs": 3, "Threads": 1}
        cnn = launch(page, f"{served.address}/launch", "cnn", **brief)
        assert len(follow(page, store, cnn)) >= 2
        resnet = launch(page, f"{served.address}/launch", "resnet18", **brief, Weights_file=weights)
        assert len(follow(page, store, resnet)) >= 2
        assert {run.status for run in queries.get_runs(store, [cnn, resnet])} == {RunStatus.FINISHED}

        page.goto(f"{served.address}/runs")
        for run_id in (cnn, resnet):
            page.get_by_label(re.compile(rf"^Select .*\({run_id}\)")).check()
            settle(page)
        page.get_by_role("button", name="Compare", exact=True).click()
        page.wait_for_url("**/compare?*")
        expect(page.get_by_text("This compares two trained models, not the two recipes").first).to_be_visible()

        page.goto(f"{served.address}/explore?run={cnn}")
        true, predicted, count = confused_cell(store, cnn)
        page.locator(f'button[data-row="{true}"][data-column="{predicted}"]').click()
        page.wait_for_url(f"**true={true}*")
        settle(page)
        expect(page.get_by_role("list", name="Test images").get_by_role("listitem")).to_have_count(count)

        page.goto(f"{served.address}/predict?run={cnn}&run={resnet}")
        settle(page)
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
            {"name": "shirt.png", "mimeType": "image/png", "buffer": draw_shirt()}
        )
        expect(page.get_by_text("All predictions")).to_be_visible()
        settle(page)
        answers = page.get_by_test_id("stVerticalBlock").filter(has=page.get_by_role("heading", name="shirt.png")).last
        for run in queries.get_runs(store, [cnn, resnet]):
            ranking = answers.locator("table", has=page.locator("caption", has_text=run.name))
            expect(ranking.get_by_role("row")).to_have_count(3)
            expect(ranking.get_by_role("row").first).to_contain_text(re.compile("|".join(CLASS_NAMES)))
        expect(page.get_by_test_id("stAlert")).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def confused_cell(store: Store, run_id: str) -> tuple[int, int, int]:
    """A cell beside the diagonal whose images fit on one page of the gallery: true, predicted, count."""
    answers = queries.get_predictions(store, run_id)
    cells = zip(answers.labels.tolist(), answers.predicted.tolist(), strict=True)
    counts = Counter((true, predicted) for true, predicted in cells if true != predicted)
    (true, predicted), count = max((item for item in counts.items() if item[1] <= 36), key=lambda item: item[1])
    return true, predicted, count


@pytest.fixture
def paused(dashboard: Dashboard) -> Store:
    """The store of the module with its queue paused, so that nothing starts."""
    queue.set_paused(dashboard.store, True)
    return dashboard.store


def test_a_row_opens_its_run_by_mouse_and_by_keyboard(paused: Store, open_page: OpenPage) -> None:
    run_id = stores.add(paused, Sample(name="openable"))
    page = open_page("runs")
    page.get_by_role("link", name="openable").click()
    page.wait_for_url(f"**run={run_id}*")
    page.get_by_role("button", name="All runs").click()
    page.get_by_role("link", name="openable").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**run={run_id}*")


def test_marks_and_filters_outlive_a_live_refresh(paused: Store, open_page: OpenPage) -> None:
    finished = stores.add(paused, Sample(name="markable"))
    working = stores.add(paused, Sample(status="running", epochs_done=2, name="markable too"))
    with stores.at_work(paused, working):
        page = open_page("runs?search=markable")
        box = page.get_by_label(f"Select markable ({finished})")
        box.check()
        expect(page.get_by_text("1 run selected")).to_be_visible()
        page.wait_for_timeout(5_000)
        expect(box).to_be_checked()
        settle(page)
        assert "search=markable" in page.url
    runs_left = [run.id for run in queries.list_runs(paused, Filter(search="markable"))]
    assert {finished, working} == set(runs_left)


def test_stop_resume_and_clone_by_clicking(paused: Store, open_page: OpenPage) -> None:
    run_id = stores.add(paused, Sample(status=RunStatus.QUEUED, name="stoppable", changes={"epochs": 9}))
    page = open_page(f"runs?run={run_id}")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("■ stopped")).to_be_visible()
    assert queries.get_run(paused, run_id).status == RunStatus.STOPPED
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("◌ queued").first).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Clone").click()
    page.wait_for_url(f"**/launch?clone={run_id}")
    page.get_by_text("Advanced settings").click()
    expect(page.get_by_label("Epochs", exact=True)).to_have_value("9")


def test_the_queue_is_reordered_by_clicking(paused: Store, open_page: OpenPage) -> None:
    first, second = (
        stores.add(paused, Sample(status=RunStatus.QUEUED, created_at=time.time() + place)) for place in range(2)
    )
    page = open_page("runs")
    page.get_by_text("Running and queued").click()
    settle(page)
    earlier = page.locator(f".st-key-earlier_{second} button").first
    expect(earlier).to_be_enabled()

    def is_moved() -> bool:
        # The queue draws itself again every two seconds, and what is clicked just then may be gone: people click again.
        if earlier.is_enabled():
            earlier.click()
        page.wait_for_timeout(2_000)
        return [run.id for run in queries.active_runs(paused) if run.id in (first, second)][0] == second

    wait_until(page, is_moved)


def test_deleting_names_the_run_and_what_goes(paused: Store, open_page: OpenPage) -> None:
    run_id = stores.add(paused, Sample(name="deletable"))
    stores.write_log(paused, run_id, "x" * 3_000)
    page = open_page(f"runs?run={run_id}")
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete permanently")
    expect(dialog).to_contain_text("deletable")
    expect(dialog).to_contain_text("3.0 kB")
    dialog.get_by_role("button", name="Delete 1 run").click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    assert queries.get_runs(paused, [run_id]) == []


def test_clicking_launch_twice_launches_one_run(paused: Store, open_page: OpenPage) -> None:
    before = queries.count_runs(paused)
    page = open_page("launch?preset=quick")
    page.get_by_role("button", name="Launch", exact=True).dblclick()
    page.wait_for_url("**/runs?run=*")
    settle(page)
    # A second run would come an instant later.
    page.wait_for_timeout(1_000)
    assert queries.count_runs(paused) == before + 1
