"""Comments on pages: written, answered, changed and resolved by people with different roles."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from jobs.people import Role, operator
from jobs.settings import settings
from jobs.store.store import Store
from jobs.tasks import set_changes
from jobs.team import comments, members
from jobs.team.comments import Topic, list_threads
from tests import stores
from tests.blank_data import write_blank_data
from tests.colleagues import ANNA, BEN, EVE, meet_all
from tests.dashboard.app import OpenPage, Visit, press, texts
from tests.jobs.test_photo_sets import kept
from tests.stores import Sample

pytestmark = pytest.mark.slow


@pytest.fixture
def run_id(store: Store) -> str:
    return stores.add(meet_all(store), Sample(name="cnn 1", columns={"owner": EVE.id}))


def field(app: AppTest, label: str) -> str:
    return next(area.value or "" for area in app.text_area if area.label == label)


def write(app: AppTest, label: str, text: str, button: str) -> AppTest:
    """Fill the field of that label and press the button that saves it."""
    next(area for area in app.text_area if area.label == label).set_value(text)
    return press(app, button)


def words_of(store: Store, topic: Topic) -> list[list[tuple[str, str]]]:
    return [[(comment.person, comment.text) for comment in thread] for thread in list_threads(store, topic)]


def test_a_comment_on_a_run_is_written_answered_and_resolved(
    store: Store, open_page: OpenPage, run_id: str, visit: Visit
) -> None:
    visit(BEN)
    app = open_page("runs", run=run_id, section="review")
    assert "No comments yet." in texts(app)
    write(app, "New comment", "Why is epoch 3 **worse**, @eve?", "Comment")
    assert "Why is epoch 3 **worse**, @eve?" in texts(app)
    assert field(app, "New comment") == ""
    visit(EVE)
    app = open_page("runs", run=run_id, section="review")
    press(app, "Reply")
    write(app, "Reply", "The learning rate.", "Save the reply")
    assert words_of(store, Topic.run(run_id)) == [
        [(BEN.id, "Why is epoch 3 **worse**, @eve?"), (EVE.id, "The learning rate.")]
    ]
    press(app, "Resolve the thread")
    assert "Resolved thread of 2 comments, begun by Ben" in texts(app)
    assert "The learning rate." not in texts(app)
    press(press(app, "Show the thread"), "Reopen the thread")
    assert "The learning rate." in texts(app)
    assert not app.exception


def test_what_is_refused_stays_in_the_field(store: Store, open_page: OpenPage, run_id: str) -> None:
    app = open_page("runs", run=run_id, section="review")
    write(app, "New comment", "@nobody, look", "Comment")
    assert "Nobody called nobody has signed in." in texts(app)
    assert field(app, "New comment") == "@nobody, look"
    write(app, "New comment", "x" * 10_001, "Comment")
    assert "The comment has 10,001 characters." in texts(app)
    assert list_threads(store, Topic.run(run_id)) == []


def test_who_edits_in_the_second_tab_is_told_and_loses_nothing(
    store: Store, open_page: OpenPage, run_id: str, visit: Visit
) -> None:
    visit(BEN)
    comment = comments.add(store.acting(BEN), Topic.run(run_id), "as it was", "runs")
    app = press(open_page("runs", run=run_id, section="review"), "Edit")
    comments.edit(store.acting(BEN), comment, "from another tab")
    write(app, "Edit the comment", "mine", "Save")
    assert "has been changed in another window" in texts(app)
    assert [code.value for code in app.code if code.value == "from another tab"]
    assert field(app, "Edit the comment") == "mine"
    press(app, "Save")
    assert words_of(store, Topic.run(run_id)) == [[(BEN.id, "mine")]]
    assert "edited" in texts(app)


@pytest.mark.parametrize(
    ("opened", "label", "button"), [("Edit", "Edit the comment", "Save"), ("Reply", "Reply", "Save the reply")]
)
def test_a_text_for_a_comment_that_is_gone_moves_to_a_new_one(
    store: Store, open_page: OpenPage, run_id: str, opened: str, label: str, button: str
) -> None:
    comment = comments.add(store, Topic.run(run_id), "as it was", "runs")
    app = press(open_page("runs", run=run_id, section="review"), opened)
    comments.delete_comment(store, comment)
    write(app, label, "mine", button)
    assert "This comment has been deleted meanwhile. Write yours as a new one." in texts(app).replace("**", "")
    press(app, "Comment")
    assert words_of(store, Topic.run(run_id)) == [[(operator().id, "mine")]]
    assert not app.exception


def test_an_edit_is_given_up_without_a_trace(store: Store, open_page: OpenPage, run_id: str) -> None:
    comments.add(store, Topic.run(run_id), "as it was", "runs")
    app = press(open_page("runs", run=run_id, section="review"), "Edit")
    next(area for area in app.text_area if area.label == "Edit the comment").set_value("mine")
    press(app, "Cancel")
    assert field(press(app, "Edit"), "Edit the comment") == "as it was"


def test_people_change_their_own_comments_and_admins_delete_any(
    store: Store, open_page: OpenPage, run_id: str, visit: Visit
) -> None:
    comments.add(store.acting(BEN), Topic.run(run_id), "Good.", "runs")
    visit(EVE)
    labels = [button.label for button in open_page("runs", run=run_id, section="review").button]
    assert "Reply" in labels
    assert not {"Edit", "Delete the comment"} & set(labels)
    visit(ANNA)
    app = open_page("runs", run=run_id, section="review")
    assert "Edit" not in [button.label for button in app.button]
    press(app, "Delete the comment")
    assert list_threads(store, Topic.run(run_id)) == []
    assert "No comments yet." in texts(app)


def test_who_may_only_look_reads_and_is_told_why_there_is_no_field(
    store: Store, open_page: OpenPage, run_id: str, visit: Visit
) -> None:
    comments.add(store, Topic.run(run_id), "Good.", "runs")
    members.give_role(store, BEN.id, Role.LOOK)
    visit(BEN)
    app = open_page("runs", run=run_id, section="review")
    assert "Good." in texts(app)
    assert "take the role review." in texts(app)
    assert [area.label for area in app.text_area] == []
    assert not {"Reply", "Accept", "Resolve the thread"} & {button.label for button in app.button}


def test_a_comment_on_a_comparison_leads_back_to_its_baseline(store: Store, open_page: OpenPage, run_id: str) -> None:
    other = stores.add(store, Sample(seed=1))
    app = open_page("compare", run=[run_id, other], more="calibration")
    write(app, "New comment", "Shirts differ.", "Comment")
    ((comment,),) = list_threads(store, Topic.comparison([other, run_id]))
    assert comment.view == f"compare?run={run_id}&run={other}&more=calibration"
    app = open_page("compare", run=[other, run_id])
    assert "Shirts differ." in texts(app)
    links = [link.proto for link in app.get("page_link") if link.proto.label == "Open the view"]
    assert [link.query_string for link in links] == [f"run={run_id}&run={other}&more=calibration"]


def test_a_view_that_is_no_page_is_no_link(store: Store, open_page: OpenPage, run_id: str) -> None:
    for view in ("javascript:alert(1)", "https://example.org/", "runs?label=x&view=y&icon=z"):
        comments.add(store, Topic.run(run_id), "Look.", view)
    app = open_page("runs", run=run_id, section="review")
    links = [link.proto.query_string for link in app.get("page_link") if link.proto.label == "Open the view"]
    assert links == ["label=x&view=y&icon=z"]
    assert not app.exception


@pytest.fixture
def blank_data(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.artifacts == settings().artifacts
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()


@pytest.mark.usefixtures("blank_data")
def test_a_comment_on_an_image_stands_at_it_on_every_page_that_shows_it(
    store: Store, open_page: OpenPage, run_id: str
) -> None:
    app = open_page("explore", run=run_id, image="7")
    assert "Comments" in [folded.label for folded in app.expander]
    write(app, "New comment", "A boot.", "Comment")
    ((comment,),) = list_threads(store, Topic.image("fashion-mnist", 60_007))
    assert comment.view == f"explore?run={run_id}&image=7"
    app = open_page("data", section="suspects", image="7")
    assert "A boot." in texts(app)
    assert "A boot." not in texts(open_page("data", section="suspects", image="8"))
    assert not app.exception


def test_a_comment_on_a_photo_stays_with_it_when_another_one_leaves_the_set(
    store: Store, open_page: OpenPage, run_id: str
) -> None:
    office = kept(store, "office")
    app = open_page("predict", about="sets", set=office.id, run=run_id, photo="1")
    write(app, "New comment", "Blurred.", "Comment")
    ((comment,),) = list_threads(store, Topic.photo(office.id, 1))
    assert comment.view == f"predict?about=sets&set={office.id}&run={run_id}&photo=1"
    set_changes.remove_photo(store, office, 0)
    assert "Blurred." in texts(open_page("predict", about="sets", set=office.id, photo="1"))
    assert not app.exception
