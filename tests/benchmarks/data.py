"""How long does a large data set take to import, in how much memory? Pictures made by rule give the answer.

python -m tests.benchmarks.data [--images N] [--classes K] [--format jpg|png] [--folder FOLDER]

N coloured pictures of 64x64 pixels (100,000 by default) are made in K class folders, and imported as
`python -m jobs data add` does it, in a process of its own. The exit status is 1 when a target is missed: 5 minutes, and
1 GB for all processes together.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from core.statistics import wording

MOST_SECONDS, MOST_BYTES = 300.0, 10**9
SIDE = 64
_PROGRAM = """
import sys
from pathlib import Path
from core.datasets.importing import Options, add
add(Path(sys.argv[1]), "benchmark", Path(sys.argv[2]), Options(side=64), lambda message, share: None)
"""


def main() -> int:
    """Make the pictures, import them, print what it took; 0 when both targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--format", choices=("jpg", "png"), default="jpg")
    parser.add_argument("--folder", type=Path, help="where to make the pictures; they are kept there for the next time")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        pictures = chosen.folder or Path(scratch) / "pictures"
        make_pictures(pictures, chosen.images, chosen.classes, chosen.format)
        return measure(pictures, Path(scratch) / "data")


def make_pictures(folder: Path, count: int, classes: int, kind: str) -> None:
    """Waves whose direction tells the class, in two random colours, with noise; what is there already stays."""
    rng = np.random.default_rng(0)
    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    for number in range(count):
        place = folder / f"class {number % classes:02d}" / f"{number:06d}.{kind}"
        angle = np.pi * (number % classes) / classes
        frequency, phase = rng.uniform(2, 8), rng.uniform(0, 2 * np.pi)
        colours = rng.uniform(0, 255, (2, 3))
        if place.exists():
            continue
        wave = np.sin(2 * np.pi * frequency * (down * np.sin(angle) + across * np.cos(angle)) + phase) / 2 + 0.5
        pixels = wave[..., None] * colours[0] + (1 - wave[..., None]) * colours[1]
        noise = np.random.default_rng(number).normal(0, 8, (SIDE, SIDE, 1))
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8)).save(place)


def measure(pictures: Path, data: Path) -> int:
    """Import the pictures in a process of its own; print seconds, memory and disk."""
    start, memory = time.monotonic(), 0
    with subprocess.Popen([sys.executable, "-c", _PROGRAM, str(data), str(pictures)]) as process:
        while process.poll() is None:
            memory = max(memory, _resident(process.pid))
            time.sleep(0.1)
    seconds = time.monotonic() - start
    if process.returncode:
        return 1
    before, after = (sum(file.stat().st_size for file in place.rglob("*.*")) for place in (pictures, data))
    print(f"Import          {seconds:8.1f} s      at most {MOST_SECONDS:.0f}")
    print(f"Memory          {wording.size(memory):>10}      at most {wording.size(MOST_BYTES)}")
    print(f"Pictures        {wording.size(before):>10}")
    print(f"Stored          {wording.size(after):>10}")
    return int(seconds > MOST_SECONDS or memory > MOST_BYTES)


def _resident(pid: int) -> int:
    """The memory of a process and of those that decode for it, in bytes; 0 when it has just ended."""
    try:
        process = psutil.Process(pid)
        return sum(part.memory_info().rss for part in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


if __name__ == "__main__":
    sys.exit(main())
