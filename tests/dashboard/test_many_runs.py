"""With many runs: fields offer the newest and find the others, and what pages read does not hold configurations."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event
from streamlit.testing.v1 import AppTest

from dashboard.pickers import FIND
from dashboard.queries import run_queries
from dashboard.queries.remeasured import Remeasured
from jobs.results.leaders import list_costs, list_machines
from jobs.store.filters import FINISHED
from jobs.store.queries import list_names
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, texts
from tests.stores import Sample

OFFERED = 2
CONFIGURATIONS = "runs.config"


@pytest.fixture(autouse=True)
def few_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_queries, "MOST_OFFERED", OFFERED)


@pytest.fixture
def ids(store: Store) -> list[str]:
    """Five finished runs, the oldest first, each in a group with itself."""
    return [
        stores.add(store, Sample(name=f"run {place}", created_at=place, columns={"group_id": f"group{place}"}))
        for place in range(5)
    ]


@pytest.fixture
def asked(store: Store) -> Iterator[list[str]]:
    """The queries that the store of the test and that of the pages are asked."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    engines = [store.engine, run_queries.store().engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def names_in(field: Any) -> list[str]:
    return [option.partition(" ·")[0] for option in field.options]


def find(app: AppTest, words: str) -> AppTest:
    (field,) = [field for field in app.text_input if field.key == f"pick_{FIND}"]
    return field.set_value(words).run()


@pytest.mark.usefixtures("ids")
def test_with_more_runs_than_a_field_offers_the_newest_are_offered_and_the_field_to_find_others_says_so(
    open_page: OpenPage,
) -> None:
    app = open_page("compare")
    assert names_in(app.multiselect[0]) == ["run 4", "run 3"]
    assert "Of all finished runs the newest 2 are offered" in app.text_input[0].help


def test_with_as_many_runs_as_are_offered_there_is_no_field_to_find_others(store: Store, open_page: OpenPage) -> None:
    for place in range(OFFERED):
        stores.add(store, Sample(name=f"run {place}"))
    app = open_page("compare")
    assert len(names_in(app.multiselect[0])) == OFFERED
    assert list(app.text_input) == []


def test_an_old_run_is_offered_once_its_words_are_searched_for_and_stays_chosen(
    ids: list[str], open_page: OpenPage
) -> None:
    app = find(open_page("compare"), "run 0")
    assert names_in(app.multiselect[0]) == ["run 0"]
    app.multiselect[0].set_value([ids[0]]).run()
    app = find(app, "")
    assert names_in(app.multiselect[0]) == ["run 4", "run 3", "run 0"]
    assert app.multiselect[0].value == [ids[0]]


def test_a_link_to_an_old_run_opens_it(ids: list[str], open_page: OpenPage) -> None:
    app = open_page("explore", run=ids[0])
    assert app.selectbox[0].value == ids[0]
    assert not app.exception


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("parameters", [{}, {"by": "recipes"}])
def test_words_that_nothing_has_are_said_and_the_newest_are_offered(
    open_page: OpenPage, parameters: dict[str, str]
) -> None:
    app = open_page("compare", find="nothing has this", **parameters)
    assert "has the words “nothing has this”. The newest are offered." in texts(app)
    assert names_in(app.multiselect[0]) == ["run 4", "run 3"]


def test_an_old_seed_group_is_offered_once_its_words_are_searched_for(ids: list[str], open_page: OpenPage) -> None:
    app = open_page("compare", by="recipes")
    assert names_in(app.multiselect[0]) == ["run 4", "run 3"]
    assert names_in(find(app, ids[1]).multiselect[0]) == ["run 1"]


@pytest.mark.usefixtures("ids")
def test_names_costs_and_machines_of_all_runs_are_read_in_a_statement_each_without_configurations(
    store: Store, asked: list[str]
) -> None:
    for read in (lambda: list_names(store, FINISHED), lambda: list_costs(store), lambda: list_machines(store)):
        asked.clear()
        assert read()
        assert len(asked) == 1
        assert not [name for name in ("config", "environment", "data_set") if name in asked[0]]


@pytest.mark.usefixtures("ids")
def test_the_data_sets_of_all_runs_are_read_again_only_when_runs_have_come_or_gone(
    store: Store, asked: list[str]
) -> None:
    run_queries.data_of_runs()
    assert [statement for statement in asked if CONFIGURATIONS in statement]
    asked.clear()
    run_queries.data_of_runs()
    assert len(asked) == 1
    assert CONFIGURATIONS not in asked[0]
    stores.add(store, Sample(changes={"data": "0" * 64}))
    assert "0" * 64 in run_queries.data_of_runs()


def test_what_takes_long_to_measure_is_shown_as_it_was_while_it_is_measured_again() -> None:
    value, may_end = Remeasured[int](keeps_s=0, patience_s=0.05), Event()

    def slowly() -> int:
        may_end.wait(10)
        return 2

    assert value.read(lambda: 1) == 1
    assert value.read(slowly) == 1
    value.forget()
    assert value.read(slowly) is None
    may_end.set()


def test_what_could_not_be_measured_is_tried_again_the_next_time() -> None:
    value = Remeasured[int](keeps_s=60, patience_s=5)
    with pytest.raises(ZeroDivisionError):
        value.read(lambda: 1 // 0)
    assert value.read(lambda: 1) == 1
    assert value.read(lambda: 2) == 1
