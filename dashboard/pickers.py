"""Choices that live in the URL, so that a link reopens exactly this view. Runs are chosen by id, never by position."""

from collections.abc import Container, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

import streamlit as st

from core.statistics import wording
from dashboard import page, page_wording
from dashboard.queries import run_queries
from dashboard.whole_numbers import whole_number
from jobs.store.records import Run, RunName

_MOST_NAMED = 10
_LONGEST = 60
"""Letters that are shown of a value that makes no sense."""
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9998, 12, 31)
_DRAWN = "drawn_pickers"
_FIND_WIDTH = 420
FIND = "find"
"""The parameter of the URL with the words that are searched for among what a field offers."""
Section = TypeVar("Section")


def begin() -> None:
    """To be called before a page is drawn: what was drawn of the pickers the last time is remembered for this time."""
    _, last = st.session_state.get(_DRAWN, (set(), set()))
    st.session_state[_DRAWN] = (last, set())


def in_url(name: str) -> list[str]:
    """Every value that the URL has under this name."""
    return st.query_params.get_all(name)


def number_in_url(name: str) -> int | None:
    """The whole number from 0 on that the URL has under this name; None if it has none."""
    return whole_number(next(iter(in_url(name)), ""))


def whole_url() -> dict[str, list[str]]:
    """Every parameter of the URL with all its values."""
    return {name: in_url(name) for name in st.query_params}


def address(view: str) -> str:
    """The address of exactly what is looked at on a page, from the page's name on."""
    query = urlencode(whole_url(), doseq=True)
    return f"{view}?{query}" if query else view


def put_in_url(name: str, value: str | Sequence[str] | None) -> None:
    """Set a parameter of the URL; nothing, or an empty list, takes it out."""
    change_url({name: value})


def change_url(changes: Mapping[str, str | Sequence[str] | None]) -> None:
    """Set some parameters of the URL and take out others, in one step, so that Back in the browser undoes them all."""
    now = whole_url()
    then = {name: [value] if isinstance(value, str) else list(value or ()) for name, value in changes.items()}
    if any(now.get(name, []) != values for name, values in then.items()):
        st.query_params.from_dict({name: values for name, values in (now | then).items() if values})


def pick_run(
    label: str, options: Sequence[RunName], name: str = "run", *, clears: Sequence[str] = ()
) -> RunName | None:
    """One run out of `options`, `?run=<id>` in the URL; the first of them if the URL names none of them.

    The run shown is put in the URL, so that a link to what is looked at shows the same when a newer run has finished.
    A new choice takes the parameters in `clears` out of the URL: the page of a list, the image that is open.
    """
    by_id = {run.id: run for run in options}
    chosen = next((run_id for run_id in in_url(name) if run_id in by_id), next(iter(by_id), None))
    put_in_url(name, chosen)
    key = _prepare(name, chosen)
    picked = st.selectbox(
        label,
        list(by_id),
        key=key,
        format_func=lambda run_id: page_wording.run_label(by_id[run_id]),
        on_change=_to_url,
        args=(name, key, None, clears),
        placeholder="Choose a run",
    )
    return by_id.get(picked) if picked else None


def finished_runs(*names: str, data: str = "") -> list[RunName]:
    """Finished runs, of a data set where one is named, to choose from: all, or the newest with a field to find others.

    Of those that these parameters of the URL name, which are left out is said.
    """
    asked = [run_id for name in names for run_id in in_url(name)]
    words = find_field("finished runs") if in_url(FIND) or run_queries.more_than_offered(data) else ""
    offered, left_out = run_queries.runs_with_predictions(asked, data, words)
    if words and all(run.id in asked for run in offered):
        say_none_fits("finished run", words)
        offered, left_out = run_queries.runs_with_predictions(asked, data)
    page.warn(left_out)
    return offered


def find_field(what: str) -> str:
    """A field to find others than the newest of what is offered, `?find=words`."""
    key = _prepare(FIND, next(iter(in_url(FIND)), ""))
    with st.container(width=_FIND_WIDTH):
        return st.text_input(
            f"Find other {what}",
            key=key,
            type="search",
            on_change=_to_url,
            args=(FIND, key),
            placeholder="Name, ID, note, tag or model",
            help=f"Of all {what} the newest {run_queries.MOST_OFFERED} are offered. Words here offer the newest that "
            "have all of them; what is chosen stays chosen.",
        ).strip()


def say_none_fits(what: str, words: str) -> None:
    """Say that nothing has the words of the find field, so that the newest are offered."""
    st.caption(f"No {what} has the words “{page.plain(words[:_LONGEST])}”. The newest are offered.")


def pick_runs(
    label: str,
    options: Sequence[RunName],
    name: str = "run",
    *,
    default: Sequence[str] = (),
    most: int | None = None,
    help: str | None = None,
) -> list[Run]:
    """Any number of runs in the order chosen, `?run=<id>&run=<id>` in the URL; `default` if it names none."""
    labels = {run.id: page_wording.run_label(run) for run in options}
    return run_queries.chosen_runs(pick_ids(label, labels, name, default=default, most=most, help=help))


def pick_ids(
    label: str,
    labels: Mapping[str, str],
    name: str,
    *,
    default: Sequence[str] = (),
    most: int | None = None,
    help: str | None = None,
) -> list[str]:
    """Any number of ids, each shown by its label, in the order chosen, `?name=<id>&name=<id>` in the URL.

    Of more than `most` in the URL the first are chosen, and the others are named.
    """
    asked = [each for each in in_url(name) if each in labels] or [each for each in default if each in labels]
    chosen = list(dict.fromkeys(asked))
    if most is not None and chosen[most:]:
        left_out = page.plain(wording.listed([labels[each] for each in chosen[most:]], _MOST_NAMED))
        st.warning(f"At most {most} can be shown; {len(chosen)} were requested. Left out: {left_out}.")
    key = _prepare(name, chosen[:most])
    return st.multiselect(
        label,
        list(labels),
        key=key,
        format_func=labels.__getitem__,
        on_change=_to_url,
        args=(name, key),
        max_selections=most,
        help=help,
        placeholder="Choose",
    )


def pick_one(
    label: str,
    options: Mapping[str, str] | Sequence[str],
    name: str,
    *,
    segmented: bool = False,
    hide_label: bool = False,
    clears: Sequence[str] = (),
) -> str:
    """One of a few fixed options (the first is the default), `?name=option`; segmented shows them side by side.

    A mapping says what each of them is called. A new choice takes the parameters in `clears` out of the URL.
    """
    names = options if isinstance(options, Mapping) else dict(zip(options, options, strict=True))
    first = next(iter(names))
    say_unknown(name, label, names)
    key = _prepare(name, next((value for value in in_url(name) if value in names), first))
    control = partial(st.segmented_control, required=True) if segmented else st.selectbox
    picked = control(
        label,
        list(names),
        key=key,
        format_func=names.__getitem__,
        on_change=_to_url,
        args=(name, key, first, clears),
        label_visibility="collapsed" if hide_label else "visible",
    )
    return picked or first


def pick_section(
    label: str, sections: Mapping[str, tuple[str, Section]], name: str, clears: Sequence[str] = ()
) -> Section:
    """One of the parts of a page that are shown one at a time, each with its title, `?name=section`."""
    titles = {section: title for section, (title, _) in sections.items()}
    return sections[pick_one(label, titles, name, segmented=True, hide_label=True, clears=clears)][1]


def pick_some(
    label: str, options: Sequence[str], name: str, *, placeholder: str = "All", clears: Sequence[str] = ()
) -> list[str]:
    """Any of a few options, none by default, `?name=option&name=option`."""
    say_unknown(name, label, options)
    key = _prepare(name, [value for value in in_url(name) if value in options])
    return st.multiselect(
        label, options, key=key, on_change=_to_url, args=(name, key, None, clears), placeholder=placeholder
    )


def say_unknown(name: str, label: str, options: Container[str]) -> None:
    """Say which choices of the URL are none, as those of a link that is old or was typed; they are left aside."""
    unknown = [page.plain(value[:_LONGEST]) for value in dict.fromkeys(in_url(name)) if value and value not in options]
    if unknown:
        st.caption(f"Unknown for “{label}”, ignored: {wording.listed(unknown, _MOST_NAMED)}.")


def page_in_url() -> int:
    """The page of a long list that the URL names, counted from 1; 1 if it names none."""
    return number_in_url("page") or 1


def pick_page(pages: int) -> int:
    """The page of a long list, counted from 1, `?page=2`; shows nothing where there is only one."""
    chosen, key = min(page_in_url(), pages), "pick_page"
    if pages > 1:
        if st.session_state.get(key, chosen) != chosen:
            st.session_state[key] = chosen
        chosen = st.pagination(pages, default=chosen, key=key, on_change=_to_url, args=("page", key, 1))
    return chosen


def pick_slice(count: int, size: int) -> slice:
    """Where in a long list its page lies, `?page=2`."""
    number = pick_page(max(1, -(-count // size)))
    return slice((number - 1) * size, number * size)


def search_field(label: str, placeholder: str, *, clears: Sequence[str] = ()) -> str:
    """A search field, `?search=words`."""
    key = _prepare("search", next(iter(in_url("search")), ""))
    args = "search", key, None, clears
    return st.text_input(label, key=key, type="search", on_change=_to_url, args=args, placeholder=placeholder).strip()


def text_field(label: str, name: str, placeholder: str, *, clears: Sequence[str] = ()) -> str:
    """A field for a word, `?name=word`."""
    key = _prepare(name, next(iter(in_url(name)), ""))
    return st.text_input(
        label, key=key, on_change=_to_url, args=(name, key, None, clears), placeholder=placeholder
    ).strip()


def pick_day(label: str, name: str, *, clears: Sequence[str] = ()) -> date | None:
    """A day, none by default, `?name=2026-03-14`; what is no day of the years from 1970 to 9998 is ignored."""
    asked = next(iter(in_url(name)), "")
    day = _day(asked)
    if asked and day is None:
        st.caption(f"Unknown for “{label}”, ignored: {page.plain(asked[:_LONGEST])}.")
    key = _prepare(name, day)
    return st.date_input(
        label,
        None,
        _FIRST_DAY,
        _LAST_DAY,
        key=key,
        on_change=_to_url,
        args=(name, key, None, clears),
        format="YYYY-MM-DD",
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST_DAY <= day <= _LAST_DAY else None


def switch(label: str, name: str, *, clears: Sequence[str] = ()) -> bool:
    """A switch that is off by default, `?name=yes`; using it takes the parameters in `clears` out of the URL."""
    key = _prepare(name, in_url(name) == ["yes"])

    def to_url() -> None:
        change_url({**dict.fromkeys(clears), name: "yes" if st.session_state[key] else None})

    return st.toggle(label, key=key, on_change=to_url)


def _prepare(name: str, value: object) -> str:
    """Give the widget what the URL says before it is drawn: the URL is the truth, also after going back.

    One that was not drawn the last time begins in the browser with its default, whatever Streamlit remembers of it.
    """
    key = f"pick_{name}"
    before, now = st.session_state.get(_DRAWN, (set(), set()))
    if key not in before or st.session_state.get(key) != value:
        st.session_state[key] = value
    now.add(key)
    return key


def _to_url(name: str, key: str, default: object = None, clears: Sequence[str] = ()) -> None:
    value = st.session_state[key]
    is_default = value == default or value in (None, "", [])
    words = value if isinstance(value, list) else str(value)
    change_url({**dict.fromkeys(clears), name: None if is_default else words})
