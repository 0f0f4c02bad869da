"""Which run of a model leads, and whether it may be called the best of all."""

from functools import partial

import numpy as np

from core.config import FASHION_MNIST
from jobs.results.leaders import LOOKED_AT, Leader, leader_of
from jobs.store.queries import get_predictions
from jobs.store.records import Predictions
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample

SMALL = {"model": "resnet-small"}


def leader(store: Store, model: str = "cnn") -> Leader:
    lead = leader_of(store, model, FASHION_MNIST, partial(get_predictions, store))
    assert lead is not None
    return lead


def add(store: Store, accuracies: list[float]) -> list[str]:
    """Runs with these accuracies in their rows, whatever their predictions are."""
    return [
        stores.add(store, Sample(seed=seed, columns={"test_accuracy": share})) for seed, share in enumerate(accuracies)
    ]


def test_without_a_finished_run_there_is_no_leader_and_the_only_one_is_the_best(store: Store) -> None:
    assert leader_of(store, "cnn", FASHION_MNIST, partial(get_predictions, store)) is None
    (only,) = add(store, [0.9])
    assert leader(store).run.id == only
    assert leader(store).is_best


def test_runs_that_are_far_worse_are_ruled_out_by_their_accuracy_without_reading_their_answers(store: Store) -> None:
    best, *_ = add(store, [0.92, *np.linspace(0.7, 0.88, 20).tolist()])

    def read(run_id: str) -> Predictions:
        raise AssertionError(f"The answers of {run_id} are not needed.")

    lead = leader_of(store, "cnn", FASHION_MNIST, read)
    assert lead is not None
    assert lead.is_best
    assert (lead.run.id, lead.among) == (best, 21)


def test_a_tied_run_far_down_the_list_is_seen(store: Store) -> None:
    ids = [stores.add(store, Sample(seed=seed)) for seed in range(9)]
    twin = stores.add(store, Sample(seed=0))
    lead = leader(store)
    assert not lead.is_best
    assert {lead.run.id, *(run.id for run in lead.tied)} >= {ids[0], twin}


def test_no_more_answers_are_read_than_are_quickly_read_and_the_rest_is_counted(store: Store) -> None:
    add(store, [0.915] * (LOOKED_AT + 6))
    asked: list[str] = []

    def read(run_id: str) -> Predictions:
        asked.append(run_id)
        return get_predictions(store, run_id)

    lead = leader_of(store, "cnn", FASHION_MNIST, read)
    assert lead is not None
    assert len(asked) == LOOKED_AT + 1
    assert lead.unknown == 5
    assert not lead.is_best


def test_a_run_that_answered_other_images_keeps_the_leader_from_being_the_best(store: Store) -> None:
    leading = stores.add(store, Sample(seed=0, columns={"test_accuracy": 0.95}))
    other = stores.add(store, Sample(seed=1), stores.labels()[:-10])
    lead = leader(store)
    assert lead.run.id == leading
    assert [left.run.id for left in lead.left_out] == [other]
    assert not lead.is_best


def test_the_leader_is_the_best_if_every_other_run_is_shown_to_be_worse(store: Store) -> None:
    best = stores.add(store, Sample(changes=SMALL))
    for seed in range(3):
        stores.add(store, Sample("resnet18", seed, changes={**SMALL, "pretrained": False, "unfrozen_layers": ()}))
    lead = leader(store, "resnet-small")
    assert (lead.run.id, lead.among) == (best, 4)
    assert lead.is_best
