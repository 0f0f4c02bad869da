"""One step of learning: a batch is augmented, the model's loss computed, and its weights moved by the optimizer."""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.config import RunConfig
from core.data.preprocessing import images_at_once, normalise, to_input
from core.errors import ConfigurationError
from core.learning.augmentation import augment, draw_mirrored
from core.learning.averaging import AveragedModel
from core.machine.precision import arithmetic
from core.models.parameters import set_weights, trained_weights
from core.models.staged import StagedModel


def generator_at(*position: int) -> torch.Generator:
    """A random generator that depends on the position (seed, epoch, batch) alone, not on what came before."""
    seed = np.random.SeedSequence(position).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(seed))


IMAGES_AT_ONCE = 256
"""Images that pass the frozen layers of a model together. For the ResNet18 on two cores a fifth faster than 64."""

WARM_UP = 0.1
"""Share of a run with schedule cosine in which the rate rises to its height."""


def learning_rate(config: RunConfig, epoch: int, done: float = 0.0) -> float:
    """The learning rate when the share `done` of that epoch (counted from 1) is over."""
    if config.schedule == "cosine":
        return config.learning_rate * _warm_cosine((epoch - 1 + done) / config.epochs)
    steps_down = (epoch - 1) // config.step_epochs if config.schedule == "step" else 0
    return config.learning_rate * config.step_factor**steps_down


def _warm_cosine(done: float) -> float:
    """Linear warm-up, then half a cosine down to 0 (Loshchilov and Hutter 2017), at a share of the run."""
    return min(1.0, done / WARM_UP) * (1 + math.cos(math.pi * done)) / 2


def class_weights(config: RunConfig, labels: np.ndarray, classes: int) -> Tensor | None:
    """The weight float32 (classes,) of each class in the loss, from the labels (n,) that are learnt from, or None.

    Balanced weights are n / (k * n_c) for each of the k classes that have images (King and Zeng 2001, as in
    scikit-learn), and 1 for a class without.
    """
    if config.class_weights == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    present = counts > 0
    weights = np.ones(classes)
    weights[present] = len(labels) / (present.sum() * counts[present])
    return torch.from_numpy(weights).float()


class Learner:
    """A model and its optimizer.

    Layers outside of `afresh` (names of modules) came with pretrained weights and learn by `config.pretrained_rate`.
    With `class_weights` (classes,) an image counts in the loss by its class.
    """

    def __init__(
        self,
        model: StagedModel,
        config: RunConfig,
        device: torch.device,
        *,
        afresh: Sequence[str] = (),
        class_weights: Tensor | None = None,
    ) -> None:
        self.model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._config, self.device = config, device
        self._class_weights = None if class_weights is None else class_weights.to(device)
        groups = _parameter_groups(model, config, afresh)
        self._shares = [group.pop("share") for group in groups]
        kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
        self._optimizer = kind(groups, lr=config.learning_rate, fused=True)
        self._has_frozen_front = getattr(model, "has_frozen_front", False)
        self._average = AveragedModel(self.model, config.weight_averaging) if config.weight_averaging else None

    @property
    def result(self) -> StagedModel:
        """The model that the training is for: the averaged one where weights are averaged."""
        return self._average.model if self._average else self.model

    @property
    def batches_at_once(self) -> int:
        """How many batches `prepare` is best given: several where frozen layers come first, which then take less."""
        at_once = images_at_once(self._config, IMAGES_AT_ONCE)
        return max(1, at_once // self._config.batch_size) if self._has_frozen_front else 1

    @property
    def has_constant_front(self) -> bool:
        """Whether what comes before the first layer that learns makes the same of an image each time, or mirrored."""
        return self._has_frozen_front and self._config.has_constant_images

    def constant_fronts(self, images: Tensor) -> Tensor:
        """What that makes of uint8 images (n, s, s) or (n, s, s, 3), and if needed of mirror images: (v, n, ...)."""
        size = images_at_once(self._config, IMAGES_AT_ONCE)
        inputs = [to_input(part, self._config) for part in images.split(size)]
        views = [inputs, [part.flip(-1) for part in inputs]] if self._config.needs_mirrored else [inputs]
        return torch.stack([torch.cat(list(map(self.pass_frozen_front, view))) for view in views])

    def choose_fronts(self, fronts: Tensor, generator: torch.Generator) -> Tensor:
        """Of the views (v, n, ...) of a batch what `step` takes, (n, ...): as `prepare` makes it of the images."""
        if self._config.augmentation != "flip":
            return fronts[0]
        mirrored = draw_mirrored(fronts.shape[1], generator).to(fronts.device)
        return fronts[mirrored.long(), torch.arange(fronts.shape[1], device=fronts.device)]

    def begin_epoch(self) -> None:
        """Set the model to training."""
        self.model.train()

    def set_rate(self, epoch: int, done: float) -> None:
        """Set the learning rate to that when the share `done` of the epoch (counted from 1) is over."""
        rate = learning_rate(self._config, epoch, done)
        for group, share in zip(self._optimizer.param_groups, self._shares, strict=True):
            group["lr"] = rate * share

    def prepare(self, batches: Sequence[Tensor], generators: Sequence[torch.Generator]) -> list[Tensor]:
        """What `step` takes of each batch of uint8 images (n, s, s) or (n, s, s, 3), changed by its generator.

        That is all there is to compute before the first layer that learns, whatever steps lie between.
        """
        inputs = [self.make_inputs(*batch) for batch in zip(batches, generators, strict=True)]
        if not self._has_frozen_front:
            return inputs
        return list(self.pass_frozen_front(torch.cat(inputs)).split([len(batch) for batch in batches]))

    def step(self, prepared: Tensor, labels: Tensor) -> tuple[float, int]:
        """Learn from a prepared batch with labels (n,); return the mean loss and how many were right.

        Raises ConfigurationError when the loss is no number any more.
        """
        logits, loss = self.compute_loss(prepared, labels)
        value = loss.item()
        if not math.isfinite(value):
            raise ConfigurationError(
                f"The training diverged: the loss became {value} at learning rate {self._config.learning_rate:g}.",
                "Launch again with a lower learning rate.",
            )
        self.compute_gradients(loss)
        self.move_weights()
        return value, int((logits.detach().argmax(1) == labels).sum())

    def make_inputs(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """What the model is given, float32 (n, c, s, s), of uint8 images (n, s, s) or (n, s, s, 3), augmented."""
        return normalise(augment(images, self._config, generator), self._config)

    @torch.no_grad()
    def pass_frozen_front(self, inputs: Tensor) -> Tensor:
        """What the layers before the first that learns make of what the model is given."""
        with arithmetic(self._config, self.device):
            return cast(Tensor, self.model.front(inputs))

    def compute_loss(self, prepared: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (n, classes) and their mean cross-entropy with the labels (n,), smoothed as asked for, in nats."""
        forward = self.model.rest if self._has_frozen_front else self.model
        with arithmetic(self._config, self.device):
            logits = forward(prepared).float()
        smoothing = self._config.label_smoothing
        return logits, F.cross_entropy(logits, labels, self._class_weights, label_smoothing=smoothing)

    def compute_gradients(self, loss: Tensor) -> None:
        """The gradient of the loss by every trained parameter, in place of those of the step before."""
        self._optimizer.zero_grad()
        loss.backward()

    def move_weights(self) -> None:
        """One step of the optimizer along the gradients."""
        self._optimizer.step()
        if self._average:
            self._average.follow()

    def state(self) -> dict[str, Any]:
        """All that steps change: trained weights, their average, optimizer and torch's random state."""
        average = self._average
        return {
            "weights": trained_weights(self.model),
            "average": {"weights": trained_weights(average.model), "steps": average.steps} if average else None,
            "optimizer": self._optimizer.state_dict(),
            "random": torch.get_rng_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a `state` exactly."""
        set_weights(self.model, state["weights"])
        if self._average:
            set_weights(self._average.model, state["average"]["weights"])
            self._average.steps = state["average"]["steps"]
        self._optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])


def _parameter_groups(model: nn.Module, config: RunConfig, afresh: Sequence[str]) -> list[dict[str, Any]]:
    """The trained parameters by share of the learning rate and weight decay.

    AdamW spares biases and batch norms, which have one dimension (Loshchilov and Hutter 2019 decay all; that these
    need none is from He and others 2019, section 3.1).
    """
    has_start = config.pretrained or config.start_from is not None
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            came = has_start and not any(name.startswith(f"{layer}.") for layer in afresh)
            spared = config.optimizer == "adamw" and parameter.dim() < 2
            key = (config.pretrained_rate if came else 1.0, 0.0 if spared else config.weight_decay)
            groups.setdefault(key, []).append(parameter)
    return [{"params": group, "share": share, "weight_decay": decay} for (share, decay), group in groups.items()]
