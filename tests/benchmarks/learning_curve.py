"""How many labelled photos are worth it? Accuracy on held-out sources by the number of photos that were learnt.

python -m tests.benchmarks.learning_curve --data NAME --weights FILE [--companion MODEL_FILE...] [--seeds 0 1 2]

NAME is a data set of photos of Fashion-MNIST's classes, imported with what tells their sources (--groups). For each
number and seed the preset `transfer` learns so many photos of four fifths of the sources, with and without the
companions, and predicts those of the rest; every photo is predicted once a seed.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.answers.item_views import training_views
from core.answers.run_end import end_of
from core.answers.voting import vote
from core.datasets import opening, versions
from core.learning.training import Training
from core.presets import config_of
from jobs.settings import settings

NUMBERS = (25, 50, 100, 200, 400)
FOLDS = 5


@dataclass(frozen=True)
class Fold:
    """How many photos were learnt and how many held out; of these, how many the model named right, alone and not."""

    learnt: int
    held_out: int
    alone: int
    together: int


def main() -> None:
    """Print a line for each number of photos: the mean over seeds, the lowest and the highest fold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--weights", type=Path, required=True, help="a torchvision ResNet18 state dict")
    parser.add_argument("--companion", type=Path, nargs="*", default=[], help="model files of runs of Fashion-MNIST")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    chosen = parser.parse_args()
    identity = versions.find(settings().data, chosen.data).hash
    print("photos  seed  alone, %  together, %  folds together, %")
    for number in NUMBERS:
        for seed in chosen.seeds:
            folds = list(folds_of(identity, number, seed, chosen.weights, chosen.companion))
            print(_line(number, seed, folds), flush=True)


def folds_of(identity: str, number: int, seed: int, weights: Path, companions: Sequence[Path]) -> Iterator[Fold]:
    """Learn at most so many photos of a data set in each fold, and predict those that it leaves out."""
    data = opening.open_version(settings().data, identity)
    for fold in range(1, FOLDS + 1):
        changes = {"folds": FOLDS, "fold": fold, "seed": seed, "train_size": number}
        config = config_of("transfer", data=identity, weights_file=str(weights), **changes)
        with TemporaryDirectory() as place:
            training = Training(config, data, Path(place))
            for _ in training.events():
                pass
            answering, _ = end_of(training, config, companions)
        held_out = training.batches.validated_on
        labels = data.train_labels[held_out]
        alone, _ = vote(answering.model, data.train_images[held_out], config)
        together = answering.joined(alone, training_views(data)[held_out]) if companions else alone
        right = [int(np.count_nonzero(logs.argmax(axis=1) == labels)) for logs in (alone, together)]
        yield Fold(len(training.batches.learnt_from), len(held_out), *right)


def _line(number: int, seed: int, folds: Sequence[Fold]) -> str:
    total = sum(fold.held_out for fold in folds)
    alone, together = (
        100 * sum(counts) / total for counts in zip(*((f.alone, f.together) for f in folds), strict=True)
    )
    shares = [100 * fold.together / fold.held_out for fold in folds]
    learnt = round(np.mean([fold.learnt for fold in folds]))
    asked = f"  ({number} asked for)" if learnt < number else ""
    return f"{learnt:6d}  {seed:4d}  {alone:8.1f}  {together:11.1f}  {min(shares):.1f} to {max(shares):.1f}{asked}"


if __name__ == "__main__":
    main()
