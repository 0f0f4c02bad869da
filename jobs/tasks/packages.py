"""The export of a finished run, made by a process of its own, so that no page has to import torch or to wait."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from core.config import MOST_COMPANIONS
from core.statistics.wording import listed
from jobs.people import Role
from jobs.running.background import Task, TaskState
from jobs.store import run_files
from jobs.store.queries import NotPossible
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.permission import changing, require

WITHOUT_ONNX = "--without-onnx"


def package_state(store: Store, run_id: str) -> TaskState:
    """How it stands with the export of a run."""
    return _task(store, run_id).state


def package_files(store: Store, run_id: str) -> list[Path]:
    """The files of a run's export, once it is made."""
    return sorted(path for path in run_files.files_of(store, run_id).package.iterdir() if path.is_file())


def start_packing(store: Store, run: Run, *, onnx: bool = True) -> bool:
    """Start to export a run, with or without ONNX; return whether it was neither being exported nor exported already.

    Raise NotPossible as refuse_unexportable, and OSError where no process can be started.
    """
    require(store, Role.REVIEW)
    refuse_unexportable(run)
    task = _task(store, run.id)
    return task.request(store, run.id, *([] if onnx else [WITHOUT_ONNX]), is_done=task.result.is_dir)


def refuse_unexportable(run: Run) -> None:
    """Raise NotPossible for a run that has not finished, or that does not predict by one model alone."""
    if run.status != RunStatus.FINISHED:
        raise NotPossible(
            f"Run {run.name} is {run.state}, so it has no model to export.", "Wait until it has finished."
        )
    if run.config.companions:
        raise NotPossible(
            f"Run {run.name} predicts together with {listed(run.config.companions, MOST_COMPANIONS)}, and an export "
            "holds one model.",
            "Export each of these runs; clone this one with companions=[] for its own model.",
        )


def record_download(store: Store, run_id: str, name: str) -> None:
    """Keep who downloads a file of a run's export, or all of it, under this name; raise NotAllowed."""
    with changing(store, Role.LOOK) as connection:
        change_record.append(connection, store.by, Action.DOWNLOADED, run_id=run_id, subject=name)


def _task(store: Store, run_id: str) -> Task:
    files = run_files.files_of(store, run_id)
    paths = (files.package, files.package_lock, files.package_log, files.package_failure)
    return Task("jobs.tasks.package_process", *paths, anywhere=True)


def zipped(paths: Sequence[Path], folder: str) -> bytes:
    """The files as one ZIP archive, in a folder of that name; weights do not shrink, so nothing is compressed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            archive.write(path, f"{folder}/{path.name}")
    return content.getvalue()
