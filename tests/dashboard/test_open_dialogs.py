"""What somebody else writes while a dialog is open is neither overwritten unseen nor lost."""

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextArea, TextInput

from jobs.running import run_edits
from jobs.store import queries
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import press
from tests.stores import Sample


def opened_before() -> None:
    """A dialog that stays open, as in a browser, with the runs as they were when it was opened."""
    import streamlit as st

    from dashboard.queries import run_queries
    from dashboard.sections.runs import run_dialogs
    from jobs.store.queries import get_runs

    name, ids = st.session_state["wanted"]
    chosen = st.session_state.setdefault("as_opened", get_runs(run_queries.store(), ids))
    run_dialogs.DIALOGS[name](chosen)


def edited(app: AppTest, name: str) -> TextArea | TextInput:
    """The field of the dialog of that name."""
    return app.text_area[0] if name == "note" else app.text_input[0]


@pytest.mark.parametrize(("name", "button"), [("note", "Save"), ("rename", "Rename")])
def test_what_was_written_under_an_open_dialog_is_shown_and_never_overwritten_unseen(
    store: Store, name: str, button: str
) -> None:
    run_id = stores.add(store, Sample(name="first", columns={"note": "first"}))
    app = AppTest.from_function(opened_before, default_timeout=20)
    app.session_state["wanted"] = (name, [run_id])
    app.run()
    write = run_edits.set_note if name == "note" else run_edits.rename
    write(store, run_id, "theirs")
    edited(app, name).set_value("mine")
    press(app, button)
    assert "changed the" in app.error[0].value
    assert (app.code[0].value, edited(app, name).value) == ("theirs", "mine")
    assert getattr(queries.get_run(store, run_id), "note" if name == "note" else "name") == "theirs"
    write(store, run_id, "theirs, once more")
    assert press(app, button).code[0].value == "theirs, once more"
    edited(app, name).set_value("theirs and mine")
    press(app, button)
    assert getattr(queries.get_run(store, run_id), "note" if name == "note" else "name") == "theirs and mine"


def test_tags_given_under_an_open_dialog_stay(store: Store) -> None:
    run_id = stores.add(store, Sample(tags=("old",)))
    app = AppTest.from_function(opened_before, default_timeout=20)
    app.session_state["wanted"] = ("tags", [run_id])
    app.run()
    run_edits.set_tags(store, run_id, ["old", "theirs"])
    app.multiselect[0].set_value(["mine"])
    press(app, "Save")
    assert queries.get_run(store, run_id).tags == ("mine", "theirs")
