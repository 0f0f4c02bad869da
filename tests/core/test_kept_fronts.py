"""What frozen layers make of a data set is kept within a limit: what was not used for the longest time goes first."""

import os
from pathlib import Path

from core.data.kept_fronts import PREFIX, bytes_kept, clear, kept_files


def keep(folder: Path, name: str, size: int, used_at: int) -> Path:
    path = folder / f"{PREFIX}{name}.npy"
    path.write_bytes(bytes(size))
    os.utime(path, (used_at, used_at))
    return path


def test_what_was_used_last_stays_and_the_images_are_never_touched(tmp_path: Path) -> None:
    images = tmp_path / "images.npy"
    images.write_bytes(bytes(500))
    old, newest, newer = (keep(tmp_path, *facts) for facts in (("a", 40, 1), ("b", 50, 3), ("c", 30, 2)))
    assert kept_files(tmp_path) == [newest, newer, old]
    assert bytes_kept(tmp_path) == 120
    assert clear(tmp_path, most_bytes=120) == 0
    assert clear(tmp_path, most_bytes=100) == 40
    assert kept_files(tmp_path) == [newest, newer]
    assert clear(tmp_path) == 80
    assert list(tmp_path.iterdir()) == [images]


def test_a_folder_that_is_not_there_keeps_nothing(tmp_path: Path) -> None:
    assert (bytes_kept(tmp_path / "gone"), clear(tmp_path / "gone")) == (0, 0)
