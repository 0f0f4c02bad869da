"""Studies of finished runs: asked for, followed, read and ended. `core.answers.study` says what a study is.

Nothing of it is in the run store: the file is there, or somebody holds its lock, or neither.
"""

import os
import subprocess
import sys
from dataclasses import dataclass

from core.answers import study
from core.answers.study import Study, StudyError
from jobs.running import processes
from jobs.settings import ROOT, child_environment
from jobs.store import locks, run_files
from jobs.store.queries import NotPossible
from jobs.store.records import FINISHED, Run
from jobs.store.run_files import RunFiles
from jobs.store.store import Store

NOT_MADE, AT_WORK, FAILED, MADE = "not made", "at work", "failed", "made"

STEP = "step "
"""What a line of the log that names a step has after its time."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
USUAL_IMAGES_PER_S = 2_000.0
REST_S = 90.0
"""What neighbours and map took on a core of a Xeon of 2.1 GHz; the features depend on the model."""


@dataclass(frozen=True)
class StudyState:
    """One of NOT_MADE, AT_WORK, FAILED, MADE, and the step it is at or the reason why it failed."""

    state: str
    words: str = ""


def study_state(store: Store, run_id: str) -> StudyState:
    """How it stands with the study of a run."""
    files = run_files.files_of(store, run_id)
    if locks.is_held(files.study_lock):
        return StudyState(AT_WORK, _last_step(files))
    if files.study.exists():
        return StudyState(MADE)
    if files.study_failure.exists():
        return StudyState(FAILED, files.study_failure.read_text(encoding="utf-8"))
    return StudyState(NOT_MADE)


def get_study(store: Store, run_id: str) -> Study:
    """The study of a run; raise StudyError if it is not made, damaged or of another version."""
    return study.read(run_files.files_of(store, run_id).study)


def study_stamp(store: Store, run_id: str) -> int:
    """A number that changes when the study of a run is made anew; 0 without a study."""
    try:
        return run_files.files_of(store, run_id).study.stat().st_mtime_ns
    except OSError:
        return 0


def request_study(store: Store, run: Run) -> bool:
    """Start a process that makes the study of a finished run; return whether it was started.

    It is not if the study is made and can be read, or is being made. Raise NotPossible for a run that has not finished,
    OSError where no process can be started or the artifacts folder cannot be written.
    """
    if run.status != FINISHED:
        raise NotPossible(f"Run {run.name} is {run.state}, so it has no model to study.", "Let it finish first.")
    files = run_files.files_of(store, run.id)
    if locks.is_held(files.study_lock):
        return False
    try:
        lock = locks.acquire(files.study_lock, patience_s=0.2)
    except locks.Held:
        return False
    try:
        if _is_readable(files):
            return False
        files.study_failure.unlink(missing_ok=True)
        _start(store, run.id, files, lock)
    finally:
        os.close(lock)
    return True


def expected_seconds(run: Run) -> float:
    """About how long the study of a run takes on one core that has nothing else to do."""
    speed = (run.prediction_images_per_s or USUAL_IMAGES_PER_S) / (run.threads or 1)
    return float(REST_S + (run.config.training_images + (run.test_count or 0)) / speed)


def _is_readable(files: RunFiles) -> bool:
    try:
        study.read(files.study)
    except StudyError:
        return False
    return True


def _start(store: Store, run_id: str, files: RunFiles, lock: int) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    with files.study_log.open("wb") as log:
        subprocess.Popen(
            [sys.executable, "-m", processes.STUDENT, run_id],
            cwd=ROOT,
            env={**child_environment(url, store.artifacts), **ONE_THREAD},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(lock,),
        )


def _last_step(files: RunFiles) -> str:
    try:
        lines = files.study_log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    steps = [line.partition(STEP)[2] for line in lines if STEP in line]
    return steps[-1] if steps else ""
