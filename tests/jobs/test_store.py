"""The run store: made once, never losing an update, and clear about what is wrong with it."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from core.config import validated
from core.presets import config_of
from jobs.running import queue
from jobs.running.attempts import AttemptHandle
from jobs.running.claims import claim
from jobs.running.environment import host
from jobs.running.queue import set_slots
from jobs.store import migration, schema
from jobs.store.copying import copy_database
from jobs.store.ownership import tie
from jobs.store.queries import get_predictions, get_run, list_attempts, list_epochs, list_runs, queue_state
from jobs.store.store import Store, connect, open_store, revision
from jobs.store.store_errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreNewer, StoreReadOnly
from tests import stores
from tests.jobs import crowd, old_stores
from tests.jobs.configs import TINY
from tests.rights import rights_of_files_hold
from tests.stores import Sample, add

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def in_folder(folder: Path) -> crowd.Place:
    return crowd.Place(url_of(folder / "runs.db"), folder / "artifacts")


@pytest.mark.slow
@pytest.mark.chaos
def test_six_processes_that_open_a_new_store_at_once_find_one_empty_store(tmp_path: Path) -> None:
    assert crowd.at_once(6, crowd.open_and_count, in_folder(tmp_path)) == [0] * 6


@pytest.mark.slow
@pytest.mark.chaos
def test_six_processes_that_open_an_old_store_at_once_migrate_and_copy_it_once(tmp_path: Path) -> None:
    shutil.copyfile(old_stores.FOLDER / "0001.db", tmp_path / "runs.db")
    assert crowd.at_once(6, crowd.open_and_count, in_folder(tmp_path)) == [5] * 6
    assert len(list(tmp_path.glob("runs-before-*"))) == 1


def test_a_store_in_another_journal_mode_opens_as_soon_as_its_writer_is_done(tmp_path: Path) -> None:
    shutil.copyfile(old_stores.FOLDER / "0001.db", tmp_path / "runs.db")
    with closing(sqlite3.connect(tmp_path / "runs.db", isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            open_store(url_of(tmp_path / "runs.db"), tmp_path, patience_s=0.1)
        done = threading.Timer(0.3, writer.rollback)
        done.start()
        assert len(list_runs(open_store(url_of(tmp_path / "runs.db"), tmp_path))) == 5
        done.join()


@pytest.mark.slow
@pytest.mark.chaos
def test_no_update_is_lost_when_processes_write_at_once(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    assert claim(store, run_id, host())
    assert crowd.at_once(4, crowd.add_to_work, crowd.place_of(store)) == [50] * 4
    assert get_run(store, run_id).work_s == 200


@pytest.mark.slow
@pytest.mark.chaos
def test_runs_launched_at_once_all_get_a_place_of_their_own(store: Store) -> None:
    ids = [
        run_id
        for ids_of_process in crowd.at_once(4, crowd.launch_ten, crowd.place_of(store))
        for run_id in ids_of_process
    ]
    assert len(set(ids)) == 40
    assert len({run.queue_position for run in list_runs(store)}) == 40


@pytest.mark.slow
@pytest.mark.chaos
def test_no_run_is_claimed_twice(store: Store) -> None:
    set_slots(store, 64)
    ids = queue.launch_all(store, TINY, seeds=20)
    claimed = [
        run_id
        for ids_of_process in crowd.at_once(4, crowd.claim_all, crowd.place_of(store))
        for run_id in ids_of_process
    ]
    assert sorted(claimed) == sorted(ids)
    assert {len(list_attempts(store, run_id)) for run_id in ids} == {1}


@pytest.mark.parametrize("old", REVISIONS)
def test_a_store_of_each_revision_opens_with_all_its_rows(old: str, tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    shutil.copyfile(old_stores.FOLDER / f"{old}.db", path)
    expected = old_stores.rows()
    store = open_store(url_of(path), tmp_path)
    assert revision(store.engine) == schema.REVISION
    for table in ("runs", "epochs", "predictions"):
        with store.reading() as connection:
            rows = connection.execute(text(f"SELECT * FROM {table}")).mappings().all()
        assert len(rows) == len(expected[table])
    for number, row in enumerate(expected["runs"]):
        run = get_run(store, row["id"])
        assert (run.name, run.status, run.config.seed, run.error_message) == (
            row["name"],
            row["status"],
            number,
            row["error_message"],
        )
        assert validated(dict(run.config)) == config_of("cnn", seed=number, threads=2, epochs=3, precision="float32")
    stored = get_predictions(store, expected["runs"][1]["id"])
    assert np.array_equal(stored.labels, old_stores.labels())
    assert np.allclose(stored.log_probabilities, old_stores.log_probabilities(1), rtol=2**-15, atol=0)
    first, last = expected["runs"][0]["id"], expected["runs"][-1]["id"]
    assert {run_id: len(rows) for run_id, rows in list_epochs(store, [first, last]).items()} == {first: 3, last: 0}


@pytest.mark.parametrize("old", REVISIONS)
def test_a_store_of_each_revision_keeps_every_value_of_every_table(old: str, tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    shutil.copyfile(old_stores.FOLDER / f"{old}.db", path)
    before = _contents(path)
    open_store(url_of(path), tmp_path).engine.dispose()
    after = _contents(path)
    for table, rows in before.items():
        assert [{name: new[name] for name in row} for row, new in zip(rows, after[table], strict=True)] == rows
    filled = {table for table, rows in before.items() if rows}
    since = {
        "0001": {"runs", "epochs", "predictions"},
        "0002": {"attempts", "tags", "shop"},
        "0004": {"photos"},
        "0007": {"label_marks"},
        "0008": {"people", "roles", "sign_ins", "changes", "comments", "mentions", "reviews", "deliveries"},
        "0009": {"nodes"},
    }
    assert filled >= set().union(*(tables for revision, tables in since.items() if revision <= old))


def _contents(path: Path) -> dict[str, list[dict[str, object]]]:
    """Every row of every table but the one that holds the revision."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        names = {row["name"] for row in tables} - {"alembic_version"}
        return {name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for name in names}


def test_every_revision_is_kept_as_a_file() -> None:
    assert {path.stem for path in old_stores.FOLDER.glob("*.db")} == set(REVISIONS) == migration.known_revisions()


def test_a_migration_first_makes_a_backup_that_holds_the_old_rows(tmp_path: Path) -> None:
    shutil.copyfile(old_stores.FOLDER / "0001.db", tmp_path / "runs.db")
    open_store(url_of(tmp_path / "runs.db"), tmp_path)
    (backup,) = tmp_path.glob("runs-before-0009-from-0001-*.db")
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert connection.execute("SELECT count(*) FROM epochs").fetchone() == (12,)


def test_a_migration_that_fails_changes_nothing_and_leaves_no_copies(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    shutil.copyfile(old_stores.FOLDER / "0001.db", path)
    with closing(sqlite3.connect(path)) as connection:
        # The second step of the migration makes this table.
        connection.execute("CREATE TABLE shop (something)")
    for _ in range(2):
        with pytest.raises(StoreError, match="shop already exists"):
            open_store(url_of(path), tmp_path)
    assert list(tmp_path.glob("runs-before-*")) == []
    with closing(sqlite3.connect(path)) as connection:
        assert "deaths" not in {column[1] for column in connection.execute("PRAGMA table_info(runs)")}
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)


def test_the_migrations_make_exactly_the_tables_of_the_schema(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


@pytest.mark.sqlite
def test_the_migrations_give_each_column_the_default_of_the_schema(store: Store, tmp_path: Path) -> None:
    engine = connect(url_of(tmp_path / "as-the-schema-says.db"))
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
    for table in schema.metadata.tables:
        columns = [set(_columns(opened, table)) for opened in (Store(engine, tmp_path), store)]
        assert columns[0] == columns[1]


def _columns(store: Store, table: str) -> Iterator[tuple[object, ...]]:
    with store.reading() as connection:
        inspector = inspect(connection)
        key = tuple(inspector.get_pk_constraint(table)["constrained_columns"])
        for column in inspector.get_columns(table):
            yield column["name"], str(column["type"]), column["nullable"], column["default"], key


def test_a_store_of_a_newer_version_is_left_alone(store: Store, tmp_path: Path) -> None:
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreNewer, match=r"9999.*newer than this Lookbook.*Update Lookbook"):
        open_store(crowd.place_of(store).url, tmp_path)
    assert list(tmp_path.glob("runs-before-*")) == []


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    with pytest.raises(StoreDamaged, match="another program.*recipes"):
        open_store(url_of(path), tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_file_that_is_no_database_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "runs.db").write_bytes(b"This is a letter, not a database. " * 100)
    with pytest.raises(StoreDamaged, match="python -m jobs restore"):
        open_store(url_of(tmp_path / "runs.db"), tmp_path)


def test_a_store_with_a_damaged_page_says_so_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    content = bytearray((old_stores.FOLDER / f"{schema.REVISION}.db").read_bytes())
    content[4096:] = b"\x55" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match="damaged"):
        list_runs(open_store(url_of(path), tmp_path))
    assert path.stat().st_size == len(content)


def test_damaged_answers_are_told_by_the_name_of_their_run(store: Store) -> None:
    bad, good = stores.fill(store, 2)
    with store.writing() as connection:
        cut = text("UPDATE predictions SET log_probabilities = substr(log_probabilities, 9) WHERE run_id = :id")
        connection.execute(cut, {"id": bad})
    assert len(get_predictions(store, good).labels) == 10_000
    with pytest.raises(StoreDamaged, match=rf"{get_run(store, bad).name} for the test images are damaged.*restore"):
        get_predictions(store, bad)


@pytest.mark.parametrize("value", ['"many"', "[]", "99999"])
def test_a_damaged_setting_of_the_queue_is_named(store: Store, value: str) -> None:
    set_slots(store, 2)
    with store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE shop SET value = '{value}'")
    with pytest.raises(StoreDamaged, match="setting slots of the queue"):
        queue_state(store)


@pytest.mark.sqlite
def test_a_setting_of_the_queue_that_is_no_json_is_named(store: Store) -> None:
    set_slots(store, 2)
    with store.writing() as connection:
        connection.execute(text("UPDATE shop SET value = '{'"))
    with pytest.raises(StoreDamaged, match="setting slots of the queue"):
        queue_state(store)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreReadOnly, match=r"folder .*/nowhere of the run store does not exist"):
        open_store(url_of(tmp_path / "nowhere" / "runs.db"), tmp_path)


@pytest.fixture
def read_only_store(new_store_file: Path, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "read-only"
    folder.mkdir()
    shutil.copyfile(new_store_file, folder / "runs.db")
    (folder / "runs.db").chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def test_a_read_only_store_says_so_and_what_to_do(read_only_store: Path) -> None:
    with rights_of_files_hold(), pytest.raises(StoreReadOnly, match="write access"):
        queue.launch(open_store(url_of(read_only_store / "runs.db"), read_only_store), TINY)


def test_a_locked_store_can_be_read_and_refuses_a_write_in_plain_words(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    impatient = Store(connect(crowd.place_of(store).url, patience_s=0.1), store.artifacts)
    with store.writing():
        assert get_run(impatient, run_id).status == "queued"
        with pytest.raises(StoreBusy, match="Another program has locked the run store"):
            queue.stop(impatient, run_id)
    assert queue.stop(impatient, run_id) == "stopped"
    impatient.engine.dispose()


def overfill(store: Store) -> None:
    """Write more than there is room for: SQLite's own limit makes the very error that a full disk makes.

    Postgres has no such limit, so it is told to raise its error.
    """
    with store.writing() as connection:
        if not store.is_local:
            connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$")
        connection.exec_driver_sql("PRAGMA max_page_count=1")
        connection.execute(text("UPDATE runs SET note = :note"), {"note": "x" * 10_000_000})


def test_a_full_disk_is_named_and_every_row_stays(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    with pytest.raises(StoreFull, match="Free disk space"):
        overfill(store)
    assert get_run(store, run_id).note == ""


def test_a_reader_sees_nothing_of_a_write_that_is_not_complete(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    with store.writing() as connection:
        connection.execute(text("UPDATE runs SET name = 'half'"))
        assert get_run(store, run_id).name == "cnn seed 3"
    assert get_run(store, run_id).name == "half"


def test_rows_that_belong_to_a_run_go_with_it(store: Store) -> None:
    run_id = queue.launch(store, TINY, tags=["one"])
    assert claim(store, run_id, host()) == AttemptHandle(store, run_id, 1)
    with store.writing() as connection:
        connection.execute(schema.runs.delete())
    with store.reading() as connection:
        # Who launched it is kept for ever.
        for table in set(schema.metadata.sorted_tables) - {schema.store_settings, schema.changes}:
            assert connection.execute(table.select()).all() == []


def test_a_new_store_and_its_folder_are_closed_to_others_and_old_ones_keep_their_rights(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'runs.db'}", tmp_path / "artifacts")
    tie(store)
    add(store, Sample())
    copy_database(store, tmp_path / "one.backup")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    files = dict.fromkeys(("runs.db", "runs.db-wal", "runs.db-shm", "one.backup"), 0o600)
    assert modes == files | {"artifacts": 0o700}
    (tmp_path / "runs.db").chmod(0o664)
    (tmp_path / "artifacts").chmod(0o775)
    tie(open_store(f"sqlite:///{tmp_path / 'runs.db'}", tmp_path / "artifacts"))
    assert (tmp_path / "runs.db").stat().st_mode & 0o777 == 0o664
    assert (tmp_path / "artifacts").stat().st_mode & 0o777 == 0o775
