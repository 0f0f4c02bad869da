"""Every page works on the data set that a run has learnt from, whatever its classes are called."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.datasets import versions
from core.datasets.versions import Version
from jobs.settings import ROOT, settings
from jobs.store import locks, run_files
from jobs.store.records import Run
from tests import own_data, stores
from tests.dashboard.app import texts
from tests.own_data import NAMES
from tests.stores import Sample

OpenPage = Callable[..., AppTest]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Shapes:
    """A data set of one's own and two runs on it, beside a run on Fashion-MNIST."""

    version: Version
    first: Run
    second: Run
    fashion: str


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shapes]:
    """One store and one data folder for the tests of the module, which only look at them."""
    folder = tmp_path_factory.mktemp("shapes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOKBOOK_DATABASE_URL", f"sqlite:///{folder / 'runs.db'}")
        patch.setenv("LOOKBOOK_ARTIFACTS", str(folder / "artifacts"))
        data = own_data.data_folder(folder / "data", patch)
        store = stores.empty_store(folder)
        lock = locks.acquire(run_files.supervisor_lock(store))
        version = own_data.import_shapes(data, folder / "source")
        runs = own_data.trained(store), own_data.trained(store, "resnet-small", seed=1)
        st.cache_data.clear()
        st.cache_resource.clear()
        yield Shapes(version, *runs, stores.add(store, Sample(name="on clothes")))
        os.close(lock)
    settings.cache_clear()


@pytest.fixture
def open_page(shapes: Shapes) -> OpenPage:
    """Open a page of the dashboard by name, with these parameters in its URL."""
    assert shapes.version in versions.list_versions(settings().data)

    def opened(view: str, **parameters: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=20)
        for name, value in parameters.items():
            app.query_params[name] = value
        return app.switch_page(f"views/{view}.py").run()

    return opened


def test_a_run_on_shapes_shows_its_classes_on_every_page(shapes: Shapes, open_page: OpenPage) -> None:
    run = shapes.first.id
    for view, parameters in (
        ("runs", {"run": run, "section": "classes"}),
        ("runs", {"run": run, "section": "confusion"}),
        ("runs", {"run": run, "section": "calibration"}),
        ("runs", {"run": run, "section": "faults"}),
        ("runs", {"run": run, "section": "config"}),
        ("explore", {"run": run, "show": "all"}),
        ("explore", {"run": run, "against": shapes.second.id, "unit": "difference"}),
        ("explore", {"run": run, "image": "3", "saliency": "yes"}),
        ("compare", {"run": [run, shapes.second.id]}),
        ("predict", {"run": [run, shapes.fashion], "sample": "bag", "saliency": "yes"}),
        ("home", {"data": shapes.version.pinned}),
        ("launch", {"data": shapes.version.pinned}),
        ("runs", {"data": shapes.version.pinned}),
    ):
        app = open_page(view, **parameters)
        assert not app.exception, (view, parameters, app.exception)
        assert not app.error, (view, parameters, [error.value for error in app.error])


def test_names_of_classes_are_no_markup(shapes: Shapes, open_page: OpenPage) -> None:
    app = open_page("explore", run=shapes.first.id, image="3")
    shown = texts(app)
    assert "green" in shown
    assert NAMES[2] not in shown
    assert "<b>green" not in "".join(element.proto.body for element in app.get("html"))


def test_the_quality_of_a_label_is_told_by_the_classes_of_the_data_set(shapes: Shapes, open_page: OpenPage) -> None:
    shown = texts(open_page("explore", run=shapes.first.id, image="0")).replace("\\", "").replace("∕", "/")
    assert "left out" not in shown
    assert any(f"The label {name} has a label quality of" in shown for name in NAMES)


def test_launch_says_what_so_few_test_images_can_bear(shapes: Shapes, open_page: OpenPage) -> None:
    app = open_page("launch", data=shapes.version.pinned)
    shown = "".join(element.proto.body for element in app.get("html"))
    assert "shapes@1: " in shown
    assert "test images of 3 classes, 28x28 pixels in colour" in shown
    assert "an accuracy of 90 % has an interval of" in shown


def test_launch_says_which_presets_suit_the_data_set_and_what_speaks_against_the_others(
    shapes: Shapes, open_page: OpenPage
) -> None:
    app = open_page("launch", data=shapes.version.pinned, preset="transfer")
    shown = "".join(element.proto.body for element in app.get("html"))
    assert "○ Suitability" in shown
    assert "not made for shapes@1: images of 28x28 pixels are enlarged to 192x192" in shown
    cards = [caption.value.replace("\\", "") for caption in app.caption]
    assert "Suits a few hundred photos or more, of 128 pixels or more, best in colour." in cards
    assert sum("images are few for a model that starts from random weights" in words for words in cards) == 6
    # resnet18 alone is for images of this size and starts from pretrained weights
    shown = "".join(
        element.proto.body for element in open_page("launch", data=shapes.version.pinned, preset="resnet18").get("html")
    )
    assert "✓ Suitability" in shown
    assert "suits shapes@1" in shown


def test_an_augmentation_that_the_images_cannot_take_is_refused_before_the_button(
    shapes: Shapes, open_page: OpenPage
) -> None:
    app = open_page("launch", data=shapes.version.pinned, preset="cnn-photo")
    assert "imitates grey cut-outs on black, and these images are in colour" in app.error[0].value
    assert next(button for button in app.button if button.label == "Launch").disabled


def test_runs_on_other_data_are_not_compared(shapes: Shapes, open_page: OpenPage) -> None:
    app = open_page("compare", run=[shapes.first.id, shapes.fashion])
    assert "it tells other classes apart" in " ".join(warning.value for warning in app.warning)


def test_home_and_the_runs_ask_for_the_data_set_only_where_there_are_several(
    shapes: Shapes, open_page: OpenPage
) -> None:
    app = open_page("home", data=shapes.version.pinned)
    assert [box.label for box in app.selectbox] == ["Data set"]
    assert [metric.label for metric in app.metric] == ["Best CNN, test accuracy", "Best Small ResNet, test accuracy"]
    listed = open_page("runs", data=shapes.version.pinned)
    assert "2 runs." in texts(listed)
    assert "3 runs." in texts(open_page("runs"))


def test_data_shows_a_set_with_its_health_its_images_and_its_runs(shapes: Shapes, open_page: OpenPage) -> None:
    app = open_page("data", data=shapes.version.pinned)
    shown = texts(app).replace("\\", "")
    assert "shapes@1: 72 images of 3 classes, 28x28 pixels in colour." in "".join(
        element.proto.body for element in app.get("html")
    )
    assert [code.value for code in app.code] == [shapes.version.hash]
    assert shapes.version.hash not in shown
    assert "Pictures have 40x40 to 40x40 pixels" in shown
    assert "2 runs learn from it." in shown
    assert not app.exception
    assert "3 classes" in texts(app)
    assert "10 classes" in texts(open_page("data"))


def test_an_image_of_a_set_opens_with_a_run_that_was_tested_on_it(shapes: Shapes, open_page: OpenPage) -> None:
    app = open_page("data", data=shapes.version.pinned, section="images", split="test")
    pictures = json.loads(app.get("bidi_component")[0].proto.json)["pictures"]
    assert str(pictures[2]["href"]).endswith("&section=images&split=test&image=2")
    opened = open_page("data", data=shapes.version.pinned, section="images", split="test", image="2")
    link = next(each.proto for each in opened.get("page_link") if each.proto.label == "View it in Explore")
    assert link.query_string == f"run={shapes.second.id}&image=2"
