"""How long a run will take, from what runs like it took here, or from what was measured elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.config import TEST_IMAGES, RunConfig
from core.cores import has_bfloat16, usable_cores
from core.presets import config_of
from dashboard import wording
from jobs.records import Run

# Training images per second on two cores of common servers, by preset: in float32 on one without instructions for
# bfloat16, and on one that has them. For any other model a cautious guess.
MEASURED = {"cnn": (1_300.0, 4_800.0), "resnet18": (1_000.0, 7_000.0)}
_GUESS = 500.0
# To train every layer of ResNet18, or to change images as photos are, takes about three times as long.
_CAUTION = 1 / 3

# An image that is only evaluated costs about a third of one that is learnt from.
_EVALUATION_COST = 1 / 3


@dataclass(frozen=True)
class Estimate:
    """Seconds at work if all epochs are used, and what that is estimated from."""

    seconds: float
    source: str

    @property
    def words(self) -> str:
        """The estimate as a person reads it."""
        return f"{wording.rough_duration(self.seconds)}, if it uses all its epochs (estimated from {self.source})"


def estimate(config: RunConfig, past: Sequence[Run], host: str) -> Estimate:
    """The time of a run with this config; `past` are runs of its model, newest first, whatever their settings."""
    speed, source = images_per_s(config, past, host)
    per_epoch = config.training_images + _EVALUATION_COST * config.validation_images
    return Estimate((config.epochs * per_epoch + _EVALUATION_COST * TEST_IMAGES) / speed, source)


def images_per_s(config: RunConfig, past: Sequence[Run], host: str) -> tuple[float, str]:
    """Training images per second, and where the figure comes from: runs alike in all that decides the speed."""
    wanted = _work_of(config.model_dump())
    alike = [run for run in past if run.host == host and run.images_per_s and _work_of(run.config) == wanted]
    if alike:
        # The newest of its batch size, else the newest.
        run = min(alike, key=lambda run: run.config["batch_size"] != config.batch_size)
        return run.images_per_s, f"{run.images_per_s:,.0f} images/s of run {run.name} on this machine"
    for name in MEASURED:
        if _work_of(config_of(name).model_dump()) == wanted:
            speed = _measured(name, config)
            return speed, f"{speed:,.0f} images/s measured on two CPU cores; none like it has run here yet"
    guess = _guess(config)
    return guess, f"a guess of {guess:,.0f} images/s; none like it has run here yet"


def _work_of(values: Mapping[str, Any]) -> tuple[Any, ...]:
    """What decides how fast an image is learnt: model, size, layers trained, changes to the image, how it computes."""
    trained = tuple(values["unfrozen_layers"]) if values["pretrained"] else "all"
    what = values["model"], values["input_size"], trained, values["augmentation"] == "photo"
    return *what, values["precision"], values["threads"] or usable_cores(), values["device"]


def _measured(name: str, config: RunConfig) -> float:
    return MEASURED[name][config.precision != "float32" and has_bfloat16()]


def _guess(config: RunConfig) -> float:
    """From the measured run of the model, or for any model, in proportion to the pixels."""
    if config.model not in MEASURED:
        return _GUESS * (config_of("cnn").input_size / config.input_size) ** 2
    measured = config_of(config.model)
    return _CAUTION * _measured(config.model, config) * (measured.input_size / config.input_size) ** 2
