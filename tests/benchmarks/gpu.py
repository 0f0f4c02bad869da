"""What a GPU makes of the presets: python -m tests.benchmarks.gpu [--presets cnn resnet18-scratch ...] [--seconds 20].

For each preset that needs no file of weights: images per second of training, how long the whole preset would take at
that speed, which share of the rate of a matrix product in bfloat16 on the same card the arithmetic of its training is,
peak memory, and whether a run that is continued from a checkpoint ends as one that was not interrupted. For the CNN
also the images per second of the report's pipeline, its model on the same card. `--device cpu` tries it without a card.
"""

import argparse
import copy
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from core import architectures
from core.config import RunConfig
from core.data import fashion_mnist
from core.data.data_set import DataSet
from core.learning.events import Progress
from core.learning.learner import Learner
from core.learning.training import Training
from core.presets import PRESETS, config_of
from jobs.settings import settings
from tests.benchmarks.report import ReportPipeline

WARM_UP = 20
"""Batches before anything is timed: kernels are chosen and memory is taken in the first ones."""
CONTINUED_BATCHES = 12
MATRIX_SIDE = {"cuda": 8192, "cpu": 1024}
MATRIX_TRIES = 10


@dataclass(frozen=True)
class Measured:
    """What one preset does on a device."""

    preset: str
    images_per_s: float
    whole_s: float
    """The time that all its epochs take at that speed, validation left out."""
    flops_per_image: float
    peak_mb: float
    is_exact: bool
    """Whether a continued run had the very weights of one that was not interrupted."""


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was given: it is given work ahead of time."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def speed(training: Training, device: torch.device, batch_size: int, seconds: float) -> float:
    """Images per second of a training, after a warm-up, over so many seconds."""
    progress = _endless(training)
    for _ in range(WARM_UP):
        next(progress)
    synchronise(device)
    start, batches = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        next(progress)
        batches += 1
    synchronise(device)
    return batches * batch_size / (time.perf_counter() - start)


def _endless(training: Training) -> Iterator[Progress]:
    return (event for event in training.events() if isinstance(event, Progress))


def flops_per_image(config: RunConfig, device: torch.device) -> float:
    """Floating-point operations of a training step for each image, a multiplication and an addition as two."""
    learner = Learner(architectures.build(config, 10, colour=False), config, device)
    images = torch.randint(0, 256, (config.batch_size, 28, 28), dtype=torch.uint8, device=device)
    labels = torch.randint(0, 10, (config.batch_size,), device=device)
    learner.begin_epoch()
    with FlopCounterMode(display=False) as counter:
        (prepared,) = learner.prepare([images], [torch.Generator().manual_seed(0)])
        learner.step(prepared, labels)
    return counter.get_total_flops() / config.batch_size


def matrix_rate(device: torch.device) -> float:
    """Floating-point operations per second of a large matrix product in bfloat16: the median of some tries."""
    side = MATRIX_SIDE[device.type]
    first, other = torch.randn(2, side, side, device=device).to(torch.bfloat16).unbind()
    took = []
    for _ in range(MATRIX_TRIES):
        synchronise(device)
        start = time.perf_counter()
        first @ other
        synchronise(device)
        took.append(time.perf_counter() - start)
    return 2 * side**3 / sorted(took)[len(took) // 2]


def continues_exactly(config: RunConfig, data: DataSet, folder: Path) -> bool:
    """Whether so many batches in one go and in two come to the very same weights."""
    whole = Training(config, data, folder / "whole")
    for _ in itertools.islice(_endless(whole), CONTINUED_BATCHES):
        pass
    first = Training(config, data, folder / "halves")
    for _ in itertools.islice(_endless(first), CONTINUED_BATCHES // 2):
        pass
    first.save_checkpoint()
    second = Training(config, data, folder / "halves")
    for _ in itertools.islice(_endless(second), CONTINUED_BATCHES - CONTINUED_BATCHES // 2):
        pass
    expected, got = whole.model.state_dict(), second.model.state_dict()
    return all(torch.equal(expected[name], got[name]) for name in expected)


def measure(preset: str, device: torch.device, data: DataSet, seconds: float) -> Measured:
    """Measure one preset."""
    config = config_of(preset, device=device.type)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with tempfile.TemporaryDirectory(prefix="lookbook-gpu-") as folder:
        rate = speed(Training(config, data, Path(folder) / "speed"), device, config.batch_size, seconds)
        peak = torch.cuda.max_memory_allocated(device) / 1e6 if device.type == "cuda" else float("nan")
        exact = continues_exactly(config, data, Path(folder))
    images = config.training_images() * config.epochs
    return Measured(preset, rate, images / rate, flops_per_image(config, device), peak, exact)


def report_speed(device: torch.device, seconds: float) -> float:
    """Images per second of the report's CNN: its data as the listing reads them, its model on the device."""
    pipeline = ReportPipeline("cnn", settings().data, None)
    model = copy.deepcopy(pipeline.model).to(device).train()
    optimizer, criterion = torch.optim.Adam(model.parameters(), lr=1e-3), torch.nn.CrossEntropyLoss()
    images_done, start = 0, time.perf_counter()
    for images, labels in DataLoader(pipeline.train_data, batch_size=64, shuffle=True):
        optimizer.zero_grad()
        criterion(model(images.to(device)), labels.to(device)).backward()
        optimizer.step()
        images_done += len(labels)
        if time.perf_counter() - start > seconds:
            break
    synchronise(device)
    return images_done / (time.perf_counter() - start)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and print what was measured."""
    without_files = [name for name in PRESETS if not config_of(name).pretrained]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", choices=without_files, default=without_files)
    parser.add_argument("--seconds", type=float, default=20, help="how long each speed is measured")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    chosen = parser.parse_args(arguments)
    if chosen.device == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch finds no GPU here; --device cpu tries the benchmark without one")
    device, data = torch.device(chosen.device), fashion_mnist.load(settings().data)
    rate = matrix_rate(device)
    measured = [measure(preset, device, data, chosen.seconds) for preset in chosen.presets]
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    console = Console()
    console.print(_table(measured, name, rate))
    console.print(f"the report's CNN on {name}: {report_speed(device, chosen.seconds):,.0f} images/s")
    return 0


def _table(measured: list[Measured], name: str, rate: float) -> Table:
    table = Table(
        *("preset", "images/s", "whole preset", "of the bfloat16 rate", "peak memory", "exact continuation"),
        title=f"{name}, bfloat16 product {rate / 1e12:.1f} TFLOP/s",
    )
    for each in measured:
        table.add_row(
            each.preset,
            f"{each.images_per_s:,.0f}",
            f"{each.whole_s:,.0f} s",
            f"{each.images_per_s * each.flops_per_image / rate:.1%}",
            f"{each.peak_mb:,.0f} MB",
            "yes" if each.is_exact else "no",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
