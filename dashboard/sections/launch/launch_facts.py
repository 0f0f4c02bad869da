"""What is said before the launch button: device, data, weights, place in the queue, estimated time."""

from pathlib import Path

import psutil
import streamlit as st

from core.architectures import ARCHITECTURES
from core.config import RunConfig
from core.datasets.suitability import misfits, suitability
from core.datasets.versions import Version
from core.errors import LookbookError
from core.files import require_regular
from core.learning.pretrained_file import MOST_BYTES, cached_weights
from core.statistics import wording
from core.statistics.intervals import accuracy_interval
from dashboard import permitted
from dashboard.queries import data_queries, model_queries, run_queries
from dashboard.sections.launch import cluster_facts
from dashboard.tables.estimates import estimate, images_of
from dashboard.tables.memory_need import memory_need
from jobs.reports.html import words as shown
from jobs.running.environment import host, weights_file_of
from jobs.running.run_data import pinned, version_for
from jobs.running.starting_points import start_words, with_companions, with_start
from jobs.settings import downloaded_weights, settings
from jobs.store.filters import Filter
from jobs.store.queries import list_runs, queue_state
from jobs.store.records import QueueState, Run

READY, MISSING, NEUTRAL = "✓", "✕", "○"
Fact = tuple[str, str, str]
"""Sign, what it is about, what is so."""


def show(config: RunConfig, count: int) -> None:
    """The facts for that many runs of this config. Raise LookbookError where it cannot be."""
    version = version_for(config)
    config = with_companions(
        run_queries.store(), with_start(run_queries.store(), pinned(config, version), version), version
    )
    queue, past = (
        queue_state(run_queries.store()),
        list_runs(run_queries.store(), Filter(models=(config.model,)), limit=100),
    )
    facts = [_device(config, past), _data(config, version), _suitability(config, version), *_weights(config, version)]
    facts += [_place(config, queue, count), _time(config, version, past, count), _memory(config, version)]
    with st.container(border=True):
        st.markdown("**Before you launch**")
        st.html(f'<dl class="facts">{"".join(_entry(*fact) for fact in facts)}</dl>')


def _entry(sign: str, name: str, words: str) -> str:
    return f"<dt>{sign} {name}</dt><dd>{shown(permitted.without_places(words))}</dd>"


def _device(config: RunConfig, past: list[Run]) -> Fact:
    threads = wording.counted(config.threads, "CPU thread") if config.threads else "all CPU cores"
    if config.device != "auto":
        return NEUTRAL, "Device", f"{config.device}, {threads}"
    before = next((run.device for run in past if run.host == host() and run.device), None)
    likely = f"the last run here used {before}" if before else "CUDA, else MPS, else the CPU"
    return NEUTRAL, "Device", f"chosen when the run starts ({likely}); {threads}"


def _data(config: RunConfig, version: Version) -> Fact:
    if not version.is_built_in:
        return READY, "Data", _data_words(config, version)
    if problem := data_queries.data_problem():
        return MISSING, "Data", str(problem)
    return READY, "Data", "Fashion-MNIST is complete and verified"


def _suitability(config: RunConfig, version: Version) -> Fact:
    return NEUTRAL if misfits(config, version) else READY, "Suitability", suitability(config, version)


def _data_words(config: RunConfig, version: Version) -> str:
    """What a run would learn from, and how sure a test of so few images can be."""
    images = images_of(config, version)
    low, high = accuracy_interval(round(0.9 * images.test), images.test)
    return (
        f"{version.label}: {images.training:,} training, {images.validation:,} validation and {images.test:,} test "
        f"images of {wording.counted(len(version.classes), 'class', 'classes')}, {version.side}x{version.side} pixels "
        f"in {'colour' if version.colour else 'grey'}. With so many test images an accuracy of 90 % has an interval of "
        f"{wording.percent_interval(low, high)}"
    )


def _weights(config: RunConfig, version: Version) -> list[Fact]:
    if start := start_words(run_queries.store(), config, version):
        return [(READY, "Starts from", start)]
    if not ARCHITECTURES[config.model].pretrained:
        return []
    sign, words = _weights_words(config) if config.pretrained else (NEUTRAL, "none: trained from scratch")
    return [(sign, "Pretrained weights", words)]


def _weights_words(config: RunConfig) -> tuple[str, str]:
    try:
        if named := weights_file_of(config):
            return _named_weights(Path(named))
    except LookbookError as error:
        return MISSING, error.message
    cached = cached_weights(downloaded_weights())
    if cached is None:
        return NEUTRAL, (
            "not on this machine yet: 45 MB will be downloaded when the run starts. Offline, set Weights file to a "
            "local file, or switch Pretrained off to train from scratch"
        )
    if problem := model_queries.weights_problem(cached):
        return MISSING, str(problem)
    return READY, "ImageNet weights found in torch's cache and verified"


def _named_weights(path: Path) -> tuple[str, str]:
    told = permitted.told_weights(str(path)) or ""
    if not path.exists():
        return MISSING, f"{told} does not exist"
    try:
        require_regular(path, MOST_BYTES)
    except LookbookError as error:
        return MISSING, error.message.replace(str(path), told)
    return READY, f"{told} found"


def _place(config: RunConfig, queue: QueueState, count: int) -> Fact:
    free = max(0, queue.slots - queue.at_work - queue.queued)
    if queue.paused:
        words = f"position {queue.queued + 1}; the queue is paused, so the run starts once the queue is resumed"
    elif settings().has_cluster:
        words = cluster_facts.place_words(config, queue, count)
    elif free:
        words = "starts immediately" if count <= free else f"{free} start immediately, the others are queued"
    else:
        words = f"position {queue.queued + 1} in the queue ({queue.at_work} running, {queue.queued} queued)"
    return NEUTRAL, "Queue", words


def _memory(config: RunConfig, version: Version) -> Fact:
    """What a run takes at its peak on the CPU, held against what this machine has, or is asked for of a cluster."""
    need, memory = memory_need(config, version), psutil.virtual_memory()
    words = f"about {wording.size(round(need, -8))} at the peak of a run on the CPU"
    if settings().has_cluster:
        return NEUTRAL, "Memory", f"{words}{cluster_facts.asked_memory(config)}"
    if need > memory.total:
        too_much = f"{words}, more than the {wording.size(memory.total)} of this machine: the run would be ended by it"
        return MISSING, "Memory", f"{too_much}. Lower the batch size or the input size"
    free = f"{wording.size(memory.available)} of the {wording.size(memory.total)} of this machine are free now"
    if need > memory.available:
        return NEUTRAL, "Memory", f"{words}; only {free}: end other programs, or wait until other runs have finished"
    return READY, "Memory", f"{words}; {free}"


def _time(config: RunConfig, version: Version, past: list[Run], count: int) -> Fact:
    each = "each " if count > 1 else ""
    return NEUTRAL, "Time", each + estimate(config, version, past, host()).words
