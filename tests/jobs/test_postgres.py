"""What is of Postgres alone: its server goes and comes, refuses, and is asked by several machines at once."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from core.data.data_set import DataSet
from jobs.running import queue, run_edits
from jobs.running.attempts import report_failure
from jobs.running.claims import claim
from jobs.running.run_edits import set_note
from jobs.settings import settings
from jobs.store import migration, schema
from jobs.store.engines import postgres as engine
from jobs.store.filters import Filter
from jobs.store.queries import get_run, list_epochs, list_runs
from jobs.store.store import Store, connect, open_store, revision
from jobs.store.store_errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreNewer,
    StoreReadOnly,
    StoreUnreachable,
)
from jobs.team import health
from tests import postgres
from tests.jobs import crowd, old_stores, working
from tests.jobs.configs import STEADY, TINY
from tests.jobs.crowd import place_of
from tests.jobs.test_store import REVISIONS

pytestmark = pytest.mark.postgres


@pytest.fixture
def empty_database(postgres_server: postgres.Server) -> Iterator[str]:
    """The name of a database without tables."""
    name = postgres_server.new_database()
    yield name
    postgres_server.drop(name)


@pytest.fixture
def server_store(postgres_server: postgres.Server, empty_database: str, tmp_path: Path) -> Iterator[Store]:
    """A new store in Postgres."""
    store = open_store(postgres_server.url(empty_database), tmp_path / "artifacts")
    yield store
    store.engine.dispose()


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    """A server for one test alone, that may stop it."""
    with postgres.server() as server:
        yield server


def refused(url: str, folder: Path) -> StoreError:
    with pytest.raises(StoreError) as raised:
        open_store(url, folder)
    message = str(raised.value)
    assert "p@ss" not in message
    assert "p%40ss" not in message
    assert "\n" not in message
    return raised.value


def test_a_wrong_password_a_missing_user_and_a_missing_database_are_named(
    postgres_server: postgres.Server, tmp_path: Path
) -> None:
    wrong = refused(postgres_server.url("postgres", password="p@ss"), tmp_path)
    assert "does not let this user in" in wrong.message
    assert "Correct user and password" in wrong.advice
    nobody = postgres_server.url("postgres").replace("//lookbook:", "//nobody:")
    assert "does not let this user in" in refused(nobody, tmp_path).message
    missing = refused(postgres_server.url("nowhere"), tmp_path)
    assert "does not exist" in missing.message
    assert "createdb" in missing.advice
    assert not isinstance(wrong, StoreBusy), "what will not mend itself must not be waited for"
    assert not isinstance(missing, StoreBusy)


def test_a_server_that_is_not_there_is_named_and_is_waited_for(tmp_path: Path) -> None:
    down = refused("postgresql://lookbook:p%40ss@127.0.0.1:1/runs", tmp_path)
    assert isinstance(down, StoreUnreachable)
    assert "127.0.0.1:1/runs does not answer" in down.message
    assert "Start it" in down.advice


def test_health_says_that_a_server_is_not_there(
    own_server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", own_server.url("postgres"))
    monkeypatch.setenv("LOOKBOOK_ARTIFACTS", str(tmp_path))
    settings.cache_clear()
    assert health.examine()["store"].word == "mismatched"
    open_store(own_server.url("postgres"), tmp_path).engine.dispose()
    assert health.examine()["store"].word == "ok"
    own_server.end()
    store = health.examine()["store"]
    settings.cache_clear()
    assert (store.word, store.is_well) == ("unreachable", False)
    assert "Start it" in store.detail


def test_a_server_that_takes_no_more_connections_is_named_and_waited_for(
    postgres_server: postgres.Server, server_store: Store, empty_database: str
) -> None:
    postgres_server.execute("CREATE ROLE somebody LOGIN PASSWORD 'p@ss' CONNECTION LIMIT 0")
    url = postgres_server.url(empty_database).replace("//lookbook:p%40ss%2Fword", "//somebody:p%40ss")
    full = refused(url, server_store.artifacts)
    postgres_server.execute("DROP ROLE somebody")
    assert isinstance(full, StoreUnreachable)
    assert "takes no more connections" in full.message


def test_a_user_who_may_only_read_reads_and_is_told_that_nothing_can_be_written(
    postgres_server: postgres.Server, server_store: Store, empty_database: str
) -> None:
    run_id = queue.launch(server_store, TINY)
    postgres_server.execute(f"ALTER DATABASE {empty_database} SET default_transaction_read_only = on")
    reader = open_store(place_of(server_store).url, server_store.artifacts)
    assert get_run(reader, run_id).status == "queued"
    with pytest.raises(StoreReadOnly, match="cannot be written"):
        queue.stop(reader, run_id)
    reader.engine.dispose()


def test_a_user_without_rights_on_the_tables_is_told_so(
    postgres_server: postgres.Server, server_store: Store, empty_database: str
) -> None:
    postgres_server.execute("CREATE ROLE stranger LOGIN PASSWORD 'p@ss'")
    url = postgres_server.url(empty_database).replace("//lookbook:p%40ss%2Fword", "//stranger:p%40ss")
    stranger = refused(url, server_store.artifacts)
    other = postgres_server.new_database()
    assert "permission denied" in stranger.message
    assert isinstance(stranger, StoreReadOnly)
    new = refused(url.replace(empty_database, other), server_store.artifacts)
    assert isinstance(new, StoreReadOnly)
    assert "owner of the database" in new.advice
    postgres_server.drop(other)
    postgres_server.execute("DROP ROLE stranger")


def test_a_database_that_cannot_keep_every_text_is_refused_before_anything_is_made(
    postgres_server: postgres.Server, tmp_path: Path
) -> None:
    postgres_server.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "encoding LATIN1" in refused(postgres_server.url("latin"), tmp_path).message
    assert "encoding LATIN1" in refused(postgres_server.url("latin"), tmp_path).message
    postgres_server.drop("latin")


def test_texts_with_a_character_that_postgres_cannot_keep_lose_it_or_are_refused(server_store: Store) -> None:
    run_id = queue.launch(server_store, TINY)
    set_note(server_store, run_id, "a\0b")
    attempt = claim(server_store, run_id, "here")
    assert attempt is not None
    report_failure(attempt, "code", "broken \0 output", "")
    assert get_run(server_store, run_id).error_message == "broken  output"
    with pytest.raises(StoreError, match="cannot keep a character"):
        list_runs(server_store, Filter(group_id="a\0b"))


def test_a_store_is_opened_again_after_its_server_was_started_again(
    own_server: postgres.Server, tmp_path: Path
) -> None:
    store = open_store(own_server.url("postgres"), tmp_path)
    run_id = queue.launch(store, TINY)
    own_server.end()
    with pytest.raises(StoreUnreachable, match="does not answer"):
        get_run(store, run_id)
    with pytest.raises(StoreUnreachable, match="does not answer"):
        queue.stop(store, run_id)
    again = postgres.start(own_server.folder, own_server.port)
    try:
        assert get_run(store, run_id).status == "queued"
        assert queue.stop(store, run_id) == "stopped"
    finally:
        store.engine.dispose()
        again.end()


def test_a_server_that_ends_in_the_middle_of_a_write_keeps_nothing_of_it(
    own_server: postgres.Server, tmp_path: Path
) -> None:
    store = open_store(own_server.url("postgres"), tmp_path)
    run_id = queue.launch(store, TINY)

    def write_over_the_end() -> None:
        with store.writing() as connection:
            connection.execute(schema.runs.update().values(name="half"))
            own_server.end(signal.SIGQUIT)
            connection.execute(schema.runs.update().values(name="whole"))

    with pytest.raises(StoreUnreachable):
        write_over_the_end()
    again = postgres.start(own_server.folder, own_server.port)
    try:
        assert get_run(store, run_id).name == "cnn seed 3"
    finally:
        store.engine.dispose()
        again.end()


def test_a_writer_that_falls_silent_loses_its_lock_and_is_told_so(
    server_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = queue.launch(server_store, TINY)
    monkeypatch.setattr(engine, "_WRITER_SILENT_S", 0.2)
    silent = Store(connect(place_of(server_store).url), server_store.artifacts)

    def write_with_a_pause() -> None:
        with silent.writing() as connection:
            connection.execute(schema.runs.update().values(name="half"))
            time.sleep(0.5)
            assert queue.stop(server_store, run_id) == "stopped"
            connection.execute(schema.runs.update().values(name="whole"))

    with pytest.raises(StoreUnreachable, match="ended the connection"):
        write_with_a_pause()
    assert get_run(server_store, run_id).name == "cnn seed 3"
    silent.engine.dispose()


def test_a_page_reads_one_moment_however_long_it_reads(server_store: Store) -> None:
    run_id = queue.launch(server_store, TINY)
    names = schema.runs.select().with_only_columns(schema.runs.c.name)
    with server_store.reading() as connection:
        assert connection.execute(names).scalar() == "cnn seed 3"
        run_edits.rename(server_store, run_id, "another")
        assert connection.execute(names).scalar() == "cnn seed 3"
        with pytest.raises(StoreReadOnly), server_store.reading() as other:
            other.execute(schema.runs.update().values(name="by a reader"))
    assert get_run(server_store, run_id).name == "another"


def test_what_a_writer_read_stays_true_until_it_writes(server_store: Store) -> None:
    run_id = queue.launch(server_store, TINY)
    impatient = Store(connect(place_of(server_store).url, patience_s=0.1), server_store.artifacts)
    count = schema.runs.select().with_only_columns(schema.runs.c.id)
    with server_store.writing() as connection:
        before = connection.execute(count).all()
        for change in (queue.stop, run_edits.archive, run_edits.delete):
            with pytest.raises(StoreBusy):
                change(impatient, run_id)
        with pytest.raises(StoreBusy):
            queue.launch(impatient, TINY)
        assert connection.execute(count).all() == before
    impatient.engine.dispose()


def test_no_connection_is_left_within_a_transaction(postgres_server: postgres.Server, server_store: Store) -> None:
    run_id = queue.launch(server_store, TINY)
    get_run(server_store, run_id)
    with pytest.raises(StoreError):
        list_runs(server_store, Filter(group_id="\0"))
    database = server_store.engine.url.database
    states = text("SELECT state FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()")
    with Store(connect(postgres_server.url("postgres")), server_store.artifacts).reading() as connection:
        seen = connection.execute(states, {"name": database}).scalars().all()
    assert set(seen) == {"idle"}
    assert len(seen) <= engine._KEPT


def test_a_visitor_for_whom_no_connection_is_left_is_told_so(
    server_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_KEPT", 1)
    monkeypatch.setattr(engine, "_MOST_BESIDE", 0)
    small = Store(connect(place_of(server_store).url, patience_s=0.1), server_store.artifacts)
    with small.reading(), pytest.raises(StoreUnreachable, match="All connections of this process"):
        list_runs(small)
    assert list_runs(small) == []
    small.engine.dispose()


@pytest.mark.slow
@pytest.mark.chaos
def test_six_processes_that_open_a_new_store_at_once_find_one_empty_store(
    postgres_server: postgres.Server, empty_database: str, tmp_path: Path
) -> None:
    place = crowd.Place(postgres_server.url(empty_database), tmp_path)
    assert crowd.at_once(6, crowd.open_and_count, place) == [0] * 6


@pytest.mark.slow
@pytest.mark.chaos
def test_six_processes_that_open_an_old_store_at_once_migrate_it_once(
    postgres_server: postgres.Server, empty_database: str, tmp_path: Path
) -> None:
    url = postgres_server.url(empty_database)
    make_old("0001", url, tmp_path)
    assert crowd.at_once(6, crowd.open_and_count, crowd.Place(url, tmp_path)) == [5] * 6


def make_old(old: str, url: str, folder: Path) -> None:
    """A store of an earlier revision with its runs in Postgres."""
    store = Store(connect(url), folder)
    migration.upgrade(store, None, old)
    old_stores.fill(store)
    store.engine.dispose()


@pytest.mark.parametrize("old", REVISIONS)
def test_a_store_of_each_revision_is_migrated_and_keeps_every_value(
    old: str, postgres_server: postgres.Server, empty_database: str, tmp_path: Path
) -> None:
    url = postgres_server.url(empty_database)
    make_old(old, url, tmp_path)
    before = everything(url, tmp_path)
    store = open_store(url, tmp_path)
    assert revision(store.engine) == schema.REVISION
    after = everything(url, tmp_path)
    for table, rows in before.items():
        assert [{name: new[name] for name in row} for row, new in zip(rows, after[table], strict=True)] == rows
    assert {table for table, rows in before.items() if rows} >= {"runs", "epochs", "predictions"}
    assert get_run(store, old_stores.rows()["runs"][0]["id"]).config.seed == 0
    store.engine.dispose()


def everything(url: str, folder: Path) -> dict[str, list[dict[str, object]]]:
    """Every row of every table but the one that holds the revision, in the order of its first columns, its keys."""
    engine = connect(url)
    with Store(engine, folder).reading() as connection:
        names = (
            connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").scalars().all()
        )
        rows = {
            name: [dict(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"').mappings()]
            for name in set(names) - {"alembic_version"}
        }
    engine.dispose()
    return {name: sorted(values, key=lambda row: repr([*row.values()])) for name, values in rows.items()}


def test_a_migration_that_fails_changes_nothing(
    postgres_server: postgres.Server, empty_database: str, tmp_path: Path
) -> None:
    url = postgres_server.url(empty_database)
    make_old("0001", url, tmp_path)
    # The second step of the migration makes this table.
    postgres_server.execute("CREATE TABLE shop (something text)", empty_database)
    before = everything(url, tmp_path)
    for _ in range(2):
        with pytest.raises(StoreError, match="shop.* already exists"):
            open_store(url, tmp_path)
    assert everything(url, tmp_path) == before


@pytest.mark.usefixtures("server_store")
def test_a_store_of_a_newer_version_and_a_database_of_another_program_are_left_alone(
    postgres_server: postgres.Server, empty_database: str, tmp_path: Path
) -> None:
    postgres_server.execute("UPDATE alembic_version SET version_num = '9999'", empty_database)
    with pytest.raises(StoreNewer, match=r"9999.*newer than this Lookbook"):
        open_store(postgres_server.url(empty_database), tmp_path)
    other = postgres_server.new_database()
    postgres_server.execute("CREATE TABLE recipes (name text)", other)
    with pytest.raises(StoreDamaged, match="another program.*recipes"):
        open_store(postgres_server.url(other), tmp_path)
    postgres_server.drop(other)


@pytest.mark.slow
@pytest.mark.chaos
def test_a_run_is_trained_while_its_server_is_started_again(
    own_server: postgres.Server, real_data: DataSet, tmp_path: Path
) -> None:
    assert len(real_data.train_labels) == 60_000
    store = open_store(own_server.url("postgres"), tmp_path / "artifacts")
    again = None
    try:
        run_id = queue.launch(store, STEADY)
        working.wait_for_batches(store, run_id, 1)
        own_server.end()
        time.sleep(1)
        again = postgres.start(own_server.folder, own_server.port)
        run = working.wait_until_finished(store, run_id)
        assert run.attempt == 1
        assert len(list_epochs(store, [run_id])[run_id]) == STEADY.epochs
    finally:
        working.clear_away(store)
        store.engine.dispose()
        if again is not None:
            again.end()
