"""Whatever is written on the command line is done or refused in words: no command ends with a traceback."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from PIL import Image

from core.errors import ConfigurationError
from jobs.results import photo_sets
from jobs.store.filters import Filter
from jobs.store.queries import list_runs
from jobs.store.store import Store
from tests import stores
from tests.jobs.test_cli import Capture, every_command, run

HOSTILE = (
    *("", " ", "\0", "a\0b", "\udcff", "a\udc80.png", "~nosuchuser/a", "~nosuchuser", "..", "/", "/dev/zero"),
    *("9" * 5000, f"-{'9' * 5000}", str(2**63), str(2**64), "-1", "0", "1e400", "NaN", "[" * 100_000, "{" * 100_000),
    *("n" * 300, "n" * 100_000, "w " * 50 + "x y z", "%s%n", "a=b", "seed=1", "--", "\x1b[31m", "\u202e", "/dev/null"),
)
WAIT_FOR_EVER = {"worker", "data", "data fetch"}
"""Commands that go on until they are ended, or fetch many megabytes."""


COMMANDS = {name: command for name, command in every_command() if name not in WAIT_FOR_EVER}


def calls(name: str, hostile: str) -> Iterator[list[str]]:
    """The command with a hostile value in each of its arguments, and each of its options in turn."""
    places = [param for param in COMMANDS[name].params if isinstance(param, click.Argument)]
    options = [param for param in COMMANDS[name].params if isinstance(param, click.Option) and not param.is_flag]
    if places:
        yield [*name.split(), *(hostile for _ in places)]
    for option in options:
        needed = [other for other in options if other.required and other is not option]
        yield [
            *name.split(),
            *("a" for _ in places),
            f"{option.opts[-1]}={hostile}",
            *(f"{other.opts[-1]}=folders" for other in needed),
        ]


def check(capsys: Capture, arguments: list[str]) -> None:
    """A command ends well or says in words what is wrong."""
    status, out, err = run(capsys, *arguments)
    assert status in (0, 1, 2), (arguments, err)
    assert status == 0 or err, arguments
    assert "Traceback" not in err
    (out + err).encode()


@pytest.fixture
def elsewhere(store: Store, own_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory and a data folder that may be filled, and a run called a."""
    assert own_data.is_dir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    stores.add(store, stores.Sample(name="a"))


@pytest.mark.slow
@pytest.mark.usefixtures("elsewhere")
def test_what_is_no_text_is_refused_by_every_command(capsys: Capture) -> None:
    for command in COMMANDS:
        check(capsys, next(calls(command, "\udcff"), ["slots", "9" * 5000]))


@pytest.mark.slow
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("command", COMMANDS)
def test_no_argument_of_any_command_ends_in_a_traceback(capsys: Capture, command: str) -> None:
    for hostile in HOSTILE:
        for arguments in calls(command, hostile):
            check(capsys, arguments)


def test_a_photo_whose_name_is_no_text_is_told_and_kept(store: Store, tmp_path: Path, capsys: Capture) -> None:
    photo = Path(os.fsdecode(bytes(tmp_path / "r") + b"\xfc.png"))
    Image.new("L", (40, 40), 200).save(photo)
    folder = tmp_path / "Bag"
    folder.mkdir()
    photo.rename(folder / photo.name)
    status, _, _ = run(capsys, "photo-set", "add", "odd", str(folder), "--labels", "folders")
    assert status == 0
    (kept,) = photo_sets.list_sets(store)
    assert photo_sets.photos_of(store, kept)[0].name.encode().endswith(b".png")


def test_search_words_without_end_are_refused_with_what_is_possible(store: Store) -> None:
    for search in ("n" * 100_000, " ".join(map(str, range(1000)))):
        with pytest.raises(ConfigurationError, match="at most 50 words of at most 200 characters"):
            list_runs(store, Filter(search=search))
    assert list_runs(store, Filter(search="word " * 1000)) == []
