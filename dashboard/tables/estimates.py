"""How long a run will take, from what runs of its model took here, or from what was measured elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.config import TEST_IMAGES, RunConfig
from dashboard import wording
from jobs.records import Run

# Training images per second on two cores of a common server, by model; for any other model a cautious guess.
MEASURED = {"cnn": 1_300.0, "resnet18": 1_000.0}
_GUESS = 500.0

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
    """The time of a run with this config; `past` are runs of its model, newest first."""
    speed, source = images_per_s(config.model, past, host)
    per_epoch = config.training_images + _EVALUATION_COST * config.validation_images
    return Estimate((config.epochs * per_epoch + _EVALUATION_COST * TEST_IMAGES) / speed, source)


def images_per_s(model: str, past: Sequence[Run], host: str) -> tuple[float, str]:
    """Training images per second, and where the figure comes from."""
    here = next((run for run in past if run.model == model and run.host == host and run.images_per_s), None)
    if here is not None and here.images_per_s:
        return here.images_per_s, f"{here.images_per_s:,.0f} images/s of run {here.name} on this machine"
    if model in MEASURED:
        return MEASURED[model], f"{MEASURED[model]:,.0f} images/s measured on two CPU cores; none has run here yet"
    return _GUESS, f"a guess of {_GUESS:,.0f} images/s; none has run here yet"
