"""A run store of its own for each test, that the command line opens too, and the real data set where it is needed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data import fashion_mnist
from core.data.data_set import DataSet
from jobs.running import queue
from jobs.settings import settings, sqlite_url
from jobs.store import locks, run_files
from jobs.store.store import Store, open_store
from tests import postgres
from tests.jobs import working
from tests.jobs.configs import STEADY
from tests.own_data import data_folder

ON_BOTH = {
    *("test_attempts", "test_backup", "test_benchmarks", "test_cli", "test_cloning", "test_comparing"),
    *("test_deliveries", "test_health", "test_label_marks", "test_leaders", "test_names", "test_permission"),
    *("test_photo_sets", "test_queue", "test_records", "test_set_changes", "test_sign_ins", "test_starting_points"),
    *("test_store", "test_supervisor", "test_waiting"),
    *("test_comments", "test_inbox", "test_reviews", "test_team_commands"),
    *("test_leases", "test_nodes"),
}
"""The modules whose tests say what holds of any store: each runs on SQLite and on Postgres."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what says what holds of any store on both databases; what is marked `sqlite` is of files alone."""
    on_both = metafunc.module.__name__.rpartition(".")[2] in ON_BOTH
    if "database" in metafunc.fixturenames and on_both and not metafunc.definition.get_closest_marker("sqlite"):
        kinds = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
        metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A Postgres server for all tests of this process."""
    with postgres.server() as server:
        yield server


@pytest.fixture(scope="session")
def new_postgres_store(postgres_server: postgres.Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with a store in it as it is when it was just made; nobody uses it."""
    name = postgres_server.new_database()
    open_store(postgres_server.url(name), tmp_path_factory.mktemp("new-store")).engine.dispose()
    return name


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty store for this test alone."""
    if getattr(request, "param", "sqlite") == "sqlite":
        shutil.copyfile(request.getfixturevalue("new_store_file"), tmp_path / "runs.db")
        yield sqlite_url(tmp_path / "runs.db")
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = server.new_database(request.getfixturevalue("new_postgres_store"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture(scope="session")
def new_store_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as it is when it was just made, closed."""
    folder = tmp_path_factory.mktemp("new-store")
    open_store(f"sqlite:///{folder / 'runs.db'}", folder).engine.dispose()
    return folder / "runs.db"


@pytest.fixture
def live_store(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store that the settings name, so that commands open it and supervisors work for it."""
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", database)
    monkeypatch.setenv("LOOKBOOK_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("LOOKBOOK_SLOTS", "1")
    settings.cache_clear()
    opened = open_store(settings().database_url, settings().artifacts)
    yield opened
    opened.engine.dispose()
    settings.cache_clear()


@pytest.fixture
def store(live_store: Store) -> Iterator[Store]:
    """The same with the supervisor's lock held, so that no command starts one."""
    lock = locks.acquire(run_files.supervisor_lock(live_store))
    yield live_store
    os.close(lock)


@pytest.fixture(scope="session")
def real_data() -> DataSet:
    if not fashion_mnist.is_present(settings().data):
        pytest.fail(f"Fashion-MNIST is not in {settings().data}: run `python -m jobs data` first.")
    return fashion_mnist.load(settings().data)


@pytest.fixture
def training_store(live_store: Store, real_data: DataSet) -> Iterator[Store]:
    """A store whose runs are really trained; what still works at the end is killed."""
    assert len(real_data.train_labels) == 60_000
    yield live_store
    working.clear_away(live_store)


@pytest.fixture(scope="session")
def peaceful(tmp_path_factory: pytest.TempPathFactory, real_data: DataSet) -> Iterator[working.Outcome]:
    """What the run STEADY comes to when nobody disturbs it."""
    assert len(real_data.train_labels) == 60_000
    folder = tmp_path_factory.mktemp("peace")
    store = open_store(f"sqlite:///{folder / 'runs.db'}", folder / "artifacts")
    run_id = queue.launch(store, STEADY)
    working.wait_until_finished(store, run_id)
    yield working.outcome(store, run_id)
    working.clear_away(store)


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder for this test alone, which the settings name; it has Fashion-MNIST too."""
    yield data_folder(tmp_path / "data", monkeypatch)
    settings.cache_clear()
