"""Settings are read in one place, anchored at the repository, and a wrong one is named."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from core.errors import ConfigurationError
from jobs.copies.restore import restore
from jobs.settings import ROOT, child_environment, downloaded_weights, settings, sqlite_url
from jobs.store.copying import copy_database
from jobs.store.queries import list_runs
from jobs.store.store import open_store
from jobs.store.store_errors import StoreError
from tests.stores import Sample, add


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("DATABASE_URL", "ARTIFACTS", "DATA", "SLOTS", "RESNET18_WEIGHTS", "PUBLIC_URL", "WEBHOOK_URL"):
        monkeypatch.delenv(f"LOOKBOOK_{name}", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_the_defaults_are_in_the_repository_wherever_one_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = settings()
    assert chosen.database_url == f"sqlite:///{ROOT / 'runs.db'}"
    assert (chosen.artifacts, chosen.data) == (ROOT / "artifacts", ROOT / "data")
    assert chosen.resnet18_weights is None
    assert chosen.slots >= 1


def test_relative_paths_are_relative_to_the_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", "sqlite:///team/runs.db")
    monkeypatch.setenv("LOOKBOOK_ARTIFACTS", "team/artifacts")
    monkeypatch.setenv("LOOKBOOK_RESNET18_WEIGHTS", "weights/resnet18.pth")
    chosen = settings()
    assert chosen.database_url == f"sqlite:///{ROOT / 'team' / 'runs.db'}"
    assert chosen.artifacts == ROOT / "team" / "artifacts"
    assert chosen.resnet18_weights == ROOT / "weights" / "resnet18.pth"


def test_a_store_whose_driver_is_named_is_relative_to_the_repository_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", "sqlite+pysqlite:///runs.db")
    assert settings().database_url == f"sqlite+pysqlite:///{ROOT / 'runs.db'}"


def test_absolute_paths_other_databases_and_the_home_folder_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", "postgresql://team@server/lookbook")
    monkeypatch.setenv("LOOKBOOK_DATA", "/srv/data")
    monkeypatch.setenv("LOOKBOOK_ARTIFACTS", "~/artifacts")
    chosen = settings()
    assert chosen.database_url == "postgresql://team@server/lookbook"
    assert chosen.data == Path("/srv/data")
    assert chosen.artifacts == Path.home() / "artifacts"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("LOOKBOOK_SLOTS", "many", "valid integer"),
        ("LOOKBOOK_SLOTS", "0", "greater than or equal to 1"),
        ("LOOKBOOK_UPLOAD_MB", "2001", "less than or equal to 2000"),
        ("LOOKBOOK_DATABASE_URL", "runs.db", "sqlite:///runs.db"),
        ("LOOKBOOK_DATABASE_URL", "sqlite:////srv/what?/runs.db", "%3F"),
        ("LOOKBOOK_DATABASE_URL", "sqlite:////srv/runs.db?", "is not an option"),
        ("LOOKBOOK_DATABASE_URL", "sqlite:///file:/srv/runs.db?mode=ro&uri=true", "the path itself"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"{name} = {re.escape(repr(value))}.*{reason}"):
        settings()


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_SLOTS", "")
    assert settings().slots >= 1


def test_a_child_process_gets_the_store_it_is_to_work_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", "sqlite:///another.db")
    environment = child_environment("sqlite:////srv/runs.db", Path("/srv/artifacts"))
    assert environment["LOOKBOOK_DATABASE_URL"] == "sqlite:////srv/runs.db"
    assert environment["LOOKBOOK_ARTIFACTS"] == "/srv/artifacts"
    assert "PATH" in environment


def test_downloaded_weights_are_looked_for_where_torch_keeps_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variables in ({}, {"XDG_CACHE_HOME": "cache"}, {"XDG_CACHE_HOME": "cache", "TORCH_HOME": "torch"}):
        for name in ("XDG_CACHE_HOME", "TORCH_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, folder in variables.items():
            monkeypatch.setenv(name, str(tmp_path / folder))
        assert downloaded_weights() == Path(torch.hub.get_dir()) / "checkpoints"


FOLDERS = [
    "feature%2Fx",
    "50 % off",
    "a b",
    "what?",
    "#1",
    "c++",
    "me@home",
    "Größe",
    "semi;colon",
    "a:b",
    "q=1&r=2",
    "%41",
    "%zz",
]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_store_is_found_in_a_folder_of_any_name_here_and_by_every_process(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    store = open_store(sqlite_url(folder / "runs.db"), folder / "artifacts")
    run_id = add(store, Sample(status="failed"))
    assert (folder / "runs.db").is_file()
    copy_database(store, folder / "copy.backup")
    handed_on = child_environment(store.engine.url.render_as_string(hide_password=False), store.artifacts)
    for variable in ("LOOKBOOK_DATABASE_URL", "LOOKBOOK_ARTIFACTS"):
        monkeypatch.setenv(variable, handed_on[variable])
    chosen = settings()
    again = open_store(chosen.database_url, chosen.artifacts)
    assert [run.id for run in list_runs(again)] == [run_id]
    assert again.artifacts == folder / "artifacts"
    restore(folder / "copy.backup", chosen.database_url, chosen.artifacts)
    assert [run.id for run in list_runs(again)] == [run_id]
    assert [path for path in tmp_path.rglob("*.db") if path.parent != folder] == []


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=20))
def test_the_address_of_a_file_leads_back_to_it_whatever_its_path(name: str) -> None:
    path = Path("/somewhere") / name / "runs.db"
    assert make_url(sqlite_url(path)).database == str(path)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite+pysqlite:///:memory:"])
def test_a_store_in_memory_is_refused_and_leaves_no_file(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", url)
    with pytest.raises(StoreError, match="in memory"):
        open_store(settings().database_url, tmp_path / "artifacts")
    assert list(tmp_path.iterdir()) == []
    assert not (ROOT / ":memory:").exists()


@pytest.mark.parametrize("name", ["PUBLIC_URL", "WEBHOOK_URL"])
@pytest.mark.parametrize(
    "value", ["hooks.example.org/s3cret", "file:///s3cret", "https://", "https://s3cret:x@host/", "http://h:x/s3cret"]
)
def test_what_is_no_address_of_the_web_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"LOOKBOOK_{name}", value)
    with pytest.raises(ConfigurationError, match=f"LOOKBOOK_{name}.* write ") as refused:
        settings()
    assert name == "PUBLIC_URL" or "s3cret" not in str(refused.value)


def test_no_password_of_a_setting_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_WEBHOOK_URL", "https://hooks.example.org/s3cret")
    assert "s3cret" not in repr(settings())
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", "postgresql:/team:s3cret@server/lookbook")
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match="LOOKBOOK_DATABASE_URL") as refused:
        settings()
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("SIGN_IN", "password", "openid"),
        ("TRUSTED_PROXIES", "127.0.0.1, proxy.example", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "host bits"),
        ("SIGN_OUT_ADDRESS", "javascript:alert(1)", "https://"),
        ("SESSION_HOURS", "0", "greater"),
        ("OPEN_TO_NETWORK", "perhaps", "boolean"),
    ],
)
def test_a_setting_of_signing_in_that_makes_no_sense_is_named(
    name: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"LOOKBOOK_{name}", value)
    with pytest.raises(ConfigurationError, match=f"LOOKBOOK_{name}") as refused:
        settings()
    assert reason in str(refused.value)


def test_proxies_are_named_by_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,fd00::/8,")
    assert [str(network) for network in settings().trusted_networks] == ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"]
