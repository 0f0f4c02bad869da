"""Health tells the truth: a store that is gone, locked or of another version, a dead supervisor, a full disk."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jobs.running import queue
from jobs.running.background import ensure_supervisor
from jobs.settings import settings
from jobs.store import locks, run_files
from jobs.store.store import Store
from jobs.team import health
from tests.jobs.configs import TINY
from tests.jobs.test_cli import Capture, run
from tests.providers import free_port


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LOOKBOOK_LEAST_FREE_MB", "1")
    settings.cache_clear()
    yield
    settings.cache_clear()


def words() -> dict[str, str]:
    return {name: part.word for name, part in health.examine().items()}


@pytest.mark.usefixtures("live_store")
def test_a_server_without_work_is_well() -> None:
    assert words() == {"store": "ok", "supervisor": "idle", "artifacts": "ok", "data": "ok"}
    assert health.is_well(health.examine())


def test_a_queue_without_a_supervisor_is_not_well_and_with_one_it_is(live_store: Store) -> None:
    queue.launch(live_store, TINY)
    assert words()["supervisor"] == "dead"
    assert not health.is_well(health.examine())
    with locks.holding(run_files.supervisor_lock(live_store)):
        assert words()["supervisor"] == "alive"
        assert health.is_well(health.examine())


@pytest.mark.sqlite
def test_a_store_that_is_gone_is_missed_and_not_made_again(live_store: Store) -> None:
    live_store.engine.dispose()
    os.unlink(live_store.place)
    assert (words()["store"], words()["supervisor"]) == ("missing", "unknown")
    assert not Path(live_store.place).exists()


def test_a_store_that_somebody_keeps_locked_is_not_well(live_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE_S", 0.1)
    with live_store.writing():
        assert words()["store"] == "locked"
    assert words()["store"] == "ok"


@pytest.mark.sqlite
def test_a_store_that_is_none_or_of_another_version_is_not_well(live_store: Store) -> None:
    live_store.engine.dispose()
    with closing(sqlite3.connect(live_store.place)) as other, other:
        other.execute("UPDATE alembic_version SET version_num = '0001'")
    assert words()["store"] == "mismatched"
    for ending in ("-wal", "-shm"):
        Path(live_store.place + ending).unlink(missing_ok=True)
    Path(live_store.place).write_bytes(b"no store" * 1000)
    assert words()["store"] == "damaged"


def test_a_database_server_that_is_away_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", f"postgresql://lookbook@127.0.0.1:{free_port()}/lookbook")
    settings.cache_clear()
    assert (words()["store"], words()["supervisor"]) == ("unreachable", "unknown")
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", "oracle://lookbook@127.0.0.1/lookbook")
    settings.cache_clear()
    assert words()["store"] == "unusable"


@pytest.mark.sqlite
@pytest.mark.usefixtures("live_store")
def test_a_disk_without_room_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_LEAST_FREE_MB", str(10**12))
    settings.cache_clear()
    assert (words()["artifacts"], words()["data"]) == ("low", "low")


def test_the_command_says_the_same_with_details_and_its_status(live_store: Store, capsys: Capture) -> None:
    status, out, _ = run(capsys, "health")
    assert status == 0
    assert live_store.place in out
    queue.launch(live_store, TINY)
    status, out, _ = run(capsys, "health", "--json")
    assert status == 1
    assert json.loads(out)["supervisor"]["word"] == "dead"
    assert "1 queued" in json.loads(out)["supervisor"]["detail"]


def test_no_supervisor_is_started_where_it_is_a_service_of_its_own(
    live_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKBOOK_SUPERVISOR_HERE", "no")
    settings.cache_clear()
    queue.launch(live_store, TINY)
    assert not ensure_supervisor(live_store)
    assert words()["supervisor"] == "dead"
