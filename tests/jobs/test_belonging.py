"""A store and its artifacts folder stay together, wherever they go together, and no two stores share a run's files."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.running import queue
from jobs.settings import settings
from jobs.store.ownership import StoreMisplaced, tie
from jobs.store.queries import list_runs
from jobs.store.store import Store, open_store
from tests.jobs.configs import TINY
from tests.jobs.test_cli import Capture, refused
from tests.rights import rights_of_files_hold

Opening = Callable[[Path, Path], Store]


@pytest.fixture
def open_tied(new_store_file: Path) -> Opening:
    """Open a store as this installation does; it is made, empty, if there is none."""

    def opened(database: Path, artifacts: Path) -> Store:
        if not database.exists():
            database.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(new_store_file, database)
        store = open_store(f"sqlite:///{database}", artifacts)
        tie(store)
        return store

    return opened


@pytest.fixture
def project(open_tied: Opening, tmp_path: Path) -> Path:
    """A folder with a store of one run and its artifacts."""
    store = open_tied(tmp_path / "project" / "runs.db", tmp_path / "project" / "artifacts")
    queue.launch(store, TINY, "the run")
    store.engine.dispose()
    return tmp_path / "project"


def test_a_store_is_not_opened_with_another_artifacts_folder(open_tied: Opening, project: Path, tmp_path: Path) -> None:
    artifacts, other = project / "artifacts", tmp_path / "other"
    with pytest.raises(StoreMisplaced) as raised:
        open_tied(project / "runs.db", other)
    assert raised.value.message == f"The files of the runs in {project / 'runs.db'} are in {artifacts}, not in {other}."
    assert raised.value.advice == f"Set LOOKBOOK_ARTIFACTS={artifacts}, or move that folder to {other}."
    assert not other.exists()
    open_tied(project / "runs.db", artifacts)
    artifacts.rename(other)
    open_tied(project / "runs.db", other)
    open_tied(project / "runs.db", other)


def test_a_copy_of_a_store_is_not_opened_beside_its_original_with_the_same_artifacts(
    open_tied: Opening, project: Path, tmp_path: Path
) -> None:
    copy = project / "copy.db"
    shutil.copyfile(project / "runs.db", copy)
    with pytest.raises(StoreMisplaced, match=rf"{copy} is a copy of the run store {project / 'runs.db'}") as raised:
        open_tied(copy, project / "artifacts")
    assert f"LOOKBOOK_DATABASE_URL=sqlite:///{project / 'runs.db'}" in raised.value.advice
    assert "LOOKBOOK_ARTIFACTS=FOLDER" in raised.value.advice
    assert [run.name for run in list_runs(open_tied(copy, tmp_path / "own"))] == ["the run"]
    open_tied(project / "runs.db", project / "artifacts")
    open_tied(copy, tmp_path / "own")


def test_a_copy_takes_the_place_of_an_original_that_is_gone(open_tied: Opening, project: Path) -> None:
    (project / "runs.db").rename(project / "renamed.db")
    assert [run.name for run in list_runs(open_tied(project / "renamed.db", project / "artifacts"))] == ["the run"]
    open_tied(project / "runs.db", project / "artifacts")
    open_tied(project / "renamed.db", project / "artifacts")


def test_a_project_that_was_renamed_or_copied_whole_opens(open_tied: Opening, project: Path, tmp_path: Path) -> None:
    shutil.copytree(project, tmp_path / "copied")
    project.rename(tmp_path / "renamed")
    for folder in (tmp_path / "copied", tmp_path / "renamed", tmp_path / "copied"):
        assert len(list_runs(open_tied(folder / "runs.db", folder / "artifacts"))) == 1


def test_two_stores_may_share_an_artifacts_folder(open_tied: Opening, project: Path) -> None:
    for _ in range(2):
        for name in ("runs.db", "other.db"):
            open_tied(project / name, project / "artifacts")


def test_a_store_that_cannot_be_written_opens_and_is_still_told_from_a_copy(open_tied: Opening, project: Path) -> None:
    shutil.copyfile(project / "runs.db", project / "copy.db")
    for path in (project / "runs.db", project / "copy.db", project):
        path.chmod(0o555)
    with rights_of_files_hold():
        assert len(list_runs(open_tied(project / "runs.db", project / "artifacts"))) == 1
        with pytest.raises(StoreMisplaced):
            open_tied(project / "copy.db", project / "artifacts")
    project.chmod(0o755)


def test_the_command_line_says_in_one_line_that_store_and_folder_do_not_belong_together(
    live_store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    tie(live_store)
    monkeypatch.setenv("LOOKBOOK_ARTIFACTS", str(tmp_path / "other"))
    settings.cache_clear()
    assert str(tmp_path / "artifacts") in refused(capsys, "list")
