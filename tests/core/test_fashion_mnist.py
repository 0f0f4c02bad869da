"""Fashion-MNIST is fetched whole or not at all, checked, and split the same way everywhere."""

import functools
import gzip
import hashlib
import http.server
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.data import fashion_mnist, idx, sources
from core.data.idx import IdxFile, raw_folder
from core.data.sources import Progress, Source, SourceFailed
from core.errors import DataError


@dataclass(frozen=True)
class Published:
    """A small data set as somebody publishes it: what its files must be, and a folder with the packed files."""

    files: tuple[IdxFile, ...]
    folder: Path

    def source(self, title: str = "a copy") -> Source:
        return Source(title, lambda _names, _scratch, _progress: self.folder)


@pytest.fixture
def published(tmp_path: Path) -> Published:
    folder = tmp_path / "published"
    folder.mkdir()
    rng = np.random.default_rng(0)
    files = []
    for real in idx.FILES:
        shape = (20, *real.shape[1:])
        plain = IdxFile(real.name, shape, "")
        content = plain.header + rng.integers(0, 10, shape, dtype=np.uint8).tobytes()
        (folder / f"{real.name}.gz").write_bytes(gzip.compress(content))
        files.append(IdxFile(real.name, shape, hashlib.sha256(content).hexdigest()))
    return Published(tuple(files), folder)


@pytest.fixture
def server(published: Published) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(published.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Tests print nothing."""


def failing(reason: str) -> Source:
    def bring(_names: Sequence[str], _scratch: Path, _progress: Progress) -> Path:
        raise SourceFailed(reason)

    return Source(f"the source that says {reason!r}", bring)


def from_mirrors(*addresses: str) -> Source:
    return Source("mirrors", functools.partial(sources.mirrors, addresses))


def whole(folder: Path, files: Sequence[IdxFile]) -> bool:
    return all(idx.is_whole(raw_folder(folder) / file.name, file) for file in files)


def test_the_header_is_that_of_the_idx_format() -> None:
    assert idx.TRAIN_IMAGES.header.hex() == "00000803" + "0000ea60" + "0000001c" + "0000001c"
    assert idx.TEST_LABELS.header.hex() == "00000801" + "00002710"
    assert (idx.TRAIN_IMAGES.size, idx.TEST_LABELS.size) == (47_040_016, 10_008)


def test_files_are_fetched_from_a_mirror_with_progress(published: Published, server: str, tmp_path: Path) -> None:
    messages: list[tuple[str, float | None]] = []
    fashion_mnist.fetch(
        tmp_path / "data",
        lambda message, share: messages.append((message, share)),
        files=published.files,
        sources=[from_mirrors(server)],
    )
    assert whole(tmp_path / "data", published.files)
    assert ("Downloading train-images-idx3-ubyte.gz", 1.0) in messages
    assert messages[-1] == ("All files are unpacked and verified", 1.0)
    assert not (tmp_path / "data" / ".fetch").exists()


def test_the_next_source_is_tried_and_a_mirror_without_the_file_says_so(
    published: Published, server: str, tmp_path: Path
) -> None:
    messages: list[str] = []
    fashion_mnist.fetch(
        tmp_path / "data",
        lambda message, _share: messages.append(message),
        files=published.files,
        sources=[failing("closed today"), from_mirrors(f"{server}nothing/", server)],
    )
    assert whole(tmp_path / "data", published.files)
    assert any("closed today" in message for message in messages)


def test_if_no_source_works_the_error_lists_each_with_its_reason(
    published: Published, server: str, tmp_path: Path
) -> None:
    tried = [failing("closed today"), from_mirrors(f"{server}nothing/", "http://127.0.0.1:9/")]
    with pytest.raises(DataError) as refused:
        fashion_mnist.fetch(tmp_path / "data", files=published.files, sources=tried)
    for reason in ("closed today", "File not found", "refused", "python -m jobs data", "t10k-labels-idx1-ubyte"):
        assert reason in str(refused.value)
    assert not list(raw_folder(tmp_path / "data").glob("*"))


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"no gzip", id="no gzip"),
        pytest.param(gzip.compress(b"other"), id="other content"),
        pytest.param(gzip.compress(bytes(15_696))[:-9], id="cut short"),
    ],
)
def test_a_damaged_download_is_never_kept(damaged: bytes, published: Published, tmp_path: Path) -> None:
    (published.folder / "t10k-images-idx3-ubyte.gz").write_bytes(damaged)
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte"):
        fashion_mnist.fetch(tmp_path / "data", files=published.files, sources=[published.source()])
    assert not (raw_folder(tmp_path / "data") / "t10k-images-idx3-ubyte").exists()


def test_only_what_is_missing_or_damaged_is_fetched_again(published: Published, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    asked: list[str] = []
    fashion_mnist.fetch(folder, files=published.files, sources=[published.source()])
    damaged = raw_folder(folder) / "t10k-labels-idx1-ubyte"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\xff")

    def bring(names: Sequence[str], _scratch: Path, _progress: Progress) -> Path:
        asked.extend(names)
        return published.folder

    fashion_mnist.fetch(folder, files=published.files, sources=[Source("a copy", bring)])
    assert asked == ["t10k-labels-idx1-ubyte"]
    assert whole(folder, published.files)


def test_with_the_files_in_place_no_source_is_asked_and_nothing_is_written(
    published: Published, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    fashion_mnist.fetch(folder, files=published.files, sources=[published.source()])
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    fashion_mnist.fetch(folder, files=published.files, sources=[failing("must not be asked")])
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_fetch_that_fails_lists_only_the_files_that_are_missing_or_damaged(
    published: Published, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    fashion_mnist.fetch(folder, files=published.files, sources=[published.source()])
    raw = raw_folder(folder)
    (raw / "t10k-labels-idx1-ubyte").unlink()
    (raw / "train-labels-idx1-ubyte").write_bytes(b"damaged")
    with pytest.raises(DataError) as refused:
        fashion_mnist.fetch(folder, files=published.files, sources=[failing("closed today")])
    assert f"(train-labels-idx1-ubyte, t10k-labels-idx1-ubyte) to {raw}" in refused.value.advice
    assert "images" not in refused.value.advice


def test_the_stamps_of_a_data_folder_change_with_its_files(published: Published, tmp_path: Path) -> None:
    assert fashion_mnist.stamps(tmp_path) == ()
    fashion_mnist.fetch(tmp_path, files=published.files, sources=[published.source()])
    before = fashion_mnist.stamps(tmp_path)
    assert len(before) == len(published.files)
    assert fashion_mnist.stamps(tmp_path) == before
    changed = raw_folder(tmp_path) / "t10k-labels-idx1-ubyte"
    changed.write_bytes(changed.read_bytes() + b"more")
    assert fashion_mnist.stamps(tmp_path) != before


def test_two_that_fetch_at_once_ask_a_source_only_once(published: Published, server: str, tmp_path: Path) -> None:
    asked: list[int] = []

    def bring(names: Sequence[str], scratch: Path, progress: Progress) -> Path:
        asked.append(1)
        return sources.mirrors([server], names, scratch, progress)

    def fetch(_number: int) -> None:
        fashion_mnist.fetch(tmp_path / "data", files=published.files, sources=[Source("mirror", bring)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fetch, range(4)))
    assert len(asked) == 1
    assert whole(tmp_path / "data", published.files)


def test_what_a_killed_fetch_left_behind_is_removed(published: Published, tmp_path: Path) -> None:
    left = tmp_path / "data" / ".fetch"
    left.mkdir(parents=True)
    (left / "half a file").write_bytes(b"half")
    fashion_mnist.fetch(tmp_path / "data", files=published.files, sources=[published.source()])
    assert not left.exists()


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(published: Published, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(DataError, match="cannot be written.*LOOKBOOK_DATA"):
        fashion_mnist.fetch(tmp_path / "data", files=published.files, sources=[published.source()])


def test_a_file_that_is_missing_short_or_changed_is_named_with_what_to_do(published: Published, tmp_path: Path) -> None:
    file = published.files[2]
    path = tmp_path / file.name
    content = gzip.decompress((published.folder / f"{file.name}.gz").read_bytes())
    for damaged, reason in (
        (None, "missing"),
        (content[:-1], "bytes instead of"),
        (b"\1" + content[1:], "header"),
        (content[:-1] + bytes([content[-1] ^ 1]), "SHA-256"),
    ):
        if damaged is not None:
            path.write_bytes(damaged)
        with pytest.raises(DataError, match=reason) as refused:
            idx.check_fully(path, file)
        assert str(path) in refused.value.message
        assert "python -m jobs data" in refused.value.advice


def test_reading_gives_the_published_numbers_and_they_cannot_be_overwritten(
    published: Published, tmp_path: Path
) -> None:
    fashion_mnist.fetch(tmp_path, files=published.files, sources=[published.source()])
    for file in published.files:
        array = idx.read(raw_folder(tmp_path) / file.name, file)
        assert array.shape == file.shape
        assert file.header + array.tobytes() == (raw_folder(tmp_path) / file.name).read_bytes()
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_an_empty_data_folder_holds_no_data(tmp_path: Path) -> None:
    assert not fashion_mnist.is_present(tmp_path)
    with pytest.raises(DataError, match="train-images-idx3-ubyte is missing"):
        fashion_mnist.load(tmp_path)
