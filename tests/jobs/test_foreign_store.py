"""A backup that somebody else has written, in good faith or bad: what no run store holds does not get in."""

import os
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import RunConfig
from core.data.data_facts import fashion_mnist_facts
from jobs.copies.restore import restore
from jobs.results import photo_sets
from jobs.results.photo_sets import PhotoSet
from jobs.running import run_edits
from jobs.store import run_files
from jobs.store.copying import copy_database
from jobs.store.ids import folder_for, is_id, new_id
from jobs.store.queries import list_runs
from jobs.store.schema import runs
from jobs.store.store import Store, open_store
from jobs.store.store_errors import StoreError, StoreNewer
from tests import stores
from tests.jobs.old_stores import FOLDER
from tests.stores import Sample

OUTSIDE = ["../victim", "..", ".", "", "/etc", "a/../..", "a/b", "A", "käse", "a\0b", "a b", "a" * 17, "run%2f..", "⁄"]


@pytest.mark.parametrize("words", OUTSIDE)
def test_what_could_be_a_path_is_no_id(words: str) -> None:
    assert not is_id(words)


@given(st.text())
def test_the_folder_of_whatever_a_store_calls_an_id_lies_right_inside_its_place(words: str) -> None:
    folder = folder_for(Path("/place"), words)
    assert folder.resolve().parent == Path("/place")
    assert (folder.name == words) == is_id(words)


def test_two_things_that_are_no_ids_have_two_folders_and_no_ids_one() -> None:
    assert folder_for(Path(), "../a") != folder_for(Path(), "../b")
    assert not is_id(folder_for(Path(), "../a").name)
    assert is_id(new_id())


@pytest.fixture
def backup(live_store: Store, tmp_path: Path) -> Path:
    """A sound backup, with a run of each kind and a photo set."""
    stores.add(live_store, Sample(validated=True, tags=("baseline",)))
    stores.add(live_store, Sample(model="resnet18", status="failed"))
    with live_store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO photo_sets VALUES ('set23456', 'phone', 1.7e9)")
        connection.exec_driver_sql("INSERT INTO photos VALUES ('set23456', 0, 'a.jpg', 8)")
        connection.exec_driver_sql("INSERT INTO label_marks VALUES ('fashion-mnist', 60005, 'anna', NULL, 1.7e9)")
    copy_database(live_store, tmp_path / "sound.backup")
    return tmp_path / "sound.backup"


def changed(backup: Path, *statements: str, **values: object) -> Path:
    """A copy of the backup after these statements."""
    copy = backup.with_name("changed.backup")
    shutil.copyfile(backup, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        for statement in statements:
            connection.execute(statement, values)
    return copy


def content(store: Store) -> list[str]:
    with closing(sqlite3.connect(store.place)) as connection:
        return list(connection.iterdump())


def assert_refused(store: Store, backup: Path, *words: str) -> None:
    """It is refused with these words, and nothing is changed or left behind."""
    before, beside = content(store), sorted(os.listdir(Path(store.place).parent))
    with pytest.raises(StoreError) as refusal:
        restore(backup, store.url, store.artifacts)
    assert all(word in str(refusal.value) for word in words), refusal.value
    assert (content(store), sorted(os.listdir(Path(store.place).parent))) == (before, beside)


def test_a_sound_backup_is_restored_to_the_last_row(live_store: Store, backup: Path) -> None:
    stores.check_database(backup)
    with live_store.writing() as connection:
        connection.execute(runs.delete())
    restore(backup, live_store.url, live_store.artifacts)
    with closing(sqlite3.connect(backup)) as before, closing(sqlite3.connect(live_store.place)) as after:
        for table in ("runs", "epochs", "predictions", "attempts", "tags", "photo_sets", "photos", "label_marks"):
            query = f"SELECT * FROM {table} ORDER BY 1, 2"
            assert after.execute(query).fetchall() == before.execute(query).fetchall()


@pytest.mark.parametrize("revision", [path.stem for path in sorted(FOLDER.glob("*.db"))])
def test_a_backup_of_every_earlier_version_is_restored(revision: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    restore(FOLDER / f"{revision}.db", url, tmp_path / "artifacts")
    store = open_store(url, tmp_path / "artifacts")
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM runs").scalar() == 5


@pytest.mark.parametrize("words", [words for words in OUTSIDE if "\0" not in words])
def test_an_id_of_a_run_that_could_be_a_path_is_refused(live_store: Store, backup: Path, words: str) -> None:
    assert_refused(
        live_store, changed(backup, "UPDATE runs SET id = :words WHERE model = 'resnet18'", words=words), "runs.id"
    )


@pytest.mark.parametrize("words", ["../victim", "", "A"])
@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE runs SET group_id = :words", "runs.group_id"),
        ("UPDATE runs SET cloned_from = :words", "runs.cloned_from"),
        ("UPDATE photo_sets SET id = :words", "photo_sets.id"),
        ("UPDATE predictions SET split = 'photos-' || :words || '/' WHERE split = 'test'", "predictions.split"),
        ("INSERT INTO shop VALUES ('id', json_quote(:words))", "setting 'id'"),
    ],
)
def test_an_id_that_could_be_a_path_is_refused_wherever_it_stands(
    live_store: Store, backup: Path, words: str, statement: str, place: str
) -> None:
    assert_refused(live_store, changed(backup, statement, words=words), place)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END", "trigger 't'"),
        ("CREATE VIEW v AS SELECT * FROM runs", "view 'v'"),
        ("CREATE TABLE secrets (a)", "table 'secrets'"),
        ("CREATE VIRTUAL TABLE f USING fts5(a)", "table 'f'"),
        ("ALTER TABLE runs ADD COLUMN more TEXT", "columns of its table runs"),
        ("ALTER TABLE runs ADD COLUMN more AS (1)", "columns of its table runs"),
        ("DROP TABLE tags", "no table tags"),
        ("DROP TABLE alembic_version", "no schema of a run store"),
        ("DELETE FROM alembic_version", "which schema"),
        ("UPDATE label_marks SET data = '../victim'", "label_marks.data"),
        ("UPDATE label_marks SET position = -1", "label_marks.position"),
        ("UPDATE label_marks SET label = 1000", "label_marks.label"),
        ("UPDATE label_marks SET label = -1", "label_marks.label"),
        ("UPDATE label_marks SET person = :long", "label_marks.person"),
        (
            "INSERT INTO comments (id, thread, about, subject, view, person, text, created_at) "
            "VALUES ('a2', 'a2', 'anything', 'x', 'runs', 'anna', 'x', 1)",
            "comments.about",
        ),
        (
            "INSERT INTO reviews (run_id, state, person, why, at) SELECT id, 'perfect', 'anna', '', 1 FROM runs",
            "reviews.state",
        ),
        ("UPDATE runs SET name = x'00ff'", "runs.name"),
        ("UPDATE runs SET name = :long", "runs.name"),
        ("UPDATE runs SET seed = 'many'", "runs.seed"),
        ("UPDATE runs SET seed = 1.5", "runs.seed"),
        ("UPDATE runs SET created_at = 'now'", "runs.created_at"),
        ("UPDATE runs SET created_at = 9e999", "runs.created_at"),
        ("UPDATE runs SET status = 'excellent'", "runs.status"),
        ("UPDATE runs SET epochs = 0", "runs.epochs"),
        ("UPDATE runs SET epochs = -5", "runs.epochs"),
        ("UPDATE runs SET pinned = 7", "runs.pinned"),
        ("UPDATE runs SET config = '[]'", "runs.config"),
        ("UPDATE runs SET config = 'NaN'", "runs.config"),
        ("UPDATE runs SET config = :deep", "runs.config"),
        ("UPDATE runs SET data_set = '{}'", "runs.data_set"),
        ("UPDATE runs SET data_set = '7'", "runs.data_set"),
        ("UPDATE runs SET data_set = :three_classes", "which no class has"),
        ("UPDATE runs SET note = char(0)", "runs.note"),
        ("UPDATE photos SET label = 10", "photos.label"),
        ("UPDATE photos SET position = -1", "photos.position"),
        ("UPDATE predictions SET count = 1", "unpack to other than"),
        ("UPDATE predictions SET labels = :bomb", "unpack to other than"),
        ("UPDATE predictions SET count = 999999999999", "predictions.count"),
        ("UPDATE predictions SET log_probabilities = x'78'", "predictions of run"),
        ("INSERT INTO shop VALUES ('slots', '9999')", "setting 'slots'"),
        ("INSERT INTO shop VALUES ('more', '1')", "setting 'more'"),
        ("INSERT INTO tags VALUES ('nobody22', 'x')", "a row of tags belongs"),
    ],
)
def test_what_no_run_store_holds_is_refused_by_name(
    live_store: Store, backup: Path, statement: str, words: str
) -> None:
    bomb = zlib.compress(bytes(50 * 2**20), 9) if ":bomb" in statement else b""
    deep = "[" * 100_000 + "]" * 100_000
    three_classes = fashion_mnist_facts(RunConfig()).model_copy(update={"classes": ("a", "b", "c")}).model_dump_json()
    values = {"bomb": bomb, "deep": deep, "long": "x" * 201, "three_classes": three_classes}
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    assert_refused(live_store, changed(backup, statement, **used), words)


def test_a_backup_of_a_newer_version_says_so(live_store: Store, backup: Path) -> None:
    newer = changed(backup, "UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(StoreNewer, match="newer Lookbook.*0099.*Update"):
        restore(newer, live_store.url, live_store.artifacts)
    assert_refused(live_store, newer, "Update Lookbook")


def a_fifo(path: Path) -> None:
    os.mkfifo(path)


def another_programs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url LONGVARCHAR)")


def a_dangling_link(path: Path) -> None:
    path.symlink_to("gone")


@pytest.mark.parametrize("make", [a_fifo, Path.mkdir, another_programs, Path.touch, a_dangling_link])
def test_what_is_no_backup_at_all_is_refused_at_once(
    live_store: Store, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "odd.backup")
    assert_refused(live_store, tmp_path / "odd.backup", "odd.backup")


@pytest.mark.parametrize("words", ["../victim", ".", "..", "", "{absolute}"])
def test_deleting_a_run_of_a_store_that_was_tampered_with_touches_no_other_folder(
    live_store: Store, words: str
) -> None:
    victim = live_store.artifacts.parent / "victim"
    victim.mkdir()
    (victim / "file").touch()
    other = stores.add(live_store, Sample())
    run_files.files_of(live_store, other).folder.mkdir(parents=True)
    run_id = words.format(absolute=victim)
    bad = stores.add(live_store, Sample(status="failed"))
    with live_store.writing() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for table, column in (("epochs", "run_id"), ("attempts", "run_id"), ("runs", "id")):
            connection.exec_driver_sql(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (run_id, bad))
    assert run_id in [run.id for run in list_runs(live_store)]
    run_edits.delete(live_store, run_id)
    photo_sets.delete(live_store, PhotoSet(run_id, "name", 0.0, 0))
    assert (victim / "file").exists()
    assert run_files.files_of(live_store, other).folder.is_dir()
    assert [run.id for run in list_runs(live_store)] == [other]
