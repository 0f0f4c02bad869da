"""Every page shows what people write as it was written: nothing that they can set comes alive in any of its texts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.photos.picture import read
from dashboard.sections.predict import samples
from jobs.results import label_marks, photo_sets
from jobs.running import run_edits
from jobs.settings import settings
from jobs.store.store import Store
from tests import stores
from tests.blank_data import write_blank_data
from tests.dashboard.app import OpenPage
from tests.stores import Sample
from tests.untrained import add_run_with_model

NAME = (
    "www.x.example http://y.example/? m@z.example $x^2$ :material/star: :+1: <b>b</b> [l](l) a -> b `c` &amp; %{q} *e*"
)
LIVE = re.compile(
    r"(?i)www\.x|http://y|m@z|:material/|:\+1:|(?<!\\)\[l|(?<!-)->"
    r"|(?<!\\)\$x|(?<!\\)<b>|(?<!\\)`c`|(?<!\\)&amp;|(?<!\\)\*e"
)
"""What is alive in Streamlit's Markdown."""
LIVE_ON_CHARTS = re.compile(r"<b>|\$x|%\{q\}|&amp;")
FIRST = [
    ("home", {}),
    ("runs", {"run": "2"}),
    ("compare", {"run": "01"}),
    ("explore", {"run": "0", "against": "1", "image": "3"}),
]
PAGES = [
    ("runs", {}),
    ("runs", {"by": "groups"}),
    ("runs", {"by": "costs"}),
    ("runs", {"run": "0"}),
    ("runs", {"run": "0", "section": "classes"}),
    ("runs", {"run": "0", "section": "confusion"}),
    ("runs", {"run": "0", "section": "calibration"}),
    ("runs", {"run": "0", "section": "faults"}),
    ("runs", {"run": "0", "section": "config"}),
    ("runs", {"run": "0", "section": "log"}),
    ("runs", {"run": "0", "section": "files"}),
    ("runs", {"group": NAME}),
    ("compare", {"run": "01", "more": "calibration"}),
    ("compare", {"run": "01", "more": "faults"}),
    ("compare", {"by": "recipes", "group": ["one", "two", NAME]}),
    ("explore", {"run": "0", "against": "1"}),
    ("explore", {"run": "0", "section": "map"}),
    ("explore", {"run": NAME}),
    ("launch", {"clone": "0"}),
    ("predict", {"run": "01", "sample": "bag"}),
    ("predict", {"run": "01", "about": "sets"}),
    ("data", {"section": "suspects", "run": "01"}),
    ("data", {"section": "corrections"}),
    ("data", {"section": "images", "split": "test", "image": "3"}),
]

CASES = [*FIRST, *(pytest.param(*case, marks=pytest.mark.slow) for case in PAGES)]


@pytest.fixture
def ids(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two finished runs and a failed one, of two groups, with a photo set, all called what nobody should."""
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()
    made = [add_run_with_model(store, f"{NAME} {place}", seed=place) for place in range(2)]
    hostile = {"error_message": NAME, "error_advice": NAME, "error_kind": NAME, "cloned_from": NAME}
    made.append(stores.add(store, Sample(name=NAME, status="failed", epochs_done=2, columns=hostile)))
    with store.writing() as connection:
        for group, run_id in zip(("one", "two", "one"), made, strict=True):
            columns = "group_id = ?, host = ?, device = ?, warning = ?"
            connection.exec_driver_sql(f"UPDATE runs SET {columns} WHERE id = ?", (group, NAME, NAME, NAME, run_id))
    run_edits.set_tags(store, made[0], [NAME[:50], NAME[-50:]])
    photo = read(samples.draw_sample("bag"), f"{NAME}.png")
    photo_sets.keep(store, NAME, [(photo, 8)])
    stores.write_log(store, made[0], NAME)
    for place, person in ((0, NAME[:100]), (1, NAME[-100:])):
        label_marks.mark(store, "fashion-mnist", 60_003, person, place)
    return made


def markdown_of(app: AppTest) -> list[str]:
    """Every text of a page that Streamlit reads as Markdown."""
    kinds = (app.markdown, app.caption, app.title, app.subheader, app.error, app.warning, app.info, app.success)
    texts = [str(element.value) for kind in (*kinds, app.toast) for element in kind]
    labelled = (*app.button, *app.toggle, *app.selectbox, *app.multiselect, *app.text_input, *app.expander, *app.metric)
    texts += [element.label for element in labelled]
    texts += [element.proto.label for kind in ("page_link", "download_button") for element in app.get(kind)]
    texts += [element.proto.help for kind in (app.button, app.toggle) for element in kind]
    tables = [table.value for table in app.table]
    texts += [str(cell) for frame in tables for cell in (*frame.columns, *frame.index, *frame.to_numpy().ravel())]
    return texts


def html_of(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def charts_of(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(element.proto.spec) for element in app.get("plotly_chart")]


@pytest.mark.parametrize(("view", "parameters"), CASES)
def test_no_page_has_anything_alive_that_somebody_wrote(
    ids: list[str], open_page: OpenPage, view: str, parameters: dict[str, Any]
) -> None:
    chosen = {name: ids if not isinstance(value, str) else value for name, value in parameters.items()}
    for name in ("run", "against"):
        if (named := parameters.get(name, "")) and named.isdecimal():
            chosen[name] = [ids[int(place)] for place in named]
    if "group" in parameters:
        chosen["group"] = parameters["group"]
    app = open_page(view, **chosen)
    assert not app.exception
    alive = [text for text in markdown_of(app) if LIVE.search(text)]
    assert alive == []
    assert "<b>b" not in html_of(app)
    assert not LIVE_ON_CHARTS.search(json.dumps(charts_of(app)))


def test_the_texts_looked_at_have_the_names(ids: list[str], open_page: OpenPage) -> None:
    """Else the test above would pass for a page that shows nothing."""
    app = open_page("compare", run=ids[:2], more="calibration")
    words = "".join(markdown_of(app)).replace(":color[]", "")
    assert words.count("www.x.example") > 10
    assert json.dumps(charts_of(app)).count("www.x.example") > 4
    assert html_of(app).count("www.x.example") > 4
