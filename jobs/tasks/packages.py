"""A finished run's model to go, made by a process of its own, so that no page has to import torch or to wait.

It is being made while that process holds its lock, which the operating system frees when the process is gone.
"""

import io
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from jobs.settings import ROOT, child_environment
from jobs.store import locks, run_files
from jobs.store.queries import NotPossible
from jobs.store.records import FINISHED, Run
from jobs.store.store import Store

WITHOUT_ONNX = "--without-onnx"
NOT_MADE, BEING_MADE, READY, FAILED = "not made", "being made", "ready", "failed"


@dataclass(frozen=True)
class Package:
    """What there is of a run's model to go: its files once it is ready, what went wrong if it failed."""

    state: str
    files: tuple[Path, ...] = ()
    problem: str = ""


def package_of(store: Store, run_id: str) -> Package:
    """The state of a run's model to go."""
    files = run_files.files_of(store, run_id)
    if locks.is_held(files.package_lock):
        return Package(BEING_MADE)
    if files.package.is_dir():
        return Package(READY, tuple(sorted(path for path in files.package.iterdir() if path.is_file())))
    said = files.package_log.read_text(encoding="utf-8", errors="replace") if files.package_log.exists() else ""
    if not said:
        return Package(NOT_MADE)
    return Package(FAILED, problem=said.strip().splitlines()[-1])


def start_packing(store: Store, run: Run, *, onnx: bool = True) -> bool:
    """Start to make a run's model to go, with or without ONNX; return whether it was neither made nor there already.

    Raise NotPossible for a run that has not finished, and OSError where no process can be started.
    """
    if run.status != FINISHED:
        raise NotPossible(f"Run {run.name} is {run.state}, so it has no model to take along.", "Let it finish first.")
    files = run_files.files_of(store, run.id)
    try:
        lock = locks.acquire(files.package_lock, patience_s=0.2)
    except locks.Held:
        return False
    try:
        if files.package.is_dir():
            return False
        with files.package_log.open("wb") as log:
            # What is left here if the process is killed.
            log.write(b"It was interrupted. Try again.\n")
            log.flush()
            subprocess.Popen(
                [sys.executable, "-m", "jobs.tasks.package_process", run.id, *([] if onnx else [WITHOUT_ONNX])],
                cwd=ROOT,
                env=child_environment(store.engine.url.render_as_string(hide_password=False), store.artifacts),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(lock,),
            )
    finally:
        os.close(lock)
    return True


def zipped(paths: tuple[Path, ...], folder: str) -> bytes:
    """The files as one ZIP archive, in a folder of that name; weights do not shrink, so nothing is compressed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            archive.write(path, f"{folder}/{path.name}")
    return content.getvalue()
