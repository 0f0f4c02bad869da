"""Finished runs that can be asked: their model files hold weights drawn at random."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from core import architectures
from core.answers.verdict import Thresholds, Verdict
from core.config import RunConfig
from core.learning.checkpoints import save_model
from jobs.store import run_files
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample

_LIMITS = {"sure": (0.0, 1.0, 1.0), "not sure": (2.0, 1.0, 1.0), "none of these": (0.0, -1.0, -1.0)}
"""The least confidence, near and far by which a model gives that verdict on every photo in which something is found."""


def add_run_with_model(
    store: Store,
    name: str,
    seed: int = 0,
    verdict: Verdict | None = None,
    model: str = "cnn",
    truth: np.ndarray | None = None,
    set_threshold: float | None = None,
) -> str:
    """Put a finished run with a model file into the store and return its id.

    With a verdict the file holds thresholds by which that is said of every photo, and that of sets of classes; else it
    holds none. `truth` are the test labels if they shall be the real ones.
    """
    run_id = stores.add(store, Sample(name=name, seed=seed), truth)
    torch.manual_seed(seed)
    config = RunConfig(model=model, pretrained=architectures.ARCHITECTURES[model].only_pretrained)
    file = run_files.files_of(store, run_id).model
    file.parent.mkdir(parents=True)
    built = architectures.build(config)
    thresholds = replace(_thresholds(built, verdict), set_threshold=set_threshold) if verdict else None
    save_model(file, built, config, {"verdict": thresholds.as_state()} if thresholds else None)
    return run_id


def _thresholds(model: nn.Module, verdict: Verdict) -> Thresholds:
    """Thresholds for which all features lie at a distance of 0 from every class."""
    width = [module for module in model.modules() if isinstance(module, nn.Linear)][-1].in_features
    nowhere = np.zeros((width, 1), np.float32)
    return Thresholds(1.0, nowhere[:, 0], nowhere, np.zeros((10, 1), np.float32), *_LIMITS[verdict])
