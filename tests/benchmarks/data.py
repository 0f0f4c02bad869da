"""How long does a large data set take to import, to learn from and to show, in how much memory?

python -m tests.benchmarks.data [--images N] [--classes K] [--format jpg|png] [--folder FOLDER]

N coloured pictures of 64x64 pixels (100,000 by default) are made by rule in K class folders, and imported as
`python -m jobs data add` does it, in a process of its own. In another one the preset cnn learns from them until it has
seen 5,000. Then the pages that show the data set are opened in Chromium, the first time and once more. The exit status
is 1 when a target is missed: 5 minutes and 1 GB for all processes that import, and 1 second for a page.
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

from core.datasets import versions
from core.statistics import wording
from tests.benchmarks.pages import gone_to
from tests.browser.conftest import running_browser, running_dashboard, settle

MOST_SECONDS, MOST_BYTES, MOST_PAGE_SECONDS = 300.0, 10**9, 1.0
SIDE = 64
_PROGRAM = """
import sys
from pathlib import Path
from core.datasets.importing import Options, add
add(Path(sys.argv[1]), "benchmark", Path(sys.argv[2]), Options(side=64), lambda message, share: None)
"""
_TRAINING = """
import sys, time
from pathlib import Path
from core.datasets import opening, versions
from core.learning.events import Progress
from core.learning.training import Training
from core.presets import config_of
folder, began = Path(sys.argv[1]), time.monotonic()
version = versions.find(folder, "benchmark")
opening.verify(folder, version)
print(f"Verified        {time.monotonic() - began:8.1f} s")
config = config_of("cnn", data=version.hash, train_size=10**7)
training = Training(config, opening.open_version(folder, version.hash), folder / "training")
images = 0
for event in training.events():
    if isinstance(event, Progress):
        if not images:
            print(f"First batch     {time.monotonic() - began:8.1f} s")
            first = time.monotonic()
        images += config.batch_size
        if images >= 5_000:
            break
print(f"Training        {(images - config.batch_size) / (time.monotonic() - first):8.0f} images/s (cnn, 28x28)")
"""


def main() -> int:
    """Make the pictures, import them, learn from them, show them, print what it took; 0 when all targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--format", choices=("jpg", "png"), default="jpg")
    parser.add_argument("--folder", type=Path, help="where to make the pictures; they are kept there for the next time")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        pictures = chosen.folder or Path(scratch) / "pictures"
        make_pictures(pictures, chosen.images, chosen.classes, chosen.format)
        data = Path(scratch) / "data"
        return measure_import(pictures, data) or measure_training(data) | measure_pages(data, Path(scratch))


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


def measure_import(pictures: Path, data: Path) -> int:
    """Import the pictures in a process of its own; print seconds, memory and disk."""
    start = time.monotonic()
    status, memory = _watched(_PROGRAM, data, pictures)
    seconds = time.monotonic() - start
    if status:
        return 1
    before, after = (sum(file.stat().st_size for file in place.rglob("*.*")) for place in (pictures, data))
    print(f"Import          {seconds:8.1f} s      at most {MOST_SECONDS:.0f}")
    print(f"Memory          {wording.size(memory):>10}      at most {wording.size(MOST_BYTES)}")
    print(f"Pictures        {wording.size(before):>10}")
    print(f"Stored          {wording.size(after):>10}")
    return int(seconds > MOST_SECONDS or memory > MOST_BYTES)


def measure_training(data: Path) -> int:
    """Learn from some of the pictures in a process of its own, which prints seconds and speed; print its memory."""
    status, memory = _watched(_TRAINING, data)
    print(f"Memory          {wording.size(memory):>10}")
    return int(status != 0)


def measure_pages(data: Path, folder: Path) -> int:
    """Open the pages that show the data set in a real Chromium; print how long each takes, at first and once more."""
    pinned = versions.find(data, "benchmark").pinned
    seconds = []
    (folder / "dashboard").mkdir()
    with running_dashboard(folder / "dashboard", DATA=str(data)) as served, running_browser() as browser:
        page = browser.new_page()
        page.goto(f"{served.address}/predict")
        settle(page)
        for name in ("data", "launch"):
            times = []
            for _ in range(2):
                times.append(gone_to(page, f"{served.address}/{name}?data={pinned}"))
                gone_to(page, f"{served.address}/predict")
            seconds.append(times[-1])
            print(f"Page {name:<10} {times[0]:8.2f} s      {times[1]:.2f} once more, at most {MOST_PAGE_SECONDS:.0f}")
    return int(max(seconds) > MOST_PAGE_SECONDS)


def _watched(program: str, *paths: Path) -> tuple[int, int]:
    """Run a program in a process of its own; its exit status, and the most memory that it and its children took."""
    memory = 0
    with subprocess.Popen([sys.executable, "-c", program, *map(str, paths)]) as process:
        while process.poll() is None:
            memory = max(memory, _resident(process.pid))
            time.sleep(0.1)
    return process.returncode, memory


def _resident(pid: int) -> int:
    """The memory of a process and of those that decode for it, in bytes; 0 when it has just ended."""
    try:
        process = psutil.Process(pid)
        return sum(part.memory_info().rss for part in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


if __name__ == "__main__":
    sys.exit(main())
