"""The process that makes the study of one run, `python -m jobs.tasks.study_process FAILURE RUN`.

It gives way to everything else that wants the processor. It was handed the study's lock and holds it to its end.
"""

import sys
from collections.abc import Callable
from itertools import count

import torch

from core.answers import study
from core.answers.features import penultimate_features
from core.data.splits import split_for
from core.learning.checkpoints import load_model
from jobs.running.background import FailureRecorded, give_way, open_here, report_progress
from jobs.running.run_data import open_data
from jobs.store import run_files
from jobs.store.queries import get_run
from jobs.store.run_files import RunFiles

STEPS = 5


def main(run_id: str) -> None:
    """Make and store the study of a run, unless it has been deleted meanwhile."""
    give_way()
    torch.set_num_threads(1)
    store = open_here()
    get_run(store, run_id)
    _study(run_files.files_of(store, run_id))


def _study(files: RunFiles) -> None:
    loaded = load_model(files.model)
    config = loaded.config
    data = open_data(config)
    learnt_from, _ = split_for(config, data)
    begin = _numbered_steps()
    begin(f"features of {len(data.test_labels):,} test images")
    test = penultimate_features(loaded.model, data.test_images, config)
    begin(f"features of {len(learnt_from):,} training images")
    training = penultimate_features(loaded.model, data.train_images[learnt_from], config)
    study.write(files.study, study.make(test, training, learnt_from, begin))


def _numbered_steps() -> Callable[[str], None]:
    """What reports each step, with its number, when it begins."""
    numbers = count()

    def begin(step: str) -> None:
        number = next(numbers)
        report_progress(number / STEPS, f"step {number + 1} of {STEPS}: {step}")

    return begin


if __name__ == "__main__":
    with FailureRecorded(sys.argv[1]):
        main(sys.argv[2])
