"""A newer version is installed and started on the store of the version before: it is brought up to date, and kept."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.settings import ROOT, child_environment, sqlite_url
from jobs.store import locks, run_files, schema
from jobs.store.store import Store, connect, revision
from tests import postgres
from tests.jobs import old_stores
from tests.jobs.test_postgres import make_old

OLD = f"{int(schema.REVISION) - 1:04}"
NOT_ARCHIVED = {run["id"] for run in old_stores.rows()["runs"] if run["archived_at"] is None}


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A store file of the revision before."""
    path = tmp_path / "runs.db"
    shutil.copyfile(old_stores.FOLDER / f"{OLD}.db", path)
    return path


@contextmanager
def nobody_supervises(url: str, artifacts: Path) -> Iterator[None]:
    """The supervisor's lock is held, so that no command starts one."""
    engine = connect(url)
    lock = locks.acquire(run_files.supervisor_lock(Store(engine, artifacts)))
    yield
    os.close(lock)
    engine.dispose()


def revision_of(url: str) -> str | None:
    engine = connect(url)
    stored = revision(engine)
    engine.dispose()
    return stored


def command(url: str, artifacts: Path, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of this version on a store, as somebody does who has just installed it."""
    environment, whole = child_environment(url, artifacts), [sys.executable, "-m", "jobs", *words]
    return subprocess.run(whole, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def listed(url: str, artifacts: Path) -> set[str]:
    answer = command(url, artifacts, ["list", "--json"])
    assert answer.returncode == 0, answer.stderr
    return {run["id"] for run in json.loads(answer.stdout)}


@pytest.mark.slow
def test_the_first_command_brings_a_store_up_to_date_and_keeps_a_copy_beside_it(old_file: Path, tmp_path: Path) -> None:
    url, artifacts = sqlite_url(old_file), tmp_path / "artifacts"
    with nobody_supervises(url, artifacts):
        assert listed(url, artifacts) == NOT_ARCHIVED
        (copy,) = tmp_path.glob("runs-before-*")
        assert copy.name.startswith(f"runs-before-{schema.REVISION}-from-{OLD}-")
        assert (revision_of(url), revision_of(sqlite_url(copy))) == (schema.REVISION, OLD)
        assert listed(url, artifacts) == NOT_ARCHIVED
    assert list(tmp_path.glob("runs-before-*.db")) == [copy]


@pytest.mark.slow
def test_the_copy_beside_a_store_is_a_backup_that_can_be_restored(old_file: Path, tmp_path: Path) -> None:
    url, artifacts = sqlite_url(old_file), tmp_path / "artifacts"
    first = old_stores.rows()["runs"][0]
    assert command(url, artifacts, ["note", first["id"], "written after the upgrade"]).returncode == 0
    (copy,) = tmp_path.glob("runs-before-*")
    assert command(url, artifacts, ["restore", str(copy)]).returncode == 0
    shown = json.loads(command(url, artifacts, ["show", first["id"], "--json"]).stdout)
    assert shown["note"] == first["note"] == "kept since the beginning"


@pytest.mark.slow
@pytest.mark.postgres
def test_on_postgres_the_first_command_brings_the_store_up_to_date_and_makes_no_copy(
    postgres_server: postgres.Server, tmp_path: Path
) -> None:
    name = postgres_server.new_database()
    url, artifacts = postgres_server.url(name), tmp_path / "artifacts"
    make_old(OLD, url, artifacts)
    with nobody_supervises(url, artifacts):
        assert listed(url, artifacts) == NOT_ARCHIVED
    assert revision_of(url) == schema.REVISION
    assert list(tmp_path.rglob("*before*")) == []
    postgres_server.drop(name)
