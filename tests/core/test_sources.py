"""Where Fashion-MNIST comes from: an installed package, torchvision's mirrors, a package that apt downloads."""

import os
import shutil
import tarfile
from pathlib import Path

import pytest

from core.data import sources
from core.data.sources import DEBIAN_PACKAGE, INSTALLED_PACKAGE, SOURCES, SourceFailed, apt_package, installed_package

NAMES = ("train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte")

APT = """#!/bin/sh
echo "$*" >> "{folder}/calls"
lists=
for argument in "$@"; do
    case "$argument" in Dir::State::lists=*) lists="${{argument#*=}}" ;; esac
done
case "$*" in
    *" update") touch "$lists/Packages" ;;
    *" download {package}")
        if [ -e "{folder}/fresh" ] && [ ! -e "$lists/Packages" ]; then
            echo "E: Unable to locate package {package}"
            exit 100
        fi
        echo "dlstatus:1:50.0:Retrieving file 1 of 1"
        cp "{folder}/{package}_1.0_all.deb" . ;;
esac
"""
UNPACKER = """#!/bin/sh
[ "$1" = -x ] && tar -xf "$2" -C "$3"
"""


def put_files(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.gz").write_bytes(name.encode())
    return folder


def put_program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose apt-get downloads a small package and whose dpkg-deb unpacks it: stand-ins on the PATH."""
    folder = tmp_path / "debian"
    inside = INSTALLED_PACKAGE.relative_to("/")
    put_files(folder / "content" / inside, *NAMES)
    with tarfile.open(folder / f"{DEBIAN_PACKAGE}_1.0_all.deb", "w") as package:
        package.add(folder / "content" / inside, str(inside))
    put_program(folder, "apt-get", APT.format(folder=folder, package=DEBIAN_PACKAGE))
    put_program(folder, "dpkg-deb", UNPACKER)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def silent(_message: str, _share: float | None) -> None:
    """Nobody watches."""


def apt_calls(debian: Path) -> list[str]:
    return [line.split()[-1] for line in (debian / "calls").read_text().splitlines()]


def test_what_is_installed_comes_first_then_the_mirrors_then_apt() -> None:
    """Nothing is downloaded where the files are here, and apt, which may have to fetch its lists, is asked last."""
    assert [source.bring for source in SOURCES] == [installed_package, sources.torchvision_mirrors, apt_package]


def test_an_installed_package_is_used_where_it_lies(
    scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = put_files(tmp_path / "installed", *NAMES)
    monkeypatch.setattr(sources, "INSTALLED_PACKAGE", installed)
    assert installed_package(NAMES, scratch, silent) == installed
    assert list(scratch.iterdir()) == []


def test_an_installed_package_that_lacks_a_file_names_it(
    scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "INSTALLED_PACKAGE", put_files(tmp_path / "installed", NAMES[0]))
    with pytest.raises(SourceFailed, match=f"installed has no readable {NAMES[1]}.gz"):
        installed_package(NAMES, scratch, silent)


def test_apt_downloads_the_package_and_it_is_unpacked_below_the_scratch_folder(debian: Path, scratch: Path) -> None:
    messages: list[tuple[str, float | None]] = []
    brought = apt_package(NAMES, scratch, lambda message, share: messages.append((message, share)))
    assert brought.is_relative_to(scratch)
    assert [(brought / f"{name}.gz").read_text() for name in NAMES] == list(NAMES)
    assert apt_calls(debian) == [DEBIAN_PACKAGE]
    assert (f"Downloading the package {DEBIAN_PACKAGE}", 0.5) in messages


def test_on_a_machine_without_package_lists_apt_fetches_them_into_the_scratch_folder(
    debian: Path, scratch: Path
) -> None:
    (debian / "fresh").touch()
    brought = apt_package(NAMES, scratch, silent)
    assert sorted(path.name for path in brought.iterdir()) == sorted(f"{name}.gz" for name in NAMES)
    assert apt_calls(debian) == [DEBIAN_PACKAGE, "update", DEBIAN_PACKAGE]
    assert (scratch / "apt" / "lists" / "Packages").exists()


def test_a_package_that_apt_cannot_get_fails_with_its_last_words(debian: Path, scratch: Path) -> None:
    (debian / f"{DEBIAN_PACKAGE}_1.0_all.deb").unlink()
    with pytest.raises(SourceFailed, match=r"apt-get ended with status 1: cp: .*No such file"):
        apt_package(NAMES, scratch, silent)


def test_a_package_that_lacks_a_file_names_it(debian: Path, scratch: Path) -> None:
    assert shutil.which("apt-get") == str(debian / "apt-get")
    with pytest.raises(SourceFailed, match="has no readable another.gz"):
        apt_package((*NAMES, "another"), scratch, silent)


@pytest.mark.parametrize("missing", ["apt-get", "dpkg-deb"])
def test_a_machine_without_apt_or_dpkg_says_which_is_missing(
    debian: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    (debian / missing).unlink()
    monkeypatch.setenv("PATH", str(debian))
    with pytest.raises(SourceFailed, match=f"there is no {missing} on this machine"):
        apt_package(NAMES, scratch, silent)
    assert not (debian / "calls").exists()
