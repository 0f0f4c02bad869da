"""What is told outside: with the event, once at least, however the receiver behaves, and never in a run's way."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from core.errors import ConfigurationError
from jobs.people import Person
from jobs.running import queue
from jobs.running.attempts import AttemptHandle, report_failure
from jobs.running.claims import claim
from jobs.running.environment import host
from jobs.settings import ROOT, settings
from jobs.store.queries import get_run
from jobs.store.records import ReviewState, RunStatus
from jobs.store.schema import deliveries as table
from jobs.store.store import Store
from jobs.supervising.supervisor import IDLE_S, Supervisor, has_work
from jobs.team import comments, deliveries, reviews, sending
from jobs.team.comments import Topic
from jobs.team.deliveries import Event, list_deliveries
from tests import stores
from tests.colleagues import ANNA, BEN, EVE, meet_all
from tests.jobs.configs import TINY
from tests.jobs.test_cli import Capture, run
from tests.jobs.working import wait_until_finished
from tests.receiver import SECRET, Receiver, receiving
from tests.stores import Sample

EVA = Person("eva@example.org", "Eva")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Somebody who is told what happens in the store."""
    with receiving() as receiver:
        monkeypatch.setenv("LOOKBOOK_WEBHOOK_URL", receiver.url)
        monkeypatch.setenv("LOOKBOOK_PUBLIC_URL", "https://lookbook.example.org/")
        settings.cache_clear()
        yield receiver
    settings.cache_clear()


def undone(store: Store) -> None:
    with store.writing() as connection:
        deliveries.announce(connection, Event.MENTION, "Eva mentions Ben.", view="runs")
        raise ConfigurationError("It was not to be.", "Try again.")


def ask_for_review(store: Store, text: str = "Eva asks for a review.") -> None:
    with store.writing() as connection:
        deliveries.announce(connection, Event.REVIEW_ASKED, text, view="runs?run=abc", by=EVA, to=["ben@example.org"])


def make_due(store: Store) -> None:
    """As if the time until the next try had passed."""
    with store.writing() as connection:
        connection.execute(update(table).where(table.c.next_at.is_not(None)).values(next_at=time.time() - 1))


def fail(store: Store) -> str:
    run_id = queue.launch(store, TINY, "shoes")
    attempt = claim(store, run_id, host())
    assert attempt is not None
    report_failure(attempt, "disk", f"No room in {store.artifacts}.", "Make some.")
    return run_id


def test_a_run_that_fails_is_told_with_a_link_and_without_a_path_of_the_server(store: Store, told: Receiver) -> None:
    run_id = fail(store)
    assert sending.send_next(store, told.url)
    (payload,) = told.came
    assert payload["text"] == f"Run shoes failed (disk). https://lookbook.example.org/runs?run={run_id}"
    assert (payload["event"], payload["run"], payload["url"]) == (
        "run failed",
        run_id,
        f"https://lookbook.example.org/runs?run={run_id}",
    )
    assert str(store.artifacts) not in json.dumps(payload)
    assert not sending.send_next(store, told.url)


def test_an_event_that_is_undone_is_not_told(store: Store, told: Receiver) -> None:
    with pytest.raises(ConfigurationError):
        undone(store)
    assert not sending.send_next(store, told.url)
    assert list_deliveries(store) == []


def test_where_nobody_is_to_be_told_nothing_is_kept(store: Store) -> None:
    fail(store)
    assert list_deliveries(store) == []
    assert deliveries.next_due(store) is None


def test_a_name_commands_no_chat(store: Store, told: Receiver) -> None:
    ask_for_review(store, "<!channel> @all " + "x" * 100_000)
    sending.send_next(store, told.url)
    assert told.came[0]["text"].startswith("‹!channel› ＠all xxx")
    assert len(told.came[0]["text"]) < 1100
    assert (told.came[0]["by"], told.came[0]["to"]) == (EVA.id, ["ben@example.org"])


def test_a_receiver_that_fails_is_tried_again_and_every_problem_is_kept(store: Store, told: Receiver) -> None:
    told.statuses[:] = [500, 302, 200]
    ask_for_review(store)
    for problems in (1, 2):
        assert sending.send_next(store, told.url)
        assert not sending.send_next(store, told.url), "it is not tried again at once"
        (listed,) = list_deliveries(store)
        assert len(str(listed.problem).splitlines()) == listed.tries == problems
        make_due(store)
    assert sending.send_next(store, told.url)
    (listed,) = list_deliveries(store)
    assert listed.delivered_at is not None
    assert "answered 500" in str(listed.problem)
    assert "answered 302" in str(listed.problem)
    assert SECRET not in str(listed)
    assert [payload["id"] for payload in told.came] == [listed.id] * 3
    assert told.paths == [f"/{SECRET}"] * 3


def test_waits_grow_to_an_hour_and_end_within_a_day(store: Store, told: Receiver) -> None:
    told.statuses[:] = [500]
    ask_for_review(store)
    waits = list[float]()
    while sending.send_next(store, told.url):
        moment = list_deliveries(store)[0].next_at
        if moment is not None:
            waits.append(moment - time.time())
        make_due(store)
    assert [round(wait) for wait in waits[:4]] == [10, 20, 40, 80]
    assert max(waits) <= 3600
    assert 22 * 3600 < sum(waits) < 26 * 3600
    assert len(told.came) == len(waits) + 1 == deliveries.MOST_TRIES


@pytest.mark.parametrize(
    ("status", "problem"), [(None, "no answer within 0.2 s"), (404, "the receiver answered 404")], ids=str
)
def test_why_it_was_not_taken_is_said_without_the_address(status: int | None, problem: str) -> None:
    with receiving(status) as receiver:
        assert sending.post(receiver.url, {}, silent_s=0.2) == problem


def test_a_receiver_that_is_not_there_or_answers_without_end_is_left() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/{SECRET}"
        assert sending.post(url, {}) == "the receiver could not be reached ([Errno 111] Connection refused)"
        listener.listen()
        threading.Thread(target=_drip, args=(listener,), daemon=True).start()
        assert sending.post(url, {}, silent_s=1, answer_s=0.5) == "no whole answer within 0.5 s"


def _drip(listener: socket.socket) -> None:
    """Send a line of headers again and again."""
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(20):
            connection.sendall(b"X: y\r\n")
            time.sleep(0.1)


def test_a_sender_that_is_killed_after_sending_sends_again_with_the_same_id(store: Store, told: Receiver) -> None:
    ask_for_review(store)
    command = "from jobs.running.background import open_here; from jobs.team import sending; import sys\n"
    sender = subprocess.Popen(
        [sys.executable, "-c", f"{command}sending.send_next(open_here(), sys.argv[1])", told.url], cwd=ROOT
    )
    told.before_answer = lambda: os.kill(sender.pid, signal.SIGKILL)
    assert sender.wait(30) == -signal.SIGKILL
    told.before_answer = lambda: None
    assert len(told.came) == 1
    assert not sending.send_next(store, told.url), "for a while it may still be on its way"
    make_due(store)
    assert sending.send_next(store, told.url)
    assert told.came[0] == told.came[1]
    assert list_deliveries(store)[0].delivered_at is not None


@pytest.mark.usefixtures("told")
def test_two_senders_do_not_send_the_same(store: Store) -> None:
    ask_for_review(store)
    first = deliveries.claim(store)
    assert first is not None
    assert deliveries.claim(store) is None
    make_due(store)
    second = deliveries.claim(store)
    assert second is not None
    deliveries.note_problem(store, first, "late")
    assert list_deliveries(store)[0].problem is None, "the second one tries it now"


def test_a_receiver_that_hangs_holds_up_no_run(store: Store, told: Receiver) -> None:
    told.statuses[:] = [None]
    ask_for_review(store)
    threading.Thread(target=sending.send_next, args=(store, told.url), daemon=True).start()
    while not told.came:
        time.sleep(0.01)
    run_id = queue.launch(store, TINY)
    attempt = claim(store, run_id, host())
    assert attempt is not None
    start = time.monotonic()
    # Whose trainer is not there.
    assert Supervisor(store, "elsewhere").tick()
    report_failure(AttemptHandle(store, run_id, get_run(store, run_id).attempt), "code", "It broke.", "Mend it.")
    assert time.monotonic() - start < 5
    assert get_run(store, run_id).status == RunStatus.FAILED


def test_a_supervisor_stays_while_something_is_to_be_told(store: Store, told: Receiver) -> None:
    assert not has_work(store)
    ask_for_review(store)
    assert has_work(store)
    assert Supervisor(store, host()).tick()
    sending.send_next(store, told.url)
    assert not has_work(store)
    assert not Supervisor(store, host()).tick()
    assert IDLE_S < deliveries.LONGEST_WAIT_S


@pytest.mark.slow
def test_a_run_that_is_really_trained_is_told_by_its_supervisor(
    training_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(500, 200) as receiver:
        monkeypatch.setenv("LOOKBOOK_WEBHOOK_URL", receiver.url)
        settings.cache_clear()
        run_id = queue.launch(training_store, TINY, "tiny")
        wait_until_finished(training_store, run_id)
        deadline = time.monotonic() + 40
        while len(receiver.came) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
    assert [payload["run"] for payload in receiver.came] == [run_id, run_id]
    assert receiver.came[1]["text"].startswith("Run tiny finished: test accuracy ")
    log = (training_store.artifacts / "supervisor.log").read_text()
    assert SECRET not in log


def test_the_command_line_lists_them_and_tries_again(store: Store, told: Receiver, capsys: Capture) -> None:
    told.statuses[:] = [500, 200]
    ask_for_review(store)
    sending.send_next(store, told.url)
    status, out, _ = run(capsys, "deliveries")
    assert status == 0
    assert "review asked" in out
    assert "the receiver answered 500" in out
    assert SECRET not in out
    _, out, error = run(capsys, "deliveries", "--retry", "--json")
    assert error == "1 delivery to be tried again.\n"
    assert json.loads(out)[0]["tries"] == 0
    assert sending.send_next(store, told.url)
    assert run(capsys, "deliveries", "--retry")[2] == "0 deliveries to be tried again.\n"


def test_what_was_delivered_long_ago_is_forgotten(store: Store, told: Receiver) -> None:
    ask_for_review(store)
    sending.send_next(store, told.url)
    with store.writing() as connection:
        connection.execute(update(table).values(created_at=time.time() - deliveries.KEPT_S - 1))
    ask_for_review(store)
    sending.send_next(store, told.url)
    assert len(list_deliveries(store)) == 1


@pytest.mark.sqlite
def test_what_cannot_be_read_holds_up_nothing(store: Store, told: Receiver) -> None:
    ask_for_review(store)
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET payload = 'no json'")
    ask_for_review(store)
    while sending.send_next(store, told.url):
        pass
    assert len(told.came) == 1
    problems = [delivery.problem for delivery in list_deliveries(store)]
    assert [problem for problem in problems if problem and sending.CANNOT_BE_READ in problem]


@pytest.mark.usefixtures("told")
def test_who_is_mentioned_and_asked_for_a_review_is_told_once(store: Store) -> None:
    run_id = stores.add(meet_all(store), Sample(name="cnn 1"))
    topic, view = Topic.run(run_id), f"runs?run={run_id}&section=review"
    comment = comments.add(store.acting(BEN), topic, "@eve why? Says @ben", view)
    comments.edit(store.acting(BEN), comment, "@eve, @anna why?")
    reviews.take_step(store.acting(BEN), run_id, ReviewState.ASKED, ask="@eve")
    reviews.take_step(store, run_id, ReviewState.ACCEPTED)
    with pytest.raises(ConfigurationError):
        comments.add(store.acting(BEN), topic, "@eve and @nobody", view)
    with store.reading() as connection:
        payloads = connection.scalars(select(table.c.payload).order_by(table.c.created_at)).all()
    told = [(payload["event"], payload["text"].partition(" https")[0], payload["to"]) for payload in payloads]
    assert told == [
        ("mention", "Ben mentions Eve in a comment on a run.", [EVE.id]),
        ("mention", "Ben mentions Anna Smith in a comment on a run.", [ANNA.id]),
        ("review asked", "Ben asks Eve for a review of run cnn 1.", [EVE.id]),
    ]
    assert {payload["url"] for payload in payloads} == {f"https://lookbook.example.org/{view}"}
