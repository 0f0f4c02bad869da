"""ImageNet weights of ResNet18 as files: what they are called and whether they are already on this machine."""

from dataclasses import dataclass
from pathlib import Path

FILE_NAME = "resnet18-f37072fd.pth"
"""torchvision's ResNet18_Weights.IMAGENET1K_V1 as torch hub stores it; the end of the name begins its SHA-256."""


@dataclass(frozen=True)
class PretrainedReport:
    """Where a model's pretrained weights came from."""

    source: str
    sha256: str
    initialised_afresh: tuple[str, ...]


def cached_weights(cache_folder: Path) -> Path | None:
    """The downloaded ImageNet weights if they are in that folder, else None."""
    file = cache_folder / FILE_NAME
    return file if file.is_file() else None
