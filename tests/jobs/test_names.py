"""One rule for every name that is stored, and none that came into the store another way that cannot be shown."""

import json

import pytest
from sqlalchemy import text

from core.config import RunConfig
from core.errors import ConfigurationError
from jobs import cli
from jobs.cli import output
from jobs.reports.document import Table
from jobs.results import photo_sets
from jobs.results.leaders import list_machines
from jobs.running import queue, run_edits
from jobs.store.disk_space import space_of_runs
from jobs.store.queries import find_run, get_run, list_names
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample

HOSTILE = "a\x1b[31mb\u202ec\nd\x07"
SHOWN = "a\ufffd[31mb\ufffdc\ufffdd\ufffd"


@pytest.mark.parametrize("name", ["\u202eevil", "a\x1bb", "\u200b", "x" * 201])
def test_no_way_in_takes_a_name_that_cannot_be_told_from_others(store: Store, name: str) -> None:
    run_id = stores.add(store, Sample(name="mine"))
    config = RunConfig(preset="quick")
    ways = (
        lambda: run_edits.rename(store, run_id, name),
        lambda: run_edits.set_tags(store, run_id, ["good", name]),
        lambda: queue.launch(store, config, name),
        lambda: queue.launch(store, config, tags=[name]),
        lambda: queue.launch_all(store, config, name, seeds=2),
        lambda: queue.launch_all(store, config, name, folds=2),
        lambda: photo_sets.keep(store, name, []),
    )
    for way in ways:
        with pytest.raises(ConfigurationError):
            way()
    run = get_run(store, run_id)
    assert (run.name, run.tags, len(list_names(store))) == ("mine", (), 1)


def test_a_run_is_found_by_its_name_as_it_was_typed(store: Store) -> None:
    run_id = queue.launch(store, RunConfig(preset="quick"), " wide \t blanks\n")
    assert get_run(store, run_id).name == "wide blanks"
    assert find_run(store, " wide \t blanks\n").id == find_run(store, "wide blanks").id == run_id


def test_a_note_keeps_its_lines(store: Store) -> None:
    run_id = stores.add(store, Sample())
    run_edits.set_note(store, run_id, "# Plan\r\n\r\n- one\x1b\n\ttwo\u202e")
    assert get_run(store, run_id).note == "# Plan\n\n- one\ufffd\n\ttwo\ufffd"


def test_what_a_store_from_elsewhere_holds_is_read_as_it_can_be_shown(store: Store) -> None:
    run_id = stores.add(store, Sample(tags=["x"]))
    with store.writing() as connection:
        values, columns = {"name": HOSTILE, "id": run_id}, ("name", "host", "error_message", "note")
        connection.execute(
            text(f"UPDATE runs SET {', '.join(f'{name} = CAST(:name AS TEXT)' for name in columns)} WHERE id = :id"),
            values,
        )
        connection.execute(text("UPDATE tags SET tag = :name WHERE run_id = :id"), values)
    run = get_run(store, run_id)
    assert (run.name, run.host, run.tags) == (SHOWN, SHOWN, (SHOWN,))
    assert run.note == run.error_message == "a\ufffd[31mb\ufffdc\nd\ufffd"
    assert list_names(store)[0].name == list_machines(store)[0][0] == SHOWN
    run_edits.set_pinned(store, run_id, True)
    stores.write_log(store, run_id, "x")
    assert [space.name for space in space_of_runs(store)] == [SHOWN]


@pytest.mark.slow
def test_no_command_prints_what_commands_the_terminal(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = stores.add(store, Sample(status="failed", epochs_done=1, columns={"error_message": HOSTILE}))
    stores.write_log(store, run_id, "loading\r 50 %\r100 %\r\n\x1b]0;title\x07done\n")
    stores.add(store, Sample(name=HOSTILE))
    commands = (["list"], ["show", run_id], ["log", run_id], ["show", HOSTILE], ["space"], ["export", run_id, HOSTILE])
    for command in (*commands, ["list", "--json"], ["show", "\x9b2J"], ["predict", run_id, HOSTILE], ["tag", HOSTILE]):
        cli.main(command)
        told = capsys.readouterr()
        for sign in "\x1b\x07\x9b\r\u202e":
            assert sign not in told.out + told.err, command
    assert cli.main(["nonsense\x1b[31m"]) == 2
    assert "\x1b" not in capsys.readouterr().err
    cli.main(["log", run_id])
    assert capsys.readouterr().out == "loading\n 50 %\n100 %\n\ufffd]0;title\ufffddone\n"


def test_json_is_read_back_whatever_the_names_are(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = stores.add(store, Sample(name='"\\ \ue000 \U0001f600 </script>'))
    assert cli.main(["show", run_id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == '"\\ \ue000 \U0001f600 </script>'


@pytest.mark.parametrize(
    ("name", "columns"),
    [("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1), ("👩‍👩‍👧‍👦", 2), ("👍🏽", 2), ("ﾊﾝ", 2), ("שלום", 4), ("", 0)],
)
def test_a_name_takes_as_many_columns_as_a_terminal_gives_it(name: str, columns: int) -> None:
    assert output.width(name) == columns
    first, second = output.table(Table("", ("Name", "N"), ((name, "1"),))).splitlines()
    assert output.width(first.rstrip("N")) == output.width(second.rstrip("1"))
