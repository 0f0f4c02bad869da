"""What is said of the memory of a run before it is launched is near what the run takes."""

import subprocess
import sys

import pytest

from core.datasets.versions import Version
from core.presets import config_of
from dashboard.tables.memory_need import memory_need
from jobs.settings import ROOT

_STEP = """
import re, sys
import torch
from core import architectures
from core.learning.learner import Learner, generator_at
from core.presets import config_of
model, size, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
config = config_of(model, input_size=size, batch_size=batch, threads=1, precision="float32")
learner = Learner(architectures.build(config, 20, colour=True), config, torch.device("cpu"))
learner.begin_epoch()
for number in range(2):
    images = torch.randint(0, 255, (batch, size, size, 3), dtype=torch.uint8)
    (inputs,) = learner.prepare([images], [generator_at(0, 1, number)])
    learner.step(inputs, torch.randint(0, 20, (batch,)))
# Not ru_maxrss: that counts the memory of whoever started this process, too.
print(int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1]) * 1024)
"""


def version(images: int, side: int, colour: bool = True) -> Version:
    """A version of 20 classes with so many images to learn from, and a tenth as many for the test."""
    return Version(
        hash="0" * 64,
        name="own",
        number=1,
        created_at=0.0,
        classes=tuple(f"kind {label}" for label in range(20)),
        side=side,
        colour=colour,
        counts={"train": (images // 20,) * 20, "test": (images // 200,) * 20},
        drawn=True,
        source_kind="folders",
        source_name="own",
    )


@pytest.mark.slow
@pytest.mark.parametrize(("model", "size", "batch"), [("cnn", 64, 64), ("resnet-small", 64, 64)])
def test_the_memory_that_is_said_is_near_what_steps_take(model: str, size: int, batch: int) -> None:
    command = [sys.executable, "-c", _STEP, model, str(size), str(batch)]
    took = int(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
    config = config_of(model, input_size=size, batch_size=batch)
    expected = memory_need(config, version(20, side=size))
    assert 0.7 * took < expected < 1.6 * took


def test_many_large_images_need_their_validation_images_and_larger_steps() -> None:
    config = config_of("resnet18", input_size=224, batch_size=64)
    small, large = (memory_need(config, version(images, side=224)) for images in (1_000, 100_000))
    assert large - small > 9_000 * 224**2 * 3
    assert memory_need(config_of("resnet18", input_size=224, batch_size=128), version(1_000, 224)) > 1.8 * small


def test_kept_features_count_only_where_they_are_kept() -> None:
    config = config_of("transfer", data="own", train_size=1_000_000)
    kept, read_anew = (memory_need(config, version(images, side=28)) for images in (45_000, 200_000))
    assert kept > 1.5e9
    assert read_anew < kept
    plain = config_of("transfer", data="own", train_size=1_000_000, augmentation="none", test_time_flips=False)
    assert memory_need(plain, version(45_000, side=28)) < 0.7 * kept
