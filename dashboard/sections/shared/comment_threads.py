"""What people say of what a page shows: threads to read, to answer and to resolve, and a field to begin one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.errors import LookbookError
from core.statistics import wording
from dashboard import page, permitted, pickers
from dashboard.queries import run_queries
from jobs.people import Role
from jobs.store.store_errors import ChangedMeanwhile
from jobs.team import comments
from jobs.team.comments import Comment, CommentGone, Topic

_HELP = "Markdown. @name or @address mentions somebody who has signed in."


def show_comments(topic: Topic, view: str, *, folded: bool = True) -> None:
    """The comments about a topic on the page `view`; folded they take one line until they are asked for."""
    page.live(_show, None)(topic, view, folded)


@dataclass(frozen=True)
class _Reader:
    """Who reads: at which address of a page, and whether they may write, and delete what others wrote.

    `new` is the name of the field for a new comment.
    """

    address: str
    writes: bool
    is_admin: bool
    new: str


def _show(topic: Topic, view: str, folded: bool) -> None:
    threads = comments.list_threads(run_queries.store(), topic)
    if not folded:
        _show_threads(topic, view, threads)
        return
    count = sum(comment.deleted_at is None for thread in threads for comment in thread)
    label = f"Comments ({count})" if count else "Comments"
    waiting = any(thread[0].resolved_at is None for thread in threads)
    with st.expander(label, expanded=waiting, icon=":material/chat_bubble:", key=f"comments_{_key(topic)}"):
        _show_threads(topic, view, threads)


def _show_threads(topic: Topic, view: str, threads: list[list[Comment]]) -> None:
    store, address, new = run_queries.store(), pickers.address(view), f"new_{_key(topic)}"
    have = permitted.rights()
    reader = _Reader(address, have.may(Role.REVIEW), have.may(Role.ADMIN), new)
    if not threads:
        st.caption("No comments yet.")
    for thread in threads:
        with st.container(border=True, key=f"thread_{thread[0].id}"):
            if thread[0].resolved_at is None or f"resolved_{thread[0].id}" in _opened():
                _show_thread(thread, reader)
            else:
                _show_resolved(thread)
    if reader.writes:
        _field(new, "New comment", "Comment", lambda text: comments.add(store, topic, text, address), new)
    else:
        st.caption("Commenting and reviewing take the role review.")


def _show_resolved(thread: list[Comment]) -> None:
    """A thread that is settled takes one line until somebody asks for it."""
    first, name = thread[0], f"resolved_{thread[0].id}"
    with st.container(horizontal=True, vertical_alignment="center"):
        words = f"Resolved thread of {wording.counted(len(thread), 'comment')}, begun by {first.person_name}"
        st.caption(page.plain(words), width="content")
        st.button("Show the thread", key=f"open_{name}", type="tertiary", on_click=_open, args=(name,))


def _show_thread(thread: list[Comment], reader: _Reader) -> None:
    for comment in thread:
        _show_comment(comment, reader)
    if not reader.writes:
        return
    store, first, name = run_queries.store(), thread[0], f"reply_{thread[0].id}"
    resolved = first.resolved_at is not None
    with st.container(horizontal=True):
        st.button("Reply", key=f"open_{name}", icon=":material/reply:", on_click=_open, args=(name,))
        label = "Reopen the thread" if resolved else "Resolve the thread"
        action = partial(comments.set_resolved, store, first.id, not resolved)
        st.button(label, key=f"resolve_{first.id}", on_click=_do, args=(action, f"resolved_{first.id}"))
    if name in _opened():
        answer = partial(comments.reply, store, first.id, view=reader.address)
        _field(name, "Reply", "Save the reply", answer, reader.new)


def _show_comment(comment: Comment, reader: _Reader) -> None:
    name = f"edit_{comment.id}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{page.plain(comment.person_name)}**", width="content")
        edited = " · edited" if comment.edited_at else ""
        st.caption(f"{page.moment(comment.created_at)}{edited}", width="content")
        if comment.view != reader.address:
            page.link_to_view("Open the view", comment.view)
    if comment.deleted_at is not None:
        st.caption("This comment was deleted.")
    elif name in _opened():
        edit = partial(comments.edit, run_queries.store(), comment.id, based_on=_seen().get(name))
        _field(name, "Edit the comment", "Save", edit, reader.new)
    else:
        st.markdown(page.without_pictures(comment.text))
        if reader.writes:
            _offer_changes(comment, reader, name)


def _offer_changes(comment: Comment, reader: _Reader, name: str) -> None:
    store = run_queries.store()
    is_mine = comment.person == store.by.id
    with st.container(horizontal=True):
        if is_mine:
            st.button("Edit", key=f"open_{name}", type="tertiary", on_click=_open, args=(name, comment.text))
        if is_mine or reader.is_admin:
            with st.popover("Delete", type="tertiary", key=f"delete_{comment.id}"):
                st.write("The comment is deleted for everybody. The record of changes keeps it, for admins.")
                action = partial(comments.delete_comment, store, comment.id)
                st.button("Delete the comment", key=f"delete_now_{comment.id}", on_click=_do, args=(action, name))


def _field(name: str, label: str, button: str, save: Callable[[str], object], new: str) -> None:
    """A field for a text with a button that saves it, and what was refused of it, with the text still in the field.

    Where the comment that it belongs to is gone, the text moves to the field `new`.
    """
    with st.form(f"comment_form_{name}", border=False):
        st.text_area(label, key=_text(name), help=_HELP, height=100)
        with st.container(horizontal=True):
            st.form_submit_button(button, key=f"save_{name}", type="primary", on_click=_save, args=(name, save, new))
            if name in _opened():
                st.form_submit_button("Cancel", key=f"cancel_{name}", on_click=_close, args=(name,))
    if refusal := _refused().get(name):
        page.say(refusal)
        if isinstance(refusal, ChangedMeanwhile):
            st.code(refusal.now, language=None, wrap_lines=True)


def _save(name: str, save: Callable[[str], object], new: str) -> None:
    text = st.session_state[_text(name)]
    try:
        save(text)
    except CommentGone as error:
        _close(name)
        _refused()[new] = error
        st.session_state[_text(new)] = text
    except LookbookError as error:
        _refused()[name] = error
        if isinstance(error, ChangedMeanwhile):
            _seen()[name] = error.now
    else:
        _close(name)


def _open(name: str, text: str = "") -> None:
    """Show a field with a text to change, which is remembered, so that a change of it meanwhile is noticed."""
    _opened().add(name)
    _seen()[name] = st.session_state[_text(name)] = text


def _close(name: str) -> None:
    _opened().discard(name)
    _seen().pop(name, None)
    _refused().pop(name, None)
    st.session_state[_text(name)] = ""


def _do(action: Callable[[], object], name: str) -> None:
    """Do something with a thread or a comment, and close what was open of it."""
    try:
        action()
    except LookbookError as error:
        page.notice(str(error))
    _close(name)


def _opened() -> set[str]:
    names: set[str] = st.session_state.setdefault("comment_fields_open", set())
    return names


def _seen() -> dict[str, str]:
    """The texts that fields for a change began with, or have shown since, by the names of the fields."""
    texts: dict[str, str] = st.session_state.setdefault("comment_texts_seen", {})
    return texts


def _refused() -> dict[str, LookbookError]:
    errors: dict[str, LookbookError] = st.session_state.setdefault("comments_refused", {})
    return errors


def _text(name: str) -> str:
    return f"comment_text_{name}"


def _key(topic: Topic) -> str:
    return re.sub(r"\W", "_", f"{topic.about}_{topic.subject}")
