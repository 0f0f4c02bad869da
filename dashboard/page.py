"""What every page is made of: its title, its messages, its charts in the theme of the browser."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import tzinfo
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Literal, ParamSpec
from urllib.parse import parse_qs

import plotly.graph_objects as go
import streamlit as st

from core.errors import LookbookError
from core.statistics import wording
from dashboard import page_wording, permitted, style
from dashboard.plain import plain as plain
from dashboard.queries import run_queries
from jobs.reports.html import words
from jobs.results import run_wording
from jobs.store.records import ReviewState, Run

if TYPE_CHECKING:
    import pandas as pd  # which the list of runs does not need, and is spared

_STYLE_SHEET = Path(__file__).with_name("style.css")
_HISTORY = Path(__file__).with_name("history.js")

TEAM = "team"
"""The page of admins, which nobody else is led to."""
VIEWS = ("home", "launch", "runs", "compare", "explore", "predict", "data", TEAM)
_NOTICES = "notices"
_P = ParamSpec("_P")


def apply_style_sheet() -> None:
    """Apply style.css to the page, and history.js to the browser's tab.

    With an element beside them, for Streamlit puts a style sheet that stands alone where the next refresh of a part of
    the page throws it away.
    """
    with st.container(key="style_sheet"):
        style_sheet, script = (path.read_text(encoding="utf-8") for path in (_STYLE_SHEET, _HISTORY))
        st.html(f"<span></span><style>{style_sheet}</style><script>{script}</script>", unsafe_allow_javascript=True)


def title(text: str, question: str = "") -> None:
    """The heading of a page, and the one question that it answers."""
    st.title(text, anchor=False)
    if question:
        st.caption(question)


def finding(sentence: str) -> None:
    """A sentence to quote, set larger than the rest."""
    st.html(f'<p class="finding">{words(sentence)}</p>')


def theme() -> style.Theme:
    """The theme that the browser shows now."""
    return style.DARK if st.context.theme.type == "dark" else style.LIGHT


def zone() -> tzinfo:
    """The browser's time zone."""
    return page_wording.zone(st.context.timezone)


def moment(timestamp: float | None) -> str:
    """A date and time to the minute in the browser's time zone, a dash for None."""
    return wording.moment(timestamp, zone())


def chart(figure: go.Figure, alt: str, *, key: str, about: str = "", height: int | None = None) -> None:
    """Show a figure in the browser's theme, with a button that saves it as a picture.

    `alt` says what it shows to who cannot see it; the picture is named after `key` and what it is `about`.
    """
    styled = style.styled(figure, theme(), height or figure.layout.height)
    config = {
        "displayModeBar": True,
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "png", "scale": 2, "filename": page_wording.file_name(key, about)},
    }
    st.plotly_chart(styled, theme=None, key=key, config=config, alt=alt)


def badge(run: Run) -> None:
    """The state of a run as sign and word."""
    look = page_wording.STATE_LOOKS[run.state]
    st.badge(f"{look.sign} {run_wording.state(run)}", color=look.colour)


def review_badge(state: ReviewState) -> None:
    """What the review of a run came to as sign and word."""
    look = page_wording.REVIEW_LOOKS[state]
    st.badge(f"{look.sign} {state}", color=look.colour)


def metric(
    column: st.delta_generator.DeltaGenerator, label: str, words: str, below: str | None = None, *, border: bool = True
) -> None:
    """A metric in large figures with its interval below it, taken from "91.20 % (90.63 to 91.74)", or else `below`."""
    value, _, interval = words.partition(" (")
    shown = f"95 %: {interval.removesuffix(')')}" if interval else below
    height: Literal["stretch", "content"] = "stretch" if border else "content"
    column.metric(label, value, shown, delta_color="off", delta_arrow="off", border=border, height=height)


def tag(name: str) -> None:
    """A word that somebody has put on a run. Not by st.badge, which escapes what is escaped once more."""
    st.markdown(f":gray-badge[{plain(name)}]", width="content")


def table(frame: "pd.DataFrame") -> None:
    """A table of words; its names are shown as they stand."""
    st.table(frame.rename(index=plain, columns=plain).map(plain), border="horizontal")


def warn(sentences: Iterable[str]) -> None:
    """A warning for each sentence: what is left out, and why."""
    for sentence in sentences:
        st.warning(plain(sentence))


def empty(message: str, label: str = "", view: str = "", **parameters: str | list[str]) -> None:
    """Say that there is nothing here yet, and what to do: a link to the page where it is done."""
    with st.container(border=True):
        st.write(message)
        if view:
            link(label, view, icon=None, **parameters)


def link(label: str, view: str, *, icon: str | None = None, **parameters: str | list[str]) -> None:
    """A link to another page with these parameters in its URL."""
    st.page_link(f"views/{view}.py", label=label, icon=icon, query_params=parameters or None)


def link_to_view(label: str, address: str) -> None:
    """A link to a view that was kept as an address, from the page's name on; nothing if there is no such page."""
    view, _, query = address.partition("?")
    if view in VIEWS:
        st.page_link(f"views/{view}.py", label=label, query_params=parse_qs(query) or None)


def go_to(view: str, **parameters: str | list[str]) -> None:
    """Open another page with these parameters in its URL."""
    st.switch_page(f"views/{view}.py", query_params=parameters or None)


@contextmanager
def errors_said() -> Iterator[None]:
    """Show an error that a person can act on as a message with its advice, and a way back where a run is missing."""
    try:
        yield
    except LookbookError as error:
        say(error)
        if error.kind == "run":
            link("Back to all runs", "runs", icon="↩")


def notice(text: str) -> None:
    """Remember what a control has done, to be told when the page is next drawn.

    A callback may draw nothing itself: in the rerun of a dialog its elements would land in the place of others, and
    the browser's page then breaks.
    """
    st.session_state.setdefault(_NOTICES, []).append(text)


def start(task: Callable[[], object]) -> None:
    """Start a task in a process of its own from a control; tell why where that is not possible."""
    try:
        task()
    except LookbookError as error:
        notice(str(error))
    except OSError as error:
        notice(f"No process could be started: {error.strerror} ({error.filename}).")


def say_notices() -> None:
    """Tell what controls have done since the page was last drawn."""
    for text in st.session_state.pop(_NOTICES, ()):
        st.toast(trouble(text))


def say(error: LookbookError) -> None:
    """One error as a message: what is wrong in bold, then what to do."""
    st.error(f"**{trouble(error.message)}** {trouble(error.advice)}".strip())


def trouble(text: str) -> str:
    """What went wrong as it is shown: plain, and without the server's paths and name for who is no admin."""
    return plain(permitted.without_places(text))


def live(function: Callable[_P, None], seconds: float | None) -> Callable[_P, None]:
    """The function as a part of the page that is drawn again every so many seconds, never if None."""

    @wraps(function)
    def drawn(*arguments: _P.args, **named: _P.kwargs) -> None:
        with errors_said(), permitted.rights_read_once():
            permitted.require_look()
            if seconds is not None:
                # Whoever watches a run sees to it that somebody works on it.
                run_queries.keep_work_going()
            say_notices()
            function(*arguments, **named)

    return st.fragment(drawn, run_every=seconds)


def since(run: Run) -> str:
    """The state of a run in words, as of now."""
    return page_wording.status(run, time.time())


def without_pictures(markdown: str) -> str:
    """Markdown whose pictures are shown as written, so that reading a note asks no other server for anything."""
    return markdown.replace("![", "!\\[")
