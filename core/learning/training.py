"""A run being learnt: epochs, validation, early stopping, and exact continuation from a checkpoint."""

import copy
import errno
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import architectures
from core.config import RunConfig, stored_config
from core.data.data_facts import facts_of
from core.data.data_set import DataSet
from core.errors import CheckpointError, ConfigurationError
from core.learning.batches import Batches
from core.learning.events import CheckpointFailed, CheckpointSaved, EpochEnded, EpochFigures, Event, Facts, Progress
from core.learning.learner import Learner, class_weights, learning_rate
from core.learning.pretrained_file import PretrainedReport
from core.learning.resumption import ResumptionFolder
from core.learning.start_weights import load_weights
from core.machine.clock import Clock, Speedometer
from core.machine.device import choose_device, conditions, device_name, use_threads, why_inexact
from core.machine.memory import keep_freed_memory
from core.machine.precision import precision_on
from core.models.parameters import count_parameters, frozen_weights, set_weights, trained_weights
from core.models.staged import StagedModel

__all__ = [
    "CheckpointFailed",
    "CheckpointSaved",
    "EpochEnded",
    "EpochFigures",
    "Event",
    "Facts",
    "Progress",
    "Training",
]

CHECKPOINT_SECONDS = 45.0
RETRY_SECONDS = 5.0
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of the operating system that pass when somebody makes room."""
MAY_DIFFER = {"preset", "threads", "memory_mb", "device", "weights_file"}
"""Fields of the configuration in which a run may differ from the checkpoint that it takes up."""


@dataclass
class Position:
    """Where a run is: `batch` batches of `epoch` (counted from 1) are done, with the sums over their images."""

    epoch: int = 1
    batch: int = 0
    images: int = 0
    loss_sum: float = 0.0
    right: int = 0
    seconds: float = 0.0


class Training:
    """A run being learnt; resumes from `folder` if it holds a checkpoint.

    With `soon` the first checkpoint follows the first batch, and the next ones come at growing distances until they
    are CHECKPOINT_SECONDS apart: for a run that was interrupted before and may be again. `start` is the model file of
    the run that `config.start_from` names. `before_writing` may forbid a checkpoint by raising.

    `facts` says where and on what it computes, `data_facts` from what it learns, `epochs` holds the figures of the
    epochs that are complete, `batches` the images, `learner` the model that learns. Raises
    WeightsError, ConfigurationError or CheckpointError. `clock` is the one that epochs are timed by: who takes its
    seconds when the process goes on after it was suspended leaves the pause out.
    """

    def __init__(
        self,
        config: RunConfig,
        data: DataSet,
        folder: Path,
        *,
        weights_cache: Path | None = None,
        start: Path | None = None,
        soon: bool = False,
        before_writing: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._folder = ResumptionFolder(folder)
        self._before_writing = before_writing
        self._device = choose_device(config.device)
        self._threads = use_threads(config.threads)
        keep_freed_memory()
        self.batches = Batches(config, data, self._device)
        self.data_facts = facts_of(data, len(self.batches.labels), len(self.validation[1]))
        torch.manual_seed(config.seed)
        model = architectures.build(config, len(data.classes), colour=data.is_colour)
        checkpoint = self._folder.newest()
        load = partial(load_weights, model, config, data.classes, start, weights_cache)
        pretrained = self._fill(model, checkpoint, load)
        afresh = pretrained.initialised_afresh if pretrained else ()
        weights = class_weights(config, self.batches.labels, len(data.classes))
        self.learner = Learner(model, config, self._device, afresh=afresh, class_weights=weights)
        self._position = Position()
        self._saved_at: tuple[int, int] | None = None
        self.epochs: list[EpochFigures] = []
        self._inexact_because = why_inexact(self._device)
        if checkpoint:
            self._take_up(checkpoint)
        self.facts = self._collect_facts(pretrained)
        self._best: dict[str, Any] | None = None
        self._pause = 0.0 if soon else CHECKPOINT_SECONDS
        self._checkpoint_at = time.monotonic() + self._pause
        self._validation_s: float | None = None
        self.clock = Clock()

    @property
    def notes(self) -> list[str]:
        """What was found damaged in the folder and what was done about it, in plain words."""
        return self._folder.notes

    @property
    def model(self) -> StagedModel:
        """The model as it is now; with weight averaging the average."""
        return self.learner.result

    @property
    def validation(self) -> tuple[np.ndarray, np.ndarray]:
        """The images uint8 (n, h, h) or (n, h, h, 3) and labels (n,) that were kept for validation."""
        return self.batches.validation

    @property
    def batch(self) -> int:
        """How many batches of the epoch that follows the complete ones are done."""
        return self._position.batch

    @property
    def best_epoch(self) -> int | None:
        """The best epoch (counted from 1) so far by what the configuration selects by, the first of equals."""
        by = self._config.selection
        return max(self.epochs, key=lambda figures: figures.merit(by)).epoch if self.epochs else None

    def is_trained(self) -> bool:
        """Whether all epochs are done, or it stopped early."""
        return self._config.ends_after(len(self.epochs), self.best_epoch)

    def events(self) -> Iterator[Event]:
        """Learn, and tell of every batch, epoch and checkpoint; ends when trained (all epochs done, or early stop)."""
        while not self.is_trained():
            yield from self._train_epoch()
            # While it validates nothing can be saved: what was learnt is, if a checkpoint would come due meanwhile.
            if not self._is_saved() and time.monotonic() + self._expected_validation_s() >= self._checkpoint_at:
                yield self._try_checkpoint()
            figures = self._validate()
            saved = self._end_epoch(figures)
            yield EpochEnded(figures)
            yield saved

    def save_checkpoint(self) -> CheckpointSaved:
        """Store all that an exact continuation from here needs; to be called between two events. Raises OSError."""
        self._before_writing()
        start = time.monotonic()
        position = self._position
        if self._best and self.best_epoch:
            self._folder.write_best(self._best, self.best_epoch)
            self._best = None
        size = self._folder.write(self._state(), position.epoch, position.batch)
        self._saved_at = (position.epoch, position.batch)
        seconds = time.monotonic() - start
        self._pause = min(CHECKPOINT_SECONDS, max(1.0, 2 * self._pause))
        self._checkpoint_at = start + seconds + self._pause
        return CheckpointSaved(position.epoch, position.batch, seconds, size)

    def _expected_validation_s(self) -> float:
        """How long validation will take: as long as the one before; before the first, as if its images were learnt."""
        if self._validation_s is not None:
            return self._validation_s
        return self._position.seconds / self._position.images * len(self.validation[1])

    def _is_saved(self) -> bool:
        """Whether the newest checkpoint is of where the run is now."""
        return self._saved_at == (self._position.epoch, self._position.batch)

    def _try_checkpoint(self) -> CheckpointSaved | CheckpointFailed:
        try:
            return self.save_checkpoint()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self._checkpoint_at = time.monotonic() + RETRY_SECONDS
            return CheckpointFailed(str(error.strerror))

    def load_best(self) -> StagedModel:
        """A copy of the model with the weights of the best epoch, in evaluation mode."""
        if self.best_epoch is None:
            raise CheckpointError("No epoch is complete yet, so there are no best weights.")
        model = copy.deepcopy(self.model)
        best = self._best or self._folder.read_best(self.best_epoch)
        set_weights(model, best["weights"])
        return model.eval()

    def _train_epoch(self) -> Iterator[Event]:
        position, batches = self._position, self.batches.per_epoch
        self.learner.begin_epoch()
        speed = Speedometer(position.seconds)
        self.clock.take()
        for prepared, labels in self.batches.prepared(self.learner, position.epoch, position.batch):
            self.learner.set_rate(position.epoch, position.batch / batches)
            loss, right = self.learner.step(prepared, labels)
            position.batch += 1
            position.images += len(labels)
            position.loss_sum += loss * len(labels)
            position.right += right
            position.seconds += self.clock.take()
            yield Progress(position.epoch, position.batch, batches, speed.after(len(labels), position.seconds))
            if time.monotonic() >= self._checkpoint_at:
                yield self._try_checkpoint()

    def _validate(self) -> EpochFigures:
        done = self._position
        self.clock.take()
        reached = self.batches.validate(self.learner)
        self._validation_s = self.clock.take()
        return EpochFigures(
            epoch=done.epoch,
            train_loss=done.loss_sum / done.images,
            train_accuracy=done.right / done.images,
            val_loss=reached.loss,
            val_accuracy=reached.accuracy,
            learning_rate=learning_rate(self._config, done.epoch, 0.5),
            duration_s=done.seconds + self._validation_s,
            val_balanced_accuracy=reached.balanced_accuracy,
            val_macro_f1=reached.macro_f1,
        )

    def _end_epoch(self, figures: EpochFigures) -> CheckpointSaved | CheckpointFailed:
        if not math.isfinite(figures.val_loss + figures.train_loss):
            raise ConfigurationError(
                f"The training diverged: the validation loss of epoch {figures.epoch} is {figures.val_loss}.",
                "Launch again with a lower learning rate.",
            )
        self.epochs.append(figures)
        if self.best_epoch == figures.epoch:
            # Copied, because there may be no room on the disk for them before the next steps change them.
            self._best = {"weights": copy.deepcopy(trained_weights(self.model))}
        self._position = Position(epoch=figures.epoch + 1)
        return self._try_checkpoint()

    def _fill(
        self, model: StagedModel, checkpoint: dict[str, Any] | None, load: Callable[[], PretrainedReport]
    ) -> PretrainedReport | None:
        """Put the weights that it starts with into the model: on continuation those that the run itself has kept."""
        if not (self._config.pretrained or self._config.start_from):
            return None
        kept = self._folder.read_frozen() if checkpoint else None
        if kept:
            set_weights(model, kept["weights"])
            return _report(kept["report"])
        report = load()
        if checkpoint and _report(checkpoint["pretrained"]).sha256 != report.sha256:
            raise CheckpointError(
                f"The run started from other pretrained weights than those in {report.source}.",
                "Use the weights file that it started with, or launch it again.",
            )
        self._folder.write_frozen({"weights": frozen_weights(model), "report": asdict(report)})
        return report

    def _collect_facts(self, pretrained: PretrainedReport | None) -> Facts:
        total, trained = count_parameters(self.model)
        return Facts(
            device=self._device.type,
            device_name=device_name(self._device),
            precision=precision_on(self._config, self._device),
            threads=self._threads,
            parameters_total=total,
            parameters_trained=trained,
            pretrained=pretrained,
            inexact_because=self._inexact_because,
        )

    def _state(self) -> dict[str, Any]:
        return {
            "config": self._config.model_dump(mode="json"),
            "conditions": conditions(self._config, self._device, self._threads),
            "inexact_because": self._inexact_because,
            "pretrained": asdict(self.facts.pretrained) if self.facts.pretrained else None,
            "position": asdict(self._position),
            "best_epoch": self.best_epoch,
            "epochs": [asdict(figures) for figures in self.epochs],
            "learner": self.learner.state(),
        }

    def _take_up(self, checkpoint: dict[str, Any]) -> None:
        """Be where the checkpoint was; raise CheckpointError if it belongs to another configuration."""
        theirs = dict(stored_config(checkpoint["config"]))
        different = sorted(name for name, value in self._config if name not in MAY_DIFFER and value != theirs[name])
        if different:
            raise CheckpointError(
                f"The checkpoint in {self._folder.folder} belongs to a run with another {', '.join(different)}.",
                "Resume it with the settings that it started with.",
            )
        self.learner.restore(checkpoint["learner"])
        self._position = Position(**checkpoint["position"])
        self._saved_at = (self._position.epoch, self._position.batch)
        self.epochs = [EpochFigures(**figures) for figures in checkpoint["epochs"]]
        now = conditions(self._config, self._device, self._threads)
        changed = [
            f"{name} {was}, now {now.get(name)}"
            for name, was in checkpoint["conditions"].items()
            if was != now.get(name)
        ]
        if changed:
            self._inexact_because = f"it was resumed under other conditions ({'; '.join(changed)})"
        self._inexact_because = self._inexact_because or checkpoint["inexact_because"]


def _report(stored: dict[str, Any]) -> PretrainedReport:
    return PretrainedReport(**{**stored, "initialised_afresh": tuple(stored["initialised_afresh"])})
