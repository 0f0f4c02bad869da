"""Who only looks sees no path of the server, no name of a machine and no traceback on any page."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import CheckpointError
from core.presets import config_of
from dashboard import page, permitted
from jobs.people import Role
from jobs.reports import csv_tables, report_files
from jobs.running.environment import host
from jobs.settings import ROOT, settings
from jobs.store.filters import Filter
from jobs.store.queries import get_runs, list_runs
from jobs.store.records import RunStatus
from jobs.store.schema import attempts, runs
from jobs.store.store import Store
from jobs.team import members
from tests import stores
from tests.blank_data import write_blank_data
from tests.colleagues import ANNA, BEN
from tests.dashboard.app import OpenPage, press
from tests.dashboard.visitors import look_as, team
from tests.stores import Sample
from tests.untrained import add_run_with_model

pytestmark = pytest.mark.slow

MACHINE = "trainbox-7.internal"
WEIGHTS = "/srv/secret weights/start.pth"
FIRST = [
    ("runs", {"run": "2"}),
    ("runs", {"run": "0", "section": "config"}),
    ("runs", {"run": "2", "section": "log"}),
    ("runs", {"run": "0", "section": "files"}),
    ("data", {}),
]
PAGES = [
    ("home", {}),
    ("team", {}),
    ("runs", {"run": "0", "section": "review"}),
    ("runs", {"run": "2", "section": "history"}),
    ("launch", {}),
    ("launch", {"clone": "0"}),
    ("runs", {}),
    ("runs", {"by": "groups"}),
    ("runs", {"by": "costs"}),
    ("runs", {"run": "0", "section": "log"}),
    ("runs", {"run": "no-such-run"}),
    ("runs", {"run": "0", "section": "faults"}),
    ("runs", {"run": "2", "section": "config"}),
    ("compare", {"run": "01"}),
    ("explore", {"run": "0"}),
    ("explore", {"run": "0", "section": "map"}),
    ("predict", {"run": "01", "sample": "bag"}),
    ("predict", {"about": "sets"}),
    ("data", {"section": "suspects"}),
    ("data", {"section": "duplicates"}),
    ("data", {"upload": "no-such-upload"}),
]
CASES = [*FIRST, *(pytest.param(*case, marks=pytest.mark.slow) for case in PAGES)]


@pytest.fixture
def ids(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two finished runs and a failed one, whose every text of the server names the machine and its folders."""
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()
    trouble = f"{tmp_path / 'artifacts'}/runs/x/last.pt on {host()} cannot be read: see {ROOT}/core/errors.py"
    made = [add_run_with_model(store, f"run {place}", seed=place) for place in range(2)]
    failed = {"error_message": trouble, "error_advice": trouble, "error_kind": "checkpoint"}
    made.append(stores.add(store, Sample(name="failed", status="failed", epochs_done=2, columns=failed)))
    with store.writing() as connection:
        config = config_of("resnet18", weights_file=WEIGHTS).model_dump(mode="json")
        environment = {"host": MACHINE, "processor": "a processor", "code": "1"}
        pretrained = {"source": WEIGHTS, "sha256": "0" * 64}
        values = {"host": MACHINE, "warning": trouble, "environment": environment, "pretrained": pretrained}
        connection.execute(runs.update().values(**values))
        connection.execute(runs.update().where(runs.c.id == made[0]).values(config=config, host="other.internal"))
        connection.execute(attempts.update().values(host=MACHINE))
    for run_id in made:
        stores.write_log(store, run_id, f"Traceback (most recent call last):\n  File {ROOT}/core/x.py\n{trouble}\n")
    team(store, Role.LOOK)
    return made


def told(app: AppTest) -> str:
    """Everything that the page has sent to the browser, without what keeps it from coming alive as Markdown."""
    elements = [node for node in app.main if hasattr(node, "proto")]
    frames = [frame.value.to_csv() for frame in (*app.dataframe, *app.table)]
    everything = "\n".join([*(str(element.proto) for element in elements), *frames])
    return everything.replace("\\", "").replace(":color[]", "")


def of_the_server(tmp_path: Path) -> tuple[str, ...]:
    return (str(tmp_path), str(ROOT), WEIGHTS, "secret weights", MACHINE, "other.internal", "Traceback")


@pytest.mark.parametrize(("view", "parameters"), CASES)
def test_no_page_tells_who_only_looks_of_the_server(
    ids: list[str],
    open_page: OpenPage,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    view: str,
    parameters: dict[str, Any],
) -> None:
    look_as(monkeypatch, BEN)
    chosen = dict(parameters)
    if (named := parameters.get("run", "")).isdecimal():
        chosen["run"] = [ids[int(place)] for place in named]
    app = open_page(view, **chosen)
    assert not app.exception
    assert [words for words in (*of_the_server(tmp_path), f"on {host()} ") if words in told(app)] == []


def test_an_admin_sees_all_of_it(
    ids: list[str], open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Else the test above would pass for pages that show nothing."""
    look_as(monkeypatch, ANNA)
    pages = [open_page("runs", run=ids[2], section="log"), open_page("runs", run=ids[0], section="config")]
    everything = "\n".join(map(told, (*pages, open_page("runs", by="costs"))))
    assert [words for words in of_the_server(tmp_path) if words not in everything] == []


def test_who_clones_a_run_starts_from_its_weights_file_without_seeing_where_that_is(
    ids: list[str], store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    members.give_role(store, BEN.id, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    app = open_page("launch", clone=ids[0])
    field = app.text_input(key=f"clone_{ids[0]}_weights_file")
    assert field.value == Path(WEIGHTS).name
    assert [words for words in of_the_server(tmp_path) if words in told(app)] == []
    press(app, "Launch")
    (queued,) = list_runs(store, Filter(statuses=(RunStatus.QUEUED,)))
    assert (queued.owner, queued.config.weights_file) == (BEN.id, WEIGHTS)
    app = open_page("launch", clone=ids[0])
    app.text_input(key=field.key).set_value("").run()
    press(app, "Launch")
    assert list_runs(store, Filter(statuses=(RunStatus.QUEUED,)))[0].config.weights_file is None


def test_what_is_taken_along_names_no_machine_and_no_folder(
    ids: list[str], store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    look_as(monkeypatch, BEN)
    told_of = permitted.told_of(get_runs(store, ids))
    files = [csv_tables.runs(told_of), report_files.report(store, told_of[:2], "md")]
    files += [report_files.report(store, [run], form) for run in told_of for form in ("md", "html")]
    assert [words for words in of_the_server(tmp_path) for file in files if words in file] == []
    assert permitted.ON_SERVER in csv_tables.runs(told_of)


def test_an_error_is_told_without_its_path(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    team(store, Role.LOOK)
    look_as(monkeypatch, BEN)
    reason = CheckpointError(f"The checkpoint {tmp_path}/last.pt is damaged.", "Train again.")
    assert page.trouble(str(reason)) == page.plain("The checkpoint [on the server] is damaged. Train again.")


def test_a_store_that_cannot_be_opened_is_named_to_whoever_runs_the_server_only(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store.engine.dispose()
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"runs.db{suffix}").unlink(missing_ok=True)
    (tmp_path / "runs.db").write_bytes(b"no database at all" * 500)
    assert str(tmp_path) in told(open_page("runs"))
    look_as(monkeypatch, BEN)
    page_of_somebody = told(open_page("runs"))
    assert str(tmp_path) not in page_of_somebody
    assert "on the server" in page_of_somebody


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Weights /srv/nets/a.pth are damaged.", "Weights [on the server] are damaged."),
        ("see “/var/lib/x/y”, then go on", "see “[on the server]”, then go on"),
        ("trouser/dress and T-shirt/top, 1/2 and https://example.org/a/b", None),
        ("No run abc: it may have been deleted.", None),
    ],
)
def test_paths_are_hidden_and_nothing_else(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str, read: str | None
) -> None:
    team(store, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    assert permitted.without_places(text) == (read or text)
    look_as(monkeypatch, ANNA)
    assert permitted.without_places(text) == text


def test_a_folder_with_spaces_is_hidden_whole(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "my own data"))
    settings.cache_clear()
    team(store, Role.LOOK)
    look_as(monkeypatch, BEN)
    assert permitted.without_places(f"{tmp_path}/my own data/x.gz is gone.") == "[on the server] is gone."
