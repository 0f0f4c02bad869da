"""data add, list, show, repair, delete and fetch: what they say, store and refuse."""

import json
import shutil
import time
from pathlib import Path

import pytest
from sqlalchemy import event, update

from core.data.kept_fronts import PREFIX
from core.datasets.readers import published
from core.datasets.versions import Version, find, folder_of, list_versions, sets_folder
from jobs.results.data_users import runs_that_need
from jobs.running.run_edits import set_note
from jobs.store.queries import get_run
from jobs.store.schema import runs
from jobs.store.store import Store, connect
from jobs.tasks.data_changes import delete_version
from jobs.team.change_record import Action, Wanted, list_changes
from tests import stores
from tests.core.datasets.pictures import class_folders, imported
from tests.jobs.test_cli import Capture, refused, run
from tests.stores import Sample

pytestmark = pytest.mark.usefixtures("live_store")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return class_folders(tmp_path / "pets", {"cat": 12, "dog": 12})


def test_adding_shows_everything_and_stores_nothing_until_told(pets: Path, own_data: Path, capsys: Capture) -> None:
    (pets / "cat" / "no.png").write_bytes(b"no picture")
    status, out, error = run(capsys, "data", "add", "pets", str(pets))
    assert (status, out) == (1, "")
    assert "cat" in error
    assert "Left out: cat/no.png is not a picture, or its format is not supported." in error
    assert "Nothing is stored yet. Add --yes" in error
    assert len(list_versions(own_data)) == 1
    status, out, error = run(capsys, "data", "add", "pets", str(pets), "--yes", "--licence", "CC0")
    assert (status, out) == (0, "pets@1\n")
    assert "Decoding" not in error
    assert "24 images stored as pets@1" in error
    assert find(own_data, "pets").licence == "CC0"
    status, out, error = run(capsys, "data", "add", "animals", str(pets))
    assert (status, out) == (0, "pets@1\n")
    assert "These images are stored already, as pets@1." in error


def test_sets_are_listed_and_shown_with_their_health(pets: Path, own_data: Path, capsys: Capture) -> None:
    version = imported(own_data, pets)
    listed = run(capsys, "data", "list")[1]
    assert "fashion-mnist  632f17bc" in listed
    assert f"pets@1         {version.hash[:8]}  2        24" in listed
    status, out, error = run(capsys, "data", "show", "pets", "--verify")
    assert (status, error) == (0, "Every byte is as its hash says.\n")
    assert "24 images of 2 classes, 28x28 pixels in colour.\nFrom pets (a folder for each class).\n" in out
    assert out.count(version.hash) == 1
    assert "With 4 test images an accuracy of 90 % has an interval of" in out
    shown = json.loads(run(capsys, "data", "show", "pets", "--json")[1])
    assert (shown["hash"], shown["health"]["near"]) == (version.hash, 0)
    assert json.loads(run(capsys, "data", "list", "--json")[1])[1]["name"] == "pets"
    assert "60,000 " not in run(capsys, "data", "show", "fashion-mnist")[2]
    assert "Did you mean pets?" in refused(capsys, "data", "show", "pet")


def test_a_leaking_set_is_repaired_when_told(tmp_path: Path, own_data: Path, capsys: Capture) -> None:
    root = tmp_path / "pets"
    class_folders(root / "train", {"cat": 8, "dog": 8})
    class_folders(root / "test", {"cat": 3, "dog": 3}, first=50)
    shutil.copy(root / "test" / "cat" / "50.png", root / "train" / "cat" / "copy.png")
    imported(own_data, root)
    assert "python -m jobs data repair" in run(capsys, "data", "show", "pets")[1]
    status, out, error = run(capsys, "data", "repair", "pets")
    assert (status, out) == (1, "")
    assert "1 image to learn from would be taken out:\n  train/cat/copy.png\n" in error
    assert run(capsys, "data", "repair", "pets", "--yes")[:2] == (0, "pets@2\n")
    assert "nothing to repair" in refused(capsys, "data", "repair", "pets")


def learnt_from(store: Store, version: Version, words: object) -> str:
    """A run whose configuration names a data set, as later ones do."""
    run_id = stores.add(store, Sample(name="barker"))
    with store.writing() as connection:
        config = connection.execute(runs.select().where(runs.c.id == run_id)).one().config
        connection.execute(update(runs).where(runs.c.id == run_id).values(config={**config, "data": words}))
    assert version.number == 1
    return run_id


def test_a_set_that_runs_need_is_not_deleted(store: Store, pets: Path, own_data: Path, capsys: Capture) -> None:
    version = imported(own_data, pets)
    for other in (None, "", 7, "fashion-mnist", "0000"):
        learnt_from(store, version, other)
    assert runs_that_need(store, version) == []
    needed_by = learnt_from(store, version, version.hash)
    assert [run_id for run_id, _ in runs_that_need(store, version)] == [needed_by]
    error = refused(capsys, "data", "delete", "pets", "--yes")
    assert "pets@1 is needed by 1 run: barker" in error
    assert needed_by in error


@pytest.mark.usefixtures("store")
def test_a_set_that_no_run_needs_is_deleted_when_told(pets: Path, own_data: Path, capsys: Capture) -> None:
    imported(own_data, pets)
    status, out, error = run(capsys, "data", "delete", "pets")
    assert (status, out) == (1, "")
    assert error.startswith("This would delete pets@1: 24 images (")
    assert run(capsys, "data", "delete", "pets", "--yes")[0] == 0
    assert len(list_versions(own_data)) == 1
    assert [path.name for path in sets_folder(own_data).iterdir()] == [".lock"]
    assert "always there" in refused(capsys, "data", "delete", "fashion-mnist", "--yes")


def test_others_write_into_the_store_while_the_files_of_a_set_are_removed(
    store: Store, pets: Path, own_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove, run_id = shutil.rmtree, stores.add(store, Sample())

    def removing(folder: Path) -> None:
        set_note(Store(connect(store.engine.url.render_as_string(False), patience_s=0.1), store.artifacts), run_id, "x")
        remove(folder)

    version = imported(own_data, pets)
    monkeypatch.setattr(shutil, "rmtree", removing)
    delete_version(store, version)
    assert get_run(store, run_id).note == "x"
    assert [change.subject for change in list_changes(store, Wanted(actions=[Action.DELETED]))] == ["data set pets@1"]
    assert [path.name for path in sets_folder(own_data).iterdir()] == [".lock"]


def test_a_set_whose_deletion_cannot_be_recorded_is_there_again(store: Store, pets: Path, own_data: Path) -> None:
    version = imported(own_data, pets)

    def fail(_: object) -> None:
        raise OSError("no space left on device")

    event.listen(store.engine, "commit", fail)
    with pytest.raises(OSError, match="no space"):
        delete_version(store, version)
    event.remove(store.engine, "commit", fail)
    assert find(own_data, "pets") == version
    assert list_changes(store, Wanted(actions=[Action.DELETED])) == []


def test_what_frozen_layers_made_of_a_set_is_told_and_cleared(pets: Path, own_data: Path, capsys: Capture) -> None:
    version = imported(own_data, pets)
    place = folder_of(own_data, version)
    before = {path.name for path in place.iterdir()}
    assert "Features of frozen layers" not in run(capsys, "data", "show", "pets")[1]
    (place / f"{PREFIX}0123456789abcdef.npy").write_bytes(bytes(3_000_000))
    assert "Features of frozen layers take 3.0 MB beside it" in run(capsys, "data", "show", "pets")[1]
    assert run(capsys, "data", "clear-features", "pets") == (0, "", "3.0 MB freed.\n")
    assert {path.name for path in place.iterdir()} == before


@pytest.mark.usefixtures("own_data")
@pytest.mark.parametrize(
    ("name", "path", "message"),
    [
        ("fashion-mnist", "pets", "fashion-mnist is always there"),
        ("pets@2", "pets", "a sign that means something else"),
        ("pets", "nowhere", "nowhere cannot be read: it does not exist"),
        ("pets", "pets/cat", "no folder with pictures in it"),
    ],
)
def test_what_cannot_be_added_is_refused_in_a_line(
    pets: Path, capsys: Capture, name: str, path: str, message: str
) -> None:
    assert message in refused(capsys, "data", "add", name, str(pets.parent / path), "--yes")


@pytest.mark.slow
def test_what_cannot_be_downloaded_is_refused_within_a_bounded_time(
    own_data: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "PATIENCE_S", 2.0)
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    start = time.monotonic()
    for name in published.NAMES:
        status, out, error = run(capsys, "data", "fetch", name, "--yes")
        assert (status, out) == (1, "")
        assert f"Error: {name} could not be downloaded or read" in error
        assert "Connect to the network and try again" in error
    assert time.monotonic() - start < 60
    assert len(list_versions(own_data)) == 1
