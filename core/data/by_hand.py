"""Fashion-MNIST's files as people put them into the data folder: packed or not, in any likely place."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from core.data import idx
from core.data.idx import IdxFile, raw_folder
from core.errors import DataError
from core.files import require_regular

_CHUNK = 1 << 20
_USUAL, _OTHER = "-idx", ".idx"
"""Archives of other sites name them train-images.idx3-ubyte."""


def bring(folder: Path, file: IdxFile, target: Path) -> list[str]:
    """Write a file that lies in the data folder unpacked to `target`; if there is none that is whole, say why of each.

    Nothing that lies there is changed. Raise OSError if it cannot be written.
    """
    wrong: list[str] = []
    for path in _candidates(folder, file):
        try:
            _write(path, file, target)
            idx.check_fully(target, file)
            return []
        except (DataError, gzip.BadGzipFile, EOFError, zlib.error) as error:
            reason = error.message if isinstance(error, DataError) else f"it is damaged: {error}"
            wrong.append(f"{path} is not the published {file.name} ({_short(reason, target)})")
            target.unlink(missing_ok=True)
    return wrong


def places(folder: Path) -> tuple[Path, ...]:
    """The folders in which files put there by hand are looked for."""
    return raw_folder(folder), folder / "FashionMNIST", folder / "raw", folder


def _candidates(folder: Path, file: IdxFile) -> Iterator[Path]:
    names = (file.name, file.name.replace(_USUAL, _OTHER))
    for place in places(folder):
        for name in names:
            for path in (place / f"{name}.gz", place / name):
                if path.exists() and path != raw_folder(folder) / file.name:
                    yield path


def _write(path: Path, file: IdxFile, target: Path) -> None:
    """Copy or unpack a file, but never more than one byte too many: what is larger is another file."""
    require_regular(path, 2 * file.size + _CHUNK, error=DataError, advice="")
    with path.open("rb") as opened, target.open("wb") as written:
        packed = path.suffix == ".gz"
        content = gzip.GzipFile(fileobj=opened) if packed else opened
        left = file.size + 1
        while left and (chunk := content.read(min(left, _CHUNK))):
            written.write(chunk)
            left -= len(chunk)


def _short(reason: str, target: Path) -> str:
    return reason.replace(f"{target} is damaged: ", "").rstrip(".")
