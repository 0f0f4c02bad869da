"""What one person may have predicted and upload within an hour, told with when it is possible again."""

from pathlib import Path

import pytest

from dashboard.queries import quotas
from dashboard.queries.quotas import Ledger, TooMuch
from dashboard.sections.predict import samples
from jobs.people import Role
from jobs.settings import settings
from jobs.store.store import Store
from tests.blank_data import write_blank_data
from tests.colleagues import ANNA, BEN
from tests.dashboard.app import OpenPage, texts
from tests.dashboard.test_predict_page import upload
from tests.dashboard.visitors import look_as, team
from tests.untrained import add_run_with_model


@pytest.fixture
def three_photos_an_hour(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_PHOTOS_PER_HOUR", "3")
    monkeypatch.setenv("LOOKBOOK_UPLOAD_MB_PER_HOUR", "1")
    settings.cache_clear()
    team(store, Role.LOOK)
    look_as(monkeypatch, BEN)


def predict(count: int) -> None:
    with quotas.predicting(count):
        for _ in range(count):
            quotas.count_photo()


def test_what_was_had_is_forgotten_an_hour_later_the_oldest_first() -> None:
    ledger = Ledger()
    ledger.add("anna", "photos", 2, now=0.0)
    ledger.add("anna", "photos", 3, now=600.0)
    assert ledger.left("anna", "photos", 10, now=700.0) == 5
    assert ledger.left("ben", "photos", 10, now=700.0) == ledger.left("anna", "uploads", 10, now=700.0) == 10
    assert ledger.wait_s("anna", "photos", 1, now=700.0) == 2900.0
    assert ledger.wait_s("anna", "photos", 3, now=700.0) == 3500.0
    assert ledger.left("anna", "photos", 10, now=3601.0) == 7
    assert ledger.left("anna", "photos", 10, now=4201.0) == 10


@pytest.mark.usefixtures("three_photos_an_hour")
def test_who_has_had_enough_is_told_when_it_is_possible_again_and_others_are_not_held_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predict(2)
    with pytest.raises(TooMuch, match="One person may have 3 photos predicted .* 2 photos would be more") as refused:
        predict(2)
    assert refused.value.advice == "It is possible again in about 1 h 00 min."
    predict(1)
    with pytest.raises(TooMuch):
        predict(1)
    look_as(monkeypatch, ANNA)
    predict(3)


@pytest.mark.usefixtures("three_photos_an_hour")
def test_more_than_the_quota_at_once_is_never_possible() -> None:
    with pytest.raises(TooMuch, match="4 photos would be more. Take fewer"):
        predict(4)


@pytest.mark.usefixtures("three_photos_an_hour")
def test_photos_are_predicted_in_two_tabs_of_a_person_at_a_time() -> None:
    refused = pytest.raises(TooMuch, match="in 2 other tabs. This is possible again as soon as")
    with quotas.predicting(1), quotas.predicting(1), refused:
        predict(1)
    predict(1)


@pytest.mark.usefixtures("three_photos_an_hour")
def test_uploads_are_limited_by_their_size() -> None:
    quotas.take_upload(900_000)
    with pytest.raises(TooMuch, match="One person may have 1.0 MB uploaded .* possible again in about 1 h 00 min"):
        quotas.take_upload(200_000)
    quotas.take_upload(100_000)


def test_on_ones_own_machine_nothing_is_limited(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_PHOTOS_PER_HOUR", "1")
    settings.cache_clear()
    assert store.by.is_operator
    predict(50)
    quotas.take_upload(10**12)


@pytest.mark.usefixtures("three_photos_an_hour")
def test_the_page_answers_until_the_quota_is_spent_and_then_says_why(
    store: Store, open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()
    run_id = add_run_with_model(store, "a run")
    app = open_page("predict", run=run_id, sample=["bag", "trouser"])
    assert "Drawn bag" in texts(app)
    # The same photos once more cost nothing.
    assert "Drawn bag" in texts(app.run())
    assert not app.error
    app = open_page("predict", run=run_id, sample=["bag", "trouser"])
    assert [error.value for error in app.error] == [
        "**One person may have 3 photos predicted within an hour here, and 2 photos would be more.** It is possible "
        "again in about 1 h 00 min."
    ]
    assert "Drawn bag" not in texts(app)


@pytest.mark.usefixtures("three_photos_an_hour")
def test_a_photo_that_cannot_be_read_counts_once_and_hides_no_other_when_the_quota_is_spent(
    store: Store, open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()
    files = {"bag.png": samples.draw_sample("bag"), "broken.png": b"no picture"}
    app = upload(open_page("predict", run=add_run_with_model(store, "a run")), **files)
    predict(1)
    for _ in range(2):
        assert not app.exception
        assert "broken.png" in texts(app)
        assert not any("One person may have" in error.value for error in app.error)
        assert {"bag.png", "broken.png"} == set(app.dataframe[-1].value["File"])
        app.run()
    with pytest.raises(TooMuch):
        predict(1)
    upload(app, **{"bag.png": files["bag.png"]})
    assert any("One person may have" in error.value for error in upload(app, **files).error)
