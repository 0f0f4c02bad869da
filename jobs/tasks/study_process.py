"""The student: a process of its own that makes the study of one run, `python -m jobs.tasks.study_process RUN`.

It gives way to everything else that wants the processor. It was handed the study's lock and holds it to its end.
"""

import sys
from functools import partial
from pathlib import Path
from types import TracebackType

import torch

from core.answers import study
from core.answers.features import penultimate_features
from core.data import fashion_mnist
from core.errors import LookbookError
from core.learning.checkpoints import load_model
from jobs.running import processes
from jobs.running.background import open_here
from jobs.running.trainer_reports import say
from jobs.settings import settings
from jobs.store.ids import folder_for
from jobs.store.queries import get_run
from jobs.store.run_files import RunFiles
from jobs.tasks.studies import STEP

STEPS = 5


def main(run_id: str) -> None:
    """Make and store the study of a run; whatever goes wrong is kept as the reason, beside it."""
    processes.give_way()
    torch.set_num_threads(1)
    files = RunFiles(folder_for(settings().artifacts, run_id))
    sys.excepthook = partial(_record, files.study_failure)
    # A run that has been deleted meanwhile is not studied.
    get_run(open_here(), run_id)
    _study(files)


def _study(files: RunFiles) -> None:
    loaded = load_model(files.model)
    config = loaded.config
    data = fashion_mnist.load(settings().data)
    learnt_from, _ = fashion_mnist.split_for(config, data.train_labels)
    step = _Steps()
    step(f"features of {len(data.test_labels):,} test images")
    test = penultimate_features(loaded.model, data.test_images, config)
    step(f"features of {len(learnt_from):,} training images")
    training = penultimate_features(loaded.model, data.train_images[learnt_from], config)
    study.write(files.study, study.make(test, training, learnt_from, step))
    say("made")


class _Steps:
    """Says each step with its number."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(self, words: str) -> None:
        self._number += 1
        say(f"{STEP}{self._number} of {STEPS}: {words}")


def _record(path: Path, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Keep why this process ends; the log has the traceback of what nobody foresaw."""
    if isinstance(error, LookbookError):
        reason = str(error)
    elif isinstance(error, MemoryError):
        reason = "The machine ran out of memory. Close other programs, then try again."
    else:
        reason = f"{kind.__name__}: {error}. The log has the traceback."
        sys.__excepthook__(kind, error, trace)
    say(f"failed: {reason}")
    path.write_text(reason, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
