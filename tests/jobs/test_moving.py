"""A store moves whole into another database, or not at all; what is moved is the same row by row."""

import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, inspect, text

from jobs import cli
from jobs.copies.backup import backup
from jobs.copies.moving import move
from jobs.copies.restore import restore
from jobs.copies.rows import copy_rows, count_on
from jobs.running import queue, run_edits
from jobs.running.claims import claim, next_in_queue
from jobs.settings import ROOT, settings, sqlite_url
from jobs.store import schema
from jobs.store.filters import Filter
from jobs.store.ownership import StoreMisplaced, tie
from jobs.store.queries import get_predictions, get_run, list_epochs, list_runs
from jobs.store.records import RunStatus
from jobs.store.store import Store, connect, open_store
from jobs.store.store_errors import StoreBusy, StoreDamaged, StoreError
from jobs.team.change_record import Action
from tests import postgres, stores
from tests.jobs import old_stores
from tests.jobs.configs import TINY
from tests.jobs.crowd import place_of
from tests.jobs.test_documented_commands import examples
from tests.stores import Sample

pytestmark = pytest.mark.postgres


@pytest.fixture
def empty_database(postgres_server: postgres.Server) -> Iterator[str]:
    """The URL of a database of Postgres without tables."""
    name = postgres_server.new_database()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def full_store(live_store: Store) -> Store:
    """A SQLite store with something in every table, and texts that are hard to keep."""
    restore(old_stores.FOLDER / f"{schema.REVISION}.db", place_of(live_store).url, live_store.artifacts)
    stores.fill(live_store, 3, validated=True)
    noted = stores.add(live_store, Sample(name='Ärmel "100 %" \\ \N{T-SHIRT} {}', tags=["naïve", "%s"]))
    run_edits.set_note(live_store, noted, "first\n\n'; DROP TABLE runs; --")
    queue.launch(live_store, TINY, "waiting")
    tie(live_store)
    return live_store


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, decoded, in an order that both kinds of database have."""
    with store.reading() as connection:
        rows = {table.name: connection.execute(table.select()).all() for table in schema.metadata.sorted_tables}
    return {name: sorted((tuple(row) for row in values), key=repr) for name, values in rows.items()}


def without_restores(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """The same but for what the record of changes says of restores."""
    rows = contents(store)
    return rows | {"changes": [row for row in rows["changes"] if Action.RESTORED not in row]}


def tables_in(url: str, folder: Path) -> list[str]:
    engine = Store(connect(url), folder).engine
    with engine.connect().execution_options(reading=True) as connection:
        names = inspect(connection).get_table_names()
    engine.dispose()
    return names


def test_a_store_moves_into_postgres_and_back_with_every_value_of_every_table(
    full_store: Store, empty_database: str, tmp_path: Path
) -> None:
    before = contents(full_store)
    assert all(before.values())
    moved = move(full_store, empty_database)
    assert contents(moved) == before
    assert contents(full_store) == before
    back = move(moved, sqlite_url(tmp_path / "back.db"))
    assert contents(back) == before
    stores.check_database(tmp_path / "back.db")
    for run in list_runs(full_store):
        assert get_run(moved, run.id) == get_run(back, run.id) == run
        if run.test_accuracy is not None and run.id[:6] != "oldrun":
            assert (
                get_predictions(moved, run.id).log_probabilities == get_predictions(back, run.id).log_probabilities
            ).all()


def test_the_files_of_the_runs_belong_to_the_store_that_was_moved_last(
    full_store: Store, empty_database: str, tmp_path: Path
) -> None:
    moved = move(full_store, empty_database)
    tie(moved)
    with pytest.raises(StoreMisplaced, match="copy of a run store on a database server") as raised:
        tie(full_store)
    back = move(moved, sqlite_url(tmp_path / "back.db"))
    tie(back)
    for store in (moved, full_store):
        with pytest.raises(StoreMisplaced, match=r"copy of the run store .*back\.db"):
            tie(store)
    (tmp_path / "back.db").unlink()
    tie(moved)
    Path(re.search(r"delete (\S+\.txt)", raised.value.advice)[1]).unlink()
    tie(full_store)


def test_what_is_moved_is_a_store_that_goes_on(full_store: Store, empty_database: str) -> None:
    moved = move(full_store, empty_database)
    opened = open_store(empty_database, full_store.artifacts)
    waiting = next(run.id for run in list_runs(opened) if run.name == "waiting")
    assert queue.stop(opened, waiting) == "stopped"
    assert get_run(moved, waiting).status == "stopped"
    assert get_run(full_store, waiting).status == "queued"
    assert len(list_epochs(opened, [queue.launch(opened, TINY)])) == 1


def test_a_store_is_not_moved_into_a_database_that_holds_anything(
    full_store: Store, empty_database: str, postgres_server: postgres.Server
) -> None:
    move(full_store, empty_database)
    with pytest.raises(StoreError, match="holds a run store already"):
        move(full_store, empty_database)
    name = postgres_server.new_database()
    postgres_server.execute("CREATE TABLE recipes (name text)", name)
    with pytest.raises(StoreDamaged, match="another program.*recipes"):
        move(full_store, postgres_server.url(name))
    assert tables_in(postgres_server.url(name), full_store.artifacts) == ["recipes"]
    with pytest.raises(StoreError, match="holds a run store already"):
        move(full_store, place_of(full_store).url)


def test_nothing_is_moved_while_a_run_is_running(full_store: Store, empty_database: str) -> None:
    waiting = next(run.id for run in list_runs(full_store) if run.name == "waiting")
    with stores.at_work(full_store, waiting), pytest.raises(StoreError, match=f"active.*{waiting}.*jobs stop"):
        move(full_store, empty_database)
    assert tables_in(empty_database, full_store.artifacts) == []


def test_nothing_is_moved_or_replaced_under_a_machine_that_works_on_a_run(
    full_store: Store, empty_database: str, tmp_path: Path
) -> None:
    moved = move(full_store, empty_database)
    waiting = next_in_queue(moved, "another machine")
    backup(moved, tmp_path / "one.backup")
    queue.set_slots(moved, 9)
    assert claim(moved, waiting, "another machine")
    with pytest.raises(StoreError, match="is active on another machine.*jobs stop"):
        move(moved, sqlite_url(tmp_path / "back.db"))
    with pytest.raises(StoreError, match="is active on another machine.*jobs stop"):
        restore(tmp_path / "one.backup", empty_database, full_store.artifacts)
    assert not list(tmp_path.glob("back.db*"))
    assert get_run(moved, waiting).status == RunStatus.RUNNING


def test_a_row_that_postgres_cannot_keep_leaves_the_database_empty(full_store: Store, empty_database: str) -> None:
    with full_store.writing() as connection:
        connection.execute(text("UPDATE runs SET note = 'a' || char(0) || 'b' WHERE name = 'waiting'"))
    with pytest.raises(StoreError, match="cannot keep a character"):
        move(full_store, empty_database)
    assert tables_in(empty_database, full_store.artifacts) == []
    with full_store.writing() as connection:
        connection.execute(text("""UPDATE runs SET note = '', environment = '{"host": "\\u0000"}'"""))
    with pytest.raises(StoreError, match="NUL in its environment"):
        move(full_store, empty_database)
    assert tables_in(empty_database, full_store.artifacts) == []


def test_a_row_that_is_another_in_the_new_database_is_noticed_and_nothing_is_kept(
    full_store: Store, empty_database: str, postgres_server: postgres.Server
) -> None:
    target = open_store(empty_database, full_store.artifacts)
    function = (
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seed = 1 + NEW.seed; RETURN NEW; END'"
    )
    database = target.engine.url.database
    postgres_server.execute(function, database)
    postgres_server.execute(
        "CREATE TRIGGER spoil BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION spoil()", database
    )
    with (
        pytest.raises(StoreDamaged, match="table runs were copied, and they are not the same"),
        full_store.reading() as reader,
        target.writing() as writer,
    ):
        copy_rows(reader, writer)
    assert list_runs(target) == []


KILLED_MIDWAY = """
import os, signal, sys
from pathlib import Path
from jobs.copies import moving
from jobs.store.store import open_store
real = moving.copy_rows
def copy_and_die(source, target):
    real(source, target)
    os.kill(os.getpid(), signal.SIGKILL)
moving.copy_rows = copy_and_die
moving.move(open_store(sys.argv[1], Path(sys.argv[2])), sys.argv[3])
"""


def test_a_move_that_is_killed_at_the_end_leaves_an_empty_database_to_try_again(
    full_store: Store, empty_database: str
) -> None:
    arguments = [*map(str, place_of(full_store)), empty_database]
    killed = subprocess.run([sys.executable, "-c", KILLED_MIDWAY, *arguments], cwd=ROOT, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert contents(move(full_store, empty_database)) == contents(full_store)


def test_nobody_writes_into_a_store_while_it_is_moved(
    full_store: Store, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = open_store(place_of(full_store).url, full_store.artifacts, patience_s=0.1)
    before = contents(full_store)

    def copy_with_a_visitor(source: Connection, target: Connection) -> None:
        with pytest.raises(StoreBusy):
            queue.launch(impatient, TINY, "lost")
        assert contents(impatient) == before
        copy_rows(source, target)

    monkeypatch.setattr("jobs.copies.moving.copy_rows", copy_with_a_visitor)
    assert contents(move(full_store, empty_database)) == before


def test_a_backup_of_postgres_is_restored_into_sqlite_and_one_of_sqlite_into_postgres(
    full_store: Store, empty_database: str, tmp_path: Path
) -> None:
    before = without_restores(full_store)
    backup(full_store, tmp_path / "sqlite.backup")
    restore(tmp_path / "sqlite.backup", empty_database, full_store.artifacts)
    server = open_store(empty_database, full_store.artifacts)
    assert without_restores(server) == before
    queue.launch(server, TINY, "later")
    backup(server, tmp_path / "postgres.backup")
    later = without_restores(server)
    (tmp_path / "elsewhere").mkdir()
    url = sqlite_url(tmp_path / "elsewhere" / "runs.db")
    restore(tmp_path / "postgres.backup", url, tmp_path / "elsewhere" / "artifacts")
    assert without_restores(open_store(url, tmp_path / "elsewhere" / "artifacts")) == later


def test_a_backup_of_an_old_version_is_restored_into_postgres(
    empty_database: str, tmp_path: Path, live_store: Store
) -> None:
    restore(old_stores.FOLDER / "0001.db", empty_database, live_store.artifacts)
    server = open_store(empty_database, tmp_path / "artifacts")
    assert len(list_runs(server, Filter(archived=True))) + len(list_runs(server)) == len(old_stores.STATUSES)
    assert get_run(server, old_stores.rows()["runs"][0]["id"]).note == ""


def test_a_backup_of_postgres_is_one_file_for_its_owner_alone(
    full_store: Store, empty_database: str, tmp_path: Path
) -> None:
    moved, folder = move(full_store, empty_database), tmp_path / "backups"
    folder.mkdir()
    backup(moved, folder / "one")
    assert [path.name for path in folder.iterdir()] == ["one"]
    assert (folder / "one").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(folder / "one")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@pytest.mark.usefixtures("full_store")
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("elsewhere.db", "write it as a URL"),
        ("postgresql://lookbook:p%40ss@127.0.0.1:1/runs", "does not answer.*Start it"),
        ("mysql://lookbook:p%40ss@localhost/runs", "knows no kind of database"),
    ],
)
def test_a_database_that_cannot_be_moved_to_is_said_in_one_line(
    url: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["move-store", url]) == 1
    told = capsys.readouterr().err
    assert re.search(reason, told)
    assert told.count("\n") == 1
    assert "p%40ss" not in told


def test_ids_that_the_database_counts_go_on_after_those_that_were_copied(
    empty_database: str, full_store: Store
) -> None:
    server = open_store(empty_database, full_store.artifacts)
    counted = Table("counted", MetaData(), Column("id", Integer, primary_key=True), Column("value", Integer))
    with server.writing() as connection:
        counted.create(connection)
        count_on(connection, counted)
        connection.execute(counted.insert().values(value=1))
        connection.execute(counted.insert().values(id=7, value=7))
        count_on(connection, counted)
        connection.execute(counted.insert().values(value=8))
        assert connection.execute(counted.select().order_by(counted.c.id)).all() == [(1, 1), (7, 7), (8, 8)]


def test_the_guide_leads_into_postgres_and_to_a_backup_that_can_be_restored(
    full_store: Store,
    empty_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = without_restores(full_store)
    values = {"URL": empty_database, "FILE": str(tmp_path / "runs.backup")}
    for example in examples(ROOT / "docs" / "postgres.md"):
        command = [values.get(word, word) for word in example.split()]
        assert cli.main(command) == 0, capsys.readouterr().err
        told = capsys.readouterr().err
        assert "p%40ss" not in told
        monkeypatch.setenv("LOOKBOOK_DATABASE_URL", empty_database)
        settings.cache_clear()
    assert without_restores(open_store(empty_database, full_store.artifacts)) == before
    assert len(list(full_store.artifacts.glob("before-restore-*.backup"))) == 1
