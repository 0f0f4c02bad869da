"""Comments and reviews on the command line, in the name of the operating system's user."""

import csv
import io
import json

from jobs.people import system_user
from jobs.store.queries import get_run
from jobs.store.store import Store
from jobs.team import comments
from jobs.team.comments import Topic, list_threads
from tests import stores
from tests.colleagues import BEN, meet_all
from tests.jobs.test_cli import Capture, refused, run
from tests.stores import Sample


def test_a_comment_is_written_and_printed_with_its_replies(live_store: Store, capsys: Capture) -> None:
    run_id = stores.add(meet_all(live_store), Sample(name="good one"))
    assert "Nobody has commented" in run(capsys, "comments", run_id)[2]
    assert run(capsys, "comment", "good one", "@ben **why**?")[0] == 0
    ((first,),) = list_threads(live_store, Topic.run(run_id))
    assert (first.text, first.view) == ("@ben **why**?", f"runs?run={run_id}&section=review")
    comments.reply(live_store.acting(BEN), first.id, "Because.\nOf it.", "runs")
    comments.set_resolved(live_store.acting(BEN), first.id, True)
    head, text, reply, *lines = run(capsys, "comments", run_id)[1].splitlines()
    assert head.startswith(f"{first.id}  {system_user()}, ")
    assert head.endswith(", resolved by ben@example.org")
    assert text == "  @ben **why**?"
    assert reply.startswith("    ")
    assert lines == ["      Because.", "      Of it."]
    ((_, second),) = json.loads(run(capsys, "comments", run_id, "--json")[1])
    assert (second["person"], second["text"]) == (BEN.id, "Because.\nOf it.")


def test_what_cannot_be_said_of_a_run_is_refused_in_one_line(live_store: Store, capsys: Capture) -> None:
    run_id = stores.add(live_store, Sample())
    assert "Nobody called ben has signed in" in refused(capsys, "comment", run_id, "@ben?")
    assert "10,001 characters" in refused(capsys, "comment", run_id, "x" * 10_001)
    assert "Say why" in refused(capsys, "review", run_id, "needs-work")
    assert "There is no run" in refused(capsys, "review", "nosuchrun", "accept")
    assert list_threads(live_store, Topic.run(run_id)) == []


def test_an_accepted_run_stays_until_the_acceptance_is_withdrawn(live_store: Store, capsys: Capture) -> None:
    run_id = stores.add(meet_all(live_store), Sample())
    assert run(capsys, "review", run_id, "ask", "--of", "ben", "--why", "For the report.")[0] == 0
    assert run(capsys, "review", run_id, "accept")[0] == 0
    assert f"accepted by {system_user()} and cannot be deleted" in run(capsys, "delete", run_id, "--yes")[2]
    assert json.loads(run(capsys, "show", run_id, "--json")[1])["review"] == "accepted"
    assert run(capsys, "review", run_id, "withdraw")[0] == 0
    assert get_run(live_store, run_id).review is None
    assert run(capsys, "delete", run_id, "--yes")[0] == 0


def test_runs_are_listed_by_what_their_reviews_came_to_and_the_csv_says_it(store: Store, capsys: Capture) -> None:
    asked, accepted, unready, plain = (stores.add(store, Sample(name=name)) for name in ("a", "b", "c", "d"))
    for run_id, step in ((asked, ("ask",)), (accepted, ("accept",)), (unready, ("needs-work", "--why", "Short."))):
        assert run(capsys, "review", run_id, *step)[0] == 0

    def listed(*options: str) -> dict[str, str]:
        _, out, _ = run(capsys, "list", "--csv", *options)
        return {row["id"]: row["review"] for row in csv.DictReader(io.StringIO(out))}

    every = {asked: "review asked", accepted: "accepted", unready: "needs work", plain: ""}
    assert listed() == every
    for state, run_id in (("asked", asked), ("accepted", accepted), ("needs-work", unready)):
        assert listed("--review", state) == {run_id: every[run_id]}
    assert listed("--review", "asked", "--review", "accepted").keys() == {asked, accepted}
    assert run(capsys, "review", accepted, "withdraw")[0] == 0
    assert run(capsys, "list", "--review", "accepted") == (0, "", "No runs match.\n")


def test_a_list_is_either_csv_or_json_and_of_known_reviews(store: Store, capsys: Capture) -> None:
    assert stores.add(store, Sample())
    assert "exclude each other" in run(capsys, "list", "--csv", "--json")[2]
    assert "'asked', 'accepted', 'needs-work'" in run(capsys, "list", "--review", "withdrawn")[2]
