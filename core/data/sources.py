"""Where Fashion-MNIST can come from: each source brings the files, gzip-compressed, into a scratch folder."""

import http.client
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[str, float | None], None]
"""Called with a message and the share done, 0 to 1, or None while that is not known."""

DEBIAN_PACKAGE = "dataset-fashion-mnist"
INSTALLED_PACKAGE = Path("/usr/share/datasets/fashion-mnist")

_TIMEOUT_SECONDS = 8
_CHUNK = 1 << 18


class SourceFailed(Exception):
    """This source cannot bring the files; the text says why."""


@dataclass(frozen=True)
class Source:
    """A place to get the files from.

    `bring(names, scratch, progress)` returns the folder that then holds `<name>.gz` for every name, or raises
    SourceFailed. It may write below scratch only.
    """

    title: str
    bring: Callable[[Sequence[str], Path, Progress], Path]


def installed_package(names: Sequence[str], _scratch: Path, _progress: Progress) -> Path:
    """The files of the Debian package, where it is installed."""
    return _holding(INSTALLED_PACKAGE, names)


def torchvision_mirrors(names: Sequence[str], scratch: Path, progress: Progress) -> Path:
    """Download from the mirrors that torchvision names."""
    # Imported here: torchvision brings torch, and nobody who has the data should wait for it.
    from torchvision.datasets import FashionMNIST

    return mirrors(FashionMNIST.mirrors, names, scratch, progress)


def mirrors(addresses: Sequence[str], names: Sequence[str], scratch: Path, progress: Progress) -> Path:
    """Download from the first address that has every file; each address ends with a slash."""
    reasons = []
    for address in addresses:
        try:
            for name in names:
                _download(f"{address}{name}.gz", scratch / f"{name}.gz", progress)
            return scratch
        except SourceFailed as failure:
            reasons.append(f"{address}: {failure}")
    raise SourceFailed("; ".join(reasons))


def apt_package(names: Sequence[str], scratch: Path, progress: Progress) -> Path:
    """Download the Debian package by apt and unpack it, without root and without touching the system.

    On a fresh machine apt has no package lists; they are then fetched into the scratch folder.
    """
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise SourceFailed(f"there is no {program} on this machine")
    # The sandbox user of apt may not write into a private folder; as root, apt then warns on every download.
    options = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    options += ["-o", f"Acquire::http::Timeout={_TIMEOUT_SECONDS}", "-o", "Acquire::Retries=1"]
    try:
        _apt([*options, "download", DEBIAN_PACKAGE], scratch, f"Downloading the package {DEBIAN_PACKAGE}", progress)
    except SourceFailed:
        options += _private_lists(scratch)
        _apt([*options, "update"], scratch, "Fetching apt's package lists", progress)
        _apt([*options, "download", DEBIAN_PACKAGE], scratch, f"Downloading the package {DEBIAN_PACKAGE}", progress)
    package = next(scratch.glob(f"{DEBIAN_PACKAGE}_*.deb"))
    _run(["dpkg-deb", "-x", str(package), str(scratch)], scratch)
    return _holding(scratch / INSTALLED_PACKAGE.relative_to("/"), names)


SOURCES = (
    Source(f"the installed package {DEBIAN_PACKAGE}", installed_package),
    Source("torchvision's mirrors", torchvision_mirrors),
    Source(f"apt, package {DEBIAN_PACKAGE}", apt_package),
)


def _holding(folder: Path, names: Sequence[str]) -> Path:
    missing = [name for name in names if not os.access(folder / f"{name}.gz", os.R_OK)]
    if missing:
        raise SourceFailed(f"{folder} has no readable {', '.join(f'{name}.gz' for name in missing)}")
    return folder


def _download(address: str, target: Path, progress: Progress) -> None:
    with target.open("wb") as opened:
        for chunk, share in _chunks(address):
            opened.write(chunk)
            progress(f"Downloading {target.name}", share)


def _chunks(address: str) -> Iterator[tuple[bytes, float | None]]:
    """The bytes at an address, piece by piece, each with the share of all that has come; network errors say why."""
    came = 0
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as response:
            expected = int(response.headers.get("Content-Length", 0))
            while chunk := response.read(_CHUNK):
                came += len(chunk)
                yield chunk, came / expected if expected else None
    except (OSError, http.client.HTTPException) as error:
        raise SourceFailed(str(getattr(error, "reason", None) or error)) from error
    if came < expected:
        raise SourceFailed(f"the connection ended after {came:,} of {expected:,} bytes")


def _private_lists(scratch: Path) -> list[str]:
    lists, cache = scratch / "apt" / "lists", scratch / "apt" / "cache"
    (lists / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    return ["-o", f"Dir::State::lists={lists}/", "-o", f"Dir::Cache={cache}/"]


def _apt(arguments: Sequence[str], scratch: Path, message: str, progress: Progress) -> None:
    progress(message, None)
    for line in _lines(["apt-get", "-o", "APT::Status-Fd=1", *arguments], scratch):
        if status := re.match(r"dlstatus:[^:]*:([0-9.]+):", line):
            progress(message, float(status[1]) / 100)


def _run(command: Sequence[str], folder: Path) -> None:
    for _line in _lines(command, folder):
        pass


def _lines(command: Sequence[str], folder: Path) -> Iterator[str]:
    """The lines a command prints, as it prints them; raise SourceFailed with its last complaint if it fails."""
    with subprocess.Popen(
        ["env", "LC_ALL=C.UTF-8", *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        last = ""
        for line in process.stdout or ():
            last = line.strip() or last
            yield line
    if process.returncode != 0:
        raise SourceFailed(f"{command[0]} ended with status {process.returncode}: {last}")
