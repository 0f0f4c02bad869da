"""Can a file do any harm? At least a thousand hostile or broken ones, on the way that every photo takes.

python -m tests.benchmarks.uploads [--seed S] [--count N | --each N]

Each file is written to a folder and read as the command line and the page read it. The exit status is 0 only if every
one was answered by a view or by labels, or refused with a reason and advice, within 1.4 GB of memory and 15 s, and a
good photo is still read in the end.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from core.labelling.label_tables import UnreadableLabels, read_table
from core.photos import decoder
from core.photos.model_view import to_model_view
from core.photos.photo_files import PhotoFile, gather, is_table
from core.photos.picture import UnreadablePhoto
from core.texts import clean_name
from tests.benchmarks import hostile_files

MOST_BYTES = 1.4e9
MOST_SECONDS = decoder.PATIENCE_S
COUNT = 1_400


@dataclass
class Outcome:
    """What became of the files: how many were answered, how many refused and with which words, and what failed."""

    files: int = 0
    answered: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    readers: dict[int, float] = field(default_factory=dict)
    """The processes that decoded, with their peak memory; more than one means that a file has ended one."""

    @property
    def told(self) -> int:
        """How many pictures and tables were answered or refused, or have failed."""
        return self.answered + sum(self.refusals.values()) + len(self.failures)


def main(arguments: list[str] | None = None) -> int:
    """Feed the files; print what became of them; return 0 if no promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.uploads", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--each", type=int, help="only the first so many of every family of files")
    chosen = parser.parse_args(arguments)
    outcome, good = Outcome(), PhotoFile("good.png", hostile_files.base("PNG"))
    # What a good photo takes, the model that cuts it out above all, no file can be blamed for.
    _take(good, outcome)
    before = _peak()
    with tempfile.TemporaryDirectory() as folder:
        making = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.hostile_files", folder]
        each = [] if chosen.each is None else [str(chosen.each)]
        subprocess.run([*making, str(chosen.seed), str(chosen.count), *each], check=True)
        for path in sorted(Path(folder).iterdir()):
            _feed(path, outcome)
    _take(good, outcome)
    if outcome.answered == 0 or "good.png" in str(outcome.refusals):
        outcome.failures.append("a good photo is not read any more")
    grown, decoding = _peak() - before, max(outcome.readers.values())
    if grown + decoding > MOST_BYTES:
        outcome.failures.append(f"{(grown + decoding) / 1e6:.0f} MB of memory")
    _report(outcome, grown, decoding)
    return 1 if outcome.failures else 0


def _feed(path: Path, outcome: Outcome) -> None:
    outcome.files += 1
    name, before = clean_name(path.name), outcome.told
    start = time.monotonic()
    for file in gather([path]):
        _take(file, outcome)
    seconds = time.monotonic() - start
    if outcome.told == before:
        outcome.failures.append(f"{name} was neither answered nor refused")
    outcome.slowest = max(outcome.slowest, (seconds, name))
    if seconds > MOST_SECONDS:
        outcome.failures.append(f"{name} took {seconds:.1f} s")


def _take(file: PhotoFile, outcome: Outcome) -> None:
    try:
        if file.error:
            raise file.error
        _answer(file, outcome)
    except (UnreadablePhoto, UnreadableLabels) as refusal:
        outcome.refusals[refusal.message.replace(Path(file.name).name, "It")] += 1
        if not refusal.message or not refusal.advice:
            outcome.failures.append(f"{file.name} is refused without a reason or advice: {refusal}")
    except Exception as error:  # whatever it is, it is what must not happen
        outcome.failures.append(f"{file.name}: {type(error).__name__}: {error}")
    outcome.readers |= {child.pid: _peak_of(child.pid) for child in psutil.Process().children()}


def _answer(file: PhotoFile, outcome: Outcome) -> None:
    name = Path(file.name).name
    if is_table(name, file.content):
        read_table(file.content)
        outcome.answered += 1
    elif file.kind == "other":
        outcome.refusals["It lies beside the photos and is left out."] += 1
    else:
        view = to_model_view(decoder.read_photo(file.content, name))
        outcome.answered += view.image.shape == (28, 28)
    if clean_name(name) != name:
        outcome.failures.append(f"{name!r} is shown as it is")


def _peak() -> float:
    """Peak resident memory of this process in bytes; Linux counts it in kilobytes, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _peak_of(pid: int) -> float:
    """The peak of a process at work, 0 where it is gone or the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next((1024.0 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


def _report(outcome: Outcome, grown: float, decoding: float) -> None:
    refused = sum(outcome.refusals.values())
    print(f"{outcome.files:,} files: {outcome.answered:,} pictures answered, {refused:,} refused with a reason")
    for words, times in outcome.refusals.most_common(12):
        print(f"  {times:5,}  {words[:100]}")
    print(f"slowest: {outcome.slowest[1]}, {outcome.slowest[0]:.2f} s")
    print(f"memory at most: decoder {decoding / 1e6:.0f} MB, this process {grown / 1e6:.0f} MB more than before")
    print(f"decoding processes used: {len(outcome.readers)}")
    for failure in outcome.failures[:20]:
        print(f"FAILED: {failure}")


if __name__ == "__main__":
    sys.exit(main())
