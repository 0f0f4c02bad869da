"""How long a run will take, from what runs like it took here, or from what was measured elsewhere."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from core.config import RunConfig
from core.datasets.versions import Version
from core.machine.cores import has_bfloat16, usable_cores
from core.presets import config_of
from core.statistics import wording
from jobs.store.records import Run, RunStatus


@dataclass(frozen=True)
class Speed:
    """Training images per second on two virtual cores of a server with AVX-512, in either precision."""

    float32: float
    bfloat16: float


MEASURED = {
    "cnn": Speed(2_800, 4_600),
    "cnn-photo": Speed(2_500, 3_600),
    "resnet18": Speed(4_500, 7_500),
    "resnet18-best": Speed(520, 700),
    "resnet18-photo": Speed(1_700, 2_100),
    "resnet-small": Speed(1_000, 1_500),
    "transfer": Speed(1_600, 1_500),
}
"""By preset, for all runs that have as much to compute."""

# A server without instructions for bfloat16 trained the CNN half as fast in float32.
_OLDER = 1 / 2

_GUESS = Speed(500.0, 1_000.0)
"""For any other model at 28x28 pixels, cautiously."""

# To train every layer of ResNet18, or to change images as photos are, takes about three times as long.
_CAUTION = 1 / 3

_NEWEST = 5

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
        return f"{wording.rough_duration(self.seconds)} for all epochs (estimated from {self.source})"


@dataclass(frozen=True)
class Images:
    """How many images a run learns from, validates on and is tested on."""

    training: int
    validation: int
    test: int

    def in_epochs(self, epochs: int) -> float:
        """How much so many epochs and the test have to compute, in images that are learnt from."""
        per_epoch = self.training + _EVALUATION_COST * self.validation
        return epochs * per_epoch + _EVALUATION_COST * self.test


def images_of(config: RunConfig, version: Version) -> Images:
    """The images of a version of a data set as a run of this config uses them."""
    given, all_but_test = version.count("validation"), version.count("train") + version.count("validation")
    if given and not config.folds:
        return Images(min(config.train_size, version.count("train")), given, version.count("test"))
    validation = config.validation_images(all_but_test)
    return Images(config.training_images(all_but_test), validation, version.count("test"))


def estimate(config: RunConfig, version: Version, past: Sequence[Run], host: str) -> Estimate:
    """The time of a run with this config; `past` are runs of its model, newest first, whatever their settings."""
    speed, source = images_per_s(config, past, host)
    return Estimate(images_of(config, version).in_epochs(config.epochs) / speed, source)


def images_per_s(config: RunConfig, past: Sequence[Run], host: str) -> tuple[float, str]:
    """Training images per second, and where the figure comes from: runs alike in all that decides the speed."""
    wanted = _work_of(config)
    alike = [run for run in past if run.host == host and run.images_per_s and _work_of(run.config) == wanted]
    if alike:
        return _speed_here(config, alike)
    for name in MEASURED:
        if _work_of(config_of(name, precision=config.precision)) == wanted:
            speed = _in_precision(MEASURED[name], config)
            return speed, f"{speed:,.0f} images/s measured on two CPU cores; no similar run here yet"
    guess = _guess(config)
    return guess, f"a rough guess of {guess:,.0f} images/s; no similar run here yet"


def _speed_here(config: RunConfig, alike: Sequence[Run]) -> tuple[float, str]:
    """The median of the newest runs, finished ones and of its batch size, for one may have shared the machine."""
    finished = [run for run in alike if run.status == RunStatus.FINISHED] or alike
    same = [run for run in finished if run.config.batch_size == config.batch_size] or finished
    newest = same[:_NEWEST]
    speed = statistics.median(map(_speed_of, newest))
    whose = f"run {newest[0].name}" if len(newest) == 1 else f"{len(newest)} runs"
    return speed, f"{speed:,.0f} images/s in {whose} on this machine"


def _speed_of(run: Run) -> float:
    """Training images per second: of a finished run over all its time, for its end may have been unlike the rest."""
    data = run.data
    if run.status != RunStatus.FINISHED or not run.work_s or data is None:
        assert run.images_per_s is not None
        return run.images_per_s
    return Images(data.training_images, data.validation_images, data.test_images).in_epochs(run.epoch) / run.work_s


def _work_of(config: RunConfig) -> tuple[object, ...]:
    """What decides how fast an image is learnt: model, size, layers trained, changes to the image, how it computes."""
    trained = config.unfrozen_layers if config.pretrained else "all"
    what = config.model, config.input_size, trained, _preparation(config)
    return *what, config.precision, config.threads or usable_cores(), config.device


def _preparation(config: RunConfig) -> str:
    """What happens to an image in each epoch before the first layer that learns: nothing, little, or what takes long.

    Where frozen layers come first and images change by nothing but a flip, these see each image in one epoch only.
    """
    if config.pretrained and "conv1" not in config.unfrozen_layers and config.has_constant_images:
        return "nothing"
    return config.augmentation if config.augmentation in ("photo", "flip-trivial-augment") else "little"


def _in_precision(speed: Speed, config: RunConfig) -> float:
    if not has_bfloat16():
        return _OLDER * speed.float32
    return speed.float32 if config.precision == "float32" else speed.bfloat16


def _guess(config: RunConfig) -> float:
    """From the measured run of the model, or for any model, in proportion to the pixels."""
    if config.model not in MEASURED:
        return _in_precision(_GUESS, config) * (config_of("cnn").input_size / config.input_size) ** 2
    measured = config_of(config.model)
    share = _CAUTION * (measured.input_size / config.input_size) ** 2
    return share * _in_precision(MEASURED[config.model], config)
