"""Whether a configuration suits a data set: what speaks against it is said before anything is launched."""

from core.config import RunConfig
from core.datasets.versions import Version

FEW_FROM_SCRATCH = 2_000
"""Images to learn from below which pretrained layers are likelier to be right than a model with random weights."""
MUCH_LARGER = 2
"""How many times longer one side than the other before resizing is worth a word."""


def suitability(config: RunConfig, version: Version) -> str:
    """Whether a configuration suits a version, as a clause with what speaks against it."""
    reasons = misfits(config, version)
    return f"not made for {version.label}: {'; '.join(reasons)}" if reasons else f"suits {version.label}"


def misfits(config: RunConfig, version: Version) -> list[str]:
    """What speaks against learning from a version with this configuration, each a clause; none where it suits.

    Nothing of that keeps a run from being launched.
    """
    given, taken = version.side, config.input_size
    learnt = version.count("train") + version.count("validation")
    reasons = []
    if config.augmentation == "photo" and not version.is_built_in:
        reasons.append("its augmentation imitates photos of the items of Fashion-MNIST")
    if taken >= MUCH_LARGER * given:
        reasons.append(f"images of {given}x{given} pixels are enlarged to {taken}x{taken}, which costs time only")
    if given >= MUCH_LARGER * taken:
        reasons.append(f"images of {given}x{given} pixels are shrunk to {taken}x{taken}, and details are lost")
    if learnt < FEW_FROM_SCRATCH and not config.pretrained and config.start_from is None:
        reasons.append(f"{learnt:,} images are few for a model that starts from random weights")
    return reasons
