"""Photo sets: kept under names of ours, measured once, compared on as on the test images, and gone when deleted."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.classes import CLASS_NAMES
from core.errors import ConfigurationError
from core.reading import Photo, UnreadablePhoto
from jobs import labels, photo_sets
from jobs.comparing import compare_runs
from jobs.photo_sets import PhotoSet, PhotoSetNotFound, find_set, keep, list_sets, photos_of
from jobs.predicting import measure
from jobs.runs import NoPredictions, get_run
from jobs.store import Store
from tests.jobs.test_cli import Capture, refused, run
from tests.untrained import add_run_with_model

LABELS = (8, 8, 1, 0)


def photo(shade: int, name: str = "../../evil.png", *, transparent: bool = False) -> Photo:
    picture = Image.new("RGB", (60, 80), "white")
    ImageDraw.Draw(picture).rectangle((15, 10, 45, 70), fill=(shade, 40, 60))
    opacity = np.full((80, 60), 200, np.uint8) if transparent else None
    return Photo(name, np.asarray(picture), opacity, ())


def kept(store: Store, name: str = "shelf") -> PhotoSet:
    shades = enumerate(LABELS)
    return keep(store, name, ((photo(40 * place, transparent=place == 1), label) for place, label in shades))


def test_a_set_keeps_every_pixel_and_no_name_of_the_user_on_disk(store: Store) -> None:
    found = kept(store)
    assert (found.name, found.count) == ("shelf", 4)
    stored = photos_of(store, found)
    assert [one.label for one in stored] == list(LABELS)
    for place, one in enumerate(stored):
        original, read = photo(40 * place, transparent=place == 1), one.load()
        assert np.array_equal(read.pixels, original.pixels)
        assert (read.opacity is None) == (original.opacity is None)
        assert read.name == "../../evil.png"
    files = [path for path in store.artifacts.rglob("*") if path.is_file() and path.suffix == ".png"]
    assert {path.parent for path in files} == {store.artifacts / "photo-sets" / found.id}
    assert sorted(path.name for path in files) == [f"{place:05d}.png" for place in range(4)]


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "shelf"])
def test_a_name_is_new_and_neither_empty_nor_endless(store: Store, name: str) -> None:
    kept(store)
    with pytest.raises(ConfigurationError):
        kept(store, name)
    assert [one.name for one in list_sets(store)] == ["shelf"]


def test_a_set_without_photos_or_with_a_photo_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="0 photos"):
        keep(store, "none", [])

    def failing():
        yield photo(1), 0
        raise UnreadablePhoto("It is damaged.")

    with pytest.raises(UnreadablePhoto):
        keep(store, "half", failing())
    assert list_sets(store) == []
    assert not list(store.artifacts.glob("photo-sets/*"))


@pytest.mark.slow
def test_answers_are_stored_once_and_measured_again_only_if_asked(store: Store) -> None:
    found, runs = kept(store), [get_run(store, add_run_with_model(store, name, seed)) for seed, name in enumerate("ab")]
    with pytest.raises(NoPredictions):
        photo_sets.answers_of(store, found, runs[0].id)
    assert list(measure(store, found, runs)) == [1, 2, 3, 4]
    said = photo_sets.answers_of(store, found, runs[0].id)
    assert said.labels.tolist() == list(LABELS)
    assert said.probabilities.shape == (4, 10)
    assert list(measure(store, found, runs)) == []
    assert list(measure(store, found, runs, again=True)) == [1, 2, 3, 4]
    assert np.array_equal(photo_sets.answers_of(store, found, runs[0].id).predicted, said.predicted)
    assert sorted(photo_sets.answered_by(store, found)) == sorted(run.id for run in runs)


def test_runs_are_compared_on_a_set_as_on_the_test_images(store: Store) -> None:
    found, runs = kept(store), [get_run(store, add_run_with_model(store, name, seed)) for seed, name in enumerate("ab")]
    list(measure(store, found, runs))
    (comparison,) = compare_runs(store, runs, found.split).comparisons
    assert comparison.n == 4
    assert "4 images" in comparison.sentence


def test_a_deleted_set_takes_its_pictures_and_answers_along_and_no_other_ones(store: Store) -> None:
    first, second = kept(store), kept(store, "other")
    asked = get_run(store, add_run_with_model(store, "asked"))
    for one in (first, second):
        list(measure(store, one, [asked]))
    assert photo_sets.delete(store, first) > 0
    assert [one.name for one in list_sets(store)] == ["other"]
    assert photo_sets.answered_by(store, first) == []
    assert photo_sets.answers_of(store, second, asked.id).labels.tolist() == list(LABELS)
    assert [path.name for path in (store.artifacts / "photo-sets").iterdir()] == [second.id]
    with pytest.raises(PhotoSetNotFound):
        find_set(store, "shelf")


def test_a_deleted_run_takes_its_answers_along(store: Store) -> None:
    found, run_id = kept(store), add_run_with_model(store, "asked")
    list(measure(store, found, [get_run(store, run_id)]))
    labels.delete(store, run_id)
    assert photo_sets.answered_by(store, found) == []


def test_a_picture_that_is_gone_is_named_with_what_to_do(store: Store) -> None:
    found = kept(store)
    photos_of(store, found)[2].file.unlink()
    with pytest.raises(UnreadablePhoto, match="gone or damaged.*add its photos again"):
        list(measure(store, found, [get_run(store, add_run_with_model(store, "asked"))]))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of photos in folders named by class, one of them broken and one without a class."""
    for number, name in enumerate(("Bag/1.png", "Bag/2.png", "Trouser/3.png", "notes/4.png")):
        path = tmp_path / "shelf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(60 * number).pixels).save(path)
    (tmp_path / "shelf" / "Bag" / "broken.jpg").write_bytes(b"no picture")
    return tmp_path / "shelf"


def test_a_set_is_made_measured_shown_compared_and_deleted_by_commands(
    store: Store, capsys: Capture, shelf: Path
) -> None:
    ids = [add_run_with_model(store, name, seed) for seed, name in enumerate(("one", "two"))]
    status, out, error = run(capsys, "photo-set", "add", "mine", str(shelf), "--labels", "folders")
    assert (status, out.strip()) == (0, list_sets(store)[0].id)
    assert "3 photos kept as mine" in error
    assert "broken.jpg" in error
    assert "4.png: It has no label" in error
    assert "mine" in run(capsys, "photo-set", "list")[1]
    status, out, _ = run(capsys, "photo-set", "measure", "mine")
    assert status == 0
    assert "ACCURACY ON 3 PHOTOS" in out
    shown = json.loads(run(capsys, "photo-set", "show", "mine", "--json")[1])
    assert {one["id"] for one in shown["runs"]} == set(ids)
    assert "PREDICTED" in run(capsys, "photo-set", "show", "mine", "--run", "one")[1]
    assert "3 images" in run(capsys, "photo-set", "compare", "mine", "one", "two")[1]
    status, _, error = run(capsys, "photo-set", "delete", "mine")
    assert status == 1
    assert "3 photos" in error
    assert "2 runs" in error
    assert run(capsys, "photo-set", "delete", "mine", "--yes")[0] == 0
    assert "no photo set 'mine'" in refused(capsys, "photo-set", "show", "mine")


def test_predict_reads_folders_and_zips_and_says_how_many_are_right(
    store: Store, capsys: Capture, shelf: Path, tmp_path: Path
) -> None:
    run_id = add_run_with_model(store, "asked")
    (shelf / "Bag" / "broken.jpg").unlink()
    status, out, error = run(capsys, "predict", run_id, str(shelf), "--labels", "folders", "--json")
    answers = json.loads(out)
    assert status == 0
    assert [Path(one["file"]).name for one in answers] == ["1.png", "2.png", "3.png", "4.png"]
    assert [one["label"] for one in answers] == ["Bag", "Bag", "Trouser", None]
    right = sum(one["label"] == one["predicted"] for one in answers)
    assert f"Accuracy {100 * right / 3:.2f} %" in error
    assert "on 3 photos" in error
    table = tmp_path / "labels.csv"
    table.write_text("file,label\n" + "\n".join(f"{number}.png,{number}" for number in range(1, 5)), encoding="utf-8")
    status, out, _ = run(capsys, "predict", run_id, str(shelf), "--labels", str(table))
    assert status == 0
    assert "on 4 photos" in out
    for name in CLASS_NAMES:
        assert name in out
