"""Pictures of many colours, no two alike, in files and folders as people have them."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from core.datasets.importing import Options, add
from core.datasets.versions import Version


def silent(_message: str, _share: float | None) -> None:
    """Progress that nobody watches."""


def picture(number: int, size: tuple[int, int] = (40, 40), mode: str = "RGB") -> Image.Image:
    """A picture of 25 random patches, by its number."""
    patches = np.random.default_rng(number).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(number: int, kind: str = "PNG", **how: object) -> bytes:
    """The bytes of such a picture in a file."""
    file = io.BytesIO()
    picture(number, **how).save(file, kind)  # type: ignore[arg-type]
    return file.getvalue()


def class_folders(root: Path, counts: Mapping[str, int], first: int = 0) -> Path:
    """So many pictures in each folder, named by their numbers, which go on from folder to folder."""
    number = first
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for _ in range(count):
            (root / folder / f"{number}.png").write_bytes(encoded(number))
            number += 1
    return root


def imported(data: Path, path: Path, name: str = "pets", **how: object) -> Version:
    """The version of a path, imported at 28 pixels unless another side is given."""
    return add(data, name, path, Options(**{"side": 28, **how}), silent)  # type: ignore[arg-type]
