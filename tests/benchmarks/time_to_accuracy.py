"""How long until a checkpoint chosen by validation has a test accuracy: the report's CNN as it trains it, and ours.

    python -m tests.benchmarks.time_to_accuracy [--preset cnn-fast] [--accuracy 0.909] [--seeds N]

Both learn from the same 54,000 images and choose by the loss on the same 6,000, in turn, seed by seed. Counted is all
from the start of the pipeline on: loading, training and validation; the test images only tell when to stop, off the
clock.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from core.config import RunConfig
from core.data import fashion_mnist
from core.data.splits import split_for
from core.learning.evaluation import measure
from core.learning.events import EpochEnded
from core.learning.training import Training
from core.presets import PRESETS, config_of
from jobs.settings import settings
from tests.benchmarks.report import ReportPipeline

MOST_EPOCHS = 40


@dataclass(frozen=True)
class Epoch:
    """An epoch's validation loss, and what tells the test accuracy of the model as it is."""

    loss: float
    test: Callable[[], float]


@dataclass(frozen=True)
class Arrival:
    """When the accuracy was reached: seconds on the clock, epochs, and the test accuracy then."""

    seconds: float
    epochs: int
    accuracy: float


def main() -> None:
    """Measure what the command line names and print it."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    print(f"seconds to {arguments.accuracy:.1%} on test, {arguments.threads} threads")
    ratios = []
    for seed in range(arguments.seeds):
        config = config_of(arguments.preset, seed=seed, threads=arguments.threads, device="cpu")
        report = arrival(_report_epochs(config, arguments.data), arguments.accuracy)
        with tempfile.TemporaryDirectory() as folder:
            ours = arrival(_our_epochs(config, arguments.data, Path(folder)), arguments.accuracy)
        ratios.append(report.seconds / ours.seconds)
        line = f"report {_words(report)}; {arguments.preset} {_words(ours)}; {ratios[-1]:.1f} times"
        print(f"  seed {seed}: {line}", flush=True)
    print(f"  median of {len(ratios)}: {statistics.median(ratios):.1f} times ({min(ratios):.1f} to {max(ratios):.1f})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time to a test accuracy, the report's CNN against ours.")
    parser.add_argument("--preset", choices=list(PRESETS), default="cnn-fast")
    parser.add_argument("--accuracy", type=float, default=0.909)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--data", type=Path, default=settings().data)
    return parser.parse_args()


def arrival(epochs: Iterator[Epoch], accuracy: float) -> Arrival:
    """Run the epochs until one with the lowest validation loss so far has that test accuracy; ValueError if none has.

    What `epochs` does between two of them counts, what `Epoch.test` does not.
    """
    best, seconds, number, start = float("inf"), 0.0, 0, time.perf_counter()
    for epoch in epochs:
        number += 1
        seconds += time.perf_counter() - start
        if epoch.loss < best:
            best, reached = epoch.loss, epoch.test()
            if reached >= accuracy:
                return Arrival(seconds, number, reached)
        start = time.perf_counter()
    raise ValueError(f"No checkpoint of {number} epochs that validation chose has {accuracy:.1%} on test.")


def _report_epochs(config: RunConfig, data: Path) -> Iterator[Epoch]:
    torch.manual_seed(config.seed)
    training, validation = split_for(config, fashion_mnist.load(data))
    report = ReportPipeline("cnn", data, None, (training.tolist(), validation.tolist()))
    for _ in range(MOST_EPOCHS):
        for _ in report.steps():
            pass
        yield Epoch(report.validate(), report.evaluate)


def _our_epochs(config: RunConfig, data: Path, folder: Path) -> Iterator[Epoch]:
    images = fashion_mnist.load(data)
    training = Training(config, images, folder)

    def test() -> float:
        return measure(training.model, images.test_images, images.test_labels, config).accuracy

    for event in training.events():
        if isinstance(event, EpochEnded):
            yield Epoch(event.figures.val_loss, test)


def _words(arrival: Arrival) -> str:
    return f"{arrival.seconds:.0f} s ({arrival.epochs} epochs, {arrival.accuracy:.2%})"


if __name__ == "__main__":
    main()
