"""Predict: photos good and bad, several runs, a corrected polarity, and a run whose model file is gone."""

import gc
import io
import re
import weakref
import zipfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.decomposition import PCA
from streamlit.testing.v1 import AppTest

from core.answers import study
from core.answers.neighbours import unit
from core.answers.prediction import Predictor
from core.answers.study import Study
from core.answers.verdict import Verdict
from core.classes import CLASS_NAMES
from core.photos.model_view import to_model_view
from core.photos.photo_files import PhotoFile, Room
from core.photos.picture import read
from dashboard import page
from dashboard.queries import data_queries, model_queries
from dashboard.sections.predict import samples, uploads
from dashboard.tables.answers import PhotoAnswer, answer_csv
from jobs.results import photo_sets
from jobs.store import run_files
from jobs.store.store import Store
from jobs.tasks import studies
from tests import stores
from tests.benchmarks import hostile_files
from tests.dashboard.app import OpenPage, press, texts
from tests.jobs.test_photo_calibration import measured_set
from tests.jobs.test_photo_sets import kept
from tests.stores import Sample
from tests.untrained import add_run_with_model

BAG = samples.draw_sample("bag")
BLACK = Image.new("L", (60, 60))


def packed(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()


def upload(app: AppTest, **files: Any) -> AppTest:
    app.file_uploader("photos").set_value([(name, content, "image/png") for name, content in files.items()])
    return app.run()


def test_an_empty_store_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page("predict")
    assert "No finished runs yet, so there is no model to predict with" in texts(app)
    assert not app.exception


def test_without_a_photo_the_page_waits_and_loads_no_model(store: Store, open_page: OpenPage) -> None:
    app = open_page("predict", run=stores.add(store, Sample()))
    assert "Add photos or choose" in texts(app)
    assert not app.warning


def test_samples_are_answered_by_every_run_side_by_side(store: Store, open_page: OpenPage) -> None:
    ids = [add_run_with_model(store, name, seed) for seed, name in enumerate(("one", "two"))]
    app = open_page("predict", run=ids, sample=["T-shirt", "bag"])
    assert [heading.value for heading in app.subheader] == ["Drawn T-shirt", "Drawn bag", "All predictions"]
    assert len(app.dataframe[0].value) == 4
    assert "dark item on a light background: inverted" in texts(app)
    assert not app.exception


@pytest.mark.slow
def test_many_photos_are_answered_together_as_each_is_alone(store: Store, open_page: OpenPage) -> None:
    run_id, drawn = add_run_with_model(store, "one"), list(samples.SAMPLES)[:5]
    together = open_page("predict", run=run_id, sample=drawn)
    alone = [open_page("predict", run=run_id, sample=name).dataframe[0].value for name in drawn]
    assert together.dataframe[0].value.equals(pd.concat(alone, ignore_index=True))


def test_a_corrected_polarity_turns_what_the_model_sees(store: Store, open_page: OpenPage) -> None:
    app = open_page("predict", run=add_run_with_model(store, "one"), sample="bag")
    app.segmented_control[1].set_value("light-on-dark").run()
    assert "light item on a dark background: kept (as chosen)" in texts(app)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("sure", r"\*\*Sure\\: "),
        ("not sure", r"\*\*Not sure\\: [A-Z].* or [A-Z]"),
        ("none of these", r"\*\*None of these\."),
    ],
)
def test_the_verdict_is_the_headline_of_a_photo(
    store: Store, open_page: OpenPage, verdict: Verdict, words: str
) -> None:
    app = open_page("predict", run=add_run_with_model(store, "one", verdict=verdict), sample="bag")
    assert any(re.match(words, text.value) for text in app.markdown)
    assert app.dataframe[0].value["Verdict"].tolist() == [verdict.capitalize()]
    assert not app.exception


def test_beside_the_verdict_stands_a_set_of_classes_with_what_it_promises(store: Store, open_page: OpenPage) -> None:
    sure, older = (
        add_run_with_model(store, "one", 0, "not sure", set_threshold=0.95),
        add_run_with_model(store, "older", 1, "sure"),
    )
    app = open_page("predict", run=[sure, older], sample="bag")
    promises = [text.value for text in app.markdown if "9 in 10 such answers hold the truth" in text.value]
    assert len(promises) == 1
    assert "calibrated on validation images changed to look like photos; real photos are harder" in promises[0]
    named, none = app.dataframe[0].value["Set of classes, 90 %"]
    assert promises[0].startswith(page.plain(f"{named}:"))
    assert none == ""
    (caption,) = [text.value for text in app.caption if "promised coverage" in text.value]
    assert caption.startswith("older predicts no sets of classes")
    assert not app.exception


def test_a_photo_set_that_a_run_was_measured_on_calibrates_its_sets_and_is_named(
    store: Store, open_page: OpenPage
) -> None:
    run_id = add_run_with_model(store, "one", 0, "not sure", set_threshold=0.95)
    app = open_page("predict", run=run_id, sample="bag")
    assert "validation images changed to look like photos" in texts(app)
    measured_set(store, "my *office*", 60, run_id)
    app.run()
    assert page.plain("(calibrated on 60 photos of my *office*).") in texts(app)
    assert not app.exception


@pytest.mark.slow
def test_the_table_of_a_photo_set_says_what_calibrated_the_sets(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample())
    kept = measured_set(store, "office", 60, run_id)
    app = open_page("predict", about="sets", set=kept.id, run=run_id)
    assert "this set, each photo by all others" in app.table[0].value.iloc[0].tolist()
    assert not app.exception


@pytest.mark.slow
def test_corrections_outlive_the_page_of_the_list_that_they_were_made_on(store: Store, open_page: OpenPage) -> None:
    app = open_page("predict", run=add_run_with_model(store, "one"))
    shades = {f"{shade:02d}.png": packed(Image.new("RGB", (60, 60), (shade, 90, 90))) for shade in range(11)}
    app = upload(app, **shades)
    app.segmented_control[1].set_value("light-on-dark").run()
    assert "kept (as chosen)" in texts(app)
    app.query_params["page"] = "2"
    app.run()
    assert "kept (as chosen)" not in texts(app)
    app.query_params["page"] = "1"
    app.run()
    assert texts(app).count("kept (as chosen)") == 1


def test_uploads_and_their_corrections_outlive_a_visit_to_the_photo_sets(store: Store, open_page: OpenPage) -> None:
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **{"bag.png": samples.draw_sample("bag")})
    app.segmented_control[1].set_value("light-on-dark").run()
    for about in ("sets", "photos"):
        app.segmented_control[0].set_value(about).run()
    assert app.dataframe[0].value["File"].tolist() == ["bag.png"]
    assert "kept (as chosen)" in texts(app)
    press(app, "Remove this upload")
    assert "Add photos or choose" in texts(app)
    assert not app.exception


def test_corrections_stay_with_their_photo_when_another_one_is_removed(store: Store, open_page: OpenPage) -> None:
    app = open_page("predict", run=add_run_with_model(store, "one"))
    bag, trouser = samples.draw_sample("bag"), samples.draw_sample("trouser")
    app = upload(app, **{"a.png": bag, "b.png": trouser, "again.png": bag})
    app.segmented_control[3].set_value("light-on-dark").run()
    app = upload(app, **{"b.png": trouser, "again.png": bag})
    rows = app.dataframe[0].value
    assert rows["File"].tolist() == ["b.png", "again.png"]
    assert texts(app).count("kept (as chosen)") == 1
    assert app.segmented_control[1].value == "light-on-dark"


def test_removed_uploads_are_gone_from_the_memory_of_the_server(store: Store, open_page: OpenPage) -> None:
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **{"bag.png": samples.draw_sample("bag")})
    before = app.session_state["photos_in_sight"]
    held = weakref.ref(before[0])
    assert held() is not None
    del before
    press(app, "Remove this upload")
    gc.collect()
    assert held() is None


def test_many_files_that_cannot_be_read_are_folded_after_the_third(store: Store, open_page: OpenPage) -> None:
    files = {f"{number}.jpg": f"text {number}".encode() for number in range(7)}
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **files)
    assert len(app.error) == 3
    assert "4 more files could not be read" in [fold.label for fold in app.expander]
    assert "6.jpg is not a picture" in texts(app).replace("\\", "")
    assert not app.exception


def test_a_table_in_a_zip_labels_what_lies_beside_it_and_the_rest_is_left_out_in_a_sentence(
    store: Store, open_page: OpenPage
) -> None:
    shelf = {"a.png": samples.draw_sample("bag"), "labels.csv": b"file;label\na.png;Bag\n", "README.md": b"# Bags"}
    app = open_page("predict", run=add_run_with_model(store, "one"))
    app = upload(app, **{"shelf.zip": hostile_files.zipped(shelf), "a.png": samples.draw_sample("trouser")})
    assert app.dataframe[0].value["True class"].tolist() == ["Bag", ""]
    assert "1 other file was ignored: README.md" in texts(app).replace("\\", "")
    assert not app.error


def test_a_photo_that_is_called_a_table_is_answered_all_the_same(store: Store, open_page: OpenPage) -> None:
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **{"bag.csv": samples.draw_sample("bag")})
    assert app.dataframe[0].value["File"].tolist() == ["bag.csv"]
    assert not app.error


def test_several_zips_share_one_room_and_each_is_unpacked_once(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked: list[str] = []
    real = uploads.unpack

    def noted(name: str, file: IO[bytes], room: Room) -> Iterator[PhotoFile]:
        unpacked.append(name)
        return real(name, file, room)

    monkeypatch.setattr(uploads, "unpack", noted)
    many = hostile_files.zipped(dict.fromkeys(map("{}.txt".format, range(600)), b"") | {"bag.png": BAG})
    app = open_page("predict", run=add_run_with_model(store, "one"))
    app = upload(app, **{"one.zip": many, "two.zip": many})
    assert [error.value.split(" has")[0] for error in app.error] == ["**two.zip"]
    app.run()
    assert unpacked.count("one.zip") == 1


def test_a_photo_over_the_limit_is_told_both_sizes(store: Store, open_page: OpenPage) -> None:
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **{"big.jpg": bytes(11 * 2**20)})
    assert "big.jpg has 11.0 MB; the limit is 10 MB" in app.error[0].value
    assert "up to 10 MB each) or zips of them (up to 100 MB each" in app.file_uploader[0].label


def test_the_nearest_training_images_of_a_photo_are_those_whose_features_are_its_own(
    store: Store, open_page: OpenPage
) -> None:
    run_id = add_run_with_model(store, "one")
    data = data_queries.fashion_mnist()
    predictor = Predictor.load(run_files.files_of(store, run_id).model)
    view = to_model_view(read(samples.draw_sample("bag"), "bag"))
    near, far = view.image, data.train_images[:40]
    features = unit(predictor.features(np.concatenate([far, near[None]])))
    axes = PCA(20).fit(features)
    places = axes.transform(features).astype(np.float16)
    nothing = np.zeros((1, 2), np.float32)
    indices = np.arange(41, dtype=np.int32)
    made = Study(axes.mean_, axes.components_.T, indices, places, places, nothing, nothing, nothing)
    file = run_files.files_of(store, run_id).study
    file.parent.mkdir(parents=True)
    study.write(file, made)
    app = open_page("predict", run=run_id, sample="bag", neighbours="yes")
    assert "Nearest training images of one" in texts(app)
    (positions, distances) = model_queries.photo_neighbours(run_id, studies.study_stamp(store, run_id), near)
    assert positions[0] == 40
    assert distances[0] == pytest.approx(0, abs=1e-3)
    assert (np.diff(distances) >= 0).all()
    assert not app.exception


def test_where_a_run_has_no_study_it_is_offered_once_for_all_photos(store: Store, open_page: OpenPage) -> None:
    run_id = add_run_with_model(store, "one")
    app = open_page("predict", run=run_id, sample=["bag", "trouser"], neighbours="yes")
    assert sum("Compute map and nearest images" in button.label for button in app.button) == 1
    assert not app.exception


def test_bad_files_are_each_told_and_the_good_ones_go_on(store: Store, open_page: OpenPage) -> None:
    good = samples.draw_sample("trouser")
    files = {
        "no picture.jpg": b"this is text",
        "cut.png": good[:-200],
        "empty.png": b"",
        "vast.png": packed(Image.new("1", (20_000, 20_000))),
        "trousers.png": good,
    }
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **files)
    folded = next(text.value for text in app.markdown if "megapixels" in text.value)
    told = [*(error.value for error in app.error), folded]
    assert [next(name for name in files if name.split(".")[0] in message) for message in told] == list(files)[:4]
    assert "trousers.png" in texts(app).replace("\\", "")
    assert len(app.dataframe[0].value) == 5
    assert not app.exception


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("animated.gif", packed(Image.new("L", (60, 60), 200), "GIF", save_all=True, append_images=[BLACK])),
        ("cmyk.jpg", packed(Image.new("CMYK", (60, 60), (0, 90, 90, 0)), "JPEG")),
        ("deep.png", packed(Image.fromarray(np.linspace(0, 65535, 3600).astype(np.uint16).reshape(60, 60)))),
        ("palette.png", packed(Image.new("RGBA", (60, 60), (200, 20, 20, 90)).quantize(4))),
    ],
)  # fmt: skip
def test_unusual_pictures_are_answered(store: Store, open_page: OpenPage, name: str, content: bytes) -> None:
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **{name: content})
    assert not app.error
    assert not app.exception
    assert app.dataframe[0].value.loc[0, "File"] == name


def test_a_run_whose_model_file_is_gone_says_so_and_the_others_answer(store: Store, open_page: OpenPage) -> None:
    gone = stores.add(store, Sample(name="gone"))
    app = open_page("predict", run=[add_run_with_model(store, "one"), gone], sample="bag")
    assert "**gone** cannot predict" in app.warning[0].value
    assert app.dataframe[0].value["Run"].tolist() == ["one"]
    assert not app.exception


def test_when_no_model_file_is_left_nothing_breaks(store: Store, open_page: OpenPage) -> None:
    app = open_page("predict", run=stores.add(store, Sample(name="gone")), sample="bag")
    assert len(app.warning) == 1
    assert not app.exception


def zipped(**folders: Any) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for folder, names in folders.items():
            for name in names:
                target.writestr(f"{folder}/{name}.png", samples.draw_sample(name))
    return packed.getvalue()


def test_a_zip_is_unpacked_and_its_folders_say_how_many_answers_are_right(store: Store, open_page: OpenPage) -> None:
    app = upload(
        open_page("predict", run=add_run_with_model(store, "one")),
        **{"shelf.zip": zipped(Bag=["bag"], Trousers=["trouser"], other=["T-shirt"])},
    )
    assert app.dataframe[0].value["File"].tolist() == [
        "shelf.zip/Bag/bag.png",
        "shelf.zip/Trousers/trouser.png",
        "shelf.zip/other/T-shirt.png",
    ]
    assert app.dataframe[0].value["True class"].tolist() == ["Bag", "Trouser", ""]
    assert "Accuracy on labelled photos" in texts(app)
    assert "Keep 2 labelled photos as a photo set" in texts(app)
    assert not app.exception


def test_a_csv_beside_the_photos_labels_them_and_a_wrong_one_is_named(store: Store, open_page: OpenPage) -> None:
    run_id = add_run_with_model(store, "one")
    files = {"a.png": samples.draw_sample("bag"), "labels.csv": b"file,label\na.png,Bag\n"}
    app = upload(open_page("predict", run=run_id), **files)
    assert app.dataframe[0].value["True class"].tolist() == ["Bag"]
    app = upload(open_page("predict", run=run_id), **(files | {"labels.csv": b"file,label\na.png,hat\n"}))
    assert "Line 2" in texts(app)
    assert not app.exception


def test_conflicts_and_rows_without_a_photo_are_said_beside_the_photos(store: Store, open_page: OpenPage) -> None:
    table = "file_name;class\r\na.png;Bag\r\nb.png;Bag\r\nb.png;Shirt\r\ndata/*x*.png;1\r\n;\r\n".encode("utf-16")
    bag = samples.draw_sample("bag")
    files = {"a.png": bag, "b.png": samples.draw_sample("trouser"), "c.png": samples.draw_sample("T-shirt")}
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **files, **{"labels.csv": table})
    assert app.dataframe[0].value["True class"].tolist() == ["Bag", "", ""]
    assert app.warning[0].value.replace("\\", "").splitlines() == [
        "b.png: Its labels conflict: Bag by line 3 of labels.csv and Shirt by line 4 of labels.csv.  ",
        "1 of 4 rows match no photo: data/*x*.png.  ",
        "2 photos have no label: b.png, c.png.",
    ]
    app = upload(app, **{"a.png": bag})
    assert not app.warning
    assert not app.exception


def test_answers_that_were_downloaded_are_read_again_as_labels(store: Store, open_page: OpenPage) -> None:
    run_id = add_run_with_model(store, "one")
    files = {"=a.png": samples.draw_sample("bag"), "b.png": samples.draw_sample("trouser")}
    shape = np.full(10, 0.1)
    told = [
        PhotoAnswer(name, "one", "kept", shape, verdict="sure", truth=truth, classes=CLASS_NAMES)
        for name, truth in zip(files, ("Bag", ""), strict=True)
    ]
    app = upload(open_page("predict", run=run_id), **files, **{"lookbook-answers.csv": answer_csv(told).encode()})
    assert app.dataframe[0].value["True class"].tolist() == ["Bag", ""]
    assert not app.error


def test_a_turn_a_crop_and_no_cut_out_are_followed_at_once(store: Store, open_page: OpenPage) -> None:
    app = open_page("predict", run=add_run_with_model(store, "one"), sample="bag")
    app.toggle[-1].set_value(False).run()
    assert "Not cut out: the whole picture is used" in texts(app)
    app.slider[0].set_value((40, 60)).run()
    app.segmented_control[-1].set_value(90).run()
    assert not app.exception
    app.slider[0].set_value((50, 50)).run()
    assert not app.exception
    assert len(app.dataframe[0].value) == 1


def test_what_speaks_for_each_answer_is_shown_on_the_photo_itself(store: Store, open_page: OpenPage) -> None:
    ids = [add_run_with_model(store, name, seed) for seed, name in enumerate(("one", "two"))]
    app = open_page("predict", run=ids, sample="bag", saliency="yes")
    shown = [element.proto.body for element in app.get("html") if "Grad-CAM heat map of" in element.proto.body]
    assert len(shown) == 1
    assert shown[0].count("<figure") == 2
    assert not app.exception


def test_the_name_typed_for_a_set_is_kept_while_other_pages_are_looked_at(store: Store, open_page: OpenPage) -> None:
    run_id = add_run_with_model(store, "one", 0)
    app = upload(open_page("predict", run=run_id), **{"shelf.zip": zipped(Bag=["bag"])})
    app.text_input(key="set_name_0").set_value("half a name").run()
    app.switch_page("views/runs.py").run()
    app = app.switch_page("views/predict.py").run()
    assert app.text_input(key="set_name_0").value == "half a name"


@pytest.mark.slow
def test_labelled_photos_are_kept_measured_and_deleted(store: Store, open_page: OpenPage) -> None:
    ids = [add_run_with_model(store, name, seed) for seed, name in enumerate(("one", "two"))]
    app = upload(open_page("predict", run=ids[0]), **{"shelf.zip": zipped(Bag=["bag"], Trouser=["trouser"])})
    app.text_input[-1].set_value("shelf")
    press(app, "Keep photos")
    assert "2 photos kept as shelf" in texts(app)
    (kept,) = photo_sets.list_sets(store)
    app = open_page("predict", about="sets", set=kept.id, run=ids)
    press(app, "Measure 2 runs")
    assert "Measure again" in [button.label for button in app.button]
    assert sorted(photo_sets.answered_by(store, kept)) == sorted(ids)
    assert "2 images" in texts(app)
    third = add_run_with_model(store, "three", 2)
    app = open_page("predict", about="sets", set=kept.id, run=ids)
    press(app, "Measure all 1 remaining")
    assert sorted(photo_sets.answered_by(store, kept)) == sorted([*ids, third])
    press(app, "Measure again")
    assert not app.exception
    compare = open_page("compare", run=ids)
    assert "Compare them on a photo set" in [link.proto.label for link in compare.get("page_link")]
    press(app, "Delete permanently")
    assert photo_sets.list_sets(store) == []
    assert "No photo sets yet" in texts(app)
    assert not app.exception


@pytest.mark.slow
def test_measuring_all_runs_tells_which_were_left_out_and_why(store: Store, open_page: OpenPage) -> None:
    photo_set = kept(store)
    stores.add(store, Sample(name="gone"))
    ids = [add_run_with_model(store, name, seed) for seed, name in enumerate(("one", "two"))]
    app = press(open_page("predict", about="sets", set=photo_set.id, run=ids[0]), "Measure all 3 remaining")
    assert not app.exception
    assert sorted(photo_sets.answered_by(store, photo_set)) == sorted(ids)
    (toast,) = app.toast
    assert re.search(r"^gone \(\w+\) is left out: The checkpoint .* cannot be read", toast.value.replace("\\", ""))


def test_uploads_are_forgotten_when_the_person_says_so(store: Store, open_page: OpenPage) -> None:
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **{"bag.png": samples.draw_sample("bag")})
    press(app, "Remove this upload")
    assert "Add photos or choose" in texts(app)
    assert not app.exception


def test_an_unknown_run_is_left_out_by_name(store: Store, open_page: OpenPage) -> None:
    add_run_with_model(store, "one")
    app = open_page("predict", run="nosuchid", sample="bag")
    assert "There is no run nosuchid" in app.warning[0].value
    assert not app.exception
