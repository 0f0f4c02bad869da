"""What anybody may write in the address is a number, or is passed over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts import areas
from dashboard.whole_numbers import LARGEST, whole_number
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, texts
from tests.stores import Sample

HUGE = "9" * 5000


@given(st.integers(0, 10**40))
def test_digits_are_their_number_up_to_one_that_nothing_has(number: int) -> None:
    assert whole_number(str(number)) == min(number, LARGEST)


@given(st.text() | st.from_regex(r"[-+0-9_.eE\s²٣]{0,6}", fullmatch=True))
def test_anything_else_is_no_number(words: str) -> None:
    number = whole_number(words)
    assert (number is None) != (words != "" and set(words) <= set("0123456789"))


@given(st.text() | st.from_regex(r"[0-9-]{0,40}", fullmatch=True) | st.just(HUGE) | st.just(f"{HUGE}-1-1-1"))
def test_any_words_are_an_area_or_none(words: str) -> None:
    area = areas.parse(words)
    assert area is None or all(0 <= value <= areas.SCALE for corner in area for value in corner)


PLACES = [
    ("runs", {"page": HUGE, "search": HUGE}),
    ("explore", {"image": HUGE, "page": HUGE, "true": HUGE, "predicted": "-1", "area": f"{HUGE}-1-1-1"}),
    ("launch", {"folds": HUGE, "preset": HUGE}),
    *(
        pytest.param(view, parameters, marks=pytest.mark.slow)
        for view, parameters in (
            ("runs", {"run": HUGE}),
            ("runs", {"search": " ".join(map(str, range(1000)))}),
            ("runs", {"about": "groups", "page": HUGE, "group": "a\0b"}),
            ("explore", {"run": HUGE, "against": "../x", "image": "\N{ARABIC-INDIC DIGIT THREE}"}),
            ("compare", {"run": [HUGE, "x"], "group": HUGE, "by": HUGE}),
            ("data", {"page": HUGE, "split": HUGE, "class": HUGE}),
            ("predict", {"about": "sets", "set": HUGE, "true": HUGE, "predicted": HUGE, "run": HUGE}),
            ("launch", {"folds": "9" * 17}),
            ("launch", {"clone": HUGE}),
        )
    ),
]


@pytest.mark.parametrize(("view", "parameters"), PLACES)
def test_no_page_breaks_on_what_the_address_says(
    store: Store, open_page: OpenPage, view: str, parameters: dict[str, str]
) -> None:
    stores.add(store, Sample())
    app = open_page(view, **parameters)
    assert not app.exception
    assert texts(app)
