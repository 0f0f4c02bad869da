"""Studies of finished runs: asked for, followed and read. `core.answers.study` says what a study is.

Nothing of it is in the run store: the files beside the study say how it stands.
"""

from core.answers import study
from core.answers.study import Study, StudyError
from jobs.people import Role
from jobs.running.background import Task, TaskState
from jobs.store import run_files
from jobs.store.queries import NotPossible
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store
from jobs.team.permission import require

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
USUAL_IMAGES_PER_S = 2_000.0
REST_S = 90.0
"""What neighbours and map took on a core of a Xeon of 2.1 GHz; the features depend on the model."""


def study_state(store: Store, run_id: str) -> TaskState:
    """How it stands with the study of a run."""
    return _task(store, run_id).state


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
    require(store, Role.REVIEW)
    if run.status != RunStatus.FINISHED:
        raise NotPossible(f"Run {run.name} is {run.state}, so it has no model to map.", "Wait until it has finished.")
    return _task(store, run.id).request(store, run.id, is_done=lambda: _is_readable(store, run.id))


def expected_seconds(run: Run) -> float:
    """About how long the study of a run takes on one core that has nothing else to do."""
    speed = (run.prediction_images_per_s or USUAL_IMAGES_PER_S) / (run.threads or 1)
    learnt_from = run.data.training_images if run.data else 0
    return float(REST_S + (learnt_from + (run.test_count or 0)) / speed)


def _task(store: Store, run_id: str) -> Task:
    files = run_files.files_of(store, run_id)
    paths = (files.study, files.study_lock, files.study_log, files.study_failure)
    return Task("jobs.tasks.study_process", *paths, environment=ONE_THREAD, anywhere=True)


def _is_readable(store: Store, run_id: str) -> bool:
    try:
        get_study(store, run_id)
    except StudyError:
        return False
    return True
