"""Runs and recipes compared by their stored predictions, through the command line."""

import json
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from core.classes import CLASS_COUNT
from jobs.cli import main
from jobs.results.comparisons import NotComparable, comparable, compare_groups, compare_runs, validation_sentence
from jobs.results.seed_groups import find_group, get_groups, list_groups
from jobs.running.run_edits import archive
from jobs.store.queries import get_predictions, get_runs
from jobs.store.records import RunStatus
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample


def add(store: Store, *samples: Sample) -> list[str]:
    return [stores.add(store, sample) for sample in samples]


def group(model: str, seeds: int, **changes: Any) -> list[Sample]:
    return [Sample(model, seed, columns={"group_id": f"all-{model}"}, **changes) for seed in range(seeds)]


def compared_as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["compare", *arguments, "--json"]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def test_the_counts_and_the_test_are_those_of_the_stored_predictions(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = add(store, Sample("cnn"), Sample("resnet18"))
    a, b = get_predictions(store, first), get_predictions(store, second)
    right_a, right_b = a.predicted == a.labels, b.predicted == b.labels
    (comparison,) = compared_as_json(capsys, first, second)["comparisons"]
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    assert (comparison["only_a"], comparison["only_b"]) == (only_a, only_b)
    assert (comparison["both_right"], comparison["both_wrong"]) == (
        int((right_a & right_b).sum()),
        int((~right_a & ~right_b).sum()),
    )
    assert comparison["p"] == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)
    assert comparison["difference"] == pytest.approx((only_b - only_a) / len(a.labels))
    assert comparison["low"] < comparison["difference"] < comparison["high"]
    assert len(comparison["classes"]) == CLASS_COUNT
    assert len(comparison["pairs"]) == CLASS_COUNT * (CLASS_COUNT - 1)


def test_what_is_printed_of_two_runs_is_the_sentence_the_counts_the_classes_and_the_confusions(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    compared = compare_runs(store, get_runs(store, add(store, Sample("cnn"), Sample("resnet18"))))
    assert main(["compare", "cnn seed 0", "resnet18 seed 0"]) == 0
    printed = capsys.readouterr().out
    (comparison,) = compared.comparisons
    assert printed.startswith(comparison.sentence)
    for words in (comparison.class_sentence, comparison.pair_sentence, f"{comparison.only_a:,}", "Ankle boot"):
        assert words in printed


def test_several_runs_are_held_against_the_first_with_a_correction(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = add(store, Sample("cnn", 0), Sample("cnn", 1), Sample("resnet18", 0))
    compared = compared_as_json(capsys, *ids)
    assert [comparison["name_a"] for comparison in compared["comparisons"]] == ["cnn seed 0"] * 2
    assert all(
        comparison["looks"] == 2 and comparison["p_adjusted"] >= comparison["p"]
        for comparison in compared["comparisons"]
    )
    assert main(["compare", *ids]) == 0
    assert "Of these 3 runs" in capsys.readouterr().out


def test_runs_of_one_name_are_told_apart_by_their_ids(store: Store) -> None:
    ids = add(store, Sample("cnn", 0, name="same"), Sample("cnn", 1, name="same"))
    (comparison,) = compare_runs(store, get_runs(store, ids)).comparisons
    assert (comparison.name_a, comparison.name_b) == tuple(f"same ({run_id})" for run_id in ids)


def test_a_run_without_predictions_is_left_out_by_name(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    ids = add(store, Sample("cnn", 0), Sample("cnn", 1), Sample("cnn", 2, name="cut short", status=RunStatus.STOPPED))
    assert main(["compare", *ids]) == 0
    printed = capsys.readouterr()
    assert printed.err == f"cut short ({ids[2]}) is left out: Run cut short has no predictions: it is stopped.\n"
    assert "cut short" not in printed.out


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("cut short", "cnn seed 0"), "baseline cannot be compared with"),
        (("cnn seed 0", "cut short"), "cut short has no predictions"),
        (("cnn seed 0", "cnn seed 0"), "Only one run is named"),
        (("cnn seed 0", "nobody"), "There is no run 'nobody'"),
    ],
)
def test_what_leaves_nothing_to_compare_is_said_in_one_line(
    store: Store, capsys: pytest.CaptureFixture[str], names: tuple[str, ...], reason: str
) -> None:
    add(store, Sample("cnn", 0), Sample("cnn", 2, name="cut short", status=RunStatus.STOPPED))
    assert main(["compare", *names]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert reason in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("truth", "reason"),
    [(stores.labels()[:-10], "9,990 images against 10,000"), (stores.labels()[::-1].copy(), "labels differ")],
)
def test_runs_that_answered_other_images_are_refused(store: Store, truth: np.ndarray, reason: str) -> None:
    ids = [stores.add(store, Sample("cnn", 0)), stores.add(store, Sample("cnn", 1), truth)]
    with pytest.raises(NotComparable, match=reason):
        compare_runs(store, get_runs(store, ids))


def test_runs_that_were_validated_on_different_images_are_said_to_be(store: Store) -> None:
    runs = get_runs(store, add(store, Sample("cnn", 0), Sample("resnet18", 0), Sample("cnn", 1)))
    assert validation_sentence(runs[:2]) == ""
    assert "validated on different images" in validation_sentence(runs)
    folds = add(store, *(Sample("cnn", 0, changes={"folds": 2, "fold": fold}) for fold in (1, 2)))
    assert "validated on different images" in validation_sentence(get_runs(store, folds))


def test_the_table_of_classes_has_the_intervals_of_both_runs(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    add(store, Sample("cnn", 0, name="one"), Sample("cnn", 1, name="other"))
    assert main(["compare", "one", "other"]) == 0
    trouser = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Trouser"))
    assert trouser.count(" to ") == 3


def test_groups_of_seeds_are_compared_as_recipes(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    add(store, *group("cnn", 3), *group("resnet18", 2))
    compared = compared_as_json(capsys, "--groups", "all-cnn", "resnet18 seed 1")
    assert [group["name"] for group in compared["groups"]] == ["cnn", "resnet18"]
    assert [group["accuracy"]["n"] for group in compared["groups"]] == [3, 2]
    (comparison,) = compared["comparisons"]
    assert comparison["better"] == "cnn"
    assert comparison["low"] < comparison["difference"] < comparison["high"] < 0


def test_a_group_stays_the_same_when_one_of_its_runs_is_archived(store: Store) -> None:
    ids = add(store, *group("cnn", 3))
    archive(store, ids[1])
    assert [run.id for run in find_group(store, "all-cnn").runs] == ids


def test_a_group_of_one_says_that_nothing_can_be_said_of_the_recipe(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store, *group("cnn", 2), Sample("resnet18", 5))
    assert main(["compare", "--groups", "all-cnn", "resnet18 seed 5"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("The recipes cnn and resnet18 cannot be compared")
    assert "nan" not in printed.lower()


def test_groups_of_one_name_are_told_apart_and_unfinished_runs_left_out_by_name(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store, *group("cnn", 2), Sample("cnn", 2, status=RunStatus.STOPPED, columns={"group_id": "all-cnn"}))
    alone = stores.add(store, Sample("cnn", 9))
    compared = compare_groups(store, [find_group(store, "all-cnn"), find_group(store, alone)])
    assert [group.name for group in compared.groups] == ["cnn (all-cnn)", f"cnn ({alone})"]
    assert main(["compare", "--groups", "all-cnn", alone]) == 0
    assert "cnn seed 2" in capsys.readouterr().err


def test_one_group_alone_is_refused(store: Store) -> None:
    add(store, *group("cnn", 2))
    with pytest.raises(NotComparable, match="one group"):
        compare_groups(store, [find_group(store, "all-cnn"), find_group(store, "cnn seed 1")])


def test_groups_are_listed_newest_first_whatever_is_archived_and_keep_all_their_runs(store: Store) -> None:
    ids = add(store, *group("cnn", 3, created_at=100.0), *group("resnet18", 2, created_at=200.0), Sample("cnn", 7))
    archive(store, ids[0])
    groups = list_groups(store)
    assert [(group.name, len(group.runs), len(group.finished)) for group in groups] == [
        ("resnet18", 2, 2),
        ("cnn", 3, 3),
    ]
    accuracies = [run.test_accuracy for run in get_runs(store, ids[:3])]
    figures = groups[1].figures.accuracy
    assert (figures.mean, figures.sd) == pytest.approx((np.mean(accuracies), np.std(accuracies, ddof=1)))


def test_groups_are_listed_so_many_from_a_place_on(store: Store) -> None:
    for place in range(3):
        stores.add(store, Sample("cnn", 0, columns={"group_id": f"g{place}"}, created_at=float(place)))
    assert [group.id for group in list_groups(store, limit=2)] == ["g2", "g1"]
    assert [group.id for group in list_groups(store, limit=2, offset=2)] == ["g0"]


def test_groups_are_found_by_id_in_the_order_asked_and_a_run_alone_is_a_group_of_one(store: Store) -> None:
    ids = add(store, *group("cnn", 2), Sample("cnn", 7))
    groups = get_groups(store, [ids[2], "all-cnn", "nosuchid", "all-cnn"])
    assert [(group.id, [run.id for run in group.runs]) for group in groups] == [(ids[2], ids[2:]), ("all-cnn", ids[:2])]
    assert [group.id for group in get_groups(store, [ids[0], "all-cnn", ids[1]])] == ["all-cnn"]
    assert [run.id for run in get_groups(store, [ids[1]])[0].runs] == ids[:2]
    assert "one seed cannot show how the recipe varies" in groups[0].figures.sentence


def test_runs_that_cannot_be_held_against_the_first_are_left_out_by_name_with_the_reason(store: Store) -> None:
    stopped, first = add(
        store, Sample("cnn", 2, name="cut short", status=RunStatus.STOPPED), Sample("cnn", 0, name="first")
    )
    other = stores.add(store, Sample("cnn", 1, name="other"), stores.labels()[::-1].copy())
    runs = get_runs(store, [stopped, first, other])
    answers, left_out = comparable(runs, lambda run_id: get_predictions(store, run_id))
    assert list(answers) == [first]
    assert [left.run.id for left in left_out] == [stopped, other]
    assert "cut short has no predictions" in left_out[0].sentence
    assert "not tested on the images of first" in left_out[1].sentence
    assert "labels differ" in left_out[1].sentence
    assert comparable([], lambda run_id: get_predictions(store, run_id)) == ({}, [])


def test_folds_of_the_training_set_are_no_group_of_seeds(store: Store) -> None:
    add(store, *group("cnn", 2))
    for fold in (1, 2):
        changes = {"folds": 2, "fold": fold}
        stores.add(store, Sample("cnn", name=f"cnn fold {fold}", changes=changes, columns={"group_id": "folds"}))
    assert [group.id for group in list_groups(store)] == ["all-cnn"]
    with pytest.raises(NotComparable, match="is a k-fold group, not a seed group"):
        compare_groups(store, get_groups(store, ["all-cnn", "folds"]))
