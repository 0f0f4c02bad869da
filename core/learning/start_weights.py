"""The weights that a run begins with: those of a finished run, or ImageNet's."""

from pathlib import Path

from torch import nn

from core.config import RunConfig
from core.errors import ConfigurationError
from core.learning.checkpoints import load_model
from core.learning.pretrained import load_trunk
from core.learning.pretrained_file import PretrainedReport
from core.models.staged import StagedModel


def load_weights(
    model: StagedModel, config: RunConfig, classes: tuple[str, ...], start: Path | None, weights_cache: Path | None
) -> PretrainedReport:
    """Fill a model with the weights that its configuration names: of a run, by its model file `start`, or pretrained.

    Raises as load_start and load_trunk do.
    """
    if config.start_from is None:
        return load_trunk(model, config, weights_cache)
    assert start is not None, "other weights must not take the place of the run's"
    return load_start(model, classes, start, config.start_from)


def load_start(model: StagedModel, classes: tuple[str, ...], path: Path, run_id: str) -> PretrainedReport:
    """Fill a model for these classes with the weights of a run's model file.

    The last layer starts afresh where the classes are others. Raises CheckpointError where the file is gone or damaged,
    ConfigurationError where the model in it has other layers.
    """
    start = load_model(path)
    last = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]
    afresh = () if start.data.classes == classes else (last,)
    ours, theirs = model.state_dict(), start.model.state_dict()
    usable = {name: value for name, value in theirs.items() if name.rpartition(".")[0] not in afresh}
    needed = {name: value.shape for name, value in ours.items() if name.rpartition(".")[0] not in afresh}
    if {name: value.shape for name, value in usable.items()} != needed:
        raise ConfigurationError(
            f"The model of run {run_id} has other layers than this one, or takes images of another kind.",
            "Start from a run of the same model, input size and colour.",
        )
    model.load_state_dict(usable, strict=False)
    return PretrainedReport.of_file(path, f"run {run_id}", afresh)
