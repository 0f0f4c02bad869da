"""What visitors share refuses to be written into."""

from dataclasses import dataclass

import numpy as np
import pytest

from dashboard.queries import data_queries, model_queries, run_queries
from dashboard.queries.corrections import Corrections
from dashboard.queries.read_only import arrays_in, read_only
from dashboard.sections.predict import samples
from jobs.store.store import Store
from tests.stores import Sample, add
from tests.studied import add_study


@dataclass(frozen=True)
class Nested:
    first: np.ndarray
    rest: tuple[dict[str, list[np.ndarray]], str]


def test_arrays_are_closed_at_any_depth() -> None:
    value = Nested(np.zeros(1), ({"more": [np.ones(2), np.ones(3)]}, "words"))
    assert read_only(value) is value
    assert [len(array) for array in arrays_in(value)] == [1, 2, 3]
    for array in arrays_in(value):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7


def test_nothing_that_the_pages_keep_for_all_visitors_can_be_written_into(store: Store) -> None:
    run_id = add(store, Sample(validated=True))
    add_study(store, run_id)
    picture = samples.draw_sample(next(iter(samples.SAMPLES)))
    shared = [
        run_queries.predictions(run_id),
        run_queries.validation_predictions(run_id),
        data_queries.label_quality(run_id),
        model_queries.study(run_id),
        model_queries.photo(picture, "sample.png"),
        model_queries.model_view(picture, "sample.png", Corrections()),
    ]
    for value in shared:
        arrays = list(arrays_in(value))
        assert arrays
        assert not any(array.flags.writeable for array in arrays)
