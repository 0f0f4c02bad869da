"""A sign-in is open until it is ended or has lasted for the hours that are set, and by no other secret."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from jobs.settings import settings
from jobs.store.schema import sign_ins as rows
from jobs.store.store import Store
from jobs.team import sign_ins
from tests import stores


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    yield stores.empty_store(tmp_path)
    settings.cache_clear()


def stored(store: Store) -> list[tuple[str, str, float, float | None]]:
    with store.reading() as connection:
        return [tuple(row) for row in connection.execute(select(rows).order_by(rows.c.begun_at))]


def test_a_sign_in_is_open_by_its_secret_alone_which_the_store_does_not_keep(store: Store) -> None:
    secret, other = sign_ins.begin(store), sign_ins.begin(store)
    assert secret != other
    assert sign_ins.is_open(store, secret)
    assert not sign_ins.is_open(store, f"{secret}x")
    assert not sign_ins.is_open(store, "")
    for row in stored(store):
        assert not sign_ins.is_open(store, row[0])
        assert secret not in str(row)


def test_ending_one_sign_in_leaves_the_other_and_keeps_when_it_ended_first(store: Store) -> None:
    secret, other = sign_ins.begin(store), sign_ins.begin(store)
    sign_ins.end(store, secret)
    before = stored(store)
    sign_ins.end(store, secret)
    assert (sign_ins.is_open(store, secret), sign_ins.is_open(store, other)) == (False, True)
    assert stored(store) == before


def test_a_sign_in_ends_after_the_hours_that_are_set(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = sign_ins.begin(store)
    begun_at = stored(store)[0][2]
    monkeypatch.setenv("LOOKBOOK_SESSION_HOURS", "2")
    settings.cache_clear()
    monkeypatch.setattr(sign_ins.time, "time", lambda: begun_at + 7_199)
    assert sign_ins.is_open(store, secret)
    monkeypatch.setattr(sign_ins.time, "time", lambda: begun_at + 7_200)
    assert not sign_ins.is_open(store, secret)


def test_whose_sign_in_it_is_is_written_once(store: Store) -> None:
    secret = sign_ins.begin(store)
    sign_ins.name_person(store, secret, "ada@example.org")
    sign_ins.name_person(store, secret, "eve@example.org")
    assert [row[1] for row in stored(store)] == ["ada@example.org"]
