"""Comments: threads about a run, a comparison, an image or a photo, and what becomes of them."""

import subprocess
import sys

import pytest
from sqlalchemy import select

from core.errors import ConfigurationError
from jobs.people import Person, Role, operator
from jobs.running import run_edits
from jobs.settings import ROOT, child_environment
from jobs.store.queries import RunNotFound
from jobs.store.schema import comments as comments_table
from jobs.store.schema import mentions
from jobs.store.store import Store
from jobs.store.store_errors import ChangedMeanwhile
from jobs.team import comments, members
from jobs.team.change_record import Action, Wanted, list_changes
from jobs.team.comments import CommentGone, Topic, list_threads
from jobs.team.permission import NotAllowed
from tests import stores
from tests.colleagues import ANNA, BEN, EVE, meet_all
from tests.stores import Sample

VIEW = "runs?run=x&section=review"


@pytest.fixture
def team(store: Store) -> Store:
    return meet_all(store)


@pytest.fixture
def topic(team: Store) -> Topic:
    return Topic.run(stores.add(team, Sample(name="cnn 1")))


def mentioned_in(store: Store, comment_id: str) -> set[str]:
    with store.reading() as connection:
        return set(connection.scalars(select(mentions.c.person).where(mentions.c.comment_id == comment_id)))


def texts(store: Store, topic: Topic) -> list[list[str]]:
    return [[comment.text for comment in thread] for thread in list_threads(store, topic)]


def test_threads_keep_their_order_their_people_and_the_view_they_speak_of(team: Store, topic: Topic) -> None:
    first = comments.add(team.acting(BEN), topic, "Why is epoch 3 worse?\r\n", VIEW)
    second = comments.add(team.acting(ANNA), topic, "Good.", "runs?run=x")
    comments.reply(team.acting(ANNA), first, "The learning rate.", "runs?run=x&section=curves")
    assert texts(team, topic) == [["Why is epoch 3 worse?", "The learning rate."], ["Good."]]
    (question, answer), (good,) = list_threads(team, topic)
    assert (question.person_name, question.view, question.thread) == ("Ben", VIEW, first)
    assert (answer.person_name, answer.view, answer.thread) == ("Anna Smith", "runs?run=x&section=curves", first)
    assert good.id == good.thread == second
    assert list_threads(team, Topic.run("another")) == []


def test_a_comparison_is_the_same_whichever_run_is_the_baseline() -> None:
    assert Topic.comparison(["b", "a"]) == Topic.comparison(["a", "b", "a"])
    assert Topic.image("fashion-mnist", 12) != Topic.photo("fashion-mnist", 12)


def test_a_reply_to_a_reply_joins_its_thread(team: Store, topic: Topic) -> None:
    first = comments.add(team, topic, "one", VIEW)
    comments.reply(team, comments.reply(team, first, "two", VIEW), "three", VIEW)
    assert texts(team, topic) == [["one", "two", "three"]]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Ben, look", {BEN.id}),
        ("ask @ANNA  smith's model (or @eve@example.net).", {ANNA.id, EVE.id}),
        ("@anna and @anna smith", {ANNA.id}),
        ("`@dataclass` and ```\n@nobody\n``` and a@example.org and x @ 0.5 and https://example.org/@x", set()),
    ],
)
def test_people_who_have_signed_in_are_mentioned(team: Store, topic: Topic, text: str, named: set[str]) -> None:
    assert mentioned_in(team, comments.add(team, topic, text, VIEW)) == named


@pytest.mark.parametrize("text", ["@nobody, look", "see @ann", "@anna-lena", "@ben@example.com", "@Benjamin"])
def test_a_mention_of_nobody_is_refused_with_who_was_meant(team: Store, topic: Topic, text: str) -> None:
    with pytest.raises(ConfigurationError, match="^Nobody called [-a-z@.]+ has signed in. Write the name"):
        comments.add(team, topic, text, VIEW)
    assert list_threads(team, topic) == []


def test_a_name_that_two_people_have_is_told_apart_by_the_address(team: Store, topic: Topic) -> None:
    members.meet(team, Person("ben@example.net", "Ben"))
    members.meet(team, Person("mallory@example.net", ANNA.id))
    with pytest.raises(ConfigurationError, match="Several people are called ben. Write the e-mail address"):
        comments.add(team, topic, "@Ben?", VIEW)
    assert mentioned_in(team, comments.add(team, topic, f"@{BEN.id} @{ANNA.id}", VIEW)) == {BEN.id, ANNA.id}


def test_who_was_removed_is_mentioned_no_more(team: Store, topic: Topic) -> None:
    members.set_removed(team, EVE.id, True)
    with pytest.raises(ConfigurationError, match="Nobody called eve has signed in"):
        comments.add(team, topic, "@eve", VIEW)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x" * 10_000_000, "has 10,000,000 characters. Use at most 10,000"),
        (" \n", "is empty"),
        ("@ben " * 51, "mentions 51 people"),
    ],
    ids=["10 MB", "nothing", "everybody"],
)
def test_what_is_no_comment_is_refused_in_a_sentence(team: Store, topic: Topic, text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        comments.add(team, topic, text, VIEW)
    with pytest.raises(ConfigurationError, match="address of this view is too long"):
        comments.add(team, topic, "here", f"runs?run={'x' * 5000}")
    assert list_threads(team, topic) == []


def test_a_run_that_is_gone_takes_its_comments_along_and_no_new_ones(team: Store, topic: Topic) -> None:
    comments.add(team, topic, "@ben", VIEW)
    kept = comments.add(team, Topic.image("fashion-mnist", 3), "A boot.", "data?image=3")
    run_edits.delete(team, topic.subject)
    with pytest.raises(RunNotFound):
        comments.add(team, topic, "still here", VIEW)
    with team.reading() as connection:
        assert list(connection.scalars(select(comments_table.c.id))) == [kept]
        assert list(connection.scalars(select(mentions.c.person))) == []


def test_one_edits_ones_own_comments_only(team: Store, topic: Topic) -> None:
    comment = comments.add(team.acting(BEN), topic, "@anna goood", VIEW)
    with pytest.raises(NotAllowed, match="is ben@example.org's. Reply to it instead"):
        comments.edit(team.acting(ANNA), comment, "bad")
    comments.edit(team.acting(BEN), comment, "@eve good", based_on="@anna goood")
    ((edited,),) = list_threads(team, topic)
    assert (edited.text, edited.edited_at is not None) == ("@eve good", True)
    assert mentioned_in(team, comment) == {EVE.id}
    change = list_changes(team, Wanted(actions=[Action.EDITED]))[0]
    assert (change.run_id, change.before, change.after) == (topic.subject, "@anna goood", "@eve good")


_EDITOR = """
import sys
from jobs.people import Person
from jobs.running.background import open_here
from jobs.store.store_errors import ChangedMeanwhile
from jobs.team import comments

comment, text, seen = sys.argv[1:]
try:
    comments.edit(open_here().acting(Person("ben@example.org", "Ben")), comment, text, based_on=seen)
except ChangedMeanwhile as changed:
    print(f"{changed} Now: {changed.now}")
else:
    print("saved")
"""


def test_of_two_processes_that_edit_one_comment_the_second_is_told_and_loses_nothing(team: Store, topic: Topic) -> None:
    comment = comments.add(team.acting(BEN), topic, "as it was", VIEW)
    url = team.engine.url.render_as_string(hide_password=False)
    environment = child_environment(url, team.artifacts) | {"PYTHONPATH": str(ROOT)}
    commands = [[sys.executable, "-c", _EDITOR, comment, text, "as it was"] for text in ("one tab", "another tab")]
    editors = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for command in commands]
    told = sorted(editor.communicate(timeout=60)[0].strip() for editor in editors)
    ((now,),) = list_threads(team, topic)
    assert told[1] == "saved"
    assert told[0].startswith("This comment has been changed in another window; your text is not saved yet.")
    assert told[0].endswith(f"Now: {now.text}")
    assert now.text in ("one tab", "another tab")


def test_who_saves_what_is_there_already_is_not_told_of_a_change(team: Store, topic: Topic) -> None:
    comment = comments.add(team, topic, "one", VIEW)
    comments.edit(team, comment, "two", based_on="one")
    comments.edit(team, comment, "two", based_on="one")
    with pytest.raises(ChangedMeanwhile) as refused:
        comments.edit(team, comment, "three", based_on="one")
    assert refused.value.now == "two"


def test_a_deleted_comment_stays_as_deleted_while_others_have_answered_it(team: Store, topic: Topic) -> None:
    first = comments.add(team.acting(BEN), topic, "@eve one", VIEW)
    second = comments.reply(team.acting(EVE), first, "two", VIEW)
    third = comments.reply(team.acting(BEN), first, "three", VIEW)
    comments.delete_comment(team.acting(BEN), first)
    comments.delete_comment(team.acting(EVE), second)
    assert texts(team, topic) == [["", "", "three"]]
    assert mentioned_in(team, first) == set()
    comments.delete_comment(team.acting(BEN), third)
    assert list_threads(team, topic) == []
    assert [change.before for change in list_changes(team, Wanted(actions=[Action.UNSAID]))][::-1] == [
        "@eve one",
        "two",
        "three",
    ]


def test_the_record_shows_what_comments_said_to_admins_alone(team: Store, topic: Topic) -> None:
    comment = comments.add(team.acting(BEN), topic, "one", VIEW)
    comments.edit(team.acting(BEN), comment, "two")
    comments.delete_comment(team.acting(BEN), comment)
    run_edits.set_note(team.acting(BEN), topic.subject, "noted")
    wanted = Wanted(run_id=topic.subject)
    expected = [(Action.COMMENTED, None, "one"), (Action.EDITED, "one", "two"), (Action.UNSAID, "two", None)]
    for person, sees_all in ((ANNA, True), (operator(), True), (BEN, False), (EVE, False)):
        noted, *of_comments = list_changes(team.acting(person), wanted)
        assert [(each.action, each.before, each.after) for each in reversed(of_comments)] == [
            (action, *((before, after) if sees_all else (None, None))) for action, before, after in expected
        ]
        assert {each.person for each in of_comments} == {BEN.id}
        assert noted.after == "noted"
    members.give_role(team, EVE.id, Role.ADMIN)
    assert list_changes(team.acting(EVE), wanted) == list_changes(team, wanted)


def test_the_end_of_a_thread_leaves_no_deleted_comments(team: Store, topic: Topic) -> None:
    first = comments.add(team, topic, "one", VIEW)
    second, third = (comments.reply(team, first, text, VIEW) for text in ("two", "three"))
    comments.delete_comment(team, second)
    comments.delete_comment(team, third)
    assert texts(team, topic) == [["one"]]


def test_comments_are_deleted_by_their_authors_and_by_admins(team: Store, topic: Topic) -> None:
    comment = comments.add(team.acting(BEN), topic, "one", VIEW)
    with pytest.raises(NotAllowed, match="Ask its author or an admin"):
        comments.delete_comment(team.acting(EVE), comment)
    comments.delete_comment(team.acting(ANNA), comment)
    with pytest.raises(CommentGone, match="deleted meanwhile. Write yours as a new one"):
        comments.edit(team.acting(BEN), comment, "two")
    with pytest.raises(CommentGone):
        comments.reply(team.acting(BEN), comment, "two", VIEW)


def test_a_comment_that_is_shown_as_deleted_is_not_edited_but_answered(team: Store, topic: Topic) -> None:
    first = comments.add(team, topic, "one", VIEW)
    comments.reply(team, first, "two", VIEW)
    comments.delete_comment(team, first)
    for change in (comments.delete_comment, lambda store, each: comments.edit(store, each, "new")):
        with pytest.raises(CommentGone):
            change(team, first)
    comments.reply(team, first, "three", VIEW)
    assert texts(team, topic) == [["", "two", "three"]]


def test_threads_are_resolved_and_opened_again_by_anybody_who_reviews(team: Store, topic: Topic) -> None:
    thread = comments.add(team.acting(EVE), topic, "one", VIEW)
    for resolved in (True, True, False):
        comments.set_resolved(team.acting(BEN), thread, resolved)
        ((first,),) = list_threads(team, topic)
        assert (first.resolved_at is not None, first.resolved_by) == (resolved, BEN.id if resolved else None)
    actions = [change.action for change in list_changes(team, Wanted(person=BEN.id))]
    assert actions == [Action.REOPENED, Action.RESOLVED]


def test_an_answer_opens_a_resolved_thread_again(team: Store, topic: Topic) -> None:
    thread = comments.add(team.acting(EVE), topic, "one", VIEW)
    comments.set_resolved(team, thread, True)
    comments.reply(team.acting(BEN), thread, "But two.", VIEW)
    assert list_threads(team, topic)[0][0].resolved_at is None


def test_who_may_only_look_reads_comments_and_writes_none(team: Store, topic: Topic) -> None:
    comments.add(team, topic, "one", VIEW)
    members.give_role(team, BEN.id, Role.LOOK)
    assert len(list_threads(team.acting(BEN), topic)) == 1
    with pytest.raises(NotAllowed, match="takes the role “review”"):
        comments.add(team.acting(BEN), topic, "two", VIEW)
