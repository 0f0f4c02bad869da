"""A server moves to another machine by the very lines of docs/team-server.md: every run, file and data set is there."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.data.data_set import DataSet
from jobs.people import Role
from jobs.settings import ROOT, sqlite_url
from jobs.store import run_files
from jobs.store.queries import get_predictions, list_runs
from jobs.store.store import Store, open_store
from jobs.team import members
from jobs.team.change_record import Action, list_changes
from tests import postgres, stores
from tests.stores import Sample
from tests.untrained import add_run_with_model

GUIDE = (ROOT / "docs" / "team-server.md").read_text(encoding="utf-8")
IN_CONTAINER = re.compile(r"docker compose (?:exec|run --rm)(?: --workdir \S+| --no-TTY)* dashboard (.+)")


def lines_of(chapter: str) -> list[str]:
    """What a chapter runs in the container of the dashboard."""
    text = GUIDE.partition(f"## {chapter}")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.+?)```", text, re.DOTALL)
    return IN_CONTAINER.findall(block)


@dataclass(frozen=True)
class Machine:
    """Where a server is: the folder that is its volume, and its database."""

    volume: Path
    database_url: str

    def store(self) -> Store:
        return open_store(self.database_url, self.volume / "artifacts")

    def carry_out(self, line: str) -> None:
        """Run a line as the container would, with the archive in the folder above both machines."""
        words = line.replace("/srv/lookbook", str(self.volume)).replace(" lookbook.tar.gz", " ../../lookbook.tar.gz")
        command = re.sub(r"^python ", f"{sys.executable} ", words)
        places = {
            "LOOKBOOK_DATABASE_URL": self.database_url,
            "LOOKBOOK_ARTIFACTS": str(self.volume / "artifacts"),
            "LOOKBOOK_DATA": str(self.volume / "data"),
            "PYTHONPATH": str(ROOT),
        }
        subprocess.run(command, shell=True, cwd=self.volume, env=os.environ | places, check=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Machine]:
    """Make a machine that has nothing yet, with a database of its own."""

    def made(name: str) -> Machine:
        volume, database = tmp_path / name / "volume", tmp_path / name / "database"
        volume.mkdir(parents=True)
        database.mkdir()
        if request.param == "sqlite":
            return Machine(volume, sqlite_url(database / "runs.db"))
        server: postgres.Server = request.getfixturevalue("postgres_server")
        return Machine(volume, server.url(server.new_database()))

    return made


@pytest.mark.slow
def test_everything_is_there_on_the_new_machine(machine: Callable[[str], Machine], real_data: DataSet) -> None:
    old, new = machine("old"), machine("new")
    store = old.store()
    with_model = add_run_with_model(store, "shoes", truth=real_data.test_labels)
    stores.add(store, Sample(name="plain", seed=7))
    members.give_role(store, "ada@example.org", Role.ADMIN)
    (old.volume / "data").mkdir()
    (old.volume / "data" / "pictures.bin").write_bytes(b"pictures")
    backing_up, moving = lines_of("Back up"), lines_of("Move to another machine, or get everything back")
    assert (len(backing_up), len(moving)) == (2, 2)
    for line in backing_up:
        old.carry_out(line)
    for line in moving:
        new.carry_out(line)
    moved = new.store()
    assert list_runs(moved) == list_runs(store)
    assert run_files.listing(moved, with_model) == run_files.listing(store, with_model)
    assert run_files.listing(moved, with_model)
    before, after = (get_predictions(each, with_model) for each in (store, moved))
    assert np.array_equal(before.log_probabilities, after.log_probabilities)
    assert members.list_grants(moved) == members.list_grants(store)
    restored, *earlier = list_changes(moved)
    assert (restored.action, earlier) == (Action.RESTORED, list_changes(store))
    assert (new.volume / "data" / "pictures.bin").read_bytes() == b"pictures"
