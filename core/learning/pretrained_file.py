"""ImageNet weights of ResNet18 as files: what they are called and whether they are already on this machine."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from core.errors import WeightsError

FILE_NAME = "resnet18-f37072fd.pth"
"""torchvision's ResNet18_Weights.IMAGENET1K_V1 as torch hub stores it."""
MOST_BYTES = 1_000_000_000
"""In a file of weights: ResNet18's are 45 MB, a checkpoint with them in double precision and an optimizer 270 MB."""
SHA256_PREFIX = "f37072fd"
"""What the file's SHA-256 begins with, as its name says."""


@dataclass(frozen=True)
class PretrainedReport:
    """Where a model's pretrained weights came from."""

    source: str
    sha256: str
    initialised_afresh: tuple[str, ...]

    @classmethod
    def of_file(cls, path: Path, source: str, initialised_afresh: tuple[str, ...]) -> Self:
        """What is told of weights that were read from a file; raise OSError."""
        with path.open("rb") as file:
            return cls(source, hashlib.file_digest(file, "sha256").hexdigest(), initialised_afresh)


def cached_weights(cache_folder: Path) -> Path | None:
    """The downloaded ImageNet weights if they are in that folder, else None."""
    file = cache_folder / FILE_NAME
    return file if file.is_file() else None


def check_cached(file: Path) -> None:
    """Raise WeightsError, which names the file and what to do, unless its bytes are those that torchvision publishes.

    Takes a fifth of a second.
    """
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(
            f"The weights file {file} cannot be read: {error.strerror}.", "Check its permissions, or delete it."
        ) from error
    if not digest.startswith(SHA256_PREFIX):
        raise WeightsError(
            f"{file} is not the file published by torchvision: its SHA-256 begins with {digest[:8]} instead of "
            f"{SHA256_PREFIX}.",
            "Delete it and launch again: it will be downloaded again.",
        )
