"""Backups are consistent while runs write; restoring loses nothing and never works behind a run's back."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from jobs.copies.backup import backup
from jobs.copies.restore import restore
from jobs.people import operator
from jobs.running import queue
from jobs.running.background import ensure_supervisor, holder
from jobs.settings import ROOT, settings
from jobs.store import locks, run_files
from jobs.store.queries import list_runs
from jobs.store.schema import runs
from jobs.store.store import Store, open_store
from jobs.store.store_errors import StoreBusy, StoreError
from jobs.team.change_record import Action, list_changes
from tests import stores
from tests.jobs.configs import TINY
from tests.jobs.crowd import place_of
from tests.jobs.working import kill


def put_back(store: Store, copy: Path) -> Path | None:
    return restore(copy, place_of(store).url, store.artifacts)


def names(store: Store) -> list[str]:
    return sorted(run.name for run in list_runs(store))


def opened(kept: Path) -> Store:
    return open_store(f"sqlite:///{kept}", kept.parent)


def test_a_backup_made_while_somebody_writes_holds_a_moment_between_two_transactions(
    store: Store, tmp_path: Path
) -> None:
    for number in range(2):
        queue.launch(store, TINY, f"run {number}")
    enough = threading.Event()

    def write() -> None:
        count = 0
        while not enough.is_set():
            count += 1
            with store.writing() as connection:
                connection.execute(runs.update().values(work_s=count))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(10):
            assert backup(store, tmp_path / f"{number}.backup") > 0
    finally:
        enough.set()
        writer.join()
    seen = set()
    for number in range(10):
        stores.check_database(tmp_path / f"{number}.backup")
        with closing(sqlite3.connect(tmp_path / f"{number}.backup")) as connection:
            first, second = connection.execute("SELECT work_s FROM runs").fetchall()
        assert first == second
        seen.add(first)
    assert len(seen) > 1


def test_a_backup_never_overwrites_a_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        backup(store, tmp_path / "kept")
    assert (tmp_path / "kept").read_text() == "mine"


def test_a_backup_that_cannot_be_written_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="could not be written"):
        backup(store, tmp_path / "nowhere" / "file")
    assert not list(tmp_path.rglob("*.part"))


def test_a_restored_store_has_the_old_rows_and_the_one_that_was_there_is_kept(
    live_store: Store, tmp_path: Path
) -> None:
    queue.launch(live_store, TINY, "old")
    backup(live_store, tmp_path / "one.backup")
    queue.launch(live_store, TINY, "new")
    kept = put_back(live_store, tmp_path / "one.backup")
    assert kept is not None
    assert names(opened(kept)) == ["new", "old"]
    assert names(open_store(*place_of(live_store))) == ["old"]


def test_a_restored_store_has_the_record_of_the_backup_and_who_restored_it(live_store: Store, tmp_path: Path) -> None:
    queue.launch(live_store, TINY)
    backup(live_store, tmp_path / "evening.backup")
    queue.launch(live_store, TINY)
    put_back(live_store, tmp_path / "evening.backup")
    restored, launched = list_changes(live_store)
    assert (restored.action, restored.person, restored.subject) == (Action.RESTORED, operator().id, "evening.backup")
    assert launched.action == Action.LAUNCHED


def test_a_store_that_was_kept_can_be_restored_with_every_row(live_store: Store, tmp_path: Path) -> None:
    queue.launch(live_store, TINY, "old")
    backup(live_store, tmp_path / "one.backup")
    queue.launch(live_store, TINY, "new")
    kept = put_back(live_store, tmp_path / "one.backup")
    assert kept is not None
    put_back(live_store, kept)
    assert names(live_store) == ["new", "old"]


@pytest.mark.sqlite
def test_a_store_is_restored_with_what_is_in_the_log_beside_it(live_store: Store, tmp_path: Path) -> None:
    queue.launch(live_store, TINY, "old")
    backup(live_store, tmp_path / "one.backup")
    with closing(sqlite3.connect(tmp_path / "runs.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    queue.launch(live_store, TINY, "in the log")
    (tmp_path / "set-aside").mkdir()
    for ending in ("", "-wal"):
        shutil.copyfile(tmp_path / f"runs.db{ending}", tmp_path / "set-aside" / f"runs.db{ending}")
    put_back(live_store, tmp_path / "one.backup")
    assert names(live_store) == ["old"]
    put_back(live_store, tmp_path / "set-aside" / "runs.db")
    assert names(live_store) == ["in the log", "old"]


KILLED_MIDWAY = """
import os, signal, sys
from pathlib import Path
from jobs.copies import restore
real = restore.copy_file
def copy_and_die(source, target):
    real(source, target)
    os.kill(os.getpid(), signal.SIGKILL)
restore.copy_file = copy_and_die
restore.restore(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
"""


@pytest.mark.sqlite
def test_a_restore_that_is_killed_in_the_middle_leaves_the_store_as_it_was(live_store: Store, tmp_path: Path) -> None:
    queue.launch(live_store, TINY, "old")
    backup(live_store, tmp_path / "one.backup")
    queue.launch(live_store, TINY, "new")
    arguments = [str(tmp_path / "one.backup"), live_store.url, str(live_store.artifacts)]
    killed = subprocess.run([sys.executable, "-c", KILLED_MIDWAY, *arguments], cwd=ROOT, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert names(live_store) == ["new", "old"]
    stores.check_database(tmp_path / "runs.db")
    put_back(live_store, tmp_path / "one.backup")
    assert names(live_store) == ["old"]


@pytest.mark.sqlite
def test_a_store_that_nobody_can_open_is_replaced_and_kept_as_it_is(live_store: Store, tmp_path: Path) -> None:
    queue.launch(live_store, TINY, "old")
    backup(live_store, tmp_path / "one.backup")
    live_store.engine.dispose()
    (tmp_path / "runs.db").write_bytes(b"rubble" * 1000)
    (tmp_path / "runs.db-wal").write_bytes(b"log of rubble")
    kept = put_back(live_store, tmp_path / "one.backup")
    assert kept is not None
    assert kept.read_bytes() == b"rubble" * 1000
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == b"log of rubble"
    assert names(open_store(*place_of(live_store))) == ["old"]


@pytest.mark.sqlite
def test_a_restore_waits_for_a_writer_and_says_so_if_it_does_not_end(
    live_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(live_store, tmp_path / "one.backup")
    queue.launch(live_store, TINY, "new")
    monkeypatch.setattr("jobs.copies.restore.PATIENCE_S", 0.1)
    with closing(sqlite3.connect(live_store.place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="Another program has locked the run store"):
            put_back(live_store, tmp_path / "one.backup")
    assert names(live_store) == ["new"]
    assert not list(tmp_path.glob("runs-before-restore*"))


def test_a_page_that_was_open_goes_on_with_the_restored_store(live_store: Store, tmp_path: Path) -> None:
    queue.launch(live_store, TINY, "old")
    backup(live_store, tmp_path / "one.backup")
    queue.launch(live_store, TINY, "new")
    assert names(live_store) == ["new", "old"]
    kept = put_back(live_store, tmp_path / "one.backup")
    queue.launch(live_store, TINY, "launched from the open page")
    assert names(open_store(*place_of(live_store))) == ["launched from the open page", "old"]
    assert names(opened(kept)) == ["new", "old"]


@pytest.mark.sqlite
def test_a_backup_can_be_restored_where_there_is_no_store(live_store: Store, tmp_path: Path) -> None:
    queue.launch(live_store, TINY, "old")
    backup(live_store, tmp_path / "one.backup")
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    assert restore(tmp_path / "one.backup", url, tmp_path / "other-artifacts") is None
    assert names(open_store(url, tmp_path)) == ["old"]


def test_a_damaged_backup_is_refused_and_the_store_stays(live_store: Store, tmp_path: Path) -> None:
    stores.fill(live_store, 3)
    backup(live_store, tmp_path / "one.backup")
    content = bytearray((tmp_path / "one.backup").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 5000] = bytes(5000)
    (tmp_path / "one.backup").write_bytes(content)
    (tmp_path / "letter").write_text("no database")
    for wrong in ("one.backup", "letter", "nowhere"):
        with pytest.raises(StoreError):
            put_back(live_store, tmp_path / wrong)
    assert len(names(live_store)) == 3


def test_nothing_is_restored_while_a_run_is_running(live_store: Store, tmp_path: Path) -> None:
    run_id = queue.launch(live_store, TINY)
    backup(live_store, tmp_path / "one.backup")
    with stores.at_work(live_store, run_id), pytest.raises(StoreError, match=f"active.*{run_id}.*jobs stop"):
        put_back(live_store, tmp_path / "one.backup")
    assert not list(tmp_path.glob("runs-before-restore*"))


def test_nothing_is_restored_under_a_supervisor_that_does_not_go(
    live_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(live_store, tmp_path / "one.backup")
    held = locks.acquire(run_files.supervisor_lock(live_store))
    monkeypatch.setattr("jobs.copies.restore.LEAVING_S", 0.1)
    with pytest.raises(StoreError, match="A supervisor is active"):
        put_back(live_store, tmp_path / "one.backup")
    os.close(held)


def test_a_supervisor_without_work_is_ended_by_a_restore(live_store: Store, tmp_path: Path) -> None:
    backup(live_store, tmp_path / "one.backup")
    assert ensure_supervisor(live_store)
    assert not ensure_supervisor(live_store)
    pid = holder(run_files.supervisor_lock(live_store))
    put_back(live_store, tmp_path / "one.backup")
    assert pid is not None
    assert not locks.is_held(run_files.supervisor_lock(live_store))
    assert names(open_store(settings().database_url, live_store.artifacts)) == []


@pytest.mark.slow
@pytest.mark.chaos
def test_a_supervisor_that_a_refused_restore_sent_away_is_started_again(live_store: Store, tmp_path: Path) -> None:
    run_id = queue.launch(live_store, TINY)
    backup(live_store, tmp_path / "one.backup")
    with stores.at_work(live_store, run_id):
        assert ensure_supervisor(live_store)
        first = holder(run_files.supervisor_lock(live_store))
        with pytest.raises(StoreError, match="Runs are active"):
            put_back(live_store, tmp_path / "one.backup")
        second = holder(run_files.supervisor_lock(live_store))
        assert second not in (None, first)
        kill(second)
