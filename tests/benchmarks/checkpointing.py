"""What checkpoints cost a run: python -m tests.benchmarks.checkpointing [--model cnn] [--epochs 2] [--images 54000].

A run is trained on the real data as a trainer does it, and the seconds that its checkpoints take are added up: less
than 1 % of the time of training is the target. With fewer images epochs are shorter, and checkpoints come more often.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from core.config import TRAINING_IMAGES, RunConfig
from core.data import fashion_mnist
from core.data.data_set import DataSet
from core.learning.training import CheckpointSaved, Training
from core.presets import config_of
from jobs.settings import settings

TARGET = 0.01
MEGABYTE = 1e6


@dataclass(frozen=True)
class Cost:
    """The checkpoints of one run: how long each took, how large the last was, and how long the run took with them."""

    seconds: list[float]
    bytes: int
    run_s: float

    @property
    def share(self) -> float:
        """Of the time of the run."""
        return sum(self.seconds) / self.run_s


def measure(config: RunConfig, data: DataSet, folder: Path) -> Cost:
    """Train a run and time its checkpoints."""
    training = Training(config, data, folder)
    start = time.monotonic()
    saved = [event for event in training.events() if isinstance(event, CheckpointSaved)]
    return Cost([event.seconds for event in saved], saved[-1].bytes, time.monotonic() - start)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0 only if the target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cnn", help="a preset that needs no weights")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--images", type=int, default=TRAINING_IMAGES, help="training images of an epoch")
    chosen = parser.parse_args(arguments)
    config = config_of(chosen.model, epochs=chosen.epochs, train_size=chosen.images, patience=0)
    with tempfile.TemporaryDirectory(prefix="lookbook-checkpoints-") as folder:
        cost = measure(config, fashion_mnist.load(settings().data), Path(folder))
    print(
        f"{chosen.model}, {chosen.epochs} epochs of {chosen.images:,} images: {len(cost.seconds)} checkpoints of "
        f"{cost.bytes / MEGABYTE:.0f} MB took {sum(cost.seconds):.2f} s of {cost.run_s:.0f} s, {cost.share:.2%} "
        f"(slowest {max(cost.seconds):.2f} s; target under {TARGET:.0%})"
    )
    return int(cost.share >= TARGET)


if __name__ == "__main__":
    sys.exit(main())
