"""How much one person may have predicted and upload within an hour, so that the others have the server too.

Kept in the server's memory, and asked only where people sign in.
"""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

import streamlit as st

from core.errors import LookbookError
from core.statistics import wording
from dashboard.queries import run_queries
from jobs.settings import settings

MOST_AT_ONCE = 2
"""So many tabs of one person are predicted for at the same time."""
_HOUR_S = 3600.0
_PHOTOS, _UPLOADS = "photos", "uploads"


class TooMuch(LookbookError):
    """Somebody has had as much as one person may have for now."""

    kind = "photo"


@dataclass
class Ledger:
    """What each person has had within the last hour, and for how many tabs of theirs photos are predicted now."""

    taken: defaultdict[tuple[str, str], deque[tuple[float, int]]] = field(default_factory=lambda: defaultdict(deque))
    """The times, in seconds, and amounts by person and kind, the oldest first."""
    at_work: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def add(self, person: str, kind: str, amount: int, now: float) -> None:
        """Note what somebody has had."""
        with self.lock:
            self.taken[person, kind].append((now, amount))

    def left(self, person: str, kind: str, limit: int, now: float) -> int:
        """How much somebody may have now."""
        with self.lock:
            entries = self.taken[person, kind]
            while entries and entries[0][0] <= now - _HOUR_S:
                entries.popleft()
            return max(0, limit - sum(amount for _, amount in entries))

    def wait_s(self, person: str, kind: str, missing: int, now: float) -> float:
        """Seconds until what is missing can be had, as what was had longest ago is forgotten."""
        with self.lock:
            for at, amount in self.taken[person, kind]:
                missing -= amount
                if missing <= 0:
                    return max(0.0, at + _HOUR_S - now)
        return _HOUR_S


@st.cache_resource(show_spinner=False)
def _ledger() -> Ledger:
    return Ledger()


@contextmanager
def predicting(photos: int) -> Iterator[None]:
    """While so many photos are predicted for who looks at the page; raise TooMuch where that is beyond the quota."""
    person = run_queries.store().by
    if person.is_operator or not photos:
        yield
        return
    _require(person.id, _PHOTOS, photos, settings().photos_per_hour, wording.counted(photos, "photo"))
    ledger = _ledger()
    with ledger.lock:
        if ledger.at_work[person.id] >= MOST_AT_ONCE:
            raise TooMuch(
                f"Photos of yours are being predicted in {MOST_AT_ONCE} other tabs.",
                "This is possible again as soon as one of them has finished.",
            )
        ledger.at_work[person.id] += 1
    try:
        yield
    finally:
        with ledger.lock:
            ledger.at_work[person.id] -= 1


def count_photo() -> None:
    """Note that a photo was predicted for who looks at the page."""
    person = run_queries.store().by
    if not person.is_operator:
        _ledger().add(person.id, _PHOTOS, 1, time.monotonic())


def take_upload(size: int) -> None:
    """Note an upload of so many bytes that is to be imported; raise TooMuch where that is beyond the quota."""
    person = run_queries.store().by
    if not person.is_operator:
        _require(person.id, _UPLOADS, size, settings().upload_mb_per_hour * 10**6, wording.size(size))
        _ledger().add(person.id, _UPLOADS, size, time.monotonic())


def _require(person: str, kind: str, amount: int, limit: int, words: str) -> None:
    """Raise TooMuch, with when it is possible again, unless a person may have so much more."""
    ledger, now = _ledger(), time.monotonic()
    left = ledger.left(person, kind, limit, now)
    if amount <= left:
        return
    written = {_PHOTOS: f"{limit:,} photos predicted", _UPLOADS: f"{wording.size(limit)} uploaded"}[kind]
    message = f"One person may have {written} within an hour here, and {words} would be more."
    if amount > limit:
        raise TooMuch(message, "Take fewer.")
    wait = wording.rough_duration(ledger.wait_s(person, kind, amount - left, now))
    raise TooMuch(message, f"It is possible again in {wait}.")
