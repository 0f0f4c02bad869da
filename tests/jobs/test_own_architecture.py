"""An architecture of one's own, one file and one line, is launched, trained, asked and exported like the others."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.data_set import DataSet
from jobs.settings import ROOT, child_environment, settings
from jobs.store.store import open_store
from tests.jobs import working

pytestmark = pytest.mark.slow

PERCEPTRON = '''"""A perceptron with one hidden layer."""

from torch import Tensor, nn

from core.config import RunConfig
from core.models.staged import Stage, StagedModel


def build(config: RunConfig, classes: int, channels: int) -> StagedModel:
    """The untrained model for this configuration, for so many classes."""
    return Perceptron(channels * config.input_size**2, classes)


class Perceptron(StagedModel):
    """Images (n, channels, s, s) to logits (n, classes); it has no maps."""

    def __init__(self, values: int, classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(values, 64)
        self.last = nn.Linear(64, classes)

    def stages(self) -> list[Stage]:
        return []

    def features(self, maps: Tensor) -> Tensor:
        return self.hidden(maps.flatten(1)).relu()

    def classify(self, features: Tensor) -> Tensor:
        return self.last(features)
'''
LINE = '    "perceptron": Architecture("core.models.perceptron", "Perceptron with one hidden layer"),\n'
FORM = """
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("dashboard/Home.py", default_timeout=60).run()
app.switch_page("views/launch.py").run()
assert not app.exception
print(next(box.options for box in app.selectbox if box.label == "Model"))
"""


class Project:
    """A copy of the sources with another architecture and a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("core", "jobs", "dashboard"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "core/models/perceptron.py").write_text(PERCEPTRON, encoding="utf-8")
        registry = folder / "core/architectures.py"
        lines = registry.read_text(encoding="utf-8")
        registry.write_text(lines.replace("ARCHITECTURES = {\n", "ARCHITECTURES = {\n" + LINE), encoding="utf-8")
        self.url, self.artifacts = f"sqlite:///{folder / 'runs.db'}", folder / "artifacts"
        variables = {"LOOKBOOK_DATA": str(settings().data), "PYTHONPATH": str(folder)}
        self.environment = child_environment(self.url, self.artifacts) | variables

    def python(self, *arguments: str) -> str:
        """What Python prints for these arguments in the project's folder."""
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def jobs(self, *arguments: str) -> Any:
        """What a command answers with --json."""
        return json.loads(self.python("-m", "jobs", *arguments, "--json"))


@pytest.fixture
def project(tmp_path: Path, real_data: DataSet) -> Iterator[Project]:
    assert len(real_data.train_labels) == 60_000
    made = Project(tmp_path)
    yield made
    working.clear_away(open_store(made.url, made.artifacts))


def test_it_is_launched_trained_shown_asked_and_exported_without_any_other_change(project: Project) -> None:
    small = ("--set", "model=perceptron", "--set", "train_size=6000", "--set", "epochs=2", "--set", "threads=1")
    project.python("-m", "jobs", "launch", "cnn", "--name", "own", *small, "--wait")
    shown = project.jobs("show", "own")
    assert (shown["status"], shown["config"]["model"]) == ("finished", "perceptron")
    assert shown["parameters_total"] == 28 * 28 * 64 + 64 + 64 * 10 + 10
    assert shown["test_accuracy"] > 0.7
    Image.fromarray(np.full((60, 60), 255, np.uint8)).save(project.folder / "photo.png")
    assert project.jobs("predict", "own", "photo.png")
    project.python("-m", "jobs", "export", "own", "package", "--without-onnx")
    assert (project.folder / "package").is_dir()
    assert "perceptron" in project.python("-c", FORM)
