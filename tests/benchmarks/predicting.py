"""How fast photos are answered: python -m tests.benchmarks.predicting --run RUN [--images FOLDER] [--times 30].

RUN is a run's id or name, or a model file; without --images the photos are the page's drawn samples. Three ways, each
with its targets: one photo after the other dropped on the page Predict, open in a real Chromium, from the moment when
the file is set until the verdict stands there, after one to warm up; a zip of 200 photos dropped there, until the first
answers stand in a table and until all do; and the command predict on a folder of 1,000, with how much of the cores it
used. Photos are repeated under other names where there are too few.
"""

import argparse
import contextlib
import io
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from shutil import copyfile

import psutil
from playwright.sync_api import FilePayload, Page

from core.machine.cores import usable_cores
from dashboard.sections.predict.samples import SAMPLES, draw_sample
from jobs.running.background import open_here
from jobs.settings import ROOT, child_environment
from jobs.store import run_files
from jobs.store.queries import find_run
from jobs.store.store import Store
from tests.browser.conftest import Dashboard, running_browser, running_dashboard, settle
from tests.untrained import add_run_with_model

ONE_TARGET_S = 0.3
FIRST_TARGET_S = 2.0
ZIP_TARGET_S = 25.0
CORES_TARGET = 0.8
"""Share of the time of all cores that the command uses; less where other work runs beside it."""
IN_ZIP, IN_FOLDER = 200, 1000
PATIENCE_MS = 300_000

HAS_VERDICT = """name => [...document.querySelectorAll("h3")].some(heading => heading.textContent.includes(name))
  && document.querySelector("strong") !== null"""

Photos = Iterator[tuple[str, bytes]]
"""Names, each once, and contents of photos, without end."""


def main() -> int:
    """Measure the three ways and print what each took; return 1 if one misses its target."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--run", required=True, help="a run's id or name, or a model file")
    arguments.add_argument("--images", type=Path, help="a folder of photos")
    arguments.add_argument("--times", type=int, default=30, help="how many photos are dropped alone")
    chosen = arguments.parse_args()
    if chosen.times < 2:
        arguments.error("--times must be at least 2: one time has no spread")
    model = Path(chosen.run) if Path(chosen.run).is_file() else _model_of(chosen.run)
    photos = _photos(chosen.images)
    with tempfile.TemporaryDirectory() as folder, running_dashboard(Path(folder)) as served:
        run_id = add_run_with_model(served.store, "asked")
        copyfile(model, run_files.files_of(served.store, run_id).model)
        held = report_page(*on_the_page(served, run_id, photos, chosen.times))
        held &= report_command(*by_command(served.store, run_id, photos, Path(folder) / "photos"))
    return int(not held)


def on_the_page(served: Dashboard, run_id: str, photos: Photos, times: int) -> tuple[list[float], float, float]:
    """Seconds for each of so many photos dropped alone, and for the first and the last answer to a zip."""
    with running_browser() as browser, browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{served.address}/predict?run={run_id}")
        settle(page)
        alone = [dropped(page, *photo) for photo in itertools.islice(photos, times + 1)][1:]
        packed = _zip(photos)
        began = time.perf_counter()
        _drop(page, "many.zip", packed)
        page.get_by_test_id("stDataFrame").first.wait_for()
        first = time.perf_counter() - began
        page.get_by_text("All predictions").wait_for()
        settle(page)
        return alone, first, time.perf_counter() - began


def dropped(page: Page, name: str, content: bytes) -> float:
    """Seconds from setting the file until its verdict stands on the page; the photo is then removed."""
    began = time.perf_counter()
    _drop(page, name, content)
    page.wait_for_function(HAS_VERDICT, arg=name)
    seconds = time.perf_counter() - began
    settle(page)
    page.get_by_role("button", name="Remove this upload").click()
    page.get_by_text("Add photos or choose a drawn sample").wait_for()
    settle(page)
    return seconds


def by_command(store: Store, run_id: str, photos: Photos, folder: Path) -> tuple[float, float]:
    """Seconds that the command takes for a folder of photos, and the share of the time of all cores it used."""
    folder.mkdir()
    for name, content in itertools.islice(photos, IN_FOLDER):
        (folder / name).write_bytes(content)
    began, used = time.perf_counter(), dict[int, float]()
    with subprocess.Popen(
        [sys.executable, "-m", "jobs", "predict", run_id, str(folder)],
        cwd=ROOT,
        env=child_environment(store.engine.url.render_as_string(), store.artifacts),
        stdout=subprocess.DEVNULL,
    ) as command:
        process = psutil.Process(command.pid)
        while command.poll() is None:
            # Decoders leave after the command, so nobody waits for them: their time is only told while they live.
            with contextlib.suppress(psutil.Error):
                used |= {each.pid: sum(each.cpu_times()[:2]) for each in [process, *process.children(recursive=True)]}
            time.sleep(0.1)
    seconds = time.perf_counter() - began
    if command.returncode:
        raise RuntimeError(f"predict failed with {command.returncode}")
    return seconds, sum(used.values()) / (seconds * usable_cores())


def report_page(alone: list[float], first: float, complete: float) -> bool:
    """Print what was measured on the page beside the targets; whether it holds them."""
    tail = statistics.quantiles(alone, n=20, method="inclusive")[-1]
    median = statistics.median(alone)
    print(f"one photo, n = {len(alone)}: median {median:.3f} s, p95 {tail:.3f} s (target {ONE_TARGET_S:g} s)")
    print(
        f"a zip of {IN_ZIP}: first answers after {first:.1f} s (target {FIRST_TARGET_S:g} s), "
        f"all after {complete:.1f} s (target {ZIP_TARGET_S:g} s)",
        flush=True,
    )
    return tail <= ONE_TARGET_S and first <= FIRST_TARGET_S and complete <= ZIP_TARGET_S


def report_command(seconds: float, share: float) -> bool:
    """Print what was measured of the command beside the target, and what else the machine had to do; likewise."""
    cores = usable_cores()
    print(f"predict on {IN_FOLDER:,} photos: {seconds:.1f} s, {share:.0%} of {cores} cores (target {CORES_TARGET:.0%})")
    print(f"load of the last minutes {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    return share >= CORES_TARGET


def _model_of(words: str) -> Path:
    store = open_here()
    return run_files.files_of(store, find_run(store, words).id).model


def _photos(folder: Path | None) -> Photos:
    drawn = [partial(draw_sample, name) for name in SAMPLES]
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    readers: Sequence[Callable[[], bytes]] = [path.read_bytes for path in files] or drawn
    return ((f"{number}.png", read()) for number, read in enumerate(itertools.cycle(readers)))


def _zip(photos: Photos) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for name, content in itertools.islice(photos, IN_ZIP):
            opened.writestr(name, content)
    return packed.getvalue()


def _drop(page: Page, name: str, content: bytes) -> None:
    file: FilePayload = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files([file])


if __name__ == "__main__":
    sys.exit(main())
