"""What goes wrong in a trainer is recorded with the run: what kind of trouble it is, what is wrong, and what to do."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import text

from core.config import RunConfig
from core.data.data_set import DataSet
from core.learning import checkpoints
from jobs.running import queue
from jobs.running.background import TRAINER
from jobs.running.claims import claim
from jobs.running.environment import host
from jobs.settings import ROOT
from jobs.store import run_files
from jobs.store.queries import find_run
from jobs.store.records import RunStatus
from jobs.store.store import Store
from tests.jobs.configs import BRIEF

pytestmark = [pytest.mark.slow, pytest.mark.chaos]

NO_SUCH_DEVICE = BRIEF.model_copy(update={"device": "mps"})


def leave_as_it_is(_store: Store, _run_id: str) -> None:
    pass


def put_a_file_in_the_place_of_the_checkpoints(store: Store, run_id: str) -> None:
    folder = run_files.files_of(store, run_id).checkpoints
    folder.parent.mkdir(parents=True)
    folder.write_text("no folder")


def put_a_checkpoint_that_lacks_everything(store: Store, run_id: str) -> None:
    folder = run_files.files_of(store, run_id).checkpoints
    folder.mkdir(parents=True)
    checkpoints.write(folder / "checkpoint-0001-000004.pt", {"nothing": 0})


def damage_the_config(store: Store, run_id: str) -> None:
    with store.writing() as connection:
        connection.execute(text("UPDATE runs SET config = substr(config, 2) WHERE id = :id"), {"id": run_id})


@pytest.mark.parametrize(
    ("config", "spoil", "kind", "message", "advised"),
    [
        (NO_SUCH_DEVICE, leave_as_it_is, "configuration", "PyTorch finds no device mps", "Choose auto or one of"),
        (BRIEF, put_a_file_in_the_place_of_the_checkpoints, "disk", "checkpoints", "then resume the run"),
        (BRIEF, put_a_checkpoint_that_lacks_everything, "code", "KeyError", "The log has the traceback"),
        (BRIEF, damage_the_config, "store", "config of this run is damaged", "jobs restore FILE"),
    ],
    ids=["configuration", "disk", "code", "store"],
)
def test_a_trainer_records_why_it_failed(
    store: Store,
    real_data: DataSet,
    config: RunConfig,
    spoil: Callable[[Store, str], None],
    kind: str,
    message: str,
    advised: str,
) -> None:
    assert len(real_data.train_labels) == 60_000
    run_id = queue.launch(store, config, "spoilt")
    assert claim(store, run_id, host())
    spoil(store, run_id)
    ended = subprocess.run(
        [sys.executable, "-m", TRAINER, run_id, "1"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    run = find_run(store, "spoilt")
    assert (ended.returncode, run.status, run.error_kind) == (1, RunStatus.FAILED, kind), ended.stdout
    assert message in str(run.error_message)
    assert advised in f"{run.error_message} {run.error_advice}"
    assert f"failed ({kind})" in ended.stdout
