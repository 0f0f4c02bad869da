"""Which images a gallery shows: as many as the cell says, in the order asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.classes import CLASS_COUNT, CLASS_NAMES
from core.statistics.metrics import confidence, confusion_matrix, margin, true_class_loss
from dashboard.charts import galleries
from dashboard.charts.galleries import Wanted
from jobs.store.queries import get_runs
from jobs.store.records import Predictions
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample

LABELS = stores.labels()


def said_by(model: str, seed: int) -> Predictions:
    return Predictions(model, "test", LABELS, stores.log_probabilities(model, seed, LABELS))


RUN, AGAINST = said_by("cnn", 0), said_by("resnet18", 1)


@pytest.fixture
def pair(store: Store) -> galleries.Pair:
    a, b = get_runs(store, [stores.add(store, Sample(name=name)) for name in "ab"])
    return galleries.Pair(a, RUN, b, AGAINST)


def pick(**wanted: Any) -> NDArray[np.integer]:
    asked = Wanted(**wanted)
    return galleries.pick_images(RUN, galleries.among(RUN, AGAINST, asked.show), asked)


def test_each_cell_has_as_many_images_as_the_matrix_says() -> None:
    matrix = confusion_matrix(RUN.labels, RUN.predicted, CLASS_COUNT)
    counts = [[len(pick(show="all", true=true, predicted=predicted)) for predicted in range(10)] for true in range(10)]
    assert np.array_equal(counts, matrix)


def test_misclassified_images_are_all_of_them_and_nothing_else() -> None:
    wrong = pick(show="wrong")
    assert len(wrong) == np.count_nonzero(RUN.predicted != LABELS)
    assert (RUN.predicted[wrong] != LABELS[wrong]).all()


@pytest.mark.parametrize(
    ("sort", "figure", "sign"),
    [
        ("loss", lambda at: true_class_loss(LABELS[at], RUN.probabilities[at]), -1),
        ("confidence", lambda at: confidence(RUN.probabilities[at]), -1),
        ("margin", lambda at: margin(RUN.probabilities[at]), 1),
    ],
)
def test_images_come_in_the_order_asked_for(
    sort: str, figure: Callable[[NDArray[np.integer]], NDArray[np.float64]], sign: int
) -> None:
    assert (np.diff(sign * figure(pick(sort=sort))) >= 0).all()


def test_a_cap_keeps_the_first_of_each_confused_pair() -> None:
    whole, capped = pick(), pick(cap=3)
    pairs = [(LABELS[at], RUN.predicted[at]) for at in whole]
    expected = [at for place, at in enumerate(whole) if pairs[:place].count(pairs[place]) < 3]
    assert capped.tolist() == expected


def test_the_four_outcomes_of_two_runs_share_out_all_images() -> None:
    masks = [galleries.among(RUN, AGAINST, show) for show in galleries.AGREEMENT]
    assert np.array_equal(np.sum(masks, axis=0), np.ones(len(LABELS)))
    only_run = masks[galleries.PAIRED_OUTCOMES.index(galleries.ONLY_RUN)]
    assert (RUN.predicted[only_run] == LABELS[only_run]).all()
    assert (AGAINST.predicted[only_run] != LABELS[only_run]).all()


def test_where_the_run_alone_is_right_the_other_ones_mistakes_are_quoted(pair: galleries.Pair) -> None:
    assert pair.quoted(galleries.ONLY_RUN) is AGAINST
    assert pair.quoted_name(galleries.ONLY_RUN) == "b"
    assert pair.quoted(galleries.ONLY_AGAINST) is RUN
    assert galleries.Pair(pair.run, RUN).quoted(galleries.ONLY_RUN) is RUN


def test_an_outcome_of_two_runs_without_the_second_shows_all_images() -> None:
    assert galleries.among(RUN, None, galleries.ONLY_RUN).all()


def test_the_gallery_says_in_words_what_it_shows() -> None:
    words = galleries.describe(Wanted("only-run", true=4, sort="margin", cap=3), CLASS_NAMES, "a", "b")
    assert words == (
        "a right, b wrong, true Coat, at most 3 per class pair; smallest margin first. "
        "Captions: true class → prediction of b."
    )


@pytest.mark.parametrize(("true", "predicted"), [(4, 6), (4, 4)])
def test_the_images_behind_a_difference_are_those_whose_answer_has_changed(
    pair: galleries.Pair, true: int, predicted: int
) -> None:
    counts = {}
    for show in (galleries.RUN_SAYS, galleries.AGAINST_SAYS):
        wanted = Wanted(show, true, predicted)
        images = galleries.pick_images(pair.quoted(show), pair.among(show), wanted)
        assert (pair.quoted(show).predicted[images] == predicted).all()
        assert (RUN.predicted[images] != AGAINST.predicted[images]).all()
        counts[show] = len(images)
    mine, theirs = (
        confusion_matrix(LABELS, answers.predicted, CLASS_COUNT)[true, predicted] for answers in (RUN, AGAINST)
    )
    assert counts[galleries.RUN_SAYS] - counts[galleries.AGAINST_SAYS] == mine - theirs
    assert galleries.changed(int(mine - theirs)) == max(counts, key=counts.get)
