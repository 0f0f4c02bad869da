"""The review of a run on its page, in the list of runs and in the inbox on Home."""

import json
import time

import pytest
from streamlit.testing.v1 import AppTest

from jobs.people import operator
from jobs.running import run_edits
from jobs.store.queries import get_run
from jobs.store.records import ReviewState
from jobs.store.store import Store
from jobs.team import comments, inbox, reviews
from jobs.team.comments import Topic
from tests import stores
from tests.colleagues import ANNA, BEN, EVE, meet_all
from tests.dashboard.app import OpenPage, Visit, press, texts
from tests.stores import Sample


@pytest.fixture
def run_id(store: Store) -> str:
    """A finished run of Eve's."""
    return stores.add(meet_all(store), Sample(name="cnn 1", columns={"owner": EVE.id, "ended_at": time.time() - 60}))


def rows(app: AppTest) -> dict[str, tuple[str, str]]:
    """The review of each listed run as sign and word, by the run's name."""
    tables = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    listed = next(table["rows"] for table in tables if "rows" in table)
    return {row["name"]: (row["review_sign"], row["review"]) for row in listed}


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_a_run_is_asked_about_found_wanting_and_accepted(
    store: Store, open_page: OpenPage, run_id: str, visit: Visit
) -> None:
    visit(EVE)
    app = open_page("runs", run=run_id, section="review")
    assert "Nobody has asked for a review yet." in texts(app)
    assert next(button for button in app.button if button.label == "Accept").disabled
    app.selectbox(key="review_ask").set_value(BEN.id)
    app.text_area(key="review_why").set_value("For the *paper*.")
    press(app, "Ask for a review")
    assert "Review asked of Ben by Eve, " in texts(app)
    assert "For the *paper*." in texts(app)
    assert app.text_area(key="review_why").value == ""
    visit(BEN)
    app = open_page("runs", run=run_id, section="review")
    press(app, "Needs work")
    assert "Nothing says what needs work. Say why." in texts(app)
    app.text_area(key="review_why").set_value("Train it longer.")
    press(app, "Needs work")
    press(app, "Accept")
    assert get_run(store, run_id).review == ReviewState.ACCEPTED
    assert "◆ accepted" in texts(app)
    assert "Accepted by Ben, " in texts(app)
    assert not app.exception


def test_an_accepted_run_says_why_it_cannot_be_deleted_and_who_unlocks_it(
    store: Store, open_page: OpenPage, run_id: str, visit: Visit
) -> None:
    reviews.take_step(store.acting(BEN), run_id, ReviewState.ACCEPTED)
    visit(EVE)
    app = open_page("runs", run=run_id, section="review")
    assert "Only Ben or an admin can withdraw the acceptance." in texts(app)
    assert "Accept" not in labels(app)
    delete = next(button for button in app.button if button.label == "Delete")
    assert (delete.disabled, "withdraw the acceptance" in delete.help) == (True, True)
    press(app, "Archive")
    assert "Run cnn 1 was accepted by Ben and cannot be archived." in texts(app)
    visit(ANNA)
    app = press(open_page("runs", run=run_id, section="review"), "Withdraw “accepted”")
    assert get_run(store, run_id).review is None
    assert not next(button for button in app.button if button.label == "Delete").disabled


def test_locked_runs_are_kept_when_several_are_deleted(store: Store, open_page: OpenPage, run_id: str) -> None:
    other = stores.add(store, Sample(name="other"))
    run_edits.set_pinned(store, run_id, True)
    app = open_page("runs")
    app.session_state["marked_runs"] = [run_id, other]
    press(app.run(), "Delete")
    assert "1 run pinned or accepted will be kept" in texts(app)
    press(app, "Delete 1 run")
    assert get_run(store, run_id).pinned
    assert rows(open_page("runs")) == {"cnn 1": ("", "")}


def test_the_list_of_runs_has_the_state_of_the_review_and_filters_by_it(
    store: Store, open_page: OpenPage, run_id: str
) -> None:
    other = stores.add(store, Sample(name="other"))
    assert "Review" not in [choice.label for choice in open_page("runs").multiselect]
    reviews.take_step(store, run_id, ReviewState.ASKED)
    reviews.take_step(store, other, ReviewState.NEEDS_WORK, why="No.")
    app = open_page("runs")
    assert rows(app) == {"other": ("△", "needs work"), "cnn 1": ("◇", "review asked")}
    next(choice for choice in app.multiselect if choice.label == "Review").set_value(["review asked"]).run()
    assert list(rows(app)) == ["cnn 1"]
    assert list(rows(open_page("runs", review="needs work"))) == ["other"]


def test_home_lists_what_waits_and_what_is_new_until_it_is_done(
    store: Store, open_page: OpenPage, run_id: str, visit: Visit
) -> None:
    visit(EVE)
    assert [folded.label for folded in open_page().expander] == []
    reviews.take_step(store.acting(BEN), run_id, ReviewState.NEEDS_WORK, why="Train it longer.")
    thread = comments.add(store.acting(BEN), Topic.run(run_id), "@eve **why**?", f"runs?run={run_id}&section=review")
    stores.add(store, Sample(name="bad", status="failed", columns={"owner": EVE.id, "ended_at": time.time()}))
    app = open_page()
    assert [folded.label for folded in app.expander] == ["Inbox: 1 waiting for you, 2 new"]
    for words in ("Ben, ", "needs work by Ben", "Train it longer.", "failed "):
        assert words in texts(app)
    links = [link.proto for link in app.get("page_link") if link.proto.label == "cnn 1"]
    assert f"run={run_id}&section=review" in [link.query_string for link in links]
    press(app, "Mark what is new as seen")
    assert [folded.label for folded in app.expander] == ["Inbox: 1 waiting for you"]
    comments.reply(store.acting(EVE), thread, "It diverged.", "runs")
    assert [folded.label for folded in open_page().expander] == []
    assert not app.exception


def test_a_review_that_is_asked_waits_on_home_for_reviewers(
    store: Store, open_page: OpenPage, run_id: str, visit: Visit
) -> None:
    reviews.take_step(store.acting(EVE), run_id, ReviewState.ASKED, why="For the paper.")
    visit(BEN)
    app = open_page()
    assert "Eve asks anybody for a review, " in texts(app)
    assert [folded.label for folded in app.expander] == ["Inbox: 1 waiting for you"]


def test_on_ones_own_machine_the_inbox_is_folded(store: Store, open_page: OpenPage) -> None:
    inbox.begin(store)
    stores.add(store, Sample(name="mine", columns={"owner": operator().id, "ended_at": time.time()}))
    (folded,) = open_page().expander
    assert (folded.label, folded.proto.expanded) == ("Inbox: 1 new", False)
