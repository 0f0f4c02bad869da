"""Groups of seeds on the pages Compare and Runs: recipes, their spread, and what one seed cannot say."""

from html import unescape
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.charts.recipes import seed_accuracies
from dashboard.style import LIGHT, run_styles
from jobs.results.comparisons import compare_groups
from jobs.results.seed_groups import get_groups
from jobs.running import run_edits
from jobs.store.records import RunStatus
from jobs.store.schema import runs
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, texts
from tests.stores import Sample


def findings(app: AppTest) -> list[str]:
    """The sentences set large, as a person reads them."""
    paragraphs = [element.proto.body for element in app.get("html") if element.proto.body.startswith("<p")]
    return [unescape(body.partition(">")[2].removesuffix("</p>")) for body in paragraphs]


def add_group(store: Store, model: str, seeds: int, **changes: Any) -> str:
    """A group of finished runs with seeds 0, 1, ...; its id."""
    for seed in range(seeds):
        stores.add(store, Sample(model, seed, columns={"group_id": f"all-{model}"}, **changes))
    return f"all-{model}"


@pytest.fixture
def groups(store: Store) -> list[str]:
    return [add_group(store, "cnn", 3), add_group(store, "resnet18", 3)]


def test_two_groups_are_compared_as_recipes_with_the_sentence_first(
    store: Store, groups: list[str], open_page: OpenPage
) -> None:
    app = open_page("compare", group=groups)
    (expected,) = compare_groups(store, get_groups(store, groups)).comparisons
    assert findings(app) == [expected.sentence]
    assert expected.sentence.startswith("As a recipe cnn is better than resnet18")
    assert not app.exception


def test_an_archived_run_changes_nothing_of_its_group(store: Store, groups: list[str], open_page: OpenPage) -> None:
    before = findings(open_page("compare", by="recipes", group=groups))
    run_edits.archive(store, get_groups(store, groups)[0].runs[1].id)
    assert findings(open_page("compare", by="recipes", group=groups)) == before


def test_a_group_of_one_says_that_nothing_can_be_said(store: Store, groups: list[str], open_page: OpenPage) -> None:
    alone = stores.add(store, Sample("cnn", 9, name="alone"))
    app = open_page("compare", group=[groups[0], alone])
    assert findings(app)[0].startswith("The recipes cnn and alone cannot be compared")
    assert "nan" not in texts(app).lower()
    assert not app.exception


def test_a_group_with_an_unfinished_run_leaves_it_out_by_name(
    store: Store, groups: list[str], open_page: OpenPage
) -> None:
    stores.add(store, Sample("cnn", 7, name="halted", status=RunStatus.STOPPED, columns={"group_id": groups[0]}))
    app = open_page("compare", by="recipes", group=groups)
    assert "halted" in " ".join(warning.value for warning in app.warning)
    assert findings(app)


def test_one_group_alone_shows_its_spread_and_an_unknown_one_is_said(groups: list[str], open_page: OpenPage) -> None:
    app = open_page("compare", by="recipes", group=[groups[0], "nosuchid"])
    assert "over 3 seeds (standard deviation" in findings(app)[0]
    assert "There is no group nosuchid" in app.warning[0].value


def test_recipes_without_a_choice_or_without_groups_say_what_to_do(store: Store, open_page: OpenPage) -> None:
    assert "No seed groups yet" in texts(open_page("compare", by="recipes"))
    add_group(store, "cnn", 2)
    assert "Choose two groups above" in texts(open_page("compare", by="recipes"))


def test_groups_that_answered_other_images_are_refused_in_a_sentence(store: Store, open_page: OpenPage) -> None:
    first = add_group(store, "cnn", 2)
    for seed in range(2):
        stores.add(store, Sample("resnet18", seed, columns={"group_id": "other"}), stores.labels()[::-1].copy())
    app = open_page("compare", by="recipes", group=[first, "other"])
    assert "labels differ" in app.error[0].value
    assert not app.exception


def test_runs_of_two_groups_lead_to_the_comparison_of_their_recipes(
    store: Store, groups: list[str], open_page: OpenPage
) -> None:
    ids = [group.runs[0].id for group in get_groups(store, groups)]
    app = open_page("compare", run=ids)
    assert "Compare the recipes" in str([link.proto for link in app.get("page_link")])


@pytest.mark.usefixtures("groups")
def test_the_list_of_groups_opens_by_its_link(open_page: OpenPage) -> None:
    app = open_page("runs", by="groups")
    assert "A group includes its archived runs" in texts(app)
    assert not app.exception


def test_without_groups_the_list_says_what_one_is(open_page: OpenPage) -> None:
    assert "A seed group is one configuration trained with several seeds" in texts(open_page("runs", by="groups"))


def test_a_run_of_a_group_stands_for_its_group_in_the_link(
    store: Store, groups: list[str], open_page: OpenPage
) -> None:
    seed = get_groups(store, groups)[0].runs[1].id
    app = open_page("compare", by="recipes", group=[seed, groups[1]])
    assert not app.warning
    assert app.query_params["group"] == groups
    assert findings(app)[0].startswith("As a recipe cnn is better than resnet18")


def test_the_bars_of_a_mean_end_where_its_interval_does(store: Store) -> None:
    high, low = (stores.add(store, Sample("cnn", seed, columns={"group_id": "few"})) for seed in (0, 1))
    with store.writing() as connection:
        for run_id, accuracy in ((high, 0.99), (low, 0.9)):
            connection.execute(runs.update().where(runs.c.id == run_id).values(test_accuracy=accuracy))
    (group,) = get_groups(store, ["few"])
    figure = seed_accuracies([group], run_styles(["few"]), LIGHT)
    bar = figure.data[1].error_x
    mean = group.figures.accuracy
    assert mean.high == 1.0
    assert (bar.array[0], bar.arrayminus[0]) == pytest.approx((1 - mean.mean, mean.mean - mean.low))
