"""The trainer: a process of its own that does one attempt at one run, `python -m jobs.running.trainer RUN ATTEMPT`."""

import errno
import os
import sys
import time
from pathlib import Path

import numpy as np

from core.answers.answering import Answering
from core.answers.run_end import end_of
from core.config import RunConfig, validated
from core.data.data_set import DataSet
from core.errors import CheckpointError, LookbookError
from core.files import UNFINISHED, put_in_place
from core.learning import checkpoints
from core.learning.events import CheckpointFailed, CheckpointSaved, EpochEnded, EpochFigures, Progress
from core.learning.resumption import START_OVER
from core.learning.training import CHECKPOINT_SECONDS, NO_ROOM, Training
from core.machine.clock import Clock
from core.statistics.wording import counted
from jobs.running.attempts import Answers, AttemptHandle, Replaced
from jobs.running.background import open_here
from jobs.running.leases import NO_LEASE, Lease
from jobs.running.node_cache import with_weights_here
from jobs.running.process_log import log_to_output, logger
from jobs.running.run_data import open_data
from jobs.running.trainer_reports import ROOM_ADVICE, Reporter, StopRequest, leave_out_pauses, persist
from jobs.store import run_files
from jobs.store.queries import get_run, list_epochs
from jobs.store.records import Run
from jobs.store.store import Store
from jobs.store.store_errors import StoreDamaged, StoreError

REPORT_EVERY_S = 1.0
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
MEMORY_ADVICE = "Choose a smaller batch or input size, or close other programs, then clone or resume the run."


def main(run_id: str, number: int, lease: Lease = NO_LEASE, opened: Store | None = None) -> int:
    """Do one attempt at a run; return 0 if it ended as it should, 1 if the run failed.

    Where it works on a machine of a cluster it has a `lease`, and a store that was `opened` for that.
    """
    stop, clock = StopRequest(), Clock()
    stop.listen()
    leave_out_pauses(clock)
    try:
        return _try(Reporter(AttemptHandle(opened or persist(open_here), run_id, number), stop, clock, lease))
    except Replaced as reason:
        logger.info(f"leaving: {reason}")
        return 0
    except LookbookError as error:
        # The store itself cannot be used, so that nothing can be recorded there.
        logger.error(str(error))
        return 1


def _try(reporter: Reporter) -> int:
    try:
        _work(reporter)
    except StoreDamaged as error:
        # Perhaps only the row of this run; if it is the whole store, that cannot be recorded either.
        reporter.fail(error.kind, error.message, error.advice)
    except (Replaced, StoreError):
        raise
    except LookbookError as error:
        reporter.fail(error.kind, error.message, error.advice)
    except MemoryError:
        reporter.fail("memory", "The machine ran out of memory.", MEMORY_ADVICE)
    except OSError as error:
        logger.exception("the attempt failed")
        if error.errno == errno.ENOMEM:
            reporter.fail("memory", f"The machine ran out of memory: {error}.", MEMORY_ADVICE)
        else:
            reporter.fail("disk", f"A file could not be read or written: {error}.", "Fix that, then resume the run.")
    except Exception as error:
        # The last stop of the process: recorded with the run, its traceback kept in the log.
        logger.exception("the attempt failed")
        if any(words in str(error).lower() for words in OUT_OF_MEMORY):
            reporter.fail("memory", f"Memory ran out: {str(error).splitlines()[0]}", MEMORY_ADVICE)
        else:
            reporter.fail("code", f"{type(error).__name__}: {error}", "The log has the traceback; please report it.")
    else:
        return 0
    return 1


def _work(reporter: Reporter) -> None:
    """Take up the run, train it, test it; or leave it where it can be taken up again."""
    run = persist(lambda: get_run(reporter.attempt.store, reporter.attempt.run_id), lease=reporter.lease)
    config = validated(dict(run.config))
    files = run_files.files_of(reporter.attempt.store, run.id)
    logger.info(f"attempt {reporter.attempt.number} at run {run.name}: {config.model_dump_json(exclude_defaults=True)}")
    checkpoints.clear_unfinished(files.folder)
    data = open_data(config)
    training = reporter.when_there_is_room(lambda: _training(reporter, run, config, data))
    if training is None:
        reporter.leave()
        return
    reporter.other_clocks.append(training.clock)
    leave_out_pauses(reporter.clock, training.clock)
    _refuse_to_forget(reporter, training, files.checkpoints)
    if _train(reporter, training) and _finish(reporter, training, config, data):
        return
    _save_before_leaving(reporter, training)
    reporter.leave()


def _training(reporter: Reporter, run: Run, config: RunConfig, data: DataSet) -> Training:
    store = reporter.attempt.store
    start = run_files.files_of(store, config.start_from).model if config.start_from else None
    # A run that died before may die again: it writes its next checkpoint soon.
    soon = run.deaths > 0
    folder = run_files.files_of(store, run.id).checkpoints
    return Training(
        with_weights_here(config), data, folder, start=start, soon=soon, before_writing=reporter.lease.require
    )


def _refuse_to_forget(reporter: Reporter, training: Training, folder: Path) -> None:
    """Raise CheckpointError if the store knows of epochs and no checkpoint is there any more."""
    run_id = reporter.attempt.run_id
    known = persist(lambda: list_epochs(reporter.attempt.store, [run_id])[run_id], lease=reporter.lease)
    if known and _position(training) == (0, 0):
        raise CheckpointError(f"The checkpoints of this run are gone: {folder} is empty.", START_OVER)


def _train(reporter: Reporter, training: Training) -> bool:
    """Train until the end; return False if the run was asked to stop before."""
    last_report, began, complete = 0.0, time.monotonic(), len(training.epochs)
    log_facts(training)
    if not reporter.started(training):
        return False
    for event in training.events():
        goes_on = True
        if isinstance(event, Progress) and time.monotonic() - last_report >= REPORT_EVERY_S:
            last_report = time.monotonic()
            goes_on = reporter.progressed(event)
        elif isinstance(event, EpochEnded):
            _log_figures(event.figures)
        elif isinstance(event, CheckpointSaved):
            further = len(training.epochs) > complete or time.monotonic() - began >= CHECKPOINT_SECONDS
            goes_on = reporter.saved(training, further=further)
        elif isinstance(event, CheckpointFailed):
            goes_on = reporter.warn(
                f"No disk space for a checkpoint ({event.reason}): the previous one is kept. {ROOM_ADVICE}"
            )
        if reporter.stop.made or not goes_on or not reporter.lease.is_sure:
            return False
    return True


def _finish(reporter: Reporter, training: Training, config: RunConfig, data: DataSet) -> bool:
    """Test the best weights and end the run; return False if it was asked to stop before."""
    logger.info(f"testing the checkpoint of epoch {training.best_epoch} on {len(data.test_labels):,} images")
    store = reporter.attempt.store
    beside = [run_files.files_of(store, run_id).model for run_id in config.companions]
    answering, thresholds = end_of(training, config, beside)
    splits = {"test": (data.test_images, data.test_labels), "validation": training.validation}
    answers = {split: _answers(answering, images, labels) for split, (images, labels) in splits.items()}
    path = run_files.files_of(store, reporter.attempt.run_id).model
    written = path.with_name(f".{path.name}-{reporter.attempt.number}{UNFINISHED}")
    origin = {
        "run": reporter.attempt.run_id,
        "epoch": training.best_epoch,
        "verdict": thresholds and thresholds.as_state(),
        "companions": answering.companions and answering.companions.as_state(),
    }
    facts = training.data_facts

    def save() -> int:
        return checkpoints.save_model(written, answering.model, config, origin, facts)

    if reporter.when_there_is_room(save) is None:
        return False
    reporter.finished(training, answers, facts.training_images, lambda: put_in_place(written, path))
    right = answers["test"].log_probabilities.argmax(axis=1) == data.test_labels
    logger.info(f"finished: test accuracy {right.mean():.4f}")
    return True


def _answers(answering: Answering, images: np.ndarray, labels: np.ndarray) -> Answers:
    start = time.perf_counter()
    answered = answering.of_images(images)
    return Answers(labels, answered, time.perf_counter() - start)


def _save_before_leaving(reporter: Reporter, training: Training) -> None:
    try:
        training.save_checkpoint()
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        reporter.warn(f"There was no disk space for a last checkpoint ({error.strerror}): the previous one is kept.")
    else:
        reporter.saved(training, further=False)


def _position(training: Training) -> tuple[int, int]:
    return len(training.epochs), training.batch


def log_facts(training: Training) -> None:
    """Write into the log on what a run is trained, from what it starts, and where it is taken up."""
    facts = training.facts
    for note in training.notes:
        logger.info(note)
    where = f"{facts.device_name}, {counted(facts.threads, 'thread')}, {facts.precision}"
    logger.info(f"{where}, {facts.parameters_trained:,} parameters to train")
    if facts.pretrained:
        afresh = " and ".join(facts.pretrained.initialised_afresh)
        logger.info(f"pretrained weights from {facts.pretrained.source}; {afresh} initialised afresh")
    if _position(training) != (0, 0):
        logger.info(f"resuming in epoch {len(training.epochs) + 1} after batch {training.batch}")


def _log_figures(figures: EpochFigures) -> None:
    logger.info(
        f"epoch {figures.epoch}: training loss {figures.train_loss:.4f}, accuracy {figures.train_accuracy:.4f}; "
        f"validation loss {figures.val_loss:.4f}, accuracy {figures.val_accuracy:.4f}; {figures.duration_s:.1f} s"
    )


if __name__ == "__main__":
    log_to_output()
    # All is written. To take torch down in order would hold the lock of the run for a second or two more.
    os._exit(main(sys.argv[1], int(sys.argv[2])))
