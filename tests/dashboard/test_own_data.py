"""Every page works on the data set that a run has learnt from, whatever its classes are called."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.versions import Version
from jobs.settings import settings
from jobs.store.records import Run
from jobs.store.store import Store
from tests import own_data, stores
from tests.dashboard.app import texts
from tests.own_data import NAMES
from tests.stores import Sample

OpenPage = Callable[..., AppTest]


@dataclass(frozen=True)
class Shapes:
    """A data set of one's own and two runs on it, beside a run on Fashion-MNIST."""

    version: Version
    first: Run
    second: Run
    fashion: str


@pytest.fixture
def shapes(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shapes]:
    folder = own_data.data_folder(tmp_path / "data", monkeypatch)
    version = own_data.import_shapes(folder, tmp_path / "source")
    runs = own_data.trained(store), own_data.trained(store, "resnet-small", seed=1)
    yield Shapes(version, *runs, stores.add(store, Sample(name="on clothes")))
    settings.cache_clear()


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


def test_launch_says_what_so_few_test_images_can_bear(shapes: Shapes, open_page: OpenPage) -> None:
    app = open_page("launch", data=shapes.version.pinned)
    shown = "".join(element.proto.body for element in app.get("html"))
    assert "shapes@1: " in shown
    assert "test images of 3 classes, 28x28 pixels in colour" in shown
    assert "an accuracy of 90 % has an interval of" in shown


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
    app = open_page("data", data=shapes.version.pinned, split="test")
    shown = texts(app).replace("\\", "")
    assert "shapes@1: 72 images of 3 classes, 28x28 pixels in colour." in "".join(
        element.proto.body for element in app.get("html")
    )
    assert f"hash {shapes.version.hash}" in shown
    assert "Pictures have 40x40 to 40x40 pixels" in shown
    assert "2 runs learn from it." in shown
    assert "An image opens in Explore." in shown
    assert not app.exception
    assert "Ten classes" not in texts(app)
    assert "Ten classes" in texts(open_page("data"))


def test_an_image_of_a_set_opens_with_a_run_that_was_tested_on_it(shapes: Shapes, open_page: OpenPage) -> None:
    app = open_page("data", data=shapes.version.pinned, split="test")
    pictures = json.loads(app.get("bidi_component")[0].proto.json)["pictures"]
    assert pictures[0]["href"] == f"explore?run={shapes.second.id}&image=0"
