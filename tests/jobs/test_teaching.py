"""Learning from a photo set: every photo is held out once, and no run is measured on photos that it has learnt."""

import time
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from core.classes import CLASS_NAMES
from core.datasets import importing, versions
from core.datasets.importing import Options
from core.datasets.opening import read_content
from core.errors import ConfigurationError
from core.photos.picture import Photo
from jobs.people import Role
from jobs.results import photo_answers, photo_sets
from jobs.results.photo_answers import measure
from jobs.results.photo_sets import PhotoSet, keep
from jobs.running.background import TaskStatus
from jobs.settings import settings
from jobs.store import run_files
from jobs.store.queries import NotPossible, get_run, get_runs
from jobs.store.store import Store
from jobs.tasks.set_changes import add_photos
from jobs.tasks.teaching import FOLDS, last_lesson, learn, learning_state, start_learning
from jobs.team import members
from jobs.team.change_record import Action, Wanted, list_changes
from tests import stores
from tests.colleagues import ANNA
from tests.own_data import data_folder
from tests.stores import Sample

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of its own, and weights that are there; nobody trains here."""
    (tmp_path / "weights.pth").touch()
    monkeypatch.setenv("LOOKBOOK_RESNET18_WEIGHTS", str(tmp_path / "weights.pth"))
    data_folder(tmp_path / "data", monkeypatch)


def test_a_setting_that_is_wrong_makes_no_data_set(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="epochs"):
        learn(store, photo_set_of(store, 30), {"epochs": -1})
    assert versions.versions_called(settings().data, "corrections") == []


def coloured(number: int) -> Photo:
    """A photo unlike all others."""
    pixels = np.random.default_rng(number).integers(0, 256, (40, 30, 3), np.uint8)
    return Photo(f"{number}.jpg", pixels, None, ())


def photo_set_of(store: Store, count: int, name: str = "corrections", classes: tuple[int, ...] = (0, 4, 8)) -> PhotoSet:
    return keep(store, name, ((coloured(number), classes[number % len(classes)]) for number in range(count)))


def test_a_photo_set_becomes_a_data_set_and_every_photo_is_held_out_once(store: Store) -> None:
    photo_set = photo_set_of(store, 30)
    lesson = learn(store, photo_set, {"epochs": 3})
    version = versions.find(settings().data, "corrections")
    assert (version.size, version.side, version.colour, version.cut_out) == (30, 192, True, True)
    assert version.classes == tuple(CLASS_NAMES[label] for label in (8, 4, 0))
    assert version.source_name == photo_sets.source_of(photo_set)
    runs = get_runs(store, lesson.runs)
    assert [(run.config.folds, run.config.fold) for run in runs] == [*((FOLDS, n) for n in range(1, FOLDS + 1)), (0, 0)]
    assert {(run.config.data, run.config.model, run.config.epochs) for run in runs} == {(version.hash, "transfer", 3)}
    assert len({run.group_id for run in runs[:FOLDS]}) == 1


def test_what_a_process_launches_is_of_who_asked_for_it(store: Store) -> None:
    photo_set = photo_set_of(store, 30)
    members.give_role(store, ANNA.id, Role.ADMIN)
    assert start_learning(store.acting(ANNA), photo_set)
    deadline = time.monotonic() + 60
    while learning_state(store, photo_set).status == TaskStatus.RUNNING and time.monotonic() < deadline:
        time.sleep(0.1)
    runs = get_runs(store, last_lesson(store, photo_set).runs)
    assert [run.owner for run in runs] == [ANNA.id] * (FOLDS + 1)
    (stored,) = list_changes(store, Wanted(actions=[Action.STORED], person=ANNA.id))
    assert stored.subject == "data set corrections@1"


def test_photos_are_stored_again_only_when_the_set_has_changed(store: Store) -> None:
    photo_set = photo_set_of(store, 30)
    first, second = learn(store, photo_set, {}), learn(store, photo_set, {})
    assert first.version == second.version
    add_photos(store, photo_set, [(coloured(99), 4)])
    third = learn(store, photo_set, {})
    assert (third.version.label, third.version.parent, third.version.size) == ("corrections@2", first.version.hash, 31)


def test_a_name_that_another_data_set_has_is_left_to_it(store: Store) -> None:
    learn(store, photo_set := photo_set_of(store, 30), {})
    photo_sets.delete(store, photo_set)
    assert learn(store, photo_set_of(store, 33), {}).version.label == "corrections-photos@1"
    assert learn(store, photo_set_of(store, 36, "fashion-mnist"), {}).version.label == "fashion-mnist-photos@1"


def test_the_newest_photo_run_of_each_architecture_stands_beside(store: Store) -> None:
    def add(model: str, created_at: float, augmentation: str = "photo") -> str:
        changes = {"augmentation": augmentation}
        run_id = stores.add(store, Sample(model=model, created_at=created_at, changes=changes))
        file = run_files.files_of(store, run_id).model
        file.parent.mkdir(parents=True)
        file.touch()
        return run_id

    add("cnn", 1.0)
    newest = add("cnn", 2.0)
    add("cnn", 3.0, "flip")
    lesson = learn(store, photo_set_of(store, 30), {})
    assert {run.config.companions for run in get_runs(store, lesson.runs)} == {(newest,)}


@pytest.mark.parametrize(
    ("count", "classes", "reason"), [(24, (0, 4), "There are 24 photos"), (30, (4,), "The photos show 1 class")]
)
def test_too_little_to_learn_from_is_refused_and_nothing_is_left(
    store: Store, count: int, classes: tuple[int, ...], reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        learn(store, photo_set_of(store, count, classes=classes), {})
    assert versions.versions_called(settings().data, "corrections") == []


def test_missing_weights_are_told_before_anything_is_made(store: Store, tmp_path: Path) -> None:
    (tmp_path / "weights.pth").unlink()
    photo_set = photo_set_of(store, 30)
    with pytest.raises(ConfigurationError, match="weights are not on this machine"):
        learn(store, photo_set, {})
    assert versions.versions_called(settings().data, "corrections") == []


def test_a_run_is_never_measured_on_the_photos_that_it_learnt_from(store: Store) -> None:
    photo_set, other = photo_set_of(store, 30), photo_set_of(store, 5, "other")
    learnt = get_run(store, learn(store, photo_set, {}).runs[-1])
    assert [version.pinned for version in photo_sets.versions_of(store, photo_set)] == [learnt.config.data]
    assert photo_sets.versions_of(store, other) == []
    refuse_to_measure(store, photo_set, learnt.id)
    add_photos(store, photo_set, [(coloured(99), 4)])
    refuse_to_measure(store, photo_set, learnt.id)


def refuse_to_measure(store: Store, photo_set: PhotoSet, run_id: str) -> None:
    with pytest.raises(NotPossible, match="learnt from these photos, or builds on a run that did"):
        list(measure(store, photo_set, [get_run(store, run_id)]))


def test_a_set_that_is_made_again_does_not_test_what_has_learnt_its_photos(store: Store) -> None:
    photo_set = photo_set_of(store, 30)
    learnt = learn(store, photo_set, {})
    photo_sets.delete(store, photo_set)
    again = photo_set_of(store, 30, "again")
    assert photo_sets.versions_of(store, again) == []
    assert learn(store, again, {}).version == learnt.version
    assert photo_sets.learners_of(store, again) >= set(learnt.runs)


@pytest.mark.parametrize(("side", "colour", "cut_out"), [(64, "auto", False), (28, "grey", False), (96, "auto", True)])
def test_photos_are_known_again_in_a_data_set_that_was_imported_from_other_files(
    store: Store, tmp_path: Path, side: int, colour: Literal["auto", "grey"], cut_out: bool
) -> None:
    for number in range(24):
        folder = tmp_path / "pictures" / ("Bag" if number % 2 else "Coat")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(smooth(number).pixels).save(folder / f"{number}.jpg", quality=92)
    options = Options(side=side, colour=colour, cut_out=cut_out, seed=1)
    version = importing.add(settings().data, "pictures", tmp_path / "pictures", options, lambda _step, _share: None)
    content = read_content(settings().data, version)
    learnt, tested = (content.names[place] for place in (0, -1))
    run_id = stores.add(store, Sample(changes={"data": version.pinned}))
    data_set_run = get_run(store, run_id)

    def set_with(name: str) -> PhotoSet:
        shown = [smooth(int(Path(name).stem)), *(smooth(number) for number in range(100, 103))]
        return keep(store, name, [(picture, 4) for picture in shown])

    refuse_to_measure(store, set_with(learnt), run_id)
    assert photo_sets.learners_of(store, photo_sets.find_set(store, learnt)) == {data_set_run.id}
    assert photo_answers._learners(store, [data_set_run], set_with(tested)) == set()
    assert photo_sets.learners_of(store, photo_sets.find_set(store, tested)) == set()


def smooth(number: int) -> Photo:
    """A photo unlike all others, of a few large patches on white, as JPEG keeps them."""
    patches = np.random.default_rng(number).integers(0, 200, (5, 4, 3), np.uint8)
    picture = Image.new("RGB", (480, 600), "white")
    picture.paste(Image.fromarray(patches).resize((320, 400), Image.Resampling.BICUBIC), (80, 100))
    return Photo(f"{number}.jpg", np.asarray(picture), None, ())


def test_a_run_that_builds_on_one_that_learnt_the_photos_is_not_measured_on_them_either(store: Store) -> None:
    photo_set = photo_set_of(store, 30)
    learnt = learn(store, photo_set, {}).runs[-1]
    starting = stores.add(store, Sample(changes={"start_from": learnt}))
    beside = stores.add(store, Sample(changes={"companions": (starting,)}))
    stores.add(store, Sample(name="knows nothing of it"))
    assert photo_sets.learners_of(store, photo_set) >= {learnt, starting, beside}
    for run_id in (starting, beside):
        refuse_to_measure(store, photo_set, run_id)
    assert len(photo_sets.learners_of(store, photo_set)) == FOLDS + 1 + 2
