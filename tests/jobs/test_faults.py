"""The faults of the data set: k-fold groups that judge all training images, judges, near-duplicates, the commands."""

import csv
import io
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from core.data.data_set import DataSet
from core.statistics.metrics import accuracy
from core.statistics.subsets import ALL
from jobs.cli import main
from jobs.results import duplicate_search
from jobs.results.flagged_rows import duplicate_rows, suspect_rows
from jobs.results.fold_groups import NotComplete, find_fold_group, held_out_words, list_fold_groups, out_of_sample
from jobs.results.label_judges import LEAKED, SUSPECT, flagged_images, judges_of, measured_without, quality_of
from jobs.running import queue
from jobs.running.background import TaskState, TaskStatus
from jobs.settings import settings
from jobs.store import locks
from jobs.store.queries import get_predictions, get_run
from jobs.store.store import Store
from tests import stores
from tests.blank_data import write_blank_data
from tests.core.small_data import small_data
from tests.folds import add_fold_group
from tests.jobs import working
from tests.jobs.configs import BRIEF
from tests.stores import Sample

Capture = pytest.CaptureFixture[str]
LABELS = np.random.default_rng(0).permutation(np.arange(3_000) % 10)


@pytest.mark.slow
def test_a_k_fold_group_is_trained_and_judges_every_training_image_once(
    training_store: Store, real_data: DataSet
) -> None:
    ids = queue.launch_all(training_store, BRIEF, folds=2)
    for run_id in ids:
        working.wait_until_finished(training_store, run_id, seconds=300)
    group = find_fold_group(training_store, ids[0])
    answers = out_of_sample(training_store, group, real_data.train_labels)
    assert group.is_complete
    assert np.array_equal(answers.labels, real_data.train_labels)
    assert np.isfinite(answers.log_probabilities).all()
    per_run = [get_run(training_store, run_id).best_val_accuracy or 0 for run_id in ids]
    assert accuracy(answers.labels, answers.predicted) == pytest.approx(np.mean(per_run), abs=1e-4)


def test_what_each_run_says_of_its_fold_comes_to_the_place_of_the_image(store: Store) -> None:
    group = add_fold_group(store, LABELS)
    answers = out_of_sample(store, group, LABELS)
    assert group.name == "cnn seed 0"
    assert np.array_equal(answers.labels, LABELS)
    assert accuracy(LABELS, answers.predicted) == pytest.approx(0.9, abs=0.06)


def test_an_incomplete_group_and_other_labels_are_refused_with_what_to_do(store: Store) -> None:
    group = add_fold_group(store, LABELS, 4, unfinished=2)
    with pytest.raises(NotComplete, match=r"2 of the 4 folds of cnn seed 0 have finished. Let all"):
        out_of_sample(store, group, LABELS)
    complete = add_fold_group(store, LABELS)
    with pytest.raises(NotComplete, match="other labels"):
        out_of_sample(store, complete, (LABELS + 1) % 10)
    with pytest.raises(NotComplete, match="does not belong to a k-fold group"):
        find_fold_group(store, stores.add(store, Sample(name="alone")))


def test_a_group_of_seeds_is_no_k_fold_group(store: Store) -> None:
    queue.launch_all(store, BRIEF, seeds=2)
    assert list_fold_groups(store) == []


def test_a_run_is_judged_by_the_best_other_run_of_each_model_and_never_by_itself_or_its_twin(store: Store) -> None:
    measured = get_run(store, stores.add(store, Sample(seed=1)))
    twin = stores.add(store, Sample(seed=1, changes={"threads": 7}))
    assert judges_of(store, [measured]) == []
    others = [stores.add(store, Sample("cnn", seed=2)), stores.add(store, Sample("resnet18", seed=1))]
    stores.add(store, Sample("resnet18", seed=3, status="failed"))
    judges = [judge.id for judge in judges_of(store, [measured])]
    assert sorted(judges) == sorted(others)
    assert twin not in judges
    assert judges_of(store, [measured, *(get_run(store, run_id) for run_id in others)]) == []


def test_accuracies_without_the_flagged_images_stand_beside_those_with_all(store: Store) -> None:
    run_id, judge = stores.add(store, Sample(seed=1)), stores.add(store, Sample("resnet18"))
    answers, judged = get_predictions(store, run_id), [quality_of(get_predictions(store, judge))]
    leaked = np.arange(10_000) < 21
    subsets = measured_without({"mine": answers}, judged, leaked)
    masks = flagged_images(judged, leaked)
    assert [subset.name for subset in subsets] == [ALL, f"Without {SUSPECT}", f"Without {LEAKED}", "Without either"]
    assert subsets[0].accuracy("mine") == get_run(store, run_id).test_accuracy
    kept = ~masks[SUSPECT]
    assert subsets[1].n == np.count_nonzero(kept)
    assert subsets[1].accuracy("mine") == pytest.approx(np.mean((answers.predicted == answers.labels)[kept]))
    assert subsets[2].n == 10_000 - 21
    assert subsets[3].n == np.count_nonzero(kept & ~leaked)
    low, high = subsets[3].interval("mine")
    assert low < (subsets[3].accuracy("mine") or 0) < high
    assert [subset.name for subset in measured_without({"mine": answers}, [], None)] == [ALL]


def planted() -> DataSet:
    """Few images, of which test image 5 is training image 7, and test image 6 mirrors training image 8."""
    data = small_data(40, 50)
    data.test_images[5] = data.train_images[7]
    data.test_images[6] = data.train_images[8][:, ::-1]
    return data


def test_what_a_search_finds_is_kept_and_says_where_each_image_stands(store: Store) -> None:
    assert duplicate_search.read(store) is None
    duplicate_search.search(store, planted())
    near_duplicates = duplicate_search.read(store)
    assert near_duplicates is not None
    across = near_duplicates.pairs.chosen(near_duplicates.across & (near_duplicates.pairs.similarity >= 0.9999))
    places = {
        (near_duplicates.place(a), near_duplicates.place(b))
        for a, b in zip(across.first.tolist(), across.second.tolist(), strict=True)
    }
    assert places == {(("train", 7), ("test", 5)), (("train", 8), ("test", 6))}
    assert np.flatnonzero(near_duplicates.leaked(0.9999)).tolist() == [5, 6]
    assert duplicate_search.search_state(store).status == TaskStatus.DONE


def test_a_damaged_file_counts_as_not_searched(store: Store) -> None:
    duplicate_search.search(store, planted())
    file = next(store.artifacts.glob("near-duplicates.npz"))
    file.write_bytes(file.read_bytes()[:300])
    assert duplicate_search.read(store) is None


def wait_for_the_search(store: Store) -> TaskState:
    deadline = time.monotonic() + 120
    while (state := duplicate_search.search_state(store)).status == TaskStatus.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return state


def test_a_search_in_the_background_is_started_once_and_ends_with_the_file(
    live_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    assert duplicate_search.start_search(live_store)
    assert duplicate_search.search_state(live_store).status == TaskStatus.RUNNING
    assert not duplicate_search.start_search(live_store)
    assert wait_for_the_search(live_store) == TaskState(TaskStatus.DONE)
    near_duplicates = duplicate_search.read(live_store)
    assert near_duplicates is not None
    # Every image is black: each of the others equals the first.
    assert len(near_duplicates.pairs) == 69_999
    assert near_duplicates.leaked().all()


def test_a_search_that_fails_says_why(live_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "nowhere"))
    duplicate_search.start_search(live_store)
    assert "Fashion-MNIST is not complete" in wait_for_the_search(live_store).detail
    assert duplicate_search.read(live_store) is None


def test_the_command_does_not_search_beside_another(store: Store, capsys: Capture) -> None:
    held = locks.acquire(store.artifacts / "near-duplicates.lock")
    assert main(["duplicates"]) == 1
    assert "Another process is already searching" in capsys.readouterr().err
    os.close(held)


def test_the_commands_list_suspects_of_several_runs_and_of_a_group(store: Store, capsys: Capture) -> None:
    first, other = stores.add(store, Sample(seed=1)), stores.add(store, Sample("resnet18"))
    assert main(["suspects", first, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    quality = quality_of(get_predictions(store, first))
    assert [int(row["image"]) for row in rows] == quality.ranked.tolist()
    assert main(["suspects", first, other, "--json"]) == 0
    both = {row["image"] for row in json.loads(capsys.readouterr().out)}
    assert 0 < len(both) < len(rows)
    assert both <= set(quality.ranked.tolist())


def test_the_command_says_which_runs_judge_and_what_is_not_known_yet(store: Store, capsys: Capture) -> None:
    run_id = stores.add(store, Sample(seed=1, name="mine"))
    assert main(["faults", run_id]) == 0
    printed = capsys.readouterr()
    assert "No other run has finished" in printed.err
    assert "python -m jobs duplicates" in printed.err
    judge = stores.add(store, Sample("resnet18", name="other"))
    assert main(["faults", run_id, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["judges"] == [judge]
    assert [subset["n"] for subset in shown["subsets"]][0] == 10_000
    assert shown["subsets"][1]["n"] < 10_000


def test_runs_of_other_images_and_without_answers_are_left_out_by_name(store: Store, capsys: Capture) -> None:
    mine = stores.add(store, Sample(seed=1, name="mine"))
    other = stores.add(store, Sample(seed=2, name="other"), stores.labels()[::-1].copy())
    shorter = stores.add(store, Sample("resnet18", name="shorter"), stores.labels()[:-10])
    assert main(["suspects", mine, other, shorter, "--json"]) == 0
    printed = capsys.readouterr()
    assert [row["image"] for row in json.loads(printed.out)] == quality_of(get_predictions(store, mine)).ranked.tolist()
    assert "other" in printed.err
    assert "9,990 images against 10,000" in printed.err
    assert main(["faults", mine, other]) == 0
    printed = capsys.readouterr()
    assert "labels differ" in printed.err
    assert f"shorter ({shorter}) is left out" in printed.err
    assert "other" not in printed.out


def test_runs_without_any_answer_are_an_error_in_one_line(store: Store, capsys: Capture) -> None:
    stopped = stores.add(store, Sample(name="halted", status="stopped"))
    for command in ("suspects", "faults"):
        assert main([command, stopped]) == 1
        assert "halted has no predictions: it is stopped" in capsys.readouterr().err


def test_pairs_less_similar_than_are_kept_are_refused(store: Store, capsys: Capture) -> None:
    duplicate_search.search(store, planted())
    for least in ("0.5", "1.01", "nan"):
        assert main(["duplicates", "--least", least]) == 1
        assert "are not kept. Use 0.99 to 1." in capsys.readouterr().err


def test_rows_of_chosen_suspects_and_pairs_are_those_in_their_order(store: Store) -> None:
    answers = get_predictions(store, stores.add(store, Sample(seed=1)))
    quality = quality_of(answers)
    chosen = quality.ranked[5:2:-1]
    assert [row["image"] for row in suspect_rows(answers.labels, answers.classes, quality, chosen)] == chosen.tolist()
    assert len(suspect_rows(answers.labels, answers.classes, quality)) == len(quality.ranked)
    data = planted()
    duplicate_search.search(store, data)
    near_duplicates = duplicate_search.read(store)
    assert near_duplicates is not None
    last_two = near_duplicates.pairs.chosen(np.arange(len(near_duplicates.pairs))[-2:])
    names = data.class_names(np.concatenate([data.train_labels, data.test_labels]))
    rows = duplicate_rows(near_duplicates, names, last_two)
    assert [row["similarity"] for row in rows] == pytest.approx(last_two.similarity.tolist(), abs=1e-6)


def test_launch_folds_on_the_command_line_queues_a_group(store: Store, capsys: Capture) -> None:
    assert main(["launch", "quick", "--folds", "3"]) == 0
    ids = capsys.readouterr().out.split()
    assert [get_run(store, run_id).config.fold for run_id in ids] == [1, 2, 3]
    assert settings().artifacts == store.artifacts


def test_a_run_of_a_fold_says_how_often_all_folds_are_right_about_what_each_held_out(store: Store) -> None:
    group = add_fold_group(store, LABELS)
    expected = accuracy(LABELS, out_of_sample(store, group, LABELS).predicted)
    words = held_out_words(store, group.runs[1])
    assert words.startswith(f"{100 * expected:.2f} % (")
    assert f"of the {len(LABELS):,} images that the 3 folds held out" in words
    assert held_out_words(store, get_run(store, stores.add(store, Sample()))) == ""


def test_nothing_is_said_of_all_folds_before_all_have_finished(store: Store) -> None:
    assert held_out_words(store, add_fold_group(store, LABELS, 4, unfinished=1).runs[0]) == ""
