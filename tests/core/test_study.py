"""A study holds what its features say, keeps alike images together, and is read only if it is whole."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from core.answers import study
from core.answers.neighbours import nearest, unit
from core.answers.study import NEIGHBOURS, Study, StudyError

CLASSES, DIMENSIONS = 5, 30


def clustered(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    centres = np.random.default_rng(0).normal(0, 1.5, (CLASSES, DIMENSIONS))
    random = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    return (centres[labels] + random.normal(0, 1, (count, DIMENSIONS))).astype(np.float32), labels


TEST, LABELS = clustered(300, 1)
TRAINING, TRAINING_LABELS = clustered(800, 2)
LEARNT_FROM = np.arange(800) * 3


@pytest.fixture(scope="module")
def made() -> Study:
    return study.make(TEST, TRAINING, LEARNT_FROM)


def test_neighbours_are_exact_and_named_by_their_place_in_the_training_set(made: Study) -> None:
    expected, distances = nearest(unit(TEST), unit(TRAINING), NEIGHBOURS)
    assert np.array_equal(made.neighbours, LEARNT_FROM[expected])
    assert np.array_equal(made.distances, distances)


def test_the_axes_are_those_in_which_the_images_learnt_from_vary_most(made: Study) -> None:
    centred = unit(TRAINING).astype(np.float64) - unit(TRAINING).mean(axis=0)
    coordinates = centred @ made.basis
    assert made.basis.T @ made.basis == pytest.approx(np.eye(DIMENSIONS), abs=1e-5)
    assert np.linalg.norm(coordinates, axis=0) == pytest.approx(np.linalg.svd(centred, compute_uv=False), rel=1e-4)
    assert made.training_coordinates == pytest.approx(coordinates, abs=1e-3)
    assert made.test_coordinates == pytest.approx((unit(TEST) - made.mean) @ made.basis, abs=1e-3)


def test_of_few_images_there_are_no_more_axes_than_images() -> None:
    assert study.make(TEST, TRAINING[:20], LEARNT_FROM[:20]).basis.shape == (DIMENSIONS, 20)


def test_kept_coordinates_find_the_neighbours_of_a_new_image(made: Study) -> None:
    # Of any length: what counts is the direction.
    positions, distances = made.nearest_to(3 * TEST[0])
    assert len(set(positions.tolist()) & set(made.neighbours[0].tolist())) >= NEIGHBOURS - 1
    assert distances == pytest.approx(made.distances[0], abs=2e-3)


def test_the_map_keeps_alike_images_together(made: Study) -> None:
    def nearest_ten(points: np.ndarray) -> np.ndarray:
        distances = ((points[:, None] - points[None]) ** 2).sum(axis=2)
        np.fill_diagonal(distances, np.inf)
        return distances.argsort(axis=1)[:, :10]

    in_features, on_map = nearest_ten(unit(TEST)), nearest_ten(made.places)
    kept = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(in_features, on_map, strict=True)])
    by_chance = 10 / (len(TEST) - 1)
    assert kept > 5 * by_chance
    assert (LABELS[on_map] == LABELS[:, None]).mean() > 0.8


def test_the_map_fills_a_unit_square_and_is_the_same_each_time(made: Study) -> None:
    assert made.places.min() == 0
    assert made.places.max() == 1
    assert np.array_equal(study.make(TEST, TRAINING, LEARNT_FROM).places, made.places)


def test_images_that_are_all_the_same_to_a_model_lie_in_one_place() -> None:
    assert not study.make(np.ones((30, 4), np.float32), TRAINING[:50, :4], LEARNT_FROM[:50]).places.any()


def test_each_step_is_said() -> None:
    steps: list[str] = []
    study.make(TEST[:20], TRAINING[:5], LEARNT_FROM[:5], steps.append)
    assert steps == ["principal axes", "nearest training images", "map"]


def test_a_study_comes_back_as_it_was_written(made: Study, tmp_path: Path) -> None:
    study.write(tmp_path / "study.npz", made)
    read = study.read(tmp_path / "study.npz")
    for field in fields(Study):
        assert np.array_equal(getattr(read, field.name), getattr(made, field.name))
        assert getattr(read, field.name).dtype == getattr(made, field.name).dtype
    assert [path.name for path in tmp_path.iterdir()] == ["study.npz"]


def test_a_study_that_is_gone_cut_short_or_changed_is_not_used(made: Study, tmp_path: Path) -> None:
    path = tmp_path / "study.npz"
    with pytest.raises(StudyError, match="cannot be read"):
        study.read(path)
    study.write(path, made)
    whole = path.read_bytes()
    for start in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:start])
        with pytest.raises(StudyError, match="damaged"):
            study.read(path)
    for at in np.random.default_rng(0).integers(0, len(whole), 100):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            read = study.read(path)
        except StudyError:
            continue
        # What a zip archive does not check are facts about its members that nothing here uses.
        assert all(np.array_equal(getattr(read, field.name), getattr(made, field.name)) for field in fields(Study))


def test_a_study_of_another_version_is_not_used(made: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "VERSION", 0)
    study.write(tmp_path / "study.npz", made)
    monkeypatch.undo()
    with pytest.raises(StudyError, match="another version"):
        study.read(tmp_path / "study.npz")
