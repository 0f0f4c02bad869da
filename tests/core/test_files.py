"""A file that a person names is one, and can be read, or it is said at once what it is instead."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import WeightsError
from core.files import UnusableFile, read_start, read_whole, require_regular, shown, written_aside
from tests.rights import rights_of_files_hold


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """A folder with something of every kind."""
    (tmp_path / "letter").write_bytes(b"dear reader")
    (tmp_path / "link").symlink_to("letter")
    (tmp_path / "lost").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(5 * 2**30)
    return tmp_path


def test_a_file_and_a_link_to_one_are_read(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(places))
    for name in (places / "letter", places / "link", Path("~/letter")):
        assert require_regular(name).name == name.name
        assert read_whole(name, 11) == b"dear reader"
        assert read_start(name, 4) == b"dear"


KINDS = {
    "absent": "does not exist",
    "lost": "broken link",
    "circle": "symbolic links",
    "folder": "a folder",
    "pipe": "a named pipe",
    "/dev/zero": "a device",
    "sparse": "5,368.7 MB; the limit is 1",
    "letter/inside": "Not a directory",
    "n" * 300: "too long",
    "a\0b": "null byte",
}


@pytest.mark.parametrize("name", KINDS, ids=[name[:20].replace("\0", "") for name in KINDS])
def test_anything_else_is_named_at_once(places: Path, name: str) -> None:
    for read in (require_regular, read_whole):
        with pytest.raises(WeightsError, match=KINDS[name]) as refused:
            read(places / name, 10**6, error=WeightsError, advice="Name another.")
        assert refused.value.advice == "Name another."


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("end")
        with pytest.raises(UnusableFile, match="a socket"):
            require_regular(Path("end"))


def test_the_home_of_nobody_is_said(places: Path) -> None:
    assert places.is_dir()
    with pytest.raises(UnusableFile, match="no home folder for ~nosuchuser/a"):
        require_regular(Path("~nosuchuser/a"))


def test_a_file_that_says_nothing_of_its_size_is_read_no_further_than_the_limit() -> None:
    with pytest.raises(UnusableFile, match="exceeds the limit of 0 MB"):
        read_whole(Path("/proc/self/smaps"), 100)


def test_a_file_that_is_closed_to_this_user_is_named(places: Path) -> None:
    (places / "letter").chmod(0)
    with rights_of_files_hold(), pytest.raises(UnusableFile, match="Permission denied"):
        require_regular(places / "letter")


def test_names_that_are_no_text_can_be_told(places: Path) -> None:
    name = os.fsdecode(bytes(places / "r") + b"\xfc")
    Path(name).write_bytes(b"")
    assert read_whole(Path(name), 1) == b""
    with pytest.raises(UnusableFile) as refused:
        require_regular(Path(name + "\udcff"))
    str(refused.value).encode()


@given(st.text(st.characters(), max_size=30))
def test_any_path_is_a_file_or_refused_in_words_that_can_be_written(name: str) -> None:
    try:
        require_regular(Path("/nonexistent") / name)
    except UnusableFile as error:
        str(error).encode()
    shown(name).encode()


def test_what_is_written_aside_takes_the_place_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")

    def write_half() -> None:
        with written_aside(path) as aside:
            aside.write_text("half")
            raise ValueError("cannot go on")

    with pytest.raises(ValueError, match="cannot go on"):
        write_half()
    assert path.read_text() == "before"
    with written_aside(path) as aside:
        aside.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_written_aside_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def write(*, whole: bool) -> None:
        with written_aside(tmp_path / "folder") as aside:
            aside.mkdir()
            (aside / "one").write_text("half")
            if not whole:
                raise ValueError("cannot go on")

    with pytest.raises(ValueError, match="cannot go on"):
        write(whole=False)
    assert list(tmp_path.iterdir()) == []
    write(whole=True)
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]
    assert (tmp_path / "folder" / "one").read_text() == "half"
    with pytest.raises(OSError, match="not empty"):
        write(whole=True)
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]
