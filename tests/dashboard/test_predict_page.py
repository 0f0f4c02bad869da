"""Predict: photos good and bad, several runs, a corrected polarity, and a run whose model file is gone."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from dashboard import samples
from jobs import photo_sets
from tests import stores
from tests.dashboard.app import press, texts
from tests.stores import Sample
from tests.untrained import add_run_with_model

BLACK = Image.new("L", (60, 60))


def packed(picture, form="PNG", **options):
    content = io.BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()


def upload(app, **files):
    app.file_uploader("photos").set_value([(name, content, "image/png") for name, content in files.items()])
    return app.run()


def test_an_empty_store_says_what_to_do(open_page):
    app = open_page("predict")
    assert "No run has finished yet, so there is no model to ask" in texts(app)
    assert not app.exception


def test_without_a_photo_the_page_waits_and_loads_no_model(store, open_page):
    app = open_page("predict", run=stores.add(store, Sample()))
    assert "Drop photos above" in texts(app)
    assert not app.warning


def test_samples_are_answered_by_every_run_side_by_side(store, open_page):
    ids = [add_run_with_model(store, name, seed) for seed, name in enumerate(("one", "two"))]
    app = open_page("predict", run=ids, sample=["T-shirt", "bag"])
    assert [heading.value for heading in app.subheader] == ["Drawn T-shirt", "Drawn bag", "All answers"]
    assert len(app.dataframe[0].value) == 4
    assert "dark item on a light background: inverted" in texts(app)
    assert not app.exception


def test_a_corrected_polarity_turns_what_the_model_sees(store, open_page):
    app = open_page("predict", run=add_run_with_model(store, "one"), sample="bag")
    app.segmented_control[1].set_value("light-on-dark").run()
    assert "light item on a dark background: kept (as chosen)" in texts(app)


def test_bad_files_are_each_told_and_the_good_ones_go_on(store, open_page):
    good = samples.draw_sample("trouser")
    files = {
        "no picture.jpg": b"this is text",
        "cut.png": good[:-200],
        "empty.png": b"",
        "vast.png": packed(Image.new("1", (20_000, 20_000))),
        "trousers.png": good,
    }
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **files)
    told = [error.value for error in app.error]
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
def test_unusual_pictures_are_answered(store, open_page, name, content):
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **{name: content})
    assert not app.error
    assert not app.exception
    assert app.dataframe[0].value.loc[0, "File"] == name


def test_a_run_whose_model_file_is_gone_says_so_and_the_others_answer(store, open_page):
    gone = stores.add(store, Sample(name="gone"))
    app = open_page("predict", run=[add_run_with_model(store, "one"), gone], sample="bag")
    assert "**gone** cannot answer" in app.warning[0].value
    assert app.dataframe[0].value["Run"].tolist() == ["one"]
    assert not app.exception


def test_when_no_model_file_is_left_nothing_breaks(store, open_page):
    app = open_page("predict", run=stores.add(store, Sample(name="gone")), sample="bag")
    assert len(app.warning) == 1
    assert not app.exception


def zipped(**folders):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for folder, names in folders.items():
            for name in names:
                target.writestr(f"{folder}/{name}.png", samples.draw_sample(name))
    return packed.getvalue()


def test_a_zip_is_unpacked_and_its_folders_say_how_many_answers_are_right(store, open_page):
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
    assert "Right or wrong" in texts(app)
    assert "Keep 2 labelled photos as a photo set" in texts(app)
    assert not app.exception


def test_a_csv_beside_the_photos_labels_them_and_a_wrong_one_is_named(store, open_page):
    run_id = add_run_with_model(store, "one")
    files = {"a.png": samples.draw_sample("bag"), "labels.csv": b"file,label\na.png,Bag\n"}
    app = upload(open_page("predict", run=run_id), **files)
    assert app.dataframe[0].value["True class"].tolist() == ["Bag"]
    app = upload(open_page("predict", run=run_id), **(files | {"labels.csv": b"file,label\na.png,hat\n"}))
    assert "Line 2" in texts(app)
    assert not app.exception


def test_a_turn_a_crop_and_no_cut_out_are_followed_at_once(store, open_page):
    app = open_page("predict", run=add_run_with_model(store, "one"), sample="bag")
    app.toggle[-1].set_value(False).run()
    assert "Not cut out: the whole picture is used" in texts(app)
    app.slider[0].set_value((40, 60)).run()
    app.segmented_control[-1].set_value(90).run()
    assert not app.exception
    app.slider[0].set_value((50, 50)).run()
    assert not app.exception
    assert len(app.dataframe[0].value) == 1


def test_what_speaks_for_each_answer_is_shown_on_the_photo_itself(store, open_page):
    ids = [add_run_with_model(store, name, seed) for seed, name in enumerate(("one", "two"))]
    app = open_page("predict", run=ids, sample="bag", saliency="yes")
    shown = [element.proto.body for element in app.get("html") if "what speaks for" in element.proto.body]
    assert len(shown) == 1
    assert shown[0].count("<figure") == 2
    assert not app.exception


@pytest.mark.slow
def test_labelled_photos_are_kept_measured_and_deleted(store, open_page):
    ids = [add_run_with_model(store, name, seed) for seed, name in enumerate(("one", "two"))]
    app = upload(open_page("predict", run=ids[0]), **{"shelf.zip": zipped(Bag=["bag"], Trouser=["trouser"])})
    app.text_input[-1].set_value("shelf")
    press(app, "Keep them")
    assert "2 photos kept as shelf" in texts(app)
    (kept,) = photo_sets.list_sets(store)
    app = open_page("predict", about="sets", set=kept.id, run=ids)
    press(app, "Measure 2 runs")
    assert sorted(photo_sets.answered_by(store, kept)) == sorted(ids)
    assert "2 images" in texts(app)
    press(app, "Delete for good")
    assert photo_sets.list_sets(store) == []
    assert "No photo set is kept yet" in texts(app)
    assert not app.exception


def test_uploads_are_forgotten_when_the_person_says_so(store, open_page):
    app = upload(open_page("predict", run=add_run_with_model(store, "one")), **{"bag.png": samples.draw_sample("bag")})
    press(app, "Remove this upload")
    assert "Drop photos above" in texts(app)
    assert not app.exception


def test_an_unknown_run_is_left_out_by_name(store, open_page):
    add_run_with_model(store, "one")
    app = open_page("predict", run="nosuchid", sample="bag")
    assert "There is no run nosuchid" in app.warning[0].value
    assert not app.exception
