"""Finished runs that can be asked: their model files hold weights drawn at random."""

import torch

from core import models
from core.checkpoints import save_model
from core.config import RunConfig
from jobs import artifacts
from jobs.store import Store
from tests import stores
from tests.stores import Sample


def add_run_with_model(store: Store, name: str, seed: int = 0) -> str:
    """Put a finished run with a model file into the store and return its id."""
    run_id = stores.add(store, Sample(name=name, seed=seed))
    torch.manual_seed(seed)
    config = RunConfig(model="cnn")
    file = artifacts.files_of(store, run_id).model
    file.parent.mkdir(parents=True)
    save_model(file, models.build(config), config)
    return run_id
