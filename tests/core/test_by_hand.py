"""Files of the data set that somebody has put into the data folder are taken where they are the published ones."""

import gzip
import os
import shutil
from pathlib import Path

import pytest

from core.data import by_hand, fashion_mnist
from core.data.idx import raw_folder
from core.errors import DataError
from tests.core.test_fashion_mnist import Published, failing, published, whole

__all__ = ["published"]


def put(published: Published, place: Path, *, packed: bool = True, spelt: str = "-idx") -> None:
    """Put all files into a folder, as .gz or unpacked."""
    place.mkdir(parents=True, exist_ok=True)
    for file in published.files:
        content = (published.folder / f"{file.name}.gz").read_bytes()
        name = file.name.replace("-idx", spelt)
        (place / (f"{name}.gz" if packed else name)).write_bytes(content if packed else gzip.decompress(content))


def fetch(published: Published, folder: Path) -> list[str]:
    """Fetch without any source; what is said meanwhile."""
    messages: list[str] = []
    fashion_mnist.fetch(folder, lambda message, _share: messages.append(message), files=published.files, sources=[])
    return messages


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("place", ["raw", ".", "FashionMNIST/raw", "FashionMNIST"])
def test_they_are_taken_from_each_place_that_suggests_itself_and_stay_there(
    published: Published, tmp_path: Path, place: str, packed: bool
) -> None:
    folder = tmp_path / "data"
    put(published, folder / place, packed=packed)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    fetch(published, folder)
    assert whole(folder, published.files)
    assert all(path.read_bytes() == content for path, content in before.items())


def test_the_other_spelling_of_their_names_is_known(published: Published, tmp_path: Path) -> None:
    put(published, tmp_path / "data", packed=False, spelt=".idx")
    fetch(published, tmp_path / "data")
    assert whole(tmp_path / "data", published.files)


def test_what_is_missing_beside_them_comes_from_a_source(published: Published, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    put(published, folder / "raw")
    (folder / "raw" / f"{published.files[2].name}.gz").unlink()
    with pytest.raises(DataError, match="closed today") as refused:
        fashion_mnist.fetch(folder, files=published.files, sources=[failing("closed today")])
    assert f"({published.files[2].name}) to {raw_folder(folder)}, unpacked or as .gz" in refused.value.advice
    fashion_mnist.fetch(folder, files=published.files, sources=[published.source()])
    assert whole(folder, published.files)


def test_a_wrong_one_is_named_and_a_right_one_elsewhere_is_taken_all_the_same(
    published: Published, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    put(published, folder / "raw")
    first, second, third, fourth = (folder / "raw" / f"{file.name}.gz" for file in published.files)
    first.write_bytes(gzip.compress(bytes(published.files[0].size)))
    second.write_bytes(b"<html>Sign in</html>")
    third.write_bytes(third.read_bytes()[:-20])
    fourth.write_bytes(gzip.compress(bytes(50_000_000)))
    with pytest.raises(DataError) as refused:
        fetch(published, folder)
    for path, reason in ((first, "header"), (second, "gzip"), (third, "ended"), (fourth, "bytes instead of")):
        assert f"{path} is not the published {path.stem} (" in refused.value.message
        assert reason in refused.value.message
    assert not list(raw_folder(folder).glob("*"))
    put(published, folder)
    fetch(published, folder)
    assert whole(folder, published.files)


def test_what_is_no_file_hangs_nothing(published: Published, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    put(published, folder / "raw")
    name = published.files[0].name
    (folder / "raw" / f"{name}.gz").unlink()
    os.mkfifo(folder / "raw" / f"{name}.gz")
    (folder / f"{name}.gz").mkdir()
    with (folder / name).open("wb") as sparse:
        sparse.truncate(5 * 2**30)
    with pytest.raises(DataError, match=r"a named pipe.*5,368.7 MB.*a folder|a named pipe.*a folder.*5,368.7 MB"):
        fetch(published, folder)
    (raw_folder(folder) / name).unlink(missing_ok=True)
    os.mkfifo(raw_folder(folder) / name)
    with pytest.raises(DataError, match="a named pipe"):
        fetch(published, folder)


def test_nothing_is_looked_for_where_everything_is_in_its_place(published: Published, tmp_path: Path) -> None:
    fetch_from = published.source()
    fashion_mnist.fetch(tmp_path, files=published.files, sources=[fetch_from])
    put(published, tmp_path / "raw")
    shutil.rmtree(published.folder)
    assert fetch(published, tmp_path) == ["Checking the data folder"]
    assert raw_folder(tmp_path) in by_hand.places(tmp_path)
