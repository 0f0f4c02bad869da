"""A run starts from the weights of a finished one, which stays while it is needed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core import architectures
from core.config import RunConfig, validated
from core.datasets import importing
from core.datasets.importing import Options
from core.errors import ConfigurationError
from core.learning.checkpoints import load_model
from core.learning.start_weights import load_start
from core.machine.clock import Clock
from core.presets import config_of
from jobs.running import queue, run_edits, trainer
from jobs.running.claims import claim
from jobs.running.run_data import version_for
from jobs.running.starting_points import start_words
from jobs.running.trainer_reports import Reporter, StopRequest
from jobs.store import run_files
from jobs.store.queries import NotPossible, RunNotFound, get_run
from jobs.store.records import Run
from jobs.store.schema import runs
from jobs.store.store import Store
from jobs.tasks import packages
from tests.own_data import data_folder, done, import_shapes, trained
from tests.untrained import add_run_with_model

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
    chosen = {"data": "shapes", "start_from": start.id, "threads": 1} | changes
    preset = str(chosen.pop("preset", "cnn"))
    with pytest.raises(ConfigurationError, match=words):
        queue.launch(store, config_of(preset, **chosen))


def test_a_run_without_weights_is_none_to_start_from(store: Store, start: Run) -> None:
    with pytest.raises(RunNotFound):
        queue.launch(store, config(start, start_from="nosuchrun"))
    queued = get_run(store, queue.launch(store, config(start)))
    with pytest.raises(NotPossible, match="has no weights yet"):
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


def companion(store: Store, **changes: object) -> str:
    """A finished run of Fashion-MNIST that can be asked."""
    run_id = add_run_with_model(store, "a companion", verdict="sure")
    with store.writing() as connection:
        kept = get_run(store, run_id).config.model_dump(mode="json") | changes
        connection.execute(runs.update().where(runs.c.id == run_id).values(config=kept))
    return run_id


def test_a_run_predicts_together_with_its_companions_and_needs_them_only_until_it_has_finished(
    store: Store, own_data: Path, tmp_path: Path
) -> None:
    clothes = tmp_path / "clothes"
    for name, tone in (("Bag", 40), ("Coat", 200)):
        (clothes / name).mkdir(parents=True)
        for number in range(24):
            noise = np.random.default_rng(number).integers(0, 40, (30, 30, 3), np.uint8)
            Image.fromarray(noise + np.uint8(tone)).save(clothes / name / f"{number}.png")
    importing.add(own_data, "clothes", clothes, Options(side=28), lambda _message, _share: None)
    beside = companion(store)
    chosen = config_of("cnn", data="clothes", companions=[beside[:6]], epochs=1, threads=1, batch_size=8)
    run_id = queue.launch(store, chosen)
    assert get_run(store, run_id).config.companions == (beside,)
    with pytest.raises(NotPossible, match="are needed by 1 run not finished yet"):
        run_edits.delete(store, beside)
    attempt = claim(store, run_id, "here")
    assert attempt is not None
    trainer._work(Reporter(attempt, StopRequest(), Clock()))
    run_edits.delete(store, beside)
    kept = load_model(run_files.files_of(store, run_id).model).extra["companions"]
    assert len(kept["models"]) == 1
    assert 0 <= kept["share"] < 1
    with pytest.raises(NotPossible, match="an export holds one model"):
        packages.start_packing(store, get_run(store, run_id))


@pytest.mark.parametrize(
    ("of_companion", "of_run", "words"),
    [
        ({"seed": 1}, {}, "has another seed or fold"),
        ({"data": "0123456789abcdef"}, {}, "did not learn from Fashion-MNIST"),
        ({"companions": ["abcdefgh"]}, {}, "has companions itself"),
        ({}, {"data": "shapes"}, "shapes@1 has others"),
    ],
)
def test_companions_that_cannot_stand_beside_a_run_are_refused(
    store: Store, own_data: Path, tmp_path: Path, of_companion: dict[str, object], of_run: dict[str, object], words: str
) -> None:
    import_shapes(own_data, tmp_path / "shapes")
    beside = companion(store, **of_companion)
    with pytest.raises(ConfigurationError, match=words):
        queue.launch(store, config_of("cnn", companions=[beside], **of_run))


def test_runs_of_several_seeds_have_no_companion_that_learnt_their_validation_images(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="has another seed"):
        queue.launch_all(store, config_of("cnn", companions=[companion(store)]), seeds=2)
