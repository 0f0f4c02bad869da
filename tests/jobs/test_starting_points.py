"""A run starts from the weights of a finished one, which stays while it is needed."""

from pathlib import Path

import pytest
import torch

from core import architectures
from core.config import RunConfig, validated
from core.datasets import importing
from core.datasets.importing import Options
from core.errors import ConfigurationError
from core.learning.checkpoints import load_model
from core.learning.start_weights import load_start
from core.presets import config_of
from jobs.running import queue, run_edits
from jobs.running.run_data import version_for
from jobs.running.starting_points import start_words
from jobs.store import run_files
from jobs.store.queries import NotPossible, RunNotFound, get_run
from jobs.store.records import Run
from jobs.store.store import Store
from tests.own_data import data_folder, done, import_shapes, trained

pytestmark = pytest.mark.slow


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return data_folder(tmp_path / "data", monkeypatch)


@pytest.fixture
def start(store: Store, own_data: Path, tmp_path: Path) -> Run:
    import_shapes(own_data, tmp_path / "shapes")
    return trained(store, epochs=1)


def config(start: Run, **changes: object) -> RunConfig:
    brief = {"epochs": 1, "threads": 1, "batch_size": 8, "precision": "float32"}
    return config_of("cnn", **({"data": "shapes", "start_from": start.id} | brief | changes))


def test_a_run_starts_from_the_weights_of_another_and_says_so(store: Store, start: Run) -> None:
    still = done(store, config(start, learning_rate=1e-9))
    before = load_model(run_files.files_of(store, start.id).model).model.state_dict()
    after = load_model(run_files.files_of(store, still.id).model).model.state_dict()
    for name in (name for name in before if name.endswith("weight")):
        torch.testing.assert_close(before[name], after[name], atol=1e-5, rtol=0)
    assert still.config.start_from == start.id


def test_the_last_layer_starts_afresh_where_the_classes_are_others(store: Store, start: Run) -> None:
    path = run_files.files_of(store, start.id).model
    torch.manual_seed(7)
    model = architectures.build(start.config, 5, colour=True)
    report = load_start(model, ("a", "b", "c", "d", "e"), path, start.id)
    theirs, ours = load_model(path).model.state_dict(), model.state_dict()
    (last,) = report.initialised_afresh
    assert ours[f"{last}.weight"].shape[0] == 5
    assert all(torch.equal(ours[name], value) for name, value in theirs.items() if not name.startswith(f"{last}."))


def test_the_same_number_of_other_classes_is_other_classes(store: Store, start: Run) -> None:
    model = architectures.build(start.config, 3, colour=True)
    assert load_start(model, ("x", "y", "z"), run_files.files_of(store, start.id).model, start.id).initialised_afresh


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"preset": "resnet-small"}, "was trained with model=cnn"),
        ({"input_size": 32}, "was trained with input_size=28"),
        ({"data": "fashion-mnist"}, "learnt from images in colour"),
    ],
)
def test_weights_that_do_not_fit_are_refused_before_anything_is_queued(
    store: Store, start: Run, changes: dict[str, str], words: str
) -> None:
    preset = changes.pop("preset", "cnn")
    chosen = config_of(preset, **({"data": "shapes", "start_from": start.id, "threads": 1} | changes))
    with pytest.raises(ConfigurationError, match=words):
        queue.launch(store, chosen)


def test_a_run_without_weights_is_none_to_start_from(store: Store, start: Run) -> None:
    with pytest.raises(RunNotFound):
        queue.launch(store, config(start, start_from="nosuchrun"))
    queued = get_run(store, queue.launch(store, config(start)))
    with pytest.raises(NotPossible, match="has no weights to start from yet"):
        queue.launch(store, config(queued))
    run_files.files_of(store, start.id).model.unlink()
    with pytest.raises(NotPossible, match="The model of run .* is gone"):
        queue.launch(store, config(start))


def test_a_run_that_others_start_from_stays_until_these_have_finished(store: Store, start: Run) -> None:
    waiting = queue.launch(store, config(start))
    with pytest.raises(NotPossible, match="needed by 1 run not finished yet: cnn on shapes@1 seed 0"):
        run_edits.delete(store, start.id)
    queue.stop(store, waiting)
    run_edits.delete(store, waiting)
    run_edits.delete(store, start.id)


def test_a_run_starts_from_weights_of_one_kind_only() -> None:
    with pytest.raises(ConfigurationError, match="not from both"):
        validated({"model": "resnet18", "pretrained": True, "weights_file": "a.pth", "start_from": "abc"})


def test_another_version_of_the_same_data_may_have_shown_its_test_images(
    store: Store, start: Run, own_data: Path, tmp_path: Path
) -> None:
    again = config(start)
    assert "too high" not in start_words(store, again, version_for(again))
    source = tmp_path / "shapes"
    next((source / "blue disc").iterdir()).unlink()
    second = importing.add(own_data, "shapes", source, Options(side=28), lambda _message, _share: None)
    assert second.number == 2
    assert "another version than shapes@2" in start_words(store, again, second)
    assert "too high" in start_words(store, again, second)
