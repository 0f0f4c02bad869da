"""Labels of a data set of one's own: which may be wrong, and which images are nearly the same."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.opening import open_version
from core.datasets.versions import Version, find
from jobs.results import label_marks
from jobs.results.label_marks import review_of
from jobs.settings import settings
from jobs.store.store import Store
from tests import own_data, stores
from tests.core.datasets.pictures import class_folders, imported
from tests.dashboard.app import OpenPage, press, texts
from tests.folds import add_fold_group
from tests.stores import Sample

pytestmark = pytest.mark.slow


@pytest.fixture
def data_folder(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder beside the store."""
    assert store.artifacts == settings().artifacts
    return own_data.data_folder(tmp_path / "data", monkeypatch)


@pytest.fixture
def shapes(data_folder: Path, tmp_path: Path) -> Version:
    """Coloured shapes in a data folder of their own."""
    return own_data.import_shapes(data_folder, tmp_path / "source")


def pictures(app: AppTest) -> list[dict[str, int | str]]:
    return json.loads(app.get("bidi_component")[0].proto.json)["pictures"]


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_label_issues_are_those_of_the_runs_of_the_version_shown(
    shapes: Version, store: Store, open_page: OpenPage
) -> None:
    clothes = stores.add(store, Sample(name="on clothes"))
    assert "for the 15 test images" in texts(open_page("data", data=shapes.pinned, section="suspects"))
    labels = open_version(settings().data, shapes.pinned).test_labels
    probabilities = np.full((len(labels), 3), 0.05)
    probabilities[np.arange(len(labels)), labels] = 0.9
    probabilities[4] = np.roll(probabilities[4], 1)
    run = own_data.answered(store, shapes, probabilities, "on shapes")
    app = open_page("data", data=shapes.pinned, section="suspects", run=[run.id, clothes])
    assert "1 of the 15 labels of the test set (6.67 %) are flagged as label issues by on shapes." in html(app)
    (picture,) = pictures(app)
    assert picture["position"] == 4
    given, suggested = (shapes.classes[(labels[4] + step) % 3] for step in (0, 1))
    assert f"Image 4: labelled {given}, suggested {suggested}" in str(picture["alt"])
    assert [each.value for each in app.warning] == ["on clothes is left out\\: it learnt from another data set."]
    assert not app.exception


@pytest.mark.slow
def test_training_labels_of_a_version_are_judged_by_its_own_k_fold_group(
    shapes: Version, store: Store, open_page: OpenPage
) -> None:
    add_fold_group(store, np.arange(60_000) % 10, 2)
    there = {"data": shapes.pinned, "section": "suspects", "split": "train"}
    assert "can only be judged by models that were not trained on them" in texts(open_page("data", **there))
    own_data.trained_folds(store)
    app = open_page("data", **there)
    assert "of the 57 labels of the training set" in html(app)
    assert not app.exception


def test_pairs_of_an_imported_version_stand_side_by_side_with_their_pictures(
    data_folder: Path, tmp_path: Path, open_page: OpenPage
) -> None:
    source = class_folders(tmp_path / "pets" / "train", {"cat": 6, "dog": 6})
    class_folders(tmp_path / "pets" / "test", {"cat": 2, "dog": 2}, first=50)
    shutil.copy(source / "cat" / "0.png", tmp_path / "pets" / "test" / "dog" / "copy.png")
    pets = imported(data_folder, tmp_path / "pets")
    app = open_page("data", data=pets.pinned, section="duplicates")
    assert "Training 0, cat<br>Test 4, dog" in html(app)
    assert "train/cat/0.png and test/dog/copy.png" in html(app)
    assert app.selectbox(key="pick_pairs").options == [
        "Equal or nearly equal (1)",
        "Training image bound to a test image (1)",
        "Equal or nearly equal with different labels (1)",
    ]
    assert "Training 0, cat" in html(open_page("data", data=pets.pinned, section="duplicates", pairs="leaks"))
    assert not app.exception


def test_a_label_is_marked_on_the_page_of_its_image_and_the_mark_is_taken_back(
    shapes: Version, store: Store, open_page: OpenPage
) -> None:
    there = {"data": shapes.pinned, "section": "images", "split": "test", "image": "2"}
    app = open_page("data", **there)
    assert "Nobody has marked this label yet." in texts(app)
    assert next(button for button in app.button if button.label == "Not usable").disabled
    app.text_input(key="person_typed").input("anna").run()
    press(app, "Not usable")
    learnt = shapes.size - shapes.count("test")
    assert review_of(store, shapes.pinned, shapes.size, 3).corrections == {learnt + 2: None}
    assert "Marked by anna\\: not usable." in texts(app)
    label_marks.mark(store, shapes.pinned, learnt + 2, "ben", 0)
    app.run()
    assert "They disagree" in texts(app)
    press(app, "Take my mark back")
    assert review_of(store, shapes.pinned, shapes.size, 3).corrections == {learnt + 2: 0}
    gallery = pictures(open_page("data", **{**there, "image": ""}))
    assert [picture["position"] for picture in gallery if "Marked by ben" in str(picture["alt"])] == [2]
    assert not app.exception


def test_a_class_is_chosen_for_an_image_in_explore_and_stands_there_for_the_next_visitor(
    shapes: Version, store: Store, open_page: OpenPage
) -> None:
    labels = open_version(settings().data, shapes.pinned).test_labels
    other, right = (int(labels[1]) + 1) % 3, np.full((len(labels), 3), 1 / 3)
    run = own_data.answered(store, shapes, right, "on shapes")
    app = open_page("explore", run=run.id, image="1")
    app.text_input(key="person_typed").input("anna").run()
    box = next(box for box in app.selectbox if box.label == "Another class")
    box.select(other).run()
    learnt = shapes.size - shapes.count("test")
    assert review_of(store, shapes.pinned, shapes.size, 3).corrections == {learnt + 1: other}
    assert "Marked by anna" in texts(open_page("explore", run=run.id, image="1"))
    assert not app.exception


def test_corrections_are_stored_as_a_new_version_with_its_difference_and_both_accuracies(
    shapes: Version, store: Store, open_page: OpenPage
) -> None:
    assert "Nobody has marked a label" in texts(open_page("data", data=shapes.pinned, section="corrections"))
    data = open_version(settings().data, shapes.pinned)
    labels, learnt = data.test_labels, len(data.train_labels)
    probabilities = np.full((len(labels), 3), 0.05)
    probabilities[np.arange(len(labels)), labels] = 0.9
    probabilities[4] = np.roll(probabilities[4], 1)
    own_data.answered(store, shapes, probabilities, "on shapes")
    label_marks.mark(store, shapes.pinned, learnt + 4, "anna", (int(labels[4]) + 1) % 3)
    label_marks.mark(store, shapes.pinned, 0, "anna", None)
    label_marks.mark(store, shapes.pinned, 1, "anna", None)
    label_marks.mark(store, shapes.pinned, 1, "ben", int(data.train_labels[1]))
    app = open_page("data", data=shapes.pinned, section="corrections")
    assert "3 images marked by anna, ben; 1 image in dispute." in html(app)
    assert app.table[0].value.to_numpy().tolist() == [["0", "1"], ["1", "0"]]
    assert [picture["position"] for picture in pictures(app)] == [0, 1, learnt + 4]
    disputed = open_page("data", data=shapes.pinned, section="corrections", show="disputed")
    assert [picture["position"] for picture in pictures(disputed)] == [1]
    app.button(key="correct").click().run()
    stored = find(settings().data, "shapes")
    assert (stored.number, stored.size, stored.parent) == (2, shapes.size - 1, shapes.hash)
    assert stored.pinned in app.query_params["data"]
    told = texts(app).replace("\\", "").replace(":color[]", "")
    assert "What shapes@2 changes in shapes@1" in told
    assert "0 images added, 1 taken out, 1 relabelled" in told
    accuracies = app.table[0].value
    assert [each.split(" ")[0] for each in accuracies["on shapes"]] == ["93.33", "93.33", "100.00"]
    difference = open_page("data", data=stored.pinned, section="difference")
    assert [picture["position"] for picture in pictures(difference)] == [learnt - 1 + 4]
    removed = open_page("data", data=stored.pinned, section="difference", kind="removed")
    assert [picture["position"] for picture in pictures(removed)] == [0]
    assert not app.exception
    assert not removed.exception


def test_corrections_that_leave_a_class_without_images_are_refused_before_anything_is_stored(
    shapes: Version, store: Store, open_page: OpenPage
) -> None:
    for place in np.flatnonzero(open_version(settings().data, shapes.pinned).train_labels == 0).tolist():
        label_marks.mark(store, shapes.pinned, place, "anna", 1)
    app = open_page("data", data=shapes.pinned, section="corrections")
    assert "would be left to learn from" in app.info[0].value
    assert "correct" not in [button.key for button in app.button]
