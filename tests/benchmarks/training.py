"""Our training against the report's own pipeline, in turn, on the same machine: images per second and their ratio.

    python -m tests.benchmarks.training [--model cnn|resnet18] [--images N] [--rounds N] [--weights FILE]

Batches of 64. Each round trains the report's pipeline and ours on N images, ours in the precision that the preset takes
here and in float32, and measures the rate of a matrix product in both beside them; medians over the rounds. Then the
evaluation of the 10,000 test images, where the time of a step goes, the time to the first batch of a fresh process,
and its peak memory.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from core.config import RunConfig
from core.data import fashion_mnist
from core.data.data_set import DataSet
from core.data.preprocessing import resize
from core.learning.evaluation import log_probabilities
from core.learning.learner import Learner, generator_at
from core.learning.training import CHECKPOINT_SECONDS, CheckpointSaved, Event, Progress, Training
from core.machine.precision import precision_on
from core.presets import config_of
from jobs.settings import settings
from tests.benchmarks.report import ReportPipeline

CPU = torch.device("cpu")
BATCHES_TO_WARM_UP = 5
MATRIX_SIDE = 2048
MFLOP_PER_IMAGE = {"cnn": 81.0}
"""Multiplications and additions of one training image in the report's CNN, forward and backward."""
MEGABYTE = 1e6


def main() -> None:
    """Measure what the command line names and print it."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.models:
            weights = _weights(name, arguments.weights, Path(scratch))
            config = _config(name, weights, arguments.threads)
            _compare(name, config, weights, arguments, Path(scratch))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Our training against the report's pipeline.")
    parser.add_argument("--model", dest="models", choices=["cnn", "resnet18"], action="append")
    parser.add_argument("--images", type=int, default=2560, help="images per round and pipeline")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--weights", type=Path, help="a ResNet18 state dict; random weights are as fast")
    parser.add_argument("--data", type=Path, default=settings().data)
    arguments = parser.parse_args()
    arguments.models = arguments.models or ["cnn", "resnet18"]
    return arguments


def _weights(name: str, given: Path | None, scratch: Path) -> Path | None:
    if name == "cnn" or given:
        return given
    from torchvision.models import resnet18

    path = scratch / "random.pth"
    torch.save(resnet18(weights=None).state_dict(), path)
    return path


def _config(name: str, weights: Path | None, threads: int) -> RunConfig:
    changes = {"weights_file": str(weights)} if name == "resnet18" else {}
    return config_of(name, threads=threads, device="cpu", **changes)


def _compare(name: str, config: RunConfig, weights: Path | None, arguments: argparse.Namespace, scratch: Path) -> None:
    data = fashion_mnist.load(arguments.data)
    report = ReportPipeline(name, arguments.data, weights)
    configs = {precision_on(config, CPU): config, "float32": config.model_copy(update={"precision": "float32"})}
    trainings = {name: Training(each, data, scratch / f"{config.model}-{name}") for name, each in configs.items()}
    events = {name: training.events() for name, training in trainings.items()}
    measured: dict[str, list[float]] = defaultdict(list)
    _report_speed(report, BATCHES_TO_WARM_UP)
    for each in events.values():
        _our_speed(each, BATCHES_TO_WARM_UP)
    batches = arguments.images // config.batch_size
    for _ in range(arguments.rounds):
        measured["report"].append(_report_speed(report, batches))
        for precision, each in events.items():
            measured[precision].append(_our_speed(each, batches))
            measured[f"matrix {precision}"].append(_matrix_rate(getattr(torch, precision)))
    _print_speed(name, measured, arguments, list(configs))
    for precision, chosen in configs.items():
        _print_evaluation(report, trainings[precision].model, chosen, data)
    first = next(iter(configs))
    _print_profile(configs[first], trainings[first], data)
    _print_fresh_process(configs[first], arguments.data)


def _report_speed(report: ReportPipeline, batches: int) -> float:
    start = time.perf_counter()
    images = sum(itertools.islice(report.steps(), batches))
    return images / (time.perf_counter() - start)


def _our_speed(events: Iterator[Event], batches: int) -> float:
    start = time.perf_counter()
    progress = (event for event in events if isinstance(event, Progress))
    images = sum(64 for _ in itertools.islice(progress, batches))
    return images / (time.perf_counter() - start)


def _matrix_rate(numbers: torch.dtype) -> float:
    """GFLOP per second of a matrix product of such numbers: the better half of some tries."""
    each, other = torch.randn(2, MATRIX_SIDE, MATRIX_SIDE).to(numbers).unbind()
    seconds = sorted(_seconds(lambda: each @ other) for _ in range(6))
    return 2 * MATRIX_SIDE**3 / statistics.median(seconds[:3]) / 1e9


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _print_speed(
    name: str, measured: dict[str, list[float]], arguments: argparse.Namespace, precisions: list[str]
) -> None:
    middle = {what: statistics.median(values) for what, values in measured.items()}
    print(
        f"\n{name}: batches of 64, {arguments.threads} threads, {arguments.rounds} rounds of {arguments.images} images"
    )
    print(f"  report's pipeline  {middle['report']:7.0f} images/s   ({_range(measured['report'])})")
    for precision in precisions:
        ours, matrix = measured[precision], measured[f"matrix {precision}"]
        ratios = [each / report for each, report in zip(ours, measured["report"], strict=True)]
        print(f"  ours in {precision:10} {middle[precision]:7.0f} images/s   ({_range(ours)})")
        print(f"    ratio            {statistics.median(ratios):7.2f}            ({_range(ratios, 2)})")
        print(f"    matrix product   {statistics.median(matrix):7.0f} GFLOP/s    ({_range(matrix)})")
        if name in MFLOP_PER_IMAGE:
            rate = middle[precision] * MFLOP_PER_IMAGE[name] / 1e3
            print(f"    ours computes    {rate:7.0f} GFLOP/s, {rate / statistics.median(matrix):.2f} of that rate")


def _range(values: list[float], digits: int = 0) -> str:
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def _print_evaluation(report: ReportPipeline, model: nn.Module, config: RunConfig, data: DataSet) -> None:
    theirs = [_seconds(report.evaluate) for _ in range(3)]
    ours = [_seconds(lambda: log_probabilities(model, data.test_images, config)) for _ in range(3)]
    ratio = min(theirs) / min(ours)
    kind = precision_on(config, CPU)
    print(f"  10,000 test images: report {min(theirs):.2f} s, {kind} {min(ours):.2f} s, ratio {ratio:.1f} (best of 3)")


class TimedLearner(Learner):
    """A learner that adds up the seconds of each part of its steps."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.seconds: dict[str, float] = defaultdict(float)

    def _timed(self, part: str, work: Callable[..., Any], *arguments: Any) -> Any:
        start = time.perf_counter()
        result = work(*arguments)
        self.seconds[part] += time.perf_counter() - start
        return result

    def make_inputs(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Timed as data."""
        return self._timed("data", super().make_inputs, images, generator)

    def pass_frozen_front(self, inputs: Tensor) -> Tensor:
        """Timed as frozen layers."""
        return self._timed("frozen layers", super().pass_frozen_front, inputs)

    def compute_loss(self, prepared: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Timed as forward."""
        return self._timed("forward", super().compute_loss, prepared, labels)

    def compute_gradients(self, loss: Tensor) -> None:
        """Timed as backward."""
        self._timed("backward", super().compute_gradients, loss)

    def move_weights(self) -> None:
        """Timed as optimizer."""
        self._timed("optimizer", super().move_weights)


def _print_profile(config: RunConfig, training: Training, data: DataSet, steps: int = 60) -> None:
    learner = TimedLearner(training.model, config, torch.device("cpu"))
    learner.begin_epoch()
    images, labels = torch.from_numpy(data.train_images[:6400].copy()), torch.from_numpy(data.train_labels[:6400])
    images = resize(images, config.input_size)
    start = time.perf_counter()
    for first in range(0, steps, learner.batches_at_once):
        group = [torch.arange(64) * 100 + first + place for place in range(learner.batches_at_once)]
        generators = [generator_at(0, 1, first + place + 1) for place in range(len(group))]
        prepared = learner.prepare([images[chosen] for chosen in group], generators)
        for given, chosen in zip(prepared, group, strict=True):
            learner.step(given, labels[chosen])
    total = time.perf_counter() - start
    parts = {**learner.seconds, "logging": total - sum(learner.seconds.values())}
    print(f"  a step takes {total / steps * 1e3:.1f} ms:", end="")
    print("".join(f"  {part} {seconds / steps * 1e3:.1f} ({seconds / total:.0%})" for part, seconds in parts.items()))
    saved: CheckpointSaved = training.save_checkpoint()
    share = saved.seconds / CHECKPOINT_SECONDS
    print(
        f"  a checkpoint: {saved.seconds:.2f} s, {saved.bytes / MEGABYTE:.0f} MB, {share:.2%} of the time between two"
    )


def _print_fresh_process(config: RunConfig, data: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.fresh_start", config.model_dump_json(), str(data)]
    start = time.time()
    facts = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"  a fresh process: first batch after {facts['first_batch'] - start:.1f} s, peak {facts['peak']:.0f} MB")


if __name__ == "__main__":
    main()
