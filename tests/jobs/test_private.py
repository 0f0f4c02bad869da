"""A run store and what belongs to it is for the user who made it, unless its owner opens it to others."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.copies.restore import restore
from jobs.settings import ROOT, child_environment, sqlite_url
from jobs.store import locks
from jobs.store.copying import copy_database
from jobs.store.ownership import tie
from jobs.store.run_files import files_of, supervisor_lock
from jobs.store.store import Store, open_store
from tests.stores import Sample, add

OTHERS = stat.S_IRWXG | stat.S_IRWXO


@pytest.fixture(autouse=True)
def _generous_umask() -> Iterator[None]:
    """Whatever is not closed on purpose is open to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def within_reach_of_others(folder: Path) -> list[Path]:
    """What other users of this machine may read, or write, in a folder that they may enter."""
    reachable = []
    for path in folder.iterdir():
        if mode(path) & OTHERS:
            reachable += within_reach_of_others(path) if path.is_dir() else [path]
            reachable += [path] if path.is_dir() else []
    return reachable


def opened(folder: Path) -> Store:
    store = open_store(sqlite_url(folder / "runs.db"), folder / "artifacts")
    tie(store)
    return store


def test_a_new_store_and_the_files_that_sqlite_puts_beside_it_are_its_makers_alone(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.writing():
        assert {path.name for path in tmp_path.iterdir()} == {"runs.db", "runs.db-wal", "runs.db-shm", "artifacts"}
        assert within_reach_of_others(tmp_path) == []
    os.close(locks.acquire(files_of(store, add(store, Sample())).lock))
    copy_database(store, tmp_path / "copy.backup")
    assert within_reach_of_others(tmp_path) == []


@pytest.mark.slow
def test_a_worker_that_is_the_first_to_open_an_installation_leaves_nothing_for_others(tmp_path: Path) -> None:
    environment = child_environment(sqlite_url(tmp_path / "runs.db"), tmp_path / "artifacts")
    worker = subprocess.Popen([sys.executable, "-m", "jobs", "worker"], cwd=ROOT, env=environment)
    try:
        while not list(tmp_path.glob("artifacts/store-*")):
            assert worker.poll() is None
            time.sleep(0.05)
        assert within_reach_of_others(tmp_path) == []
    finally:
        worker.terminate()
        worker.wait()


def test_a_restored_store_is_its_makers_alone_however_open_the_backup_is(tmp_path: Path) -> None:
    store = opened(tmp_path)
    copy_database(store, tmp_path / "copy.backup")
    (tmp_path / "copy.backup").chmod(0o644)
    (tmp_path / "new").mkdir(mode=0o755)
    restore(tmp_path / "copy.backup", sqlite_url(tmp_path / "new" / "runs.db"), tmp_path / "new" / "artifacts")
    assert within_reach_of_others(tmp_path / "new") == []


def test_a_store_that_a_team_shares_stays_open_to_it(tmp_path: Path) -> None:
    store = opened(tmp_path)
    (tmp_path / "runs.db").chmod(0o660)
    store.artifacts.chmod(0o2770)
    again = opened(tmp_path)
    os.close(locks.acquire(files_of(again, add(again, Sample())).lock))
    os.close(locks.acquire(supervisor_lock(again)))
    copy_database(again, tmp_path / "copy.backup")
    kept = restore(tmp_path / "copy.backup", sqlite_url(tmp_path / "runs.db"), again.artifacts)
    assert kept is not None
    assert mode(tmp_path / "runs.db") == 0o660
    assert mode(again.artifacts) == 0o2770
    for folder in again.artifacts.iterdir():
        assert mode(folder) & stat.S_IRGRP


def test_rubble_that_is_replaced_gives_its_mode_to_the_store(tmp_path: Path) -> None:
    copy_database(opened(tmp_path), tmp_path / "copy.backup")
    (tmp_path / "team").mkdir()
    rubble = tmp_path / "team" / "runs.db"
    rubble.write_bytes(b"no database")
    rubble.chmod(0o660)
    kept = restore(tmp_path / "copy.backup", sqlite_url(rubble), tmp_path / "team" / "artifacts")
    assert kept is not None
    assert (mode(rubble), mode(kept)) == (0o660, 0o660)
