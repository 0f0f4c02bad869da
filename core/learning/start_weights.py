"""The weights of a finished run as those that another one begins with."""

import hashlib
from pathlib import Path

from torch import nn

from core.errors import ConfigurationError
from core.learning.checkpoints import load_model
from core.learning.pretrained_file import PretrainedReport
from core.models.staged import StagedModel


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
    with path.open("rb") as file:
        return PretrainedReport(f"run {run_id}", hashlib.file_digest(file, "sha256").hexdigest(), afresh)
