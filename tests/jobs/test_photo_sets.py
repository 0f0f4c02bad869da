"""Photo sets: kept under names of ours, measured once, compared on as on the test images, and gone when deleted."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.answers.verdict import Verdict
from core.classes import CLASS_NAMES
from core.config import FASHION_MNIST
from core.errors import ConfigurationError
from core.photos.picture import Photo, UnreadablePhoto
from core.statistics.intervals import accuracy_interval
from jobs.results import photo_sets
from jobs.results.comparisons import compare_runs
from jobs.results.data_users import data_behind
from jobs.results.photo_answers import measure
from jobs.results.photo_sets import PhotoSet, PhotoSetNotFound, find_set, keep, list_sets, photos_of
from jobs.running import run_edits
from jobs.store.queries import NoPredictions, get_run
from jobs.store.store import Store
from tests import stores
from tests.jobs.test_cli import Capture, refused, run
from tests.stores import Sample
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
    photo_set = kept(store)
    assert (photo_set.name, photo_set.count) == ("shelf", 4)
    stored = photos_of(store, photo_set)
    assert [kept_photo.label for kept_photo in stored] == list(LABELS)
    for place, kept_photo in enumerate(stored):
        original, read = photo(40 * place, transparent=place == 1), kept_photo.load()
        assert np.array_equal(read.pixels, original.pixels)
        assert (read.opacity is None) == (original.opacity is None)
        assert read.name == "../../evil.png"
    files = [path for path in store.artifacts.rglob("*") if path.is_file() and path.suffix == ".png"]
    assert {path.parent for path in files} == {store.artifacts / "photo-sets" / photo_set.id}
    assert sorted(path.name for path in files) == [f"{place:05d}.png" for place in range(4)]


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "shelf"])
def test_a_name_is_new_and_neither_empty_nor_endless(store: Store, name: str) -> None:
    kept(store)
    with pytest.raises(ConfigurationError):
        kept(store, name)
    assert [photo_set.name for photo_set in list_sets(store)] == ["shelf"]


def test_a_name_is_one_however_its_umlauts_are_composed(store: Store) -> None:
    made = kept(store, "Ma\u0308rz")
    assert find_set(store, "M\u00e4rz") == find_set(store, " Ma\u0308rz ") == made
    with pytest.raises(ConfigurationError, match="already"):
        kept(store, "M\u00e4rz")


def test_a_set_without_photos_or_with_a_photo_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="0 photos"):
        keep(store, "none", [])

    def failing() -> Iterator[tuple[Photo, int]]:
        yield photo(1), 0
        raise UnreadablePhoto("It is damaged.")

    with pytest.raises(UnreadablePhoto):
        keep(store, "half", failing())
    assert list_sets(store) == []
    assert not list(store.artifacts.glob("photo-sets/*"))


def test_whatever_goes_wrong_while_a_set_is_kept_leaves_nothing(store: Store) -> None:
    with pytest.raises(UnicodeEncodeError):
        keep(store, "half", [(photo(1, "caf\udce9.png"), 0)])
    assert list_sets(store) == []
    assert not list(store.artifacts.glob("photo-sets/*"))


def test_what_a_killed_one_has_left_is_cleared_away_unless_somebody_is_still_adding(store: Store) -> None:
    place = store.artifacts / "photo-sets"
    left = place / ".abcd2345.4000000-beef.part"
    left.mkdir(parents=True)
    (left / "00000.png").write_bytes(b"a photo")

    def one_by_one() -> Iterator[tuple[Photo, int]]:
        # Another set is kept while this one is being written: it must not take this one's folder for a left one.
        kept(store, "meanwhile")
        yield photo(1), 0

    assert keep(store, "shelf", one_by_one()).count == 1
    assert sorted(path.name for path in place.iterdir()) == sorted(photo_set.id for photo_set in list_sets(store))


def test_a_set_that_is_too_large_is_refused_before_all_of_it_is_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_sets, "MOST_PHOTOS", 2)
    asked = iter([(photo(1), 0)] * 5)
    with pytest.raises(ConfigurationError, match="More than 2 photos"):
        keep(store, "large", asked)
    assert len(list(asked)) == 2
    assert not list(store.artifacts.glob("photo-sets/*"))


def test_a_set_that_is_deleted_while_it_is_measured_leaves_no_answers(store: Store) -> None:
    photo_set, asked = kept(store), get_run(store, add_run_with_model(store, "asked"))
    measuring = measure(store, photo_set, [asked])
    for done in measuring:
        if done == photo_set.count:
            photo_sets.delete(store, photo_set)
            break
    with pytest.raises(PhotoSetNotFound, match="deleted meanwhile"):
        next(measuring)
    with pytest.raises(NoPredictions):
        photo_sets.answers_of(store, photo_set, asked.id)


@pytest.mark.slow
def test_verdicts_are_kept_with_the_answers(store: Store, capsys: Capture) -> None:
    photo_set = kept(store)
    verdicts: dict[str, Verdict | None] = {"calm": "sure", "shy": "not sure", "old": None}
    asked = {
        name: get_run(store, add_run_with_model(store, name, verdict=verdict)) for name, verdict in verdicts.items()
    }
    list(measure(store, photo_set, list(asked.values())))
    assert {name: photo_sets.verdicts_of(store, photo_set, each.id) for name, each in asked.items()} == {
        name: [verdict] * 4 for name, verdict in verdicts.items()
    }
    shown = json.loads(run(capsys, "photo-set", "show", "shelf", "--json")[1])["runs"]
    assert all(row["accuracy_interval"] == list(accuracy_interval(round(4 * row["accuracy"]), 4)) for row in shown)
    counts = {row["name"]: row["verdicts"] for row in shown}
    assert counts["shy"] == {"sure": 0, "not sure": 4, "none of these": 0}
    assert counts["old"] == {"sure": 0, "not sure": 0, "none of these": 0}
    printed = run(capsys, "photo-set", "show", "shelf", "--run", "calm")[1]
    assert re.search(r"Verdicts: 4 sure \(\d wrong\), 0 not sure \(0 wrong\)", printed)


@pytest.mark.slow
def test_answers_of_another_photo_path_are_named_and_measured_anew(
    store: Store, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo_set, asked = kept(store), get_run(store, add_run_with_model(store, "asked"))
    list(measure(store, photo_set, [asked]))
    assert photo_sets.outdated(store, photo_set) == []
    monkeypatch.setattr(photo_sets, "PHOTO_PATH", photo_sets.PHOTO_PATH + 1)
    assert photo_sets.outdated(store, photo_set) == [asked.id]
    assert "Measured with an older preprocessing of photos: asked." in run(capsys, "photo-set", "show", "shelf")[1]
    assert list(measure(store, photo_set, [asked])) == [1, 2, 3, 4]
    assert photo_sets.outdated(store, photo_set) == []


@pytest.mark.slow
def test_answers_are_stored_once_and_measured_again_only_if_asked(store: Store) -> None:
    photo_set, runs = (
        kept(store),
        [get_run(store, add_run_with_model(store, name, seed)) for seed, name in enumerate("ab")],
    )
    with pytest.raises(NoPredictions):
        photo_sets.answers_of(store, photo_set, runs[0].id)
    assert list(measure(store, photo_set, runs)) == [1, 2, 3, 4]
    answers = photo_sets.answers_of(store, photo_set, runs[0].id)
    assert answers.labels.tolist() == list(LABELS)
    assert answers.probabilities.shape == (4, 10)
    assert list(measure(store, photo_set, runs)) == []
    assert list(measure(store, photo_set, runs, again=True)) == [1, 2, 3, 4]
    assert np.array_equal(photo_sets.answers_of(store, photo_set, runs[0].id).predicted, answers.predicted)
    assert sorted(photo_sets.answered_by(store, photo_set)) == sorted(run.id for run in runs)


@pytest.mark.slow
def test_measuring_goes_on_past_runs_that_cannot_be_measured_and_tells_which_and_why(
    store: Store, capsys: Capture
) -> None:
    photo_set, gone = kept(store), stores.add(store, Sample(name="gone"))
    asked = add_run_with_model(store, "asked")
    status, out, error = run(capsys, "photo-set", "measure", "shelf")
    assert (status, photo_sets.answered_by(store, photo_set)) == (0, [asked])
    assert f"gone ({gone}) is left out: " in error
    assert "model.pt" in error
    assert "asked" in out
    assert "gone" not in out
    stopped = stores.add(store, Sample(name="halted", status="stopped"))
    status, out, error = run(capsys, "photo-set", "measure", "shelf", "asked", "halted")
    assert (status, "asked" in out) == (1, True)
    assert f"halted ({stopped}) is left out: Run halted is stopped" in error
    assert run(capsys, "photo-set", "measure", "shelf", "gone")[:2] == (1, "")


@pytest.mark.slow
def test_runs_are_compared_on_a_set_as_on_the_test_images(store: Store) -> None:
    photo_set, runs = (
        kept(store),
        [get_run(store, add_run_with_model(store, name, seed)) for seed, name in enumerate("ab")],
    )
    list(measure(store, photo_set, runs))
    (comparison,) = compare_runs(store, runs, photo_set.split).comparisons
    assert comparison.n == 4
    assert "4 images" in comparison.sentence


@pytest.mark.slow
def test_a_deleted_set_takes_its_pictures_and_answers_along_and_no_other_ones(store: Store) -> None:
    first, second = kept(store), kept(store, "other")
    asked = get_run(store, add_run_with_model(store, "asked"))
    for photo_set in (first, second):
        list(measure(store, photo_set, [asked]))
    assert photo_sets.delete(store, first) > 0
    assert [photo_set.name for photo_set in list_sets(store)] == ["other"]
    assert photo_sets.answered_by(store, first) == []
    assert photo_sets.answers_of(store, second, asked.id).labels.tolist() == list(LABELS)
    assert [path.name for path in (store.artifacts / "photo-sets").iterdir()] == [second.id]
    with pytest.raises(PhotoSetNotFound):
        find_set(store, "shelf")


@pytest.mark.slow
def test_a_deleted_run_takes_its_answers_along(store: Store) -> None:
    photo_set, run_id = kept(store), add_run_with_model(store, "asked")
    list(measure(store, photo_set, [get_run(store, run_id)]))
    run_edits.delete(store, run_id)
    assert photo_sets.answered_by(store, photo_set) == []


def test_a_picture_that_is_gone_is_named_with_what_to_do(store: Store) -> None:
    photo_set = kept(store)
    photos_of(store, photo_set)[2].file.unlink()
    with pytest.raises(UnreadablePhoto, match="gone or damaged.*add its photos again"):
        list(measure(store, photo_set, [get_run(store, add_run_with_model(store, "asked"))]))


def test_behind_a_run_is_what_it_and_the_runs_that_it_builds_on_have_learnt(store: Store) -> None:
    birds = "b" * 64
    learnt = stores.add(store, Sample(changes={"data": birds}))
    starting = stores.add(store, Sample(changes={"start_from": learnt}))
    beside = stores.add(store, Sample(changes={"companions": (starting,)}))
    alone = stores.add(store, Sample())
    both = frozenset({birds, FASHION_MNIST})
    expected = {learnt: frozenset({birds}), starting: both, beside: both, alone: frozenset({FASHION_MNIST})}
    assert data_behind(store) == expected
    run_edits.delete(store, learnt)
    assert data_behind(store)[beside] == {FASHION_MNIST}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of photos in folders named by class, one of them broken and one without a class."""
    for number, name in enumerate(("Bag/1.png", "Bag/2.png", "Trouser/3.png", "notes/4.png")):
        path = tmp_path / "shelf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(60 * number).pixels).save(path)
    (tmp_path / "shelf" / "Bag" / "broken.jpg").write_bytes(b"no picture")
    return tmp_path / "shelf"


@pytest.mark.slow
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
    assert out.startswith("mine: 3 photos\n")
    shown = json.loads(run(capsys, "photo-set", "show", "mine", "--json")[1])
    assert {measured["id"] for measured in shown["runs"]} == set(ids)
    assert "PREDICTED" in run(capsys, "photo-set", "show", "mine", "--run", "one")[1]
    assert "3 images" in run(capsys, "photo-set", "compare", "mine", "one", "two")[1]
    status, _, error = run(capsys, "photo-set", "delete", "mine")
    assert status == 1
    assert "3 photos" in error
    assert "2 runs" in error
    assert run(capsys, "photo-set", "delete", "mine", "--yes")[0] == 0
    assert "no photo set 'mine'" in refused(capsys, "photo-set", "show", "mine")


@pytest.mark.slow
def test_predict_reads_folders_and_zips_and_says_how_many_are_right(
    store: Store, capsys: Capture, shelf: Path, tmp_path: Path
) -> None:
    run_id = add_run_with_model(store, "asked")
    (shelf / "Bag" / "broken.jpg").unlink()
    status, out, error = run(capsys, "predict", run_id, str(shelf), "--labels", "folders", "--json")
    answers = json.loads(out)
    assert status == 0
    assert [Path(answer["file"]).name for answer in answers] == ["1.png", "2.png", "3.png", "4.png"]
    assert [answer["label"] for answer in answers] == ["Bag", "Bag", "Trouser", None]
    right = sum(answer["label"] == answer["predicted"] for answer in answers)
    assert f"Accuracy {100 * right / 3:.2f} %" in error
    assert "on 3 photos" in error
    table = tmp_path / "labels.csv"
    table.write_text("file,label\n" + "\n".join(f"{number}.png,{number}" for number in range(1, 5)), encoding="utf-8")
    status, out, _ = run(capsys, "predict", run_id, str(shelf), "--labels", str(table))
    assert status == 0
    assert "on 4 photos" in out
    for name in CLASS_NAMES:
        assert name in out


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("sure", "sure: "), ("not sure", "not sure: "), ("none of these", "none of these: "), (None, "")],
)
def test_predict_says_the_verdict_and_the_three_most_probable_classes(
    store: Store, capsys: Capture, shelf: Path, verdict: Verdict | None, words: str
) -> None:
    run_id = add_run_with_model(store, "asked", verdict=verdict)
    path = shelf / "Bag" / "1.png"
    _, out, _ = run(capsys, "predict", run_id, str(path), "--json")
    (answer,) = json.loads(out)
    best = sorted(answer["probabilities"].items(), key=lambda each: -each[1])[:3]
    assert [(likely["class"], likely["probability"]) for likely in answer["top3"]] == best
    assert answer["verdict"] == verdict
    status, out, _ = run(capsys, "predict", run_id, str(path), "--labels", "folders")
    listed = ", ".join(f"{name} {100 * share:.2f} %" for name, share in best)
    assert status == 0
    assert f"{path}: {words}{listed}. {answer['reason']}" in out
    assert f"1 {verdict} (" in out if verdict else "1 without a verdict (" in out


def test_what_lies_beside_the_photos_is_left_out_in_one_sentence(store: Store, capsys: Capture, shelf: Path) -> None:
    run_id = add_run_with_model(store, "asked")
    (shelf / "Bag" / "broken.jpg").unlink()
    for name in ("README.md", "Thumbs.db", "labels.csv", "notes.txt"):
        (shelf / name).write_text("file,label\n", encoding="utf-8")
    status, out, error = run(capsys, "predict", run_id, str(shelf), "--json")
    assert (status, len(json.loads(out))) == (0, 4)
    assert error == "4 other files were ignored: README.md, Thumbs.db, labels.csv and 1 more.\n"
    status, _, error = run(capsys, "photo-set", "add", "mine", str(shelf), "--labels", "folders")
    assert status == 0
    assert "4 other files were ignored" in error


def test_tables_that_lie_among_the_photos_or_in_their_zip_may_hold_the_labels(
    store: Store, capsys: Capture, shelf: Path, tmp_path: Path
) -> None:
    run_id = add_run_with_model(store, "asked")
    (shelf / "prices.csv").write_text("item,price\nbag,3\n", encoding="utf-8")
    words = ("predict", run_id, str(shelf), "--json", "--labels", "tables")
    assert "no CSV with the columns `file` and `label`" in refused(capsys, *words)
    (shelf / "Bag" / "labels.csv").write_text("file;label\n1.png;Coat\n", encoding="utf-8")
    zipped = Path(shutil.make_archive(str(tmp_path / "shelf"), "zip", shelf))
    for photos in (shelf, zipped):
        _, out, error = run(capsys, "predict", run_id, str(photos), "--json", "--labels", "tables")
        labels = {Path(answer["file"]).name: answer["label"] for answer in json.loads(out)}
        assert labels == {"1.png": "Coat", "2.png": None, "broken.jpg": None, "3.png": None, "4.png": None}
        assert "on 1 photo." in error
        assert "ignored" not in error
    run(capsys, "photo-set", "add", "mine", str(zipped), "--labels", "tables")
    assert [photo.label for photo in photos_of(store, list_sets(store)[0])] == [4]
    (shelf / "Bag" / "labels.csv").write_text("file;label\n1.png;hat\n", encoding="utf-8")
    assert "labels.csv: Line 2 of the labels has 'hat'" in refused(capsys, *words)


def test_what_is_unclear_of_labels_is_said_and_the_rest_is_measured(
    store: Store, capsys: Capture, shelf: Path, tmp_path: Path
) -> None:
    run_id, table = add_run_with_model(store, "asked"), tmp_path / "labels.csv"
    (shelf / "Bag" / "broken.jpg").unlink()
    table.write_text("file_name;label\n1.png;Bag\n2.png;Bag\n2.png;8.0\n3.png;1\n3.png;2\ngone.png;3\n;\n", "utf-16")
    sentences = [
        f"{shelf}/Trouser/3.png: Its labels conflict: Trouser by line 5 of {table} and Pullover by line 6 of {table}.",
        "1 of 6 rows match no photo: gone.png.",
        f"2 photos have no label: {shelf}/Trouser/3.png, {shelf}/notes/4.png.",
    ]
    status, out, error = run(capsys, "predict", run_id, str(shelf), "--labels", str(table))
    assert (status, error.splitlines()) == (0, sentences)
    assert "on 2 photos" in out
    assert "2 of 4 files have no label or could not be read" in out
    _, out, error = run(capsys, "predict", run_id, str(shelf), "--labels", str(table), "--json")
    assert error.splitlines()[:3] == sentences
    answers = json.loads(out)
    assert [answer["label"] for answer in answers] == ["Bag", "Bag", None, None]
    assert [answer["label_reason"] for answer in answers[:2]] == [None, None]
    assert f"{answers[2]['file']}: {answers[2]['label_reason']}" == sentences[0]
    status, _, error = run(capsys, "photo-set", "add", "mine", str(shelf), "--labels", str(table))
    assert (status, error.splitlines()[:3]) == (0, sentences)
    assert f"Left out: {sentences[0]}" in error
    assert [photo.label for photo in photos_of(store, list_sets(store)[0])] == [8, 8]


def test_class_names_above_numbers_count_from_the_named_folder_on(
    store: Store, capsys: Capture, shelf: Path, tmp_path: Path
) -> None:
    run_id, folder = add_run_with_model(store, "asked"), tmp_path / "dress" / "shelf"
    (folder / "Bag" / "1").mkdir(parents=True)
    shutil.copy(shelf / "Bag" / "1.png", folder / "Bag" / "1" / "a.png")
    shutil.copy(shelf / "Bag" / "1.png", folder / "b.png")
    _, out, _ = run(capsys, "predict", run_id, str(folder), "--labels", "folders", "--json")
    assert {Path(answer["file"]).name: answer["label"] for answer in json.loads(out)} == {"a.png": "Bag", "b.png": None}


def test_labels_are_read_only_from_an_ordinary_file_of_an_ordinary_size(
    store: Store, capsys: Capture, shelf: Path, tmp_path: Path
) -> None:
    run_id, pipe, vast = add_run_with_model(store, "asked"), tmp_path / "pipe", tmp_path / "vast.csv"
    os.mkfifo(pipe)
    with vast.open("wb") as file:
        file.truncate(5 * 2**30)
    for path, reason in (
        (pipe, "not a file"),
        (Path("/dev/zero"), "not a file"),
        (shelf, "not a file"),
        (vast, "the limit is 5"),
    ):
        assert reason in refused(capsys, "predict", run_id, str(shelf), "--labels", str(path))
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("file,label\n1.png,hat\n", encoding="utf-8")
    assert f"{wrong}: Line 2 of the labels has 'hat'" in refused(
        capsys, "photo-set", "add", "mine", str(shelf), "--labels", str(wrong)
    )


def test_labels_that_fit_no_file_give_a_sentence_and_no_table(store: Store, capsys: Capture, shelf: Path) -> None:
    run_id = add_run_with_model(store, "asked")
    status, out, _ = run(capsys, "predict", run_id, str(shelf / "notes"), "--labels", "folders")
    assert status == 0
    assert "None of the files that could be read is in a folder named by its class" in out
    assert "PREDICTED" not in out


def test_names_that_are_no_unicode_and_those_of_terminals_are_stored_and_shown(
    store: Store, capsys: Capture, shelf: Path
) -> None:
    run_id = add_run_with_model(store, "asked")
    for name in (b"caf\xe9.png", b"\x1b[2J.png"):
        os.rename(shelf / "Bag" / f"{1 + (name[0] == 27)}.png", os.fsencode(shelf / "Bag") + b"/" + name)
    (shelf / "Bag" / "broken.jpg").rename(shelf / "Bag" / "\x1b[31mbroken.jpg")
    status, out, error = run(capsys, "predict", run_id, str(shelf / "Bag"))
    assert status == 1
    assert "caf\ufffd.png: " in out
    assert "\x1b" not in out + error
    assert run(capsys, "photo-set", "add", "mine", str(shelf), "--labels", "folders")[0] == 0
    (mine,) = list_sets(store)
    assert {Path(photo.name).name for photo in photos_of(store, mine)} == {"caf\ufffd.png", "\ufffd[2J.png", "3.png"}


def test_a_name_that_is_taken_while_the_pictures_are_written_is_refused_and_leaves_none(store: Store) -> None:
    photo = Photo("a.png", np.zeros((4, 4, 3), np.uint8), None, ())

    def slow() -> Iterator[tuple[Photo, int]]:
        yield photo, 1
        photo_sets.keep(store, "phone", [(photo, 2)])

    with pytest.raises(ConfigurationError, match="'phone' exists already"):
        photo_sets.keep(store, "phone", slow())
    (kept,) = photo_sets.list_sets(store)
    assert [photo.label for photo in photo_sets.photos_of(store, kept)] == [2]
    assert len(list((store.artifacts / "photo-sets").iterdir())) == 1
