"""Whether the label of an image is right: what people have marked, and the buttons to mark it oneself."""

from functools import partial

import streamlit as st

from core.datasets.storing import Content
from core.errors import LookbookError
from dashboard import page, permitted
from dashboard.protection import listens_here_only
from dashboard.queries import run_queries
from jobs.people import Role
from jobs.results import label_marks
from jobs.results.label_marks import Mark
from jobs.store.schema import LONGEST_PERSON

_PERSON, _TYPED = "person", "person_typed"


def show_marking(data: str, content: Content, position: int, suggested: int | None = None) -> None:
    """The marks of the image at a position of a version, `data` as configurations name it, and one's own.

    A class that somebody or something suggests has a button of its own.
    """
    review = label_marks.review_of(run_queries.store(), data, len(content.labels), len(content.classes))
    given = int(content.labels[position])
    with st.container(border=True):
        st.markdown("**Is the label right?**")
        marks = page.plain(review.sentence(position, content)) or "Nobody has marked this label yet."
        if not permitted.may(Role.REVIEW):
            st.caption(marks)
            return
        person = _pick_person()
        mine = review.of(position, person)
        st.caption(marks)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            button = partial(_button, data, position, mine, bool(person))
            button("Right as it is", given, "1")
            if suggested is not None and suggested != given:
                button(f"This is {content.classes[suggested]}", suggested, "2")
            button("Not usable", None, "3")
            _pick_class(data, content, position, mine, bool(person))
            aim = data, position
            st.button("Take my mark back", f"mark_undo_{position}", on_click=_withdraw, args=aim, disabled=mine is None)
        st.caption(
            "Marks change no label, in the data or in any metric; the page Data makes a new version of them under "
            "Corrections."
        )


def _pick_person() -> str:
    """The name that marks are kept under, asked for once a session; that of whoever runs this, if nobody else can."""
    asking = run_queries.store().by
    if not asking.is_operator:
        st.caption(page.plain(f"Your marks are kept as {asking.id}."))
        st.session_state[_TYPED] = asking.id
        return asking.id
    here = asking.name if listens_here_only() else ""
    st.session_state.setdefault(_TYPED, st.session_state.get(_PERSON, here))
    typed = st.text_input("Your name", key=_TYPED, max_chars=LONGEST_PERSON, help="Marks are kept under this name.")
    st.session_state[_PERSON] = typed.strip()
    return st.session_state[_PERSON]


def _button(
    data: str, position: int, mine: Mark | None, is_named: bool, words: str, label: int | None, key: str
) -> None:
    chosen = mine is not None and mine.label == label
    st.button(
        page.plain(words),
        # Of this image alone: who is quicker than the page marks what is shown.
        key=f"mark_{key}_{position}",
        type="primary" if chosen else "secondary",
        icon=":material/check:" if chosen else None,
        shortcut=key,
        disabled=not is_named,
        help=None if is_named else "Write your name first.",
        on_click=_mark,
        args=(data, position, label),
    )


def _pick_class(data: str, content: Content, position: int, mine: Mark | None, is_named: bool) -> None:
    """Any class of the version; the one that is chosen is what this person has marked."""
    key = f"mark_class_{data}_{position}"
    given = int(content.labels[position])
    st.session_state[key] = mine.label if mine is not None and mine.label != given else None

    def choose() -> None:
        if (label := st.session_state[key]) is not None:
            _mark(data, position, label)

    st.selectbox(
        "Another class",
        [label for label in range(len(content.classes)) if label != given],
        key=key,
        format_func=content.classes.__getitem__,
        placeholder="Choose a class",
        disabled=not is_named,
        width=220,
        on_change=choose,
    )


def _mark(data: str, position: int, label: int | None) -> None:
    """Mark an image under the name that stands in its field by now."""
    try:
        label_marks.mark(run_queries.store(), data, position, st.session_state[_TYPED], label)
    except LookbookError as error:
        page.notice(str(error))


def _withdraw(data: str, position: int) -> None:
    try:
        label_marks.withdraw(run_queries.store(), data, position, st.session_state[_TYPED])
    except LookbookError as error:
        page.notice(str(error))
